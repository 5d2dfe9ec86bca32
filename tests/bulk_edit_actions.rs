//! `bulk-edit` through the command: dry runs, files, seeds, what is said of the server, copies and exports.

#![cfg(test)]

#[path = "support/bulk.rs"]
mod bulk;
#[path = "support/command.rs"]
mod command;

use bulk::{ADD_NEW, BUNDLE, bulk_edit, edits, errors, failed, folder, lines, names, parsed, text};
use command::zstd;
use serde_json::{Value, json};

#[test]
fn a_dry_run_answers_and_writes_no_bundle() {
    let index = r#"{"type":"set_index_patterns","value":[]}"#;
    let request = edits(&[ADD_NEW, index].join(","));
    let folder = folder(&request);
    let ran = bulk_edit(&folder, &["--dry-run", "-o", "out"]);
    assert_eq!(ran.code, Some(3), "{}", ran.stderr);
    // The rule left without patterns shows in the live run alone, and codes in the dry run alone.
    let coded = |message: &str, code: &str, id: &str| {
        let (message, status, _, ids) = failed(message, &[id]);
        (message, status, Some(code.to_owned()), ids)
    };
    let answer = parsed(&ran.stdout);
    assert_eq!(
        errors(&answer),
        [
            coded(
                "Elastic rule can't be edited",
                "PREBUILT_CUSTOMIZATION_LICENSE",
                "2"
            ),
            coded(
                "Machine learning rule doesn't have index patterns",
                "MACHINE_LEARNING_INDEX_PATTERN",
                "3"
            ),
            coded(
                "ES|QL rule doesn't have index patterns",
                "ESQL_INDEX_PATTERN",
                "4"
            ),
        ]
    );
    assert_eq!(answer["message"], "Bulk edit partially failed");
    let results = json!({"updated": [], "created": [], "deleted": [], "skipped": []});
    assert_eq!(answer["attributes"]["results"], results);
    assert_eq!(names(&folder), ["in.ndjson", "request.json"]);
    let into = bulk_edit(&folder, &["--dry-run", "--response", "answer"]);
    assert_eq!(into.stdout, b"");
    assert_eq!(folder.read("answer"), ran.stdout);

    let live = bulk_edit(&folder, &["-o", "out", "--response", "-"]);
    let no_index = |name: &str| {
        format!(
            "Index patterns can't be overwritten. {name} rule doesn't have index patterns property"
        )
    };
    assert_eq!(
        errors(&parsed(&live.stdout)),
        [
            failed(
                "Mutated params invalid: Index patterns can't be empty",
                &["1"]
            ),
            failed("Elastic rule can't be edited", &["2"]),
            failed(&no_index("Machine learning"), &["3"]),
            failed(&no_index("ES|QL"), &["4"]),
        ]
    );
    assert_eq!(text(&folder.read("out")), BUNDLE);
}

