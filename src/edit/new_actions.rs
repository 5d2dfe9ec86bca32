//! The actions that a request gives to rules: read, checked, completed, put in their place.

pub(crate) mod faults;
mod request;

use std::collections::HashSet;

use super::{Effect, Surroundings, actions, strings};
use crate::error::{Error, Result};
use crate::json::{Array, Object, Raw, ValueKind, compact, quoted};
use crate::record::is_system_connector;

pub use request::THROTTLES;

/// Actions to add or set.
#[derive(Debug, Clone, PartialEq)]
pub struct NewActions {
    /// `rule`, `1h`, `1d` or `7d`: the frequency of actions that have none of their own.
    pub throttle: Option<String>,
    /// The actions as JSON objects: `id`, `params`, and perhaps `group`, `frequency`, `alerts_filter`.
    pub actions: Vec<String>,
}

/// What a rule runs at that does not say its interval.
pub(crate) const USUAL_INTERVAL: &str = "5m";

impl NewActions {
    /// Adds the actions behind those that are there; counts unless there are none.
    pub(super) fn add_to(
        &self,
        rule: &mut Object<'_>,
        surroundings: &Surroundings<'_>,
    ) -> Result<Effect> {
        if self.actions.is_empty() {
            return Ok(Effect::None);
        }
        let present = present(rule)?;
        let uuids = |action: &String| {
            Raw::parse(action)
                .ok()?
                .get("uuid")?
                .as_str()
                .map(String::from)
        };
        let taken: HashSet<String> = present.iter().filter_map(uuids).collect();
        let (plain, system) = self.completed(rule, surroundings, present.len(), &taken)?;
        actions::move_throttle(rule)?;
        if present.is_empty() {
            rule.set("actions", listed(plain.iter().chain(&system)));
            return Ok(Effect::Effective);
        }
        // Kibana keeps system actions in a place of their own, and shows them last.
        let stays_last = system_begins(&present)
            .is_some_and(|begins| plain.is_empty() || begins == present.len());
        if stays_last {
            rule.edit_array("actions", |array| {
                plain
                    .into_iter()
                    .chain(system)
                    .for_each(|new| array.push(new));
                Ok(())
            })?;
        } else {
            // Read again, with what the rule's throttle became.
            let (old_system, old_plain): (Vec<_>, Vec<_>) = self::present(rule)?
                .into_iter()
                .partition(|action| is_system(action));
            let all = old_plain
                .iter()
                .chain(&plain)
                .chain(&old_system)
                .chain(&system);
            let all = listed(all);
            rule.set("actions", all);
        }
        Ok(Effect::Effective)
    }

    /// Sets exactly these actions; counts unless there are none and were none.
    pub(super) fn set_on(
        &self,
        rule: &mut Object<'_>,
        surroundings: &Surroundings<'_>,
    ) -> Result<Effect> {
        let were_none = present(rule)?.is_empty();
        if self.actions.is_empty() && were_none {
            return Ok(Effect::None);
        }
        let (plain, system) = self.completed(rule, surroundings, 0, &HashSet::new())?;
        rule.remove("throttle");
        rule.set("actions", listed(plain.iter().chain(&system)));
        Ok(Effect::Effective)
    }

    /// The actions as they are stored, those through system connectors apart, once they have passed Kibana's checks.
    ///
    /// `first` is the number of the first in names of ids; ids that are `taken` are not given again.
    fn completed(
        &self,
        rule: &Object<'_>,
        surroundings: &Surroundings<'_>,
        first: usize,
        taken: &HashSet<String>,
    ) -> Result<(Vec<String>, Vec<String>)> {
        let rule_name = super::ids::rule_name(rule);
        let interval = strings::one(rule, "interval")?;
        let (mut plain, mut system) = (Vec::new(), Vec::new());
        let mut fresh = Vec::new();
        let mut number = first;
        for text in &self.actions {
            let action = Object::parse(text)?;
            let id = strings::one(&action, "id")?.unwrap_or_default();
            let is_system = is_system_connector(&id);
            check_keys(&action, is_system)?;
            let type_id = (surroundings.connector_type)(&id)
                .or_else(|| id.strip_prefix("system-connector-").map(String::from))
                .ok_or_else(|| {
                    Error::request(
                        format!("the type of connector `{id}` must be known, found no connector record with this id"),
                        Some(&format!("say it, as in `--connector '{id}=.slack'`")),
                    )
                })?;
            let uuid = loop {
                let uuid = (surroundings.new_id)(&format!("{rule_name} {number} {id}"));
                number += 1;
                if !taken.contains(&uuid) {
                    break uuid;
                }
            };
            let stored = stored(&action, self.throttle.as_deref(), &type_id, &uuid);
            if is_system { &mut system } else { &mut plain }.push(stored);
            fresh.push((id.into_owned(), uuid));
        }
        let faults = faults::of(&plain, interval.as_deref().unwrap_or(USUAL_INTERVAL));
        if let Some(text) = faults::refusal(&faults) {
            return Err(Error::refused(text));
        }
        let mut met = HashSet::new();
        if fresh
            .iter()
            .any(|(id, _)| is_system_connector(id) && !met.insert(id))
        {
            return Err(Error::refused("Cannot use the same system action twice"));
        }
        Ok((plain, system))
    }
}

