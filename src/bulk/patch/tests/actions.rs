use super::{becomes, fails, moved, patch, rule};
use crate::bulk::testing::named_ids;

const ALWAYS: &str = r#"{"summary":true,"notifyWhen":"onActiveAlert","throttle":null}"#;

/// An action of the request.
fn given(id: &str, rest: &str) -> String {
    format!(
        r#"{{"id":"{id}","action_type_id":".slack","group":"default","params":{{"a":1}}{rest}}}"#
    )
}

/// The same as it is stored.
fn kept(id: &str, uuid: &str, frequency: &str) -> String {
    format!(
        r#"{{"group":"default","id":"{id}","params":{{"a":1}},"action_type_id":".slack","uuid":"{uuid}","frequency":{frequency}}}"#
    )
}

fn list(actions: &[String]) -> String {
    format!(r#""actions":[{}]"#, actions.join(","))
}

#[test]
fn actions_get_an_id_and_a_frequency() {
    let own = r#"{"summary":false,"notifyWhen":"onThrottleInterval","throttle":"1h"}"#;
    let patched = becomes(
        "query",
        "",
        &list(&[
            given("x", ""),
            given("x", &format!(r#","uuid":"u","frequency":{own}"#)),
        ]),
    );
    assert_eq!(
        named_ids(&patched),
        moved(
            "query",
            &list(&[kept("x", "U1", ALWAYS), kept("x", "u", own)])
        )
    );
}

#[test]
fn the_throttle_becomes_the_frequency_and_is_not_kept() {
    for (throttle, frequency) in [
        (
            "1h",
            r#"{"summary":true,"notifyWhen":"onThrottleInterval","throttle":"1h"}"#,
        ),
        ("rule", ALWAYS),
        ("no_actions", ALWAYS),
    ] {
        let request = format!(r#""throttle":"{throttle}",{}"#, list(&[given("x", "")]));
        assert_eq!(
            named_ids(&becomes("query", r#""throttle":"7d""#, &request)),
            moved("query", &list(&[kept("x", "U1", frequency)]))
        );
    }
    let ran = patch(r#"{"rule_id":"r","throttle":"1h"}"#).run(&rule("query", ""));
    assert_eq!(ran.noted, ["/0/throttle NoFrequency"]);
    assert_eq!(ran.output, rule("query", ""));
}

#[test]
fn actions_through_system_connectors_come_last_and_are_bare() {
    let system = r#"{"id":"system-connector-.cases","action_type_id":".cases","params":{},"group":"default","uuid":"s"}"#;
    let patched = becomes(
        "query",
        "",
        &list(&[system.to_owned(), given("x", r#","uuid":"u""#)]),
    );
    let bare =
        r#"{"id":"system-connector-.cases","params":{},"action_type_id":".cases","uuid":"s"}"#;
    assert_eq!(
        patched,
        moved("query", &list(&[kept("x", "u", ALWAYS), bare.to_owned()]))
    );
    let twice = list(&[system.to_owned(), system.replace("\"s\"", "\"t\"")]);
    assert_eq!(
        fails("query", "", &twice),
        (400, "Cannot use the same system action twice".into())
    );
}

#[test]
fn an_action_that_stays_keeps_its_spelling() {
    let old = format!(
        r#"{{ "uuid":"u", "id":"x","group":"default","params":{{"a":1.0}},"action_type_id":".slack","frequency":{ALWAYS}}}"#
    );
    let before = list(std::slice::from_ref(&old));
    let same = list(&[given("x", &format!(r#","uuid":"u","frequency":{ALWAYS}"#))]);
    assert_eq!(becomes("query", &before, &same), rule("query", &before));
    let more = list(&[given("x", r#","uuid":"u""#), given("y", r#","uuid":"v""#)]);
    assert_eq!(
        becomes("query", &before, &more),
        moved("query", &list(&[old, kept("y", "v", ALWAYS)]))
    );
}

#[test]
fn the_same_seed_makes_the_same_ids() {
    let request = format!(
        r#"{{"rule_id":"r",{}}}"#,
        list(&[given("x", ""), given("x", "")])
    );
    let run = |seed: &str| {
        let case = patch(&request).with(|settings| settings.seed = seed.into());
        case.run(&rule("query", "")).output
    };
    assert_eq!(run("a"), run("a"));
    assert_ne!(run("a"), run("b"));
    assert!(named_ids(&run("a")).contains("\"U2\""));
}

#[test]
fn kibanas_texts_about_actions() {
    let begin = "Failed to validate actions due to the following";
    let often =
        r#","frequency":{"summary":true,"notifyWhen":"onThrottleInterval","throttle":"1m"}"#;
    assert_eq!(
        fails("query", r#""interval":"5m""#, &list(&[given("x", often)])),
        (
            400,
            format!(
                "{begin} error: Action frequency cannot be shorter than the schedule interval of 5m: default (1m)"
            )
        )
    );
    let same = [
        given("x", r#","uuid":"u""#),
        given("y", r#","uuid":"u""#).replace("default", "odd"),
    ];
    assert_eq!(
        fails("query", "", &list(&same)),
        (
            400,
            format!(
                "{begin} 2 errors:\n- Actions have duplicated UUIDs\n- Invalid action groups: odd"
            )
        )
    );
    let bare = given("x", "").replace(r#""group":"default","#, "");
    assert_eq!(
        fails("query", "", &list(&[given("x", ""), bare])),
        (400, "Error validating update data - [actions.1.group]: expected value of type [string] but got [undefined]".into())
    );
    let hourly = list(&[kept(
        "x",
        "u",
        r#"{"summary":true,"notifyWhen":"onThrottleInterval","throttle":"1h"}"#,
    )]);
    assert_eq!(
        fails(
            "query",
            &format!(r#""interval":"5m",{hourly}"#),
            r#""interval":"2h""#
        ),
        (
            400,
            format!(
                "{begin} error: Action frequency cannot be shorter than the schedule interval of 2h: default (1h)"
            )
        )
    );
}
