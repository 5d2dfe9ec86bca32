//! Chosen rules, with what they need.
//!
//! The bundle is read twice: once to learn what the chosen rules refer to, and once to write. What is written keeps its order,
//! and each line its bytes. One details line at most is left, at the end, and counts what is left.

use std::collections::HashSet;
use std::io::Write;

use super::needs::{Need, Needs, References, Thing};
use crate::error::{Error, Location, Result};
use crate::pipeline::{Fate, Happened, Input, OnError, Reading, Report, Rewriting};
use crate::query::Query;
use crate::record::{Counts, Kind, Record, details_line, recount};
use crate::stream::Source;

/// Which rules are chosen: those that meet every condition there is.
#[derive(Debug, Default)]
pub struct Choice {
    /// They match this.
    pub only: Option<Query>,
    /// Their `rule_id` is one of these.
    pub ids: Option<HashSet<String>>,
    /// All others are chosen instead.
    pub invert: bool,
}

/// What is taken beside the chosen rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Extent {
    /// Nothing.
    Rules,
    /// The exception lists that they refer to with all items, and the connectors of their actions.
    #[default]
    Needed,
    /// The same, and whatever no rule of the bundle refers to.
    NeededAndUnused,
}

/// What came of a selection.
#[derive(Debug, Default)]
pub struct Selected {
    /// What was read, changed and left out.
    pub report: Report,
    /// What the chosen rules refer to, in the order in which they first do, each with the place of the first that does.
    pub needs: Vec<(Need, Location)>,
    /// The ids that some rule has, of those that were asked for.
    pub met: HashSet<String>,
    /// Records that were left out though no rule can refer to them: saved objects that are no connectors, exceptions without
    /// `list_id`, and records of no known kind.
    pub unreferable: u64,
    /// Details lines that were read.
    pub details: u64,
}

/// A line that could not be read, and was kept or dropped.
#[derive(Debug)]
pub struct Unreadable<'e> {
    /// Why, with its place.
    pub error: Error,
    /// The line as it was read, with its line end.
    pub line: &'e [u8],
}

impl Choice {
    /// Whether the record is a chosen rule.
    pub fn takes(&self, record: &Record<'_>) -> bool {
        if record.kind() != Kind::Rule {
            return false;
        }
        let listed =
            |ids: &HashSet<String>| record.str("rule_id").is_some_and(|id| ids.contains(&*id));
        let meets = self.ids.as_ref().is_none_or(listed)
            && self.only.as_ref().is_none_or(|only| only.matches(record));
        meets != self.invert
    }

    /// The rule's `rule_id`, if it is one that was asked for.
    fn met(&self, rule: &Record<'_>) -> Option<String> {
        let ids = self.ids.as_ref()?;
        ids.get(&*rule.str("rule_id")?).cloned()
    }
}

/// Writes the chosen rules of the bundle that the sources make, and what they need.
///
/// `unreadable` gets each line that cannot be read, unless that ends the run. Fails where it does; `output` may then hold a part
/// of the result.
pub fn select(
    choice: &Choice,
    extent: Extent,
    (reading, on_error): (&Reading, OnError),
    sources: Vec<Source<'_>>,
    output: impl Write,
    mut unreadable: impl FnMut(Unreadable<'_>) -> Result<()>,
) -> Result<Selected> {
    let mut input = Input::new(sources);
    let mut rewriting = Rewriting {
        reading,
        on_error,
        closing: None,
    };
    let mut learned = Learned::default();
    input.survey(
        &rewriting,
        |record| Some(Fact::of(record, choice, extent)),
        |fact| {
            learned.add(fact);
            Ok(())
        },
    )?;
    let closing = |kept| learned.details.closing(kept);
    if learned.details.is_moved() {
        rewriting.closing = Some(&closing);
    }
    let work = |record: &mut Record<'_>| -> Fate<()> {
        if learned.takes(record, choice, extent) {
            Fate::keep()
        } else {
            Fate::drop()
        }
    };
    let report = input.rewrite(&rewriting, output, work, |happened| match happened {
        Happened::Unreadable { error, read } => unreadable(Unreadable { error, line: read }),
        Happened::Told { .. } => Ok(()),
    })?;
    let located = |need: Need| {
        let (ordinal, name) = &need.first;
        let location = Location {
            record: Some(name.clone()),
            ..input.location(*ordinal)
        };
        (need, location)
    };
    Ok(Selected {
        report,
        needs: learned.needs.all().into_iter().map(located).collect(),
        unreferable: learned.unreferable,
        details: learned.details.count,
        met: learned.met,
    })
}

