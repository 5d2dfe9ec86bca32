//! Lines that an import refuses, or takes for something else.

use serde_json::{Value, json};

use super::Maker;

impl Maker {
    /// A record with one thing wrong.
    pub(super) fn spoiled(&mut self) -> Value {
        let mut record = match self.below(4) {
            0 => self.list(),
            1 => self.item(),
            _ => self.rule(),
        };
        let is_rule = record.get("rule_id").is_some();
        let (key, value) = if is_rule {
            self.dice
                .one(&[
                    ("name", Value::Null),
                    ("name", json!(7)),
                    ("name", json!("")),
                    ("severity", json!("fatal")),
                    ("risk_score", json!(101)),
                    ("risk_score", json!(1.5)),
                    ("risk_score", Value::Null),
                    ("tags", json!("a")),
                    ("tags", json!([1])),
                    ("enabled", json!("yes")),
                    ("version", json!(0)),
                    ("id", json!("none")),
                    ("type", json!("odd")),
                    ("interval", json!("soon")),
                    ("timeline_id", json!("t")),
                    ("rule_id", Value::Null),
                    (
                        "exceptions_list",
                        json!([{"list_id": "l0", "type": "detection", "namespace_type": "single"}]),
                    ),
                    (
                        "actions",
                        json!([{"id": "preset", "action_type_id": ".index", "params": {}}]),
                    ),
                ])
                .clone()
        } else {
            self.dice
                .one(&[
                    ("name", Value::Null),
                    ("description", json!(7)),
                    ("type", json!("odd")),
                    ("odd_key", json!(1)),
                    ("list_id", json!("")),
                    ("namespace_type", json!("none")),
                    ("tags", Value::Null),
                ])
                .clone()
        };
        let members = record.as_object_mut().unwrap();
        if value.is_null() && key != "tags" {
            members.remove(key);
        } else {
            members.insert(key.into(), value);
        }
        record
    }

    /// A line that is no record, or one of another kind.
    pub(super) fn odd(&mut self) -> String {
        let text = match self.below(24) {
            0 => "null",
            1 => "7",
            2..4 => "{",
            4..6 => "[1]",
            6..8 => r#"{"exportedCount":1}"#,
            8..10 => {
                r#"{"exported_exception_list_count":1,"exported_exception_list_item_count":0}"#
            }
            10..12 => r#"{"id":"d0","type":"dashboard","attributes":{}}"#,
            12..14 => r#"{"id":"d1","type":"odd-type","attributes":{}}"#,
            14..16 => {
                r#"{"id":"c1","type":"action","attributes":{"name":"n","actionTypeId":".slack"},"references":[{"type":"search","id":"s","name":"s"}]}"#
            }
            16..19 => "  \t",
            _ => r#"{"exported_count":1,"exported_rules_count":1}"#,
        };
        text.into()
    }
}
