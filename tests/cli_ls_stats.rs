//! Runs `ls` and `stats` as a user does.

use std::io::Write;
use std::process::{Command, Output, Stdio};

const EXAMPLE: &str = "testdata/bundles/example.ndjson";

#[expect(clippy::unwrap_used, reason = "it serves tests alone")]
fn ruleferry(args: &[&str], input: &[u8]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_ruleferry"))
        .args(args)
        .env("COLUMNS", "80")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    child.wait_with_output().unwrap()
}

#[expect(clippy::unwrap_used, reason = "it serves tests alone")]
fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

/// Standard output of a run that must succeed.
fn out(args: &[&str]) -> String {
    let output = ruleferry(args, b"");
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), ""));
    text(&output.stdout).to_owned()
}

fn widest(text: &str) -> usize {
    text.lines()
        .map(unicode_width::UnicodeWidthStr::width)
        .max()
        .unwrap_or(0)
}

#[test]
fn lists_one_row_a_record_within_the_width() {
    let records = std::fs::read_to_string(EXAMPLE).unwrap();
    let table = out(&["ls", EXAMPLE]);
    assert_eq!(table.lines().count(), records.lines().count() + 1);
    assert!(table.starts_with("kind     id           name "), "{table}");
    assert!(widest(&table) <= 80, "{table}");
    assert!(
        table
            .contains("rule     acme-plain   Plain                   query         low   on   -\n")
    );
}

#[test]
fn lists_the_same_whatever_the_threads() {
    let alone = out(&["ls", "-j", "1", "--format", "json", EXAMPLE]);
    assert_eq!(alone, out(&["ls", "-j", "4", "--format", "json", EXAMPLE]));
}

#[test]
fn writes_rows_for_programs() {
    let json = out(&[
        "ls",
        "--format",
        "json",
        "--kind",
        "exception-item",
        EXAMPLE,
    ]);
    let first: serde_json::Value = serde_json::from_str(json.lines().next().unwrap()).unwrap();
    let expected = serde_json::json!({
        "schema_version": 1, "file": EXAMPLE, "line": 27, "kind": "exception-item",
        "id": "ee193b20-bc52-4718-a19e-7a6adbd1af3d", "name": "Everything without an agent", "type": "simple",
        "list_id": "acme-shared-exceptions", "severity": null, "enabled": null, "tags": [],
        "bytes": std::fs::read_to_string(EXAMPLE).unwrap().lines().nth(26).unwrap().len(),
    });
    assert_eq!(first, expected);
    let csv = out(&["ls", "--format", "csv", "--only", "name:Plain", EXAMPLE]);
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!(
        lines[0],
        "file,line,kind,id,name,type,list_id,severity,enabled,tags,bytes"
    );
    assert!(
        lines[1].starts_with(&format!(
            "{EXAMPLE},25,rule,acme-plain,Plain,query,,low,true,,"
        )),
        "{csv}"
    );
    assert_eq!(lines.len(), 2);
}

#[test]
fn chooses_rules_by_query_and_by_kind() {
    let rows = |args: &[&str]| out(args).lines().count();
    assert_eq!(rows(&["ls", "--kind", "connector", EXAMPLE]), 7);
    assert_eq!(
        rows(&["ls", "--kind", "connector", "--kind", "details", EXAMPLE]),
        8
    );
    assert_eq!(rows(&["ls", "--only", "severity:critical", EXAMPLE]), 5);
    assert_eq!(rows(&["ls", "--only", "tags:nowhere", EXAMPLE]), 0);
    let refused = ruleferry(
        &[
            "ls",
            "--only",
            "severity:low",
            "--kind",
            "connector",
            EXAMPLE,
        ],
        b"",
    );
    assert_eq!(refused.status.code(), Some(2));
}

#[test]
fn goes_on_after_a_line_that_cannot_be_read() {
    let input = b"{\"rule_id\":\"a\"}\nnonsense\n\n{\"rule_id\":\"b\"}\n";
    for args in [&["ls", "--format", "csv"][..], &["stats"]] {
        let output = ruleferry(args, input);
        assert_eq!(output.status.code(), Some(3));
        assert!(
            text(&output.stderr).starts_with("warning: "),
            "{}",
            text(&output.stderr)
        );
        assert!(
            text(&output.stderr).contains("-:2:1"),
            "{}",
            text(&output.stderr)
        );
    }
    let output = ruleferry(&["ls", "--format", "csv"], input);
    assert_eq!(
        text(&output.stdout).lines().nth(2),
        Some("-,4,rule,b,,,,,,,15")
    );
}

#[test]
fn names_ten_unreadable_lines_and_counts_the_rest() {
    let input = b"x\n".repeat(13);
    let warnings = |args: &[&str]| {
        let output = ruleferry(args, &input);
        text(&output.stderr).matches("warning: ").count()
    };
    assert_eq!(warnings(&["stats"]), 11);
    assert_eq!(warnings(&["stats", "-v"]), 13);
    let output = ruleferry(&["stats"], &input);
    assert!(text(&output.stderr).contains("3 more lines cannot be read; `-v` names each"));
}

#[test]
fn stops_at_pretty_printed_json() {
    let output = ruleferry(&["ls"], b"{\n  \"rule_id\": \"a\"\n}\n");
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).starts_with("error: the file is JSON over many lines"));
}

#[test]
fn counts_what_is_in_the_example() {
    let table = out(&["stats", EXAMPLE]);
    assert!(widest(&table) <= 80, "{table}");
    for expected in [
        "51 records in 1 file\n",
        "  25  rules   ",
        "rules by tag (top 20 of 26)\n",
        "      acme-preconfigured-mail  .email  (1 action)\n",
        "      endpoint_list  agnostic  (3 rules)\n",
        "\ndetails: they agree with the records\n",
    ] {
        assert!(table.contains(expected), "{expected:?} in\n{table}");
    }
    assert!(out(&["stats", "--top", "0", EXAMPLE]).contains("rules by tag\n"));
    let json: serde_json::Value =
        serde_json::from_str(&out(&["stats", "--format", "json", EXAMPLE])).unwrap();
    assert_eq!(json["schema_version"], 1);
    assert_eq!(json["records"]["total"], 51);
    assert_eq!(json["records"]["exception-item"], 13);
    assert_eq!(json["rules"]["tags"].as_array().unwrap().len(), 26);
    assert_eq!(
        json["references"]["missing_connectors"][0]["value"],
        "acme-preconfigured-mail"
    );
}

#[test]
fn counts_nothing_in_an_empty_file() {
    assert_eq!(out(&["ls"]), "");
    assert!(out(&["stats"]).starts_with("0 records in 1 file\n"));
}

#[test]
fn keeps_a_transforms_own_description() {
    let help = out(&["edit", "add-tags", "-h"]);
    assert!(help.starts_with("Adds tags to rules\n"), "{help}");
    assert_eq!(help.matches("\nOptions:\n").count(), 1);
}
