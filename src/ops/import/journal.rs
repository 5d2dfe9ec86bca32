//! How far did an import get? Taken down before and after each part, so that a run that was cut off can be taken up again.
//!
//! A journal is JSON lines: what the run is, then for each space what it was to do, each part before it is sent, and what became
//! of it. Lines of the bundle stand in it by number, from 0, as ranges. It holds no secret.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde_json::{Value, json};

use super::super::model::Outcome;
use super::aims::Aim;
use super::told::Told;
use crate::error::{Error, Result};
use crate::kibana::Space;

/// Hears how an import goes on.
pub trait Log: Sync {
    /// What nobody should be surprised by is about to be done.
    fn warn(&self, _: &Space, _warning: &str) {}
    /// What is to become of each line.
    fn aims(&self, space: &Space, aims: &[Aim]) -> Result<()>;
    /// These lines are about to be sent.
    fn sending(&self, space: &Space, part: u32, records: &[u32]) -> Result<()>;
    /// The part has been heard of; what is known of its lines.
    fn settled(
        &self,
        space: &Space,
        part: u32,
        records: &[u32],
        told: &[Option<Told>],
    ) -> Result<()>;
    /// The space is done; `doubles` are lines whose key several objects have, and how many.
    fn done(&self, space: &Space, told: &[Option<Told>], doubles: &[(u32, usize)]) -> Result<()>;
}

/// What an earlier run knew of a space.
#[derive(Debug, Default, Clone)]
pub struct Before {
    /// What was to become of each line; empty if it had not begun.
    pub aims: Vec<Aim>,
    /// What became of lines.
    pub told: HashMap<u32, Told>,
    /// The lines that were being sent.
    pub doubtful: Vec<u32>,
    /// How many parts were sent.
    pub parts: u32,
    /// Whether the space was done.
    pub is_done: bool,
    /// Lines whose key several objects had when it was done, and how many.
    pub doubles: Vec<(u32, usize)>,
    /// Value lists that it made, or was about to make.
    pub value_lists: BTreeSet<Box<str>>,
    sent_in: HashMap<u32, u32>,
}

impl Before {
    /// The part that a line was last sent in.
    pub(super) fn part_of(&self, index: u32) -> Option<u32> {
        self.sent_in.get(&index).copied()
    }
}

/// A journal in a file.
#[derive(Debug)]
pub struct Journal {
    file: Mutex<File>,
    path: PathBuf,
}

impl Journal {
    /// Begins a journal, where there is none yet, for a run that `head` describes.
    pub fn begin(path: &Path, head: &Value) -> Result<Self> {
        let mut options = OpenOptions::new();
        options.append(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(path).map_err(|source| writing(path, source))?;
        let journal = Self {
            file: Mutex::new(file),
            path: path.into(),
        };
        match journal.write(head) {
            Ok(()) => Ok(journal),
            // Of a run that could not even begin nothing is left.
            Err(error) => journal.remove().and(Err(error)),
        }
    }

    /// Opens a journal to go on with it; its head, and what it knows of each space.
    pub fn resume(path: &Path) -> Result<(Self, Value, BTreeMap<Box<str>, Before>)> {
        let text = std::fs::read_to_string(path).map_err(|source| {
            Error::io(format!("reading the journal `{}`", path.display()), source)
        })?;
        let broken = || Error::usage(format!("`{}` is no journal of an import", path.display()));
        let mut lines = text.split_inclusive('\n');
        let head: Value = lines
            .next()
            .and_then(|line| serde_json::from_str(line).ok())
            .ok_or_else(broken)?;
        if head["journal"] != "import" {
            return Err(broken());
        }
        let mut spaces: BTreeMap<Box<str>, Before> = BTreeMap::new();
        let mut whole = text.split_inclusive('\n').next().map_or(0, str::len);
        for line in lines {
            // The last line may have been cut off with the run.
            let Ok(entry) = serde_json::from_str::<Value>(line) else {
                break;
            };
            whole += line.len();
            let space = entry["space"].as_str().ok_or_else(broken)?;
            spaces.entry(space.into()).or_default().read(&entry);
        }
        let file = OpenOptions::new()
            .append(true)
            .open(path)
            .and_then(|file| file.set_len(whole as u64).map(|()| file))
            .map_err(|source| writing(path, source))?;
        let journal = Self {
            file: Mutex::new(file),
            path: path.into(),
        };
        Ok((journal, head, spaces))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Removes it, since there is nothing to take up.
    pub fn remove(self) -> Result<()> {
        drop(self.file);
        std::fs::remove_file(&self.path).map_err(|source| writing(&self.path, source))
    }

    /// Takes down that a value list, which the space does not have, is about to be made.
    pub fn making(&self, space: &Space, value_list: &str) -> Result<()> {
        self.write(&json!({"space": space.as_str(), "value_list": value_list}))
    }

    /// Adds a line, and makes sure that it outlasts the machine.
    fn write(&self, entry: &Value) -> Result<()> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let line = format!("{entry}\n");
        file.write_all(line.as_bytes())
            .and_then(|()| file.sync_data())
            .map_err(|source| writing(&self.path, source))
    }
}

fn writing(path: &Path, source: io::Error) -> Error {
    Error::io(format!("writing the journal `{}`", path.display()), source)
}

impl Log for Journal {
    fn aims(&self, space: &Space, aims: &[Aim]) -> Result<()> {
        let of = |wanted: Aim| {
            ranges(
                (0_u32..)
                    .zip(aims)
                    .filter(|(_, aim)| **aim == wanted)
                    .map(|(index, _)| index),
            )
        };
        self.write(&json!({
            "space": space.as_str(),
            "lines": aims.len(),
            "create": of(Aim::Create),
            "overwrite": of(Aim::Overwrite),
        }))
    }

