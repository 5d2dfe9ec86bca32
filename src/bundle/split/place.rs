//! Where does the next unit go? Into the last part, or one after it.

use super::units::{NONE, Size, Units, What};
use super::{Limit, Limits};
use crate::record::{Counts, details_line};

/// In [`Placing::part_of`], a unit that fits into no part.
pub(super) const UNFIT: u32 = NONE - 1;

/// Parts that are being filled, one after another.
pub(super) struct Placing<'u> {
    pub(super) units: &'u Units,
    limits: Limits,
    pub(super) parts: Vec<Filled>,
    /// The part of each unit; none as long as it has none.
    part_of: Vec<u32>,
    /// The group that is being placed.
    group: u32,
    /// Whether the last part takes more.
    is_open: bool,
    /// The length of a details line whose counts have one digit, with its end.
    details: u64,
}

/// A part as far as it is filled.
#[derive(Debug, Clone, Copy)]
pub(super) struct Filled {
    pub(super) size: Size,
    pub(super) group: u32,
    pub(super) has_connector: bool,
}

impl<'u> Placing<'u> {
    pub(super) fn new(units: &'u Units, limits: Limits) -> Self {
        Self {
            units,
            limits,
            parts: Vec::new(),
            part_of: vec![NONE; units.len()],
            group: NONE,
            is_open: false,
            details: details_line(Counts::default()).len() as u64 + 1,
        }
    }

    /// The size of a part in bytes, with its details line.
    pub(super) fn bytes(&self, size: Size) -> u64 {
        let [rules, lists, items, connectors] =
            [size.rules, size.lists, size.items, size.connectors].map(u64::from);
        let counts = [
            rules,
            lists,
            items,
            connectors,
            rules + lists + items + connectors,
        ];
        let more_digits: u64 = counts
            .into_iter()
            .map(|count| u64::from(count.checked_ilog10().unwrap_or(0)))
            .sum();
        size.bytes + self.details + more_digits
    }

    /// The first limit that a part of this size breaks, with what it has and what it may have.
    pub(super) fn broken(&self, size: Size) -> Option<(Limit, u64, u64)> {
        let sum = |counts: &[u32]| counts.iter().copied().map(u64::from).sum();
        let rules: u64 = sum(&[size.rules, size.others, size.unreadable]);
        let exceptions: u64 = sum(&[size.lists, size.items]);
        let limits = self.limits;
        [
            (Limit::Bytes, self.bytes(size), limits.bytes),
            (Limit::Rules, rules, limits.rules),
            (Limit::Exceptions, exceptions, limits.exceptions),
            (
                Limit::Connectors,
                u64::from(size.connectors),
                limits.connectors,
            ),
        ]
        .into_iter()
        .find(|(_, found, most)| found > most)
    }

    /// Whether a part can hold so much.
    pub(super) fn fits(&self, size: Size) -> bool {
        self.broken(size).is_none()
    }

    /// Whether the last part has room for so much.
    pub(super) fn has_room(&self, size: Size) -> bool {
        self.last().is_some_and(|last| self.fits(last.size + size))
    }

    /// Whether the part that would take so much next can also hold `more`.
    pub(super) fn could_take(&self, size: Size) -> bool {
        match self.last() {
            Some(last) => self.fits(last.size + size),
            None => self.fits(size),
        }
    }

    /// The last part, if it takes more.
    pub(super) fn last(&self) -> Option<&Filled> {
        self.parts.last().filter(|_| self.is_open)
    }

    /// Ends the last part.
    pub(super) fn close(&mut self) {
        self.is_open = false;
    }

    /// Goes on with the rules of this group, in parts of their own.
    pub(super) fn begin(&mut self, group: u32) {
        if self.group != group {
            self.close();
        }
        self.group = group;
    }

    /// The part of a unit, or [`UNFIT`]; none if it was not placed.
    pub(super) fn part(&self, unit: u32) -> Option<u32> {
        let part = self.part_of[self.units.root(unit) as usize];
        (part != NONE).then_some(part)
    }

    pub(super) fn is_placed(&self, unit: u32) -> bool {
        self.part(unit).is_some()
    }

    /// Puts a unit aside that fits into no part.
    pub(super) fn put_aside(&mut self, unit: u32) {
        self.part_of[unit as usize] = UNFIT;
    }

    /// What a rule needs that is in the bundle and in no part yet.
    pub(super) fn lacking(&self, rule: u32) -> Vec<u32> {
        let mut lacking: Vec<u32> = self
            .units
            .needs(rule)
            .map(|need| self.units.root(need))
            .filter(|&need| self.units.is_there(need) && !self.is_placed(need))
            .collect();
        lacking.sort_unstable();
        lacking.dedup();
        lacking
    }

    /// How much these units take.
    pub(super) fn sum(&self, units: &[u32]) -> Size {
        units
            .iter()
            .map(|&unit| self.units.unit(unit).size)
            .fold(Size::default(), std::ops::Add::add)
    }

    /// Places units that a part can hold, all in one.
    pub(super) fn together(&mut self, units: &[u32]) {
        let size = self.sum(units);
        if !self.has_room(size) {
            self.parts.push(Filled {
                size: Size::default(),
                group: self.group,
                has_connector: false,
            });
            self.is_open = true;
        }
        let part = u32::try_from(self.parts.len() - 1).unwrap_or(NONE);
        let connector = |&unit: &u32| self.units.unit(unit).what == What::Connector;
        let has_connector = units.iter().any(connector);
        if let Some(last) = self.parts.last_mut() {
            last.size += size;
            last.has_connector |= has_connector;
        }
        for &unit in units {
            self.part_of[unit as usize] = part;
        }
    }

    /// Places a rule with what it needs: all in one part if one can hold that, else what it needs first.
    pub(super) fn rule(&mut self, rule: u32) {
        let lacking = self.lacking(rule);
        let with = |mut units: Vec<u32>| {
            units.push(rule);
            units
        };
        let all = with(lacking.clone());
        if self.fits(self.sum(&all)) {
            return self.together(&all);
        }
        self.lists(&lacking);
        let connectors = lacking.into_iter().filter(|&need| !self.is_placed(need));
        let connectors: Vec<u32> = connectors.collect();
        let all = with(connectors.clone());
        if self.fits(self.sum(&all)) {
            return self.together(&all);
        }
        for connector in connectors {
            self.together(&[connector]);
        }
        self.together(&[rule]);
    }

    /// Places the lists among these units, each by itself.
    pub(super) fn lists(&mut self, units: &[u32]) {
        for &unit in units {
            if self.units.unit(unit).what == What::List {
                self.together(&[unit]);
            }
        }
    }
}
