//! `set-rule-actions`: gives rules exactly these actions.

use super::rule_actions::RuleActions;
use super::{Census, Edit, KibanaEdit, Setup, Transform, Verdict};
use crate::error::Result;
use crate::record::Record;

/// Gives rules exactly these actions.
///
/// As the bulk edit `set_rule_actions` of Kibana 9: what was there goes, a rule-level `throttle` too; system actions come
/// last. An `--actions-file` with `[]` leaves none. An action has at least `id` (its
/// connector's), `params` and, but for system connectors, `group` (`"default"`); it gets `action_type_id` and a `uuid`, and where
/// it has no `frequency` the one that `--throttle` says.
///
/// The type of a connector is found in its line of the bundle, else said with `--connector`. A `uuid` is made from the seed and
/// the `rule_id`; the same seed makes the same. Connectors that
/// no rule uses any more stay in the bundle, see `drop-unreferenced`.
///
/// A rule is refused where Kibana refuses it: an action throttled to less than the rule's interval, an unknown group, a system
/// connector twice.
///
/// In a pipeline file an action is a table, or JSON in a string.
///
/// Example: ruleferry edit set-rule-actions --action '{"id":"soc","group":"default","params":{"message":"hi"}}' --connector soc=.slack export.ndjson -o out.ndjson
#[derive(Debug, Clone, clap::Args, serde::Deserialize, serde::Serialize)]
#[serde(transparent)]
pub struct SetRuleActions {
    #[command(flatten)]
    new: RuleActions,

    /// The edit, once prepared.
    #[arg(skip)]
    #[serde(skip)]
    edit: KibanaEdit,
}

impl Transform for SetRuleActions {
    fn needs_census(&self) -> bool {
        self.new.needs_census()
    }

    fn is_idempotent(&self) -> bool {
        // With another seed the actions have other ids.
        self.new.has_seed()
    }

    fn prepare(&mut self, setup: &mut dyn Setup) -> Result<()> {
        self.edit = Edit::SetRuleActions(self.new.prepare("set-rule-actions", setup)?).into();
        Ok(())
    }

    fn apply(&self, rule: &mut Record<'_>, census: &Census) -> Result<Verdict> {
        self.new.apply(&self.edit, rule, census)
    }
}

#[cfg(test)]
mod tests {
    use crate::transform::testing::{check, refused_settings};

    #[test]
    fn what_was_there_goes() {
        let step = r#"set-rule-actions = { seed = "s", connectors = ["c=.slack"], actions = [{ id = "system-connector-.cases", params = {} }, { id = "c", group = "default", params = {} }] }"#;
        let after = r#"{"rule_id":"r", "actions": [{"group":"default","id":"c","params":{},"action_type_id":".slack","uuid":"b1662c85-f7a5-545d-b1a1-d1f390d6ac31","frequency":{"summary":true,"notifyWhen":"onActiveAlert","throttle":null}},{"id":"system-connector-.cases","params":{},"action_type_id":".cases","uuid":"df739489-8f23-56e7-ad49-ea5464af9772"}],"n":1.0}"#;
        check(step)
            .turns(
                r#"{"rule_id":"r", "actions": [ {"id":"d"} ],"throttle":"1h","n":1.0}"#,
                after,
            )
            .keeps(after)
            .keeps(r#"{"list_id":"l"}"#)
            .refuses(
                r#"{"rule_id":"r","actions":7}"#,
                "`actions` must be an array of objects, found a number",
            );
    }

    #[test]
    fn the_same_system_connector_is_not_used_twice() {
        check(r#"set-rule-actions = { actions = [{ id = "system-connector-.cases", params = {} }, { id = "system-connector-.cases", params = {} }] }"#)
            .refuses(r#"{"rule_id":"r"}"#, "Cannot use the same system action twice");
    }

    #[test]
    fn refuses_to_be_told_nothing() {
        for settings in ["{}", "{ actions = [] }"] {
            assert_eq!(
                refused_settings(&format!("set-rule-actions = {settings}")),
                "`set-rule-actions` needs `action` (JSON) or `actions-file`, found neither"
            );
        }
    }
}
