//! The answers to the requests of one bulk action, summed up into one of Kibana's own shape.

use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::bulk::Summary;
use crate::error::{Error, Result};
use crate::kibana::Reply;

/// What came of all requests of one bulk action.
#[derive(Debug, Default)]
pub struct Answer {
    /// How many rules fared how, as far as answers came.
    pub summary: Summary,
    /// The errors, in order of first appearance, those of one message together.
    pub errors: Vec<Failed>,
    /// The rules as they are now, where they were to be kept.
    pub results: Results,
    /// How many requests were answered.
    pub answered: u64,
    /// How many of those were sent again because an answer was lost.
    pub again: u64,
    /// Rules that were not there when the request to delete them was sent again: it had deleted them, or there were none.
    pub gone: Vec<String>,
    /// Rules of the request that its answer does not tell of, as Kibana 9.6 leaves out those that are not there (measured.md).
    pub absent: Absent,
    /// Requests of which nobody knows whether they were done.
    pub unknown: Vec<Unknown>,
    /// The refusal that ended the run.
    pub refusal: Option<Error>,
    /// The rules of requests that were refused, or were not sent any more.
    pub unsent: Vec<String>,
    by_message: HashMap<String, usize>,
}

/// Rules that are not there.
#[derive(Debug, Default)]
pub struct Absent {
    /// How many.
    pub count: u64,
    /// Their `id`s, as far as the answer lets tell them.
    pub ids: Vec<String>,
}

/// A request without an answer.
#[derive(Debug)]
pub struct Unknown {
    /// The rules that it was for; empty where a query chose them.
    pub ids: Vec<String>,
    /// Why there is no answer.
    pub error: Error,
}

/// Rules that failed for one reason.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct Failed {
    /// The reason.
    pub message: String,
    /// The status of each rule.
    pub status_code: u16,
    /// The reason's code, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub err_code: Option<String>,
    /// The rules.
    #[serde(default)]
    pub rules: Vec<Subject>,
}

/// A rule as an answer names it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct Subject {
    /// Its `id`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Its `rule_id`, where only that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule_id: Option<String>,
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// Rules by what became of them, as the server spelt them.
#[derive(Debug, Default, Serialize)]
#[expect(missing_docs, reason = "the names are those of the answer")]
pub struct Results {
    pub updated: Vec<Box<RawValue>>,
    pub created: Vec<Box<RawValue>>,
    pub deleted: Vec<Box<RawValue>>,
    pub skipped: Vec<Box<RawValue>>,
}

/// One answer, read.
#[derive(Debug)]
pub(super) struct One {
    summary: Summary,
    errors: Vec<Failed>,
    results: Results,
    /// The `id`s of the rules that the results tell of.
    told: HashSet<String>,
}

/// The body of an answer, whatever its status: 500 where any rule failed.
#[derive(Deserialize)]
struct Body<'b> {
    #[serde(borrow)]
    attributes: Option<Attributes<'b>>,
}

#[derive(Deserialize)]
struct Attributes<'b> {
    #[serde(default)]
    errors: Vec<Failed>,
    #[serde(borrow, default)]
    results: Borrowed<'b>,
    summary: Counts,
}

#[derive(Deserialize, Default)]
struct Borrowed<'b> {
    #[serde(borrow, default)]
    updated: Vec<&'b RawValue>,
    #[serde(borrow, default)]
    created: Vec<&'b RawValue>,
    #[serde(borrow, default)]
    deleted: Vec<&'b RawValue>,
    #[serde(borrow, default)]
    skipped: Vec<&'b RawValue>,
}

#[derive(Deserialize)]
struct Counts {
    failed: u64,
    #[serde(default)]
    skipped: u64,
    succeeded: u64,
}

impl Subject {
    /// A rule of which only the `rule_id` is known.
    pub fn of_rule_id(id: String) -> Self {
        Self {
            id: None,
            rule_id: Some(id),
            name: None,
        }
    }

    /// What people call it by.
    pub fn label(&self) -> &str {
        let name = self.name.as_ref().filter(|name| !name.is_empty());
        let id = self.rule_id.as_ref().or(self.id.as_ref());
        name.or(id).map_or("?", String::as_str)
    }
}

