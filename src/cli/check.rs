//! `check`: what Kibana would refuse, drop or change.

mod fix;
mod found;
mod repeats;
mod report;
mod sarif;
mod there;

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use clap::{Args, ValueEnum};
use ruleferry::check::{Across, CODES, Level, Options, Present, code};
use ruleferry::error::{Error, ErrorKind, nearest};
use ruleferry::pipeline::{Reading, scan_lines};
use ruleferry::record::Record;
use ruleferry::schema::Target;
use ruleferry::stream::Source;

use super::exit::Exit;
use super::input::{AnyInput, Opened, ended};
use super::output::Output;
use super::progress::{Progress, Show};
use super::{Global, work};
use found::Checked;
use report::{Report, Shape, Stream};
use there::There;

const NOTES: &str = "\
An error is what the import refuses, a warning what it loses, changes, or fails at later, a note the rest; `-v` shows notes. \
Nothing is sent anywhere: what only a server knows is not judged.

The exit code is 4 where something was found at the level of `--fail-on`, else 0. A line that cannot be read is an error \
like others.

`--fix` writes the bundle with everything put right that has one right answer, says each thing that it changed, and leaves \
every other line byte for byte as it is; the exit code goes by what is wrong still. It puts right: byte order marks, a missing \
last line end, JSON over many lines or in an array, several values on a line, `null` lines, details lines of other exports, \
details that count too little, `originId`, empty `investigation_fields`, half a timeline, `version` and `immutable` on an \
exception item, `immutable` that is true on a list, what a Kibana made and an import refuses though it ignores it (an `id` that \
is no UUID), and records that a later one says again. Two records of one id that differ both stay, and are told.

Mend a file:    ruleferry check --fix export.json -o fixed.ndjson
In a pipeline:  ruleferry check --target 8.19 --format sarif export.ndjson > check.sarif
What is this:   ruleferry check --explain=unknown-key";

/// The verb.
#[derive(Debug, Args)]
#[command(after_help = NOTES)]
pub(crate) struct Check {
    #[command(flatten)]
    input: AnyInput,
    /// The Kibana that the bundle is for: `7.17` to `9.x`, or `serverless`; the newest known by default.
    #[arg(
        long,
        value_name = "VERSION",
        default_value_t,
        hide_default_value = true
    )]
    target: Target,
    #[command(flatten)]
    there: There,
    /// The least level that makes the exit code 4.
    #[arg(
        long,
        value_name = "LEVEL",
        default_value = "error",
        hide_default_value = true
    )]
    fail_on: FailOn,
    /// Puts right what has one right answer, and writes the bundle: to standard output, `-o FILE`, or `--in-place`.
    #[arg(long)]
    fix: bool,
    /// Explains a code, as in `--explain=unknown-key`, or all of them.
    #[arg(
        long,
        value_name = "CODE",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "",
        hide_default_value = true,
        conflicts_with_all = ["files"]
    )]
    explain: Option<String>,
    /// How findings are written: for people, as JSON lines, or as SARIF for code review.
    #[arg(
        long,
        value_name = "FORMAT",
        default_value = "text",
        hide_default_value = true,
        help_heading = "Output"
    )]
    format: Shape,
    #[command(flatten)]
    output: Output,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FailOn {
    Error,
    Warning,
}

