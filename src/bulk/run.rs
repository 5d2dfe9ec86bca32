//! A request done to bundles: one look at each if the request needs it, then one pass.

use std::collections::HashMap;
use std::io::Write;

use super::answer::{Answer, Place};
use super::duplicate::Duplicating;
use super::editing::{Editing, machine_learning};
use super::failure::{Failure, Subject};
use super::learned::{Learned, most_matches, too_many};
use super::request::{Action, Exceptions, MOST_IDS, Request, Selected};
use super::settings::Settings;
use crate::edit::Effect;
use crate::error::{Error, Location, Result};
use crate::json::{Object, Verdict};
use crate::pipeline::{Fate, Happened, Input, OnError, Reading, Report, Rewriting};
use crate::record::{Census, Kind, Record, details_line};
use crate::stream::Source;
use crate::transform::AnyTransform;

/// A request that is being done to one bundle, or to several one after another.
pub struct Bulk<'r> {
    request: &'r Request,
    settings: &'r Settings,
    /// The ids of the request, with their places in it.
    ids: HashMap<&'r str, usize>,
    /// Which of them some rule has.
    found: Vec<bool>,
    matched: u64,
    answer: Answer,
}

/// Something that happened to one line or to the whole, told in input order.
pub enum Event<'e> {
    /// A rule has an error, and stays as it was read.
    Failed {
        /// Why.
        failure: &'e Failure,
        /// The rule.
        subject: &'e Subject,
        /// Its place.
        location: Location,
        /// The line as it was read, with its line end.
        line: &'e [u8],
    },
    /// A line could not be read, and was kept or dropped.
    Unreadable {
        /// Why, with its place.
        error: Error,
        /// The line as it was read, with its line end.
        line: &'e [u8],
    },
    /// An exported rule refers to something that the bundle lacks.
    Lacking {
        /// What, as in ``exception list `acme` ``.
        what: &'e str,
    },
}

/// What a request came to.
pub struct Outcome {
    /// What the server would answer.
    pub answer: Answer,
    /// The texts with which the server would refuse the request, if it would.
    pub refusals: Vec<String>,
}

/// What is told of a rule that the request chooses.
struct Told {
    /// The place of its id in the request.
    found: Option<usize>,
    what: What,
}

enum What {
    /// It passed the checks of a dry run, or is exported.
    Passed,
    Updated,
    Created(Box<str>),
    Deleted,
    Skipped(Subject),
    Failed(Failure, Subject),
}

impl<'r> Bulk<'r> {
    /// Begins a request; `with_results` if the answer is to be written.
    pub fn new(request: &'r Request, settings: &'r Settings, with_results: bool) -> Result<Self> {
        let ids = match &request.selected {
            Selected::Ids(ids) => ids.as_slice(),
            Selected::Query(_) | Selected::All => &[],
        };
        Ok(Self {
            request,
            settings,
            found: vec![false; ids.len()],
            ids: ids
                .iter()
                .enumerate()
                .map(|(place, id)| (id.as_str(), place))
                .collect(),
            matched: 0,
            answer: Answer::new(with_results && !settings.dry_run)?,
        })
    }

    /// Does the request to the bundle that the sources make, and writes what comes of it. A dry run writes nothing.
    ///
    /// Fails where a line cannot be read and is to stop the run; where the request needs to know something that neither the
    /// bundle nor the settings say; `output` may then hold a part of the result.
    pub fn run(
        &mut self,
        reading: &Reading,
        on_error: OnError,
        sources: Vec<Source<'_>>,
        output: impl Write,
        events: &mut dyn FnMut(Event<'_>) -> Result<()>,
    ) -> Result<Report> {
        let exports = self.request.action == Action::Export;
        let rewriting = Rewriting {
            reading,
            on_error,
            closing: exports.then_some(&details_line),
        };
        let mut input = Input::new(sources);
        let (request, settings, ids) = (self.request, self.settings, &self.ids);
        let is_chosen = |record: &Record<'_>| chosen(request, ids, record).is_some();
        let learned = Learned::of(&mut input, &rewriting, request, settings, &is_chosen)?;
        for what in learned.lacks() {
            events(Event::Lacking { what: &what })?;
        }
        let work = Work {
            request,
            settings,
            ids,
            switch: switch(&request.action)?,
            learned: &learned,
        };
        let (answer, found, matched) = (&mut self.answer, &mut self.found, &mut self.matched);
        let sink = |happened: Happened<'_, Told>| match happened {
            Happened::Unreadable { error, read } => events(Event::Unreadable { error, line: read }),
            Happened::Told {
                told,
                location,
                read,
                written,
            } => {
                *matched += 1;
                if let Some(place) = told.found {
                    found[place] = true;
                }
                match told.what {
                    What::Passed => answer.passed(),
                    What::Updated => answer.done(Place::Updated, written)?,
                    What::Created(copy) => answer.done(Place::Created, copy.as_bytes())?,
                    What::Deleted => answer.done(Place::Deleted, read)?,
                    What::Skipped(subject) => answer.skipped(&subject)?,
                    What::Failed(failure, subject) => {
                        events(Event::Failed {
                            failure: &failure,
                            subject: &subject,
                            location: location(),
                            line: read,
                        })?;
                        answer.failed(failure, subject);
                    }
                }
                Ok(())
            }
        };
        if settings.dry_run {
            input.rewrite(
                &rewriting,
                std::io::sink(),
                |record| work.fate(record),
                sink,
            )
        } else {
            input.rewrite(&rewriting, output, |record| work.fate(record), sink)
        }
    }

