//! Who may change a repository, and who reads it meanwhile: locks that the system lets go of when a process ends.

use std::fs::{File, TryLockError};
use std::time::Duration;

use super::folder::{Folder, READ_LOCK, WRITE_LOCK, owned, writing};
use crate::error::{ErrorKind, Result};

/// How often a lock is tried.
const PATIENCE: u32 = 10;

/// A lock, held until it is dropped.
#[derive(Debug)]
pub(super) struct Lock(File);

impl Drop for Lock {
    fn drop(&mut self) {
        // A process that is being started has the file too until it runs, and closing ours would not let go of the lock.
        _ = self.0.unlock();
    }
}

impl Lock {
    /// For the one who changes the repository: there is one at a time, and those who read go on.
    pub(super) fn to_write(folder: &Folder) -> Result<Self> {
        let busy = "is being changed by another run";
        Self::alone(folder, WRITE_LOCK, busy)
    }

    /// For the one who removes things, while nobody reads.
    pub(super) fn to_remove(folder: &Folder) -> Result<Self> {
        let busy = "is being read by another run, so nothing can be removed now";
        Self::alone(folder, READ_LOCK, busy)
    }

    fn alone(folder: &Folder, name: &str, busy: &str) -> Result<Self> {
        let path = folder.at(name);
        let file = owned().open(&path).map_err(|error| writing(&path, error))?;
        // Who only looks whether somebody writes has the lock for a moment.
        for _ in 0..PATIENCE {
            match file.try_lock() {
                Ok(()) => return Ok(Self(file)),
                Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(20)),
                Err(TryLockError::Error(error)) => return Err(writing(&path, error)),
            }
        }
        let message = format!("`{}` {busy}", folder.path().display());
        Err(ErrorKind::Busy {
            message: message.into(),
        }
        .into())
    }

    /// For one of many who read: waits until nothing is being removed. None where there is nothing to lock, as in a repository
    /// on a medium that cannot be written: there nothing is removed.
    pub(super) fn to_read(folder: &Folder) -> Option<Self> {
        let file = File::open(folder.at(READ_LOCK)).ok()?;
        file.lock_shared().ok()?;
        Some(Self(file))
    }

    /// Whether somebody changes the repository now.
    pub(super) fn is_being_written(folder: &Folder) -> bool {
        let Ok(file) = File::open(folder.at(WRITE_LOCK)) else {
            return false;
        };
        let tried = file.try_lock_shared();
        drop(Self(file));
        matches!(tried, Err(TryLockError::WouldBlock))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_writes_many_read_and_who_removes_is_alone() {
        let parent = tempfile::tempdir().unwrap();
        let folder = Folder::new(parent.path());
        assert!(Lock::to_read(&folder).is_none() && Lock::to_write(&folder).is_err());
        folder.init().unwrap();
        assert!(!Lock::is_being_written(&folder));
        let writer = Lock::to_write(&folder).unwrap();
        assert!(Lock::is_being_written(&folder));
        let error = Lock::to_write(&folder).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Busy { .. }), "{error}");
        let readers = [Lock::to_read(&folder), Lock::to_read(&folder)];
        assert!(readers.iter().all(Option::is_some));
        assert!(Lock::to_remove(&folder).is_err());
        drop(readers);
        Lock::to_remove(&folder).unwrap();
        drop(writer);
        Lock::to_write(&folder).unwrap();
    }
}
