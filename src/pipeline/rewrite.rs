//! Rewrites a bundle record by record, perhaps after a look at all of it: what verbs stand on whose work is no transform.
//!
//! As in a pipeline, a line that nothing changed is written as it was read, order is kept, and details records are counted
//! anew where records come or go.

mod batch;

use std::cell::RefCell;
use std::io::{self, Write};
use std::sync::atomic::Ordering;

use super::line;
use super::located::{Origins, with_excerpt};
use super::plan::spooling;
use super::recounting::{Recounting, write_lines};
use super::{OnError, Reading, Report, engine};
use crate::error::{Error, ErrorKind, Location, Result};
use crate::json::Verdict;
use crate::record::{Counts, Kind, Record};
use crate::stream::{Batch, Reader, Source, Spool};
use batch::Answer;

/// A bundle to be read once or, from a temporary copy, more often.
pub struct Input<'a> {
    /// None once they were read.
    sources: Option<Vec<Source<'a>>>,
    spool: Option<Spool>,
    origins: RefCell<Origins>,
    /// The ordinals of the lines that begin a file.
    begins: RefCell<Vec<u64>>,
}

/// How a bundle is rewritten.
pub struct Rewriting<'w> {
    /// How it is read.
    pub reading: &'w Reading,
    /// What becomes of a line that cannot be read.
    pub on_error: OnError,
    /// Makes a last line for the output, of the counts of what was written.
    pub closing: Option<&'w dyn Fn(Counts) -> String>,
}

/// What becomes of a record.
#[derive(Debug)]
pub struct Fate<T> {
    /// Whether it is written.
    pub verdict: Verdict,
    /// Records to be written after it: the kind and the line, without a line end.
    pub followers: Vec<(Kind, Box<str>)>,
    /// Something to tell about it.
    pub told: Option<T>,
}

impl<T> Fate<T> {
    /// It is written, and there is nothing to tell.
    pub fn keep() -> Self {
        Self {
            verdict: Verdict::Keep,
            followers: Vec::new(),
            told: None,
        }
    }

    /// It is left out, and there is nothing to tell.
    pub fn drop() -> Self {
        Self {
            verdict: Verdict::Drop,
            ..Self::keep()
        }
    }

    /// The same, and something to tell.
    #[must_use]
    pub fn telling(mut self, told: T) -> Self {
        self.told = Some(told);
        self
    }
}

/// Something that happened to one line, told in input order.
pub enum Happened<'h, T> {
    /// What the work told about a record.
    Told {
        /// What it told.
        told: T,
        /// Where the record stands.
        location: &'h dyn Fn() -> Location,
        /// The line as it was read, with its line end.
        read: &'h [u8],
        /// The line as it is written, with its line end; empty if it is left out.
        written: &'h [u8],
    },
    /// A line could not be read, and was kept or dropped.
    Unreadable {
        /// Why, with its place.
        error: Error,
        /// The line as it was read, with its line end.
        read: &'h [u8],
    },
}

impl<'a> Input<'a> {
    /// The bundle that these sources make.
    pub fn new(sources: Vec<Source<'a>>) -> Self {
        let names = sources.iter().map(|source| source.name().into()).collect();
        Self {
            sources: Some(sources),
            spool: None,
            origins: RefCell::new(Origins::new(names)),
            begins: RefCell::default(),
        }
    }

