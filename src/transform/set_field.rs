//! `set-field`: sets any field of a record.

use std::str::FromStr;

use super::field_path::{Change, FieldPath, RecordKind, kinds};
use super::{Census, Transform, Verdict};
use crate::error::{Error, Excerpt, Result};
use crate::json::Raw;
use crate::record::{Kind, Kinds, Record};

/// Sets a field of rules, or of other records, to a JSON value.
///
/// The path is names with `.` between them: `meta.from`. `[]` stands for all elements of an array, `[0]` for the first:
/// `actions[].params.message`. A name with a dot is written as a JSON string: `meta."a.b"`. Objects that are missing on the
/// way are made; elements of arrays are not, and where the array is missing nothing happens. A record is refused where the
/// way meets a value of another type, and where it would become a record of another kind. Whether Kibana takes the value is
/// not looked at.
///
/// A field with an equal value keeps its spelling.
///
/// Example: ruleferry edit set-field --path license --json '"ACME"' export.ndjson -o out.ndjson
#[derive(Debug, Clone, clap::Args, serde::Deserialize, serde::Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SetField {
    /// The field to set, as in `actions[].params.message`.
    #[arg(long, value_name = "PATH")]
    path: FieldPath,

    /// The value to set, one JSON value: a string has its quotes.
    #[arg(long, value_name = "JSON", allow_hyphen_values = true)]
    json: Json,

    /// A kind of records to set it in; may be given again. Without it: rules.
    #[serde(alias = "kind")]
    #[arg(long = "kind", value_name = "KIND")]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    kinds: Vec<RecordKind>,
}

/// One JSON value on one line.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
#[serde(try_from = "String", into = "String")]
struct Json(String);

impl FromStr for Json {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let value = Raw::parse(text).map_err(|error| {
            let before = text.get(..error.offset).unwrap_or(text);
            let character = before.chars().count() + 1;
            Error::usage(format!(
                "`json` must be one JSON value: {} at character {character}",
                error.problem
            ))
            .showing(Excerpt::of(text, error.offset, error.offset + 1))
        })?;
        // A line end within a value can only be white space, and would end the record.
        Ok(Self(value.text().replace(['\n', '\r'], " ")))
    }
}

impl TryFrom<String> for Json {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl From<Json> for String {
    fn from(json: Json) -> Self {
        json.0
    }
}

impl Transform for SetField {
    fn kinds(&self) -> Kinds {
        kinds(&self.kinds)
    }

    fn takes_only(&self) -> bool {
        self.kinds().has(Kind::Rule)
    }

    fn apply(&self, record: &mut Record<'_>, _: &Census) -> Result<Verdict> {
        self.path
            .change(record, Change::Set(Raw::parse(&self.json.0)?))?;
        Ok(Verdict::Keep)
    }
}

#[cfg(test)]
mod tests {
    use crate::transform::testing::{check, refused_settings};

    #[test]
    fn sets_a_member_and_nothing_else() {
        check(r#"set-field = { path = "max_signals", json = "500" }"#)
            .turns(
                r#"{"rule_id":"r", "max_signals" : 1e2 ,"n":1.0}"#,
                r#"{"rule_id":"r", "max_signals" : 500 ,"n":1.0}"#,
            )
            .turns(r#"{"rule_id":"r"}"#, r#"{"rule_id":"r","max_signals":500}"#)
            .keeps(r#"{"list_id":"l"}"#);
        check(r#"set-field = { path = "index", json = '["a", "b"]' }"#)
            .turns(
                r#"{"rule_id":"r","index":"a"}"#,
                r#"{"rule_id":"r","index":["a", "b"]}"#,
            )
            .keeps(r#"{"rule_id":"r","index":[ "\u0061","b" ]}"#);
    }

    #[test]
    fn makes_the_objects_on_the_way() {
        check(r#"set-field = { path = 'meta."a.b".c', json = '"x"' }"#)
            .turns(
                r#"{"rule_id":"r","meta":{"n":1.0}}"#,
                r#"{"rule_id":"r","meta":{"n":1.0,"a.b":{"c":"x"}}}"#,
            )
            .turns(
                r#"{"rule_id":"r","meta":null}"#,
                r#"{"rule_id":"r","meta":{"a.b":{"c":"x"}}}"#,
            )
            .turns(
                r#"{"rule_id":"r"}"#,
                r#"{"rule_id":"r","meta":{"a.b":{"c":"x"}}}"#,
            )
            .refuses(
                r#"{"rule_id":"r","meta":[]}"#,
                "`meta` must be an object, found an array",
            );
    }

    #[test]
    fn goes_through_elements_that_are_there() {
        check(r#"set-field = { path = "actions[].params.message", json = '"hi"' }"#)
            .turns(
                r#"{"rule_id":"r","actions":[ {"params":{"message":"\u0061","n":1.0}} , {"id":"x"}]}"#,
                r#"{"rule_id":"r","actions":[ {"params":{"message":"hi","n":1.0}} , {"id":"x","params":{"message":"hi"}}]}"#,
            )
            .keeps(r#"{"rule_id":"r","actions":[ ]}"#)
            .keeps(r#"{"rule_id":"r"}"#)
            .refuses(r#"{"rule_id":"r","actions":[{},"x"]}"#, "`element` must be an object, found a string")
            .refuses(r#"{"rule_id":"r","actions":{}}"#, "`actions` must be an array, found an object");
        check(r#"set-field = { path = "grid[1][]", json = "0" }"#)
            .turns(
                r#"{"rule_id":"r","grid":[[1],[2, 3]]}"#,
                r#"{"rule_id":"r","grid":[[1],[0, 0]]}"#,
            )
            .keeps(r#"{"rule_id":"r","grid":[[1]]}"#)
            .refuses(
                r#"{"rule_id":"r","grid":[1,2]}"#,
                "`element` must be an array, found a number",
            );
    }

    #[test]
    fn sets_in_the_kinds_it_is_told() {
        check(r#"set-field = { path = "os_types", json = "[]", kinds = ["exception-list", "exception-item"] }"#)
            .turns(r#"{"list_id":"l"}"#, r#"{"list_id":"l","os_types":[]}"#)
            .turns(r#"{"item_id":"i","os_types":["linux"]}"#, r#"{"item_id":"i","os_types":[]}"#)
            .keeps(r#"{"rule_id":"r"}"#)
            .keeps(r#"{"id":"c","type":"action","attributes":{}}"#);
    }

    #[test]
    fn refuses_to_make_another_kind_of_record() {
        check(r#"set-field = { path = "list_id", json = '"l"' }"#).refuses(
            r#"{"rule_id":"r"}"#,
            "`list_id` tells a record's kind: this rule would become another kind of record (exception list)",
        );
    }

    #[test]
    fn writes_a_value_of_many_lines_on_one() {
        check("set-field = { path = \"meta\", json = '''\n{\r\n  \"a\": 1}\n''' }").turns(
            r#"{"rule_id":"r"}"#,
            r#"{"rule_id":"r","meta":{    "a": 1}}"#,
        );
    }

    #[test]
    fn refuses_what_is_not_one_value() {
        let refused =
            |json| refused_settings(&format!("set-field = {{ path = \"a\", json = '{json}' }}"));
        let problem = "`json` must be one JSON value: expected";
        assert_eq!(
            refused("high"),
            format!("{problem} a JSON value, found `h` at character 1")
        );
        assert_eq!(
            refused("\"ä\" 2"),
            format!("{problem} the end after the value, found `2` at character 5")
        );
        assert!(refused("").starts_with(problem));
    }
}
