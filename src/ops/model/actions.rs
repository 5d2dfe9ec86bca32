//! What fails only when a rule is made, though its line passed the check? Mostly its actions.

use std::collections::HashSet;

use super::answer::Message;
use super::content::Content;
use super::read::RuleLine;
use super::{Id, Model};
use crate::check::Problem;
use crate::error::PathStep;

/// When it fails; what fails first hides the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    Interval,
    Window,
    Action,
}

/// Something in a line that fails when the rule is made.
#[derive(Debug)]
pub(super) struct Fault {
    stage: Stage,
    code: &'static str,
    /// The place of the action at fault.
    action: Option<usize>,
    /// Words that the server's message holds.
    words: Option<String>,
}

/// What of the problems of a line that passes fails later (the codes' own explanations say so).
pub(super) fn faults(problems: &[Problem]) -> Vec<Fault> {
    let one = |problem: &Problem| {
        let is_window = problem.pointer.first() == Some(&PathStep::from("history_window_start"));
        let stage = match problem.code {
            "not-a-duration" => Stage::Interval,
            "history-window-order" => Stage::Window,
            "date-misread" if is_window && problem.kibana.is_some() => Stage::Window,
            "action-group" | "action-throttle" | "alerts-filter" => Stage::Action,
            _ => return None,
        };
        let action = match problem.pointer.as_slice() {
            [_, PathStep::Index(index), ..] => Some(*index),
            _ => None,
        };
        Some(Fault {
            stage,
            code: problem.code,
            action,
            words: problem.kibana.clone(),
        })
    };
    problems.iter().filter_map(one).collect()
}

/// What the server says when it makes the rule and fails; none if it does not.
///
/// `content` is the rule's as it is to be stored. `tolerates` tells whether connectors may lack their secrets.
pub(super) fn refusal(
    model: &Model,
    line: &RuleLine,
    content: &Content,
    tolerates: bool,
) -> Option<Message> {
    let of = |stage: Stage| line.faults.iter().filter(move |fault| fault.stage == stage);
    let first = |stage: Stage| {
        let fault = of(stage).next()?;
        Some(Message::Holds(fault.words.iter().cloned().collect()))
    };
    if let Some(message) = first(Stage::Interval) {
        return Some(message);
    }
    if line.needs_machine_learning && !model.server.has_machine_learning {
        let words = "the license has no machine learning";
        return Some(Message::Unknown(words.into()));
    }
    if let Some(message) = first(Stage::Window) {
        return Some(message);
    }
    let mut plain = content.actions.iter().filter(|action| !action.is_system);
    if plain.any(|action| !action.has_group) {
        let words = "expected value of type [string] but got [undefined]";
        return Some(Message::Holds(vec![words.into()]));
    }
    for action in &content.actions {
        if !model.has_connector(action.connector.as_ref()) {
            let words = "a connector that an action goes through is not there";
            return Some(Message::Unknown(words.into()));
        }
    }
    let system: Vec<&Option<Id>> = content
        .actions
        .iter()
        .filter(|action| action.is_system)
        .map(|action| &action.connector)
        .collect();
    let is_repeated = |(at, id): (usize, &&Option<Id>)| system[..at].contains(id);
    if system.iter().enumerate().any(is_repeated) {
        let words = "Cannot use the same system action twice";
        return Some(Message::Holds(vec![words.into()]));
    }
    let mut words = action_words(line, content);
    let lacking = model.without_secrets(content);
    if !lacking.is_empty() && !tolerates {
        words.push(format!("Invalid connectors: {}", lacking.join(", ")));
    }
    (!words.is_empty()).then_some(Message::Holds(words))
}

/// Words about actions that the rule still has.
fn action_words(line: &RuleLine, content: &Content) -> Vec<String> {
    // Of system actions the server takes id and parameters alone.
    let plain = content.actions.iter().filter(|action| !action.is_system);
    let is_kept = |fault: &&Fault| {
        plain
            .clone()
            .any(|action| fault.action == Some(action.index))
    };
    let faults: Vec<&Fault> = line
        .faults
        .iter()
        .filter(|fault| fault.stage == Stage::Action)
        .filter(is_kept)
        .collect();
    let mut all = Vec::new();
    let mut uuids = HashSet::new();
    let mut told = content
        .actions
        .iter()
        .filter_map(|action| action.uuid.as_deref());
    if !told.all(|uuid| uuids.insert(uuid)) {
        all.push("Actions have duplicated UUIDs".to_owned());
    }
    for fault in &faults {
        let is_only = faults.iter().filter(|it| it.code == fault.code).count() == 1;
        let Some(words) = &fault.words else { continue };
        // Several actions at fault are named in one text, after the colon; filters are named by ids that may be yet to make.
        let is_cut = !is_only || fault.code == "alerts-filter";
        let words = match words.split_once(": ") {
            Some((before, _)) if is_cut => before.to_owned(),
            _ => words.clone(),
        };
        if !all.contains(&words) {
            all.push(words);
        }
    }
    all
}

impl Model {
    /// Whether there is a connector of this id, of the space or of the server.
    pub(super) fn has_connector(&self, id: Option<&Id>) -> bool {
        let Some(id) = id else { return false };
        let of_server = match id {
            Id::Known(id) => self.server.preconfigured.contains(id) || self.server.is_system(id),
            Id::New(_) => false,
        };
        of_server || self.connectors.contains_key(id)
    }

    /// The names of the connectors that the rule's actions go through and that lack their secrets, each once.
    fn without_secrets(&self, content: &Content) -> Vec<&str> {
        let mut names = Vec::new();
        for action in content.actions.iter().filter(|action| !action.is_system) {
            let connector = action
                .connector
                .as_ref()
                .and_then(|id| self.connectors.get(id));
            if let Some(connector) = connector.filter(|connector| connector.is_missing_secrets)
                && !names.contains(&&*connector.name)
            {
                names.push(&*connector.name);
            }
        }
        names
    }
}
