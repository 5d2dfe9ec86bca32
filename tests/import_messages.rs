//! Every message that an import has, row by row (import-export.md §3.5 and §5.3): the server says it, and the plan foresaw it.

#![cfg(test)]

#[path = "support/kibana/mod.rs"]
mod kibana;
#[path = "support/live.rs"]
mod live;
#[path = "support/records.rs"]
mod records;

use kibana::Settings;
use live::Live;
use records::{acting, bundle, connector, item, lines, list, referring, rule, secretless, with};
use serde_json::{Value, json};

/// Which sorts an import may overwrite.
const NONE: [bool; 3] = [false; 3];
const ALL: [bool; 3] = [true; 3];
const RULES: [bool; 3] = [true, false, false];

/// What is said, as in `errors 400 rule_id=a: message`.
fn told(body: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    let arrays = ["errors", "exceptions_errors", "action_connectors_errors"];
    for name in arrays {
        for entry in body[name].as_array().into_iter().flatten() {
            let ids: Vec<String> = ["id", "rule_id", "list_id", "item_id"]
                .into_iter()
                .filter_map(|key| Some(format!("{key}={}", entry.get(key)?.as_str()?)))
                .collect();
            let (status, message) = (&entry["error"]["status_code"], &entry["error"]["message"]);
            lines.push(format!(
                "{name} {status} {}: {}",
                ids.join(" "),
                message.as_str().unwrap()
            ));
        }
    }
    let warnings = body["action_connectors_warnings"].as_array();
    for warning in warnings.into_iter().flatten() {
        lines.push(format!("warning: {}", warning["message"].as_str().unwrap()));
    }
    lines
}

/// Imports lines into a space with these records, and holds what is said against what is expected; a `…` at the end leaves the
/// rest open. Gives the body.
fn says(
    settings: Settings,
    here: &[Value],
    sent: &[Value],
    overwrite: [bool; 3],
    expected: &[&str],
) -> Value {
    let version = settings.version;
    let live = Live::start(settings);
    live.kibana.seed("soc", &bundle(here));
    let sent = lines(sent);
    let mut model = live.model(&sent);
    let (status, body, differences) = live.import(&mut model, &sent, overwrite);
    assert_eq!(status, 200, "{version:?}: {body}");
    assert!(differences.is_empty(), "{version:?}: {differences:?}");
    let told = told(&body);
    let is_as_expected = told.len() == expected.len()
        && told
            .iter()
            .zip(expected)
            .all(|(told, expected)| match expected.strip_suffix('…') {
                Some(begin) => told.starts_with(begin),
                None => told == expected,
            });
    assert!(is_as_expected, "{version:?}: {told:#?}");
    body
}

/// What an older server says of connectors, which it says of rules too.
fn both(words: &str) -> [String; 2] {
    ["errors", "action_connectors_errors"].map(|name| format!("{name} {words}"))
}

const GENERATIONS: [&str; 3] = ["8.18", "9.1", "9.6"];

#[test]
fn a_rule_that_exists() {
    for (version, words) in [
        ("8.14", "rule_id: \"a\" already exists"),
        ("8.18", "Rule with this rule_id already exists"),
        ("9.1", "Rule with this rule_id already exists"),
        ("9.6", "Rule with this rule_id already exists"),
    ] {
        let a = rule("a");
        let expected = format!("errors 409 rule_id=a: {words}");
        let body = says(
            Settings::of(version),
            std::slice::from_ref(&a),
            std::slice::from_ref(&a),
            NONE,
            &[&expected],
        );
        assert_eq!(
            (&body["success"], &body["success_count"]),
            (&json!(false), &json!(0))
        );
    }
}

