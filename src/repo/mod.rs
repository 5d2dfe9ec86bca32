//! A folder of dated snapshots that a person can read with `zstd` and `jq` alone.
//!
//! - What a snapshot holds, its manifest says: for each space files, for each file runs of lines of **objects**. An object is a file
//!   named by its own SHA-256, and holds lines, compressed; records that did not change since the snapshot before are not stored
//!   again. `ruleferry-repo.json` in each repository tells how to read it by hand.
//! - A file gets its name when it is whole and on the disk. The order is objects, manifest, list of snapshots; in a removal it is
//!   the other way round. So a run that is cut off, wherever that is, leaves every listed snapshot whole, and what it leaves besides
//!   the next run clears away.
//! - Every byte is under a checksum: objects under their names, manifests under the list, the list and the format file under the one
//!   spelling that they have.
//! - Only one run at a time changes a repository. Those who read go on meanwhile, but nothing is removed while they do.
//! - Nothing here knows a Kibana.

mod changes;
mod choice;
mod chosen;
mod clear;
mod digest;
mod folder;
mod keep;
mod known;
mod listing;
mod lock;
mod manifest;
mod moment;
mod new_file;
mod object;
mod prune;
mod reader;
mod store;
#[cfg(test)]
mod tests;
mod verify;
mod writer;

use std::path::Path;

pub use changes::Changes;
pub use choice::{Address, Choice};
pub use digest::{Digest, NoDigest};
pub use keep::{Keep, Reason};
pub use listing::Entry;
pub use manifest::{Form, LeftOut, Manifest, Object, Origin, Part, StoredFile, StoredSpace};
pub use moment::Moment;
pub use new_file::NewFile;
pub use object::Told;
pub use prune::{Pruning, Removed};
pub use reader::{FileReader, SpaceReader};
pub use verify::{Fault, Finding, Verified, Verify};
pub use writer::{NewSnapshot, Published, Writer};

use crate::error::Result;
use folder::Folder;
use listing::Listing;
use lock::Lock;

/// A repository of snapshots.
#[derive(Debug, Clone)]
pub struct Repository {
    folder: Folder,
}

impl Repository {
    /// The repository in a folder. Fails if the folder is none.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let folder = Folder::new(path.as_ref());
        folder.check()?;
        Ok(Self { folder })
    }

    /// The repository in a folder, which is made one if it is empty or not there.
    pub fn open_or_create(path: impl AsRef<Path>) -> Result<Self> {
        let folder = Folder::new(path.as_ref());
        if !folder.at(folder::FORMAT).exists() {
            folder.init()?;
        }
        Self::open(path)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Becomes the one who may change it. Fails if another run is.
    pub fn writer(&self) -> Result<Writer> {
        Writer::begin(self)
    }

    /// The snapshots, oldest first.
    pub fn snapshots(&self) -> Result<Vec<Entry>> {
        Ok(Listing::read_or_make(&self.folder)?.entries().collect())
    }

    /// What a snapshot holds. Fails if the manifest is not what was recorded.
    pub fn manifest(&self, entry: &Entry) -> Result<Manifest> {
        Manifest::read(&self.folder, entry)
    }

    /// Reads a file of a snapshot. What is damaged shows in the reading, at the latest at the end.
    pub fn read(&self, file: &StoredFile) -> FileReader {
        let lock = Lock::to_read(&self.folder);
        FileReader::new(self.folder.clone(), file.clone(), lock)
    }

    /// Reads the records that a snapshot holds of a space, one file after the other, each on lines of its own.
    pub fn read_records(&self, space: &StoredSpace) -> SpaceReader {
        let files = space.files.iter().filter(|file| file.form == Form::Records);
        SpaceReader::new(files.map(|file| self.read(file)).collect())
    }
}
