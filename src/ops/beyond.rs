//! What do rules and items refer to that no bundle carries? Each thing by its id, how many refer to it, and whether a space has it.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::pages::connectors;
use super::timelines::{self, Which};
use crate::bundle::References;
use crate::error::{Error, ErrorKind, Result};
use crate::json::Raw;
use crate::kibana::{Client, Method, Request, Space};
use crate::record::{Kind, Record};

/// A sort of thing that stands beside rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "Kibana's own words")]
pub enum Sort {
    ValueList,
    Connector,
    DataView,
    Timeline,
    SavedQuery,
    Job,
}

impl Sort {
    /// What reports call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::ValueList => "value-list",
            Self::Connector => "connector",
            Self::DataView => "data-view",
            Self::Timeline => "timeline",
            Self::SavedQuery => "saved-query",
            Self::Job => "job",
        }
    }

    /// What people call several.
    pub fn plural(self) -> &'static str {
        match self {
            Self::ValueList => "value lists",
            Self::Connector => "connectors",
            Self::DataView => "data views",
            Self::Timeline => "timeline templates",
            Self::SavedQuery => "saved queries",
            Self::Job => "machine learning jobs",
        }
    }
}

/// Who refers to a thing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Users {
    /// How many records.
    pub count: u64,
    /// The first of them, as people call it.
    pub first: Box<str>,
    /// The type of a value list.
    pub ty: Box<str>,
}

/// All that records refer to and that is in no bundle. Connectors are in some: those of the bundle are taken out again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Beyond {
    things: BTreeMap<(Sort, Box<str>), Users>,
    carried: BTreeSet<Box<str>>,
}

/// What one record refers to.
#[derive(Debug, Default)]
pub struct Referred {
    things: Vec<(Sort, Box<str>, Box<str>)>,
    name: Box<str>,
    connector: Option<Box<str>>,
}

impl Referred {
    /// Reads a record.
    pub fn of(record: &Record<'_>) -> Self {
        let mut found = Self::default();
        match record.kind() {
            Kind::Rule => found.rule(record),
            Kind::ExceptionItem => {
                let entries = record.get("entries").into_iter().flat_map(Raw::elements);
                for list in entries.filter_map(|entry| entry.get("list")) {
                    found.add(Sort::ValueList, list.get("id"), list.get("type"));
                }
                let id = record.str("item_id").unwrap_or_default();
                found.name = format!("exception item `{id}`").into();
            }
            Kind::Connector => found.connector = record.str("id").map(Into::into),
            Kind::ExceptionList | Kind::Details | Kind::Other => {}
        }
        found
    }

    fn rule(&mut self, rule: &Record<'_>) {
        self.add(Sort::DataView, rule.get("data_view_id"), None);
        self.add(Sort::Timeline, rule.get("timeline_id"), None);
        self.add(Sort::SavedQuery, rule.get("saved_id"), None);
        if let Some(jobs) = rule.get("machine_learning_job_id") {
            self.add(Sort::Job, Some(jobs), None);
            for job in jobs.elements() {
                self.add(Sort::Job, Some(job), None);
            }
        }
        for id in References::of(rule).connectors {
            self.things
                .push((Sort::Connector, id.as_str().into(), "".into()));
        }
        let id = rule.str("rule_id").unwrap_or_default();
        self.name = format!("rule `{id}`").into();
    }

    fn add(&mut self, sort: Sort, id: Option<Raw<'_>>, ty: Option<Raw<'_>>) {
        let text = |value: Option<Raw<'_>>| -> Box<str> {
            let text = value.and_then(Raw::as_str);
            text.unwrap_or_default().as_ref().into()
        };
        let id = text(id);
        let is_new = !self.things.iter().any(|it| (it.0, &it.1) == (sort, &id));
        if !id.is_empty() && is_new {
            self.things.push((sort, id, text(ty)));
        }
    }
}

impl Beyond {
    /// Takes down what a record refers to.
    pub fn add(&mut self, referred: Referred) {
        if let Some(id) = referred.connector {
            self.carried.insert(id);
        }
        for (sort, id, ty) in referred.things {
            let users = self.things.entry((sort, id)).or_insert_with(|| Users {
                count: 0,
                first: referred.name.clone(),
                ty,
            });
            users.count += 1;
        }
    }

