//! What becomes of each line? Taken down while the import goes on.

use super::answer::{Message, Reply};
use crate::record::{Kind, ListKey};

/// What becomes of a record, by the names of reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the reports' own names")]
pub enum Outcome {
    Created,
    Overwritten,
    Unchanged,
    Conflict,
    Refused,
    HeldBack,
    Failed,
    Unknown,
}

impl Outcome {
    /// All, in the order of reports.
    pub const ALL: [Self; 8] = [
        Self::Created,
        Self::Overwritten,
        Self::Unchanged,
        Self::Conflict,
        Self::Refused,
        Self::HeldBack,
        Self::Failed,
        Self::Unknown,
    ];

    /// The name that reports use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Overwritten => "overwritten",
            Self::Unchanged => "unchanged",
            Self::Conflict => "conflict",
            Self::Refused => "refused",
            Self::HeldBack => "held_back",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
        }
    }

    /// Whether the record is in the space afterwards as the line says.
    pub fn is_there(self) -> bool {
        matches!(self, Self::Created | Self::Overwritten | Self::Unchanged)
    }
}

/// Something that happens beside a record's outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// The rule arrives without its reference to this list, which is not there or is of another type.
    LosesReference(ListKey),
    /// The rule arrives without its action through this connector id, which two connectors answer to.
    LosesAction(Box<str>),
    /// The connector cannot be used before somebody gives it its secrets.
    NeedsSecrets,
    /// The connector had secrets, which are gone.
    LosesSecrets,
    /// The connector gets an id that the server makes, since another space has its id; the rules of the request follow.
    GetsNewId,
    /// Items of the list go that the lines do not have; how many.
    RemovesItems(u64),
    /// The list has no items for a moment, while they are made anew.
    LacksItemsForAMoment,
    /// A later line has the same id, and is the one that counts.
    Superseded,
}

/// What becomes of one line.
#[derive(Debug, Clone)]
pub struct Outlook {
    /// The line's place in the request, from 0, blank lines counted.
    pub line: usize,
    /// What it is to the import.
    pub kind: Kind,
    /// The id that people know it by.
    pub id: Option<Box<str>>,
    /// What becomes of it.
    pub outcome: Outcome,
    /// The status that the server gives it; 200 if it went well, none if the server has no word of it.
    pub status: Option<u16>,
    /// What the server says of it.
    pub message: Option<Message>,
    /// What else happens.
    pub notes: Vec<Note>,
}

/// Where the outlook of a line is kept.
pub(super) type Place = usize;

/// All lines that are records.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    records: Vec<Outlook>,
    is_set: Vec<bool>,
}

impl Ledger {
    /// Opens a line, of which nothing is known yet.
    pub(super) fn open(&mut self, line: usize, kind: Kind, id: Option<Box<str>>) -> Place {
        self.records.push(Outlook {
            line,
            kind,
            id,
            outcome: Outcome::Failed,
            status: None,
            message: None,
            notes: Vec::new(),
        });
        self.is_set.push(false);
        self.records.len() - 1
    }

    /// Takes down that it went well.
    pub(super) fn done(&mut self, place: Place, outcome: Outcome) {
        self.set(place, outcome, Some(200), None);
    }

    /// Takes down that it did not; what was said of it first stays.
    pub(super) fn refuse(&mut self, place: Place, status: u16, message: &Message) {
        let outcome = if status == 409 {
            Outcome::Conflict
        } else {
            Outcome::Refused
        };
        self.set(place, outcome, Some(status), Some(message.clone()));
    }

    /// Takes down that the server leaves it out without a word.
    pub(super) fn pass_over(&mut self, place: Place, why: &str) {
        self.set(
            place,
            Outcome::Refused,
            None,
            Some(Message::Unknown(why.into())),
        );
    }

    pub(super) fn set(
        &mut self,
        place: Place,
        outcome: Outcome,
        status: Option<u16>,
        message: Option<Message>,
    ) {
        if !std::mem::replace(&mut self.is_set[place], true) {
            let record = &mut self.records[place];
            (record.outcome, record.status, record.message) = (outcome, status, message);
        }
    }

    pub(super) fn note(&mut self, place: Place, note: Note) {
        self.records[place].notes.push(note);
    }

    /// What became of all; lines that a failing request did not reach fail with it.
    pub(super) fn finish(mut self, reply: &Reply) -> Vec<Outlook> {
        if let Reply::Failed { status, message } = reply {
            for (record, _) in self
                .records
                .iter_mut()
                .zip(&self.is_set)
                .filter(|(_, is_set)| !**is_set)
            {
                (record.status, record.message) = (Some(*status), Some(message.clone()));
            }
        }
        self.records
    }
}
