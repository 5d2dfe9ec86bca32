//! What would an import of this bundle do to this space? The bundle, the space and the model together.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::model::{Message, Model, Note, Outcome, Outlook, Overwrite, Reply};
use super::snapshot::{Named, Snapshot, Touched, Wanted};
use crate::bundle::Shelf;
use crate::error::{Error, Location, Result};
use crate::kibana::{Client, Space, envelope};
use crate::pipeline::Reading;
use crate::record::{Kind, ListKey, Record};
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
}

/// What an import would do.
#[derive(Debug)]
pub struct Plan {
    /// The records, in input order.
    pub records: Vec<Planned>,
    /// What the server will answer.
    pub reply: Reply,
    /// The length of the request's body in bytes.
    pub bytes: u64,
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
    /// Fails where the bundle does not fit one request.
    pub fn make(
        client: &Client,
        space: &Space,
        target: Target,
        bundle: (&Reading, Vec<Source<'_>>),
        terms: Terms,
    ) -> Result<Self> {
        if target < FIRST {
            return Err(Error::refused(format!(
                "Kibana {target} imports rules alone; an import needs 8.0 or later"
            )));
        }
        let mut wanted = Wanted::default();
        let (reading, sources) = bundle;
        let mut shelf = Shelf::fill(reading, sources, Named::of, |index, _, named| {
            if let Ok(named) = named {
                wanted.add(index, named);
            }
            Ok(())
        })?;
        let snapshot = Snapshot::read(client, space, target, &wanted, &mut shelf)?;
        Self::of(&mut shelf, snapshot, terms)
    }

    /// What an import of the lines would do to the space that was read.
    pub fn of(shelf: &mut Shelf, mut snapshot: Snapshot, terms: Terms) -> Result<Self> {
        let lines = lines(shelf, &snapshot.model)?;
        let mut model = snapshot.model.clone();
        let first = predict(&mut model, &lines, &HashMap::new(), terms);
        let held = if terms.allow_missing_exceptions {
            HashMap::new()
        } else {
            held_back(&first.records, &lines)
        };
        let predicted = if held.is_empty() {
            first
        } else {
            model = snapshot.model.clone();
            predict(&mut model, &lines, &held, terms)
        };
        let sent = (0..lines.len()).filter(|index| !held.contains_key(index));
        let bytes = sent
            .clone()
            .map(|index| lines[index].len() + 1)
            .sum::<usize>();
        let indices: Vec<usize> = sent.collect();
        let mut records: Vec<Planned> = Vec::new();
        for mut outlook in predicted.records {
            outlook.line = indices[outlook.line];
            let changes = match outlook.outcome {
                Outcome::Overwritten => snapshot.changes.remove(&outlook.line),
                _ => None,
            };
            records.push(Planned {
                location: shelf.location(outlook.line),
                outlook,
                changes: changes.unwrap_or_default(),
            });
        }
        for (index, outlook) in held {
            records.push(Planned {
                location: shelf.location(index),
                outlook,
                changes: Vec::new(),
            });
        }
        records.sort_by_key(|record| record.outlook.line);
        Ok(Self {
            records,
            reply: predicted.reply,
            bytes: (bytes + envelope(FILE_NAME.len())) as u64,
            gaps: snapshot.gaps,
            touched: snapshot.touched,
            model,
        })
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

/// The lines of the bundle; fails where they do not fit one request.
fn lines(shelf: &mut Shelf, model: &Model) -> Result<Vec<Vec<u8>>> {
    let bytes: usize = (0..shelf.len())
        .map(|index| shelf.line_len(index) + 1)
        .sum();
    let body = (bytes + envelope(FILE_NAME.len())) as u64;
    if model.server.refuses_size(body).is_some() {
        return Err(Error::refused(format!(
            "the bundle makes a request of {body} bytes, more than the {} that the server takes; plan it in parts",
            model.server.max_bytes
        )));
    }
    let mut lines = Vec::with_capacity(shelf.len());
    shelf.lines(0..shelf.len(), |_, line| {
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
fn held_back(records: &[Outlook], lines: &[Vec<u8>]) -> HashMap<usize, Outlook> {
    let incomplete = incomplete_lists(records, lines);
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
