//! What verbs share that do a request to files: where it comes from, what it is done to, and where answer and result go.

use std::borrow::Cow;
use std::io::{BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use ruleferry::bulk::Dropped;
use ruleferry::error::{Error, Location};
use ruleferry::pipeline::{OnError, Reading, Report};
use ruleferry::stream::{AtomicFile, Durable, Source};

use super::input::{self, AnyInput};
use super::output::{Output, Sink};
use super::work::{check_in_place, check_paths, threads};
use super::{Global, render};

/// The flag that names a request.
#[derive(Debug, Args)]
pub(crate) struct RequestFile {
    /// The request body; `-` is standard input.
    #[arg(
        long,
        value_name = "FILE",
        display_order = 0,
        help_heading = None::<&'static str>
    )]
    request: PathBuf,
}

/// The flags about a request and its files.
#[derive(Debug, Args)]
pub(crate) struct Requested {
    #[command(flatten)]
    pub(crate) file: RequestFile,
    #[command(flatten)]
    pub(crate) input: AnyInput,
    #[command(flatten)]
    pub(crate) output: Output,
    /// Writes the JSON body that Kibana would answer; `-` is standard output.
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    response: Option<PathBuf>,
    /// What becomes of a line that cannot be read.
    #[arg(
        long,
        value_name = "WHAT",
        default_value = "stop",
        hide_default_value = true,
        help_heading = "Output"
    )]
    pub(crate) on_error: OnError,
    /// Collects the lines that could not be read and the rules with an error, byte for byte.
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    rejects: Option<PathBuf>,
}

/// Does the request to the bundle that these sources make.
pub(crate) type Pass<'p> = dyn FnMut(Vec<Source<'_>>, &mut dyn Write) -> Result<Report, Error> + 'p;

impl RequestFile {
    /// The request's file as the user named it.
    pub(crate) fn name(&self) -> Cow<'_, str> {
        self.request.to_string_lossy()
    }

    /// The request.
    pub(crate) fn text(&self) -> Result<String, Error> {
        let reading = |source| Error::io(format!("reading `{}`", self.request.display()), source);
        if is_standard(&self.request) {
            let mut text = String::new();
            std::io::stdin()
                .lock()
                .read_to_string(&mut text)
                .map_err(reading)?;
            return Ok(text);
        }
        std::fs::read_to_string(&self.request).map_err(reading)
    }
}

impl Requested {
    /// Refuses flags that do not go together; `writes` says whether a bundle is written.
    pub(crate) fn check(&self, writes: bool) -> Result<(), Error> {
        check_in_place(&self.input, &self.output)?;
        let file = |path: &'_ Option<PathBuf>| path.clone().filter(|path| path.as_os_str() != "-");
        let request = file(&Some(self.file.request.clone()));
        let response = file(&self.response);
        let beside = [
            ("--request", request.as_deref()),
            ("--rejects", self.rejects.as_deref()),
            ("--response", response.as_deref()),
        ];
        check_paths(&beside, self.input.files(), self.output.path())?;
        if is_standard(&self.file.request) && self.input.reads_stdin() {
            return Err(Error::usage(
                "`--request -` takes standard input, so it needs FILEs, none of them `-`",
            ));
        }
        let answers_stdout = self.response.as_deref().is_some_and(is_standard);
        if answers_stdout && self.output.is_stdout() && writes {
            return Err(Error::usage(
                "`--response -` takes standard output, so the bundle needs `-o FILE` or `--in-place`",
            ));
        }
        Ok(())
    }

