//! How are whole files put right? Reads them into a temporary copy, decides what goes, then writes record by record.

use std::collections::HashMap;
use std::io::{BufWriter, Write};

use super::duplicates::{index, said_again};
use super::kept::{Holds, Kept, Seen};
use super::recounted::{Closing, closing};
use super::unfolding::Unfolding;
use super::{Fix, Mended, mend, remedy};
use crate::check::{Options, problems};
use crate::error::{Error, Location, Result};
use crate::pipeline::{Reading, scan_lines};
use crate::record::{Record, recount};
use crate::stream::{Source, Spool};

/// Puts bundles right.
///
/// ```
/// use ruleferry::check::{Options, fix::{Fixing, Told}};
/// use ruleferry::pipeline::Reading;
/// use ruleferry::stream::Source;
///
/// let file = Source::reader("rules.json", &b"[ {\"rule_id\": \"a\"},\n  {\"rule_id\": \"b\"} ]"[..]);
/// let (mut out, mut told) = (Vec::new(), Vec::new());
/// let fixing = Fixing { reading: &Reading::default(), options: Options::default() };
/// fixing.run(vec![file], &mut out, |treated| treated.mended.left.len(), |location, what| {
///     if let Told::Text(fix) = what {
///         told.push((location.line, fix.done));
///     }
///     Ok(())
/// })?;
/// assert_eq!(out, b"{\"rule_id\": \"a\"}\n{\"rule_id\": \"b\"}\n");
/// assert_eq!(told[1], (1, "put 2 records from 2 lines on lines of their own".into()));
/// # Ok::<(), ruleferry::error::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Fixing<'f> {
    /// How files are read.
    pub reading: &'f Reading,
    /// What they are put right for.
    pub options: Options,
}

/// A record and what became of it.
#[derive(Debug)]
pub struct Treated<'t, 'r> {
    /// The record as it was read, or as it was put on a line of its own.
    pub read: &'t Record<'r>,
    /// The record as it is written; none if it is dropped.
    pub written: Option<&'t Record<'t>>,
    /// What was put right, and what is wrong still.
    pub mended: &'t Mended,
    /// Whether it did not stand on one line, so that columns say nothing.
    pub is_moved: bool,
}

/// Something that happened at a place of the input.
#[derive(Debug)]
pub enum Told<T> {
    /// The text was put right.
    Text(Fix),
    /// A record was judged: what the work made of it.
    Record(T),
    /// A line cannot be read, and passes as it is.
    Unreadable(Error),
}

impl Fixing<'_> {
    /// Reads the sources as one bundle and writes it with all put right that has one right answer; gives the number of fixes.
    ///
    /// `work` looks at each record with what became of it, in parallel; `sink` is told of everything in the order of the input, by
    /// the lines of the input. Where a file is JSON over many lines and broken, the rest of it passes as it is. The lines of the
    /// output wait in a temporary file; memory is as [`Across`](crate::check::Across) needs it, and as much as the longest value.
    pub fn run<T: Send>(
        &self,
        sources: Vec<Source<'_>>,
        output: impl Write,
        work: impl Fn(Treated<'_, '_>) -> T + Sync,
        sink: impl FnMut(Location, Told<T>) -> Result<()>,
    ) -> Result<u64> {
        let mut unfolding = Unfolding::new(self.reading.max_line_bytes)?;
        scan_lines(self.reading, sources, Seen::of, |line, seen| {
            unfolding.take(&line, seen)
        })?;
        let (mut kept, mut copy) = unfolding.finish()?;
        let reading = Reading {
            consumed: None,
            ..self.reading.clone()
        };
        let aside = Aside {
            texts: std::mem::take(&mut kept.fixes),
            faults: std::mem::take(&mut kept.faults),
        };
        let dropped = said_again(&kept, &mut copy, self, &reading)?;
        let plan = Plan {
            closing: closing(&kept, &dropped, self.options),
            kept: &kept,
            dropped,
            options: self.options,
        };
        write(&plan, &mut copy, &reading, aside, output, work, sink)
    }
}

/// What is told beside records.
struct Aside {
    texts: Vec<(usize, Location, Fix)>,
    faults: HashMap<usize, Error>,
}

