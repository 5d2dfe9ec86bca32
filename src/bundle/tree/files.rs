//! Where the files of a tree are: on a disk, or in memory.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::error::{Error, Result};
use crate::stream::{AtomicFile, Durable};

/// The files of a tree. Paths are relative, with `/` between their parts.
pub trait Files: Sync {
    /// What there is, in order of paths, except folders and what a name that begins with `.` or `_` hides.
    fn list(&self) -> Result<Vec<Listed>>;
    /// What a file holds.
    fn read(&self, path: &str) -> Result<Vec<u8>>;
    /// Makes or replaces a file, and makes the folders it needs. The old content is there until the new one is complete.
    fn write(&self, path: &str, bytes: &[u8]) -> Result<()>;
    /// Removes a file, and the folders that are empty without it.
    fn remove(&self, path: &str) -> Result<()>;
    /// The path as messages name it.
    fn name(&self, path: &str) -> String;
}

/// One thing in a tree.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Listed {
    /// Its path.
    pub path: String,
    /// Whether it is a file that can be read; a symbolic link is none, wherever it leads.
    pub is_file: bool,
}

/// Whether a file or folder of this name is not looked at.
fn is_hidden(name: &str) -> bool {
    name.starts_with(['.', '_'])
}

/// A tree in a directory. Symbolic links in it are not followed.
#[derive(Debug)]
pub struct Folder {
    root: PathBuf,
    may_be_missing: bool,
}

impl Folder {
    /// A directory that is there.
    pub fn open(root: impl Into<PathBuf>) -> Self {
        Self {
            root: root.into(),
            may_be_missing: false,
        }
    }

    /// A directory that is made when the first file is written, if it is not there.
    pub fn create(root: impl Into<PathBuf>) -> Self {
        Self {
            root: root.into(),
            may_be_missing: true,
        }
    }

    fn path(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    fn failed(&self, action: &str, path: &str, source: io::Error) -> Error {
        Error::io(format!("{action} `{}`", self.name(path)), source)
    }

    /// Adds what is in a folder to `found`, and its folders to `open`.
    fn visit(
        &self,
        folder: &str,
        open: &mut Vec<String>,
        found: &mut Vec<Listed>,
    ) -> io::Result<()> {
        for entry in fs::read_dir(self.path(folder))? {
            let entry = entry?;
            let kind = entry.file_type()?;
            let name = entry.file_name();
            let text = name.to_string_lossy();
            if is_hidden(&text) {
                continue;
            }
            let path = if folder.is_empty() {
                text.clone().into_owned()
            } else {
                format!("{folder}/{text}")
            };
            // A name that is no text cannot be one of ours, and its path would not lead back to it.
            let is_text = name.to_str().is_some();
            if kind.is_dir() && is_text {
                open.push(path);
            } else {
                let is_file = kind.is_file() && is_text;
                found.push(Listed { path, is_file });
            }
        }
        Ok(())
    }
}

impl Files for Folder {
    fn list(&self) -> Result<Vec<Listed>> {
        let mut found = Vec::new();
        let mut open = vec![String::new()];
        while let Some(folder) = open.pop() {
            match self.visit(&folder, &mut open, &mut found) {
                Err(error)
                    if folder.is_empty()
                        && self.may_be_missing
                        && error.kind() == io::ErrorKind::NotFound => {}
                done => {
                    done.map_err(|error| self.failed("reading the folder", &folder, error))?;
                }
            }
        }
        found.sort();
        Ok(found)
    }

    fn read(&self, path: &str) -> Result<Vec<u8>> {
        fs::read(self.path(path)).map_err(|error| self.failed("reading", path, error))
    }

    fn write(&self, path: &str, bytes: &[u8]) -> Result<()> {
        let target = self.path(path);
        if let Some(folder) = target.parent() {
            fs::create_dir_all(folder).map_err(|error| {
                Error::io(format!("making the folder `{}`", folder.display()), error)
            })?;
        }
        let mut file = AtomicFile::create(target)?;
        file.write_all(bytes)
            .map_err(|error| self.failed("writing", path, error))?;
        file.commit(Durable::No)
    }

    fn remove(&self, path: &str) -> Result<()> {
        let target = self.path(path);
        fs::remove_file(&target).map_err(|error| self.failed("removing", path, error))?;
        let folders = target.ancestors().skip(1);
        for folder in folders.take_while(|folder| *folder != self.root) {
            // One that is not empty stays.
            if fs::remove_dir(folder).is_err() {
                break;
            }
        }
        Ok(())
    }

    fn name(&self, path: &str) -> String {
        if path.is_empty() {
            self.root.display().to_string()
        } else {
            Path::new(&self.root).join(path).display().to_string()
        }
    }
}

/// A tree in memory.
#[derive(Debug, Default)]
pub struct Memory(Mutex<BTreeMap<String, Vec<u8>>>);

impl Memory {
    /// The files, by path.
    pub fn files(&self) -> MutexGuard<'_, BTreeMap<String, Vec<u8>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Files for Memory {
    fn list(&self) -> Result<Vec<Listed>> {
        let files = self.files();
        let shown = files
            .keys()
            .filter(|path| !path.split('/').any(is_hidden))
            .map(|path| Listed {
                path: path.clone(),
                is_file: true,
            });
        Ok(shown.collect())
    }

    fn read(&self, path: &str) -> Result<Vec<u8>> {
        let missing = || Error::io(format!("reading `{path}`"), io::ErrorKind::NotFound.into());
        self.files().get(path).cloned().ok_or_else(missing)
    }

    fn write(&self, path: &str, bytes: &[u8]) -> Result<()> {
        self.files().insert(path.to_owned(), bytes.to_vec());
        Ok(())
    }

    fn remove(&self, path: &str) -> Result<()> {
        self.files().remove(path);
        Ok(())
    }

    fn name(&self, path: &str) -> String {
        path.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_hides_what_is_not_its_own() {
        let root = tempfile::tempdir().unwrap();
        let folder = Folder::create(root.path().join("new"));
        assert_eq!(folder.list().unwrap(), []);
        assert!(Folder::open(root.path().join("new")).list().is_err());
        for path in [
            "b/c/d.json",
            "b/a.json",
            ".git/x",
            "_x/y",
            "b/.x.tmp",
            "b/_y",
        ] {
            folder.write(path, b"1").unwrap();
        }
        let paths = |folder: &Folder| {
            let listed = folder.list().unwrap();
            assert!(listed.iter().all(|one| one.is_file));
            listed.into_iter().map(|one| one.path).collect::<Vec<_>>()
        };
        assert_eq!(paths(&folder), ["b/a.json", "b/c/d.json"]);
        folder.remove("b/c/d.json").unwrap();
        assert_eq!(paths(&folder), ["b/a.json"]);
        assert!(!root.path().join("new/b/c").exists() && root.path().join("new/b").exists());
        folder.remove("b/a.json").unwrap();
        assert!(root.path().join("new/b/_y").exists());
    }

    #[cfg(unix)]
    #[test]
    fn links_are_listed_and_not_followed() {
        let root = tempfile::tempdir().unwrap();
        let outside = tempfile::tempdir().unwrap();
        fs::write(outside.path().join("x.json"), "{}").unwrap();
        std::os::unix::fs::symlink(outside.path(), root.path().join("rules")).unwrap();
        std::os::unix::fs::symlink(outside.path().join("x.json"), root.path().join("y.json"))
            .unwrap();
        let listed = Folder::open(root.path()).list().unwrap();
        let expected = ["rules", "y.json"].map(|path| Listed {
            path: path.into(),
            is_file: false,
        });
        assert_eq!(listed, expected);
    }
}
