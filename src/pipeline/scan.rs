//! Reads a bundle without writing one: what verbs that look, choose or compare stand on.

use std::cell::RefCell;
use std::sync::atomic::Ordering;

use super::Reading;
use super::line;
use super::located::{Origins, with_excerpt};
use crate::error::{Error, ErrorKind, Location, Result};
use crate::record::Record;
use crate::stream::{Batch, Reader, Source};

/// Maps every record of the sources, in parallel, and hands the results to `sink` in input order.
///
/// `sink` gets each record's place with what `work` made of it, or with why the line cannot be read; it may end the run by an
/// error. Blank lines are passed over.
pub fn scan<T: Send>(
    reading: &Reading,
    sources: Vec<Source<'_>>,
    work: impl Fn(&Record<'_>) -> T + Sync,
    mut sink: impl FnMut(Location, Result<T>) -> Result<()>,
) -> Result<()> {
    scan_lines(reading, sources, work, |line, result| match result {
        Some(result) => sink(line.location, result),
        None => Ok(()),
    })
}

/// A line as it was read.
#[derive(Debug)]
pub struct Line<'l> {
    /// Its file and line; the column of the fault where it cannot be read.
    pub location: Location,
    /// Its place in the bundle, from 0, blank lines counted.
    pub ordinal: u64,
    /// Its bytes, with its line end and with a byte order mark.
    pub bytes: &'l [u8],
}

/// As [`scan`], but `sink` gets every line with its bytes: blank ones without a result.
pub fn scan_lines<T: Send>(
    reading: &Reading,
    sources: Vec<Source<'_>>,
    work: impl Fn(&Record<'_>) -> T + Sync,
    mut sink: impl FnMut(Line<'_>, Option<Result<T>>) -> Result<()>,
) -> Result<()> {
    let origins = RefCell::new(Origins::new(
        sources.iter().map(|source| source.name().into()).collect(),
    ));
    let mut reader = Reader::new(sources, reading.options());
    let buffers: RefCell<Vec<Vec<u8>>> = RefCell::default();
    let next = || {
        if reading
            .interrupted
            .as_ref()
            .is_some_and(|flag| flag.load(Ordering::Relaxed))
        {
            return Err(ErrorKind::Interrupted.into());
        }
        let batch = reader.next(buffers.borrow_mut().pop().unwrap_or_default())?;
        if let Some(batch) = &batch {
            origins.borrow_mut().begin(batch.ordinal, batch.source);
        }
        Ok(batch)
    };
    reading.ordered(
        next,
        |batch| Ok(each(batch, &work)),
        |(batch, results)| {
            for ((ordinal, bytes), (column, result)) in
                (batch.ordinal..).zip(batch.lines()).zip(results)
            {
                let location = Location {
                    column,
                    ..origins.borrow().locate(ordinal)
                };
                let result =
                    result.map(|result| result.map_err(|error| error.at(location.clone())));
                let line = Line {
                    location,
                    ordinal,
                    bytes,
                };
                sink(line, result)?;
            }
            buffers.borrow_mut().push(batch.bytes);
            Ok(())
        },
    )
}

/// What each line of a batch gave: the column of a fault, and the result; none for a blank line.
type Results<T> = Vec<(u64, Option<Result<T, Error>>)>;

fn each<T>(batch: Batch, work: impl Fn(&Record<'_>) -> T) -> (Batch, Results<T>) {
    let mut results = Vec::new();
    for (index, (ordinal, line)) in (batch.ordinal..).zip(batch.lines()).enumerate() {
        results.push(
            match line::read(line, ordinal, batch.starts && index == 0) {
                Ok(None) => (0, None),
                Ok(Some((_, record))) => (0, Some(Ok(work(&record)))),
                Err(unreadable) => {
                    let (error, column) =
                        with_excerpt(unreadable.error, unreadable.text, Some(unreadable.span));
                    (column, Some(Err(error)))
                }
            },
        );
    }
    (batch, results)
}
