//! Spaces and bundles in which everything happens that an import knows of: made from a seed, with few ids, so that much meets.

mod spoiled;

use serde_json::{Map, Value, json};

use super::kibana::{Dice, Settings, Version};

/// One space, and what is sent to it.
#[derive(Debug)]
pub(crate) struct Case {
    /// Records that the space has.
    pub(crate) here: Vec<Value>,
    /// Records that another space has.
    pub(crate) elsewhere: Vec<Value>,
    /// Requests, one after another.
    pub(crate) parts: Vec<Part>,
}

/// One request: the lines, and what it may overwrite: rules, exceptions, connectors.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) lines: Vec<String>,
    pub(crate) overwrite: [bool; 3],
}

/// Rules that the server takes for Elastic's own.
const PREBUILT: &str = "r1";

/// A server as cases need it.
pub(crate) fn settings(version: &str) -> Settings {
    Settings {
        spaces: vec!["soc".into(), "emea".into()],
        prebuilt: [(PREBUILT.to_owned(), vec![1, 2])].into(),
        preconfigured: vec![("preset".into(), ".index".into(), "Preset".into())],
        ..Settings::of(version)
    }
}

impl Case {
    /// The case of this seed, for a server of this version.
    pub(crate) fn of(seed: u64, version: Version) -> Self {
        let mut maker = Maker {
            dice: Dice(seed),
            version,
            rules: 0,
        };
        maker.rules = *maker.dice.one(&[3, 6, 6, 70]);
        let here = maker.space();
        let elsewhere = (0..maker.below(4)).map(|_| maker.connector(true)).collect();
        let parts = (0..*maker.dice.one(&[1, 1, 2, 3]))
            .map(|_| maker.part())
            .collect();
        Self {
            here: distinct(here),
            elsewhere: distinct(elsewhere),
            parts,
        }
    }
}

/// The records with each id once: a server that nothing went wrong with.
fn distinct(records: Vec<Value>) -> Vec<Value> {
    let mut seen = Vec::new();
    let name = |record: &Value| {
        ["rule_id", "item_id", "list_id", "namespace_type", "id"].map(|key| {
            record
                .get(key)
                .filter(|_| key != "id" || record.get("attributes").is_some())
                .cloned()
        })
    };
    let is_new = |record: &Value| {
        let name = name(record);
        let is_new = !seen.contains(&name);
        seen.push(name);
        is_new
    };
    let mut is_new = is_new;
    records
        .into_iter()
        .filter(|record| is_new(record))
        .collect()
}

struct Maker {
    dice: Dice,
    version: Version,
    /// How many rules there are to be about.
    rules: u64,
}

const NAMESPACES: [&str; 3] = ["single", "single", "agnostic"];

impl Maker {
    fn below(&mut self, bound: u64) -> u64 {
        self.dice.below(bound)
    }

    fn one_in(&mut self, bound: u64) -> bool {
        self.below(bound) == 0
    }

    fn one(&mut self, of: &[&str]) -> String {
        (*self.dice.one(of)).to_owned()
    }

    fn space(&mut self) -> Vec<Value> {
        let mut records: Vec<Value> = Vec::new();
        for _ in 0..self.below(6) {
            let mut list = self.list();
            list["id"] = json!(list_id(&list));
            records.push(list);
        }
        let lists = records.clone();
        for _ in 0..self.below(10) {
            if let Some(list) = lists.get(usize::try_from(self.below(7)).unwrap()) {
                let mut item = self.item();
                item["list_id"] = list["list_id"].clone();
                item["namespace_type"] = list["namespace_type"].clone();
                records.push(item);
            }
        }
        for _ in 0..self.below(5) {
            records.push(self.connector(true));
        }
        for _ in 0..self.below(self.rules + 1) {
            let mut rule = self.rule();
            stored(&mut rule);
            records.push(rule);
        }
        records
    }

    fn part(&mut self) -> Part {
        let mut lines: Vec<String> = Vec::new();
        let many =
            *self.dice.one(&[4, 8, 14, 20]) + if self.rules > 50 { self.below(90) } else { 0 };
        for _ in 0..many {
            let record = match self.below(20) {
                0..9 => self.rule(),
                9..11 => self.list(),
                11..15 => self.item(),
                15..18 => self.connector(false),
                18 => self.spoiled(),
                _ => {
                    let line = self.odd();
                    lines.push(line);
                    continue;
                }
            };
            // A connector twice fails the whole request, which is soon seen.
            let is_connector = record.get("attributes").is_some();
            let id = format!("\"id\":{},\"references\"", record["id"]);
            if is_connector && lines.iter().any(|line| line.contains(&id)) && !self.one_in(20) {
                continue;
            }
            lines.push(record.to_string());
        }
        let overwrite = [self.one_in(2), self.one_in(2), self.one_in(2)];
        Part { lines, overwrite }
    }

