//! `add-rule-actions`: gives rules more actions.

use super::rule_actions::RuleActions;
use super::{Census, Edit, KibanaEdit, Setup, Transform, Verdict};
use crate::error::Result;
use crate::record::Record;

/// Adds actions to rules.
///
/// As the bulk edit `add_rule_actions` of Kibana 9: actions that are there stay, system actions come last. Nothing is
/// recognised as there already: done twice, the actions are there twice. An action has at least `id` (its
/// connector's), `params` and, but for system connectors, `group` (`"default"`); it gets `action_type_id` and a `uuid`, and where
/// it has no `frequency` the one that `--throttle` says.
///
/// The type of a connector is found in its line of the bundle, else said with `--connector`. A `uuid` is made from the seed and
/// the `rule_id`; the same seed makes the same. A rule-level
/// `throttle`, which Kibana wrote before 8.8, becomes the `frequency` of the actions that have none.
///
/// A rule is refused where Kibana refuses it: an action throttled to less than the rule's interval, an unknown group, a system
/// connector twice.
///
/// In a pipeline file an action is a table, or JSON in a string.
///
/// Example: ruleferry edit add-rule-actions --action '{"id":"soc","group":"default","params":{"message":"hi"}}' --connector soc=.slack export.ndjson -o out.ndjson
#[derive(Debug, Clone, clap::Args, serde::Deserialize, serde::Serialize)]
#[serde(transparent)]
pub struct AddRuleActions {
    #[command(flatten)]
    new: RuleActions,

    /// The edit, once prepared.
    #[arg(skip)]
    #[serde(skip)]
    edit: KibanaEdit,
}

impl Transform for AddRuleActions {
    fn needs_census(&self) -> bool {
        self.new.needs_census()
    }

    fn is_idempotent(&self) -> bool {
        // Each run adds its actions.
        false
    }

    fn prepare(&mut self, setup: &mut dyn Setup) -> Result<()> {
        self.edit = Edit::AddRuleActions(self.new.prepare("add-rule-actions", setup)?).into();
        Ok(())
    }

    fn apply(&self, rule: &mut Record<'_>, census: &Census) -> Result<Verdict> {
        self.new.apply(&self.edit, rule, census)
    }
}

#[cfg(test)]
mod tests {
    use crate::pipeline::Pipeline;
    use crate::transform::testing::{check, refused_settings};

    const CONNECTOR: &str = r#"{"id":"c","type":"action","attributes":{"actionTypeId":".slack"}}"#;
    const ACTION: &str = r#"{"group":"default","id":"c","params":{"message":"a b"},"action_type_id":".slack","uuid":"10d18cd3-50b8-506c-93c5-3358d9aee31c","frequency":{"summary":true,"notifyWhen":"onActiveAlert","throttle":null}}"#;

    #[test]
    fn the_bundle_tells_the_connectors_type_wherever_it_stands() {
        let rule = r#"{"rule_id":"r","actions":[ {"id": "d"}],"n":1.0}"#;
        let after = format!(r#"{{"rule_id":"r","actions":[ {{"id": "d"}},{ACTION}],"n":1.0}}"#);
        check(r#"add-rule-actions = { action = ['{"id":"c", "params":{"message":"a b"},"group":"default"}'] }"#)
            .turns(&format!("{rule}\n{CONNECTOR}\n"), &format!("{after}\n{CONNECTOR}\n"))
            .turns(&format!("{CONNECTOR}\n{rule}\n"), &format!("{CONNECTOR}\n{after}\n"))
            .refuses(
                rule,
                "the type of connector `c` must be known, found no connector record with this id",
            );
    }

    #[test]
    fn what_is_told_goes_before_what_the_bundle_says() {
        let step = r#"add-rule-actions = { connectors = ["c=.email"], throttle = "1d", actions = [{ id = "c", group = "default", params = {} }] }"#;
        check(step).turns(
            &format!("{}\n{CONNECTOR}", r#"{"rule_id":"r"}"#),
            &format!(
                "{}\n{CONNECTOR}",
                r#"{"rule_id":"r","actions":[{"group":"default","id":"c","params":{},"action_type_id":".email","uuid":"c81e1842-201b-5f57-bb96-be97ce4c7af5","frequency":{"summary":true,"notifyWhen":"onThrottleInterval","throttle":"1d"}}]}"#
            ),
        );
    }

    #[test]
    fn system_actions_need_no_type() {
        check(r#"add-rule-actions = { actions = [{ id = "system-connector-.cases", params = {} }] }"#)
            .turns(
                r#"{"rule_id":"r","actions":[]}"#,
                r#"{"rule_id":"r","actions":[{"id":"system-connector-.cases","params":{},"action_type_id":".cases","uuid":"02e84b68-34a6-536b-8bc3-89f7ad70aa98"}]}"#,
            )
            .keeps(r#"{"list_id":"l","actions":[]}"#)
            .refuses(
                r#"{"rule_id":"r","actions":{}}"#,
                "`actions` must be an array of objects, found an object",
            );
    }

    #[test]
    fn an_action_is_not_run_more_often_than_its_rule() {
        check(r#"add-rule-actions = { throttle = "1h", connectors = ["c=.slack"], actions = [{ id = "c", group = "default", params = {} }] }"#)
            .refuses(
                r#"{"rule_id":"r","interval":"2h"}"#,
                "Failed to validate actions due to the following error: Action frequency cannot be shorter than the schedule interval of 2h: default (1h)",
            );
    }

    #[test]
    fn a_table_prints_as_json() {
        let text = Pipeline::from_step(
            r#"add-rule-actions = { connector = ["c=.slack"], actions = [{ id = "c", params = { n = 1 } }] }"#,
        )
        .unwrap()
        .to_toml()
        .unwrap();
        assert_eq!(
            text,
            "[[step]]\nadd-rule-actions = { actions = ['{\"id\":\"c\",\"params\":{\"n\":1}}'], connectors = [\"c=.slack\"] }\n"
        );
        assert_eq!(Pipeline::from_toml(&text).unwrap().to_toml().unwrap(), text);
    }

    #[test]
    fn refuses_settings_that_make_no_sense() {
        let with =
            |rest: &str| format!(r#"{{ actions = [{{ id = "c", params = {{}} }}], {rest} }}"#);
        for (settings, message) in [
            (
                "{}".to_owned(),
                "`add-rule-actions` needs `action` (JSON) or `actions-file`, found neither",
            ),
            (
                "{ actions = [{ params = {} }] }".to_owned(),
                "`id` must be a string, found nothing",
            ),
            (
                "{ actions = ['[]'] }".to_owned(),
                "`action` must be an object, found an array",
            ),
            (
                with(r#"throttle = "2h""#),
                "`throttle` must be `rule`, `1h`, `1d` or `7d`, found `\"2h\"`",
            ),
            (
                with(r#"connectors = ["c=slack"]"#),
                "expected a connector's id and its type, as in `my-id=.slack`, found `c=slack`",
            ),
            (
                with(r#"connectors = ["c=.slack", "c=.email"]"#),
                "`connector` must give an id one type, found `.slack` and `.email` for `c`",
            ),
            (
                with(r#"seed = """#),
                "`seed` must be a text, found an empty one",
            ),
        ] {
            assert_eq!(
                refused_settings(&format!("add-rule-actions = {settings}")),
                message
            );
        }
    }
}
