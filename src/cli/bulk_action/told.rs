//! What people, and programs, are told of a live bulk action.

use ruleferry::bulk::{Choice, Repeated, Summary, Work};
use ruleferry::error::Error;
use ruleferry::ops::bulk_action::{Answer, Failed, NOT_FOUND, Shape, Subject};
use serde::Serialize;

use super::Asked;
use crate::cli::exit::Exit;
use crate::cli::notes::write_text;
use crate::cli::told::{count, some_of};
use crate::cli::{Format, render, work};

/// What came of a request, and how it was asked for.
pub(super) struct Told<'t> {
    pub(super) asked: &'t Asked<'t>,
    pub(super) answer: &'t Answer,
}

/// The report as JSON.
#[derive(Serialize)]
struct Report<'r> {
    schema_version: u8,
    space: &'r str,
    action: &'static str,
    dry_run: bool,
    answer: Shape<'r>,
    requests: Requests,
    unknown: Vec<Unknown<'r>>,
    refusal: Option<String>,
    not_sent: &'r [String],
    gone: &'r [String],
    absent: u64,
    notes: Vec<String>,
    exit: i32,
}

#[derive(Serialize)]
struct Requests {
    answered: u64,
    sent_again: u64,
}

#[derive(Serialize)]
struct Unknown<'r> {
    ids: &'r [String],
    message: String,
}

/// What is asked for, as a question begins.
pub(super) fn verb(work: Work) -> &'static str {
    match work {
        Work::Enable => "Enable",
        Work::Disable => "Disable",
        Work::Delete => "Delete",
        Work::Duplicate => "Copy",
        Work::Export => "Export",
        Work::Edit => "Edit",
        Work::Run => "Run",
        Work::FillGaps => "Fill the gaps of",
    }
}

/// What was done.
fn done(work: Work) -> &'static str {
    match work {
        Work::Enable => "enabled",
        Work::Disable => "disabled",
        Work::Delete => "deleted",
        Work::Duplicate => "copied",
        Work::Export => "exported",
        Work::Edit => "updated",
        Work::Run | Work::FillGaps => "scheduled",
    }
}

/// How to find out what was done.
fn look(work: Work) -> &'static str {
    match work {
        Work::Duplicate => {
            "look for rules whose name ends in ` [Duplicate]` before you ask again: asking twice copies twice"
        }
        Work::Edit => {
            "look whether the rules have the new actions before you ask again: asking twice adds them twice"
        }
        Work::Run | Work::FillGaps => {
            "look at the runs of the rules before you ask again: asking twice runs them twice"
        }
        Work::Enable | Work::Disable | Work::Delete | Work::Export => {
            "ask again once the server answers: doing it twice is doing it once"
        }
    }
}