    fn rule(&mut self) -> Value {
        let number = self.below(self.rules);
        let rule_id = format!("r{number}");
        // What a rule says follows from its id but now and then, so that some are as they were.
        let mut own = Dice(if self.one_in(4) {
            self.below(1 << 40)
        } else {
            number
        });
        let mut rule = self.kind(&mut own);
        let members = json!({
            "rule_id": rule_id, "name": own.one(&["one", "two"]), "description": "d", "risk_score": 21, "severity": own.one(&["low", "high"]),
            "immutable": rule_id == PREBUILT,
        });
        extend(&mut rule, members);
        if own.below(3) > 0 {
            rule["enabled"] = json!(own.below(2) == 0);
        }
        // Elastic's own without one are refused.
        if own.below(3) > 0 {
            rule["version"] = json!(1 + own.below(3));
        }
        if own.below(2) == 0 {
            rule["tags"] = own
                .one(&[json!([]), json!(["a"]), json!(["a", "b"])])
                .clone();
        }
        if own.below(6) == 0 && self.version >= Version(8, 13) {
            rule["investigation_fields"] = own
                .one(&[json!(["a"]), json!([]), json!({"field_names": ["a"]})])
                .clone();
        }
        if own.below(6) == 0 {
            rule["note"] = json!("n");
            rule["required_fields"] = json!([{"name": "a", "type": "keyword", "ecs": true}]);
        }
        if own.below(3) == 0 {
            rule["id"] = json!(format!("{:08x}-1111-4111-8111-111111111111", own.below(99)));
        }
        let references: Vec<Value> = (0..own.below(3)).map(|_| reference(&mut own)).collect();
        if !references.is_empty() {
            rule["exceptions_list"] = json!(references);
        }
        if own.below(3) == 0 {
            let actions: Vec<Value> = (0..=own.below(3))
                .map(|at| self.action(&mut own, number * 10 + at))
                .collect();
            rule["actions"] = json!(actions);
            if own.below(4) == 0 {
                rule["throttle"] = json!(own.one(&["1h", "rule", "no_actions"]));
            }
        }
        rule
    }

    /// The members that a rule's type is about.
    fn kind(&self, own: &mut Dice) -> Value {
        let kinds = if self.version >= Version(8, 13) {
            12
        } else {
            7
        };
        match own.below(kinds) {
            0 => json!({"type": "eql", "language": "eql", "query": "process where true"}),
            1 => {
                let fields = [json!("a"), json!(["a"]), json!("")];
                json!({"type": "threshold", "query": "*", "threshold": {"field": own.one(&fields), "value": 5}})
            }
            2 => {
                let jobs = [json!("j"), json!(["j"])];
                json!({"type": "machine_learning", "anomaly_threshold": 50, "machine_learning_job_id": own.one(&jobs)})
            }
            3 => json!({"type": "saved_query", "saved_id": "s"}),
            4 => {
                json!({"type": "threat_match", "query": "*", "threat_query": "*", "threat_index": ["t-*"],
                "threat_mapping": [{"entries": [{"field": "a", "type": "mapping", "value": "b"}]}]})
            }
            7 => json!({"type": "esql", "language": "esql", "query": "from a metadata _id"}),
            8 => {
                json!({"type": "new_terms", "query": "*", "new_terms_fields": ["a"], "history_window_start": "now-7d"})
            }
            9 => json!({"type": "query", "query": "*", "alert_suppression": {"group_by": ["a"]}}),
            10 => {
                json!({"type": "query", "index": ["a-*"], "filters": [{"meta": {"negate": true}}], "odd_key": 1})
            }
            _ => json!({"type": "query", "query": own.one(&["*", "a: b"])}),
        }
    }

