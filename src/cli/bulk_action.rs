//! `bulk-action`: a `_bulk_action` request done by a live Kibana.

mod compared;
mod exported;
mod told;

use std::collections::HashMap;
use std::path::PathBuf;

use clap::Args;
use ruleferry::bulk::{self, Choice, Customization, License, Live, Settings, Work};
use ruleferry::error::{Error, ErrorKind};
use ruleferry::kibana::Space;
use ruleferry::ops::bulk_action::{Answer, Order};
use ruleferry::ops::resolve::Resolved;
use ruleferry::ops::{self, find};
use ruleferry::schema;

use super::ask::{ask, declined};
use super::connection::{Connected, Connection, Target};
use super::exit::Exit;
use super::notes::write_text;
use super::request::{RequestFile, warn_of_dropped};
use super::told::count;
use super::{Format, Global};
use told::Told;

const NOTES: &str = "\
The request is that of `bulk-edit`, which does to a file what this does to a space:
  {\"action\": \"enable\", \"disable\", \"delete\", \"duplicate\", \"export\", \"edit\", \"run\" or \"fill_gaps\", and what it takes,
   \"ids\": [\"…\"] (the rules' `id` in this space), \"rule_ids\": [\"…\"] or \"query\": \"KQL\" (\"\" is every rule)}
`ids` and `rule_ids` may be many: they go in hundreds, one request after another or `-j` of them at a time (5 at most). `rule_ids` \
are looked up first, and those that no rule has are named. A `query` goes as it is, in the server's own words \
(`alert.attributes.params.severity: high`); the server takes it for at most 10 000 rules, 2 000 for `edit`.

It says how many rules it is for and asks, unless `--yes` is given. A request for every rule needs `--yes`. `--dry-run` lets the \
server check and change nothing; `--compare` also works out the answer that `bulk-edit` would give for the rules as they are, and \
shows where the two differ.

An answer that is lost on the way leaves open whether the request was done. What may be done twice is then sent again: `enable`, \
`disable`, `delete`, `export`, a dry run, and an `edit` unless it adds actions (`version` and `revision` may move on twice). \
`duplicate`, `run`, `fill_gaps` and an `edit` that adds actions are not: nothing more is sent, and it says what to look for.

Exit codes: 0; 3 if rules failed, were not found, or nobody knows; 4 if `--compare` shows a difference; 5 if the credentials are \
refused.

Example: ruleferry bulk-action --to prod/soc --request request.json --dry-run
with {\"action\":\"disable\",\"rule_ids\":[\"acme-1\",\"acme-2\"]}";

/// The verb.
#[derive(Debug, Args)]
#[command(after_help = NOTES)]
pub(crate) struct BulkAction {
    #[command(flatten)]
    file: RequestFile,
    /// Lets the server check the request, and changes nothing.
    #[arg(long)]
    dry_run: bool,
    /// Compares the server's dry run with the offline answer for the same rules; changes nothing.
    #[arg(long, conflicts_with = "dry_run")]
    compare: bool,
    /// Does it without asking.
    #[arg(long)]
    yes: bool,
    /// Where it is done, as in `prod/soc`; without it, what flags, variables and `--profile` say.
    #[arg(long = "to", value_name = "TARGET", help_heading = "Connection")]
    to: Option<Target>,
    #[command(flatten)]
    connection: Connection,
    /// For `--compare`: the server's licence. Unless it is said, it is taken to be good enough.
    #[arg(
        long,
        value_name = "LEVEL",
        requires = "compare",
        help_heading = "The server"
    )]
    license: Option<License>,
    /// For `--compare`: whether it lets Elastic's own rules be edited; their actions always may be.
    #[arg(
        long,
        value_name = "WHETHER",
        default_value = "off",
        requires = "compare",
        help_heading = "The server"
    )]
    prebuilt_customization: Customization,
    /// Writes what `export` gives here instead of standard output; FILE appears when it is complete.
    #[arg(
        short = 'o',
        long = "output",
        value_name = "FILE",
        help_heading = "Output"
    )]
    output: Option<PathBuf>,
    /// How the report is written: to stderr, or as one JSON document with Kibana's answer to standard output.
    #[arg(
        long,
        value_name = "FORMAT",
        default_value = "text",
        hide_default_value = true,
        help_heading = "Output"
    )]
    format: Format,
}

