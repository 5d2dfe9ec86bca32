//! How do rules get along whose connectors lack secrets? Together, and each part of them with a connector that is new.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, HashMap, VecDeque};

use super::place::Placing;
use super::units::{Size, What};

/// Places the rules of one group whose actions go through connectors that lack secrets.
pub(super) struct Gathering<'g, 'u> {
    placing: &'g mut Placing<'u>,
    /// Connectors that no rule uses.
    spare: &'g mut VecDeque<u32>,
    /// The rules in input order. What follows is by their places in it.
    rules: &'g [u32],
    /// Those whose connectors are all placed.
    ready: BinaryHeap<Reverse<usize>>,
    /// Those of rules that share connectors and are too much for a part.
    waiting: VecDeque<usize>,
    /// Those that a part can hold with their connectors.
    whole: VecDeque<Cluster>,
    /// The waiting rules of each connector.
    users: HashMap<u32, Vec<usize>>,
}

/// Rules that share connectors, with how much they take and bring.
struct Cluster {
    rules: Vec<usize>,
    size: Size,
}

/// Places these rules and all that they need, with as few parts as can be that have no connector.
pub(super) fn gather(placing: &mut Placing<'_>, spare: &mut VecDeque<u32>, rules: &[u32]) {
    let clusters = clusters(placing, rules);
    let mut gathering = Gathering {
        placing,
        spare,
        rules,
        ready: BinaryHeap::new(),
        waiting: VecDeque::new(),
        whole: VecDeque::new(),
        users: HashMap::new(),
    };
    for cluster in clusters {
        gathering.take(cluster);
    }
    gathering.run();
}

/// The rules in sets that share connectors without secrets, by their places.
fn clusters(placing: &Placing<'_>, rules: &[u32]) -> Vec<Vec<usize>> {
    let mut root: Vec<usize> = (0..rules.len()).collect();
    let find = |root: &[usize], mut at: usize| {
        while root[at] != at {
            at = root[at];
        }
        at
    };
    let mut first: HashMap<u32, usize> = HashMap::new();
    for (at, &rule) in rules.iter().enumerate() {
        for need in placing.units.needs(rule) {
            if placing.needs_secrets(need) {
                let other = *first.entry(need).or_insert(at);
                let (a, b) = (find(&root, at), find(&root, other));
                root[a.max(b)] = a.min(b);
                root[at] = a.min(b);
                root[other] = a.min(b);
            }
        }
    }
    let mut sets: Vec<Vec<usize>> = Vec::new();
    let mut set_of: HashMap<usize, usize> = HashMap::new();
    for at in 0..rules.len() {
        let set = *set_of.entry(find(&root, at)).or_insert_with(|| {
            sets.push(Vec::new());
            sets.len() - 1
        });
        sets[set].push(at);
    }
    sets
}

impl Placing<'_> {
    /// Whether this is a connector without the secrets that it needs, and is or will be in a part.
    pub(super) fn needs_secrets(&self, unit: u32) -> bool {
        let one = self.units.unit(unit);
        one.what == What::Connector
            && one.lacks_secrets
            && self.units.is_there(unit)
            && self.part(unit) != Some(super::place::UNFIT)
    }

    /// The connectors that a rule needs and that are in no part yet.
    fn new_connectors(&self, rule: u32) -> Vec<u32> {
        let mut lacking = self.lacking(rule);
        lacking.retain(|&need| self.units.unit(need).what == What::Connector);
        lacking
    }
}

impl Gathering<'_, '_> {
    /// Sorts rules that share connectors in where they belong.
    fn take(&mut self, rules: Vec<usize>) {
        let size = self.size(&rules);
        let brings = |&at: &usize| !self.placing.new_connectors(self.rules[at]).is_empty();
        if rules.iter().any(brings) && self.placing.fits(size) {
            self.whole.push_back(Cluster { rules, size });
            return;
        }
        for at in rules {
            let new = self.placing.new_connectors(self.rules[at]);
            if new.is_empty() {
                self.ready.push(Reverse(at));
            } else {
                self.waiting.push_back(at);
            }
            for connector in new {
                self.users.entry(connector).or_default().push(at);
            }
        }
    }

