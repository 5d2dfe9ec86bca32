//! Where does a run take down how far it is?

use std::path::{Path, PathBuf};

use ruleferry::error::Result;
use xxhash_rust::xxh3::xxh3_64;

use super::Migrate;
use super::endpoint::{Endpoint, Ledgers};
use super::side::{Side, with_suffix};
use super::stock::Origin;
use crate::cli::import::ledger::Ledger;

impl Migrate {
    /// Where the journal is: where it is asked for, else beside the report, else in the user's folder for state.
    pub(super) fn journal_path(&self, origin: &Origin, sides: &[Side]) -> Option<PathBuf> {
        if self.plan_only {
            return None;
        }
        if let Some(path) = &self.journal {
            return Some(path.clone());
        }
        if let Some(report) = &self.report {
            return Some(with_suffix(report, "journal"));
        }
        let folder = dirs::state_dir().or_else(dirs::data_local_dir)?;
        let targets: Vec<String> = sides
            .iter()
            .flat_map(|side| side.spaces.iter().map(|space| side.name(space)))
            .collect();
        let what = format!("{}\n{}", origin.name(), targets.join("\n"));
        let name = format!("migrate-{:016x}.journal", xxh3_64(what.as_bytes()));
        Some(folder.join("ruleferry").join(name))
    }

    /// The journal of each Kibana.
    pub(super) fn ledgers(
        &self,
        origin: &Origin,
        sides: &[Side],
        journal: Option<&Path>,
    ) -> Result<Vec<Ledger>> {
        let one = |(at, side): (usize, &Side)| {
            let path = journal.map(|base| side.journal(base, at == 0));
            // The first is begun first and ended last; without another's, that has nothing to go on with.
            let resumes = self.resume && (at == 0 || path.as_ref().is_some_and(|it| it.exists()));
            Ledger::at(path, self.head(origin, side), resumes)
        };
        sides.iter().enumerate().map(one).collect()
    }
}

/// Puts away what a run took down that is over; of one that is not, says how to go on with it.
pub(super) fn close(
    (ledgers, more): (Vec<Ledger>, Ledgers),
    (endpoint, kept): (&Endpoint, Option<&Path>),
    is_over: bool,
) -> Result<()> {
    // Of those of the endpoint list nothing is said where the run can go on: its own journal is.
    for ledger in more.into_iter().flatten().filter(|_| is_over) {
        ledger.close(true)?;
    }
    for ledger in ledgers.into_iter().rev() {
        ledger.close(is_over)?;
    }
    if is_over {
        endpoint.forget();
    }
    if let Some(kept) = kept.filter(|_| is_over) {
        // It is of no use any more; that it cannot be removed is no failure of the migration.
        _ = std::fs::remove_file(kept);
    }
    Ok(())
}
