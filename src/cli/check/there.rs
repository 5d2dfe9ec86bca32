//! What the target has already, said by ids and by bundles, so that nobody misses it in the file.

use std::path::PathBuf;

use clap::Args;
use ruleferry::check::{Facts, Present};
use ruleferry::error::Error;
use ruleferry::pipeline::{Reading, scan};
use ruleferry::record::Record;

use crate::cli::input::source;

/// The flags that say it.
#[derive(Debug, Args)]
pub(super) struct There {
    /// An id that the target has: of an exception list, a connector, a data view or whatever else a rule refers to; may be given
    /// again.
    #[arg(long, value_name = "ID")]
    have: Vec<String>,
    /// A bundle whose lists and connectors the target has, as an export of it; may be given again.
    #[arg(long, value_name = "FILE")]
    with: Vec<PathBuf>,
}

impl There {
    /// What the flags say.
    pub(super) fn present(&self, reading: &Reading) -> Result<Present, Error> {
        let mut there = Present::default();
        for id in &self.have {
            there.add_id(id);
        }
        if !self.with.is_empty() {
            let sources = self.with.iter().map(|path| source(path)).collect();
            let facts = |record: &Record<'_>| Facts::of(record);
            scan(reading, sources, facts, |_, facts| {
                there.add(&facts?);
                Ok(())
            })?;
        }
        Ok(there)
    }
}
