//! `set-alert-suppression`: makes rules fold alerts that are alike into one.

use super::{Census, Edit, KibanaEdit, Setup, Transform, Verdict};
use crate::edit::{Suppression, SuppressionDuration};
use crate::error::{Error, Result};
use crate::record::Record;

/// Makes rules fold alerts that are alike into one.
///
/// With `--group-by`, as the bulk edit `set_alert_suppression` of Kibana since 9.1: it replaces what the rule has. Without
/// `--duration` alerts are folded within one run of the rule. Without `--missing-fields` it is `suppress`. A rule with the same
/// duration and the `--missing-fields` given here, that groups by all these fields already, stays as it is, also where it groups
/// by more.
///
/// With `--duration` alone, as `set_alert_suppression_for_threshold`: for threshold rules, which group by the fields they count.
///
/// Each form is refused by Kibana for the rules that are for the other; here they stay and are listed. Kibana does these
/// edits from a Platinum licence on.
///
/// Example: ruleferry edit set-alert-suppression --group-by host.name --duration 5m export.ndjson -o out.ndjson
#[derive(Debug, Clone, clap::Args, serde::Deserialize, serde::Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SetAlertSuppression {
    /// A field that alerts folded into one agree in, one to three in all; may be given again.
    #[arg(long, value_name = "FIELD")]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    group_by: Vec<String>,

    /// For how long alerts are folded into the first, as in `5m`: a number from 1 and `s`, `m` or `h`.
    #[arg(long, value_name = "TIME")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    duration: Option<SuppressionDuration>,

    /// Whether alerts that lack a field are folded as well.
    #[arg(long, value_name = "WHETHER")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    missing_fields: Option<MissingFields>,

    /// The edit, once prepared.
    #[arg(skip)]
    #[serde(skip)]
    edit: KibanaEdit,
}

/// What becomes of alerts that lack a field. Kibana's own spelling is taken as well.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum, serde::Deserialize, serde::Serialize,
)]
#[serde(rename_all = "kebab-case")]
enum MissingFields {
    Suppress,
    #[value(alias = "doNotSuppress")]
    #[serde(alias = "doNotSuppress")]
    DoNotSuppress,
}

/// The most fields that Kibana takes.
const MOST_FIELDS: usize = 3;

impl MissingFields {
    fn kibana_name(self) -> &'static str {
        match self {
            Self::Suppress => "suppress",
            Self::DoNotSuppress => "doNotSuppress",
        }
    }
}

impl SetAlertSuppression {
    fn for_threshold(&self) -> Result<Edit> {
        if self.missing_fields.is_some() {
            return Err(Error::usage(
                "`missing-fields` needs `group-by`: suppression by a duration alone is for threshold rules, which have no missing fields",
            ));
        }
        match &self.duration {
            Some(duration) => Ok(Edit::SetAlertSuppressionForThreshold(duration.clone())),
            None => Err(Error::usage(
                "`set-alert-suppression` needs `group-by`, or `duration` alone for threshold rules, found neither",
            )),
        }
    }
}

impl Transform for SetAlertSuppression {
    fn prepare(&mut self, _: &mut dyn Setup) -> Result<()> {
        let edit = match self.group_by.len() {
            0 => self.for_threshold()?,
            1..=MOST_FIELDS => Edit::SetAlertSuppression(Suppression {
                group_by: self.group_by.clone(),
                duration: self.duration.clone(),
                missing_fields_strategy: self.missing_fields.map(|it| it.kibana_name().into()),
            }),
            more => {
                return Err(Error::usage(format!(
                    "`group-by` must be one to three fields, found {more}"
                )));
            }
        };
        self.edit = edit.into();
        Ok(())
    }

    fn apply(&self, rule: &mut Record<'_>, _: &Census) -> Result<Verdict> {
        self.edit.apply(rule)
    }
}

#[cfg(test)]
mod tests {
    use crate::record::Note;
    use crate::transform::testing::{check, refused_settings};

    #[test]
    fn replaces_what_the_rule_has() {
        check(r#"set-alert-suppression = { group-by = ["a", "b"], duration = "5m" }"#)
            .turns(
                r#"{"rule_id":"r","alert_suppression" : {"group_by":["x"],"missing_fields_strategy":"doNotSuppress"},"n":1.0}"#,
                r#"{"rule_id":"r","alert_suppression" : {"group_by":["a","b"],"missing_fields_strategy":"suppress","duration":{"value":5,"unit":"m"}},"n":1.0}"#,
            )
            .turns(
                r#"{"rule_id":"r","type":"esql"}"#,
                r#"{"rule_id":"r","type":"esql","alert_suppression":{"group_by":["a","b"],"duration":{"value":5,"unit":"m"},"missing_fields_strategy":"suppress"}}"#,
            )
            .keeps(r#"{"list_id":"l"}"#)
            .refuses(
                r#"{"rule_id":"r","alert_suppression":[]}"#,
                "`alert_suppression` must be an object, found an array",
            );
        check(r#"set-alert-suppression = { group-by = ["a"], missing-fields = "doNotSuppress" }"#)
            .turns(
                r#"{"rule_id":"r","alert_suppression":{"group_by":["a"],"duration":{"value":5,"unit":"m"}}}"#,
                r#"{"rule_id":"r","alert_suppression":{"group_by":["a"],"missing_fields_strategy":"doNotSuppress"}}"#,
            )
            .keeps(
                r#"{"rule_id":"r","alert_suppression":{"group_by":["b", "a"],"missing_fields_strategy":"doNotSuppress"}}"#,
            );
    }

    #[test]
    fn a_duration_alone_is_for_threshold_rules() {
        let threshold = r#"{"rule_id":"r","type":"threshold"}"#;
        let query = r#"{"rule_id":"r","type":"query"}"#;
        let note = |value: &str, why| Note::Unmapped {
            field: "alert_suppression".into(),
            value: value.into(),
            why,
        };
        check(r#"set-alert-suppression = { duration = "1h" }"#)
            .turns(
                threshold,
                r#"{"rule_id":"r","type":"threshold","alert_suppression":{"duration":{"value":1,"unit":"h"}}}"#,
            )
            .notes(threshold, &[])
            .keeps(query)
            .notes(
                query,
                &[note("query", "a duration alone is for threshold rules; this type needs `--group-by`")],
            );
        check(r#"set-alert-suppression = { group-by = ["a"], duration = "1h" }"#)
            .keeps(threshold)
            .notes(
                threshold,
                &[note(
                    "threshold",
                    "threshold rules suppress alerts by a duration alone; give `--duration` without `--group-by`",
                )],
            )
            .notes(query, &[]);
    }

    #[test]
    fn refuses_settings_that_make_no_sense() {
        for (settings, message) in [
            (
                "{}",
                "`set-alert-suppression` needs `group-by`, or `duration` alone for threshold rules, found neither",
            ),
            (
                r#"{ duration = "1h", missing-fields = "suppress" }"#,
                "`missing-fields` needs `group-by`: suppression by a duration alone is for threshold rules, which have no missing fields",
            ),
            (
                r#"{ group-by = ["a", "b", "c", "d"] }"#,
                "`group-by` must be one to three fields, found 4",
            ),
            (
                r#"{ group-by = ["a"], duration = "1d" }"#,
                "a duration must be a number from 1 and `s`, `m` or `h`, as in `5m`, found `1d`",
            ),
        ] {
            assert_eq!(
                refused_settings(&format!("set-alert-suppression = {settings}")),
                message
            );
        }
    }
}
