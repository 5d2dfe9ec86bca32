//! What lies where in a repository, and how its files and folders are made.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::digest::Digest;
use crate::error::{Error, ErrorKind, Location, Result};
use crate::stream::{Unnamed, sync_folder};

/// The file that says that a folder is a repository, and of which format.
pub(super) const FORMAT: &str = "ruleferry-repo.json";
/// What it holds, byte for byte. It tells a person how to read the rest.
pub(super) const FORMAT_TEXT: &str = include_str!("ruleferry-repo.json");
/// The list of snapshots, as `sha256sum -c` reads it.
pub(super) const LISTING: &str = "snapshots.sha256";
/// The folder of snapshots.
pub(super) const SNAPSHOTS: &str = "snapshots";
/// The folder of objects.
pub(super) const OBJECTS: &str = "objects";
/// The folder of what is being written.
pub(super) const UNFINISHED: &str = "tmp";
/// In that folder: there while a run changes the repository, and left behind by one that was cut off.
pub(super) const MARKER: &str = "unfinished";
/// Locked by whoever changes the repository.
pub(super) const WRITE_LOCK: &str = "write.lock";
/// Shared by those who read, locked alone by who removes.
pub(super) const READ_LOCK: &str = "read.lock";

/// The folder of a repository.
#[derive(Debug, Clone)]
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn new(path: &Path) -> Self {
        Self(path.into())
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// What has this name in it.
    pub(super) fn at(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// What has this name among what is being written.
    pub(super) fn unfinished(&self, name: &str) -> PathBuf {
        self.at(UNFINISHED).join(name)
    }

    /// The file of a snapshot.
    pub(super) fn snapshot(&self, file_name: &str) -> PathBuf {
        self.at(SNAPSHOTS).join(file_name)
    }

    /// The file of an object.
    pub(super) fn object(&self, object: Digest) -> PathBuf {
        let name = object.to_string();
        let folder = self.at(OBJECTS).join(&name[..2]);
        folder.join(name + ".zst")
    }

    /// Makes the folders that are not there, and the file that says what this is, last.
    ///
    /// Fails if something is there that is no beginning of a repository.
    pub(super) fn init(&self) -> Result<()> {
        if self.0.exists() && !self.0.is_dir() {
            let path = self.0.display();
            return Err(Error::usage(format!(
                "`{path}` is no repository: it is no folder"
            )));
        }
        make_all(&self.0)?;
        for name in names(&self.0)? {
            let ours = [
                OBJECTS, SNAPSHOTS, UNFINISHED, WRITE_LOCK, READ_LOCK, LISTING,
            ];
            if !ours.contains(&name.as_str()) {
                let path = self.0.display();
                return Err(Error::usage(format!(
                    "`{path}` is no repository and not empty: it holds `{name}`; give an empty folder, or one that does not exist"
                )));
            }
        }
        // What holds snapshots was a repository, and must not become an empty one.
        for name in [SNAPSHOTS, OBJECTS] {
            if !names(&self.at(name))?.is_empty() {
                return Err(damaged(&self.at(FORMAT), "is missing"));
            }
        }
        self.complete()?;
        self.begin_file()?.place(&self.at(LISTING))?;
        let mut file = self.begin_file()?;
        let path = self.at(FORMAT);
        io::Write::write_all(&mut file, FORMAT_TEXT.as_bytes())
            .map_err(|error| writing(&path, error))?;
        file.place(&path)?;
        sync_folder(&self.0)
    }

    /// Makes what a repository is written with and what gets lost where only files are copied: folders, and files to lock.
    pub(super) fn complete(&self) -> Result<()> {
        for name in [OBJECTS, SNAPSHOTS, UNFINISHED] {
            make(&self.at(name))?;
        }
        for name in [WRITE_LOCK, READ_LOCK] {
            let path = self.at(name);
            if !path.exists() {
                owned()
                    .create(true)
                    .truncate(false)
                    .open(&path)
                    .map_err(|error| writing(&path, error))?;
            }
        }
        Ok(())
    }

    /// Says whether the folder is a repository that this version can read.
    pub(super) fn check(&self) -> Result<()> {
        let path = self.at(FORMAT);
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) => return Err(self.no_repository(&path, error)),
        };
        if text == FORMAT_TEXT.as_bytes() {
            return Ok(());
        }
        let format = serde_json::from_slice::<serde_json::Value>(&text)
            .ok()
            .and_then(|value| value["ruleferry_repository"].as_u64());
        Err(match format {
            Some(format) if format > 1 => Error::usage(format!(
                "`{}` is a repository of format {format}, which a newer ruleferry made; this one reads format 1",
                self.0.display()
            )),
            _ => damaged(&path, "is not what it was made as"),
        })
    }

    /// Why the file that says what this is could not be read.
    fn no_repository(&self, path: &Path, error: io::Error) -> Error {
        let kinds = [io::ErrorKind::NotFound, io::ErrorKind::NotADirectory];
        let why = match fs::metadata(&self.0) {
            _ if !kinds.contains(&error.kind()) => return reading(path, error),
            Ok(folder) if folder.is_dir() => format!("it has no `{FORMAT}`"),
            Ok(_) => "it is no folder".into(),
            Err(_) => "there is no such folder".into(),
        };
        Error::usage(format!("`{}` is no repository: {why}", self.0.display()))
    }

    /// Begins a file that gets its name later.
    pub(super) fn begin_file(&self) -> Result<Unnamed> {
        Unnamed::create(&self.at(UNFINISHED))
    }
}

