//! What an `edit` request does to one rule.

use super::failure::Failure;
use super::learned::Learned;
use super::settings::{Customization, Settings};
use crate::edit::{Edit, Effect, Surroundings, ids, settled};
use crate::error::{Error, Result};
use crate::json::{Object, Raw};
use crate::record::Record;

/// The fields that Kibana compares with the asset a prebuilt rule was installed from, as far as edits reach them.
const COMPARED: &[&str] = &[
    "tags",
    "index",
    "data_view_id",
    "investigation_fields",
    "timeline_id",
    "timeline_title",
    "interval",
    "from",
    "alert_suppression",
];

/// The codes of a dry run for edits that are not for a rule, in the order in which Kibana checks.
const CODES: [&str; 4] = [
    "MACHINE_LEARNING_INDEX_PATTERN",
    "ESQL_INDEX_PATTERN",
    "THRESHOLD_RULE_TYPE_IN_SUPPRESSION",
    "UNSUPPORTED_RULE_IN_SUPPRESSION_FOR_THRESHOLD",
];

/// The edits of a request with what they must know.
pub(super) struct Editing<'r> {
    pub(super) edits: &'r [Edit],
    pub(super) settings: &'r Settings,
    pub(super) learned: &'r Learned,
}

/// Whether the licence lets a rule be touched at all: machine learning needs a Platinum licence.
pub(super) fn machine_learning(rule: &Object<'_>, settings: &Settings) -> Result<(), Failure> {
    let lacks = settings
        .license
        .is_some_and(|license| !license.is_platinum());
    if lacks && rule.str("type").as_deref() == Some("machine_learning") {
        return Err(Failure::coded(
            "Your license does not support machine learning. Please upgrade your license.",
            403,
            "MACHINE_LEARNING_AUTH",
        ));
    }
    Ok(())
}

impl Editing<'_> {
    /// The checks of a dry run, in Kibana's order; the first that fails is the answer.
    pub(super) fn dry_run(&self, rule: &Record<'_>) -> Result<(), Failure> {
        machine_learning(rule, self.settings)?;
        self.prebuilt(rule)?;
        let kind = rule.str("type").unwrap_or_default();
        let unfit = self.edits.iter().filter_map(|edit| edit.unfit(&kind));
        let first = unfit.min_by_key(|unfit| CODES.iter().position(|&code| code == unfit.code));
        match first {
            Some(unfit) => Err(Failure::coded(unfit.dry_run, 500, unfit.code)),
            None => Ok(()),
        }
    }

    /// Does the edits. A rule for which this fails or has no effect is half edited and not to be used.
    pub(super) fn apply(&self, rule: &mut Record<'_>) -> Result<Effect, Failure> {
        let name = ids::rule_name(rule);
        let connector_type = |id: &str| self.connector_type(id);
        let new_id = |of: &str| ids::action(&self.settings.seed, &name, of);
        let surroundings = Surroundings {
            connector_type: &connector_type,
            new_id: &new_id,
        };
        let stamps = !self.settings.keep_versions;
        let before = (stamps && rule.is_prebuilt()).then(|| compared(rule));
        let mut effect = Effect::None;
        let mut apply = |rule: &mut Record<'_>, attributes: bool| -> Result<()> {
            let edits = self.edits.iter();
            for edit in edits.filter(|edit| edit.is_attribute() == attributes) {
                if edit.apply(rule, &surroundings)? == Effect::Effective {
                    effect = Effect::Effective;
                }
            }
            Ok(())
        };
        apply(rule, true)?;
        self.interval(rule)?;
        // A live edit has no codes, and its status is always 500.
        machine_learning(rule, self.settings)
            .and_then(|()| self.prebuilt(rule))
            .map_err(|failure| Failure::live(failure.message))?;
        apply(rule, false)?;
        if effect == Effect::Effective {
            settled(rule)?;
            if stamps {
                stamp(rule, before)?;
            }
        }
        Ok(effect)
    }

    fn prebuilt(&self, rule: &Record<'_>) -> Result<(), Failure> {
        let of_actions =
            |edit: &Edit| matches!(edit, Edit::AddRuleActions(_) | Edit::SetRuleActions(_));
        let allowed =
            self.settings.customization == Customization::On || self.edits.iter().all(of_actions);
        if !allowed && rule.is_prebuilt() {
            return Err(Failure::coded(
                "Elastic rule can't be edited",
                500,
                "PREBUILT_CUSTOMIZATION_LICENSE",
            ));
        }
        Ok(())
    }

    fn interval(&self, rule: &Object<'_>) -> Result<(), Failure> {
        let Some(least) = &self.settings.min_interval else {
            return Ok(());
        };
        let interval = rule.str("interval");
        match interval.as_deref().and_then(crate::edit::seconds) {
            Some(seconds) if seconds < least.seconds() => Err(Failure::live(format!(
                "Error updating rule: the interval is less than the allowed minimum interval of {least}"
            ))),
            _ => Ok(()),
        }
    }

    fn connector_type(&self, id: &str) -> Option<String> {
        let told = self.settings.connectors.get(id);
        let system = || id.strip_prefix("system-connector-").map(Into::into);
        let of_bundle = || self.learned.connector_type(id);
        told.map(String::as_str)
            .or_else(of_bundle)
            .map(Into::into)
            .or_else(system)
    }
}

