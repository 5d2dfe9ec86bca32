//! What a migration tells of a space beside its records: what was lost on the way, and what is not carried.

use std::fmt::Write as _;

use ruleferry::kibana::Space;
use ruleferry::ops::beyond::Sort;
use serde_json::json;

use super::carry::{Carries, is_own};
use super::way::Made;
use crate::cli::notes;

/// How many of a sort are named unless more is asked for.
const NAMED: usize = 10;

/// Things of a sort, and whether the space has them.
type Group = ((Sort, Option<bool>), Vec<String>);

/// What the space is to have beside the bundle: whether each thing is there; none where that cannot be told.
pub(super) struct Beside<'b> {
    pub(super) made: &'b Made,
    pub(super) there: &'b [Option<bool>],
    pub(super) carries: &'b Carries,
    /// What the source has of it, before anything is carried; none once that is done, and what is lacking yet is so for good.
    pub(super) here: Option<&'b [Option<bool>]>,
}

impl Beside<'_> {
    fn things(&self) -> impl Iterator<Item = (Sort, String, &str, Option<bool>)> {
        let things = self.made.beyond.things().zip(self.there).enumerate();
        things.filter_map(|(at, ((sort, id, users), there))| {
            let comes = |here: &[Option<bool>]| here.get(at) != Some(&Some(false));
            let is_brought = self.carries.has(sort) && self.here.is_some_and(comes);
            if *there == Some(true) || is_own(sort, id) || is_brought {
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

    /// As people read it: things of a sort together, so many of them by name unless more is asked for.
    pub(super) fn text(&self, names_all: bool) -> String {
        let mut groups: Vec<Group> = Vec::new();
        for (sort, users, id, there) in self.things() {
            let name = format!("`{id}` (for {users})");
            match groups.iter_mut().find(|(it, _)| *it == (sort, there)) {
                Some((_, names)) => names.push(name),
                None => groups.push(((sort, there), vec![name])),
            }
        }
        let mut text = String::new();
        for ((sort, there), names) in groups {
            let state = match there {
                Some(false) => "that the space lacks",
                _ => "that the space may lack, which cannot be told from here",
            };
            let (count, plural) = (names.len(), sort.plural());
            _ = writeln!(text, "  not carried: {count} {plural} {state}");
            let shown = if names_all { count } else { NAMED };
            for name in names.iter().take(shown) {
                _ = writeln!(text, "    {name}");
            }
            if count > shown {
                let more = count - shown;
                _ = writeln!(text, "    and {more} more; `-v` or `--report` names them");
            }
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
