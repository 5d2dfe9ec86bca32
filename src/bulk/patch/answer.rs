//! What Kibana answers to a `_bulk_update`: an entry for each element, in the order of the request.

use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};

use super::request::{Fault, Request};
use crate::error::{Error, Result};
use crate::json::quoted;
use crate::stream::Spool;

/// How many elements fared how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Summary {
    /// Elements that changed their rule.
    pub patched: u64,
    /// Elements whose rule was so already.
    pub unchanged: u64,
    /// Elements with an error.
    pub failed: u64,
}

/// The answer as it grows.
///
/// Rules come in the order of the bundle and wait in a temporary file, and only if they are wanted.
#[derive(Debug)]
pub struct Answer {
    entries: Vec<Entry>,
    rules: Option<BufWriter<Spool>>,
    /// How much is in the temporary file.
    written: u64,
}

#[derive(Debug, Clone)]
enum Entry {
    /// No rule was met.
    None,
    /// The place of the rule in the temporary file.
    Rule {
        at: u64,
        len: u64,
        changed: bool,
    },
    Failed(Fault),
}

impl Answer {
    /// An answer with this many entries; `with_rules` if it is to be written.
    pub(super) fn new(entries: usize, with_rules: bool) -> Result<Self> {
        let spool = || Ok::<_, Error>(BufWriter::with_capacity(1 << 16, Spool::new()?));
        Ok(Self {
            entries: vec![Entry::None; entries],
            rules: with_rules.then(spool).transpose()?,
            written: 0,
        })
    }

    /// How many elements fared how.
    pub fn summary(&self) -> Summary {
        let mut summary = Summary::default();
        for entry in &self.entries {
            match entry {
                Entry::Rule { changed: true, .. } => summary.patched += 1,
                Entry::Rule { changed: false, .. } => summary.unchanged += 1,
                Entry::None | Entry::Failed(_) => summary.failed += 1,
            }
        }
        summary
    }

    /// Takes down what an element made of its rule. Of several rules of one name, the first is answered.
    pub(super) fn patched(&mut self, element: usize, rule: &str, changed: bool) -> Result<()> {
        let Some(entry @ Entry::None) = self.entries.get_mut(element) else {
            return Ok(());
        };
        let len = rule.len() as u64;
        *entry = Entry::Rule {
            at: self.written,
            len,
            changed,
        };
        if let Some(rules) = &mut self.rules {
            self.written += len;
            rules.write_all(rule.as_bytes()).map_err(keeping)?;
        }
        Ok(())
    }

    /// Takes down that an element failed, whatever came of other rules of the same name.
    pub(super) fn failed(&mut self, element: usize, fault: Fault) {
        if let Some(entry) = self.entries.get_mut(element) {
            *entry = Entry::Failed(fault);
        }
    }

    /// The elements for which no rule was met and that did not fail, in order.
    pub(super) fn open(&self) -> Vec<usize> {
        let entries = self.entries.iter().enumerate();
        let open = entries.filter(|(_, entry)| matches!(entry, Entry::None));
        open.map(|(element, _)| element).collect()
    }

    /// Writes the body that Kibana answers.
    pub fn write(self, request: &Request<'_>, mut out: impl Write) -> Result<()> {
        let mut rules = match self.rules {
            Some(rules) => Some(
                rules
                    .into_inner()
                    .map_err(|error| keeping(error.into_error()))?,
            ),
            None => None,
        };
        let mut file = rules.as_mut().map(Spool::reader).transpose()?;
        let mut write = || -> io::Result<()> {
            let mut before = "[";
            for (element, entry) in request.elements.iter().zip(&self.entries) {
                out.write_all(before.as_bytes())?;
                before = ",";
                match (entry, &mut file) {
                    (Entry::Rule { at, len, .. }, Some(file)) => copy(file, *at, *len, &mut out)?,
                    (Entry::Rule { .. } | Entry::None, _) => out.write_all(b"null")?,
                    (Entry::Failed(Fault { failure, .. }), _) => write!(
                        out,
                        "{{{},\"error\":{{\"status_code\":{},\"message\":{}}}}}",
                        element.named(),
                        failure.status,
                        quoted(&failure.message)
                    )?,
                }
            }
            out.write_all(if before == "[" { b"[]\n" } else { b"]\n" })?;
            out.flush()
        };
        write().map_err(|source| Error::io("writing the answer", source))
    }
}

/// Copies a part of the file.
fn copy(file: &mut File, at: u64, len: u64, out: &mut impl Write) -> io::Result<()> {
    file.seek(SeekFrom::Start(at))?;
    io::copy(&mut file.take(len), out).map(drop)
}

fn keeping(source: io::Error) -> Error {
    Error::io("writing the temporary copy of the results", source)
}
