use crate::bulk::testing::Expected::{Becomes, Fails, Skips};
use crate::bulk::testing::{Expected, edited, edits, rule};

#[track_caller]
pub(super) fn table(kind: &str, cases: &[(&str, &str, Expected)]) {
    for (edit, before, expected) in cases {
        edited(kind, edit, before, expected);
    }
}

#[test]
fn tags() {
    let add = |tags: &str| format!(r#"{{"type":"add_tags","value":{tags}}}"#);
    let (ab, a, none) = (add(r#"["a","b"]"#), add(r#"["a"]"#), add("[]"));
    let delete = r#"{"type":"delete_tags","value":["a","A "]}"#;
    let set = r#"{"type":"set_tags","value":["b","a","b"]}"#;
    let clear = r#"{"type":"set_tags","value":[]}"#;
    table(
        "query",
        &[
            (
                &ab,
                r#""tags":["c","b"]"#,
                Becomes(r#""tags":["c","b","a"]"#),
            ),
            (&ab, "", Becomes(r#""tags":["a","b"]"#)),
            (&ab, r#""tags":["b","x","a"]"#, Skips),
            // The union removes what was there twice, which makes it an update.
            (
                &a,
                r#""tags":["a","b","a"]"#,
                Becomes(r#""tags":["a","b"]"#),
            ),
            (&none, r#""tags":["a"]"#, Skips),
            (&none, r#""tags":["a","a"]"#, Becomes(r#""tags":["a"]"#)),
            (
                delete,
                r#""tags":["a","b","A","a"]"#,
                Becomes(r#""tags":["b","A"]"#),
            ),
            (delete, r#""tags":["a"]"#, Becomes(r#""tags":[]"#)),
            (delete, r#""tags":["A","a "]"#, Skips),
            (
                set,
                r#""tags":["a","b"]"#,
                Becomes(r#""tags":["b","a","b"]"#),
            ),
            (set, r#""tags":["b","a","b"]"#, Skips),
            (clear, r#""tags":["a"]"#, Becomes(r#""tags":[]"#)),
            (clear, r#""tags":[]"#, Skips),
            (
                &a,
                r#""tags":"a""#,
                Fails("`tags` must be an array of strings, found a string"),
            ),
        ],
    );
}

#[test]
fn index_patterns() {
    let edit = |kind: &str, value: &str, overwrite: &str| {
        format!(r#"{{"type":"{kind}_index_patterns","value":{value}{overwrite}}}"#)
    };
    let o = r#","overwrite_data_views":true"#;
    let not = r#","overwrite_data_views":false"#;
    let (add, add_o, add_not) = (
        edit("add", r#"["a-*"]"#, ""),
        edit("add", r#"["a-*"]"#, o),
        edit("add", r#"["a-*"]"#, not),
    );
    let (add_none, add_none_o) = (edit("add", "[]", ""), edit("add", "[]", o));
    let (delete, delete_o) = (
        edit("delete", r#"["a-*"]"#, ""),
        edit("delete", r#"["a-*"]"#, o),
    );
    let (set, set_o, set_none) = (
        edit("set", r#"["a-*"]"#, ""),
        edit("set", r#"["a-*"]"#, o),
        edit("set", "[]", ""),
    );
    let empty = "Mutated params invalid: Index patterns can't be empty";
    let view = r#""data_view_id":"v""#;
    for kind in [
        "query",
        "saved_query",
        "eql",
        "threshold",
        "threat_match",
        "new_terms",
    ] {
        table(
            kind,
            &[
                (&add, r#""index":["b"]"#, Becomes(r#""index":["b","a-*"]"#)),
                (
                    &add,
                    r#""threat_index":["t"]"#,
                    Becomes(r#""threat_index":["t"],"index":["a-*"]"#),
                ),
                (&add, view, Skips),
                (&add_not, view, Skips),
                (
                    &add,
                    r#""data_view_id":null,"index":["b"]"#,
                    Becomes(r#""data_view_id":null,"index":["b","a-*"]"#),
                ),
                (&add_o, view, Becomes(r#""index":["a-*"]"#)),
                // The data view stays where there is nothing to add.
                (&add_o, r#""data_view_id":"v","index":["a-*"]"#, Skips),
                (&add, r#""index":["a-*","b"]"#, Skips),
                (&add_none, r#""index":["b"]"#, Skips),
                (&add_none_o, view, Skips),
                (
                    &add,
                    r#""index":["A-*","a-"]"#,
                    Becomes(r#""index":["A-*","a-","a-*"]"#),
                ),
                (
                    &delete,
                    r#""index":["a-*","b","a-*"]"#,
                    Becomes(r#""index":["b"]"#),
                ),
                (&delete, r#""index":["b"]"#, Skips),
                (&delete, "", Skips),
                (&delete, r#""data_view_id":"v","index":["a-*"]"#, Skips),
                (&delete, r#""index":["a-*"]"#, Fails(empty)),
                (&delete_o, r#""index":["b"]"#, Becomes(r#""index":["b"]"#)),
                (&delete_o, view, Becomes("")),
                (&delete_o, "", Becomes("")),
                (&set, r#""index":["b"]"#, Becomes(r#""index":["a-*"]"#)),
                (&set, r#""index":["a-*"]"#, Becomes(r#""index":["a-*"]"#)),
                (&set, view, Skips),
                (&set_o, view, Becomes(r#""index":["a-*"]"#)),
                (&set_none, r#""index":["b"]"#, Fails(empty)),
            ],
        );
    }
}

#[test]
fn only_the_last_state_of_the_index_counts() {
    let clear = r#"{"type":"delete_index_patterns","value":["a"]},{"type":"add_index_patterns","value":["b"]}"#;
    let tag = r#"{"type":"add_tags","value":["t"]}"#;
    let empty = "Mutated params invalid: Index patterns can't be empty";
    table(
        "eql",
        &[
            (clear, r#""index":["a"]"#, Becomes(r#""index":["b"]"#)),
            (tag, r#""index":[]"#, Fails(empty)),
            (
                r#"{"type":"add_tags","value":[]}"#,
                r#""tags":[],"index":[]"#,
                Skips,
            ),
            (
                r#"{"type":"add_index_patterns","value":["b"]}"#,
                r#""index":[]"#,
                Becomes(r#""index":["b"]"#),
            ),
        ],
    );
    for kind in ["esql", "machine_learning"] {
        edited(
            kind,
            tag,
            r#""index":[]"#,
            &Becomes(r#""index":[],"tags":["t"]"#),
        );
    }
}

#[test]
fn investigation_fields() {
    let edit = |kind: &str| {
        format!(r#"{{"type":"{kind}_investigation_fields","value":{{"field_names":["a","b"]}}}}"#)
    };
    let (add, delete, set) = (edit("add"), edit("delete"), edit("set"));
    table(
        "esql",
        &[
            (
                &add,
                r#""investigation_fields":{"field_names":["c","a"]}"#,
                Becomes(r#""investigation_fields":{"field_names":["c","a","b"]}"#),
            ),
            (
                &add,
                "",
                Becomes(r#""investigation_fields":{"field_names":["a","b"]}"#),
            ),
            (
                &add,
                r#""investigation_fields":{"field_names":["b","a"]}"#,
                Skips,
            ),
            // The array of 8.10 becomes the object, but only where an edit counts.
            (&add, r#""investigation_fields":["b","a"]"#, Skips),
            (
                &add,
                r#""investigation_fields":["c"]"#,
                Becomes(r#""investigation_fields":{"field_names":["c","a","b"]}"#),
            ),
            (
                &delete,
                r#""investigation_fields":{"field_names":["a","c"]}"#,
                Becomes(r#""investigation_fields":{"field_names":["c"]}"#),
            ),
            (
                &delete,
                r#""investigation_fields":{"field_names":["b"]}"#,
                Becomes(""),
            ),
            (
                &delete,
                r#""investigation_fields":{"field_names":["c"]}"#,
                Skips,
            ),
            (&delete, "", Skips),
            (
                &set,
                r#""investigation_fields":{"field_names":["a","b"]}"#,
                Becomes(r#""investigation_fields":{"field_names":["a","b"]}"#),
            ),
        ],
    );
}

#[test]
fn timeline() {
    let edit = |id: &str, title: &str| {
        format!(
            r#"{{"type":"set_timeline","value":{{"timeline_id":"{id}","timeline_title":"{title}"}}}}"#
        )
    };
    let both = r#""timeline_id":"x","timeline_title":"T""#;
    table(
        "machine_learning",
        &[
            (
                &edit("x", "T"),
                "",
                Becomes(r#""timeline_id":"x","timeline_title":"T""#),
            ),
            (
                &edit("x", "T"),
                both,
                Becomes(r#""timeline_id":"x","timeline_title":"T""#),
            ),
            (&edit("", ""), both, Becomes("")),
            (&edit("", ""), "", Becomes("")),
            (&edit("y", ""), both, Becomes(r#""timeline_id":"y""#)),
        ],
    );
}

#[test]
fn schedule() {
    let edit = |interval: &str, lookback: &str| {
        format!(
            r#"{{"type":"set_schedule","value":{{"interval":"{interval}","lookback":"{lookback}"}}}}"#
        )
    };
    let after = |text: &'static str| Becomes(text);
    let old = r#""interval":"5m","from":"now-6m","to":"now""#;
    let throttled = |throttle: &str| {
        format!(
            r#""interval":"5m","from":"now-6m","actions":[{{"id":"mail","group":"default","params":{{}},"frequency":{{"summary":true,"notifyWhen":"onThrottleInterval","throttle":"{throttle}"}}}}]"#
        )
    };
    let clear = format!(
        r#"{},{{"type":"set_rule_actions","value":{{"actions":[]}}}}"#,
        edit("2h", "1m")
    );
    let longer =
        r#"Error updating rule with ID "i": the interval 2h is longer than the action frequencies"#;
    table(
        "query",
        &[
            (
                &edit("5m", "1m"),
                old,
                after(r#""interval":"5m","from":"now-360s","to":"now","meta":{"from":"1m"}"#),
            ),
            (
                &edit("15m", "10m"),
                r#""interval":"5m","from":"now-6m","to":"now","meta":{"kibana_siem_app_url":"u","from":"5m"}"#,
                after(
                    r#""interval":"15m","from":"now-1500s","to":"now","meta":{"kibana_siem_app_url":"u","from":"10m"}"#,
                ),
            ),
            (
                &edit("1h", "30m"),
                "",
                after(r#""interval":"1h","from":"now-5400s","meta":{"from":"30m"}"#),
            ),
            (
                &edit("5m", "1m"),
                r#""interval":"5m","from":"now-360s","meta":{"from":"1m"}"#,
                after(r#""interval":"5m","from":"now-360s","meta":{"from":"1m"}"#),
            ),
            (&edit("2h", "1m"), &throttled("1h"), Fails(longer)),
            // The actions from before the request count.
            (&clear, &throttled("1h"), Fails(longer)),
            (
                &edit("1h", "1m"),
                &throttled("1h"),
                after(
                    r#""interval":"1h","from":"now-3660s","actions":[{"id":"mail","group":"default","params":{},"frequency":{"summary":true,"notifyWhen":"onThrottleInterval","throttle":"1h"}}],"meta":{"from":"1m"}"#,
                ),
            ),
            (
                &edit("2h", "1s"),
                &throttled("1d"),
                after(
                    r#""interval":"2h","from":"now-7201s","actions":[{"id":"mail","group":"default","params":{},"frequency":{"summary":true,"notifyWhen":"onThrottleInterval","throttle":"1d"}}],"meta":{"from":"1s"}"#,
                ),
            ),
        ],
    );
}

#[test]
fn effect_is_judged_edit_by_edit() {
    let there_and_back =
        r#"{"type":"add_tags","value":["x"]},{"type":"delete_tags","value":["x"]}"#;
    edited(
        "query",
        there_and_back,
        r#""tags":["a"]"#,
        &Becomes(r#""tags":["a"]"#),
    );
    let one_of_two = r#"{"type":"add_tags","value":["a"]},{"type":"set_timeline","value":{"timeline_id":"","timeline_title":""}}"#;
    edited(
        "query",
        one_of_two,
        r#""tags":["a"]"#,
        &Becomes(r#""tags":["a"]"#),
    );
}

#[test]
fn an_error_undoes_all_edits_of_a_rule() {
    let edit = r#"{"type":"add_tags","value":["x"]},{"type":"add_index_patterns","value":["a"]}"#;
    let text = "Index patterns can't be added. ES|QL rule doesn't have index patterns property";
    edited("esql", edit, r#""tags":["a"]"#, &Fails(text));
    let other = rule("query", 1, r#""tags":["a"]"#);
    let bundle = format!("{}\n{other}\n", rule("esql", 1, r#""tags":["a"]"#));
    let ran = edits(edit).run(&bundle);
    assert_eq!(
        ran.output,
        format!(
            "{}\n{}\n",
            rule("esql", 1, r#""tags":["a"]"#),
            rule("query", 2, r#""tags":["a","x"],"index":["a"]"#)
        )
    );
    assert_eq!(ran.failed, [format!("1: {text}")]);
}

#[test]
fn spelling_stays_where_nothing_changed() {
    let line = r#"{ "id":"i", "rule_id":"\u0072","type":"query", "risk_score": 7.0 ,"tags" : ["\u0061", "b"], "version":1.0,"rule_source":{ "type" : "internal" } }"#;
    let ran = edits(r#"{"type":"add_tags","value":["c"]}"#).run(line);
    assert_eq!(
        ran.output,
        r#"{ "id":"i", "rule_id":"\u0072","type":"query", "risk_score": 7.0 ,"tags" : ["\u0061", "b", "c"], "version":2,"rule_source":{ "type" : "internal" } }"#
    );
}

#[test]
fn versions_stay_where_they_are_to_be_kept() {
    let line = rule("query", 3, r#""tags":[],"rule_source":{"type":"external"}"#);
    let keep = edits(r#"{"type":"set_tags","value":["a"]}"#)
        .with(|settings| {
            settings.keep_versions = true;
            settings.customization = crate::bulk::Customization::On;
        })
        .run(&line);
    assert_eq!(
        keep.output,
        rule(
            "query",
            3,
            r#""tags":["a"],"rule_source":{"type":"external"}"#
        )
    );
}
