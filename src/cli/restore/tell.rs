//! What `restore` tells: what would come back, and what did.

use std::collections::BTreeMap;

use ruleferry::error::Result;
use ruleferry::kibana::Space;
use ruleferry::ops::import::{Aim, Survey};
use ruleferry::ops::model::Outcome;
use serde_json::{Map, Value, json};

use super::{Piece, Snapshot};
use crate::cli::carried::{self, Carried, Thing};
use crate::cli::connection::Connected;
use crate::cli::exit::Exit;
use crate::cli::import::text;
use crate::cli::notes::write_text;
use crate::cli::plan::count as plural;
use crate::cli::{Format, Global, work};

/// Warns of what of a space is not in a snapshot that is partial; says whether it is.
pub(super) fn left_out(snapshot: &Snapshot, space: &str) -> bool {
    let stored = snapshot.manifest.space(space);
    let Some(stored) = stored.filter(|_| snapshot.is_partial(space)) else {
        return false;
    };
    write_text(&format!(
        "warning: space `{space}` is partial in the snapshot {}; it lacks",
        snapshot.entry.id()
    ));
    for left in stored.lacks() {
        write_text(&format!("  {}: {}", left.what, left.why));
    }
    write_text(&format!("  ({})", snapshot.whole(space)));
    true
}

/// Warns of a space of which the snapshot has nothing, where others are restored; says whether it is one.
pub(super) fn failed(snapshot: &Snapshot, space: &str, is_whole: &mut bool) -> bool {
    let Some(why) = snapshot.failure(space) else {
        return false;
    };
    let whole = snapshot.whole(space);
    write_text(&format!("warning: {why}; it is not restored; {whole}"));
    *is_whole = false;
    true
}

/// Warns of a space that is meant and that the snapshot does not have.
pub(super) fn absent(snapshot: &Snapshot, space: &Space) {
    let id = snapshot.entry.id();
    let whole = snapshot.whole(space.as_str());
    write_text(&format!(
        "warning: space `{space}` is not in the snapshot {id}, so it is not restored; {whole}"
    ));
}

/// Tells of a space that goes into others than that of its name.
pub(super) fn elsewhere(from: &str, to: &[Space]) {
    let others: Vec<String> = to
        .iter()
        .filter(|to| to.as_str() != from)
        .map(|to| format!("`{to}`"))
        .collect();
    if !others.is_empty() {
        let others = others.join(", ");
        write_text(&format!(
            "note: space `{from}` of the snapshot goes into {others}"
        ));
    }
}

/// Warns of a space of the snapshot that is meant and cannot be restored.
pub(super) fn unmet(space: &Space, connected: &Connected) {
    write_text(&format!(
        "warning: `{connected}` has no space `{space}`, so what the snapshot has of it is not restored; make the space first"
    ));
}

/// What the user is asked about, in numbers.
#[derive(Default)]
pub(super) struct Asked {
    spaces: Vec<Space>,
    records: usize,
    beside: BTreeMap<Thing, usize>,
}

impl Asked {
    /// Counts what would be sent to a space.
    pub(super) fn add(&mut self, space: &Space, survey: &Survey, carried: &[Carried]) {
        self.spaces.push(space.clone());
        self.records += survey.sent();
        let is_sent = |it: &&Carried| matches!(it.outcome, Outcome::Created | Outcome::Overwritten);
        for it in carried.iter().filter(is_sent) {
            *self.beside.entry(it.thing).or_default() += 1;
        }
    }

    /// As in "Send 62 records and 2 value lists of the snapshot ba7816bf8f01 (begun …, of https://…) to space soc of prod?".
    pub(super) fn question(&self, connected: &Connected, snapshot: &Snapshot) -> String {
        let mut things = vec![plural(self.records, "record")];
        things.extend(self.beside.iter().map(|(thing, many)| thing.count(*many)));
        let last = things.pop().unwrap_or_default();
        let things = match things.as_slice() {
            [] => last,
            things => format!("{} and {last}", things.join(", ")),
        };
        let spaces = match self.spaces.as_slice() {
            [space] => format!("space {space}"),
            spaces => format!("{} spaces", spaces.len()),
        };
        format!(
            "Send {things} of the {} to {spaces} of {connected}?",
            called(snapshot)
        )
    }
}

