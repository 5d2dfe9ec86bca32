//! Small bundles in which much is shared, missing or there twice; and what their lines are, told a second way by `serde_json`.

use serde_json::{Map, Value, json};

use super::hostile::Choices;

/// Whether records of one id may differ.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Agreement {
    Always,
    Mostly,
}

/// The lines of a bundle, without line ends. There are few ids, so that references meet and miss, and ids come again.
pub(crate) fn lines(choices: &mut Choices, agreement: Agreement) -> Vec<String> {
    let many = choices.below(16);
    let lines = (0..many).map(|_| line(choices, agreement));
    lines.collect()
}

/// One bundle as a file, with line ends of both sorts and perhaps without the last.
pub(crate) fn file(choices: &mut Choices, lines: &[String]) -> Vec<u8> {
    let mut text = String::new();
    for line in lines {
        text += line;
        text += choices.one(&["\n", "\n", "\r\n"]);
        text += choices.one(&["", "", "", "", "\n"]);
    }
    if choices.below(4) == 0 && text.ends_with("}\n") {
        text.pop();
    }
    text.into()
}

fn line(choices: &mut Choices, agreement: Agreement) -> String {
    let mut record = match choices.below(24) {
        0..8 => rule(choices),
        8..12 => exceptions(choices, false),
        12..17 => exceptions(choices, true),
        17..20 => {
            json!({"type": "action", "id": choices.one(&CONNECTORS), "attributes": {"actionTypeId": ".slack"}})
        }
        20 => json!({"type": "dashboard", "id": choices.one(&CONNECTORS), "attributes": {}}),
        21 => json!({"neither": choices.below(2)}),
        _ => details(choices),
    };
    let object = record.as_object_mut().unwrap();
    if kind(object) != Sort::Details {
        if agreement == Agreement::Mostly && choices.below(3) == 0 {
            let name = choices.one(&["one", "two"]);
            object.insert("description".into(), name.into());
        }
        if choices.below(2) == 0 {
            let day = choices.below(3) + 1;
            object.insert(
                "updated_at".into(),
                format!("2026-01-0{day}T00:00:00.000Z").into(),
            );
        }
    }
    let mut members: Vec<String> = object
        .iter()
        .map(|(key, value)| format!("{}:{value}", Value::from(key.as_str())))
        .collect();
    if choices.below(3) == 0 {
        members.reverse();
    }
    choices.respell(&format!("{{{}}}", members.join(",")))
}

const CONNECTORS: [&str; 4] = ["c0", "c1", "c2", "l0"];
const LISTS: [&str; 3] = ["l0", "l1", "l2"];

fn rule(choices: &mut Choices) -> Value {
    // What a rule says follows from its id, so that rules of one id agree.
    let id = choices.below(6);
    let mut own = Choices::of(id as u64);
    let lists: Vec<Value> = (0..own.below(3)).map(|_| reference(&mut own)).collect();
    let actions: Vec<Value> = (0..own.below(3))
        .map(|_| json!({"id": own.one(&["c0", "c1", "c2", "gone", "system-connector-.cases"])}))
        .collect();
    let severity = own.one(&["low", "high"]);
    let mut rule = json!({"rule_id": format!("r{id}"), "type": "query", "severity": severity, "actions": actions, "exceptions_list": lists});
    if choices.below(2) == 0 {
        rule["id"] = format!("object {}", choices.below(9)).into();
        rule["revision"] = choices.below(3).into();
    }
    rule
}

fn reference(own: &mut Choices) -> Value {
    let mut reference = json!({"list_id": own.one(&["l0", "l1", "l2", "gone", "endpoint_list"]), "type": "detection"});
    name_space(own, &mut reference);
    reference
}

fn exceptions(choices: &mut Choices, is_item: bool) -> Value {
    let mut record = json!({"list_id": choices.one(&LISTS), "type": "detection"});
    if is_item {
        record["item_id"] = choices.one(&["i0", "i1", "i2"]).into();
        record["entries"] = json!([{"field": "f"}]);
        if choices.below(12) == 0 {
            record.as_object_mut().unwrap().remove("list_id");
        }
    } else if choices.below(12) == 0 {
        record["list_id"] = Value::Null;
    }
    if choices.below(2) == 0 {
        record["_version"] = format!("W{}", choices.below(9)).into();
    }
    name_space(choices, &mut record);
    record
}

/// Gives the namespace that is usual by name or not at all, since both are one; but always as the content of an id says it.
fn name_space(choices: &mut Choices, record: &mut Value) {
    if choices.below(3) == 0 {
        record["namespace_type"] = "agnostic".into();
    } else {
        record["namespace_type"] = "single".into();
    }
}

