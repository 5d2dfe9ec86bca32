//! Steps over a bundle: the library's front door.
//!
//! Batches of whole lines go to a pool and their answers come back in input order, so the output never depends on the number
//! of threads. A step that must know the whole bundle costs one more pass over a spooled copy of the input.

pub(crate) mod engine;
mod file;
mod line;
mod located;
mod plan;
mod recounting;
mod report;
mod rewrite;
mod scan;
mod work;

use std::collections::HashSet;
use std::io::{Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64};

pub use file::Step;
pub use report::{Event, Report};
pub use rewrite::{Fate, Happened, Input, Rewriting};
pub use scan::{Line, scan, scan_lines};

use crate::error::{Error, Result};
use crate::query::Query;
use crate::stream::{ReadOptions, Source};
use crate::transform::Setup;

/// What becomes of a record that cannot be read or edited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum OnError {
    /// The run ends there.
    #[default]
    Stop,
    /// It passes as it was read.
    Keep,
    /// It is left out.
    Drop,
}

/// How a bundle is read, whatever is done with it.
#[derive(Debug, Clone)]
pub struct Reading {
    /// Threads that work on batches; 0 means as many as there are processors.
    pub jobs: usize,
    /// How much input is handed to a thread at a time, in bytes.
    pub batch_bytes: usize,
    /// The longest line that is taken, in bytes.
    pub max_line_bytes: u64,
    /// Counts the bytes taken from the inputs, before decompression.
    pub consumed: Option<Arc<AtomicU64>>,
    /// Ends the run with [`ErrorKind::Interrupted`](crate::error::ErrorKind::Interrupted) once it is true.
    pub interrupted: Option<Arc<AtomicBool>>,
}

impl Default for Reading {
    fn default() -> Self {
        Self {
            jobs: 0,
            batch_bytes: 512 << 10,
            max_line_bytes: 256 << 20,
            consumed: None,
            interrupted: None,
        }
    }
}

impl Reading {
    pub(crate) fn threads(&self) -> usize {
        match self.jobs {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            jobs => jobs,
        }
    }

    /// Maps items on as many threads as are asked for, and hands the results to `sink` in the order of the items.
    ///
    /// `next` gives the items, until none; only a few for each thread are under way at a time.
    pub(crate) fn ordered<T: Send, U: Send>(
        &self,
        next: impl FnMut() -> Result<Option<T>>,
        work: impl Fn(T) -> Result<U> + Sync,
        sink: impl FnMut(U) -> Result<()>,
    ) -> Result<()> {
        let threads = self.threads();
        let pool = engine::pool(threads)?;
        engine::ordered(&pool, engine::IN_FLIGHT * threads, next, work, sink)
    }

    fn options(&self) -> ReadOptions {
        ReadOptions {
            batch_bytes: self.batch_bytes,
            max_line_bytes: self.max_line_bytes,
            consumed: self.consumed.clone(),
        }
    }
}

/// Steps, and how to run them.
///
/// ```
/// use ruleferry::pipeline::Pipeline;
///
/// let pipeline = Pipeline::from_toml(r#"
///     [[step]]
///     only = 'severity:high'
///     add-tags = { tags = ["prod"] }
/// "#)?;
/// let mut out = Vec::new();
/// let report = pipeline.run(&br#"{"rule_id":"r","severity":"high"}"#[..], &mut out)?;
/// assert_eq!(out, br#"{"rule_id":"r","severity":"high","tags":["prod"]}"#);
/// assert_eq!(report.changed.total(), 1);
/// # Ok::<(), ruleferry::error::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Pipeline {
    steps: Vec<Step>,
    reading: Reading,
    on_error: OnError,
    only: Option<Query>,
    ids: Option<HashSet<String>>,
    seed: Option<String>,
}

impl Pipeline {
    /// A pipeline of these steps; with none, lines pass without a look inside.
    pub fn new(steps: Vec<Step>) -> Self {
        Self {
            steps,
            ..Self::default()
        }
    }

