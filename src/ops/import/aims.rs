//! What is to become of each line, given what the space holds?

use super::super::model::{Outcome, Overwrite};
use super::inventory::{Inventory, Listed, What, Word};
use super::pace::Pace;
use super::view::{Seen, View, indices};
use crate::record::{Kind, Namespace};
use crate::schema::Target;

/// How an import is to be done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Terms {
    /// What it may replace.
    pub overwrite: Overwrite,
    /// Whether rules go though a list or an item that they need does not arrive.
    pub allow_missing_exceptions: bool,
    /// Whether the items of a list that is overwritten are changed one by one, so that none is missing for a moment.
    pub items_in_place: bool,
}

/// What is to become of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Aim {
    /// It is sent, and is new.
    Create,
    /// It is sent, and replaces what is there.
    Overwrite,
    /// It is there already.
    Unchanged,
    /// Its key is there with something else, and may not be replaced.
    Conflict,
    /// It is never sent; why.
    Refused(Box<str>),
    /// It is not sent, to keep a rule from running without what it needs; why.
    HeldBack(Box<str>),
    /// It is no record of its own: the line that closes an export.
    None,
}

impl Aim {
    /// Whether the line is to be sent.
    pub fn is_sent(&self) -> bool {
        matches!(self, Self::Create | Self::Overwrite)
    }

    /// The outcome, if all goes as it should.
    pub fn outcome(&self) -> Option<Outcome> {
        Some(match self {
            Self::Create => Outcome::Created,
            Self::Overwrite => Outcome::Overwritten,
            Self::Unchanged => Outcome::Unchanged,
            Self::Conflict => Outcome::Conflict,
            Self::Refused(_) => Outcome::Refused,
            Self::HeldBack(_) => Outcome::HeldBack,
            Self::None => return None,
        })
    }
}

/// The `list_id` of the endpoint exception list, which Kibana makes by itself and no export of rules carries.
pub(super) const ENDPOINT_LIST: &str = "endpoint_list";

/// What is to become of each line, by its index.
pub fn aims(bundle: &Inventory, view: &View, terms: Terms) -> Vec<Aim> {
    let mut aims: Vec<Aim> = indices(bundle)
        .map(|index| aim(bundle, view, index, terms))
        .collect();
    for (number, listed) in numbered(bundle) {
        // Items go with their list where it is replaced: what the bundle lacks is then removed.
        if let Some(line) = listed.line
            && aims[line as usize] == Aim::Unchanged
            && is_replaced(bundle, view, number, terms)
        {
            aims[line as usize] = Aim::Overwrite;
        }
    }
    hold(bundle, view, &mut aims, terms, When::Before);
    aims
}

/// The lists of the bundle with their numbers.
pub(super) fn numbered(bundle: &Inventory) -> impl Iterator<Item = (u32, &Listed)> {
    (0_u32..).zip(bundle.lists())
}

/// Whether the list is there, has a line, and is not as the lines have it, so that overwriting replaces it with all its items.
pub(super) fn is_replaced(bundle: &Inventory, view: &View, number: u32, terms: Terms) -> bool {
    let listed = bundle.list(number);
    let (Some(line), Some(stored)) = (listed.line, view.list(number)) else {
        return false;
    };
    let differs = |line: &u32| view.seen(*line) == Seen::Differs;
    terms.overwrite.exceptions
        && (differs(&line) || listed.items.iter().any(differs) || !stored.extra.is_empty())
}

fn aim(bundle: &Inventory, view: &View, index: u32, terms: Terms) -> Aim {
    let entry = bundle.entry(index);
    let overwrite = match entry.what {
        What::Details => return Aim::None,
        What::Unfit(why) => return Aim::Refused(why.into()),
        What::Rule { .. } => terms.overwrite.rules,
        What::List(..) | What::Item(_) => terms.overwrite.exceptions,
        What::Connector(..) => terms.overwrite.connectors,
    };
    if let Some(later) = entry.superseded {
        return Aim::Refused(superseded(bundle, index, later).into());
    }
    if let What::List(number, _) | What::Item(number) = &entry.what
        && bundle.list(*number).is_artifact()
        && !(bundle.is_exceptions_alone() && bundle.target >= Target::IMPORTS_ARTIFACTS)
    {
        let why = "Kibana takes lists of endpoint artifacts from 9.4 on, and only in a bundle without rules and connectors";
        return Aim::Refused(why.into());
    }
    if let What::Item(list) = &entry.what
        && view.list(*list).is_none()
        && bundle.list(*list).line.is_none()
        && !is_endpoint_list(bundle.list(*list))
    {
        let key = &bundle.list(*list).key;
        let why = format!(
            "its list `{}` is neither in the bundle nor in the space",
            key.id.as_str()
        );
        return Aim::Refused(why.into());
    }
    let (_, most) = Pace::unhurried(bundle.target, bundle.is_exceptions_alone()).limits();
    if u64::from(entry.len) >= most && view.seen(index) != Seen::Same {
        let why = format!("it takes {} bytes, more than a request may hold", entry.len);
        return Aim::Refused(why.into());
    }
    match view.seen(index) {
        Seen::Absent => Aim::Create,
        Seen::Same => Aim::Unchanged,
        Seen::Differs if overwrite => Aim::Overwrite,
        Seen::Differs => Aim::Conflict,
    }
}

