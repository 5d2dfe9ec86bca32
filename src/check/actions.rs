//! What creating a rule makes of its actions.

use std::collections::HashSet;

use super::at::At;
use super::dates::duration;
use super::fault::shown;
use super::judge::Judge;
use super::schedule::interval;
use crate::json::{Raw, ValueKind};
use crate::record::{Record, is_system_connector};

/// Judges the actions of a rule, those that are objects.
pub(super) fn judge(judge: &mut Judge, rule: &Record<'_>) {
    let record = At::Record;
    let at = record.key("actions");
    let actions = rule.get("actions");
    let mut uuids = HashSet::new();
    let mut made = 0;
    for (index, action) in actions.into_iter().flat_map(Raw::elements).enumerate() {
        if action.kind() != ValueKind::Object {
            continue;
        }
        let here = at.index(index);
        if let Some(uuid) = action.get("uuid").and_then(Raw::as_str)
            && !uuids.insert(uuid.to_string())
        {
            let message = format!(
                "`actions.{index}.uuid` must be another than that of each other action, found {} again",
                shown(&uuid)
            );
            let problem = judge.find(here.key("uuid"), "action-uuid-repeated", message);
            problem.hint = Some("remove it; Kibana makes a new one".into());
            problem.kibana = Some("Actions have duplicated UUIDs".into());
        }
        let is_system = action
            .get("id")
            .and_then(Raw::as_str)
            .is_some_and(|id| is_system_connector(&id));
        if !is_system {
            group(judge, action, here, index);
            made += u32::from(action.get("frequency").is_none());
            throttle(judge, rule, action, here, index);
        }
        filter(judge, action, here, index);
    }
    frequencies(judge, rule, made);
}

/// Actions without a `frequency` get one, from the rule's `throttle` if there is one.
fn frequencies(judge: &mut Judge, rule: &Record<'_>, made: u32) {
    let at = At::Record;
    let throttle = rule.get("throttle");
    // Before 8.8 there are none, and `throttle` is all there is.
    if judge.options.target < crate::schema::Target::version(8, 8) {
        return;
    }
    match (throttle, made) {
        (None, 0) => {}
        (Some(_), 0) => {
            judge
                .find(
                    at.key("throttle"),
                    "throttle-unused",
                    "`throttle` is not kept: no action lacks a `frequency` that it would become",
                )
                .hint = Some("remove it".into());
        }
        (throttle, made) => {
            let from = if throttle.is_some() {
                "made of the rule's `throttle`"
            } else {
                "on each run with alerts"
            };
            let message =
                format!("{made} of the rule's actions have no `frequency` and get one, {from}");
            judge.find(at.key("actions"), "frequency-made", message);
        }
    }
}

fn group(judge: &mut Judge, action: Raw<'_>, here: At<'_>, index: usize) {
    let group = action.get("group").and_then(Raw::as_str);
    if let Some(group) = group.filter(|group| group != "default") {
        let message = format!(
            "`actions.{index}.group` must be `default` for the rule to be created, found {}",
            shown(&group)
        );
        judge
            .find(here.key("group"), "action-group", message)
            .kibana = Some(format!("Invalid action groups: {group}"));
    }
}

fn throttle(judge: &mut Judge, rule: &Record<'_>, action: Raw<'_>, here: At<'_>, index: usize) {
    let Some(frequency) = action.get("frequency") else {
        return;
    };
    let when = frequency.get("notifyWhen").and_then(Raw::as_str);
    let Some(throttle) = frequency.get("throttle").and_then(Raw::as_str) else {
        return;
    };
    if when.as_deref() != Some("onThrottleInterval") {
        return;
    }
    let (Some(pause), Some(interval)) = (duration(&throttle), interval(rule)) else {
        return;
    };
    if pause < interval {
        let every = rule.str("interval").unwrap_or("5m".into());
        let group = action
            .get("group")
            .and_then(Raw::as_str)
            .unwrap_or("default".into());
        let message = format!(
            "`actions.{index}.frequency.throttle` must not be shorter than the rule's interval `{every}`, found `{throttle}`"
        );
        let frequency = here.key("frequency");
        judge
            .find(frequency.key("throttle"), "action-throttle", message)
            .kibana = Some(format!(
            "Action frequency cannot be shorter than the schedule interval of {every}: {group} ({throttle})"
        ));
    }
}

fn filter(judge: &mut Judge, action: Raw<'_>, here: At<'_>, index: usize) {
    let filter = action
        .get("alerts_filter")
        .filter(|filter| filter.kind() == ValueKind::Object);
    let Some(filter) = filter else { return };
    let uuid = action.get("uuid").and_then(Raw::as_str).unwrap_or_default();
    let at = here.key("alerts_filter");
    let given = |key: &str| filter.get(key).filter(|value| !value.is_null());
    let name = format!("actions.{index}.alerts_filter");
    let Some(timeframe) = given("timeframe") else {
        if given("query").is_none() {
            let message = format!("`{name}` must have `query` or `timeframe`, found neither");
            judge.find(at, "alerts-filter", message).kibana = Some(format!(
                "Action's alertsFilter  must have either \"query\" or \"timeframe\" : {uuid}"
            ));
        }
        return;
    };
    let here = at.key("timeframe");
    let lacks = ["days", "hours", "timezone"]
        .into_iter()
        .find(|key| timeframe.get(key).is_none_or(Raw::is_null));
    if let Some(lacks) = lacks {
        let message = format!(
            "`{name}.timeframe` must have `days`, `hours` and `timezone`, found no `{lacks}`"
        );
        judge.find(here, "alerts-filter", message).kibana = Some(format!(
            "Action's alertsFilter timeframe has missing fields: days, hours or timezone: {uuid}"
        ));
        return;
    }
    let days: Vec<_> = timeframe
        .get("days")
        .into_iter()
        .flat_map(Raw::elements)
        .collect();
    let is_day = |day: &Raw<'_>| {
        day.as_f64()
            .is_some_and(|day| day.fract() == 0.0 && (1.0..=7.0).contains(&day))
    };
    if let Some(wrong) = days.iter().find(|day| !is_day(day)) {
        let message = format!(
            "`{name}.timeframe.days` must be days from 1 to 7, found {}",
            wrong.text()
        );
        let texts: Vec<_> = days.iter().map(|day| day.text()).collect();
        judge
            .find(here.key("days"), "alerts-filter", message)
            .kibana = Some(format!(
            "Action's alertsFilter days has invalid values: ({uuid}:[{}])",
            texts.join(",")
        ));
    }
}
