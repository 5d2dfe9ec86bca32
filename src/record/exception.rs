//! Exception lists and items: which list is it, or does it belong to?

use super::{ListKey, Namespace, Record};

impl Record<'_> {
    /// The list that this record is, or that this item belongs to; none without a `list_id`.
    pub fn list_key(&self) -> Option<ListKey> {
        Some(ListKey {
            id: self.str("list_id")?.into(),
            namespace: Namespace::of(self.str("namespace_type").as_deref()),
        })
    }
}

/// Lists that Kibana makes itself, under the same `list_id` everywhere, and never exports with rules
/// (the Endpoint exception list and the artifact lists).
const RESERVED: [&str; 7] = [
    "endpoint_list",
    "endpoint_trusted_apps",
    "endpoint_trusted_devices",
    "endpoint_event_filters",
    "endpoint_host_isolation_exceptions",
    "endpoint_blocklists",
    "endpoint_custom_yara_signatures",
];

impl super::ListId {
    /// Whether the id belongs to Kibana: such a list has the same id in every space and must not be renamed.
    pub fn is_reserved(&self) -> bool {
        RESERVED.contains(&self.as_str())
    }
}
