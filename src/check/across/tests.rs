//! Bundles of a few lines, and what is found in them.

use super::*;
use crate::check::Level::{Error, Note, Warning};
use crate::error::PathStep;
use crate::record::Record;

fn judged(lines: &[&str], target: &str, there: Present) -> Vec<Finding> {
    let mut across = Across::new(target.parse().unwrap(), there);
    let mut found = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        let location = Location {
            file: "x".into(),
            line: index as u64 + 1,
            ..Location::default()
        };
        across.bytes(line.len() as u64 + 1);
        match Record::parse(line, index as u64) {
            Ok(record) => found.extend(across.observe(&location, Facts::of(&record))),
            Err(_) => across.observe_unreadable(),
        }
    }
    found.extend(across.finish());
    // What is about the whole bundle stays last.
    found.sort_by_key(|finding| (finding.kind.is_none(), finding.location.line));
    found
}

fn spelt(pointer: &[PathStep]) -> String {
    let step = |step: &PathStep| match step {
        PathStep::Key(key) => format!("/{key}"),
        PathStep::Index(index) => format!("/{index}"),
    };
    pointer.iter().map(step).collect()
}

/// Line, level, code and pointer of each finding but that there are no details.
fn found(lines: &[&str], there: Present) -> Vec<(u64, Level, &'static str, String)> {
    judged(lines, "9.x", there)
        .into_iter()
        .filter(|finding| finding.problem.code != "no-details")
        .map(|finding| {
            let Finding {
                location, problem, ..
            } = finding;
            let pointer = spelt(&problem.pointer);
            assert!(
                crate::check::code(problem.code).is_some(),
                "{}",
                problem.code
            );
            (location.line, problem.level, problem.code, pointer)
        })
        .collect()
}

