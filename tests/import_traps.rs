//! The traps of the wire (import-export.md §9): the tests' own Kibana has them, and the model of a space knows them.

#![cfg(test)]

#[path = "support/kibana/mod.rs"]
mod kibana;
#[path = "support/live.rs"]
mod live;
#[path = "support/records.rs"]
mod records;

use std::time::Duration;

use kibana::{Fault, On, Schedule, Settings};
use live::{IMPORT, Live, soc, upload};
use records::{acting, bundle, connector, item, lines, list, rule, secretless, with};
use ruleferry::kibana::{Method, Request};
use serde_json::{Value, json};

const LISTS: &str = "/api/exception_lists/_import";
const NONE: [bool; 3] = [false; 3];
const ALL: [bool; 3] = [true; 3];
const GENERATIONS: [&str; 3] = ["8.18", "9.1", "9.6"];

/// The answer to these lines, which must be as predicted.
fn import(live: &Live, lines: &[String], overwrite: [bool; 3]) -> (u16, Value) {
    let mut model = live.model(lines);
    let (status, body, differences) = live.import(&mut model, lines, overwrite);
    assert!(
        differences.is_empty(),
        "{:?}: {differences:?}",
        live.settings.version
    );
    (status, body)
}

fn import_records(live: &Live, records: &[Value], overwrite: [bool; 3]) -> Value {
    let (status, body) = import(live, &lines(records), overwrite);
    assert_eq!(status, 200, "{body}");
    body
}

