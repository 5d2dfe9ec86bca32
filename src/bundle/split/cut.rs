//! How is a bundle read to be cut, and what does each part hold in bytes?

use std::io::Write;

use super::{By, Facts, Limit, Limits, Plan, Planner, Unfit};
use crate::bundle::shelf::{Shelf, trimmed};
use crate::error::{Error, ErrorKind, Location, Result};
use crate::pipeline::{OnError, Reading};
use crate::record::{Counts, Kind, Record};
use crate::stream::Source;

/// Cuts bundles into parts.
///
/// ```
/// use ruleferry::bundle::split::{Limits, Split};
/// use ruleferry::stream::Source;
///
/// # fn main() -> ruleferry::error::Result<()> {
/// let bundle = "{\"rule_id\":\"a\"}\n{\"rule_id\":\"b\"}\n";
/// let split = Split { limits: Limits { rules: 1, ..Limits::default() }, ..Split::default() };
/// let mut cut = split.read(vec![Source::reader("bundle", bundle.as_bytes())], &mut |_, _| Ok(()))?;
/// assert_eq!(cut.plan.parts.len(), 2);
/// let mut second = Vec::new();
/// cut.write(1, &mut second)?;
/// assert!(second.starts_with(b"{\"rule_id\":\"b\"}\n{\"exported_count\":1,"));
/// # Ok(()) }
/// ```
#[derive(Debug, Default)]
pub struct Split {
    /// How the bundle is read.
    pub reading: Reading,
    /// What becomes of a line that is no record.
    pub on_error: OnError,
    /// How much a part may hold.
    pub limits: Limits,
    /// What rules are grouped by.
    pub by: Option<By>,
}

/// A bundle with the plan of its parts.
#[derive(Debug)]
pub struct Cut {
    /// Which records make up which part.
    pub plan: Plan,
    /// The records that were read, by kind.
    pub read: Counts,
    lines: Shelf,
}

impl Split {
    /// Reads the bundle that the sources make, and plans its parts.
    ///
    /// Keeps the lines in a temporary file. `unreadable` gets each line that is no record, as it was read, unless it ends the run.
    pub fn read(
        &self,
        sources: Vec<Source<'_>>,
        unreadable: &mut dyn FnMut(Error, &[u8]) -> Result<()>,
    ) -> Result<Cut> {
        let mut planner = Planner::new(self.limits, self.by);
        let mut read = Counts::default();
        let work = |record: &Record<'_>| Facts::of(record, self.by);
        let lines = Shelf::fill_lines(&self.reading, sources, work, |line, kept| match kept {
            None => Ok(()),
            Some((_, Ok(facts))) => {
                if let Some(kind) = facts.kind {
                    read[kind] += 1;
                }
                planner.add(trimmed(line).len(), facts)
            }
            Some((_, Err(error))) if self.on_error == OnError::Stop => Err(error),
            Some((_, Err(error))) => {
                unreadable(error, line.bytes)?;
                match self.on_error {
                    OnError::Keep => planner.add(trimmed(line).len(), Facts::unreadable()),
                    OnError::Drop | OnError::Stop => planner.skip(),
                }
            }
        })?;
        Ok(Cut {
            plan: planner.plan(),
            read,
            lines,
        })
    }
}

impl Cut {
    /// Writes a part: its records as they were read, each with a newline, and its details line.
    pub fn write(&mut self, part: usize, out: &mut dyn Write) -> Result<()> {
        let Some(part) = self.plan.parts.get(part) else {
            return Err(Error::from(ErrorKind::Bug {
                message: format!("there is no part {part}").into(),
            }));
        };
        let writing = |source| Error::io("writing a part", source);
        let mut bytes = 0;
        self.lines.lines(part.records.iter().copied(), |_, line| {
            bytes += line.len() as u64 + 1;
            out.write_all(line)
                .and_then(|()| out.write_all(b"\n"))
                .map_err(writing)
        })?;
        let details = part.details() + "\n";
        bytes += details.len() as u64;
        out.write_all(details.as_bytes()).map_err(writing)?;
        // What was promised to fit is all that may be written.
        if bytes != part.bytes {
            return Err(Error::from(ErrorKind::Bug {
                message: format!("a part of {} bytes has {bytes}", part.bytes).into(),
            }));
        }
        Ok(())
    }

    /// What is to be said of records that fit into no part, with the place of the first or, where one line alone is too long, of
    /// that line.
    pub fn error(&mut self, unfit: &Unfit) -> Result<Error> {
        let first = unfit.records.first().copied().unwrap_or_default();
        let longest = unfit.records.iter().copied();
        let longest =
            longest.max_by_key(|&index| (self.lines.line_len(index), std::cmp::Reverse(index)));
        let too_long = longest.filter(|&index| self.lines.line_len(index) as u64 >= unfit.most);
        let index = match unfit.limit {
            Limit::Bytes => too_long.unwrap_or(first),
            _ => first,
        };
        let (mut label, mut kind) = ("the line".to_owned(), None);
        let mut list = None;
        self.lines.lines([index], |_, line| {
            let text = std::str::from_utf8(line).unwrap_or_default();
            if let Ok(record) = Record::parse(text, 0) {
                (label, kind) = (record.label(), Some(record.kind()));
                list = record.str("list_id").map(String::from);
            }
            Ok(())
        })?;
        let location = self.lines.location(index);
        let location = Location {
            record: kind.map(|_| label.as_str().into()),
            ..location
        };
        let others = unfit.records.len() - 1;
        let is_exception = matches!(kind, Some(Kind::ExceptionList | Kind::ExceptionItem));
        let what = match (others, list.filter(|_| is_exception)) {
            (0, _) => label,
            (_, Some(list)) => format!(
                "exception list `{list}` with all its items ({} records)",
                unfit.records.len()
            ),
            _ => format!("{label} ({} records of this id)", unfit.records.len()),
        };
        let message = format!(
            "{what} must fit one part of at most {} {limit}, found {} {limit}",
            unfit.most,
            unfit.found,
            limit = unfit.limit.name()
        );
        Ok(Error::from(ErrorKind::Unfit {
            message: message.into(),
            help: help(unfit, is_exception).into(),
        })
        .at(location))
    }
}

fn help(unfit: &Unfit, is_list: bool) -> &'static str {
    match (unfit.limit, is_list) {
        (Limit::Bytes, false) => {
            "shorten the record, or raise `xpack.securitySolution.maxRuleImportPayloadBytes` in Kibana and then `--max-bytes`"
        }
        (Limit::Rules, false) => {
            "raise `--max-rules` if the target takes more, or `edit dedupe` the bundle"
        }
        (Limit::Connectors, _) => "`edit dedupe` the bundle",
        _ => {
            "a list cut in two loses items when the parts overwrite it; raise the limit here and in Kibana, or make two lists of it"
        }
    }
}
