//! What is wrong with an exception list or item. Here, unlike in rules, a key that Kibana does not know is refused.

use super::at::At;
use super::judge::Judge;
use crate::json::{Raw, ValueKind};
use crate::record::{Kind, Record};
use crate::schema::Spec;

/// Judges an exception list or item.
pub(super) fn judge(judge: &mut Judge, record: &Record<'_>) {
    let Some(shape) = judge.schema.kind(record.kind()) else {
        return;
    };
    judge.object(shape, At::Record, || record.members());
    if record.kind() == Kind::ExceptionItem {
        list_entries(judge, record);
        return super::ids::judge(judge, record, "item_id");
    }
    let has_os = record
        .get("os_types")
        .is_some_and(|types| types.elements().next().is_some());
    if has_os {
        judge
            .find(
                At::Record.key("os_types"),
                "os-types-dropped",
                "`os_types` is dropped when the list is created",
            )
            .hint = Some("give `os_types` to the items".into());
    }
    super::ids::judge(judge, record, "list_id");
}

/// An entry with a value list stands alone.
fn list_entries(judge: &mut Judge, item: &Record<'_>) {
    let entries = item.get("entries");
    let is_list =
        |entry: &Raw<'_>| entry.get("type").and_then(Raw::as_str).as_deref() == Some("list");
    let (mut lists, mut others) = (0, 0);
    for entry in entries.into_iter().flat_map(Raw::elements) {
        if is_list(&entry) {
            lists += 1;
        } else {
            others += 1;
        }
    }
    if lists > 0 && others > 0 {
        let message =
            "`entries` must not hold an entry of type `list` beside entries of other types";
        let problem = judge.find(At::Record.key("entries"), "mixed-list-entry", message);
        problem.hint = Some("make an item of its own for the entries of type `list`".into());
        problem.kibana = Some("Cannot have entry of type list and other".into());
    }
}

impl Judge {
    /// Comments, of which the import takes the text alone before it checks them.
    pub(super) fn comments(&mut self, spec: &Spec, value: Raw<'_>, at: At<'_>) {
        let breaks = |judge: &mut Self, at: At<'_>, found: &str| {
            let message = format!(
                "`comments` must be an array of objects, found {found}, which makes the whole import fail"
            );
            judge.find(at, "comments-break-import", message).hint =
                Some("write `[{\"comment\": \"…\"}]`".into());
        };
        match value.kind() {
            ValueKind::Null => {}
            ValueKind::Array => {
                let Some(items) = spec.items.as_deref() else {
                    return;
                };
                for (index, comment) in value.elements().enumerate() {
                    let here = at.index(index);
                    match comment.kind() {
                        ValueKind::Null => breaks(self, here, "a null among them"),
                        ValueKind::Object => self.value(items, comment, here, true),
                        kind => {
                            let message = format!(
                                "`comments.{index}` must be an object, found {}",
                                kind.article()
                            );
                            self.find(here, "wrong-type", message).kibana = Some(
                                "Invalid value \"undefined\" supplied to \"comments,comment\""
                                    .into(),
                            );
                        }
                    }
                }
            }
            ValueKind::String if value.text() != "\"\"" => breaks(self, at, "a string"),
            kind => {
                let message = format!(
                    "`comments` must be an array, found {}, which is dropped without a word",
                    kind.article()
                );
                self.find(at, "comments-lost", message);
            }
        }
    }
}
