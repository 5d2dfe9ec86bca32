//! Records and what is found in each, as level, code and pointer; and what is said of some.

use super::*;
use crate::error::PathStep;

/// Level, code and pointer of each finding, one a line; notes that a rule may arrive disabled are left out.
fn found(line: &str, target: &str) -> String {
    let spelt = |problem: &Problem| {
        assert!(code(problem.code).is_some(), "{}", problem.code);
        let steps = problem.pointer.iter().map(|step| match step {
            PathStep::Key(key) => format!("/{key}"),
            PathStep::Index(index) => format!("/{index}"),
        });
        let pointer: String = steps.collect();
        format!("{} {} {pointer}", problem.level.name(), problem.code)
    };
    let problems = judged(line, target);
    problems.iter().map(spelt).collect::<Vec<_>>().join("\n")
}

fn judged(line: &str, target: &str) -> Vec<Problem> {
    let record = Record::parse(line, 0).unwrap();
    let options = Options {
        target: target.parse().unwrap(),
    };
    problems(&record, options)
}

/// A rule of this type, with the members that every rule needs and these.
fn rule(ty: &str, more: &str) -> String {
    format!(
        r#"{{"rule_id":"r","type":"{ty}","name":"n","description":"d","severity":"low","risk_score":1,"enabled":true{more}}}"#
    )
}

#[track_caller]
fn finds(line: &str, expected: &str) {
    assert_eq!(found(line, "9.x"), expected, "{line}");
}

#[test]
fn drops_keys_without_a_word_at_every_depth() {
    let line = rule(
        "query",
        r#","investigation_field":1,"threat_index":7,"threat":[{"framework":"f","tactic":{"id":"i","name":"n","reference":"r","ref":1}}]"#,
    );
    finds(
        &line,
        "warning unknown-key /investigation_field\n\
         warning other-type-key /threat_index\n\
         warning unknown-key /threat/0/tactic/ref",
    );
    let hint = judged(&line, "9.x").swap_remove(0).hint;
    assert_eq!(hint.unwrap(), "did you mean `investigation_fields`?");
}

