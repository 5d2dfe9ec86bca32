//! What of a bundle is in a space by now? Read over the wire, and compared with the bundle line by line.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::super::find;
use super::super::model::{Kept, differing};
use super::super::pages::Connector;
use super::inventory::{Inventory, What};
use super::room::Room;
use crate::error::Result;
use crate::kibana::{Client, Space};
use crate::record::{Kind, ListKey, Namespace, Record};

/// Whether a line is in the space.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    /// There is nothing of its key.
    Absent,
    /// It is there as the line says.
    Same,
    /// Its key is there, and says something else.
    Differs,
}

/// An exception list in the space that the bundle names.
#[derive(Debug, Clone)]
pub struct StoredList {
    /// Its object id.
    pub id: Box<str>,
    /// Its type.
    pub ty: Box<str>,
    /// How many items it has, where the bundle has a line of the list or of its items.
    pub items: u64,
    /// The `item_id`s that the bundle does not have.
    pub extra: Vec<Box<str>>,
}

/// A space, as far as a bundle is in it.
#[derive(Debug)]
pub struct View {
    /// Connectors, which all rules of the space share.
    pub room: Room,
    /// What stands in the way of knowing more.
    pub gaps: Vec<String>,
    seen: Vec<Seen>,
    differing: HashMap<u32, Vec<Box<str>>>,
    lists: HashMap<u32, StoredList>,
    /// Keys that several objects have, by line, and how many.
    doubles: BTreeMap<u32, usize>,
}

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
    /// A space of which nothing was read yet.
    pub fn empty(bundle: &Inventory) -> Self {
        Self {
            room: Room::default(),
            gaps: Vec::new(),
            seen: vec![Seen::Absent; bundle.entries().len()],
            differing: HashMap::new(),
            lists: HashMap::new(),
            doubles: BTreeMap::new(),
        }
    }

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

    /// Takes a stored rule, list or item into account, as a server tells of it.
    pub fn observe(&mut self, bundle: &Inventory, stored: &Record<'_>) -> Result<()> {
        match stored.kind() {
            Kind::Rule => {
                let id = stored.str("rule_id");
                match id.and_then(|id| bundle.find(Kind::Rule, None, &id)) {
                    Some(line) => self.compare(bundle, line, stored, false),
                    None => Ok(()),
                }
            }
            Kind::ExceptionList => self.list_found(bundle, stored),
            Kind::ExceptionItem => self.item(bundle, stored, &mut HashSet::new()),
            Kind::Connector | Kind::Details | Kind::Other => Ok(()),
        }
    }

    /// Takes it that the line is in the space from now on: what a plan supposes after each request.
    pub(in crate::ops) fn suppose(&mut self, bundle: &Inventory, index: u32, lacks_secrets: bool) {
        self.seen[index as usize] = Seen::Same;
        match &bundle.entry(index).what {
            What::List(number, ty) => {
                let new = || StoredList {
                    id: Box::default(),
                    ty: Box::default(),
                    items: 0,
                    extra: Vec::new(),
                };
                self.lists.entry(*number).or_insert_with(new).ty = ty.clone();
            }
            What::Connector(number, print) => {
                self.room
                    .suppose(bundle.connector(*number).as_str(), *print, lacks_secrets);
            }
            _ => {}
        }
    }

    /// Takes it that the space has a list of this number and type, without items.
    pub(in crate::ops) fn suppose_list(&mut self, number: u32, ty: &str) {
        let list = StoredList {
            id: Box::default(),
            ty: ty.into(),
            items: 0,
            extra: Vec::new(),
        };
        self.lists.insert(number, list);
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

    /// Whether the line at this index is in the space.
    pub fn seen(&self, index: u32) -> Seen {
        self.seen[index as usize]
    }

    /// In which members what is there is not as the line says.
    pub fn differing(&self, index: u32) -> &[Box<str>] {
        self.differing.get(&index).map_or(&[], Vec::as_slice)
    }

    /// The list of this number of the bundle, if it is there.
    pub fn list(&self, number: u32) -> Option<&StoredList> {
        self.lists.get(&number)
    }

    /// The lines whose key several objects have, and how many.
    pub fn doubles(&self) -> impl Iterator<Item = (u32, usize)> {
        self.doubles.iter().map(|(&index, &count)| (index, count))
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
            let What::Connector(_, print) = &bundle.entry(line).what else {
                continue;
            };
            let id = bundle.connector(number).as_str();
            self.seen[line as usize] = match self.room.at(id) {
                Some(stored) if stored.print == *print => Seen::Same,
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

    fn list_found(&mut self, bundle: &Inventory, list: &Record<'_>) -> Result<()> {
        let found = list.list_key().and_then(|key| bundle.list_number(&key));
        let Some(number) = found else { return Ok(()) };
        let stored = StoredList {
            id: list.str("id").unwrap_or_default().into(),
            ty: list.str("type").unwrap_or_default().into(),
            items: 0,
            extra: Vec::new(),
        };
        let is_second = self.lists.insert(number, stored).is_some();
        match bundle.list(number).line {
            Some(line) => self.compare(bundle, line, list, is_second),
            None => Ok(()),
        }
    }

    fn item(
        &mut self,
        bundle: &Inventory,
        item: &Record<'_>,
        there: &mut HashSet<u32>,
    ) -> Result<()> {
        let (Some(key), Some(id)) = (item.list_key(), item.str("item_id")) else {
            return Ok(());
        };
        let number = bundle.list_number(&key);
        let Some(list) = number.and_then(|number| self.lists.get_mut(&number)) else {
            return Ok(());
        };
        list.items += 1;
        match bundle.find(Kind::ExceptionItem, Some(&key), &id) {
            Some(line) => self.compare(bundle, line, item, !there.insert(line)),
            None => {
                list.extra.push(id.into());
                Ok(())
            }
        }
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
        let total = find::count(client, space, None)?;
        if wanted.len() <= FEW && total > 2 * wanted.len() as u64 {
            let ids: Vec<&str> = wanted
                .iter()
                .filter_map(|&index| bundle.entry(index).id.as_deref())
                .collect();
            return find::rules_of(client, space, &ids, &mut sink);
        }
        if total > 0 {
            find::rules(client, space, None, &mut sink)?;
        }
        Ok(())
    }

    /// Takes down whether a stored record is as the line says.
    fn compare(
        &mut self,
        bundle: &Inventory,
        index: u32,
        stored: &Record<'_>,
        is_second: bool,
    ) -> Result<()> {
        if is_second {
            *self.doubles.entry(index).or_insert(1) += 1;
        }
        let entry = bundle.entry(index);
        let mut names = Vec::new();
        if !entry.kept.is_met_by(&Kept::of(stored, bundle.target)) {
            bundle.lines(&[index], |_, line| {
                let line = std::str::from_utf8(line).ok();
                if let Some(Ok(line)) = line.map(|line| Record::parse(line, 0)) {
                    names = differing(stored, &line, bundle.target);
                }
                Ok(())
            })?;
        }
        if let What::Rule { connectors, .. } = &entry.what
            && !self.goes_through(stored, bundle, connectors)
            && !names.iter().any(|name| &**name == "actions")
        {
            names.push("actions".into());
        }
        self.seen[index as usize] = if names.is_empty() {
            Seen::Same
        } else {
            Seen::Differs
        };
        if names.is_empty() {
            self.differing.remove(&index);
        } else {
            self.differing.insert(index, names);
        }
        Ok(())
    }

    /// Whether the stored rule acts through the connectors that the line names, or through those that were made of them.
    fn goes_through(&self, rule: &Record<'_>, bundle: &Inventory, connectors: &[u32]) -> bool {
        let mut stored: Vec<Box<str>> = rule
            .actions()
            .filter_map(|action| action.connector().map(Into::into))
            .collect();
        connectors.iter().all(|&number| {
            let id = bundle.connector(number).as_str();
            let found = stored
                .iter()
                .position(|it| **it == *id || self.room.is_made_of(it, id));
            found.map(|at| stored.swap_remove(at)).is_some()
        })
    }

    fn forget(&mut self, bundle: &Inventory, is_meant: impl Fn(Kind) -> bool) {
        for index in indices(bundle) {
            let entry = bundle.entry(index);
            if is_meant(entry.kind) && !matches!(entry.what, What::Unfit(_)) {
                self.reset(index);
            }
        }
    }

    fn reset(&mut self, index: u32) {
        self.seen[index as usize] = Seen::Absent;
        self.differing.remove(&index);
        self.doubles.remove(&index);
    }
}

/// The indices of all lines.
pub(in crate::ops) fn indices(bundle: &Inventory) -> impl Iterator<Item = u32> + use<> {
    0..u32::try_from(bundle.entries().len()).unwrap_or(u32::MAX)
}

/// Whether the bundle has lines of lists that all spaces share.
pub(super) fn has_shared_lists(bundle: &Inventory) -> bool {
    bundle.lists().iter().any(|list| {
        list.key.namespace == Namespace::Agnostic && (list.line.is_some() || !list.items.is_empty())
    })
}
