//! From a record's place in the bundle to the file, line and column that a user can open.

use std::ops::Range;

use crate::error::{Error, Excerpt, Location, PathStep};
use crate::json::{JsonError, Raw};

/// Which source each line came from: the ordinals at which sources begin, with the source's place in the list.
#[derive(Debug, Default)]
pub(super) struct Origins {
    begins: Vec<(u64, usize)>,
    names: Vec<Box<str>>,
}

impl Origins {
    pub(super) fn new(names: Vec<Box<str>>) -> Self {
        Self {
            begins: Vec::new(),
            names,
        }
    }

    /// The source begins with the line of this ordinal.
    pub(super) fn begin(&mut self, ordinal: u64, source: usize) {
        if self.begins.last().is_none_or(|(_, last)| *last != source) {
            self.begins.push((ordinal, source));
        }
    }

    /// The file and line of the line with this ordinal.
    pub(super) fn locate(&self, ordinal: u64) -> Location {
        let after = self.begins.partition_point(|(begin, _)| *begin <= ordinal);
        let (begin, source) = after.checked_sub(1).map_or((0, 0), |at| self.begins[at]);
        Location {
            file: self
                .names
                .get(source)
                .cloned()
                .unwrap_or_else(|| "-".into()),
            line: ordinal - begin + 1,
            column: 0,
            record: None,
        }
    }
}

/// Adds an excerpt of `text`, the line as it was read, to an error; also gives the column of the fault, from 1, or 0 if there
/// is no span.
pub(super) fn with_excerpt(error: Error, text: &str, span: Option<Range<usize>>) -> (Error, u64) {
    let Some(span) = span else { return (error, 0) };
    let column = 1 + text[..floor(text, span.start)].chars().count() as u64;
    (
        error.showing(Excerpt::of(text, span.start, span.end)),
        column,
    )
}

/// The place of a JSON error in the line.
pub(super) fn json_span(error: &JsonError) -> Range<usize> {
    error.offset..error.offset + 1
}

/// Where the value that `pointer` leads to stands in `line`; the deepest value that is there, if not all of the way is.
pub(super) fn value_span(line: &str, pointer: &[PathStep]) -> Option<Range<usize>> {
    let mut value = Raw::parse(line).ok()?;
    if pointer.is_empty() {
        return None;
    }
    for step in pointer {
        let below = match step {
            PathStep::Key(key) => value.get(key),
            PathStep::Index(index) => value.elements().nth(*index),
        };
        let Some(below) = below else { break };
        value = below;
    }
    // Both are slices of one text, so the distance of their ends is the offset.
    let start = value.text().as_ptr() as usize - line.as_ptr() as usize;
    Some(start..start + value.text().len())
}

fn floor(text: &str, index: usize) -> usize {
    (0..=index.min(text.len()))
        .rev()
        .find(|&at| text.is_char_boundary(at))
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_file_and_line_across_sources() {
        let mut origins = Origins::new(vec!["a".into(), "b".into(), "c".into()]);
        origins.begin(0, 0);
        origins.begin(5, 2);
        let place = |ordinal| (origins.locate(ordinal).file, origins.locate(ordinal).line);
        assert_eq!(place(0), ("a".into(), 1));
        assert_eq!(place(4), ("a".into(), 5));
        assert_eq!(place(5), ("c".into(), 1));
    }

    #[test]
    fn points_at_the_value_or_what_is_nearest() {
        let line = r#"{"a": [1, {"b": "x"}]}"#;
        let span = |pointer: &[PathStep]| value_span(line, pointer).map(|span| &line[span]);
        assert_eq!(span(&["a".into(), 1.into(), "b".into()]), Some("\"x\""));
        assert_eq!(
            span(&["a".into(), 1.into(), "gone".into()]),
            Some(r#"{"b": "x"}"#)
        );
        assert_eq!(span(&[]), None);
    }
}
