//! What `plan` predicts is what the server then answers, in every field, and what the space then holds.
//!
//! The two sides share nothing: the prediction is the crate's model of a space that it read over HTTP, the answer is that of the
//! tests' own Kibana. `RULEFERRY_CASES=10000 cargo test --release --test plan_live -- --ignored` takes the long way.

#![cfg(test)]

#[path = "support/imports.rs"]
mod imports;
#[path = "support/kibana/mod.rs"]
mod kibana;
#[path = "support/live.rs"]
mod live;

use imports::{Case, settings};
use kibana::Settings;
use live::Live;
use ruleferry::ops::model::Model;
use ruleferry::record::{ListKey, Namespace};
use serde_json::Value;

/// What a space holds, in words that both sides have.
fn told(model: &Model, case: &Case, state: &kibana::State) -> Vec<String> {
    let mut found = Vec::new();
    let mut differs = |what: String, predicted: String, there: String| {
        if predicted != there {
            found.push(format!("{what}: {predicted} predicted, found {there}"));
        }
    };
    let text = |value: &Value, key: &str| value[key].as_str().unwrap_or_default().to_owned();
    for number in 0..80 {
        let id = format!("r{number}");
        let there = state.rules.iter().find(|rule| rule["rule_id"] == *id);
        let there = there.map(|rule| {
            let lists: Vec<String> = rule["exceptions_list"]
                .as_array()
                .unwrap()
                .iter()
                .map(|it| text(it, "list_id"))
                .collect();
            let count = rule["actions"].as_array().unwrap().len();
            format!(
                "{} {} {} {lists:?} {count}",
                rule["enabled"], rule["version"], rule["immutable"]
            )
        });
        // Only rules that the bundle names are read.
        let is_named = case
            .parts
            .iter()
            .flat_map(|it| &it.lines)
            .any(|line| line.contains(&format!("\"{id}\"")));
        let predicted = model.rule(&id).map(|rule| {
            let content = &rule.content;
            let lists: Vec<&str> = content
                .references
                .iter()
                .map(|it| it.list.id.as_str())
                .collect();
            format!(
                "{} {} {} {lists:?} {}",
                content.enabled.unwrap(),
                content.version.unwrap(),
                rule.immutable,
                content.actions.len()
            )
        });
        if is_named {
            differs(
                format!("rule {id}"),
                format!("{predicted:?}"),
                format!("{there:?}"),
            );
        }
    }
    for number in 0..4 {
        for namespace in [Namespace::Single, Namespace::Agnostic] {
            let key = ListKey {
                id: format!("l{number}").as_str().into(),
                namespace,
            };
            let is_of = |value: &&Value| {
                value["list_id"] == *key.id.as_str() && value["namespace_type"] == namespace.name()
            };
            let there = state
                .lists
                .iter()
                .find(is_of)
                .map(|list| text(list, "type"));
            let predicted = model.list(&key).map(|list| list.ty.to_string());
            differs(
                format!("list {key:?}"),
                format!("{predicted:?}"),
                format!("{there:?}"),
            );
            let is_named = case.parts.iter().flat_map(|it| &it.lines).any(|line| {
                let line: Value = serde_json::from_str(line).unwrap_or_default();
                line.get("list_id").is_some() && is_of(&&line)
            });
            if is_named {
                let items = state.items.iter().filter(is_of).count();
                differs(
                    format!("items of {key:?}"),
                    model.item_count(&key).to_string(),
                    items.to_string(),
                );
            }
        }
    }
    // Origins are read only where they count.
    let is_origin_read = case
        .parts
        .iter()
        .flat_map(|it| &it.lines)
        .any(|line| line.contains("\"actions\":[{") || line.contains("\"attributes\""));
    let named = |name: &str, origin: Option<&str>| {
        let origin = origin.filter(|_| is_origin_read);
        format!("{name} {origin:?}")
    };
    let mut predicted: Vec<String> = model
        .connectors()
        .map(|(_, it)| named(&it.name, it.origin.as_deref()))
        .collect();
    let mut there: Vec<String> = state
        .connectors
        .iter()
        .map(|it| {
            let origin = it.get("originId").and_then(Value::as_str);
            named(&text(&it["attributes"], "name"), origin)
        })
        .collect();
    predicted.sort();
    there.sort();
    differs(
        "connectors".into(),
        format!("{predicted:?}"),
        format!("{there:?}"),
    );
    found
}

fn bundle(records: &[Value]) -> Vec<u8> {
    let lines: Vec<String> = records.iter().map(Value::to_string).collect();
    lines.join("\n").into()
}

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
            found = told(&model, &case, &live.kibana.state("soc"));
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
