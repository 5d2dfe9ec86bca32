//! The spaces a few at a time: what each gets is read when its turn comes, and gone when it is done.
//!
//! All of it is read once before anything is sent, so that a snapshot which is damaged changes nothing.

use std::fmt::Write as _;

use ruleferry::error::Result;
use ruleferry::kibana::Space;
use ruleferry::ops::import::{Gates, Survey, several};
use ruleferry::ops::value_lists::Settings;
use ruleferry::schema::Target;

use super::beside::Beside;
use super::tell::{self, Rehearsed};
use super::{Piece, Restore, Snapshot};
use crate::cli::ask::ask;
use crate::cli::carried::{self, Carried, Doing};
use crate::cli::connection::Connected;
use crate::cli::exit::Exit;
use crate::cli::import::job::{self, Done, Job};
use crate::cli::import::ledger::Ledger;
use crate::cli::import::report::{Report, Tally, summary};
use crate::cli::import::text;
use crate::cli::out::Out;
use crate::cli::progress::Progress;
use crate::cli::{Format, Global, render};

/// How many spaces at once, unless `-j` says it.
const AT_ONCE: usize = 4;

/// A restore, ready to begin.
pub(super) struct Run<'r> {
    pub(super) verb: &'r Restore,
    pub(super) global: &'r Global,
    pub(super) snapshot: &'r Snapshot,
    pub(super) connected: &'r Connected,
    pub(super) target: Target,
    /// Each space of the snapshot with one that it goes into.
    pub(super) ways: Vec<(Box<str>, Space)>,
    /// Whether all that is meant can be restored.
    pub(super) is_whole: bool,
}

/// A space that is done.
struct Arrived {
    piece: Piece,
    carried: Vec<Carried>,
    done: Done,
}

/// What is known of all spaces so far.
struct Whole {
    out: Out,
    tallies: Vec<Tally>,
    exits: Vec<Exit>,
    /// What people read at the end.
    text: String,
    /// The errors that ended spaces.
    failed: Vec<Done>,
    /// Whether no space is left that a run could go on with.
    is_over: bool,
    beside: carried::Count,
}

