//! `set-risk-score`: gives rules a risk score.

use std::str::FromStr;

use super::{Census, Transform, Verdict};
use crate::error::{Error, Result};
use crate::record::Record;

/// Gives rules a risk score from 0 to 100.
///
/// `risk_score_mapping`, by which Kibana takes the score of single alerts from a field, and `severity` stay as they are.
///
/// Example: ruleferry edit set-risk-score --score 73 --only 'severity:high' export.ndjson -o out.ndjson
#[derive(Debug, Clone, clap::Args, serde::Deserialize, serde::Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SetRiskScore {
    /// The score to set, a whole number from 0 to 100.
    #[arg(long, value_name = "SCORE", allow_negative_numbers = true)]
    score: Score,
}

/// A whole number from 0 to 100.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
#[serde(try_from = "i64", into = "i64")]
struct Score(u8);

impl TryFrom<i64> for Score {
    type Error = Error;

    fn try_from(score: i64) -> Result<Self> {
        u8::try_from(score)
            .ok()
            .filter(|score| *score <= 100)
            .map(Self)
            .ok_or_else(|| refused(score))
    }
}

impl FromStr for Score {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        text.parse::<i64>().map_err(|_| refused(text))?.try_into()
    }
}

impl From<Score> for i64 {
    fn from(score: Score) -> Self {
        score.0.into()
    }
}

fn refused(found: impl std::fmt::Display) -> Error {
    Error::usage(format!(
        "a risk score must be a whole number from 0 to 100, found `{found}`"
    ))
}

impl Transform for SetRiskScore {
    fn apply(&self, rule: &mut Record<'_>, _: &Census) -> Result<Verdict> {
        if let Some(value) = rule.get("risk_score").filter(|value| !value.is_null()) {
            match value.as_f64() {
                Some(score) if score.total_cmp(&self.score.0.into()).is_eq() => {
                    return Ok(Verdict::Keep);
                }
                Some(_) => {}
                None => {
                    let found = value.kind().article();
                    return Err(
                        Error::wrong_type("risk_score", "a number", found).within("risk_score")
                    );
                }
            }
        }
        rule.set("risk_score", self.score.0.to_string());
        Ok(Verdict::Keep)
    }
}

#[cfg(test)]
mod tests {
    use super::Score;
    use crate::transform::testing::{check, refused_settings};

    #[test]
    fn sets_the_score_and_nothing_else() {
        check("set-risk-score = { score = 73 }")
            .turns(
                r#"{"rule_id":"r", "risk_score": 21.0,"risk_score_mapping":[{}]}"#,
                r#"{"rule_id":"r", "risk_score": 73,"risk_score_mapping":[{}]}"#,
            )
            .turns(r#"{"rule_id":"r"}"#, r#"{"rule_id":"r","risk_score":73}"#)
            .keeps(r#"{"rule_id":"r","risk_score":73.0}"#)
            .keeps(r#"{"rule_id":"r","risk_score":7.3e1}"#)
            .keeps(r#"{"list_id":"l"}"#)
            .refuses(
                r#"{"rule_id":"r","risk_score":"73"}"#,
                "`risk_score` must be a number, found a string",
            );
    }

    #[test]
    fn takes_whole_numbers_up_to_100() {
        let refused = "a risk score must be a whole number from 0 to 100, found ";
        assert_eq!(
            refused_settings("set-risk-score = { score = 101 }"),
            format!("{refused}`101`")
        );
        assert_eq!(
            refused_settings("set-risk-score = { score = -1 }"),
            format!("{refused}`-1`")
        );
        assert_eq!(
            "7.5".parse::<Score>().unwrap_err().to_string(),
            format!("{refused}`7.5`")
        );
        assert_eq!("100".parse::<Score>().unwrap(), Score(100));
    }
}
