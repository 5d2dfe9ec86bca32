use crate::bulk::testing::Expected::{Becomes, Fails, Skips};
use crate::bulk::testing::{edited, edits, named_ids, rule};

const MAIL: &str = r#"{"id":"mail","group":"default","params":{"to":["a@example.com"]}}"#;

fn add(throttle: &str, actions: &str) -> String {
    format!(r#"{{"type":"add_rule_actions","value":{{{throttle}"actions":[{actions}]}}}}"#)
}

fn set(actions: &str) -> String {
    format!(r#"{{"type":"set_rule_actions","value":{{"actions":[{actions}]}}}}"#)
}

#[test]
fn new_actions_get_what_kibana_adds() {
    let active = r#"{"summary":true,"notifyWhen":"onActiveAlert","throttle":null}"#;
    let hourly = r#"{"summary":true,"notifyWhen":"onThrottleInterval","throttle":"1h"}"#;
    let own = r#"{"summary":false,"notifyWhen":"onActiveAlert","throttle":null}"#;
    let with_own = MAIL.replace(r#""params""#, &format!(r#""frequency":{own},"params""#));
    let cases = [
        (add("", MAIL), active),
        (add(r#""throttle":"rule","#, MAIL), active),
        (add(r#""throttle":"1h","#, MAIL), hourly),
        (add(r#""throttle":"1h","#, &with_own), own),
        (set(MAIL), active),
    ];
    for (edit, frequency) in cases {
        let ran = edits(&edit)
            .with(|settings| {
                settings.connectors.insert("mail".into(), ".email".into());
            })
            .run(&rule("query", 1, r#""interval":"5m","actions":[]"#));
        assert_eq!(
            named_ids(&ran.output),
            rule(
                "query",
                2,
                &format!(
                    r#""interval":"5m","actions":[{{"group":"default","id":"mail","params":{{"to":["a@example.com"]}},"action_type_id":".email","uuid":"U1","frequency":{frequency}}}]"#
                )
            )
        );
    }
}

#[test]
fn nothing_to_add_and_nothing_to_clear_is_no_edit() {
    let old = r#""actions":[{"id":"x","params":{},"uuid":"u"}]"#;
    edited("query", &add("", ""), old, &Skips);
    edited("query", &add("", ""), "", &Skips);
    edited("query", &set(""), r#""actions":[]"#, &Skips);
    edited("query", &set(""), "", &Skips);
    edited("query", &set(""), old, &Becomes(r#""actions":[]"#));
}

#[test]
fn each_rule_gets_ids_of_its_own() {
    let one = rule("query", 1, "");
    let other = one.replace(r#""rule_id":"r""#, r#""rule_id":"s""#);
    let edit = edits(&format!("{},{}", add("", MAIL), add("", MAIL))).with(|settings| {
        settings.connectors.insert("mail".into(), ".email".into());
    });
    let ran = edit.run(&format!("{one}\n{other}\n"));
    let named = named_ids(&ran.output);
    assert!(named.contains("U4") && !named.contains("U5"), "{named}");
    assert_eq!(edit.run(&format!("{one}\n{other}\n")).output, ran.output);
}

#[test]
fn connectors_of_the_bundle_are_known() {
    let connector =
        r#"{"id":"mail","type":"action","attributes":{"actionTypeId":".email","name":"m"}}"#;
    let case = edits(&add("", MAIL));
    let ran = case.run(&format!("{}\n{connector}\n", rule("query", 1, "")));
    assert!(
        ran.output.contains(r#""action_type_id":".email""#),
        "{}",
        ran.output
    );
    let error = case
        .try_run(&rule("query", 1, ""))
        .map(|ran| ran.output)
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "the type of connector `mail` is not known: no connector line of the bundle has this id"
    );
    assert_eq!(
        crate::hint::hint(error.kind()).unwrap(),
        "say it, as in `--connector 'mail=.slack'`"
    );
    assert_eq!(error.pointer().len(), 6);
    // A dry run does not look at connectors.
    let dry = case.dry_run().run(&rule("query", 1, ""));
    assert_eq!(dry.counts(), [0, 1, 0, 1]);
}

#[test]
fn system_actions_come_last_and_without_a_frequency() {
    let cases = r#"{"id":"system-connector-.cases","params":{"subAction":"run"}}"#;
    let ran = edits(&set(&format!("{cases},{MAIL}")))
        .with(|settings| {
            settings.connectors.insert("mail".into(), ".email".into());
        })
        .run(&rule("query", 1, ""));
    let named = named_ids(&ran.output);
    let mail = named.find(r#""id":"mail""#).unwrap();
    let system = named
        .find(r#"{"id":"system-connector-.cases","params":{"subAction":"run"},"action_type_id":".cases","uuid":"U2"}"#)
        .unwrap_or_else(|| panic!("{named}"));
    assert!(mail < system);
    let begin = "Error validating bulk edit rules operations - ";
    let grouped = cases.replace(r#""params""#, r#""group":"default","params""#);
    edited(
        "query",
        &set(&grouped),
        "",
        &Fails(
            "Error validating bulk edit rules operations - [group]: definition for this key is missing",
        ),
    );
    let filtered = cases.replace(r#""params""#, r#""alerts_filter":{},"params""#);
    let error = edits(&set(&filtered)).run(&rule("query", 1, "")).errors();
    assert_eq!(
        error[0].0,
        format!("{begin}[alertsFilter]: definition for this key is missing")
    );
    edited(
        "query",
        &set(&format!("{cases},{cases}")),
        "",
        &Fails("Cannot use the same system action twice"),
    );
}

#[test]
fn the_alerting_layer_refuses_what_it_refuses() {
    let ungrouped = r#"{"id":"mail","params":{}}"#;
    edited(
        "query",
        &add("", ungrouped),
        "",
        &Fails(
            "Error validating bulk edit rules operations - [group]: expected value of type [string] but got [undefined]",
        ),
    );
    let other = MAIL.replace("default", "other");
    edited(
        "query",
        &add("", &other),
        "",
        &Fails(
            "Failed to validate actions due to the following error: Invalid action groups: other",
        ),
    );
    let hourly = add(r#""throttle":"1h","#, MAIL);
    let short = "Failed to validate actions due to the following error: Action frequency cannot be shorter than the schedule interval of 2h: default (1h)";
    edited("query", &hourly, r#""interval":"2h""#, &Fails(short));
    // An interval that was set earlier in the request counts, one that is set later does not.
    let schedule = r#"{"type":"set_schedule","value":{"interval":"2h","lookback":"1m"}}"#;
    edited(
        "query",
        &format!("{schedule},{hourly}"),
        r#""interval":"5m""#,
        &Fails(short),
    );
    let later = edits(&format!("{hourly},{schedule}"))
        .with(|settings| {
            settings.connectors.insert("mail".into(), ".email".into());
        })
        .run(&rule("query", 1, r#""interval":"5m""#));
    assert_eq!(later.counts(), [0, 1, 0, 1]);
}

#[test]
fn a_throttle_of_the_rule_moves_into_its_actions() {
    let before =
        r#""throttle":"1h","actions":[{"group":"default","id":"x","params":{},"uuid":"u"}]"#;
    let ran = edits(&add("", MAIL))
        .with(|settings| {
            settings.connectors.insert("mail".into(), ".email".into());
        })
        .run(&rule("query", 1, before));
    let expected = r#""actions":[{"group":"default","id":"x","params":{},"uuid":"u","frequency":{"summary":true,"notifyWhen":"onThrottleInterval","throttle":"1h"}},{"group":"default","id":"mail""#;
    assert!(ran.output.contains(expected), "{}", ran.output);
    assert!(!ran.output.contains(r#""revision":2,"throttle""#));
}
