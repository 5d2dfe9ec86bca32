//! `set-timeline`: says which timeline template the alerts of rules open in.

use super::{Census, Edit, KibanaEdit, Setup, Transform, Verdict};
use crate::error::{Error, Result};
use crate::record::Record;

/// Sets the timeline template that alerts are opened in, or takes it away.
///
/// As the bulk edit `set_timeline` of Kibana 9: both members are set; where both texts are empty, both go. That there is such
/// a template neither the bulk edit nor an import makes sure. One text without the other is refused:
/// Kibana imports no rule that has half of the pair.
///
/// Example: ruleferry edit set-timeline --timeline-id acme-network --timeline-title 'ACME network' export.ndjson -o out.ndjson
#[derive(Debug, Clone, clap::Args, serde::Deserialize, serde::Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SetTimeline {
    /// The template's id; empty to take the timeline away.
    #[arg(long, value_name = "ID")]
    timeline_id: String,

    /// The template's title; empty to take the timeline away.
    #[arg(long, value_name = "TITLE")]
    timeline_title: String,

    /// The edit, once prepared.
    #[arg(skip)]
    #[serde(skip)]
    edit: KibanaEdit,
}

impl Transform for SetTimeline {
    fn prepare(&mut self, _: &mut dyn Setup) -> Result<()> {
        let (id, title) = (&self.timeline_id, &self.timeline_title);
        if id.is_empty() != title.is_empty() {
            return Err(Error::usage(format!(
                "`timeline-id` and `timeline-title` must both be given or both be empty, found `{id}` and `{title}`"
            )));
        }
        self.edit = Edit::SetTimeline {
            id: id.clone(),
            title: title.clone(),
        }
        .into();
        Ok(())
    }

    fn apply(&self, rule: &mut Record<'_>, _: &Census) -> Result<Verdict> {
        self.edit.apply(rule)
    }
}

#[cfg(test)]
mod tests {
    use crate::transform::testing::{check, refused_settings};

    #[test]
    fn sets_both_members() {
        check(r#"set-timeline = { timeline-id = "t", timeline-title = "T" }"#)
            .turns(
                r#"{"timeline_title" : "old","rule_id":"r"}"#,
                r#"{"timeline_title" : "T","rule_id":"r","timeline_id" : "t"}"#,
            )
            .keeps(r#"{"rule_id":"r","timeline_id":"\u0074","timeline_title":"T"}"#)
            .keeps(r#"{"list_id":"l"}"#)
            .refuses(
                r#"{"rule_id":"r","timeline_id":1}"#,
                "`timeline_id` must be a string, found a number",
            );
    }

    #[test]
    fn empty_texts_take_both_away() {
        check(r#"set-timeline = { timeline-id = "", timeline-title = "" }"#)
            .turns(
                r#"{"rule_id":"r","timeline_id":"t", "timeline_title":"T","n":1.0}"#,
                r#"{"rule_id":"r","n":1.0}"#,
            )
            .keeps(r#"{"rule_id":"r"}"#);
    }

    #[test]
    fn refuses_half_a_pair() {
        assert_eq!(
            refused_settings(r#"set-timeline = { timeline-id = "t", timeline-title = "" }"#),
            "`timeline-id` and `timeline-title` must both be given or both be empty, found `t` and ``"
        );
    }
}
