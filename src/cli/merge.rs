//! `merge`: one bundle of many, no record twice.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use clap::Args;
use ruleferry::bundle::merge::{Meeting, Merge as Merged, Prefer, Taking};
use ruleferry::error::{Error, ErrorKind, Location};
use ruleferry::pipeline::OnError;
use ruleferry::record::{Counts, Kind};
use ruleferry::stream::{AtomicFile, Codec, Durable};
use serde_json::{Value, json};

use super::exit::Exit;
use super::input::{AnyInput, Opened, ended};
use super::notes::{by_kind, counts, records};
use super::output;
use super::progress::Progress;
use super::told::Told;
use super::work::{check_paths, check_rejects, reject, threads};
use super::{Format, Global, render};

const NOTES: &str = "\
Records are one by the ids that survive an export and an import: `rule_id`; `list_id` and namespace; `item_id`, list and \
namespace; a saved object's type and `id`. Where they say the same, the first is taken, byte for byte; spelling, order of keys and \
what a Kibana makes by itself (`id`, dates, `revision`, `rule_source`, …) do not count, as in `ruleferry diff`. Where they differ, \
each conflict is named and nothing is written, unless `--prefer` settles it. The same holds for a record that is twice in one FILE.

`--prefer newer` takes the later `updated_at`; where one has none or they are equal, the higher `version`, then `revision`. What \
that does not tell apart stays a conflict.

Lists and items are records of their own: an item that only one FILE has stays, whichever list is taken, so what was deleted \
on one side comes back from the other.

The result looks like an export: rules, each list with its items, connectors, other saved objects, other records, each in the \
order in which they first come, and one new details line. The details lines of the FILEs are left out.

Example: ruleferry merge team-a.ndjson team-b.ndjson --prefer newer -o all.ndjson";

/// How many conflicts are named unless more is asked for.
const NAMED: usize = 10;

/// The verb.
#[derive(Debug, Args)]
#[command(after_help = NOTES)]
pub(crate) struct Merge {
    #[command(flatten)]
    input: AnyInput,
    /// Which of several records of one id is taken where they differ.
    #[arg(long, value_name = "WHICH", help_heading = "Conflicts")]
    prefer: Option<Prefer>,
    /// Writes here instead of standard output; FILE appears when it is complete. `.zst` and `.gz` compress.
    #[arg(
        short = 'o',
        long = "output",
        value_name = "FILE",
        help_heading = "Output"
    )]
    file: Option<PathBuf>,
    /// Compresses the output: `zstd[:LEVEL]`, `gzip[:LEVEL]` or `none`.
    #[arg(long, value_name = "HOW", help_heading = "Output")]
    compress: Option<Codec>,
    /// What becomes of a line that cannot be read; `keep` puts it before the details line.
    #[arg(
        long,
        value_name = "WHAT",
        default_value = "stop",
        hide_default_value = true,
        help_heading = "Output"
    )]
    on_error: OnError,
    /// Collects the lines that could not be read, byte for byte.
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    rejects: Option<PathBuf>,
    /// How the report is written: to stderr, or as JSON lines, one an id, to standard output where that is free.
    #[arg(
        long,
        value_name = "FORMAT",
        default_value = "text",
        hide_default_value = true,
        help_heading = "Output"
    )]
    format: Format,
}

impl Merge {
    /// Runs the verb.
    pub(crate) fn run(&self, global: &Global) -> anyhow::Result<Exit> {
        let beside = [("--rejects", self.rejects.as_deref())];
        check_paths(&beside, self.input.files(), self.file.as_deref())?;
        check_rejects(self.rejects.as_deref(), self.on_error)?;
        let consumed = Arc::new(AtomicU64::new(0));
        let reading = global.reading(&consumed);
        let threads = threads(&reading);
        let Opened {
            sources,
            size,
            is_whole,
        } = self.input.open(None, global)?;
        let progress = Progress::start(global.progress, size, consumed);
        let mut rejects = self
            .rejects
            .as_deref()
            .map(AtomicFile::create)
            .transpose()?;
        let mut merged = Merged::read(
            reading,
            sources,
            self.on_error,
            self.prefer,
            |error, line| {
                render::warning(&error, global.errors);
                rejects.as_mut().map_or(Ok(()), |to| reject(to, line))
            },
        )?;
        let mut told = Told::new(self.format, self.file.is_none(), global);
        if merged.tally().conflicts > 0 {
            drop(progress);
            return Err(self.refuse(&mut merged, &told, global)?.into());
        }
        let mut sink = output::open(self.file.as_deref(), self.compress, threads)?;
        let written = merged
            .write(&mut sink)
            .map_err(|error| sink.blamed(error))?;
        sink.finish()?;
        rejects.map_or(Ok(()), |rejects| rejects.commit(Durable::No))?;
        drop(progress);
        self.tell(&mut merged, &mut told, global)?;
        let exit = if merged.refused() > 0 {
            Exit::Part
        } else {
            ended(Exit::Done, is_whole)
        };
        told.json(|| summary(&merged, Some(written), exit))?;
        told.finish(&sentences(&merged, written));
        Ok(exit)
    }

    /// Names the conflicts, and gives the error that ends the run.
    fn refuse(&self, merged: &mut Merged, told: &Told, global: &Global) -> Result<Error, Error> {
        let is_text = self.format == Format::Text;
        let count = merged.tally().conflicts;
        let most = if is_text && !global.verbose {
            NAMED
        } else {
            usize::MAX
        };
        merged.each(Taking::Conflict, most, |meeting| {
            if is_text {
                let message = differs(&meeting, 1);
                let error = match meeting.places.first() {
                    Some(first) => Error::refused(message).at(first.clone()),
                    None => Error::refused(message),
                };
                render::warning(&error, global.errors);
            }
            told.json(|| as_json(&meeting))
        })?;
        let unnamed = usize::try_from(count)
            .unwrap_or(usize::MAX)
            .saturating_sub(most);
        if unnamed > 0 {
            let more = format!("{unnamed} more conflicts; `-v` names each");
            render::warning(&Error::refused(more), global.errors);
        }
        told.json(|| summary(merged, None, Exit::Failed))?;
        Ok(ErrorKind::Conflicts { count }.into())
    }

