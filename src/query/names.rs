//! Which field is meant by a name?
//!
//! A query may use the export's names or those of Kibana's saved objects, as `_find` and `_bulk_action` take them; both
//! lead to the same path in the exported rule.

use std::borrow::Cow;

use super::fields::{ATTRIBUTES, FIELDS, Kind, OTHERS};
use super::glob::Glob;
use crate::error::nearest;

const ACTIONS: &str = "alert.attributes.actions";
const PARAMS: &str = "alert.attributes.params.";

/// A field of a rule: the way down to it and what it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Field {
    pub(super) path: Vec<Box<str>>,
    pub(super) kind: Kind,
}

impl Field {
    fn new(path: &str, kind: Kind) -> Self {
        Self {
            path: path.split('.').map(Into::into).collect(),
            kind,
        }
    }

    /// The field seen from an object `above` steps down its path.
    pub(super) fn relative(&self, above: usize) -> Self {
        Self {
            path: self.path.iter().skip(above).cloned().collect(),
            kind: self.kind,
        }
    }
}

/// The field of this name, in the export's spelling or Kibana's.
pub(super) fn find(name: &str) -> Option<Field> {
    if let Some(&(_, path, kind)) = OTHERS.iter().find(|(other, ..)| *other == name) {
        return Some(Field::new(path, kind));
    }
    let kibana = name.starts_with("alert.");
    let path = if kibana { exported(name)? } else { name };
    let same = |field: &str, path: &str| field == path || kibana && field == snake(path);
    if let Some(&(field, kind)) = FIELDS.iter().find(|(field, _)| same(field, path)) {
        return Some(Field::new(field, kind));
    }
    // Members of an open object are spelt in a query as they are in the rule.
    path.match_indices('.').find_map(|(dot, _)| {
        let (open, kind) = FIELDS
            .iter()
            .find(|(field, kind)| *kind == Kind::Open && same(field, &path[..dot]))?;
        let members = path[dot + 1..].split('.').map(Box::from);
        let path = Field::new(open, *kind)
            .path
            .into_iter()
            .chain(members)
            .collect();
        Some(Field {
            path,
            kind: Kind::Unknown,
        })
    })
}

/// The path in the export, in Kibana's spelling, of a name below the saved object's `params` or `actions`.
fn exported(name: &str) -> Option<&str> {
    if name.starts_with(ACTIONS) {
        return name.strip_prefix("alert.attributes.");
    }
    name.strip_prefix(PARAMS)
        .filter(|path| !is_attribute(&snake(path)))
}

fn is_attribute(path: &str) -> bool {
    path.split('.')
        .next()
        .is_some_and(|first| ATTRIBUTES.contains(&first))
}

/// The fields with a name that the pattern matches. Below open objects no name is known, so none matches there.
pub(super) fn matching(pattern: &Glob) -> Vec<Field> {
    let mut found: Vec<Field> = Vec::new();
    for (_, path, kind) in names().filter(|(name, ..)| pattern.matches(name)) {
        // `*` matches both names of one field.
        if !found
            .iter()
            .any(|field| field.kind == kind && field.path.join(".") == path)
        {
            found.push(Field::new(path, kind));
        }
    }
    found
}

/// Each name of each field, with the path it leads to.
fn names() -> impl Iterator<Item = (Cow<'static, str>, &'static str, Kind)> {
    let plain = FIELDS.iter().map(|&(name, kind)| (name.into(), name, kind));
    let others = OTHERS
        .iter()
        .map(|&(name, path, kind)| (name.into(), path, kind));
    let kibana = FIELDS.iter().filter_map(|&(path, kind)| {
        let spelt = camel(path);
        let name = if path.starts_with("actions") {
            format!("alert.attributes.{spelt}")
        } else if is_attribute(path) {
            return None;
        } else {
            format!("{PARAMS}{spelt}")
        };
        Some((name.into(), path, kind))
    });
    plain.chain(others).chain(kibana)
}

