//! Whole records, by the real engine.

use crate::record::Note;
use crate::transform::testing::{Check, check, refused_settings};

fn default_to_emea() -> Check {
    check(r#"convert-space = { from = "default", to = "emea" }"#)
}

fn dev_to_emea() -> Check {
    check(r#"convert-space = { from = "dev", to = "emea" }"#)
}

/// Notes without their reasons.
fn noted(check: &Check, line: &str) -> Vec<(String, String)> {
    let fact = |note: Note| match note {
        Note::Unmapped { field, value, why } => {
            assert!(!why.is_empty());
            (field.into(), value.into())
        }
        Note::Renamed { .. } | Note::Converted { .. } | Note::LeftOut { .. } | Note::Unknown => {
            panic!("{note:?}")
        }
    };
    check.noted(line).into_iter().map(fact).collect()
}

/// The line becomes this line, and that stays.
#[track_caller]
fn turns_once(check: &Check, before: &str, after: &str) {
    check.turns(before, after).keeps(after);
}

#[test]
fn converts_links_wherever_rules_have_them() {
    turns_once(
        &dev_to_emea(),
        r#"{"rule_id":"r","meta":{ "from":"1m", "kibana_siem_app_url":"https:\/\/k.example.com/s/dev/app/security"},"note":"[x](https://k.example.com/s/dev/app/x)","references":["https://example.com/s/dev", "https://k.example.com/s/dev/app/y"],"actions":[{"id":"a","params":{"body":"{\"u\":\"{{{kibanaBaseUrl}}}/s/dev/app/z\"}","n":1.0 , "to":["\u0061"]}}]}"#,
        r#"{"rule_id":"r","meta":{ "from":"1m", "kibana_siem_app_url":"https://k.example.com/s/emea/app/security"},"note":"[x](https://k.example.com/s/emea/app/x)","references":["https://example.com/s/dev", "https://k.example.com/s/emea/app/y"],"actions":[{"id":"a","params":{"body":"{\"u\":\"{{{kibanaBaseUrl}}}/s/emea/app/z\"}","n":1.0 , "to":["\u0061"]}}]}"#,
    );
}

#[test]
fn goes_by_the_rules_own_kibana_in_the_default_space() {
    let before = r#"{"rule_id":"r","setup":"https://k.example.com/app/a, https://z.example.com/app/b","meta":{"kibana_siem_app_url":"https://k.example.com/app/security"}}"#;
    let after = r#"{"rule_id":"r","setup":"https://k.example.com/s/emea/app/a, https://z.example.com/app/b","meta":{"kibana_siem_app_url":"https://k.example.com/s/emea/app/security"}}"#;
    turns_once(&default_to_emea(), before, after);
    turns_once(
        &check(r#"convert-space = { from = "emea", to = "default" }"#),
        after,
        before,
    );
    default_to_emea().keeps(r#"{"rule_id":"r","note":"https://k.example.com/app/a"}"#);
}

#[test]
fn lists_a_kibana_url_of_another_space() {
    let line = r#"{"rule_id":"r","meta":{"kibana_siem_app_url":"https://k.example.com/s/old/app/security"}}"#;
    for check in [default_to_emea(), dev_to_emea()] {
        let url = "https://k.example.com/s/old/app/security";
        assert_eq!(
            noted(&check, line),
            [("meta.kibana_siem_app_url".into(), url.into())]
        );
    }
    assert_eq!(noted(&dev_to_emea(), &line.replace("old", "emea")), []);
}

#[test]
fn renames_alert_indices() {
    turns_once(
        &default_to_emea(),
        r#"{"rule_id":"r","type":"threat_match","index":[ "\u0061", ".alerts-security.alerts-default"],"threat_index":["eu:.siem-signals-default-*"],"query":"_index:\".alerts-security.alerts-default\" ","threat_query":"*:*","filters":[{"query":{"match_phrase":{"_index" : ".internal.alerts-security.alerts-default-000001"}}}],"output_index":".siem-signals-default"}"#,
        r#"{"rule_id":"r","type":"threat_match","index":[ "\u0061", ".alerts-security.alerts-emea"],"threat_index":["eu:.siem-signals-emea-*"],"query":"_index:\".alerts-security.alerts-emea\" ","threat_query":"*:*","filters":[{"query":{"match_phrase":{"_index" : ".internal.alerts-security.alerts-emea-000001"}}}],"output_index":""}"#,
    );
    default_to_emea()
        .keeps(r#"{"rule_id":"r","output_index":".siem-signals-other"}"#)
        .refuses(
            r#"{"rule_id":"r","query":[]}"#,
            "`query` must be a string, found an array",
        );
}

#[test]
fn renames_the_sources_of_queries_and_lists_other_places() {
    let rule = |query: &str| format!(r#"{{"rule_id":"r","type":"esql","query":"{query}"}}"#);
    turns_once(
        &dev_to_emea(),
        &rule(r"from .alerts-security.alerts-dev, logs-* metadata _id | where x == \u0031"),
        &rule("from .alerts-security.alerts-emea, logs-* metadata _id | where x == 1"),
    );
    let named = "from .alerts-security.alerts-* | where k == '.alerts-security.alerts-dev'";
    dev_to_emea()
        .keeps(&rule(named))
        .keeps(&rule("what .is this"))
        .keeps(&rule("what .alerts-security.alerts-dev"));
    assert_eq!(noted(&dev_to_emea(), &rule("what .is this")), []);
    for query in [named, "what .alerts-security.alerts-dev"] {
        assert_eq!(
            noted(&dev_to_emea(), &rule(query)),
            [("query".into(), ".alerts-security.alerts-dev".into())]
        );
    }
}

#[test]
fn maps_data_views_and_lists_the_others() {
    let check =
        check(r#"convert-space = { from = "default", to = "emea", data-views = ["old=new"] }"#);
    turns_once(
        &check,
        r#"{"rule_id":"r","data_view_id":"security-solution-default","filters":[{"meta": {"index":"old" }},{"meta":{"index":"mine"}},{"query":{}}],"threat_filters":[{"meta":{"index":"security-solution-alert-default"}},{"meta":{"index":null}}]}"#,
        r#"{"rule_id":"r","data_view_id":"security-solution-emea","filters":[{"meta": {"index":"new" }},{"meta":{"index":"mine"}},{"query":{}}],"threat_filters":[{"meta":{"index":"security-solution-alert-emea"}},{"meta":{"index":null}}]}"#,
    );
    let line = r#"{"rule_id":"r","data_view_id":"mine","filters":[{"meta":{"index":"mine"}},{"meta":{"index":"mine"}},{"meta":{"index":"new"}}]}"#;
    assert_eq!(
        noted(&check, line),
        [
            ("data_view_id".into(), "mine".into()),
            ("filters.meta.index".into(), "mine".into())
        ]
    );
}

#[test]
fn keeps_or_drops_timelines() {
    let line = r#"{"rule_id":"r","timeline_id":"t","timeline_title":"T","type":"query"}"#;
    assert_eq!(
        noted(&dev_to_emea(), line),
        [("timeline_id".into(), "t".into())]
    );
    let own = r#"{"rule_id":"r","timeline_id":"db366523-f1c6-4c1f-8731-6ce5ed9e5717","timeline_title":"T"}"#;
    dev_to_emea().keeps(line).notes(own, &[]);
    let drop = check(r#"convert-space = { from = "dev", to = "emea", timelines = "drop" }"#);
    turns_once(&drop, line, r#"{"rule_id":"r","type":"query"}"#);
    drop.notes(line, &[]);
}

#[test]
fn lists_what_only_the_target_can_tell() {
    let rule = r#"{"rule_id":"r","saved_id":"q","machine_learning_job_id":["j","j","k"],"response_actions":[{"action_type_id":".osquery","params":{"pack_id":"p","saved_query_id":"s","query":""}}]}"#;
    let expected = [
        ("saved_id", "q"),
        ("machine_learning_job_id", "j"),
        ("machine_learning_job_id", "k"),
        ("response_actions.params.saved_query_id", "s"),
        ("response_actions.params.pack_id", "p"),
    ];
    assert_eq!(
        noted(&dev_to_emea(), rule),
        expected.map(|(field, value)| (field.into(), value.into()))
    );
    let list = r#"{"list_id":"l","namespace_type":"agnostic"}"#;
    assert_eq!(
        noted(&dev_to_emea(), list),
        [("list_id".into(), "l".into())]
    );
    let item = r#"{"item_id":"i","list_id":"l","namespace_type":"agnostic","tags":["policy:all","policy:p"],"entries":[{"type":"list","list":{"id":"v","type":"ip"}},{"type":"exists"}]}"#;
    assert_eq!(
        noted(&dev_to_emea(), item),
        [
            ("entries.list.id".into(), "v".into()),
            ("tags".into(), "p".into())
        ]
    );
    dev_to_emea().keeps(rule).keeps(list).keeps(item).refuses(
        r#"{"rule_id":"r","machine_learning_job_id":[1]}"#,
        "`machine_learning_job_id` must be a string or an array of strings, found an array",
    );
}

#[test]
fn converts_connectors_but_no_other_saved_objects() {
    turns_once(
        &dev_to_emea(),
        r#"{"id":"c","type":"action","originId":"o", "attributes":{"config":{"url":"https://k.example.com/s/dev/app/x"},"name":"https://k.example.com/s/dev/app/x"}}"#,
        r#"{"id":"c","type":"action", "attributes":{"config":{"url":"https://k.example.com/s/emea/app/x"},"name":"https://k.example.com/s/dev/app/x"}}"#,
    );
    dev_to_emea().keeps(r#"{"id":"c","type":"dashboard","originId":"o","attributes":{}}"#);
}

#[test]
fn refuses_settings_that_make_no_sense() {
    assert_eq!(
        refused_settings(r#"convert-space = { from = "a", to = "a" }"#),
        "`--from` and `--to` are the same space, `a`"
    );
    assert_eq!(
        refused_settings(
            r#"convert-space = { from = "a", to = "b", to-url = "https://k.example.com" }"#
        ),
        "`--to-url` takes the place of `--from-url`, so it needs that too"
    );
    assert_eq!(
        refused_settings(
            r#"convert-space = { from = "a", to = "b", data-views = ["x=y", "x=z"] }"#
        ),
        "the data view `x` is mapped twice"
    );
    assert!(
        refused_settings(r#"convert-space = { from = "A", to = "b" }"#).contains("a space id has")
    );
}

#[test]
fn lists_paths_into_the_old_space_that_are_no_sure_links() {
    let check = check(r#"convert-space = { from = "dev", to = "emea" }"#);
    let line = r#"{"rule_id":"r","note":"see /s/dev/app/x, not /s/dev-2/app","false_positives":["at http://h.example.com/s/dev"],"actions":[{"id":"c","params":{"body":"{\"url\":\"https:\\/\\/h.example.com\\/s\\/dev\\/api\"}"}}]}"#;
    check.keeps(line);
    let fields: Vec<String> = noted(&check, line)
        .into_iter()
        .map(|(field, _)| field)
        .collect();
    assert_eq!(fields, ["note", "false_positives", "actions"]);
    assert!(
        noted(
            &check,
            r#"{"rule_id":"r","note":"https://h.example.com/s/dev/app/x"}"#
        )
        .is_empty()
    );
}
