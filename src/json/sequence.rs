//! The members of an object or the elements of an array: spans over a text, and the changes laid on top.
//!
//! What lies between two items (white space, commas) is copied with them. An item that is added is set off as the first
//! two are set off from each other.

use super::scan::{self, JsonError};
use super::text;

/// Where one member or element stands in the text, in bytes.
#[derive(Debug, Clone, Copy)]
struct Item {
    /// The key's opening quote, or the element itself.
    start: u32,
    /// The key's closing quote; equals `start` for an element.
    key_end: u32,
    /// The value.
    value: u32,
    end: u32,
    /// What is quick to compare of the key, see [`tag`].
    tag: u16,
}

/// The tag of a key with escapes, which tell nothing before they are decoded.
const ESCAPED: u16 = u16::MAX;

/// Length and first byte of a key: keys that differ in these are different, and most do.
#[inline]
fn tag(key: &[u8]) -> u16 {
    let len = u8::try_from(key.len()).unwrap_or(u8::MAX - 1);
    u16::from_be_bytes([
        len.min(u8::MAX - 1),
        key.first().copied().unwrap_or_default(),
    ])
}

/// An item that is not in the text.
#[derive(Debug)]
struct Added {
    /// The key as JSON, or nothing for an element.
    key: Box<str>,
    /// None when it was removed again.
    value: Option<Box<str>>,
}

#[derive(Debug)]
pub(super) struct Sequence<'a> {
    text: &'a str,
    items: Vec<Item>,
    /// New text of an item's value, or none if it is removed; in no order, at most one for an item.
    changes: Vec<(usize, Option<Box<str>>)>,
    added: Vec<Added>,
}

impl<'a> Sequence<'a> {
    /// Reads the object that `text` holds.
    pub(super) fn object(text: &'a str) -> Result<Self, JsonError> {
        Self::parse(text, b'{', b'}', 48, |bytes, at| {
            let key = scan::key(bytes, at)?;
            let end = scan::value(bytes, key.value)?;
            Ok(Item {
                start: span(at),
                key_end: span(key.text.end - 1),
                value: span(key.value),
                end: span(end),
                tag: if key.text.escaped {
                    ESCAPED
                } else {
                    tag(&bytes[key.start..key.text.end - 1])
                },
            })
        })
    }

    /// Reads the array that `text` holds.
    pub(super) fn array(text: &'a str) -> Result<Self, JsonError> {
        Self::parse(text, b'[', b']', 0, |bytes, at| {
            let end = scan::value(bytes, at)?;
            Ok(Item {
                start: span(at),
                key_end: span(at),
                value: span(at),
                end: span(end),
                tag: 0,
            })
        })
    }

    fn parse(
        text: &'a str,
        open: u8,
        close: u8,
        capacity: usize,
        item: impl Fn(&[u8], usize) -> Result<Item, JsonError>,
    ) -> Result<Self, JsonError> {
        let bytes = text.as_bytes();
        if u32::try_from(bytes.len()).is_err() {
            return Err(scan::error(0, "a value longer than 4 GiB"));
        }
        let mut at = scan::space(bytes, 0);
        if bytes.get(at) != Some(&open) {
            return Err(scan::expected(
                bytes,
                at,
                if open == b'{' {
                    "an object"
                } else {
                    "an array"
                },
            ));
        }
        at = scan::space(bytes, at + 1);
        let mut items = Vec::with_capacity(capacity);
        if bytes.get(at) != Some(&close) {
            loop {
                let next = item(bytes, at)?;
                items.push(next);
                at = scan::space(bytes, next.end as usize);
                match bytes.get(at) {
                    Some(b',') => at = scan::space(bytes, at + 1),
                    Some(b) if *b == close => break,
                    _ if close == b'}' => {
                        return Err(scan::expected(bytes, at, "`,` or `}` after a member"));
                    }
                    _ => return Err(scan::expected(bytes, at, "`,` or `]` after an element")),
                }
            }
        }
        match scan::space(bytes, at + 1) {
            rest if rest == bytes.len() => Ok(Self {
                text,
                items,
                changes: Vec::new(),
                added: Vec::new(),
            }),
            rest => Err(scan::expected(bytes, rest, "the end after the value")),
        }
    }

