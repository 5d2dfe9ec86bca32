//! The command in trouble: doubled requests, full servers, records that are refused.

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

use kibana::{Fault, Maker, On, Schedule, Settings, Work};
use records::{acting, connector, item, list, referring, rule, with};
use serde_json::{Value, json};
use shore::{GENERATIONS, Shore, Told, wait_until};

const ROUTE: &str = "*/rules/_import";

/// A list with items, a rule that needs it, and one that does not.
fn records() -> Vec<Value> {
    vec![
        referring("a", "l", "detection"),
        rule("b"),
        list("l"),
        item("i", "l"),
    ]
}

fn twice(nth: u64) -> Schedule {
    let twice = Fault::Twice {
        is_concurrent: true,
        is_second_answer: true,
    };
    Schedule::of([(On::nth("POST", ROUTE, nth), twice)])
}

/// A server on which the n-th part is done twice at once.
fn doubling(version: &str, nth: u64) -> Shore {
    let settings = Settings {
        race: Duration::from_millis(30),
        ..Settings::of(version)
    };
    let shore = Shore::with(settings, &records());
    shore.kibana.schedule(twice(nth));
    shore
}

fn duplicates(told: &Told) -> Vec<&Value> {
    let lines = told.report.iter();
    lines.filter(|it| it.get("duplicate").is_some()).collect()
}

#[test]
fn what_a_proxy_made_twice_is_named_and_removed_where_asked_for() {
    for version in GENERATIONS {
        let shore = doubling(version, 2);
        let told = shore.import(&[]);
        told.ends_with(3);
        let mut made = shore.kibana.duplicates();
        made.sort_by(|a, b| a.key.cmp(&b.key));
        assert_eq!(made.len(), 2, "{version}: {made:?}");
        assert!(made.iter().all(|it| it.by == Maker::Proxy));
        let named = duplicates(&told);
        assert_eq!(named.len(), 2, "{version}: {:?}", told.report);
        for (line, made) in named.iter().zip(&made) {
            let ids: Vec<&str> = made.copies.iter().map(|(id, _)| id.as_str()).collect();
            assert_eq!(
                (&line["id"], &line["duplicate"]),
                (&json!(made.key), &json!(ids)),
                "{version}"
            );
            assert!(told.stdout.contains(ids[1]), "{}", told.stdout);
        }
        assert!(
            told.stdout
                .contains("`--remove-duplicates` deletes the younger"),
            "{}",
            told.stdout
        );
        // They are named however late, and go only if that is asked for.
        let told = shore.import(&[]);
        told.ends_with(3);
        assert_eq!(duplicates(&told).len(), 2, "{version}");
        let before = shore.kibana.duplicates();
        let told = shore.import(&["--remove-duplicates"]);
        told.ends_with(0);
        assert_eq!(told.summary()["removed_duplicates"], 2);
        assert!(shore.kibana.duplicates().is_empty(), "{version}");
        // The oldest stays.
        for rule in shore.kibana.state("soc").rules {
            let kept = before.iter().any(|it| it.copies[0].0 == rule["id"]);
            assert!(kept, "{version}: {rule}");
        }
    }
}

#[test]
fn duplicates_that_cannot_be_removed_stay_named() {
    let shore = doubling("9.1", 2);
    shore.import(&[]).ends_with(3);
    let refused = Fault::Status {
        status: 500,
        retry_after: None,
        is_html: false,
        work: Work::NotDone,
    };
    shore
        .kibana
        .schedule(Schedule::of([(On::each("DELETE", "*"), refused)]));
    let told = shore.import(&["--remove-duplicates"]);
    told.ends_with(1);
    assert_eq!(
        (duplicates(&told).len(), shore.kibana.duplicates().len()),
        (2, 2)
    );
    assert!(told.stderr.contains("500"), "{}", told.stderr);
    assert!(
        told.stderr.contains("`--resume` goes on"),
        "{}",
        told.stderr
    );
    shore.kibana.schedule(Schedule::default());
    let told = shore.import(&["--remove-duplicates", "--resume"]);
    told.ends_with(0);
    assert_eq!(told.summary()["removed_duplicates"], 2);
}

