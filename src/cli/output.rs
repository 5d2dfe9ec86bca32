//! Where the result goes: standard output, a file, or each input's own place.

use std::fs::File;
use std::io::{self, Read, StdoutLock, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use ruleferry::error::Error;
use ruleferry::stream::{AtomicFile, Codec, Durable, Encoder};

/// The flags that say where the result goes.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct Output {
    /// Writes here instead of standard output; FILE appears when it is complete. `.zst` and `.gz` compress.
    #[arg(
        short = 'o',
        long = "output",
        value_name = "FILE",
        conflicts_with = "in_place"
    )]
    file: Option<PathBuf>,
    /// Edits each FILE where it is, as a bundle of its own; one that nothing changes is left alone.
    #[arg(long)]
    pub(crate) in_place: bool,
    /// Compresses the output: `zstd[:LEVEL]`, `gzip[:LEVEL]` or `none`.
    #[arg(long, value_name = "HOW")]
    compress: Option<Codec>,
}

/// An open output.
pub(crate) struct Sink {
    to: Target,
    /// The file as the user named it; none for standard output.
    name: Option<Box<str>>,
    /// Whether a write failed, so that an error of the whole run is about this file.
    failed: bool,
}

enum Target {
    Stdout(Encoder<StdoutLock<'static>>),
    File(Encoder<AtomicFile>, Durable),
}

impl Output {
    /// The file that the result goes to, if it is one.
    pub(crate) fn path(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    /// Whether standard output carries the result.
    pub(crate) fn is_stdout(&self) -> bool {
        self.file.is_none() && !self.in_place
    }

    /// Whether the output is to be compressed in a certain way, whatever the input is.
    pub(crate) fn recompresses(&self) -> bool {
        self.compress.is_some()
    }

    /// Opens the output for a whole run.
    pub(crate) fn open(&self, threads: usize) -> Result<Sink, Error> {
        open(self.file.as_deref(), self.compress, threads)
    }

    /// Opens the output that takes the place of an input, compressed as the input is.
    pub(crate) fn replace(&self, input: &Path, threads: usize) -> Result<Sink, Error> {
        let codec = match self.compress {
            Some(codec) => codec,
            None => codec_of(input)?,
        };
        // The old file is the only copy there is, so the new one must be on the disk before it goes.
        file(input, codec, threads, Durable::Yes)
    }
}

/// Opens a file that appears when it is complete, or standard output; compressed as asked for, else as the file's name says.
pub(crate) fn open(
    path: Option<&Path>,
    compress: Option<Codec>,
    threads: usize,
) -> Result<Sink, Error> {
    let Some(path) = path else {
        let codec = compress.unwrap_or(Codec::Plain);
        let encoder = Encoder::new(io::stdout().lock(), codec, threads).map_err(starting)?;
        return Ok(Sink {
            to: Target::Stdout(encoder),
            name: None,
            failed: false,
        });
    };
    let codec = compress.unwrap_or_else(|| Codec::of_name(path));
    file(path, codec, threads, Durable::No)
}

fn file(path: &Path, codec: Codec, threads: usize, durable: Durable) -> Result<Sink, Error> {
    let encoder = Encoder::new(AtomicFile::create(path)?, codec, threads).map_err(starting)?;
    let name = Some(path.to_string_lossy().into());
    Ok(Sink {
        to: Target::File(encoder, durable),
        name,
        failed: false,
    })
}

fn codec_of(path: &Path) -> Result<Codec, Error> {
    let reading = |source| Error::io(format!("reading `{}`", path.display()), source);
    let mut head = Vec::new();
    File::open(path)
        .map_err(reading)?
        .take(8)
        .read_to_end(&mut head)
        .map_err(reading)?;
    Ok(Codec::detect(&head))
}

fn starting(source: io::Error) -> Error {
    Error::io("starting the compression", source)
}

impl Sink {
    /// Names the file in the error that ended a run, if it was a write that failed.
    pub(crate) fn blamed(&self, error: Error) -> Error {
        match &self.name {
            Some(name) if self.failed => error.in_file(name),
            _ => error,
        }
    }

    /// Completes the output; a file then appears under its name.
    pub(crate) fn finish(self) -> Result<(), Error> {
        let name = self.name;
        let completing = |source| {
            let error = Error::io("writing the output", source);
            if let Some(name) = &name {
                error.in_file(name)
            } else {
                error
            }
        };
        match self.to {
            Target::Stdout(encoder) => encoder
                .finish()
                .and_then(|mut stdout| stdout.flush())
                .map_err(completing),
            Target::File(encoder, durable) => encoder.finish().map_err(completing)?.commit(durable),
        }
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = match &mut self.to {
            Target::Stdout(encoder) => encoder.write(bytes),
            Target::File(encoder, _) => encoder.write(bytes),
        };
        self.failed |= written.is_err();
        written
    }

    fn flush(&mut self) -> io::Result<()> {
        let flushed = match &mut self.to {
            Target::Stdout(encoder) => encoder.flush(),
            Target::File(encoder, _) => encoder.flush(),
        };
        self.failed |= flushed.is_err();
        flushed
    }
}
