//! What would an import do to a space, in short? What people are shown before they say yes.

use std::collections::{BTreeMap, BTreeSet};

use super::super::model::{Outcome, Server};
use super::aims::{Aim, Terms, aims, is_replaced, needs_endpoint_list, numbered};
use super::inventory::{Inventory, What};
use super::told::Told;
use super::view::{View, indices};
use crate::error::Result;
use crate::json::Raw;
use crate::kibana::{Client, Space};
use crate::record::{Kind, Record};

/// What an import would do to a space, and what is worth knowing before.
#[derive(Debug, Default)]
pub struct Survey {
    /// What becomes of each line.
    pub aims: Vec<Aim>,
    /// How many records of each kind have each outcome.
    pub counts: BTreeMap<(Outcome, Kind), usize>,
    /// What the import does that nobody should be surprised by.
    pub warnings: Vec<String>,
    /// What could not be read, and what that means.
    pub gaps: Vec<String>,
    /// Lines whose key several objects of the space have already.
    pub doubles: Vec<u32>,
    /// The members in which rules that are overwritten differ.
    pub differing: Vec<(u32, Vec<Box<str>>)>,
}

impl Survey {
    /// Reads a space, and says what an import would do to it. Changes nothing.
    pub fn of(client: &Client, space: &Space, bundle: &Inventory, terms: Terms) -> Result<Self> {
        let view = View::read(client, space, bundle)?;
        Self::seen(bundle, &view, terms)
    }

    /// What an import would do to a space that was read.
    pub fn seen(bundle: &Inventory, view: &View, terms: Terms) -> Result<Self> {
        let aims = aims(bundle, view, terms);
        let mut counts = BTreeMap::new();
        let mut differing = Vec::new();
        for index in indices(bundle) {
            let aim = &aims[index as usize];
            if let Some(outcome) = aim.outcome() {
                *counts
                    .entry((outcome, bundle.entry(index).kind))
                    .or_default() += 1;
            }
            if matches!(aim, Aim::Overwrite | Aim::Conflict) && !view.differing(index).is_empty() {
                differing.push((index, view.differing(index).to_vec()));
            }
        }
        Ok(Self {
            warnings: warnings(bundle, view, &aims, terms)?,
            gaps: view.gaps.clone(),
            doubles: view.doubles().map(|(index, _)| index).collect(),
            counts,
            differing,
            aims,
        })
    }

    /// Whether an import would leave the space as it is, with every record there.
    pub fn changes_nothing(&self) -> bool {
        self.counts
            .keys()
            .all(|(outcome, _)| *outcome == Outcome::Unchanged)
    }

    /// What becomes of each line, as a report tells it.
    pub fn told(&self, bundle: &Inventory) -> Vec<Option<Told>> {
        let mut differing = self.differing.iter().peekable();
        let told = indices(bundle).map(|index| {
            let names = differing.next_if(|(line, _)| *line == index);
            let names = names.map_or(&[][..], |(_, names)| names.as_slice());
            let aim = &self.aims[index as usize];
            let sent = || aim.outcome().map(|it| Told::new(it, None, None));
            Told::unsent(bundle, index, aim, names).or_else(sent)
        });
        told.collect()
    }

    /// How many records are sent.
    pub fn sent(&self) -> usize {
        self.aims.iter().filter(|aim| aim.is_sent()).count()
    }
}

