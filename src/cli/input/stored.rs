//! A space of a snapshot as input: `DIR@latest/soc` wherever a FILE is read.

use std::io::{self, Read};
use std::path::Path;

use ruleferry::error::Result;
use ruleferry::repo::{Address, SpaceReader};
use ruleferry::stream::Source;

/// The space of a snapshot that a FILE names, if it names one. What is there under this very name is a file.
pub(super) fn address(path: &Path) -> Option<Result<Address>> {
    let text = path.to_str()?;
    if path.exists() {
        return None;
    }
    let address = Address::parse(text)?;
    let (folder, _) = text.rsplit_once('@')?;
    Path::new(folder).is_dir().then_some(address)
}

/// The space as a source, which is opened when its turn comes.
pub(super) fn source(path: &Path, address: Result<Address>) -> Source<'static> {
    let name = path.to_string_lossy();
    Source::decoded(&*name, Stored::Waiting(Some(address)))
}

/// Whether all of it is there that should be.
pub(super) fn is_whole(address: &Address) -> Result<bool> {
    let (_, space) = address.open()?;
    Ok(!space.partial)
}

enum Stored {
    Waiting(Option<Result<Address>>),
    Open(Box<SpaceReader>),
}

impl Read for Stored {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Open(reader) => reader.read(buffer),
            Self::Waiting(address) => {
                let Some(address) = address.take() else {
                    return Ok(0);
                };
                let (repository, space) = address?.open()?;
                let mut reader = Box::new(repository.read_records(&space));
                let read = reader.read(buffer)?;
                *self = Self::Open(reader);
                Ok(read)
            }
        }
    }
}
