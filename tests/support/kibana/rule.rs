//! What becomes of a rule that is written? Defaults, the form in which it is stored, and what makes it fail (import-export.md §2.3).

use serde_json::{Value, json};

use super::schema;
use super::table::{Made, Object, text};
use super::world::{World, is_system, now};

/// Members that a rule has though nobody gave them.
fn defaults() -> Object {
    let Value::Object(defaults) = json!({
        "enabled": false, "risk_score_mapping": [], "severity_mapping": [], "interval": "5m", "to": "now", "from": "now-6m",
        "exceptions_list": [], "false_positives": [], "max_signals": 100, "actions": [], "related_integrations": [],
        "required_fields": [], "setup": "", "references": [], "threat": [], "tags": [], "author": [], "output_index": "",
        "version": 1,
    }) else {
        unreachable!()
    };
    defaults
}

/// Members that are checked and not stored.
const NOT_STORED: [&str; 2] = ["throttle", "id"];

/// A rule as it is stored but for what the server adds: what is not known is gone, defaults are there.
pub(super) fn stored(world: &mut World, space: &str, line: &Object) -> Object {
    let ty = text(line, "type");
    let known = schema::COMMON
        .iter()
        .chain(schema::own(ty).unwrap_or_default());
    let mut rule = defaults();
    for (name, _, _) in known {
        if let Some(value) = line.get(*name)
            && !NOT_STORED.contains(name)
        {
            rule.insert((*name).into(), value.clone());
        }
    }
    if matches!(
        ty,
        "query" | "saved_query" | "threshold" | "threat_match" | "new_terms"
    ) {
        rule.entry("language").or_insert(json!("kuery"));
    }
    if ty == "query" {
        rule.entry("query").or_insert(json!(""));
    }
    if ty == "threat_match" {
        rule.entry("threat_indicator_path")
            .or_insert(json!("threat.indicator"));
    }
    if let Some(job @ Value::String(_)) = rule.get_mut("machine_learning_job_id") {
        *job = json!([job]);
    }
    if ty == "threshold" {
        threshold(&mut rule);
    }
    if let Some(Value::Array(fields)) = rule.get_mut("required_fields") {
        for field in fields {
            *field = json!({"name": field["name"], "type": field["type"], "ecs": false});
        }
    }
    let throttle = line.get("throttle").and_then(Value::as_str);
    let given = rule["actions"].as_array().cloned().unwrap_or_default();
    rule.insert(
        "actions".into(),
        actions(world, space, &given, throttle).into(),
    );
    rule
}

/// A threshold's fields are an array, and its suppression has a duration alone.
fn threshold(rule: &mut Object) {
    if let Some(field @ Value::String(_)) =
        rule.get_mut("threshold").and_then(|it| it.get_mut("field"))
    {
        *field = if field == "" {
            json!([])
        } else {
            json!([field])
        };
    }
    if let Some(suppression) = rule.remove("alert_suppression")
        && let Some(duration) = suppression.get("duration").filter(|it| !it.is_null())
    {
        rule.insert("alert_suppression".into(), json!({"duration": duration}));
    }
}

/// Actions as they are stored: with a frequency and a `uuid`, Kibana's own last (§2.4).
fn actions(world: &mut World, space: &str, given: &[Value], throttle: Option<&str>) -> Vec<Value> {
    let (mut plain, mut system) = (Vec::new(), Vec::new());
    for action in given {
        let id = action["id"].as_str().unwrap_or_default();
        let ty = world.connector(space, id).map(|it| json!(it.ty));
        let uuid = match &action["uuid"] {
            Value::Null => json!(world.new_id()),
            uuid => uuid.clone(),
        };
        let ty = ty.unwrap_or_else(|| action["action_type_id"].clone());
        let mut stored =
            json!({"id": id, "params": action["params"], "action_type_id": ty, "uuid": uuid});
        if is_system(id) {
            system.push(stored);
            continue;
        }
        for key in ["group", "alerts_filter"] {
            if let Some(value) = action.get(key) {
                stored[key] = value.clone();
            }
        }
        if world.version.has_frequency() {
            stored["frequency"] = match &action["frequency"] {
                Value::Null => frequency(throttle),
                frequency => frequency.clone(),
            };
        }
        plain.push(stored);
    }
    [plain, system].concat()
}

