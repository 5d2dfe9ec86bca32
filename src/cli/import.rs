//! `import`: brings a bundle into spaces of a Kibana, and tells what became of each record.

mod how;
mod kept;
pub(crate) mod ledger;
pub(crate) mod report;
pub(crate) mod text;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use clap::Args;
use ruleferry::error::{Error, ErrorKind};
use ruleferry::kibana::{Retry, Space};
use ruleferry::ops::import::{
    Crossed, Double, Gates, Inventory, Manner, Survey, cross, doubles, remove_younger, several,
};

use super::ask::{ask, declined};
use super::connection::{Connected, Connection, Target};
use super::exit::Exit;
use super::input::Input;
use super::notes::write_text;
use super::progress::Progress;
use super::{Format, Global, plan, work};
pub(crate) use how::{How, Replaced};

const NOTES: &str = "Shows what it would do, asks, and does it. Lists and items go first; no rule is sent before every list and item \
that it needs was seen in the space, else it is held back and named. A part whose answer is lost is not simply sent again: the \
space is read until it stands still for `--still`, and only what is absent then goes again. At the end the space is read and \
compared with the bundle.

What is there already is left alone: the same content is `unchanged`, other content a `conflict`, unless `--overwrite` names its \
kind. Overwriting rules replaces them; overwriting exceptions replaces lists with all their items, those that the bundle lacks are \
removed; overwriting connectors wipes their secrets.

Several spaces go at once, `-j` of them, 4 by default. One import a space at a time: nothing in Kibana keeps two apart, and two at once can make a rule twice. So can a proxy that sends \
a request again by itself; such pairs are found and named, and `--remove-duplicates` deletes the younger.

The journal says how far the run got. After an interruption, a kill or a dead server, the same command with `--resume` goes on.

Exit codes: 0 every record is in the space as planned; 1 failed; 3 some are not, the report names each; 5 the credentials are \
refused; 130 interrupted.

Example: ruleferry import export.ndjson --to prod/soc --overwrite rules --report report.ndjson";

/// The verb.
#[derive(Debug, Args)]
#[command(after_help = NOTES)]
#[expect(clippy::struct_excessive_bools, reason = "flags of a command line")]
pub(crate) struct Import {
    #[command(flatten)]
    input: Input,
    /// Where it goes, as in `prod/soc` or `prod/cust-*`; without it, what flags, variables and `--profile` say.
    #[arg(long = "to", value_name = "TARGET", help_heading = "Connection")]
    to: Option<Target>,
    #[command(flatten)]
    connection: Connection,
    #[command(flatten)]
    how: How,
    /// Gives lists and items new ids, in rules too, so that they come beside those that are there.
    #[arg(long, help_heading = "Import")]
    as_new_list: bool,
    /// Does exactly what a kept plan says; refuses if a file or the space is not as it was.
    #[arg(long, value_name = "PLAN", help_heading = "Import")]
    plan: Option<PathBuf>,
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
    /// Shows what it would do, and does not do it.
    #[arg(long, help_heading = "Import")]
    dry_run: bool,
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

/// An import, ready to begin.
pub(crate) struct Job<'j> {
    pub(crate) connected: &'j Connected,
    pub(crate) spaces: &'j [Space],
    pub(crate) bundle: &'j Inventory,
    pub(crate) manner: Manner,
    /// How many spaces at once.
    pub(crate) jobs: usize,
}

/// A space and what became of it.
pub(crate) struct Done {
    pub(crate) space: Space,
    pub(crate) crossed: Crossed,
    pub(crate) doubles: Vec<Double>,
    pub(crate) removed: usize,
}

