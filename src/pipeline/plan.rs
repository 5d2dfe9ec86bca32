//! Steps to passes over the input, and the one thread that reads, writes and adds up.
//!
//! Most steps need one record at a time, so one pass does them all. A step that must know the whole bundle needs a census of
//! what the steps before it make of the bundle: one more pass, which runs the same steps and writes nothing. The first pass
//! then spools the input to a temporary file, since standard input cannot be read twice. Every pass starts from the bytes
//! that were read, so a refusal undoes all steps on a record, and lines keep their numbers.

use std::cell::RefCell;
use std::io::Write;
use std::sync::atomic::Ordering;

use super::located::Origins;
use super::recounting::{Recounting, write_lines};
use super::work::{Action, Answer, Armed, Happening, Pass, What};
use super::{Event, OnError, Pipeline, Report, engine};
use crate::error::{Error, ErrorKind, Location, Result};
use crate::record::{Census, Kind};
use crate::stream::{Reader, Source, Spool};

/// Runs a prepared pipeline.
pub(super) fn run(
    pipeline: &Pipeline,
    sources: Vec<Source<'_>>,
    output: impl Write,
    events: &mut dyn FnMut(Event<'_>) -> Result<()>,
) -> Result<Report> {
    let (steps, censuses_needed) = arm(pipeline);
    let names = sources.iter().map(|source| source.name().into()).collect();
    let origins = RefCell::new(Origins::new(names));
    let mut reader = Reader::new(sources, pipeline.reading.options());
    let mut censuses = Vec::new();
    let mut spool = None;
    for taken in 0..censuses_needed {
        let mut census = Census::default();
        let mut last = b'\n';
        let mut copy = if taken == 0 {
            Some(Spool::new()?)
        } else {
            None
        };
        drive(
            pipeline,
            &pass(pipeline, &steps, &censuses, false),
            &mut reader,
            &origins,
            |answer| {
                stop_at_refusals(pipeline, &origins.borrow(), answer)?;
                census.merge(std::mem::take(&mut answer.census));
                match &mut copy {
                    Some(copy) => {
                        write_lines(copy, &answer.batch.bytes, &mut last).map_err(spooling)
                    }
                    None => Ok(()),
                }
            },
        )?;
        censuses.push(census);
        let spool: &mut Spool = match copy {
            Some(copy) => spool.insert(copy),
            None => spool.as_mut().ok_or_else(|| {
                Error::from(ErrorKind::Bug {
                    message: "no spool".into(),
                })
            })?,
        };
        reader = Reader::new(
            vec![Source::decoded("the spooled input", spool.reader()?)],
            pipeline.reading.options(),
        );
    }
    let mut driver = Driver {
        pipeline,
        output: Recounting::new(output),
        events,
        report: Report::default(),
    };
    drive(
        pipeline,
        &pass(pipeline, &steps, &censuses, true),
        &mut reader,
        &origins,
        |answer| driver.take(&origins.borrow(), answer),
    )?;
    driver.output.flush()?;
    Ok(driver.report)
}

fn pass<'p>(
    pipeline: &'p Pipeline,
    steps: &'p [Armed<'p>],
    censuses: &'p [Census],
    writes: bool,
) -> Pass<'p> {
    let (only, ids) = (pipeline.only.as_ref(), pipeline.ids.as_ref());
    let next = steps
        .iter()
        .find(|step| step.census == Some(censuses.len()));
    Pass {
        takes_places: next.is_some_and(|step| step.transform.get().needs_places()),
        steps,
        only,
        ids,
        on_error: pipeline.on_error,
        censuses,
        nothing: Census::default(),
        writes,
    }
}

/// Puts the steps and what follows up on them in a row, and numbers the censuses they need.
fn arm(pipeline: &Pipeline) -> (Vec<Armed<'_>>, usize) {
    let mut armed: Vec<Armed<'_>> = Vec::new();
    let mut censuses = 0;
    for step in &pipeline.steps {
        let transform = step.transform.get();
        let limited = step.only.is_some() || pipeline.only.is_some() || pipeline.ids.is_some();
        let census = transform.needs_census().then(|| {
            censuses += 1;
            censuses - 1
        });
        armed.push(Armed {
            transform: Action::Step(transform),
            only: step.only.as_ref(),
            limited,
            census,
        });
        if let Some(transform) = transform.follow_up() {
            armed.push(Armed {
                transform: Action::FollowUp(transform),
                only: None,
                limited: false,
                census: Some(censuses),
            });
            censuses += 1;
        }
    }
    (armed, censuses)
}

