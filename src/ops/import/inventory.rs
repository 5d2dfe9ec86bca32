//! What does a bundle hold, as far as its import depends on it? A few bytes a line, whatever the lines weigh.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use xxhash_rust::xxh3::Xxh3;

use super::super::model::{Kept, is_artifact};
use super::line::{About, Found};
use crate::bundle::{Fingerprint, Shelf};
use crate::error::{Location, Result};
use crate::pipeline::Reading;
use crate::record::{ConnectorId, Kind, ListKey, Record};
use crate::schema::Target;
use crate::stream::Source;

/// A bundle that is to be imported, each line at hand and each known by what it is.
#[derive(Debug)]
pub struct Inventory {
    /// The version of the server that it is for.
    pub target: Target,
    shelf: Mutex<Shelf>,
    entries: Vec<Entry>,
    lists: Vec<Listed>,
    list_at: HashMap<ListKey, usize>,
    connectors: Vec<ConnectorId>,
    by_key: HashMap<Key, u32>,
    is_exceptions_alone: bool,
}

/// One line.
#[derive(Debug)]
pub struct Entry {
    /// What the import takes it for.
    pub kind: Kind,
    /// The id that people know it by.
    pub id: Option<Box<str>>,
    /// What else counts.
    pub what: What,
    /// The line that has the same key and comes later, and so is the one that counts.
    pub superseded: Option<u32>,
    /// What it leaves in the space.
    pub kept: Kept,
    /// The length of the line in bytes, without its line end.
    pub len: u32,
}

/// What counts of a line, by kind. Numbers are those of [`Inventory::list`] and [`Inventory::connector`].
#[derive(Debug)]
pub enum What {
    /// A rule, with the lists it refers to and the connectors that its actions go through, in their order.
    Rule {
        /// The lists, with the type that the rule says they have.
        lists: Box<[(u32, Box<str>)]>,
        /// The connectors.
        connectors: Box<[u32]>,
        /// Whether the line says that it is one of Elastic's own, and whether it then has the `version` that an import needs.
        prebuilt: Option<bool>,
    },
    /// An exception list of this type.
    List(u32, Box<str>),
    /// An item of a list.
    Item(u32),
    /// A connector, by what it says beside its secrets.
    Connector(u32, Fingerprint),
    /// A line that closes an export.
    Details,
    /// A line that is never sent, and why.
    Unfit(Box<str>),
}

/// An exception list that lines or references name.
#[derive(Debug)]
pub struct Listed {
    /// Its key.
    pub key: ListKey,
    /// Its own line, if it has one.
    pub line: Option<u32>,
    /// The lines of its items, in input order.
    pub items: Vec<u32>,
    /// A line of it, or of an item, that is never sent.
    pub unfit: Option<u32>,
}

/// A record's key as a number, so that a million of them are small.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Key(u128);

impl Key {
    pub(super) fn new(kind: Kind, list: Option<&ListKey>, id: &str) -> Self {
        let mut hash = Xxh3::new();
        hash.update(&[kind as u8]);
        if let Some(list) = list {
            hash.update(list.namespace.name().as_bytes());
            hash.update(&list.id.as_str().len().to_le_bytes());
            hash.update(list.id.as_str().as_bytes());
        }
        hash.update(id.as_bytes());
        Self(hash.digest128())
    }
}

impl Listed {
    /// Whether it is a list of endpoint artifacts, which no import of rules takes.
    pub fn is_artifact(&self) -> bool {
        is_artifact(self.key.id.as_str())
    }
}

