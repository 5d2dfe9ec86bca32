//! What would Kibana refuse, drop or change? Verdicts on records, one by one and across a bundle.
//!
//! Verdicts are those of the importer of Kibana 9 unless a target says otherwise; what it says and what it does silently are
//! told apart by [`Level`].

mod across;
mod actions;
mod at;
mod codes;
mod dates;
mod exception;
mod fault;
pub mod fix;
mod formats;
mod ids;
mod js_date;
mod judge;
mod other;
mod patch;
mod place;
mod rule;
mod schedule;
#[cfg(test)]
mod tests;
mod value;
mod wording;

pub use across::{Across, Facts, Finding, Present};
pub use codes::{CODES, Code, code};
pub use patch::{is_stored, partial};
pub use place::place;

use crate::error::PathStep;
use crate::record::{Kind, Record};
use crate::schema::Target;
use judge::Judge;

/// What a bundle is judged for.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// The Kibana that it is to be imported into.
    pub target: Target,
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Worth knowing.
    Note,
    /// The import would take it, but lose or change something, or it fails later.
    Warning,
    /// The import would refuse the record or a part of it.
    Error,
}

impl Level {
    /// The name scripts and reports use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// Something to say about one record; whoever found the record adds file, line and id.
#[derive(Debug, Clone, PartialEq)]
pub struct Problem {
    /// The way from the record down to the value at fault; empty when it is the record.
    pub pointer: Vec<PathStep>,
    /// A stable name, as in `below-minimum`, one of [`CODES`].
    pub code: &'static str,
    /// How bad it is.
    pub level: Level,
    /// What is wrong: a lower-case fragment without a full stop.
    pub message: String,
    /// What to do, if there is something.
    pub hint: Option<String>,
    /// What Kibana says, where that is known.
    pub kibana: Option<String>,
}

/// What is wrong with a record by itself, in the order in which it is met; nothing is allocated for one that is clean.
///
/// An error is what the check of the line refuses, before anything is created: schema, and what Kibana checks across members. What
/// passes the line and fails when the rule is created, or when it runs, is a warning. Verdicts are those of an import of rules
/// (`_import` of the detection engine).
pub fn problems(record: &Record<'_>, options: Options) -> Vec<Problem> {
    let mut judge = Judge::new(record.kind(), options);
    if other::is_misrouted(&mut judge, record) {
        return judge.finish();
    }
    other::known_kind(&mut judge, record);
    match record.kind() {
        Kind::Rule => rule::judge(&mut judge, record),
        Kind::ExceptionList | Kind::ExceptionItem => exception::judge(&mut judge, record),
        Kind::Connector => other::connector(&mut judge, record),
        Kind::Details => other::details(&mut judge, record),
        Kind::Other => other::other(&mut judge, record),
    }
    judge.finish()
}