    fn sending(&self, space: &Space, part: u32, records: &[u32]) -> Result<()> {
        self.write(&json!({
            "space": space.as_str(),
            "part": part,
            "sending": ranges(records.iter().copied()),
        }))
    }

    fn settled(
        &self,
        space: &Space,
        part: u32,
        records: &[u32],
        told: &[Option<Told>],
    ) -> Result<()> {
        let known = records
            .iter()
            .filter_map(|&index| Some((index, told[index as usize].as_ref()?)));
        self.write(&json!({
            "space": space.as_str(),
            "part": part,
            "settled": grouped(known),
        }))
    }

    fn done(&self, space: &Space, told: &[Option<Told>], doubles: &[(u32, usize)]) -> Result<()> {
        let known = (0_u32..)
            .zip(told)
            .filter_map(|(index, told)| Some((index, told.as_ref()?)));
        self.write(&json!({
            "space": space.as_str(),
            "done": true,
            "settled": grouped(known),
            "doubles": doubles,
        }))
    }
}

/// No journal at all.
#[derive(Debug, Clone, Copy)]
pub struct Unlogged;

impl Log for Unlogged {
    fn aims(&self, _: &Space, _: &[Aim]) -> Result<()> {
        Ok(())
    }

    fn sending(&self, _: &Space, _: u32, _: &[u32]) -> Result<()> {
        Ok(())
    }

    fn settled(&self, _: &Space, _: u32, _: &[u32], _: &[Option<Told>]) -> Result<()> {
        Ok(())
    }

    fn done(&self, _: &Space, _: &[Option<Told>], _: &[(u32, usize)]) -> Result<()> {
        Ok(())
    }
}

/// Rising numbers as first and last of each run.
fn ranges(numbers: impl Iterator<Item = u32>) -> Value {
    let mut ranges: Vec<(u32, u32)> = Vec::new();
    for number in numbers {
        match ranges.last_mut() {
            Some((_, last)) if *last + 1 == number => *last = number,
            _ => ranges.push((number, number)),
        }
    }
    ranges
        .into_iter()
        .map(|(first, last)| json!([first, last]))
        .collect()
}

fn numbers(ranges: &Value) -> impl Iterator<Item = u32> + '_ {
    let number = |value: &Value| value.as_u64().and_then(|it| u32::try_from(it).ok());
    let ranges = ranges.as_array().into_iter().flatten();
    ranges
        .filter_map(move |range| Some(number(&range[0])?..=number(&range[1])?))
        .flatten()
}

/// What was told, lines of which the same was told together.
fn grouped<'t>(told: impl Iterator<Item = (u32, &'t Told)>) -> Value {
    let mut groups: Vec<(&Told, Vec<u32>)> = Vec::new();
    for (index, told) in told {
        // Told of many lines are the same few things; what is told of one alone stands at the end.
        match groups.iter_mut().rev().take(8).find(|(it, _)| *it == told) {
            Some((_, lines)) => lines.push(index),
            None => groups.push((told, vec![index])),
        }
    }
    groups
        .into_iter()
        .map(|(told, lines)| {
            json!({
                "records": ranges(lines.into_iter()),
                "outcome": told.outcome.name(),
                "status": told.status,
                "message": told.message,
                "part": told.part,
                "differs": told.differs,
            })
        })
        .collect()
}

