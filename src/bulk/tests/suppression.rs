use super::edits::table;
use crate::bulk::testing::Expected::{Becomes, Skips};

#[test]
fn suppression() {
    let set = |value: &str| format!(r#"{{"type":"set_alert_suppression","value":{value}}}"#);
    let ab = set(r#"{"group_by":["a","b"]}"#);
    let full = set(
        r#"{"group_by":["a"],"duration":{"value":5,"unit":"m"},"missing_fields_strategy":"doNotSuppress"}"#,
    );
    let explicit = set(r#"{"group_by":["a"],"missing_fields_strategy":"suppress"}"#);
    let delete = r#"{"type":"delete_alert_suppression"}"#;
    for kind in [
        "query",
        "saved_query",
        "eql",
        "threat_match",
        "new_terms",
        "machine_learning",
        "esql",
    ] {
        table(
            kind,
            &[
                (
                    &ab,
                    "",
                    Becomes(
                        r#""alert_suppression":{"group_by":["a","b"],"missing_fields_strategy":"suppress"}"#,
                    ),
                ),
                // An omitted strategy is not equal to a stored one: an update every time.
                (
                    &ab,
                    r#""alert_suppression":{"group_by":["a","b"],"missing_fields_strategy":"suppress"}"#,
                    Becomes(
                        r#""alert_suppression":{"group_by":["a","b"],"missing_fields_strategy":"suppress"}"#,
                    ),
                ),
                // Nothing is inherited.
                (
                    &ab,
                    r#""alert_suppression":{"group_by":["a"],"duration":{"value":1,"unit":"h"},"missing_fields_strategy":"doNotSuppress"}"#,
                    Becomes(
                        r#""alert_suppression":{"group_by":["a","b"],"missing_fields_strategy":"suppress"}"#,
                    ),
                ),
                // A part of the fields that are there changes nothing, nor does their order.
                (
                    &explicit,
                    r#""alert_suppression":{"group_by":["b","a"],"missing_fields_strategy":"suppress"}"#,
                    Skips,
                ),
                (
                    &full,
                    r#""alert_suppression":{"missing_fields_strategy":"doNotSuppress","duration":{"unit":"m","value":5.0},"group_by":["a"]}"#,
                    Skips,
                ),
                (
                    delete,
                    r#""alert_suppression":{"group_by":["a"]}"#,
                    Becomes(""),
                ),
                (delete, "", Skips),
            ],
        );
    }
    let minutes = r#"{"type":"set_alert_suppression_for_threshold","value":{"duration":{"value":60,"unit":"m"}}}"#;
    table(
        "threshold",
        &[
            (
                minutes,
                "",
                Becomes(r#""alert_suppression":{"duration":{"value":60,"unit":"m"}}"#),
            ),
            (
                minutes,
                r#""alert_suppression":{"duration":{"value":60,"unit":"m"}}"#,
                Skips,
            ),
            (
                minutes,
                r#""alert_suppression":{"duration":{"value":1,"unit":"h"}}"#,
                Becomes(r#""alert_suppression":{"duration":{"value":60,"unit":"m"}}"#),
            ),
            (
                delete,
                r#""alert_suppression":{"duration":{"value":1,"unit":"h"}}"#,
                Becomes(""),
            ),
        ],
    );
}
