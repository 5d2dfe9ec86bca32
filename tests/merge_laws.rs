//! Laws of `merge` over generated bundles, held against what `serde_json` reads.
//!
//! `RULEFERRY_CASES=4000` makes it ten times as many cases.

#![cfg(test)]

#[path = "support/content.rs"]
#[allow(dead_code, reason = "each test file uses what it needs")]
mod content;
#[path = "support/hostile.rs"]
#[allow(dead_code, reason = "each test file uses what it needs")]
mod hostile;

use std::collections::{BTreeMap, BTreeSet};

use content::{
    Agreement, Sort, content as said, counts, file, key, kind, lines, list, parsed, split,
};
use hostile::Choices;
use proptest::prelude::*;
use proptest::test_runner::Config;
use ruleferry::bundle::merge::{Merge, Prefer, Taking};
use ruleferry::error::ErrorKind;
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

fn read(bundles: &[&[u8]], prefer: Option<Prefer>, jobs: usize) -> Merge {
    let reading = Reading {
        jobs,
        batch_bytes: if jobs > 1 { 64 } else { 1 << 16 },
        ..Reading::default()
    };
    let sources = bundles
        .iter()
        .map(|bundle| Source::reader("bundle", *bundle))
        .collect();
    Merge::read(reading, sources, OnError::Stop, prefer, |_, _| Ok(())).unwrap()
}

fn merge(bundles: &[&[u8]], prefer: Option<Prefer>) -> Vec<u8> {
    let mut output = Vec::new();
    read(bundles, prefer, 1).write(&mut output).unwrap();
    output
}

/// Some bundles: their lines, and the files that hold them.
fn bundles(choices: &mut Choices, agreement: Agreement) -> (Vec<Vec<String>>, Vec<Vec<u8>>) {
    let many = 1 + choices.below(3);
    let lines: Vec<_> = (0..many).map(|_| lines(choices, agreement)).collect();
    let files = lines.iter().map(|lines| file(choices, lines)).collect();
    (lines, files)
}

fn slices(files: &[Vec<u8>]) -> Vec<&[u8]> {
    files.iter().map(Vec::as_slice).collect()
}

fn is_details(line: &str) -> bool {
    kind(&parsed(line)) == Sort::Details
}

/// The lines of each id, in input order.
fn by_key(input: &[String]) -> BTreeMap<String, Vec<&String>> {
    let mut keys: BTreeMap<String, Vec<&String>> = BTreeMap::new();
    for line in input {
        if let Some(key) = key(&parsed(line)) {
            keys.entry(key).or_default().push(line);
        }
    }
    keys
}

fn differ(lines: &[&String]) -> bool {
    lines
        .iter()
        .map(|line| said(&parsed(line)))
        .collect::<BTreeSet<_>>()
        .len()
        > 1
}

/// Panics unless the bundle has the order of an export: kinds, and each list before its items, which stand together.
fn check_order(output: &[String]) {
    let rank = |line: &String| {
        let record = parsed(line);
        match kind(&record) {
            Sort::Rule => 0,
            Sort::List | Sort::Item => 1,
            Sort::SavedObject if record["type"] == "action" => 2,
            Sort::SavedObject => 3,
            Sort::Other => 4,
            Sort::Details => 5,
        }
    };
    let ranks: Vec<i32> = output.iter().map(rank).collect();
    assert!(ranks.is_sorted(), "{output:#?}");
    let exceptions = output
        .iter()
        .map(|line| parsed(line))
        .filter(|one| matches!(kind(one), Sort::List | Sort::Item));
    let mut closed = BTreeSet::new();
    let mut last = (None, Sort::List);
    for record in exceptions {
        let (own, sort) = (list(&record), kind(&record));
        if own == last.0 {
            assert!(
                own.is_none() || sort == Sort::Item,
                "a list after its items: {output:#?}"
            );
        } else {
            assert!(closed.insert(own.clone()), "a list is torn: {output:#?}");
        }
        last = (own, sort);
    }
}

