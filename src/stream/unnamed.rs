//! What if a file's name is known only once it is written? It is written without one, then given it.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use super::temporary::{Readers, Temporary};
use super::writer::failure;
use crate::error::Result;

/// A file that only its owner may read and that gets its name when it is complete. Dropped before, it vanishes.
///
/// Writes are not buffered. Their errors are bare.
#[derive(Debug)]
pub struct Unnamed {
    file: File,
    temporary: Temporary,
}

impl Unnamed {
    /// Begins a file in `folder`, under a name that begins with a dot and ends in `.tmp`.
    pub fn create(folder: &Path) -> Result<Self> {
        let made = Temporary::create(folder.join("part"), Readers::Owner);
        let (file, temporary) =
            made.map_err(|error| failure("creating a file in", folder, error))?;
        Ok(Self { file, temporary })
    }

    /// Brings the file to the disk and gives it this name in a folder of the same file system; what has the name is replaced.
    ///
    /// The name outlasts a power failure once its folder is brought to the disk too, with [`sync_folder`].
    pub fn place(self, path: &Path) -> Result<()> {
        let Self { file, temporary } = self;
        let place = || {
            file.sync_all()?;
            // Windows renames no open file.
            drop(file);
            temporary.aimed_at(path.into()).rename()
        };
        place().map_err(|error| failure("writing", path, error))
    }
}

impl Write for Unnamed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Brings the names in a folder to the disk, so that they outlast a power failure.
pub fn sync_folder(folder: &Path) -> Result<()> {
    bring_to_disk(folder).map_err(|error| failure("writing", folder, error))
}

/// Does so, where the system can.
#[cfg(unix)]
pub(super) fn bring_to_disk(folder: &Path) -> io::Result<()> {
    match File::open(folder).and_then(|folder| folder.sync_all()) {
        // Some file systems cannot do this, and some directories may be written but not read.
        Err(error)
            if error.kind() == io::ErrorKind::InvalidInput
                || error.kind() == io::ErrorKind::PermissionDenied =>
        {
            Ok(())
        }
        done => done,
    }
}

#[cfg(not(unix))]
pub(super) fn bring_to_disk(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn gets_its_name_last() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("named");
        fs::write(&path, "old").unwrap();
        let mut file = Unnamed::create(folder.path()).unwrap();
        file.write_all(b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"old");
        file.place(&path).unwrap();
        sync_folder(folder.path()).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        drop(Unnamed::create(folder.path()).unwrap());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn is_for_its_owner_alone() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("named");
        Unnamed::create(folder.path())
            .unwrap()
            .place(&path)
            .unwrap();
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn names_the_folder_it_cannot_be_in() {
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("missing");
        let error = Unnamed::create(&missing).unwrap_err().to_string();
        assert!(error.starts_with("creating a file in `"), "{error}");
    }
}
