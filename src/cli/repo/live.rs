//! How do live spaces differ from what a snapshot has of them? Counts by kind; `diff` names each record.

use std::io::{BufWriter, Write};

use ruleferry::bundle::{Comparison, Fields, Lens, Outcome, Tally, Terms};
use ruleferry::error::{Error, ErrorKind, Result};
use ruleferry::kibana::{Retry, Space};
use ruleferry::ops::backup::{self, Beside};
use ruleferry::record::{Kind, Kinds, Record};
use ruleferry::repo::{Choice, Repository, StoredSpace};
use ruleferry::schema;
use ruleferry::stream::{Source, Spool};
use serde_json::{Map, Value, json};

use super::super::connection::{Connected, Connection, Target};
use super::super::exit::Exit;
use super::super::notes::write_text;
use super::super::{Format, Global, render, work};

/// What may have become of a record since the snapshot.
const SORTS: [(Outcome, &str); 3] = [
    (Outcome::Added, "added"),
    (Outcome::Removed, "removed"),
    (Outcome::Changed, "changed"),
];
/// What is compared: all but the lines that close an export.
const COMPARED: Kinds = Kinds::of(&[
    Kind::Rule,
    Kind::ExceptionList,
    Kind::ExceptionItem,
    Kind::Connector,
    Kind::Other,
]);

/// Compares the spaces that are meant of a snapshot with what is live now.
pub(super) fn compare(
    repository: &Repository,
    choice: &Choice,
    target: &Target,
    format: Format,
    global: &Global,
) -> Result<Exit> {
    let connected = Connection::default().connect_to(target, Retry::default(), global)?;
    let source = connected.client.url();
    let (entry, manifest) = repository.choose(choice, None, Some(source))?;
    let id = entry.id();
    let held: Vec<Space> = manifest
        .spaces
        .iter()
        .filter_map(|space| space.space.parse().ok())
        .collect();
    let meant = connected.spaces.among(Some(&held)).map_err(|_| {
        let held: Vec<String> = held.iter().map(|space| format!("`{space}`")).collect();
        let held = held.join(", ");
        Error::usage(format!(
            "not all of `{target}` is in the snapshot {id}, which has {held}"
        ))
    })?;
    if !global.quiet {
        let (began, url) = (entry.began, &manifest.source.url);
        write_text(&format!(
            "compared with the snapshot {id} (begun {began}, of {url})"
        ));
    }
    let now = (&connected, connected.version()?);
    let mut exit = Exit::Done;
    let mut failed = Vec::new();
    let mut is_compared = false;
    for space in meant {
        let Some(stored) = manifest.space(space.as_str()) else {
            continue;
        };
        if stored.files.is_empty() {
            let why = stored.left_out.first().map_or("", |left| &left.why);
            write_text(&format!(
                "warning: the snapshot {id} has nothing of space `{space}`: {why}"
            ));
            exit = worse(exit, Exit::Part);
            continue;
        }
        match one((repository, stored), now, &space, global) {
            Ok((tally, beside, ended)) => {
                is_compared = true;
                exit = worse(exit, ended);
                let line = match format {
                    Format::Text => text(&space, tally, &beside),
                    Format::Json => as_json(&space, &id, tally, &beside).to_string(),
                };
                work::print(&format!("{line}\n"))?;
            }
            Err(error) if is_of_space(&error) => {
                let place = format!("space `{space}`");
                failed.push(error.in_file(&place));
                exit = worse(exit, Exit::Part);
            }
            Err(error) => return Err(error),
        }
    }
    let mut failed = failed.into_iter();
    let last = if is_compared { None } else { failed.next() };
    for error in failed {
        render::warning(&error, global.errors);
    }
    last.map_or(Ok(exit), Err)
}

/// Which of two ends is told: a difference rather than that something could not be read.
fn worse(one: Exit, other: Exit) -> Exit {
    match (one, other) {
        (Exit::Findings, _) | (_, Exit::Done) => one,
        _ => other,
    }
}

