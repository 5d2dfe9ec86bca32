use super::{Request, patch};

/// The refusal of an element that stands alone in its request.
#[track_caller]
fn refused(element: &str) -> (String, String) {
    let (message, pointer, _) = patch(element).refused();
    (message, pointer)
}

#[test]
fn the_body_must_be_an_array_of_objects() {
    let refused = |text: &str| Request::parse(text).unwrap_err();
    assert_eq!(
        refused("{}").to_string(),
        "the request must be an array of partial rules, found an object (Kibana: `[request body]: Expected array, received object`)"
    );
    assert_eq!(
        patch(r#"{"rule_id":"a"},null"#).refused(),
        (
            "`/1` must be an object, found null (Kibana: `[request body]: 1: Expected object, received null`)".into(),
            "/1".into(),
            (1, 18)
        )
    );
    assert!(refused("[").to_string().contains("end"), "{}", refused("["));
    assert!(Request::parse("\u{feff} [] ").unwrap().elements.is_empty());
}

#[test]
fn a_fault_in_what_every_rule_has_refuses_the_whole_request() {
    let text = "[{\"rule_id\":\"a\"},\n  {\"rule_id\":\"b\",\n   \"risk_score\":101,\"name\":1}]";
    let error = Request::parse(text).unwrap_err();
    assert_eq!(
        error.to_string(),
        "`/1/risk_score`: `risk_score` must be at most 100, found 101 (Kibana: `[request body]: 1.risk_score: Number must be less than or equal to 100`); `/1` has 2 faults"
    );
    let place = error.location().unwrap();
    assert_eq!((place.line, place.column), (3, 17));
    for (element, pointer) in [
        (r#"{"rule_id":5}"#, "/0/rule_id"),
        (r#"{"id":"x"}"#, "/0/id"),
        (r#"{"rule_id":"r","tags":["a",1]}"#, "/0/tags/1"),
        (
            r#"{"rule_id":"r","actions":[{"id":"x"}]}"#,
            "/0/actions/0/action_type_id",
        ),
        (
            r#"{"rule_id":"r","investigation_fields":["a"]}"#,
            "/0/investigation_fields",
        ),
        (r#"{"rule_id":"r","type":"foo"}"#, "/0/type"),
    ] {
        assert_eq!(refused(element).1, pointer, "{element}");
    }
}

#[test]
fn a_type_in_the_body_says_which_schema_it_must_fit() {
    assert_eq!(
        refused(r#"{"rule_id":"r","type":"query","query":5}"#).1,
        "/0/query"
    );
    assert!(Request::parse(r#"[{"rule_id":"r","query":5}]"#).is_ok());
    assert!(Request::parse(r#"[{"rule_id":"r","type":"machine_learning","query":5}]"#).is_ok());
}

#[test]
fn keys_that_no_rule_has_are_told() {
    let request = Request::parse(
        r#"[{"rule_id":"r","nmae":"x","threshold":{},"threat":[{"framework":"x","tactic":{"id":"a","name":"b","reference":"c","x":1}}],"revision":5}]"#,
    )
    .unwrap();
    let told: Vec<_> = request
        .dropped
        .iter()
        .map(|dropped| (&*dropped.pointer, dropped.nearest))
        .collect();
    assert_eq!(
        told,
        [("/0/nmae", Some("name")), ("/0/threat/0/tactic/x", None)]
    );
}
