//! The command line: one file a verb. The only place that prints, and that knows `anyhow`.

mod alerts;
mod ask;
mod backup;
mod bulk_action;
mod bulk_edit;
mod carried;
mod check;
mod config;
mod connection;
mod diff;
mod edit;
mod exit;
mod export;
mod help;
mod import;
mod input;
mod interrupt;
mod ls;
mod merge;
mod migrate;
mod notes;
mod out;
mod output;
mod pack;
mod patch;
mod plan;
mod prebuilt;
mod progress;
mod render;
mod repo;
mod request;
mod restore;
mod run;
mod secrets;
mod select;
mod selection;
mod split;
mod stats;
mod status;
mod table;
mod told;
mod unpack;
mod unreadable;
mod work;

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use clap::{
    ArgMatches, Args, Command, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum,
};
use ruleferry::pipeline::Reading;

use exit::Exit;

/// Moves Elastic Security rules, exceptions and connectors between files, losslessly: a byte that no edit touched leaves as it came.
#[derive(Debug, Parser)]
#[command(
    name = "ruleferry",
    bin_name = "ruleferry",
    version,
    disable_help_subcommand = true,
    subcommand_required = true,
    arg_required_else_help = true,
    max_term_width = 110,
    after_help = "`ruleferry help exit-codes|environment|query|pipeline|connection` explains what several verbs share."
)]
pub(crate) struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    verb: Verb,
}

/// What every verb takes.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Global {
    /// Threads, all processors by default; where a Kibana is asked, spaces (4 by default) or requests at once. The output never depends on it.
    #[arg(
        short,
        long,
        global = true,
        value_name = "N",
        default_value_t = 0,
        hide_default_value = true
    )]
    jobs: usize,
    /// Says nothing but errors.
    #[arg(short, long, global = true)]
    quiet: bool,
    /// Says more: each note and each unreadable line, not summed up.
    #[arg(short, long, global = true)]
    verbose: bool,
    /// When to use colours; `NO_COLOR` is heeded.
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        default_value = "auto",
        hide_default_value = true
    )]
    color: When,
    /// When to show progress on stderr; `auto`: on a terminal, after a second.
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        default_value = "auto",
        hide_default_value = true
    )]
    progress: progress::Show,
    /// How errors are written to stderr.
    #[arg(
        long,
        global = true,
        value_name = "FORMAT",
        default_value = "text",
        hide_default_value = true
    )]
    errors: Format,
    /// The longest line that is taken, in bytes; K, M and G multiply by 1024.
    #[arg(long, global = true, value_name = "BYTES", default_value = "256M", value_parser = bytes)]
    max_line_bytes: u64,
    /// What Ctrl-C does.
    #[arg(skip)]
    interrupt: interrupt::Interrupt,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum When {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Default)]
