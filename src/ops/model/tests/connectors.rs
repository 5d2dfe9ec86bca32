//! What becomes of connectors (§6.3), and of the ids of connectors in rules (§6.4).

use super::super::{Id, Note};
use super::*;

const IN_CONFLICT: &str = "409 c: Saved Object already exists";

/// Replaces connectors only.
const CONNECTORS: Overwrite = Overwrite {
    connectors: true,
    ..KEEP
};

fn errors(answer: &Answer) -> Vec<String> {
    told(&answer.connectors.as_ref().unwrap().errors)
}

fn count(answer: &Answer) -> u64 {
    answer.connectors.as_ref().unwrap().success_count
}

#[test]
fn an_id_that_is_nowhere_is_kept() {
    let mut model = space("9.1", &[]);
    let predicted = import(&mut model, KEEP, &[SECRETLESS]);
    assert_eq!(count(answer(&predicted)), 1);
    assert_eq!(outcomes(&predicted), [(0, Outcome::Created)]);
    assert_eq!(predicted.records[0].notes, [Note::NeedsSecrets]);
    assert!(model.connectors().any(|(id, _)| *id == Id::from("c")));
}

#[test]
fn an_id_of_the_space_is_a_conflict_or_loses_its_secrets() {
    let mut model = space("9.1", &[]);
    model.add_connector("c", connector(None, "Chat", false));
    let answer = answered(&mut model, KEEP, &[SECRETLESS]);
    assert_eq!(
        (errors(&answer), count(&answer)),
        (vec![IN_CONFLICT.to_owned()], 0)
    );
    assert!(answer.success, "connectors do not count for rules");
    let predicted = import(&mut model, CONNECTORS, &[SECRETLESS]);
    assert_eq!(outcomes(&predicted), [(0, Outcome::Overwritten)]);
    assert!(predicted.records[0].notes.contains(&Note::LosesSecrets));
    assert!(model.connectors().all(|(_, it)| it.is_missing_secrets));
}

#[test]
fn an_id_of_another_space_becomes_a_new_one_and_rules_follow() {
    let mut model = space("9.1", &[]);
    model.add_connector_elsewhere("c");
    let line = rule("a", &action("c"));
    let predicted = import(&mut model, KEEP, &[CONNECTOR, &line]);
    let answer = answer(&predicted);
    assert_eq!(
        (errors(answer).len(), count(answer), answer.success_count),
        (0, 1, 1)
    );
    assert_eq!(predicted.records[0].notes, [Note::GetsNewId]);
    let (id, made) = model.connectors().next().unwrap();
    assert!(matches!(id, Id::New(_)) && made.origin.as_deref() == Some("c"));
    assert_eq!(
        model.rule("a").unwrap().content.actions[0]
            .connector
            .as_ref(),
        Some(id)
    );
    // The next file into the space finds it by its origin.
    assert_eq!(
        errors(&answered(&mut model, KEEP, &[CONNECTOR])),
        [IN_CONFLICT]
    );
}

#[test]
fn one_connector_of_that_origin_is_a_conflict_or_overwritten() {
    let mut model = space("9.1", &[]);
    model.add_connector("here", connector(Some("c"), "Mail", false));
    assert_eq!(
        errors(&answered(&mut model, KEEP, &[CONNECTOR])),
        [IN_CONFLICT]
    );
    let predicted = import(&mut model, CONNECTORS, &[CONNECTOR]);
    assert_eq!(outcomes(&predicted), [(0, Outcome::Overwritten)]);
    let all: Vec<_> = model.connectors().collect();
    assert_eq!((all.len(), all[0].0), (1, &Id::from("here")));
    assert_eq!(all[0].1.origin.as_deref(), Some("c"));
}

#[test]
fn one_of_that_origin_that_is_in_the_file_itself_does_not_count() {
    let mut model = space("9.1", &[]);
    model.add_connector("here", connector(Some("c"), "Mail", false));
    let here = CONNECTOR.replace("\"c\"", "\"here\"");
    let answer = answered(&mut model, CONNECTORS, &[CONNECTOR, &here]);
    assert_eq!((errors(&answer).len(), count(&answer)), (0, 2));
    assert_eq!(model.connectors().count(), 2);
}

#[test]
fn two_connectors_of_that_origin_are_a_conflict_whatever_may_be_overwritten() {
    let mut model = space("9.1", &[]);
    for id in ["one", "two"] {
        model.add_connector(id, connector(Some("c"), "Mail", false));
    }
    for overwrite in [KEEP, CONNECTORS] {
        assert_eq!(
            errors(&answered(&mut model, overwrite, &[CONNECTOR])),
            [IN_CONFLICT]
        );
    }
}

