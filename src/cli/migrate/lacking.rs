//! What is told of connectors' secrets: which were given, which are still lacking, and what is not known.

use std::fmt::Write as _;

use ruleferry::kibana::Space;
use ruleferry::ops::secrets::Held;
use serde_json::{Value, json};

/// A connector of a space, and who acts through it.
pub(super) struct Named {
    id: Box<str>,
    name: Box<str>,
    ty: Box<str>,
    users: String,
}

/// What is known of the secrets of a space's connectors.
#[derive(Default)]
pub(super) struct Lacking {
    given: Vec<Named>,
    without: Vec<(Named, Option<String>)>,
    /// Why it is not known, and whether that is less than was asked for.
    unknown: Option<(String, bool)>,
}

impl Named {
    pub(super) fn of(held: &Held) -> Self {
        let users = held.users.as_ref().map(|(first, count)| match count {
            1 => format!("rule `{first}`"),
            count => format!("rule `{first}` and {} more", count - 1),
        });
        Self {
            id: held.connector.id.clone(),
            name: held.connector.name.clone(),
            ty: held.connector.connector_type_id.clone(),
            users: users.unwrap_or_default(),
        }
    }

    fn label(&self) -> String {
        format!("`{}` ({}, id `{}`)", self.name, self.ty, self.id)
    }
}

impl Lacking {
    pub(super) fn given(&mut self, named: Named) {
        if !self.has_given(&named.id) {
            self.given.push(named);
        }
    }

    pub(super) fn has_given(&self, id: &str) -> bool {
        self.given.iter().any(|it| *it.id == *id)
    }

    /// One lacks its secrets; `why` says why those that are supplied did not help.
    pub(super) fn lacks(&mut self, named: Named, why: Option<String>) {
        self.without.push((named, why));
    }

    pub(super) fn unknown(&mut self, why: String, matters: bool) {
        self.unknown = Some((why, matters));
    }

    /// Leaves what failed to be found out again.
    pub(super) fn forget_failures(&mut self) {
        self.without.clear();
        self.unknown = None;
    }

    /// How many connectors surely lack secrets.
    pub(super) fn count(&self) -> usize {
        self.without.len()
    }

    /// Whether all is as it should be, as far as was asked for.
    pub(super) fn is_whole(&self) -> bool {
        let matters = self.unknown.as_ref().is_some_and(|(_, matters)| *matters);
        self.without.is_empty() && !matters
    }

    /// As people read it.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        for named in &self.given {
            _ = writeln!(text, "  connector {} was given its secrets", named.label());
        }
        if !self.without.is_empty() {
            let (count, plural) = match self.without.len() {
                1 => (1, ""),
                count => (count, "s"),
            };
            _ = writeln!(
                text,
                "  not carried: the secrets of {count} connector{plural}, through which no rule acts before they are given"
            );
        }
        for (named, why) in &self.without {
            let why = why.as_ref().map(|it| format!(": {it}")).unwrap_or_default();
            _ = writeln!(text, "    {} (for {}){why}", named.label(), named.users);
        }
        if self.without.iter().any(|(_, why)| why.is_none()) {
            text +=
                "  help: `--secrets` gives connectors theirs, or somebody enters them in Kibana\n";
        }
        if let Some((why, _)) = &self.unknown {
            _ = writeln!(
                text,
                "  unsure: whether connectors have their secrets cannot be told ({why})"
            );
        }
        text
    }

    /// As lines of the report.
    pub(super) fn json(&self, space: &Space, target: Option<&str>) -> String {
        let mut text = String::new();
        let mut add = |mut line: Value| {
            line["schema_version"] = 1.into();
            line["space"] = space.as_str().into();
            if let Some(target) = target {
                line["target"] = target.into();
            }
            _ = writeln!(text, "{line}");
        };
        for named in &self.given {
            add(json!({"secrets": "given", "id": named.id, "name": named.name}));
        }
        for (named, why) in &self.without {
            add(json!({
                "not_carried": "secrets",
                "id": named.id,
                "name": named.name,
                "users": named.users,
                "there": false,
                "message": why,
            }));
        }
        if let Some((why, _)) = &self.unknown {
            add(json!({"not_carried": "secrets", "id": null, "there": null, "message": why}));
        }
        text
    }
}
