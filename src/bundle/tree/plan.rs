//! Which file does each line of a bundle go to?
//!
//! Takes some 500 bytes of memory a line.

use std::collections::{HashMap, HashSet};

use super::files::Files;
use super::index::{Entry, Spelling};
use super::names::{Taken, hash};
use super::place::Place;
use super::survey::{Says, Survey, UNREADABLE, both_hold, stem};
use super::{Format, Key};
use crate::error::{Error, Result};
use crate::record::{Kind, RecordKey};

/// What a run does to the file of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// There was none; it is made.
    Created,
    /// It said something else, or was in another format; it is replaced.
    Updated,
    /// It said the same and is left as it is.
    Unchanged,
    /// The bundle has no such record any more; the file is removed.
    Removed,
    /// The bundle has no such record any more; the file stays.
    Gone,
}

impl Outcome {
    /// All outcomes.
    pub const ALL: [Self; 5] = [
        Self::Created,
        Self::Updated,
        Self::Unchanged,
        Self::Removed,
        Self::Gone,
    ];

    /// The name scripts and reports use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Updated => "updated",
            Self::Unchanged => "unchanged",
            Self::Removed => "removed",
            Self::Gone => "gone",
        }
    }
}

/// The file of one line.
#[derive(Debug)]
pub(super) struct Planned {
    /// The line's place on the shelf.
    pub(super) index: usize,
    pub(super) path: Box<str>,
    /// None for a line that is no record.
    pub(super) format: Option<Format>,
    pub(super) outcome: Outcome,
    /// Files that go when this one is written, by their places in the survey.
    pub(super) replaces: Vec<usize>,
}

/// What is known of a line that has to go to a file.
pub(super) struct Line {
    pub(super) place: Place,
    /// The kind of the record; none for a line that is none.
    pub(super) kind: Option<Kind>,
    /// What it says as JSON, and if that was asked for, in any format.
    pub(super) tokens: Says,
    pub(super) content: Option<Says>,
    pub(super) spelling: Spelling,
}

/// Finds files for lines, one after another.
pub(super) struct Plan<'s> {
    survey: &'s Survey,
    /// Where in the survey the files of a key are: the first is the one that stays.
    places: HashMap<&'s Key, Vec<usize>>,
    /// The format that every file is to have.
    wanted: Option<Format>,
    /// The format of new files.
    usual: Format,
    taken: Taken,
    /// What is no folder, in lower case.
    not_folders: HashSet<String>,
    numbers: HashMap<RecordKey, u32>,
    names: HashSet<Key>,
    used: Vec<bool>,
    pub(super) planned: Vec<Planned>,
    pub(super) entries: Vec<Entry>,
}

impl<'s> Plan<'s> {
    /// Begins with the tree as it is. Fails if two files hold one record.
    pub(super) fn new(
        survey: &'s Survey,
        files: &dyn Files,
        wanted: Option<Format>,
    ) -> Result<Self> {
        let mut plan = Self {
            survey,
            places: places(survey, files, wanted)?,
            wanted,
            usual: wanted.unwrap_or_else(|| usual(survey)),
            taken: Taken::default(),
            not_folders: HashSet::new(),
            numbers: HashMap::new(),
            // A name that something else has already would not tell the two apart.
            names: survey
                .foreign
                .iter()
                .filter_map(|(_, key)| key.clone())
                .collect(),
            used: vec![false; survey.found.len()],
            planned: Vec::new(),
            entries: Vec::new(),
        };
        for one in &survey.listed {
            plan.taken.insert(&one.path);
            plan.not_folders.insert(one.path.to_lowercase());
        }
        Ok(plan)
    }

    /// Whether content must be known: some file is, or will be, no JSON.
    pub(super) fn needs_content(survey: &Survey, wanted: Option<Format>) -> bool {
        let formats = survey.found.iter().filter_map(|one| one.format);
        formats.chain(wanted).any(|format| format != Format::Json)
    }

    /// Finds the file of the next line, `index` being its place on the shelf.
    pub(super) fn add(&mut self, index: usize, line: &Line) -> Result<()> {
        let (key, path) = self.key(line)?;
        self.entries.push(Entry::Record(key.clone(), line.spelling));
        let is_record = line.kind.is_some();
        let planned = match (self.places.get(&key), path) {
            (Some(places), _) => {
                let places = places.clone();
                self.again(index, &places, line)?
            }
            (None, Some(path)) => Planned {
                index,
                path: path.into(),
                format: is_record.then_some(self.usual),
                outcome: Outcome::Created,
                replaces: Vec::new(),
            },
            (None, None) => return Err(no_path(&key)),
        };
        self.planned.push(planned);
        Ok(())
    }

