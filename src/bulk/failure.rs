//! Why a rule fails in a `_bulk_action`, and how the answer names the rule.

use crate::error::Error;
use crate::json::{Object, quoted};

/// Why a rule failed, as the answer says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The text, of any length.
    pub message: Box<str>,
    /// The status of the one rule.
    pub status: u16,
    /// The `err_code`, which a live edit does not have.
    pub code: Option<&'static str>,
}

impl Failure {
    /// As a live edit says it: status 500 and no code, whatever the reason.
    pub(super) fn live(message: impl Into<Box<str>>) -> Self {
        Self {
            message: message.into(),
            status: 500,
            code: None,
        }
    }

    /// With a code.
    pub(super) fn coded(message: impl Into<Box<str>>, status: u16, code: &'static str) -> Self {
        Self {
            message: message.into(),
            status,
            code: Some(code),
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::live(error.to_string())
    }
}

/// A rule as the answer names it.
///
/// Kibana names it by `id`, which a rule in a file need not have; the answer then has its `rule_id`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// Its `id`.
    pub id: Option<Box<str>>,
    /// Its `rule_id`.
    pub rule_id: Option<Box<str>>,
    /// Its `name`.
    pub name: Option<Box<str>>,
}

impl Subject {
    /// The rule that this is.
    pub(super) fn of(rule: &Object<'_>) -> Self {
        let text = |key| rule.str(key).map(|text| Box::from(&*text));
        Self {
            id: text("id"),
            rule_id: text("rule_id"),
            name: text("name"),
        }
    }

    /// A rule of which only the id is known.
    pub(super) fn of_id(id: &str) -> Self {
        Self {
            id: Some(id.into()),
            rule_id: None,
            name: None,
        }
    }

    /// A rule of which only the `rule_id` is known.
    pub(super) fn of_rule_id(id: &str) -> Self {
        Self {
            id: None,
            rule_id: Some(id.into()),
            name: None,
        }
    }

    /// The members of the JSON object that names it in the answer.
    pub(super) fn members(&self) -> String {
        let id = match (&self.id, &self.rule_id) {
            (Some(id), _) => Some(("id", id)),
            (None, Some(id)) => Some(("rule_id", id)),
            (None, None) => None,
        };
        let name = self.name.as_ref().map(|name| ("name", name));
        let members: Vec<String> = id
            .into_iter()
            .chain(name)
            .map(|(key, text)| format!("\"{key}\":{}", quoted(text)))
            .collect();
        members.join(",")
    }
}
