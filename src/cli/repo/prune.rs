//! `prune`: which snapshots go, and with them what nobody needs any more?

use anstyle::Style;
use clap::Args;
use ruleferry::error::Result;
use ruleferry::repo::{Entry, Pruning, Reason, Removed};
use serde_json::{Value, json};

use super::super::ask::{ask, declined};
use super::super::exit::Exit;
use super::super::notes::write_text;
use super::super::{Format, Global, table, work};
use super::keep::Keeping;
use super::{Repo, count, size};

const NOTES: &str = "\
It is decided for each space of each source by itself; a snapshot stays if it stays for one of the spaces it holds, so a run over \
few spaces never displaces one over all. Of a day, a week or a month (all UTC) that one stays in which the space is whole, if there is one. \
The newest snapshot in which a space is whole always stays, whatever the flags say.

What stays shares content with what goes; only what nobody needs any more is removed. A run that is cut off does no harm: what \
stays is whole at any point, and the next `backup` or `prune` clears away the rest.

Example: ruleferry prune --repo /backups/kibana --keep-daily 7 --keep-weekly 4 --keep-monthly 12 --yes";

/// The verb.
#[derive(Debug, Args)]
#[command(after_help = NOTES)]
pub(crate) struct Prune {
    #[command(flatten)]
    repo: Repo,
    #[command(flatten)]
    keeping: Keeping,
    /// Says what would go, and removes nothing.
    #[arg(long, help_heading = None::<&'static str>)]
    dry_run: bool,
    /// Asks nothing.
    #[arg(long, help_heading = None::<&'static str>)]
    yes: bool,
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

impl Prune {
    /// Runs the verb.
    pub(crate) fn run(&self, global: &Global) -> anyhow::Result<Exit> {
        let keep = self.keeping.required()?;
        let repository = self.repo.open()?;
        if self.dry_run {
            let pruning = repository.pruning(&keep)?;
            self.tell(&pruning, None, global)?;
            return Ok(Exit::Done);
        }
        let mut writer = repository.writer()?;
        let pruning = writer.pruning(&keep)?;
        let going = pruning.going();
        if going.is_empty() {
            // What nobody needs goes all the same: it is there where a snapshot was removed by hand.
            let removed = writer.remove(&going)?;
            self.tell(&pruning, Some(removed), global)?;
            return Ok(Exit::Done);
        }
        if !self.yes && self.format == Format::Text {
            work::print(&text(&pruning))?;
        }
        let question = format!(
            "Remove {} of `{}` for good?",
            count(going.len() as u64, "snapshot", "snapshots"),
            repository.path().display()
        );
        if !ask(&question, self.yes)? {
            return Ok(declined());
        }
        let removed = writer.remove(&going)?;
        if self.yes || self.format == Format::Json {
            self.tell(&pruning, Some(removed), global)?;
        } else if !global.quiet {
            write_text(&done(removed));
        }
        Ok(Exit::Done)
    }

    fn tell(&self, pruning: &Pruning, removed: Option<Removed>, global: &Global) -> Result<()> {
        if self.format == Format::Json {
            return work::print(&format!("{}\n", as_json(pruning, removed)));
        }
        work::print(&text(pruning))?;
        if !global.quiet {
            write_text(&match removed {
                Some(removed) => done(removed),
                None => format!(
                    "{} would be removed, and {} freed",
                    count(pruning.going().len() as u64, "snapshot", "snapshots"),
                    size(pruning.frees)
                ),
            });
        }
        Ok(())
    }
}

/// What a removal did, in words.
pub(in crate::cli) fn done(removed: Removed) -> String {
    if removed.snapshots + removed.objects == 0 {
        return "every snapshot stays; nothing is removed".into();
    }
    format!(
        "{} removed, with {} of {}",
        count(removed.snapshots, "snapshot", "snapshots"),
        count(removed.objects, "object", "objects"),
        size(removed.bytes)
    )
}

/// A row a snapshot: whether it stays, and why.
fn text(pruning: &Pruning) -> String {
    let heading = if table::has_colours() {
        table::HEADING
    } else {
        Style::new()
    };
    let row = |cells: [&str; 4]| {
        let widths = [12, 20, 6, table::last(cells[3], 44, 12)];
        let cells: Vec<(&str, usize)> = cells.into_iter().zip(widths).collect();
        table::row(&cells)
    };
    let mut text = format!(
        "{heading}{}{heading:#}\n",
        row(["snapshot", "begun", "", "why"])
    );
    for (entry, reasons) in &pruning.snapshots {
        let fate = if reasons.is_empty() { "goes" } else { "stays" };
        let cells = [&*entry.id(), &entry.began.to_string(), fate, &why(reasons)];
        text += &format!("{}\n", row(cells));
    }
    text
}

fn why(reasons: &[Reason]) -> String {
    let words: Vec<String> = reasons.iter().map(Reason::to_string).collect();
    words.join(", ")
}

fn as_json(pruning: &Pruning, removed: Option<Removed>) -> Value {
    let snapshot = |(entry, reasons): &(Entry, Vec<Reason>)| {
        json!({
            "snapshot": entry.id(),
            "name": entry.name(),
            "began": entry.began,
            "stays": !reasons.is_empty(),
            "why": reasons.iter().map(Reason::to_string).collect::<Vec<_>>(),
        })
    };
    let snapshots: Vec<Value> = pruning.snapshots.iter().map(snapshot).collect();
    let removed = removed.map(|removed| {
        json!({"snapshots": removed.snapshots, "objects": removed.objects, "bytes": removed.bytes})
    });
    json!({
        "schema_version": 1,
        "snapshots": snapshots,
        "frees": pruning.frees,
        "removed": removed,
    })
}
