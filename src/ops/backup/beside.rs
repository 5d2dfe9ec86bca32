//! What stands beside rules and exceptions: value lists with their values, and timelines.
//!
//! A list whose values could not be had has no settings in the snapshot either, so that no restore makes an empty one of it.

use std::io;

use super::{Failure, TIMELINES, Taking, VALUE_LISTS, VALUES, left_out};
use crate::error::{Error, ErrorKind, Result};
use crate::ops::export::is_refusal;
use crate::ops::timelines::{self, Which};
use crate::ops::value_lists::{self, Settings};
use crate::repo::{Form, StoredFile};

/// How often the values of a list are read that breaks off.
const ATTEMPTS: u32 = 3;

/// The values of a list, as far as they could be had.
struct Values {
    file: StoredFile,
    blank: u64,
    lacking: u64,
}

impl Taking<'_> {
    /// Takes all value lists of the space.
    pub(super) fn value_lists(&mut self) -> Result<(), Failure> {
        let (client, space) = (self.client, self.space);
        let read = value_lists::all(client, space);
        let Some(lists) = self.had("value lists", read)? else {
            return Ok(());
        };
        // A server that may not look into an index says that there is nothing in it.
        match value_lists::hidden(client, space) {
            Ok(Some(index)) => {
                let why = format!("these credentials may not read the index `{index}`");
                self.lacks("value lists", why);
                return Ok(());
            }
            Ok(None) => {}
            Err(error) if is_refusal(&error) => {}
            Err(error) => return Err(Failure::of(error)),
        }
        let mut kept = Vec::new();
        for list in &lists {
            let values = self.values(list);
            let is_gone = matches!(&values, Err(Failure::OfSpace(error)) if is_refusal(error))
                && matches!(Settings::of(client, space, list.id()), Ok(None));
            if is_gone {
                continue;
            }
            let name = format!("value list `{}`", list.id());
            if let Some(values) = self.had(&name, values)? {
                if values.lacking > 0 {
                    let what = format!("{} values of {name}", values.lacking);
                    self.lacks(what, "the server counts them, and does not export them");
                }
                if values.blank > 0 {
                    let what = format!("{} blank values of {name}", values.blank);
                    let why = "Kibana imports values as lines of text, and skips blank ones";
                    self.stored.left_out.push(left_out(what, why));
                }
                self.stored.files.push(values.file);
                kept.push(list);
            }
        }
        if kept.is_empty() {
            return Ok(());
        }
        let (file, ()) = self.filled(VALUE_LISTS, Form::Lines, |out| {
            let mut lines = kept.iter().map(|list| writeln!(out, "{}", list.text()));
            lines.try_for_each(|line| line).map_err(writing)
        })?;
        self.stored
            .files
            .push(file.finish().map_err(Failure::OfRun)?);
        Ok(())
    }

    /// The values of a list; those that came, where it has more.
    fn values(&self, list: &Settings) -> Result<Values, Failure> {
        let (client, space, id) = (self.client, self.space, list.id());
        let name = format!("{VALUES}{id}");
        let total = || match value_lists::count(client, space, id) {
            Ok(total) => Ok(Some(total)),
            Err(error) if is_refusal(&error) => Ok(None),
            Err(error) => Err(error),
        };
        let mut attempt = 1;
        loop {
            // Nothing in the answer says whether it is whole, and others may add values and take them away while it comes.
            let filled = self.filled(&name, Form::Text, |out| {
                let before = total()?;
                let exported = value_lists::export(client, space, id, out)?;
                Ok((exported, before.min(total()?)))
            });
            let is_last = attempt == ATTEMPTS;
            attempt += 1;
            match filled {
                Ok((file, (exported, total))) => {
                    let absent = total.map(|it| it.saturating_sub(exported.values));
                    let blank = absent.unwrap_or(u64::MAX).min(exported.blank);
                    let lacking = absent.map_or(0, |it| it - blank);
                    if lacking == 0 || is_last {
                        let file = file.finish().map_err(Failure::OfRun)?;
                        return Ok(Values {
                            file,
                            blank,
                            lacking,
                        });
                    }
                }
                Err(Failure::OfSpace(error))
                    if !is_last && matches!(error.kind(), ErrorKind::Answer { .. }) => {}
                Err(failure) => return Err(failure),
            }
        }
    }

    /// Takes the timelines and templates that users own.
    pub(super) fn timelines(&mut self) -> Result<(), Failure> {
        let (client, space) = (self.client, self.space);
        let read = timelines::listed(client, space, Which::All);
        let Some((listed, total)) = self.had("timelines", read)? else {
            return Ok(());
        };
        if listed.len() < total {
            let count = total - listed.len();
            self.lacks(format!("{count} timelines"), "Kibana lists 20 000 at most");
        }
        let (prebuilt, owned): (Vec<_>, Vec<_>) = listed.iter().partition(|it| it.is_prebuilt());
        if !prebuilt.is_empty() {
            let what = format!("{} timeline templates of Elastic's own", prebuilt.len());
            let why = "Kibana brings them along, and no import makes them";
            self.stored.left_out.push(left_out(what, why));
        }
        if owned.is_empty() {
            return Ok(());
        }
        let ids: Vec<&str> = owned.iter().map(|it| &*it.id).collect();
        let filled = self.filled(TIMELINES, Form::Lines, |out| {
            timelines::export(client, space, &ids, out).map(|_| ())
        });
        let filled = filled.and_then(|(file, ())| file.finish().map_err(Failure::OfRun));
        let file = self.had("timelines", filled)?;
        self.stored.files.extend(file);
        Ok(())
    }

    /// What could be had; none where the server refuses it, which is taken down.
    fn had<T>(
        &mut self,
        what: &str,
        read: Result<T, impl Into<Failure>>,
    ) -> Result<Option<T>, Failure> {
        match read.map_err(Into::into) {
            Ok(read) => Ok(Some(read)),
            Err(Failure::OfSpace(error)) if is_unknown(&error) => {
                let why = "this Kibana does not know of them";
                self.stored.left_out.push(left_out(what, why));
                Ok(None)
            }
            Err(Failure::OfSpace(error)) if is_refusal(&error) => {
                self.lacks(what, error.to_string());
                Ok(None)
            }
            Err(failure) => Err(failure),
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::of(error)
    }
}

/// Whether the server has no such route.
pub(super) fn is_unknown(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Status { status: 404, message, .. } if &**message == "Not Found")
}

fn writing(source: io::Error) -> Error {
    Error::io("writing the settings of value lists", source)
}
