//! `drop-unreferenced`: leaves out lists and connectors that no rule needs.

use super::{Census, Transform, Verdict};
use crate::error::Result;
use crate::record::{Kind, Kinds, Record};

/// Leaves out exception lists that no rule refers to, their items, and connectors that no action goes through.
///
/// A rule refers to a list by `list_id` and namespace, as Kibana's import does, and to a connector by an action's `id`. An
/// item stays if some rule refers to its list, be that list in the file or not. The lists of Elastic Endpoint, such as
/// `endpoint_list`, always stay: Endpoint uses them without a rule. So do saved objects other than connectors.
///
/// In files without rules nothing is referred to: an export of exception lists alone would lose them all.
///
/// Example: ruleferry edit drop-unreferenced export.ndjson -o out.ndjson
#[derive(Debug, Clone, clap::Args, serde::Deserialize, serde::Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct DropUnreferenced {}

impl Transform for DropUnreferenced {
    fn kinds(&self) -> Kinds {
        Kinds::of(&[Kind::ExceptionList, Kind::ExceptionItem, Kind::Connector])
    }

    fn needs_census(&self) -> bool {
        true
    }

    fn takes_only(&self) -> bool {
        false
    }

    fn apply(&self, record: &mut Record<'_>, census: &Census) -> Result<Verdict> {
        let is_needed = match record.kind() {
            // What does not say which list it is, or belongs to, cannot be judged.
            Kind::ExceptionList | Kind::ExceptionItem => record
                .list_key()
                .is_none_or(|list| list.id.is_reserved() || census.uses_list(&list)),
            Kind::Connector => {
                !record.is_connector()
                    || record.str("id").is_none_or(|id| census.uses_connector(&id))
            }
            Kind::Rule | Kind::Details | Kind::Other => true,
        };
        Ok(if is_needed {
            Verdict::Keep
        } else {
            Verdict::Drop
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::transform::testing::check;

    const RULE: &str = concat!(
        r#"{"rule_id":"r","exceptions_list":[{"id":"x","list_id":"used","namespace_type":"single"},"#,
        r#"{"id":"y","list_id":"absent","namespace_type":"agnostic"}],"actions":[{"id":"c-used"}]}"#,
    );

    #[track_caller]
    fn stays(line: &str) {
        check("drop-unreferenced = {}").keeps(&format!("{line}\n{RULE}\n"));
    }

    #[track_caller]
    fn goes(line: &str) {
        check("drop-unreferenced = {}").turns(&format!("{line}\n{RULE}\n"), &format!("{RULE}\n"));
    }

    #[test]
    fn keeps_the_lists_that_rules_refer_to_and_their_items() {
        stays(r#"{"list_id":"used"}"#);
        stays(r#"{"list_id":"us\u0065d", "namespace_type":"single"}"#);
        stays(r#"{"item_id":"i","list_id":"used","entries":[]}"#);
        stays(r#"{"item_id":"i","list_id":"absent","namespace_type":"agnostic"}"#);
        goes(r#"{"list_id":"unused"}"#);
        goes(r#"{"list_id":"used","namespace_type":"agnostic"}"#);
        goes(r#"{"item_id":"i","list_id":"unused","entries":[]}"#);
        goes(r#"{"item_id":"used","list_id":"c-used","entries":[]}"#);
    }

    #[test]
    fn keeps_the_connectors_that_actions_go_through() {
        stays(r#"{"id":"c-used","type":"action","attributes":{}}"#);
        goes(r#"{"id":"c-unused","type":"action","attributes":{}}"#);
        goes(r#"{"id":"used","type":"action","attributes":{}}"#);
    }

    #[test]
    fn keeps_what_it_cannot_judge() {
        stays(r#"{"list_id":"endpoint_list","namespace_type":"agnostic","type":"endpoint"}"#);
        stays(r#"{"item_id":"i","list_id":"endpoint_trusted_apps","namespace_type":"agnostic"}"#);
        stays(r#"{"item_id":"i","entries":[]}"#);
        stays(r#"{"type":"action","attributes":{}}"#);
        stays(r#"{"id":"d","type":"dashboard","attributes":{}}"#);
        stays(r#"{"some":"thing"}"#);
    }
}