#[test]
fn passes_what_fails_when_the_rule_is_created() {
    let action =
        |more: &str| format!(r#"{{"id":"c","action_type_id":".email","params":{{}},{more}}}"#);
    let actions = [
        action(
            r#""uuid":"u","group":"other","frequency":{"summary":true,"notifyWhen":"onThrottleInterval","throttle":"5m"}"#,
        ),
        action(
            r#""uuid":"u","frequency":{"summary":true,"notifyWhen":"onActiveAlert","throttle":null},"alerts_filter":{}"#,
        ),
    ];
    let more = format!(r#","interval":"1h","actions":[{}]"#, actions.join(","));
    finds(
        &rule("query", &more),
        "warning action-group /actions/0/group\n\
         warning action-throttle /actions/0/frequency/throttle\n\
         warning action-uuid-repeated /actions/1/uuid\n\
         warning alerts-filter /actions/1/alerts_filter",
    );
    finds(
        &rule("query", r#","interval":"05m""#),
        "warning not-a-duration /interval",
    );
    let terms = r#","query":"q","new_terms_fields":["f"],"history_window_start""#;
    for (start, finding) in [
        (
            "now-5m",
            "warning history-window-order /history_window_start",
        ),
        ("last week", "warning date-misread /history_window_start"),
        ("now-14d", ""),
    ] {
        finds(
            &rule("new_terms", &format!(r#"{terms}:"{start}""#)),
            finding,
        );
    }
}

#[test]
fn warns_of_dates_that_are_read_otherwise() {
    finds(
        &rule("query", r#","from":"now-5","to":"tomorrow""#),
        "warning date-misread /from\nwarning date-misread /to",
    );
    finds(
        &rule("query", r#","from":"now-5x""#),
        "error wrong-format /from",
    );
    finds(
        &rule("query", r#","from":"Jan 2020""#),
        "warning date-misread /from",
    );
}

#[test]
fn says_of_what_is_set_in_vain() {
    let both = r#","index":["logs-*"],"data_view_id":"d""#;
    finds(&rule("query", both), "note index-unused /index");
    finds(&rule("query", r#","index":[],"data_view_id":"d""#), "");
    finds(
        &rule("query", r#","throttle":"1h","max_signals":5000"#),
        "note throttle-unused /throttle\nnote signals-capped /max_signals",
    );
}

#[test]
fn rewrites_before_it_judges() {
    let old = |value: &str| rule("query", &format!(r#","investigation_fields":{value}"#));
    let said = "warning investigation-fields-rewritten /investigation_fields";
    finds(&old(r#"["a"]"#), said);
    finds(&old("[]"), said);
    finds(
        &old(r#"["a",1]"#),
        &format!("{said}\nerror wrong-type /investigation_fields/1"),
    );
    finds(
        &old(r#"{"field_names":[]}"#),
        "error too-few-items /investigation_fields/field_names",
    );
    finds(
        &rule("query", r#","originId":5,"rule_source":6"#),
        "note origin-id /originId",
    );
}

#[test]
fn reads_the_last_of_equal_keys_at_every_depth() {
    finds(
        &rule("query", r#","tags":1,"tags":[]"#),
        "warning duplicate-key /tags",
    );
    let mapped = r#","response_actions":[{"action_type_id":".osquery","params":{"ecs_mapping":{"a":1,"a":{"field":"f"},"b":2}}}]"#;
    let at = "/response_actions/0/params/ecs_mapping";
    finds(
        &rule("query", mapped),
        &format!("warning duplicate-key {at}/a\nerror wrong-type {at}/b"),
    );
}

#[test]
fn a_saved_object_that_is_no_connector_is_named() {
    let board = r#"{"id":"d","type":"dashboard","attributes":{}}"#;
    finds(board, "error not-a-connector /type");
    let fine = r#"{"id":"c-1","type":"action","attributes":{"actionTypeId":".index","name":"n","isMissingSecrets":false},"references":[]}"#;
    finds(fine, "");
    finds(&fine.replace("c-1", "My_Mail"), "warning connector-id /id");
    assert_eq!(found(&fine.replace("c-1", "My_Mail"), "9.4"), "");
}

#[test]
fn takes_numbers_as_javascript_does() {
    for (score, finding) in [
        ("1e2", ""),
        ("47.0", ""),
        ("-0", ""),
        ("1.01e2", "error above-maximum /risk_score"),
        ("0.5", "error wrong-type /risk_score"),
        ("1e400", "error wrong-type /risk_score"),
        ("\"5\"", "error wrong-type /risk_score"),
    ] {
        let line =
            rule("query", "").replace(r#""risk_score":1"#, &format!(r#""risk_score":{score}"#));
        finds(&line, finding);
    }
}

#[test]
fn an_entry_is_judged_by_its_own_type() {
    let item = |entries: &str| {
        format!(
            r#"{{"item_id":"i","list_id":"l","name":"","description":"","type":"simple","entries":[{entries}]}}"#
        )
    };
    let exists = r#"{"type":"exists","field":"f","operator":"included"}"#;
    let list = r#"{"type":"list","field":"f","operator":"included","list":{"id":"v","type":"ip"}}"#;
    finds(&item(exists), "");
    finds(&item(""), "error too-few-items /entries");
    finds(
        &item(&format!("{exists},{list}")),
        "error mixed-list-entry /entries",
    );
    for (entry, finding) in [
        (
            r#"{"type":"exists","field":"f","operator":"included","value":"v"}"#,
            "error unknown-key /entries/0/value",
        ),
        (
            r#"{"type":"match","field":" ","operator":"is","value":"v"}"#,
            "error blank /entries/0/field\nerror unknown-value /entries/0/operator",
        ),
        (
            r#"{"type":"match_any","field":"f","operator":"excluded","value":["","b"," "]}"#,
            "error too-short /entries/0/value/0",
        ),
        (
            r#"{"type":"nested","field":"f","entries":[{"type":"wildcard","field":"f","operator":"included","value":"v"}]}"#,
            "error unknown-value /entries/0/entries/0/type",
        ),
        (r#"{"type":"macth"}"#, "error unknown-value /entries/0/type"),
    ] {
        finds(&item(entry), finding);
    }
}

#[test]
fn knows_since_when() {
    let suppress = r#","alert_suppression":{"group_by":["f"]}"#;
    let fields = r#","query":"q","threshold":{"field":["a","b","c","d"],"value":1}"#;
    for (line, first, finding) in [
        (
            rule("query", suppress),
            "8.8",
            "warning newer-than-target /alert_suppression",
        ),
        (
            rule("query", r#","setup":"s""#),
            "8.3",
            "warning newer-than-target /setup",
        ),
        (
            rule("query", r#","revision":1"#),
            "8.8",
            "warning newer-than-target /revision",
        ),
        (
            rule("query", r#","investigation_fields":{"field_names":["f"]}"#),
            "8.11",
            "error newer-than-target /investigation_fields",
        ),
        (
            rule("threshold", fields),
            "9.2",
            "error threshold-fields /threshold/field",
        ),
    ] {
        let before = match first {
            "8.8" => "8.7",
            "8.3" => "8.2",
            "8.11" => "8.10",
            _ => "9.1",
        };
        assert_eq!(found(&line, before), finding, "{line}");
        assert_eq!(found(&line, first), "", "{line}");
    }
}

#[test]
fn says_what_kibana_says_where_that_is_known() {
    let says = |line: &str, target: &str| {
        let problems = judged(line, target);
        let says = problems.into_iter().filter(|it| it.level == Level::Error);
        says.map(|it| it.kibana.unwrap_or_default())
            .collect::<Vec<_>>()
            .join(" | ")
    };
    let acts = rule("query", r#","response_actions":[{"params":{}}]"#);
    assert_eq!(says(&acts, "9.x"), "");
    assert_eq!(
        says(&acts, "9.3"),
        "response_actions.0.action_type_id: Invalid discriminator value. Expected '.osquery' | '.endpoint'"
    );
    assert_eq!(
        says(&rule("query", r#","investigation_fields":[5]"#), "9.x"),
        "investigation_fields.field_names.0: Invalid input: expected string, received number"
    );
    assert_eq!(
        says(
            &rule("query", r#","required_fields":[{"name":"n"}]"#),
            "9.3"
        ),
        "required_fields.0.type: Required, required_fields.0.type: Required"
    );
    let jobs = r#","anomaly_threshold":1,"machine_learning_job_id":[5]"#;
    assert_eq!(says(&rule("machine_learning", jobs), "9.3"), "");
    let list = |more: &str| {
        format!(r#"{{"list_id":"l","name":"n","description":"d","type":"detection",{more}}}"#)
    };
    assert_eq!(
        says(&list(r#""created_by":1e0"#), "9.x"),
        "Invalid value \"1\" supplied to \"created_by\""
    );
    assert_eq!(says(&list(r#""x":1"#), "9.x"), "invalid keys \"x\"");
}
