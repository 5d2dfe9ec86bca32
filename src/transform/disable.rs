//! `disable`: switches rules off.

use super::{Census, Transform, Verdict, enable::set_enabled};
use crate::error::Result;
use crate::record::Record;

/// Switches rules off.
///
/// Sets `enabled` also where it is missing: an import with overwrite would else leave the rule that is there switched on
/// (Kibana 8 and 9).
///
/// Example: ruleferry edit disable export.ndjson -o out.ndjson
#[derive(Debug, Clone, clap::Args, serde::Deserialize, serde::Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Disable {}

impl Transform for Disable {
    fn apply(&self, rule: &mut Record<'_>, _: &Census) -> Result<Verdict> {
        set_enabled(rule, false)?;
        Ok(Verdict::Keep)
    }
}

#[cfg(test)]
mod tests {
    use crate::transform::testing::check;

    #[test]
    fn sets_enabled_also_where_it_is_missing() {
        check("disable = {}")
            .turns(
                r#"{"rule_id":"r","enabled":true ,"n":1.0}"#,
                r#"{"rule_id":"r","enabled":false ,"n":1.0}"#,
            )
            .turns(r#"{"rule_id":"r"}"#, r#"{"rule_id":"r","enabled":false}"#)
            .keeps(r#"{"rule_id":"r","enabled": false}"#)
            .keeps(r#"{"item_id":"i","enabled":true}"#);
    }

    #[test]
    fn refuses_a_switch_that_is_no_boolean() {
        check("disable = {}").refuses(
            r#"{"rule_id":"r","enabled":0}"#,
            "`enabled` must be a boolean, found a number",
        );
    }
}
