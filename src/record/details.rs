//! The line that closes an export: what it counts, and how to count again.

use std::ops::{AddAssign, Index, IndexMut};

use super::{Kind, Record};

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

/// The details line that closes an export of so many records, without a line end: the keys that Kibana 9 gives it, in its order.
///
/// It says that nothing was missed.
pub fn details_line(counts: Counts) -> String {
    let [rules, lists, items, connectors] = counted(counts);
    let all = rules + lists + items + connectors;
    format!(
        "{{\"exported_count\":{all},\"exported_rules_count\":{rules},\"missing_rules\":[],\"missing_rules_count\":0,\
         \"exported_exception_list_count\":{lists},\"exported_exception_list_item_count\":{items},\
         \"missing_exception_list_item_count\":0,\"missing_exception_list_items\":[],\
         \"missing_exception_lists\":[],\"missing_exception_lists_count\":0,\
         \"exported_action_connector_count\":{connectors},\"missing_action_connection_count\":0,\
         \"missing_action_connections\":[],\"excluded_action_connection_count\":0,\"excluded_action_connections\":[]}}"
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
