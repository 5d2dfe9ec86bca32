//! `export` where the server refuses, leaves out or breaks off: all is there that can be had, and what is not is named.

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
use exporting::{asked, details, export, ids, many, text};
use server::{Answer, status};
use space::{Space, acting, item, joined, list, listed, parameter, rule};

#[test]
fn a_rule_whose_connector_is_gone_is_not_lost() {
    let mut space = many(30);
    // The rule's list and its other connector are needed by no other rule.
    space.rules[11] = listed(&acting(&rule(11), "gone"), "l-2", "own");
    space.rules[12] =
        acting(&rule(12), "gone").replace(r#""params":{}"#, r#""params":{}},{"id":"c-1""#);
    space.lists.push(list("l-2", "own"));
    space.items.push(item("two", "own"));
    let folder = Folder::new();
    for (knows_connectors, slices) in [(true, 0), (false, 1)] {
        let server = space.clone().serve(move |asked, _| {
            let hidden = !knows_connectors && asked.path.contains("actions/connectors");
            hidden.then(|| {
                status(
                    403,
                    r#"{"statusCode":403,"error":"Forbidden","message":"no"}"#,
                )
            })
        });
        let ran = export(&folder, &server, &[]);
        assert_eq!(ran.code, Some(3), "{}", ran.stderr);
        let got = text(&ran);
        let mut rules: Vec<&str> = got.lines().take(30).collect();
        rules.sort_unstable();
        let mut expected = space.rules.clone();
        expected.sort_unstable();
        assert_eq!(rules, expected);
        let mut rest = ids(&got)[30..].to_vec();
        rest.sort();
        assert_eq!(rest, ["c-1", "one", "own", "shared", "two"]);
        let missing = &details(&got)["missing_action_connections"];
        assert_eq!(
            missing,
            &serde_json::json!([{"type": "action", "id": "gone"}])
        );
        assert!(
            ran.stderr
                .contains("warning: connector `gone` could not be had: "),
            "{}",
            ran.stderr
        );
        assert!(
            ran.stderr
                .contains("note: rules that no export gives, read by themselves: 2\n"),
            "{}",
            ran.stderr
        );
        // Where it is not known which connectors there are, halves of slices find the rules out.
        assert_eq!(asked(&server, "_bulk_action") > 0, slices > 0);
    }
}

#[test]
fn lists_that_an_export_leaves_out_are_fetched_or_named() {
    let space = Space {
        rules: vec![
            listed(&rule(0), "stale", "shared"),
            listed(&rule(1), "x", "nowhere"),
            listed(&rule(2), "x", "nowhere"),
            listed(&rule(3), "endpoint_list", "endpoint_list"),
        ],
        finds_by_id: true,
        ..Space::default()
    };
    let folder = Folder::new();
    // The list's own export may fail as well.
    for refused in [false, true] {
        let server = space.clone().serve(move |asked, _| {
            let hit = refused && asked.path.contains("exception_lists/_export");
            hit.then(|| status(500, r#"{"message":"broken","status_code":500}"#))
        });
        let ran = export(&folder, &server, &[]);
        assert_eq!(ran.code, Some(3), "{}", ran.stderr);
        let got = text(&ran);
        assert_eq!(ids(&got), ["r-0", "r-1", "r-2", "r-3", "shared", "one"]);
        assert_eq!(
            details(&got)["missing_exception_lists"],
            serde_json::json!([{"list_id": "nowhere"}])
        );
        for part in [
            "warning: exception list `nowhere` could not be had: there is no such list; rule `r-1` and 1 more refer to it\n  --> space `soc`\n",
            "fetched by themselves: 1\n  `shared`\n",
            "which no export of rules has: 1 (`--exceptions --list-id ID` exports one)\n  `endpoint_list`\n",
        ] {
            assert!(ran.stderr.contains(part), "{part}: {}", ran.stderr);
        }
    }
}

#[test]
fn answers_that_break_off_are_asked_for_again() {
    let space = many(50);
    let whole = joined(space.rules.iter());
    let folder = Folder::new();
    for (path, cut) in [
        ("rules/_export", whole[..whole.len() / 2].to_owned()),
        // It ends where a line does, and nothing but the missing details line tells.
        ("rules/_export", format!("{}\n", space.rules[0])),
        (
            "rules/_export",
            "<html><title>502</title></html>".to_owned(),
        ),
    ] {
        let server = space.clone().serve(move |asked, before| {
            let hit = asked.path.contains(path) && before < 4;
            hit.then(|| match cut.len() % 2 {
                0 => Answer::Cut(cut.clone(), 100),
                _ => server::json(&cut),
            })
        });
        let ran = export(&folder, &server, &[]);
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        assert_eq!(text(&ran).lines().take(50).collect::<Vec<_>>(), space.rules);
        assert_eq!(details(&text(&ran))["exported_count"], 52);
    }
}

#[test]
fn what_the_server_always_refuses_is_read_rule_by_rule() {
    let space = Space {
        cap: 10,
        ..many(25)
    };
    let folder = Folder::new();
    for refusal in [403, 500] {
        let server = space.clone().serve(move |asked, _| {
            let body = r#"{"message":"no","status_code":1}"#;
            if asked.path.ends_with("_bulk_action") {
                return Some(status(refusal, body));
            }
            match parameter(&asked.path, "id").as_deref() {
                Some("o-7") => Some(status(404, body)),
                Some("o-8") => Some(status(500, body)),
                _ => None,
            }
        });
        let ran = export(&folder, &server, &[]);
        assert_eq!(ran.code, Some(3), "{}", ran.stderr);
        let expected: Vec<_> = (0..25)
            .filter(|n| ![7, 8].contains(n))
            .map(|n| space.rules[n].clone())
            .collect();
        assert_eq!(text(&ran).lines().take(23).collect::<Vec<_>>(), expected);
        assert_eq!(ids(&text(&ran))[23..], ["shared", "one"]);
        assert!(
            ran.stderr
                .contains("rule `r-7` could not be had: it was deleted meanwhile"),
            "{}",
            ran.stderr
        );
        assert!(ran.stderr.contains("rule `r-8` could not be had: GET /s/soc/api/detection_engine/rules answered 500: no"), "{}", ran.stderr);
        let slices = asked(&server, "_bulk_action");
        assert!(
            if refusal == 403 {
                slices == 1
            } else {
                slices > 25
            },
            "{slices}"
        );
    }
}

#[test]
fn an_export_that_fails_leaves_the_old_file() {
    let server = Space::default().serve(|asked, _| {
        let late = asked.path.contains("exception_lists") || asked.path.contains("actions");
        late.then(|| {
            status(
                401,
                r#"{"statusCode":401,"error":"Unauthorized","message":"expired"}"#,
            )
        })
    });
    let folder = Folder::new();
    folder.write("out.ndjson", "old\n");
    let ran = export(&folder, &server, &["-o", "out.ndjson"]);
    assert_eq!(ran.code, Some(5), "{}", ran.stderr);
    assert_eq!(folder.read("out.ndjson"), b"old\n");
    assert_eq!(folder.names().len(), 1);
}
