//! `request(…)` for the tests of bulk actions: a body, done to a bundle by the real engine.

use serde_json::Value;

use super::{Bulk, Event, Request, Settings};
use crate::pipeline::{OnError, Reading};
use crate::stream::Source;

/// A request under test.
pub(super) struct Case {
    text: String,
    settings: Settings,
}

/// What became of a bundle.
pub(super) struct Ran {
    pub(super) output: String,
    pub(super) answer: String,
    pub(super) refusal: Option<String>,
    /// The places of rules that failed.
    pub(super) failed: Vec<String>,
    pub(super) lacking: Vec<String>,
}

pub(super) fn request(text: impl Into<String>) -> Case {
    Case {
        text: text.into(),
        settings: Settings {
            seed: "test".into(),
            now: "2026-01-01T00:00:00.000Z".into(),
            ..Settings::default()
        },
    }
}

/// A request with these edits for all rules.
pub(super) fn edits(edits: &str) -> Case {
    request(format!(
        r#"{{"action":"edit","query":"","edit":[{edits}]}}"#
    ))
}

impl Case {
    pub(super) fn with(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(&mut self.settings);
        self
    }

    pub(super) fn dry_run(self) -> Self {
        self.with(|settings| settings.dry_run = true)
    }

    /// The message with which the request is refused before it meets a record, its pointer and its line and column.
    #[track_caller]
    pub(super) fn refused(&self) -> (String, String, (u64, u64)) {
        match Request::parse(&self.text, &self.settings) {
            Ok(_) => panic!("{} was taken", self.text),
            Err(error) => {
                let place = error.location().cloned().unwrap_or_default();
                let pointer = error.pointer().iter().map(|step| match step {
                    crate::error::PathStep::Key(key) => format!("/{key}"),
                    crate::error::PathStep::Index(index) => format!("/{index}"),
                });
                (
                    error.to_string(),
                    pointer.collect(),
                    (place.line, place.column),
                )
            }
        }
    }

    #[track_caller]
    pub(super) fn parsed(&self) -> Request {
        Request::parse(&self.text, &self.settings)
            .unwrap_or_else(|error| panic!("{}: {error}", self.text))
    }

    /// Does the request to a bundle; the answer must agree with itself and with the output.
    #[track_caller]
    pub(super) fn run(&self, bundle: &str) -> Ran {
        self.try_run(bundle)
            .unwrap_or_else(|error| panic!("{}: {error}", self.text))
    }

    #[track_caller]
    pub(super) fn try_run(&self, bundle: &str) -> crate::error::Result<Ran> {
        let request = self.parsed();
        let reading = Reading {
            jobs: 2,
            batch_bytes: 1 << 10,
            ..Reading::default()
        };
        let mut bulk = Bulk::new(&request, &self.settings, true)?;
        let (mut output, mut answer) = (Vec::new(), Vec::new());
        let (mut failed, mut lacking) = (Vec::new(), Vec::new());
        bulk.run(
            &reading,
            OnError::Stop,
            vec![Source::reader("b", bundle.as_bytes())],
            &mut output,
            &mut |event| {
                match event {
                    Event::Failed {
                        location, failure, ..
                    } => failed.push(format!("{}: {}", location.line, failure.message)),
                    Event::Lacking { what } => lacking.push(what.to_owned()),
                    Event::Unreadable { error, .. } => panic!("{error}"),
                }
                Ok(())
            },
        )?;
        let outcome = bulk.finish();
        outcome.answer.write(&mut answer)?;
        let ran = Ran {
            output: String::from_utf8(output).unwrap(),
            answer: String::from_utf8(answer).unwrap().trim_end().to_owned(),
            refusal: outcome.refusal,
            failed,
            lacking,
        };
        if self.settings.dry_run {
            assert_eq!(ran.output, "");
        } else {
            ran.agrees();
        }
        Ok(ran)
    }
}