    /// Looks at every record, in parallel, and hands what `work` has to say to `sink` in input order.
    ///
    /// The first look copies the input to a temporary file, since standard input cannot be read twice. A line that cannot be
    /// read is passed over, unless it is to stop the run.
    pub fn survey<T: Send>(
        &mut self,
        rewriting: &Rewriting<'_>,
        work: impl Fn(&Record<'_>) -> Option<T> + Sync,
        mut sink: impl FnMut(T) -> Result<()>,
    ) -> Result<()> {
        let mut copy = match self.spool {
            None => Some(io::BufWriter::with_capacity(1 << 18, Spool::new()?)),
            Some(_) => None,
        };
        let mut last = b'\n';
        let on_error = rewriting.on_error;
        let work = |(batch, _): (Batch, Vec<u8>), begins: &[u64]| {
            let mut found: Vec<Result<T, (u64, Error, u64)>> = Vec::new();
            for (ordinal, line) in (batch.ordinal..).zip(batch.lines()) {
                match line::read(line, ordinal, begins.contains(&ordinal)) {
                    Ok(Some((_, record))) => found.extend(work(&record).map(Ok)),
                    Err(unreadable) if on_error == OnError::Stop => {
                        let (error, column) =
                            with_excerpt(unreadable.error, unreadable.text, Some(unreadable.span));
                        found.push(Err((ordinal, error, column)));
                        break;
                    }
                    Ok(None) | Err(_) => {}
                }
            }
            (batch, found)
        };
        self.drive(rewriting.reading, work, |origins, (batch, found)| {
            for found in found {
                match found {
                    Ok(found) => sink(found)?,
                    Err((ordinal, error, column)) => {
                        return Err(error.at(Location {
                            column,
                            ..origins.locate(ordinal)
                        }));
                    }
                }
            }
            if let Some(copy) = &mut copy {
                write_lines(copy, &batch.bytes, &mut last).map_err(spooling)?;
            }
            Ok([batch.bytes, Vec::new()])
        })?;
        if let Some(copy) = copy {
            let spool = copy
                .into_inner()
                .map_err(|error| spooling(error.into_error()))?;
            self.spool = Some(spool);
        }
        Ok(())
    }

    /// Decides about every record, in parallel, writes what comes of it, and tells `sink` in input order.
    ///
    /// `work` may edit the record.
    pub fn rewrite<T: Send>(
        &mut self,
        rewriting: &Rewriting<'_>,
        output: impl Write,
        work: impl Fn(&mut Record<'_>) -> Fate<T> + Sync,
        mut sink: impl FnMut(Happened<'_, T>) -> Result<()>,
    ) -> Result<Report> {
        let mut output = Recounting::new(output);
        let mut report = Report::default();
        let mut kept = Counts::default();
        let on_error = rewriting.on_error;
        self.drive(
            rewriting.reading,
            |(batch, out), begins| Answer::of(batch, out, begins, on_error, &work),
            |origins, answer: Answer<T>| {
                for mark in answer.happened {
                    let read = &answer.batch.bytes[mark.read];
                    let happened = match mark.what {
                        Ok(told) => Happened::Told {
                            told,
                            location: &|| origins.locate(mark.ordinal),
                            read,
                            written: &answer.out[mark.written],
                        },
                        Err((error, column)) => {
                            let error = error.at(Location {
                                column,
                                ..origins.locate(mark.ordinal)
                            });
                            if on_error == OnError::Stop {
                                return Err(error);
                            }
                            Happened::Unreadable { error, read }
                        }
                    };
                    sink(happened)?;
                }
                for details in &answer.details {
                    kept += details.before.kept;
                }
                kept += answer.rest.kept;
                report += &answer.report;
                report.changed[Kind::Details] +=
                    output.take(&answer.out, &answer.details, answer.rest)?;
                Ok([answer.batch.bytes, answer.out])
            },
        )?;
        if let Some(closing) = rewriting.closing {
            output.close(&closing(kept))?;
        }
        output.flush()?;
        Ok(report)
    }

    /// The file and line of the record with this ordinal, once the bundle was read.
    pub fn location(&self, ordinal: u64) -> Location {
        self.origins.borrow().locate(ordinal)
    }

    /// Walks over the bundle once: batches to the pool, answers in order to `sink`, which gives back the spent buffers.
    fn drive<U: Send>(
        &mut self,
        reading: &Reading,
        work: impl Fn((Batch, Vec<u8>), &[u64]) -> U + Sync,
        mut sink: impl FnMut(&Origins, U) -> Result<[Vec<u8>; 2]>,
    ) -> Result<()> {
        let first = self.spool.is_none();
        let sources = match (&mut self.spool, self.sources.take()) {
            (Some(spool), _) => vec![Source::decoded("the spooled input", spool.reader()?)],
            (None, Some(sources)) => sources,
            (None, None) => {
                return Err(ErrorKind::Bug {
                    message: "a bundle without a copy is read twice".into(),
                }
                .into());
            }
        };
        let mut reader = Reader::new(sources, reading.options());
        let threads = reading.threads();
        let pool = engine::pool(threads)?;
        let buffers: RefCell<Vec<Vec<u8>>> = RefCell::default();
        let buffer = || buffers.borrow_mut().pop().unwrap_or_default();
        let next = || {
            let interrupted = reading.interrupted.as_ref();
            if interrupted.is_some_and(|flag| flag.load(Ordering::Relaxed)) {
                return Err(ErrorKind::Interrupted.into());
            }
            let Some(batch) = reader.next(buffer())? else {
                return Ok(None);
            };
            let begins = if first {
                self.origins.borrow_mut().begin(batch.ordinal, batch.source);
                let begins = batch.starts.then_some(batch.ordinal);
                self.begins.borrow_mut().extend(begins);
                begins.into_iter().collect()
            } else {
                // The lines of a copy begin files where those of the input did.
                let begins = self.begins.borrow();
                let end = batch.ordinal + batch.lines().count() as u64;
                let from = begins.partition_point(|begin| *begin < batch.ordinal);
                let to = begins.partition_point(|begin| *begin < end);
                begins[from..to].to_vec()
            };
            Ok(Some(((batch, buffer()), begins)))
        };
        engine::ordered(
            &pool,
            engine::IN_FLIGHT * threads,
            next,
            |(batch, begins)| Ok(work(batch, &begins)),
            |answer| {
                for mut spent in sink(&self.origins.borrow(), answer)? {
                    spent.clear();
                    buffers.borrow_mut().push(spent);
                }
                Ok(())
            },
        )
    }
}

#[cfg(test)]
mod tests;
