//! What `export` tells of each space, and of all.

use ruleferry::bundle::Thing;
use ruleferry::error::{Error, Location, Result};
use ruleferry::ops::export::{Exported, Lack, Lacking};
use ruleferry::record::{Counts, Kind, ListId, RuleId};
use serde_json::{Value, json};

use super::Done;
use crate::cli::exit::Exit;
use crate::cli::notes::{by_kind, counts, records, write_text};
use crate::cli::told::Told;
use crate::cli::{Format, Global, render};

/// How many of what a space lacks are named unless more is asked for.
const NAMED: usize = 10;

/// Tells of spaces as they are done, and sums up.
pub(super) struct Tell<'g> {
    told: Told,
    format: Format,
    global: &'g Global,
    is_several: bool,
    /// Whether lists alone are exported.
    is_lists: bool,
    rows: Vec<Row>,
    /// How the run would end if the first space that failed were the only one.
    failure: Option<Exit>,
}

/// A space in the table.
struct Row {
    space: String,
    file: Option<String>,
    counts: Counts,
    lacking: usize,
    has_failed: bool,
}

impl Row {
    fn outcome(&self) -> &'static str {
        match (self.has_failed, self.lacking) {
            (true, _) => "failed",
            (false, 0) => "complete",
            (false, _) => "part",
        }
    }
}

impl<'g> Tell<'g> {
    pub(super) fn new(
        format: Format,
        to_stderr: bool,
        is_several: bool,
        is_lists: bool,
        global: &'g Global,
    ) -> Self {
        Self {
            told: Told::new(format, to_stderr, global),
            format,
            global,
            is_several,
            is_lists,
            rows: Vec::new(),
            failure: None,
        }
    }

    /// Takes down something about the server.
    pub(super) fn say(&mut self, sentence: String) {
        self.told.say(sentence);
    }

    /// Tells of a space.
    pub(super) fn take(&mut self, done: Done) -> Result<()> {
        let space = done.space.as_str();
        let file = done.file.as_ref().map(|file| file.display().to_string());
        let mut row = Row {
            space: space.to_owned(),
            file,
            counts: Counts::default(),
            lacking: 0,
            has_failed: false,
        };
        let message = match done.result {
            Ok(exported) => {
                row.counts = exported.counts;
                let missed = || exported.lacking.iter().chain(&exported.dangling);
                row.lacking = missed().count();
                for (note, lacks) in [
                    ("lacking", &exported.lacking),
                    ("dangling", &exported.dangling),
                ] {
                    for lack in lacks {
                        self.told.json(|| as_json(space, note, lack))?;
                    }
                }
                if self.format == Format::Text {
                    warn(&format!("space `{space}`"), missed(), self.global);
                }
                self.notes(space, &exported)?;
                None
            }
            Err(error) => {
                row.has_failed = true;
                self.failure.get_or_insert(Exit::of(error.kind()));
                let message = error.to_string();
                render::warning(
                    &error.in_file(&format!("space `{space}`")),
                    self.global.errors,
                );
                Some(message)
            }
        };
        self.told.json(|| {
            json!({
                "schema_version": 1,
                "space": row.space,
                "file": row.file,
                "outcome": row.outcome(),
                "records": counts(row.counts),
                "lacking": row.lacking,
                "message": message,
            })
        })?;
        self.rows.push(row);
        Ok(())
    }

    /// Takes down what else is to be known of a space.
    fn notes(&mut self, space: &str, exported: &Exported) -> Result<()> {
        let place = |text: &str| {
            if self.is_several {
                format!("{text} of space `{space}`")
            } else {
                text.to_owned()
            }
        };
        for Sort {
            sentence,
            note,
            kind,
            ids,
        } in sorts(exported, self.is_lists)
        {
            for id in ids {
                self.told.note(sentence, || place(&format!("`{id}`")));
                self.told.json(|| {
                    json!({"schema_version": 1, "space": space, "note": note, "kind": kind.name(), "id": id})
                })?;
            }
        }
        for (count, note, what, why) in [
            (
                exported.prebuilt,
                "prebuilt-left-out",
                "rules of Elastic's own",
                "Kibana before 8.18 neither exports nor imports them; `--rule-id` takes one all the same",
            ),
            (
                exported.connectors,
                "connectors-left-out",
                "connectors that rules use",
                "Kibana before 8.7 exports none",
            ),
        ] {
            if count > 0 {
                let what = place(what);
                self.told.say(format!("{what} left out: {count} ({why})"));
                self.told.json(
                    || json!({"schema_version": 1, "space": space, "note": note, "count": count}),
                )?;
            }
        }
        Ok(())
    }

    fn exit(&self) -> Exit {
        match self.failure {
            Some(exit) if self.rows.iter().all(|row| row.has_failed) => exit,
            Some(_) => Exit::Part,
            None if self.rows.iter().any(|row| row.lacking > 0) => Exit::Part,
            None => Exit::Done,
        }
    }

