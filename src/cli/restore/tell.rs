//! What `restore` tells: what would come back, and what did.

use std::io::Write as _;
use std::path::Path;

use ruleferry::error::{Error, Result};
use ruleferry::kibana::Space;
use ruleferry::ops::import::{Aim, Survey};
use ruleferry::stream::{AtomicFile, Durable};
use serde_json::{Map, Value, json};

use super::{Piece, Snapshot};
use crate::cli::connection::Connected;
use crate::cli::exit::Exit;
use crate::cli::import::job::{Done, Job};
use crate::cli::import::report::{Report, Tally, summary};
use crate::cli::import::text;
use crate::cli::notes::write_text;
use crate::cli::{Format, Global, work};

/// Warns of what of a space is not in a snapshot that is partial.
pub(super) fn left_out(snapshot: &Snapshot, space: &str, global: &Global) {
    let stored = snapshot.manifest.space(space);
    let Some(stored) = stored.filter(|stored| stored.partial && !global.quiet) else {
        return;
    };
    write_text(&format!(
        "warning: space `{space}` is partial in the snapshot {}; it lacks",
        snapshot.entry.id()
    ));
    for left in &stored.left_out {
        write_text(&format!("  {}: {}", left.what, left.why));
    }
}

/// Warns of a space of the snapshot that is meant and cannot be restored.
pub(super) fn unmet(space: &Space, connected: &Connected) {
    write_text(&format!(
        "warning: `{connected}` has no space `{space}`, so what the snapshot has of it is not restored; make the space first"
    ));
}

/// What the user is asked.
pub(super) fn question(jobs: &[Job<'_>], surveys: &[Vec<Survey>]) -> String {
    if let ([job], [surveys]) = (jobs, surveys) {
        return text::question(job, surveys);
    }
    let sent: usize = surveys.iter().flatten().map(Survey::sent).sum();
    let spaces: usize = jobs.iter().map(|job| job.spaces.len()).sum();
    let name = jobs.first().map(|job| job.connected.to_string());
    let name = name.unwrap_or_default();
    format!("Send {sent} records to {spaces} spaces of {name}?")
}

/// How a run ends whose spaces ended so.
pub(super) fn ended(exits: &[Exit], is_whole: bool) -> Exit {
    for worst in [Exit::Interrupted, Exit::Denied] {
        if exits.contains(&worst) {
            return worst;
        }
    }
    let is_all = |wanted: Exit| exits.iter().all(|exit| *exit == wanted);
    if is_all(Exit::Done) && is_whole {
        Exit::Done
    } else if is_all(Exit::Failed) {
        Exit::Failed
    } else {
        Exit::Part
    }
}

/// Writes the report, and tells what was done.
pub(super) fn done(
    jobs: &[Job<'_>],
    done: &[Vec<Done>],
    exit: Exit,
    path: Option<&Path>,
    format: Format,
    global: &Global,
) -> Result<()> {
    let reports = jobs.iter().zip(done).map(|(job, done)| Report {
        job,
        done,
        exit,
        target: None,
        is_dry: false,
    });
    let reports: Vec<Report<'_>> = reports.collect();
    let tallies: Vec<Tally> = reports.iter().flat_map(Report::tallies).collect();
    let lines = || {
        let spaces = reports
            .iter()
            .flat_map(|report| report.done.iter().map(|done| report.space(done)));
        let mut lines: String = spaces.collect();
        lines += &format!("{}\n", summary(&tallies, exit));
        lines
    };
    if let Some(path) = path {
        let mut file = AtomicFile::create(path)?;
        file.write_all(lines().as_bytes())
            .map_err(|source| Error::io(format!("writing `{}`", path.display()), source))?;
        file.commit(Durable::Yes)?;
    }
    match format {
        Format::Json => work::print(&lines()),
        Format::Text if global.quiet => Ok(()),
        Format::Text => {
            let mut shown: String = reports
                .iter()
                .map(|report| text::done(report, global.verbose))
                .collect();
            if reports.len() > 1 {
                shown += &text::table(&tallies);
            }
            work::print(&shown)
        }
    }
}

/// Tells what would come back.
pub(super) struct Rehearsed<'g> {
    format: Format,
    global: &'g Global,
    /// Whether all would.
    is_whole: bool,
}

impl<'g> Rehearsed<'g> {
    pub(super) fn new(format: Format, global: &'g Global) -> Self {
        Self {
            format,
            global,
            is_whole: true,
        }
    }

    /// Tells what would become of a space of the snapshot in this place.
    pub(super) fn take(&mut self, piece: &Piece, place: &str, survey: &Survey) -> Result<()> {
        let is_lost =
            |aim: &&Aim| matches!(aim, Aim::Refused(_) | Aim::HeldBack(_) | Aim::Conflict);
        let lost = survey.aims.iter().filter(is_lost).count();
        self.is_whole &= lost == 0;
        let total = piece.bundle.len();
        match self.format {
            Format::Json => work::print(&format!("{}\n", as_json(piece, place, survey))),
            Format::Text if self.global.quiet => Ok(()),
            Format::Text => work::print(&format!(
                "{total} lines of space {} would become in {place}:\n{}",
                piece.from,
                text::of_survey(&piece.bundle, survey, self.global.verbose)
            )),
        }
    }

    /// How the rehearsal ends.
    pub(super) fn exit(&self, is_whole: bool) -> Exit {
        if self.is_whole && is_whole {
            Exit::Done
        } else {
            Exit::Part
        }
    }
}

fn as_json(piece: &Piece, place: &str, survey: &Survey) -> Value {
    let mut counts: Map<String, Value> = Map::new();
    for ((outcome, kind), count) in &survey.counts {
        let of = counts
            .entry(outcome.name().to_owned())
            .or_insert_with(|| json!({}));
        of[kind.name()] = (*count).into();
    }
    json!({
        "schema_version": 1,
        "from_space": piece.from,
        "place": place,
        "would": counts,
        "sent": survey.sent(),
        "warnings": survey.warnings,
        "gaps": survey.gaps,
    })
}
