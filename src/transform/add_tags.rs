//! `add-tags`: adds tags to rules.

use super::{Census, Edit, KibanaEdit, Setup, Transform, Verdict};
use crate::error::Result;
use crate::record::Record;

/// Adds tags to rules.
///
/// Tags that are there come first and each tag is kept once, as in the bulk edit `add_tags` of Kibana 8 and 9.
///
/// A rule whose `index` is an empty list is refused, as in Kibana: a bulk edit that changes such a rule must give it patterns.
///
/// Example: ruleferry edit add-tags --tag migrated --tag 'Team: SOC' export.ndjson -o out.ndjson
#[derive(Debug, Clone, clap::Args, serde::Deserialize, serde::Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct AddTags {
    /// A tag to add; may be given again.
    #[serde(alias = "tag")]
    #[arg(long = "tag", required = true, value_name = "TAG")]
    tags: Vec<String>,

    /// The edit, once prepared.
    #[arg(skip)]
    #[serde(skip)]
    edit: KibanaEdit,
}

impl Transform for AddTags {
    fn prepare(&mut self, _: &mut dyn Setup) -> Result<()> {
        self.edit = Edit::AddTags(self.tags.clone()).into();
        Ok(())
    }

    fn apply(&self, rule: &mut Record<'_>, _: &Census) -> Result<Verdict> {
        self.edit.apply(rule)
    }
}

#[cfg(test)]
mod tests {
    use crate::transform::testing::check;

    #[test]
    fn adds_only_what_is_missing() {
        check(r#"add-tags = { tags = ["linux", "prod"] }"#)
            .turns(
                r#"{"rule_id":"r","risk":1.0,"tags":["prod"]}"#,
                r#"{"rule_id":"r","risk":1.0,"tags":["prod","linux"]}"#,
            )
            .turns(
                r#"{"rule_id":"r"}"#,
                r#"{"rule_id":"r","tags":["linux","prod"]}"#,
            )
            .turns(
                r#"{"rule_id":"r","tags":["a","a"]}"#,
                r#"{"rule_id":"r","tags":["a","linux","prod"]}"#,
            )
            .keeps(r#"{"rule_id":"r","tags": ["prod", "linux"]}"#)
            .keeps(r#"{"list_id":"l","tags":[]}"#);
    }

    #[test]
    fn refuses_tags_that_are_no_list() {
        check(r#"add-tags = { tags = ["a"] }"#).refuses(
            r#"{"rule_id":"r","tags":"a"}"#,
            "`tags` must be an array of strings, found a string",
        );
    }
}
