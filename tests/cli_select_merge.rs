//! `select` and `merge` as commands: what they write, say and refuse.

#![cfg(test)]

#[path = "support/command.rs"]
mod command;

use command::{Folder, Ran, zstd};

const RULE_A: &str = r#"{"rule_id":"a","type":"query","severity":"high","exceptions_list":[{"id":"1","list_id":"shared","type":"detection","namespace_type":"single"}],"actions":[{"id":"mail"}]}"#;
const RULE_B: &str = r#"{"rule_id":"b","type":"query", "severity":"low","exceptions_list":[{"list_id":"shared","namespace_type":"agnostic"},{"list_id":"lost"},{"list_id":"endpoint_list","namespace_type":"agnostic"}]}"#;
const LIST: &str =
    r#"{"list_id":"shared","namespace_type":"single","type":"detection","name":"one"}"#;
const ITEM: &str = r#"{"item_id":"i","list_id":"shared","namespace_type":"single","entries":[]}"#;
const AGNOSTIC: &str = r#"{"list_id":"shared","namespace_type":"agnostic","type":"detection"}"#;
const MAIL: &str = r#"{"id":"mail","type":"action","attributes":{"actionTypeId":".email"}}"#;
const CHAT: &str = r#"{"id":"chat","type":"action","attributes":{"actionTypeId":".slack"}}"#;

fn details(rules: u32, lists: u32, items: u32, connectors: u32) -> String {
    let all = rules + lists + items + connectors;
    format!(
        r#"{{"exported_count":{all},"exported_rules_count":{rules},"exported_exception_list_count":{lists},"exported_exception_list_item_count":{items},"exported_action_connector_count":{connectors}}}"#
    )
}

fn text(lines: &[&str]) -> String {
    lines.join("\n") + "\n"
}

fn bundle() -> String {
    text(&[
        RULE_A,
        RULE_B,
        LIST,
        ITEM,
        AGNOSTIC,
        MAIL,
        CHAT,
        &details(2, 2, 1, 2),
    ])
}

#[track_caller]
fn gives(ran: &Ran, code: i32, stdout: &str) {
    assert_eq!(
        (ran.code, String::from_utf8_lossy(&ran.stdout).as_ref()),
        (Some(code), stdout),
        "{}",
        ran.stderr
    );
}

#[track_caller]
fn says(ran: &Ran, text: &str) {
    assert!(
        ran.stderr.contains(text),
        "{text:?} is not in:\n{}",
        ran.stderr
    );
}

#[test]
fn a_rule_brings_its_lists_items_and_connectors() {
    let folder = Folder::new();
    let ran = folder.run(&["select", "--only", "severity:high"], bundle().as_bytes());
    gives(
        &ran,
        0,
        &text(&[RULE_A, LIST, ITEM, MAIL, &details(1, 1, 1, 1)]),
    );
    says(
        &ran,
        "1 of 2 rules chosen; 5 of 8 records kept (1 rule, 1 exception list, 1 exception item, 1 connector, 1 details line)",
    );
}

#[test]
fn the_other_rules_bring_what_they_need_and_what_lacks_is_named() {
    let folder = Folder::new();
    folder.write("ids", "a\nnobody\n");
    folder.write("in", bundle());
    let ran = folder.run(&["select", "--ids", "ids", "--invert", "in"], b"");
    gives(&ran, 0, &text(&[RULE_B, AGNOSTIC, &details(1, 1, 0, 0)]));
    says(
        &ran,
        "note: what the chosen rules refer to is not in the bundle: 1\n  exception list `lost`, to which rule `b` (in:2) refers\n",
    );
    says(
        &ran,
        "note: ids that no rule has, of those in `--ids`: 1\n  `nobody`\n",
    );
    let ran = folder.run(
        &[
            "select", "--ids", "ids", "--invert", "in", "-o", "out", "--format", "json",
        ],
        b"",
    );
    let lines: Vec<serde_json::Value> = ran
        .stdout
        .split(|&byte| byte == b'\n')
        .filter_map(|line| serde_json::from_slice(line).ok())
        .collect();
    assert_eq!(lines[0]["note"], "lacking");
    assert_eq!(
        (&lines[0]["id"], &lines[0]["line"], &lines[0]["rules"]),
        (&"lost".into(), &2.into(), &1.into())
    );
    assert_eq!(
        (&lines[1]["note"], &lines[1]["id"]),
        (&"unmet-id".into(), &"nobody".into())
    );
    assert_eq!(
        (&lines[2]["summary"]["kept"]["rule"], &lines[2]["exit"]),
        (&1.into(), &0.into())
    );
    assert_eq!(ran.stderr, "");
}

