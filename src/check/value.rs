//! Is one value what its spec wants: type, bounds, choices, spelling, elements, and what is within?

use super::at::At;
use super::dates;
use super::fault::Fault;
use super::judge::{CONVERT, Judge};
use crate::json::{Raw, ValueKind};
use crate::record::Kind;
use crate::schema::{Null, ShapeId, Spec, Types, Within};

impl Judge {
    /// Judges a value; `bounds` says whether upper bounds hold.
    pub(super) fn value(&mut self, spec: &Spec, value: Raw<'_>, at: At<'_>, bounds: bool) {
        if spec.only_texts && self.kind == Kind::ExceptionItem {
            return self.comments(spec, value, at);
        }
        let kind = value.kind();
        let ty = match kind {
            ValueKind::Null => Types::default(),
            ValueKind::Boolean => Types::BOOLEAN,
            ValueKind::Number if spec.types.has(Types::INTEGER) => Types::INTEGER,
            ValueKind::Number => Types::NUMBER,
            ValueKind::String => Types::STRING,
            ValueKind::Array => Types::ARRAY,
            ValueKind::Object => Types::OBJECT,
        };
        if spec.types.has(Types::ANY) || kind == ValueKind::Null && spec.null != Null::Refused {
            return;
        }
        if !spec.types.has(ty) {
            return self.fault(at, Fault::Type(spec, value));
        }
        match kind {
            ValueKind::Boolean if spec.only_false && value.as_bool() == Some(true) => {
                self.fault(at, Fault::OnlyFalse);
            }
            ValueKind::Number => self.number(spec, value, at),
            ValueKind::String => self.string(spec, value, at, bounds),
            ValueKind::Array => self.array(spec, value, at, bounds),
            ValueKind::Object => self.within(spec, value, at),
            _ => {}
        }
    }

    fn number(&mut self, spec: &Spec, value: Raw<'_>, at: At<'_>) {
        let Some(number) = value.as_f64() else { return };
        if spec.types.has(Types::INTEGER) && !(number.is_finite() && number.fract() == 0.0) {
            return self.fault(at, Fault::Fraction(value));
        }
        if let Some(min) = spec.min.filter(|&min| number < min) {
            self.fault(at, Fault::Below(min, value));
        }
        if let Some(max) = spec.max.filter(|&max| number > max) {
            self.fault(at, Fault::Above(max, value));
        }
        let under = spec
            .documented_min
            .filter(|&min| number < min)
            .map(|min| format!("at least {min}"));
        let over = spec
            .documented_max
            .filter(|&max| number > max)
            .map(|max| format!("at most {max}"));
        if let Some(bound) = under.or(over) {
            let name = super::at::dotted(&at.pointer());
            self.find(
                at,
                "outside-documented-range",
                format!(
                    "`{name}` is documented to be {bound}, found {}",
                    value.text()
                ),
            );
        }
    }

    fn string(&mut self, spec: &Spec, value: Raw<'_>, at: At<'_>, bounds: bool) {
        // Without its quotes it has at most this many units, and each is spelt with six bytes at most.
        let most = value.text().len() - 2;
        let too_short = spec.min_length.filter(|&least| most < least * 6);
        let too_long = spec.max_length.filter(|&max| bounds && most > max);
        let is_free =
            spec.values.is_empty() && spec.format.is_none() && spec.when_created.is_none();
        if is_free && !spec.non_blank && too_short.is_none() && too_long.is_none() {
            return;
        }
        let Some(text) = value.as_str() else { return };
        if spec.non_blank && text.chars().all(dates::is_blank) {
            return self.fault(at, Fault::Blank);
        }
        if too_short.is_some() || too_long.is_some() {
            let units = text.encode_utf16().count();
            if let Some(least) = too_short.filter(|&least| units < least) {
                self.fault(at, Fault::Shorter(least));
            }
            if let Some(max) = too_long.filter(|&max| units > max) {
                self.fault(at, Fault::Longer(max, units));
            }
        }
        if !spec.values.is_empty() {
            match spec.choice(&text).map(|choice| choice.since) {
                None => self.fault(at, Fault::Choice(&spec.values, &text)),
                Some(Some(since)) if since.is_after(self.options.target) => {
                    self.too_new(at, &format!("`{text}`"), since, CONVERT);
                }
                Some(_) => {}
            }
        }
        if let Some(format) = spec.format {
            match super::formats::reading(format, &text, self.options.target) {
                dates::Reading::Meant => {}
                dates::Reading::Unreadable => self.fault(at, Fault::Format(format, &text)),
                dates::Reading::Odd => super::schedule::misread(self, at, &text),
            }
        }
        if let Some(format) = spec.when_created {
            super::schedule::created(self, at, format, &text);
        }
    }

    fn array(&mut self, spec: &Spec, value: Raw<'_>, at: At<'_>, bounds: bool) {
        let Some(items) = spec.items.as_deref() else {
            return;
        };
        let is_counted = spec.min_items.is_some() || spec.max_items.is_some();
        if items.types.has(Types::ANY) && !is_counted {
            return;
        }
        let mut count = 0;
        for element in value.elements() {
            self.value(items, element, at.index(count), bounds);
            count += 1;
        }
        if let Some(least) = spec.min_items.filter(|&least| count < least) {
            self.fault(at, Fault::Fewer(least, count));
        }
        if let Some(most) = spec.max_items.filter(|&most| bounds && count > most) {
            self.fault(at, Fault::More(most, count));
        }
    }

    fn within(&mut self, spec: &Spec, value: Raw<'_>, at: At<'_>) {
        match &spec.within {
            None => {}
            Some(Within::Shape(id)) => self.object(self.schema.shape(*id), at, || value.members()),
            Some(Within::OneOf { by, variants }) => self.variant(by, variants, value, at),
            Some(Within::Members(id)) => {
                let each = Spec {
                    types: Types::OBJECT,
                    within: Some(Within::Shape(*id)),
                    ..Spec::default()
                };
                self.last_of_each(at, value.members(), |judge, key, member| {
                    judge.value(&each, member, at.key(key), true);
                });
            }
        }
    }

    fn variant(
        &mut self,
        by: &str,
        variants: &[(&'static str, ShapeId)],
        value: Raw<'_>,
        at: At<'_>,
    ) {
        let here = at.key(by);
        let tells = value.get(by);
        let name = tells.and_then(Raw::as_str);
        let known = |(variant, _): &&(&'static str, ShapeId)| name.as_deref() == Some(*variant);
        let Some((name, id)) = variants.iter().find(known) else {
            let names: Vec<_> = variants.iter().map(|(name, _)| *name).collect();
            return self.fault(here, Fault::Variant(&names, tells));
        };
        let shape = self.schema.shape(*id);
        if let Some(since) = shape
            .since
            .filter(|since| since.is_after(self.options.target))
        {
            self.too_new(here, &format!("`{name}`"), since, CONVERT);
        }
        self.object(shape, at, || value.members());
    }
}
