//! `convert-version` and `check --target` agree, for any record that the newest Kibana takes.
//!
//! Records are made from the schema, so a field that is added to the table is in these laws from then on.

#![cfg(test)]

#[path = "support/clean.rs"]
mod clean;
#[path = "support/command.rs"]
mod command;
#[path = "support/hostile.rs"]
#[allow(dead_code, reason = "other tests make hostile records of it")]
mod hostile;

use std::collections::BTreeMap;

use command::Folder;
use hostile::Choices;
use proptest::prelude::*;
use proptest::test_runner::Config;
use ruleferry::check::{Across, Facts, Level, Options, Present, Problem, problems};
use ruleferry::error::{Location, PathStep};
use ruleferry::pipeline::{Event, Pipeline};
use ruleferry::record::{Effect, Note, Record};
use ruleferry::schema::Target;
use ruleferry::stream::Source;
use serde_json::Value;

const TARGETS: [&str; 17] = [
    "7.17",
    "8.0",
    "8.3",
    "8.4",
    "8.7",
    "8.8",
    "8.10",
    "8.11",
    "8.14",
    "8.18",
    "8.19",
    "9.0",
    "9.1",
    "9.2",
    "9.4",
    "9.x",
    "serverless",
];

/// Records in one case.
const RECORDS: usize = 60;

fn found(line: &str, target: &str) -> Vec<Problem> {
    let target = target.parse().unwrap();
    problems(&Record::parse(line, 0).unwrap(), Options { target })
}

/// The lines of a bundle that the newest Kibana takes, and of which it changes nothing.
fn bundle(choices: &mut Choices) -> Vec<String> {
    let mut lines = Vec::new();
    for number in 0..RECORDS {
        let mut record = clean::record(choices);
        for key in ["rule_id", "item_id", "list_id", "id"] {
            let is_uuid = key == "id" && record.get("rule_id").is_some();
            if record.get(key).is_some() && !is_uuid {
                record[key] = format!("{key}-{number}").into();
            }
        }
        let line = record.to_string();
        if found(&line, "9.x")
            .iter()
            .all(|problem| problem.level == Level::Note)
        {
            lines.push(line);
        }
    }
    lines
}

