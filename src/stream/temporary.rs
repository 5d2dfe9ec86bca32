//! Which temporary files exist: makes them beside their targets, and removes them whatever happens.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The temporary files that exist now.
///
/// It is the one static of this crate, because the one who needs it, the thread that handles a signal, can be handed
/// nothing: it must know every such file of the process at any moment. Holding the lock is what lets a temporary file
/// appear, be renamed or vanish, so list and disk agree whenever the lock is free.
static TEMPORARY: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

fn registry() -> MutexGuard<'static, BTreeSet<PathBuf>> {
    TEMPORARY.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Removes every temporary file there is, and lets none be made or renamed from now on.
///
/// For the thread that handles a signal, right before it ends the process: other threads that create, commit or drop an
/// [`AtomicFile`](super::AtomicFile) wait until then.
pub fn interrupt_cleanup() {
    let paths = registry();
    for path in paths.iter() {
        // There is nobody left to tell.
        _ = fs::remove_file(path);
    }
    std::mem::forget(paths);
}

/// A file that is to become another, and is removed when dropped before it has.
#[derive(Debug)]
pub(super) struct Temporary {
    path: PathBuf,
    target: PathBuf,
}

/// Who may read a temporary file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Readers {
    /// As for any new file.
    Usual,
    /// The owner alone.
    Owner,
}

impl Temporary {
    /// Makes an empty file beside `target`.
    pub(super) fn create(target: PathBuf, readers: Readers) -> io::Result<(File, Self)> {
        let name = target.file_name().ok_or(io::ErrorKind::InvalidInput)?;
        // The temporary name must not be too long where that of the target just fits.
        let name: String = name.to_string_lossy().chars().take(48).collect();
        let random = RandomState::new();
        for attempt in 0..100 {
            let number = random.hash_one(attempt) >> 32;
            let path = target.with_file_name(format!(".{name}.{number:08x}.tmp"));
            match create_new(&path, readers) {
                Ok(file) => return Ok((file, Self { path, target })),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }

    /// The same file with another target.
    #[must_use]
    pub(super) fn aimed_at(mut self, target: PathBuf) -> Self {
        self.target = target;
        self
    }

    /// Gives the file the name of its target, which it replaces. On Windows it must be closed.
    pub(super) fn rename(self) -> io::Result<()> {
        let mut paths = registry();
        fs::rename(&self.path, &self.target)?;
        paths.remove(&self.path);
        Ok(())
    }

    /// Gives each file the name of its target, where nothing is yet: all of them, or none. An interruption comes before or after.
    ///
    /// Fails with the target at which it failed.
    pub(super) fn rename_all(files: &[Self]) -> Result<(), (PathBuf, io::Error)> {
        let mut paths = registry();
        for (at, file) in files.iter().enumerate() {
            let renamed = if file.target.exists() {
                Err(io::ErrorKind::AlreadyExists.into())
            } else {
                fs::rename(&file.path, &file.target)
            };
            if let Err(error) = renamed {
                for file in &files[..at] {
                    // What stopped the renaming is the error worth telling.
                    _ = fs::remove_file(&file.target);
                }
                return Err((file.target.clone(), error));
            }
            paths.remove(&file.path);
        }
        Ok(())
    }

    /// The file it is to become.
    pub(super) fn target(&self) -> &Path {
        &self.target
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let mut paths = registry();
        if paths.remove(&self.path) {
            // What caused the drop is the error worth telling.
            _ = fs::remove_file(&self.path);
        }
    }
}

fn create_new(path: &Path, readers: Readers) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    if readers == Readers::Owner {
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    }
    // Elsewhere a new file has the rights of its directory, and there is nothing narrower to ask for.
    #[cfg(not(unix))]
    let _ = readers;
    let mut paths = registry();
    let file = options.open(path)?;
    paths.insert(path.to_path_buf());
    Ok(file)
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    /// Runs itself as a process of its own, because no test could write a file after a cleanup.
    #[test]
    fn leaves_nothing_behind_when_interrupted() {
        const VARIABLE: &str = "RULEFERRY_TEST_DIRECTORY";
        if let Some(directory) = std::env::var_os(VARIABLE) {
            let create =
                |name| Temporary::create(Path::new(&directory).join(name), Readers::Usual).unwrap();
            let ((_, one), (_, two)) = (create("old"), create("fresh"));
            assert_eq!(fs::read_dir(&directory).unwrap().count(), 3);
            interrupt_cleanup();
            std::thread::spawn(move || two.rename());
            std::thread::spawn(move || drop(one));
            std::thread::sleep(std::time::Duration::from_millis(50));
            std::process::exit(77);
        }
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("old"), "old").unwrap();
        let output = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "stream::temporary::tests::leaves_nothing_behind_when_interrupted",
            ])
            .env(VARIABLE, directory.path())
            .output();
        assert_eq!(output.unwrap().status.code(), Some(77));
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
        assert_eq!(fs::read(directory.path().join("old")).unwrap(), b"old");
    }
}
