//! Laws of the comparison, and what it says of single records.

mod bundles;

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::*;
use crate::bundle::Fields;
use crate::json::Raw;

fn lens(fields: Fields) -> Lens {
    Lens::new(fields, []).unwrap()
}

/// The changes, one a line: sign, path, values.
fn told(old: &str, new: &str) -> Vec<String> {
    let [old, new] = [old, new].map(|text| Record::parse(text, 0).unwrap());
    let tell = |change: &Change<'_>| {
        let step = |step: &crate::error::PathStep| match step {
            crate::error::PathStep::Key(key) => format!("/{key}"),
            crate::error::PathStep::Index(index) => format!("/{index}"),
        };
        let path: String = change.path.iter().map(step).collect();
        match change.edit {
            Edit::Add(new) => format!("+{path} {}", new.text()),
            Edit::Remove(old) => format!("-{path} {}", old.text()),
            Edit::Replace(old, new) => format!("~{path} {} {}", old.text(), new.text()),
            Edit::MoveHere(new) => format!(">{path} {}", new.text()),
            Edit::MoveAway(old) => format!("<{path} {}", old.text()),
        }
    };
    changes(&lens(Fields::Owned), &old, &new)
        .iter()
        .map(tell)
        .collect()
}

#[test]
fn tells_each_field_by_its_path() {
    assert_eq!(
        told(
            r#"{"rule_id":"r","severity":"low","note":"n","risk_score":47.0,"meta":{"a":{"b":1,"c":[]}},"to":null}"#,
            r#"{"setup":"s","rule_id":"r","risk_score":47,"meta":{"a":{"c":[],"b":2}},"severity":"high","to":[]}"#
        ),
        [
            r#"~/severity "low" "high""#,
            r#"-/note "n""#,
            "~/meta/a/b 1 2",
            "~/to null []",
            r#"+/setup "s""#
        ]
    );
}

