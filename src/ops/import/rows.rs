//! The lines of a bundle as an import knows them, packed: what many of them have in common is kept once, and none has memory of its own.

use std::collections::HashMap;

use hashbrown::HashTable;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::super::model::Kept;
use super::inventory::{Entry, What, Word};
use crate::bundle::Fingerprint;
use crate::error::{Error, Result};
use crate::record::Kind;

/// Lines, in input order.
#[derive(Debug, Default)]
pub(super) struct Rows {
    packed: Vec<Packed>,
    /// All ids, one after another.
    ids: String,
    /// The lists that rules refer to, rule by rule.
    lists: Vec<(u32, Word)>,
    /// The connectors that rules act through, rule by rule.
    connectors: Vec<u32>,
    prints: Vec<Fingerprint>,
    words: Vec<Box<str>>,
    word_at: HashMap<Box<str>, u32>,
    /// The line that counts of each key.
    by_key: HashTable<u32>,
}

/// A line.
#[derive(Debug)]
struct Packed {
    kept: Kept,
    id: Part,
    len: u32,
    superseded: u32,
    row: Row,
    kind: Kind,
}

/// No line, and no id.
const NONE: u32 = u32::MAX;

/// Some of what stands in a row of many: where it begins, and how many it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part(u32, u32);

/// What counts of a line, by numbers.
#[derive(Debug, Clone, Copy)]
pub(super) enum Row {
    Rule {
        lists: Part,
        connectors: Part,
        prebuilt: Option<bool>,
    },
    List(u32, Word),
    Item(u32),
    /// With the number of its print.
    Connector(u32, u32),
    Details,
    Unfit(Word),
}

impl Part {
    fn of<T>(self, all: &[T]) -> &[T] {
        let start = self.0 as usize;
        &all[start..start + self.1 as usize]
    }

    /// The part that so many more would be of what has so many.
    fn after(before: usize, more: usize) -> Result<Self> {
        let end = u32::try_from(before + more).ok().filter(|end| *end != NONE);
        match (end, u32::try_from(before)) {
            (Some(end), Ok(start)) => Ok(Self(start, end - start)),
            _ => Err(Error::refused("more than 4 GiB of ids in one bundle")),
        }
    }
}

impl Packed {
    fn id<'i>(&self, ids: &'i str) -> Option<&'i str> {
        let start = self.id.0 as usize;
        (self.id.1 != NONE).then(|| &ids[start..start + self.id.1 as usize])
    }

    /// The kind, the list and the id that it is known by; none where lines of its sort have no key.
    fn key<'i>(&self, ids: &'i str) -> Option<(Kind, Option<u32>, &'i str)> {
        let id = self.id(ids).unwrap_or_default();
        match self.row {
            Row::Rule { .. } | Row::Connector(..) => Some((self.kind, None, id)),
            Row::List(list, _) | Row::Item(list) => Some((self.kind, Some(list), id)),
            Row::Details | Row::Unfit(_) => None,
        }
    }
}

fn hash((kind, list, id): (Kind, Option<u32>, &str)) -> u64 {
    let seed = (u64::from(list.unwrap_or(NONE)) << 8) | kind as u64;
    xxh3_64_with_seed(id.as_bytes(), seed)
}

impl Rows {
    pub(super) fn len(&self) -> usize {
        self.packed.len()
    }

    /// A rule by the lists it refers to, with their types, and the connectors that it acts through.
    pub(super) fn rule(
        &mut self,
        lists: &[(u32, Box<str>)],
        connectors: &[u32],
        prebuilt: Option<bool>,
    ) -> Result<Row> {
        let row = Row::Rule {
            lists: Part::after(self.lists.len(), lists.len())?,
            connectors: Part::after(self.connectors.len(), connectors.len())?,
            prebuilt,
        };
        for (list, ty) in lists {
            let ty = self.known(ty);
            self.lists.push((*list, ty));
        }
        self.connectors.extend(connectors);
        Ok(row)
    }

    pub(super) fn list(&mut self, list: u32, ty: &str) -> Row {
        Row::List(list, self.known(ty))
    }

    pub(super) fn connector(&mut self, connector: u32, print: Fingerprint) -> Row {
        self.prints.push(print);
        Row::Connector(connector, number(self.prints.len() - 1))
    }

    pub(super) fn unfit(&mut self, why: &str) -> Row {
        Row::Unfit(self.known(why))
    }

    /// Adds the next line; a line of its key before it does not count any more.
    pub(super) fn push(
        &mut self,
        kind: Kind,
        id: Option<&str>,
        kept: Kept,
        row: Row,
    ) -> Result<()> {
        let mut at = Part::after(self.ids.len(), id.map_or(0, str::len))?;
        match id {
            Some(id) => self.ids.push_str(id),
            None => at.1 = NONE,
        }
        let index = number(self.len());
        self.packed.push(Packed {
            kept,
            id: at,
            len: 0,
            superseded: NONE,
            row,
            kind,
        });
        let Self {
            packed,
            ids,
            by_key,
            ..
        } = self;
        let key = |index: u32| packed[index as usize].key(ids);
        let Some(own) = key(index) else {
            return Ok(());
        };
        let earlier = by_key.find_mut(hash(own), |&it| key(it) == Some(own));
        if let Some(earlier) = earlier {
            let before = std::mem::replace(earlier, index);
            packed[before as usize].superseded = index;
        } else {
            let hash_of = |&it: &u32| key(it).map_or(0, hash);
            by_key.insert_unique(hash(own), index, hash_of);
        }
        Ok(())
    }

    /// Takes down how long each line is, and gives back memory that is of no use when all lines are there.
    pub(super) fn finish(&mut self, len: impl Fn(usize) -> usize) {
        for (index, packed) in self.packed.iter_mut().enumerate() {
            packed.len = number(len(index));
        }
        self.word_at = HashMap::new();
    }

    pub(super) fn is_superseded(&self, index: u32) -> bool {
        self.packed[index as usize].superseded != NONE
    }

    pub(super) fn entry(&self, index: u32) -> Entry<'_> {
        let packed = &self.packed[index as usize];
        Entry {
            kind: packed.kind,
            id: packed.id(&self.ids),
            what: match packed.row {
                Row::Rule {
                    lists,
                    connectors,
                    prebuilt,
                } => What::Rule {
                    lists: lists.of(&self.lists),
                    connectors: connectors.of(&self.connectors),
                    prebuilt,
                },
                Row::List(list, ty) => What::List(list, self.word(ty)),
                Row::Item(list) => What::Item(list),
                Row::Connector(connector, print) => {
                    What::Connector(connector, self.prints[print as usize])
                }
                Row::Details => What::Details,
                Row::Unfit(why) => What::Unfit(self.word(why)),
            },
            superseded: (packed.superseded != NONE).then_some(packed.superseded),
            kept: packed.kept,
            len: packed.len,
        }
    }

    pub(super) fn word(&self, word: Word) -> &str {
        &self.words[word.0 as usize]
    }

    /// The line that counts of this key.
    pub(super) fn find(&self, kind: Kind, list: Option<u32>, id: &str) -> Option<u32> {
        let key = (kind, list, id);
        let is_it = |&it: &u32| self.packed[it as usize].key(&self.ids) == Some(key);
        self.by_key.find(hash(key), is_it).copied()
    }

    /// The number of a text, which it gets now if it has none.
    fn known(&mut self, text: &str) -> Word {
        if let Some(&number) = self.word_at.get(text) {
            return Word(number);
        }
        let new = number(self.words.len());
        self.words.push(text.into());
        self.word_at.insert(text.into(), new);
        Word(new)
    }
}

fn number(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(NONE)
}
