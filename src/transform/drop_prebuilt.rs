//! `drop-prebuilt`: leaves out Elastic's own rules.

use super::{Census, Transform, Verdict};
use crate::error::Result;
use crate::record::Record;

/// Leaves out Elastic's own rules, customized or not.
///
/// A rule is one of them if it is `immutable` or its `rule_source` is `external`. Kibana up to 8.17 imports no such rule;
/// from 8.18 on it does, and goes by the `rule_id`. What only those rules needed stays: `drop-unreferenced` leaves it out.
///
/// Example: ruleferry edit drop-prebuilt export.ndjson -o custom.ndjson
#[derive(Debug, Clone, clap::Args, serde::Deserialize, serde::Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct DropPrebuilt {}

impl Transform for DropPrebuilt {
    fn apply(&self, rule: &mut Record<'_>, _: &Census) -> Result<Verdict> {
        Ok(if rule.is_prebuilt() {
            Verdict::Drop
        } else {
            Verdict::Keep
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::transform::testing::check;

    #[test]
    fn drops_what_elastic_made() {
        check("drop-prebuilt = {}")
            .drops(r#"{"rule_id":"r","immutable":true}"#)
            .drops(r#"{"rule_id":"r","rule_source":{"type":"external","is_customized":true}}"#)
            .keeps(r#"{"rule_id":"r","immutable":false, "rule_source":{"type":"internal"}}"#)
            .keeps(r#"{"rule_id":"r","immutable":"true"}"#)
            .keeps(r#"{"rule_id":"r"}"#)
            .keeps(r#"{"list_id":"l","immutable":true}"#);
    }
}
