//! `patch --to`: partial rules to a live space, one request each.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use ruleferry::bulk::Failure;
use ruleferry::bulk::patch::{Fault, Request};
use ruleferry::error::{Error, ErrorKind, Result};
use ruleferry::kibana::Space;
use ruleferry::ops::patch::{Done, Outcome, Patcher};
use serde_json::{Value, json};

use crate::cli::ask::{ask, declined};
use crate::cli::connection::{Connection, Target};
use crate::cli::exit::Exit;
use crate::cli::notes::write_text;
use crate::cli::request::{RequestFile, warn_of_dropped};
use crate::cli::told::count;
use crate::cli::{Global, render, work};

/// How many requests are in flight unless it is said.
const JOBS: usize = 4;

/// The flags of a live run.
#[derive(Debug, Args)]
#[command(next_help_heading = "A live space")]
pub(super) struct Flags {
    /// Patches the rules of this space, as in `prod/soc`, and no file.
    #[arg(long = "to", value_name = "TARGET")]
    to: Option<Target>,
    /// Says of each partial rule whether its rule is there and what would change; changes nothing.
    #[arg(long)]
    dry_run: bool,
    /// Does it without asking.
    #[arg(long)]
    yes: bool,
    /// Writes one JSON line a partial rule, as it is done, and a summary line; `-` is standard output.
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    #[command(flatten)]
    connection: Connection,
}

/// What is told as partial rules are done.
struct Told<'t> {
    global: &'t Global,
    request: &'t Request<'t>,
    /// The request's file.
    name: &'t str,
    space: &'t Space,
    report: Option<Report>,
    dry_run: bool,
    counts: BTreeMap<Outcome, u64>,
    again: u64,
    ends: Option<Error>,
}

/// Where report lines go.
enum Report {
    Stdout,
    /// Written as it comes, and not by a rename at the end: what was done to a server must be on record however the run ends.
    File(File, PathBuf),
}

impl Flags {
    /// Whether a live space is meant.
    pub(super) fn is_live(&self) -> bool {
        self.to.is_some() || self.connection.names_one()
    }

    /// Refuses flags of a live run where there is none.
    pub(super) fn check_unused(&self) -> Result<()> {
        let given = [
            (self.dry_run, "--dry-run"),
            (self.yes, "--yes"),
            (self.report.is_some(), "--report"),
            (self.connection != Connection::default(), "--space"),
        ];
        let given = given.into_iter().find(|(is_given, _)| *is_given);
        match given {
            Some((_, flag)) => Err(Error::usage(format!(
                "`{flag}` is for a live space, which `--to`, `--url` or `--profile` names"
            ))),
            None => Ok(()),
        }
    }

    /// Sends the partial rules.
    pub(super) fn run(&self, file: &RequestFile, global: &Global) -> Result<Exit> {
        let (name, text) = (file.name(), file.text()?);
        let request = Request::parse(&text).map_err(|error| error.in_file(&name))?;
        let request = request.one_by_one();
        warn_of_dropped(global, &request.dropped, &name);
        let connected = self.connection.connect_at(self.to.as_ref(), global)?;
        let space = connected.space()?;
        let elements = request.elements.len() as u64;
        let place = format!("space `{space}` of `{connected}`");
        let question = format!("Send {} to {place}?", count(elements, "partial rule"));
        if elements > 0 && !self.dry_run && !ask(&question, self.yes)? {
            return Ok(declined());
        }
        let patcher = Patcher {
            client: &connected.client,
            space: &space,
            request: &request,
            jobs: if global.jobs == 0 { JOBS } else { global.jobs },
        };
        let mut told = Told {
            global,
            request: &request,
            name: &name,
            space: &space,
            report: self.report.as_deref().map(Report::open).transpose()?,
            dry_run: self.dry_run,
            counts: BTreeMap::new(),
            again: 0,
            ends: None,
        };
        let mut sink = |done| told.take(done);
        if self.dry_run {
            patcher.dry_run(&mut sink)?;
        } else {
            global.interrupt.be_careful();
            patcher.run(&mut sink)?;
        }
        told.finish(&place)
    }
}

impl Report {
    fn open(path: &Path) -> Result<Self> {
        if path.as_os_str() == "-" {
            return Ok(Self::Stdout);
        }
        let writing = |source| Error::io(format!("writing `{}`", path.display()), source);
        let file = File::create(path).map_err(writing)?;
        Ok(Self::File(file, path.to_owned()))
    }

    fn write(&mut self, line: &Value) -> Result<()> {
        let line = format!("{line}\n");
        match self {
            Self::Stdout => work::print(&line),
            Self::File(file, path) => file
                .write_all(line.as_bytes())
                .map_err(|source| Error::io(format!("writing `{}`", path.display()), source)),
        }
    }
}

