//! What does an import make of connectors, and how are they told? (import-export.md §6)

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::http::{Answer, Asked, siem};
use super::table::{Object, text};
use super::version::{Generation, Version};
use super::world::{Connector, World, now};

/// What the importer of saved objects says.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// The id in the line, and what is wrong.
    pub(super) errors: Vec<(String, Wrong)>,
    pub(super) count: u64,
    pub(super) warnings: Vec<Value>,
    /// Where each went, by the id in its line.
    pub(super) destinations: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wrong {
    Unsupported,
    LacksReference,
    Conflict,
}

impl Wrong {
    /// Status and message as an import of rules tells it.
    pub(super) fn words(self) -> (u16, &'static str) {
        match self {
            Self::Unsupported => (400, "Unsupported SO action type"),
            Self::LacksReference => (400, "Missing SO references"),
            Self::Conflict => (409, "Saved Object already exists"),
        }
    }
}

/// Types of saved objects that are imported beside connectors; nobody keeps them here.
const OTHERS: [&str; 6] = [
    "dashboard",
    "index-pattern",
    "lens",
    "query",
    "search",
    "visualization",
];

/// Imports connectors; all of them or none.
pub(super) fn import(
    world: &mut World,
    space: &str,
    lines: &[&Object],
    overwrite: bool,
) -> Result<Told, Answer> {
    let mut seen = BTreeSet::new();
    for line in lines {
        let name = format!("{}:{}", text(line, "type"), text(line, "id"));
        if !seen.insert(name.clone()) {
            return Err(siem(
                500,
                &format!("Non-unique import objects detected: [{name}]"),
            ));
        }
    }
    if let Some(newer) = lines.iter().find(|line| is_newer(line, world.version)) {
        let (id, core) = (text(newer, "id"), text(newer, "coreMigrationVersion"));
        return Err(siem(
            422,
            &format!(
                "Document \"{id}\" belongs to a more recent version of Kibana [{core}] when the last known version is [8.8.0]."
            ),
        ));
    }
    let mut told = Told::default();
    let mut good: Vec<(&Object, String, Option<String>)> = Vec::new();
    let mut wrong: Vec<(&Object, Wrong)> = Vec::new();
    for line in lines {
        match decide(world, space, line, lines, overwrite) {
            Ok((id, origin)) => good.push((line, id, origin)),
            Err(why) => wrong.push((line, why)),
        }
    }
    for kind in [Wrong::Unsupported, Wrong::LacksReference, Wrong::Conflict] {
        let of_kind = wrong.iter().filter(|(_, why)| *why == kind);
        told.errors
            .extend(of_kind.map(|(line, why)| (text(line, "id").to_owned(), *why)));
    }
    let is_blocked = wrong.iter().any(|(_, why)| *why != Wrong::Unsupported);
    let (mut secretless, mut taken, mut odd) = (0_u64, Vec::new(), Vec::new());
    for (line, id, origin) in good {
        let is_action = text(line, "type") == "action";
        let asked = text(line, "id");
        if world.version.generation() >= Generation::G6 && is_action && asked == id {
            if world.preconfigured.contains_key(&id) {
                taken.push(id);
                continue;
            }
            if !is_good_id(&id) {
                odd.push(id);
                continue;
            }
        }
        told.count += 1;
        told.destinations.insert(asked.to_owned(), id.clone());
        let attributes = &line["attributes"];
        let is_missing_secrets = attributes["isMissingSecrets"] == json!(true);
        secretless += u64::from(is_action && is_missing_secrets);
        if is_blocked || !is_action {
            continue;
        }
        let name = |key: &str| attributes[key].as_str().unwrap_or_default().to_owned();
        let connector = Connector {
            name: name("name"),
            ty: name("actionTypeId"),
            config: attributes["config"].clone(),
            is_missing_secrets,
            origin,
            has_secrets: false,
            secrets: None,
        };
        world.space_mut(space).connectors.insert(id, connector);
    }
    told.warnings = warnings(secretless, &taken, &odd);
    Ok(told)
}

/// `POST /api/saved_objects/_import`, of connectors alone.
pub(super) fn saved_objects(world: &mut World, asked: &Asked) -> Result<Answer, Answer> {
    let file = asked.file()?;
    let lines = file.split(|&b| b == b'\n');
    let lines: Vec<Object> = lines
        .filter(|line| !line.trim_ascii().is_empty())
        .map(|line| serde_json::from_slice(line).unwrap())
        .collect();
    let lines: Vec<&Object> = lines.iter().collect();
    let overwrite = asked.head.is_set("overwrite");
    let told = import(world, &asked.head.space, &lines, overwrite)?;
    let errors: Vec<Value> = told
        .errors
        .iter()
        .map(|(id, wrong)| {
            let ty = match wrong {
                Wrong::Unsupported => "unsupported_type",
                Wrong::LacksReference => "missing_references",
                Wrong::Conflict => "conflict",
            };
            json!({"id": id, "type": "action", "error": {"type": ty}})
        })
        .collect();
    Ok(Answer::json(
        200,
        &json!({"success": errors.is_empty(), "successCount": told.count, "errors": errors, "warnings": told.warnings}),
    ))
}

fn is_newer(line: &Object, version: Version) -> bool {
    let core = text(line, "coreMigrationVersion");
    let mut numbers = core.split('.').map(|it| it.parse::<u16>().unwrap_or(0));
    let mut next = || numbers.next().unwrap_or(0);
    let (major, minor, patch) = (next(), next(), next());
    (major, minor, patch) > (8, 8, 0) && Version(major, minor) > version
}

