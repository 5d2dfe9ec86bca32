//! Adds up what records say, in one pass; memory grows with distinct values, lengths and ids, not with text.

use std::collections::{BTreeMap, HashMap};

use ruleferry::error::Location;
use ruleferry::record::{ConnectorId, Counts, Kind, ListKey, Record, RecordKey, recount};

use super::facts::{About, Action, Facts, Tally, Value};
use super::report::{Details, Difference};

/// How often something was seen, and what it is called.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) count: u64,
    pub(super) name: Option<Box<str>>,
}

/// What is known of all records so far.
#[derive(Debug, Default)]
pub(super) struct Summary {
    pub(super) counts: Counts,
    /// How many records have each length, in bytes.
    pub(super) sizes: BTreeMap<usize, u64>,
    pub(super) tallies: [HashMap<Box<str>, Seen>; Tally::COUNT],
    pub(super) actions: HashMap<Box<str>, Seen>,
    pub(super) saved_objects: HashMap<Box<str>, Seen>,
    pub(super) keys: HashMap<RecordKey, u64>,
    /// The lists there are, with their names.
    pub(super) lists: HashMap<ListKey, Box<str>>,
    /// How many rules refer to a list.
    pub(super) list_uses: HashMap<ListKey, u64>,
    /// How many items name a list as theirs.
    pub(super) items: HashMap<ListKey, u64>,
    /// The connectors there are, with name and type.
    pub(super) connectors: HashMap<ConnectorId, (Box<str>, Box<str>)>,
    /// How many actions go through a connector, and their type.
    pub(super) connector_uses: HashMap<ConnectorId, Seen>,
    /// How many items refer to a value list, and its type.
    pub(super) value_lists: HashMap<Box<str>, Seen>,
    pub(super) details: Vec<Details>,
    /// Records since the last details record of this file.
    since: Counts,
    file: Box<str>,
}

impl Summary {
    /// Takes a record down.
    pub(super) fn add(&mut self, location: &Location, facts: Facts) {
        if self.file != location.file {
            self.file.clone_from(&location.file);
            self.since = Counts::default();
        }
        self.counts[facts.kind] += 1;
        *self.sizes.entry(facts.bytes).or_default() += 1;
        if let Some(key) = facts.key {
            *self.keys.entry(key).or_default() += 1;
        }
        match facts.about {
            About::Rule {
                values,
                lists,
                actions,
            } => self.rule(values, lists, actions),
            About::List { key, name } => {
                if let Some(key) = key {
                    self.lists.insert(key, name);
                }
            }
            About::Item { list, value_lists } => {
                if let Some(list) = list {
                    *self.items.entry(list).or_default() += 1;
                }
                for (id, ty) in value_lists {
                    see(&mut self.value_lists, id, Some(ty));
                }
            }
            About::SavedObject { id, name, ty } => {
                if let Some(id) = id {
                    self.connectors.insert(id, (name, ty.clone()));
                }
                see(&mut self.saved_objects, ty, None);
            }
            About::Details(text) => self.details.extend(compare(location, &text, self.since)),
            About::Nothing => {}
        }
        match facts.kind {
            Kind::Details => self.since = Counts::default(),
            kind => self.since[kind] += 1,
        }
    }

    fn rule(&mut self, values: Vec<Value>, lists: Vec<ListKey>, actions: Vec<Action>) {
        for Value { tally, text, name } in values {
            see(&mut self.tallies[tally as usize], text, name);
        }
        for list in lists {
            *self.list_uses.entry(list).or_default() += 1;
        }
        for action in actions {
            if let Some(connector) = action.connector {
                let seen = self.connector_uses.entry(connector).or_default();
                seen.count += 1;
                seen.name.get_or_insert_with(|| action.ty.clone());
            }
            see(&mut self.actions, action.ty, None);
        }
    }
}

fn see(seen: &mut HashMap<Box<str>, Seen>, value: Box<str>, name: Option<Box<str>>) {
    let seen = seen.entry(value).or_default();
    seen.count += 1;
    seen.name = seen.name.take().or(name);
}

/// What a details record says against what was counted; none if the text is no record.
fn compare(location: &Location, text: &str, counted: Counts) -> Option<Details> {
    let stated = Record::parse(text, 0).ok()?;
    let mut right = Record::parse(text, 0).ok()?;
    recount(&mut right, counted);
    let number = |text: &str| text.parse().unwrap_or(0);
    let mut details = Details {
        file: location.file.clone(),
        line: location.line,
        differences: Vec::new(),
        left_out: BTreeMap::new(),
    };
    for ((key, stated), (_, right)) in stated.members().zip(right.members()) {
        if stated != right {
            let difference = Difference {
                key: (*key).into(),
                stated: stated.text().into(),
                counted: number(right.text()),
            };
            details.differences.push(difference);
        }
        let names_gap = (key.starts_with("missing_") || key.starts_with("excluded_"))
            && key.ends_with("_count");
        if names_gap && number(stated.text()) > 0 {
            details
                .left_out
                .insert((*key).into(), number(stated.text()));
        }
    }
    Some(details)
}

#[cfg(test)]
mod tests {
    use super::super::report::Report;
    use super::*;

    /// The report on these lines of one file, as JSON.
    fn stats(lines: &[&str]) -> serde_json::Value {
        let mut summary = Summary::default();
        for (line, number) in lines.iter().zip(1..) {
            let location = Location {
                file: "f".into(),
                line: number,
                ..Location::default()
            };
            summary.add(&location, Facts::of(&Record::parse(line, 0).unwrap()));
        }
        serde_json::to_value(Report::new(summary, vec!["f".into()], 0)).unwrap()
    }

