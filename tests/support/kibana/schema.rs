//! What must a rule's line be like? The schema that an import checks, as far as tests need it (import-export.md §2.2).

use serde_json::{Value, json};

use super::table::Object;
use super::version::Version;

/// What a member may be.
#[derive(Debug, Clone, Copy)]
pub(super) enum Is {
    Any,
    Text,
    /// At least one character.
    Filled,
    Bool,
    /// A whole number within bounds.
    Whole(i64, i64),
    OneOf(&'static [&'static str]),
    Uuid,
    Array(&'static Is),
    Object(&'static [Field]),
    TextOrArray,
}

/// A member: its name, whether it must be there, and what it may be.
pub(super) type Field = (&'static str, bool, Is);

const TEXTS: Is = Is::Array(&Is::Text);
const LIST_TYPES: &[&str] = &[
    "detection",
    "rule_default",
    "endpoint",
    "endpoint_trusted_apps",
    "endpoint_trusted_devices",
    "endpoint_events",
    "endpoint_host_isolation_exceptions",
    "endpoint_blocklists",
];
const REFERENCE: Is = Is::Object(&[
    ("id", true, Is::Filled),
    ("list_id", true, Is::Filled),
    ("type", true, Is::OneOf(LIST_TYPES)),
    ("namespace_type", true, Is::OneOf(&["agnostic", "single"])),
]);
const FREQUENCY: Is = Is::Object(&[
    ("summary", true, Is::Bool),
    (
        "notifyWhen",
        true,
        Is::OneOf(&["onActiveAlert", "onThrottleInterval", "onActionGroupChange"]),
    ),
    ("throttle", true, Is::Any),
]);
const ACTION: Is = Is::Object(&[
    ("action_type_id", true, Is::Text),
    ("group", false, Is::Text),
    ("id", true, Is::Text),
    ("params", true, Is::Object(&[])),
    ("uuid", false, Is::Filled),
    ("frequency", false, FREQUENCY),
]);

/// Members of every rule.
pub(super) const COMMON: &[Field] = &[
    ("name", true, Is::Filled),
    ("description", true, Is::Filled),
    ("risk_score", true, Is::Whole(0, 100)),
    (
        "severity",
        true,
        Is::OneOf(&["low", "medium", "high", "critical"]),
    ),
    ("rule_id", true, Is::Text),
    ("id", false, Is::Uuid),
    ("immutable", false, Is::Bool),
    ("version", false, Is::Whole(1, i64::MAX)),
    ("revision", false, Is::Whole(0, i64::MAX)),
    ("enabled", false, Is::Bool),
    ("interval", false, Is::Text),
    ("from", false, Is::Text),
    ("to", false, Is::Text),
    ("tags", false, TEXTS),
    ("author", false, TEXTS),
    ("license", false, Is::Text),
    ("threat", false, Is::Array(&Is::Any)),
    ("timeline_id", false, Is::Text),
    ("timeline_title", false, Is::Text),
    (
        "investigation_fields",
        false,
        Is::Object(&[("field_names", true, TEXTS)]),
    ),
    ("related_integrations", false, Is::Array(&Is::Any)),
    ("required_fields", false, Is::Array(&Is::Any)),
    ("setup", false, Is::Text),
    ("note", false, Is::Text),
    ("false_positives", false, TEXTS),
    ("references", false, TEXTS),
    ("risk_score_mapping", false, Is::Array(&Is::Any)),
    ("severity_mapping", false, Is::Array(&Is::Any)),
    ("rule_name_override", false, Is::Text),
    ("timestamp_override", false, Is::Text),
    ("timestamp_override_fallback_disabled", false, Is::Bool),
    ("building_block_type", false, Is::Text),
    ("output_index", false, Is::Text),
    ("namespace", false, Is::Text),
    ("max_signals", false, Is::Whole(1, i64::MAX)),
    ("exceptions_list", false, Is::Array(&REFERENCE)),
    ("actions", false, Is::Array(&ACTION)),
    ("throttle", false, Is::Text),
    ("response_actions", false, Is::Array(&Is::Any)),
    ("meta", false, Is::Object(&[])),
    ("type", true, Is::Text),
];

/// Members of a type of rule; those of an unknown type are not known.
pub(super) fn own(ty: &str) -> Option<&'static [Field]> {
    Some(match ty {
        "query" => &[
            ("language", false, Is::Text),
            ("index", false, TEXTS),
            ("data_view_id", false, Is::Text),
            ("query", false, Is::Text),
            ("filters", false, Is::Array(&Is::Any)),
            ("saved_id", false, Is::Text),
            ("alert_suppression", false, Is::Any),
        ],
        "eql" => &[
            ("language", true, Is::OneOf(&["eql"])),
            ("index", false, TEXTS),
            ("data_view_id", false, Is::Text),
            ("query", true, Is::Text),
            ("filters", false, Is::Array(&Is::Any)),
            ("timestamp_field", false, Is::Text),
            ("event_category_override", false, Is::Text),
            ("tiebreaker_field", false, Is::Text),
            ("alert_suppression", false, Is::Any),
        ],
        "esql" => &[
            ("language", true, Is::OneOf(&["esql"])),
            ("query", true, Is::Text),
            ("alert_suppression", false, Is::Any),
        ],
        "threshold" => &[
            ("language", false, Is::Text),
            ("index", false, TEXTS),
            ("data_view_id", false, Is::Text),
            ("query", true, Is::Text),
            ("filters", false, Is::Array(&Is::Any)),
            ("saved_id", false, Is::Text),
            (
                "threshold",
                true,
                Is::Object(&[
                    ("field", true, Is::TextOrArray),
                    ("value", true, Is::Whole(1, i64::MAX)),
                ]),
            ),
            ("alert_suppression", false, Is::Any),
        ],
        "machine_learning" => &[
            ("anomaly_threshold", true, Is::Whole(0, 100)),
            ("machine_learning_job_id", true, Is::TextOrArray),
            ("alert_suppression", false, Is::Any),
        ],
        "new_terms" => &[
            ("query", true, Is::Text),
            ("new_terms_fields", true, TEXTS),
            ("history_window_start", true, Is::Filled),
            ("index", false, TEXTS),
            ("filters", false, Is::Array(&Is::Any)),
            ("language", false, Is::Text),
            ("data_view_id", false, Is::Text),
            ("alert_suppression", false, Is::Any),
        ],
        "saved_query" => &[
            ("language", false, Is::Text),
            ("index", false, TEXTS),
            ("data_view_id", false, Is::Text),
            ("query", false, Is::Text),
            ("filters", false, Is::Array(&Is::Any)),
            ("saved_id", true, Is::Text),
            ("alert_suppression", false, Is::Any),
        ],
        "threat_match" => &[
            ("language", false, Is::Text),
            ("index", false, TEXTS),
            ("data_view_id", false, Is::Text),
            ("query", true, Is::Text),
            ("filters", false, Is::Array(&Is::Any)),
            ("saved_id", false, Is::Text),
            ("threat_filters", false, Is::Array(&Is::Any)),
            ("threat_query", true, Is::Text),
            ("threat_mapping", true, Is::Array(&Is::Any)),
            ("threat_language", false, Is::Text),
            ("threat_index", true, TEXTS),
            ("threat_indicator_path", false, Is::Text),
            ("concurrent_searches", false, Is::Whole(1, i64::MAX)),
            ("items_per_search", false, Is::Whole(1, i64::MAX)),
            ("alert_suppression", false, Is::Any),
        ],
        _ => return None,
    })
}

/// What a rule's line has wrong, as the server says it; none if it passes.
pub(super) fn refusal(rule: &Value, version: Version) -> Option<String> {
    let judge = Judge { version };
    let Some(members) = rule.as_object() else {
        return Some(judge.type_of("", "object", Some(rule)));
    };
    let ty = members
        .get("type")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let mut problems = Vec::new();
    judge.members(members, COMMON, "", &mut problems);
    match own(ty) {
        Some(own) => judge.members(members, own, "", &mut problems),
        None if version.is_zod_4() => return Some(problems.join(", ")),
        None => problems.push("type: Invalid discriminator value. Expected 'eql' | 'query' | 'saved_query' | 'threshold' | 'threat_match' | 'machine_learning' | 'new_terms' | 'esql'".into()),
    }
    if problems.len() > 5 {
        let more = problems.len() - 5;
        problems.truncate(5);
        return Some(format!("{}, and {more} more", problems.join(", ")));
    }
    if problems.is_empty() {
        problems = after(members);
        return (!problems.is_empty()).then(|| problems.join(","));
    }
    Some(problems.join(", "))
}

/// What is looked at after the schema.
fn after(rule: &Object) -> Vec<String> {
    let mut found = Vec::new();
    for (one, other) in [
        ("timeline_id", "timeline_title"),
        ("timeline_title", "timeline_id"),
    ] {
        match (rule.get(one), rule.get(other)) {
            (Some(_), None) => found.push(format!(
                "when \"{one}\" exists, \"{other}\" must also exist"
            )),
            (Some(value), Some(_)) if *value == json!("") => {
                found.push(format!("\"{one}\" cannot be an empty string"));
            }
            _ => {}
        }
    }
    found
}

/// Words for what is wrong.
struct Judge {
    version: Version,
}

impl Judge {
    fn members(&self, object: &Object, fields: &[Field], path: &str, found: &mut Vec<String>) {
        for (name, is_required, is) in fields {
            let path = if path.is_empty() {
                (*name).to_owned()
            } else {
                format!("{path}.{name}")
            };
            match object.get(*name) {
                None if *is_required => found.push(self.absent(&path, *is)),
                None => {}
                Some(value) => self.value(value, *is, &path, found),
            }
        }
    }

    fn absent(&self, path: &str, is: Is) -> String {
        match is {
            Is::OneOf(names) if self.version.is_zod_4() => format!("{path}: {}", one_of(names)),
            _ if self.version.is_zod_4() => self.type_of(path, expected(is), None),
            Is::OneOf([only]) => format!("{path}: Invalid literal value, expected \"{only}\""),
            _ => format!("{path}: Required"),
        }
    }

    fn type_of(&self, path: &str, expected: &str, found: Option<&Value>) -> String {
        let received = match found {
            None => "undefined",
            Some(Value::Null) => "null",
            Some(Value::Bool(_)) => "boolean",
            Some(Value::Number(_)) => "number",
            Some(Value::String(_)) => "string",
            Some(Value::Array(_)) => "array",
            Some(Value::Object(_)) => "object",
        };
        if self.version.is_zod_4() {
            format!("{path}: Invalid input: expected {expected}, received {received}")
        } else {
            format!("{path}: Expected {expected}, received {received}")
        }
    }

    fn value(&self, value: &Value, is: Is, path: &str, found: &mut Vec<String>) {
        let zod_4 = self.version.is_zod_4();
        match (is, value) {
            (Is::Any, _)
            | (Is::Text | Is::TextOrArray, Value::String(_))
            | (Is::Bool, Value::Bool(_))
            | (Is::TextOrArray, Value::Array(_)) => {}
            (Is::Filled, Value::String(text)) if !text.is_empty() => {}
            (Is::Filled, Value::String(_)) => found.push(if zod_4 {
                format!("{path}: Too small: expected string to have >=1 characters")
            } else {
                format!("{path}: String must contain at least 1 character(s)")
            }),
            (Is::Uuid, Value::String(text)) if is_uuid(text) => {}
            (Is::Uuid, Value::String(_)) => found.push(if zod_4 {
                format!("{path}: Invalid UUID")
            } else {
                format!("{path}: Invalid uuid")
            }),
            (Is::Whole(least, most), Value::Number(_)) => {
                let problem = match value.as_i64() {
                    None if zod_4 => {
                        Some("Invalid input: expected int, received number".to_owned())
                    }
                    None => Some("Expected integer, received float".to_owned()),
                    Some(number) if number < least && zod_4 => {
                        Some(format!("Too small: expected number to be >={least}"))
                    }
                    Some(number) if number < least => {
                        Some(format!("Number must be greater than or equal to {least}"))
                    }
                    Some(number) if number > most && zod_4 => {
                        Some(format!("Too big: expected number to be <={most}"))
                    }
                    Some(number) if number > most => {
                        Some(format!("Number must be less than or equal to {most}"))
                    }
                    Some(_) => None,
                };
                found.extend(problem.map(|it| format!("{path}: {it}")));
            }
            (Is::OneOf(names), Value::String(text)) if names.contains(&&**text) => {}
            (Is::OneOf(names), value) => found.push(if zod_4 {
                format!("{path}: {}", one_of(names))
            } else if let ([only], _) = (names, value) {
                format!("{path}: Invalid literal value, expected \"{only}\"")
            } else if let Value::String(text) = value {
                let names: Vec<String> = names.iter().map(|name| format!("'{name}'")).collect();
                format!(
                    "{path}: Invalid enum value. Expected {}, received '{text}'",
                    names.join(" | ")
                )
            } else {
                let names: Vec<String> = names.iter().map(|name| format!("'{name}'")).collect();
                self.type_of(path, &names.join(" | "), Some(value))
            }),
            (Is::Array(is), Value::Array(elements)) => {
                for (index, element) in elements.iter().enumerate() {
                    self.value(element, *is, &format!("{path}.{index}"), found);
                }
            }
            (Is::Object(fields), Value::Object(members)) => {
                self.members(members, fields, path, found);
            }
            _ => found.push(self.type_of(path, expected(is), Some(value))),
        }
    }
}

fn one_of(names: &[&str]) -> String {
    let shown: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
    match shown.as_slice() {
        [one] => format!("Invalid input: expected {one}"),
        _ => format!("Invalid option: expected one of {}", shown.join("|")),
    }
}

fn expected(is: Is) -> &'static str {
    match is {
        Is::Bool => "boolean",
        Is::Whole(..) => "number",
        Is::Array(_) => "array",
        Is::Object(_) => "object",
        Is::Any | Is::Text | Is::Filled | Is::Uuid | Is::OneOf(_) | Is::TextOrArray => "string",
    }
}

fn is_uuid(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    parts.iter().map(|part| part.len()).eq([8, 4, 4, 4, 12])
        && parts
            .iter()
            .all(|part| part.bytes().all(|b| b.is_ascii_hexdigit()))
}
