//! How much does an import cost beside the server? Time, memory, and what no part may exceed.
//!
//! `cargo test --release --test import_large -- --ignored --nocapture --test-threads 1` measures and prints; it takes minutes, and
//! gigabytes in the folder for temporary files. Memory is that of the command alone, as Linux counts it.

#![cfg(test)]

#[path = "support/command.rs"]
mod command;
#[path = "support/kibana/mod.rs"]
mod kibana;
#[path = "support/records.rs"]
mod records;
#[path = "support/shore.rs"]
mod shore;

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use kibana::{Logged, Settings};
use records::{item, list, rule, with};
use serde_json::{Value, json};
use shore::{Shore, Told};

const LIMIT: usize = 10_485_760;

/// Words that do not repeat.
fn words(seed: usize, bytes: usize) -> String {
    let mut dice = kibana::Dice(seed as u64);
    let mut text = String::with_capacity(bytes + 16);
    while text.len() < bytes {
        text += &format!("{:x} ", dice.below(u64::MAX));
    }
    text
}

/// Writes a bundle: lists of ten items each, and rules of so many bytes, each of which refers to one of the lists.
fn write_bundle(path: &Path, rules: usize, lists: usize, bytes: usize) -> u64 {
    let mut file = BufWriter::new(File::create(path).unwrap());
    let mut line = |record: &Value| writeln!(file, "{record}").unwrap();
    for n in 0..rules {
        let reference = json!({"id": "x", "list_id": format!("list-{}", n % lists), "type": "detection", "namespace_type": "single"});
        let more = json!({"exceptions_list": [reference], "enabled": true, "note": words(n, bytes), "tags": ["a", "b"]});
        line(&with(rule(&format!("rule-{n}")), &more));
    }
    for n in 0..lists {
        let id = format!("list-{n}");
        line(&list(&id));
        for at in 0..10 {
            line(&item(&format!("item-{n}-{at}"), &id));
        }
    }
    file.into_inner().unwrap().sync_all().unwrap();
    std::fs::metadata(path).unwrap().len()
}

#[expect(clippy::print_stdout, reason = "figures are for whoever runs it")]
fn tell(text: &str) {
    println!("{text}");
}

/// What a run took.
struct Took {
    told: Told,
    wall: Duration,
    /// The most memory that it held, in MiB; none where the system does not tell.
    memory: Option<u64>,
}

fn run(shore: &Shore, spaces: &[&str], args: &[&str]) -> Took {
    let begun = Instant::now();
    let child = command::spawn(&mut shore.importing_into(spaces, args));
    let status = format!("/proc/{}/status", child.id());
    let watch = std::thread::spawn(move || {
        let mut most = None;
        while let Ok(text) = std::fs::read_to_string(&status) {
            let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
            let Some(kib) = line.and_then(|it| it.trim().strip_suffix(" kB")) else {
                break;
            };
            most = Some(kib.trim().parse::<u64>().unwrap() / 1024);
            std::thread::sleep(Duration::from_millis(20));
        }
        most
    });
    let told = shore.end_within(child, Duration::from_secs(3600));
    let wall = begun.elapsed();
    Took {
        told,
        wall,
        memory: watch.join().unwrap(),
    }
}

/// The time that the server had requests for; they must not overlap.
fn server_time(log: &[Logged]) -> Duration {
    log.iter().map(|it| it.ended.unwrap() - it.begun).sum()
}

#[test]
#[ignore = "takes seconds, and measures a release build"]
fn parts_cost_little_beside_the_server() {
    let settings = Settings {
        part_delay: Duration::from_secs(1),
        max_bytes: LIMIT,
        ..Settings::of("9.1")
    };
    let shore = Shore::with(settings, &[]);
    let bytes = write_bundle(&shore.path("b.ndjson"), 1500, 200, 9000);
    let took = run(&shore, &["soc"], &[]);
    took.told.ends_with(0);
    assert_eq!(took.told.counts(), [("created", 1500 + 200 * 11)].into());
    assert!(shore.kibana.largest_import() <= LIMIT);
    let log = shore.kibana.log();
    let own = took.wall.saturating_sub(server_time(&log));
    tell(&format!(
        "1500 rules, 200 lists, {bytes} bytes in {} parts (largest {}), {} requests: {:.2?}, of it {own:.0?} ({:.1} %) not the server's",
        shore.imports().len(),
        shore.kibana.largest_import(),
        log.len(),
        took.wall,
        100.0 * own.as_secs_f64() / took.wall.as_secs_f64()
    ));
    assert!(own <= took.wall / 20, "{own:?} of {:?}", took.wall);
}

#[test]
#[ignore = "takes minutes and gigabytes, and measures a release build"]
fn memory_does_not_grow_with_the_bundle() {
    for (rules, bytes) in [(550_000, 3300), (200_000, 9500)] {
        let shore = Shore::with(
            Settings {
                forgets: true,
                ..Settings::of("9.1")
            },
            &[],
        );
        let bytes = write_bundle(&shore.path("b.ndjson"), rules, 1000, bytes);
        let took = run(&shore, &["soc"], &["--no-verify", "-q"]);
        took.told.ends_with(0);
        tell(&format!(
            "{rules} rules, {bytes} bytes in {} parts: {:.0?}, {:?} MiB",
            shore.imports().len(),
            took.wall,
            took.memory
        ));
        assert!(took.memory.is_none_or(|it| it <= 128));
    }
}

#[test]
#[ignore = "takes minutes and gigabytes, and measures a release build"]
fn many_spaces_at_once_take_little_memory() {
    let shore = Shore::with(
        Settings {
            spaces: (0..300).map(|n| format!("cust-{n}")).collect(),
            forgets: true,
            ..Settings::of("9.1")
        },
        &[],
    );
    let bytes = write_bundle(&shore.path("b.ndjson"), 1500, 20, 4000);
    let took = run(&shore, &["cust-*"], &["-j", "8", "--no-verify"]);
    took.told.ends_with(0);
    tell(&format!(
        "300 spaces, 1500 rules each, {bytes} bytes in {} parts: {:.0?}, {:?} MiB",
        shore.imports().len(),
        took.wall,
        took.memory
    ));
    assert!(took.memory.is_none_or(|it| it <= 256));
}