    /// What was given of the files and flags that only a request to files has.
    pub(crate) fn of_files(&self) -> Option<&'static str> {
        let given = [
            (!self.input.files().is_empty(), "FILE"),
            (self.input.is_live(), "--live"),
            (self.output.path().is_some(), "-o"),
            (self.output.in_place, "--in-place"),
            (self.output.recompresses(), "--compress"),
            (self.response.is_some(), "--response"),
            (self.on_error != OnError::Stop, "--on-error"),
            (self.rejects.is_some(), "--rejects"),
        ];
        let given = given.into_iter().find(|(is_given, _)| *is_given);
        given.map(|(_, flag)| flag)
    }

    /// Whether the answer is wanted.
    pub(crate) fn is_answered(&self) -> bool {
        self.response.is_some()
    }

    /// The file for what could not be read or done, if there is to be one.
    pub(crate) fn rejects(&self) -> Result<Option<AtomicFile>, Error> {
        self.rejects.as_deref().map(AtomicFile::create).transpose()
    }

    /// Does the request to the input as one bundle or, in place, to each file as a bundle of its own; adds to `report`.
    pub(crate) fn bundles(
        &self,
        sources: Vec<Source<'static>>,
        reading: &Reading,
        report: &mut Report,
        pass: &mut Pass<'_>,
    ) -> Result<(), Error> {
        if !self.output.in_place {
            let mut sink = self.output.open(threads(reading))?;
            *report = bundle(sources, &mut sink, pass)?;
            return sink.finish();
        }
        for path in self.input.files() {
            let one = self.in_place(reading, path, pass);
            *report += &one.inspect_err(|_| {
                super::notes::stopped(report, path, self.input.files());
            })?;
        }
        Ok(())
    }

    fn in_place(
        &self,
        reading: &Reading,
        path: &Path,
        pass: &mut Pass<'_>,
    ) -> Result<Report, Error> {
        let mut sink = self.output.replace(path, threads(reading))?;
        let report = bundle(vec![input::source(path)], &mut sink, pass)?;
        let touched = [report.changed, report.dropped, report.added];
        let same = touched.iter().all(|counts| counts.total() == 0);
        let lost = report.refused > 0 && self.on_error == OnError::Drop;
        if !same || lost || self.output.recompresses() {
            sink.finish()?;
        }
        Ok(report)
    }

    /// The file for the answer, if it is to be in one; opened before anything is done, so that a bad place is told of in time.
    pub(crate) fn response(&self) -> Result<Option<AtomicFile>, Error> {
        let path = self.response.as_deref().filter(|path| !is_standard(path));
        path.map(AtomicFile::create).transpose()
    }

    /// Writes the answer to its file, or to standard output where that is asked for or `to_stdout`.
    pub(crate) fn answer(
        &self,
        file: Option<AtomicFile>,
        to_stdout: bool,
        write: impl FnOnce(&mut dyn Write) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let writing = |source| Error::io("writing the answer", source);
        if let Some(file) = file {
            let mut buffered = BufWriter::with_capacity(1 << 16, file);
            write(&mut buffered)?;
            let file = buffered
                .into_inner()
                .map_err(|error| writing(error.into_error()))?;
            return file.commit(Durable::No);
        }
        if self.is_answered() || to_stdout {
            let mut buffered = BufWriter::new(std::io::stdout().lock());
            write(&mut buffered)?;
            buffered.flush().map_err(writing)?;
        }
        Ok(())
    }
}

/// Warns of keys of a request that the endpoint drops.
pub(crate) fn warn_of_dropped(global: &Global, dropped: &[Dropped], name: &str) {
    for dropped in dropped {
        let near = dropped
            .nearest
            .map(|near| format!("; did you mean `{near}`?"))
            .unwrap_or_default();
        let message = format!(
            "`{}` is no key that Kibana knows, and it drops it{near}",
            dropped.pointer
        );
        let location = Location {
            file: name.into(),
            ..Location::default()
        };
        render::warning(&Error::refused(message).at(location), global.errors);
    }
}

fn bundle(sources: Vec<Source<'_>>, sink: &mut Sink, pass: &mut Pass<'_>) -> Result<Report, Error> {
    pass(sources, &mut *sink).map_err(|error| sink.blamed(error))
}

fn is_standard(path: &Path) -> bool {
    path.as_os_str() == "-"
}
