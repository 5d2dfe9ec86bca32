//! What a run has to say beside its output: notes on records, old and new ids, the summary.

use std::collections::HashSet;
use std::io::Write;
use std::path::{Path, PathBuf};

use ruleferry::error::{Error, Location, PathStep};
use ruleferry::pipeline::Report;
use ruleferry::record::{Counts, Effect, Kind, Note};
use ruleferry::stream::{AtomicFile, Durable};
use serde_json::{Value, json};

use super::exit::Exit;
use super::{Format, Global, render};

/// Notes as they come, and the summary.
pub(crate) struct Notes {
    format: Format,
    /// Whether JSON goes to stderr, because the result goes to standard output.
    to_stderr: bool,
    quiet: bool,
    verbose: bool,
    errors: Format,
    /// What was noted with its first place and how often, in order of first appearance.
    groups: Vec<(Note, Location, u64)>,
    /// Where the group of a sort of notes is.
    known: std::collections::HashMap<Note, usize>,
}

impl Notes {
    pub(crate) fn new(format: Format, to_stderr: bool, global: &Global) -> Self {
        Self {
            format,
            to_stderr,
            quiet: global.quiet,
            verbose: global.verbose,
            errors: global.errors,
            groups: Vec::new(),
            known: std::collections::HashMap::new(),
        }
    }

    /// How errors are to be written.
    pub(crate) fn errors(&self) -> Format {
        self.errors
    }

    /// Takes a note down, or writes it at once where each is wanted.
    pub(crate) fn take(&mut self, location: &Location, note: &Note) -> Result<(), Error> {
        if matches!(note, Note::Renamed { .. }) {
            return Ok(());
        }
        if self.format == Format::Json {
            return self.write_json(&as_json(location, note));
        }
        if self.quiet {
            return Ok(());
        }
        if self.verbose {
            write_text(&format!(
                "{}: {}: {}",
                label(note),
                place(location),
                sentence(note)
            ));
            return Ok(());
        }
        let sort = sort(note, location);
        match self.known.get(&sort) {
            Some(&group) => self.groups[group].2 += 1,
            None => {
                self.known.insert(sort, self.groups.len());
                self.groups.push((note.clone(), location.clone(), 1));
            }
        }
        Ok(())
    }

    /// Writes the notes that were summed up, and the summary.
    pub(crate) fn finish(self, report: &Report, exit: Exit) -> Result<(), Error> {
        if self.format == Format::Json {
            return self.write_json(&json!({
                "schema_version": 1,
                "summary": {
                    "read": counts(report.read),
                    "changed": counts(report.changed),
                    "dropped": counts(report.dropped),
                    "refused": report.refused,
                },
                "seed": report.seed,
                "exit": exit.code(),
            }));
        }
        // A seed that nobody chose is the only way to make the same ids again, so it is told even where little is.
        if let Some(seed) = &report.seed {
            write_text(&format!(
                "seed: {seed} (give it as `--seed` to make the same ids again)"
            ));
        }
        if self.quiet {
            return Ok(());
        }
        self.tell();
        write_text(&summary(report));
        Ok(())
    }

    /// Writes the notes that were summed up.
    pub(crate) fn tell(&self) {
        for (note, location, times) in &self.groups {
            let more = if *times > 1 {
                format!(" and {} more", times - 1)
            } else {
                String::new()
            };
            let sort = sort(note, location);
            let said = if *times > 1 { &sort } else { note };
            write_text(&format!(
                "{}: {} ({}{more})",
                label(note),
                sentence(said),
                place(location)
            ));
        }
    }

    fn write_json(&self, value: &Value) -> Result<(), Error> {
        let line = format!("{value}\n");
        let written = if self.to_stderr {
            std::io::stderr().lock().write_all(line.as_bytes())
        } else {
            std::io::stdout().lock().write_all(line.as_bytes())
        };
        written.map_err(|source| Error::io("writing the report", source))
    }
}

/// Says what `--in-place` had done to files before the one that ended the run.
pub(crate) fn stopped(report: &Report, at: &Path, files: &[PathBuf]) {
    let before: Vec<String> = files
        .iter()
        .take_while(|path| *path != at)
        .map(|path| format!("`{}`", path.display()))
        .collect();
    if let Some(seed) = &report.seed {
        write_text(&format!(
            "seed: {seed} (give it as `--seed` to make the same ids again)"
        ));
    }
    if !before.is_empty() {
        write_text(&format!(
            "note: edited before that, and not again undone: {}",
            before.join(", ")
        ));
    }
}

/// Says something to people.
pub(crate) fn write_text(line: &str) {
    // Nothing is left to say where stderr is closed.
    _ = writeln!(anstream::stderr().lock(), "{line}");
}

fn place(location: &Location) -> String {
    let record = location
        .record
        .as_ref()
        .map(|record| format!(", {record}"))
        .unwrap_or_default();
    format!("{}:{}{record}", location.file, location.line)
}

/// The word in front of a note.
fn label(note: &Note) -> &'static str {
    let lost = Effect::Lost;
    match note {
        Note::LeftOut { .. } => "lost",
        Note::Converted { effect, .. } if *effect == lost => "lost",
        Note::Converted { .. } | Note::Renamed { .. } | Note::Unmapped { .. } | Note::Unknown => {
            "note"
        }
    }
}

/// What notes of one sort have in common. Each rule that is left out is told by itself.
fn sort(note: &Note, location: &Location) -> Note {
    match note {
        Note::Converted {
            effect,
            pointer,
            why,
            ..
        } => Note::Converted {
            effect: *effect,
            pointer: pointer
                .iter()
                .filter(|step| matches!(step, PathStep::Key(_)))
                .cloned()
                .collect(),
            value: "".into(),
            why: why.clone(),
        },
        Note::LeftOut { why, .. } if !is_rule(location) => Note::LeftOut {
            name: "".into(),
            why: why.clone(),
        },
        Note::LeftOut { .. } | Note::Renamed { .. } | Note::Unmapped { .. } | Note::Unknown => {
            note.clone()
        }
    }
}