/// Walks over the input once: batches to the pool, answers in order to `sink`. Buffers go round.
fn drive(
    pipeline: &Pipeline,
    pass: &Pass<'_>,
    reader: &mut Reader<'_>,
    origins: &RefCell<Origins>,
    mut sink: impl FnMut(&mut Answer) -> Result<()>,
) -> Result<()> {
    let threads = pipeline.reading.threads();
    let pool = engine::pool(threads)?;
    let buffers: RefCell<Vec<Vec<u8>>> = RefCell::default();
    let buffer = || buffers.borrow_mut().pop().unwrap_or_default();
    let first = pass.censuses.is_empty();
    let next = || {
        if pipeline
            .reading
            .interrupted
            .as_ref()
            .is_some_and(|flag| flag.load(Ordering::Relaxed))
        {
            return Err(ErrorKind::Interrupted.into());
        }
        let Some(batch) = reader.next(buffer())? else {
            return Ok(None);
        };
        if first {
            origins.borrow_mut().begin(batch.ordinal, batch.source);
        }
        Ok(Some((batch, buffer())))
    };
    let work = |(batch, out)| Ok(pass.work(batch, out));
    engine::ordered(
        &pool,
        engine::IN_FLIGHT * threads,
        next,
        work,
        |mut answer| {
            sink(&mut answer)?;
            let mut buffers = buffers.borrow_mut();
            for mut spent in [answer.batch.bytes, answer.out] {
                spent.clear();
                buffers.push(spent);
            }
            Ok(())
        },
    )
}

/// Where something happened, as a user can find it.
fn place(origins: &Origins, happening: &Happening) -> Location {
    Location {
        column: happening.column,
        record: happening.record.clone(),
        ..origins.locate(happening.ordinal)
    }
}

/// In a pass that writes nothing, the first refusal ends a run that is to stop there.
fn stop_at_refusals(pipeline: &Pipeline, origins: &Origins, answer: &mut Answer) -> Result<()> {
    if pipeline.on_error != OnError::Stop {
        return Ok(());
    }
    for happening in std::mem::take(&mut answer.happened) {
        let location = place(origins, &happening);
        if let What::Refused(error, _) = happening.what {
            return Err(error.at(location));
        }
    }
    Ok(())
}

/// Takes the answers of the last pass in order.
struct Driver<'p, 'e, W> {
    pipeline: &'p Pipeline,
    output: Recounting<W>,
    events: &'e mut dyn FnMut(Event<'_>) -> Result<()>,
    report: Report,
}

impl<W: Write> Driver<'_, '_, W> {
    fn take(&mut self, origins: &Origins, answer: &mut Answer) -> Result<()> {
        self.report += &answer.report;
        for happening in std::mem::take(&mut answer.happened) {
            self.tell(origins, happening, &answer.batch.bytes)?;
        }
        let changed = self
            .output
            .take(&answer.out, &answer.details, answer.rest)?;
        self.report.changed[Kind::Details] += changed;
        Ok(())
    }

    fn tell(&mut self, origins: &Origins, happening: Happening, bytes: &[u8]) -> Result<()> {
        let location = place(origins, &happening);
        match happening.what {
            What::Noted(note) => (self.events)(Event::Note {
                location: &location,
                note: &note,
            }),
            What::Refused(error, _) if self.pipeline.on_error == OnError::Stop => {
                Err(error.at(location))
            }
            What::Refused(error, line) => (self.events)(Event::Refused {
                error: &error.at(location),
                line: &bytes[line],
            }),
        }
    }
}

pub(super) fn spooling(source: std::io::Error) -> Error {
    Error::io("writing the temporary copy of the input", source)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn details_are_counted_anew_only_where_something_went() {
        let wrong = "{\"exported_count\":7,\"exported_rules_count\":7}\n";
        let connector = "{\"id\":\"c\",\"type\":\"action\",\"attributes\":{}}\n";
        let bundle = format!(
            "{{\"rule_id\":\"a\"}}\n{wrong}{{\"rule_id\":\"b\"}}\n{connector}{wrong}{wrong}"
        );
        let mut output = Vec::new();
        let pipeline = Pipeline::from_step("drop-unreferenced = {}").unwrap();
        let report = pipeline.run(bundle.as_bytes(), &mut output).unwrap();
        let right = "{\"exported_count\":1,\"exported_rules_count\":1}\n";
        let expected =
            format!("{{\"rule_id\":\"a\"}}\n{wrong}{{\"rule_id\":\"b\"}}\n{right}{wrong}");
        assert_eq!(String::from_utf8(output).unwrap(), expected);
        assert_eq!(report.changed.total(), 1);
    }
}
