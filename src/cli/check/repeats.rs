//! Which findings text sums up, so that one slip in ten thousand rules is not ten thousand paragraphs.

use std::collections::HashMap;

use ruleferry::check::{Level, Problem};
use ruleferry::error::PathStep;

/// How many findings of one kind are shown before the rest is only counted.
const SHOWN: u64 = 5;

/// Findings by code and by the way down to what they are about, places in arrays left out. Takes about 100 bytes for each such
/// pair.
#[derive(Debug, Default)]
pub(super) struct Repeats {
    places: HashMap<(&'static str, String), usize>,
    /// In the order in which the first of each was met.
    all: Vec<Group>,
}

#[derive(Debug)]
struct Group {
    level: Level,
    code: &'static str,
    way: String,
    count: u64,
}

/// What is left to say of findings that were not shown.
pub(super) struct Rest {
    pub(super) level: Level,
    pub(super) code: &'static str,
    pub(super) message: String,
}

impl Repeats {
    /// Counts the finding; whether it is one of the first of its kind.
    pub(super) fn is_shown(&mut self, problem: &Problem) -> bool {
        let keys = problem.pointer.iter().filter_map(|step| match step {
            PathStep::Key(key) => Some(&**key),
            PathStep::Index(_) => None,
        });
        let way = keys.collect::<Vec<_>>().join(".");
        let next = self.all.len();
        let place = *self
            .places
            .entry((problem.code, way.clone()))
            .or_insert(next);
        if place == next {
            self.all.push(Group {
                level: problem.level,
                code: problem.code,
                way,
                count: 0,
            });
        }
        let group = &mut self.all[place];
        group.count += 1;
        group.level = group.level.max(problem.level);
        group.count <= SHOWN
    }

    /// What was counted and not shown.
    pub(super) fn rest(&self) -> impl Iterator<Item = Rest> {
        let many = self.all.iter().filter(|group| group.count > SHOWN);
        many.map(|group| {
            let at = if group.way.is_empty() {
                String::new()
            } else {
                format!(" at `{}`", group.way)
            };
            Rest {
                level: group.level,
                code: group.code,
                message: format!(
                    "{} more{at} like the {SHOWN} shown; `-v` shows each",
                    group.count - SHOWN
                ),
            }
        })
    }
}
