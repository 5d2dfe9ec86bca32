//! `delete-investigation-fields`: takes away fields that rules highlight for an investigation.

use super::{Census, Edit, KibanaEdit, Setup, Transform, Verdict, investigation_fields};
use crate::error::Result;
use crate::record::Record;

/// Takes away fields that rules highlight for an investigation.
///
/// A field goes where it stands exactly so. With the last one `investigation_fields` goes, as in the bulk edit
/// `delete_investigation_fields` of Kibana 9.
/// The array that Kibana 8.10 had in place of the object is read as well, and becomes the object where something changes.
///
/// Example: ruleferry edit delete-investigation-fields --field user.name export.ndjson -o out.ndjson
#[derive(Debug, Clone, clap::Args, serde::Deserialize, serde::Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct DeleteInvestigationFields {
    /// A field to take away; may be given again.
    #[serde(alias = "field")]
    #[arg(long = "field", required = true, value_name = "FIELD")]
    fields: Vec<String>,

    /// The edit, once prepared.
    #[arg(skip)]
    #[serde(skip)]
    edit: KibanaEdit,
}

impl Transform for DeleteInvestigationFields {
    fn prepare(&mut self, _: &mut dyn Setup) -> Result<()> {
        let fields = investigation_fields::checked("delete-investigation-fields", &self.fields)?;
        self.edit = Edit::DeleteInvestigationFields(fields).into();
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
    fn takes_exact_fields_away() {
        check(r#"delete-investigation-fields = { fields = ["a", "*"] }"#)
            .turns(
                r#"{"rule_id":"r","investigation_fields":{"field_names": ["a", "b" ,"A","a"]}}"#,
                r#"{"rule_id":"r","investigation_fields":{"field_names": ["b" ,"A"]}}"#,
            )
            .turns(
                r#"{"rule_id":"r","investigation_fields":["a","b"]}"#,
                r#"{"rule_id":"r","investigation_fields":{"field_names":["b"]}}"#,
            )
            .turns(
                r#"{"rule_id":"r","investigation_fields":{"field_names":["a"]},"n":1.0}"#,
                r#"{"rule_id":"r","n":1.0}"#,
            )
            .keeps(r#"{"rule_id":"r","investigation_fields":["b"]}"#)
            .keeps(r#"{"rule_id":"r"}"#)
            .refuses(
                r#"{"rule_id":"r","investigation_fields":{"field_names":["a",1]}}"#,
                "`field_names` must be an array of strings, found a number among them",
            );
    }

    #[test]
    fn refuses_no_field() {
        assert_eq!(
            refused_settings("delete-investigation-fields = { fields = [] }"),
            "`delete-investigation-fields` needs at least one field, found none"
        );
    }
}
