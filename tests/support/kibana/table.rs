//! Where stored objects are: rows in the order in which they were made, found by id, by key and by group.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::{Map, Value};

/// A stored object's members.
pub(crate) type Object = Map<String, Value>;

/// Which request made an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) struct Made {
    /// The number of the request in the log, from 1; 0 for what was there from the start.
    pub(crate) request: u64,
    /// Which of the request's runs: 1 where a fault had it done a second time.
    pub(crate) run: u8,
}

/// A stored object.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) body: Object,
    /// The id that users know it by.
    pub(super) key: String,
    /// What it belongs to: the list of an item.
    pub(super) group: String,
    pub(super) made: Made,
    /// Whether an import wrote it last.
    pub(super) is_imported: bool,
}

impl Row {
    pub(super) fn text(&self, key: &str) -> &str {
        text(&self.body, key)
    }
}

/// A member that is text, else nothing.
pub(super) fn text<'o>(object: &'o Object, key: &str) -> &'o str {
    object.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// Objects of a kind. Several may have one key: that is what a race makes.
#[derive(Debug, Default)]
pub(super) struct Table {
    rows: BTreeMap<u64, Row>,
    ids: HashMap<String, u64>,
    keys: HashMap<String, Vec<u64>>,
    groups: HashMap<String, BTreeSet<u64>>,
    last: u64,
}

impl Table {
    /// Adds a row; its body has an `id`.
    pub(super) fn add(&mut self, row: Row) {
        self.last += 1;
        let at = self.last;
        self.ids.insert(row.text("id").to_owned(), at);
        self.keys.entry(row.key.clone()).or_default().push(at);
        self.groups.entry(row.group.clone()).or_default().insert(at);
        self.rows.insert(at, row);
    }

    /// Takes away the row of this id.
    pub(super) fn remove(&mut self, id: &str) -> Option<Row> {
        let at = self.ids.remove(id)?;
        let row = self.rows.remove(&at)?;
        if let Some(same) = self.keys.get_mut(&row.key) {
            same.retain(|other| *other != at);
            if same.is_empty() {
                self.keys.remove(&row.key);
            }
        }
        if let Some(group) = self.groups.get_mut(&row.group) {
            group.remove(&at);
        }
        Some(row)
    }

    /// The row of this id.
    pub(super) fn row(&self, id: &str) -> Option<&Row> {
        self.rows.get(self.ids.get(id)?)
    }

    /// The row of this id, whose id, key and group must stay.
    pub(super) fn row_mut(&mut self, id: &str) -> Option<&mut Row> {
        self.rows.get_mut(self.ids.get(id)?)
    }

    /// The oldest row of this key.
    pub(super) fn first(&self, key: &str) -> Option<&Row> {
        self.of_key(key).next()
    }

    pub(super) fn of_key(&self, key: &str) -> impl Iterator<Item = &Row> {
        let places = self.keys.get(key).map_or(&[][..], Vec::as_slice);
        places.iter().filter_map(|at| self.rows.get(at))
    }

    /// The rows of a group, oldest first.
    pub(super) fn of_group(&self, group: &str) -> impl Iterator<Item = &Row> {
        let places = self.groups.get(group).into_iter().flatten();
        places.filter_map(|at| self.rows.get(at))
    }

    pub(super) fn rows(&self) -> impl Iterator<Item = &Row> {
        self.rows.values()
    }

    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Rows that have key and group in common, where they are more than one.
    pub(super) fn doubles(&self) -> Vec<Vec<&Row>> {
        let mut found = Vec::new();
        for places in self.keys.values().filter(|places| places.len() > 1) {
            let mut by_group: BTreeMap<&str, Vec<&Row>> = BTreeMap::new();
            for row in places.iter().filter_map(|at| self.rows.get(at)) {
                by_group.entry(&row.group).or_default().push(row);
            }
            found.extend(by_group.into_values().filter(|rows| rows.len() > 1));
        }
        found
    }
}
