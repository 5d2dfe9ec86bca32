//! `diff` as scripts and reviewers meet it: exit codes, formats, what counts.

#![cfg(test)]

#[path = "support/command.rs"]
mod command;

use command::Folder;
use serde_json::Value;

const OLD: &str = concat!(
    r#"{"rule_id":"acme-1","name":"One","version":1,"revision":3,"tags":["a","b"],"query":"a\nb\nc"}"#,
    "\n",
    r#"{"rule_id":"acme-2","name":"Two","risk_score":1.0}"#,
    "\n",
    r#"{"list_id":"acme-list","name":"List","type":"detection","namespace_type":"single","tags":["x","y"]}"#,
    "\n",
    r#"{"item_id":"acme-item","list_id":"acme-list","entries":[]}"#,
    "\n",
    r#"{"exported_count":4}"#,
    "\n",
);

/// The same content in another spelling and order, with other things that a Kibana makes.
const SAME: &str = concat!(
    r#"{"entries":[],"list_id":"acme-list","item_id":"acme-item","_version":"WzEsMV0="}"#,
    "\n",
    r#"{"list_id":"acme-list","type":"detection","name":"L\u0069st","tags":["y","x"],"namespace_type":"single"}"#,
    "\n",
    r#"{"risk_score":1,"name":"Two","rule_id":"acme-2","id":"c0ffee00-0000-4000-8000-000000000000"}"#,
    "\n",
    r#"{ "rule_id": "acme-1", "query": "a\nb\nc", "name": "One", "version": 1, "revision": 9, "tags": ["a", "b"] }"#,
    "\n",
);

fn folder(new: &str) -> Folder {
    let folder = Folder::new();
    folder.write("old", OLD);
    folder.write("new", new);
    folder
}

fn json_lines(stdout: &[u8]) -> Vec<Value> {
    let text = std::str::from_utf8(stdout).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn spelling_and_what_a_kibana_makes_are_no_difference() {
    let ran = folder(SAME).run(&["diff", "old", "new"], b"");
    assert_eq!(
        (ran.code, ran.stdout),
        (Some(0), Vec::new()),
        "{}",
        ran.stderr
    );
    let ran = folder(SAME).run(&["diff", "--all-fields", "old", "new"], b"");
    let text = String::from_utf8(ran.stdout).unwrap();
    assert_eq!(ran.code, Some(4));
    assert!(text.contains("revision: 3 → 9"), "{text}");
}

#[test]
fn each_difference_is_named_and_the_exit_code_is_4() {
    let new = OLD
        .replace(r#""tags":["a","b"]"#, r#""tags":["b","a"]"#)
        .replace(r"a\nb\nc", r"a\nB\nc")
        .replace("acme-item", "acme-other");
    let ran = folder(&new).run(&["diff", "old", "new"], b"");
    let text = String::from_utf8(ran.stdout).unwrap();
    assert_eq!(ran.code, Some(4), "{}", ran.stderr);
    for part in [
        "~ rule acme-1",
        "- b",
        "+ B",
        "- exception item acme-item",
        "+ exception item acme-other",
        "tags: ",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    assert!(
        !text.contains("acme-2") && !text.contains("acme-list \"List\""),
        "{text}"
    );
}

#[test]
fn json_holds_a_patch_a_record_and_a_summary() {
    let new = OLD.replace("\"One\"", "\"Uno\"");
    let ran = folder(&new).run(&["diff", "--format", "json", "old", "new"], b"");
    assert_eq!(ran.code, Some(4));
    let lines = json_lines(&ran.stdout);
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0]["schema_version"], 1);
    assert_eq!(lines[0]["id"], "acme-1");
    assert_eq!(lines[0]["change"], "changed");
    let patch: Value =
        serde_json::from_str(r#"[{"op":"replace","path":"/name","value":"Uno"}]"#).unwrap();
    assert_eq!(lines[0]["patch"], patch);
    assert_eq!(lines[1]["summary"]["changed"], 1);
    assert_eq!(lines[1]["summary"]["unchanged"], 3);
}

#[test]
fn markdown_survives_what_records_say() {
    let new = OLD.replace("\"Two\"", r#""a|b `c` <img src=x> \n # d""#);
    let ran = folder(&new).run(&["diff", "--format", "markdown", "old", "new"], b"");
    let text = String::from_utf8(ran.stdout).unwrap();
    assert_eq!(ran.code, Some(4));
    assert!(
        text.starts_with("## 0 added, 0 removed, 1 changed, 3 unchanged\n"),
        "{text}"
    );
    let is_heading = |line: &&str| line.trim_start().starts_with("# ");
    assert_eq!(text.lines().filter(is_heading).count(), 0, "{text}");
    for row in text.lines().filter(|line| line.starts_with('|')) {
        let bars = row.replace("\\|", "").matches('|').count();
        assert!(bars == 4 || bars == 6, "{row}");
    }
}

#[test]
fn what_is_ignored_or_not_chosen_does_not_count() {
    let new = OLD.replace("\"Two\"", "\"Zwei\"");
    for args in [
        &["diff", "--ignore", "name", "old", "new"][..],
        &["diff", "--only", "rule_id:acme-1", "old", "new"],
        &["diff", "--kind", "exception-list", "old", "new"],
    ] {
        let ran = folder(&new).run(args, b"");
        assert_eq!(
            (ran.code, ran.stdout),
            (Some(0), Vec::new()),
            "{args:?}: {}",
            ran.stderr
        );
    }
    let ran = folder(&new).run(&["diff", "--ignore", "nmae", "old", "new"], b"");
    assert!(ran.stderr.contains("nmae"), "{}", ran.stderr);
}

#[test]
fn bad_input_is_no_difference() {
    let folder = folder(OLD);
    folder.write("bad", "{\"rule_id\":\"acme-1\"\n");
    let missing = folder.run(&["diff", "old", "missing"], b"");
    assert_eq!(missing.code, Some(1), "{}", missing.stderr);
    assert!(missing.stderr.contains("missing"), "{}", missing.stderr);
    let bad = folder.run(&["diff", "old", "bad"], b"");
    assert_eq!(bad.code, Some(3));
    assert!(bad.stderr.contains("bad:1:"), "{}", bad.stderr);
    assert_eq!(folder.run(&["diff", "old"], b"").code, Some(2));
    assert_eq!(folder.run(&["diff", "-", "-"], b"").code, Some(2));
    assert_eq!(
        folder.run(&["diff", "old", "-"], OLD.as_bytes()).code,
        Some(0)
    );
}
