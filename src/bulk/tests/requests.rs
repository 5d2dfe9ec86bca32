use crate::bulk::testing::request;
use crate::bulk::{Action, Exceptions, License, Selected};

/// A bad request, its message, its pointer, and its line and column.
type Bad<'b> = (&'b str, &'b str, &'b str, (u64, u64));

#[track_caller]
fn refuses(cases: &[Bad<'_>]) {
    for (text, message, pointer, place) in cases {
        let refused = request(*text).refused();
        assert_eq!(
            refused,
            ((*message).to_owned(), (*pointer).to_owned(), *place),
            "{text}"
        );
    }
}

#[test]
fn the_body_must_be_one() {
    let actions =
        "one of `enable`, `disable`, `delete`, `duplicate`, `export`, `edit`, `run`, `fill_gaps`";
    refuses(&[
        (
            "",
            "the request is not JSON: expected a JSON value, found the end of the line",
            "",
            (1, 1),
        ),
        (
            "{\n \"action\":}",
            "the request is not JSON: expected a JSON value, found `}`",
            "",
            (2, 11),
        ),
        (
            "[]",
            "the request must be an object, found an array",
            "",
            (1, 1),
        ),
        (
            "{\n \"query\":\"\"}",
            "`/action` must be a string, found nothing",
            "/action",
            (1, 1),
        ),
        (
            "{\"action\":\"enabel\",\"query\":\"\"}",
            &format!("`/action` must be {actions}, found `\"enabel\"`; did you mean `enable`?"),
            "/action",
            (1, 11),
        ),
        (
            r#"{"action":7}"#,
            &format!("`/action` must be {actions}, found `7`"),
            "/action",
            (1, 11),
        ),
        (
            "{\"action\":\n\"enable\",\"ids\":[]}",
            "`/ids` must be an array of at least one string, found an empty one",
            "/ids",
            (2, 16),
        ),
        (
            r#"{"action":"enable","ids":["a",1]}"#,
            "`/ids/1` must be a string, found `1`",
            "/ids/1",
            (1, 31),
        ),
        (
            r#"{"action":"enable","ids":null}"#,
            "`/ids` must be an array of at least one string, found null",
            "/ids",
            (1, 26),
        ),
        (
            r#"{"action":"enable","query":null}"#,
            "`/query` must be a string, found null",
            "/query",
            (1, 28),
        ),
        (
            r#"{"action":"enable","query":"sevrity:high"}"#,
            "unknown field `sevrity`; did you mean `severity`?",
            "/query",
            (1, 28),
        ),
    ]);
}

#[test]
fn what_kibana_says_of_a_selection_is_said() {
    refuses(&[
        (
            r#"{"action":"enable","ids":["a"],"query":""}"#,
            "Both query and ids are sent. Define either ids or query in request payload.",
            "/query",
            (1, 40),
        ),
        (
            r#"{"action":"enable","query":"","gaps_range_start":"2026-01-01"}"#,
            "gaps_range_start, gaps_range_end and gap_fill_statuses must be provided together.",
            "/gaps_range_start",
            (1, 50),
        ),
        (
            r#"{"action":"enable","ids":["a"],"gaps_range_start":"a","gaps_range_end":"b","gap_fill_statuses":[]}"#,
            "Cannot use both ids and gaps_range_start/gaps_range_end in request payload.",
            "/gaps_range_start",
            (1, 51),
        ),
        (
            r#"{"action":"enable","query":"","gaps_range_start":"a","gaps_range_end":"b","gap_fill_statuses":[]}"#,
            "`gaps_range_start` chooses rules by the gaps in their runs, which a file does not know",
            "/gaps_range_start",
            (1, 50),
        ),
        (
            r#"{"action":"enable","query":"","gap_fill_statuses":"x"}"#,
            "`/gap_fill_statuses` must be an array of strings, found `\"x\"`",
            "/gap_fill_statuses",
            (1, 51),
        ),
        (
            r#"{"action":"delete"}"#,
            "neither `ids` nor `query` is given, which means every rule there is",
            "",
            (1, 1),
        ),
        (
            r#"{"action":"run","query":"","run":{}}"#,
            "`run` starts rules on a server, and a file has nothing that runs; expected one of `enable`, `disable`, `delete`, `duplicate`, `export`, `edit`",
            "/action",
            (1, 11),
        ),
    ]);
    let all = request(r#"{"action":"delete"}"#).with(|settings| settings.all = true);
    assert!(matches!(all.parsed().selected, Selected::All));
    for query in [r#""""#, r#""  ""#] {
        let request = request(format!(r#"{{"action":"delete","query":{query}}}"#));
        assert!(matches!(request.parsed().selected, Selected::All));
    }
    let dry = request(r#"{"action":"export","query":""}"#).dry_run();
    assert_eq!(
        dry.refused().0,
        "Export action doesn't support dry_run mode"
    );
}

#[test]
fn the_limit_of_ids_counts_where_it_is_to_and_first_of_all() {
    let ids: Vec<String> = (0..101).map(|id| format!("\"{id}\"")).collect();
    let text = format!(
        r#"{{"action":"enable","ids":[{}],"query":""}}"#,
        ids.join(",")
    );
    let limited = request(text.as_str()).with(|settings| settings.server_limits = true);
    assert_eq!(
        limited.refused().0,
        "More than 100 ids sent for bulk edit action."
    );
    assert!(
        request(text.as_str())
            .refused()
            .0
            .starts_with("Both query and ids")
    );
    let ran =
        request(text.replace(r#","query":"""#, "")).run(r#"{"id":"7","rule_id":"r","type":"eql"}"#);
    assert_eq!(
        ran.refusal.as_deref(),
        Some("More than 100 ids sent for bulk edit action.")
    );
    assert_eq!(ran.counts(), [100, 1, 0, 101]);
    assert_eq!(ran.errors(), [("Rule not found".to_owned(), 500, None)]);
}

#[test]
fn keys_that_kibana_drops_are_told() {
    let text = r#"{"action":"edit","query":"","edti":1,"duplicate":7,"edit":[
        {"type":"add_index_patterns","value":["a"],"overwrite_data_view":true},
        {"type":"add_tags","value":[],"overwrite_data_views":true},
        {"type":"set_timeline","value":{"timeline_id":"a","timeline_title":"b","x/y":1}},
        {"type":"delete_alert_suppression","value":{}}]}"#;
    let request = request(text).parsed();
    let dropped: Vec<(&str, Option<&str>)> = request
        .dropped
        .iter()
        .map(|dropped| (&*dropped.pointer, dropped.nearest))
        .collect();
    assert_eq!(
        dropped,
        [
            ("/edti", Some("edit")),
            ("/duplicate", None),
            ("/edit/0/overwrite_data_view", Some("overwrite_data_views")),
            ("/edit/1/overwrite_data_views", None),
            ("/edit/2/value/x~1y", None),
            ("/edit/3/value", None),
        ]
    );
}

#[test]
fn a_duplicate_says_which_exceptions_it_wants() {
    let parse =
        |duplicate: &str| request(format!(r#"{{"action":"duplicate","query":""{duplicate}}}"#));
    let exceptions = |text: &str| match parse(text).parsed().action {
        Action::Duplicate(exceptions) => exceptions,
        other => panic!("{other:?}"),
    };
    let object = |include: bool, expired: bool| {
        format!(
            r#","duplicate":{{"include_exceptions":{include},"include_expired_exceptions":{expired}}}"#
        )
    };
    assert_eq!(exceptions(""), Exceptions::All);
    assert_eq!(exceptions(&object(true, true)), Exceptions::All);
    assert_eq!(exceptions(&object(true, false)), Exceptions::Current);
    assert_eq!(exceptions(&object(false, true)), Exceptions::None);
    let refused = parse(r#","duplicate":{"include_exceptions":true}"#).refused();
    assert_eq!(
        refused.0,
        "`/duplicate/include_expired_exceptions` must be `true` or `false`, found nothing"
    );
    assert_eq!(
        parse(r#","duplicate":null"#).refused().0,
        "`/duplicate` must be an object, found null"
    );
}

#[test]
fn suppression_needs_its_licence_for_the_whole_request() {
    let edits = [
        r#"{"type":"set_alert_suppression","value":{"group_by":["a"]}}"#,
        r#"{"type":"set_alert_suppression_for_threshold","value":{"duration":{"value":1,"unit":"s"}}}"#,
        r#"{"type":"delete_alert_suppression"}"#,
    ];
    for edit in edits {
        let text = format!(
            r#"{{"action":"edit","query":"","edit":[{{"type":"add_tags","value":["a"]}},{edit}]}}"#
        );
        for dry_run in [false, true] {
            let case = |license| {
                request(text.as_str()).with(|settings| {
                    settings.license = license;
                    settings.dry_run = dry_run;
                })
            };
            let refused = case(Some(License::Gold)).refused();
            assert_eq!(
                refused.0,
                "Alert suppression is enabled with platinum license or above."
            );
            assert_eq!(refused.1, "/edit/1");
            case(Some(License::Platinum)).parsed();
            case(None).parsed();
        }
    }
}

#[test]
fn an_id_counts_once_however_often_it_is_sent() {
    let ran = request(r#"{"action":"disable","ids":["b","a","b","a"]}"#).run(concat!(
        r#"{"id":"a","rule_id":"x","type":"eql","enabled":true}"#,
        "\n",
        r#"{"id":"c","rule_id":"y","type":"eql","enabled":true}"#
    ));
    assert_eq!(ran.counts(), [1, 1, 0, 2]);
    assert_eq!(
        ran.output,
        concat!(
            r#"{"id":"a","rule_id":"x","type":"eql","enabled":false}"#,
            "\n",
            r#"{"id":"c","rule_id":"y","type":"eql","enabled":true}"#
        )
    );
}

#[test]
fn rules_are_named_by_their_stable_ids_too() {
    let ran = request(r#"{"action":"disable","rule_ids":["y","gone","y"]}"#).run(concat!(
        r#"{"id":"y","rule_id":"x","type":"eql","enabled":true}"#,
        "\n",
        r#"{"rule_id":"y","type":"eql","enabled":true}"#
    ));
    assert_eq!(ran.counts(), [1, 1, 0, 2]);
    assert_eq!(ran.refusal, None);
    assert!(
        ran.answer.contains(r#""rules":[{"rule_id":"gone"}]"#),
        "{}",
        ran.answer
    );
    assert!(
        ran.output
            .contains(r#""rule_id":"x","type":"eql","enabled":true"#)
    );
    refuses(&[
        (
            r#"{"action":"disable","rule_ids":["y"],"ids":["y"]}"#,
            "`rule_ids` chooses the rules, and so does `ids`; expected one of them",
            "/rule_ids",
            (1, 32),
        ),
        (
            r#"{"action":"disable","query":"","rule_ids":["y"]}"#,
            "`rule_ids` chooses the rules, and so does `query`; expected one of them",
            "/rule_ids",
            (1, 43),
        ),
    ]);
}
