//! What is on this line: nothing, a record, or something that cannot be read?

use std::ops::Range;

use super::located::json_span;
use crate::error::{Error, ErrorKind};
use crate::record::{Record, not_an_object};

/// A line that holds no record.
pub(super) struct Unreadable<'b> {
    pub(super) error: Error,
    /// As much of the line as is text.
    pub(super) text: &'b str,
    /// The place of the fault in the text.
    pub(super) span: Range<usize>,
}

/// What Kibana's files may begin with, and its importer refuses.
const BYTE_ORDER_MARK: &str = "\u{feff}";

/// Reads a line with its end; `begins_file` allows a byte order mark.
///
/// Gives the record with its text, which is the line without its end and without a byte order mark; none for white space.
pub(super) fn read(
    line: &[u8],
    ordinal: u64,
    begins_file: bool,
) -> Result<Option<(&str, Record<'_>)>, Unreadable<'_>> {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let text = match std::str::from_utf8(line) {
        Ok(text) => text,
        Err(error) => {
            let (valid, _) = line.split_at(error.valid_up_to());
            let text = std::str::from_utf8(valid).unwrap_or_default();
            return Err(Unreadable {
                error: ErrorKind::Utf8.into(),
                text,
                span: text.len()..text.len(),
            });
        }
    };
    let text = if begins_file {
        text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text)
    } else {
        text
    };
    let json = match Record::parse(text, ordinal) {
        Ok(record) => return Ok(Some((text, record))),
        Err(json) => json,
    };
    let whole = 0..text.trim_end().len();
    match text.trim_matches([' ', '\t', '\r']) {
        "" => Ok(None),
        text if goes_on(text) => Err(Unreadable {
            error: ErrorKind::Pretty.into(),
            text,
            span: whole,
        }),
        _ => Err(match not_an_object(text) {
            Some(error) => Unreadable {
                error,
                text,
                span: whole,
            },
            None => Unreadable {
                span: json_span(&json),
                error: json.into(),
                text,
            },
        }),
    }
}

/// Whether this is how JSON over many lines begins. A record that was cut off may also end in a comma, an array may not be one.
fn goes_on(line: &str) -> bool {
    line == "{" || line.starts_with('[') && line.ends_with(['[', '{', ','])
}
