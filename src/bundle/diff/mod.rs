//! What differs between two bundles, record by record?
//!
//! Both bundles are read once, and a number is kept of what each record says. Only records whose numbers differ are taken from
//! the [`Shelf`] again and compared field by field, a few hundred at a time. A record takes less than 200 bytes of memory,
//! whatever its size.

mod change;
mod pair;
mod patch;
#[cfg(test)]
mod tests;

use std::ops::AddAssign;

pub use change::{Change, Edit, changes};
pub use patch::patch;

use super::{Lens, Shelf};
use crate::error::{Error, ErrorKind, Location, Result};
use crate::pipeline::Reading;
use crate::record::{Kind, Kinds, Record};
use crate::stream::Source;
use pair::{Entry, Pair};

/// Bytes of lines that are handed to a thread at a time.
const CHUNK_BYTES: usize = 1 << 20;
/// Records that are handed to a thread at a time.
const CHUNK_RECORDS: usize = 256;

/// What became of a record from the old bundle to the new one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Outcome {
    /// Only the new bundle has it.
    Added,
    /// Only the old bundle has it.
    Removed,
    /// Both have it, and it differs in something that counts.
    Changed,
    /// Both have it, and nothing that counts differs.
    Unchanged,
}

impl Outcome {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Added, Self::Removed, Self::Changed, Self::Unchanged];
}

/// How many records of each kind came to which outcome.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally([[u64; Outcome::ALL.len()]; Kind::ALL.len()]);

impl Tally {
    /// The records of this kind with this outcome.
    pub fn of(self, kind: Kind, outcome: Outcome) -> u64 {
        self.0[kind as usize][outcome as usize]
    }

    /// The records of all kinds with this outcome.
    pub fn total(self, outcome: Outcome) -> u64 {
        self.0.iter().map(|kind| kind[outcome as usize]).sum()
    }

    /// Whether any record was added, removed or changed.
    pub fn has_differences(self) -> bool {
        let differs = |outcome| outcome != Outcome::Unchanged && self.total(outcome) > 0;
        Outcome::ALL.into_iter().any(differs)
    }
}

impl AddAssign<(Kind, Outcome)> for Tally {
    fn add_assign(&mut self, (kind, outcome): (Kind, Outcome)) {
        self.0[kind as usize][outcome as usize] += 1;
    }
}

/// A record as it stands in one of the bundles.
#[derive(Debug)]
pub struct Version<'r> {
    /// Its file and line.
    pub location: Location,
    /// The record.
    pub record: Record<'r>,
}

/// A record that the bundles do not agree in.
#[derive(Debug)]
pub struct Difference<'d, 'r> {
    /// What became of it.
    pub outcome: Outcome,
    /// The record in the old bundle, if it has it.
    pub old: Option<&'d Version<'r>>,
    /// The record in the new bundle, if it has it.
    pub new: Option<&'d Version<'r>>,
    /// What changed, where both have it.
    pub changes: Vec<Change<'d>>,
}

/// Two bundles, read and matched.
///
/// Records are matched by the ids that survive an export and an import: a rule by `rule_id`, a list by `list_id` and namespace,
/// an item by `item_id` and its list, or by `item_id` alone where it is in another list now, a saved object by type and `id`.
/// A record without its id is known by its content alone. Where one side has an id more than once, equal records are matched
/// first, and the rest in order. The order of records does not count.
#[derive(Debug)]
pub struct Comparison {
    reading: Reading,
    lens: Lens,
    sides: [Side; 2],
    pairs: Vec<Pair>,
}

#[derive(Debug)]
struct Side {
    shelf: Shelf,
    entries: Vec<Entry>,
    /// Each entry's line on the shelf, which has those too that cannot be read.
    lines: Vec<u32>,
}

/// What is compared, and how.
#[derive(Debug)]
pub struct Terms<F> {
    /// What counts of a record.
    pub lens: Lens,
    /// The kinds that are compared; the rest is left out.
    pub kinds: Kinds,
    /// Whether a record is chosen: it is compared if it is, in either bundle.
    pub chosen: F,
}

