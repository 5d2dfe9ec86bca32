//! `regenerate-item-ids`: gives exception items new ids.

use super::{Census, Setup, Transform, Verdict, ids};
use crate::error::Result;
use crate::record::{Kind, Kinds, Record};

/// Gives every exception item a new `item_id`.
///
/// Nothing in an export refers to it, and the object `id` stays, which Kibana sets anew. Kibana looks an item up by its
/// `item_id` alone: in 8 and 9 an import that overwrites leaves out, without a word, an item that is in the target under
/// another list. So copies of lists need both this and `regenerate-list-ids`.
///
/// Example: ruleferry edit regenerate-item-ids --seed tenant1 export.ndjson -o out.ndjson
#[derive(Debug, Clone, clap::Args, serde::Deserialize, serde::Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RegenerateItemIds {
    /// The text that new ids are made from, together with the old ids; random if not given.
    #[arg(long, value_name = "SEED")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    seed: Option<String>,
}

impl Transform for RegenerateItemIds {
    fn kinds(&self) -> Kinds {
        Kinds::of(&[Kind::ExceptionItem])
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

    fn apply(&self, item: &mut Record<'_>, _: &Census) -> Result<Verdict> {
        let seed = ids::prepared(self.seed.as_deref())?;
        ids::rename(item, Kind::ExceptionItem, "item_id", |old| {
            Some(ids::derived(Kind::ExceptionItem, seed, old))
        })?;
        Ok(Verdict::Keep)
    }
}

#[cfg(test)]
mod tests {
    use crate::record::Note;
    use crate::transform::testing::check;

    #[test]
    fn items_alone_change_and_only_their_item_id() {
        check("regenerate-item-ids = {}")
            .turns(
                r#"{"id":"item-1", "item_id": "item-1","list_id":"item-1","entries":[]}"#,
                r#"{"id":"item-1", "item_id": "47fd68d1-1b28-58c5-9966-8ec81b6d5df0","list_id":"item-1","entries":[]}"#,
            )
            .keeps(r#"{"entries":[],"list_id":"item-1"}"#)
            .keeps(r#"{"item_id":"","list_id":"item-1"}"#)
            .keeps(r#"{"list_id":"item-1"}"#)
            .keeps(r#"{"rule_id":"item-1"}"#);
    }

    #[test]
    fn tells_old_and_new() {
        check("regenerate-item-ids = {}").notes(
            r#"{"item_id":"item-1"}"#,
            &[Note::Renamed {
                what: "exception-item",
                old: "item-1".into(),
                new: "47fd68d1-1b28-58c5-9966-8ec81b6d5df0".into(),
            }],
        );
    }

    #[test]
    fn refuses_an_id_that_is_no_string() {
        check("regenerate-item-ids = {}").refuses(
            r#"{"item_id":true}"#,
            "`item_id` must be a string, found a boolean",
        );
    }
}
