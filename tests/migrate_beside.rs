//! `migrate`: what rules need beside the bundle comes first, and a plan for scripts says all of it.

#![cfg(test)]

#[path = "support/command.rs"]
mod command;
#[path = "support/ferry.rs"]
mod ferry;
#[path = "support/kibana/mod.rs"]
mod kibana;
#[path = "support/records.rs"]
mod records;

use command::{Folder, Ran, finish, spawn};
use ferry::{ferry, folder, kibana, report, rule_ids, run, take, text};
use kibana::{At, Fault, Kibana, On, Schedule, Work};
use records::{bundle, item, list, referring, rule, with};
use serde_json::{Value, json};

const ARGS: [&str; 7] = [
    "--from",
    "a/default",
    "--to",
    "b/soc",
    "--yes",
    "--format",
    "json",
];

fn view() -> Value {
    json!({"id": "logs-*", "title": "logs-*", "name": "Logs", "timeFieldName": "@timestamp", "fields": {"f": {"name": "f"}},
        "runtimeFieldMap": {"r": {"type": "long"}}, "allowNoIndex": true})
}

fn template(title: &str) -> Vec<u8> {
    let template = json!({"title": title, "timelineType": "template", "templateTimelineId": "t-1",
        "templateTimelineVersion": 1, "columns": [{"id": "@timestamp"}]});
    format!("{template}\n").into_bytes()
}

/// Rules that need a data view and a timeline template, and a rule that needs what Kibana makes itself.
fn seed(kibana: &Kibana) {
    let own = json!({"data_view_id": "security-solution-default",
        "timeline_id": "db366523-f1c6-4c1f-8731-6ce5ed9e5717", "timeline_title": "Generic Endpoint Timeline"});
    let rules = [
        with(
            rule("a"),
            &json!({"data_view_id": "logs-*", "timeline_id": "t-1", "timeline_title": "T"}),
        ),
        with(rule("b"), &json!({"data_view_id": "logs-*"})),
        with(rule("c"), &own),
    ];
    kibana.seed("default", &bundle(&rules));
    kibana.seed_view("default", &view());
    kibana.seed_timelines("default", &template("T"));
}

/// What became of what was brought first: kind, outcome and message.
fn beside(ran: &Ran) -> Vec<(String, String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let lines = report(ran).into_iter();
    let lines = lines.filter(|it| it["kind"] == "data-view" || it["kind"] == "timeline");
    lines
        .map(|it| {
            (
                text(&it["kind"]),
                text(&it["outcome"]),
                text(&it["message"]),
            )
        })
        .collect()
}

fn outcomes(ran: &Ran) -> Vec<String> {
    beside(ran).into_iter().map(|it| it.1).collect()
}

#[test]
fn what_rules_need_comes_before_them_up_and_down_the_generations() {
    for (from, to) in [("8.18", "9.6"), ("9.6", "8.18")] {
        let kibanas = [kibana(from), kibana(to)];
        let [a, b] = &kibanas;
        let folder = folder(&[a, b]);
        seed(a);
        let ran = run(&folder, &ARGS);
        assert_eq!(ran.code, Some(0), "{}{}", text(&ran), ran.stderr);
        assert_eq!(outcomes(&ran), ["created", "created"]);
        let views = b.views("soc");
        assert_eq!(views.len(), 1);
        for key in [
            "id",
            "title",
            "name",
            "timeFieldName",
            "runtimeFieldMap",
            "allowNoIndex",
        ] {
            assert_eq!(views[0][key], view()[key], "{key}");
        }
        assert!(views[0].get("fields").is_none());
        assert_eq!(b.timelines("soc").len(), 1);
        let paths: Vec<(String, String)> =
            b.log().into_iter().map(|it| (it.method, it.path)).collect();
        let first = |end: &str| {
            paths
                .iter()
                .position(|(method, path)| method == "POST" && path.ends_with(end))
        };
        let rules = first("/rules/_import").unwrap();
        assert!(
            first("/data_view").unwrap() < rules && first("/timeline/_import").unwrap() < rules
        );
        let again = run(&folder, &ARGS);
        assert_eq!(again.code, Some(0), "{}", again.stderr);
        assert_eq!(outcomes(&again), ["unchanged", "unchanged"]);
        assert!(
            report(&again)
                .iter()
                .all(|it| it.get("not_carried").is_none())
        );
    }
}

