//! The names of what only the whole bundle shows.

use super::{Code, error, note, warning};

/// The codes of findings about records together, what stands twice first.
pub(super) const CODES: &[Code] = &[
    error(
        "duplicate-rule",
        "Two rules have the same `rule_id`. The last one is imported; without `overwrite`, each repetition is reported as an error.",
    ),
    error(
        "duplicate-list",
        "Two exception lists have the same `list_id`. The last one is imported, and an error reported.",
    ),
    error(
        "duplicate-item",
        "Two exception items of one list have the same `item_id`. The last one is imported, and an error reported.",
    ),
    error(
        "duplicate-connector",
        "Two connectors have the same `id`. The whole import fails.",
    ),
    error(
        "list-in-both-namespaces",
        "A `list_id` is there as `single` and as `agnostic`. Kibana goes by the id alone and imports one of them.",
    ),
    error(
        "list-type-mismatch",
        "A rule refers to an exception list by another type than it has. The rule is imported without the list.",
    ),
    error(
        "list-namespace-mismatch",
        "A rule refers to an exception list in another namespace than it has. The rule is imported without the list.",
    ),
    error(
        "item-namespace-mismatch",
        "An exception item belongs to a list in another namespace than the list has. The item is refused.",
    ),
    warning(
        "missing-list",
        "A rule refers to an exception list that the bundle lacks. Where the target lacks it too, the rule is imported without it.",
    ),
    note(
        "reserved-list-reference",
        "A rule refers to a list that Kibana makes itself and never exports. Where the target lacks it, the reference is removed.",
    ),
    warning(
        "item-without-list",
        "An exception item belongs to a list that the bundle lacks. Where the target lacks it too, the item is refused.",
    ),
    warning(
        "missing-connector",
        "An action uses a connector that the bundle lacks. Where the target lacks it too, the rule is not imported; from 8.7 to 8.18, and in 9.0, no rule of the file is.",
    ),
    warning(
        "value-list",
        "An exception item needs a value list, which no export holds. The import passes; rules fail when they run without it.",
    ),
    warning(
        "data-view",
        "A rule needs a data view, which no export of rules holds. The import passes; the rule fails when it runs without it.",
    ),
    warning(
        "saved-query",
        "A rule needs a saved query, which no export of rules holds. The import passes; the rule fails when it runs without it.",
    ),
    note(
        "timeline",
        "A rule names a timeline template, which no export of rules holds. Without it, alerts open without the template.",
    ),
    note(
        "ml-job",
        "A rule needs a machine learning job, which no export holds. Without it, the rule finds nothing.",
    ),
    note(
        "unused-list",
        "No rule of the bundle refers to the exception list.",
    ),
    note(
        "unused-connector",
        "No rule of the bundle uses the connector.",
    ),
    error(
        "endpoint-artifacts",
        "A list or item is one of Elastic Defend's artifacts, as trusted applications are. An import of rules refuses the whole file for it.",
    ),
    note(
        "agnostic-list",
        "The exception list is one for all spaces. An import that overwrites it changes it for all of them.",
    ),
    error(
        "too-many-rules",
        "The bundle has as many rules as an import refuses, or more. Nothing is imported.",
    ),
    error(
        "too-many-exceptions",
        "The bundle has as many exception lists and items as an import refuses, or more. Nothing is imported.",
    ),
    warning(
        "too-many-connectors",
        "The bundle has more connectors than an import takes unless the server is configured otherwise.",
    ),
    warning(
        "too-large",
        "The bundle has more bytes than one import takes unless the server is configured otherwise.",
    ),
    note(
        "needs-licence",
        "A rule needs a licence that not every Kibana has.",
    ),
    warning(
        "prebuilt-without-version",
        "A rule marked as Elastic's own has no `version`. If it is one of theirs, it is refused.",
    ),
    note(
        "app-link",
        "A rule's notifications link to one Kibana and space, by `meta.kibana_siem_app_url`.",
    ),
    note(
        "deep-link",
        "The texts of a rule's actions link to one Kibana or space.",
    ),
    note(
        "comments-restamped",
        "Comments of an exception item lose author and date. An import that overwrites may add them to those that are there.",
    ),
    note(
        "expire-time-kept",
        "An exception item has `expire_time`, which an import that overwrites does not change.",
    ),
    warning(
        "lists-lost",
        "The bundle has several exception lists. Before 8.5 an import may keep the first alone.",
    ),
    note(
        "overwrite-keeps",
        "Before 8.13 an import that overwrites a rule keeps what the file does not say.",
    ),
    warning(
        "details-miscount",
        "A details line counts other than what the bundle holds. An import does not look at it; what it counts too many may have been lost.",
    ),
    note(
        "missing-at-export",
        "The export says that it could not find something it was asked for.",
    ),
    note(
        "no-details",
        "The bundle has no details line, so nothing tells whether it is whole. An import does not mind.",
    ),
    note(
        "several-details",
        "The bundle is several exports joined. An import does not mind.",
    ),
    note(
        "after-details",
        "Records stand after the last details line. They are imported all the same.",
    ),
];
