//! What an `edit` request does to one rule.

use super::failure::Failure;
use super::learned::Learned;
use super::settings::{Customization, Settings};
use super::stamp;
use crate::edit::{Edit, Effect, Surroundings, ids, settled};
use crate::error::Result;
use crate::json::Object;
use crate::record::Record;

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
        let before = (stamps && rule.is_prebuilt()).then(|| stamp::before(rule));
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
                stamp::edited(rule, before)?;
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
