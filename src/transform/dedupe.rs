//! `dedupe`: keeps each record once.

use super::{Census, Transform, Verdict};
use crate::error::Result;
use crate::record::{Kinds, Record, RecordKey};

/// Keeps each rule, exception list, exception item and connector once.
///
/// Rules are the same by `rule_id`, lists by `list_id` and namespace, items by `item_id` and `list_id`, connectors and other
/// saved objects by type and `id`. Of equal ones the last stays, which is the one that Kibana imports (8.0 to 9.x), though
/// it reports an error for the others unless told to overwrite; two saved objects of one type and id make it refuse the
/// whole file. Two lists of one `list_id` in two namespaces both stay: Kibana has room for both, but imports one of them
/// when they are in one file.
///
/// Joins several files into one bundle: of `a.ndjson b.ndjson` the records of b win.
///
/// Example: ruleferry edit dedupe a.ndjson b.ndjson -o both.ndjson
#[derive(Debug, Clone, clap::Args, serde::Deserialize, serde::Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Dedupe {
    /// Which of equal records stays.
    #[arg(long, value_name = "WHICH", default_value = "last")]
    #[serde(default, skip_serializing_if = "is_last")]
    keep: Which,
}

#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Default,
    clap::ValueEnum,
    serde::Deserialize,
    serde::Serialize,
)]
#[serde(rename_all = "kebab-case")]
enum Which {
    /// The last, as Kibana does.
    #[default]
    Last,
    /// The first.
    First,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn is_last(which: &Which) -> bool {
    *which == Which::Last
}

impl Transform for Dedupe {
    fn kinds(&self) -> Kinds {
        Kinds::ALL
    }

    fn needs_census(&self) -> bool {
        true
    }

    fn needs_places(&self) -> bool {
        true
    }

    fn takes_only(&self) -> bool {
        false
    }

    fn apply(&self, record: &mut Record<'_>, census: &Census) -> Result<Verdict> {
        let Some((first, last)) = RecordKey::of(record).and_then(|key| census.places(&key)) else {
            return Ok(Verdict::Keep);
        };
        let stays = match self.keep {
            Which::Last => last,
            Which::First => first,
        };
        Ok(if record.ordinal() == stays {
            Verdict::Keep
        } else {
            Verdict::Drop
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::transform::testing::check;

    const RULES: &str =
        "{\"rule_id\":\"a\",\"v\":1}\n\n{\"rule_id\":\"b\"}\n{\"rule_id\":\"\\u0061\",\"v\":2}\n";

    #[test]
    fn keeps_the_last_as_kibana_does() {
        check("dedupe = {}").turns(
            RULES,
            "\n{\"rule_id\":\"b\"}\n{\"rule_id\":\"\\u0061\",\"v\":2}\n",
        );
    }

    #[test]
    fn keeps_the_first_when_asked_to() {
        check(r#"dedupe = { keep = "first" }"#).turns(
            RULES,
            "{\"rule_id\":\"a\",\"v\":1}\n\n{\"rule_id\":\"b\"}\n",
        );
    }

    #[test]
    fn tells_records_as_the_importer_does() {
        check("dedupe = {}")
            .keeps(concat!(
                r#"{"list_id":"l","namespace_type":"single"}"#,
                "\n",
                r#"{"list_id":"l","namespace_type":"agnostic"}"#,
                "\n",
                r#"{"item_id":"l","list_id":"l","entries":[]}"#,
                "\n",
                r#"{"item_id":"l","list_id":"m","entries":[]}"#,
                "\n",
                r#"{"id":"l","type":"action","attributes":{}}"#,
                "\n",
                r#"{"id":"l","type":"dashboard","attributes":{}}"#,
                "\n",
                r#"{"rule_id":"l"}"#,
                "\n",
                r#"{"type":"query"}"#,
                "\n",
                r#"{"type":"query"}"#,
                "\n",
            ))
            .turns(
                "{\"list_id\":\"l\"}\n{\"list_id\":\"l\",\"namespace_type\":\"single\"}",
                "{\"list_id\":\"l\",\"namespace_type\":\"single\"}",
            );
    }

    #[test]
    fn counts_what_stayed() {
        check("dedupe = {}").turns(
            "{\"rule_id\":\"a\"}\n{\"rule_id\":\"a\"}\n{\"exported_count\":2, \"exported_rules_count\":2}\n",
            "{\"rule_id\":\"a\"}\n{\"exported_count\":1, \"exported_rules_count\":1}\n",
        );
    }
}
