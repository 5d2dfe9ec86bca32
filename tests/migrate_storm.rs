//! `migrate` in bad weather: rules, exceptions and the value lists that they need arrive once, or the report and the exit code say
//! what did not.
//!
//! `RULEFERRY_CASES=1000 cargo test --release --test migrate_storm -- --ignored` takes the long way.

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

use std::time::Duration;

use command::Ran;
use kibana::{API_KEY, Fault, Kibana, Maker, Schedule, Settings};
use records::{bundle, item, list, referring, rule, with};
use serde_json::{Value, json};
use shore::Shore;
use storm::{cases, each_seed};

const MIGRATE: [&str; 10] = [
    "migrate",
    "--from",
    "a/default",
    "--to",
    "b/soc",
    "--yes",
    "--report",
    "r.ndjson",
    "--still",
    "300ms",
];
const LISTS: [&str; 3] = ["ips-0", "ips-1", "ips-2"];
const ROUTES: [(&str, &str); 8] = [
    ("POST", "/api/lists/items/_import"),
    ("POST", "/api/lists/items/_import"),
    ("POST", "/api/lists/items/_export"),
    ("", "/api/lists*"),
    ("POST", "*/rules/_import"),
    ("POST", "*/_import"),
    ("GET", "*/_find"),
    ("", "*"),
];

/// Rules that need a list whose items need value lists, and others.
fn content() -> Vec<Value> {
    let mut records: Vec<Value> = (0..40).map(|n| rule(&format!("r{n}"))).collect();
    records.push(referring("excepted", "l", "detection"));
    records.push(list("l"));
    for id in LISTS {
        let uses = json!([{"field": "source.ip", "operator": "included", "type": "list",
            "list": {"id": id, "type": "ip"}}]);
        records.push(with(
            item(&format!("by-{id}"), "l"),
            &json!({"entries": uses}),
        ));
    }
    records
}

fn values() -> Vec<String> {
    (0..200).map(|n| format!("10.0.0.{n}")).collect()
}

/// A Kibana with the content, and the one of the shore, which is to get it.
fn shore(version: &str) -> (Kibana, Shore) {
    let from = Kibana::start(Settings::of("9.1"));
    from.seed("default", &bundle(&content()));
    let values = values();
    let values: Vec<&str> = values.iter().map(String::as_str).collect();
    for id in LISTS {
        from.seed_values("default", id, &values);
    }
    let shore = Shore::of(version, &[]);
    let profile = |name: &str, url: &str| {
        format!(
            "[profile.{name}]\nurl = \"{url}\"\napi-key-command = [\"printenv\", \"THE_KEY\"]\n"
        )
    };
    shore.folder.write(
        "config.toml",
        profile("a", &from.url) + &profile("b", &shore.url),
    );
    (from, shore)
}

fn run(shore: &Shore, args: &[&str]) -> Ran {
    let mut command = shore.command(&[&MIGRATE[..], args].concat());
    command
        .env_remove("KIBANA_URL")
        .env_remove("KIBANA_API_KEY")
        .env("THE_KEY", API_KEY);
    command::finish_within(command::spawn(&mut command), Duration::from_secs(300))
}

/// How many of the values a list of the space does not have; none if there is no such list.
fn lacking(shore: &Shore, id: &str) -> Option<usize> {
    let held = shore.kibana.values("soc", id)?;
    Some(
        values()
            .iter()
            .filter(|value| !held.contains(value))
            .count(),
    )
}

#[track_caller]
fn tells_the_truth(shore: &Shore, ran: &Ran, what: &str) {
    let report = std::fs::read_to_string(shore.path("r.ndjson")).unwrap_or_default();
    let lines = report
        .lines()
        .map(|line| -> Value { serde_json::from_str(line).unwrap() });
    let held = shore.held("soc");
    for line in lines {
        let Some("created" | "unchanged" | "overwritten") = line["outcome"].as_str() else {
            continue;
        };
        let id = line["id"].as_str().unwrap();
        let is_there = match line["kind"].as_str() {
            Some("value-list") => lacking(shore, id) == Some(0),
            _ => held
                .iter()
                .any(|name| name.rsplit([' ', '/']).next() == Some(id)),
        };
        assert!(is_there, "{what}: {line} is not there");
    }
    let is_whole =
        held.len() == content().len() && LISTS.iter().all(|id| lacking(shore, id) == Some(0));
    match ran.code {
        Some(0) => assert!(is_whole, "{what}"),
        Some(3) => assert!(report.contains("\"exit\":3"), "{what}"),
        Some(1) => assert!(ran.stderr.contains("error: "), "{what}"),
        code => panic!("{what}: {code:?}"),
    }
    let made = shore.kibana.duplicates();
    assert!(
        made.iter().all(|it| it.by == Maker::Proxy),
        "{what}: {made:?}"
    );
    let is_twice = |fault: Option<Fault>| matches!(fault, Some(Fault::Twice { .. }));
    let is_proxys = shore.kibana.log().iter().any(|it| is_twice(it.fault));
    let once = LISTS
        .iter()
        .all(|id| shore.kibana.values("soc", id).unwrap_or_default().len() <= values().len());
    assert!(once || is_proxys, "{what}: values were sent twice");
}

/// Migrates in the weather of a seed, of the target or of where it comes from, and again in good weather.
fn in_bad_weather(seed: u64) {
    let version = shore::GENERATIONS[usize::try_from(seed % 3).unwrap()];
    let (from, shore) = shore(version);
    let kibana = if seed % 5 == 4 { &from } else { &shore.kibana };
    kibana.schedule(Schedule::random_on(seed, &ROUTES));
    let ran = run(&shore, &[]);
    kibana.settle();
    let what = format!(
        "seed {seed}, Kibana {version}: {:?} {}",
        ran.code, ran.stderr
    );
    tells_the_truth(&shore, &ran, &what);
    kibana.schedule(Schedule::default());
    let mut again = vec!["--remove-duplicates"];
    if shore.path("r.ndjson.journal").exists() {
        assert!(ran.stderr.contains("`--resume` goes on"), "{what}");
        again.push("--resume");
    }
    let mut ran = run(&shore, &again);
    if ran.code == Some(3) {
        // What is there already is left alone, and its lack is told.
        ran = run(
            &shore,
            &["--remove-duplicates", "--overwrite", "exceptions"],
        );
    }
    let what = format!("{what}, again: {}", ran.stderr);
    assert_eq!(ran.code, Some(0), "{what}");
    tells_the_truth(&shore, &ran, &what);
}

#[test]
fn what_is_migrated_in_bad_weather_is_told_as_it_is() {
    each_seed(0..10, 10, in_bad_weather);
}

#[test]
#[ignore = "takes minutes"]
fn a_long_time_of_bad_weather() {
    each_seed(1000..1000 + cases(1000), 24, in_bad_weather);
}
