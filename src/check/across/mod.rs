//! What only the whole bundle shows: duplicates, references to what is not there, counts and limits.
//!
//! Takes [`Facts`] of each record, made on any thread, in the order of the bundle; keeps about 100 bytes for a rule, a list, an
//! item or a connector with its id, and 4 to 8 for a reference. What Kibana does is what its rule import does, 8.0 to 9.6.

mod bundle;
mod closing;
mod facts;
mod firsts;
mod places;
mod references;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};

pub use facts::Facts;

use super::{Level, Problem};
use crate::error::Location;
use crate::record::{ConnectorId, Counts, Kind, ListId, ListKey, RecordKey};
use crate::schema::Target;
use bundle::Tallies;
use closing::Closing;
use facts::About;
use firsts::Firsts;
use places::{Entries, Entry};
use references::References;

/// A problem and where it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// The file and line; line 0 where it is about the whole bundle.
    pub location: Location,
    /// The kind of the record; none where it is about the whole bundle.
    pub kind: Option<Kind>,
    /// The record's id, if it has one.
    pub id: Option<Box<str>>,
    /// What is wrong.
    pub problem: Problem,
}

/// A problem and the record it is about; [`BUNDLE`] for the whole bundle.
type Found = (Entry, Problem);

/// Stands for the whole bundle where a record is named.
const BUNDLE: Entry = Entry::MAX;

/// What is there to be referred to: in the bundle, or in the target.
#[derive(Debug, Clone, Default)]
pub struct Present {
    /// The lists, with their type; none if any will do.
    lists: HashMap<ListKey, Option<Box<str>>>,
    connectors: HashSet<ConnectorId>,
    /// Ids of which nothing more is known than that something has them.
    anything: HashSet<Box<str>>,
}

impl Present {
    /// Says that something with this id is there: a list, a connector, a data view, or whatever else a record refers to.
    pub fn add_id(&mut self, id: &str) {
        self.anything.insert(id.into());
    }

    /// Says that what this record is, is there.
    pub fn add(&mut self, facts: &Facts) {
        match (&facts.about, &facts.key) {
            (About::List { key: Some(key), ty }, _) => {
                self.lists.insert(key.clone(), ty.clone());
            }
            (About::Connector, Some(RecordKey::SavedObject(ty, id))) if &**ty == "action" => {
                self.connectors.insert(id.clone());
            }
            _ => {}
        }
    }

    fn has_id(&self, id: &str) -> bool {
        self.anything.contains(id)
    }

    fn has_list(&self, list: &ListKey) -> bool {
        self.lists.contains_key(list) || self.has_id(list.id.as_str())
    }

    fn has_connector(&self, id: &ConnectorId) -> bool {
        self.connectors.contains(id) || self.has_id(id.as_str())
    }

    fn type_of(&self, list: &ListKey) -> Option<&str> {
        self.lists.get(list)?.as_deref()
    }

    /// Whether a reference of this type finds its list here.
    fn takes(&self, list: &ListKey, ty: Option<&str>) -> bool {
        let held = self.lists.get(list);
        held.is_some_and(|held| held.is_none() || held.as_deref() == ty)
            || self.has_id(list.id.as_str())
    }
}

/// The judge of a whole bundle.
///
/// ```
/// use ruleferry::check::{Across, Facts, Present};
/// use ruleferry::error::Location;
/// use ruleferry::record::Record;
/// use ruleferry::schema::Target;
///
/// let mut across = Across::new(Target::default(), Present::default());
/// let rule = Record::parse(r#"{"rule_id":"a","type":"query","saved_id":"s"}"#, 0).unwrap();
/// assert!(across.observe(&Location::default(), Facts::of(&rule)).is_none());
/// let twice = across.observe(&Location::default(), Facts::of(&rule));
/// assert_eq!(twice.unwrap().problem.code, "duplicate-rule");
/// assert_eq!(across.finish()[0].problem.code, "saved-query");
/// ```
#[derive(Debug)]
pub struct Across {
    target: Target,
    there: Present,
    here: Present,
    entries: Entries,
    firsts: Firsts,
    list_ids: HashMap<ListId, Entry>,
    /// Each list and connector once: what something should use.
    lists: Vec<(ListId, Entry)>,
    connectors: Vec<(ConnectorId, Entry)>,
    references: References,
    counts: Counts,
    tallies: Tallies,
    closing: Closing,
}

