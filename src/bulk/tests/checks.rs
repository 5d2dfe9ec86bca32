use crate::bulk::testing::Expected::{Becomes, Fails};
use crate::bulk::testing::{edited, edits, request, rule};
use crate::bulk::{Customization, License};

const TYPES: [&str; 8] = [
    "query",
    "saved_query",
    "eql",
    "threat_match",
    "new_terms",
    "threshold",
    "machine_learning",
    "esql",
];

#[test]
fn each_edit_is_for_the_types_it_is_for() {
    let suppress = r#"{"type":"set_alert_suppression","value":{"group_by":["a"]}}"#;
    let threshold = r#"{"type":"set_alert_suppression_for_threshold","value":{"duration":{"value":1,"unit":"s"}}}"#;
    let indices = [
        ("add", "added", "[]"),
        ("delete", "deleted", r#"["a"]"#),
        ("set", "overwritten", "[]"),
    ];
    for kind in TYPES {
        for (name, done, value) in indices {
            let edit = format!(r#"{{"type":"{name}_index_patterns","value":{value}}}"#);
            let errors = edits(&edit)
                .run(&rule(kind, 1, r#""index":["b"]"#))
                .errors();
            let live = |who| {
                format!(
                    "Index patterns can't be {done}. {who} rule doesn't have index patterns property"
                )
            };
            let expected = match kind {
                "machine_learning" => Some(live("Machine learning")),
                "esql" => Some(live("ES|QL")),
                _ if value == "[]" && name == "set" => {
                    Some("Mutated params invalid: Index patterns can't be empty".into())
                }
                _ => None,
            };
            assert_eq!(
                errors.first().map(|error| error.0.clone()),
                expected,
                "{kind} {edit}"
            );
        }
        let error = |edit: &str| edits(edit).run(&rule(kind, 1, "")).errors();
        let expected = "Threshold rule doesn't support this action. Use 'set_alert_suppression_for_threshold' action instead";
        let found = error(suppress).first().map(|error| error.0.clone());
        assert_eq!(found, (kind == "threshold").then(|| expected.to_owned()));
        let expected = format!(
            "{kind} rule type doesn't support this action. Use 'set_alert_suppression' action instead."
        );
        let found = error(threshold).first().map(|error| error.0.clone());
        assert_eq!(found, (kind != "threshold").then_some(expected));
    }
}

#[test]
fn a_dry_run_has_its_own_texts_and_codes_in_kibanas_order() {
    let threshold = r#"{"type":"set_alert_suppression_for_threshold","value":{"duration":{"value":1,"unit":"s"}}}"#;
    let index = r#"{"type":"add_index_patterns","value":[]}"#;
    let suppress = r#"{"type":"set_alert_suppression","value":{"group_by":["a"]}}"#;
    let both = format!("{threshold},{index}");
    let cases = [
        (
            "machine_learning",
            both.as_str(),
            "Machine learning rule doesn't have index patterns",
            "MACHINE_LEARNING_INDEX_PATTERN",
        ),
        (
            "esql",
            &both,
            "ES|QL rule doesn't have index patterns",
            "ESQL_INDEX_PATTERN",
        ),
        (
            "threshold",
            suppress,
            "Threshold rule doesn't support this action. Use 'set_alert_suppression_for_threshold' action instead",
            "THRESHOLD_RULE_TYPE_IN_SUPPRESSION",
        ),
        (
            "eql",
            threshold,
            "Rule type doesn't support this action. Use 'set_alert_suppression' action instead.",
            "UNSUPPORTED_RULE_IN_SUPPRESSION_FOR_THRESHOLD",
        ),
    ];
    for (kind, edit, text, code) in cases {
        let ran = edits(edit).dry_run().run(&rule(kind, 1, ""));
        assert_eq!(
            ran.errors(),
            [(text.to_owned(), 500, Some(code.to_owned()))],
            "{kind}"
        );
        assert_eq!(ran.counts(), [1, 0, 0, 1]);
    }
}

#[test]
fn a_dry_run_does_not_see_what_only_a_result_shows() {
    let blind = [
        (r#"{"type":"add_tags","value":[]}"#, ""),
        (
            r#"{"type":"set_index_patterns","value":[]}"#,
            r#""index":["a"]"#,
        ),
        (
            r#"{"type":"set_schedule","value":{"interval":"2h","lookback":"1m"}}"#,
            r#""actions":[{"id":"x","params":{},"frequency":{"summary":true,"notifyWhen":"onThrottleInterval","throttle":"1h"}}]"#,
        ),
    ];
    for (edit, members) in blind {
        let ran = edits(edit).dry_run().run(&rule("query", 1, members));
        assert_eq!(
            ran.answer,
            r#"{"success":true,"rules_count":1,"attributes":{"results":{"updated":[],"created":[],"deleted":[],"skipped":[]},"summary":{"failed":0,"succeeded":1,"skipped":0,"total":1}}}"#
        );
    }
}

const LICENCE: &str =
    "Your license does not support machine learning. Please upgrade your license.";

#[test]
fn machine_learning_needs_its_licence() {
    let line = rule("machine_learning", 1, r#""tags":[]"#);
    let code = Some("MACHINE_LEARNING_AUTH".to_owned());
    for (level, fails) in [
        (None, false),
        (Some(License::Basic), true),
        (Some(License::Standard), true),
        (Some(License::Gold), true),
        (Some(License::Platinum), false),
        (Some(License::Trial), false),
    ] {
        for (action, is_coded) in [
            ("enable", true),
            ("disable", true),
            ("duplicate", true),
            ("delete", false),
        ] {
            for dry_run in [false, true] {
                let ran = request(format!(r#"{{"action":"{action}","query":""}}"#))
                    .with(|settings| {
                        settings.license = level;
                        settings.dry_run = dry_run;
                    })
                    .run(&line);
                let expected: Vec<_> = (fails && is_coded)
                    .then(|| (LICENCE.to_owned(), 403, code.clone()))
                    .into_iter()
                    .collect();
                assert_eq!(ran.errors(), expected, "{action} {level:?}");
            }
        }
        let tag = || {
            edits(r#"{"type":"add_tags","value":["a"]}"#).with(|settings| settings.license = level)
        };
        let expected = |status, code| -> Vec<_> {
            let error = fails.then(|| (LICENCE.to_owned(), status, code));
            error.into_iter().collect()
        };
        assert_eq!(tag().run(&line).errors(), expected(500, None));
        assert_eq!(
            tag().dry_run().run(&line).errors(),
            expected(403, code.clone())
        );
    }
}

#[test]
fn an_error_of_an_attribute_comes_before_the_checks_and_the_params() {
    let line = rule(
        "machine_learning",
        1,
        r#""immutable":true,"actions":[{"id":"x","params":{},"frequency":{"summary":true,"notifyWhen":"onThrottleInterval","throttle":"1h"}}]"#,
    );
    let edit = r#"{"type":"add_index_patterns","value":["a"]},{"type":"set_schedule","value":{"interval":"2h","lookback":"1m"}}"#;
    let licence = |level| move |settings: &mut crate::bulk::Settings| settings.license = level;
    let text = |ran: crate::bulk::testing::Ran| ran.errors()[0].0.clone();
    assert_eq!(
        text(edits(edit).with(licence(Some(License::Basic))).run(&line)),
        r#"Error updating rule with ID "i": the interval 2h is longer than the action frequencies"#
    );
    let short = edit.replace("2h", "1h");
    assert_eq!(
        text(edits(&short).with(licence(Some(License::Basic))).run(&line)),
        LICENCE
    );
    assert_eq!(
        text(edits(&short).run(&line)),
        "Elastic rule can't be edited"
    );
    let on = |settings: &mut crate::bulk::Settings| settings.customization = Customization::On;
    assert_eq!(
        text(edits(&short).with(on).run(&line)),
        "Index patterns can't be added. Machine learning rule doesn't have index patterns property"
    );
}

#[test]
fn an_enforced_interval_is_checked_on_every_edit() {
    let tag = || {
        edits(r#"{"type":"add_tags","value":["a"]}"#)
            .with(|settings| settings.min_interval = Some("1m".parse().unwrap()))
    };
    let text = "Error updating rule: the interval is less than the allowed minimum interval of 1m";
    assert_eq!(
        tag().run(&rule("query", 1, r#""interval":"30s""#)).errors()[0].0,
        text
    );
    // Also on one that has no effect.
    assert_eq!(
        tag()
            .run(&rule("query", 1, r#""interval":"30s","tags":["a"]"#))
            .errors()[0]
            .0,
        text
    );
    for fine in [r#""interval":"60s""#, r#""interval":"1d""#, ""] {
        assert_eq!(
            tag().run(&rule("query", 1, fine)).counts(),
            [0, 1, 0, 1],
            "{fine}"
        );
    }
    edited(
        "query",
        r#"{"type":"add_tags","value":["a"]}"#,
        r#""interval":"1s""#,
        &Becomes(r#""interval":"1s","tags":["a"]"#),
    );
    edited(
        "query",
        r#"{"type":"add_tags","value":["a"]}"#,
        r#""tags":["b",1]"#,
        &Fails("`tags` must be an array of strings, found a number among them"),
    );
}
