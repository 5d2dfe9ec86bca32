//! The names of what is wrong with one record or line.

use super::{Code, error, note, warning};

/// The codes of findings about one record, those of its schema first.
pub(super) const CODES: &[Code] = &[
    error(
        "missing-field",
        "A key is missing that the import wants. The record is refused.",
    ),
    error(
        "wrong-type",
        "A value has the wrong JSON type; null counts as one, and nothing is converted. The record is refused.",
    ),
    error(
        "unknown-value",
        "A string is none of those that the key may have. The record is refused.",
    ),
    error(
        "unknown-type",
        "A rule's `type` is missing or none of the eight. Kibana refuses the rule, from about 9.4 on without saying why.",
    ),
    error(
        "wrong-format",
        "A string is spelt in a way that the import cannot read: an id, a date, date math or a duration. The record is refused.",
    ),
    error(
        "below-minimum",
        "A number is too small. The record is refused.",
    ),
    error(
        "above-maximum",
        "A number is too great. The record is refused.",
    ),
    error(
        "blank",
        "A string is empty or all white space where it may not be. The record is refused.",
    ),
    error(
        "too-short",
        "A string is shorter than it may be. The record is refused.",
    ),
    error(
        "too-long",
        "A string is longer than it may be. The record is refused.",
    ),
    error(
        "too-few-items",
        "An array has fewer elements than it must have. The record is refused.",
    ),
    error(
        "too-many-items",
        "An array has more elements than it may have. The record is refused.",
    ),
    warning(
        "unknown-key",
        "Kibana does not know the key. In a rule it is dropped without a word, so a misspelt setting is lost; an exception list or item is refused for it.",
    ),
    warning(
        "other-type-key",
        "The key belongs to rules of another type. It is dropped without a word, whatever it holds.",
    ),
    warning(
        "duplicate-key",
        "An object has a key twice. The last value is read, the others are lost.",
    ),
    warning(
        "newer-than-target",
        "The key, value or record is newer than the Kibana that was named by the target, which drops, ignores or refuses it.",
    ),
    warning(
        "outside-documented-range",
        "A number is outside of what is documented. The import takes it; the server may not.",
    ),
    error(
        "timeline-pair",
        "A rule has one of `timeline_id` and `timeline_title` without the other. The rule is refused.",
    ),
    error(
        "timeline-empty",
        "`timeline_id` or `timeline_title` is empty. The rule is refused.",
    ),
    error(
        "cardinality-field",
        "A threshold rule counts the values of a field that it groups by, which is always 1. The rule is refused.",
    ),
    error(
        "threshold-fields",
        "A threshold rule groups by more fields than it may: 5, before 9.2 only 3. The rule is refused.",
    ),
    error(
        "mixed-list-entry",
        "An exception item has an entry with a value list beside other entries. The item is refused.",
    ),
    error(
        "comments-break-import",
        "The comments of an exception item are text, or one of them is null. The whole import fails.",
    ),
    warning(
        "comments-lost",
        "The comments of an exception item are no array. They are dropped without a word.",
    ),
    error(
        "misrouted-rule",
        "A stray key makes the import take a rule for an exception or a connector, which it then refuses.",
    ),
    warning(
        "taken-for-details",
        "The key `exported_count` makes the import skip the record without a word.",
    ),
    error(
        "foreign-details",
        "The line closes an export of exception lists or saved objects. An import of rules takes it for a rule without an id and reports that as an error.",
    ),
    error(
        "not-a-record",
        "The line has no key that tells what it is. The import takes it for a rule, which it then refuses.",
    ),
    error(
        "not-a-connector",
        "The line is a saved object that is no connector, and has no place among rules. An import hands it to the importer of saved objects, which refuses it, or creates what nobody asked for.",
    ),
    warning(
        "origin-id",
        "A record has `originId`. Kibana 8.19, and 9.1 or later, takes it off; before, connectors that have it may not be found by the rules that use them.",
    ),
    warning(
        "connector-id",
        "A connector's `id` has other characters than lower-case letters, digits and hyphens. From about 9.5 an import leaves such a connector out.",
    ),
    note(
        "secrets-missing",
        "A connector needs secrets, which no export has. They must be entered after the import.",
    ),
    error(
        "prebuilt-not-importable",
        "The rule is one of Elastic's own. Before 8.18 they cannot be imported.",
    ),
    warning(
        "investigation-fields-rewritten",
        "`investigation_fields` is an array, as in 8.10. Kibana makes an object of it, and drops an empty one.",
    ),
    warning(
        "not-a-duration",
        "`interval` is no number above 0 with one of the units s, m, h and d. The line passes; creating the rule fails.",
    ),
    warning(
        "date-misread",
        "A date is read in a way that nobody means, or cannot be read when the rule is created or runs, though the line passes.",
    ),
    warning(
        "history-window-order",
        "`history_window_start` is not earlier than `from`. The line passes; creating the rule fails.",
    ),
    warning(
        "action-uuid-repeated",
        "Two actions of a rule have the same `uuid`. The line passes; creating the rule fails.",
    ),
    warning(
        "action-group",
        "An action has a `group` other than `default`. The line passes; creating the rule fails.",
    ),
    warning(
        "action-throttle",
        "An action runs at most once in a time that is shorter than the rule's interval. The line passes; creating the rule fails.",
    ),
    warning(
        "alerts-filter",
        "The `alerts_filter` of an action is empty, or its timeframe lacks something or names a day that is none. The line passes; creating the rule fails.",
    ),
    note(
        "frequency-made",
        "An action has no `frequency`. Kibana gives it one, made from the rule's `throttle` if it has one.",
    ),
    note(
        "throttle-unused",
        "A rule has `throttle`, but no action that it would become the frequency of. Kibana does not keep it.",
    ),
    note(
        "index-unused",
        "A rule has index patterns and a data view. The data view is searched, the patterns are not.",
    ),
    note(
        "enabled-absent",
        "A rule does not say whether it is enabled. It arrives disabled.",
    ),
    note(
        "signals-capped",
        "`max_signals` is more than 1000, the number of alerts a run may make unless the server is configured otherwise.",
    ),
    warning(
        "special-characters",
        "An id has characters that Kibana's queries read as something else. The import takes it; an export by id, or an import that overwrites, may not find it.",
    ),
    warning(
        "os-types-dropped",
        "An exception list has `os_types`. A new list gets none.",
    ),
    error(
        "not-json",
        "The line is not JSON. It is refused; the others are imported.",
    ),
    error("not-utf8", "The line is not valid UTF-8."),
    error(
        "not-an-object",
        "The line is JSON but no object. A string, number or boolean, or a null before the last line, makes the whole import fail.",
    ),
    error(
        "byte-order-mark",
        "The file begins with a byte order mark. An import cannot read its first line for it.",
    ),
    note(
        "missing-newline",
        "The last line of a file has no line end. Kibana does not mind; programs that join files do.",
    ),
    warning(
        "file-extension",
        "The file's name does not end in `.ndjson`. Uploaded under that name, it is refused.",
    ),
    error(
        "many-lines",
        "The file is JSON over many lines, or an array. An import takes one record a line.",
    ),
];
