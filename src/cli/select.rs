//! `select`: chosen rules, with exactly what they need.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use clap::{Arg, Args};
use ruleferry::bundle::select::{Choice, Extent, Selected, Unreadable, select};
use ruleferry::bundle::{Need, Thing};
use ruleferry::error::{Error, Location};
use ruleferry::pipeline::{OnError, Reading, Report};
use ruleferry::query::Query;
use ruleferry::record::{Counts, Kind};
use ruleferry::stream::{AtomicFile, Durable, Source};
use serde_json::json;

use super::exit::Exit;
use super::input::{self, AnyInput, Opened, ended};
use super::notes::{by_kind, counts, records, stopped};
use super::output::{Output, Sink};
use super::progress::Progress;
use super::selection::Selection;
use super::told::Told;
use super::work::{check_in_place, check_paths, check_rejects, reject, threads};
use super::{Format, Global, render};

const NOTES: &str = "\
A chosen rule brings the exception lists that it refers to, told by `list_id` and namespace, with all their items, and the \
connectors that its actions go through. Order stays, and each line leaves byte for byte. What the rules refer to and the bundle \
lacks is named; lists that Kibana makes itself (`endpoint_list`) and system connectors are in no export, so they are not missed.

One details line is left where there are some, at the end, and counts what is left; where there is none, none is made.

Where no rule is chosen the output is empty but for the details line, and the exit code is 0.

Examples:
  ruleferry select --only 'tags:\"Linux\" and severity:(high or critical)' export.ndjson -o linux.ndjson
  ruleferry select --ids retired.txt --invert export.ndjson -o rest.ndjson";

/// The verb.
#[derive(Debug, Args)]
#[command(mut_args(reworded), after_help = NOTES)]
pub(crate) struct Select {
    #[command(flatten)]
    input: AnyInput,
    #[command(flatten)]
    selection: Selection,
    /// Takes the other rules, with what they need.
    #[arg(long, help_heading = "Which rules")]
    invert: bool,
    /// Takes the rules alone; what they refer to is named.
    #[arg(long, conflicts_with = "keep_unused", help_heading = "What with them")]
    rules_only: bool,
    /// Takes also what no rule of the bundle refers to: lists, connectors, saved objects, records of no known kind.
    #[arg(long, help_heading = "What with them")]
    keep_unused: bool,
    #[command(flatten)]
    output: Output,
    /// What becomes of a line that cannot be read.
    #[arg(
        long,
        value_name = "WHAT",
        default_value = "stop",
        hide_default_value = true,
        help_heading = "Output"
    )]
    on_error: OnError,
    /// Collects the lines that could not be read, byte for byte.
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    rejects: Option<PathBuf>,
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

/// Says of the arguments that choose rules and outputs what they do here.
fn reworded(arg: Arg) -> Arg {
    match arg.get_id().as_str() {
        "only" => arg.help("Takes rules that match. See `ruleferry help query`"),
        "ids" => arg.help("Takes rules whose `rule_id` is a line of this file"),
        _ => arg,
    }
}

/// What came of all bundles.
#[derive(Default)]
struct Total {
    report: Report,
    met: HashSet<String>,
    unreferable: u64,
}

impl Select {
    /// Runs the verb.
    pub(crate) fn run(&self, global: &Global) -> anyhow::Result<Exit> {
        self.check()?;
        let choice = Choice {
            only: self.selection.query()?,
            ids: self.selection.rule_ids()?,
            invert: self.invert,
        };
        let consumed = Arc::new(AtomicU64::new(0));
        let reading = global.reading(&consumed);
        let Opened {
            sources,
            size,
            is_whole,
        } = self.input.open(self.pushed(&choice), global)?;
        let progress = Progress::start(global.progress, size, consumed);
        let rejects = self
            .rejects
            .as_deref()
            .map(AtomicFile::create)
            .transpose()?;
        let mut run = Run {
            verb: self,
            global,
            reading: &reading,
            choice: &choice,
            rejects,
            told: Told::new(self.format, self.output.is_stdout(), global),
            total: Total::default(),
        };
        run.bundles(sources)?;
        let Run {
            rejects,
            told,
            total,
            ..
        } = run;
        rejects.map_or(Ok(()), |rejects| rejects.commit(Durable::No))?;
        drop(progress);
        Ok(Self::finish(told, &choice, &total, is_whole)?)
    }

