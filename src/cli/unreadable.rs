//! Lines that cannot be read, to verbs that only look: each is named, and the run goes on.

use ruleferry::error::{Error, ErrorKind};

use super::exit::Exit;
use super::{Format, Global, render};

/// How many lines are named unless more is asked for.
const NAMED: u64 = 10;

/// Names lines that cannot be read, and counts them.
pub(crate) struct Unreadable {
    errors: Format,
    all: bool,
    count: u64,
}

impl Unreadable {
    pub(crate) fn new(global: &Global) -> Self {
        Self {
            errors: global.errors,
            all: global.verbose,
            count: 0,
        }
    }

    /// Takes a line down, and warns of it. Fails where no line after it can be read either.
    pub(crate) fn take(&mut self, error: Error) -> Result<(), Error> {
        if matches!(error.kind(), ErrorKind::Pretty) {
            return Err(error);
        }
        self.count += 1;
        if self.all || self.count <= NAMED {
            render::warning(&error, self.errors);
        }
        Ok(())
    }

    /// How many there were.
    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// Says how many were not named, and how the run ends.
    pub(crate) fn finish(self) -> Exit {
        if !self.all && self.count > NAMED {
            let more = format!(
                "{} more lines cannot be read; `-v` names each",
                self.count - NAMED
            );
            render::warning(&Error::refused(more), self.errors);
        }
        if self.count > 0 {
            Exit::Part
        } else {
            Exit::Done
        }
    }
}
