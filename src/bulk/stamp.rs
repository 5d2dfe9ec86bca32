//! How does a change move a rule's `version`, `revision` and `rule_source`?
//!
//! What a rule lacks it is not given: an import makes it, and what the file's release did not know stays out of it.

use crate::bundle::alike;
use crate::error::{Error, Result};
use crate::json::{Object, Raw};
use crate::record::Record;

/// The fields that Kibana compares with the asset a prebuilt rule was installed from.
const COMPARED: &[&str] = &[
    "name",
    "description",
    "tags",
    "severity",
    "severity_mapping",
    "risk_score",
    "risk_score_mapping",
    "references",
    "false_positives",
    "threat",
    "note",
    "setup",
    "related_integrations",
    "required_fields",
    "interval",
    "from",
    "to",
    "rule_name_override",
    "timestamp_override",
    "timestamp_override_fallback_disabled",
    "timeline_id",
    "timeline_title",
    "building_block_type",
    "investigation_fields",
    "max_signals",
    "query",
    "language",
    "filters",
    "saved_id",
    "event_category_override",
    "timestamp_field",
    "tiebreaker_field",
    "index",
    "data_view_id",
    "alert_suppression",
    "threshold",
    "threat_index",
    "threat_mapping",
    "threat_query",
    "threat_filters",
    "threat_language",
    "threat_indicator_path",
    "new_terms_fields",
    "history_window_start",
    "anomaly_threshold",
    "machine_learning_job_id",
];

/// Those of them that bulk edits reach.
const EDITABLE: &[&str] = &[
    "tags",
    "index",
    "data_view_id",
    "investigation_fields",
    "timeline_id",
    "timeline_title",
    "interval",
    "from",
    "alert_suppression",
];

/// The values of fields, as they are spelt; none where there is none.
pub(super) type Spelt = Vec<Option<Box<str>>>;

/// What a bulk edit may change of what Kibana compares.
pub(super) fn before(rule: &Object<'_>) -> Spelt {
    let text = |key: &&str| rule.get(key).map(|value| value.text().into());
    EDITABLE.iter().map(text).collect()
}

/// What a bulk edit moves on: `version` (not of prebuilt rules), `rule_source` and `revision`.
///
/// `before` is what [`before`] gave of a prebuilt rule, so that it need not be read again.
pub(super) fn edited(rule: &mut Record<'_>, before: Option<Spelt>) -> Result<()> {
    match before {
        Some(before) => {
            let is_kept = |(key, before): (&&str, &Option<Box<str>>)| {
                let before = before.as_deref().map(Raw::parse).and_then(Result::ok);
                is_same(before, rule.get(key))
            };
            if !EDITABLE.iter().zip(&before).all(is_kept) {
                customized(rule)?;
            }
        }
        None => {
            next(rule, "version")?;
            internal(rule);
        }
    }
    next(rule, "revision")
}

/// Works `rule_source` out anew: an edit of a compared field customises a prebuilt rule, and every other rule is internal.
pub(super) fn source(rule: &mut Record<'_>) -> Result<()> {
    if !rule.is_prebuilt() {
        internal(rule);
        return Ok(());
    }
    let read = Object::parse(rule.text())?;
    let is_kept = |key: &&str| is_same(read.get(key), rule.get(key));
    if COMPARED.iter().all(is_kept) {
        return Ok(());
    }
    customized(rule)
}

/// Gives a rule that is not Elastic's own the source that says so.
fn internal(rule: &mut Record<'_>) {
    let is_internal = |source: Raw<'_>| {
        source.members().count() == 1
            && source.get("type").and_then(Raw::as_str).as_deref() == Some("internal")
    };
    if rule
        .get("rule_source")
        .is_some_and(|source| !is_internal(source))
    {
        rule.set("rule_source", r#"{"type":"internal"}"#);
    }
}

fn customized(rule: &mut Record<'_>) -> Result<()> {
    rule.edit("rule_source", |source| {
        customize(source);
        Ok(())
    })
}

/// Says of a prebuilt rule that it is customised, as Kibana does where it does not have the asset the rule came from.
///
/// A rule that was customised keeps what it says: a file does not know the asset, and an import compares anew.
fn customize(source: &mut Object<'_>) {
    if source.get("is_customized").and_then(Raw::as_bool) == Some(true) {
        return;
    }
    source.set("is_customized", "true");
    for (key, value) in [("customized_fields", "[]"), ("has_base_version", "false")] {
        // Stacks before 9.2 do not know these.
        if source.has(key) {
            source.set(key, value);
        }
    }
}

fn is_same(a: Option<Raw<'_>>, b: Option<Raw<'_>>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => alike(a, b),
        (a, b) => a.is_none() && b.is_none(),
    }
}

/// Adds one to the number that the member holds, if it is there.
pub(super) fn next(rule: &mut Object<'_>, key: &str) -> Result<()> {
    let Some(value) = rule.get(key).filter(|value| !value.is_null()) else {
        return Ok(());
    };
    let number = value
        .as_f64()
        .filter(|number| number.fract() == 0.0 && (0.0..9e15).contains(number))
        .ok_or_else(|| {
            Error::wrong_type(key, "a whole number", value.kind().article()).within(key)
        })?;
    rule.set(key, format!("{:.0}", number + 1.0));
    Ok(())
}
