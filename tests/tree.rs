//! Laws of `unpack` and `pack` over generated bundles: what comes back, what names lead to, what a changed tree keeps.
//!
//! `RULEFERRY_CASES=4000` makes ten times as many cases.

#![cfg(test)]

#[allow(dead_code, reason = "each test file uses what it needs")]
#[path = "support/hostile.rs"]
mod hostile;

use std::collections::{BTreeMap, BTreeSet};

use hostile::Choices;
use proptest::prelude::*;
use proptest::test_runner::Config;
use ruleferry::bundle::tree::{Format, Memory, Outcome, Pack, Unpack, Unpacked};
use ruleferry::pipeline::{OnError, Reading};
use ruleferry::stream::Source;
use serde_json::Value;

fn cases(usual: u32) -> Config {
    let asked = std::env::var("RULEFERRY_CASES")
        .ok()
        .and_then(|cases| cases.parse::<u32>().ok());
    Config {
        cases: asked.map_or(usual, |asked| (asked / 400 * usual).max(1)),
        failure_persistence: None,
        ..Config::default()
    }
}

/// The text without the white space between its tokens.
fn compact(json: &str) -> String {
    let (mut within, mut escaped) = (false, false);
    json.chars()
        .filter(|&c| {
            if within {
                within = escaped || c != '"';
                escaped = !escaped && c == '\\';
                return true;
            }
            within = c == '"';
            !matches!(c, ' ' | '\t' | '\r' | '\n')
        })
        .collect()
}

/// An id of few, so that some are there twice, or one that no file system takes as a name.
fn id(choices: &mut Choices) -> String {
    let odd = [
        r#""../../x""#,
        r#""con""#,
        r#""NUL.txt""#,
        r#""""#,
        r#""a/b\\c""#,
        r#"".git""#,
        r#""A""#,
        r#""a""#,
        r#""\u0000""#,
        r#""\ud83e\udd80""#,
        "7",
        "null",
    ];
    if choices.below(3) == 0 {
        choices.one(&odd).to_owned()
    } else {
        format!("\"id-{}\"", choices.below(6))
    }
}

