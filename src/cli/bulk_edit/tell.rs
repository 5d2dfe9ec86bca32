//! What people are told of a bulk edit: each error once, and the summary.

use std::collections::HashMap;

use ruleferry::bulk::{Action, Answer, Customization, Event, Failed, Request, Settings, Subject};
use ruleferry::edit::Edit;
use ruleferry::error::{Error, Location};
use ruleferry::pipeline::Report;
use ruleferry::record::Kind;

use crate::cli::exit::Exit;
use crate::cli::notes::write_text;
use crate::cli::request::warn_of_dropped;
use crate::cli::told::{count, some_of};
use crate::cli::{Format, Global, render};

/// Says what happens, and what came of it.
pub(super) struct Tell<'r> {
    request: &'r Request,
    errors: Format,
    quiet: bool,
    verbose: bool,
    /// Where each error was first met.
    first: HashMap<Box<str>, Location>,
    lacking: Vec<Box<str>>,
}

impl<'r> Tell<'r> {
    /// Begins, and warns of keys that the endpoint drops.
    pub(super) fn new(global: &Global, request: &'r Request, name: &str) -> Self {
        warn_of_dropped(global, &request.dropped, name);
        Self {
            request,
            errors: global.errors,
            quiet: global.quiet,
            verbose: global.verbose,
            first: HashMap::new(),
            lacking: Vec::new(),
        }
    }

    /// Takes down what happened to a line.
    pub(super) fn take(&mut self, event: Event<'_>) {
        match event {
            Event::Unreadable { error, .. } => render::warning(&error, self.errors),
            Event::Lacking { what } => self.lacking.push(what.into()),
            Event::Failed {
                failure,
                subject,
                location,
                ..
            } => {
                let record = subject.rule_id.as_ref().or(subject.id.as_ref());
                let location = Location {
                    record: record.map(|id| format!("rule `{id}`").into()),
                    ..location
                };
                if self.verbose {
                    let error = Error::refused(failure.message.clone()).at(location);
                    render::warning(&error, self.errors);
                } else if !self.first.contains_key(&failure.message) {
                    self.first.insert(failure.message.clone(), location);
                }
            }
        }
    }

    /// Says what came of it all, and how the run ends.
    pub(super) fn finish(
        self,
        answer: &Answer,
        refusal: Option<&str>,
        report: &Report,
        settings: &Settings,
        random: Option<&str>,
    ) -> Exit {
        for group in answer.errors() {
            self.group(group);
        }
        if !self.lacking.is_empty() {
            let message = format!(
                "the bundle lacks what exported rules refer to: {}",
                self.lacking.join(", ")
            );
            render::warning(&Error::refused(message), self.errors);
        }
        if let Some(seed) = random.filter(|_| self.makes_ids() && !settings.dry_run) {
            write_text(&format!(
                "seed: {seed} (give it as `--seed` to make the same ids again)"
            ));
        }
        if !self.quiet {
            for note in self.notes(answer, refusal, report, settings) {
                write_text(&format!("note: {note}"));
            }
            write_text(&self.summary(answer, report, settings));
        }
        if answer.summary().failed > 0 || report.refused > 0 {
            Exit::Part
        } else {
            Exit::Done
        }
    }

    /// Names an error once, with some of its rules.
    fn group(&self, group: &Failed) {
        let location = self.first.get(&group.failure.message);
        // Where each was named as it came, those are left of which there is no line.
        if self.verbose && location.is_none() && group.rules.iter().any(|rule| rule.name.is_some())
        {
            return;
        }
        let name = |rule: &Subject| -> Box<str> {
            let text = rule
                .name
                .as_ref()
                .or(rule.rule_id.as_ref())
                .or(rule.id.as_ref());
            text.map_or("?".into(), Clone::clone)
        };
        let names: Vec<Box<str>> = group.rules.iter().map(name).collect();
        let message = format!(
            "{} ({}: {})",
            group.failure.message,
            rules(group.rules.len() as u64),
            some_of(names.iter().map(|name| &**name), self.verbose)
        );
        let error = Error::refused(message);
        let error = match location {
            Some(location) => error.at(location.clone()),
            None => error,
        };
        render::warning(&error, self.errors);
    }

    fn makes_ids(&self) -> bool {
        match &self.request.action {
            Action::Duplicate(_) => true,
            Action::Edit(edits) => edits.iter().any(|edit| match edit {
                Edit::AddRuleActions(new) | Edit::SetRuleActions(new) => !new.actions.is_empty(),
                _ => false,
            }),
            Action::Enable | Action::Disable | Action::Delete | Action::Export => false,
        }
    }

    fn notes(
        &self,
        answer: &Answer,
        refusal: Option<&str>,
        report: &Report,
        settings: &Settings,
    ) -> Vec<String> {
        let mut notes: Vec<String> = refusal
            .iter()
            .map(|text| format!("the server would refuse this request: {text}"))
            .collect();
        let edits: &[Edit] = match &self.request.action {
            Action::Edit(edits) => edits,
            _ => &[],
        };
        if settings.license.is_none() && edits.iter().any(Edit::is_suppression) {
            notes.push(
                "suppression edits need a Platinum licence or above; `--license` says what the server has".into(),
            );
        }
        let prebuilt = answer
            .errors()
            .iter()
            .any(|group| &*group.failure.message == "Elastic rule can't be edited");
        if prebuilt && settings.customization == Customization::Off {
            notes.push(
                "where the server lets Elastic's own rules be edited, give `--prebuilt-customization on`".into(),
            );
        }
        if self.request.action == Action::Delete
            && answer.summary().succeeded > 0
            && !settings.dry_run
        {
            notes.push(
                "exception lists, items and connectors stay, as on a server; `ruleferry edit drop-unreferenced` \
                 removes those that no rule refers to"
                    .into(),
            );
        }
        let unknown = report.read[Kind::Other];
        if unknown > 0 && self.request.action != Action::Export {
            let records = if unknown == 1 {
                "record is"
            } else {
                "records are"
            };
            notes.push(format!(
                "{unknown} {records} neither rule, exception, connector nor details, and passed untouched"
            ));
        }
        notes
    }

    /// As in "25 of 36 rules chosen: 20 updated, 3 skipped (were so already), 2 failed".
    fn summary(&self, answer: &Answer, report: &Report, settings: &Settings) -> String {
        let summary = answer.summary();
        let done = match &self.request.action {
            _ if settings.dry_run => "would succeed",
            Action::Enable => "enabled",
            Action::Disable => "disabled",
            Action::Delete => "deleted",
            Action::Duplicate(_) => "copied",
            Action::Export => "exported",
            Action::Edit(_) => "updated",
        };
        let mut line = format!(
            "{} chosen of {}: {} {done}",
            rules(summary.total()),
            report.read[Kind::Rule],
            summary.succeeded
        );
        if summary.skipped > 0 {
            line += &format!(", {} skipped (were so already)", summary.skipped);
        }
        if summary.failed > 0 {
            line += &format!(", {} failed", summary.failed);
        }
        if report.refused > 0 {
            line += &format!("; {} lines cannot be read", report.refused);
        }
        line
    }
}

fn rules(number: u64) -> String {
    count(number, "rule")
}
