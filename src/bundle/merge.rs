//! One bundle of many, no record twice.
//!
//! All inputs are read once and kept on a [`Shelf`]; a record takes less than 130 bytes of memory, whatever its size. Records of
//! one id and one content are one. What differs under one id is a conflict, which somebody must settle. Nothing else is lost.

mod entry;
mod meeting;
mod settle;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::io::{BufWriter, Write};
use std::ops::Range;

pub use meeting::{Meeting, Taking};
pub use settle::Prefer;

use super::{Fields, Lens, Shelf};
use crate::error::{Error, ErrorKind, Location, Result};
use crate::pipeline::{OnError, Reading};
use crate::record::{Counts, Kind, details_line};
use crate::stream::Source;
use entry::{Block, Closing, Entry};

/// Bundles that were read to become one.
///
/// A rule is told by its `rule_id`, a list by `list_id` and namespace, an item by `item_id`, its list and namespace, a saved
/// object by type and `id`; a record without its id is like no other. Content is compared under a [`Lens`] for what users own:
/// spelling, order of keys and what a Kibana makes by itself do not count.
#[derive(Debug)]
pub struct Merge {
    reading: Reading,
    shelf: Shelf,
    entries: Vec<Entry>,
    files: Vec<File>,
    /// The records that have an id, by id, those of one id in input order.
    sorted: Vec<u32>,
    repeats: Vec<Repeat>,
    order: Vec<Slot>,
    closings: Closings,
    refused: u64,
}

/// What was read of one input, and what is taken of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// The file as the user named it.
    pub name: Box<str>,
    /// Its records, details lines left out.
    pub read: u64,
    /// Those that are in the merged bundle.
    pub taken: u64,
    /// The index of its first line on the shelf.
    from: usize,
}

/// The details lines that were read; the merged bundle has a new one.
#[derive(Debug, Default)]
pub struct Closings {
    /// Those that do not close an export of rules: what they close, and their place.
    pub foreign: Vec<(&'static str, Location)>,
    /// How many records they say that exports missed.
    pub missed: u64,
}

/// How many ids were met more than once, and what came of that.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Records left out because one of that id and content is there.
    pub duplicates: u64,
    /// Ids whose contents differ, one of which is taken.
    pub settled: u64,
    /// Ids whose contents differ, with none to take.
    pub conflicts: u64,
}

/// The records of one id, where there is more than one.
#[derive(Debug, Clone)]
struct Repeat {
    /// Their places among the sorted ones.
    members: Range<u32>,
    /// The one that is taken; none as long as nobody settles the conflict.
    taken: Option<u32>,
    differ: bool,
}

/// A record's place in the merged bundle: its block, its list there, whether it is an item, and where its id first came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Slot {
    block: Block,
    list: u32,
    first: u32,
    line: u32,
}

impl Merge {
    /// Reads the bundles, which are told apart by nothing but their order, and settles conflicts as `prefer` says.
    ///
    /// `unreadable` gets each line that cannot be read with its bytes, unless that ends the run.
    pub fn read(
        reading: Reading,
        sources: Vec<Source<'_>>,
        on_error: OnError,
        prefer: Option<Prefer>,
        mut unreadable: impl FnMut(Error, &[u8]) -> Result<()>,
    ) -> Result<Self> {
        let lens = Lens::new(Fields::Owned, [])?;
        let mut files = Files::of(&sources);
        let (mut entries, mut closings, mut refused) = (Vec::new(), Closings::default(), 0);
        let shelf = Shelf::fill_lines(
            &reading,
            sources,
            |record| (Entry::of(record, &lens), Closing::of(record)),
            |line, kept| {
                let Some((index, read)) = kept else {
                    return Ok(());
                };
                if u32::try_from(index).is_err() {
                    return Err(Error::refused("bundles of more than 4 294 967 295 records"));
                }
                let entry = match read {
                    Ok((entry, closing)) => {
                        closings.add(closing, &line.location);
                        entry
                    }
                    Err(error) if on_error == OnError::Stop => return Err(error),
                    Err(error) => {
                        unreadable(error, line.bytes)?;
                        refused += 1;
                        Entry::unreadable(on_error == OnError::Keep)
                    }
                };
                files.count(index, &line.location, entry.block);
                entries.push(entry);
                Ok(())
            },
        )?;
        let mut merge = Self {
            reading,
            shelf,
            entries,
            files: files.all,
            sorted: Vec::new(),
            repeats: Vec::new(),
            order: Vec::new(),
            closings,
            refused,
        };
        merge.meet(prefer);
        merge.arrange();
        Ok(merge)
    }

