//! Which records must never be parted, how much do they take, and which of them need which others?

use std::collections::HashMap;

use super::facts::{About, Facts, Print};
use super::{By, Group, Limits, Needed, Plan, plan};
use crate::error::{Error, Result};
use crate::record::{ConnectorId, Counts, Kind, ListKey};

/// No unit, part or group.
pub(super) const NONE: u32 = u32::MAX;

/// Takes down facts about the records of a bundle, and plans the parts.
///
/// Takes about a hundred bytes a record, whatever the lines hold.
///
/// ```
/// use ruleferry::bundle::split::{Facts, Limits, Planner};
/// use ruleferry::record::Record;
///
/// let lines = [r#"{"rule_id":"a","exceptions_list":[{"list_id":"l"}]}"#, r#"{"rule_id":"b"}"#, r#"{"list_id":"l"}"#];
/// let limits = Limits { rules: 1, ..Limits::default() };
/// let mut planner = Planner::new(limits, None);
/// for line in lines {
///     planner.add(line.len(), Facts::of(&Record::parse(line, 0)?, None))?;
/// }
/// let plan = planner.plan();
/// let parts: Vec<&[usize]> = plan.parts.iter().map(|part| &*part.records).collect();
/// assert_eq!(parts, [&[0, 2][..], &[1]]);
/// # Ok::<(), ruleferry::error::Error>(())
/// ```
#[derive(Debug)]
pub struct Planner {
    limits: Limits,
    by: Option<By>,
    units: Units,
    rules: HashMap<Print, u32>,
    lists: HashMap<ListKey, u32>,
    items: HashMap<Print, u32>,
    connectors: HashMap<ConnectorId, u32>,
    saved_objects: HashMap<Print, u32>,
    groups: HashMap<Option<Box<str>>, u32>,
}

/// The records of a bundle, with those together that must not be parted.
#[derive(Debug, Default)]
pub(super) struct Units {
    /// The unit of each record; none for what is in no part.
    of_record: Vec<u32>,
    all: Vec<Unit>,
    /// The unit that each was joined to, or itself.
    root: Vec<u32>,
    /// Rules with the lists and connectors that they refer to, each once, in order.
    needs: Vec<(u32, u32)>,
    /// Lists and connectors, by unit.
    names: HashMap<u32, Needed>,
    /// What rules are grouped by.
    groups: Vec<Option<Box<str>>>,
}

/// Records that must not be parted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Unit {
    pub(super) what: What,
    pub(super) size: Size,
    /// Of a rule, its group.
    pub(super) group: u32,
    /// Of a connector, whether it needs secrets that the line does not have.
    pub(super) lacks_secrets: bool,
}

/// What a unit is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    Rule,
    List,
    Connector,
    Alone,
}

/// How much records take.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Size {
    /// Of the lines with their ends.
    pub(super) bytes: u64,
    pub(super) rules: u32,
    pub(super) lists: u32,
    pub(super) items: u32,
    pub(super) connectors: u32,
    pub(super) others: u32,
    pub(super) unreadable: u32,
}

impl Planner {
    /// A planner that has seen nothing yet.
    pub fn new(limits: Limits, by: Option<By>) -> Self {
        Self {
            limits,
            by,
            units: Units::default(),
            rules: HashMap::new(),
            lists: HashMap::new(),
            items: HashMap::new(),
            connectors: HashMap::new(),
            saved_objects: HashMap::new(),
            groups: HashMap::new(),
        }
    }

    /// Takes down the next record, whose line is of so many bytes without its end. Details records go into no part.
    pub fn add(&mut self, bytes: usize, facts: Facts) -> Result<()> {
        if facts.kind == Some(Kind::Details) {
            return self.skip();
        }
        let size = Size::of(bytes, facts.kind);
        let unit = match facts.about {
            About::Rule {
                lists,
                connectors,
                group,
            } => {
                let unit = self.units.of_key(&mut self.rules, facts.key, What::Rule);
                for list in lists {
                    let list = self.list(list);
                    self.units.needs.push((unit, list));
                }
                for connector in connectors {
                    let connector = self.connector(connector);
                    self.units.needs.push((unit, connector));
                }
                // Of equal rules Kibana takes the last.
                self.units.all[unit as usize].group = self.group(group);
                unit
            }
            About::Exception(list) => {
                let unit = self.list(list);
                if let (Some(Kind::ExceptionItem), Some(key)) = (facts.kind, facts.key) {
                    // Kibana tells items apart by their ids and those of their lists, in whichever namespace.
                    let first = *self.items.entry(key).or_insert(unit);
                    self.units.join(first, unit);
                }
                unit
            }
            About::Connector { id, lacks_secrets } => {
                let unit = self.connector(id);
                self.units.all[unit as usize].lacks_secrets |= lacks_secrets;
                unit
            }
            About::Alone if facts.kind == Some(Kind::Connector) => {
                let key = facts.key;
                self.units.of_key(&mut self.saved_objects, key, What::Alone)
            }
            About::Alone if facts.kind == Some(Kind::ExceptionItem) => {
                self.units.of_key(&mut self.items, facts.key, What::Alone)
            }
            About::Alone => self.units.new_one(What::Alone),
        };
        self.units.all[unit as usize].size += size;
        self.units.add(unit)
    }

    /// Passes over the next record, which goes into no part.
    pub fn skip(&mut self) -> Result<()> {
        self.units.add(NONE)
    }

