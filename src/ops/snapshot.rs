//! What does a space hold that an import of a bundle depends on? Read into a [`Model`], as little of it as will do.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::io::{BufRead, BufReader};

use super::find;
use super::model::{Connector, Model, Server};
use super::pages;
use crate::bundle::{Edit, Fields, Fingerprint, Lens, Shelf, changes, fingerprint};
use crate::error::{ErrorKind, PathStep, Result};
use crate::json::Raw;
use crate::kibana::{Client, Method, Request, Space};
use crate::record::{Kind, ListKey, Record, RuleId};
use crate::schema::{Schema, Target};

/// What a bundle names, and so what must be read of a space.
#[derive(Debug, Default)]
pub struct Wanted {
    /// The rules, with the line that counts: of several the last.
    rules: HashMap<RuleId, usize>,
    /// The lists that have lines, or whose items have.
    lists: BTreeSet<ListKey>,
    connectors: HashSet<Box<str>>,
    has_actions: bool,
    /// Rules marked as Elastic's own, and those of them without a version.
    marked: u64,
    unversioned: u64,
}

/// What one line names.
#[derive(Debug)]
pub struct Named {
    kind: Kind,
    id: Option<Box<str>>,
    list: Option<ListKey>,
    has_actions: bool,
    is_marked: bool,
    is_unversioned: bool,
}

impl Named {
    /// What a line names.
    pub fn of(record: &Record<'_>) -> Self {
        let kind = record.kind();
        let is_exception = matches!(kind, Kind::ExceptionList | Kind::ExceptionItem);
        Self {
            kind,
            id: record.id().map(Into::into),
            list: is_exception.then(|| record.list_key()).flatten(),
            has_actions: kind == Kind::Rule && record.actions().next().is_some(),
            is_marked: kind == Kind::Rule
                && record.get("immutable").and_then(Raw::as_bool) == Some(true),
            is_unversioned: !record.has("version"),
        }
    }
}

impl Wanted {
    /// Takes down what the line at this index names.
    pub fn add(&mut self, index: usize, named: Named) {
        self.has_actions |= named.has_actions;
        self.marked += u64::from(named.is_marked);
        self.unversioned += u64::from(named.is_marked && named.is_unversioned);
        self.lists.extend(named.list);
        match (named.kind, named.id) {
            (Kind::Rule, Some(id)) => _ = self.rules.insert(RuleId::from(&*id), index),
            (Kind::Connector, Some(id)) => _ = self.connectors.insert(id),
            _ => {}
        }
    }
}

/// A stored object that a plan rests on.
#[derive(Debug, Clone)]
pub struct Touched {
    /// What it is.
    pub kind: Kind,
    /// Its object id.
    pub id: Box<str>,
    /// What of it counts.
    pub fingerprint: Fingerprint,
}

/// A space, as far as a bundle depends on it.
#[derive(Debug)]
pub struct Snapshot {
    /// What an import works on.
    pub model: Model,
    /// The objects that the bundle names, by the id that people know them by.
    pub touched: BTreeMap<(Kind, Box<str>), Touched>,
    /// The members in which the line of a rule differs from the rule, by the line's index.
    pub changes: HashMap<usize, Vec<String>>,
    /// What could not be read, and what that means.
    pub gaps: Vec<String>,
}

impl Snapshot {
    /// Reads of a space what a bundle depends on. Changes nothing there.
    pub fn read(
        client: &Client,
        space: &Space,
        target: Target,
        wanted: &Wanted,
        shelf: &mut Shelf,
    ) -> Result<Self> {
        let mut snapshot = Self {
            model: Model::new(Server::new(target)),
            touched: BTreeMap::new(),
            changes: HashMap::new(),
            gaps: Vec::new(),
        };
        snapshot.connectors(client, space, wanted)?;
        snapshot.exceptions(client, space, wanted)?;
        snapshot.rules(client, space, wanted, shelf)?;
        snapshot.prebuilt(wanted);
        Ok(snapshot)
    }

    /// Says where it matters which rules the server has as Elastic's own, which no public route tells by id.
    fn prebuilt(&mut self, wanted: &Wanted) {
        let refused = if self.model.server.target.imports_prebuilt() {
            wanted.unversioned
        } else {
            wanted.marked
        };
        if refused > 0 {
            self.gaps.push(format!(
                "the server does not tell which rules it has as Elastic's own; {refused} marked `immutable` in the bundle may be taken for custom ones, and then arrive"
            ));
        }
    }