/// A snapshot, when it was begun, and what it is of.
fn called(snapshot: &Snapshot) -> String {
    format!(
        "snapshot {} (begun {}, of {})",
        snapshot.entry.id(),
        snapshot.entry.began,
        snapshot.manifest.source.url
    )
}

/// How a run ends whose spaces ended so.
pub(super) fn ended(exits: &[Exit], is_whole: bool) -> Exit {
    for worst in [Exit::Interrupted, Exit::Denied] {
        if exits.contains(&worst) {
            return worst;
        }
    }
    let is_all = |wanted: Exit| exits.iter().all(|exit| *exit == wanted);
    if is_all(Exit::Done) && is_whole {
        Exit::Done
    } else if is_all(Exit::Failed) {
        Exit::Failed
    } else {
        Exit::Part
    }
}

/// Tells what would come back.
pub(super) struct Rehearsed<'g> {
    format: Format,
    global: &'g Global,
    snapshot: &'g Snapshot,
    /// Whether all would.
    is_whole: bool,
}

impl<'g> Rehearsed<'g> {
    pub(super) fn new(format: Format, global: &'g Global, snapshot: &'g Snapshot) -> Self {
        Self {
            format,
            global,
            snapshot,
            is_whole: true,
        }
    }

    /// Tells what would become of a space of the snapshot in this place.
    pub(super) fn take(
        &mut self,
        piece: &Piece,
        place: &str,
        survey: &Survey,
        carried: &[Carried],
    ) -> Result<()> {
        let is_lost =
            |aim: &&Aim| matches!(aim, Aim::Refused(_) | Aim::HeldBack(_) | Aim::Conflict);
        let lost = survey.aims.iter().filter(is_lost).count();
        self.is_whole &= lost == 0 && carried.iter().all(Carried::is_there);
        let records = survey.aims.iter().filter(|aim| **aim != Aim::None);
        let records = plural(records.count(), "record");
        match self.format {
            Format::Json => work::print(&format!(
                "{}\n",
                as_json((self.snapshot, piece), place, survey, carried)
            )),
            Format::Text if self.global.quiet => Ok(()),
            Format::Text => work::print(&format!(
                "{records} of space {} of the {} would become in {place}:\n{}{}",
                piece.from,
                called(self.snapshot),
                text::of_survey(&piece.bundle, survey, self.global.verbose),
                carried::text(carried, self.global.verbose)
            )),
        }
    }

    /// How the rehearsal ends.
    pub(super) fn exit(&self, is_whole: bool) -> Exit {
        if self.is_whole && is_whole {
            Exit::Done
        } else {
            Exit::Part
        }
    }
}

fn as_json(
    (snapshot, piece): (&Snapshot, &Piece),
    place: &str,
    survey: &Survey,
    carried: &[Carried],
) -> Value {
    let mut counts: Map<String, Value> = Map::new();
    let mut add = |outcome: Outcome, name: &str, count: usize| {
        let of = counts
            .entry(outcome.name().to_owned())
            .or_insert_with(|| json!({}));
        let before = of[name].as_u64().unwrap_or_default();
        of[name] = (before + count as u64).into();
    };
    for ((outcome, kind), count) in &survey.counts {
        add(*outcome, kind.name(), *count);
    }
    for it in carried {
        add(it.outcome, it.thing.name(), 1);
    }
    json!({
        "schema_version": 1,
        "snapshot": snapshot.entry.id(),
        "began": snapshot.entry.began,
        "source": snapshot.manifest.source.url,
        "from_space": piece.from,
        "partial": snapshot.is_partial(&piece.from),
        "place": place,
        "would": counts,
        "sent": survey.sent(),
        "warnings": survey.warnings,
        "gaps": survey.gaps,
    })
}
