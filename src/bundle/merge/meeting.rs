//! What is told of the records of one id: where they are, what differs, which is taken.

use std::collections::HashMap;

use super::{Merge, Repeat};
use crate::bundle::{Lens, changes};
use crate::error::{ErrorKind, Location, PathStep, Result};
use crate::record::{Kind, Record};

/// Ids that are handed to a thread at a time.
const CHUNK: usize = 64;

/// What became of the records of one id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Taking {
    /// They say the same; the first is taken.
    Same,
    /// They differ, and one is taken.
    Settled,
    /// They differ, and nobody said which to take.
    Conflict,
}

/// The records of one id, where there is more than one.
#[derive(Debug)]
pub struct Meeting {
    /// What became of them.
    pub taking: Taking,
    /// What they are.
    pub kind: Kind,
    /// The id that people know them by.
    pub id: Option<String>,
    /// The record as messages name it, as in ``rule `acme-1` ``.
    pub label: String,
    /// Their places, in input order.
    pub places: Vec<Location>,
    /// Which of the places is taken.
    pub taken: Option<usize>,
    /// The members that differ, in order.
    pub fields: Vec<String>,
    /// For a list of which one is taken: how many of its items come from another file than the list itself.
    pub items_from_elsewhere: u64,
}

/// The lines of some ids: each content once, the first that has it.
struct Chunk(Vec<(Meeting, Vec<Vec<u8>>)>);

impl Merge {
    /// Tells of the ids that were met more than once and came to this, in the order in which they first came; `most` of them.
    pub fn each(
        &mut self,
        taking: Taking,
        most: usize,
        mut sink: impl FnMut(Meeting) -> Result<()>,
    ) -> Result<()> {
        let wanted = |repeat: &&Repeat| repeat.taking() == taking;
        let repeats: Vec<Repeat> = self
            .repeats
            .iter()
            .filter(wanted)
            .take(most)
            .cloned()
            .collect();
        let elsewhere = self.items_from_elsewhere(&repeats);
        let mut chunks = repeats.chunks(CHUNK);
        let reading = self.reading.clone();
        let lens = Lens::new(super::Fields::Owned, [])?;
        let next = || {
            let repeats = chunks.next();
            repeats
                .map(|repeats| self.chunk(repeats, &elsewhere))
                .transpose()
        };
        reading.ordered(
            next,
            |chunk| chunk.compared(&lens),
            |meetings| meetings.into_iter().try_for_each(&mut sink),
        )
    }

    fn chunk(&mut self, repeats: &[Repeat], elsewhere: &HashMap<u64, u64>) -> Result<Chunk> {
        let mut met = Vec::with_capacity(repeats.len());
        for repeat in repeats {
            let members = &self.sorted[repeat.members.start as usize..repeat.members.end as usize];
            let entry = |index: &u32| &self.entries[*index as usize];
            let first = entry(&members[0]);
            let list = first.list.filter(|_| !first.is_item);
            let meeting = Meeting {
                taking: repeat.taking(),
                kind: first.kind(),
                id: None,
                label: String::new(),
                places: members
                    .iter()
                    .map(|index| self.shelf.location(*index as usize))
                    .collect(),
                taken: repeat
                    .taken
                    .and_then(|taken| members.iter().position(|&index| index == taken)),
                fields: Vec::new(),
                items_from_elsewhere: list
                    .and_then(|list| elsewhere.get(&list.get()).copied())
                    .unwrap_or(0),
            };
            let mut prints = Vec::new();
            let mut contents: Vec<usize> = Vec::new();
            for index in members {
                if !prints.contains(&entry(index).print) {
                    prints.push(entry(index).print);
                    contents.push(*index as usize);
                }
            }
            let mut lines = Vec::with_capacity(contents.len());
            self.shelf.lines(contents, |_, line| {
                lines.push(line.to_vec());
                Ok(())
            })?;
            met.push((meeting, lines));
        }
        Ok(Chunk(met))
    }

    /// For each list of which one of several is taken, how many of its items come from another file.
    fn items_from_elsewhere(&self, repeats: &[Repeat]) -> HashMap<u64, u64> {
        let mut files: HashMap<u64, usize> = HashMap::new();
        for repeat in repeats.iter().filter(|repeat| repeat.differ) {
            let Some(taken) = repeat.taken else { continue };
            let entry = &self.entries[taken as usize];
            if let (Some(list), false) = (entry.list, entry.is_item) {
                files.insert(list.get(), self.file(taken));
            }
        }
        let mut elsewhere = HashMap::new();
        if files.is_empty() {
            return elsewhere;
        }
        for slot in &self.order {
            let entry = &self.entries[slot.line as usize];
            if let (Some(list), true) = (entry.list, entry.is_item)
                && files
                    .get(&list.get())
                    .is_some_and(|&file| file != self.file(slot.line))
            {
                *elsewhere.entry(list.get()).or_insert(0) += 1;
            }
        }
        elsewhere
    }
}

impl Repeat {
    fn taking(&self) -> Taking {
        match (self.differ, self.taken) {
            (false, _) => Taking::Same,
            (true, Some(_)) => Taking::Settled,
            (true, None) => Taking::Conflict,
        }
    }
}

impl Chunk {
    fn compared(self, lens: &Lens) -> Result<Vec<Meeting>> {
        let compared = |(mut meeting, lines): (Meeting, Vec<Vec<u8>>)| {
            let records: Vec<Record<'_>> = lines
                .iter()
                .map(|line| {
                    let text = std::str::from_utf8(line).map_err(|_| ErrorKind::Utf8)?;
                    Ok(Record::parse(text, 0)?)
                })
                .collect::<Result<_>>()?;
            if let [first, rest @ ..] = &records[..] {
                meeting.id = first.id().map(Into::into);
                meeting.label = first.label();
                for other in rest {
                    for change in changes(lens, first, other) {
                        if let Some(PathStep::Key(key)) = change.path.first()
                            && !meeting.fields.iter().any(|field| **field == **key)
                        {
                            meeting.fields.push(key.to_string());
                        }
                    }
                }
            }
            Ok(meeting)
        };
        self.0.into_iter().map(compared).collect()
    }
}
