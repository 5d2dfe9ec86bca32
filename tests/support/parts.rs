//! Bundles to be cut, and what their lines are to one who knows nothing of the planner.

use std::collections::BTreeSet;

use ruleferry::bundle::split::Limits;
use serde_json::Value;

use super::hostile::Choices;

/// A bundle, each of whose lines is unlike the others.
pub(crate) fn bundle(choices: &mut Choices) -> Vec<String> {
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

pub(crate) fn limits(choices: &mut Choices) -> Limits {
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
pub(crate) struct Seen<'l> {
    pub(crate) line: &'l str,
    pub(crate) value: Option<Value>,
    /// What must be in one part with it, whatever else is.
    pub(crate) ties: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sort {
    Rule,
    List,
    Item,
    Connector,
    Other,
    NoRecord,
    Details,
}

impl<'l> Seen<'l> {
    pub(crate) fn of(line: &'l str) -> Self {
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

    pub(crate) fn sort(&self) -> Sort {
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

    pub(crate) fn list(&self) -> Option<String> {
        list(self.value.as_ref()?)
    }

    fn elements(&self, key: &str) -> &[Value] {
        let value = self.value.as_ref().filter(|_| self.sort() == Sort::Rule);
        let elements = value.and_then(|value| value.get(key)?.as_array());
        elements.map_or(&[], Vec::as_slice)
    }

    pub(crate) fn lists(&self) -> impl Iterator<Item = String> {
        self.elements("exceptions_list").iter().filter_map(list)
    }

    pub(crate) fn connectors(&self) -> impl Iterator<Item = String> {
        let id = |action: &Value| Some(action["id"].as_str()?.to_owned());
        self.elements("actions").iter().filter_map(id)
    }

    /// The id of a connector.
    pub(crate) fn connector(&self) -> Option<String> {
        let is_connector =
            self.sort() == Sort::Connector && self.text("type").as_deref() == Some("action");
        is_connector.then(|| self.text("id"))?
    }

    pub(crate) fn lacks_secrets(&self) -> bool {
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
pub(crate) fn sizes<'s>(lines: impl IntoIterator<Item = &'s Seen<'s>>) -> [u64; 4] {
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
pub(crate) fn details(sorts: &[Sort]) -> String {
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

/// Lines that are tied together, directly or through others, as sets of their places.
pub(crate) fn tied(
    seen: &[Seen<'_>],
    ties: impl Fn(&Seen<'_>) -> Vec<String>,
) -> Vec<BTreeSet<usize>> {
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
