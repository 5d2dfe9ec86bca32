//! Which connectors can rules of a space act through?

use std::collections::{HashMap, HashSet};

use super::super::model::is_system_id;
use super::super::pages;
use super::line::connector_print;
use super::reading::Witness;
use crate::bundle::Fingerprint;
use crate::error::{ErrorKind, Result};
use crate::json::Raw;
use crate::kibana::{Client, Space};

/// A connector of the space.
#[derive(Debug, Clone)]
pub struct StoredConnector {
    /// What it says beside its secrets.
    pub(super) print: Fingerprint,
    /// Its name.
    pub name: Box<str>,
    /// Whether it cannot be used before somebody gives it its secrets.
    pub is_missing_secrets: bool,
}

/// The connectors of a space.
#[derive(Debug, Default)]
pub struct Room {
    own: HashMap<Box<str>, StoredConnector>,
    /// The connectors that were made of one of another id, by that id.
    made_of: HashMap<Box<str>, Vec<Box<str>>>,
    builtin: HashSet<Box<str>>,
    /// Why they cannot be read, if so.
    pub denied: bool,
}

impl Room {
    /// Reads them; where the credentials may not, it says so.
    pub(super) fn read(
        client: &Client,
        space: &Space,
        gaps: &mut Vec<String>,
        witness: &mut dyn Witness,
    ) -> Result<Self> {
        let mut room = Self::default();
        let connectors = match pages::connectors(client, space) {
            Ok(connectors) => connectors,
            Err(error) if matches!(error.kind(), ErrorKind::Status { status: 403, .. }) => {
                gap(
                    gaps,
                    format!("connectors cannot be read with these credentials ({error})"),
                );
                room.denied = true;
                return Ok(room);
            }
            Err(error) => return Err(error),
        };
        if connectors.iter().any(is_own)
            && let Err(error) = room.origins(client, space)
        {
            gap(
                gaps,
                format!(
                    "it is not known which connectors were imported under another id ({error}), so a connector or an action may go elsewhere than planned"
                ),
            );
        }
        for connector in connectors {
            witness.connector(&connector, room.origin(&connector.id));
            if !is_own(&connector) {
                room.builtin.insert(connector.id);
                continue;
            }
            let print = connector
                .told()
                .map(|text| connector_print(Raw::parse(&text).ok(), "connector_type_id"));
            let stored = StoredConnector {
                print: print.unwrap_or_default(),
                name: connector.name,
                is_missing_secrets: connector.is_missing_secrets,
            };
            room.own.insert(connector.id, stored);
        }
        Ok(room)
    }

    /// The ids that connectors were once imported by.
    fn origins(&mut self, client: &Client, space: &Space) -> Result<()> {
        for (id, origin) in pages::origins(client, space)? {
            self.made_of.entry(origin).or_default().push(id);
        }
        Ok(())
    }

    /// The connector that an import takes for this id: the one that has it, else the one that was made of it.
    pub fn at(&self, id: &str) -> Option<&StoredConnector> {
        self.own
            .get(id)
            .or_else(|| match self.made_of.get(id)?.as_slice() {
                [one] => self.own.get(one),
                _ => None,
            })
    }

    /// Whether a connector has this id itself.
    pub fn has(&self, id: &str) -> bool {
        self.own.contains_key(id)
    }

    /// Whether Kibana itself, or its settings, has a connector of this id.
    pub fn is_builtin(&self, id: &str) -> bool {
        self.builtin.contains(id) || is_system_id(id)
    }

    /// Whether a rule that acts through this id finds a connector, or cannot be told not to.
    pub fn leads(&self, id: &str) -> bool {
        self.denied || self.at(id).is_some() || self.is_builtin(id) || self.made_of.contains_key(id)
    }

    /// The id that a connector was made from, if it has another than that.
    fn origin(&self, id: &str) -> Option<&str> {
        let mut made = self.made_of.iter();
        let (origin, _) = made.find(|(_, made)| made.iter().any(|it| **it == *id))?;
        Some(origin)
    }

    /// Takes it that there is such a connector from now on.
    pub(super) fn suppose(&mut self, id: &str, print: Fingerprint, is_missing_secrets: bool) {
        let connector = StoredConnector {
            print,
            name: Box::default(),
            is_missing_secrets,
        };
        self.own.insert(id.into(), connector);
    }

    /// Whether the connector of this id was made of one that had the other.
    pub(super) fn is_made_of(&self, id: &str, origin: &str) -> bool {
        self.made_of
            .get(origin)
            .is_some_and(|made| made.iter().any(|it| **it == *id))
    }
}

fn is_own(connector: &pages::Connector) -> bool {
    !connector.is_preconfigured && !connector.is_system_action
}

fn gap(gaps: &mut Vec<String>, gap: String) {
    if !gaps.contains(&gap) {
        gaps.push(gap);
    }
}
