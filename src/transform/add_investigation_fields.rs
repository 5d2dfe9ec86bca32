//! `add-investigation-fields`: adds fields that rules highlight for an investigation.

use super::{Census, Edit, KibanaEdit, Setup, Transform, Verdict, investigation_fields};
use crate::error::Result;
use crate::record::Record;

/// Adds fields that rules highlight for an investigation.
///
/// Fields that are there come first and each is kept once, as in the bulk edit `add_investigation_fields` of Kibana 9.
/// A rule that has all of them stays as it is.
/// The array that Kibana 8.10 had in place of the object is read as well, and becomes the object where something changes.
///
/// Example: ruleferry edit add-investigation-fields --field host.name --field user.name export.ndjson -o out.ndjson
#[derive(Debug, Clone, clap::Args, serde::Deserialize, serde::Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct AddInvestigationFields {
    /// A field to add; may be given again.
    #[serde(alias = "field")]
    #[arg(long = "field", required = true, value_name = "FIELD")]
    fields: Vec<String>,

    /// The edit, once prepared.
    #[arg(skip)]
    #[serde(skip)]
    edit: KibanaEdit,
}

impl Transform for AddInvestigationFields {
    fn prepare(&mut self, _: &mut dyn Setup) -> Result<()> {
        let fields = investigation_fields::checked("add-investigation-fields", &self.fields)?;
        self.edit = Edit::AddInvestigationFields(fields).into();
        Ok(())
    }

    fn apply(&self, rule: &mut Record<'_>, _: &Census) -> Result<Verdict> {
        self.edit.apply(rule)
    }
}

#[cfg(test)]
mod tests {
    use crate::transform::testing::{check, refused_settings};

    #[test]
    fn adds_only_what_is_missing() {
        check(r#"add-investigation-fields = { fields = ["a", "b"] }"#)
            .turns(
                r#"{"rule_id":"r","investigation_fields": {"field_names": [ "\u0062"]},"n":1.0}"#,
                r#"{"rule_id":"r","investigation_fields": {"field_names": [ "\u0062","a"]},"n":1.0}"#,
            )
            .turns(
                r#"{"rule_id":"r"}"#,
                r#"{"rule_id":"r","investigation_fields":{"field_names":["a","b"]}}"#,
            )
            .turns(
                r#"{"rule_id":"r","investigation_fields":["c"]}"#,
                r#"{"rule_id":"r","investigation_fields":{"field_names":["c","a","b"]}}"#,
            )
            .keeps(r#"{"rule_id":"r","investigation_fields":["b","a"]}"#)
            .keeps(r#"{"rule_id":"r","investigation_fields":{"field_names":["b","a","a"]}}"#)
            .keeps(r#"{"list_id":"l"}"#)
            .refuses(
                r#"{"rule_id":"r","investigation_fields":"a"}"#,
                "`investigation_fields` must be an object, found a string",
            );
    }

    #[test]
    fn refuses_no_field_and_blank_ones() {
        assert_eq!(
            refused_settings("add-investigation-fields = { fields = [] }"),
            "`add-investigation-fields` needs at least one field, found none"
        );
        assert_eq!(
            refused_settings(r#"add-investigation-fields = { fields = ["a", " "] }"#),
            "a field must be a text that is not blank, found ` `"
        );
    }
}
