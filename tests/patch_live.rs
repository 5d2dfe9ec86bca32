//! `patch` to a live space, against a server that follows a script.

#![cfg(test)]

#[path = "support/command.rs"]
mod command;
#[path = "support/scripted.rs"]
mod scripted;
#[path = "support/server.rs"]
mod server;

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use command::{Folder, Ran};
use ruleferry::bulk::patch::Request;
use ruleferry::ops::patch::{Done, Outcome, Patcher};
use scripted::{body, client, kibana, path, rule, run};
use serde_json::{Value, json};
use server::{Answer, Asked, Server, status};

const ROUTE: &str = "/api/detection_engine/rules";

/// A Kibana that patches its rules; `other` may answer a PATCH in another way, `true` if it is to be done before.
fn patching(
    rules: &[Value],
    other: impl Fn(&Asked, usize) -> Option<(bool, Answer)> + Send + Sync + 'static,
) -> Server {
    let rules: HashMap<String, Value> = rules
        .iter()
        .map(|rule| (rule["rule_id"].as_str().unwrap().to_owned(), rule.clone()))
        .collect();
    let rules = Mutex::new((rules, 0));
    kibana("9.1.0", vec![], move |asked, _| {
        if path(asked) != ROUTE {
            return None;
        }
        let mut rules = rules.lock().unwrap();
        let (rules, patches) = &mut *rules;
        let query = asked
            .path
            .split_once("rule_id=")
            .map(|(_, id)| id.to_owned());
        let named = query.unwrap_or_else(|| {
            let body = body(asked);
            body["rule_id"].as_str().unwrap_or_default().to_owned()
        });
        let Some(stored) = rules.get_mut(&named) else {
            let text = format!("rule_id: \"{named}\" not found");
            return Some(status(
                404,
                &json!({"message": text, "status_code": 404}).to_string(),
            ));
        };
        if asked.method == "GET" {
            return Some(server::json(&stored.to_string()));
        }
        *patches += 1;
        let other = other(asked, *patches - 1);
        if other.as_ref().is_none_or(|(is_done, _)| *is_done) {
            for (key, value) in body(asked).as_object().unwrap() {
                stored[key] = value.clone();
            }
        }
        Some(other.map_or_else(|| server::json(&stored.to_string()), |(_, answer)| answer))
    })
}

fn patch(server: &Server, request: &str, flags: &[&str]) -> Ran {
    let folder = Folder::new();
    folder.write("request.json", request);
    let verb = ["patch", "--request", "request.json", "--report", "-"];
    run(&folder, server, &[&verb, flags].concat())
}

/// The lines of the report, and its summary.
fn report(ran: &Ran) -> (Vec<Value>, Value) {
    let text = String::from_utf8(ran.stdout.clone()).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
    let mut lines: Vec<Value> = lines.collect();
    let summary = lines.pop().unwrap();
    (lines, summary)
}

/// What becomes of each element, without waiting, and the pauses that were made.
fn library(server: &Server, request: &str, jobs: usize) -> (Vec<Done>, Vec<Duration>) {
    let (client, pauses) = client(&server.url);
    let space = "soc".parse().unwrap();
    let request = Request::parse(request).unwrap().one_by_one();
    let patcher = Patcher {
        client: &client,
        space: &space,
        request: &request,
        jobs,
    };
    let mut all = Vec::new();
    patcher
        .run(&mut |done| {
            all.push(done);
            Ok(())
        })
        .unwrap();
    let pauses = pauses.lock().unwrap().clone();
    (all, pauses)
}

