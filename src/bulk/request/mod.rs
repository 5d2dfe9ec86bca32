//! The body of a `_bulk_action` request, read as Kibana 9 reads it.
//!
//! Every fault names the JSON pointer and the place in the text. Where Kibana has a text of its own for a refusal, the error
//! says it; what its schema says depends on the release, so there the words are ours.

mod edits;
mod live;

use std::collections::HashSet;

use super::settings::Settings;
use super::value::{Dropped, Spot, Value};
use crate::edit::Edit;
use crate::error::{Error, Result};
use crate::query::Query;

pub use live::{Choice, Live, Repeated, Work};

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
    /// Those with one of these `rule_id`s. No Kibana takes them: a request that is to be sent is one for `id`s by then.
    RuleIds(Vec<String>),
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

/// The keys that every action takes; `rule_ids` is ours.
const COMMON: [&str; 7] = [
    "action", "ids", "rule_ids", "query", GAPS[0], GAPS[1], GAPS[2],
];

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
        let own_key = ["edit", "duplicate"].into_iter().find(|key| *key == name);
        body.drops(
            &COMMON.into_iter().chain(own_key).collect::<Vec<_>>(),
            &mut dropped,
        );
        let named = Named::read(&body)?;
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
        let most_ids = if settings.server_limits {
            MOST_IDS
        } else {
            usize::MAX
        };
        if let Some(gap) = limits(&body, &named, most_ids)? {
            return Err(gap.refused(
                "`gaps_range_start` chooses rules by the gaps in their runs, which a file does not know",
                Some("choose the rules by `query` or `ids`"),
            ));
        }
        if settings.dry_run && action == Action::Export {
            let at = body.member("action").unwrap_or(body);
            return Err(at.refused("Export action doesn't support dry_run mode", None));
        }
        edits::licensed(&body, &action, settings)?;
        let selected = selected(&body, named, settings)?;
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

/// How a body names the rules that it is for.
struct Named<'t> {
    ids: Option<Vec<String>>,
    rule_ids: Option<Vec<String>>,
    query: Option<(String, Value<'t>)>,
}

impl<'t> Named<'t> {
    fn read(body: &Value<'t>) -> Result<Self> {
        let strings = |key| body.member(key).map(|ids| ids.strings(1)).transpose();
        Ok(Self {
            ids: strings("ids")?,
            rule_ids: strings("rule_ids")?,
            query: body
                .member("query")
                .map(|query| Ok::<_, Error>((query.string()?, query)))
                .transpose()?,
        })
    }
}

/// What Kibana checks once the body fits its schema, in its order, and what is ours to check; gives the first of the keys about
/// gaps, if they are there.
fn limits<'t>(body: &Value<'t>, named: &Named<'t>, most_ids: usize) -> Result<Option<Value<'t>>> {
    let at = |key: &str| body.member(key).unwrap_or_else(|| body.clone());
    let has_ids = named.ids.is_some();
    if named.ids.as_ref().is_some_and(|ids| ids.len() > most_ids) {
        return Err(at("ids").refused(
            too_many_ids(),
            Some("send the ids in several requests, or leave out `--server-limits`"),
        ));
    }
    if has_ids && named.query.is_some() {
        return Err(at("query").refused(
            "Both query and ids are sent. Define either ids or query in request payload.",
            None,
        ));
    }
    if named.rule_ids.is_some() && (has_ids || named.query.is_some()) {
        let other = if has_ids { "ids" } else { "query" };
        return Err(at("rule_ids").refused(
            format!("`rule_ids` chooses the rules, and so does `{other}`; expected one of them"),
            None,
        ));
    }
    let gaps: Vec<&str> = GAPS
        .into_iter()
        .filter(|key| body.member(key).is_some())
        .collect();
    let Some(first) = gaps.first() else {
        return Ok(None);
    };
    if gaps.len() < GAPS.len() {
        return Err(at(first).refused(
            "gaps_range_start, gaps_range_end and gap_fill_statuses must be provided together.",
            None,
        ));
    }
    if has_ids || named.rule_ids.is_some() {
        return Err(at(first).refused(
            "Cannot use both ids and gaps_range_start/gaps_range_end in request payload.",
            None,
        ));
    }
    Ok(Some(at(first)))
}

fn selected(body: &Value<'_>, named: Named<'_>, settings: &Settings) -> Result<Selected> {
    if let Some(ids) = named.ids {
        return Ok(Selected::Ids(each_once(ids)));
    }
    if let Some(ids) = named.rule_ids {
        return Ok(Selected::RuleIds(each_once(ids)));
    }
    match named.query {
        Some((text, _)) if text.trim().is_empty() => Ok(Selected::All),
        // The excerpt shows the fault in the query; the place is that of the query in the request.
        Some((text, value)) => text
            .parse()
            .map(Selected::Query)
            .map_err(|error| value.blamed(error)),
        None if settings.all => Ok(Selected::All),
        None => Err(unnamed(
            body,
            "if that is meant, say `\"query\": \"\"` in the request, or give `--all`",
        )),
    }
}

/// The refusal of a request that does not say which rules it is for.
fn unnamed(body: &Value<'_>, help: &str) -> Error {
    body.refused(
        "neither `ids` nor `query` is given, which means every rule there is",
        Some(help),
    )
}

fn each_once(ids: Vec<String>) -> Vec<String> {
    let mut seen = HashSet::new();
    ids.into_iter()
        .filter(|id| seen.insert(id.clone()))
        .collect()
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
