//! The `edit` array of a request.

use super::{Action, NamedConnector};
use crate::bulk::settings::{License, Settings};
use crate::bulk::value::{Dropped, Value};
use crate::edit::{Edit, IndexPatterns, NewActions, Schedule, Suppression, SuppressionDuration};
use crate::error::Result;
use crate::record::is_system_connector;

/// The types of edits, in the order of Kibana's API reference.
const TYPES: &[&str] = &[
    "add_tags",
    "delete_tags",
    "set_tags",
    "add_index_patterns",
    "delete_index_patterns",
    "set_index_patterns",
    "add_investigation_fields",
    "delete_investigation_fields",
    "set_investigation_fields",
    "set_timeline",
    "set_schedule",
    "add_rule_actions",
    "set_rule_actions",
    "set_alert_suppression",
    "set_alert_suppression_for_threshold",
    "delete_alert_suppression",
];

/// What the parser of one edit writes down beside it.
struct Beside<'b> {
    dropped: &'b mut Vec<Dropped>,
    connectors: &'b mut Vec<NamedConnector>,
}

/// Reads the array.
pub(super) fn parse(
    body: &Value<'_>,
    dropped: &mut Vec<Dropped>,
    connectors: &mut Vec<NamedConnector>,
) -> Result<Vec<Edit>> {
    const EXPECTED: &str = "an array of at least one edit";
    let array = body.required("edit", EXPECTED)?;
    let elements = array.elements(EXPECTED)?;
    if elements.is_empty() {
        return Err(array.refused(
            format!(
                "`{}` must be {EXPECTED}, found an empty one",
                array.pointer()
            ),
            None,
        ));
    }
    let mut beside = Beside {
        dropped,
        connectors,
    };
    elements
        .into_iter()
        .map(|element| edit(&element.object()?, &mut beside))
        .collect()
}

/// Refuses edits that need a licence which the server is said not to have, with Kibana's text.
pub(super) fn licensed(body: &Value<'_>, action: &Action, settings: &Settings) -> Result<()> {
    let Action::Edit(edits) = action else {
        return Ok(());
    };
    if settings.license.is_none_or(License::is_platinum) {
        return Ok(());
    }
    let Some(index) = edits.iter().position(Edit::is_suppression) else {
        return Ok(());
    };
    let array = body.required("edit", "an array")?;
    let at = array.elements("an array")?.into_iter().nth(index);
    Err(at.unwrap_or(array).refused(
        "Alert suppression is enabled with platinum license or above.",
        Some("leave the edit out, or say another licence with `--license`"),
    ))
}

fn edit(edit: &Value<'_>, beside: &mut Beside<'_>) -> Result<Edit> {
    let kind = edit
        .required("type", "a string")
        .and_then(|kind| kind.choice(TYPES))?;
    let known: &[&str] = match kind {
        "add_index_patterns" | "delete_index_patterns" | "set_index_patterns" => {
            &["type", "value", "overwrite_data_views"]
        }
        "delete_alert_suppression" => &["type"],
        _ => &["type", "value"],
    };
    edit.drops(known, beside.dropped);
    let strings = || edit.required("value", "an array of strings")?.strings(0);
    Ok(match kind {
        "add_tags" => Edit::AddTags(strings()?),
        "delete_tags" => Edit::DeleteTags(strings()?),
        "set_tags" => Edit::SetTags(strings()?),
        "add_index_patterns" => Edit::AddIndexPatterns(index_patterns(edit, strings()?)?),
        "delete_index_patterns" => Edit::DeleteIndexPatterns(index_patterns(edit, strings()?)?),
        "set_index_patterns" => Edit::SetIndexPatterns(index_patterns(edit, strings()?)?),
        "add_investigation_fields" => Edit::AddInvestigationFields(field_names(edit, beside)?),
        "delete_investigation_fields" => {
            Edit::DeleteInvestigationFields(field_names(edit, beside)?)
        }
        "set_investigation_fields" => Edit::SetInvestigationFields(field_names(edit, beside)?),
        "set_timeline" => {
            let value = object(edit, &["timeline_id", "timeline_title"], beside)?;
            Edit::SetTimeline {
                id: value.required("timeline_id", "a string")?.string()?,
                title: value.required("timeline_title", "a string")?.string()?,
            }
        }
        "set_schedule" => {
            let value = object(edit, &["interval", "lookback"], beside)?;
            Edit::SetSchedule(schedule(&value)?)
        }
        "add_rule_actions" => Edit::AddRuleActions(new_actions(edit, beside)?),
        "set_rule_actions" => Edit::SetRuleActions(new_actions(edit, beside)?),
        "set_alert_suppression" => {
            let keys = &["group_by", "duration", "missing_fields_strategy"];
            Edit::SetAlertSuppression(suppression(&object(edit, keys, beside)?, beside)?)
        }
        "set_alert_suppression_for_threshold" => {
            let value = object(edit, &["duration"], beside)?;
            let value = value.required("duration", "an object")?;
            Edit::SetAlertSuppressionForThreshold(duration(value, beside)?)
        }
        _ => Edit::DeleteAlertSuppression,
    })
}

