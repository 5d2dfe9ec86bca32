//! The laws of `split` over generated bundles, checked from the lines that come out and nothing that the planner says.
//!
//! A case is a bundle: shared and agnostic lists, one `list_id` in both namespaces, references into nowhere, records twice,
//! records of no kind, lines that are no records, and limits so small that little fits. `RULEFERRY_CASES=4000` makes it 10⁵.

#![cfg(test)]

#[path = "support/hostile.rs"]
#[expect(dead_code, reason = "the choices alone are needed")]
mod hostile;
#[path = "support/parts.rs"]
mod parts;

use std::collections::{BTreeMap, BTreeSet};

use hostile::Choices;
use parts::{Seen, Sort, bundle, details, limits, sizes, tied};
use proptest::prelude::*;
use proptest::test_runner::Config;
use ruleferry::bundle::split::{By, Cut, Limits, Needed, Origin, Split};
use ruleferry::pipeline::{OnError, Reading};
use ruleferry::stream::Source;

fn cases() -> Config {
    let asked = std::env::var("RULEFERRY_CASES")
        .ok()
        .and_then(|cases| cases.parse::<u32>().ok());
    Config {
        cases: asked.map_or(10_000, |asked| asked * 25),
        failure_persistence: None,
        ..Config::default()
    }
}

fn is_over(sizes: [u64; 4], limits: Limits) -> bool {
    let most = [
        limits.bytes,
        limits.rules,
        limits.exceptions,
        limits.connectors,
    ];
    sizes.iter().zip(most).any(|(found, most)| *found > most)
}

fn cut(lines: &[String], limits: Limits, by: Option<By>, jobs: usize) -> Cut {
    let text = lines.join("\r\n") + "\r\n";
    let split = Split {
        reading: Reading {
            jobs,
            batch_bytes: 256,
            ..Reading::default()
        },
        on_error: OnError::Keep,
        limits,
        by,
    };
    let sources = vec![Source::reader("bundle", text.as_bytes())];
    split.read(sources, &mut |_, _| Ok(())).unwrap()
}

fn texts(cut: &mut Cut) -> Vec<String> {
    let count = cut.plan.parts.len();
    let part = |part| {
        let mut bytes = Vec::new();
        cut.write(part, &mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
    };
    (0..count).map(part).collect()
}

/// What came out of one case.
struct Case<'c> {
    input: &'c [Seen<'c>],
    /// The places in the input of each part's lines.
    parts: Vec<Vec<usize>>,
    unfit: BTreeSet<usize>,
    limits: Limits,
    plan: &'c ruleferry::bundle::split::Plan,
}

