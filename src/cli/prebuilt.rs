//! `prebuilt`: Elastic's own rules in a live space.

use clap::{Args, Subcommand};
use ruleferry::error::{Error, Result};
use ruleferry::kibana::Space;
use ruleferry::ops::prebuilt::{Counts, Installed, install};
use ruleferry::ops::settle::Settled;
use serde_json::json;

use super::ask::{ask, declined};
use super::connection::{Connected, Connection, Target};
use super::exit::Exit;
use super::told::count;
use super::{Format, Global, render, work};

const NOTES: &str = "`install` installs every rule and timeline that Elastic ships and the space lacks, and updates every one that is \
old: the route behind it knows no choosing. It says how many those are and asks, unless `--yes` is given. The server may first fetch \
a newer package, so that it can be more. It is sent once; if the answer is lost, the counts are read again, and if they still show \
something to do the exit code is 3.

The routes are there in all versions, and on serverless, where Elastic does not document the one that installs.

Example: ruleferry prebuilt status prod/soc";

/// The verb.
#[derive(Debug, Args)]
#[command(after_help = NOTES)]
pub(crate) struct Prebuilt {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Counts Elastic's own rules: installed, not installed, not up to date.
    Status(Status),
    /// Installs and updates all of Elastic's own rules.
    Install(Install),
}

#[derive(Debug, Args)]
struct Status {
    #[command(flatten)]
    there: Where,
}

#[derive(Debug, Args)]
struct Install {
    /// Does it without asking.
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    there: Where,
}

/// Where it is done, and how it is told.
#[derive(Debug, Args)]
struct Where {
    /// A target, as in `prod/soc`; without it, what flags, variables and `--profile` say.
    #[arg(value_name = "TARGET")]
    target: Option<Target>,
    #[command(flatten)]
    connection: Connection,
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

/// What an installation came to.
struct Told {
    before: Counts,
    after: Counts,
    installed: Option<Installed>,
    exit: Exit,
}

impl Prebuilt {
    /// Runs the verb.
    pub(crate) fn run(&self, global: &Global) -> anyhow::Result<Exit> {
        let there = match &self.verb {
            Verb::Status(status) => &status.there,
            Verb::Install(install) => &install.there,
        };
        let connected = there.connection.connect_at(there.target.as_ref(), global)?;
        let space = connected.space()?;
        let before = Counts::of(&connected.client, &space)?;
        let place = format!("space `{space}` of `{connected}`");
        match &self.verb {
            Verb::Status(_) => {
                let text = match there.format {
                    Format::Text => format!("{place}\n{}", table(&before)),
                    Format::Json => {
                        let report = json!({
                            "schema_version": 1,
                            "space": space.as_str(),
                            "status": before,
                        });
                        format!("{report}\n")
                    }
                };
                work::print(&text)?;
                Ok(Exit::Done)
            }
            Verb::Install(verb) => {
                if !verb.yes && !ask(&question(&before, &place), false)? {
                    return Ok(declined());
                }
                global.interrupt.be_careful();
                let told = Told::of(&connected, &space, before, global)?;
                told.print(&space, &place, there.format)?;
                Ok(told.exit)
            }
        }
    }
}

/// What is to be done, as a question.
fn question(before: &Counts, place: &str) -> String {
    let Counts {
        rules_not_installed: new,
        rules_not_updated: old,
        timelines_not_installed: new_timelines,
        timelines_not_updated: old_timelines,
        ..
    } = *before;
    let timelines = match new_timelines + old_timelines {
        0 => String::new(),
        _ => format!(", install {new_timelines} and update {old_timelines} timelines"),
    };
    format!(
        "Install {new} and update {old} of Elastic's rules{timelines}, all there are, in {place}?"
    )
}

/// The counts in words, a line for rules and one for timelines.
fn table(counts: &Counts) -> String {
    format!(
        "  Elastic's rules: {} installed, {} not installed, {} not up to date; {}\n  timelines: {} installed, {} not installed, {} not up to date\n",
        counts.rules_installed,
        counts.rules_not_installed,
        counts.rules_not_updated,
        count(counts.rules_custom_installed, "custom rule"),
        counts.timelines_installed,
        counts.timelines_not_installed,
        counts.timelines_not_updated,
    )
}

impl Told {
    /// Has everything installed, and counts again.
    fn of(connected: &Connected, space: &Space, before: Counts, global: &Global) -> Result<Self> {
        let client = &connected.client;
        let (installed, lost) = match install(client, space).settled {
            Settled::Answered(installed) => (Some(installed), None),
            Settled::Refused(error) => return Err(error),
            Settled::Unknown(error) => (None, Some(error)),
        };
        let after = match (Counts::of(client, space), &lost) {
            (Ok(after), _) => after,
            (Err(error), None) => return Err(error),
            (Err(error), Some(lost)) => {
                return Err(Error::out_of_reach(format!(
                    "nobody knows whether the rules were installed: {lost}; then {error}; look with `ruleferry prebuilt status`"
                )));
            }
        };
        // Where there is none at all, the server may not have fetched them yet.
        let is_there = after.is_complete() && (lost.is_none() || after.rules_installed > 0);
        if let Some(lost) = lost {
            let what = if is_there {
                "nothing is missing now"
            } else {
                "it may be under way yet, or not have begun; look again with `ruleferry prebuilt status`"
            };
            render::warning(&Error::refused(format!("{lost}; {what}")), global.errors);
        }
        let exit = if is_there { Exit::Done } else { Exit::Part };
        Ok(Self {
            before,
            after,
            installed,
            exit,
        })
    }

    fn print(&self, space: &Space, place: &str, format: Format) -> Result<()> {
        let text = match format {
            Format::Json => {
                let report = json!({
                    "schema_version": 1,
                    "space": space.as_str(),
                    "before": self.before,
                    "after": self.after,
                    "answer": self.installed,
                    "exit": self.exit.code(),
                });
                format!("{report}\n")
            }
            Format::Text => {
                let done = match self.installed {
                    Some(installed) => format!(
                        "{} installed, {} updated; {} installed, {} updated",
                        count(installed.rules_installed, "rule"),
                        installed.rules_updated,
                        count(installed.timelines_installed, "timeline"),
                        installed.timelines_updated
                    ),
                    None => "the answer is lost".into(),
                };
                format!(
                    "{place}: {done}\nbefore\n{}after\n{}",
                    table(&self.before),
                    table(&self.after)
                )
            }
        };
        work::print(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_question_says_how_much_it_is() {
        let mut counts = Counts {
            rules_not_installed: 12,
            rules_not_updated: 3,
            ..Counts::default()
        };
        assert_eq!(
            question(&counts, "space `soc` of `prod`"),
            "Install 12 and update 3 of Elastic's rules, all there are, in space `soc` of `prod`?"
        );
        counts.timelines_not_updated = 1;
        assert!(question(&counts, "x").contains("install 0 and update 1 timelines"));
    }
}
