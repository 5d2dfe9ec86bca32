//! Copies of rules, and of the exceptions that are a rule's own.
//!
//! A copy stands right after its original, line by line, so that nothing waits in memory and `git diff` shows both.

use std::collections::{HashMap, HashSet};

use super::failure::Failure;
use super::request::Exceptions;
use super::settings::Settings;
use crate::edit::ids::{derived, rule_name};
use crate::error::{Error, Result};
use crate::json::{Object, Raw, quoted};
use crate::record::{Kind, ListKey, Namespace, Record};

/// What the name of a copy ends in.
const SUFFIX: &str = " [Duplicate]";

/// How rules are copied.
pub(super) struct Duplicating<'r> {
    pub(super) exceptions: Exceptions,
    pub(super) settings: &'r Settings,
    pub(super) lists: &'r OwnLists,
}

/// The rules' own lists, those of type `rule_default`.
#[derive(Debug, Default)]
pub(super) struct OwnLists {
    /// All lists that the bundle has.
    there: HashSet<ListKey>,
    /// Which rules are copied with which list, by the name of the rule.
    copied: HashMap<ListKey, Vec<Box<str>>>,
}

impl OwnLists {
    /// Takes down a list that the bundle has.
    pub(super) fn is_there(&mut self, list: ListKey) {
        self.there.insert(list);
    }

    /// Whether the bundle has this list.
    pub(super) fn has(&self, list: &ListKey) -> bool {
        self.there.contains(list)
    }

    /// Takes down that a rule is copied with this list.
    pub(super) fn is_copied(&mut self, list: ListKey, rule: Box<str>) {
        self.copied.entry(list).or_default().push(rule);
    }

    /// Ends the taking down: a rule that stands twice in the bundle has one copy of its list.
    pub(super) fn settle(&mut self) {
        for rules in self.copied.values_mut() {
            let mut seen = HashSet::new();
            rules.retain(|rule| seen.insert(rule.clone()));
        }
    }
}

/// The list that is the rule's own, if it has one.
pub(super) fn own_list(rule: &Object<'_>) -> Option<ListKey> {
    let references = rule.get("exceptions_list")?;
    references
        .elements()
        .find(|&reference| is_own(reference))
        .and_then(key)
}

fn is_own(reference: Raw<'_>) -> bool {
    reference.get("type").and_then(Raw::as_str).as_deref() == Some("rule_default")
}

fn key(reference: Raw<'_>) -> Option<ListKey> {
    let namespace = reference.get("namespace_type").and_then(Raw::as_str);
    Some(ListKey {
        id: reference.get("list_id")?.as_str()?.into(),
        namespace: Namespace::of(namespace.as_deref()),
    })
}

/// Whether the rule has what a copy needs.
pub(super) fn check(rule: &Object<'_>) -> Result<(), Failure> {
    match rule.get("name") {
        Some(name) if name.as_str().is_some() => Ok(()),
        name => {
            let found = name.map_or("nothing", |name| name.kind().article());
            Err(Error::wrong_type("name", "a string", found).into())
        }
    }
}