#[test]
fn nothing_that_is_there_is_replaced() {
    let kibanas = [kibana("9.1"), kibana("9.6")];
    let [a, b] = &kibanas;
    let folder = folder(&[a, b]);
    seed(a);
    b.seed_view("soc", &with(view(), &json!({"title": "theirs-*"})));
    b.seed_timelines("soc", &template("Theirs"));
    let ran = run(
        &folder,
        &[&ARGS[..], &["--overwrite", "rules,exceptions"]].concat(),
    );
    assert_eq!(ran.code, Some(3), "{}", ran.stderr);
    assert_eq!(outcomes(&ran), ["conflict", "conflict"]);
    assert!(
        beside(&ran)[0].2.contains("another `title`"),
        "{}",
        text(&ran)
    );
    assert_eq!(b.views("soc")[0]["title"], "theirs-*");
    assert_eq!(b.timelines("soc")[0]["title"], "Theirs");
    assert_eq!(rule_ids(b, "soc"), ["a", "b", "c"]);
    let left = run(
        &folder,
        &[
            &ARGS[..],
            &["--data-views", "never", "--timelines", "never"],
        ]
        .concat(),
    );
    assert_eq!(left.code, Some(0), "{}", left.stderr);
    assert!(beside(&left).is_empty());
}

#[test]
fn a_view_that_cannot_keep_its_id_is_named_with_what_helps() {
    // Of another name under its id in the space, of its id in another space.
    let same_name = with(view(), &json!({"id": "other"}));
    for (space, there, said) in [
        ("soc", same_name, "a data view of its name under another id"),
        (
            "emea",
            view(),
            "another space of that Kibana has a data view of its id",
        ),
    ] {
        let kibanas = [kibana("9.1"), kibana("9.6")];
        let [a, b] = &kibanas;
        let folder = folder(&[a, b]);
        seed(a);
        b.seed_view(space, &there);
        let ran = run(&folder, &ARGS);
        assert_eq!(ran.code, Some(3), "{}", ran.stderr);
        assert!(beside(&ran)[0].2.contains(said), "{}", text(&ran));
        let lacking: Vec<Value> = report(&ran)
            .into_iter()
            .filter(|it| it["not_carried"] == "data-view")
            .collect();
        assert_eq!(lacking.len(), 1);
        assert_eq!(rule_ids(b, "soc"), ["a", "b", "c"]);
    }
}

#[test]
fn a_lost_answer_is_looked_after() {
    let kibanas = [kibana("9.1"), kibana("9.6")];
    let [a, b] = &kibanas;
    let folder = folder(&[a, b]);
    seed(a);
    let lost = On::nth("POST", "*/data_view", 1);
    b.schedule(Schedule::of([(lost, Fault::Reset(At::AfterWork))]));
    let ran = run(&folder, &ARGS);
    assert_eq!(ran.code, Some(0), "{}{}", text(&ran), ran.stderr);
    assert_eq!(outcomes(&ran), ["created", "created"]);
    assert_eq!(b.views("soc").len(), 1);
}

#[test]
fn what_the_source_does_not_have_is_not_carried() {
    let kibanas = [kibana("9.1"), kibana("9.6")];
    let [a, b] = &kibanas;
    let folder = folder(&[a, b]);
    let needs =
        json!({"data_view_id": "v", "timeline_id": "t", "timeline_title": "T", "saved_id": "s"});
    a.seed("default", &bundle(&[with(rule("a"), &needs)]));
    let planned = run(&folder, &[&ARGS[..], &["--plan-only"]].concat());
    assert!(beside(&planned).is_empty(), "{}", text(&planned));
    assert_eq!(report(&planned).last().unwrap()["lacking"], 2);
    let ran = run(&folder, &ARGS);
    assert_eq!(ran.code, Some(3), "{}", ran.stderr);
    let expected = |kind: &str| {
        (
            kind.to_owned(),
            "failed".to_owned(),
            "a/default does not have it".to_owned(),
        )
    };
    assert_eq!(beside(&ran), [expected("data-view"), expected("timeline")]);
    let lacking = report(&ran)
        .into_iter()
        .filter(|it| it.get("not_carried").is_some());
    let lacking: Vec<(Value, Value)> = lacking
        .map(|it| (it["not_carried"].clone(), it["there"].clone()))
        .collect();
    assert_eq!(
        lacking,
        [
            (json!("data-view"), json!(false)),
            (json!("timeline"), json!(false)),
            (json!("saved-query"), Value::Null),
        ]
    );
}

