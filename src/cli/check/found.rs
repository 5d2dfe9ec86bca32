//! A finding with all that reports say of it, made where the record's text still is.

use ruleferry::check::{Options, Problem, place, problems};
use ruleferry::error::{Error, ErrorKind, Excerpt};
use ruleferry::record::Record;

/// What was found in one record. For a clean one, nothing is kept.
pub(super) struct Checked {
    pub(super) found: Vec<Found>,
}

/// One finding.
pub(super) struct Found {
    /// The record's kind; none for a line that cannot be read.
    pub(super) kind: Option<&'static str>,
    pub(super) id: Option<Box<str>>,
    /// The record as messages name it.
    pub(super) label: Option<Box<str>>,
    pub(super) problem: Problem,
    /// The first character that it is about, from 1, or 0 for the whole line.
    pub(super) column: u64,
    /// The character after the last, or 0.
    pub(super) end: u64,
    pub(super) excerpt: Option<Excerpt>,
}

impl Checked {
    /// Judges a record.
    pub(super) fn of(record: &Record<'_>, options: Options) -> Self {
        let problems = problems(record, options).into_iter();
        Self {
            found: problems.map(|problem| Found::of(record, problem)).collect(),
        }
    }
}

impl Found {
    fn of(record: &Record<'_>, problem: Problem) -> Self {
        let text = record.text();
        let span = place(text, &problem);
        let count = |end: usize| 1 + text[..end].chars().count() as u64;
        Self {
            kind: Some(record.kind().name()),
            id: record.id().map(Into::into),
            label: Some(record.label().into()),
            column: span.as_ref().map_or(0, |span| count(span.start)),
            end: span.as_ref().map_or(0, |span| count(span.end)),
            excerpt: span.map(|span| Excerpt::of(text, span.start, span.end)),
            problem,
        }
    }

    /// The finding that a line cannot be read.
    pub(super) fn unreadable(error: &Error) -> Self {
        const MEND: &str = "mend the line, or leave it out";
        let (code, hint) = match error.kind() {
            ErrorKind::Pretty => (
                "many-lines",
                "make NDJSON of it with `jq -c .` (`jq -c '.[]'` for an array)",
            ),
            ErrorKind::NotAnObject { found: "an array" } => {
                ("many-lines", "make NDJSON of it with `jq -c '.[]'`")
            }
            ErrorKind::NotAnObject { .. } => ("not-an-object", "remove the line"),
            ErrorKind::Utf8 => ("not-utf8", "save the file as UTF-8"),
            _ => ("not-json", MEND),
        };
        let column = error.location().map_or(0, |location| location.column);
        Self {
            kind: None,
            id: None,
            label: None,
            column,
            end: error
                .excerpt()
                .map_or(0, |excerpt| column + excerpt.len as u64),
            excerpt: error.excerpt().cloned(),
            problem: Problem {
                pointer: Vec::new(),
                code,
                level: ruleferry::check::Level::Error,
                message: error.to_string(),
                hint: Some(hint.into()),
                kibana: None,
            },
        }
    }
}
