//! `delete-alert-suppression`: lets rules make every alert again.

use super::{Census, Edit, KibanaEdit, Setup, Transform, Verdict};
use crate::error::Result;
use crate::record::Record;

/// Takes alert suppression away from rules, threshold rules too.
///
/// As the bulk edit `delete_alert_suppression` of Kibana since 9.1: `alert_suppression` goes.
///
/// Example: ruleferry edit delete-alert-suppression --only 'tags:noisy' export.ndjson -o out.ndjson
#[derive(Debug, Clone, clap::Args, serde::Deserialize, serde::Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct DeleteAlertSuppression {
    /// The edit, once prepared.
    #[arg(skip)]
    #[serde(skip)]
    edit: KibanaEdit,
}

impl Transform for DeleteAlertSuppression {
    fn prepare(&mut self, _: &mut dyn Setup) -> Result<()> {
        self.edit = Edit::DeleteAlertSuppression.into();
        Ok(())
    }

    fn apply(&self, rule: &mut Record<'_>, _: &Census) -> Result<Verdict> {
        self.edit.apply(rule)
    }
}

#[cfg(test)]
mod tests {
    use crate::transform::testing::check;

    #[test]
    fn the_member_goes() {
        check("delete-alert-suppression = {}")
            .turns(
                r#"{"rule_id":"r", "alert_suppression":{"group_by":["a"]},"n":1.0}"#,
                r#"{"rule_id":"r","n":1.0}"#,
            )
            .turns(
                r#"{"rule_id":"r","type":"threshold","alert_suppression":{"duration":{"value":5,"unit":"m"}}}"#,
                r#"{"rule_id":"r","type":"threshold"}"#,
            )
            .keeps(r#"{"rule_id":"r","alert_suppression":null}"#)
            .keeps(r#"{"rule_id":"r"}"#)
            .keeps(r#"{"list_id":"l","alert_suppression":{}}"#);
    }
}