/// The members that Kibana compares, as they are spelt; none where there is none.
fn compared(rule: &Object<'_>) -> Vec<Option<Box<str>>> {
    let text = |key: &&str| rule.get(key).map(|value| value.text().into());
    COMPARED.iter().map(text).collect()
}

/// Moves `version` (not of prebuilt rules), `rule_source` and `revision` on, as far as the rule has them: an import gives a
/// rule what it lacks, and what the file's release did not know stays out of it.
///
/// `before` is what Kibana compares of a prebuilt rule, from before the edits.
fn stamp(rule: &mut Record<'_>, before: Option<Vec<Option<Box<str>>>>) -> Result<()> {
    if let Some(before) = before {
        let is_kept = |(key, before): (&&str, &Option<Box<str>>)| {
            is_same(before.as_deref(), rule.get(key).map(Raw::text))
        };
        if !COMPARED.iter().zip(&before).all(is_kept) {
            rule.edit("rule_source", |source| {
                customize(source);
                Ok(())
            })?;
        }
    } else {
        next(rule, "version")?;
        let is_internal = |source: Raw<'_>| {
            source.members().count() == 1
                && source.get("type").and_then(Raw::as_str).as_deref() == Some("internal")
        };
        if rule
            .get("rule_source")
            .is_some_and(|source| !is_internal(source))
        {
            rule.set("rule_source", r#"{"type":"internal"}"#);
        }
    }
    next(rule, "revision")
}

/// Says of a prebuilt rule that it is customised, as Kibana does where it does not have the asset the rule came from.
///
/// A rule that was customised keeps what it says: a file does not know the asset, and an import compares anew.
fn customize(source: &mut Object<'_>) {
    if source.get("is_customized").and_then(Raw::as_bool) == Some(true) {
        return;
    }
    source.set("is_customized", "true");
    for (key, value) in [("customized_fields", "[]"), ("has_base_version", "false")] {
        // Stacks before 9.2 do not know these.
        if source.has(key) {
            source.set(key, value);
        }
    }
}

/// Whether two texts spell one value.
fn is_same(a: Option<&str>, b: Option<&str>) -> bool {
    let value = |text: &str| serde_json::from_str::<serde_json::Value>(text).ok();
    a == b || a.and_then(value) == b.and_then(value)
}

/// Adds one to the number that the member holds, if it is there.
fn next(rule: &mut Object<'_>, key: &str) -> Result<()> {
    let Some(value) = rule.get(key).filter(|value| !value.is_null()) else {
        return Ok(());
    };
    let number = value
        .as_f64()
        .filter(|number| number.fract() == 0.0 && (0.0..9e15).contains(number))
        .ok_or_else(|| {
            Error::wrong_type(key, "a whole number", value.kind().article()).within(key)
        })?;
    rule.set(key, format!("{:.0}", number + 1.0));
    Ok(())
}
