//! Which index patterns does a rule search?

use std::borrow::Cow;

use super::{Effect, strings};
use crate::error::{Error, Result};
use crate::json::{Object, Raw};

/// The patterns of an index pattern edit.
#[derive(Debug, Clone, PartialEq)]
pub struct IndexPatterns {
    /// The patterns, perhaps none.
    pub patterns: Vec<String>,
    /// Whether a rule's data view gives way.
    pub overwrite_data_views: bool,
}

impl IndexPatterns {
    /// Whether the rule goes by a data view that does not give way.
    fn yields_to_data_view(&self, rule: &Object<'_>) -> Result<bool> {
        Ok(data_view(rule)?.is_some() && !self.overwrite_data_views)
    }

    fn overwrite_data_view(&self, rule: &mut Object<'_>) -> Result<()> {
        if self.overwrite_data_views && data_view(rule)?.is_some() {
            rule.remove("data_view_id");
        }
        Ok(())
    }

    /// Adds the patterns. Where all are there it does not count, and a data view stays.
    pub(super) fn add_to(&self, rule: &mut Object<'_>) -> Result<Effect> {
        if self.yields_to_data_view(rule)? {
            return Ok(Effect::None);
        }
        let present = crate::record::strings(rule, "index")?.unwrap_or_default();
        let is_there = |pattern: &String| present.iter().any(|present| present == pattern);
        if self.patterns.iter().all(is_there) {
            return Ok(Effect::None);
        }
        self.overwrite_data_view(rule)?;
        strings::add(rule, "index", &self.patterns)?;
        Ok(Effect::Effective)
    }

    /// Takes the patterns away. Counts always where data views give way.
    pub(super) fn delete_from(&self, rule: &mut Object<'_>) -> Result<Effect> {
        if self.yields_to_data_view(rule)? {
            return Ok(Effect::None);
        }
        let some_go = strings::delete(rule, "index", &self.patterns)?;
        self.overwrite_data_view(rule)?;
        Ok(Effect::of(some_go || self.overwrite_data_views))
    }

    /// Sets the patterns as given. Counts also where they are the same.
    pub(super) fn set_on(&self, rule: &mut Object<'_>) -> Result<Effect> {
        if self.yields_to_data_view(rule)? {
            return Ok(Effect::None);
        }
        self.overwrite_data_view(rule)?;
        strings::set(rule, "index", &self.patterns)?;
        Ok(Effect::Effective)
    }
}

/// The rule's data view; none if it has none.
pub(crate) fn data_view<'o>(rule: &'o Object<'_>) -> Result<Option<Cow<'o, str>>> {
    strings::one(rule, "data_view_id")
}

/// Whether the rule has an `index` without a pattern, which its type does not allow. It may have no `index`.
pub(crate) fn has_no_pattern(rule: &Object<'_>) -> bool {
    let is_empty =
        |index: Raw<'_>| index.text().starts_with('[') && index.elements().next().is_none();
    !matches!(
        rule.str("type").as_deref(),
        Some("esql" | "machine_learning")
    ) && rule.get("index").is_some_and(is_empty)
}

/// Whether a rule may stay as the edits of a request left it, if one of them was effective.
///
/// Fails with Kibana's text for an empty `index`, also one that was empty before.
pub fn settled(rule: &Object<'_>) -> Result<()> {
    if has_no_pattern(rule) {
        let text = "Mutated params invalid: Index patterns can't be empty";
        return Err(Error::refused(text).within("index"));
    }
    Ok(())
}
