//! What does a record say once it is stored? Lines and stored records in one form, so that they can be compared.
//!
//! Keys that the server drops are gone, defaults are filled in, and what it makes by itself is left out. Two records of one
//! content are the same to an overwriting import.

use std::borrow::Cow;

use super::Id;
use crate::bundle::{Fields, Fingerprint, fingerprint};
use crate::json::{Raw, ValueKind, quoted};
use crate::record::{Kind, ListKey, Namespace, Record, is_system_connector};
use crate::schema::{Field, Schema, Shape, Spec, Target, Within};

/// What a rule says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// All but the members below; none if it is not known.
    pub rest: Option<Fingerprint>,
    /// `enabled`, if it is there.
    pub enabled: Option<bool>,
    /// `version`, if it is there.
    pub version: Option<u64>,
    /// `actions`, system actions last.
    pub actions: Vec<Action>,
    /// `exceptions_list`.
    pub references: Vec<Reference>,
}

/// One of a rule's actions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Action {
    /// Its place in the line.
    pub index: usize,
    /// The connector it goes through; none if the import lost it.
    pub connector: Option<Id>,
    /// Whether that is one of Kibana's own.
    pub is_system: bool,
    /// Whether it has a `group`, which other actions must have.
    pub has_group: bool,
    /// Its own id; none if the server is to make one.
    pub uuid: Option<Box<str>>,
    /// What else it says; none without `uuid`, since the server then makes one.
    pub print: Option<Fingerprint>,
}

/// A rule's reference to an exception list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// The list.
    pub list: ListKey,
    /// The type that the rule says it has.
    pub ty: Box<str>,
    /// The list's object id.
    pub id: Option<Id>,
}

/// Members of a rule that are kept apart, or that no stored rule has.
const APART: [&str; 9] = [
    "rule_id",
    "enabled",
    "version",
    "actions",
    "exceptions_list",
    "throttle",
    "outcome",
    "alias_target_id",
    "alias_purpose",
];

impl Content {
    /// The content of a rule; none if its type is not known.
    pub fn of(rule: &Record<'_>, target: Target) -> Option<Self> {
        let ty = rule.str("type")?;
        let shape = Schema::get().rule(&ty)?;
        let rest = print(shape, is_in_rule, target, |field| {
            member(rule, &ty, field, target)
        });
        let (plain, system): (Vec<Action>, Vec<Action>) =
            actions(rule, target).partition(|action| !action.is_system);
        Some(Self {
            rest,
            enabled: rule.get("enabled").and_then(Raw::as_bool),
            version: rule.get("version").and_then(whole),
            actions: [plain, system].concat(),
            references: references(rule).collect(),
        })
    }

    /// Whether a rule of this content can be told to be the same as one stored.
    pub(super) fn is_same(&self, stored: &Self) -> bool {
        let is_known = self.rest.is_some() && self.actions.iter().all(|it| it.print.is_some());
        let same = |(ours, theirs): (&Action, &Action)| {
            ours.connector == theirs.connector && ours.print == theirs.print
        };
        is_known
            && self.rest == stored.rest
            && self.enabled == stored.enabled
            && self.version == stored.version
            && self.references == stored.references
            && self.actions.len() == stored.actions.len()
            && self.actions.iter().zip(&stored.actions).all(same)
    }
}

/// Whether an import writes this member of a rule, those apart left out.
pub(super) fn is_in_rule(field: &Field) -> bool {
    !field.server && !APART.contains(&field.name)
}

/// Whether an overwriting import changes this member of a list.
pub(super) fn is_in_list(field: &Field) -> bool {
    ["description", "meta", "name", "tags", "type"].contains(&field.name)
}

/// Whether an import writes this member of an item.
pub(super) fn is_in_item(field: &Field) -> bool {
    !field.server && !["item_id", "list_id", "namespace_type"].contains(&field.name)
}

/// The number as a count, if it is one.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "whole and not negative"
)]
pub(super) fn whole(value: Raw<'_>) -> Option<u64> {
    let number = value.as_f64()?;
    (number.fract() == 0.0 && (0.0..9e15).contains(&number)).then_some(number as u64)
}

/// What an overwriting import changes of a list.
pub(super) fn of_list(list: &Record<'_>, target: Target) -> Option<Fingerprint> {
    let shape = Schema::get().kind(Kind::ExceptionList)?;
    print(shape, is_in_list, target, |field| {
        plain(list, field, target)
    })
}