/// Where a request goes, and for which rules.
struct Asked<'a> {
    verb: &'a BulkAction,
    global: &'a Global,
    request: &'a Live<'a>,
    connected: &'a Connected,
    space: Space,
    /// The `id`s of the rules, unless a query chooses them.
    ids: Option<Vec<String>>,
    resolved: Resolved,
}

impl BulkAction {
    /// Runs the verb.
    pub(crate) fn run(&self, global: &Global) -> anyhow::Result<Exit> {
        let (name, text) = (self.file.name(), self.file.text()?);
        let request = Live::parse(&text).map_err(|error| error.in_file(&name))?;
        warn_of_dropped(global, &request.dropped, &name);
        self.check(&request)?;
        // The offline answer must be possible before the server is asked.
        let offline = self
            .compare
            .then(|| bulk::Request::parse(&text, &self.settings()))
            .transpose()
            .map_err(|error| error.in_file(&name))?;
        let connected = self.connection.connect_at(self.to.as_ref(), global)?;
        let space = connected.space()?;
        if request.by_gaps {
            knows_gaps(&connected)?;
        }
        let mut resolved = Resolved::default();
        let ids = match &request.choice {
            Choice::Ids(ids) => Some(ids.clone()),
            Choice::RuleIds(rule_ids) => {
                resolved = Resolved::of(&connected.client, &space, rule_ids)?;
                Some(resolved.rules.iter().map(|rule| rule.id.clone()).collect())
            }
            Choice::Query(_) => None,
        };
        let asked = Asked {
            verb: self,
            global,
            request: &request,
            connected: &connected,
            space,
            ids,
            resolved,
        };
        let done = match offline {
            Some(offline) => asked.compare(&offline),
            None if request.work == Work::Export => asked.export(),
            None => asked.change(),
        };
        Ok(done.inspect_err(|error| explain(&request, &connected, error))?)
    }

    /// Refuses flags that do not fit the request.
    fn check(&self, request: &Live<'_>) -> Result<(), Error> {
        let work = request.work;
        let is_export = work == Work::Export;
        if is_export && self.dry_run {
            return Err(Error::usage("Export action doesn't support dry_run mode"));
        }
        if self.compare && matches!(work, Work::Export | Work::Run | Work::FillGaps) {
            return Err(Error::usage(format!(
                "`--compare` needs an action with an offline answer and a dry run, found `{}`",
                work.name()
            )));
        }
        if self.output.is_some() && !is_export {
            return Err(Error::usage(format!(
                "`-o` is for what `export` gives, found `{}`",
                work.name()
            )));
        }
        if is_export && self.format == Format::Json && self.output.is_none() {
            return Err(Error::usage(
                "`--format json` takes standard output, so what `export` gives needs `-o FILE`",
            ));
        }
        let changes = !(is_export || self.dry_run || self.compare);
        if changes && request.is_for_all() && !self.yes {
            return Err(Error::usage(format!(
                "`query` is empty, which chooses every rule of the space: `{}` then needs `--yes`",
                work.name()
            )));
        }
        Ok(())
    }

    /// What the offline answer depends on.
    fn settings(&self) -> Settings {
        Settings {
            dry_run: true,
            license: self.license,
            customization: self.prebuilt_customization,
            ..Settings::default()
        }
    }
}

