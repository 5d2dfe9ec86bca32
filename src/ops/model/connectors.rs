//! What does the import make of connectors? The decisions of the importer of saved objects (import-export.md §6.3).

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::answer::{Connectors, Message, Refusal};
use super::ledger::{Ledger, Note, Outcome};
use super::read::ConnectorLine;
use super::server::{Generation, MAX_SAVED_OBJECTS};
use super::{Connector, Halt, Id, Model};

/// Saved objects beside connectors that the importer takes; whether they are there already is not known here.
const OTHERS: [&str; 13] = [
    "canvas-workpad",
    "dashboard",
    "event-annotation-group",
    "graph-workspace",
    "index-pattern",
    "lens",
    "links",
    "map",
    "query",
    "search",
    "tag",
    "url",
    "visualization",
];

/// What an import without connectors answers of them.
pub(super) fn none() -> Connectors {
    Connectors {
        success: true,
        success_count: 0,
        errors: Vec::new(),
        warnings: Vec::new(),
    }
}

/// What the importer made of the lines.
#[derive(Debug)]
pub(super) struct Imported {
    pub(super) told: Connectors,
    /// The id of each connector in the space, by that in the line.
    pub(super) destinations: BTreeMap<Box<str>, Id>,
    /// Whether one of them is another than that in its line.
    pub(super) is_any_moved: bool,
}

/// Where one line goes.
#[derive(Debug)]
enum Decision {
    /// There, with the origin it then has.
    To(Id, Option<Box<str>>),
    Conflict,
    Unsupported,
    LacksReference,
}

/// Imports connectors where they are a step of their own (8.19, 9.1, and later).
pub(super) fn import(
    model: &mut Model,
    lines: &[ConnectorLine],
    overwrite: bool,
    ledger: &mut Ledger,
) -> Result<Connectors, Halt> {
    if lines.is_empty() {
        return Ok(none());
    }
    if !model.server.may_use_connectors {
        let message =
            no_privilege("You may not have actions privileges required to import actions: ");
        for line in lines {
            ledger.refuse(line.place, 403, &message);
        }
        return Ok(Connectors {
            success: false,
            errors: vec![Refusal::unknown(403, message)],
            ..none()
        });
    }
    let all: Vec<&ConnectorLine> = lines.iter().collect();
    Ok(objects(model, &all, overwrite, ledger)?.told)
}

pub(super) fn no_privilege(begin: &str) -> Message {
    Message::Holds(vec![begin.into()])
}

/// The importer of saved objects.
pub(super) fn objects(
    model: &mut Model,
    lines: &[&ConnectorLine],
    overwrite: bool,
    ledger: &mut Ledger,
) -> Result<Imported, Halt> {
    refuse_whole(model, lines)?;
    let importing: HashSet<&str> = lines
        .iter()
        .filter(|line| line.ty.as_deref() == Some("action"))
        .filter_map(|line| line.id.as_deref())
        .collect();
    let decided: Vec<Decision> = lines
        .iter()
        .map(|line| decide(model, line, lines, &importing, overwrite))
        .collect();
    let is_blocked = decided
        .iter()
        .any(|it| matches!(it, Decision::Conflict | Decision::LacksReference));
    let mut told = none();
    told.errors = errors(lines, &decided, ledger);
    told.success = told.errors.is_empty();
    let (mut destinations, mut secretless) = (BTreeMap::new(), 0);
    let mut is_any_moved = false;
    let (mut taken, mut odd) = (Vec::new(), Vec::new());
    for (line, decision) in lines.iter().zip(decided) {
        let Decision::To(target, origin) = decision else {
            continue;
        };
        if let Some((id, list)) = is_removed(model, line, &target).map(|is_taken| {
            (
                line.id.clone(),
                if is_taken { &mut taken } else { &mut odd },
            )
        }) {
            list.push(id.unwrap_or_default());
            let why = "the server removes the connector: its id is that of a preconfigured one, or has other characters than small letters, digits and hyphens, or more than 36";
            ledger.pass_over(line.place, why);
            continue;
        }
        told.success_count += 1;
        let is_connector = line.ty.as_deref() == Some("action");
        secretless += u64::from(is_connector && line.is_missing_secrets);
        is_any_moved |= !matches!((&line.id, &target), (Some(id), Id::Known(to)) if id == to);
        if let Some(id) = &line.id {
            destinations.insert(id.clone(), target.clone());
        }
        if is_blocked {
            let why = "no connector of a request is created where one of them is in conflict";
            ledger.pass_over(line.place, why);
        } else if is_connector {
            create(model, line, target, origin, ledger);
        } else {
            ledger.set(line.place, Outcome::Unknown, None, None);
        }
    }
    told.warnings = warnings(secretless, &taken, &odd);
    Ok(Imported {
        told,
        destinations,
        is_any_moved,
    })
}

