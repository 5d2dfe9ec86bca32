//! The report: one JSON line a record, in input order, space by space, then a summary.

use std::collections::BTreeMap;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use ruleferry::error::Error;
use ruleferry::ops::import::Told;
use ruleferry::ops::model::Outcome;
use ruleferry::stream::{AtomicFile, Durable};
use serde_json::{Map, Value, json};

use super::super::exit::Exit;
use super::job::{Done, Job};

/// What there is to report.
pub(crate) struct Report<'r> {
    pub(crate) job: &'r Job<'r>,
    pub(crate) done: &'r [Done],
    pub(crate) exit: Exit,
    /// Which Kibana it is, where a run has several.
    pub(crate) target: Option<&'r str>,
    /// Whether it is of what would be.
    pub(crate) is_dry: bool,
}

/// What became of a space, in numbers.
pub(crate) struct Tally {
    pub(crate) space: String,
    counts: BTreeMap<Outcome, u64>,
    pub(crate) parts: u32,
    differs: usize,
    doubles: usize,
    removed: usize,
}

impl Tally {
    /// What became of a space that is called so.
    pub(crate) fn of(done: &Done, space: String) -> Self {
        let mut tally = Self {
            space,
            counts: BTreeMap::new(),
            parts: done.crossed.parts,
            differs: 0,
            doubles: done.doubles.len(),
            removed: done.removed,
        };
        for told in done.crossed.told.iter().flatten() {
            *tally.counts.entry(told.outcome).or_default() += 1;
            tally.differs += usize::from(told.differs);
        }
        tally
    }

    /// How many records have this outcome.
    pub(crate) fn count(&self, outcome: Outcome) -> u64 {
        self.counts.get(&outcome).copied().unwrap_or_default()
    }
}

/// The last line of a report.
pub(crate) fn summary(tallies: &[Tally], exit: Exit) -> Value {
    let counts: Map<String, Value> = Outcome::ALL
        .into_iter()
        .map(|outcome| {
            let count: u64 = tallies.iter().map(|tally| tally.count(outcome)).sum();
            (outcome.name().to_owned(), count.into())
        })
        .collect();
    let sum = |of: fn(&Tally) -> usize| -> usize { tallies.iter().map(of).sum() };
    json!({
        "schema_version": 1,
        "summary": counts,
        "spaces": tallies.len(),
        "differs": sum(|tally| tally.differs),
        "duplicates": sum(|tally| tally.doubles),
        "removed_duplicates": sum(|tally| tally.removed),
        "exit": exit.code(),
    })
}

impl Report<'_> {
    /// Writes it to a file.
    pub(crate) fn write(&self, path: &Path) -> Result<(), Error> {
        let mut file = AtomicFile::create(path)?;
        self.write_to(&mut file)
            .map_err(|source| Error::io(format!("writing `{}`", path.display()), source))?;
        file.commit(Durable::Yes)
    }

    /// Writes all its lines.
    pub(crate) fn write_to(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut out = BufWriter::with_capacity(1 << 16, out);
        for done in self.done {
            self.write_space(done, &mut out)?;
        }
        writeln!(out, "{}", self.summary())?;
        out.flush()
    }

    /// The lines of a space.
    pub(crate) fn space(&self, done: &Done) -> String {
        let mut lines = Vec::new();
        // Memory takes all that is written to it.
        _ = self.write_space(done, &mut lines);
        String::from_utf8_lossy(&lines).into_owned()
    }

    fn write_space(&self, done: &Done, out: &mut dyn Write) -> io::Result<()> {
        for (index, told) in (0_u32..).zip(&done.crossed.told) {
            if let Some(told) = told {
                writeln!(out, "{}", self.record(done, index, told))?;
            }
        }
        for double in &done.doubles {
            let entry = self.job.bundle.entry(double.index);
            let line = json!({
                "schema_version": 1,
                "space": done.space.as_str(),
                "kind": entry.kind.name(),
                "id": entry.id,
                "duplicate": double.objects,
                "removable": double.is_removable,
            });
            writeln!(out, "{line}")?;
        }
        Ok(())
    }

    fn record(&self, done: &Done, index: u32, told: &Told) -> Value {
        let entry = self.job.bundle.entry(index);
        let location = self.job.bundle.location(index);
        let mut line = json!({
            "schema_version": 1,
            "file": location.file,
            "line": location.line,
            "kind": entry.kind.name(),
            "id": entry.id,
            "space": done.space.as_str(),
            "outcome": told.outcome.name(),
            "status": told.status,
            "message": told.message,
            "part": told.part,
        });
        if let Some(target) = self.target {
            line["target"] = target.into();
        }
        if told.differs {
            line["differs"] = true.into();
        }
        line
    }

    fn summary(&self) -> Value {
        let mut summary = summary(&self.tallies(), self.exit);
        if self.is_dry {
            summary["dry_run"] = true.into();
        }
        summary
    }

    /// Each space in numbers.
    pub(crate) fn tallies(&self) -> Vec<Tally> {
        let tally = |done: &Done| Tally::of(done, done.space.to_string());
        self.done.iter().map(tally).collect()
    }
}
