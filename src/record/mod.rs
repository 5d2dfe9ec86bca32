//! Knows what the lines mean.
//!
//! A [`Record`] is one line: an object, its [`Kind`], and what was noted about it on the way. [`Census`] is what one pass
//! learned of a whole bundle. Facts about Kibana's import rest on its handler, 8.0 to 9.x.

mod census;
mod connector;
mod details;
mod exception;
mod ids;
mod kind;
mod rule;
pub(crate) mod server_fields;

use std::borrow::Cow;
use std::ops::{Deref, DerefMut};

pub use census::{Census, RecordKey};
pub(crate) use connector::is_system_connector;
pub use details::{Counts, Missed, details_line, details_line_missing, recount};
pub use ids::{ConnectorId, ItemId, ListId, ListKey, Namespace, RuleId};
pub use kind::{Kind, Kinds};

use crate::error::{Error, ErrorKind, PathStep, Result};
use crate::json::{JsonError, Object, Raw};

/// One line of a bundle. Reads and edits as the [`Object`] it holds.
#[derive(Debug)]
pub struct Record<'b> {
    object: Object<'b>,
    kind: Kind,
    ordinal: u64,
    notes: Vec<Note>,
}

/// Something a transform wants told about a record.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Note {
    /// An id became another one, here or wherever it is referred to.
    Renamed {
        /// What the id names: `rule`, `exception-list`, `exception-item` or `connector`.
        what: &'static str,
        /// The id as it was read.
        old: Box<str>,
        /// The id as it is written.
        new: Box<str>,
    },
    /// Something stays as it was, because a file-level edit cannot know what to make of it.
    Unmapped {
        /// The member, as in `filters.meta.index`.
        field: Box<str>,
        /// Its value as text.
        value: Box<str>,
        /// Why, and what to do.
        why: &'static str,
    },
    /// A value is not what it was, because of the Kibana that the bundle is for.
    Converted {
        /// What became of it.
        effect: Effect,
        /// The way from the record down to the value, as it was read.
        pointer: Vec<PathStep>,
        /// The value's JSON, cut short where it is long.
        value: Box<str>,
        /// Why, and what stands there now if anything does.
        why: Box<str>,
    },
    /// The whole record is left out. It is told although the record is not written.
    LeftOut {
        /// What people call the record; empty if it has no name.
        name: Box<str>,
        /// Why.
        why: Box<str>,
    },
    /// The record is of no known kind and passes untouched.
    Unknown,
}

/// What became of a value that was converted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Effect {
    /// It is gone, or says less than it did.
    Lost,
    /// It says the same in another way.
    Changed,
    /// It is gone and nobody will miss it: a Kibana makes it itself, or goes by the same without it.
    Cleared,
    /// It stays, and the Kibana may not take it.
    Kept,
}

impl Effect {
    /// The name scripts and reports use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Lost => "lost",
            Self::Changed => "changed",
            Self::Cleared => "cleared",
            Self::Kept => "kept",
        }
    }
}

impl<'b> Record<'b> {
    /// Reads one line, without its line end. `ordinal` is its place in the bundle, from 0.
    ///
    /// Fails if the line is not one JSON object.
    pub fn parse(line: &'b str, ordinal: u64) -> Result<Self, JsonError> {
        let object = Object::parse(line)?;
        let kind = Kind::of(&object);
        Ok(Self {
            object,
            kind,
            ordinal,
            notes: Vec::new(),
        })
    }

    /// What the line is to Kibana's importer, decided when it was read.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Its place in the bundle, from 0, blank lines counted.
    pub fn ordinal(&self) -> u64 {
        self.ordinal
    }

    /// Notes something for the report.
    pub fn note(&mut self, note: Note) {
        self.notes.push(note);
    }

    /// Notes that an id became another.
    pub fn renamed(&mut self, what: &'static str, old: &str, new: &str) {
        self.note(Note::Renamed {
            what,
            old: old.into(),
            new: new.into(),
        });
    }

    /// What was noted so far, which is taken away.
    pub fn take_notes(&mut self) -> Vec<Note> {
        std::mem::take(&mut self.notes)
    }

    /// The strings of the array that the member holds; none if it is absent or null.
    ///
    /// Fails if it is anything but an array of strings.
    pub fn strings(&self, key: &str) -> Result<Option<Vec<Cow<'_, str>>>> {
        strings(&self.object, key)
    }

    /// The id that people know the record by: `rule_id`, `item_id`, `list_id`, or a connector's `id`.
    pub fn id(&self) -> Option<Cow<'_, str>> {
        self.object.str(self.kind.id_key()?)
    }

    /// The record as messages name it, as in ``rule `acme-1` ``.
    pub fn label(&self) -> String {
        match self.id() {
            Some(id) => format!("{} `{id}`", self.kind),
            None => self.kind.to_string(),
        }
    }
}

impl<'b> Deref for Record<'b> {
    type Target = Object<'b>;

    fn deref(&self) -> &Object<'b> {
        &self.object
    }
}

impl<'b> DerefMut for Record<'b> {
    fn deref_mut(&mut self) -> &mut Object<'b> {
        &mut self.object
    }
}

/// The strings of the array at `key`; none if it is absent or null. Fails if it is anything but an array of strings.
pub fn strings<'o>(object: &'o Object<'_>, key: &str) -> Result<Option<Vec<Cow<'o, str>>>> {
    let Some(value) = object.get(key).filter(|value| !value.is_null()) else {
        return Ok(None);
    };
    texts(value, key)
        .map(Some)
        .map_err(|error| error.within(key))
}

fn texts<'o>(value: Raw<'o>, key: &str) -> Result<Vec<Cow<'o, str>>> {
    const EXPECTED: &str = "an array of strings";
    if !value.text().starts_with('[') {
        return Err(Error::wrong_type(key, EXPECTED, value.kind().article()));
    }
    let one = |(index, element): (usize, Raw<'o>)| {
        element.as_str().ok_or_else(|| {
            let found = match element.kind().article() {
                "null" => "a null among them",
                "a number" => "a number among them",
                "a boolean" => "a boolean among them",
                "an array" => "an array among them",
                _ => "an object among them",
            };
            Error::wrong_type(key, EXPECTED, found).within(index)
        })
    };
    value.elements().enumerate().map(one).collect()
}

/// The error for a line that is valid JSON but no object, if that is what it is.
pub fn not_an_object(line: &str) -> Option<Error> {
    let value = Raw::parse(line).ok()?;
    let found = value.kind();
    (!value.text().starts_with('{')).then(|| {
        ErrorKind::NotAnObject {
            found: found.article(),
        }
        .into()
    })
}
