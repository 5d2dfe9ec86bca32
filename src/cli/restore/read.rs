//! What of a space of a snapshot is restored: all of it, chosen rules with what they need, some kinds alone.

use std::io::{BufWriter, Write};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use clap::ValueEnum;
use ruleferry::bundle::select::{Choice, Extent, select};
use ruleferry::error::{Error, ErrorKind, Result};
use ruleferry::ops::import::Inventory;
use ruleferry::pipeline::{OnError, Reading, scan_lines};
use ruleferry::record::Kind;
use ruleferry::schema::Target;
use ruleferry::stream::{Source, Spool};
use serde_json::{Value, json};

use super::{Restore, Snapshot};
use crate::cli::Global;

/// What may be restored by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Restored {
    Rules,
    Exceptions,
    Connectors,
}

impl Restored {
    fn has(self, kind: Kind) -> bool {
        match self {
            Self::Rules => kind == Kind::Rule,
            Self::Exceptions => matches!(kind, Kind::ExceptionList | Kind::ExceptionItem),
            Self::Connectors => kind == Kind::Connector,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Rules => "rules",
            Self::Exceptions => "exceptions",
            Self::Connectors => "connectors",
        }
    }
}

impl Snapshot {
    /// The version of the server that the snapshot is of.
    pub(super) fn version(&self) -> Result<Target> {
        let version = self.manifest.source.version.as_deref();
        version.map_or_else(
            || Err(Error::usage("the snapshot does not tell the version of its source, so `--to` must name a target")),
            str::parse,
        )
    }

    /// What messages call a space of it, which is how it is named as an input.
    fn name(&self, space: &str) -> String {
        let repository = self.repository.path().display();
        format!("{repository}@{}/{space}", self.entry.id())
    }

    /// The records of a space. Reading them fails where they are not what was recorded.
    fn source(&self, space: &str) -> Result<Source<'static>> {
        let Some(stored) = self.manifest.space(space) else {
            return Err(Error::usage(format!("the snapshot has no space `{space}`")));
        };
        if stored.files.is_empty() {
            let why = stored.left_out.first().map_or("", |left| &left.why);
            return Err(ErrorKind::Unfit {
                message: format!(
                    "the snapshot {} has nothing of space `{space}`: {why}",
                    self.entry.id()
                )
                .into(),
                help: "take an earlier one with `--snapshot`, which `ruleferry snapshots -v` lists",
            }
            .into());
        }
        let reader = self.repository.read_records(stored);
        Ok(Source::decoded(self.name(space), reader))
    }
}

impl Restore {
    /// Reads what is to be restored of a space, all of it, before anything is sent.
    pub(super) fn read(
        &self,
        snapshot: &Snapshot,
        space: &str,
        target: Target,
        global: &Global,
    ) -> Result<Inventory> {
        let mut reading = global.reading(&Arc::new(AtomicU64::new(0)));
        // `-j` is about requests here.
        reading.jobs = 0;
        let mut source = snapshot.source(space)?;
        let name = snapshot.name(space);
        if self.selection.is_given() {
            source = self.chosen(source, &reading, &name)?;
        }
        if !self.kinds.is_empty() {
            source = self.of_kinds(source, &reading, &name)?;
        }
        Inventory::read(&reading, vec![source], target)
    }

    fn chosen(
        &self,
        source: Source<'static>,
        reading: &Reading,
        name: &str,
    ) -> Result<Source<'static>> {
        let choice = Choice {
            only: self.selection.query()?,
            ids: self.selection.rule_ids()?,
            invert: false,
        };
        let mut spool = Spool::new()?;
        let settings = (reading, OnError::Keep);
        select(
            &choice,
            Extent::Needed,
            settings,
            vec![source],
            &mut spool,
            |_| Ok(()),
        )?;
        Ok(Source::decoded(name, spool.reader()?))
    }

    fn of_kinds(
        &self,
        source: Source<'static>,
        reading: &Reading,
        name: &str,
    ) -> Result<Source<'static>> {
        let mut out = BufWriter::with_capacity(1 << 18, Spool::new()?);
        let keeping = |source| Error::io("writing a temporary file", source);
        scan_lines(
            reading,
            vec![source],
            |record| self.kinds.iter().any(|kind| kind.has(record.kind())),
            |line, is_meant| match is_meant {
                Some(Ok(true)) => out.write_all(line.bytes).map_err(keeping),
                _ => Ok(()),
            },
        )?;
        let mut spool = out
            .into_inner()
            .map_err(|error| keeping(error.into_error()))?;
        Ok(Source::decoded(name, spool.reader()?))
    }

    /// What is restored, as far as another run must restore the same to go on with this one.
    pub(super) fn selected_as_json(&self) -> Result<Value> {
        let mut ids: Vec<String> = self.selection.rule_ids()?.into_iter().flatten().collect();
        ids.sort_unstable();
        let kinds: Vec<&str> = self.kinds.iter().map(|kind| kind.name()).collect();
        Ok(json!({"only": self.selection.only(), "ids": ids, "kinds": kinds}))
    }
}
