//! Which fields does a rule highlight for an investigation?
//!
//! The member is `{"field_names":[…]}`. Kibana 8.10 had a bare array, which is read so and takes the new form when an edit
//! counts.

use super::{Effect, strings};
use crate::error::{Error, Result};
use crate::json::{Object, ValueKind};

const MEMBER: &str = "investigation_fields";
const NAMES: &str = "field_names";

/// Adds fields; counts where one is missing.
pub(super) fn add(rule: &mut Object<'_>, names: &[String]) -> Result<Effect> {
    let present = present(rule)?;
    if names.iter().all(|name| present.contains(name)) {
        return Ok(Effect::None);
    }
    rewrite(rule, |fields| strings::add(fields, NAMES, names))?;
    Ok(Effect::Effective)
}

/// Takes fields away; counts where one is there. With the last the whole member goes.
pub(super) fn delete(rule: &mut Object<'_>, names: &[String]) -> Result<Effect> {
    let present = present(rule)?;
    if !present.iter().any(|name| names.contains(name)) {
        return Ok(Effect::None);
    }
    if present.iter().all(|name| names.contains(name)) {
        rule.remove(MEMBER);
    } else {
        rewrite(rule, |fields| strings::delete(fields, NAMES, names))?;
    }
    Ok(Effect::Effective)
}

/// Sets the fields as given; counts always.
pub(super) fn set(rule: &mut Object<'_>, names: &[String]) -> Result<Effect> {
    present(rule)?;
    rewrite(rule, |fields| strings::set(fields, NAMES, names))?;
    Ok(Effect::Effective)
}

/// The names as they are. Fails if the member is of no form that Kibana knows.
fn present(rule: &Object<'_>) -> Result<Vec<String>> {
    let Some(value) = rule.get(MEMBER) else {
        return Ok(Vec::new());
    };
    let names = match value.kind() {
        ValueKind::Null => None,
        ValueKind::Array => crate::record::strings(rule, MEMBER)?,
        ValueKind::Object => {
            let fields = Object::parse(value.text())?;
            let names =
                crate::record::strings(&fields, NAMES).map_err(|error| error.within(MEMBER))?;
            return Ok(owned(names));
        }
        other => {
            let wrong = Error::wrong_type(MEMBER, "an object", other.article());
            return Err(wrong.within(MEMBER));
        }
    };
    Ok(owned(names))
}

fn owned(names: Option<Vec<std::borrow::Cow<'_, str>>>) -> Vec<String> {
    let names = names.unwrap_or_default();
    names.into_iter().map(Into::into).collect()
}

/// Edits the member in its present form, which it takes first where it has another.
fn rewrite(
    rule: &mut Object<'_>,
    edit: impl FnOnce(&mut Object<'_>) -> Result<bool>,
) -> Result<()> {
    let names = match rule.get(MEMBER) {
        Some(value) if value.kind() == ValueKind::Object => None,
        Some(value) if value.kind() == ValueKind::Array => Some(value.text().to_owned()),
        _ => Some("[]".to_owned()),
    };
    if let Some(names) = names {
        rule.set(MEMBER, format!("{{\"{NAMES}\":{names}}}"));
    }
    rule.edit(MEMBER, |fields| edit(fields).map(drop))
}