/// What the first reading gave.
#[derive(Debug, Default)]
struct Learned {
    /// What chosen rules need.
    needs: Needs,
    /// What the other rules need, where that counts.
    others: Needs,
    met: HashSet<String>,
    details: Details,
    unreferable: u64,
}

/// What is learned of one record.
struct Fact {
    ordinal: u64,
    what: What,
}

enum What {
    Rule {
        /// What it refers to and its name, if that counts.
        needs: Option<(References, String)>,
        is_chosen: bool,
        met: Option<String>,
    },
    Held(Thing),
    Details {
        text: Box<str>,
        is_of_rules: bool,
    },
    /// No rule can refer to it, and it is left out.
    Unreferable,
    Rest,
}

impl Fact {
    fn of(record: &Record<'_>, choice: &Choice, extent: Extent) -> Self {
        let what = match record.kind() {
            Kind::Rule => {
                let is_chosen = choice.takes(record);
                let counts = is_chosen || extent == Extent::NeededAndUnused;
                What::Rule {
                    needs: counts.then(|| (References::of(record), record.label())),
                    is_chosen,
                    met: choice.met(record),
                }
            }
            Kind::Details => What::Details {
                text: record.text().into(),
                is_of_rules: record.has("exported_count"),
            },
            _ => match Thing::is(record) {
                Some(thing) => What::Held(thing),
                None if Thing::holding(record).is_none() && extent == Extent::Needed => {
                    What::Unreferable
                }
                None => What::Rest,
            },
        };
        Self {
            ordinal: record.ordinal(),
            what,
        }
    }
}

impl Learned {
    fn add(&mut self, Fact { ordinal, what }: Fact) {
        self.details.last_record = ordinal;
        match what {
            What::Rule {
                needs,
                is_chosen,
                met,
            } => {
                let rules = if is_chosen {
                    &mut self.needs
                } else {
                    &mut self.others
                };
                if let Some((references, name)) = needs {
                    rules.add(references, ordinal, &name);
                }
                self.met.extend(met);
            }
            What::Held(thing) => self.needs.hold(thing),
            What::Details { text, is_of_rules } => self.details.add(ordinal, text, is_of_rules),
            What::Unreferable => self.unreferable += 1,
            What::Rest => {}
        }
    }

    fn takes(&self, record: &Record<'_>, choice: &Choice, extent: Extent) -> bool {
        match record.kind() {
            Kind::Rule => return choice.takes(record),
            Kind::Details => return self.details.stays_at(record.ordinal()),
            _ if extent == Extent::Rules => return false,
            _ => {}
        }
        let thing = Thing::holding(record);
        let is_needed = thing.as_ref().is_some_and(|thing| self.needs.need(thing));
        let is_unused = || !thing.is_some_and(|thing| self.others.need(&thing));
        is_needed || extent == Extent::NeededAndUnused && is_unused()
    }
}

/// The details lines of the bundle, of which one is left: the last that closes an export of rules, else the last.
#[derive(Debug, Default)]
struct Details {
    count: u64,
    left: Option<Left>,
    last_record: u64,
}

#[derive(Debug)]
struct Left {
    ordinal: u64,
    text: Box<str>,
    is_of_rules: bool,
}

impl Details {
    fn add(&mut self, ordinal: u64, text: Box<str>, is_of_rules: bool) {
        self.count += 1;
        let better = |left: &Left| is_of_rules || !left.is_of_rules;
        if self.left.as_ref().is_none_or(better) {
            self.left = Some(Left {
                ordinal,
                text,
                is_of_rules,
            });
        }
    }

    /// Whether the one that is left must move to the end, since it would not count what comes after it.
    fn is_moved(&self) -> bool {
        let left = self.left.as_ref();
        left.is_some_and(|left| left.ordinal != self.last_record)
    }

    fn stays_at(&self, ordinal: u64) -> bool {
        let left = self.left.as_ref();
        !self.is_moved() && left.is_some_and(|left| left.ordinal == ordinal)
    }

    /// The line that is left, for its place at the end.
    fn closing(&self, kept: Counts) -> String {
        let text = self.left.as_ref().map_or("", |left| &left.text);
        match Record::parse(text, 0) {
            Ok(mut details) => {
                recount(&mut details, kept);
                details.to_json().into()
            }
            Err(_) => details_line(kept),
        }
    }
}

#[cfg(test)]
mod tests;