/// The `value` of an edit, which must be an object; it has these keys, and others are dropped.
fn object<'t>(
    edit: &Value<'t>,
    keys: &[&'static str],
    beside: &mut Beside<'_>,
) -> Result<Value<'t>> {
    let value = edit.required("value", "an object")?.object()?;
    value.drops(keys, beside.dropped);
    Ok(value)
}

fn index_patterns(edit: &Value<'_>, patterns: Vec<String>) -> Result<IndexPatterns> {
    let overwrite = edit.member("overwrite_data_views");
    Ok(IndexPatterns {
        patterns,
        overwrite_data_views: overwrite
            .map(|overwrite| overwrite.boolean())
            .transpose()?
            .unwrap_or(false),
    })
}

fn field_names(edit: &Value<'_>, beside: &mut Beside<'_>) -> Result<Vec<String>> {
    let value = object(edit, &["field_names"], beside)?;
    let names = value.required("field_names", "an array of at least one string")?;
    let texts = names.strings(1)?;
    if let Some(blank) = texts.iter().position(|name| name.trim().is_empty())
        && let Some(blank) = names.elements("an array")?.get(blank)
    {
        return Err(blank.wrong("a string that is not blank"));
    }
    Ok(texts)
}

fn schedule(value: &Value<'_>) -> Result<Schedule> {
    let text = |key| value.required(key, "a string")?.string();
    Schedule::new(text("interval")?, text("lookback")?).map_err(|error| value.blamed_within(&error))
}

fn suppression(value: &Value<'_>, beside: &mut Beside<'_>) -> Result<Suppression> {
    const EXPECTED: &str = "an array of one to three strings";
    let group_by = value.required("group_by", EXPECTED)?;
    let fields = group_by.elements(EXPECTED)?;
    if !(1..=3).contains(&fields.len()) {
        return Err(group_by.refused(
            format!(
                "`{}` must be {EXPECTED}, found {}",
                group_by.pointer(),
                fields.len()
            ),
            None,
        ));
    }
    let strategy = value
        .member("missing_fields_strategy")
        .map(|strategy| strategy.choice(&["suppress", "doNotSuppress"]))
        .transpose()?;
    Ok(Suppression {
        group_by: group_by.strings(1)?,
        duration: value
            .member("duration")
            .map(|value| duration(value, beside))
            .transpose()?,
        missing_fields_strategy: strategy.map(Into::into),
    })
}

fn duration(value: Value<'_>, beside: &mut Beside<'_>) -> Result<SuppressionDuration> {
    let value = value.object()?;
    value.drops(&["value", "unit"], beside.dropped);
    Ok(SuppressionDuration {
        value: value.required("value", "a number")?.positive()?,
        unit: value
            .required("unit", "a string")?
            .choice(&["s", "m", "h"])?
            .into(),
    })
}

fn new_actions(edit: &Value<'_>, beside: &mut Beside<'_>) -> Result<NewActions> {
    let value = object(edit, NewActions::KEYS, beside)?;
    let new = NewActions::read(value.raw()).map_err(|error| value.blamed_within(&error))?;
    let actions = value.required("actions", "an array of actions")?;
    for action in actions.elements("an array of actions")? {
        if let Some(frequency) = action.member("frequency") {
            frequency.drops(NewActions::FREQUENCY_KEYS, beside.dropped);
        }
        let connector = action.required("id", "a string")?;
        let id = connector.string()?;
        let is_known = beside.connectors.iter().any(|known| known.id == id);
        if !is_known && !is_system_connector(&id) {
            beside.connectors.push(NamedConnector::new(id, &connector));
        }
    }
    Ok(new)
}
