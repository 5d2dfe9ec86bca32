//! What a migration would do, space by space: shown to people, who are asked then, or written as lines for scripts.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;

use ruleferry::error::{Error, Result};
use ruleferry::kibana::Space;
use ruleferry::ops::import::{Survey, several};
use ruleferry::ops::model::Outcome;
use ruleferry::ops::plan::Plan;
use ruleferry::stream::{AtomicFile, Durable};
use serde_json::{Map, Value, json};

use super::carry::label;
use super::prune::Planned;
use super::run::Run;
use super::side::Side;
use super::way::Made;
use crate::cli::ask::ask;
use crate::cli::carried::Carried;
use crate::cli::exit::Exit;
use crate::cli::import::text;
use crate::cli::notes::Notes;
use crate::cli::{Format, plan, work};

/// What would become of a space.
struct Foreseen {
    made: Made,
    /// What the space has of what is beside the bundle, and what the source has of it.
    there: Vec<Option<bool>>,
    here: Vec<Option<bool>>,
    /// What would become of value lists that are there.
    lists: Vec<Carried>,
    /// For people.
    surveys: Vec<Survey>,
    /// For scripts.
    plan: Option<Plan>,
    planned: Option<Planned>,
}

/// Where lines for scripts go, and what they come to.
struct Lines {
    report: Option<AtomicFile>,
    is_printed: bool,
    counts: BTreeMap<Outcome, u64>,
    pruned: BTreeMap<&'static str, u64>,
    gaps: Vec<String>,
    requests: usize,
    single: usize,
    left_out: u64,
    lacking: usize,
}

impl Run<'_> {
    /// Shows what would become of everything, and asks; says whether it is to be done. `missed` is what the source did not give.
    pub(super) fn shown(&self, missed: &Value) -> Result<bool> {
        let is_dry = self.verb.plan_only;
        let mut lines = self.lines()?;
        let has_text = !(is_dry && self.verb.format == Format::Json);
        let mut notes = Notes::new(Format::Text, true, self.global);
        let (mut sent, mut removed, mut spaces) = (0, 0, 0);
        for side in self.sides {
            if has_text {
                let (shown, count) = self.endpoint_shown(side)?;
                self.show(&shown)?;
                sent += count;
            }
            if let Some(lines) = &mut lines {
                lines.endpoint(self, side)?;
            }
            for some in side.spaces.chunks(self.at_once()) {
                let foreseen = several(some, some.len(), |space| {
                    self.foreseen(side, space, has_text, lines.is_some())
                });
                for (space, foreseen) in some.iter().zip(foreseen) {
                    let foreseen = foreseen?;
                    sent += foreseen.surveys.iter().map(Survey::sent).sum::<usize>();
                    spaces += 1;
                    if let Some(lines) = &mut lines {
                        lines.add(self, (side, space), &foreseen)?;
                    }
                    for (location, note) in foreseen.made.notes.iter().filter(|_| has_text) {
                        notes.take(location, note)?;
                    }
                    if let (Some(pruning), Some(planned)) = (&self.pruning, &foreseen.planned) {
                        pruning.show(side, space, planned);
                        removed += planned.count();
                    }
                    if has_text {
                        self.show(&self.text(side, space, &foreseen))?;
                    }
                }
            }
        }
        notes.tell();
        if let Some(lines) = lines {
            let exit = match self.way.joined.decided() {
                Ok(()) => Exit::Done,
                Err(error) => Exit::of(error.kind()),
            };
            lines.finish(spaces, missed, exit)?;
        }
        if is_dry {
            return Ok(false);
        }
        self.way.joined.decided()?;
        let place = match self.sides {
            [side] if spaces == 1 => format!("space {}", side.name(&side.spaces[0])),
            [side] => format!("{spaces} spaces of {}", side.connected),
            sides => format!("{spaces} spaces of {} Kibanas", sides.len()),
        };
        let more = match removed {
            0 => String::new(),
            removed => format!(" and remove {removed} rules there"),
        };
        let question = format!("Send {sent} records to {place}{more}?");
        ask(&question, self.verb.yes)
    }

    fn foreseen(
        &self,
        side: &Side,
        space: &Space,
        has_text: bool,
        has_lines: bool,
    ) -> Result<Foreseen> {
        let made = self.made(side, space)?;
        let client = &side.connected.client;
        let job = self.job(side, space, &made);
        let surveys = if has_text { job.surveys()? } else { Vec::new() };
        let plan = if has_lines {
            Some(Plan::make(client, space, &made.bundle, job.manner.terms)?)
        } else {
            None
        };
        let there = made.beyond.there(client, space)?;
        let source = &self.origin.connected.client;
        let here = made.beyond.there(source, &self.origin.space)?;
        let planned = self.planned(side, space, &made)?;
        let may_add = job.manner.terms.overwrite.exceptions;
        let carries = &self.verb.carries;
        let lists = carries.rehearsed(
            self.origin,
            (client, space),
            (&made.beyond, &there),
            may_add,
        );
        Ok(Foreseen {
            made,
            there,
            here,
            lists,
            surveys,
            plan,
            planned,
        })
    }

    /// As people read it.
    fn text(&self, side: &Side, space: &Space, foreseen: &Foreseen) -> String {
        let verbose = self.global.verbose;
        let Foreseen {
            made,
            there,
            here,
            lists,
            surveys,
            planned,
            ..
        } = foreseen;
        let job = self.job(side, space, made);
        let mut text = text::surveys(&job, surveys, verbose, self.verb.plan_only);
        text += &self.way.joined.text(side, space, verbose);
        text += &self.keyed(side, space, made);
        for (sort, id, users) in self.verb.carries.planned(&made.beyond, there, here) {
            let ty = match &*users.ty {
                "" => String::new(),
                ty => format!(" ({ty})"),
            };
            _ = writeln!(text, "  {} `{id}` is made first{ty}", label(sort));
        }
        let told = |it: &&Carried| verbose || it.outcome != Outcome::Unchanged;
        text.extend(lists.iter().filter(told).map(Carried::text));
        text.extend(planned.iter().map(|it| it.told().text(verbose)));
        text + &self.beside(made, there, Some(here)).text(verbose)
    }

    /// Where lines for scripts go, if anywhere: a run that is done writes others.
    fn lines(&self) -> Result<Option<Lines>> {
        let is_printed = self.verb.format == Format::Json;
        let report = self.verb.report.as_ref();
        if !self.verb.plan_only || !is_printed && report.is_none() {
            return Ok(None);
        }
        Ok(Some(Lines {
            report: report.map(AtomicFile::create).transpose()?,
            is_printed,
            counts: BTreeMap::new(),
            pruned: BTreeMap::new(),
            gaps: Vec::new(),
            requests: 0,
            single: 0,
            left_out: 0,
            lacking: 0,
        }))
    }
}