impl Inventory {
    /// Reads a bundle for a server of this version. A line that cannot be read is unfit, and no error.
    pub fn read(reading: &Reading, sources: Vec<Source<'_>>, target: Target) -> Result<Self> {
        let mut entries = Vec::new();
        let mut parts = Parts::default();
        let work = |record: &Record<'_>| Found::of(record, target);
        let shelf = Shelf::fill(reading, sources, work, |index, _, found| {
            let found = found.unwrap_or_else(|error| Found::unfit(error.to_string()));
            let entry = parts.entry(found, number(index));
            parts.note(index, &entry, &mut entries);
            entries.push(entry);
            Ok(())
        })?;
        for (index, entry) in entries.iter_mut().enumerate() {
            entry.len = u32::try_from(shelf.line_len(index)).unwrap_or(u32::MAX);
        }
        for list in &mut parts.lists {
            list.items
                .retain(|&item| entries[item as usize].superseded.is_none());
        }
        Ok(Self {
            target,
            shelf: Mutex::new(shelf),
            lists: parts.lists,
            list_at: parts.list_at,
            connectors: parts.connectors,
            by_key: parts.by_key,
            is_exceptions_alone: is_exceptions_alone(&entries),
            entries,
        })
    }

    /// Whether it has exception lists and items and nothing else, so that it goes through the import of exceptions.
    pub fn is_exceptions_alone(&self) -> bool {
        self.is_exceptions_alone
    }

    /// The lines, in input order.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The line at this index.
    pub fn entry(&self, index: u32) -> &Entry {
        &self.entries[index as usize]
    }

    /// The lists that lines and references name, by their numbers.
    pub fn lists(&self) -> &[Listed] {
        &self.lists
    }

    /// The list of this number.
    pub fn list(&self, number: u32) -> &Listed {
        &self.lists[number as usize]
    }

    /// The number of a list, if anything names it.
    pub fn list_number(&self, key: &ListKey) -> Option<u32> {
        self.list_at.get(key).map(|&at| number(at))
    }

    /// The connectors that lines and actions name, by their numbers.
    pub fn connectors(&self) -> &[ConnectorId] {
        &self.connectors
    }

    /// The connector of this number.
    pub fn connector(&self, number: u32) -> &ConnectorId {
        &self.connectors[number as usize]
    }

    /// The line of the connector of this number, if it has one.
    pub fn connector_line(&self, number: u32) -> Option<u32> {
        let id = self.connector(number).as_str();
        self.find(Kind::Connector, None, id)
    }

    /// The line that counts for this key, if there is one.
    pub fn find(&self, kind: Kind, list: Option<&ListKey>, id: &str) -> Option<u32> {
        self.by_key.get(&Key::new(kind, list, id)).copied()
    }

    /// Where in the input a line stands.
    pub fn location(&self, index: u32) -> Location {
        self.lock().location(index as usize)
    }

