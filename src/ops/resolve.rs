//! Which `id` has a rule of this `rule_id`? A `rule_id` is the same in all spaces, an `id` is one space's own.

use std::collections::HashMap;

use serde::Deserialize;

use super::find;
use crate::error::{Error, Result};
use crate::kibana::{Client, Space};

/// How many `rule_id`s one look-up asks for, and how many bytes of them: a filter is part of the address, whose length servers
/// and proxies bound.
const MOST_IDS: usize = 50;
const MOST_BYTES: usize = 2500;

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
        for slice in slices(rule_ids) {
            find::few_rules(client, space, &filter(slice), &mut |rule| {
                let known = Known::read(rule)?;
                found.entry(known.rule_id.clone()).or_default().push(known);
                Ok(())
            })?;
        }
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

/// The `rule_id`s in pieces that one look-up takes each.
fn slices(rule_ids: &[String]) -> Vec<&[String]> {
    let mut slices = Vec::new();
    let mut begin = 0;
    let mut bytes = 0;
    for (index, id) in rule_ids.iter().enumerate() {
        let is_full = index - begin == MOST_IDS || bytes + id.len() > MOST_BYTES;
        if is_full && index > begin {
            slices.push(&rule_ids[begin..index]);
            (begin, bytes) = (index, 0);
        }
        bytes += id.len();
    }
    if begin < rule_ids.len() {
        slices.push(&rule_ids[begin..]);
    }
    slices
}

/// KQL for rules with one of these `rule_id`s.
fn filter(rule_ids: &[String]) -> String {
    let quoted: Vec<String> = rule_ids.iter().map(|id| quoted(id)).collect();
    format!("alert.attributes.params.ruleId: ({})", quoted.join(" or "))
}

/// The text as a quoted value of KQL.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_quote_what_they_look_for() {
        let ids = ["a".to_owned(), r#"b "\c"#.to_owned()];
        assert_eq!(
            filter(&ids),
            r#"alert.attributes.params.ruleId: ("a" or "b \"\\c")"#
        );
    }

    #[test]
    fn look_ups_are_bounded_and_lose_none() {
        for (count, len, pieces) in [
            (0, 1, 0),
            (1, 9000, 1),
            (50, 1, 1),
            (51, 1, 2),
            (3, 2000, 3),
        ] {
            let ids: Vec<String> = (0..count).map(|id| format!("{id:0len$}")).collect();
            let slices = slices(&ids);
            assert_eq!(slices.len(), pieces, "{count} of {len}");
            assert_eq!(slices.concat(), ids);
        }
    }
}
