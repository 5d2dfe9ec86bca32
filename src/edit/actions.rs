//! Which actions does a rule have, and how often does each run?
//!
//! Since 8.8 each action says so itself, in its `frequency`; before, the rule's own `throttle` said it for all.

use std::borrow::Cow;

use super::duration::seconds;
use crate::error::Result;
use crate::json::{Object, Raw, Verdict, quoted};
use crate::record::is_system_connector;

/// Whether an action goes through one of Kibana's system connectors, which take neither group nor frequency.
pub(super) fn is_system(action: Raw<'_>) -> bool {
    let id = action.get("id").and_then(Raw::as_str);
    id.is_some_and(|id| is_system_connector(&id))
}

/// The frequency of actions that have none of their own, for a `throttle` of `rule`, of a duration, or none.
pub(super) fn frequency(throttle: Option<&str>) -> String {
    match throttle.filter(|throttle| seconds(throttle).is_some()) {
        Some(throttle) => format!(
            r#"{{"summary":true,"notifyWhen":"onThrottleInterval","throttle":{}}}"#,
            quoted(throttle)
        ),
        None => r#"{"summary":true,"notifyWhen":"onActiveAlert","throttle":null}"#.into(),
    }
}

/// The time that a frequency puts between two runs of an action, if it throttles at all.
pub(super) fn throttle(frequency: Raw<'_>) -> Option<Cow<'_, str>> {
    let is_throttled = frequency
        .get("notifyWhen")?
        .as_str()
        .is_some_and(|when| when == "onThrottleInterval");
    let throttle = frequency.get("throttle")?.as_str()?;
    (is_throttled && seconds(&throttle).is_some()).then_some(throttle)
}

/// The throttles of the rule's actions, those of actions without a frequency from the rule's own `throttle`.
pub(super) fn throttles<'r>(rule: &'r Object<'_>) -> impl Iterator<Item = Cow<'r, str>> {
    let of_rule = rule
        .str("throttle")
        .filter(|throttle| seconds(throttle).is_some());
    rule.get("actions")
        .into_iter()
        .flat_map(Raw::elements)
        .filter(|action| !is_system(*action))
        .filter_map(
            move |action| match action.get("frequency").filter(|own| !own.is_null()) {
                Some(own) => throttle(own),
                None => of_rule.clone(),
            },
        )
}

/// Moves the rule's own `throttle` into the actions that have no frequency, as Kibana does when it reads such a rule.
pub(super) fn move_throttle(rule: &mut Object<'_>) -> Result<()> {
    if !rule.has("throttle") {
        return Ok(());
    }
    let frequency = frequency(rule.str("throttle").as_deref());
    rule.edit_each("actions", |action| {
        let id = action.str("id").unwrap_or_default();
        let is_complete =
            is_system_connector(&id) || action.get("frequency").is_some_and(|own| !own.is_null());
        if !is_complete {
            action.set("frequency", frequency.as_str());
        }
        Ok(Verdict::Keep)
    })?;
    rule.remove("throttle");
    Ok(())
}