#[test]
fn a_plan_for_scripts_says_all_of_it_and_changes_nothing() {
    let kibanas = [kibana("9.1"), kibana("9.6")];
    let [a, b] = &kibanas;
    let folder = folder(&[a, b]);
    a.seed("default", &bundle(&[rule("first"), rule("gone")]));
    let prune = [&ARGS[..], &["--prune", "ferry"]].concat();
    assert_eq!(run(&folder, &prune).code, Some(0));
    take(a, "default", "gone");
    seed(a);
    a.seed(
        "default",
        &bundle(&[with(
            referring("d", "l", "detection"),
            &json!({"saved_id": "s"}),
        )]),
    );
    let before = b.state("soc");
    let planned = [&prune[..], &["--plan-only", "--report", "plan.ndjson"]].concat();
    let ran = run(&folder, &planned);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert_eq!(folder.read("plan.ndjson"), ran.stdout);
    let lines = report(&ran);
    let told = |kind: &str, id: &str| {
        let found = lines.iter().find(|it| it["kind"] == kind && it["id"] == id);
        found.unwrap_or_else(|| panic!("{kind} {id}: {lines:#?}"))
    };
    assert_eq!(told("data-view", "logs-*")["outcome"], "created");
    assert_eq!(told("timeline", "t-1")["outcome"], "created");
    assert_eq!(told("rule", "b")["outcome"], "created");
    assert_eq!(told("rule", "d")["outcome"], "held_back");
    assert!(told("rule", "b")["notes"].is_array() && told("rule", "b")["part"] == 1);
    assert_eq!(told("rule", "gone")["prune"], "withheld");
    let lacking: Vec<&Value> = lines
        .iter()
        .filter(|it| it.get("not_carried").is_some())
        .collect();
    assert!(lacking.iter().all(|it| it["space"] == "soc"), "{lacking:?}");
    assert_eq!(lacking[0]["not_carried"], "saved-query");
    let last = lines.last().unwrap();
    assert_eq!(
        (&last["plan_only"], &last["spaces"], &last["exit"]),
        (&json!(true), &json!(1), &json!(0))
    );
    assert_eq!(last["summary"]["held_back"], 1);
    assert_eq!(last["pruned"], json!({"withheld": 1}));
    assert_eq!(b.state("soc"), before);
    assert!(b.views("soc").is_empty() && b.timelines("soc").is_empty());
}

fn refusal(status: u16) -> Fault {
    Fault::Status {
        status,
        retry_after: None,
        is_html: false,
        work: Work::NotDone,
    }
}

/// A rule with an exception that needs a value list, and that list.
fn seed_values(kibana: &Kibana) {
    let uses = json!([{"field": "source.ip", "operator": "included", "type": "list",
        "list": {"id": "ips.txt", "type": "ip"}}]);
    let item = with(item("i", "l"), &json!({"entries": uses}));
    let records = [referring("a", "l", "detection"), list("l"), item];
    kibana.seed("default", &bundle(&records));
    kibana.seed_values("default", "ips.txt", &["10.0.0.1", "10.0.0.2"]);
}

fn lines(folder: &Folder, name: &str) -> Vec<Value> {
    let text = String::from_utf8(folder.read(name)).unwrap();
    let lines = text.lines();
    lines.map(|it| serde_json::from_str(it).unwrap()).collect()
}

#[test]
fn nobody_who_reads_is_no_reason_to_leave_out_spaces() {
    let kibanas = [kibana("9.1"), kibana("9.6")];
    let [a, b] = &kibanas;
    let folder = folder(&[a, b]);
    a.seed("default", &bundle(&[rule("a")]));
    for format in ["text", "json"] {
        let mut command = ferry(
            &folder,
            &[
                "--from",
                "a/default",
                "--to",
                "b/soc,emea",
                "--yes",
                "-j",
                "1",
                "--report",
                "r",
                "--format",
                format,
            ],
        );
        let mut child = spawn(command.current_dir(folder.path("")));
        drop(child.stdout.take());
        let ran = finish(child);
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        assert_eq!(rule_ids(b, "emea"), ["a"]);
        assert_eq!(lines(&folder, "r").last().unwrap()["spaces"], 2);
    }
}

