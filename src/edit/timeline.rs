//! Which timeline do a rule's alerts open in?

use super::{Effect, strings};
use crate::error::Result;
use crate::json::Object;

/// Sets both members; an empty text removes its member. Kibana counts it always, also where nothing changes.
pub(super) fn set(rule: &mut Object<'_>, id: &str, title: &str) -> Result<Effect> {
    for (key, text) in [("timeline_id", id), ("timeline_title", title)] {
        if text.is_empty() {
            rule.remove(key);
        } else {
            strings::set_one(rule, key, text)?;
        }
    }
    Ok(Effect::Effective)
}
