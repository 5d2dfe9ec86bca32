//! Live spaces as input: each is exported to a temporary file, and read from there.

use std::io::{BufWriter, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use clap::Args;
use ruleferry::error::{Error, Result};
use ruleferry::kibana::Retry;
use ruleferry::ops::backup::export_all;
use ruleferry::ops::export::{Choice, Exported, Selection, export};
use ruleferry::query::Query;
use ruleferry::stream::{Source, Spool};

use crate::cli::Global;
use crate::cli::connection::{Connection, Target};
use crate::cli::export::warn;
use crate::cli::notes::write_text;
use crate::cli::progress::{Counted, Progress};

/// The live spaces of a verb that reads.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Live {
    /// Reads a live space in place of a FILE, as in `prod/soc`; may be given again. See `ruleferry help connection`.
    #[arg(
        id = "live",
        long = "live",
        value_name = "TARGET",
        help_heading = "Input"
    )]
    pub(crate) targets: Vec<Target>,
}

/// How much of a live space is read.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Reach<'q> {
    /// The rules, of which those alone that match where a query is given, with what they refer to.
    Rules(Option<&'q Query>),
    /// All that a snapshot has of it.
    Snapshot,
}

/// A live space as it was.
pub(crate) struct Fetched {
    /// Named by its target.
    pub(crate) source: Source<'static>,
    /// Its size in bytes.
    pub(crate) size: u64,
    /// Whether all is there that the space has; if not, it was said.
    pub(crate) is_whole: bool,
}

impl Live {
    /// Exports the spaces.
    pub(crate) fn fetch(&self, reach: Reach<'_>, global: &Global) -> Result<Vec<Fetched>> {
        self.targets
            .iter()
            .map(|target| fetch(target, reach, global))
            .collect()
    }
}

fn fetch(target: &Target, reach: Reach<'_>, global: &Global) -> Result<Fetched> {
    let connected = Connection::default().connect_to(target, Retry::default(), global)?;
    let space = connected.space()?;
    let version = connected.version()?;
    let written = Arc::new(AtomicU64::new(0));
    let progress = Progress::start(global.progress, None, Arc::clone(&written));
    let mut spool = Spool::new()?;
    let mut out = BufWriter::with_capacity(
        1 << 18,
        Counted {
            out: &mut spool,
            written: &written,
        },
    );
    let client = &connected.client;
    let exported = match reach {
        Reach::Rules(only) => {
            let selection = Selection::Rules(Choice {
                only: only.cloned(),
                ..Choice::default()
            });
            export(client, &space, version, &selection, &mut out)?
        }
        Reach::Snapshot => export_all(client, &space, version, &mut out)?,
    };
    out.flush()
        .map_err(|source| Error::io("writing a temporary file", source))?;
    drop(out);
    drop(progress);
    let name = format!("{connected}/{space}");
    tell(&name, &exported, global);
    Ok(Fetched {
        source: Source::decoded(name, spool.reader()?),
        size: written.load(Ordering::Relaxed),
        is_whole: exported.is_complete(),
    })
}

/// Says what of the space is not there, though the reader may think so.
fn tell(name: &str, exported: &Exported, global: &Global) {
    warn(name, exported.lacking.iter(), global);
    for (count, what) in [
        (
            exported.prebuilt,
            "rules of Elastic's own, which Kibana before 8.18 does not export",
        ),
        (
            exported.connectors,
            "connectors that rules use, since Kibana before 8.7 exports none",
        ),
    ] {
        if count > 0 && !global.quiet {
            write_text(&format!("note: {name} is read without {count} {what}"));
        }
    }
}
