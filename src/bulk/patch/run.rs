//! A request done to bundles in one pass.

use std::collections::HashMap;
use std::io::Write;

use super::answer::Answer;
use super::apply::{Note, Patched, apply};
use super::request::{Fault, Request};
use crate::bulk::failure::Subject;
use crate::bulk::settings::Settings;
use crate::error::{Error, Location, Result};
use crate::pipeline::{Fate, Happened, Input, OnError, Reading, Report, Rewriting};
use crate::record::{Kind, Record};
use crate::stream::Source;

/// A request that is being done to one bundle, or to several one after another.
pub struct Patching<'r> {
    request: &'r Request<'r>,
    settings: &'r Settings,
    by_id: HashMap<&'r str, Vec<usize>>,
    by_rule_id: HashMap<&'r str, Vec<usize>>,
    /// How many rules each element was for.
    met: Vec<u64>,
    answer: Answer,
}

/// Something that happened, told in input order; what has no line is told at the end.
pub enum Event<'e> {
    /// An element failed, and its rule is as it was before the element.
    Failed {
        /// Which element.
        element: usize,
        /// Why.
        fault: &'e Fault,
        /// The rule, its place, and the line as it was read; none if there is no such rule, or it was not looked for.
        rule: Option<(&'e Subject, Location, &'e [u8])>,
    },
    /// Something was done without a word.
    Noted {
        /// What.
        note: &'e Note,
        /// The rule.
        rule: &'e Subject,
    },
    /// A line could not be read, and was kept or dropped.
    Unreadable {
        /// Why, with its place.
        error: Error,
        /// The line as it was read, with its line end.
        line: &'e [u8],
    },
}

/// What is told of a rule that elements are for.
struct Told {
    subject: Subject,
    /// The elements in the order of the request, with what came of each.
    elements: Vec<(usize, Result<Patched, Fault>)>,
}

impl<'r> Patching<'r> {
    /// Begins a request; `with_rules` if the answer is to be written.
    pub fn new(request: &'r Request<'r>, settings: &'r Settings, with_rules: bool) -> Result<Self> {
        let (mut by_id, mut by_rule_id) = (HashMap::new(), HashMap::new());
        for (place, element) in request.elements.iter().enumerate() {
            if element.refusal.is_some() {
                continue;
            }
            let (map, id): (&mut HashMap<&str, Vec<usize>>, _) = match &element.id {
                Some(id) => (&mut by_id, Some(id)),
                None => (&mut by_rule_id, element.rule_id.as_ref()),
            };
            if let Some(id) = id {
                map.entry(id).or_default().push(place);
            }
        }
        Ok(Self {
            request,
            settings,
            by_id,
            by_rule_id,
            met: vec![0; request.elements.len()],
            answer: Answer::new(request.elements.len(), with_rules)?,
        })
    }

    /// Does the request to the bundle that the sources make, and writes what comes of it.
    ///
    /// Fails where a line cannot be read and is to stop the run; `output` may then hold a part of the result.
    pub fn run(
        &mut self,
        reading: &Reading,
        on_error: OnError,
        sources: Vec<Source<'_>>,
        output: impl Write,
        events: &mut dyn FnMut(Event<'_>) -> Result<()>,
    ) -> Result<Report> {
        let rewriting = Rewriting {
            reading,
            on_error,
            closing: None,
        };
        let (answer, met) = (&mut self.answer, &mut self.met);
        let work = Work {
            request: self.request,
            settings: self.settings,
            by_id: &self.by_id,
            by_rule_id: &self.by_rule_id,
        };
        Input::new(sources).rewrite(
            &rewriting,
            output,
            |record| work.fate(record),
            |happened| match happened {
                Happened::Unreadable { error, read } => {
                    events(Event::Unreadable { error, line: read })
                }
                Happened::Told {
                    told,
                    location,
                    read,
                    ..
                } => {
                    for (element, outcome) in told.elements {
                        met[element] += 1;
                        match outcome {
                            Ok(patched) => {
                                for note in &patched.notes {
                                    let rule = &told.subject;
                                    events(Event::Noted { note, rule })?;
                                }
                                answer.patched(element, &patched.rule, patched.changed)?;
                            }
                            Err(fault) => {
                                events(Event::Failed {
                                    element,
                                    fault: &fault,
                                    rule: Some((&told.subject, location(), read)),
                                })?;
                                answer.failed(element, fault);
                            }
                        }
                    }
                    Ok(())
                }
            },
        )
    }

    /// Ends the request: elements for which there is no rule fail now, and those that no rule could save. Gives the answer, and
    /// how many rules an element was for beyond the first.
    pub fn finish(
        mut self,
        events: &mut dyn FnMut(Event<'_>) -> Result<()>,
    ) -> Result<(Answer, u64)> {
        for place in self.answer.open() {
            let Some(element) = self.request.elements.get(place) else {
                continue;
            };
            let fault = element.refusal.clone().unwrap_or_else(|| element.missing());
            events(Event::Failed {
                element: place,
                fault: &fault,
                rule: None,
            })?;
            self.answer.failed(place, fault);
        }
        let more = self.met.iter().map(|met| met.saturating_sub(1)).sum();
        Ok((self.answer, more))
    }
}

/// What is done to each record.
struct Work<'w> {
    request: &'w Request<'w>,
    settings: &'w Settings,
    by_id: &'w HashMap<&'w str, Vec<usize>>,
    by_rule_id: &'w HashMap<&'w str, Vec<usize>>,
}

impl Work<'_> {
    fn fate(&self, record: &mut Record<'_>) -> Fate<Told> {
        if record.kind() != Kind::Rule {
            return Fate::keep();
        }
        let named = |map: &HashMap<&str, Vec<usize>>, key: &str| {
            let id = record.str(key);
            id.and_then(|id| map.get(&*id).cloned()).unwrap_or_default()
        };
        let mut places = named(self.by_rule_id, "rule_id");
        places.extend(named(self.by_id, "id"));
        if places.is_empty() {
            return Fate::keep();
        }
        places.sort_unstable();
        let elements = places.into_iter().filter_map(|place| {
            let element = self.request.elements.get(place)?;
            Some((place, apply(element, self.settings, record)))
        });
        let elements = elements.collect();
        Fate::keep().telling(Told {
            subject: Subject::of(record),
            elements,
        })
    }
}