impl Across {
    /// A judge for this target, of which nothing is known but what `there` says.
    pub fn new(target: Target, there: Present) -> Self {
        Self {
            target,
            there,
            here: Present::default(),
            entries: Entries::default(),
            firsts: Firsts::default(),
            list_ids: HashMap::new(),
            lists: Vec::new(),
            connectors: Vec::new(),
            references: References::default(),
            counts: Counts::default(),
            tallies: Tallies::default(),
            closing: Closing::default(),
        }
    }

    /// Takes down how long a line is, its end included.
    pub fn bytes(&mut self, more: u64) {
        self.tallies.bytes(more);
    }

    /// Takes down the next record; says so if it is there twice.
    pub fn observe(&mut self, location: &Location, facts: Facts) -> Option<Finding> {
        let entry = self.entries.add(location, facts.kind, facts.key.as_ref());
        self.counts[facts.kind] += 1;
        self.here.add(&facts);
        let twice = self.duplicate(entry, &facts);
        self.tallies.record(entry, &facts);
        match facts.about {
            About::Rule(rule) => {
                for reference in rule.lists {
                    self.references.list(entry, reference);
                }
                for (id, index) in rule.connectors {
                    self.references.connector(entry, id, index);
                }
                for (need, id) in rule.needs {
                    self.references.need(entry, need, id);
                }
            }
            About::Item { list, value_lists } => {
                if let Some(list) = list {
                    self.references.item(entry, list);
                }
                for id in value_lists {
                    self.references.need(entry, facts::Need::ValueList, id);
                }
            }
            About::Details(text) => self.closing.details(entry, &text),
            About::List { .. } | About::Connector | About::Nothing => {}
        }
        self.closing.record(entry, facts.kind);
        twice.map(|problem| self.entries.finding(entry, problem))
    }

    /// Takes down a line that cannot be read: Kibana counts it as a rule.
    pub fn observe_unreadable(&mut self) {
        self.tallies.unreadable();
        self.closing.unreadable();
    }

    /// What shows only now, in the order of the records, what is about the whole bundle last.
    pub fn finish(mut self) -> Vec<Finding> {
        let references = &self.references;
        let mut found = references.judge(&self.entries, &self.here, &self.there, self.target);
        found.extend(self.closing.judge(&self.counts));
        found.extend(self.unused());
        found.extend(self.tallies.judge(&self.counts, self.target));
        found.sort_by_key(|(entry, _)| *entry);
        let finding = |(entry, problem)| self.entries.finding(entry, problem);
        found.into_iter().map(finding).collect()
    }

    /// What to say if the record is not the first of its key.
    fn duplicate(&mut self, entry: Entry, facts: &Facts) -> Option<Problem> {
        let key = facts.key.as_ref().filter(|_| !facts.is_refused)?;
        if let Some(first) = self.firsts.before(entry, &self.entries) {
            return Some(twice(key, &self.entries.line(first, entry)));
        }
        match key {
            RecordKey::List(list) => {
                self.lists.push((list.id.clone(), entry));
                let first = *self.list_ids.entry(list.id.clone()).or_insert(entry);
                if first != entry {
                    return Some(both_namespaces(list, &self.entries.line(first, entry)));
                }
            }
            RecordKey::SavedObject(ty, id) if &**ty == "action" => {
                self.connectors.push((id.clone(), entry));
            }
            RecordKey::Rule(_) | RecordKey::Item(..) | RecordKey::SavedObject(..) => {}
        }
        None
    }