/// The action with what Kibana adds, in the order in which it shows the members. `throttle` is for one without a frequency of its
/// own; one through a system connector has none, and no group and filter either.
pub(crate) fn stored(
    action: &Object<'_>,
    throttle: Option<&str>,
    type_id: &str,
    uuid: &str,
) -> String {
    let is_system = is_system_connector(&action.str("id").unwrap_or_default());
    let given = |key: &str| action.get(key).map(|value| compact(value.text()));
    let plain = |key: &str| given(key).filter(|_| !is_system);
    let frequency = match plain("frequency") {
        None if !is_system => Some(actions::frequency(throttle)),
        own => own,
    };
    let members = [
        ("group", plain("group")),
        ("id", given("id")),
        ("params", given("params").or_else(|| Some("{}".into()))),
        ("action_type_id", Some(quoted(type_id).into())),
        ("uuid", Some(quoted(uuid).into())),
        ("frequency", frequency),
        ("alerts_filter", plain("alerts_filter")),
    ];
    let members = members
        .into_iter()
        .filter_map(|(key, value)| Some(format!("\"{key}\":{}", value?)));
    format!("{{{}}}", members.collect::<Vec<_>>().join(","))
}

/// The actions of the rule as they are spelt. Fails if `actions` is no array of objects.
fn present(rule: &Object<'_>) -> Result<Vec<String>> {
    let Some(value) = rule.get("actions").filter(|value| !value.is_null()) else {
        return Ok(Vec::new());
    };
    let wrong =
        |found| Error::wrong_type("actions", "an array of objects", found).within("actions");
    let array = Array::parse(value.text()).map_err(|_| wrong(value.kind().article()))?;
    let texts = array.iter().map(|(index, action)| match action.kind() {
        ValueKind::Object => Ok(action.text().to_owned()),
        other => Err(Error::wrong_type("element", "an object", other.article())
            .within(index)
            .within("actions")),
    });
    texts.collect()
}

fn is_system(action: &str) -> bool {
    Raw::parse(action).is_ok_and(actions::is_system)
}

/// Where the system actions begin, if no other action comes after one.
fn system_begins(present: &[String]) -> Option<usize> {
    let begins = present
        .iter()
        .position(|action| is_system(action))
        .unwrap_or(present.len());
    present[begins..]
        .iter()
        .all(|action| is_system(action))
        .then_some(begins)
}

fn listed<'s>(actions: impl Iterator<Item = &'s String>) -> String {
    format!(
        "[{}]",
        actions.map(String::as_str).collect::<Vec<_>>().join(",")
    )
}

/// What Kibana's alerting layer refuses before it looks at the rule.
fn check_keys(action: &Object<'_>, is_system: bool) -> Result<()> {
    let begin = "Error validating bulk edit rules operations -";
    if is_system {
        let names = [
            ("group", "group"),
            ("frequency", "frequency"),
            ("alerts_filter", "alertsFilter"),
        ];
        if let Some((_, name)) = names.into_iter().find(|(key, _)| action.has(key)) {
            let text = format!("{begin} [{name}]: definition for this key is missing");
            return Err(Error::refused(text));
        }
    } else if !action.has("group") {
        return Err(Error::refused(format!(
            "{begin} [group]: expected value of type [string] but got [undefined]"
        )));
    }
    Ok(())
}
