//! Bundles of generated records, and details lines counted a second way.

use std::collections::HashMap;

use serde::de::IgnoredAny;
use serde_json::Value;

use super::hostile::Choices;

/// Records, and all that stands between records in files nobody should write.
pub(crate) fn hostile(choices: &mut Choices, lines: usize) -> Vec<u8> {
    let mut bytes = choices.one(&["", "", "\u{feff}"]).as_bytes().to_vec();
    for _ in 0..lines {
        match choices.below(24) {
            0 => bytes.extend_from_slice(b"  \t"),
            1 => {}
            2 => bytes.extend_from_slice(b"{\"a\":\xff}"),
            3 => bytes.extend_from_slice(
                choices
                    .one(&[
                        "null",
                        "[1]",
                        "{",
                        "7",
                        "{\"a\":}",
                        "\u{0}",
                        "{\"tags\":[\"unfinished",
                    ])
                    .as_bytes(),
            ),
            4 => bytes.extend_from_slice(br#"{"exported_count":1,"exported_rules_count":1}"#),
            5..12 => bytes.extend_from_slice(choices.rule().as_bytes()),
            _ => bytes.extend_from_slice(choices.line().as_bytes()),
        }
        bytes.extend_from_slice(choices.one(&["\n", "\n", "\r\n"]).as_bytes());
    }
    if choices.below(3) == 0 {
        bytes.pop();
    }
    bytes
}

/// The bundled export in another spelling, so that every transform finds something to do.
pub(crate) fn respelt(choices: &mut Choices) -> Vec<u8> {
    let example = include_str!("../../testdata/bundles/example.ndjson");
    let lines = example
        .lines()
        .map(|line| choices.respell(line) + choices.one(&["\n", "\r\n"]));
    lines.collect::<String>().into()
}

/// Several exports in one file, each closed by a details line that counts it right; between the records, lines that are none
/// and rules that an edit of tags refuses.
pub(crate) fn counted(choices: &mut Choices) -> Vec<u8> {
    let mut text = String::new();
    for _ in 0..=choices.below(3) {
        let mut counts = [0_usize; 4];
        for index in 0..choices.below(20) {
            let (kind, line): (Option<usize>, String) = match choices.below(8) {
                0 => (None, "no record".to_owned()),
                1 => (
                    Some(0),
                    format!(r#"{{"rule_id":"r{index}","tags":"text","actions":1}}"#),
                ),
                2 => (
                    Some(1),
                    format!(r#"{{"list_id":"l{index}","type":"detection"}}"#),
                ),
                3 => (
                    Some(2),
                    format!(r#"{{"list_id":"l{index}","item_id":"i{index}","entries":[]}}"#),
                ),
                4 => (
                    Some(3),
                    format!(
                        r#"{{"id":"c{index}","type":"action","attributes":{{"actionTypeId":".slack"}}}}"#
                    ),
                ),
                5 => (None, r#"{"neither":1}"#.to_owned()),
                _ => (Some(0), choices.rule()),
            };
            if let Some(kind) = kind {
                counts[kind] += 1;
            }
            text += &line;
            text.push('\n');
        }
        let [rules, lists, items, connectors] = counts;
        let details = match choices.below(3) {
            0 => format!(
                r#"{{"exported_count":{},"exported_rules_count":{rules},"exported_exception_list_count":{lists},"exported_exception_list_item_count":{items}, "exported_action_connector_count" : {connectors}}}"#,
                rules + lists + items + connectors
            ),
            1 => format!(
                r#"{{"exported_count":{rules},"missing_rules":[],"missing_rules_count":0}}"#
            ),
            _ => format!(
                r#"{{"exported_exception_list_count":{lists},"exported_exception_list_item_count":{items}}}"#
            ),
        };
        text += &details;
        text.push('\n');
    }
    text.into()
}

/// Panics unless each details line counts the records since the one before it.
#[expect(
    clippy::zero_sized_map_values,
    reason = "serde has no set that passes over values"
)]
pub(crate) fn check_details(bundle: &[u8]) {
    let mut counts = [0_u64; 4];
    for line in bundle.split(|&b| b == b'\n') {
        let Ok(keys) = serde_json::from_slice::<HashMap<String, IgnoredAny>>(line) else {
            continue;
        };
        let has = |names: &[&str]| names.iter().any(|name| keys.contains_key(*name));
        let is_other = !has(&[
            "item_id",
            "entries",
            "list_id",
            "attributes",
            "rule_id",
            "type",
        ]);
        if has(&["exported_count"]) || is_other && has(&["exported_exception_list_count"]) {
            check(&String::from_utf8_lossy(line), counts);
            counts = [0; 4];
        } else if !is_other {
            // The order in which Kibana's importer asks.
            let kinds = [
                (2, &["item_id", "entries"][..]),
                (1, &["list_id"]),
                (3, &["attributes"]),
            ];
            let kind = kinds
                .into_iter()
                .find(|(_, keys)| has(keys))
                .map_or(0, |(kind, _)| kind);
            counts[kind] += 1;
        }
    }
}

fn check(details: &str, [rules, lists, items, connectors]: [u64; 4]) {
    let Ok(read) = serde_json::from_str::<HashMap<String, Value>>(details) else {
        return;
    };
    let all = if read.contains_key("exported_rules_count") {
        rules + lists + items + connectors
    } else {
        rules
    };
    let expected = [
        ("exported_count", all),
        ("exported_rules_count", rules),
        ("exported_exception_list_count", lists),
        ("exported_exception_list_item_count", items),
        ("exported_action_connector_count", connectors),
    ];
    for (key, count) in expected {
        if let Some(found) = read.get(key) {
            assert_eq!(found, &Value::from(count), "`{key}` of {details}");
        }
    }
}
