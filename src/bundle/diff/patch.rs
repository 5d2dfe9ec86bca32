//! Changes as a JSON Patch (RFC 6902).

use super::{Change, Edit};
use crate::error::PathStep;
use crate::json::quoted;

/// The changes as a JSON Patch: applied to the old record, it gives what counts of the new one.
///
/// Values are spelt as in the new record. All places in arrays are those of the old record, because the operations within a
/// field stand from its end to its beginning. An element that moved is removed and added.
///
/// ```
/// use ruleferry::bundle::{Fields, Lens, changes, patch};
/// use ruleferry::record::Record;
///
/// let old = Record::parse(r#"{"rule_id":"r","tags":["a","b"]}"#, 0)?;
/// let new = Record::parse(r#"{"rule_id":"r","tags":["b"],"to":"now"}"#, 0)?;
/// let patch = patch(&changes(&Lens::new(Fields::Owned, [])?, &old, &new));
/// assert_eq!(patch, r#"[{"op":"remove","path":"/tags/0"},{"op":"add","path":"/to","value":"now"}]"#);
/// # Ok::<(), ruleferry::error::Error>(())
/// ```
pub fn patch(changes: &[Change<'_>]) -> String {
    let fields = changes.chunk_by(|a, b| a.path.first() == b.path.first());
    let operations: Vec<String> = fields
        .flat_map(|field| field.iter().rev())
        .map(operation)
        .collect();
    format!("[{}]", operations.join(","))
}

fn operation(change: &Change<'_>) -> String {
    let (name, value) = match change.edit {
        Edit::Add(new) | Edit::MoveHere(new) => ("add", Some(new)),
        Edit::Remove(_) | Edit::MoveAway(_) => ("remove", None),
        Edit::Replace(_, new) => ("replace", Some(new)),
    };
    let path = quoted(&pointer(&change.path));
    let value = value.map_or(String::new(), |value| {
        format!(r#","value":{}"#, value.text())
    });
    format!(r#"{{"op":"{name}","path":{path}{value}}}"#)
}

/// The path as a JSON Pointer (RFC 6901).
fn pointer(path: &[PathStep]) -> String {
    path.iter()
        .map(|step| match step {
            PathStep::Key(key) => format!("/{}", key.replace('~', "~0").replace('/', "~1")),
            PathStep::Index(index) => format!("/{index}"),
        })
        .collect()
}
