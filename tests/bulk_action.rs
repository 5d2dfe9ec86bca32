//! `bulk-action` against a server that follows a script: what is sent, what is told, and how a run ends.

#![cfg(test)]

#[path = "support/command.rs"]
mod command;
#[path = "support/scripted.rs"]
mod scripted;
#[path = "support/server.rs"]
mod server;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use command::{Folder, Ran};
use scripted::{body, kibana, path, rule, run, to};
use serde_json::{Value, json};
use server::{Answer, Asked, Server, status};

const ROUTE: &str = "/api/detection_engine/rules/_bulk_action";

/// What a server answers that does the request to all its ids.
fn done(asked: &Asked) -> Answer {
    let request = body(asked);
    let ids = request["ids"].as_array().cloned().unwrap_or_default();
    let place = match request["action"].as_str().unwrap() {
        "delete" => "deleted",
        "duplicate" => "created",
        _ => "updated",
    };
    let is_dry = asked.path.contains("dry_run=true");
    let rules: Vec<Value> = ids
        .iter()
        .map(|id| json!({"id": id, "risk": 1.0}))
        .collect();
    let mut results = json!({"updated": [], "created": [], "deleted": [], "skipped": []});
    if !is_dry {
        results[place] = rules.into();
    }
    let number = ids.len();
    server::json(
        &json!({"success": true, "rules_count": number, "attributes": {"results": results,
            "summary": {"failed": 0, "succeeded": number, "skipped": 0, "total": number}}})
        .to_string(),
    )
}

/// A server that does what is asked.
fn willing() -> Server {
    kibana(
        "9.1.0",
        vec![rule("a", "query"), rule("b", "esql")],
        |asked, _| (path(asked) == ROUTE).then(|| done(asked)),
    )
}

fn bulk(server: &Server, request: &str, flags: &[&str]) -> Ran {
    let folder = Folder::new();
    folder.write("request.json", request);
    let verb = ["bulk-action", "--request", "request.json"];
    run(&folder, server, &[&verb, flags].concat())
}

fn ids(number: usize) -> Vec<String> {
    (0..number).map(|id| format!("id-{id}")).collect()
}

