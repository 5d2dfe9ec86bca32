//! The laws over generated input; `fuzz/` runs the same functions on what a fuzzer finds.
//!
//! A case is a seed and holds hundreds of records, so that a run sees 10⁵ of them; a failure shows the one record.
//! `RULEFERRY_CASES=4000` makes it 10⁶.

#[path = "support/bundle.rs"]
mod bundle;
#[path = "support/hostile.rs"]
mod hostile;
#[path = "../fuzz/laws.rs"]
mod laws;

use std::fs;

use hostile::Choices;
use laws::runs::{Outcome, identity_keeps_every_byte, once_is_enough, run, runs_alike_however_cut};
use laws::{Edit, equal_values_keep_their_spelling};
use proptest::prelude::*;
use proptest::test_runner::Config;
use ruleferry::pipeline::{OnError, Pipeline};

/// Records in one case of the laws of single records.
const RECORDS: usize = 250;

/// As many cases as asked for, or `usual`; a tenth or so for laws that cost more.
fn cases(usual: u32) -> Config {
    let asked = std::env::var("RULEFERRY_CASES")
        .ok()
        .and_then(|cases| cases.parse::<u32>().ok());
    let cases = asked.map_or(usual, |asked| (asked * usual / 400).max(1));
    Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    }
}

/// The steps of all golden cases, so every transform with real settings.
fn steps() -> Vec<Pipeline> {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/transforms");
    let folders = |path: &std::path::Path| -> Vec<_> {
        let entries =
            fs::read_dir(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        entries
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| path.is_dir())
            .collect()
    };
    let cases = folders(root.as_ref())
        .into_iter()
        .flat_map(|transform| folders(&transform));
    let step =
        |text: String| Pipeline::from_step(&text).unwrap_or_else(|error| panic!("{text}: {error}"));
    let steps: Vec<_> = cases
        .filter_map(|case| fs::read_to_string(case.join("step.toml")).ok())
        .map(step)
        .collect();
    assert!(!steps.is_empty());
    steps.into_iter().map(|step| step.seeded("test")).collect()
}

fn add_tags() -> Pipeline {
    Pipeline::from_step(r#"add-tags = { tags = ["a", "new \"one\""] }"#)
        .unwrap_or_else(|error| panic!("{error}"))
}

/// The line without the value of its last member of this name.
fn without<'t>(line: &'t str, name: &str) -> Option<(&'t str, &'t str)> {
    let value = laws::parts(line)?
        .into_iter()
        .rfind(|part| part.name == name)?
        .value;
    Some((&line[..value.start], &line[value.end..]))
}

proptest! {
    #![proptest_config(cases(400))]

    #[test]
    fn an_edit_leaves_every_byte_around_it(seed: u64) {
        let mut choices = Choices::of(seed);
        for _ in 0..RECORDS {
            let (line, json) = (choices.line(), choices.value());
            laws::copies_what_it_reads(&line);
            laws::set_leaves_the_rest(&line, &json, &mut |bound| choices.below(bound));
            laws::remove_leaves_the_rest(&line, &mut |bound| choices.below(bound));
            laws::add_leaves_the_rest(&line, choices.one(&["new", "", "n\"\\\u{2028}\n"]), &json);
        }
    }

    #[test]
    fn a_step_leaves_every_byte_around_its_edit(seed: u64) {
        let mut choices = Choices::of(seed);
        let before: Vec<String> = (0..RECORDS).map(|_| choices.rule()).collect();
        let Outcome { result, refused } = run(&add_tags().on_error(OnError::Keep), before.join("\n").as_bytes());
        let after = String::from_utf8(result.unwrap()).unwrap();
        prop_assert_eq!(&refused, &Vec::<String>::new());
        prop_assert_eq!(after.split('\n').count(), before.len());
        for (before, after) in before.iter().zip(after.split('\n')) {
            let tags = format!("{before} became {after}");
            match (without(before, "tags"), without(after, "tags")) {
                (Some(before), Some(after)) => prop_assert_eq!(before, after, "{}", tags),
                (None, Some((head, tail))) => {
                    prop_assert!(before.ends_with(tail), "{}", tags);
                    prop_assert!(head.starts_with(&before[..before.len() - tail.len()]), "{}", tags);
                }
                (_, None) => prop_assert!(serde_json::from_str::<serde_json::Value>(before).is_err(), "{}", tags),
            }
        }
    }
}

