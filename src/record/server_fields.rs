//! The fields that a Kibana makes itself, by kind of record; an import ignores them or makes them anew (8.0 to 9.x).

/// Of rules. `immutable` and `rule_source` are Kibana's too, but tell Elastic's own rules from others.
pub(crate) const RULE: &[&str] = &[
    "id",
    "created_at",
    "created_by",
    "updated_at",
    "updated_by",
    "revision",
    "execution_summary",
    "outcome",
    "alias_target_id",
    "alias_purpose",
];

/// Of exception lists and items.
pub(crate) const EXCEPTION: &[&str] = &[
    "id",
    "_version",
    "tie_breaker_id",
    "created_at",
    "created_by",
    "updated_at",
    "updated_by",
];

/// Of connectors and other saved objects.
pub(crate) const SAVED_OBJECT: &[&str] = &[
    "created_at",
    "created_by",
    "updated_at",
    "updated_by",
    "version",
];

/// Of comments. Kibana takes a comment with all of these or with none.
pub(crate) const COMMENT: &[&str] = &["id", "created_at", "created_by", "updated_at", "updated_by"];