/// Panics unless the bundle is one of these lines, each id once, closed by a details line that counts it.
fn check(input: &[String], output: &[String]) {
    let (last, rest) = output.split_last().unwrap();
    let [rules, lists, items, objects] = counts(rest);
    let closing = parsed(last);
    let number = |key: &str| closing[key].as_u64().unwrap();
    assert_eq!(number("exported_count"), rules + lists + items + objects);
    assert_eq!(
        [
            "exported_rules_count",
            "exported_exception_list_count",
            "exported_exception_list_item_count",
            "exported_action_connector_count"
        ]
        .map(number),
        [rules, lists, items, objects]
    );
    check_order(output);
    let sorted = |lines: &mut dyn Iterator<Item = &String>| -> Vec<String> {
        let mut lines: Vec<String> = lines
            .filter(|line| key(&parsed(line)).is_none() && !is_details(line))
            .cloned()
            .collect();
        lines.sort();
        lines
    };
    assert_eq!(
        sorted(&mut input.iter()),
        sorted(&mut output.iter()),
        "records without an id"
    );
    let (before, after) = (by_key(input), by_key(rest));
    assert!(before.keys().eq(after.keys()), "an id is lost or made up");
    for (key, lines) in after {
        assert_eq!(lines.len(), 1, "{key} is there twice");
        assert!(before[&key].contains(&lines[0]), "{key} has other bytes");
    }
}

fn updated_at(line: &str) -> Option<String> {
    parsed(line)
        .get("updated_at")
        .and_then(Value::as_str)
        .map(Into::into)
}

/// The highest of what the lines say, if all say something.
fn highest<T: Ord + Clone>(lines: &[&String], says: impl Fn(&str) -> Option<T>) -> Option<T> {
    let all: Option<Vec<T>> = lines.iter().map(|line| says(line)).collect();
    all.and_then(|all| all.into_iter().max())
}

/// The newest of lines that differ, if they can be told apart.
fn newest<'l>(lines: &[&'l String]) -> Option<&'l String> {
    let mut left = lines.to_vec();
    if let Some(highest) = highest(&left, updated_at) {
        left.retain(|line| updated_at(line).as_ref() == Some(&highest));
    }
    let revision = |line: &str| parsed(line).get("revision").and_then(Value::as_u64);
    if let Some(highest) = highest(&left, revision) {
        left.retain(|line| revision(line) == Some(highest));
    }
    (!differ(&left)).then(|| left[0])
}

