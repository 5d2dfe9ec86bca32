//! One batch: decide about each record, write what comes of it.

use std::ops::Range;

use super::Fate;
use crate::error::{Error, Result};
use crate::json::Verdict;
use crate::pipeline::located::with_excerpt;
use crate::pipeline::work::{DetailsMark, Tally};
use crate::pipeline::{OnError, Report, line};
use crate::record::{Kind, Record};
use crate::stream::Batch;

/// What a batch became.
pub(super) struct Answer<T> {
    pub(super) batch: Batch,
    pub(super) out: Vec<u8>,
    pub(super) details: Vec<DetailsMark>,
    pub(super) rest: Tally,
    pub(super) report: Report,
    pub(super) happened: Vec<Mark<T>>,
}

/// A line about which there is something to tell: its place in the bundle, its bytes as read and as written.
pub(super) struct Mark<T> {
    pub(super) ordinal: u64,
    pub(super) read: Range<usize>,
    pub(super) written: Range<usize>,
    pub(super) what: Result<T, (Error, u64)>,
}

impl<T> Answer<T> {
    /// Runs the work over a batch; `out` is an empty buffer.
    pub(super) fn of(
        batch: Batch,
        mut out: Vec<u8>,
        begins: &[u64],
        on_error: OnError,
        work: &impl Fn(&mut Record<'_>) -> Fate<T>,
    ) -> Self {
        out.reserve(batch.bytes.len() + batch.bytes.len() / 8);
        let mut answer = Self {
            out,
            details: Vec::new(),
            rest: Tally::default(),
            report: Report::default(),
            happened: Vec::new(),
            batch: Batch::default(),
        };
        let mut at = 0;
        for (ordinal, line) in (batch.ordinal..).zip(batch.lines()) {
            let read = at..at + line.len();
            at = read.end;
            match line::read(line, ordinal, begins.contains(&ordinal)) {
                Ok(None) => answer.out.extend_from_slice(line),
                Ok(Some((text, mut record))) => {
                    let Fate {
                        verdict,
                        followers,
                        told,
                    } = work(&mut record);
                    let written = answer.record(line, text, &record, verdict, &followers);
                    answer.happened.extend(told.map(|told| Mark {
                        ordinal,
                        read,
                        written,
                        what: Ok(told),
                    }));
                }
                Err(unreadable) => {
                    let what = Err(with_excerpt(
                        unreadable.error,
                        unreadable.text,
                        Some(unreadable.span),
                    ));
                    answer.report.refused += 1;
                    answer.rest.lost += u64::from(on_error == OnError::Drop);
                    let from = answer.out.len();
                    if on_error == OnError::Keep {
                        answer.out.extend_from_slice(line);
                    }
                    answer.happened.push(Mark {
                        ordinal,
                        read,
                        written: from..answer.out.len(),
                        what,
                    });
                    if on_error == OnError::Stop {
                        break;
                    }
                }
            }
        }
        answer.batch = batch;
        answer
    }

    /// Writes a record and what follows it; gives where the record is written.
    fn record(
        &mut self,
        line: &[u8],
        text: &str,
        record: &Record<'_>,
        verdict: Verdict,
        followers: &[(Kind, Box<str>)],
    ) -> Range<usize> {
        let kind = record.kind();
        self.report.read[kind] += 1;
        self.rest.read[kind] += 1;
        let from = self.out.len();
        let end = usize::from(line.ends_with(b"\n"));
        let mark = line.len() - end - text.len();
        if verdict == Verdict::Drop {
            self.report.dropped[kind] += 1;
        } else {
            self.rest.kept[kind] += 1;
            if kind == Kind::Details {
                let start = from + mark;
                self.details.push(DetailsMark {
                    at: start..start + text.len(),
                    before: std::mem::take(&mut self.rest),
                });
            }
            if record.is_changed() {
                self.report.changed[kind] += 1;
                self.out.extend_from_slice(&line[..mark]);
                record.write(&mut self.out);
                self.out.extend_from_slice(&line[line.len() - end..]);
            } else {
                self.out.extend_from_slice(line);
            }
        }
        let written = from..self.out.len();
        let line_end: &[u8] = if line.ends_with(b"\r\n") {
            b"\r\n"
        } else {
            b"\n"
        };
        for (kind, follower) in followers {
            if self.out.last().is_some_and(|last| *last != b'\n') {
                self.out.extend_from_slice(line_end);
            }
            self.out.extend_from_slice(follower.as_bytes());
            self.out.extend_from_slice(line_end);
            self.rest.kept[*kind] += 1;
            self.report.added[*kind] += 1;
        }
        written
    }
}