#[test]
fn each_partial_rule_is_a_request_and_a_line_of_the_report() {
    let server = patching(&[rule("a", "query"), rule("b", "query")], |_, _| None);
    let request = r#"[{"rule_id":"a", "risk_score" : 73.0},{"rule_id":"gone","tags":[]},{"rule_id":"b","tags":["x"]},{"rule_id":"a","tags":["y"]}]"#;
    let ran = patch(&server, request, &["--yes"]);
    assert_eq!(ran.code, Some(3), "{}", ran.stderr);
    let (lines, summary) = report(&ran);
    let told: Vec<(&str, &str, u64)> = lines
        .iter()
        .map(|line| {
            let text = |key: &str| line[key].as_str().unwrap();
            (
                text("rule_id"),
                text("outcome"),
                line["status"].as_u64().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("a", "patched", 200),
            ("gone", "refused", 404),
            ("b", "patched", 200),
            ("a", "patched", 200)
        ]
    );
    assert_eq!(lines[1]["message"], "rule_id: \"gone\" not found");
    assert_eq!(
        (lines[0]["element"].as_u64(), lines[0]["space"].as_str()),
        (Some(0), Some("soc"))
    );
    assert_eq!(summary["summary"]["patched"], 3);
    assert_eq!(summary["exit"], 3);
    let patches = server.asked();
    assert_eq!(patches.len(), 4);
    assert!(patches.iter().all(|asked| asked.method == "PATCH"));
    // An element is sent as it was written.
    assert!(
        patches
            .iter()
            .any(|asked| asked.body == br#"{"rule_id":"a", "risk_score" : 73.0}"#)
    );
    assert!(
        ran.stderr.contains("request.json:1:39, rule `gone`"),
        "{}",
        ran.stderr
    );
    assert!(
        ran.stderr.contains("4 partial rules for space `soc` of")
            && ran.stderr.contains("3 patched, 1 refused"),
        "{}",
        ran.stderr
    );
}

#[test]
fn elements_for_one_rule_stay_in_order_whatever_is_in_flight() {
    let rules: Vec<Value> = (0..8).map(|id| rule(&format!("r{id}"), "query")).collect();
    let server = patching(&rules, |_, _| None);
    let elements: Vec<Value> = (0..200)
        .map(|number| json!({"rule_id": format!("r{}", number % 8), "tags": [number.to_string()]}))
        .collect();
    let (done, _) = library(&server, &json!(elements).to_string(), 8);
    let places: Vec<usize> = done.iter().map(|done| done.element).collect();
    assert_eq!(places, (0..200).collect::<Vec<_>>());
    let mut last: HashMap<String, u64> = HashMap::new();
    for asked in server.asked() {
        let body = body(&asked);
        let number: u64 = body["tags"][0].as_str().unwrap().parse().unwrap();
        let before = last.insert(body["rule_id"].as_str().unwrap().to_owned(), number);
        assert!(before.is_none_or(|before| before < number));
    }
}

#[test]
fn a_lost_answer_is_asked_for_again_and_then_read_back() {
    let one = r#"[{"rule_id":"a","severity":"high"},{"rule_id":"b","severity":"high"}]"#;
    let rules = [rule("a", "query"), rule("b", "query")];
    // Lost once: sent again.
    let server = patching(&rules, |_, before| {
        (before == 0).then_some((true, Answer::Nothing))
    });
    let (done, pauses) = library(&server, one, 1);
    assert_eq!(done[0].outcome, Outcome::Patched);
    assert!(done[0].again && !done[1].again);
    assert_eq!(pauses.len(), 1);
    // Lost for ever, but done: the rule tells, and the rest is sent.
    let lost = |asked: &Asked| body(asked)["rule_id"] == "a";
    let server = patching(&rules, move |asked, _| {
        lost(asked).then_some((true, Answer::Nothing))
    });
    let (done, _) = library(&server, one, 1);
    assert_eq!(
        (done[0].outcome, done[1].outcome),
        (Outcome::Patched, Outcome::Patched)
    );
    assert!(
        done[0]
            .message
            .as_ref()
            .unwrap()
            .ends_with("the rule has what was sent")
    );
    // Lost for ever, and not done: nobody knows whether it is under way, so the rest waits for somebody to look.
    let server = patching(&rules, move |asked, _| {
        lost(asked).then_some((false, Answer::Nothing))
    });
    let (done, _) = library(&server, one, 1);
    assert_eq!(
        (done[0].outcome, done[1].outcome),
        (Outcome::Unknown, Outcome::NotSent)
    );
    let message = done[0].message.as_ref().unwrap();
    assert!(
        message.ends_with("the rule does not have what was sent: `severity`"),
        "{message}"
    );
}

#[test]
fn an_error_of_the_server_is_looked_into_and_ends_nothing() {
    let boom = || status(500, r#"{"message":"boom","status_code":500}"#);
    let server = patching(
        &[rule("a", "query"), rule("b", "query")],
        move |_, before| (before < 2).then(|| (before == 1, boom())),
    );
    let request = r#"[{"rule_id":"a","severity":"high"},{"rule_id":"b","severity":"high"},{"rule_id":"a","severity":"critical"}]"#;
    let (done, _) = library(&server, request, 1);
    let outcomes: Vec<Outcome> = done.iter().map(|done| done.outcome).collect();
    // The first rule has both of its elements sent before the second rule's.
    assert_eq!(
        outcomes,
        [Outcome::Failed, Outcome::Patched, Outcome::Patched]
    );
    assert_eq!(done[0].status, Some(500));
    assert!(
        done[0]
            .message
            .as_ref()
            .unwrap()
            .starts_with("boom; the rule does not have")
    );
}

#[test]
fn refused_credentials_end_the_run() {
    let refused = || {
        status(
            403,
            r#"{"statusCode":403,"error":"Forbidden","message":"no privilege"}"#,
        )
    };
    let rules: Vec<Value> = (0..9).map(|id| rule(&format!("r{id}"), "query")).collect();
    let elements: Vec<Value> = (0..9)
        .map(|id| json!({"rule_id": format!("r{id}"), "tags": []}))
        .collect();
    let request = json!(elements).to_string();
    for (first, code) in [(0, 5), (2, 3)] {
        let server = patching(&rules, move |_, before| {
            (before >= first).then(|| (false, refused()))
        });
        let ran = patch(&server, &request, &["--yes", "-j", "1"]);
        assert_eq!(ran.code, Some(code), "{}", ran.stderr);
        let (lines, summary) = report(&ran);
        assert_eq!(lines.len(), 9);
        assert_eq!(summary["summary"]["not_sent"], 8 - first);
        assert_eq!(summary["summary"]["refused"], 1);
        assert_eq!(server.asked().len(), first + 1);
    }
}

#[test]
fn a_dry_run_looks_and_sends_nothing() {
    let server = patching(
        &[rule("a", "query"), rule("ml", "machine_learning")],
        |_, _| None,
    );
    let request = r#"[{"rule_id":"a","severity":"high","risk_score":21.0,"tags":[]},{"rule_id":"gone"},{"rule_id":"ml","type":"query"},{"rule_id":"a","tags":[]}]"#;
    let ran = patch(&server, request, &["--dry-run"]);
    assert_eq!(ran.code, Some(3), "{}", ran.stderr);
    assert!(server.asked().iter().all(|asked| asked.method == "GET"));
    let (lines, _) = report(&ran);
    assert_eq!(
        (&lines[0]["outcome"], &lines[0]["changes"]),
        (&json!("ready"), &json!(["severity"]))
    );
    assert_eq!(
        (&lines[1]["outcome"], &lines[1]["status"]),
        (&json!("refused"), &json!(404))
    );
    let message = lines[2]["message"].as_str().unwrap();
    assert!(
        message.starts_with("would be refused: type: Invalid literal value"),
        "{message}"
    );
    assert_eq!(lines[3]["changes"], json!([]));
    let folder = Folder::new();
    folder.write("request.json", request);
    let ran = run(
        &folder,
        &server,
        &["patch", "--request", "request.json", "--dry-run", "-q"],
    );
    assert_eq!(
        String::from_utf8(ran.stdout).unwrap(),
        "rule `a`: would change `severity`\nrule `a`: has it already\n"
    );
}

#[test]
fn flags_of_files_and_of_a_space_do_not_mix() {
    let server = patching(&[], |_, _| None);
    let folder = Folder::new();
    folder.write("request.json", "[]");
    for (flags, part) in [
        (&["a.ndjson"][..], "`FILE` is for files"),
        (&["-o", "x"], "`-o` is for files"),
        (&["--seed", "x"], "`--seed` is for files"),
        (&["--on-error", "keep"], "`--on-error` is for files"),
    ] {
        let verb = ["patch", "--request", "request.json"];
        let ran = run(&folder, &server, &[&verb, flags].concat());
        assert_eq!(ran.code, Some(2), "{flags:?}");
        assert!(ran.stderr.contains(part), "{flags:?}: {}", ran.stderr);
    }
    for flag in [
        &["--dry-run"][..],
        &["--yes"],
        &["--report", "x"],
        &["--space", "soc"],
    ] {
        let verb = ["patch", "--request", "request.json", "a.ndjson"];
        let ran = folder.run(&[&verb, flag].concat(), b"");
        assert_eq!(ran.code, Some(2), "{flag:?}");
        assert!(
            ran.stderr.contains("is for a live space"),
            "{flag:?}: {}",
            ran.stderr
        );
    }
    folder.write("request.json", r#"[{"rule_id":"a","tags":[]}]"#);
    let ran = run(&folder, &server, &["patch", "--request", "request.json"]);
    assert_eq!(ran.code, Some(2));
    assert!(
        ran.stderr.contains("`--yes` is needed")
            && ran.stderr.contains("Send 1 partial rule to space `soc`"),
        "{}",
        ran.stderr
    );
    assert!(server.asked().is_empty());
}
