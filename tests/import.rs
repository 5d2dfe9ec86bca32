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

use kibana::Logged;
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
    assert_eq!(told.printed(), told.report);
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

#[test]
fn rules_that_would_lack_something_are_held_back() {
    for version in GENERATIONS {
        let mut bad = item("bad", "m");
        bad["entries"] = json!([]);
        let records = vec![
            referring("lost", "nowhere", "detection"),
            referring("poor", "m", "detection"),
            referring("other", "l", "endpoint"),
            rule("fine"),
            list("l"),
            list("m"),
            bad,
        ];
        let shore = Shore::of(version, &records);
        let told = shore.import(&[]);
        told.ends_with(3);
        let held = [
            ("lost", "list `nowhere` is neither in the space nor arrives"),
            (
                "poor",
                "item `bad` of list `m` is not in the space as the bundle has it",
            ),
            (
                "other",
                "list `l` is of type `detection`, and the rule refers to it as `endpoint`: Kibana would remove the reference",
            ),
        ];
        for (id, why) in held {
            assert_eq!(
                (told.outcome(id), told.message(id)),
                ("held_back", why),
                "{version}"
            );
            let sent = |it: &Logged| it.names.contains(&format!("rule {id}"));
            assert!(!shore.imports().iter().any(sent), "{id} was sent");
        }
        assert_eq!(
            (told.outcome("bad"), told.outcome("fine")),
            ("refused", "created")
        );
        assert_eq!(shore.held("soc"), ["list l", "list m", "rule fine"]);
        assert!(told.stdout.contains("held back"), "{}", told.stdout);

        let told = shore.import(&["--allow-missing-exceptions"]);
        told.ends_with(3);
        for (id, differs) in [("lost", true), ("poor", false), ("other", true)] {
            assert_eq!(told.outcome(id), "created", "{version}: {id}");
            // What Kibana removed is told.
            assert_eq!(
                told.line(id).get("differs").is_some(),
                differs,
                "{}",
                told.line(id)
            );
            assert_eq!(
                told.message(id).contains("Reference has been removed"),
                differs,
                "{}",
                told.line(id)
            );
        }
    }
}

#[test]
fn what_is_no_record_is_named_and_never_sent() {
    let dashboard =
        json!({"id": "dash", "type": "dashboard", "attributes": {"title": "t"}, "references": []});
    let lines = [
        "\u{feff}".to_owned() + &rule("a").to_string(),
        "nonsense".into(),
        "7".into(),
        "null".into(),
        "\"text\"".into(),
        "[1]".into(),
        dashboard.to_string(),
        json!({"exportedCount": 1, "missingRefCount": 0}).to_string(),
        json!({"name": "nobody", "type": "query"}).to_string(),
        "{\"rule_id\":\"broken\"".into(),
        String::new(),
        rule("z").to_string(),
        json!({"exported_exception_list_count": 1, "exported_exception_list_item_count": 1})
            .to_string(),
    ];
    for version in GENERATIONS {
        let shore = Shore::of(version, &[]);
        shore.folder.write("b.ndjson", lines.join("\r\n"));
        let told = shore.import(&[]);
        told.ends_with(3);
        assert_eq!(shore.held("soc"), ["rule a", "rule z"], "{version}");
        let outcomes: Vec<(u64, &str)> = told
            .report
            .iter()
            .filter_map(|it| Some((it["line"].as_u64()?, it["outcome"].as_str()?)))
            .collect();
        let refused = |line| (line, "refused");
        assert_eq!(
            outcomes,
            [
                (1, "created"),
                refused(2),
                refused(3),
                refused(4),
                refused(5),
                refused(6),
                refused(7),
                refused(9),
                refused(10),
                (12, "created")
            ],
        );
        for line in told.report.iter().filter(|it| it["outcome"] == "refused") {
            assert!(
                line["message"].as_str().is_some_and(|it| !it.is_empty()),
                "{line}"
            );
            assert_eq!(line["part"], Value::Null);
        }
        assert_eq!(shore.imports().len(), 1);
        assert_eq!(shore.imports()[0].names, ["rule a", "rule z"]);
    }
}

#[test]
fn nothing_is_done_without_a_yes() {
    let shore = Shore::of("9.1", &records());
    // There is no terminal to ask on.
    let ran = shore.run(&[
        "import", "b.ndjson", "--space", "soc", "--report", "r.ndjson",
    ]);
    assert_eq!(ran.code, Some(2), "{}", ran.stderr);
    assert!(ran.stderr.contains("`--yes` is needed"), "{}", ran.stderr);
    assert_eq!(shore.folder.names(), ["b.ndjson"].map(String::from).into());
    assert_eq!(shore.writes(0).len(), 0);
    assert!(!shore.kibana.log().is_empty());
}

