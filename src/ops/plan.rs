//! What would an import of this bundle do to this space? The bundle, the space and the model together.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::model::{Message, Model, Note, Outcome, Outlook, Overwrite, Reply};
use super::snapshot::{Named, Snapshot, Touched, Wanted};
use crate::bundle::Shelf;
use crate::bundle::split::{Facts, Limits, Planner};
use crate::error::{Error, ErrorKind, Location, Result};
use crate::kibana::{Client, Space, envelope};
use crate::pipeline::Reading;
use crate::record::{Counts, Kind, ListKey, Record, details_line};
use crate::schema::Target;
use crate::stream::Source;

/// How an import is to be done.
#[derive(Debug, Clone, Copy, Default)]
pub struct Terms {
    /// What it may replace.
    pub overwrite: Overwrite,
    /// Whether rules go though a list or an item that they need does not arrive.
    pub allow_missing_exceptions: bool,
}

/// One record of the bundle and what becomes of it.
#[derive(Debug)]
pub struct Planned {
    /// Where it stands in the input.
    pub location: Location,
    /// What becomes of it.
    pub outlook: Outlook,
    /// The members in which it differs from what it overwrites, as far as that was looked at.
    pub changes: Vec<String>,
    /// The request that it is sent in, from 1; none if it is held back.
    pub part: Option<usize>,
}

/// One request of the import.
#[derive(Debug)]
pub struct Sent {
    /// What the server will answer.
    pub reply: Reply,
    /// The length of the request's body in bytes.
    pub bytes: u64,
}

/// What an import would do.
#[derive(Debug)]
pub struct Plan {
    /// The records, in input order.
    pub records: Vec<Planned>,
    /// The requests, in the order in which they are sent.
    pub requests: Vec<Sent>,
    /// What could not be read of the space, and what that means.
    pub gaps: Vec<String>,
    /// The objects that the plan rests on, by kind and the id that people know them by.
    pub touched: BTreeMap<(Kind, Box<str>), Touched>,
    /// The space after the import.
    pub model: Model,
}

/// The name under which a bundle is sent; its length counts.
const FILE_NAME: &str = "import.ndjson";
/// The first version that imports exceptions, and so the first that is planned for.
const FIRST: Target = Target::version(8, 0);