/// A name that was perhaps meant by `name`, which no field has.
pub(super) fn likely(name: &str) -> Option<String> {
    let kibana = name.starts_with("alert.");
    let wanted = snake(tail(name));
    let ending = format!(".{wanted}");
    let names: Vec<_> = names()
        .map(|(name, ..)| name)
        .filter(|name| name.starts_with("alert.") == kibana)
        .collect();
    let tails: Vec<_> = names.iter().map(|name| snake(tail(name))).collect();
    let at = tails
        .iter()
        .position(|tail| *tail == wanted)
        .or_else(|| tails.iter().position(|tail| tail.ends_with(&ending)))
        .or_else(|| {
            let near = nearest(&wanted, tails.iter().map(String::as_str))?;
            tails.iter().position(|tail| tail == near)
        })?;
    names.get(at).map(|name| name.clone().into_owned())
}

/// The name without what all of Kibana's names begin with.
fn tail(name: &str) -> &str {
    [PARAMS, "alert.attributes.", "alert."]
        .iter()
        .find_map(|prefix| name.strip_prefix(prefix))
        .unwrap_or(name)
}

/// The name of a member of this object, as an example.
pub(super) fn member(path: &[Box<str>]) -> Option<&'static str> {
    let prefix = format!("{}.", path.join("."));
    FIELDS
        .iter()
        .map(|(field, _)| *field)
        .find(|field| field.starts_with(&prefix))
}

/// `riskScore` as `risk_score`.
fn snake(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 4);
    for c in name.chars() {
        if c.is_ascii_uppercase() {
            out.push('_');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

/// `risk_score` as `riskScore`.
fn camel(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    let mut after_line = false;
    for c in name.chars() {
        if c != '_' {
            out.push(if after_line {
                c.to_ascii_uppercase()
            } else {
                c
            });
        }
        after_line = c == '_';
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(name: &str) -> Option<String> {
        find(name).map(|field| field.path.join("."))
    }

    #[test]
    fn every_name_is_found() {
        for (name, to, kind) in names() {
            let field = find(&name).unwrap_or_else(|| panic!("{name}"));
            assert_eq!(
                (field.path.join("."), field.kind),
                (to.to_owned(), kind),
                "{name}"
            );
        }
    }

    #[test]
    fn finds_both_spellings() {
        for (name, expected) in [
            ("threat.technique.id", Some("threat.technique.id")),
            (
                "alert.attributes.params.threat.technique.id",
                Some("threat.technique.id"),
            ),
            ("alert.attributes.params.riskScore", Some("risk_score")),
            ("alert.attributes.params.risk_score", Some("risk_score")),
            (
                "alert.attributes.params.exceptionsList.list_id",
                Some("exceptions_list.list_id"),
            ),
            (
                "alert.attributes.actions.frequency.notifyWhen",
                Some("actions.frequency.notifyWhen"),
            ),
            (
                "alert.attributes.params.ruleSource.isCustomized",
                Some("rule_source.is_customized"),
            ),
            (
                "alert.attributes.params.responseActions.params.scriptId",
                Some("response_actions.params.scriptId"),
            ),
            ("meta.kibana_siem_app_url", Some("meta.kibana_siem_app_url")),
            ("alert.attributes.params.name", None),
            ("alert.attributes.riskScore", None),
            ("riskScore", None),
            ("tags.x", None),
            ("", None),
            ("alert.", None),
        ] {
            assert_eq!(path(name).as_deref(), expected, "{name}");
        }
    }

    #[test]
    fn offers_likely_names() {
        for (name, expected) in [
            ("sevrity", Some("severity")),
            ("riskScore", Some("risk_score")),
            ("technique.id", Some("threat.technique.id")),
            ("threat.techniqe.id", Some("threat.technique.id")),
            (
                "alert.attributes.riskScore",
                Some("alert.attributes.params.riskScore"),
            ),
            (
                "alert.attributes.params.ruleID",
                Some("alert.attributes.params.ruleId"),
            ),
            (
                "alert.attributes.params.tags",
                Some("alert.attributes.tags"),
            ),
            ("alert.attributes.nam", Some("alert.attributes.name")),
            ("qqq", None),
        ] {
            assert_eq!(likely(name).as_deref(), expected, "{name}");
        }
    }
}
