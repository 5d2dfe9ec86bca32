//! Findings as they come: text for people, JSON lines, or one SARIF document; and what they add up to.

use std::io::{BufWriter, Write};
use std::path::Path;

use clap::ValueEnum;
use ruleferry::check::{Across, Finding, Level};
use ruleferry::error::{Error, ErrorKind, Location};
use ruleferry::pipeline::Line;
use ruleferry::schema::Target;
use serde::Serialize;

use super::found::{Checked, Found};
use super::repeats::Repeats;
use super::sarif;
use crate::cli::render::{self, Said};

/// What some editors put before UTF-8.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// How findings are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Shape {
    Text,
    Json,
    Sarif,
}

/// How much was found.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub(super) struct Tally {
    /// Lines that hold something, whether or not it can be read.
    records: u64,
    pub(super) errors: u64,
    pub(super) warnings: u64,
    notes: u64,
    /// How much was put right; none unless it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) fixed: Option<u64>,
}

/// Where findings go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stream {
    Stdout,
    /// Where the bundle has standard output.
    Stderr,
}

/// The stream that findings go to, and the tally.
pub(super) struct Report {
    out: BufWriter<Box<dyn Write>>,
    shape: Shape,
    /// The least level that text shows.
    least: Level,
    tally: Tally,
    /// How many results a SARIF document has.
    written: u64,
    /// What text sums up; none where it shows each.
    repeats: Option<Repeats>,
    /// A line that is null, of which the next one tells whether it matters.
    null: Option<(Location, Found)>,
    /// A file of JSON over many lines, of which no line after the first can be judged.
    given_up: Option<Box<str>>,
}

/// A finding for programs.
#[derive(Serialize)]
struct Row<'f> {
    schema_version: u8,
    file: &'f str,
    line: u64,
    kind: Option<&'static str>,
    id: Option<&'f str>,
    pointer: String,
    code: &'static str,
    level: &'static str,
    message: &'f str,
    hint: Option<&'f str>,
    kibana: Option<&'f str>,
    /// What was done about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    fixed: Option<&'f str>,
}

#[derive(Serialize)]
struct Summary {
    schema_version: u8,
    summary: Tally,
}

impl Report {
    /// Begins a report; text shows no finding below `least`, and each one where there are many alike only if notes are shown.
    pub(super) fn new(shape: Shape, least: Level, stream: Stream) -> Result<Self, Error> {
        let out: Box<dyn Write> = match stream {
            Stream::Stdout => Box::new(anstream::stdout().lock()),
            Stream::Stderr => Box::new(anstream::stderr().lock()),
        };
        let sums_up = shape == Shape::Text && least != Level::Note;
        let mut report = Self {
            out: BufWriter::new(out),
            shape,
            least,
            tally: Tally::default(),
            written: 0,
            repeats: sums_up.then(Repeats::default),
            null: None,
            given_up: None,
        };
        if shape == Shape::Sarif {
            report.write(&sarif::head())?;
        }
        Ok(report)
    }

    /// Takes down how a file is called.
    pub(super) fn name(&mut self, path: &Path) -> Result<(), Error> {
        let location = Location {
            file: path.display().to_string().into(),
            ..Location::default()
        };
        match Found::named(path) {
            Some(found) => self.tell(&location, &found),
            None => Ok(()),
        }
    }

    /// Takes down how a line begins and ends.
    pub(super) fn begin(&mut self, line: &Line<'_>) -> Result<(), Error> {
        if line.bytes.starts_with(BYTE_ORDER_MARK) {
            self.tell(&line.location, &Found::marked())?;
        }
        if !line.bytes.ends_with(b"\n") {
            self.tell(&line.location, &Found::unended())?;
        }
        Ok(())
    }

    /// Says in the tally that things are put right.
    pub(super) fn fixes(&mut self) {
        self.tally.fixed.get_or_insert(0);
    }

    /// Takes down what was found in a record, and its part in the bundle.
    pub(super) fn take(
        &mut self,
        across: &mut Across,
        location: &Location,
        checked: Checked,
    ) -> Result<(), Error> {
        if self.given_up.as_ref() == Some(&location.file) {
            return Ok(());
        }
        self.tally.records += 1;
        self.tell_null()?;
        let twice = checked
            .facts
            .and_then(|facts| across.observe(location, facts));
        for found in checked.found {
            self.tell(location, &found)?;
        }
        match twice {
            Some(finding) => self.of_bundle(finding),
            None => Ok(()),
        }
    }

    /// Takes down a line that cannot be read.
    pub(super) fn unreadable(&mut self, across: &mut Across, error: &Error) -> Result<(), Error> {
        let location = error.location().cloned().unwrap_or_default();
        if self.given_up.as_ref() == Some(&location.file) {
            return Ok(());
        }
        self.tally.records += 1;
        self.tell_null()?;
        let found = Found::unreadable(error);
        match error.kind() {
            // Kibana passes over it, if it is the last line.
            ErrorKind::NotAnObject { found: "null" } => {
                self.null = Some((location, found));
                return Ok(());
            }
            ErrorKind::Pretty => self.given_up = Some(location.file.clone()),
            _ => {}
        }
        across.observe_unreadable();
        self.tell(&location, &found)
    }

    /// Says of a null that something follows it.
    fn tell_null(&mut self) -> Result<(), Error> {
        match self.null.take() {
            Some((location, found)) => self.tell(&location, &found),
            None => Ok(()),
        }
    }

    /// Writes what only the whole bundle shows; where a file could not be told apart into records, it shows nothing.
    pub(super) fn bundle(&mut self, across: Across) -> Result<(), Error> {
        if let Some((location, found)) = self.null.take() {
            self.tell(&location, &found.when_last())?;
        }
        if self.given_up.is_some() {
            return Ok(());
        }
        for finding in across.finish() {
            self.of_bundle(finding)?;
        }
        Ok(())
    }

