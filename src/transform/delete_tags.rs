//! `delete-tags`: removes tags from rules.

use super::{Census, Edit, KibanaEdit, Setup, Transform, Verdict};
use crate::error::Result;
use crate::record::Record;

/// Removes tags from rules.
///
/// Tags are compared exactly, upper and lower case told apart; the order of the others stays. A rule that loses its last
/// tag keeps an empty list, as in the bulk edit `delete_tags` of Kibana 8 and 9.
///
/// A rule whose `index` is an empty list is refused, as in Kibana: a bulk edit that changes such a rule must give it patterns.
///
/// Example: ruleferry edit delete-tags --tag test --tag 'Team: SOC' export.ndjson -o out.ndjson
#[derive(Debug, Clone, clap::Args, serde::Deserialize, serde::Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct DeleteTags {
    /// A tag to remove; may be given again.
    #[serde(alias = "tag")]
    #[arg(long = "tag", required = true, value_name = "TAG")]
    tags: Vec<String>,

    /// The edit, once prepared.
    #[arg(skip)]
    #[serde(skip)]
    edit: KibanaEdit,
}

impl Transform for DeleteTags {
    fn prepare(&mut self, _: &mut dyn Setup) -> Result<()> {
        self.edit = Edit::DeleteTags(self.tags.clone()).into();
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
    fn removes_every_equal_tag() {
        check(r#"delete-tags = { tags = ["a", "b"] }"#)
            .turns(
                r#"{"rule_id":"r","tags":["\u0061", "c" ,"c","b","a"]}"#,
                r#"{"rule_id":"r","tags":["c" ,"c"]}"#,
            )
            .turns(
                r#"{"rule_id":"r","tags": [ "a" ]}"#,
                r#"{"rule_id":"r","tags": [  ]}"#,
            )
            .keeps(r#"{"rule_id":"r","tags":["A","a b"]}"#)
            .keeps(r#"{"rule_id":"r","tags":null}"#)
            .keeps(r#"{"rule_id":"r"}"#)
            .keeps(r#"{"list_id":"l","tags":["a"]}"#);
    }

    #[test]
    fn refuses_tags_that_are_no_strings() {
        check(r#"delete-tags = { tags = ["a"] }"#).refuses(
            r#"{"rule_id":"r","tags":["a",1]}"#,
            "`tags` must be an array of strings, found a number among them",
        );
    }
}