/// What an import does that nobody should be surprised by.
pub(super) fn warnings(
    bundle: &Inventory,
    view: &View,
    aims: &[Aim],
    terms: Terms,
) -> Result<Vec<String>> {
    let mut warnings = Vec::new();
    let replaced: Vec<u32> = numbered(bundle)
        .map(|(number, _)| number)
        .filter(|&number| is_replaced(bundle, view, number, terms))
        .collect();
    let removed: usize = replaced
        .iter()
        .filter_map(|&number| view.list(number))
        .map(|list| list.extra.len())
        .sum();
    if removed > 0 {
        warnings.push(format!(
            "overwriting lists removes {removed} of their items, which the bundle does not have"
        ));
    }
    let with_items = replaced
        .iter()
        .filter(|&&number| view.list(number).is_some_and(|list| list.items > 0))
        .count();
    if with_items > 0 && !terms.items_in_place && Server::new(bundle.target).deletes_items_first() {
        warnings.push(format!(
            "this Kibana deletes the items of a list that is overwritten before it makes them anew, so for a moment nothing excepts what {with_items} of the lists except; `--items-in-place` avoids that"
        ));
    }
    let connectors = |aim: &Aim| -> Vec<u32> {
        indices(bundle)
            .filter(|&index| aims[index as usize] == *aim)
            .filter(|&index| matches!(bundle.entry(index).what, What::Connector(..)))
            .collect()
    };
    let wiped = connectors(&Aim::Overwrite).len();
    if wiped > 0 {
        warnings.push(format!(
            "overwriting wipes the secrets of {wiped} connector{}, which cannot be used before somebody enters them again",
            if wiped == 1 { "" } else { "s" }
        ));
    }
    warnings.extend(kept_out(bundle, view, aims));
    let mut secretless = Vec::new();
    bundle.lines(&connectors(&Aim::Create), |_, line| {
        secretless.extend(name_if_secretless(line));
        Ok(())
    })?;
    if !secretless.is_empty() {
        warnings.push(format!(
            "the secrets of {} have to be given before they can be used",
            named("connector", &secretless)
        ));
    }
    if needs_endpoint_list(bundle, view, aims).is_some() {
        warnings.push("the endpoint exception list is not there yet, and is made first; rules that refer to it would lose it otherwise".into());
    }
    Ok(warnings)
}

/// Rules that may not be overwritten because of what they act through.
fn kept_out(bundle: &Inventory, view: &View, aims: &[Aim]) -> Option<String> {
    let mut names = BTreeSet::new();
    let mut rules = 0;
    for index in indices(bundle) {
        let What::Rule { connectors, .. } = bundle.entry(index).what else {
            continue;
        };
        if aims[index as usize] != Aim::Overwrite {
            continue;
        }
        let stored = connectors
            .iter()
            .filter_map(|&number| view.room.at(bundle.connector(number).as_str()));
        let lacking = stored.filter(|it| it.is_missing_secrets);
        let mut lacks = false;
        for connector in lacking {
            lacks = true;
            names.insert(connector.name.clone());
        }
        rules += u32::from(lacks);
    }
    let names: Vec<Box<str>> = names.into_iter().collect();
    (rules > 0).then(|| {
        format!(
            "Kibana may refuse to overwrite {rules} rule{} before somebody enters the secrets of {}",
            if rules == 1 { "" } else { "s" },
            named("connector", &names)
        )
    })
}

/// So many things with their names, as in ``2 connectors (`a`, `b`)``; of many the first ones.
fn named(what: &str, names: &[Box<str>]) -> String {
    const SHOWN: usize = 10;
    let plural = if names.len() == 1 { "" } else { "s" };
    let shown: Vec<&str> = names.iter().take(SHOWN).map(|name| &**name).collect();
    let more = if names.len() > SHOWN { ", …" } else { "" };
    format!(
        "{} {what}{plural} (`{}`{more})",
        names.len(),
        shown.join("`, `")
    )
}

/// The name of a connector that its line says has no secrets, by its id where it has none.
fn name_if_secretless(line: &[u8]) -> Option<Box<str>> {
    let record = Record::parse(std::str::from_utf8(line).ok()?, 0).ok()?;
    let attributes = record.get("attributes")?;
    if attributes.get("isMissingSecrets").and_then(Raw::as_bool) != Some(true) {
        return None;
    }
    let name = attributes.get("name").and_then(Raw::as_str);
    let name = name.or_else(|| record.str("id"))?;
    Some((&*name).into())
}