/// What counts of an item: what an import writes.
pub(super) fn of_item(item: &Record<'_>, target: Target) -> Option<Fingerprint> {
    let shape = Schema::get().kind(Kind::ExceptionItem)?;
    print(shape, is_in_item, target, |field| {
        if field.name != "comments" {
            return plain(item, field, target);
        }
        let texts: Vec<&str> = comments(item)
            .map(|comment| comment.get("comment").map_or("null", Raw::text))
            .collect();
        Some(format!("[{}]", texts.join(",")))
    })
}

/// The comments of an item that are objects.
pub(super) fn comments<'r>(item: &'r Record<'_>) -> impl Iterator<Item = Raw<'r>> {
    item.get("comments").into_iter().flat_map(Raw::elements)
}

/// Fingerprint of the members that `value` gives for the fields that count.
fn print(
    shape: &Shape,
    is_told: impl Fn(&Field) -> bool,
    target: Target,
    value: impl Fn(&Field) -> Option<String>,
) -> Option<Fingerprint> {
    let mut text = String::from("{");
    for field in shape.fields.iter().filter(|field| is_told(field)) {
        if field.since.is_some_and(|since| since.is_after(target)) {
            continue;
        }
        if let Some(value) = value(field) {
            push_member(&mut text, field.name, &value);
        }
    }
    text.push('}');
    let record = Record::parse(&text, 0).ok()?;
    Some(fingerprint(&record, Fields::All))
}

pub(super) fn push_member(text: &mut String, key: &str, value: &str) {
    if !text.ends_with('{') {
        text.push(',');
    }
    text.push_str(&quoted(key));
    text.push(':');
    text.push_str(value);
}

/// The member, or its default.
pub(super) fn plain(record: &Record<'_>, field: &Field, target: Target) -> Option<String> {
    match record.get(field.name).filter(|value| !value.is_null()) {
        Some(value) => Some(cleaned(&field.value, value, target)),
        None => field.default.as_ref().map(ToString::to_string),
    }
}

/// A rule's member as it is stored.
pub(super) fn member(rule: &Record<'_>, ty: &str, field: &Field, target: Target) -> Option<String> {
    let value = rule.get(field.name);
    match (field.name, value) {
        ("investigation_fields", Some(names)) if names.kind() == ValueKind::Array => names
            .elements()
            .next()
            .map(|_| format!("{{\"field_names\":{}}}", names.text())),
        ("required_fields", Some(fields)) => {
            let without = |field: Raw<'_>| object(field, |key| key == "name" || key == "type");
            let fields: Vec<String> = fields.elements().map(without).collect();
            Some(format!("[{}]", fields.join(",")))
        }
        ("machine_learning_job_id", Some(id)) if id.kind() == ValueKind::String => {
            Some(format!("[{}]", id.text()))
        }
        ("threshold", Some(threshold)) => {
            let text = cleaned(&field.value, threshold, target);
            Some(fields_of_threshold(&text).unwrap_or(text))
        }
        ("alert_suppression", Some(suppression)) if ty == "threshold" => {
            let duration = suppression.get("duration").filter(|it| !it.is_null())?;
            Some(format!("{{\"duration\":{}}}", duration.text()))
        }
        _ => plain(rule, field, target),
    }
}

/// `threshold` with `field` as an array, if it is a string.
fn fields_of_threshold(text: &str) -> Option<String> {
    let threshold = Raw::parse(text).ok()?;
    let field = threshold.get("field")?.as_str()?;
    let mut out = object(threshold, |key| key != "field");
    out.pop();
    let names = if field.is_empty() {
        "[]".to_owned()
    } else {
        format!("[{}]", quoted(&field))
    };
    push_member(&mut out, "field", &names);
    Some(out + "}")
}

/// The object with these members alone.
fn object(value: Raw<'_>, is_kept: impl Fn(&str) -> bool) -> String {
    let mut text = String::from("{");
    for (key, value) in value.members().filter(|(key, _)| is_kept(key)) {
        push_member(&mut text, &key, value.text());
    }
    text + "}"
}

/// The value without what the server drops.
fn cleaned(spec: &Spec, value: Raw<'_>, target: Target) -> String {
    match (value.kind(), &spec.items, &spec.within) {
        (ValueKind::Array, Some(items), _) => {
            let elements: Vec<String> = value
                .elements()
                .map(|element| cleaned(items, element, target))
                .collect();
            format!("[{}]", elements.join(","))
        }
        (ValueKind::Object, _, Some(within)) => within_object(within, value, target),
        _ => value.text().into(),
    }
}

