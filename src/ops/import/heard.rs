//! What came back for an upload, by what it means for the lines that were sent?

use std::time::Duration;

use super::reply::Answer;
use crate::error::{Error, ErrorKind, Result};
use crate::kibana::{Failure, Reply};

/// What came back.
pub(super) enum Heard {
    /// The route's own answer.
    Answer(Answer),
    /// The server has no time for it now; how long it asks to wait.
    Busy(Option<Duration>, Error),
    /// It is larger than the server takes.
    TooLarge(Error),
    /// Nothing was sent.
    Unsent(Error),
    /// It may have been done, and may still be.
    Lost(Error),
    /// The server said no to it as a whole.
    Failed(Error),
    /// These credentials may not.
    Denied(Error),
}

/// Sorts what came back by what it means for the lines that were sent.
pub(super) fn heard(result: Result<Reply, Failure>) -> Heard {
    let mut reply = match result {
        Ok(reply) => reply,
        Err(Failure::Unsent(error)) => return Heard::Unsent(error),
        Err(Failure::Lost(error)) => return Heard::Lost(error),
    };
    let (status, wait, is_json) = (reply.status(), reply.retry_after(), reply.is_json());
    if status == 200 {
        return match reply.json() {
            Ok(answer) => Heard::Answer(answer),
            Err(error) => Heard::Lost(error),
        };
    }
    let error = reply.into_error();
    match status {
        401 | 403 => Heard::Denied(error),
        429 | 503 => Heard::Busy(wait, error),
        413 => Heard::TooLarge(error),
        400 if is_size(&error) => Heard::TooLarge(error),
        404 | 400..=407 | 409..=499 => Heard::Failed(error),
        500 if is_json => Heard::Failed(error),
        _ => Heard::Lost(error),
    }
}

/// Whether a 400 is about the size of the request, as later versions say it (import-export.md §3.2).
fn is_size(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Status { message, .. } if message.contains("ayload content length")
        || message.contains("maximum allowed"))
}
