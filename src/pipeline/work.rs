//! One batch: parse each line once, run the steps, write what comes of it.

use std::collections::HashSet;
use std::ops::Range;

use super::line;
use super::located::{value_span, with_excerpt};
use super::{OnError, Report};
use crate::error::Error;
use crate::query::Query;
use crate::record::{Census, Counts, Kind, Note, Record};
use crate::stream::Batch;
use crate::transform::{Transform, Verdict};

/// A step ready to run.
#[derive(Debug)]
pub(super) struct Armed<'p> {
    pub(super) transform: Action<'p>,
    pub(super) only: Option<&'p Query>,
    /// Whether the step is for some rules alone: by its `only`, or because the run is.
    pub(super) limited: bool,
    /// Which census it needs, if any.
    pub(super) census: Option<usize>,
}

/// A transform from the pipeline, or one that follows up on it.
#[derive(Debug)]
pub(super) enum Action<'p> {
    Step(&'p dyn Transform),
    FollowUp(Box<dyn Transform>),
}

impl Action<'_> {
    pub(super) fn get(&self) -> &dyn Transform {
        match self {
            Self::Step(transform) => *transform,
            Self::FollowUp(transform) => &**transform,
        }
    }
}

/// One walk over the whole input.
#[derive(Debug)]
pub(super) struct Pass<'p> {
    pub(super) steps: &'p [Armed<'p>],
    pub(super) only: Option<&'p Query>,
    pub(super) ids: Option<&'p HashSet<String>>,
    pub(super) on_error: OnError,
    /// The censuses that earlier passes took. Steps that need a later one do nothing yet.
    pub(super) censuses: &'p [Census],
    /// Whether the census that this pass takes must tell where records stand.
    pub(super) takes_places: bool,
    /// What a step is given that needs no census.
    pub(super) nothing: Census,
    /// Whether this is the pass that writes; the others only take a census, of what the steps before it make of the input.
    pub(super) writes: bool,
}

/// What a batch became.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) batch: Batch,
    /// What the pass writes, details records still as they were read.
    pub(super) out: Vec<u8>,
    pub(super) details: Vec<DetailsMark>,
    /// Records after the last details record of the batch.
    pub(super) rest: Tally,
    pub(super) report: Report,
    pub(super) happened: Vec<Happening>,
    pub(super) census: Census,
}

/// A details record in the output: the bytes of its object, and what was counted since the one before or the batch's begin.
#[derive(Debug)]
pub(super) struct DetailsMark {
    pub(super) at: Range<usize>,
    pub(super) before: Tally,
}

/// Records between two details records.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) read: Counts,
    pub(super) kept: Counts,
    /// Lines left out that could not be read; the details may have counted them.
    pub(super) lost: u64,
}

/// Something to tell about a record.
#[derive(Debug)]
pub(super) struct Happening {
    pub(super) ordinal: u64,
    /// The character in the line, from 1; 0 when not known.
    pub(super) column: u64,
    pub(super) record: Option<Box<str>>,
    pub(super) what: What,
}

#[derive(Debug)]
pub(super) enum What {
    Noted(Note),
    /// The bytes of the batch that hold the line.
    Refused(Error, Range<usize>),
}