fn frequency(throttle: Option<&str>) -> Value {
    match throttle.filter(|it| !matches!(*it, "rule" | "no_actions")) {
        Some(throttle) => {
            json!({"summary": true, "notifyWhen": "onThrottleInterval", "throttle": throttle})
        }
        None => json!({"summary": true, "notifyWhen": "onActiveAlert", "throttle": null}),
    }
}

/// Whether connectors may lack their secrets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Secrets {
    Needed,
    MayLack,
}

/// What fails when a rule is written.
pub(super) fn refusal(
    world: &World,
    space: &str,
    rule: &Object,
    secrets: Secrets,
) -> Option<String> {
    let interval = text(rule, "interval");
    if seconds(interval).is_none() {
        return Some(format!(
            "Error validating create data - [schedule.interval]: string is not a valid duration: {interval}"
        ));
    }
    let actions = rule["actions"].as_array().map_or(&[][..], Vec::as_slice);
    let id = |action: &Value| action["id"].as_str().unwrap_or_default().to_owned();
    let plain: Vec<&Value> = actions.iter().filter(|it| !is_system(&id(it))).collect();
    if let Some(at) = plain
        .iter()
        .position(|action| action.get("group").is_none())
    {
        return Some(format!(
            "Error validating create data - [actions.{at}.group]: expected value of type [string] but got [undefined]"
        ));
    }
    if let Some(absent) = actions
        .iter()
        .map(id)
        .find(|id| !world.has_connector(space, id))
    {
        return Some(format!("Saved object [action/{absent}] not found"));
    }
    let ids = |own: bool| -> Vec<String> {
        actions
            .iter()
            .map(id)
            .filter(|id| is_system(id) == own)
            .collect()
    };
    if has_doubles(&ids(true)) {
        return Some("Cannot use the same system action twice".into());
    }
    let mut problems = Vec::new();
    let uuids: Vec<String> = actions.iter().map(|it| it["uuid"].to_string()).collect();
    if has_doubles(&uuids) {
        problems.push("Actions have duplicated UUIDs".to_owned());
    }
    let mut lacking: Vec<String> = Vec::new();
    for connector in plain
        .iter()
        .filter_map(|it| world.connector(space, &id(it)))
    {
        if connector.is_missing_secrets && !lacking.contains(&connector.name) {
            lacking.push(connector.name.clone());
        }
    }
    if !lacking.is_empty() && secrets == Secrets::Needed {
        problems.push(format!("Invalid connectors: {}", lacking.join(", ")));
    }
    let mut groups: Vec<&str> = Vec::new();
    for group in plain.iter().filter_map(|it| it["group"].as_str()) {
        if group != "default" && !groups.contains(&group) {
            groups.push(group);
        }
    }
    if !groups.is_empty() {
        problems.push(format!("Invalid action groups: {}", groups.join(", ")));
    }
    let short: Vec<String> = plain
        .iter()
        .filter_map(|it| {
            let throttle = it["frequency"]["throttle"].as_str()?;
            let is_short = it["frequency"]["notifyWhen"] == "onThrottleInterval"
                && seconds(throttle)? < seconds(interval)?;
            is_short.then(|| format!("{} ({throttle})", it["group"].as_str().unwrap_or_default()))
        })
        .collect();
    if !short.is_empty() {
        problems.push(format!(
            "Action frequency cannot be shorter than the schedule interval of {interval}: {}",
            short.join(", ")
        ));
    }
    match problems.as_slice() {
        [] => None,
        [one] => Some(format!(
            "Failed to validate actions due to the following error: {one}"
        )),
        many => Some(format!(
            "Failed to validate actions due to the following {} errors:\n- {}",
            many.len(),
            many.join("\n- ")
        )),
    }
}

fn has_doubles(texts: &[String]) -> bool {
    texts
        .iter()
        .enumerate()
        .any(|(at, text)| texts[..at].contains(text))
}

