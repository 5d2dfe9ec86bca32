//! The laws of whole runs: what a pipeline makes of an input, however it is run.

use ruleferry::error::Error;
use ruleferry::pipeline::{Event, OnError, Pipeline, Reading};
use ruleferry::stream::Source;

use super::is_shown;

/// What a run gave: its output, or the error it stopped at; and what it refused on the way.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// What was written, or why nothing may be.
    pub(crate) result: Result<Vec<u8>, String>,
    /// Each refusal with its place.
    pub(crate) refused: Vec<String>,
}

/// Runs a pipeline over an input that is taken as it is, compressed or not.
pub(crate) fn run(pipeline: &Pipeline, input: &[u8]) -> Outcome {
    let (mut out, mut refused) = (Vec::new(), Vec::new());
    let done = pipeline.run_with(vec![Source::decoded("in", input)], &mut out, &mut |event| {
        if let Event::Refused { error, .. } = event {
            refused.push(described(error));
        }
        Ok(())
    });
    let result = done.map(|_| out).map_err(|error| described(&error));
    // How far a run that failed had come is its own affair.
    let refused = if result.is_ok() { refused } else { Vec::new() };
    Outcome { result, refused }
}

/// Without a step, and with a step that is for no rule, bytes pass as they are.
pub(crate) fn identity_keeps_every_byte(input: &[u8]) {
    let nothing = "only = 'rule_id:\"no rule has this id\"'\nadd-tags = { tags = [\"x\"] }";
    let nothing = Pipeline::from_step(nothing)
        .unwrap_or_else(|error| panic!("{error}"))
        .on_error(OnError::Keep);
    for pipeline in [Pipeline::default(), nothing] {
        for jobs in [1, 2] {
            let output = run(&pipeline.clone().jobs(jobs), input)
                .result
                .unwrap_or_else(|error| panic!("{error}"));
            same_bytes(&output, input, &pipeline);
        }
    }
}

/// Neither the number of threads nor the size of a batch shows in what comes out.
pub(crate) fn runs_alike_however_cut(pipeline: &Pipeline, input: &[u8]) {
    let with = |jobs, batch_bytes| {
        let reading = Reading {
            jobs,
            batch_bytes,
            ..Reading::default()
        };
        run(&pipeline.clone().reading(reading), input)
    };
    let expected = with(1, 256 << 10);
    for (jobs, batch_bytes) in [(1, 1), (2, 1), (3, 100), (2, 4096), (5, 256 << 10)] {
        let found = with(jobs, batch_bytes);
        if let (Ok(found), Ok(expected)) = (&found.result, &expected.result) {
            same_bytes(found, expected, pipeline);
        }
        assert_eq!(
            found, expected,
            "{jobs} threads, batches of {batch_bytes}: {pipeline:?}"
        );
    }
}

/// What was done once is not done again: a second run changes no byte.
pub(crate) fn once_is_enough(pipeline: &Pipeline, input: &[u8]) {
    if !pipeline
        .steps()
        .iter()
        .all(|step| step.transform.get().is_idempotent())
    {
        return;
    }
    let Ok(once) = run(pipeline, input).result else {
        return;
    };
    let twice = run(pipeline, &once)
        .result
        .unwrap_or_else(|error| panic!("{error}"));
    same_bytes(&twice, &once, pipeline);
}

/// An error as a user meets it; its excerpt marks something that is there.
fn described(error: &Error) -> String {
    is_shown(error);
    format!("{:?} {:?} {error}", error.location(), error.pointer())
}

/// Panics at the first line that differs, and shows both.
fn same_bytes(found: &[u8], expected: &[u8], pipeline: &Pipeline) {
    let lines = |bytes: &[u8]| {
        bytes
            .split(|&b| b == b'\n')
            .map(|line| line.escape_ascii().to_string())
            .collect::<Vec<_>>()
    };
    if found != expected {
        let (found, expected) = (lines(found), lines(expected));
        let at = found
            .iter()
            .zip(&expected)
            .position(|(found, expected)| found != expected);
        let at = at.unwrap_or(found.len().min(expected.len()));
        panic!(
            "line {}: {:?} should be {:?}; {:?}",
            at + 1,
            found.get(at),
            expected.get(at),
            pipeline.steps()
        );
    }
}
