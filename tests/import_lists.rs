//! The command imports exception lists: large ones, in place, alone, and those that Kibana makes by itself.

#![cfg(test)]

#[path = "support/command.rs"]
mod command;
#[path = "support/kibana/mod.rs"]
mod kibana;
#[path = "support/records.rs"]
mod records;
#[path = "support/shore.rs"]
mod shore;

use kibana::{Cause, Logged};
use records::{bundle, item, list, referring, rule, with};
use serde_json::{Value, json};
use shore::{GENERATIONS, Shore};

const ALONE: &str = "/api/exception_lists/_import";
const OVERWRITE: [&str; 2] = ["--overwrite", "exceptions"];
const IN_PLACE: [&str; 3] = ["--overwrite", "exceptions", "--items-in-place"];

/// A rule that needs a list, and the list with so many items.
fn large(items: usize) -> Vec<Value> {
    let mut records = vec![
        with(referring("r", "l", "detection"), &json!({"enabled": true})),
        list("l"),
    ];
    records.extend((0..items).map(|n| item(&format!("i{n}"), "l")));
    records
}

fn newer(record: Value) -> Value {
    with(record, &json!({"description": "newer"}))
}

/// Whether all causes of missing items are the server's own.
fn is_protected(shore: &Shore) -> bool {
    let violations = shore.kibana.violations();
    violations.iter().all(|it| it.cause == Cause::DeletedFirst)
}

#[test]
fn a_list_larger_than_a_request_arrives_whole() {
    for (version, is_alone) in GENERATIONS.into_iter().zip([false, true, false]) {
        let mut records = large(12_000);
        if is_alone {
            records.remove(0);
        }
        let shore = Shore::of(version, &records);
        shore.kibana.expect("soc", &bundle(&records));
        let told = shore.import(&[]);
        told.ends_with(0);
        assert_eq!(
            told.counts(),
            [("created", records.len() as u64)].into(),
            "{version}"
        );
        let imports = shore.imports();
        assert!(imports.len() > 2, "{version}");
        assert!(
            imports.iter().all(|it| it.names.len() < 10_000),
            "{version}"
        );
        assert_eq!(imports.iter().any(|it| it.path == ALONE), is_alone);
        assert_eq!(shore.kibana.state("soc").items.len(), 12_000);
        assert!(shore.kibana.violations().is_empty() && shore.kibana.duplicates().is_empty());
        // Overwriting it: some are new, some differ, some have to go; the others are left alone.
        records.truncate(records.len() - 20);
        let len = records.len();
        for record in &mut records[len - 30..] {
            *record = newer(record.take());
        }
        records.extend((0..10).map(|n| item(&format!("new{n}"), "l")));
        shore.write(&records);
        let before = shore.kibana.log().len();
        let told = shore.import(&OVERWRITE);
        told.ends_with(0);
        let counts = told.counts();
        assert_eq!(
            (counts["created"], counts["overwritten"]),
            (10, 31),
            "{version}: {counts:?}"
        );
        assert_eq!(shore.kibana.state("soc").items.len(), 11_990, "{version}");
        // Such a list is changed item by item, with or without the flag.
        let sent = shore.imports().split_off(imports.len());
        assert!(sent.is_empty(), "{version}: {sent:#?}");
        let writes = shore.writes(before);
        assert_eq!(writes.len(), 10 + 30 + 20, "{version}: {:?}", writes.last());
    }
}

#[test]
fn items_in_place_are_never_missing_and_leftovers_go_last() {
    for version in GENERATIONS {
        let before = large(8);
        let mut records: Vec<Value> = large(6).into_iter().map(newer).collect();
        records.push(item("new", "l"));
        records.remove(4);
        let shore = Shore::of(version, &before);
        shore.import(&[]).ends_with(0);
        shore.write(&records);
        shore.kibana.expect("soc", &bundle(&records));
        let from = shore.kibana.log().len();
        let told = shore.import(&[&IN_PLACE[..], &["--overwrite", "rules"]].concat());
        told.ends_with(0);
        assert_eq!(
            told.counts(),
            [("created", 1), ("overwritten", 7)].into(),
            "{version}"
        );
        assert!(shore.kibana.violations().is_empty(), "{version}");
        let writes = shore.writes(from);
        let of_items: Vec<&Logged> = writes
            .iter()
            .filter(|it| it.path.ends_with("/items"))
            .collect();
        let methods: Vec<&str> = of_items.iter().map(|it| it.method.as_str()).collect();
        let (changes, removals) = methods.split_at(6);
        assert!(
            changes.iter().all(|it| ["PUT", "POST"].contains(it)),
            "{version}: {methods:?}"
        );
        assert_eq!(removals, ["DELETE"; 3], "{version}");
        let kept = [
            "item l/i0",
            "item l/i1",
            "item l/i3",
            "item l/i4",
            "item l/i5",
            "item l/new",
        ];
        assert_eq!(
            shore.held("soc"),
            [&kept[..], &["list l", "rule r"]].concat()
        );
    }
}

