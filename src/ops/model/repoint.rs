//! Which connector does an action go through? Ids in rules are pointed at connectors of the space (import-export.md §6.4).

use std::collections::BTreeMap;

use super::answer::{Message, Refusal};
use super::ledger::{Ledger, Note};
use super::read::{RuleLine, Slot, Unfit};
use super::{Id, Model, connectors};

/// The rules with their actions pointed at the connectors of the space (import-export.md §6.4). What is said of an action whose
/// connector is not told from another stands behind its rule.
pub(super) fn repointed(
    model: &Model,
    rules: Vec<Slot<RuleLine>>,
    ledger: &mut Ledger,
) -> Vec<Slot<RuleLine>> {
    let mut out = Vec::with_capacity(rules.len());
    for slot in rules {
        let mut rule = match slot {
            Ok(rule) if !rule.content.actions.is_empty() => rule,
            other => {
                out.push(other);
                continue;
            }
        };
        let mut told = Vec::new();
        rule.content.actions.retain_mut(|action| {
            let Some(Id::Known(id)) = action.connector.as_ref().filter(|_| !action.is_system)
            else {
                return true;
            };
            match model.named(id).as_slice() {
                [] => true,
                [one] => {
                    action.connector = Some((*one).clone());
                    true
                }
                _ => {
                    told.push(id.clone());
                    false
                }
            }
        });
        let (place, rule_id) = (rule.place, rule.rule_id.clone());
        out.push(Ok(rule));
        if !told.is_empty() {
            let mut words = vec![
                format!("{{\"rule_id\":{}", crate::json::quoted(&rule_id)),
                "\"status_code\":409".to_owned(),
            ];
            for id in told {
                words.push(format!(
                    "Found two action connectors with originId or _id: {id}"
                ));
                ledger.note(place, Note::LosesAction(id));
            }
            let message = Message::Holds(words);
            out.push(Err(Unfit { place, message }));
        }
    }
    out
}

/// The errors among the slots, and the rules.
pub(super) fn unfit(
    rules: Vec<Slot<RuleLine>>,
    ledger: &mut Ledger,
) -> (Vec<Refusal>, Vec<Slot<RuleLine>>) {
    let (mut errors, mut kept) = (Vec::new(), Vec::new());
    // The error about a rule's own action stands behind it, and must not refuse the rule.
    let mut last = None;
    for slot in rules {
        match slot {
            Ok(rule) => {
                last = Some(rule.place);
                kept.push(Ok(rule));
            }
            Err(unfit) => {
                if last != Some(unfit.place) {
                    ledger.refuse(unfit.place, 400, &unfit.message);
                }
                errors.push(Refusal::unknown(400, unfit.message));
            }
        }
    }
    (errors, kept)
}

/// The rules whose connectors are all there, those without actions first; what is said of the others.
pub(super) fn check_connectors(
    model: &Model,
    rules: Vec<Slot<RuleLine>>,
    ledger: &mut Ledger,
) -> (Vec<Slot<RuleLine>>, Vec<Refusal>) {
    let has_actions =
        |slot: &Slot<RuleLine>| matches!(slot, Ok(rule) if !rule.content.actions.is_empty());
    let (with, mut kept): (Vec<_>, Vec<_>) = rules.into_iter().partition(has_actions);
    let mut errors = Vec::new();
    for rule in with.into_iter().flatten() {
        let actions = &rule.content.actions;
        let absent: Vec<&str> = actions
            .iter()
            .filter(|action| !model.has_connector(action.connector.as_ref()))
            .filter_map(|action| match &action.connector {
                Some(Id::Known(id)) => Some(&**id),
                Some(Id::New(_)) | None => None,
            })
            .collect();
        let (status, message) = if !model.server.may_use_connectors {
            let words =
                "You may not have actions privileges required to import rules with actions: ";
            (403, connectors::no_privilege(words))
        } else if absent.is_empty() {
            kept.push(Ok(rule));
            continue;
        } else if model.server.takes_connectors() {
            let text = "Rule actions reference the following missing action IDs: ";
            (404, Message::Exact(format!("{text}{}", absent.join(","))))
        } else {
            let text = format!("connectors are missing: {}", absent.join(", "));
            (404, Message::Unknown(text))
        };
        ledger.refuse(rule.place, status, &message);
        errors.push(Refusal {
            id: rule.id.clone(),
            ..Refusal::of_rule(&rule.rule_id, status, message)
        });
    }
    (kept, errors)
}

/// The rules with every action's connector looked up among those just imported; one that is not there is lost.
pub(super) fn swapped(
    mut rules: Vec<Slot<RuleLine>>,
    destinations: &BTreeMap<Box<str>, Id>,
) -> Vec<Slot<RuleLine>> {
    for rule in rules.iter_mut().flatten() {
        for action in &mut rule.content.actions {
            action.connector = match &action.connector {
                Some(Id::Known(id)) => destinations.get(id).cloned(),
                Some(Id::New(_)) | None => None,
            };
        }
    }
    rules
}
