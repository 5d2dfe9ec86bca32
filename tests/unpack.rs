//! `unpack` and `pack` through the command: folders on disk, reports, what a user changed.

#![cfg(test)]

#[path = "support/command.rs"]
mod command;

use std::fs;

use command::{Folder, bundles};
use serde_json::Value;

const BUNDLE: &str = concat!(
    r#"{"rule_id":"acme-1","name":"One rule","risk_score":1.0}"#,
    "\n",
    r#"{"rule_id":"acme-2","name":"Another"}"#,
    "\n",
    r#"{"exported_count":2,"exported_rules_count":2}"#,
    "\n",
);

fn unpacked() -> Folder {
    let folder = Folder::new();
    folder.write("in.ndjson", BUNDLE);
    let ran = folder.run(&["unpack", "in.ndjson", "-o", "tree"], b"");
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    folder
}

#[test]
fn bundled_examples_come_back() {
    for (name, bundle) in bundles() {
        for format in ["json", "yaml", "toml"] {
            let folder = Folder::new();
            folder.write("in", &bundle);
            let ran = folder.run(
                &[
                    "unpack",
                    "in",
                    "-o",
                    "tree",
                    "--as",
                    format,
                    "--on-error",
                    "keep",
                ],
                b"",
            );
            assert!(matches!(ran.code, Some(0 | 3)), "{name}: {}", ran.stderr);
            let ran = folder.run(&["pack", "tree", "-o", "out"], b"");
            assert_eq!(ran.code, Some(0), "{name}: {}", ran.stderr);
            let ran = folder.run(&["diff", "--all-fields", "in", "out"], b"");
            assert_eq!(ran.stdout, b"", "{name} {format}");
        }
    }
}

#[test]
fn what_a_user_changed_is_packed_and_told() {
    let folder = unpacked();
    let tree = folder.path("tree");
    fs::create_dir(tree.join("mine")).unwrap();
    fs::rename(
        tree.join("rules/one-rule--acme-1.json"),
        tree.join("mine/first.json"),
    )
    .unwrap();
    fs::remove_file(tree.join("rules/another--acme-2.json")).unwrap();
    fs::write(tree.join("rules/new.json"), "{\"rule_id\": \"acme-3\"}\n").unwrap();
    fs::write(tree.join("README.md"), "notes\n").unwrap();
    let ran = folder.run(&["pack", "tree"], b"");
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let lines: Vec<&str> = std::str::from_utf8(&ran.stdout).unwrap().lines().collect();
    assert_eq!(
        lines[0],
        r#"{"rule_id":"acme-1","name":"One rule","risk_score":1.0}"#
    );
    assert_eq!(lines[1], r#"{"rule_id":"acme-3"}"#);
    assert_eq!(lines[2], r#"{"exported_count":2,"exported_rules_count":2}"#);
    for told in ["acme-2", "rules/new.json"] {
        assert!(ran.stderr.contains(told), "{}", ran.stderr);
    }
}

#[test]
fn a_tree_is_brought_up_to_date_in_place() {
    let folder = unpacked();
    let tree = folder.path("tree");
    fs::create_dir(tree.join("mine")).unwrap();
    fs::rename(
        tree.join("rules/one-rule--acme-1.json"),
        tree.join("mine/first.json"),
    )
    .unwrap();
    folder.write("new.ndjson", r#"{"rule_id":"acme-1","name":"Renamed"}"#);
    let ran = folder.run(
        &["unpack", "new.ndjson", "-o", "tree", "--format", "json"],
        b"",
    );
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let text = fs::read_to_string(tree.join("mine/first.json")).unwrap();
    assert_eq!(
        text,
        "{\n  \"rule_id\": \"acme-1\",\n  \"name\": \"Renamed\"\n}\n"
    );
    assert!(
        tree.join("rules/another--acme-2.json").exists(),
        "nothing goes without `--prune`"
    );
    let told: Vec<Value> = ran
        .stdout
        .split(|byte| *byte == b'\n')
        .filter_map(|line| serde_json::from_slice(line).ok())
        .collect();
    assert!(
        told.iter()
            .any(|line| line["id"] == "acme-1" && line["outcome"] == "updated"),
        "{told:?}"
    );
    assert_eq!(
        folder
            .run(&["unpack", "new.ndjson", "-o", "tree", "--prune"], b"")
            .code,
        Some(0)
    );
    assert!(!tree.join("rules/another--acme-2.json").exists());
    assert!(tree.join("mine/first.json").exists());
}

#[test]
fn names_cannot_leave_the_folder() {
    let folder = Folder::new();
    let ids = ["../../out", "/etc/x", "..\\\\x", "con", "C:x", ".git"];
    let mut bundle = String::new();
    for id in ids {
        bundle += &format!("{{\"rule_id\":\"{id}\",\"name\":\"{id}\"}}\n");
        bundle += &format!("{{\"list_id\":\"{id}\",\"name\":\"l\"}}\n");
    }
    folder.write("in", &bundle);
    assert_eq!(
        folder.run(&["unpack", "in", "-o", "a/b/tree"], b"").code,
        Some(0)
    );
    assert_eq!(folder.names().into_iter().collect::<Vec<_>>(), ["a", "in"]);
    assert_eq!(fs::read_dir(folder.path("a")).unwrap().count(), 1);
    assert_eq!(fs::read_dir(folder.path("a/b")).unwrap().count(), 1);
    assert_eq!(
        folder.run(&["pack", "a/b/tree"], b"").stdout,
        bundle.into_bytes()
    );
}

#[test]
fn a_broken_file_is_named_and_no_output_appears() {
    let folder = unpacked();
    fs::write(
        folder.path("tree/rules/another--acme-2.json"),
        "{\n  \"rule_id\": \n}\n",
    )
    .unwrap();
    let ran = folder.run(&["pack", "tree", "-o", "out.ndjson"], b"");
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    assert!(
        ran.stderr.contains("another--acme-2.json:3:"),
        "{}",
        ran.stderr
    );
    assert!(!folder.path("out.ndjson").exists());
    let ran = folder.run(&["pack", "nowhere"], b"");
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    assert_eq!(
        folder
            .run(&["unpack", "in.ndjson", "-o", "in.ndjson"], b"")
            .code,
        Some(2)
    );
}
