//! `patch` as users run it: what is written where, and how it ends.

#![cfg(test)]

#[path = "support/command.rs"]
mod command;

use command::{Folder, Ran, zstd};
use serde_json::Value;

const RULES: &str = concat!(
    "{\"rule_id\":\"a\",\"type\":\"query\",\"revision\":0, \"name\":\"A\"}\n",
    "{\"rule_id\":\"b\",\"type\":\"eql\",\"revision\":1.0,\"name\":\"B\"}\r\n",
    "{\"list_id\":\"a\",\"type\":\"detection\"}\n",
    "{\"exported_count\":3,\"exported_rules_count\":2}"
);

/// A folder with the rules and this request.
fn folder(request: &str) -> Folder {
    let folder = Folder::new();
    folder.write("in.ndjson", RULES);
    folder.write("request.json", request);
    folder
}

fn patch(folder: &Folder, more: &[&str]) -> Ran {
    folder.run(
        &[&["patch", "--request", "request.json"], more].concat(),
        b"",
    )
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[test]
fn untouched_lines_leave_as_they_came() {
    let folder = folder(r#"[{"rule_id":"b","name":"C"}]"#);
    let ran = patch(&folder, &["in.ndjson"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let expected = RULES.replace("1.0,\"name\":\"B\"", "2,\"name\":\"C\"");
    assert_eq!(text(&ran.stdout), expected);
    assert!(
        ran.stderr
            .ends_with("1 partial rule for a bundle of 2 rules: 1 patched\n"),
        "{}",
        ran.stderr
    );
}

#[test]
fn the_answer_has_the_order_of_the_request() {
    let folder = folder(r#"[{"rule_id":"b","name":"C"},{"rule_id":"x"},{"rule_id":"a"}]"#);
    let ran = patch(
        &folder,
        &["in.ndjson", "-o", "out.ndjson", "--response", "answer.json"],
    );
    assert_eq!(ran.code, Some(3), "{}", ran.stderr);
    let answer: Value = serde_json::from_slice(&folder.read("answer.json")).unwrap();
    assert_eq!(
        (&answer[0]["name"], &answer[2]["name"]),
        (&"C".into(), &"A".into())
    );
    assert_eq!(answer[1]["error"]["status_code"], 404);
    let ran = patch(
        &folder,
        &["in.ndjson", "-o", "out.ndjson", "--response", "-"],
    );
    assert_eq!(ran.stdout, folder.read("answer.json"));
}

#[test]
fn failures_are_named_with_their_place_in_the_request() {
    let folder = folder("[{\"rule_id\":\"a\"},\n {\"rule_id\":\"b\",\"tiebreaker_field\":5}]");
    let ran = patch(
        &folder,
        &["in.ndjson", "--rejects", "rejects", "--errors", "json"],
    );
    assert_eq!(ran.code, Some(3));
    assert_eq!(text(&ran.stdout), RULES);
    let line = ran.stderr.lines().next().unwrap();
    let error: Value = serde_json::from_str(line).unwrap();
    let warning = &error["warning"];
    assert_eq!(warning["pointer"], "/1/tiebreaker_field");
    assert_eq!(warning["file"], "request.json");
    assert_eq!(
        (&warning["line"], &warning["column"]),
        (&2.into(), &36.into())
    );
    assert_eq!(warning["record"], "rule `b` at in.ndjson:2");
    assert_eq!(
        text(&folder.read("rejects")),
        RULES.lines().nth(1).unwrap().to_owned() + "\r\n"
    );
}

#[test]
fn a_bad_request_writes_nothing() {
    for request in [
        "{}",
        "[1]",
        r#"[{"rule_id":"a","name":1}]"#,
        "[",
        r#"[{"rule_id":"a","type":"x"}]"#,
    ] {
        let folder = folder(request);
        let before = folder.names();
        let more = [
            "in.ndjson",
            "-o",
            "out.ndjson",
            "--response",
            "answer.json",
            "--rejects",
            "rejects",
        ];
        let ran = patch(&folder, &more);
        assert_eq!(ran.code, Some(2), "{request}: {}", ran.stderr);
        assert_eq!(folder.names(), before, "{request}");
        assert!(ran.stderr.contains("--> request.json:1:"), "{}", ran.stderr);
        let ran = patch(&folder, &["--in-place", "in.ndjson"]);
        assert_ne!(ran.code, Some(0));
        assert_eq!(text(&folder.read("in.ndjson")), RULES);
    }
}

#[test]
fn files_are_patched_in_place() {
    let folder = folder(r#"[{"rule_id":"b","name":"C"}]"#);
    folder.write("two.ndjson.zst", zstd(RULES.as_bytes()));
    let other = "{\"rule_id\":\"z\",\"type\":\"query\"}";
    folder.write("other.ndjson", other);
    let ran = patch(
        &folder,
        &["--in-place", "in.ndjson", "two.ndjson.zst", "other.ndjson"],
    );
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let expected = RULES.replace("1.0,\"name\":\"B\"", "2,\"name\":\"C\"");
    assert_eq!(text(&folder.read("in.ndjson")), expected);
    assert_eq!(folder.read("two.ndjson.zst")[..4], zstd(b"x")[..4]);
    assert_eq!(text(&folder.read("other.ndjson")), other);
    assert!(
        ran.stderr.contains("which several lines have: 1"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_request_comes_from_standard_input_too() {
    let folder = folder("");
    let request = br#"[{"rule_id":"a","enabled":true}]"#;
    let ran = folder.run(&["patch", "--request", "-", "in.ndjson"], request);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert_eq!(
        text(&ran.stdout),
        RULES.replace("\"A\"", "\"A\",\"enabled\":true")
    );
    assert_eq!(
        folder.run(&["patch", "--request", "-"], request).code,
        Some(2)
    );
}

#[test]
fn lines_that_cannot_be_read_do_as_they_are_told() {
    let folder = folder(r#"[{"rule_id":"a","name":"C"}]"#);
    folder.write("bad.ndjson", format!("{{\n{RULES}"));
    assert_eq!(patch(&folder, &["bad.ndjson"]).code, Some(1));
    let kept = patch(&folder, &["bad.ndjson", "--on-error", "keep"]);
    assert_eq!(
        (kept.code, kept.stdout.starts_with(b"{\n{")),
        (Some(3), true)
    );
    let dropped = patch(&folder, &["bad.ndjson", "--on-error", "drop", "-q"]);
    assert_eq!(dropped.stdout, kept.stdout[2..]);
}

#[test]
fn an_id_that_is_none_is_answered_by_how_to_name_a_rule() {
    let folder = Folder::new();
    folder.write("request", r#"[{"id":"acme-1","severity":"low"}]"#);
    folder.write("in", "{\"rule_id\":\"acme-1\"}\n");
    let ran = folder.run(&["patch", "--request", "request", "in"], b"");
    assert_eq!(ran.code, Some(2), "{}", ran.stderr);
    let help = "help: name the rule by its `rule_id`, or by the `id` that its export has\n";
    assert!(ran.stderr.ends_with(help), "{}", ran.stderr);
}
