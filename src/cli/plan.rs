//! `plan`: what would an import do, and what would the server answer?

mod keep;
mod text;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use clap::Args;
use ruleferry::error::Error;
use ruleferry::kibana::{Retry, Space};
use ruleferry::ops;
use ruleferry::ops::import::{Inventory, Terms};
use ruleferry::ops::model::{Message, Note, Outcome};
use ruleferry::ops::plan::{self, Planned};
use serde_json::{Value, json};

use super::connection::{Connected, Connection, Target};
use super::exit::Exit;
use super::import::Replaced;
use super::input::Input;
use super::progress::Progress;
use super::{Format, Global, work};

pub(super) use keep::fingerprint;
pub(super) use ruleferry::ops::plan::check_version;
pub(super) use text::count;

const NOTES: &str = "Reads the space (rules, lists and items, connectors with the ids they were imported under), does to a model of it what \
the server's import does, and changes nothing. Records are created, overwritten (with the fields that differ), unchanged, in \
conflict, refused, or held back: a rule that needs an exception list or item which is not in the space and does not arrive is not \
sent, unless `--allow-missing-exceptions` is given. What is there already is not sent again.

The requests are those of an import whose parts are as large as they may be; `import` makes them smaller where the server takes \
long.

The text names what needs attention; `-v` names each record. JSON has a line a record, then a summary with the answer that the \
server will give. `-o PLAN` keeps the plan with fingerprints of the files and of every stored object that it rests on.

Exit codes: 0; with `--exit-code` 4 if anything would change or fail; 5 if the credentials are refused.

Example: ruleferry plan export.ndjson --to prod/soc --overwrite rules";

/// The verb.
#[derive(Debug, Args)]
#[command(after_help = NOTES)]
pub(crate) struct Plan {
    #[command(flatten)]
    input: Input,
    /// Where it would go, as in `prod/soc`; without it, what flags, variables and `--profile` say.
    #[arg(long = "to", value_name = "TARGET", help_heading = "Connection")]
    to: Option<Target>,
    #[command(flatten)]
    connection: Connection,
    /// What may be replaced where it is there already: `rules`, `exceptions`, `connectors`.
    #[arg(
        long,
        value_name = "WHAT",
        value_delimiter = ',',
        help_heading = "Import"
    )]
    overwrite: Vec<Replaced>,
    /// Plans to send rules though a list or item that they need does not arrive.
    #[arg(long, help_heading = "Import")]
    allow_missing_exceptions: bool,
    /// Plans to change the items of lists that are overwritten one by one.
    #[arg(long, help_heading = "Import")]
    items_in_place: bool,
    /// Exits with 4 if anything would change or fail.
    #[arg(long, help_heading = "Output")]
    exit_code: bool,
    /// Keeps the plan in this file.
    #[arg(
        short = 'o',
        long = "output",
        value_name = "PLAN",
        help_heading = "Output"
    )]
    output: Option<PathBuf>,
    /// How it is written.
    #[arg(
        long,
        value_name = "FORMAT",
        default_value = "text",
        hide_default_value = true,
        help_heading = "Output"
    )]
    format: Format,
}

/// A plan and what it is for.
struct Told<'t> {
    plan: &'t plan::Plan,
    connected: &'t Connected,
    space: &'t Space,
    bundle: &'t Inventory,
    terms: Terms,
    exit: Exit,
}

