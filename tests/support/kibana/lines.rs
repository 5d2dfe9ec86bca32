//! What is each line of an upload? Sorted and checked as the server does (import-export.md §1.1, §1.2, §5.2).

use serde_json::{Value, json};

use super::http::{Answer, siem};
use super::schema;
use super::table::{Object, text};
use super::version::Version;

/// A record, or what is wrong with its line.
pub(super) type Line = Result<Object, String>;

/// An upload, sorted.
#[derive(Debug, Default)]
pub(super) struct File {
    pub(super) rules: Vec<Line>,
    pub(super) lists: Vec<Line>,
    pub(super) items: Vec<Line>,
    pub(super) connectors: Vec<Object>,
}

/// Lists of endpoint artifacts (§5.6).
const ARTIFACTS: [&str; 5] = [
    "endpoint_trusted_apps",
    "endpoint_trusted_devices",
    "endpoint_event_filters",
    "endpoint_host_isolation_exceptions",
    "endpoint_blocklists",
];

/// What the records of an upload are.
pub(super) fn names(content: &[u8]) -> Vec<String> {
    let name = |value: Value| {
        let member = |key: &str| value.get(key).and_then(Value::as_str);
        match (member("list_id"), member("item_id"), member("rule_id")) {
            (Some(list), Some(item), _) => Some(format!("item {list}/{item}")),
            (Some(list), ..) => Some(format!("list {list}")),
            (_, _, Some(rule)) => Some(format!("rule {rule}")),
            _ => Some(format!("connector {}", member("id")?)),
        }
    };
    let values = values(content).into_iter().flatten();
    values.filter_map(name).collect()
}

impl File {
    /// Reads what goes to the import of rules.
    pub(super) fn of_rules(content: &[u8], version: Version, most: usize) -> Result<Self, Answer> {
        let mut file = Self::default();
        for value in values(content) {
            let mut object = match value {
                Err(problem) => {
                    file.rules.push(Err(problem));
                    continue;
                }
                Ok(Value::Object(object)) => object,
                Ok(Value::Null) => return Err(after_the_end()),
                Ok(array @ Value::Array(_)) => {
                    file.rules
                        .push(Err(schema::refusal(&array, version).unwrap_or_default()));
                    continue;
                }
                Ok(scalar) => {
                    let shown = scalar
                        .as_str()
                        .map_or_else(|| scalar.to_string(), str::to_owned);
                    let message = format!(
                        "Cannot use 'in' operator to search for 'investigation_fields' in {shown}"
                    );
                    return Err(siem(500, &message));
                }
            };
            if object.contains_key("exported_count") {
                continue;
            }
            rewrite(&mut object, version);
            let has = |key: &str| object.contains_key(key);
            if has("item_id") || has("entries") {
                file.items.push(checked_item(object)?);
            } else if has("list_id") {
                file.lists.push(checked_list(object));
            } else if has("attributes") && version.takes_connectors() {
                file.connectors.push(object);
            } else {
                object.remove("rule_source");
                let object = Value::Object(object);
                let refusal = schema::refusal(&object, version);
                let Value::Object(object) = object else {
                    unreachable!()
                };
                file.rules.push(refusal.map_or(Ok(object), Err));
            }
        }
        if file.rules.len() >= most {
            return Err(siem(500, &format!("Can't import more than {most} rules")));
        }
        file.check_exceptions(most)?;
        if file.names_artifacts() {
            return Err(siem(
                400,
                "EndpointArtifactError: Import is not supported for Endpoint artifact exceptions",
            ));
        }
        Ok(file)
    }

    /// Reads what goes to the import of exception lists.
    pub(super) fn of_exceptions(
        content: &[u8],
        version: Version,
        most: usize,
    ) -> Result<Self, Answer> {
        let mut file = Self::default();
        for value in values(content) {
            match value {
                Err(problem) => file.lists.push(Err(format!("{LIST}{problem}"))),
                Ok(Value::Null) => return Err(after_the_end()),
                Ok(Value::Object(object)) => {
                    if object.contains_key("exported_exception_list_count") {
                        continue;
                    }
                    if object.contains_key("entries") || object.contains_key("item_id") {
                        file.items.push(checked_item(object)?);
                    } else {
                        file.lists.push(checked_list(object));
                    }
                }
                Ok(other) => file.lists.push(Err(format!(
                    "{LIST}Invalid value \"{other}\" supplied to \"\""
                ))),
            }
        }
        file.check_exceptions(most)?;
        if version < Version(9, 4) && file.names_artifacts() {
            return Err(siem(
                400,
                "EndpointArtifactError: Import is not supported for Endpoint artifact exceptions",
            ));
        }
        Ok(file)
    }