#[test]
fn a_list_of_the_other_namespace_is_pointed_out() {
    let folder = Folder::new();
    let input = text(&[RULE_B, LIST]);
    let ran = folder.run(&["select", "--only", "severity:low"], input.as_bytes());
    gives(&ran, 0, &text(&[RULE_B]));
    says(
        &ran,
        "exception list `shared` (agnostic), to which rule `b` (-:1) refers; one of that `list_id` is there in namespace `single`\n",
    );
}

#[test]
fn rules_alone_and_with_what_no_rule_uses() {
    let folder = Folder::new();
    let high = ["select", "--only", "severity:high"];
    let dashboard = r#"{"id":"d","type":"dashboard","attributes":{}}"#;
    let input = bundle() + dashboard + "\n";
    let ran = folder.run(&[&high[..], &["--rules-only"]].concat(), input.as_bytes());
    gives(&ran, 0, &text(&[RULE_A, &details(1, 0, 0, 0)]));
    says(
        &ran,
        "note: what the chosen rules refer to is left out: 2\n  exception list `shared`, to which rule `a` (-:1) refers\n  connector `mail`, to which rule `a` (-:1) refers\n",
    );
    let ran = folder.run(&high, input.as_bytes());
    says(
        &ran,
        "note: 1 record that no rule can refer to left out; `--keep-unused` keeps such\n",
    );
    let ran = folder.run(&[&high[..], &["--keep-unused"]].concat(), input.as_bytes());
    gives(
        &ran,
        0,
        &text(&[
            RULE_A,
            LIST,
            ITEM,
            MAIL,
            CHAT,
            dashboard,
            &details(1, 1, 1, 3),
        ]),
    );
}

#[test]
fn joined_exports_are_closed_once_and_no_line_is_made_up() {
    let folder = Folder::new();
    folder.write("one", text(&[RULE_A, LIST, &details(1, 1, 0, 0)]));
    folder.write("two", text(&[RULE_B, AGNOSTIC, &details(1, 1, 0, 0)]));
    let ran = folder.run(&["select", "--only", "severity:*", "one", "two"], b"");
    gives(
        &ran,
        0,
        &text(&[RULE_A, LIST, RULE_B, AGNOSTIC, &details(2, 2, 0, 0)]),
    );
    says(
        &ran,
        "note: 2 details lines became one, at the end, which counts all\n",
    );
    let ran = folder.run(&["select", "--only", "severity:high"], RULE_A.as_bytes());
    gives(&ran, 0, RULE_A);
}

#[test]
fn no_rule_chosen_is_no_failure() {
    let folder = Folder::new();
    let none = ["select", "--only", "severity:critical"];
    let ran = folder.run(&none, bundle().as_bytes());
    gives(&ran, 0, &text(&[&details(0, 0, 0, 0)]));
    says(&ran, "note: no rule is chosen, and the output has none\n");
    let ran = folder.run(&none, text(&[RULE_A]).as_bytes());
    gives(&ran, 0, "");
    says(&ran, "note: no rule is chosen, and the output is empty\n");
}

