//! How often do a rule's actions run? Since 8.8 each says so in its `frequency`; before, the rule's `throttle` said it for all.

use super::of_action;
use super::walk::{Walk, known};
use crate::edit::seconds;
use crate::error::Result;
use crate::json::{Raw, ValueKind, Verdict, quoted};
use crate::record::{Effect, Kind, Record, is_system_connector};

/// How often an action runs at most.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Pace {
    /// On each run of the rule that finds something.
    EachRun,
    /// Once in this time.
    Every(String),
}

impl Pace {
    /// That of a `throttle`, as far as it is a duration.
    fn of(throttle: Option<&str>) -> Self {
        match throttle.filter(|throttle| seconds(throttle).is_some()) {
            Some(throttle) => Self::Every(throttle.into()),
            None => Self::EachRun,
        }
    }

    fn of_frequency(frequency: Raw<'_>) -> Self {
        let text = |key: &str| frequency.get(key).and_then(Raw::as_str);
        match text("notifyWhen").as_deref() {
            Some("onThrottleInterval") => Self::of(text("throttle").as_deref()),
            _ => Self::EachRun,
        }
    }

    /// As the `throttle` of a rule spells it.
    fn throttle(&self) -> &str {
        match self {
            Self::EachRun => "rule",
            Self::Every(time) => time,
        }
    }

    /// The least time between two runs, in seconds.
    fn seconds(&self) -> u64 {
        match self {
            Self::EachRun => 0,
            Self::Every(time) => seconds(time).unwrap_or(0),
        }
    }
}

/// An action, as far as its pace goes.
struct Paced {
    index: usize,
    pace: Pace,
    /// The text of its `frequency`, if it has one.
    frequency: Option<Box<str>>,
}

/// Moves the `frequency` of actions into the rule's `throttle`, where the target knows no other.
///
/// The action that runs most often decides: too many notifications are noticed, too few are not.
pub(super) fn convert(rule: &mut Record<'_>, walk: &mut Walk) -> Result<()> {
    let base = walk.schema.kind(Kind::Rule);
    let field = base.and_then(|base| walk.schema.at(base, &["actions", "frequency"]));
    let Some(since) = field.and_then(|field| walk.newer(field.since)) else {
        return Ok(());
    };
    let actions = paced(rule);
    let of_all = actions
        .iter()
        .filter(|paced| paced.frequency.is_some())
        .count();
    let Some(chosen) = actions
        .iter()
        .map(|paced| &paced.pace)
        .min_by_key(|pace| pace.seconds())
        .filter(|_| of_all > 0)
        .cloned()
    else {
        return Ok(());
    };
    let throttle = chosen.throttle();
    for paced in &actions {
        let (effect, why) = match difference(paced, &chosen) {
            Some(what) => (
                Effect::Lost,
                format!(
                    "{what}; it is {}, and the rule's `throttle` becomes `{throttle}`",
                    known(since)
                ),
            ),
            None if paced.frequency.is_some() => (
                Effect::Changed,
                format!(
                    "it is {}, and becomes the rule's `throttle` `{throttle}`",
                    known(since)
                ),
            ),
            None => continue,
        };
        let value = paced.frequency.as_deref().unwrap_or("null");
        walk.note_at(&of_action(paced.index, "frequency"), effect, value, why);
    }
    rule.edit_each("actions", |action| {
        let is_system = action.str("id").is_some_and(|id| is_system_connector(&id));
        if !is_system {
            action.remove("frequency");
        }
        Ok(Verdict::Keep)
    })?;
    if rule.str("throttle").as_deref() != Some(throttle) {
        rule.set("throttle", quoted(throttle));
    }
    Ok(())
}

/// The actions with a pace. Those of system connectors have none; where something is no action, nobody has.
fn paced(rule: &Record<'_>) -> Vec<Paced> {
    let of_rule = Pace::of(rule.str("throttle").as_deref());
    let actions = || rule.get("actions").into_iter().flat_map(Raw::elements);
    if actions().any(|action| action.kind() != ValueKind::Object) {
        return Vec::new();
    }
    let is_system = |action: &Raw<'_>| {
        let id = action.get("id").and_then(Raw::as_str);
        id.is_some_and(|id| is_system_connector(&id))
    };
    actions()
        .enumerate()
        .filter(|(_, action)| !is_system(action))
        .map(|(index, action)| {
            let frequency = action.get("frequency").filter(|it| !it.is_null());
            Paced {
                index,
                pace: frequency.map_or_else(|| of_rule.clone(), Pace::of_frequency),
                frequency: frequency.map(|frequency| frequency.text().into()),
            }
        })
        .collect()
}

/// What one throttle for all actions does not say of this one.
fn difference(paced: &Paced, chosen: &Pace) -> Option<String> {
    let frequency = paced
        .frequency
        .as_deref()
        .and_then(|it| Raw::parse(it).ok());
    let member = |key: &str| frequency.and_then(|frequency| frequency.get(key));
    let mut said = Vec::new();
    if paced.pace != *chosen {
        said.push(match &paced.pace {
            Pace::EachRun => "the action ran each time".to_owned(),
            Pace::Every(time) => format!("the action ran once in `{time}`"),
        });
    }
    if member("summary").and_then(Raw::as_bool) == Some(false) {
        said.push("each alert had a notification of its own".into());
    }
    if member("notifyWhen").and_then(Raw::as_str).as_deref() == Some("onActionGroupChange") {
        said.push("it ran where an alert's status changed".into());
    }
    (!said.is_empty()).then(|| said.join(", "))
}
