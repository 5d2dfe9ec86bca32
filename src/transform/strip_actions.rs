//! `strip-actions`: removes actions from rules, and the connectors that nothing then needs.

use super::{Census, Transform, Verdict, ids};
use crate::error::Result;
use crate::json::Object;
use crate::record::{Kind, Kinds, Record};

/// Removes actions from rules, and with them the connectors that no rule uses then.
///
/// With `--type` or `--connector` only the actions that match one of them go, else all. `actions` stays, empty if need be,
/// as after the bulk edit `set_rule_actions` with no actions in Kibana 8 and 9. A rule-level `throttle`, which Kibana wrote
/// before 8.8, stays too: an import reads it only to complete actions. Response actions are another thing, see
/// `strip-response-actions`.
///
/// Of the connectors, those go that match as well and that rules of the bundle used before and none uses once the actions
/// are gone. An import would create them, without their secrets, or be held up by one that exists. What no rule used in the
/// first place stays; `drop-unreferenced` takes it away.
///
/// Example: ruleferry edit strip-actions --type .slack --type .email export.ndjson -o out.ndjson
#[derive(Debug, Clone, clap::Args, serde::Deserialize, serde::Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct StripActions {
    /// A connector type whose actions go; may be given again.
    #[serde(alias = "type")]
    #[arg(long = "type", value_name = "TYPE")]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    types: Vec<String>,

    /// A connector, by its id, whose actions go; may be given again.
    #[serde(alias = "connector")]
    #[arg(long = "connector", value_name = "ID")]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    connectors: Vec<String>,

    /// Keeps connectors that no rule uses any more.
    #[arg(long)]
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    keep_connectors: bool,
}

impl StripActions {
    fn is_for_all(&self) -> bool {
        self.types.is_empty() && self.connectors.is_empty()
    }

    fn has_type(&self, type_id: &str) -> bool {
        self.types.iter().any(|wanted| wanted == type_id)
    }

    fn has_connector(&self, id: &str) -> bool {
        self.connectors.iter().any(|wanted| wanted == id)
    }

    /// Whether an action goes. Members that no setting asks for are not looked at.
    fn strips(&self, action: &Object<'_>) -> Result<bool> {
        let by_type = !self.types.is_empty()
            && ids::text(action, "action_type_id")?.is_some_and(|type_id| self.has_type(&type_id));
        let by_connector = !self.connectors.is_empty()
            && ids::text(action, "id")?.is_some_and(|id| self.has_connector(&id));
        Ok(self.is_for_all() || by_type || by_connector)
    }
}

impl Transform for StripActions {
    fn follow_up(&self) -> Option<Box<dyn Transform>> {
        (!self.keep_connectors).then(|| Box::new(DropUnused(self.clone())) as Box<dyn Transform>)
    }

    fn apply(&self, rule: &mut Record<'_>, _: &Census) -> Result<Verdict> {
        rule.edit_each("actions", |action| {
            Ok(if self.strips(action)? {
                Verdict::Drop
            } else {
                Verdict::Keep
            })
        })?;
        Ok(Verdict::Keep)
    }
}

/// Drops the connectors that the settings are about, that rules used, and that none uses any more.
#[derive(Debug)]
struct DropUnused(StripActions);

impl Transform for DropUnused {
    fn kinds(&self) -> Kinds {
        Kinds::of(&[Kind::Connector])
    }

    fn needs_census(&self) -> bool {
        true
    }

