//! Which edits are for which types.

use super::suppression::suppression;
use super::*;

#[test]
fn each_type_takes_the_edits_that_are_for_it() {
    const TYPES: [&str; 8] = [
        "query",
        "saved_query",
        "eql",
        "threat_match",
        "new_terms",
        "threshold",
        "machine_learning",
        "esql",
    ];
    let edits = [
        Edit::AddTags(Vec::new()),
        Edit::SetTimeline {
            id: String::new(),
            title: String::new(),
        },
        Edit::SetSchedule(Schedule::new("5m", "1m").unwrap()),
        Edit::AddRuleActions(actions(r#"{"actions":[]}"#)),
        Edit::AddInvestigationFields(texts(&["a"])),
        Edit::DeleteAlertSuppression,
        Edit::AddIndexPatterns(patterns(&[])),
        Edit::DeleteIndexPatterns(patterns(&[])),
        Edit::SetIndexPatterns(patterns(&[])),
        suppression(&["a"], None, None),
        Edit::SetAlertSuppressionForThreshold("1h".parse().unwrap()),
    ];
    let mut refusals = Vec::new();
    for kind in TYPES {
        for edit in &edits {
            let done =
                run(edit, &format!(r#"{{"type":"{kind}"}}"#)).map_err(|error| error.to_string());
            assert_eq!(edit.unfit(kind).map(|unfit| unfit.live), done.err());
            if let Some(unfit) = edit.unfit(kind) {
                refusals.push(format!(
                    "{kind} {}: {} | {}",
                    edit.kibana_name(),
                    unfit.code,
                    unfit.dry_run
                ));
            }
        }
    }
    let for_threshold = "UNSUPPORTED_RULE_IN_SUPPRESSION_FOR_THRESHOLD | Rule type doesn't support this action. Use 'set_alert_suppression' action instead.";
    let mut expected = Vec::new();
    for kind in TYPES {
        let index = match kind {
            "machine_learning" => Some(
                "MACHINE_LEARNING_INDEX_PATTERN | Machine learning rule doesn't have index patterns",
            ),
            "esql" => Some("ESQL_INDEX_PATTERN | ES|QL rule doesn't have index patterns"),
            _ => None,
        };
        for name in ["add", "delete", "set"] {
            expected.extend(index.map(|text| format!("{kind} {name}_index_patterns: {text}")));
        }
        expected.push(if kind == "threshold" {
            "threshold set_alert_suppression: THRESHOLD_RULE_TYPE_IN_SUPPRESSION | Threshold rule doesn't support this action. Use 'set_alert_suppression_for_threshold' action instead".to_owned()
        } else {
            format!("{kind} set_alert_suppression_for_threshold: {for_threshold}")
        });
    }
    assert_eq!(refusals, expected);
    let live = |edit: &Edit, kind| edit.unfit(kind).unwrap().live;
    assert_eq!(
        live(&edits[6], "esql"),
        "Index patterns can't be added. ES|QL rule doesn't have index patterns property"
    );
    assert_eq!(
        live(&edits[7], "machine_learning"),
        "Index patterns can't be deleted. Machine learning rule doesn't have index patterns property"
    );
    assert_eq!(
        live(&edits[8], "esql"),
        "Index patterns can't be overwritten. ES|QL rule doesn't have index patterns property"
    );
    assert_eq!(
        live(&edits[10], "eql"),
        "eql rule type doesn't support this action. Use 'set_alert_suppression' action instead."
    );
}
