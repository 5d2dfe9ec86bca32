//! Which fields does a rule have, and how does Kibana call them? Tables alone; `names.rs` looks names up in them.

/// What a field holds, which decides what may be asked of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Strings, numbers or booleans, matched whole.
    Value,
    /// A string that is matched by its words.
    Text,
    /// A time as ISO 8601 in UTC.
    Date,
    /// The rule's type, asked for by the name that Kibana's alerting gives it.
    TypeId,
    /// The rule's `id`, asked for with the prefix of a saved object.
    ObjectId,
    /// Members that are known.
    Object,
    /// Members that may have any name.
    Open,
    /// Something below an open object.
    Unknown,
}

impl Kind {
    /// Whether a value can be asked for.
    pub(super) fn has_values(self) -> bool {
        !matches!(self, Self::Object | Self::Open)
    }

    /// Whether `{ }` can follow.
    pub(super) fn has_members(self) -> bool {
        matches!(self, Self::Object | Self::Open | Self::Unknown)
    }
}

use Kind::{Date, Object, ObjectId, Open, Text, TypeId, Value};

/// Each field of an exported rule of any type, with what it holds. Objects come before their members.
pub(super) const FIELDS: &[(&str, Kind)] = &[
    ("actions", Object),
    ("actions.action_type_id", Value),
    ("actions.alerts_filter", Open),
    ("actions.frequency", Object),
    ("actions.frequency.notifyWhen", Value),
    ("actions.frequency.summary", Value),
    ("actions.frequency.throttle", Value),
    ("actions.group", Value),
    ("actions.id", Value),
    ("actions.params", Open),
    ("actions.uuid", Value),
    ("alert_suppression", Object),
    ("alert_suppression.duration", Object),
    ("alert_suppression.duration.unit", Value),
    ("alert_suppression.duration.value", Value),
    ("alert_suppression.group_by", Value),
    ("alert_suppression.missing_fields_strategy", Value),
    ("alias_purpose", Value),
    ("alias_target_id", Value),
    ("anomaly_threshold", Value),
    ("author", Value),
    ("building_block_type", Value),
    ("concurrent_searches", Value),
    ("created_at", Date),
    ("created_by", Value),
    ("data_view_id", Value),
    ("description", Value),
    ("enabled", Value),
    ("event_category_override", Value),
    ("exceptions_list", Object),
    ("exceptions_list.id", Value),
    ("exceptions_list.list_id", Value),
    ("exceptions_list.namespace_type", Value),
    ("exceptions_list.type", Value),
    ("execution_summary", Object),
    ("execution_summary.last_execution", Object),
    ("execution_summary.last_execution.date", Date),
    ("execution_summary.last_execution.message", Value),
    ("execution_summary.last_execution.metrics", Open),
    ("execution_summary.last_execution.status", Value),
    ("execution_summary.last_execution.status_order", Value),
    ("false_positives", Value),
    ("filters", Open),
    ("from", Value),
    ("history_window_start", Value),
    ("id", Value),
    ("immutable", Value),
    ("index", Value),
    ("interval", Value),
    ("investigation_fields", Object),
    ("investigation_fields.field_names", Value),
    ("items_per_search", Value),
    ("language", Value),
    ("license", Value),
    ("machine_learning_job_id", Value),
    ("max_signals", Value),
    ("meta", Open),
    ("name", Text),
    ("namespace", Value),
    ("new_terms_fields", Value),
    ("note", Value),
    ("outcome", Value),
    ("output_index", Value),
    ("query", Value),
    ("references", Value),
    ("related_integrations", Object),
    ("related_integrations.integration", Value),
    ("related_integrations.package", Value),
    ("related_integrations.version", Value),
    ("required_fields", Object),
    ("required_fields.ecs", Value),
    ("required_fields.name", Value),
    ("required_fields.type", Value),
    ("response_actions", Object),
    ("response_actions.action_type_id", Value),
    ("response_actions.params", Open),
    ("revision", Value),
    ("risk_score", Value),
    ("risk_score_mapping", Object),
    ("risk_score_mapping.field", Value),
    ("risk_score_mapping.operator", Value),
    ("risk_score_mapping.risk_score", Value),
    ("risk_score_mapping.value", Value),
    ("rule_id", Value),
    ("rule_name_override", Value),
    ("rule_source", Open),
    ("rule_source.customized_fields", Object),
    ("rule_source.customized_fields.field_name", Value),
    ("rule_source.has_base_version", Value),
    ("rule_source.is_customized", Value),
    ("rule_source.type", Value),
    ("saved_id", Value),
    ("setup", Value),
    ("severity", Value),
    ("severity_mapping", Object),
    ("severity_mapping.field", Value),
    ("severity_mapping.operator", Value),
    ("severity_mapping.severity", Value),
    ("severity_mapping.value", Value),
    ("tags", Value),
    ("threat", Object),
    ("threat.framework", Value),
    ("threat.tactic", Object),
    ("threat.tactic.id", Value),
    ("threat.tactic.name", Value),
    ("threat.tactic.reference", Value),
    ("threat.technique", Object),
    ("threat.technique.id", Value),
    ("threat.technique.name", Value),
    ("threat.technique.reference", Value),
    ("threat.technique.subtechnique", Object),
    ("threat.technique.subtechnique.id", Value),
    ("threat.technique.subtechnique.name", Value),
    ("threat.technique.subtechnique.reference", Value),
    ("threat_filters", Open),
    ("threat_index", Value),
    ("threat_indicator_path", Value),
    ("threat_language", Value),
    ("threat_mapping", Object),
    ("threat_mapping.entries", Object),
    ("threat_mapping.entries.field", Value),
    ("threat_mapping.entries.negate", Value),
    ("threat_mapping.entries.type", Value),
    ("threat_mapping.entries.value", Value),
    ("threat_query", Value),
    ("threshold", Object),
    ("threshold.cardinality", Object),
    ("threshold.cardinality.field", Value),
    ("threshold.cardinality.value", Value),
    ("threshold.field", Value),
    ("threshold.value", Value),
    ("throttle", Value),
    ("tiebreaker_field", Value),
    ("timeline_id", Value),
    ("timeline_title", Value),
    ("timestamp_field", Value),
    ("timestamp_override", Value),
    ("timestamp_override_fallback_disabled", Value),
    ("to", Value),
    ("type", Value),
    ("updated_at", Date),
    ("updated_by", Value),
    ("version", Value),
];

