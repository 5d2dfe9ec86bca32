//! `alerts` and `prebuilt` against a server that follows a script.

#![cfg(test)]

#[path = "support/command.rs"]
mod command;
#[path = "support/scripted.rs"]
mod scripted;
#[path = "support/server.rs"]
mod server;

use std::sync::Mutex;

use command::{Folder, Ran};
use ruleferry::ops::alerts::{Change, Status};
use scripted::{body, client, kibana, path, rule, run, to};
use serde_json::{Value, json};
use server::{Answer, Asked, Server, status};

const SEARCH: &str = "/api/detection_engine/signals/search";
const STATUS: &str = "/api/detection_engine/signals/status";
const PREPACKAGED: &str = "/api/detection_engine/rules/prepackaged";

/// A Kibana with seven alerts for each query.
fn alerting(version: &'static str) -> Server {
    let mut tagged = rule("a", "query");
    tagged["tags"] = json!(["x"]);
    kibana(
        version,
        vec![tagged, rule("b", "esql")],
        |asked, _| match path(asked) {
            SEARCH => Some(server::json(
                r#"{"took":1,"hits":{"total":{"value":7,"relation":"eq"},"hits":[]}}"#,
            )),
            STATUS => Some(server::json(
                r#"{"took":1,"total":7,"updated":6,"version_conflicts":1,"failures":[]}"#,
            )),
            _ => None,
        },
    )
}

fn alerts(server: &Server, flags: &[&str]) -> Ran {
    run(&Folder::new(), server, &[&["alerts"], flags].concat())
}

