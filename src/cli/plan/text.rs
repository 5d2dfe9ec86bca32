//! A plan for people: counts, then what needs attention.

use std::collections::BTreeMap;

use ruleferry::ops::model::{Message, Note, Outcome, Reply};
use ruleferry::ops::plan::{Plan, Planned};
use ruleferry::record::Kind;

use super::Told;

/// How many of a sort are named unless more is asked for.
const NAMED: usize = 10;

/// The whole text.
pub(super) fn of(told: &Told<'_>, names_all: bool) -> String {
    let plan = told.plan;
    let mut text = format!(
        "{} to space {} of {} (Kibana {}), {}\n",
        count(plan.records.len(), "record"),
        told.space,
        told.connected,
        told.bundle.target,
        size(plan),
    );
    text += &counts(&plan.records);
    let mut attention = Sorts::default();
    for record in &plan.records {
        attention.record(told, record, names_all);
    }
    text += &attention.text(names_all);
    text += &warnings(told);
    for gap in &plan.gaps {
        text += &format!("unsure: {gap}\n");
    }
    match plan.requests.as_slice() {
        [] => text,
        [one] => text + "the server will answer " + &answer(&one.reply),
        many => {
            for (number, sent) in (1..).zip(many) {
                text += &format!(
                    "to request {number} ({} bytes) the server will answer {}",
                    sent.bytes,
                    answer(&sent.reply)
                );
            }
            text
        }
    }
}

/// How much is sent.
fn size(plan: &Plan) -> String {
    let bytes: u64 = plan.requests.iter().map(|sent| sent.bytes).sum();
    let uploads = match plan.requests.len() {
        0 => "nothing to send".to_owned(),
        1 => format!("{bytes} bytes in one request"),
        many => format!("{bytes} bytes in {many} requests, one after another"),
    };
    match plan.single {
        0 => uploads,
        single => format!(
            "{uploads}, and {} changed one by one",
            count(single, "list or item")
        ),
    }
}

/// So many of something, as in `2 lists`.
pub(in crate::cli) fn count(number: usize, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {what}{plural}")
}

/// One row an outcome: how many records, and of which kinds.
fn counts(records: &[Planned]) -> String {
    let mut counts: BTreeMap<Outcome, BTreeMap<Kind, usize>> = BTreeMap::new();
    for record in records {
        let of_outcome = counts.entry(record.outlook.outcome).or_default();
        *of_outcome.entry(record.outlook.kind).or_default() += 1;
    }
    let row = |(outcome, kinds): (&Outcome, &BTreeMap<Kind, usize>)| {
        let total: usize = kinds.values().sum();
        let kinds: Vec<String> = kinds
            .iter()
            .map(|(kind, number)| count(*number, &kind.to_string()))
            .collect();
        format!(
            "  {:<11} {total:>6}  {}\n",
            label(*outcome),
            kinds.join(", ")
        )
    };
    counts.iter().map(row).collect()
}

fn label(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::HeldBack => "held back",
        other => other.name(),
    }
}

/// Things of one sort together.
#[derive(Default)]
struct Sorts(Vec<(String, Vec<String>)>);

impl Sorts {
    fn add(&mut self, sort: &str, name: String) {
        match self.0.iter_mut().find(|(known, _)| known == sort) {
            Some((_, names)) => names.push(name),
            None => self.0.push((sort.into(), vec![name])),
        }
    }

    fn record(&mut self, told: &Told<'_>, record: &Planned, names_all: bool) {
        let outlook = &record.outlook;
        let name = name(told, record);
        let said = outlook.message.as_ref().map(Message::text);
        match outlook.outcome {
            Outcome::Created | Outcome::Unchanged if !names_all => {}
            Outcome::Created | Outcome::Unchanged | Outcome::Unknown => {
                self.add(label(outlook.outcome), name.clone());
            }
            Outcome::Overwritten => {
                let changes = record.changes.join(", ");
                let what = if changes.is_empty() {
                    name.clone()
                } else {
                    format!("{name}: {changes}")
                };
                self.add("overwritten", what);
            }
            Outcome::Conflict | Outcome::Refused | Outcome::HeldBack | Outcome::Failed => {
                let what = match said {
                    Some(said) => format!("{name}: {said}"),
                    None => name.clone(),
                };
                self.add(label(outlook.outcome), what);
            }
        }
        for note in &outlook.notes {
            if outlook.outcome.is_there() {
                self.note(note, &name);
            }
        }
    }

