//! Where records stand and what they are called, kept small until all are read.

use super::Finding;
use crate::check::Problem;
use crate::error::Location;
use crate::record::{Kind, ListId, RecordKey};

/// A record that was seen, by number.
pub(super) type Entry = u32;

/// Every record that was seen, in order. Takes 40 bytes for each, and its key.
#[derive(Debug, Default)]
pub(super) struct Entries {
    files: Vec<Box<str>>,
    all: Vec<Seen>,
    /// The keys of all, one after another: one allocation, where millions of records would need as many.
    keys: String,
}

#[derive(Debug)]
struct Seen {
    file: u32,
    kind: Kind,
    line: u64,
    key: Option<Key>,
}

/// A key in [`Entries::keys`].
#[derive(Debug, Clone, Copy)]
struct Key {
    start: usize,
    /// How long the id is, with which the key begins.
    id: u32,
    whole: u32,
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
        let key = key.map(|key| self.key(key));
        self.all.push(Seen {
            file: u32::try_from(self.files.len() - 1).unwrap_or(u32::MAX),
            kind,
            line: location.line,
            key,
        });
        Entry::try_from(self.all.len() - 1).unwrap_or(Entry::MAX)
    }

    fn key(&mut self, key: &RecordKey) -> Key {
        let (id, rest) = parts(key);
        let start = self.keys.len();
        self.keys += id;
        self.keys += rest;
        let short = |len: usize| u32::try_from(len).unwrap_or(u32::MAX);
        Key {
            start,
            id: short(id.len()),
            whole: short(id.len() + rest.len()),
        }
    }

    /// What tells the record from others: its kind, and its key cut where the id ends.
    pub(super) fn identity(&self, entry: Entry) -> Option<(Kind, &str, &str)> {
        let seen = self.all.get(entry as usize)?;
        let (key, id) = (seen.key?, self.id(seen)?);
        let whole = self.keys.get(key.start..key.start + key.whole as usize)?;
        Some((seen.kind, id, &whole[id.len()..]))
    }

    fn id(&self, seen: &Seen) -> Option<&str> {
        let key = seen.key?;
        self.keys.get(key.start..key.start + key.id as usize)
    }

    /// The record as messages name it.
    pub(super) fn name(&self, entry: Entry) -> String {
        let Some(seen) = self.all.get(entry as usize) else {
            return String::new();
        };
        match self.id(seen) {
            Some(id) => format!("`{id}`"),
            None => format!("line {}", seen.line),
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
                record: Some(label(seen.kind, self.id(seen))),
            },
            kind: Some(seen.kind),
            id: self.id(seen).map(Into::into),
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

/// The id, and what else the key is made of.
fn parts(key: &RecordKey) -> (&str, &str) {
    match key {
        RecordKey::Rule(id) => (id.as_str(), ""),
        RecordKey::List(list) => (list.id.as_str(), list.namespace.name()),
        RecordKey::Item(id, list) => (id.as_str(), list.as_ref().map_or("", ListId::as_str)),
        RecordKey::SavedObject(ty, id) => (id.as_str(), ty),
    }
}
