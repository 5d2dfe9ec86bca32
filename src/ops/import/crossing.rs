//! How does a bundle get into one space? Lists and items, then what needs them, each part sent once and then looked after.
//!
//! - A part whose answer was lost is never simply sent again: the space is read until it stands still, and only what is absent
//!   then goes again.
//! - No rule is sent before every list and item that it needs has been seen in the space.
//! - What is reported of a line is what the space held when it was last read.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::super::model::Outcome;
use super::aims::{self, Aim, Terms, When, aims, needs_endpoint_list};
use super::inventory::{Inventory, What};
use super::journal::{Before, Log};
use super::pace::{Load, Pace};
use super::patience::LOOKS;
use super::schedule::{Batch, Situation};
use super::survey::warnings;
use super::told::Told;
use super::view::{Seen, View, has_shared_lists, indices};
use crate::error::{Error, Result};
use crate::kibana::{Client, Method, Request, Space};

/// How an import goes about its work.
#[derive(Debug, Clone, Copy)]
pub struct Manner {
    /// What it may do.
    pub terms: Terms,
    /// About how long one request may take.
    pub part_time: Duration,
    /// How long a space must stand still after a lost answer before what is absent is sent again.
    pub still: Duration,
    /// Whether the space is read at the end, and compared with the bundle.
    pub verify: bool,
}

/// What imports into several spaces of one cluster must not do at the same time.
#[derive(Debug, Default)]
pub struct Gates {
    /// Lists that all spaces share.
    shared_lists: Mutex<()>,
    /// Connectors, whose ids no two spaces can both have.
    connectors: Mutex<()>,
}

/// What an import into one space came to.
#[derive(Debug)]
pub struct Crossed {
    /// What became of each line, by its index; none for lines that are no records of their own.
    pub told: Vec<Option<Told>>,
    /// Lines whose key several objects of the space have, and how many.
    pub doubles: Vec<(u32, usize)>,
    /// What stood in the way of knowing more.
    pub gaps: Vec<String>,
    /// Why it ended early, if it did.
    pub error: Option<Error>,
    /// How many parts were sent.
    pub parts: u32,
}

/// An import into one space, on its way.
pub(super) struct Crossing<'c> {
    pub(super) client: &'c Client,
    pub(super) space: &'c Space,
    pub(super) bundle: &'c Inventory,
    pub(super) manner: Manner,
    pub(super) gates: &'c Gates,
    pub(super) log: &'c dyn Log,
    pub(super) view: View,
    pub(super) aims: Vec<Aim>,
    pub(super) told: Vec<Option<Told>>,
    pub(super) settled: Vec<bool>,
    pub(super) pace: Pace,
    pub(super) parts: u32,
    /// Attempts since something was last settled.
    pub(super) fails: u32,
    /// Lines that failed one after another, with nothing going well between.
    pub(super) lost_in_row: u32,
    /// The part whose answer is awaited.
    pub(super) doubtful: Vec<u32>,
}

/// Imports a bundle into a space; what an earlier run that was cut off knows of it comes in `before`.
pub fn cross(
    client: &Client,
    space: &Space,
    bundle: &Inventory,
    manner: Manner,
    gates: &Gates,
    (log, before): (&dyn Log, Option<Before>),
) -> Crossed {
    let lines = bundle.len();
    let mut crossing = Crossing {
        client,
        space,
        bundle,
        manner,
        gates,
        log,
        view: View::empty(bundle),
        aims: Vec::new(),
        told: vec![None; lines],
        settled: vec![false; lines],
        pace: Pace::new(
            bundle.target,
            bundle.is_exceptions_alone(),
            manner.part_time,
        ),
        parts: 0,
        fails: 0,
        lost_in_row: 0,
        doubtful: Vec::new(),
    };
    let error = crossing.run(before).err();
    crossing.finish(error)
}