#[test]
fn tells_elements_that_came_went_and_moved() {
    let tags = |tags: &str| format!(r#"{{"rule_id":"r","tags":{tags}}}"#);
    let told = |old, new| told(&tags(old), &tags(new));
    assert_eq!(
        told(r#"["a","b","c"]"#, r#"["a","x","c","d"]"#),
        [r#"-/tags/1 "b""#, r#"+/tags/2 "x""#, r#"+/tags/3 "d""#]
    );
    assert_eq!(
        told(r#"["a","b","c"]"#, r#"["b","c","a"]"#),
        [r#"</tags/0 "a""#, r#">/tags/3 "a""#]
    );
    assert_eq!(
        told(r#"["a","b"]"#, r#"["b","x","a"]"#),
        [r#"</tags/0 "a""#, r#"+/tags/2 "x""#, r#">/tags/2 "a""#]
    );
    assert_eq!(told(r#"["a","a"]"#, r#"["a"]"#), [r#"-/tags/1 "a""#]);
}

#[test]
fn finds_the_element_that_changed() {
    let actions = |actions: &str| format!(r#"{{"rule_id":"r","actions":{actions}}}"#);
    assert_eq!(
        told(
            &actions(r#"[{"uuid":"1","group":"a"},{"uuid":"2","group":"a"},{"uuid":"3"}]"#),
            &actions(r#"[{"uuid":"2","group":"b"},{"uuid":"4"},{"uuid":"3","id":"c"}]"#)
        ),
        [
            r#"-/actions/0 {"uuid":"1","group":"a"}"#,
            r#"~/actions/1/group "a" "b""#,
            r#"+/actions/2 {"uuid":"4"}"#,
            r#"+/actions/2/id "c""#,
        ]
    );
    let entries = |field: &str| {
        format!(r#"{{"item_id":"i","entries":[{{"field":"{field}","type":"match","value":"v"}}]}}"#)
    };
    assert_eq!(
        told(&entries("a"), &entries("b")),
        [r#"~/entries/0/field "a" "b""#]
    );
    let threat = r#"[{"tactic":{"id":"TA1"},"technique":[{"id":"T1"}]},{"tactic":{"id":"TA2"}}]"#;
    let threat = format!(r#"{{"rule_id":"r","threat":{threat}}}"#);
    let changed = threat.replace("T1\"", "T2\"").replace("TA2", "TA3");
    assert_eq!(
        told(&threat, &changed),
        [
            r#"-/threat/0/technique/0 {"id":"T1"}"#,
            r#"+/threat/0/technique/1 {"id":"T2"}"#,
            r#"-/threat/1 {"tactic":{"id":"TA2"}}"#,
            r#"+/threat/2 {"tactic":{"id":"TA3"}}"#
        ]
    );
}

#[test]
fn tells_what_a_set_gained_and_lost() {
    let item = |value: &str| format!(r#"{{"item_id":"i","entries":[{{"value":{value}}}]}}"#);
    assert_eq!(
        told(&item(r#"["a","b","c"]"#), &item(r#"["d","c","a"]"#)),
        [r#"-/entries/0/value/1 "b""#, r#"+/entries/0/value/3 "d""#]
    );
}

#[test]
fn says_nothing_of_what_a_kibana_makes() {
    assert_eq!(
        told(
            r#"{"rule_id":"r","id":"1","exceptions_list":[{"id":"1","list_id":"l","type":"a"}]}"#,
            r#"{"rule_id":"r","id":"2","exceptions_list":[{"id":"2","list_id":"l","type":"b"}]}"#
        ),
        [r#"~/exceptions_list/0/type "a" "b""#]
    );
}

#[test]
fn long_arrays_without_anything_in_common_take_no_long() {
    let array = |from: usize| {
        let elements: Vec<String> = (from..from + 50_000).map(|n| format!("[{n}]")).collect();
        format!(r#"{{"rule_id":"r","x":[{}]}}"#, elements.join(","))
    };
    let shuffled = |step: usize| {
        let elements: Vec<String> = (0..50_021)
            .map(|n| (n * step % 50_021).to_string())
            .collect();
        format!(r#"{{"rule_id":"r","x":[{}]}}"#, elements.join(","))
    };
    let begun = std::time::Instant::now();
    assert_eq!(told(&array(0), &array(100_000)).len(), 100_000);
    assert!(told(&shuffled(7), &shuffled(31)).len() > 50_000);
    assert!(begun.elapsed().as_secs() < 20, "{:?}", begun.elapsed());
}

/// Applies an RFC 6902 patch by the letter.
fn apply(value: &mut Value, patch: &str) {
    let operations: Vec<Map<String, Value>> = serde_json::from_str(patch).unwrap();
    for operation in operations {
        let pointer = operation["path"].as_str().unwrap();
        let (above, last) = pointer.rsplit_once('/').unwrap();
        let last = last.replace("~1", "/").replace("~0", "~");
        let new = operation.get("value").cloned();
        match (
            value.pointer_mut(above).unwrap(),
            operation["op"].as_str().unwrap(),
        ) {
            (Value::Object(members), "add") => _ = members.insert(last, new.unwrap()),
            (Value::Object(members), "remove") => _ = members.remove(&last).unwrap(),
            (Value::Object(members), "replace") => *members.get_mut(&last).unwrap() = new.unwrap(),
            (Value::Array(elements), op) => {
                let at: usize = last.parse().unwrap();
                match op {
                    "add" => elements.insert(at, new.unwrap()),
                    "remove" => _ = elements.remove(at),
                    _ => elements[at] = new.unwrap(),
                }
            }
            (other, op) => panic!("{op} in {other}"),
        }
    }
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (0..4_i32).prop_map(Value::from),
        Just(json!(1.5)),
        prop::sample::select(&["", "a", "b", "a/b", "~1", "é\n\"\\"][..]).prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            members(inner).prop_map(Value::Object),
        ]
    })
}

fn members(inner: impl Strategy<Value = Value>) -> impl Strategy<Value = Map<String, Value>> {
    let keys = &[
        "id",
        "tags",
        "actions",
        "uuid",
        "entries",
        "field",
        "value",
        "threat",
        "tactic",
        "a/b",
        "~",
        "",
        "ecs",
        "exceptions_list",
        "list_id",
        "required_fields",
        "name",
        "version",
        "comments",
        "comment",
        "revision",
    ][..];
    let key = prop::sample::select(keys).prop_map(String::from);
    prop::collection::vec((key, inner), 0..8).prop_map(|members| members.into_iter().collect())
}

fn record(id: &'static str) -> impl Strategy<Value = String> {
    members(value()).prop_map(move |mut members| {
        // A list's id in a rule would make a list of it.
        members.retain(|key, _| !matches!(&**key, "entries" | "list_id") || id == "item_id");
        members.insert(id.into(), id.into());
        Value::Object(members).to_string()
    })
}

fn two_versions() -> impl Strategy<Value = (String, String)> {
    prop_oneof![
        (record("rule_id"), record("rule_id")),
        (record("item_id"), record("item_id")),
    ]
}

/// The same JSON with keys turned round and blanks around them.
fn respelt(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let members: Vec<String> = members
                .iter()
                .rev()
                .map(|(key, value)| format!(" {} :{}", Value::from(key.as_str()), respelt(value)))
                .collect();
            format!("{{{}\t}}", members.join(","))
        }
        Value::Array(elements) => {
            let elements: Vec<String> = elements.iter().map(respelt).collect();
            format!("[ {} ]", elements.join(" ,"))
        }
        Value::String(text) => {
            let escaped = text.chars().map(|c| format!("\\u{:04x}", u32::from(c)));
            format!("\"{}\"", escaped.collect::<String>())
        }
        Value::Number(number) if number.is_i64() => format!("{number}.0e0"),
        other => other.to_string(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn the_patch_makes_the_new_record_of_the_old((old, new) in two_versions()) {
        for fields in [Fields::Owned, Fields::All] {
            let lens = lens(fields);
            let [one, two] = [&old, &new].map(|text| Record::parse(text, 0).unwrap());
            let changes = changes(&lens, &one, &two);
            prop_assert_eq!(changes.is_empty(), lens.fingerprint(&one) == lens.fingerprint(&two));
            let mut patched: Value = serde_json::from_str(&old).unwrap();
            apply(&mut patched, &patch(&changes));
            let patched = patched.to_string();
            let patched = Record::parse(&patched, 0).unwrap();
            prop_assert_eq!(lens.fingerprint(&patched), lens.fingerprint(&two), "{} {}", old, new);
        }
    }

    #[test]
    fn spelling_is_no_change(text in record("item_id")) {
        let other = respelt(&serde_json::from_str(&text).unwrap());
        prop_assert_eq!(told(&text, &other), Vec::<String>::new(), "{}", other);
    }

    #[test]
    fn what_was_added_is_removed_the_other_way_round((old, new) in two_versions()) {
        let count = |changes: &[Change<'_>], is: fn(&Edit<'_>) -> bool| changes.iter().filter(|change| is(&change.edit)).count();
        let top = |changes: Vec<Change<'_>>| -> Vec<(bool, bool, String)> {
            let mut top: Vec<_> = changes.iter().filter(|change| change.path.len() == 1).map(|change| {
                let (add, remove) = (matches!(change.edit, Edit::Add(_)), matches!(change.edit, Edit::Remove(_)));
                (add, remove, format!("{:?}", change.path))
            }).collect();
            top.sort();
            top
        };
        let lens = lens(Fields::Owned);
        let [one, two] = [&old, &new].map(|text| Record::parse(text, 0).unwrap());
        let (there, back) = (changes(&lens, &one, &two), changes(&lens, &two, &one));
        prop_assert_eq!(
            count(&there, |edit| matches!(edit, Edit::MoveHere(_))),
            count(&there, |edit| matches!(edit, Edit::MoveAway(_)))
        );
        let mut turned: Vec<_> = top(back).into_iter().map(|(add, remove, path)| (remove, add, path)).collect();
        turned.sort();
        prop_assert_eq!(top(there), turned);
    }
}