/// What comes of a line, if it is not left out, and what is noted of it.
fn converted(line: &str, target: &str) -> (Option<String>, Vec<Note>) {
    let step = format!(r#"convert-version = {{ to = "{target}" }}"#);
    let (mut output, mut notes) = (Vec::new(), Vec::new());
    Pipeline::from_step(&step)
        .unwrap()
        .jobs(1)
        .run_with(
            vec![Source::reader("-", line.as_bytes())],
            &mut output,
            &mut |event| {
                if let Event::Note { note, .. } = event {
                    notes.push(note.clone());
                }
                Ok(())
            },
        )
        .unwrap();
    let output = String::from_utf8(output).unwrap();
    (Some(output).filter(|output| !output.is_empty()), notes)
}

/// What the target would refuse or not know.
fn is_unfit(problem: &Problem, target: Target) -> bool {
    let refused =
        target.refuses_unknown_keys() && matches!(problem.code, "unknown-key" | "other-type-key");
    problem.level == Level::Error || problem.code == "newer-than-target" || refused
}

/// The places that are in `before` and not, or other, in `after`.
fn changes(
    before: &Value,
    after: Option<&Value>,
    at: &mut Vec<PathStep>,
    out: &mut Vec<Vec<PathStep>>,
) {
    match (before, after) {
        (Value::Object(before), Some(Value::Object(after))) => {
            for (key, value) in before {
                at.push(PathStep::from(key.as_str()));
                changes(value, after.get(key), at, out);
                at.pop();
            }
        }
        (Value::Array(before), Some(Value::Array(after))) if before.len() == after.len() => {
            for (index, (value, after)) in before.iter().zip(after).enumerate() {
                at.push(index.into());
                changes(value, Some(after), at, out);
                at.pop();
            }
        }
        (before, Some(after)) if before == after => {}
        _ => out.push(at.clone()),
    }
}

/// Whether a note speaks of what is at this place, or within it, or around it.
fn speaks_of(note: &Note, place: &[PathStep]) -> bool {
    match note {
        Note::Converted {
            pointer, effect, ..
        } => *effect != Effect::Kept && (pointer.starts_with(place) || place.starts_with(pointer)),
        Note::Renamed { .. } => place == [PathStep::from("rule_id")],
        Note::LeftOut { .. } | Note::Unmapped { .. } | Note::Unknown => false,
    }
}

fn itemises(before: &str, after: &str, notes: &[Note]) {
    let read = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    let mut places = Vec::new();
    changes(
        &read(before),
        Some(&read(after)),
        &mut Vec::new(),
        &mut places,
    );
    for place in places {
        // What each action loses of its frequency is said of the action.
        let is_throttle = place == [PathStep::from("throttle")];
        assert!(
            is_throttle || notes.iter().any(|note| speaks_of(note, &place)),
            "{place:?} changes without a word\n{before}\n{after}\n{notes:#?}"
        );
    }
}

fn judged(lines: &[String], target: &str) -> Vec<Problem> {
    let mut across = Across::new(target.parse().unwrap(), Present::default());
    for line in lines {
        across.observe(
            &Location::default(),
            Facts::of(&Record::parse(line, 0).unwrap()),
        );
    }
    across
        .finish()
        .into_iter()
        .map(|finding| finding.problem)
        .collect()
}

fn holds(lines: &[String], target: &str) {
    let version: Target = target.parse().unwrap();
    let mut left = Vec::new();
    for line in lines {
        let (after, notes) = converted(line, target);
        let Some(after) = after else {
            assert!(
                matches!(&notes[..], [Note::LeftOut { .. }]),
                "{line} goes to {target} without a word: {notes:?}"
            );
            continue;
        };
        let unfit: Vec<_> = found(&after, target)
            .into_iter()
            .filter(|problem| is_unfit(problem, version))
            .collect();
        assert!(unfit.is_empty(), "{target}: {unfit:#?}\n{line}\n{after}");
        itemises(line, &after, &notes);
        if version >= Target::NEWEST {
            assert_eq!(*line, after, "{target}");
        }
        assert_eq!(
            converted(&after, target).0.as_ref(),
            Some(&after),
            "{target}"
        );
        left.push(after);
    }
    let errors = |lines: &[String], target| {
        let all = judged(lines, target);
        let is_error = |problem: &Problem| problem.level == Level::Error;
        all.into_iter().filter(is_error).collect::<Vec<_>>()
    };
    if errors(lines, "9.x").is_empty() {
        assert_eq!(errors(&left, target), []);
    }
}

proptest! {
    #![proptest_config(Config { cases: 12, failure_persistence: None, ..Config::default() })]

    #[test]
    fn what_is_converted_is_fit_for_its_target(seed: u64) {
        let lines = bundle(&mut Choices::of(seed));
        for target in TARGETS {
            holds(&lines, target);
        }
    }
}

#[test]
fn the_law_meets_records_of_every_sort() {
    let mut sorts: BTreeMap<String, usize> = BTreeMap::new();
    let lines: Vec<String> = (0..20)
        .flat_map(|seed| bundle(&mut Choices::of(seed)))
        .collect();
    for line in &lines {
        let record = Record::parse(line, 0).unwrap();
        let ty = record.str("type").unwrap_or_default().into_owned();
        *sorts.entry(format!("{} {ty}", record.kind())).or_default() += 1;
    }
    for ty in [
        "query",
        "saved_query",
        "eql",
        "esql",
        "threat_match",
        "threshold",
        "machine_learning",
        "new_terms",
    ] {
        let count = sorts.get(&format!("rule {ty}"));
        assert!(count.is_some_and(|count| *count > 5), "{ty}: {sorts:?}");
    }
    for sort in [
        "exception list detection",
        "exception item simple",
        "connector action",
    ] {
        assert!(
            sorts.get(sort).is_some_and(|count| *count > 5),
            "{sort}: {sorts:?}"
        );
    }
    for key in [
        "negate",
        "runscript",
        "alerts_filter",
        "endpoint_custom_yara_signatures",
        "expire_time",
        "originId",
        "apiKey",
    ] {
        let met = lines
            .iter()
            .filter(|line| line.contains(&format!("\"{key}\"")))
            .count();
        assert!(met > 3, "{key}: {met}");
    }
}

#[test]
fn the_law_can_be_broken() {
    let broken = |law: fn()| std::panic::catch_unwind(law).is_err();
    assert!(broken(|| itemises(r#"{"a":[1,2]}"#, r#"{"a":[1]}"#, &[])));
    let unfit = |line: &str, target: &str| {
        let version = target.parse().unwrap();
        found(line, target)
            .iter()
            .any(|problem| is_unfit(problem, version))
    };
    assert!(unfit(r#"{"rule_id":"r","type":"new_terms"}"#, "8.3"));
    assert!(unfit(r#"{"rule_id":"r","type":"query","extra":1}"#, "8.9"));
}

const OUTDATED: &str = concat!(
    r#"{"rule_id":"a","type":"query","revision":3,"data_view_id":"v"}"#,
    "\n",
    r#"{"rule_id":"b","type":"query","revision":4,"data_view_id":"w"}"#,
    "\n",
    r#"{"rule_id":"c","type":"esql","name":"Rare parent"}"#,
    "\n",
);

fn edit(more: &[&str]) -> (String, String) {
    let folder = Folder::new();
    folder.write("in", OUTDATED);
    let args = [
        &["edit", "convert-version", "--to", "8.2", "in", "-o", "out"][..],
        more,
    ]
    .concat();
    let ran = folder.run(&args, b"");
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let left = "{\"rule_id\":\"a\",\"type\":\"query\"}\n{\"rule_id\":\"b\",\"type\":\"query\"}\n";
    assert_eq!(folder.read("out"), left.as_bytes());
    (String::from_utf8(ran.stdout).unwrap(), ran.stderr)
}

#[test]
fn people_are_told_of_losses_by_their_sort_and_of_each_rule_that_goes() {
    let left_out = r#"lost: left out "Rare parent": rule type `esql` is known since about 8.11 (in:3, rule `c`)"#;
    let summary = "3 records read (3 rules); 2 changed, 1 dropped";
    let (_, told) = edit(&[]);
    assert_eq!(
        told.lines().collect::<Vec<_>>(),
        [
            "note: `revision` is cleared: known since 8.8 (in:1, rule `a` and 1 more)",
            "lost: `data_view_id`: known since about 8.3 (in:1, rule `a` and 1 more)",
            left_out,
            summary,
        ]
    );
    let (_, told) = edit(&["-v"]);
    assert!(
        told.contains("lost: in:2, rule `b`: `data_view_id` \"w\": known since about 8.3\n"),
        "{told}"
    );
}

#[test]
fn scripts_are_told_of_each_loss_with_its_place() {
    let (lines, _) = edit(&["--format", "json"]);
    let told: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(told.len(), 6, "{lines}");
    let lost = &told[1];
    assert_eq!(
        (
            &lost["note"],
            &lost["line"],
            &lost["pointer"],
            &lost["value"],
            &lost["why"]
        ),
        (
            &"lost".into(),
            &1.into(),
            &"/data_view_id".into(),
            &"\"v\"".into(),
            &"known since about 8.3".into()
        )
    );
    let gone = &told[4];
    assert_eq!(
        (&gone["note"], &gone["name"]),
        (&"left-out".into(), &"Rare parent".into())
    );
}
