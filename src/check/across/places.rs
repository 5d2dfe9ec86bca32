//! Where records stand and what they are called, kept small until all are read.

use super::Finding;
use crate::check::Problem;
use crate::error::Location;
use crate::record::{Kind, RecordKey};

/// A record that was seen, by number.
pub(super) type Entry = u32;

/// Every record that was seen, in order. Takes 48 bytes for each, and its id.
#[derive(Debug, Default)]
pub(super) struct Entries {
    files: Vec<Box<str>>,
    all: Vec<Seen>,
}

#[derive(Debug)]
struct Seen {
    file: u32,
    kind: Kind,
    line: u64,
    id: Option<Box<str>>,
}

impl Entries {
    pub(super) fn add(
        &mut self,
        location: &Location,
        kind: Kind,
        key: Option<&RecordKey>,
    ) -> Entry {
        if self.files.last() != Some(&location.file) {
            self.files.push(location.file.clone());
        }
        self.all.push(Seen {
            file: u32::try_from(self.files.len() - 1).unwrap_or(u32::MAX),
            kind,
            line: location.line,
            id: key.map(id),
        });
        Entry::try_from(self.all.len() - 1).unwrap_or(Entry::MAX)
    }

    /// The record as messages name it.
    pub(super) fn name(&self, entry: Entry) -> String {
        match self.all.get(entry as usize) {
            Some(Seen { id: Some(id), .. }) => format!("`{id}`"),
            Some(seen) => format!("line {}", seen.line),
            None => String::new(),
        }
    }

    /// The line, and the file where it is not the one of `beside`.
    pub(super) fn line(&self, entry: Entry, beside: Entry) -> String {
        let (Some(seen), Some(beside)) =
            (self.all.get(entry as usize), self.all.get(beside as usize))
        else {
            return String::new();
        };
        if seen.file == beside.file {
            return format!("line {}", seen.line);
        }
        format!("line {} of `{}`", seen.line, self.file(seen))
    }

    fn file(&self, seen: &Seen) -> &str {
        self.files.get(seen.file as usize).map_or("", |file| file)
    }

    pub(super) fn finding(&self, entry: Entry, problem: Problem) -> Finding {
        let Some(seen) = self.all.get(entry as usize) else {
            return self.of_bundle(problem);
        };
        Finding {
            location: Location {
                file: self.file(seen).into(),
                line: seen.line,
                column: 0,
                record: Some(label(seen.kind, seen.id.as_deref())),
            },
            kind: Some(seen.kind),
            id: seen.id.clone(),
            problem,
        }
    }
}

impl Entries {
    fn of_bundle(&self, problem: Problem) -> Finding {
        let location = Location {
            file: self.files.first().cloned().unwrap_or_default(),
            ..Location::default()
        };
        Finding {
            location,
            kind: None,
            id: None,
            problem,
        }
    }
}

fn label(kind: Kind, id: Option<&str>) -> Box<str> {
    match id {
        Some(id) => format!("{kind} `{id}`").into(),
        None => kind.to_string().into(),
    }
}

fn id(key: &RecordKey) -> Box<str> {
    match key {
        RecordKey::Rule(id) => id.as_str(),
        RecordKey::List(list) => list.id.as_str(),
        RecordKey::Item(id, _) => id.as_str(),
        RecordKey::SavedObject(_, id) => id.as_str(),
    }
    .into()
}
