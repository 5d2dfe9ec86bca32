//! A finding with all that reports say of it, made where the record's text still is.

use std::path::Path;

use ruleferry::check::fix::{Fix, Treated};
use ruleferry::check::{Facts, Finding, Level, Options, Problem, place, problems};
use ruleferry::error::{Error, ErrorKind, Excerpt, Location};
use ruleferry::record::Record;

/// What was found in one record, and its part in the bundle.
pub(super) struct Checked {
    /// What it adds to the picture of the bundle; none for a record that is dropped.
    pub(super) facts: Option<Facts>,
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
    /// What was done about it, if it was put right.
    pub(super) fixed: Option<Box<str>>,
}

impl Checked {
    /// Judges a record.
    pub(super) fn of(record: &Record<'_>, options: Options) -> Self {
        let problems = problems(record, options);
        let mut facts = Facts::of(record);
        if problems.iter().any(|problem| problem.level == Level::Error) {
            facts = facts.refused();
        }
        Self {
            facts: Some(facts),
            found: problems
                .into_iter()
                .map(|problem| Found::of(record, problem))
                .collect(),
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
        let is_refused = mended
            .left
            .iter()
            .any(|problem| problem.level == Level::Error);
        let facts = treated.written.map(Facts::of);
        Self {
            found: fixed.chain(mended.left.iter().map(of)).collect(),
            facts: facts.map(|facts| if is_refused { facts.refused() } else { facts }),
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

    /// A finding that only the whole bundle shows, and where it is; the line's text is gone by then.
    pub(super) fn of_bundle(finding: Finding) -> (Location, Self) {
        let found = Self {
            kind: finding.kind.map(ruleferry::record::Kind::name),
            id: finding.id,
            label: finding.location.record.clone(),
            ..Self::of_file(finding.problem)
        };
        (finding.location, found)
    }

    /// The finding that a line cannot be read.
    pub(super) fn unreadable(error: &Error) -> Self {
        const MEND: &str =
            "mend the line, or leave it out; each record stands on one line, by itself";
        let (code, hint) = match error.kind() {
            ErrorKind::Pretty | ErrorKind::NotAnObject { found: "an array" } => (
                "many-lines",
                "make NDJSON of it with `check --fix`, which keeps every token",
            ),
            ErrorKind::NotAnObject { .. } => (
                "not-an-object",
                "remove the line; the whole import fails for it",
            ),
            ErrorKind::Utf8 => ("not-utf8", "save the file as UTF-8"),
            _ => ("not-json", MEND),
        };
        // Of other lines the text depends on the server's JavaScript engine.
        let is_null = matches!(error.kind(), ErrorKind::NotAnObject { found: "null" });
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
                kibana: is_null.then(|| "stream.push() after EOF".into()),
            },
        }
    }

    /// The same of a null that nothing follows.
    pub(super) fn when_last(mut self) -> Self {
        self.problem.level = Level::Note;
        self.problem.message = "the last line is null, which an import passes over".into();
        self.problem.hint = Some("remove the line".into());
        self.problem.kibana = None;
        self
    }

    /// The finding that a file begins with a byte order mark.
    pub(super) fn marked() -> Self {
        Self::of_file(Problem {
            pointer: Vec::new(),
            code: "byte-order-mark",
            level: Level::Error,
            message: "the file must not begin with a byte order mark, for which its first line is refused".into(),
            hint: Some("`ruleferry check --fix` takes it off".into()),
            kibana: None,
        })
    }

    /// The finding that the last line of a file has no line end.
    pub(super) fn unended() -> Self {
        Self::of_file(Problem {
            pointer: Vec::new(),
            code: "missing-newline",
            level: Level::Note,
            message: "the last line of the file has no line end".into(),
            hint: Some("`ruleferry check --fix` adds it".into()),
            kibana: None,
        })
    }

    /// What was put right in the text of a file.
    pub(super) fn mended(fix: Fix) -> Self {
        Self {
            fixed: Some(fix.done.into()),
            ..Self::of_file(fix.problem)
        }
    }

    /// The finding that the file's name is one that an import refuses, if it is.
    pub(super) fn named(path: &Path) -> Option<Self> {
        let extension = |path: &Path| -> Option<String> {
            Some(path.extension()?.to_str()?.to_ascii_lowercase())
        };
        let packed = matches!(extension(path).as_deref(), Some("zst" | "gz"));
        let plain = if packed {
            path.with_extension("")
        } else {
            path.into()
        };
        let found = extension(&plain);
        if plain.as_os_str() == "-" || found.as_deref() == Some("ndjson") {
            return None;
        }
        let dotted = found.map(|found| format!(".{found}")).unwrap_or_default();
        let (hint, kibana) = (
            "rename it before it is uploaded by hand; `ruleferry import` sends any name".into(),
            format!("Invalid file extension {dotted}"),
        );
        Some(Self::of_file(Problem {
            pointer: Vec::new(),
            code: "file-extension",
            level: Level::Warning,
            message: "the file's name must end in `.ndjson` for Kibana to take it".into(),
            hint: Some(hint),
            kibana: Some(kibana),
        }))
    }

    fn of_file(problem: Problem) -> Self {
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
}
