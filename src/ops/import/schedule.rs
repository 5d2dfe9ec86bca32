//! What is sent next? Lists and items before rules, each request as full as it may be, nothing torn that belongs together.
//!
//! - A list that is replaced goes with all its items in one request: Kibana removes the items that a request lacks. Where that
//!   cannot be, or would not do all that the lines say, its items are changed one by one ([`Batch::InPlace`]).
//! - A new list, and items that are new to a list, may be spread over requests.
//! - No request has two lists of one `list_id` in two namespaces, which Kibana would take for one (import-export.md §3.6).
//! - A new connector goes with the first rule that acts through it, and once only; what the space has is never sent to be made again.
//! - A connector that is overwritten loses its secrets, and Kibana overwrites no rule that acts through one without. So such
//!   connectors go last, where they can alone, else with a rule that is there already and is left as it is.
//! - Rules that act through connectors without secrets pass only if their request has a connector line, whichever it is. Where it
//!   brings none, it carries one that is there already, which Kibana leaves as it is (import-export.md §3.6, §6.3).

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};

use super::super::model::{Overwrite, Server};
use super::aims::{Aim, Terms, is_replaced, numbered};
use super::inventory::{Inventory, What};
use super::pace::Pace;
use super::view::{Seen, View, indices};
use crate::record::{ListId, ListKey, Record};

/// What is sent at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Batch {
    /// One request to the import route.
    Upload {
        /// The lines that it is to bring.
        records: Vec<u32>,
        /// A line that is there already: a connector's for the sake of the rules, or a rule's for the sake of the connectors.
        carrier: Option<u32>,
        /// What it may replace.
        overwrite: Overwrite,
    },
    /// A list whose items are changed one by one; the number of the list.
    InPlace(u32),
}

/// What is known when the next batch is chosen.
#[derive(Debug, Clone, Copy)]
pub(in crate::ops) struct Situation<'s> {
    pub(in crate::ops) bundle: &'s Inventory,
    pub(in crate::ops) view: &'s View,
    pub(in crate::ops) aims: &'s [Aim],
    /// Whether what becomes of a line is known by now.
    pub(in crate::ops) settled: &'s [bool],
    pub(in crate::ops) terms: Terms,
    pub(in crate::ops) pace: &'s Pace,
}

/// Where more items than this are in a list, Kibana's look-up does not see all of them (import-export.md §5.3).
const LOOKED_UP: u64 = 1000;

