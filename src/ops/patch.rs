//! Partial rules to a live Kibana, one PATCH each: those of one rule one after another, and the truth about lost answers.
//!
//! A PATCH whose answer is lost is sent again: the content of a rule is then that of once, only `revision` may move on twice where
//! actions get new ids. Where no answer comes at all the rule is read, and has what was sent or has not.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};

use super::settle::{Settled, settle};
use crate::bulk::patch::{Element, Request as Patches};
use crate::error::{Error, ErrorKind, Result};
use crate::kibana::{Client, Method, Replay, Request, Space};
use crate::pipeline::engine::{ordered, pool};

const PATH: &str = "/api/detection_engine/rules";

/// Partial rules that are to be sent to a space.
#[derive(Debug, Clone, Copy)]
pub struct Patcher<'p> {
    /// The Kibana.
    pub client: &'p Client,
    /// The space.
    pub space: &'p Space,
    /// The partial rules.
    pub request: &'p Patches<'p>,
    /// How many requests are in flight.
    pub jobs: usize,
}

/// What became of an element.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// The rule has what was sent.
    Patched,
    /// In a dry run: the rule is there, and has or would get what would be sent.
    Ready,
    /// The server refused it; in a dry run, it has no such rule, or would refuse it as far as that can be told.
    Refused,
    /// The server failed, and the rule does not have what was sent.
    Failed,
    /// Nobody knows.
    Unknown,
    /// It was not sent, because of what came of others.
    NotSent,
}

/// An element, and what became of it.
#[derive(Debug)]
pub struct Done {
    /// Its place in the request.
    pub element: usize,
    /// What became of it.
    pub outcome: Outcome,
    /// The status of the last answer, if there was one.
    pub status: Option<u16>,
    /// Why it is so, where that must be told.
    pub message: Option<String>,
    /// In a dry run: the members of the rule that would change.
    pub changes: Option<Vec<String>>,
    /// Whether it was sent again because an answer was lost.
    pub again: bool,
    /// What ended the run, if this did.
    pub ends: Option<Error>,
}

impl Outcome {
    /// All of them, in the order of the summary.
    pub const ALL: [Self; 6] = [
        Self::Patched,
        Self::Ready,
        Self::Refused,
        Self::Failed,
        Self::Unknown,
        Self::NotSent,
    ];

    /// The name that reports give it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Patched => "patched",
            Self::Ready => "ready",
            Self::Refused => "refused",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
            Self::NotSent => "not_sent",
        }
    }

    /// Whether the rule is as the element wants it, or would be.
    pub fn is_good(self) -> bool {
        matches!(self, Self::Patched | Self::Ready)
    }
}

impl Done {
    fn of(element: usize, outcome: Outcome) -> Self {
        Self {
            element,
            outcome,
            status: None,
            message: None,
            changes: None,
            again: false,
            ends: None,
        }
    }

    /// One that an error explains.
    fn because(element: usize, outcome: Outcome, error: &Error) -> Self {
        let (status, message) = told(error);
        Self {
            status,
            message: Some(message),
            ..Self::of(element, outcome)
        }
    }
}

