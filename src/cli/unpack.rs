//! `unpack`: from a bundle to a directory.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use clap::Args;
use ruleferry::bundle::tree::{self, Folder, Outcome, Unpack as Tree, Unpacked};
use ruleferry::error::Error;
use ruleferry::pipeline::OnError;
use ruleferry::record::Counts;
use serde_json::json;

use super::exit::Exit;
use super::input::{AnyInput, ended};
use super::notes::{by_kind, counts, records};
use super::progress::Progress;
use super::told::{Told, about};
use super::unreadable::Unreadable;
use super::{Format, Global};

const NOTES: &str = "\
Rules go to `rules/NAME--RULE_ID.json`, a list and its items to `exceptions/LIST_ID/`, connectors to `connectors/`, and \
other records to `saved-objects/` and `other/`. `bundle.index` keeps their order. Names are made of what every file system takes; \
the record in a file is what counts, so files may be renamed, and moved to folders of your own.

Into a directory that was unpacked before, only files that say something else are written, each where it is; what is in a folder \
or file whose name begins with `.` or `_` is never looked at, nor is a file that holds no record ever touched.

JSON files hold every token of their line as it was, so that `pack` gives back the bundle byte for byte, if its lines are compact \
or have a blank after each comma and colon. YAML and TOML hold the same data, numbers and names in order, but of members of one \
name only the last. What they cannot say stands in JSON: `$json: 'null'`. Comments in a file stay until its record changes.

A line that is no record ends the run, and nothing is written. With `--on-error keep` it goes to a file as it is, and the exit \
code is 3.

  ruleferry unpack export.ndjson -o detections --as yaml
  ruleferry unpack newer-export.ndjson -o detections --prune
  ruleferry pack detections -o export.ndjson";

/// The verb.
#[derive(Debug, Args)]
#[command(after_help = NOTES)]
pub(crate) struct Unpack {
    #[command(flatten)]
    input: AnyInput,
    /// The directory to write to; made if it is not there, brought up to date if it is.
    #[arg(
        short = 'o',
        long = "output",
        value_name = "DIR",
        required = true,
        help_heading = "Output"
    )]
    directory: PathBuf,
    /// Writes every file so. Without it files stay what they are, and new ones are like them, or JSON.
    #[arg(long = "as", value_name = "FORMAT", help_heading = "Output")]
    format_of_files: Option<tree::Format>,
    /// Removes files whose record the bundle does not have; without it they are named and stay.
    #[arg(long, help_heading = "Output")]
    prune: bool,
    /// What becomes of a line that is no record: `keep` puts it into a file as it is.
    #[arg(
        long,
        value_name = "WHAT",
        default_value = "stop",
        hide_default_value = true,
        help_heading = "Output"
    )]
    on_error: OnError,
    /// How the report is written: to stderr, or as JSON lines, one a file, to standard output.
    #[arg(
        long,
        value_name = "FORMAT",
        default_value = "text",
        hide_default_value = true,
        help_heading = "Output"
    )]
    format: Format,
}

/// How many files came to what.
#[derive(Default)]
struct Tally([u64; 5]);

impl Unpack {
    /// Runs the verb.
    pub(crate) fn run(&self, global: &Global) -> anyhow::Result<Exit> {
        if self.directory.exists() && !self.directory.is_dir() {
            return Err(Error::usage(format!(
                "`-o` must be a directory, found the file `{}`",
                self.directory.display()
            ))
            .into());
        }
        let consumed = Arc::new(AtomicU64::new(0));
        let opened = self.input.open(None, global)?;
        let progress = Progress::start(global.progress, opened.size, Arc::clone(&consumed));
        let tree = Tree {
            reading: global.reading(&consumed),
            format: self.format_of_files,
            on_error: self.on_error,
            prune: self.prune,
        };
        let folder = Folder::create(&self.directory);
        let mut told = Told::new(self.format, false, global);
        let mut unreadable = Unreadable::new(global);
        let mut tally = Tally::default();
        let read = tree.run(opened.sources, &folder, &mut |event| {
            take(event, &mut told, &mut tally, &mut unreadable)
        })?;
        drop(progress);
        let refused = unreadable.count();
        let exit = ended(unreadable.finish(), opened.is_whole);
        told.json(|| {
            json!({"schema_version": 1, "summary": {
                "read": counts(read),
                "files": tally.json(),
                "refused": refused,
            }, "exit": exit.code()})
        })?;
        told.finish(&self.summary(read, refused, &tally));
        Ok(exit)
    }

    /// As in "61 records read (36 rules, …): 60 files created, 1 updated in `detections`".
    fn summary(&self, read: Counts, refused: u64, tally: &Tally) -> String {
        let shown: Vec<String> = Outcome::ALL
            .into_iter()
            .filter(|&outcome| outcome != Outcome::Gone && tally.0[outcome as usize] > 0)
            .map(|outcome| format!("{} {}", tally.0[outcome as usize], outcome.name()))
            .collect();
        let files = if shown.is_empty() {
            "no files".to_owned()
        } else {
            format!("files {}", shown.join(", "))
        };
        let refused = match refused {
            0 => String::new(),
            count => format!(", {count} refused"),
        };
        format!(
            "{} read{}{refused}; {files} in `{}`",
            records(read.total()),
            by_kind(read),
            self.directory.display()
        )
    }
}

impl Tally {
    fn json(&self) -> serde_json::Value {
        let counts = Outcome::ALL.map(|outcome| {
            let count = self.0[outcome as usize];
            (outcome.name().to_owned(), count.into())
        });
        serde_json::Value::Object(counts.into_iter().collect())
    }
}

fn take(
    event: Unpacked<'_>,
    told: &mut Told,
    tally: &mut Tally,
    unreadable: &mut Unreadable,
) -> Result<(), Error> {
    match event {
        Unpacked::File { path, key, outcome } => {
            tally.0[outcome as usize] += 1;
            if outcome == Outcome::Gone {
                told.note(
                    "files whose record the bundle lacks: {n} (`--prune` removes them, `pack` takes them)",
                    || format!("{path}: {key}"),
                );
            }
            told.json(|| about(key, Some(path), outcome.name()))?;
        }
        Unpacked::Respaced(location) => told.note(
            "lines with white space of their own between tokens: {n} (`pack` writes them compact)",
            || format!("{}:{}", location.file, location.line),
        ),
        Unpacked::EqualNames(path) => told.note(
            "records with several members of one name: {n} (the file has the last, which Kibana reads)",
            || path.to_owned(),
        ),
        Unpacked::Unreadable(error) => unreadable.take(error)?,
        _ => {}
    }
    Ok(())
}