impl Case<'_> {
    fn part(&self, place: usize) -> Option<usize> {
        self.parts.iter().position(|part| part.contains(&place))
    }

    /// The first line that fits.
    fn find(&self, is: impl Fn(&Seen<'_>) -> bool) -> Option<usize> {
        self.input.iter().position(is)
    }

    /// The connectors without secrets in the bundle that a rule acts through.
    fn secretless(&self, rule: &Seen<'_>) -> BTreeSet<String> {
        let lacks = |id: &String| {
            let mut same = self.input.iter().enumerate();
            same.any(|(place, one)| {
                one.lacks_secrets()
                    && one.connector().as_ref() == Some(id)
                    && !self.unfit.contains(&place)
            })
        };
        rule.connectors().filter(lacks).collect()
    }

    fn union_is_the_input(&self) {
        let mut all: Vec<usize> = self.parts.concat();
        all.extend(&self.unfit);
        all.sort_unstable();
        let expected: Vec<usize> = (0..self.input.len())
            .filter(|&place| self.input[place].sort() != Sort::Details)
            .collect();
        assert_eq!(all, expected);
    }

    fn ties_hold_and_only_what_is_too_much_is_unfit(&self) {
        let sets = tied(self.input, |one| one.ties.clone());
        for set in sets {
            let lines: Vec<&Seen<'_>> = set.iter().map(|&place| &self.input[place]).collect();
            if lines[0].sort() == Sort::Details {
                continue;
            }
            let parts: BTreeSet<Option<usize>> =
                set.iter().map(|&place| self.part(place)).collect();
            assert_eq!(parts.len(), 1, "{lines:#?}");
            let is_over = is_over(sizes(lines.iter().copied()), self.limits);
            assert_eq!(set.iter().all(|place| self.unfit.contains(place)), is_over);
        }
    }

    fn needs_come_first_and_are_told(&self) {
        for (number, part) in self.parts.iter().enumerate() {
            let mut needs: BTreeSet<(String, Option<usize>)> = BTreeSet::new();
            for &place in part {
                let rule = &self.input[place];
                let lists = rule.lists().filter_map(|list| {
                    let line = self
                        .find(|one| one.sort() != Sort::Rule && one.list().as_ref() == Some(&list));
                    Some((list, line?))
                });
                let connectors = rule.connectors().filter_map(|id| {
                    let line = self.find(|one| one.connector().as_ref() == Some(&id));
                    Some((format!("connector {id}"), line?))
                });
                for (name, place) in lists.chain(connectors) {
                    let from = self.part(place);
                    assert!(
                        from.is_none_or(|from| from <= number),
                        "{name} in {from:?}, needed in {number}"
                    );
                    if from != Some(number) {
                        needs.insert((name, from));
                    }
                }
            }
            let told = self.plan.parts[number].needs.iter();
            let told: Vec<(String, Option<usize>)> = told
                .map(|need| {
                    let name = match &need.what {
                        Needed::List(list) => {
                            format!("list {} {}", list.id.as_str(), list.namespace.name())
                        }
                        Needed::Connector(id) => format!("connector {}", id.as_str()),
                    };
                    match need.from {
                        Origin::Part(part) => (name, Some(part)),
                        Origin::Unfit(_) => (name, None),
                    }
                })
                .collect();
            assert_eq!(told.len(), needs.len());
            assert_eq!(BTreeSet::from_iter(told), needs);
        }
    }

    fn connectors_without_secrets_are_seen_to(&self) {
        for (part, planned) in self.parts.iter().zip(&self.plan.parts) {
            let lines = part.iter().map(|&place| &self.input[place]);
            let has_line = lines.clone().any(|one| one.connector().is_some());
            let mut secrets = BTreeSet::new();
            if !has_line {
                lines.for_each(|one| secrets.extend(self.secretless(one)));
            }
            let told = planned.secrets.iter().map(|id| id.as_str().to_owned());
            assert_eq!(told.collect::<BTreeSet<_>>(), secrets);
        }
    }

    /// Without groups, rules that share connectors and whatever they need go into one part if one can hold them.
    fn rules_stay_with_their_connectors(&self) {
        let clusters = tied(self.input, |one| {
            let mut ties = one.ties.clone();
            ties.extend(
                self.secretless(one)
                    .iter()
                    .map(|id| format!("{:?} {id}", Some("action"))),
            );
            ties
        });
        for cluster in clusters {
            let rules: Vec<usize> = cluster
                .iter()
                .copied()
                .filter(|place| {
                    self.input[*place].sort() == Sort::Rule && !self.unfit.contains(place)
                })
                .collect();
            let has_actions = rules
                .iter()
                .any(|&place| !self.secretless(&self.input[place]).is_empty());
            if !has_actions {
                continue;
            }
            let names: BTreeSet<String> = rules
                .iter()
                .flat_map(|&place| {
                    let rule = &self.input[place];
                    let actions = rule
                        .connectors()
                        .map(|id| format!("{:?} {id}", Some("action")));
                    rule.lists().chain(actions)
                })
                .collect();
            let needed = tied(self.input, |one| one.ties.clone());
            let needed = needed.into_iter().filter(|set| {
                set.iter().any(|&place| {
                    let one = &self.input[place];
                    rules.contains(&place) || one.ties.iter().any(|tie| names.contains(tie))
                })
            });
            let all: BTreeSet<usize> = needed
                .flatten()
                .filter(|place| !self.unfit.contains(place))
                .collect();
            if is_over(
                sizes(all.iter().map(|&place| &self.input[place])),
                self.limits,
            ) {
                continue;
            }
            let parts: BTreeSet<Option<usize>> =
                rules.iter().map(|&place| self.part(place)).collect();
            assert_eq!(parts.len(), 1, "{rules:?}");
        }
    }
}

fn check(seed: u64) {
    let mut choices = Choices::of(seed);
    let lines = bundle(&mut choices);
    let limits = limits(&mut choices);
    let by = [
        None,
        None,
        Some(By::Tag),
        Some(By::Severity),
        Some(By::Type),
    ][choices.below(5)];
    let mut whole = cut(&lines, limits, by, 1);
    let written = texts(&mut whole);
    let input: Vec<Seen<'_>> = lines.iter().map(|line| Seen::of(line)).collect();
    let place_of: BTreeMap<&str, usize> = lines
        .iter()
        .enumerate()
        .map(|(place, line)| (line.as_str(), place))
        .collect();
    let mut parts = Vec::new();
    for (text, planned) in written.iter().zip(&whole.plan.parts) {
        let body: Vec<&str> = text.strip_suffix('\n').unwrap().split('\n').collect();
        let (closing, body) = body.split_last().unwrap();
        let places: Vec<usize> = body.iter().map(|line| place_of[line]).collect();
        let sorts: Vec<Sort> = places.iter().map(|&place| input[place].sort()).collect();
        assert_eq!(*closing, details(&sorts));
        let sizes = sizes(places.iter().map(|&place| &input[place]));
        assert_eq!(
            (sizes[0], planned.bytes),
            (text.len() as u64, text.len() as u64)
        );
        assert!(
            !is_over(sizes, limits) && !places.is_empty(),
            "{limits:?} {text}"
        );
        assert!(places.is_sorted(), "{places:?}");
        parts.push(places);
    }
    let unfit = whole
        .plan
        .unfit
        .iter()
        .flat_map(|unfit| unfit.records.iter().copied());
    let case = Case {
        input: &input,
        parts,
        unfit: unfit.collect(),
        limits,
        plan: &whole.plan,
    };
    case.union_is_the_input();
    case.ties_hold_and_only_what_is_too_much_is_unfit();
    case.needs_come_first_and_are_told();
    case.connectors_without_secrets_are_seen_to();
    if by.is_none() {
        case.rules_stay_with_their_connectors();
    }
    let names: BTreeSet<String> = (0..written.len())
        .map(|part| whole.plan.file_name(part))
        .collect();
    assert_eq!(names.len(), written.len());
    if seed.is_multiple_of(16) {
        assert_eq!(texts(&mut cut(&lines, limits, by, 3)), written);
    }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn parts_are_the_bundle_and_each_imports_by_itself(seed: u64) {
        check(seed);
    }
}
