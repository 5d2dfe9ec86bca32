//! `restore` in storms: killed at any point and gone on with, and in bad weather, nothing is lost, nothing comes twice, and what is
//! told is so.
//!
//! `RULEFERRY_CASES=1000 cargo test --release --test restore_storm -- --ignored` takes the long way.

#![cfg(test)]

#[path = "support/command.rs"]
mod command;
#[path = "support/kibana/mod.rs"]
mod kibana;
#[path = "support/records.rs"]
mod records;
#[path = "support/shore.rs"]
mod shore;
#[path = "support/storm.rs"]
mod storm;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use command::Ran;
use kibana::{Dice, Logged, Maker, Schedule, Settings};
use records::{acting, bundle, connector, item, list, referring, rule, with};
use serde_json::{Value, json};
use shore::{Shore, is_write};
use storm::{cases, each_seed};

const RESTORE: [&str; 10] = [
    "restore", "--repo", "repo", "--space", "soc", "--yes", "--report", "r.ndjson", "--still",
    "300ms",
];

/// Lists with items, a connector, and rules with and without them, all of them enabled.
fn records(rules: u64) -> Vec<Value> {
    let mut records = vec![list("l"), list("unused"), connector("c", "C")];
    records.extend((0..6).map(|n| item(&format!("i{n}"), "l")));
    records.push(item("other", "unused"));
    records.extend((0..rules).map(|n| {
        let id = format!("r{n}");
        let rule = match n % 3 {
            0 => referring(&id, "l", "detection"),
            1 => acting(&id, &["c"]),
            _ => rule(&id),
        };
        with(rule, &json!({"enabled": true}))
    }));
    records
}

/// A repository with a snapshot of `soc`, which is empty now.
fn shore(version: &str, records: &[Value]) -> Shore {
    let settings = Settings {
        part_delay: Duration::from_millis(10),
        ..Settings::of(version)
    };
    let shore = Shore::with(settings, &[]);
    shore.kibana.seed("soc", &bundle(records));
    let ran = shore.run(&["backup", "--repo", "repo", "--space", "soc"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    begin_anew(&shore, records);
    shore
}

fn begin_anew(shore: &Shore, records: &[Value]) {
    shore.kibana.reset();
    shore.kibana.expect("soc", &bundle(records));
}

/// Everything is there, once, and was never without what it needs.
#[track_caller]
fn is_whole(shore: &Shore, records: &[Value], what: &str) {
    assert_eq!(shore.held("soc").len(), records.len(), "{what}");
    let kibana = &shore.kibana;
    assert!(
        kibana.duplicates().is_empty(),
        "{what}: {:?}",
        kibana.duplicates()
    );
    assert!(
        kibana.violations().is_empty(),
        "{what}: {:?}",
        kibana.violations()
    );
}

/// What these imports carried, connectors left out: they come along with each part that needs them.
fn carried<'l>(imports: impl Iterator<Item = &'l Logged>) -> BTreeSet<&'l str> {
    let names = imports.flat_map(|it| it.names.iter().map(String::as_str));
    names
        .filter(|name| !name.starts_with("connector"))
        .collect()
}

fn is_import(asked: &Logged) -> bool {
    asked.path.ends_with("/_import")
}

/// Restores, is killed at some point, and goes on; how often it was really killed.
fn kills(seed: u64, many: u64) -> u64 {
    let mut dice = Dice(seed);
    let version = shore::GENERATIONS[usize::try_from(seed % 3).unwrap()];
    let records = records(620);
    let shore = shore(version, &records);
    let (mut killed, mut usual) = (0, Duration::from_millis(300));
    for round in 0..many {
        begin_anew(&shore, &records);
        _ = std::fs::remove_file(shore.path("r.ndjson"));
        let mut child = command::spawn(&mut shore.command(&RESTORE));
        let most = u64::try_from(usual.as_micros()).unwrap();
        sleep(Duration::from_micros(dice.below(most)));
        child.kill().unwrap();
        killed += u64::from(command::finish(child).code.is_none());
        let first = shore.kibana.log();
        let what = format!(
            "seed {seed}, round {round}, Kibana {version}, after {}",
            first.len()
        );
        let journal = std::fs::read_to_string(shore.path("r.ndjson.journal"));
        let has_journal = journal.is_ok_and(|text| text.contains('\n'));
        if !has_journal {
            // Nothing was sent, or all was told.
            let has_report = shore.path("r.ndjson").exists();
            assert!(
                has_report || !first.iter().any(is_write),
                "{what}: no journal"
            );
        }
        let resume: &[&str] = if has_journal { &["--resume"] } else { &[] };
        let begun = Instant::now();
        let ran = shore.run(&[&RESTORE[..], resume].concat());
        if !has_journal {
            usual = begun.elapsed();
        }
        shore.kibana.settle();
        assert_eq!(ran.code, Some(0), "{what}: {}", ran.stderr);
        is_whole(&shore, &records, &what);
        let log = shore.kibana.log();
        let (first, again) = log.split_at(first.len());
        let (sent, again) = (
            first.iter().filter(|it| is_import(it)),
            again.iter().filter(|it| is_import(it)),
        );
        let last = carried(sent.clone().next_back().into_iter());
        let twice: BTreeSet<&str> = carried(sent)
            .intersection(&carried(again))
            .copied()
            .collect();
        assert!(twice.is_subset(&last), "{what}: sent twice: {twice:?}");
        assert!(!shore.path("r.ndjson.journal").exists(), "{what}");
        let verified = shore.run(&["verify", "--repo", "repo"]);
        assert_eq!(verified.code, Some(0), "{what}: {}", verified.stderr);
    }
    killed
}

