//! How often does a rule run, and how far does it look back?

use super::duration::seconds;
use super::{Effect, actions, strings};
use crate::error::{Error, Result};
use crate::json::{Object, Raw, quoted};

/// When a rule runs, and how far it looks back beyond its interval. Both match `^[1-9]\d*[smh]$`.
#[derive(Debug, Clone, PartialEq)]
pub struct Schedule {
    /// As in `5m`.
    pub interval: String,
    /// As in `1m`.
    pub lookback: String,
}

impl Schedule {
    /// A schedule of texts that Kibana takes: no days, no zero.
    pub fn new(interval: impl Into<String>, lookback: impl Into<String>) -> Result<Self> {
        let schedule = Self {
            interval: interval.into(),
            lookback: lookback.into(),
        };
        for (name, text) in [
            ("interval", &schedule.interval),
            ("lookback", &schedule.lookback),
        ] {
            if text.ends_with('d') || seconds(text).is_none() {
                return Err(Error::usage(format!(
                    "`{name}` must be a number from 1 and `s`, `m` or `h`, as in `5m`, found `{text}`"
                ))
                .within(name));
            }
        }
        schedule.seconds()?;
        Ok(schedule)
    }

    /// Interval and look-back together.
    fn seconds(&self) -> Result<u64> {
        seconds(&self.interval)
            .zip(seconds(&self.lookback))
            .and_then(|(interval, lookback)| interval.checked_add(lookback))
            .ok_or_else(|| {
                Error::usage(format!(
                    "`{}` and `{}` are longer than can be counted",
                    self.interval, self.lookback
                ))
            })
    }

    /// Whether no action of the rule is throttled to less than the interval.
    ///
    /// Fails with Kibana's text if one is. Kibana looks at the actions from before the request, whatever it does to them.
    pub fn suits(&self, rule: &Object<'_>) -> Result<()> {
        let Some(interval) = seconds(&self.interval) else {
            return Ok(());
        };
        if actions::throttles(rule)
            .filter_map(|throttle| seconds(&throttle))
            .any(|throttle| throttle < interval)
        {
            let id = rule.str("id").or_else(|| rule.str("rule_id"));
            return Err(Error::refused(format!(
                "Error updating rule with ID \"{}\": the interval {} is longer than the action frequencies",
                id.unwrap_or_default(),
                self.interval
            ))
            .within("actions"));
        }
        Ok(())
    }

    /// Sets `interval`, `from` in seconds back from now, and the look-back in `meta`. Kibana counts it always.
    pub(crate) fn set_on(&self, rule: &mut Object<'_>) -> Result<Effect> {
        let from = format!("now-{}s", self.seconds()?);
        strings::set_one(rule, "interval", &self.interval)?;
        strings::set_one(rule, "from", &from)?;
        if rule.get("meta").is_none_or(Raw::is_null) {
            rule.set("meta", format!("{{\"from\":{}}}", quoted(&self.lookback)));
        } else {
            rule.edit("meta", |meta| {
                strings::set_one(meta, "from", &self.lookback)
            })?;
        }
        Ok(Effect::Effective)
    }
}