    fn check_exceptions(&self, most: usize) -> Result<(), Answer> {
        if self.lists.len() + self.items.len() >= most {
            return Err(siem(
                500,
                &format!("Can't import more than {most} exceptions"),
            ));
        }
        Ok(())
    }

    fn names_artifacts(&self) -> bool {
        let all = self.lists.iter().chain(&self.items).flatten();
        all.into_iter()
            .any(|record| ARTIFACTS.contains(&text(record, "list_id")))
    }
}

/// The values of the lines that are not blank, a null at the end left out.
fn values(content: &[u8]) -> Vec<Result<Value, String>> {
    let content = String::from_utf8_lossy(content);
    // A byte order mark is white space to `trim`, and no JSON.
    let is_blank = |c: char| c != '\u{85}' && (c.is_whitespace() || c == '\u{feff}');
    let lines: Vec<&str> = content
        .split('\n')
        .filter(|line| !line.chars().all(is_blank))
        .collect();
    let mut found = Vec::with_capacity(lines.len());
    for (at, line) in lines.iter().enumerate() {
        match serde_json::from_str(line) {
            Ok(Value::Null) if at + 1 == lines.len() => {}
            Ok(value) => found.push(Ok(value)),
            Err(_) => found.push(Err(format!(
                "Unexpected token, {} is not valid JSON",
                json!(line)
            ))),
        }
    }
    found
}

/// A null ends the stream, and then more comes.
fn after_the_end() -> Answer {
    siem(500, "stream.push() after EOF")
}

fn rewrite(object: &mut Object, version: Version) {
    let names = object
        .get("investigation_fields")
        .and_then(Value::as_array)
        .cloned();
    if let Some(names) = names {
        if names.is_empty() {
            object.remove("investigation_fields");
        } else {
            object.insert("investigation_fields".into(), json!({"field_names": names}));
        }
    }
    if version.strips_origin_id() {
        object.remove("originId");
    }
}

const LIST: &str = "Error found importing exception list: ";
const ITEM: &str = "Error found importing exception list item: ";

/// Members that lists and items have in common and may lack.
const SHARED: [&str; 11] = [
    "id",
    "meta",
    "namespace_type",
    "os_types",
    "tags",
    "created_at",
    "updated_at",
    "created_by",
    "updated_by",
    "_version",
    "tie_breaker_id",
];

fn checked_list(mut list: Object) -> Line {
    let mut problems = Vec::new();
    for key in ["description", "name", "type", "list_id"] {
        let is_filled = matches!(key, "type" | "list_id");
        problems.extend(no_text(&list, key, is_filled));
    }
    let types = [
        "detection",
        "rule_default",
        "endpoint",
        "endpoint_trusted_apps",
        "endpoint_trusted_devices",
        "endpoint_events",
        "endpoint_host_isolation_exceptions",
        "endpoint_blocklists",
    ];
    let ty = text(&list, "type").to_owned();
    if !ty.is_empty() && !types.contains(&&*ty) {
        problems.push(invalid(&ty, "type"));
    }
    if list.get("immutable") == Some(&json!(true)) {
        problems.push(invalid("true", "immutable"));
    }
    problems.extend(optional(
        &list,
        &[
            "description",
            "name",
            "type",
            "list_id",
            "immutable",
            "version",
        ],
    ));
    if !problems.is_empty() {
        return Err(format!("{LIST}{}", problems.join(",")));
    }
    defaults(&mut list);
    list.entry("version").or_insert(json!(1));
    Ok(list)
}