    /// The things that the bundle does not carry.
    pub fn things(&self) -> impl Iterator<Item = (Sort, &str, &Users)> {
        self.things
            .iter()
            .filter(|((sort, id), _)| *sort != Sort::Connector || !self.carried.contains(id))
            .map(|((sort, id), users)| (*sort, &**id, users))
    }

    /// Those of a sort.
    pub fn of(&self, wanted: Sort) -> impl Iterator<Item = (&str, &Users)> {
        self.things()
            .filter(move |(sort, ..)| *sort == wanted)
            .map(|(_, id, users)| (id, users))
    }

    /// Whether the space has each of the things, in their order; none where that cannot be told.
    pub fn there(&self, client: &Client, space: &Space) -> Result<Vec<Option<bool>>> {
        let asked = |sort| self.of(sort).next().is_some();
        let connectors = if asked(Sort::Connector) {
            told(connectors(client, space))?
        } else {
            None
        };
        let views = if asked(Sort::DataView) {
            told(data_views(client, space))?
        } else {
            None
        };
        let templates = if asked(Sort::Timeline) {
            told(timelines::list(client, space, Which::Templates))?
        } else {
            None
        };
        self.things()
            .map(|(sort, id, _)| match sort {
                Sort::ValueList => told(super::value_lists::Settings::of(client, space, id))
                    .map(|found| found.map(|it| it.is_some())),
                Sort::Connector => Ok(connectors
                    .as_ref()
                    .map(|all| all.iter().any(|it| &*it.id == id))),
                Sort::DataView if is_own_view(id) => Ok(Some(true)),
                Sort::DataView => Ok(views.as_ref().map(|all| all.contains(id))),
                Sort::Timeline => Ok(templates.as_ref().map(|all| {
                    let mut ids = all.iter().filter_map(|it| it.template.as_deref());
                    ids.any(|it| it == id)
                })),
                Sort::SavedQuery | Sort::Job => Ok(None),
            })
            .collect()
    }
}

/// Whether Kibana makes the data view itself in every space.
pub fn is_own_view(id: &str) -> bool {
    id.starts_with("security-solution-")
}

/// What was asked for; none where the server does not tell it to these credentials, or has no such route.
fn told<T>(result: Result<T>) -> Result<Option<T>> {
    match result {
        Ok(found) => Ok(Some(found)),
        Err(error) if is_untold(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

pub(super) fn is_untold(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::Status {
            status: 400 | 403 | 404,
            ..
        }
    )
}

/// The ids of the data views of a space.
fn data_views(client: &Client, space: &Space) -> Result<BTreeSet<Box<str>>> {
    #[derive(Deserialize)]
    struct View {
        id: Box<str>,
    }
    #[derive(Deserialize)]
    struct Views {
        data_view: Vec<View>,
    }
    let request = Request::new(Method::Get, "/api/data_views").in_space(space);
    let views: Views = client.send(&request)?.json()?;
    Ok(views.data_view.into_iter().map(|view| view.id).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_bundle_lacks_is_named_once_with_its_users() {
        let mut beyond = Beyond::default();
        for line in [
            r#"{"rule_id":"a","type":"query","data_view_id":"v","actions":[{"id":"c"},{"id":"p"}]}"#,
            r#"{"rule_id":"b","type":"query","data_view_id":"v","timeline_id":"t","machine_learning_job_id":["j","k","j"]}"#,
            r#"{"item_id":"i","list_id":"l","entries":[{"type":"list","list":{"id":"ips","type":"ip"}}]}"#,
            r#"{"id":"c","type":"action","attributes":{}}"#,
        ] {
            beyond.add(Referred::of(&Record::parse(line, 0).unwrap()));
        }
        let found: Vec<String> = beyond
            .things()
            .map(|(sort, id, users)| {
                format!(
                    "{} {id} {} {}{}",
                    sort.name(),
                    users.count,
                    users.first,
                    users.ty
                )
            })
            .collect();
        assert_eq!(
            found,
            [
                "value-list ips 1 exception item `i`ip",
                "connector p 1 rule `a`",
                "data-view v 2 rule `a`",
                "timeline t 1 rule `b`",
                "job j 1 rule `b`",
                "job k 1 rule `b`",
            ]
        );
    }
}