impl Import {
    /// Runs the verb.
    pub(crate) fn run(&self, global: &Global) -> anyhow::Result<Exit> {
        let kept = self.plan.as_deref().map(kept::Kept::read).transpose()?;
        let connected = match &self.to {
            Some(target) => self.connection.connect_to(target, Retry::default(), global),
            None => self.connection.connect(Retry::default(), global),
        }?;
        let spaces = connected.chosen()?;
        let target = connected.version()?;
        plan::check_version(target)?;
        let manner = self.manner(kept.as_ref());
        let mut ledger = self.ledger(kept.as_ref(), &connected, &spaces, &manner)?;
        let bundle = self.read(global, target, ledger.seed())?;
        let job = Job {
            connected: &connected,
            spaces: &spaces,
            bundle: &bundle,
            manner,
            jobs: if global.jobs == 0 { 4 } else { global.jobs },
        };
        // A run that is taken up has changed the space itself; its journal tells that files and flags are the same.
        if let Some(kept) = kept.as_ref().filter(|_| !self.resume) {
            kept.check(&job, &self.input.files)?;
        }
        if self.dry_run || !self.yes {
            let surveys = job.surveys()?;
            if !global.quiet || !self.yes {
                text::surveys(&job, &surveys, global.verbose, self.dry_run)?;
            }
            if self.dry_run {
                return Ok(Exit::Done);
            }
            let question = text::question(&job, &surveys);
            if !ask(&question, self.yes)? {
                return Ok(declined());
            }
        }
        global.interrupt.be_careful();
        ledger.open()?;
        let progress = Progress::parts(global.progress, job.total());
        let mut done = job.run(&ledger, &progress);
        drop(progress);
        if self.how.remove_duplicates {
            job.remove_duplicates(&mut done, self.yes)?;
        }
        let exit = exit(&done);
        let report = report::Report {
            job: &job,
            done: &done,
            exit,
            target: None,
        };
        if let Some(path) = &self.report {
            report.write(path)?;
        }
        match self.format {
            Format::Json => work::print(&report.lines())?,
            Format::Text if global.quiet => {}
            Format::Text => work::print(&text::done(&report, global.verbose))?,
        }
        ledger.close(&done)?;
        Ok(fatal(done, exit, global))
    }

    fn manner(&self, kept: Option<&kept::Kept>) -> Manner {
        let mut manner = self.how.manner();
        if let Some(kept) = kept {
            manner.terms = kept.terms(manner.terms);
        }
        manner
    }

    /// Reads the bundle, with new ids for lists and items if that is asked for.
    fn read(
        &self,
        global: &Global,
        target: ruleferry::schema::Target,
        seed: &str,
    ) -> anyhow::Result<Inventory> {
        let consumed = Arc::new(AtomicU64::new(0));
        let mut reading = global.reading(&consumed);
        // `-j` is about requests here.
        reading.jobs = 0;
        let progress = Progress::start(global.progress, self.input.size(), consumed);
        let sources = if self.as_new_list {
            kept::renamed(&self.input, &reading, seed)?
        } else {
            self.input.sources()
        };
        let bundle = Inventory::read(&reading, sources, target)?;
        drop(progress);
        Ok(bundle)
    }

    fn ledger(
        &self,
        kept: Option<&kept::Kept>,
        connected: &Connected,
        spaces: &[Space],
        manner: &Manner,
    ) -> anyhow::Result<ledger::Ledger> {
        if kept.is_some() && self.as_new_list {
            let message = "a kept plan is for the bundle as it is, so `--plan` and `--as-new-list` cannot be used together";
            return Err(Error::usage(message).into());
        }
        let run = ledger::Run {
            files: &self.input.files,
            report: self.report.as_deref(),
            journal: self.journal.as_deref(),
            resume: self.resume,
            is_dry: self.dry_run,
            url: connected.client.url(),
            spaces,
            terms: manner.terms,
            as_new_list: self.as_new_list,
        };
        Ok(ledger::Ledger::of(&run)?)
    }
}