    /// The lines at these indices, each handed to `take` without its line end.
    pub fn lines(
        &self,
        indices: &[u32],
        mut take: impl FnMut(u32, &[u8]) -> Result<()>,
    ) -> Result<()> {
        let indices = indices.iter().map(|&index| index as usize);
        self.lock()
            .lines(indices, |index, line| take(number(index), line))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Shelf> {
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_exceptions_alone(entries: &[Entry]) -> bool {
    let mut has_any = false;
    entries.iter().all(|entry| {
        has_any |= matches!(entry.what, What::List(..) | What::Item(_));
        matches!(entry.what, What::List(..) | What::Item(_) | What::Details)
    }) && has_any
}

#[derive(Default)]
struct Parts {
    lists: Vec<Listed>,
    list_at: HashMap<ListKey, usize>,
    connectors: Vec<ConnectorId>,
    connector_at: HashMap<ConnectorId, usize>,
    by_key: HashMap<Key, u32>,
}

impl Parts {
    fn list(&mut self, key: ListKey) -> u32 {
        let lists = &mut self.lists;
        number(*self.list_at.entry(key).or_insert_with_key(|key| {
            lists.push(Listed {
                key: key.clone(),
                line: None,
                items: Vec::new(),
                unfit: None,
            });
            lists.len() - 1
        }))
    }

    fn connector(&mut self, id: ConnectorId) -> u32 {
        let connectors = &mut self.connectors;
        number(*self.connector_at.entry(id).or_insert_with_key(|id| {
            connectors.push(id.clone());
            connectors.len() - 1
        }))
    }

    fn entry(&mut self, found: Found, index: u32) -> Entry {
        let what = match found.about {
            About::Rule(lists, connectors, prebuilt) => What::Rule {
                prebuilt,
                lists: lists
                    .into_iter()
                    .map(|(key, ty)| (self.list(key), ty))
                    .collect(),
                connectors: connectors
                    .into_iter()
                    .map(|id| self.connector(id))
                    .collect(),
            },
            About::List(key, ty) => What::List(self.list(key), ty),
            About::Item(key) => What::Item(self.list(key)),
            About::Connector(print) => {
                let id = found.id.as_deref().unwrap_or_default();
                What::Connector(self.connector(ConnectorId::from(id)), print)
            }
            About::Details => What::Details,
            About::Unfit(why, list) => {
                if let Some(list) = list {
                    let at = self.list(list);
                    self.lists[at as usize].unfit = Some(index);
                }
                What::Unfit(why)
            }
        };
        Entry {
            kind: found.kind,
            id: found.id,
            what,
            superseded: None,
            kept: found.kept,
            len: 0,
        }
    }

    /// Takes down where the line is, and that lines of its key before it do not count.
    fn note(&mut self, index: usize, entry: &Entry, before: &mut [Entry]) {
        let index = number(index);
        let id = entry.id.as_deref().unwrap_or_default();
        let key = match &entry.what {
            What::Rule { .. } | What::Connector(..) => Key::new(entry.kind, None, id),
            What::List(list, _) | What::Item(list) => {
                let listed = &mut self.lists[*list as usize];
                if entry.kind == Kind::ExceptionList {
                    listed.line = Some(index);
                } else {
                    listed.items.push(index);
                }
                Key::new(entry.kind, Some(&listed.key), id)
            }
            What::Details | What::Unfit(_) => return,
        };
        if let Some(earlier) = self.by_key.insert(key, index) {
            before[earlier as usize].superseded = Some(index);
        }
    }
}

fn number(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUNDLE: &str = r#"{"rule_id":"r","name":"n","actions":[{"id":"c"}],"exceptions_list":[{"list_id":"l","type":"detection","namespace_type":"single"}]}
{"list_id":"l","name":"x","type":"detection"}
{"item_id":"i","list_id":"l","entries":[]}
{"item_id":"i","list_id":"l","entries":[1]}
{"id":"c","type":"action","attributes":{"name":"slack","actionTypeId":".slack","config":{"a":null}}}
{"id":"d","type":"dashboard","attributes":{}}
nonsense
{"exported_count":4}"#;

    #[test]
    fn lines_are_known_by_what_they_are() {
        let source = Source::reader("bundle", BUNDLE.as_bytes());
        let target = Target::version(9, 1);
        let bundle = Inventory::read(&Reading::default(), vec![source], target).unwrap();
        assert_eq!(bundle.entries().len(), 8);
        assert!(
            matches!(&bundle.entry(0).what, What::Rule { lists, connectors, .. }
            if lists[0].0 == 0 && **connectors == [0])
        );
        let list = bundle.list(0);
        assert_eq!((list.line, &*list.items), (Some(1), &[3][..]));
        assert_eq!(bundle.entry(2).superseded, Some(3));
        assert_eq!(
            bundle.find(Kind::ExceptionItem, Some(&list.key), "i"),
            Some(3)
        );
        assert_eq!(bundle.connector_line(0), Some(4));
        assert!(matches!(bundle.entry(5).what, What::Unfit(_)));
        assert!(matches!(bundle.entry(6).what, What::Unfit(_)));
        assert!(matches!(bundle.entry(7).what, What::Details));
        assert_eq!(bundle.location(6).line, 7);
    }
}
