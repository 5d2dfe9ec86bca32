//! `split`: from a bundle to parts that each import by themselves.

mod told;

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use clap::Args;
use ruleferry::bundle::split::{By, Cut, Limits, Split as Library};
use ruleferry::error::{Error, ErrorKind};
use ruleferry::pipeline::OnError;
use ruleferry::stream::{AtomicFile, Codec, Complete, Durable, Encoder, appear};
use serde_json::json;

use super::exit::Exit;
use super::input::{AnyInput, ended};
use super::notes::counts;
use super::progress::Progress;
use super::told::Told;
use super::unreadable::Unreadable;
use super::{Format, Global, render, work};

const NOTES: &str = "\
Import the parts in the order of their numbers. A list and all its items are in one part, records of one id are in one part, and a \
rule is in the part that brings its lists and connectors or in a later one. Every part ends with a details line of its own; \
every other line is in exactly one part, as it was read. A line ends with one newline; blank lines and byte order marks are left out.

`--max-bytes` is the size of a part before compression. Kibana takes 10 485 760 bytes for the whole request \
(`xpack.securitySolution.maxRuleImportPayloadBytes`), of which 1 024 are left for the multipart envelope. It takes less than \
10 000 rules, and less than 10 000 exception lists and items. A record, or a list with its items, that fits into no part ends the run, and \
nothing is written.

Kibana refuses rules whose actions go through connectors that lack secrets, as most do after an import, unless the file has a \
connector line; and a connector must not be sent twice. So such rules are brought together with their connectors, and each part \
that has some of them gets a connector that is new, as long as there are any. Where none is left, a note names the connectors \
whose secrets must be set before that part is imported. Do not import parts with `overwrite_action_connectors`: it wipes secrets. \
Into another space of the same cluster, Kibana 8.7 to 9.0 finds no connector of an earlier part; `edit regenerate-connector-ids` first.

With `--by`, no part has rules of two groups; `tag` means the first tag. What no rule needs goes last. Lists and connectors that \
groups share are in the first part that needs them.

  ruleferry split export.ndjson -o parts
  ruleferry split export.ndjson -o parts --by severity --max-rules 500";

/// The verb.
#[derive(Debug, Args)]
#[command(after_help = NOTES)]
pub(crate) struct Split {
    #[command(flatten)]
    input: AnyInput,
    /// The most bytes in a part; K, M and G multiply by 1024. By default 10 MiB less the envelope of a request.
    #[arg(long, value_name = "BYTES", value_parser = super::bytes, help_heading = "Parts")]
    max_bytes: Option<u64>,
    /// The most rules in a part, other lines that Kibana takes for rules included. By default 9999.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..), help_heading = "Parts")]
    max_rules: Option<u64>,
    /// The most exception lists and items in a part. By default 9999.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..), help_heading = "Parts")]
    max_exceptions: Option<u64>,
    /// Keeps rules of different groups in different parts.
    #[arg(long, value_name = "WHAT", help_heading = "Parts")]
    by: Option<By>,
    /// The directory for the parts; made if it is not there. It must not hold parts already.
    #[arg(
        short = 'o',
        long = "output",
        value_name = "DIR",
        required = true,
        help_heading = "Output"
    )]
    directory: PathBuf,
    /// Compresses the parts: `zstd[:LEVEL]`, `gzip[:LEVEL]` or `none`; their names end in `.zst` or `.gz` then.
    #[arg(long, value_name = "HOW", help_heading = "Output")]
    compress: Option<Codec>,
    /// What becomes of a line that is no record.
    #[arg(
        long,
        value_name = "WHAT",
        default_value = "stop",
        hide_default_value = true,
        help_heading = "Output"
    )]
    on_error: OnError,
    /// Collects the lines that are no records, byte for byte.
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    rejects: Option<PathBuf>,
    /// How the report is written: to stderr, or as JSON lines, one a part, to standard output.
    #[arg(
        long,
        value_name = "FORMAT",
        default_value = "text",
        hide_default_value = true,
        help_heading = "Output"
    )]
    format: Format,
}

impl Split {
    /// Runs the verb.
    pub(crate) fn run(&self, global: &Global) -> anyhow::Result<Exit> {
        self.check()?;
        let consumed = Arc::new(AtomicU64::new(0));
        let opened = self.input.open(None, global)?;
        let progress = Progress::start(global.progress, opened.size, Arc::clone(&consumed));
        let split = self.library(global, &consumed);
        let mut unreadable = Unreadable::new(global);
        let mut rejects = self.rejects.as_ref().map(AtomicFile::create).transpose()?;
        let mut cut = split.read(opened.sources, &mut |error, line| {
            unreadable.take(error)?;
            match &mut rejects {
                Some(rejects) => work::reject(rejects, line),
                None => Ok(()),
            }
        })?;
        drop(progress);
        refuse(&mut cut, global)?;
        let names: Vec<PathBuf> = (0..cut.plan.parts.len())
            .map(|part| self.directory.join(self.name(&cut, part)))
            .collect();
        self.write(&mut cut, &names, work::threads(&split.reading))?;
        rejects.map_or(Ok(()), |rejects| rejects.commit(Durable::No))?;
        let refused = unreadable.count();
        let exit = ended(unreadable.finish(), opened.is_whole);
        let mut told = Told::new(self.format, false, global);
        told::parts(&cut.plan, &names, &mut told)?;
        told.json(|| {
            json!({"schema_version": 1, "summary": {
                "read": counts(cut.read),
                "parts": names.len(),
                "refused": refused,
            }, "exit": exit.code()})
        })?;
        if self.format == Format::Text && !global.quiet {
            told::table(&cut.plan, &names);
        }
        told.finish(&told::summary(&cut, refused, &self.directory));
        Ok(exit)
    }