/// Whether an error is one of the live space, and says nothing of the others.
fn is_of_space(error: &Error) -> bool {
    !matches!(
        error.kind(),
        ErrorKind::Interrupted | ErrorKind::Damaged { .. } | ErrorKind::Io { .. }
    )
}

/// What of a space differs, and how the run would end with it alone.
fn one(
    at: (&Repository, &StoredSpace),
    (connected, version): (&Connected, schema::Target),
    space: &Space,
    global: &Global,
) -> Result<(Tally, Beside, Exit)> {
    let (tally, is_whole) = tally(at, (connected, space, version), global)?;
    let beside = Beside::compare(at, (&connected.client, space))?;
    let exit = if tally.has_differences() || beside.has_differences() {
        Exit::Findings
    } else if is_whole && !beside.is_part {
        Exit::Done
    } else {
        Exit::Part
    };
    Ok((tally, beside, exit))
}

/// What differs, and whether all of the live space could be had.
fn tally(
    (repository, stored): (&Repository, &StoredSpace),
    (connected, space, version): (&Connected, &Space, schema::Target),
    global: &Global,
) -> Result<(Tally, bool)> {
    let mut out = BufWriter::with_capacity(1 << 18, Spool::new()?);
    let keeping = |source| Error::io("writing a temporary file", source);
    let is_whole = backup::read(&connected.client, space, version, &mut out)?;
    out.flush().map_err(keeping)?;
    let mut spool = out
        .into_inner()
        .map_err(|error| keeping(error.into_error()))?;
    let live = Source::decoded(format!("{connected}/{space}"), spool.reader()?);
    let old = Source::decoded(&*stored.space, repository.read_records(stored));
    let mut reading = global.reading(&std::sync::Arc::default());
    // `-j` is about requests here.
    reading.jobs = 0;
    let terms = Terms {
        lens: Lens::new(Fields::Owned, std::iter::empty())?,
        kinds: COMPARED,
        chosen: |_: &Record<'_>| true,
    };
    let comparison = Comparison::read(reading, vec![old], vec![live], terms, |_| Ok(()))?;
    Ok((comparison.tally(), is_whole))
}

/// As in "space `soc`: 2 rules changed, 1 exception item added since".
fn text(space: &Space, tally: Tally, beside: &Beside) -> String {
    let mut parts = Vec::new();
    for kind in Kind::ALL {
        for (outcome, name) in SORTS {
            parts.extend(part(tally.of(kind, outcome), &kind.to_string(), name));
        }
    }
    for (thing, counts) in beside.counts() {
        for ((_, name), many) in SORTS.iter().zip(counts) {
            parts.extend(part(many, &thing.replace('-', " "), name));
        }
    }
    match parts.as_slice() {
        [] => format!("space `{space}`: as in the snapshot"),
        parts => format!("space `{space}`: {} since", parts.join(", ")),
    }
}

fn part(many: u64, what: &str, name: &str) -> Option<String> {
    let plural = if many == 1 { "" } else { "s" };
    (many > 0).then(|| format!("{many} {what}{plural} {name}"))
}

fn as_json(space: &Space, snapshot: &str, tally: Tally, beside: &Beside) -> Value {
    let mut differences = Map::new();
    let records = Kind::ALL.map(|kind| {
        let counts = SORTS.map(|(outcome, _)| tally.of(kind, outcome));
        (kind.name(), counts)
    });
    for (name, counts) in records.into_iter().chain(beside.counts()) {
        if counts.iter().any(|many| *many > 0) {
            let counts = SORTS.iter().zip(counts);
            let counts = counts.map(|((_, name), many)| ((*name).to_owned(), Value::from(many)));
            differences.insert(name.into(), counts.collect());
        }
    }
    json!({
        "schema_version": 1,
        "space": space.as_str(),
        "snapshot": snapshot,
        "differences": differences,
    })
}