    fn check(&self) -> Result<(), Error> {
        if !self.selection.is_given() {
            return Err(Error::usage(
                "`select` must be told which rules to take, with `--only KQL` or `--ids FILE`; found neither",
            ));
        }
        check_in_place(&self.input, &self.output)?;
        let beside = [("--rejects", self.rejects.as_deref())];
        check_paths(&beside, self.input.files(), self.output.path())?;
        check_rejects(self.rejects.as_deref(), self.on_error)
    }

    /// The query that a live space may be asked, where nothing of the rules that do not match is in the result.
    fn pushed<'c>(&self, choice: &'c Choice) -> Option<&'c Query> {
        let is_all = choice.ids.is_none() && !self.invert && !self.keep_unused;
        choice.only.as_ref().filter(|_| is_all)
    }

    fn extent(&self) -> Extent {
        match (self.rules_only, self.keep_unused) {
            (true, _) => Extent::Rules,
            (false, true) => Extent::NeededAndUnused,
            (false, false) => Extent::Needed,
        }
    }

    /// Says what came of it all, and how the run ends.
    fn finish(
        mut told: Told,
        choice: &Choice,
        total: &Total,
        is_whole: bool,
    ) -> Result<Exit, Error> {
        let mut unmet: Vec<&String> = choice
            .ids
            .iter()
            .flatten()
            .filter(|id| !total.met.contains(*id))
            .collect();
        unmet.sort_unstable();
        for id in unmet {
            told.note("ids that no rule has, of those in `--ids`: {n}", || {
                format!("`{id}`")
            });
            told.json(|| json!({"schema_version": 1, "note": "unmet-id", "id": id}))?;
        }
        let Total {
            report,
            unreferable,
            ..
        } = total;
        if *unreferable > 0 {
            told.say(format!(
                "{} that no rule can refer to left out; `--keep-unused` keeps such",
                records(*unreferable)
            ));
        }
        let kept = kept(report);
        if kept[Kind::Rule] == 0 {
            told.say(match kept.total() {
                0 => "no rule is chosen, and the output is empty".into(),
                _ => "no rule is chosen, and the output has none".into(),
            });
        }
        let exit = if report.refused > 0 {
            Exit::Part
        } else {
            ended(Exit::Done, is_whole)
        };
        told.json(|| {
            json!({
                "schema_version": 1,
                "summary": {
                    "read": counts(report.read),
                    "kept": counts(kept),
                    "dropped": counts(report.dropped),
                    "unreferable": unreferable,
                    "refused": report.refused,
                },
                "exit": exit.code(),
            })
        })?;
        told.finish(&summary(report, kept));
        Ok(exit)
    }
}

/// A run of the verb.
struct Run<'r> {
    verb: &'r Select,
    global: &'r Global,
    reading: &'r Reading,
    choice: &'r Choice,
    rejects: Option<AtomicFile>,
    told: Told,
    total: Total,
}