impl Asked<'_> {
    fn order(&self, dry_run: bool) -> Order<'_> {
        Order {
            client: &self.connected.client,
            space: &self.space,
            request: self.request,
            dry_run,
            jobs: self.global.jobs,
            keeps: self.verb.format == Format::Json,
        }
    }

    /// Has the request done, or checked, by the server.
    fn change(&self) -> Result<Exit, Error> {
        let dry_run = self.verb.dry_run;
        let number = if dry_run || self.verb.yes {
            None
        } else {
            Some(self.chosen()?)
        };
        if let Some(number) = number.filter(|number| *number > 0)
            && !self.agreed(number)?
        {
            return Ok(declined());
        }
        self.global.interrupt.be_careful();
        let mut answer = match number {
            Some(0) => Answer::default(),
            _ => self.order(dry_run).run(self.ids.as_deref())?,
        };
        let is_refused = answer.answered == 0 && answer.unknown.is_empty();
        if is_refused && let Some(error) = answer.refusal.take() {
            return Err(error);
        }
        answer.add_missing(&self.resolved.missing);
        Told {
            asked: self,
            answer: &answer,
        }
        .finish()
    }

    /// How many rules the request is for.
    fn chosen(&self) -> Result<u64, Error> {
        match (&self.ids, &self.request.choice) {
            (Some(ids), _) => Ok(ids.len() as u64),
            (None, Choice::Query(query)) => {
                let filter = Some(query.as_str()).filter(|query| !query.trim().is_empty());
                find::count(&self.connected.client, &self.space, filter)
            }
            (None, Choice::Ids(_) | Choice::RuleIds(_)) => Ok(0),
        }
    }

    /// Asks whether it is to be done to so many rules.
    fn agreed(&self, number: u64) -> Result<bool, Error> {
        let up_to = if self.request.by_gaps { "up to " } else { "" };
        let question = format!(
            "{} {up_to}{} in {}?",
            told::verb(self.request.work),
            count(number, "rule"),
            self.place()
        );
        ask(&question, false)
    }

    /// What people know these rules by: their `rule_id`s, where those were asked for.
    fn labels<'i>(&'i self, ids: &'i [String]) -> Vec<&'i str> {
        let known = self.resolved.rules.iter();
        let names: HashMap<&str, &str> = known
            .map(|rule| (rule.id.as_str(), rule.rule_id.as_str()))
            .collect();
        let label = |id: &'i String| names.get(id.as_str()).copied().unwrap_or(id);
        ids.iter().map(label).collect()
    }

    /// As in "space `soc` of `prod`".
    fn place(&self) -> String {
        format!("space `{}` of `{}`", self.space, self.connected)
    }
}

/// Refuses to choose rules by gaps where the server would drop those keys, and so choose more rules than are meant.
fn knows_gaps(connected: &Connected) -> Result<(), Error> {
    let target = ops::Status::of(&connected.client)?.target();
    match target {
        Some(target) if target < schema::Target::version(9, 0) => {
            Err(Error::out_of_reach(format!(
                "Kibana {target} does not choose rules by gaps: it would drop `gaps_range_start` and take every rule of the query"
            )))
        }
        _ => Ok(()),
    }
}

/// Says what a refusal may come from, where the version of the server tells.
fn explain(request: &Live<'_>, connected: &Connected, error: &Error) {
    if !matches!(error.kind(), ErrorKind::Status { status: 400, .. }) {
        return;
    }
    let has_suppression = request
        .edits
        .iter()
        .any(ruleferry::edit::Edit::is_suppression);
    let (what, since) = match request.work {
        Work::FillGaps => ("`fill_gaps`", schema::Target::version(9, 0)),
        Work::Edit if has_suppression => {
            ("bulk edits of suppression", schema::Target::version(9, 1))
        }
        _ => return,
    };
    let target = ops::Status::of(&connected.client)
        .ok()
        .and_then(|status| status.target());
    if let Some(target) = target.filter(|target| *target < since) {
        write_text(&format!(
            "note: this is Kibana {target}; {what} came with {since}"
        ));
    }
}
