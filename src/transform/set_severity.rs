//! `set-severity`: gives rules a severity.

use super::{Census, Transform, Verdict};
use crate::error::{Error, Result};
use crate::json::quoted;
use crate::record::Record;

/// Gives rules a severity.
///
/// `severity_mapping`, by which Kibana raises or lowers the severity of single alerts, and `risk_score` stay as they are.
///
/// Example: ruleferry edit set-severity --severity low --only 'tags:test' export.ndjson -o out.ndjson
#[derive(Debug, Clone, clap::Args, serde::Deserialize, serde::Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SetSeverity {
    /// The severity to set.
    #[arg(long, value_name = "SEVERITY")]
    severity: Severity,
}

/// The severities Kibana has.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum, serde::Deserialize, serde::Serialize,
)]
#[serde(rename_all = "kebab-case")]
enum Severity {
    Low,
    Medium,
    High,
    Critical,
}

impl Severity {
    fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

impl Transform for SetSeverity {
    fn apply(&self, rule: &mut Record<'_>, _: &Census) -> Result<Verdict> {
        let new = self.severity.name();
        if let Some(value) = rule.get("severity").filter(|value| !value.is_null()) {
            match value.as_str() {
                Some(severity) if severity == new => return Ok(Verdict::Keep),
                Some(_) => {}
                None => {
                    let found = value.kind().article();
                    return Err(Error::wrong_type("severity", "a string", found).within("severity"));
                }
            }
        }
        rule.set("severity", quoted(new));
        Ok(Verdict::Keep)
    }
}

#[cfg(test)]
mod tests {
    use crate::transform::testing::{check, refused_settings};

    #[test]
    fn sets_the_severity_and_nothing_else() {
        check(r#"set-severity = { severity = "high" }"#)
            .turns(
                r#"{"rule_id":"r", "severity": "low","severity_mapping":[{}]}"#,
                r#"{"rule_id":"r", "severity": "high","severity_mapping":[{}]}"#,
            )
            .turns(r#"{"rule_id":"r"}"#, r#"{"rule_id":"r","severity":"high"}"#)
            .keeps(r#"{"rule_id":"r","severity":"h\u0069gh"}"#)
            .keeps(r#"{"list_id":"l"}"#)
            .refuses(
                r#"{"rule_id":"r","severity":3}"#,
                "`severity` must be a string, found a number",
            );
    }

    #[test]
    fn takes_only_what_kibana_knows() {
        let refused = refused_settings(r#"set-severity = { severity = "severe" }"#);
        assert!(
            refused.contains("expected one of `low`, `medium`, `high`, `critical`"),
            "{refused}"
        );
    }
}
