//! The spaces one after another, a few at a time: each bundle is made when its turn comes, and gone when it is done.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use ruleferry::error::Result;
use ruleferry::kibana::Space;
use ruleferry::ops::import::several;
use ruleferry::pipeline::Reading;
use serde_json::json;

use super::Migrate;
use super::ended::folded;
use super::endpoint::{Endpoint, heading};
use super::keys::Keys;
use super::lacking::Lacking;
use super::prune::{Planned, Pruned, Pruning};
use super::side::Side;
use super::stock::{Origin, Stock};
use super::told::Beside;
use super::way::{Made, Way};
use crate::cli::carried::{self, Carried, Doing};
use crate::cli::exit::Exit;
use crate::cli::import::job::{self, Done, Job};
use crate::cli::import::ledger::Ledger;
use crate::cli::import::report::{Report, Tally, summary};
use crate::cli::import::text;
use crate::cli::notes::{Notes, write_text};
use crate::cli::out::Out;
use crate::cli::progress::Progress;
use crate::cli::{Format, Global};

/// How many spaces at once, unless `-j` says it.
const AT_ONCE: usize = 4;

/// A migration, ready to begin.
pub(super) struct Run<'r> {
    pub(super) verb: &'r Migrate,
    pub(super) global: &'r Global,
    pub(super) origin: &'r Origin,
    pub(super) stock: &'r Stock,
    pub(super) sides: &'r [Side],
    pub(super) way: &'r Way,
    pub(super) keys: &'r Keys,
    pub(super) endpoint: &'r Endpoint,
    pub(super) pruning: Option<Pruning<'r>>,
    pub(super) reading: Reading,
}

/// What was brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cargo {
    /// What is for one space.
    Space,
    /// The list that all spaces share.
    EndpointList,
}

/// A space that is done, or the list that all spaces share.
pub(super) struct Arrived {
    pub(super) cargo: Cargo,
    pub(super) made: Made,
    pub(super) there: Vec<Option<bool>>,
    pub(super) carried: Vec<Carried>,
    pub(super) secrets: Lacking,
    pub(super) done: Done,
    pub(super) pruned: Option<Pruned>,
}

/// What is known of all spaces so far.
pub(super) struct Whole {
    pub(super) out: Out,
    tallies: Vec<Tally>,
    pub(super) exits: Vec<Exit>,
    /// How many spaces did not get all because of an error, or were not begun.
    pub(super) failed: usize,
    /// Whether no space is left that a run could go on with.
    pub(super) is_over: bool,
    left_out: u64,
    lacking: usize,
    pruned: BTreeMap<&'static str, u64>,
    beside: carried::Count,
    notes: Notes,
}

