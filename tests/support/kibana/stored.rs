//! In which form are lists and items stored? (import-export.md §1.5, §5.2)

use serde_json::{Value, json};

use super::table::Object;
use super::world::{World, now};

/// A list as it is stored, from what a client sends.
pub(super) fn new_list(world: &mut World, list: &Object) -> Object {
    let mut body = Object::new();
    for key in [
        "description",
        "list_id",
        "meta",
        "name",
        "namespace_type",
        "tags",
        "type",
        "version",
    ] {
        if let Some(value) = list.get(key) {
            body.insert(key.into(), value.clone());
        }
    }
    body.insert("immutable".into(), json!(false));
    body.insert("os_types".into(), json!([]));
    stamp(world, &mut body);
    body
}

/// An item as it is stored, from what a client sends.
pub(super) fn new_item(world: &mut World, item: &Object) -> Object {
    let mut body = Object::new();
    for key in [
        "description",
        "entries",
        "expire_time",
        "item_id",
        "list_id",
        "meta",
        "name",
        "namespace_type",
        "os_types",
        "tags",
    ] {
        if let Some(value) = item.get(key) {
            body.insert(key.into(), value.clone());
        }
    }
    let comments = new_comments(world, item);
    body.insert("comments".into(), comments.into());
    body.insert("type".into(), json!("simple"));
    stamp(world, &mut body);
    body
}

fn stamp(world: &mut World, body: &mut Object) {
    let made = [
        ("id", json!(world.new_id())),
        ("tie_breaker_id", json!(world.new_id())),
        ("_version", json!(world.new_version())),
        ("created_at", now()),
        ("created_by", json!("elastic")),
        ("updated_at", now()),
        ("updated_by", json!("elastic")),
    ];
    body.extend(made.map(|(key, value)| (key.to_owned(), value)));
}

/// The comments that a client sends, with author and time; those with an id are there already.
pub(super) fn new_comments(world: &mut World, item: &Object) -> Vec<Value> {
    let comments = item.get("comments").and_then(Value::as_array);
    let new = comments
        .into_iter()
        .flatten()
        .filter(|it| it.get("id").is_none());
    new.map(|it| json!({"comment": it["comment"], "created_at": now(), "created_by": "elastic", "id": world.new_id()}))
        .collect()
}

/// Puts an item of an import in the place of the one of this id; false where it is gone.
pub(super) fn overwrite_item(
    world: &mut World,
    space: &str,
    namespace: &str,
    id: &str,
    item: &Object,
) -> bool {
    let comments = new_comments(world, item);
    let version = world.new_version();
    let Some(row) = world.shelf_mut(space, namespace).items.row_mut(id) else {
        return false;
    };
    // `expire_time` is not among them.
    for key in [
        "description",
        "entries",
        "meta",
        "name",
        "os_types",
        "tags",
        "type",
    ] {
        if let Some(value) = item.get(key) {
            row.body.insert(key.into(), value.clone());
        }
    }
    if let Some(Value::Array(all)) = row.body.get_mut("comments") {
        all.extend(comments);
    }
    row.body.insert("updated_at".into(), now());
    row.body.insert("_version".into(), json!(version));
    true
}
