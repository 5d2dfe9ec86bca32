//! What of a bundle is in a space by now? Read over the wire, and compared with the bundle line by line.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::super::model::{Kept, differing};
use super::inventory::{Inventory, What};
use super::room::Room;
use crate::error::Result;
use crate::record::{Kind, Namespace, Record};

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
    /// The object ids of the items that the bundle does not have.
    pub extra: Vec<Box<str>>,
}

/// A space, as far as a bundle is in it.
#[derive(Debug)]
pub struct View {
    /// Connectors, which all rules of the space share.
    pub room: Room,
    /// What stands in the way of knowing more.
    pub gaps: Vec<String>,
    pub(super) seen: Vec<Seen>,
    differing: HashMap<u32, Vec<Box<str>>>,
    pub(super) lists: HashMap<u32, StoredList>,
    /// Keys that several objects have, by line, and how many.
    doubles: BTreeMap<u32, usize>,
}

impl View {
    /// A space of which nothing was read yet.
    pub fn empty(bundle: &Inventory) -> Self {
        Self {
            room: Room::default(),
            gaps: Vec::new(),
            seen: vec![Seen::Absent; bundle.len()],
            differing: HashMap::new(),
            lists: HashMap::new(),
            doubles: BTreeMap::new(),
        }
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
        match bundle.entry(index).what {
            What::List(number, ty) => {
                let new = || StoredList {
                    id: Box::default(),
                    ty: Box::default(),
                    items: 0,
                    extra: Vec::new(),
                };
                self.lists.entry(number).or_insert_with(new).ty = ty.into();
            }
            What::Connector(number, print) => {
                self.room
                    .suppose(bundle.connector(number).as_str(), print, lacks_secrets);
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

    pub(super) fn list_found(&mut self, bundle: &Inventory, list: &Record<'_>) -> Result<()> {
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

    pub(super) fn item(
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
                let object = item.str("id").unwrap_or_default();
                list.extra.push(object.into());
                Ok(())
            }
        }
    }

    /// Takes down whether a stored record is as the line says.
    pub(super) fn compare(
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

    pub(super) fn forget(&mut self, bundle: &Inventory, is_meant: impl Fn(Kind) -> bool) {
        for index in indices(bundle) {
            let entry = bundle.entry(index);
            if is_meant(entry.kind) && !matches!(entry.what, What::Unfit(_)) {
                self.reset(index);
            }
        }
    }

    pub(super) fn reset(&mut self, index: u32) {
        self.seen[index as usize] = Seen::Absent;
        self.differing.remove(&index);
        self.doubles.remove(&index);
    }
}

/// The indices of all lines.
pub(in crate::ops) fn indices(bundle: &Inventory) -> impl Iterator<Item = u32> + use<> {
    0..u32::try_from(bundle.len()).unwrap_or(u32::MAX)
}

/// Whether the bundle has lines of lists that all spaces share.
pub(super) fn has_shared_lists(bundle: &Inventory) -> bool {
    bundle.lists().iter().any(|list| {
        list.key.namespace == Namespace::Agnostic && (list.line.is_some() || !list.items.is_empty())
    })
}
