//! `run PIPELINE.toml`: many transforms in one pass.

use std::path::{Path, PathBuf};

use clap::Args;
use ruleferry::error::Error;
use ruleferry::pipeline::Pipeline;

use super::Global;
use super::exit::Exit;
use super::work::{self, Work};

const FILES: &str = "The pipeline file, unless `--step` is given; then exports to read, in order, as one bundle; \
    plain, gzip or zstd. `-` or none: standard input";

/// The verb.
#[derive(Debug, Args)]
#[command(
    override_usage = "ruleferry run [OPTIONS] PIPELINE.toml [FILE]...\n       ruleferry run [OPTIONS] --step STEP [FILE]...",
    mut_arg("files", |arg| arg.help(FILES))
)]
pub(crate) struct Run {
    /// A step, as in `add-tags = { tags = ["x"] }`; may be given again. Takes the place of the pipeline file.
    #[arg(long = "step", value_name = "STEP")]
    steps: Vec<String>,
    /// Writes each old and new id that the steps make, as CSV.
    #[arg(long, value_name = "FILE")]
    map: Option<PathBuf>,
    #[command(flatten)]
    work: Work,
    /// Prints the steps as a pipeline file, and does nothing.
    #[arg(long, help_heading = "Output")]
    as_toml: bool,
}

impl Run {
    /// Runs the verb.
    pub(crate) fn run(&self, global: &Global) -> anyhow::Result<Exit> {
        let mut work = self.work.clone();
        let pipeline = if self.steps.is_empty() {
            // The first of the files is the pipeline, where no step is given.
            let Some(path) = work.input.take_first() else {
                return Err(Error::usage(
                    "`run` needs a pipeline file or `--step`; see `ruleferry help pipeline`",
                )
                .into());
            };
            pipeline(&path)?
        } else {
            let mut steps = Vec::new();
            for step in &self.steps {
                let pipeline =
                    Pipeline::from_step(step).map_err(|error| error.in_file("--step"))?;
                steps.extend_from_slice(pipeline.steps());
            }
            Pipeline::new(steps)
        };
        if self.as_toml {
            work::print(&pipeline.to_toml()?)?;
            return Ok(Exit::Done);
        }
        work.run(global, pipeline, self.map.as_deref())
    }
}

/// Reads a pipeline file.
pub(super) fn pipeline(path: &Path) -> Result<Pipeline, Error> {
    let text = std::fs::read(path)
        .map_err(|source| Error::io(format!("reading `{}`", path.display()), source))?;
    Pipeline::from_toml(pipeline_text(path, &text)?)
        .map_err(|error| error.in_file(&path.to_string_lossy()))
}

/// The text of a pipeline file. An export in its place is told by its first byte: TOML begins with none of these.
fn pipeline_text<'t>(path: &Path, bytes: &'t [u8]) -> Result<&'t str, Error> {
    let text = std::str::from_utf8(bytes).ok();
    text.filter(|text| !text.trim_start_matches('\u{feff}').trim_start().starts_with('{'))
        .ok_or_else(|| {
            Error::usage(format!(
                "the first FILE of `run` must be a pipeline file (TOML), found `{}`, which looks like an export; put the \
                 pipeline before it, or give `--step`",
                path.display()
            ))
        })
}
