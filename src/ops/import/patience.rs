//! How long does an import wait, and what does it read again? A broken answer to a question is no reason to give up.

use std::time::Duration;

use super::crossing::Crossing;
use crate::error::{Error, ErrorKind, Result};

impl Crossing<'_> {
    /// Reads, and again where what came back was broken or an error that may pass.
    pub(super) fn patiently<T>(&mut self, read: impl Fn(&mut Self) -> Result<T>) -> Result<T> {
        let mut attempt = 0;
        loop {
            match read(self) {
                Err(error) if attempt < patience(&error) => {
                    self.pause(self.pause_time(attempt))?;
                    attempt += 1;
                }
                result => return result,
            }
        }
    }

    pub(super) fn read_exceptions(&mut self) -> Result<()> {
        self.patiently(|it| it.view.read_exceptions(it.client, it.space, it.bundle))
    }

    pub(super) fn read_connectors(&mut self) -> Result<()> {
        self.patiently(|it| it.view.read_connectors(it.client, it.space, it.bundle))
    }

    pub(super) fn read_rules(&mut self, only: Option<&[u32]>) -> Result<()> {
        self.patiently(|it| it.view.read_rules(it.client, it.space, it.bundle, only))
    }

    /// Waits; fails where the run is to end.
    pub(super) fn pause(&self, time: Duration) -> Result<()> {
        if self.client.pause(time) {
            Ok(())
        } else {
            Err(ErrorKind::Interrupted.into())
        }
    }

    /// The pause before an attempt; each is twice the one before.
    pub(super) fn pause_time(&self, attempt: u32) -> Duration {
        self.manner.still / 20 * 2_u32.pow(attempt.min(5))
    }
}

/// So often the space is read again for what should be there: a search sees new objects a little later.
pub(super) const LOOKS: u32 = 4;

/// So often a read is tried again that failed so; not at all where it cannot go well the next time.
fn patience(error: &Error) -> u32 {
    match error.kind() {
        ErrorKind::Lost { .. }
        | ErrorKind::Answer { .. }
        | ErrorKind::Io { .. }
        | ErrorKind::Status {
            status: 408 | 413 | 429 | 500..,
            ..
        } => 12,
        // The space changed while it was read, or holds more than can be read.
        ErrorKind::OutOfReach { .. } => LOOKS,
        _ => 0,
    }
}
