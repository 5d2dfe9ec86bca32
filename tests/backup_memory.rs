//! How much memory do `backup` and `restore` take with many spaces? As much as with few.

#![cfg(test)]
#![cfg(target_os = "linux")]

#[path = "support/command.rs"]
mod command;
#[path = "support/kibana/mod.rs"]
mod kibana;
#[path = "support/records.rs"]
mod records;

use std::io::Write;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use command::{Folder, finish, spawn};
use kibana::{API_KEY, Kibana, Settings};
use records::{bundle, rule, with};
use serde_json::{Value, json};

/// The most memory that the process has taken so far, in KiB.
fn peak(child: &Child) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// Runs the command against the server, and it ends well and stays small.
fn small(folder: &Folder, kibana: &Kibana, args: &[&str]) {
    folder.write("key", API_KEY);
    let (url, key) = (&kibana.url, folder.path("key"));
    let profile = format!(
        "[profile.prod]\nurl = \"{url}\"\napi-key-file = '{}'\n",
        key.display()
    );
    folder.write("config.toml", profile);
    let mut command = Command::new(env!("CARGO_BIN_EXE_ruleferry"));
    for name in ["KIBANA_URL", "KIBANA_SPACE", "RULEFERRY_PROFILE"] {
        command.env_remove(name);
    }
    command
        .args(args)
        .env("NO_PROXY", "127.0.0.1")
        .env("RULEFERRY_CONFIG", folder.path("config.toml"))
        .env("XDG_STATE_HOME", folder.path("state"));
    let mut child = spawn(command.current_dir(folder.path("")));
    let (mut most, begun) = (0, Instant::now());
    while child.try_wait().unwrap().is_none() {
        most = peak(&child).unwrap_or(most);
        std::thread::sleep(Duration::from_millis(20));
    }
    let ran = finish(child);
    let told = String::from_utf8_lossy(&ran.stdout);
    assert_eq!(ran.code, Some(0), "{told}{}", ran.stderr);
    // What was measured is the point of the run.
    let (verb, took) = (args[0], begun.elapsed());
    writeln!(std::io::stdout(), "{verb}: {most} KiB, {took:?}").unwrap();
    assert!(most < 256 << 10, "{most} KiB");
}

#[test]
#[ignore = "takes minutes"]
fn many_spaces_take_little_memory() {
    let many = std::env::var("RULEFERRY_CASES").ok();
    let many: usize = many.map_or(40, |many| many.parse().unwrap());
    let names: Vec<String> = (0..many).map(|number| format!("cust-{number}")).collect();
    let settings = Settings {
        spaces: names.clone(),
        ..Settings::of("9.1")
    };
    let kibana = Kibana::start(settings.clone());
    let folder = Folder::new();
    let mut rules: Vec<Value> = (0..1500)
        .map(|number| {
            let note = json!({"note": format!("{number} ").repeat(300)});
            with(rule(&format!("rule-{number}")), &note)
        })
        .collect();
    for name in &names {
        rules[0]["name"] = name.as_str().into();
        kibana.seed(name, &bundle(&rules));
        kibana.seed_values(name, "hosts", &["10.0.0.1", "10.0.0.2"]);
    }
    for _ in 0..2 {
        let backup = ["backup", "--repo", "repo", "--from", "prod/cust-*", "-q"];
        small(&folder, &kibana, &backup);
    }
    drop(kibana);
    let kibana = Kibana::start(Settings {
        forgets: true,
        ..settings
    });
    let to = ["--to", "prod/cust-*", "--yes", "--no-verify", "-q"];
    let report = ["--report", "report.ndjson"];
    let restore = [&["restore", "--repo", "repo"], &to[..], &report].concat();
    small(&folder, &kibana, &restore);
    for name in &names {
        assert_eq!(kibana.state(name).rules.len(), 1500);
        assert_eq!(kibana.values(name, "hosts").unwrap().len(), 2);
    }
}
