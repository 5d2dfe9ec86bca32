//! What is brought to a space beside its records, and what became of it: value lists, timelines, connectors that no rule brings.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::BufRead;

use ruleferry::error::{Error, ErrorKind, Result};
use ruleferry::kibana::{Client, Space};
use ruleferry::ops::model::Outcome;
use ruleferry::ops::spare;
use ruleferry::ops::timelines;
use ruleferry::ops::value_lists::{self, Settings};
use serde_json::{Map, Value, json};

use super::import::ledger::Ledger;
use super::plan::count as plural;

/// How many of a sort are named unless more is asked for.
const NAMED: usize = 10;

/// What sort of thing it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Thing {
    ValueList,
    Timeline,
    DataView,
    Connector,
}

impl Thing {
    /// What reports call it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::ValueList => "value-list",
            Self::Timeline => "timeline",
            Self::DataView => "data-view",
            Self::Connector => "connector",
        }
    }

    /// What people call it.
    fn text(self) -> &'static str {
        match self {
            Self::ValueList => "value list",
            Self::Timeline => "timeline",
            Self::DataView => "data view",
            Self::Connector => "connector that no rule uses",
        }
    }

    /// What people call so many of them.
    pub(crate) fn count(self, many: usize) -> String {
        match self {
            Self::Connector if many != 1 => format!("{many} connectors that no rule uses"),
            _ => plural(many, self.text()),
        }
    }
}

/// A thing, and what became of it.
pub(crate) struct Carried {
    pub(crate) thing: Thing,
    pub(crate) id: String,
    /// What a timeline is called.
    title: Option<Box<str>>,
    pub(crate) outcome: Outcome,
    pub(crate) message: Option<String>,
    /// How many values a list has where it comes from, and how many were sent.
    values: Option<(u64, u64)>,
    pub(crate) error: Option<Error>,
    /// Whether this run made it, or the one that this goes on with.
    is_own: bool,
}

/// Whether anything is sent, and what to a value list that is there.
#[derive(Clone, Copy)]
pub(crate) enum Doing<'l> {
    /// Nothing is sent; a list that is there would get values, or not.
    Rehearse { may_add: bool },
    /// A list that is there gets values, or not unless it is in the ledger as one that was made.
    Bring { may_add: bool, ledger: &'l Ledger },
}

impl Doing<'_> {
    fn may_add(self) -> bool {
        match self {
            Self::Rehearse { may_add } | Self::Bring { may_add, .. } => may_add,
        }
    }
}

impl Carried {
    /// A thing that is as it should be.
    pub(crate) fn new(thing: Thing, id: &str) -> Self {
        Self {
            thing,
            id: id.to_owned(),
            title: None,
            outcome: Outcome::Unchanged,
            message: None,
            values: (thing == Thing::ValueList).then_some((0, 0)),
            error: None,
            is_own: false,
        }
    }

    /// One that would be made in an empty space.
    pub(crate) fn created(thing: Thing, id: &str) -> Self {
        Self {
            outcome: Outcome::Created,
            ..Self::new(thing, id)
        }
    }

    /// One that could not be brought.
    pub(crate) fn failed(thing: Thing, id: &str, error: Error) -> Self {
        Self::new(thing, id).with_error(error)
    }

    /// The same, which could not be brought.
    pub(crate) fn with_error(mut self, error: Error) -> Self {
        self.outcome = Outcome::Failed;
        self.message = Some(error.to_string());
        self.error = Some(error);
        self
    }

    /// Brings a value list whose values are lines of text; `values` is opened anew for each pass.
    pub(crate) fn value_list<R: BufRead>(
        (client, space): (&Client, &Space),
        settings: &Settings,
        mut values: impl FnMut() -> Result<R>,
        doing: Doing<'_>,
    ) -> Self {
        let mut carried = Self::new(Thing::ValueList, settings.id());
        match carried.bring((client, space), settings, &mut values, doing) {
            Ok(()) => carried,
            Err(error) => {
                if carried.values == Some((0, 0)) {
                    let all = values().and_then(value_lists::distinct);
                    carried.values = Some((all.unwrap_or_default(), 0));
                }
                // One that was about to be made need not be there.
                carried.is_own = carried.is_own
                    && !matches!(Settings::of(client, space, settings.id()), Ok(None));
                carried.with_error(error)
            }
        }
    }

