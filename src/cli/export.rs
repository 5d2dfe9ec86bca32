//! `export`: takes content out of spaces into files.

mod tell;

use std::collections::BTreeSet;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use clap::{Arg, Args};
use ruleferry::error::{Error, Result};
use ruleferry::kibana::{Retry, Space};
use ruleferry::ops::export::{self, Choice, Exported};
use ruleferry::ops::import::several;
use ruleferry::record::{ListId, RuleId};
use ruleferry::schema;
use ruleferry::stream::Codec;

use super::connection::{Connected, Connection, Target};
use super::exit::Exit;
use super::output;
use super::progress::{Counted, Progress};
use super::selection::Selection;
use super::work::threads;
use super::{Format, Global};
use tell::Tell;
pub(crate) use tell::warn;

/// The first version that imports exception lists with rules.
const FIRST_TO_IMPORT_LISTS: schema::Target = schema::Target::version(8, 0);
/// How many spaces are exported at once, unless `-j` says it.
const AT_ONCE: usize = 4;

const NOTES: &str = "\
Rules come with the exception lists, items and connectors that they need, each once, and one details line at the end. Beyond the \
10 000 rules that Kibana exports, and where it refuses (a rule whose connector was deleted), rules are asked for in slices, and at \
last one by one. Lists that an export leaves out although rules refer to them are fetched. What could not be had is named, also a \
list or a connector that is gone while rules still refer to it, and the exit code is 3; 0 means that all is there. Nothing is \
changed on the server.

In no export: secrets, value lists, data views, saved queries, timelines. `endpoint_list`, to which rules may refer, is in no \
export of rules; `--exceptions --list-id endpoint_list` exports it.

`--exceptions` exports lists with their items and no rules. Their details line is that of rules exports, which both import \
routes pass over. Lists of all spaces (agnostic) are in the file of each space.

`--only` is asked of the server as far as it knows the fields, and of what comes; both ways it chooses the same rules. Of several \
spaces, four are exported at once, or as many as `-j` says; one that fails does not stop the others.

Examples:
  ruleferry export --from prod/soc -o soc.ndjson.zst
  ruleferry export --from 'prod/cust-*' --custom-only -o exports
  ruleferry export --space soc --only 'tags:\"Linux\" and enabled:true' | ruleferry ls";

/// The verb.
#[derive(Debug, Args)]
#[command(mut_args(reworded), after_help = NOTES)]
pub(crate) struct Export {
    /// Where it is taken from, as in `prod/soc` or `prod/cust-*`; without it, what flags, variables and `--profile` say.
    #[arg(long, value_name = "TARGET", help_heading = "Connection")]
    from: Option<Target>,
    #[command(flatten)]
    connection: Connection,
    #[command(flatten)]
    selection: Selection,
    /// Exports the rule with this `rule_id`; may be given again.
    #[arg(long = "rule-id", value_name = "ID", help_heading = "Which rules")]
    rule_ids: Vec<String>,
    /// Leaves out Elastic's own rules.
    #[arg(long, help_heading = "Which rules")]
    custom_only: bool,
    /// Exports exception lists with their items, and no rules.
    #[arg(
        long,
        help_heading = "Lists alone",
        conflicts_with_all = ["only", "ids", "rule_ids", "custom_only"]
    )]
    exceptions: bool,
    /// Exports the list with this `list_id`, of either namespace; may be given again. By default all but those that Kibana makes
    /// itself.
    #[arg(
        long = "list-id",
        value_name = "ID",
        requires = "exceptions",
        help_heading = "Lists alone"
    )]
    list_ids: Vec<String>,
    /// Writes here instead of standard output; FILE appears when it is complete. `.zst` and `.gz` compress. For several spaces a
    /// directory, where each gets `SPACE.ndjson`.
    #[arg(
        short = 'o',
        long = "output",
        value_name = "FILE",
        help_heading = "Output"
    )]
    output: Option<PathBuf>,
    /// Compresses the output: `zstd[:LEVEL]`, `gzip[:LEVEL]` or `none`.
    #[arg(long, value_name = "HOW", help_heading = "Output")]
    compress: Option<Codec>,
    /// How the report is written: to stderr, or as JSON lines to standard output where that is free.
    #[arg(
        long,
        value_name = "FORMAT",
        default_value = "text",
        hide_default_value = true,
        help_heading = "Output"
    )]
    format: Format,
}

/// Says of the arguments that choose rules what they do here.
fn reworded(arg: Arg) -> Arg {
    match arg.get_id().as_str() {
        "only" => arg.help("Exports only rules that match. See `ruleferry help query`"),
        "ids" => arg.help("Exports only rules whose `rule_id` is a line of this file"),
        "spaces" => arg.help(
            "A space, or spaces by glob as in `cust-*`, each to a file of its own; may be given again; else `KIBANA_SPACE`, else `default`",
        ),
        _ => arg,
    }
}