    /// What was read, and what is taken, of each input.
    pub fn files(&self) -> &[File] {
        &self.files
    }

    /// The details lines of the inputs.
    pub fn closings(&self) -> &Closings {
        &self.closings
    }

    /// How many lines could not be read.
    pub fn refused(&self) -> u64 {
        self.refused
    }

    /// What became of the ids that were met more than once.
    pub fn tally(&self) -> Tally {
        let mut tally = Tally::default();
        for repeat in &self.repeats {
            match (repeat.differ, repeat.taken) {
                (true, None) => tally.conflicts += 1,
                (true, Some(_)) => tally.settled += 1,
                (false, _) => tally.duplicates += repeat.members.len() as u64 - 1,
            }
        }
        tally
    }

    /// Writes the merged bundle: rules, each list with its items, connectors, other saved objects, other records, a details line.
    ///
    /// Each of them in the order in which their ids first came, as they were read, with `\n` after each. Gives how many there
    /// are, without the details line. Fails, before it writes, as long as there are conflicts.
    pub fn write(&mut self, output: impl Write) -> Result<Counts> {
        let conflicts = self.tally().conflicts;
        if conflicts > 0 {
            return Err(ErrorKind::Conflicts { count: conflicts }.into());
        }
        let mut output = BufWriter::with_capacity(1 << 18, output);
        let writing = |source| Error::io("writing the output", source);
        let mut counts = Counts::default();
        for slot in &self.order {
            counts[self.entries[slot.line as usize].kind()] += 1;
        }
        let lines = self.order.iter().map(|slot| slot.line as usize);
        self.shelf.lines(lines, |_, line| {
            output
                .write_all(line)
                .and_then(|()| output.write_all(b"\n"))
                .map_err(writing)
        })?;
        writeln!(output, "{}", details_line(counts)).map_err(writing)?;
        output.flush().map_err(writing)?;
        Ok(counts)
    }

    /// Finds the ids that were met more than once, and settles what differs.
    fn meet(&mut self, prefer: Option<Prefer>) {
        let entries = &self.entries;
        let keyed = (0..).zip(entries).filter(|(_, entry)| entry.key.is_some());
        let mut sorted: Vec<u32> = keyed.map(|(index, _)| index).collect();
        sorted.sort_unstable_by_key(|&index| (entries[index as usize].key, index));
        let same = |a: &u32, b: &u32| entries[*a as usize].key == entries[*b as usize].key;
        let mut from = 0_u32;
        for group in sorted.chunk_by(same) {
            let members = from..group.iter().fold(from, |end, _| end + 1);
            from = members.end;
            if let [first, rest @ ..] = group
                && !rest.is_empty()
            {
                let print = |index: &u32| entries[*index as usize].print;
                let differ = rest.iter().any(|index| print(index) != print(first));
                let taken = if differ {
                    prefer.and_then(|prefer| prefer.settle(group, entries))
                } else {
                    Some(*first)
                };
                self.repeats.push(Repeat {
                    members,
                    taken,
                    differ,
                });
            }
        }
        self.repeats
            .sort_unstable_by_key(|repeat| sorted[repeat.members.start as usize]);
        self.sorted = sorted;
    }