/// What fails the importer as a whole.
fn refuse_whole(model: &Model, lines: &[&ConnectorLine]) -> Result<(), Halt> {
    if lines.len() > MAX_SAVED_OBJECTS {
        let text = format!("Can't import more than {MAX_SAVED_OBJECTS} objects");
        return Err(Halt::new(500, Message::Exact(text)));
    }
    let mut seen = BTreeSet::new();
    if !lines.iter().all(|line| seen.insert((&line.ty, &line.id))) {
        let text = "Non-unique import objects detected";
        return Err(Halt::new(500, Message::Holds(vec![text.into()])));
    }
    let newest = |(major, minor, patch): (u64, u64, u64)| {
        let (Ok(small), Ok(smaller)) = (u8::try_from(major), u8::try_from(minor)) else {
            return true;
        };
        (major, minor, patch) > (8, 8, 0)
            && crate::schema::Target::version(small, smaller) > model.server.target
    };
    if lines.iter().any(|line| line.core.is_some_and(newest)) {
        let words = "a connector was written by a newer Kibana than this one";
        return Err(Halt::new(422, Message::Unknown(words.into())));
    }
    Ok(())
}

fn decide(
    model: &mut Model,
    line: &ConnectorLine,
    lines: &[&ConnectorLine],
    importing: &HashSet<&str>,
    overwrite: bool,
) -> Decision {
    let ty = line.ty.as_deref().unwrap_or_default();
    if ty != "action" && !OTHERS.contains(&ty) {
        return Decision::Unsupported;
    }
    let is_in_file = |(ty, id): &(Box<str>, Box<str>)| {
        lines
            .iter()
            .any(|line| line.ty.as_ref() == Some(ty) && line.id.as_ref() == Some(id))
    };
    if !line.wanted.iter().all(is_in_file) {
        return Decision::LacksReference;
    }
    let Some(wanted) = &line.id else {
        return Decision::To(model.new_id(), None);
    };
    let id = Id::Known(wanted.clone());
    if ty != "action" {
        return Decision::To(id, None);
    }
    if let Some(existing) = model.connectors.get(&id) {
        if !overwrite {
            return Decision::Conflict;
        }
        let origin = line.origin.clone().or_else(|| existing.origin.clone());
        return Decision::To(id, origin);
    }
    let origin = line.origin.as_ref().unwrap_or(wanted);
    let is_importing = |id: &Id| matches!(id, Id::Known(id) if importing.contains(&**id));
    let mut matching = model
        .connectors
        .iter()
        .filter(|(id, it)| is_named(id, it, origin) && !is_importing(id));
    match (matching.next(), matching.next()) {
        (Some((id, it)), None) if overwrite => Decision::To(id.clone(), it.origin.clone()),
        (Some(_), _) => Decision::Conflict,
        (None, _) if model.elsewhere.contains(&**wanted) => {
            let origin = Some(origin.clone());
            Decision::To(model.new_id(), origin)
        }
        (None, _) => Decision::To(id, line.origin.clone()),
    }
}

