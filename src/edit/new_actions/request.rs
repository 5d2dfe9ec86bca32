//! The value of `add_rule_actions` and `set_rule_actions`, read as strictly as Kibana's request schema, or stricter.

use super::super::duration::seconds;
use super::NewActions;
use crate::error::{Error, Result, nearest};
use crate::json::{Object, Raw, ValueKind, compact};

/// What a request may say as `throttle`.
pub const THROTTLES: [&str; 4] = ["rule", "1h", "1d", "7d"];

/// The keys of an action in a request; Kibana refuses any other.
const KEYS: &[&str] = &["id", "params", "group", "frequency", "alerts_filter"];

impl NewActions {
    /// The keys of the value; Kibana drops any other.
    pub(crate) const KEYS: &[&'static str] = &["throttle", "actions"];

    /// The keys of an action's frequency; Kibana drops any other.
    pub(crate) const FREQUENCY_KEYS: &[&'static str] = &["summary", "notifyWhen", "throttle"];

    /// Reads the value of such an edit: `{"throttle":"1h","actions":[…]}`.
    ///
    /// Fails where Kibana's request schema does, and at a key that it would drop.
    pub fn parse(value: Raw<'_>) -> Result<Self> {
        let new = Self::read(value)?;
        has_only(value, Self::KEYS)?;
        let actions = value.get("actions").into_iter().flat_map(Raw::elements);
        for (index, action) in actions.enumerate() {
            drops_nothing(action).map_err(|error| error.within(index).within("actions"))?;
        }
        Ok(new)
    }

    /// Reads one of the actions as strictly, and gives it on one line.
    pub fn action(action: Raw<'_>) -> Result<String> {
        check_action(action)?;
        drops_nothing(action)?;
        Ok(compact(action.text()))
    }

    /// Reads it as Kibana does, without the keys that it drops. Fails where Kibana's request schema does.
    pub(crate) fn read(value: Raw<'_>) -> Result<Self> {
        if value.kind() != ValueKind::Object {
            return Err(unlike("value", "an object with `actions`", Some(value)));
        }
        let throttle = value.get("throttle").map(|found| {
            let known = found.as_str().filter(|text| THROTTLES.contains(&&**text));
            let wrong = || unlike("throttle", "`rule`, `1h`, `1d` or `7d`", Some(found));
            known.ok_or_else(|| wrong().within("throttle"))
        });
        let actions = value.get("actions");
        let Some(array) = actions.filter(|actions| actions.kind() == ValueKind::Array) else {
            let wrong = unlike("actions", "an array of actions", actions);
            return Err(wrong.within("actions"));
        };
        let action = |(index, action): (usize, Raw<'_>)| {
            check_action(action)
                .and_then(|()| text(action))
                .map_err(|error| error.within(index).within("actions"))
        };
        Ok(Self {
            throttle: throttle.transpose()?.map(Into::into),
            actions: array
                .elements()
                .enumerate()
                .map(action)
                .collect::<Result<_>>()?,
        })
    }
}

/// Refuses an action that Kibana would take, but not whole.
fn drops_nothing(action: Raw<'_>) -> Result<()> {
    match action.get("frequency") {
        Some(frequency) => has_only(frequency, NewActions::FREQUENCY_KEYS)
            .map_err(|error| error.within("frequency")),
        None => Ok(()),
    }
}

/// The action on one line, without what Kibana drops.
fn text(action: Raw<'_>) -> Result<String> {
    let text = compact(action.text());
    let mut action = Object::parse(&text)?;
    action.edit("frequency", |frequency| {
        let keys: Vec<String> = frequency.keys().map(Into::into).collect();
        for key in keys {
            if !NewActions::FREQUENCY_KEYS.contains(&&*key) {
                frequency.remove(&key);
            }
        }
        Ok(())
    })?;
    Ok(action.to_json().into())
}

/// What Kibana's request schema says about one action.
fn check_action(action: Raw<'_>) -> Result<()> {
    if action.kind() != ValueKind::Object {
        return Err(unlike("action", "an object", Some(action)));
    }
    has_only(action, KEYS)?;
    let wanted = [
        ("id", ValueKind::String, true),
        ("params", ValueKind::Object, true),
        ("group", ValueKind::String, false),
        ("frequency", ValueKind::Object, false),
        ("alerts_filter", ValueKind::Object, false),
    ];
    for (key, kind, is_required) in wanted {
        let value = action.get(key);
        let fits = value.map_or(!is_required, |value| value.kind() == kind);
        if !fits {
            return Err(unlike(key, kind.article(), value).within(key));
        }
    }
    match action.get("frequency") {
        Some(frequency) => check_frequency(frequency).map_err(|error| error.within("frequency")),
        None => Ok(()),
    }
}

fn check_frequency(frequency: Raw<'_>) -> Result<()> {
    const WHEN: [&str; 3] = ["onActiveAlert", "onThrottleInterval", "onActionGroupChange"];
    let summary = frequency.get("summary").and_then(Raw::as_bool);
    let when = frequency.get("notifyWhen").and_then(Raw::as_str);
    let is_throttle = |value: Raw<'_>| {
        let fits = |text: &str| matches!(text, "rule" | "no_actions") || seconds(text).is_some();
        value.is_null() || value.as_str().is_some_and(|text| fits(&text))
    };
    let wanted = [
        ("summary", summary.is_some(), "`true` or `false`"),
        (
            "notifyWhen",
            when.is_some_and(|when| WHEN.contains(&&*when)),
            "`onActiveAlert`, `onThrottleInterval` or `onActionGroupChange`",
        ),
        (
            "throttle",
            frequency.get("throttle").is_some_and(is_throttle),
            "null or a duration as in `1h`",
        ),
    ];
    match wanted.into_iter().find(|(_, fits, _)| !fits) {
        Some((key, _, expected)) => Err(unlike(key, expected, frequency.get(key)).within(key)),
        None => Ok(()),
    }
}

fn unlike(name: &str, expected: &str, found: Option<Raw<'_>>) -> Error {
    let found = match found {
        None => "nothing".to_owned(),
        Some(value) => match value.kind() {
            ValueKind::Object | ValueKind::Array => value.kind().article().to_owned(),
            _ => format!("`{}`", value.text()),
        },
    };
    Error::usage(format!("`{name}` must be {expected}, found {found}"))
}

/// Refuses a key that is none of these.
fn has_only(object: Raw<'_>, known: &[&'static str]) -> Result<()> {
    let unknown = |key: &str| !known.contains(&key);
    let Some((key, _)) = object.members().find(|(key, _)| unknown(key)) else {
        return Ok(());
    };
    let listed: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
    let near = nearest(&key, known.iter().copied())
        .map(|near| format!("; did you mean `{near}`?"))
        .unwrap_or_default();
    let message = format!("`{key}` is none of {}{near}", listed.join(", "));
    Err(Error::usage(message).within(&*key))
}
