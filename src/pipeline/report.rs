//! What a run did.

use std::ops::AddAssign;

use crate::error::{Error, Location};
use crate::record::{Counts, Note};

/// What a run did, by kind of record.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Records read.
    pub read: Counts,
    /// Records written with a change, details that were counted anew included.
    pub changed: Counts,
    /// Records that a step left out.
    pub dropped: Counts,
    /// Records written beside those that were read.
    pub added: Counts,
    /// Lines that could not be read or edited; zero unless they were to be kept or dropped.
    pub refused: u64,
    /// The random seed that steps took, if any did.
    pub seed: Option<String>,
}

impl AddAssign<&Self> for Report {
    fn add_assign(&mut self, other: &Self) {
        self.read += other.read;
        self.changed += other.changed;
        self.dropped += other.dropped;
        self.added += other.added;
        self.refused += other.refused;
        if let Some(seed) = &other.seed {
            self.seed.get_or_insert_with(|| seed.clone());
        }
    }
}

/// Something that happened to one record, told in input order while a pipeline runs.
#[derive(Debug)]
pub enum Event<'e> {
    /// A line could not be read or edited, and was kept or dropped.
    Refused {
        /// Why, with its place.
        error: &'e Error,
        /// The line as it was read, with its line end.
        line: &'e [u8],
    },
    /// A transform noted something.
    Note {
        /// The record.
        location: &'e Location,
        /// What was noted.
        note: &'e Note,
    },
}
