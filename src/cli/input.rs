//! Which files are read.

use std::path::{Path, PathBuf};

use clap::Args;
use ruleferry::stream::Source;

/// The files of a verb that reads.
#[derive(Debug, Clone, Args)]
pub(crate) struct Input {
    /// Exports to read, in order, as one bundle; plain, gzip or zstd. `-` or none: standard input.
    #[arg(value_name = "FILE", help_heading = None::<&'static str>)]
    pub(crate) files: Vec<PathBuf>,
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

/// One file as a source; `-` is standard input.
pub(crate) fn source(path: &Path) -> Source<'static> {
    if path.as_os_str() == "-" {
        Source::stdin()
    } else {
        Source::path(path)
    }
}

/// The size of a regular file in bytes.
pub(crate) fn size(path: &Path) -> Option<u64> {
    std::fs::metadata(path)
        .ok()
        .filter(std::fs::Metadata::is_file)
        .map(|file| file.len())
}
