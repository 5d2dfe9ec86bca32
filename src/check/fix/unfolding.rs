//! Is each record on a line of its own? Puts records there that stand otherwise, and mends line ends and byte order marks.
//!
//! A line that is no record may begin one, or an array of them, that goes on over the lines below. They are gathered until the
//! value is whole. If it turns out to be none, they go back to where they came from, each to be judged for itself, and then none of
//! them goes or moves: next to half a value that could make a whole one of what does not belong together. What is gathered is held
//! in memory, at most as much as one line may be long. No line is gathered more than twice.

use std::collections::VecDeque;

use super::kept::{Holds, Keeping, Kept, Seen};
use super::values::{Unfit, depth, is_blank, offset, on_one_line, records};
use super::{Fix, Problem, count, problem};
use crate::error::{Error, ErrorKind, Excerpt, Location, Result};
use crate::json::Raw;
use crate::pipeline::Line;
use crate::record::Record;
use crate::stream::Spool;

const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// Reads lines in order and keeps what they hold.
pub(super) struct Unfolding {
    keeping: Keeping,
    /// How long a value may be, in bytes.
    limit: u64,
    waiting: VecDeque<Read>,
    open: Option<Open>,
    /// Whether the rest of the file is not looked at, because the value it is cannot be read.
    passes: bool,
    /// Before this line of the file, nothing goes or moves.
    shy_until: u64,
    /// Whether the last line ended with `\r\n`.
    returns: bool,
    /// What was put on lines of its own in this file so far.
    unfolded: Option<Unfolded>,
}

/// A line as it was read, with a line end and without a byte order mark.
struct Read {
    at: Location,
    bytes: Vec<u8>,
    seen: Option<Result<Seen>>,
}

/// A value that goes on over lines.
#[derive(Default)]
struct Open {
    text: Vec<u8>,
    reads: Vec<Read>,
    depth: i64,
    /// How long the text is when it is looked at next, whole or not.
    due: usize,
}

struct Unfolded {
    /// The line of the copy that the first of them became.
    index: usize,
    at: Location,
    records: u64,
    lines: u64,
}

impl Unfolding {
    pub(super) fn new(limit: u64) -> Result<Self> {
        Ok(Self {
            keeping: Keeping::new()?,
            limit,
            waiting: VecDeque::new(),
            open: None,
            passes: false,
            shy_until: 0,
            returns: false,
            unfolded: None,
        })
    }

    /// Takes the next line, and what is known of it.
    pub(super) fn take(&mut self, line: &Line<'_>, seen: Option<Result<Seen>>) -> Result<()> {
        if line.location.line == 1 {
            self.end_file()?;
        }
        let at = Location {
            column: 0,
            ..line.location.clone()
        };
        let mut bytes = line.bytes;
        let mut seen = seen;
        let mut marks = 0;
        while let Some(rest) = bytes.strip_prefix(BYTE_ORDER_MARK) {
            (bytes, marks) = (rest, marks + 1);
        }
        if marks > 0 {
            let wrong = problem("byte-order-mark", "the line begins with a byte order mark");
            self.fixed(&at, wrong, "removed the byte order mark");
            if at.line > 1 || marks > 1 {
                // Only one that begins a file is passed over.
                seen = see(bytes);
            }
        }
        let has_end = bytes.ends_with(b"\n");
        let is_plain = self.open.is_none() && !self.passes && has_end;
        if is_plain && !matches!(seen, Some(Err(_))) {
            self.returns = bytes.ends_with(b"\r\n");
            return self.known(&at, bytes, seen);
        }
        let mut bytes = bytes.to_vec();
        if !has_end {
            bytes.extend_from_slice(if self.returns { b"\r\n" } else { b"\n" });
            let wrong = problem(
                "missing-newline",
                "the last line of the file has no line end",
            );
            self.fixed(&at, wrong, "added a line end");
        }
        self.returns = bytes.ends_with(b"\r\n");
        self.waiting.push_back(Read { at, bytes, seen });
        self.drain()
    }

    /// What is known of the lines, and the lines, once all were taken.
    pub(super) fn finish(mut self) -> Result<(Kept, Spool)> {
        self.end_file()?;
        self.keeping.finish()
    }