impl Told<'_> {
    fn take(&mut self, done: Done) -> Result<()> {
        *self.counts.entry(done.outcome).or_default() += 1;
        self.again += u64::from(done.again);
        if let Some(report) = &mut self.report {
            let element = &self.request.elements[done.element];
            report.write(&json!({
                "schema_version": 1,
                "element": done.element,
                "id": element.id(),
                "rule_id": element.rule_id(),
                "space": self.space.as_str(),
                "outcome": done.outcome.name(),
                "status": done.status,
                "message": done.message,
                "changes": done.changes,
            }))?;
        }
        if done.outcome.is_good() {
            self.good(&done)?;
        } else if done.outcome != Outcome::NotSent || done.message.is_some() {
            render::warning(&self.error(&done), self.global.errors);
        }
        if self.ends.is_none() {
            self.ends = done.ends;
        }
        Ok(())
    }

    /// Says what a dry run found, as data unless the report is.
    fn good(&self, done: &Done) -> Result<()> {
        let Some(changes) = &done.changes else {
            return Ok(());
        };
        if matches!(self.report, Some(Report::Stdout)) {
            return Ok(());
        }
        let what = if changes.is_empty() {
            "has it already".to_owned()
        } else {
            let names: Vec<String> = changes.iter().map(|name| format!("`{name}`")).collect();
            format!("would change {}", names.join(", "))
        };
        work::print(&format!("{}: {what}\n", self.label(done.element)))
    }

    /// As in "rule `acme-1`".
    fn label(&self, element: usize) -> String {
        let element = &self.request.elements[element];
        match element.rule_id().or(element.id()) {
            Some(id) => format!("rule `{id}`"),
            None => "a rule without id".into(),
        }
    }

    /// What went wrong with an element, at its place in the request.
    fn error(&self, done: &Done) -> Error {
        let mut message = done.message.clone().unwrap_or_default();
        if done.outcome == Outcome::Unknown {
            message = format!("nobody knows whether this was done: {message}");
        }
        let fault = Fault {
            failure: Failure {
                message: message.into(),
                status: done.status.unwrap_or_default(),
                code: None,
            },
            way: Vec::new(),
        };
        let label = self.label(done.element);
        self.request
            .error(done.element, &fault, self.name, Some(&label))
    }

    /// Says what came of it all, and how the run ends.
    fn finish(mut self, place: &str) -> Result<Exit> {
        let has = |outcome| self.counts.get(&outcome).copied().unwrap_or(0);
        let all: u64 = self.counts.values().sum();
        let good = has(Outcome::Patched) + has(Outcome::Ready);
        let exit = match &self.ends {
            _ if good == all => Exit::Done,
            _ if self.global.interrupt.is_asked() => Exit::Interrupted,
            Some(error) if good == 0 && has(Outcome::Unknown) == 0 => Exit::of(error.kind()),
            _ => Exit::Part,
        };
        if let Some(report) = &mut self.report {
            let counts: serde_json::Map<String, Value> = Outcome::ALL
                .into_iter()
                .map(|outcome| {
                    let count = self.counts.get(&outcome).copied().unwrap_or(0);
                    (outcome.name().to_owned(), count.into())
                })
                .collect();
            report.write(&json!({
                "schema_version": 1,
                "summary": counts,
                "dry_run": self.dry_run,
                "sent_again": self.again,
                "exit": exit.code(),
            }))?;
        }
        if !self.global.quiet {
            self.summarize(place);
        }
        Ok(exit)
    }

    fn summarize(&self, place: &str) {
        if self.again > 0 {
            write_text(&format!(
                "note: sent again because an answer was lost, so that `revision` may have moved on twice: {}",
                self.again
            ));
        }
        if let Some(ErrorKind::Status {
            status: 401 | 403, ..
        }) = self.ends.as_ref().map(Error::kind)
        {
            write_text("note: the credentials are refused, so nothing more was sent");
        }
        let words = |outcome| match outcome {
            Outcome::Patched => "patched",
            Outcome::Ready => "ready to be sent",
            Outcome::Refused => "refused",
            Outcome::Failed => "failed",
            Outcome::Unknown => "of which nobody knows",
            Outcome::NotSent => "not sent",
        };
        let parts: Vec<String> = Outcome::ALL
            .into_iter()
            .filter_map(|outcome| {
                let count = self.counts.get(&outcome)?;
                Some(format!("{count} {}", words(outcome)))
            })
            .collect();
        let all: u64 = self.counts.values().sum();
        let parts = if parts.is_empty() {
            "nothing to do".to_owned()
        } else {
            parts.join(", ")
        };
        write_text(&format!(
            "{} for {place}: {parts}",
            count(all, "partial rule")
        ));
    }
}
