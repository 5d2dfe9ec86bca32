//! A scripted Kibana for the verbs that change a space, and the command without anything of the surroundings' settings.

#![allow(dead_code, reason = "each test file uses what it needs")]

use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ruleferry::kibana::{Client, Options};
use serde_json::{Value, json};

use crate::command::{Folder, Ran};
use crate::server::{Answer, Asked, Server, status};

/// A Kibana 9.1 where `other` answers first, and what it does not answer is a rule look-up, the version, or not there.
pub(crate) fn kibana(
    version: &'static str,
    rules: Vec<Value>,
    other: impl Fn(&Asked, usize) -> Option<Answer> + Send + Sync + 'static,
) -> Server {
    Server::start(move |asked, before| {
        if let Some(answer) = other(asked, before) {
            return answer;
        }
        match path(asked) {
            "/api/status" => crate::server::json(
                &json!({"version": {"number": version, "build_flavor": "traditional"}}).to_string(),
            ),
            "/api/detection_engine/rules/_find" => find(asked, &rules),
            _ => status(
                404,
                r#"{"statusCode":404,"error":"Not Found","message":"Not Found"}"#,
            ),
        }
    })
}

/// The rules that a filter names by `rule_id`, or all.
fn find(asked: &Asked, rules: &[Value]) -> Answer {
    let query = asked.path.split_once('?').map_or("", |(_, query)| query);
    let by_rule_id = query.contains("params.ruleId");
    let is_named = |rule: &&Value| {
        let id = format!("%22{}%22", rule["rule_id"].as_str().unwrap());
        !by_rule_id || query.contains(&id)
    };
    let found: Vec<&Value> = rules.iter().filter(is_named).collect();
    let total = found.len();
    let data = if query.contains("per_page=1&") || query.ends_with("per_page=1") {
        vec![]
    } else {
        found
    };
    crate::server::json(
        &json!({"page": 1, "perPage": 10000, "total": total, "data": data}).to_string(),
    )
}

/// A rule with the `id` `id-RULE_ID`.
pub(crate) fn rule(rule_id: &str, kind: &str) -> Value {
    json!({"id": format!("id-{rule_id}"), "rule_id": rule_id, "name": rule_id.to_uppercase(), "type": kind, "tags": [],
        "severity": "low", "risk_score": 21, "enabled": false, "immutable": false, "version": 1, "revision": 0,
        "interval": "5m", "actions": []})
}

/// The path without space and query.
pub(crate) fn path(asked: &Asked) -> &str {
    let path = asked.path.split('?').next().unwrap_or_default();
    path.strip_prefix("/s/soc").unwrap_or(path)
}

/// The body as JSON.
pub(crate) fn body(asked: &Asked) -> Value {
    serde_json::from_slice(&asked.body).unwrap()
}

/// The requests to a route so far.
pub(crate) fn to(server: &Server, route: &str) -> Vec<Asked> {
    let asked = server.asked().into_iter();
    asked.filter(|asked| path(asked) == route).collect()
}

/// Runs the command against a server's space `soc`.
pub(crate) fn run(folder: &Folder, server: &Server, args: &[&str]) -> Ran {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ruleferry"));
    command.args(args);
    command.args(["--url", &server.url, "--space", "soc"]);
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy().to_ascii_uppercase();
        if text.starts_with("KIBANA_") || text.starts_with("RULEFERRY_") || text.ends_with("_PROXY")
        {
            command.env_remove(name);
        }
    }
    command.env("RULEFERRY_CONFIG", folder.path("config.toml"));
    folder.command(&mut command, b"")
}

/// A client that does not sleep, and the pauses that it would have made.
pub(crate) fn client(url: &str) -> (Client, Arc<Mutex<Vec<Duration>>>) {
    let pauses: Arc<Mutex<Vec<Duration>>> = Arc::default();
    let kept = Arc::clone(&pauses);
    let mut options = Options::new(url);
    options.pause = Arc::new(move |pause| {
        // Between two requests it only asks whether to go on.
        if !pause.is_zero() {
            kept.lock().unwrap().push(pause);
        }
        true
    });
    options.chance = Arc::new(|| 0.0);
    (Client::new(options).unwrap(), pauses)
}