    fn note(&mut self, note: &Note, name: &str) {
        let (sort, name) = match note {
            Note::LosesReference(list) => (
                "arrive without a reference",
                format!("{name}: list `{}`", list.id.as_str()),
            ),
            Note::LosesAction(id) => (
                "arrive without an action",
                format!("{name}: two connectors answer to `{id}`"),
            ),
            Note::NeedsSecrets => ("need their secrets entered", name.to_owned()),
            Note::LosesSecrets => ("lose their secrets", name.to_owned()),
            Note::GetsNewId => ("get a new id, another space has theirs", name.to_owned()),
            Note::RemovesItems(items) => (
                "lose items that the bundle lacks",
                format!(
                    "{name}: {}",
                    usize::try_from(*items)
                        .map_or_else(|_| items.to_string(), |items| count(items, "item"))
                ),
            ),
            Note::LacksItemsForAMoment => (
                "have no items for a moment, while the server makes them anew",
                name.to_owned(),
            ),
            Note::Superseded => return,
        };
        self.add(sort, name);
    }

    /// What failed first, then what goes through.
    fn text(&mut self, names_all: bool) -> String {
        let first = ["failed", "refused", "held back", "conflict"];
        let rank = |sort: &str| {
            let place = first.iter().position(|known| *known == sort);
            place.unwrap_or(first.len())
        };
        self.0.sort_by_key(|(sort, _)| rank(sort));
        let mut text = String::new();
        for (sort, names) in &self.0 {
            text += &format!("{sort}:\n");
            let shown = if names_all { names.len() } else { NAMED };
            for name in names.iter().take(shown) {
                text += &format!("  {name}\n");
            }
            if names.len() > shown {
                text += &format!("  and {} more; `-v` names each\n", names.len() - shown);
            }
        }
        text
    }
}

/// The record as people know it, and where it stands.
fn name(told: &Told<'_>, record: &Planned) -> String {
    let outlook = &record.outlook;
    let location = told
        .bundle
        .location(u32::try_from(outlook.line).unwrap_or(u32::MAX));
    let (file, line) = (&location.file, location.line);
    match &outlook.id {
        Some(id) => {
            let id: String = id
                .chars()
                .map(|c| if c.is_control() { '\u{fffd}' } else { c })
                .collect();
            format!("{} `{id}` ({file}:{line})", outlook.kind)
        }
        None => format!("{} ({file}:{line})", outlook.kind),
    }
}

fn warnings(told: &Told<'_>) -> String {
    let mut text = String::new();
    let has = |wanted: &dyn Fn(&Note) -> bool| {
        let records = told.plan.records.iter();
        records
            .filter(|record| record.outlook.outcome.is_there())
            .flat_map(|record| &record.outlook.notes)
            .any(wanted)
    };
    if has(&|note| *note == Note::LosesSecrets) {
        text += "warning: overwriting connectors wipes their secrets; rules that use them send nothing until they are entered again\n";
    }
    if has(&|note| matches!(note, Note::RemovesItems(_))) {
        text += "warning: overwriting exceptions removes items that the bundle does not have\n";
    }
    if has(&|note| *note == Note::LacksItemsForAMoment) {
        text += "warning: this server deletes the items of a list before it makes them anew; rules that use it alert without exceptions meanwhile\n";
    }
    text
}

/// What the server will say, in a sentence.
fn answer(reply: &Reply) -> String {
    match reply {
        Reply::Failed { status, message } => {
            format!("{status}: {}\n", message.text())
        }
        Reply::Answered(answer) => {
            let mut text = format!(
                "200: success {}, {} of {} rules, {}",
                answer.success,
                answer.success_count,
                answer.rules_count,
                count(answer.errors.len(), "error"),
            );
            let exceptions = &answer.exceptions;
            text += &format!(
                "; exceptions {}, {}",
                exceptions.success_count,
                count(exceptions.errors.len(), "error")
            );
            if let Some(connectors) = &answer.connectors {
                text += &format!(
                    "; connectors {}, {}",
                    connectors.success_count,
                    count(connectors.errors.len(), "error")
                );
            }
            text + "\n"
        }
    }
}
