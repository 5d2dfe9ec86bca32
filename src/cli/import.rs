//! `import`: brings a bundle into spaces of a Kibana, and tells what became of each record.

mod how;
pub(crate) mod job;
mod kept;
pub(crate) mod ledger;
pub(crate) mod report;
pub(crate) mod text;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use clap::Args;
use ruleferry::error::Error;
use ruleferry::kibana::{Retry, Space};
use ruleferry::ops::import::{Inventory, Manner};

use self::job::{Done, Job};
use self::report::Report;
use super::ask::{ask, declined};
use super::connection::{Connected, Connection, Target};
use super::exit::Exit;
use super::input::Input;
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

impl Import {
    /// Runs the verb.
    pub(crate) fn run(&self, global: &Global) -> anyhow::Result<Exit> {
        self.check()?;
        let kept = self.plan.as_deref().map(kept::Kept::read).transpose()?;
        let connected = match &self.to {
            Some(target) => self.connection.connect_to(target, Retry::default(), global),
            None => self.connection.connect(Retry::default(), global),
        }?;
        let spaces = connected.chosen()?;
        let target = connected.version()?;
        plan::check_version(target)?;
        let manner = self.manner(kept.as_ref())?;
        let mut ledger = self.ledger(&connected, &spaces, &manner)?;
        let bundle = self.read(global, target, ledger.seed())?;
        let job = Job {
            connected: &connected,
            spaces: &spaces,
            bundle: &bundle,
            manner,
            jobs: if global.jobs == 0 { 4 } else { global.jobs },
            warns: self.yes && !global.quiet,
        };
        if let Some(kept) = &kept {
            kept.check(&job, &self.input.files)?;
        }
        // A run that goes on moved the space itself.
        let check_space = || match &kept {
            Some(kept) if !self.resume => kept.check_space(&job),
            _ => Ok(()),
        };
        check_space()?;
        if self.dry_run {
            return self.show(&job, global);
        }
        if !self.yes {
            let surveys = job.surveys()?;
            anstream::eprint!("{}", text::surveys(&job, &surveys, global.verbose, false));
            if !ask(&text::question(&job, &surveys), false)? {
                return Ok(declined());
            }
            // The space may have moved while the question stood.
            check_space()?;
        }
        global.interrupt.be_careful();
        ledger.open()?;
        let progress = Progress::parts(global.progress, job.total());
        let mut done = job.run(&ledger, &progress);
        drop(progress);
        if self.how.remove_duplicates && !global.interrupt.is_asked() {
            job.remove_duplicates(&mut done, self.yes)?;
        }
        let exit = job::exit(&done);
        let report = Report {
            job: &job,
            done: &done,
            exit,
            target: None,
            is_dry: false,
        };
        self.tell(&report, text::done, global)?;
        let is_done = done.iter().all(|done| done.crossed.error.is_none());
        let exit = job::fatal(done, exit, global);
        ledger.close(is_done)?;
        Ok(exit)
    }

    /// Tells what would be done, and does not do it.
    fn show(&self, job: &Job<'_>, global: &Global) -> anyhow::Result<Exit> {
        let surveys = job.surveys()?;
        let done: Vec<Done> = job
            .spaces
            .iter()
            .zip(&surveys)
            .map(|(space, survey)| Done::planned(job, space, survey))
            .collect();
        let report = Report {
            job,
            done: &done,
            exit: Exit::Done,
            target: None,
            is_dry: true,
        };
        let text = |_: &Report<'_>, names_all| text::surveys(job, &surveys, names_all, true);
        self.tell(&report, text, global)?;
        Ok(Exit::Done)
    }

    /// Writes the report, and prints it or the text. Nobody to read it is no reason to leave the journal behind.
    fn tell(
        &self,
        report: &Report<'_>,
        text: impl FnOnce(&Report<'_>, bool) -> String,
        global: &Global,
    ) -> anyhow::Result<()> {
        if let Some(path) = &self.report {
            report.write(path)?;
        }
        let printed = match self.format {
            Format::Json => report
                .write_to(&mut std::io::stdout().lock())
                .map_err(|source| Error::io("writing the output", source)),
            Format::Text if global.quiet => Ok(()),
            Format::Text => work::print(&text(report, global.verbose)),
        };
        match printed {
            Err(error) if super::render::is_closed_pipe(&error) => Ok(()),
            result => Ok(result?),
        }
    }

    /// Fails where flags make no sense together.
    fn check(&self) -> Result<(), Error> {
        if self.plan.is_some() {
            let message = if self.as_new_list {
                "a kept plan is for the bundle as it is, so `--plan` and `--as-new-list` cannot be used together"
            } else if self.input.reads_stdin() {
                "`--plan` needs FILEs: standard input cannot be compared with what was planned"
            } else {
                ""
            };
            if !message.is_empty() {
                return Err(Error::usage(message));
            }
        }
        // Neither report nor journal may be a file that is read or written already.
        let beside = [
            ("--report", self.report.as_deref()),
            ("--journal", self.journal.as_deref()),
        ];
        work::check_paths(&beside, &self.input.files, self.plan.as_deref())
    }

    fn manner(&self, kept: Option<&kept::Kept>) -> Result<Manner, Error> {
        let mut manner = self.how.manner();
        if let Some(kept) = kept {
            manner.terms = kept.terms(manner.terms)?;
        }
        Ok(manner)
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
        connected: &Connected,
        spaces: &[Space],
        manner: &Manner,
    ) -> anyhow::Result<ledger::Ledger> {
        let run = ledger::Run {
            input: &self.input,
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
