//! What became of a line, in the words of reports.

use super::super::model::Outcome;
use super::aims::Aim;
use super::inventory::{Inventory, What};

/// What became of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// By the names of reports.
    pub outcome: Outcome,
    /// The status that the server gave it; none where its answer was lost, or it was not sent.
    pub status: Option<u16>,
    /// The server's own words, or why it was not sent.
    pub message: Option<Box<str>>,
    /// The part that it was sent in, from 1.
    pub part: Option<u32>,
    /// Whether the space has it, and not as the line says.
    pub differs: bool,
}

impl Told {
    pub(super) fn new(outcome: Outcome, status: Option<u16>, part: Option<u32>) -> Self {
        Self {
            outcome,
            status,
            message: None,
            part,
            differs: false,
        }
    }

    pub(super) fn saying(self, message: impl Into<Box<str>>) -> Self {
        Self {
            message: Some(message.into()),
            ..self
        }
    }

    /// Whether the record is in the space as the line says.
    pub fn is_there(&self) -> bool {
        self.outcome.is_there() && !self.differs
    }

    /// What is told of a line that is not sent; `differing` are the members in which what is there is not as it says.
    pub(super) fn unsent(
        bundle: &Inventory,
        index: u32,
        aim: &Aim,
        differing: &[Box<str>],
    ) -> Option<Self> {
        let told = |outcome| Self::new(outcome, None, None);
        match aim {
            Aim::Unchanged => Some(told(Outcome::Unchanged)),
            Aim::Conflict => {
                Some(told(Outcome::Conflict).saying(conflict(bundle, index, differing)))
            }
            Aim::Refused(why) => Some(told(Outcome::Refused).saying(why.clone())),
            Aim::HeldBack(why) => Some(told(Outcome::HeldBack).saying(why.clone())),
            Aim::None | Aim::Create | Aim::Overwrite => None,
        }
    }
}

fn conflict(bundle: &Inventory, index: u32, differing: &[Box<str>]) -> String {
    let flag = match bundle.entry(index).what {
        What::Rule { .. } => "rules",
        What::Connector(..) => "connectors",
        _ => "exceptions",
    };
    let differs = match differing {
        [] => String::new(),
        names => format!(" and differs in `{}`", names.join("`, `")),
    };
    format!("it is there already{differs}; `--overwrite {flag}` replaces it")
}
