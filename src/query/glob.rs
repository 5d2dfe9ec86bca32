//! Does a text match a pattern with `*` in it?

/// A pattern in which `*` stands for any text, the empty one included.
///
/// Matching looks for each piece once, from left to right, so no pattern takes more than linear time a piece.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Glob {
    first: Box<str>,
    middle: Vec<Box<str>>,
    last: Box<str>,
}

impl Glob {
    /// The pattern `text` whose wildcards stand at the bytes `stars`; none if there is no wildcard.
    pub(super) fn new(text: &str, stars: &[usize]) -> Option<Self> {
        let (first, others) = stars.split_first()?;
        let mut at = first + 1;
        let mut middle = Vec::new();
        for &star in others {
            middle.push(text[at..star].into());
            at = star + 1;
        }
        Some(Self {
            first: text[..*first].into(),
            middle,
            last: text[at..].into(),
        })
    }

    /// Whether it matches the whole of `text`.
    pub(super) fn matches(&self, text: &str) -> bool {
        let Some(rest) = text.strip_prefix(&*self.first) else {
            return false;
        };
        let Some(mut rest) = rest.strip_suffix(&*self.last) else {
            return false;
        };
        self.middle.iter().all(|piece| match rest.find(&**piece) {
            Some(at) => {
                rest = &rest[at + piece.len()..];
                true
            }
            None => false,
        })
    }

    /// The pattern without this text at its beginning; none if it does not begin so.
    pub(super) fn without_prefix(&self, prefix: &str) -> Option<Self> {
        let first = self.first.strip_prefix(prefix)?.into();
        Some(Self {
            first,
            ..self.clone()
        })
    }

    /// The pattern with each piece of fixed text replaced.
    pub(super) fn map(&self, f: impl Fn(&str) -> String) -> Self {
        Self {
            first: f(&self.first).into(),
            middle: self.middle.iter().map(|piece| f(piece).into()).collect(),
            last: f(&self.last).into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn glob(pattern: &str) -> Glob {
        let stars: Vec<_> = pattern.match_indices('*').map(|(at, _)| at).collect();
        Glob::new(pattern, &stars).unwrap()
    }

    #[test]
    fn matches_the_whole_text() {
        for (pattern, text, expected) in [
            ("*", "", true),
            ("a*", "abc", true),
            ("a*", "ba", false),
            ("*c", "abc", true),
            ("a*c", "ac", true),
            ("ab*bc", "abc", false),
            ("a*b*c", "a-b-c", true),
            ("a*b*c", "a-c-b", false),
            ("*b*", "abc", true),
            ("**", "x", true),
            ("ä*ü", "äöü", true),
            ("*ab*ab*", "ab", false),
            ("*ab*ab*", "abab", true),
        ] {
            assert_eq!(
                glob(pattern).matches(text),
                expected,
                "{pattern} over {text}"
            );
        }
    }

    #[test]
    fn has_no_pattern_without_wildcards() {
        assert_eq!(Glob::new("a*", &[]), None);
    }

    #[test]
    fn keeps_the_stars_that_are_text() {
        let escaped = Glob::new("a**", &[2]).unwrap();
        assert!(escaped.matches("a*b"));
        assert!(!escaped.matches("ab"));
    }

    #[test]
    fn agrees_with_a_simple_matcher() {
        fn simple(pattern: &[u8], text: &[u8]) -> bool {
            match (pattern.split_first(), text.split_first()) {
                (None, None) => true,
                (Some((b'*', rest)), _) => {
                    simple(rest, text)
                        || text
                            .split_first()
                            .is_some_and(|(_, more)| simple(pattern, more))
                }
                (Some((p, rest)), Some((t, more))) => p == t && simple(rest, more),
                (None, Some(_)) | (Some(_), None) => false,
            }
        }
        proptest::proptest!(|(pattern in "[ab]{0,2}\\*[ab*]{0,5}", text in "[ab]{0,8}")| {
            assert_eq!(glob(&pattern).matches(&text), simple(pattern.as_bytes(), text.as_bytes()));
        });
    }
}
