//! Laws of `select` over generated bundles, held against what `serde_json` reads.
//!
//! `RULEFERRY_CASES=4000` makes it ten times as many cases.

#![cfg(test)]

#[path = "support/content.rs"]
#[allow(dead_code, reason = "each test file uses what it needs")]
mod content;
#[path = "support/hostile.rs"]
#[allow(dead_code, reason = "each test file uses what it needs")]
mod hostile;

use std::collections::HashSet;

use content::{Agreement, Sort, counts, file, kind, lines, parsed, referable, references, split};
use hostile::Choices;
use proptest::prelude::*;
use proptest::test_runner::Config;
use ruleferry::bundle::select::{Choice, Extent, Selected, select};
use ruleferry::pipeline::{OnError, Reading};
use ruleferry::stream::Source;
use serde_json::Value;

fn cases(usual: u32) -> Config {
    let asked = std::env::var("RULEFERRY_CASES")
        .ok()
        .and_then(|cases| cases.parse::<u32>().ok());
    Config {
        cases: asked.map_or(usual, |asked| (asked.saturating_mul(usual / 400)).max(1)),
        failure_persistence: None,
        ..Config::default()
    }
}

fn run(bundle: &[u8], choice: &Choice, extent: Extent, jobs: usize) -> (Vec<u8>, Selected) {
    let reading = Reading {
        jobs,
        batch_bytes: if jobs > 1 { 64 } else { 1 << 16 },
        ..Reading::default()
    };
    let mut output = Vec::new();
    let sources = vec![Source::reader("bundle", bundle)];
    let on_error = (&reading, OnError::Stop);
    let selected = select(choice, extent, on_error, sources, &mut output, |_| Ok(())).unwrap();
    (output, selected)
}

/// A choice of rules, and the same said a second way.
fn choice(choices: &mut Choices, invert: bool) -> (Choice, impl Fn(&str) -> bool) {
    let by_query = choices.below(2) == 0;
    let ids: HashSet<String> = (0..choices.below(4))
        .map(|_| format!("r{}", choices.below(8)))
        .collect();
    let choice = Choice {
        only: by_query.then(|| "severity:high".parse().unwrap()),
        ids: (!by_query).then(|| ids.clone()),
        invert,
    };
    let is_chosen = move |line: &str| {
        let rule = parsed(line);
        let meets = if by_query {
            rule.get("severity") == Some(&"high".into())
        } else {
            rule.get("rule_id")
                .and_then(Value::as_str)
                .is_some_and(|id| ids.contains(id))
        };
        kind(&rule) == Sort::Rule && meets != invert
    };
    (choice, is_chosen)
}

fn is(sort: Sort) -> impl Fn(&&String) -> bool {
    move |line| kind(&parsed(line)) == sort
}

/// The details line that must close the output, for an input with such lines.
fn details(input: &[String], kept: &[String]) -> Option<Value> {
    let all: Vec<_> = input
        .iter()
        .map(|line| parsed(line))
        .filter(|one| kind(one) == Sort::Details)
        .collect();
    let of_rules = all.iter().rfind(|one| one.contains_key("exported_count"));
    let mut left = of_rules.or(all.last())?.clone();
    let [rules, lists, items, objects] = counts(kept);
    let total = if left.contains_key("exported_rules_count") {
        rules + lists + items + objects
    } else {
        rules
    };
    for (key, count) in [
        ("exported_count", total),
        ("exported_rules_count", rules),
        ("exported_exception_list_count", lists),
        ("exported_exception_list_item_count", items),
        ("exported_action_connector_count", objects),
    ] {
        if left.contains_key(key) {
            left.insert(key.into(), count.into());
        }
    }
    Some(left.into())
}

/// What must be kept of these lines, details left out.
fn expected(input: &[String], extent: Extent, is_chosen: impl Fn(&str) -> bool) -> Vec<String> {
    let needs = |wanted: bool| -> HashSet<String> {
        let rules = input
            .iter()
            .filter(is(Sort::Rule))
            .filter(|line| is_chosen(line) == wanted);
        rules.flat_map(|line| references(&parsed(line))).collect()
    };
    let (needed, by_others) = (needs(true), needs(false));
    let kept = input.iter().filter(|line| {
        let record = parsed(line);
        let name = referable(&record);
        let is_needed = name.as_ref().is_some_and(|name| needed.contains(name));
        let is_unused = !is_needed && !name.is_some_and(|name| by_others.contains(&name));
        match kind(&record) {
            Sort::Rule => is_chosen(line),
            Sort::Details => false,
            _ => match extent {
                Extent::Rules => false,
                Extent::Needed => is_needed,
                Extent::NeededAndUnused => is_needed || is_unused,
            },
        }
    });
    kept.cloned().collect()
}

