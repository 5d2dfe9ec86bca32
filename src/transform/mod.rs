//! The edits: each a struct that is a subcommand, a step in a pipeline file, and its own help.
//!
//! A transform does no input or output and reads no clock and no environment. To add one: write its file, add a line to
//! the list below, add a case under `testdata/transforms/`.

#[cfg(test)]
pub(crate) mod testing;

mod add_index_patterns;
mod add_investigation_fields;
mod add_rule_actions;
mod add_tags;
mod connector_map;
mod convert_space;
mod convert_version;
mod dedupe;
mod delete_alert_suppression;
mod delete_index_patterns;
mod delete_investigation_fields;
mod delete_tags;
mod disable;
mod drop_prebuilt;
mod drop_unreferenced;
mod enable;
pub mod esql;
mod field_path;
mod ids;
mod investigation_fields;
mod kibana_edit;
mod new_action;
mod pair;
mod regenerate_connector_ids;
mod regenerate_item_ids;
mod regenerate_list_ids;
mod regenerate_rule_ids;
mod remap_connectors;
mod remove_field;
mod rename_rules;
mod rename_tags;
mod replace_index_patterns;
mod replacement;
mod rule_actions;
mod set_alert_suppression;
mod set_field;
mod set_index_patterns;
mod set_investigation_fields;
mod set_risk_score;
mod set_rule_actions;
mod set_schedule;
mod set_severity;
mod set_tags;
mod set_timeline;
mod strip_actions;
mod strip_response_actions;
mod strip_server_fields;

use std::fmt::Debug;

use serde::de::MapAccess;

pub(crate) use enable::set_enabled;

use crate::edit::{Edit, strings};
use crate::error::Result;
pub use crate::json::Verdict;
use crate::record::{Census, Kinds, Record};
pub use convert_space::is_own_timeline;
use kibana_edit::KibanaEdit;

/// One edit with its settings.
pub trait Transform: Debug + Send + Sync {
    /// The kinds of records it is for; others never reach it.
    fn kinds(&self) -> Kinds {
        Kinds::RULES
    }

    /// Whether it must know the whole bundle first. The input is then read twice.
    fn needs_census(&self) -> bool {
        false
    }

    /// Whether its census must tell where records stand, which takes memory for each of them.
    fn needs_places(&self) -> bool {
        false
    }

    /// Whether it makes sense for some rules and not for others. Where records must change together it does not.
    fn takes_only(&self) -> bool {
        true
    }

    /// Whether doing it twice gives what doing it once gives.
    fn is_idempotent(&self) -> bool {
        true
    }

    /// Completes settings from outside (files they name, a random seed) and refuses those that contradict each other.
    ///
    /// Called once, before the first record.
    fn prepare(&mut self, _setup: &mut dyn Setup) -> Result<()> {
        Ok(())
    }

    /// A second transform that does the rest once the whole bundle went through this one.
    fn follow_up(&self) -> Option<Box<dyn Transform>> {
        None
    }

    /// Edits one record. An error refuses the record, which then stays as it was read.
    fn apply(&self, record: &mut Record<'_>, census: &Census) -> Result<Verdict>;
}

/// What a transform may ask for while it is being set up.
pub trait Setup {
    /// The seed of this run: random, the same for all steps, told to the user.
    fn seed(&mut self) -> String;

    /// The text of a file that a setting names.
    fn read(&mut self, path: &str) -> Result<String>;
}

/// Makes the enum of all transforms and everything that needs their names.
macro_rules! transforms {
    ($($name:literal => $module:ident::$variant:ident,)*) => {
        /// Any of the transforms, as a subcommand or a step in a pipeline file.
        #[derive(Debug, Clone, clap::Subcommand, serde::Serialize)]
        #[expect(missing_docs, reason = "each transform documents itself")]
        pub enum AnyTransform {
            $(
                #[command(name = $name)]
                #[serde(rename = $name)]
                $variant($module::$variant),
            )*
        }

        impl AnyTransform {
            /// The names, in alphabetical order.
            pub const NAMES: &[&str] = &[$($name),*];

            /// The transform's name.
            pub fn name(&self) -> &'static str {
                match self {
                    $(Self::$variant(_) => $name,)*
                }
            }

            /// Reads the settings of the transform of this name; none if there is no such transform.
            pub(crate) fn settings<'de, M: MapAccess<'de>>(name: &str, map: &mut M) -> Option<Result<Self, M::Error>> {
                match name {
                    $($name => Some(map.next_value().map(Self::$variant)),)*
                    _ => None,
                }
            }

            /// The transform itself.
            pub fn get(&self) -> &dyn Transform {
                match self {
                    $(Self::$variant(transform) => transform,)*
                }
            }

            /// The transform itself, to be prepared.
            pub(crate) fn get_mut(&mut self) -> &mut dyn Transform {
                match self {
                    $(Self::$variant(transform) => transform,)*
                }
            }
        }
    };
}

transforms! {
    "add-index-patterns" => add_index_patterns::AddIndexPatterns,
    "add-investigation-fields" => add_investigation_fields::AddInvestigationFields,
    "add-rule-actions" => add_rule_actions::AddRuleActions,
    "add-tags" => add_tags::AddTags,
    "convert-space" => convert_space::ConvertSpace,
    "convert-version" => convert_version::ConvertVersion,
    "dedupe" => dedupe::Dedupe,
    "delete-alert-suppression" => delete_alert_suppression::DeleteAlertSuppression,
    "delete-index-patterns" => delete_index_patterns::DeleteIndexPatterns,
    "delete-investigation-fields" => delete_investigation_fields::DeleteInvestigationFields,
    "delete-tags" => delete_tags::DeleteTags,
    "disable" => disable::Disable,
    "drop-prebuilt" => drop_prebuilt::DropPrebuilt,
    "drop-unreferenced" => drop_unreferenced::DropUnreferenced,
    "enable" => enable::Enable,
    "regenerate-connector-ids" => regenerate_connector_ids::RegenerateConnectorIds,
    "regenerate-item-ids" => regenerate_item_ids::RegenerateItemIds,
    "regenerate-list-ids" => regenerate_list_ids::RegenerateListIds,
    "regenerate-rule-ids" => regenerate_rule_ids::RegenerateRuleIds,
    "remap-connectors" => remap_connectors::RemapConnectors,
    "remove-field" => remove_field::RemoveField,
    "rename-rules" => rename_rules::RenameRules,
    "rename-tags" => rename_tags::RenameTags,
    "replace-index-patterns" => replace_index_patterns::ReplaceIndexPatterns,
    "set-alert-suppression" => set_alert_suppression::SetAlertSuppression,
    "set-field" => set_field::SetField,
    "set-index-patterns" => set_index_patterns::SetIndexPatterns,
    "set-investigation-fields" => set_investigation_fields::SetInvestigationFields,
    "set-risk-score" => set_risk_score::SetRiskScore,
    "set-rule-actions" => set_rule_actions::SetRuleActions,
    "set-schedule" => set_schedule::SetSchedule,
    "set-severity" => set_severity::SetSeverity,
    "set-tags" => set_tags::SetTags,
    "set-timeline" => set_timeline::SetTimeline,
    "strip-actions" => strip_actions::StripActions,
    "strip-response-actions" => strip_response_actions::StripResponseActions,
    "strip-server-fields" => strip_server_fields::StripServerFields,
}
