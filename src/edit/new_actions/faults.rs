//! What does Kibana's alerting layer refuse about the actions of a rule?

use crate::edit::duration::seconds;
use crate::edit::{actions, alerts_filter};
use crate::json::Raw;

/// Its texts about actions that are not through system connectors, of a rule that runs at this interval.
pub(crate) fn of(actions: &[String], interval: &str) -> Vec<String> {
    let actions: Vec<Raw<'_>> = actions
        .iter()
        .filter_map(|text| Raw::parse(text).ok())
        .collect();
    let text = |action: Raw<'_>, key: &str| -> String {
        action
            .get(key)
            .and_then(|value| Some(value.as_str()?.into()))
            .unwrap_or_default()
    };
    let mut faults = Vec::new();
    let mut groups: Vec<String> = Vec::new();
    for group in actions.iter().map(|action| text(*action, "group")) {
        if group != "default" && !groups.contains(&group) {
            groups.push(group);
        }
    }
    if !groups.is_empty() {
        faults.push(format!("Invalid action groups: {}", groups.join(", ")));
    }
    let too_often = |action: &Raw<'_>| {
        let throttle = actions::throttle(action.get("frequency")?)?;
        let is_short = seconds(&throttle)? < seconds(interval)?;
        is_short.then(|| format!("{} ({throttle})", text(*action, "group")))
    };
    let short: Vec<String> = actions.iter().filter_map(too_often).collect();
    if !short.is_empty() {
        faults.push(format!(
            "Action frequency cannot be shorter than the schedule interval of {interval}: {}",
            short.join(", ")
        ));
    }
    faults.extend(alerts_filter::faults(&actions));
    faults
}

/// The one text with which it refuses actions for these reasons, if there are any.
pub(crate) fn refusal(faults: &[String]) -> Option<String> {
    match faults {
        [] => None,
        [fault] => Some(format!(
            "Failed to validate actions due to the following error: {fault}"
        )),
        faults => Some(format!(
            "Failed to validate actions due to the following {} errors:\n- {}",
            faults.len(),
            faults.join("\n- ")
        )),
    }
}
