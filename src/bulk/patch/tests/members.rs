use super::{becomes, fails, moved, patch, rule};

#[test]
fn a_missing_or_null_member_keeps_its_value() {
    let members = r#""name":"N","tags":["a"],"note":"n""#;
    assert_eq!(
        becomes("query", members, r#""name":null,"tags":null,"note":null"#),
        rule("query", members)
    );
}

#[test]
fn arrays_and_objects_are_replaced_whole() {
    let before = r#""tags":["a","b"],"index":["x"],"meta":{"from":"1m","x":1},"alert_suppression":{"group_by":["a"],"duration":{"value":1,"unit":"h"}}"#;
    let after = r#""tags":["c"],"index":[],"meta":{"y":2},"alert_suppression":{"group_by":["b"]}"#;
    assert_eq!(becomes("query", before, after), moved("query", after));
}

#[test]
fn only_what_says_something_else_is_rewritten() {
    let before =
        r#" "risk_score" : 21.0, "name":"\u004e", "meta":{"b":1,"a":[1e1]}, "tags": [ "a" ]"#;
    let same = r#""risk_score":21,"name":"N","meta":{"a":[10],"b":1.0},"tags":["a"]"#;
    assert_eq!(becomes("query", before, same), rule("query", before));
    assert_eq!(
        becomes("query", before, &same.replace("21", "22")),
        moved("query", &before.replace("21.0", "22"))
    );
}

#[test]
fn new_members_go_to_the_end_on_one_line() {
    assert_eq!(
        becomes(
            "query",
            r#""name":"N""#,
            "\"note\":\"x\",\"meta\":{ \"a\" : [ 1,\n 2 ] }"
        ),
        moved("query", r#""name":"N","note":"x","meta":{"a":[1,2]}"#)
    );
}

#[test]
fn the_version_is_kept_unless_it_is_given() {
    assert_eq!(
        becomes("query", "", r#""note":"x""#),
        moved("query", r#""note":"x""#)
    );
    assert_eq!(
        becomes("query", "", r#""version":9"#),
        moved("query", "").replace(r#""version":3"#, r#""version":9"#)
    );
}

#[test]
fn enabled_alone_is_no_revision() {
    let (on, off) = (r#""enabled":true"#, r#""enabled":false"#);
    assert_eq!(becomes("query", off, on), rule("query", on));
    assert_eq!(
        becomes("query", off, r#""enabled":true,"note":"x""#),
        moved("query", r#""enabled":true,"note":"x""#)
    );
}

#[test]
fn what_the_server_made_stays() {
    let members = r#""id":"11111111-1111-4111-8111-111111111111","immutable":false,"created_at":"2025-01-01T00:00:00.000Z","created_by":"a","updated_by":"a""#;
    let given = r#""revision":99,"immutable":true,"created_at":"x","created_by":"b","updated_by":"b","rule_source":{"type":"external"},"execution_summary":{},"outcome":"conflict""#;
    let line = rule("query", members);
    let ran = patch(&format!(r#"{{"rule_id":"r",{given}}}"#)).run(&line);
    assert_eq!(ran.output, line);
    assert_eq!(
        ran.noted[..2],
        [
            "/0/revision Stored".to_owned(),
            "/0/immutable Stored".into()
        ]
    );
}

#[test]
fn versions_stay_where_they_are_to_be_kept() {
    let element = r#"{"rule_id":"r","note":"x"}"#;
    let line = rule("query", r#""rule_source":{"type":"odd"}"#);
    let ran = patch(element)
        .with(|settings| settings.keep_versions = true)
        .run(&line);
    let after = r#""rule_source":{"type":"odd"},"note":"x""#;
    assert_eq!(ran.output, rule("query", after));
    assert_eq!(
        patch(element).run(&line).output,
        moved("query", &after.replace("odd", "internal"))
    );
}

#[test]
fn the_type_cannot_change() {
    assert_eq!(
        fails("eql", "", r#""type":"query""#),
        (400, r#"type: Invalid literal value, expected "eql""#.into())
    );
    assert_eq!(
        becomes("eql", "", r#""type":"eql","note":"x""#),
        moved("eql", r#""note":"x""#)
    );
}

#[test]
fn members_of_a_type_are_judged_by_the_stored_type() {
    assert_eq!(
        fails("eql", "", r#""event_category_override":1,"tiebreaker_field":1,"name":"x""#),
        (
            400,
            "event_category_override: Expected string, received number, tiebreaker_field: Expected string, received number".into()
        )
    );
    let ran = patch(r#"{"rule_id":"r","tiebreaker_field":1,"threshold":"?","note":"x"}"#)
        .run(&rule("query", ""));
    assert_eq!(ran.output, moved("query", r#""note":"x""#));
    assert_eq!(
        ran.noted,
        ["/0/tiebreaker_field Dropped", "/0/threshold Dropped"]
    );
    assert_eq!(
        fails("query", "", r#""index":[1,2,3,4,5,6,7]"#).1,
        "index.0: Expected string, received number, index.1: Expected string, received number, index.2: Expected string, received number, index.3: Expected string, received number, index.4: Expected string, received number, and 2 more"
    );
    assert_eq!(fails("odd", "", r#""name":"x""#).0, 400);
}

#[test]
fn keys_that_kibana_does_not_know_are_dropped_at_every_depth() {
    let given = r#""foo":1,"threshold":{"field":["a"],"value":1,"foo":2,"cardinality":[{"field":"b","value":1,"foo":3}]}"#;
    assert_eq!(
        becomes("threshold", "", given),
        moved(
            "threshold",
            r#""threshold":{"field":["a"],"value":1,"cardinality":[{"field":"b","value":1}]}"#
        )
    );
}

#[test]
fn threshold_and_job_ids_are_brought_into_their_form() {
    for (given, stored) in [
        (r#""a""#, r#"["a"]"#),
        (r#""""#, "[]"),
        (r#"["a","b"]"#, r#"["a","b"]"#),
    ] {
        assert_eq!(
            becomes(
                "threshold",
                "",
                &format!(r#""threshold":{{"field":{given},"value":2}}"#)
            ),
            moved(
                "threshold",
                &format!(r#""threshold":{{"field":{stored},"value":2}}"#)
            )
        );
    }
    let job = |value: &str| format!(r#""machine_learning_job_id":{value}"#);
    assert_eq!(
        becomes("machine_learning", &job(r#"["a"]"#), &job(r#""b""#)),
        moved("machine_learning", &job(r#"["b"]"#))
    );
    assert_eq!(
        becomes("machine_learning", &job(r#"["a"]"#), &job(r#""a""#)),
        rule("machine_learning", &job(r#"["a"]"#))
    );
}

#[test]
fn ecs_stays_where_name_and_type_were_there() {
    let before = r#""required_fields":[{"name":"a","type":"ip","ecs":true},{"name":"b","type":"long","ecs":false}]"#;
    let line = rule("query", before);
    let ran = patch(
        r#"{"rule_id":"r","required_fields":[{"name":"b","type":"long"},{"name":"a","type":"keyword","ecs":true},{"name":"a","type":"ip"}]}"#,
    )
    .run(&line);
    assert_eq!(
        ran.output,
        moved(
            "query",
            r#""required_fields":[{"name":"b","type":"long","ecs":false},{"name":"a","type":"keyword"},{"name":"a","type":"ip","ecs":true}]"#
        )
    );
    assert_eq!(ran.noted, ["/0/required_fields/1 Ecs"]);
    let same = r#""required_fields":[{"type":"ip","name":"a"},{"name":"b","type":"long"}]"#;
    assert_eq!(becomes("query", before, same), line);
}

#[test]
fn from_is_taken_as_given() {
    let before = r#""interval":"5m","from":"now-6m","meta":{"from":"1m"}"#;
    assert_eq!(
        becomes("query", before, r#""interval":"1h","from":"now-61m""#),
        moved(
            "query",
            r#""interval":"1h","from":"now-61m","meta":{"from":"1m"}"#
        )
    );
}
