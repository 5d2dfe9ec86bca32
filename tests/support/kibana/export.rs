//! What does an export hold? Rules, their lists and items, their connectors, and the details line (import-export.md §1.3, §4).

use std::collections::{BTreeSet, HashSet};

use serde_json::{Value, json};

use super::actions;
use super::connectors;
use super::filter::Filter;
use super::http::{Answer, Asked, siem};
use super::table::{Object, Row};
use super::world::{World, is_system};

/// A rule export holds so many at most (`maxRuleImportExportSize`).
pub(super) const MOST: usize = 10_000;

/// `POST /api/detection_engine/rules/_export`.
pub(super) fn rules(world: &World, asked: &Asked) -> Result<Answer, Answer> {
    let space = &*asked.head.space;
    let table = &world.space(space).rules;
    let body = asked.json()?;
    let named = body["objects"].as_array();
    if table.len() > MOST || named.is_some_and(|it| it.len() > MOST) {
        return Err(siem(400, &format!("Can't export more than {MOST} rules")));
    }
    let (mut found, mut missing) = (Vec::new(), Vec::new());
    match named {
        None => found.extend(table.rows().filter(|row| is_exportable(world, row))),
        Some(objects) => {
            for rule_id in objects.iter().filter_map(|it| it["rule_id"].as_str()) {
                match table.first(rule_id).filter(|row| is_exportable(world, row)) {
                    Some(row) => found.push(row),
                    None => missing.push(json!({"rule_id": rule_id})),
                }
            }
        }
    }
    let name = asked
        .head
        .param("file_name")
        .unwrap_or("export.ndjson")
        .to_owned();
    let excludes = asked.head.is_set("exclude_export_details");
    bundle(world, space, &found, &missing, excludes).map(|body| Answer::file(body, &name))
}

/// Prebuilt rules are left out where they cannot be imported.
pub(super) fn is_exportable(world: &World, row: &Row) -> bool {
    world.version.imports_prebuilt() || row.body.get("immutable") != Some(&json!(true))
}

/// The lines of an export of these rules.
pub(super) fn bundle(
    world: &World,
    space: &str,
    rules: &[&Row],
    missing: &[Value],
    rules_alone: bool,
) -> Result<Vec<u8>, Answer> {
    let mut lines = Lines::default();
    for rule in rules {
        lines.add(&rule.body);
    }
    if rules_alone {
        return Ok(lines.0);
    }
    let (lists, items) = exceptions(world, space, rules, &mut lines);
    let ids: BTreeSet<&str> = rules
        .iter()
        .flat_map(|rule| actions::of(&rule.body))
        .filter_map(|action| action["id"].as_str())
        .filter(|id| !is_system(id) && !world.preconfigured.contains_key(*id))
        .collect();
    for id in &ids {
        let Some(connector) = world.space(space).connectors.get(*id) else {
            return Err(siem(500, "Error fetching objects to export"));
        };
        lines.value(&connectors::line(world.version, id, connector));
    }
    let mut details = json!({
        "exported_count": rules.len() + lists + items + ids.len(),
        "exported_rules_count": rules.len(), "missing_rules": missing, "missing_rules_count": missing.len(),
        "exported_exception_list_count": lists, "exported_exception_list_item_count": items,
        "missing_exception_list_item_count": 0, "missing_exception_list_items": [],
        "missing_exception_lists": [], "missing_exception_lists_count": 0,
    });
    if world.version.takes_connectors() {
        details["exported_action_connector_count"] = json!(ids.len());
        for (key, none) in [
            ("missing_action_connection_count", json!(0)),
            ("missing_action_connections", json!([])),
            ("excluded_action_connection_count", json!(0)),
            ("excluded_action_connections", json!([])),
        ] {
            details[key] = none;
        }
    }
    lines.value(&details);
    Ok(lines.0)
}