/// What is done in each space.
struct Job<'j> {
    connected: &'j Connected,
    version: schema::Target,
    selection: export::Selection,
    compress: Option<Codec>,
    threads: usize,
    /// Counts the bytes that were written.
    written: Arc<AtomicU64>,
}

/// What came of a space.
struct Done {
    space: Space,
    /// The file; none for standard output.
    file: Option<PathBuf>,
    result: Result<Exported>,
}

impl Export {
    /// Runs the verb.
    pub(crate) fn run(&self, global: &Global) -> anyhow::Result<Exit> {
        let selection = self.selected()?;
        let connected = match &self.from {
            Some(target) => self.connection.connect_to(target, Retry::default(), global),
            None => self.connection.connect(Retry::default(), global),
        }?;
        let is_several = connected.spaces.one().is_none();
        if is_several {
            self.check_directory(&connected)?;
        }
        let written = Arc::new(AtomicU64::new(0));
        let job = Job {
            version: connected.version()?,
            connected: &connected,
            selection,
            compress: self.compress,
            threads: threads(&global.reading(&Arc::default())),
            written: Arc::clone(&written),
        };
        let to_stderr = self.output.is_none();
        let mut tell = Tell::new(self.format, to_stderr, is_several, self.exceptions, global);
        if job.version < FIRST_TO_IMPORT_LISTS {
            tell.say(format!("Kibana {} exports exception lists and does not import them; 8.0 is the first that does", job.version));
        }
        let progress = Progress::start(global.progress, None, written);
        if let Some(space) = connected.spaces.one() {
            let done = job.of(space.clone(), self.output.clone());
            drop(progress);
            if let Err(error) = done.result {
                return Err(error.into());
            }
            tell.take(done)?;
        } else {
            self.several(&job, global, &mut tell)?;
            drop(progress);
        }
        Ok(tell.finish()?)
    }

    fn several(&self, job: &Job<'_>, global: &Global, tell: &mut Tell<'_>) -> anyhow::Result<()> {
        let spaces = job.connected.chosen()?;
        let directory = self.output.as_deref().unwrap_or(Path::new("."));
        std::fs::create_dir_all(directory)
            .map_err(|source| Error::io(format!("creating `{}`", directory.display()), source))?;
        let at_once = match global.jobs {
            0 => AT_ONCE,
            jobs => jobs,
        };
        let work = |space: &Space| {
            let file = directory.join(format!("{space}.ndjson{}", self.extension()));
            job.of(space.clone(), Some(file))
        };
        for done in several(&spaces, at_once, work) {
            tell.take(done)?;
        }
        Ok(())
    }

    fn check_directory(&self, connected: &Connected) -> Result<()> {
        match &self.output {
            None => Err(Error::usage(format!(
                "several spaces (`{}`) need `-o DIR`, where each gets a file",
                connected.spaces
            ))),
            Some(path) if path.exists() && !path.is_dir() => Err(Error::usage(format!(
                "`-o` must be a directory for several spaces, found the file `{}`",
                path.display()
            ))),
            Some(_) => Ok(()),
        }
    }

    fn extension(&self) -> &'static str {
        match self.compress {
            None | Some(Codec::Plain) => "",
            Some(Codec::Gzip { .. }) => ".gz",
            Some(Codec::Zstd { .. }) => ".zst",
        }
    }

    fn selected(&self) -> Result<export::Selection> {
        if self.exceptions {
            let ids = self.list_ids.iter().map(|id| ListId::from(id.as_str()));
            return Ok(export::Selection::Lists(ids.collect()));
        }
        let mut ids: BTreeSet<RuleId> = self
            .rule_ids
            .iter()
            .map(|id| RuleId::from(id.as_str()))
            .collect();
        if let Some(listed) = self.selection.rule_ids()? {
            ids.extend(listed.iter().map(|id| RuleId::from(id.as_str())));
        }
        Ok(export::Selection::Rules(Choice {
            only: self.selection.query()?,
            ids: Some(ids).filter(|ids| !ids.is_empty()),
            custom_only: self.custom_only,
        }))
    }
}

impl Job<'_> {
    /// Exports a space to a file or to standard output.
    fn of(&self, space: Space, file: Option<PathBuf>) -> Done {
        let result = self.written_to(&space, file.as_deref());
        Done {
            space,
            file,
            result,
        }
    }

    fn written_to(&self, space: &Space, file: Option<&Path>) -> Result<Exported> {
        let mut sink = output::open(file, self.compress, self.threads)?;
        let mut out = BufWriter::with_capacity(
            1 << 18,
            Counted {
                out: &mut sink,
                written: &self.written,
            },
        );
        let client = &self.connected.client;
        let exported = export::export(client, space, self.version, &self.selection, &mut out)
            .and_then(|exported| {
                out.flush()
                    .map_err(|source| Error::io("writing the output", source))?;
                Ok(exported)
            });
        // What is left of an export that failed is not to be written.
        _ = out.into_parts();
        let exported = exported.map_err(|error| sink.blamed(error))?;
        sink.finish()?;
        Ok(exported)
    }
}