#[test]
fn a_space_whose_value_list_fails_gets_nothing_and_is_named() {
    let kibanas = [kibana("9.1"), kibana("9.6")];
    let [a, b] = &kibanas;
    let folder = folder(&[a, b]);
    seed_values(a);
    let on = On::nth("POST", "*/lists/items/_import", 1);
    b.schedule(Schedule::of([(on, refusal(400))]));
    let args = [
        "--from",
        "a/default",
        "--to",
        "b/soc,emea",
        "--yes",
        "-j",
        "1",
        "--report",
        "r",
    ];
    let ran = run(&folder, &args);
    b.schedule(Schedule::default());
    assert_eq!(ran.code, Some(3), "{}", ran.stderr);
    assert!(ran.stderr.contains("`ips.txt`"), "{}", ran.stderr);
    assert!(b.state("soc").rules.is_empty() && b.state("soc").items.is_empty());
    assert_eq!(rule_ids(b, "emea"), ["a"]);
    let told = lines(&folder, "r");
    let failed = told.iter().find(|it| it["error"].is_string()).unwrap();
    assert_eq!(failed["space"], "soc");
    let last = told.last().unwrap();
    assert_eq!(
        (&last["spaces"], &last["failed_spaces"]),
        (&json!(2), &json!(1))
    );
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let about = folder.path("r.journal.export").metadata().unwrap();
        assert_eq!(about.permissions().mode() & 0o777, 0o600);
    }
    for other in [["--only", "tags:x"], ["--value-lists", "never"]] {
        let refused = run(&folder, &[&args[..], &["--resume"], &other].concat());
        assert_eq!(refused.code, Some(2), "{}", refused.stderr);
    }
    let resumed = run(&folder, &[&args[..], &["--resume"]].concat());
    assert_eq!(resumed.code, Some(0), "{}", resumed.stderr);
    assert_eq!(rule_ids(b, "soc"), ["a"]);
    assert_eq!(b.values("soc", "ips.txt").unwrap().len(), 2);
}

#[test]
fn what_is_missing_may_be_allowed_when_a_run_goes_on() {
    let kibanas = [kibana("9.1"), kibana("9.6")];
    let [a, b] = &kibanas;
    let folder = folder(&[a, b]);
    seed_values(a);
    let on = On::nth("POST", "*/lists/items/_import", 1);
    b.schedule(Schedule::of([(on, refusal(400))]));
    let args = [
        "--from",
        "a/default",
        "--to",
        "b/soc",
        "--yes",
        "--report",
        "r",
    ];
    let ran = run(&folder, &args);
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    let allows = ["--resume", "--allow-missing-exceptions"];
    let resumed = run(&folder, &[&args[..], &allows].concat());
    assert_eq!(resumed.code, Some(0), "{}", resumed.stderr);
    assert_eq!(rule_ids(b, "soc"), ["a"]);
}

#[test]
fn a_plan_names_value_lists_that_get_values_and_spaces_that_are_not_there() {
    let kibanas = [kibana("9.1"), kibana("9.6")];
    let [a, b] = &kibanas;
    let folder = folder(&[a, b]);
    seed_values(a);
    b.seed_values("soc", "ips.txt", &["10.0.0.1"]);
    let plan = ["--from", "a/default", "--to", "b/soc", "--plan-only"];
    for (more, outcome) in [
        (&[][..], "conflict"),
        (&["--overwrite", "exceptions"], "overwritten"),
    ] {
        let ran = run(&folder, &[&plan[..], more].concat());
        assert!(
            text(&ran).contains(&format!("value list `ips.txt` {outcome}")),
            "{}",
            text(&ran)
        );
        let ran = run(&folder, &[&plan[..], more, &["--format", "json"]].concat());
        let told = report(&ran);
        let list = told.iter().find(|it| it["kind"] == "value-list").unwrap();
        assert_eq!(list["outcome"], outcome);
    }
    assert_eq!(b.values("soc", "ips.txt").unwrap().len(), 1);
    let ran = run(
        &folder,
        &["--from", "a/default", "--to", "b/soc,nosuch", "--yes"],
    );
    assert_eq!(ran.code, Some(2), "{}", ran.stderr);
    assert!(ran.stderr.contains("`b/nosuch`") && b.state("soc").rules.is_empty());
}
