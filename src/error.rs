//! What can go wrong, where, and how it is shown.
//!
//! The library has one [`Error`]: a kind, the member it is about, and as the error travels up, the place in the input.
//! Whoever knows a fact adds it: a transform names the member, the engine adds file and line.

use std::fmt;
use std::io;

/// A result of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why something failed and, where it is known, at which place of which input.
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    pointer: Vec<PathStep>,
    location: Option<Location>,
    excerpt: Option<Excerpt>,
}

/// One step down into a value: into a member of an object or an element of an array.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum PathStep {
    /// The member of this name.
    Key(Box<str>),
    /// The element at this place, from 0.
    Index(usize),
}

impl From<&str> for PathStep {
    fn from(key: &str) -> Self {
        Self::Key(key.into())
    }
}

impl From<usize> for PathStep {
    fn from(index: usize) -> Self {
        Self::Index(index)
    }
}

/// A place in the input.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Location {
    /// The file as the user named it; `-` for standard input.
    pub file: Box<str>,
    /// The line, from 1; 0 when only the file is known.
    pub line: u64,
    /// The character in the line, from 1; 0 when only the line is known.
    pub column: u64,
    /// The record, as in ``rule `acme-1` ``.
    pub record: Option<Box<str>>,
}

/// A piece of the text that is at fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excerpt {
    /// The text around the fault, on one line, cut with `…` where it is longer.
    pub text: Box<str>,
    /// Where in `text` the fault begins, in characters from 0.
    pub start: usize,
    /// How many characters it spans, at least 1.
    pub len: usize,
}

/// What went wrong.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "each message names its fields")]
pub enum ErrorKind {
    #[error("`{field}` must be {expected}, found {found}")]
    WrongType {
        field: Box<str>,
        expected: &'static str,
        found: &'static str,
    },
    #[error("{message}")]
    Refused { message: Box<str> },
    #[error("{problem}")]
    Json { problem: Box<str> },
    #[error("a record must be a JSON object, found {found}")]
    NotAnObject { found: &'static str },
    #[error("the file is JSON over many lines, expected one record a line (NDJSON)")]
    Pretty,
    #[error("the line is not valid UTF-8")]
    Utf8,
    #[error("the line is longer than {limit} bytes")]
    LineTooLong { limit: u64 },
    #[error("{action}: {source}")]
    Io { action: Box<str>, source: io::Error },
    #[error("the {codec} data ends too early")]
    Truncated { codec: &'static str },
    #[error("{message}")]
    Query {
        message: Box<str>,
        help: Option<Box<str>>,
    },
    #[error("{message}")]
    Request {
        message: Box<str>,
        help: Option<Box<str>>,
    },
    #[error("unknown {what} `{name}`{}", near(.nearest.as_deref()))]
    Unknown {
        what: &'static str,
        name: Box<str>,
        nearest: Option<Box<str>>,
    },
    #[error("{message}")]
    Usage { message: Box<str> },
    #[error("{message}")]
    Tree { message: Box<str> },
    #[error("{method} {path} answered {status}{}", said(.message))]
    Status {
        method: &'static str,
        path: Box<str>,
        status: u16,
        message: Box<str>,
    },
    #[error("{message}")]
    OutOfReach { message: Box<str> },
    #[error("{url} cannot be reached: {problem}")]
    Unreachable { url: Box<str>, problem: Box<str> },
    #[error("no answer to {method} {path}: {problem}")]
    Lost {
        method: &'static str,
        path: Box<str>,
        problem: Box<str>,
    },
    #[error("the answer to {method} {path} is not Kibana's: {problem}")]
    Answer {
        method: &'static str,
        path: Box<str>,
        problem: Box<str>,
    },
    #[error("ids whose records differ: {count}; nothing is written")]
    Conflicts { count: u64 },
    #[error("{message}")]
    Unfit { message: Box<str>, help: Box<str> },
    #[error("{message}")]
    Damaged { message: Box<str> },
    #[error("{message}")]
    Busy { message: Box<str> },
    #[error("interrupted")]
    Interrupted,
    #[error("this should not happen: {message}")]
    Bug { message: Box<str> },
}

fn said(message: &str) -> String {
    if message.is_empty() {
        String::new()
    } else {
        format!(": {message}")
    }
}

fn near(nearest: Option<&str>) -> String {
    nearest
        .map(|name| format!("; did you mean `{name}`?"))
        .unwrap_or_default()
}

impl Error {
    /// A value of the wrong JSON type: `field` is the member's name, `expected` as in "an array of strings".
    pub fn wrong_type(field: &str, expected: &'static str, found: &'static str) -> Self {
        Self::from(ErrorKind::WrongType {
            field: field.into(),
            expected,
            found,
        })
    }

    /// A record that a transform will not touch, and why.
    pub fn refused(message: impl Into<Box<str>>) -> Self {
        Self::from(ErrorKind::Refused {
            message: message.into(),
        })
    }

    /// A setting or flag that makes no sense.
    pub fn usage(message: impl Into<Box<str>>) -> Self {
        Self::from(ErrorKind::Usage {
            message: message.into(),
        })
    }

    /// Something about a server, or between it and a bundle, that no request can get around.
    pub fn out_of_reach(message: impl Into<Box<str>>) -> Self {
        Self::from(ErrorKind::OutOfReach {
            message: message.into(),
        })
    }

    /// A file of an unpacked bundle that cannot be taken as it is, or a folder that does not hold together.
    pub fn tree(message: impl Into<Box<str>>) -> Self {
        Self::from(ErrorKind::Tree {
            message: message.into(),
        })
    }

    /// A request that makes no sense or that a server would refuse, and what to do about it.
    pub fn request(message: impl Into<Box<str>>, help: Option<&str>) -> Self {
        Self::from(ErrorKind::Request {
            message: message.into(),
            help: help.map(Into::into),
        })
    }

    /// A failed read or write; `action` says what was being done, as in "writing `out.ndjson`".
    ///
    /// An error of this crate that came through a reader or a writer is that error again.
    pub fn io(action: impl Into<Box<str>>, source: io::Error) -> Self {
        let source = match source.downcast::<Self>() {
            Ok(error) => return error,
            Err(source) => source,
        };
        Self::from(ErrorKind::Io {
            action: action.into(),
            source,
        })
    }

    /// Says that the failure lies below this member or element. Outer steps are added later, so the last call is the outermost.
    #[must_use]
    pub fn within(mut self, step: impl Into<PathStep>) -> Self {
        self.0.pointer.insert(0, step.into());
        self
    }

    /// Says where the failure was found. The first location wins.
    #[must_use]
    pub fn at(mut self, location: Location) -> Self {
        self.0.location.get_or_insert(location);
        self
    }

    /// Names the file of a location that has none yet.
    #[must_use]
    pub fn in_file(mut self, file: &str) -> Self {
        let location = self.0.location.get_or_insert_default();
        if location.file.is_empty() {
            location.file = file.into();
        }
        self
    }

    /// Shows the text at fault. The first excerpt wins.
    #[must_use]
    pub fn showing(mut self, excerpt: Excerpt) -> Self {
        self.0.excerpt.get_or_insert(excerpt);
        self
    }

    /// What went wrong.
    pub fn kind(&self) -> &ErrorKind {
        &self.0.kind
    }

    /// The way from the record down to the value at fault; empty when it is the record or not known.
    pub fn pointer(&self) -> &[PathStep] {
        &self.0.pointer
    }

    /// Where it happened, if that is known.
    pub fn location(&self) -> Option<&Location> {
        self.0.location.as_ref()
    }

    /// The text at fault, if there is one.
    pub fn excerpt(&self) -> Option<&Excerpt> {
        self.0.excerpt.as_ref()
    }
}

impl From<ErrorKind> for Error {
    fn from(kind: ErrorKind) -> Self {
        Self(Box::new(Inner {
            kind,
            pointer: Vec::new(),
            location: None,
            excerpt: None,
        }))
    }
}

/// For readers and writers, whose errors are these; [`Error::io`] takes it out again.
impl From<Error> for io::Error {
    fn from(error: Error) -> Self {
        Self::other(error)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.kind.fmt(f)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.0.kind)
            .field("pointer", &self.0.pointer)
            .field("location", &self.0.location)
            .field("excerpt", &self.0.excerpt)
            .finish()
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.0.kind {
            ErrorKind::Io { source, .. } => Some(source),
            _ => None,
        }
    }
}

impl Excerpt {
    /// Characters kept before and after the fault.
    const MARGIN: usize = 32;
    /// Characters of the fault itself that are kept.
    const LONGEST: usize = 48;