impl Told<'_> {
    /// Tells it all, and how the run ends.
    pub(super) fn finish(&self) -> Result<Exit, Error> {
        let global = self.asked.global;
        let exit = match self.answer.is_complete() {
            true => Exit::Done,
            false if global.interrupt.is_asked() => Exit::Interrupted,
            false => Exit::Part,
        };
        for group in &self.answer.errors {
            let message = failed(group, global.verbose);
            render::warning(&Error::refused(message), global.errors);
        }
        self.lost();
        if self.asked.verb.format == Format::Json {
            work::print(&format!("{}\n", self.json(exit)?))?;
        } else if !global.quiet {
            for note in self.notes() {
                write_text(&format!("note: {note}"));
            }
            write_text(&self.summary());
        }
        Ok(exit)
    }

    /// Tells of requests that were refused, or of which nobody knows.
    fn lost(&self) {
        let global = self.asked.global;
        let warn = |message: String| render::warning(&Error::refused(message), global.errors);
        for unknown in &self.answer.unknown {
            let whom = match unknown.ids.as_slice() {
                [] => "the rules of the query".to_owned(),
                ids => self.rules(ids),
            };
            warn(format!(
                "nobody knows whether this was done to {whom}: {}; {}",
                unknown.error,
                look(self.asked.request.work)
            ));
        }
        if let Some(refusal) = &self.answer.refusal {
            warn(refusal.to_string());
        }
        if !self.answer.unsent.is_empty() {
            warn(format!(
                "nothing was done to {}",
                self.rules(&self.answer.unsent)
            ));
        }
    }

    /// As in "2 rules (`acme-1`, `acme-2`)": by their `rule_id`s, where those are known.
    fn rules(&self, ids: &[String]) -> String {
        let labels = self.asked.labels(ids);
        format!(
            "{} ({})",
            count(ids.len() as u64, "rule"),
            some_of(labels.into_iter(), self.asked.global.verbose)
        )
    }

    fn notes(&self) -> Vec<String> {
        let answer = self.answer;
        let asked = self.asked;
        let verbose = asked.global.verbose;
        let mut notes = Vec::new();
        if answer.again > 0 && !asked.verb.dry_run {
            notes.push(again(asked.request.repeated(), answer.again));
        }
        if !answer.gone.is_empty() {
            notes.push(format!(
                "not there any more when the request was sent again, so it had deleted them or there were none: {}",
                self.rules(&answer.gone)
            ));
        }
        if answer.absent.count > 0 {
            let whom = match answer.absent.ids.as_slice() {
                [] => count(answer.absent.count, "rule"),
                ids => self.rules(ids),
            };
            notes.push(format!(
                "not in the space, since the answer does not tell of them: {whom}"
            ));
        }
        if !asked.resolved.shared.is_empty() {
            let ids = asked.resolved.shared.iter().map(String::as_str);
            notes.push(format!(
                "several rules have one `rule_id`, and each of them counts: {}",
                some_of(ids, verbose)
            ));
        }
        let is_missing = |group: &Failed| group.message == NOT_FOUND;
        if matches!(asked.request.choice, Choice::Ids(_)) && answer.errors.iter().any(is_missing) {
            notes.push(
                "`ids` are the rules' `id`s in this space; `rule_ids` names rules by their `rule_id`s".into(),
            );
        }
        let lacks_privilege =
            |group: &Failed| group.err_code.as_deref() == Some("USER_INSUFFICIENT_RULE_PRIVILEGES");
        if matches!(asked.request.work, Work::Enable | Work::Disable)
            && answer.errors.iter().any(lacks_privilege)
        {
            notes.push(
                "some servers refuse this to everybody; `ruleferry patch --to` with `\"enabled\"` may be let through".into(),
            );
        }
        notes
    }

    /// As in "25 rules chosen in space `soc` of `prod`: 20 updated, 3 skipped (were so already), 2 failed".
    fn summary(&self) -> String {
        let Summary {
            failed,
            skipped,
            succeeded,
        } = self.answer.summary;
        let work = self.asked.request.work;
        let done = if self.asked.verb.dry_run {
            "would succeed"
        } else {
            done(work)
        };
        let (gone, unsent) = (
            self.answer.gone.len() as u64,
            self.answer.unsent.len() as u64,
        );
        let unknown: usize = self
            .answer
            .unknown
            .iter()
            .map(|unknown| unknown.ids.len())
            .sum();
        let unknown = unknown as u64;
        let all = self.answer.summary.total() + gone + unsent + unknown + self.answer.absent.count;
        let mut line = format!(
            "{} chosen in {}: {succeeded} {done}",
            count(all, "rule"),
            self.asked.place(),
        );
        if skipped > 0 {
            let why = match work {
                Work::FillGaps => "have no gaps",
                _ => "were so already",
            };
            line += &format!(", {skipped} skipped ({why})");
        }
        if failed > 0 {
            line += &format!(", {failed} failed");
        }
        let more = [
            (gone, "not there any more"),
            (self.answer.absent.count, "not in the space"),
            (unsent, "not sent"),
            (unknown, "of which nobody knows"),
        ];
        for (number, what) in more.into_iter().filter(|(number, _)| *number > 0) {
            line += &format!(", {number} {what}");
        }
        if unknown == 0 && !self.answer.unknown.is_empty() {
            line += "; nobody knows what was done";
        }
        line
    }

    fn json(&self, exit: Exit) -> Result<String, Error> {
        let answer = self.answer;
        let unknown = answer.unknown.iter().map(|unknown| Unknown {
            ids: &unknown.ids,
            message: unknown.error.to_string(),
        });
        let report = Report {
            schema_version: 1,
            space: self.asked.space.as_str(),
            action: self.asked.request.work.name(),
            dry_run: self.asked.verb.dry_run,
            answer: answer.shape(self.asked.request.work),
            requests: Requests {
                answered: answer.answered,
                sent_again: answer.again,
            },
            unknown: unknown.collect(),
            refusal: answer.refusal.as_ref().map(ToString::to_string),
            not_sent: &answer.unsent,
            gone: &answer.gone,
            absent: answer.absent.count,
            notes: self.notes(),
            exit: exit.code(),
        };
        serde_json::to_string(&report)
            .map_err(|error| Error::io("writing the report", error.into()))
    }
}

/// What it means that requests were sent again.
fn again(repeated: Repeated, times: u64) -> String {
    let lost = match times {
        1 => "an answer was lost and its request sent again".to_owned(),
        times => format!("answers were lost and {times} requests sent again"),
    };
    let but = match repeated {
        Repeated::SameContent => {
            "; counts are those of the last time, and `version` and `revision` may have moved on twice"
        }
        Repeated::Same | Repeated::Twice => "; counts are those of the last time",
    };
    lost + but
}

/// As in "Rule not found (2 rules: `a`, `b`)"; a code stands before the number.
fn failed(group: &Failed, all: bool) -> String {
    let code = group
        .err_code
        .as_ref()
        .map(|code| format!("{code}; "))
        .unwrap_or_default();
    format!(
        "{} ({code}{}: {})",
        group.message,
        count(group.rules.len() as u64, "rule"),
        some_of(group.rules.iter().map(Subject::label), all)
    )
}
