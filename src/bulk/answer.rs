//! What Kibana answers to a `_bulk_action`: counts, results, errors by message.

use std::collections::HashMap;
use std::io::{self, BufWriter, Read, Write};

use super::failure::{Failure, Subject};
use crate::error::{Error, Result};
use crate::json::quoted;
use crate::stream::Spool;

/// How much of an error's message the answer holds, in characters.
const LONGEST_MESSAGE: usize = 1000;

/// In which of the answer's results a rule stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// It was edited, switched on or off.
    Updated,
    /// It is new.
    Created,
    /// It is gone.
    Deleted,
}

/// How many rules fared how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Summary {
    /// Rules with an error.
    pub failed: u64,
    /// Rules that were so already.
    pub skipped: u64,
    /// Rules that were updated, created or deleted; in a dry run, those that passed the checks.
    pub succeeded: u64,
}

impl Summary {
    /// All of them.
    pub fn total(self) -> u64 {
        self.failed + self.skipped + self.succeeded
    }
}

/// Rules that failed for one reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failed {
    /// The reason.
    pub failure: Failure,
    /// The rules, in order.
    pub rules: Vec<Subject>,
}

/// The answer as it grows.
///
/// Results wait in temporary files, and only if they are wanted. Rules that failed take memory for their id and name each.
#[derive(Debug)]
pub struct Answer {
    summary: Summary,
    errors: Vec<Failed>,
    by_message: HashMap<Box<str>, usize>,
    results: Option<Results>,
}

#[derive(Debug)]
struct Results {
    place: Option<Place>,
    rules: BufWriter<Spool>,
    skipped: BufWriter<Spool>,
}

impl Answer {
    /// An answer; `with_results` if it is to be written with its results.
    pub fn new(with_results: bool) -> Result<Self> {
        let results = || -> Result<Results> {
            Ok(Results {
                place: None,
                rules: BufWriter::with_capacity(1 << 16, Spool::new()?),
                skipped: BufWriter::new(Spool::new()?),
            })
        };
        Ok(Self {
            summary: Summary::default(),
            errors: Vec::new(),
            by_message: HashMap::new(),
            results: with_results.then(results).transpose()?,
        })
    }

    /// How many rules fared how.
    pub fn summary(&self) -> Summary {
        self.summary
    }

    /// The errors, in order of first appearance.
    pub fn errors(&self) -> &[Failed] {
        &self.errors
    }

    /// Takes down a rule that passed the checks of a dry run.
    pub(super) fn passed(&mut self) {
        self.summary.succeeded += 1;
    }

    /// Takes down a rule that something was done to; `line` is its JSON, white space around it allowed.
    pub(super) fn done(&mut self, place: Place, line: &[u8]) -> Result<()> {
        self.summary.succeeded += 1;
        let Some(results) = &mut self.results else {
            return Ok(());
        };
        let first = results.place.replace(place).is_none();
        separate(&mut results.rules, first)
            .and_then(|()| results.rules.write_all(trimmed(line)))
            .map_err(keeping)
    }

    /// Takes down a rule that was so already.
    pub(super) fn skipped(&mut self, subject: &Subject) -> Result<()> {
        let first = self.summary.skipped == 0;
        self.summary.skipped += 1;
        let Some(results) = &mut self.results else {
            return Ok(());
        };
        let members = subject.members();
        separate(&mut results.skipped, first)
            .and_then(|()| {
                write!(
                    results.skipped,
                    "{{{members}{}\"skip_reason\":\"RULE_NOT_MODIFIED\"}}",
                    if members.is_empty() { "" } else { "," }
                )
            })
            .map_err(keeping)
    }

    /// Takes down a rule that failed.
    pub(super) fn failed(&mut self, failure: Failure, subject: Subject) {
        self.summary.failed += 1;
        match self.by_message.get(&*failure.message) {
            Some(&index) => self.errors[index].rules.push(subject),
            None => {
                self.by_message
                    .insert(failure.message.clone(), self.errors.len());
                self.errors.push(Failed {
                    failure,
                    rules: vec![subject],
                });
            }
        }
    }

