//! The laws of `split` over generated bundles, checked from the lines that come out and nothing that the planner says.
//!
//! A case is a bundle: shared and agnostic lists, one `list_id` in both namespaces, references into nowhere, records twice,
//! records of no kind, lines that are no records, and limits so small that little fits. `RULEFERRY_CASES=4000` makes it 10⁵.

#![cfg(test)]

#[path = "support/hostile.rs"]
#[expect(dead_code, reason = "the choices alone are needed")]
mod hostile;

use std::collections::{BTreeMap, BTreeSet};

use hostile::Choices;
use proptest::prelude::*;
use proptest::test_runner::Config;
use ruleferry::bundle::split::{By, Cut, Limits, Needed, Origin, Split};
use ruleferry::pipeline::{OnError, Reading};
use ruleferry::stream::Source;
use serde_json::Value;

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

/// A bundle, each of whose lines is unlike the others.
fn bundle(choices: &mut Choices) -> Vec<String> {
    let count = choices.below(30);
    (0..count).map(|number| line(choices, number)).collect()
}

fn line(choices: &mut Choices, number: usize) -> String {
    let pad = "x".repeat(choices.below(5) * choices.below(60));
    let end = format!(r#""n":{number},"pad":"{pad}"}}"#);
    let id = |choices: &mut Choices, of: &[&str]| choices.one(of).to_owned();
    match choices.below(16) {
        0 => format!("no record {number}"),
        1 => format!(r#"{{"neither":1,{end}"#),
        2 => format!(r#"{{"exported_count":{number}}}"#),
        3 => {
            let ty = id(choices, &["action", "action", "tag"]);
            let missing = id(choices, &["true", "false", "null"]);
            let id = id(choices, &["c0", "c1", "c2", "c3", "c4", "c5"]);
            format!(
                r#"{{"type":"{ty}","id":"{id}","attributes":{{"isMissingSecrets":{missing}}},{end}"#
            )
        }
        4 => format!(
            r#"{{"type":"action","id":"c{}","attributes":{{}},{end}"#,
            choices.below(9)
        ),
        5 | 6 => {
            let list = id(choices, &LISTS);
            format!("{{{list},{end}")
        }
        7 => format!(r#"{{"item_id":"i{}",{end}"#, choices.below(3)),
        8 | 9 => {
            let list = id(choices, &LISTS);
            format!(
                r#"{{{list},"item_id":"i{}","entries":[],{end}"#,
                choices.below(9)
            )
        }
        _ => rule(choices, &end),
    }
}

const LISTS: [&str; 6] = [
    r#""list_id":"l0""#,
    r#""list_id":"l0","namespace_type":"single""#,
    r#""list_id":"l0","namespace_type":"agnostic""#,
    r#""list_id":"l1","namespace_type":"agnostic""#,
    r#""list_id":"l2""#,
    r#""list_id":"l3","namespace_type":"single""#,
];

fn rule(choices: &mut Choices, end: &str) -> String {
    let lists: Vec<String> = (0..choices.below(3))
        .map(|_| match choices.below(5) {
            0 => r#"{"list_id":"nowhere"}"#.to_owned(),
            _ => format!("{{{}}}", choices.one(&LISTS)),
        })
        .collect();
    let actions: Vec<String> = (0..choices.below(4))
        .map(|_| format!(r#"{{"id":"c{}"}}"#, choices.below(7)))
        .collect();
    let id = match choices.below(12) {
        0 => r#""type":"query""#.to_owned(),
        1 => r#""rule_id":7"#.to_owned(),
        _ => format!(r#""rule_id":"r{}""#, choices.below(40)),
    };
    let tags = choices.one(&[
        "",
        r#""tags":[],"#,
        r#""tags":["a"],"#,
        r#""tags":["b","a"],"#,
    ]);
    let severity = choices.one(&["", r#""severity":"low","#, r#""severity":"high","#]);
    format!(
        r#"{{{id},{tags}{severity}"exceptions_list":[{}],"actions":[{}],{end}"#,
        lists.join(","),
        actions.join(",")
    )
}

fn limits(choices: &mut Choices) -> Limits {
    let mut limit = |small: usize| match choices.below(3) {
        0 => 9_999,
        _ => 1 + choices.below(small) as u64,
    };
    Limits {
        rules: limit(6),
        exceptions: limit(6),
        connectors: limit(4),
        bytes: [700, 1_000, 2_000, 1 << 20][choices.below(4)],
    }
}

/// A line as these tests see it.
#[derive(Debug)]
struct Seen<'l> {
    line: &'l str,
    value: Option<Value>,
    /// What must be in one part with it, whatever else is.
    ties: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sort {
    Rule,
    List,
    Item,
    Connector,
    Other,
    NoRecord,
    Details,
}

impl<'l> Seen<'l> {
    fn of(line: &'l str) -> Self {
        let mut seen = Self {
            line,
            value: serde_json::from_str(line).ok(),
            ties: Vec::new(),
        };
        let text = |key: &str| seen.text(key);
        let mut ties = Vec::new();
        match seen.sort() {
            Sort::Rule => ties.extend(text("rule_id").map(|id| format!("rule {id}"))),
            Sort::List => ties.extend(seen.list()),
            Sort::Item => {
                ties.extend(seen.list());
                let id = text("item_id");
                ties.extend(id.map(|id| format!("item {id} {:?}", text("list_id"))));
            }
            Sort::Connector => ties.extend(text("id").map(|id| format!("{:?} {id}", text("type")))),
            Sort::Other | Sort::NoRecord | Sort::Details => {}
        }
        seen.ties = ties;
        seen
    }

    fn text(&self, key: &str) -> Option<String> {
        Some(self.value.as_ref()?.get(key)?.as_str()?.to_owned())
    }

    fn sort(&self) -> Sort {
        let Some(value) = &self.value else {
            return Sort::NoRecord;
        };
        let has = |key| value.get(key).is_some();
        match () {
            () if has("exported_count") => Sort::Details,
            () if has("item_id") || has("entries") => Sort::Item,
            () if has("list_id") => Sort::List,
            () if has("attributes") => Sort::Connector,
            () if has("rule_id") || has("type") => Sort::Rule,
            () => Sort::Other,
        }
    }

    fn list(&self) -> Option<String> {
        list(self.value.as_ref()?)
    }

    fn elements(&self, key: &str) -> &[Value] {
        let value = self.value.as_ref().filter(|_| self.sort() == Sort::Rule);
        let elements = value.and_then(|value| value.get(key)?.as_array());
        elements.map_or(&[], Vec::as_slice)
    }

    fn lists(&self) -> impl Iterator<Item = String> {
        self.elements("exceptions_list").iter().filter_map(list)
    }

    fn connectors(&self) -> impl Iterator<Item = String> {
        let id = |action: &Value| Some(action["id"].as_str()?.to_owned());
        self.elements("actions").iter().filter_map(id)
    }

    /// The id of a connector.
    fn connector(&self) -> Option<String> {
        let is_connector =
            self.sort() == Sort::Connector && self.text("type").as_deref() == Some("action");
        is_connector.then(|| self.text("id"))?
    }

    fn lacks_secrets(&self) -> bool {
        self.connector().is_some()
            && self.value.as_ref().unwrap()["attributes"]["isMissingSecrets"] != Value::Bool(false)
    }
}

fn list(value: &Value) -> Option<String> {
    let namespace = match value.get("namespace_type").and_then(Value::as_str) {
        Some("agnostic") => "agnostic",
        _ => "single",
    };
    Some(format!(
        "list {} {namespace}",
        value.get("list_id")?.as_str()?
    ))
}

/// The counts that limits are about: bytes with the details line, rules, exceptions, connectors.
fn sizes<'s>(lines: impl IntoIterator<Item = &'s Seen<'s>>) -> [u64; 4] {
    let (mut bytes, mut sorts) = (0, Vec::new());
    for seen in lines {
        bytes += seen.line.len() as u64 + 1;
        sorts.push(seen.sort());
    }
    let count = |of: &[Sort]| sorts.iter().filter(|sort| of.contains(sort)).count() as u64;
    bytes += details(&sorts).len() as u64 + 1;
    [
        bytes,
        count(&[Sort::Rule, Sort::Other, Sort::NoRecord]),
        count(&[Sort::List, Sort::Item]),
        count(&[Sort::Connector]),
    ]
}

/// The details line that Kibana 9 would write.
fn details(sorts: &[Sort]) -> String {
    let count = |sort| sorts.iter().filter(|other| **other == sort).count();
    let [rules, lists, items, connectors] =
        [Sort::Rule, Sort::List, Sort::Item, Sort::Connector].map(count);
    let all = rules + lists + items + connectors;
    [
        format!(r#"{{"exported_count":{all},"exported_rules_count":{rules},"#),
        r#""missing_rules":[],"missing_rules_count":0,"#.to_owned(),
        format!(r#""exported_exception_list_count":{lists},"#),
        format!(r#""exported_exception_list_item_count":{items},"#),
        r#""missing_exception_list_item_count":0,"missing_exception_list_items":[],"#.to_owned(),
        r#""missing_exception_lists":[],"missing_exception_lists_count":0,"#.to_owned(),
        format!(r#""exported_action_connector_count":{connectors},"#),
        r#""missing_action_connection_count":0,"missing_action_connections":[],"#.to_owned(),
        r#""excluded_action_connection_count":0,"excluded_action_connections":[]}"#.to_owned(),
    ]
    .concat()
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

/// Lines that are tied together, directly or through others, as sets of their places.
fn tied(seen: &[Seen<'_>], ties: impl Fn(&Seen<'_>) -> Vec<String>) -> Vec<BTreeSet<usize>> {
    let mut sets: Vec<(BTreeSet<String>, BTreeSet<usize>)> = Vec::new();
    for (place, one) in seen.iter().enumerate() {
        let mut joined = (BTreeSet::from_iter(ties(one)), BTreeSet::from([place]));
        let (touched, others) = sets
            .into_iter()
            .partition(|(ties, _)| !ties.is_disjoint(&joined.0));
        sets = others;
        for (ties, places) in touched {
            joined.0.extend(ties);
            joined.1.extend(places);
        }
        sets.push(joined);
    }
    sets.into_iter().map(|(_, places)| places).collect()
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
