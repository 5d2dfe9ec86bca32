//! `set-index-patterns`: gives rules exactly these index patterns.

use super::{Census, Edit, KibanaEdit, Setup, Transform, Verdict};
use crate::edit::IndexPatterns;
use crate::error::{Error, Result};
use crate::record::Record;

/// Gives rules exactly these index patterns.
///
/// Order and repeats stay as given, as in the bulk edit `set_index_patterns` of Kibana 8 and 9.
///
/// A rule with a data view stays as it is, unless `--overwrite-data-views` is given: then the data view goes.
/// Machine learning and ES|QL rules have no index patterns: Kibana refuses them, here they stay and are listed.
/// `threat_index` is never touched.
///
/// Example: ruleferry edit set-index-patterns --pattern 'logs-*' --overwrite-data-views export.ndjson -o out.ndjson
#[derive(Debug, Clone, clap::Args, serde::Deserialize, serde::Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SetIndexPatterns {
    /// A pattern to set; may be given again.
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

impl Transform for SetIndexPatterns {
    fn prepare(&mut self, _: &mut dyn Setup) -> Result<()> {
        if self.patterns.is_empty() {
            return Err(Error::usage(
                "`set-index-patterns` needs at least one pattern: `index` must not be empty",
            ));
        }
        self.edit = Edit::SetIndexPatterns(IndexPatterns {
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
    use crate::transform::testing::{check, refused_settings};

    #[test]
    fn sets_the_list_as_given() {
        check(r#"set-index-patterns = { patterns = ["b", "a", "b"] }"#)
            .turns(
                r#"{"rule_id":"r","index": ["x"] }"#,
                r#"{"rule_id":"r","index": ["b","a","b"] }"#,
            )
            .turns(
                r#"{"rule_id":"r"}"#,
                r#"{"rule_id":"r","index":["b","a","b"]}"#,
            )
            .keeps(r#"{"rule_id":"r","index":[ "b","\u0061","b"]}"#)
            .keeps(r#"{"rule_id":"r","type":"machine_learning"}"#)
            .refuses(
                r#"{"rule_id":"r","index":{}}"#,
                "`index` must be an array of strings, found an object",
            );
    }

    #[test]
    fn leaves_data_views_unless_told() {
        let with_view = r#"{"rule_id":"r","data_view_id":"dv","type":"eql"}"#;
        check(r#"set-index-patterns = { patterns = ["a"] }"#).keeps(with_view);
        check(r#"set-index-patterns = { patterns = ["a"], overwrite-data-views = true }"#)
            .turns(with_view, r#"{"rule_id":"r","type":"eql","index":["a"]}"#)
            .turns(
                r#"{"rule_id":"r","data_view_id":"dv","index":["a"]}"#,
                r#"{"rule_id":"r","index":["a"]}"#,
            );
    }

    #[test]
    fn refuses_an_empty_list() {
        assert_eq!(
            refused_settings("set-index-patterns = { patterns = [] }"),
            "`set-index-patterns` needs at least one pattern: `index` must not be empty"
        );
    }
}