impl Situation<'_> {
    fn is_pending(&self, index: u32) -> bool {
        self.aims[index as usize].is_sent() && !self.settled[index as usize]
    }

    fn cost(&self, index: u32) -> u64 {
        u64::from(self.bundle.entry(index).len) + 1
    }

    /// The next lists and items; none if all are settled.
    pub(in crate::ops) fn exceptions(&self) -> Option<Batch> {
        let mut batch = Filling::new(self.pace.exceptions, self.pace.bytes);
        let mut ids: HashMap<&ListId, &ListKey> = HashMap::new();
        let mut overwrite = Overwrite::default();
        let mut alone = false;
        for (number, listed) in numbered(self.bundle) {
            let lines = listed.line.iter().chain(&listed.items).copied();
            let pending: Vec<u32> = lines.filter(|&line| self.is_pending(line)).collect();
            if pending.is_empty() {
                continue;
            }
            if listed.is_artifact() {
                // A request may have artifacts of one type alone (import-export.md §5.6).
                if batch.records.is_empty() {
                    alone = true;
                } else {
                    continue;
                }
            } else if alone {
                break;
            }
            if *ids.entry(&listed.key.id).or_insert(&listed.key) != &listed.key {
                continue;
            }
            let overwrites = pending
                .iter()
                .any(|&line| self.aims[line as usize] == Aim::Overwrite);
            if !overwrites {
                for line in pending {
                    if !batch.add(line, self.cost(line)) {
                        return batch.upload(overwrite);
                    }
                }
                continue;
            }
            let whole = self.replacement(number, &pending);
            let bytes: u64 = whole.iter().map(|&line| self.cost(line)).sum();
            let (count, most) = self.pace.limits();
            let stored = self.view.list(number).map_or(0, |list| list.items);
            if self.terms.items_in_place
                || whole.len() > count
                || bytes > most
                || stored > LOOKED_UP
                || pending.iter().any(|&line| self.stays_expiring(line))
            {
                if batch.records.is_empty() {
                    return Some(Batch::InPlace(number));
                }
                continue;
            }
            if !batch.records.is_empty() && !batch.has_room(whole.len(), bytes) {
                continue;
            }
            overwrite.exceptions = true;
            for line in whole {
                batch.push(line, self.cost(line));
            }
        }
        batch.upload(overwrite)
    }

    /// Whether an import would leave it as it is when the item expires: a server that changes items in place does not touch that
    /// (import-export.md §5.3).
    fn stays_expiring(&self, line: u32) -> bool {
        let mut differing = self.view.differing(line).iter();
        self.aims[line as usize] == Aim::Overwrite
            && differing.any(|name| &**name == "expire_time")
            && !Server::new(self.bundle.target).deletes_items_first()
    }

    /// The lines that go together where a list is overwritten: all of them if it is replaced, else those that change.
    fn replacement(&self, number: u32, pending: &[u32]) -> Vec<u32> {
        let listed = self.bundle.list(number);
        if !is_replaced(self.bundle, self.view, number, self.terms) {
            return pending.to_vec();
        }
        let is_valid = |line: &u32| !matches!(self.aims[*line as usize], Aim::Refused(_));
        listed
            .line
            .into_iter()
            .chain(listed.items.iter().copied().filter(is_valid))
            .collect()
    }

    /// The next rules, with the connectors that they bring; then connectors that no rule needs. None if all are settled.
    pub(in crate::ops) fn rules(&self) -> Option<Batch> {
        // Where an id is taken in another space, versions before 8.19 and 9.1 lose the actions of a request's rules that go through
        // other connectors than it brings (import-export.md §3.6, G4 quirks). So such rules wait until others have brought theirs.
        if self.bundle.target.blocks_on_connectors()
            && let Some(batch) = self.rules_by(Mixing::Never)
        {
            return Some(batch);
        }
        self.rules_by(Mixing::Allowed).or_else(|| self.connectors())
    }

    fn rules_by(&self, mixing: Mixing) -> Option<Batch> {
        let mut batch = Filling::new(self.pace.rules, self.pace.bytes);
        let mut brought = BTreeSet::new();
        let mut overwrite = Overwrite::default();
        let mut uses_others = false;
        for index in indices(self.bundle).filter(|&index| self.is_pending(index)) {
            let What::Rule { connectors, .. } = self.bundle.entry(index).what else {
                continue;
            };
            let needed: BTreeSet<u32> = connectors
                .iter()
                .filter_map(|&number| self.bundle.connector_line(number))
                .filter(|line| self.is_pending(*line) && !brought.contains(line))
                .filter(|line| self.aims[*line as usize] == Aim::Create)
                .collect();
            if mixing == Mixing::Never && !connectors.is_empty() {
                let is_other = |number: &u32| {
                    let line = self.bundle.connector_line(*number);
                    !line.is_some_and(|line| needed.contains(&line) || brought.contains(&line))
                };
                let uses = connectors.iter().any(is_other);
                if (uses || uses_others) && !(needed.is_empty() && brought.is_empty()) {
                    continue;
                }
                uses_others |= uses;
            }
            let bytes = needed.iter().map(|&line| self.cost(line)).sum::<u64>() + self.cost(index);
            if !batch.records.is_empty() && !batch.has_room(1, bytes) {
                break;
            }
            overwrite.rules |= self.aims[index as usize] == Aim::Overwrite;
            for &line in &needed {
                batch.bring(line, self.cost(line));
            }
            brought.extend(needed);
            batch.push(index, self.cost(index));
        }
        if batch.records.is_empty() {
            return None;
        }
        let carrier = brought
            .is_empty()
            .then(|| self.carrier(&batch.records))
            .flatten();
        batch.records.sort_unstable();
        Some(Batch::Upload {
            records: batch.records,
            carrier,
            overwrite,
        })
    }

    /// A connector line that is there already, if rules of the request act through connectors that lack secrets.
    fn carrier(&self, rules: &[u32]) -> Option<u32> {
        let lacks = |rule: &u32| match self.bundle.entry(*rule).what {
            What::Rule { connectors, .. } => connectors.iter().any(|&number| {
                let stored = self.view.room.at(self.bundle.connector(number).as_str());
                stored.is_some_and(|stored| stored.is_missing_secrets)
            }),
            _ => false,
        };
        let is_new = |rule: &&u32| self.aims[**rule as usize] == Aim::Create;
        if !rules.iter().filter(is_new).any(lacks) {
            return None;
        }
        (0_u32..)
            .zip(self.bundle.connectors())
            .find_map(|(number, id)| {
                let line = self.bundle.connector_line(number)?;
                self.view.room.at(id.as_str()).map(|_| line)
            })
    }

    /// The line as it is sent.
    ///
    /// A server that changes the items of an overwritten list in place adds a line's comments to those that are there (import-export.md
    /// §5.3), so where all of them are there already, the line goes without.
    pub(in crate::ops) fn sent_line<'l>(
        &self,
        index: u32,
        line: &'l [u8],
        overwrite: Overwrite,
    ) -> Cow<'l, [u8]> {
        let adds = overwrite.exceptions
            && matches!(self.bundle.entry(index).what, What::Item(_))
            && !Server::new(self.bundle.target).deletes_items_first();
        let mut differing = self.view.differing(index).iter();
        let is_there =
            self.view.seen(index) != Seen::Absent && !differing.any(|name| &**name == "comments");
        if adds && is_there {
            let text = std::str::from_utf8(line).ok();
            if let Some(Ok(mut item)) = text.map(|text| Record::parse(text, 0))
                && item.has("comments")
            {
                item.set("comments", "[]");
                let mut out = Vec::with_capacity(line.len());
                item.write(&mut out);
                return Cow::Owned(out);
            }
        }
        Cow::Borrowed(line)
    }

    /// The next connectors that no rule brings. Before 8.19 and 9.1 a request without rules imports none.
    fn connectors(&self) -> Option<Batch> {
        if self.bundle.target.blocks_on_connectors() {
            return indices(self.bundle).find_map(|index| self.connectors_of(index));
        }
        let (count, bytes) = self.pace.limits();
        let mut batch = Filling::new(count, bytes);
        let mut overwrite = Overwrite::default();
        for index in indices(self.bundle).filter(|&index| self.is_pending(index)) {
            if matches!(self.bundle.entry(index).what, What::Connector(..)) {
                if !batch.add(index, self.cost(index)) {
                    break;
                }
                overwrite.connectors |= self.aims[index as usize] == Aim::Overwrite;
            }
        }
        batch.upload(overwrite)
    }

    /// The connectors of a rule that is there already, which is sent with them and not to be overwritten.
    fn connectors_of(&self, rule: u32) -> Option<Batch> {
        let What::Rule { connectors, .. } = self.bundle.entry(rule).what else {
            return None;
        };
        if connectors.is_empty() || self.view.seen(rule) == Seen::Absent {
            return None;
        }
        let line = |&number: &u32| self.bundle.connector_line(number);
        let is_pending = |line: &u32| self.is_pending(*line);
        let lines: Option<BTreeSet<u32>> = connectors
            .iter()
            .map(|number| line(number).filter(is_pending))
            .collect();
        let records: Vec<u32> = lines?.into_iter().collect();
        let mut overwrites = records.iter().map(|&line| &self.aims[line as usize]);
        Some(Batch::Upload {
            overwrite: Overwrite {
                connectors: overwrites.any(|aim| *aim == Aim::Overwrite),
                ..Overwrite::default()
            },
            records,
            carrier: Some(rule),
        })
    }

    /// Connectors that wait though all rules are settled, on a version that imports only those that a request's rules need.
    pub(in crate::ops) fn stranded(&self) -> Vec<u32> {
        let is_connector =
            |index: &u32| matches!(self.bundle.entry(*index).what, What::Connector(..));
        indices(self.bundle)
            .filter(|index| is_connector(index) && self.is_pending(*index))
            .filter(|index| self.view.seen(*index) != Seen::Same)
            .collect()
    }
}

