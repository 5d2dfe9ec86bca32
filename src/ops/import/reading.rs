//! How is it read what a space has of a bundle? As few requests as will do.

use std::collections::HashSet;

use super::super::find;
use super::super::pages::Connector;
use super::inventory::{Inventory, What};
use super::room::Room;
use super::view::{Seen, View, indices};
use crate::error::Result;
use crate::kibana::{Client, Space};
use crate::record::{Kind, ListKey, Record};

/// Hears of all that is read, for whoever wants to know more of it than the view does.
pub trait Witness {
    /// A connector of the space, and the id that it was made from.
    fn connector(&mut self, connector: &Connector, origin: Option<&str>);
    /// An exception list.
    fn list(&mut self, list: &Record<'_>);
    /// An exception item of a list that the bundle has lines of.
    fn item(&mut self, item: &Record<'_>);
    /// A rule that the bundle has a line of.
    fn rule(&mut self, rule: &Record<'_>);
}

/// Nobody.
struct Nobody;

impl Witness for Nobody {
    fn connector(&mut self, _: &Connector, _: Option<&str>) {}
    fn list(&mut self, _: &Record<'_>) {}
    fn item(&mut self, _: &Record<'_>) {}
    fn rule(&mut self, _: &Record<'_>) {}
}

/// So many rules are looked for by `rule_id`; of more, the whole space is read.
const FEW: usize = 600;

impl View {
    /// Reads all of a space that the bundle names. Changes nothing there.
    pub fn read(client: &Client, space: &Space, bundle: &Inventory) -> Result<Self> {
        Self::read_with(client, space, bundle, &mut Nobody)
    }

    /// Reads all of a space that the bundle names, and lets somebody hear of it.
    pub fn read_with(
        client: &Client,
        space: &Space,
        bundle: &Inventory,
        witness: &mut dyn Witness,
    ) -> Result<Self> {
        let mut view = Self::empty(bundle);
        view.connectors(client, space, bundle, witness)?;
        view.exceptions(client, space, bundle, witness)?;
        view.rules(client, space, bundle, None, witness)?;
        Ok(view)
    }

    /// Reads the lists and items alone.
    pub(super) fn exceptions_of(
        client: &Client,
        space: &Space,
        bundle: &Inventory,
    ) -> Result<Self> {
        let mut view = Self::empty(bundle);
        view.read_exceptions(client, space, bundle)?;
        Ok(view)
    }

    /// Reads the connectors again.
    pub fn read_connectors(
        &mut self,
        client: &Client,
        space: &Space,
        bundle: &Inventory,
    ) -> Result<()> {
        self.connectors(client, space, bundle, &mut Nobody)
    }

    fn connectors(
        &mut self,
        client: &Client,
        space: &Space,
        bundle: &Inventory,
        witness: &mut dyn Witness,
    ) -> Result<()> {
        if bundle.connectors().is_empty() {
            return Ok(());
        }
        self.room = Room::read(client, space, &mut self.gaps, witness)?;
        for number in 0..bundle.connectors().len() {
            let number = u32::try_from(number).unwrap_or(u32::MAX);
            let Some(line) = bundle.connector_line(number) else {
                continue;
            };
            let What::Connector(_, print) = bundle.entry(line).what else {
                continue;
            };
            let id = bundle.connector(number).as_str();
            self.seen[line as usize] = match self.room.at(id) {
                Some(stored) if stored.print == print => Seen::Same,
                Some(_) => Seen::Differs,
                None if self.room.is_builtin(id) => Seen::Same,
                None => Seen::Absent,
            };
        }
        Ok(())
    }

    /// Reads the lists that the bundle names, and the items of those that it has lines for, again.
    pub fn read_exceptions(
        &mut self,
        client: &Client,
        space: &Space,
        bundle: &Inventory,
    ) -> Result<()> {
        self.exceptions(client, space, bundle, &mut Nobody)
    }

    fn exceptions(
        &mut self,
        client: &Client,
        space: &Space,
        bundle: &Inventory,
        witness: &mut dyn Witness,
    ) -> Result<()> {
        self.forget(bundle, |kind| {
            matches!(kind, Kind::ExceptionList | Kind::ExceptionItem)
        });
        self.lists.clear();
        if bundle.lists().is_empty() {
            return Ok(());
        }
        find::lists(client, space, &mut |text| {
            let Ok(list) = Record::parse(text, 0) else {
                return Ok(());
            };
            witness.list(&list);
            self.list_found(bundle, &list)
        })?;
        let mut keys: Vec<(u32, Box<str>)> = self
            .lists
            .iter()
            .filter(|(number, _)| {
                let listed = bundle.list(**number);
                listed.line.is_some() || !listed.items.is_empty()
            })
            .map(|(number, list)| (*number, list.id.clone()))
            .collect();
        keys.sort_unstable();
        let asked: Vec<(&ListKey, &str)> = keys
            .iter()
            .map(|(number, id)| (&bundle.list(*number).key, &**id))
            .collect();
        let mut there = HashSet::new();
        find::items_of(client, space, &asked, &mut |text| {
            let Ok(item) = Record::parse(text, 0) else {
                return Ok(());
            };
            witness.item(&item);
            self.item(bundle, &item, &mut there)
        })
    }

    /// Reads these rules again, or all of the bundle.
    pub fn read_rules(
        &mut self,
        client: &Client,
        space: &Space,
        bundle: &Inventory,
        only: Option<&[u32]>,
    ) -> Result<()> {
        self.rules(client, space, bundle, only, &mut Nobody)
    }

    fn rules(
        &mut self,
        client: &Client,
        space: &Space,
        bundle: &Inventory,
        only: Option<&[u32]>,
        witness: &mut dyn Witness,
    ) -> Result<()> {
        let is_rule = |index: &u32| matches!(bundle.entry(*index).what, What::Rule { .. });
        let wanted: Vec<u32> = match only {
            Some(only) => only.iter().copied().filter(is_rule).collect(),
            None => indices(bundle).filter(is_rule).collect(),
        };
        for &index in &wanted {
            self.reset(index);
        }
        if wanted.is_empty() {
            return Ok(());
        }
        let mut there = HashSet::new();
        let mut sink = |text: &str| {
            let Ok(rule) = Record::parse(text, 0) else {
                return Ok(());
            };
            let line = rule
                .str("rule_id")
                .and_then(|id| bundle.find(Kind::Rule, None, &id));
            match line {
                Some(line) => {
                    witness.rule(&rule);
                    self.compare(bundle, line, &rule, !there.insert(line))
                }
                None => Ok(()),
            }
        };
        if wanted.len() <= FEW && find::count(client, space, None)? > 2 * wanted.len() as u64 {
            let ids: Vec<&str> = wanted
                .iter()
                .filter_map(|&index| bundle.entry(index).id)
                .collect();
            return find::rules_of(client, space, &ids, &mut sink);
        }
        find::rules(client, space, None, &mut sink).map(drop)
    }
}
