//! `restore`: brings spaces of a snapshot back, through the same import as any bundle.

mod beside;
mod pairs;
mod read;
mod run;
mod tell;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use clap::{Arg, Args};
use ruleferry::error::Result;
use ruleferry::kibana::Space;
use ruleferry::ops::import::{Inventory, Manner, Survey, View};
use ruleferry::repo::{Choice, Entry, Manifest, Repository, StoredSpace};
use serde_json::json;

use super::ask::declined;
use super::connection::{Connected, Connection, Target, variable};
use super::exit::Exit;
use super::import::How;
use super::import::ledger::{self, Ledger};
use super::input::Input;
use super::repo::Repo;
use super::selection::Selection;
use super::{Format, Global, plan};
use beside::Beside;
use read::Restored;
use run::Run;

const NOTES: &str = "\
Does what `import` does with what a snapshot holds of a space: shows what it would do, asks, sends lists and items before the rules \
that need them, reads the space at the end, and tells what became of each record. What is there already is left alone unless \
`--overwrite` names its kind. What the space has and the snapshot does not have stays.

Value lists come first, then timelines. A value list that is there and lacks values gets them with `--overwrite exceptions` alone; no \
value is ever taken away, and no timeline replaced. A timeline gets a new id, a template keeps the one that rules refer to. With \
`--only` or `--ids` those come along that the chosen rules and their exceptions use.

All that is read is held against its checksums before anything is sent; if it is not what was recorded, nothing is sent, and the \
exit code is 6.

`latest` and `before:DATE` mean snapshots of the target itself. If the repository has none of it, they mean those of the one Kibana that \
it has snapshots of; if it has several, `--snapshot` must name one by its id.

A space goes into the space of the same name. The space of a snapshot of one space goes into another one too, if no snapshot has a \
space of that name. `--from-space` says which one goes there. With globs or several names in TARGET, each space that is there and in \
the snapshot is restored; one that an earlier snapshot has or TARGET names, and of which this one has nothing, is named, with the \
snapshot that has it whole, and the exit code is 3. So it is where a space is `partial` in the snapshot.

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
    /// Restores these kinds alone: `rules`, `exceptions`, `connectors`, `value-lists`, `timelines`.
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
    repository: Repository,
    entry: Entry,
    manifest: Manifest,
    /// Where each space of its source is whole, once somebody wants to know.
    known: OnceLock<Option<BTreeMap<Box<str>, Option<Entry>>>>,
}

/// What of a space of a snapshot is restored.
struct Piece {
    /// The space of the snapshot.
    from: Box<str>,
    bundle: Inventory,
    beside: Beside,
}

impl Restore {
    /// Runs the verb.
    pub(crate) fn run(&self, global: &Global) -> anyhow::Result<Exit> {
        let repository = self.repo.open()?;
        if self.rehearse && !self.has_target() {
            let snapshot = self.choose(repository, None)?;
            return self.rehearse_on_nothing(&snapshot, global);
        }
        let connected = self.connection.connect_at(self.to.as_ref(), global)?;
        let snapshot = self.choose(repository, Some(connected.client.url()))?;
        let target = connected.version()?;
        plan::check_version(target)?;
        let pairs::Pairs {
            met: mut pairs,
            unmet,
            absent,
        } = pairs::pairs(&snapshot, &connected, self.from())?;
        for space in &unmet {
            tell::unmet(space, &connected);
        }
        for space in &absent {
            tell::absent(&snapshot, space);
        }
        let mut is_whole = unmet.is_empty() && absent.is_empty();
        if pairs.len() > 1 {
            // One that failed does not keep the others from coming back.
            pairs.retain(|(from, _)| !tell::failed(&snapshot, from, &mut is_whole));
        }
        let manner = self.how.manner();
        let mut ledger = self.ledger(&snapshot, &connected, &pairs, manner)?;
        for (from, to) in &pairs {
            is_whole &= !tell::left_out(&snapshot, from);
            if !global.quiet || !(self.yes || self.rehearse) {
                tell::elsewhere(from, to);
            }
        }
        let ways = pairs.into_iter().flat_map(|(from, to)| {
            let way = move |to| (from.clone(), to);
            to.into_iter().map(way)
        });
        let run = Run {
            verb: self,
            global,
            snapshot: &snapshot,
            connected: &connected,
            target,
            ways: ways.collect(),
            is_whole,
        };
        if self.rehearse {
            return Ok(run.rehearsed()?);
        }
        let Some(total) = run.shown()? else {
            return Ok(declined());
        };
        global.interrupt.be_careful();
        ledger.open()?;
        let (exit, is_over) = run.done(&ledger, total)?;
        ledger.close(is_over)?;
        Ok(exit)
    }

    /// Whether anything says which Kibana is meant.
    fn has_target(&self) -> bool {
        self.to.is_some()
            || self.connection.names_one()
            || variable("KIBANA_URL").is_some()
            || variable("RULEFERRY_PROFILE").is_some()
    }

    /// The space of the snapshot that is asked for.
    fn from(&self) -> Option<&str> {
        self.from_space.as_ref().map(Space::as_str)
    }

    /// The snapshot that is meant, of this source if there is one of it.
    fn choose(&self, repository: Repository, source: Option<&str>) -> Result<Snapshot> {
        let (entry, manifest) = repository.choose(&self.snapshot, self.from(), source)?;
        Ok(Snapshot {
            repository,
            entry,
            manifest,
            known: OnceLock::new(),
        })
    }

    fn rehearse_on_nothing(&self, snapshot: &Snapshot, global: &Global) -> anyhow::Result<Exit> {
        let target = snapshot.version()?;
        let mut rehearsed = tell::Rehearsed::new(self.format, global, snapshot);
        let is_meant = |space: &str| self.from().is_none_or(|from| from == space);
        let mut spaces: Vec<&StoredSpace> = snapshot.manifest.spaces.iter().collect();
        spaces.retain(|space| is_meant(&space.space));
        let mut is_whole = true;
        if spaces.len() > 1 {
            spaces.retain(|space| !tell::failed(snapshot, &space.space, &mut is_whole));
        }
        for space in spaces {
            is_whole &= !tell::left_out(snapshot, &space.space);
            let piece = self.read(snapshot, &space.space, target, global)?;
            let terms = self.how.manner().terms;
            let survey = Survey::seen(&piece.bundle, &View::empty(&piece.bundle), terms)?;
            let mut carried = piece.beside.on_nothing()?;
            carried.extend(Beside::unmet(&piece.bundle, &carried, |_| false)?);
            let place = format!("an empty space of Kibana {target}");
            rehearsed.take(&piece, &place, &survey, &carried)?;
        }
        Ok(rehearsed.exit(is_whole))
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