proptest! {
    #![proptest_config(cases(10_000))]

    #[test]
    fn takes_exactly_what_chosen_rules_need_in_order_and_byte_for_byte(seed: u64) {
        let mut choices = Choices::of(seed);
        let input = lines(&mut choices, Agreement::Mostly);
        let bundle = file(&mut choices, &input);
        let extent = [Extent::Rules, Extent::Needed, Extent::NeededAndUnused][choices.below(3)];
        let invert = choices.below(2) == 0;
        let (choice, is_chosen) = choice(&mut choices, invert);
        let (output, selected) = run(&bundle, &choice, extent, 1);
        let output = split(&output);
        let kept = expected(&input, extent, &is_chosen);
        let closes = details(&input, &kept);
        match closes {
            None => prop_assert_eq!(&output, &kept),
            Some(closes) => {
                let (last, rest) = output.split_last().unwrap();
                prop_assert_eq!(rest, &kept[..]);
                // As after an edit, a line whose bundle stays whole is not touched, whatever it says.
                if output == input {
                    return Ok(());
                }
                prop_assert_eq!(Value::from(parsed(last)), closes);
            }
        }
        // Each is named once that the bundle lacks, with the first rule that refers to it.
        let held: HashSet<String> = input.iter().map(|line| parsed(line)).filter(|one| kind(one) != Sort::Item).filter_map(|one| referable(&one)).collect();
        let chosen: Vec<_> = input.iter().filter(|line| is_chosen(line)).map(|line| parsed(line)).collect();
        let mut lacking: Vec<String> = Vec::new();
        for name in chosen.iter().flat_map(references) {
            let is_missed = !held.contains(&name) && !name.starts_with("list endpoint_list/") && !name.starts_with("connector system-connector-");
            if is_missed && !lacking.contains(&name) {
                lacking.push(name);
            }
        }
        let told: Vec<_> = selected.needs.iter().filter(|(need, _)| need.is_lacking()).collect();
        prop_assert_eq!(told.len(), lacking.len());
        let text = String::from_utf8(bundle).unwrap();
        for (need, location) in told {
            let name = match &need.thing {
                ruleferry::bundle::Thing::List(list) => format!("list {}/{}", list.id.as_str(), list.namespace.name()),
                ruleferry::bundle::Thing::Connector(id) => format!("connector {}", id.as_str()),
            };
            prop_assert!(lacking.contains(&name), "{}", name);
            let rules = chosen.iter().filter(|rule| references(rule).contains(&name)).count();
            prop_assert_eq!(need.rules, rules as u64);
            let line = text.split('\n').nth(usize::try_from(location.line).unwrap() - 1).unwrap();
            prop_assert!(is_chosen(line) && references(&parsed(line)).contains(&name));
        }
    }
}

proptest! {
    #![proptest_config(cases(1200))]

    #[test]
    fn a_selection_and_its_inverse_are_the_whole(seed: u64) {
        let mut choices = Choices::of(seed);
        let input = lines(&mut choices, Agreement::Mostly);
        let bundle = file(&mut choices, &input);
        let seed = choices.below(1000) as u64;
        let [one, other] = [false, true].map(|invert| {
            let (choice, _) = choice(&mut Choices::of(seed), invert);
            split(&run(&bundle, &choice, Extent::NeededAndUnused, 1).0)
        });
        let rules = |lines: &[String]| -> Vec<String> { lines.iter().filter(is(Sort::Rule)).cloned().collect() };
        let mut both = [rules(&one), rules(&other)].concat();
        let mut all = rules(&input);
        both.sort();
        all.sort();
        prop_assert_eq!(both, all);
        for line in input.iter().filter(|line| kind(&parsed(line)) != Sort::Details) {
            prop_assert!(one.contains(line) || other.contains(line), "lost: {}", line);
        }
    }

    #[test]
    fn a_selection_does_not_depend_on_threads_and_batches(seed: u64) {
        let mut choices = Choices::of(seed);
        let input = lines(&mut choices, Agreement::Mostly);
        let bundle = file(&mut choices, &input);
        let (choice, _) = choice(&mut choices, false);
        prop_assert_eq!(run(&bundle, &choice, Extent::Needed, 1).0, run(&bundle, &choice, Extent::Needed, 3).0);
    }

    #[test]
    fn a_selection_of_a_selection_is_the_same(seed: u64) {
        let mut choices = Choices::of(seed);
        let input = lines(&mut choices, Agreement::Mostly);
        let bundle = file(&mut choices, &input);
        let (choice, _) = choice(&mut choices, false);
        let once = run(&bundle, &choice, Extent::Needed, 1).0;
        let twice = run(&once, &choice, Extent::Needed, 1).0;
        prop_assert_eq!(once, twice);
    }
}