#[test]
fn what_is_killed_goes_on_and_sends_nothing_twice() {
    let killed = AtomicU64::new(0);
    each_seed(0..3, 3, |seed| {
        killed.fetch_add(kills(seed, 4), Ordering::Relaxed);
    });
    assert!(killed.into_inner() > 0);
}

#[test]
fn a_journal_that_was_never_begun_stops_nobody() {
    let records = records(3);
    for text in ["", "{\"schema_version\":1,\"jour"] {
        let shore = shore("9.1", &records);
        shore.folder.write("r.ndjson.journal", text);
        let resumed = shore.run(&[&RESTORE[..], &["--resume"]].concat());
        assert_eq!(resumed.code, Some(2), "{}", resumed.stderr);
        assert!(
            resumed.stderr.contains("nothing to go on with"),
            "{}",
            resumed.stderr
        );
        let ran = shore.run(&RESTORE);
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        is_whole(&shore, &records, text);
    }
}

#[test]
#[ignore = "takes minutes"]
fn a_thousand_that_are_killed_go_on() {
    let (many, killed) = (cases(1000), AtomicU64::new(0));
    each_seed(300..306, 6, |seed| {
        killed.fetch_add(kills(seed, many.div_ceil(6)), Ordering::Relaxed);
    });
    let killed = killed.into_inner();
    assert!(
        killed * 2 > many,
        "only {killed} of {many} were killed before they were done"
    );
}

/// What the report says is there, is there; one that says that all is well is right.
#[track_caller]
fn tells_the_truth(shore: &Shore, records: &[Value], ran: &Ran, what: &str) {
    let held = shore.held("soc");
    let report = std::fs::read_to_string(shore.path("r.ndjson")).unwrap_or_default();
    let lines = report
        .lines()
        .map(|line| -> Value { serde_json::from_str(line).unwrap() });
    for line in lines.filter(|line| line["kind"] != "connector") {
        let Some("created" | "unchanged" | "overwritten") = line["outcome"].as_str() else {
            continue;
        };
        let id = line["id"].as_str().unwrap();
        let is_there = held
            .iter()
            .any(|name| name.rsplit([' ', '/']).next() == Some(id));
        assert!(is_there, "{what}: {line} is not there");
    }
    let all: BTreeSet<&String> = held.iter().collect();
    match ran.code {
        Some(0) => assert_eq!(all.len(), records.len(), "{what}"),
        Some(3) => assert!(report.contains("\"exit\":3"), "{what}"),
        Some(1) => assert!(ran.stderr.contains("error: "), "{what}"),
        code => panic!("{what}: {code:?}"),
    }
    let made = shore.kibana.duplicates();
    assert!(
        made.iter().all(|it| it.by == Maker::Proxy),
        "{what}: {made:?}"
    );
    assert!(
        made.is_empty() || ran.code != Some(0),
        "{what}: nobody told of {made:?}"
    );
    let unprotected = shore.kibana.violations();
    assert!(unprotected.is_empty(), "{what}: {unprotected:?}");
}

/// Restores in the weather of a seed, and again in good weather.
fn in_bad_weather(seed: u64) {
    let version = shore::GENERATIONS[usize::try_from(seed % 3).unwrap()];
    let records = records(60);
    let shore = shore(version, &records);
    shore.kibana.schedule(Schedule::random(seed));
    let run = |args: &[&str]| {
        let child = command::spawn(&mut shore.command(&[&RESTORE[..], args].concat()));
        command::finish_within(child, Duration::from_secs(300))
    };
    let ran = run(&[]);
    shore.kibana.settle();
    let what = format!(
        "seed {seed}, Kibana {version}: {:?} {}",
        ran.code, ran.stderr
    );
    tells_the_truth(&shore, &records, &ran, &what);
    shore.kibana.schedule(Schedule::default());
    let has_journal = shore.path("r.ndjson.journal").exists();
    assert_eq!(
        has_journal,
        ran.stderr.contains("`--resume` goes on"),
        "{what}"
    );
    let mut again: Vec<&str> = vec!["--remove-duplicates"];
    if has_journal {
        again.push("--resume");
    }
    let mut ran = run(&again);
    if ran.code == Some(3) {
        // What a proxy doubled in a run that went on is removed by the next.
        ran = run(&["--remove-duplicates"]);
    }
    let what = format!("{what}, again: {}", ran.stderr);
    assert_eq!(ran.code, Some(0), "{what}");
    tells_the_truth(&shore, &records, &ran, &what);
}

#[test]
fn what_comes_back_in_bad_weather_is_told_as_it_is() {
    each_seed(0..10, 10, in_bad_weather);
}

#[test]
#[ignore = "takes minutes"]
fn a_long_time_of_bad_weather() {
    each_seed(1000..1000 + cases(1000), 24, in_bad_weather);
}
