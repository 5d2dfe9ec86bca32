//! `check`: what Kibana would refuse, drop or change.

mod found;
mod repeats;
mod report;
mod sarif;
mod there;

use std::io::IsTerminal;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use clap::{Args, ValueEnum};
use ruleferry::check::{Across, CODES, Options, code};
use ruleferry::error::{Error, ErrorKind, nearest};
use ruleferry::pipeline::scan_lines;
use ruleferry::record::Record;
use ruleferry::schema::Target;

use super::exit::Exit;
use super::input::Input;
use super::progress::{Progress, Show};
use super::{Global, work};
use found::Checked;
use report::{Report, Shape};
use there::There;

const NOTES: &str = "\
An error is what the import refuses, a warning what it loses, changes, or fails at later, a note the rest; `-v` shows notes. \
Nothing is sent anywhere: what only a server knows is not judged.

The exit code is 4 where something was found at the level of `--fail-on`, else 0. A line that cannot be read is an error \
like others.

In a pipeline:  ruleferry check --target 8.19 --format sarif export.ndjson > check.sarif
What is this:   ruleferry check --explain=unknown-key";

/// The verb.
#[derive(Debug, Args)]
#[command(after_help = NOTES)]
pub(crate) struct Check {
    #[command(flatten)]
    input: Input,
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
        let options = Options {
            target: self.target,
        };
        let there = self.there.present(&global.reading(&Arc::default()))?;
        let consumed = Arc::new(AtomicU64::new(0));
        let reading = global.reading(&consumed);
        // A bar between the findings would spoil both.
        let spoils = global.progress == Show::Auto && std::io::stdout().is_terminal();
        let progress = if spoils { Show::Never } else { global.progress };
        let progress = Progress::start(progress, self.input.size(), consumed);
        let mut report = Report::new(self.format, global.verbose)?;
        for path in &self.input.files {
            report.name(path)?;
        }
        // What one record shows is found in parallel and told as it comes, in the order of the input; what only the whole bundle
        // shows is told after its last line.
        let mut across = Across::new(self.target, there);
        scan_lines(
            &reading,
            self.input.sources(),
            |record: &Record<'_>| Checked::of(record, options),
            |line, checked| {
                across.bytes(line.bytes.len() as u64);
                report.begin(&line)?;
                match checked {
                    None => {}
                    Some(Ok(checked)) => report.take(&mut across, &line.location, checked)?,
                    Some(Err(error)) => report.unreadable(&mut across, &error)?,
                }
                Ok(())
            },
        )?;
        report.bundle(across)?;
        let tally = report.finish()?;
        drop(progress);
        if !global.quiet {
            tally.tell(self.target, global.verbose || self.format != Shape::Text);
        }
        let fails = match self.fail_on {
            FailOn::Error => tally.errors > 0,
            FailOn::Warning => tally.errors + tally.warnings > 0,
        };
        Ok(if fails { Exit::Findings } else { Exit::Done })
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
