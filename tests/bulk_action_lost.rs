//! A live bulk action whose answers are lost, and what the comparison with the offline answer shows.

#![cfg(test)]

#[path = "support/command.rs"]
mod command;
#[path = "support/scripted.rs"]
mod scripted;
#[path = "support/server.rs"]
mod server;

use std::collections::HashSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use command::Folder;
use ruleferry::bulk::Live;
use ruleferry::error::ErrorKind;
use ruleferry::ops::bulk_action::{Answer as Summed, Order};
use scripted::{body, client, kibana, path, rule, run, to};
use serde_json::{Value, json};
use server::{Answer, Asked, Server, status};

const ROUTE: &str = "/api/detection_engine/rules/_bulk_action";

fn all_done(asked: &Asked) -> Answer {
    let number = body(asked)["ids"].as_array().map_or(1, Vec::len);
    server::json(
        &json!({"success": true, "rules_count": number, "attributes": {
            "results": {"updated": [], "created": [], "deleted": [], "skipped": []},
            "summary": {"failed": 0, "succeeded": number, "skipped": 0, "total": number}}})
        .to_string(),
    )
}

/// A server that answers the first requests otherwise.
fn after(first: Vec<Answer>) -> Server {
    let first = Mutex::new(first.into_iter());
    Server::start(move |asked, _| {
        let next = first.lock().unwrap().next();
        next.unwrap_or_else(|| all_done(asked))
    })
}

fn html(status: u16) -> Answer {
    Answer::Status(
        status,
        vec![("content-type", "text/html".into())],
        "<html><title>trouble</title></html>".into(),
    )
}

/// Does a request to the rules with these ids.
fn sent(
    server: &Server,
    request: &str,
    ids: Option<&[&str]>,
    dry_run: bool,
) -> (Summed, Vec<Duration>) {
    let (client, pauses) = client(&server.url);
    let space = "soc".parse().unwrap();
    let request = Live::parse(request).unwrap();
    let order = Order {
        client: &client,
        space: &space,
        request: &request,
        dry_run,
        jobs: 1,
        keeps: true,
    };
    let ids: Option<Vec<String>> = ids.map(|ids| ids.iter().map(ToString::to_string).collect());
    let answer = order.run(ids.as_deref()).unwrap();
    let pauses = pauses.lock().unwrap().clone();
    (answer, pauses)
}

const TAGS: &str = r#"{"action":"edit","ids":["1"],"edit":[{"type":"add_tags","value":["a"]}]}"#;
const ACTIONS: &str = r#"{"action":"edit","ids":["1"],"edit":[{"type":"add_rule_actions","value":{"actions":[{"id":"c","group":"default","params":{}}]}}]}"#;

