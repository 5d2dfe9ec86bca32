//! What `stats` found, sorted: the JSON document, and what the text is made from.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

use ruleferry::record::{ConnectorId, Kind, ListKey, Namespace, RecordKey};
use serde::Serialize;

use super::facts::Tally;
use super::summary::{Seen, Summary};

/// Everything, in the order it is shown.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    schema_version: u8,
    pub(super) files: Vec<String>,
    pub(super) records: Records,
    pub(super) line_bytes: Sizes,
    pub(super) rules: Rules,
    pub(super) actions: Vec<Entry>,
    pub(super) connectors: Vec<Entry>,
    pub(super) references: References,
    pub(super) details: Vec<Details>,
}

/// How many records of each kind.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Records {
    pub(super) total: u64,
    pub(super) rule: u64,
    pub(super) exception_list: u64,
    pub(super) exception_item: u64,
    pub(super) connector: u64,
    pub(super) details: u64,
    pub(super) other: u64,
    pub(super) unreadable: u64,
}

/// How long the lines of readable records are, in bytes without the line end. Exact, percentiles by nearest rank.
#[derive(Debug, Serialize)]
pub(super) struct Sizes {
    pub(super) total: u64,
    pub(super) min: usize,
    pub(super) median: usize,
    pub(super) p99: usize,
    pub(super) max: usize,
}

/// How many rules have each value, the most frequent first.
#[derive(Debug, Serialize)]
pub(super) struct Rules {
    pub(super) types: Vec<Entry>,
    pub(super) severities: Vec<Entry>,
    pub(super) enabled: Vec<Entry>,
    pub(super) sources: Vec<Entry>,
    pub(super) tags: Vec<Entry>,
    pub(super) tactics: Vec<Entry>,
    pub(super) techniques: Vec<Entry>,
    pub(super) subtechniques: Vec<Entry>,
    pub(super) index_patterns: Vec<Entry>,
    pub(super) data_views: Vec<Entry>,
}

/// Who refers to whom, and what is not there.
#[derive(Debug, Serialize)]
pub(super) struct References {
    pub(super) missing_lists: Vec<Entry>,
    pub(super) endpoint_lists: Vec<Entry>,
    pub(super) unused_lists: Vec<Entry>,
    pub(super) items_without_list: Vec<Entry>,
    pub(super) missing_connectors: Vec<Entry>,
    pub(super) system_connectors: Vec<Entry>,
    pub(super) unused_connectors: Vec<Entry>,
    pub(super) duplicates: Vec<Entry>,
    pub(super) value_lists: Vec<Entry>,
}

/// A value or an id, and how often it is there.
#[derive(Debug, Default, Serialize)]
pub(super) struct Entry {
    pub(super) value: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<String>,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub(super) ty: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) kind: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) namespace: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) list_id: Option<String>,
    pub(super) count: u64,
}

/// What one details record says.
#[derive(Debug, Serialize)]
pub(super) struct Details {
    pub(super) file: Box<str>,
    pub(super) line: u64,
    /// Counts that are not what was counted.
    pub(super) differences: Vec<Difference>,
    /// What the export left out, as the record itself says.
    pub(super) left_out: BTreeMap<String, u64>,
}

/// A count that is not right.
#[derive(Debug, Serialize)]
pub(super) struct Difference {
    pub(super) key: String,
    /// As it is spelt.
    pub(super) stated: String,
    pub(super) counted: u64,
}

impl Report {
    pub(super) fn new(summary: Summary, files: Vec<String>, unreadable: u64) -> Self {
        let counts = summary.counts;
        let sizes = Sizes::of(&summary.sizes);
        let references = References::of(&summary);
        let tallies = summary.tallies;
        let by = |tally: Tally| named(&tallies[tally as usize]);
        Self {
            schema_version: 1,
            files,
            records: Records {
                total: counts.total(),
                rule: counts[Kind::Rule],
                exception_list: counts[Kind::ExceptionList],
                exception_item: counts[Kind::ExceptionItem],
                connector: counts[Kind::Connector],
                details: counts[Kind::Details],
                other: counts[Kind::Other],
                unreadable,
            },
            line_bytes: sizes,
            rules: Rules {
                types: by(Tally::Type),
                severities: by(Tally::Severity),
                enabled: by(Tally::Enabled),
                sources: by(Tally::Source),
                tags: by(Tally::Tag),
                tactics: by(Tally::Tactic),
                techniques: by(Tally::Technique),
                subtechniques: by(Tally::Subtechnique),
                index_patterns: by(Tally::IndexPattern),
                data_views: by(Tally::DataView),
            },
            actions: named(&summary.actions),
            connectors: named(&summary.saved_objects),
            references,
            details: summary.details,
        }
    }
}

impl Sizes {
    fn of(sizes: &BTreeMap<usize, u64>) -> Self {
        let many: u64 = sizes.values().sum();
        let at = |percent: u64| {
            let rank = (many * percent).div_ceil(100).max(1);
            let mut below = 0;
            let found = sizes.iter().find(|(_, count)| {
                below += **count;
                below >= rank
            });
            found.map_or(0, |(size, _)| *size)
        };
        Self {
            total: sizes.iter().map(|(size, count)| *size as u64 * count).sum(),
            min: at(0),
            median: at(50),
            p99: at(99),
            max: at(100),
        }
    }
}

