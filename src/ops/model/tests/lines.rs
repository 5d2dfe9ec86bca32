//! What the lines are (§1.1), and what fails a request as a whole.

use serde_json::json;

use super::*;

#[test]
fn an_answer_has_every_field_of_section_3_4() {
    let mut model = space("9.1", &[&stored("a", "")]);
    let secretless = SECRETLESS;
    let predicted = import(
        &mut model,
        KEEP,
        &[&rule("a", ""), &rule("b", ""), "x", secretless],
    );
    let body = predicted.reply.to_json();
    let expected = json!({
        "success": false, "success_count": 1, "rules_count": 3,
        "errors": [
            {"rule_id": "(unknown id)", "error": {"status_code": 400, "message": body["errors"][0]["error"]["message"]}},
            {"rule_id": "a", "error": {"status_code": 409, "message": "Rule with this rule_id already exists"}}
        ],
        "exceptions_success": true, "exceptions_success_count": 0, "exceptions_errors": [],
        "action_connectors_success": true, "action_connectors_success_count": 1,
        "action_connectors_warnings": [{
            "type": "action_required",
            "message": "1 connector has sensitive information that require updates.",
            "actionPath": "/app/management/insightsAndAlerting/triggersActionsConnectors",
            "buttonLabel": "Go to connectors"
        }],
        "action_connectors_errors": []
    });
    assert_eq!(body, expected);
    assert_eq!(predicted.reply.status(), 200);
    assert!(predicted.reply.differences(200, &expected).is_empty());
}

#[test]
fn differences_name_the_member_and_the_entry() {
    let mut model = space("9.1", &[]);
    let reply = import(&mut model, KEEP, &["x", &rule("a", "")]).reply;
    let mut body = reply.to_json();
    // The words of a parser are not known, so any will do.
    body["errors"][0]["error"]["message"] = "Unexpected token".into();
    assert!(reply.differences(200, &body).is_empty());
    body["success_count"] = 2.into();
    body["errors"][0]["rule_id"] = "a".into();
    body["more"] = true.into();
    let found = reply.differences(200, &body);
    let begins = [
        "errors.0: ",
        "more: nothing predicted",
        "success_count: 1 predicted, found 2",
    ];
    assert_eq!(found.len(), begins.len(), "{found:?}");
    for (found, begins) in found.iter().zip(begins) {
        assert!(found.starts_with(begins), "{found}");
    }
    assert_eq!(
        reply.differences(500, &body),
        ["status: 200 predicted, found 500"]
    );
}

#[test]
fn blank_lines_and_details_are_nothing_but_those_of_other_exports_are_rules() {
    let mut model = space("9.1", &[]);
    let lines = [
        "",
        " \r",
        r#"{"exported_count":1,"rule_id":"a"}"#,
        r#"{"exported_exception_list_count":1}"#,
        r#"{"exportedCount":1}"#,
        "[]",
        "null",
    ];
    let predicted = import(&mut model, KEEP, &lines);
    let answer = answer(&predicted);
    assert_eq!((answer.rules_count, answer.success), (3, false));
    assert_eq!(told(&answer.errors), ["400 (unknown id)?"; 3]);
    assert_eq!(
        outcomes(&predicted),
        [3, 4, 5].map(|line| (line, Outcome::Refused))
    );
}

#[test]
fn an_empty_file_succeeds() {
    let answer = answered(&mut space("9.6", &[]), KEEP, &[]);
    assert!(answer.success && answer.exceptions.success);
    assert_eq!((answer.rules_count, answer.unchanged_count), (0, Some(0)));
}

#[test]
fn a_scalar_or_a_null_that_is_not_last_fails_the_request() {
    let mut model = space("9.1", &[]);
    let with = |line: &'static str| [line.to_owned(), rule("a", "")];
    let lines = with("null");
    let null = failure(&mut model, &lines.each_ref().map(String::as_str));
    assert_eq!(null, (500, "stream.push() after EOF".into()));
    for scalar in ["1", "true", "\"x\""] {
        let lines = with(scalar);
        let predicted = import(&mut model, KEEP, &lines.each_ref().map(String::as_str));
        assert_eq!(predicted.reply.status(), 500);
        // Nothing is imported, and each line is named.
        assert_eq!(
            outcomes(&predicted),
            [(0, Outcome::Failed), (1, Outcome::Failed)]
        );
    }
    assert!(model.rule("a").is_none());
}

#[test]
fn a_request_may_not_hold_as_many_as_the_limit() {
    let mut model = space("9.1", &[]);
    model.server.max_rules = 2;
    let (a, b) = (rule("a", ""), rule("b", ""));
    assert!(answered(&mut model, KEEP, &[&a]).success);
    let text = "Can't import more than 2 rules";
    assert_eq!(failure(&mut model, &[&b, "x"]), (500, text.into()));
    let text = "Can't import more than 2 exceptions";
    assert_eq!(failure(&mut model, &[LIST, ITEM]), (500, text.into()));
}

#[test]
fn a_request_that_is_too_large_is_refused() {
    let mut server = Server::new("9.1".parse().unwrap());
    assert!(server.refuses_size(10_485_760).is_none());
    assert_eq!(server.refuses_size(10_485_761).unwrap().0, 400);
    server.target = "8.18".parse().unwrap();
    assert_eq!(server.refuses_size(10_485_761).unwrap().0, 413);
}

#[test]
fn schema_failures_do_not_name_the_rule() {
    let mut model = space("9.1", &[]);
    let lines = [
        rule("a", r#""severity":"none""#),
        rule("b", r#""timeline_id":"t""#),
        rule("c", r#""tags":[1],"version":0"#),
        rule("d", r#""required_fields":[{"name":1,"type":"t"}]"#),
    ];
    let answer = answered(&mut model, KEEP, &lines.each_ref().map(String::as_str));
    let choice = "Expected 'low' | 'medium' | 'high' | 'critical'";
    let twice = "required_fields.0.name: Expected string, received number";
    assert_eq!(
        told(&answer.errors),
        [
            format!("400 (unknown id): severity: Invalid enum value. {choice}, received 'none'"),
            "400 (unknown id): when \"timeline_id\" exists, \"timeline_title\" must also exist"
                .into(),
            "400 (unknown id)?".into(),
            format!("400 (unknown id): {twice}, {twice}"),
        ]
    );
}

#[test]
fn a_rule_with_a_stray_key_goes_where_the_key_says() {
    let mut model = space("9.1", &[]);
    let line = rule("a", r#""list_id":"l""#);
    let answer = answered(&mut model, KEEP, &[&line]);
    assert_eq!(answer.rules_count, 0);
    assert_eq!(
        told(&answer.exceptions.errors),
        ["400 (unknown list_id)~ Error found importing exception list: "]
    );
}
