use super::{becomes, fails, moved, patch, rule};

fn members(source: &str, rest: &str) -> String {
    format!(r#""immutable":true,"author":["Elastic"],"license":"L","rule_source":{source}{rest}"#)
}

const SHORT: [&str; 2] = [
    r#"{"type":"external","is_customized":false}"#,
    r#"{"type":"external","is_customized":true}"#,
];
const LONG: [&str; 2] = [
    r#"{"type":"external","is_customized":false,"customized_fields":[],"has_base_version":true}"#,
    r#"{"type":"external","is_customized":true,"customized_fields":[],"has_base_version":false}"#,
];

#[test]
fn a_change_of_a_compared_field_customises() {
    for [before, after] in [SHORT, LONG] {
        for field in [
            r#""severity":"low""#,
            r#""query":"x""#,
            r#""to":"now-1m""#,
            r#""setup":"x""#,
        ] {
            assert_eq!(
                becomes("query", &members(before, ""), field),
                moved("query", &members(after, &format!(",{field}")))
            );
        }
        for field in [r#""meta":{}"#, r#""exceptions_list":[]"#, r#""version":9"#] {
            let patched = becomes("query", &members(before, ""), field);
            assert!(patched.contains(before), "{field}");
        }
    }
}

#[test]
fn what_was_customised_stays_so() {
    let source = r#"{"type":"external","is_customized":true,"customized_fields":[{"field_name":"name"}],"has_base_version":true}"#;
    assert_eq!(
        becomes("query", &members(source, ""), r#""note":"x""#),
        moved("query", &members(source, r#","note":"x""#))
    );
}

#[test]
fn author_and_license_of_elastics_own_rules_stay() {
    for (given, key) in [
        (r#""author":["ACME"]"#, "author"),
        (r#""license":"M""#, "license"),
    ] {
        assert_eq!(
            fails("query", &members(SHORT[0], ""), given),
            (
                400,
                format!("Cannot update \"{key}\" field for prebuilt rules")
            )
        );
    }
    let same = r#""author":["Elastic"],"license":"L""#;
    let line = rule("query", &members(SHORT[0], ""));
    assert_eq!(becomes("query", &members(SHORT[0], ""), same), line);
    let own = becomes("query", r#""author":["A"]"#, r#""author":["B"]"#);
    assert_eq!(own, moved("query", r#""author":["B"]"#));
}

#[test]
fn two_elements_customise_as_one() {
    let line = rule("query", &members(SHORT[0], r#","name":"N""#));
    let ran = patch(r#"{"rule_id":"r","name":"M"},{"rule_id":"r","name":"N"}"#).run(&line);
    assert!(
        ran.output.contains(r#""is_customized":true"#),
        "{}",
        ran.output
    );
    assert!(ran.output.contains(r#""revision":9"#));
}