    /// Ends the request: ids that no rule has become errors.
    pub fn finish(mut self) -> Outcome {
        let mut refusals = Vec::new();
        if let Selected::Ids(ids) = &self.request.selected {
            let missing = ids.iter().zip(&self.found).filter(|(_, found)| !**found);
            self.answer.missing(missing.map(|(id, _)| id.as_str()));
            if ids.len() > MOST_IDS {
                refusals.push(format!(
                    "More than {MOST_IDS} ids sent for bulk edit action."
                ));
            }
        } else {
            let most = most_matches(&self.request.action);
            if self.matched > most {
                refusals.push(too_many(most));
            }
        }
        Outcome {
            answer: self.answer,
            refusals,
        }
    }
}

/// Whether the request chooses the rule; if so, the place of its id in the request, if it chooses by ids.
fn chosen(
    request: &Request,
    ids: &HashMap<&str, usize>,
    record: &Record<'_>,
) -> Option<Option<usize>> {
    if record.kind() != Kind::Rule {
        return None;
    }
    match &request.selected {
        Selected::All => Some(None),
        Selected::Query(query) => query.matches(record).then_some(None),
        Selected::Ids(_) => ids.get(&*record.str("id")?).copied().map(Some),
    }
}

/// The transform that switches rules on or off, if that is what is to be done.
fn switch(action: &Action) -> Result<Option<AnyTransform>> {
    let name = match action {
        Action::Enable => "enable = {}",
        Action::Disable => "disable = {}",
        Action::Delete | Action::Duplicate(_) | Action::Export | Action::Edit(_) => {
            return Ok(None);
        }
    };
    let pipeline = crate::pipeline::Pipeline::from_step(name)?;
    Ok(pipeline.steps().first().map(|step| step.transform.clone()))
}

/// What is done to each record.
struct Work<'w> {
    request: &'w Request,
    settings: &'w Settings,
    ids: &'w HashMap<&'w str, usize>,
    switch: Option<AnyTransform>,
    learned: &'w Learned,
}

impl Work<'_> {
    fn fate(&self, record: &mut Record<'_>) -> Fate<Told> {
        let Some(found) = chosen(self.request, self.ids, record) else {
            return self.unchosen(record);
        };
        let mut fate = match self.done(record) {
            Ok(fate) => fate,
            Err(failure) => {
                restore(record);
                Fate::keep().telling(What::Failed(failure, Subject::of(record)))
            }
        };
        let told = fate.told.take();
        Fate {
            verdict: fate.verdict,
            followers: fate.followers,
            told: told.map(|what| Told { found, what }),
        }
    }

    /// Does the action to a rule that is chosen.
    fn done(&self, rule: &mut Record<'_>) -> Result<Fate<What>, Failure> {
        let settings = self.settings;
        if let (Action::Edit(_), true) = (&self.request.action, settings.dry_run) {
            self.editing().dry_run(rule)?;
            return Ok(Fate::keep().telling(What::Passed));
        }
        if let Action::Enable | Action::Disable | Action::Duplicate(_) = self.request.action {
            machine_learning(rule, settings)?;
        }
        if settings.dry_run {
            return Ok(Fate::keep().telling(What::Passed));
        }
        Ok(match &self.request.action {
            Action::Enable | Action::Disable => {
                if let Some(switch) = &self.switch {
                    switch.get().apply(rule, &Census::default())?;
                }
                Fate::keep().telling(What::Updated)
            }
            Action::Delete => Fate::drop().telling(What::Deleted),
            Action::Duplicate(exceptions) => {
                let copy = self.duplicating(*exceptions).rule(rule)?;
                let mut fate = Fate::keep();
                fate.followers.push((Kind::Rule, copy.clone()));
                fate.telling(What::Created(copy))
            }
            Action::Export => {
                rule.remove("execution_summary");
                Fate::keep().telling(What::Passed)
            }
            Action::Edit(_) => match self.editing().apply(rule)? {
                Effect::Effective => Fate::keep().telling(What::Updated),
                Effect::None => {
                    restore(rule);
                    Fate::keep().telling(What::Skipped(Subject::of(rule)))
                }
            },
        })
    }

    /// What becomes of a record that the request does not choose.
    fn unchosen(&self, record: &Record<'_>) -> Fate<Told> {
        let mut fate = Fate::keep();
        match (&self.request.action, record.kind()) {
            (Action::Export, kind) => {
                let taken = match kind {
                    Kind::ExceptionList | Kind::ExceptionItem => record
                        .list_key()
                        .is_some_and(|list| self.learned.lists.contains_key(&list)),
                    Kind::Connector if record.is_connector() => record
                        .str("id")
                        .is_some_and(|id| self.learned.wanted.contains_key(&*id)),
                    Kind::Rule | Kind::Connector | Kind::Details | Kind::Other => false,
                };
                if !taken {
                    fate.verdict = Verdict::Drop;
                }
            }
            (Action::Duplicate(exceptions), Kind::ExceptionList | Kind::ExceptionItem) => {
                fate.followers = self.duplicating(*exceptions).exceptions(record);
            }
            _ => {}
        }
        fate
    }

    fn editing(&self) -> Editing<'_> {
        Editing {
            edits: match &self.request.action {
                Action::Edit(edits) => edits,
                _ => &[],
            },
            settings: self.settings,
            connectors: &self.learned.connectors,
        }
    }

    fn duplicating(&self, exceptions: Exceptions) -> Duplicating<'_> {
        Duplicating {
            exceptions,
            settings: self.settings,
            lists: &self.learned.own_lists,
        }
    }
}

/// Undoes all edits on a record.
fn restore(record: &mut Record<'_>) {
    if record.is_changed()
        && let Ok(read) = Object::parse(record.text())
    {
        **record = read;
    }
}
