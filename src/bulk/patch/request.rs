//! The body: an array of partial rules, judged as far as that needs no rule.

use std::borrow::Cow;
use std::collections::HashMap;

use crate::bulk::failure::Failure;
use crate::bulk::value::{Dropped, Value};
use crate::check::{Level, Problem, is_stored, partial};
use crate::error::{Error, Location, PathStep, Result, nearest};
use crate::json::{Object, Raw, ValueKind, quoted};
use crate::schema::Schema;

/// Partial rules in the order of the body.
#[derive(Debug)]
pub struct Request<'t> {
    /// The elements of the array.
    pub elements: Vec<Element<'t>>,
    /// The keys that Kibana drops from any rule without a word.
    pub dropped: Vec<Dropped>,
}

/// A partial rule.
#[derive(Debug)]
pub struct Element<'t> {
    pub(super) value: Value<'t>,
    /// The same value, whose members are found without a search through their text.
    object: Object<'t>,
    /// Which rule it is for, by `id`.
    pub(super) id: Option<String>,
    /// Which rule it is for, by `rule_id`.
    pub(super) rule_id: Option<String>,
    /// Why Kibana refuses it whatever the rule.
    pub(super) refusal: Option<Fault>,
    /// Why Kibana refuses it once it has found the rule, whatever it is.
    pub(super) refusal_of_lists: Option<Fault>,
}

/// Why an element failed, and which of its values is to blame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// What the answer says.
    pub failure: Failure,
    /// The way from the element down; empty when it is the element.
    pub way: Vec<PathStep>,
}

impl Fault {
    /// With this text and status, about the member of the element with this key.
    pub(super) fn of(key: &str, status: u16, message: impl Into<Box<str>>) -> Self {
        Self {
            failure: Failure {
                message: message.into(),
                status,
                code: None,
            },
            way: vec![key.into()],
        }
    }

    /// The same, about the element.
    pub(super) fn whole(status: u16, message: impl Into<Box<str>>) -> Self {
        Self {
            way: Vec::new(),
            ..Self::of("", status, message)
        }
    }
}

impl<'t> Request<'t> {
    /// Reads a body.
    ///
    /// Fails where the route refuses it as a whole: it is no array of objects, or a member that every rule may have does not fit
    /// the schema. What fits some type of rule waits for the rule.
    pub fn parse(text: &'t str) -> Result<Self> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let body = Value::body(text)?;
        if body.raw().kind() != ValueKind::Array {
            return Err(unlike(&body, "an array of partial rules", "array"));
        }
        let mut dropped = Vec::new();
        let mut elements = Vec::new();
        for value in body.elements("an array of partial rules")? {
            elements.push(element(value, &mut dropped)?);
        }
        share_lists(&mut elements);
        Ok(Self { elements, dropped })
    }

    /// The same elements as requests of their own, as PATCH takes them one at a time: what Kibana refuses of several together is
    /// no matter then.
    #[must_use]
    pub fn one_by_one(mut self) -> Self {
        for element in self.elements.chunks_mut(1) {
            share_lists(element);
        }
        self
    }

    /// Whether an action in it needs a new id.
    pub fn makes_ids(&self) -> bool {
        let elements = self.elements.iter();
        let actions = elements.filter_map(|element| element.given("actions"));
        let mut actions = actions.flat_map(Raw::elements);
        actions.any(|action| action.get("uuid").is_none())
    }

    /// The fault of an element as an error: it names the way to the value at fault, its place in the body, which is in `file`, and
    /// the rule, if there is one.
    pub fn error(&self, element: usize, fault: &Fault, file: &str, rule: Option<&str>) -> Error {
        let message = &fault.failure.message;
        let Some(element) = self.elements.get(element) else {
            return Error::refused(message.clone());
        };
        let at = element.value.below(&fault.way);
        let spot = at.spot();
        let location = Location {
            file: file.into(),
            record: rule.map(Into::into),
            ..spot.location().clone()
        };
        let error = Error::refused(format!("`{}`: {message}", at.pointer()));
        spot.blamed(error.at(location))
    }
}