    /// Cuts out the bytes `start..end` of `text` with some text around them.
    ///
    /// Both ends are moved to the next character boundary and into the text. Line ends and other control characters
    /// are shown as blanks, so the excerpt is one line.
    pub fn of(text: &str, start: usize, end: usize) -> Self {
        let start = boundary(text, start);
        let end = boundary(text, end.max(start));
        let (before, fault, after) = (&text[..start], &text[start..end], &text[end..]);
        let mut shown = String::new();
        let skip = before.chars().count().saturating_sub(Self::MARGIN);
        if skip > 0 {
            shown.push('…');
        }
        shown.extend(before.chars().skip(skip));
        let at = shown.chars().count();
        shown.extend(fault.chars().take(Self::LONGEST));
        let len = shown.chars().count() - at;
        if fault.chars().nth(Self::LONGEST).is_some() {
            shown.push('…');
        } else {
            shown.extend(after.chars().take(Self::MARGIN));
            if after.chars().nth(Self::MARGIN).is_some() {
                shown.push('…');
            }
        }
        let text: String = shown
            .chars()
            .map(|c| if c.is_control() { ' ' } else { c })
            .collect();
        Self {
            text: text.into(),
            start: at,
            len: len.max(1),
        }
    }
}

/// The first character boundary at or after `index`, at most the text's length.
fn boundary(text: &str, index: usize) -> usize {
    (index..text.len())
        .find(|&at| text.is_char_boundary(at))
        .unwrap_or(text.len())
}

/// The nearest of `names` to `name`, if any is near enough to be a likely slip.
pub fn nearest<'n>(name: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    names
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(name, candidate), candidate))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests;