fn report(ran: &Ran) -> Value {
    serde_json::from_slice(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {ran:?}"))
}

#[test]
fn ids_go_in_hundreds_and_the_answers_are_one() {
    let server = willing();
    let request = json!({"action": "enable", "ids": ids(250)}).to_string();
    let request = request.replace("{\"action\"", "{ \"more\" : 1.0,\"action\"");
    let ran = bulk(&server, &request, &["--yes", "--format", "json"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let asked = to(&server, ROUTE);
    let sent: Vec<Value> = asked
        .iter()
        .map(|asked| body(asked)["ids"].clone())
        .collect();
    let all = ids(250);
    assert_eq!(
        sent,
        [json!(all[..100]), json!(all[100..200]), json!(all[200..])]
    );
    for asked in &asked {
        assert_eq!(asked.path, format!("/s/soc{ROUTE}"));
        assert!(asked.body.starts_with(b"{ \"more\" : 1.0,\"action\""));
    }
    let report = report(&ran);
    let answer = &report["answer"];
    assert_eq!(answer["success"], true);
    assert_eq!(answer["rules_count"], 250);
    let summary = &answer["attributes"]["summary"];
    assert_eq!(
        *summary,
        json!({"failed": 0, "succeeded": 250, "skipped": 0, "total": 250})
    );
    let updated = answer["attributes"]["results"]["updated"]
        .as_array()
        .unwrap();
    let updated: Vec<&str> = updated
        .iter()
        .map(|rule| rule["id"].as_str().unwrap())
        .collect();
    assert_eq!(updated, all);
    // Rules are told as the server spells them.
    assert!(String::from_utf8_lossy(&ran.stdout).contains("\"risk\":1.0"));
    assert!(ran.stderr.contains("`/more` is no key that Kibana knows"));
    let ran = bulk(&server, &request, &["--yes"]);
    assert!(
        ran.stderr.contains("250 rules chosen in space `soc` of"),
        "{}",
        ran.stderr
    );
    assert!(ran.stdout.is_empty());
}

#[test]
fn a_query_goes_as_it_was_written() {
    let server = willing();
    let request =
        r#"{"query" : "alert.attributes.lastRun.outcome: \"failed\"" , "action":"disable"}"#;
    let ran = bulk(&server, request, &["--dry-run"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let asked = to(&server, ROUTE);
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].path, format!("/s/soc{ROUTE}?dry_run=true"));
    assert_eq!(asked[0].body, request.as_bytes());
}

#[test]
fn rules_are_found_by_their_stable_ids() {
    let server = willing();
    let request = r#"{"action":"delete","rule_ids":["b","gone","a"]}"#;
    let ran = bulk(&server, request, &["--yes", "--format", "json"]);
    assert_eq!(ran.code, Some(3), "{}", ran.stderr);
    let asked = to(&server, ROUTE);
    assert_eq!(
        body(&asked[0]),
        json!({"action": "delete", "ids": ["id-b", "id-a"]})
    );
    assert!(
        ran.stderr.contains("Rule not found (1 rule: `gone`)"),
        "{}",
        ran.stderr
    );
    let report = report(&ran);
    assert_eq!(
        report["answer"]["attributes"]["errors"],
        json!([{"message": "Rule not found", "status_code": 500, "rules": [{"rule_id": "gone"}]}])
    );
    assert_eq!(report["answer"]["message"], "Bulk edit partially failed");
    assert_eq!(report["exit"], 3);
}

#[test]
fn nothing_is_sent_that_nobody_asked_for() {
    for (request, flags, part) in [
        (
            r#"{"action":"delete"}"#,
            &["--yes"][..],
            "neither `ids` nor `query` is given",
        ),
        (r#"{"action":"delete","query":""}"#, &[], "`query` is empty"),
        (
            r#"{"action":"delete","query":" "}"#,
            &[],
            "`query` is empty",
        ),
        (
            r#"{"action":"delete","ids":["1"],"query":"x"}"#,
            &["--yes"],
            "Both query and ids",
        ),
        (
            r#"{"action":"delete","ids":["1"]}"#,
            &[],
            "`--yes` is needed where there is no terminal",
        ),
        (
            r#"{"action":"delete","rule_ids":["a","b"]}"#,
            &[],
            "Delete 2 rules in space `soc` of",
        ),
        (
            r#"{"action":"export","query":""}"#,
            &["--dry-run"],
            "doesn't support dry_run",
        ),
        (
            r#"{"action":"enable","query":""}"#,
            &["-o", "x"],
            "`-o` is for what `export` gives",
        ),
        (
            r#"{"action":"run","query":"","run":{"start_date":"a"}}"#,
            &["--compare"],
            "`--compare` needs an action with",
        ),
    ] {
        let server = willing();
        let ran = bulk(&server, request, flags);
        assert_eq!(ran.code, Some(2), "{request}: {}", ran.stderr);
        assert!(ran.stderr.contains(part), "{request}: {}", ran.stderr);
        assert!(to(&server, ROUTE).is_empty(), "{request}");
    }
    // What changes nothing needs no yes, and nor does what is for no rule.
    let server = willing();
    assert_eq!(
        bulk(&server, r#"{"action":"delete","query":""}"#, &["--dry-run"]).code,
        Some(0)
    );
    let ran = bulk(&server, r#"{"action":"delete","rule_ids":["gone"]}"#, &[]);
    assert_eq!(ran.code, Some(3), "{}", ran.stderr);
    assert_eq!(to(&server, ROUTE).len(), 1);
}

#[test]
fn a_500_with_results_is_an_answer_and_errors_of_one_text_are_one() {
    let server = kibana("9.1.0", vec![], |asked, _| {
        (path(asked) == ROUTE).then(|| {
            let ids = body(asked)["ids"].clone();
            let number = ids.as_array().unwrap().len();
            let failed = json!({"message": "Index patterns can't be added.", "status_code": 500,
                "rules": [{"id": ids[0], "name": "First"}]});
            let summary =
                json!({"failed": 1, "succeeded": 0, "skipped": number - 1, "total": number});
            let skipped: Vec<Value> = ids.as_array().unwrap()[1..]
                .iter()
                .map(|id| json!({"id": id, "skip_reason": "RULE_NOT_MODIFIED"}))
                .collect();
            let results = json!({"updated": [], "created": [], "deleted": [], "skipped": skipped});
            let answer = json!({"message": "Bulk edit failed", "status_code": 500,
                "attributes": {"errors": [failed], "results": results, "summary": summary}});
            status(500, &answer.to_string())
        })
    });
    let edit = r#"[{"type":"add_tags","value":["a"]}]"#;
    let request = format!(
        r#"{{"action":"edit","ids":{},"edit":{edit}}}"#,
        json!(ids(101))
    );
    let ran = bulk(&server, &request, &["--yes", "--format", "json"]);
    assert_eq!(ran.code, Some(3), "{}", ran.stderr);
    assert_eq!(to(&server, ROUTE).len(), 2);
    let attributes = report(&ran)["answer"]["attributes"].clone();
    assert_eq!(attributes["errors"].as_array().unwrap().len(), 1);
    assert_eq!(
        attributes["errors"][0]["rules"],
        json!([{"id": "id-0", "name": "First"}, {"id": "id-100", "name": "First"}])
    );
    assert_eq!(
        attributes["summary"],
        json!({"failed": 2, "succeeded": 0, "skipped": 99, "total": 101})
    );
    assert_eq!(
        attributes["results"]["skipped"].as_array().unwrap().len(),
        99
    );
    let ran = bulk(&server, &request, &["--yes"]);
    assert!(
        ran.stderr
            .contains("0 updated, 99 skipped (were so already), 2 failed"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_refusal_ends_the_run_and_says_what_was_not_done() {
    let refusing_from = |first: usize| {
        let seen = AtomicUsize::new(0);
        kibana("9.1.0", vec![], move |asked, _| {
            (path(asked) == ROUTE).then(|| {
                if seen.fetch_add(1, Ordering::SeqCst) < first {
                    return done(asked);
                }
                status(
                    403,
                    r#"{"statusCode":403,"error":"Forbidden","message":"no privilege"}"#,
                )
            })
        })
    };
    let request = json!({"action": "disable", "ids": ids(301)}).to_string();
    let server = refusing_from(0);
    let ran = bulk(&server, &request, &["--yes"]);
    assert_eq!(ran.code, Some(5), "{}", ran.stderr);
    assert!(
        ran.stderr.contains("answered 403: no privilege"),
        "{}",
        ran.stderr
    );
    assert_eq!(to(&server, ROUTE).len(), 1);
    let server = refusing_from(2);
    let ran = bulk(&server, &request, &["--yes"]);
    assert_eq!(ran.code, Some(3), "{}", ran.stderr);
    assert_eq!(to(&server, ROUTE).len(), 3);
    assert!(
        ran.stderr
            .contains("nothing was done to 101 rules (`id-200`, `id-201`, `id-202` and 98 more)"),
        "{}",
        ran.stderr
    );
    assert!(
        ran.stderr.contains("301 rules chosen in space `soc`")
            && ran.stderr.contains("200 disabled, 101 not sent"),
        "{}",
        ran.stderr
    );
}

#[test]
fn no_more_than_five_are_in_flight() {
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let seen = Arc::clone(&most);
    let server = kibana("9.1.0", vec![], move |asked, _| {
        (path(asked) == ROUTE).then(|| {
            now.fetch_add(1, Ordering::SeqCst);
            // Each waits for the others, so that all that may meet do meet.
            let begun = Instant::now();
            while most.load(Ordering::SeqCst) < 5 && begun.elapsed() < Duration::from_secs(5) {
                most.fetch_max(now.load(Ordering::SeqCst), Ordering::SeqCst);
                std::thread::yield_now();
            }
            most.fetch_max(now.load(Ordering::SeqCst), Ordering::SeqCst);
            let answer = done(asked);
            now.fetch_sub(1, Ordering::SeqCst);
            answer
        })
    });
    let request = json!({"action": "disable", "ids": ids(800)}).to_string();
    let ran = bulk(&server, &request, &["--yes", "-j", "9", "--format", "json"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert_eq!(seen.load(Ordering::SeqCst), 5);
    let updated = report(&ran)["answer"]["attributes"]["results"]["updated"].clone();
    let updated: Vec<String> = updated
        .as_array()
        .unwrap()
        .iter()
        .map(|rule| rule["id"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(updated, ids(800));
}

#[test]
fn what_the_version_does_not_know_is_said() {
    let refusing = |version| {
        kibana(version, vec![rule("a", "query")], |asked, _| {
            (path(asked) == ROUTE).then(|| {
                status(
                    400,
                    r#"{"statusCode":400,"error":"Bad Request","message":"no"}"#,
                )
            })
        })
    };
    let gaps = r#"{"action":"fill_gaps","query":"","fill_gaps":{"start_date":"a","end_date":"b"},"gaps_range_start":"a","gaps_range_end":"b","gap_fill_statuses":["unfilled"]}"#;
    let server = refusing("8.18.0");
    let ran = bulk(&server, gaps, &["--yes"]);
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    assert!(
        ran.stderr.contains("take every rule of the query"),
        "{}",
        ran.stderr
    );
    assert!(to(&server, ROUTE).is_empty());
    let edit = r#"{"action":"edit","rule_ids":["a"],"edit":[{"type":"delete_alert_suppression"}]}"#;
    let ran = bulk(&server, edit, &["--yes"]);
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    assert!(
        ran.stderr
            .contains("note: this is Kibana 8.18; bulk edits of suppression came with 9.1"),
        "{}",
        ran.stderr
    );
    assert!(
        !bulk(&refusing("9.1.0"), edit, &["--yes"])
            .stderr
            .contains("this is Kibana")
    );
}

#[test]
fn an_export_of_many_is_one_bundle_and_lacks_nothing_quietly() {
    let server = kibana("9.1.0", vec![], |asked, _| {
        (path(asked) == ROUTE).then(|| {
            let ids = body(asked)["ids"].as_array().cloned().unwrap();
            let rules = ids.iter().filter(|id| **id != "id-7").map(|id| {
                let id = id.as_str().unwrap();
                format!("{{\"id\":\"{id}\",\"rule_id\":\"r-{id}\",\"type\":\"query\"}}\n")
            });
            let rules: String = rules.collect();
            let list = r#"{"id":"L","list_id":"shared","type":"detection","namespace_type":"single"}"#;
            let details = r#"{"exported_count":0,"exported_rules_count":0,"missing_exception_lists":[{"list_id":"lost"}]}"#;
            let text = format!("{rules}{list}\n{details}\n");
            Answer::Status(200, vec![("content-type", "application/ndjson".into())], text)
        })
    });
    let folder = Folder::new();
    folder.write(
        "request.json",
        json!({"action": "export", "ids": ids(120)}).to_string(),
    );
    let verb = [
        "bulk-action",
        "--request",
        "request.json",
        "-o",
        "out.ndjson",
    ];
    let ran = run(&folder, &server, &verb);
    assert_eq!(ran.code, Some(3), "{}", ran.stderr);
    assert!(
        ran.stderr.contains("the export lacks 1 rule: `id-7`"),
        "{}",
        ran.stderr
    );
    assert!(
        ran.stderr
            .contains("the server left out missing_exception_lists: `lost`"),
        "{}",
        ran.stderr
    );
    let out = String::from_utf8(folder.read("out.ndjson")).unwrap();
    assert_eq!(out.matches("\"rule_id\"").count(), 119);
    assert_eq!(out.matches("\"list_id\":\"shared\"").count(), 1);
    assert!(
        out.trim_end()
            .lines()
            .next_back()
            .unwrap()
            .contains("\"exported_rules_count\":119")
    );
}

#[test]
fn of_several_rules_with_one_stable_id_each_counts() {
    let mut twin = rule("a", "query");
    twin["id"] = "id-twin".into();
    let server = kibana("9.1.0", vec![rule("a", "query"), twin], |asked, _| {
        (path(asked) == ROUTE).then(|| done(asked))
    });
    let ran = bulk(
        &server,
        r#"{"action":"enable","rule_ids":["a"]}"#,
        &["--yes"],
    );
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let asked = to(&server, ROUTE);
    assert_eq!(body(&asked[0])["ids"], json!(["id-a", "id-twin"]));
    assert!(
        ran.stderr
            .contains("several rules have one `rule_id`, and each of them counts: `a`"),
        "{}",
        ran.stderr
    );
}