pub(crate) enum Format {
    #[default]
    Text,
    Json,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Does one edit to every record it is for.
    #[command(display_order = 1)]
    Edit(edit::Edit),
    /// Does the edits of a pipeline file, or of `--step`, in one pass.
    #[command(display_order = 2)]
    Run(run::Run),
    /// Shows what is in a file, one row a record.
    #[command(display_order = 3)]
    Ls(ls::Ls),
    /// Counts what is in a file: kinds, types, severities, tags, techniques, dangling references.
    #[command(display_order = 4)]
    Stats(stats::Stats),
    /// Does to a bundle what `_bulk_action` with the same request would do on a server.
    #[command(display_order = 5)]
    BulkEdit(bulk_edit::BulkEdit),
    /// Changes single rules as `PATCH _bulk_update` with the same request would.
    #[command(display_order = 6)]
    Patch(patch::Patch),
    /// Says what Kibana would refuse, drop or change, before it is sent.
    #[command(display_order = 7)]
    Check(check::Check),
    /// Takes chosen rules out of a bundle, with exactly what they need.
    #[command(display_order = 8)]
    Select(select::Select),
    /// Makes one bundle of many, no record twice.
    #[command(display_order = 9)]
    Merge(merge::Merge),
    /// Cuts a bundle into parts that each import by themselves.
    #[command(display_order = 10)]
    Split(split::Split),
    /// Shows what differs between two bundles, record by record.
    #[command(display_order = 11)]
    Diff(diff::Diff),
    /// Writes a bundle as a directory with one file a record, good to review in git.
    #[command(display_order = 12)]
    Unpack(unpack::Unpack),
    /// Makes a bundle of a directory that `unpack` wrote.
    #[command(display_order = 13)]
    Pack(pack::Pack),
    /// Tells whether a Kibana can be used, and for what.
    #[command(display_order = 20)]
    Status(status::Status),
    /// Takes rules out of a space, with all that they need, into one file; of several spaces, one file each.
    #[command(display_order = 21)]
    Export(export::Export),
    /// Says what an import of a bundle would do to a space, record by record, and what the server would answer.
    #[command(display_order = 22)]
    Plan(plan::Plan),
    /// Brings a bundle into a space: whole, once, in parts that fit, with the truth told record by record.
    #[command(display_order = 23)]
    Import(import::Import),
    /// Brings what a space has to spaces of another Kibana, made to fit: export, edits, plan, import, verification.
    #[command(display_order = 27)]
    Migrate(migrate::Migrate),
    /// Does a `_bulk_action` request to a live space.
    #[command(display_order = 24)]
    BulkAction(bulk_action::BulkAction),
    /// Tells of Elastic's own rules in a live space, or installs and updates all of them.
    #[command(display_order = 25)]
    Prebuilt(prebuilt::Prebuilt),
    /// Sets the status of the alerts of chosen rules in a live space.
    #[command(display_order = 26)]
    Alerts(alerts::Alerts),
    /// Takes spaces into a repository of dated snapshots.
    #[command(display_order = 27)]
    Backup(backup::Backup),
    /// Shows what is in a repository of snapshots, and what changed from one to the next.
    #[command(display_order = 27)]
    Snapshots(repo::snapshots::Snapshots),
    /// Says whether what a repository stores is what was recorded, to the last byte.
    #[command(display_order = 27)]
    Verify(repo::verify::Verify),
    /// Brings a space of a snapshot back, or some of it, as an import does.
    #[command(display_order = 28)]
    Restore(restore::Restore),
    /// Removes the snapshots that need not stay.
    #[command(display_order = 28)]
    Prune(repo::prune::Prune),
    /// Shows which connection applies, and where each setting came from.
    #[command(display_order = 29)]
    Config(config::Config),
    /// Writes a completion script for a shell.
    #[command(display_order = 30)]
    Completions(help::Completions),
    /// Writes the man pages into a folder.
    #[command(display_order = 31)]
    Man(help::Man),
    /// Explains a verb, a transform, or a topic: exit-codes, environment, query, pipeline, connection.
    #[command(display_order = 32)]
    Help(help::Help),
}

impl Global {
    /// How to read, counting the bytes read into `consumed`.
    fn reading(&self, consumed: &Arc<AtomicU64>) -> Reading {
        Reading {
            jobs: self.jobs,
            max_line_bytes: self.max_line_bytes,
            consumed: Some(Arc::clone(consumed)),
            ..Reading::default()
        }
    }
}

/// The whole command, with what the transforms share added to each.
pub(crate) fn command() -> Command {
    edit::complete(Cli::command())
}

/// Parses, runs, and turns what comes of it into an exit code.
pub(crate) fn main() -> ExitCode {
    let matches = match command().try_get_matches() {
        Ok(matches) => matches,
        Err(error) => return render::usage(&error).into(),
    };
    let exit = match Cli::from_arg_matches(&matches) {
        Ok(cli) => start(&cli, &matches),
        Err(error) => render::usage(&error),
    };
    exit.into()
}

