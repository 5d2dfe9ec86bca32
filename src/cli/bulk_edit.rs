//! `bulk-edit`: a `_bulk_action` request done to files.

mod tell;

use std::io::{BufWriter, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::SystemTime;

use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use ruleferry::bulk::{
    Action, Answer, Bulk, Customization, Event, Interval, License, Outcome, Request, Settings,
};
use ruleferry::edit::ConnectorType;
use ruleferry::error::{Error, ErrorKind};
use ruleferry::pipeline::{OnError, Reading, Report};
use ruleferry::stream::{AtomicFile, Durable, Source};

use super::Global;
use super::exit::Exit;
use super::input::{self, Input};
use super::output::{Output, Sink};
use super::progress::Progress;
use super::work::{check_in_place, check_paths, reject, threads};
use tell::Tell;

const NOTES: &str = "\
The request is the endpoint's own body:
  {\"action\": \"edit\", \"enable\", \"disable\", \"delete\", \"duplicate\" or \"export\", and what it takes,
   \"ids\": [\"…\"] (the rules' `id`, not `rule_id`) or \"query\": \"KQL\" (\"\" is every rule)}
`run` and `fill_gaps` need a server.

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
    /// The request body; `-` is standard input, where FILEs are given.
    #[arg(long, value_name = "FILE")]
    request: PathBuf,
    #[command(flatten)]
    input: Input,
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
    output: Output,
    /// Writes the JSON body that Kibana would answer; `-` is standard output.
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    response: Option<PathBuf>,
    /// What becomes of a line that cannot be read.
    #[arg(
        long,
        value_name = "WHAT",
        default_value = "stop",
        hide_default_value = true,
        help_heading = "Output"
    )]
    on_error: OnError,
    /// Collects the lines that could not be read and the rules with an error, byte for byte.
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    rejects: Option<PathBuf>,
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
        self.check()?;
        let settings = self.settings()?;
        let name = self.request.to_string_lossy();
        let request = Request::parse(&self.request_text()?, &settings)
            .map_err(|error| error.in_file(&name))?;
        let is_export = request.action == Action::Export;
        if is_export && self.response.is_some() {
            return Err(Error::usage(
                "`--response` has nothing to write for `export`: the bundle itself is the answer",
            )
            .into());
        }
        let mut tell = Tell::new(global, &request, &name);
        let consumed = Arc::new(AtomicU64::new(0));
        let reading = global.reading(&consumed);
        let progress = Progress::start(global.progress, self.input.size(), consumed);
        let mut rejects = self
            .rejects
            .as_deref()
            .map(AtomicFile::create)
            .transpose()?;
        // A place that cannot be written is told of before anything is.
        let response = self.response_file()?;
        let mut bulk = Bulk::new(&request, &settings, self.response.is_some())?;
        let mut report = Report::default();
        self.bundles(&mut bulk, &reading, &mut report, &mut |event| {
            if let (Some(rejects), Event::Failed { line, .. } | Event::Unreadable { line, .. }) =
                (&mut rejects, &event)
            {
                reject(rejects, line)?;
            }
            tell.take(event);
            Ok(())
        })
        .map_err(|error| match error.kind() {
            ErrorKind::Request { .. } => error.in_file(&name),
            _ => error,
        })?;
        let Outcome { answer, refusal } = bulk.finish();
        drop(progress);
        rejects.map_or(Ok(()), |rejects| rejects.commit(Durable::No))?;
        let random = self.seed.is_none().then_some(&*settings.seed);
        let exit = tell.finish(&answer, refusal.as_deref(), &report, &settings, random);
        if !is_export {
            self.answer(answer, response)?;
        }
        Ok(exit)
    }

    fn check(&self) -> Result<(), Error> {
        check_in_place(&self.input, &self.output)?;
        let file = |path: &'_ Option<PathBuf>| path.clone().filter(|path| path.as_os_str() != "-");
        let (request, response) = (file(&Some(self.request.clone())), file(&self.response));
        let beside = [
            ("--request", request.as_deref()),
            ("--rejects", self.rejects.as_deref()),
            ("--response", response.as_deref()),
        ];
        check_paths(&beside, &self.input, self.output.path())?;
        let reads_stdin =
            self.input.files.is_empty() || self.input.files.iter().any(|path| is_standard(path));
        if is_standard(&self.request) && reads_stdin {
            return Err(Error::usage(
                "`--request -` takes standard input, so it needs FILEs, none of them `-`",
            ));
        }
        let answers_stdout = self.response.as_deref().is_some_and(is_standard);
        if answers_stdout && self.output.is_stdout() && !self.dry_run {
            return Err(Error::usage(
                "`--response -` takes standard output, so the bundle needs `-o FILE` or `--in-place`",
            ));
        }
        Ok(())
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

    fn request_text(&self) -> Result<String, Error> {
        let reading = |source| Error::io(format!("reading `{}`", self.request.display()), source);
        if is_standard(&self.request) {
            let mut text = String::new();
            std::io::stdin()
                .lock()
                .read_to_string(&mut text)
                .map_err(reading)?;
            return Ok(text);
        }
        std::fs::read_to_string(&self.request).map_err(reading)
    }

    /// Does the request to the input as one bundle or, in place, to each file as a bundle of its own.
    fn bundles(
        &self,
        bulk: &mut Bulk<'_>,
        reading: &Reading,
        report: &mut Report,
        events: &mut dyn FnMut(Event<'_>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        if self.dry_run {
            let sources = self.input.sources();
            *report = bulk.run(reading, self.on_error, sources, std::io::sink(), events)?;
            return Ok(());
        }
        if !self.output.in_place {
            let mut sink = self.output.open(threads(reading))?;
            let sources = self.input.sources();
            *report = self.bundle(bulk, reading, sources, &mut sink, events)?;
            return sink.finish();
        }
        for path in &self.input.files {
            let one = self.in_place(bulk, reading, path, events);
            *report += &one.inspect_err(|_| {
                super::notes::stopped(report, path, &self.input.files);
            })?;
        }
        Ok(())
    }

    fn in_place(
        &self,
        bulk: &mut Bulk<'_>,
        reading: &Reading,
        path: &Path,
        events: &mut dyn FnMut(Event<'_>) -> Result<(), Error>,
    ) -> Result<Report, Error> {
        let mut sink = self.output.replace(path, threads(reading))?;
        let sources = vec![input::source(path)];
        let report = self.bundle(bulk, reading, sources, &mut sink, events)?;
        let touched = [report.changed, report.dropped, report.added];
        let same = touched.iter().all(|counts| counts.total() == 0);
        let lost = report.refused > 0 && self.on_error == OnError::Drop;
        if !same || lost || self.output.recompresses() {
            sink.finish()?;
        }
        Ok(report)
    }

    fn bundle(
        &self,
        bulk: &mut Bulk<'_>,
        reading: &Reading,
        sources: Vec<Source<'_>>,
        sink: &mut Sink,
        events: &mut dyn FnMut(Event<'_>) -> Result<(), Error>,
    ) -> Result<Report, Error> {
        bulk.run(reading, self.on_error, sources, &mut *sink, events)
            .map_err(|error| sink.blamed(error))
    }

    /// The file for the answer, if it is to be in one.
    fn response_file(&self) -> Result<Option<AtomicFile>, Error> {
        let path = self.response.as_deref().filter(|path| !is_standard(path));
        path.map(AtomicFile::create).transpose()
    }

    /// Writes the answer where it is wanted.
    fn answer(&self, answer: Answer, file: Option<AtomicFile>) -> Result<(), Error> {
        if let Some(file) = file {
            let mut buffered = BufWriter::with_capacity(1 << 16, file);
            answer.write(&mut buffered)?;
            let file = buffered
                .into_inner()
                .map_err(|error| Error::io("writing the answer", error.into_error()))?;
            return file.commit(Durable::No);
        }
        if self.response.is_some() || self.dry_run {
            answer.write(BufWriter::new(std::io::stdout().lock()))?;
        }
        Ok(())
    }
}

fn is_standard(path: &Path) -> bool {
    path.as_os_str() == "-"
}