impl Run<'_> {
    /// Selects from the input as one bundle or, in place, from each file as a bundle of its own.
    fn bundles(&mut self, sources: Vec<Source<'_>>) -> Result<(), Error> {
        let output = &self.verb.output;
        if !output.in_place {
            let mut sink = output.open(threads(self.reading))?;
            self.bundle(sources, &mut sink)?;
            return sink.finish();
        }
        let files = self.verb.input.files();
        for path in files {
            if let Err(error) = self.in_place(path) {
                stopped(&self.total.report, path, files);
                return Err(error);
            }
        }
        Ok(())
    }

    fn in_place(&mut self, path: &Path) -> Result<(), Error> {
        let output = &self.verb.output;
        let mut sink = output.replace(path, threads(self.reading))?;
        let report = self.bundle(vec![input::source(path)], &mut sink)?;
        let same = report.changed.total() == 0 && report.dropped.total() == 0;
        let lost = report.refused > 0 && self.verb.on_error == OnError::Drop;
        if !same || lost || output.recompresses() {
            sink.finish()?;
        }
        Ok(())
    }

    fn bundle(&mut self, sources: Vec<Source<'_>>, sink: &mut Sink) -> Result<Report, Error> {
        let (rejects, errors) = (&mut self.rejects, self.global.errors);
        let selected = select(
            self.choice,
            self.verb.extent(),
            (self.reading, self.verb.on_error),
            sources,
            &mut *sink,
            |Unreadable { error, line }| {
                render::warning(&error, errors);
                rejects.as_mut().map_or(Ok(()), |to| reject(to, line))
            },
        )
        .map_err(|error| sink.blamed(error))?;
        self.take(selected)
    }

    fn take(&mut self, selected: Selected) -> Result<Report, Error> {
        let rules_only = self.verb.rules_only;
        for (need, location) in &selected.needs {
            let sentence = if rules_only {
                "what the chosen rules refer to is left out: {n}"
            } else if need.is_lacking() {
                "what the chosen rules refer to is not in the bundle: {n}"
            } else {
                continue;
            };
            self.told.note(sentence, || described(need, location));
            self.told.json(|| as_json(need, location))?;
        }
        if selected.details > 1 {
            self.told.say(format!(
                "{} details lines became one, at the end, which counts all",
                selected.details
            ));
        }
        let total = &mut self.total;
        total.report += &selected.report;
        total.met.extend(selected.met);
        total.unreferable += selected.unreferable;
        Ok(selected.report)
    }
}

/// As in "exception list `acme`, to which rule `a` (export.ndjson:3) and 2 more refer".
fn described(need: &Need, location: &Location) -> String {
    let Location { file, line, .. } = location;
    let (_, rule) = &need.first;
    let who = match need.rules {
        1 => format!("{rule} ({file}:{line}) refers"),
        more => format!("{rule} ({file}:{line}) and {} more refer", more - 1),
    };
    let elsewhere = match &need.thing {
        Thing::List(list) if need.is_elsewhere && !need.is_there => format!(
            "; one of that `list_id` is there in namespace `{}`",
            list.namespace.other().name()
        ),
        _ => String::new(),
    };
    format!("{}, to which {who}{elsewhere}", need.thing)
}

fn as_json(need: &Need, location: &Location) -> serde_json::Value {
    let (kind, id, namespace) = match &need.thing {
        Thing::List(list) => (
            Kind::ExceptionList,
            list.id.as_str(),
            Some(list.namespace.name()),
        ),
        Thing::Connector(id) => (Kind::Connector, id.as_str(), None),
    };
    json!({
        "schema_version": 1,
        "note": if need.is_lacking() { "lacking" } else { "left-out" },
        "kind": kind.name(),
        "id": id,
        "namespace": namespace,
        "rules": need.rules,
        "file": location.file,
        "line": location.line,
        "record": location.record,
    })
}

/// What was read and not dropped.
fn kept(report: &Report) -> Counts {
    let mut kept = report.read;
    for kind in Kind::ALL {
        kept[kind] -= report.dropped[kind].min(kept[kind]);
    }
    kept
}

/// As in "3 of 36 rules chosen; 7 of 61 records kept (3 rules, 1 exception list, …)".
fn summary(report: &Report, kept: Counts) -> String {
    let mut line = format!(
        "{} of {} rules chosen; {} of {} kept{}",
        kept[Kind::Rule],
        report.read[Kind::Rule],
        kept.total(),
        records(report.read.total()),
        by_kind(kept)
    );
    if report.refused > 0 {
        line += &format!(", {} refused", report.refused);
    }
    line
}
