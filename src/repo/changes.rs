//! What changed from one snapshot of a space to the next, record by record, told from checksums alone.

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap, HashSet};

use super::Repository;
use super::digest::Digest;
use super::folder::Folder;
use super::manifest::{Form, StoredFile, StoredSpace};
use super::object::{self, Told};
use crate::error::Result;

/// How many records came, went and are others than they were. A file of text counts as one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Changes {
    /// They are new.
    pub added: u64,
    /// They are gone.
    pub removed: u64,
    /// Their text is another.
    pub changed: u64,
}

impl Changes {
    /// Whether there are none.
    pub fn is_empty(self) -> bool {
        self == Self::default()
    }
}

impl std::ops::AddAssign for Changes {
    fn add_assign(&mut self, other: Self) {
        self.added += other.added;
        self.removed += other.removed;
        self.changed += other.changed;
    }
}

/// A line: the object that tells of it, and its place there from 0.
type Line = (Digest, usize);
/// What tells a record from others: its kind, its id, and what more that takes.
type Key = (Box<str>, Box<str>, Option<Box<str>>);

impl Repository {
    /// What changed in a space between two snapshots. Details lines and records without an id are passed over.
    pub fn changes(&self, before: &StoredSpace, after: &StoredSpace) -> Result<Changes> {
        let files = [before, after].into_iter().flat_map(|space| &space.files);
        let names: BTreeSet<&str> = files.map(|file| &*file.name).collect();
        let mut changes = Changes::default();
        for name in names {
            changes += changed(&self.folder, before.file(name), after.file(name))?;
        }
        Ok(changes)
    }
}

fn changed(
    folder: &Folder,
    before: Option<&StoredFile>,
    after: Option<&StoredFile>,
) -> Result<Changes> {
    let is_text = |file: Option<&StoredFile>| file.is_some_and(|file| file.form == Form::Text);
    if before.map(|file| file.sha256) == after.map(|file| file.sha256) {
        return Ok(Changes::default());
    }
    if is_text(before) || is_text(after) {
        return Ok(Changes {
            added: u64::from(before.is_none()),
            removed: u64::from(after.is_none()),
            changed: u64::from(before.is_some() && after.is_some()),
        });
    }
    let (before, after) = (lines(before), lines(after));
    let mut objects = Objects::default();
    let mut gone: HashMap<Key, Vec<Digest>> = HashMap::new();
    for line in before.difference(&after) {
        if let Some((key, sha256)) = objects.record(folder, *line)? {
            gone.entry(key).or_default().push(sha256);
        }
    }
    let mut changes = Changes::default();
    for line in after.difference(&before) {
        let Some((key, sha256)) = objects.record(folder, *line)? else {
            continue;
        };
        match gone.get_mut(&key).and_then(Vec::pop) {
            Some(old) => changes.changed += u64::from(old != sha256),
            None => changes.added += 1,
        }
    }
    changes.removed = gone.values().map(|left| left.len() as u64).sum();
    Ok(changes)
}

/// The lines that a file consists of.
fn lines(file: Option<&StoredFile>) -> HashSet<Line> {
    let parts = file
        .into_iter()
        .flat_map(|file| file.parts.iter().map(move |part| (file, part)));
    let lines = parts.filter_map(|(file, part)| {
        let records = file.objects[part.0 as usize].records?;
        let place = |line: u64| usize::try_from(line - 1).ok();
        let (first, last) = (place(part.1)?, place(part.2)?);
        Some((first..=last).map(move |line| (records, line)))
    });
    lines.flatten().collect()
}

/// What objects tell of lines, each read once.
#[derive(Default)]
struct Objects(HashMap<Digest, Vec<Told>>);

impl Objects {
    /// What tells a record from others, and its checksum; none if it has no id.
    fn record(&mut self, folder: &Folder, (records, line): Line) -> Result<Option<(Key, Digest)>> {
        let told = match self.0.entry(records) {
            Entry::Occupied(told) => told.into_mut(),
            Entry::Vacant(place) => place.insert(object::read_records(folder, records)?),
        };
        Ok(told.get(line).and_then(|told| {
            let key = (told.kind.clone()?, told.id.clone()?, told.of.clone());
            Some((key, told.sha256))
        }))
    }
}
