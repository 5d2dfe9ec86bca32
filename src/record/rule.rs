//! A rule's references, by name and without copies.

use std::borrow::Cow;

use super::{ListKey, Namespace, Record};
use crate::json::Raw;

/// One of a rule's actions.
#[derive(Debug, Clone, Copy)]
pub struct Action<'a>(Raw<'a>);

impl<'a> Action<'a> {
    /// The connector it goes through.
    pub fn connector(self) -> Option<Cow<'a, str>> {
        self.0.get("id")?.as_str()
    }

    /// The connector's type, as in `.slack`.
    pub fn type_id(self) -> Option<Cow<'a, str>> {
        self.0.get("action_type_id")?.as_str()
    }
}

impl Record<'_> {
    /// The rule's actions, empty where `actions` is missing or no array.
    pub fn actions(&self) -> impl Iterator<Item = Action<'_>> {
        self.get("actions")
            .into_iter()
            .flat_map(Raw::elements)
            .map(Action)
    }

    /// The exception lists the rule refers to, in order.
    pub fn list_references(&self) -> impl Iterator<Item = ListKey> {
        self.get("exceptions_list")
            .into_iter()
            .flat_map(Raw::elements)
            .filter_map(|reference| {
                let namespace = reference.get("namespace_type").and_then(Raw::as_str);
                Some(ListKey {
                    id: reference.get("list_id")?.as_str()?.into(),
                    namespace: Namespace::of(namespace.as_deref()),
                })
            })
    }

    /// Whether the rule is one of Elastic's own: `immutable`, or a `rule_source` of type `external`.
    pub fn is_prebuilt(&self) -> bool {
        let external = |source: Raw<'_>| {
            source.get("type").and_then(Raw::as_str).as_deref() == Some("external")
        };
        self.get("immutable").and_then(Raw::as_bool) == Some(true)
            || self.get("rule_source").is_some_and(external)
    }
}
