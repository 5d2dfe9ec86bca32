//! How do rules get along whose connectors lack secrets? Together, and each part of them with a connector that is new.

use std::collections::{BTreeSet, HashMap, VecDeque};

use super::place::Placing;
use super::units::{Size, What};

/// Places the rules of one group whose actions go through connectors that lack secrets.
pub(super) struct Gathering<'g, 'u> {
    placing: &'g mut Placing<'u>,
    /// Connectors that no rule uses.
    spare: &'g mut VecDeque<u32>,
    /// The rules in input order. What follows is by their places in it.
    rules: &'g [u32],
    /// Those that share connectors and are too much for a part, with how many connectors of theirs are in no part yet.
    spread: BTreeSet<(usize, usize)>,
    /// The same number, by rule.
    new: Vec<usize>,
    /// Those that a part can hold with their connectors.
    whole: VecDeque<Cluster>,
    /// Those of them for whose part no connector was left, so that it must come after all that have one.
    bare: Vec<usize>,
    /// The rules to be spread that use a connector, of those that are in no part yet.
    users: HashMap<u32, Vec<usize>>,
}

/// Rules that share connectors without secrets, with how much they take and bring.
pub(super) struct Cluster {
    /// Their places among the rules that are gathered.
    rules: Vec<usize>,
    pub(super) size: Size,
}

/// Places these rules and all that they need; `clusters` are theirs.
pub(super) fn gather(
    placing: &mut Placing<'_>,
    spare: &mut VecDeque<u32>,
    rules: &[u32],
    clusters: Vec<Cluster>,
) {
    let mut gathering = Gathering {
        placing,
        spare,
        rules,
        spread: BTreeSet::new(),
        new: vec![0; rules.len()],
        bare: Vec::new(),
        whole: VecDeque::new(),
        users: HashMap::new(),
    };
    for cluster in clusters {
        gathering.take(cluster);
    }
    gathering.run();
}

/// The rules in sets that share connectors without secrets, in the order of the first of each.
pub(super) fn clusters(placing: &Placing<'_>, rules: &[u32]) -> Vec<Cluster> {
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
    let with_size = |set: Vec<usize>| Cluster {
        size: size(placing, rules, &set),
        rules: set,
    };
    sets.into_iter().map(with_size).collect()
}

/// How much the rules at these places take with all that they need and that is not placed.
fn size(placing: &Placing<'_>, rules: &[u32], places: &[usize]) -> Size {
    let mut all: BTreeSet<u32> = BTreeSet::new();
    for &at in places {
        all.extend(placing.lacking(rules[at]));
        all.insert(rules[at]);
    }
    let all: Vec<u32> = all.into_iter().collect();
    placing.sum(&all)
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
    fn take(&mut self, cluster: Cluster) {
        let brings = |&at: &usize| !self.placing.new_connectors(self.rules[at]).is_empty();
        if cluster.rules.iter().any(brings) && self.placing.fits(cluster.size) {
            self.whole.push_back(cluster);
            return;
        }
        for at in cluster.rules {
            let new = self.placing.new_connectors(self.rules[at]);
            self.new[at] = new.len();
            self.spread.insert((new.len(), at));
            for connector in new {
                self.users.entry(connector).or_default().push(at);
            }
        }
    }

    fn size(&self, places: &[usize]) -> Size {
        size(self.placing, self.rules, places)
    }

    /// Places first those that need no new connector, so that new ones are left for the parts to come.
    fn run(mut self) {
        while let Some(&(new, at)) = self.spread.first() {
            if new == 0 {
                self.ready(at);
            } else {
                self.place(&[at]);
            }
        }
        while let Some(cluster) = self.whole.pop_front() {
            let size = self.size(&cluster.rules);
            if !self.placing.has_room(size) {
                self.placing.close();
            }
            self.place(&cluster.rules);
        }
        for at in std::mem::take(&mut self.bare) {
            // There may be room in a part that has a connector.
            self.place(&[at]);
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
        let has_connector = self.placing.last().is_some_and(|last| last.has_connector);
        if has_connector || self.bring(size) {
            self.place(&[at]);
        } else {
            self.spread.remove(&(0, at));
            self.bare.push(at);
        }
    }

    /// Places a connector that is new, so that there is still room for `more`: that of a rule that waits, a spare one, or those of
    /// rules that go together. Whether there was one.
    fn bring(&mut self, more: Size) -> bool {
        let fits = |placing: &Placing<'_>, size: Size| placing.could_take(size + more);
        // Those that wait must come with their own in any case, so the spare ones are kept for when none waits.
        let waiting = self.spread.range((1, 0)..).next().copied();
        if let Some((_, at)) = waiting
            && fits(self.placing, self.size(&[at]))
        {
            self.place(&[at]);
            return true;
        }
        let unit = |&unit: &u32| fits(self.placing, self.placing.units.unit(unit).size);
        let spare = self.spare.iter().position(unit);
        if let Some(spare) = spare.and_then(|place| self.spare.remove(place)) {
            self.placing.together(&[spare]);
            return true;
        }
        let cluster = |cluster: &Cluster| fits(self.placing, cluster.size);
        let cluster = self.whole.iter().position(cluster);
        match cluster.and_then(|place| self.whole.remove(place)) {
            Some(cluster) => self.place(&cluster.rules),
            None => return false,
        }
        true
    }

    /// Places rules with what they need, and takes down that their connectors are new to no rule any more.
    fn place(&mut self, rules: &[usize]) {
        for &at in rules {
            let new = self.placing.new_connectors(self.rules[at]);
            self.spread.remove(&(self.new[at], at));
            self.placing.rule(self.rules[at]);
            for connector in new {
                for user in self.users.remove(&connector).unwrap_or_default() {
                    if self.spread.remove(&(self.new[user], user)) {
                        self.new[user] = self.placing.new_connectors(self.rules[user]).len();
                        self.spread.insert((self.new[user], user));
                    }
                }
            }
        }
    }
}