/// Whether this id names the connector: by its own id, or by that of the connector it was made from.
fn is_named(id: &Id, connector: &Connector, name: &str) -> bool {
    matches!(id, Id::Known(id) if **id == *name) || connector.origin.as_deref() == Some(name)
}

fn errors(lines: &[&ConnectorLine], decided: &[Decision], ledger: &mut Ledger) -> Vec<Refusal> {
    // Types first, then references, then what the space is in the way of: the importer looks in that order.
    let stages: [fn(&Decision) -> bool; 3] = [
        |it| matches!(it, Decision::Unsupported),
        |it| matches!(it, Decision::LacksReference),
        |it| matches!(it, Decision::Conflict),
    ];
    let mut errors = Vec::new();
    for is_of_stage in stages {
        for (line, decision) in lines.iter().zip(decided) {
            if !is_of_stage(decision) {
                continue;
            }
            let (status, text) = match decision {
                Decision::Unsupported => (400, "Unsupported SO action type"),
                Decision::LacksReference => (400, "Missing SO references"),
                Decision::Conflict | Decision::To(..) => (409, "Saved Object already exists"),
            };
            let message = Message::Exact(text.into());
            ledger.refuse(line.place, status, &message);
            errors.push(match &line.id {
                Some(id) => Refusal {
                    id: Some(id.clone()),
                    ..Refusal::nameless(status, message)
                },
                None => Refusal::unknown(status, message),
            });
        }
    }
    errors
}

/// Whether the server removes a connector for its id (9.5): true where a preconfigured one has it, false where it is spelt amiss.
fn is_removed(model: &Model, line: &ConnectorLine, target: &Id) -> Option<bool> {
    if model.server.generation() < Generation::G6 || line.ty.as_deref() != Some("action") {
        return None;
    }
    let (Some(id), Id::Known(target)) = (&line.id, target) else {
        return None;
    };
    if id != target {
        return None;
    }
    if model.server.preconfigured.contains(id) {
        return Some(true);
    }
    let is_good = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    let is_odd = id.is_empty() || id.len() > 36 || !id.bytes().all(is_good);
    is_odd.then_some(false)
}

fn create(
    model: &mut Model,
    line: &ConnectorLine,
    target: Id,
    origin: Option<Box<str>>,
    ledger: &mut Ledger,
) {
    let made = Connector {
        origin,
        name: line.name.clone(),
        is_missing_secrets: line.is_missing_secrets,
    };
    let is_new_id = matches!(target, Id::New(_));
    match model.connectors.insert(target, made) {
        Some(before) => {
            ledger.done(line.place, Outcome::Overwritten);
            if !before.is_missing_secrets {
                ledger.note(line.place, Note::LosesSecrets);
            }
        }
        None => ledger.done(line.place, Outcome::Created),
    }
    if line.is_missing_secrets {
        ledger.note(line.place, Note::NeedsSecrets);
    }
    if is_new_id {
        ledger.note(line.place, Note::GetsNewId);
    }
}

fn warnings(secretless: u64, taken: &[Box<str>], odd: &[Box<str>]) -> Vec<Message> {
    let mut warnings = Vec::new();
    if secretless > 0 {
        let subject = match secretless {
            1 => "1 connector has".to_owned(),
            more => format!("{more} connectors have"),
        };
        let text = format!("{subject} sensitive information that require updates.");
        warnings.push(Message::Exact(text));
    }
    for ids in [taken, odd] {
        if !ids.is_empty() {
            let words = format!("removed for their ids: {}", ids.join(", "));
            warnings.push(Message::Unknown(words));
        }
    }
    warnings
}

impl Model {
    /// The connectors of the space that an action's connector id stands for.
    pub(super) fn named(&self, name: &str) -> Vec<&Id> {
        self.connectors
            .iter()
            .filter(|(id, connector)| is_named(id, connector, name))
            .map(|(id, _)| id)
            .collect()
    }
}