impl Element<'_> {
    /// The element as it was written.
    pub fn text(&self) -> &str {
        self.object.text()
    }

    /// The `id` of the rule that it is for, if that is how it names it.
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// The `rule_id` of the rule that it is for, if that is how it names it.
    pub fn rule_id(&self) -> Option<&str> {
        self.rule_id.as_deref()
    }

    /// The member of the answer that names the rule of an element that failed.
    pub(super) fn named(&self) -> String {
        match (&self.id, &self.rule_id) {
            (Some(id), _) => format!("\"id\":{}", quoted(id)),
            (None, Some(id)) => format!("\"rule_id\":{}", quoted(id)),
            (None, None) => "\"rule_id\":\"(unknown id)\"".into(),
        }
    }

    /// What Kibana says where there is no such rule.
    pub(super) fn missing(&self) -> Fault {
        match (&self.id, &self.rule_id) {
            (Some(id), _) => Fault::of("id", 404, format!("id: \"{id}\" not found")),
            (None, id) => {
                let id = id.as_deref().unwrap_or_default();
                Fault::of("rule_id", 404, format!("rule_id: \"{id}\" not found"))
            }
        }
    }

    /// The member of this name, if it is there and not null.
    pub(super) fn given(&self, key: &str) -> Option<Raw<'_>> {
        self.object.get(key).filter(|value| !value.is_null())
    }

    /// Its keys in order, duplicates included.
    pub(super) fn keys(&self) -> impl Iterator<Item = Cow<'_, str>> {
        self.object.keys()
    }
}

fn element<'t>(value: Value<'t>, dropped: &mut Vec<Dropped>) -> Result<Element<'t>> {
    let raw = value.raw();
    if raw.kind() != ValueKind::Object {
        return Err(unlike(&value, "an object", "object"));
    }
    let object = Object::parse(raw.text())?;
    let text = |key: &str| object.str(key).map(String::from);
    // With a type only one of the schemas fits, so that all members are judged at once.
    let ty = text("type").filter(|name| Schema::get().rule(name).is_some());
    let problems = partial(raw, ty.as_deref());
    let (faults, drops): (Vec<_>, Vec<_>) = problems
        .into_iter()
        .partition(|problem| problem.level == Level::Error);
    if let Some(fault) = faults.first() {
        return Err(refused(&value, fault, faults.len()));
    }
    dropped.extend(drops.iter().map(|problem| drop_of(&value, problem)));
    let mut element = Element {
        id: text("id"),
        rule_id: text("rule_id"),
        refusal: None,
        refusal_of_lists: None,
        value,
        object,
    };
    element.refusal = refusal(&element);
    Ok(element)
}

/// The refusal of a value that is not even of the right type.
fn unlike(value: &Value<'_>, expected: &str, wanted: &str) -> Error {
    let name = match value.pointer() {
        pointer if pointer.is_empty() => "the request".to_owned(),
        pointer => format!("`{pointer}`"),
    };
    let found = value.raw().kind();
    let got = found.article().trim_start_matches("an ");
    let got = got.trim_start_matches("a ");
    let place = value.pointer().replacen('/', "", 1);
    let place = if place.is_empty() {
        place
    } else {
        format!("{place}: ")
    };
    value.refused(
        format!(
            "{name} must be {expected}, found {} (Kibana: `[request body]: {place}Expected {wanted}, received {got}`)",
            found.article()
        ),
        None,
    )
}

/// The refusal of the whole request for a fault in one element.
fn refused(element: &Value<'_>, fault: &Problem, faults: usize) -> Error {
    let at = element.below(&fault.pointer);
    let name = element.pointer();
    let kibana = fault.kibana.as_ref().map(|text| {
        let index = name.trim_start_matches('/');
        format!(" (Kibana: `[request body]: {index}.{text}`)")
    });
    let more = match faults {
        1 => String::new(),
        faults => format!("; `{name}` has {faults} faults"),
    };
    let message = format!(
        "`{}`: {}{}{more}",
        at.pointer(),
        fault.message,
        kibana.unwrap_or_default()
    );
    // Of an import's `id` nothing matters; here it says which rule is meant.
    let is_id = matches!(fault.pointer.as_slice(), [PathStep::Key(key)] if **key == *"id");
    let hint = if is_id {
        Some("name the rule by its `rule_id`, or by the `id` that its export has")
    } else {
        fault.hint.as_deref()
    };
    at.refused(message, hint)
}

