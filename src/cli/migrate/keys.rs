//! Do connectors of a space have their secrets? Gives them those that are supplied, and names the ones that still lack theirs.
//!
//! Connectors that are there go first, since Kibana overwrites no rule that acts through one without secrets; what the import makes
//! or wipes goes after it. One that has its secrets keeps them. The same may be done again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use ruleferry::error::{Error, ErrorKind, Result, nearest};
use ruleferry::kibana::Space;
use ruleferry::ops::connectors;
use ruleferry::ops::import::Inventory;
use ruleferry::ops::secrets::{Held, Secrets, give, held};
use ruleferry::record::ConnectorId;

use super::connectors::Joined;
use super::known::Known;
use super::lacking::{Lacking, Named};
use super::run::Run;
use super::side::Side;
use super::way::Made;
use crate::cli::connection::Target;
use crate::cli::secrets::{Supplied, Supply, warn_unknown};

/// The secrets of a run, and what its connectors are called.
pub(super) struct Keys {
    supply: Supply,
    supplied: OnceLock<Supplied>,
    known: Known,
    /// What of the supply is for a connector that the run meets.
    met: BTreeSet<Box<str>>,
}

/// A space, and who takes whose place in it.
#[derive(Clone, Copy)]
pub(super) struct Place<'p> {
    pub(super) side: &'p Side,
    pub(super) space: &'p Space,
    pub(super) joined: &'p Joined,
}

fn is_denied(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Status { status: 403, .. })
}

/// Secrets for a connector; or why it gets none though some are meant for it.
type Share<'s> = Result<&'s Secrets, String>;

impl Keys {
    /// Looks which of the supply is for connectors that the run meets, and warns of what is for none.
    pub(super) fn new(
        supply: Supply,
        known: Known,
        joined: &Joined,
        sides: &[Side],
    ) -> Result<Self> {
        let fits = |target: &Target| sides.iter().any(|side| side.is_meant_by(target));
        let supply = supply.only(&fits);
        let mut called: BTreeSet<Box<str>> = known.0.keys().cloned().collect();
        called.extend(known.0.values().filter_map(|it| it.name.clone()));
        let mut seen = called.clone();
        let is_open = |seen: &BTreeSet<Box<str>>| {
            let mut names = supply.names().into_iter();
            names.any(|name| !seen.contains(name))
        };
        for side in sides {
            for space in &side.spaces {
                let pairs = joined.pairs(side, space).iter();
                seen.extend(
                    pairs
                        .flat_map(|it| [Some(it.new.clone()), it.names[1].clone()])
                        .flatten(),
                );
                if is_open(&seen) {
                    // What the space calls the connectors that rules act through may be another name still.
                    let there = match connectors(&side.connected.client, space) {
                        Err(error) if is_denied(&error) => continue,
                        there => there?,
                    };
                    let met = there.into_iter().filter(|it| seen.contains(&it.id));
                    let met: Vec<Box<str>> = met.map(|it| it.name).collect();
                    seen.extend(met);
                }
            }
        }
        let mut met = BTreeSet::new();
        for name in supply.names() {
            if seen.contains(name) {
                met.insert(name.into());
            } else {
                warn_unknown(name, nearest(name, called.iter().map(|it| &**it)));
            }
        }
        Ok(Self {
            supply,
            supplied: OnceLock::new(),
            known,
            met,
        })
    }

    /// Reads the secrets of the connectors that the run meets.
    pub(super) fn read(&self) -> Result<()> {
        let supplied = self.supply.read(|name| self.met.contains(name))?;
        // It is read once.
        _ = self.supplied.set(supplied);
        Ok(())
    }

    fn supplied(&self) -> Option<&Supplied> {
        self.supplied.get().filter(|it| !it.is_empty())
    }

