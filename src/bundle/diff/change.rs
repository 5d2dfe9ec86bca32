//! What changed between two versions of a record?

use std::borrow::Cow;
use std::collections::{HashMap, VecDeque};
use std::ops::Range;

use similar::{Algorithm, DiffOp, capture_diff_slices};

use crate::bundle::Lens;
use crate::bundle::content::DEEPEST;
use crate::bundle::lens::{Print, View};
use crate::error::PathStep;
use crate::json::{Raw, ValueKind};
use crate::record::Record;

/// One change of a record.
#[derive(Debug, Clone)]
pub struct Change<'r> {
    /// The way to the value, with places in arrays as they are in the old record; an added element stands before that place.
    pub path: Vec<PathStep>,
    /// What became of the value.
    pub edit: Edit<'r>,
}

/// What became of a value. What does not count stands in it as it was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edit<'r> {
    /// It came.
    Add(Raw<'r>),
    /// It went.
    Remove(Raw<'r>),
    /// It became another.
    Replace(Raw<'r>, Raw<'r>),
    /// The element came, and went from another place of its array.
    MoveHere(Raw<'r>),
    /// The element went, and came at another place of its array.
    MoveAway(Raw<'r>),
}

/// What tells an element from others of its array, so that a change in it is shown as one: by the array's name, the way down
/// to what tells. Elements of other arrays are compared in order.
const IDENTITIES: &[(&str, &[&str])] = &[
    ("actions", &["uuid"]),
    ("comments", &["comment"]),
    ("entries", &["field"]),
    ("exceptions_list", &["list_id"]),
    ("references", &["name"]),
    ("related_integrations", &["package"]),
    ("required_fields", &["name"]),
    ("risk_score_mapping", &["field"]),
    ("severity_mapping", &["severity"]),
    ("subtechnique", &["id"]),
    ("technique", &["id"]),
    ("threat", &["tactic", "id"]),
];

/// Members of an object, each with its place in the text, by rising key; of equal keys the last.
type Members<'r> = Vec<(Cow<'r, str>, usize, Raw<'r>)>;

/// What changed from the old record to the new one: nothing exactly if their fingerprints under this lens are equal.
///
/// Fields come in the order of the old record, then those that only the new one has.
pub fn changes<'r>(lens: &Lens, old: &'r Record<'_>, new: &'r Record<'_>) -> Vec<Change<'r>> {
    let kind = old.kind();
    let mut walk = Walk::default();
    walk.objects(
        |key| lens.member(kind, key),
        members(old.members()),
        members(new.members()),
        0,
    );
    walk.changes
}

/// The way so far, and the changes found on it.
#[derive(Default)]
struct Walk<'r> {
    path: Vec<PathStep>,
    changes: Vec<Change<'r>>,
}

impl<'r> Walk<'r> {
    fn note(&mut self, edit: Edit<'r>) {
        let path = self.path.clone();
        self.changes.push(Change { path, edit });
    }

    fn note_at(&mut self, step: impl Into<PathStep>, edit: Edit<'r>) {
        self.path.push(step.into());
        self.note(edit);
        self.path.pop();
    }

    /// Compares two values `depth` levels down.
    fn values(&mut self, view: View<'_>, old: Raw<'r>, new: Raw<'r>, depth: u32) {
        if old.text() == new.text() || view.print(old, depth) == view.print(new, depth) {
            return;
        }
        match (old.kind(), new.kind()) {
            (ValueKind::Object, ValueKind::Object) if depth < DEEPEST => {
                let (old, new) = (members(old.members()), members(new.members()));
                self.objects(|key| view.member(key), old, new, depth);
            }
            (ValueKind::Array, ValueKind::Array) if depth < DEEPEST => {
                self.arrays(view, old, new, depth);
            }
            _ => self.note(Edit::Replace(old, new)),
        }
    }

    fn objects<'l>(
        &mut self,
        view: impl Fn(&str) -> Option<View<'l>>,
        old: Members<'r>,
        new: Members<'r>,
        depth: u32,
    ) {
        let mut both = joined(old, new);
        both.retain(|(key, ..)| view(key).is_some());
        for (key, old, new) in both {
            let Some(view) = view(&key) else { continue };
            self.path.push(PathStep::from(&*key));
            match (old, new) {
                (Some(old), Some(new)) => self.values(view, old, new, depth + 1),
                (Some(old), None) => self.note(Edit::Remove(old)),
                (None, Some(new)) => self.note(Edit::Add(new)),
                (None, None) => {}
            }
            self.path.pop();
        }
    }

    fn arrays(&mut self, view: View<'_>, old: Raw<'r>, new: Raw<'r>, depth: u32) {
        let side = |array: Raw<'r>| {
            let values: Vec<Raw<'r>> = array.elements().collect();
            let prints: Vec<Print> = values
                .iter()
                .map(|value| view.print(*value, depth + 1))
                .collect();
            (values, prints)
        };
        let ((old, old_prints), (new, new_prints)) = (side(old), side(new));
        if view.is_set() {
            let (gone, come) = unmatched(&old_prints, &new_prints);
            for place in gone {
                self.note_at(place, Edit::Remove(old[place]));
            }
            for place in come {
                self.note_at(old.len(), Edit::Add(new[place]));
            }
            return;
        }
        let blocks = blocks(&old_prints, &new_prints);
        // Equal elements on both sides of the change moved. They have no other counterpart.
        let away: Vec<usize> = blocks.iter().flat_map(|(old, _)| old.clone()).collect();
        let here: Vec<usize> = blocks.iter().flat_map(|(_, new)| new.clone()).collect();
        let at = |prints: &[Print], places: &[usize]| -> Vec<Print> {
            places.iter().map(|&place| prints[place]).collect()
        };
        let (gone, come) = unmatched(&at(&old_prints, &away), &at(&new_prints, &here));
        let mut array = Elements {
            view,
            depth: depth + 1,
            is_moved: [vec![true; old.len()], vec![true; new.len()]],
            old,
            new,
        };
        for place in gone {
            array.is_moved[0][away[place]] = false;
        }
        for place in come {
            array.is_moved[1][here[place]] = false;
        }
        for (old, new) in blocks {
            self.block(&array, old, new);
        }
    }

    /// Notes what became of the elements `old`, where the new array has the elements `new`.
    fn block(&mut self, array: &Elements<'_, 'r>, old: Range<usize>, new: Range<usize>) {
        let partners = array.partners(self.identity(), old.clone(), new.clone());
        let mut next = new.start;
        for place in old.clone() {
            let value = array.old[place];
            match partners[place - old.start] {
                Some(partner) => {
                    self.come(array, place, next..partner);
                    next = partner + 1;
                    self.path.push(place.into());
                    self.values(array.view, value, array.new[partner], array.depth);
                    self.path.pop();
                }
                None if array.is_moved[0][place] => self.note_at(place, Edit::MoveAway(value)),
                None => self.note_at(place, Edit::Remove(value)),
            }
        }
        self.come(array, old.end, next..new.end);
    }

    /// Notes the elements of the new array that come before this place of the old one.
    fn come(&mut self, array: &Elements<'_, 'r>, place: usize, new: Range<usize>) {
        for index in new {
            let value = array.new[index];
            let edit = if array.is_moved[1][index] {
                Edit::MoveHere(value)
            } else {
                Edit::Add(value)
            };
            self.note_at(place, edit);
        }
    }

    /// The way to what tells elements of the array here apart.
    fn identity(&self) -> Option<&'static [&'static str]> {
        let Some(PathStep::Key(name)) = self.path.last() else {
            return None;
        };
        let known = IDENTITIES.iter().find(|(array, _)| **array == **name);
        known.map(|(_, way)| *way)
    }
}

