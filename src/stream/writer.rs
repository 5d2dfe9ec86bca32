//! How a file comes to be: written beside its name, renamed when complete, gone if it never is.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::temporary::{Readers, Temporary};
use super::unnamed;
use crate::error::{Error, Location, Result};

/// Whether a committed file must outlast a power failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durable {
    /// The file and its directory are on the disk before the commit returns: for a file whose old content is gone then.
    Yes,
    /// The system writes them when it sees fit.
    No,
}

/// A file that appears under its name only when complete.
///
/// It is written beside that name and renamed by [`commit`](Self::commit). Dropped before, it vanishes, and a file that
/// had the name stays as it was. A symbolic link stays one: the file it points to is replaced. A file that is replaced
/// keeps its permissions and, where the system lets it, its owner. What is no regular file (`/dev/null`, a named pipe)
/// is written to directly.
///
/// Writes are not buffered. Their errors are bare; `path` is for the message.
#[derive(Debug)]
pub struct AtomicFile {
    path: PathBuf,
    file: File,
    /// None for what is written to directly.
    temporary: Option<Temporary>,
}

impl AtomicFile {
    /// Begins a file of this name.
    pub fn create(path: impl Into<PathBuf>) -> Result<Self> {
        let path = path.into();
        match open(&path) {
            Ok((file, temporary)) => Ok(Self {
                path,
                file,
                temporary,
            }),
            Err(error) => Err(failure("creating", &path, error)),
        }
    }

    /// The name as it was given.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Lets the file appear under its name.
    pub fn commit(self, durable: Durable) -> Result<()> {
        let Self {
            path,
            file,
            temporary,
        } = self;
        temporary
            .map_or(Ok(()), |temporary| publish(file, temporary, durable))
            .map_err(|error| failure("writing", &path, error))
    }

    /// Closes the file and leaves it without its name, which [`appear`] gives it together with others.
    pub fn complete(self) -> Complete {
        Complete(self.temporary)
    }

    /// Removes what was written; dropping does the same.
    pub fn discard(self) {
        drop(self);
    }
}

/// A file that is written and waits for its name. Dropped, it vanishes.
#[derive(Debug)]
pub struct Complete(Option<Temporary>);

/// Lets files appear under their names, where nothing may be yet: all of them, or none, also where the run is interrupted.
pub fn appear(files: Vec<Complete>) -> Result<()> {
    let files: Vec<Temporary> = files.into_iter().filter_map(|file| file.0).collect();
    Temporary::rename_all(&files).map_err(|(path, error)| failure("writing", &path, error))
}

impl Write for AtomicFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Opens what `path` names directly if it is no regular file, else a temporary file beside it.
fn open(path: &Path) -> io::Result<(File, Option<Temporary>)> {
    let old = match fs::metadata(path) {
        Ok(old) => old,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let (file, temporary) = Temporary::create(resolve(path), Readers::Usual)?;
            return Ok((file, Some(temporary)));
        }
        Err(error) => return Err(error),
    };
    if old.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    // A file that must not be written must not be replaced either, so this is tried even for a regular file.
    let direct = OpenOptions::new().write(true).open(path)?;
    if !old.is_file() {
        return Ok((direct, None));
    }
    let (file, temporary) = Temporary::create(resolve(path), Readers::Owner)?;
    keep_owner(&file, &old);
    file.set_permissions(old.permissions())?;
    Ok((file, Some(temporary)))
}

fn publish(file: File, temporary: Temporary, durable: Durable) -> io::Result<()> {
    let target = temporary.target().to_path_buf();
    if durable == Durable::Yes {
        file.sync_all()?;
    }
    drop(file);
    temporary.rename()?;
    if durable == Durable::Yes {
        sync_directory(&target)?;
    }
    Ok(())
}

/// Follows symbolic links, also to a file that does not exist.
fn resolve(path: &Path) -> PathBuf {
    // As many as Linux follows. A circle of links was an error before this.
    const LINKS: usize = 40;
    let mut path = path.to_path_buf();
    for _ in 0..LINKS {
        let Ok(link) = fs::read_link(&path) else {
            break;
        };
        path = path.parent().unwrap_or(Path::new("")).join(link);
    }
    path
}

/// Gives `file` the owner and group of `old`, as far as the system allows.
#[cfg(unix)]
fn keep_owner(file: &File, old: &Metadata) {
    use std::os::unix::fs::{MetadataExt, fchown};
    if fchown(file, Some(old.uid()), Some(old.gid())).is_err() {
        // Only root gives files away; a group one belongs to can still be kept.
        _ = fchown(file, None, Some(old.gid()));
    }
}

#[cfg(not(unix))]
fn keep_owner(_: &File, _: &Metadata) {}

/// Brings the entry of `target` in its directory to the disk.
fn sync_directory(target: &Path) -> io::Result<()> {
    match target.parent() {
        Some(directory) if directory != Path::new("") => unnamed::bring_to_disk(directory),
        _ => unnamed::bring_to_disk(Path::new(".")),
    }
}

