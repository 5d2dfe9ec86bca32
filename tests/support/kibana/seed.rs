//! Records that are there from the start.

use serde_json::{Value, json};

use super::rule;
use super::stored::{new_item, new_list};
use super::table::{Made, Object, text};
use super::world::{Connector, World, now};

/// Puts the records of a bundle into a space; ids that they have stay theirs.
pub(super) fn put(world: &mut World, space: &str, bundle: &[u8]) {
    for line in bundle
        .split(|&b| b == b'\n')
        .filter(|line| !line.is_empty())
    {
        let record: Object = serde_json::from_slice(line).unwrap();
        let has = |key: &str| record.contains_key(key);
        let mut made = if has("exported_count") || has("exported_exception_list_count") {
            continue;
        } else if has("attributes") {
            connector(world, space, &record);
            continue;
        } else if has("item_id") {
            new_item(world, &usual(&record))
        } else if has("list_id") {
            new_list(world, &usual(&record))
        } else {
            new_rule(world, space, &record)
        };
        for key in [
            "id",
            "created_at",
            "created_by",
            "updated_at",
            "updated_by",
            "_version",
            "tie_breaker_id",
            "revision",
        ] {
            if let Some(value) = record.get(key) {
                made.insert(key.into(), value.clone());
            }
        }
        if has("item_id") {
            world.add_item(space, made, Made::default());
        } else if has("list_id") {
            world.add_list(space, made, Made::default());
        } else {
            world.add_rule(space, made, Made::default(), false);
        }
    }
}

fn usual(record: &Object) -> Object {
    let mut record = record.clone();
    for (key, value) in [
        ("name", json!("-")),
        ("description", json!("-")),
        ("namespace_type", json!("single")),
        ("os_types", json!([])),
        ("tags", json!([])),
        ("type", json!("detection")),
        ("version", json!(1)),
        (
            "entries",
            json!([{"field": "host.name", "operator": "included", "type": "exists"}]),
        ),
    ] {
        record.entry(key).or_insert(value);
    }
    record
}

fn new_rule(world: &mut World, space: &str, record: &Object) -> Object {
    let mut record = record.clone();
    for (key, value) in [
        ("name", json!("-")),
        ("description", json!("-")),
        ("type", json!("query")),
        ("risk_score", json!(21)),
        ("severity", json!("low")),
    ] {
        record.entry(key).or_insert(value);
    }
    let mut rule = rule::stored(world, space, &record);
    let id = world.new_id();
    for (key, value) in [
        ("id", json!(id)),
        ("created_at", now()),
        ("created_by", json!("elastic")),
        ("updated_at", now()),
        ("updated_by", json!("elastic")),
        ("revision", json!(0)),
    ] {
        rule.insert(key.into(), value);
    }
    rule::source(
        world,
        &mut rule,
        record.get("immutable") == Some(&json!(true)),
    );
    rule
}

/// A connector that works, unless its line says that it lacks secrets.
fn connector(world: &mut World, space: &str, record: &Object) {
    let attributes = &record["attributes"];
    let is_missing_secrets = attributes["isMissingSecrets"] == json!(true);
    let name = |key: &str| attributes[key].as_str().unwrap_or_default().to_owned();
    let connector = Connector {
        name: name("name"),
        ty: name("actionTypeId"),
        config: attributes["config"].clone(),
        is_missing_secrets,
        origin: record
            .get("originId")
            .and_then(Value::as_str)
            .map(str::to_owned),
        has_secrets: !is_missing_secrets,
        secrets: None,
    };
    let id = text(record, "id").to_owned();
    world.space_mut(space).connectors.insert(id, connector);
}
