//! What the edits of investigation fields share: the fields they are given must be some.

use crate::error::{Error, Result};

/// The fields, once they are what Kibana's bulk edits take: at least one, none blank.
pub(super) fn checked(transform: &str, fields: &[String]) -> Result<Vec<String>> {
    if fields.is_empty() {
        return Err(Error::usage(format!(
            "`{transform}` needs at least one field, found none"
        )));
    }
    match fields.iter().find(|field| field.trim().is_empty()) {
        Some(blank) => Err(Error::usage(format!(
            "a field must be a text that is not blank, found `{blank}`"
        ))),
        None => Ok(fields.to_vec()),
    }
}
