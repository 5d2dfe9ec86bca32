//! A `_bulk_action` on a live Kibana: `id`s in hundreds, the answers summed up into one, and the truth about lost ones.
//!
//! - No request goes out that would be for rules nobody named.
//! - What may have been done and would be done twice is never sent again.
//! - After the first request without an answer of the route no other is sent.

mod answer;
mod compare;
mod export;
mod shape;

use std::sync::atomic::{AtomicBool, Ordering};

pub use answer::{Absent, Answer, Failed, NOT_FOUND, Results, Subject, Unknown};
pub use compare::{Compared, Difference, Verdict};
pub use export::Exported;
pub use shape::Shape;

use super::settle::{Sent, Settled, settle};
use crate::bulk::{Live, MOST_IDS, Repeated, Work};
use crate::error::Result;
use crate::kibana::{Client, Method, Replay, Request, Space};
use crate::pipeline::engine::{ordered, pool};
use answer::One;

/// The most of these requests that Kibana does at a time; another is answered with 429 (bulk-actions.md §1).
pub const MOST_IN_FLIGHT: usize = 5;

const PATH: &str = "/api/detection_engine/rules/_bulk_action";

/// A bulk action that is to be done to a space.
#[derive(Debug, Clone, Copy)]
pub struct Order<'o> {
    /// The Kibana.
    pub client: &'o Client,
    /// The space.
    pub space: &'o Space,
    /// What is to be done.
    pub request: &'o Live<'o>,
    /// Whether the server only checks it.
    pub dry_run: bool,
    /// How many requests are in flight, at most [`MOST_IN_FLIGHT`].
    pub jobs: usize,
    /// Whether the rules in the answers are kept.
    pub keeps: bool,
}

impl Order<'_> {
    /// Does it to the rules with these `id`s, or where there are none to those of the request's query.
    ///
    /// Fails where it cannot begin. What comes of the requests is in the answer, refusals and lost answers too.
    pub fn run(&self, ids: Option<&[String]>) -> Result<Answer> {
        let parts: Vec<&[String]> = match ids {
            Some(ids) => ids.chunks(MOST_IDS).collect(),
            None => vec![&[]],
        };
        let jobs = self.jobs.clamp(1, MOST_IN_FLIGHT);
        let mut answer = Answer::default();
        let mut parts = parts.into_iter();
        let ends = AtomicBool::new(false);
        ordered(
            &pool(jobs)?,
            jobs,
            || Ok(parts.next()),
            |part| {
                if ends.load(Ordering::Relaxed) {
                    return Ok((part, None));
                }
                let sent = self.send(ids.map(|_| part))?;
                if !matches!(sent.settled, Settled::Answered(_)) {
                    ends.store(true, Ordering::Relaxed);
                }
                Ok((part, Some(sent)))
            },
            |(part, sent)| {
                self.take(&mut answer, part, sent);
                Ok(())
            },
        )?;
        Ok(answer)
    }

    /// How far a request may be sent again whose answer is lost.
    fn replay(&self) -> Replay {
        let is_safe = self.dry_run || self.request.repeated() != Repeated::Twice;
        if is_safe {
            Replay::Safe
        } else {
            Replay::Unsafe
        }
    }

    fn send(&self, ids: Option<&[String]>) -> Result<Sent<One>> {
        let request = self.request(ids)?;
        Ok(settle(self.client, &request, self.replay(), |reply| {
            One::read(reply, self.keeps)
        }))
    }

    /// The request for these `id`s, or as it was written.
    fn request(&self, ids: Option<&[String]>) -> Result<Request> {
        let body = match ids {
            Some(ids) => self.request.body_for(ids)?,
            None => self.request.body(),
        };
        let request = Request::new(Method::Post, PATH)
            .in_space(self.space)
            .json(body);
        Ok(if self.dry_run {
            request.with("dry_run", "true")
        } else {
            request
        })
    }

    fn take(&self, answer: &mut Answer, ids: &[String], sent: Option<Sent<One>>) {
        let Some(sent) = sent else {
            answer.unsent.extend_from_slice(ids);
            return;
        };
        match sent.settled {
            Settled::Answered(one) => {
                answer.again += u64::from(sent.again);
                let deletes = self.request.work == Work::Delete && !self.dry_run;
                answer.add(one, ids, sent.again && deletes);
            }
            Settled::Refused(error) => {
                answer.unsent.extend_from_slice(ids);
                answer.refusal.get_or_insert(error);
            }
            Settled::Unknown(error) => answer.unknown.push(Unknown {
                ids: ids.to_vec(),
                error,
            }),
        }
    }
}
