//! Which record of one bundle is which of the other?

use crate::bundle::key::{hash, of};
use crate::bundle::{Fingerprint, Lens};
use crate::record::{Kind, Record};

/// What is remembered of a record until it is known whether it must be read again.
///
/// Ids are kept as 128 bits of their hash, so that an entry has one size whatever its id.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    pub(super) kind: Kind,
    /// Whether the comparison is to show it.
    pub(super) chosen: bool,
    pub(super) print: Fingerprint,
    key: Key,
}

#[derive(Debug, Clone, Copy)]
enum Key {
    /// The record's id, and for an item a second one, which holds whatever list it belongs to.
    Id(u128, Option<u128>),
    /// No id: the content is all there is to know it by.
    None,
}

/// A record on both sides, or on one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pair {
    /// The places of the records among the entries of each side.
    pub(super) old: Option<u32>,
    pub(super) new: Option<u32>,
}

impl Entry {
    pub(super) fn of(record: &Record<'_>, lens: &Lens, chosen: bool) -> Self {
        let item = || {
            (record.kind() == Kind::ExceptionItem)
                .then(|| record.str("item_id").map(|item| hash(&("item", item))))
                .flatten()
        };
        let key = of(record).map_or(Key::None, |id| Key::Id(id, item()));
        Self {
            kind: record.kind(),
            chosen,
            print: lens.fingerprint(record),
            key,
        }
    }

    /// Gives a details line the only id it has: which of its bundle it is.
    pub(super) fn number(&mut self, nth: u64) {
        self.key = Key::Id(hash(&("details", nth)), None);
    }

    fn id(&self) -> u128 {
        match self.key {
            Key::Id(id, _) => id,
            Key::None => hash(&("content", self.print)),
        }
    }

    fn has_id(&self) -> bool {
        matches!(self.key, Key::Id(..))
    }

    fn item(&self) -> Option<u128> {
        match self.key {
            Key::Id(_, item) => item,
            Key::None => None,
        }
    }
}

/// Every record of both sides, once: in the order of the old side, then what only the new one has, in its order.
///
/// Records of one id are one. Where an id occurs more than once, records that are equal are paired first, and the rest in order.
/// An item that has no partner in its list is paired with one of its `item_id` in another.
pub(super) fn pairs(old: &[Entry], new: &[Entry]) -> Vec<Pair> {
    let sides = [old, new];
    let all = sides.map(|side| (0..).zip(side).map(|(place, _)| place).collect());
    let mut found = Vec::with_capacity(old.len().max(new.len()));
    let rest = meet(sides, all, &mut found, |entry| Some(entry.id()));
    let [rest_old, rest_new] = meet(sides, rest, &mut found, Entry::item);
    let one_sided = rest_old
        .into_iter()
        .map(|old| (Some(old), None))
        .chain(rest_new.into_iter().map(|new| (None, Some(new))));
    let mut pairs: Vec<Pair> = found
        .into_iter()
        .map(|(old, new)| (Some(old), Some(new)))
        .chain(one_sided)
        .map(|(old, new)| Pair { old, new })
        .collect();
    pairs.sort_unstable_by_key(|pair| (pair.old.is_none(), pair.old, pair.new));
    pairs
}

/// How many ids occur more than once on a side, and the place of the first record whose id occurred before.
pub(super) fn repeated(side: &[Entry]) -> Option<(u64, usize)> {
    let mut ids: Vec<(u128, usize)> = side
        .iter()
        .enumerate()
        .filter(|(_, entry)| entry.has_id() && entry.chosen)
        .map(|(place, entry)| (entry.id(), place))
        .collect();
    ids.sort_unstable();
    let repeats = ids
        .chunk_by(|a, b| a.0 == b.0)
        .filter_map(|group| group.get(1));
    repeats.fold(None, |found, &(_, place)| {
        let (count, first) = found.unwrap_or((0, place));
        Some((count + 1, first.min(place)))
    })
}

/// Pairs the records of both sides that agree in `by`, and gives back those left over.
fn meet(
    sides: [&[Entry]; 2],
    places: [Vec<u32>; 2],
    found: &mut Vec<(u32, u32)>,
    by: fn(&Entry) -> Option<u128>,
) -> [Vec<u32>; 2] {
    let mut left = [Vec::new(), Vec::new()];
    let mut all: Vec<(u128, usize, u32)> = Vec::new();
    for (side, places) in places.into_iter().enumerate() {
        for place in places {
            match by(&sides[side][place as usize]) {
                Some(key) => all.push((key, side, place)),
                None => left[side].push(place),
            }
        }
    }
    all.sort_unstable();
    for group in all.chunk_by(|a, b| a.0 == b.0) {
        let (old, new) = group.split_at(group.partition_point(|one| one.1 == 0));
        if let ([old], [new]) = (old, new) {
            found.push((old.2, new.2));
            continue;
        }
        let [old, new] = [old, new].map(|group| group.iter().map(|one| one.2).collect());
        let [old, new] = equal(sides, [old, new], found);
        let many = old.len().min(new.len());
        found.extend(old.iter().copied().zip(new.iter().copied()));
        left[0].extend(&old[many..]);
        left[1].extend(&new[many..]);
    }
    left
}