impl One {
    /// Reads an answer; the rules of its results are kept if `keeps` says so.
    ///
    /// Fails where it is none of a bulk action, and so says nothing of what was done.
    pub(super) fn read(mut reply: Reply, keeps: bool) -> Result<Self> {
        let text = reply.text()?;
        let body: Body<'_> = match serde_json::from_str(&text) {
            Ok(body) => body,
            Err(_) if reply.status() >= 400 => return Err(reply.error(&text)),
            Err(error) => {
                return Err(reply.strange(&format!("expected that of a bulk action: {error}")));
            }
        };
        match body.attributes {
            Some(attributes) => Ok(Self::of(attributes, keeps)),
            None if reply.status() >= 400 => Err(reply.error(&text)),
            None => Err(reply.strange("expected that of a bulk action, found no `attributes`")),
        }
    }

    fn of(attributes: Attributes<'_>, keeps: bool) -> Self {
        #[derive(Deserialize)]
        struct Named {
            id: Option<String>,
        }
        let Borrowed {
            updated,
            created,
            deleted,
            skipped,
        } = attributes.results;
        let id = |rule: &&RawValue| serde_json::from_str::<Named>(rule.get()).ok()?.id;
        // A copy is new: it says nothing of the rule that it was made of.
        let told = updated.iter().chain(&deleted).chain(&skipped);
        let told = told.filter_map(id).collect();
        let owned = |rules: Vec<&RawValue>| {
            let kept = rules.into_iter().filter(|_| keeps);
            kept.map(ToOwned::to_owned).collect()
        };
        let Counts {
            failed,
            skipped: were_so,
            succeeded,
        } = attributes.summary;
        Self {
            summary: Summary {
                failed,
                skipped: were_so,
                succeeded,
            },
            errors: attributes.errors,
            results: Results {
                updated: owned(updated),
                created: owned(created),
                deleted: owned(deleted),
                skipped: owned(skipped),
            },
            told,
        }
    }

    /// Takes out the errors of rules that are not there, and gives their `id`s.
    fn take_missing(&mut self) -> Vec<String> {
        let mut missing = Vec::new();
        self.errors.retain_mut(|group| {
            if group.message != NOT_FOUND {
                return true;
            }
            missing.extend(group.rules.drain(..).filter_map(|rule| rule.id));
            false
        });
        self.summary.failed = self.summary.failed.saturating_sub(missing.len() as u64);
        missing
    }
}

/// Kibana's error for an `id` that no rule has.
pub const NOT_FOUND: &str = "Rule not found";

impl Answer {
    /// Adds the answer to a request for these rules, none where a query chose them.
    ///
    /// `deletes_again` says that it deletes and was sent before: what is not there any more is then no error.
    pub(super) fn add(&mut self, mut one: One, ids: &[String], deletes_again: bool) {
        self.answered += 1;
        let missing = if deletes_again {
            one.take_missing()
        } else {
            Vec::new()
        };
        let failed = one.errors.iter().flat_map(|group| &group.rules);
        let failed: HashSet<&String> = failed.filter_map(|rule| rule.id.as_ref()).collect();
        let untold: Vec<String> = ids
            .iter()
            .filter(|id| !one.told.contains(*id) && !failed.contains(id) && !missing.contains(id))
            .cloned()
            .collect();
        let of_all = ids.len() as u64;
        let absent = of_all.saturating_sub(one.summary.total() + missing.len() as u64);
        // Where the answer names no rules, as in a dry run, it does not show which they are.
        let is_told = untold.len() as u64 == absent;
        self.gone.extend(missing);
        if deletes_again && is_told {
            self.gone.extend(untold);
        } else if absent > 0 {
            self.absent.count += absent;
            self.absent
                .ids
                .extend(untold.into_iter().filter(|_| is_told));
        }
        let Summary {
            failed,
            skipped,
            succeeded,
        } = one.summary;
        self.summary.failed += failed;
        self.summary.skipped += skipped;
        self.summary.succeeded += succeeded;
        self.results.updated.extend(one.results.updated);
        self.results.created.extend(one.results.created);
        self.results.deleted.extend(one.results.deleted);
        self.results.skipped.extend(one.results.skipped);
        for group in one.errors {
            self.fail(group);
        }
    }

    /// Adds `rule_id`s that no rule of the space has, as Kibana would answer for `id`s.
    pub fn add_missing(&mut self, rule_ids: &[String]) {
        if rule_ids.is_empty() {
            return;
        }
        self.summary.failed += rule_ids.len() as u64;
        self.fail(Failed {
            message: NOT_FOUND.into(),
            status_code: 500,
            err_code: None,
            rules: rule_ids.iter().cloned().map(Subject::of_rule_id).collect(),
        });
    }

    fn fail(&mut self, group: Failed) {
        match self.by_message.get(&group.message) {
            Some(&index) => self.errors[index].rules.extend(group.rules),
            None => {
                self.by_message
                    .insert(group.message.clone(), self.errors.len());
                self.errors.push(group);
            }
        }
    }

    /// Whether every rule that was asked for was done, or was so already.
    pub fn is_complete(&self) -> bool {
        self.summary.failed == 0
            && self.absent.count == 0
            && self.unknown.is_empty()
            && self.refusal.is_none()
            && self.unsent.is_empty()
    }
}