#[test]
fn select_works_in_place_and_keeps_lines_that_cannot_be_read() {
    let folder = Folder::new();
    folder.write("a.zst", zstd(bundle().as_bytes()));
    folder.write("b", text(&[RULE_B, "no record", CHAT]));
    folder.write("same", text(&[RULE_A]));
    let args = [
        "select",
        "--only",
        "severity:high",
        "--in-place",
        "--on-error",
        "keep",
        "--rejects",
        "rejects",
        "a.zst",
        "b",
        "same",
    ];
    let ran = folder.run(&args, b"");
    gives(&ran, 3, "");
    let a = zstd::decode_all(&folder.read("a.zst")[..]).unwrap();
    assert_eq!(
        String::from_utf8(a).unwrap(),
        text(&[RULE_A, LIST, ITEM, MAIL, &details(1, 1, 1, 1)])
    );
    assert_eq!(folder.read("b"), b"no record\n");
    assert_eq!(folder.read("rejects"), b"no record\n");
    let ran = folder.run(
        &["select", "--only", "severity:high", "b", "-o", "never"],
        b"",
    );
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    assert!(!folder.path("never").exists());
}

#[test]
fn select_must_be_told_what_to_take() {
    let folder = Folder::new();
    for args in [
        &["select"][..],
        &["select", "--invert"],
        &["select", "--only", "a:b:c"],
        &[
            "select",
            "--only",
            "name:x",
            "--rules-only",
            "--keep-unused",
        ],
        &["select", "--only", "name:x", "--rejects", "r"],
        &["select", "--only", "name:x", "--in-place"],
    ] {
        let ran = folder.run(args, bundle().as_bytes());
        gives(&ran, 2, "");
    }
}

#[test]
fn equal_records_are_one_whatever_a_kibana_made_of_them() {
    let folder = Folder::new();
    let again = r#"{"id":"77","revision":4,"type":"query","rule_id":"a","severity":"hi\u0067h","actions":[{"id":"mail"}],"exceptions_list":[{"id":"2","namespace_type":"single","type":"detection","list_id":"shared"}]}"#;
    let item = r#"{"item_id":"j","list_id":"shared","namespace_type":"single","entries":[]}"#;
    folder.write("one", bundle().replace('\n', "\r\n"));
    folder.write(
        "two",
        format!(
            "\u{feff}{}",
            text(&[item, LIST, again, &details(1, 1, 1, 0)])
        ),
    );
    let ran = folder.run(&["merge", "one", "two"], b"");
    let closing = r#"{"exported_count":8,"exported_rules_count":2,"missing_rules":[],"missing_rules_count":0,"exported_exception_list_count":2,"exported_exception_list_item_count":2,"missing_exception_list_item_count":0,"missing_exception_list_items":[],"missing_exception_lists":[],"missing_exception_lists_count":0,"exported_action_connector_count":2,"missing_action_connection_count":0,"missing_action_connections":[],"excluded_action_connection_count":0,"excluded_action_connections":[]}"#;
    gives(
        &ran,
        0,
        &text(&[
            RULE_A, RULE_B, LIST, ITEM, item, AGNOSTIC, MAIL, CHAT, closing,
        ]),
    );
    says(
        &ran,
        "one: 7 of 7 records\ntwo: 1 of 3 records\n9 records written",
    );
    says(&ran, "duplicates left out: 2, conflicts settled: 0\n");
    let ran = folder.run(&["merge", "one", "two", "-v"], b"");
    says(&ran, "  rule `a`: one:1, again two:3\n");
}

