//! Lists that a Kibana has of itself: spaces, connectors, and how many there are of the rest.

use std::io::{BufRead, BufReader};

use serde::Deserialize;
use serde_json::value::RawValue;

use super::export::read;
use crate::error::{Error, Result};
use crate::kibana::{Client, Method, Request, Space};
use crate::record::Record;

/// A page of any `_find` route; only the total is read here.
#[derive(Deserialize)]
struct Page {
    total: u64,
}

/// A connector as `/api/actions/connectors` tells of it.
#[derive(Debug, Clone, Deserialize)]
pub struct Connector {
    /// Its id, which is what a rule's actions refer to.
    pub id: Box<str>,
    /// Its name.
    #[serde(default)]
    pub name: Box<str>,
    /// Its type, as in `.slack`.
    #[serde(default)]
    pub connector_type_id: Box<str>,
    /// Whether it stands in the server's settings, with one id in all spaces.
    #[serde(default)]
    pub is_preconfigured: bool,
    /// Whether Kibana itself made it.
    #[serde(default)]
    pub is_system_action: bool,
    /// Whether it cannot be used before somebody gives it its secrets.
    #[serde(default)]
    pub is_missing_secrets: bool,
    /// What it is told beside its secrets, as the server spelt it.
    #[serde(default)]
    pub(super) config: Option<Box<RawValue>>,
}

impl Connector {
    /// Its name, type and configuration as JSON.
    pub(super) fn told(&self) -> Option<String> {
        serde_json::to_string(&serde_json::json!({
            "name": self.name,
            "connector_type_id": self.connector_type_id,
            "config": self.config,
        }))
        .ok()
    }
}

/// The connectors of a space, preconfigured and system ones too.
pub fn connectors(client: &Client, space: &Space) -> Result<Vec<Connector>> {
    let request = Request::new(Method::Get, "/api/actions/connectors").in_space(space);
    read(client, &request)
}

/// The connectors of a space that were imported under another id: each with the id that its line had. Only an export of saved
/// objects tells that.
pub(super) fn origins(client: &Client, space: &Space) -> Result<Vec<(Box<str>, Box<str>)>> {
    let request = Request::new(Method::Post, "/api/saved_objects/_export")
        .in_space(space)
        .json(r#"{"type":["action"],"excludeExportDetails":true}"#)
        .replayed();
    let mut origins = Vec::new();
    for line in BufReader::new(client.send(&request)?).lines() {
        let line = line.map_err(|source| Error::io("reading connectors", source))?;
        let Ok(record) = Record::parse(&line, 0) else {
            continue;
        };
        if let (Some(id), Some(origin)) = (record.str("id"), record.str("originId")) {
            origins.push((id.into(), origin.into()));
        }
    }
    Ok(origins)
}

/// The spaces that the credentials may see, in the server's order.
pub fn spaces(client: &Client) -> Result<Vec<Space>> {
    #[derive(Deserialize)]
    struct Listed {
        id: Box<str>,
    }
    let listed: Vec<Listed> = client
        .send(&Request::new(Method::Get, "/api/spaces/space"))?
        .json()?;
    listed
        .iter()
        .map(|space| space.id.parse::<Space>())
        .collect::<Result<_, Error>>()
}

/// How many rules, or exception lists of both namespaces, a space has.
pub fn total(client: &Client, space: &Space, what: Counted) -> Result<u64> {
    let request = match what {
        Counted::Rules => Request::new(Method::Get, "/api/detection_engine/rules/_find"),
        Counted::Lists => Request::new(Method::Get, "/api/exception_lists/_find")
            .with("namespace_type", "single")
            .with("namespace_type", "agnostic"),
    };
    let page: Page = client
        .send(&request.in_space(space).with("per_page", "1"))?
        .json()?;
    Ok(page.total)
}

/// What can be counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counted {
    /// Detection rules.
    Rules,
    /// Exception lists.
    Lists,
}