/// How files are made that their owner alone may read.
pub(super) fn owned() -> fs::OpenOptions {
    let mut options = fs::OpenOptions::new();
    options.read(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn folders() -> fs::DirBuilder {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
}

/// Makes a folder that its owner alone may enter, where there is none; says whether it did.
pub(super) fn make(path: &Path) -> Result<bool> {
    if path.is_dir() {
        return Ok(false);
    }
    if path.is_file() {
        return Err(damaged(path, "is no folder"));
    }
    make_all(path).map(|()| true)
}

fn make_all(path: &Path) -> Result<()> {
    folders()
        .create(path)
        .map_err(|error| failed("creating", path, error))
}

/// The names in a folder, sorted; none where it is not there.
pub(super) fn names(folder: &Path) -> Result<Vec<String>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(_) if folder.is_file() => return Err(damaged(folder, "is no folder")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(reading(folder, error)),
    };
    let name =
        |entry: io::Result<fs::DirEntry>| Ok(entry?.file_name().to_string_lossy().into_owned());
    let names: io::Result<Vec<String>> = entries.map(name).collect();
    let mut names = names.map_err(|error| reading(folder, error))?;
    names.sort();
    Ok(names)
}

/// Removes a file; it is no error if it is gone.
pub(super) fn remove(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(failed("removing", path, error))
        }
        _ => Ok(()),
    }
}

pub(super) fn reading(path: &Path, error: io::Error) -> Error {
    failed("reading", path, error)
}

pub(super) fn writing(path: &Path, error: io::Error) -> Error {
    failed("writing", path, error)
}

fn failed(action: &str, path: &Path, error: io::Error) -> Error {
    let error = Error::io(format!("{action} `{}`", path.display()), error);
    error.at(place(path))
}

/// A file that is not what was recorded, and how: `fault` follows its name.
pub(super) fn damaged(path: &Path, fault: impl std::fmt::Display) -> Error {
    let message = format!("`{}` {fault}", path.display()).into();
    Error::from(ErrorKind::Damaged { message }).at(place(path))
}

fn place(path: &Path) -> Location {
    Location {
        file: path.to_string_lossy().into(),
        ..Location::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn makes_a_repository_where_nothing_is() {
        let parent = tempfile::tempdir().unwrap();
        let folder = Folder::new(&parent.path().join("a/b"));
        assert!(folder.check().is_err());
        folder.init().unwrap();
        folder.check().unwrap();
        let expected = [
            OBJECTS, READ_LOCK, FORMAT, SNAPSHOTS, LISTING, UNFINISHED, WRITE_LOCK,
        ];
        assert_eq!(names(folder.path()).unwrap(), expected);
    }

    #[test]
    fn goes_on_with_what_was_begun_and_leaves_others_alone() {
        let parent = tempfile::tempdir().unwrap();
        let folder = Folder::new(parent.path());
        folder.complete().unwrap();
        folder.init().unwrap();
        fs::remove_file(folder.at(FORMAT)).unwrap();
        fs::write(folder.snapshot("x"), "x").unwrap();
        let error = folder.init().unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Damaged { .. }), "{error}");
        fs::write(folder.at("mine.txt"), "x").unwrap();
        let error = folder.init().unwrap_err().to_string();
        assert!(error.contains("it holds `mine.txt`"), "{error}");
        let error = folder.check().unwrap_err().to_string();
        assert!(
            error.ends_with("it has no `ruleferry-repo.json`"),
            "{error}"
        );
        for (name, why) in [
            ("none", "there is no such folder"),
            ("mine.txt", "it is no folder"),
        ] {
            let folder = Folder::new(&parent.path().join(name));
            let error = folder.check().unwrap_err();
            assert!(matches!(error.kind(), ErrorKind::Usage { .. }), "{error}");
            assert!(error.to_string().ends_with(why), "{error}");
        }
        assert!(Folder::new(&parent.path().join("mine.txt")).init().is_err());
    }

    #[test]
    fn tells_a_newer_format_from_damage() {
        let parent = tempfile::tempdir().unwrap();
        let folder = Folder::new(parent.path());
        fs::write(folder.at(FORMAT), r#"{"ruleferry_repository": 2}"#).unwrap();
        let error = folder.check().unwrap_err().to_string();
        assert!(error.contains("format 2"), "{error}");
        fs::write(folder.at(FORMAT), &FORMAT_TEXT[1..]).unwrap();
        let error = folder.check().unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Damaged { .. }), "{error}");
    }

    #[cfg(unix)]
    #[test]
    fn is_for_its_owner_alone() {
        use std::os::unix::fs::PermissionsExt;
        let parent = tempfile::tempdir().unwrap();
        let folder = Folder::new(&parent.path().join("new"));
        folder.init().unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(folder.path()), 0o700);
        for name in names(folder.path()).unwrap() {
            let path = folder.at(&name);
            let expected = if path.is_dir() { 0o700 } else { 0o600 };
            assert_eq!(mode(&path), expected, "{name}");
        }
    }
}
