//! The body of a `_bulk_action` request, read as Kibana 9 reads it.
//!
//! Every fault names the JSON pointer and the place in the text. Where Kibana has a text of its own for a refusal, the error
//! says it; what its schema says depends on the release, so there the words are ours.

mod edits;

use std::collections::HashSet;

use super::settings::Settings;
use super::value::{Dropped, Spot, Value};
use crate::edit::Edit;
use crate::error::{Error, Result};
use crate::query::Query;

/// How many `ids` Kibana takes.
pub const MOST_IDS: usize = 100;

/// What is to be done to which rules.
#[derive(Debug)]
pub struct Request {
    /// What is to be done.
    pub action: Action,
    /// Which rules it is for.
    pub selected: Selected,
    /// The keys that Kibana drops without a word.
    pub dropped: Vec<Dropped>,
    /// The connectors that the edits name, each once.
    pub(super) connectors: Vec<NamedConnector>,
}

/// What is to be done to the rules.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "the names are those of the request")]
pub enum Action {
    Enable,
    Disable,
    Delete,
    Duplicate(Exceptions),
    Export,
    Edit(Vec<Edit>),
}

/// Which exceptions the copy of a rule has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exceptions {
    /// None.
    None,
    /// The shared lists, and a copy of the rule's own list without items that have expired.
    Current,
    /// The shared lists, and a copy of the rule's own list.
    All,
}

/// Which rules are chosen.
#[derive(Debug)]
pub enum Selected {
    /// Those with one of these `id`s, each once and in the order of the request.
    Ids(Vec<String>),
    /// Those that match.
    Query(Query),
    /// All.
    All,
}

/// A connector that an edit names.
#[derive(Debug)]
pub(super) struct NamedConnector {
    pub(super) id: String,
    spot: Spot,
}

const ACTIONS: &[&str] = &[
    "enable",
    "disable",
    "delete",
    "duplicate",
    "export",
    "edit",
    "run",
    "fill_gaps",
];

const GAPS: [&str; 3] = ["gaps_range_start", "gaps_range_end", "gap_fill_statuses"];

impl Request {
    /// Reads a request body.
    ///
    /// Fails where Kibana would refuse it with status 400 or 403, where it asks for what only a server can do, and where it
    /// names neither `ids` nor `query` and `settings` do not say that all rules are meant.
    pub fn parse(text: &str, settings: &Settings) -> Result<Self> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let body = Value::body(text)?.object()?;
        let name = body
            .required("action", "a string")
            .and_then(|action| action.choice(ACTIONS))?;
        let mut dropped = Vec::new();
        let mut known = vec!["action", "ids", "query", GAPS[0], GAPS[1], GAPS[2]];
        let own_key = ["edit", "duplicate"].into_iter().find(|key| *key == name);
        known.extend(own_key);
        body.drops(&known, &mut dropped);

        let ids = body.member("ids").map(|ids| ids.strings(1)).transpose()?;
        let query = body
            .member("query")
            .map(|query| Ok::<_, Error>((query.string()?, query)))
            .transpose()?;
        gap_types(&body)?;
        let mut connectors = Vec::new();
        let action = match name {
            "enable" => Action::Enable,
            "disable" => Action::Disable,
            "delete" => Action::Delete,
            "duplicate" => Action::Duplicate(exceptions(&body, &mut dropped)?),
            "export" => Action::Export,
            "edit" => Action::Edit(edits::parse(&body, &mut dropped, &mut connectors)?),
            other => return Err(only_a_server(&body, other)),
        };
        limits(&body, ids.as_deref(), query.is_some(), settings)?;
        if settings.dry_run && action == Action::Export {
            let at = body.member("action").unwrap_or(body);
            return Err(at.refused("Export action doesn't support dry_run mode", None));
        }
        edits::licensed(&body, &action, settings)?;
        let selected = selected(&body, ids, query, settings)?;
        Ok(Self {
            action,
            selected,
            dropped,
            connectors,
        })
    }
}

/// Kibana's refusal of a request with more ids, whatever its action.
pub(super) fn too_many_ids() -> String {
    format!("More than {MOST_IDS} ids sent for bulk edit action.")
}

/// The three keys about gaps, which must be right even where they are then refused.
fn gap_types(body: &Value<'_>) -> Result<()> {
    for key in &GAPS[..2] {
        body.member(key).map(|value| value.string()).transpose()?;
    }
    body.member(GAPS[2])
        .map(|value| value.strings(0))
        .transpose()?;
    Ok(())
}

