//! Removes rules that were brought, and reads back what came of it.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use super::{Kept, Mark, Rule};
use crate::bulk::Live;
use crate::error::{Error, ErrorKind, Result};
use crate::json::{Object, quoted};
use crate::kibana::{Client, Space};
use crate::ops::bulk_action::{Answer, Failed, Order};
use crate::ops::find;
use crate::record::{ListKey, Record};

/// How often the space is read at most until what was deleted is gone.
const LOOKS: u32 = 5;
/// The pause between two looks.
const PAUSE: Duration = Duration::from_secs(1);

/// What became of a rule that was to go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// It is gone.
    Removed,
    /// It was left alone.
    Kept(Kept),
    /// It is there, for this reason.
    Failed(Box<str>),
    /// Nobody knows, for this reason.
    Unknown(Box<str>),
}

/// What became of all of them.
#[derive(Debug, Default)]
pub struct Removal {
    /// The rules, in the order in which they were given.
    pub rules: Vec<(Rule, Fate)>,
    /// Lists that no rule of the space refers to any more, and removed ones did.
    pub orphans: Vec<ListKey>,
    /// What ended it early.
    pub error: Option<Error>,
}

/// Removes the rules that are still as they were read, and reads back what came of it.
pub fn remove(client: &Client, space: &Space, mark: &Mark, rules: Vec<Rule>) -> Result<Removal> {
    let now = objects(client, space, mark, &rules)?;
    let is_same = |rule: &Rule| {
        now.get(&rule.id)
            .is_some_and(|it| it.as_ref() == Some(rule))
    };
    let ids: Vec<String> = rules
        .iter()
        .filter(|rule| is_same(rule))
        .map(|rule| rule.id.to_string())
        .collect();
    if ids.is_empty() {
        let kept = |rule| (rule, Fate::Kept(Kept::Changed));
        return Ok(Removal {
            rules: rules.into_iter().map(kept).collect(),
            ..Removal::default()
        });
    }
    let body = format!(r#"{{"action":"delete","ids":[{}]}}"#, quoted(&ids[0]));
    let request = Live::parse(&body)?;
    let order = Order {
        client,
        space,
        request: &request,
        dry_run: false,
        // Spaces go side by side, and Kibana does few of these requests at a time.
        jobs: 1,
        keeps: false,
    };
    let mut answer = order.run(Some(&ids))?;
    let after = looked_for(client, space, mark, (&rules, &ids), &answer);
    let fates = rules.into_iter().map(|rule| {
        let fate = match &after {
            _ if !is_same(&rule) => Fate::Kept(Kept::Changed),
            Ok(after) if !after.contains_key(&rule.id) => Fate::Removed,
            Ok(_) => still_there(&answer, &rule.id),
            Err(error) => Fate::Unknown(error.to_string().into()),
        };
        (rule, fate)
    });
    let mut removal = Removal {
        rules: fates.collect(),
        ..Removal::default()
    };
    removal.error = match (answer.refusal.take(), after) {
        (Some(error), _) | (None, Err(error)) => Some(error),
        (None, Ok(_)) => answer.unknown.pop().map(|unknown| unknown.error),
    };
    if removal.error.is_none() {
        removal.orphans = orphans(client, space, &removal.rules)?;
    }
    Ok(removal)
}

/// What the rules are once those that the server deletes are gone: it may be at work yet, and a search may lag behind it.
fn looked_for(
    client: &Client,
    space: &Space,
    mark: &Mark,
    (rules, ids): (&[Rule], &[String]),
    answer: &Answer,
) -> Result<HashMap<Box<str>, Option<Rule>>> {
    let failed = |id: &String| {
        let mut rules = answer.errors.iter().flat_map(|it| &it.rules);
        answer.unsent.contains(id) || rules.any(|rule| rule.id.as_ref() == Some(id))
    };
    let mut look = 1;
    loop {
        let after = objects(client, space, mark, rules)?;
        let is_awaited = |id: &String| after.contains_key(id.as_str()) && !failed(id);
        if look == LOOKS || !ids.iter().any(is_awaited) {
            return Ok(after);
        }
        look += 1;
        if !client.pause(PAUSE) {
            return Err(ErrorKind::Interrupted.into());
        }
    }
}

/// What these rules are by now, by object id: none where it is no rule of the mark any more.
fn objects(
    client: &Client,
    space: &Space,
    mark: &Mark,
    rules: &[Rule],
) -> Result<HashMap<Box<str>, Option<Rule>>> {
    let mut found = HashMap::new();
    let ids: Vec<&str> = rules.iter().map(|rule| &*rule.rule_id).collect();
    find::rules_of(client, space, &ids, &mut |text| {
        let id = Object::parse(text)
            .ok()
            .and_then(|it| it.str("id").map(Box::from));
        let ours = mark.read(text)?.filter(|(_, kept)| kept.is_none());
        if let Some(id) = id {
            found.insert(id, ours.map(|(rule, _)| rule));
        }
        Ok(())
    })?;
    Ok(found)
}

/// Why a rule is there that was to be deleted.
fn still_there(answer: &Answer, id: &str) -> Fate {
    let names = |it: &&Failed| {
        let mut rules = it.rules.iter();
        rules.any(|rule| rule.id.as_deref() == Some(id))
    };
    if let Some(failed) = answer.errors.iter().find(names) {
        return Fate::Failed(failed.message.as_str().into());
    }
    for unknown in &answer.unknown {
        if unknown.ids.iter().any(|it| it == id) {
            let why = format!("no answer came, and it is there: {}", unknown.error);
            return Fate::Unknown(why.into());
        }
    }
    let is_unsent = answer.unsent.iter().any(|it| it == id);
    match &answer.refusal {
        Some(error) if is_unsent => Fate::Failed(match error.kind() {
            ErrorKind::Interrupted => "the run was interrupted before".into(),
            _ => error.to_string().into(),
        }),
        _ if is_unsent => Fate::Failed("it was not sent, since an answer before was lost".into()),
        _ => Fate::Failed("the server says nothing of it, and it is there".into()),
    }
}

/// The lists that removed rules referred to and no rule does now.
fn orphans(client: &Client, space: &Space, rules: &[(Rule, Fate)]) -> Result<Vec<ListKey>> {
    let removed = rules.iter().filter(|(_, fate)| *fate == Fate::Removed);
    let mut lists: BTreeSet<ListKey> = removed
        .flat_map(|(rule, _)| rule.lists.iter().cloned())
        .filter(|list| !list.id.is_reserved())
        .collect();
    if lists.is_empty() {
        return Ok(Vec::new());
    }
    find::rules(client, space, None, &mut |text| {
        if let Ok(rule) = Record::parse(text, 0) {
            for list in rule.list_references() {
                lists.remove(&list);
            }
        }
        Ok(())
    })?;
    Ok(lists.into_iter().collect())
}
