//! One element, done to one rule: all of it or nothing.

use super::actions::{Completing, takes_throttle};
use super::members;
use super::request::{Element, Fault};
use crate::bulk::editing::machine_learning;
use crate::bulk::failure::Failure;
use crate::bulk::settings::Settings;
use crate::bulk::stamp;
use crate::bundle::alike;
use crate::check::{Level, Problem, is_stored, partial};
use crate::error::{Error, PathStep, Result};
use crate::json::{Object, Raw};
use crate::record::Record;
use crate::schema::Schema;

/// Something that Kibana does with an element without a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// The way to it, as in `/0/threshold`.
    pub pointer: String,
    /// What it does.
    pub what: What,
}

/// What is done without a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// A key is dropped that rules of this type do not have.
    Dropped,
    /// The stored rule's value stays.
    Stored,
    /// The value is not kept: it is for actions without a frequency, and there are none.
    NoFrequency,
    /// Whether the field is one of ECS is left to the import.
    Ecs,
}

/// What an element makes of its rule.
#[derive(Debug)]
pub(super) struct Patched {
    /// The rule as it is then.
    pub(super) rule: Box<str>,
    pub(super) changed: bool,
    pub(super) notes: Vec<Note>,
}

/// The members that a patch changes, with their new values.
type Changes = Vec<(String, Box<str>)>;

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self {
            way: Vec::new(),
            failure: Failure {
                message: error.to_string().into(),
                status: 500,
                code: None,
            },
        }
    }
}

/// Does an element to its rule. One that fails leaves the rule alone.
pub(super) fn apply(
    element: &Element<'_>,
    settings: &Settings,
    rule: &mut Record<'_>,
) -> Result<Patched, Fault> {
    refuse(element, settings, rule)?;
    let ty = rule.str("type").unwrap_or_default().into_owned();
    let problems = judged(element, &ty)?;
    let mut notes = Vec::new();
    let changes = changes(element, settings, rule, &problems, &mut notes)?;
    let before = rule.to_json();
    let mut trial = Record::parse(&before, rule.ordinal()).map_err(Error::from)?;
    for (key, value) in &changes {
        trial.set(key, value.clone());
    }
    if changes.iter().any(|(key, _)| key == "actions") {
        trial.remove("throttle");
    }
    let touched: Vec<&str> = changes.iter().map(|(key, _)| key.as_str()).collect();
    let read = Object::parse(&before).map_err(Error::from)?;
    super::later::check(&read, &trial, &touched)?;
    if !settings.keep_versions {
        stamp::source(&mut trial)?;
        let moves = |key: &str| !same(read.get(key), trial.get(key));
        // Switching a rule on or off is no revision of it.
        if touched.iter().any(|key| *key != "enabled") || moves("rule_source") {
            stamp::next(&mut trial, "revision")?;
        }
    }
    for key in touched.iter().copied().chain(["rule_source", "revision"]) {
        if let Some(value) = trial.get(key) {
            rule.set(key, value.text());
        }
    }
    if !trial.has("throttle") {
        rule.remove("throttle");
    }
    let after = trial.to_json();
    Ok(Patched {
        changed: after != before,
        rule: after,
        notes,
    })
}

/// What Kibana refuses before it looks at the members.
fn refuse(element: &Element<'_>, settings: &Settings, rule: &Record<'_>) -> Result<(), Fault> {
    let fault = |failure: Failure| Fault::whole(failure.status, failure.message);
    machine_learning(rule, settings).map_err(fault)?;
    if let Some(fault) = &element.refusal_of_lists {
        return Err(fault.clone());
    }
    if !rule.is_prebuilt() {
        return Ok(());
    }
    let differs = |key: &str, default: Option<&'static str>| {
        let stored = rule.get(key).filter(|value| !value.is_null());
        let stored = stored.or_else(|| default.and_then(|text| Raw::parse(text).ok()));
        element
            .given(key)
            .is_some_and(|given| !same(Some(given), stored))
    };
    for (key, default) in [("author", Some("[]")), ("license", None)] {
        if differs(key, default) {
            let text = format!("Cannot update \"{key}\" field for prebuilt rules");
            return Err(Fault::of(key, 400, text));
        }
    }
    Ok(())
}

