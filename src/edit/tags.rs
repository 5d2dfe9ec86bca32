//! Which tags has a rule?

use super::{Effect, strings};
use crate::error::Result;
use crate::json::Object;

/// Adds tags; repeats that were there already go too, which counts.
pub(super) fn add(rule: &mut Object<'_>, tags: &[String]) -> Result<Effect> {
    strings::add(rule, "tags", tags).map(Effect::of)
}

pub(super) fn delete(rule: &mut Object<'_>, tags: &[String]) -> Result<Effect> {
    strings::delete(rule, "tags", tags).map(Effect::of)
}

/// Sets the tags as given; another order counts. A rule without tags, which has none to Kibana, stays without.
pub(super) fn set(rule: &mut Object<'_>, tags: &[String]) -> Result<Effect> {
    if tags.is_empty() && crate::record::strings(rule, "tags")?.is_none() {
        return Ok(Effect::None);
    }
    strings::set(rule, "tags", tags).map(Effect::of)
}
