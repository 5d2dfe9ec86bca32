//! `alerts`: another status for the alerts of chosen rules.

use std::collections::HashSet;

use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use ruleferry::error::{Error, Location, Result};
use ruleferry::ops::alerts::{Change, Status, Tally, matching};
use ruleferry::ops::resolve::Resolved;
use ruleferry::ops::{self};
use ruleferry::query::Query;
use ruleferry::schema;
use serde_json::json;

use super::ask::{ask, declined};
use super::connection::{Connected, Connection, Target};
use super::exit::Exit;
use super::notes::write_text;
use super::told::{count, some_of};
use super::{Format, Global, render, work};

const NOTES: &str = "The alerts of a rule are those that carry its `rule_id`, whichever rule of that id made them, and of those the ones \
that do not have the status yet. It counts them and asks, unless `--yes` is given; `--dry-run` only counts. An alert that somebody \
changes at the same time stays as it is and is told of (exit 3): ask again. What is lost on the way is asked again by itself, since \
setting a status twice is setting it once.

`--only` is matched here, against the rules of the space. A `rule_id` that no rule of the space has is told of; alerts that carry it \
count all the same.

Example: ruleferry alerts --to prod/soc --status closed --only 'tags:migrated' --dry-run";

/// The first version that keeps why an alert was closed; older ones drop it without a word (elastic/kibana#226590).
const FIRST_WITH_REASON: schema::Target = schema::Target::version(9, 2);

/// The verb.
#[derive(Debug, Args)]
#[command(after_help = NOTES)]
pub(crate) struct Alerts {
    /// The status that the alerts get.
    #[arg(long, value_name = "STATUS")]
    status: Status,
    #[command(flatten)]
    which: Which,
    /// Why they are closed, as in `false_positive` or `duplicate`; Kibana keeps it since 9.2.
    #[arg(long, value_name = "REASON", value_parser = NonEmptyStringValueParser::new())]
    reason: Option<String>,
    /// Only counts the alerts.
    #[arg(long)]
    dry_run: bool,
    /// Does it without asking.
    #[arg(long)]
    yes: bool,
    /// Where, as in `prod/soc`; without it, what flags, variables and `--profile` say.
    #[arg(long = "to", value_name = "TARGET", help_heading = "Connection")]
    to: Option<Target>,
    #[command(flatten)]
    connection: Connection,
    /// How the report is written: as a line to stderr, or as one JSON document to standard output.
    #[arg(
        long,
        value_name = "FORMAT",
        default_value = "text",
        hide_default_value = true,
        help_heading = "Output"
    )]
    format: Format,
}

/// The rules whose alerts are meant.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Which {
    /// A rule whose alerts are meant; may be given again.
    #[arg(
        long = "rule-id",
        value_name = "ID",
        value_parser = NonEmptyStringValueParser::new(),
        help_heading = "Which rules"
    )]
    rule_ids: Vec<String>,
    /// The rules whose alerts are meant. See `ruleferry help query`.
    #[arg(long, value_name = "KQL", help_heading = "Which rules")]
    only: Option<String>,
}

/// What is told of a run.
struct Told<'t> {
    verb: &'t Alerts,
    global: &'t Global,
    space: &'t str,
    place: String,
    rules: u64,
}

impl Alerts {
    /// Runs the verb.
    pub(crate) fn run(&self, global: &Global) -> anyhow::Result<Exit> {
        if self.reason.is_some() && self.status != Status::Closed {
            return Err(Error::usage(format!(
                "`--reason` is for alerts that are closed, found `{}`",
                self.status.name()
            ))
            .into());
        }
        let query = self.query()?;
        let connected = self.connection.connect_at(self.to.as_ref(), global)?;
        let space = connected.space()?;
        if self.reason.is_some() {
            knows_reasons(&connected)?;
        }
        let client = &connected.client;
        let rule_ids = match &query {
            Some(query) => matching(client, &space, query)?,
            None => {
                let mut seen = HashSet::new();
                let rule_ids = self.which.rule_ids.iter();
                let rule_ids: Vec<String> =
                    rule_ids.filter(|id| seen.insert(*id)).cloned().collect();
                missing(&Resolved::of(client, &space, &rule_ids)?, global);
                rule_ids
            }
        };
        let told = Told {
            verb: self,
            global,
            space: space.as_str(),
            place: format!("space `{space}` of `{connected}`"),
            rules: rule_ids.len() as u64,
        };
        let change = Change {
            client,
            space: &space,
            status: self.status,
            reason: self.reason.as_deref(),
        };
        if self.yes && !self.dry_run {
            global.interrupt.be_careful();
            return Ok(told.done(change.run(&rule_ids))?);
        }
        let alerts = change.count(&rule_ids)?;
        if self.dry_run || alerts == 0 {
            told.counted(alerts)?;
            return Ok(Exit::Done);
        }
        let question = format!(
            "{} {} of {} in {}?",
            verb(self.status),
            count(alerts, "alert"),
            count(told.rules, "rule"),
            told.place
        );
        if !ask(&question, false)? {
            return Ok(declined());
        }
        global.interrupt.be_careful();
        Ok(told.done(change.run(&rule_ids))?)
    }

