//! What of a record counts when two are compared?

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};

use xxhash_rust::xxh3::Xxh3;

use super::content::{self, DEEPEST, Fields, Fingerprint, below, is_server_owned};
use crate::error::{Error, Excerpt, Result};
use crate::json::{Raw, ValueKind};
use crate::record::{Kind, Record};

/// Arrays whose order means nothing: any of the values will do, so another order is no change.
///
/// Of all other arrays the order counts, as it does for Kibana 9: a bulk edit that only reorders a rule's tags is an update.
const SETS: &[(Kind, &str)] = &[
    (Kind::ExceptionList, "tags"),
    (Kind::ExceptionList, "os_types"),
    (Kind::ExceptionItem, "tags"),
    (Kind::ExceptionItem, "os_types"),
    (Kind::ExceptionItem, "entries.value"),
    (Kind::ExceptionItem, "entries.entries.value"),
];

/// Which fields of records count in a comparison, and which of their arrays are sets.
///
/// ```
/// use ruleferry::bundle::{Fields, Lens};
/// use ruleferry::record::Record;
///
/// let lens = Lens::new(Fields::Owned, ["actions.uuid"])?;
/// let one = Record::parse(r#"{"rule_id":"r","revision":1,"actions":[{"id":"c","uuid":"a"}]}"#, 0)?;
/// let two = Record::parse(r#"{"rule_id":"r","revision":2,"actions":[{"uuid":"b","id":"c"}]}"#, 0)?;
/// assert_eq!(lens.fingerprint(&one), lens.fingerprint(&two));
/// # Ok::<(), ruleferry::error::Error>(())
/// ```
#[derive(Debug)]
pub struct Lens {
    fields: Fields,
    kinds: [Node; Kind::ALL.len()],
    ignored: Vec<Ignored>,
}

/// A field that does not count, and whether any record had it.
#[derive(Debug)]
struct Ignored {
    path: Box<str>,
    seen: AtomicBool,
}

/// What is special about a field and the fields in it.
#[derive(Debug, Default)]
struct Node {
    /// The ignored paths that this field is on.
    ignored: Vec<usize>,
    is_set: bool,
    members: Vec<(Box<str>, Node)>,
}

/// The lens over one value of a record. An array's elements are seen as the array is.
#[derive(Clone, Copy, Default)]
pub(super) struct View<'l> {
    lens: Option<&'l Lens>,
    node: Option<&'l Node>,
    without: &'static [&'static str],
}

/// What a value says, as a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Print(u128);

impl Lens {
    /// A lens for these fields, without those that the paths lead to.
    ///
    /// A path is names with `.` between them; it goes into the elements of an array by itself, and `[]` may say so. A name with
    /// `.`, `[`, `]` or `"` is written as a JSON string. Fails where a path is none.
    pub fn new<'p>(fields: Fields, ignore: impl IntoIterator<Item = &'p str>) -> Result<Self> {
        let mut paths: Vec<(&str, Vec<String>)> = ignore
            .into_iter()
            .map(|path| Ok((path, names(path)?)))
            .collect::<Result<_>>()?;
        // Those that lead less far come first, so that a path below another is seen to be on it.
        paths.sort_by_key(|(_, names)| names.len());
        let mut kinds: [Node; Kind::ALL.len()] = Default::default();
        for (kind, path) in SETS {
            let names = path.split('.');
            kinds[*kind as usize].at(names).is_set = true;
        }
        for (index, (_, names)) in paths.iter().enumerate() {
            for node in &mut kinds {
                node.at(names.iter().map(String::as_str))
                    .ignored
                    .push(index);
            }
        }
        let ignored = |(path, _): (&str, _)| Ignored {
            path: path.into(),
            seen: AtomicBool::new(false),
        };
        Ok(Self {
            fields,
            kinds,
            ignored: paths.into_iter().map(ignored).collect(),
        })
    }

    /// What counts of a record, as a number: the same for records that differ in nothing that counts.
    pub fn fingerprint(&self, record: &Record<'_>) -> Fingerprint {
        let kind = record.kind();
        let mut hash = Xxh3::new();
        hash.update(&[kind as u8]);
        let members = record
            .members()
            .filter(|(key, _)| self.member(kind, key).is_some());
        content::object(&mut hash, members, &mut |hash, key, value| {
            self.member(kind, key)
                .unwrap_or_default()
                .hash(hash, value, 1);
        });
        Fingerprint(hash.digest128())
    }

    /// The ignored paths that led to no field of any record so far.
    pub fn unseen(&self) -> impl Iterator<Item = &str> {
        self.ignored
            .iter()
            .filter(|ignored| !ignored.seen.load(Ordering::Relaxed))
            .map(|ignored| &*ignored.path)
    }

    /// The view of a record's member; none if it does not count.
    pub(super) fn member(&self, kind: Kind, key: &str) -> Option<View<'_>> {
        let (without, is_owned) = match self.fields {
            Fields::Owned => (below(kind, key), !is_server_owned(kind, key)),
            Fields::All => (&[][..], true),
        };
        let node = self.kinds[kind as usize].member(key);
        // Whether an ignored field is there is of interest even if a Kibana made it.
        let counts = self.counts(node) && is_owned;
        counts.then_some(View {
            lens: Some(self),
            node,
            without,
        })
    }

    fn counts(&self, node: Option<&Node>) -> bool {
        let ignored = node.map_or(&[][..], |node| &node.ignored);
        for &index in ignored {
            let seen = &self.ignored[index].seen;
            // Threads that only read do not slow each other down.
            if !seen.load(Ordering::Relaxed) {
                seen.store(true, Ordering::Relaxed);
            }
        }
        ignored.is_empty()
    }
}

