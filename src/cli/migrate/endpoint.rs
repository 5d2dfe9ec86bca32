//! The endpoint exception list, which no export of rules has and all spaces of a Kibana share: brought once to each Kibana, before rules.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use ruleferry::error::{Error, Result};
use ruleferry::ops::export::{Lacking, Selection};
use ruleferry::record::ListId;
use serde_json::json;

use super::run::{Arrived, Cargo, Run};
use super::side::{Side, with_suffix};
use super::stock::{Origin, Stock};
use super::way::Made;
use super::{Migrate, lacking};
use crate::cli::Global;
use crate::cli::export;
use crate::cli::import::ledger::Ledger;
use crate::cli::import::text;
use crate::cli::notes::write_text;
use crate::cli::progress::Progress;
use crate::cli::work;

/// Its `list_id`.
pub(super) const LIST: &str = "endpoint_list";

/// The list of the source, where it is to be brought and the source has one.
pub(super) struct Endpoint {
    stock: Option<Stock>,
    /// Where a run that goes on finds it.
    kept: Option<PathBuf>,
}

/// The journal of the list for each Kibana, where it goes there.
pub(super) type Ledgers = Vec<Option<Ledger>>;

impl Endpoint {
    /// Exports the list, or takes up the export of a run that was cut off; what could not be had comes too.
    pub(super) fn of(
        verb: &Migrate,
        origin: &Origin,
        sides: &[Side],
        journal: Option<&Path>,
        global: &Global,
    ) -> Result<(Self, Ledgers, Vec<String>)> {
        let mut endpoint = Self {
            stock: None,
            kept: None,
        };
        let none = || sides.iter().map(|_| None).collect();
        if !verb.endpoint_list {
            return Ok((endpoint, none(), Vec::new()));
        }
        let path = journal.map(|path| with_suffix(path, "endpoint"));
        endpoint.kept = path.as_ref().map(|path| with_suffix(path, "export"));
        if let Some(kept) = endpoint
            .kept
            .as_ref()
            .filter(|it| verb.resume && it.exists())
        {
            endpoint.stock = Some(Stock::kept(origin, kept)?);
        } else {
            let list = Selection::Lists(vec![ListId::from(LIST)]);
            let (stock, exported) = Stock::export(origin, &list, global)?;
            let is_absent = |it: &ruleferry::ops::export::Lack| matches!(it.what, Lacking::List(_));
            if exported.lacking.iter().any(is_absent) {
                let name = origin.name();
                write_text(&format!("note: {name} has no endpoint exception list"));
                return Ok((endpoint, none(), Vec::new()));
            }
            if !exported.lacking.is_empty() {
                export::warn(&origin.name(), exported.lacking.iter(), global);
                let missed = exported.lacking.iter().map(ToString::to_string);
                return Ok((endpoint, none(), missed.collect()));
            }
            endpoint.stock = Some(stock);
        }
        let ledgers = sides.iter().enumerate().map(|(at, side)| {
            if side.is_of(origin) {
                let name = side.connected.to_string();
                write_text(&format!(
                    "note: all spaces of {name} share the endpoint exception list, and have it already"
                ));
                return Ok(None);
            }
            let path = path.as_ref().map(|path| side.journal(path, at == 0));
            let resumes = verb.resume && path.as_ref().is_some_and(|it| it.exists());
            let mut head = verb.head(origin, side);
            head["what"] = json!(LIST);
            Ledger::at(path, head, resumes).map(Some)
        });
        let ledgers = ledgers.collect::<Result<_>>()?;
        Ok((endpoint, ledgers, Vec::new()))
    }

    /// Writes the export where a run that goes on finds it, or sees to it that there is none.
    pub(super) fn keep(&self) -> Result<()> {
        match (&self.stock, &self.kept) {
            (Some(stock), Some(kept)) => stock.keep(kept),
            (None, Some(kept)) if kept.exists() => std::fs::remove_file(kept)
                .map_err(|source| Error::io(format!("removing `{}`", kept.display()), source)),
            _ => Ok(()),
        }
    }

    /// Removes that again.
    pub(super) fn forget(&self) {
        if let Some(kept) = &self.kept {
            // It is of no use any more; that it cannot be removed is no failure of the migration.
            _ = std::fs::remove_file(kept);
        }
    }
}

impl Run<'_> {
    /// Shows what would be done, where plans go.
    pub(super) fn show(&self, text: &str) -> Result<()> {
        if self.verb.plan_only {
            return work::print(text);
        }
        anstream::eprint!("{text}");
        Ok(())
    }

    /// What a Kibana would get of the list, if anything.
    pub(super) fn endpoint_made(&self, side: &Side) -> Result<Option<Made>> {
        match &self.endpoint.stock {
            Some(stock) if !side.is_of(self.origin) => self
                .way
                .as_it_is(self.origin, stock, side, &self.reading)
                .map(Some),
            _ => Ok(None),
        }
    }

    /// What would become of the list in a Kibana, and how many records are sent.
    pub(super) fn endpoint_shown(&self, side: &Side) -> Result<(String, usize)> {
        let (Some(made), Some(space)) = (self.endpoint_made(side)?, side.spaces.first()) else {
            return Ok((String::new(), 0));
        };
        let job = self.job(side, space, &made);
        let surveys = job.surveys()?;
        let mut shown = heading(side);
        for survey in &surveys {
            shown += &text::of_survey(&made.bundle, survey, self.global.verbose);
        }
        let sent = surveys
            .iter()
            .map(ruleferry::ops::import::Survey::sent)
            .sum();
        Ok((shown, sent))
    }

    /// Brings the list to a Kibana.
    pub(super) fn endpoint_crossed(
        &self,
        side: &Side,
        ledger: Option<&Ledger>,
    ) -> Result<Option<Arrived>> {
        let (Some(made), Some(ledger)) = (self.endpoint_made(side)?, ledger) else {
            return Ok(None);
        };
        let Some(space) = side.spaces.first() else {
            return Ok(None);
        };
        let job = self.job(side, space, &made);
        let total = made.bundle.len() as u64;
        let progress = Progress::parts(self.global.progress, total);
        let done = job.cross_into(space, &side.gates, ledger, &progress);
        drop(progress);
        let there = vec![None; made.beyond.things().count()];
        Ok(Some(Arrived {
            pruned: None,
            cargo: Cargo::EndpointList,
            made,
            there,
            carried: Vec::new(),
            secrets: lacking::Lacking::default(),
            done,
        }))
    }
}

/// What stands above what is told of the list in a Kibana.
pub(super) fn heading(side: &Side) -> String {
    let mut text = String::new();
    _ = writeln!(
        text,
        "endpoint exception list of {} (Kibana {}), which all its spaces share",
        side.connected, side.version
    );
    text
}