impl Lines {
    /// Adds a space: what is brought first, the records, what goes, and what is not carried.
    fn add(
        &mut self,
        run: &Run<'_>,
        (side, space): (&Side, &Space),
        foreseen: &Foreseen,
    ) -> Result<()> {
        let target = run.target(side);
        let made = &foreseen.made;
        let mut text = String::new();
        let mut add = |mut line: Value| {
            if let Some(target) = target {
                line["target"] = target.into();
            }
            _ = writeln!(text, "{line}");
        };
        let (there, here) = (&foreseen.there, &foreseen.here);
        let brought = run.verb.carries.planned(&made.beyond, there, here);
        for (sort, id, users) in brought {
            add(json!({
                "schema_version": 1,
                "kind": sort.name(),
                "id": id,
                "space": space.as_str(),
                "outcome": "created",
                "message": null,
                "users": users.count,
            }));
        }
        for it in &foreseen.lists {
            _ = writeln!(text, "{}", it.json(space, target));
        }
        if let Some(plan) = &foreseen.plan {
            text += &self.records(plan, made, (space, target), &side.name(space));
        }
        text += &run.way.joined.json(side, space, target);
        if let Some(planned) = &foreseen.planned {
            let told = planned.told();
            text += &told.json(space, target);
            for (state, count) in told.counts() {
                *self.pruned.entry(state).or_default() += count;
            }
        }
        let beside = run.beside(made, there, Some(here));
        text += &beside.json(space, target);
        self.left_out += made.left_out();
        self.lacking += beside.lacking();
        self.write(&text)
    }

    /// Adds the list that all spaces of a Kibana share.
    fn endpoint(&mut self, run: &Run<'_>, side: &Side) -> Result<()> {
        let (Some(made), Some(space)) = (run.endpoint_made(side)?, side.spaces.first()) else {
            return Ok(());
        };
        let terms = run.verb.how.manner().terms;
        let plan = Plan::make(&side.connected.client, space, &made.bundle, terms)?;
        let name = format!("{} endpoint list", side.connected);
        let text = self.records(&plan, &made, (space, run.target(side)), &name);
        self.write(&text)
    }

    /// The lines of records, which are counted.
    fn records(
        &mut self,
        plan: &Plan,
        made: &Made,
        (space, target): (&Space, Option<&str>),
        name: &str,
    ) -> String {
        let mut text = String::new();
        for planned in &plan.records {
            let mut line = plan::record(&made.bundle, space, planned);
            if let Some(target) = target {
                line["target"] = target.into();
            }
            _ = writeln!(text, "{line}");
            *self.counts.entry(planned.outlook.outcome).or_default() += 1;
        }
        let gaps = plan.gaps.iter().map(|gap| format!("{name}: {gap}"));
        self.gaps.extend(gaps);
        self.requests += plan.requests.len();
        self.single += plan.single;
        text
    }

    fn write(&mut self, text: &str) -> Result<()> {
        if let Some(report) = &mut self.report {
            report
                .write_all(text.as_bytes())
                .map_err(|source| Error::io("writing the report", source))?;
        }
        if self.is_printed {
            work::print(text)?;
        }
        Ok(())
    }

    fn finish(mut self, spaces: usize, missed: &Value, exit: Exit) -> Result<()> {
        let counts: Map<String, Value> = Outcome::ALL
            .into_iter()
            .map(|outcome| {
                let count = self.counts.get(&outcome).copied().unwrap_or_default();
                (outcome.name().to_owned(), count.into())
            })
            .collect();
        let last = json!({
            "schema_version": 1,
            "summary": counts,
            "plan_only": true,
            "spaces": spaces,
            "requests": self.requests,
            "single_requests": self.single,
            "gaps": self.gaps,
            "pruned": self.pruned,
            "left_out": self.left_out,
            "lacking": self.lacking,
            "not_exported": missed.as_array().cloned().unwrap_or_default(),
            "exit": exit.code(),
        });
        self.write(&format!("{last}\n"))?;
        match self.report {
            Some(report) => report.commit(Durable::Yes),
            None => Ok(()),
        }
    }
}
