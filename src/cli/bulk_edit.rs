//! `bulk-edit`: a `_bulk_action` request done to files.

mod tell;

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::SystemTime;

use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use ruleferry::bulk::{
    Action, Bulk, Customization, Event, Interval, License, Outcome, Request, Settings,
};
use ruleferry::edit::ConnectorType;
use ruleferry::error::{Error, ErrorKind};
use ruleferry::pipeline::{Reading, Report};
use ruleferry::stream::{Durable, Source};

use super::Global;
use super::exit::Exit;
use super::input::ended;
use super::progress::Progress;
use super::request::Requested;
use super::work::reject;
use tell::Tell;

const NOTES: &str = "\
The request is the endpoint's own body:
  {\"action\": \"edit\", \"enable\", \"disable\", \"delete\", \"duplicate\" or \"export\", and what it takes,
   \"ids\": [\"…\"] (the rules' `id`, not `rule_id`) or \"query\": \"KQL\" (\"\" is every rule)}
In place of `ids` there may be `rule_ids`, which no Kibana takes: `bulk-action` sends such a request with the `id`s that it finds. \
To a Kibana itself it would be a request for every rule. `run` and `fill_gaps` need a server.

Edits happen in Kibana's order, all or none of them for each rule. A rule with an error stays as it was read and \
the exit code is 3; one that was so already is skipped. An edited rule gets the next `version` (not Elastic's \
own rules) and `revision`, and a new `rule_source`, as far as it has them. `updated_at` and `updated_by` stay: \
an import sets them anyway. `enable` and `disable` touch `enabled` alone.

`delete` takes rules away; their exception lists and connectors stay, as on a server. `duplicate` writes a copy \
after each rule, switched off and with new ids; the list that is a rule's own is copied with its items, each \
right after its original. A rule whose own list is not in the bundle is not copied. `export` writes the chosen \
rules, the lists, items and connectors that they refer to, and a details line.

Example: ruleferry bulk-edit --request request.json --response answer.json export.ndjson -o out.ndjson
with {\"action\":\"edit\",\"query\":\"severity:high\",\"edit\":[{\"type\":\"add_tags\",\"value\":[\"prod\"]}]}";

/// The verb.
#[derive(Debug, Args)]
#[command(after_help = NOTES)]
pub(crate) struct BulkEdit {
    /// Lets a request with neither `ids` nor `query` be for every rule.
    #[arg(long)]
    all: bool,
    /// Writes no bundle, only the answer of a dry run: to `--response`, or to standard output.
    #[arg(long)]
    dry_run: bool,
    /// Leaves `version`, `revision` and `rule_source` as they are.
    #[arg(long)]
    keep_versions: bool,
    /// What the ids of new actions and of copies are made from; random by default, and then told.
    #[arg(long, value_name = "TEXT", value_parser = NonEmptyStringValueParser::new())]
    seed: Option<String>,
    #[command(flatten)]
    server: Server,
    #[command(flatten)]
    asked: Requested,
}

/// What a file does not tell of the server.
#[derive(Debug, Args)]
#[command(next_help_heading = "The server")]
struct Server {
    /// Its licence. Unless it is said, it is taken to be good enough.
    #[arg(long, value_name = "LEVEL")]
    license: Option<License>,
    /// Whether it lets Elastic's own rules be edited; their actions always may be.
    #[arg(long, value_name = "WHETHER", default_value = "off")]
    prebuilt_customization: Customization,
    /// The type of a connector that is not in the bundle, as in `my-id=.slack`; may be given again.
    #[arg(long = "connector", value_name = "ID=TYPE")]
    connectors: Vec<ConnectorType>,
    /// The least interval of a rule, if it enforces one, as in `1m`.
    #[arg(long, value_name = "INTERVAL")]
    min_interval: Option<Interval>,
    /// Refuses requests over its limits: 100 ids, 2000 rules by query for `edit`, 10000 for other actions.
    #[arg(long = "server-limits")]
    limits: bool,
}

impl BulkEdit {
    /// Runs the verb.
    pub(crate) fn run(&self, global: &Global) -> anyhow::Result<Exit> {
        self.asked.check(!self.dry_run)?;
        let settings = self.settings()?;
        let name = self.asked.file.name();
        let request = Request::parse(&self.asked.file.text()?, &settings)
            .map_err(|error| error.in_file(&name))?;
        let is_export = request.action == Action::Export;
        if is_export && self.asked.is_answered() {
            return Err(Error::usage(
                "`--response` has nothing to write for `export`: the bundle itself is the answer",
            )
            .into());
        }
        let mut tell = Tell::new(global, &request, &name);
        let consumed = Arc::new(AtomicU64::new(0));
        let reading = global.reading(&consumed);
        let opened = self.asked.input.open(None, global)?;
        let progress = Progress::start(global.progress, opened.size, consumed);
        let mut rejects = self.asked.rejects()?;
        // A place that cannot be written is told of before anything is.
        let response = self.asked.response()?;
        let mut bulk = Bulk::new(&request, &settings, self.asked.is_answered())?;
        let mut report = Report::default();
        self.bundles(
            opened.sources,
            &mut bulk,
            &reading,
            &mut report,
            &mut |event| {
                if let (
                    Some(rejects),
                    Event::Failed { line, .. } | Event::Unreadable { line, .. },
                ) = (&mut rejects, &event)
                {
                    reject(rejects, line)?;
                }
                tell.take(event);
                Ok(())
            },
        )
        .map_err(|error| match error.kind() {
            ErrorKind::Request { .. } => error.in_file(&name),
            _ => error,
        })?;
        let Outcome { answer, refusal } = bulk.finish();
        drop(progress);
        rejects.map_or(Ok(()), |rejects| rejects.commit(Durable::No))?;
        let random = self.seed.is_none().then_some(&*settings.seed);
        let exit = tell.finish(&answer, refusal.as_deref(), &report, &settings, random);
        let exit = ended(exit, opened.is_whole);
        if !is_export {
            self.asked
                .answer(response, self.dry_run, |out| answer.write(out))?;
        }
        Ok(exit)
    }

    fn settings(&self) -> Result<Settings, Error> {
        let random = || uuid::Uuid::new_v4().to_string();
        Ok(Settings {
            all: self.all,
            dry_run: self.dry_run,
            license: self.server.license,
            customization: self.server.prebuilt_customization,
            connectors: ConnectorType::by_id(&self.server.connectors)?,
            min_interval: self.server.min_interval.clone(),
            keep_versions: self.keep_versions,
            server_limits: self.server.limits,
            seed: self.seed.clone().unwrap_or_else(random),
            now: humantime::format_rfc3339_millis(SystemTime::now()).to_string(),
        })
    }

    /// Does the request to the input as one bundle or, in place, to each file as a bundle of its own.
    fn bundles(
        &self,
        sources: Vec<Source<'static>>,
        bulk: &mut Bulk<'_>,
        reading: &Reading,
        report: &mut Report,
        events: &mut dyn FnMut(Event<'_>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let on_error = self.asked.on_error;
        if self.dry_run {
            *report = bulk.run(reading, on_error, sources, std::io::sink(), events)?;
            return Ok(());
        }
        self.asked
            .bundles(sources, reading, report, &mut |sources, out| {
                bulk.run(reading, on_error, sources, out, events)
            })
    }
}