#[test]
fn overwriting_a_list_leaves_nothing_unprotected_but_where_the_server_does() {
    for version in GENERATIONS {
        let shore = Shore::of(version, &large(3));
        shore.import(&[]).ends_with(0);
        let records: Vec<Value> = large(4).into_iter().map(newer).collect();
        shore.write(&records);
        shore.kibana.expect("soc", &bundle(&large(3)));
        let told = shore.import(&OVERWRITE);
        told.ends_with(3);
        assert!(
            is_protected(&shore),
            "{version}: {:?}",
            shore.kibana.violations()
        );
        // The gap is there before 9.5, and is said before it opens.
        let has_gap = !shore.kibana.violations().is_empty();
        assert_eq!(has_gap, version != "9.6");
        let warns = told.stderr.contains("for a moment nothing excepts");
        assert_eq!(warns, has_gap, "{version}: {}", told.stderr);
    }
}

#[test]
fn when_items_expire_and_their_comments_are_as_the_bundle_says() {
    let noted = |expires: &str, comments: &[&str]| {
        let comments: Vec<Value> = comments.iter().map(|it| json!({"comment": it})).collect();
        let more = json!({"expire_time": expires, "comments": comments});
        vec![list("l"), with(item("i", "l"), &more)]
    };
    let (early, late) = ("2030-01-01T00:00:00.000Z", "2031-01-01T00:00:00.000Z");
    for version in GENERATIONS {
        for flags in [&IN_PLACE[..], &OVERWRITE] {
            let shore = Shore::of(version, &noted(early, &["a"]));
            shore.import(&[]).ends_with(0);
            // The same again: nothing is sent.
            let from = shore.kibana.log().len();
            shore.import(flags).ends_with(0);
            assert!(shore.writes(from).is_empty());
            shore.write(&noted(late, &["a", "b"]));
            let told = shore.import(flags);
            let what = format!("{version} {flags:?}: {told:?}");
            let items = shore.kibana.state("soc").items;
            let comments: Vec<&str> = items[0]["comments"]
                .as_array()
                .unwrap()
                .iter()
                .map(|it| it["comment"].as_str().unwrap())
                .collect();
            assert_eq!(told.code, Some(0), "{what}");
            assert_eq!(items[0]["expire_time"], late, "{what}");
            assert_eq!(comments, ["a", "b"], "{what}");
        }
    }
}

#[test]
fn exceptions_alone_go_by_their_own_route() {
    for version in GENERATIONS {
        let records = &large(3)[1..];
        let shore = Shore::of(version, records);
        let told = shore.import(&[]);
        told.ends_with(0);
        assert_eq!(told.counts(), [("created", 4)].into());
        assert!(
            shore.imports().iter().all(|it| it.path == ALONE),
            "{version}"
        );
        let records: Vec<Value> = records.iter().cloned().map(newer).collect();
        shore.write(&records[..3]);
        shore.import(&[]).ends_with(3);
        let told = shore.import(&OVERWRITE);
        told.ends_with(0);
        assert_eq!(told.counts(), [("overwritten", 3)].into(), "{version}");
        assert_eq!(shore.kibana.state("soc").items.len(), 2, "{version}");
    }
}

#[test]
fn endpoint_artifacts_are_taken_from_9_4_on_and_alone() {
    let trusted = json!({"namespace_type": "agnostic", "type": "endpoint_trusted_apps", "os_types": ["linux"]});
    let artifacts = vec![
        with(list("endpoint_trusted_apps"), &trusted),
        with(
            item("i", "endpoint_trusted_apps"),
            &json!({"namespace_type": "agnostic", "os_types": ["linux"]}),
        ),
    ];
    for (version, is_taken) in [
        ("8.18", false),
        ("9.1", false),
        ("9.4", true),
        ("9.6", true),
    ] {
        let shore = Shore::of(version, &artifacts);
        let told = shore.import(&[]);
        if is_taken {
            told.ends_with(0);
            assert_eq!(shore.kibana.state("soc").items.len(), 1);
        } else {
            told.ends_with(3);
            assert_eq!(told.counts(), [("refused", 2)].into());
            assert!(
                told.message("i").contains("from 9.4 on"),
                "{}",
                told.message("i")
            );
            assert!(shore.writes(0).is_empty());
        }
        // Beside rules, Kibana would refuse all of the request.
        let shore = Shore::of(version, &[&artifacts[..], &[rule("a")]].concat());
        let told = shore.import(&[]);
        told.ends_with(3);
        assert_eq!(
            told.counts(),
            [("created", 1), ("refused", 2)].into(),
            "{version}"
        );
    }
}

