//! The shapes of records as data: what Kibana's import takes, since which version.
//!
//! The facts stand in one table, `records.json`, read once; the types here are that table made quick to ask. They hold for the
//! importer of Kibana 9.4 to 9.6 unless a [`Since`] says otherwise. A fact that rests on no source is not [`Since::sure`].
//!
//! A [`Shape`] is an object with its fields: a rule of some type, an exception list, an item, a connector, or something within
//! one. A [`Field`] is a key with the [`Spec`] of its value, and a `Spec` leads to the shapes below it. A version of the table for
//! a target does not exist: whoever asks compares [`Since`] with a [`Target`].
//!
//! ```
//! use ruleferry::record::Kind;
//! use ruleferry::schema::{Schema, Target};
//!
//! let schema = Schema::get();
//! let rule = schema.rule("eql").unwrap();
//! let since = rule.field("alert_suppression").unwrap().since.unwrap();
//! assert!(since.is_after("8.13".parse::<Target>()?) && since.sure);
//! assert!(rule.field("threat_index").is_none());
//! assert_eq!(rule.nearest("investigation_field"), Some("investigation_fields"));
//! let unit = schema.at(schema.kind(Kind::Rule).unwrap(), &["threat", "tactic", "name"]).unwrap();
//! assert!(unit.is_required());
//! # ruleferry::error::Result::<()>::Ok(())
//! ```

mod keys;
mod read;
mod target;

use std::sync::LazyLock;

use serde_json::Value;

use crate::error::nearest;
use crate::record::Kind;
use keys::Keys;
pub use target::{Since, Target};

/// Everything that is known of records.
#[derive(Debug)]
pub struct Schema {
    shapes: Vec<Shape>,
    types: Vec<RuleType>,
    kinds: [Option<ShapeId>; 6],
    threshold_fields: Vec<(Option<Since>, usize)>,
}

/// A type of rule.
#[derive(Debug)]
struct RuleType {
    name: &'static str,
    /// The fields of every rule, then those of this type.
    whole: ShapeId,
    /// How many of them are of every rule.
    common: usize,
}

/// Which shape of the schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShapeId(u16);

/// An object: its fields, and what becomes of others.
#[derive(Debug)]
pub struct Shape {
    /// Its name in the table, as in `rule-eql` or `threat-technique`.
    pub name: &'static str,
    /// What becomes of a key that is none of its fields.
    pub unknown: Unknown,
    /// Since when such objects are known; none for longer than [`Target::OLDEST`].
    pub since: Option<Since>,
    /// Since when the upper bounds of its fields hold; none if they always did.
    pub bounds_since: Option<Since>,
    /// Its fields, those of every rule first.
    pub fields: Vec<Field>,
    /// The places of the fields that must be there.
    pub required: Vec<usize>,
    keys: Keys,
}

/// What becomes of a key that Kibana does not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unknown {
    /// It is dropped without a word.
    Dropped,
    /// The whole record is refused.
    Rejected,
    /// Nobody looks.
    Ignored,
}

/// A key of an object and what is known of it.
#[derive(Debug, Clone)]
pub struct Field {
    /// The key.
    pub name: &'static str,
    /// What the import makes of it.
    pub import: Import,
    /// When an export has it.
    pub export: Export,
    /// Whether the server makes it, so that a file's value means nothing to an import.
    pub server: bool,
    /// Whether it is there for old files only.
    pub deprecated: bool,
    /// What Kibana takes where it is absent.
    pub default: Option<Value>,
    /// Since when it is known; none for longer than [`Target::OLDEST`].
    pub since: Option<Since>,
    /// Since when its value may be an object, where it was an array before (`investigation_fields`).
    pub object_since: Option<Since>,
    /// Whether the record means something else without it, unless it holds the default: an exception that never ends.
    pub vital: bool,
    /// What its value must be.
    pub value: Spec,
}

/// What the import makes of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Import {
    /// It must be there.
    Required,
    /// It may be there, and is looked at if it is.
    Optional,
    /// It may be there, and is never looked at.
    Ignored,
}

/// When an export has a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Export {
    /// In every record of the kind.
    Always,
    /// Where it was set.
    WhenSet,
    /// Never.
    Never,
}

