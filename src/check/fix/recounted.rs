//! Which details lines go, and which are counted anew?
//!
//! An import looks at none of the numbers, so they are for people. A line that counts more records than there are is the only trace of
//! what got lost on the way, so it stays as it is; one that counts fewer, or that counts what was dropped here, is counted anew.
//! Where something before it cannot be read, nobody can count.

use std::collections::HashMap;

use super::kept::{Holds, Kept};
use super::{Fix, problem};
use crate::check::{Options, Problem, problems};
use crate::json::Raw;
use crate::record::{Counts, Kind, Record, recount};

/// What becomes of details lines: those that go, and the counts of others.
#[derive(Debug, Default)]
pub(super) struct Closing {
    pub(super) dropped: HashMap<usize, Fix>,
    pub(super) recounted: HashMap<usize, (Counts, Fix)>,
}

/// The counts of Kibana's own details line, and what an export of saved objects counts.
const COUNTS: [&str; 5] = [
    "exported_count",
    "exported_rules_count",
    "exported_exception_list_count",
    "exported_exception_list_item_count",
    "exported_action_connector_count",
];

/// Looks at every details line of the copy; `dropped` are the records that go.
pub(super) fn closing(kept: &Kept, dropped: &HashMap<usize, Fix>, options: Options) -> Closing {
    let mut closing = Closing::default();
    let mut details = kept.details.iter();
    let (mut read, mut left) = (Counts::default(), Counts::default());
    let mut can_count = true;
    for (index, place) in kept.places.iter().enumerate() {
        match place.holds {
            Holds::Nothing => {}
            Holds::Unreadable | Holds::Passed => can_count = false,
            Holds::Record(Kind::Details) => {
                let Some((_, text)) = details.next() else {
                    continue;
                };
                let Ok(record) = Record::parse(text, 0) else {
                    continue;
                };
                let is_rooted = kept.rooted.contains(&index);
                if !is_rooted && let Some(fix) = foreign(&record, options) {
                    closing.dropped.insert(index, fix);
                    continue;
                }
                if can_count && let Some(new) = recounted(text, read, left, options) {
                    closing.recounted.insert(index, new);
                }
                (read, left, can_count) = (Counts::default(), Counts::default(), true);
            }
            Holds::Record(kind) => {
                read[kind] += 1;
                left[kind] += u64::from(!dropped.contains_key(&index));
            }
        }
    }
    closing
}

/// The line closes another kind of export. An import of exception lists can do without it too.
fn foreign(details: &Record<'_>, options: Options) -> Option<Fix> {
    let mut found = problems(details, options).into_iter();
    let problem = found.find(|one| one.code == "foreign-details")?;
    let done = "dropped the line".into();
    Some(Fix { problem, done })
}

fn recounted(text: &str, read: Counts, left: Counts, options: Options) -> Option<(Counts, Fix)> {
    let says = Record::parse(text, 0).ok()?;
    let (mut held, mut new) = (Record::parse(text, 0).ok()?, Record::parse(text, 0).ok()?);
    if problems(&says, options)
        .iter()
        .any(|one| one.code == "taken-for-details")
    {
        return None;
    }
    recount(&mut held, read);
    recount(&mut new, left);
    let number = |record: &Record<'_>, key| record.get(key).and_then(Raw::as_f64);
    let mut changes = Vec::new();
    let mut pointer = Vec::new();
    for key in COUNTS {
        let (Some(said), Some(holds), Some(now)) =
            (number(&says, key), number(&held, key), number(&new, key))
        else {
            continue;
        };
        if said > holds {
            return None;
        }
        if (said - now).abs() > 0.0 {
            changes.push(format!("`{key}` from {said} to {now}"));
            pointer.push(key);
        }
    }
    let first = *pointer.first()?;
    let problem = Problem {
        pointer: vec![first.into()],
        ..problem(
            "details-miscount",
            "the line must count the records that it closes",
        )
    };
    let done = format!("set {}", changes.join(", "));
    Some((left, Fix { problem, done }))
}