#[test]
fn the_endpoint_list_is_made_by_its_own_route_where_it_is_needed() {
    let reference = json!({"id": "x", "list_id": "endpoint_list", "type": "endpoint", "namespace_type": "agnostic"});
    let records = [
        with(
            rule("a"),
            &json!({"exceptions_list": [reference], "enabled": true}),
        ),
        rule("b"),
    ];
    let made = |shore: &Shore| {
        let writes = shore.writes(0);
        writes
            .iter()
            .filter(|it| it.path == "/api/endpoint_list")
            .count()
    };
    for version in GENERATIONS {
        let shore = Shore::of(version, &records);
        let told = shore.import(&[]);
        told.ends_with(0);
        assert_eq!(told.counts(), [("created", 2)].into(), "{version}");
        assert_eq!(made(&shore), 1, "{version}");
        let rules = shore.kibana.state("soc").rules;
        assert_eq!(
            rules[0]["exceptions_list"][0]["list_id"], "endpoint_list",
            "{version}"
        );
        assert!(
            told.stderr
                .contains("the endpoint exception list is not there yet"),
            "{}",
            told.stderr
        );
        shore.import(&["--overwrite", "rules"]).ends_with(0);
        assert_eq!(made(&shore), 1, "{version}");
        // Who does not need it makes none.
        let shore = Shore::of(version, &records[1..]);
        shore.import(&[]).ends_with(0);
        assert_eq!(made(&shore), 0, "{version}");
    }
}

#[test]
fn new_lists_stand_beside_those_that_are_there() {
    for version in GENERATIONS {
        let records = large(3);
        let shore = Shore::of(version, &records);
        shore.kibana.seed("soc", &bundle(&records[1..]));
        let told = shore.import(&["--as-new-list"]);
        told.ends_with(0);
        assert_eq!(told.counts(), [("created", 5)].into(), "{version}");
        let state = shore.kibana.state("soc");
        assert_eq!((state.lists.len(), state.items.len()), (2, 6), "{version}");
        let new = &state.lists[1]["list_id"];
        assert_ne!(*new, "l");
        assert_eq!(
            state.rules[0]["exceptions_list"][0]["list_id"], *new,
            "{version}"
        );
        let ids: std::collections::BTreeSet<&str> = state
            .items
            .iter()
            .map(|it| it["item_id"].as_str().unwrap())
            .collect();
        assert_eq!(ids.len(), 6, "{version}: items share ids");
        assert_eq!(
            state
                .items
                .iter()
                .filter(|it| it["list_id"] == *new)
                .count(),
            3
        );
        // The report says the new ids, where they stood in the file.
        let line = &told.report[1];
        assert_eq!(
            (&line["id"], &line["line"], &line["file"]),
            (new, &json!(2), &json!("b.ndjson"))
        );
        // Once more makes once more.
        let told = shore.import(&["--as-new-list", "--overwrite", "rules"]);
        told.ends_with(0);
        assert_eq!(
            told.counts(),
            [("created", 4), ("overwritten", 1)].into(),
            "{version}"
        );
    }
}

#[test]
fn an_item_of_another_list_is_left_alone() {
    for version in GENERATIONS {
        // Kibana keeps `item_id`s when it imports as a new list, so several lists may have one.
        let there = [
            list("m"),
            item("i", "m"),
            item("gone", "m"),
            list("l"),
            item("i", "l"),
            item("gone", "l"),
        ];
        let records: Vec<Value> = [list("l"), item("i", "l")].into_iter().map(newer).collect();
        for flags in [&IN_PLACE[..], &OVERWRITE] {
            let shore = Shore::of(version, &records);
            shore.kibana.seed("soc", &bundle(&there));
            let told = shore.import(flags);
            told.ends_with(0);
            assert_eq!(
                told.counts(),
                [("overwritten", 2)].into(),
                "{version} {flags:?}"
            );
            let items = shore.kibana.state("soc").items;
            let mut items: Vec<String> = items
                .iter()
                .map(|it| format!("{} {} {}", it["list_id"], it["item_id"], it["description"]))
                .collect();
            items.sort();
            let expected = [r#""l" "i" "newer""#, r#""m" "gone" "d""#, r#""m" "i" "d""#];
            assert_eq!(items, expected, "{version} {flags:?}");
        }
    }
}