    fn connectors(&mut self, client: &Client, space: &Space, wanted: &Wanted) -> Result<()> {
        let connectors = match pages::connectors(client, space) {
            Ok(connectors) => connectors,
            Err(error) if matches!(error.kind(), ErrorKind::Status { status: 403, .. }) => {
                self.model.server.may_use_connectors = false;
                if wanted.has_actions || !wanted.connectors.is_empty() {
                    let gap = format!("connectors cannot be read with these credentials ({error})");
                    self.gaps.push(gap);
                }
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        let origins = if wanted.has_actions || !wanted.connectors.is_empty() {
            self.origins(client, space)
        } else {
            HashMap::new()
        };
        for connector in connectors {
            let server = &mut self.model.server;
            if connector.is_preconfigured {
                server.preconfigured.insert(connector.id);
                continue;
            }
            if connector.is_system_action {
                server.system.insert(connector.id);
                continue;
            }
            let stored = Connector {
                origin: origins.get(&connector.id).cloned(),
                name: connector.name,
                is_missing_secrets: connector.is_missing_secrets,
            };
            if wanted.connectors.contains(&connector.id) {
                self.touch_connector(&connector.id, &stored);
            }
            self.model.add_connector(&connector.id, stored);
        }
        self.elsewhere(client, space, wanted);
        Ok(())
    }

    fn touch_connector(&mut self, id: &str, connector: &Connector) {
        let text = serde_json::json!({
            "id": id, "type": "action", "name": &*connector.name,
            "attributes": {"isMissingSecrets": connector.is_missing_secrets},
        })
        .to_string();
        if let Ok(record) = Record::parse(&text, 0) {
            self.touch(Kind::Connector, id, &record);
        }
    }

    fn touch(&mut self, kind: Kind, id: &str, record: &Record<'_>) {
        let touched = Touched {
            kind,
            id: record.str("id").unwrap_or_default().into(),
            fingerprint: fingerprint(record, Fields::Owned),
        };
        self.touched.insert((kind, id.into()), touched);
    }

    /// The ids that connectors were once imported by, which only an export of saved objects tells.
    fn origins(&mut self, client: &Client, space: &Space) -> HashMap<Box<str>, Box<str>> {
        let request = Request::new(Method::Post, "/api/saved_objects/_export")
            .in_space(space)
            .json(r#"{"type":["action"],"excludeExportDetails":true}"#)
            .replayed();
        let mut origins = HashMap::new();
        let read = client.send(&request).and_then(|reply| {
            for line in BufReader::new(reply).lines() {
                let line =
                    line.map_err(|source| crate::error::Error::io("reading connectors", source))?;
                let Ok(record) = Record::parse(&line, 0) else {
                    continue;
                };
                if let (Some(id), Some(origin)) = (record.str("id"), record.str("originId")) {
                    origins.insert(id.into(), origin.into());
                }
            }
            Ok(())
        });
        if let Err(error) = read {
            self.gaps.push(format!(
                "it is not known which connectors were imported under another id ({error}), so a connector or an action may go elsewhere than planned"
            ));
        }
        origins
    }

    /// Ids of connectors in other spaces, asked for only if the bundle has a connector that this space does not.
    fn elsewhere(&mut self, client: &Client, space: &Space, wanted: &Wanted) {
        let here = |id: &str| self.touched.contains_key(&(Kind::Connector, id.into()));
        if wanted.connectors.iter().all(|id| here(id)) {
            return;
        }
        let mut unseen = Vec::new();
        let spaces = pages::spaces(client).unwrap_or_else(|error| {
            unseen.push(error.to_string());
            Vec::new()
        });
        for other in spaces.iter().filter(|other| *other != space) {
            match pages::connectors(client, other) {
                Ok(connectors) => {
                    let own = connectors
                        .iter()
                        .filter(|it| !it.is_preconfigured && !it.is_system_action);
                    for connector in own {
                        self.model.add_connector_elsewhere(&connector.id);
                    }
                }
                Err(error) => unseen.push(format!("`{other}`: {error}")),
            }
        }
        if !unseen.is_empty() {
            self.gaps.push(format!(
                "connectors of other spaces cannot be read ({}), so an id that is planned to be kept may become a new one",
                unseen.join("; ")
            ));
        }
    }

    fn exceptions(&mut self, client: &Client, space: &Space, wanted: &Wanted) -> Result<()> {
        find::lists(client, space, &mut |text| {
            let Ok(list) = Record::parse(text, 0) else {
                return Ok(());
            };
            self.model.add_list(&list);
            if let Some(key) = list.list_key().filter(|key| wanted.lists.contains(key)) {
                self.touch(Kind::ExceptionList, key.id.as_str(), &list);
            }
            Ok(())
        })?;
        for key in &wanted.lists {
            if self.model.list(key).is_none() {
                continue;
            }
            find::items(client, space, key, &mut |text| {
                if let Ok(item) = Record::parse(text, 0) {
                    self.model.add_item(&item);
                    if let Some(id) = item.str("item_id") {
                        self.touch(Kind::ExceptionItem, &id, &item);
                    }
                }
                Ok(())
            })?;
        }
        Ok(())
    }

    fn rules(
        &mut self,
        client: &Client,
        space: &Space,
        wanted: &Wanted,
        bundle: &mut Shelf,
    ) -> Result<()> {
        if wanted.rules.is_empty() {
            return Ok(());
        }
        let lens = Lens::new(Fields::Owned, [])?;
        find::rules(client, space, None, &mut |text| {
            let Ok(rule) = Record::parse(text, 0) else {
                return Ok(());
            };
            let Some(id) = rule.str("rule_id") else {
                return Ok(());
            };
            let Some(&index) = wanted.rules.get(&*id) else {
                return Ok(());
            };
            self.model.add_rule(&rule);
            self.touch(Kind::Rule, &id, &rule);
            bundle.lines([index], |_, line| {
                let line = std::str::from_utf8(line).ok();
                if let Some(Ok(line)) = line.map(|line| Record::parse(line, 0)) {
                    let members = changed_members(&lens, &rule, &line);
                    self.changes.insert(index, members);
                }
                Ok(())
            })
        })?;
        Ok(())
    }
}

/// The members in which a line differs from the stored rule, each once. What the line lacks and the server then fills in with
/// what is there already is no difference.
fn changed_members(lens: &Lens, stored: &Record<'_>, line: &Record<'_>) -> Vec<String> {
    let shape = stored
        .str("type")
        .and_then(|ty| Schema::get().rule(&ty))
        .or_else(|| Schema::get().kind(Kind::Rule));
    let is_default = |name: &str, value: Raw<'_>| {
        let field = shape.and_then(|shape| shape.field(name));
        let default = field.and_then(|field| field.default.as_ref());
        let kept = matches!(name, "enabled" | "version");
        kept || default.is_some_and(|default| {
            serde_json::from_str::<serde_json::Value>(value.text()).is_ok_and(|it| it == *default)
        })
    };
    let mut members: Vec<String> = Vec::new();
    for change in changes(lens, stored, line) {
        let Some(PathStep::Key(name)) = change.path.first() else {
            continue;
        };
        if let Edit::Remove(value) = change.edit
            && change.path.len() == 1
            && is_default(name, value)
        {
            continue;
        }
        if !members.iter().any(|member| **member == **name) {
            members.push(name.to_string());
        }
    }
    members
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_members_each_once_and_no_defaults() {
        let lens = Lens::new(Fields::Owned, []).unwrap();
        let of = |stored: &str, line: &str| {
            let (stored, line) = (
                Record::parse(stored, 0).unwrap(),
                Record::parse(line, 0).unwrap(),
            );
            changed_members(&lens, &stored, &line)
        };
        let stored = r#"{"rule_id":"r","type":"query","tags":["a","b"],"interval":"5m","references":[],"enabled":true,"note":"n","revision":3}"#;
        assert_eq!(
            of(stored, r#"{"rule_id":"r","type":"query","tags":["c","d"]}"#),
            ["tags", "note"]
        );
        assert!(of(stored, stored).is_empty());
    }

    #[test]
    fn wanted_is_what_lines_name() {
        let mut wanted = Wanted::default();
        let lines = [
            r#"{"rule_id":"r","actions":[{"id":"c"}],"immutable":true}"#,
            r#"{"rule_id":"r","immutable":true,"version":1}"#,
            r#"{"item_id":"i","list_id":"l"}"#,
            r#"{"id":"c","attributes":{}}"#,
        ];
        for (index, line) in lines.iter().enumerate() {
            wanted.add(index, Named::of(&Record::parse(line, 0).unwrap()));
        }
        assert_eq!(wanted.rules.get("r"), Some(&1));
        assert!(wanted.has_actions && wanted.connectors.contains("c"));
        assert_eq!(wanted.lists.len(), 1);
        assert_eq!((wanted.marked, wanted.unversioned), (2, 1));
    }
}