/// Two arrays, and which of their elements only moved.
struct Elements<'l, 'r> {
    view: View<'l>,
    /// How many levels down the elements are.
    depth: u32,
    old: Vec<Raw<'r>>,
    new: Vec<Raw<'r>>,
    is_moved: [Vec<bool>; 2],
}

impl<'r> Elements<'_, 'r> {
    /// For each of the elements `old` the one of `new` that it became, in rising order.
    fn partners(
        &self,
        identity: Option<&[&str]>,
        old: Range<usize>,
        new: Range<usize>,
    ) -> Vec<Option<usize>> {
        let class = |value: Raw<'r>| -> Option<(bool, Option<Cow<'r, str>>)> {
            let kind = value.kind();
            let is_object = kind == ValueKind::Object;
            let named = |way: &[&str]| {
                let id = way.iter().try_fold(value, |value, key| value.get(key));
                id.and_then(Raw::as_str)
            };
            (is_object || kind == ValueKind::Array).then(|| (is_object, identity.and_then(named)))
        };
        let mut waiting: HashMap<_, VecDeque<usize>> = HashMap::new();
        for place in new.clone().filter(|&place| !self.is_moved[1][place]) {
            if let Some(class) = class(self.new[place]) {
                waiting.entry(class).or_default().push_back(place);
            }
        }
        let mut next = 0;
        let partner = |place: usize| {
            let class = class(self.old[place]).filter(|_| !self.is_moved[0][place])?;
            let waiting = waiting.get_mut(&class)?;
            while waiting.front().is_some_and(|&front| front < next) {
                waiting.pop_front();
            }
            let partner = waiting.pop_front()?;
            next = partner + 1;
            Some(partner)
        };
        let mut partners: Vec<Option<usize>> = old.clone().map(partner).collect();
        self.fill(&mut partners, old, new);
        partners
    }

    /// Pairs elements whose ids differ, where between two pairs as many went as came, and they are alike.
    fn fill(&self, partners: &mut [Option<usize>], old: Range<usize>, new: Range<usize>) {
        let pairs = old.clone().zip(&*partners);
        let mut pairs: Vec<(usize, usize)> = pairs
            .filter_map(|(place, partner)| Some((place, (*partner)?)))
            .collect();
        pairs.push((old.end, new.end));
        let (mut old_from, mut new_from) = (old.start, new.start);
        for (old_end, new_end) in pairs {
            let gone = (old_from..old_end).filter(|&place| !self.is_moved[0][place]);
            let come = (new_from..new_end).filter(|&place| !self.is_moved[1][place]);
            if gone.clone().count() == come.clone().count() {
                for (gone, come) in gone.zip(come) {
                    if are_alike(self.old[gone], self.new[come]) {
                        partners[gone - old.start] = Some(come);
                    }
                }
            }
            (old_from, new_from) = (old_end + 1, new_end + 1);
        }
    }
}

