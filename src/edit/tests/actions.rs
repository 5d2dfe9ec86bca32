//! Actions.

use super::*;

#[test]
fn new_actions_are_completed_and_put_behind() {
    let one = actions(
        r#"{"throttle":"1h","actions":[{"id":"c", "params":{"message": "a b"},"group":"default"}]}"#,
    );
    let made = |number: u8, frequency: &str| {
        format!(
            r#"{{"group":"default","id":"c","params":{{"message":"a b"}},"action_type_id":".slack","uuid":"<r {number} c>","frequency":{frequency}}}"#
        )
    };
    let hourly = r#"{"summary":true,"notifyWhen":"onThrottleInterval","throttle":"1h"}"#;
    let always = r#"{"summary":true,"notifyWhen":"onActiveAlert","throttle":null}"#;
    let added = format!(r#"{{"rule_id":"r","actions":[{}]}}"#, made(0, hourly));
    effective(
        &Edit::AddRuleActions(one.clone()),
        r#"{"rule_id":"r"}"#,
        &added,
    );
    effective(
        &Edit::AddRuleActions(one.clone()),
        r#"{"rule_id":"r","actions":[ ]}"#,
        &added,
    );
    effective(&Edit::SetRuleActions(one.clone()), &added, &added);
    let twice = format!(
        r#"{{"rule_id":"r","actions":[{},{}]}}"#,
        made(0, hourly),
        made(1, hourly)
    );
    effective(&Edit::AddRuleActions(one.clone()), &added, &twice);
    for rule in [None, Some("rule".to_owned())] {
        let one = NewActions {
            throttle: rule,
            ..one.clone()
        };
        let set = format!(r#"{{"rule_id":"r","actions":[{}]}}"#, made(0, always));
        effective(&Edit::SetRuleActions(one), &twice, &set);
    }
    let own = actions(
        r#"{"throttle":"1h","actions":[{"id":"c","params":{"message":"a b"},"group":"default",
        "frequency":{"summary":true,"notifyWhen":"onActiveAlert","throttle":null}}]}"#,
    );
    effective(
        &Edit::AddRuleActions(own),
        r#"{"rule_id":"r"}"#,
        &format!(r#"{{"rule_id":"r","actions":[{}]}}"#, made(0, always)),
    );
    let none = actions(r#"{"throttle":"1h","actions":[]}"#);
    idle(
        &Edit::AddRuleActions(none.clone()),
        r#"{"throttle":"1h","actions":[{"id":"c"}]}"#,
    );
    idle(&Edit::SetRuleActions(none.clone()), "{}");
    effective(
        &Edit::SetRuleActions(none),
        r#"{"actions":[{"id":"c"}]}"#,
        r#"{"actions":[]}"#,
    );
}

#[test]
fn an_id_that_an_action_has_is_not_given_again() {
    let one = actions(r#"{"actions":[{"id":"c","params":{},"group":"default"}]}"#);
    let (_, after) = run(
        &Edit::AddRuleActions(one),
        r#"{"rule_id":"r","actions":[{"id":"d","uuid":"<r 1 c>"}]}"#,
    )
    .unwrap();
    assert!(after.contains(r#""uuid":"<r 2 c>""#), "{after}");
}

#[test]
fn system_actions_stand_last() {
    let new = actions(
        r#"{"actions":[{"id":"system-connector-.cases","params":{}},{"id":"c","params":{},"group":"default"}]}"#,
    );
    let plain = r#"{"group":"default","id":"c","params":{},"action_type_id":".slack","uuid":"<r 2 c>","frequency":{"summary":true,"notifyWhen":"onActiveAlert","throttle":null}}"#;
    let system = r#"{"id":"system-connector-.cases","params":{},"action_type_id":".cases","uuid":"<r 1 system-connector-.cases>"}"#;
    effective(
        &Edit::AddRuleActions(new.clone()),
        r#"{"rule_id":"r","actions":[ {"id": "d"} ]}"#,
        &format!(r#"{{"rule_id":"r","actions":[ {{"id": "d"}},{plain},{system} ]}}"#),
    );
    effective(
        &Edit::AddRuleActions(new.clone()),
        r#"{"rule_id":"r","actions":[ {"id": "system-connector-.x"} ]}"#,
        &format!(
            r#"{{"rule_id":"r","actions":[{plain},{{"id": "system-connector-.x"}},{system}]}}"#
        ),
    );
    let doubled = NewActions {
        actions: vec![new.actions[0].clone(), new.actions[0].clone()],
        ..new
    };
    refused(
        &Edit::SetRuleActions(doubled),
        "{}",
        "Cannot use the same system action twice",
    );
}

#[test]
fn a_throttle_of_the_rule_moves_into_its_actions() {
    let one = actions(
        r#"{"actions":[{"id":"c","params":{},"group":"default","frequency":{"summary":false,"notifyWhen":"onActiveAlert","throttle":null}}]}"#,
    );
    for (throttle, frequency) in [
        (
            "1h",
            r#"{"summary":true,"notifyWhen":"onThrottleInterval","throttle":"1h"}"#,
        ),
        (
            "12h",
            r#"{"summary":true,"notifyWhen":"onThrottleInterval","throttle":"12h"}"#,
        ),
        (
            "rule",
            r#"{"summary":true,"notifyWhen":"onActiveAlert","throttle":null}"#,
        ),
    ] {
        let before = format!(
            r#"{{"rule_id":"r","throttle":"{throttle}","actions":[{{"id":"d"}},{{"id":"e","frequency":{{}}}}]}}"#
        );
        let (effect, after) = run(&Edit::AddRuleActions(one.clone()), &before).unwrap();
        assert_eq!(effect, Effect::Effective);
        let moved = format!(
            r#"{{"rule_id":"r","actions":[{{"id":"d","frequency":{frequency}}},{{"id":"e","frequency":{{}}}},{{"group""#
        );
        assert!(after.starts_with(&moved), "{after}");
    }
    let (_, after) = run(
        &Edit::SetRuleActions(one),
        r#"{"throttle":"1h","actions":[{"id":"d"}]}"#,
    )
    .unwrap();
    assert!(!after.contains("1h"), "{after}");
}

#[test]
fn actions_that_the_alerting_layer_refuses() {
    let refuses = |value: &str, rule: &str, message: &str| {
        for edit in [
            Edit::AddRuleActions(actions(value)),
            Edit::SetRuleActions(actions(value)),
        ] {
            refused(&edit, rule, message);
        }
    };
    refuses(
        r#"{"actions":[{"id":"c","params":{}}]}"#,
        "{}",
        "Error validating bulk edit rules operations - [group]: expected value of type [string] but got [undefined]",
    );
    for (key, value, name) in [
        ("group", r#""default""#, "group"),
        ("alerts_filter", "{}", "alertsFilter"),
    ] {
        refuses(
            &format!(
                r#"{{"actions":[{{"id":"system-connector-.cases","params":{{}},"{key}":{value}}}]}}"#
            ),
            "{}",
            &format!(
                "Error validating bulk edit rules operations - [{name}]: definition for this key is missing"
            ),
        );
    }
    let hourly = |group: &str| {
        format!(r#"{{"throttle":"1h","actions":[{{"id":"c","params":{{}},"group":"{group}"}}]}}"#)
    };
    let one = "Failed to validate actions due to the following error:";
    refuses(
        &hourly("other"),
        "{}",
        &format!("{one} Invalid action groups: other"),
    );
    let too_often = "Action frequency cannot be shorter than the schedule interval of 2h:";
    refuses(
        &hourly("default"),
        r#"{"interval":"2h"}"#,
        &format!("{one} {too_often} default (1h)"),
    );
    refuses(
        &hourly("other"),
        r#"{"interval":"2h"}"#,
        &format!(
            "Failed to validate actions due to the following 2 errors:\n- Invalid action groups: other\n- {too_often} other (1h)"
        ),
    );
    let (effect, _) = run(
        &Edit::AddRuleActions(actions(&hourly("default"))),
        r#"{"interval":"1h"}"#,
    )
    .unwrap();
    assert_eq!(effect, Effect::Effective);
    let filtered = |filter: &str| {
        format!(
            r#"{{"actions":[{{"id":"c","params":{{}},"group":"default","alerts_filter":{filter}}}]}}"#
        )
    };
    let filters = [
        (
            "{}",
            r#"Action's alertsFilter  must have either "query" or "timeframe" : <r 0 c>"#,
        ),
        (
            r#"{"timeframe":{"days":[1]}}"#,
            "Action's alertsFilter timeframe has missing fields: days, hours or timezone: <r 0 c>",
        ),
        (
            r#"{"timeframe":{"days":[1,8],"hours":{},"timezone":"UTC"}}"#,
            "Action's alertsFilter days has invalid values: (<r 0 c>:[1,8])",
        ),
    ];
    for (filter, message) in filters {
        refuses(
            &filtered(filter),
            r#"{"rule_id":"r"}"#,
            &format!("{one} {message}"),
        );
    }
    refuses(
        r#"{"actions":[{"id":"x","params":{},"group":"default"}]}"#,
        "{}",
        "the type of connector `x` must be known, found no connector record with this id",
    );
}

#[test]
fn requests_for_actions_are_read_strictly() {
    let refusals = [
        (
            "[]",
            "`value` must be an object with `actions`, found an array",
        ),
        ("{}", "`actions` must be an array of actions, found nothing"),
        (
            r#"{"actions":[],"throttle":"2h"}"#,
            "`throttle` must be `rule`, `1h`, `1d` or `7d`, found `\"2h\"`",
        ),
        (
            r#"{"actions":[],"throtle":"1h"}"#,
            "`throtle` is none of `throttle`, `actions`; did you mean `throttle`?",
        ),
        (
            r#"{"actions":[7]}"#,
            "`action` must be an object, found `7`",
        ),
        (
            r#"{"actions":[{"params":{}}]}"#,
            "`id` must be a string, found nothing",
        ),
        (
            r#"{"actions":[{"id":"c"}]}"#,
            "`params` must be an object, found nothing",
        ),
        (
            r#"{"actions":[{"id":"c","params":[]}]}"#,
            "`params` must be an object, found an array",
        ),
        (
            r#"{"actions":[{"id":"c","params":{},"uuid":"u"}]}"#,
            "`uuid` is none of `id`, `params`, `group`, `frequency`, `alerts_filter`",
        ),
        (
            r#"{"actions":[{"id":"c","params":{},"frequency":{"summary":true,"notifyWhen":"never","throttle":null}}]}"#,
            "`notifyWhen` must be `onActiveAlert`, `onThrottleInterval` or `onActionGroupChange`, found `\"never\"`",
        ),
        (
            r#"{"actions":[{"id":"c","params":{},"frequency":{"summary":true,"notifyWhen":"onActiveAlert"}}]}"#,
            "`throttle` must be null or a duration as in `1h`, found nothing",
        ),
        (
            r#"{"actions":[{"id":"c","params":{},"frequency":{"summary":true,"notifyWhen":"onActiveAlert","throttle":null,"notify":1}}]}"#,
            "`notify` is none of `summary`, `notifyWhen`, `throttle`; did you mean `notifyWhen`?",
        ),
    ];
    for (value, message) in refusals {
        let failure = NewActions::parse(Raw::parse(value).unwrap()).unwrap_err();
        assert_eq!(failure.to_string(), message);
    }
    let failure =
        NewActions::parse(Raw::parse(r#"{"actions":[{"id":"c","params":{},"uuid":1}]}"#).unwrap())
            .unwrap_err();
    assert_eq!(
        failure.pointer(),
        ["actions".into(), 0.into(), "uuid".into()]
    );
}