/// What a value must be. An absent bound is no bound.
#[derive(Debug, Clone, Default)]
pub struct Spec {
    /// The JSON types it may have.
    pub types: Types,
    /// What null means.
    pub null: Null,
    /// Whether it may be `false` only.
    pub only_false: bool,
    /// The strings it may be; empty for any.
    pub values: Vec<Choice>,
    /// How a string must be spelt.
    pub format: Option<Format>,
    /// How a string must be spelt for the rule to be created; the check of the line lets others pass.
    pub when_created: Option<Format>,
    /// Whether a string may not be empty or all white space.
    pub non_blank: bool,
    /// The least of a number.
    pub min: Option<f64>,
    /// The greatest of a number.
    pub max: Option<f64>,
    /// The least that Kibana's documentation allows; nothing checks it.
    pub documented_min: Option<f64>,
    /// The greatest that Kibana's documentation allows; nothing checks it.
    pub documented_max: Option<f64>,
    /// The least length of a string, in UTF-16 units.
    pub min_length: Option<usize>,
    /// The greatest length of a string, in UTF-16 units.
    pub max_length: Option<usize>,
    /// The least number of elements.
    pub min_items: Option<usize>,
    /// The greatest number of elements.
    pub max_items: Option<usize>,
    /// What the elements of an array must be.
    pub items: Option<Box<Spec>>,
    /// What is within an object; none if anything may be.
    pub within: Option<Within>,
    /// Whether the objects of the array are cut down to their text before they are looked at (comments of exception items).
    pub only_texts: bool,
}

/// What null means where a value of another type belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Null {
    /// It is as wrong as any other type.
    #[default]
    Refused,
    /// It will do.
    Accepted,
    /// It stands for the default.
    Default,
}

/// What is within an object.
#[derive(Debug, Clone)]
pub enum Within {
    /// The fields of a shape.
    Shape(ShapeId),
    /// Those of the shape that the value of a key names.
    OneOf {
        /// The key that tells.
        by: &'static str,
        /// The values it may have, and the shape for each.
        variants: Vec<(&'static str, ShapeId)>,
    },
    /// Keys of any name, each with an object of this shape.
    Members(ShapeId),
}

/// A string that a value may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Choice {
    /// The string.
    pub value: &'static str,
    /// Since when; none for longer than [`Target::OLDEST`].
    pub since: Option<Since>,
}

/// How a string is spelt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// A UUID. Before [`Target::ZOD_4`] any hexadecimal digits in groups of 8, 4, 4, 4 and 12 will do.
    Uuid,
    /// A date and time in UTC as ISO 8601, ending in `Z`.
    DateTime,
    /// What JavaScript's `Date.toISOString` prints, as in `2030-01-01T00:00:00.000Z`.
    IsoMillis,
    /// Date math as in `now-6m`, or whatever JavaScript's `Date.parse` takes.
    DateMath,
    /// A whole number above 0 and one of the units s, m, h and d.
    Duration,
    /// `no_actions`, `rule`, or a duration.
    Throttle,
}

/// A set of JSON types.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Types(u8);

impl Types {
    /// A string.
    pub const STRING: Self = Self(1);
    /// A number without a fraction; `47.0` is one.
    pub const INTEGER: Self = Self(2);
    /// Any number.
    pub const NUMBER: Self = Self(4);
    /// `true` or `false`.
    pub const BOOLEAN: Self = Self(8);
    /// An array.
    pub const ARRAY: Self = Self(16);
    /// An object.
    pub const OBJECT: Self = Self(32);
    /// Anything, null included.
    pub const ANY: Self = Self(64);

    /// Whether one of `other` is in the set.
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The set as messages say it, as in "a string or an array".
    pub fn article(self) -> &'static str {
        match self {
            Self::STRING => "a string",
            Self::INTEGER => "a whole number",
            Self::NUMBER => "a number",
            Self::BOOLEAN => "a boolean",
            Self::ARRAY => "an array",
            Self::OBJECT => "an object",
            both if both == Self::STRING.and(Self::ARRAY) => "a string or an array",
            both if both == Self::OBJECT.and(Self::ARRAY) => "an object or an array",
            _ => "a value",
        }
    }
}