    /// How much the rules take with all that they need and that is not placed.
    fn size(&self, rules: &[usize]) -> Size {
        let rules = rules.iter().map(|&at| self.rules[at]);
        let mut all: BTreeSet<u32> = BTreeSet::new();
        for rule in rules {
            all.extend(self.placing.lacking(rule));
            all.insert(rule);
        }
        let all: Vec<u32> = all.into_iter().collect();
        self.placing.sum(&all)
    }

    fn run(mut self) {
        let mut by_place = std::mem::take(&mut self.waiting)
            .into_iter()
            .collect::<Vec<_>>();
        by_place.sort_unstable();
        self.waiting = by_place.into();
        if !self.waiting.is_empty() {
            // Each part that is only begun with them costs a connector.
            self.placing.close();
        }
        loop {
            if let Some(Reverse(at)) = self.ready.pop() {
                if !self.placing.is_placed(self.rules[at]) {
                    self.ready(at);
                }
            } else if let Some(at) = self.waiting.pop_front() {
                self.place(&[at]);
            } else {
                break;
            }
        }
        while let Some(cluster) = self.whole.pop_front() {
            let size = self.size(&cluster.rules);
            if !self.placing.has_room(size) {
                self.placing.close();
            }
            self.place(&cluster.rules);
        }
    }

    /// Places a rule whose connectors are all placed; a new connector goes before it where the part has none.
    fn ready(&mut self, at: usize) {
        let rule = self.rules[at];
        let lists = self.placing.lacking(rule);
        let mut size = self.placing.sum(&lists) + self.placing.units.unit(rule).size;
        if !self.placing.fits(size) {
            self.placing.lists(&lists);
            size = self.placing.units.unit(rule).size;
        }
        if !self.placing.has_room(size) {
            self.placing.close();
        }
        if !self.placing.last().is_some_and(|last| last.has_connector) {
            self.bring(size);
        }
        self.place(&[at]);
    }

    /// Places a connector that is new, so that there is still room for `more`: a spare one, that of a rule that waits, or those of
    /// rules that go together.
    fn bring(&mut self, more: Size) {
        let fits = |placing: &Placing<'_>, size: Size| placing.could_take(size + more);
        let unit = |&unit: &u32| fits(self.placing, self.placing.units.unit(unit).size);
        if let Some(spare) = self.spare.iter().position(unit) {
            if let Some(spare) = self.spare.remove(spare) {
                self.placing.together(&[spare]);
            }
            return;
        }
        while let Some(&at) = self.waiting.front() {
            let is_done = self.placing.is_placed(self.rules[at])
                || self.placing.new_connectors(self.rules[at]).is_empty();
            if is_done {
                // It was placed as a ready one, or will be.
                self.waiting.pop_front();
            } else if fits(self.placing, self.size(&[at])) {
                self.waiting.pop_front();
                return self.place(&[at]);
            } else {
                break;
            }
        }
        let cluster = |cluster: &Cluster| fits(self.placing, cluster.size);
        if let Some(cluster) = self.whole.iter().position(cluster)
            && let Some(cluster) = self.whole.remove(cluster)
        {
            self.place(&cluster.rules);
        }
    }

    /// Places rules with what they need. Those that waited for nothing but their connectors are then ready.
    fn place(&mut self, rules: &[usize]) {
        for &at in rules {
            let rule = self.rules[at];
            if self.placing.is_placed(rule) {
                continue;
            }
            let new = self.placing.new_connectors(rule);
            self.placing.rule(rule);
            for connector in new {
                for user in self.users.remove(&connector).unwrap_or_default() {
                    let rule = self.rules[user];
                    let is_ready = self.placing.new_connectors(rule).is_empty();
                    if is_ready && !self.placing.is_placed(rule) {
                        self.ready.push(Reverse(user));
                    }
                }
            }
        }
    }
}
