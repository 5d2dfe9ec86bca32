//! What rules and items need beside the bundle: which of it is brought first, and what became of each thing.

use clap::{Args, ValueEnum};
use ruleferry::error::{Error, Result};
use ruleferry::kibana::{Client, Space};
use ruleferry::ops::beyond::{Beyond, Sort, Users, is_own_view};
use ruleferry::ops::data_views::{View, bring};
use ruleferry::ops::timelines::{self, Which};
use ruleferry::transform::is_own_timeline;
use serde_json::{Value, json};

use super::stock::Origin;
use super::values;

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

    /// Brings it to the space; `may_add` where a value list that is there may get values.
    pub(super) fn carry(
        &self,
        origin: &Origin,
        (client, space): (&Client, &Space),
        beyond: &Beyond,
        may_add: bool,
    ) -> Vec<Carried> {
        let ids = |sort: Sort| -> Vec<&str> {
            let ids = beyond.of(sort).map(|(id, _)| id);
            ids.filter(|id| self.has(sort) && !is_own(sort, id))
                .collect()
        };
        let mut all: Vec<Carried> = ids(Sort::ValueList)
            .into_iter()
            .map(|id| values::carry(origin, (client, space), id, may_add))
            .collect();
        all.extend(ids(Sort::DataView).into_iter().map(|id| {
            let mut carried = Carried::new(Sort::DataView, id);
            let brought = carried.bring_view(origin, client, space);
            carried.or_failed(brought)
        }));
        all.extend(templates(origin, (client, space), &ids(Sort::Timeline)));
        all
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

/// What became of a thing.
pub(super) struct Carried {
    pub(super) sort: Sort,
    pub(super) id: String,
    /// `created`, `unchanged`, `overwritten`, `conflict`, `refused` or `failed`, as of records.
    pub(super) outcome: &'static str,
    pub(super) message: Option<String>,
    /// How many values a value list has in the source, and how many were sent.
    pub(super) values: Option<(u64, u64)>,
    pub(super) error: Option<Error>,
}

impl Carried {
    pub(super) fn new(sort: Sort, id: &str) -> Self {
        Self {
            sort,
            id: id.to_owned(),
            outcome: "unchanged",
            message: None,
            values: None,
            error: None,
        }
    }

    /// The same, or failed where bringing it did.
    pub(super) fn or_failed(mut self, brought: Result<()>) -> Self {
        if let Err(error) = brought {
            self.outcome = "failed";
            self.message = Some(error.to_string());
            self.error = Some(error);
        }
        self
    }

    pub(super) fn is_there(&self) -> bool {
        !matches!(self.outcome, "conflict" | "refused" | "failed")
    }

    /// As people read it.
    pub(super) fn text(&self) -> String {
        let values = self
            .values
            .map(|(of, sent)| format!(", {of} values, {sent} sent"));
        let message = self.message.as_ref().map(|it| format!(": {it}"));
        format!(
            "  {} `{}` {}{}{}\n",
            label(self.sort),
            self.id,
            self.outcome,
            values.unwrap_or_default(),
            message.unwrap_or_default()
        )
    }

    /// As a line of the report.
    pub(super) fn json(&self, space: &Space, target: Option<&str>) -> Value {
        let mut line = json!({
            "schema_version": 1,
            "kind": self.sort.name(),
            "id": self.id,
            "space": space.as_str(),
            "outcome": self.outcome,
            "message": self.message,
        });
        if let Some((values, sent)) = self.values {
            line["values"] = values.into();
            line["sent"] = sent.into();
        }
        if let Some(target) = target {
            line["target"] = target.into();
        }
        line
    }

    fn bring_view(&mut self, origin: &Origin, client: &Client, space: &Space) -> Result<()> {
        let here = View::of(&origin.connected.client, &origin.space, &self.id)?;
        match (here, View::of(client, space, &self.id)?) {
            (None, None) => return Err(lacking(origin)),
            (Some(here), None) => {
                bring(client, space, &here)?;
                self.outcome = "created";
            }
            // A step may have put one of the target in the place of the source's.
            (None, Some(_)) => {}
            (Some(here), Some(there)) => {
                if let Some(key) = here.differs(&there) {
                    self.outcome = "conflict";
                    self.message = Some(format!("it is there with another `{key}`"));
                }
            }
        }
        Ok(())
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

fn lacking(origin: &Origin) -> Error {
    Error::refused(format!("{} does not have it", origin.name()))
}

/// Brings timeline templates, all of them together.
fn templates(origin: &Origin, place: (&Client, &Space), ids: &[&str]) -> Vec<Carried> {
    let mut all: Vec<Carried> = ids
        .iter()
        .map(|id| Carried::new(Sort::Timeline, id))
        .collect();
    if let Err(error) = bring_templates(origin, place, &mut all) {
        let message = error.to_string();
        let mut error = Some(error);
        for carried in &mut all {
            carried.outcome = "failed";
            carried.message = Some(message.clone());
            carried.error = error.take();
        }
    }
    all
}

fn bring_templates(
    origin: &Origin,
    (client, space): (&Client, &Space),
    all: &mut [Carried],
) -> Result<()> {
    if all.is_empty() {
        return Ok(());
    }
    let source = &origin.connected.client;
    let here = timelines::list(source, &origin.space, Which::Templates)?;
    let there = timelines::list(client, space, Which::Templates)?;
    let is_there = |id: &str| there.iter().any(|it| it.template.as_deref() == Some(id));
    let mut ids = Vec::new();
    for carried in &mut *all {
        let found = here
            .iter()
            .find(|it| it.template.as_deref() == Some(&*carried.id));
        match found {
            Some(found) => ids.push(&*found.id),
            None if is_there(&carried.id) => {}
            None => {
                carried.outcome = "failed";
                carried.message = Some(lacking(origin).to_string());
            }
        }
    }
    let mut lines = Vec::new();
    timelines::export(source, &origin.space, &ids, &mut lines)?;
    for told in timelines::import(client, space, || Ok(&*lines))? {
        if let Some(carried) = all.iter_mut().find(|it| *it.id == *told.id) {
            carried.outcome = told.outcome.name();
            carried.message = told.message.map(Into::into);
        }
    }
    Ok(())
}
