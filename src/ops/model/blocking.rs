//! What does the import make of connectors where they come before rules, and one that fails keeps every rule out? (8.7 to 8.18, 9.0)

use super::answer::{Connectors, Message, NEW_ID, Refusal};
use super::connectors::{Imported, no_privilege, none, objects};
use super::ledger::Ledger;
use super::read::{ConnectorLine, RuleLine, Slot};
use super::{Id, Model};

/// Who uses a connector: its id, and the rules, in the order of the lines.
type User<'r> = (&'r Id, Vec<&'r str>);

/// Imports the connectors that rules need; with an error, no rule is imported (import-export.md §3.6).
pub(super) fn import(
    model: &mut Model,
    lines: &[ConnectorLine],
    rules: &[Slot<RuleLine>],
    overwrite: bool,
    ledger: &mut Ledger,
) -> Imported {
    let told = |told: Connectors| Imported {
        told,
        destinations: std::collections::BTreeMap::new(),
        is_any_moved: false,
    };
    let users = users(rules);
    if users.is_empty() {
        return told(none());
    }
    if !model.server.may_use_connectors {
        let words = "You may not have actions privileges required to import rules with actions: ";
        return told(failed(Refusal::unknown(403, no_privilege(words))));
    }
    if overwrite && lines.is_empty() {
        return told(failed(missing(&users)));
    }
    let mut chosen: Vec<&ConnectorLine> = lines.iter().collect();
    if !overwrite {
        let new: Vec<&User<'_>> = users
            .iter()
            .filter(|(id, _)| !model.has_connector(Some(id)))
            .collect();
        let is_in_file = |id: &Id| {
            let is =
                |line: &&ConnectorLine| matches!(id, Id::Known(id) if line.id.as_ref() == Some(id));
            lines.iter().find(is).is_some()
        };
        if lines.len() < new.len() {
            let absent: Vec<User<'_>> = new
                .iter()
                .filter(|(id, _)| !is_in_file(id))
                .map(|user| (*user).clone())
                .collect();
            return told(if absent.is_empty() {
                none()
            } else {
                failed(missing(&absent))
            });
        }
        let is_new = |line: &&ConnectorLine| {
            new.iter()
                .any(|user| matches!(user.0, Id::Known(id) if line.id.as_ref() == Some(id)))
        };
        for line in lines.iter().filter(|line| !is_new(line)) {
            ledger.pass_over(
                line.place,
                "no rule of the request needs it, or it is there already",
            );
        }
        chosen.retain(is_new);
    }
    if chosen.is_empty() {
        return told(none());
    }
    match objects(model, &chosen, overwrite, ledger) {
        Ok(mut imported) => {
            // The server has its own words for these, which are not known.
            for error in &mut imported.told.errors {
                let words = format!(
                    "connector `{}` is not imported: {}",
                    error.id.as_deref().unwrap_or_default(),
                    error.message.text()
                );
                *error = Refusal::unknown(500, Message::Unknown(words));
            }
            imported
        }
        Err(halt) => told(failed(Refusal::unknown(500, halt.message))),
    }
}

fn users(rules: &[Slot<RuleLine>]) -> Vec<User<'_>> {
    let mut users: Vec<User<'_>> = Vec::new();
    let mut places = std::collections::HashMap::new();
    for rule in rules.iter().flatten() {
        for id in rule
            .content
            .actions
            .iter()
            .filter_map(|it| it.connector.as_ref())
        {
            let at = *places.entry(id).or_insert_with(|| {
                users.push((id, Vec::new()));
                users.len() - 1
            });
            users[at].1.push(&rule.rule_id);
        }
    }
    users
}

fn failed(refusal: Refusal) -> Connectors {
    Connectors {
        success: false,
        errors: vec![refusal],
        ..none()
    }
}

fn missing(users: &[User<'_>]) -> Refusal {
    let ids: Vec<&str> = users
        .iter()
        .map(|(id, _)| match id {
            Id::Known(id) => &**id,
            Id::New(_) => NEW_ID,
        })
        .collect();
    let mut rules: Vec<&str> = Vec::new();
    for rule in users.iter().flat_map(|(_, rules)| rules) {
        if !rules.contains(rule) {
            rules.push(rule);
        }
    }
    let text = if ids.len() > 1 {
        "connectors are missing. Connector ids missing are:"
    } else {
        "connector is missing. Connector id missing is:"
    };
    let message = format!("{} {text} {}", ids.len(), ids.join(", "));
    let message = if message.contains(NEW_ID) {
        Message::Holds(message.split(NEW_ID).map(str::to_owned).collect())
    } else {
        Message::Exact(message)
    };
    Refusal {
        id: Some(ids.join(",").into()),
        rule_id: Some(rules.join(",").into()),
        ..Refusal::nameless(404, message)
    }
}