fn report(ran: &Ran) -> Value {
    serde_json::from_slice(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {ran:?}"))
}

#[test]
fn the_alerts_of_chosen_rules_that_need_it_get_the_status() {
    let server = alerting("9.5.1");
    let flags = [
        "--status",
        "closed",
        "--only",
        "tags:x",
        "--yes",
        "--reason",
        "duplicate",
    ];
    let ran = alerts(&server, &flags);
    assert_eq!(ran.code, Some(3), "{}", ran.stderr);
    let sent = to(&server, STATUS);
    assert_eq!(
        body(&sent[0]),
        json!({
            "query": {"bool": {
                "filter": [{"terms": {"kibana.alert.rule.rule_id": ["a"]}}],
                "must_not": [{"term": {"kibana.alert.workflow_status": "closed"}}]}},
            "status": "closed", "conflicts": "proceed", "reason": "duplicate",
        })
    );
    assert!(to(&server, SEARCH).is_empty());
    assert!(
        ran.stderr
            .contains("6 alerts of 1 rule closed in space `soc`")
            && ran.stderr.contains("1 changed meanwhile and left alone"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_dry_run_counts() {
    let server = alerting("8.18.0");
    let flags = ["--status", "open", "--rule-id", "b", "--rule-id", "gone"];
    let ran = alerts(
        &server,
        &[&flags[..], &["--dry-run", "--format", "json"]].concat(),
    );
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert_eq!(
        (&report(&ran)["alerts"], &report(&ran)["rules"]),
        (&json!(7), &json!(2))
    );
    assert!(
        ran.stderr
            .contains("no rule of the space has this `rule_id`: `gone`"),
        "{}",
        ran.stderr
    );
    let search = body(&to(&server, SEARCH)[0]);
    assert_eq!(
        (&search["size"], &search["track_total_hits"]),
        (&json!(0), &json!(true))
    );
    assert_eq!(
        search["query"]["bool"]["filter"][0]["terms"]["kibana.alert.rule.rule_id"],
        json!(["b", "gone"])
    );
    // Without a terminal the number is told, and nothing is done.
    let ran = alerts(&server, &flags);
    assert_eq!(ran.code, Some(2), "{}", ran.stderr);
    assert!(
        ran.stderr
            .contains("Open 7 alerts of 2 rules in space `soc`"),
        "{}",
        ran.stderr
    );
    assert!(to(&server, STATUS).is_empty());
}

#[test]
fn reasons_are_for_closing_and_for_servers_that_keep_them() {
    for (version, state, code, part) in [
        ("9.1.0", "closed", 1, "Kibana 9.1 keeps no reason"),
        ("9.2.0", "closed", 3, "changed meanwhile"),
        (
            "9.2.0",
            "open",
            2,
            "`--reason` is for alerts that are closed",
        ),
    ] {
        let flags = [
            "--status",
            state,
            "--rule-id",
            "a",
            "--yes",
            "--reason",
            "x",
        ];
        let server = alerting(version);
        let ran = alerts(&server, &flags);
        assert_eq!(ran.code, Some(code), "{version} {state}: {}", ran.stderr);
        assert!(ran.stderr.contains(part), "{}", ran.stderr);
        assert_eq!(to(&server, STATUS).len(), usize::from(code == 3));
    }
}

#[test]
fn rules_are_named_one_way() {
    let server = alerting("9.1.0");
    for flags in [
        &["--status", "open"][..],
        &["--status", "open", "--rule-id", "a", "--only", "tags:x"],
        &["--status", "open", "--only", "tagz:x"],
        &["--status", "done", "--only", "tags:x"],
    ] {
        assert_eq!(alerts(&server, flags).code, Some(2), "{flags:?}");
    }
    assert!(server.asked().is_empty());
}

#[test]
fn many_rules_are_asked_for_in_pieces_and_lost_answers_again() {
    let server = Server::start(|asked: &Asked, before| {
        let terms = body(asked)["query"]["bool"]["filter"][0]["terms"].clone();
        let rules = terms["kibana.alert.rule.rule_id"].as_array().unwrap().len();
        match before {
            1 => Answer::Nothing,
            2 => status(502, ""),
            _ => server::json(&json!({"updated": rules, "version_conflicts": 0}).to_string()),
        }
    });
    let (client, _) = client(&server.url);
    let change = Change {
        client: &client,
        space: &"soc".parse().unwrap(),
        status: Status::Acknowledged,
        reason: None,
    };
    let ids: Vec<String> = (0..2500).map(|id| format!("r-{id}")).collect();
    let tally = change.run(&ids);
    assert_eq!((tally.updated, tally.answered, tally.again), (2500, 3, 1));
    assert_eq!(server.asked().len(), 5);
    assert!(tally.unknown.is_none() && tally.refusal.is_none());
}

/// A Kibana that lacks rules until it is told to install them; the PUT is answered with `answer`.
fn lacking(answer: Answer, installs: bool) -> Server {
    let missing = Mutex::new(5);
    kibana("9.1.0", vec![], move |asked, _| {
        let mut missing = missing.lock().unwrap();
        if path(asked) == PREPACKAGED && asked.method == "PUT" {
            if installs {
                *missing = 0;
            }
            return Some(answer.clone());
        }
        (path(asked) == format!("{PREPACKAGED}/_status")).then(|| {
            let counts = json!({"rules_custom_installed": 1, "rules_installed": 9 - *missing, "rules_not_installed": *missing,
                "rules_not_updated": 0, "timelines_installed": 0, "timelines_not_installed": 0, "timelines_not_updated": 0});
            server::json(&counts.to_string())
        })
    })
}

fn good() -> Answer {
    server::json(
        r#"{"rules_installed":5,"rules_updated":0,"timelines_installed":0,"timelines_updated":0}"#,
    )
}

#[test]
fn all_of_elastics_rules_are_installed_and_counted() {
    let server = lacking(good(), true);
    let folder = Folder::new();
    let ran = run(&folder, &server, &["prebuilt", "status"]);
    let stdout = String::from_utf8(ran.stdout).unwrap();
    assert!(
        stdout.contains(
            "Elastic's rules: 4 installed, 5 not installed, 0 not up to date; 1 custom rule\n"
        ),
        "{stdout}"
    );
    let ran = run(&folder, &server, &["prebuilt", "install"]);
    assert_eq!(ran.code, Some(2));
    assert!(
        ran.stderr
            .contains("Install 5 and update 0 of Elastic's rules, all there are, in space `soc`"),
        "{}",
        ran.stderr
    );
    assert!(to(&server, PREPACKAGED).is_empty());
    let ran = run(
        &folder,
        &server,
        &["prebuilt", "install", "--yes", "--format", "json"],
    );
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let report = report(&ran);
    assert_eq!(report["before"]["rules_not_installed"], 5);
    assert_eq!(report["after"]["rules_installed"], 9);
    assert_eq!(report["answer"]["rules_installed"], 5);
}

#[test]
fn an_installation_is_sent_once_and_the_counts_tell_what_came_of_it() {
    for lost in [Answer::Nothing, status(504, "")] {
        for (installs, code, part) in [
            (true, 0, "nothing is missing now"),
            (false, 3, "it may be under way yet, or not have begun"),
        ] {
            let server = lacking(lost.clone(), installs);
            let ran = run(&Folder::new(), &server, &["prebuilt", "install", "--yes"]);
            assert_eq!(ran.code, Some(code), "{}", ran.stderr);
            assert!(ran.stderr.contains(part), "{}", ran.stderr);
            assert_eq!(to(&server, PREPACKAGED).len(), 1);
        }
    }
    let forbidden = status(
        403,
        r#"{"statusCode":403,"error":"Forbidden","message":"no"}"#,
    );
    let ran = run(
        &Folder::new(),
        &lacking(forbidden, false),
        &["prebuilt", "install", "--yes"],
    );
    assert_eq!(ran.code, Some(5), "{}", ran.stderr);
}
