//! What `add-rule-actions` and `set-rule-actions` share: the actions, and what must be known to complete them.

use std::collections::HashMap;

use super::{Census, KibanaEdit, Record, Setup, Verdict, ids, new_action};
use crate::edit::{ConnectorType, NewActions, Surroundings, THROTTLES};
use crate::error::{Error, Result};
use crate::json::{Raw, quoted};
use crate::record::is_system_connector;
use new_action::NewAction;

// No doc comment, which would stand in place of the transform's own in its help.
#[derive(Debug, Clone, clap::Args, serde::Deserialize, serde::Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RuleActions {
    /// An action as JSON, as a bulk edit takes it: `id` (of the connector), `params`, `group`, and perhaps `frequency` and
    /// `alerts_filter`; may be given again.
    #[serde(alias = "action")]
    #[arg(long = "action", value_name = "JSON")]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    actions: Vec<NewAction>,

    /// A file with a JSON array of such actions, which come after those of `--action`.
    #[arg(long, value_name = "FILE")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    actions_file: Option<String>,

    /// How often actions run that have no `frequency`: at each run of the rule that finds something, or at most once in a time.
    #[arg(long, value_name = "TIME", value_parser = clap::builder::PossibleValuesParser::new(THROTTLES))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    throttle: Option<String>,

    /// The type of a connector that is not in the bundle, as in `my-id=.slack`; may be given again.
    #[serde(alias = "connector")]
    #[arg(long = "connector", value_name = "ID=TYPE")]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    connectors: Vec<ConnectorType>,

    /// The text that the new actions' ids are made from, together with the `rule_id`; random if not given.
    #[arg(long, value_name = "SEED")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    seed: Option<String>,

    /// The types that were told, by id, once prepared.
    #[arg(skip)]
    #[serde(skip)]
    types: HashMap<String, String>,

    /// Whether only the bundle can tell the type of some connector, once prepared.
    #[arg(skip)]
    #[serde(skip)]
    asks_bundle: bool,
}

impl RuleActions {
    /// Whether the type of some connector must be looked for in the bundle.
    pub(super) fn needs_census(&self) -> bool {
        self.asks_bundle
    }

    /// Whether another run makes the same ids.
    pub(super) fn has_seed(&self) -> bool {
        self.seed.is_some()
    }

    /// Completes the settings, and gives the actions.
    pub(super) fn prepare(&mut self, transform: &str, setup: &mut dyn Setup) -> Result<NewActions> {
        let mut actions = self.actions.clone();
        if let Some(file) = &self.actions_file {
            actions.extend(new_action::read(file, &setup.read(file)?)?);
        } else if actions.is_empty() {
            return Err(Error::usage(format!(
                "`{transform}` needs `action` (JSON) or `actions-file`, found neither"
            )));
        }
        self.types = ConnectorType::by_id(&self.connectors)?;
        let is_told = |id: &str| is_system_connector(id) || self.types.contains_key(id);
        self.asks_bundle = !actions.iter().all(|action| is_told(&action.connector()));
        if !actions.is_empty() {
            ids::prepare(&mut self.seed, setup)?;
        }
        Ok(NewActions {
            throttle: self.throttle()?,
            actions: actions.into_iter().map(Into::into).collect(),
        })
    }

    /// The throttle, which a pipeline file may say wrong.
    fn throttle(&self) -> Result<Option<String>> {
        let Some(throttle) = &self.throttle else {
            return Ok(None);
        };
        let value = format!("{{\"throttle\":{},\"actions\":[]}}", quoted(throttle));
        Ok(NewActions::parse(Raw::parse(&value)?)?.throttle)
    }

    /// Does the edit that the actions became.
    pub(super) fn apply(
        &self,
        edit: &KibanaEdit,
        rule: &mut Record<'_>,
        census: &Census,
    ) -> Result<Verdict> {
        let seed = self.seed.as_deref().unwrap_or_default();
        let rule_name = crate::edit::ids::rule_name(rule);
        let told = |id: &str| {
            let told = self.types.get(id).map(String::as_str);
            told.or_else(|| census.connector_type(id)).map(Into::into)
        };
        let new_id = |of: &str| crate::edit::ids::action(seed, &rule_name, of);
        edit.apply_in(
            rule,
            &Surroundings {
                connector_type: &told,
                new_id: &new_id,
            },
        )
    }
}