    fn action(&self, own: &mut Dice, number: u64) -> Value {
        let id = *own.one(&[
            "c0",
            "c0",
            "c1",
            "c2",
            "c3",
            "preset",
            "gone",
            "system-connector-.cases",
            "Odd_Id",
        ]);
        let mut action = json!({"id": id, "action_type_id": ".slack", "params": {"message": "m"}});
        if !id.starts_with("system") {
            action["group"] = json!(if own.below(12) == 0 { "odd" } else { "default" });
        }
        if self.version >= Version(8, 8) {
            if own.below(6) > 0 {
                let number = if own.below(20) == 0 { 0 } else { number };
                action["uuid"] = json!(format!("{number:08x}-2222-4222-8222-222222222222"));
            }
            if own.below(2) == 0 && !id.starts_with("system") {
                action["frequency"] = json!({"summary": true, "notifyWhen": "onThrottleInterval", "throttle": own.one(&["1h", "1d", "1m"])});
            }
        }
        action
    }

    fn list(&mut self) -> Value {
        let mut list = json!({"list_id": self.one(&["l0", "l1", "l2", "l3"]), "name": self.one(&["one", "two"]), "description": "d",
            "type": self.one(&["detection", "detection", "detection", "rule_default"])});
        let namespace = self.one(&NAMESPACES);
        list["namespace_type"] = json!(namespace);
        if self.one_in(4) {
            list["version"] = json!(2);
        }
        list
    }

    fn item(&mut self) -> Value {
        let mut item = json!({"item_id": self.one(&["i0", "i1", "i2", "i3", "i4"]), "list_id": self.one(&["l0", "l1", "l2", "l3"]),
            "name": self.one(&["one", "two"]), "description": "d", "type": "simple",
            "entries": [{"field": "host.name", "operator": "included", "type": "match", "value": self.one(&["a", "b"])}]});
        let namespace = self.one(&NAMESPACES);
        item["namespace_type"] = json!(namespace);
        if self.one_in(5) {
            item["comments"] = json!([{"comment": "why"}]);
        }
        item
    }

    /// A connector; one that is stored may have been made from another.
    fn connector(&mut self, is_stored: bool) -> Value {
        let id = self.one(&["c0", "c1", "c2", "c3", "c4", "preset", "Odd_Id"]);
        let id = if is_stored && id == "preset" {
            "c5".into()
        } else {
            id
        };
        let mut connector = json!({"id": id, "type": "action", "attributes": {"actionTypeId": ".slack", "name": format!("Connector {id}"),
            "isMissingSecrets": self.one_in(2), "config": {}, "secrets": {}}, "references": [], "coreMigrationVersion": "8.8.0"});
        if self.one_in(3) {
            connector["originId"] = json!(self.one(&["c0", "c1", "c3", "c9"]));
        }
        connector
    }
}

fn extend(rule: &mut Value, members: Value) {
    let Value::Object(members) = members else {
        unreachable!()
    };
    let all: &mut Map<String, Value> = rule.as_object_mut().unwrap();
    all.extend(members);
}

/// Makes of a rule's line one that a server has: with an object id of its own, and without what it would have refused.
fn stored(rule: &mut Value) {
    let members = rule.as_object_mut().unwrap();
    members.remove("throttle");
    members.remove("id");
    match members.get("investigation_fields") {
        Some(Value::Array(names)) if names.is_empty() => _ = members.remove("investigation_fields"),
        Some(Value::Array(names)) => {
            let fields = json!({"field_names": names});
            members.insert("investigation_fields".into(), fields);
        }
        _ => {}
    }
    let actions = members.get_mut("actions").and_then(Value::as_array_mut);
    for (at, action) in actions.into_iter().flatten().enumerate() {
        if action.get("group").is_some() {
            action["group"] = json!("default");
        }
        if action["frequency"]["throttle"] == "1m" {
            action["frequency"]["throttle"] = json!("1h");
        }
        if action["uuid"] == json!(format!("{:08x}-2222-4222-8222-222222222222", 0)) {
            action["uuid"] = json!(format!("{at:08x}-3333-4333-8333-333333333333"));
        }
    }
}

/// The object id of a stored list, so that rules can refer to it as servers do.
fn list_id(list: &Value) -> String {
    format!(
        "{}-{}",
        list["list_id"].as_str().unwrap(),
        list["namespace_type"].as_str().unwrap()
    )
}

fn reference(own: &mut Dice) -> Value {
    let mut reference = json!({"list_id": own.one(&["l0", "l1", "l2", "l3", "l9", "endpoint_list"]),
        "type": own.one(&["detection", "detection", "detection", "rule_default"]), "namespace_type": own.one(&NAMESPACES)});
    reference["id"] = json!(list_id(&reference));
    reference
}
