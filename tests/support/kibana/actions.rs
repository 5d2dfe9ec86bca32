//! Which connector does an action of an imported rule go through? (import-export.md §6.4, §3.6)

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::connectors::{self, Told};
use super::http::Answer;
use super::lines::Line;
use super::table::{Object, text};
use super::world::{Connector, World, is_system};

/// The actions of a rule's line.
pub(super) fn of(rule: &Object) -> &[Value] {
    let actions = rule.get("actions").and_then(Value::as_array);
    actions.map_or(&[][..], Vec::as_slice)
}

fn connector_id(action: &Value) -> &str {
    action["id"].as_str().unwrap_or_default()
}

/// Points actions at the connectors that are there by id or origin. An action that two answer to goes, and an error follows its rule.
pub(super) fn repointed(world: &World, space: &str, rules: Vec<Line>) -> Vec<Line> {
    let own = &world.space(space).connectors;
    let mut out = Vec::with_capacity(rules.len());
    for line in rules {
        let mut rule = match line {
            Ok(rule) if !of(&rule).is_empty() => rule,
            other => {
                out.push(other);
                continue;
            }
        };
        let (mut plain, mut system, mut told) = (Vec::new(), Vec::new(), Vec::new());
        for action in of(&rule) {
            let id = connector_id(action);
            if is_system(id) {
                system.push(action.clone());
                continue;
            }
            let is_named =
                |(key, it): &(&String, &Connector)| **key == id || it.origin.as_deref() == Some(id);
            let named: Vec<&String> = own.iter().filter(is_named).map(|(key, _)| key).collect();
            match named.as_slice() {
                [] => plain.push(action.clone()),
                [one] => {
                    let mut action = action.clone();
                    action["id"] = json!(one);
                    plain.push(action);
                }
                _ => told.push(format!("Found two action connectors with originId or _id: {id} The upload cannot be completed unless the _id or the originId of the action connector is changed. See https://www.elastic.co/docs/extend/kibana/saved-objects/share for more details")),
            }
        }
        rule.insert("actions".into(), [plain, system].concat().into());
        let rule_id = text(&rule, "rule_id").to_owned();
        out.push(Ok(rule));
        if !told.is_empty() {
            // The order of members is part of the words.
            let message = json!(told.join(","));
            out.push(Err(format!(
                "{{\"rule_id\":{},\"error\":{{\"status_code\":409,\"message\":{message}}}}}",
                json!(rule_id)
            )));
        }
    }
    out
}

/// The rules whose connectors are all there, those without actions first, and what is said of the others.
pub(super) fn checked(
    world: &World,
    space: &str,
    rules: Vec<Object>,
    may_use: bool,
) -> (Vec<Object>, Vec<Value>) {
    let (with, mut kept): (Vec<Object>, Vec<Object>) =
        rules.into_iter().partition(|rule| !of(rule).is_empty());
    let mut errors = Vec::new();
    for rule in with {
        let ids = of(&rule).iter().map(connector_id);
        let absent: Vec<&str> = ids.filter(|id| !world.has_connector(space, id)).collect();
        let error = if !may_use {
            json!({"status_code": 403, "message": "You may not have actions privileges required to import rules with actions: Unauthorized to get actions"})
        } else if absent.is_empty() {
            kept.push(rule);
            continue;
        } else {
            json!({"status_code": 404, "message": format!("Rule actions reference the following missing action IDs: {}", absent.join(","))})
        };
        let mut entry = json!({"rule_id": rule["rule_id"], "error": error});
        if let Some(id) = rule.get("id") {
            entry["id"] = id.clone();
        }
        errors.push(entry);
    }
    (kept, errors)
}

/// What the import of connectors says in an answer.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    pub(super) errors: Vec<Value>,
    pub(super) count: u64,
    pub(super) warnings: Vec<Value>,
    /// Where connectors went, if any went elsewhere than their lines say.
    destinations: Option<BTreeMap<String, String>>,
}

/// Imports connectors where they fail by themselves (from 8.19 and 9.1).
pub(super) fn import(
    world: &mut World,
    space: &str,
    lines: &[Object],
    overwrite: bool,
    may_use: bool,
) -> Result<Outcome, Answer> {
    let mut outcome = Outcome::default();
    if lines.is_empty() {
        return Ok(outcome);
    }
    if !may_use {
        outcome.errors.push(unknown(403, "You may not have actions privileges required to import actions: Unauthorized to bulk_create action"));
        return Ok(outcome);
    }
    let lines: Vec<&Object> = lines.iter().collect();
    let told = connectors::import(world, space, &lines, overwrite)?;
    for (id, wrong) in &told.errors {
        let (status, message) = wrong.words();
        let error = json!({"status_code": status, "message": message});
        outcome.errors.push(if id.is_empty() {
            unknown(status, message)
        } else {
            json!({"id": id, "error": error})
        });
    }
    (outcome.count, outcome.warnings) = (told.count, told.warnings);
    Ok(outcome)
}