    fn of_bundle(&mut self, finding: Finding) -> Result<(), Error> {
        let (location, found) = Found::of_bundle(finding);
        self.tell(&location, &found)
    }

    /// Counts and writes one finding.
    pub(super) fn tell(&mut self, location: &Location, found: &Found) -> Result<(), Error> {
        match (&found.fixed, found.problem.level) {
            (Some(_), _) => *self.tally.fixed.get_or_insert(0) += 1,
            (None, Level::Error) => self.tally.errors += 1,
            (None, Level::Warning) => self.tally.warnings += 1,
            (None, Level::Note) => self.tally.notes += 1,
        }
        if !self.is_shown(found) {
            return Ok(());
        }
        let text = match self.shape {
            Shape::Text => text(location, found),
            Shape::Json => json(location, found)?,
            Shape::Sarif => {
                let comma = if self.written > 0 { ",\n" } else { "\n" };
                format!("{comma}{}", sarif::result(location, found))
            }
        };
        self.written += 1;
        self.write(&text)
    }

    fn is_shown(&mut self, found: &Found) -> bool {
        if found.fixed.is_some() {
            // What was changed is told each time, unless only errors are.
            return self.shape != Shape::Text || self.least < Level::Error;
        }
        let problem = &found.problem;
        if self.shape == Shape::Text && problem.level < self.least {
            return false;
        }
        let repeats = self.repeats.as_mut();
        repeats.is_none_or(|repeats| repeats.is_shown(problem))
    }

    /// Ends the report, and gives what was counted.
    pub(super) fn finish(mut self) -> Result<Tally, Error> {
        let tally = self.tally;
        match self.shape {
            Shape::Text => {
                for rest in self.repeats.take().iter().flat_map(Repeats::rest) {
                    let said = Said {
                        level: rest.level.name(),
                        code: Some(rest.code),
                        message: &rest.message,
                        location: None,
                        excerpt: None,
                        help: None,
                    };
                    self.write(&said.text())?;
                }
            }
            Shape::Json => {
                let summary = Summary {
                    schema_version: 1,
                    summary: tally,
                };
                let line = serde_json::to_string(&summary).map_err(|error| unspeakable(&error))?;
                self.write(&format!("{line}\n"))?;
            }
            Shape::Sarif => self.write(sarif::TAIL)?,
        }
        self.out.flush().map_err(output)?;
        Ok(tally)
    }

    fn write(&mut self, text: &str) -> Result<(), Error> {
        self.out.write_all(text.as_bytes()).map_err(output)
    }
}

fn output(error: std::io::Error) -> Error {
    Error::io("writing standard output", error)
}

fn unspeakable(error: &serde_json::Error) -> Error {
    ErrorKind::Bug {
        message: error.to_string().into(),
    }
    .into()
}

fn text(location: &Location, found: &Found) -> String {
    let location = Location {
        column: found.column,
        record: found.label.clone(),
        ..location.clone()
    };
    let problem = &found.problem;
    let help: Vec<String> = problem
        .hint
        .iter()
        .cloned()
        .chain(
            problem
                .kibana
                .iter()
                .map(|says| format!("Kibana says: {says}")),
        )
        .collect();
    let help = help.join("\n      ");
    let said = match &found.fixed {
        Some(done) => Said {
            level: "fixed",
            code: Some(problem.code),
            message: &format!("{done}: {}", problem.message),
            location: Some(&location),
            excerpt: found.excerpt.as_ref(),
            help: None,
        },
        None => Said {
            level: problem.level.name(),
            code: Some(problem.code),
            message: &problem.message,
            location: Some(&location),
            excerpt: found.excerpt.as_ref(),
            help: Some(&*help).filter(|help| !help.is_empty()),
        },
    };
    said.text() + "\n"
}

fn json(location: &Location, found: &Found) -> Result<String, Error> {
    let problem = &found.problem;
    let line = Row {
        schema_version: 1,
        file: &location.file,
        line: location.line,
        kind: found.kind,
        id: found.id.as_deref(),
        pointer: render::pointer(&problem.pointer),
        code: problem.code,
        level: found.level().name(),
        message: &problem.message,
        hint: problem.hint.as_deref(),
        kibana: problem.kibana.as_deref(),
        fixed: found.fixed.as_deref(),
    };
    Ok(serde_json::to_string(&line).map_err(|error| unspeakable(&error))? + "\n")
}

impl Tally {
    /// Says to people what was found; `all` if they saw the notes.
    pub(super) fn tell(self, target: Target, all: bool) {
        let count = |n: u64, what: &str| match n {
            0 => format!("no {what}s"),
            1 => format!("1 {what}"),
            n => format!("{n} {what}s"),
        };
        let kibana = if target == Target::SERVERLESS {
            "serverless Kibana".to_owned()
        } else {
            format!("Kibana {target}")
        };
        let unseen = if self.notes > 0 && !all {
            " (`-v` shows them)"
        } else {
            ""
        };
        let fixed = self.fixed.map_or(String::new(), |fixed| {
            format!("{} fixed, and now ", count(fixed, "fault"))
        });
        let line = format!(
            "{} checked for {kibana}: {fixed}{}, {}, {}{unseen}\n",
            count(self.records, "record"),
            count(self.errors, "error"),
            count(self.warnings, "warning"),
            count(self.notes, "note"),
        );
        // Nothing is left to say where stderr is closed.
        _ = anstream::stderr().lock().write_all(line.as_bytes());
    }
}
