//! Every sentence about PATCH, as a request, a bundle, what is written and what is answered.

mod actions;
mod answers;
mod faults;
mod laws;
mod members;
mod prebuilt;
mod requests;

use serde_json::Value;

use super::{Event, Patching, Request};
use crate::bulk::Settings;
use crate::pipeline::{OnError, Reading};
use crate::stream::Source;

/// A request under test.
struct Case {
    text: String,
    settings: Settings,
}

/// What became of a bundle.
struct Ran {
    output: String,
    answer: Vec<Value>,
    /// What failed, as `pointer: message` with the place in the request.
    failed: Vec<String>,
    /// What was noted, as pointer and sort.
    noted: Vec<String>,
}

/// A request of these elements.
fn patch(elements: &str) -> Case {
    Case {
        text: format!("[{elements}]"),
        settings: Settings {
            seed: "test".into(),
            ..Settings::default()
        },
    }
}

/// A rule of this type with these members after those that tests look at.
fn rule(ty: &str, members: &str) -> String {
    let comma = if members.is_empty() { "" } else { "," };
    format!(r#"{{"rule_id":"r","type":"{ty}","version":3,"revision":7{comma}{members}}}"#)
}

/// The same a revision later.
fn moved(ty: &str, members: &str) -> String {
    rule(ty, members).replace(r#""revision":7"#, r#""revision":8"#)
}

/// Patches a rule `r` with these members; what comes of the line.
#[track_caller]
fn becomes(ty: &str, members: &str, patch_of_r: &str) -> String {
    let ran = patch(&format!(r#"{{"rule_id":"r",{patch_of_r}}}"#)).run(&rule(ty, members));
    assert_eq!(ran.failed, [] as [&str; 0], "{patch_of_r}");
    ran.output
}

/// Patches a rule `r`, which fails and leaves the line alone; the status and the message.
#[track_caller]
fn fails(ty: &str, members: &str, patch_of_r: &str) -> (u64, String) {
    let line = rule(ty, members);
    let ran = patch(&format!(r#"{{"rule_id":"r",{patch_of_r}}}"#)).run(&line);
    assert_eq!(ran.output, line, "{patch_of_r}");
    assert_eq!(ran.answer[0]["rule_id"], "r");
    let error = &ran.answer[0]["error"];
    (
        error["status_code"].as_u64().unwrap(),
        error["message"].as_str().unwrap().to_owned(),
    )
}

impl Case {
    fn with(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(&mut self.settings);
        self
    }

    /// The message with which the whole request is refused, its pointer, and its line and column.
    #[track_caller]
    fn refused(&self) -> (String, String, (u64, u64)) {
        match Request::parse(&self.text) {
            Ok(_) => panic!("{} was taken", self.text),
            Err(error) => {
                let place = error.location().cloned().unwrap_or_default();
                (
                    error.to_string(),
                    crate::bulk::value::pointer(error.pointer()),
                    (place.line, place.column),
                )
            }
        }
    }

    /// Does the request to a bundle.
    #[track_caller]
    fn run(&self, bundle: &str) -> Ran {
        let request =
            Request::parse(&self.text).unwrap_or_else(|error| panic!("{}: {error}", self.text));
        let reading = Reading {
            jobs: 2,
            batch_bytes: 1 << 10,
            ..Reading::default()
        };
        let (mut output, mut answer) = (Vec::new(), Vec::new());
        let (mut failed, mut noted) = (Vec::new(), Vec::new());
        let mut events = |event: Event<'_>| {
            match event {
                Event::Failed { element, fault, .. } => {
                    let error = request.error(element, fault, "request", None);
                    let place = error.location().unwrap();
                    failed.push(format!("{}:{} {error}", place.line, place.column));
                }
                Event::Noted { note, .. } => {
                    noted.push(format!("{} {:?}", note.pointer, note.what));
                }
                Event::Unreadable { error, .. } => panic!("{error}"),
            }
            Ok(())
        };
        let mut patching = Patching::new(&request, &self.settings, true).unwrap();
        let sources = vec![Source::reader("b", bundle.as_bytes())];
        patching
            .run(&reading, OnError::Stop, sources, &mut output, &mut events)
            .unwrap();
        let (done, _) = patching.finish(&mut events).unwrap();
        let summary = done.summary();
        done.write(&request, &mut answer).unwrap();
        let answer: Vec<Value> = serde_json::from_slice(&answer).unwrap();
        let errors = answer.iter().filter(|entry| entry.get("error").is_some());
        assert_eq!(summary.failed, errors.count() as u64);
        assert_eq!(summary.failed, failed.len() as u64);
        assert_eq!(request.elements.len(), answer.len());
        Ran {
            output: String::from_utf8(output).unwrap(),
            answer,
            failed,
            noted,
        }
    }
}
