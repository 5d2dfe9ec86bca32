//! `--prune`: which rules of a target go because the source no longer has them, when none may, and what became of each.

mod told;

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::str::FromStr;
use std::sync::{Mutex, PoisonError};

use clap::Args;
use ruleferry::error::{Error, Result};
use ruleferry::kibana::Space;
use ruleferry::ops::brought::{Brought, Fate, Mark, Rule, remove};
use ruleferry::pipeline::{Reading, scan};
use ruleferry::record::Kind;

use super::side::{Side, address};
use super::stock::{Origin, Stock};
use super::way::Made;
use crate::cli::exit::Exit;
use crate::cli::import::job::{self, Done};
use told::Line;
pub(super) use told::Pruned;

/// The most rules that go where `--prune-max` says nothing: as many percent of what was brought, and no more than so many.
const PERCENT: usize = 10;
const MOST: usize = 20;

/// What is removed.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Prune")]
pub(super) struct Prune {
    /// Gives each rule this tag, and removes rules brought under it before that the source no longer has.
    #[arg(long, value_name = "TAG", conflicts_with_all = ["only", "ids", "custom_only", "no_verify"])]
    prune: Option<String>,
    /// How many rules a space may lose, as in `50` or `25%` of those it was brought; else 10%, at most 20.
    #[arg(long, value_name = "N", requires = "prune")]
    prune_max: Option<Most>,
}

/// How many may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Most {
    Number(usize),
    Percent(usize),
}

impl FromStr for Most {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let (digits, of) = match text.strip_suffix('%') {
            Some(digits) => (digits, Self::Percent as fn(usize) -> Self),
            None => (text, Self::Number as fn(usize) -> Self),
        };
        let number = digits.parse().ok();
        let number = number.filter(|it| text == digits || *it <= 100);
        number.map(of).ok_or_else(|| {
            Error::usage(format!(
                "expected a number or a percentage up to 100%, found `{text}`"
            ))
        })
    }
}

impl Prune {
    /// What rules get on the way; none if nothing is to be removed.
    pub(super) fn mark(&self, origin: &Origin) -> Result<Option<Mark>> {
        let from = address(&origin.connected, &origin.space);
        let mark = |tag: &String| Mark::new(tag, &from);
        self.prune.as_ref().map(mark).transpose()
    }

    /// The tag.
    pub(super) fn tag(&self) -> Option<&str> {
        self.prune.as_deref()
    }

    /// How many of so many may go.
    fn most(&self, of: usize) -> usize {
        match self.prune_max {
            None => (of * PERCENT).div_ceil(100).min(MOST),
            Some(Most::Percent(percent)) => (of * percent).div_ceil(100),
            Some(Most::Number(number)) => number,
        }
    }
}

/// The removal of what the source no longer has, for all spaces.
pub(super) struct Pruning<'p> {
    flags: &'p Prune,
    mark: Mark,
    origin: &'p Origin,
    /// The `rule_id`s of the export, before anything was done to it.
    exported: HashSet<Box<str>>,
    /// Why nothing goes anywhere.
    bar: Option<String>,
    /// The object ids that were shown, by space, once somebody was asked.
    shown: Mutex<Option<BTreeMap<String, BTreeSet<Box<str>>>>>,
}

/// What is to go from a space.
#[derive(Default)]
pub(super) struct Planned {
    brought: Brought,
    /// Why none of it goes.
    bar: Option<String>,
}

