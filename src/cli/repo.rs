//! What verbs about a repository of snapshots share: where it is, which snapshot is meant, and how sizes are spelt.

pub(super) mod keep;
mod live;
pub(super) mod prune;
pub(super) mod snapshots;
pub(super) mod verify;

use std::path::PathBuf;

use clap::Args;
use ruleferry::error::Result;
use ruleferry::repo::Repository;

/// The repository.
#[derive(Debug, Clone, Args)]
pub(super) struct Repo {
    /// The folder of the repository.
    #[arg(long = "repo", value_name = "DIR")]
    path: PathBuf,
}

impl Repo {
    pub(super) fn open(&self) -> Result<Repository> {
        Repository::open(&self.path)
    }

    pub(super) fn open_or_create(&self) -> Result<Repository> {
        Repository::open_or_create(&self.path)
    }
}

/// A size as people read it.
pub(super) fn size(bytes: u64) -> String {
    indicatif::BinaryBytes(bytes).to_string()
}

/// A number and what it counts, as in "1 snapshot".
fn count(many: u64, one: &str, more: &str) -> String {
    format!("{many} {}", if many == 1 { one } else { more })
}
