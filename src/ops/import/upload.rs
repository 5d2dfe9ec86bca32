//! What comes of one upload? It is sent once; what its answer says, or that there is none, decides what is done about its lines.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::super::model::{Outcome, Overwrite};
use super::aims::Aim;
use super::crossing::Crossing;
use super::heard::{Heard, heard};
use super::inventory::What;
use super::pace::{FILE_NAME, Load};
use super::reply::{Answer, Problem, Problems};
use super::schedule::Batch;
use super::told::Told;
use super::view::Seen;
use crate::error::{Error, ErrorKind, Result};
use crate::kibana::{Content, Method, Request, Upload};

/// So many attempts in a row that settle nothing, and it is given up.
const ATTEMPTS: u32 = 14;
/// So many for a line by itself.
const ATTEMPTS_ALONE: u32 = 4;
/// So many lines that fail one after another, and the server is not asked any more.
const LOST_IN_ROW: u32 = 4;

impl Crossing<'_> {
    /// Sends a batch, and settles of its lines what can be.
    pub(super) fn upload(&mut self, batch: Batch, load: Load) -> Result<()> {
        let Batch::Upload {
            records,
            carrier,
            overwrite,
        } = batch
        else {
            return Ok(());
        };
        // Here, between two requests, is where a run ends that is asked to.
        self.pause(Duration::ZERO)?;
        self.parts += 1;
        let (body, bytes) = self.body(&records, carrier, overwrite)?;
        let request = self.request(body, overwrite);
        self.log.sending(self.space, self.parts, &records)?;
        self.doubtful.clone_from(&records);
        let begun = Instant::now();
        let heard = heard(self.client.attempt(&request));
        let before = self.count_settled();
        let error = match heard {
            Heard::Answer(answer) => {
                let count = self.counted(&records, load);
                self.pace.took(load, count, begun.elapsed());
                self.take(answer, &records, carrier)?;
                None
            }
            Heard::Denied(error) => {
                self.doubtful.clear();
                return Err(error);
            }
            Heard::Unsent(error) => {
                self.pause(self.pause_time(self.fails))?;
                Some(error)
            }
            Heard::Busy(wait, error) => {
                self.pause(wait.unwrap_or(self.pause_time(self.fails)))?;
                self.look(&records)?;
                Some(error)
            }
            Heard::TooLarge(error) => {
                self.pace.shrink(bytes);
                self.look(&records)?;
                Some(error)
            }
            Heard::Failed(error) => {
                self.slow_down(load, &records);
                self.look(&records)?;
                Some(error)
            }
            Heard::Lost(error) => {
                self.slow_down(load, &records);
                self.wait_until_still(&records)?;
                self.take_what_is_there(&records);
                Some(error)
            }
        };
        self.doubtful.clear();
        self.log
            .settled(self.space, self.parts, &records, &self.told)?;
        if self.count_settled() > before {
            (self.fails, self.lost_in_row) = (0, 0);
            return Ok(());
        }
        self.fails += 1;
        self.give_up(&records, load, error)
    }

    /// Gives a line up that failed alone again and again; gives all up where that is so of line after line.
    fn give_up(&mut self, records: &[u32], load: Load, error: Option<Error>) -> Result<()> {
        let error = error.unwrap_or_else(|| {
            Error::out_of_reach(
                "the server answers, and neither takes the records nor says why not",
            )
        });
        let is_down = matches!(error.kind(), ErrorKind::Unreachable { .. })
            || matches!(
                error.kind(),
                ErrorKind::Status {
                    status: 429 | 503,
                    ..
                }
            );
        let is_alone = self.counted(records, load) <= 1;
        if is_alone && !is_down && self.fails >= ATTEMPTS_ALONE {
            self.lost_in_row += 1;
            if self.lost_in_row >= LOST_IN_ROW {
                return Err(error);
            }
            self.fails = 0;
            let status = match error.kind() {
                ErrorKind::Status { status, .. } => Some(*status),
                _ => None,
            };
            for &index in records {
                if !self.settled[index as usize] {
                    let told = Told::new(Outcome::Failed, status, Some(self.parts));
                    self.tell(index, told.saying(error.to_string()));
                }
            }
            return Ok(());
        }
        if self.fails >= ATTEMPTS {
            return Err(error);
        }
        Ok(())
    }

    fn slow_down(&mut self, load: Load, records: &[u32]) {
        let count = self.counted(records, load);
        self.pace.slow_down(load, count);
    }

    /// How many lines of a request count towards its size.
    fn counted(&self, records: &[u32], load: Load) -> usize {
        let is_rule = |index: &&u32| matches!(self.bundle.entry(**index).what, What::Rule { .. });
        match load {
            Load::Rules => records.iter().filter(is_rule).count(),
            Load::Exceptions => records.len(),
        }
    }

    fn count_settled(&self) -> usize {
        self.settled.iter().filter(|settled| **settled).count()
    }

    /// The lines as one file, and its length.
    fn body(
        &self,
        records: &[u32],
        carrier: Option<u32>,
        overwrite: Overwrite,
    ) -> Result<(Upload, u64)> {
        let lines: Vec<u32> = records.iter().copied().chain(carrier).collect();
        let len = |&line: &u32| self.bundle.entry(line).len as usize + 1;
        let mut bytes = Vec::with_capacity(lines.iter().map(len).sum());
        let situation = self.situation();
        self.bundle.lines(&lines, |index, line| {
            bytes.extend_from_slice(&situation.sent_line(index, line, overwrite));
            bytes.push(b'\n');
            Ok(())
        })?;
        let len = bytes.len() as u64;
        let content: Arc<dyn Content> = Arc::new(Arc::new(bytes));
        let upload = Upload::new(FILE_NAME, content, || uuid::Uuid::new_v4().as_u128())
            .map_err(|source| Error::io("reading what is to be sent", source))?;
        Ok((upload, len))
    }

    fn request(&self, upload: Upload, overwrite: Overwrite) -> Request {
        let (path, flags) = if self.bundle.is_exceptions_alone() {
            (
                "/api/exception_lists/_import",
                [("overwrite", overwrite.exceptions)].to_vec(),
            )
        } else {
            let flags = [
                ("overwrite", overwrite.rules),
                ("overwrite_exceptions", overwrite.exceptions),
                ("overwrite_action_connectors", overwrite.connectors),
            ];
            ("/api/detection_engine/rules/_import", flags.to_vec())
        };
        let request = Request::new(Method::Post, path).in_space(self.space);
        flags
            .into_iter()
            .filter(|(_, is_set)| *is_set)
            .fold(request, |request, (flag, _)| request.with(flag, "true"))
            .file(upload)
    }

    /// Takes an answer's word, and looks for itself where that says of anything that it went wrong.
    fn take(&mut self, answer: Answer, records: &[u32], carrier: Option<u32>) -> Result<()> {
        let rules = self.counted(records, Load::Rules);
        let known = carrier.and_then(|line| self.bundle.entry(line).id);
        let is_whole = answer.success_count == rules as u64 || self.bundle.is_exceptions_alone();
        if answer.is_clean(known) && is_whole {
            for &index in records {
                self.arrived(index, Some(200), None);
            }
            return Ok(());
        }
        let problems = answer.problems(self.bundle, records, carrier);
        self.read_again(records)?;
        for &index in records {
            self.judge(index, &problems);
        }
        if self.bundle.target.blocks_on_connectors() {
            self.hold_back();
        }
        Ok(())
    }

    /// Settles a line by what the answer says of it and what the space now has.
    fn judge(&mut self, index: u32, problems: &Problems) {
        let at = index as usize;
        self.revive(index);
        if self.settled[at] {
            return;
        }
        let own = problems.of.get(&index);
        let loss = own.and_then(|own| own.iter().find(|problem| problem.is_loss()));
        let is_refused = own.is_some_and(|own| own.iter().any(|problem| !problem.is_loss()));
        let seen = self.view.seen(index);
        match (seen, self.aims[at] == Aim::Create) {
            (Seen::Same, _) if !is_refused => self.arrived(index, Some(200), loss),
            // It is there as it should be: another request brought it.
            (Seen::Same, true) => self.arrived(index, None, None),
            (Seen::Differs, _) if loss.is_some() && !is_refused => {
                self.arrived(index, Some(200), loss);
            }
            (Seen::Differs, _) if own.is_none() && problems.nameless.is_empty() => {
                self.arrived(index, Some(200), None);
            }
            (_, _) if is_refused || self.is_hit_by_nameless(index, problems) => {
                if let Some(problem) = problems.told(index) {
                    self.refused(index, &problem);
                }
            }
            _ => {}
        }
    }

    /// Whether errors that name no line can be about this one.
    fn is_hit_by_nameless(&self, index: u32, problems: &Problems) -> bool {
        if problems.nameless.is_empty() {
            return false;
        }
        // Before 8.19 and 9.1 an error of a connector keeps all rules out; they go again without it.
        let is_rule = matches!(self.bundle.entry(index).what, What::Rule { .. });
        !(is_rule && self.bundle.target.blocks_on_connectors() && self.has_connectors_waiting())
    }

    fn has_connectors_waiting(&self) -> bool {
        self.doubtful
            .iter()
            .any(|&index| matches!(self.bundle.entry(index).what, What::Connector(..)))
    }

    fn refused(&mut self, index: u32, problem: &Problem) {
        if problem.status == 404
            && let What::Rule { connectors, .. } = self.bundle.entry(index).what
        {
            let waits = |number: &u32| {
                let line = self.bundle.connector_line(*number);
                line.is_some_and(|line| {
                    self.aims[line as usize].is_sent() && !self.settled[line as usize]
                })
            };
            // Its connector was kept out by another, and comes with the next request.
            if connectors.iter().any(waits) {
                return;
            }
        }
        let outcome = if problem.status == 409 {
            Outcome::Conflict
        } else {
            Outcome::Refused
        };
        let told = Told::new(outcome, Some(problem.status), Some(self.parts));
        self.tell(index, told.saying(problem.message.clone()));
    }

    /// Settles a line that is in the space now.
    fn arrived(&mut self, index: u32, status: Option<u16>, loss: Option<&Problem>) {
        let Some(outcome) = self.aims[index as usize].outcome() else {
            return;
        };
        if self.settled[index as usize] {
            return;
        }
        let mut told = Told::new(outcome, status, Some(self.parts));
        if let Some(loss) = loss {
            told = told.saying(loss.message.clone());
            told.differs = true;
        }
        self.tell(index, told);
    }

    /// Reads once more what the lines became, and settles those that are there.
    fn look(&mut self, records: &[u32]) -> Result<()> {
        self.read_again(records)?;
        self.take_what_is_there(records);
        Ok(())
    }

    fn take_what_is_there(&mut self, records: &[u32]) {
        for &index in records {
            self.revive(index);
            let is_there = match self.view.seen(index) {
                Seen::Same => true,
                // It was not there before, so this is what became of it.
                Seen::Differs => self.aims[index as usize] == Aim::Create,
                Seen::Absent => false,
            };
            if is_there && !self.waits_for_others(index) {
                self.arrived(index, None, None);
            }
        }
    }

    /// Sends an item again that was there already and is gone: a request that replaced its list deleted it, and ended before it made
    /// it anew.
    fn revive(&mut self, index: u32) {
        let at = index as usize;
        if self.aims[at] == Aim::Unchanged && self.view.seen(index) == Seen::Absent {
            self.aims[at] = Aim::Overwrite;
            self.settled[at] = false;
        }
    }

    /// Whether a list that is replaced still has items that have to go.
    fn waits_for_others(&self, index: u32) -> bool {
        let What::List(number, _) = self.bundle.entry(index).what else {
            return false;
        };
        self.aims[index as usize] == Aim::Overwrite
            && super::aims::is_replaced(self.bundle, &self.view, number, self.manner.terms)
    }

    /// Reads again what kinds of records these are.
    fn read_again(&mut self, records: &[u32]) -> Result<()> {
        let bundle = self.bundle;
        let has = |is: fn(&What) -> bool| records.iter().any(|&it| is(&bundle.entry(it).what));
        if has(|what| matches!(what, What::List(..) | What::Item(_))) {
            self.read_exceptions()?;
        }
        if has(|what| matches!(what, What::Connector(..))) {
            self.read_connectors()?;
        }
        if has(|what| matches!(what, What::Rule { .. })) {
            self.read_rules(Some(records))?;
        }
        Ok(())
    }

    /// Reads the space until the lines are there, or it has stood still for as long as asked.
    pub(super) fn wait_until_still(&mut self, records: &[u32]) -> Result<()> {
        const STEPS: u32 = 4;
        let mut last = usize::MAX;
        let mut still = 0;
        loop {
            self.read_again(records)?;
            let count = records
                .iter()
                .filter(|&&index| self.view.seen(index) == Seen::Same)
                .count();
            if count == records.len() {
                return Ok(());
            }
            still = if count == last { still + 1 } else { 0 };
            if still >= STEPS {
                return Ok(());
            }
            last = count;
            self.pause(self.manner.still / STEPS)?;
        }
    }
}