impl References {
    fn of(summary: &Summary) -> Self {
        let absent = |list: &ListKey| !summary.lists.contains_key(list);
        let is_system = |id: &ConnectorId| id.as_str().starts_with("system-connector-");
        let used_lists = |reserved: bool| {
            let chosen = summary.list_uses.iter();
            chosen.filter(move |(key, _)| absent(key) && key.id.is_reserved() == reserved)
        };
        let missing_connectors = |system: bool| {
            let uses = summary.connector_uses.iter();
            uses.filter(move |(id, _)| {
                !summary.connectors.contains_key(*id) && is_system(id) == system
            })
        };
        let unused_lists =
            (summary.lists.iter()).filter(|(key, _)| !summary.list_uses.contains_key(key));
        let unused_connectors =
            (summary.connectors.iter()).filter(|(id, _)| !summary.connector_uses.contains_key(*id));
        let twice = summary.keys.iter().filter(|(_, count)| **count > 1);
        Self {
            missing_lists: sorted(used_lists(false).map(|(key, count)| list(key, *count))),
            endpoint_lists: sorted(used_lists(true).map(|(key, count)| list(key, *count))),
            unused_lists: sorted(unused_lists.map(|(key, name)| Entry {
                name: Some(name.to_string()),
                ..list(key, 0)
            })),
            items_without_list: sorted(
                (summary.items.iter())
                    .filter(|(key, _)| absent(key))
                    .map(|(key, count)| list(key, *count)),
            ),
            missing_connectors: sorted(
                missing_connectors(false).map(|(id, seen)| typed(id.as_str(), seen)),
            ),
            system_connectors: sorted(
                missing_connectors(true).map(|(id, seen)| typed(id.as_str(), seen)),
            ),
            unused_connectors: sorted(unused_connectors.map(|(id, (name, ty))| Entry {
                value: id.as_str().into(),
                name: Some(name.to_string()),
                ty: Some(ty.to_string()),
                ..Entry::default()
            })),
            duplicates: sorted(twice.map(|(key, count)| duplicate(key, *count))),
            value_lists: sorted(summary.value_lists.iter().map(|(id, seen)| typed(id, seen))),
        }
    }
}

/// An id with its type, and how often it is referred to.
fn typed(id: &str, seen: &Seen) -> Entry {
    Entry {
        value: id.into(),
        ty: seen.name.as_deref().map(Into::into),
        count: seen.count,
        ..Entry::default()
    }
}

fn list(key: &ListKey, count: u64) -> Entry {
    Entry {
        value: key.id.as_str().into(),
        namespace: Some(match key.namespace {
            Namespace::Single => "single",
            Namespace::Agnostic => "agnostic",
        }),
        count,
        ..Entry::default()
    }
}

fn duplicate(key: &RecordKey, count: u64) -> Entry {
    match key {
        RecordKey::Rule(id) => Entry {
            value: id.as_str().into(),
            kind: Some(Kind::Rule.name()),
            count,
            ..Entry::default()
        },
        RecordKey::List(key) => Entry {
            kind: Some(Kind::ExceptionList.name()),
            ..list(key, count)
        },
        RecordKey::Item(id, list) => Entry {
            value: id.as_str().into(),
            kind: Some(Kind::ExceptionItem.name()),
            list_id: list.as_ref().map(|list| list.as_str().into()),
            count,
            ..Entry::default()
        },
        RecordKey::SavedObject(ty, id) => Entry {
            value: id.as_str().into(),
            kind: Some(Kind::Connector.name()),
            ty: Some(ty.to_string()),
            count,
            ..Entry::default()
        },
    }
}

fn named(seen: &HashMap<Box<str>, Seen>) -> Vec<Entry> {
    sorted(seen.iter().map(|(value, seen)| Entry {
        value: value.to_string(),
        name: seen.name.as_deref().map(Into::into),
        count: seen.count,
        ..Entry::default()
    }))
}

/// The most frequent first, then by value.
fn sorted(entries: impl Iterator<Item = Entry>) -> Vec<Entry> {
    let mut entries: Vec<Entry> = entries.collect();
    entries.sort_unstable_by(|a, b| {
        let order = |entry: &Entry| (Reverse(entry.count), entry.kind, entry.namespace);
        let ids = |a: &Entry, b: &Entry| {
            (&a.value, &a.list_id, &a.ty).cmp(&(&b.value, &b.list_id, &b.ty))
        };
        order(a).cmp(&order(b)).then_with(|| ids(a, b))
    });
    entries
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_percentiles_by_nearest_rank() {
        let sizes = |sizes: &[usize]| {
            let mut all = BTreeMap::new();
            for size in sizes {
                *all.entry(*size).or_default() += 1;
            }
            let Sizes {
                total,
                min,
                median,
                p99,
                max,
            } = Sizes::of(&all);
            (total, min, median, p99, max)
        };
        assert_eq!(sizes(&[]), (0, 0, 0, 0, 0));
        assert_eq!(sizes(&[7]), (7, 7, 7, 7, 7));
        assert_eq!(sizes(&[1, 2, 3, 4]), (10, 1, 2, 4, 4));
        assert_eq!(
            sizes(&(1..=200).collect::<Vec<_>>()),
            (20100, 1, 100, 198, 200)
        );
    }
}
