//! How snapshots go: off the list first, then their files, then what nobody needs any more.

use std::collections::{HashMap, HashSet};

use super::Repository;
use super::clear::{mark, remove_unused, unmark, used};
use super::digest::Digest;
use super::folder::{Folder, SNAPSHOTS, remove};
use super::keep::{Facts, Keep, Reason};
use super::listing::{Entry, Listing};
use super::lock::Lock;
use super::manifest::Manifest;
use super::writer::Writer;
use crate::error::{Error, Result};
use crate::stream::sync_folder;

/// Which snapshots are to stay and which to go, oldest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pruning {
    /// Each snapshot, and why it stays; those without a reason go.
    pub snapshots: Vec<(Entry, Vec<Reason>)>,
    /// The size of the objects that nobody needs then.
    pub frees: u64,
}

/// What a removal did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Removed {
    /// How many snapshots went.
    pub snapshots: u64,
    /// How many objects went.
    pub objects: u64,
    /// How large those were.
    pub bytes: u64,
}

impl Pruning {
    fn of(folder: &Folder, listing: &Listing, keep: &Keep) -> Result<Self> {
        let mut facts = Vec::new();
        let mut objects: Vec<HashMap<Digest, u64>> = Vec::new();
        for entry in listing.entries() {
            let manifest = Manifest::read(folder, &entry)?;
            facts.push(Facts::of(entry, &manifest));
            objects.push(manifest.objects().collect());
        }
        let reasons = keep.reasons(&facts);
        let stays = |(_, reasons): &(&HashMap<_, _>, &Vec<Reason>)| !reasons.is_empty();
        let (stay, go): (Vec<_>, Vec<_>) = objects.iter().zip(&reasons).partition(stays);
        let stay: HashSet<Digest> = stay
            .iter()
            .flat_map(|(objects, _)| objects.keys().copied())
            .collect();
        let mut go: HashMap<Digest, u64> = go
            .into_iter()
            .flat_map(|(objects, _)| objects.clone())
            .collect();
        go.retain(|object, _| !stay.contains(object));
        let entries = facts.into_iter().map(|facts| facts.entry);
        Ok(Self {
            snapshots: entries.zip(reasons).collect(),
            frees: go.values().sum(),
        })
    }

    /// The snapshots that go.
    pub fn going(&self) -> Vec<Entry> {
        let going = self
            .snapshots
            .iter()
            .filter(|(_, reasons)| reasons.is_empty());
        going.map(|(entry, _)| *entry).collect()
    }
}

impl Repository {
    /// What [`Writer::remove`] would be asked to remove, now.
    pub fn pruning(&self, keep: &Keep) -> Result<Pruning> {
        Pruning::of(&self.folder, &Listing::read_or_make(&self.folder)?, keep)
    }
}

impl Writer {
    /// Which snapshots stay.
    pub fn pruning(&self, keep: &Keep) -> Result<Pruning> {
        Pruning::of(&self.folder, &self.listing, keep)
    }

    /// Removes snapshots, and all that only they need. Fails if somebody reads, or if a snapshot that stays is damaged: then nobody
    /// knows what it needs.
    pub fn remove(&mut self, going: &[Entry]) -> Result<Removed> {
        let folder = &self.folder;
        let staying = self
            .listing
            .entries()
            .filter(|entry| !going.contains(entry));
        used(folder, staying)?;
        let _alone = Lock::to_remove(folder)?;
        let names: Vec<String> = going.iter().map(Entry::file_name).collect();
        if names.iter().any(|name| !folder.snapshot(name).exists()) {
            return Err(Error::usage(
                "a snapshot that is to be removed is not there",
            ));
        }
        mark(folder, &names)?;
        for entry in going {
            self.listing.remove(entry);
        }
        self.listing.write(folder)?;
        // Only when the list without them is on the disk may what they need go.
        for name in &names {
            remove(&folder.snapshot(name))?;
        }
        sync_folder(&folder.at(SNAPSHOTS))?;
        let (objects, bytes) = remove_unused(folder, &self.listing)?;
        unmark(folder)?;
        Ok(Removed {
            snapshots: going.len() as u64,
            objects,
            bytes,
        })
    }
}
