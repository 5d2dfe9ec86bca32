//! What `edit` and `run` do once they know their steps.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use clap::Args;
use ruleferry::error::Error;
use ruleferry::pipeline::{Event, OnError, Pipeline, Reading, Report};
use ruleferry::stream::{AtomicFile, Durable, Source};
use std::io::Write;

use super::exit::Exit;
use super::input::{self, AnyInput, ended};
use super::notes::Notes;
use super::output::{Output, Sink};
use super::progress::Progress;
use super::selection::Selection;
use super::{Format, Global, render};

/// The options of a verb that edits.
#[derive(Debug, Clone, Args)]
pub(crate) struct Work {
    #[command(flatten)]
    pub(crate) input: AnyInput,
    #[command(flatten)]
    pub(crate) selection: Selection,
    #[command(flatten)]
    output: Output,
    /// What becomes of a record that cannot be read or edited.
    #[arg(
        long,
        value_name = "WHAT",
        default_value = "stop",
        hide_default_value = true,
        help_heading = "Output"
    )]
    on_error: OnError,
    /// Collects the lines that could not be read or edited, byte for byte.
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    rejects: Option<PathBuf>,
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

/// Writes to standard output.
pub(crate) fn print(text: &str) -> Result<(), Error> {
    std::io::stdout()
        .lock()
        .write_all(text.as_bytes())
        .map_err(|source| Error::io("writing the output", source))
}

impl Work {
    /// Runs the pipeline over the input; `map` is a file for old and new ids.
    pub(crate) fn run(
        &self,
        global: &Global,
        pipeline: Pipeline,
        map: Option<&Path>,
    ) -> anyhow::Result<Exit> {
        self.check(map)?;
        let consumed = Arc::new(AtomicU64::new(0));
        let reading = global.reading(&consumed);
        let mut pipeline = pipeline
            .reading(reading.clone())
            .on_error(self.on_error)
            .only(self.selection.query()?)
            .ids(self.selection.rule_ids()?);
        let opened = self.input.open(None, global)?;
        let progress = Progress::start(global.progress, opened.size, consumed);
        let mut files = Files::open(self.rejects.as_deref(), map)?;
        let mut notes = Notes::new(self.format, self.output.is_stdout(), global);
        let mut report = Report::default();
        if self.output.in_place {
            for path in self.input.files() {
                let one = match self.in_place(&pipeline, &reading, path, &mut files, &mut notes) {
                    Ok(one) => one,
                    Err(error) => {
                        // Files before this one are edited; their new ids must not be lost.
                        files.finish()?;
                        super::notes::stopped(&report, path, self.input.files());
                        return Err(error.into());
                    }
                };
                report += &one;
                // Files that are edited one by one must agree on their new ids.
                if let Some(seed) = &one.seed {
                    pipeline = pipeline.seeded(seed);
                }
            }
        } else {
            let mut sink = self.output.open(threads(&reading))?;
            report = pass(
                &pipeline,
                opened.sources,
                &mut sink,
                global.errors,
                &mut files,
                &mut notes,
            )?;
            sink.finish()?;
        }
        files.finish()?;
        drop(progress);
        let exit = if report.refused > 0 {
            Exit::Part
        } else {
            ended(Exit::Done, opened.is_whole)
        };
        notes.finish(&report, exit)?;
        Ok(exit)
    }

    fn check(&self, map: Option<&Path>) -> Result<(), Error> {
        check_in_place(&self.input, &self.output)?;
        let beside = [("--rejects", self.rejects.as_deref()), ("--map", map)];
        check_paths(&beside, self.input.files(), self.output.path())?;
        check_rejects(self.rejects.as_deref(), self.on_error)
    }

    fn in_place(
        &self,
        pipeline: &Pipeline,
        reading: &Reading,
        path: &Path,
        files: &mut Files,
        notes: &mut Notes,
    ) -> Result<Report, Error> {
        let mut sink = self.output.replace(path, threads(reading))?;
        let report = pass(
            pipeline,
            vec![input::source(path)],
            &mut sink,
            notes.errors(),
            files,
            notes,
        )?;
        let same = report.changed.total() == 0 && report.dropped.total() == 0;
        let lost = report.refused > 0 && self.on_error == OnError::Drop;
        if !same || lost || self.output.recompresses() {
            sink.finish()?;
        }
        Ok(report)
    }
}

/// A run that stops at the first line that cannot be read or edited has none to collect.
pub(crate) fn check_rejects(rejects: Option<&Path>, on_error: OnError) -> Result<(), Error> {
    if rejects.is_some() && on_error == OnError::Stop {
        return Err(Error::usage(
            "`--rejects` needs `--on-error keep` or `--on-error drop`; a run that stops collects nothing",
        ));
    }
    Ok(())
}