    /// Plans the parts.
    pub fn plan(mut self) -> Plan {
        let needs = &mut self.units.needs;
        needs.sort_unstable();
        needs.dedup();
        for unit in 0..self.units.root.len() {
            let root = self.units.root(u32::try_from(unit).unwrap_or(NONE));
            if root as usize != unit {
                let size = self.units.all[unit].size;
                self.units.all[root as usize].size += size;
            }
        }
        for (list, unit) in self.lists {
            self.units.names.insert(unit, Needed::List(list));
        }
        for (connector, unit) in self.connectors {
            self.units.names.insert(unit, Needed::Connector(connector));
        }
        plan::of(&self.units, self.limits, self.by)
    }

    fn list(&mut self, list: ListKey) -> u32 {
        let units = &mut self.units;
        *self
            .lists
            .entry(list)
            .or_insert_with(|| units.new_one(What::List))
    }

    fn connector(&mut self, id: ConnectorId) -> u32 {
        let units = &mut self.units;
        *self
            .connectors
            .entry(id)
            .or_insert_with(|| units.new_one(What::Connector))
    }

    fn group(&mut self, group: Option<Box<str>>) -> u32 {
        if let Some(&group) = self.groups.get(&group) {
            return group;
        }
        let number = u32::try_from(self.units.groups.len()).unwrap_or(NONE);
        self.units.groups.push(group.clone());
        self.groups.insert(group, number);
        number
    }
}

impl Units {
    fn new_one(&mut self, what: What) -> u32 {
        // There are no more units than records and references; `add` fails before there are too many.
        let unit = u32::try_from(self.all.len()).unwrap_or(NONE);
        self.all.push(Unit {
            what,
            size: Size::default(),
            group: NONE,
            lacks_secrets: false,
        });
        self.root.push(unit);
        unit
    }

    fn of_key(&mut self, keys: &mut HashMap<Print, u32>, key: Option<Print>, what: What) -> u32 {
        match key {
            Some(key) => *keys.entry(key).or_insert_with(|| self.new_one(what)),
            None => self.new_one(what),
        }
    }

    /// Gives the next record its unit.
    fn add(&mut self, unit: u32) -> Result<()> {
        const MOST: usize = NONE as usize / 2;
        if self.of_record.len() >= MOST || self.all.len() >= MOST {
            return Err(Error::refused("more than two thousand million records"));
        }
        self.of_record.push(unit);
        Ok(())
    }

    fn join(&mut self, a: u32, b: u32) {
        let (a, b) = (self.root(a), self.root(b));
        self.root[a.max(b) as usize] = a.min(b);
    }

    /// The unit that this one is joined to, or itself.
    pub(super) fn root(&self, mut unit: u32) -> u32 {
        while self.root[unit as usize] != unit {
            unit = self.root[unit as usize];
        }
        unit
    }

    /// How many there are, joined ones included.
    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    pub(super) fn unit(&self, unit: u32) -> &Unit {
        &self.all[unit as usize]
    }

    /// Whether any record of it is in the bundle.
    pub(super) fn is_there(&self, unit: u32) -> bool {
        self.unit(unit).size.bytes > 0
    }

    /// The unit of each record in input order; none for what is in no part.
    pub(super) fn of_records(&self) -> impl Iterator<Item = Option<u32>> {
        self.of_record
            .iter()
            .map(|&unit| (unit != NONE).then(|| self.root(unit)))
    }

    /// What a rule refers to; lists that were joined are told apart.
    pub(super) fn needs(&self, rule: u32) -> impl Iterator<Item = u32> {
        let from = self.needs.partition_point(|&(unit, _)| unit < rule);
        let needs = self.needs[from..].iter();
        needs
            .take_while(move |&&(unit, _)| unit == rule)
            .map(|&(_, need)| need)
    }

    /// All rules with what they refer to.
    pub(super) fn all_needs(&self) -> &[(u32, u32)] {
        &self.needs
    }

    pub(super) fn name(&self, unit: u32) -> Option<&Needed> {
        self.names.get(&unit)
    }

    pub(super) fn group(&self, by: Option<By>, group: u32) -> Group {
        match self.groups.get(group as usize) {
            _ if by.is_none() => Group::All,
            None => Group::Rest,
            Some(None) => Group::Without,
            Some(Some(name)) => Group::Of(name.clone()),
        }
    }
}

impl Size {
    fn of(bytes: usize, kind: Option<Kind>) -> Self {
        let mut size = Self {
            bytes: bytes as u64 + 1,
            ..Self::default()
        };
        let count = match kind {
            Some(Kind::Rule) => &mut size.rules,
            Some(Kind::ExceptionList) => &mut size.lists,
            Some(Kind::ExceptionItem) => &mut size.items,
            Some(Kind::Connector) => &mut size.connectors,
            Some(Kind::Details | Kind::Other) => &mut size.others,
            None => &mut size.unreadable,
        };
        *count = 1;
        size
    }

    /// How many records of each kind.
    pub(super) fn counts(self) -> Counts {
        let mut counts = Counts::default();
        counts[Kind::Rule] = self.rules.into();
        counts[Kind::ExceptionList] = self.lists.into();
        counts[Kind::ExceptionItem] = self.items.into();
        counts[Kind::Connector] = self.connectors.into();
        counts[Kind::Other] = self.others.into();
        counts
    }
}

impl std::ops::AddAssign for Size {
    fn add_assign(&mut self, other: Self) {
        self.bytes += other.bytes;
        self.rules += other.rules;
        self.lists += other.lists;
        self.items += other.items;
        self.connectors += other.connectors;
        self.others += other.others;
        self.unreadable += other.unreadable;
    }
}

impl std::ops::Add for Size {
    type Output = Self;

    fn add(mut self, other: Self) -> Self {
        self += other;
        self
    }
}
