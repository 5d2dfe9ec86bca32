//! What `plan` predicts is what the server then answers, in every field, and what the space then holds.
//!
//! The two sides share nothing: the prediction is the crate's model of a space that it read over HTTP, the answer is that of the
//! tests' own Kibana. `RULEFERRY_CASES=10000 cargo test --release --test plan_live -- --ignored` takes the long way.

#![cfg(test)]

#[path = "support/imports/mod.rs"]
mod imports;
#[path = "support/kibana/mod.rs"]
mod kibana;
#[path = "support/live.rs"]
mod live;
#[path = "support/records.rs"]
mod records;
#[path = "support/spaces.rs"]
mod spaces;

use imports::{Case, settings};
use kibana::Settings;
use live::Live;
use records::bundle;
use serde_json::Value;
use spaces::Comparison;

/// Predicts and sends the case of a seed; panics where they differ.
fn hold(live: &Live, seed: u64) {
    live.kibana.reset();
    let version = live.settings.version;
    let mut case = Case::of(seed, version);
    if !live.settings.may_use_connectors {
        // Nobody can say where actions go among connectors that nobody may see.
        case.here
            .retain(|record| record.get("attributes").is_none());
    }
    live.kibana.seed("soc", &bundle(&case.here));
    live.kibana.seed("emea", &bundle(&case.elsewhere));
    let lines: Vec<String> = case.parts.iter().flat_map(|it| it.lines.clone()).collect();
    let mut model = live.model(&lines);
    for (number, part) in case.parts.iter().enumerate() {
        let (_, body, mut found) = live.import(&mut model, &part.lines, part.overwrite);
        if found.is_empty() {
            found = Comparison::of(&model, &lines, live.kibana.state("soc")).differences();
        }
        assert!(
            found.is_empty(),
            "seed {seed}, Kibana {version:?}, part {number}:\n{}\nhere: {:#?}\nelsewhere: {:#?}\nparts: {:#?}\nanswer: {body:#}",
            found.join("\n"),
            case.here.iter().map(Value::to_string).collect::<Vec<_>>(),
            case.elsewhere
                .iter()
                .map(Value::to_string)
                .collect::<Vec<_>>(),
            case.parts
        );
    }
}

/// Versions in which something changed.
const BETWEEN: [&str; 8] = ["8.0", "8.7", "8.12", "8.17", "8.19", "9.0", "9.4", "9.5"];

fn all(version: &str, seeds: std::ops::Range<u64>) {
    all_of(settings(version), seeds);
}

fn all_of(settings: Settings, seeds: std::ops::Range<u64>) {
    let live = Live::start(settings);
    for seed in seeds {
        hold(&live, seed);
    }
}

#[test]
fn the_answer_of_8_18_is_as_predicted() {
    all("8.18", 0..100);
}

#[test]
fn the_answer_of_9_1_is_as_predicted() {
    all("9.1", 0..100);
}

#[test]
fn the_answer_of_9_6_is_as_predicted() {
    all("9.6", 0..100);
}

#[test]
fn the_answers_between_are_as_predicted() {
    for version in BETWEEN {
        all(version, 0..15);
    }
}

#[test]
fn the_answers_to_strangers_and_to_large_parts_are_as_predicted() {
    for version in ["8.18", "9.1", "9.6"] {
        let strange = Settings {
            may_use_connectors: false,
            ..settings(version)
        };
        all_of(strange, 1000..1020);
        let small = Settings {
            max_rules: 7,
            ..settings(version)
        };
        all_of(small, 2000..2020);
    }
}

#[test]
#[ignore = "takes minutes"]
fn the_answer_is_as_predicted_a_long_way() {
    let cases = std::env::var("RULEFERRY_CASES").ok();
    let cases: u64 = cases.map_or(10_000, |cases| cases.parse().unwrap());
    std::thread::scope(|scope| {
        for version in ["8.18", "9.1", "9.6"] {
            scope.spawn(move || all(version, 0..cases));
        }
        scope.spawn(move || {
            for version in BETWEEN {
                all(version, 0..cases / 10);
            }
        });
    });
}