fn details(choices: &mut Choices) -> Value {
    match choices.below(4) {
        0 => json!({"exported_exception_list_count": 7, "exported_exception_list_item_count": 7}),
        1 => {
            json!({"exported_count": 7, "missing_rules": [{"rule_id": "x"}], "missing_rules_count": 1})
        }
        _ => {
            json!({"exported_count": 7, "exported_rules_count": 7, "exported_exception_list_count": 7,
            "exported_exception_list_item_count": 7, "exported_action_connector_count": 7})
        }
    }
}

/// What a line is to Kibana's importer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Sort {
    Rule,
    List,
    Item,
    SavedObject,
    Other,
    Details,
}

pub(crate) fn kind(record: &Map<String, Value>) -> Sort {
    let has = |key: &str| record.contains_key(key);
    if has("exported_count") {
        Sort::Details
    } else if has("item_id") || has("entries") {
        Sort::Item
    } else if has("list_id") {
        Sort::List
    } else if has("attributes") {
        Sort::SavedObject
    } else if has("rule_id") || has("type") {
        Sort::Rule
    } else if has("exported_exception_list_count") {
        Sort::Details
    } else {
        Sort::Other
    }
}

pub(crate) fn parsed(line: &str) -> Map<String, Value> {
    serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))
}

/// The list that a record is or is in, or that a reference leads to.
pub(crate) fn list(record: &Map<String, Value>) -> Option<String> {
    let namespace = record.get("namespace_type").and_then(Value::as_str);
    let namespace = namespace.unwrap_or("single");
    Some(format!("{}/{namespace}", record.get("list_id")?.as_str()?))
}

/// What a rule refers to: lists, and connectors.
pub(crate) fn references(rule: &Map<String, Value>) -> Vec<String> {
    let array = |key: &str| {
        rule.get(key)
            .and_then(Value::as_array)
            .cloned()
            .unwrap_or_default()
    };
    let lists = array("exceptions_list");
    let lists = lists
        .iter()
        .filter_map(|one| Some(format!("list {}", list(one.as_object()?)?)));
    let actions = array("actions");
    let connectors = actions
        .iter()
        .filter_map(|one| Some(format!("connector {}", one["id"].as_str()?)));
    lists.chain(connectors).collect()
}

/// What a rule would refer to this by.
pub(crate) fn referable(record: &Map<String, Value>) -> Option<String> {
    match kind(record) {
        Sort::List | Sort::Item => Some(format!("list {}", list(record)?)),
        Sort::SavedObject if record["type"] == "action" => {
            Some(format!("connector {}", record["id"].as_str()?))
        }
        _ => None,
    }
}

/// The id by which a record is told from others.
pub(crate) fn key(record: &Map<String, Value>) -> Option<String> {
    let text = |key: &str| record.get(key).and_then(Value::as_str);
    Some(match kind(record) {
        Sort::Rule => format!("rule {}", text("rule_id")?),
        Sort::List => format!("list {}", list(record)?),
        Sort::Item => format!(
            "item {} of {} {}",
            text("item_id")?,
            text("list_id").map_or("none".to_owned(), |id| format!("list {id}")),
            text("namespace_type").unwrap_or("single")
        ),
        Sort::SavedObject => format!("object {} {}", text("type")?, text("id")?),
        Sort::Details | Sort::Other => return None,
    })
}

/// What users own of a record, in one spelling.
pub(crate) fn content(record: &Map<String, Value>) -> String {
    let mut record = record.clone();
    for key in ["updated_at", "revision", "_version"] {
        record.remove(key);
    }
    if kind(&record) == Sort::Rule {
        record.remove("id");
    }
    let sorted: std::collections::BTreeMap<_, _> = record.into_iter().collect();
    serde_json::to_string(&sorted).unwrap()
}

/// The lines of an output, without line ends.
pub(crate) fn split(bytes: &[u8]) -> Vec<String> {
    let text = std::str::from_utf8(bytes).unwrap();
    let lines = text
        .split('\n')
        .map(|line| line.trim_end_matches('\r').to_owned());
    lines.filter(|line| !line.is_empty()).collect()
}

/// The counts of rules, lists, items and saved objects among these lines.
pub(crate) fn counts(lines: &[String]) -> [u64; 4] {
    let sorts = [Sort::Rule, Sort::List, Sort::Item, Sort::SavedObject];
    sorts.map(|sort| {
        lines
            .iter()
            .filter(|line| kind(&parsed(line)) == sort)
            .count() as u64
    })
}