/// Whether a request that brings connectors may have rules that act through others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mixing {
    Never,
    Allowed,
}

/// A request that is being filled.
struct Filling {
    records: Vec<u32>,
    count: usize,
    bytes: u64,
    most: (usize, u64),
}

impl Filling {
    fn new(count: usize, bytes: u64) -> Self {
        Self {
            records: Vec::new(),
            count: 0,
            bytes: 0,
            most: (count, bytes),
        }
    }

    fn has_room(&self, count: usize, bytes: u64) -> bool {
        self.count + count <= self.most.0 && self.bytes + bytes <= self.most.1
    }

    /// Adds a line if there is room; a first line is taken whatever its size.
    fn add(&mut self, line: u32, bytes: u64) -> bool {
        let fits = self.records.is_empty() || self.has_room(1, bytes);
        if fits {
            self.push(line, bytes);
        }
        fits
    }

    fn push(&mut self, line: u32, bytes: u64) {
        self.count += 1;
        self.bring(line, bytes);
    }

    /// Adds a line that does not count.
    fn bring(&mut self, line: u32, bytes: u64) {
        self.records.push(line);
        self.bytes += bytes;
    }

    fn upload(self, overwrite: Overwrite) -> Option<Batch> {
        (!self.records.is_empty()).then_some(Batch::Upload {
            records: self.records,
            carrier: None,
            overwrite,
        })
    }
}
