//! What does Kibana refuse about the rule that a patch makes, once the patch itself is well formed?

use super::actions;
use super::request::Fault;
use crate::check::{Options, Problem, problems};
use crate::edit::new_actions::USUAL_INTERVAL;
use crate::error::PathStep;
use crate::json::Object;
use crate::record::Record;

/// Checks a patched rule, of which these members were changed, as far as they bear on the check.
///
/// What was wrong before and is not touched passes: it is not the patch that brought it.
pub(super) fn check(before: &Object<'_>, rule: &Record<'_>, changed: &[&str]) -> Result<(), Fault> {
    let touched = |key: &str| changed.contains(&key);
    let text = |key: &str| rule.str(key);
    if touched("interval")
        && let Some(interval) = text("interval")
        && crate::edit::seconds(&interval).is_none()
    {
        return Err(Fault::of(
            "interval",
            400,
            format!(
                "Error validating update data - [schedule.interval]: string is not a valid duration: {interval}"
            ),
        ));
    }
    if let Some(list) = rule.get("actions") {
        let interval = text("interval").unwrap_or(USUAL_INTERVAL.into());
        if touched("actions") {
            actions::check(list, &interval)?;
        } else if touched("interval") {
            let was = before.str("interval").unwrap_or(USUAL_INTERVAL.into());
            actions::check_interval(list, &was, &interval)?;
        }
    }
    let (window, threshold) = (
        touched("from") || touched("history_window_start"),
        touched("threshold"),
    );
    if !window && !threshold {
        return Ok(());
    }
    let ty = text("type").unwrap_or_default();
    for problem in problems(rule, Options::default()) {
        if let Some(fault) = fault(&problem, &ty, changed) {
            return Err(fault);
        }
    }
    Ok(())
}

/// The refusal that a problem of the whole rule amounts to, if it is one that these members bring.
fn fault(problem: &Problem, ty: &str, changed: &[&str]) -> Option<Fault> {
    let Some(PathStep::Key(key)) = problem.pointer.first() else {
        return None;
    };
    let text = problem.kibana.as_ref()?;
    match (problem.code, &**key) {
        ("history-window-order" | "date-misread", "history_window_start") if ty == "new_terms" => {
            let blamed = ["history_window_start", "from"]
                .into_iter()
                .find(|key| changed.contains(key))?;
            Some(Fault::of(blamed, 400, format!("params invalid: {text}")))
        }
        ("threshold-fields" | "cardinality-field", _) if changed.contains(&"threshold") => {
            Some(Fault {
                way: problem.pointer.clone(),
                ..Fault::of("", 400, text.as_str())
            })
        }
        _ => None,
    }
}