impl Run<'_> {
    pub(super) fn at_once(&self) -> usize {
        match self.global.jobs {
            0 => AT_ONCE,
            jobs => jobs,
        }
    }

    pub(super) fn made(&self, side: &Side, space: &Space) -> Result<Made> {
        let place = (side, space);
        self.way
            .bundle(self.origin, self.stock, place, &self.reading)
    }

    pub(super) fn job<'j>(&self, side: &'j Side, space: &'j Space, made: &'j Made) -> Job<'j> {
        Job {
            connected: &side.connected,
            spaces: std::slice::from_ref(space),
            bundle: &made.bundle,
            manner: self.verb.how.manner(),
            jobs: 1,
            warns: self.verb.yes && !self.global.quiet,
        }
    }

    /// The name of a target, where there are several Kibanas.
    pub(super) fn target<'s>(&self, side: &'s Side) -> Option<&'s str> {
        (self.sides.len() > 1).then_some(&*side.connected.name)
    }

    /// What is to go from a space, if anything is ever to go.
    pub(super) fn planned(
        &self,
        side: &Side,
        space: &Space,
        made: &Made,
    ) -> Result<Option<Planned>> {
        let planned = |pruning: &Pruning<'_>| pruning.plan(side, space, made);
        self.pruning.as_ref().map(planned).transpose()
    }

    pub(super) fn beside<'b>(
        &'b self,
        made: &'b Made,
        there: &'b [Option<bool>],
        here: Option<&'b [Option<bool>]>,
    ) -> Beside<'b> {
        Beside {
            made,
            there,
            carries: &self.verb.carries,
            here,
        }
    }

    /// Does it; says how the run ends, and whether nothing is left to go on with.
    pub(super) fn done(
        &self,
        ledgers: &[Ledger],
        endpoint: &[Option<Ledger>],
    ) -> Result<(Exit, bool)> {
        let mut whole = Whole {
            out: Out::create(self.verb.report.as_deref())?,
            tallies: Vec::new(),
            exits: Vec::new(),
            failed: 0,
            is_over: true,
            left_out: 0,
            lacking: 0,
            pruned: BTreeMap::new(),
            beside: carried::Count::default(),
            notes: Notes::new(Format::Text, true, self.global),
        };
        for (side, (ledger, endpoint)) in self.sides.iter().zip(ledgers.iter().zip(endpoint)) {
            if !self.global.interrupt.is_asked() {
                let arrived = self.endpoint_crossed(side, endpoint.as_ref());
                match arrived.transpose() {
                    Some(Ok(arrived)) => self.take(&mut whole, side, arrived)?,
                    Some(Err(error)) => self.failed(&mut whole, (side, None), error),
                    None => {}
                }
            }
            for some in side.spaces.chunks(self.at_once()) {
                if self.global.interrupt.is_asked() {
                    self.not_begun(&mut whole, side, some);
                    continue;
                }
                let arrived = several(some, some.len(), |space| self.cross(side, space, ledger));
                for (space, arrived) in some.iter().zip(arrived) {
                    match arrived {
                        Ok(arrived) => self.take(&mut whole, side, arrived)?,
                        Err(error) => self.failed(&mut whole, (side, Some(space)), error),
                    }
                }
            }
        }
        Ok(self.finish(whole, &ledgers[0]))
    }

    /// Brings a space what it is to get.
    fn cross(&self, side: &Side, space: &Space, ledger: &Ledger) -> Result<Arrived> {
        let made = self.made(side, space)?;
        let client = &side.connected.client;
        let planned = self.planned(side, space, &made)?;
        let is_done = ledger.before(space).is_some_and(|before| before.is_done);
        let may_add = self.verb.how.manner().terms.overwrite.exceptions;
        let doing = Doing::Bring { may_add, ledger };
        // Of a space whose records are done, what goes first may not be; what is there is not sent again.
        let place = (client, space);
        let mut carried = (self.verb.carries).carry(self.origin, place, &made.beyond, doing);
        let place = self.place(side, space);
        let (secrets, done) = if let Some(error) = self.unmet(&mut carried).filter(|_| !is_done) {
            (Lacking::default(), Done::unsent(space, &made.bundle, error))
        } else {
            let secrets = self.keys.before(place, &made.bundle)?;
            let job = self.job(side, space, &made);
            let progress = Progress::parts(self.global.progress, made.bundle.len() as u64);
            let done = job.cross_into(space, &side.gates, ledger, &progress);
            drop(progress);
            (self.keys.after(place, &made.bundle, secrets)?, done)
        };
        let pruned = self.pruning.as_ref().zip(planned).map(|(it, planned)| {
            let is_interrupted = self.global.interrupt.is_asked();
            it.run((side, space), planned, &done, is_interrupted)
        });
        // What is not carried is a note; that it cannot be looked for ends nothing.
        let there = made.beyond.there(client, space);
        let there = there.unwrap_or_else(|_| vec![None; made.beyond.things().count()]);
        Ok(Arrived {
            cargo: Cargo::Space,
            made,
            there,
            carried,
            secrets,
            done,
            pruned,
        })
    }

    /// Tells of a space that is done.
    fn take(&self, whole: &mut Whole, side: &Side, arrived: Arrived) -> Result<()> {
        let Arrived {
            cargo,
            made,
            there,
            carried,
            secrets,
            done,
            pruned,
        } = arrived;
        let space = done.space.clone();
        let mut done = [done];
        let job = self.job(side, &space, &made);
        if self.verb.how.remove_duplicates {
            // Who cannot be asked about this space is no reason to leave out others.
            if let Err(error) = job.remove_duplicates(&mut done, self.verb.yes) {
                done[0].crossed.error.get_or_insert(error);
            }
        }
        let beside = self.beside(&made, &there, None);
        let mut exit = job::exit(&done);
        let is_part = beside.lacking() > 0 || made.left_out() > 0 || !secrets.is_whole();
        if exit == Exit::Done && (is_part || carried.iter().any(|it| !it.is_there())) {
            exit = Exit::Part;
        }
        if let Some(pruned) = &pruned {
            exit = match (exit, pruned.exit) {
                (Exit::Done, other) | (_, other @ (Exit::Denied | Exit::Interrupted)) => other,
                (exit, _) => exit,
            };
            whole.is_over &= pruned.exit != Exit::Interrupted;
            for (state, count) in pruned.counts() {
                *whole.pruned.entry(state).or_default() += count;
            }
        }
        let target = self.target(side);
        let report = Report {
            job: &job,
            done: &done,
            exit,
            target,
            is_dry: false,
        };
        let mut lines = String::new();
        for it in &carried {
            _ = writeln!(lines, "{}", it.json(&space, target));
        }
        lines += &report.space(&done[0]);
        lines.extend(pruned.iter().map(|it| it.json(&space, target)));
        if let Some(error) = &done[0].crossed.error {
            let place = (cargo == Cargo::Space).then_some(&space);
            lines += &self.failure((side, place), &error.to_string());
            whole.failed += usize::from(cargo == Cargo::Space);
        }
        if cargo == Cargo::Space {
            lines += &self.way.joined.json(side, &space, target);
        }
        lines += &secrets.json(&space, target);
        lines += &beside.json(&space, target);
        whole.out.report(&lines);
        match self.verb.format {
            Format::Json => whole.out.print(&lines),
            Format::Text if self.global.quiet => {}
            Format::Text => {
                let mut text = match cargo {
                    Cargo::Space => String::new(),
                    Cargo::EndpointList => heading(side),
                };
                text += &text::done(&report, self.global.verbose);
                text.extend(carried.iter().map(Carried::text));
                text.extend(pruned.iter().map(|it| it.text(self.global.verbose)));
                text += &secrets.text();
                whole.out.print(&(text + &beside.text(self.global.verbose)));
            }
        }
        for (location, note) in &made.notes {
            whole.notes.take(location, note)?;
        }
        whole.lacking += beside.lacking() + secrets.count();
        whole.left_out += made.left_out();
        let name = match cargo {
            Cargo::Space => side.name(&space),
            Cargo::EndpointList => format!("{} endpoint list", side.connected),
        };
        whole.tallies.push(Tally::of(&done[0], name));
        whole.beside.add(&carried);
        whole.is_over &= done[0].crossed.error.is_none();
        whole.is_over &= !carried.iter().any(Carried::may_go_on);
        whole.exits.push(exit);
        job::fatal(done.into(), exit, self.global);
        Ok(())
    }

    fn finish(&self, mut whole: Whole, ledger: &Ledger) -> (Exit, bool) {
        let missed = ledger.get("missed").as_array().cloned().unwrap_or_default();
        if !missed.is_empty() {
            whole.exits.push(Exit::Part);
        }
        let exit = folded(&whole.exits);
        let mut last = summary(&whole.tallies, exit);
        last["spaces"] = self
            .sides
            .iter()
            .map(|it| it.spaces.len())
            .sum::<usize>()
            .into();
        last["failed_spaces"] = whole.failed.into();
        last["left_out"] = whole.left_out.into();
        last["beside"] = whole.beside.json();
        last["lacking"] = whole.lacking.into();
        last["not_exported"] = json!(missed);
        if self.pruning.is_some() {
            last["pruned"] = json!(whole.pruned);
        }
        let last = format!("{last}\n");
        whole.out.report(&last);
        match self.verb.format {
            Format::Json => whole.out.print(&last),
            Format::Text if self.global.quiet => {}
            Format::Text => {
                if whole.tallies.len() > 1 {
                    whole.out.print(&text::table(&whole.tallies));
                }
                // Who was asked has seen them.
                if self.verb.yes {
                    whole.notes.tell();
                }
                if !missed.is_empty() {
                    let (count, name) = (missed.len(), self.origin.name());
                    write_text(&format!(
                        "warning: {count} things could not be had from {name}"
                    ));
                }
            }
        }
        let exit = whole.out.close(exit, self.global.errors);
        (exit, whole.is_over)
    }
}