/// The length of a duration as in `5m`.
fn seconds(duration: &str) -> Option<u64> {
    let at = duration.len().checked_sub(1)?;
    let unit = match duration.get(at..)? {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => return None,
    };
    let number = &duration[..at];
    let is_number = !number.starts_with('0') && number.bytes().all(|b| b.is_ascii_digit());
    is_number
        .then(|| number.parse::<u64>().ok().map(|it| it * unit))
        .flatten()
}

/// What an import or a create knows of the rule that it writes.
pub(super) struct Writing<'s> {
    pub(super) space: &'s str,
    pub(super) made: Made,
    pub(super) is_import: bool,
    pub(super) is_prebuilt: bool,
    pub(super) secrets: Secrets,
}

/// Makes a rule; its id, or why not.
pub(super) fn create(
    world: &mut World,
    line: &Object,
    how: &Writing<'_>,
) -> Result<String, String> {
    let mut rule = stored(world, how.space, line);
    if let Some(message) = refusal(world, how.space, &rule, how.secrets) {
        return Err(message);
    }
    let id = world.new_id();
    rule.insert("id".into(), json!(id));
    rule.insert("created_at".into(), now());
    rule.insert("created_by".into(), json!("elastic"));
    rule.insert("updated_at".into(), now());
    rule.insert("updated_by".into(), json!("elastic"));
    rule.insert("revision".into(), json!(0));
    source(world, &mut rule, how.is_prebuilt);
    world.add_rule(how.space, rule, how.made, how.is_import);
    Ok(id)
}

/// Says whose rule it is.
pub(super) fn source(world: &World, rule: &mut Object, is_prebuilt: bool) {
    rule.insert("immutable".into(), json!(is_prebuilt));
    if world.version.has_rule_source() {
        let source = if is_prebuilt {
            json!({"type": "external", "is_customized": false})
        } else {
            json!({"type": "internal"})
        };
        rule.insert("rule_source".into(), source);
    }
}

/// Puts a line in the place of a rule; whether anything changed, or why not.
pub(super) fn replace(
    world: &mut World,
    existing: &Object,
    line: &Object,
    how: &Writing<'_>,
) -> Result<bool, String> {
    let mut rule = if world.version.replaces_whole() {
        stored(world, how.space, line)
    } else {
        // Overwriting was a patch: what the line lacks stays, and so do actions where it has none.
        let mut merged = existing.clone();
        merged.extend(line.iter().map(|(key, value)| (key.clone(), value.clone())));
        if line
            .get("actions")
            .and_then(Value::as_array)
            .is_none_or(Vec::is_empty)
        {
            merged.insert("actions".into(), existing["actions"].clone());
        }
        stored(world, how.space, &merged)
    };
    if let Some(message) = refusal(world, how.space, &rule, how.secrets) {
        return Err(message);
    }
    for key in ["enabled", "version"] {
        if line.get(key).is_none() {
            rule.insert(key.into(), existing[key].clone());
        }
    }
    for key in [
        "id",
        "rule_id",
        "created_at",
        "created_by",
        "updated_at",
        "updated_by",
        "revision",
    ] {
        if let Some(value) = existing.get(key) {
            rule.insert(key.into(), value.clone());
        }
    }
    source(world, &mut rule, how.is_prebuilt);
    let is_changed = rule != *existing;
    if is_changed || !world.version.counts_unchanged() {
        revise(existing, &mut rule);
    }
    if !world.set_rule(how.space, rule, how.made.request, how.is_import) {
        return Err(format!(
            "Saved object [alert/{}] not found",
            text(existing, "id")
        ));
    }
    Ok(is_changed)
}

/// Counts a change, and says when it was. Enabling is none (measured.md).
pub(super) fn revise(before: &Object, rule: &mut Object) {
    let content = |rule: &Object| {
        let mut rule = rule.clone();
        for key in ["enabled", "revision", "updated_at", "updated_by"] {
            rule.remove(key);
        }
        rule
    };
    if content(before) != content(rule) {
        let revision = before.get("revision").and_then(Value::as_u64).unwrap_or(0);
        rule.insert("revision".into(), json!(revision + 1));
    }
    rule.insert("updated_at".into(), now());
    rule.insert("updated_by".into(), json!("elastic"));
}
