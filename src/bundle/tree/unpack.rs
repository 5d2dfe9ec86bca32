//! From a bundle to a tree: first it is found out where everything goes, then files are written.

use super::files::Files;
use super::index::{self, Entry, Spelling};
use super::place::Place;
use super::plan::{Line, Outcome, Plan, Planned};
use super::survey::{Says, Survey};
use super::{Format, INDEX, Key};
use crate::bundle::Shelf;
use crate::error::{Error, Location, Result};
use crate::json::{Raw, Spacing, respaced};
use crate::pipeline::{OnError, Reading, scan_lines};
use crate::record::{Counts, Record};
use crate::stream::Source;

/// Unpacks bundles into trees.
///
/// A tree that is there already is brought up to date: each record's file is found by its id, wherever it was moved to, and is
/// written only if it says something else.
///
/// ```
/// use ruleferry::bundle::tree::{Memory, Pack, Unpack};
/// use ruleferry::stream::Source;
///
/// # fn main() -> ruleferry::error::Result<()> {
/// let bundle = "{\"rule_id\":\"acme-1\",\"name\":\"A rule\"}\n";
/// let tree = Memory::default();
/// let source = Source::reader("bundle", bundle.as_bytes());
/// Unpack::default().run(vec![source], &tree, &mut |_| Ok(()))?;
/// assert_eq!(tree.files()["rules/a-rule--acme-1.json"], b"{\n  \"rule_id\": \"acme-1\",\n  \"name\": \"A rule\"\n}\n");
/// let mut packed = Vec::new();
/// Pack::default().run(&tree, &mut packed, &mut |_| Ok(()))?;
/// assert_eq!(packed, bundle.as_bytes());
/// # Ok(()) }
/// ```
#[derive(Debug, Default)]
pub struct Unpack {
    /// How the bundle is read.
    pub reading: Reading,
    /// The format of every file; without it files keep theirs, and new ones have that of the tree.
    pub format: Option<Format>,
    /// What becomes of a line that is no record: kept, it goes to a file as it was read.
    pub on_error: OnError,
    /// Removes files whose record is not in the bundle.
    pub prune: bool,
}