impl Run<'_> {
    fn at_once(&self) -> usize {
        match self.global.jobs {
            0 => AT_ONCE,
            jobs => jobs,
        }
    }

    fn read(&self, from: &str) -> Result<Piece> {
        self.verb
            .read(self.snapshot, from, self.target, self.global)
    }

    fn job<'j>(&self, piece: &'j Piece, space: &'j Space) -> Job<'j>
    where
        Self: 'j,
    {
        Job {
            connected: self.connected,
            spaces: std::slice::from_ref(space),
            bundle: &piece.bundle,
            manner: self.verb.how.manner(),
            jobs: 1,
            warns: self.verb.yes && !self.global.quiet,
        }
    }

    /// Brings what stands beside the records of a space, or says what would become of it.
    fn beside(
        &self,
        piece: &Piece,
        space: &Space,
        ledger: Option<&Ledger>,
    ) -> Result<Vec<Carried>> {
        let overwrite = self.verb.how.manner().terms.overwrite;
        let may_add = overwrite.exceptions;
        let doing = match ledger {
            None => Doing::Rehearse { may_add },
            Some(ledger) => Doing::Bring { may_add, ledger },
        };
        let to = (&self.connected.client, space);
        let mut all = piece.beside.bring(to, doing, overwrite.connectors);
        // Where that cannot be told, nothing is said.
        let is_there = |id: &str| !matches!(Settings::of(to.0, space, id), Ok(None));
        let unmet = Beside::unmet(&piece.bundle, &all, is_there)?;
        all.extend(unmet);
        Ok(all)
    }

    /// Reads what each space gets, and what would become of it there if that is to be told; hands it to `take` in order.
    fn looked_at(
        &self,
        is_told: bool,
        mut take: impl FnMut(&Space, &Piece, Option<(Survey, Vec<Carried>)>) -> Result<()>,
    ) -> Result<()> {
        for some in self.ways.chunks(self.at_once()) {
            let looked = several(some, some.len(), |(from, space)| -> Result<_> {
                let piece = self.read(from)?;
                piece.beside.on_nothing()?;
                if !is_told {
                    return Ok((piece, None));
                }
                let client = &self.connected.client;
                let terms = self.verb.how.manner().terms;
                let survey = Survey::of(client, space, &piece.bundle, terms)?;
                let carried = self.beside(&piece, space, None)?;
                Ok((piece, Some((survey, carried))))
            });
            for ((_, space), looked) in some.iter().zip(looked) {
                let (piece, told) = looked?;
                take(space, &piece, told)?;
            }
        }
        Ok(())
    }

    /// Says what would come back.
    pub(super) fn rehearsed(&self) -> Result<Exit> {
        let mut rehearsed = Rehearsed::new(self.verb.format, self.global, self.snapshot);
        self.looked_at(true, |space, piece, told| {
            let place = format!("space {space} of {}", self.connected);
            told.map_or(Ok(()), |(survey, carried)| {
                rehearsed.take(piece, &place, &survey, &carried)
            })
        })?;
        Ok(rehearsed.exit(self.is_whole))
    }

    /// Reads all of it and, unless that is settled, asks whether it is to be done. Says how many records there are; none if not.
    pub(super) fn shown(&self) -> Result<Option<u64>> {
        let names_all = self.global.verbose;
        let mut total = 0;
        let mut asked = tell::Asked::default();
        self.looked_at(!self.verb.yes, |space, piece, told| {
            total += piece.bundle.len() as u64;
            if let Some((survey, carried)) = told {
                let job = self.job(piece, space);
                let shown = text::surveys(&job, std::slice::from_ref(&survey), names_all, false);
                anstream::eprint!("{shown}{}", carried::text(&carried, names_all));
                asked.add(space, &survey, &carried);
            }
            Ok(())
        })?;
        let is_wanted =
            self.verb.yes || ask(&asked.question(self.connected, self.snapshot), false)?;
        Ok(is_wanted.then_some(total))
    }

    /// Does it; says how the run ends, and whether nothing is left to go on with.
    pub(super) fn done(&self, ledger: &Ledger, total: u64) -> Result<(Exit, bool)> {
        let report = self.verb.report.as_deref();
        let mut whole = Whole {
            out: Out::create(report)?,
            tallies: Vec::new(),
            exits: Vec::new(),
            text: String::new(),
            failed: Vec::new(),
            is_over: true,
            beside: carried::Count::default(),
        };
        let gates = Gates::default();
        let progress = Progress::parts(self.global.progress, total);
        for some in self.ways.chunks(self.at_once()) {
            if self.global.interrupt.is_asked() {
                whole.exits.push(Exit::Interrupted);
                whole.is_over = false;
                break;
            }
            let arrived = several(some, some.len(), |(from, space)| {
                self.cross((from, space), ledger, &gates, &progress)
            });
            for ((_, space), arrived) in some.iter().zip(arrived) {
                match arrived {
                    Ok(arrived) => self.take(&mut whole, arrived),
                    Err(error) => {
                        whole.exits.push(Exit::of(error.kind()));
                        let place = format!("space `{space}`");
                        render::warning(&error.in_file(&place), self.global.errors);
                        whole.is_over = false;
                    }
                }
            }
        }
        drop(progress);
        Ok(self.finish(whole))
    }

    /// Brings a space what it is to get.
    fn cross(
        &self,
        (from, space): (&str, &Space),
        ledger: &Ledger,
        gates: &Gates,
        progress: &Progress,
    ) -> Result<Arrived> {
        let piece = self.read(from)?;
        // Of a space whose records are done, what stands beside them may not be; what is there is not sent again.
        let carried = if self.global.interrupt.is_asked() {
            Vec::new()
        } else {
            self.beside(&piece, space, Some(ledger))?
        };
        let done = self
            .job(&piece, space)
            .cross_into(space, gates, ledger, progress);
        Ok(Arrived {
            piece,
            carried,
            done,
        })
    }

    /// Takes down what became of a space.
    fn take(&self, whole: &mut Whole, arrived: Arrived) {
        let Arrived {
            piece,
            carried,
            done,
        } = arrived;
        let space = done.space.clone();
        let job = self.job(&piece, &space);
        let mut done = [done];
        if self.verb.how.remove_duplicates {
            // Who cannot be asked about this space is no reason to leave out others.
            if let Err(error) = job.remove_duplicates(&mut done, self.verb.yes) {
                done[0].crossed.error.get_or_insert(error);
            }
        }
        let mut exit = job::exit(&done);
        if exit == Exit::Done && !carried.iter().all(Carried::is_there) {
            exit = Exit::Part;
        }
        let report = Report {
            job: &job,
            done: &done,
            exit,
            target: None,
            is_dry: false,
        };
        let mut lines = String::new();
        for it in &carried {
            _ = writeln!(lines, "{}", it.json(&space, None));
        }
        lines += &report.space(&done[0]);
        whole.out.report(&lines);
        match self.verb.format {
            Format::Json => whole.out.print(&lines),
            Format::Text if self.global.quiet => {}
            Format::Text => {
                whole.text += &text::done(&report, self.global.verbose);
                whole.text += &carried::text(&carried, self.global.verbose);
            }
        }
        whole.tallies.extend(report.tallies());
        whole.beside.add(&carried);
        whole.is_over &= !carried.iter().any(Carried::may_go_on);
        whole.exits.push(exit);
        let failed = done.into_iter().filter(|done| done.crossed.error.is_some());
        whole.failed.extend(failed);
    }

    fn finish(&self, mut whole: Whole) -> (Exit, bool) {
        let exit = tell::ended(&whole.exits, self.is_whole);
        let mut last = summary(&whole.tallies, exit);
        last["beside"] = whole.beside.json();
        let mut ways = self.ways.iter();
        last["partial"] = ways.any(|(from, _)| self.snapshot.is_partial(from)).into();
        let last = format!("{last}\n");
        whole.out.report(&last);
        match self.verb.format {
            Format::Json => whole.out.print(&last),
            Format::Text if self.global.quiet => {}
            Format::Text => {
                whole.out.print(&whole.text);
                if whole.tallies.len() > 1 {
                    whole.out.print(&text::table(&whole.tallies));
                }
            }
        }
        let exit = whole.out.close(exit, self.global.errors);
        let is_over = whole.is_over && whole.failed.is_empty();
        job::fatal(whole.failed, exit, self.global);
        (exit, is_over)
    }
}
