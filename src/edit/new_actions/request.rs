//! The value of `add_rule_actions` and `set_rule_actions`, read as strictly as Kibana's request schema, and stricter.

use super::super::duration::seconds;
use super::NewActions;
use crate::error::{Error, Result};
use crate::json::{Raw, ValueKind, compact};

/// What a request may say as `throttle`.
pub const THROTTLES: [&str; 4] = ["rule", "1h", "1d", "7d"];

/// The members of an action in a request; Kibana refuses any other.
const MEMBERS: [&str; 5] = ["id", "params", "group", "frequency", "alerts_filter"];

impl NewActions {
    /// Reads the value of such an edit: `{"throttle":"1h","actions":[…]}`.
    ///
    /// Fails where Kibana's request schema does, and at a member that it would drop.
    pub fn parse(value: Raw<'_>) -> Result<Self> {
        if value.kind() != ValueKind::Object {
            let message = format!(
                "`value` must be an object with `actions`, found {}",
                value.kind().article()
            );
            return Err(Error::usage(message));
        }
        for (key, _) in value.members() {
            if !matches!(&*key, "throttle" | "actions") {
                return Err(unknown(&key, &["throttle", "actions"]));
            }
        }
        let throttle = match value.get("throttle") {
            None => None,
            Some(found) => {
                let known = found.as_str().filter(|text| THROTTLES.contains(&&**text));
                let text = known.ok_or_else(|| {
                    let expected = "`rule`, `1h`, `1d` or `7d`";
                    Error::usage(format!(
                        "`throttle` must be {expected}, found `{}`",
                        found.text()
                    ))
                    .within("throttle")
                })?;
                Some(text.into_owned())
            }
        };
        let actions = value
            .get("actions")
            .filter(|actions| actions.kind() == ValueKind::Array);
        let Some(actions) = actions else {
            return Err(Error::usage("`actions` must be an array of actions").within("actions"));
        };
        let mut texts = Vec::new();
        for (index, action) in actions.elements().enumerate() {
            let text = Self::action(action);
            texts.push(text.map_err(|error| error.within(index).within("actions"))?);
        }
        Ok(Self {
            throttle,
            actions: texts,
        })
    }

    /// Reads one of the actions, and gives it on one line.
    pub fn action(action: Raw<'_>) -> Result<String> {
        check_shape(action)?;
        Ok(compact(action.text()))
    }
}

/// What Kibana's request schema says about one action.
fn check_shape(action: Raw<'_>) -> Result<()> {
    if action.kind() != ValueKind::Object {
        let found = action.kind().article();
        return Err(Error::usage(format!(
            "an action must be an object, found {found}"
        )));
    }
    let wanted = [
        ("id", ValueKind::String, true),
        ("params", ValueKind::Object, true),
        ("group", ValueKind::String, false),
        ("frequency", ValueKind::Object, false),
        ("alerts_filter", ValueKind::Object, false),
    ];
    for (key, _) in action.members() {
        if !MEMBERS.contains(&&*key) {
            return Err(unknown(&key, &MEMBERS));
        }
    }
    for (key, kind, is_required) in wanted {
        match action.get(key) {
            None if is_required => {
                let message = format!("an action must have `{key}`, found none");
                return Err(Error::usage(message).within(key));
            }
            Some(value) if value.kind() != kind => {
                let (kind, found) = (kind.article(), value.kind().article());
                let message = format!("`{key}` must be {kind}, found {found}");
                return Err(Error::usage(message).within(key));
            }
            _ => {}
        }
    }
    let frequency = action.get("frequency").map(check_frequency);
    frequency
        .unwrap_or(Ok(()))
        .map_err(|error| error.within("frequency"))
}

fn check_frequency(frequency: Raw<'_>) -> Result<()> {
    const MEMBERS: [&str; 3] = ["summary", "notifyWhen", "throttle"];
    const WHEN: [&str; 3] = ["onActiveAlert", "onThrottleInterval", "onActionGroupChange"];
    for (key, _) in frequency.members() {
        if !MEMBERS.contains(&&*key) {
            return Err(unknown(&key, &MEMBERS));
        }
    }
    let summary = frequency.get("summary").and_then(Raw::as_bool);
    let when = frequency.get("notifyWhen").and_then(Raw::as_str);
    let throttle = frequency.get("throttle");
    let is_throttle = |value: Raw<'_>| {
        let fits = |text: &str| matches!(text, "rule" | "no_actions") || seconds(text).is_some();
        value.is_null() || value.as_str().is_some_and(|text| fits(&text))
    };
    let faults = [
        ("summary", summary.is_some(), "true or false"),
        (
            "notifyWhen",
            when.is_some_and(|when| WHEN.contains(&&*when)),
            "`onActiveAlert`, `onThrottleInterval` or `onActionGroupChange`",
        ),
        (
            "throttle",
            throttle.is_some_and(is_throttle),
            "null or a duration as in `1h`",
        ),
    ];
    for (key, fits, expected) in faults {
        if !fits {
            let found = frequency.get(key).map_or("none", Raw::text);
            let message = format!("`{key}` must be {expected}, found {found}");
            return Err(Error::usage(message).within(key));
        }
    }
    Ok(())
}

fn unknown(key: &str, known: &[&'static str]) -> Error {
    let listed = known
        .iter()
        .map(|name| format!("`{name}`"))
        .collect::<Vec<_>>()
        .join(", ");
    Error::usage(format!("`{key}` is none of {listed}")).within(key)
}