    /// The query, read.
    fn query(&self) -> Result<Option<Query>> {
        let in_flag = |error: Error| {
            error.at(Location {
                file: "--only".into(),
                ..Location::default()
            })
        };
        let query = self.which.only.as_deref().map(str::parse);
        query.transpose().map_err(in_flag)
    }
}

/// How a question begins.
fn verb(status: Status) -> &'static str {
    match status {
        Status::Open => "Open",
        Status::Acknowledged => "Acknowledge",
        Status::Closed => "Close",
    }
}

/// What became of alerts.
fn done(status: Status) -> &'static str {
    match status {
        Status::Open => "opened",
        Status::Acknowledged => "acknowledged",
        Status::Closed => "closed",
    }
}

fn knows_reasons(connected: &Connected) -> Result<()> {
    let target = ops::Status::of(&connected.client)?.target();
    match target.filter(|target| *target < FIRST_WITH_REASON) {
        Some(target) => Err(Error::out_of_reach(format!(
            "Kibana {target} keeps no reason for closing an alert, and would drop it; leave out `--reason`"
        ))),
        None => Ok(()),
    }
}

/// Tells of `rule_id`s that no rule of the space has.
fn missing(resolved: &Resolved, global: &Global) {
    let missing = &resolved.missing;
    if missing.is_empty() {
        return;
    }
    let message = format!(
        "no rule of the space has {}: {}",
        match missing.len() {
            1 => "this `rule_id`",
            _ => "these `rule_id`s",
        },
        some_of(missing.iter().map(String::as_str), global.verbose)
    );
    render::warning(&Error::refused(message), global.errors);
}

impl Told<'_> {
    /// Says how many alerts there are.
    fn counted(&self, alerts: u64) -> Result<()> {
        if self.verb.format == Format::Json {
            let report = json!({
                "schema_version": 1,
                "space": self.space,
                "status": self.verb.status.name(),
                "dry_run": self.verb.dry_run,
                "rules": self.rules,
                "alerts": alerts,
                "exit": 0,
            });
            return work::print(&format!("{report}\n"));
        }
        if !self.global.quiet {
            write_text(&format!(
                "{} of {} in {} would be {}",
                count(alerts, "alert"),
                count(self.rules, "rule"),
                self.place,
                done(self.verb.status)
            ));
        }
        Ok(())
    }

    /// Says what was done, and how the run ends.
    fn done(&self, mut tally: Tally) -> Result<Exit> {
        if tally.answered == 0
            && let Some(error) = tally.refusal.take()
        {
            return Err(error);
        }
        let is_complete = tally.version_conflicts == 0
            && tally.failures.is_empty()
            && tally.unknown.is_none()
            && tally.refusal.is_none();
        let exit = match is_complete {
            true => Exit::Done,
            false if self.global.interrupt.is_asked() => Exit::Interrupted,
            false => Exit::Part,
        };
        self.warn(&tally);
        if self.verb.format == Format::Json {
            let report = json!({
                "schema_version": 1,
                "space": self.space,
                "status": self.verb.status.name(),
                "dry_run": false,
                "rules": self.rules,
                "updated": tally.updated,
                "version_conflicts": tally.version_conflicts,
                "failures": tally.failures,
                "sent_again": tally.again,
                "unknown": tally.unknown.as_ref().map(ToString::to_string),
                "refusal": tally.refusal.as_ref().map(ToString::to_string),
                "exit": exit.code(),
            });
            work::print(&format!("{report}\n"))?;
        } else if !self.global.quiet {
            if tally.again > 0 {
                write_text(
                    "note: an answer was lost and its request sent again; counts are those of the last time",
                );
            }
            write_text(&self.summary(&tally));
        }
        Ok(exit)
    }

    fn warn(&self, tally: &Tally) {
        let warn = |message: String| {
            render::warning(&Error::refused(message), self.global.errors);
        };
        if let Some(error) = &tally.unknown {
            warn(format!(
                "nobody knows whether this was done: {error}; ask again once the server answers"
            ));
        }
        if let Some(error) = &tally.refusal {
            warn(format!("nothing more was sent: {error}"));
        }
        if let Some(first) = tally.failures.first() {
            warn(format!(
                "{}, the first: {first}",
                count(tally.failures.len() as u64, "failure")
            ));
        }
    }

    /// As in "12 alerts of 3 rules closed in space `soc` of `prod`, 1 changed meanwhile".
    fn summary(&self, tally: &Tally) -> String {
        let mut line = format!(
            "{} of {} {} in {}",
            count(tally.updated, "alert"),
            count(self.rules, "rule"),
            done(self.verb.status),
            self.place
        );
        if tally.version_conflicts > 0 {
            line += &format!(
                ", {} changed meanwhile and left alone: ask again",
                tally.version_conflicts
            );
        }
        if !tally.failures.is_empty() {
            line += &format!(", {} failed", tally.failures.len());
        }
        if tally.unknown.is_some() {
            line += "; of some nobody knows";
        }
        line
    }
}