impl Plan {
    /// Runs the verb.
    pub(crate) fn run(&self, global: &Global) -> anyhow::Result<Exit> {
        if self.output.is_some() && self.input.reads_stdin() {
            let message = "`-o` needs FILEs: a plan is kept with their fingerprints, and standard input cannot be read again";
            return Err(Error::usage(message).into());
        }
        let connected = match &self.to {
            Some(target) => self.connection.connect_to(target, Retry::default(), global),
            None => self.connection.connect(Retry::default(), global),
        }?;
        let space = connected.space()?;
        let target = connected.version()?;
        let terms = Terms {
            overwrite: Replaced::overwrite(&self.overwrite),
            allow_missing_exceptions: self.allow_missing_exceptions,
            items_in_place: self.items_in_place,
        };
        check_version(target)?;
        let consumed = Arc::new(AtomicU64::new(0));
        let reading = global.reading(&consumed);
        let progress = Progress::start(global.progress, self.input.size(), consumed);
        let bundle = Inventory::read(&reading, self.input.sources(), target)?;
        let plan = plan::Plan::make(&connected.client, &space, &bundle, terms)?;
        drop(progress);
        let exit = if self.exit_code && !plan.changes_nothing() {
            Exit::Findings
        } else {
            Exit::Done
        };
        let told = Told {
            plan: &plan,
            connected: &connected,
            space: &space,
            bundle: &bundle,
            terms,
            exit,
        };
        if let Some(path) = &self.output {
            keep::write(path, &self.input.files, &told)?;
        }
        match self.format {
            Format::Json => work::print(&told.json())?,
            Format::Text if global.quiet => {}
            Format::Text => work::print(&text::of(&told, global.verbose))?,
        }
        Ok(exit)
    }
}

/// The note as JSON.
fn note(note: &Note) -> Value {
    match note {
        Note::LosesReference(list) => json!({
            "note": "loses_reference", "list_id": list.id.as_str(), "namespace_type": list.namespace.name(),
        }),
        Note::LosesAction(id) => json!({"note": "loses_action", "connector": id}),
        Note::NeedsSecrets => json!({"note": "needs_secrets"}),
        Note::LosesSecrets => json!({"note": "loses_secrets"}),
        Note::GetsNewId => json!({"note": "gets_new_id"}),
        Note::RemovesItems(count) => json!({"note": "removes_items", "items": count}),
        Note::LacksItemsForAMoment => json!({"note": "lacks_items_for_a_moment"}),
        Note::Superseded => json!({"note": "superseded"}),
    }
}

/// The record as a line of the report.
pub(super) fn record(bundle: &Inventory, space: &Space, record: &Planned) -> Value {
    let outlook = &record.outlook;
    let location = bundle.location(u32::try_from(outlook.line).unwrap_or(u32::MAX));
    json!({
        "schema_version": 1,
        "file": location.file,
        "line": location.line,
        "kind": outlook.kind.name(),
        "id": outlook.id,
        "space": space.as_str(),
        "outcome": outlook.outcome.name(),
        "status": outlook.status,
        "message": outlook.message.as_ref().map(Message::text),
        "part": record.part,
        "changes": record.changes,
        "notes": outlook.notes.iter().map(note).collect::<Value>(),
    })
}

/// The objects that a plan rests on, with their fingerprints.
pub(super) fn touched(plan: &plan::Plan) -> Value {
    let object = |((kind, object), touched): (
        &(ruleferry::record::Kind, Box<str>),
        &ops::snapshot::Touched,
    )| {
        json!({
            "kind": kind.name(), "id": touched.id, "object": object,
            "fingerprint": touched.fingerprint.to_string(),
        })
    };
    plan.touched.iter().map(object).collect()
}

impl Told<'_> {
    fn counts(&self) -> Value {
        let counts = self.plan.counts();
        Outcome::ALL
            .into_iter()
            .map(|outcome| {
                let count = counts.get(&outcome).copied().unwrap_or(0);
                (outcome.name().to_owned(), Value::from(count))
            })
            .collect::<serde_json::Map<_, _>>()
            .into()
    }

    fn json(&self) -> String {
        let mut lines: Vec<String> = self
            .plan
            .records
            .iter()
            .map(|planned| record(self.bundle, self.space, planned).to_string())
            .collect();
        let requests: Vec<Value> = (1..)
            .zip(&self.plan.requests)
            .map(|(part, sent)| {
                json!({
                    "part": part,
                    "bytes": sent.bytes,
                    "status": sent.reply.status(),
                    "body": sent.reply.to_json(),
                })
            })
            .collect();
        let summary = json!({
            "schema_version": 1,
            "summary": self.counts(),
            "space": self.space.as_str(),
            "requests": requests,
            "single_requests": self.plan.single,
            "gaps": self.plan.gaps,
            "exit": self.exit.code(),
        });
        lines.push(summary.to_string());
        lines.join("\n") + "\n"
    }
}

#[cfg(test)]
mod tests;
