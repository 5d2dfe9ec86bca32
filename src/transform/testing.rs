//! `check(…)` for the tests beside each transform: one step, run by the real engine.

use std::cell::RefCell;

use crate::pipeline::{Event, OnError, Pipeline};
use crate::record::Note;

/// A step under test, written as in a pipeline file: `check("add-tags = { tags = [\"x\"] }")`.
///
/// Seeds that are not set are `test`.
pub(crate) struct Check {
    step: &'static str,
    pipeline: Pipeline,
}

pub(crate) fn check(step: &'static str) -> Check {
    let pipeline = Pipeline::from_step(step).unwrap_or_else(|error| panic!("{step}: {error}"));
    Check {
        step,
        pipeline: pipeline.seeded("test").jobs(1).on_error(OnError::Keep),
    }
}

/// The message with which a step is refused before it meets a record.
pub(crate) fn refused_settings(step: &str) -> String {
    match Pipeline::from_step(step)
        .and_then(|pipeline| pipeline.seeded("test").run(&b""[..], std::io::sink()))
    {
        Err(error) => error.to_string(),
        Ok(_) => panic!("{step} was taken"),
    }
}

impl Check {
    fn run(&self, input: &str) -> (String, Vec<String>, Vec<Note>) {
        let mut output = Vec::new();
        let refusals = RefCell::new(Vec::new());
        let notes = RefCell::new(Vec::new());
        self.pipeline
            .run_with(
                vec![crate::stream::Source::reader("test", input.as_bytes())],
                &mut output,
                &mut |event| {
                    match event {
                        Event::Refused { error, .. } => {
                            refusals.borrow_mut().push(error.to_string());
                        }
                        Event::Note { note, .. } => notes.borrow_mut().push(note.clone()),
                    }
                    Ok(())
                },
            )
            .unwrap();
        (
            String::from_utf8(output).unwrap(),
            refusals.into_inner(),
            notes.into_inner(),
        )
    }

    /// The lines become these lines, byte for byte; one line, or a bundle with `\n` after each line.
    #[track_caller]
    pub(crate) fn turns(&self, before: &str, after: &str) -> &Self {
        let (output, refusals, _) = self.run(before);
        assert_eq!(
            refusals,
            Vec::<String>::new(),
            "{} refused {before}",
            self.step
        );
        assert_eq!(output, after, "{}", self.step);
        self
    }

    /// The lines stay as they are.
    #[track_caller]
    pub(crate) fn keeps(&self, line: &str) -> &Self {
        self.turns(line, line)
    }

    /// The line goes.
    #[track_caller]
    pub(crate) fn drops(&self, line: &str) -> &Self {
        self.turns(line, "")
    }

    /// The line is refused with this message and stays as it is.
    #[track_caller]
    pub(crate) fn refuses(&self, line: &str, message: &str) -> &Self {
        let (output, refusals, _) = self.run(line);
        assert_eq!(refusals, [message], "{}", self.step);
        assert_eq!(output, line);
        self
    }

    /// What the lines give notes of, in this order.
    pub(crate) fn noted(&self, lines: &str) -> Vec<Note> {
        self.run(lines).2
    }

    /// The lines give exactly these notes, in this order.
    #[track_caller]
    pub(crate) fn notes(&self, lines: &str, expected: &[Note]) -> &Self {
        assert_eq!(self.noted(lines), expected, "{}", self.step);
        self
    }
}