/// Names that do not lead to the field of the same name, with the path they lead to.
pub(super) const OTHERS: &[(&str, &str, Kind)] = &[
    ("name.keyword", "name", Value),
    ("alert.id", "id", ObjectId),
    ("alert.created_at", "created_at", Date),
    ("alert.updated_at", "updated_at", Date),
    ("alert.attributes.alertTypeId", "type", TypeId),
    ("alert.attributes.createdAt", "created_at", Date),
    ("alert.attributes.createdBy", "created_by", Value),
    ("alert.attributes.enabled", "enabled", Value),
    ("alert.attributes.name", "name", Text),
    ("alert.attributes.name.keyword", "name", Value),
    ("alert.attributes.revision", "revision", Value),
    ("alert.attributes.schedule.interval", "interval", Value),
    ("alert.attributes.tags", "tags", Value),
    ("alert.attributes.throttle", "throttle", Value),
    ("alert.attributes.updatedAt", "updated_at", Date),
    ("alert.attributes.updatedBy", "updated_by", Value),
];

/// Objects and fields that Kibana keeps beside `params`, not in it.
pub(super) const ATTRIBUTES: &[&str] = &[
    "actions",
    "created_at",
    "created_by",
    "enabled",
    "execution_summary",
    "id",
    "interval",
    "name",
    "revision",
    "tags",
    "throttle",
    "updated_at",
    "updated_by",
];

/// Fields that a bare value is looked for in: those of the search box on Kibana's rules page, and the tags.
pub(super) const SEARCHED: &[&str] = &[
    "name",
    "tags",
    "index",
    "threat.tactic.id",
    "threat.tactic.name",
    "threat.technique.id",
    "threat.technique.name",
    "threat.technique.subtechnique.id",
    "threat.technique.subtechnique.name",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_sorted_and_consistent() {
        assert!(FIELDS.is_sorted_by(|(a, _), (b, _)| a < b));
        let known = |name: &str| {
            FIELDS
                .iter()
                .find(|(field, _)| *field == name)
                .map(|(_, kind)| *kind)
        };
        for (field, _) in FIELDS {
            if let Some((parent, _)) = field.rsplit_once('.') {
                assert!(matches!(known(parent), Some(Object | Open)), "{field}");
            }
        }
        for name in SEARCHED
            .iter()
            .chain(ATTRIBUTES)
            .chain(OTHERS.iter().map(|(_, path, _)| path))
        {
            assert!(known(name).is_some(), "{name}");
        }
    }
}
