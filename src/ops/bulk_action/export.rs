//! The `export` of a bulk action: rules with what they need, checked for what is not there, from several requests as one bundle.

use std::collections::HashSet;
use std::io::{BufRead, BufReader, Read, Write};

use super::Order;
use crate::bulk::MOST_IDS;
use crate::bundle::merge::{Merge, Prefer};
use crate::error::{Error, ErrorKind, Result};
use crate::json::Raw;
use crate::kibana::{Replay, Reply};
use crate::ops::settle::{Settled, settle};
use crate::pipeline::{OnError, Reading};
use crate::record::{Kind, Record};
use crate::stream::{Source, Spool};

/// What was exported, still in temporary files.
#[derive(Debug)]
pub struct Exported {
    parts: Vec<Spool>,
    /// How many rules.
    pub rules: u64,
    /// The `id`s that were asked for of rules that are not in the export.
    pub missing: Vec<String>,
    /// What the server says it left out, as in ``missing_exception_lists: `acme` ``.
    pub lacking: Vec<String>,
}

/// The members of a details line that name what an export lacks.
const LACKING: [&str; 5] = [
    "missing_rules",
    "missing_exception_lists",
    "missing_exception_list_items",
    "missing_action_connections",
    "excluded_action_connections",
];

impl Order<'_> {
    /// Exports the rules with these `id`s, or where there are none those of the request's query.
    ///
    /// Fails where a part of it cannot be had whole.
    pub fn export(&self, ids: Option<&[String]>) -> Result<Exported> {
        let mut exported = Exported {
            parts: Vec::new(),
            rules: 0,
            missing: Vec::new(),
            lacking: Vec::new(),
        };
        let parts: Vec<Option<&[String]>> = match ids {
            Some(ids) => ids.chunks(MOST_IDS).map(Some).collect(),
            None => vec![None],
        };
        for part in parts {
            let request = self.request(part)?;
            let sent = settle(self.client, &request, Replay::Safe, kept);
            let (spool, found) = match sent.settled {
                Settled::Answered(found) => found,
                Settled::Refused(error) | Settled::Unknown(error) => return Err(error),
            };
            exported.parts.push(spool);
            exported.rules += found.rules;
            exported.lacking.extend(found.lacking);
            let missing = part.unwrap_or_default().iter();
            exported
                .missing
                .extend(missing.filter(|id| !found.ids.contains(*id)).cloned());
        }
        Ok(exported)
    }
}

impl Exported {
    /// Writes it as one bundle: byte for byte if it came in one piece, else merged, so that no list stands there twice.
    pub fn write(&mut self, reading: &Reading, output: &mut dyn Write) -> Result<()> {
        let writing = |source| Error::io("writing the output", source);
        if let [part] = self.parts.as_mut_slice() {
            std::io::copy(&mut part.reader()?, output).map_err(writing)?;
            return output.flush().map_err(writing);
        }
        let mut sources = Vec::new();
        for (number, part) in (1..).zip(&mut self.parts) {
            sources.push(Source::decoded(format!("export {number}"), part.reader()?));
        }
        // What changed between two requests is newer in the later one.
        let prefer = Some(Prefer::Last);
        let unreadable = |error, _: &[u8]| Err(error);
        Merge::read(reading.clone(), sources, OnError::Stop, prefer, unreadable)?.write(output)?;
        Ok(())
    }
}

/// What one export holds.
#[derive(Debug, Default)]
struct Found {
    rules: u64,
    ids: HashSet<String>,
    lacking: Vec<String>,
    is_closed: bool,
}

/// Keeps an export in a temporary file. Fails where it broke off, which the line that closes it shows.
fn kept(mut reply: Reply) -> Result<(Spool, Found)> {
    if reply.status() != 200 {
        return Err(reply.into_error());
    }
    let mut spool = Spool::new()?;
    let mut buffer = vec![0; 1 << 16];
    loop {
        let read = reply
            .read(&mut buffer)
            .map_err(|error| lost(&error.to_string()))?;
        if read == 0 {
            break;
        }
        let keeping = |source| Error::io("keeping the export in a temporary file", source);
        spool.write_all(&buffer[..read]).map_err(keeping)?;
    }
    let found = found(&mut spool)?;
    if !found.is_closed {
        return Err(reply.strange("expected an export that ends with its details line"));
    }
    Ok((spool, found))
}

fn lost(problem: &str) -> Error {
    ErrorKind::Lost {
        method: "POST",
        path: super::PATH.into(),
        problem: problem.into(),
    }
    .into()
}

fn found(spool: &mut Spool) -> Result<Found> {
    let reading = |source| Error::io("reading a temporary file", source);
    let mut found = Found::default();
    for line in BufReader::new(spool.reader()?).split(b'\n') {
        let line = line.map_err(reading)?;
        let text = String::from_utf8_lossy(&line);
        let Ok(record) = Record::parse(&text, 0) else {
            found.is_closed = false;
            continue;
        };
        found.is_closed = record.kind() == Kind::Details;
        match record.kind() {
            Kind::Rule => {
                found.rules += 1;
                found.ids.extend(record.str("id").map(String::from));
            }
            Kind::Details => found.lacking.extend(lacking(&record)),
            _ => {}
        }
    }
    Ok(found)
}

/// What a details line says that the export lacks.
fn lacking(details: &Record<'_>) -> Vec<String> {
    let mut lacking = Vec::new();
    for key in LACKING {
        let elements = details.get(key).into_iter().flat_map(Raw::elements);
        let name = |element: Raw<'_>| {
            let id = ["rule_id", "list_id", "item_id", "id"]
                .into_iter()
                .find_map(|key| element.get(key)?.as_str().map(String::from));
            format!("`{}`", id.as_deref().unwrap_or_else(|| element.text()))
        };
        let names: Vec<String> = elements.map(name).collect();
        if !names.is_empty() {
            lacking.push(format!("{key}: {}", names.join(", ")));
        }
    }
    lacking
}