    /// Tells what was left out, and what was taken in its place.
    fn tell(&self, merged: &mut Merged, told: &mut Told, global: &Global) -> Result<(), Error> {
        if global.verbose || self.format == Format::Json {
            merged.each(Taking::Same, usize::MAX, |meeting| {
                told.note(
                    "ids that are there more than once and say the same: {n} (the first is taken)",
                    || same(&meeting),
                );
                told.json(|| as_json(&meeting))
            })?;
        }
        merged.each(Taking::Settled, usize::MAX, |meeting| {
            told.note("conflicts that `--prefer` settled: {n}", || {
                settled(&meeting)
            });
            if meeting.items_from_elsewhere > 0 {
                told.note(
                    "lists that `--prefer` took from one FILE, with items from others: {n}",
                    || {
                        format!(
                            "{}: {} of its items from elsewhere",
                            meeting.label, meeting.items_from_elsewhere
                        )
                    },
                );
            }
            told.json(|| as_json(&meeting))
        })?;
        for (what, location) in &merged.closings().foreign {
            told.note(
                "details lines that close no export of rules, left out: {n}",
                || format!("{} closes {what}", place(location)),
            );
            told.json(|| {
                json!({"schema_version": 1, "note": "foreign-details", "file": location.file, "line": location.line})
            })?;
        }
        let missed = merged.closings().missed;
        if missed > 0 {
            told.say(format!(
                "the details lines name {} that their exports missed; the new one names none",
                records(missed)
            ));
        }
        Ok(())
    }
}

fn place(location: &Location) -> String {
    format!("{}:{}", location.file, location.line)
}

/// As in "rule `a` differs from b.ndjson:7 in `tags`, `query`"; `from` is the first place to name.
fn differs(meeting: &Meeting, from: usize) -> String {
    let others: Vec<String> = meeting.places.iter().skip(from).map(place).collect();
    format!(
        "{} differs from {} in {}",
        meeting.label,
        others.join(", "),
        fields(meeting)
    )
}

fn fields(meeting: &Meeting) -> String {
    let fields: Vec<String> = meeting
        .fields
        .iter()
        .map(|field| format!("`{field}`"))
        .collect();
    fields.join(", ")
}

/// As in "rule `a`: a.ndjson:3, again b.ndjson:7".
fn same(meeting: &Meeting) -> String {
    let places: Vec<String> = meeting.places.iter().map(place).collect();
    format!("{}: {}", meeting.label, places.join(", again "))
}

/// As in "rule `a`: b.ndjson:7 is taken, not a.ndjson:3 (`tags`, `query`)".
fn settled(meeting: &Meeting) -> String {
    let is_taken = |at: &usize| meeting.taken == Some(*at);
    let taken = meeting.taken.map(|at| place(&meeting.places[at]));
    let others: Vec<String> = (0..meeting.places.len())
        .filter(|at| !is_taken(at))
        .map(|at| place(&meeting.places[at]))
        .collect();
    format!(
        "{}: {} is taken, not {} ({})",
        meeting.label,
        taken.unwrap_or_default(),
        others.join(", "),
        fields(meeting)
    )
}

fn as_json(meeting: &Meeting) -> Value {
    let place = |location: &Location| json!({"file": location.file, "line": location.line});
    json!({
        "schema_version": 1,
        "outcome": match meeting.taking {
            Taking::Same => "duplicate",
            Taking::Settled => "settled",
            Taking::Conflict => "conflict",
        },
        "kind": meeting.kind.name(),
        "id": meeting.id,
        "fields": meeting.fields,
        "places": meeting.places.iter().map(place).collect::<Vec<_>>(),
        "taken": meeting.taken.map(|at| place(&meeting.places[at])),
        "items_from_elsewhere": meeting.items_from_elsewhere,
    })
}

fn summary(merged: &Merged, written: Option<Counts>, exit: Exit) -> Value {
    let files = merged.files().iter();
    let files =
        files.map(|file| json!({"file": file.name, "read": file.read, "taken": file.taken}));
    let tally = merged.tally();
    json!({
        "schema_version": 1,
        "summary": {
            "files": files.collect::<Vec<_>>(),
            "written": written.map(|written| counts(closed(written))),
            "duplicates": tally.duplicates,
            "settled": tally.settled,
            "conflicts": tally.conflicts,
            "refused": merged.refused(),
        },
        "exit": exit.code(),
    })
}

/// The counts with the details line.
fn closed(mut written: Counts) -> Counts {
    written[Kind::Details] += 1;
    written
}

/// A line for each file, and one for the whole.
fn sentences(merged: &Merged, written: Counts) -> String {
    let mut text = String::new();
    for file in merged.files() {
        text += &format!("{}: {} of {}\n", file.name, file.taken, records(file.read));
    }
    let tally = merged.tally();
    let written = closed(written);
    text += &format!(
        "{} written{}; duplicates left out: {}, conflicts settled: {}",
        records(written.total()),
        by_kind(written),
        tally.duplicates,
        tally.settled
    );
    if merged.refused() > 0 {
        text += &format!(", lines that cannot be read: {}", merged.refused());
    }
    text
}
