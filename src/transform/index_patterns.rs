//! What the edits of index patterns share: which rules they are for, and what must be left in the end.
//!
//! The rules are those of Kibana's bulk edits of 8.x and 9.x: a data view goes before index patterns, and `index` may be
//! missing but not empty.

use std::borrow::Cow;

use super::strings;
use crate::error::{Error, Result};
use crate::json::Object;
use crate::record::{Note, Record};

/// The rule's data view; none if it has none.
pub(super) fn data_view<'o>(rule: &'o Object<'_>) -> Result<Option<Cow<'o, str>>> {
    strings::one(rule, "data_view_id")
}

/// Whether an edit of index patterns is for this rule. Types that have none are noted.
///
/// A rule with a data view is left alone unless the edit is to overwrite it.
pub(super) fn takes(rule: &mut Record<'_>, overwrite_data_views: bool) -> Result<bool> {
    let why = match rule.str("type").as_deref() {
        Some("machine_learning") => "machine learning rules have no index patterns",
        Some("esql") => {
            "ES|QL rules name their indices in the query; see `replace-index-patterns --esql`"
        }
        _ => return Ok(overwrite_data_views || data_view(rule)?.is_none()),
    };
    let value = rule.str("type").unwrap_or_default().into();
    rule.note(Note::Unmapped {
        field: "index".into(),
        value,
        why,
    });
    Ok(false)
}

/// Lets the rule go by its index patterns: drops its data view, and refuses an empty `index`.
pub(super) fn settle(rule: &mut Record<'_>) -> Result<()> {
    if data_view(rule)?.is_some() {
        rule.remove("data_view_id");
    }
    if rule
        .strings("index")?
        .is_some_and(|patterns| patterns.is_empty())
    {
        return Err(
            Error::refused("`index` must keep at least one pattern, found none").within("index"),
        );
    }
    Ok(())
}