/// Adds the lists that rules refer to, each with its items; how many of both.
fn exceptions(world: &World, space: &str, rules: &[&Row], lines: &mut Lines) -> (usize, usize) {
    let (mut seen, mut lists, mut items) = (HashSet::new(), 0, 0);
    let references = rules
        .iter()
        .filter_map(|rule| rule.body.get("exceptions_list")?.as_array())
        .flatten();
    for reference in references {
        let namespace = super::watch::namespace(reference.get("namespace_type"));
        let list_id = reference["list_id"].as_str().unwrap_or_default();
        let home = world.shelf(space, namespace);
        // A list that is not there is left out without a word, and this one always.
        let Some(list) = home
            .lists
            .first(list_id)
            .filter(|_| list_id != "endpoint_list")
        else {
            continue;
        };
        if seen.insert(list.text("id")) {
            lists += 1;
            lines.add(&list.body);
            items += lines.items(home.items.of_group(list_id));
        }
    }
    (lists, items)
}

/// `POST /api/exception_lists/_export`.
pub(super) fn list(world: &World, asked: &Asked) -> Result<Answer, Answer> {
    let head = &asked.head;
    for key in ["id", "list_id", "namespace_type"] {
        if head.param(key).is_none() {
            let message = format!(
                "[request query]: {key}: Invalid input: expected string, received undefined"
            );
            return Err(super::http::platform(400, &message));
        }
    }
    let param = |key| head.param(key).unwrap_or_default();
    let (id, list_id) = (param("id"), param("list_id"));
    let home = world.shelf(&head.space, param("namespace_type"));
    let Some(list) = home.lists.row(id).or_else(|| home.lists.first(list_id)) else {
        let message = format!("exception list with list_id: {list_id} or id: {id} does not exist");
        return Err(siem(400, &message));
    };
    let mut lines = Lines::default();
    lines.add(&list.body);
    let now = super::world::now();
    let includes_expired = head.param("include_expired_exceptions") != Some("false");
    let is_current = |row: &&Row| {
        includes_expired
            || row
                .body
                .get("expire_time")
                .is_none_or(|it| it.as_str() > now.as_str())
    };
    let items = lines.items(home.items.of_group(&list.key).filter(is_current));
    lines.value(&json!({
        "exported_exception_list_count": 1, "exported_exception_list_item_count": items,
        "missing_exception_list_item_count": 0, "missing_exception_list_items": [],
        "missing_exception_lists": [], "missing_exception_lists_count": 0,
    }));
    Ok(Answer::file(lines.0, &list.key))
}

/// `POST /api/saved_objects/_export`, of connectors.
pub(super) fn saved_objects(world: &World, asked: &Asked) -> Result<Answer, Answer> {
    let body = asked.json()?;
    let wanted = body["objects"].as_array();
    let mut lines = Lines::default();
    let mut count = 0;
    for (id, connector) in &world.space(&asked.head.space).connectors {
        if wanted.is_none_or(|it| it.iter().any(|object| object["id"] == **id)) {
            lines.value(&connectors::line(world.version, id, connector));
            count += 1;
        }
    }
    if body["excludeExportDetails"] != true {
        lines.value(&json!({"excludedObjects": [], "excludedObjectsCount": 0, "exportedCount": count, "missingRefCount": 0, "missingReferences": []}));
    }
    Ok(Answer::file(lines.0, "export.ndjson"))
}

/// The rules that a filter lets through.
pub(super) fn chosen<'w>(world: &'w World, space: &str, filter: &Filter) -> Vec<&'w Row> {
    world
        .space(space)
        .rules
        .rows()
        .filter(|row| filter.lets(&row.body))
        .collect()
}

/// Lines as they are written.
#[derive(Debug, Default)]
struct Lines(Vec<u8>);

impl Lines {
    fn add(&mut self, object: &Object) {
        serde_json::to_writer(&mut self.0, object).unwrap();
        self.0.push(b'\n');
    }

    fn value(&mut self, value: &Value) {
        serde_json::to_writer(&mut self.0, value).unwrap();
        self.0.push(b'\n');
    }

    /// Items, the newest first; how many.
    fn items<'r>(&mut self, items: impl Iterator<Item = &'r Row>) -> usize {
        let items: Vec<&Row> = items.collect();
        for item in items.iter().rev() {
            self.add(&item.body);
        }
        items.len()
    }
}
