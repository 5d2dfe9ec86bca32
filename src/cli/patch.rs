//! `patch`: a `_bulk_update` request done to files, or to a live space.

mod live;

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use ruleferry::bulk::patch::{Answer, Event, Patching, Request, Summary, What};
use ruleferry::bulk::{License, Settings, Subject};
use ruleferry::error::{Error, Location};
use ruleferry::pipeline::Report;
use ruleferry::record::Kind;
use ruleferry::stream::Durable;

use super::exit::Exit;
use super::input::ended;
use super::notes::write_text;
use super::progress::Progress;
use super::request::{Requested, warn_of_dropped};
use super::told::Told;
use super::work::reject;
use super::{Format, Global, render};

const NOTES: &str = "\
The request is the body of `PATCH _bulk_update`, an array of partial rules:
  [{\"rule_id\": \"…\" or \"id\": \"…\", and the members to change}, …]
A member that is missing or null keeps its value, so that none can be removed; arrays and objects are replaced whole. What a \
partial rule may hold is what rules of the stored type hold: `type` cannot change, and other keys are dropped, as Kibana does. \
`id`, `rule_id`, `immutable`, `created_*` and `updated_*` stay. `version` stays unless it is given; `revision` moves on by one \
if anything but `enabled` changed; `rule_source` is worked out anew.

`threshold.field` and `machine_learning_job_id` become arrays. Actions get a `uuid` and a `frequency` where they have none, the \
latter from `throttle`, which is not kept. Of `required_fields`, `ecs` stays where name and type were there before, and is left \
out of others: an import works it out.

PATCH takes changes to Elastic's own rules whatever the licence, but not to their `author` and `license`; `rule_source` then says \
that they are customised. Whether connectors and exception lists exist is not looked at: see `ruleferry check`.

Each partial rule is done whole or not at all, in the order of the request. One that fails is named with its place in the \
request, and the exit code is 3. A body that the route refuses as a whole is exit 2, and nothing is written.

With `--to`, or `--url` or `--profile`, the partial rules go to a live space, one PATCH each, since no Kibana of 9.0 or later takes \
them together. It asks before, unless `--yes` is given; `--dry-run` says of each whether its rule is there and what would change. \
`-j` requests are in flight, 4 unless said otherwise; those for one rule go one after another, in order, and so do all where some \
name their rule by `id` and others by `rule_id`. One whose answer is lost is sent again: the content is then that of once, and only \
`revision` may move on twice. If no answer comes, the rule is read, and the report says whether it has what was sent. The run ends \
early where the credentials are refused (exit 5, or 3 if some were done) or the server stays away.

Example: ruleferry patch --request request.json --response answer.json export.ndjson -o out.ndjson
     or: ruleferry patch --request request.json --to prod/soc --report report.ndjson
with [{\"rule_id\":\"acme-1\",\"severity\":\"high\",\"tags\":[\"prod\"]}]";

/// The verb.
#[derive(Debug, Args)]
#[command(after_help = NOTES)]
pub(crate) struct Patch {
    /// Leaves `revision` and `rule_source` as they are, and `version` unless it is given.
    #[arg(long)]
    keep_versions: bool,
    /// What the ids of new actions are made from; random by default, and then told.
    #[arg(long, value_name = "TEXT", value_parser = NonEmptyStringValueParser::new())]
    seed: Option<String>,
    /// The server's licence. Unless it is said, it is taken to be good enough for machine learning.
    #[arg(long, value_name = "LEVEL", help_heading = "The server")]
    license: Option<License>,
    #[command(flatten)]
    live: live::Flags,
    #[command(flatten)]
    asked: Requested,
}

impl Patch {
    /// Runs the verb.
    pub(crate) fn run(&self, global: &Global) -> anyhow::Result<Exit> {
        if self.live.is_live() {
            self.offline_flags()?;
            return Ok(self.live.run(&self.asked.file, global)?);
        }
        self.live.check_unused()?;
        self.asked.check(true)?;
        let random = || uuid::Uuid::new_v4().to_string();
        let settings = Settings {
            license: self.license,
            keep_versions: self.keep_versions,
            seed: self.seed.clone().unwrap_or_else(random),
            ..Settings::default()
        };
        let name = self.asked.file.name();
        let text = self.asked.file.text()?;
        let request = Request::parse(&text).map_err(|error| error.in_file(&name))?;
        warn_of_dropped(global, &request.dropped, &name);
        let consumed = Arc::new(AtomicU64::new(0));
        let reading = global.reading(&consumed);
        let opened = self.asked.input.open(None, global)?;
        let progress = Progress::start(global.progress, opened.size, consumed);
        let mut rejects = self.asked.rejects()?;
        let response = self.asked.response()?;
        let mut patching = Patching::new(&request, &settings, self.asked.is_answered())?;
        let mut tell = Tell::new(global, &request, &name);
        let mut report = Report::default();
        let on_error = self.asked.on_error;
        let mut events = |event: Event<'_>| {
            let line = match &event {
                Event::Unreadable { line, .. } => Some(*line),
                Event::Failed { rule, .. } => rule.as_ref().map(|(_, _, line)| *line),
                Event::Noted { .. } => None,
            };
            if let (Some(rejects), Some(line)) = (&mut rejects, line) {
                reject(rejects, line)?;
            }
            tell.take(event);
            Ok(())
        };
        self.asked.bundles(
            opened.sources,
            &reading,
            &mut report,
            &mut |sources, out| patching.run(&reading, on_error, sources, out, &mut events),
        )?;
        let (answer, more) = patching.finish(&mut events)?;
        drop(progress);
        rejects.map_or(Ok(()), |rejects| rejects.commit(Durable::No))?;
        if self.seed.is_none() && request.makes_ids() {
            let seed = &settings.seed;
            write_text(&format!(
                "seed: {seed} (give it as `--seed` to make the same ids again)"
            ));
        }
        let exit = ended(tell.finish(&answer, more, &report), opened.is_whole);
        self.asked
            .answer(response, false, |out| answer.write(&request, out))?;
        Ok(exit)
    }
}

impl Patch {
    /// Refuses flags that are for files.
    fn offline_flags(&self) -> Result<(), Error> {
        let own = [
            (self.keep_versions, "--keep-versions"),
            (self.seed.is_some(), "--seed"),
            (self.license.is_some(), "--license"),
        ];
        let given = own.into_iter().find(|(is_given, _)| *is_given);
        match given.map(|(_, flag)| flag).or(self.asked.of_files()) {
            Some(flag) => Err(Error::usage(format!(
                "`{flag}` is for files, so it has no place beside `--to`, `--url` or `--profile`"
            ))),
            None => Ok(()),
        }
    }
}

/// What people are told of a run.
struct Tell<'r> {
    request: &'r Request<'r>,
    /// The request's file.
    name: &'r str,
    errors: Format,
    /// The errors of elements, which are told in the order of the request.
    failed: Vec<(usize, Error)>,
    notes: Told,
}

impl<'r> Tell<'r> {
    fn new(global: &Global, request: &'r Request<'r>, name: &'r str) -> Self {
        Self {
            request,
            name,
            errors: global.errors,
            failed: Vec::new(),
            notes: Told::new(Format::Text, true, global),
        }
    }

    fn take(&mut self, event: Event<'_>) {
        match event {
            Event::Unreadable { error, .. } => render::warning(&error, self.errors),
            Event::Noted { note, rule } => {
                let of = label(rule);
                self.notes
                    .note(sentence(note.what), || format!("`{}` ({of})", note.pointer));
            }
            Event::Failed {
                element,
                fault,
                rule,
            } => {
                let rule = rule.map(|(subject, place, _)| {
                    let Location { file, line, .. } = place;
                    format!("{} at {file}:{line}", label(subject))
                });
                let error = self
                    .request
                    .error(element, fault, self.name, rule.as_deref());
                self.failed.push((element, error));
            }
        }
    }

    /// Says what came of it all, and how the run ends.
    fn finish(mut self, answer: &Answer, more: u64, report: &Report) -> Exit {
        self.failed.sort_by_key(|(element, _)| *element);
        for (_, error) in &self.failed {
            render::warning(error, self.errors);
        }
        for _ in 0..more {
            self.notes.note(
                "rules patched beyond the first of their id, which several lines have: {n}",
                String::new,
            );
        }
        let unknown = report.read[Kind::Other];
        for _ in 0..unknown {
            self.notes.note(
                "records that are neither rule, exception, connector nor details, and passed untouched: {n}",
                String::new,
            );
        }
        let summary = answer.summary();
        self.notes.finish(&sum(summary, report));
        if summary.failed > 0 || report.refused > 0 {
            Exit::Part
        } else {
            Exit::Done
        }
    }
}

/// As in "3 partial rules for a bundle of 36 rules: 2 patched, 1 was so already".
fn sum(summary: Summary, report: &Report) -> String {
    let Summary {
        patched,
        unchanged,
        failed,
    } = summary;
    let plural = |count: u64| if count == 1 { "" } else { "s" };
    let all = patched + unchanged + failed;
    let rules = report.read[Kind::Rule];
    let mut line = format!(
        "{all} partial rule{} for a bundle of {rules} rule{}: {patched} patched",
        plural(all),
        plural(rules)
    );
    if unchanged > 0 {
        line += &format!(", {unchanged} changed nothing");
    }
    if failed > 0 {
        line += &format!(", {failed} failed");
    }
    if report.refused > 0 {
        let lines = report.refused;
        line += &format!("; {lines} line{} cannot be read", plural(lines));
    }
    line
}

fn sentence(what: What) -> &'static str {
    match what {
        What::Dropped => {
            "keys dropped, as Kibana does, because rules of the type in question do not have them: {n}"
        }
        What::Stored => "values not taken, because the rule keeps what the server made: {n}",
        What::NoFrequency => {
            "throttles without effect, because no action that is given lacks a `frequency`: {n}"
        }
        What::Ecs => {
            "required fields new to their rule; whether they are of ECS (`ecs`) is left to the import: {n}"
        }
    }
}

fn label(rule: &Subject) -> String {
    let id = rule.rule_id.as_ref().or(rule.id.as_ref());
    format!("rule `{}`", id.map_or("?", |id| id))
}