    fn end_file(&mut self) -> Result<()> {
        while let Some(open) = self.open.take() {
            self.settle(open, true)?;
            self.drain()?;
        }
        (self.passes, self.shy_until, self.returns) = (false, 0, false);
        if let Some(unfolded) = self.unfolded.take() {
            let message =
                "the file is JSON over many lines, or an array; an import takes one record a line";
            let done = format!(
                "put {} from {} on lines of their own",
                count(unfolded.records, "record"),
                count(unfolded.lines, "line")
            );
            let fix = Fix {
                problem: problem("many-lines", message),
                done,
            };
            let fixes = &mut self.keeping.kept.fixes;
            let place = fixes.partition_point(|(index, ..)| *index <= unfolded.index);
            fixes.insert(place, (unfolded.index, unfolded.at, fix));
        }
        Ok(())
    }

    fn drain(&mut self) -> Result<()> {
        while let Some(read) = self.waiting.pop_front() {
            self.step(read)?;
        }
        Ok(())
    }

    fn step(&mut self, read: Read) -> Result<()> {
        if self.passes {
            return self.keeping.line(&read.at, &[&read.bytes], Holds::Passed);
        }
        let Some(mut open) = self.open.take() else {
            return match read.seen {
                Some(Err(why)) => self.odd(read.at, read.bytes, why),
                seen => self.known(&read.at, &read.bytes, seen),
            };
        };
        open.push(read);
        if open.text.len() as u64 > self.limit {
            let limit = self.limit;
            return Err(Error::from(ErrorKind::LineTooLong { limit }).at(open.begin()));
        }
        if open.depth > 0 && open.text.len() < open.due {
            self.open = Some(open);
            return Ok(());
        }
        self.settle(open, false)
    }

    fn known(&mut self, at: &Location, bytes: &[u8], seen: Option<Result<Seen>>) -> Result<()> {
        match seen {
            None => self.keeping.line(at, &[bytes], Holds::Nothing),
            Some(Ok(seen)) if at.line < self.shy_until => self.keeping.rooted(at, bytes, seen),
            Some(Ok(seen)) => self.keeping.record(at, &[bytes], seen),
            Some(Err(why)) => self.keeping.unreadable(at, bytes, why),
        }
    }

    /// Looks at a line that is no record.
    fn odd(&mut self, at: Location, bytes: Vec<u8>, why: Error) -> Result<()> {
        if at.line < self.shy_until {
            return self.keeping.unreadable(&at, &bytes, why);
        }
        let found = std::str::from_utf8(&bytes).ok().map(records);
        match found {
            Some(Ok(records)) => {
                let is_array = bytes.trim_ascii_start().starts_with(b"[");
                if is_array {
                    self.unfold(&at, &bytes, &records)
                } else {
                    self.split(&at, &bytes, &records)
                }
            }
            Some(Err(Unfit::Json(error))) if error.offset == bytes.len() => {
                let mut open = Open::default();
                let seen = Some(Err(why));
                open.push(Read { at, bytes, seen });
                self.open = Some(open);
                Ok(())
            }
            _ => self.keeping.unreadable(&at, &bytes, why),
        }
    }