    /// Reads a pipeline file: `[[step]]` tables, each with one transform and perhaps `only`.
    ///
    /// Fails with line and column where the text is no TOML, a name is unknown or a setting makes no sense.
    pub fn from_toml(text: &str) -> Result<Self> {
        file::parse(text).map(Self::new)
    }

    /// Reads one step, written as the inside of a `[[step]]` table: `add-tags = { tags = ["x"] }`.
    pub fn from_step(text: &str) -> Result<Self> {
        file::parse_step(text).map(|step| Self::new(vec![step]))
    }

    /// The steps in order.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The steps as a pipeline file.
    pub fn to_toml(&self) -> Result<String> {
        let steps: Result<Vec<String>> = self.steps.iter().map(file::print).collect();
        Ok(steps?.join("\n"))
    }

    /// How to read the input.
    #[must_use]
    pub fn reading(mut self, reading: Reading) -> Self {
        self.reading = reading;
        self
    }

    /// How many threads to use; 0 means as many as there are processors. The output does not depend on it.
    #[must_use]
    pub fn jobs(mut self, jobs: usize) -> Self {
        self.reading.jobs = jobs;
        self
    }

    /// What becomes of a record that cannot be read or edited. At first: [`OnError::Stop`].
    #[must_use]
    pub fn on_error(mut self, on_error: OnError) -> Self {
        self.on_error = on_error;
        self
    }

    /// Limits every step to rules that match, besides what the step says itself.
    #[must_use]
    pub fn only(mut self, only: Option<Query>) -> Self {
        self.only = only;
        self
    }

    /// Limits every step to rules whose `rule_id`, as read, is among these.
    #[must_use]
    pub fn ids(mut self, ids: Option<HashSet<String>>) -> Self {
        self.ids = ids;
        self
    }

    /// The seed for steps that make ids and have none of their own. At first: random, and told in the report.
    #[must_use]
    pub fn seeded(mut self, seed: impl Into<String>) -> Self {
        self.seed = Some(seed.into());
        self
    }

    /// Runs the steps over one input and writes what comes of it.
    ///
    /// Fails at the first record in the input that cannot be read or edited, unless told otherwise; `output` then holds a
    /// part of the result.
    pub fn run(&self, input: impl Read + Send, output: impl Write) -> Result<Report> {
        self.run_with(vec![Source::reader("-", input)], output, &mut |_| Ok(()))
    }

    /// Runs the steps over several inputs that make one bundle, and tells `events` what happens to single records, in
    /// input order.
    pub fn run_with(
        &self,
        sources: Vec<Source<'_>>,
        output: impl Write,
        events: &mut dyn FnMut(Event<'_>) -> Result<()>,
    ) -> Result<Report> {
        let mut prepared = self.clone();
        let mut setup = RunSetup {
            seed: self.seed.clone(),
            told: None,
        };
        for step in &mut prepared.steps {
            step.transform.get_mut().prepare(&mut setup)?;
            let limited = step.only.is_some() || self.only.is_some() || self.ids.is_some();
            if limited && !step.transform.get().takes_only() {
                return Err(Error::usage(format!(
                    "`{}` cannot be limited to some rules: the records that refer to each other must change together",
                    step.transform.name()
                )));
            }
        }
        let mut report = plan::run(&prepared, sources, output, events)?;
        report.seed = setup.told;
        Ok(report)
    }
}

/// What steps ask for while they are set up.
struct RunSetup {
    seed: Option<String>,
    /// The seed, if it was random and a step took it.
    told: Option<String>,
}

impl Setup for RunSetup {
    fn seed(&mut self) -> String {
        self.seed
            .get_or_insert_with(|| {
                let random = uuid::Uuid::new_v4().to_string();
                self.told = Some(random.clone());
                random
            })
            .clone()
    }

    fn read(&mut self, path: &str) -> Result<String> {
        std::fs::read_to_string(path)
            .map_err(|source| Error::io(format!("reading `{path}`"), source))
    }
}
