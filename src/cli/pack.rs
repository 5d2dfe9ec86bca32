//! `pack`: from a directory to a bundle.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use clap::Args;
use ruleferry::bundle::tree::{Folder, Pack as Tree, Packed};
use ruleferry::error::Error;
use ruleferry::stream::Codec;
use serde_json::json;

use super::exit::Exit;
use super::notes::{by_kind, counts, records};
use super::told::{Told, about};
use super::{Format, Global, output, work};

const NOTES: &str = "\
Every JSON, YAML and TOML file below DIR that holds a record with an id is read, wherever it is, except where a name begins with \
`.` or `_`. Their order is that of `bundle.index`. A file that the index does not name goes after the last of its kind, an item \
after those of its list; a record whose file is gone is left out. Details lines then count again; else they stay as they are.

A directory that was unpacked as JSON and not changed gives the bundle byte for byte.

  ruleferry pack detections -o export.ndjson
  ruleferry pack detections | ruleferry check";

/// The verb.
#[derive(Debug, Args)]
#[command(after_help = NOTES)]
pub(crate) struct Pack {
    /// The directory that `unpack` wrote.
    #[arg(value_name = "DIR")]
    directory: PathBuf,
    /// Writes here instead of standard output; FILE appears when it is complete. `.zst` and `.gz` compress.
    #[arg(
        short = 'o',
        long = "output",
        value_name = "FILE",
        help_heading = "Output"
    )]
    file: Option<PathBuf>,
    /// Compresses the output: `zstd[:LEVEL]`, `gzip[:LEVEL]` or `none`.
    #[arg(long, value_name = "HOW", help_heading = "Output")]
    compress: Option<Codec>,
    /// How the report is written: to stderr, or as JSON lines to standard output where that is free.
    #[arg(
        long,
        value_name = "FORMAT",
        default_value = "text",
        hide_default_value = true,
        help_heading = "Output"
    )]
    format: Format,
}

impl Pack {
    /// Runs the verb.
    pub(crate) fn run(&self, global: &Global) -> anyhow::Result<Exit> {
        let reading = global.reading(&Arc::new(AtomicU64::new(0)));
        let threads = work::threads(&reading);
        let mut sink = output::open(self.file.as_deref(), self.compress, threads)?;
        let folder = Folder::open(&self.directory);
        let mut told = Told::new(self.format, self.file.is_none(), global);
        let tree = Tree { reading };
        let packed = tree
            .run(&folder, &mut sink, &mut |event| take(&event, &mut told))
            .map_err(|error| sink.blamed(error))?;
        sink.finish()?;
        told.json(|| {
            json!({
                "schema_version": 1,
                "summary": {"packed": counts(packed)},
                "exit": Exit::Done.code(),
            })
        })?;
        told.finish(&format!(
            "{} packed{}",
            records(packed.total()),
            by_kind(packed)
        ));
        Ok(Exit::Done)
    }
}

fn take(event: &Packed<'_>, told: &mut Told) -> Result<(), Error> {
    match event {
        Packed::NoIndex => {
            told.note(
                "there is no `bundle.index`, so records go by kind and path",
                String::new,
            );
            Ok(())
        }
        Packed::Added { path, key } => {
            told.note("records that are not in `bundle.index`: {n} (each goes after the last of its kind)", || format!("{path}: {key}"));
            told.json(|| about(key, Some(path), "added"))
        }
        Packed::Missing(key) => {
            told.note(
                "records of `bundle.index` that have no file: {n} (left out)",
                || key.to_string(),
            );
            told.json(|| about(key, None, "missing"))
        }
        Packed::Foreign(path) => {
            told.note(
                "files without a record that has an id: {n} (not packed)",
                || (*path).to_owned(),
            );
            Ok(())
        }
        _ => Ok(()),
    }
}
