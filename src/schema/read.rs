//! From the table's text to the types that are quick to ask.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::keys::Keys;
use super::{
    Choice, Export, Field, Format, Import, Null, RuleType, Schema, Shape, ShapeId, Since, Spec,
    Types, Unknown, Within,
};
use crate::error::{Error, ErrorKind, Result};
use crate::record::Kind;

/// The table. `import` is `required`, `ignored`, or absent for what may be absent; `export` is `when-set`, `never`, or absent for
/// always; a version with a question mark rests on no source.
const TABLE: &str = include_str!("records.json");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table<'t> {
    #[serde(borrow)]
    threshold_fields: Vec<Limit<'t>>,
    #[serde(borrow)]
    shapes: BTreeMap<&'t str, ShapeText<'t>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Limit<'t> {
    max: usize,
    #[serde(borrow)]
    since: Option<&'t str>,
}

#[derive(Deserialize, Clone)]
#[serde(deny_unknown_fields)]
struct ShapeText<'t> {
    unknown: &'t str,
    #[serde(borrow)]
    since: Option<&'t str>,
    #[serde(borrow)]
    bounds_since: Option<&'t str>,
    #[serde(borrow)]
    fields: Vec<FieldText<'t>>,
}

/// A field, or with few of its keys the elements of an array.
#[expect(
    clippy::struct_excessive_bools,
    reason = "the flags are the table's own, each absent where it is false"
)]
#[derive(Deserialize, Clone, Default)]
#[serde(deny_unknown_fields, default)]
struct FieldText<'t> {
    name: &'t str,
    json: &'t str,
    #[serde(borrow)]
    import: Option<&'t str>,
    #[serde(borrow)]
    export: Option<&'t str>,
    server: bool,
    deprecated: bool,
    default: Option<Value>,
    #[serde(borrow)]
    since: Option<&'t str>,
    #[serde(borrow)]
    object_since: Option<&'t str>,
    vital: bool,
    nullable: bool,
    null_is_default: bool,
    only_false: bool,
    only_texts: bool,
    #[serde(rename = "enum", borrow)]
    values: Vec<&'t str>,
    #[serde(borrow)]
    enum_since: BTreeMap<&'t str, &'t str>,
    #[serde(borrow)]
    format: Option<&'t str>,
    #[serde(borrow)]
    when_created: Option<&'t str>,
    non_blank: bool,
    min: Option<f64>,
    max: Option<f64>,
    documented_min: Option<f64>,
    documented_max: Option<f64>,
    min_length: Option<usize>,
    max_length: Option<usize>,
    min_items: Option<usize>,
    max_items: Option<usize>,
    #[serde(borrow)]
    items: Option<Box<FieldText<'t>>>,
    #[serde(borrow)]
    shape: Option<&'t str>,
    #[serde(borrow)]
    one_of_by: Option<&'t str>,
    /// Values of that key, each with the name of a shape.
    #[serde(borrow)]
    variants: Vec<(&'t str, &'t str)>,
    #[serde(borrow)]
    members: Option<&'t str>,
}

/// The schema that the table spells. The table is part of the crate and a test reads it, so a fault in it is seen there.
pub(super) fn table() -> Schema {
    schema(TABLE).unwrap_or_else(|error| unreachable!("records.json: {error}"))
}

fn fault(message: String) -> Error {
    ErrorKind::Bug {
        message: message.into(),
    }
    .into()
}

fn schema(text: &'static str) -> Result<Schema> {
    let mut table: Table<'static> = serde_json::from_str(text).map_err(|e| fault(e.to_string()))?;
    let types: Vec<&'static str> = table
        .shapes
        .get("rule")
        .and_then(|rule| rule.fields.iter().find(|field| field.name == "type"))
        .map(|field| field.values.clone())
        .unwrap_or_default();
    let common = table
        .shapes
        .get("rule")
        .map_or_else(Vec::new, |rule| rule.fields.clone());
    let own = |name: &str| format!("rule-{}", name.replace('_', "-"));
    for name in &types {
        if let Some(shape) = table.shapes.get_mut(&*own(name)) {
            shape.fields.splice(0..0, common.iter().cloned());
        }
    }
    let names: Vec<&'static str> = table.shapes.keys().copied().collect();
    let id = |name: &str| {
        let place = names.iter().position(|known| *known == name);
        let place = place.and_then(|place| u16::try_from(place).ok());
        place
            .map(ShapeId)
            .ok_or_else(|| fault(format!("no shape `{name}`")))
    };
    let shapes = table
        .shapes
        .iter()
        .map(|(name, text)| shape(name, text, &id).map_err(|e| fault(format!("`{name}`: {e}"))))
        .collect::<Result<Vec<_>>>()?;
    let mut kinds = [None; 6];
    for kind in Kind::ALL {
        if kind != Kind::Other {
            kinds[kind as usize] = Some(id(kind.name())?);
        }
    }
    Ok(Schema {
        shapes,
        types: types
            .iter()
            .map(|name| {
                let whole = id(&own(name))?;
                Ok(RuleType {
                    name,
                    whole,
                    common: common.len(),
                })
            })
            .collect::<Result<_>>()?,
        kinds,
        threshold_fields: table
            .threshold_fields
            .iter()
            .map(|limit| Ok((since(limit.since)?, limit.max)))
            .collect::<Result<_>>()?,
    })
}

