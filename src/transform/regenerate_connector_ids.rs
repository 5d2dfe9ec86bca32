//! `regenerate-connector-ids`: gives connectors new ids.

use uuid::Uuid;

use super::{Census, Setup, Transform, Verdict, ids};
use crate::error::Result;
use crate::record::{Kind, Kinds, Record, is_system_connector};

/// Gives every connector a new `id`.
///
/// The rules' `actions[].id` follows, in this file and in any other that is run with the same seed. An action keeps its id if
/// its connector may be one that is in no file: a system connector, or a preconfigured one, whose id is a name. So an id in
/// an action changes if the bundle has the connector's line or if it is a UUID, as those that Kibana makes are.
///
/// Connector ids are unique over all spaces of a cluster since Kibana 8.0. With ids of its own for each space, an import
/// neither meets nor overwrites the connectors of another, and Kibana need not rewrite the rules. The `originId` of a
/// connector that gets a new id goes: Kibana before 8.19 and 9.1 would meet other connectors by it, later ones ignore it.
///
/// Example: ruleferry edit regenerate-connector-ids --seed tenant1 export.ndjson -o out.ndjson
#[derive(Debug, Clone, clap::Args, serde::Deserialize, serde::Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RegenerateConnectorIds {
    /// The text that new ids are made from, together with the old ids; random if not given.
    #[arg(long, value_name = "SEED")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    seed: Option<String>,
}

impl Transform for RegenerateConnectorIds {
    fn kinds(&self) -> Kinds {
        Kinds::of(&[Kind::Rule, Kind::Connector])
    }

    fn needs_census(&self) -> bool {
        true
    }

    fn takes_only(&self) -> bool {
        false
    }

    fn is_idempotent(&self) -> bool {
        false
    }

    fn prepare(&mut self, setup: &mut dyn Setup) -> Result<()> {
        ids::prepare(&mut self.seed, setup)
    }

    fn apply(&self, record: &mut Record<'_>, census: &Census) -> Result<Verdict> {
        let seed = ids::prepared(self.seed.as_deref())?;
        let follows =
            |id: &str| !is_system_connector(id) && (census.has_connector(id) || is_uuid(id));
        let new = |old: &str| follows(old).then(|| ids::derived(Kind::Connector, seed, old));
        if record.kind() == Kind::Rule {
            ids::rename_each(record, Kind::Connector, ("actions", "id"), new)?;
        } else if record.is_connector() && ids::rename(record, Kind::Connector, "id", new)? {
            record.remove("originId");
        }
        Ok(Verdict::Keep)
    }
}

/// Whether the id is spelt as Kibana spells a UUID.
fn is_uuid(id: &str) -> bool {
    const HYPHENATED: usize = 36;
    id.len() == HYPHENATED && Uuid::try_parse(id).is_ok()
}

#[cfg(test)]
mod tests {
    use crate::record::Note;
    use crate::transform::testing::check;

    const UUID_RULE: &str =
        r#"{"rule_id":"r","actions":[ {"id":"1be16246-642a-4ed8-bfd3-b47f8c7d7055" ,"uuid":"u"}]}"#;

    #[test]
    fn connectors_and_the_actions_through_them_agree() {
        check("regenerate-connector-ids = {}").turns(
            concat!(
                r#"{"rule_id":"slack-1","actions":[{"id": "slack-1","params":{"id":"slack-1"}},{"id":"slack-1"}]}"#,
                "\n",
                r#"{"id":"slack-1","type":"action","attributes":{"name":"slack-1"}, "originId":"o","version":"w"}"#,
                "\n"
            ),
            concat!(
                r#"{"rule_id":"slack-1","actions":[{"id": "dce481db-d7d6-5037-8984-a279cb408369","params":{"id":"slack-1"}},{"id":"dce481db-d7d6-5037-8984-a279cb408369"}]}"#,
                "\n",
                r#"{"id":"dce481db-d7d6-5037-8984-a279cb408369","type":"action","attributes":{"name":"slack-1"},"version":"w"}"#,
                "\n"
            ),
        );
    }

    #[test]
    fn ids_that_kibana_made_change_without_their_connector_at_hand() {
        check("regenerate-connector-ids = {}").turns(
            UUID_RULE,
            r#"{"rule_id":"r","actions":[ {"id":"aca433ce-8f20-5a54-9d0a-a45b1336cbd0" ,"uuid":"u"}]}"#,
        );
    }

    #[test]
    fn connectors_that_are_in_no_file_keep_their_ids() {
        check("regenerate-connector-ids = {}")
            .keeps(r#"{"rule_id":"r","actions":[{"id":"soc-mail"},{"id":"system-connector-.cases"},{"id":""},{}]}"#)
            .keeps(r#"{"rule_id":"r","actions":[{"id":"1be16246642a4ed8bfd3b47f8c7d7055"}]}"#)
            .keeps(r#"{"id":"system-connector-.cases","type":"action","attributes":{},"originId":"o"}"#);
    }

    #[test]
    fn other_saved_objects_stay() {
        check("regenerate-connector-ids = {}")
            .keeps(r#"{"id":"1be16246-642a-4ed8-bfd3-b47f8c7d7055","type":"dashboard","attributes":{},"originId":"o"}"#)
            .keeps(r#"{"type":"action","attributes":{},"originId":"o"}"#);
    }

    #[test]
    fn tells_old_and_new() {
        check("regenerate-connector-ids = {}").notes(
            UUID_RULE,
            &[Note::Renamed {
                what: "connector",
                old: "1be16246-642a-4ed8-bfd3-b47f8c7d7055".into(),
                new: "aca433ce-8f20-5a54-9d0a-a45b1336cbd0".into(),
            }],
        );
    }

    #[test]
    fn refuses_ids_that_are_no_strings() {
        check("regenerate-connector-ids = {}")
            .refuses(
                r#"{"rule_id":"r","actions":[{"id":1}]}"#,
                "`id` must be a string, found a number",
            )
            .refuses(
                r#"{"rule_id":"r","actions":"none"}"#,
                "`actions` must be an array, found a string",
            )
            .refuses(
                r#"{"id":[],"type":"action","attributes":{}}"#,
                "`id` must be a string, found an array",
            );
    }
}
