//! `migrate`: brings what a space has to spaces of the same or another Kibana.

mod carry;
mod map;
mod plan;
mod prune;
mod run;
mod side;
mod stock;
mod told;
mod values;
mod way;

use std::path::{Path, PathBuf};

use clap::{Arg, Args};
use ruleferry::error::Result;
use ruleferry::kibana::Retry;
use ruleferry::ops::export::{Choice, Selection as Exporting};
use ruleferry::pipeline::{Reading, Step};
use ruleferry::record::RuleId;
use serde_json::{Value, json};
use xxhash_rust::xxh3::xxh3_64;

use super::connection::{Connection, Target};
use super::exit::Exit;
use super::import::How;
use super::import::ledger::Ledger;
use super::run::pipeline;
use super::selection::Selection;
use super::{Format, Global};
use carry::Carries;
use map::Map;
use prune::{Prune, Pruning};
use run::Run;
use side::{Side, with_suffix};
use stock::{Origin, Stock};
use way::Way;

const NOTES: &str = "Exports the space, does the steps of `--pipeline`, makes the bundle fit each space that it is for (links, names of \
alert indices, and for an older Kibana what it does not know, each loss named), shows what would become of every record there, \
asks, and imports as `ruleferry import` does, with the same care. Value lists that exceptions use are brought first, with their \
values, and so are data views and timeline templates that rules use and the target lacks; none that is there is replaced.