proptest! {
    #![proptest_config(cases(200))]

    #[test]
    fn an_object_agrees_with_a_map(seed: u64) {
        let mut choices = Choices::of(seed);
        let keys = ["a", "b", "meta", "tags", "", "é", "\"", "a/b"];
        for _ in 0..RECORDS / 5 {
            let line = choices.line();
            let edits: Vec<Edit> = (0..choices.below(8)).map(|_| {
                let key = choices.one(&keys).to_owned();
                let json = choices.one(&["1", "1.0", "null", "[]", r#"{"a":1}"#, r#""\u0061""#, " 2".trim()]).to_owned();
                match choices.below(3) {
                    0 => Edit::Set(key, json),
                    1 => Edit::Remove(key),
                    _ => Edit::SetWithin(key, choices.one(&keys).to_owned(), json),
                }
            }).collect();
            laws::agrees_with_a_map(&line, &edits);
        }
    }

    #[test]
    fn the_scanner_takes_what_serde_json_takes(seed: u64, text: String) {
        laws::scans_as_serde_json(&text);
        let mut choices = Choices::of(seed);
        for _ in 0..RECORDS / 5 {
            let line = choices.line();
            laws::scans_as_serde_json(&line);
            // One character away from JSON is where a scanner goes wrong.
            let mut damaged: Vec<char> = line.chars().collect();
            let at = choices.below(damaged.len());
            let other = choices.one(&["{", "}", "[", "]", ",", ":", "\"", "\\", "0", "e", "-", ".", "\0", "\n", "é", "\u{a0}"]);
            match choices.below(3) {
                0 => _ = damaged.remove(at),
                1 => damaged.splice(at..at, other.chars()).for_each(drop),
                _ => damaged.truncate(at),
            }
            laws::scans_as_serde_json(&damaged.into_iter().collect::<String>());
        }
    }

    #[test]
    fn queries_are_read_or_refused(seed: u64, text: String) {
        laws::reads_a_query(&text, "{}");
        let mut choices = Choices::of(seed);
        let pieces = ["severity", "tags", ":", " ", "\"a b\"", "*", "(", ")", "{", "}", " and ", " or ", "not ", ">=", "<", "\\", "\"", "name",
            "high", "1", "threat", "technique.id", "alert.attributes.", "params.", "2026-01-31", "é", "\\u0061", "now-1d"];
        for _ in 0..20 {
            let text: String = (0..choices.below(12)).map(|_| choices.one(&pieces)).collect();
            laws::reads_a_query(&text, &choices.line());
        }
    }

    #[test]
    fn pipeline_files_are_read_or_refused(seed: u64, text: String) {
        laws::reads_a_pipeline(&text);
        let mut choices = Choices::of(seed);
        let pieces = ["[[step]]\n", "add-tags", " = ", "{ ", "tags = ", "[\"a\", '''b''']", " }", "\n", "only = 'severity:high'", "é", "# x", "[step]",
            "only = 1", "\"", "disable = {}", "."];
        for _ in 0..20 {
            laws::reads_a_pipeline(&(0..choices.below(10)).map(|_| choices.one(&pieces)).collect::<String>());
        }
    }

    #[test]
    fn esql_is_read_or_refused(text: String, from in "FROM [-a-z*:,\"<> ]{0,20}( METADATA _id)?( \\| WHERE .{0,10})?") {
        laws::reads_esql(&text);
        laws::reads_esql(&from);
    }
}

proptest! {
    #![proptest_config(cases(16))]

    #[test]
    fn runs_do_not_depend_on_threads_and_batches(seed: u64) {
        let mut choices = Choices::of(seed);
        let input = bundle::hostile(&mut choices, 30);
        for pipeline in steps() {
            for on_error in [OnError::Stop, OnError::Keep, OnError::Drop] {
                runs_alike_however_cut(&pipeline.clone().on_error(on_error), &input);
            }
        }
    }

    #[test]
    fn bytes_pass_where_no_step_is_for_them(seed: u64, bytes: Vec<u8>) {
        identity_keeps_every_byte(&bytes);
        identity_keeps_every_byte(&bundle::hostile(&mut Choices::of(seed), 100));
    }

    #[test]
    fn twice_equals_once(seed: u64) {
        let mut choices = Choices::of(seed);
        for input in [bundle::hostile(&mut choices, 60), bundle::respelt(&mut choices)] {
            for pipeline in steps() {
                once_is_enough(&pipeline.on_error(OnError::Keep), &input);
            }
        }
    }

    #[test]
    fn what_no_step_changes_keeps_its_spelling(seed: u64) {
        let mut choices = Choices::of(seed);
        let example = bundle::respelt(&mut choices);
        for pipeline in steps() {
            let pipeline = pipeline.on_error(OnError::Keep);
            for before in [choices.rule().as_bytes(), &example] {
                let after = run(&pipeline, before).result.unwrap();
                let (before, after) = (std::str::from_utf8(before).unwrap(), std::str::from_utf8(&after).unwrap());
                if before.lines().count() == after.lines().count() {
                    before.lines().zip(after.lines()).for_each(|(before, after)| equal_values_keep_their_spelling(before, after));
                }
            }
        }
    }

    #[test]
    fn details_count_what_is_left(seed: u64) {
        let mut choices = Choices::of(seed);
        for input in [bundle::counted(&mut choices), bundle::respelt(&mut choices)] {
            bundle::check_details(&input);
            for pipeline in steps() {
                for on_error in [OnError::Keep, OnError::Drop] {
                    let output = run(&pipeline.clone().on_error(on_error), &input).result.unwrap();
                    bundle::check_details(&output);
                }
            }
        }
    }
}

#[test]
fn the_laws_can_be_broken() {
    let broken = |law: fn()| std::panic::catch_unwind(law).is_err();
    assert!(broken(|| equal_values_keep_their_spelling(
        r#"{"a":{"b":"\u0061"}}"#,
        r#"{"a":{"b":"a","c":1}}"#
    )));
    assert!(broken(|| equal_values_keep_their_spelling(
        r#"{"a":[1.0,2]}"#,
        r#"{"a": [1.00,3]}"#
    )));
    assert!(broken(|| bundle::check_details(
        b"{\"rule_id\":\"r\"}\n{\"exported_count\":2,\"exported_rules_count\":2}\n"
    )));
    assert!(broken(|| bundle::check_details(
        b"{\"exported_count\":0,\"exported_rules_count\":1}"
    )));
}
