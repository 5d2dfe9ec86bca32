//! A member's value as Kibana stores it: without keys it does not know, in its normal form.

use crate::error::PathStep;
use crate::json::{Raw, ValueKind, compact, quoted};

/// The value on one line, without what lies at the end of these ways.
pub(super) fn without(value: Raw<'_>, ways: &[&[PathStep]]) -> String {
    if ways.is_empty() {
        return compact(value.text());
    }
    let below = |step: &PathStep| -> Vec<&[PathStep]> {
        let ways = ways.iter().filter_map(|way| way.split_first());
        ways.filter(|(first, _)| *first == step)
            .map(|(_, rest)| rest)
            .collect()
    };
    match value.kind() {
        ValueKind::Object => {
            let member = |(key, value): (std::borrow::Cow<'_, str>, Raw<'_>)| {
                let ways = below(&PathStep::from(&*key));
                let goes = ways.iter().any(|way| way.is_empty());
                (!goes).then(|| format!("{}:{}", quoted(&key), without(value, &ways)))
            };
            let members: Vec<String> = value.members().filter_map(member).collect();
            format!("{{{}}}", members.join(","))
        }
        ValueKind::Array => {
            let element =
                |(index, value): (usize, Raw<'_>)| without(value, &below(&PathStep::from(index)));
            let elements: Vec<String> = value.elements().enumerate().map(element).collect();
            format!("[{}]", elements.join(","))
        }
        _ => compact(value.text()),
    }
}

/// The value of `threshold` with `field` as an array, an empty string as none.
pub(super) fn threshold(text: &str) -> crate::error::Result<String> {
    let mut threshold = crate::json::Object::parse(text)?;
    if let Some(field) = threshold.get("field").filter(|field| is_string(*field)) {
        let listed = match field.as_str().as_deref() {
            Some("") => "[]".to_owned(),
            _ => format!("[{}]", field.text()),
        };
        threshold.set("field", listed);
    }
    Ok(threshold.to_json().into())
}

/// The value of `machine_learning_job_id` as an array.
pub(super) fn job_ids(text: String) -> String {
    match Raw::parse(&text) {
        Ok(value) if is_string(value) => format!("[{text}]"),
        _ => text,
    }
}

fn is_string(value: Raw<'_>) -> bool {
    value.kind() == ValueKind::String
}

/// The value of `required_fields`: each with the `ecs` that the field of this name and type had before; the places of those that
/// had none before.
pub(super) fn required_fields(given: Raw<'_>, before: Option<Raw<'_>>) -> (String, Vec<usize>) {
    let name = |field: Raw<'_>, key: &str| field.get(key).and_then(Raw::as_str).map(String::from);
    let names = |field: Raw<'_>| (name(field, "name"), name(field, "type"));
    let mut unknown = Vec::new();
    let field = |(index, field): (usize, Raw<'_>)| {
        let same = before
            .into_iter()
            .flat_map(Raw::elements)
            .find(|old| names(*old) == names(field));
        let ecs = same.and_then(|old| old.get("ecs"));
        if same.is_none() {
            unknown.push(index);
        }
        let members = field
            .members()
            .filter(|(key, _)| key != "ecs")
            .map(|(key, value)| format!("{}:{}", quoted(&key), value.text()))
            .chain(ecs.map(|ecs| format!("\"ecs\":{}", ecs.text())));
        format!("{{{}}}", members.collect::<Vec<_>>().join(","))
    };
    let fields: Vec<String> = given.elements().enumerate().map(field).collect();
    (format!("[{}]", fields.join(",")), unknown)
}
