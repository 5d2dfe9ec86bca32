//! Does a value have the shape that the schema wants? The schema's interpreter: it walks values, and says what is wrong.

use std::borrow::Cow;
use std::collections::HashMap;

use super::at::At;
use super::fault::{self, Fault};
use super::wording::Wording;
use super::{Level, Options, Problem};
use crate::json::{Raw, ValueKind};
use crate::record::Kind;
use crate::schema::{Field, Import, Schema, Shape, Since, Spec, Target, Unknown};

/// Judges one record, and collects what is wrong with it.
#[derive(Debug)]
pub(super) struct Judge {
    pub(super) schema: &'static Schema,
    pub(super) options: Options,
    pub(super) kind: Kind,
    /// Whether it is an import that judges, which rewrites some members before it looks at them.
    imports: bool,
    wording: Wording,
    found: Vec<Problem>,
}

impl Judge {
    pub(super) fn new(kind: Kind, options: Options) -> Self {
        let target = options.target;
        Self {
            schema: Schema::get(),
            options,
            kind,
            imports: true,
            wording: Wording::for_records(kind, target),
            found: Vec::new(),
        }
    }

    /// Judges the body of a PATCH, in the words of the releases that knew `_bulk_update`.
    pub(super) fn of_patch() -> Self {
        Self {
            imports: false,
            wording: Wording::Zod3,
            ..Self::new(Kind::Rule, Options::default())
        }
    }

    /// What was found, in the order of the record.
    pub(super) fn finish(self) -> Vec<Problem> {
        self.found
    }

    /// How much was found so far.
    pub(super) fn len(&self) -> usize {
        self.found.len()
    }

    /// Takes back what was found from a place on, unless `keep` says otherwise.
    pub(super) fn retain_from(&mut self, from: usize, keep: impl Fn(&Problem) -> bool) {
        let mut place = 0;
        self.found.retain(|problem| {
            place += 1;
            place <= from || keep(problem)
        });
    }

    /// Takes a finding down.
    pub(super) fn add(&mut self, problem: Problem) {
        self.found.push(problem);
    }

    /// Takes down a finding of this code about the value at `at`, with the level of its code.
    pub(super) fn find(
        &mut self,
        at: At<'_>,
        code: &'static str,
        message: impl Into<String>,
    ) -> &mut Problem {
        let level = super::code(code).map_or(Level::Error, |code| code.level);
        let place = self.found.len();
        self.found.push(Problem {
            pointer: at.pointer(),
            code,
            level,
            message: message.into(),
            hint: None,
            kibana: None,
        });
        &mut self.found[place]
    }

    pub(super) fn fault(&mut self, at: At<'_>, fault: Fault<'_>) {
        self.found.push(fault.problem(at, self.wording));
    }

