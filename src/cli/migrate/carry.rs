//! What rules and items need beside the bundle: which of it is brought first, and what became of each thing.

use clap::{Args, ValueEnum};
use ruleferry::error::{Error, Result};
use ruleferry::kibana::{Client, Space};
use ruleferry::ops::beyond::{Beyond, Sort, Users, is_own_view};
use ruleferry::ops::data_views::{View, bring};
use ruleferry::ops::model::Outcome;
use ruleferry::ops::timelines::{self, Timeline, Which};
use ruleferry::ops::value_lists::Settings;
use ruleferry::transform::is_own_timeline;

use super::run::Run;
use super::stock::Origin;
use super::values;
use crate::cli::carried::{Carried, Doing, Thing};
use crate::cli::exit::Exit;

/// Whether things of a sort are brought along.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(super) enum Carry {
    /// Those that rules or items use.
    #[default]
    Auto,
    /// None.
    Never,
}

/// What is brought along.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "On the way")]
pub(super) struct Carries {
    /// Whether value lists that exceptions use are brought along: `auto` or `never`.
    #[arg(
        long,
        value_name = "WHEN",
        default_value = "auto",
        hide_default_value = true,
        hide_possible_values = true
    )]
    value_lists: Carry,
    /// Whether data views that rules use and the target lacks are brought along.
    #[arg(
        long,
        value_name = "WHEN",
        default_value = "auto",
        hide_default_value = true,
        hide_possible_values = true
    )]
    data_views: Carry,
    /// Whether timeline templates that rules use and the target lacks are brought along.
    #[arg(
        long,
        value_name = "WHEN",
        default_value = "auto",
        hide_default_value = true,
        hide_possible_values = true
    )]
    timelines: Carry,
}

impl Carries {
    /// Whether things of the sort are brought along.
    pub(super) fn has(&self, sort: Sort) -> bool {
        let carry = match sort {
            Sort::ValueList => self.value_lists,
            Sort::DataView => self.data_views,
            Sort::Timeline => self.timelines,
            Sort::Connector | Sort::SavedQuery | Sort::Job => Carry::Never,
        };
        carry == Carry::Auto
    }

    /// The sorts of which things are brought along, as reports call them.
    pub(super) fn names(&self) -> Vec<&'static str> {
        [Sort::ValueList, Sort::DataView, Sort::Timeline]
            .into_iter()
            .filter(|sort| self.has(*sort))
            .map(Sort::name)
            .collect()
    }

    /// The things that would be brought first: those that a space does not have, as `there` says, and the source may, as `here` does.
    pub(super) fn planned<'b>(
        &self,
        beyond: &'b Beyond,
        there: &[Option<bool>],
        here: &[Option<bool>],
    ) -> Vec<(Sort, &'b str, &'b Users)> {
        let things = beyond.things().zip(there.iter().zip(here));
        things
            .filter(|((sort, id, _), (there, here))| {
                let comes = **there != Some(true) && **here != Some(false);
                self.has(*sort) && comes && !is_own(*sort, id)
            })
            .map(|(thing, _)| thing)
            .collect()
    }

    /// What would become of value lists that a space has, as `there` says, and the source too.
    pub(super) fn rehearsed(
        &self,
        origin: &Origin,
        (client, space): (&Client, &Space),
        (beyond, there): (&Beyond, &[Option<bool>]),
        may_add: bool,
    ) -> Vec<Carried> {
        let doing = Doing::Rehearse { may_add };
        let things = beyond.things().zip(there);
        things
            .filter(|((sort, ..), there)| {
                *sort == Sort::ValueList && self.has(*sort) && **there == Some(true)
            })
            .map(|((_, id, _), _)| values::carry(origin, (client, space), id, doing))
            .collect()
    }

    /// Brings it to the space.
    pub(super) fn carry(
        &self,
        origin: &Origin,
        (client, space): (&Client, &Space),
        beyond: &Beyond,
        doing: Doing<'_>,
    ) -> Vec<Carried> {
        let ids = |sort: Sort| -> Vec<&str> {
            let ids = beyond.of(sort).map(|(id, _)| id);
            ids.filter(|id| self.has(sort) && !is_own(sort, id))
                .collect()
        };
        let mut all: Vec<Carried> = ids(Sort::ValueList)
            .into_iter()
            .map(|id| values::carry(origin, (client, space), id, doing))
            .collect();
        let views = ids(Sort::DataView);
        let views = views.iter().map(|id| view(origin, (client, space), id));
        all.extend(views);
        all.extend(templates(origin, (client, space), &ids(Sort::Timeline)));
        all
    }
}

