//! `migrate --endpoint-list`: the list that all spaces of a Kibana share goes there once, before the rules, and is taken up where it was
//! cut off.

#![cfg(test)]

#[path = "support/command.rs"]
mod command;
#[path = "support/ferry.rs"]
mod ferry;
#[path = "support/kibana/mod.rs"]
mod kibana;
#[path = "support/records.rs"]
mod records;

use ferry::{folder, kibana, report, run, text};
use kibana::{Fault, Kibana, On, Schedule, Work};
use records::{bundle, item, rule, with};
use serde_json::{Value, json};

const VERSIONS: [&str; 3] = ["8.7", "8.18", "9.1"];

fn list() -> Value {
    json!({"list_id": "endpoint_list", "name": "Endpoint Security Exception List",
        "description": "Endpoint Security Exception List", "type": "endpoint", "namespace_type": "agnostic"})
}

fn excepted(id: &str) -> Value {
    let more = json!({"namespace_type": "agnostic", "os_types": ["windows"]});
    with(item(id, "endpoint_list"), &more)
}

/// A rule that refers to the list.
fn defending(id: &str) -> Value {
    let reference = json!({"id": "endpoint_list", "list_id": "endpoint_list", "type": "endpoint", "namespace_type": "agnostic"});
    with(
        rule(id),
        &json!({"exceptions_list": [reference], "enabled": true}),
    )
}

fn content() -> Vec<u8> {
    bundle(&[defending("r"), list(), excepted("i"), excepted("j")])
}

fn items(kibana: &Kibana) -> Vec<String> {
    let all = kibana.state("soc").items;
    let mut ids: Vec<String> = all
        .iter()
        .filter(|it| it["list_id"] == "endpoint_list")
        .map(|it| it["item_id"].as_str().unwrap().to_owned())
        .collect();
    ids.sort();
    ids
}

const ARGS: [&str; 5] = [
    "--from",
    "a/default",
    "--to",
    "b/soc,emea",
    "--endpoint-list",
];

#[test]
fn it_goes_to_each_kibana_once_and_before_its_rules() {
    for version in VERSIONS {
        let kibanas = [kibana("9.1"), kibana(version), kibana("9.6")];
        let [a, b, c] = &kibanas;
        let folder = folder(&[a, b, c]);
        a.seed("default", &content());
        let args = [&ARGS[..], &["--to", "c/soc"]].concat();
        let plan = run(&folder, &[&args[..], &["--plan-only"]].concat());
        assert_eq!(plan.code, Some(0), "{}", plan.stderr);
        let shown = text(&plan);
        let heading =
            format!("endpoint exception list of b (Kibana {version}), which all its spaces share");
        assert!(shown.starts_with(&heading), "{shown}");
        assert_eq!(
            shown.matches("which all its spaces share").count(),
            2,
            "{shown}"
        );
        assert!(items(b).is_empty());
        let ran = run(
            &folder,
            &[&args[..], &["--yes", "--format", "json"]].concat(),
        );
        assert_eq!(ran.code, Some(0), "{version}: {}{}", ran.stderr, text(&ran));
        for kibana in [b, c] {
            assert_eq!(items(kibana), ["i", "j"], "{version}");
            let log = kibana.log();
            let at = |path: &str| {
                log.iter()
                    .position(|it| it.path == path && it.method == "POST")
            };
            let lists = at("/api/exception_lists/_import").unwrap();
            assert!(
                lists < at("/api/detection_engine/rules/_import").unwrap(),
                "{version}"
            );
            let sent = log
                .iter()
                .filter(|it| it.path == "/api/exception_lists/_import");
            assert_eq!(sent.count(), 1, "{version}");
            assert!(kibana.duplicates().is_empty() && kibana.violations().is_empty());
        }
        let lines = report(&ran);
        let told = |target: &str, outcome: &str| {
            let is_it = |it: &&Value| it["target"] == target && it["outcome"] == outcome;
            lines
                .iter()
                .filter(is_it)
                .filter(|it| it["kind"] == "exception-item")
                .count()
        };
        assert_eq!(
            (told("b", "created"), told("c", "created")),
            (2, 2),
            "{lines:?}"
        );
        let again = run(&folder, &[&args[..], &["--yes"]].concat());
        assert_eq!(again.code, Some(0), "{}", again.stderr);
        assert!(text(&again).contains("b endpoint list"), "{}", text(&again));
    }
}

