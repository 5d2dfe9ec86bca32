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

/// Warns of what of a space is not in a snapshot that is partial.
pub(super) fn left_out(snapshot: &Snapshot, space: &str, global: &Global) {
    let stored = snapshot.manifest.space(space);
    let Some(stored) = stored.filter(|stored| stored.partial && !global.quiet) else {
        return;
    };
    if stored.files.is_empty() {
        return;
    }
    write_text(&format!(
        "warning: space `{space}` is partial in the snapshot {}; it lacks",
        snapshot.entry.id()
    ));
    for left in &stored.left_out {
        write_text(&format!("  {}: {}", left.what, left.why));
    }
    write_text(&format!("  ({})", snapshot.whole(space)));
}

/// Warns of a space of which the snapshot has nothing, where others are restored.
pub(super) fn failed(snapshot: &Snapshot, space: &str, why: &str) {
    let whole = snapshot.whole(space);
    write_text(&format!("warning: {why}; it is not restored; {whole}"));
}

/// Warns of spaces that are meant and that the snapshot before has, while this one does not.
pub(super) fn absent(
    snapshot: &Snapshot,
    connected: &Connected,
    from: Option<&str>,
    global: &Global,
) -> Result<()> {
    if global.quiet || from.is_some() || connected.spaces.one().is_some() {
        return Ok(());
    }
    let url = &snapshot.manifest.source.url;
    let Some(before) = snapshot.repository.before(&snapshot.entry, url)? else {
        return Ok(());
    };
    let names = before.spaces.iter().map(|space| &*space.space);
    let absent = names.filter(|name| snapshot.manifest.space(name).is_none());
    let absent: Vec<Space> = absent.filter_map(|name| name.parse().ok()).collect();
    for space in connected.spaces.among(Some(&absent)).unwrap_or_default() {
        let id = snapshot.entry.id();
        let whole = snapshot.whole(space.as_str());
        write_text(&format!(
            "warning: space `{space}` is not in the snapshot {id}, though in the one before; {whole}"
        ));
    }
    Ok(())
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

    /// As in "Send 62 records and 2 value lists to space soc of prod?".
    pub(super) fn question(&self, connected: &Connected) -> String {
        let mut things = vec![plural(self.records, "record")];
        things.extend(self.beside.iter().map(|(thing, many)| thing.count(*many)));
        let last = things.pop().unwrap_or_default();
        let things = match things.as_slice() {
            [] => last,
            things => format!("{} and {last}", things.join(", ")),
        };
        match self.spaces.as_slice() {
            [space] => format!("Send {things} to space {space} of {connected}?"),
            spaces => format!("Send {things} to {} spaces of {connected}?", spaces.len()),
        }
    }
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
    /// Whether all would.
    is_whole: bool,
}

impl<'g> Rehearsed<'g> {
    pub(super) fn new(format: Format, global: &'g Global) -> Self {
        Self {
            format,
            global,
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
            Format::Json => work::print(&format!("{}\n", as_json(piece, place, survey, carried))),
            Format::Text if self.global.quiet => Ok(()),
            Format::Text => work::print(&format!(
                "{records} of space {} would become in {place}:\n{}{}",
                piece.from,
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

fn as_json(piece: &Piece, place: &str, survey: &Survey, carried: &[Carried]) -> Value {
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
        "from_space": piece.from,
        "place": place,
        "would": counts,
        "sent": survey.sent(),
        "warnings": survey.warnings,
        "gaps": survey.gaps,
    })
}
