//! Was there a moment that a careful client never causes? What belongs together, and when it was not.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::table::{Object, Table, text};
use super::world::World;

/// What an enabled rule lacked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Missing {
    /// The list of this `list_id`.
    List(String),
    /// Its reference to the list, which is there.
    Reference(String),
    /// Items of the list, by `item_id`.
    Items(String, Vec<String>),
}

/// What made the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cause {
    /// The server deletes the items of a list that an import overwrites before it makes them anew (to 9.4).
    DeletedFirst,
    /// Anything else.
    Other,
}

/// A moment at which an enabled, imported rule lacked what the bundle has for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Violation {
    pub(crate) space: String,
    pub(crate) rule_id: String,
    pub(crate) missing: Missing,
    pub(crate) cause: Cause,
    /// The number of the request that made it.
    pub(crate) request: u64,
}

/// A namespace and a `list_id`, or a shelf and one.
type Name = (String, String);

/// What belongs together, by the bundles that tests told of.
#[derive(Debug, Default)]
pub(super) struct Watch {
    pub(super) violations: Vec<Violation>,
    /// Lists, by namespace and `list_id`, of each rule, by space and `rule_id`.
    rules: BTreeMap<Name, Vec<Name>>,
    /// Rules of each list, by shelf and `list_id`.
    users: BTreeMap<Name, BTreeSet<Name>>,
    /// `item_id`s of each list.
    items: BTreeMap<Name, BTreeSet<String>>,
    /// Lists that a running import overwrites, and how many do.
    gaps: BTreeMap<Name, u64>,
}

impl Watch {
    /// Takes down what a bundle holds.
    pub(super) fn expect(&mut self, space: &str, bundle: &[u8]) {
        for line in bundle.split(|&b| b == b'\n') {
            let Ok(record) = serde_json::from_slice::<Object>(line) else {
                continue;
            };
            let namespace = namespace(record.get("namespace_type"));
            if record.contains_key("item_id") {
                let home = World::shelf_name(space, namespace).to_owned();
                let list = (home, text(&record, "list_id").to_owned());
                let items = self.items.entry(list).or_default();
                items.insert(text(&record, "item_id").into());
            } else if record.contains_key("rule_id") && !record.contains_key("list_id") {
                self.expect_rule(space, &record);
            }
        }
    }

    fn expect_rule(&mut self, space: &str, rule: &Object) {
        let name = (space.to_owned(), text(rule, "rule_id").to_owned());
        let references = rule.get("exceptions_list").and_then(Value::as_array);
        let lists: Vec<Name> = references
            .into_iter()
            .flatten()
            .filter_map(|it| {
                let namespace = namespace(it.get("namespace_type"));
                Some((
                    namespace.to_owned(),
                    it.get("list_id")?.as_str()?.to_owned(),
                ))
            })
            .collect();
        for (namespace, list_id) in &lists {
            let home = World::shelf_name(space, namespace).to_owned();
            let users = self.users.entry((home, list_id.clone())).or_default();
            users.insert(name.clone());
        }
        self.rules.insert(name, lists);
    }

    /// The lists that a rule is to refer to.
    pub(super) fn wanted(&self, space: &str, rule_id: &str) -> Option<&Vec<Name>> {
        self.rules.get(&(space.to_owned(), rule_id.to_owned()))
    }

    /// The rules that are to refer to a list.
    pub(super) fn users(&self, home: &str, list_id: &str) -> Vec<Name> {
        let users = self.users.get(&(home.to_owned(), list_id.to_owned()));
        users.into_iter().flatten().cloned().collect()
    }

    /// The items that a list is to have and has not.
    pub(super) fn absent(&self, home: &str, list_id: &str, items: &Table) -> Vec<String> {
        let wanted = self.items.get(&(home.to_owned(), list_id.to_owned()));
        let is_there = |item: &String| items.of_key(item).any(|row| row.group == list_id);
        let absent = wanted.into_iter().flatten().filter(|item| !is_there(item));
        absent.cloned().collect()
    }

    pub(super) fn open_gap(&mut self, home: &str, list_id: &str) {
        *self.gaps.entry((home.into(), list_id.into())).or_default() += 1;
    }

    pub(super) fn close_gap(&mut self, home: &str, list_id: &str) {
        let name = (home.to_owned(), list_id.to_owned());
        if let Some(open) = self.gaps.get_mut(&name) {
            *open -= 1;
            if *open == 0 {
                self.gaps.remove(&name);
            }
        }
    }

    pub(super) fn is_gap(&self, home: &str, list_id: &str) -> bool {
        self.gaps
            .contains_key(&(home.to_owned(), list_id.to_owned()))
    }
}

/// A namespace by the name that is sent, which may be left out.
pub(super) fn namespace(value: Option<&Value>) -> &'static str {
    if value.and_then(Value::as_str) == Some("agnostic") {
        "agnostic"
    } else {
        "single"
    }
}