fn within_object(within: &Within, value: Raw<'_>, target: Target) -> String {
    let schema = Schema::get();
    let shape = match within {
        Within::Shape(id) => schema.shape(*id),
        Within::OneOf { by, variants } => {
            let name = value.get(by).and_then(Raw::as_str);
            let variant = variants
                .iter()
                .find(|(variant, _)| name.as_deref() == Some(*variant));
            match variant {
                Some((_, id)) => schema.shape(*id),
                None => return value.text().into(),
            }
        }
        Within::Members(id) => {
            let shape = schema.shape(*id);
            let mut text = String::from("{");
            for (key, value) in value.members() {
                push_member(&mut text, &key, &shaped(shape, value, target));
            }
            return text + "}";
        }
    };
    shaped(shape, value, target)
}

fn shaped(shape: &Shape, value: Raw<'_>, target: Target) -> String {
    let mut text = String::from("{");
    for field in &shape.fields {
        let is_newer = field.since.is_some_and(|since| since.is_after(target));
        if let Some(value) = value.get(field.name).filter(|_| !is_newer) {
            push_member(&mut text, field.name, &cleaned(&field.value, value, target));
        }
    }
    text + "}"
}

fn actions<'r>(rule: &'r Record<'_>, target: Target) -> impl Iterator<Item = Action> + 'r {
    let throttle = rule.str("throttle");
    rule.get("actions")
        .into_iter()
        .flat_map(Raw::elements)
        .enumerate()
        .map(move |(index, action)| self::action(index, action, throttle.as_deref(), target))
}

fn action(index: usize, action: Raw<'_>, throttle: Option<&str>, target: Target) -> Action {
    let id = action.get("id").and_then(Raw::as_str).unwrap_or_default();
    let is_system = is_system_connector(&id);
    let text = action_text(action, throttle, target, true);
    let uuid = action.get("uuid").and_then(Raw::as_str);
    let print = uuid
        .as_ref()
        .and_then(|_| Record::parse(&text, 0).ok())
        .map(|record| fingerprint(&record, Fields::All));
    Action {
        index,
        connector: Some(Id::from(&*id)),
        is_system,
        has_group: action.get("group").is_some(),
        uuid: uuid.map(Cow::into),
        print,
    }
}

/// What an action says beside the connector that it goes through, its `uuid` if that is wanted.
pub(super) fn action_text(
    action: Raw<'_>,
    throttle: Option<&str>,
    target: Target,
    with_uuid: bool,
) -> String {
    let id = action.get("id").and_then(Raw::as_str).unwrap_or_default();
    let is_system = is_system_connector(&id);
    let mut text = object(action, |key| match key {
        "params" => true,
        "uuid" => with_uuid,
        "group" | "alerts_filter" => !is_system,
        _ => false,
    });
    text.pop();
    if !is_system && target >= Target::version(8, 8) {
        let given = action.get("frequency").filter(|it| !it.is_null());
        let frequency = match given {
            Some(frequency) => {
                let known = |key: &str| matches!(key, "summary" | "notifyWhen" | "throttle");
                Cow::Owned(object(frequency, known))
            }
            None => Cow::Owned(frequency_of(throttle)),
        };
        push_member(&mut text, "frequency", &frequency);
    }
    text.push('}');
    text
}

/// The frequency that an action without one gets (import-export.md §2.4).
fn frequency_of(throttle: Option<&str>) -> String {
    match throttle.filter(|text| !matches!(*text, "rule" | "no_actions")) {
        Some(throttle) => format!(
            r#"{{"summary":true,"notifyWhen":"onThrottleInterval","throttle":{}}}"#,
            quoted(throttle)
        ),
        None => r#"{"summary":true,"notifyWhen":"onActiveAlert","throttle":null}"#.into(),
    }
}

pub(super) fn references<'r>(rule: &'r Record<'_>) -> impl Iterator<Item = Reference> + 'r {
    let lists = rule.get("exceptions_list");
    lists.into_iter().flat_map(Raw::elements).map(|reference| {
        let text = |key: &str| reference.get(key).and_then(Raw::as_str);
        Reference {
            list: ListKey {
                id: text("list_id").unwrap_or_default().into(),
                namespace: Namespace::of(text("namespace_type").as_deref()),
            },
            ty: text("type").unwrap_or_default().into(),
            id: text("id").map(|id| Id::from(&*id)),
        }
    })
}
