//! What does a space hold that a plan rests on? Read into a [`Model`], as little of it as will do.

use std::collections::BTreeMap;

use super::import::{Inventory, View, What, Witness};
use super::model::{Connector, Model, Server};
use super::pages;
use crate::bundle::{Fields, Fingerprint, fingerprint};
use crate::error::Result;
use crate::kibana::{Client, Space};
use crate::record::{Kind, Record};

/// A stored object that a plan rests on.
#[derive(Debug, Clone)]
pub struct Touched {
    /// What it is.
    pub kind: Kind,
    /// The id that people know it by.
    pub id: Box<str>,
    /// What of it counts.
    pub fingerprint: Fingerprint,
}

/// A space, as far as a bundle depends on it.
#[derive(Debug)]
pub struct Snapshot {
    /// What an import works on.
    pub model: Model,
    /// The objects that the bundle names, by kind and object id: the ids that people know are not of one object alone.
    pub touched: BTreeMap<(Kind, Box<str>), Touched>,
    /// What could not be read, and what that means.
    pub gaps: Vec<String>,
}

impl Snapshot {
    /// A space that holds nothing.
    pub fn empty(server: Server) -> Self {
        Self {
            model: Model::new(server),
            touched: BTreeMap::new(),
            gaps: Vec::new(),
        }
    }

    /// Reads of a space what a bundle depends on, for a model and for comparison. Changes nothing there.
    pub fn read(client: &Client, space: &Space, bundle: &Inventory) -> Result<(Self, View)> {
        let mut snapshot = Self::empty(Server::new(bundle.target));
        let mut hearing = Hearing {
            snapshot: &mut snapshot,
            bundle,
        };
        let view = View::read_with(client, space, bundle, &mut hearing)?;
        snapshot.model.server.may_use_connectors = !view.room.denied;
        snapshot.gaps.extend(view.gaps.iter().cloned());
        snapshot.elsewhere(client, space, bundle, &view);
        snapshot.prebuilt(bundle);
        Ok((snapshot, view))
    }

    /// Says where it matters which rules the server has as Elastic's own, which no public route tells by id.
    fn prebuilt(&mut self, bundle: &Inventory) {
        let imports = self.model.server.target.imports_prebuilt();
        let is_refused = |what: &What| match what {
            What::Rule { prebuilt, .. } => prebuilt.is_some_and(|versioned| !imports || !versioned),
            _ => false,
        };
        let entries = bundle.entries();
        let refused = entries.filter(|entry| is_refused(&entry.what)).count();
        if refused > 0 {
            self.gaps.push(format!(
                "the server does not tell which rules it has as Elastic's own; {refused} marked `immutable` in the bundle may be taken for custom ones, and then arrive"
            ));
        }
    }

    /// Ids of connectors in other spaces, asked for only if the bundle has a connector that this space does not.
    fn elsewhere(&mut self, client: &Client, space: &Space, bundle: &Inventory, view: &View) {
        let is_new = |number: u32| {
            let id = bundle.connector(number).as_str();
            bundle.connector_line(number).is_some() && !view.room.has(id)
        };
        let count = u32::try_from(bundle.connectors().len()).unwrap_or(u32::MAX);
        if view.room.denied || !(0..count).any(is_new) {
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

    fn touch(&mut self, kind: Kind, id: &str, record: &Record<'_>) {
        let touched = Touched {
            kind,
            id: id.into(),
            fingerprint: fingerprint(record, Fields::Owned),
        };
        let object = record.str("id").unwrap_or_default();
        self.touched.insert((kind, object.into()), touched);
    }
}

/// A snapshot that is being made.
struct Hearing<'h> {
    snapshot: &'h mut Snapshot,
    bundle: &'h Inventory,
}

impl Witness for Hearing<'_> {
    fn connector(&mut self, connector: &pages::Connector, origin: Option<&str>) {
        let server = &mut self.snapshot.model.server;
        if connector.is_preconfigured {
            server.preconfigured.insert(connector.id.clone());
            return;
        }
        if connector.is_system_action {
            server.system.insert(connector.id.clone());
            return;
        }
        let stored = Connector {
            origin: origin.map(Into::into),
            name: connector.name.clone(),
            is_missing_secrets: connector.is_missing_secrets,
        };
        if self
            .bundle
            .find(Kind::Connector, None, &connector.id)
            .is_some()
        {
            let attributes = connector.told().unwrap_or_default();
            let text = format!(
                "{{\"id\":{},\"type\":\"action\",\"attributes\":{attributes},\"is_missing_secrets\":{}}}",
                crate::json::quoted(&connector.id),
                connector.is_missing_secrets
            );
            if let Ok(record) = Record::parse(&text, 0) {
                self.snapshot.touch(Kind::Connector, &connector.id, &record);
            }
        }
        self.snapshot.model.add_connector(&connector.id, stored);
    }

    fn list(&mut self, list: &Record<'_>) {
        self.snapshot.model.add_list(list);
        let key = list.list_key();
        let number = key.as_ref().and_then(|key| self.bundle.list_number(key));
        if let (Some(key), Some(_)) = (key, number) {
            self.snapshot
                .touch(Kind::ExceptionList, key.id.as_str(), list);
        }
    }

    fn item(&mut self, item: &Record<'_>) {
        self.snapshot.model.add_item(item);
        if let Some(id) = item.str("item_id") {
            self.snapshot.touch(Kind::ExceptionItem, &id, item);
        }
    }

    fn rule(&mut self, rule: &Record<'_>) {
        self.snapshot.model.add_rule(rule);
        if let Some(id) = rule.str("rule_id") {
            self.snapshot.touch(Kind::Rule, &id, rule);
        }
    }
}