impl Plan {
    /// Reads the bundle and what it depends on in the space, and says what an import would do. Changes nothing.
    ///
    /// A bundle that is too much for one request is planned as parts that each import by themselves.
    pub fn make(
        client: &Client,
        space: &Space,
        target: Target,
        bundle: (&Reading, Vec<Source<'_>>),
        terms: Terms,
    ) -> Result<Self> {
        if target < FIRST {
            return Err(Error::out_of_reach(format!(
                "Kibana {target} imports rules alone; an import needs 8.0 or later"
            )));
        }
        let mut wanted = Wanted::default();
        let mut facts = Vec::new();
        let (reading, sources) = bundle;
        let mut counts = Counts::default();
        let work =
            |record: &Record<'_>| (record.kind(), Named::of(record), Facts::of(record, None));
        let mut shelf = Shelf::fill(reading, sources, work, |index, _, found| {
            // What cannot be read counts as a rule.
            let (kind, about) = match found {
                Ok((kind, named, about)) => {
                    wanted.add(index, named);
                    (kind, about)
                }
                Err(_) => (Kind::Other, Facts::unreadable()),
            };
            counts[kind] += 1;
            facts.push(about);
            Ok(())
        })?;
        let snapshot = Snapshot::read(client, space, target, &wanted, &mut shelf)?;
        let parts = parts(&shelf, &snapshot.model, counts, facts)?;
        Self::of_parts(&mut shelf, snapshot, &parts, terms)
    }

    /// What an import of the whole bundle in one request would do to the space that was read.
    pub fn of(shelf: &mut Shelf, snapshot: Snapshot, terms: Terms) -> Result<Self> {
        Self::of_parts(shelf, snapshot, &[whole(shelf)], terms)
    }

    /// What an import of the parts, one after another, would do to the space that was read.
    fn of_parts(
        shelf: &mut Shelf,
        snapshot: Snapshot,
        parts: &[Slice],
        terms: Terms,
    ) -> Result<Self> {
        let mut plan = Self {
            records: Vec::new(),
            requests: Vec::new(),
            gaps: snapshot.gaps,
            touched: snapshot.touched,
            model: snapshot.model,
        };
        let mut changes = snapshot.changes;
        let mut incomplete = HashSet::new();
        for part in parts {
            plan.send(shelf, part, &mut incomplete, &mut changes, terms)?;
        }
        plan.records.sort_by_key(|record| record.outlook.line);
        Ok(plan)
    }

    /// Adds a request; `incomplete` are the lists of which something was refused so far.
    fn send(
        &mut self,
        kept: &mut Shelf,
        part: &Slice,
        incomplete: &mut HashSet<ListKey>,
        changes: &mut HashMap<usize, Vec<String>>,
        terms: Terms,
    ) -> Result<()> {
        let lines = lines(kept, &part.records)?;
        let before = self.model.clone();
        let mut predicted = predict(&mut self.model, &lines, &HashMap::new(), terms);
        incomplete.extend(incomplete_lists(&predicted.records, &lines));
        let held = if terms.allow_missing_exceptions {
            HashMap::new()
        } else {
            held_back(&predicted.records, &lines, incomplete)
        };
        if !held.is_empty() {
            self.model = before;
            predicted = predict(&mut self.model, &lines, &held, terms);
        }
        let sent: Vec<usize> = (0..lines.len())
            .filter(|line| !held.contains_key(line))
            .collect();
        let number = self.requests.len() + 1;
        for outlook in predicted.records {
            let index = part.records[sent[outlook.line]];
            let differs = match outlook.outcome {
                Outcome::Overwritten => changes.remove(&index),
                _ => None,
            };
            self.plan(kept, index, outlook, differs, Some(number));
        }
        let bytes = part.bytes(&lines, &sent, held.len());
        self.requests.push(Sent {
            reply: predicted.reply,
            bytes,
        });
        for (line, outlook) in held {
            self.plan(kept, part.records[line], outlook, None, None);
        }
        Ok(())
    }

    fn plan(
        &mut self,
        kept: &Shelf,
        index: usize,
        outlook: Outlook,
        changes: Option<Vec<String>>,
        part: Option<usize>,
    ) {
        self.records.push(Planned {
            location: kept.location(index),
            outlook: Outlook {
                line: index,
                ..outlook
            },
            changes: changes.unwrap_or_default(),
            part,
        });
    }

    /// How many records have each outcome.
    pub fn counts(&self) -> BTreeMap<Outcome, u64> {
        let mut counts: BTreeMap<Outcome, u64> = BTreeMap::new();
        for record in &self.records {
            *counts.entry(record.outlook.outcome).or_default() += 1;
        }
        counts
    }

    /// Whether the import would leave the space as it is, and every record there.
    pub fn changes_nothing(&self) -> bool {
        self.records
            .iter()
            .all(|record| record.outlook.outcome == Outcome::Unchanged)
    }
}

/// The records of one request, by their index on the shelf.
struct Slice {
    records: Vec<usize>,
    /// What its details line counts, if it gets one of its own.
    counts: Option<Counts>,
}

impl Slice {
    /// The length of the body that carries those of the lines that are sent.
    fn bytes(&self, lines: &[Vec<u8>], sent: &[usize], held: usize) -> u64 {
        let records: usize = sent.iter().map(|&line| lines[line].len() + 1).sum();
        let details = self.counts.map_or(0, |mut counts| {
            // Only rules are held back.
            counts[Kind::Rule] -= held as u64;
            details_line(counts).len() + 1
        });
        (records + details + envelope(FILE_NAME.len())) as u64
    }
}

fn whole(shelf: &Shelf) -> Slice {
    Slice {
        records: (0..shelf.len()).collect(),
        counts: None,
    }
}

/// The requests that the bundle needs: one with all its lines if the server takes it, else parts that each import by themselves.
///
/// Fails where a list with its items, or a line, is too much for any request.
fn parts(shelf: &Shelf, model: &Model, counts: Counts, facts: Vec<Facts>) -> Result<Vec<Slice>> {
    let bytes: usize = (0..shelf.len())
        .map(|index| shelf.line_len(index) + 1)
        .sum();
    let envelope = envelope(FILE_NAME.len()) as u64;
    let limits = Limits {
        bytes: model.server.max_bytes.saturating_sub(envelope),
        ..Limits::default()
    };
    let rules = counts[Kind::Rule] + counts[Kind::Other];
    let exceptions = counts[Kind::ExceptionList] + counts[Kind::ExceptionItem];
    if bytes as u64 <= limits.bytes && rules <= limits.rules && exceptions <= limits.exceptions {
        return Ok(vec![whole(shelf)]);
    }
    let mut planner = Planner::new(limits, None);
    for (index, facts) in facts.into_iter().enumerate() {
        planner.add(shelf.line_len(index), facts)?;
    }
    let plan = planner.plan();
    if let Some(unfit) = plan.unfit.first() {
        let first = unfit.records.first().copied().unwrap_or_default();
        let message = format!(
            "what belongs together here makes a request of {} {}, more than the {} that a request may hold",
            unfit.found,
            unfit.limit.name(),
            unfit.most
        );
        return Err(Error::from(ErrorKind::Unfit {
            message: message.into(),
            help: "`ruleferry split` names all that does not fit; make the list smaller, or raise the server's limit",
        })
        .at(shelf.location(first)));
    }
    Ok(plan
        .parts
        .into_iter()
        .map(|part| Slice {
            records: part.records,
            counts: Some(part.counts),
        })
        .collect())
}

/// The lines at these indices.
fn lines(shelf: &mut Shelf, indices: &[usize]) -> Result<Vec<Vec<u8>>> {
    let mut lines = Vec::with_capacity(indices.len());
    shelf.lines(indices.iter().copied(), |_, line| {
        lines.push(line.to_vec());
        Ok(())
    })?;
    Ok(lines)
}

fn predict(
    model: &mut Model,
    lines: &[Vec<u8>],
    held: &HashMap<usize, Outlook>,
    terms: Terms,
) -> super::model::Predicted {
    let sent = lines
        .iter()
        .enumerate()
        .filter(|(index, _)| !held.contains_key(index));
    model.import(sent.map(|(_, line)| line.as_slice()), terms.overwrite)
}

/// The rules that would arrive without a list or an item that they need, and why each is held back.
fn held_back(
    records: &[Outlook],
    lines: &[Vec<u8>],
    incomplete: &HashSet<ListKey>,
) -> HashMap<usize, Outlook> {
    let mut held = HashMap::new();
    for record in records {
        if record.kind != Kind::Rule || !record.outcome.is_there() {
            continue;
        }
        let absent = record.notes.iter().find_map(|note| match note {
            Note::LosesReference(key) => Some(key.id.as_str()),
            _ => None,
        });
        let why = match absent {
            Some(id) => Some(format!(
                "list `{id}` is neither in the space nor arrives, or is of another type"
            )),
            None if incomplete.is_empty() => None,
            None => rule_at(lines, record.line, |rule| {
                let key = rule
                    .list_references()
                    .find(|key| incomplete.contains(key))?;
                Some(format!(
                    "list `{}` does not arrive as the bundle has it",
                    key.id.as_str()
                ))
            }),
        };
        if let Some(why) = why {
            let outlook = Outlook {
                outcome: Outcome::HeldBack,
                status: None,
                message: Some(Message::Unknown(why)),
                ..record.clone()
            };
            held.insert(record.line, outlook);
        }
    }
    held
}

/// The lists of which a line is refused, other than for being there already.
fn incomplete_lists(records: &[Outlook], lines: &[Vec<u8>]) -> HashSet<ListKey> {
    let is_refused = |record: &&Outlook| {
        matches!(record.kind, Kind::ExceptionList | Kind::ExceptionItem)
            && matches!(record.outcome, Outcome::Refused | Outcome::Failed)
            && !record.notes.contains(&Note::Superseded)
    };
    records
        .iter()
        .filter(is_refused)
        .filter_map(|record| {
            rule_at(lines, record.line, |it| {
                let key = it.list_key()?;
                Some(key)
            })
        })
        .collect()
}

fn rule_at<T>(
    lines: &[Vec<u8>],
    index: usize,
    read: impl FnOnce(&Record<'_>) -> Option<T>,
) -> Option<T> {
    let text = std::str::from_utf8(&lines[index]).ok()?;
    read(&Record::parse(text, 0).ok()?)
}

#[cfg(test)]
mod tests;
