//! What a request must know of the whole bundle before it is done, as far as it must.

use std::collections::HashMap;

use super::duplicate::{self, OwnLists};
use super::editing::machine_learning;
use super::request::{Action, Exceptions, Request, Selected};
use super::settings::Settings;
use crate::bundle::{Need, Needs, References, Thing};
use crate::error::{Error, Result};
use crate::pipeline::{Input, Rewriting};
use crate::record::{Kind, ListKey, Record};

/// The most rules that Kibana takes by query: of an edit, and of all else.
pub const MOST_MATCHES: [u64; 2] = [2000, 10_000];

/// What one look at the bundle gave.
#[derive(Debug, Default)]
pub(super) struct Learned {
    /// Rules that the request chooses.
    pub(super) matched: u64,
    /// The types of connectors by id.
    pub(super) connectors: HashMap<String, String>,
    pub(super) own_lists: OwnLists,
    /// The lists and connectors that an export takes along.
    pub(super) exported: Needs,
}

/// What is learned of one record.
enum Fact {
    Matched,
    Connector(String, String),
    List(ListKey),
    Copied(Option<ListKey>, Box<str>),
    Exported {
        references: References,
        ordinal: u64,
        name: String,
    },
}

/// The most rules that a request may match.
pub(super) fn most_matches(action: &Action) -> u64 {
    MOST_MATCHES[usize::from(!matches!(action, Action::Edit(_)))]
}

/// Kibana's refusal of a request that matches more.
pub(super) fn too_many(most: u64) -> String {
    format!("More than {most} rules matched the filter query. Try to narrow it down.")
}

impl Learned {
    /// Looks at the bundle, if the request needs to know it.
    ///
    /// Fails where the request names a connector whose type nobody tells, and where it matches more rules than the server
    /// takes and `settings` say that this counts.
    pub(super) fn of(
        input: &mut Input<'_>,
        rewriting: &Rewriting<'_>,
        request: &Request,
        settings: &Settings,
        is_chosen: &(impl Fn(&Record<'_>) -> bool + Sync),
    ) -> Result<Self> {
        let mut learned = Self::default();
        let untold: Vec<_> = request
            .connectors
            .iter()
            .filter(|connector| !settings.connectors.contains_key(&connector.id))
            .collect();
        let counts = settings.server_limits && !matches!(request.selected, Selected::Ids(_));
        let copies = matches!(
            request.action,
            Action::Duplicate(Exceptions::Current | Exceptions::All)
        );
        let exports = request.action == Action::Export;
        if untold.is_empty() && !counts && !(copies && !settings.dry_run) && !exports {
            return Ok(learned);
        }
        let look = |record: &Record<'_>| match record.kind() {
            Kind::Rule if is_chosen(record) => Some(match request.action {
                Action::Duplicate(_) => {
                    let fails = machine_learning(record, settings)
                        .and_then(|()| duplicate::check(record))
                        .is_err();
                    let list = duplicate::own_list(record).filter(|_| copies && !fails);
                    Fact::Copied(list, duplicate::name(record))
                }
                Action::Export => Fact::exported(record),
                _ => Fact::Matched,
            }),
            Kind::ExceptionList => record.list_key().map(Fact::List),
            Kind::Connector if record.is_connector() => {
                let id = record.str("id")?.into_owned();
                let kind = record.connector_type().unwrap_or_default().into_owned();
                Some(Fact::Connector(id, kind))
            }
            _ => None,
        };
        input.survey(rewriting, look, |fact| {
            match fact {
                Fact::Matched => learned.matched += 1,
                Fact::Connector(id, kind) => {
                    learned.exported.hold(Thing::Connector((&*id).into()));
                    if !kind.is_empty() {
                        learned.connectors.insert(id, kind);
                    }
                }
                Fact::List(list) => {
                    learned.exported.hold(Thing::List(list.clone()));
                    learned.own_lists.is_there(list);
                }
                Fact::Copied(list, rule) => {
                    learned.matched += 1;
                    if let Some(list) = list {
                        learned.own_lists.is_copied(list, rule);
                    }
                }
                Fact::Exported {
                    references,
                    ordinal,
                    name,
                } => {
                    learned.matched += 1;
                    learned.exported.add(references, ordinal, &name);
                }
            }
            Ok(())
        })?;
        for connector in untold {
            if !learned.connectors.contains_key(&connector.id) {
                return Err(connector.untold());
            }
        }
        let most = most_matches(&request.action);
        if counts && learned.matched > most {
            return Err(Error::request(
                too_many(most),
                Some("narrow the query down, or leave out `--server-limits`"),
            ));
        }
        Ok(learned)
    }

    /// What an export refers to and the bundle lacks, as messages name it, in alphabetical order.
    pub(super) fn lacks(&self) -> Vec<String> {
        let needs = self.exported.all().into_iter().filter(Need::is_lacking);
        let mut lacks: Vec<String> = needs.map(|need| need.thing.to_string()).collect();
        lacks.sort();
        lacks
    }
}

impl Fact {
    /// What a rule takes along, as Kibana's export does it: no endpoint list, no system connector.
    fn exported(rule: &Record<'_>) -> Self {
        let mut references = References::of(rule);
        references
            .lists
            .retain(|list| list.id.as_str() != "endpoint_list");
        Self::Exported {
            references,
            ordinal: rule.ordinal(),
            name: rule.label(),
        }
    }
}