impl Pass<'_> {
    /// Runs the steps over a batch; `out` is an empty buffer.
    pub(super) fn work(&self, batch: Batch, mut out: Vec<u8>) -> Answer {
        if self.steps.is_empty() {
            out.extend_from_slice(&batch.bytes);
        } else if self.writes {
            out.reserve(batch.bytes.len() + batch.bytes.len() / 8);
        }
        let mut answer = Answer {
            out,
            details: Vec::new(),
            rest: Tally::default(),
            report: Report::default(),
            happened: Vec::new(),
            census: Census::default(),
            batch: Batch::default(),
        };
        if !self.steps.is_empty() {
            let mut at = 0;
            for (ordinal, line) in (batch.ordinal..).zip(batch.lines()) {
                let begins_file = batch.starts && at == 0;
                let range = at..at + line.len();
                self.line(&mut answer, line, range, ordinal, begins_file);
                at += line.len();
                if answer.report.refused > 0 && self.on_error == OnError::Stop {
                    break;
                }
            }
        }
        answer.batch = batch;
        answer
    }

    fn line(
        &self,
        answer: &mut Answer,
        line: &[u8],
        range: Range<usize>,
        ordinal: u64,
        begins_file: bool,
    ) {
        let (text, mut record) = match line::read(line, ordinal, begins_file) {
            Ok(Some((text, record))) => (text, record),
            Ok(None) => return self.copy(answer, line),
            Err(unreadable) => {
                let (error, column) =
                    with_excerpt(unreadable.error, unreadable.text, Some(unreadable.span));
                let what = What::Refused(error, range);
                answer.rest.lost += u64::from(self.on_error == OnError::Drop);
                return self.refuse(
                    answer,
                    line,
                    Happening {
                        ordinal,
                        column,
                        record: None,
                        what,
                    },
                );
            }
        };
        let kind = record.kind();
        answer.report.read[kind] += 1;
        answer.rest.read[kind] += 1;
        let mut census = (!self.writes).then(Census::default);
        match self.apply(&mut record, text, census.as_mut()) {
            Ok(Verdict::Keep) => self.keep(answer, line, text, &mut record),
            Ok(Verdict::Drop) => {
                answer.report.dropped[kind] += 1;
                // Of a record that nobody gets to see, only that it is gone is worth telling.
                self.tell(answer, &mut record, |note| {
                    matches!(note, Note::LeftOut { .. })
                });
            }
            Err(error) => {
                let span = value_span(text, error.pointer());
                let (error, column) = with_excerpt(error, text, span);
                let what = What::Refused(error, range);
                // A refusal undoes all steps on the record: it counts as it was read.
                let mut label = None;
                if let Ok(record) = Record::parse(text, ordinal) {
                    label = Some(record.label().into());
                    census = census.map(|_| Census::default());
                    if self.on_error == OnError::Keep {
                        answer.rest.kept[kind] += 1;
                        if let Some(census) = &mut census {
                            self.observe(census, &record);
                        }
                    }
                }
                self.refuse(
                    answer,
                    line,
                    Happening {
                        ordinal,
                        column,
                        record: label,
                        what,
                    },
                );
            }
        }
        if let Some(census) = census {
            answer.census.merge(census);
        }
    }

    /// Runs the steps on one record, and takes the census where this pass is to take it.
    fn apply(
        &self,
        record: &mut Record<'_>,
        text: &str,
        mut census: Option<&mut Census>,
    ) -> Result<Verdict, Error> {
        let kind = record.kind();
        let mut chosen = None;
        for step in self.steps {
            let known = match step.census {
                Some(index) => match self.censuses.get(index) {
                    Some(known) => known,
                    None => {
                        if let (true, Some(census)) = (index == self.censuses.len(), &mut census) {
                            self.observe(census, record);
                            if let (true, Ok(read)) = (record.is_changed(), Record::parse(text, 0))
                            {
                                census.observe_read(&read);
                            }
                        }
                        continue;
                    }
                },
                None => &self.nothing,
            };
            if !step.transform.get().kinds().has(kind) {
                continue;
            }
            if step.limited {
                let chosen = *chosen.get_or_insert_with(|| self.chooses(record, text));
                if !chosen || !step.only.is_none_or(|only| only.matches(record)) {
                    continue;
                }
            }
            if step.transform.get().apply(record, known)? == Verdict::Drop {
                return Ok(Verdict::Drop);
            }
        }
        Ok(Verdict::Keep)
    }

    /// Takes down what the next step that needs a census asks for.
    fn observe(&self, census: &mut Census, record: &Record<'_>) {
        census.observe(record);
        if self.takes_places {
            census.observe_place(record);
        }
    }

    /// Whether the run is for this record, judged by what was read.
    fn chooses(&self, record: &Record<'_>, text: &str) -> bool {
        if record.kind() != Kind::Rule {
            return false;
        }
        let chooses = |record: &Record<'_>| {
            let listed =
                |ids: &HashSet<String>| record.str("rule_id").is_some_and(|id| ids.contains(&*id));
            self.ids.is_none_or(listed) && self.only.is_none_or(|only| only.matches(record))
        };
        if record.is_changed() {
            Record::parse(text, 0).is_ok_and(|read| chooses(&read))
        } else {
            chooses(record)
        }
    }

    fn keep(&self, answer: &mut Answer, line: &[u8], text: &str, record: &mut Record<'_>) {
        let kind = record.kind();
        if kind == Kind::Other {
            record.note(Note::Unknown);
        }
        self.tell(answer, record, |_| true);
        answer.rest.kept[kind] += 1;
        if kind == Kind::Details {
            let before = std::mem::take(&mut answer.rest);
            let start =
                answer.out.len() + (line.len() - text.len() - usize::from(line.ends_with(b"\n")));
            answer.details.push(DetailsMark {
                at: start..start + text.len(),
                before,
            });
        }
        if !record.is_changed() {
            return self.copy(answer, line);
        }
        answer.report.changed[kind] += 1;
        if self.writes {
            let end = usize::from(line.ends_with(b"\n"));
            let mark = line.len() - end - text.len();
            answer.out.extend_from_slice(&line[..mark]);
            record.write(&mut answer.out);
            answer.out.extend_from_slice(&line[line.len() - end..]);
        }
    }

    /// Hands on what was noted about the record and is worth telling, if this pass is the one that tells.
    fn tell(&self, answer: &mut Answer, record: &mut Record<'_>, is_told: impl Fn(&Note) -> bool) {
        if !self.writes {
            return;
        }
        for note in record.take_notes().into_iter().filter(is_told) {
            answer.happened.push(Happening {
                ordinal: record.ordinal(),
                column: 0,
                record: Some(record.label().into()),
                what: What::Noted(note),
            });
        }
    }

    fn copy(&self, answer: &mut Answer, line: &[u8]) {
        if self.writes {
            answer.out.extend_from_slice(line);
        }
    }

    fn refuse(&self, answer: &mut Answer, line: &[u8], refused: Happening) {
        answer.report.refused += 1;
        answer.happened.push(refused);
        if self.on_error == OnError::Keep {
            self.copy(answer, line);
        }
    }
}