pub(super) fn failure(action: &str, path: &Path, error: io::Error) -> Error {
    let file = path.to_string_lossy();
    let error = Error::io(format!("{action} `{file}`"), error);
    error.at(Location {
        file: file.into(),
        ..Location::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An empty directory, with a file `old` in it.
    fn directory() -> tempfile::TempDir {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("old"), "old").unwrap();
        directory
    }

    fn names(directory: &tempfile::TempDir) -> Vec<String> {
        let entries = fs::read_dir(directory.path()).unwrap();
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    fn begin(path: &Path) -> AtomicFile {
        let mut file = AtomicFile::create(path).unwrap();
        file.write_all(b"new").unwrap();
        file
    }

    fn refusal(path: &Path) -> String {
        AtomicFile::create(path).unwrap_err().to_string()
    }

    #[test]
    fn appears_when_complete() {
        let directory = directory();
        for (name, durable) in [("old", Durable::Yes), ("fresh", Durable::No)] {
            let path = directory.path().join(name);
            let before = fs::read(&path).ok();
            let file = begin(&path);
            assert_eq!(fs::read(&path).ok(), before, "{name}");
            file.commit(durable).unwrap();
            assert_eq!(fs::read(&path).unwrap(), b"new", "{name}");
        }
        assert_eq!(names(&directory), ["fresh", "old"]);
    }

    #[test]
    fn vanishes_when_it_is_not_committed() {
        let directory = directory();
        let path = directory.path().join("old");
        let file = begin(&path);
        assert_eq!(names(&directory).len(), 2);
        file.discard();
        drop(begin(&directory.path().join("fresh")));
        assert_eq!(names(&directory), ["old"]);
        assert_eq!(fs::read(&path).unwrap(), b"old");
    }

    #[test]
    fn vanishes_when_the_rename_fails() {
        let directory = directory();
        let path = directory.path().join("fresh");
        let file = begin(&path);
        fs::create_dir(&path).unwrap();
        let error = file.commit(Durable::No).unwrap_err();
        assert!(error.to_string().starts_with("writing `"), "{error}");
        assert_eq!(names(&directory), ["fresh", "old"]);
    }

    #[test]
    fn files_appear_together_or_not_at_all() {
        let directory = directory();
        let at = |name: &str| directory.path().join(name);
        let complete = |names: [&str; 2]| names.map(|name| begin(&at(name)).complete()).into();
        appear(complete(["one", "two"])).unwrap();
        assert_eq!(names(&directory), ["old", "one", "two"]);
        let error = appear(complete(["three", "two"])).unwrap_err();
        assert!(error.to_string().starts_with("writing `"), "{error}");
        drop(complete(["three", "four"]) as Vec<Complete>);
        assert_eq!(names(&directory), ["old", "one", "two"]);
    }

    #[test]
    fn names_what_it_cannot_create() {
        let directory = directory();
        let missing = directory.path().join("missing").join("out");
        let error = refusal(&missing);
        assert!(
            error.starts_with(&format!("creating `{}`: ", missing.display())),
            "{error}"
        );
        assert!(refusal(directory.path()).ends_with("`: is a directory"));
        assert_eq!(names(&directory), ["old"]);
    }

    #[test]
    fn leaves_room_for_a_long_name() {
        let directory = directory();
        let name = "n".repeat(255);
        begin(&directory.path().join(&name))
            .commit(Durable::No)
            .unwrap();
        assert_eq!(names(&directory), [name.as_str(), "old"]);
        assert_eq!(
            resolve(Path::new("out")).with_file_name("x"),
            Path::new("x")
        );
    }

    #[cfg(unix)]
    mod unix {
        use std::os::unix::fs::{PermissionsExt, symlink};

        use super::*;

        fn mode(path: &Path) -> u32 {
            fs::metadata(path).unwrap().permissions().mode() & 0o777
        }

        #[test]
        fn keeps_permissions_and_gives_new_files_the_usual_ones() {
            let directory = directory();
            let old = directory.path().join("old");
            fs::set_permissions(&old, fs::Permissions::from_mode(0o640)).unwrap();
            begin(&old).commit(Durable::No).unwrap();
            assert_eq!(mode(&old), 0o640);
            let (fresh, usual) = (
                directory.path().join("fresh"),
                directory.path().join("usual"),
            );
            begin(&fresh).commit(Durable::No).unwrap();
            fs::write(&usual, "").unwrap();
            assert_eq!(mode(&fresh), mode(&usual));
        }

        #[test]
        fn replaces_what_a_link_points_to() {
            let directory = directory();
            let at = |name: &str| directory.path().join(name);
            fs::create_dir(at("sub")).unwrap();
            symlink("../old", at("sub/near")).unwrap();
            symlink("sub/near", at("far")).unwrap();
            symlink("fresh", at("dangling")).unwrap();
            begin(&at("far")).commit(Durable::No).unwrap();
            begin(&at("dangling")).commit(Durable::No).unwrap();
            assert_eq!(fs::read(at("old")).unwrap(), b"new");
            assert_eq!(fs::read(at("fresh")).unwrap(), b"new");
            assert!(at("far").is_symlink() && at("dangling").is_symlink());
        }

        #[test]
        fn writes_to_devices_directly() {
            begin(Path::new("/dev/null")).commit(Durable::Yes).unwrap();
            assert!(!fs::metadata("/dev/null").unwrap().is_file());
        }

        #[cfg(target_os = "linux")]
        #[test]
        fn reports_a_full_disk() {
            let mut file = AtomicFile::create("/dev/full").unwrap();
            let error = file.write_all(b"new").unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::StorageFull);
        }
    }
}
