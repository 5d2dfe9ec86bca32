//! Where objects are put: each once, and known to the run that put it, which may have to take it back.

use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::digest::Digest;
use super::folder::{self, Folder, OBJECTS, writing};
use crate::error::{Error, Result};
use crate::stream::{Unnamed, sync_folder};

/// Objects, and what a run did to them. Several threads may put at once.
#[derive(Debug)]
pub(super) struct Store {
    folder: Folder,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// What was not there before, with its size.
    added: BTreeSet<(Digest, u64)>,
    /// The folders in which something got a name.
    touched: BTreeSet<PathBuf>,
}

impl Store {
    pub(super) fn new(folder: Folder) -> Self {
        Self {
            folder,
            state: Mutex::default(),
        }
    }

    pub(super) fn folder(&self) -> &Folder {
        &self.folder
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a file of this checksum and size in its place, unless it is there already and sound.
    pub(super) fn put(&self, file: Unnamed, object: Digest, bytes: u64) -> Result<()> {
        let path = self.folder.object(object);
        let there = Digest::of_file(&path).ok();
        if there == Some((object, bytes)) {
            return Ok(());
        }
        let parent = path.parent().unwrap_or(self.folder.path()).to_path_buf();
        let is_new = folder::make(&parent)?;
        file.place(&path)?;
        let mut state = self.state();
        if there.is_none() {
            state.added.insert((object, bytes));
        }
        if is_new {
            state.touched.insert(self.folder.at(OBJECTS));
        }
        state.touched.insert(parent);
        Ok(())
    }

    /// Brings the names of what was put to the disk.
    pub(super) fn sync(&self) -> Result<()> {
        let touched = std::mem::take(&mut self.state().touched);
        // A folder went with the last object that was taken back from it.
        let mut there = touched.iter().filter(|folder| folder.exists());
        there.try_for_each(|folder| sync_folder(folder))
    }

    /// Takes back what was not there before and is not wanted; gives the size of the rest.
    pub(super) fn take_back(&self, wanted: impl Fn(Digest) -> bool) -> Result<u64> {
        let mut state = self.state();
        let unwanted = state.added.iter().filter(|(object, _)| !wanted(*object));
        for (object, _) in unwanted {
            remove(&self.folder, *object)?;
        }
        state.added.retain(|(object, _)| wanted(*object));
        Ok(state.added.iter().map(|(_, bytes)| bytes).sum())
    }

    pub(super) fn writing(&self, error: io::Error) -> Error {
        writing(self.folder.path(), error)
    }
}

/// Removes an object, and its folder with the last one in it.
pub(super) fn remove(folder: &Folder, object: Digest) -> Result<()> {
    let path = folder.object(object);
    folder::remove(&path)?;
    if let Some(parent) = path.parent() {
        // It fails where others are in it, as it should.
        _ = std::fs::remove_dir(parent);
    }
    Ok(())
}