static SCHEMA: LazyLock<Schema> = LazyLock::new(read::table);

impl Schema {
    /// The schema; the table is read when it is first asked for, which takes about a millisecond.
    pub fn get() -> &'static Self {
        &SCHEMA
    }

    /// The shape with this id.
    pub fn shape(&self, id: ShapeId) -> &Shape {
        &self.shapes[usize::from(id.0)]
    }

    /// The shape of a rule of this type: the fields of every rule and those of its own; none for an unknown type.
    pub fn rule(&self, name: &str) -> Option<&Shape> {
        let found = self.types.iter().find(|ty| ty.name == name)?;
        Some(self.shape(found.whole))
    }

    /// The types of rules, in the order in which Kibana lists them, with the shape of each; [`Shape::since`] says since when.
    pub fn rule_types(&self) -> impl Iterator<Item = (&'static str, &Shape)> {
        self.types.iter().map(|ty| (ty.name, self.shape(ty.whole)))
    }

    /// The types whose rules have this key, if it is not one that every rule may have.
    pub fn types_with(&self, key: &str) -> impl Iterator<Item = &'static str> {
        self.types
            .iter()
            .filter(move |ty| {
                let place = self.shape(ty.whole).keys.find(key);
                place.is_some_and(|place| place >= ty.common)
            })
            .map(|ty| ty.name)
    }

    /// The shape of records of this kind; of a rule only what every type has; none for other records.
    pub fn kind(&self, kind: Kind) -> Option<&Shape> {
        self.kinds[kind as usize].map(|id| self.shape(id))
    }

    /// The field at the end of a way of keys down from a shape, through arrays and objects; in objects of several shapes, the
    /// first that has the key. As in `["actions", "frequency", "throttle"]`.
    pub fn at<'s>(&'s self, shape: &'s Shape, path: &[&str]) -> Option<&'s Field> {
        let (last, way) = path.split_last()?;
        let mut level = vec![shape];
        for key in way {
            level = level
                .iter()
                .filter_map(|shape| shape.field(key))
                .flat_map(|field| self.below(&field.value))
                .collect();
        }
        level.iter().find_map(|shape| shape.field(last))
    }

    /// The shapes that objects of this value may have, elements of an array included.
    pub fn below<'s>(&'s self, value: &'s Spec) -> Vec<&'s Shape> {
        let mut shapes = match &value.within {
            None => Vec::new(),
            Some(Within::Shape(id) | Within::Members(id)) => vec![self.shape(*id)],
            Some(Within::OneOf { variants, .. }) => {
                variants.iter().map(|(_, id)| self.shape(*id)).collect()
            }
        };
        if let Some(items) = &value.items {
            shapes.extend(self.below(items));
        }
        shapes
    }

    /// How many fields a threshold rule may group by: 5 since 9.2, 3 before.
    pub fn threshold_fields(&self, target: Target) -> usize {
        let known = |since: &Option<Since>| since.is_none_or(|since| !since.is_after(target));
        self.threshold_fields
            .iter()
            .rfind(|(since, _)| known(since))
            .map_or(0, |(_, max)| *max)
    }
}

impl Shape {
    /// The field of this key.
    pub fn field(&self, key: &str) -> Option<&Field> {
        self.place(key).map(|place| &self.fields[place])
    }

    /// The place of the field of this key among [`Shape::fields`].
    pub fn place(&self, key: &str) -> Option<usize> {
        self.keys.find(key)
    }

    /// The field whose key is nearest to `key`, if one is near enough to be a likely slip.
    pub fn nearest(&self, key: &str) -> Option<&'static str> {
        nearest(key, self.fields.iter().map(|field| field.name))
    }
}

impl Field {
    /// Whether the import wants it.
    pub fn is_required(&self) -> bool {
        self.import == Import::Required
    }
}

impl Spec {
    /// The choice that is this string.
    pub fn choice(&self, value: &str) -> Option<&Choice> {
        self.values.iter().find(|choice| choice.value == value)
    }
}

#[cfg(test)]
mod tests;
