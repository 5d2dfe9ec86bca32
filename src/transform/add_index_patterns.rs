//! `add-index-patterns`: adds index patterns to rules.

use super::{Census, Edit, KibanaEdit, Setup, Transform, Verdict};
use crate::edit::IndexPatterns;
use crate::error::Result;
use crate::record::Record;

/// Adds index patterns to rules.
///
/// Patterns that are there come first and each is kept once, as in the bulk edit `add_index_patterns` of Kibana 8 and 9. A
/// rule without `index` gets one. A rule that has all the patterns stays as it is, its data view too.
///
/// A rule with a data view stays as it is, unless `--overwrite-data-views` is given: then the data view goes.
/// Machine learning and ES|QL rules have no index patterns: Kibana refuses them, here they stay and are listed.
/// `threat_index` is never touched.
///
/// Example: ruleferry edit add-index-patterns --pattern 'logs-aws.*' --only 'tags:AWS' export.ndjson -o out.ndjson
#[derive(Debug, Clone, clap::Args, serde::Deserialize, serde::Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct AddIndexPatterns {
    /// A pattern to add; may be given again.
    #[serde(alias = "pattern")]
    #[arg(long = "pattern", required = true, value_name = "PATTERN")]
    patterns: Vec<String>,
    /// Takes the data view away from rules that have one.
    #[arg(long)]
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    overwrite_data_views: bool,

    /// The edit, once prepared.
    #[arg(skip)]
    #[serde(skip)]
    edit: KibanaEdit,
}

impl Transform for AddIndexPatterns {
    fn prepare(&mut self, _: &mut dyn Setup) -> Result<()> {
        self.edit = Edit::AddIndexPatterns(IndexPatterns {
            patterns: self.patterns.clone(),
            overwrite_data_views: self.overwrite_data_views,
        })
        .into();
        Ok(())
    }

    fn apply(&self, rule: &mut Record<'_>, _: &Census) -> Result<Verdict> {
        self.edit.apply(rule)
    }
}

#[cfg(test)]
mod tests {
    use crate::record::Note;
    use crate::transform::testing::check;

    #[test]
    fn adds_only_what_is_missing() {
        check(r#"add-index-patterns = { patterns = ["logs-*", "x"] }"#)
            .turns(
                r#"{"rule_id":"r","index": ["\u0061", "logs-*"]}"#,
                r#"{"rule_id":"r","index": ["\u0061", "logs-*", "x"]}"#,
            )
            .turns(
                r#"{"rule_id":"r"}"#,
                r#"{"rule_id":"r","index":["logs-*","x"]}"#,
            )
            .turns(
                r#"{"rule_id":"r","index":["a","a"]}"#,
                r#"{"rule_id":"r","index":["a","logs-*","x"]}"#,
            )
            .turns(
                r#"{"rule_id":"r","index":[]}"#,
                r#"{"rule_id":"r","index":["logs-*","x"]}"#,
            )
            .keeps(r#"{"rule_id":"r","index":["x","a","a","logs-*"]}"#)
            .keeps(r#"{"rule_id":"r","index":["x","logs-*"],"threat_index":["y"]}"#);
    }

    #[test]
    fn leaves_data_views_unless_told() {
        let with_view = r#"{"rule_id":"r","data_view_id":"dv","index":["a"]}"#;
        check(r#"add-index-patterns = { patterns = ["x"] }"#)
            .keeps(with_view)
            .turns(
                r#"{"rule_id":"r","data_view_id":null,"index":["a"]}"#,
                r#"{"rule_id":"r","data_view_id":null,"index":["a","x"]}"#,
            )
            .refuses(
                r#"{"rule_id":"r","data_view_id":1}"#,
                "`data_view_id` must be a string, found a number",
            );
        check(r#"add-index-patterns = { patterns = ["x"], overwrite-data-views = true }"#)
            .turns(with_view, r#"{"rule_id":"r","index":["a","x"]}"#)
            .keeps(r#"{"rule_id":"r","data_view_id":"dv","index":["a","x"]}"#);
    }

    #[test]
    fn lists_rules_that_have_no_index_patterns() {
        let machine_learning = r#"{"rule_id":"r","type":"machine_learning"}"#;
        let note = |value: &str, why| Note::Unmapped {
            field: "index".into(),
            value: value.into(),
            why,
        };
        check(r#"add-index-patterns = { patterns = ["x"], overwrite-data-views = true }"#)
            .keeps(machine_learning)
            .notes(machine_learning, &[note("machine_learning", "machine learning rules have no index patterns")])
            .notes(
                r#"{"rule_id":"r","type":"esql","query":"FROM a"}"#,
                &[note("esql", "ES|QL rules name their indices in the query; see `replace-index-patterns --esql`")],
            )
            .notes(r#"{"rule_id":"r","type":"eql","data_view_id":"dv"}"#, &[]);
    }
}