#[test]
fn each_file_in_place_is_a_bundle_of_its_own() {
    let folder = folder(r#"{"action":"delete","ids":["1","7","nobody"]}"#);
    let rule = |id: &str| format!(r#"{{"id":"{id}","rule_id":"r{id}","type":"eql"}}"#);
    let other = format!("{}\r\n{}\r\n", rule("7"), rule("8"));
    folder.write("other.zst", zstd(other.as_bytes()));
    let untouched = folder.path("untouched.ndjson");
    folder.write("untouched.ndjson", rule("9"));
    let modified = |path| std::fs::metadata(path).unwrap().modified().unwrap();
    let before = modified(&untouched);
    let args = [
        "other.zst",
        "untouched.ndjson",
        "--in-place",
        "--response",
        "-",
    ];
    let ran = bulk_edit(&folder, &args);
    assert_eq!(ran.code, Some(3), "{}", ran.stderr);
    let answer = parsed(&ran.stdout);
    assert_eq!(errors(&answer), [failed("Rule not found", &["nobody"])]);
    assert_eq!(
        answer["attributes"]["results"]["deleted"][1]["rule_id"],
        "r7"
    );
    let written = zstd::decode_all(&folder.read("other.zst")[..]).unwrap();
    assert_eq!(text(&written), rule("8") + "\r\n");
    assert_eq!(modified(&untouched), before);
    let left: Vec<&str> = BUNDLE.lines().skip(1).collect();
    let left = left.join("\n") + "\n";
    let left = left.replace(
        r#""exported_count":9,"exported_rules_count":4"#,
        r#""exported_count":8,"exported_rules_count":3"#,
    );
    assert_eq!(text(&folder.read("in.ndjson")), left);
    assert_eq!(
        names(&folder),
        ["in.ndjson", "other.zst", "request.json", "untouched.ndjson"]
    );
}

#[test]
fn an_answer_that_cannot_be_written_stops_the_run_before_it_begins() {
    let folder = folder(r#"{"action":"delete","query":""}"#);
    let ran = bulk_edit(&folder, &["--in-place", "--response", "no-folder/answer"]);
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    assert_eq!(text(&folder.read("in.ndjson")), BUNDLE);
    for args in [
        &["--response", "-"][..],
        &["--response", "request.json", "-o", "out"],
        &["--response", "in.ndjson", "-o", "out"],
        &["--response", "out", "-o", "out"],
        &["--response", "x", "--rejects", "x", "-o", "out"],
    ] {
        let ran = bulk_edit(&folder, args);
        assert_eq!((ran.code, ran.stdout.len()), (Some(2), 0), "{args:?}");
        assert_eq!(names(&folder), ["in.ndjson", "request.json"], "{args:?}");
    }
}

#[test]
fn the_request_may_come_from_standard_input() {
    let folder = folder("");
    let request = r#"{"action":"disable","ids":["4"]}"#;
    let ran = folder.run(
        &["bulk-edit", "--request", "-", "in.ndjson"],
        request.as_bytes(),
    );
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let esql = |enabled| format!(r#""type":"esql","version":1,"revision":0,"enabled":{enabled}"#);
    assert_eq!(text(&ran.stdout), BUNDLE.replace(&esql(true), &esql(false)));
    let ran = folder.run(&["bulk-edit", "--request", "-"], request.as_bytes());
    assert_eq!(ran.code, Some(2));
}

#[test]
fn a_seed_makes_the_same_ids_on_any_number_of_threads() {
    let action = r#"{"type":"add_rule_actions","value":{"throttle":"1d","actions":[{"id":"mail","group":"default","params":{}},{"id":"mail","group":"default","params":{}}]}}"#;
    for request in [
        r#"{"action":"duplicate","query":""}"#.to_owned(),
        edits(action),
    ] {
        let folder = folder(&request);
        let copy = |n| {
            let bundle = BUNDLE.replace("\"rule_id\":\"", &format!("\"rule_id\":\"{n}-"));
            bundle.replace("\"own", &format!("\"{n}-own"))
        };
        let many: String = (0..2000).map(copy).collect();
        folder.write("in.ndjson", many);
        let run = |flags: &[&str]| {
            let args = ["-o", "out", "--response", "answer"];
            let ran = bulk_edit(&folder, &[&args, flags].concat());
            assert_eq!(ran.code, Some(0), "{}", ran.stderr);
            (folder.read("out"), folder.read("answer"), ran.stderr)
        };
        let one = run(&["--seed", "s", "-j1"]);
        let two = run(&["--seed", "s", "-j2"]);
        assert!(one.0 == two.0 && one.1 == two.1, "{request}");
        let other = run(&["--seed", "t", "-j2"]);
        assert!(one.0 != other.0, "{request}");
        // Without one it is random, and told.
        let random = run(&[]);
        let seed = random
            .2
            .lines()
            .find_map(|line| line.strip_prefix("seed: "));
        let seed = seed.unwrap().split(' ').next().unwrap();
        let again = run(&["--seed", seed]);
        assert!(random.0 == again.0 && random.0 != one.0, "{request}");
    }
}

#[test]
fn a_licence_below_platinum_has_no_machine_learning() {
    let no_licence = "Your license does not support machine learning. Please upgrade your license.";
    for (level, works) in [
        ("basic", false),
        ("gold", false),
        ("platinum", true),
        ("trial", true),
    ] {
        let folder = folder(r#"{"action":"enable","query":""}"#);
        let args = ["-o", "out", "--response", "-", "--license", level];
        let ran = bulk_edit(&folder, &args);
        let found = errors(&parsed(&ran.stdout));
        let code = Some("MACHINE_LEARNING_AUTH".to_owned());
        let expected = [(no_licence.to_owned(), 403, code, vec!["3".to_owned()])];
        assert_eq!(found, if works { &[][..] } else { &expected }, "{level}");
    }
}

#[test]
fn actions_of_elastics_own_rules_are_edited_whatever_else_is_not() {
    let action = r#"{"type":"set_rule_actions","value":{"actions":[{"id":"chat","group":"default","params":{}},{"id":"mail","group":"default","params":{}}]}}"#;
    let chat = ["--connector", "chat=.slack", "--seed", "s"];
    for (edit, flags, fails) in [
        (action.to_owned(), &[][..], false),
        (format!("{action},{ADD_NEW}"), &[], true),
        (
            format!("{action},{ADD_NEW}"),
            &["--prebuilt-customization", "on"],
            false,
        ),
    ] {
        let folder = folder(&edits(&edit));
        let args = [&["-o", "out", "--response", "-"], &chat[..], flags].concat();
        let answer = parsed(&bulk_edit(&folder, &args).stdout);
        let expected = failed("Elastic rule can't be edited", &["2"]);
        assert_eq!(errors(&answer), if fails { vec![expected] } else { vec![] });
        let rule = parsed(lines(&folder.read("out"))[1].as_bytes());
        let types: Vec<&Value> = rule["actions"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|action| &action["action_type_id"])
            .collect();
        assert_eq!(
            types,
            if fails {
                vec![]
            } else {
                vec![".slack", ".email"]
            }
        );
        assert_eq!(
            rule["rule_source"]["is_customized"],
            !flags.is_empty(),
            "{edit}"
        );
        assert_eq!(rule["version"], 7);
    }
    let clash = bulk_edit(
        &folder(&edits(action)),
        &["--connector", "chat=.slack", "--connector", "chat=.email"],
    );
    assert_eq!(clash.code, Some(2), "{}", clash.stderr);
}

#[test]
fn a_copy_has_its_own_exceptions_and_shares_the_rest() {
    let request = r#"{"action":"duplicate","ids":["4","1"],"duplicate":{"include_exceptions":true,"include_expired_exceptions":false}}"#;
    let folder = folder(request);
    let ran = bulk_edit(&folder, &["--seed", "s"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let before = lines(BUNDLE.as_bytes());
    let after = lines(&ran.stdout);
    let new: Vec<Value> = after
        .iter()
        .filter(|line| !before.contains(line))
        .map(|line| parsed(line.as_bytes()))
        .collect();
    let [custom, esql, list, item, details] = &new[..] else {
        panic!("{new:#?}");
    };
    assert_eq!(custom["name"], "Custom [Duplicate]");
    assert_eq!(
        (&custom["version"], &custom["revision"]),
        (&json!(2), &json!(0))
    );
    assert_eq!(custom["exceptions_list"][0]["list_id"], "shared");
    assert_eq!(
        (&esql["enabled"], &esql["name"]),
        (&json!(false), &json!("Piped [Duplicate]"))
    );
    let own = &esql["exceptions_list"][0];
    assert_eq!(
        (&own["list_id"], &own["id"]),
        (&list["list_id"], &list["id"])
    );
    assert_eq!(list["list_id"], item["list_id"]);
    assert_eq!(
        (&list["name"], &list["version"]),
        (&json!("Own [Duplicate]"), &json!(1))
    );
    assert_eq!(item["name"], "kept");
    for (copy, key, original) in [
        (custom, "rule_id", "custom"),
        (custom, "id", "1"),
        (esql, "rule_id", "esql"),
        (list, "list_id", "own"),
        (list, "id", "o"),
        (item, "item_id", "own-2"),
        (item, "id", "y"),
    ] {
        assert_ne!(copy[key], original, "{key}");
    }
    let count = |name: &str| details[format!("exported_{name}")].as_u64().unwrap();
    let counts = [
        "count",
        "rules_count",
        "exception_list_count",
        "exception_list_item_count",
    ]
    .map(count);
    assert_eq!(counts, [13, 6, 3, 3]);
}

#[test]
fn an_export_is_a_bundle_of_the_chosen_rules_and_what_they_need() {
    let folder = folder(r#"{"action":"export","query":"name:Custom"}"#);
    let ran = bulk_edit(&folder, &[]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let from = lines(BUNDLE.as_bytes());
    let written = lines(&ran.stdout);
    assert_eq!(written[..3], [&*from[0], &from[4], &from[8]]);
    let details = parsed(written[3].as_bytes());
    assert_eq!(details["exported_count"], 3);
    assert_eq!(details["exported_exception_list_item_count"], 0);
    assert_eq!(written.len(), 4);
    let answer = bulk_edit(&folder, &["--response", "answer", "-o", "out"]);
    assert_eq!(answer.code, Some(2), "{}", answer.stderr);
    assert_eq!(names(&folder), ["in.ndjson", "request.json"]);
}
