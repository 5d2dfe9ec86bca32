//! Where bytes wait between two passes: a temporary file without a name.

use std::fs::File;
use std::io::{self, Seek, Write};

use crate::error::{Error, Result};

/// A temporary file that is written once and then read as often as needed.
///
/// It has no name, so nothing is left behind however the process ends. What is read from it goes to a reader as
/// [`Source::decoded`](super::Source::decoded).
#[derive(Debug)]
pub struct Spool(File);

impl Spool {
    /// An empty spool in the directory for temporary files, which on Unix `TMPDIR` names.
    pub fn new() -> Result<Self> {
        let action = || {
            format!(
                "creating a temporary file in `{}`",
                std::env::temp_dir().display()
            )
        };
        tempfile::tempfile()
            .map(Self)
            .map_err(|error| Error::io(action(), error))
    }

    /// What was written, from its beginning. One reader at a time: they share their place in the file.
    pub fn reader(&mut self) -> Result<File> {
        let mut again = || {
            self.0.rewind()?;
            self.0.try_clone()
        };
        again().map_err(|error| Error::io("reading a temporary file", error))
    }
}

impl Write for Spool {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn gives_back_what_was_written() {
        let mut spool = Spool::new().unwrap();
        spool.write_all(b"one\n").unwrap();
        spool.write_all(b"two").unwrap();
        let mut text = String::new();
        spool.reader().unwrap().read_to_string(&mut text).unwrap();
        assert_eq!(text, "one\ntwo");
    }
}