/// Pairs records that are equal, and gives back the others in order.
fn equal(
    sides: [&[Entry]; 2],
    places: [Vec<u32>; 2],
    found: &mut Vec<(u32, u32)>,
) -> [Vec<u32>; 2] {
    let mut all: Vec<(Fingerprint, usize, u32)> = Vec::new();
    for (side, places) in places.into_iter().enumerate() {
        let print = |place: u32| sides[side][place as usize].print;
        all.extend(places.into_iter().map(|place| (print(place), side, place)));
    }
    all.sort_unstable();
    let mut left = [Vec::new(), Vec::new()];
    for group in all.chunk_by(|a, b| a.0 == b.0) {
        let (old, new) = group.split_at(group.partition_point(|one| one.1 == 0));
        let many = old.len().min(new.len());
        found.extend(old.iter().zip(new).map(|(old, new)| (old.2, new.2)));
        left[0].extend(old[many..].iter().map(|one| one.2));
        left[1].extend(new[many..].iter().map(|one| one.2));
    }
    left.map(|mut left| {
        left.sort_unstable();
        left
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundle::Fields;

    fn entries(lines: &[&str]) -> Vec<Entry> {
        let lens = Lens::new(Fields::Owned, []).unwrap();
        lines
            .iter()
            .map(|line| Entry::of(&Record::parse(line, 0).unwrap(), &lens, true))
            .collect()
    }

    fn paired(old: &[&str], new: &[&str]) -> Vec<(Option<u32>, Option<u32>)> {
        pairs(&entries(old), &entries(new))
            .into_iter()
            .map(|pair| (pair.old, pair.new))
            .collect()
    }

    const R: &str = r#"{"rule_id":"r"}"#;
    const R1: &str = r#"{"rule_id":"r","n":1}"#;
    const R2: &str = r#"{"rule_id":"r","n":2}"#;

    #[test]
    fn pairs_by_id_whatever_the_order() {
        let old = [
            R,
            r#"{"list_id":"r"}"#,
            r#"{"type":"action","id":"r","attributes":{}}"#,
        ];
        let new = [old[2], r#"{"list_id":"r","n":1}"#, r#"{"rule_id":"s"}"#, R1];
        assert_eq!(
            paired(&old, &new),
            [
                (Some(0), Some(3)),
                (Some(1), Some(1)),
                (Some(2), Some(0)),
                (None, Some(2))
            ]
        );
    }

    #[test]
    fn the_namespace_tells_lists_and_items_apart() {
        let one = r#"{"list_id":"l","item_id":"i"}"#;
        let other = r#"{"list_id":"l","item_id":"i","namespace_type":"agnostic"}"#;
        assert_eq!(
            paired(&[one, other], &[other, one]),
            [(Some(0), Some(1)), (Some(1), Some(0))]
        );
        assert_eq!(
            paired(
                &[r#"{"list_id":"l"}"#],
                &[r#"{"list_id":"l","namespace_type":"agnostic"}"#]
            ),
            [(Some(0), None), (None, Some(0))]
        );
    }

    #[test]
    fn finds_an_item_again_in_another_list() {
        let item = |list: &str, id: &str| format!(r#"{{"list_id":"{list}","item_id":"{id}"}}"#);
        let old = [item("a", "i"), item("a", "j")];
        let new = [item("b", "j"), item("b", "i"), item("a", "i")];
        assert_eq!(
            paired(&[&old[0], &old[1]], &[&new[0], &new[1], &new[2]]),
            [(Some(0), Some(2)), (Some(1), Some(0)), (None, Some(1))]
        );
    }

    #[test]
    fn pairs_equal_ones_first_where_an_id_is_repeated() {
        assert_eq!(
            paired(&[R1, R2, R], &[R2, R1]),
            [(Some(0), Some(1)), (Some(1), Some(0)), (Some(2), None)]
        );
        assert_eq!(
            paired(&[R1, R2], &[R2, R]),
            [(Some(0), Some(1)), (Some(1), Some(0))]
        );
        assert_eq!(repeated(&entries(&[R1, "{}", "{}", R2, R])), Some((1, 3)));
        assert_eq!(repeated(&entries(&[R1, "{}", "{}"])), None);
    }

    #[test]
    fn knows_records_without_id_by_their_content_alone() {
        let (one, two) = (r#"{"a":1}"#, r#"{"a":2}"#);
        assert_eq!(
            paired(&[one, two, one], &[two, r#"{ "a":1.0}"#]),
            [(Some(0), Some(1)), (Some(1), Some(0)), (Some(2), None)]
        );
    }
}
