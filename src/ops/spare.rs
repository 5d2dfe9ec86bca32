//! How do connectors get into a space that no rule brings? As saved objects, which every server imports.
//!
//! Before 8.19 and 9.1 an import of rules takes no connector without a rule that acts through one (import-export.md §3.6). What the
//! space has is left as it is, unless it is to be overwritten.

use std::collections::HashMap;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};

use super::export::read;
use super::model::Outcome;
use super::pages::{Connector, connectors};
use crate::error::{Error, Result};
use crate::kibana::{Client, Content, Method, Request, Space, Upload};

/// The most bytes of one upload; Kibana takes 26 214 400 (api.md §7).
const PIECE: usize = 8_000_000;

/// A connector of a bundle.
#[derive(Debug, Clone)]
pub struct Spare {
    /// Its id.
    pub id: Box<str>,
    line: Box<str>,
    /// What of it can be compared.
    content: Value,
}

/// What became of a connector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// Its id.
    pub id: Box<str>,
    /// By the names of reports: created, overwritten, unchanged, conflict or failed.
    pub outcome: Outcome,
    /// Why it is not there, or not as the bundle says.
    pub message: Option<Box<str>>,
}

/// What an import may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doing {
    /// Nothing: it says what it would do.
    Rehearse,
    /// It makes what is absent.
    Add,
    /// It makes what is absent, and replaces what differs.
    Overwrite,
}

impl Spare {
    /// Reads the line of a connector; none if it is none.
    pub fn of(line: &str) -> Option<Self> {
        let value: Value = serde_json::from_str(line).ok()?;
        let attributes = value.get("attributes")?;
        Some(Self {
            id: value["id"].as_str()?.into(),
            content: content(
                &attributes["name"],
                &attributes["actionTypeId"],
                &attributes["config"],
            ),
            line: line.into(),
        })
    }

    fn is(&self, there: &Connector) -> bool {
        let told = there
            .told()
            .and_then(|told| serde_json::from_str(&told).ok());
        told.is_some_and(|told: Value| {
            content(&told["name"], &told["connector_type_id"], &told["config"]) == self.content
        })
    }
}

fn content(name: &Value, ty: &Value, config: &Value) -> Value {
    let mut config = config.as_object().cloned().unwrap_or_default();
    config.retain(|_, value| !value.is_null());
    json!([name, ty, config])
}

/// Brings connectors into a space, or says what would become of them.
pub fn import(client: &Client, space: &Space, bundle: &[Spare], doing: Doing) -> Result<Vec<Told>> {
    if bundle.is_empty() {
        return Ok(Vec::new());
    }
    let there = there(client, space)?;
    let mut all: Vec<Told> = bundle
        .iter()
        .map(|it| {
            let (outcome, message) = match there.get(&it.id) {
                None => (Outcome::Created, None),
                Some(found) if it.is(found) => (Outcome::Unchanged, None),
                Some(_) if doing == Doing::Overwrite => (Outcome::Overwritten, None),
                Some(_) => (
                    Outcome::Conflict,
                    Some("it is there and differs; `--overwrite connectors` replaces it"),
                ),
            };
            Told {
                id: it.id.clone(),
                outcome,
                message: message.map(Into::into),
            }
        })
        .collect();
    if doing != Doing::Rehearse {
        let wanted: Vec<usize> = (0..all.len())
            .filter(|&at| matches!(all[at].outcome, Outcome::Created | Outcome::Overwritten))
            .collect();
        send(client, space, bundle, &wanted, &mut all, doing)?;
    }
    Ok(all)
}

fn there(client: &Client, space: &Space) -> Result<HashMap<Box<str>, Connector>> {
    let all = connectors(client, space)?;
    Ok(all.into_iter().map(|it| (it.id.clone(), it)).collect())
}

fn send(
    client: &Client,
    space: &Space,
    bundle: &[Spare],
    wanted: &[usize],
    all: &mut [Told],
    doing: Doing,
) -> Result<()> {
    let mut piece = String::new();
    let mut members = Vec::new();
    for &at in wanted {
        if !piece.is_empty() && piece.len() + bundle[at].line.len() >= PIECE {
            upload(
                client,
                space,
                &std::mem::take(&mut piece),
                &members,
                all,
                doing,
            )?;
            members.clear();
        }
        piece.push_str(&bundle[at].line);
        piece.push('\n');
        members.push(at);
    }
    if members.is_empty() {
        return Ok(());
    }
    upload(client, space, &piece, &members, all, doing)
}

/// Sends a piece, and takes down which of its members the server did not take.
fn upload(
    client: &Client,
    space: &Space,
    piece: &str,
    members: &[usize],
    all: &mut [Told],
    doing: Doing,
) -> Result<()> {
    #[derive(Deserialize)]
    struct Refused {
        id: Box<str>,
        error: Value,
    }
    #[derive(Deserialize)]
    struct Answer {
        #[serde(default)]
        errors: Vec<Refused>,
    }
    let content: Arc<dyn Content> = Arc::new(Arc::<[u8]>::from(piece.as_bytes()));
    let boundary = || uuid::Uuid::new_v4().as_u128();
    let upload = Upload::new("connectors.ndjson", content, boundary)
        .map_err(|source| Error::io("reading connectors", source))?;
    // One that is there already is not made again: sending it twice does no harm.
    let request = Request::new(Method::Post, "/api/saved_objects/_import")
        .in_space(space)
        .with("overwrite", (doing == Doing::Overwrite).to_string())
        .file(upload)
        .replayed();
    let answer: Answer = read(client, &request)?;
    // The first refusal can keep the whole piece out.
    let found = if answer.errors.is_empty() {
        None
    } else {
        Some(there(client, space)?)
    };
    for &at in members {
        let refused = answer.errors.iter().find(|it| it.id == all[at].id);
        let is_there = found
            .as_ref()
            .is_none_or(|found| found.contains_key(&all[at].id));
        if refused.is_some() || !is_there {
            let words = refused.and_then(|it| {
                ["message", "type"]
                    .iter()
                    .find_map(|key| it.error[*key].as_str())
            });
            all[at].outcome = Outcome::Failed;
            all[at].message = Some(words.unwrap_or("it did not arrive").into());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connector_is_the_same_whichever_route_tells_of_it() {
        let spare = Spare::of(
            r#"{"id":"c","type":"action","attributes":{"actionTypeId":".email","name":"mail","config":{"host":"h","port":null},"secrets":{}}}"#,
        );
        let spare = spare.unwrap();
        let there = |host: &str| -> Connector {
            let told = json!({"id": "c", "name": "mail", "connector_type_id": ".email", "config": {"host": host}});
            serde_json::from_value(told).unwrap()
        };
        assert!(spare.is(&there("h")));
        assert!(!spare.is(&there("i")));
        assert!(Spare::of(r#"{"id":"r","type":"query"}"#).is_none());
    }
}
