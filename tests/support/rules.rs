//! Bundles of rules with the members that Kibana's bulk edits are about, sound and odd.

use std::fmt::Write;

use super::hostile::Choices;

const TYPES: [&str; 10] = [
    r#""query""#,
    r#""saved_query""#,
    r#""eql""#,
    r#""threshold""#,
    r#""threat_match""#,
    r#""new_terms""#,
    r#""machine_learning""#,
    r#""esql""#,
    r#""unheard_of""#,
    "7",
];

/// Values that a member of a rule may have, the last ones odd.
const MEMBERS: [(&str, &[&str]); 13] = [
    (
        "tags",
        &[
            r#"["a"]"#,
            r#"[ "b","a" , "\u0061"]"#,
            "[]",
            "null",
            r#""a""#,
            "[1]",
        ],
    ),
    (
        "index",
        &[
            r#"["a-*","b-*"]"#,
            r#"["\u0061-*"]"#,
            r#"["c", "c"]"#,
            "null",
            "[]",
            "{}",
            "[null]",
        ],
    ),
    ("data_view_id", &[r#""dv""#, "null", "1"]),
    (
        "investigation_fields",
        &[
            r#"{"field_names":["a","b"]}"#,
            r#"{ "field_names" : [ "c" ] }"#,
            r#"["a","c"]"#,
            "[]",
            "null",
            r#"{"field_names":[1]}"#,
            r#"{"field_names":null}"#,
            r#""a""#,
        ],
    ),
    ("timeline_id", &[r#""t""#, r#""u""#, "null", "1"]),
    ("timeline_title", &[r#""T""#, r#""U""#, "null", "[]"]),
    (
        "interval",
        &[r#""5m""#, r#""2h""#, r#""1d""#, "null", r#""often""#, "5"],
    ),
    ("from", &[r#""now-6m""#, r#""now-360s""#, "null", "{}"]),
    (
        "meta",
        &[
            r#"{"from":"1m"}"#,
            r#"{ "x" : 1.0 }"#,
            "null",
            "[]",
            r#"{"from":1}"#,
        ],
    ),
    (
        "alert_suppression",
        &[
            r#"{"group_by":["a","b"]}"#,
            r#"{"group_by":["a"],"duration":{"value":5.0,"unit":"m"},"missing_fields_strategy":"doNotSuppress"}"#,
            r#"{"duration":{"value":1, "unit":"h"}}"#,
            r#"{ "group_by" : [ "b" ] , "missing_fields_strategy" : "suppress" , "x":1}"#,
            "null",
            r#"{"group_by":"a","duration":1}"#,
            "[]",
        ],
    ),
    (
        "throttle",
        &[r#""1h""#, r#""rule""#, "null", r#""no_actions""#, "1"],
    ),
    (
        "actions",
        &[
            r#"[ {"id":"slack","group":"default","params":{},"uuid":"u"} ]"#,
            r#"[{"id":"mail","frequency":{"summary":true,"notifyWhen":"onThrottleInterval","throttle":"1h"}}]"#,
            r#"[{"id":"system-connector-.cases","params":{}},{"id":"slack","frequency":null}]"#,
            "[]",
            "null",
            "{}",
            r#"[{"id":1}]"#,
            "[7]",
        ],
    ),
    ("immutable", &["true", "false"]),
];

/// Connectors before and after the rules, and a list, which no edit is for.
const BEFORE: &str = r#"{"id":"slack","type":"action","attributes":{"actionTypeId":".slack"}}"#;
const AFTER: &str = r#"{"id":"mail","type":"action","attributes":{"actionTypeId":".email"}}
{"list_id":"l","type":"detection","tags":[],"actions":[]}
"#;

/// Rules between connectors and a list.
pub(crate) fn odd(choices: &mut Choices, rules: usize) -> String {
    let mut text = format!("{BEFORE}\n");
    for number in 0..rules {
        let mut members = vec![format!(r#""id":"i{number}""#), format!(r#""name":"N""#)];
        if choices.below(10) > 0 {
            members.push(format!(r#""rule_id":"r{number}""#));
        }
        if choices.below(20) > 0 {
            members.push(format!(r#""type":{}"#, choices.one(&TYPES)));
        }
        // Sound values come first, and are chosen more often, so that most rules can be edited.
        for (name, values) in MEMBERS {
            if choices.below(2) == 0 {
                let bound = if choices.below(4) > 0 {
                    values.len().min(3)
                } else {
                    values.len()
                };
                let value = values[choices.below(bound)];
                members.push(format!(
                    "{}\"{name}\"{}:{value}",
                    choices.one(&["", " "]),
                    choices.one(&["", " "])
                ));
            }
        }
        let at = choices.below(members.len());
        members.rotate_left(at);
        _ = writeln!(text, "{{{}}}", members.join(choices.one(&[",", ", "])));
    }
    text + AFTER
}