    /// Lists and connectors that no rule of the bundle uses; nothing where there are no rules to use them.
    fn unused(&self) -> Vec<Found> {
        if self.counts[Kind::Rule] == 0 {
            return Vec::new();
        }
        let used = self.references.used_lists();
        let lists = self
            .lists
            .iter()
            .filter(|(list, _)| !used.contains(list) && !list.is_reserved());
        let connectors = self
            .connectors
            .iter()
            .filter(|(id, _)| !self.references.uses_connector(id));
        let found = |code, what, entry| {
            let text = format!("no rule of the bundle {what}");
            let hint = "`ruleferry edit drop-unreferenced` leaves such records out".to_owned();
            (entry, problem(code, Level::Note, text).with_hint(hint))
        };
        let lists =
            lists.map(|&(_, entry)| found("unused-list", "refers to this exception list", entry));
        let connectors =
            connectors.map(|&(_, entry)| found("unused-connector", "uses this connector", entry));
        lists.chain(connectors).collect()
    }
}

/// A record that stands in the bundle twice; `line` is where the first one is.
fn twice(key: &RecordKey, line: &str) -> Problem {
    let dedupe = "`ruleferry edit dedupe` keeps the last of each".to_owned();
    match key {
        RecordKey::Rule(id) => {
            let id = id.as_str();
            let text = format!("`rule_id` must be in a bundle once, found on {line} as well");
            problem("duplicate-rule", Level::Error, text)
                .at("rule_id")
                .with_hint(format!("Kibana imports the last one; {dedupe}"))
                .with_kibana(format!("More than one rule with rule-id: \"{id}\" found"))
        }
        RecordKey::List(list) => {
            let id = list.id.as_str();
            let text = format!("`list_id` must be in a bundle once, found on {line} as well");
            problem("duplicate-list", Level::Error, text)
                .at("list_id")
                .with_hint(format!("Kibana imports the last one; {dedupe}"))
                .with_kibana(format!("More than one exception list with list_id: \"{id}\" found in imports. The last list will be used."))
        }
        RecordKey::Item(id, _) => {
            let id = id.as_str();
            let text = format!("`item_id` must be in a list once, found on {line} as well");
            problem("duplicate-item", Level::Error, text)
                .at("item_id")
                .with_hint(format!("Kibana imports the last one; `--fix` drops one that says the same as the last, and {dedupe}"))
                .with_kibana(format!("More than one exception list item with item_id: \"{id}\" found in imports. The last item will be used."))
        }
        RecordKey::SavedObject(..) => {
            let text = format!("`id` must be in a bundle once, found on {line} as well");
            problem("duplicate-connector", Level::Error, text)
                .at("id")
                .with_hint(format!("Kibana refuses the whole file; {dedupe}"))
        }
    }
}

fn both_namespaces(list: &ListKey, line: &str) -> Problem {
    let id = list.id.as_str();
    let text = format!(
        "`list_id` must be in a bundle in one namespace, found as `{}` on {line} and as `{}` here",
        list.namespace.other().name(),
        list.namespace.name()
    );
    problem("list-in-both-namespaces", Level::Error, text)
        .at("list_id")
        .with_hint("Kibana goes by `list_id` alone and imports one of them; put them into two files".into())
        .with_kibana(format!("More than one exception list with list_id: \"{id}\" found in imports. The last list will be used."))
}

/// A problem with the record as such, and nothing to do.
fn problem(code: &'static str, level: Level, message: String) -> Problem {
    Problem {
        pointer: Vec::new(),
        code,
        level,
        message,
        hint: None,
        kibana: None,
    }
}

impl Problem {
    fn at(self, key: &str) -> Self {
        self.below([key])
    }

    fn below<const N: usize>(mut self, way: [&str; N]) -> Self {
        self.pointer = way.map(Into::into).into();
        self
    }

    fn with_hint(mut self, hint: String) -> Self {
        self.hint = Some(hint);
        self
    }

    fn with_kibana(mut self, text: String) -> Self {
        self.kibana = Some(text);
        self
    }
}

/// As in "1 rule has" and "3 rules have".
fn some(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}
