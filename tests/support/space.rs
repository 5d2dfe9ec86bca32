//! A Kibana with one space that can be read: what its routes for finding and exporting answer, by a small model of them.

#![allow(dead_code, reason = "each test file uses what it needs")]

use std::collections::BTreeSet;

use ruleferry::json::Object;
use ruleferry::query::Query;
use serde_json::{Value, json};

use crate::server::{Answer, Asked, Server, json as ok, status};

/// What the space holds, and how the server is set up.
#[derive(Debug, Clone)]
pub(crate) struct Space {
    pub(crate) version: &'static str,
    /// Lines of rules, as they are exported.
    pub(crate) rules: Vec<String>,
    pub(crate) lists: Vec<String>,
    pub(crate) items: Vec<String>,
    pub(crate) connectors: Vec<String>,
    pub(crate) preconfigured: Vec<&'static str>,
    /// The most rules that are exported.
    pub(crate) cap: usize,
    /// Whether a list is found by the object id in a rule's reference alone.
    pub(crate) finds_by_id: bool,
}

pub(crate) fn rule(n: usize) -> String {
    let severity = ["low", "high"][n % 2];
    format!(
        r#"{{"id":"o-{n}","rule_id":"r-{n}","name":"Rule {n}","immutable":false,"enabled":{},"tags":["all","t{}"],"risk_score":{n}.0,"severity":"{severity}","exceptions_list":[],"actions":[],"type":"query"}}"#,
        [true, false, false][n % 3],
        n % 3,
    )
}