fn unknown(status: u16, message: &str) -> Value {
    json!({"rule_id": "(unknown id)", "error": {"status_code": status, "message": message}})
}

/// Imports connectors where one that fails keeps every rule out (to 8.18, and 9.0), with the quirks of §3.6.
pub(super) fn import_blocking(
    world: &mut World,
    space: &str,
    lines: &[Object],
    rules: &[Line],
    overwrite: bool,
    may_use: bool,
) -> Outcome {
    let users = users(rules);
    if users.is_empty() {
        return Outcome::default();
    }
    let failed = |error: Value| Outcome {
        errors: vec![error],
        ..Outcome::default()
    };
    if !may_use {
        return failed(unknown(
            403,
            "You may not have actions privileges required to import rules with actions: Unauthorized to get actions",
        ));
    }
    if overwrite && lines.is_empty() {
        return failed(missing(&users));
    }
    let mut chosen: Vec<&Object> = lines.iter().collect();
    if !overwrite {
        let new: Vec<User> = users
            .iter()
            .filter(|(id, _)| !world.has_connector(space, id))
            .cloned()
            .collect();
        if lines.len() < new.len() {
            let in_file: BTreeSet<&str> = lines.iter().map(|line| text(line, "id")).collect();
            let absent: Vec<User> = new
                .into_iter()
                .filter(|(id, _)| !in_file.contains(&**id))
                .collect();
            return if absent.is_empty() {
                Outcome::default()
            } else {
                failed(missing(&absent))
            };
        }
        chosen.retain(|line| new.iter().any(|(id, _)| id == text(line, "id")));
    }
    if chosen.is_empty() {
        return Outcome::default();
    }
    match connectors::import(world, space, &chosen, overwrite) {
        Err(answer) => {
            let body: Value = serde_json::from_slice(&answer.body).unwrap();
            failed(unknown(500, body["message"].as_str().unwrap_or_default()))
        }
        Ok(Told {
            errors,
            count,
            warnings,
            destinations,
        }) => {
            let is_moved = destinations.iter().any(|(from, to)| from != to);
            Outcome {
                errors: errors
                    .iter()
                    .map(|_| unknown(500, "There is a conflict"))
                    .collect(),
                count,
                warnings,
                destinations: is_moved.then_some(destinations),
            }
        }
    }
}

/// A connector's id and the rules with an action through it.
type User = (String, Vec<String>);

fn users(rules: &[Line]) -> Vec<User> {
    let mut users: Vec<User> = Vec::new();
    for rule in rules.iter().flatten() {
        for id in of(rule).iter().map(connector_id) {
            let rule_id = text(rule, "rule_id").to_owned();
            match users.iter_mut().find(|(known, _)| known == id) {
                Some((_, rules)) => rules.push(rule_id),
                None => users.push((id.to_owned(), vec![rule_id])),
            }
        }
    }
    users
}

fn missing(users: &[User]) -> Value {
    let ids: Vec<&str> = users.iter().map(|(id, _)| &**id).collect();
    let mut rules: Vec<&str> = Vec::new();
    for rule in users.iter().flat_map(|(_, rules)| rules) {
        if !rules.contains(&&**rule) {
            rules.push(rule);
        }
    }
    let words = match ids.len() {
        1 => "1 connector is missing. Connector id missing is:".to_owned(),
        many => format!("{many} connectors are missing. Connector ids missing are:"),
    };
    let message = format!("{words} {}", ids.join(", "));
    json!({"id": ids.join(","), "rule_id": rules.join(","), "error": {"status_code": 404, "message": message}})
}

/// The rules with every action's connector looked up among those that went elsewhere, also those that are not among them.
pub(super) fn swapped(mut rules: Vec<Line>, outcome: &Outcome) -> Vec<Line> {
    let Some(destinations) = &outcome.destinations else {
        return rules;
    };
    for rule in rules.iter_mut().flatten() {
        if let Some(Value::Array(actions)) = rule.get_mut("actions") {
            for action in actions {
                let to = destinations.get(connector_id(action));
                action["id"] = json!(to.map_or("undefined", String::as_str));
            }
        }
    }
    rules
}