/// What a run has to tell.
#[derive(Debug)]
#[non_exhaustive]
pub enum Unpacked<'e> {
    /// What became of a file.
    File {
        /// The file as messages name it.
        path: &'e str,
        /// What it holds.
        key: &'e Key,
        /// What was done to it.
        outcome: Outcome,
    },
    /// A line had white space of its own between its tokens, which `pack` will not give back.
    Respaced(&'e Location),
    /// A record had members of one name, of which YAML or TOML keeps the last.
    EqualNames(&'e str),
    /// A line is no record, and did not end the run.
    Unreadable(Error),
}

/// What one line gives to the plan.
struct Seen {
    line: Line,
    is_respaced: bool,
}

impl Unpack {
    /// Unpacks the bundle that the sources hold, and says how many records of each kind it has.
    ///
    /// Nothing is written before the whole bundle was read. Each file is complete at any moment, so a run that was interrupted
    /// can be repeated.
    pub fn run(
        &self,
        sources: Vec<Source<'_>>,
        files: &dyn Files,
        tell: &mut dyn FnMut(Unpacked<'_>) -> Result<()>,
    ) -> Result<Counts> {
        // Only the bundle counts as progress.
        let survey = Survey::take(&self.reading, files)?;
        let mut plan = Plan::new(&survey, files, self.format)?;
        let mut counts = Counts::default();
        let mut lines = self.read(sources, &survey, &mut plan, &mut counts, tell)?;
        let index = index::write(&plan.entries);
        // First, so that a run that is repeated knows all that this one wrote.
        if index.as_bytes() != survey.index_text {
            files.write(INDEX, index.as_bytes())?;
        }
        if plan
            .planned
            .iter()
            .any(|one| one.outcome != Outcome::Unchanged)
        {
            self.write(&mut lines, &survey, &plan.planned, files, tell)?;
        }
        let keys = plan.entries.iter().filter_map(|entry| match entry {
            Entry::Record(key, _) => Some(key),
            _ => None,
        });
        for (one, key) in plan.planned.iter().zip(keys) {
            tell(Unpacked::File {
                path: &files.name(&one.path),
                key,
                outcome: one.outcome,
            })?;
        }
        for place in plan.left() {
            let one = &survey.found[place];
            let outcome = if self.prune {
                files.remove(&one.path)?;
                Outcome::Removed
            } else {
                Outcome::Gone
            };
            tell(Unpacked::File {
                path: &files.name(&one.path),
                key: &one.key,
                outcome,
            })?;
        }
        Ok(counts)
    }

    /// Reads the bundle and plans each line's file.
    fn read(
        &self,
        sources: Vec<Source<'_>>,
        survey: &Survey,
        plan: &mut Plan<'_>,
        counts: &mut Counts,
        tell: &mut dyn FnMut(Unpacked<'_>) -> Result<()>,
    ) -> Result<Shelf> {
        let needs_content = Plan::needs_content(survey, self.format);
        let mut has_end = true;
        let work = |record: &Record<'_>| (record.kind(), seen(record, needs_content));
        let lines = Shelf::fill_lines(&self.reading, sources, work, |line, kept| {
            let bytes = match line.bytes.strip_prefix("\u{feff}".as_bytes()) {
                Some(rest) if line.location.line == 1 => {
                    if line.ordinal == 0 {
                        plan.entries.push(Entry::ByteOrderMark);
                    }
                    rest
                }
                _ => line.bytes,
            };
            has_end = bytes.ends_with(b"\n");
            let Some((index, result)) = kept else {
                let blank = bytes.strip_suffix(b"\n").unwrap_or(bytes);
                let blank = String::from_utf8_lossy(blank);
                plan.entries.push(Entry::Blank(blank.into()));
                return Ok(());
            };
            match result {
                Ok((kind, seen)) => {
                    counts[kind] += 1;
                    if seen.is_respaced {
                        tell(Unpacked::Respaced(&line.location))?;
                    }
                    plan.add(index, &seen.line)
                }
                Err(error) if self.on_error == OnError::Stop => Err(error),
                Err(error) => {
                    tell(Unpacked::Unreadable(error))?;
                    match self.on_error {
                        OnError::Keep => plan.add(index, &unreadable(bytes)),
                        OnError::Drop | OnError::Stop => Ok(()),
                    }
                }
            }
        })?;
        if !has_end {
            plan.entries.push(Entry::NoFinalNewline);
        }
        Ok(lines)
    }

    /// Writes what is to be written, in parallel.
    fn write(
        &self,
        lines: &mut Shelf,
        survey: &Survey,
        planned: &[Planned],
        files: &dyn Files,
        tell: &mut dyn FnMut(Unpacked<'_>) -> Result<()>,
    ) -> Result<()> {
        let reading = Reading {
            consumed: None,
            ..self.reading.clone()
        };
        let planned_for = |ordinal: u64| {
            let index = usize::try_from(ordinal).ok()?;
            let place = planned.binary_search_by_key(&index, |one| one.index).ok()?;
            let one = &planned[place];
            (one.outcome != Outcome::Unchanged).then_some(one)
        };
        let put = |one: &Planned, bytes: &[u8]| -> Result<()> {
            files.write(&one.path, bytes)?;
            for &old in &one.replaces {
                files.remove(&survey.found[old].path)?;
            }
            Ok(())
        };
        // What is written here says whether equal names were left out; none for what the sink is to write.
        let work = |record: &Record<'_>| {
            let one = planned_for(record.ordinal())?;
            let format = one.format?;
            let write = || -> Result<bool> {
                let (text, had_equal) = format.write(Raw::parse(record.text())?);
                put(one, text.as_bytes())?;
                Ok(had_equal)
            };
            Some(write())
        };
        scan_lines(&reading, vec![lines.source()?], work, |line, result| {
            let Some(one) = planned_for(line.ordinal) else {
                return Ok(());
            };
            if one.format.is_none() {
                return put(one, line.bytes.strip_suffix(b"\n").unwrap_or(line.bytes));
            }
            let had_equal = result.transpose()?.flatten().transpose()?;
            if had_equal == Some(true) {
                tell(Unpacked::EqualNames(&files.name(&one.path)))?;
            }
            Ok(())
        })
    }
}

/// What of a record the plan must know.
fn seen(record: &Record<'_>, needs_content: bool) -> Seen {
    let text = record.text();
    let (text, crlf) = match text.strip_suffix('\r') {
        Some(text) => (text, true),
        None => (text, false),
    };
    let (compact, spaced) = match Raw::parse(text) {
        Ok(value) => {
            let compact = respaced(value, Spacing::Compact);
            let spaced = compact != text && respaced(value, Spacing::Spaced) == text;
            (compact, spaced)
        }
        // A record has been read from it, so this does not happen.
        Err(_) => (text.to_owned(), false),
    };
    Seen {
        line: Line {
            place: Place::of(record),
            kind: Some(record.kind()),
            tokens: Says::tokens(compact.as_bytes()),
            content: needs_content.then(|| Says::content(record)),
            spelling: Spelling { spaced, crlf },
        },
        is_respaced: !spaced && compact != text,
    }
}

/// What the plan must know of a line that is no record.
fn unreadable(line: &[u8]) -> Line {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let (line, crlf) = match line.strip_suffix(b"\r") {
        Some(line) => (line, true),
        None => (line, false),
    };
    Line {
        place: Place::unreadable(),
        kind: None,
        tokens: Says::tokens(line),
        content: None,
        spelling: Spelling {
            spaced: false,
            crlf,
        },
    }
}
