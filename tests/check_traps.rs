//! Does `check` see each trap of an import that a file shows? One bundle for each, run as a user does.
//!
//! Left out are traps that only a server or the way of sending shows: which records are there already, privileges, form fields, flags
//! of the request, time-outs.

#![cfg(test)]

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::Value;

/// What must be found: line (0 for the whole bundle), level, code, pointer.
type Finding<'f> = (u64, &'f str, &'f str, &'f str);

/// What `check` finds in a bundle, its exit code last.
fn check(args: &[&str], bundle: &str) -> (Vec<Value>, i32) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_ruleferry"))
        .args(["check", "--quiet", "--format", "json"])
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let bytes = bundle.as_bytes().to_vec();
    let writer = std::thread::spawn(move || _ = input.write_all(&bytes));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    let lines = String::from_utf8(output.stdout).unwrap();
    let found: Vec<Value> = lines
        .split_terminator('\n')
        .map(|line| serde_json::from_str(line).unwrap())
        .filter(|line: &Value| line.get("code").is_some())
        .collect();
    (found, output.status.code().unwrap())
}

/// Checks that these are found, each with a message, and that nothing else is an error.
#[track_caller]
fn finds(args: &[&str], lines: &[&str], expected: &[Finding<'_>]) {
    let (found, exit) = check(args, &(lines.join("\n") + "\n"));
    let as_told = |finding: &Value| {
        let text = |key: &str| finding[key].as_str().unwrap_or_default().to_owned();
        let line = finding["line"].as_u64().unwrap_or_default();
        (line, text("level"), text("code"), text("pointer"))
    };
    let told: Vec<_> = found.iter().map(as_told).collect();
    for &(line, level, code, pointer) in expected {
        let one = (line, level.into(), code.into(), pointer.into());
        assert!(told.contains(&one), "{one:?} is not among {told:#?}");
    }
    let errors = |level: &str| level == "error";
    let wanted = expected.iter().filter(|one| errors(one.1)).count();
    assert_eq!(
        told.iter().filter(|one| errors(&one.1)).count(),
        wanted,
        "{told:#?}"
    );
    assert_eq!(exit, if wanted > 0 { 4 } else { 0 });
    for finding in &found {
        assert!(
            finding["message"]
                .as_str()
                .is_some_and(|text| text.len() > 10),
            "{finding}"
        );
    }
}

/// A rule that nothing is wrong with, and these members.
fn rule(id: &str, more: &str) -> String {
    format!(
        r#"{{"rule_id":"{id}","type":"query","name":"n","description":"d","severity":"low","risk_score":1,"enabled":true{more}}}"#
    )
}

fn uses(list: &str, ty: &str, namespace: &str) -> String {
    format!(
        r#","exceptions_list":[{{"id":"x","list_id":"{list}","type":"{ty}","namespace_type":"{namespace}"}}]"#
    )
}

const LIST: &str =
    r#"{"list_id":"l","name":"n","description":"d","type":"detection","namespace_type":"single"}"#;
const ACTS: &str = r#","actions":[{"id":"c-1","action_type_id":".email","group":"default","params":{},"frequency":{"summary":true,"notifyWhen":"onActiveAlert","throttle":null}}]"#;

fn item(id: &str, more: &str) -> String {
    format!(
        r#"{{"item_id":"{id}","list_id":"l","name":"n","description":"d","type":"simple","entries":[{{"type":"exists","field":"f","operator":"included"}}]{more}}}"#
    )
}

fn connector(more: &str) -> String {
    format!(
        r#"{{"id":"c-1","type":"action","attributes":{{"actionTypeId":".email","name":"n","isMissingSecrets":true}},"references":[]{more}}}"#
    )
}

#[test]
fn traps_1_2_and_3_limits_of_one_import() {
    let long = rule("a", &format!(r#","note":"{}""#, "n".repeat(10_500_000)));
    finds(&[], &[&long], &[(0, "warning", "too-large", "")]);
    let rules: Vec<String> = (0..10_000).map(|n| rule(&n.to_string(), "")).collect();
    let lines: Vec<&str> = rules.iter().map(String::as_str).collect();
    finds(&[], &lines, &[(0, "error", "too-many-rules", "")]);
    finds(&[], &lines[1..], &[]);
    let items: Vec<String> = (0..9_999).map(|n| item(&n.to_string(), "")).collect();
    let mut lines = vec![LIST];
    lines.extend(items.iter().map(String::as_str));
    finds(&[], &lines, &[(0, "error", "too-many-exceptions", "")]);
}

#[test]
fn traps_5_and_11_an_action_without_its_connector() {
    let actor = rule("a", ACTS);
    let missing = (1, "warning", "missing-connector", "/actions/0/id");
    finds(&[], &[&actor], &[missing]);
    let (found, _) = check(&["--target", "8.10"], &actor);
    let hint = found.iter().find(|one| one["code"] == "missing-connector");
    assert!(
        hint.unwrap()["hint"]
            .as_str()
            .unwrap()
            .contains("no rule of the file")
    );
    assert!(
        check(&["--have", "c-1"], &actor)
            .0
            .iter()
            .all(|one| one["code"] != "missing-connector")
    );
}

#[test]
fn trap_6_an_export_without_details() {
    finds(&[], &[&rule("a", "")], &[(0, "note", "no-details", "")]);
}

#[test]
fn trap_10_secrets_that_no_export_has() {
    let at = "/attributes/isMissingSecrets";
    finds(
        &[],
        &[&rule("a", ACTS), &connector("")],
        &[(2, "note", "secrets-missing", at)],
    );
}

#[test]
fn trap_14_what_is_there_twice() {
    let (a, i, c) = (rule("a", ""), item("i", ""), connector(""));
    let lines = [&a, LIST, &i, &c, &a, LIST, &i, &c];
    finds(
        &[],
        &lines,
        &[
            (5, "error", "duplicate-rule", "/rule_id"),
            (6, "error", "duplicate-list", "/list_id"),
            (7, "error", "duplicate-item", "/item_id"),
            (8, "error", "duplicate-connector", "/id"),
        ],
    );
    // Kibana compares valid records alone.
    let refused = rule("a", r#","tags":1"#);
    finds(&[], &[&a, &refused], &[(2, "error", "wrong-type", "/tags")]);
}

#[test]
fn trap_15_a_reference_that_is_not_quite_the_list() {
    let at = |key: &str| format!("/exceptions_list/0/{key}");
    let other_type = rule("a", &uses("l", "rule_default", "single"));
    let found = (1, "error", "list-type-mismatch", &*at("type"));
    finds(&[], &[&other_type, LIST], &[found]);
    let elsewhere = rule("a", &uses("l", "detection", "agnostic"));
    let found = (
        1,
        "error",
        "list-namespace-mismatch",
        &*at("namespace_type"),
    );
    finds(&[], &[&elsewhere, LIST], &[found]);
}

#[test]
fn traps_16_and_18_a_list_that_no_line_holds() {
    let at = "/exceptions_list/0/list_id";
    let endpoint = rule("a", &uses("endpoint_list", "endpoint", "agnostic"));
    finds(
        &[],
        &[&endpoint],
        &[(1, "note", "reserved-list-reference", at)],
    );
    let stale = rule("a", &uses("gone", "detection", "single"));
    finds(&[], &[&stale], &[(1, "warning", "missing-list", at)]);
}

#[test]
fn trap_17_a_value_list() {
    let by_list = r#"{"item_id":"i","list_id":"l","name":"n","description":"d","type":"simple","entries":[{"type":"list","field":"f","operator":"included","list":{"id":"ips.txt","type":"ip"}}]}"#;
    finds(
        &[],
        &[LIST, by_list],
        &[(2, "warning", "value-list", "/entries")],
    );
}

#[test]
fn trap_19_details_of_other_exports() {
    let of_lists = r#"{"exported_exception_list_count":1,"exported_exception_list_item_count":0}"#;
    let of_objects = r#"{"exportedCount":1,"missingRefCount":0,"missingReferences":[]}"#;
    finds(
        &[],
        &[LIST, of_lists, of_objects],
        &[
            (
                2,
                "error",
                "foreign-details",
                "/exported_exception_list_count",
            ),
            (3, "error", "foreign-details", "/exportedCount"),
        ],
    );
}

#[test]
fn traps_20_and_21_keys_that_lists_and_items_may_not_have() {
    let list = LIST.replace('}', r#","immutable":true,"owner":"me"}"#);
    finds(
        &[],
        &[&list, &item("i", r#","version":1,"immutable":false"#)],
        &[
            (1, "error", "unknown-value", "/immutable"),
            (1, "error", "unknown-key", "/owner"),
            (2, "error", "unknown-key", "/version"),
            (2, "error", "unknown-key", "/immutable"),
        ],
    );
}

#[test]
fn trap_22_text_that_is_no_ndjson() {
    let marked = format!("\u{feff}{}", rule("a", ""));
    finds(
        &[],
        &[&marked, "null", "7", "{}{}", &rule("b", ""), "null"],
        &[
            (1, "error", "byte-order-mark", ""),
            (2, "error", "not-an-object", ""),
            (3, "error", "not-an-object", ""),
            (4, "error", "not-json", ""),
            (6, "note", "not-an-object", ""),
        ],
    );
}

#[test]
fn trap_23_a_name_that_is_not_taken() {
    let folder = tempfile::tempdir().unwrap();
    let named = |name: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, rule("a", "") + "\n").unwrap();
        let (found, _) = check(&[path.to_str().unwrap()], "");
        let found = found
            .into_iter()
            .find(|one| one["code"] == "file-extension");
        found.map(|found| found["kibana"].as_str().unwrap().to_owned())
    };
    assert_eq!(named("rules.json").unwrap(), "Invalid file extension .json");
    assert_eq!(named("rules").unwrap(), "Invalid file extension ");
    assert_eq!((named("rules.ndjson"), named("RULES.NDJSON")), (None, None));
}

#[test]
fn trap_25_an_id_that_is_no_uuid() {
    finds(
        &[],
        &[&rule("a", r#","id":"mine""#)],
        &[(1, "error", "wrong-format", "/id")],
    );
}

#[test]
fn trap_26_half_a_timeline() {
    let half = rule("a", r#","timeline_id":"t""#);
    let other = rule("b", r#","timeline_title":"T""#);
    let empty = rule("c", r#","timeline_id":"","timeline_title":"T""#);
    finds(
        &[],
        &[&half, &other, &empty],
        &[
            (1, "error", "timeline-pair", "/timeline_id"),
            (2, "error", "timeline-pair", "/timeline_title"),
            (3, "error", "timeline-empty", "/timeline_id"),
        ],
    );
}

#[test]
fn trap_27_a_rule_that_arrives_disabled() {
    let silent = rule("a", "").replace(r#","enabled":true"#, "");
    finds(&[], &[&silent], &[(1, "note", "enabled-absent", "")]);
}

#[test]
fn trap_28_a_prebuilt_rule() {
    let nameless = rule("a", r#","immutable":true"#);
    finds(
        &[],
        &[&nameless],
        &[(1, "warning", "prebuilt-without-version", "")],
    );
    let whole = rule("a", r#","immutable":true,"version":3"#);
    finds(&[], &[&whole], &[]);
    let found = (1, "error", "prebuilt-not-importable", "/immutable");
    finds(&["--target", "8.17"], &[&whole], &[found]);
}

#[test]
fn trap_29_an_older_import_that_overwrites() {
    let found = (0, "note", "overwrite-keeps", "");
    finds(&["--target", "8.12"], &[&rule("a", "")], &[found]);
}

#[test]
fn traps_30_and_31_what_overwriting_items_does() {
    let commented = item(
        "i",
        r#","comments":[{"comment":"c"}],"expire_time":"2030-01-01T00:00:00.000Z""#,
    );
    finds(
        &[],
        &[LIST, &commented],
        &[
            (2, "note", "comments-restamped", "/comments"),
            (2, "note", "expire-time-kept", "/expire_time"),
        ],
    );
}

#[test]
fn trap_33_items_without_their_list() {
    finds(
        &[],
        &[&item("i", "")],
        &[(1, "warning", "item-without-list", "/list_id")],
    );
}

#[test]
fn trap_34_a_connector_that_came_from_another() {
    let derived = connector(r#","originId":"c-0""#);
    let found = |level| [(1, level, "origin-id", "/originId")];
    finds(&["--target", "9.0"], &[&derived], &found("warning"));
    finds(&["--target", "9.1"], &[&derived], &found("note"));
}

#[test]
fn trap_35_links_to_the_old_place() {
    let url = "https://kibana.example.com/s/blue/app/security";
    let linked = ACTS.replace(
        r#""params":{}"#,
        &format!(r#""params":{{"message":"{url}"}}"#),
    );
    let meta = format!(r#","meta":{{"kibana_siem_app_url":"{url}"}}{linked}"#);
    finds(
        &[],
        &[&rule("a", &meta), &connector("")],
        &[
            (1, "note", "app-link", "/meta/kibana_siem_app_url"),
            (1, "note", "deep-link", "/actions"),
        ],
    );
}

#[test]
fn trap_36_ids_that_queries_stumble_over() {
    let found = (1, "warning", "special-characters", "/rule_id");
    finds(&[], &[&rule("a (copy)", "")], &[found]);
}

#[test]
fn trap_38_newer_lines_for_an_older_kibana() {
    let newer = rule(
        "a",
        r#","revision":2,"alert_suppression":{"group_by":["host.name"]}"#,
    );
    finds(
        &["--target", "8.7"],
        &[&newer, &connector(r#","coreMigrationVersion":"8.8.0""#)],
        &[
            (1, "warning", "newer-than-target", "/alert_suppression"),
            (2, "warning", "newer-than-target", "/coreMigrationVersion"),
        ],
    );
}