impl Before {
    fn read(&mut self, entry: &Value) {
        self.value_lists
            .extend(entry["value_list"].as_str().map(Box::from));
        if let Some(lines) = entry["lines"]
            .as_u64()
            .and_then(|it| usize::try_from(it).ok())
        {
            // A run that was taken up knows less than the first of what was there before; the first is believed.
            if self.aims.is_empty() {
                self.aims = vec![Aim::None; lines];
                for (key, aim) in [("create", Aim::Create), ("overwrite", Aim::Overwrite)] {
                    for index in numbers(&entry[key]) {
                        if let Some(slot) = self.aims.get_mut(index as usize) {
                            *slot = aim.clone();
                        }
                    }
                }
            }
            return;
        }
        if let Some(part) = entry["part"].as_u64().and_then(|it| u32::try_from(it).ok()) {
            self.parts = self.parts.max(part);
            self.doubtful = numbers(&entry["sending"]).collect();
            self.sent_in
                .extend(self.doubtful.iter().map(|&index| (index, part)));
        }
        for group in entry["settled"].as_array().into_iter().flatten() {
            let name = group["outcome"].as_str().unwrap_or_default();
            let Some(outcome) = Outcome::ALL.into_iter().find(|it| it.name() == name) else {
                continue;
            };
            let number = |key: &str| group[key].as_u64();
            let told = Told {
                outcome,
                status: number("status").and_then(|it| u16::try_from(it).ok()),
                message: group["message"].as_str().map(Into::into),
                part: number("part").and_then(|it| u32::try_from(it).ok()),
                differs: group["differs"] == true,
            };
            for index in numbers(&group["records"]) {
                self.told.insert(index, told.clone());
            }
        }
        if entry["done"] == true {
            self.is_done = true;
            self.doubles = serde_json::from_value(entry["doubles"].clone()).unwrap_or_default();
        }
    }

    /// What became of each of so many lines, for a space that was done.
    pub fn into_told(mut self, lines: usize) -> Vec<Option<Told>> {
        let told = (0_u32..).take(lines).map(|index| self.told.remove(&index));
        told.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_taken_down_is_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("j");
        let head = json!({"schema_version": 1, "journal": "import", "url": "x"});
        let journal = Journal::begin(&path, &head).unwrap();
        assert!(Journal::begin(&path, &head).is_err());
        let space: Space = "soc".parse().unwrap();
        let aims = [Aim::Create, Aim::Create, Aim::Unchanged, Aim::Overwrite];
        journal.aims(&space, &aims).unwrap();
        journal.sending(&space, 1, &[0, 1]).unwrap();
        let created = Told::new(Outcome::Created, Some(200), Some(1));
        let refused = Told::new(Outcome::Refused, Some(400), Some(1)).saying("no");
        let told = vec![Some(created.clone()), Some(refused.clone()), None, None];
        journal.settled(&space, 1, &[0, 1], &told).unwrap();
        journal.sending(&space, 2, &[3]).unwrap();
        std::fs::write(
            &path,
            std::fs::read_to_string(&path).unwrap() + "{\"space\":\"so",
        )
        .unwrap();
        let (journal, read, spaces) = Journal::resume(&path).unwrap();
        assert_eq!(read, head);
        let before = &spaces["soc"];
        assert_eq!(
            before.aims,
            [Aim::Create, Aim::Create, Aim::None, Aim::Overwrite]
        );
        assert_eq!((&before.told[&0], &before.told[&1]), (&created, &refused));
        assert_eq!(
            (before.parts, &*before.doubtful, before.is_done),
            (2, &[3][..], false)
        );
        assert_eq!(before.part_of(3), Some(2));
        journal.done(&space, &told, &[(1, 2)]).unwrap();
        let (journal, _, spaces) = Journal::resume(&path).unwrap();
        assert!(spaces["soc"].is_done && spaces["soc"].doubtful == [3]);
        assert_eq!(spaces["soc"].doubles, [(1, 2)]);
        assert_eq!(spaces["soc"].clone().into_told(4), told);
        journal.remove().unwrap();
        assert!(!path.exists());
    }

    #[test]
    fn what_is_no_journal_is_not_taken_for_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("j");
        for text in ["", "x", "{}\n", "{\"journal\":\"import\"}\n{\"part\":1}\n"] {
            std::fs::write(&path, text).unwrap();
            assert!(Journal::resume(&path).is_err(), "{text}");
        }
    }
}