/// A key that no rule has, or that rules of the given type do not have.
fn drop_of(element: &Value<'_>, problem: &Problem) -> Dropped {
    let nearest = match problem.pointer.as_slice() {
        [PathStep::Key(key)] => {
            let shapes = Schema::get().rule_types();
            let fields = shapes.flat_map(|(_, shape)| shape.fields.iter().map(|field| field.name));
            let fields: Vec<&'static str> = fields.filter(|name| !is_stored(name)).collect();
            let near = nearest(key, fields.iter().copied());
            fields.into_iter().find(|name| near == Some(*name))
        }
        _ => None,
    };
    Dropped {
        pointer: element.below(&problem.pointer).pointer().into(),
        nearest,
    }
}

/// What PATCH checks beside its schema.
fn refusal(element: &Element<'_>) -> Option<Fault> {
    let mut texts: Vec<(&str, String)> = Vec::new();
    match (&element.id, &element.rule_id) {
        (Some(_), Some(_)) => texts.push((
            "rule_id",
            "both \"id\" and \"rule_id\" cannot exist, choose one or the other".into(),
        )),
        (None, None) => texts.push(("", "either \"id\" or \"rule_id\" must be set".into())),
        _ => {}
    }
    for (one, other) in [
        ("timeline_id", "timeline_title"),
        ("timeline_title", "timeline_id"),
    ] {
        let Some(value) = element.given(one) else {
            continue;
        };
        if element.given(other).is_none() {
            let text = format!("when \"{one}\" exists, \"{other}\" must also exist");
            texts.push((one, text));
        } else if value.as_str().as_deref() == Some("") {
            texts.push((one, format!("\"{one}\" cannot be an empty string")));
        }
    }
    let (key, _) = texts.first()?;
    let all: Vec<&str> = texts.iter().map(|(_, text)| text.as_str()).collect();
    let fault = Fault::of(key, 400, all.join(","));
    Some(match *key {
        "" => Fault {
            way: Vec::new(),
            ..fault
        },
        _ => fault,
    })
}

/// Refuses what Kibana refuses about lists that are a rule's own: two for one rule, and one for two rules of the request.
fn share_lists(elements: &mut [Element<'_>]) {
    let own = |element: &Element<'_>| -> Vec<String> {
        let references = element.given("exceptions_list").into_iter();
        let text = |raw: Raw<'_>, key: &str| raw.get(key).and_then(Raw::as_str).map(String::from);
        references
            .flat_map(Raw::elements)
            .filter(|list| text(*list, "type").as_deref() == Some("rule_default"))
            .map(|list| text(list, "id").unwrap_or_default())
            .collect()
    };
    let mut uses: HashMap<String, usize> = HashMap::new();
    for id in elements.iter().flat_map(own) {
        *uses.entry(id).or_default() += 1;
    }
    for element in elements {
        let lists = own(element);
        let twice: Vec<&str> = lists
            .iter()
            .filter(|id| uses.get(*id).is_some_and(|uses| *uses > 1))
            .map(String::as_str)
            .collect();
        let rule = element.id.as_ref().or(element.rule_id.as_ref());
        element.refusal_of_lists = if twice.is_empty() {
            let text = "More than one default exception list found on rule";
            (lists.len() > 1).then(|| Fault::of("exceptions_list", 400, text))
        } else {
            let text = format!(
                "default exceptions list {} for rule {} is duplicated",
                twice.join(", "),
                rule.map_or("(unknown id)", |id| id)
            );
            Some(Fault::of("exceptions_list", 409, text))
        };
    }
}