impl Check {
    /// Runs the verb.
    pub(crate) fn run(&self, global: &Global) -> anyhow::Result<Exit> {
        if let Some(name) = &self.explain {
            work::print(&explanation(name)?)?;
            return Ok(Exit::Done);
        }
        self.check()?;
        let there = self.there.present(&global.reading(&Arc::default()))?;
        let consumed = Arc::new(AtomicU64::new(0));
        let reading = global.reading(&consumed);
        let stream = if self.fix && self.output.is_stdout() {
            Stream::Stderr
        } else {
            Stream::Stdout
        };
        // A bar between the findings would spoil both.
        let spoils = match stream {
            Stream::Stdout => std::io::stdout().is_terminal(),
            Stream::Stderr => std::io::stderr().is_terminal(),
        };
        let progress = if spoils && global.progress == Show::Auto {
            Show::Never
        } else {
            global.progress
        };
        let Opened {
            sources,
            size,
            is_whole,
        } = self.input.open(None, global)?;
        let progress = Progress::start(progress, size, consumed);
        let least = match stream {
            Stream::Stderr if global.quiet => Level::Error,
            _ if global.verbose => Level::Note,
            _ => Level::Warning,
        };
        let mut report = Report::new(self.format, least, stream)?;
        for path in self.uploaded() {
            report.name(path)?;
        }
        if self.fix {
            self.fix(sources, &reading, &there, &mut report)?;
        } else {
            self.judge(sources, &reading, there, &mut report)?;
        }
        let tally = report.finish()?;
        drop(progress);
        // Beside lines of JSON there is no room for text, and they have a summary of their own.
        let is_told = stream == Stream::Stderr && self.format != Shape::Text;
        if !global.quiet && !is_told {
            tally.tell(self.target, global.verbose || self.format != Shape::Text);
        }
        let fails = match self.fail_on {
            FailOn::Error => tally.errors > 0,
            FailOn::Warning => tally.errors + tally.warnings > 0,
        };
        let exit = if fails { Exit::Findings } else { Exit::Done };
        Ok(ended(exit, is_whole))
    }

    /// Whether the flags make sense together.
    fn check(&self) -> Result<(), Error> {
        work::check_in_place(&self.input, &self.output)?;
        let writes = !self.output.is_stdout() || self.output.recompresses();
        if writes && !self.fix {
            return Err(Error::usage(
                "`-o`, `--in-place` and `--compress` need `--fix`; findings go to standard output",
            ));
        }
        if self.fix && self.output.is_stdout() && self.format == Shape::Sarif {
            return Err(Error::usage(
                "`--format sarif` takes standard output, so the bundle needs `-o FILE` or `--in-place`",
            ));
        }
        Ok(())
    }

    /// The files that are to be sent to Kibana.
    fn uploaded(&self) -> Vec<&Path> {
        if self.fix && !self.output.in_place {
            self.output.path().into_iter().collect()
        } else {
            self.input.files().iter().map(PathBuf::as_path).collect()
        }
    }

    fn options(&self) -> Options {
        Options {
            target: self.target,
        }
    }

    /// Judges the input as one bundle.
    fn judge(
        &self,
        sources: Vec<Source<'_>>,
        reading: &Reading,
        there: Present,
        report: &mut Report,
    ) -> Result<(), Error> {
        let options = self.options();
        // What one record shows is found in parallel and told as it comes, in the order of the input; what only the whole bundle
        // shows is told after its last line.
        let mut across = Across::new(self.target, there);
        scan_lines(
            reading,
            sources,
            |record: &Record<'_>| Checked::of(record, options),
            |line, checked| {
                across.bytes(line.bytes.len() as u64);
                report.begin(&line)?;
                match checked {
                    None => Ok(()),
                    Some(Ok(checked)) => report.take(&mut across, &line.location, checked),
                    Some(Err(error)) => report.unreadable(&mut across, &error),
                }
            },
        )?;
        report.bundle(across)
    }
}

/// What a code means, or each where none is named.
fn explanation(name: &str) -> Result<String, Error> {
    let one = |code: &ruleferry::check::Code| {
        format!(
            "{} ({})\n  {}\n",
            code.name,
            code.level.name(),
            code.explanation
        )
    };
    if name.is_empty() {
        let all: Vec<_> = CODES.iter().map(one).collect();
        return Ok(all.join("\n"));
    }
    let unknown = || {
        Error::from(ErrorKind::Unknown {
            what: "code",
            name: name.into(),
            nearest: nearest(name, CODES.iter().map(|code| code.name)).map(Into::into),
        })
    };
    code(name).map(one).ok_or_else(unknown)
}