    fn apply(&self, connector: &mut Record<'_>, census: &Census) -> Result<Verdict> {
        let Some(id) = connector.str("id").filter(|_| connector.is_connector()) else {
            return Ok(Verdict::Keep);
        };
        let settings = &self.0;
        let is_meant = settings.is_for_all()
            || settings.has_connector(&id)
            || connector
                .connector_type()
                .is_some_and(|type_id| settings.has_type(&type_id));
        Ok(if is_meant && census.freed_connector(&id) {
            Verdict::Drop
        } else {
            Verdict::Keep
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::transform::testing::check;

    const BUNDLE: &str = concat!(
        r#"{"rule_id":"a","actions":[ {"id":"s1", "action_type_id":".slack"} , {"id":"m1","action_type_id":".email"}]}"#,
        "\n",
        r#"{"rule_id":"b","actions":[{"id":"s2","action_type_id":".slack"}],"throttle":"1h"}"#,
        "\n",
        r#"{"id":"s1","type":"action","attributes":{"actionTypeId":".slack"}}"#,
        "\n",
        r#"{"id":"s2","type":"action","attributes":{"actionTypeId":".slack"}}"#,
        "\n",
        r#"{"id":"m1","type":"action","attributes":{"actionTypeId":".email"}}"#,
        "\n",
        r#"{"exported_count":5,"exported_rules_count":2,"exported_action_connector_count":3}"#,
        "\n"
    );

    #[test]
    fn a_type_takes_its_connectors_along() {
        check(r#"strip-actions = { types = [".slack"] }"#).turns(
            BUNDLE,
            concat!(
                r#"{"rule_id":"a","actions":[ {"id":"m1","action_type_id":".email"}]}"#,
                "\n",
                r#"{"rule_id":"b","actions":[],"throttle":"1h"}"#,
                "\n",
                r#"{"id":"m1","type":"action","attributes":{"actionTypeId":".email"}}"#,
                "\n",
                r#"{"exported_count":3,"exported_rules_count":2,"exported_action_connector_count":1}"#,
                "\n"
            ),
        );
    }

    #[test]
    fn type_or_connector_is_enough() {
        check(r#"strip-actions = { types = [".email"], connectors = ["s2"], keep-connectors = true }"#)
            .turns(
                r#"{"rule_id":"a","actions":[{"id":"s1","action_type_id":".slack"} ,{"action_type_id":".email"},{"id":"s2"}]}"#,
                r#"{"rule_id":"a","actions":[{"id":"s1","action_type_id":".slack"}]}"#,
            )
            .keeps(r#"{"rule_id":"a","actions":[{"id":"s1","action_type_id":".slack"},{"id":null},{}]}"#);
    }

    #[test]
    fn without_a_filter_all_go() {
        check("strip-actions = {}")
            .turns(
                r#"{"rule_id":"a","actions":[{"id":"s1"},{}],"response_actions":[{"action_type_id":".osquery"}]}"#,
                r#"{"rule_id":"a","actions":[],"response_actions":[{"action_type_id":".osquery"}]}"#,
            )
            .turns(
                concat!(
                    r#"{"rule_id":"a","actions":[{"id":"s1"}]}"#,
                    "\n",
                    r#"{"id":"s1","type":"action","attributes":{}}"#
                ),
                concat!(r#"{"rule_id":"a","actions":[]}"#, "\n"),
            )
            .keeps(r#"{"id":"never used","type":"action","attributes":{}}"#)
            .keeps(r#"{"rule_id":"a","actions": [ ]}"#)
            .keeps(r#"{"rule_id":"a","actions":null}"#)
            .keeps(r#"{"rule_id":"a"}"#);
    }

    #[test]
    fn connectors_that_are_used_or_not_meant_stay() {
        check(r#"strip-actions = { connectors = ["s1"] }"#)
            .keeps(r#"{"id":"s2","type":"action","attributes":{"actionTypeId":".slack"}}"#);
        // The action does not say its type, so it is not one of that type, and its connector is needed.
        check(r#"strip-actions = { types = [".slack"] }"#).keeps(concat!(
            r#"{"rule_id":"a","actions":[{"id":"s1"}]}"#,
            "\n",
            r#"{"id":"s1","type":"action","attributes":{"actionTypeId":".slack"}}"#
        ));
        check("strip-actions = { keep-connectors = true }")
            .keeps(r#"{"id":"s1","type":"action","attributes":{}}"#);
    }

    #[test]
    fn other_saved_objects_stay() {
        check("strip-actions = {}")
            .keeps(r#"{"id":"s1","type":"dashboard","attributes":{}}"#)
            .keeps(r#"{"type":"action","attributes":{}}"#);
    }

    #[test]
    fn refuses_what_it_cannot_judge() {
        check(r#"strip-actions = { types = [".slack"], connectors = ["s1"] }"#)
            .refuses(
                r#"{"rule_id":"a","actions":[{"id":7}]}"#,
                "`id` must be a string, found a number",
            )
            .refuses(
                r#"{"rule_id":"a","actions":[{"action_type_id":[]}]}"#,
                "`action_type_id` must be a string, found an array",
            )
            .refuses(
                r#"{"rule_id":"a","actions":"x"}"#,
                "`actions` must be an array, found a string",
            )
            .refuses(
                r#"{"rule_id":"a","actions":["x"]}"#,
                "`element` must be an object, found a string",
            );
    }
}