fn superseded(bundle: &Inventory, index: u32, later: u32) -> String {
    let what = match bundle.entry(index).kind {
        Kind::Rule => "rule with this `rule_id`",
        Kind::ExceptionList => "exception list with this `list_id`",
        Kind::ExceptionItem => "exception item with this `item_id` in this list",
        Kind::Connector | Kind::Details | Kind::Other => "connector with this id",
    };
    let line = bundle.location(later).line;
    format!("there is more than one {what}; the last one, on line {line}, is used")
}

/// Whether lists and items are still to be sent, or are there if they ever will be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::ops) enum When {
    Before,
    After,
}

/// Holds back the rules that would run without a list, an item or, where that keeps all rules out, a connector.
pub(in crate::ops) fn hold(
    bundle: &Inventory,
    view: &View,
    aims: &mut [Aim],
    terms: Terms,
    when: When,
) {
    let problems: Vec<Option<String>> = numbered(bundle)
        .map(|(number, _)| list_problem(bundle, view, aims, number, when))
        .collect();
    let blocks = bundle.target.blocks_on_connectors();
    for index in indices(bundle) {
        let What::Rule {
            lists, connectors, ..
        } = bundle.entry(index).what
        else {
            continue;
        };
        if !aims[index as usize].is_sent() {
            continue;
        }
        let missing_list = lists.iter().find_map(|(number, ty)| {
            let problem = problems[*number as usize].clone();
            problem.or_else(|| wrong_type(bundle, view, aims, (*number, *ty), when))
        });
        let held = missing_list.filter(|_| !terms.allow_missing_exceptions);
        let held = held.or_else(|| {
            let lost = connectors.iter().find(|number| {
                let id = bundle.connector(**number).as_str();
                let line = bundle.connector_line(**number);
                let comes = line.is_some_and(|line| aims[line as usize].is_sent());
                !view.room.leads(id) && !comes
            })?;
            let id = bundle.connector(*lost).as_str();
            blocks.then(|| {
                format!("connector `{id}` is neither in the space nor arrives, and this Kibana then imports no rule of the request")
            })
        });
        if let Some(why) = held {
            aims[index as usize] = Aim::HeldBack(why.into());
        }
    }
}

/// Why a rule that needs this list would run without it, or without an item of it.
fn list_problem(
    bundle: &Inventory,
    view: &View,
    aims: &[Aim],
    number: u32,
    when: When,
) -> Option<String> {
    let listed = bundle.list(number);
    let id = listed.key.id.as_str();
    let comes = |line: u32| when == When::Before && aims[line as usize].is_sent();
    let is_there = view.list(number).is_some() || listed.line.is_some_and(comes);
    if !is_there {
        let is_made = when == When::Before && is_endpoint_list(listed);
        return (!is_made).then(|| format!("list `{id}` is neither in the space nor arrives"));
    }
    if let Some(line) = listed.unfit {
        let line = bundle.location(line).line;
        return Some(format!(
            "line {line}, which belongs to list `{id}`, cannot be imported"
        ));
    }
    let lost = listed.items.iter().find(|&&item| {
        let aim = &aims[item as usize];
        let is_left = matches!(aim, Aim::Conflict);
        let is_met = match view.seen(item) {
            Seen::Same => true,
            Seen::Differs => is_left,
            Seen::Absent => false,
        };
        !is_met && !comes(item)
    })?;
    let item = bundle.entry(*lost).id.unwrap_or_default();
    Some(format!(
        "item `{item}` of list `{id}` is not in the space as the bundle has it"
    ))
}

/// Whether this is the list that Kibana makes when asked to.
pub(super) fn is_endpoint_list(listed: &Listed) -> bool {
    listed.key.id.as_str() == ENDPOINT_LIST && listed.key.namespace == Namespace::Agnostic
}

fn wrong_type(
    bundle: &Inventory,
    view: &View,
    aims: &[Aim],
    (number, ty): (u32, Word),
    when: When,
) -> Option<String> {
    let (listed, ty) = (bundle.list(number), bundle.word(ty));
    let coming = listed
        .line
        .filter(|&line| when == When::Before && aims[line as usize].is_sent())
        .and_then(|line| match bundle.entry(line).what {
            What::List(_, ty) => Some(ty),
            _ => None,
        });
    let found = coming.or_else(|| view.list(number).map(|list| &*list.ty))?;
    (found != ty).then(|| {
        format!(
            "list `{}` is of type `{found}`, and the rule refers to it as `{ty}`: Kibana would remove the reference",
            listed.key.id.as_str()
        )
    })
}

/// Whether what is sent needs the endpoint exception list, and the space has none: Kibana makes it by a route of its own.
pub(in crate::ops) fn needs_endpoint_list(
    bundle: &Inventory,
    view: &View,
    aims: &[Aim],
) -> Option<u32> {
    let (number, listed) = numbered(bundle).find(|(_, listed)| is_endpoint_list(listed))?;
    let is_sent = |line: u32| aims[line as usize].is_sent();
    let refers = |index: u32| match bundle.entry(index).what {
        What::Rule { lists, .. } => lists.iter().any(|(list, _)| *list == number),
        What::Item(list) | What::List(list, _) => list == number,
        _ => false,
    };
    let is_needed = view.list(number).is_none()
        && (listed.line.is_some_and(is_sent)
            || indices(bundle).any(|index| is_sent(index) && refers(index)));
    is_needed.then_some(number)
}
