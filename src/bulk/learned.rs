//! What a request must know of the whole bundle before it is done, as far as it must.

use std::collections::HashMap;

use super::duplicate::{self, OwnLists};
use super::editing::machine_learning;
use super::request::{Action, Exceptions, Request, Selected};
use super::settings::Settings;
use crate::bundle::{Need, Needs, References, Thing};
use crate::edit::ids::rule_name;
use crate::error::{Error, Result};
use crate::pipeline::{Input, Rewriting};
use crate::record::{ConnectorId, Kind, ListKey, Record};

/// The most rules that Kibana takes by query: of an edit, and of all else.
pub const MOST_MATCHES: [u64; 2] = [2000, 10_000];

/// What one look at the bundle gave.
#[derive(Debug, Default)]
pub(super) struct Learned {
    /// Rules that the request chooses.
    matched: u64,
    /// The types of the connectors that the bundle has, empty where a connector does not say it.
    connectors: HashMap<ConnectorId, String>,
    pub(super) own_lists: OwnLists,
    /// The lists and connectors that an export takes along.
    pub(super) exported: Needs,
}

/// What is learned of one record.
enum Fact {
    Matched,
    Connector(ConnectorId, String),
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
        let is_told = |id: &String| settings.connectors.contains_key(id);
        // A dry run does not look at connectors.
        let asks = !settings.dry_run && !request.connectors.iter().all(|named| is_told(&named.id));
        let by_id = matches!(request.selected, Selected::Ids(_) | Selected::RuleIds(_));
        let counts = settings.server_limits && !by_id;
        let moves = match request.action {
            Action::Duplicate(exceptions) => exceptions != Exceptions::None && !settings.dry_run,
            Action::Export => true,
            Action::Enable | Action::Disable | Action::Delete | Action::Edit(_) => false,
        };
        if !(asks || counts || moves) {
            return Ok(learned);
        }
        input.survey(
            rewriting,
            |record| match record.kind() {
                Kind::Rule if is_chosen(record) => Some(Fact::chosen(record, request, settings)),
                Kind::ExceptionList => record.list_key().map(Fact::List),
                Kind::Connector if record.is_connector() => {
                    let kind = record.connector_type().unwrap_or_default().into_owned();
                    Some(Fact::Connector(record.str("id")?.into(), kind))
                }
                _ => None,
            },
            |fact| {
                learned.take(fact);
                Ok(())
            },
        )?;
        learned.own_lists.settle();
        let is_known = |id: &String| is_told(id) || learned.connector_type(id).is_some();
        if let Some(untold) = request.connectors.iter().find(|named| !is_known(&named.id))
            && asks
        {
            return Err(untold.untold());
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

    fn take(&mut self, fact: Fact) {
        match fact {
            Fact::Matched => self.matched += 1,
            Fact::Connector(id, kind) => {
                self.exported.hold(Thing::Connector(id.clone()));
                let known = self.connectors.entry(id).or_default();
                if !kind.is_empty() {
                    *known = kind;
                }
            }
            Fact::List(list) => {
                self.exported.hold(Thing::List(list.clone()));
                self.own_lists.is_there(list);
            }
            Fact::Copied(list, rule) => {
                self.matched += 1;
                if let Some(list) = list {
                    self.own_lists.is_copied(list, rule);
                }
            }
            Fact::Exported {
                references,
                ordinal,
                name,
            } => {
                self.matched += 1;
                self.exported.add(references, ordinal, &name);
            }
        }
    }

    /// The type of a connector that the bundle has, if it says it.
    pub(super) fn connector_type(&self, id: &str) -> Option<&str> {
        let kind = self.connectors.get(id)?;
        (!kind.is_empty()).then_some(kind)
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
    /// Of a rule that the request chooses.
    fn chosen(rule: &Record<'_>, request: &Request, settings: &Settings) -> Self {
        match request.action {
            Action::Duplicate(exceptions) => {
                let passes = machine_learning(rule, settings).and_then(|()| duplicate::check(rule));
                let copies = exceptions != Exceptions::None && passes.is_ok();
                let list = copies.then(|| duplicate::own_list(rule)).flatten();
                Self::Copied(list, rule_name(rule).into())
            }
            Action::Export => Self::exported(rule),
            Action::Enable | Action::Disable | Action::Delete | Action::Edit(_) => Self::Matched,
        }
    }

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
