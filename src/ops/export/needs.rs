//! What do the rules of the bundle need that no export of rules brought?

use serde_json::json;

use super::read::{again, is_refusal, lines, status};
use super::{Connectors, Lack, Lacking, Run, Sort};
use crate::bundle::{Need, Thing};
use crate::error::Result;
use crate::kibana::{Method, Request};
use crate::ops::pages;
use crate::record::{ConnectorId, ListKey};
use crate::schema::Target;

/// How many connectors are asked for at once.
const ASKED: usize = 500;
/// The first version whose exports have connectors, and fail over one that is gone (import-export.md §8).
const EXPORTS_CONNECTORS: Target = Target::version(8, 7);

impl Run<'_> {
    /// Fetches what rules refer to and the bundle has not; names what is not to be had.
    pub(super) fn needs(&mut self) -> Result<()> {
        let mut connectors = Vec::new();
        for need in self.draft.needs().all() {
            match &need.thing {
                _ if need.is_there => {}
                Thing::List(list) if list.id.is_reserved() => {
                    self.told.reserved.push(list.id.clone());
                }
                Thing::List(list) => self.list_needed(list, &need)?,
                Thing::Connector(id) => connectors.push((id.clone(), need)),
            }
        }
        self.connectors_needed(&connectors)
    }

    /// Fetches a list that an export of rules left out, as one does whose reference has an old object id (import-export.md §4.1).
    fn list_needed(&mut self, list: &ListKey, need: &Need) -> Result<()> {
        let what = Lacking::Thing(need.thing.clone());
        match self.list_by_key(list) {
            Ok(true) => {
                if self.draft.has(&need.thing) {
                    self.told.fetched.push(list.id.clone());
                }
            }
            Ok(false) => {
                let why = format!("there is no such list; {}", users(need)).into();
                self.told.dangling.push(Lack { what, why });
            }
            Err(error) if is_refusal(&error) => {
                self.lack(what, format!("{error}; {}", users(need)));
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Whether the server's exports have connectors at all.
    pub(super) fn exports_connectors(&self) -> bool {
        self.target >= EXPORTS_CONNECTORS
    }

    /// Reads which connectors there are, if that is not known.
    pub(super) fn read_connectors(&mut self) -> Result<()> {
        if !matches!(self.connectors, Connectors::Unasked) {
            return Ok(());
        }
        self.connectors = match pages::connectors(self.client, self.space) {
            Ok(connectors) => {
                let sorted = connectors.into_iter().map(|connector| {
                    let is_built_in = connector.is_preconfigured || connector.is_system_action;
                    let sort = if is_built_in {
                        Sort::BuiltIn
                    } else {
                        Sort::Stored
                    };
                    (connector.id, sort)
                });
                Connectors::Known(sorted.collect())
            }
            Err(error) if is_refusal(&error) => Connectors::Unreadable(error.to_string().into()),
            Err(error) => return Err(error),
        };
        Ok(())
    }

    fn connectors_needed(&mut self, needed: &[(ConnectorId, Need)]) -> Result<()> {
        if !self.exports_connectors() {
            self.told.connectors = needed.len() as u64;
            return Ok(());
        }
        if needed.is_empty() {
            return Ok(());
        }
        self.read_connectors()?;
        let mut wanted = Vec::new();
        let mut dangling = Vec::new();
        for (id, need) in needed {
            match &self.connectors {
                Connectors::Known(known) => match known.get(id.as_str()) {
                    Some(Sort::BuiltIn) => {}
                    Some(Sort::Stored) => wanted.push(id),
                    None => {
                        let why = format!("the space has no such connector; {}", users(need));
                        dangling.push((id, why));
                    }
                },
                // An export would have failed over one that is gone. It has not this one, which so is none that is stored.
                Connectors::Unreadable(_) if !self.doubtful.contains(id) => {}
                Connectors::Unreadable(_) => wanted.push(id),
                Connectors::Unasked => {}
            }
        }
        for (id, why) in dangling {
            self.dangling_connector(id.as_str(), &why);
        }
        for asked in wanted.chunks(ASKED) {
            self.connectors_asked(asked)?;
        }
        Ok(())
    }

    /// Fetches the connectors that the bundle has not got yet: those that no rule acts through.
    pub(super) fn spare_connectors(&mut self) -> Result<()> {
        self.read_connectors()?;
        let mut spare: Vec<ConnectorId> = match &self.connectors {
            Connectors::Known(known) => known
                .iter()
                .filter(|(_, sort)| **sort == Sort::Stored)
                .map(|(id, _)| ConnectorId::from(&**id))
                .filter(|id| !self.draft.has(&Thing::Connector(id.clone())))
                .collect(),
            Connectors::Unreadable(why) => {
                let why = why.clone();
                self.lack(Lacking::Connectors, why);
                return Ok(());
            }
            Connectors::Unasked => Vec::new(),
        };
        if !self.exports_connectors() {
            self.told.connectors = spare.len() as u64;
            return Ok(());
        }
        spare.sort_unstable();
        let spare: Vec<&ConnectorId> = spare.iter().collect();
        for asked in spare.chunks(ASKED) {
            self.connectors_asked(asked)?;
        }
        Ok(())
    }

    /// Fetches connectors by themselves, as an export of rules would have them.
    fn connectors_asked(&mut self, asked: &[&ConnectorId]) -> Result<()> {
        let objects: Vec<_> = asked
            .iter()
            .map(|id| json!({"type": "action", "id": id.as_str()}))
            .collect();
        let request = Request::new(Method::Post, "/api/saved_objects/_export")
            .in_space(self.space)
            .json(json!({"objects": objects, "excludeExportDetails": true}).to_string())
            .replayed();
        let draft = &mut self.draft;
        let read = again(self.client, || {
            lines(self.client, &request, &mut |record| {
                draft.take(record).map(|_| ())
            })
        });
        let refusal = match read {
            Ok(()) => None,
            // One that is refused keeps the others out.
            Err(error) if is_refusal(&error) && status(&error) != Some(403) && asked.len() > 1 => {
                let (one, other) = asked.split_at(asked.len() / 2);
                self.connectors_asked(one)?;
                return self.connectors_asked(other);
            }
            Err(error) if is_refusal(&error) => Some(error.to_string()),
            Err(error) => return Err(error),
        };
        for id in asked {
            if !self.draft.has(&Thing::Connector((*id).clone())) {
                let why = refusal.as_deref().unwrap_or("the server did not give it");
                self.lack_connector(id.as_str(), why);
            }
        }
        Ok(())
    }

    /// Names a connector that could not be had, once.
    pub(super) fn lack_connector(&mut self, id: &str, why: &str) {
        self.told.lacking.extend(self.connector_missed(id, why));
    }

    /// Names a connector that the space does not have, once.
    pub(super) fn dangling_connector(&mut self, id: &str, why: &str) {
        self.told.dangling.extend(self.connector_missed(id, why));
    }

    fn connector_missed(&self, id: &str, why: &str) -> Option<Lack> {
        let what = Lacking::Thing(Thing::Connector(id.into()));
        let mut named = self.told.lacking.iter().chain(&self.told.dangling);
        let why = why.into();
        (!named.any(|lack| lack.what == what)).then_some(Lack { what, why })
    }
}

/// As in "rule `a` and 2 more refer to it".
fn users(need: &Need) -> String {
    let (_, rule) = &need.first;
    match need.rules {
        1 => format!("{rule} refers to it"),
        count => format!("{rule} and {} more refer to it", count - 1),
    }
}