impl Crossing<'_> {
    fn run(&mut self, before: Option<Before>) -> Result<()> {
        // A space that has not begun when the run is to end is left as it is.
        self.pause(Duration::ZERO)?;
        let gates = self.gates;
        let shared = has_shared_lists(self.bundle).then(|| {
            let gate = gates.shared_lists.lock();
            gate.unwrap_or_else(PoisonError::into_inner)
        });
        self.begin(before)?;
        self.exceptions()?;
        self.confirm()?;
        drop(shared);
        self.rules()?;
        if self.manner.verify {
            self.verify()?;
        }
        let doubles: Vec<(u32, usize)> = self.view.doubles().collect();
        self.log.done(self.space, &self.told, &doubles)
    }

    /// Reads the space, and settles what nothing is to be done about.
    fn begin(&mut self, before: Option<Before>) -> Result<()> {
        if let Some(before) = &before {
            self.parts = before.parts;
            if !before.doubtful.is_empty() {
                self.wait_until_still(&before.doubtful)?;
            }
        }
        self.view = self
            .patiently(|crossing| View::read(crossing.client, crossing.space, crossing.bundle))?;
        self.aims = aims(self.bundle, &self.view, self.manner.terms);
        if let Some(before) = before {
            self.remember(&before);
        }
        for warning in warnings(self.bundle, &self.view, &self.aims, self.manner.terms)? {
            self.log.warn(self.space, &warning);
        }
        self.log.aims(self.space, &self.aims)?;
        for index in indices(self.bundle) {
            self.settle_by_aim(index);
        }
        Ok(())
    }

    /// Takes over what an earlier run knew: what it settled, and what was there before it began.
    fn remember(&mut self, before: &Before) {
        for index in indices(self.bundle) {
            let at = index as usize;
            // What is there now and was not then was made by that run.
            let was_sent = before.aims.get(at).filter(|aim| aim.is_sent());
            if let Some(aim) = was_sent
                && self.aims[at] == Aim::Unchanged
            {
                let part = before.part_of(index);
                self.told[at] = aim.outcome().map(|it| Told::new(it, None, part));
                self.settled[at] = true;
            }
            // What failed is tried again.
            let is_final = |told: &&Told| {
                told.outcome.is_there()
                    || matches!(told.outcome, Outcome::Conflict | Outcome::Refused)
            };
            if let Some(told) = before.told.get(&index).filter(is_final) {
                self.told[at] = Some(told.clone());
                self.settled[at] = true;
            }
        }
    }

    /// Settles a line that is not sent.
    pub(super) fn settle_by_aim(&mut self, index: u32) {
        let at = index as usize;
        if self.settled[at] || self.aims[at].is_sent() {
            return;
        }
        self.settled[at] = true;
        let differing = self.view.differing(index);
        self.told[at] = Told::unsent(self.bundle, index, &self.aims[at], differing);
    }

    pub(super) fn situation(&self) -> Situation<'_> {
        Situation {
            bundle: self.bundle,
            view: &self.view,
            aims: &self.aims,
            settled: &self.settled,
            terms: self.manner.terms,
            pace: &self.pace,
        }
    }

    fn exceptions(&mut self) -> Result<()> {
        if needs_endpoint_list(self.bundle, &self.view, &self.aims).is_some() {
            let request = Request::new(Method::Post, "/api/endpoint_list")
                .in_space(self.space)
                .replayed();
            self.patiently(|crossing| crossing.client.send(&request).map(drop))?;
            self.read_exceptions()?;
            self.aims = aims(self.bundle, &self.view, self.manner.terms);
            for index in indices(self.bundle) {
                self.settle_by_aim(index);
            }
        }
        while let Some(batch) = self.situation().exceptions() {
            match batch {
                Batch::Upload { .. } => self.upload(batch, Load::Exceptions)?,
                Batch::InPlace(list) => self.in_place(list)?,
            }
        }
        Ok(())
    }

    /// Looks whether all lists and items are there, and holds back the rules that would miss one.
    fn confirm(&mut self) -> Result<()> {
        let is_exception = |what: &What| matches!(what, What::List(..) | What::Item(_));
        for again in 0..=LOOKS {
            self.read_exceptions()?;
            let is_late = |index: u32| {
                let told = self.told[index as usize].as_ref();
                is_exception(&self.bundle.entry(index).what)
                    && told.is_some_and(|told| told.outcome.is_there())
                    && self.view.seen(index) != Seen::Same
            };
            if again == LOOKS || !indices(self.bundle).any(is_late) {
                break;
            }
            self.pause(self.pause_time(again))?;
        }
        self.hold_back();
        Ok(())
    }

    pub(super) fn hold_back(&mut self) {
        let terms = self.manner.terms;
        aims::hold(self.bundle, &self.view, &mut self.aims, terms, When::After);
        for index in indices(self.bundle) {
            self.settle_by_aim(index);
        }
    }

    fn rules(&mut self) -> Result<()> {
        let gates = self.gates;
        let mut has_looked = false;
        loop {
            let Some(batch) = self.situation().rules() else {
                if has_looked || self.situation().stranded().is_empty() {
                    break;
                }
                // Connectors wait for a rule that is there, and some are there by now.
                has_looked = true;
                self.read_rules(None)?;
                continue;
            };
            let brings = matches!(&batch, Batch::Upload { records, .. } if records
                .iter()
                .any(|&index| matches!(self.bundle.entry(index).what, What::Connector(..))));
            let gate = brings.then(|| {
                let gate = gates.connectors.lock();
                gate.unwrap_or_else(PoisonError::into_inner)
            });
            self.upload(batch, Load::Rules)?;
            if brings {
                self.read_connectors()?;
            }
            drop(gate);
        }
        for index in self.situation().stranded() {
            let why = "no rule that is sent acts through it, and Kibana before 8.19 and 9.1 imports only connectors that rules of the request need";
            self.tell(index, Told::new(Outcome::Refused, None, None).saying(why));
        }
        Ok(())
    }

    /// Takes down what became of a line, for good.
    pub(super) fn tell(&mut self, index: u32, told: Told) {
        if !matches!(self.bundle.entry(index).what, What::Rule { .. }) && !told.outcome.is_there() {
            // Rules that wait for it must not count on it.
            self.aims[index as usize] = if told.outcome == Outcome::Conflict {
                Aim::Conflict
            } else {
                Aim::Refused(told.message.clone().unwrap_or_default())
            };
        }
        self.told[index as usize] = Some(told);
        self.settled[index as usize] = true;
    }

    fn finish(mut self, error: Option<Error>) -> Crossed {
        if let Some(error) = &error {
            let why = error.to_string();
            for index in indices(self.bundle) {
                let at = index as usize;
                if self.settled[at] || matches!(self.aims.get(at), Some(Aim::None)) {
                    continue;
                }
                if matches!(self.bundle.entry(index).what, What::Details) {
                    continue;
                }
                let told = if self.doubtful.contains(&index) {
                    let told = Told::new(Outcome::Unknown, None, Some(self.parts));
                    told.saying(format!(
                        "it was sent, and whether it arrived is not known: {why}"
                    ))
                } else {
                    Told::new(Outcome::Failed, None, None).saying(format!("not sent: {why}"))
                };
                self.told[at] = Some(told);
            }
        }
        Crossed {
            told: self.told,
            doubles: self.view.doubles().collect(),
            gaps: self.view.gaps,
            error,
            parts: self.parts,
        }
    }
}