impl Run<'_> {
    /// Why nothing may be sent to a space: exceptions would match nothing, or not all, over a list that could not be brought. One
    /// that the source does not have either is no reason: rules are there as they are here.
    pub(super) fn unmet(&self, carried: &mut [Carried]) -> Option<Error> {
        if self.verb.how.manner().terms.allow_missing_exceptions {
            return None;
        }
        let source = &self.origin.connected.client;
        let is_unmet = |it: &&mut Carried| {
            it.thing == Thing::ValueList
                && it.outcome == Outcome::Failed
                && !matches!(Settings::of(source, &self.origin.space, &it.id), Ok(None))
        };
        let mut unmet: Vec<&mut Carried> = carried.iter_mut().filter(is_unmet).collect();
        let ends =
            |error: &Error| matches!(Exit::of(error.kind()), Exit::Denied | Exit::Interrupted);
        let mut ending = unmet
            .iter_mut()
            .filter(|it| it.error.as_ref().is_some_and(ends));
        if let Some(it) = ending.next() {
            return it.error.take();
        }
        let names: Vec<String> = unmet.iter().map(|it| format!("`{}`", it.id)).collect();
        (!names.is_empty()).then(|| {
            Error::refused(format!(
                "nothing was sent, since exceptions need value lists that could not be brought: {}; \
                 `--allow-missing-exceptions` sends all else",
                names.join(", ")
            ))
        })
    }
}

/// Whether Kibana makes the thing itself wherever it is needed.
pub(super) fn is_own(sort: Sort, id: &str) -> bool {
    match sort {
        Sort::DataView => is_own_view(id),
        Sort::Timeline => is_own_timeline(id),
        Sort::ValueList | Sort::Connector | Sort::SavedQuery | Sort::Job => false,
    }
}

/// What people call a thing.
pub(super) fn label(sort: Sort) -> &'static str {
    match sort {
        Sort::ValueList => "value list",
        Sort::Connector => "connector",
        Sort::DataView => "data view",
        Sort::Timeline => "timeline template",
        Sort::SavedQuery => "saved query",
        Sort::Job => "machine learning job",
    }
}

/// What the source does not have.
pub(super) fn lacking(origin: &Origin) -> Error {
    Error::refused(format!("{} does not have it", origin.name()))
}

/// Brings a data view.
fn view(origin: &Origin, (client, space): (&Client, &Space), id: &str) -> Carried {
    let mut carried = Carried::new(Thing::DataView, id);
    let brought = || -> Result<(Outcome, Option<String>)> {
        let here = View::of(&origin.connected.client, &origin.space, id)?;
        match (here, View::of(client, space, id)?) {
            (None, None) => Err(lacking(origin)),
            (Some(here), None) => bring(client, space, &here).map(|()| (Outcome::Created, None)),
            // A step may have put one of the target in the place of the source's.
            (None, Some(_)) => Ok((Outcome::Unchanged, None)),
            (Some(here), Some(there)) => Ok(match here.differs(&there) {
                None => (Outcome::Unchanged, None),
                Some(key) => {
                    let message = format!("it is there with another `{key}`");
                    (Outcome::Conflict, Some(message))
                }
            }),
        }
    };
    match brought() {
        Ok((outcome, message)) => {
            carried.outcome = outcome;
            carried.message = message;
            carried
        }
        Err(error) => carried.with_error(error),
    }
}

/// Brings timeline templates, all of them together.
fn templates(origin: &Origin, place: (&Client, &Space), ids: &[&str]) -> Vec<Carried> {
    if ids.is_empty() {
        return Vec::new();
    }
    bring_templates(origin, place, ids).unwrap_or_else(|error| {
        let failed = |id: &&str| {
            let error = Error::refused(error.to_string());
            Carried::failed(Thing::Timeline, id, error)
        };
        ids.iter().map(failed).collect()
    })
}

fn bring_templates(
    origin: &Origin,
    (client, space): (&Client, &Space),
    ids: &[&str],
) -> Result<Vec<Carried>> {
    let source = &origin.connected.client;
    let here = timelines::list(source, &origin.space, Which::Templates)?;
    let there = timelines::list(client, space, Which::Templates)?;
    let is = |it: &Timeline, id: &str| it.template.as_deref() == Some(id);
    let mut all = Vec::new();
    let mut saved = Vec::new();
    for id in ids {
        if let Some(found) = here.iter().find(|it| is(it, id)) {
            saved.push(&*found.id);
        } else if there.iter().any(|it| is(it, id)) {
            all.push(Carried::new(Thing::Timeline, id));
        } else {
            all.push(Carried::failed(Thing::Timeline, id, lacking(origin)));
        }
    }
    let mut lines = Vec::new();
    timelines::export(source, &origin.space, &saved, &mut lines)?;
    let told = timelines::import(client, space, || Ok(&*lines))?;
    all.extend(told.into_iter().map(Carried::from));
    Ok(all)
}
