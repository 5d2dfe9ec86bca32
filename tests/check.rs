//! Runs `check` as a user does: what it prints, and how it ends.

#![cfg(test)]

use std::io::Write;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

fn check(args: &[&str], bundle: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_ruleferry"))
        .arg("check")
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let bytes = bundle.as_bytes().to_vec();
    let writer = std::thread::spawn(move || _ = input.write_all(&bytes));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    output
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

/// So many rules with a key that Kibana does not know, and their details.
fn rules(count: usize, more: &str) -> String {
    let rule = |n| {
        format!(
            "{{\"rule_id\":\"r{n}\",\"type\":\"query\",\"name\":\"n\",\"description\":\"d\",\"severity\":\"low\",\"risk_score\":1,\"enabled\":true{more}}}\n"
        )
    };
    let rules: String = (0..count).map(rule).collect();
    format!("{rules}{{\"exported_count\":{count},\"exported_rules_count\":{count}}}\n")
}

#[test]
fn sums_up_what_repeats_for_people_alone() {
    let bundle = rules(40, r#","acme":1"#);
    let told = check(&[], &bundle);
    let shown = text(&told.stdout);
    assert_eq!(
        shown
            .matches("warning[unknown-key]: `acme` is not known")
            .count(),
        5
    );
    assert!(
        shown.ends_with(
            "warning[unknown-key]: 35 more at `acme` like the 5 shown; `-v` shows each\n"
        ),
        "{shown}"
    );
    assert_eq!(
        text(&told.stderr),
        "41 records checked for Kibana 9.6: no errors, 40 warnings, no notes\n"
    );
    let all = check(&["-v"], &bundle);
    assert_eq!(text(&all.stdout).matches("`acme` is not known").count(), 40);
    let json = check(&["--format", "json"], &bundle);
    assert_eq!(text(&json.stdout).lines().count(), 41);
}

#[test]
fn ends_as_the_level_says() {
    let exit = |args: &[&str], bundle: &str| check(args, bundle).status.code();
    let (clean, warned, wrong) = (
        rules(1, ""),
        rules(1, r#","acme":1"#),
        rules(1, r#","tags":1"#),
    );
    assert_eq!(exit(&[], &clean), Some(0));
    assert_eq!(exit(&[], &warned), Some(0));
    assert_eq!(exit(&["--fail-on", "warning"], &warned), Some(4));
    assert_eq!(exit(&[], &wrong), Some(4));
    assert_eq!(exit(&["--target", "6.8"], &clean), Some(2));
}

#[test]
fn takes_what_the_target_has_from_a_bundle() {
    let uses = r#","exceptions_list":[{"id":"x","list_id":"l","type":"detection","namespace_type":"single"}]"#;
    let lacks =
        |args: &[&str]| text(&check(args, &rules(1, uses)).stdout).contains("[missing-list]");
    let folder = tempfile::tempdir().unwrap();
    let there = folder.path().join("there.ndjson");
    std::fs::write(&there, "{\"list_id\":\"l\",\"type\":\"detection\"}\n").unwrap();
    let there = there.to_str().unwrap();
    assert!(lacks(&[]) && !lacks(&["--with", there]) && !lacks(&["--have", "l"]));
}

#[test]
fn sarif_names_each_rule_it_uses() {
    let bundle = rules(2, r#","tags":["é",1],"acme":1"#);
    let document: Value =
        serde_json::from_slice(&check(&["--format", "sarif"], &bundle).stdout).unwrap();
    assert_eq!(document["version"], "2.1.0");
    let run = &document["runs"][0];
    let results = run["results"].as_array().unwrap();
    assert_eq!(results.len(), 4);
    for result in results {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(
            run["tool"]["driver"]["rules"][index]["id"],
            result["ruleId"]
        );
    }
    let line: Vec<char> = bundle.lines().next().unwrap().chars().collect();
    let region = &results[0]["locations"][0]["physicalLocation"]["region"];
    let column = |key: &str| usize::try_from(region[key].as_u64().unwrap()).unwrap() - 1;
    assert_eq!(line[column("startColumn")..column("endColumn")], ['1']);
}

#[test]
fn explains_every_code() {
    let all = check(&["--explain"], "");
    assert!(text(&all.stdout).contains("missing-connector (warning)"));
    let one = check(&["--explain=duplicate-rule"], "");
    assert!(text(&one.stdout).starts_with("duplicate-rule (error)\n"));
    assert_eq!(
        check(&["--explain=duplicate-rul"], "").status.code(),
        Some(2)
    );
}
