//! `regenerate-list-ids`: gives exception lists new ids.

use super::{Census, Setup, Transform, Verdict, ids};
use crate::error::Result;
use crate::record::{Kind, Kinds, ListId, Record};

/// Gives every exception list a new `list_id`.
///
/// The `list_id` of its items and of the rules' references follows, in this file and in any other that is run with the same
/// seed. The object `id` of lists and references stays: Kibana's import sets it anew. So do the lists that Kibana itself
/// makes, such as `endpoint_list`, which have one id everywhere. With new ids the lists of a file are created in a space
/// that has the old ones, which a rule import has no option for (the `as_new_list` of Kibana 8 and 9 leaves rules alone).
///
/// Items keep their `item_id`, by which Kibana finds them whatever their list: see `regenerate-item-ids`.
///
/// Example: ruleferry edit regenerate-list-ids --seed tenant1 --map ids.csv export.ndjson -o out.ndjson
#[derive(Debug, Clone, clap::Args, serde::Deserialize, serde::Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RegenerateListIds {
    /// The text that new ids are made from, together with the old ids; random if not given.
    #[arg(long, value_name = "SEED")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    seed: Option<String>,
}

impl Transform for RegenerateListIds {
    fn kinds(&self) -> Kinds {
        Kinds::of(&[Kind::Rule, Kind::ExceptionList, Kind::ExceptionItem])
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

    fn apply(&self, record: &mut Record<'_>, _: &Census) -> Result<Verdict> {
        let seed = ids::prepared(self.seed.as_deref())?;
        let new = |old: &str| {
            (!ListId::from(old).is_reserved()).then(|| ids::derived(Kind::ExceptionList, seed, old))
        };
        if record.kind() == Kind::Rule {
            ids::rename_each(
                record,
                Kind::ExceptionList,
                ("exceptions_list", "list_id"),
                new,
            )?;
        } else {
            ids::rename(record, Kind::ExceptionList, "list_id", new)?;
        }
        Ok(Verdict::Keep)
    }
}

#[cfg(test)]
mod tests {
    use crate::record::Note;
    use crate::transform::testing::{check, refused_settings};

    #[test]
    fn lists_items_and_rules_agree_wherever_they_stand() {
        check("regenerate-list-ids = {}")
            .turns(
                r#"{"list_id" : "acme-list","id":"acme-list","namespace_type":"agnostic"}"#,
                r#"{"list_id" : "f33e1cf9-85c9-54f6-afbb-e3cb282f2b61","id":"acme-list","namespace_type":"agnostic"}"#,
            )
            .turns(
                r#"{"item_id":"acme-list","list_id":"\u0061cme-list","entries":[{"type":"list","list":{"id":"acme-list"}}]}"#,
                r#"{"item_id":"acme-list","list_id":"f33e1cf9-85c9-54f6-afbb-e3cb282f2b61","entries":[{"type":"list","list":{"id":"acme-list"}}]}"#,
            )
            .turns(
                r#"{"rule_id":"acme-list","exceptions_list":[ {"list_id":"acme-list","id":"x"},{"list_id": "acme-list"} , {"list_id":"b"}]}"#,
                r#"{"rule_id":"acme-list","exceptions_list":[ {"list_id":"f33e1cf9-85c9-54f6-afbb-e3cb282f2b61","id":"x"},{"list_id": "f33e1cf9-85c9-54f6-afbb-e3cb282f2b61"} , {"list_id":"a699d4ef-7855-56bc-b71c-0ed2312babc3"}]}"#,
            );
    }

    #[test]
    fn lists_that_kibana_makes_and_missing_ids_stay() {
        check("regenerate-list-ids = {}")
            .keeps(r#"{"list_id":"endpoint_list","namespace_type":"agnostic"}"#)
            .keeps(r#"{"item_id":"i","list_id":"endpoint_trusted_apps"}"#)
            .keeps(r#"{"rule_id":"r","exceptions_list":[{"list_id":"endpoint_list"},{"list_id":""},{"id":"x"}]}"#)
            .keeps(r#"{"rule_id":"r","exceptions_list":null}"#)
            .keeps(r#"{"rule_id":"r","list":"acme-list"}"#)
            .keeps(r#"{"item_id":"i"}"#)
            .keeps(r#"{"list_id":null}"#);
    }

    #[test]
    fn another_seed_gives_another_id() {
        check(r#"regenerate-list-ids = { seed = "tenant1" }"#).turns(
            r#"{"list_id":"acme-list"}"#,
            r#"{"list_id":"9c91708b-f45b-5cf3-bddb-deee18804a01"}"#,
        );
    }

    #[test]
    fn tells_old_and_new() {
        let renamed = |old: &str, new: &str| Note::Renamed {
            what: "exception-list",
            old: old.into(),
            new: new.into(),
        };
        check("regenerate-list-ids = {}").notes(
            concat!(
                r#"{"rule_id":"r","exceptions_list":[{"list_id":"b"},{"list_id":"endpoint_list"}]}"#,
                "\n",
                r#"{"list_id":"acme-list"}"#
            ),
            &[
                renamed("b", "a699d4ef-7855-56bc-b71c-0ed2312babc3"),
                renamed("acme-list", "f33e1cf9-85c9-54f6-afbb-e3cb282f2b61"),
            ],
        );
    }

    #[test]
    fn refuses_ids_that_are_no_strings() {
        check("regenerate-list-ids = {}")
            .refuses(
                r#"{"list_id":7}"#,
                "`list_id` must be a string, found a number",
            )
            .refuses(
                r#"{"rule_id":"r","exceptions_list":[{"list_id":"a"},{"list_id":["a"]}]}"#,
                "`list_id` must be a string, found an array",
            )
            .refuses(
                r#"{"rule_id":"r","exceptions_list":{}}"#,
                "`exceptions_list` must be an array, found an object",
            );
    }

    #[test]
    fn refuses_an_empty_seed() {
        assert_eq!(
            refused_settings(r#"regenerate-list-ids = { seed = "" }"#),
            "`seed` must be a text, found an empty one"
        );
    }
}