/// Goes through the copy once more, and writes what becomes of it.
fn write<T: Send>(
    plan: &Plan<'_>,
    copy: &mut Spool,
    reading: &Reading,
    mut aside: Aside,
    output: impl Write,
    work: impl Fn(Treated<'_, '_>) -> T + Sync,
    mut sink: impl FnMut(Location, Told<T>) -> Result<()>,
) -> Result<u64> {
    let mut output = BufWriter::with_capacity(1 << 18, output);
    let mut texts = aside.texts.into_iter().peekable();
    let (mut fixes, mut place) = (0, 0);
    let source = Source::decoded("the temporary copy of the input", copy.reader()?);
    let treat = |record: &Record<'_>| plan.treat(record, &work);
    scan_lines(reading, vec![source], treat, |line, result| {
        while let Some((_, location, fix)) = texts.next_if(|(before, ..)| *before <= place) {
            fixes += 1;
            sink(location, Told::Text(fix))?;
        }
        let at = plan.kept.location(place);
        if let Some(why) = aside.faults.remove(&place) {
            sink(at.clone(), Told::Unreadable(why.at(at.clone())))?;
        }
        place += 1;
        let text = match result {
            Some(Ok(Some((outcome, made)))) => {
                fixes += outcome.mended.fixes.len() as u64;
                sink(at, Told::Record(made))?;
                outcome.text
            }
            _ => Text::Same,
        };
        match text {
            Text::Same => output.write_all(line.bytes),
            Text::Gone => Ok(()),
            // A carriage return before the line end belongs to the text.
            Text::New(new) => output
                .write_all(new.as_bytes())
                .and_then(|()| output.write_all(b"\n")),
        }
        .map_err(writing)
    })?;
    for (_, location, fix) in texts {
        fixes += 1;
        sink(location, Told::Text(fix))?;
    }
    output.flush().map_err(writing)?;
    Ok(fixes)
}

/// What to do with which line of the copy.
struct Plan<'k> {
    kept: &'k Kept,
    options: Options,
    dropped: HashMap<usize, Fix>,
    closing: Closing,
}

/// What becomes of a record.
struct Outcome {
    mended: Mended,
    text: Text,
}

enum Text {
    Same,
    Gone,
    /// What it is now, without a line end.
    New(Box<str>),
}

impl Plan<'_> {
    /// What becomes of a record, and what the work makes of it; nothing is said of one that passes.
    fn treat<T>(
        &self,
        record: &Record<'_>,
        work: &impl Fn(Treated<'_, '_>) -> T,
    ) -> Option<(Outcome, T)> {
        let index = index(record);
        let place = self.kept.places.get(index)?;
        if place.holds == Holds::Passed {
            return None;
        }
        let outcome = self.outcome(record, index)?;
        let made = |written: Option<&Record<'_>>| {
            work(Treated {
                read: record,
                written,
                mended: &outcome.mended,
                is_moved: place.is_moved,
            })
        };
        let made = match &outcome.text {
            Text::Same => made(Some(record)),
            Text::Gone => made(None),
            Text::New(json) => made(Some(&Record::parse(json, record.ordinal()).ok()?)),
        };
        Some((outcome, made))
    }

    fn outcome(&self, record: &Record<'_>, index: usize) -> Option<Outcome> {
        let gone = self.dropped.get(&index);
        if let Some(fix) = gone.or_else(|| self.closing.dropped.get(&index)) {
            let mended = Mended {
                fixes: vec![fix.clone()],
                left: Vec::new(),
            };
            let text = Text::Gone;
            return Some(Outcome { mended, text });
        }
        let left = problems(record, self.options);
        let counts = self.closing.recounted.get(&index);
        if counts.is_none() && left.iter().all(|one| remedy(record, one).is_none()) {
            let fixes = Vec::new();
            return Some(Outcome {
                mended: Mended { fixes, left },
                text: Text::Same,
            });
        }
        let mut new = Record::parse(record.text(), record.ordinal()).ok()?;
        let mut mended = Mended::default();
        if let Some((counts, fix)) = counts {
            recount(&mut new, *counts);
            mended.fixes.push(fix.clone());
        }
        let Mended { fixes, left } = mend(&mut new, self.options);
        mended.fixes.extend(fixes);
        mended.left = left;
        let text = Text::New(new.to_json());
        Some(Outcome { mended, text })
    }
}

fn writing(error: std::io::Error) -> Error {
    Error::io("writing the output", error)
}