`--map-file` says what is particular to targets:

  [[target]]
  to = [\"dr/soc-*\"]
  connectors = { OLD-ID = \"NEW-ID\" }
  index-patterns = { \"logs-*\" = \"dr-logs-*\" }
  disable = \"tags:Test\"          # or \"*\"
  [[target.step]]
  add-tags = { tags = [\"dr\"] }

What rules refer to and is not brought is named where the target lacks it: saved queries, machine learning jobs, connectors of the \
server's settings. Secrets of connectors are in no export.

`--plan-only` changes nothing; with `--format json` or `--report` it writes a line for each thing that would be brought first, for each \
record as `ruleferry plan` does, for each rule that would be removed, and for what is not carried, then a summary.

`--prune TAG` gives each rule the tag, and a mark in `meta` that names `--from` and the `rule_id`. Rules of a space on which both are, and that the source no longer has, are removed once all else is there. A rule that lost its tag, was saved in Kibana's editor, or is a copy, stays; so do lists that only removed rules used. Nothing is removed where the source is empty or did not give all, where the import is not whole, or where more would go than `--prune-max` allows. Take a TAG of its own for each source.

The journal, and the export beside it, say how far the run got. After an interruption, a kill or a dead server, the same command \
with `--resume` goes on with the export as it was.

Exit codes: 0 all is in every space as planned; 1 failed; 3 some is not, or the source did not give all, or a target lacks what \
rules refer to: the report names each; 5 the credentials are refused; 130 interrupted.

Example: ruleferry migrate --from prod/default --to 'dr/soc-*' --report report.ndjson";

/// The verb.
#[derive(Debug, Args)]
#[command(mut_args(reworded), after_help = NOTES)]
#[expect(clippy::struct_excessive_bools, reason = "flags of a command line")]
pub(crate) struct Migrate {
    /// The space that it is from, as in `prod/default`.
    #[arg(long, value_name = "TARGET", help_heading = "Connection")]
    from: Target,
    /// The spaces that it is for, as in `dr/soc` or `dr/cust-*`; may be given again.
    #[arg(
        long,
        value_name = "TARGET",
        required = true,
        help_heading = "Connection"
    )]
    to: Vec<Target>,
    #[command(flatten)]
    selection: Selection,
    /// Leaves out Elastic's own rules.
    #[arg(long, help_heading = "Which rules")]
    custom_only: bool,
    /// A pipeline file, whose steps are done first. See `ruleferry help pipeline`.
    #[arg(long, value_name = "FILE", help_heading = "On the way")]
    pipeline: Option<PathBuf>,
    /// What is particular to single targets: connectors, index patterns, rules that arrive disabled, more steps.
    #[arg(long, value_name = "FILE", help_heading = "On the way")]
    map_file: Option<PathBuf>,
    /// Does neither `convert-space` nor `convert-version`.
    #[arg(long, help_heading = "On the way")]
    no_convert: bool,
    /// What links into the source begin with; by default what most of its rules say of themselves.
    #[arg(long, value_name = "URL", help_heading = "On the way")]
    from_url: Option<String>,
    /// What links are to begin with; by default the address of the target.
    #[arg(long, value_name = "URL", help_heading = "On the way")]
    to_url: Option<String>,
    #[command(flatten)]
    carries: Carries,
    #[command(flatten)]
    prune: Prune,
    #[command(flatten)]
    how: How,
    /// Writes one JSON line a record, then a summary.
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    report: Option<PathBuf>,
    /// Where the run takes down how far it is; beside the report by default.
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    journal: Option<PathBuf>,
    /// Goes on with the run that the journal is of.
    #[arg(long, help_heading = "Import")]
    resume: bool,
    /// Does it without asking.
    #[arg(long, help_heading = "Import")]
    yes: bool,
    /// Shows what it would do, and does not do it.
    #[arg(long, help_heading = "Import", conflicts_with = "resume")]
    plan_only: bool,
    /// How the result is written to standard output.
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
        "only" => arg.help("Brings only rules that match. See `ruleferry help query`"),
        "ids" => arg.help("Brings only rules whose `rule_id` is a line of this file"),
        _ => arg,
    }
}

impl Migrate {
    /// Runs the verb.
    pub(crate) fn run(&self, global: &Global) -> anyhow::Result<Exit> {
        let (steps, map) = (self.steps()?, self.map()?);
        let selection = self.selected()?;
        let connected = Connection::default().connect_to(&self.from, Retry::default(), global)?;
        let origin = Origin {
            space: connected.space()?,
            version: connected.version()?,
            connected,
        };
        let mark = self.prune.mark(&origin)?;
        let sides = Side::all(&self.to, &origin, global)?;
        let journal = self.journal_path(&origin, &sides);
        let kept = journal.as_deref().map(|path| with_suffix(path, "export"));
        let mut ledgers = self.ledgers(&origin, &sides, journal.as_deref())?;
        let stock = match &kept {
            Some(kept) if self.resume => Stock::kept(&origin, kept)?,
            _ => export(&origin, &selection, &mut ledgers[0], global)?,
        };
        let reading = Reading {
            jobs: 0,
            ..global.reading(&std::sync::Arc::default())
        };
        let seed = ledgers[0].seed().to_owned();
        let pruning = mark.clone().map(|mark| {
            let missed = ledgers[0].get("missed").as_array().map_or(0, Vec::len);
            Pruning::new((&self.prune, mark), &origin, &stock, missed, &reading)
        });
        let way = Way {
            mark,
            ..self.way((steps, map), &stock, &reading, seed)?
        };
        let run = Run {
            verb: self,
            global,
            origin: &origin,
            stock: &stock,
            sides: &sides,
            way: &way,
            pruning: pruning.transpose()?,
            reading,
        };
        if (self.plan_only || !self.yes) && !run.shown(ledgers[0].get("missed"))? {
            return Ok(if self.plan_only {
                Exit::Done
            } else {
                super::ask::declined()
            });
        }
        global.interrupt.be_careful();
        if let Some(kept) = kept.as_deref().filter(|_| !self.resume) {
            stock.keep(kept)?;
        }
        for ledger in &mut ledgers {
            ledger.open()?;
        }
        let (exit, is_over) = run.done(&ledgers)?;
        for ledger in ledgers.into_iter().rev() {
            ledger.close(is_over)?;
        }
        if let Some(kept) = kept.filter(|_| is_over) {
            // It is of no use any more; that it cannot be removed is no failure of the migration.
            _ = std::fs::remove_file(kept);
        }
        Ok(exit)
    }

    fn steps(&self) -> Result<Vec<Step>> {
        match &self.pipeline {
            Some(path) => Ok(pipeline(path)?.steps().to_vec()),
            None => Ok(Vec::new()),
        }
    }

    fn map(&self) -> Result<Map> {
        self.map_file
            .as_deref()
            .map_or_else(|| Ok(Map::default()), Map::read)
    }

    fn way(
        &self,
        (steps, map): (Vec<Step>, Map),
        stock: &Stock,
        reading: &Reading,
        seed: String,
    ) -> Result<Way> {
        Ok(Way {
            steps,
            map,
            converts: !self.no_convert,
            from_url: match &self.from_url {
                Some(url) => Some(url.clone()),
                None => stock.address(reading)?,
            },
            to_url: self.to_url.clone(),
            seed,
            mark: None,
        })
    }

    fn selected(&self) -> Result<Exporting> {
        let ids = self.selection.rule_ids()?;
        Ok(Exporting::Rules(Choice {
            only: self.selection.query()?,
            ids: ids.map(|ids| ids.iter().map(|id| RuleId::from(id.as_str())).collect()),
            custom_only: self.custom_only,
        }))
    }

    /// Where the journal is: where it is asked for, else beside the report, else in the user's folder for state.
    fn journal_path(&self, origin: &Origin, sides: &[Side]) -> Option<PathBuf> {
        if self.plan_only {
            return None;
        }
        if let Some(path) = &self.journal {
            return Some(path.clone());
        }
        if let Some(report) = &self.report {
            return Some(with_suffix(report, "journal"));
        }
        let folder = dirs::state_dir().or_else(dirs::data_local_dir)?;
        let targets: Vec<String> = sides
            .iter()
            .flat_map(|side| side.spaces.iter().map(|space| side.name(space)))
            .collect();
        let what = format!("{}\n{}", origin.name(), targets.join("\n"));
        let name = format!("migrate-{:016x}.journal", xxh3_64(what.as_bytes()));
        Some(folder.join("ruleferry").join(name))
    }

    fn ledgers(
        &self,
        origin: &Origin,
        sides: &[Side],
        journal: Option<&Path>,
    ) -> Result<Vec<Ledger>> {
        let one = |(at, side): (usize, &Side)| {
            let path = journal.map(|base| side.journal(base, at == 0));
            // The first is begun first and ended last; without another's, that has nothing to go on with.
            let resumes = self.resume && (at == 0 || path.as_ref().is_some_and(|it| it.exists()));
            Ledger::at(path, self.head(origin, side), resumes)
        };
        sides.iter().enumerate().map(one).collect()
    }

    fn head(&self, origin: &Origin, side: &Side) -> Value {
        let terms = self.how.manner().terms;
        let text = |path: &Option<PathBuf>| -> Value {
            let bytes = path.as_ref().and_then(|path| std::fs::read(path).ok());
            bytes.map_or("".into(), |bytes| {
                format!("{:016x}", xxh3_64(&bytes)).into()
            })
        };
        let spaces: Vec<&str> = side
            .spaces
            .iter()
            .map(ruleferry::kibana::Space::as_str)
            .collect();
        json!({
            "schema_version": 1,
            "journal": "import",
            "verb": "migrate",
            "from": format!("{} {}", origin.connected.client.url(), origin.space),
            "url": side.connected.client.url(),
            "version": side.version.to_string(),
            "spaces": spaces,
            "pipeline": text(&self.pipeline),
            "map_file": text(&self.map_file),
            "convert": [!self.no_convert, self.from_url, self.to_url],
            "overwrite": [terms.overwrite.rules, terms.overwrite.exceptions, terms.overwrite.connectors],
            "allow_missing_exceptions": terms.allow_missing_exceptions,
            "items_in_place": terms.items_in_place,
            "prune": self.prune.tag(),
            "missed": null,
            "seed": null,
        })
    }
}

/// Exports the source, and takes down what it did not give.
fn export(
    origin: &Origin,
    selection: &Exporting,
    ledger: &mut Ledger,
    global: &Global,
) -> Result<Stock> {
    let (stock, exported) = Stock::export(origin, selection, global)?;
    let missed = || exported.lacking.iter().chain(&exported.dangling);
    super::export::warn(&origin.name(), missed(), global);
    let missed: Vec<String> = missed().map(ToString::to_string).collect();
    ledger.set("missed", json!(missed));
    for (count, what) in [
        (
            exported.prebuilt,
            "rules of Elastic's own, which Kibana before 8.18 does not export",
        ),
        (
            exported.connectors,
            "connectors that rules use, since Kibana before 8.7 exports none",
        ),
    ] {
        if count > 0 && !global.quiet {
            let name = origin.name();
            super::notes::write_text(&format!("note: {name} is read without {count} {what}"));
        }
    }
    Ok(stock)
}
