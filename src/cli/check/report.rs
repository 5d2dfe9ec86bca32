//! Findings as they come: text for people, JSON lines, or one SARIF document; and what they add up to.

use std::io::{BufWriter, Write};

use clap::ValueEnum;
use ruleferry::check::Level;
use ruleferry::error::{Error, ErrorKind, Location};
use ruleferry::schema::Target;
use serde::Serialize;

use super::found::{Checked, Found};
use super::sarif;
use crate::cli::render::{self, Said};

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
    /// Begins a report; text shows no finding below `least`.
    pub(super) fn new(shape: Shape, least: Level, stream: Stream) -> Result<Self, Error> {
        let out: Box<dyn Write> = match stream {
            Stream::Stdout => Box::new(anstream::stdout().lock()),
            Stream::Stderr => Box::new(anstream::stderr().lock()),
        };
        let mut report = Self {
            out: BufWriter::new(out),
            shape,
            least,
            tally: Tally::default(),
            written: 0,
            given_up: None,
        };
        if shape == Shape::Sarif {
            report.write(&sarif::head())?;
        }
        Ok(report)
    }

    /// Takes down what was found in a record.
    pub(super) fn take(&mut self, location: &Location, checked: Checked) -> Result<(), Error> {
        if self.given_up.as_ref() == Some(&location.file) {
            return Ok(());
        }
        self.tally.records += 1;
        for found in checked.found {
            self.tell(location, &found)?;
        }
        Ok(())
    }

    /// Says in the tally that things are put right.
    pub(super) fn fixes(&mut self) {
        self.tally.fixed.get_or_insert(0);
    }

    /// Takes down a line that cannot be read.
    pub(super) fn unreadable(&mut self, error: &Error) -> Result<(), Error> {
        let location = error.location().cloned().unwrap_or_default();
        if self.given_up.as_ref() == Some(&location.file) {
            return Ok(());
        }
        self.tally.records += 1;
        if matches!(error.kind(), ErrorKind::Pretty) {
            self.given_up = Some(location.file.clone());
        }
        self.tell(&location, &Found::unreadable(error))
    }

    /// Counts and writes one finding.
    pub(super) fn tell(&mut self, location: &Location, found: &Found) -> Result<(), Error> {
        let level = found.problem.level;
        let shown = match (&found.fixed, level) {
            (Some(_), _) => {
                *self.tally.fixed.get_or_insert(0) += 1;
                self.least < Level::Error
            }
            (None, Level::Error) => {
                self.tally.errors += 1;
                true
            }
            (None, Level::Warning) => {
                self.tally.warnings += 1;
                self.least <= level
            }
            (None, Level::Note) => {
                self.tally.notes += 1;
                self.least <= level
            }
        };
        let text = match self.shape {
            Shape::Text if !shown => return Ok(()),
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

    /// Ends the report, and gives what was counted.
    pub(super) fn finish(mut self) -> Result<Tally, Error> {
        let tally = self.tally;
        match self.shape {
            Shape::Text => {}
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
