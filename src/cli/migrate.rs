//! `migrate`: brings what a space has to spaces of the same or another Kibana.

mod books;
mod carry;
mod connectors;
mod ended;
mod endpoint;
mod keys;
mod known;
mod lacking;
mod map;
mod plan;
mod prune;
mod reference;
mod run;
mod side;
mod stock;
mod told;
mod values;
mod way;

use std::path::PathBuf;

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
use super::run::pipeline;
use super::selection::Selection;
use super::{Format, Global, secrets};
use carry::Carries;
use connectors::{Joined, Matching};
use endpoint::Endpoint;
use keys::Keys;
use known::Known;
use map::Map;
use prune::{Prune, Pruning};
use run::Run;
use side::{Side, with_suffix};
use stock::{Origin, Stock, add_missed, export};
use way::Way;

const NOTES: &str = "Exports the space, does the steps of `--pipeline`, makes the bundle fit each space that it is for (links, names of \
alert indices, and for an older Kibana what it does not know, each loss named), shows what would become of every record there, \
asks, and imports as `ruleferry import` does, with the same care. Value lists that exceptions use are brought first, with their \
values, and so are data views and timeline templates that rules use and the target lacks; none that is there is replaced.

`--map-file` says what is particular to targets:

  [[target]]
  to = [\"dr/soc-*\"]
  connectors = { OLD-ID = \"NEW-ID\", \"name:SOC mail\" = \"name:DR mail\" }
  index-patterns = { \"logs-*\" = \"dr-logs-*\" }
  disable = \"tags:Test\"          # or \"*\"
  [[target.step]]
  add-tags = { tags = [\"dr\"] }

What rules refer to and is not brought is named where the target lacks it: saved queries, machine learning jobs, connectors of the \
server's settings.

Connectors go by their ids, as in any import. With `--connectors by-name` one for which the target has a single one of the same \
name and type, of its settings too, is not sent: rules act through that one. One for which there is none goes by its id; where \
there are several, `--map-file` must say which is meant. There a connector is an ID or `name:NAME`, and a new one may be \
`{ name = \"NAME\", type = \"TYPE\" }`; without a type it is that of the old one. What is said in the file counts before names.

Secrets of connectors are in no export. `--secrets FILE` says for connectors, by id or name, where theirs are; \
`--secrets-command` runs a command that prints such a file:

  [connector.\"SOC mail\"]
  user = \"soc\"
  password = { env = \"MAIL_PASSWORD\" }   # or { file = \"PATH\" }, or { command = [\"pass\", \"show\", \"soc-mail\"] }
  [[target]]                             # for some targets, before what is for all
  to = [\"dr/cust-a\"]
  [target.connector.slack]
  webhookUrl = { env = \"CUST_A_SLACK\" }

What that names is read once you said yes, before anything is sent, and given to connectors that lack theirs, and to no others, \
before and after the import; it is in no output, journal or report. Which connectors of rules then still lack theirs is told.

`--endpoint-list` brings the endpoint exception list as it is, to each Kibana once and first, since all its spaces share it.

`--plan-only` changes nothing; with `--format json` or `--report` it writes a line for each thing that would be brought first, for each \
record as `ruleferry plan` does, for each rule that would be removed, and for what is not carried, then a summary.

`--prune TAG` gives each rule the tag, and a mark in `meta` that names the `rule_id` and both Kibanas, by address and space. Rules of a space \
that have both, and that the source no longer has, are removed once all else is there. A rule that lost its tag, was saved in \
Kibana's editor, is a copy, or was brought from or to another address, stays; so do lists that only removed rules used. Nothing is removed where the source is empty or did not give all, where \
the import is not whole, or where more would go than `--prune-max` allows. Take a TAG of its own for each source.

The journal, and the export beside it, say how far the run got. After an interruption, a kill or a dead server, the same command \
with `--resume` goes on with the export as it was.

Exit codes: 0 all is in every space as planned; 1 failed; 3 some is not, or the source did not give all, or a target lacks what \
rules refer to, secrets too, or `--prune` was kept from removing: the report names each; 5 the credentials are refused; 130 interrupted.

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
    /// How connectors of the target take the place of the source's: `by-id`, or `by-name` for those of one name and type.
    #[arg(
        long,
        value_name = "HOW",
        default_value = "by-id",
        hide_default_value = true,
        hide_possible_values = true,
        help_heading = "Connectors"
    )]
    connectors: Matching,
    #[command(flatten)]
    secrets: secrets::From,
    /// Brings the endpoint exception list too, which all spaces of a Kibana share.
    #[arg(long, help_heading = "On the way")]
    endpoint_list: bool,
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
        let supply = self.secrets.supply()?;
        let selection = self.selected()?;
        let connected = Connection::default().connect_to(&self.from, Retry::default(), global)?;
        let origin = Origin {
            space: connected.space()?,
            version: connected.version()?,
            connected,
        };
        let mark = self.prune.mark(&origin)?;
        let sides = Side::all(&self.to, &origin, global)?;
        for side in &sides {
            ended::must_exist(side)?;
        }
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
        let known = self.known(&origin, &stock, (&steps, &map), &reading, &seed)?;
        let joined = Joined::find(&known, (self.connectors, &map), &sides, &mut ledgers)?;
        let keys = Keys::new(supply, known, &joined, &sides)?;
        let (endpoint, mut more, lost) =
            Endpoint::of(self, &origin, &sides, journal.as_deref(), global)?;
        add_missed(&mut ledgers[0], lost);
        let pruning = mark.clone().map(|mark| {
            let missed = ledgers[0].get("missed").as_array().map_or(0, Vec::len);
            Pruning::new((&self.prune, mark), &origin, &stock, missed, &reading)
        });
        let way = Way {
            mark,
            ..self.way((steps, map, joined), &stock, &reading, seed)?
        };
        let run = Run {
            verb: self,
            global,
            origin: &origin,
            stock: &stock,
            sides: &sides,
            way: &way,
            pruning: pruning.transpose()?,
            keys: &keys,
            endpoint: &endpoint,
            reading,
        };
        if (self.plan_only || !self.yes) && !run.shown(ledgers[0].get("missed"))? {
            if !self.plan_only {
                return Ok(super::ask::declined());
            }
            way.joined.decided()?;
            return Ok(Exit::Done);
        }
        way.joined.decided()?;
        keys.read()?;
        global.interrupt.be_careful();
        if let Some(kept) = kept.as_deref().filter(|_| !self.resume) {
            endpoint.keep()?;
            stock.keep(kept)?;
        }
        for ledger in ledgers.iter_mut().chain(more.iter_mut().flatten()) {
            ledger.open()?;
        }
        let (exit, is_over) = run.done(&ledgers, &more)?;
        let kept = kept.as_deref();
        books::close((ledgers, more), (&endpoint, kept), is_over)?;
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

    /// The connectors that rules act through, where anything depends on what they are called.
    fn known(
        &self,
        origin: &Origin,
        stock: &Stock,
        (steps, map): (&[Step], &Map),
        reading: &Reading,
        seed: &str,
    ) -> Result<Known> {
        let matters =
            self.connectors == Matching::ByName || self.secrets.is_given() || map.has_connectors();
        if !matters {
            return Ok(Known::default());
        }
        Known::read(origin, stock, (steps, seed), reading)
    }

    fn way(
        &self,
        (steps, map, joined): (Vec<Step>, Map, Joined),
        stock: &Stock,
        reading: &Reading,
        seed: String,
    ) -> Result<Way> {
        Ok(Way {
            steps,
            map,
            joined,
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

    fn head(&self, origin: &Origin, side: &Side) -> Value {
        let terms = self.how.manner().terms;
        // Who goes on may allow more than who began.
        let allows = match (self.resume, terms.allow_missing_exceptions) {
            (true, true) => Value::Null,
            (_, allows) => allows.into(),
        };
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
            "only": self.selection.only().unwrap_or_default(),
            "ids": text(&self.selection.ids),
            "custom_only": self.custom_only,
            "carries": self.carries.names(),
            "overwrite": [terms.overwrite.rules, terms.overwrite.exceptions, terms.overwrite.connectors],
            "allow_missing_exceptions": allows,
            "items_in_place": terms.items_in_place,
            "prune": self.prune.tag(),
            "connectors": if self.connectors == Matching::ByName { "by-name" } else { "by-id" },
            "joined": null,
            "endpoint_list": self.endpoint_list,
            "missed": null,
            "seed": null,
        })
    }
}
