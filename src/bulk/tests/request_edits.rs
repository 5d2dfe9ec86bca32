use crate::bulk::testing::request;

fn edit(edit: &str) -> String {
    format!(r#"{{"action":"edit","query":"","edit":[{edit}]}}"#)
}

#[track_caller]
fn check(text: &str, message: &str, pointer: &str) {
    let refused = request(edit(text)).refused();
    assert_eq!(
        (refused.0.as_str(), refused.1.as_str()),
        (message, pointer),
        "{text}"
    );
}

#[test]
fn edits_must_fit_their_schema() {
    let missing = request(r#"{"action":"edit","query":""}"#).refused();
    assert_eq!(
        missing.0,
        "`/edit` must be an array of at least one edit, found nothing"
    );
    check(
        "",
        "`/edit` must be an array of at least one edit, found an empty one",
        "/edit",
    );
    check("1", "`/edit/0` must be an object, found `1`", "/edit/0");
    assert!(
        request(edit(r#"{"type":"add_tag","value":[]}"#))
            .refused()
            .0
            .ends_with("found `\"add_tag\"`; did you mean `add_tags`?")
    );
    check(
        r#"{"type":"add_tags"}"#,
        "`/edit/0/value` must be an array of strings, found nothing",
        "/edit/0/value",
    );
    check(
        r#"{"type":"add_tags","value":"a"}"#,
        "`/edit/0/value` must be an array of strings, found `\"a\"`",
        "/edit/0/value",
    );
    check(
        r#"{"type":"set_tags","value":["a",null]}"#,
        "`/edit/0/value/1` must be a string, found null",
        "/edit/0/value/1",
    );
    check(
        r#"{"type":"add_index_patterns","value":[],"overwrite_data_views":"true"}"#,
        "`/edit/0/overwrite_data_views` must be `true` or `false`, found `\"true\"`",
        "/edit/0/overwrite_data_views",
    );
    check(
        r#"{"type":"set_investigation_fields","value":{"field_names":[]}}"#,
        "`/edit/0/value/field_names` must be an array of at least one string, found an empty one",
        "/edit/0/value/field_names",
    );
    check(
        r#"{"type":"set_investigation_fields","value":{"field_names":["a"," "]}}"#,
        "`/edit/0/value/field_names/1` must be a string that is not blank, found `\" \"`",
        "/edit/0/value/field_names/1",
    );
    check(
        r#"{"type":"set_timeline","value":{"timeline_id":"a"}}"#,
        "`/edit/0/value/timeline_title` must be a string, found nothing",
        "/edit/0/value/timeline_title",
    );
    for wrong in ["1d", "0m", "05m", "m", "5", "5 m", "-5m", ""] {
        check(
            &format!(
                r#"{{"type":"set_schedule","value":{{"interval":"{wrong}","lookback":"1m"}}}}"#
            ),
            &format!(
                "`interval` must be a number from 1 and `s`, `m` or `h`, as in `5m`, found `{wrong}`"
            ),
            "/edit/0/value/interval",
        );
    }
}

#[test]
fn suppression_must_fit_its_schema() {
    let suppress = |value: &str| format!(r#"{{"type":"set_alert_suppression","value":{value}}}"#);
    for (groups, found) in [("[]", "0"), (r#"["a","b","c","d"]"#, "4")] {
        check(
            &suppress(&format!(r#"{{"group_by":{groups}}}"#)),
            &format!(
                "`/edit/0/value/group_by` must be an array of one to three strings, found {found}"
            ),
            "/edit/0/value/group_by",
        );
    }
    for value in ["0", "1.5", "-1", "1e400", r#""1""#] {
        check(
            &suppress(&format!(
                r#"{{"group_by":["a"],"duration":{{"value":{value},"unit":"m"}}}}"#
            )),
            &format!(
                "`/edit/0/value/duration/value` must be a whole number from 1, found `{value}`"
            ),
            "/edit/0/value/duration/value",
        );
    }
    check(
        &suppress(r#"{"group_by":["a"],"duration":{"value":1,"unit":"d"}}"#),
        "`/edit/0/value/duration/unit` must be one of `s`, `m`, `h`, found `\"d\"`",
        "/edit/0/value/duration/unit",
    );
    check(
        &suppress(r#"{"group_by":["a"],"missing_fields_strategy":"supress"}"#),
        "`/edit/0/value/missing_fields_strategy` must be one of `suppress`, `doNotSuppress`, found `\"supress\"`; did you mean `suppress`?",
        "/edit/0/value/missing_fields_strategy",
    );
}

#[test]
fn actions_take_no_other_key() {
    let check = |value: &str, message: &str, pointer: &str| {
        let text = format!(r#"{{"type":"add_rule_actions","value":{value}}}"#);
        check(&text, message, pointer);
    };
    check(
        "{}",
        "`actions` must be an array of actions, found nothing",
        "/edit/0/value/actions",
    );
    check(
        r#"{"throttle":"2h","actions":[]}"#,
        "`throttle` must be `rule`, `1h`, `1d` or `7d`, found `\"2h\"`",
        "/edit/0/value/throttle",
    );
    let keys = "`id`, `params`, `group`, `frequency`, `alerts_filter`";
    for key in ["uuid", "action_type_id"] {
        check(
            &format!(r#"{{"actions":[{{"id":"a","params":{{}},"{key}":"x"}}]}}"#),
            &format!("`{key}` is none of {keys}"),
            &format!("/edit/0/value/actions/0/{key}"),
        );
    }
    check(
        r#"{"actions":[{"id":"a"}]}"#,
        "`params` must be an object, found nothing",
        "/edit/0/value/actions/0/params",
    );
    check(
        r#"{"actions":[{"id":"a","params":{},"frequency":{"summary":true,"notifyWhen":"always","throttle":null}}]}"#,
        "`notifyWhen` must be `onActiveAlert`, `onThrottleInterval` or `onActionGroupChange`, found `\"always\"`",
        "/edit/0/value/actions/0/frequency/notifyWhen",
    );
    check(
        r#"{"actions":[{"id":"a","params":{},"frequency":{"summary":true,"notifyWhen":"onActiveAlert"}}]}"#,
        "`throttle` must be null or a duration as in `1h`, found nothing",
        "/edit/0/value/actions/0/frequency/throttle",
    );
}
