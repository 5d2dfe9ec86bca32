//! Which words is a text made of, as Elasticsearch's standard analyzer cuts it?

/// The words of `text` in order, in the case they are written in.
///
/// A word is a run of letters, digits and `_`. A `.` or an apostrophe between two letters or two digits belongs to the
/// word, and so does a `,` between two digits: `svchost.exe` and `1,5` are one word each. An ideograph is a word of its own.
pub(super) fn words(text: &str) -> Words<'_> {
    Words { rest: text }
}

/// The words of a text, from [`words`].
#[derive(Debug, Clone)]
pub(super) struct Words<'a> {
    rest: &'a str,
}

impl<'a> Iterator for Words<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let start = self.rest.find(is_word)?;
        let text = &self.rest[start..];
        let end = length(text);
        self.rest = &text[end..];
        Some(&text[..end])
    }
}

/// How many bytes the word at the beginning of `text` takes.
fn length(text: &str) -> usize {
    let mut chars = text.char_indices().peekable();
    let Some((_, mut before)) = chars.next() else {
        return 0;
    };
    if is_ideograph(before) {
        return before.len_utf8();
    }
    while let Some((at, c)) = chars.next() {
        let joined = chars
            .peek()
            .is_some_and(|&(_, after)| joins(before, c, after));
        if is_ideograph(c) || !(is_word(c) || joined) {
            return at;
        }
        before = c;
    }
    text.len()
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || ('\u{300}'..='\u{36f}').contains(&c)
}

/// Whether `c` holds the two characters beside it together.
fn joins(before: char, c: char, after: char) -> bool {
    let digits = before.is_numeric() && after.is_numeric();
    let letters = before.is_alphabetic() && after.is_alphabetic() && !is_ideograph(after);
    match c {
        '.' | '\'' | '\u{2019}' => digits || letters,
        ',' => digits,
        _ => false,
    }
}

fn is_ideograph(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{309f}' | '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

/// Whether `word` in lower case is `lowered`.
pub(super) fn is(word: &str, lowered: &str) -> bool {
    word.chars()
        .flat_map(char::to_lowercase)
        .eq(lowered.chars())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_as_the_standard_analyzer_does() {
        for (text, expected) in [
            ("", &[][..]),
            (" - !", &[]),
            ("Suspicious PowerShell", &["Suspicious", "PowerShell"]),
            ("[BETA] foo-bar/baz", &["BETA", "foo", "bar", "baz"]),
            ("svchost.exe, v1.2.", &["svchost.exe", "v1.2"]),
            ("don't 'quote' it's", &["don't", "quote", "it's"]),
            ("1,5 a,b T1059.001", &["1,5", "a", "b", "T1059.001"]),
            ("snake_case a.1", &["snake_case", "a", "1"]),
            ("検知 Übung", &["検", "知", "Übung"]),
            ("abc検", &["abc", "検"]),
        ] {
            assert_eq!(words(text).collect::<Vec<_>>(), expected, "{text}");
        }
    }

    #[test]
    fn compares_in_lower_case() {
        assert!(is("ÜBUNG", "übung"));
        assert!(!is("ab", "abc"));
    }
}
