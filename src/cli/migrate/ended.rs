//! How does a run end of which parts failed?

use std::io::Write as _;
use std::path::Path;

use ruleferry::error::{Error, ErrorKind, Result};
use ruleferry::stream::{AtomicFile, Durable};

use super::run::{Run, Whole};
use crate::cli::exit::Exit;
use crate::cli::notes::write_text;
use crate::cli::{Format, render, work};

/// Where a run tells what became of things. That it cannot tell ends no run: what is still to be brought is brought.
pub(super) struct Out {
    report: Option<AtomicFile>,
    is_printed: bool,
    /// What went wrong first with either.
    error: Option<Error>,
}

impl Out {
    /// Creates the report, if there is to be one.
    pub(super) fn create(report: Option<&Path>) -> Result<Self> {
        Ok(Self {
            report: report.map(AtomicFile::create).transpose()?,
            is_printed: true,
            error: None,
        })
    }

    /// Writes to the report.
    pub(super) fn report(&mut self, text: &str) {
        let Some(file) = &mut self.report else {
            return;
        };
        if let Err(source) = file.write_all(text.as_bytes()) {
            self.report = None;
            self.lose(Error::io("writing the report", source));
        }
    }

    /// Writes to standard output.
    pub(super) fn print(&mut self, text: &str) {
        if !self.is_printed {
            return;
        }
        if let Err(error) = work::print(text) {
            self.is_printed = false;
            // Who closes a pipe has read enough.
            if !render::is_closed_pipe(&error) {
                self.lose(error);
            }
        }
    }

    fn lose(&mut self, error: Error) {
        self.error.get_or_insert(error);
    }

    /// Ends the report; says how the run ends that would end so if all could be told.
    pub(super) fn close(mut self, exit: Exit, errors: Format) -> Exit {
        if let Some(Err(error)) = self.report.take().map(|it| it.commit(Durable::Yes)) {
            self.lose(error);
        }
        let Some(error) = self.error else {
            return exit;
        };
        render::error(&error.into(), errors);
        if exit == Exit::Done {
            Exit::Failed
        } else {
            exit
        }
    }
}

impl Run<'_> {
    /// Tells why something was not brought.
    pub(super) fn failed(&self, whole: &mut Whole, place: &str, error: Error) {
        whole.is_over = false;
        whole.exits.push(Exit::of(error.kind()));
        if !matches!(error.kind(), ErrorKind::Interrupted) {
            write_text(place.trim_end());
            render::error(&error.into(), self.global.errors);
        }
    }
}

/// How a run ends whose spaces ended so.
pub(super) fn folded(exits: &[Exit]) -> Exit {
    let has = |wanted: Exit| exits.contains(&wanted);
    if has(Exit::Interrupted) {
        return Exit::Interrupted;
    }
    if has(Exit::Denied) {
        return Exit::Denied;
    }
    match exits.iter().find(|exit| **exit != Exit::Done) {
        None => Exit::Done,
        Some(_) if exits.iter().all(|exit| *exit == Exit::Failed) => Exit::Failed,
        Some(_) => Exit::Part,
    }
}
