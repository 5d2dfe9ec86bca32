//! The command imports a bundle into a space: whole, once, and with the truth told record by record.

#![cfg(test)]

#[path = "support/command.rs"]
mod command;
#[path = "support/kibana/mod.rs"]
mod kibana;
#[path = "support/records.rs"]
mod records;
#[path = "support/shore.rs"]
mod shore;

use std::collections::BTreeSet;

use records::{acting, bundle, connector, item, list, referring, rule, with};
use serde_json::{Value, json};
use shore::{GENERATIONS, Shore};

/// A rule that needs a list with two items, one that acts through a connector, and one by itself.
fn records() -> Vec<Value> {
    vec![
        with(referring("a", "l", "detection"), &json!({"enabled": true})),
        acting("b", &["c"]),
        rule("d"),
        list("l"),
        item("i", "l"),
        item("j", "l"),
        connector("c", "C"),
        json!({"exported_count": 7}),
    ]
}

/// The same with other words, and an item less.
fn newer() -> Vec<Value> {
    let mut records = records();
    records.remove(5);
    for record in &mut records {
        if record.get("attributes").is_some() {
            record["attributes"]["name"] = json!("newer C");
        } else if record.get("description").is_some() {
            record["description"] = json!("newer");
        }
    }
    records
}

#[test]
fn a_bundle_arrives_whole() {
    for version in GENERATIONS {
        let shore = Shore::of(version, &records());
        shore.kibana.expect("soc", &bundle(&records()));
        let told = shore.import(&[]);
        told.ends_with(0);
        assert_eq!(told.counts(), [("created", 7)].into(), "{version}");
        assert_eq!(
            shore.held("soc"),
            [
                "connector C",
                "item l/i",
                "item l/j",
                "list l",
                "rule a",
                "rule b",
                "rule d"
            ]
        );
        assert!(shore.kibana.violations().is_empty() && shore.kibana.duplicates().is_empty());
        assert!(shore.held("emea").is_empty());
        // The journal is gone, and nothing else was left behind.
        assert_eq!(
            shore.folder.names(),
            ["b.ndjson", "r.ndjson"].map(String::from).into()
        );
        assert!(told.stdout.contains("created"), "{}", told.stdout);
        assert_eq!(told.stderr, "");
    }
}

#[test]
fn a_report_has_a_line_a_record_in_input_order_and_a_summary() {
    let shore = Shore::of("9.1", &records());
    let told = shore.import(&["--format", "json"]);
    let keys =
        |line: &Value| -> BTreeSet<String> { line.as_object().unwrap().keys().cloned().collect() };
    let fields = [
        "schema_version",
        "file",
        "line",
        "kind",
        "id",
        "space",
        "outcome",
        "status",
        "message",
        "part",
    ];
    let (summary, lines) = told.report.split_last().unwrap();
    for line in lines {
        assert_eq!(keys(line), fields.map(String::from).into(), "{line}");
    }
    let places: Vec<u64> = lines
        .iter()
        .map(|it| it["line"].as_u64().unwrap())
        .collect();
    assert_eq!(places, [1, 2, 3, 4, 5, 6, 7]);
    assert_eq!(
        lines[0],
        json!({"schema_version": 1, "file": "b.ndjson", "line": 1, "kind": "rule", "id": "a", "space": "soc",
            "outcome": "created", "status": 200, "message": null, "part": 2})
    );
    let kinds: Vec<&Value> = lines.iter().map(|it| &it["kind"]).collect();
    assert_eq!(
        kinds,
        [
            "rule",
            "rule",
            "rule",
            "exception-list",
            "exception-item",
            "exception-item",
            "connector"
        ]
    );
    assert_eq!(
        (&summary["schema_version"], &summary["exit"]),
        (&json!(1), &json!(0))
    );
    assert_eq!(
        keys(&summary["summary"]),
        [
            "created",
            "overwritten",
            "unchanged",
            "conflict",
            "refused",
            "held_back",
            "failed",
            "unknown"
        ]
        .map(String::from)
        .into()
    );
    // What is written to standard output is the same.
    let printed: Vec<Value> = told
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(printed, told.report);
}

#[test]
fn what_is_there_already_is_not_sent_again() {
    for version in GENERATIONS {
        let shore = Shore::of(version, &records());
        shore.import(&[]).ends_with(0);
        let before = shore.kibana.log().len();
        for flags in [&[][..], &["--overwrite", "rules,exceptions,connectors"]] {
            let told = shore.import(flags);
            told.ends_with(0);
            assert_eq!(told.counts(), [("unchanged", 7)].into(), "{version}");
            assert_eq!(shore.writes(before).len(), 0, "{version} {flags:?}");
        }
    }
}

#[test]
fn what_differs_is_a_conflict_unless_it_may_be_overwritten() {
    for version in GENERATIONS {
        let shore = Shore::of(version, &newer());
        shore.kibana.seed("soc", &bundle(&records()));
        let before = shore.kibana.state("soc");
        let told = shore.import(&[]);
        told.ends_with(3);
        assert_eq!(told.counts(), [("conflict", 6)].into(), "{version}");
        assert_eq!(
            told.message("a"),
            "it is there already and differs in `description`; `--overwrite rules` replaces it"
        );
        assert_eq!(told.line("a")["part"], Value::Null);
        assert_eq!(shore.writes(0).len(), 0);
        assert_eq!(shore.kibana.state("soc").rules, before.rules);
    }
}

#[test]
fn each_sort_is_overwritten_where_it_is_named_and_no_other() {
    for version in GENERATIONS {
        for (flag, overwritten) in [
            ("rules", &["a", "b", "d"][..]),
            ("exceptions", &["l", "i"]),
            ("connectors", &["c"]),
        ] {
            let shore = Shore::of(version, &newer());
            shore.kibana.seed("soc", &bundle(&records()));
            let told = shore.import(&["--overwrite", flag]);
            told.ends_with(3);
            if version == "8.18" && flag == "connectors" {
                // No rule is sent that would bring it.
                assert!(
                    told.message("c")
                        .contains("no rule that is sent acts through it")
                );
                continue;
            }
            for id in ["a", "b", "d", "l", "i", "c"] {
                let expected = if overwritten.contains(&id) {
                    "overwritten"
                } else {
                    "conflict"
                };
                assert_eq!(told.outcome(id), expected, "{version} {flag}: {id}");
            }
            let state = shore.kibana.state("soc");
            let changed: Vec<&str> = [&state.rules, &state.lists, &state.items]
                .into_iter()
                .flatten()
                .filter(|it| it["description"] == "newer")
                .map(|it| {
                    let ids = ["rule_id", "item_id", "list_id"];
                    ids.iter().find_map(|key| it.get(key)?.as_str()).unwrap()
                })
                .collect();
            let is_changed = |id: &&&str| **id != "c";
            assert_eq!(
                changed.into_iter().collect::<BTreeSet<_>>(),
                overwritten.iter().filter(is_changed).copied().collect()
            );
            // The item that the bundle lacks goes with its list alone.
            assert_eq!(state.items.len(), if flag == "exceptions" { 1 } else { 2 });
            let name = if flag == "connectors" { "newer C" } else { "C" };
            assert_eq!(state.connectors[0]["attributes"]["name"], name, "{version}");
        }
    }
}
