//! The message catalogue (§3.5), and what of rules is to be reproduced exactly (§3.6, §2.3).

use super::super::{Id, Note};
use super::*;
use crate::record::{ListKey, Namespace};

const LOST: &str = "400 a: Rule with rule_id: \"a\" references a non existent exception list of list_id: \"l\". Reference has been removed.";

fn reference(ty: &str, namespace: &str) -> String {
    format!(
        r#""exceptions_list":[{{"id":"x","list_id":"l","type":"{ty}","namespace_type":"{namespace}"}}]"#
    )
}

#[test]
fn a_rule_that_exists_is_a_conflict_in_the_words_of_its_time() {
    let line = rule("a", "");
    for (version, words) in [
        ("9.1", "Rule with this rule_id already exists"),
        ("8.15", "Rule with this rule_id already exists"),
        ("8.14", "rule_id: \"a\" already exists"),
    ] {
        let mut model = space(version, &[&stored("a", "")]);
        let predicted = import(&mut model, KEEP, &[&line]);
        assert_eq!(
            told(&answer(&predicted).errors),
            [format!("409 a: {words}")]
        );
        assert_eq!(outcomes(&predicted), [(0, Outcome::Conflict)]);
    }
}

#[test]
fn a_rule_id_twice_is_an_error_and_the_last_is_imported() {
    let mut model = space("9.1", &[]);
    let lines = [
        rule("a", r#""version":2"#),
        rule("b", ""),
        rule("a", r#""version":3"#),
    ];
    let predicted = import(&mut model, KEEP, &lines.each_ref().map(String::as_str));
    let answer = answer(&predicted);
    assert_eq!(
        told(&answer.errors),
        ["400 a: More than one rule with rule-id: \"a\" found"]
    );
    assert_eq!((answer.rules_count, answer.success_count), (3, 2));
    assert_eq!(model.rule("a").unwrap().content.version, Some(3));
    assert_eq!(predicted.records[0].notes, [Note::Superseded]);
    let of_lines = [Outcome::Refused, Outcome::Created, Outcome::Created];
    assert_eq!(
        outcomes(&predicted)
            .into_iter()
            .map(|it| it.1)
            .collect::<Vec<_>>(),
        of_lines
    );
}

#[test]
fn with_overwrite_a_rule_id_twice_is_no_error() {
    let mut model = space("9.1", &[]);
    let lines = [rule("a", ""), rule("a", r#""version":3"#)];
    let answer = answered(&mut model, REPLACE, &lines.each_ref().map(String::as_str));
    assert!(answer.success);
    assert_eq!((answer.rules_count, answer.success_count), (2, 1));
    assert_eq!(model.rule("a").unwrap().content.version, Some(3));
}

#[test]
fn a_missing_list_costs_the_reference_not_the_rule() {
    let mut model = space("9.1", &[]);
    let line = rule("a", &reference("detection", "single"));
    let predicted = import(&mut model, KEEP, &[&line]);
    let answer = answer(&predicted);
    assert_eq!(told(&answer.errors), [LOST]);
    assert_eq!((answer.success, answer.success_count), (false, 1));
    assert_eq!(outcomes(&predicted), [(0, Outcome::Created)]);
    let list = ListKey {
        id: "l".into(),
        namespace: Namespace::Single,
    };
    assert_eq!(predicted.records[0].notes, [Note::LosesReference(list)]);
    assert!(model.rule("a").unwrap().content.references.is_empty());
}

#[test]
fn a_rule_that_also_fails_has_both_errors() {
    let mut model = space("9.1", &[&stored("a", "")]);
    let line = rule("a", &reference("detection", "single"));
    let answer = answered(&mut model, KEEP, &[&line]);
    let conflict = "409 a: Rule with this rule_id already exists";
    assert_eq!(told(&answer.errors), [LOST, conflict]);
}

#[test]
fn type_and_namespace_of_a_list_must_be_those_of_the_reference() {
    for (line, errors) in [
        (reference("detection", "single"), 0),
        (reference("rule_default", "single"), 1),
        (reference("detection", "agnostic"), 1),
    ] {
        let mut model = space("9.1", &[LIST]);
        let answer = answered(&mut model, KEEP, &[&rule("a", &line)]);
        assert_eq!(answer.errors.len(), errors, "{line}");
    }
}

#[test]
fn of_two_lists_with_one_id_the_one_of_all_spaces_hides_the_other() {
    let agnostic = LIST.replace("\"name\"", "\"namespace_type\":\"agnostic\",\"name\"");
    let mut model = space("9.1", &[LIST, &agnostic]);
    let lines = [
        rule("a", &reference("detection", "single")),
        rule("b", &reference("detection", "agnostic")),
    ];
    let answer = answered(&mut model, KEEP, &lines.each_ref().map(String::as_str));
    assert_eq!(told(&answer.errors), [LOST]);
}

#[test]
fn a_list_of_the_same_request_is_found_and_gives_its_id() {
    let mut model = space("9.1", &[]);
    let line = rule("a", &reference("detection", "single"));
    assert!(answered(&mut model, KEEP, &[&line, LIST]).success);
    let reference = &model.rule("a").unwrap().content.references[0];
    assert!(matches!(reference.id, Some(Id::New(_))));
}

#[test]
fn a_missing_connector_rejects_the_rules_that_use_it() {
    let mut model = space("9.1", &[]);
    model.server.preconfigured.insert("p".into());
    model.server.system.insert("system-connector-.cases".into());
    let id = "00000000-0000-4000-8000-000000000001";
    let lines = [
        rule("a", &format!(r#""id":"{id}",{}"#, action("gone"))),
        rule("b", ""),
        rule("c", &action("p")),
        rule(
            "d",
            r#""actions":[{"id":"system-connector-.cases","action_type_id":".cases","params":{}}]"#,
        ),
    ];
    let answer = answered(&mut model, KEEP, &lines.each_ref().map(String::as_str));
    let words = "Rule actions reference the following missing action IDs: gone";
    assert_eq!(told(&answer.errors), [format!("404 {id} a: {words}")]);
    assert_eq!(answer.success_count, 3);
}

#[test]
fn without_the_privilege_for_connectors_rules_with_actions_are_refused() {
    let mut model = space("9.1", &[]);
    model.server.may_use_connectors = false;
    let lines = [rule("a", &action("c")), rule("b", ""), CONNECTOR.to_owned()];
    let answer = answered(&mut model, KEEP, &lines.each_ref().map(String::as_str));
    assert_eq!(
        told(&answer.errors),
        ["403 a~ You may not have actions privileges required to import rules with actions: "]
    );
    assert_eq!(
        told(&answer.connectors.unwrap().errors),
        ["403 (unknown id)~ You may not have actions privileges required to import actions: "]
    );
}

#[test]
fn two_connectors_of_one_origin_cost_the_action_not_the_rule() {
    let mut model = space("9.1", &[]);
    model.add_connector("one", connector(Some("c"), "One", false));
    model.add_connector("two", connector(Some("c"), "Two", false));
    let predicted = import(&mut model, KEEP, &[&rule("a", &action("c"))]);
    let answer = answer(&predicted);
    let entry = &answer.errors[0];
    assert_eq!(
        (entry.status, entry.rule_id.as_deref()),
        (400, Some("(unknown id)"))
    );
    assert!(entry.message.fits(
        r#"{"rule_id":"a","error":{"status_code":409,"message":"Found two action connectors with originId or _id: c The upload"}}"#
    ));
    assert_eq!(
        (answer.success_count, outcomes(&predicted)),
        (1, vec![(0, Outcome::Created)])
    );
    assert!(model.rule("a").unwrap().content.actions.is_empty());
}

#[test]
fn an_action_that_is_lost_repeats_no_uuid() {
    let mut model = space("9.1", &[]);
    model.add_connector("one", connector(Some("c"), "One", false));
    model.add_connector("two", connector(Some("c"), "Two", false));
    let of = |id: &str| {
        format!(
            r#"{{"id":"{id}","group":"default","action_type_id":".email","params":{{}},"uuid":"u"}}"#
        )
    };
    let lost = rule("a", &format!(r#""actions":[{},{}]"#, of("one"), of("c")));
    assert_eq!(answered(&mut model, KEEP, &[&lost]).success_count, 1);
    let twice = rule("b", &format!(r#""actions":[{},{}]"#, of("one"), of("two")));
    let answer = answered(&mut model, KEEP, &[&twice]);
    assert_eq!(
        told(&answer.errors),
        ["400 b~ Actions have duplicated UUIDs"]
    );
}

#[test]
fn connectors_without_secrets_fail_rules_unless_the_file_has_a_connector() {
    let line = rule("a", &action("c"));
    let other = CONNECTOR.replace("\"c\"", "\"d\"");
    let with = || {
        let mut model = space("9.1", &[]);
        model.add_connector("c", connector(None, "Chat", true));
        model
    };
    let answer = answered(&mut with(), KEEP, &[&line]);
    assert_eq!(told(&answer.errors), ["400 a~ Invalid connectors: Chat"]);
    assert!(answered(&mut with(), KEEP, &[&line, &other]).success);
    // Overwriting does not pass the tolerance on.
    let mut model = with();
    assert!(answered(&mut model, KEEP, &[&line, &other]).success);
    let answer = answered(&mut model, REPLACE, &[&line, &other]);
    assert_eq!(told(&answer.errors), ["400 a~ Invalid connectors: Chat"]);
}

#[test]
fn actions_at_fault_fail_when_the_rule_is_made() {
    let action = |more: &str| {
        format!(r#"{{"id":"c","action_type_id":".email","params":{{}},"uuid":"u"{more}}}"#)
    };
    let good = action(r#","group":"default""#);
    let cases = [
        (format!("[{good},{good}]"), "Actions have duplicated UUIDs"),
        (
            format!("[{}]", action(r#","group":"x""#)),
            "Invalid action groups: x",
        ),
        (
            format!("[{}]", action("")),
            "expected value of type [string] but got [undefined]",
        ),
    ];
    for (actions, words) in cases {
        let mut model = space("9.1", &[]);
        model.add_connector("c", connector(None, "Mail", false));
        let line = rule("a", &format!(r#""actions":{actions}"#));
        let answer = answered(&mut model, KEEP, &[&line]);
        assert_eq!(told(&answer.errors), [format!("400 a~ {words}")]);
    }
}

#[test]
fn an_interval_or_a_license_fails_when_the_rule_is_made() {
    let mut model = space("9.1", &[]);
    model.server.has_machine_learning = false;
    let learning = rule(
        "b",
        r#""anomaly_threshold":1,"machine_learning_job_id":"j""#,
    )
    .replace("\"query\"", "\"machine_learning\"");
    let lines = [rule("a", r#""interval":"5x""#), learning];
    let answer = answered(&mut model, KEEP, &lines.each_ref().map(String::as_str));
    let words = "string is not a valid duration: 5x";
    assert_eq!(
        told(&answer.errors),
        [format!("400 a~ {words}"), "400 b?".into()]
    );
}

#[test]
fn prebuilt_rules_need_a_version_and_a_server_that_takes_them() {
    let line = rule("a", r#""immutable":true"#);
    let of =
        |version: &str, line: &str| told(&answered(&mut space(version, &[]), KEEP, &[line]).errors);
    assert_eq!(
        of("8.18", &line),
        ["400 a: Prebuilt rules must specify a \"version\" to be imported. [rule_id: a]"]
    );
    let with_version = rule("a", r#""immutable":true,"version":3"#);
    assert!(of("8.18", &with_version).is_empty());
    assert_eq!(
        of("8.17", &with_version),
        [
            "400 a: Importing prebuilt rules is not supported. To import this rule as a custom rule, first duplicate the rule and then export it. [rule_id: a]"
        ]
    );
    // Where the server's own rules are known, `immutable` means nothing.
    let mut model = space("8.18", &[]);
    model.server.prebuilt = Some(std::collections::HashMap::new());
    assert!(answered(&mut model, KEEP, &[&line]).success);
    assert!(!model.rule("a").unwrap().immutable);
}

#[test]
fn what_is_the_same_already_is_told_apart() {
    let full = r#""tags":[],"references":[],"interval":"5m","required_fields":[{"name":"f","type":"t","ecs":false}]"#;
    let stored = stored("a", full);
    let line = rule(
        "a",
        r#""required_fields":[{"name":"f","type":"t"}],"unknown":1"#,
    );
    for (version, unchanged) in [("9.6", Some(1)), ("9.1", None)] {
        let mut model = space(version, &[&stored]);
        let predicted = import(&mut model, REPLACE, &[&line]);
        let answer = answer(&predicted);
        assert_eq!(
            (answer.unchanged_count, answer.success_count),
            (unchanged, 1)
        );
        assert_eq!(outcomes(&predicted), [(0, Outcome::Unchanged)]);
        let changed = rule("a", r#""tags":["t"]"#);
        let predicted = import(&mut model, REPLACE, &[&changed]);
        assert_eq!(outcomes(&predicted), [(0, Outcome::Overwritten)]);
    }
}

#[test]
fn overwriting_keeps_id_enabled_and_version() {
    let mut model = space(
        "9.1",
        &[&stored("a", "").replace("\"version\":1", "\"version\":7")],
    );
    let lines = [rule("a", r#""tags":["t"]"#), rule("b", "")];
    assert!(answered(&mut model, REPLACE, &lines.each_ref().map(String::as_str)).success);
    let content = |id: &str| &model.rule(id).unwrap().content;
    assert_eq!(model.rule("a").unwrap().id, Id::from("object-a"));
    assert_eq!(
        (content("a").enabled, content("a").version),
        (Some(false), Some(7))
    );
    assert_eq!(
        (content("b").enabled, content("b").version),
        (Some(false), Some(1))
    );
}
