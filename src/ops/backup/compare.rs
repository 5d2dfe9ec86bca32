//! How do value lists and timelines of a space differ from what a snapshot has of them?
//!
//! Values are a set: in which order they stand, and how often, is nothing. A timeline that was imported anew is the same if it says the
//! same.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};

use super::{TIMELINES, VALUE_LISTS, VALUES};
use crate::error::{Error, Result};
use crate::kibana::{Client, Space};
use crate::ops::export::is_refusal;
use crate::ops::timelines::{self, Differences, Which};
use crate::ops::value_lists::{self, Settings};
use crate::repo::{Repository, StoredFile, StoredSpace};
use crate::stream::Spool;

/// How much beside records is not as in a snapshot.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Beside {
    /// Value lists, each with its settings and all its values.
    pub value_lists: Differences,
    /// Timelines and templates that users own.
    pub timelines: Differences,
    /// Whether some of it could not be read.
    pub is_part: bool,
}

impl Beside {
    /// Compares what a snapshot has of a space with the space as it is.
    pub fn compare(
        (repository, stored): (&Repository, &StoredSpace),
        (client, space): (&Client, &Space),
    ) -> Result<Self> {
        let mut is_part = false;
        let mut had = |found: Result<Differences>| match found {
            Err(error) if is_refusal(&error) => {
                is_part = true;
                Ok(Differences::default())
            }
            found => found,
        };
        let value_lists = had(value_lists(repository, stored, (client, space)))?;
        let timelines = had(timelines(repository, stored, (client, space)))?;
        Ok(Self {
            value_lists,
            timelines,
            is_part,
        })
    }

    /// Whether anything differs.
    pub fn has_differences(&self) -> bool {
        let none = Differences::default();
        self.value_lists != none || self.timelines != none
    }

    /// How many were added, removed and changed, by what reports call them.
    pub fn counts(&self) -> [(&'static str, [u64; 3]); 2] {
        let counts = |it: Differences| [it.added, it.removed, it.changed];
        [
            ("value-list", counts(self.value_lists)),
            ("timeline", counts(self.timelines)),
        ]
    }
}

fn open(repository: &Repository, file: &StoredFile) -> impl BufRead {
    BufReader::with_capacity(1 << 16, repository.read(file))
}

fn value_lists(
    repository: &Repository,
    stored: &StoredSpace,
    (client, space): (&Client, &Space),
) -> Result<Differences> {
    let live = value_lists::all(client, space)?;
    let mut live: BTreeMap<&str, &Settings> = live.iter().map(|list| (list.id(), list)).collect();
    let mut found = Differences::default();
    let settings = stored.file(VALUE_LISTS);
    let lines = settings.map(|file| open(repository, file).lines());
    for line in lines.into_iter().flatten() {
        let text = line.map_err(|source| Error::io("reading a snapshot", source))?;
        let Some(old) = Settings::parse(&text) else {
            continue;
        };
        let values = stored.file(&format!("{VALUES}{}", old.id()));
        match (live.remove(old.id()), values) {
            (None, _) => found.removed += 1,
            (Some(new), Some(values)) if new.is_like(&old) => {
                let values = open(repository, values);
                let differs = value_lists::differs(client, space, old.id(), values)?;
                found.changed += u64::from(differs);
            }
            (Some(_), _) => found.changed += 1,
        }
    }
    found.added = live.len() as u64;
    Ok(found)
}

fn timelines(
    repository: &Repository,
    stored: &StoredSpace,
    (client, space): (&Client, &Space),
) -> Result<Differences> {
    let listed = timelines::list(client, space, Which::All);
    let listed = match (listed, stored.file(TIMELINES)) {
        (Ok(listed), _) => listed,
        // A server that does not know of timelines has none.
        (Err(error), None) if super::beside::is_unknown(&error) => Vec::new(),
        (Err(error), _) => return Err(error),
    };
    let owned = listed.iter().filter(|it| !it.is_prebuilt());
    let ids: Vec<&str> = owned.map(|it| &*it.id).collect();
    let mut spool = Spool::new()?;
    timelines::export(client, space, &ids, &mut spool)?;
    let new = BufReader::new(spool.reader()?);
    match stored.file(TIMELINES) {
        Some(file) => timelines::compare(open(repository, file), new),
        None => timelines::compare(&b""[..], new),
    }
}