    /// The record's key, and the path that it has if the tree has no file of it.
    fn key(&mut self, line: &Line) -> Result<(Key, Option<String>)> {
        let extension = match line.kind {
            Some(_) => self.usual.extension(),
            None => UNREADABLE,
        };
        let Place { folder, stem, id } = &line.place;
        let Some(id) = id else {
            return self.name(line, extension);
        };
        let number = self.numbers.entry(id.clone()).or_default();
        *number += 1;
        let key = Key::Id(id.clone(), *number);
        if self.places.contains_key(&key) {
            return Ok((key, None));
        }
        let suffix = match number {
            1 => String::new(),
            number => format!("~{number}"),
        };
        self.check_folder(folder)?;
        let digits = hash(&key.to_string());
        let others = (1_u32..).map(|attempt| match attempt {
            1 => format!("{folder}{stem}-{digits}{suffix}{extension}"),
            _ => format!("{folder}{stem}-{digits}-{attempt}{suffix}{extension}"),
        });
        let paths = std::iter::once(format!("{folder}{stem}{suffix}{extension}")).chain(others);
        let path = self.taken.first_free(paths);
        Ok((key, path))
    }

    /// The key of a line without an id: a name that nothing else of its kind has.
    fn name(&mut self, line: &Line, extension: &str) -> Result<(Key, Option<String>)> {
        let Place { folder, stem, .. } = &line.place;
        self.check_folder(folder)?;
        let mut attempt = 0_u32;
        loop {
            attempt += 1;
            let name = match attempt {
                1 => stem.clone(),
                _ => format!("{stem}-{attempt}"),
            };
            let key = match line.kind {
                Some(kind) => Key::Name(kind, name.as_str().into()),
                None => Key::Unreadable(name.as_str().into()),
            };
            if !self.names.insert(key.clone()) {
                continue;
            }
            if self.places.contains_key(&key) {
                return Ok((key, None));
            }
            let path = format!("{folder}{name}{extension}");
            if let Some(path) = self.taken.first_free(std::iter::once(path)) {
                return Ok((key, Some(path)));
            }
        }
    }

    /// What to do to the files that a record has already.
    fn again(&mut self, index: usize, places: &[usize], line: &Line) -> Result<Planned> {
        let Some((&first, rest)) = places.split_first() else {
            return Err(Error::from(crate::error::ErrorKind::Bug {
                message: "a key without a file".into(),
            }));
        };
        for &place in places {
            self.used[place] = true;
        }
        let old = &self.survey.found[first];
        let format = old.format.map(|format| self.wanted.unwrap_or(format));
        if format == old.format {
            let same = old.says == line.tokens || Some(old.says) == line.content;
            let outcome = if same && rest.is_empty() {
                Outcome::Unchanged
            } else {
                Outcome::Updated
            };
            return Ok(Planned {
                index,
                path: old.path.clone(),
                format,
                outcome,
                replaces: rest.to_vec(),
            });
        }
        let body = &old.path[..old.path.rfind('.').unwrap_or(old.path.len())];
        let extension = format.unwrap_or_default().extension();
        let others = (2_u32..).map(|attempt| format!("{body}-{attempt}{extension}"));
        let path = self
            .taken
            .first_free(std::iter::once(format!("{body}{extension}")).chain(others));
        Ok(Planned {
            index,
            path: path.ok_or_else(|| no_path(&old.key))?.into(),
            format,
            outcome: Outcome::Updated,
            replaces: places.to_vec(),
        })
    }

    /// Fails if a part of the folder's path is something else.
    fn check_folder(&self, folder: &str) -> Result<()> {
        for (at, _) in folder.match_indices('/') {
            let part = &folder[..at];
            if self.not_folders.contains(&part.to_lowercase()) {
                return Err(Error::tree(format!(
                    "`{part}` must be a folder, found a file or a link"
                )));
            }
        }
        Ok(())
    }

    /// The files of the tree that no line went to.
    pub(super) fn left(&self) -> Vec<usize> {
        let used = self.used.iter().enumerate();
        used.filter(|(_, used)| !**used)
            .map(|(place, _)| place)
            .collect()
    }
}

fn no_path(key: &Key) -> Error {
    Error::from(crate::error::ErrorKind::Bug {
        message: format!("no file for {key}").into(),
    })
}

/// The format of all files, if they have one.
fn usual(survey: &Survey) -> Format {
    let mut formats = survey.found.iter().filter_map(|one| one.format);
    let first = formats.next().unwrap_or_default();
    if formats.all(|format| format == first) {
        first
    } else {
        Format::Json
    }
}

/// The files of each key. Several are what an interrupted change of format left: they differ in their extension alone, and the
/// one in the wanted format comes first. Anything else fails.
fn places<'s>(
    survey: &'s Survey,
    files: &dyn Files,
    wanted: Option<Format>,
) -> Result<HashMap<&'s Key, Vec<usize>>> {
    let mut places: HashMap<&Key, Vec<usize>> = HashMap::with_capacity(survey.found.len());
    for (place, one) in survey.found.iter().enumerate() {
        let of_key = places.entry(&one.key).or_default();
        if let Some(&other) = of_key.first() {
            let other = &survey.found[other];
            let body = |path: &'s str| path.rsplit_once('.').map(|(body, _)| body);
            if body(&one.path) != body(&other.path) || stem(&one.path).is_empty() {
                return Err(both_hold(files, other, one));
            }
        }
        of_key.push(place);
    }
    for of_key in places.values_mut() {
        of_key.sort_by_key(|&place| survey.found[place].format != wanted);
    }
    Ok(places)
}
