//! What must be known of a record to say which part it goes to?

use xxhash_rust::xxh3::Xxh3;

use super::By;
use crate::json::Raw;
use crate::record::{ConnectorId, Kind, ListKey, Record, RecordKey};

/// What the planning of parts must know of one line.
#[derive(Debug)]
pub struct Facts {
    /// None for a line that is no record.
    pub(super) kind: Option<Kind>,
    /// Equal for records of one key.
    pub(super) key: Option<Print>,
    pub(super) about: About,
}

/// What depends on the kind.
#[derive(Debug)]
pub(super) enum About {
    Rule {
        lists: Vec<ListKey>,
        connectors: Vec<ConnectorId>,
        group: Option<Box<str>>,
    },
    /// A list, or an item of it.
    Exception(ListKey),
    Connector {
        id: ConnectorId,
        lacks_secrets: bool,
    },
    /// Nothing refers to it, and it refers to nothing.
    Alone,
}

/// A key as a number, so that a million of them are small. Two keys that gave one number would share a part, and no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Print(u128);

impl Facts {
    /// Takes down what a record says; `by` is what rules are grouped by.
    pub fn of(record: &Record<'_>, by: Option<By>) -> Self {
        let about = match record.kind() {
            Kind::Rule => About::Rule {
                lists: record.list_references().collect(),
                connectors: record
                    .actions()
                    .filter_map(|action| action.connector().map(ConnectorId::from))
                    .collect(),
                group: by.and_then(|by| group(record, by)),
            },
            Kind::ExceptionList | Kind::ExceptionItem => {
                record.list_key().map_or(About::Alone, About::Exception)
            }
            Kind::Connector if record.is_connector() => {
                record
                    .str("id")
                    .map_or(About::Alone, |id| About::Connector {
                        id: id.into(),
                        lacks_secrets: lacks_secrets(record),
                    })
            }
            Kind::Connector | Kind::Details | Kind::Other => About::Alone,
        };
        Self {
            kind: Some(record.kind()),
            key: RecordKey::of(record).as_ref().map(Print::of),
            about,
        }
    }

    /// What there is to say of a line that is no record.
    pub fn unreadable() -> Self {
        Self {
            kind: None,
            key: None,
            about: About::Alone,
        }
    }
}

/// Whether an import leaves the connector without secrets that it needs. An export says so; a line that does not is taken to.
fn lacks_secrets(connector: &Record<'_>) -> bool {
    let says = connector
        .get("attributes")
        .and_then(|attributes| attributes.get("isMissingSecrets"))
        .and_then(Raw::as_bool);
    says != Some(false)
}

fn group(rule: &Record<'_>, by: By) -> Option<Box<str>> {
    let text = match by {
        By::Tag => rule.get("tags")?.elements().next()?.as_str(),
        By::Type => rule.str("type"),
        By::Severity => rule.str("severity"),
    };
    text.map(Into::into)
}

impl Print {
    fn of(key: &RecordKey) -> Self {
        let mut hash = Xxh3::new();
        let mut add = |text: Option<&str>| {
            let len = text.map_or(u64::MAX, |text| text.len() as u64);
            hash.update(&len.to_le_bytes());
            hash.update(text.unwrap_or_default().as_bytes());
        };
        match key {
            RecordKey::Rule(id) => add(Some(id.as_str())),
            RecordKey::List(list) => {
                add(Some(list.id.as_str()));
                add(Some(list.namespace.name()));
            }
            RecordKey::Item(id, list) => {
                add(Some(id.as_str()));
                add(list.as_ref().map(crate::record::ListId::as_str));
            }
            RecordKey::SavedObject(ty, id) => {
                add(Some(ty));
                add(Some(id.as_str()));
            }
        }
        Self(hash.digest128())
    }
}
