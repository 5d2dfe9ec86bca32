//! `strip-response-actions`: removes response actions from rules.

use super::{Census, Transform, Verdict, ids};
use crate::error::{Error, Result};
use crate::json::ValueKind;
use crate::record::Record;

/// Removes response actions (Osquery, Elastic Defend) from rules.
///
/// With `--type` only those of a type go, else all. `response_actions` itself goes once nothing is left in it, since rules of
/// Kibana 8 and 9 that have none lack it. They name saved queries, packs and endpoints of one space, and newer versions of
/// 9 refuse them from users who may not run them.
///
/// Example: ruleferry edit strip-response-actions --type .osquery export.ndjson -o out.ndjson
#[derive(Debug, Clone, clap::Args, serde::Deserialize, serde::Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct StripResponseActions {
    /// A type whose response actions go, `.osquery` or `.endpoint`; may be given again.
    #[serde(alias = "type")]
    #[arg(long = "type", value_name = "TYPE")]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    types: Vec<String>,
}

impl Transform for StripResponseActions {
    fn apply(&self, rule: &mut Record<'_>, _: &Census) -> Result<Verdict> {
        const KEY: &str = "response_actions";
        let Some(found) = rule.get(KEY).map(crate::json::Raw::kind) else {
            return Ok(Verdict::Keep);
        };
        if self.types.is_empty() {
            return match found {
                ValueKind::Array | ValueKind::Null => {
                    rule.remove(KEY);
                    Ok(Verdict::Keep)
                }
                other => Err(Error::wrong_type(KEY, "an array", other.article()).within(KEY)),
            };
        }
        let (mut kept, mut gone) = (0, 0);
        rule.edit_each(KEY, |action| {
            let is_meant = ids::text(action, "action_type_id")?
                .is_some_and(|id| self.types.iter().any(|t| *t == id));
            let (verdict, count) = if is_meant {
                (Verdict::Drop, &mut gone)
            } else {
                (Verdict::Keep, &mut kept)
            };
            *count += 1;
            Ok(verdict)
        })?;
        if kept == 0 && gone > 0 {
            rule.remove(KEY);
        }
        Ok(Verdict::Keep)
    }
}

#[cfg(test)]
mod tests {
    use crate::transform::testing::check;

    #[test]
    fn without_a_type_the_member_goes() {
        check("strip-response-actions = {}")
            .turns(
                r#"{"rule_id":"r", "response_actions":[{"action_type_id":".osquery"}] , "actions":[{"id":"c"}]}"#,
                r#"{"rule_id":"r" , "actions":[{"id":"c"}]}"#,
            )
            .turns(r#"{"rule_id":"r","response_actions":[]}"#, r#"{"rule_id":"r"}"#)
            .turns(r#"{"rule_id":"r","response_actions":null}"#, r#"{"rule_id":"r"}"#)
            .keeps(r#"{"rule_id":"r","actions":[]}"#)
            .keeps(r#"{"list_id":"l","response_actions":[]}"#);
    }

    #[test]
    fn a_type_leaves_the_others_as_they_are_spelt() {
        check(r#"strip-response-actions = { types = [".osquery"] }"#)
            .turns(
                r#"{"rule_id":"r","response_actions":[ {"action_type_id":"\u002eendpoint", "n":1.0} , {"action_type_id":".osquery"}]}"#,
                r#"{"rule_id":"r","response_actions":[ {"action_type_id":"\u002eendpoint", "n":1.0}]}"#,
            )
            .turns(
                r#"{"rule_id":"r","response_actions":[{"action_type_id":"\u002eosquery"},{"action_type_id":".osquery"}]}"#,
                r#"{"rule_id":"r"}"#,
            )
            .keeps(r#"{"rule_id":"r","response_actions":[]}"#)
            .keeps(r#"{"rule_id":"r","response_actions":[{}]}"#)
            .keeps(r#"{"rule_id":"r","response_actions":null}"#);
    }

    #[test]
    fn refuses_what_is_no_list_of_actions() {
        check("strip-response-actions = {}").refuses(
            r#"{"rule_id":"r","response_actions":{}}"#,
            "`response_actions` must be an array, found an object",
        );
        check(r#"strip-response-actions = { types = [".osquery"] }"#)
            .refuses(
                r#"{"rule_id":"r","response_actions":{}}"#,
                "`response_actions` must be an array, found an object",
            )
            .refuses(
                r#"{"rule_id":"r","response_actions":[{"action_type_id":1}]}"#,
                "`action_type_id` must be a string, found a number",
            );
    }
}
