//! Reads a bundle without writing one: what `ls` and `stats` stand on.

use std::cell::RefCell;
use std::sync::atomic::Ordering;

use super::line;
use super::located::{Origins, with_excerpt};
use super::{Reading, engine};
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
    let origins = RefCell::new(Origins::new(
        sources.iter().map(|source| source.name().into()).collect(),
    ));
    let mut reader = Reader::new(sources, reading.options());
    let threads = reading.threads();
    let pool = engine::pool(threads)?;
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
    engine::ordered(
        &pool,
        engine::IN_FLIGHT * threads,
        next,
        |batch| Ok(each(batch, &work)),
        |(batch, results)| {
            for (ordinal, column, result) in results {
                let location = Location {
                    column,
                    ..origins.borrow().locate(ordinal)
                };
                match result {
                    Ok(value) => sink(location, Ok(value))?,
                    Err(error) => sink(location.clone(), Err(error.at(location)))?,
                }
            }
            buffers.borrow_mut().push(batch.bytes);
            Ok(())
        },
    )
}

/// What each line of a batch gave: its ordinal, the column of a fault, the result.
type Results<T> = Vec<(u64, u64, Result<T, Error>)>;

fn each<T>(batch: Batch, work: impl Fn(&Record<'_>) -> T) -> (Batch, Results<T>) {
    let mut results = Vec::new();
    for (index, (ordinal, line)) in (batch.ordinal..).zip(batch.lines()).enumerate() {
        match line::read(line, ordinal, batch.starts && index == 0) {
            Ok(None) => {}
            Ok(Some((_, record))) => results.push((ordinal, 0, Ok(work(&record)))),
            Err(unreadable) => {
                let (error, column) =
                    with_excerpt(unreadable.error, unreadable.text, Some(unreadable.span));
                results.push((ordinal, column, Err(error)));
            }
        }
    }
    (batch, results)
}
