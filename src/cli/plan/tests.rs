//! What is written of a plan.

use ruleferry::kibana::{Client, Options};
use ruleferry::ops::import::View;
use ruleferry::ops::model::{Overwrite, Server};
use ruleferry::ops::snapshot::Snapshot;
use ruleferry::pipeline::Reading;
use ruleferry::record::Record;
use ruleferry::stream::Source;

use super::super::connection::Spaces;
use super::*;

const BUNDLE: &str = r#"{"rule_id":"new","name":"n","description":"d","risk_score":1,"severity":"low","type":"query"}
{"rule_id":"old","name":"n","description":"d","risk_score":1,"severity":"low","type":"query","tags":["t"]}
{"rule_id":"held","name":"n","description":"d","risk_score":1,"severity":"low","type":"query","exceptions_list":[{"id":"x","list_id":"l","type":"detection","namespace_type":"single"}]}
{"id":"c","type":"action","attributes":{"name":"Chat","isMissingSecrets":true}}
{"exported_count":4}
"#;
const OLD: &str = r#"{"id":"o","rule_id":"old","name":"n","description":"d","risk_score":1,"severity":"low","type":"query","tags":[],"enabled":true,"version":1,"immutable":false}"#;

fn bundle() -> Inventory {
    let source = Source::reader("b.ndjson", BUNDLE.as_bytes());
    Inventory::read(&Reading::default(), vec![source], "9.1".parse().unwrap()).unwrap()
}

fn made(bundle: &Inventory) -> plan::Plan {
    let old = Record::parse(OLD, 0).unwrap();
    let mut snapshot = Snapshot::empty(Server::new(bundle.target));
    snapshot.model.add_rule(&old);
    snapshot.gaps.push("a gap".into());
    let mut view = View::empty(bundle);
    view.observe(bundle, &old).unwrap();
    let overwrite = Overwrite {
        rules: true,
        ..Overwrite::default()
    };
    let terms = Terms {
        overwrite,
        ..Terms::default()
    };
    plan::Plan::of(bundle, view, snapshot, terms).unwrap()
}

/// Hands the plan to `tell` with all that is told beside it.
fn told<T>(tell: impl FnOnce(&Told<'_>) -> T) -> T {
    let connected = Connected {
        client: Client::new(Options::new("http://127.0.0.1:9")).unwrap(),
        spaces: Spaces::default(),
        name: "prod".into(),
    };
    let bundle = bundle();
    tell(&Told {
        plan: &made(&bundle),
        connected: &connected,
        space: &Space::default(),
        bundle: &bundle,
        terms: Terms::default(),
        exit: Exit::Done,
    })
}

#[test]
fn the_text_counts_and_names_what_needs_attention() {
    let text = told(|told| text::of(told, false));
    let requests = made(&bundle()).requests;
    let (first, second) = (requests[0].bytes, requests[1].bytes);
    let bytes = first + second;
    let expected = format!(
        "4 records to space default of prod (Kibana 9.1), {bytes} bytes in 2 requests, one after another
  created          2  1 rule, 1 connector
  overwritten      1  1 rule
  held back        1  1 rule
held back:
  rule `held` (b.ndjson:3): list `l` is neither in the space nor arrives
overwritten:
  rule `old` (b.ndjson:2): tags
need their secrets entered:
  connector `c` (b.ndjson:4)
unsure: a gap
to request 1 ({first} bytes) the server will answer 200: success true, 2 of 2 rules, 0 errors; exceptions 0, 0 errors; connectors 0, 0 errors
to request 2 ({second} bytes) the server will answer 200: success true, 0 of 0 rules, 0 errors; exceptions 0, 0 errors; connectors 1, 0 errors
"
    );
    assert_eq!(text, expected);
    let all = told(|told| text::of(told, true));
    assert!(all.contains("created:\n  rule `new` (b.ndjson:1)\n  connector `c` (b.ndjson:4)\n"));
}

#[test]
fn json_has_a_line_a_record_then_the_summary() {
    let lines: Vec<Value> = told(|told| {
        let json = told.json();
        let values = json.lines().map(|line| serde_json::from_str(line).unwrap());
        values.collect()
    });
    assert_eq!(lines.len(), 5);
    assert_eq!(
        lines[1],
        json!({
            "schema_version": 1, "file": "b.ndjson", "line": 2, "kind": "rule", "id": "old", "space": "default",
            "outcome": "overwritten", "status": 200, "message": null, "part": 1, "changes": ["tags"], "notes": [],
        })
    );
    assert_eq!(lines[2]["outcome"], "held_back");
    assert_eq!(lines[2]["part"], Value::Null);
    assert_eq!(lines[3]["notes"], json!([{"note": "needs_secrets"}]));
    let summary = &lines[4];
    assert_eq!(summary["summary"]["created"], 2);
    assert_eq!(summary["summary"]["failed"], 0);
    assert_eq!(summary["requests"][0]["body"]["success_count"], 2);
    assert_eq!(
        (&summary["gaps"][0], &summary["exit"]),
        (&"a gap".into(), &0.into())
    );
}

#[test]
fn a_plan_is_kept_with_what_it_rests_on() {
    let folder = tempfile::tempdir().unwrap();
    let (bundle, path) = (folder.path().join("b.ndjson"), folder.path().join("p.json"));
    std::fs::write(&bundle, BUNDLE).unwrap();
    told(|told| keep::write(&path, std::slice::from_ref(&bundle), told)).unwrap();
    let kept: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    assert_eq!(kept["schema_version"], 1);
    assert_eq!(kept["files"][0]["bytes"], BUNDLE.len());
    assert_eq!(kept["records"].as_array().unwrap().len(), 4);
    assert_eq!(
        (&kept["space"], &kept["version"]),
        (&"default".into(), &"9.1".into())
    );
}