    /// The values under a name, each with its count.
    fn counted(found: &serde_json::Value) -> Vec<(&str, u64)> {
        let entries = found.as_array().unwrap().iter();
        entries
            .map(|entry| {
                let count = entry["count"].as_u64().unwrap();
                (entry["value"].as_str().unwrap(), count)
            })
            .collect()
    }

    #[test]
    fn counts_a_rule_once_for_each_value() {
        let rule = r#"{"rule_id":"r","type":"eql","severity":"low","tags":["b","a","b"],"index":["i*","i*"],
            "threat":[{"tactic":{"id":"TA1","name":"One"},"technique":[{"id":"T1","subtechnique":[{"id":"T1.1"}]}]},
                      {"tactic":{"id":"TA1","name":"Other"},"technique":[{"id":"T1"}]}]}"#;
        let rules = &stats(&[rule, r#"{"rule_id":"s","tags":["b",7],"enabled":true}"#])["rules"];
        assert_eq!(counted(&rules["tags"]), [("b", 2), ("a", 1)]);
        assert_eq!(counted(&rules["index_patterns"]), [("i*", 1)]);
        assert_eq!(counted(&rules["tactics"]), [("TA1", 1)]);
        assert_eq!(rules["tactics"][0]["name"], "One");
        assert_eq!(counted(&rules["techniques"]), [("T1", 1)]);
        assert_eq!(counted(&rules["subtechniques"]), [("T1.1", 1)]);
        assert_eq!(counted(&rules["enabled"]), [("(none)", 1), ("on", 1)]);
        assert_eq!(counted(&rules["sources"]), [("custom", 2)]);
    }

    #[test]
    fn finds_lists_that_are_missing_or_not_used() {
        let found = stats(&[
            r#"{"rule_id":"r","exceptions_list":[{"list_id":"gone"},{"list_id":"here"},{"list_id":"gone"},
                {"list_id":"endpoint_list","namespace_type":"agnostic"}]}"#,
            r#"{"list_id":"here","name":"Here"}"#,
            // Another namespace is another list.
            r#"{"list_id":"gone","namespace_type":"agnostic","name":"Spare"}"#,
            r#"{"item_id":"i","list_id":"here","entries":[{"type":"list","list":{"id":"v","type":"ip"}}]}"#,
            r#"{"item_id":"j","list_id":"lost"}"#,
        ]);
        let found = &found["references"];
        assert_eq!(counted(&found["missing_lists"]), [("gone", 1)]);
        assert_eq!(counted(&found["endpoint_lists"]), [("endpoint_list", 1)]);
        assert_eq!(counted(&found["unused_lists"]), [("gone", 0)]);
        assert_eq!(found["unused_lists"][0]["namespace"], "agnostic");
        assert_eq!(counted(&found["items_without_list"]), [("lost", 1)]);
        assert_eq!(counted(&found["value_lists"]), [("v", 1)]);
    }

    #[test]
    fn tells_missing_connectors_from_system_ones() {
        let found = stats(&[
            r#"{"rule_id":"r","actions":[{"id":"a","action_type_id":".slack"},{"id":"a","action_type_id":".slack"},
                {"id":"b","action_type_id":".email"},{"id":"system-connector-.cases","action_type_id":".cases"}]}"#,
            r#"{"id":"b","type":"action","attributes":{"name":"B","actionTypeId":".email"}}"#,
            r#"{"id":"c","type":"action","attributes":{"name":"C","actionTypeId":".jira"}}"#,
            r#"{"id":"a","type":"dashboard","attributes":{"title":"no connector"}}"#,
        ]);
        assert_eq!(
            counted(&found["actions"]),
            [(".slack", 2), (".cases", 1), (".email", 1)]
        );
        assert_eq!(
            counted(&found["connectors"]),
            [(".email", 1), (".jira", 1), ("dashboard", 1)]
        );
        let found = &found["references"];
        assert_eq!(counted(&found["missing_connectors"]), [("a", 2)]);
        assert_eq!(
            counted(&found["system_connectors"]),
            [("system-connector-.cases", 1)]
        );
        assert_eq!(counted(&found["unused_connectors"]), [("c", 0)]);
    }

    #[test]
    fn names_ids_that_are_there_twice() {
        let rule = r#"{"rule_id":"same"}"#;
        let found = stats(&[
            rule,
            r#"{"list_id":"same"}"#,
            rule,
            r#"{"rule_id":"other"}"#,
        ]);
        let duplicates = &found["references"]["duplicates"];
        assert_eq!(counted(duplicates), [("same", 2)]);
        assert_eq!(duplicates[0]["kind"], "rule");
    }

    #[test]
    fn checks_each_details_record_against_what_came_since_the_last() {
        let rule = r#"{"rule_id":"r"}"#;
        let right = r#"{"exported_count":1,"exported_rules_count":1,"missing_rules_count":2}"#;
        let wrong = r#"{"exported_count":3,"exported_rules_count":1}"#;
        let found = stats(&[rule, right, rule, wrong]);
        let details = &found["details"];
        assert_eq!(details[0]["differences"], serde_json::json!([]));
        assert_eq!(details[0]["left_out"]["missing_rules_count"], 2);
        let difference =
            serde_json::json!([{"key": "exported_count", "stated": "3", "counted": 1}]);
        assert_eq!(details[1]["differences"], difference);
        assert_eq!(details[1]["line"], 4);
    }
}
