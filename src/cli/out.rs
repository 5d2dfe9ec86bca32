//! Where a run that does things tells what became of them.

use std::io::Write as _;
use std::path::Path;

use ruleferry::error::{Error, Result};
use ruleferry::stream::{AtomicFile, Durable};

use super::exit::Exit;
use super::{Format, render, work};

/// Where a run tells what became of things. That it cannot tell ends no run: what is still to be brought is brought.
pub(crate) struct Out {
    report: Option<AtomicFile>,
    is_printed: bool,
    /// What went wrong first with either.
    error: Option<Error>,
}

impl Out {
    /// Creates the report, if there is to be one.
    pub(crate) fn create(report: Option<&Path>) -> Result<Self> {
        Ok(Self {
            report: report.map(AtomicFile::create).transpose()?,
            is_printed: true,
            error: None,
        })
    }

    /// Writes to the report.
    pub(crate) fn report(&mut self, text: &str) {
        let Some(file) = &mut self.report else {
            return;
        };
        if let Err(source) = file.write_all(text.as_bytes()) {
            self.report = None;
            self.lose(Error::io("writing the report", source));
        }
    }

    /// Writes to standard output.
    pub(crate) fn print(&mut self, text: &str) {
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
    pub(crate) fn close(mut self, exit: Exit, errors: Format) -> Exit {
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
