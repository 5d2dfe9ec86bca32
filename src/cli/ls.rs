//! `ls`: what is in a file, one row a record.

mod rows;

use std::collections::HashSet;
use std::io::IsTerminal;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Arg, Args};
use ruleferry::error::Error;
use ruleferry::pipeline::scan;
use ruleferry::query::Query;
use ruleferry::record::{Kind, Record};

use super::Global;
use super::exit::Exit;
use super::input::{AnyInput, Opened, ended};
use super::progress::{Progress, Show};
use super::selection::Selection;
use super::unreadable::Unreadable;
use rows::{Out, Row, Rows};

const NOTES: &str = "\
In the table, `conn` is a connector or another saved object, `sev` the severity, `on` whether a rule is enabled, and an \
item's type is the list it belongs to. What does not fit is cut; JSON and CSV have all of it.

A line that cannot be read is named on stderr; the others are shown, and the exit code is 3.";

/// The verb.
#[derive(Debug, Args)]
#[command(
    mut_args(reworded),
    after_help = NOTES
)]
pub(crate) struct Ls {
    #[command(flatten)]
    input: AnyInput,
    /// Shows only records of this kind; may be given again.
    #[arg(long = "kind", value_name = "KIND", value_parser = kinds(), help_heading = "Which records")]
    kinds: Vec<Kind>,
    #[command(flatten)]
    selection: Selection,
    /// How rows are written: a table cut to the terminal, JSON lines, or CSV with a header.
    #[arg(
        long,
        value_name = "FORMAT",
        default_value = "text",
        hide_default_value = true,
        help_heading = "Output"
    )]
    format: Rows,
}

/// Says of the arguments that choose rules what they do here.
fn reworded(arg: Arg) -> Arg {
    match arg.get_id().as_str() {
        "only" => arg.help("Shows only rules that match. See `ruleferry help query`"),
        "ids" => arg.help("Shows only rules whose `rule_id` is a line of this file"),
        _ => arg,
    }
}

/// Reads the name of a kind.
pub(super) fn kinds() -> impl TypedValueParser<Value = Kind> {
    PossibleValuesParser::new(Kind::ALL.map(Kind::name)).try_map(|name| {
        Kind::ALL
            .into_iter()
            .find(|kind| kind.name() == name)
            .ok_or("no such kind")
    })
}

/// Which records are looked at.
pub(super) struct Shown<'l> {
    /// Those of these kinds; none means all.
    pub(super) kinds: &'l [Kind],
    pub(super) only: Option<Query>,
    pub(super) ids: Option<HashSet<String>>,
}

impl Shown<'_> {
    pub(super) fn has(&self, record: &Record<'_>) -> bool {
        if !self.kinds.is_empty() && !self.kinds.contains(&record.kind()) {
            return false;
        }
        if self.only.is_none() && self.ids.is_none() {
            return true;
        }
        let listed =
            |ids: &HashSet<String>| record.str("rule_id").is_some_and(|id| ids.contains(&*id));
        record.kind() == Kind::Rule
            && self.ids.as_ref().is_none_or(listed)
            && self.only.as_ref().is_none_or(|only| only.matches(record))
    }
}

impl Ls {
    /// Runs the verb.
    pub(crate) fn run(&self, global: &Global) -> anyhow::Result<Exit> {
        if self.selection.is_given() && !self.kinds.is_empty() && !self.kinds.contains(&Kind::Rule)
        {
            return Err(Error::usage(
                "`--only` and `--ids` choose rules, which `--kind` leaves out",
            )
            .into());
        }
        let shown = Shown {
            kinds: &self.kinds,
            only: self.selection.query()?,
            ids: self.selection.rule_ids()?,
        };
        let consumed = Arc::new(AtomicU64::new(0));
        let reading = global.reading(&consumed);
        // A bar between the rows would spoil both.
        let spoils = global.progress == Show::Auto && std::io::stdout().is_terminal();
        let progress = if spoils { Show::Never } else { global.progress };
        // Nothing but rules that match is shown, so a space is asked for no others.
        let Opened {
            sources,
            size,
            is_whole,
        } = self.input.open(shown.only.as_ref(), global)?;
        let progress = Progress::start(progress, size, consumed);
        let mut unreadable = Unreadable::new(global);
        let mut out = Out::new(self.format)?;
        let work = |record: &Record<'_>| shown.has(record).then(|| Row::of(record));
        scan(&reading, sources, work, |location, row| match row {
            Ok(Some(row)) => out.write(&location, &row),
            Ok(None) => Ok(()),
            Err(error) => unreadable.take(error),
        })?;
        out.finish()?;
        drop(progress);
        Ok(ended(unreadable.finish(), is_whole))
    }
}