#[test]
fn one_conflict_keeps_every_connector_out_though_they_are_counted() {
    let mut model = space("9.1", &[]);
    model.add_connector("c", connector(None, "Mail", false));
    let new = CONNECTOR.replace("\"c\"", "\"new\"");
    let line = rule("a", &action("new"));
    let predicted = import(&mut model, KEEP, &[CONNECTOR, &new, &line]);
    let answer = answer(&predicted);
    assert_eq!(
        (errors(answer), count(answer)),
        (vec![IN_CONFLICT.to_owned()], 1)
    );
    let words = "Rule actions reference the following missing action IDs: new";
    assert_eq!(told(&answer.errors), [format!("404 a: {words}")]);
    assert_eq!(model.connectors().count(), 1);
    assert_eq!(outcomes(&predicted)[1], (1, Outcome::Refused));
}

#[test]
fn the_same_id_twice_fails_the_request_after_exceptions() {
    let mut model = space("9.1", &[]);
    let predicted = import(&mut model, KEEP, &[LIST, CONNECTOR, CONNECTOR]);
    assert_eq!(predicted.reply.status(), 500);
    // What was done before stays done.
    assert_eq!(
        outcomes(&predicted),
        [
            (0, Outcome::Created),
            (1, Outcome::Failed),
            (2, Outcome::Failed)
        ]
    );
}

#[test]
fn what_is_no_connector_is_not_refused_for_that() {
    let odd = CONNECTOR.replace("\"action\"", "\"alert\"");
    let dashboard = CONNECTOR.replace("\"action\"", "\"dashboard\"");
    let lacking = CONNECTOR.replace(
        "\"attributes\"",
        r#""references":[{"type":"index-pattern","id":"x"}],"attributes""#,
    );
    let of = |line: &str| errors(&answered(&mut space("9.1", &[]), KEEP, &[line]));
    assert_eq!(of(&odd), ["400 c: Unsupported SO action type"]);
    assert_eq!(of(&lacking), ["400 c: Missing SO references"]);
    assert!(of(&dashboard).is_empty());
}

#[test]
fn warnings_count_connectors_without_secrets() {
    let second = SECRETLESS.replace("\"c\"", "\"d\"");
    let answer = answered(&mut space("9.1", &[]), KEEP, &[SECRETLESS, &second]);
    let words = "2 connectors have sensitive information that require updates.";
    let warnings = answer.connectors.unwrap().warnings;
    assert_eq!(warnings, [Message::Exact(words.into())]);
}

#[test]
fn a_line_of_a_newer_kibana_fails_the_request() {
    let line = |core: &str| {
        CONNECTOR.replace(
            "\"attributes\"",
            &format!(r#""coreMigrationVersion":"{core}","attributes""#),
        )
    };
    assert_eq!(failure(&mut space("9.1", &[]), &[&line("9.9.0")]).0, 422);
    assert!(answered(&mut space("9.1", &[]), KEEP, &[&line("8.8.0")]).success);
}

#[test]
fn newer_servers_remove_connectors_for_their_ids() {
    let taken = CONNECTOR.replace("\"c\"", "\"pre\"");
    let odd = CONNECTOR.replace("\"c\"", "\"Odd_Id\"");
    for (version, kept, warnings) in [("9.1", 2, 0), ("9.6", 0, 2)] {
        let mut model = space(version, &[]);
        model.server.preconfigured.insert("pre".into());
        let answer = answered(&mut model, KEEP, &[&taken, &odd]);
        let connectors = answer.connectors.unwrap();
        assert_eq!(
            (connectors.success_count, connectors.warnings.len()),
            (kept, warnings)
        );
        assert!(connectors.success);
    }
}

#[test]
fn origin_ids_in_a_file_count_only_where_they_are_not_stripped() {
    let line = CONNECTOR.replace("\"attributes\"", r#""originId":"first","attributes""#);
    for (version, origin) in [("9.1", None), ("8.18", Some("first"))] {
        let mut model = space(version, &[]);
        let user = rule("a", &action("c"));
        assert!(answered(&mut model, KEEP, &[&line, &user]).success);
        let made = model.connectors().next().unwrap().1;
        assert_eq!(made.origin.as_deref(), origin, "{version}");
    }
}
