//! The command imports into many spaces at once, where lists and connectors are not of one space alone.

#![cfg(test)]

#[path = "support/command.rs"]
mod command;
#[path = "support/kibana/mod.rs"]
mod kibana;
#[path = "support/records.rs"]
mod records;
#[path = "support/shore.rs"]
mod shore;

use std::time::Duration;

use kibana::{Fault, Logged, On, Schedule, Settings};
use records::{acting, bundle, connector, item, list, rule, secretless, with};
use serde_json::{Value, json};
use shore::{GENERATIONS, Shore};

/// The names of spaces of customers.
fn customers(count: usize) -> Vec<String> {
    (0..count).map(|n| format!("cust-{n}")).collect()
}

fn agnostic(record: Value) -> Value {
    with(record, &json!({"namespace_type": "agnostic"}))
}

/// How many imports were under way at once, at most.
fn most_at_once(imports: &[Logged]) -> usize {
    let at = |moment| {
        imports
            .iter()
            .filter(|it| it.begun <= moment && it.ended.is_none_or(|end| end > moment))
            .count()
    };
    imports.iter().map(|it| at(it.begun)).max().unwrap_or(0)
}

#[test]
fn spaces_by_glob_go_side_by_side_and_are_told_together() {
    let mut spaces = customers(6);
    spaces.push("soc".into());
    let settings = Settings {
        spaces,
        part_delay: Duration::from_millis(60),
        ..Settings::of("9.1")
    };
    let records = [rule("a"), rule("b")];
    let shore = Shore::with(settings, &records);
    shore.kibana.seed(
        "cust-3",
        &bundle(&[with(rule("a"), &json!({"name": "other"}))]),
    );
    let told = shore.import_into(&["cust-*"], &["-j", "3"]);
    told.ends_with(3);
    assert_eq!(most_at_once(&shore.imports()), 3);
    for space in customers(6) {
        assert_eq!(shore.held(&space), ["rule a", "rule b"]);
    }
    assert!(shore.held("soc").is_empty());
    // Space by space, each in input order.
    let lines: Vec<(String, String)> = told.report[..12]
        .iter()
        .map(|it| {
            let text = |key: &str| it[key].as_str().unwrap().to_owned();
            (text("space"), text("id"))
        })
        .collect();
    let expected = customers(6)
        .into_iter()
        .flat_map(|space| ["a", "b"].map(|id| (space.clone(), id.to_owned())));
    assert_eq!(lines, expected.collect::<Vec<_>>());
    assert_eq!(told.counts(), [("created", 11), ("conflict", 1)].into());
    let rows: Vec<&str> = told
        .stdout
        .lines()
        .filter(|it| it.starts_with("cust-"))
        .collect();
    assert_eq!(rows.len(), 6, "{}", told.stdout);
    let head = told
        .stdout
        .lines()
        .find(|it| it.starts_with("space  "))
        .unwrap();
    let words = |line: &str| {
        line.split_whitespace()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!(words(head), ["space", "created", "conflict", "parts"]);
    assert_eq!(words(rows[3]), ["cust-3", "1", "1", "1"]);

    let before = shore.imports().len();
    let told = shore.import_into(&["cust-1", "so?"], &["-j", "1"]);
    told.ends_with(0);
    assert_eq!(told.counts(), [("created", 2), ("unchanged", 2)].into());
    assert_eq!(shore.imports().len(), before + 1);
    let told = shore.import_into(&["nothing-*"], &[]);
    assert_eq!(told.code, Some(2), "{}", told.stderr);
}

#[test]
fn a_list_of_all_spaces_is_made_once() {
    for version in GENERATIONS {
        let reference =
            json!({"id": "x", "list_id": "g", "type": "detection", "namespace_type": "agnostic"});
        let records = [
            with(rule("a"), &json!({"exceptions_list": [reference]})),
            agnostic(list("g")),
            agnostic(item("i", "g")),
            agnostic(item("j", "g")),
        ];
        let settings = Settings {
            spaces: customers(8),
            race: Duration::from_millis(10),
            ..Settings::of(version)
        };
        let shore = Shore::with(settings, &records);
        let told = shore.import_into(&["cust-*"], &["-j", "8"]);
        told.ends_with(0);
        assert_eq!(
            told.counts(),
            [("created", 8 + 3), ("unchanged", 7 * 3)].into(),
            "{version}"
        );
        assert!(shore.kibana.duplicates().is_empty());
        let sent = shore
            .imports()
            .iter()
            .filter(|it| it.names.contains(&"list g".into()))
            .count();
        assert_eq!(sent, 1, "{version}");
        for space in customers(8) {
            assert_eq!(
                shore.held(&space),
                ["item g/i", "item g/j", "list g", "rule a"]
            );
        }
        // Overwriting it once is enough as well.
        let newer: Vec<Value> = records
            .iter()
            .map(|it| with(it.clone(), &json!({"description": "newer"})))
            .collect();
        shore.write(&newer);
        let before = shore.imports().len();
        let told = shore.import_into(&["cust-*"], &["-j", "8", "--overwrite", "exceptions,rules"]);
        told.ends_with(0);
        assert_eq!(
            told.counts(),
            [("overwritten", 8 + 3), ("unchanged", 7 * 3)].into(),
            "{version}"
        );
        let lists = shore
            .imports()
            .iter()
            .skip(before)
            .filter(|it| it.names.contains(&"list g".into()))
            .count();
        assert_eq!(lists, 1, "{version}");
    }
}

#[test]
fn connectors_whose_ids_another_space_has_get_ids_of_their_own() {
    let records = [
        acting("a", &["c"]),
        acting("b", &["c", "d"]),
        connector("c", "C"),
        connector("d", "D"),
    ];
    for version in GENERATIONS {
        let settings = Settings {
            spaces: customers(4),
            race: Duration::from_millis(5),
            ..Settings::of(version)
        };
        let shore = Shore::with(settings, &records);
        let told = shore.import_into(&["cust-*"], &["-j", "4"]);
        told.ends_with(0);
        assert_eq!(told.counts(), [("created", 16)].into(), "{version}");
        let mut ids = Vec::new();
        for space in customers(4) {
            assert_eq!(
                shore.held(&space),
                ["connector C", "connector D", "rule a", "rule b"],
                "{version}"
            );
            let state = shore.kibana.state(&space);
            let own: Vec<&Value> = state.connectors.iter().map(|it| &it["id"]).collect();
            // Every action goes through a connector of its own space.
            for action in state
                .rules
                .iter()
                .flat_map(|it| it["actions"].as_array().unwrap())
            {
                assert!(own.contains(&&action["id"]), "{version} {space}: {action}");
            }
            let actions = state
                .rules
                .iter()
                .map(|it| it["actions"].as_array().unwrap().len());
            assert_eq!(actions.sum::<usize>(), 3, "{version} {space}");
            ids.extend(own.into_iter().cloned());
        }
        ids.sort_by_key(Value::to_string);
        ids.dedup();
        assert_eq!(ids.len(), 8, "{version}: an id is in two spaces");
        // Done again, nothing is sent.
        let before = shore.kibana.log().len();
        shore.import_into(&["cust-*"], &[]).ends_with(0);
        assert_eq!(shore.writes(before).len(), 0, "{version}");
    }
}

#[test]
fn rules_pass_though_their_connectors_lack_secrets_in_every_part() {
    for version in GENERATIONS {
        let mut records: Vec<Value> = (0..600)
            .map(|n| with(acting(&format!("r{n}"), &["c"]), &json!({"enabled": true})))
            .collect();
        records.push(secretless("c", "C"));
        let shore = Shore::of(version, &records);
        let told = shore.import(&[]);
        told.ends_with(0);
        assert_eq!(told.counts(), [("created", 601)].into(), "{version}");
        let imports = shore.imports();
        assert!(imports.len() > 1, "one part is no test");
        // Each part has the connector's line, and each but the first only to be let in.
        for import in &imports {
            assert!(import.names.contains(&"connector c".into()), "{version}");
            assert!(
                !import
                    .query
                    .iter()
                    .any(|(key, _)| key == "overwrite_action_connectors")
            );
        }
        assert_eq!(shore.kibana.state("soc").connectors.len(), 1);
        assert!(
            told.stderr
                .contains("cannot be used before somebody enters their secrets: `c`"),
            "{}",
            told.stderr
        );
    }
}

#[test]
fn one_space_that_fails_does_not_take_the_others_along() {
    let settings = Settings {
        spaces: customers(3),
        ..Settings::of("9.1")
    };
    let shore = Shore::with(settings, &[rule("a")]);
    // The second import is refused, whichever space it is for.
    let refused = Fault::Status {
        status: 403,
        retry_after: None,
        is_html: false,
        work: kibana::Work::NotDone,
    };
    shore
        .kibana
        .schedule(Schedule::of([(On::nth("POST", "*/_import", 2), refused)]));
    let told = shore.import_into(&["cust-*"], &["-j", "1"]);
    told.ends_with(5);
    let outcomes: Vec<&Value> = told.report[..3].iter().map(|it| &it["outcome"]).collect();
    assert_eq!(outcomes, ["created", "failed", "created"]);
    assert!(
        told.report[1]["message"].as_str().unwrap().contains("403"),
        "{}",
        told.report[1]
    );
    assert_eq!(told.summary()["exit"], 5);
    assert!(
        told.stderr.contains("`--resume` goes on"),
        "{}",
        told.stderr
    );
    let before = shore.kibana.log().len();
    let told = shore.import_into(&["cust-*"], &["--resume"]);
    told.ends_with(0);
    assert_eq!(told.counts(), [("created", 3)].into());
    // What was done is not even looked at.
    let touched: Vec<Logged> = shore.kibana.log().into_iter().skip(before).collect();
    assert!(
        touched
            .iter()
            .all(|it| it.space == "cust-1" || it.space == "default"),
        "{touched:?}"
    );
}