fn only_a_server(body: &Value<'_>, action: &str) -> Error {
    let at = body.member("action");
    let reason = if action == "run" {
        "`run` starts rules on a server, and a file has nothing that runs"
    } else {
        "`fill_gaps` starts rules on a server, which alone knows their gaps"
    };
    at.as_ref().unwrap_or(body).refused(
        format!(
            "{reason}; expected one of `enable`, `disable`, `delete`, `duplicate`, `export`, `edit`"
        ),
        None,
    )
}

/// What Kibana checks once the body fits its schema, in its order.
fn limits(
    body: &Value<'_>,
    ids: Option<&[String]>,
    has_query: bool,
    settings: &Settings,
) -> Result<()> {
    let at = |key: &str| body.member(key).unwrap_or_else(|| body.clone());
    if settings.server_limits && ids.is_some_and(|ids| ids.len() > MOST_IDS) {
        return Err(at("ids").refused(
            too_many_ids(),
            Some("send the ids in several requests, or leave out `--server-limits`"),
        ));
    }
    if ids.is_some() && has_query {
        return Err(at("query").refused(
            "Both query and ids are sent. Define either ids or query in request payload.",
            None,
        ));
    }
    let gaps: Vec<&str> = GAPS
        .into_iter()
        .filter(|key| body.member(key).is_some())
        .collect();
    let Some(first) = gaps.first() else {
        return Ok(());
    };
    let message = if gaps.len() < GAPS.len() {
        "gaps_range_start, gaps_range_end and gap_fill_statuses must be provided together."
    } else if ids.is_some() {
        "Cannot use both ids and gaps_range_start/gaps_range_end in request payload."
    } else {
        return Err(at(first).refused(
            "`gaps_range_start` chooses rules by the gaps in their runs, which a file does not know",
            Some("choose the rules by `query` or `ids`"),
        ));
    };
    Err(at(first).refused(message, None))
}

fn selected(
    body: &Value<'_>,
    ids: Option<Vec<String>>,
    query: Option<(String, Value<'_>)>,
    settings: &Settings,
) -> Result<Selected> {
    match (ids, query) {
        (Some(ids), _) => {
            let mut seen = HashSet::new();
            let ids = ids.into_iter().filter(|id| seen.insert(id.clone()));
            Ok(Selected::Ids(ids.collect()))
        }
        (None, Some((text, value))) => {
            if text.trim().is_empty() {
                return Ok(Selected::All);
            }
            // The excerpt shows the fault in the query; the place is that of the query in the request.
            let query = text.parse::<Query>().map_err(|error| value.blamed(error))?;
            Ok(Selected::Query(query))
        }
        (None, None) if settings.all => Ok(Selected::All),
        (None, None) => Err(body.refused(
            "neither `ids` nor `query` is given, which means every rule there is",
            Some("if that is meant, say `\"query\": \"\"` in the request, or give `--all`"),
        )),
    }
}

fn exceptions(body: &Value<'_>, dropped: &mut Vec<Dropped>) -> Result<Exceptions> {
    const KEYS: [&str; 2] = ["include_exceptions", "include_expired_exceptions"];
    let Some(duplicate) = body.member("duplicate") else {
        return Ok(Exceptions::All);
    };
    let duplicate = duplicate.object()?;
    duplicate.drops(&KEYS, dropped);
    let [include, expired] = KEYS.map(|key| {
        duplicate
            .required(key, "`true` or `false`")
            .and_then(|value| value.boolean())
    });
    Ok(match (include?, expired?) {
        (false, _) => Exceptions::None,
        (true, false) => Exceptions::Current,
        (true, true) => Exceptions::All,
    })
}

impl NamedConnector {
    /// The connector that this value names.
    fn new(id: String, value: &Value<'_>) -> Self {
        Self {
            id,
            spot: value.spot(),
        }
    }

    /// What to say where nobody tells its type.
    pub(super) fn untold(&self) -> Error {
        let id = &self.id;
        self.spot.blamed(Error::request(
            format!("the type of connector `{id}` is not known: no connector line of the bundle has this id"),
            Some(&format!("say it, as in `--connector '{id}=.slack'`")),
        ))
    }
}
