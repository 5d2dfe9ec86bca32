//! What of a record does the target not know? Walks it by the schema and takes that out.
//!
//! What cannot stay goes at the nearest place that may do without it: an optional member, an element of an array, the record.

use crate::error::{PathStep, Result};
use crate::json::{Object, Raw, ValueKind, Verdict};
use crate::record::{Effect, Note};
use crate::schema::{Export, Field, Import, Schema, Shape, Since, Spec, Target, Unknown, Within};

/// The walk through one record, and what was done on it.
#[derive(Debug)]
pub(super) struct Walk {
    pub(super) schema: &'static Schema,
    pub(super) target: Target,
    at: Vec<PathStep>,
    notes: Vec<Note>,
}

/// Whether a value, once converted, can be there.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fit {
    /// It can.
    Fits,
    /// It cannot, and what it is part of is better off without it.
    Unfit(String),
    /// It cannot, and without it the record would mean something else.
    Alters(String),
}

/// As in "known since about 8.4".
pub(super) fn known(since: Since) -> String {
    format!("known since {since}")
}

/// A value as a note shows it.
fn short(json: &str) -> Box<str> {
    const LONGEST: usize = 100;
    match json.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &json[..end]).into(),
        None => json.into(),
    }
}

impl Walk {
    pub(super) fn new(target: Target) -> Self {
        Self {
            schema: Schema::get(),
            target,
            at: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// What was noted, in the order in which it was met.
    pub(super) fn finish(self) -> Vec<Note> {
        self.notes
    }

    /// The version, if the target came before it.
    pub(super) fn newer(&self, since: Option<Since>) -> Option<Since> {
        since.filter(|since| since.is_after(self.target))
    }

    /// Notes what became of the value at this place of the record.
    pub(super) fn note_at(
        &mut self,
        pointer: &[PathStep],
        effect: Effect,
        json: &str,
        why: impl Into<Box<str>>,
    ) {
        self.notes.push(Note::Converted {
            effect,
            pointer: pointer.into(),
            value: short(json),
            why: why.into(),
        });
    }

    fn note(&mut self, effect: Effect, json: &str, why: impl Into<Box<str>>) {
        let pointer = self.at.clone();
        self.note_at(&pointer, effect, json, why);
    }

    /// Converts an object of this shape.
    pub(super) fn object(&mut self, shape: &'static Shape, object: &mut Object<'_>) -> Result<Fit> {
        let mut concerned: Vec<(String, Option<&'static Field>)> = Vec::new();
        for (key, _) in object.members() {
            let field = shape.field(&key);
            let is_concerned = match field {
                Some(field) => self.concerns_field(field),
                None => self.refuses_unknown(shape),
            };
            if is_concerned && concerned.iter().all(|(known, _)| *known != key) {
                concerned.push((key.into_owned(), field));
            }
        }
        for (key, field) in concerned {
            self.at.push(PathStep::from(&*key));
            let fit = match field {
                Some(field) => self.member(field, object)?,
                None => self.unknown(object, &key),
            };
            self.at.pop();
            if fit != Fit::Fits {
                return Ok(fit);
            }
        }
        Ok(Fit::Fits)
    }

    /// Takes out a key that no Kibana knows, or none on a rule of this type.
    fn unknown(&mut self, object: &mut Object<'_>, key: &str) -> Fit {
        if let Some(value) = object.get(key) {
            let types: Vec<_> = self.schema.types_with(key).collect();
            let whose = if self.at.len() > 1 || types.is_empty() {
                "Kibana knows no such key".to_owned()
            } else {
                format!("the key belongs to rules of type `{}`", types.join("`, `"))
            };
            let why = format!("{whose}, and before about 8.10 refuses the rule for it");
            self.note(Effect::Lost, value.text(), why);
            object.remove(key);
        }
        Fit::Fits
    }

    fn member(&mut self, field: &'static Field, object: &mut Object<'_>) -> Result<Fit> {
        let name = field.name;
        let Some(value) = object.get(name) else {
            return Ok(Fit::Fits);
        };
        if let Some(since) = self.newer(field.since) {
            let is_default = is_default(field, value);
            if field.vital && !is_default {
                let known = known(since);
                return Ok(Fit::Alters(format!(
                    "`{name}` is {known}, and without it the record would mean something else"
                )));
            }
            let is_missed = !(is_default || field.server || field.import == Import::Ignored);
            let effect = if is_missed {
                Effect::Lost
            } else {
                Effect::Cleared
            };
            self.note(effect, value.text(), known(since));
            object.remove(name);
        } else if self.is_never_in_files(field) {
            self.note(Effect::Cleared, value.text(), "no export has it");
            object.remove(name);
        } else if let Some(since) = self.newer(field.object_since) {
            self.names(since, object, name);
        } else {
            return self.value_of(field, object);
        }
        Ok(Fit::Fits)
    }

    /// Makes an object of names the array it was before.
    fn names(&mut self, since: Since, object: &mut Object<'_>, key: &str) {
        let Some(value) = object.get(key).filter(|it| it.kind() == ValueKind::Object) else {
            return;
        };
        let names = value.get("field_names");
        let Some(names) = names.filter(|names| names.kind() == ValueKind::Array) else {
            return;
        };
        let names: Box<str> = names.text().into();
        let why = format!("it is an object since {since}, and becomes an array");
        self.note(Effect::Changed, value.text(), why);
        object.set(key, names);
    }

    /// Converts what is within a member, and removes the member if it cannot stay and need not.
    fn value_of(&mut self, field: &'static Field, object: &mut Object<'_>) -> Result<Fit> {
        let (name, before) = (field.name, self.notes.len());
        let fit = self.value(&field.value, object, name)?;
        let Fit::Unfit(why) = fit else { return Ok(fit) };
        if field.is_required() {
            return Ok(Fit::Unfit(why));
        }
        self.notes.truncate(before);
        if let Some(value) = object.get(name) {
            self.note(Effect::Lost, value.text(), why);
        }
        object.remove(name);
        Ok(Fit::Fits)
    }

    fn value(&mut self, spec: &'static Spec, object: &mut Object<'_>, key: &str) -> Result<Fit> {
        let Some(value) = object.get(key) else {
            return Ok(Fit::Fits);
        };
        match value.kind() {
            ValueKind::String => Ok(self.choice(spec, value)),
            ValueKind::Object => {
                let Some(within) = &spec.within else {
                    return Ok(Fit::Fits);
                };
                let mut fit = Fit::Fits;
                object.edit(key, |inner| {
                    fit = self.within(within, inner)?;
                    Ok(())
                })?;
                Ok(fit)
            }
            ValueKind::Array => {
                let within = spec
                    .items
                    .as_deref()
                    .and_then(|items| items.within.as_ref());
                // What is no object is wrong for any Kibana, and stays for `check` to tell.
                let are_objects = value.elements().all(|it| it.kind() == ValueKind::Object);
                match within.filter(|_| are_objects) {
                    Some(within) => self.elements(spec, within, object, key),
                    None => Ok(Fit::Fits),
                }
            }
            ValueKind::Null | ValueKind::Boolean | ValueKind::Number => Ok(Fit::Fits),
        }
    }

    fn choice(&self, spec: &'static Spec, value: Raw<'_>) -> Fit {
        let text = value.as_str().unwrap_or_default();
        let choice = spec.choice(&text);
        match choice.and_then(|choice| self.newer(choice.since)) {
            Some(since) => Fit::Unfit(format!("`{text}` is {}", known(since))),
            None => Fit::Fits,
        }
    }

    /// Converts the objects of an array, and removes those that cannot stay.
    fn elements(
        &mut self,
        spec: &'static Spec,
        within: &'static Within,
        object: &mut Object<'_>,
        key: &str,
    ) -> Result<Fit> {
        let (mut alters, mut removed) = (None, None);
        let (mut index, mut left) = (0, 0);
        object.edit_each(key, |element| {
            if alters.is_some() {
                return Ok(Verdict::Keep);
            }
            self.at.push(index.into());
            index += 1;
            let before = self.notes.len();
            let fit = self.within(within, element)?;
            let verdict = match fit {
                Fit::Fits => Verdict::Keep,
                Fit::Alters(_) => {
                    alters = Some(fit);
                    Verdict::Keep
                }
                Fit::Unfit(why) => {
                    self.notes.truncate(before);
                    self.note(Effect::Lost, &element.to_json(), why.as_str());
                    removed = Some(why);
                    Verdict::Drop
                }
            };
            left += usize::from(verdict == Verdict::Keep);
            self.at.pop();
            Ok(verdict)
        })?;
        Ok(match (alters, removed) {
            (Some(alters), _) => alters,
            (None, Some(why)) if spec.min_items.is_some_and(|least| left < least) => {
                Fit::Unfit(why)
            }
            (None, _) => Fit::Fits,
        })
    }

    fn within(&mut self, within: &'static Within, inner: &mut Object<'_>) -> Result<Fit> {
        let id = match within {
            Within::Shape(id) => *id,
            Within::OneOf { by, variants } => {
                let name = inner.str(by).unwrap_or_default();
                let found = variants.iter().find(|(variant, _)| *variant == name);
                let Some(&(name, id)) = found else {
                    return Ok(Fit::Fits);
                };
                if let Some(since) = self.newer(self.schema.shape(id).since) {
                    return Ok(Fit::Unfit(format!("`{name}` is {}", known(since))));
                }
                id
            }
            Within::Members(id) => {
                let shape = self.schema.shape(*id);
                let keys: Vec<String> = inner
                    .members()
                    .filter(|(_, value)| value.kind() == ValueKind::Object)
                    .map(|(key, _)| key.into_owned())
                    .collect();
                for key in keys {
                    self.at.push(PathStep::from(&*key));
                    let mut fit = Fit::Fits;
                    inner.edit(&key, |member| {
                        fit = self.object(shape, member)?;
                        Ok(())
                    })?;
                    self.at.pop();
                    if fit != Fit::Fits {
                        return Ok(fit);
                    }
                }
                return Ok(Fit::Fits);
            }
        };
        self.object(self.schema.shape(id), inner)
    }

    /// Whether a rule that has a key not of this shape is refused.
    fn refuses_unknown(&self, shape: &Shape) -> bool {
        self.target.refuses_unknown_keys() && shape.unknown == Unknown::Dropped
    }

    /// Whether a Kibana that is strict about keys may stumble over what it never exports.
    fn is_never_in_files(&self, field: &Field) -> bool {
        self.target.refuses_unknown_keys() && field.server && field.export == Export::Never
    }

    /// Whether something of this field can be unknown to the target.
    fn concerns_field(&self, field: &Field) -> bool {
        self.newer(field.since).is_some()
            || self.newer(field.object_since).is_some()
            || self.is_never_in_files(field)
            || field.import != Import::Ignored && self.concerns(&field.value)
    }

    fn concerns(&self, spec: &Spec) -> bool {
        // Of comments the import reads the text alone.
        if spec.only_texts {
            return false;
        }
        let shapes = self.schema.below(spec);
        spec.values
            .iter()
            .any(|choice| self.newer(choice.since).is_some())
            || shapes.iter().any(|shape| {
                self.newer(shape.since).is_some()
                    || self.refuses_unknown(shape)
                    || shape.fields.iter().any(|field| self.concerns_field(field))
            })
    }
}

/// Whether a value is what Kibana takes where there is none.
fn is_default(field: &Field, value: Raw<'_>) -> bool {
    field.default.as_ref().is_some_and(|default| {
        serde_json::from_str::<serde_json::Value>(value.text()).is_ok_and(|held| held == *default)
    })
}
