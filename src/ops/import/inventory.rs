//! What does a bundle hold, as far as its import depends on it? Little more than its ids in memory, whatever the lines weigh.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::super::model::{Kept, is_artifact};
use super::line::{About, Found};
use super::rows::{Row, Rows};
use crate::bundle::{Fingerprint, Shelf};
use crate::error::{Location, Result};
use crate::pipeline::Reading;
use crate::record::{ConnectorId, Kind, ListKey, Record};
use crate::schema::Target;
use crate::stream::Source;

/// A bundle that is to be imported, each line at hand and each known by what it is.
///
/// Takes about a hundred bytes of memory a line, beside its id.
#[derive(Debug)]
pub struct Inventory {
    /// The version of the server that it is for.
    pub target: Target,
    shelf: Mutex<Shelf>,
    rows: Rows,
    lists: Vec<Listed>,
    list_at: HashMap<ListKey, usize>,
    connectors: Vec<ConnectorId>,
    is_exceptions_alone: bool,
}

/// One line.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'b> {
    /// What the import takes it for.
    pub kind: Kind,
    /// The id that people know it by.
    pub id: Option<&'b str>,
    /// What else counts.
    pub what: What<'b>,
    /// The line that has the same key and comes later, and so is the one that counts.
    pub superseded: Option<u32>,
    /// What it leaves in the space.
    pub kept: Kept,
    /// The length of the line in bytes, without its line end.
    pub len: u32,
}

/// What counts of a line, by kind. Numbers are those of [`Inventory::list`] and [`Inventory::connector`].
#[derive(Debug, Clone, Copy)]
pub enum What<'b> {
    /// A rule, with the lists it refers to and the connectors that its actions go through, in their order.
    Rule {
        /// The lists, with the type that the rule says they have, which is one of [`Inventory::word`].
        lists: &'b [(u32, Word)],
        /// The connectors.
        connectors: &'b [u32],
        /// Whether the line says that it is one of Elastic's own, and whether it then has the `version` that an import needs.
        prebuilt: Option<bool>,
    },
    /// An exception list of this type.
    List(u32, &'b str),
    /// An item of a list.
    Item(u32),
    /// A connector, by what it says beside its secrets.
    Connector(u32, Fingerprint),
    /// A line that closes an export.
    Details,
    /// A line that is never sent, and why.
    Unfit(&'b str),
}

/// A text that many lines have, by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Word(pub(super) u32);

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

impl Listed {
    /// Whether it is a list of endpoint artifacts, which no import of rules takes.
    pub fn is_artifact(&self) -> bool {
        is_artifact(self.key.id.as_str())
    }
}

impl Inventory {
    /// Reads a bundle for a server of this version. A line that cannot be read is unfit, and no error.
    ///
    /// Fails where an input cannot be read, and where ids or references are more than can be numbered (4 GiB of ids).
    pub fn read(reading: &Reading, sources: Vec<Source<'_>>, target: Target) -> Result<Self> {
        let mut parts = Parts::default();
        let work = |record: &Record<'_>| Found::of(record, target);
        let shelf = Shelf::fill(reading, sources, work, |_, _, found| {
            parts.add(found.unwrap_or_else(|error| Found::unfit(error.to_string())))
        })?;
        let Parts {
            mut rows,
            mut lists,
            list_at,
            connectors,
            ..
        } = parts;
        rows.finish(|index| shelf.line_len(index));
        for list in &mut lists {
            list.items.retain(|&item| !rows.is_superseded(item));
        }
        let mut inventory = Self {
            target,
            shelf: Mutex::new(shelf),
            rows,
            lists,
            list_at,
            connectors,
            is_exceptions_alone: false,
        };
        inventory.is_exceptions_alone = inventory.has_exceptions_alone();
        Ok(inventory)
    }

    fn has_exceptions_alone(&self) -> bool {
        let is_exception = |what| matches!(what, What::List(..) | What::Item(_));
        let mut has_any = false;
        self.entries().all(|entry| {
            has_any |= is_exception(entry.what);
            is_exception(entry.what) || matches!(entry.what, What::Details)
        }) && has_any
    }

    /// Whether it has exception lists and items and nothing else, so that it goes through the import of exceptions.
    pub fn is_exceptions_alone(&self) -> bool {
        self.is_exceptions_alone
    }

    /// How many lines it has.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether it has no line.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The lines, in input order.
    pub fn entries(&self) -> impl Iterator<Item = Entry<'_>> {
        (0..number(self.len())).map(|index| self.entry(index))
    }

    /// The line at this index.
    pub fn entry(&self, index: u32) -> Entry<'_> {
        self.rows.entry(index)
    }

    /// The text of a word.
    pub fn word(&self, word: Word) -> &str {
        self.rows.word(word)
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
        let list = match list {
            Some(key) => Some(self.list_number(key)?),
            None => None,
        };
        self.rows.find(kind, list, id)
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

#[derive(Default)]
struct Parts {
    rows: Rows,
    lists: Vec<Listed>,
    list_at: HashMap<ListKey, usize>,
    connectors: Vec<ConnectorId>,
    connector_at: HashMap<ConnectorId, usize>,
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

    /// Adds the next line; lines of its key before it do not count any more.
    fn add(&mut self, found: Found) -> Result<()> {
        let index = number(self.rows.len());
        let id = found.id.as_deref();
        let row = match found.about {
            About::Rule(lists, connectors, prebuilt) => {
                let lists: Vec<(u32, Box<str>)> = lists
                    .into_iter()
                    .map(|(key, ty)| (self.list(key), ty))
                    .collect();
                let connectors = connectors.into_iter().map(|id| self.connector(id));
                let connectors: Vec<u32> = connectors.collect();
                self.rows.rule(&lists, &connectors, prebuilt)?
            }
            About::List(key, ty) => {
                let list = self.list(key);
                self.lists[list as usize].line = Some(index);
                self.rows.list(list, &ty)
            }
            About::Item(key) => {
                let list = self.list(key);
                self.lists[list as usize].items.push(index);
                Row::Item(list)
            }
            About::Connector(print) => {
                let id = ConnectorId::from(id.unwrap_or_default());
                let connector = self.connector(id);
                self.rows.connector(connector, print)
            }
            About::Details => Row::Details,
            About::Unfit(why, list) => {
                if let Some(list) = list {
                    let at = self.list(list);
                    self.lists[at as usize].unfit = Some(index);
                }
                self.rows.unfit(&why)
            }
        };
        self.rows.push(found.kind, id, found.kept, row)
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
        assert_eq!(bundle.len(), 8);
        assert!(
            matches!(&bundle.entry(0).what, What::Rule { lists, connectors, .. }
            if lists[0].0 == 0 && *connectors == [0])
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