impl Ran {
    /// The answer read back: its counts are those of its lists, and its results are the lines that were written.
    #[track_caller]
    fn agrees(&self) {
        let answer: Value = serde_json::from_str(&self.answer).unwrap();
        let attributes = &answer["attributes"];
        let list = |of: &Value| of.as_array().cloned().unwrap_or_default();
        let result = |name: &str| list(&attributes["results"][name]);
        let groups = list(&attributes["errors"]);
        let failed: usize = groups.iter().map(|group| list(&group["rules"]).len()).sum();
        let done = ["updated", "created", "deleted"].map(|name| result(name).len());
        let done: usize = done.iter().sum();
        let summary = &attributes["summary"];
        let skipped = result("skipped").len();
        if summary["succeeded"] != 0 && done == 0 {
            // An export has no results.
            return;
        }
        assert_eq!(summary["failed"], failed);
        assert_eq!(summary["skipped"], skipped);
        assert_eq!(summary["succeeded"], done);
        assert_eq!(summary["total"], done + skipped + failed);
        assert_eq!(answer["success"] == true, failed == 0);
        for place in ["updated", "created"] {
            let written = self
                .output
                .lines()
                .filter(|line| self.answer.contains(line.trim()))
                .map(|line| serde_json::from_str::<Value>(line).unwrap())
                .collect::<Vec<_>>();
            for rule in result(place) {
                assert!(written.contains(&rule), "{place}: {rule} is not written");
            }
        }
    }

    /// The `summary` as failed, succeeded, skipped, total.
    pub(super) fn counts(&self) -> [u64; 4] {
        let answer: Value = serde_json::from_str(&self.answer).unwrap();
        ["failed", "succeeded", "skipped", "total"]
            .map(|name| answer["attributes"]["summary"][name].as_u64().unwrap())
    }

    /// The messages of the errors, each with its code and status.
    pub(super) fn errors(&self) -> Vec<(String, u64, Option<String>)> {
        let answer: Value = serde_json::from_str(&self.answer).unwrap();
        let errors = answer["attributes"]["errors"].as_array().cloned();
        let error = |error: Value| {
            (
                error["message"].as_str().unwrap().to_owned(),
                error["status_code"].as_u64().unwrap(),
                error["err_code"].as_str().map(Into::into),
            )
        };
        errors.unwrap_or_default().into_iter().map(error).collect()
    }
}

/// What an edit makes of a rule.
pub(super) enum Expected {
    /// It has these members, and the next version and revision.
    Becomes(&'static str),
    /// It is skipped.
    Skips,
    /// It fails with this text.
    Fails(&'static str),
}

/// A rule of this type with these members, `version` and `revision` before them.
pub(super) fn rule(kind: &str, version: u64, members: &str) -> String {
    let comma = if members.is_empty() { "" } else { "," };
    format!(
        r#"{{"id":"i","rule_id":"r","name":"N","type":"{kind}","version":{version},"revision":{version}{comma}{members}}}"#
    )
}

/// Does edits to a rule of this type and compares bytes. Ids that are made become `U1`, `U2` …
#[track_caller]
pub(super) fn edited(kind: &str, edit: &str, before: &str, expected: &Expected) {
    let line = rule(kind, 3, before);
    let ran = edits(edit)
        .with(|settings| {
            settings
                .connectors
                .extend([("mail".to_owned(), ".email".to_owned())]);
        })
        .run(&line);
    let output = named_ids(&ran.output);
    match expected {
        Expected::Becomes(after) => {
            assert_eq!(ran.errors(), [], "{kind} {edit} {before}");
            assert_eq!(output, rule(kind, 4, after), "{edit} {before}");
            assert_eq!(ran.counts(), [0, 1, 0, 1], "{edit} {before}");
        }
        Expected::Skips => {
            assert_eq!(output, line, "{edit} {before}");
            assert_eq!(
                ran.answer,
                r#"{"success":true,"rules_count":1,"attributes":{"results":{"updated":[],"created":[],"deleted":[],"skipped":[{"id":"i","name":"N","skip_reason":"RULE_NOT_MODIFIED"}]},"summary":{"failed":0,"succeeded":0,"skipped":1,"total":1}}}"#,
                "{edit} {before}"
            );
        }
        Expected::Fails(text) => {
            assert_eq!(output, line, "{edit} {before}");
            assert_eq!(
                ran.errors(),
                [((*text).to_owned(), 500, None)],
                "{edit} {before}"
            );
        }
    }
}

/// The text with made ids, which are UUIDs of version 5, called `U1`, `U2` … in the order of first appearance.
pub(super) fn named_ids(text: &str) -> String {
    let mut out = text.to_owned();
    let mut number = 0;
    let is_made = |word: &str| {
        word.len() == 36 && uuid::Uuid::parse_str(word).is_ok_and(|id| id.get_version_num() == 5)
    };
    while let Some(id) = out
        .split(|c: char| !c.is_ascii_alphanumeric() && c != '-')
        .find(|word| is_made(word))
        .map(str::to_owned)
    {
        number += 1;
        out = out.replace(&id, &format!("U{number}"));
    }
    out
}