/// What Kibana drops of an element that is for a rule of this type. Fails with its text where it does not fit the type.
fn judged(element: &Element<'_>, ty: &str) -> Result<Vec<Problem>, Fault> {
    if Schema::get().rule(ty).is_none() {
        let text = format!("the rule's `type` must be one that Kibana knows, found `{ty}`");
        return Err(Fault::whole(400, text));
    }
    let (faults, drops): (Vec<_>, Vec<_>) = partial(element.value.raw(), Some(ty))
        .into_iter()
        .partition(|problem| problem.level == Level::Error);
    let mut texts: Vec<String> = Vec::new();
    let mut way = None;
    if element
        .given("type")
        .and_then(Raw::as_str)
        .is_some_and(|given| given != ty)
    {
        texts.push(format!("type: Invalid literal value, expected \"{ty}\""));
        way = Some(vec!["type".into()]);
    }
    for fault in faults {
        texts.push(fault.kibana.unwrap_or(fault.message));
        way.get_or_insert(fault.pointer);
    }
    let Some(way) = way else {
        return Ok(drops);
    };
    // Kibana names five and counts the others.
    let more = match texts.len().saturating_sub(5) {
        0 => String::new(),
        more => format!(", and {more} more"),
    };
    texts.truncate(5);
    let fault = Fault::whole(400, format!("{}{more}", texts.join(", ")));
    Err(Fault { way, ..fault })
}

/// The members that the element changes. What says the same as before, however it is spelt, stays as it was.
fn changes(
    element: &Element<'_>,
    settings: &Settings,
    rule: &Record<'_>,
    drops: &[Problem],
    notes: &mut Vec<Note>,
) -> Result<Changes> {
    let mut changes: Changes = Vec::new();
    let mut note = |way: &[PathStep], what| {
        let pointer = element.value.below(way).pointer();
        notes.push(Note { pointer, what });
    };
    for problem in drops
        .iter()
        .filter(|problem| problem.code == "other-type-key")
    {
        note(&problem.pointer, What::Dropped);
    }
    for key in element.keys() {
        let Some(given) = element.given(&key) else {
            continue;
        };
        let step = PathStep::from(&*key);
        let below = drops.iter().filter_map(|problem| {
            let (first, rest) = problem.pointer.split_first()?;
            (*first == step).then_some(rest)
        });
        let below: Vec<&[PathStep]> = below.collect();
        if is_stored(&key) {
            if !same(rule.get(&key), Some(given)) {
                note(&[step], What::Stored);
            }
            continue;
        }
        let is_dropped = below.iter().any(|way| way.is_empty());
        let is_known = changes.iter().any(|(known, _)| *known == key);
        if is_dropped || is_known || NOT_KEPT.contains(&&*key) {
            continue;
        }
        let pruned = members::without(given, &below);
        let (value, unknown) = in_form(&key, pruned, element, settings, rule)?;
        for index in unknown {
            note(&[step.clone(), index.into()], What::Ecs);
        }
        if !same(rule.get(&key), Some(Raw::parse(&value)?)) {
            changes.push((key.into_owned(), value.into()));
        }
    }
    if element.given("throttle").is_some() && !element.given("actions").is_some_and(takes_throttle)
    {
        note(&["throttle".into()], What::NoFrequency);
    }
    Ok(changes)
}

/// Keys that say which rule and of what type it is, or that Kibana takes and does not store.
const NOT_KEPT: &[&str] = &[
    "id",
    "rule_id",
    "type",
    "throttle",
    "outcome",
    "alias_target_id",
    "alias_purpose",
];

/// The value of a member in the form in which Kibana stores it, and the places of required fields that are new to the rule.
fn in_form(
    key: &str,
    given: String,
    element: &Element<'_>,
    settings: &Settings,
    rule: &Record<'_>,
) -> Result<(String, Vec<usize>)> {
    let value = match key {
        "threshold" => members::threshold(&given)?,
        "machine_learning_job_id" => members::job_ids(given),
        "actions" => completed(element, settings, rule, Raw::parse(&given)?)?,
        "required_fields" => {
            let before = rule.get("required_fields");
            return Ok(members::required_fields(Raw::parse(&given)?, before));
        }
        _ => given,
    };
    Ok((value, Vec::new()))
}

/// The value of `actions` with what Kibana adds.
fn completed(
    element: &Element<'_>,
    settings: &Settings,
    rule: &Record<'_>,
    given: Raw<'_>,
) -> Result<String> {
    let throttle = element.given("throttle").and_then(Raw::as_str);
    let throttle = throttle.or_else(|| rule.str("throttle"));
    let name = rule.str("rule_id").or_else(|| rule.str("id"));
    let completing = Completing {
        seed: &settings.seed,
        rule: &name.unwrap_or_default(),
        throttle: throttle.as_deref(),
        before: rule.get("actions"),
    };
    completing.complete(given)
}

/// Whether both say the same, however they are spelt, or neither is there.
pub(super) fn same(a: Option<Raw<'_>>, b: Option<Raw<'_>>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => alike(a, b),
        (a, b) => a.is_none() && b.is_none(),
    }
}
