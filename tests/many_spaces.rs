//! What do a nightly `backup` of very many spaces, and the `restore` of them, cost? Time, memory, and how much a second night adds.
//!
//! `RULEFERRY_CASES=300 cargo test --release --test many_spaces -- --ignored --nocapture` measures and prints; it takes minutes, and
//! gigabytes of memory for the server. Memory is that of the command alone, as Linux counts it.

#![cfg(test)]
#![cfg(target_os = "linux")]

#[path = "support/command.rs"]
mod command;
#[path = "support/kibana/mod.rs"]
mod kibana;
#[path = "support/records.rs"]
mod records;
#[path = "support/shore.rs"]
mod shore;

use std::path::Path;
use std::time::{Duration, Instant};

use kibana::{Dice, Settings};
use records::{bundle, item, list, referring, rule, with};
use serde_json::{Value, json};
use shore::Shore;

/// The most memory that a run may take, in MiB.
const MEMORY: u64 = 256;
/// Rules of a space.
const RULES: usize = 1500;

#[expect(clippy::print_stdout, reason = "figures are for whoever runs it")]
fn tell(text: &str) {
    println!("{text}");
}

/// Words that do not repeat.
fn words(dice: &mut Dice) -> String {
    let words = (0..40).map(|_| format!("{:x} ", dice.below(u64::MAX)));
    words.collect()
}

/// The object id of the n-th rule.
fn object(n: usize) -> String {
    format!("00000000-0000-4000-8000-{n:012}")
}

/// What a space has: each rule with a text of its own, a tenth of them with a list.
fn content(dice: &mut Dice) -> Vec<Value> {
    let mut records: Vec<Value> = (0..RULES)
        .map(|n| {
            let id = format!("rule-{n}");
            let rule = match n % 10 {
                0 => referring(&id, &format!("list-{}", n % 20), "detection"),
                _ => rule(&id),
            };
            with(rule, &json!({"id": object(n), "note": words(dice)}))
        })
        .collect();
    for n in [0, 10] {
        let id = format!("list-{n}");
        records.push(list(&id));
        records.extend((0..10).map(|at| item(&format!("item-{n}-{at}"), &id)));
    }
    records
}

fn settings(spaces: &[String], forgets: bool) -> Settings {
    Settings {
        spaces: spaces.into(),
        forgets,
        ..Settings::of("9.1")
    }
}

/// Runs the command, which must end well and take little memory.
fn run(shore: &Shore, what: &str, args: &[&str]) {
    let begun = Instant::now();
    let child = command::spawn(&mut shore.command(args));
    let status = format!("/proc/{}/status", child.id());
    let watch = std::thread::spawn(move || {
        let mut most = 0;
        while let Ok(text) = std::fs::read_to_string(&status) {
            let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
            let Some(kib) = line.and_then(|it| it.trim().strip_suffix(" kB")) else {
                break;
            };
            most = kib.trim().parse::<u64>().unwrap() / 1024;
            std::thread::sleep(Duration::from_millis(20));
        }
        most
    });
    let ran = command::finish_within(child, Duration::from_secs(3600));
    let (wall, memory) = (begun.elapsed(), watch.join().unwrap());
    tell(&format!("{what}: {wall:.1?}, {memory} MiB"));
    assert_eq!(ran.code, Some(0), "{what}: {}", ran.stderr);
    assert!(memory <= MEMORY, "{what}: {memory} MiB");
}

fn size(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    entries
        .map(|path| {
            if path.is_dir() {
                size(&path)
            } else {
                path.metadata().unwrap().len()
            }
        })
        .sum()
}

#[test]
#[ignore = "takes minutes and gigabytes"]
fn a_second_night_adds_little_and_memory_stays_small() {
    let many = std::env::var("RULEFERRY_CASES").ok();
    let many: u64 = many.map_or(40, |many| many.parse().unwrap());
    let names: Vec<String> = (0..many).map(|number| format!("cust-{number}")).collect();
    let mut shore = Shore::with(settings(&names, false), &[]);
    for (seed, name) in (0..).zip(&names) {
        shore.kibana.seed(name, &bundle(&content(&mut Dice(seed))));
    }
    let backup = ["backup", "--repo", "repo", "--space", "cust-*", "-q"];
    run(&shore, &format!("first backup of {many} spaces"), &backup);
    let first = size(&shore.path("repo"));
    // One rule in a hundred.
    for (seed, name) in (0..).zip(&names) {
        let mut dice = Dice(1_000_000 + seed);
        let changed = (0..RULES / 100).map(|n| {
            let n = 100 * n + 1;
            shore.kibana.remove_rule(name, &object(n));
            let more = json!({"id": object(n), "note": words(&mut dice)});
            with(rule(&format!("rule-{n}")), &more)
        });
        let changed: Vec<Value> = changed.collect();
        shore.kibana.seed(name, &bundle(&changed));
    }
    run(&shore, "second backup, 1 % changed", &backup);
    let second = size(&shore.path("repo")) - first;
    #[expect(clippy::cast_precision_loss, reason = "a percentage need not be exact")]
    let percent = 100.0 * second as f64 / first as f64;
    tell(&format!(
        "first snapshot {first} bytes, second {second} more: {percent:.2} %"
    ));
    assert!(percent <= 5.0);
    run(&shore, "verify", &["verify", "--repo", "repo", "-q"]);
    shore.kibana = kibana::Kibana::start(settings(&names, true));
    shore.url.clone_from(&shore.kibana.url);
    let restore = [
        "restore",
        "--repo",
        "repo",
        "--space",
        "cust-*",
        "--yes",
        "-q",
        "--no-verify",
    ];
    run(&shore, &format!("restore of {many} spaces"), &restore);
}
