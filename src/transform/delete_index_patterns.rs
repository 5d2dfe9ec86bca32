//! `delete-index-patterns`: takes index patterns away from rules.

use super::{Census, Edit, KibanaEdit, Setup, Transform, Verdict};
use crate::edit::IndexPatterns;
use crate::error::Result;
use crate::record::Record;

/// Takes index patterns away from rules.
///
/// A pattern goes where it stands exactly so: `*` means itself. As in the bulk edit `delete_index_patterns` of Kibana 8 and 9,
/// a rule that would be left with no pattern is refused; one without `index` stays without.
///
/// A rule with a data view stays as it is, unless `--overwrite-data-views` is given: then the data view goes, also where no
/// pattern does. Machine learning and ES|QL rules have no index patterns: Kibana refuses them, here they stay and are
/// listed. `threat_index` is never touched.
///
/// Example: ruleferry edit delete-index-patterns --pattern 'endgame-*' export.ndjson -o out.ndjson
#[derive(Debug, Clone, clap::Args, serde::Deserialize, serde::Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct DeleteIndexPatterns {
    /// A pattern to take away; may be given again.
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

impl Transform for DeleteIndexPatterns {
    fn prepare(&mut self, _: &mut dyn Setup) -> Result<()> {
        self.edit = Edit::DeleteIndexPatterns(IndexPatterns {
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
    use crate::transform::testing::check;

    #[test]
    fn takes_exact_patterns_away() {
        check(r#"delete-index-patterns = { patterns = ["endgame-*", "b"] }"#)
            .turns(
                r#"{"rule_id":"r","index": ["\u0061", "endgame-*" ,"a","b"]}"#,
                r#"{"rule_id":"r","index": ["\u0061" ,"a"]}"#,
            )
            .keeps(r#"{"rule_id":"r","index":["endgame-x"],"threat_index":["b"]}"#)
            .keeps(r#"{"rule_id":"r","index":[]}"#)
            .keeps(r#"{"rule_id":"r"}"#);
    }

    #[test]
    fn refuses_to_leave_no_pattern() {
        check(r#"delete-index-patterns = { patterns = ["a"] }"#)
            .refuses(
                r#"{"rule_id":"r","index":["a","a"]}"#,
                "Mutated params invalid: Index patterns can't be empty",
            )
            .refuses(
                r#"{"rule_id":"r","index":"a"}"#,
                "`index` must be an array of strings, found a string",
            );
    }

    #[test]
    fn overwrites_data_views_even_where_no_pattern_goes() {
        let with_view = r#"{"rule_id":"r","data_view_id":"dv","index":["b"]}"#;
        check(r#"delete-index-patterns = { patterns = ["a"] }"#)
            .keeps(with_view)
            .keeps(r#"{"rule_id":"r","data_view_id":"dv","index":["a"]}"#);
        check(r#"delete-index-patterns = { patterns = ["a"], overwrite-data-views = true }"#)
            .turns(with_view, r#"{"rule_id":"r","index":["b"]}"#)
            .turns(
                r#"{"rule_id":"r","data_view_id":"dv"}"#,
                r#"{"rule_id":"r"}"#,
            )
            .keeps(r#"{"rule_id":"r","type":"esql","data_view_id":"dv"}"#)
            .refuses(
                r#"{"rule_id":"r","data_view_id":"dv","index":[]}"#,
                "Mutated params invalid: Index patterns can't be empty",
            );
    }
}
