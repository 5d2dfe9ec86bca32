//! Differences for programs: one JSON object a line.

use std::borrow::Cow;

use ruleferry::bundle::{Difference, Outcome, Version, patch};
use ruleferry::error::Location;
use serde::Serialize;
use serde_json::json;

/// What is told of a record, before the patch.
#[derive(Serialize)]
struct Row<'r> {
    schema_version: u8,
    kind: &'static str,
    id: Option<Cow<'r, str>>,
    name: Option<Cow<'r, str>>,
    #[serde(rename = "type")]
    ty: Option<Cow<'r, str>>,
    list_id: Option<Cow<'r, str>>,
    change: &'static str,
    old: serde_json::Value,
    new: serde_json::Value,
}

/// The record as one line, with its end.
pub(super) fn record(difference: &Difference<'_, '_>) -> String {
    let Some(version) = difference.new.or(difference.old) else {
        return String::new();
    };
    let record = &version.record;
    let place = |version: Option<&Version<'_>>| {
        version.map_or(serde_json::Value::Null, |version| {
            let Location { file, line, .. } = &version.location;
            json!({"file": file, "line": line})
        })
    };
    let row = Row {
        schema_version: 1,
        kind: record.kind().name(),
        id: record.id(),
        name: super::title_of(record),
        ty: record.connector_type().or(record.str("type")),
        list_id: record.str("list_id"),
        change: super::name(difference.outcome),
        old: place(difference.old),
        new: place(difference.new),
    };
    let row = serde_json::to_string(&row).unwrap_or_default();
    // The patch holds the values as they are spelt, which a parsed value would not.
    let patch = match difference.outcome {
        Outcome::Changed => patch(&difference.changes),
        Outcome::Added | Outcome::Removed | Outcome::Unchanged => "null".to_owned(),
    };
    format!(
        "{},\"patch\":{patch}}}\n",
        row.strip_suffix('}').unwrap_or_default()
    )
}
