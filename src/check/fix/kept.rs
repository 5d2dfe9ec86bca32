//! Where the input waits, one record a line, and what was learned of it on the way.

use std::collections::{HashMap, HashSet};
use std::io::{BufWriter, Write};

use super::Fix;
use crate::error::{Error, Location, Result};
use crate::record::{Kind, Record, RecordKey};
use crate::stream::Spool;

/// What the first look at a record takes down.
#[derive(Debug)]
pub(super) struct Seen {
    kind: Kind,
    key: Option<RecordKey>,
    /// The text of a details record.
    details: Option<Box<str>>,
}

impl Seen {
    pub(super) fn of(record: &Record<'_>) -> Self {
        let kind = record.kind();
        Self {
            kind,
            key: RecordKey::of(record),
            details: (kind == Kind::Details).then(|| record.text().into()),
        }
    }
}

/// What a line holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holds {
    Nothing,
    Record(Kind),
    /// Something that cannot be read; the line passes.
    Unreadable,
    /// A part of a file that is not looked at further; the line passes.
    Passed,
}

/// A line of the copy: what it holds and where in the input it begins.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) holds: Holds,
    file: u32,
    line: u64,
    /// Whether it did not stand on that line as it stands here, so that its columns say nothing.
    pub(super) is_moved: bool,
}

/// What is known of the lines of the input, once they are in a temporary file, each with its end and text faults put right. Takes 24
/// bytes of memory for each, and the key of each record.
#[derive(Debug, Default)]
pub(super) struct Kept {
    files: Vec<Box<str>>,
    pub(super) places: Vec<Place>,
    /// What was put right in the text, with the line before which it is told.
    pub(super) fixes: Vec<(usize, Location, Fix)>,
    /// Why lines cannot be read.
    pub(super) faults: HashMap<usize, Error>,
    /// The last record of each key.
    pub(super) last: HashMap<RecordKey, usize>,
    /// The records whose key another has.
    pub(super) repeated: HashSet<usize>,
    pub(super) details: Vec<(usize, Box<str>)>,
    /// The records that stay, whatever they say.
    pub(super) rooted: HashSet<usize>,
}

impl Kept {
    /// Where the line at this index stood in the input.
    pub(super) fn location(&self, index: usize) -> Location {
        let place = self.places[index];
        Location {
            file: self.files[place.file as usize].clone(),
            line: place.line,
            column: 0,
            record: None,
        }
    }
}

/// The lines while they come.
#[derive(Debug)]
pub(super) struct Keeping {
    pub(super) kept: Kept,
    copy: BufWriter<Spool>,
}

impl Keeping {
    pub(super) fn new() -> Result<Self> {
        Ok(Self {
            kept: Kept::default(),
            copy: BufWriter::with_capacity(1 << 18, Spool::new()?),
        })
    }

    /// Takes a record: its bytes with a line end, in two parts if the record was put on this line.
    pub(super) fn record(&mut self, at: &Location, bytes: &[&[u8]], seen: Seen) -> Result<()> {
        let kept = &mut self.kept;
        let index = kept.places.len();
        if let Some(text) = seen.details {
            kept.details.push((index, text));
        }
        if let Some(before) = seen.key.and_then(|key| kept.last.insert(key, index)) {
            kept.repeated.extend([before, index]);
        }
        self.line(at, bytes, Holds::Record(seen.kind))
    }

    /// Takes a record that must stay where it is.
    pub(super) fn rooted(&mut self, at: &Location, bytes: &[u8], seen: Seen) -> Result<()> {
        self.kept.rooted.insert(self.kept.places.len());
        self.record(at, &[bytes], seen)
    }

    /// Takes a line that cannot be read, and why.
    pub(super) fn unreadable(&mut self, at: &Location, bytes: &[u8], why: Error) -> Result<()> {
        self.kept.faults.insert(self.kept.places.len(), why);
        self.line(at, &[bytes], Holds::Unreadable)
    }

    /// Takes any line, as [`record`](Self::record) does.
    pub(super) fn line(&mut self, at: &Location, bytes: &[&[u8]], holds: Holds) -> Result<()> {
        let files = &mut self.kept.files;
        if files.last() != Some(&at.file) {
            files.push(at.file.clone());
        }
        let file = u32::try_from(files.len() - 1)
            .map_err(|_| Error::refused("more than 4294967295 files"))?;
        self.kept.places.push(Place {
            holds,
            file,
            line: at.line,
            is_moved: bytes.len() > 1,
        });
        for bytes in bytes {
            self.copy.write_all(bytes).map_err(keeping)?;
        }
        Ok(())
    }

    /// Takes down what was put right before the next line.
    pub(super) fn fix(&mut self, at: Location, fix: Fix) {
        self.kept.fixes.push((self.kept.places.len(), at, fix));
    }

    /// What is known of the lines, and the lines, once all were taken.
    pub(super) fn finish(self) -> Result<(Kept, Spool)> {
        let copy = self.copy.into_inner();
        Ok((
            self.kept,
            copy.map_err(|error| keeping(error.into_error()))?,
        ))
    }
}

fn keeping(error: std::io::Error) -> Error {
    Error::io("writing the temporary copy of the input", error)
}
