//! What would an import of this bundle do to this space? The bundle, the space and the model together.

use std::collections::BTreeMap;

use super::import::{
    Aim, Batch, FILE_NAME, Inventory, Pace, Situation, Terms, View, When, aims, hold, indices,
    needs_endpoint_list,
};
use super::model::{Message, Model, Note, Outcome, Outlook, Overwrite, Predicted, Reply};
use super::snapshot::{Snapshot, Touched};
use crate::error::{Error, Result};
use crate::kibana::{Client, Space, envelope};
use crate::record::{Kind, Record};
use crate::schema::Target;

/// One record of the bundle and what becomes of it.
#[derive(Debug)]
pub struct Planned {
    /// What becomes of it; its line is its index in the bundle.
    pub outlook: Outlook,
    /// The members in which it differs from what it overwrites.
    pub changes: Vec<Box<str>>,
    /// The request that it is sent in, from 1; none if it is not sent in one.
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
    /// The requests to the import route, in the order in which they are sent if each is as large as it may be.
    pub requests: Vec<Sent>,
    /// How many lists and items are changed by requests of their own.
    pub single: usize,
    /// What could not be read of the space, and what that means.
    pub gaps: Vec<String>,
    /// The objects that the plan rests on, by kind and object id.
    pub touched: BTreeMap<(Kind, Box<str>), Touched>,
    /// The space after the import.
    pub model: Model,
}

/// The first version that imports exceptions, and so the first that is planned for.
const FIRST: Target = Target::version(8, 0);

/// Fails for a version whose import is out of reach.
pub fn check_version(target: Target) -> Result<()> {
    if target < FIRST {
        return Err(Error::out_of_reach(format!(
            "Kibana {target} imports rules alone; an import needs 8.0 or later"
        )));
    }
    Ok(())
}

impl Plan {
    /// Reads of a space what the bundle depends on, and says what an import would do. Changes nothing.
    pub fn make(client: &Client, space: &Space, bundle: &Inventory, terms: Terms) -> Result<Self> {
        check_version(bundle.target)?;
        let (snapshot, view) = Snapshot::read(client, space, bundle)?;
        Self::of(bundle, view, snapshot, terms)
    }

