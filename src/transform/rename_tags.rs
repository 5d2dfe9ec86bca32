//! `rename-tags`: gives tags other names.

use super::pair::{Pair, refuse_contradictions};
use super::{Census, Setup, Transform, Verdict, strings};
use crate::error::{Error, Result};
use crate::record::Record;

/// Gives tags of rules other names, each in its place.
///
/// OLD is a whole tag, compared exactly. All renames are done at once, so two tags can change names. A tag that becomes
/// equal to another one of its rule is kept once. Kibana has no such bulk edit.
///
/// Example: ruleferry edit rename-tags --rename 'SOC=Team: SOC' --rename 'env\=dev=env=prod' export.ndjson -o out.ndjson
#[derive(Debug, Clone, clap::Args, serde::Deserialize, serde::Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RenameTags {
    /// A tag and its new name, a `=` within OLD written `\=`; may be given again.
    #[serde(alias = "rename")]
    #[arg(long = "rename", required = true, value_name = "OLD=NEW")]
    renames: Vec<Pair>,
}

impl RenameTags {
    fn new_name(&self, tag: &str) -> Option<&str> {
        self.renames
            .iter()
            .find(|rename| rename.old == tag)
            .map(|rename| &*rename.new)
    }
}

impl Transform for RenameTags {
    fn is_idempotent(&self) -> bool {
        self.renames.iter().all(|rename| {
            self.new_name(&rename.new)
                .is_none_or(|new| new == rename.new)
        })
    }

    fn prepare(&mut self, _: &mut dyn Setup) -> Result<()> {
        if let Some(rename) = self.renames.iter().find(|rename| rename.new.is_empty()) {
            return Err(Error::usage(format!(
                "a tag's new name must not be empty, found `{}=`; `delete-tags` removes a tag",
                rename.old
            )));
        }
        refuse_contradictions(&self.renames)
    }

    fn apply(&self, rule: &mut Record<'_>, _: &Census) -> Result<Verdict> {
        strings::replace(rule, "tags", |tag| self.new_name(tag).map(Into::into))?;
        Ok(Verdict::Keep)
    }
}

#[cfg(test)]
mod tests {
    use crate::transform::testing::{check, refused_settings};

    #[test]
    fn renames_whole_tags_in_their_place() {
        check(r#"rename-tags = { renames = ["a=x", "env\\=dev=env=prod"] }"#)
            .turns(
                r#"{"rule_id":"r","tags":["\u0062" , "a","env=dev" ]}"#,
                r#"{"rule_id":"r","tags":["\u0062" , "x","env=prod" ]}"#,
            )
            .turns(
                r#"{"rule_id":"r","tags":["x","b","a"]}"#,
                r#"{"rule_id":"r","tags":["x","b"]}"#,
            )
            .turns(
                r#"{"rule_id":"r","tags":["a","b","a"]}"#,
                r#"{"rule_id":"r","tags":["x","b"]}"#,
            )
            .keeps(r#"{"rule_id":"r","tags":["A","aa","x","x"]}"#)
            .keeps(r#"{"rule_id":"r"}"#)
            .keeps(r#"{"list_id":"l","tags":["a"]}"#);
    }

    #[test]
    fn renames_all_at_once() {
        check(r#"rename-tags = { renames = ["a=b", "b=c"] }"#).turns(
            r#"{"rule_id":"r","tags":["a","b"]}"#,
            r#"{"rule_id":"r","tags":["b","c"]}"#,
        );
        check(r#"rename-tags = { renames = ["a=b", "b=a"] }"#).turns(
            r#"{"rule_id":"r","tags":["a","b"]}"#,
            r#"{"rule_id":"r","tags":["b","a"]}"#,
        );
    }

    #[test]
    fn refuses_renames_that_make_no_sense() {
        assert_eq!(
            refused_settings(r#"rename-tags = { renames = ["a=b", "a=c"] }"#),
            "`a` must become one text, found `b` and `c`"
        );
        assert_eq!(
            refused_settings(r#"rename-tags = { renames = ["a="] }"#),
            "a tag's new name must not be empty, found `a=`; `delete-tags` removes a tag"
        );
        assert_eq!(
            refused_settings(r#"rename-tags = { renames = ["a"] }"#),
            "expected `OLD=NEW`, found `a`"
        );
    }

    #[test]
    fn refuses_tags_that_are_no_list() {
        check(r#"rename-tags = { renames = ["a=b"] }"#).refuses(
            r#"{"rule_id":"r","tags":"a"}"#,
            "`tags` must be an array of strings, found a string",
        );
    }
}
