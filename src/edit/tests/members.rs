//! Tags, index patterns, investigation fields and timelines.

use super::*;

#[test]
fn tags_count_where_the_list_differs() {
    let add = |tags| Edit::AddTags(texts(tags));
    effective(
        &add(&["b"]),
        r#"{"tags":[ "\u0061"]}"#,
        r#"{"tags":[ "\u0061","b"]}"#,
    );
    effective(&add(&["b"]), "{}", r#"{"tags":["b"]}"#);
    effective(
        &add(&["a"]),
        r#"{"tags":["a","b","a"]}"#,
        r#"{"tags":["a","b"]}"#,
    );
    idle(&add(&["a"]), r#"{"tags":["b","a"]}"#);
    idle(&add(&["a"]), r#"{"tags":["\u0061"]}"#);
    idle(&add(&[]), "{}");
    effective(
        &add(&["A", "a "]),
        r#"{"tags":["a"]}"#,
        r#"{"tags":["a","A","a "]}"#,
    );

    let delete = |tags| Edit::DeleteTags(texts(tags));
    effective(
        &delete(&["a"]),
        r#"{"tags":["a","b","b","a"]}"#,
        r#"{"tags":["b","b"]}"#,
    );
    effective(&delete(&["a"]), r#"{"tags":["a"]}"#, r#"{"tags":[]}"#);
    idle(&delete(&["*"]), r#"{"tags":["a","a"]}"#);
    idle(&delete(&["a"]), "{}");

    let set = |tags| Edit::SetTags(texts(tags));
    effective(
        &set(&["b", "a", "b"]),
        r#"{"tags":["a","b"]}"#,
        r#"{"tags":["b","a","b"]}"#,
    );
    effective(&set(&[]), r#"{"tags":["a"]}"#, r#"{"tags":[]}"#);
    idle(&set(&["a", "b"]), r#"{"tags":["a" ,"\u0062"]}"#);
    idle(&set(&[]), r#"{"tags":[ ]}"#);
    idle(&set(&[]), r#"{"tags":null}"#);
    idle(&set(&[]), "{}");
    refused(
        &set(&[]),
        r#"{"tags":7}"#,
        "`tags` must be an array of strings, found a number",
    );
}

#[test]
fn added_patterns_wait_for_the_data_view() {
    let with_view = r#"{"data_view_id":"dv","index":["a"]}"#;
    idle(&Edit::AddIndexPatterns(patterns(&["b"])), with_view);
    // A data view stays also where it is to give way, if all patterns are there.
    idle(&Edit::AddIndexPatterns(overwriting(&["a"])), with_view);
    idle(&Edit::AddIndexPatterns(overwriting(&[])), with_view);
    effective(
        &Edit::AddIndexPatterns(overwriting(&["b"])),
        with_view,
        r#"{"index":["a","b"]}"#,
    );
    effective(
        &Edit::AddIndexPatterns(patterns(&["b"])),
        "{}",
        r#"{"index":["b"]}"#,
    );
    effective(
        &Edit::AddIndexPatterns(patterns(&["b"])),
        r#"{"data_view_id":null,"index":["a","a"]}"#,
        r#"{"data_view_id":null,"index":["a","b"]}"#,
    );
    idle(
        &Edit::AddIndexPatterns(patterns(&["a"])),
        r#"{"index":["a","a"],"threat_index":["t"]}"#,
    );
}

#[test]
fn deleted_patterns_count_always_where_data_views_give_way() {
    idle(
        &Edit::DeleteIndexPatterns(patterns(&["a"])),
        r#"{"data_view_id":"dv","index":["a"]}"#,
    );
    idle(
        &Edit::DeleteIndexPatterns(patterns(&["b"])),
        r#"{"index":["a"]}"#,
    );
    effective(
        &Edit::DeleteIndexPatterns(patterns(&["a"])),
        r#"{"index":["a","b","a"]}"#,
        r#"{"index":["b"]}"#,
    );
    effective(
        &Edit::DeleteIndexPatterns(patterns(&["a"])),
        r#"{"index":["a"]}"#,
        r#"{"index":[]}"#,
    );
    for unchanged in [r#"{"index":["a"]}"#, "{}"] {
        effective(
            &Edit::DeleteIndexPatterns(overwriting(&["b"])),
            unchanged,
            unchanged,
        );
    }
    effective(
        &Edit::DeleteIndexPatterns(overwriting(&[])),
        r#"{"data_view_id":"dv"}"#,
        "{}",
    );
}

#[test]
fn set_patterns_count_also_where_they_are_the_same() {
    let set = |names| Edit::SetIndexPatterns(patterns(names));
    effective(&set(&["a"]), r#"{"index":[ "a" ]}"#, r#"{"index":[ "a" ]}"#);
    effective(&set(&[]), r#"{"index":["a"]}"#, r#"{"index":[]}"#);
    idle(&set(&["b"]), r#"{"data_view_id":"dv"}"#);
    effective(
        &Edit::SetIndexPatterns(overwriting(&["b", "b"])),
        r#"{"data_view_id":"dv","x":1}"#,
        r#"{"x":1,"index":["b","b"]}"#,
    );
}

#[test]
fn an_empty_index_is_refused_in_the_end() {
    let settles =
        |rule: &str| settled(&Object::parse(rule).unwrap()).map_err(|error| error.to_string());
    let empty = Err("Mutated params invalid: Index patterns can't be empty".to_owned());
    for kind in [
        "query",
        "saved_query",
        "eql",
        "threshold",
        "threat_match",
        "new_terms",
    ] {
        assert_eq!(
            settles(&format!(r#"{{"type":"{kind}","index":[ ]}}"#)),
            empty
        );
        assert_eq!(settles(&format!(r#"{{"type":"{kind}"}}"#)), Ok(()));
        assert_eq!(
            settles(&format!(r#"{{"type":"{kind}","index":["a"]}}"#)),
            Ok(())
        );
    }
    for kind in ["esql", "machine_learning"] {
        assert_eq!(
            settles(&format!(r#"{{"type":"{kind}","index":[]}}"#)),
            Ok(())
        );
    }
}

#[test]
fn investigation_fields_have_two_forms() {
    let add = |names| Edit::AddInvestigationFields(texts(names));
    let object = r#"{"investigation_fields":{"field_names": ["\u0061"]}}"#;
    effective(
        &add(&["a", "b"]),
        object,
        r#"{"investigation_fields":{"field_names": ["\u0061","b"]}}"#,
    );
    idle(&add(&["a"]), object);
    idle(&add(&["a"]), r#"{"investigation_fields":["a"]}"#);
    effective(
        &add(&["b"]),
        r#"{"investigation_fields":[ "\u0061"]}"#,
        r#"{"investigation_fields":{"field_names":[ "\u0061","b"]}}"#,
    );
    for absent in [
        "{}",
        r#"{"investigation_fields":null}"#,
        r#"{"investigation_fields":{}}"#,
    ] {
        effective(
            &add(&["b"]),
            absent,
            r#"{"investigation_fields":{"field_names":["b"]}}"#,
        );
    }

    let delete = |names| Edit::DeleteInvestigationFields(texts(names));
    effective(
        &delete(&["a"]),
        r#"{"investigation_fields":["a","b","a"]}"#,
        r#"{"investigation_fields":{"field_names":["b"]}}"#,
    );
    effective(
        &delete(&["b", "a"]),
        r#"{"n":1,"investigation_fields":{"field_names":["a","b"]}}"#,
        r#"{"n":1}"#,
    );
    idle(&delete(&["b"]), object);
    idle(&delete(&["b"]), r#"{"investigation_fields":["a"]}"#);
    idle(&delete(&["b"]), "{}");

    let set = |names| Edit::SetInvestigationFields(texts(names));
    effective(&set(&["a"]), object, object);
    effective(
        &set(&["b", "b"]),
        object,
        r#"{"investigation_fields":{"field_names": ["b","b"]}}"#,
    );
    effective(
        &set(&["a"]),
        r#"{"investigation_fields":["a"]}"#,
        r#"{"investigation_fields":{"field_names":["a"]}}"#,
    );
    refused(
        &set(&["a"]),
        r#"{"investigation_fields":3}"#,
        "`investigation_fields` must be an object, found a number",
    );
    let failure = run(
        &add(&["a"]),
        r#"{"investigation_fields":{"field_names":[1]}}"#,
    )
    .unwrap_err();
    assert_eq!(
        failure.pointer(),
        [
            "investigation_fields".into(),
            "field_names".into(),
            0.into()
        ]
    );
}

#[test]
fn a_timeline_counts_always_and_goes_by_an_empty_text() {
    let set = |id: &str, title: &str| Edit::SetTimeline {
        id: id.into(),
        title: title.into(),
    };
    let there = r#"{"timeline_id":"\u0074","timeline_title":"T"}"#;
    effective(&set("t", "T"), there, there);
    effective(
        &set("u", "T"),
        there,
        r#"{"timeline_id":"u","timeline_title":"T"}"#,
    );
    effective(&set("", ""), there, "{}");
    effective(&set("", "T"), "{}", r#"{"timeline_title":"T"}"#);
}