    /// The text it was read from.
    pub(super) fn text(&self) -> &'a str {
        self.text
    }

    /// How many items there are or were, removed ones included; indices run up to here.
    pub(super) fn len(&self) -> usize {
        self.items.len() + self.added.len()
    }

    /// The current value of item `index`, as JSON; none if it is removed.
    pub(super) fn value(&self, index: usize) -> Option<&str> {
        match self.items.get(index) {
            Some(item) => match self.changes.iter().find(|(changed, _)| *changed == index) {
                Some((_, value)) => value.as_deref(),
                None => Some(self.original(*item)),
            },
            None => self.added.get(index - self.items.len())?.value.as_deref(),
        }
    }

    fn original(&self, item: Item) -> &'a str {
        &self.text[item.value as usize..item.end as usize]
    }

    /// The key of item `index`, quotes not included, and whether it has escapes.
    pub(super) fn key(&self, index: usize) -> (&str, bool) {
        match self.items.get(index) {
            Some(item) => (
                &self.text[item.start as usize + 1..item.key_end as usize],
                item.tag == ESCAPED,
            ),
            None => {
                let key = &self.added[index - self.items.len()].key;
                (&key[1..key.len() - 1], key.contains('\\'))
            }
        }
    }

    /// The last item of this key that is not removed.
    pub(super) fn find(&self, key: &str) -> Option<usize> {
        let of_added = self.added.iter().rposition(|added| {
            let spelt = &added.key[1..added.key.len() - 1];
            added.value.is_some() && (spelt == key || text::decoded(spelt) == key)
        });
        if let Some(index) = of_added {
            return Some(self.items.len() + index);
        }
        let tag = tag(key.as_bytes());
        let like = |item: &Item| item.tag == tag || item.tag == ESCAPED;
        let mut end = self.items.len();
        while let Some(index) = self.items[..end].iter().rposition(like) {
            if self.is(index, key) && self.value(index).is_some() {
                return Some(index);
            }
            end = index;
        }
        None
    }

    /// Removes every item of this key.
    pub(super) fn remove_all(&mut self, key: &str) {
        let tag = tag(key.as_bytes());
        for index in 0..self.items.len() {
            let found = self.items[index].tag;
            if (found == tag || found == ESCAPED) && self.is(index, key) {
                self.remove(index);
            }
        }
        for added in &mut self.added {
            if text::decoded(&added.key[1..added.key.len() - 1]) == key {
                added.value = None;
            }
        }
    }

    /// Whether an item that was read has this key.
    fn is(&self, index: usize, key: &str) -> bool {
        let (name, escaped) = self.key(index);
        if escaped {
            text::decoded(name) == key
        } else {
            name == key
        }
    }

    /// Gives item `index` a new value. Text equal to what was read is no change.
    pub(super) fn set(&mut self, index: usize, value: Box<str>) {
        let Some(item) = self.items.get(index) else {
            self.added[index - self.items.len()].value = Some(value);
            return;
        };
        let same = self.original(*item) == &*value;
        self.changes.retain(|(changed, _)| *changed != index);
        if !same {
            self.changes.push((index, Some(value)));
        }
    }

    pub(super) fn remove(&mut self, index: usize) {
        match self.items.len() {
            read if index < read => {
                self.changes.retain(|(changed, _)| *changed != index);
                self.changes.push((index, None));
            }
            read => self.added[index - read].value = None,
        }
    }

    /// Adds an item at the end; `key` is JSON, quotes included, or empty for an element.
    pub(super) fn push(&mut self, key: Box<str>, value: Box<str>) {
        self.added.push(Added {
            key,
            value: Some(value),
        });
    }

    /// Whether [`Sequence::write`] would write anything but the text.
    pub(super) fn is_changed(&self) -> bool {
        !self.changes.is_empty() || self.added.iter().any(|added| added.value.is_some())
    }

    /// Where the value of item `index` stands in the text; none if the item was added.
    pub(super) fn span(&self, index: usize) -> Option<std::ops::Range<usize>> {
        self.items
            .get(index)
            .map(|item| item.value as usize..item.end as usize)
    }

    /// Appends the text with its changes.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        if !self.is_changed() {
            return out.extend_from_slice(self.text.as_bytes());
        }
        if self.items.is_empty() {
            return self.write_into_empty(out);
        }
        let head = self.items.first().map_or(0, |item| item.start as usize);
        let tail = self.items.last().map_or(0, |item| item.end as usize);
        let mut order: Vec<usize> = (0..self.changes.len()).collect();
        order.sort_unstable_by_key(|&at| self.changes[at].0);
        out.extend_from_slice(&self.text.as_bytes()[..head]);

        // `from` is the first byte not yet written; an item's separator stands before it and goes with it.
        let mut written = false;
        let mut from = head;
        let copy = |out: &mut Vec<u8>, from: usize, to: usize, written: bool| {
            let from = if written {
                from
            } else {
                from + separator(&self.text[from..to])
            };
            out.extend_from_slice(&self.text.as_bytes()[from..to]);
        };
        for at in order {
            let (index, value) = &self.changes[at];
            let item = self.items[*index];
            let before = if *index == 0 {
                head
            } else {
                self.items[index - 1].end as usize
            };
            if before > from {
                copy(out, from, before, written);
                written = true;
            }
            if let Some(value) = value {
                copy(out, before, item.value as usize, written);
                out.extend_from_slice(value.as_bytes());
                written = true;
            }
            from = item.end as usize;
        }
        if tail > from {
            copy(out, from, tail, written);
            written = true;
        }
        self.write_added(out, written);
        out.extend_from_slice(&self.text.as_bytes()[tail..]);
    }

    /// The text with its changes.
    pub(super) fn to_json(&self) -> Box<str> {
        let mut out = Vec::with_capacity(self.text.len() + 64);
        self.write(&mut out);
        // All pieces are `str`, so nothing is ever lossy here.
        String::from_utf8(out)
            .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into())
            .into()
    }

    fn write_into_empty(&self, out: &mut Vec<u8>) {
        let open = scan::space(self.text.as_bytes(), 0) + 1;
        out.extend_from_slice(&self.text.as_bytes()[..open]);
        self.write_added(out, false);
        out.extend_from_slice(&self.text.as_bytes()[open..]);
    }

    fn write_added(&self, out: &mut Vec<u8>, mut written: bool) {
        let comma = match self.items.as_slice() {
            [first, second, ..] => &self.text[first.end as usize..second.start as usize],
            _ => ",",
        };
        let colon = match self.items.first() {
            Some(first) if first.key_end > first.start => {
                &self.text[first.key_end as usize + 1..first.value as usize]
            }
            _ => ":",
        };
        for added in &self.added {
            let Some(value) = &added.value else { continue };
            if written {
                out.extend_from_slice(comma.as_bytes());
            }
            if !added.key.is_empty() {
                out.extend_from_slice(added.key.as_bytes());
                out.extend_from_slice(colon.as_bytes());
            }
            out.extend_from_slice(value.as_bytes());
            written = true;
        }
    }
}

/// The length of the comma and white space that `text` begins with.
fn separator(text: &str) -> usize {
    let bytes = text.as_bytes();
    let comma = scan::space(bytes, 0);
    if bytes.get(comma) == Some(&b',') {
        scan::space(bytes, comma + 1)
    } else {
        0
    }
}

/// A byte offset as stored; texts over 4 GiB were refused before.
fn span(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}
