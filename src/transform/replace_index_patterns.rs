//! `replace-index-patterns`: replaces index patterns wherever rules name them.

use super::replacement::Replacement;
use super::{Census, Setup, Transform, Verdict, esql, strings};
use crate::edit::index_patterns::data_view;
use crate::error::{Error, Result};
use crate::json::quoted;
use crate::record::{Note, Record};

/// Replaces index patterns wherever rules name them.
///
/// OLD stands for a whole pattern. Each `*` in it captures any text, `*` included, and the `*`s of NEW put the captured
/// texts back in order: `logs-*-default=logs-*-emea` makes `logs-endpoint.*-emea` of `logs-endpoint.*-default`. Of several
/// `*`s each captures as little as possible. The first `--replace` that matches a pattern is applied to it, once. A pattern
/// that becomes equal to another in its list goes.
///
/// What follows the `-` of an exclusion is replaced, and the index behind any `cluster:`, which stays. A `--replace` that
/// names a cluster itself is for whole patterns with their clusters.
///
/// `index` is edited always, `threat_index` and the sources of ES|QL queries when asked for. Index names in filters and
/// other queries stay. An ES|QL query that cannot be read for certain refuses its rule. A rule that goes by a data view
/// alone stays as it is and is listed. Kibana has no such edit: 8.x and 9.x add, delete and set exact patterns.
///
/// Example: ruleferry edit replace-index-patterns --replace 'logs-*-default=logs-*-emea' --esql export.ndjson -o out.ndjson
#[derive(Debug, Clone, clap::Args, serde::Deserialize, serde::Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ReplaceIndexPatterns {
    /// A pattern and what takes its place; may be given again.
    #[serde(alias = "replace")]
    #[arg(long = "replace", required = true, value_name = "OLD=NEW")]
    replaces: Vec<Replacement>,
    /// Edits `threat_index` too.
    #[arg(long)]
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    threat_index: bool,
    /// Edits the sources of ES|QL queries too.
    #[arg(long)]
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    esql: bool,
}

impl ReplaceIndexPatterns {
    fn query(&self, rule: &mut Record<'_>) -> Result<()> {
        let Some(query) = strings::one(rule, "query")? else {
            return Ok(());
        };
        let new = |index: &str| {
            Some(vec![
                self.replaces
                    .iter()
                    .find_map(|replace| replace.of_index(index))?,
            ])
        };
        if let Some(query) = esql::replace(&query, new).map_err(|error| error.within("query"))? {
            rule.set("query", quoted(&query));
        }
        Ok(())
    }

    fn note_data_view(rule: &mut Record<'_>) -> Result<()> {
        let Some(view) = data_view(rule)? else {
            return Ok(());
        };
        let value = view.into();
        if rule
            .strings("index")?
            .is_none_or(|patterns| patterns.is_empty())
        {
            let why =
                "the rule goes by a data view; see `set-index-patterns --overwrite-data-views`";
            rule.note(Note::Unmapped {
                field: "data_view_id".into(),
                value,
                why,
            });
        }
        Ok(())
    }
}

impl Transform for ReplaceIndexPatterns {
    // What was put in may match again, as in `logs-*=logs-*-emea`.
    fn is_idempotent(&self) -> bool {
        false
    }

    fn prepare(&mut self, _: &mut dyn Setup) -> Result<()> {
        if self.replaces.is_empty() {
            return Err(Error::usage(
                "`replace-index-patterns` needs at least one OLD=NEW",
            ));
        }
        match self
            .replaces
            .iter()
            .find(|replace| self.esql && replace.names_cluster())
        {
            Some(replace) => Err(Error::usage(format!(
                "clusters stay in ES|QL queries; `{replace}` names one, so it cannot go with `--esql`"
            ))),
            None => Ok(()),
        }
    }

    fn apply(&self, rule: &mut Record<'_>, _: &Census) -> Result<Verdict> {
        let new = |pattern: &str| {
            self.replaces
                .iter()
                .find_map(|replace| replace.of_pattern(pattern))
        };
        strings::replace(rule, "index", new)?;
        if self.threat_index {
            strings::replace(rule, "threat_index", new)?;
        }
        if self.esql && rule.str("type").as_deref() == Some("esql") {
            self.query(rule)?;
        }
        Self::note_data_view(rule)?;
        Ok(Verdict::Keep)
    }
}

