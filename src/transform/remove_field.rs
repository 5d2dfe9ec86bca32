//! `remove-field`: removes any field of a record.

use super::field_path::{Change, FieldPath, RecordKind, kinds};
use super::{Census, Transform, Verdict};
use crate::error::Result;
use crate::record::{Kind, Kinds, Record};

/// Removes a field from rules, or from other records.
///
/// The path is names with `.` between them: `meta.from`. `[]` stands for all elements of an array, `[0]` for the first:
/// `actions[].alerts_filter`. A name with a dot is written as a JSON string: `meta."a.b"`. A path that ends in brackets
/// removes the elements themselves. Where the way ends before the path does, nothing happens. A record is refused where the
/// way meets a value of another type, and where it would become a record of another kind.
///
/// Example: ruleferry edit remove-field --path meta.from export.ndjson -o out.ndjson
#[derive(Debug, Clone, clap::Args, serde::Deserialize, serde::Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RemoveField {
    /// The field to remove, as in `actions[].alerts_filter`.
    #[arg(long, value_name = "PATH")]
    path: FieldPath,

    /// A kind of records to remove it from; may be given again. Without it: rules.
    #[serde(alias = "kind")]
    #[arg(long = "kind", value_name = "KIND")]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    kinds: Vec<RecordKind>,
}

impl Transform for RemoveField {
    fn kinds(&self) -> Kinds {
        kinds(&self.kinds)
    }

    fn takes_only(&self) -> bool {
        self.kinds().has(Kind::Rule)
    }

    fn is_idempotent(&self) -> bool {
        // Once the first element is gone, another one is the first.
        !self.path.ends_in_a_place()
    }

    fn apply(&self, record: &mut Record<'_>, _: &Census) -> Result<Verdict> {
        self.path.change(record, Change::Remove)?;
        Ok(Verdict::Keep)
    }
}

#[cfg(test)]
mod tests {
    use crate::transform::testing::check;

    #[test]
    fn removes_a_member_with_its_comma() {
        check(r#"remove-field = { path = "meta.from" }"#)
            .turns(
                r#"{"rule_id":"r","meta":{"a":1, "from":"1m" }}"#,
                r#"{"rule_id":"r","meta":{"a":1 }}"#,
            )
            .keeps(r#"{"rule_id":"r","meta":{ }}"#)
            .keeps(r#"{"rule_id":"r","meta":null}"#)
            .keeps(r#"{"rule_id":"r","from":"1m"}"#)
            .keeps(r#"{"list_id":"l","meta":{"from":1}}"#)
            .refuses(
                r#"{"rule_id":"r","meta":"x"}"#,
                "`meta` must be an object, found a string",
            );
    }

    #[test]
    fn removes_from_elements_and_elements() {
        check(r#"remove-field = { path = "actions[].frequency" }"#)
            .turns(
                r#"{"rule_id":"r","actions":[{"id":"a","frequency":{}} , {"id":"b"}]}"#,
                r#"{"rule_id":"r","actions":[{"id":"a"} , {"id":"b"}]}"#,
            )
            .refuses(
                r#"{"rule_id":"r","actions":[null]}"#,
                "`element` must be an object, found null",
            );
        check(r#"remove-field = { path = "index[0]" }"#)
            .turns(
                r#"{"rule_id":"r","index":["a", "b"]}"#,
                r#"{"rule_id":"r","index":["b"]}"#,
            )
            .keeps(r#"{"rule_id":"r","index":[]}"#);
        check(r#"remove-field = { path = "index[]" }"#).turns(
            r#"{"rule_id":"r","index":["a","b"]}"#,
            r#"{"rule_id":"r","index":[]}"#,
        );
    }

    #[test]
    fn removes_from_the_kinds_it_is_told() {
        check(r#"remove-field = { path = "attributes.config.host", kinds = ["connector"] }"#)
            .turns(
                r#"{"id":"c","type":"action","attributes":{"config":{"host":"mail.example.com"}}}"#,
                r#"{"id":"c","type":"action","attributes":{"config":{}}}"#,
            )
            .keeps(r#"{"rule_id":"r","attributes":null}"#);
    }

    #[test]
    fn refuses_to_make_another_kind_of_record() {
        check(r#"remove-field = { path = "rule_id" }"#)
            .turns(r#"{"rule_id":"r","type":"query"}"#, r#"{"type":"query"}"#)
            .refuses(
                r#"{"rule_id":"r"}"#,
                "`rule_id` tells a record's kind: this rule would become another kind of record (other record)",
            );
    }
}
