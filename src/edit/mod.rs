//! Kibana's bulk edits on one rule: what each does, when it counts as an edit, and which rules it is not for.
//!
//! Pure functions over a rule's object: transforms and `_bulk_action` requests both stand on them, so there is one behaviour.
//! Everything follows Kibana 9's `_bulk_action` route (9.0 to 9.4). What stays keeps its spelling, and new members go to the end.

mod actions;
mod alerts_filter;
mod connector_type;
mod duration;
pub(crate) mod ids;
pub(crate) mod index_patterns;
mod investigation_fields;
pub(crate) mod new_actions;
mod schedule;
pub(crate) mod strings;
mod suppression;
mod tags;
mod timeline;
mod unfit;

pub use connector_type::ConnectorType;
pub(crate) use duration::seconds;
pub use index_patterns::{IndexPatterns, settled};
pub use new_actions::{NewActions, THROTTLES};
pub use schedule::Schedule;
pub use suppression::{Suppression, SuppressionDuration};
pub use unfit::Unfit;

use crate::error::{Error, Result};
use crate::json::Object;

/// One element of a bulk action's `edit` array.
#[derive(Debug, Clone, PartialEq)]
#[expect(
    missing_docs,
    reason = "the names are those of the `type`s that the request takes"
)]
pub enum Edit {
    AddTags(Vec<String>),
    DeleteTags(Vec<String>),
    SetTags(Vec<String>),
    AddIndexPatterns(IndexPatterns),
    DeleteIndexPatterns(IndexPatterns),
    SetIndexPatterns(IndexPatterns),
    AddInvestigationFields(Vec<String>),
    DeleteInvestigationFields(Vec<String>),
    SetInvestigationFields(Vec<String>),
    SetTimeline { id: String, title: String },
    SetSchedule(Schedule),
    AddRuleActions(NewActions),
    SetRuleActions(NewActions),
    SetAlertSuppression(Suppression),
    SetAlertSuppressionForThreshold(SuppressionDuration),
    DeleteAlertSuppression,
}

/// Whether an edit counts as one, by Kibana's rules; not whether the text changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// The rule was changed, or the edit is one that always counts.
    Effective,
    /// The rule was so already, and is untouched.
    None,
}

impl Effect {
    /// Of an edit that counts where this is true.
    fn of(counts: bool) -> Self {
        if counts { Self::Effective } else { Self::None }
    }
}

/// What an edit must know beside the rule.
pub struct Surroundings<'s> {
    /// The type of the connector of this id, as in `.slack`; none if it is not known.
    pub connector_type: &'s dyn Fn(&str) -> Option<String>,
    /// A new id for an action; equal names give equal ids.
    pub new_id: &'s dyn Fn(&str) -> String,
}

impl Edit {
    /// The `type` that a request gives it, as in `add_tags`.
    pub fn kibana_name(&self) -> &'static str {
        match self {
            Self::AddTags(_) => "add_tags",
            Self::DeleteTags(_) => "delete_tags",
            Self::SetTags(_) => "set_tags",
            Self::AddIndexPatterns(_) => "add_index_patterns",
            Self::DeleteIndexPatterns(_) => "delete_index_patterns",
            Self::SetIndexPatterns(_) => "set_index_patterns",
            Self::AddInvestigationFields(_) => "add_investigation_fields",
            Self::DeleteInvestigationFields(_) => "delete_investigation_fields",
            Self::SetInvestigationFields(_) => "set_investigation_fields",
            Self::SetTimeline { .. } => "set_timeline",
            Self::SetSchedule(_) => "set_schedule",
            Self::AddRuleActions(_) => "add_rule_actions",
            Self::SetRuleActions(_) => "set_rule_actions",
            Self::SetAlertSuppression(_) => "set_alert_suppression",
            Self::SetAlertSuppressionForThreshold(_) => "set_alert_suppression_for_threshold",
            Self::DeleteAlertSuppression => "delete_alert_suppression",
        }
    }

    /// Whether it is about alert suppression, which needs a Platinum licence.
    pub fn is_suppression(&self) -> bool {
        matches!(
            self,
            Self::SetAlertSuppression(_)
                | Self::SetAlertSuppressionForThreshold(_)
                | Self::DeleteAlertSuppression
        )
    }

    /// Whether Kibana applies it before the checks on the rule, among the attributes. `set_schedule` is among both.
    pub fn is_attribute(&self) -> bool {
        matches!(
            self,
            Self::AddTags(_)
                | Self::DeleteTags(_)
                | Self::SetTags(_)
                | Self::AddRuleActions(_)
                | Self::SetRuleActions(_)
                | Self::SetSchedule(_)
        )
    }

    /// Does the edit to a rule; `set_schedule` all of it, attribute and params.
    ///
    /// Fails with Kibana's text where a live run reports an error for the rule, or where a member has the wrong type; the rule
    /// is then half edited and not to be used. That a rule is left without index patterns shows only when all edits are done:
    /// see [`settled`]. The actions that must not be throttled to less than a new interval are those of the text the rule was
    /// read from: Kibana looks at the ones from before the request.
    pub fn apply(&self, rule: &mut Object<'_>, surroundings: &Surroundings<'_>) -> Result<Effect> {
        if let Some(unfit) = self.unfit(&rule.str("type").unwrap_or_default()) {
            return Err(Error::refused(unfit.live));
        }
        match self {
            Self::AddTags(tags) => tags::add(rule, tags),
            Self::DeleteTags(tags) => tags::delete(rule, tags),
            Self::SetTags(tags) => tags::set(rule, tags),
            Self::AddIndexPatterns(patterns) => patterns.add_to(rule),
            Self::DeleteIndexPatterns(patterns) => patterns.delete_from(rule),
            Self::SetIndexPatterns(patterns) => patterns.set_on(rule),
            Self::AddInvestigationFields(names) => investigation_fields::add(rule, names),
            Self::DeleteInvestigationFields(names) => investigation_fields::delete(rule, names),
            Self::SetInvestigationFields(names) => investigation_fields::set(rule, names),
            Self::SetTimeline { id, title } => timeline::set(rule, id, title),
            Self::SetSchedule(schedule) => {
                schedule.suits(&Object::parse(rule.text())?)?;
                schedule.set_on(rule)
            }
            Self::AddRuleActions(actions) => actions.add_to(rule, surroundings),
            Self::SetRuleActions(actions) => actions.set_on(rule, surroundings),
            Self::SetAlertSuppression(suppression) => suppression.set_on(rule),
            Self::SetAlertSuppressionForThreshold(duration) => duration.set_on(rule),
            Self::DeleteAlertSuppression => Ok(suppression::delete(rule)),
        }
    }
}

#[cfg(test)]
mod tests;
