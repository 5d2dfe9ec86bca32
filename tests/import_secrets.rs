//! No secret leaves the command: not in what it says, not in what it leaves behind, not in what it is called with.

#![cfg(test)]

#[path = "support/command.rs"]
mod command;
#[path = "support/kibana/mod.rs"]
mod kibana;
#[path = "support/records.rs"]
mod records;
#[path = "support/server.rs"]
mod server;
#[path = "support/shore.rs"]
mod shore;

use std::time::Duration;

use kibana::{API_KEY, Fault, On, Schedule, Work};
use records::{bundle, item, list, referring, with};
use serde_json::{Value, json};
use server::Server;
use shore::{Shore, wait_until};

/// What must be nowhere: the key in both its forms, and what else is secret in these tests.
const CANARIES: [&str; 3] = [API_KEY, "id:key", "canary"];

fn records() -> Vec<Value> {
    let connector = json!({"id": "c", "type": "action", "attributes": {"name": "C", "actionTypeId": ".slack",
        "isMissingSecrets": false, "secrets": {"webhookUrl": "https://canary.example.com"}}});
    vec![
        referring("a", "l", "detection"),
        list("l"),
        item("i", "l"),
        connector,
    ]
}

/// A server whose connector has secrets, and a bundle that has some, which no export does.
fn shore() -> Shore {
    let shore = Shore::of("9.1", &records());
    let there = with(records().remove(3), &json!({"name": "older"}));
    shore.kibana.seed("soc", &bundle(&[there]));
    shore
}

fn hold(all: &[u8]) {
    let all = String::from_utf8_lossy(all);
    for canary in CANARIES {
        let line = all.lines().find(|line| line.contains(canary));
        assert_eq!(line, None, "{canary}");
    }
}

/// All files but the bundle.
fn files(shore: &Shore) -> Vec<u8> {
    let names = shore.folder.names().into_iter();
    let paths = names
        .filter(|name| name != "b.ndjson")
        .map(|name| shore.path(&name));
    let files = paths.filter(|path| path.is_file());
    files
        .flat_map(|path| std::fs::read(path).unwrap())
        .collect()
}

#[test]
fn nothing_that_a_run_says_or_leaves_behind_has_one() {
    let shore = shore();
    let plan = [
        "plan",
        "b.ndjson",
        "--space",
        "soc",
        "-o",
        "p.json",
        "-v",
        "--overwrite",
        "connectors",
    ];
    let ran = shore.run(&plan);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let mut all = [ran.stdout, ran.stderr.into_bytes()].concat();
    let slow = Fault::Delay {
        before: Duration::from_millis(100),
        after: Duration::ZERO,
    };
    let failed = Fault::Status {
        status: 500,
        retry_after: None,
        is_html: false,
        work: Work::NotDone,
    };
    let on = |nth| On::nth("POST", "*/rules/_import", nth);
    shore
        .kibana
        .schedule(Schedule::of([(on(1), slow), (on(1), failed)]));
    let child = shore.begin(&["-v", "--plan", "p.json", "--format", "json"]);
    shore.wait_for_imports(1);
    // What everybody on the machine can see, where that is a file.
    let call = std::fs::read(format!("/proc/{}/cmdline", child.id())).unwrap_or_default();
    assert!(call.is_empty() || String::from_utf8_lossy(&call).contains("p.json"));
    all.extend(call);
    all.extend(files(&shore));
    let told = shore.end(child);
    told.ends_with(0);
    let sent = "POST /s/soc/api/detection_engine/rules/_import";
    assert!(told.stderr.contains(sent), "{}", told.stderr);
    all.extend(format!("{}{}", told.stdout, told.stderr).into_bytes());
    all.extend(files(&shore));
    hold(&all);
}

#[test]
fn a_journal_that_is_left_has_none() {
    let shore = shore();
    let slow = Fault::Delay {
        before: Duration::from_millis(200),
        after: Duration::ZERO,
    };
    let on = On::nth("POST", "*/rules/_import", 2);
    shore.kibana.schedule(Schedule::of([(on, slow)]));
    let mut child = shore.begin(&["--as-new-list", "--overwrite", "connectors"]);
    shore.wait_for_imports(2);
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(shore.path("r.ndjson.journal").exists());
    hold(&files(&shore));
}

#[test]
fn what_a_server_repeats_is_not_shown() {
    let server = Server::start(|asked, _| {
        let sent = asked.header("authorization").unwrap_or_default();
        let body = json!({"statusCode": 401, "message": format!("no {sent}, canary, to you")});
        server::status(401, &body.to_string())
    });
    let shore = shore();
    for (name, value) in [
        ("KIBANA_API_KEY", "id:canary"),
        ("KIBANA_PASSWORD", "canary"),
    ] {
        for verb in [
            &["import", "b.ndjson", "--yes", "-v"][..],
            &["plan", "b.ndjson", "-v"],
        ] {
            let mut command = shore.command(verb);
            command
                .env_remove("KIBANA_API_KEY")
                .env(name, value)
                .env("KIBANA_URL", &server.url);
            if name == "KIBANA_PASSWORD" {
                command.env("KIBANA_USERNAME", "elastic");
            }
            let ran = shore.folder.command(&mut command, b"");
            assert_eq!(ran.code, Some(5), "{}", ran.stderr);
            assert!(ran.stderr.contains("to you"), "{}", ran.stderr);
            hold(&[ran.stdout, ran.stderr.into_bytes()].concat());
        }
    }
    wait_until("it was asked", || !server.asked().is_empty());
}

#[test]
fn what_is_given_as_an_argument_is_refused_and_not_repeated() {
    let shore = shore();
    for args in [
        ["--proxy", "http://user:canary@127.0.0.1:1"],
        ["--url", "http://elastic:canary@127.0.0.1:1"],
    ] {
        let args = [&["import", "b.ndjson", "--yes"][..], &args].concat();
        let ran = shore.run(&args);
        assert_eq!(ran.code, Some(2), "{}", ran.stderr);
        hold(ran.stderr.as_bytes());
    }
}