    /// What a connector of the space goes by, and what the ones go by whose place it takes: first ids, then names.
    fn names<'n>(&'n self, place: Place<'n>, ids: &[&'n str]) -> [Vec<&'n str>; 2] {
        let mut all = ids.to_vec();
        let pairs = place.joined.pairs(place.side, place.space).iter();
        all.extend(
            pairs
                .filter(|it| ids.contains(&&*it.new))
                .map(|it| &*it.old),
        );
        let names = all
            .iter()
            .filter_map(|id| self.known.0.get(*id)?.name.as_deref());
        let names = names.collect();
        [all, names]
    }

    /// The connectors of a bundle that secrets are supplied for, as people call them.
    pub(super) fn planned(&self, place: Place<'_>, bundle: &Inventory) -> Vec<String> {
        let ids = bundle.connectors().iter().map(ConnectorId::as_str);
        ids.filter(|id| {
            let names = self.names(place, &[id]).concat();
            self.supply.has(&place.side.connected, place.space, &names)
        })
        .map(|id| {
            let mut pairs = place.joined.pairs(place.side, place.space).iter();
            let new = pairs
                .find(|it| *it.new == *id)
                .and_then(|it| it.names[1].as_deref());
            new.map_or_else(
                || self.known.label(id),
                |name| format!("connector `{name}` (id `{id}`)"),
            )
        })
        .collect()
    }

    /// Gives connectors that are there the secrets that they lack.
    pub(super) fn before(&self, place: Place<'_>, bundle: &Inventory) -> Result<Lacking> {
        let mut lacking = Lacking::default();
        if self.supplied().is_some()
            && let Err(error) = self.give(place, bundle, &mut lacking)
            // What cannot be done now is tried again at the end.
            && matches!(error.kind(), ErrorKind::Interrupted)
        {
            return Err(error);
        }
        lacking.forget_failures();
        Ok(lacking)
    }

    /// Gives connectors the secrets that they lack, and looks which still lack some.
    pub(super) fn after(
        &self,
        place: Place<'_>,
        bundle: &Inventory,
        mut lacking: Lacking,
    ) -> Result<Lacking> {
        match self.give(place, bundle, &mut lacking) {
            Ok(()) => {}
            Err(error) if matches!(error.kind(), ErrorKind::Interrupted) => return Err(error),
            Err(error) => lacking.unknown(error.to_string(), self.supplied().is_some()),
        }
        Ok(lacking)
    }

    fn give(&self, place: Place<'_>, bundle: &Inventory, lacking: &mut Lacking) -> Result<()> {
        let client = &place.side.connected.client;
        let there = held(client, place.space, bundle)?;
        let shares = self.shares(place, &there);
        let mut why: BTreeMap<&str, String> = BTreeMap::new();
        let mut given = Vec::new();
        let without = there
            .iter()
            .zip(shares)
            .filter(|(it, _)| it.connector.is_missing_secrets);
        for (held, share) in without {
            let connector = &held.connector;
            let error = match share {
                None => continue,
                Some(Err(problem)) => problem,
                Some(Ok(secrets)) => match give(client, place.space, connector, secrets) {
                    Ok(()) => {
                        given.push(held);
                        continue;
                    }
                    Err(error) if matches!(error.kind(), ErrorKind::Interrupted) => {
                        return Err(error);
                    }
                    Err(error) => error.to_string(),
                },
            };
            why.insert(&connector.id, error);
        }
        let again = if given.is_empty() {
            Vec::new()
        } else {
            connectors(client, place.space)?
        };
        for held in given {
            let id = &held.connector.id;
            if again
                .iter()
                .any(|it| it.id == *id && !it.is_missing_secrets)
            {
                lacking.given(Named::of(held));
            } else {
                let problem = "they were taken, and the connector still lacks some";
                why.insert(id, problem.to_owned());
            }
        }
        for held in &there {
            let is_given = lacking.has_given(&held.connector.id);
            if held.connector.is_missing_secrets && !is_given && held.users.is_some() {
                let why = why.get(&*held.connector.id).cloned();
                lacking.lacks(Named::of(held), why);
            }
        }
        Ok(())
    }

    /// The secrets of each of these connectors. A name that several go by is none's.
    fn shares(&self, place: Place<'_>, there: &[Held]) -> Vec<Option<Share<'_>>> {
        let Some(supplied) = self.supplied() else {
            return there.iter().map(|_| None).collect();
        };
        let called: Vec<[Vec<&str>; 2]> = there
            .iter()
            .map(|held| {
                let own: &str = &held.connector.id;
                let mut ids = vec![own];
                if held.named != held.connector.id {
                    ids.push(&held.named);
                }
                let [ids, mut names] = self.names(place, &ids);
                names.insert(0, &held.connector.name);
                [ids, names]
            })
            .collect();
        let of = |names: &[&str]| supplied.of(&place.side.connected, place.space, names);
        let is_id = |name: &str| called.iter().any(|[ids, _]| ids.contains(&name));
        let shares = called.iter().zip(there).map(|([ids, names], held)| {
            let names = names.iter().filter(|name| !is_id(name));
            let (name, secrets) = of(&ids.iter().chain(names).copied().collect::<Vec<_>>())?;
            let several = called.iter().filter(|[_, names]| names.contains(&name));
            if !ids.contains(&name) && several.count() > 1 {
                return Some(Err(format!(
                    "several connectors are called `{name}`, so the secrets must be for an id"
                )));
            }
            if *held.connector.name != *name && self.is_other(place, held) {
                return Some(Err(format!(
                    "another connector has this id, and the secrets are for the source's; `{}` is what this one is called",
                    held.connector.name
                )));
            }
            Some(Ok(secrets))
        });
        shares.collect()
    }

    /// Whether a connector of the space has no more than the id of one of the source: it does not take its place, and has another
    /// name or type. What the import makes or overwrites has the same.
    fn is_other(&self, place: Place<'_>, held: &Held) -> bool {
        let there = &held.connector;
        let mut pairs = place.joined.pairs(place.side, place.space).iter();
        if pairs.any(|it| it.new == there.id || it.new == held.named) {
            return false;
        }
        let theirs = self.known.0.get(&held.named);
        let theirs = theirs.or_else(|| self.known.0.get(&there.id));
        theirs.is_some_and(|it| {
            let is_another = |theirs: &Option<Box<str>>, own: &str| {
                theirs.as_deref().is_some_and(|theirs| theirs != own)
            };
            is_another(&it.name, &there.name) || is_another(&it.ty, &there.connector_type_id)
        })
    }
}

impl Run<'_> {
    pub(super) fn place<'p>(&'p self, side: &'p Side, space: &'p Space) -> Place<'p> {
        Place {
            side,
            space,
            joined: &self.way.joined,
        }
    }

    /// The connectors whose secrets are supplied.
    pub(super) fn keyed(&self, side: &Side, space: &Space, made: &Made) -> String {
        let planned = self.keys.planned(self.place(side, space), &made.bundle);
        let lines = planned
            .iter()
            .map(|it| format!("  {it} is given its secrets if it lacks them\n"));
        lines.collect()
    }
}
