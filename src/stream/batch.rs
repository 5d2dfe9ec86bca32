//! What a batch is: whole lines, and where in the input they stood.

/// Whole lines, one after another in the input: the unit of parallel work.
///
/// Every line ends in `\n` except, perhaps, the last one of a source. A batch is never empty, so a source without a
/// single byte has none; every other source has exactly one that [`starts`](Self::starts) and one that
/// [`ends`](Self::ends), which may be the same.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Batch {
    /// The lines, each with its line end.
    pub bytes: Vec<u8>,
    /// The index of the source among those the reader was given.
    pub source: usize,
    /// The number of the first line within its source, from 1.
    pub first_line: u64,
    /// The ordinal of the first line over all sources, from 0.
    pub ordinal: u64,
    /// Whether this is the first batch of its source.
    pub starts: bool,
    /// Whether this is the last batch of its source.
    pub ends: bool,
}

impl Batch {
    /// The lines in order, each with its line end.
    pub fn lines(&self) -> impl Iterator<Item = &[u8]> {
        lines(&self.bytes)
    }
}

/// Cuts `bytes` after each `\n`.
pub(super) fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let end = memchr::memchr(b'\n', rest).map_or(rest.len(), |at| at + 1);
        let (line, after) = rest.split_at(end);
        rest = after;
        Some(line)
    })
}

/// How many lines `bytes` hold, an unfinished last one included.
pub(super) fn count(bytes: &[u8]) -> u64 {
    let ends = memchr::memchr_iter(b'\n', bytes).count() as u64;
    ends + u64::from(bytes.last().is_some_and(|&last| last != b'\n'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(text: &str) -> Vec<&str> {
        lines(text.as_bytes())
            .map(|line| std::str::from_utf8(line).unwrap())
            .collect()
    }

    #[test]
    fn keeps_every_kind_of_line_end() {
        assert_eq!(cut("a\r\n\nb\n"), ["a\r\n", "\n", "b\n"]);
        assert_eq!(cut("a\nb"), ["a\n", "b"]);
        assert_eq!(cut("\r"), ["\r"]);
        assert!(cut("").is_empty());
    }

    #[test]
    fn counts_what_it_cuts() {
        for text in ["", "\n", "a", "a\n", "a\nb", "\n\n\n", "a\r\nb\r\n"] {
            assert_eq!(count(text.as_bytes()), cut(text).len() as u64, "{text:?}");
        }
    }
}