impl Patcher<'_> {
    /// Sends each element, and hands on what became of it in the order of the request.
    ///
    /// Refused credentials and a server that does not answer end the run: what is left is not sent.
    pub fn run(&self, sink: &mut dyn FnMut(Done) -> Result<()>) -> Result<()> {
        self.each(&|place, element| self.send(place, element), sink)
    }

    /// Looks for the rule of each element and says what would change, in the order of the request. Changes nothing.
    pub fn dry_run(&self, sink: &mut dyn FnMut(Done) -> Result<()>) -> Result<()> {
        self.each(&|place, element| self.look(place, element), sink)
    }

    fn each(
        &self,
        work: &(dyn Fn(usize, &Element<'_>) -> Done + Sync),
        sink: &mut dyn FnMut(Done) -> Result<()>,
    ) -> Result<()> {
        let elements = &self.request.elements;
        let mut groups = groups(elements).into_iter();
        let ends = AtomicBool::new(false);
        let mut waiting: BTreeMap<usize, Done> = BTreeMap::new();
        let mut next = 0;
        let jobs = self.jobs.max(1);
        ordered(
            &pool(jobs)?,
            jobs,
            || Ok(groups.next()),
            |group| {
                let one = |place: usize| {
                    if ends.load(Ordering::Relaxed) {
                        return Done::of(place, Outcome::NotSent);
                    }
                    let done = work(place, &elements[place]);
                    if done.ends.is_some() {
                        ends.store(true, Ordering::Relaxed);
                    }
                    done
                };
                Ok(group.into_iter().map(one).collect::<Vec<_>>())
            },
            |group| {
                waiting.extend(group.into_iter().map(|done| (done.element, done)));
                while let Some(done) = waiting.remove(&next) {
                    next += 1;
                    sink(done)?;
                }
                Ok(())
            },
        )
    }

    fn send(&self, place: usize, element: &Element<'_>) -> Done {
        let request = Request::new(Method::Patch, PATH)
            .in_space(self.space)
            .json(element.text());
        let sent = settle(self.client, &request, Replay::Safe, |mut reply| {
            let status = reply.status();
            if status >= 500 {
                return Err(reply.into_error());
            }
            // The body is read so that a connection that breaks in it is seen.
            reply.text().map(|_| status)
        });
        let done = match sent.settled {
            Settled::Answered(status) => Done {
                status: Some(status),
                ..Done::of(place, Outcome::Patched)
            },
            Settled::Refused(error) => refused(place, error),
            Settled::Unknown(error) => self.after(place, element, error),
        };
        Done {
            again: sent.again,
            ..done
        }
    }

    /// What became of an element to which there was no good answer: the rule tells.
    fn after(&self, place: usize, element: &Element<'_>, error: Error) -> Done {
        let lacks = match self.stored(element) {
            Ok(stored) => match element.outstanding(&stored) {
                Ok(lacks) => lacks,
                Err(fault) => vec![fault.failure.message.into()],
            },
            Err(gone) if matches!(gone.kind(), ErrorKind::Status { status: 404, .. }) => {
                return Done::because(place, Outcome::Refused, &gone);
            }
            Err(_) => {
                let mut done = Done::because(place, Outcome::Unknown, &error);
                done.ends = Some(error);
                return done;
            }
        };
        // An error of the server itself came after it was done with the request; what is lost may be under way yet.
        let is_over = matches!(error.kind(), ErrorKind::Status { status, .. } if !matches!(status, 408 | 502..=504));
        let (outcome, how) = match (lacks.is_empty(), is_over) {
            (true, _) => (Outcome::Patched, "the rule has what was sent".to_owned()),
            (false, true) => (Outcome::Failed, lacking(&lacks)),
            (false, false) => (Outcome::Unknown, lacking(&lacks)),
        };
        let (status, message) = told(&error);
        Done {
            status,
            message: Some(format!("{message}; {how}")),
            // Others would be answered no better.
            ends: (outcome == Outcome::Unknown).then_some(error),
            ..Done::of(place, outcome)
        }
    }

    /// The stored rule as the server spells it.
    fn stored(&self, element: &Element<'_>) -> Result<String> {
        let request = Request::new(Method::Get, PATH).in_space(self.space);
        let request = match (element.id(), element.rule_id()) {
            (Some(id), _) => request.with("id", id),
            (None, Some(id)) => request.with("rule_id", id),
            (None, None) => request,
        };
        self.client.send(&request)?.text()
    }

    fn look(&self, place: usize, element: &Element<'_>) -> Done {
        let stored = match self.stored(element) {
            Ok(stored) => stored,
            Err(error) => return refused(place, error),
        };
        match element.outstanding(&stored) {
            Ok(changes) => Done {
                changes: Some(changes),
                ..Done::of(place, Outcome::Ready)
            },
            Err(fault) => Done {
                status: Some(fault.failure.status),
                message: Some(format!("would be refused: {}", fault.failure.message)),
                ..Done::of(place, Outcome::Refused)
            },
        }
    }
}

/// The elements of each rule together, in the order in which the rules first come.
///
/// Where some name their rule by `id` and others by `rule_id`, nobody can tell which are for one rule, so all stay in order.
fn groups(elements: &[Element<'_>]) -> Vec<Vec<usize>> {
    let has_id = |element: &Element<'_>| element.id().is_some();
    let is_mixed = elements.iter().any(has_id) && !elements.iter().all(has_id);
    if is_mixed {
        return vec![(0..elements.len()).collect()];
    }
    let mut groups: Vec<Vec<usize>> = Vec::new();
    let mut of_rule: HashMap<&str, usize> = HashMap::new();
    for (place, element) in elements.iter().enumerate() {
        let Some(name) = element.id().or(element.rule_id()) else {
            groups.push(vec![place]);
            continue;
        };
        let group = *of_rule.entry(name).or_insert_with(|| {
            groups.push(Vec::new());
            groups.len() - 1
        });
        groups[group].push(place);
    }
    groups
}

/// An element that the server refuses, or that did not get there; what would happen to all others too ends the run.
fn refused(place: usize, error: Error) -> Done {
    let (outcome, ends) = match error.kind() {
        ErrorKind::Status {
            status: 401 | 403 | 429,
            ..
        } => (Outcome::Refused, true),
        ErrorKind::Status { .. } => (Outcome::Refused, false),
        _ => (Outcome::NotSent, true),
    };
    let mut done = Done::because(place, outcome, &error);
    done.ends = ends.then_some(error);
    done
}

/// The status of an answer, and its words or those of the error.
fn told(error: &Error) -> (Option<u16>, String) {
    match error.kind() {
        ErrorKind::Status {
            status, message, ..
        } => (Some(*status), message.to_string()),
        _ => (None, error.to_string()),
    }
}

fn lacking(members: &[String]) -> String {
    let names: Vec<String> = members.iter().map(|name| format!("`{name}`")).collect();
    format!("the rule does not have what was sent: {}", names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_of_one_rule_stay_together() {
        let of = |text: &str| groups(&Patches::parse(text).unwrap().elements);
        assert_eq!(
            of(r#"[{"rule_id":"a"},{"rule_id":"b"},{},{"rule_id":"a"}]"#),
            [vec![0, 3], vec![1], vec![2]]
        );
        let id = "0e2b1c7a-1111-4222-8333-444455556666";
        let mixed = format!(r#"[{{"rule_id":"a"}},{{"id":"{id}"}},{{"rule_id":"b"}}]"#);
        assert_eq!(of(&mixed), [vec![0, 1, 2]]);
        assert!(of("[]").is_empty());
    }
}
