//! Which edits are not for which types of rules?

use super::Edit;

/// Why an edit is not for a rule of this type.
#[derive(Debug, Clone, PartialEq)]
pub struct Unfit {
    /// The dry run's `err_code`.
    pub code: &'static str,
    /// What the dry run says.
    pub dry_run: String,
    /// What a live run says.
    pub live: String,
}

impl Edit {
    /// Why it is not for rules of this type, if it is not.
    pub fn unfit(&self, rule_type: &str) -> Option<Unfit> {
        match (self, rule_type) {
            (Self::AddIndexPatterns(_), _) => no_index_patterns("added", rule_type),
            (Self::DeleteIndexPatterns(_), _) => no_index_patterns("deleted", rule_type),
            (Self::SetIndexPatterns(_), _) => no_index_patterns("overwritten", rule_type),
            (Self::SetAlertSuppression(_), "threshold") => {
                let text = "Threshold rule doesn't support this action. Use 'set_alert_suppression_for_threshold' action instead";
                Some(Unfit {
                    code: "THRESHOLD_RULE_TYPE_IN_SUPPRESSION",
                    dry_run: text.into(),
                    live: text.into(),
                })
            }
            (Self::SetAlertSuppressionForThreshold(_), other) if other != "threshold" => {
                let rest = "rule type doesn't support this action. Use 'set_alert_suppression' action instead.";
                Some(Unfit {
                    code: "UNSUPPORTED_RULE_IN_SUPPRESSION_FOR_THRESHOLD",
                    dry_run: rest.replacen("rule", "Rule", 1),
                    live: format!("{rule_type} {rest}"),
                })
            }
            _ => None,
        }
    }
}

fn no_index_patterns(done: &str, rule_type: &str) -> Option<Unfit> {
    let (code, name) = match rule_type {
        "machine_learning" => ("MACHINE_LEARNING_INDEX_PATTERN", "Machine learning"),
        "esql" => ("ESQL_INDEX_PATTERN", "ES|QL"),
        _ => return None,
    };
    Some(Unfit {
        code,
        dry_run: format!("{name} rule doesn't have index patterns"),
        live: format!(
            "Index patterns can't be {done}. {name} rule doesn't have index patterns property"
        ),
    })
}