/// The id that a line's connector gets and the origin it then has, or what is wrong.
fn decide(
    world: &mut World,
    space: &str,
    line: &Object,
    lines: &[&Object],
    overwrite: bool,
) -> Result<(String, Option<String>), Wrong> {
    let (ty, wanted) = (text(line, "type"), text(line, "id"));
    if ty != "action" && !OTHERS.contains(&ty) {
        return Err(Wrong::Unsupported);
    }
    let references = line.get("references").and_then(Value::as_array);
    for reference in references.into_iter().flatten() {
        let is_looked_for = matches!(reference["type"].as_str(), Some("index-pattern" | "search"));
        let is_there = lines.iter().any(|it| {
            it.get("type") == reference.get("type") && it.get("id") == reference.get("id")
        });
        if is_looked_for && !is_there {
            return Err(Wrong::LacksReference);
        }
    }
    if ty != "action" {
        return Ok((wanted.to_owned(), None));
    }
    if wanted.is_empty() {
        return Ok((world.new_id(), None));
    }
    let told_origin = line
        .get("originId")
        .and_then(Value::as_str)
        .map(str::to_owned);
    let own = &world.space(space).connectors;
    if let Some(existing) = own.get(wanted) {
        let origin = told_origin.or_else(|| existing.origin.clone());
        return if overwrite {
            Ok((wanted.to_owned(), origin))
        } else {
            Err(Wrong::Conflict)
        };
    }
    let origin = told_origin.clone().unwrap_or_else(|| wanted.to_owned());
    let is_in_file = |id: &str| {
        lines
            .iter()
            .any(|it| text(it, "type") == "action" && text(it, "id") == id)
    };
    let derived: Vec<(&String, &Connector)> = own
        .iter()
        .filter(|(id, it)| {
            (**id == origin || it.origin.as_ref() == Some(&origin)) && !is_in_file(id)
        })
        .collect();
    match derived.as_slice() {
        [] => {}
        [(id, it)] if overwrite => return Ok(((*id).clone(), it.origin.clone())),
        _ => return Err(Wrong::Conflict),
    }
    if world
        .spaces
        .values()
        .any(|space| space.connectors.contains_key(wanted))
    {
        return Ok((world.new_id(), Some(origin)));
    }
    Ok((wanted.to_owned(), told_origin))
}

fn is_good_id(id: &str) -> bool {
    let is_good = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    !id.is_empty() && id.len() <= 36 && id.bytes().all(is_good)
}

fn warnings(secretless: u64, taken: &[String], odd: &[String]) -> Vec<Value> {
    let mut messages = Vec::new();
    match secretless {
        0 => {}
        1 => {
            messages.push("1 connector has sensitive information that require updates.".to_owned());
        }
        many => messages.push(format!(
            "{many} connectors have sensitive information that require updates."
        )),
    }
    if !taken.is_empty() {
        messages.push(format!(
            "Connectors with IDs [{}] conflict with preconfigured connectors and were removed.",
            taken.join(", ")
        ));
    }
    if !odd.is_empty() {
        messages.push(format!(
            "Connectors with IDs [{}] have invalid IDs and were removed.",
            odd.join(", ")
        ));
    }
    let warning = |message: String| {
        json!({"type": "action_required", "message": message,
            "actionPath": "/app/management/insightsAndAlerting/triggersActionsConnectors", "buttonLabel": "Go to connectors"})
    };
    messages.into_iter().map(warning).collect()
}

/// `GET /api/actions/connectors`.
pub(super) fn list(world: &World, space: &str) -> Value {
    let told = |id: &String, it: &Connector, is_preconfigured: bool| {
        json!({
            "id": id, "name": it.name, "connector_type_id": it.ty, "config": it.config,
            "is_preconfigured": is_preconfigured, "is_system_action": false, "is_deprecated": false,
            "is_missing_secrets": it.is_missing_secrets, "referenced_by_count": 0,
        })
    };
    let own = world
        .space(space)
        .connectors
        .iter()
        .map(|(id, it)| told(id, it, false));
    let preset = world
        .preconfigured
        .iter()
        .map(|(id, it)| told(id, it, true));
    own.chain(preset).collect()
}

/// The connectors of a space as lines of an export.
pub(super) fn lines(world: &World, space: &str) -> Vec<Value> {
    let own = world.space(space).connectors.iter();
    own.map(|(id, it)| line(world.version, id, it)).collect()
}

/// A connector as the line of an export.
pub(super) fn line(version: Version, id: &str, it: &Connector) -> Value {
    // So where the type refuses to be without secrets, else where the settings say so (§6.1).
    let needs_secrets = matches!(&*it.ty, ".slack" | ".pagerduty" | ".teams" | ".jira")
        || it.config["hasAuth"] == json!(true);
    let mut line = json!({
        "id": id, "type": "action", "updated_at": now(), "created_at": now(), "version": "WzEsMV0=",
        "attributes": {"actionTypeId": it.ty, "name": it.name, "isMissingSecrets": needs_secrets,
            "config": it.config, "secrets": {}},
        "references": [],
    });
    if version.exports_api_keys() {
        line["attributes"]["apiKey"] = Value::Null;
        line["attributes"]["uiamApiKey"] = Value::Null;
    }
    let marks = if version < Version(8, 8) {
        json!({"migrationVersion": {"action": "8.3.0"}, "coreMigrationVersion": "8.7.0"})
    } else {
        json!({"managed": false, "coreMigrationVersion": "8.8.0", "typeMigrationVersion": "8.3.0"})
    };
    for (key, value) in marks.as_object().into_iter().flatten() {
        line[key] = value.clone();
    }
    if let Some(origin) = &it.origin {
        line["originId"] = json!(origin);
    }
    line
}
