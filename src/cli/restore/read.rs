//! What of a space of a snapshot is restored: all of it, chosen rules with what they need, some kinds alone.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufWriter, Write};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use clap::ValueEnum;
use ruleferry::bundle::References;
use ruleferry::bundle::select::{Choice, Extent, select};
use ruleferry::error::{Error, ErrorKind, Result};
use ruleferry::ops::beyond::{Beyond, Referred};
use ruleferry::ops::import::Inventory;
use ruleferry::ops::spare::Spare;
use ruleferry::pipeline::{OnError, Reading, scan, scan_lines};
use ruleferry::record::{ConnectorId, Kind, Record};
use ruleferry::repo::{Entry, StoredSpace};
use ruleferry::schema::Target;
use ruleferry::stream::{Source, Spool};
use serde_json::{Value, json};

use super::beside::{Beside, Wanted};
use super::{Piece, Restore, Snapshot};
use crate::cli::Global;

/// What may be restored by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Restored {
    Rules,
    Exceptions,
    Connectors,
    ValueLists,
    Timelines,
}

impl Restored {
    fn has(self, kind: Kind) -> bool {
        match self {
            Self::Rules => kind == Kind::Rule,
            Self::Exceptions => matches!(kind, Kind::ExceptionList | Kind::ExceptionItem),
            Self::Connectors => kind == Kind::Connector,
            Self::ValueLists | Self::Timelines => false,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Rules => "rules",
            Self::Exceptions => "exceptions",
            Self::Connectors => "connectors",
            Self::ValueLists => "value-lists",
            Self::Timelines => "timelines",
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

    /// What it holds of a space, which is something.
    pub(super) fn stored(&self, space: &str) -> Result<&StoredSpace> {
        let Some(stored) = self.manifest.space(space) else {
            return Err(Error::usage(format!("the snapshot has no space `{space}`")));
        };
        match self.failure(space) {
            None => Ok(stored),
            Some(message) => Err(ErrorKind::Unfit {
                message: message.into(),
                help: self.whole(space).into(),
            }
            .into()),
        }
    }

    /// Why nothing of a space is in it, if that is so.
    pub(super) fn failure(&self, space: &str) -> Option<String> {
        let stored = self.manifest.space(space)?;
        if !stored.files.is_empty() {
            return None;
        }
        let why = stored.left_out.first().map_or("", |left| &left.why);
        let id = self.entry.id();
        Some(format!(
            "the snapshot {id} has nothing of space `{space}`: {why}"
        ))
    }

    /// Each space that a snapshot of its source names, with the newest one in which it is whole; none if that cannot be read.
    pub(super) fn known(&self) -> Option<&BTreeMap<Box<str>, Option<Entry>>> {
        let url = &self.manifest.source.url;
        let known = self.known.get_or_init(|| self.repository.whole(url).ok());
        known.as_ref()
    }

    /// Where a space is to be had whole, as people are told.
    pub(super) fn whole(&self, space: &str) -> String {
        let Some(known) = self.known() else {
            return "`ruleferry snapshots -v` lists what there is".into();
        };
        match known.get(space).copied().flatten() {
            Some(entry) if entry == self.entry => String::new(),
            Some(entry) => format!(
                "`--snapshot {}`, begun {}, is the newest in which space `{space}` is whole",
                entry.id(),
                entry.began
            ),
            None => format!("space `{space}` is whole in no snapshot"),
        }
    }

    /// Whether something is not in it that should be, of a space of which it has something.
    pub(super) fn is_partial(&self, space: &str) -> bool {
        let stored = self.manifest.space(space);
        stored.is_some_and(|stored| stored.partial && !stored.files.is_empty())
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
    ) -> Result<Piece> {
        let mut reading = global.reading(&Arc::new(AtomicU64::new(0)));
        // `-j` is about requests here.
        reading.jobs = 0;
        let stored = snapshot.stored(space)?;
        let name = snapshot.name(space);
        let mut source = Source::decoded(&*name, snapshot.repository.read_records(stored));
        let mut wanted = Wanted::of(&self.kinds);
        if self.selection.is_given() {
            let mut spool = self.chosen(source, &reading)?;
            wanted.limit(&referred(
                &reading,
                Source::decoded(&*name, spool.reader()?),
            )?);
            source = Source::decoded(&*name, spool.reader()?);
        }
        if !self.kinds.is_empty() {
            source = self.of_kinds(source, &reading, &name)?;
        }
        let mut beside = Beside::read(&snapshot.repository, stored, &wanted)?;
        if target.blocks_on_connectors() {
            (source, beside.spare) = without_spare(source, &reading, &name)?;
        }
        Ok(Piece {
            from: space.into(),
            bundle: Inventory::read(&reading, vec![source], target)?,
            beside,
        })
    }

    fn chosen(&self, source: Source<'static>, reading: &Reading) -> Result<Spool> {
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
        Ok(spool)
    }

    fn of_kinds(
        &self,
        source: Source<'static>,
        reading: &Reading,
        name: &str,
    ) -> Result<Source<'static>> {
        let mut out = BufWriter::with_capacity(1 << 18, Spool::new()?);
        scan_lines(
            reading,
            vec![source],
            |record| self.kinds.iter().any(|kind| kind.has(record.kind())),
            |line, is_meant| match is_meant {
                Some(Ok(true)) => out.write_all(line.bytes).map_err(keeping),
                _ => Ok(()),
            },
        )?;
        kept(out, name)
    }

    /// What is restored, as far as another run must restore the same to go on with this one.
    pub(super) fn selected_as_json(&self) -> Result<Value> {
        let mut ids: Vec<String> = self.selection.rule_ids()?.into_iter().flatten().collect();
        ids.sort_unstable();
        let kinds: Vec<&str> = self.kinds.iter().map(|kind| kind.name()).collect();
        Ok(json!({"only": self.selection.only(), "ids": ids, "kinds": kinds}))
    }
}

/// What of it no record has: what these refer to.
fn referred(reading: &Reading, source: Source<'_>) -> Result<Beyond> {
    let mut beyond = Beyond::default();
    scan(reading, vec![source], Referred::of, |_, found| {
        if let Ok(found) = found {
            beyond.add(found);
        }
        Ok(())
    })?;
    Ok(beyond)
}

/// Takes the connectors out that no rule of the bundle acts through: a server that takes connectors with rules alone gets them
/// otherwise.
fn without_spare(
    source: Source<'static>,
    reading: &Reading,
    name: &str,
) -> Result<(Source<'static>, Vec<Spare>)> {
    let mut out = BufWriter::with_capacity(1 << 18, Spool::new()?);
    let mut used: BTreeSet<ConnectorId> = BTreeSet::new();
    let mut connectors: Vec<Vec<u8>> = Vec::new();
    let mut ends = true;
    let work = |record: &Record<'_>| (record.kind(), References::of(record).connectors);
    scan_lines(reading, vec![source], work, |line, found| match found {
        Some(Ok((Kind::Connector, _))) => {
            connectors.push(line.bytes.to_vec());
            Ok(())
        }
        found => {
            if let Some(Ok((_, ids))) = found {
                used.extend(ids);
            }
            ends = line.bytes.ends_with(b"\n");
            out.write_all(line.bytes).map_err(keeping)
        }
    })?;
    if !ends {
        out.write_all(b"\n").map_err(keeping)?;
    }
    let mut spare = Vec::new();
    for line in connectors {
        let read = std::str::from_utf8(&line)
            .ok()
            .and_then(|it| Spare::of(it.trim()));
        match read.filter(|it| !used.contains(&ConnectorId::from(&*it.id))) {
            Some(it) => spare.push(it),
            None => out.write_all(&line).map_err(keeping)?,
        }
    }
    Ok((kept(out, name)?, spare))
}

/// What was written, to be read.
fn kept(out: BufWriter<Spool>, name: &str) -> Result<Source<'static>> {
    let spool = out.into_inner();
    let mut spool = spool.map_err(|error| keeping(error.into_error()))?;
    Ok(Source::decoded(name, spool.reader()?))
}

fn keeping(source: std::io::Error) -> Error {
    Error::io("writing a temporary file", source)
}
