//! The tokens of ES|QL: comments, strings, quoted identifiers, words and bare sources.
//!
//! Each method either moves past one whole token or refuses; none looks at what the tokens mean.

use std::ops::Range;

use super::Quotes;
use crate::error::{Error, Excerpt, Result};

/// A place in a query.
#[derive(Debug, Clone)]
pub(super) struct Cursor<'q> {
    text: &'q str,
    at: usize,
}

/// Whether a word is this keyword; ES|QL reads keywords in any case.
pub(super) fn is_keyword(word: &str, keyword: &str) -> bool {
    word.eq_ignore_ascii_case(keyword)
}

impl<'q> Cursor<'q> {
    pub(super) fn new(text: &'q str) -> Self {
        Self { text, at: 0 }
    }

    /// Where the cursor stands, in bytes.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// The text between two places.
    pub(super) fn text(&self, range: Range<usize>) -> &'q str {
        &self.text[range]
    }

    fn rest(&self) -> &'q str {
        &self.text[self.at..]
    }

    /// The next character.
    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    /// Moves past the next character.
    pub(super) fn bump(&mut self) {
        self.at += self.peek().map_or(0, char::len_utf8);
    }

    /// Moves past the next character if it is this one.
    pub(super) fn eat(&mut self, c: char) -> bool {
        let found = self.peek() == Some(c);
        if found {
            self.bump();
        }
        found
    }

    /// Moves past all characters up to the first that `ends` the token.
    fn run(&mut self, ends: impl Fn(char) -> bool) -> &'q str {
        let rest = self.rest();
        let run = &rest[..rest.find(ends).unwrap_or(rest.len())];
        self.at += run.len();
        run
    }

    /// Moves past white space and comments.
    pub(super) fn hidden(&mut self) -> Result<()> {
        loop {
            self.run(|c| !is_blank(c));
            if self.rest().starts_with("//") {
                self.run(|c| matches!(c, '\r' | '\n'));
            } else if self.rest().starts_with("/*") {
                self.comment()?;
            } else {
                return Ok(());
            }
        }
    }

    /// Moves past a comment over several lines; such comments nest.
    fn comment(&mut self) -> Result<()> {
        let start = self.at;
        let mut depth = 0;
        loop {
            if self.rest().starts_with("/*") {
                depth += 1;
                self.at += 2;
            } else if self.rest().starts_with("*/") {
                depth -= 1;
                self.at += 2;
            } else if self.peek().is_some() {
                self.bump();
            } else {
                return Err(self.refused(start, "a comment without an end"));
            }
            if depth == 0 {
                return Ok(());
            }
        }
    }

    /// Moves past the string that begins here and says how it is quoted and where its inner text stands.
    pub(super) fn string(&mut self) -> Result<(Quotes, Range<usize>)> {
        let start = self.at;
        let no_end = |cursor: &Self| cursor.refused(start, "a string without an end");
        let line = &self.rest()[..self.rest().find(['\r', '\n']).unwrap_or(self.rest().len())];
        if let Some(inner) = line.strip_prefix("\"\"\"") {
            let len = inner.find("\"\"\"").ok_or_else(|| no_end(self))?;
            // Up to two more quotes after the first three are the string's own last characters.
            let more = inner[len + 3..]
                .bytes()
                .take(2)
                .take_while(|&byte| byte == b'"')
                .count();
            self.at += 6 + len + more;
            return Ok((Quotes::Triple, start + 3..self.at - 3));
        }
        let mut bytes = line.bytes().enumerate().skip(1);
        while let Some((index, byte)) = bytes.next() {
            match byte {
                b'"' => {
                    self.at += index + 1;
                    return Ok((Quotes::Single, start + 1..self.at - 1));
                }
                b'\\'
                    if !bytes
                        .next()
                        .is_some_and(|(_, escaped)| b"tnr\"\\".contains(&escaped)) =>
                {
                    return Err(self.refused(start + index, "a `\\` that escapes nothing"));
                }
                _ => {}
            }
        }
        Err(no_end(self))
    }

    /// Moves past the identifier in backticks that begins here; a backtick inside is doubled.
    pub(super) fn identifier(&mut self) -> Result<()> {
        let start = self.at;
        while self.eat('`') {
            self.run(|c| c == '`');
            if !self.eat('`') {
                return Err(self.refused(start, "an identifier without an end"));
            }
        }
        Ok(())
    }

    /// Moves past a command's name, which ends only at a blank, a bracket or a slash.
    pub(super) fn command(&mut self) -> &'q str {
        self.run(|c| is_blank(c) || matches!(c, '[' | ']' | '/'))
    }

    /// Moves past a word of an expression: a keyword, a number, or a name with its dots.
    pub(super) fn word(&mut self) -> &'q str {
        self.run(|c| !is_word(c))
    }

    /// Moves past a pattern without quotes, with its colons; empty where none begins.
    ///
    /// Elasticsearch lets it hold `?`, `;`, `'`, backticks and foreign blanks too. They end it here, and are then refused
    /// for standing in the list: whoever wrote one meant something else.
    pub(super) fn bare(&mut self) -> Result<&'q str> {
        let start = self.at;
        loop {
            self.run(|c| c == '/' || ends_bare(c));
            let mut after = self.rest().chars();
            if after.next() != Some('/') {
                break;
            }
            match after.next() {
                Some('/' | '*') => break,
                Some(c) if !ends_bare(c) => self.at += 1,
                // Elasticsearch would make the blank or comma a part of the name.
                _ => return Err(self.refused(self.at, "a `/` at the end of an index pattern")),
            }
        }
        Ok(&self.text[start..self.at])
    }

    /// The refusal of what stands at `at`, in the words of `problem`.
    pub(super) fn refused(&self, at: usize, problem: &str) -> Error {
        let character = self.text[..at].chars().count() + 1;
        let len = self.text[at..].chars().next().map_or(0, char::len_utf8);
        Error::refused(format!(
            "{problem} at character {character} of the ES|QL query"
        ))
        .showing(Excerpt::of(self.text, at, at + len))
    }

    /// The refusal of what stands here.
    pub(super) fn expected(&self, what: &str) -> Error {
        let found = self
            .peek()
            .map_or("the end".to_owned(), |c| format!("`{c}`"));
        self.refused(self.at, &format!("expected {what}, found {found}"))
    }
}

fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

/// Whether a character belongs to a word of an expression.
pub(super) fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '@')
}

fn ends_bare(c: char) -> bool {
    matches!(
        c,
        '"' | '=' | '|' | ',' | '[' | ']' | '(' | ')' | '`' | ';' | '?' | '\''
    ) || c.is_whitespace()
        || c.is_control()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn string(text: &str) -> Option<(Quotes, &str, &str)> {
        let mut cursor = Cursor::new(text);
        let (quotes, inner) = cursor.string().ok()?;
        Some((quotes, cursor.text(inner), cursor.rest()))
    }

    #[test]
    fn ends_strings_where_elasticsearch_does() {
        assert_eq!(string(r#""a"b"#), Some((Quotes::Single, "a", "b")));
        assert_eq!(
            string(r#""a\"|\\"b"#),
            Some((Quotes::Single, r#"a\"|\\"#, "b"))
        );
        assert_eq!(string(r#""" b"#), Some((Quotes::Single, "", " b")));
        assert_eq!(
            string(r#""""a"b\""""c"#),
            Some((Quotes::Triple, r#"a"b\""#, "c"))
        );
        assert_eq!(
            string(r#""""a"""""" "#),
            Some((Quotes::Triple, r#"a"""#, "\" "))
        );
        assert_eq!(string(r#"""""""""#), Some((Quotes::Triple, "\"", "")));
    }

    #[test]
    fn refuses_strings_that_do_not_end() {
        for text in [
            "\"a",
            "\"a\nb\"",
            "\"\"\"a\"\"",
            "\"\"\"a\n\"\"\"",
            r#""a\w""#,
            r#""a\"#,
            "\"\"\"",
        ] {
            assert_eq!(string(text), None, "{text}");
        }
    }

    #[test]
    fn nests_comments() {
        let mut cursor = Cursor::new(" // a /* b\r\n/* /* * / */ \" */ /**/x");
        cursor.hidden().unwrap();
        assert_eq!(cursor.rest(), "x");
        assert!(Cursor::new("/* /* */").hidden().is_err());
        assert!(Cursor::new("/*/").hidden().is_err());
    }

    #[test]
    fn ends_bare_patterns_before_comments() {
        for (text, bare) in [
            ("a-*/*b*/", "a-*"),
            ("a//b", "a"),
            ("<a-{now/d}>,b", "<a-{now/d}>"),
            ("|", ""),
        ] {
            assert_eq!(Cursor::new(text).bare().unwrap(), bare);
        }
        assert!(Cursor::new("a/ b").bare().is_err());
        assert!(Cursor::new("a/").bare().is_err());
    }

    #[test]
    fn reads_doubled_backticks() {
        let mut cursor = Cursor::new("`a``\"|`b");
        cursor.identifier().unwrap();
        assert_eq!(cursor.rest(), "b");
        assert!(Cursor::new("`a``").identifier().is_err());
    }
}