    /// Takes apart a line that holds nulls, or several values.
    fn split(&mut self, at: &Location, bytes: &[u8], records: &[Raw<'_>]) -> Result<()> {
        let (wrong, done) = if records.is_empty() {
            let wrong = problem(
                "not-an-object",
                "the line is null, at which an import may fail",
            );
            (wrong, "removed the line".to_owned())
        } else {
            let wrong = problem(
                "not-json",
                "the line holds several JSON values, and must hold one",
            );
            let done = match records.len() {
                1 => "removed the rest of the line".to_owned(),
                many => format!("put {many} records on lines of their own"),
            };
            (wrong, done)
        };
        self.fixed(at, wrong, done);
        self.write(at, bytes, records)
    }

    /// Puts records on lines of their own that stood in an array or over lines.
    fn unfold(&mut self, at: &Location, bytes: &[u8], records: &[Raw<'_>]) -> Result<()> {
        let unfolded = self.unfolded.get_or_insert_with(|| Unfolded {
            index: self.keeping.kept.places.len(),
            at: at.clone(),
            records: 0,
            lines: 0,
        });
        unfolded.records += records.len() as u64;
        unfolded.lines += memchr::memchr_iter(b'\n', bytes).count() as u64;
        self.write(at, bytes, records)
    }

    fn write(&mut self, at: &Location, bytes: &[u8], records: &[Raw<'_>]) -> Result<()> {
        let text = std::str::from_utf8(bytes).unwrap_or_default();
        let end: &[u8] = if bytes.ends_with(b"\r\n") {
            b"\r\n"
        } else {
            b"\n"
        };
        let (mut line, mut counted) = (at.line, 0);
        for record in records {
            let begin = offset(text, record.text());
            line += memchr::memchr_iter(b'\n', &bytes[counted..begin]).count() as u64;
            counted = begin;
            let at = Location { line, ..at.clone() };
            let record = on_one_line(*record);
            let read = Record::parse(&record, 0).map_err(Error::from)?;
            let seen = Seen::of(&read);
            self.keeping.record(&at, &[record.as_bytes(), end], seen)?;
        }
        Ok(())
    }

    /// Decides about what was gathered: it is whole, it goes on, or it is no value.
    fn settle(&mut self, mut open: Open, ends: bool) -> Result<()> {
        let text = std::str::from_utf8(&open.text);
        let unfit = match text.map(records) {
            Ok(Ok(records)) => return self.unfold(&open.begin(), &open.text, &records),
            Ok(Err(Unfit::Json(error))) if error.offset == open.text.len() && !ends => {
                open.due = 2 * open.text.len();
                self.open = Some(open);
                return Ok(());
            }
            Ok(Err(Unfit::Json(error))) if error.offset == open.text.len() => {
                // The place is the end of the last line, not the line after it.
                let end = open.text.trim_ascii_end().len();
                let problem = error.problem.replace("end of the line", "end of the file");
                (
                    end,
                    ErrorKind::Json {
                        problem: problem.into(),
                    },
                )
            }
            Ok(Err(Unfit::Json(error))) => (
                error.offset,
                ErrorKind::Json {
                    problem: error.problem,
                },
            ),
            Ok(Err(Unfit::NotARecord(at, found))) => (at, ErrorKind::NotAnObject { found }),
            Err(error) => (error.valid_up_to(), ErrorKind::Utf8),
        };
        let (at, kind) = unfit;
        let (place, excerpt) = open.place(at);
        let is_laid_out = open.is_laid_out();
        self.shy_until = place.line + 1;
        let mut reads = open.reads.into_iter();
        if is_laid_out && let Some(first) = reads.next() {
            self.passes = true;
            let why = Error::from(kind).at(place).showing(excerpt);
            self.keeping.unreadable(&first.at, &first.bytes, why)?;
        }
        self.waiting = reads.chain(self.waiting.drain(..)).collect();
        Ok(())
    }

    fn fixed(&mut self, at: &Location, problem: Problem, done: impl Into<String>) {
        let done = done.into();
        self.keeping.fix(at.clone(), Fix { problem, done });
    }
}

impl Open {
    fn push(&mut self, read: Read) {
        self.depth += depth(&read.bytes);
        self.text.extend_from_slice(&read.bytes);
        self.reads.push(read);
        if self.due == 0 {
            self.due = 2 * self.text.len();
        }
    }

    /// Where it begins.
    fn begin(&self) -> Location {
        self.reads
            .first()
            .map(|read| read.at.clone())
            .unwrap_or_default()
    }

    /// Whether it begins as JSON does that was laid out over lines, rather than as a record that was cut off.
    fn is_laid_out(&self) -> bool {
        let first = self.reads.first().map_or(&[][..], |read| &read.bytes);
        let first = first.trim_ascii();
        first.starts_with(b"[") || first == b"{"
    }

    /// The line and column of a byte of the text, and what is around it.
    fn place(&self, at: usize) -> (Location, Excerpt) {
        let text = &self.text[..at];
        let start = memchr::memrchr(b'\n', text).map_or(0, |end| end + 1);
        let end =
            memchr::memchr(b'\n', &self.text[start..]).map_or(self.text.len(), |end| start + end);
        let line = String::from_utf8_lossy(&self.text[start..end]);
        let before = String::from_utf8_lossy(&self.text[start..at]);
        let location = Location {
            line: self.begin().line + memchr::memchr_iter(b'\n', text).count() as u64,
            column: 1 + before.chars().count() as u64,
            ..self.begin()
        };
        let column = before.len();
        (location, Excerpt::of(&line, column, column + 1))
    }
}

/// What a line holds after a byte order mark that does not begin its file.
fn see(line: &[u8]) -> Option<Result<Seen>> {
    let Ok(text) = std::str::from_utf8(line) else {
        return Some(Err(ErrorKind::Utf8.into()));
    };
    if is_blank(text) {
        return None;
    }
    let record = Record::parse(text, 0).map_err(Error::from);
    Some(record.map(|record| Seen::of(&record)))
}
