use crate::bulk::testing::{edits, request, rule};

const CONNECTOR: &str = r#"{"id":"c","type":"action","attributes":{"actionTypeId":".slack"}}"#;
const DETAILS: &str =
    r#"{"exported_count":3,"exported_rules_count":2,"exported_action_connector_count":1}"#;

fn named(id: &str, kind: &str, members: &str) -> String {
    format!(r#"{{"id":"{id}","rule_id":"r-{id}","name":"Rule {id}","type":"{kind}"{members}}}"#)
}

#[test]
fn a_success_has_the_keys_of_a_success() {
    let line = rule("query", 1, r#""enabled":true"#);
    let ran =
        request(r#"{"action":"disable","query":""}"#).run(&format!("{line}\r\n{CONNECTOR}\r\n"));
    let after = line.replace("true", "false");
    assert_eq!(ran.output, format!("{after}\r\n{CONNECTOR}\r\n"));
    assert_eq!(
        ran.answer,
        format!(
            r#"{{"success":true,"rules_count":1,"attributes":{{"results":{{"updated":[{after}],"created":[],"deleted":[],"skipped":[]}},"summary":{{"failed":0,"succeeded":1,"skipped":0,"total":1}}}}}}"#
        )
    );
    let none = request(r#"{"action":"disable","query":"severity:low"}"#).run(&line);
    assert_eq!(
        none.answer,
        r#"{"success":true,"rules_count":0,"attributes":{"results":{"updated":[],"created":[],"deleted":[],"skipped":[]},"summary":{"failed":0,"succeeded":0,"skipped":0,"total":0}}}"#
    );
}

#[test]
fn errors_are_merged_by_message_in_order_of_first_appearance() {
    let bundle = [
        named("1", "esql", ""),
        named("2", "machine_learning", ""),
        named("3", "eql", ""),
        named("4", "esql", ""),
        r#"{"rule_id":"bare","type":"esql"}"#.to_owned(),
    ]
    .join("\n");
    let edit = r#"{"type":"set_index_patterns","value":["a"]}"#;
    let text = |name: &str| {
        format!(
            "Index patterns can't be overwritten. {name} rule doesn't have index patterns property"
        )
    };
    let ran = edits(edit).run(&bundle);
    let errors = format!(
        r#"[{{"message":"{}","status_code":500,"rules":[{{"id":"1","name":"Rule 1"}},{{"id":"4","name":"Rule 4"}},{{"rule_id":"bare"}}]}},{{"message":"{}","status_code":500,"rules":[{{"id":"2","name":"Rule 2"}}]}}]"#,
        text("ES|QL"),
        text("Machine learning")
    );
    let updated = named("3", "eql", r#","index":["a"]"#);
    assert_eq!(
        ran.answer,
        format!(
            r#"{{"message":"Bulk edit partially failed","status_code":500,"attributes":{{"errors":{errors},"results":{{"updated":[{updated}],"created":[],"deleted":[],"skipped":[]}},"summary":{{"failed":4,"succeeded":1,"skipped":0,"total":5}}}}}}"#
        )
    );
    assert_eq!(ran.failed.len(), 4);
}

#[test]
fn skipped_rules_do_not_make_a_failure_partial() {
    let bundle = format!(
        "{}\n{}",
        named("1", "eql", r#","tags":["t"]"#),
        named("2", "eql", r#","tags":1"#)
    );
    let ran = edits(r#"{"type":"add_tags","value":["t"]}"#).run(&bundle);
    assert_eq!(
        ran.answer,
        r#"{"message":"Bulk edit failed","status_code":500,"attributes":{"errors":[{"message":"`tags` must be an array of strings, found a number","status_code":500,"rules":[{"id":"2","name":"Rule 2"}]}],"results":{"updated":[],"created":[],"deleted":[],"skipped":[{"id":"1","name":"Rule 1","skip_reason":"RULE_NOT_MODIFIED"}]},"summary":{"failed":1,"succeeded":0,"skipped":1,"total":2}}}"#
    );
    assert_eq!(ran.output, bundle);
}

#[test]
fn long_messages_are_cut_and_merged_whole() {
    let long = format!("{}é{}", "x".repeat(999), "y".repeat(50));
    let line = |id: &str, end: &str| {
        named(
            id,
            "query",
            &format!(
                r#","actions":[{{"id":"a","params":{{}},"frequency":{{"summary":true,"notifyWhen":"onThrottleInterval","throttle":"1s"}}}}],"x":"{end}""#
            ),
        )
    };
    let bundle = format!("{}\n{}", line(&long, ""), line(&format!("{long}z"), ""));
    let schedule = r#"{"type":"set_schedule","value":{"interval":"1h","lookback":"1s"}}"#;
    let errors = edits(schedule).run(&bundle).errors();
    assert_eq!(errors.len(), 2);
    let begin = "Error updating rule with ID \"";
    let rest = 1000 - begin.chars().count();
    assert_eq!(
        errors[0].0,
        format!("{begin}{}", long.chars().take(rest).collect::<String>())
    );
    assert_eq!(errors[0].0, errors[1].0);
}

#[test]
fn missing_ids_come_first() {
    let bundle = format!("{}\n{}", named("1", "esql", ""), named("2", "eql", ""));
    let text = r#"{"action":"edit","ids":["x","1","y","2"],"edit":[{"type":"set_index_patterns","value":["a"]}]}"#;
    let ran = request(text).run(&bundle);
    assert!(
        ran.answer.contains(
            r#""errors":[{"message":"Rule not found","status_code":500,"rules":[{"id":"x"},{"id":"y"}]},{"message":"Index patterns can't be overwritten."#
        ),
        "{}",
        ran.answer
    );
    assert_eq!(ran.counts(), [3, 1, 0, 4]);
}

#[test]
fn a_deleted_rule_is_answered_and_its_exceptions_stay() {
    let (one, two) = (
        named("1", "eql", r#", "risk_score": 1.0"#),
        named("2", "eql", ""),
    );
    let list = r#"{"list_id":"l","type":"rule_default"}"#;
    let bundle = format!("{one}\n{two}\n{list}\n{CONNECTOR}\n{DETAILS}\n");
    let ran = request(r#"{"action":"delete","query":"risk_score:1"}"#).run(&bundle);
    assert_eq!(
        ran.output,
        format!(
            "{two}\n{list}\n{CONNECTOR}\n{{\"exported_count\":3,\"exported_rules_count\":1,\"exported_action_connector_count\":1}}\n"
        )
    );
    assert!(
        ran.answer.contains(&format!(r#""deleted":[{one}]"#)),
        "{}",
        ran.answer
    );
}

#[test]
fn a_dry_run_counts_and_shows_nothing() {
    let bundle = format!("{}\n{}", named("1", "eql", ""), named("2", "esql", ""));
    for action in ["enable", "disable", "delete", "duplicate"] {
        let ran = request(format!(r#"{{"action":"{action}","query":""}}"#))
            .dry_run()
            .run(&bundle);
        assert_eq!(
            ran.answer,
            r#"{"success":true,"rules_count":2,"attributes":{"results":{"updated":[],"created":[],"deleted":[],"skipped":[]},"summary":{"failed":0,"succeeded":2,"skipped":0,"total":2}}}"#
        );
    }
    let ran = edits(r#"{"type":"add_index_patterns","value":["a"]}"#)
        .dry_run()
        .run(&bundle);
    assert_eq!(
        ran.answer,
        r#"{"message":"Bulk edit partially failed","status_code":500,"attributes":{"errors":[{"message":"ES|QL rule doesn't have index patterns","status_code":500,"err_code":"ESQL_INDEX_PATTERN","rules":[{"id":"2","name":"Rule 2"}]}],"results":{"updated":[],"created":[],"deleted":[],"skipped":[]},"summary":{"failed":1,"succeeded":1,"skipped":0,"total":2}}}"#
    );
}

#[test]
fn matches_over_the_limit_are_told_or_refused() {
    let bundle: String = (0..2001)
        .map(|id| named(&id.to_string(), "eql", "") + "\n")
        .collect();
    let tag = || edits(r#"{"type":"add_tags","value":["t"]}"#);
    let text = "More than 2000 rules matched the filter query. Try to narrow it down.";
    assert_eq!(tag().run(&bundle).refusal.as_deref(), Some(text));
    let limited = tag().with(|settings| settings.server_limits = true);
    assert_eq!(
        limited
            .try_run(&bundle)
            .map(|ran| ran.output)
            .unwrap_err()
            .to_string(),
        text
    );
    let enable =
        request(r#"{"action":"enable","query":""}"#).with(|settings| settings.server_limits = true);
    assert_eq!(enable.run(&bundle).counts(), [0, 2001, 0, 2001]);
    let fewer = &bundle[bundle.find('\n').unwrap() + 1..];
    assert_eq!(limited.run(fewer).counts(), [0, 2000, 0, 2000]);
}

#[test]
fn an_export_takes_along_what_its_rules_need() {
    let reference = |id: &str| {
        format!(r#"{{"id":"i","list_id":"{id}","type":"detection","namespace_type":"single"}}"#)
    };
    let one = named(
        "1",
        "eql",
        &format!(
            r#","execution_summary":{{"x":1}},"exceptions_list":[{},{},{}],"actions":[{{"id":"c","params":{{}}}},{{"id":"preset","params":{{}}}},{{"id":"system-connector-.cases","params":{{}}}}]"#,
            reference("l"),
            reference("endpoint_list"),
            reference("gone")
        ),
    );
    let two = named(
        "2",
        "eql",
        &format!(r#","exceptions_list":[{}]"#, reference("m")),
    );
    let list = |id: &str| format!(r#"{{"list_id":"{id}","namespace_type":"single"}}"#);
    let item = |id: &str| format!(r#"{{"item_id":"i-{id}","list_id":"{id}","entries":[]}}"#);
    let agnostic = r#"{"list_id":"l","namespace_type":"agnostic"}"#;
    let other = CONNECTOR.replace(r#""c""#, r#""d""#);
    let bundle = [
        one.clone(),
        two,
        list("l"),
        item("l"),
        agnostic.to_owned(),
        list("m"),
        item("m"),
        list("endpoint_list"),
        CONNECTOR.to_owned(),
        other,
        DETAILS.to_owned(),
    ]
    .join("\n");
    let ran = request(r#"{"action":"export","ids":["1"]}"#).run(&bundle);
    let details = r#"{"exported_count":4,"exported_rules_count":1,"missing_rules":[],"missing_rules_count":0,"exported_exception_list_count":1,"exported_exception_list_item_count":1,"missing_exception_list_item_count":0,"missing_exception_list_items":[],"missing_exception_lists":[],"missing_exception_lists_count":0,"exported_action_connector_count":1,"missing_action_connection_count":0,"missing_action_connections":[],"excluded_action_connection_count":0,"excluded_action_connections":[]}"#;
    let exported = one.replace(r#","execution_summary":{"x":1}"#, "");
    assert_eq!(
        ran.output,
        format!(
            "{exported}\n{}\n{}\n{CONNECTOR}\n{details}\n",
            list("l"),
            item("l")
        )
    );
    assert_eq!(ran.lacking, ["connector `preset`", "exception list `gone`"]);
}

#[test]
fn a_query_reads_kibanas_names() {
    let bundle = format!(
        "{}\n{}",
        named("1", "eql", r#","tags":["a b"]"#),
        named("2", "esql", "")
    );
    for (query, count) in [
        (r#"alert.attributes.tags: \"a b\""#, 1),
        (r#"alert.attributes.params.ruleId: \"r-2\""#, 1),
        ("alert.attributes.params.type: (eql or esql)", 2),
        ("name: nothing", 0),
    ] {
        let ran = request(format!(r#"{{"action":"enable","query":"{query}"}}"#)).run(&bundle);
        assert_eq!(ran.counts()[1], count, "{query}");
    }
}