    fn bring<R: BufRead>(
        &mut self,
        (client, space): (&Client, &Space),
        settings: &Settings,
        mut values: impl FnMut() -> Result<R>,
        doing: Doing<'_>,
    ) -> Result<()> {
        let id = settings.id();
        let there = Settings::of(client, space, id)?;
        let mut may_add = doing.may_add();
        if let Doing::Bring { ledger, .. } = doing {
            self.is_own = ledger.has_made(space, id);
            may_add |= self.is_own;
        }
        if let Some(there) = &there {
            settings.must_be_of(there, space)?;
            if let Some(key) = settings.differs(there) {
                self.values = Some((value_lists::distinct(values()?)?, 0));
                self.outcome = Outcome::Conflict;
                self.message = Some(format!("it is there with another `{key}`"));
                return Ok(());
            }
        }
        match (doing, &there) {
            (Doing::Rehearse { .. }, None) => {
                self.values = Some((value_lists::distinct(values()?)?, 0));
                self.outcome = Outcome::Created;
                return Ok(());
            }
            (Doing::Bring { ledger, .. }, None) => {
                ledger.making(space, id)?;
                self.is_own = true;
            }
            (Doing::Bring { .. }, Some(_)) if may_add => {}
            (_, Some(_)) => {
                let (all, lacking) = value_lists::lacking(client, space, id, values()?)?;
                self.values = Some((all, 0));
                self.outcome = match lacking {
                    0 => Outcome::Unchanged,
                    _ if may_add => Outcome::Overwritten,
                    _ => Outcome::Conflict,
                };
                if matches!(doing, Doing::Rehearse { .. }) && self.outcome == Outcome::Overwritten {
                    self.message = Some(format!("it is there and gets {lacking} values first"));
                }
                if self.outcome == Outcome::Conflict {
                    self.message = Some(format!(
                        "it is there and lacks {lacking} of the values; `--overwrite exceptions` adds them"
                    ));
                }
                return Ok(());
            }
        }
        let told = value_lists::import(client, space, settings, values)?;
        self.values = Some((told.values, told.sent));
        self.outcome = match (told.is_created, told.sent) {
            (true, _) => Outcome::Created,
            (false, 0) => Outcome::Unchanged,
            (false, _) => Outcome::Overwritten,
        };
        if told.missing > 0 {
            let missing = told.missing;
            return Err(Error::refused(format!(
                "{missing} of its values did not arrive"
            )));
        }
        Ok(())
    }

    /// Whether it failed in a way that going on with the run may mend, and the same command anew may not.
    pub(crate) fn may_go_on(&self) -> bool {
        let is_final = |error: &Error| match error.kind() {
            ErrorKind::Refused { .. } => true,
            ErrorKind::Status { status, .. } => (400..500).contains(status),
            _ => false,
        };
        let error = self.error.as_ref();
        self.outcome == Outcome::Failed
            && (self.is_own || error.is_some_and(|error| !is_final(error)))
    }

    /// Whether it is there as it should be.
    pub(crate) fn is_there(&self) -> bool {
        self.outcome.is_there()
    }

    /// As in ``value list `hosts` created, 3 values, 3 sent``.
    pub(crate) fn text(&self) -> String {
        let values = self
            .values
            .map(|(all, sent)| format!(", {all} values, {sent} sent"));
        let title = self.title.as_ref().map(|it| format!(" ({it})"));
        let message = self.message.as_ref().map(|it| format!(": {it}"));
        format!(
            "  {} `{}`{} {}{}{}\n",
            self.thing.text(),
            self.id,
            title.unwrap_or_default(),
            self.outcome.name(),
            values.unwrap_or_default(),
            message.unwrap_or_default()
        )
    }

    /// As a line of the report.
    pub(crate) fn json(&self, space: &Space, target: Option<&str>) -> Value {
        let mut line = json!({
            "schema_version": 1,
            "kind": self.thing.name(),
            "id": self.id,
            "space": space.as_str(),
            "outcome": self.outcome.name(),
            "message": self.message,
        });
        if let Some((values, sent)) = self.values {
            line["values"] = values.into();
            line["sent"] = sent.into();
        }
        if let Some(title) = &self.title {
            line["title"] = (&**title).into();
        }
        if let Some(target) = target {
            line["target"] = target.into();
        }
        line
    }
}

impl From<timelines::Told> for Carried {
    fn from(told: timelines::Told) -> Self {
        Self {
            title: Some(told.title),
            outcome: told.outcome,
            message: told.message.map(Into::into),
            ..Self::new(Thing::Timeline, &told.id)
        }
    }
}

impl From<spare::Told> for Carried {
    fn from(told: spare::Told) -> Self {
        Self {
            outcome: told.outcome,
            message: told.message.map(Into::into),
            ..Self::new(Thing::Connector, &told.id)
        }
    }
}

/// How many things have each outcome, as the summary of a report has it.
#[derive(Default)]
pub(crate) struct Count(BTreeMap<Outcome, u64>);

impl Count {
    /// Counts these too.
    pub(crate) fn add(&mut self, all: &[Carried]) {
        for it in all {
            *self.0.entry(it.outcome).or_default() += 1;
        }
    }

    pub(crate) fn json(&self) -> Value {
        let counts = Outcome::ALL.into_iter().map(|outcome| {
            let count = self.0.get(&outcome).copied().unwrap_or_default();
            (outcome.name().to_owned(), count.into())
        });
        Value::Object(counts.collect::<Map<String, Value>>())
    }
}

/// As people read it: what is as it should be in numbers, the rest by name.
pub(crate) fn text(all: &[Carried], names_all: bool) -> String {
    let mut text = String::new();
    let mut rows: BTreeMap<Outcome, BTreeMap<Thing, usize>> = BTreeMap::new();
    for it in all {
        *rows
            .entry(it.outcome)
            .or_default()
            .entry(it.thing)
            .or_default() += 1;
    }
    for (outcome, things) in rows {
        let total: usize = things.values().sum();
        let things: Vec<String> = things
            .iter()
            .map(|(thing, many)| thing.count(*many))
            .collect();
        let name = outcome.name().replace('_', " ");
        _ = writeln!(text, "  {name:<11} {total:>6}  {}", things.join(", "));
    }
    let named: Vec<&Carried> = all
        .iter()
        .filter(|it| names_all || !it.is_there())
        .collect();
    let shown = if names_all { named.len() } else { NAMED };
    text.extend(
        named
            .iter()
            .take(shown)
            .map(|it| format!("  {}", it.text())),
    );
    if named.len() > shown {
        let more = named.len() - shown;
        _ = writeln!(text, "    and {more} more; `-v` or `--report` names them");
    }
    text
}