#[test]
fn what_differs_there_is_a_conflict_and_replaced_when_asked() {
    let kibanas = [kibana("9.1"), kibana("9.1")];
    let [a, b] = &kibanas;
    let folder = folder(&[a, b]);
    a.seed("default", &content());
    let theirs = with(excepted("i"), &json!({"name": "theirs"}));
    b.seed("default", &bundle(&[list(), theirs, excepted("own")]));
    let ran = run(&folder, &[&ARGS[..], &["--yes"]].concat());
    assert_eq!(ran.code, Some(3), "{}{}", ran.stderr, text(&ran));
    assert_eq!(items(b), ["i", "j", "own"]);
    let args = ["--yes", "--overwrite", "exceptions"];
    let ran = run(&folder, &[&ARGS[..], &args].concat());
    assert_eq!(ran.code, Some(0), "{}{}", ran.stderr, text(&ran));
    assert_eq!(items(b), ["i", "j"]);
}

#[test]
fn a_run_that_was_cut_off_goes_on_with_the_list_as_it_was() {
    let kibanas = [kibana("9.1"), kibana("9.1")];
    let [a, b] = &kibanas;
    let folder = folder(&[a, b]);
    a.seed("default", &content());
    let refusal = Fault::Status {
        status: 403,
        retry_after: None,
        is_html: false,
        work: Work::NotDone,
    };
    for path in ["*/exception_lists/_import", "*/rules/_import"] {
        b.reset();
        b.schedule(Schedule::of([(On::nth("POST", path, 1), refusal)]));
        let args = [
            &ARGS[..],
            &["-j", "1", "--yes", "--report", "r", "--still", "100ms"],
        ]
        .concat();
        let cut = run(&folder, &args);
        assert_eq!(cut.code, Some(5), "{path}: {}", cut.stderr);
        assert!(folder.path("r.journal.endpoint").exists());
        b.schedule(Schedule::default());
        a.seed("default", &bundle(&[excepted("newer")]));
        let resumed = run(
            &folder,
            &[&args[..], &["--resume", "--format", "json"]].concat(),
        );
        assert_eq!(
            resumed.code,
            Some(0),
            "{path}: {}{}",
            resumed.stderr,
            text(&resumed)
        );
        // What came meanwhile is for the next run.
        assert_eq!(items(b), ["i", "j"], "{path}");
        let created = report(&resumed)
            .iter()
            .filter(|it| it["outcome"] == "created")
            .count();
        // The list itself is made by a route of its own, and two rules are sent.
        assert!(created >= 4, "{created}");
        let names = folder.names();
        assert!(names.iter().all(|it| !it.starts_with("r.")), "{names:?}");
        a.reset();
        a.seed("default", &content());
    }
}

#[test]
fn where_there_is_none_to_bring_it_is_said() {
    let kibanas = [kibana("9.1"), kibana("9.1")];
    let [a, b] = &kibanas;
    let folder = folder(&[a, b]);
    a.seed("default", &bundle(&[rule("r")]));
    let ran = run(&folder, &[&ARGS[..], &["--yes"]].concat());
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(
        ran.stderr
            .contains("a/default has no endpoint exception list"),
        "{}",
        ran.stderr
    );
    a.reset();
    a.seed("default", &content());
    let same = [
        "--from",
        "a/default",
        "--to",
        "a/soc",
        "--endpoint-list",
        "--yes",
    ];
    let ran = run(&folder, &same);
    assert_eq!(ran.code, Some(0), "{}{}", ran.stderr, text(&ran));
    assert!(
        ran.stderr
            .contains("all spaces of a share the endpoint exception list"),
        "{}",
        ran.stderr
    );
    assert!(
        a.log()
            .iter()
            .all(|it| it.path != "/api/exception_lists/_import")
    );
}