    fn library(&self, global: &Global, consumed: &Arc<AtomicU64>) -> Library {
        let usual = Limits::default();
        Library {
            reading: global.reading(consumed),
            on_error: self.on_error,
            limits: Limits {
                bytes: self.max_bytes.unwrap_or(usual.bytes),
                rules: self.max_rules.unwrap_or(usual.rules),
                exceptions: self.max_exceptions.unwrap_or(usual.exceptions),
                ..usual
            },
            by: self.by,
        }
    }

    fn check(&self) -> Result<(), Error> {
        let shown = self.directory.display();
        if self.directory.exists() && !self.directory.is_dir() {
            return Err(Error::usage(format!(
                "`-o` must be a directory, found the file `{shown}`"
            )));
        }
        if let Some(part) = part_in(&self.directory)? {
            return Err(Error::usage(format!(
                "`-o` must be a directory without bundles, so that the parts of two runs do not mix, found `{part}` in `{shown}`"
            )));
        }
        let Some(rejects) = &self.rejects else {
            return Ok(());
        };
        if self.on_error == OnError::Stop {
            return Err(Error::usage(
                "`--rejects` needs `--on-error keep` or `--on-error drop`; a run that stops collects nothing",
            ));
        }
        if self
            .input
            .files()
            .iter()
            .any(|file| work::is_same(file, rejects))
        {
            return Err(Error::usage(format!(
                "`--rejects` must be a file of its own, found `{}`, which is read already",
                rejects.display()
            )));
        }
        Ok(())
    }

    /// The file name of a part.
    fn name(&self, cut: &Cut, part: usize) -> String {
        let extension = match self.compress {
            Some(Codec::Zstd { .. }) => ".zst",
            Some(Codec::Gzip { .. }) => ".gz",
            Some(Codec::Plain) | None => "",
        };
        cut.plan.file_name(part) + extension
    }

    /// Writes all parts, which then appear at once.
    fn write(&self, cut: &mut Cut, names: &[PathBuf], threads: usize) -> Result<(), Error> {
        if names.is_empty() {
            return Ok(());
        }
        let was_there = self.directory.exists();
        fs::create_dir_all(&self.directory).map_err(|source| {
            let directory = self.directory.display();
            Error::io(format!("making the directory `{directory}`"), source)
        })?;
        let codec = self.compress.unwrap_or(Codec::Plain);
        let parts = names.iter().enumerate();
        let complete: Result<Vec<Complete>, Error> = parts
            .map(|(part, name)| {
                write_part(cut, part, name, codec, threads)
                    .map_err(|error| error.in_file(&name.to_string_lossy()))
            })
            .collect();
        let done = complete.and_then(appear);
        if done.is_err() && !was_there {
            // It is left where something else came into it meanwhile.
            _ = fs::remove_dir(&self.directory);
        }
        done
    }
}

fn write_part(
    cut: &mut Cut,
    part: usize,
    name: &Path,
    codec: Codec,
    threads: usize,
) -> Result<Complete, Error> {
    let writing = |source| Error::io("writing a part", source);
    let encoder = Encoder::new(AtomicFile::create(name)?, codec, threads)
        .map_err(|source| Error::io("starting the compression", source))?;
    let mut buffer = io::BufWriter::with_capacity(1 << 18, encoder);
    cut.write(part, &mut buffer)?;
    buffer.flush().map_err(writing)?;
    let encoder = buffer
        .into_inner()
        .map_err(|error| writing(error.into_error()))?;
    Ok(encoder.finish().map_err(writing)?.complete())
}

/// The name of a bundle that is in a directory already.
fn part_in(directory: &Path) -> Result<Option<String>, Error> {
    let reading = |source| {
        Error::io(
            format!("reading the directory `{}`", directory.display()),
            source,
        )
    };
    let entries = match fs::read_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        entries => entries.map_err(reading)?,
    };
    let mut found: Option<String> = None;
    for entry in entries {
        let name = entry.map_err(reading)?.file_name();
        let name = name.to_string_lossy().into_owned();
        let folded = name.to_ascii_lowercase();
        let body = folded
            .strip_suffix(".zst")
            .or_else(|| folded.strip_suffix(".gz"));
        let is_bundle = body.unwrap_or(&folded).ends_with(".ndjson") && !name.starts_with('.');
        if is_bundle && found.as_ref().is_none_or(|first| name < *first) {
            found = Some(name);
        }
    }
    Ok(found)
}

/// Fails if something fits into no part; all of that is named.
fn refuse(cut: &mut Cut, global: &Global) -> Result<(), Error> {
    /// How many are named unless more is asked for.
    const NAMED: usize = 10;
    let unfit = std::mem::take(&mut cut.plan.unfit);
    if let [one] = &unfit[..] {
        return Err(cut.error(one)?);
    }
    let named = if global.verbose { unfit.len() } else { NAMED };
    for one in unfit.iter().take(named) {
        render::warning(&cut.error(one)?, global.errors);
    }
    if unfit.is_empty() {
        return Ok(());
    }
    Err(Error::from(ErrorKind::Unfit {
        message: format!("{} records or lists fit into no part", unfit.len()).into(),
        help: "raise the limits, or look at each of them alone; `-v` names them all".into(),
    }))
}