proptest! {
    #![proptest_config(cases(10_000))]

    #[test]
    fn no_record_is_lost_and_none_is_there_twice(seed: u64) {
        let mut choices = Choices::of(seed);
        let (input, files) = bundles(&mut choices, Agreement::Always);
        let mut merged = read(&slices(&files), None, 1);
        let mut output = Vec::new();
        merged.write(&mut output).unwrap();
        let (input, output) = (input.concat(), split(&output));
        check(&input, &output);
        let keys = by_key(&input);
        for (key, lines) in by_key(&output) {
            prop_assert_eq!(lines[0], keys[&key][0], "not the first of equals");
        }
        let again: u64 = keys.values().map(|lines| lines.len() as u64 - 1).sum();
        prop_assert_eq!(merged.tally().duplicates, again);
        let read: Vec<u64> = merged.files().iter().map(|file| file.read).collect();
        prop_assert_eq!(read.iter().sum::<u64>(), input.iter().filter(|line| !is_details(line)).count() as u64);
        prop_assert_eq!(merged.files().iter().map(|file| file.taken).sum::<u64>(), output.len() as u64 - 1);
    }

    #[test]
    fn conflicts_are_named_and_settled(seed: u64) {
        let mut choices = Choices::of(seed);
        let (input, files) = bundles(&mut choices, Agreement::Mostly);
        let (input, files) = (input.concat(), slices(&files));
        let keys = by_key(&input);
        let conflicts: Vec<_> = keys.iter().filter(|(_, lines)| differ(lines)).collect();
        let mut merged = read(&files, None, 1);
        prop_assert_eq!(merged.tally().conflicts, conflicts.len() as u64);
        let mut places = Vec::new();
        merged.each(Taking::Conflict, usize::MAX, |meeting| {
            assert!(!meeting.fields.is_empty() && meeting.taken.is_none(), "{meeting:?}");
            places.push(meeting.places.len());
            Ok(())
        }).unwrap();
        places.sort_unstable();
        let mut expected: Vec<usize> = conflicts.iter().map(|(_, lines)| lines.len()).collect();
        expected.sort_unstable();
        prop_assert_eq!(places, expected);
        let mut output = Vec::new();
        let written = merged.write(&mut output);
        if conflicts.is_empty() {
            prop_assert!(written.is_ok());
        } else {
            let refused = matches!(written.unwrap_err().kind(), ErrorKind::Conflicts { .. });
            prop_assert!(output.is_empty() && refused);
        }
        let prefer = [Prefer::First, Prefer::Last, Prefer::Newer][choices.below(3)];
            let taken = |lines: &[&String]| match prefer {
                Prefer::First => lines.first().map(ToString::to_string),
                Prefer::Last => lines.last().map(ToString::to_string),
                Prefer::Newer => newest(lines).cloned(),
            };
            let left = conflicts.iter().filter(|(_, lines)| taken(lines).is_none()).count() as u64;
            let mut merged = read(&files, Some(prefer), 1);
            prop_assert_eq!(merged.tally().conflicts, left);
            if left > 0 {
                return Ok(());
            }
            let mut output = Vec::new();
            merged.write(&mut output).unwrap();
            let output = split(&output);
            check(&input, &output);
            for (key, lines) in by_key(&output) {
                let all = &keys[&key];
                let expected = if differ(all) { taken(all).unwrap() } else { all[0].clone() };
                prop_assert_eq!(lines[0], &expected, "{}", key);
            }
    }
}

proptest! {
    #![proptest_config(cases(1200))]

    #[test]
    fn a_bundle_with_itself_is_the_bundle_once(seed: u64) {
        let mut choices = Choices::of(seed);
        let input: Vec<String> = lines(&mut choices, Agreement::Always).into_iter().filter(|line| key(&parsed(line)).is_some()).collect();
        let bundle = file(&mut choices, &input);
        let once = merge(&[&bundle], None);
        prop_assert_eq!(&once, &merge(&[&bundle, &bundle], None));
        prop_assert_eq!(&once, &merge(&[&once], None));
    }

    #[test]
    fn it_does_not_matter_which_are_merged_first(seed: u64) {
        let mut choices = Choices::of(seed);
        let [a, b, c] = [0; 3].map(|_| {
            let lines = lines(&mut choices, Agreement::Always);
            file(&mut choices, &lines)
        });
        let all = merge(&[&a, &b, &c], None);
        prop_assert_eq!(&all, &merge(&[&merge(&[&a, &b], None), &c], None));
        prop_assert_eq!(&all, &merge(&[&a, &merge(&[&b, &c], None)], None));
    }

    #[test]
    fn a_merge_does_not_depend_on_threads_and_batches(seed: u64) {
        let mut choices = Choices::of(seed);
        let (_, files) = bundles(&mut choices, Agreement::Mostly);
        let outputs = [1, 3].map(|jobs| {
            let mut output = Vec::new();
            let mut merged = read(&slices(&files), Some(Prefer::Last), jobs);
            let mut told = Vec::new();
            merged.each(Taking::Settled, usize::MAX, |meeting| {
                told.push(format!("{meeting:?}"));
                Ok(())
            }).unwrap();
            merged.write(&mut output).unwrap();
            (output, told)
        });
        prop_assert_eq!(&outputs[0], &outputs[1]);
    }
}