fn checked_item(mut item: Object) -> Result<Line, Answer> {
    match item.get_mut("comments") {
        Some(Value::String(_)) => return Err(siem(500, "comments.map is not a function")),
        Some(Value::Array(comments)) => {
            if comments.contains(&Value::Null) {
                return Err(siem(
                    500,
                    "Cannot read properties of null (reading 'comment')",
                ));
            }
            for comment in comments {
                *comment = json!({"comment": comment["comment"]});
            }
        }
        _ => _ = item.remove("comments"),
    }
    let mut problems = Vec::new();
    for key in ["description", "item_id", "list_id", "name"] {
        problems.extend(no_text(&item, key, matches!(key, "item_id" | "list_id")));
    }
    match item.get("type") {
        Some(Value::String(ty)) if ty == "simple" => {}
        Some(Value::String(ty)) => problems.push(invalid(ty, "type")),
        other => problems.push(invalid(&shown(other), "type")),
    }
    match item.get("entries") {
        Some(Value::Array(entries)) if !entries.is_empty() => {
            problems.extend(entries.iter().filter_map(entry));
            let of_list = entries
                .iter()
                .filter(|entry| entry["type"] == "list")
                .count();
            if of_list > 0 && of_list < entries.len() {
                problems.push("Cannot have entry of type list and other".into());
            }
        }
        other => problems.push(invalid(&shown(other), "entries")),
    }
    let own = [
        "description",
        "item_id",
        "list_id",
        "name",
        "type",
        "entries",
        "comments",
        "expire_time",
    ];
    problems.extend(optional(&item, &own));
    if !problems.is_empty() {
        return Ok(Err(format!("{ITEM}{}", problems.join(","))));
    }
    defaults(&mut item);
    item.entry("comments").or_insert(json!([]));
    Ok(Ok(item))
}

/// What is wrong with an entry, in one text; the server has one for each type that it tries.
fn entry(entry: &Value) -> Option<String> {
    let is_text = |key: &str| {
        entry[key]
            .as_str()
            .is_some_and(|text| !text.trim().is_empty())
    };
    let has_operator = matches!(entry["operator"].as_str(), Some("included" | "excluded"));
    let is_good = is_text("field")
        && match entry["type"].as_str() {
            Some("match" | "wildcard") => has_operator && is_text("value"),
            Some("match_any") => {
                has_operator && entry["value"].as_array().is_some_and(|it| !it.is_empty())
            }
            Some("exists") => has_operator && entry.get("value").is_none(),
            Some("list") => {
                has_operator && entry["list"]["id"].is_string() && entry["list"]["type"].is_string()
            }
            Some("nested") => entry["entries"].as_array().is_some_and(|it| !it.is_empty()),
            _ => false,
        };
    (!is_good).then(|| invalid(&shown(Some(&entry["type"])), "entries,type"))
}

fn no_text(object: &Object, key: &str, is_filled: bool) -> Option<String> {
    match object.get(key) {
        Some(Value::String(text)) if !is_filled || !text.trim().is_empty() => None,
        Some(Value::String(text)) => Some(invalid(text, key)),
        other => Some(invalid(&shown(other), key)),
    }
}

/// What is wrong with members that may be absent, and with those that may not be there.
fn optional(object: &Object, own: &[&str]) -> Vec<String> {
    let mut problems = Vec::new();
    match object.get("namespace_type") {
        None | Some(Value::Null) => {}
        Some(Value::String(name)) if name == "single" || name == "agnostic" => {}
        other => problems.push(invalid(&shown(other), "namespace_type")),
    }
    let unknown: Vec<&str> = object
        .keys()
        .map(String::as_str)
        .filter(|key| !own.contains(key) && !SHARED.contains(key))
        .collect();
    // Keys are counted only where nothing else is wrong.
    if problems.is_empty() && !unknown.is_empty() {
        problems.push(format!("invalid keys \"{}\"", unknown.join(",")));
    }
    problems
}

fn defaults(object: &mut Object) {
    object.retain(|_, value| !value.is_null());
    object.entry("namespace_type").or_insert(json!("single"));
    object.entry("os_types").or_insert(json!([]));
    object.entry("tags").or_insert(json!([]));
}

fn invalid(value: &str, key: &str) -> String {
    format!("Invalid value \"{value}\" supplied to \"{key}\"")
}

fn shown(value: Option<&Value>) -> String {
    match value {
        None => "undefined".into(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}
