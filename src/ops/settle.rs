//! What became of a request that changes something? It was answered, or refused, or nobody knows.

use std::time::Duration;

use crate::error::{Error, ErrorKind, Result};
use crate::kibana::{Client, Failure, Outcome, Replay, Reply, Request};

/// What became of a request, and of those before it that were the same.
#[derive(Debug)]
pub struct Sent<T> {
    /// What became of it in the end.
    pub settled: Settled<T>,
    /// Whether an answer was lost on the way and it was sent again, so that it may have been done more than once.
    pub again: bool,
}

/// What became of a request.
#[derive(Debug)]
pub enum Settled<T> {
    /// The server did it, and this is its answer.
    Answered(T),
    /// The server refused it, or it did not get there: nothing is done.
    Refused(Error),
    /// It may be done, or be done yet, or not; why there is no answer that says so.
    Unknown(Error),
}

/// Sends a request until something is known of it, and again only as far as `replay` allows.
///
/// `read` reads an answer that is neither a refusal (4xx) nor that of a proxy in trouble. An error of `read` means that nobody
/// knows what was done: one of a lost connection, or of an answer that is not Kibana's, is a reason to send again.
pub fn settle<T>(
    client: &Client,
    request: &Request,
    replay: Replay,
    mut read: impl FnMut(Reply) -> Result<T>,
) -> Sent<T> {
    // Here, between two requests, is where a run ends that is asked to.
    if !client.pause(Duration::ZERO) {
        return Sent {
            settled: Settled::Refused(ErrorKind::Interrupted.into()),
            again: false,
        };
    }
    let retry = client.retry();
    let mut attempt = 1;
    let mut again = false;
    loop {
        let settled = once(client, request, &mut read);
        let (Settled::Unknown(error), Replay::Safe) = (&settled, replay) else {
            return Sent {
                settled: after(settled, again),
                again,
            };
        };
        let pause = match error.kind() {
            // An error of the server itself would only come again.
            ErrorKind::Status { status, .. } => {
                retry.next(attempt, Outcome::Status(*status), replay, None)
            }
            _ => retry.next(attempt, Outcome::Lost, replay, None),
        };
        let goes_on = pause.is_some_and(|pause| client.pause(pause));
        if !goes_on {
            return Sent { settled, again };
        }
        attempt += 1;
        again = true;
    }
}

/// A refusal says nothing of what an earlier attempt did.
fn after<T>(settled: Settled<T>, again: bool) -> Settled<T> {
    match settled {
        Settled::Refused(error) if again => Settled::Unknown(error),
        settled => settled,
    }
}

fn once<T>(
    client: &Client,
    request: &Request,
    read: &mut impl FnMut(Reply) -> Result<T>,
) -> Settled<T> {
    match client.answer(request) {
        Err(Failure::Unsent(error)) => Settled::Refused(error),
        Err(Failure::Lost(error)) => Settled::Unknown(error),
        Ok(reply) => match reply.status() {
            408 | 502..=504 => Settled::Unknown(reply.into_error()),
            300..=499 => Settled::Refused(reply.into_error()),
            _ => match read(reply) {
                Ok(answer) => Settled::Answered(answer),
                Err(error) => Settled::Unknown(error),
            },
        },
    }
}
