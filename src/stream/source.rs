//! Where bytes come from: opens files, standard input and other readers, and takes their compression off.

use std::fs::File;
use std::io::{self, Cursor, Read};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::codec::{self, Codec};

/// An input that is opened when its turn comes.
pub struct Source<'a> {
    pub(super) name: Box<str>,
    pub(super) origin: Origin<'a>,
}

/// Bytes to read, of whatever origin.
pub(super) type Data<'a> = Box<dyn Read + Send + 'a>;

pub(super) enum Origin<'a> {
    Path(PathBuf),
    Stdin,
    Reader(Data<'a>),
    Decoded(Data<'a>),
}

impl<'a> Source<'a> {
    /// The file of this name.
    pub fn path(path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        Self::new(path.to_string_lossy().into(), Origin::Path(path))
    }

    /// Standard input, named `-`.
    pub fn stdin() -> Self {
        Self::new("-".into(), Origin::Stdin)
    }

    /// What `reader` gives, decompressed if need be; messages call it `name`.
    pub fn reader(name: impl Into<Box<str>>, reader: impl Read + Send + 'a) -> Self {
        Self::new(name.into(), Origin::Reader(Box::new(reader)))
    }

    /// What `reader` gives, exactly, even if it looks compressed: for what was decompressed before, as a spool was.
    pub fn decoded(name: impl Into<Box<str>>, reader: impl Read + Send + 'a) -> Self {
        Self::new(name.into(), Origin::Decoded(Box::new(reader)))
    }

    /// The name that messages use.
    pub fn name(&self) -> &str {
        &self.name
    }

    fn new(name: Box<str>, origin: Origin<'a>) -> Self {
        Self { name, origin }
    }
}

impl<'a> Origin<'a> {
    /// Opens the input and takes its compression off; `consumed` counts compressed bytes.
    ///
    /// Plain bytes are for the caller to count: a reader in between would have to zero the buffer first.
    pub(super) fn open(self, consumed: Option<&Arc<AtomicU64>>) -> io::Result<(Codec, Data<'a>)> {
        let mut raw: Data<'a> = match self {
            // Windows would call a directory a lack of permission.
            Self::Path(path) if path.is_dir() => return Err(io::ErrorKind::IsADirectory.into()),
            Self::Path(path) => Box::new(File::open(path)?),
            Self::Stdin => Box::new(io::stdin()),
            Self::Reader(reader) => reader,
            Self::Decoded(reader) => return Ok((Codec::Plain, reader)),
        };
        let mut head = Vec::new();
        (&mut raw).take(codec::MAGIC).read_to_end(&mut head)?;
        let codec = Codec::detect(&head);
        let whole = Cursor::new(head).chain(raw);
        if codec == Codec::Plain {
            return Ok((codec, Box::new(whole)));
        }
        let stored = Stored {
            data: whole,
            consumed: consumed.cloned(),
        };
        Ok((codec, codec::decoder(codec, stored)?))
    }
}

/// Compressed data: counted, and read again where a signal interrupted the read.
struct Stored<R> {
    data: R,
    consumed: Option<Arc<AtomicU64>>,
}

impl<R: Read> Read for Stored<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.data.read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(read) => {
                    if let Some(consumed) = &self.consumed {
                        consumed.fetch_add(read as u64, Ordering::Relaxed);
                    }
                    return Ok(read);
                }
                Err(error) => return Err(error),
            }
        }
    }
}
