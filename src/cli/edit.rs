//! `edit TRANSFORM`: one transform.

use std::path::PathBuf;

use clap::builder::Resettable;
use clap::{ArgMatches, Args, Command, FromArgMatches};
use ruleferry::pipeline::{Pipeline, Step};
use ruleferry::transform::AnyTransform;

use super::Global;
use super::exit::Exit;
use super::work::{self, Work};

/// The verb itself; what all transforms share is added by [`complete`].
#[derive(Debug, Args)]
#[command(
    subcommand_value_name = "TRANSFORM",
    subcommand_help_heading = "Transforms",
    disable_help_subcommand = true,
    override_usage = "ruleferry edit TRANSFORM [OPTIONS] [FILE]...",
    after_help = "`ruleferry edit TRANSFORM --help` explains one; `ruleferry run` does several in one pass."
)]
pub(crate) struct Edit {
    #[command(subcommand)]
    transform: AnyTransform,
}

/// What every transform takes beside its own settings.
#[derive(Debug, Args)]
struct Shared {
    #[command(flatten)]
    work: Work,
    /// Prints the transform as a step for a pipeline file, and does nothing.
    #[arg(long, help_heading = "Output")]
    as_toml: bool,
}

/// What the transforms that make new ids take as well.
#[derive(Debug, Args)]
struct Mapped {
    /// Writes each old and new id, as CSV.
    #[arg(long, value_name = "FILE")]
    map: Option<PathBuf>,
}

/// Adds to every transform the options that all of them share.
pub(crate) fn complete(command: Command) -> Command {
    command.mut_subcommand("edit", |edit| {
        edit.mut_subcommands(|transform| {
            let about = transform.get_about().cloned();
            let long_about = transform.get_long_about().cloned();
            let makes_ids = makes_ids(transform.get_name());
            let transform = if makes_ids {
                Mapped::augment_args(transform)
            } else {
                transform
            };
            // What is shared brings its own description along, which is none of a transform's.
            Shared::augment_args(transform)
                .about(Resettable::from(about))
                .long_about(Resettable::from(long_about))
        })
    })
}

fn makes_ids(name: &str) -> bool {
    name.starts_with("regenerate-")
}

/// Runs `edit` with these arguments.
pub(crate) fn run(global: &Global, matches: &ArgMatches) -> anyhow::Result<Exit> {
    let edit = matches.subcommand_matches("edit").unwrap_or(matches);
    let transform = AnyTransform::from_arg_matches(edit)?;
    let own = edit.subcommand_matches(transform.name()).unwrap_or(edit);
    let shared = Shared::from_arg_matches(own)?;
    let map = if makes_ids(transform.name()) {
        Mapped::from_arg_matches(own)?.map
    } else {
        None
    };
    if shared.as_toml {
        let only = shared.work.selection.query()?;
        work::print(&Pipeline::new(vec![Step { only, transform }]).to_toml()?)?;
        return Ok(Exit::Done);
    }
    shared.work.run(
        global,
        Pipeline::new(vec![Step {
            only: None,
            transform,
        }]),
        map.as_deref(),
    )
}
