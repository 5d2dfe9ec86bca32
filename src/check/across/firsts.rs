//! Which record was the first of its key? Keeps hashes, not keys: those stand in [`Entries`] already.

use std::collections::HashMap;
use std::collections::hash_map::{self, RandomState};
use std::hash::BuildHasher;

use super::places::{Entries, Entry};

/// The first record of each key. Takes about 30 bytes for one.
#[derive(Debug, Default)]
pub(super) struct Firsts {
    seed: RandomState,
    by_hash: HashMap<u64, Entry>,
    /// Those whose hash was another's.
    others: Vec<Entry>,
}

impl Firsts {
    /// The record that was before with the key of this one; none if this is the first, or has no key.
    pub(super) fn before(&mut self, entry: Entry, entries: &Entries) -> Option<Entry> {
        let identity = entries.identity(entry)?;
        let is_same = |first: Entry| entries.identity(first) == Some(identity);
        match self.by_hash.entry(self.seed.hash_one(identity)) {
            hash_map::Entry::Vacant(place) => {
                place.insert(entry);
                None
            }
            hash_map::Entry::Occupied(place) if is_same(*place.get()) => Some(*place.get()),
            hash_map::Entry::Occupied(_) => {
                let found = self.others.iter().copied().find(|&other| is_same(other));
                if found.is_none() {
                    self.others.push(entry);
                }
                found
            }
        }
    }
}
