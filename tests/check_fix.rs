//! `check --fix` as a user runs it: what it writes, where it says what it changed, and how it ends.

#![cfg(test)]

#[path = "support/command.rs"]
mod command;

use std::io::Read;

use command::{Folder, bundles, gzip};
use serde_json::Value;

const GOOD: &str = "{\"rule_id\":\"r\",\"type\":\"query\",\"name\":\"n\",\"description\":\"d\",\"risk_score\":1,\"severity\":\"low\",\"enabled\":true}\n";
const BAD: &str = "{\"rule_id\":\"s\",\"type\":\"query\"}\n";

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

/// The good rule, with half a timeline.
fn half() -> String {
    GOOD.replace("true}", "true,\"timeline_id\":\"t\"}")
}

#[test]
fn the_bundle_and_what_is_said_of_it_never_mix() {
    let folder = Folder::new();
    let input = format!("{}{BAD}", half());
    let piped = folder.run(&["check", "--fix"], input.as_bytes());
    assert_eq!(text(&piped.stdout), format!("{GOOD}{BAD}"));
    assert!(
        piped
            .stderr
            .contains("fixed[timeline-pair]: removed `timeline_id`"),
        "{}",
        piped.stderr
    );
    assert!(piped.stderr.contains("error[missing-field]"));
    assert_eq!(piped.code, Some(4));
    folder.write("in.ndjson", &input);
    let filed = folder.run(&["check", "--fix", "in.ndjson", "-o", "out.ndjson"], b"");
    assert_eq!(text(&folder.read("out.ndjson")), format!("{GOOD}{BAD}"));
    assert!(text(&filed.stdout).starts_with("fixed[timeline-pair]"));
    assert!(
        filed.stderr.starts_with("2 records checked"),
        "{}",
        filed.stderr
    );
    let quiet = folder.run(&["check", "--fix", "-q"], half().as_bytes());
    assert_eq!(
        (text(&quiet.stdout), &*quiet.stderr, quiet.code),
        (GOOD, "", Some(0))
    );
}

#[test]
fn lines_of_json_say_what_was_done_and_sum_up() {
    let folder = Folder::new();
    let run = folder.run(
        &["check", "--fix", "--format", "json"],
        format!("{}null\n", half()).as_bytes(),
    );
    assert_eq!(text(&run.stdout), GOOD);
    let lines: Vec<Value> = run
        .stderr
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines[0]["fixed"], "removed `timeline_id`");
    assert_eq!(
        (&lines[0]["code"], &lines[0]["level"]),
        (&"timeline-pair".into(), &"note".into())
    );
    assert_eq!(
        (&lines[0]["line"], &lines[0]["id"]),
        (&1.into(), &"r".into())
    );
    assert_eq!(lines[1]["fixed"], "removed the line");
    assert_eq!(lines.last().unwrap()["summary"]["fixed"], 2);
    let unasked = folder.run(&["check", "--format", "json"], half().as_bytes());
    assert!(!text(&unasked.stdout).contains("\"fixed\""));
    let sarif = folder.run(
        &[
            "check",
            "--fix",
            "-",
            "--format",
            "sarif",
            "-o",
            "out.ndjson",
        ],
        half().as_bytes(),
    );
    let sarif: Value = serde_json::from_slice(&sarif.stdout).unwrap();
    let result = &sarif["runs"][0]["results"][0];
    assert_eq!(
        (&result["level"], &result["properties"]["fixed"]),
        (&"note".into(), &true.into())
    );
}

#[test]
fn in_place_each_file_is_a_bundle_and_a_good_one_is_left_alone() {
    let folder = Folder::new();
    folder.write("good", gzip(GOOD.as_bytes()));
    folder.write("bad.gz", gzip(half().as_bytes()));
    let before = (
        folder.read("good"),
        std::fs::metadata(folder.path("good"))
            .unwrap()
            .modified()
            .unwrap(),
    );
    let run = folder.run(&["check", "--fix", "--in-place", "good", "bad.gz"], b"");
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let after = (
        folder.read("good"),
        std::fs::metadata(folder.path("good"))
            .unwrap()
            .modified()
            .unwrap(),
    );
    assert_eq!(after, before);
    // One bundle would have dropped the second of two equal rules.
    let mut written = String::new();
    let bytes = folder.read("bad.gz");
    flate2::read::GzDecoder::new(&bytes[..])
        .read_to_string(&mut written)
        .unwrap();
    assert_eq!(written, GOOD);
    assert_eq!(folder.names().len(), 2);
}

#[test]
fn flags_that_make_no_sense_are_told() {
    let folder = Folder::new();
    folder.write("f", GOOD);
    for (args, said) in [
        (&["check", "f", "-o", "out"][..], "need `--fix`"),
        (&["check", "f", "--in-place"], "need `--fix`"),
        (&["check", "f", "--compress", "gzip"], "need `--fix`"),
        (&["check", "--fix", "--in-place"], "needs at least one FILE"),
        (
            &["check", "--fix", "f", "--format", "sarif"],
            "`-o FILE` or `--in-place`",
        ),
        (
            &["check", "--fix", "f", "--in-place", "-o", "out"],
            "cannot be used with",
        ),
    ] {
        let run = folder.run(args, b"");
        assert_eq!(run.code, Some(2), "{args:?} {}", run.stderr);
        assert!(run.stderr.contains(said), "{}", run.stderr);
        assert!(run.stdout.is_empty());
    }
    assert_eq!(folder.names().len(), 1);
}

#[test]
fn a_failed_run_leaves_the_old_file() {
    let folder = Folder::new();
    folder.write("out", "old");
    folder.write("long", format!("[\n{}]\n", "{},\n".repeat(100)));
    let run = folder.run(
        &[
            "check",
            "--fix",
            "long",
            "--max-line-bytes",
            "64",
            "-o",
            "out",
        ],
        b"",
    );
    assert_eq!(run.code, Some(1));
    assert!(run.stderr.contains("--max-line-bytes"), "{}", run.stderr);
    assert_eq!(folder.read("out"), b"old");
}

#[test]
fn a_check_of_what_was_fixed_finds_nothing_of_it() {
    let codes = |text: &str| -> Vec<String> {
        let codes = text.lines().filter_map(|line| {
            let row: Value = serde_json::from_str(line).unwrap();
            Some(format!("{} {}", row["code"].as_str()?, row["id"]))
        });
        codes.collect()
    };
    for (name, bytes) in bundles() {
        let folder = Folder::new();
        folder.write(&name, &bytes);
        let run = folder.run(
            &["check", "--fix", "--format", "json", &name, "-o", "out"],
            b"",
        );
        let fixed = text(&run.stdout)
            .lines()
            .filter(|line| line.contains("\"fixed\":\""))
            .collect::<Vec<_>>()
            .join("\n");
        if fixed.is_empty() {
            assert_eq!(folder.read("out"), bytes, "{name}");
        }
        let again = folder.run(&["check", "--format", "json", "out"], b"");
        let left = codes(text(&again.stdout));
        for code in codes(&fixed) {
            assert!(!left.contains(&code), "{name}: {code}");
        }
        let twice = folder.run(&["check", "--fix", "out"], b"");
        assert_eq!(twice.stdout, folder.read("out"), "{name}");
    }
}
