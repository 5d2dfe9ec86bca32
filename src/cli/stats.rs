//! `stats`: what is in a file, counted.

mod facts;
mod report;
mod summary;
mod text;

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use clap::Args;
use ruleferry::pipeline::scan;

use super::exit::Exit;
use super::input::{AnyInput, Opened, ended};
use super::progress::Progress;
use super::unreadable::Unreadable;
use super::{Format, Global, table, work};
use facts::Facts;
use report::Report;
use summary::Summary;

/// The verb.
#[derive(Debug, Args)]
#[command(
    after_help = "A line that cannot be read is named on stderr; the others are counted, and the exit code is 3."
)]
pub(crate) struct Stats {
    #[command(flatten)]
    input: AnyInput,
    /// Shows the N most frequent of each list, 0 for all. JSON always has all.
    #[arg(long, value_name = "N", default_value_t = 20, help_heading = "Output")]
    top: usize,
    /// How the result is written: for people, or as one JSON document.
    #[arg(
        long,
        value_name = "FORMAT",
        default_value = "text",
        hide_default_value = true,
        help_heading = "Output"
    )]
    format: Format,
}

impl Stats {
    /// Runs the verb.
    pub(crate) fn run(&self, global: &Global) -> anyhow::Result<Exit> {
        let consumed = Arc::new(AtomicU64::new(0));
        let reading = global.reading(&consumed);
        let Opened {
            sources,
            size,
            is_whole,
        } = self.input.open(None, global)?;
        let progress = Progress::start(global.progress, size, consumed);
        let mut unreadable = Unreadable::new(global);
        let mut summary = Summary::default();
        let files = sources
            .iter()
            .map(|source| source.name().to_string())
            .collect();
        scan(
            &reading,
            sources,
            Facts::of,
            |location, facts| match facts {
                Ok(facts) => {
                    summary.add(&location, facts);
                    Ok(())
                }
                Err(error) => unreadable.take(error),
            },
        )?;
        drop(progress);
        let report = Report::new(summary, files, unreadable.count());
        let text = match self.format {
            Format::Text => {
                let heading = if table::has_colours() {
                    table::HEADING
                } else {
                    anstyle::Style::new()
                };
                text::text(&report, self.top, table::width(), heading)
            }
            Format::Json => format!("{}\n", serde_json::to_string_pretty(&report)?),
        };
        work::print(&text)?;
        Ok(ended(unreadable.finish(), is_whole))
    }
}