    /// What an import would do to the space that was read.
    pub fn of(bundle: &Inventory, view: View, snapshot: Snapshot, terms: Terms) -> Result<Self> {
        let differing: Vec<Vec<Box<str>>> = indices(bundle)
            .map(|index| view.differing(index).to_vec())
            .collect();
        let mut planning = Planning {
            bundle,
            aims: aims(bundle, &view, terms),
            settled: vec![false; bundle.len()],
            view,
            model: snapshot.model,
            terms,
            pace: Pace::unhurried(bundle.target, bundle.is_exceptions_alone()),
            records: BTreeMap::new(),
            requests: Vec::new(),
            single: 0,
        };
        planning.run()?;
        let mut records: Vec<Planned> = planning.records.into_values().collect();
        for record in &mut records {
            if record.outlook.outcome == Outcome::Overwritten {
                record.changes.clone_from(&differing[record.outlook.line]);
            }
        }
        Ok(Self {
            records,
            requests: planning.requests,
            single: planning.single,
            gaps: snapshot.gaps,
            touched: snapshot.touched,
            model: planning.model,
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

/// A plan that is being made.
struct Planning<'p> {
    bundle: &'p Inventory,
    view: View,
    model: Model,
    aims: Vec<Aim>,
    settled: Vec<bool>,
    terms: Terms,
    pace: Pace,
    records: BTreeMap<u32, Planned>,
    requests: Vec<Sent>,
    single: usize,
}

impl Planning<'_> {
    fn situation(&self) -> Situation<'_> {
        Situation {
            bundle: self.bundle,
            view: &self.view,
            aims: &self.aims,
            settled: &self.settled,
            terms: self.terms,
            pace: &self.pace,
        }
    }

    fn run(&mut self) -> Result<()> {
        if let Some(number) = needs_endpoint_list(self.bundle, &self.view, &self.aims) {
            self.make_endpoint_list(number);
        }
        while let Some(batch) = self.situation().exceptions() {
            match batch {
                Batch::Upload {
                    records, overwrite, ..
                } => self.send(&records, None, overwrite)?,
                Batch::InPlace(list) => self.change(list)?,
            }
        }
        hold(
            self.bundle,
            &self.view,
            &mut self.aims,
            self.terms,
            When::After,
        );
        while let Some(batch) = self.situation().rules() {
            let Batch::Upload {
                records,
                carrier,
                overwrite,
            } = batch
            else {
                break;
            };
            self.send(&records, carrier, overwrite)?;
        }
        for index in self.situation().stranded() {
            let why = "no rule that is sent acts through it, and Kibana before 8.19 and 9.1 imports only connectors that rules of the request need";
            self.aims[index as usize] = Aim::Refused(why.into());
        }
        for index in indices(self.bundle) {
            if !self.records.contains_key(&index) {
                self.not_sent(index);
            }
        }
        Ok(())
    }

    fn lines(&self, records: &[u32], overwrite: Overwrite) -> Result<Vec<Vec<u8>>> {
        let mut lines = Vec::with_capacity(records.len());
        let situation = self.situation();
        self.bundle.lines(records, |index, line| {
            lines.push(situation.sent_line(index, line, overwrite).into_owned());
            Ok(())
        })?;
        Ok(lines)
    }

    /// Adds a request, and what becomes of its lines.
    fn send(&mut self, records: &[u32], carrier: Option<u32>, overwrite: Overwrite) -> Result<()> {
        let sent: Vec<u32> = records.iter().copied().chain(carrier).collect();
        let lines = self.lines(&sent, overwrite)?;
        let predicted = self.predict(&lines, overwrite);
        let bytes: usize = lines.iter().map(|line| line.len() + 1).sum();
        self.requests.push(Sent {
            reply: predicted.reply,
            bytes: (bytes + envelope(FILE_NAME.len())) as u64,
        });
        let part = self.requests.len();
        for outlook in predicted.records {
            if let Some(&index) = records.get(outlook.line) {
                self.settle(index, outlook, Some(part));
            }
        }
        // What the prediction says nothing of is not sent again.
        for &index in records {
            self.settled[index as usize] = true;
        }
        Ok(())
    }

    fn predict(&mut self, lines: &[Vec<u8>], overwrite: Overwrite) -> Predicted {
        self.model
            .import(lines.iter().map(Vec::as_slice), overwrite)
    }

    /// Changes a list and its items one by one: what an import in place comes to.
    fn change(&mut self, number: u32) -> Result<()> {
        let listed = self.bundle.list(number);
        let all: Vec<u32> = listed.line.iter().chain(&listed.items).copied().collect();
        let overwrite = Overwrite {
            exceptions: true,
            ..Overwrite::default()
        };
        let lines = self.lines(&all, overwrite)?;
        let predicted = self.predict(&lines, overwrite);
        for mut outlook in predicted.records {
            let index = all[outlook.line];
            outlook
                .notes
                .retain(|note| *note != Note::LacksItemsForAMoment);
            self.single += usize::from(self.aims[index as usize].is_sent());
            self.settle(index, outlook, None);
        }
        Ok(())
    }

    fn settle(&mut self, index: u32, outlook: Outlook, part: Option<usize>) {
        let at = index as usize;
        self.settled[at] = true;
        if outlook.outcome.is_there() {
            let lacks = outlook.notes.contains(&Note::NeedsSecrets);
            self.view.suppose(self.bundle, index, lacks);
        } else if !matches!(outlook.kind, Kind::Rule) {
            let why = outlook.message.as_ref().map(Message::text);
            self.aims[at] = Aim::Refused(why.unwrap_or_default().into());
        }
        let mut outlook = Outlook {
            line: at,
            ..outlook
        };
        outlook.outcome = match (&self.aims[at], outlook.outcome) {
            // It goes along so that its list stays whole, and says what is there already.
            (Aim::Unchanged, Outcome::Overwritten) => Outcome::Unchanged,
            // A list that says what is there already, and whose items are replaced.
            (Aim::Overwrite, Outcome::Unchanged) => Outcome::Overwritten,
            (_, outcome) => outcome,
        };
        self.records.insert(
            index,
            Planned {
                outlook,
                changes: Vec::new(),
                part,
            },
        );
    }

    fn make_endpoint_list(&mut self, number: u32) {
        let text = r#"{"list_id":"endpoint_list","namespace_type":"agnostic","type":"endpoint","id":"endpoint_list","name":"Endpoint Security Exception List","description":"Endpoint Security Exception List"}"#;
        if let Ok(list) = Record::parse(text, 0) {
            self.model.add_list(&list);
            self.view.suppose_list(number, "endpoint");
            self.aims = aims(self.bundle, &self.view, self.terms);
        }
    }

    /// Adds what is not sent.
    fn not_sent(&mut self, index: u32) {
        let aim = &self.aims[index as usize];
        let Some(outcome) = aim.outcome() else { return };
        let entry = self.bundle.entry(index);
        let message = match aim {
            Aim::Refused(why) | Aim::HeldBack(why) => Some(Message::Unknown(why.to_string())),
            Aim::Conflict => Some(Message::Unknown(
                "it is there already, and is left as it is".into(),
            )),
            Aim::Unchanged | Aim::Create | Aim::Overwrite | Aim::None => None,
        };
        let notes = if entry.superseded.is_some() {
            vec![Note::Superseded]
        } else {
            Vec::new()
        };
        let outlook = Outlook {
            line: index as usize,
            kind: entry.kind,
            id: entry.id.map(Into::into),
            outcome,
            status: None,
            message,
            notes,
        };
        self.records.insert(
            index,
            Planned {
                outlook,
                changes: Vec::new(),
                part: None,
            },
        );
    }
}

#[cfg(test)]
mod tests;
