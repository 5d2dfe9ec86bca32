//! Ids that Kibana's own queries stumble over.

use super::at::At;
use super::fault::shown;
use super::judge::Judge;
use crate::record::Record;

/// Warns of characters that mean something in KQL, into which Kibana puts such ids without quotes.
pub(super) fn judge(judge: &mut Judge, record: &Record<'_>, key: &str) {
    let Some(id) = record.str(key) else { return };
    let special = |c: char| c.is_whitespace() || "\"\\:(){}<>*".contains(c);
    if let Some(c) = id.chars().find(|&c| special(c)) {
        let c = if c.is_whitespace() {
            "a blank".into()
        } else {
            format!("`{c}`")
        };
        let message = format!(
            "`{key}` is {} and has {c}, which Kibana's queries read as something else",
            shown(&id)
        );
        judge
            .find(At::Record.key(key), "special-characters", message)
            .hint = Some("letters, digits, `-`, `_` and `.` are safe".into());
    }
}