impl Comparison {
    /// Reads both bundles, the old one first. `unreadable` gets each line that cannot be read, and may end the reading.
    pub fn read<F: Fn(&Record<'_>) -> bool + Sync>(
        reading: Reading,
        old: Vec<Source<'_>>,
        new: Vec<Source<'_>>,
        terms: Terms<F>,
        mut unreadable: impl FnMut(Error) -> Result<()>,
    ) -> Result<Self> {
        let Terms {
            lens,
            kinds,
            chosen,
        } = terms;
        let entry = |record: &Record<'_>| {
            kinds
                .has(record.kind())
                .then(|| Entry::of(record, &lens, chosen(record)))
        };
        let mut side = |sources| Side::read(&reading, sources, entry, &mut unreadable);
        let sides = [side(old)?, side(new)?];
        let mut pairs = pair::pairs(&sides[0].entries, &sides[1].entries);
        pairs.retain(|pair| {
            let chosen = |side: usize, at: Option<u32>| {
                at.is_some_and(|at| sides[side].entries[at as usize].chosen)
            };
            chosen(0, pair.old) || chosen(1, pair.new)
        });
        Ok(Self {
            reading,
            lens,
            sides,
            pairs,
        })
    }

    /// How many records of each kind differ, and how many do not.
    pub fn tally(&self) -> Tally {
        let mut tally = Tally::default();
        for pair in &self.pairs {
            let kind = pair
                .new
                .map(|new| self.sides[1].entries[new as usize].kind)
                .or(pair.old.map(|old| self.sides[0].entries[old as usize].kind));
            if let Some(kind) = kind {
                tally += (kind, self.outcome(*pair));
            }
        }
        tally
    }

    /// The lens that it was made with.
    pub fn lens(&self) -> &Lens {
        &self.lens
    }

    /// For each side, how many ids occur more than once, with the name of one of them and where it occurs again.
    pub fn repeated_ids(&mut self) -> Result<[Option<(u64, String, Location)>; 2]> {
        let mut found = [None, None];
        for (side, found) in self.sides.iter_mut().zip(&mut found) {
            let Some((count, entry)) = pair::repeated(&side.entries) else {
                continue;
            };
            let line = side.lines[entry] as usize;
            let location = side.shelf.location(line);
            side.shelf.lines([line], |_, bytes| {
                *found = Some((count, read(bytes)?.label(), location.clone()));
                Ok(())
            })?;
        }
        Ok(found)
    }

    /// Compares the records that came to one of these outcomes, on many threads, and hands what `work` made of each to `sink`:
    /// in the order of the old bundle, then what only the new one has, in its order.
    pub fn each<T: Send>(
        &mut self,
        outcomes: &[Outcome],
        work: impl Fn(&Difference<'_, '_>) -> T + Sync,
        mut sink: impl FnMut(T) -> Result<()>,
    ) -> Result<()> {
        let wanted = |pair: &&Pair| outcomes.contains(&self.outcome(**pair));
        let pairs: Vec<Pair> = self.pairs.iter().filter(wanted).copied().collect();
        let (lens, reading) = (&self.lens, &self.reading);
        let sides = &mut self.sides;
        let mut left = &pairs[..];
        let next = || {
            let chunk = chunk(sides, &mut left);
            chunk.map(|pairs| Chunk::take(sides, pairs)).transpose()
        };
        reading.ordered(
            next,
            |chunk| chunk.each(lens, &work),
            |made| made.into_iter().try_for_each(&mut sink),
        )
    }

    fn outcome(&self, pair: Pair) -> Outcome {
        let print = |side: usize, at: u32| self.sides[side].entries[at as usize].print;
        match (pair.old, pair.new) {
            (Some(old), Some(new)) if print(0, old) == print(1, new) => Outcome::Unchanged,
            (Some(_), Some(_)) => Outcome::Changed,
            (Some(_), None) => Outcome::Removed,
            (None, _) => Outcome::Added,
        }
    }
}

