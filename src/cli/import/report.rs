//! The report: one JSON line a record, in input order, space by space, then a summary.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;

use ruleferry::error::Error;
use ruleferry::ops::import::Told;
use ruleferry::ops::model::Outcome;
use ruleferry::stream::{AtomicFile, Durable};
use serde_json::{Map, Value, json};

use super::super::exit::Exit;
use super::job::{Done, Job};

/// What there is to report.
pub(super) struct Report<'r> {
    pub(super) job: &'r Job<'r>,
    pub(super) done: &'r [Done],
    pub(super) exit: Exit,
    /// Whether it is of what would be.
    pub(super) is_dry: bool,
}

impl Report<'_> {
    /// Writes it to a file.
    pub(super) fn write(&self, path: &Path) -> Result<(), Error> {
        let mut file = AtomicFile::create(path)?;
        for done in self.done {
            file.write_all(self.space(done).as_bytes())
                .map_err(|source| Error::io(format!("writing `{}`", path.display()), source))?;
        }
        writeln!(file, "{}", self.summary())
            .map_err(|source| Error::io(format!("writing `{}`", path.display()), source))?;
        file.commit(Durable::Yes)
    }

    /// All its lines.
    pub(super) fn lines(&self) -> String {
        let mut text: String = self.done.iter().map(|done| self.space(done)).collect();
        _ = writeln!(text, "{}", self.summary());
        text
    }

    fn space(&self, done: &Done) -> String {
        let mut text = String::new();
        for (index, told) in (0_u32..).zip(&done.crossed.told) {
            if let Some(told) = told {
                _ = writeln!(text, "{}", self.record(done, index, told));
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
            _ = writeln!(text, "{line}");
        }
        text
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
        if told.differs {
            line["differs"] = true.into();
        }
        line
    }

    fn summary(&self) -> Value {
        let counts: Map<String, Value> = Outcome::ALL
            .into_iter()
            .map(|outcome| {
                let count: u64 = self.done.iter().map(|done| count(done, outcome)).sum();
                (outcome.name().to_owned(), count.into())
            })
            .collect();
        let differs: usize = self
            .done
            .iter()
            .flat_map(|done| done.crossed.told.iter().flatten())
            .filter(|told| told.differs)
            .count();
        let sum = |of: fn(&Done) -> usize| -> usize { self.done.iter().map(of).sum() };
        let mut summary = json!({
            "schema_version": 1,
            "summary": counts,
            "spaces": self.done.len(),
            "differs": differs,
            "duplicates": sum(|done| done.doubles.len()),
            "removed_duplicates": sum(|done| done.removed),
            "exit": self.exit.code(),
        });
        if self.is_dry {
            summary["dry_run"] = true.into();
        }
        summary
    }
}

/// How many records of a space have this outcome.
pub(super) fn count(done: &Done, outcome: Outcome) -> u64 {
    let told = done.crossed.told.iter().flatten();
    told.filter(|told| told.outcome == outcome).count() as u64
}
