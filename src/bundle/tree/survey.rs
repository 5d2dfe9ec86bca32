//! Which records are in a tree, and in which files?

use std::collections::{HashMap, HashSet};

use xxhash_rust::xxh3::xxh3_128;

use super::files::{Files, Listed};
use super::format::is_object;
use super::index::{self, Entry};
use super::{Format, INDEX, Key};
use crate::bundle::{Fields, Fingerprint, fingerprint};
use crate::error::{Error, Result};
use crate::pipeline::{Reading, engine};
use crate::record::{Kind, Record};

/// The extension of files that hold a line as it was read, because it is no record.
pub(super) const UNREADABLE: &str = ".unreadable";

/// Files that a thread reads at a time.
const AT_A_TIME: usize = 32;

/// A file of a tree that holds a record, or a line that is none.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) path: Box<str>,
    pub(super) key: Key,
    /// None for a line that is no record.
    pub(super) format: Option<Format>,
    pub(super) says: Says,
}

/// What tells whether a file says what a record says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Says {
    /// The same tokens, or the same bytes of a line that is none.
    Tokens(u128),
    /// The same content, since YAML and TOML do not keep tokens.
    Content(Fingerprint),
}

impl Says {
    pub(super) fn tokens(text: &[u8]) -> Self {
        Self::Tokens(xxh3_128(text))
    }

    pub(super) fn content(record: &Record<'_>) -> Self {
        Self::Content(fingerprint(record, Fields::All))
    }
}

/// What there is in a tree.
#[derive(Debug)]
pub(super) struct Survey {
    /// All paths, others than records among them.
    pub(super) listed: Vec<Listed>,
    /// Files of records, in order of paths.
    pub(super) found: Vec<Found>,
    /// Files that could hold records and hold none, or none that can be told from others.
    pub(super) foreign: Vec<(Box<str>, Option<Key>)>,
    /// The index, if there is one.
    pub(super) index: Option<Vec<Entry>>,
    /// The index as it stands in its file.
    pub(super) index_text: Vec<u8>,
}

impl Survey {
    /// Reads every file that may hold a record. The error is that of the first such file that cannot be read.
    pub(super) fn take(reading: &Reading, files: &dyn Files) -> Result<Self> {
        let listed = files.list()?;
        let (index, index_text) = read_index(files, &listed)?;
        let mut survey = Self {
            found: Vec::new(),
            foreign: Vec::new(),
            index,
            index_text,
            listed: Vec::new(),
        };
        let known: HashSet<&Key> = survey
            .index
            .iter()
            .flatten()
            .filter_map(|entry| match entry {
                Entry::Record(key, _) => Some(key),
                _ => None,
            })
            .collect();
        let is_ours = |key: &Key| match key {
            Key::Id(..) => true,
            // Without an index there is nothing but the name to go by.
            Key::Name(Kind::Details, _) => survey.index.is_none() || known.contains(key),
            Key::Name(..) | Key::Unreadable(_) => known.contains(key),
        };
        let (mut found, mut foreign) = (Vec::new(), Vec::new());
        let mut paths = listed
            .iter()
            .filter(|one| one.is_file)
            .map(|one| &*one.path)
            .filter(|path| Format::of_name(path).is_some() || path.ends_with(UNREADABLE));
        let threads = reading.threads();
        engine::ordered(
            &engine::pool(threads)?,
            engine::IN_FLIGHT * threads,
            || {
                let some: Vec<&str> = paths.by_ref().take(AT_A_TIME).collect();
                Ok((!some.is_empty()).then_some(some))
            },
            |paths| {
                let read = paths
                    .into_iter()
                    .map(|path| Ok((path, examine(files, path)?)));
                read.collect::<Result<Vec<_>>>()
            },
            |some| {
                for (path, seen) in some {
                    match seen {
                        Some(one) if is_ours(&one.key) => found.push(one),
                        other => foreign.push((path.into(), other.map(|one| one.key))),
                    }
                }
                Ok(())
            },
        )?;
        survey.found = found;
        survey.foreign = foreign;
        survey.listed = listed;
        Ok(survey)
    }

    /// Where in `found` each key is. Fails if two files hold one.
    pub(super) fn by_key(&self, files: &dyn Files) -> Result<HashMap<&Key, usize>> {
        let mut places = HashMap::with_capacity(self.found.len());
        for (place, one) in self.found.iter().enumerate() {
            if let Some(other) = places.insert(&one.key, place) {
                return Err(both_hold(files, &self.found[other], one));
            }
        }
        Ok(places)
    }
}

/// The error for two files of one record.
pub(super) fn both_hold(files: &dyn Files, one: &Found, other: &Found) -> Error {
    Error::tree(format!(
        "`{}` and `{}` both hold {}, expected each record in one file",
        files.name(&one.path),
        files.name(&other.path),
        one.key
    ))
}

fn read_index(files: &dyn Files, listed: &[Listed]) -> Result<(Option<Vec<Entry>>, Vec<u8>)> {
    let Some(one) = listed.iter().find(|one| one.path == INDEX) else {
        return Ok((None, Vec::new()));
    };
    let name = files.name(INDEX);
    if !one.is_file {
        return Err(Error::tree(format!(
            "`{name}` must be a file, found a link or something else"
        )));
    }
    let bytes = files.read(INDEX)?;
    let text =
        std::str::from_utf8(&bytes).map_err(|_| Error::tree(format!("`{name}` must be UTF-8")))?;
    Ok((Some(index::read(text, &name)?), bytes))
}

/// What a file holds; none if it is no record.
fn examine(files: &dyn Files, path: &str) -> Result<Option<Found>> {
    let bytes = files.read(path)?;
    let stem = stem(path);
    let Some(format) = Format::of_name(path) else {
        return Ok(Some(Found {
            path: path.into(),
            key: Key::Unreadable(stem.into()),
            format: None,
            says: Says::tokens(unended(&bytes)),
        }));
    };
    let json = format.read(&bytes, &files.name(path))?;
    if !is_object(&json) {
        return Ok(None);
    }
    let record = Record::parse(&json, 0)?;
    let says = match format {
        Format::Json => Says::tokens(json.as_bytes()),
        Format::Yaml | Format::Toml => Says::content(&record),
    };
    Ok(Some(Found {
        path: path.into(),
        key: Key::in_file(&record, stem),
        format: Some(format),
        says,
    }))
}

/// The name of a file without its folders and its extension.
pub(super) fn stem(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}

/// A line without the line end that an editor may have added.
pub(super) fn unended(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\n").unwrap_or(line)
}