fn item_ids(live: &Live) -> Vec<String> {
    let items = live.kibana.state("soc").items;
    items
        .iter()
        .map(|it| it["item_id"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn trap_1_a_body_over_the_limit_is_refused_whole() {
    for (version, expected) in [("8.18", 413), ("9.1", 400), ("9.6", 400)] {
        let live = Live::start(Settings {
            max_bytes: 600,
            ..Settings::of(version)
        });
        let small = bundle(&[rule("a")]);
        let large = bundle(&(0..9).map(|n| rule(&n.to_string())).collect::<Vec<_>>());
        let (status, _) = live.send(&upload(IMPORT, "a.ndjson", &large));
        assert_eq!(
            (status, live.kibana.state("soc").rules.len()),
            (expected, 0)
        );
        // The limit is for the whole body, so a file below it may be too much.
        assert!(small.len() < 600);
        assert_eq!(live.send(&upload(IMPORT, "a.ndjson", &small)).0, 200);
        let mut model = live.model(&[]);
        model.server.max_bytes = 600;
        let largest = live.kibana.largest_import() as u64;
        assert_eq!(
            model.server.refuses_size(largest).map(|(status, _)| status),
            Some(expected)
        );
    }
}

#[test]
fn trap_2_as_many_as_the_limit_are_too_many() {
    for version in GENERATIONS {
        let live = Live::start(Settings {
            max_rules: 3,
            ..Settings::of(version)
        });
        let rules: Vec<String> = (0..3).map(|n| rule(&n.to_string()).to_string()).collect();
        let (status, body) = import(&live, &rules, NONE);
        assert_eq!(
            (status, &body["message"]),
            (500, &json!("Can't import more than 3 rules"))
        );
        let exceptions = [list("l"), item("i", "l"), item("j", "l")].map(|it| it.to_string());
        let (status, body) = import(&live, &exceptions, NONE);
        assert_eq!(
            (status, &body["message"]),
            (500, &json!("Can't import more than 3 exceptions"))
        );
        assert_eq!(import(&live, &rules[..2], NONE).0, 200);
    }
}

#[test]
fn trap_4_items_of_an_overwritten_list_that_are_not_in_the_file_are_gone() {
    for version in GENERATIONS {
        let live = Live::start(Settings::of(version));
        live.kibana
            .seed("soc", &bundle(&[list("l"), item("i", "l"), item("j", "l")]));
        import_records(&live, &[list("l"), item("i", "l")], ALL);
        assert_eq!(item_ids(&live), ["i"], "{version}");
        // Items alone take nothing away.
        import_records(&live, &[item("k", "l")], ALL);
        assert_eq!(item_ids(&live), ["i", "k"], "{version}");
    }
}

#[test]
fn where_items_are_replaced_in_place_an_error_keeps_those_that_are_not_in_the_file() {
    for (version, left) in [("9.1", vec!["i"]), ("9.6", vec!["j", "i"])] {
        let live = Live::start(Settings::of(version));
        live.kibana
            .seed("soc", &bundle(&[list("l"), item("j", "l")]));
        import_records(
            &live,
            &[list("l"), item("i", "l"), item("lost", "gone")],
            ALL,
        );
        assert_eq!(item_ids(&live), left, "{version}");
    }
}

#[test]
fn trap_10_overwriting_a_connector_takes_its_secrets() {
    for version in ["9.1", "9.6"] {
        let live = Live::start(Settings::of(version));
        live.kibana.seed("soc", &bundle(&[connector("c", "C")]));
        let body = import_records(&live, &[secretless("c", "C")], ALL);
        assert_eq!(body["action_connectors_success"], true);
        let request = Request::new(Method::Get, "/api/actions/connectors").in_space(&soc());
        assert_eq!(live.send(&request).1[0]["is_missing_secrets"], true);
    }
}

#[test]
fn trap_19_details_of_another_export_are_bogus_rules() {
    for version in GENERATIONS {
        let live = Live::start(Settings::of(version));
        for details in [
            r#"{"exported_exception_list_count":1,"exported_exception_list_item_count":1}"#,
            r#"{"exportedCount":1,"missingRefCount":0}"#,
        ] {
            let (_, body) = import(&live, &[details.to_owned()], NONE);
            assert_eq!(body["errors"][0]["rule_id"], "(unknown id)");
            assert_eq!(
                (&body["success"], &body["rules_count"]),
                (&json!(false), &json!(1))
            );
        }
        let details = r#"{"exported_count":1,"exported_rules_count":1}"#.to_owned();
        assert_eq!(import(&live, &[details], NONE).1["rules_count"], 0);
    }
}

#[test]
fn trap_20_a_refused_list_takes_its_items_along() {
    let mut odd = list("l");
    odd["odd_key"] = json!(1);
    for version in GENERATIONS {
        let live = Live::start(Settings::of(version));
        let body = import_records(&live, &[odd.clone(), item("i", "l")], NONE);
        let status = |at: usize| body["exceptions_errors"][at]["error"]["status_code"].as_u64();
        assert_eq!((status(0), status(1)), (Some(400), Some(409)));
    }
}

#[test]
fn trap_22_lines_that_are_no_objects() {
    for version in GENERATIONS {
        let live = Live::start(Settings::of(version));
        let a = rule("a").to_string();
        let (_, body) = import(&live, &[format!("\u{feff}{a}")], NONE);
        assert_eq!(
            (&body["rules_count"], &body["success_count"]),
            (&json!(1), &json!(0))
        );
        for (line, words) in [
            ("null", "stream.push() after EOF"),
            ("7", "Cannot use 'in' operator"),
        ] {
            let (status, body) = import(&live, &[line.to_owned(), a.clone()], NONE);
            assert_eq!(status, 500);
            assert!(
                body["message"].as_str().unwrap().starts_with(words),
                "{body}"
            );
        }
        let (status, body) = import(&live, &[a.clone(), "null".into()], NONE);
        assert_eq!((status, &body["success_count"]), (200, &json!(1)));
        let (status, body) = import(&live, &[String::new(), " \t".into(), "{\r".into()], NONE);
        assert_eq!((status, &body["rules_count"]), (200, &json!(1)));
    }
}

#[test]
fn trap_23_and_24_a_form_must_be_as_it_must() {
    for version in GENERATIONS {
        let live = Live::start(Settings::of(version));
        let a = bundle(&[rule("a")]);
        for path in [IMPORT, LISTS] {
            for (name, extension) in [("a.json", ".json"), ("a", ""), ("a.NDJSON.gz", ".gz")] {
                let (status, body) = live.send(&upload(path, name, &a));
                let words = format!("Invalid file extension {extension}");
                assert_eq!((status, &body["message"]), (400, &json!(words)));
            }
            let request = Request::new(Method::Post, path)
                .in_space(&soc())
                .json(a.clone());
            let (status, body) = live.send(&request);
            assert_eq!(status, 500);
            assert_eq!(
                body["message"],
                "Cannot read properties of undefined (reading 'hapi')"
            );
        }
        assert_eq!(live.send(&upload(IMPORT, "a.NDJSON", &a)).0, 200);
        let (_, body) = live.send(&upload(IMPORT, "a.ndjson", b""));
        assert_eq!(
            (&body["success"], &body["rules_count"]),
            (&json!(true), &json!(0))
        );
    }
}

#[test]
fn trap_27_a_rule_that_does_not_say_arrives_disabled() {
    for version in GENERATIONS {
        let live = Live::start(Settings::of(version));
        import_records(&live, &[rule("a")], NONE);
        assert_eq!(live.kibana.state("soc").rules[0]["enabled"], false);
    }
}

#[test]
fn trap_29_overwriting_was_a_patch() {
    for (version, tags) in [
        ("8.12", json!(["t"])),
        ("8.18", json!([])),
        ("9.6", json!([])),
    ] {
        let live = Live::start(Settings::of(version));
        let mut before = rule("a");
        before["tags"] = json!(["t"]);
        live.kibana.seed("soc", &bundle(&[before]));
        import_records(&live, &[rule("a")], ALL);
        assert_eq!(live.kibana.state("soc").rules[0]["tags"], tags, "{version}");
    }
}

#[test]
fn trap_30_and_31_an_overwritten_item_keeps_what_an_import_does_not_set() {
    let live = Live::start(Settings::of("9.6"));
    let mut record = item("i", "l");
    record["comments"] = json!([{"comment": "why"}]);
    record["expire_time"] = json!("2030-01-01T00:00:00.000Z");
    import_records(&live, &[list("l"), record.clone()], NONE);
    record["expire_time"] = json!("2031-01-01T00:00:00.000Z");
    import_records(&live, &[list("l"), record], ALL);
    let items = live.kibana.state("soc").items;
    assert_eq!(items[0]["comments"].as_array().unwrap().len(), 2);
    assert_eq!(items[0]["expire_time"], "2030-01-01T00:00:00.000Z");
}

#[test]
fn trap_32_and_33_as_new_list_is_for_the_import_of_lists_alone() {
    let live = Live::start(Settings::of("9.1"));
    let sent = bundle(&[list("l"), item("i", "l"), item("j", "gone")]);
    let request = upload(IMPORT, "a.ndjson", &sent).with("as_new_list", "true");
    live.send(&request);
    assert_eq!(live.kibana.state("soc").lists[0]["list_id"], "l");
    let request = upload(LISTS, "a.ndjson", &sent).with("as_new_list", "true");
    let (_, body) = live.send(&request);
    // The item without a list line vanishes, and nobody is told.
    assert_eq!(
        (&body["success"], &body["success_count"]),
        (&json!(true), &json!(2))
    );
    let state = live.kibana.state("soc");
    assert_eq!((state.lists.len(), state.items.len()), (2, 2));
    assert_eq!(state.items[1]["list_id"], state.lists[1]["list_id"]);
}

#[test]
fn trap_34_an_origin_breaks_the_chain_on_older_servers() {
    let moved = with(connector("b", "C"), &json!({"originId": "a"}));
    for (version, arrives) in [("8.18", false), ("9.1", true), ("9.6", true)] {
        let live = Live::start(Settings::of(version));
        live.kibana.seed("emea", &bundle(&[connector("b", "C")]));
        let body = import_records(&live, &[acting("r", &["b"]), moved.clone()], NONE);
        let state = live.kibana.state("soc");
        let origin = state.connectors[0]["originId"].as_str().unwrap_or_default();
        assert_eq!(origin == "b", arrives, "{version}: {body}");
    }
}

#[test]
fn trap_37_and_39_a_proxy_gives_up_and_the_server_does_not() {
    for version in GENERATIONS {
        let live = Live::start(Settings::of(version));
        let late = Fault::Late {
            after: Duration::from_millis(20),
            hangs_up: false,
        };
        live.kibana
            .schedule(Schedule::of([(On::nth("POST", IMPORT, 1), late)]));
        let request = upload(IMPORT, "a.ndjson", &bundle(&[rule("a")]));
        assert_eq!(live.client.attempt(&request).unwrap().status(), 504);
        assert!(live.kibana.state("soc").rules.is_empty());
        live.kibana.settle();
        assert_eq!(live.kibana.state("soc").rules.len(), 1);
        let body = import_records(&live, &[rule("a")], NONE);
        assert_eq!(body["errors"][0]["error"]["status_code"], 409);
        assert!(live.kibana.duplicates().is_empty());
    }
}

#[test]
fn of_a_list_of_more_than_a_thousand_items_some_are_not_found_and_made_again() {
    for version in GENERATIONS {
        let live = Live::start(Settings::of(version));
        let mut here = vec![list("l")];
        here.extend((0..1001).map(|n| item(&format!("i{n}"), "l")));
        live.kibana.seed("soc", &bundle(&here));
        // The list is named twice, so the look-up names no items; it sees the first thousand.
        let body = import_records(&live, &[item("i0", "l"), item("i1000", "l")], NONE);
        assert_eq!(body["exceptions_success_count"], 1);
        let doubles = live.kibana.duplicates();
        assert_eq!((doubles.len(), &*doubles[0].key), (1, "i1000"));
    }
}
