//! `set-tags`: gives rules exactly these tags.

use super::{Census, Edit, KibanaEdit, Setup, Transform, Verdict};
use crate::error::Result;
use crate::record::Record;

/// Gives rules exactly these tags, or none.
///
/// Order and repetitions are written as given, as in the bulk edit `set_tags` of Kibana 8 and 9. Without `--tag` all tags
/// go. A rule without tags then stays as it is: Kibana imports it with an empty list.
///
/// A rule whose `index` is an empty list is refused, as in Kibana: a bulk edit that changes such a rule must give it patterns.
///
/// Example: ruleferry edit set-tags --tag migrated --tag 'Team: SOC' export.ndjson -o out.ndjson
#[derive(Debug, Clone, clap::Args, serde::Deserialize, serde::Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SetTags {
    /// A tag to set; may be given again.
    #[serde(alias = "tag")]
    #[arg(long = "tag", value_name = "TAG")]
    #[serde(default)]
    tags: Vec<String>,

    /// The edit, once prepared.
    #[arg(skip)]
    #[serde(skip)]
    edit: KibanaEdit,
}

impl Transform for SetTags {
    fn prepare(&mut self, _: &mut dyn Setup) -> Result<()> {
        self.edit = Edit::SetTags(self.tags.clone()).into();
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
    fn writes_tags_as_they_are_given() {
        check(r#"set-tags = { tags = ["b", "a", "b"] }"#)
            .turns(
                r#"{"rule_id":"r", "tags":["a","b"]}"#,
                r#"{"rule_id":"r", "tags":["b","a","b"]}"#,
            )
            .turns(
                r#"{"rule_id":"r"}"#,
                r#"{"rule_id":"r","tags":["b","a","b"]}"#,
            )
            .keeps(r#"{"rule_id":"r","tags":["b", "\u0061" ,"b"]}"#)
            .keeps(r#"{"list_id":"l","tags":["x"]}"#);
    }

    #[test]
    fn clears_tags_when_none_are_given() {
        check("set-tags = {}")
            .turns(
                r#"{"rule_id":"r","tags":["a"]}"#,
                r#"{"rule_id":"r","tags":[]}"#,
            )
            .keeps(r#"{"rule_id":"r","tags":[ ]}"#)
            .keeps(r#"{"rule_id":"r","tags":null}"#)
            .keeps(r#"{"rule_id":"r"}"#);
    }

    #[test]
    fn refuses_tags_that_are_no_list() {
        check("set-tags = {}").refuses(
            r#"{"rule_id":"r","tags":{}}"#,
            "`tags` must be an array of strings, found an object",
        );
    }
}