fn start(cli: &Cli, matches: &ArgMatches) -> Exit {
    match cli.global.color {
        When::Auto => {}
        When::Always => anstream::ColorChoice::Always.write_global(),
        When::Never => anstream::ColorChoice::Never.write_global(),
    }
    // Without a handler an interruption still ends the run, only less tidily.
    let interrupt = cli.global.interrupt.clone();
    _ = ctrlc::set_handler(move || {
        if interrupt.take() {
            ruleferry::stream::interrupt_cleanup();
            std::process::exit(Exit::Interrupted.code());
        }
        notes::write_text(
            "interrupted: the request under way is brought to its end, and what was done is told; again to stop at once",
        );
    });
    #[cfg(unix)]
    {
        // With any handler in place, a write over the file size limit fails as one to a full disk does.
        let reached = Arc::new(std::sync::atomic::AtomicBool::new(false));
        _ = signal_hook::flag::register(signal_hook::consts::SIGXFSZ, reached);
    }
    let done = match &cli.verb {
        Verb::Edit(_) => edit::run(&cli.global, matches),
        Verb::Run(run) => run.run(&cli.global),
        Verb::Ls(ls) => ls.run(&cli.global),
        Verb::Stats(stats) => stats.run(&cli.global),
        Verb::BulkEdit(bulk_edit) => bulk_edit.run(&cli.global),
        Verb::Patch(patch) => patch.run(&cli.global),
        Verb::Check(check) => check.run(&cli.global),
        Verb::Select(select) => select.run(&cli.global),
        Verb::Merge(merge) => merge.run(&cli.global),
        Verb::Split(split) => split.run(&cli.global),
        Verb::Diff(diff) => diff.run(&cli.global),
        Verb::Unpack(unpack) => unpack.run(&cli.global),
        Verb::Pack(pack) => pack.run(&cli.global),
        Verb::Status(status) => status.run(&cli.global),
        Verb::Export(export) => export.run(&cli.global),
        Verb::Plan(plan) => plan.run(&cli.global),
        Verb::Import(import) => import.run(&cli.global),
        Verb::Migrate(migrate) => migrate.run(&cli.global),
        Verb::BulkAction(bulk_action) => bulk_action.run(&cli.global),
        Verb::Prebuilt(prebuilt) => prebuilt.run(&cli.global),
        Verb::Alerts(alerts) => alerts.run(&cli.global),
        Verb::Backup(backup) => backup.run(&cli.global),
        Verb::Snapshots(snapshots) => snapshots.run(&cli.global),
        Verb::Verify(verify) => verify.run(&cli.global),
        Verb::Restore(restore) => restore.run(&cli.global),
        Verb::Prune(prune) => prune.run(&cli.global),
        Verb::Config(config) => config.run(),
        Verb::Completions(completions) => completions.run(),
        Verb::Man(man) => man.run(),
        Verb::Help(help) => help.run(),
    };
    done.unwrap_or_else(|error| render::error(&error, cli.global.errors))
}

/// Reads a number of bytes, as in `65536`, `64K`, `1G`.
fn bytes(text: &str) -> Result<u64, String> {
    let (digits, shift) = match text
        .to_ascii_uppercase()
        .strip_suffix(['K', 'M', 'G'])
        .map(str::len)
    {
        Some(len) => (
            &text[..len],
            match text.as_bytes()[len].to_ascii_uppercase() {
                b'K' => 10,
                b'M' => 20,
                _ => 30,
            },
        ),
        None => (text, 0),
    };
    let number: u64 = digits
        .parse()
        .map_err(|_| format!("expected bytes as in `64M`, found `{text}`"))?;
    number
        .checked_mul(1 << shift)
        .filter(|&bytes| 0 < bytes && bytes < 1 << 32)
        .ok_or_else(|| format!("expected between 1 byte and 4 GiB, found `{text}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_holds_together() {
        command().debug_assert();
    }

    #[test]
    fn reads_sizes() {
        assert_eq!(bytes("64K"), Ok(65536));
        assert_eq!(bytes("1g"), Ok(1 << 30));
        assert_eq!(bytes("7"), Ok(7));
        for wrong in ["", "K", "0", "4G", "x", "-1", "99999999999999999999", "1 M"] {
            assert!(bytes(wrong).is_err(), "{wrong}");
        }
    }
}