#[test]
fn duplicates_that_cannot_be_looked_at_are_told_of() {
    let shore = doubling("9.1", 2);
    shore.import(&[]).ends_with(3);
    let before = shore.kibana.log().len();
    shore.import(&[]).ends_with(3);
    // The last rules that are read are those that share an id.
    let log = shore.kibana.log().split_off(before);
    let reads = log.iter().filter(|it| it.path.ends_with("/rules/_find"));
    let refused = Fault::Status {
        status: 404,
        retry_after: None,
        is_html: false,
        work: Work::NotDone,
    };
    let on = On::nth("GET", "*/rules/_find", reads.count() as u64);
    shore.kibana.schedule(Schedule::of([(on, refused)]));
    let told = shore.import(&[]);
    told.ends_with(3);
    assert_eq!(duplicates(&told).len(), 2);
    assert!(
        told.stdout.contains("is there more than once"),
        "{}",
        told.stdout
    );
    assert!(told.stdout.contains("could not be read"), "{}", told.stdout);
}

#[test]
fn two_lists_of_one_id_are_named_and_left() {
    for version in GENERATIONS {
        let shore = doubling(version, 1);
        let told = shore.import(&["--remove-duplicates"]);
        told.ends_with(3);
        let made = shore.kibana.duplicates();
        assert!(
            made.iter().all(|it| it.kind == "list"),
            "{version}: {made:?}"
        );
        let named = duplicates(&told);
        assert_eq!(
            (named.len(), &named[0]["kind"]),
            (1, &json!("exception-list")),
            "{version}"
        );
        assert_eq!(named[0]["removable"], false);
        assert!(
            told.stdout
                .contains("deleting either takes the items of both"),
            "{}",
            told.stdout
        );
    }
}

#[test]
fn without_a_look_at_the_end_less_is_read() {
    let shore = Shore::of("9.1", &records());
    let told = shore.import(&["--no-verify"]);
    told.ends_with(0);
    assert_eq!(told.counts(), [("created", 4)].into());
    let log = shore.kibana.log();
    // The last word is that of the last part.
    assert!(
        log.last().unwrap().path.ends_with("/rules/_import"),
        "{:?}",
        log.last()
    );
}

#[test]
fn what_is_not_as_it_was_taken_is_told() {
    // The server says that all is well, and somebody changes it before the end.
    let shore = Shore::of("9.1", &records());
    let slow = Fault::Delay {
        before: Duration::ZERO,
        after: Duration::from_millis(300),
    };
    shore
        .kibana
        .schedule(Schedule::of([(On::nth("POST", ROUTE, 2), slow)]));
    let child = shore.begin(&[]);
    wait_until("the rules are there", || {
        shore.kibana.state("soc").rules.len() == 2
    });
    let id = shore.kibana.state("soc").rules[1]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    shore.kibana.remove_rule("soc", &id);
    let told = shore.end(child);
    told.ends_with(3);
    assert_eq!(told.outcome("b"), "failed");
    assert!(
        told.message("b").contains("it is not in the space"),
        "{}",
        told.message("b")
    );
}

#[test]
fn parts_follow_what_the_server_takes() {
    for version in GENERATIONS {
        let settings = Settings {
            max_bytes: 20_000,
            ..Settings::of(version)
        };
        let records: Vec<Value> = (0..300).map(|n| rule(&format!("r{n}"))).collect();
        let shore = Shore::with(settings, &records);
        let told = shore.import(&[]);
        told.ends_with(0);
        assert_eq!(told.counts(), [("created", 300)].into(), "{version}");
        let taken = shore
            .imports()
            .into_iter()
            .filter(|it| it.status == Some(200));
        assert!(
            taken.map(|it| it.bytes).max().unwrap() <= 20_000,
            "{version}"
        );
        // A line that no request can hold is told with the server's words, and the rest arrives.
        let wide = with(rule("wide"), &json!({"note": "x".repeat(30_000)}));
        let settings = Settings {
            max_bytes: 20_000,
            ..Settings::of(version)
        };
        let shore = Shore::with(settings, &[rule("a"), wide, rule("z")]);
        let told = shore.import(&[]);
        told.ends_with(3);
        assert_eq!(
            (told.outcome("a"), told.outcome("z")),
            ("created", "created"),
            "{version}"
        );
        assert!(
            ["failed", "refused"].contains(&told.outcome("wide")),
            "{version}"
        );
        assert!(
            told.message("wide").contains("Payload"),
            "{}",
            told.message("wide")
        );
    }
}