#[test]
fn only_what_may_be_done_twice_is_sent_again() {
    let simple = |action: &str| format!(r#"{{"action":"{action}","ids":["1"]}}"#);
    let run = r#"{"action":"run","ids":["1"],"run":{"start_date":"a"}}"#.to_owned();
    for (request, dry_run, times) in [
        (simple("enable"), false, 2),
        (simple("disable"), false, 2),
        (simple("delete"), false, 2),
        (TAGS.into(), false, 2),
        (simple("duplicate"), false, 1),
        (ACTIONS.into(), false, 1),
        (run, false, 1),
        (simple("duplicate"), true, 2),
        (ACTIONS.into(), true, 2),
    ] {
        for lost in [
            Answer::Nothing,
            Answer::Cut("{\"success\":true".into(), 9),
            html(502),
            html(504),
            status(503, "{}"),
            Answer::Status(200, vec![], "no JSON".into()),
            server::json("{}"),
        ] {
            let server = after(vec![lost.clone()]);
            let (answer, _) = sent(&server, &request, Some(&["1"]), dry_run);
            assert_eq!(server.asked().len(), times, "{request} {lost:?}");
            assert_eq!(answer.unknown.len(), 2 - times, "{request} {lost:?}");
            assert_eq!(answer.again, times as u64 - 1, "{request} {lost:?}");
            assert_eq!(answer.is_complete(), times == 2, "{request} {lost:?}");
        }
    }
}

#[test]
fn who_is_told_to_wait_waits_as_told() {
    let busy = Answer::Status(429, vec![("retry-after", "7".into())], String::new());
    let server = after(vec![busy.clone(), busy]);
    let duplicate = r#"{"action":"duplicate","ids":["1"]}"#;
    let (answer, pauses) = sent(&server, duplicate, Some(&["1"]), false);
    assert_eq!(pauses, [Duration::from_secs(7); 2]);
    assert!(answer.is_complete() && answer.again == 0);
}

#[test]
fn an_error_of_the_server_leaves_it_open_and_is_not_tried_again() {
    for request in [TAGS, r#"{"action":"enable","ids":["1"]}"#] {
        let server = after(vec![status(500, r#"{"message":"boom","status_code":500}"#)]);
        let (answer, _) = sent(&server, request, Some(&["1"]), false);
        assert_eq!(server.asked().len(), 1);
        let kind = answer.unknown[0].error.kind();
        assert!(
            matches!(kind, ErrorKind::Status { status: 500, message, .. } if &**message == "boom")
        );
    }
}

#[test]
fn a_refusal_after_a_lost_answer_says_nothing_of_what_was_done() {
    let server = after(vec![Answer::Nothing, status(401, "{}")]);
    let (answer, _) = sent(&server, TAGS, Some(&["1"]), false);
    assert!(answer.refusal.is_none());
    assert_eq!(answer.unknown[0].ids, ["1"]);
}

#[test]
fn after_a_lost_answer_nothing_more_is_sent() {
    let many: Vec<String> = (0..250).map(|id| id.to_string()).collect();
    let ids: Vec<&str> = many.iter().map(String::as_str).collect();
    let duplicate = r#"{"action":"duplicate","query":""}"#;
    let server = Server::start(|asked, before| {
        if before == 1 {
            Answer::Nothing
        } else {
            all_done(asked)
        }
    });
    let (answer, _) = sent(&server, duplicate, Some(&ids), false);
    assert_eq!(server.asked().len(), 2);
    assert_eq!(answer.summary.succeeded, 100);
    assert_eq!(answer.unknown[0].ids, many[100..200]);
    assert_eq!(answer.unsent, many[200..]);
}

#[test]
fn what_a_lost_request_deleted_is_no_error() {
    let deleting = |errors: bool| {
        Server::start(move |asked, before| {
            if before == 0 {
                return Answer::Nothing;
            }
            assert_eq!(body(asked)["ids"], json!(["1", "2", "3"]));
            let missing = json!([
                {"message": "Rule not found", "status_code": 500, "rules": [{"id": "1"}, {"id": "2"}]}]);
            let errors = if errors { missing } else { json!([]) };
            let failed = if errors == json!([]) { 0 } else { 2 };
            let results =
                json!({"updated": [], "created": [], "deleted": [{"id": "3"}], "skipped": []});
            let answer = json!({"attributes": {"errors": errors, "results": results,
                "summary": {"failed": failed, "succeeded": 1, "skipped": 0, "total": failed + 1}}});
            status(if failed == 0 { 200 } else { 500 }, &answer.to_string())
        })
    };
    // Kibana names rules that are not there as errors, or not at all.
    for errors in [true, false] {
        let delete = r#"{"action":"delete","ids":["1"]}"#;
        let (answer, _) = sent(&deleting(errors), delete, Some(&["1", "2", "3"]), false);
        assert_eq!(answer.gone, ["1", "2"]);
        assert_eq!(answer.summary.failed, 0);
        assert!(answer.is_complete(), "{answer:?}");
    }
}

#[test]
fn rules_that_the_answer_leaves_out_are_told() {
    let server = Server::start(|_, _| {
        server::json(
            r#"{"attributes":{"results":{"updated":[{"id":"1"}]},"summary":{"failed":0,"succeeded":1,"total":1}}}"#,
        )
    });
    let enable = r#"{"action":"enable","ids":["1"]}"#;
    let (answer, _) = sent(&server, enable, Some(&["1", "2"]), false);
    assert_eq!((answer.absent.count, answer.absent.ids.len()), (1, 1));
    assert_eq!(answer.absent.ids, ["2"]);
    assert!(!answer.is_complete());
}

/// A server whose dry run of an edit of index patterns fails ES|QL rules, and the rules in `also`.
fn checking(also: &'static [&'static str]) -> Server {
    let rules = vec![rule("a", "query"), rule("b", "esql"), rule("c", "eql")];
    let all: Vec<Value> = rules.clone();
    kibana("9.1.0", rules, move |asked, _| {
        if path(asked) != ROUTE {
            return None;
        }
        assert!(asked.path.ends_with("?dry_run=true"), "{}", asked.path);
        let wanted = body(asked)["ids"].as_array().cloned();
        let chosen = all.iter().filter(|rule| match &wanted {
            Some(ids) => ids.contains(&rule["id"]),
            None => true,
        });
        let chosen: Vec<&Value> = chosen.collect();
        let fails: Vec<&&Value> = chosen
            .iter()
            .filter(|rule| {
                rule["type"] == "esql" || also.contains(&rule["rule_id"].as_str().unwrap())
            })
            .collect();
        let named: Vec<Value> = fails
            .iter()
            .map(|rule| json!({"id": rule["id"], "name": rule["name"]}))
            .collect();
        let (failed, total) = (fails.len(), chosen.len());
        let errors = json!([{"message": "ES|QL rule doesn't have index patterns", "status_code": 500,
            "err_code": "ESQL_INDEX_PATTERN", "rules": named}]);
        let answer = json!({"message": "Bulk edit partially failed", "status_code": 500,
            "attributes": {"errors": errors, "results": {},
                "summary": {"failed": failed, "succeeded": total - failed, "skipped": 0, "total": total}}});
        Some(status(500, &answer.to_string()))
    })
}

#[test]
fn the_offline_answer_is_compared_rule_by_rule() {
    let edit = r#""edit":[{"type":"add_index_patterns","value":["x"]}]"#;
    let by_id = format!(r#"{{"action":"edit","rule_ids":["a","b","c","gone"],{edit}}}"#);
    let by_query = format!(r#"{{"action":"edit","query":"",{edit}}}"#);
    for request in [&by_id, &by_query] {
        for (also, code) in [(&[][..], 0), (&["c"][..], 4)] {
            let server = checking(also);
            let folder = Folder::new();
            folder.write("request.json", request);
            let verb = ["bulk-action", "--request", "request.json", "--compare"];
            let ran = run(&folder, &server, &verb);
            assert_eq!(ran.code, Some(code), "{request}: {}", ran.stderr);
            let stdout = String::from_utf8(ran.stdout).unwrap();
            let expected = "rule `c` (C): the server says that it fails with 500 ESQL_INDEX_PATTERN (ES|QL rule doesn't have index patterns); offline it passes\n";
            assert_eq!(stdout, if code == 0 { "" } else { expected });
            let json = run(
                &folder,
                &server,
                &[&verb[..], &["--format", "json"]].concat(),
            );
            let report: Value = serde_json::from_slice(&json.stdout).unwrap();
            assert_eq!(report["exit"], code);
            let differing: HashSet<&str> = report["differences"]
                .as_array()
                .unwrap()
                .iter()
                .map(|difference| difference["rule_id"].as_str().unwrap())
                .collect();
            assert_eq!(differing, also.iter().copied().collect());
            // A dry run is all that the server was asked for.
            assert!(
                to(&server, ROUTE)
                    .iter()
                    .all(|asked| asked.path.contains("dry_run=true"))
            );
        }
    }
}

#[test]
fn an_export_that_breaks_off_is_fetched_again() {
    let rule = "{\"id\":\"1\",\"rule_id\":\"r\",\"type\":\"query\"}\n";
    let whole = format!("{rule}{{\"exported_count\":1,\"exported_rules_count\":1}}\n");
    let times = AtomicUsize::new(0);
    let server = Server::start(move |_, _| match times.fetch_add(1, Ordering::SeqCst) {
        0 => Answer::Cut(rule.into(), 50),
        // A proxy that ends a stream early without a word.
        1 => Answer::Status(200, vec![], rule.into()),
        _ => Answer::Status(200, vec![], whole.clone()),
    });
    let (client, _) = client(&server.url);
    let space = "soc".parse().unwrap();
    let request = Live::parse(r#"{"action":"export","ids":["1","2"]}"#).unwrap();
    let order = Order {
        client: &client,
        space: &space,
        request: &request,
        dry_run: false,
        jobs: 1,
        keeps: false,
    };
    let mut exported = order.export(Some(&["1".into(), "2".into()])).unwrap();
    assert_eq!(
        (exported.rules, exported.missing.as_slice()),
        (1, &["2".to_owned()][..])
    );
    let mut out = Vec::new();
    exported
        .write(&ruleferry::pipeline::Reading::default(), &mut out)
        .unwrap();
    assert!(String::from_utf8(out).unwrap().starts_with(rule));
    assert_eq!(server.asked().len(), 3);
}
