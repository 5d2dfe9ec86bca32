use crate::bulk::Customization;
use crate::bulk::testing::{Case, edits, rule};

fn on(case: Case) -> Case {
    case.with(|settings| settings.customization = Customization::On)
}

/// A prebuilt rule with this source; its version, which stays, and its revision.
fn prebuilt(revision: u64, source: &str, members: &str) -> String {
    rule(
        "query",
        7,
        &format!(r#""immutable":true,"rule_source":{source}{members}"#),
    )
    .replace(r#""revision":7"#, &format!(r#""revision":{revision}"#))
}

const ACTION: &str = r#"{"type":"add_rule_actions","value":{"actions":[{"id":"mail","group":"default","params":{}}]}}"#;
const CLEAR: &str = r#"{"type":"set_rule_actions","value":{"actions":[]}}"#;
const TAG: &str = r#"{"type":"add_tags","value":["a"]}"#;

#[test]
fn elastics_own_rules_take_actions_alone_unless_they_may_be_edited() {
    let source = r#"{"type":"external","is_customized":false}"#;
    let line = prebuilt(7, source, r#","actions":[{"id":"x","params":{}}]"#);
    let error = |code: Option<&str>| {
        vec![(
            "Elastic rule can't be edited".to_owned(),
            500,
            code.map(Into::into),
        )]
    };
    for edit in [TAG.to_owned(), format!("{CLEAR},{TAG}")] {
        assert_eq!(edits(&edit).run(&line).errors(), error(None));
        assert_eq!(
            edits(&edit).dry_run().run(&line).errors(),
            error(Some("PREBUILT_CUSTOMIZATION_LICENSE"))
        );
    }
    let cleared = prebuilt(8, source, r#","actions":[]"#);
    assert_eq!(edits(CLEAR).run(&line).output, cleared);
    let connect = |case: Case| {
        case.with(|settings| {
            settings.connectors.insert("mail".into(), ".email".into());
        })
    };
    let both = format!("{CLEAR},{ACTION}");
    assert_eq!(connect(edits(&both)).run(&line).counts(), [0, 1, 0, 1]);
    assert_eq!(
        edits(TAG).dry_run().run(&rule("query", 1, "")).counts(),
        [0, 1, 0, 1]
    );
    assert_eq!(on(edits(TAG)).run(&line).counts(), [0, 1, 0, 1]);
}

#[test]
fn an_edit_of_a_compared_field_customises() {
    let short = r#"{"type":"external","is_customized":false}"#;
    let long = r#"{"type":"external","is_customized":false,"customized_fields":[],"has_base_version":true}"#;
    let done = r#"{"type":"external","is_customized":true,"customized_fields":[{"field_name":"name"}],"has_base_version":true}"#;
    let same_timeline =
        r#"{"type":"set_timeline","value":{"timeline_id":"x","timeline_title":"X"}}"#;
    let timeline = r#","timeline_id":"x","timeline_title":"X""#;
    let tagged = r#","tags":["a"]"#;
    let cases = [
        (
            TAG,
            prebuilt(7, short, ""),
            prebuilt(8, r#"{"type":"external","is_customized":true}"#, tagged),
        ),
        (
            TAG,
            prebuilt(7, long, ""),
            prebuilt(
                8,
                r#"{"type":"external","is_customized":true,"customized_fields":[],"has_base_version":false}"#,
                tagged,
            ),
        ),
        // It stays customised, and what the file knows of that stays too.
        (TAG, prebuilt(7, done, ""), prebuilt(8, done, tagged)),
        (
            CLEAR,
            prebuilt(7, short, r#","actions":[{"id":"x","params":{}}]"#),
            prebuilt(8, short, r#","actions":[]"#),
        ),
        // It counts as an edit, but nothing differs.
        (
            same_timeline,
            prebuilt(7, short, timeline),
            prebuilt(8, short, timeline),
        ),
    ];
    for (edit, before, after) in cases {
        assert_eq!(on(edits(edit)).run(&before).output, after, "{edit}");
    }
}

#[test]
fn a_custom_rule_gets_the_source_of_one() {
    let before = rule(
        "query",
        1,
        r#""immutable":false,"rule_source":{"type":"internal","x":1}"#,
    );
    let after = rule(
        "query",
        2,
        r#""immutable":false,"rule_source":{"type":"internal"},"tags":["a"]"#,
    );
    assert_eq!(edits(TAG).run(&before).output, after);
    // What the rule lacks, an import gives it.
    let bare = r#"{"rule_id":"r","type":"query"}"#;
    assert_eq!(
        edits(TAG).run(bare).output,
        r#"{"rule_id":"r","type":"query","tags":["a"]}"#
    );
    let wrong = r#"{"rule_id":"r","type":"query","version":"1"}"#;
    assert_eq!(
        edits(TAG).run(wrong).errors()[0].0,
        "`version` must be a whole number, found a string"
    );
}
