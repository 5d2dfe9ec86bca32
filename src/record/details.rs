//! The line that closes an export: what it counts, and how to count again.

use std::ops::{AddAssign, Index, IndexMut};

use super::{ConnectorId, Kind, ListId, Record, RuleId};
use crate::json::quoted;

/// How many records of each kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts([u64; 6]);

impl Counts {
    /// All records, details and others included.
    pub fn total(self) -> u64 {
        self.0.iter().sum()
    }
}

impl Index<Kind> for Counts {
    type Output = u64;

    fn index(&self, kind: Kind) -> &u64 {
        &self.0[kind as usize]
    }
}

impl IndexMut<Kind> for Counts {
    fn index_mut(&mut self, kind: Kind) -> &mut u64 {
        &mut self.0[kind as usize]
    }
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        for (mine, theirs) in self.0.iter_mut().zip(other.0) {
            *mine += theirs;
        }
    }
}

/// Sets the counts of a details record to `kept`, the records now between it and the details record before it.
///
/// Only keys it has are set, so each generation keeps its own set. `exported_count` is the rules alone where no
/// `exported_rules_count` stands beside it (Kibana 7.10 to 7.15), else the sum of rules, lists, items and connectors.
pub fn recount(details: &mut Record<'_>, kept: Counts) {
    let [rules, lists, items, connectors] = counted(kept);
    let total = if details.has("exported_rules_count") {
        rules + lists + items + connectors
    } else {
        rules
    };
    let counts = [
        ("exported_count", total),
        ("exported_rules_count", rules),
        ("exported_exception_list_count", lists),
        ("exported_exception_list_item_count", items),
        ("exported_action_connector_count", connectors),
        ("exportedCount", connectors),
    ];
    for (key, count) in counts {
        if details.has(key) {
            details.set(key, count.to_string());
        }
    }
}

/// What an export was asked for and does not have.
#[derive(Debug, Default)]
pub struct Missed<'m> {
    /// Rules.
    pub rules: Vec<&'m RuleId>,
    /// Exception lists.
    pub lists: Vec<&'m ListId>,
    /// Connectors.
    pub connectors: Vec<&'m ConnectorId>,
}

/// The details line that closes an export of so many records, without a line end: the keys that Kibana 9 gives it, in its order.
///
/// It says that nothing was missed.
pub fn details_line(counts: Counts) -> String {
    details_line_missing(counts, &Missed::default())
}

/// As [`details_line`], but names what was missed.
pub fn details_line_missing(counts: Counts, missed: &Missed<'_>) -> String {
    let [rules, lists, items, connectors] = counted(counts);
    let all = rules + lists + items + connectors;
    let named = |ids: Vec<&str>, key: &str, before: &str| -> String {
        let ids = ids
            .iter()
            .map(|id| format!("{{{before}\"{key}\":{}}}", quoted(id)));
        ids.collect::<Vec<_>>().join(",")
    };
    let missing_rules = named(
        missed.rules.iter().map(|id| id.as_str()).collect(),
        "rule_id",
        "",
    );
    let missing_lists = named(
        missed.lists.iter().map(|id| id.as_str()).collect(),
        "list_id",
        "",
    );
    let missing_connectors = named(
        missed.connectors.iter().map(|id| id.as_str()).collect(),
        "id",
        "\"type\":\"action\",",
    );
    format!(
        "{{\"exported_count\":{all},\"exported_rules_count\":{rules},\"missing_rules\":[{missing_rules}],\"missing_rules_count\":{},\
         \"exported_exception_list_count\":{lists},\"exported_exception_list_item_count\":{items},\
         \"missing_exception_list_item_count\":0,\"missing_exception_list_items\":[],\
         \"missing_exception_lists\":[{missing_lists}],\"missing_exception_lists_count\":{},\
         \"exported_action_connector_count\":{connectors},\"missing_action_connection_count\":{},\
         \"missing_action_connections\":[{missing_connectors}],\"excluded_action_connection_count\":0,\"excluded_action_connections\":[]}}",
        missed.rules.len(),
        missed.lists.len(),
        missed.connectors.len(),
    )
}

/// What details lines count: rules, exception lists, exception items and connectors.
fn counted(counts: Counts) -> [u64; 4] {
    [
        Kind::Rule,
        Kind::ExceptionList,
        Kind::ExceptionItem,
        Kind::Connector,
    ]
    .map(|kind| counts[kind])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some() -> Counts {
        let mut kept = Counts::default();
        for (kind, count) in [
            (Kind::Rule, 3),
            (Kind::ExceptionList, 2),
            (Kind::ExceptionItem, 5),
            (Kind::Connector, 1),
        ] {
            kept[kind] = count;
        }
        kept
    }

    fn recounted(text: &str) -> String {
        let mut record = Record::parse(text, 0).unwrap();
        recount(&mut record, some());
        record.to_json().into()
    }

    #[test]
    fn a_new_line_counts_as_one_counted_anew_does() {
        let none = details_line(Counts::default());
        assert!(none.starts_with(r#"{"exported_count":0,"exported_rules_count":0,"#));
        assert_eq!(recounted(&none), details_line(some()));
    }

    #[test]
    fn names_what_was_missed() {
        let (rule, list, connector) = ("a\"b".into(), "l".into(), "c".into());
        let missed = Missed {
            rules: vec![&rule],
            lists: vec![&list],
            connectors: vec![&connector, &connector],
        };
        let line = details_line_missing(some(), &missed);
        for part in [
            r#""missing_rules":[{"rule_id":"a\"b"}],"missing_rules_count":1,"#,
            r#""missing_exception_lists":[{"list_id":"l"}],"missing_exception_lists_count":1,"#,
            r#""missing_action_connection_count":2,"missing_action_connections":[{"type":"action","id":"c"},{"type":"action","id":"c"}],"#,
        ] {
            assert!(line.contains(part), "{line}");
        }
        assert_eq!(recounted(&line), line);
    }

    #[test]
    fn keeps_the_set_of_keys_of_each_generation() {
        assert_eq!(
            recounted(r#"{"exported_count": 9, "missing_rules":[], "missing_rules_count":0}"#),
            r#"{"exported_count": 3, "missing_rules":[], "missing_rules_count":0}"#
        );
        assert_eq!(
            recounted(
                r#"{"exported_count":0,"exported_rules_count":3,"exported_action_connector_count":9}"#
            ),
            r#"{"exported_count":11,"exported_rules_count":3,"exported_action_connector_count":1}"#
        );
        assert_eq!(
            recounted(
                r#"{"exported_exception_list_count":0,"exported_exception_list_item_count":0}"#
            ),
            r#"{"exported_exception_list_count":2,"exported_exception_list_item_count":5}"#
        );
        assert_eq!(
            recounted(r#"{"exportedCount":4,"missingRefCount":0}"#),
            r#"{"exportedCount":1,"missingRefCount":0}"#
        );
    }
}
