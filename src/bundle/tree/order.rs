//! In which order do the files of a tree make a bundle?
//!
//! As the index says. What it does not name goes after the last of its kind, items after those of their list; what it names and
//! the tree lacks is left out.

use std::collections::HashMap;

use super::Key;
use super::index::{Entry, Spelling};
use super::survey::Found;
use crate::record::{Counts, Kind, ListId, RecordKey};

/// One line of the bundle to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Line {
    /// A file, by its place in the survey.
    File {
        place: usize,
        spelling: Spelling,
        /// What a details line has to count, if it has to count again.
        recount: Option<Counts>,
    },
    /// White space.
    Blank(Box<str>),
}

/// The lines in order, and what index and tree do not agree on.
#[derive(Debug, Default)]
pub(super) struct Order {
    pub(super) lines: Vec<Line>,
    pub(super) begins_with_mark: bool,
    pub(super) ends_without_newline: bool,
    /// What the index names and the tree lacks.
    pub(super) missing: Vec<Key>,
    /// Places in the survey of what the index does not name.
    pub(super) added: Vec<usize>,
}

/// What stands at a place of the index.
enum Slot {
    File(usize, Spelling),
    Blank(Box<str>),
    /// Its file is missing.
    Missing,
}

/// Where kinds stand in an export, exceptions and their items together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Rule,
    Exception,
    SavedObject,
    Other,
    Details,
}

impl Rank {
    fn of(key: &Key) -> Self {
        match key.kind() {
            Some(Kind::Rule) => Self::Rule,
            Some(Kind::ExceptionList | Kind::ExceptionItem) => Self::Exception,
            Some(Kind::Connector) => Self::SavedObject,
            Some(Kind::Other) | None => Self::Other,
            Some(Kind::Details) => Self::Details,
        }
    }
}

/// Where a record that the index does not name goes: after so many places of the index, and then in this order.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Spot {
    after: usize,
    rank: Rank,
    /// The path of the list, for a list and its items.
    group: Box<str>,
    is_item: bool,
    path: Box<str>,
}

/// Puts the files in order.
pub(super) fn order(
    index: Option<Vec<Entry>>,
    found: &[Found],
    places: &HashMap<&Key, usize>,
) -> Order {
    let mut order = Order::default();
    let mut named = vec![false; found.len()];
    let mut slots = Vec::new();
    for entry in index.into_iter().flatten() {
        match entry {
            Entry::Record(key, spelling) => match places.get(&key) {
                Some(&place) => {
                    named[place] = true;
                    slots.push(Slot::File(place, spelling));
                }
                None => {
                    order.missing.push(key);
                    slots.push(Slot::Missing);
                }
            },
            Entry::Blank(space) => slots.push(Slot::Blank(space)),
            Entry::ByteOrderMark => order.begins_with_mark = true,
            Entry::NoFinalNewline => order.ends_without_newline = true,
        }
    }
    let new: Vec<usize> = (0..found.len()).filter(|&place| !named[place]).collect();
    let mut added = spots(&slots, found, &new);
    added.sort();
    order.added = added.iter().map(|(_, place)| *place).collect();
    order.lines = merged(slots, added, found);
    order
}

/// The spots of the records at these places.
fn spots(slots: &[Slot], found: &[Found], new: &[usize]) -> Vec<(Spot, usize)> {
    let mut ends: [Option<usize>; 5] = [None; 5];
    // After which slot a list and its items end, and the paths of lists that are new.
    let mut lists: HashMap<&ListId, usize> = HashMap::new();
    for (at, slot) in slots.iter().enumerate() {
        if let Slot::File(place, _) = slot {
            let key = &found[*place].key;
            ends[Rank::of(key) as usize] = Some(at + 1);
            if let Some(list) = list(key) {
                lists.insert(list, at + 1);
            }
        }
    }
    let mut new_lists: HashMap<&ListId, &str> = HashMap::new();
    for &place in new {
        let one = &found[place];
        if let Key::Id(RecordKey::List(list), _) = &one.key {
            new_lists.entry(&list.id).or_insert(&one.path);
        }
    }
    let after = |rank: Rank| {
        let up_to = &ends[..=rank as usize];
        up_to.iter().rev().find_map(|end| *end).unwrap_or(0)
    };
    new.iter()
        .map(|&place| {
            let one = &found[place];
            let rank = Rank::of(&one.key);
            let is_item = one.key.kind() == Some(Kind::ExceptionItem);
            let own_list = is_item.then(|| list(&one.key)).flatten();
            let own_end = own_list.and_then(|list| lists.get(list).copied());
            let group = match (own_end, own_list.and_then(|list| new_lists.get(list))) {
                (Some(_), _) => "",
                (None, Some(path)) => path,
                (None, None) => &one.path,
            };
            let after = match (own_end, rank) {
                (Some(end), _) => end,
                (None, Rank::Details) => slots.len(),
                (None, rank) => after(rank),
            };
            let spot = Spot {
                after,
                rank,
                group: group.into(),
                is_item,
                path: one.path.clone(),
            };
            (spot, place)
        })
        .collect()
}

/// The list that a list is or an item belongs to, in whatever namespace.
fn list(key: &Key) -> Option<&ListId> {
    match key {
        Key::Id(RecordKey::List(list), _) => Some(&list.id),
        Key::Id(RecordKey::Item(_, list), _) => list.as_ref(),
        _ => None,
    }
}

/// The lines of the index with the new ones among them; where that changes what a details line counts, it counts again.
fn merged(slots: Vec<Slot>, added: Vec<(Spot, usize)>, found: &[Found]) -> Vec<Line> {
    let mut merger = Merger {
        lines: Vec::with_capacity(slots.len() + added.len()),
        found,
        counts: Counts::default(),
        is_changed: false,
        // What is put before all others is spelt as they are.
        spelling: slots
            .iter()
            .find_map(|slot| match slot {
                Slot::File(_, spelling) => Some(*spelling),
                Slot::Blank(_) | Slot::Missing => None,
            })
            .unwrap_or_default(),
    };
    let mut added = added.into_iter().peekable();
    let mut add = |merger: &mut Merger<'_>, after: usize| {
        while let Some((_, place)) = added.next_if(|(spot, _)| spot.after == after) {
            merger.is_changed = true;
            merger.file(place, merger.spelling);
        }
    };
    add(&mut merger, 0);
    for (at, slot) in slots.into_iter().enumerate() {
        match slot {
            Slot::File(place, spelling) => merger.file(place, spelling),
            Slot::Blank(space) => merger.lines.push(Line::Blank(space)),
            Slot::Missing => merger.is_changed = true,
        }
        add(&mut merger, at + 1);
    }
    merger.lines
}

struct Merger<'f> {
    lines: Vec<Line>,
    found: &'f [Found],
    /// What came since the last details line, and whether that is not what the index says.
    counts: Counts,
    is_changed: bool,
    /// How the last line was spelt.
    spelling: Spelling,
}

impl Merger<'_> {
    fn file(&mut self, place: usize, spelling: Spelling) {
        self.spelling = spelling;
        let mut recount = None;
        if let Some(kind) = self.found[place].key.kind() {
            self.counts[kind] += 1;
            if kind == Kind::Details {
                recount = self.is_changed.then_some(self.counts);
                self.counts = Counts::default();
                self.is_changed = false;
            }
        }
        self.lines.push(Line::File {
            place,
            spelling,
            recount,
        });
    }
}

#[cfg(test)]
mod tests;
