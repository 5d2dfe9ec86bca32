//! `migrate`: a space to spaces of other clusters, up and down the generations, whole, once, and taken up where it was cut off.

#![cfg(test)]

#[path = "support/command.rs"]
mod command;
#[path = "support/kibana/mod.rs"]
mod kibana;
#[path = "support/records.rs"]
mod records;

use std::process::Command;

use command::{Folder, Ran};
use kibana::{API_KEY, Fault, Kibana, On, Schedule, Settings, Work};
use records::{acting, bundle, connector, item, list, referring, rule, with};
use serde_json::{Value, json};

fn kibana(version: &str) -> Kibana {
    Kibana::start(Settings {
        spaces: vec!["soc".into(), "soc-a".into(), "soc-b".into()],
        ..Settings::of(version)
    })
}

/// A folder with a profile for each Kibana: `a`, `b`, `c`.
fn folder(kibanas: &[&Kibana]) -> Folder {
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

fn run(folder: &Folder, args: &[&str]) -> Ran {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ruleferry"));
    command.arg("migrate").args(args);
    for name in [
        "KIBANA_API_KEY",
        "KIBANA_USERNAME",
        "KIBANA_URL",
        "KIBANA_SPACE",
    ] {
        command.env_remove(name);
    }
    command
        .env("THE_KEY", API_KEY)
        .env("NO_PROXY", "127.0.0.1")
        .env("XDG_STATE_HOME", folder.path("state"))
        .env("RULEFERRY_CONFIG", folder.path("config.toml"));
    folder.command(&mut command, b"")
}

/// A bundle with each kind of record, and what spaces and versions differ in.
fn content(url: &str) -> Vec<Value> {
    let meta = json!({"kibana_siem_app_url": format!("{url}/app/security")});
    let uses = json!([{"field": "source.ip", "operator": "included", "type": "list",
        "list": {"id": "ips.txt", "type": "ip"}}]);
    let indices = json!({"index": [".alerts-security.alerts-default", "logs-*"], "meta": meta});
    vec![
        with(rule("a"), &indices),
        with(referring("b", "l", "detection"), &json!({"enabled": true})),
        acting("c", &["slack"]),
        list("l"),
        with(item("i", "l"), &json!({"entries": uses})),
        item("j", "l"),
        with(
            connector("slack", "Slack"),
            &json!({"attributes": {"name": "Slack", "actionTypeId": ".server-log",
            "isMissingSecrets": false, "config": {}}}),
        ),
    ]
}

fn ids(values: &[Value], key: &str) -> Vec<String> {
    let mut ids: Vec<String> = values
        .iter()
        .map(|value| value[key].as_str().unwrap().to_owned())
        .collect();
    ids.sort();
    ids
}

fn summary(ran: &Ran) -> Value {
    let text = String::from_utf8(ran.stdout.clone()).unwrap();
    serde_json::from_str(text.lines().last().unwrap()).unwrap()
}

fn is_whole(kibana: &Kibana, space: &str) {
    let state = kibana.state(space);
    assert_eq!(ids(&state.rules, "rule_id"), ["a", "b", "c"]);
    assert_eq!(ids(&state.lists, "list_id"), ["l"]);
    assert_eq!(ids(&state.items, "item_id"), ["i", "j"]);
    assert_eq!(state.connectors.len(), 1);
    assert_eq!(
        kibana.values(space, "ips.txt").unwrap(),
        ["10.0.0.1", "10.0.0.2"]
    );
    assert!(kibana.duplicates().is_empty() && kibana.violations().is_empty());
}

#[test]
fn a_space_goes_up_the_generations_and_down_again() {
    let kibanas = [kibana("8.18"), kibana("9.1"), kibana("9.6")];
    let [a, b, c] = &kibanas;
    let folder = folder(&[a, b, c]);
    let content = content(&a.url);
    a.seed("default", &bundle(&content));
    a.seed_values("default", "ips.txt", &["10.0.0.1", "10.0.0.2"]);
    for (from, to, kibana, space) in [
        ("a/default", "b/soc", b, "soc"),
        ("b/soc", "c/soc-a", c, "soc-a"),
        ("c/soc-a", "a/soc-b", a, "soc-b"),
    ] {
        let ran = run(
            &folder,
            &["--from", from, "--to", to, "--yes", "--format", "json"],
        );
        assert_eq!(
            ran.code,
            Some(0),
            "{from}: {}{}",
            ran.stderr,
            String::from_utf8_lossy(&ran.stdout)
        );
        assert_eq!(summary(&ran)["summary"]["created"], 7, "{from}");
        is_whole(kibana, space);
        let rules = kibana.state(space).rules;
        let first = rules.iter().find(|rule| rule["rule_id"] == "a").unwrap();
        let index = format!(".alerts-security.alerts-{space}");
        assert_eq!(first["index"], json!([index, "logs-*"]));
        let url = format!("{}/s/{space}/app/security", kibana.url);
        assert_eq!(first["meta"]["kibana_siem_app_url"], url.as_str());
    }
    // Nothing is left to go on with.
    let left = std::fs::read_dir(folder.path("state/ruleferry")).unwrap();
    assert_eq!(left.count(), 0);
}

#[test]
fn several_kibanas_and_spaces_by_glob_get_each_their_own() {
    let kibanas = [kibana("9.1"), kibana("8.18"), kibana("9.6")];
    let [a, b, c] = &kibanas;
    let folder = folder(&[a, b, c]);
    a.seed("default", &bundle(&content(&a.url)));
    a.seed_values("default", "ips.txt", &["10.0.0.1", "10.0.0.2"]);
    let args = [
        "--from",
        "a/default",
        "--to",
        "b/soc-*",
        "--to",
        "c/soc",
        "--to",
        "b/soc",
    ];
    let before = run(&folder, &[&args[..], &["--plan-only"]].concat());
    assert_eq!(before.code, Some(0), "{}", before.stderr);
    let shown = String::from_utf8(before.stdout).unwrap();
    assert_eq!(shown.matches(", if they were sent").count(), 4, "{shown}");
    assert!(
        shown.contains("value list `ips.txt` is made first (ip)"),
        "{shown}"
    );
    assert!(b.state("soc-a").rules.is_empty() && c.state("soc").rules.is_empty());
    let done = run(
        &folder,
        &[&args[..], &["--yes", "--report", "r", "-q"]].concat(),
    );
    assert_eq!(
        done.code,
        Some(0),
        "{}",
        String::from_utf8_lossy(&folder.read("r"))
    );
    for (kibana, space) in [(b, "soc"), (b, "soc-a"), (b, "soc-b"), (c, "soc")] {
        is_whole(kibana, space);
    }
    let report = String::from_utf8(folder.read("r")).unwrap();
    assert_eq!(
        report.matches("\"outcome\":\"created\"").count(),
        4 * (7 + 1)
    );
    assert_eq!(report.matches("\"target\":\"c\"").count(), 8);
    let again = run(
        &folder,
        &[&args[..], &["--yes", "--format", "json"]].concat(),
    );
    assert_eq!(summary(&again)["summary"]["unchanged"], 4 * 7);
    for (kibana, space) in [(b, "soc"), (b, "soc-a"), (b, "soc-b"), (c, "soc")] {
        is_whole(kibana, space);
    }
}

#[test]
fn a_run_that_was_cut_off_goes_on_with_the_export_as_it_was() {
    let kibanas = [kibana("9.1"), kibana("9.6")];
    let [a, b] = &kibanas;
    let folder = folder(&[a, b]);
    a.seed("default", &bundle(&content(&a.url)));
    a.seed_values("default", "ips.txt", &["10.0.0.1", "10.0.0.2"]);
    let args = [
        "--from",
        "a/default",
        "--to",
        "b/soc,soc-a",
        "--yes",
        "--report",
        "r",
    ];
    let refusal = Fault::Status {
        status: 403,
        retry_after: None,
        is_html: false,
        work: Work::NotDone,
    };
    b.schedule(Schedule::of([(
        On::nth("POST", "*/rules/_import", 2),
        refusal,
    )]));
    let cut = run(&folder, &[&args[..], &["-j", "1"]].concat());
    b.schedule(Schedule::default());
    assert_eq!(cut.code, Some(5), "{}", cut.stderr);
    assert!(b.state("soc").rules.is_empty());
    assert!(cut.stderr.contains("`--resume` goes on"), "{}", cut.stderr);
    a.seed("default", &bundle(&[rule("newer")]));
    let refused = run(&folder, &args);
    assert_eq!(refused.code, Some(2), "{}", refused.stderr);
    let resumed = run(
        &folder,
        &[&args[..], &["--resume", "--still", "100ms"]].concat(),
    );
    assert_eq!(resumed.code, Some(0), "{}", resumed.stderr);
    is_whole(b, "soc");
    is_whole(b, "soc-a");
    let names = folder.names();
    assert!(
        names.iter().all(|name| !name.starts_with("r.")),
        "{names:?}"
    );
}

#[test]
fn what_is_not_carried_is_told_and_is_no_success() {
    let kibanas = [kibana("9.1"), kibana("9.6")];
    let [a, b] = &kibanas;
    let folder = folder(&[a, b]);
    let viewing = json!({"data_view_id": "logs-view", "timeline_id": "t-1", "timeline_title": "T"});
    let mut content = content(&a.url);
    content.push(with(rule("d"), &viewing));
    a.seed("default", &bundle(&content));
    let args = [
        "--from",
        "a/default",
        "--to",
        "b/soc",
        "--yes",
        "--format",
        "json",
    ];
    let ran = run(&folder, &args);
    assert_eq!(ran.code, Some(3), "{}", ran.stderr);
    let text = String::from_utf8(ran.stdout.clone()).unwrap();
    for told in [
        r#""kind":"value-list","message":"a/default does not have it""#,
        r#""id":"logs-view","not_carried":"data-view""#,
        r#""id":"t-1","not_carried":"timeline""#,
    ] {
        assert!(text.contains(told), "{told}: {text}");
    }
    assert_eq!(summary(&ran)["exit"], 3);
    assert_eq!(summary(&ran)["summary"]["created"], 8);
}

#[test]
fn what_an_older_kibana_does_not_know_is_itemised() {
    let kibanas = [kibana("9.6"), kibana("8.18")];
    let [a, b] = &kibanas;
    let folder = folder(&[a, b]);
    let threshold = json!({"type": "threshold", "query": "*",
        "threshold": {"field": ["a", "b", "c", "d"], "value": 1}});
    a.seed(
        "default",
        &bundle(&[rule("a"), with(rule("t"), &threshold)]),
    );
    let ran = run(&folder, &["--from", "a/default", "--to", "b/soc", "--yes"]);
    assert_eq!(ran.code, Some(3), "{}", ran.stderr);
    assert!(ran.stderr.contains("lost: left out"), "{}", ran.stderr);
    assert_eq!(ids(&b.state("soc").rules, "rule_id"), ["a"]);
}

#[test]
fn a_map_file_says_what_is_particular_to_a_target() {
    let kibanas = [kibana("9.1"), kibana("9.6")];
    let [a, b] = &kibanas;
    let folder = folder(&[a, b]);
    a.seed("default", &bundle(&content(&a.url)));
    b.seed("soc-a", &bundle(&[connector("theirs", "Theirs")]));
    folder.write(
        "map.toml",
        r#"
[[target]]
to = ["b/soc-a"]
connectors = { slack = "theirs" }
index-patterns = { "logs-*" = "dr-logs-*" }
disable = "*"
"#,
    );
    let args = [
        "--from",
        "a/default",
        "--to",
        "b/soc*",
        "--yes",
        "--map-file",
        "map.toml",
    ];
    let ran = run(&folder, &[&args[..], &["--value-lists", "never"]].concat());
    assert_eq!(ran.code, Some(3), "{}", ran.stderr);
    let rules = |space: &str| -> Value { b.state(space).rules.into() };
    let (plain, mapped) = (rules("soc").to_string(), rules("soc-a").to_string());
    assert!(plain.contains("\"logs-*\"") && plain.contains("\"enabled\":true"));
    assert!(mapped.contains("\"dr-logs-*\"") && !mapped.contains("\"enabled\":true"));
    assert!(
        mapped.contains("\"theirs\"") && !mapped.contains("\"slack\""),
        "{mapped}"
    );
    assert_eq!(b.values("soc", "ips.txt"), None);
}

#[test]
fn what_makes_no_sense_is_refused_before_anything_is_sent() {
    let a = kibana("9.1");
    let folder = folder(&[&a]);
    for (args, said) in [
        (
            &["--from", "a/soc", "--to", "a/soc", "--yes"][..],
            "the space that `--from` names",
        ),
        (
            &["--from", "a/s*", "--to", "a/soc", "--yes"],
            "one space is needed",
        ),
        (
            &["--from", "a/soc", "--to", "a/none-*", "--yes"],
            "no space `none-*`",
        ),
        (&["--from", "a/soc", "--to", "a/soc-a"], "`--yes` is needed"),
        (
            &["--from", "a/soc", "--to", "a/soc-a", "--yes", "--resume"],
            "nothing to go on with",
        ),
    ] {
        let ran = run(&folder, args);
        assert_eq!(ran.code, Some(2), "{args:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(said), "{args:?}: {}", ran.stderr);
    }
    assert!(
        a.log()
            .iter()
            .all(|it| it.method == "GET" || it.path.ends_with("_export"))
    );
}
