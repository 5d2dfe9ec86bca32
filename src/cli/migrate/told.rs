//! What a migration tells of a space beside its records: what was lost on the way, and what is not carried.

use std::fmt::Write as _;

use ruleferry::kibana::Space;
use ruleferry::ops::beyond::Sort;
use serde_json::json;

use super::values::Carry;
use super::way::Made;
use crate::cli::notes;

/// What the space is to have beside the bundle: whether each thing is there; none where that cannot be told.
pub(super) struct Beside<'b> {
    pub(super) made: &'b Made,
    pub(super) there: &'b [Option<bool>],
    pub(super) carry: Carry,
    /// Whether value lists are carried by now, so that nothing is to be said of those that are there.
    pub(super) is_done: bool,
}

impl Beside<'_> {
    fn things(&self) -> impl Iterator<Item = (Sort, String, &str, Option<bool>)> {
        let things = self.made.beyond.things().zip(self.there);
        things.filter_map(|((sort, id, users), there)| {
            let brought = sort == Sort::ValueList && self.carry == Carry::Auto;
            if *there == Some(true) || brought && !self.is_done {
                return None;
            }
            let more = match users.count {
                1 => String::new(),
                count => format!(" and {} more", count - 1),
            };
            Some((sort, format!("{}{more}", users.first), id, *there))
        })
    }

    /// How many things the space surely lacks.
    pub(super) fn lacking(&self) -> usize {
        let things = self.things();
        things.filter(|(.., there)| *there == Some(false)).count()
    }

    /// As people read it.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        for (sort, users, id, there) in self.things() {
            let state = match there {
                Some(false) => "the space does not have it",
                _ => "nobody looked whether the space has it",
            };
            _ = writeln!(
                text,
                "  not carried: {sort} `{id}`, which {users} uses; {state}"
            );
        }
        text
    }

    /// As lines of the report, notes on the way there first.
    pub(super) fn json(&self, space: &Space, target: Option<&str>) -> String {
        let mut text = String::new();
        let mut add = |mut line: serde_json::Value| {
            line["space"] = space.as_str().into();
            if let Some(target) = target {
                line["target"] = target.into();
            }
            _ = writeln!(text, "{line}");
        };
        for (location, note) in &self.made.notes {
            add(notes::as_json(location, note));
        }
        for (sort, users, id, there) in self.things() {
            add(json!({
                "schema_version": 1,
                "not_carried": sort.name(),
                "id": id,
                "users": users,
                "there": there,
            }));
        }
        text
    }
}
