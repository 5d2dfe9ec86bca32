//! A request done to bundles: one look at each if the request needs it, then one pass.

use std::collections::HashMap;
use std::io::Write;

use super::answer::{Answer, Place};
use super::duplicate::Duplicating;
use super::editing::{Editing, machine_learning};
use super::failure::{Failure, Subject};
use super::learned::{Learned, most_matches, too_many};
use super::request::{Action, Exceptions, MOST_IDS, Request, Selected, too_many_ids};
use super::settings::Settings;
use crate::bundle::Thing;
use crate::edit::Effect;
use crate::error::{Error, Location, Result};
use crate::json::{Object, Verdict};
use crate::pipeline::{Fate, Happened, Input, OnError, Reading, Report, Rewriting};
use crate::record::{Kind, Record, details_line};
use crate::stream::Source;
use crate::transform::set_enabled;

/// A request that is being done to one bundle, or to several one after another.
pub struct Bulk<'r> {
    request: &'r Request,
    settings: &'r Settings,
    /// The ids of the request, with their places in it.
    ids: HashMap<&'r str, usize>,
    tally: Tally,
}

/// What came of a request so far.
struct Tally {
    /// Which ids of the request some rule has.
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
    /// The text with which the server would refuse the request for its size, if it would.
    pub refusal: Option<String>,
}

/// What is told of a rule that the request chooses.
struct Told {
    by: Choice,
    what: What,
}

/// How a request chooses a rule.
enum Choice {
    /// By its id, which has this place in the request.
    Id(usize),
    /// As one of those that match, or of all.
    Any,
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
            Selected::Ids(ids) | Selected::RuleIds(ids) => ids.as_slice(),
            Selected::Query(_) | Selected::All => &[],
        };
        Ok(Self {
            request,
            settings,
            ids: ids
                .iter()
                .enumerate()
                .map(|(place, id)| (id.as_str(), place))
                .collect(),
            tally: Tally {
                found: vec![false; ids.len()],
                matched: 0,
                answer: Answer::new(with_results && !settings.dry_run)?,
            },
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
        mut output: impl Write,
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
            learned: &learned,
        };
        let tally = &mut self.tally;
        let mut nowhere = std::io::sink();
        let output: &mut dyn Write = if settings.dry_run {
            &mut nowhere
        } else {
            &mut output
        };
        input.rewrite(
            &rewriting,
            output,
            |record| work.fate(record),
            |happened| tally.take(happened, events),
        )
    }

    /// Ends the request: ids that no rule has become errors.
    pub fn finish(self) -> Outcome {
        let Tally {
            found,
            matched,
            mut answer,
        } = self.tally;
        let missing = |ids: &'r [String], subject: fn(&str) -> Subject| {
            let missing = ids.iter().zip(&found).filter(|(_, found)| !**found);
            missing.map(|(id, _)| subject(id)).collect()
        };
        let refusal = match &self.request.selected {
            Selected::Ids(ids) => {
                answer.missing(missing(ids, Subject::of_id));
                (ids.len() > MOST_IDS).then(too_many_ids)
            }
            Selected::RuleIds(ids) => {
                answer.missing(missing(ids, Subject::of_rule_id));
                None
            }
            Selected::Query(_) | Selected::All => {
                let most = most_matches(&self.request.action);
                (matched > most).then(|| too_many(most))
            }
        };
        Outcome { answer, refusal }
    }
}

impl Tally {
    /// Takes down what happened, in input order.
    fn take(
        &mut self,
        happened: Happened<'_, Told>,
        events: &mut dyn FnMut(Event<'_>) -> Result<()>,
    ) -> Result<()> {
        let (told, location, read, written) = match happened {
            Happened::Unreadable { error, read } => {
                return events(Event::Unreadable { error, line: read });
            }
            Happened::Told {
                told,
                location,
                read,
                written,
            } => (told, location, read, written),
        };
        self.matched += 1;
        if let Choice::Id(place) = told.by {
            self.found[place] = true;
        }
        match told.what {
            What::Passed => self.answer.passed(),
            What::Updated => self.answer.done(Place::Updated, written)?,
            What::Created(copy) => self.answer.done(Place::Created, copy.as_bytes())?,
            What::Deleted => self.answer.done(Place::Deleted, read)?,
            What::Skipped(subject) => self.answer.skipped(&subject)?,
            What::Failed(failure, subject) => {
                events(Event::Failed {
                    failure: &failure,
                    subject: &subject,
                    location: location(),
                    line: read,
                })?;
                self.answer.failed(failure, subject);
            }
        }
        Ok(())
    }
}

/// How the request chooses the rule, if it does.
fn chosen(request: &Request, ids: &HashMap<&str, usize>, record: &Record<'_>) -> Option<Choice> {
    if record.kind() != Kind::Rule {
        return None;
    }
    match &request.selected {
        Selected::All => Some(Choice::Any),
        Selected::Query(query) => query.matches(record).then_some(Choice::Any),
        Selected::Ids(_) => ids.get(&*record.str("id")?).copied().map(Choice::Id),
        Selected::RuleIds(_) => ids.get(&*record.str("rule_id")?).copied().map(Choice::Id),
    }
}

/// What is done to each record.
struct Work<'w> {
    request: &'w Request,
    settings: &'w Settings,
    ids: &'w HashMap<&'w str, usize>,
    learned: &'w Learned,
}

impl Work<'_> {
    fn fate(&self, record: &mut Record<'_>) -> Fate<Told> {
        let Some(by) = chosen(self.request, self.ids, record) else {
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
            told: told.map(|what| Told { by, what }),
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
                set_enabled(rule, self.request.action == Action::Enable)?;
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
            (Action::Export, _) => {
                let is_taken = |thing| self.learned.exported.need(&thing);
                if !Thing::holding(record).is_some_and(is_taken) {
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
            learned: self.learned,
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