impl<'p> Pruning<'p> {
    /// Readies it; `missed` is how many things the source did not give.
    pub(super) fn new(
        (flags, mark): (&'p Prune, Mark),
        origin: &'p Origin,
        stock: &Stock,
        missed: usize,
        reading: &Reading,
    ) -> Result<Self> {
        let mut exported = HashSet::new();
        stock.read(|source| {
            scan(
                reading,
                vec![source],
                |record| {
                    let id = || record.str("rule_id").map(Box::from);
                    (record.kind() == Kind::Rule).then(id).flatten()
                },
                |_, id| {
                    exported.extend(id?);
                    Ok(())
                },
            )
        })?;
        let name = origin.name();
        let bar = match missed {
            _ if exported.is_empty() => Some(format!("{name} has no rule at all")),
            0 => None,
            missed => Some(format!("{missed} things could not be had from {name}")),
        };
        Ok(Self {
            flags,
            mark,
            origin,
            exported,
            bar,
            shown: Mutex::default(),
        })
    }

    /// Says what is to go from a space; changes nothing.
    pub(super) fn plan(&self, side: &Side, space: &Space, made: &Made) -> Result<Planned> {
        let bundle = &made.bundle;
        let is_there =
            |id: &str| self.exported.contains(id) || bundle.find(Kind::Rule, None, id).is_some();
        let mark = self.mark.to(&address(&side.connected, space));
        let mut brought = Brought::read(&side.connected.client, space, &mark, &is_there)?;
        brought.look_again(&self.origin.connected.client, &self.origin.space)?;
        let (gone, count) = (brought.gone.len(), brought.count);
        let most = self.flags.most(count);
        let bar = if gone == 0 {
            None
        } else if self.bar.is_some() {
            self.bar.clone()
        } else if gone > most {
            Some(format!(
                "{gone} of {count} rules that were brought are more than {most}; `--prune-max` sets how many may go"
            ))
        } else {
            None
        };
        Ok(Planned { brought, bar })
    }

    /// Takes down what somebody was shown of a space; nothing else goes then.
    pub(super) fn show(&self, side: &Side, space: &Space, planned: &Planned) {
        let ids = planned.going().iter().map(|rule| rule.id.clone()).collect();
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        let spaces = shown.get_or_insert_default();
        spaces.insert(side.name(space), ids);
    }

    /// Removes what is to go from a space, if all of the import is there.
    pub(super) fn run(
        &self,
        (side, space): (&Side, &Space),
        planned: Planned,
        done: &Done,
        is_interrupted: bool,
    ) -> Pruned {
        let Brought { gone, kept, .. } = planned.brought;
        let mut pruned = Pruned {
            lines: Vec::new(),
            orphans: Vec::new(),
            bar: planned.bar,
            exit: Exit::Done,
        };
        let is_whole = job::exit(std::slice::from_ref(done)) == Exit::Done;
        if !gone.is_empty() && pruned.bar.is_none() {
            pruned.bar = match () {
                () if is_interrupted => Some("the run was interrupted".into()),
                () if !is_whole => Some("the import into the space is not whole".into()),
                () if !done.crossed.gaps.is_empty() => {
                    Some("not all that was imported could be read back".into())
                }
                () => None,
            };
        }
        if pruned.bar.is_some() {
            pruned.exit = if is_interrupted {
                Exit::Interrupted
            } else {
                Exit::Part
            };
            pruned.add(gone, "withheld", None);
        } else if !gone.is_empty() {
            let (gone, unseen) = self.agreed(side, space, gone);
            pruned.add(unseen, "kept", Some("it was not shown before the question"));
            self.remove(side, space, gone, &mut pruned);
        }
        for (rule, why) in kept {
            pruned.add(vec![rule], "kept", Some(&why.to_string()));
        }
        pruned
    }

    /// The rules that were shown, if anything was, and the others.
    fn agreed(&self, side: &Side, space: &Space, rules: Vec<Rule>) -> (Vec<Rule>, Vec<Rule>) {
        let shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(shown) = &*shown else {
            return (rules, Vec::new());
        };
        let ids = shown.get(&side.name(space));
        let was_shown = |rule: &Rule| ids.is_some_and(|ids| ids.contains(&rule.id));
        rules.into_iter().partition(was_shown)
    }

    fn remove(&self, side: &Side, space: &Space, rules: Vec<Rule>, pruned: &mut Pruned) {
        let mark = self.mark.to(&address(&side.connected, space));
        let removal = match remove(&side.connected.client, space, &mark, rules.clone()) {
            Ok(removal) => removal,
            Err(error) => {
                pruned.exit = ended(&error);
                pruned.add(rules, "unknown", Some(&error.to_string()));
                return;
            }
        };
        for (rule, fate) in removal.rules {
            let (state, message) = match fate {
                Fate::Removed => ("removed", None),
                Fate::Kept(why) => ("kept", Some(why.to_string())),
                Fate::Failed(why) => ("failed", Some(why.into())),
                Fate::Unknown(why) => ("unknown", Some(why.into())),
            };
            if matches!(state, "failed" | "unknown") {
                pruned.exit = Exit::Part;
            }
            pruned.lines.push(Line {
                rule,
                state,
                message,
            });
        }
        pruned.orphans = removal.orphans;
        if let Some(error) = removal.error {
            pruned.exit = ended(&error);
        }
    }
}

/// How a run ends whose removal an error ended.
fn ended(error: &Error) -> Exit {
    match Exit::of(error.kind()) {
        exit @ (Exit::Denied | Exit::Interrupted) => exit,
        _ => Exit::Part,
    }
}

impl Planned {
    /// What goes.
    fn going(&self) -> &[Rule] {
        match self.bar {
            None => &self.brought.gone,
            Some(_) => &[],
        }
    }

    /// How many rules go.
    pub(super) fn count(&self) -> usize {
        self.going().len()
    }

    /// As it is told before it is done.
    pub(super) fn told(&self) -> Pruned {
        let mut pruned = Pruned {
            lines: Vec::new(),
            orphans: Vec::new(),
            exit: Exit::Done,
            bar: self.bar.clone(),
        };
        let state = match pruned.bar {
            None => "planned",
            Some(_) => "withheld",
        };
        pruned.add(self.brought.gone.clone(), state, None);
        for (rule, why) in &self.brought.kept {
            pruned.add(vec![rule.clone()], "kept", Some(&why.to_string()));
        }
        pruned
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_rules_go_unless_more_is_said() {
        let most = |text: Option<&str>, of| {
            let flags = Prune {
                prune: Some("t".into()),
                prune_max: text.map(|text| text.parse().unwrap()),
            };
            flags.most(of)
        };
        for (text, of, expected) in [
            (None, 0, 0),
            (None, 1, 1),
            (None, 10, 1),
            (None, 11, 2),
            (None, 1000, 20),
            (Some("25%"), 10, 3),
            (Some("100%"), 10, 10),
            (Some("0"), 10, 0),
            (Some("500"), 1000, 500),
        ] {
            assert_eq!(most(text, of), expected, "{text:?} of {of}");
        }
    }

    #[test]
    fn a_limit_that_is_none_is_refused() {
        for text in ["", "%", "-1", "101%", "ten", "1.5%", "10 %"] {
            assert!(text.parse::<Most>().is_err(), "{text}");
        }
    }
}