impl Side {
    fn read(
        reading: &Reading,
        sources: Vec<Source<'_>>,
        entry: impl Fn(&Record<'_>) -> Option<Entry> + Sync,
        unreadable: &mut impl FnMut(Error) -> Result<()>,
    ) -> Result<Self> {
        let (mut entries, mut lines) = (Vec::new(), Vec::new());
        let mut details = 0;
        let shelf = Shelf::fill(reading, sources, entry, |line, _, entry| {
            let line = u32::try_from(line)
                .map_err(|_| Error::refused("a bundle of more than 4 294 967 295 records"))?;
            match entry {
                Ok(Some(mut entry)) => {
                    if entry.kind == Kind::Details {
                        entry.number(details);
                        details += 1;
                    }
                    entries.push(entry);
                    lines.push(line);
                }
                Ok(None) => {}
                Err(error) => unreadable(error)?,
            }
            Ok(())
        })?;
        Ok(Self {
            shelf,
            entries,
            lines,
        })
    }

    fn len_of(&self, entry: Option<u32>) -> usize {
        entry.map_or(0, |entry| {
            self.shelf.line_len(self.lines[entry as usize] as usize)
        })
    }
}

/// Takes from `left` as many pairs as one thread is to compare.
fn chunk<'p>(sides: &[Side; 2], left: &mut &'p [Pair]) -> Option<&'p [Pair]> {
    let mut bytes = 0;
    let fits = |pair: &&Pair| {
        let fits = bytes < CHUNK_BYTES;
        bytes += sides[0].len_of(pair.old) + sides[1].len_of(pair.new);
        fits
    };
    let many = left.iter().take(CHUNK_RECORDS).take_while(fits).count();
    let (chunk, rest) = left.split_at(many);
    *left = rest;
    (!chunk.is_empty()).then_some(chunk)
}

/// A line from the shelf.
struct Line {
    location: Location,
    bytes: Vec<u8>,
}

/// The lines of some pairs, the old one and the new one.
struct Chunk(Vec<[Option<Line>; 2]>);

impl Chunk {
    fn take(sides: &mut [Side; 2], pairs: &[Pair]) -> Result<Self> {
        let mut lines: Vec<[Option<Line>; 2]> = pairs.iter().map(|_| [None, None]).collect();
        for (at, side) in sides.iter_mut().enumerate() {
            let entry = |pair: &Pair| if at == 0 { pair.old } else { pair.new };
            let mut wanted: Vec<(usize, usize)> = pairs
                .iter()
                .enumerate()
                .filter_map(|(slot, pair)| Some((side.lines[entry(pair)? as usize] as usize, slot)))
                .collect();
            // In the order of the file, where they are read fastest.
            wanted.sort_unstable();
            let places: Vec<Location> = wanted
                .iter()
                .map(|(line, _)| side.shelf.location(*line))
                .collect();
            let mut slots = wanted.iter().zip(places);
            side.shelf
                .lines(wanted.iter().map(|(line, _)| *line), |_, bytes| {
                    if let Some(((_, slot), location)) = slots.next() {
                        let bytes = bytes.to_vec();
                        lines[*slot][at] = Some(Line { location, bytes });
                    }
                    Ok(())
                })?;
        }
        Ok(Self(lines))
    }

    fn each<T>(&self, lens: &Lens, work: impl Fn(&Difference<'_, '_>) -> T) -> Result<Vec<T>> {
        self.0
            .iter()
            .map(|lines| compared(lines, lens, &work))
            .collect()
    }
}

fn compared<T>(
    [old, new]: &[Option<Line>; 2],
    lens: &Lens,
    work: impl Fn(&Difference<'_, '_>) -> T,
) -> Result<T> {
    let (old, new) = (version(old.as_ref())?, version(new.as_ref())?);
    let (outcome, changes) = match (&old, &new) {
        (Some(old), Some(new)) => (Outcome::Changed, changes(lens, &old.record, &new.record)),
        (Some(_), None) => (Outcome::Removed, Vec::new()),
        (None, _) => (Outcome::Added, Vec::new()),
    };
    let outcome = match outcome {
        Outcome::Changed if changes.is_empty() => Outcome::Unchanged,
        outcome => outcome,
    };
    Ok(work(&Difference {
        outcome,
        old: old.as_ref(),
        new: new.as_ref(),
        changes,
    }))
}

fn version(line: Option<&Line>) -> Result<Option<Version<'_>>> {
    line.map(|line| {
        Ok(Version {
            location: line.location.clone(),
            record: read(&line.bytes)?,
        })
    })
    .transpose()
}

/// A line that was read before.
fn read(line: &[u8]) -> Result<Record<'_>> {
    let text = std::str::from_utf8(line).map_err(|_| ErrorKind::Utf8)?;
    Ok(Record::parse(text, 0)?)
}
