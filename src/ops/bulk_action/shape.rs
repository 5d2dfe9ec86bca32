//! An answer in the shape that Kibana gives it.

use serde::Serialize;

use super::answer::{Answer, Failed, Results};
use crate::bulk::Work;

/// The body of an answer: that of status 200, or where rules failed that of status 500.
#[derive(Debug, Serialize)]
pub struct Shape<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    success: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rules_count: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status_code: Option<u16>,
    attributes: Attributes<'a>,
}

#[derive(Debug, Serialize)]
struct Attributes<'a> {
    #[serde(skip_serializing_if = "<[Failed]>::is_empty")]
    errors: &'a [Failed],
    results: &'a Results,
    summary: Counts,
}

#[derive(Debug, Serialize)]
struct Counts {
    failed: u64,
    succeeded: u64,
    skipped: u64,
    total: u64,
}

impl Answer {
    /// What Kibana would answer if it took all in one request (bulk-actions.md §2).
    pub fn shape(&self, work: Work) -> Shape<'_> {
        let summary = self.summary;
        let is_good = self.errors.is_empty();
        let message = match (work, summary.succeeded > 0) {
            (Work::Run, true) => "Bulk manual rule run partially failed",
            (Work::Run, false) => "Bulk manual rule run failed",
            (_, true) => "Bulk edit partially failed",
            (_, false) => "Bulk edit failed",
        };
        Shape {
            success: is_good.then_some(true),
            rules_count: is_good.then(|| summary.total()),
            message: (!is_good).then_some(message),
            status_code: (!is_good).then_some(500),
            attributes: Attributes {
                errors: &self.errors,
                results: &self.results,
                summary: Counts {
                    failed: summary.failed,
                    succeeded: summary.succeeded,
                    skipped: summary.skipped,
                    total: summary.total(),
                },
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn has_the_keys_of_both_statuses() {
        let mut answer = Answer::default();
        answer.summary.succeeded = 2;
        let text = |answer: &Answer, work| serde_json::to_string(&answer.shape(work)).unwrap();
        assert_eq!(
            text(&answer, Work::Enable),
            r#"{"success":true,"rules_count":2,"attributes":{"results":{"updated":[],"created":[],"deleted":[],"skipped":[]},"summary":{"failed":0,"succeeded":2,"skipped":0,"total":2}}}"#
        );
        answer.add_missing(&["r".to_owned()]);
        assert_eq!(
            text(&answer, Work::Run),
            r#"{"message":"Bulk manual rule run partially failed","status_code":500,"attributes":{"errors":[{"message":"Rule not found","status_code":500,"rules":[{"rule_id":"r"}]}],"results":{"updated":[],"created":[],"deleted":[],"skipped":[]},"summary":{"failed":1,"succeeded":2,"skipped":0,"total":3}}}"#
        );
    }
}
