//! `POST /api/detection_engine/rules/_bulk_action`: enable, disable, delete, export (bulk-actions.md §1 to §4).

use serde_json::{Value, json};

use super::Inner;
use super::export;
use super::filter::Filter;
use super::http::{Answer, Asked, siem};
use super::rule;
use super::table::{Made, Object};
use super::world::World;

/// Does it.
pub(super) fn action(inner: &Inner, asked: &Asked, made: Made) -> Result<Answer, Answer> {
    let body = asked.json()?;
    let space = &*asked.head.space;
    let is_dry = asked.head.is_set("dry_run");
    let ids: Option<Vec<&str>> = body["ids"]
        .as_array()
        .map(|ids| ids.iter().filter_map(Value::as_str).collect());
    let query = body["query"].as_str();
    if ids.as_ref().is_some_and(|ids| ids.len() > 100) {
        return Err(siem(400, "More than 100 ids sent for bulk edit action."));
    }
    if ids.is_some() && body.get("query").is_some() {
        return Err(siem(
            400,
            "Both query and ids are sent. Define either ids or query in request payload.",
        ));
    }
    let action = body["action"].as_str().unwrap_or_default();
    if is_dry && action == "export" {
        return Err(siem(400, "Export action doesn't support dry_run mode"));
    }
    let mut world = inner.world();
    let (mut chosen, mut unknown) = (Vec::new(), Vec::new());
    match ids {
        Some(ids) => {
            for id in ids {
                let found = world.space(space).rules.row(id);
                match found {
                    Some(row) => chosen.push(row.text("id").to_owned()),
                    None => unknown.push(id.to_owned()),
                }
            }
        }
        None => {
            let filter = Filter::of_rules(query.filter(|it| !it.is_empty()))?;
            let found = export::chosen(&world, space, &filter);
            chosen.extend(found.iter().map(|row| row.text("id").to_owned()));
        }
    }
    if chosen.len() > export::MOST {
        return Err(siem(
            400,
            "More than 10000 rules matched the filter query. Try to narrow it down.",
        ));
    }
    if action == "export" {
        let rules = &world.space(space).rules;
        let rows: Vec<_> = chosen
            .iter()
            .filter_map(|id| rules.row(id))
            .filter(|row| export::is_exportable(&world, row))
            .collect();
        return export::bundle(&world, space, &rows, &[], false)
            .map(|body| Answer::file(body, "rules_export.ndjson"));
    }
    let (mut updated, mut deleted) = (Vec::new(), Vec::new());
    for id in &chosen {
        match action {
            "delete" => deleted.extend(delete(&mut world, space, id, is_dry)),
            "enable" | "disable" => updated.extend(enable(
                &mut world,
                space,
                id,
                action == "enable" && !is_dry,
                is_dry,
                made,
            )),
            other => {
                return Err(super::http::platform(
                    400,
                    &format!("[request body]: action: `{other}` is not played here"),
                ));
            }
        }
    }
    Ok(answer(updated, deleted, &unknown, is_dry))
}

fn delete(world: &mut World, space: &str, id: &str, is_dry: bool) -> Option<Value> {
    let rules = &mut world.space_mut(space).rules;
    let row = if is_dry {
        rules.row(id).cloned()
    } else {
        rules.remove(id)
    };
    row.map(|row| Value::Object(row.body))
}

fn enable(
    world: &mut World,
    space: &str,
    id: &str,
    enabled: bool,
    is_dry: bool,
    made: Made,
) -> Option<Value> {
    let before: Object = world.space(space).rules.row(id)?.body.clone();
    let mut rule = before.clone();
    if !is_dry && rule["enabled"] != enabled {
        rule.insert("enabled".into(), json!(enabled));
        rule::revise(&before, &mut rule);
        world.set_rule(space, rule.clone(), made.request, false);
    }
    Some(Value::Object(rule))
}

fn answer(updated: Vec<Value>, deleted: Vec<Value>, unknown: &[String], is_dry: bool) -> Answer {
    let succeeded = updated.len() + deleted.len();
    let summary = json!({"failed": unknown.len(), "succeeded": succeeded, "skipped": 0, "total": succeeded + unknown.len()});
    let told = |rules: Vec<Value>| if is_dry { Vec::new() } else { rules };
    let results =
        json!({"updated": told(updated), "created": [], "deleted": told(deleted), "skipped": []});
    if unknown.is_empty() {
        return Answer::json(
            200,
            &json!({"success": true, "rules_count": succeeded,
            "attributes": {"results": results, "summary": summary}}),
        );
    }
    let rules: Vec<Value> = unknown.iter().map(|id| json!({"id": id})).collect();
    let message = if succeeded > 0 {
        "Bulk edit partially failed"
    } else {
        "Bulk edit failed"
    };
    Answer::json(
        500,
        &json!({"message": message, "status_code": 500, "attributes": {
        "errors": [{"message": "Rule not found", "status_code": 500, "rules": rules}],
        "results": results, "summary": summary}}),
    )
}
