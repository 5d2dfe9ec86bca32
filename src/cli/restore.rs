//! `restore`: brings spaces of a snapshot back, through the same import as any bundle.

mod pairs;
mod read;
mod tell;

use std::path::{Path, PathBuf};

use clap::{Arg, Args};
use ruleferry::error::Result;
use ruleferry::kibana::Space;
use ruleferry::ops::import::{Gates, Inventory, Manner, Survey, View, several};
use ruleferry::repo::{Choice, Entry, Manifest};
use serde_json::json;

use super::ask::{ask, declined};
use super::connection::{Connected, Connection, Target, variable};
use super::exit::Exit;
use super::import::job::{Done, Job, exit, fatal};
use super::import::ledger::{self, Ledger};
use super::import::{How, text};
use super::input::Input;
use super::progress::Progress;
use super::repo::Repo;
use super::selection::Selection;
use super::{Format, Global, plan};
use read::Restored;

const NOTES: &str = "\
Does what `import` does with what a snapshot holds of a space: shows what it would do, asks, sends lists and items before the rules \
that need them, reads the space at the end, and tells what became of each record. What is there already is left alone unless \
`--overwrite` names its kind. What the space has and the snapshot does not have stays.

All that is read is held against its checksums before anything is sent; if it is not what was recorded, nothing is sent, and the \
exit code is 6.

A space goes into the space of the same name; of a snapshot of one space, that one goes wherever TARGET says. `--from-space` says \
which one goes there. With globs or several names in TARGET, each space that is there and in the snapshot is restored.

`--rehearse` sends nothing. With a target it says what would become of each record there; without one, what an empty space of the \
snapshot's version would get. The exit code is 3 if something would not come back.

Exit codes are those of `import`: 0 every record is there; 3 some are not, the report names each; 130 interrupted, and `--resume` \
goes on.

Examples:
  ruleferry restore --repo /backups/kibana --rehearse
  ruleferry restore --repo /backups/kibana --snapshot before:2026-01-31 --to dr/soc --yes --report report.ndjson
  ruleferry restore --repo /backups/kibana --to prod/soc --only 'tags:\"Linux\"' --overwrite rules";

/// The verb.
#[derive(Debug, Args)]
#[command(mut_args(reworded), after_help = NOTES)]
pub(crate) struct Restore {
    #[command(flatten)]
    repo: Repo,
    /// Which snapshot: `latest`, `before:DATE` for the newest one before that, or the beginning of its id.
    #[arg(long, value_name = "SNAPSHOT", default_value = "latest")]
    snapshot: Choice,
    /// The space of the snapshot, where it is not the one of the same name.
    #[arg(long, value_name = "SPACE")]
    from_space: Option<Space>,
    /// Where it goes, as in `dr/soc` or `dr/cust-*`; without it, what flags, variables and `--profile` say.
    #[arg(long = "to", value_name = "TARGET", help_heading = "Connection")]
    to: Option<Target>,
    #[command(flatten)]
    connection: Connection,
    #[command(flatten)]
    selection: Selection,
    /// Restores these kinds alone: `rules`, `exceptions`, `connectors`.
    #[arg(
        long = "kind",
        value_name = "KIND",
        value_delimiter = ',',
        help_heading = "Which rules"
    )]
    kinds: Vec<Restored>,
    #[command(flatten)]
    how: How,
    /// Sends nothing, and says what would come back.
    #[arg(long, help_heading = "Import")]
    rehearse: bool,
    /// Writes one JSON line a record, then a summary.
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    report: Option<PathBuf>,
    /// Where the run takes down how far it is; beside the report by default.
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    journal: Option<PathBuf>,
    /// Goes on with the run that the journal is of.
    #[arg(long, help_heading = "Import")]
    resume: bool,
    /// Does it without asking.
    #[arg(long, help_heading = "Import")]
    yes: bool,
    /// How the result is written to standard output.
    #[arg(
        long,
        value_name = "FORMAT",
        default_value = "text",
        hide_default_value = true,
        help_heading = "Output"
    )]
    format: Format,
}

