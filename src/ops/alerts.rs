//! The alerts of chosen rules: how many there are, and giving them another status.

use serde::Deserialize;
use serde_json::{Value, json};

use super::find;
use super::resolve::Known;
use super::settle::{Settled, settle};
use crate::error::{Error, Result};
use crate::json::Object;
use crate::kibana::{Client, Method, Replay, Request, Space};
use crate::query::Query;

/// How many rules one query names.
const MOST_RULES: usize = 1000;

/// The status of an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
#[expect(missing_docs, reason = "the names are those of the route")]
pub enum Status {
    Open,
    Acknowledged,
    Closed,
}

/// A status that alerts are to get.
#[derive(Debug, Clone, Copy)]
pub struct Change<'c> {
    /// The Kibana.
    pub client: &'c Client,
    /// The space.
    pub space: &'c Space,
    /// The status.
    pub status: Status,
    /// Why they are closed.
    pub reason: Option<&'c str>,
}

/// What came of a change.
#[derive(Debug, Default)]
pub struct Tally {
    /// Alerts that have the status now.
    pub updated: u64,
    /// Alerts that somebody else changed at the same time, and which are as they were.
    pub version_conflicts: u64,
    /// Elasticsearch's words for what failed.
    pub failures: Vec<Value>,
    /// How many answered requests were sent again because an answer was lost.
    pub again: u64,
    /// Why nobody knows of some alerts whether they have the status.
    pub unknown: Option<Error>,
    /// Why no more requests were sent.
    pub refusal: Option<Error>,
    /// How many requests were answered.
    pub answered: u64,
}

#[derive(Deserialize)]
struct Changed {
    #[serde(default)]
    updated: u64,
    #[serde(default)]
    version_conflicts: u64,
    #[serde(default)]
    failures: Vec<Value>,
}

impl Status {
    /// The name in the request.
    pub fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Acknowledged => "acknowledged",
            Self::Closed => "closed",
        }
    }
}

impl Change<'_> {
    /// How many alerts of the rules with these `rule_id`s would get the status.
    pub fn count(&self, rule_ids: &[String]) -> Result<u64> {
        #[derive(Deserialize)]
        struct Found {
            hits: Hits,
        }
        #[derive(Deserialize)]
        struct Hits {
            total: Total,
        }
        #[derive(Deserialize)]
        struct Total {
            value: u64,
        }
        let mut count = 0;
        for rule_ids in rule_ids.chunks(MOST_RULES) {
            let body = json!({
                "query": self.query(rule_ids),
                "size": 0,
                "track_total_hits": true,
            });
            let request = Request::new(Method::Post, "/api/detection_engine/signals/search")
                .in_space(self.space)
                .json(body.to_string())
                .replayed();
            let found: Found = self.client.send(&request)?.json()?;
            count += found.hits.total.value;
        }
        Ok(count)
    }

    /// Gives the alerts of the rules with these `rule_id`s the status, as far as they do not have it.
    ///
    /// Ends with the first request that is refused, or of which nobody knows.
    pub fn run(&self, rule_ids: &[String]) -> Tally {
        let mut tally = Tally::default();
        for rule_ids in rule_ids.chunks(MOST_RULES) {
            let mut body = json!({
                "query": self.query(rule_ids),
                "status": self.status.name(),
                "conflicts": "proceed",
            });
            if let Some(reason) = self.reason {
                body["reason"] = reason.into();
            }
            let request = Request::new(Method::Post, "/api/detection_engine/signals/status")
                .in_space(self.space)
                .json(body.to_string());
            let sent = settle(self.client, &request, Replay::Safe, |mut reply| {
                if reply.status() == 200 {
                    reply.json::<Changed>()
                } else {
                    Err(reply.into_error())
                }
            });
            match sent.settled {
                Settled::Answered(changed) => {
                    tally.answered += 1;
                    tally.again += u64::from(sent.again);
                    tally.updated += changed.updated;
                    tally.version_conflicts += changed.version_conflicts;
                    tally.failures.extend(changed.failures);
                }
                Settled::Refused(error) => {
                    tally.refusal = Some(error);
                    break;
                }
                Settled::Unknown(error) => {
                    tally.unknown = Some(error);
                    break;
                }
            }
        }
        tally
    }

    /// The alerts of these rules that do not have the status yet.
    fn query(&self, rule_ids: &[String]) -> Value {
        json!({
            "bool": {
                "filter": [{"terms": {"kibana.alert.rule.rule_id": rule_ids}}],
                "must_not": [{"term": {"kibana.alert.workflow_status": self.status.name()}}],
            }
        })
    }
}

/// The `rule_id`s of the rules of a space that match.
pub fn matching(client: &Client, space: &Space, query: &Query) -> Result<Vec<String>> {
    let mut rule_ids = Vec::new();
    find::rules(client, space, None, &mut |rule| {
        if query.matches(&Object::parse(rule)?) {
            rule_ids.push(Known::read(rule)?.rule_id);
        }
        Ok(())
    })?;
    Ok(rule_ids)
}