#[test]
fn a_dry_run_reads_and_tells_and_sends_nothing() {
    let shore = Shore::of("9.1", &newer());
    shore.kibana.seed("soc", &bundle(&records()[..1]));
    let told = shore.import(&["--dry-run"]);
    told.ends_with(0);
    assert!(
        told.stdout.contains("6 records to space soc"),
        "{}",
        told.stdout
    );
    let told = shore.import(&["--dry-run", "--format", "json"]);
    told.ends_with(0);
    assert_eq!(told.counts(), [("created", 5), ("conflict", 1)].into());
    assert_eq!(told.summary()["dry_run"], true);
    assert!(
        told.message("a")
            .contains("`--overwrite rules` replaces it")
    );
    assert_eq!(told.printed(), told.report);
    assert_eq!(shore.writes(0).len(), 0);
    assert!(!shore.kibana.log().is_empty());
    assert_eq!(
        shore.folder.names(),
        ["b.ndjson", "r.ndjson"].map(String::from).into()
    );
}

#[test]
fn what_nobody_should_be_surprised_by_is_said_before_it_is_done() {
    let shore = Shore::of("9.1", &newer());
    shore.kibana.seed("soc", &bundle(&records()));
    let flags = ["--overwrite", "rules,exceptions,connectors"];
    let warnings = [
        "overwriting lists removes 1 of their items",
        "for a moment nothing excepts",
        "overwriting wipes the secrets of 1 connector",
    ];
    let dry = shore.import(&[&flags[..], &["--dry-run"]].concat());
    let asked = shore.run(&[
        "import",
        "b.ndjson",
        "--space",
        "soc",
        "--overwrite",
        flags[1],
    ]);
    assert_eq!(asked.code, Some(2));
    let told = shore.import(&flags);
    told.ends_with(0);
    for warning in warnings {
        for said in [&dry.stdout, &asked.stderr, &told.stderr] {
            assert!(said.contains(warning), "{warning}: {said}");
        }
    }
    // Nobody wants to hear of it who wants to hear of nothing.
    let shore = Shore::of("9.1", &newer());
    shore.kibana.seed("soc", &bundle(&records()));
    let told = shore.import(&[&flags[..], &["-q"]].concat());
    assert_eq!((&*told.stdout, &*told.stderr), ("", ""));
}

#[test]
fn files_that_are_read_are_not_written() {
    let shore = Shore::of("9.1", &records());
    let before = shore.folder.read("b.ndjson");
    for args in [
        &["--report", "b.ndjson"][..],
        &["--journal", "b.ndjson"],
        &["--report", "r.ndjson", "--journal", "r.ndjson"],
    ] {
        let args = [&["import", "b.ndjson", "--space", "soc", "--yes"][..], args].concat();
        let ran = shore.run(&args);
        assert_eq!(ran.code, Some(2), "{args:?}: {}", ran.stderr);
        assert!(
            ran.stderr.contains("must be a file of its own"),
            "{}",
            ran.stderr
        );
    }
    assert_eq!(shore.folder.read("b.ndjson"), before);
    assert_eq!(shore.writes(0).len(), 0);
}

#[test]
fn a_bundle_comes_from_standard_input_too() {
    let shore = Shore::of("9.1", &[]);
    for args in [&[][..], &["-"]] {
        let args = [&["import", "--space", "soc", "--yes"][..], args].concat();
        let input = bundle(&records());
        let ran = shore.folder.command(&mut shore.command(&args), &input);
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    }
    assert_eq!(shore.kibana.state("soc").rules.len(), 3);
}

#[test]
#[cfg(unix)]
fn nobody_who_reads_is_no_reason_to_end_otherwise() {
    let shore = Shore::of("9.1", &newer());
    shore.kibana.seed("soc", &bundle(&records()[..1]));
    let mut child = shore.begin(&["--format", "json"]);
    drop(child.stdout.take());
    let told = shore.end(child);
    told.ends_with(3);
    assert_eq!(told.stderr, "");
    // The journal is gone.
    assert_eq!(
        shore.folder.names(),
        ["b.ndjson", "r.ndjson"].map(String::from).into()
    );
}