/// Says of the arguments that choose rules what they do here.
fn reworded(arg: Arg) -> Arg {
    match arg.get_id().as_str() {
        "only" => arg.help(
            "Restores only rules that match, with exactly what they need. See `ruleferry help query`",
        ),
        "ids" => arg.help(
            "Restores only rules whose `rule_id` is a line of this file, with exactly what they need",
        ),
        _ => arg,
    }
}

/// The snapshot that is meant.
struct Snapshot {
    repository: ruleferry::repo::Repository,
    entry: Entry,
    manifest: Manifest,
}

/// What of a snapshot goes into which spaces.
struct Piece {
    /// The space of the snapshot.
    from: Box<str>,
    bundle: Inventory,
    to: Vec<Space>,
}

impl Restore {
    /// Runs the verb.
    pub(crate) fn run(&self, global: &Global) -> anyhow::Result<Exit> {
        let repository = self.repo.open()?;
        let from = self.from_space.as_ref().map(Space::as_str);
        let (entry, manifest) = repository.choose(&self.snapshot, from)?;
        let snapshot = Snapshot {
            repository,
            entry,
            manifest,
        };
        if self.rehearse && !self.has_target() {
            return self.rehearse_on_nothing(&snapshot, global);
        }
        let connected = self.connection.connect_at(self.to.as_ref(), global)?;
        let target = connected.version()?;
        plan::check_version(target)?;
        let pairs = pairs::pairs(&snapshot.manifest, &connected, from)?;
        let pairs::Pairs { pairs, unmet } = pairs;
        for space in &unmet {
            tell::unmet(space, &connected);
        }
        let manner = self.how.manner();
        let mut ledger = self.ledger(&snapshot, &connected, &pairs, manner)?;
        let mut pieces = Vec::new();
        for (from, to) in pairs {
            tell::left_out(&snapshot, &from, global);
            let bundle = self.read(&snapshot, &from, target, global)?;
            pieces.push(Piece { from, bundle, to });
        }
        let jobs: Vec<Job<'_>> = pieces
            .iter()
            .map(|piece| Job {
                connected: &connected,
                spaces: &piece.to,
                bundle: &piece.bundle,
                manner,
                jobs: if global.jobs == 0 { 4 } else { global.jobs },
                warns: self.yes && !global.quiet,
            })
            .collect();
        let is_whole = unmet.is_empty();
        if self.rehearse {
            return self.rehearse_on(&pieces, &jobs, is_whole, global);
        }
        if !self.yes {
            let surveys = Self::surveys(&jobs)?;
            for (job, surveys) in jobs.iter().zip(&surveys) {
                anstream::eprint!("{}", text::surveys(job, surveys, global.verbose, false));
            }
            if !ask(&tell::question(&jobs, &surveys), self.yes)? {
                return Ok(declined());
            }
        }
        global.interrupt.be_careful();
        ledger.open()?;
        self.send(&jobs, ledger, is_whole, global)
    }

