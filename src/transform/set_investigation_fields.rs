//! `set-investigation-fields`: gives rules exactly these fields to highlight for an investigation.

use super::{Census, Edit, KibanaEdit, Setup, Transform, Verdict, investigation_fields};
use crate::error::Result;
use crate::record::Record;

/// Gives rules exactly these fields to highlight for an investigation.
///
/// Order and repeats stay as given, as in the bulk edit `set_investigation_fields` of Kibana 9.
/// The array that Kibana 8.10 had in place of the object becomes the object.
///
/// Example: ruleferry edit set-investigation-fields --field host.name --field process.name export.ndjson -o out.ndjson
#[derive(Debug, Clone, clap::Args, serde::Deserialize, serde::Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SetInvestigationFields {
    /// A field to set; may be given again.
    #[serde(alias = "field")]
    #[arg(long = "field", required = true, value_name = "FIELD")]
    fields: Vec<String>,

    /// The edit, once prepared.
    #[arg(skip)]
    #[serde(skip)]
    edit: KibanaEdit,
}

impl Transform for SetInvestigationFields {
    fn prepare(&mut self, _: &mut dyn Setup) -> Result<()> {
        let fields = investigation_fields::checked("set-investigation-fields", &self.fields)?;
        self.edit = Edit::SetInvestigationFields(fields).into();
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
    fn sets_the_list_as_given() {
        check(r#"set-investigation-fields = { field = ["b", "a", "b"] }"#)
            .turns(
                r#"{"rule_id":"r","investigation_fields":{"field_names":["x"]},"n":1.0}"#,
                r#"{"rule_id":"r","investigation_fields":{"field_names":["b","a","b"]},"n":1.0}"#,
            )
            .turns(
                r#"{"rule_id":"r"}"#,
                r#"{"rule_id":"r","investigation_fields":{"field_names":["b","a","b"]}}"#,
            )
            .turns(
                r#"{"rule_id":"r","investigation_fields":["b","a","b"]}"#,
                r#"{"rule_id":"r","investigation_fields":{"field_names":["b","a","b"]}}"#,
            )
            .keeps(r#"{"rule_id":"r","investigation_fields":{"field_names":[ "b","\u0061","b"]}}"#)
            .refuses(
                r#"{"rule_id":"r","investigation_fields":7}"#,
                "`investigation_fields` must be an object, found a number",
            );
    }

    #[test]
    fn refuses_no_field() {
        assert_eq!(
            refused_settings("set-investigation-fields = { fields = [] }"),
            "`set-investigation-fields` needs at least one field, found none"
        );
    }
}