#[test]
fn what_the_server_refuses_is_told_in_its_words() {
    let bad = with(rule("bad"), &json!({"severity": "dreadful"}));
    let missing = acting("lost", &["nowhere"]);
    for version in GENERATIONS {
        let shore = Shore::of(version, &[bad.clone(), missing.clone(), rule("fine")]);
        let told = shore.import(&[]);
        told.ends_with(3);
        assert_eq!(
            (told.outcome("bad"), told.outcome("fine")),
            ("refused", "created"),
            "{version}"
        );
        assert_eq!(told.line("bad")["status"], 400);
        assert!(
            told.message("bad").contains("severity"),
            "{version}: {}",
            told.message("bad")
        );
        let (outcome, words) = if version == "8.18" {
            (
                "held_back",
                "connector `nowhere` is neither in the space nor arrives",
            )
        } else {
            (
                "refused",
                "Rule actions reference the following missing action IDs: nowhere",
            )
        };
        assert_eq!(told.outcome("lost"), outcome, "{version}");
        assert!(
            told.message("lost").contains(words),
            "{version}: {}",
            told.message("lost")
        );
    }
}

#[test]
fn older_targets_are_refused_with_a_reason() {
    for (version, why) in [
        ("7.17", "an import needs 8.0 or later"),
        ("7.9", "of whose exports and imports nothing is known here"),
    ] {
        let shore = Shore::of(version, &records());
        let told = shore.import(&[]);
        assert_eq!(told.code, Some(1), "{}", told.stderr);
        assert!(told.stderr.contains(why), "{}", told.stderr);
        assert!(shore.writes(0).is_empty());
    }
    for version in ["8.0", "8.6", "8.7", "8.13", "9.0", "9.4"] {
        let shore = Shore::of(version, &records());
        shore.import(&[]).ends_with(0);
    }
    let shore = Shore::of("8.6", &[acting("a", &["c"]), connector("c", "C")]);
    let told = shore.import(&[]);
    told.ends_with(3);
    assert!(
        told.message("c").contains("below 8.7"),
        "{}",
        told.message("c")
    );
}

#[test]
fn what_is_told_of_many_is_told_once_and_never_floods() {
    let mut records: Vec<Value> = (0..15)
        .map(|n| referring(&format!("same-{n}"), "gone", "detection"))
        .collect();
    let others =
        (0..25).map(|n| referring(&format!("other-{n}"), &format!("gone-{n}"), "detection"));
    records.extend(others);
    let shore = Shore::with(Settings::of("9.1"), &records);
    let told = shore.import(&["--allow-missing-exceptions"]);
    told.ends_with(3);
    let has = |line: &str| told.stdout.lines().any(|it| it.trim().starts_with(line));
    let removed = "references a non existent exception list of list_id:";
    assert!(
        has(&format!(
            "created 200: Rule with rule_id: \"…\" {removed} \"gone\". Reference has been removed."
        )),
        "{}",
        told.stdout
    );
    assert!(has("rule `same-9` (line 10)") && !told.stdout.contains("same-10"));
    assert!(has("and 5 more; `-v` or `--report` names them"));
    assert!(has(&format!(
        "created 200: Rule with rule_id: \"other-18\" {removed} \"gone-18\". Reference has been removed."
    )));
    assert!(!told.stdout.contains("other-19"));
    assert!(has(
        "and 6 more reasons, of 6 records; `-v` or `--report` tells them"
    ));
}
