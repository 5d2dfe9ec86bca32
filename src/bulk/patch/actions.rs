//! The actions that a patch gives a rule, as Kibana stores them.

use std::collections::HashSet;

use super::request::Fault;
use crate::bundle::alike;
use crate::edit::ids::derived;
use crate::edit::new_actions::{faults, stored};
use crate::error::Result;
use crate::json::{Object, Raw};
use crate::record::is_system_connector;

/// What actions are completed with.
pub(super) struct Completing<'r> {
    pub(super) seed: &'r str,
    /// The rule's name in ids.
    pub(super) rule: &'r str,
    /// What becomes the frequency of those that have none.
    pub(super) throttle: Option<&'r str>,
    /// The rule's own actions; one that stays the same keeps its spelling.
    pub(super) before: Option<Raw<'r>>,
}

impl Completing<'_> {
    /// The value of `actions`: each with a `uuid` and a `frequency`, those through system connectors last.
    pub(super) fn complete(&self, given: Raw<'_>) -> Result<String> {
        let uuid = |action: Raw<'_>| action.get("uuid").and_then(Raw::as_str).map(String::from);
        let mut taken: HashSet<String> = given.elements().filter_map(uuid).collect();
        let (mut plain, mut system) = (Vec::new(), Vec::new());
        let mut number = 0;
        for action in given.elements() {
            let object = Object::parse(action.text())?;
            let id = object.str("id").unwrap_or_default();
            let uuid = uuid(action).unwrap_or_else(|| {
                loop {
                    let of = format!("{} {number} {id}", self.rule);
                    let uuid = derived(self.seed, "action", &[self.rule, &of]);
                    number += 1;
                    if taken.insert(uuid.clone()) {
                        break uuid;
                    }
                }
            });
            let type_id = object.str("action_type_id").unwrap_or_default();
            let text = stored(&object, self.throttle, &type_id, &uuid);
            let text = self.spelt_before(&text).unwrap_or(text);
            if is_system_connector(&id) {
                system.push(text);
            } else {
                plain.push(text);
            }
        }
        plain.append(&mut system);
        Ok(format!("[{}]", plain.join(",")))
    }

    fn spelt_before(&self, action: &str) -> Option<String> {
        let action = Raw::parse(action).ok()?;
        let mut before = self.before?.elements();
        let same = before.find(|old| alike(*old, action))?;
        Some(same.text().to_owned())
    }
}

/// Whether one of these actions takes the rule's throttle for its frequency.
pub(super) fn takes_throttle(given: Raw<'_>) -> bool {
    given.elements().any(|action| {
        let id = action.get("id").and_then(Raw::as_str).unwrap_or_default();
        action.get("frequency").is_none() && !is_system_connector(&id)
    })
}

/// What Kibana's alerting layer refuses about the actions of a rule that runs at this interval.
pub(super) fn check(actions: Raw<'_>, interval: &str) -> Result<(), Fault> {
    let refused = |text: String| Fault::of("actions", 400, text);
    let text = |action: Raw<'_>, key: &str| action.get(key).and_then(Raw::as_str).map(String::from);
    let is_system =
        |action: &Raw<'_>| is_system_connector(&text(*action, "id").unwrap_or_default());
    let (system, plain): (Vec<_>, Vec<_>) = actions.elements().partition(is_system);
    if let Some(place) = plain
        .iter()
        .position(|action| action.get("group").is_none())
    {
        return Err(refused(format!(
            "Error validating update data - [actions.{place}.group]: expected value of type [string] but got [undefined]"
        )));
    }
    let mut ids = HashSet::new();
    if !system.iter().all(|action| ids.insert(text(*action, "id"))) {
        return Err(refused("Cannot use the same system action twice".into()));
    }
    let mut uuids = HashSet::new();
    let is_new = |action: Raw<'_>| text(action, "uuid").is_none_or(|uuid| uuids.insert(uuid));
    let mut found = Vec::new();
    if !actions.elements().all(is_new) {
        found.push("Actions have duplicated UUIDs".to_owned());
    }
    let plain: Vec<String> = plain
        .iter()
        .map(|action| action.text().to_owned())
        .collect();
    found.extend(faults::of(&plain, interval));
    faults::refusal(&found).map_or(Ok(()), |text| Err(refused(text)))
}

/// What it refuses about actions that stay, because the interval became another one.
pub(super) fn check_interval(actions: Raw<'_>, was: &str, interval: &str) -> Result<(), Fault> {
    let actions: Vec<String> = actions
        .elements()
        .map(|action| action.text().to_owned())
        .collect();
    let before = faults::of(&actions, was);
    let mut found = faults::of(&actions, interval);
    found.retain(|fault| !before.contains(fault));
    let refused = |text: String| Fault::of("interval", 400, text);
    faults::refusal(&found).map_or(Ok(()), |text| Err(refused(text)))
}
