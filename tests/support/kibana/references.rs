//! Which lists do rules refer to, and are they there? (import-export.md §2.3, §3.6)

use std::collections::HashMap;

use serde_json::{Value, json};

use super::lines::Line;
use super::table::Object;
use super::world::World;

/// Lists by `list_id`: namespace, type and object id.
pub(super) type Lists = HashMap<String, (String, String, String)>;

fn references(rule: &Object) -> impl Iterator<Item = &Value> {
    rule.get("exceptions_list")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}

/// The lists that rules refer to, by `list_id` alone: of two the one of all spaces hides the other (§3.6).
pub(super) fn referenced(world: &World, space: &str, rules: &[Line]) -> Lists {
    let mut lists = Lists::new();
    for namespace in ["single", "agnostic"] {
        let all = rules.iter().flatten().flat_map(references);
        for list_id in all
            .filter(|it| it["namespace_type"] == namespace)
            .filter_map(|it| it["list_id"].as_str())
        {
            if let Some(list) = world.shelf(space, namespace).lists.first(list_id) {
                let found = (
                    namespace.to_owned(),
                    list.text("type").to_owned(),
                    list.text("id").to_owned(),
                );
                lists.insert(list_id.to_owned(), found);
            }
        }
    }
    lists
}

/// Gives references the ids of their lists, and takes away those without; their `list_id`s.
pub(super) fn resolve(rule: &mut Object, lists: &Lists) -> Vec<String> {
    let mut lost = Vec::new();
    if let Some(Value::Array(references)) = rule.get_mut("exceptions_list") {
        references.retain_mut(|reference| {
            let list_id = reference["list_id"].as_str().unwrap_or_default().to_owned();
            match lists.get(&list_id) {
                Some((namespace, ty, id))
                    if reference["namespace_type"] == **namespace && reference["type"] == **ty =>
                {
                    reference["id"] = json!(id);
                    true
                }
                _ => {
                    lost.push(list_id);
                    false
                }
            }
        });
    }
    lost
}
