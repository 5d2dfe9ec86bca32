//! A finding with all that reports say of it, made where the record's text still is.

use ruleferry::check::fix::{Fix, Treated};
use ruleferry::check::{Facts, Finding, Level, Options, Problem, code, place, problems};
use ruleferry::error::{Error, ErrorKind, Excerpt};
use ruleferry::record::Record;

/// What was found in one record. For a clean one, nothing is kept.
pub(super) struct Checked {
    pub(super) found: Vec<Found>,
    /// What it adds to the picture of the bundle; none for a record that is dropped.
    pub(super) facts: Option<Facts>,
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
    /// What was done about it, if it is wrong no more.
    pub(super) fixed: Option<Box<str>>,
}

impl Checked {
    /// Judges a record.
    pub(super) fn of(record: &Record<'_>, options: Options) -> Self {
        let problems = problems(record, options).into_iter();
        Self {
            found: problems.map(|problem| Found::of(record, problem)).collect(),
            facts: Some(Facts::of(record)),
        }
    }

    /// What was put right in a record, and what is wrong still.
    pub(super) fn treated(treated: &Treated<'_, '_>) -> Self {
        let mended = treated.mended;
        // Nothing stands below what was taken away, so the rest is where it was.
        let of = |problem: &Problem| {
            let mut found = Found::of(treated.read, problem.clone());
            if treated.is_moved {
                (found.column, found.end) = (0, 0);
            }
            found
        };
        let fixed = mended.fixes.iter().map(|fix| Found {
            fixed: Some(fix.done.as_str().into()),
            ..of(&fix.problem)
        });
        Self {
            found: fixed.chain(mended.left.iter().map(of)).collect(),
            facts: treated.written.map(Facts::of),
        }
    }
}

impl Found {
    /// How bad it is now: what was put right is worth knowing, no more.
    pub(super) fn level(&self) -> Level {
        if self.fixed.is_some() {
            Level::Note
        } else {
            self.problem.level
        }
    }

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
            fixed: None,
            problem,
        }
    }

    /// Something about a line or the bundle, with no place within a line.
    fn plain(problem: Problem) -> Self {
        Self {
            kind: None,
            id: None,
            label: None,
            column: 0,
            end: 0,
            excerpt: None,
            fixed: None,
            problem,
        }
    }

    /// A finding about the text of a file: a code that says itself what is wrong.
    pub(super) fn of_text(name: &'static str) -> Option<Self> {
        let code = code(name)?;
        Some(Self::plain(Problem {
            pointer: Vec::new(),
            code: code.name,
            level: code.level,
            message: match name {
                "byte-order-mark" => "the line begins with a byte order mark".into(),
                _ => "the last line of the file has no line end".into(),
            },
            hint: Some("`--fix` puts it right".into()),
            kibana: None,
        }))
    }

    /// What was put right in the text of a file.
    pub(super) fn mended(fix: Fix) -> Self {
        Self {
            fixed: Some(fix.done.into()),
            ..Self::plain(fix.problem)
        }
    }

    /// What only the whole bundle shows.
    pub(super) fn across(finding: Finding) -> Self {
        Self {
            kind: finding.kind.map(ruleferry::record::Kind::name),
            id: finding.id,
            label: finding.location.record,
            ..Self::plain(finding.problem)
        }
    }

    /// The finding that a line cannot be read.
    pub(super) fn unreadable(error: &Error) -> Self {
        const MEND: &str = "mend the line, or leave it out";
        let (code, hint) = match error.kind() {
            ErrorKind::Pretty => (
                "many-lines",
                "make NDJSON of it with `check --fix`, which keeps every token",
            ),
            ErrorKind::NotAnObject { found: "an array" } => (
                "many-lines",
                "make NDJSON of it with `check --fix`, which keeps every token",
            ),
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
            fixed: None,
            problem: Problem {
                pointer: Vec::new(),
                code,
                level: Level::Error,
                message: error.to_string(),
                hint: Some(hint.into()),
                kibana: None,
            },
        }
    }
}
