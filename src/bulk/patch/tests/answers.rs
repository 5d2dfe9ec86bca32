use super::{patch, rule};

fn bundle() -> String {
    let named =
        |name: &str| rule("query", r#""name":"N""#).replace(r#""r""#, &format!("\"{name}\""));
    format!(
        "{}\n\n{}\r\n{{\"list_id\":\"r\",\"type\":\"detection\"}}\n{}",
        named("a"),
        named("b"),
        named("c")
    )
}

#[test]
fn entries_stand_in_the_order_of_the_request() {
    let ran = patch(r#"{"rule_id":"c","name":"1"},{"rule_id":"none"},{"rule_id":"a","name":"2"}"#)
        .run(&bundle());
    assert_eq!(ran.answer[0]["rule_id"], "c");
    assert_eq!(ran.answer[0]["name"], "1");
    assert_eq!(
        ran.answer[1],
        serde_json::json!({"rule_id":"none","error":{"status_code":404,"message":"rule_id: \"none\" not found"}})
    );
    assert_eq!(ran.answer[2]["name"], "2");
    assert_eq!(
        ran.output,
        bundle()
            .replace(
                r#""rule_id":"a","type":"query","version":3,"revision":7,"name":"N""#,
                r#""rule_id":"a","type":"query","version":3,"revision":8,"name":"2""#
            )
            .replace(
                r#""rule_id":"c","type":"query","version":3,"revision":7,"name":"N""#,
                r#""rule_id":"c","type":"query","version":3,"revision":8,"name":"1""#
            )
    );
}

#[test]
fn elements_for_one_rule_are_done_one_after_another() {
    let ran = patch(
        r#"{"rule_id":"b","name":"1","note":"x"},{"rule_id":"b","name":"2","query":5},{"rule_id":"b","name":"3"}"#,
    )
    .run(&bundle());
    assert_eq!(
        (&ran.answer[0]["name"], &ran.answer[0]["revision"]),
        (&"1".into(), &8.into())
    );
    assert_eq!(
        ran.answer[1]["error"]["message"],
        "query: Expected string, received number"
    );
    assert_eq!(
        (&ran.answer[2]["name"], &ran.answer[2]["revision"]),
        (&"3".into(), &9.into())
    );
    assert_eq!(ran.answer[2]["note"], "x");
    assert!(
        ran.output
            .contains(r#""revision":9,"name":"3","note":"x"}"#),
        "{}",
        ran.output
    );
}

#[test]
fn a_patch_that_changes_nothing_answers_the_rule_and_leaves_the_bytes() {
    let ran = patch(r#"{"rule_id":"a","name":"N"},{"rule_id":"b"}"#).run(&bundle());
    assert_eq!(ran.output, bundle());
    assert_eq!(
        (&ran.answer[0]["revision"], &ran.answer[1]["rule_id"]),
        (&7.into(), &"b".into())
    );
}

#[test]
fn an_id_that_is_not_there_is_not_found() {
    let id = "11111111-1111-4111-8111-111111111111";
    let ran = patch(&format!(r#"{{"id":"{id}","name":"x"}}"#)).run(&bundle());
    assert_eq!(
        ran.answer[0],
        serde_json::json!({"id":id,"error":{"status_code":404,"message":format!("id: \"{id}\" not found")}})
    );
    assert_eq!(ran.failed, [format!("1:8 `/0/id`: id: \"{id}\" not found")]);
}

#[test]
fn every_rule_of_an_id_is_patched_and_the_first_is_answered() {
    let line = rule("query", r#""name":"N""#);
    let ran = patch(r#"{"rule_id":"r","name":"M"}"#)
        .run(&format!("{line}\n{}", line.replace("\"N\"", "\"O\"")));
    assert_eq!(ran.output.matches(r#""revision":8,"name":"M""#).count(), 2);
    assert_eq!(ran.answer.len(), 1);
    let ran = patch(r#"{"rule_id":"r","index":["x"]}"#)
        .run(&format!("{line}\n{}", rule("machine_learning", "")));
    assert_eq!(ran.answer[0]["index"][0], "x");
}

#[test]
fn an_empty_request_is_answered_with_an_empty_array() {
    let ran = patch("").run(&bundle());
    assert_eq!((ran.output, ran.answer.len()), (bundle(), 0));
}
