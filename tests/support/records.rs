//! Small records that an import takes.

#![allow(dead_code, reason = "each test file uses what it needs")]

use serde_json::{Value, json};

/// The record with these members.
pub(crate) fn with(mut record: Value, more: &Value) -> Value {
    let members = more.as_object().unwrap().clone();
    record.as_object_mut().unwrap().extend(members);
    record
}

pub(crate) fn rule(id: &str) -> Value {
    json!({"rule_id": id, "name": "n", "description": "d", "risk_score": 1, "severity": "low", "type": "query"})
}

/// A rule with an action through each connector.
pub(crate) fn acting(id: &str, connectors: &[&str]) -> Value {
    let action =
        |id: &&str| json!({"id": id, "action_type_id": ".slack", "group": "default", "params": {}});
    let actions: Vec<Value> = connectors.iter().map(action).collect();
    with(rule(id), &json!({"actions": actions}))
}

/// A rule that refers to a list, which it says is of this type.
pub(crate) fn referring(id: &str, list: &str, ty: &str) -> Value {
    let reference = json!({"id": "x", "list_id": list, "type": ty, "namespace_type": "single"});
    with(rule(id), &json!({"exceptions_list": [reference]}))
}

pub(crate) fn list(id: &str) -> Value {
    json!({"list_id": id, "name": "n", "description": "d", "type": "detection"})
}

pub(crate) fn item(id: &str, list: &str) -> Value {
    json!({"item_id": id, "list_id": list, "name": "n", "description": "d", "type": "simple",
        "entries": [{"field": "f", "operator": "included", "type": "exists"}]})
}

pub(crate) fn connector(id: &str, name: &str) -> Value {
    json!({"id": id, "type": "action", "attributes": {"name": name, "actionTypeId": ".slack", "isMissingSecrets": false}})
}

/// A connector as an export has it, whose secrets are to be given anew.
pub(crate) fn secretless(id: &str, name: &str) -> Value {
    json!({"id": id, "type": "action", "attributes": {"name": name, "actionTypeId": ".slack", "isMissingSecrets": true}})
}

/// The records as lines of a bundle.
pub(crate) fn lines(records: &[Value]) -> Vec<String> {
    records.iter().map(Value::to_string).collect()
}

/// The records as a bundle.
pub(crate) fn bundle(records: &[Value]) -> Vec<u8> {
    (lines(records).join("\n") + "\n").into()
}
