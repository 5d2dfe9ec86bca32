//! `enable`: switches rules on.

use super::{Census, Transform, Verdict};
use crate::error::{Error, Result};
use crate::json::Object;
use crate::record::Record;

/// Switches rules on.
///
/// Kibana imports `enabled` as the file says; a new rule without it arrives switched off. Sets it on every rule, so an
/// import with overwrite switches on those that are off.
///
/// Example: ruleferry edit enable --only 'severity:critical' export.ndjson -o out.ndjson
#[derive(Debug, Clone, clap::Args, serde::Deserialize, serde::Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Enable {}

impl Transform for Enable {
    fn apply(&self, rule: &mut Record<'_>, _: &Census) -> Result<Verdict> {
        set_enabled(rule, true)?;
        Ok(Verdict::Keep)
    }
}

/// Sets `enabled`, which must be a boolean if it is there.
pub(crate) fn set_enabled(rule: &mut Object<'_>, enabled: bool) -> Result<()> {
    if let Some(value) = rule.get("enabled")
        && value.as_bool().is_none()
        && !value.is_null()
    {
        let found = value.kind().article();
        return Err(Error::wrong_type("enabled", "a boolean", found).within("enabled"));
    }
    rule.set("enabled", if enabled { "true" } else { "false" });
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::transform::testing::check;

    #[test]
    fn sets_enabled_and_nothing_else() {
        check("enable = {}")
            .turns(
                r#"{"rule_id":"r", "enabled" : false,"n":1.0}"#,
                r#"{"rule_id":"r", "enabled" : true,"n":1.0}"#,
            )
            .turns(r#"{"rule_id":"r"}"#, r#"{"rule_id":"r","enabled":true}"#)
            .turns(
                r#"{"rule_id":"r","enabled":null}"#,
                r#"{"rule_id":"r","enabled":true}"#,
            )
            .keeps(r#"{"rule_id":"r","enabled": true }"#)
            .keeps(r#"{"list_id":"l"}"#);
    }

    #[test]
    fn refuses_a_switch_that_is_no_boolean() {
        check("enable = {}").refuses(
            r#"{"rule_id":"r","enabled":"false"}"#,
            "`enabled` must be a boolean, found a string",
        );
    }
}
