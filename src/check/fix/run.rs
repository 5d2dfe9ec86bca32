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

/// What to do with which line of the copy.
struct Plan {
    dropped: HashMap<usize, Fix>,
    closing: Closing,
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
        mut sink: impl FnMut(Location, Told<T>) -> Result<()>,
    ) -> Result<u64> {
        let mut unfolding = Unfolding::new(self.reading.max_line_bytes)?;
        scan_lines(self.reading, sources, Seen::of, |line, seen| {
            unfolding.take(&line, seen)
        })?;
        let (kept, mut copy) = unfolding.finish()?;
        let reading = Reading {
            consumed: None,
            ..self.reading.clone()
        };
        let mut plan = Plan {
            dropped: said_again(&kept, &mut copy, self, &reading)?,
            closing: Closing::default(),
        };
        plan.closing = closing(&kept, &plan.dropped, self.options);
        self.write(kept, &mut copy, &reading, &plan, output, &work, &mut sink)
    }

    #[expect(clippy::too_many_arguments, reason = "each is a part of the one pass")]
    fn write<T: Send>(
        &self,
        mut kept: Kept,
        copy: &mut Spool,
        reading: &Reading,
        plan: &Plan,
        output: impl Write,
        work: &(impl Fn(Treated<'_, '_>) -> T + Sync),
        sink: &mut impl FnMut(Location, Told<T>) -> Result<()>,
    ) -> Result<u64> {
        let mut output = BufWriter::with_capacity(1 << 18, output);
        let mut texts = std::mem::take(&mut kept.fixes).into_iter().peekable();
        let mut faults = std::mem::take(&mut kept.faults);
        let kept = &kept;
        let mut fixes = 0;
        let mut place = 0;
        let treat = |record: &Record<'_>| self.treat(record, kept, plan, work);
        let source = Source::decoded("the temporary copy of the input", copy.reader()?);
        scan_lines(reading, vec![source], treat, |line, result| {
            while let Some((_, location, fix)) = texts.next_if(|(before, ..)| *before <= place) {
                fixes += 1;
                sink(location, Told::Text(fix))?;
            }
            if let Some(why) = faults.remove(&place) {
                let at = kept.location(place);
                sink(at.clone(), Told::Unreadable(why.at(at)))?;
            }
            let text = match result {
                Some(Ok(Some(treated))) => {
                    fixes += treated.fixes;
                    sink(kept.location(place), Told::Record(treated.made))?;
                    treated.text
                }
                _ => Text::Same,
            };
            place += 1;
            match text {
                Text::Same => output.write_all(line.bytes),
                Text::Gone => Ok(()),
                Text::New(new) => output.write_all(&new),
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

    /// What becomes of one record; nothing is said of one that passes.
    fn treat<T>(
        &self,
        record: &Record<'_>,
        kept: &Kept,
        plan: &Plan,
        work: &impl Fn(Treated<'_, '_>) -> T,
    ) -> Option<Answer<T>> {
        let index = index(record);
        let place = kept
            .places
            .get(index)
            .filter(|place| place.holds != Holds::Passed)?;
        let is_moved = place.is_moved;
        let gone = plan
            .dropped
            .get(&index)
            .or_else(|| plan.closing.dropped.get(&index));
        if let Some(fix) = gone {
            let mended = Mended {
                fixes: vec![fix.clone()],
                left: Vec::new(),
            };
            let made = work(Treated {
                read: record,
                written: None,
                mended: &mended,
                is_moved,
            });
            return Some(Answer {
                fixes: 1,
                text: Text::Gone,
                made,
            });
        }
        let found = problems(record, self.options);
        let counts = plan.closing.recounted.get(&index);
        let is_clean = found.iter().all(|one| remedy(record, one).is_none());
        if counts.is_none() && is_clean {
            let mended = Mended {
                fixes: Vec::new(),
                left: found,
            };
            let made = work(Treated {
                read: record,
                written: Some(record),
                mended: &mended,
                is_moved,
            });
            return Some(Answer {
                fixes: 0,
                text: Text::Same,
                made,
            });
        }
        let mut new = Record::parse(record.text(), record.ordinal()).ok()?;
        if let Some((counts, _)) = counts {
            recount(&mut new, *counts);
        }
        let mut mended = mend(&mut new, self.options);
        mended.fixes.extend(counts.map(|(_, fix)| fix.clone()));
        let json = new.to_json();
        let written = Record::parse(&json, record.ordinal()).ok()?;
        let made = work(Treated {
            read: record,
            written: Some(&written),
            mended: &mended,
            is_moved,
        });
        let mut line = json.into_string().into_bytes();
        // A carriage return before it belongs to the text.
        line.push(b'\n');
        Some(Answer {
            fixes: mended.fixes.len() as u64,
            text: Text::New(line),
            made,
        })
    }
}

/// What a record became.
struct Answer<T> {
    fixes: u64,
    text: Text,
    made: T,
}

enum Text {
    Same,
    Gone,
    /// The line with its end.
    New(Vec<u8>),
}

fn writing(error: std::io::Error) -> Error {
    Error::io("writing the output", error)
}