impl Job<'_> {
    /// What it would do to each space.
    pub(crate) fn surveys(&self) -> Result<Vec<Survey>, Error> {
        let client = &self.connected.client;
        let survey = |space: &Space| Survey::of(client, space, self.bundle, self.manner.terms);
        several(self.spaces, self.jobs, survey)
            .into_iter()
            .collect()
    }

    /// How many records there are to settle.
    pub(crate) fn total(&self) -> u64 {
        (self.bundle.entries().len() * self.spaces.len()) as u64
    }

    fn run(&self, ledger: &ledger::Ledger, progress: &Progress) -> Vec<Done> {
        let gates = Gates::default();
        several(self.spaces, self.jobs, |space| {
            self.cross_into(space, &gates, ledger, progress)
        })
    }

    /// Imports into one of the spaces, or goes on with that.
    pub(crate) fn cross_into(
        &self,
        space: &Space,
        gates: &Gates,
        ledger: &ledger::Ledger,
        progress: &Progress,
    ) -> Done {
        let client = &self.connected.client;
        let log = ledger.log(progress);
        let lines = self.bundle.entries().len();
        let crossed = match ledger.before(space) {
            Some(before) if before.is_done => Crossed {
                parts: before.parts,
                told: before.into_told(lines),
                doubles: Vec::new(),
                gaps: Vec::new(),
                error: None,
            },
            before => cross(
                client,
                space,
                self.bundle,
                self.manner,
                gates,
                (&log, before),
            ),
        };
        let lines: Vec<u32> = crossed.doubles.iter().map(|(line, _)| *line).collect();
        let found = if lines.is_empty() {
            Ok(Vec::new())
        } else {
            doubles(client, space, self.bundle, &lines)
        };
        Done {
            space: space.clone(),
            doubles: found.unwrap_or_default(),
            crossed,
            removed: 0,
        }
    }

    /// Deletes the younger of what is there twice.
    pub(crate) fn remove_duplicates(&self, done: &mut [Done], yes: bool) -> Result<(), Error> {
        let count: usize = done
            .iter()
            .flat_map(|done| &done.doubles)
            .filter(|double| double.is_removable)
            .map(|double| double.objects.len() - 1)
            .sum();
        if count == 0 {
            return Ok(());
        }
        let question = format!("Delete {count} younger duplicates?");
        if !ask(&question, yes)? {
            write_text("duplicates are left as they are");
            return Ok(());
        }
        for done in done {
            let client = &self.connected.client;
            for double in &done.doubles {
                done.removed += remove_younger(client, &done.space, self.bundle, double)?;
            }
            done.doubles.retain(|double| !double.is_removable);
        }
        Ok(())
    }
}

/// How the run ends.
pub(crate) fn exit(done: &[Done]) -> Exit {
    let errors = || done.iter().filter_map(|done| done.crossed.error.as_ref());
    if errors().any(|error| matches!(error.kind(), ErrorKind::Interrupted)) {
        return Exit::Interrupted;
    }
    if let Some(denied) = errors()
        .map(|error| Exit::of(error.kind()))
        .find(|it| *it == Exit::Denied)
    {
        return denied;
    }
    let told = || {
        done.iter()
            .flat_map(|done| done.crossed.told.iter().flatten())
    };
    let is_whole = told().all(ruleferry::ops::import::Told::is_there)
        && done.iter().all(|done| done.doubles.is_empty());
    if errors().next().is_some() {
        let has_any = told().any(|told| told.part.is_some() && told.outcome.is_there());
        return if has_any { Exit::Part } else { Exit::Failed };
    }
    if is_whole { Exit::Done } else { Exit::Part }
}

/// Tells the errors that ended the import into a space; the last word of the run.
pub(crate) fn fatal(done: Vec<Done>, exit: Exit, global: &Global) -> Exit {
    for done in done {
        if let Some(error) = done.crossed.error {
            if matches!(error.kind(), ErrorKind::Interrupted) {
                continue;
            }
            write_text(&format!("space `{}`:", done.space));
            super::render::error(&error.into(), global.errors);
        }
    }
    exit
}