fn is_rule(location: &Location) -> bool {
    let record = location.record.as_deref().unwrap_or_default();
    record.split(' ').next() == Some(Kind::Rule.name())
}

/// The way down to a value, with dots.
fn dotted(pointer: &[PathStep]) -> String {
    let steps: Vec<String> = pointer
        .iter()
        .map(|step| match step {
            PathStep::Key(key) => key.to_string(),
            PathStep::Index(index) => index.to_string(),
        })
        .collect();
    steps.join(".")
}

fn sentence(note: &Note) -> String {
    match note {
        Note::Renamed { what, old, new } => format!("{what} `{old}` becomes `{new}`"),
        Note::Unmapped { field, value, why } => format!("`{field}` {value:?} stays: {why}"),
        Note::Converted {
            effect,
            pointer,
            value,
            why,
        } => {
            let value = if value.is_empty() {
                String::new()
            } else {
                format!(" {value}")
            };
            let became = match effect {
                Effect::Lost => "",
                Effect::Changed => " is changed",
                Effect::Cleared => " is cleared",
                Effect::Kept => " stays",
            };
            format!("`{}`{value}{became}: {why}", dotted(pointer))
        }
        Note::LeftOut { name, why } if name.is_empty() => format!("left out: {why}"),
        Note::LeftOut { name, why } => format!("left out {name:?}: {why}"),
        Note::Unknown => {
            "neither a rule, an exception, a connector nor details; it passes untouched".into()
        }
    }
}

/// A note as a line of JSON.
pub(crate) fn as_json(location: &Location, note: &Note) -> Value {
    let mut value = json!({
        "schema_version": 1,
        "file": location.file,
        "line": location.line,
        "record": location.record,
    });
    let fields = match note {
        Note::Renamed { what, old, new } => {
            json!({"note": "renamed", "what": what, "old": old, "new": new})
        }
        Note::Unmapped { field, value, why } => {
            json!({"note": "unmapped", "field": field, "value": value, "why": why})
        }
        Note::Converted {
            effect,
            pointer,
            value,
            why,
        } => {
            json!({"note": effect.name(), "pointer": render::pointer(pointer), "value": value, "why": why})
        }
        Note::LeftOut { name, why } => json!({"note": "left-out", "name": name, "why": why}),
        Note::Unknown => json!({"note": "unknown-record"}),
    };
    if let (Value::Object(value), Value::Object(fields)) = (&mut value, fields) {
        value.extend(fields);
    }
    value
}

pub(crate) fn counts(counts: Counts) -> Value {
    let by_kind = Kind::ALL.map(|kind| (kind.name().to_owned(), Value::from(counts[kind])));
    Value::Object(by_kind.into_iter().collect())
}

/// As in "61 records read: 36 rules, 7 exception lists, …; 36 changed, 2 dropped".
fn summary(report: &Report) -> String {
    let mut line = format!("{} read", records(report.read.total()));
    line += &by_kind(report.read);
    line += &format!(
        "; {} changed, {} dropped",
        report.changed.total(),
        report.dropped.total()
    );
    if report.refused > 0 {
        line += &format!(", {} refused", report.refused);
    }
    line
}

/// As in " (36 rules, 7 exception lists)"; nothing where there is nothing.
pub(crate) fn by_kind(counts: Counts) -> String {
    let kinds: Vec<String> = Kind::ALL
        .iter()
        .filter(|&&kind| counts[kind] > 0)
        .map(|&kind| plural(counts[kind], kind))
        .collect();
    if kinds.is_empty() {
        String::new()
    } else {
        format!(" ({})", kinds.join(", "))
    }
}

pub(crate) fn records(count: u64) -> String {
    if count == 1 {
        "1 record".into()
    } else {
        format!("{count} records")
    }
}

fn plural(count: u64, kind: Kind) -> String {
    match (kind, count) {
        (Kind::Details, 1) => "1 details line".into(),
        (Kind::Details, _) => format!("{count} details lines"),
        (_, 1) => format!("1 {kind}"),
        _ => format!("{count} {kind}s"),
    }
}

/// `--map FILE`: each old and new id once, as CSV.
pub(crate) struct IdMap {
    csv: csv::Writer<AtomicFile>,
    written: HashSet<(Box<str>, Box<str>)>,
}

impl IdMap {
    pub(crate) fn create(path: &Path) -> Result<Self, Error> {
        let mut csv = csv::Writer::from_writer(AtomicFile::create(path)?);
        csv.write_record(["old", "new"])
            .map_err(|error| writing(&error))?;
        Ok(Self {
            csv,
            written: HashSet::new(),
        })
    }

    pub(crate) fn take(&mut self, note: &Note) -> Result<(), Error> {
        let Note::Renamed { old, new, .. } = note else {
            return Ok(());
        };
        if self.written.insert((old.clone(), new.clone())) {
            self.csv
                .write_record([&**old, &**new])
                .map_err(|error| writing(&error))?;
        }
        Ok(())
    }

    pub(crate) fn finish(self) -> Result<(), Error> {
        self.csv
            .into_inner()
            .map_err(|error| Error::io("writing the map of ids", error.into_error()))?
            .commit(Durable::No)
    }
}

fn writing(error: &csv::Error) -> Error {
    Error::io(
        "writing the map of ids",
        std::io::Error::other(error.to_string()),
    )
}