/// A record of any kind, compact, its lists shared, of both namespaces, or nowhere to be found.
fn record(choices: &mut Choices) -> String {
    let (one, other) = (id(choices), id(choices));
    let namespace = choices.one(&[
        r#","namespace_type":"single""#,
        r#","namespace_type":"agnostic""#,
        "",
    ]);
    let value = compact(&choices.value());
    match choices.below(7) {
        0 | 1 => format!(
            r#"{{"rule_id":{one},"name":{value},"exceptions_list":[{{"id":"x","list_id":{other}{namespace}}}],"n":1.0}}"#
        ),
        2 => format!(r#"{{"list_id":{one},"name":{value}{namespace}}}"#),
        3 => format!(r#"{{"item_id":{one},"list_id":{other},"entries":[{value}]{namespace}}}"#),
        4 => format!(r#"{{"id":{one},"type":"action","attributes":{{"name":{value}}}}}"#),
        5 => format!(r#"{{"exported_count":{},"x":{value}}}"#, choices.below(4)),
        _ => compact(&choices.line()),
    }
}

/// A bundle of compact lines, and the lines.
fn generated(seed: u64) -> String {
    let mut choices = Choices::of(seed);
    let mut text = choices.one(&["", "", "", "\u{feff}"]).to_owned();
    for _ in 0..choices.below(14) {
        let line = match choices.below(16) {
            0 => String::new(),
            1 => choices.one(&["no record", "{", "[1]", "null"]).to_owned(),
            _ => record(&mut choices),
        };
        text += &line;
        text += choices.one(&["\n", "\n", "\n", "\r\n"]);
    }
    if choices.below(4) == 0 {
        text.truncate(text.trim_end().len());
    }
    text
}

/// What became of each file, in order.
type Outcomes = Vec<(String, Outcome)>;

/// On one thread: the cases are many and small.
fn alone() -> Reading {
    Reading {
        jobs: 1,
        ..Reading::default()
    }
}

fn unpack(bundle: &str, tree: &Memory, format: Option<Format>) -> Outcomes {
    let unpack = Unpack {
        format,
        reading: alone(),
        on_error: OnError::Keep,
        prune: false,
    };
    let mut outcomes = Vec::new();
    let source = Source::reader("bundle", bundle.as_bytes());
    unpack
        .run(vec![source], tree, &mut |event| {
            if let Unpacked::File { path, outcome, .. } = event {
                outcomes.push((path.to_owned(), outcome));
            }
            Ok(())
        })
        .unwrap();
    outcomes
}

fn pack(tree: &Memory) -> String {
    let mut packed = Vec::new();
    Pack { reading: alone() }
        .run(tree, &mut packed, &mut |_| Ok(()))
        .unwrap();
    String::from_utf8(packed).unwrap()
}

/// The bundle without half surrogate pairs and endless numbers, for which `serde_json` has no value to compare.
fn comparable(bundle: &str) -> String {
    bundle
        .replace("\\ud83d\"", "\\ud83d\\ude00\"")
        .replace("1e400", "1e40")
}

/// Each line as a value, or as it is where it is none.
fn content(bundle: &str) -> Vec<Result<Value, String>> {
    bundle
        .trim_start_matches('\u{feff}')
        .lines()
        .map(|line| serde_json::from_str(line).map_err(|_| line.trim().to_owned()))
        .collect()
}

fn rule_id(json: &[u8]) -> Option<String> {
    let value: Value = serde_json::from_slice(json).ok()?;
    value["rule_id"].as_str().map(String::from)
}

/// The `rule_id`s that one line alone has.
fn unique_rule_ids(bundle: &str) -> BTreeSet<String> {
    let mut counts = BTreeMap::new();
    let lines = bundle.trim_start_matches('\u{feff}').lines();
    for id in lines.filter_map(|line| rule_id(line.as_bytes())) {
        *counts.entry(id).or_insert(0) += 1;
    }
    counts
        .into_iter()
        .filter(|(_, count)| *count == 1)
        .map(|(id, _)| id)
        .collect()
}

/// Whether every file system takes the path, and it stays below its folder.
fn is_safe(path: &str) -> bool {
    let mut names = path.split('/');
    !path.starts_with('/')
        && names.all(|name| {
            let stem = name.split('.').next().unwrap_or_default();
            let bytes_are_safe = name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"._-~".contains(&byte));
            let device = ["con", "prn", "aux", "nul"]
                .iter()
                .any(|device| stem.eq_ignore_ascii_case(device));
            (1..=120).contains(&name.len())
                && bytes_are_safe
                && !device
                && !name.starts_with(['.', '-'])
                && !name.ends_with('.')
        })
}

proptest! {
    #![proptest_config(cases(10_000))]

    #[test]
    fn a_tree_gives_back_the_bundle_it_was_made_of(seed: u64) {
        let bundle = generated(seed);
        let tree = Memory::default();
        unpack(&bundle, &tree, Some(Format::Json));
        let mut folded = BTreeMap::new();
        for path in tree.files().keys() {
            prop_assert!(is_safe(path), "{}", path);
            prop_assert_eq!(folded.insert(path.to_lowercase(), path.clone()), None);
        }
        prop_assert_eq!(pack(&tree), bundle);
    }
}

proptest! {
    #![proptest_config(cases(2_000))]

    #[test]
    fn yaml_and_toml_carry_the_same_content(seed: u64) {
        let bundle = comparable(&generated(seed));
        for format in [Format::Yaml, Format::Toml] {
            let tree = Memory::default();
            unpack(&bundle, &tree, Some(format));
            prop_assert_eq!(content(&pack(&tree)), content(&bundle));
        }
    }

    #[test]
    fn unpacking_again_writes_nothing(seed: u64) {
        let bundle = generated(seed);
        let tree = Memory::default();
        unpack(&bundle, &tree, None);
        let before = tree.files().clone();
        let again = unpack(&bundle, &tree, None);
        prop_assert!(again.iter().all(|(_, outcome)| *outcome == Outcome::Unchanged), "{:?}", again);
        prop_assert_eq!(&*tree.files(), &before);
    }

    #[test]
    fn files_that_a_user_moved_are_found_by_their_ids(seed: u64) {
        let bundle = comparable(&generated(seed));
        let tree = Memory::default();
        unpack(&bundle, &tree, None);
        let mut choices = Choices::of(seed ^ 1);
        // A record without an id is known by the place of its file, and of records with one id two files would be one too many.
        let ids = unique_rule_ids(&bundle);
        let rules: Vec<String> = tree
            .files()
            .iter()
            .filter(|(path, file)| path.starts_with("rules/") && rule_id(file).is_some_and(|id| ids.contains(&id)))
            .map(|(path, _)| path.clone())
            .collect();
        let mut moved = 0;
        for (place, path) in rules.iter().enumerate() {
            if choices.below(2) == 0 {
                let file = tree.files().remove(path).unwrap();
                tree.files().insert(format!("mine/{place}.json"), file);
                moved += 1;
            }
        }
        prop_assert_eq!(pack(&tree), bundle.clone());
        unpack(&bundle, &tree, None);
        let mine = tree.files().keys().filter(|path| path.starts_with("mine/")).count();
        prop_assert_eq!(mine, moved);
        prop_assert_eq!(pack(&tree), bundle);
    }
}