#[test]
fn a_rule_id_twice() {
    let lines = [rule("a"), with(rule("a"), &json!({"tags": ["last"]}))];
    for version in GENERATIONS {
        let words = "errors 400 rule_id=a: More than one rule with rule-id: \"a\" found";
        let body = says(Settings::of(version), &[], &lines, NONE, &[words]);
        assert_eq!(
            (&body["success_count"], &body["rules_count"]),
            (&json!(1), &json!(2))
        );
        let body = says(Settings::of(version), &[], &lines, RULES, &[]);
        assert_eq!(
            (&body["success_count"], &body["success"]),
            (&json!(1), &json!(true))
        );
    }
}

#[test]
fn a_missing_list() {
    let words = "errors 400 rule_id=a: Rule with rule_id: \"a\" references a non existent exception list of list_id: \"l\". Reference has been removed.";
    for version in GENERATIONS {
        let lines = [referring("a", "l", "detection")];
        let body = says(Settings::of(version), &[], &lines, NONE, &[words]);
        assert_eq!(
            (&body["success"], &body["success_count"]),
            (&json!(false), &json!(1))
        );
        // One of another type is missing too.
        let lines = [referring("a", "l", "rule_default")];
        says(Settings::of(version), &[list("l")], &lines, NONE, &[words]);
    }
}

#[test]
fn a_missing_connector() {
    let lines = [
        with(
            acting("a", &["x", "y"]),
            &json!({"id": "6f1c9a52-2f0e-4c7b-9a55-0b7f6f6f1d10"}),
        ),
        acting("b", &["x"]),
        rule("c"),
    ];
    for version in ["9.1", "9.6"] {
        let expected = [
            "errors 404 id=6f1c9a52-2f0e-4c7b-9a55-0b7f6f6f1d10 rule_id=a: Rule actions reference the following missing action IDs: x,y",
            "errors 404 rule_id=b: Rule actions reference the following missing action IDs: x",
        ];
        let body = says(Settings::of(version), &[], &lines, NONE, &expected);
        assert_eq!(body["success_count"], 1);
    }
    let words = "404 id=x,y rule_id=a,b: 2 connectors are missing. Connector ids missing are: x, y";
    let expected = both(words);
    let expected = expected.each_ref().map(String::as_str);
    let body = says(Settings::of("8.18"), &[], &lines, NONE, &expected);
    assert_eq!(body["success_count"], 0);
    let words = "404 id=x rule_id=b: 1 connector is missing. Connector id missing is: x";
    let expected = both(words);
    let expected = expected.each_ref().map(String::as_str);
    says(Settings::of("8.18"), &[], &lines[1..], NONE, &expected);
}

#[test]
fn no_privilege_for_connectors() {
    let strange = |version| Settings {
        may_use_connectors: false,
        ..Settings::of(version)
    };
    let lines = [acting("a", &["x"]), rule("b"), connector("x", "X")];
    for version in ["9.1", "9.6"] {
        let expected = [
            "errors 403 rule_id=a: You may not have actions privileges required to import rules with actions: …",
            "action_connectors_errors 403 rule_id=(unknown id): You may not have actions privileges required to import actions: …",
        ];
        let body = says(strange(version), &[], &lines, NONE, &expected);
        assert_eq!(body["success_count"], 1);
    }
    let words = "403 rule_id=(unknown id): You may not have actions privileges required to import rules with actions: …";
    let expected = both(words);
    let expected = expected.each_ref().map(String::as_str);
    says(strange("8.18"), &[], &lines, NONE, &expected);
}

#[test]
fn two_connectors_of_one_origin() {
    let here = [
        with(connector("one", "One"), &json!({"originId": "x"})),
        with(connector("two", "Two"), &json!({"originId": "x"})),
    ];
    for version in GENERATIONS {
        let words = "errors 400 rule_id=(unknown id): {\"rule_id\":\"a\",\"error\":{\"status_code\":409,\"message\":\"Found two action connectors with originId or _id: x …";
        let body = says(
            Settings::of(version),
            &here,
            &[acting("a", &["x", "one"])],
            NONE,
            &[words],
        );
        assert_eq!(
            (&body["success_count"], &body["success"]),
            (&json!(1), &json!(false))
        );
    }
}