    /// Judges an object by its shape.
    pub(super) fn object<'m, I>(&mut self, shape: &Shape, at: At<'_>, members: impl Fn() -> I)
    where
        I: Iterator<Item = (Cow<'m, str>, Raw<'m>)> + 'm,
    {
        let before = self.found.len();
        let mut seen = 0_u128;
        for (key, value) in members() {
            let place = shape.place(&key);
            let bit = place.map_or(0, |place| 1_u128 << place);
            if seen & bit != 0 {
                // Earlier values were judged that nobody reads.
                self.found.truncate(before);
                seen = 0;
                self.last_of_each(at, members(), |judge, key, value| {
                    let place = shape.place(key);
                    seen |= place.map_or(0, |place| 1_u128 << place);
                    judge.member(shape, place, key, value, at);
                });
                break;
            }
            seen |= bit;
            self.member(shape, place, &key, value, at);
        }
        for &place in &shape.required {
            if seen & 1 << place == 0 {
                let field = &shape.fields[place];
                self.fault(at.key(field.name), Fault::Missing(&field.value));
            }
        }
    }

    /// Judges the last member of each key, and says of the others that nobody reads them.
    pub(super) fn last_of_each<'m>(
        &mut self,
        at: At<'_>,
        members: impl Iterator<Item = (Cow<'m, str>, Raw<'m>)>,
        mut judge: impl FnMut(&mut Self, &str, Raw<'m>),
    ) {
        let members: Vec<_> = members.collect();
        let places = members.iter().enumerate();
        let last: HashMap<&str, usize> = places.map(|(place, (key, _))| (&**key, place)).collect();
        for (place, (key, value)) in members.iter().enumerate() {
            if last.get(&**key) == Some(&place) {
                judge(self, key, *value);
                continue;
            }
            let message = format!("`{key}` is there twice, and only the last value is read");
            self.find(at.key(key), "duplicate-key", message).hint =
                Some("remove all but one".into());
        }
    }

    fn member(
        &mut self,
        shape: &Shape,
        place: Option<usize>,
        key: &str,
        value: Raw<'_>,
        at: At<'_>,
    ) {
        if self.imports && at.is_record() && self.is_rewritten(key, value) {
            return;
        }
        let here = at.key(key);
        let Some(place) = place else {
            return self.unknown(shape, key, here);
        };
        let field = &shape.fields[place];
        if let Some(since) = field
            .since
            .filter(|since| since.is_after(self.options.target))
        {
            return self.newer_field(shape, field, since, here);
        }
        if field.import == Import::Ignored {
            return;
        }
        if field
            .object_since
            .is_some_and(|since| since.is_after(self.options.target))
        {
            return self.names(field, value, here);
        }
        let bounds = shape
            .bounds_since
            .is_none_or(|since| !since.is_after(self.options.target));
        self.value(&field.value, value, here, bounds);
    }

    /// `investigation_fields` to a target that knows it as an array of names only.
    fn names(&mut self, field: &Field, value: Raw<'_>, here: At<'_>) {
        match (field.object_since, self.names_spec()) {
            (Some(since), _) if value.kind() == ValueKind::Object => {
                let what = format!("`{}` as an object", field.name);
                self.too_new(here, &what, since, CONVERT);
            }
            (_, Some(spec)) => {
                let spec = Spec {
                    min_items: None,
                    ..spec.clone()
                };
                self.value(&spec, value, here, true);
            }
            _ => {}
        }
    }

    /// Whether Kibana rewrites the member before it checks the record, so that there is nothing to judge.
    fn is_rewritten(&mut self, key: &str, value: Raw<'_>) -> bool {
        let record = At::Record;
        let here = record.key(key);
        match key {
            "investigation_fields" if value.kind() == ValueKind::Array => {
                if self.options.target < self.object_form() {
                    return false;
                }
                let is_empty = value.elements().next().is_none();
                // What is no rule is then refused for the key, unless the key is gone.
                if self.kind != Kind::Rule {
                    return is_empty;
                }
                let message = if is_empty {
                    "`investigation_fields` is an empty array, which Kibana drops"
                } else {
                    "`investigation_fields` is an array, which Kibana makes an object of"
                };
                let hint = if is_empty {
                    "remove it"
                } else {
                    "write `{\"field_names\": […]}`"
                };
                self.find(here, "investigation-fields-rewritten", message)
                    .hint = Some(hint.into());
                if let (false, Some(spec)) = (is_empty, self.names_spec()) {
                    let before = self.found.len();
                    self.value(spec, value, here, true);
                    // Kibana speaks of what it made of the array.
                    for says in self.found[before..]
                        .iter_mut()
                        .flat_map(|it| &mut it.kibana)
                    {
                        *says = says.replacen(key, "investigation_fields.field_names", 1);
                    }
                }
                true
            }
            "originId" if self.options.target.strips_origin_id() => {
                let found = self.find(
                    here,
                    "origin-id",
                    "`originId` is taken off before the import",
                );
                found.level = Level::Note;
                found.hint = Some("remove it; importers before 8.19 stumble over it".into());
                true
            }
            _ => false,
        }
    }

    /// Since when `investigation_fields` is an object.
    fn object_form(&self) -> Target {
        let field = self
            .schema
            .kind(Kind::Rule)
            .and_then(|rule| rule.field("investigation_fields"));
        field
            .and_then(|field| field.object_since)
            .map_or(Target::OLDEST, |since| since.version)
    }

    /// What the names in `investigation_fields` must be.
    fn names_spec(&self) -> Option<&'static Spec> {
        let rule = self.schema.kind(Kind::Rule)?;
        Some(
            &self
                .schema
                .at(rule, &["investigation_fields", "field_names"])?
                .value,
        )
    }

    fn unknown(&mut self, shape: &Shape, key: &str, here: At<'_>) {
        if shape.unknown == Unknown::Ignored {
            return;
        }
        if shape.unknown == Unknown::Rejected {
            return self.fault(here, Fault::Refused(shape.nearest(key)));
        }
        let pointer = here.pointer();
        let name = super::at::dotted(&pointer);
        let is_rule = self.kind == Kind::Rule && pointer.len() == 1;
        let types: Vec<_> = if is_rule {
            self.schema.types_with(key).collect()
        } else {
            Vec::new()
        };
        if !types.is_empty() {
            // Of a rule of unknown type nobody can say whose keys it has.
            if shape.name != Kind::Rule.name() {
                let message = format!(
                    "`{name}` belongs to rules of type {}, and is dropped without a word",
                    fault::one_of(&types)
                );
                self.find(here, "other-type-key", message).hint =
                    Some("remove the key, or check `type`".into());
            }
            return;
        }
        let strict = is_rule && self.options.target.refuses_unknown_keys();
        let found = self.find(
            here,
            "unknown-key",
            format!("`{name}` is not known to Kibana, and is dropped without a word"),
        );
        found.hint = match shape.nearest(key) {
            Some(near) => Some(format!("did you mean `{near}`?")),
            None if strict => {
                Some("remove the key; before about 8.10 Kibana may refuse the rule for it".into())
            }
            None => Some("remove the key if nothing of yours needs it".into()),
        };
    }

    fn newer_field(&mut self, shape: &Shape, field: &Field, since: Since, here: At<'_>) {
        let refused = shape.unknown == Unknown::Rejected && since.sure;
        let strict = self.options.target.refuses_unknown_keys();
        // What the server makes anyway is not lost.
        let level = match (refused, field.server || field.import == Import::Ignored) {
            (true, _) => Level::Error,
            (false, true) if !strict => Level::Note,
            (false, _) => Level::Warning,
        };
        let hint = if strict { CONVERT_OR_REFUSED } else { CONVERT };
        let name = super::at::dotted(&here.pointer());
        let target = self.options.target;
        self.add(fault::newer(
            here,
            &format!("`{name}`"),
            since,
            target,
            level,
            hint.into(),
        ));
    }

    /// Takes down that the target does not know a value, which it refuses if that is sure.
    pub(super) fn too_new(&mut self, here: At<'_>, what: &str, since: Since, hint: &str) {
        let level = if since.sure {
            Level::Error
        } else {
            Level::Warning
        };
        self.add(fault::newer(
            here,
            what,
            since,
            self.options.target,
            level,
            hint.into(),
        ));
    }
}

/// What to do about something that the target does not know.
pub(super) const CONVERT: &str =
    "`ruleferry edit convert-version` takes out what an older Kibana does not know";
const CONVERT_OR_REFUSED: &str = "`ruleferry edit convert-version` takes it out; before about 8.10 Kibana may refuse the rule for a key it does not know";
