//! Which alerts does an action run for? Faults that Kibana's alerting layer finds in `alerts_filter`.

use crate::json::{Raw, ValueKind};

/// Its texts about these actions, each naming all actions that it is about.
pub(super) fn faults(actions: &[Raw<'_>]) -> Vec<String> {
    let (mut empty, mut partial, mut days) = (Vec::new(), Vec::new(), Vec::new());
    for action in actions {
        let Some(filter) = action.get("alerts_filter") else {
            continue;
        };
        let uuid = action.get("uuid").and_then(Raw::as_str).unwrap_or_default();
        let part = |key: &str| filter.get(key).filter(|value| !value.is_null());
        let timeframe = part("timeframe");
        if part("query").is_none() && timeframe.is_none() {
            empty.push(uuid.to_string());
        }
        let Some(timeframe) = timeframe.filter(|frame| frame.kind() == ValueKind::Object) else {
            continue;
        };
        let has = |key: &str| timeframe.get(key).is_some_and(|value| !value.is_null());
        if !(has("days") && has("hours") && has("timezone")) {
            partial.push(uuid.to_string());
            continue;
        }
        let named = || timeframe.get("days").into_iter().flat_map(Raw::elements);
        let is_day = |day: Raw<'_>| matches!(day.text(), "1" | "2" | "3" | "4" | "5" | "6" | "7");
        if !named().all(is_day) {
            let named: Vec<&str> = named().map(Raw::text).collect();
            days.push(format!("({uuid}:[{}])", named.join(",")));
        }
    }
    let texts = [
        // Two blanks, as Kibana has it.
        (
            r#"Action's alertsFilter  must have either "query" or "timeframe" : "#,
            empty,
        ),
        (
            "Action's alertsFilter timeframe has missing fields: days, hours or timezone: ",
            partial,
        ),
        ("Action's alertsFilter days has invalid values: ", days),
    ];
    let texts = texts.into_iter().filter(|(_, about)| !about.is_empty());
    texts
        .map(|(text, about)| format!("{text}{}", about.join(", ")))
        .collect()
}
