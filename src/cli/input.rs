//! What is read: files, standard input, spaces of snapshots, live spaces.

mod live;
mod stored;

use std::path::{Path, PathBuf};

use clap::Args;
use ruleferry::error::Error;
use ruleferry::query::Query;
use ruleferry::stream::Source;

use super::Global;
use super::exit::Exit;
pub(crate) use live::{Fetched, Live, Reach};

/// The files of a verb that reads.
#[derive(Debug, Clone, Args)]
pub(crate) struct Input {
    /// Exports to read, in order, as one bundle; plain, gzip or zstd. `-` or none: standard input. `DIR@latest/SPACE`: out of
    /// a repository.
    #[arg(value_name = "FILE", help_heading = None::<&'static str>)]
    pub(crate) files: Vec<PathBuf>,
}

/// The files of a verb that reads offline, and the live spaces that may stand in for one.
#[derive(Debug, Clone, Args)]
pub(crate) struct AnyInput {
    #[command(flatten)]
    input: Input,
    #[command(flatten)]
    live: Live,
}

/// An input that is ready to be read.
pub(crate) struct Opened {
    pub(crate) sources: Vec<Source<'static>>,
    /// The size of all of it in bytes, if that is known.
    pub(crate) size: Option<u64>,
    /// Whether all of it is there.
    pub(crate) is_whole: bool,
}

impl Input {
    /// The files as sources, standard input where there is none.
    pub(crate) fn sources(&self) -> Vec<Source<'static>> {
        if self.files.is_empty() {
            vec![Source::stdin()]
        } else {
            self.files.iter().map(|path| source(path)).collect()
        }
    }

    /// Whether standard input is read, which cannot be read again.
    pub(crate) fn reads_stdin(&self) -> bool {
        self.files.is_empty() || self.files.iter().any(|path| path.as_os_str() == "-")
    }

    /// The size of all files in bytes, if all have one.
    pub(crate) fn size(&self) -> Option<u64> {
        if self.files.is_empty() {
            return None;
        }
        self.files.iter().map(|path| size(path)).sum()
    }
}

impl AnyInput {
    /// The files among it.
    pub(crate) fn files(&self) -> &[PathBuf] {
        &self.input.files
    }

    /// Takes the first file away, for a verb whose first is no input.
    pub(crate) fn take_first(&mut self) -> Option<PathBuf> {
        let files = &mut self.input.files;
        (!files.is_empty()).then(|| files.remove(0))
    }

    /// Whether a live space is among it.
    pub(crate) fn is_live(&self) -> bool {
        !self.live.targets.is_empty()
    }

    /// Whether standard input is among it.
    pub(crate) fn reads_stdin(&self) -> bool {
        let files = self.files();
        files.is_empty() && !self.is_live() || files.iter().any(|path| path.as_os_str() == "-")
    }

    /// Opens it: exports the live spaces to temporary files, of which those rules alone that match where a query is given.
    pub(crate) fn open(&self, only: Option<&Query>, global: &Global) -> Result<Opened, Error> {
        let mut opened = Opened {
            sources: Vec::new(),
            size: Some(0),
            is_whole: true,
        };
        for fetched in self.live.fetch(Reach::Rules(only), global)? {
            opened.add(fetched);
        }
        if !self.is_live() || !self.files().is_empty() {
            for path in self.files() {
                if let Some(address) = stored::address(path) {
                    opened.is_whole &= stored::is_whole(&address?)?;
                }
            }
            opened.sources.extend(self.input.sources());
            opened.size = opened.size.zip(self.input.size()).map(|(a, b)| a + b);
        }
        Ok(opened)
    }
}

impl Opened {
    fn add(&mut self, fetched: Fetched) {
        self.sources.push(fetched.source);
        self.size = self.size.map(|size| size + fetched.size);
        self.is_whole &= fetched.is_whole;
    }
}

/// How a run ends whose input is not all there: never as if it were.
pub(crate) fn ended(exit: Exit, is_whole: bool) -> Exit {
    match exit {
        Exit::Done | Exit::Findings if !is_whole => Exit::Part,
        exit => exit,
    }
}

/// One file as a source; `-` is standard input, `DIR@SNAPSHOT/SPACE` a space of a snapshot.
pub(crate) fn source(path: &Path) -> Source<'static> {
    if path.as_os_str() == "-" {
        return Source::stdin();
    }
    match stored::address(path) {
        Some(address) => stored::source(path, address),
        None => Source::path(path),
    }
}

/// Whether it is a space of a snapshot.
pub(crate) fn is_stored(path: &Path) -> bool {
    stored::address(path).is_some()
}

/// The size of a regular file in bytes.
pub(crate) fn size(path: &Path) -> Option<u64> {
    std::fs::metadata(path)
        .ok()
        .filter(std::fs::Metadata::is_file)
        .map(|file| file.len())
}