fn shape(
    name: &'static str,
    text: &ShapeText<'static>,
    id: &impl Fn(&str) -> Result<ShapeId>,
) -> Result<Shape> {
    let fields = text
        .fields
        .iter()
        .map(|field_text| {
            field(field_text, id).map_err(|e| fault(format!("`{}`: {e}", field_text.name)))
        })
        .collect::<Result<Vec<_>>>()?;
    let required = (0..fields.len())
        .filter(|&place| fields[place].is_required())
        .collect();
    Ok(Shape {
        name,
        unknown: match text.unknown {
            "dropped" => Unknown::Dropped,
            "rejected" => Unknown::Rejected,
            "ignored" => Unknown::Ignored,
            other => return Err(fault(format!("unknown keys are `{other}`"))),
        },
        since: since(text.since)?,
        bounds_since: since(text.bounds_since)?,
        keys: Keys::of(fields.iter().map(|field| field.name).collect()),
        fields,
        required,
    })
}

fn field(text: &FieldText<'static>, id: &impl Fn(&str) -> Result<ShapeId>) -> Result<Field> {
    let import = match text.import {
        Some("required") => Import::Required,
        Some("ignored") => Import::Ignored,
        None => Import::Optional,
        Some(other) => return Err(fault(format!("import `{other}`"))),
    };
    let export = match text.export {
        None => Export::Always,
        Some("when-set") => Export::WhenSet,
        Some("never") => Export::Never,
        Some(other) => return Err(fault(format!("export `{other}`"))),
    };
    Ok(Field {
        name: text.name,
        import,
        export,
        server: text.server,
        deprecated: text.deprecated,
        default: text.default.clone(),
        since: since(text.since)?,
        object_since: since(text.object_since)?,
        vital: text.vital,
        value: spec(text, id)?,
    })
}

fn spec(text: &FieldText<'static>, id: &impl Fn(&str) -> Result<ShapeId>) -> Result<Spec> {
    let values = text
        .values
        .iter()
        .map(|value| {
            let since = since(text.enum_since.get(value).copied())?;
            Ok(Choice { value, since })
        })
        .collect::<Result<_>>()?;
    Ok(Spec {
        types: types(text.json)?,
        null: match (text.nullable, text.null_is_default) {
            (false, false) => Null::Refused,
            (_, false) => Null::Accepted,
            (_, true) => Null::Default,
        },
        only_false: text.only_false,
        only_texts: text.only_texts,
        values,
        format: text.format.map(format).transpose()?,
        when_created: text.when_created.map(format).transpose()?,
        non_blank: text.non_blank,
        min: text.min,
        max: text.max,
        documented_min: text.documented_min,
        documented_max: text.documented_max,
        min_length: text.min_length,
        max_length: text.max_length,
        min_items: text.min_items,
        max_items: text.max_items,
        items: match &text.items {
            Some(items) => Some(Box::new(spec(items, id)?)),
            None => None,
        },
        within: within(text, id)?,
    })
}

fn within(
    text: &FieldText<'static>,
    id: &impl Fn(&str) -> Result<ShapeId>,
) -> Result<Option<Within>> {
    Ok(match (text.shape, text.one_of_by, text.members) {
        (None, None, None) => None,
        (Some(shape), None, None) => Some(Within::Shape(id(shape)?)),
        (None, None, Some(shape)) => Some(Within::Members(id(shape)?)),
        (None, Some(by), None) => {
            let variants = text
                .variants
                .iter()
                .map(|&(value, shape)| Ok((value, id(shape)?)))
                .collect::<Result<_>>()?;
            Some(Within::OneOf { by, variants })
        }
        _ => return Err(fault("two ways to say what is within".to_owned())),
    })
}

fn types(text: &str) -> Result<Types> {
    text.split('|').try_fold(Types::default(), |set, one| {
        Ok(set.and(match one {
            "string" => Types::STRING,
            "integer" => Types::INTEGER,
            "number" => Types::NUMBER,
            "boolean" => Types::BOOLEAN,
            "array" => Types::ARRAY,
            "object" => Types::OBJECT,
            "any" => Types::ANY,
            other => return Err(fault(format!("JSON type `{other}`"))),
        }))
    })
}

fn format(text: &str) -> Result<Format> {
    Ok(match text {
        "uuid" => Format::Uuid,
        "datetime-utc" => Format::DateTime,
        "iso-millis" => Format::IsoMillis,
        "date-math" => Format::DateMath,
        "duration" => Format::Duration,
        "throttle" => Format::Throttle,
        other => return Err(fault(format!("format `{other}`"))),
    })
}

fn since(text: Option<&str>) -> Result<Option<Since>> {
    text.map(Since::read).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_holds_together() {
        if let Err(error) = schema(TABLE) {
            panic!("{error}");
        }
    }

    #[test]
    fn a_fault_in_the_table_is_named() {
        let failure = schema(
            r#"{"threshold_fields":[],"shapes":{"rule":{"unknown":"dropped","fields":[{"name":"type","json":"strnig"}]}}}"#,
        )
        .unwrap_err();
        assert!(failure.to_string().contains("`type`: "), "{failure}");
        assert!(failure.to_string().contains("`strnig`"), "{failure}");
    }
}