#[test]
fn a_connector_without_secrets() {
    let here = [secretless("x", "Chat"), rule("b")];
    let lines = [acting("a", &["x"])];
    for version in GENERATIONS {
        let words = "errors 400 rule_id=a: Failed to validate actions due to the following error: Invalid connectors: Chat";
        says(Settings::of(version), &here, &lines, NONE, &[words]);
    }
    // Any connector line makes the server tolerant, but for rules that it overwrites.
    let lines = [
        acting("a", &["x"]),
        acting("b", &["x"]),
        connector("y", "Y"),
    ];
    for version in ["9.1", "9.6"] {
        let words = "errors 400 rule_id=b: Failed to validate actions due to the following error: Invalid connectors: Chat";
        let body = says(Settings::of(version), &here, &lines, RULES, &[words]);
        assert_eq!(body["success_count"], 1);
    }
}

#[test]
fn actions_at_fault() {
    let here = [connector("x", "X")];
    let uuid = |group: &str| json!({"id": "x", "action_type_id": ".slack", "group": group, "params": {}, "uuid": "u"});
    let twice = with(
        rule("a"),
        &json!({"actions": [uuid("default"), uuid("default")]}),
    );
    let group = with(rule("b"), &json!({"actions": [uuid("odd")]}));
    for version in GENERATIONS {
        let expected = [
            "errors 400 rule_id=a: Failed to validate actions due to the following error: Actions have duplicated UUIDs",
            "errors 400 rule_id=b: Failed to validate actions due to the following error: Invalid action groups: odd",
        ];
        let lines = [twice.clone(), group.clone()];
        says(Settings::of(version), &here, &lines, NONE, &expected);
    }
}

#[test]
fn prebuilt_rules() {
    let settings = |version| Settings {
        prebuilt: [("p".to_owned(), vec![1])].into(),
        ..Settings::of(version)
    };
    let marked = |more: Value| with(rule("p"), &with(json!({"immutable": true}), &more));
    let words = "errors 400 rule_id=p: Importing prebuilt rules is not supported. To import this rule as a custom rule, first duplicate the rule and then export it. [rule_id: p]";
    says(
        settings("8.17"),
        &[],
        &[marked(json!({"version": 1}))],
        NONE,
        &[words],
    );
    for version in GENERATIONS {
        let words = "errors 400 rule_id=p: Prebuilt rules must specify a \"version\" to be imported. [rule_id: p]";
        says(settings(version), &[], &[marked(json!({}))], NONE, &[words]);
        says(
            settings(version),
            &[],
            &[marked(json!({"version": 1}))],
            NONE,
            &[],
        );
    }
}

#[test]
fn lists_and_items_that_exist() {
    let here = [list("l"), item("i", "l")];
    let lines = [list("l"), item("i", "l"), item("new", "l")];
    for version in GENERATIONS {
        let expected = [
            "exceptions_errors 409 list_id=l: Found that list_id: \"l\" already exists. Import of list_id: \"l\" skipped.",
            "exceptions_errors 409 list_id=l item_id=i: Found that item_id: \"i\" already exists. Import of item_id: \"i\" skipped.",
        ];
        let body = says(Settings::of(version), &here, &lines, NONE, &expected);
        // The rules' own success knows nothing of it, and what is new is added all the same.
        assert_eq!(
            (&body["success"], &body["exceptions_success"]),
            (&json!(true), &json!(false))
        );
        assert_eq!(body["exceptions_success_count"], 1);
        let body = says(Settings::of(version), &here, &lines, ALL, &[]);
        assert_eq!(body["exceptions_success_count"], 2);
    }
}