    fn send(
        &self,
        jobs: &[Job<'_>],
        ledger: Ledger,
        is_whole: bool,
        global: &Global,
    ) -> anyhow::Result<Exit> {
        let progress = Progress::parts(global.progress, jobs.iter().map(Job::total).sum());
        let each: Vec<(usize, &Space)> = jobs
            .iter()
            .enumerate()
            .flat_map(|(at, job)| job.spaces.iter().map(move |space| (at, space)))
            .collect();
        let gates = Gates::default();
        let at_once = jobs.first().map_or(1, |job| job.jobs);
        let done = several(&each, at_once, |(at, space)| {
            jobs[*at].cross_into(space, &gates, &ledger, &progress)
        });
        drop(progress);
        let mut by_job: Vec<Vec<Done>> = jobs.iter().map(|_| Vec::new()).collect();
        for ((at, _), done) in each.iter().zip(done) {
            by_job[*at].push(done);
        }
        if self.how.remove_duplicates {
            for (job, done) in jobs.iter().zip(&mut by_job) {
                job.remove_duplicates(done, self.yes)?;
            }
        }
        let exits: Vec<Exit> = by_job.iter().map(|done| exit(done)).collect();
        let exit = tell::ended(&exits, is_whole);
        tell::done(
            jobs,
            &by_job,
            exit,
            self.report.as_deref(),
            self.format,
            global,
        )?;
        let all: Vec<Done> = by_job.into_iter().flatten().collect();
        ledger.close(all.iter().all(|done| done.crossed.error.is_none()))?;
        Ok(fatal(all, exit, global))
    }

    /// Whether anything says which Kibana is meant.
    fn has_target(&self) -> bool {
        self.to.is_some()
            || self.connection.names_one()
            || variable("KIBANA_URL").is_some()
            || variable("RULEFERRY_PROFILE").is_some()
    }

    fn surveys(jobs: &[Job<'_>]) -> Result<Vec<Vec<Survey>>> {
        jobs.iter().map(Job::surveys).collect()
    }

    fn rehearse_on(
        &self,
        pieces: &[Piece],
        jobs: &[Job<'_>],
        is_whole: bool,
        global: &Global,
    ) -> anyhow::Result<Exit> {
        let surveys = Self::surveys(jobs)?;
        let mut rehearsed = tell::Rehearsed::new(self.format, global);
        for ((piece, job), surveys) in pieces.iter().zip(jobs).zip(&surveys) {
            for (space, survey) in job.spaces.iter().zip(surveys) {
                let place = format!("space {space} of {}", job.connected);
                rehearsed.take(piece, &place, survey)?;
            }
        }
        Ok(rehearsed.exit(is_whole))
    }

    fn rehearse_on_nothing(&self, snapshot: &Snapshot, global: &Global) -> anyhow::Result<Exit> {
        let target = snapshot.version()?;
        let mut rehearsed = tell::Rehearsed::new(self.format, global);
        for space in &snapshot.manifest.spaces {
            let is_meant = |from: &Space| from.as_str() == &*space.space;
            if !self.from_space.as_ref().is_none_or(is_meant) {
                continue;
            }
            tell::left_out(snapshot, &space.space, global);
            let bundle = self.read(snapshot, &space.space, target, global)?;
            let survey = Survey::seen(&bundle, &View::empty(&bundle), self.how.manner().terms)?;
            let piece = Piece {
                from: space.space.clone(),
                bundle,
                to: Vec::new(),
            };
            rehearsed.take(
                &piece,
                &format!("an empty space of Kibana {target}"),
                &survey,
            )?;
        }
        Ok(rehearsed.exit(true))
    }

    fn ledger(
        &self,
        snapshot: &Snapshot,
        connected: &Connected,
        pairs: &[(Box<str>, Vec<Space>)],
        manner: Manner,
    ) -> Result<Ledger> {
        let repository = std::path::absolute(snapshot.repository.path());
        let repository = repository.unwrap_or_else(|_| snapshot.repository.path().into());
        let spaces: Vec<Space> = pairs.iter().flat_map(|(_, to)| to.clone()).collect();
        let input = Input {
            files: vec![repository.clone(), self.snapshot.to_string().into()],
        };
        let path = ledger::path(&ledger::Run {
            input: &input,
            report: self.report.as_deref(),
            journal: self.journal.as_deref(),
            resume: self.resume,
            is_dry: self.rehearse,
            url: connected.client.url(),
            spaces: &spaces,
            terms: manner.terms,
            as_new_list: false,
        });
        let pairs = pairs.iter().map(|(from, to)| {
            let to: Vec<&str> = to.iter().map(Space::as_str).collect();
            json!({"from": from, "to": to})
        });
        let overwrite = manner.terms.overwrite;
        let head = json!({
            "schema_version": 1,
            "journal": "import",
            "verb": "restore",
            "repository": Path::new(&repository).display().to_string(),
            "snapshot": snapshot.entry.digest,
            "url": connected.client.url(),
            "spaces": pairs.collect::<Vec<_>>(),
            "selection": self.selected_as_json()?,
            "overwrite": {
                "rules": overwrite.rules,
                "exceptions": overwrite.exceptions,
                "connectors": overwrite.connectors,
            },
            "allow_missing_exceptions": manner.terms.allow_missing_exceptions,
            "items_in_place": manner.terms.items_in_place,
            "seed": null,
        });
        Ledger::at(path.filter(|_| !self.rehearse), head, self.resume)
    }
}
