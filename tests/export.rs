//! `export` against a server that answers as Kibana does: all is there that was asked for, spelt as the server spelt it.

#![cfg(test)]

#[path = "support/command.rs"]
mod command;
#[path = "support/exporting.rs"]
mod exporting;
#[path = "support/server.rs"]
mod server;
#[path = "support/space.rs"]
mod space;

use command::Folder;
use exporting::{asked, details, export, ids, many, nothing, text};
use serde_json::Value;
use server::status;
use space::{Space, connector, item, list, parameter, rule};

#[test]
fn a_bundle_is_what_the_server_spelt_with_one_details_line() {
    let space = Space::default();
    let server = space.clone().serve(nothing);
    let folder = Folder::new();
    let ran = export(&folder, &server, &[]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let expected = [
        &space.rules[..],
        &space.lists,
        &space.items,
        &space.connectors,
    ]
    .concat();
    let got = text(&ran);
    let lines: Vec<&str> = got.lines().collect();
    assert_eq!(lines[..6], expected);
    assert_eq!(lines.len(), 7);
    assert!(
        lines[6].starts_with(r#"{"exported_count":6,"exported_rules_count":3,"missing_rules":[],"#),
        "{}",
        lines[6]
    );
    assert_eq!(
        ran.stderr,
        "7 records exported from space `soc` (3 rules, 1 exception list, 1 exception item, 1 connector, 1 details line)\n"
    );
    let quiet = export(&folder, &server, &["-q", "-o", "out.ndjson.zst"]);
    assert_eq!(
        (quiet.code, quiet.stderr.as_str(), quiet.stdout.len()),
        (Some(0), "", 0)
    );
    assert_eq!(
        zstd::decode_all(&folder.read("out.ndjson.zst")[..]).unwrap(),
        ran.stdout
    );
    // Nothing that could change anything is ever asked.
    for asked in server.asked() {
        let path = asked.path.split('?').next().unwrap();
        assert!(
            asked.method == "GET" || path.ends_with("/_export"),
            "{asked:?}"
        );
    }
}

#[test]
fn beyond_the_cap_come_slices_joined_without_repeats() {
    let space = Space {
        cap: 200,
        ..many(350)
    };
    let server = space.clone().serve(nothing);
    let folder = Folder::new();
    let ran = export(&folder, &server, &[]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let got = text(&ran);
    let lines: Vec<&str> = got.lines().collect();
    assert_eq!(lines[..350], space.rules);
    assert_eq!(ids(&got)[350..], ["shared", "one"]);
    assert_eq!(details(&got)["exported_count"], 352);
    assert_eq!(
        (
            asked(&server, "rules/_export"),
            asked(&server, "_bulk_action")
        ),
        (1, 4)
    );
}

#[test]
fn a_query_selects_the_same_rules_there_and_here() {
    let folder = Folder::new();
    let server = many(40).serve(nothing);
    let all = export(&folder, &server, &["-o", "all.ndjson"]);
    assert_eq!(all.code, Some(0));
    let strict = many(40).serve(|asked, _| {
        let unknown = parameter(&asked.path, "filter").is_some();
        unknown.then(|| {
            status(
                400,
                r#"{"message":"This key does NOT exist","status_code":400}"#,
            )
        })
    });
    for (query, pushed) in [
        (
            "severity:high",
            Some("alert.attributes.params.severity: \"high\""),
        ),
        (
            "risk_score > 20 and tags:t1",
            Some("alert.attributes.tags: \"t1\""),
        ),
        ("risk_score > 20 or tags:t1", None),
        (
            "not enabled:true",
            Some("not (alert.attributes.enabled: true)"),
        ),
        (
            "name:\"*RULE 1*\" and not tags:(t1 or t2)",
            Some(
                "(alert.attributes.name: \"*rule 1*\" and not (alert.attributes.tags: (\"t1\" or \"t2\")))",
            ),
        ),
        (
            "severity:unheard",
            Some("alert.attributes.params.severity: \"unheard\""),
        ),
    ] {
        let expected = folder
            .run(&["select", "--only", query, "all.ndjson"], b"")
            .stdout;
        let expected = ids(&String::from_utf8(expected).unwrap());
        for (server, filter) in [(&server, pushed), (&strict, None)] {
            let before = server.asked().len();
            let ran = export(&folder, server, &["--only", query]);
            assert_eq!(
                (ran.code, ids(&text(&ran))),
                (Some(0), expected.clone()),
                "{query}: {}",
                ran.stderr
            );
            let finds: Vec<_> = server.asked()[before..]
                .iter()
                .filter(|asked| asked.path.contains("rules/_find"))
                .map(|asked| parameter(&asked.path, "filter"))
                .collect();
            assert_eq!(finds.last().unwrap().as_deref(), filter, "{query}");
        }
    }
}

#[test]
fn ids_that_no_rule_has_are_named() {
    let mut space = many(30);
    space.rules[3] = space.rules[3].replace("r-3\"", "odd: (id)\"");
    space.rules[4] = space.rules[4].replace("\"immutable\":false", "\"immutable\":true");
    let server = space.serve(nothing);
    let folder = Folder::new();
    folder.write("ids.txt", "r-1\nr-4\nnone-2\n");
    let ran = export(
        &folder,
        &server,
        &[
            "--ids",
            "ids.txt",
            "--rule-id",
            "odd: (id)",
            "--rule-id",
            "none-1",
        ],
    );
    assert_eq!(ran.code, Some(3), "{}", ran.stderr);
    let got = text(&ran);
    assert_eq!(ids(&got), ["r-1", "r-4", "odd: (id)", "shared", "one"]);
    let missing = serde_json::json!([{"rule_id": "none-1"}, {"rule_id": "none-2"}]);
    assert_eq!(details(&got)["missing_rules"], missing);
    assert_eq!(ran.stderr.matches("the space has no such rule").count(), 2);
    let ran = export(
        &folder,
        &server,
        &[
            "--ids",
            "ids.txt",
            "--custom-only",
            "--only",
            "severity:high",
            "--format",
            "json",
        ],
    );
    assert_eq!(
        (ran.code, ids(&text(&ran))),
        (
            Some(3),
            vec!["r-1".to_owned(), "shared".into(), "one".into()]
        )
    );
    // The bundle has standard output, so the report goes to stderr.
    let report: Vec<Value> = ran
        .stderr
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(report.len(), 3);
    assert_eq!(
        (&report[0]["note"], &report[0]["id"], &report[0]["kind"]),
        (&"lacking".into(), &"none-2".into(), &"rule".into())
    );
    assert_eq!(
        (&report[1]["outcome"], &report[1]["lacking"]),
        (&"part".into(), &1.into())
    );
    assert_eq!(
        (&report[2]["exit"], &report[2]["summary"]["part"]),
        (&3.into(), &1.into())
    );
}

#[test]
fn several_spaces_are_files_in_a_directory() {
    let server = Space::default().serve(|asked, _| {
        let denied = asked.path.starts_with("/s/cust-a/");
        denied.then(|| {
            status(
                403,
                r#"{"statusCode":403,"error":"Forbidden","message":"not yours"}"#,
            )
        })
    });
    let folder = Folder::new();
    let ran = export(&folder, &server, &["--space", "*"]);
    assert_eq!(ran.code, Some(2), "{}", ran.stderr);
    let ran = export(
        &folder,
        &server,
        &["--space=default", "--space=s*", "-o", "two"],
    );
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let file = |space: &str| folder.read(&format!("two/{space}.ndjson"));
    assert_eq!(file("soc"), file("default"));
    assert_eq!(ran.stderr, "\
space    rules  lists  items  connectors  lacking  file
default      3      1      1           1        0  two/default.ndjson
soc          3      1      1           1        0  two/soc.ndjson
14 records exported from 2 of 2 spaces (6 rules, 2 exception lists, 2 exception items, 2 connectors, 2 details lines)
".replace('/', std::path::MAIN_SEPARATOR_STR));
    folder.write("two/cust-a.ndjson", "old\n");
    let ran = export(
        &folder,
        &server,
        &["--space=*", "-o", "two", "--format", "json"],
    );
    assert_eq!(ran.code, Some(3), "{}", ran.stderr);
    assert_eq!(file("cust-a"), b"old\n");
    let outcomes: Vec<String> = text(&ran)
        .lines()
        .map(|line| {
            let value: Value = serde_json::from_str(line).unwrap();
            format!("{} {}", value["space"], value["outcome"])
        })
        .collect();
    assert_eq!(
        outcomes,
        [
            r#""default" "complete""#,
            r#""soc" "complete""#,
            r#""cust-a" "failed""#,
            "null null"
        ]
    );
    assert!(ran.stderr.contains("answered 403"), "{}", ran.stderr);
}

#[test]
fn lists_alone_are_closed_by_a_line_that_both_imports_take() {
    let space = Space {
        lists: vec![
            list("l-1", "shared"),
            list("l-2", "own"),
            list("l-3", "endpoint_list"),
        ],
        items: vec![item("one", "shared"), item("two", "own")],
        ..Space::default()
    };
    let server = space.serve(nothing);
    let folder = Folder::new();
    let ran = export(&folder, &server, &["--exceptions"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert_eq!(ids(&text(&ran)), ["shared", "one", "own", "two"]);
    let closing = details(&text(&ran));
    assert_eq!(
        (
            &closing["exported_count"],
            &closing["exported_exception_list_count"]
        ),
        (&4.into(), &2.into())
    );
    assert!(
        ran.stderr
            .contains("left out unless `--list-id` names them: 1\n  `endpoint_list`\n"),
        "{}",
        ran.stderr
    );
    let ran = export(
        &folder,
        &server,
        &[
            "--exceptions",
            "--list-id",
            "endpoint_list",
            "--list-id",
            "none",
        ],
    );
    assert_eq!(
        (ran.code, ids(&text(&ran))),
        (Some(3), vec!["endpoint_list".to_owned()])
    );
    assert!(
        ran.stderr
            .contains("exception list `none` could not be had: there is no such list"),
        "{}",
        ran.stderr
    );
    assert_eq!(
        export(&folder, &server, &["--list-id", "own"]).code,
        Some(2)
    );
}

#[test]
fn older_servers_leave_out_what_they_leave_out() {
    let mut space = Space {
        version: "8.5.3",
        connectors: vec![connector("unseen")],
        ..many(4)
    };
    space.rules[2] = space.rules[2].replace("\"immutable\":false", "\"immutable\":true");
    space.rules[3] = rule(3).replace("\"actions\":[]", "\"actions\":[{\"id\":\"c-1\"}]");
    space.preconfigured = vec!["c-1"];
    let server = space.serve(|asked, _| {
        let is_export = asked.path.ends_with("rules/_export") && asked.body.is_empty();
        let only_custom = format!(
            "{}\n{}\n{}\n{{\"exported_count\":3,\"exported_rules_count\":3}}\n",
            rule(0),
            rule(1),
            rule(3).replace("\"actions\":[]", "\"actions\":[{\"id\":\"c-1\"}]")
        );
        is_export.then(|| server::json(&only_custom))
    });
    let folder = Folder::new();
    let ran = export(&folder, &server, &[]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert_eq!(ids(&text(&ran)), ["r-0", "r-1", "r-3"]);
    assert!(
        ran.stderr
            .contains("note: rules of Elastic's own left out: 1 (Kibana before 8.18"),
        "{}",
        ran.stderr
    );
    assert!(
        ran.stderr
            .contains("note: connectors that rules use left out: 1 (Kibana before 8.7"),
        "{}",
        ran.stderr
    );
}