#[track_caller]
fn finds(lines: &[&str], expected: &[(u64, Level, &'static str, &str)]) {
    let expected: Vec<_> = expected
        .iter()
        .map(|(line, level, code, pointer)| (*line, *level, *code, (*pointer).to_owned()))
        .collect();
    assert_eq!(found(lines, Present::default()), expected);
}

fn messages(lines: &[&str], target: &str) -> Vec<String> {
    let findings = judged(lines, target, Present::default());
    let text = |finding: Finding| {
        format!(
            "{} | {}",
            finding.problem.message,
            finding.problem.hint.unwrap_or_default()
        )
    };
    findings.into_iter().map(text).collect()
}

const LIST: &str = r#"{"list_id":"l","type":"detection","namespace_type":"single"}"#;
const USER: &str = r#"{"rule_id":"a","version":1,"exceptions_list":[{"id":"1","list_id":"l","type":"detection","namespace_type":"single"}]}"#;
const ITEM: &str = r#"{"item_id":"i","list_id":"l","entries":[]}"#;
const CONNECTOR: &str =
    r#"{"id":"c","type":"action","attributes":{"actionTypeId":".slack","name":"C"}}"#;
const ACTOR: &str = r#"{"rule_id":"b","actions":[{"id":"system-connector-.cases"},{"id":"c"},{"id":"c","group":"default"}]}"#;

#[test]
fn a_bundle_that_has_all_it_needs_is_clean_in_any_order() {
    finds(&[USER, LIST, ITEM, ACTOR, CONNECTOR], &[]);
    finds(&[CONNECTOR, ITEM, LIST, ACTOR, USER], &[]);
    let defaulted = r#"{"list_id":"l","type":"detection"}"#;
    finds(&[USER, defaulted, ITEM], &[]);
}

#[test]
fn finds_what_stands_twice() {
    let agnostic = r#"{"list_id":"l","type":"detection","namespace_type":"agnostic"}"#;
    let other_item = r#"{"item_id":"i","list_id":"l","entries":[7]}"#;
    finds(
        &[USER, LIST, ITEM, USER, LIST, other_item],
        &[
            (4, Error, "duplicate-rule", "/rule_id"),
            (5, Error, "duplicate-list", "/list_id"),
            (6, Error, "duplicate-item", "/item_id"),
        ],
    );
    finds(
        &[ACTOR, CONNECTOR, CONNECTOR],
        &[(3, Error, "duplicate-connector", "/id")],
    );
    finds(
        &[USER, LIST, agnostic],
        &[
            (3, Error, "list-in-both-namespaces", "/list_id"),
            (3, Note, "agnostic-list", "/namespace_type"),
        ],
    );
    let mut across = Across::new(Target::default(), Present::default());
    for _ in 0..2 {
        let facts = Facts::of(&Record::parse(USER, 0).unwrap());
        assert_eq!(across.observe(&Location::default(), facts.refused()), None);
    }
    let moved = r#"{"item_id":"i","list_id":"m","entries":[]}"#;
    let second = r#"{"list_id":"m"}"#;
    finds(&[LIST, second, ITEM, moved], &[]);
}

#[test]
fn a_reference_must_have_id_namespace_and_type_of_its_list() {
    let with = |ty: &str, namespace: &str| {
        format!(
            r#"{{"rule_id":"a","exceptions_list":[{{"list_id":"z"}},{{"id":"1","list_id":"l","type":"{ty}","namespace_type":"{namespace}"}}]}}"#
        )
    };
    let z = r#"{"list_id":"z"}"#;
    finds(
        &[&with("rule_default", "single"), LIST, z],
        &[(1, Error, "list-type-mismatch", "/exceptions_list/1/type")],
    );
    finds(
        &[&with("detection", "agnostic"), LIST, z],
        &[(
            1,
            Error,
            "list-namespace-mismatch",
            "/exceptions_list/1/namespace_type",
        )],
    );
    finds(
        &[&with("detection", "single"), z],
        &[(1, Warning, "missing-list", "/exceptions_list/1/list_id")],
    );
}

#[test]
fn one_finding_speaks_for_all_that_miss_the_same() {
    let rules: Vec<String> = (0..5)
        .map(|n| {
            format!(
                r#"{{"rule_id":"r{n}","actions":[{{"id":"c"}}],"exceptions_list":[{{"list_id":"l","type":"detection"}}]}}"#
            )
        })
        .collect();
    let lines: Vec<&str> = rules.iter().map(String::as_str).collect();
    let messages = messages(&lines, "9.x");
    assert!(messages[0].starts_with(
        "5 rules refer to exception list `l` (single), which is not in the bundle: `r0`, `r1`, `r2` and 2 more | "
    ));
    assert!(messages[1].starts_with(
        "5 rules have actions through connector `c`, which is not in the bundle: `r0`, `r1`, `r2` and 2 more | a rule whose"
    ));
    assert_eq!(messages.len(), 3, "{messages:?}");
}

#[test]
fn older_kibana_lets_a_missing_connector_stop_every_rule() {
    for (target, stops) in [
        ("8.6", false),
        ("8.7", true),
        ("8.18", true),
        ("8.19", false),
        ("9.0", true),
        ("9.1", false),
    ] {
        let hint = "no rule of the file is imported";
        assert_eq!(
            messages(&[ACTOR], target)[0].contains(hint),
            stops,
            "{target}"
        );
    }
}

#[test]
fn what_the_target_has_is_not_missing() {
    let mut there = Present::default();
    for line in [LIST, CONNECTOR] {
        there.add(&Facts::of(&Record::parse(line, 0).unwrap()));
    }
    assert_eq!(found(&[USER, ITEM, ACTOR], there), []);
    let mut there = Present::default();
    for id in ["l", "c", "v", "d"] {
        there.add_id(id);
    }
    let item = r#"{"item_id":"j","list_id":"l","entries":[{"type":"list","list":{"id":"v","type":"ip"}}]}"#;
    let viewer = r#"{"rule_id":"v","type":"query","data_view_id":"d"}"#;
    assert_eq!(found(&[USER, ITEM, item, ACTOR, viewer], there), []);
    let mut there = Present::default();
    let wrong = r#"{"list_id":"l","type":"rule_default"}"#;
    there.add(&Facts::of(&Record::parse(wrong, 0).unwrap()));
    assert_eq!(found(&[USER], there)[0].2, "list-type-mismatch");
}

#[test]
fn items_must_have_their_list() {
    let agnostic = r#"{"item_id":"j","list_id":"l","namespace_type":"agnostic","entries":[]}"#;
    finds(
        &[LIST, ITEM, agnostic],
        &[(3, Error, "item-namespace-mismatch", "/list_id")],
    );
    finds(
        &[ITEM, r#"{"item_id":"j","list_id":"l","entries":[]}"#],
        &[(1, Warning, "item-without-list", "/list_id")],
    );
}

#[test]
fn names_what_no_export_holds() {
    let item = r#"{"item_id":"i","list_id":"l","entries":[{"type":"list","list":{"id":"v","type":"ip"}},{"list":{"id":"v"}}]}"#;
    let rules = [
        r#"{"rule_id":"1","type":"saved_query","saved_id":"s","timeline_id":"t"}"#,
        r#"{"rule_id":"2","type":"machine_learning","machine_learning_job_id":["j","k"],"data_view_id":"not read"}"#,
        r#"{"rule_id":"3","type":"machine_learning","machine_learning_job_id":"j"}"#,
        r#"{"rule_id":"4","type":"eql","data_view_id":"d","saved_id":"not read"}"#,
        r#"{"rule_id":"5","type":"esql","data_view_id":"not read"}"#,
    ];
    finds(
        &[LIST, item, rules[0], rules[1], rules[2], rules[3], rules[4]],
        &[
            (1, Note, "unused-list", ""),
            (2, Warning, "value-list", "/entries"),
            (3, Warning, "saved-query", "/saved_id"),
            (3, Note, "timeline", "/timeline_id"),
            (4, Note, "ml-job", "/machine_learning_job_id"),
            (4, Note, "ml-job", "/machine_learning_job_id"),
            (4, Note, "needs-licence", "/type"),
            (6, Warning, "data-view", "/data_view_id"),
        ],
    );
}

#[test]
fn names_what_nothing_uses_where_there_are_rules() {
    let rule = r#"{"rule_id":"r"}"#;
    let dashboard = r#"{"id":"d","type":"dashboard","attributes":{}}"#;
    finds(&[LIST, ITEM, CONNECTOR, dashboard], &[]);
    finds(
        &[rule, LIST, ITEM, CONNECTOR, dashboard],
        &[
            (2, Note, "unused-list", ""),
            (4, Note, "unused-connector", ""),
        ],
    );
}

#[test]
fn lists_of_kibana_itself() {
    let user = r#"{"rule_id":"r","exceptions_list":[{"list_id":"endpoint_list","type":"endpoint","namespace_type":"agnostic"}]}"#;
    finds(
        &[user],
        &[(
            1,
            Note,
            "reserved-list-reference",
            "/exceptions_list/0/list_id",
        )],
    );
    let apps = r#"{"list_id":"endpoint_trusted_apps","namespace_type":"agnostic"}"#;
    let app = r#"{"item_id":"i","list_id":"endpoint_trusted_apps","namespace_type":"agnostic","entries":[]}"#;
    let rule = r#"{"rule_id":"r"}"#;
    let artifacts = |level| (1, level, "endpoint-artifacts", "/list_id");
    finds(&[apps, app, rule], &[artifacts(Error)]);
    finds(&[apps, app], &[artifacts(Warning)]);
    let level = |target| {
        judged(&[apps, app], target, Present::default())[0]
            .problem
            .level
    };
    assert_eq!((level("9.3"), level("9.4")), (Error, Warning));
    let blocked = r#"{"list_id":"endpoint_blocklists","namespace_type":"agnostic"}"#;
    let both = [
        (1, Error, "endpoint-artifacts", "/list_id"),
        (2, Error, "endpoint-artifacts", "/list_id"),
    ];
    finds(&[apps, blocked], &both);
}

#[test]
fn details_are_held_against_what_they_close() {
    let rule = r#"{"rule_id":"r"}"#;
    let right = r#"{"exported_count":1,"exported_rules_count":1}"#;
    let found = |lines: &[&str]| -> Vec<(u64, Level, &str)> {
        judged(lines, "9.x", Present::default())
            .iter()
            .map(|finding| {
                (
                    finding.location.line,
                    finding.problem.level,
                    finding.problem.code,
                )
            })
            .collect()
    };
    assert_eq!(found(&[rule, right]), []);
    assert_eq!(found(&[]), []);
    assert_eq!(found(&[rule]), [(0, Note, "no-details")]);
    let more = r#"{"exported_count":2,"exported_rules_count":2.0,"missing_rules_count":1}"#;
    assert_eq!(
        found(&[rule, more]),
        [
            (2, Warning, "details-miscount"),
            (2, Warning, "details-miscount"),
            (2, Note, "missing-at-export")
        ]
    );
    assert_eq!(
        found(&[rule, r#"{"exported_count":0}"#]),
        [(2, Note, "details-miscount")]
    );
    let second = r#"{"rule_id":"s"}"#;
    assert_eq!(found(&[rule, right, second]), [(3, Note, "after-details")]);
    assert_eq!(
        found(&[rule, right, second, right]),
        [(4, Note, "several-details")]
    );
}

#[test]
fn limits_are_those_of_one_import() {
    let count = |rules: usize, items: usize, unreadable: usize| -> Vec<&'static str> {
        let mut across = Across::new(Target::default(), Present::default());
        let mut observe = |text: &str| {
            let record = Record::parse(text, 0).unwrap();
            assert_eq!(
                across.observe(&Location::default(), Facts::of(&record)),
                None
            );
        };
        observe(r#"{"list_id":"l"}"#);
        for n in 0..rules {
            observe(&format!(
                r#"{{"rule_id":"{n}","exceptions_list":[{{"list_id":"l"}}]}}"#
            ));
        }
        for n in 0..items {
            observe(&format!(r#"{{"item_id":"{n}","list_id":"l"}}"#));
        }
        for _ in 0..unreadable {
            across.observe_unreadable();
        }
        let findings = across.finish();
        let codes = findings.iter().map(|finding| finding.problem.code);
        codes.filter(|code| *code != "no-details").collect()
    };
    assert!(count(9999, 9998, 0).is_empty());
    assert_eq!(
        count(9999, 9999, 1),
        ["too-many-rules", "too-many-exceptions"]
    );
    let long = format!(r#"{{"rule_id":"a","note":"{}"}}"#, "n".repeat(10_485_000));
    assert!(
        messages(&[&long], "9.x")
            .iter()
            .any(|text| text.contains("`ruleferry split`"))
    );
    let shorter = format!(r#"{{"rule_id":"a","note":"{}"}}"#, "n".repeat(10_480_000));
    assert_eq!(messages(&[&shorter], "9.x").len(), 1);
}

#[test]
fn sums_up_links_and_prebuilt_rules_without_version() {
    let rules = [
        r#"{"rule_id":"1","immutable":true,"meta":{"kibana_siem_app_url":"https://kibana.example.com/s/blue"}}"#,
        r#"{"rule_id":"2","version":2,"rule_source":{"type":"external"},"meta":{"kibana_siem_app_url":"https://kibana.example.com/s/blue"}}"#,
        r#"{"rule_id":"3","meta":{"kibana_siem_app_url":""}}"#,
    ];
    finds(
        &rules,
        &[
            (1, Warning, "prebuilt-without-version", ""),
            (1, Note, "app-link", "/meta/kibana_siem_app_url"),
        ],
    );
}