#[test]
fn an_item_without_its_list() {
    for version in GENERATIONS {
        let words = "exceptions_errors 409 list_id=l item_id=i: Exception list with list_id: \"l\", not found for exception list item with item_id: \"i\"";
        says(Settings::of(version), &[], &[item("i", "l")], ALL, &[words]);
    }
}

#[test]
fn lists_and_items_twice() {
    let lines = [list("l"), list("l"), item("i", "l"), item("i", "l")];
    for version in GENERATIONS {
        let expected = [
            "exceptions_errors 400 list_id=l: More than one exception list with list_id: \"l\" found in imports. The last list will be used.",
            "exceptions_errors 400 item_id=i: More than one exception list item with item_id: \"i\" found in imports. The last item will be used.",
        ];
        let body = says(Settings::of(version), &[], &lines, NONE, &expected);
        assert_eq!(body["exceptions_success_count"], 1);
    }
}

#[test]
fn lists_and_items_that_are_none() {
    let lines = [
        with(list("l"), &json!({"type": "odd"})),
        with(list("m"), &json!({"immutable": true})),
        with(item("i", "l"), &json!({"type": "odd"})),
        with(item("j", "m"), &json!({"version": 1})),
    ];
    for version in GENERATIONS {
        let expected = [
            "exceptions_errors 400 list_id=(unknown list_id): Error found importing exception list: Invalid value \"odd\" supplied to \"type\"",
            "exceptions_errors 400 list_id=(unknown list_id): Error found importing exception list: Invalid value \"true\" supplied to \"immutable\"",
            // It is `list_id` that names the item.
            "exceptions_errors 400 list_id=(unknown item_id): Error found importing exception list item: Invalid value \"odd\" supplied to \"type\"",
            "exceptions_errors 400 list_id=(unknown item_id): Error found importing exception list item: invalid keys \"version\"",
        ];
        says(Settings::of(version), &[], &lines, NONE, &expected);
    }
}

#[test]
fn an_item_of_another_list() {
    // Nobody is told that the item stays where it is, unchanged.
    let here = [list("l"), list("m"), item("i", "m")];
    let lines = [item("i", "l"), item("other", "m")];
    for version in GENERATIONS {
        let body = says(Settings::of(version), &here, &lines, ALL, &[]);
        assert_eq!(
            (
                &body["exceptions_success"],
                &body["exceptions_success_count"]
            ),
            (&json!(true), &json!(1))
        );
    }
}

#[test]
fn connectors_that_exist() {
    let here = [connector("x", "X")];
    let lines = [
        connector("x", "X"),
        secretless("y", "Y"),
        acting("a", &["y"]),
        acting("b", &["x"]),
    ];
    for version in ["9.1", "9.6"] {
        // None is created, though one is counted.
        let expected = [
            "errors 404 rule_id=a: Rule actions reference the following missing action IDs: y",
            "action_connectors_errors 409 id=x: Saved Object already exists",
            "warning: 1 connector has sensitive information that require updates.",
        ];
        let body = says(Settings::of(version), &here, &lines, NONE, &expected);
        assert_eq!(
            (
                &body["action_connectors_success_count"],
                &body["success_count"]
            ),
            (&json!(1), &json!(1))
        );
        let lines = [secretless("x", "X"), secretless("y", "Y")];
        let expected = ["warning: 2 connectors have sensitive information that require updates."];
        says(Settings::of(version), &here, &lines, ALL, &expected);
    }
}

#[test]
fn saved_objects_that_are_no_connectors() {
    let lines = [
        json!({"id": "o", "type": "odd", "attributes": {}}),
        json!({"id": "r", "type": "action", "attributes": {}, "references": [{"type": "search", "id": "s", "name": "s"}]}),
    ];
    for version in ["9.1", "9.6"] {
        let expected = [
            "action_connectors_errors 400 id=o: Unsupported SO action type",
            "action_connectors_errors 400 id=r: Missing SO references",
        ];
        says(Settings::of(version), &[], &lines, NONE, &expected);
    }
}
