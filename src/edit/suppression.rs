//! Which alerts of a rule are folded into one?

use std::str::FromStr;

use super::duration::seconds;
use super::{Effect, strings};
use crate::error::{Error, Result};
use crate::json::{Object, Raw, ValueKind, quoted};

/// How alerts are suppressed.
#[derive(Debug, Clone, PartialEq)]
pub struct Suppression {
    /// One to three fields.
    pub group_by: Vec<String>,
    /// For how long; for one rule run if there is none.
    pub duration: Option<SuppressionDuration>,
    /// `suppress` or `doNotSuppress`.
    pub missing_fields_strategy: Option<String>,
}

/// A time such as `{"value":5,"unit":"m"}`, written `5m`.
#[derive(Debug, Clone, PartialEq, serde::Deserialize, serde::Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct SuppressionDuration {
    /// At least 1.
    pub value: u64,
    /// `s`, `m` or `h`.
    pub unit: String,
}

const MEMBER: &str = "alert_suppression";

/// What Kibana takes where the request does not say.
const USUAL_STRATEGY: &str = "suppress";

/// The members that Kibana knows, in its order.
const MEMBERS: [&str; 3] = ["group_by", "duration", "missing_fields_strategy"];

impl FromStr for SuppressionDuration {
    type Err = Error;

    /// Reads a time as in `5m`.
    fn from_str(text: &str) -> Result<Self> {
        let wrong = || {
            let expected = "a number from 1 and `s`, `m` or `h`, as in `5m`";
            Error::usage(format!("a duration must be {expected}, found `{text}`"))
        };
        if text.ends_with('d') || seconds(text).is_none() {
            return Err(wrong());
        }
        let (value, unit) = text.split_at(text.len() - 1);
        Ok(Self {
            value: value.parse().map_err(|_| wrong())?,
            unit: unit.into(),
        })
    }
}

impl TryFrom<String> for SuppressionDuration {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl From<SuppressionDuration> for String {
    fn from(duration: SuppressionDuration) -> Self {
        format!("{}{}", duration.value, duration.unit)
    }
}

impl SuppressionDuration {
    fn is(&self, duration: Option<Raw<'_>>) -> bool {
        let value = duration.and_then(|duration| duration.get("value")?.as_f64());
        let unit = duration.and_then(|duration| duration.get("unit")?.as_str());
        #[expect(
            clippy::cast_precision_loss,
            reason = "Kibana compares the numbers as JavaScript has them"
        )]
        let same = value == Some(self.value as f64);
        same && unit.as_deref() == Some(self.unit.as_str())
    }

    /// Makes the member this duration. Equal parts keep their spelling.
    fn write(&self, suppression: &mut Object<'_>) -> Result<()> {
        let present = suppression.get("duration");
        if self.is(present) {
            return Ok(());
        }
        let unit = quoted(&self.unit);
        if present.is_some_and(|present| present.kind() == ValueKind::Object) {
            return suppression.edit("duration", |duration| {
                let same = Self {
                    value: self.value,
                    unit: duration.str("unit").unwrap_or_default().into(),
                };
                if !same.is(Raw::parse(&duration.to_json()).ok()) {
                    duration.set("value", self.value.to_string());
                }
                if duration.str("unit").as_deref() != Some(self.unit.as_str()) {
                    duration.set("unit", unit);
                }
                Ok(())
            });
        }
        suppression.set(
            "duration",
            format!("{{\"value\":{},\"unit\":{unit}}}", self.value),
        );
        Ok(())
    }

    /// Gives a threshold rule this duration and nothing else; does not count where it has it.
    pub(super) fn set_on(&self, rule: &mut Object<'_>) -> Result<Effect> {
        let present = present(rule)?;
        if self.is(present.and_then(|present| present.get("duration"))) {
            return Ok(Effect::None);
        }
        rewrite(rule, &["duration"], |suppression| self.write(suppression))?;
        Ok(Effect::Effective)
    }
}

impl Suppression {
    /// Replaces what the rule has.
    ///
    /// Does not count, and changes nothing, where duration and strategy are those of the request and every requested field is
    /// among the rule's. A strategy that the request leaves out is not equal to one that the rule has.
    pub(super) fn set_on(&self, rule: &mut Object<'_>) -> Result<Effect> {
        if let Some(present) = present(rule)? {
            let part = |key: &str| present.get(key).filter(|value| !value.is_null());
            let same_duration = match &self.duration {
                Some(duration) => duration.is(part("duration")),
                None => part("duration").is_none(),
            };
            let strategy = part("missing_fields_strategy").and_then(Raw::as_str);
            let fields: Vec<_> = part("group_by")
                .into_iter()
                .flat_map(Raw::elements)
                .filter_map(Raw::as_str)
                .collect();
            let has = |field: &String| fields.iter().any(|present| present == field);
            if same_duration
                && strategy.as_deref() == self.missing_fields_strategy.as_deref()
                && self.group_by.iter().all(has)
            {
                return Ok(Effect::None);
            }
        }
        rewrite(rule, &MEMBERS, |suppression| {
            strings::set(suppression, "group_by", &self.group_by)?;
            match &self.duration {
                Some(duration) => duration.write(suppression)?,
                None => suppression.remove("duration"),
            }
            let strategy = self.missing_fields_strategy.as_deref();
            strings::set_one(
                suppression,
                "missing_fields_strategy",
                strategy.unwrap_or(USUAL_STRATEGY),
            )
        })?;
        Ok(Effect::Effective)
    }
}

/// Takes the suppression away; counts where there is one.
pub(super) fn delete(rule: &mut Object<'_>) -> Effect {
    let is_there = rule.get(MEMBER).is_some_and(|value| !value.is_null());
    if is_there {
        rule.remove(MEMBER);
    }
    Effect::of(is_there)
}

/// The rule's suppression. Fails if it is no object.
fn present<'o>(rule: &'o Object<'_>) -> Result<Option<Raw<'o>>> {
    let value = rule.get(MEMBER).filter(|value| !value.is_null());
    match value {
        Some(value) if value.kind() != ValueKind::Object => {
            let wrong = Error::wrong_type(MEMBER, "an object", value.kind().article());
            Err(wrong.within(MEMBER))
        }
        value => Ok(value),
    }
}

/// Edits the suppression, which is made where there is none, and keeps no member but these.
fn rewrite(
    rule: &mut Object<'_>,
    members: &[&str],
    edit: impl FnOnce(&mut Object<'_>) -> Result<()>,
) -> Result<()> {
    if present(rule)?.is_none() {
        rule.set(MEMBER, "{}");
    }
    rule.edit(MEMBER, |suppression| {
        let others: Vec<String> = suppression
            .keys()
            .filter(|key| !members.contains(&&**key))
            .map(Into::into)
            .collect();
        for key in &others {
            suppression.remove(key);
        }
        edit(suppression)
    })
}
