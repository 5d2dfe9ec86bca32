//! Details lines: do they say what the bundle holds? An import looks at none of their numbers; a reader may.

use super::places::Entry;
use super::{BUNDLE, Found, problem, some};
use crate::check::Level;
use crate::json::Raw;
use crate::record::{Counts, Kind, Record, recount};

/// What was closed by details lines, and what was not.
#[derive(Debug, Default)]
pub(super) struct Closing {
    /// What came since the last details line.
    since: Counts,
    unreadable: u64,
    lines: Vec<Entry>,
    /// The first record after the last details line.
    after: Option<Entry>,
    found: Vec<Found>,
}

/// Counts that details lines hold, with what they count.
const COUNTS: [(&str, &str); 6] = [
    ("exported_count", "records"),
    ("exported_rules_count", "rules"),
    ("exported_exception_list_count", "exception lists"),
    ("exported_exception_list_item_count", "exception items"),
    ("exported_action_connector_count", "connectors"),
    ("exportedCount", "saved objects"),
];

/// What an export says that it could not find.
const MISSING: [(&str, &str); 6] = [
    ("missing_rules_count", "rules"),
    ("missing_exception_lists_count", "exception lists"),
    ("missing_exception_list_item_count", "exception items"),
    ("missing_action_connection_count", "connectors"),
    ("excluded_action_connection_count", "excluded connectors"),
    ("missingRefCount", "references"),
];

impl Closing {
    pub(super) fn record(&mut self, entry: Entry, kind: Kind) {
        if kind == Kind::Details {
            return;
        }
        self.since[kind] += 1;
        if !self.lines.is_empty() {
            self.after.get_or_insert(entry);
        }
    }

    pub(super) fn unreadable(&mut self) {
        self.unreadable += 1;
    }

    pub(super) fn details(&mut self, entry: Entry, text: &str) {
        self.lines.push(entry);
        self.after = None;
        let since = std::mem::take(&mut self.since);
        let unreadable = std::mem::take(&mut self.unreadable);
        let (Ok(says), Ok(mut counted)) = (Record::parse(text, 0), Record::parse(text, 0)) else {
            return;
        };
        recount(&mut counted, since);
        for (key, what) in COUNTS {
            let (Some(says), Some(holds)) = (number(&says, key), number(&counted, key)) else {
                continue;
            };
            if (says - holds).abs() > 0.0 {
                let mut found = miscount(key, what, says, holds);
                if unreadable > 0 {
                    let lines = format!("{unreadable} lines before it cannot be read");
                    found.hint = Some(lines);
                }
                self.found.push((entry, found));
            }
        }
        for (key, what) in MISSING {
            if let Some(count) = number(&says, key).filter(|count| *count > 0.0) {
                let text = format!("the export that this line closes missed {count} {what}");
                let found = problem("missing-at-export", Level::Note, text).at(key);
                self.found.push((entry, found));
            }
        }
    }

    pub(super) fn judge(&mut self, counts: &Counts) -> Vec<Found> {
        let mut found = std::mem::take(&mut self.found);
        if counts.total() > 0 && self.lines.is_empty() {
            let text = "the bundle has no details line to check its records against".into();
            let hint = "an export made without it (`exclude_export_details`) lacks its exception lists and connectors too";
            let note = problem("no-details", Level::Note, text).with_hint(hint.into());
            found.push((BUNDLE, note));
        }
        if let [_, second, ..] = self.lines[..] {
            let text = format!(
                "the bundle has {} details lines, so it is several exports in one; Kibana does not mind",
                self.lines.len()
            );
            found.push((second, problem("several-details", Level::Note, text)));
        }
        if let Some(entry) = self.after {
            let count = usize::try_from(self.since.total()).unwrap_or(usize::MAX);
            let records = some(count, "record stands", "records stand");
            let text = format!(
                "{records} after the last details line, which does not count them; Kibana imports them all the same"
            );
            found.push((entry, problem("after-details", Level::Note, text)));
        }
        found
    }
}

fn miscount(key: &str, what: &str, says: f64, holds: f64) -> crate::check::Problem {
    let text = format!("`{key}` must be the number of {what}, which is {holds}, found {says}");
    if says > holds {
        problem("details-miscount", Level::Warning, text)
            .at(key)
            .with_hint("records are missing here; was the file cut, edited or filtered?".into())
    } else {
        problem("details-miscount", Level::Note, text).at(key)
    }
}

fn number(record: &Record<'_>, key: &str) -> Option<f64> {
    record.get(key).and_then(Raw::as_f64)
}
