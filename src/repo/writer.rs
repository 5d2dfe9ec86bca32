//! How a snapshot comes to be: objects first, then its manifest, then its place in the list.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::Repository;
use super::clear::{clear, mark, unmark};
use super::folder::{Folder, SNAPSHOTS};
use super::known::Known;
use super::listing::{Entry, Listing};
use super::lock::Lock;
use super::manifest::{Form, Manifest, Origin, StoredFile, StoredSpace};
use super::moment::Moment;
use super::new_file::NewFile;
use super::store::Store;
use crate::error::{Error, Result};
use crate::stream::sync_folder;

/// How many snapshots are looked at for an earlier version of a file.
const LOOKED_AT: usize = 4;

/// The one who may change a repository. There is one at a time.
#[derive(Debug)]
pub struct Writer {
    pub(super) folder: Folder,
    pub(super) listing: Listing,
    damage: Option<Error>,
    _lock: Lock,
}

impl Writer {
    /// Waits for nobody: fails if another run changes the repository. Clears away what one that was cut off has left.
    pub(super) fn begin(repository: &Repository) -> Result<Self> {
        let folder = repository.folder.clone();
        folder.complete()?;
        let lock = Lock::to_write(&folder)?;
        let mut listing = match Listing::read(&folder)? {
            Some(listing) => listing,
            None => {
                let listing = Listing::read_or_make(&folder)?;
                listing.write(&folder)?;
                listing
            }
        };
        let damage = clear(&folder, &mut listing)?;
        Ok(Self {
            folder,
            listing,
            damage,
            _lock: lock,
        })
    }

    /// Why what a run that was cut off has left behind could not all be cleared away: a snapshot is damaged.
    pub fn damage(&self) -> Option<&Error> {
        self.damage.as_ref()
    }

    /// Begins a snapshot of what comes from there.
    pub fn snapshot(&mut self, source: Origin) -> Result<NewSnapshot<'_>> {
        if self.damage.is_none() {
            mark(&self.folder, &[])?;
        }
        let began = self.listing.free(Moment::now());
        Ok(NewSnapshot {
            store: Store::new(self.folder.clone()),
            earlier: Mutex::new(Earlier {
                waiting: self.listing.entries().collect(),
                loaded: Vec::new(),
            }),
            writer: self,
            began,
            source,
            spaces: Mutex::default(),
            damage: Mutex::default(),
            is_complete: false,
        })
    }
}

/// A snapshot that is being written. Dropped before it is published, it is not there.
///
/// Spaces and files may be written by several threads at once.
#[derive(Debug)]
pub struct NewSnapshot<'w> {
    writer: &'w mut Writer,
    store: Store,
    began: Moment,
    source: Origin,
    spaces: Mutex<Vec<StoredSpace>>,
    earlier: Mutex<Earlier>,
    damage: Mutex<Vec<Error>>,
    /// Whether its objects must stay, whatever comes.
    is_complete: bool,
}

/// A snapshot that was published.
#[derive(Debug)]
pub struct Published {
    /// Its place in the list.
    pub entry: Entry,
    /// What it holds.
    pub manifest: Manifest,
    /// By how many bytes the repository grew, but for the manifest and the list.
    pub added: u64,
    /// What was found damaged, and therefore stored again.
    pub damage: Vec<Error>,
}

/// The snapshots before.
#[derive(Debug)]
struct Earlier {
    /// Those not looked at yet, the newest last.
    waiting: Vec<Entry>,
    /// Those looked at, the newest first.
    loaded: Vec<Manifest>,
}

impl NewSnapshot<'_> {
    /// Begins a file; its bytes are to be written to it.
    pub fn file(&self, space: &str, name: &str, form: Form) -> NewFile<'_> {
        let folder = &self.writer.folder;
        let warn = |error| lock(&self.damage).push(error);
        let before = lock(&self.earlier).find(folder, &self.source.url, (space, name), warn);
        let known = match before {
            Some(before) if before.form == form => Known::of(folder, &before, warn),
            _ => Known::default(),
        };
        NewFile::begin(&self.store, name, form, known)
    }

    /// Adds a space, whose files are finished.
    pub fn add(&self, space: StoredSpace) {
        lock(&self.spaces).push(space);
    }

    /// When it was begun.
    pub fn began(&self) -> Moment {
        self.began
    }

    /// Lets the snapshot be there, for good.
    pub fn publish(mut self) -> Result<Published> {
        let mut spaces = std::mem::take(&mut *lock(&self.spaces));
        spaces.sort_by(|a, b| a.space.cmp(&b.space));
        let manifest = Manifest {
            schema_version: 1,
            began: self.began,
            ended: Moment::now().max(self.began),
            source: self.source.clone(),
            partial: spaces.iter().any(|space| space.partial),
            spaces,
        };
        let used: std::collections::HashSet<_> =
            manifest.objects().map(|(object, _)| object).collect();
        let added = self.store.take_back(|object| used.contains(&object))?;
        self.store.sync()?;
        let folder = &self.writer.folder;
        let (file, digest) = manifest.write(folder)?;
        let entry = Entry {
            began: self.began,
            digest,
        };
        // From here on it may be found in its place, and then it needs its objects: the next run lists it.
        self.is_complete = true;
        file.place(&entry.path(folder))?;
        sync_folder(&folder.at(SNAPSHOTS))?;
        self.writer.listing.insert(entry);
        self.writer.listing.write(folder)?;
        if self.writer.damage.is_none() {
            unmark(folder)?;
        }
        Ok(Published {
            entry,
            manifest,
            added,
            damage: std::mem::take(&mut lock(&self.damage)),
        })
    }
}

impl Drop for NewSnapshot<'_> {
    fn drop(&mut self) {
        // What cannot be cleared away now, the next run clears away; it finds the marker.
        if !self.is_complete
            && self.store.take_back(|_| false).is_ok()
            && self.writer.damage.is_none()
        {
            _ = unmark(&self.writer.folder);
        }
    }
}

impl Earlier {
    /// The newest version of a file, of which the space and the name are given. Snapshots that are damaged are told to `warn`.
    fn find(
        &mut self,
        folder: &Folder,
        url: &str,
        (space, name): (&str, &str),
        warn: impl Fn(Error),
    ) -> Option<StoredFile> {
        for place in 0..LOOKED_AT {
            while self.loaded.len() <= place {
                match Manifest::read(folder, &self.waiting.pop()?) {
                    Ok(manifest) if &*manifest.source.url == url => self.loaded.push(manifest),
                    Ok(_) => {}
                    Err(error) => warn(error),
                }
            }
            let file = self.loaded[place]
                .space(space)
                .and_then(|space| space.file(name));
            if let Some(file) = file {
                return Some(file.clone());
            }
        }
        None
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
