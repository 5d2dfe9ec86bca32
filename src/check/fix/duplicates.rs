//! Which records does a later one say again?
//!
//! Of records with one key Kibana imports the last and reports the others as errors; of two connectors it refuses the file. A record
//! whose last namesake says the same can go: nothing is lost. One that says something else stays, whatever Kibana does: an
//! exception that silently goes away is what nobody wants, and which of the two was meant only a person knows.

use std::collections::HashMap;

use super::kept::Kept;
use super::{Fix, Fixing, mend, problem};
use crate::bundle::{Fields, Fingerprint, fingerprint};
use crate::check::Problem;
use crate::error::{Location, Result};
use crate::pipeline::{Reading, scan_lines};
use crate::record::{Record, RecordKey};
use crate::stream::{Source, Spool};

/// The records that go, with their place in the copy.
pub(super) fn said_again(
    kept: &Kept,
    copy: &mut Spool,
    fixing: &Fixing<'_>,
    reading: &Reading,
) -> Result<HashMap<usize, Fix>> {
    if kept.repeated.is_empty() {
        return Ok(HashMap::new());
    }
    let mut found: Vec<(usize, RecordKey, Fingerprint)> = Vec::new();
    let content = |record: &Record<'_>| {
        let index = index(record);
        if !kept.repeated.contains(&index) {
            return None;
        }
        let key = RecordKey::of(record)?;
        // Records may differ in what is taken away from them.
        let text = record.text();
        let mut mended = Record::parse(text, 0).ok()?;
        mend(&mut mended, fixing.options);
        let json = mended.to_json();
        let print = fingerprint(&Record::parse(&json, 0).ok()?, Fields::Owned);
        Some((index, key, print))
    };
    let source = Source::decoded("the temporary copy of the input", copy.reader()?);
    scan_lines(reading, vec![source], content, |_, result| {
        found.extend(result.and_then(Result::ok).flatten());
        Ok(())
    })?;
    let prints: HashMap<usize, Fingerprint> = found
        .iter()
        .map(|(index, _, print)| (*index, *print))
        .collect();
    let goes = |(index, key, print): (usize, RecordKey, Fingerprint)| {
        let last = *kept.last.get(&key)?;
        let is_free = last != index && !kept.rooted.contains(&index);
        let is_said_again = is_free && prints.get(&last) == Some(&print);
        is_said_again.then(|| {
            (
                index,
                dropped(&key, &kept.location(index), &kept.location(last)),
            )
        })
    };
    Ok(found.into_iter().filter_map(goes).collect())
}

/// The place of a record in the copy.
pub(super) fn index(record: &Record<'_>) -> usize {
    usize::try_from(record.ordinal()).unwrap_or(usize::MAX)
}

fn dropped(key: &RecordKey, at: &Location, last: &Location) -> Fix {
    let (code, id) = match key {
        RecordKey::Rule(_) => ("duplicate-rule", "rule_id"),
        RecordKey::List(_) => ("duplicate-list", "list_id"),
        RecordKey::Item(..) => ("duplicate-item", "item_id"),
        RecordKey::SavedObject(..) => ("duplicate-connector", "id"),
    };
    let line = match last {
        Location { file, line, .. } if *file == at.file => format!("line {line}"),
        Location { file, line, .. } => format!("line {line} of `{file}`"),
    };
    Fix {
        problem: Problem {
            pointer: vec![id.into()],
            ..problem(
                code,
                format!("{line} says the same, and is the one that Kibana imports"),
            )
        },
        done: "dropped the record".into(),
    }
}
