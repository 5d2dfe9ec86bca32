use super::{becomes, fails, moved, patch, rule};
use crate::bulk::License;

#[test]
fn a_rule_is_named_by_exactly_one_id() {
    let id = "11111111-1111-4111-8111-111111111111";
    let line = rule("query", &format!(r#""id":"{id}""#));
    let ran = patch(&format!(
        r#"{{"note":"x"}},{{"rule_id":"r","id":"{id}","note":"x"}},{{"rule_id":null,"id":"{id}","note":"y"}}"#
    ))
    .run(&line);
    let error = |entry: usize| {
        (
            &ran.answer[entry]["error"]["message"],
            &ran.answer[entry]["error"]["status_code"],
        )
    };
    assert_eq!(error(0).0, r#"either "id" or "rule_id" must be set"#);
    assert_eq!(
        error(1).0,
        r#"both "id" and "rule_id" cannot exist, choose one or the other"#
    );
    assert_eq!((error(0).1, error(1).1), (&400.into(), &400.into()));
    assert_eq!(ran.answer[0]["rule_id"], "(unknown id)");
    assert_eq!(ran.answer[1]["id"], id);
    assert_eq!(
        ran.output,
        moved("query", &format!(r#""id":"{id}","note":"y""#))
    );
    assert_eq!(
        ran.failed[0],
        "1:2 `/0`: either \"id\" or \"rule_id\" must be set"
    );
}

#[test]
fn a_timeline_has_an_id_and_a_title() {
    for (given, text) in [
        (
            r#""timeline_id":"a""#,
            r#"when "timeline_id" exists, "timeline_title" must also exist"#,
        ),
        (
            r#""timeline_title":"a","timeline_id":null"#,
            r#"when "timeline_title" exists, "timeline_id" must also exist"#,
        ),
        (
            r#""timeline_id":"","timeline_title":"a""#,
            r#""timeline_id" cannot be an empty string"#,
        ),
        (
            r#""timeline_id":"a","timeline_title":"""#,
            r#""timeline_title" cannot be an empty string"#,
        ),
        (
            r#""timeline_id":"","timeline_title":"""#,
            r#""timeline_id" cannot be an empty string,"timeline_title" cannot be an empty string"#,
        ),
    ] {
        assert_eq!(fails("query", "", given), (400, text.into()));
    }
    let both = r#""timeline_id":"a","timeline_title":"b""#;
    assert_eq!(becomes("query", "", both), moved("query", both));
}

#[test]
fn a_list_of_a_rules_own_belongs_to_one_rule() {
    let list = |id: &str| {
        format!(r#"{{"id":"{id}","list_id":"l","type":"rule_default","namespace_type":"single"}}"#)
    };
    let lists = |ids: &[&str]| {
        let lists: Vec<_> = ids.iter().map(|id| list(id)).collect();
        format!(r#""exceptions_list":[{}]"#, lists.join(","))
    };
    assert_eq!(
        fails("query", "", &lists(&["a", "b"])),
        (
            400,
            "More than one default exception list found on rule".into()
        )
    );
    let one = lists(&["a"]);
    let bundle = format!(
        "{}\n{}",
        rule("query", ""),
        rule("query", "").replace(r#""r""#, r#""s""#)
    );
    let ran = patch(&format!(
        r#"{{"rule_id":"r",{one}}},{{"rule_id":"s",{one}}},{{"rule_id":"none",{one}}}"#
    ))
    .run(&bundle);
    assert_eq!(ran.output, bundle);
    assert_eq!(
        ran.answer[1]["error"]["message"],
        "default exceptions list a for rule s is duplicated"
    );
    assert_eq!(ran.answer[1]["error"]["status_code"], 409);
    assert_eq!(
        ran.answer[2]["error"]["message"],
        r#"rule_id: "none" not found"#
    );
    assert_eq!(becomes("query", "", &one), moved("query", &one));
}

#[test]
fn what_the_store_refuses_is_refused() {
    assert_eq!(
        fails("query", "", r#""interval":"5x""#),
        (
            400,
            "Error validating update data - [schedule.interval]: string is not a valid duration: 5x".into()
        )
    );
    let window = "params invalid: History window size is smaller than rule interval + additional lookback, 'historyWindowStart' must be earlier than 'from'";
    let members = r#""from":"now-6m","history_window_start":"now-7d""#;
    assert_eq!(
        fails("new_terms", members, r#""history_window_start":"now-1m""#),
        (400, window.into())
    );
    assert_eq!(
        fails("new_terms", members, r#""from":"now-8d""#),
        (400, window.into())
    );
    assert_eq!(
        fails(
            "threshold",
            "",
            r#""threshold":{"field":["a"],"value":1,"cardinality":[{"field":"a","value":1}]}"#
        ),
        (
            400,
            "Cardinality of a field that is being aggregated on is always 1".into()
        )
    );
    assert_eq!(
        fails(
            "threshold",
            "",
            r#""threshold":{"field":["a","b","c","d","e","f"],"value":1}"#
        ),
        (400, "Number of fields must be 5 or less".into())
    );
}

#[test]
fn what_was_wrong_before_does_not_keep_a_patch_out() {
    let odd = r#""interval":"x","from":"now-6m","history_window_start":"now-1m","actions":[{"id":"a"}],"threshold":5"#;
    assert_eq!(
        becomes("new_terms", odd, r#""note":"x""#),
        moved("new_terms", &format!(r#"{odd},"note":"x""#))
    );
}

#[test]
fn machine_learning_needs_its_licence() {
    let line = rule("machine_learning", "");
    let run = |license| {
        patch(r#"{"rule_id":"r","note":"x"}"#)
            .with(|settings| settings.license = license)
            .run(&line)
    };
    let ran = run(Some(License::Basic));
    assert_eq!(ran.output, line);
    assert_eq!(
        ran.answer[0]["error"]["message"],
        "Your license does not support machine learning. Please upgrade your license."
    );
    assert_eq!(ran.answer[0]["error"]["status_code"], 403);
    for license in [None, Some(License::Trial)] {
        assert_ne!(run(license).output, line);
    }
}
