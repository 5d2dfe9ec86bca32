//! Servers before 8.19 and 9.1, where connectors come before rules (§3.6), and before 8.7, where there are none.

use super::super::Id;
use super::*;

#[test]
fn one_missing_connector_keeps_every_rule_out() {
    let mut model = space("8.18", &[]);
    let lines = [rule("a", &action("gone")), rule("b", ""), "x".to_owned()];
    let predicted = import(&mut model, KEEP, &lines.each_ref().map(String::as_str));
    let answer = answer(&predicted);
    let missing = "404 gone a: 1 connector is missing. Connector id missing is: gone";
    // Errors of lines that cannot be read are hidden too.
    assert_eq!(told(&answer.errors), [missing]);
    assert_eq!(told(&answer.connectors.as_ref().unwrap().errors), [missing]);
    assert_eq!(
        (answer.success, answer.success_count, answer.rules_count),
        (false, 0, 3)
    );
    assert!(model.rule("b").is_none());
    assert!(
        outcomes(&predicted)
            .iter()
            .all(|(_, outcome)| *outcome == Outcome::Refused)
    );
}

#[test]
fn several_missing_connectors_are_told_in_one_entry() {
    let mut model = space("9.0", &[]);
    let lines = [
        rule("a", &action("x")),
        rule("b", &action("y")),
        rule("c", &action("x")),
    ];
    let answer = answered(&mut model, KEEP, &lines.each_ref().map(String::as_str));
    let words = "2 connectors are missing. Connector ids missing are: x, y";
    assert_eq!(told(&answer.errors), [format!("404 x,y a,c,b: {words}")]);
}

#[test]
fn connectors_are_imported_only_where_a_rule_has_actions() {
    let mut model = space("8.18", &[]);
    let answer = answered(&mut model, KEEP, &[CONNECTOR, &rule("a", "")]);
    assert_eq!(
        (
            answer.success_count,
            answer.connectors.unwrap().success_count
        ),
        (1, 0)
    );
    assert_eq!(model.connectors().count(), 0);
    let answer = answered(&mut model, KEEP, &[CONNECTOR, &rule("b", &action("c"))]);
    assert_eq!(
        (
            answer.success_count,
            answer.connectors.unwrap().success_count
        ),
        (1, 1)
    );
}

#[test]
fn with_overwrite_and_no_connector_in_the_file_those_that_exist_are_missing() {
    let mut model = space("8.18", &[]);
    model.add_connector("c", connector(None, "Mail", false));
    let line = rule("a", &action("c"));
    let answer = answered(&mut model, REPLACE, &[&line]);
    let words = "1 connector is missing. Connector id missing is: c";
    assert_eq!(told(&answer.errors), [format!("404 c a: {words}")]);
    assert!(answered(&mut model, KEEP, &[&line]).success);
}

#[test]
fn without_overwrite_connectors_that_exist_are_passed_over() {
    let mut model = space("8.18", &[]);
    model.add_connector("c", connector(None, "Mail", false));
    let new = CONNECTOR.replace("\"c\"", "\"new\"");
    let lines = [
        CONNECTOR,
        &new,
        &rule("a", &action("c")),
        &rule("b", &action("new")),
    ];
    let answer = answered(&mut model, KEEP, &lines);
    let connectors = answer.connectors.unwrap();
    assert_eq!((connectors.success, connectors.success_count), (true, 1));
    assert_eq!(answer.success_count, 2);
}

#[test]
fn completeness_is_checked_only_where_lines_are_fewer_than_new_ids() {
    // One line and one new id: nothing is checked, and the rule fails when it is made.
    let mut model = space("8.18", &[]);
    let answer = answered(&mut model, KEEP, &[CONNECTOR, &rule("a", &action("gone"))]);
    assert_eq!(
        (told(&answer.errors), answer.success_count),
        (vec!["400 a?".to_owned()], 0)
    );
}

#[test]
fn an_id_that_moves_loses_the_ids_that_did_not() {
    let mut model = space("8.18", &[]);
    model.add_connector_elsewhere("c");
    model.add_connector("here", connector(None, "Mail", false));
    let lines = [
        CONNECTOR,
        &rule("a", &action("c")),
        &rule("b", &action("here")),
    ];
    let answer = answered(&mut model, KEEP, &lines);
    assert_eq!(told(&answer.errors), ["400 b?"]);
    let action = &model.rule("a").unwrap().content.actions[0];
    assert!(matches!(action.connector, Some(Id::New(_))));
}

#[test]
fn what_is_said_of_references_comes_first() {
    let reference = r#""exceptions_list":[{"id":"x","list_id":"l","type":"detection","namespace_type":"single"}]"#;
    let lines = [rule("a", ""), rule("b", reference)];
    let lines = lines.each_ref().map(String::as_str);
    for (version, first) in [("8.18", "400 b"), ("9.1", "409 a")] {
        let mut model = space(version, &[&stored("a", "")]);
        let answer = answered(&mut model, KEEP, &lines);
        assert!(told(&answer.errors)[0].starts_with(first), "{version}");
    }
}

#[test]
fn before_8_7_there_are_no_connectors_and_lists_count() {
    let mut model = space("8.6", &[]);
    let lines = [
        LIST,
        ITEM,
        CONNECTOR,
        &rule("a", ""),
        &rule("b", &action("c")),
    ];
    let answer = answered(&mut model, KEEP, &lines);
    assert_eq!(answer.connectors, None);
    assert_eq!(answer.exceptions.success_count, 2);
    assert_eq!((answer.rules_count, answer.success_count), (3, 1));
    assert_eq!(told(&answer.errors), ["400 (unknown id)?", "404 b?"]);
    let body = Reply::Answered(answer).to_json();
    assert!(body.get("action_connectors_success").is_none());
}

#[test]
fn before_8_13_overwriting_is_a_patch() {
    let kept = stored("a", &action("c"));
    let lines = [rule("a", r#""tags":["t"]"#)];
    for (version, actions) in [("8.12", 1), ("8.13", 0)] {
        let mut model = space(version, &[&kept]);
        model.add_connector("c", connector(None, "Mail", false));
        assert!(answered(&mut model, REPLACE, &lines.each_ref().map(String::as_str)).success);
        let content = &model.rule("a").unwrap().content;
        assert_eq!(content.actions.len(), actions, "{version}");
        assert_eq!(content.rest.is_some(), version == "8.13");
    }
}

#[test]
fn before_8_13_a_line_that_says_nothing_of_lists_leaves_references() {
    let reference = r#""exceptions_list":[{"id":"L","list_id":"l","type":"detection","namespace_type":"single"}]"#;
    let kept = stored("a", reference);
    for (version, more, references) in [
        ("8.12", "", 1),
        ("8.12", r#""exceptions_list":[]"#, 0),
        ("8.13", "", 0),
    ] {
        let mut model = space(version, &[LIST, &kept]);
        assert!(answered(&mut model, REPLACE, &[&rule("a", more)]).success);
        let content = &model.rule("a").unwrap().content;
        assert_eq!(content.references.len(), references, "{version} {more}");
    }
}
