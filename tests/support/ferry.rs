//! Runs `migrate` between Kibanas of the tests' own, which profiles `a`, `b` and `c` name, and looks at what came of it.

#![allow(dead_code, reason = "each test file uses what it needs")]

use std::process::Command;

use serde_json::Value;

use crate::command::{Folder, Ran};
use crate::kibana::{API_KEY, Kibana, Settings};
use crate::records::bundle;

/// A Kibana with some spaces.
pub(crate) fn kibana(version: &str) -> Kibana {
    Kibana::start(Settings {
        spaces: vec!["soc".into(), "emea".into()],
        ..Settings::of(version)
    })
}

/// A folder with a profile for each Kibana.
pub(crate) fn folder(kibanas: &[&Kibana]) -> Folder {
    let folder = Folder::new();
    let mut text = String::new();
    for (name, kibana) in ["a", "b", "c"].iter().zip(kibanas) {
        let url = &kibana.url;
        text += &format!("[profile.{name}]\nurl = \"{url}\"\n");
        text += "api-key-command = [\"printenv\", \"THE_KEY\"]\n";
    }
    folder.write("config.toml", text);
    folder
}

/// The verb with these arguments, free of the surroundings' settings.
pub(crate) fn ferry(folder: &Folder, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ruleferry"));
    command.arg("migrate").args(args);
    for name in ["API_KEY", "USERNAME", "URL", "SPACE"] {
        command.env_remove(format!("KIBANA_{name}"));
    }
    command
        .env("THE_KEY", API_KEY)
        .env("NO_PROXY", "127.0.0.1")
        .env("XDG_STATE_HOME", folder.path("state"))
        .env("RULEFERRY_CONFIG", folder.path("config.toml"));
    command
}

/// Runs it.
pub(crate) fn run(folder: &Folder, args: &[&str]) -> Ran {
    folder.command(&mut ferry(folder, args), b"")
}

/// What it wrote to standard output.
pub(crate) fn text(ran: &Ran) -> String {
    String::from_utf8(ran.stdout.clone()).unwrap()
}

/// The lines of its report.
pub(crate) fn report(ran: &Ran) -> Vec<Value> {
    let lines = text(ran);
    lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// The `rule_id`s of a space.
pub(crate) fn rule_ids(kibana: &Kibana, space: &str) -> Vec<String> {
    let rules = kibana.state(space).rules;
    let ids = rules.iter().map(|rule| rule["rule_id"].as_str().unwrap());
    let mut ids: Vec<String> = ids.map(ToOwned::to_owned).collect();
    ids.sort();
    ids
}

fn object(kibana: &Kibana, space: &str, rule_id: &str) -> Value {
    let rules = kibana.state(space).rules;
    let mut rules = rules.into_iter();
    rules.find(|rule| rule["rule_id"] == rule_id).unwrap()
}

/// Takes a rule away.
pub(crate) fn take(kibana: &Kibana, space: &str, rule_id: &str) {
    let rule = object(kibana, space, rule_id);
    kibana.remove_rule(space, rule["id"].as_str().unwrap());
}

/// Changes a rule, as somebody else does.
pub(crate) fn change(kibana: &Kibana, space: &str, rule_id: &str, change: impl FnOnce(&mut Value)) {
    let mut rule = object(kibana, space, rule_id);
    kibana.remove_rule(space, rule["id"].as_str().unwrap());
    change(&mut rule);
    kibana.seed(space, &bundle(&[rule]));
}

/// Copies a rule, as Kibana does.
pub(crate) fn copy(kibana: &Kibana, space: &str, rule_id: &str, copy: &str) {
    let mut rule = object(kibana, space, rule_id);
    rule["rule_id"] = copy.into();
    rule["name"] = format!("{} [Duplicate]", rule["name"].as_str().unwrap()).into();
    rule.as_object_mut().unwrap().remove("id");
    kibana.seed(space, &bundle(&[rule]));
}
