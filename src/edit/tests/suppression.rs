//! Alert suppression.

use super::*;

pub(super) fn suppression(fields: &[&str], duration: Option<&str>, strategy: Option<&str>) -> Edit {
    Edit::SetAlertSuppression(Suppression {
        group_by: texts(fields),
        duration: duration.map(|duration| duration.parse().unwrap()),
        missing_fields_strategy: strategy.map(Into::into),
    })
}

#[test]
fn suppression_is_replaced_whole() {
    effective(
        &suppression(&["a"], Some("5m"), None),
        "{}",
        r#"{"alert_suppression":{"group_by":["a"],"duration":{"value":5,"unit":"m"},"missing_fields_strategy":"suppress"}}"#,
    );
    let there = r#"{"alert_suppression":{"group_by":[ "a","b"],"duration":{"value": 5,"unit":"h"},"missing_fields_strategy":"doNotSuppress"}}"#;
    effective(
        &suppression(&["a", "b"], None, None),
        there,
        r#"{"alert_suppression":{"group_by":[ "a","b"],"missing_fields_strategy":"suppress"}}"#,
    );
    effective(
        &suppression(&["a", "b"], Some("6h"), Some("doNotSuppress")),
        there,
        r#"{"alert_suppression":{"group_by":[ "a","b"],"duration":{"value": 6,"unit":"h"},"missing_fields_strategy":"doNotSuppress"}}"#,
    );
    effective(
        &suppression(&["c"], Some("5h"), Some("doNotSuppress")),
        there,
        r#"{"alert_suppression":{"group_by":["c"],"duration":{"value": 5,"unit":"h"},"missing_fields_strategy":"doNotSuppress"}}"#,
    );
}

#[test]
fn a_part_of_the_suppression_that_is_there_is_no_edit() {
    let there = r#"{"alert_suppression":{"group_by":["a","b"],"duration":{"value":60,"unit":"m"},"missing_fields_strategy":"suppress"}}"#;
    let idle_ones = [&["a", "b"][..], &["b", "a"], &["a"]];
    for fields in idle_ones {
        idle(&suppression(fields, Some("60m"), Some("suppress")), there);
    }
    let (effect, after) = run(&suppression(&["a"], Some("60m"), None), there).unwrap();
    assert_eq!(
        (effect, after.contains(r#"["a"]"#)),
        (Effect::Effective, true)
    );
    // A strategy that is left out counts against one that is there, every time.
    effective(&suppression(&["a", "b"], Some("60m"), None), there, there);
    let (effect, _) = run(&suppression(&["a"], Some("1h"), Some("suppress")), there).unwrap();
    assert_eq!(effect, Effect::Effective);
    idle(
        &suppression(&["a"], None, None),
        r#"{"alert_suppression":{"group_by":["a"]}}"#,
    );
}

#[test]
fn thresholds_are_suppressed_by_their_duration() {
    let set = |text: &str| Edit::SetAlertSuppressionForThreshold(text.parse().unwrap());
    let bare = r#"{"type":"threshold","alert_suppression":{"duration":{"value":60,"unit":"m"}}}"#;
    effective(&set("60m"), r#"{"type":"threshold"}"#, bare);
    idle(&set("60m"), bare);
    effective(
        &set("1h"),
        bare,
        r#"{"type":"threshold","alert_suppression":{"duration":{"value":1,"unit":"h"}}}"#,
    );
    effective(
        &set("1h"),
        r#"{"type":"threshold","alert_suppression":{"group_by":["a"],"duration":{"value":1,"unit":"m"}}}"#,
        r#"{"type":"threshold","alert_suppression":{"duration":{"value":1,"unit":"h"}}}"#,
    );
    effective(
        &Edit::DeleteAlertSuppression,
        bare,
        r#"{"type":"threshold"}"#,
    );
    idle(
        &Edit::DeleteAlertSuppression,
        r#"{"type":"query","alert_suppression":null}"#,
    );
    refused(
        &set("1h"),
        r#"{"type":"threshold","alert_suppression":[]}"#,
        "`alert_suppression` must be an object, found an array",
    );
    for wrong in ["5d", "0m", "m", "", "5"] {
        assert!(wrong.parse::<SuppressionDuration>().is_err(), "{wrong}");
    }
}
