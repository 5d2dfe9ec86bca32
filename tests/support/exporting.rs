//! `export` of a space that a server holds, and what it wrote.

#![allow(dead_code, reason = "each test file uses what it needs")]

use std::process::Command;

use serde_json::Value;

use crate::command::{Folder, Ran};
use crate::server::{Answer, Asked, Server};
use crate::space::{Space, listed, rule};

/// Runs `export` of the space `soc` of this server.
pub(crate) fn export(folder: &Folder, server: &Server, args: &[&str]) -> Ran {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ruleferry"));
    command.args(["export", "--url", &server.url]);
    if !args.iter().any(|arg| arg.starts_with("--space")) {
        command.args(["--space", "soc"]);
    }
    command.args(args);
    for name in ["KIBANA_URL", "KIBANA_SPACE", "RULEFERRY_PROFILE"] {
        command.env_remove(name);
    }
    command.env("NO_PROXY", "127.0.0.1");
    command.env("RULEFERRY_CONFIG", folder.path("config.toml"));
    folder.command(&mut command, b"")
}

pub(crate) fn text(ran: &Ran) -> String {
    String::from_utf8(ran.stdout.clone()).unwrap()
}

/// The ids that records are known by, in order; the details line left out.
pub(crate) fn ids(text: &str) -> Vec<String> {
    let id = |line: &str| {
        let record: Value = serde_json::from_str(line).unwrap();
        let mut ids = ["rule_id", "item_id", "list_id", "id"]
            .iter()
            .map(|key| &record[*key]);
        ids.find_map(Value::as_str).map(str::to_owned)
    };
    text.lines().filter_map(id).collect()
}

pub(crate) fn details(text: &str) -> Value {
    serde_json::from_str(text.lines().last().unwrap()).unwrap()
}

/// How often a path was asked for.
pub(crate) fn asked(server: &Server, path: &str) -> usize {
    let is_it = |asked: &&Asked| asked.path.split('?').next().unwrap().ends_with(path);
    server.asked().iter().filter(is_it).count()
}

pub(crate) fn nothing(_: &Asked, _: usize) -> Option<Answer> {
    None
}

/// A space with so many rules, all with one list.
pub(crate) fn many(count: usize) -> Space {
    Space {
        rules: (0..count)
            .map(|n| listed(&rule(n), "l-1", "shared"))
            .collect(),
        ..Space::default()
    }
}