impl Duplicating<'_> {
    /// The copy of a rule that [`check`] let pass.
    ///
    /// Server fields stay those of the original: an import makes them anew.
    pub(super) fn rule(&self, rule: &Record<'_>) -> Result<Box<str>, Failure> {
        check(rule)?;
        let name = rule_name(rule);
        let seed = &self.settings.seed;
        let mut copy = Object::parse(rule.text()).map_err(Error::from)?;
        rename(&mut copy);
        replace(&mut copy, "id", || derived(seed, "rule id", &[&name]));
        copy.set("rule_id", quoted(&derived(seed, "rule", &[&name])));
        copy.set("enabled", "false");
        for (key, value) in [
            ("immutable", "false"),
            ("rule_source", r#"{"type":"internal"}"#),
            ("revision", "0"),
        ] {
            if copy.has(key) {
                copy.set(key, value);
            }
        }
        for key in [
            "execution_summary",
            "outcome",
            "alias_target_id",
            "alias_purpose",
        ] {
            copy.remove(key);
        }
        if let Some(references) = self.references(rule, &name)? {
            copy.set("exceptions_list", references);
        }
        Ok(copy.to_json())
    }

    /// The copy's `exceptions_list`; none if it is that of the original.
    fn references(&self, rule: &Object<'_>, name: &str) -> Result<Option<String>, Failure> {
        let Some(references) = rule.get("exceptions_list").filter(|list| !list.is_null()) else {
            return Ok(None);
        };
        if self.exceptions == Exceptions::None {
            let is_empty = references.elements().next().is_none();
            return Ok((!is_empty).then(|| "[]".to_owned()));
        }
        let Some(own) = references.elements().find(|&reference| is_own(reference)) else {
            return Ok(None);
        };
        let list = key(own).ok_or_else(|| {
            Error::wrong_type("list_id", "a string", "nothing").within("exceptions_list")
        })?;
        if !self.lists.has(&list) {
            return Err(Failure::live(format!(
                "Unable to duplicate rule default exceptions - unable to find their container with list_id: \"{}\"",
                list.id.as_str()
            )));
        }
        let mut own = Object::parse(own.text()).map_err(Error::from)?;
        let (id, list_id) = self.list_ids(&list, name);
        replace(&mut own, "id", || id);
        own.set("list_id", quoted(&list_id));
        let mut all: Vec<String> = references
            .elements()
            .filter(|&reference| !is_own(reference))
            .map(|reference| reference.text().to_owned())
            .collect();
        all.push(own.to_json().into());
        Ok(Some(format!("[{}]", all.join(","))))
    }

    /// The `id` and the `list_id` of the copy that a rule's copy has of this list.
    fn list_ids(&self, list: &ListKey, rule: &str) -> (String, String) {
        let ids = |kind| derived(&self.settings.seed, kind, &[list.id.as_str(), rule]);
        (ids("list id"), ids("list"))
    }

    /// The copies of an exception list or item, one for each rule that is copied with it.
    pub(super) fn exceptions(&self, record: &Record<'_>) -> Vec<(Kind, Box<str>)> {
        let kind = record.kind();
        let Some((list, rules)) = record
            .list_key()
            .and_then(|list| self.lists.copied.get_key_value(&list))
        else {
            return Vec::new();
        };
        if kind == Kind::ExceptionItem && !self.takes(record) {
            return Vec::new();
        }
        let copies = rules.iter().filter_map(|rule| {
            let (id, list_id) = self.list_ids(list, rule);
            let mut copy = Object::parse(record.text()).ok()?;
            if kind == Kind::ExceptionList {
                rename(&mut copy);
                replace(&mut copy, "id", || id);
                for (key, value) in [("version", "1"), ("immutable", "false")] {
                    if copy.has(key) {
                        copy.set(key, value);
                    }
                }
            } else {
                self.item(&mut copy, &list_id);
            }
            copy.set("list_id", quoted(&list_id));
            // It is for the stored original alone.
            copy.remove("_version");
            replace(&mut copy, "tie_breaker_id", || {
                let of = record.id().unwrap_or_default();
                derived(&self.settings.seed, "tie breaker", &[&of, &list_id])
            });
            Some((kind, copy.to_json()))
        });
        copies.collect()
    }

    fn item(&self, item: &mut Object<'_>, list_id: &str) {
        let old = item.str("item_id").unwrap_or_default().into_owned();
        let seed = &self.settings.seed;
        item.set("item_id", quoted(&derived(seed, "item", &[&old, list_id])));
        replace(item, "id", || derived(seed, "item id", &[&old, list_id]));
        let has_comments = |comments: Raw<'_>| comments.elements().next().is_some();
        if item.get("comments").is_some_and(has_comments) {
            item.set("comments", "[]");
        }
    }

    /// Whether the item goes into copies: one that has expired may not.
    fn takes(&self, item: &Object<'_>) -> bool {
        // Kibana imports this form alone, in which earlier times are smaller texts.
        let is_time = |text: &str| text.len() == self.settings.now.len() && text.ends_with('Z');
        let expires = item.str("expire_time");
        self.exceptions == Exceptions::All
            || expires.is_none_or(|time| !is_time(&time) || *time > *self.settings.now)
    }
}

fn rename(copy: &mut Object<'_>) {
    if let Some(name) = copy.str("name") {
        let name = format!("{name}{SUFFIX}");
        copy.set("name", quoted(&name));
    }
}

/// Replaces an id that is there.
fn replace(copy: &mut Object<'_>, key: &str, id: impl FnOnce() -> String) {
    if copy.has(key) {
        copy.set(key, quoted(&id()));
    }
}
