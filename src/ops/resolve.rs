//! Which `id` has a rule of this `rule_id`? A `rule_id` is the same in all spaces, an `id` is one space's own.

use std::collections::HashMap;

use serde::Deserialize;

use super::find;
use crate::error::{Error, Result};
use crate::kibana::{Client, Space};

/// A rule of a space, as far as a verb must know it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Known {
    /// Its `id` in the space.
    pub id: String,
    /// Its `rule_id`.
    pub rule_id: String,
    /// Its name.
    #[serde(default)]
    pub name: String,
}

/// What a space has of some `rule_id`s.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Resolved {
    /// The rules, in the order of the `rule_id`s.
    pub rules: Vec<Known>,
    /// The `rule_id`s that no rule has.
    pub missing: Vec<String>,
    /// The `rule_id`s that several rules have, as when two imports met; all of those are among the rules.
    pub shared: Vec<String>,
}

impl Known {
    /// A rule of which only the `id` is known.
    pub(super) fn of_id(id: &str) -> Self {
        Self {
            id: id.to_owned(),
            rule_id: String::new(),
            name: String::new(),
        }
    }

    /// Reads a rule as the server spelt it.
    pub(super) fn read(rule: &str) -> Result<Self> {
        serde_json::from_str(rule)
            .map_err(|error| Error::refused(format!("a rule of the server has no ids: {error}")))
    }
}

impl Resolved {
    /// Looks the `rule_id`s up, some of them at a time.
    pub fn of(client: &Client, space: &Space, rule_ids: &[String]) -> Result<Self> {
        let mut found: HashMap<String, Vec<Known>> = HashMap::new();
        let wanted: Vec<&str> = rule_ids.iter().map(String::as_str).collect();
        find::rules_of(client, space, &wanted, &mut |rule| {
            let known = Known::read(rule)?;
            found.entry(known.rule_id.clone()).or_default().push(known);
            Ok(())
        })?;
        let mut resolved = Self::default();
        for rule_id in rule_ids {
            let rules = found.remove(rule_id).unwrap_or_default();
            match rules.len() {
                0 => resolved.missing.push(rule_id.clone()),
                1 => {}
                _ => resolved.shared.push(rule_id.clone()),
            }
            resolved.rules.extend(rules);
        }
        Ok(resolved)
    }
}