/// Whether two objects have more than half of their members in common.
fn are_alike(old: Raw<'_>, new: Raw<'_>) -> bool {
    let both = joined(members(old.members()), members(new.members()));
    let is_same = |old: &Raw<'_>, new: &Raw<'_>| old.text() == new.text();
    let same = both
        .iter()
        .filter(|(_, old, new)| {
            old.as_ref()
                .zip(new.as_ref())
                .is_some_and(|(old, new)| is_same(old, new))
        })
        .count();
    same * 2 > both.len()
}

fn members<'r>(all: impl Iterator<Item = (Cow<'r, str>, Raw<'r>)>) -> Members<'r> {
    let mut members: Members<'r> = all
        .enumerate()
        .map(|(place, (key, value))| (key, place, value))
        .collect();
    members.sort_by(|a, b| a.0.cmp(&b.0).then(b.1.cmp(&a.1)));
    members.dedup_by(|later, first| later.0 == first.0);
    members
}

/// Each key with its values, in the order of the old object, then those that only the new one has, in its order.
fn joined<'r>(
    old: Members<'r>,
    new: Members<'r>,
) -> Vec<(Cow<'r, str>, Option<Raw<'r>>, Option<Raw<'r>>)> {
    let mut both = Vec::with_capacity(old.len());
    let mut new = new.into_iter().peekable();
    for (key, place, value) in old {
        while let Some((key, place, value)) = new.next_if(|other| other.0 < key) {
            both.push(((1, place), (key, None, Some(value))));
        }
        let partner = new.next_if(|other| other.0 == key);
        let partner = partner.map(|(.., value)| value);
        both.push(((0, place), (key, Some(value), partner)));
    }
    both.extend(new.map(|(key, place, value)| ((1, place), (key, None, Some(value)))));
    both.sort_by_key(|(order, _)| *order);
    both.into_iter().map(|(_, member)| member).collect()
}

/// The runs of elements that differ between two arrays, in order: places in the old one, and in the new one.
fn blocks(old: &[Print], new: &[Print]) -> Vec<(Range<usize>, Range<usize>)> {
    let blocks = capture_diff_slices(Algorithm::Myers, old, new);
    let mut joined: Vec<(Range<usize>, Range<usize>)> = Vec::new();
    for op in blocks {
        if matches!(op, DiffOp::Equal { .. }) {
            continue;
        }
        let (old, new) = (op.old_range(), op.new_range());
        match joined.last_mut() {
            Some(last) if last.0.end == old.start && last.1.end == new.start => {
                last.0.end = old.end;
                last.1.end = new.end;
            }
            _ => joined.push((old, new)),
        }
    }
    joined
}

/// The places of those that the other side has not, or has less often; of equal ones the first are matched.
fn unmatched(old: &[Print], new: &[Print]) -> (Vec<usize>, Vec<usize>) {
    let less = |one: &[Print], other: &[Print]| {
        let mut left: HashMap<Print, usize> = HashMap::new();
        for print in other {
            *left.entry(*print).or_default() += 1;
        }
        let is_unmatched = |print: &Print| match left.get_mut(print) {
            Some(count) if *count > 0 => {
                *count -= 1;
                false
            }
            _ => true,
        };
        let mut is_unmatched = is_unmatched;
        (0..one.len())
            .filter(|&place| is_unmatched(&one[place]))
            .collect()
    };
    (less(old, new), less(new, old))
}
