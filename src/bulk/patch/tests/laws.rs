use proptest::prelude::*;
use serde_json::{Map, Value};

use super::patch;

/// The rules of the bundled export.
fn rules() -> Vec<&'static str> {
    let example = include_str!("../../../../testdata/bundles/example.ndjson");
    let lines = example.lines();
    lines.filter(|line| line.contains("\"rule_id\"")).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    /// Some of a rule's own members, in another order and spelling.
    #[test]
    fn a_patch_with_a_rules_own_members_changes_no_byte(place in any::<prop::sample::Index>(), some in any::<u64>()) {
        let rules = rules();
        let line = rules[place.index(rules.len())];
        let rule: Map<String, Value> = serde_json::from_str(line).unwrap();
        let mut bits = some;
        let mut partial: Map<String, Value> = rule
            .iter()
            .filter(|(key, _)| {
                bits = bits.rotate_left(7).wrapping_mul(0x9e37_79b9_7f4a_7c15);
                // Of a timeline both halves are there, or none.
                !key.starts_with("timeline_") && *key != "id" && bits >> 63 == 1
            })
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        partial.insert("rule_id".into(), rule["rule_id"].clone());
        let ran = patch(&serde_json::to_string_pretty(&partial).unwrap()).run(line);
        prop_assert_eq!(&ran.failed, &Vec::<String>::new());
        prop_assert_eq!(&ran.noted, &Vec::<String>::new());
        prop_assert_eq!(&ran.output, line);
        prop_assert_eq!(&ran.answer[0], &Value::Object(rule));
    }

    /// A member of another rule of the type comes over, and nothing else does.
    #[test]
    fn a_patch_changes_its_members_and_what_counts_them(
        place in any::<prop::sample::Index>(), from in any::<prop::sample::Index>(), key in any::<prop::sample::Index>(),
    ) {
        const KEYS: [&str; 7] = ["name", "description", "tags", "risk_score", "severity", "note", "references"];
        let rules = rules();
        let (line, other) = (rules[place.index(rules.len())], rules[from.index(rules.len())]);
        let [before, other]: [Map<String, Value>; 2] = [line, other].map(|line| serde_json::from_str(line).unwrap());
        let key = KEYS[key.index(KEYS.len())];
        prop_assume!(other.contains_key(key));
        let partial = serde_json::json!({"rule_id": before["rule_id"], key: other[key]});
        let ran = patch(&partial.to_string()).run(line);
        let after: Map<String, Value> = serde_json::from_str(&ran.output).unwrap();
        let same = before.get(key) == other.get(key);
        for (name, value) in &after {
            let expected = match name.as_str() {
                name if name == key => &other[key],
                "revision" if !same => &Value::from(before["revision"].as_u64().unwrap() + 1),
                "rule_source" => value,
                name => &before[name],
            };
            prop_assert_eq!(value, expected);
        }
        prop_assert_eq!(same, ran.output == line);
    }
}