    /// Takes down ids that no rule has. Kibana looks rules up first, so these errors stand before all others.
    pub(super) fn missing(&mut self, rules: Vec<Subject>) {
        if rules.is_empty() {
            return;
        }
        self.summary.failed += rules.len() as u64;
        self.errors.insert(
            0,
            Failed {
                failure: Failure::live("Rule not found"),
                rules,
            },
        );
    }

    /// Writes the body that Kibana answers: that of status 200, or where rules failed that of status 500.
    pub fn write(self, mut out: impl Write) -> Result<()> {
        let Summary {
            failed,
            skipped,
            succeeded,
        } = self.summary;
        let total = self.summary.total();
        let write = |out: &mut dyn Write| -> io::Result<()> {
            if self.errors.is_empty() {
                write!(
                    out,
                    "{{\"success\":true,\"rules_count\":{total},\"attributes\":{{"
                )?;
            } else {
                let message = if succeeded > 0 {
                    "Bulk edit partially failed"
                } else {
                    "Bulk edit failed"
                };
                write!(
                    out,
                    "{{\"message\":\"{message}\",\"status_code\":500,\"attributes\":{{\"errors\":["
                )?;
                for (index, group) in self.errors.iter().enumerate() {
                    separate(out, index == 0)?;
                    error(out, group)?;
                }
                out.write_all(b"],")?;
            }
            out.write_all(b"\"results\":{")?;
            results(out, self.results)?;
            writeln!(
                out,
                "}},\"summary\":{{\"failed\":{failed},\"succeeded\":{succeeded},\"skipped\":{skipped},\"total\":{total}}}}}}}"
            )?;
            out.flush()
        };
        write(&mut out).map_err(|source| Error::io("writing the answer", source))
    }
}

/// A comma before all but the first.
fn separate(out: &mut (impl Write + ?Sized), first: bool) -> io::Result<()> {
    if first { Ok(()) } else { out.write_all(b",") }
}

fn error(out: &mut dyn Write, group: &Failed) -> io::Result<()> {
    let Failure {
        message,
        status,
        code,
    } = &group.failure;
    let message: String = message.chars().take(LONGEST_MESSAGE).collect();
    write!(
        out,
        "{{\"message\":{},\"status_code\":{status}",
        quoted(&message)
    )?;
    if let Some(code) = code {
        write!(out, ",\"err_code\":\"{code}\"")?;
    }
    out.write_all(b",\"rules\":[")?;
    for (index, rule) in group.rules.iter().enumerate() {
        separate(out, index == 0)?;
        write!(out, "{{{}}}", rule.members())?;
    }
    out.write_all(b"]}")
}

fn results(out: &mut dyn Write, results: Option<Results>) -> io::Result<()> {
    let (mut place, mut rules, mut skipped) = (None, None, None);
    if let Some(results) = results {
        place = results.place;
        rules = Some(results.rules.into_inner()?);
        skipped = Some(results.skipped.into_inner()?);
    }
    for (name, here) in [
        ("updated", Place::Updated),
        ("created", Place::Created),
        ("deleted", Place::Deleted),
    ] {
        write!(out, "\"{name}\":[")?;
        if place == Some(here) {
            copy(out, rules.take())?;
        }
        out.write_all(b"],")?;
    }
    out.write_all(b"\"skipped\":[")?;
    copy(out, skipped)?;
    out.write_all(b"]")
}

fn copy(out: &mut dyn Write, spool: Option<Spool>) -> io::Result<()> {
    let Some(mut spool) = spool else {
        return Ok(());
    };
    let mut reader = spool.reader().map_err(io::Error::other)?;
    let mut buffer = vec![0; 1 << 16];
    loop {
        match reader.read(&mut buffer)? {
            0 => return Ok(()),
            read => out.write_all(&buffer[..read])?,
        }
    }
}

/// The line without white space and a byte order mark around it.
fn trimmed(line: &[u8]) -> &[u8] {
    let line = line.strip_prefix("\u{feff}".as_bytes()).unwrap_or(line);
    line.trim_ascii()
}

fn keeping(source: io::Error) -> Error {
    Error::io("writing the temporary copy of the results", source)
}
