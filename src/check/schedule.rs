//! When does a rule run, and over what time? What creating the rule, or a run, makes of the line's dates and durations.

use super::at::At;
use super::dates::{Moment, Reading, reading};
use super::fault::shown;
use super::judge::Judge;
use crate::json::Raw;
use crate::record::Record;
use crate::schema::Format;

/// A date that `Date.parse` reads, and no date math can.
pub(super) fn misread(judge: &mut Judge, at: At<'_>, text: &str) {
    let name = super::at::dotted(&at.pointer());
    let message = format!(
        "`{name}` is {}, which passes, but is no date math that a search can use",
        shown(text)
    );
    judge.find(at, "date-misread", message).hint = Some("write date math, as in `now-6m`".into());
}

/// A string whose spelling matters only when the rule is created.
pub(super) fn created(judge: &mut Judge, at: At<'_>, format: Format, text: &str) {
    if super::formats::reading(format, text, judge.options.target) == Reading::Meant {
        return;
    }
    let name = super::at::dotted(&at.pointer());
    let message = format!(
        "`{name}` must be a whole number above 0 and one of the units s, m, h and d for the rule to be created, found {}",
        shown(text)
    );
    judge.find(at, "not-a-duration", message).kibana =
        Some(format!("string is not a valid duration: {text}"));
}

/// `to`, of which the line check takes any string.
pub(super) fn to(judge: &mut Judge, rule: &Record<'_>) {
    if let Some(text) = rule
        .str("to")
        .filter(|text| reading(text) != Reading::Meant)
    {
        let message = format!(
            "`to` is {}, which passes, but is no date that a search can use",
            shown(&text)
        );
        judge
            .find(At::Record.key("to"), "date-misread", message)
            .hint = Some("write date math, as in `now`".into());
    }
}

/// The window of a new terms rule, which must begin before the time that a run looks at.
pub(super) fn history_window(judge: &mut Judge, rule: &Record<'_>) {
    let Some(start) = rule.str("history_window_start") else {
        return;
    };
    let at = At::Record;
    let from = rule.str("from").unwrap_or("now-6m".into());
    let Some(begins) = Moment::of(&start) else {
        if reading(&start) != Reading::Meant {
            let message = format!(
                "`history_window_start` must be date math for the rule to be created, found {}",
                shown(&start)
            );
            let found = judge.find(at.key("history_window_start"), "date-misread", message);
            found.hint = Some("write date math, as in `now-14d`".into());
            found.kibana = Some("Failed to parse 'historyWindowStart'".into());
        }
        return;
    };
    if Moment::of(&from).is_some_and(|from| begins.is_not_before(from)) {
        let message = format!(
            "`history_window_start` must be earlier than `from`, found {} and {}",
            shown(&start),
            shown(&from)
        );
        judge.find(at.key("history_window_start"), "history-window-order", message).kibana = Some(
            "History window size is smaller than rule interval + additional lookback, 'historyWindowStart' must be earlier than 'from'".into(),
        );
    }
}

/// The seconds between two runs; none if the interval cannot be read.
pub(super) fn interval(rule: &Record<'_>) -> Option<f64> {
    match rule.get("interval") {
        None => super::dates::duration("5m"),
        Some(interval) => interval
            .as_str()
            .and_then(|text| super::dates::duration(&text)),
    }
}

/// `max_signals` above what a server takes unless told otherwise.
pub(super) fn max_signals(judge: &mut Judge, rule: &Record<'_>) {
    let most = rule.get("max_signals").and_then(Raw::as_f64);
    if most.is_some_and(|most| most > 1000.0) {
        judge.find(
            At::Record.key("max_signals"),
            "signals-capped",
            "`max_signals` is more than 1000, which is all that a server lets a run make unless it is configured otherwise",
        );
    }
}