    /// Puts what is taken in order, and counts it by file.
    fn arrange(&mut self) {
        let mut lists: HashMap<u64, u32> = HashMap::new();
        for (index, entry) in (0..).zip(&self.entries) {
            if let Some(list) = entry.list {
                lists.entry(list.get()).or_insert(index);
            }
        }
        // What is written in the place of each line: the one that is taken where its id first came, nothing where it comes again.
        let mut stands: Vec<Option<u32>> = (0..).take(self.entries.len()).map(Some).collect();
        for repeat in &self.repeats {
            for (at, member) in self.members(repeat).iter().enumerate() {
                stands[*member as usize] = repeat.taken.filter(|_| at == 0);
            }
        }
        let slots = (0..).zip(&self.entries).filter_map(|(index, entry)| {
            let line = stands[index as usize]?;
            let list = entry.list.and_then(|list| lists.get(&list.get()));
            Some(Slot {
                block: entry.block,
                list: list.copied().unwrap_or(u32::MAX),
                first: index,
                line,
            })
        });
        let mut order: Vec<Slot> = slots.filter(|slot| slot.block.is_written()).collect();
        // A list goes before its items, wherever they first came.
        let is_item = |slot: &Slot| self.entries[slot.first as usize].is_item;
        order.sort_unstable_by_key(|slot| (slot.block, slot.list, is_item(slot), slot.first));
        for slot in &order {
            let file = self.file(slot.line);
            self.files[file].taken += 1;
        }
        self.order = order;
    }

    /// The lines of one id.
    fn members(&self, repeat: &Repeat) -> &[u32] {
        &self.sorted[repeat.members.start as usize..repeat.members.end as usize]
    }

    /// The place in `files` of the one that has this line.
    fn file(&self, line: u32) -> usize {
        let after = self
            .files
            .partition_point(|file| file.from <= line as usize);
        after.saturating_sub(1)
    }
}

impl Closings {
    fn add(&mut self, closing: Option<Closing>, location: &Location) {
        if let Some(Closing { foreign, missed }) = closing {
            self.missed += missed;
            self.foreign
                .extend(foreign.map(|what| (what, location.clone())));
        }
    }
}

/// Which file the lines come from, as they come.
struct Files {
    all: Vec<File>,
    at: usize,
    /// The number of the last line.
    line: u64,
}

impl Files {
    fn of(sources: &[Source<'_>]) -> Self {
        let file = |(at, source): (usize, &Source<'_>)| File {
            name: source.name().into(),
            read: 0,
            taken: 0,
            // Of a file without lines it is not known where they would be.
            from: if at == 0 { 0 } else { usize::MAX },
        };
        Self {
            all: sources.iter().enumerate().map(file).collect(),
            at: 0,
            line: 0,
        }
    }

    fn count(&mut self, index: usize, location: &Location, block: Block) {
        let is_here = |file: &File| file.name == location.file;
        // A file may be named twice, so its lines may begin again under the same name.
        let begins_again = location.line <= self.line;
        if begins_again || !self.all.get(self.at).is_some_and(is_here) {
            let later = self.at + 1;
            let next = self.all.iter().skip(later).position(is_here).unwrap_or(0);
            for file in self.all.iter_mut().skip(later).take(next + 1) {
                file.from = index;
            }
            self.at = (later + next).min(self.all.len().saturating_sub(1));
        }
        self.line = location.line;
        if let Some(file) = self.all.get_mut(self.at) {
            file.read += u64::from(block != Block::Details);
        }
    }
}

/// The kind of a record in a block, for the counts.
impl Entry {
    fn kind(&self) -> Kind {
        match self.block {
            Block::Rule => Kind::Rule,
            Block::Exception if self.is_item => Kind::ExceptionItem,
            Block::Exception => Kind::ExceptionList,
            Block::Connector | Block::SavedObject => Kind::Connector,
            Block::Other | Block::Gone => Kind::Other,
            Block::Details => Kind::Details,
        }
    }
}