#[cfg(test)]
mod tests {
    use crate::record::Note;
    use crate::transform::testing::{check, refused_settings};

    #[test]
    fn replaces_in_index_and_elsewhere_when_asked() {
        let before =
            r#"{"rule_id":"r","index": ["logs-\u0061-x", "b" ],"threat_index":["logs-ti-x"]}"#;
        check(r#"replace-index-patterns = { replaces = ["logs-*-x=logs-*-y"] }"#)
            .turns(
                before,
                r#"{"rule_id":"r","index": ["logs-a-y", "b" ],"threat_index":["logs-ti-x"]}"#,
            )
            .keeps(r#"{"rule_id":"r","type":"esql","query":"FROM logs-a-x"}"#)
            .keeps(r#"{"rule_id":"r","index":[]}"#)
            .refuses(
                r#"{"rule_id":"r","index":"a"}"#,
                "`index` must be an array of strings, found a string",
            );
        check(
            r#"replace-index-patterns = { replaces = ["logs-*-x=logs-*-y"], threat-index = true }"#,
        )
        .turns(
            before,
            r#"{"rule_id":"r","index": ["logs-a-y", "b" ],"threat_index":["logs-ti-y"]}"#,
        );
    }

    #[test]
    fn applies_the_first_that_matches_once() {
        check(r#"replace-index-patterns = { replaces = ["a=b", "b=c", "*=z-*"] }"#).turns(
            r#"{"rule_id":"r","index":["a","b","x"]}"#,
            r#"{"rule_id":"r","index":["b","c","z-x"]}"#,
        );
        check(r#"replace-index-patterns = { replaces = ["a*=a"] }"#).turns(
            r#"{"rule_id":"r","index":["a1","a2","b"]}"#,
            r#"{"rule_id":"r","index":["a","b"]}"#,
        );
    }

    #[test]
    fn replaces_the_sources_of_queries() {
        check(r#"replace-index-patterns = { replaces = ["logs-*=l-*"], esql = true }"#)
            .turns(
                r#"{"rule_id":"r","type":"esql","query":"FROM eu:logs-a, -logs-b /*logs-c*/ METADATA _id\n| WHERE x == \"logs-d\""}"#,
                r#"{"rule_id":"r","type":"esql","query":"FROM eu:l-a, -l-b /*logs-c*/ METADATA _id\n| WHERE x == \"logs-d\""}"#,
            )
            .keeps(r#"{"rule_id":"r","type":"esql","query":"FR\u004fM b"}"#)
            .keeps(r#"{"rule_id":"r","type":"eql","query":"FROM logs-a"}"#)
            .keeps(r#"{"rule_id":"r","type":"esql"}"#)
            .refuses(
                r#"{"rule_id":"r","type":"esql","query":"FROM ?where"}"#,
                "expected an index pattern, found `?` at character 6 of the ES|QL query",
            )
            .refuses(r#"{"rule_id":"r","type":"esql","query":7}"#, "`query` must be a string, found a number");
    }

    #[test]
    fn leaves_data_views_and_lists_them() {
        let why = "the rule goes by a data view; see `set-index-patterns --overwrite-data-views`";
        let note = Note::Unmapped {
            field: "data_view_id".into(),
            value: "dv".into(),
            why,
        };
        check(r#"replace-index-patterns = { replaces = ["a=b"] }"#)
            .notes(r#"{"rule_id":"r","data_view_id":"dv"}"#, &[note])
            .keeps(r#"{"rule_id":"r","data_view_id":"dv"}"#)
            .notes(r#"{"rule_id":"r","data_view_id":"dv","index":["a"]}"#, &[]);
    }

    #[test]
    fn refuses_settings_that_make_no_sense() {
        assert_eq!(
            refused_settings(
                r#"replace-index-patterns = { replaces = ["eu:a=us:a"], esql = true }"#
            ),
            "clusters stay in ES|QL queries; `eu:a=us:a` names one, so it cannot go with `--esql`"
        );
        assert!(
            refused_settings(r#"replace-index-patterns = { replaces = ["a=*"] }"#)
                .contains("more of them")
        );
        assert!(
            refused_settings("replace-index-patterns = { replaces = [] }").contains("at least one")
        );
    }
}
