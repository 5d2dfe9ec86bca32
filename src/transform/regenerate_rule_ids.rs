//! `regenerate-rule-ids`: gives rules new ids.

use super::{Census, Setup, Transform, Verdict, ids};
use crate::error::Result;
use crate::record::{Kind, Record};

/// Gives every rule a new `rule_id`.
///
/// Imported, the rules are then created beside those with the old ids. Nothing in an export refers to a `rule_id`; the
/// object `id` stays, which Kibana sets anew. One of Elastic's own rules becomes a custom rule by it, since Kibana from
/// 8.18 on knows those by their `rule_id`; `--only` keeps them out.
///
/// Example: ruleferry edit regenerate-rule-ids --seed tenant1 --only 'immutable:false' export.ndjson -o out.ndjson
#[derive(Debug, Clone, clap::Args, serde::Deserialize, serde::Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RegenerateRuleIds {
    /// The text that new ids are made from, together with the old ids; random if not given.
    #[arg(long, value_name = "SEED")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    seed: Option<String>,
}

impl Transform for RegenerateRuleIds {
    fn is_idempotent(&self) -> bool {
        false
    }

    fn prepare(&mut self, setup: &mut dyn Setup) -> Result<()> {
        ids::prepare(&mut self.seed, setup)
    }

    fn apply(&self, rule: &mut Record<'_>, _: &Census) -> Result<Verdict> {
        let seed = ids::prepared(self.seed.as_deref())?;
        ids::rename(rule, Kind::Rule, "rule_id", |old| {
            Some(ids::derived(Kind::Rule, seed, old))
        })?;
        Ok(Verdict::Keep)
    }
}

#[cfg(test)]
mod tests {
    use crate::record::Note;
    use crate::transform::testing::check;

    #[test]
    fn rules_alone_change_and_only_their_rule_id() {
        check("regenerate-rule-ids = {}")
            .turns(
                r#"{"id":"acme-1","rule_id" :"acme-1","risk_score":4.70}"#,
                r#"{"id":"acme-1","rule_id" :"f8d20679-b3df-5b28-82f2-405efd847f5a","risk_score":4.70}"#,
            )
            .keeps(r#"{"type":"query","name":"no id"}"#)
            .keeps(r#"{"type":"query","rule_id":""}"#)
            .keeps(r#"{"list_id":"acme-1"}"#)
            .keeps(r#"{"exported_count":0,"missing_rules":[{"rule_id":"acme-1"}]}"#);
    }

    #[test]
    fn tells_old_and_new() {
        check("regenerate-rule-ids = {}").notes(
            r#"{"rule_id":"acme-1"}"#,
            &[Note::Renamed {
                what: "rule",
                old: "acme-1".into(),
                new: "f8d20679-b3df-5b28-82f2-405efd847f5a".into(),
            }],
        );
    }

    #[test]
    fn refuses_an_id_that_is_no_string() {
        check("regenerate-rule-ids = {}").refuses(
            r#"{"rule_id":{}}"#,
            "`rule_id` must be a string, found an object",
        );
    }
}