/// Only files can be edited where they are.
pub(crate) fn check_in_place(input: &AnyInput, output: &Output) -> Result<(), Error> {
    if output.in_place && input.is_live() {
        return Err(Error::usage(
            "`--in-place` edits files, and a space that is read with `--live` is none; write to a file with `-o`",
        ));
    }
    if output.in_place && input.files().is_empty() {
        return Err(Error::usage("`--in-place` needs at least one FILE"));
    }
    if output.in_place && input.reads_stdin() {
        return Err(Error::usage(
            "`--in-place` cannot edit standard input (`-`)",
        ));
    }
    Ok(())
}

/// No file may be written twice, nor an input by anything but its own edit. `beside` are flags with the files they name.
pub(crate) fn check_paths(
    beside: &[(&str, Option<&Path>)],
    files: &[PathBuf],
    output: Option<&Path>,
) -> Result<(), Error> {
    let beside: Vec<(&str, &Path)> = beside
        .iter()
        .filter_map(|(flag, path)| Some((*flag, (*path)?)))
        .collect();
    for (at, (flag, path)) in beside.iter().enumerate() {
        let others = beside[..at].iter().map(|(_, other)| *other);
        let others = others
            .chain(output)
            .chain(files.iter().map(PathBuf::as_path));
        for other in others {
            if is_same(path, other) {
                let path = path.display();
                return Err(Error::usage(format!(
                    "`{flag}` must be a file of its own, found `{path}`, which is read or written already"
                )));
            }
        }
    }
    Ok(())
}

/// Whether both lead to one file, which need not exist.
pub(crate) fn is_same(a: &Path, b: &Path) -> bool {
    match (a.canonicalize(), b.canonicalize()) {
        (Ok(a), Ok(b)) => a == b && a.is_file(),
        (Err(_), Err(_)) => {
            let parts = |path: &Path| {
                let folder = path
                    .parent()
                    .filter(|folder| *folder != Path::new(""))
                    .unwrap_or(Path::new("."));
                (
                    folder.canonicalize().ok(),
                    path.file_name().map(ToOwned::to_owned),
                )
            };
            parts(a) == parts(b)
        }
        _ => false,
    }
}

/// How many threads compress.
pub(crate) fn threads(reading: &Reading) -> usize {
    match reading.jobs {
        0 => std::thread::available_parallelism().map_or(1, usize::from),
        jobs => jobs,
    }
}

fn pass(
    pipeline: &Pipeline,
    sources: Vec<Source<'_>>,
    sink: &mut Sink,
    errors: Format,
    files: &mut Files,
    notes: &mut Notes,
) -> Result<Report, Error> {
    let done = pipeline.run_with(sources, &mut *sink, &mut |event| match event {
        Event::Refused { error, line } => {
            render::warning(error, errors);
            files.reject(line)
        }
        Event::Note { location, note } => {
            files.map(note)?;
            notes.take(location, note)
        }
    });
    done.map_err(|error| sink.blamed(error))
}

/// Adds a line to the rejected ones.
pub(crate) fn reject(rejects: &mut AtomicFile, line: &[u8]) -> Result<(), Error> {
    let end: &[u8] = if line.ends_with(b"\n") { b"" } else { b"\n" };
    rejects
        .write_all(line)
        .and_then(|()| rejects.write_all(end))
        .map_err(|source| Error::io("writing the rejected lines", source))
}

/// The files beside the output.
struct Files {
    rejects: Option<AtomicFile>,
    map: Option<super::notes::IdMap>,
}

impl Files {
    fn open(rejects: Option<&Path>, map: Option<&Path>) -> Result<Self, Error> {
        Ok(Self {
            rejects: rejects.map(AtomicFile::create).transpose()?,
            map: map.map(super::notes::IdMap::create).transpose()?,
        })
    }

    fn reject(&mut self, line: &[u8]) -> Result<(), Error> {
        match &mut self.rejects {
            Some(rejects) => reject(rejects, line),
            None => Ok(()),
        }
    }

    fn map(&mut self, note: &ruleferry::record::Note) -> Result<(), Error> {
        self.map.as_mut().map_or(Ok(()), |map| map.take(note))
    }

    fn finish(self) -> Result<(), Error> {
        self.rejects
            .map_or(Ok(()), |rejects| rejects.commit(Durable::No))?;
        self.map.map_or(Ok(()), super::notes::IdMap::finish)
    }
}
