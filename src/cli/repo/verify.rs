//! `verify`: is what is stored what was recorded?

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use clap::Args;
use ruleferry::repo::{Choice, Finding, Verified, Verify as Run};
use serde_json::{Value, json};

use super::super::connection::Target;
use super::super::exit::Exit;
use super::super::notes::write_text;
use super::super::progress::Progress;
use super::super::{Format, Global, work};
use super::{Repo, count, live, size};

const NOTES: &str = "\
Reads every file of the repository and holds each against its checksum, each record against its own, and each snapshot against \
the list. Each fault is named: a file that is damaged, cut off, lost, swapped or of no use to any snapshot, with the records and \
the snapshots that it concerns. With `--snapshot`, what that one needs is looked at, and its files are put together as a \
restore would.

The exit code is 6 if anything is not what was recorded. What a run that was cut off has left behind is no fault; it is told, and the next \
`backup` or `prune` clears it away.

With `--against-live`, and where nothing is damaged, each space that TARGET means and the snapshot has is exported and compared with \
the snapshot, without what Kibana makes by itself: its records, its value lists with all their values, and its timelines. The exit code \
is 4 if something differs, and 3 if nothing does but something could not be read, or the snapshot has nothing of a space. The latest \
snapshot is then the latest of TARGET, as it is for `restore`. `ruleferry diff --live prod/soc DIR@latest/soc` \
names each record that differs.

Examples:
  ruleferry verify --repo /backups/kibana
  ruleferry verify --repo /backups/kibana --against-live 'prod/*'";

/// The verb.
#[derive(Debug, Args)]
#[command(after_help = NOTES)]
pub(crate) struct Verify {
    #[command(flatten)]
    repo: Repo,
    /// Looks at one snapshot alone: `latest`, `before:DATE`, or the beginning of its id.
    #[arg(long, value_name = "SNAPSHOT")]
    snapshot: Option<Choice>,
    /// Compares the snapshot, the latest unless `--snapshot` says another, with live spaces, as in `prod/*`, too.
    #[arg(long, value_name = "TARGET")]
    against_live: Option<Target>,
    /// How it is written.
    #[arg(
        long,
        value_name = "FORMAT",
        default_value = "text",
        hide_default_value = true,
        help_heading = "Output"
    )]
    format: Format,
}

impl Verify {
    /// Runs the verb.
    pub(crate) fn run(&self, global: &Global) -> anyhow::Result<Exit> {
        let run = Run {
            snapshot: self.snapshot.clone(),
            jobs: global.jobs,
            looked_at: Arc::new(AtomicU64::new(0)),
        };
        let progress = Progress::start(global.progress, None, Arc::clone(&run.looked_at));
        let path: &Path = &self.repo.path;
        let verified = run.run(path, &mut |finding| match self.format {
            Format::Text => work::print(&text(&finding)),
            Format::Json => work::print(&format!("{}\n", as_json(&finding))),
        })?;
        drop(progress);
        let exit = if verified.faults > 0 {
            Exit::Damaged
        } else {
            Exit::Done
        };
        match self.format {
            Format::Json => work::print(&format!("{}\n", summary(&verified, exit)))?,
            Format::Text if !global.quiet => {
                for note in &verified.notes {
                    write_text(&format!("note: {note}"));
                }
                write_text(&sentence(&verified));
            }
            Format::Text => {}
        }
        if let (Some(target), Exit::Done) = (&self.against_live, exit) {
            let latest = self.snapshot.clone().unwrap_or(Choice::Latest);
            let repository = self.repo.open()?;
            return Ok(live::compare(
                &repository,
                &latest,
                target,
                self.format,
                global,
            )?);
        }
        Ok(exit)
    }
}

fn text(finding: &Finding) -> String {
    let snapshots = match &*finding.snapshots {
        [] => String::new(),
        ids => format!(" (snapshots {})", ids.join(", ")),
    };
    format!("{}: {}{snapshots}\n", finding.fault.name(), finding.message)
}

fn sentence(verified: &Verified) -> String {
    let looked_at = format!(
        "{} and {} of {}",
        count(verified.snapshots, "snapshot", "snapshots"),
        count(verified.objects, "object", "objects"),
        size(verified.bytes)
    );
    match verified.faults {
        0 => format!("{looked_at}: all is what was recorded"),
        faults => format!("{looked_at}: {}", count(faults, "fault", "faults")),
    }
}

fn as_json(finding: &Finding) -> Value {
    let (space, file) = finding.file.clone().unzip();
    json!({
        "schema_version": 1,
        "path": finding.path,
        "code": finding.fault.name(),
        "message": finding.message,
        "space": space,
        "file": file,
        "first_line": finding.lines.map(|(first, _)| first),
        "last_line": finding.lines.map(|(_, last)| last),
        "records": finding.records,
        "snapshots": finding.snapshots,
    })
}

fn summary(verified: &Verified, exit: Exit) -> Value {
    json!({
        "schema_version": 1,
        "summary": {
            "snapshots": verified.snapshots,
            "objects": verified.objects,
            "bytes": verified.bytes,
            "faults": verified.faults,
        },
        "notes": verified.notes,
        "exit": exit.code(),
    })
}