/// The same rule with a reference to a list.
pub(crate) fn listed(rule: &str, id: &str, list_id: &str) -> String {
    let reference = format!(
        r#""exceptions_list":[{{"id":"{id}","list_id":"{list_id}","type":"detection","namespace_type":"single"}}]"#
    );
    rule.replace(r#""exceptions_list":[]"#, &reference)
}

/// The same rule with an action.
pub(crate) fn acting(rule: &str, connector: &str) -> String {
    let action =
        format!(r#""actions":[{{"id":"{connector}","action_type_id":".slack","params":{{}}}}]"#);
    rule.replace(r#""actions":[]"#, &action)
}

pub(crate) fn list(id: &str, list_id: &str) -> String {
    format!(
        r#"{{"id":"{id}","list_id":"{list_id}","name":"List","namespace_type":"single","type":"detection"}}"#
    )
}

pub(crate) fn item(item_id: &str, list_id: &str) -> String {
    format!(
        r#"{{"id":"i-{item_id}","item_id":"{item_id}","list_id":"{list_id}","namespace_type":"single","entries":[],"type":"simple"}}"#
    )
}

pub(crate) fn connector(id: &str) -> String {
    format!(
        r#"{{"id":"{id}","type":"action","attributes":{{"actionTypeId":".slack","name":"C"}},"references":[]}}"#
    )
}

impl Default for Space {
    /// A space with three rules, a list with an item, and a connector.
    fn default() -> Self {
        Self {
            version: "9.1.0",
            rules: vec![
                acting(&rule(0), "c-1"),
                listed(&rule(1), "l-1", "shared"),
                listed(&acting(&rule(2), "pre"), "l-1", "shared"),
            ],
            lists: vec![list("l-1", "shared")],
            items: vec![item("one", "shared")],
            connectors: vec![connector("c-1")],
            preconfigured: vec!["pre"],
            cap: 10_000,
            finds_by_id: false,
        }
    }
}

fn value(line: &str) -> Value {
    serde_json::from_str(line).unwrap()
}

/// The value of a parameter of the query.
pub(crate) fn parameter(path: &str, name: &str) -> Option<String> {
    let query = path.split_once('?')?.1;
    let found = query
        .split('&')
        .find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))?;
    let bytes = found.replace('+', " ").into_bytes();
    let (mut out, mut at) = (Vec::new(), 0);
    while at < bytes.len() {
        if bytes[at] == b'%' {
            let digits = std::str::from_utf8(&bytes[at + 1..at + 3]).unwrap();
            out.push(u8::from_str_radix(digits, 16).unwrap());
            at += 3;
        } else {
            out.push(bytes[at]);
            at += 1;
        }
    }
    Some(String::from_utf8(out).unwrap())
}

impl Space {
    /// Starts a server with this space as `soc`, where the given requests are answered otherwise.
    pub(crate) fn serve(
        self,
        other: impl Fn(&Asked, usize) -> Option<Answer> + Send + Sync + 'static,
    ) -> Server {
        Server::start(move |asked, before| {
            other(asked, before).unwrap_or_else(|| self.answer(asked))
        })
    }

    fn answer(&self, asked: &Asked) -> Answer {
        let path = asked.path.split('?').next().unwrap();
        let body = || -> Value { serde_json::from_slice(&asked.body).unwrap_or_default() };
        let of = |name: &str| parameter(&asked.path, name);
        match path.trim_start_matches("/s/soc") {
            "/api/status" => ok(&format!(
                r#"{{"version":{{"number":"{}","build_flavor":"traditional"}}}}"#,
                self.version
            )),
            "/api/spaces/space" => ok(r#"[{"id":"default"},{"id":"soc"},{"id":"cust-a"}]"#),
            "/api/detection_engine/rules/_find" => self.find(asked),
            "/api/detection_engine/rules/_export" => self.export(body()["objects"].as_array()),
            "/api/detection_engine/rules/_bulk_action" => {
                let ids = body()["ids"].as_array().cloned().unwrap_or_default();
                assert!(
                    body()["action"] == "export" && ids.len() <= 100,
                    "{asked:?}"
                );
                let chosen = self
                    .rules
                    .iter()
                    .filter(|rule| ids.contains(&value(rule)["id"]));
                self.bundle(&chosen.collect::<Vec<_>>(), &[])
            }
            "/api/detection_engine/rules" => {
                let found = self
                    .rules
                    .iter()
                    .find(|rule| value(rule)["id"] == of("id").unwrap());
                // A rule that is read, not exported, tells of its runs.
                let told = |rule: &String| rule.replacen('{', r#"{"execution_summary":{},"#, 1);
                found.map_or_else(|| missing("rule"), |rule| ok(&told(rule)))
            }
            "/api/exception_lists/_find" => page(&self.lists),
            "/api/exception_lists" => match self.list(&of("list_id").unwrap(), None) {
                Some(list) => ok(list),
                None => missing("list"),
            },
            "/api/exception_lists/_export" => {
                assert_eq!(of("include_expired_exceptions").as_deref(), Some("true"));
                let list_id = of("list_id").unwrap();
                match self.list(&list_id, of("id").as_deref()) {
                    Some(list) => lines(&self.exceptions(list), r#""missing_exception_lists":[]"#),
                    None => status(
                        400,
                        r#"{"message":"exception list does not exist","status_code":400}"#,
                    ),
                }
            }
            "/api/exception_lists/items/_find" => page(&self.items_of(&of("list_id").unwrap())),
            "/api/actions/connectors" => {
                let mut told: Vec<Value> = self
                    .connectors
                    .iter()
                    .map(|line| json!({"id": value(line)["id"], "connector_type_id": ".slack"}))
                    .collect();
                told.extend(
                    self.preconfigured
                        .iter()
                        .map(|id| json!({"id": id, "is_preconfigured": true})),
                );
                ok(&Value::from(told).to_string())
            }
            "/api/saved_objects/_export" => {
                let wanted = body()["objects"].as_array().cloned().unwrap_or_default();
                let ids: Vec<&Value> = wanted.iter().map(|object| &object["id"]).collect();
                let found: Vec<&String> = self
                    .connectors
                    .iter()
                    .filter(|line| ids.contains(&&value(line)["id"]))
                    .collect();
                if found.len() < ids.len() {
                    return status(
                        400,
                        r#"{"statusCode":400,"error":"Bad Request","message":"Error fetching objects to export"}"#,
                    );
                }
                ndjson(joined(found.into_iter()))
            }
            _ => missing("route"),
        }
    }

    fn find(&self, asked: &Asked) -> Answer {
        let filter = parameter(&asked.path, "filter").unwrap_or("*".into());
        let query: Query = filter.parse().unwrap();
        let found: Vec<&String> = self
            .rules
            .iter()
            .filter(|rule| query.matches(&Object::parse(rule).unwrap()))
            .collect();
        let size: usize = parameter(&asked.path, "per_page").unwrap().parse().unwrap();
        let data: Vec<String> = found
            .iter()
            .take(size)
            .map(|rule| rule.replacen('{', "{\n  \"execution_summary\": {},", 1))
            .collect();
        let total = found.len();
        ok(&format!(
            r#"{{"page":1,"perPage":{size},"total":{total},"data":[{}]}}"#,
            data.join(",")
        ))
    }

    fn export(&self, objects: Option<&Vec<Value>>) -> Answer {
        if self.rules.len() > self.cap {
            let message = format!("Can't export more than {} rules", self.cap);
            return status(
                400,
                &json!({"message": message, "status_code": 400}).to_string(),
            );
        }
        let Some(objects) = objects else {
            return self.bundle(&self.rules.iter().collect::<Vec<_>>(), &[]);
        };
        let (mut chosen, mut missed) = (Vec::new(), Vec::new());
        for object in objects {
            let mut found = self
                .rules
                .iter()
                .filter(|rule| value(rule)["rule_id"] == object["rule_id"]);
            match found.next() {
                Some(rule) => chosen.push(rule),
                None => missed.push(object.clone()),
            }
        }
        self.bundle(&chosen, &missed)
    }

    fn bundle(&self, rules: &[&String], missed: &[Value]) -> Answer {
        let mut text: Vec<String> = rules.iter().map(|rule| (*rule).clone()).collect();
        let (mut seen, mut connectors) = (BTreeSet::new(), Vec::new());
        for rule in rules.iter().map(|rule| value(rule)) {
            for reference in rule["exceptions_list"].as_array().unwrap() {
                let id = reference["id"].as_str().filter(|_| self.finds_by_id);
                let found = self.list(reference["list_id"].as_str().unwrap(), id);
                if let Some(list) = found.filter(|_| reference["list_id"] != "endpoint_list")
                    && seen.insert(list.clone())
                {
                    text.extend(self.exceptions(list));
                }
            }
            for action in rule["actions"].as_array().unwrap() {
                let id = action["id"].as_str().unwrap();
                if self.preconfigured.contains(&id) {
                    continue;
                }
                let Some(line) = self.connectors.iter().find(|line| value(line)["id"] == id) else {
                    return status(
                        500,
                        r#"{"message":"Error fetching objects to export","status_code":500}"#,
                    );
                };
                if !connectors.contains(line) {
                    connectors.push(line.clone());
                }
            }
        }
        text.extend(connectors);
        let missed = format!(
            r#""exported_rules_count":{},"missing_rules":{}"#,
            rules.len(),
            Value::from(missed)
        );
        lines(&text, &missed)
    }

    fn list(&self, list_id: &str, id: Option<&str>) -> Option<&String> {
        self.lists.iter().find(|line| {
            let list = value(line);
            list["list_id"] == list_id && id.is_none_or(|id| list["id"] == id)
        })
    }

    fn items_of(&self, list_id: &str) -> Vec<String> {
        let items = self
            .items
            .iter()
            .filter(|item| value(item)["list_id"] == list_id);
        items.cloned().collect()
    }

    fn exceptions(&self, list: &str) -> Vec<String> {
        let mut all = vec![list.to_owned()];
        all.extend(self.items_of(value(list)["list_id"].as_str().unwrap()));
        all
    }
}

fn page(objects: &[String]) -> Answer {
    ok(&format!(
        r#"{{"data":[{}],"page":1,"per_page":10000,"total":{}}}"#,
        objects.join(","),
        objects.len()
    ))
}

/// Lines with the details line of their kind.
fn lines(lines: &[String], more: &str) -> Answer {
    let of = |key: &str, other: &str| {
        let has =
            |line: &&String| value(line).get(key).is_some() && value(line).get(other).is_none();
        lines.iter().filter(has).count()
    };
    let details = format!(
        r#"{{"exported_count":{},{more},"exported_exception_list_count":{},"exported_exception_list_item_count":{}}}"#,
        lines.len(),
        of("list_id", "item_id"),
        of("item_id", "no"),
    );
    ndjson(joined(lines.iter().chain([&details])))
}

/// Each line with its end.
pub(crate) fn joined<'l>(lines: impl Iterator<Item = &'l String>) -> String {
    lines.flat_map(|line| [line, "\n"]).collect()
}

fn ndjson(text: String) -> Answer {
    Answer::Status(
        200,
        vec![("content-type", "application/ndjson".into())],
        text,
    )
}

fn missing(what: &str) -> Answer {
    status(
        404,
        &json!({"message": format!("{what} not found"), "status_code": 404}).to_string(),
    )
}