impl Node {
    /// The node that the names lead to, made where it is missing; the first ignored one on the way.
    fn at<'n>(&mut self, names: impl IntoIterator<Item = &'n str>) -> &mut Self {
        let mut node = self;
        for name in names {
            if !node.ignored.is_empty() {
                break;
            }
            let found = node.members.iter().position(|(key, _)| **key == *name);
            let index = found.unwrap_or_else(|| {
                node.members.push((name.into(), Self::default()));
                node.members.len() - 1
            });
            node = &mut node.members[index].1;
        }
        node
    }

    fn member(&self, key: &str) -> Option<&Self> {
        self.members
            .iter()
            .find(|(name, _)| **name == *key)
            .map(|(_, node)| node)
    }
}

impl View<'_> {
    /// The view of a member of the object seen, or of those in the array seen; none if it does not count.
    pub(super) fn member(self, key: &str) -> Option<Self> {
        let lens = self.lens?;
        let node = self.node.and_then(|node| node.member(key));
        let counts = lens.counts(node) && !self.without.contains(&key);
        counts.then_some(Self {
            node,
            without: &[],
            ..self
        })
    }

    /// Whether the order of the array seen means nothing.
    pub(super) fn is_set(self) -> bool {
        self.node.is_some_and(|node| node.is_set)
    }

    /// What counts of a value that lies `depth` levels down in its record, as a number.
    pub(super) fn print(self, value: Raw<'_>, depth: u32) -> Print {
        let mut hash = Xxh3::new();
        self.hash(&mut hash, value, depth);
        Print(hash.digest128())
    }

    fn hash(self, hash: &mut Xxh3, value: Raw<'_>, depth: u32) {
        let is_plain = self.node.is_none() && self.without.is_empty();
        match value.kind() {
            ValueKind::Array if !is_plain && depth < DEEPEST => {
                hash.update(b"[");
                if self.is_set() {
                    let mut prints: Vec<Print> = value
                        .elements()
                        .map(|element| self.print(element, depth + 1))
                        .collect();
                    prints.sort_unstable();
                    for Print(print) in prints {
                        hash.update(&print.to_le_bytes());
                    }
                } else {
                    for element in value.elements() {
                        self.hash(hash, element, depth + 1);
                    }
                }
                hash.update(b"]");
            }
            ValueKind::Object if !is_plain && depth < DEEPEST => {
                let members = value
                    .members()
                    .filter(|(key, _)| self.member(key).is_some());
                content::object(hash, members, &mut |hash, key, value| {
                    self.member(key)
                        .unwrap_or_default()
                        .hash(hash, value, depth + 1);
                });
            }
            _ => content::value(hash, value, depth),
        }
    }
}

impl fmt::Debug for View<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("View").finish_non_exhaustive()
    }
}

/// The names on a path.
fn names(path: &str) -> Result<Vec<String>> {
    let expected = |rest: &str, expected: &str| {
        let at = path.len() - rest.len();
        let found = match rest.chars().next() {
            Some(found) => format!("`{found}`"),
            None => "the end".into(),
        };
        let character = path[..at].chars().count() + 1;
        Error::usage(format!(
            "the path `{path}` must have {expected} at character {character}, found {found}"
        ))
        .showing(Excerpt::of(path, at, at + 1))
    };
    let mut names = Vec::new();
    let mut rest = path;
    loop {
        let end = if rest.starts_with('"') {
            let ends = rest.match_indices('"').skip(1).map(|(at, _)| at + 1);
            let string = |end| Some((end, Raw::parse(&rest[..end]).ok()?.as_str()?));
            let (end, name) = ends
                .into_iter()
                .find_map(string)
                .ok_or_else(|| expected(rest, "a string in quotes"))?;
            names.push(name.into());
            end
        } else {
            let end = rest.find(['.', '[', ']', '"']).unwrap_or(rest.len());
            if end == 0 {
                return Err(expected(rest, "a name"));
            }
            names.push(rest[..end].into());
            end
        };
        rest = &rest[end..];
        while let Some(after) = rest.strip_prefix("[]") {
            rest = after;
        }
        if rest.is_empty() {
            return Ok(names);
        }
        if let Some(place) = rest.strip_prefix('[') {
            // The place of an element is not the same in both files.
            return Err(expected(place, "`]`, for all elements,"));
        }
        rest = rest
            .strip_prefix('.')
            .ok_or_else(|| expected(rest, "`.` or `[]`"))?;
    }
}

#[cfg(test)]
mod tests;