#[test]
fn conflicts_are_all_named_and_nothing_is_written() {
    let folder = Folder::new();
    let rules = |severity: &str| -> String {
        let rule = |id| format!(r#"{{"rule_id":"r{id}","type":"query","severity":"{severity}"}}"#);
        let rules: Vec<String> = (0..12).map(rule).collect();
        rules.join("\n")
    };
    folder.write("one", rules("low"));
    folder.write("two", rules("high"));
    let ran = folder.run(&["merge", "one", "two", "-o", "out"], b"");
    gives(&ran, 1, "");
    assert!(!folder.path("out").exists());
    says(
        &ran,
        "warning: rule `r0` differs from two:1 in `severity`\n  --> one:1\n",
    );
    says(&ran, "warning: 2 more conflicts; `-v` names each\n");
    says(
        &ran,
        "error: ids whose records differ: 12; nothing is written\nhelp: `--prefer first`",
    );
    let ran = folder.run(&["merge", "one", "two", "-v"], b"");
    assert_eq!(ran.stderr.matches("warning: ").count(), 12);
    let ran = folder.run(
        &["merge", "one", "two", "-o", "out", "--format", "json"],
        b"",
    );
    let lines = String::from_utf8(ran.stdout).unwrap();
    assert_eq!((ran.code, lines.lines().count()), (Some(1), 13));
    let first: serde_json::Value = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
    assert_eq!(
        (&first["outcome"], &first["fields"][0], &first["taken"]),
        (
            &"conflict".into(),
            &"severity".into(),
            &serde_json::Value::Null
        )
    );
}

#[test]
fn a_preference_settles_conflicts_and_says_what_it_took() {
    let folder = Folder::new();
    let dated = |day: u32, more: &str| {
        format!(
            r#"{{"rule_id":"a","type":"query","updated_at":"2026-01-0{day}T00:00:00.000Z"{more}}}"#
        )
    };
    let (old, new) = (dated(1, r#","tags":["x"]"#), dated(2, ""));
    folder.write("one", text(&[&new, LIST, ITEM]));
    folder.write("two", text(&[&old, &LIST.replace("one", "two")]));
    let ran = folder.run(&["merge", "one", "two", "--prefer", "last"], b"");
    let first = |ran: &Ran| {
        String::from_utf8_lossy(&ran.stdout)
            .lines()
            .next()
            .unwrap()
            .to_owned()
    };
    assert_eq!((ran.code, first(&ran)), (Some(0), old));
    says(
        &ran,
        "note: conflicts that `--prefer` settled: 2\n  rule `a`: two:1 is taken, not one:1 (`tags`)\n  exception list `shared`: two:2 is taken, not one:2 (`name`)\n",
    );
    says(
        &ran,
        "  exception list `shared`: 1 of its items from elsewhere\n",
    );
    assert_eq!(
        first(&folder.run(&["merge", "one", "two", "--prefer", "first"], b"")),
        new
    );
    // The list has no date, no version and no revision to go by.
    let ran = folder.run(&["merge", "one", "two", "--prefer", "newer"], b"");
    gives(&ran, 1, "");
    says(
        &ran,
        "error: ids whose records differ: 1; nothing is written\n",
    );
    folder.write("two", text(&[&dated(1, ""), LIST]));
    let ran = folder.run(&["merge", "two", "one", "--prefer", "newer"], b"");
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
}

#[test]
fn details_lines_of_other_exports_are_left_out_and_named() {
    let folder = Folder::new();
    let of_list = r#"{"exported_exception_list_count":1,"exported_exception_list_item_count":0}"#;
    let of_objects = r#"{"exportedCount":1,"missingRefCount":0,"missingReferences":[]}"#;
    let missing =
        r#"{"exported_count":1,"missing_rules":[{"rule_id":"x"}],"missing_rules_count":1}"#;
    folder.write(
        "in",
        text(&[RULE_A, missing, LIST, of_list, MAIL, of_objects]),
    );
    let ran = folder.run(&["merge", "in"], b"");
    assert_eq!(ran.code, Some(0));
    assert_eq!(String::from_utf8_lossy(&ran.stdout).lines().count(), 4);
    says(
        &ran,
        "note: details lines that close no export of rules, left out: 2\n  in:4 closes an export of an exception list\n  in:6 closes an export of saved objects\n",
    );
    says(
        &ran,
        "note: the details lines name 1 record that their exports missed; the new one names none\n",
    );
}

#[test]
fn merge_keeps_drops_or_stops_at_lines_that_cannot_be_read() {
    let folder = Folder::new();
    folder.write("in", text(&[RULE_A, "no record", MAIL]));
    let ran = folder.run(&["merge", "in", "-o", "out"], b"");
    gives(&ran, 1, "");
    assert!(!folder.path("out").exists());
    for (how, expected) in [("keep", 4), ("drop", 3)] {
        let ran = folder.run(
            &["merge", "in", "--on-error", how, "--rejects", "rejects"],
            b"",
        );
        assert_eq!(
            (
                ran.code,
                String::from_utf8_lossy(&ran.stdout).lines().count()
            ),
            (Some(3), expected)
        );
        assert_eq!(folder.read("rejects"), b"no record\n");
    }
}