    /// Sums up, and says how the run ends.
    pub(super) fn finish(self) -> Result<Exit> {
        let exit = self.exit();
        let mut all = Counts::default();
        for row in &self.rows {
            all += row.counts;
        }
        let many = |outcome: &str| {
            let rows = self.rows.iter().filter(|row| row.outcome() == outcome);
            rows.count()
        };
        self.told.json(|| {
            let outcomes = ["complete", "part", "failed"]
                .map(|outcome| (outcome.to_owned(), Value::from(many(outcome))));
            json!({
                "schema_version": 1,
                "summary": outcomes.into_iter().collect::<serde_json::Map<_, _>>(),
                "records": counts(all),
                "exit": exit.code(),
            })
        })?;
        if self.is_several && self.format == Format::Text && !self.global.quiet {
            table(&self.rows);
        }
        let lacking: usize = self.rows.iter().map(|row| row.lacking).sum();
        let lacking = match lacking {
            0 => String::new(),
            count => format!("; {count} could not be had"),
        };
        let from = match self.rows.as_slice() {
            [one] => format!("space `{}`", one.space),
            rows => format!("{} of {} spaces", rows.len() - many("failed"), rows.len()),
        };
        self.told.finish(&format!(
            "{} exported from {from}{}{lacking}",
            records(all.total()),
            by_kind(all)
        ));
        Ok(exit)
    }
}

/// Records that one sentence is about.
struct Sort<'e> {
    sentence: &'static str,
    /// What reports call it.
    note: &'static str,
    kind: Kind,
    ids: Vec<&'e str>,
}

fn sorts(exported: &Exported, is_lists: bool) -> [Sort<'_>; 4] {
    fn rules(ids: &[RuleId]) -> Vec<&str> {
        ids.iter().map(RuleId::as_str).collect()
    }
    fn lists(ids: &[ListId]) -> Vec<&str> {
        ids.iter().map(ListId::as_str).collect()
    }
    let reserved = if is_lists {
        "lists that Kibana makes itself, left out unless `--list-id` names them: {n}"
    } else {
        "lists that Kibana makes itself, to which rules refer and which no export of rules has: {n} (`--exceptions --list-id ID` exports one)"
    };
    [
        Sort {
            sentence: "rules that no export gives, read by themselves: {n}",
            note: "read-singly",
            kind: Kind::Rule,
            ids: rules(&exported.read_singly),
        },
        Sort {
            sentence: "exception lists that the export of rules left out, fetched by themselves: {n}",
            note: "fetched",
            kind: Kind::ExceptionList,
            ids: lists(&exported.fetched),
        },
        Sort {
            sentence: reserved,
            note: "reserved",
            kind: Kind::ExceptionList,
            ids: lists(&exported.reserved),
        },
        Sort {
            sentence: "`rule_id`s that more than one rule has: {n} (an import takes the last rule of each)",
            note: "repeated",
            kind: Kind::Rule,
            ids: rules(&exported.repeated),
        },
    ]
}

/// Names on stderr what could not be had from a place.
pub(crate) fn warn<'l>(
    place: &str,
    missed: impl Iterator<Item = &'l Lack> + Clone,
    global: &Global,
) {
    let say = |message: String| {
        let location = Location {
            file: place.into(),
            ..Location::default()
        };
        render::warning(&Error::refused(message).at(location), global.errors);
    };
    let count = missed.clone().count();
    let named = if global.verbose { count } else { NAMED };
    for lack in missed.take(named) {
        say(format!("{} could not be had: {}", lack.what, lack.why));
    }
    if count > named {
        let more = count - named;
        say(format!("{more} more could not be had; `-v` names each"));
    }
}

fn as_json(space: &str, note: &str, lack: &Lack) -> Value {
    let namespace = match &lack.what {
        Lacking::Thing(Thing::List(list)) => Some(list.namespace.name()),
        Lacking::Thing(Thing::Connector(_))
        | Lacking::Rule(_)
        | Lacking::List(_)
        | Lacking::Rules
        | Lacking::Connectors => None,
    };
    json!({
        "schema_version": 1,
        "space": space,
        "note": note,
        "kind": lack.what.kind().name(),
        "id": lack.what.id(),
        "namespace": namespace,
        "why": lack.why,
    })
}

/// Writes one row a space for people.
fn table(rows: &[Row]) {
    let columns = ["rules", "lists", "items", "connectors", "lacking"];
    let first = rows.iter().map(|row| row.space.len()).max().unwrap_or(0);
    let first = first.max("space".len());
    let cells = |row: &Row| -> [String; 5] {
        let [rules, lists, items, connectors] = [
            Kind::Rule,
            Kind::ExceptionList,
            Kind::ExceptionItem,
            Kind::Connector,
        ]
        .map(|kind| row.counts[kind].to_string());
        [rules, lists, items, connectors, row.lacking.to_string()]
    };
    let line = |name: &str, cells: [String; 5], last: &str| {
        let cells = cells.iter().zip(columns);
        let cells = cells.map(|(cell, column)| format!("  {cell:>width$}", width = column.len()));
        write_text(&format!(
            "{name:first$}{}  {last}",
            cells.collect::<String>()
        ));
    };
    line("space", columns.map(String::from), "file");
    for row in rows {
        if row.has_failed {
            write_text(&format!("{:first$}  failed", row.space));
        } else {
            line(&row.space, cells(row), row.file.as_deref().unwrap_or("-"));
        }
    }
}
