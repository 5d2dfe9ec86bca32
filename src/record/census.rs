//! What one pass learned of a whole bundle: who exists, and who refers to whom.

use std::collections::{HashMap, HashSet};

use super::{ConnectorId, ItemId, Kind, ListId, ListKey, Record, RuleId};

/// What tells a record from others of its kind; records of one key are the same thing twice.
///
/// Kibana's importer goes by `rule_id`, by `list_id` and namespace, by `item_id` and `list_id`, and by a saved object's
/// type and id.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the kinds of records")]
pub enum RecordKey {
    Rule(RuleId),
    List(ListKey),
    Item(ItemId, Option<ListId>),
    SavedObject(Box<str>, ConnectorId),
}

impl RecordKey {
    /// The key of a record; none for details, others, and records without their id.
    pub fn of(record: &Record<'_>) -> Option<Self> {
        match record.kind() {
            Kind::Rule => Some(Self::Rule(record.str("rule_id")?.into())),
            Kind::ExceptionList => Some(Self::List(record.list_key()?)),
            Kind::ExceptionItem => Some(Self::Item(
                record.str("item_id")?.into(),
                record.str("list_id").map(ListId::from),
            )),
            Kind::Connector => Some(Self::SavedObject(
                record.str("type").unwrap_or_default().into(),
                record.str("id")?.into(),
            )),
            Kind::Details | Kind::Other => None,
        }
    }
}

/// What one pass learned of a whole bundle.
#[derive(Debug, Default)]
pub struct Census {
    connectors: HashSet<ConnectorId>,
    /// The types of those that have one; of two lines with one id the last counts.
    connector_types: HashMap<ConnectorId, Box<str>>,
    used_connectors: HashSet<ConnectorId>,
    /// Connectors that rules used as they were read, where steps changed the rule since.
    once_used_connectors: HashSet<ConnectorId>,
    used_lists: HashSet<ListKey>,
    /// The first and the last place of each key.
    places: HashMap<RecordKey, (u64, u64)>,
}

impl Census {
    /// Takes down whom the record refers to; of a connector, that it exists and its type.
    pub fn observe(&mut self, record: &Record<'_>) {
        match record.kind() {
            Kind::Rule => {
                for id in record.actions().filter_map(super::rule::Action::connector) {
                    if !self.used_connectors.contains(&*id) {
                        self.used_connectors.insert(id.into());
                    }
                }
                self.used_lists.extend(record.list_references());
            }
            Kind::Connector if record.is_connector() => {
                if let Some(id) = record.str("id") {
                    let type_id = record
                        .connector_type()
                        .filter(|type_id| !type_id.is_empty());
                    if let Some(type_id) = type_id {
                        self.connector_types
                            .insert((&*id).into(), (&*type_id).into());
                    }
                    self.connectors.insert((&*id).into());
                }
            }
            Kind::ExceptionList
            | Kind::ExceptionItem
            | Kind::Connector
            | Kind::Details
            | Kind::Other => {}
        }
    }

    /// Takes down what a rule referred to as it was read, before steps changed it.
    pub fn observe_read(&mut self, rule: &Record<'_>) {
        let used = rule.actions().filter_map(super::rule::Action::connector);
        self.once_used_connectors
            .extend(used.map(ConnectorId::from));
    }

    /// Takes down where the record stands.
    pub fn observe_place(&mut self, record: &Record<'_>) {
        if let Some(key) = RecordKey::of(record) {
            self.place(key, record.ordinal(), record.ordinal());
        }
    }

    fn place(&mut self, key: RecordKey, first: u64, last: u64) {
        let place = self.places.entry(key).or_insert((first, last));
        *place = (place.0.min(first), place.1.max(last));
    }

    /// Adds what another pass over other records learned.
    pub fn merge(&mut self, other: Self) {
        self.connectors.extend(other.connectors);
        self.connector_types.extend(other.connector_types);
        self.used_connectors.extend(other.used_connectors);
        self.once_used_connectors.extend(other.once_used_connectors);
        self.used_lists.extend(other.used_lists);
        for (key, (first, last)) in other.places {
            self.place(key, first, last);
        }
    }

    /// Whether the bundle holds this connector.
    pub fn has_connector(&self, id: &str) -> bool {
        self.connectors.contains(id)
    }

    /// The type of this connector, as in `.slack`; none if the bundle does not tell it.
    pub fn connector_type(&self, id: &str) -> Option<&str> {
        self.connector_types.get(id).map(|type_id| &**type_id)
    }

    /// Whether an action of some rule goes through this connector.
    pub fn uses_connector(&self, id: &str) -> bool {
        self.used_connectors.contains(id)
    }

    /// Whether rules used this connector as they were read, and none does any more.
    pub fn freed_connector(&self, id: &str) -> bool {
        self.once_used_connectors.contains(id) && !self.uses_connector(id)
    }

    /// Whether some rule refers to this list.
    pub fn uses_list(&self, list: &ListKey) -> bool {
        self.used_lists.contains(list)
    }

    /// The places of the first and the last record with this key, if places were taken down.
    pub fn places(&self, key: &RecordKey) -> Option<(u64, u64)> {
        self.places.get(key).copied()
    }
}
