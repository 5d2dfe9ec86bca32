//! Query text -> tokens: where words, quotes and signs begin and end, and what they spell.

use std::ops::Range;

use super::wrong;
use crate::error::Result;

/// A piece of a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    /// `(`
    Open,
    /// `)`
    Close,
    /// `{`
    OpenBrace,
    /// `}`
    CloseBrace,
    /// `:`
    Colon,
    /// `<`, `<=`, `>` or `>=`
    Compare(Comparison),
    /// `and` in any case
    And,
    /// `or` in any case
    Or,
    /// `not` in any case
    Not,
    /// A field or a value
    Literal(Literal),
    /// Where the text ends
    End,
}

/// What a range compares with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// A quoted text, or words without quotes up to the next sign or operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Literal {
    /// What it spells; a wildcard is a `*` in it.
    pub(super) text: String,
    /// The bytes of `text` at which wildcards stand. An escaped or quoted `*` is none.
    pub(super) stars: Vec<usize>,
    /// Whether it stood in quotes.
    pub(super) quoted: bool,
    /// Where its last word stands in the query.
    pub(super) last_word: Range<usize>,
}

/// A token and where it stands in the query, in bytes.
#[derive(Debug, Clone)]
pub(super) struct Spanned {
    pub(super) token: Token,
    pub(super) span: Range<usize>,
}

/// The tokens of a query; the last is [`Token::End`].
///
/// Fails if a quote is not closed or a backslash stands where it means nothing.
pub(super) fn tokens(text: &str) -> Result<Vec<Spanned>> {
    let mut lexer = Lexer { text, at: 0 };
    let mut tokens = Vec::new();
    loop {
        lexer.at += spaces(lexer.rest());
        let start = lexer.at;
        let token = lexer.token()?;
        let done = token == Token::End;
        tokens.push(Spanned {
            token,
            span: start..lexer.at,
        });
        if done {
            return Ok(tokens);
        }
    }
}

struct Lexer<'t> {
    text: &'t str,
    at: usize,
}

impl Lexer<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn token(&mut self) -> Result<Token> {
        let mut chars = self.rest().chars();
        let Some(first) = chars.next() else {
            return Ok(Token::End);
        };
        let or_equal = chars.next() == Some('=');
        let token = match first {
            '(' => Token::Open,
            ')' => Token::Close,
            '{' => Token::OpenBrace,
            '}' => Token::CloseBrace,
            ':' => Token::Colon,
            '<' if or_equal => Token::Compare(Comparison::LessOrEqual),
            '<' => Token::Compare(Comparison::Less),
            '>' if or_equal => Token::Compare(Comparison::GreaterOrEqual),
            '>' => Token::Compare(Comparison::Greater),
            '"' => return self.quoted().map(Token::Literal),
            _ => match keyword(self.rest()) {
                Some((keyword, length)) => {
                    self.at += length;
                    return Ok(keyword);
                }
                None => return self.unquoted().map(Token::Literal),
            },
        };
        self.at += if matches!(
            token,
            Token::Compare(Comparison::LessOrEqual | Comparison::GreaterOrEqual)
        ) {
            2
        } else {
            1
        };
        Ok(token)
    }

    /// Reads what stands between quotes. A backslash that begins no escape is text, as in Kibana.
    fn quoted(&mut self) -> Result<Literal> {
        let start = self.at;
        let mut text = String::new();
        self.at += 1;
        loop {
            let rest = self.rest();
            let Some(c) = rest.chars().next() else {
                return Err(wrong(
                    self.text,
                    start..start + 1,
                    "the quote is never closed",
                    "add a `\"` where the text ends",
                ));
            };
            self.at += match escape(rest) {
                Some((c, length)) => {
                    text.push(c);
                    length
                }
                None if rest.starts_with("\\\\") || rest.starts_with("\\\"") => {
                    text.extend(rest.chars().nth(1));
                    2
                }
                None if c == '"' => {
                    self.at += 1;
                    return Ok(Literal {
                        text,
                        stars: Vec::new(),
                        quoted: true,
                        last_word: start..self.at,
                    });
                }
                None => {
                    text.push(c);
                    c.len_utf8()
                }
            };
        }
    }

    /// Reads words, and the blanks between them, up to the next sign, quote or operator.
    fn unquoted(&mut self) -> Result<Literal> {
        let mut literal = Literal {
            text: String::new(),
            stars: Vec::new(),
            quoted: false,
            last_word: 0..0,
        };
        loop {
            let start = self.at;
            self.word(&mut literal)?;
            literal.last_word = start..self.at;
            let blanks = spaces(self.rest());
            let next = &self.rest()[blanks..];
            if next.is_empty() || next.starts_with(is_sign) || keyword(next).is_some() {
                return Ok(literal);
            }
            literal.text.push_str(&self.text[self.at..self.at + blanks]);
            self.at += blanks;
        }
    }

    fn word(&mut self, literal: &mut Literal) -> Result<()> {
        while let Some(c) = self.rest().chars().next() {
            if is_space(c) || is_sign(c) {
                break;
            }
            if c == '\\' {
                let (c, length) = self.unquoted_escape()?;
                literal.text.push_str(c.encode_utf8(&mut [0; 4]));
                self.at += length;
                continue;
            }
            if c == '*' {
                literal.stars.push(literal.text.len());
            }
            literal.text.push(c);
            self.at += c.len_utf8();
        }
        Ok(())
    }

    /// The character that the backslash here makes, and how many bytes spell it.
    fn unquoted_escape(&self) -> Result<(char, usize)> {
        let rest = self.rest();
        let after = &rest[1..];
        // `\not` as a whole word is the word; else its `\n` would be a line end.
        if let Some(((_, _), c)) = keyword(after).zip(after.chars().next()) {
            return Ok((c, 1 + c.len_utf8()));
        }
        if let Some(found) = escape(rest) {
            return Ok(found);
        }
        match after.chars().next() {
            Some(c) if is_sign(c) || c == '*' || c == '\\' => Ok((c, 2)),
            Some(c) if begins_with_keyword(after) => Ok((c, 2)),
            next => {
                let end = self.at + 1 + next.map_or(0, char::len_utf8);
                let help = "write `\\\\` for a backslash, or put the text in quotes";
                Err(wrong(
                    self.text,
                    self.at..end,
                    "a backslash stands before a character that needs none",
                    help,
                ))
            }
        }
    }
}

/// The operator that the first word of `text` is, and its length.
fn keyword(text: &str) -> Option<(Token, usize)> {
    let word = text.split(|c| is_space(c) || is_sign(c)).next()?;
    let token = match word {
        _ if word.eq_ignore_ascii_case("and") => Token::And,
        _ if word.eq_ignore_ascii_case("or") => Token::Or,
        _ if word.eq_ignore_ascii_case("not") => Token::Not,
        _ => return None,
    };
    Some((token, word.len()))
}

fn begins_with_keyword(text: &str) -> bool {
    ["and", "or", "not"].iter().any(|word| {
        text.get(..word.len())
            .is_some_and(|begin| begin.eq_ignore_ascii_case(word))
    })
}

/// The character of the escape that means the same in and out of quotes, and how many bytes spell it.
fn escape(text: &str) -> Option<(char, usize)> {
    let after = text.strip_prefix('\\')?;
    match after.chars().next()? {
        't' => Some(('\t', 2)),
        'r' => Some(('\r', 2)),
        'n' => Some(('\n', 2)),
        'u' => {
            let high = unit(text)?;
            // Two escapes may spell the halves of one character.
            let low = text.get(6..).and_then(unit);
            let pair = low
                .and_then(|low| char::decode_utf16([high, low]).next()?.ok())
                .filter(|c| c.len_utf16() == 2);
            Some(pair.map_or_else(
                || (char::from_u32(high.into()).unwrap_or('\u{fffd}'), 6),
                |c| (c, 12),
            ))
        }
        _ => None,
    }
}

/// The number of the `\uXXXX` that `text` begins with.
fn unit(text: &str) -> Option<u16> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    digits
        .bytes()
        .all(|b| b.is_ascii_hexdigit())
        .then(|| u16::from_str_radix(digits, 16).ok())
        .flatten()
}

/// How many bytes of white space `text` begins with.
fn spaces(text: &str) -> usize {
    text.len() - text.trim_start_matches(is_space).len()
}

/// White space, as Kibana's grammar has it.
pub(super) fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n' | '\u{a0}')
}

/// Signs that end a word. `*` and the backslash do not.
fn is_sign(c: char) -> bool {
    matches!(c, '(' | ')' | '{' | '}' | ':' | '<' | '>' | '"')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The only literal of the query, and its wildcards.
    fn literal(query: &str) -> (String, Vec<usize>) {
        match &tokens(query).unwrap()[..] {
            [
                Spanned {
                    token: Token::Literal(literal),
                    ..
                },
                Spanned {
                    token: Token::End, ..
                },
            ] => (literal.text.clone(), literal.stars.clone()),
            other => panic!("{query}: {other:?}"),
        }
    }

    #[test]
    fn unescapes_words() {
        for (query, expected) in [
            (r"a\:b", "a:b"),
            (r#"\(\)\{\}\<\>\"\\"#, r#"(){}<>"\"#),
            (r"\and \OR \not", "and OR not"),
            (r"\android", "android"),
            (r"a\tb\nc", "a\tb\nc"),
            (r"\u00e4\u0041", "äA"),
            (r"\ud83d\ude00!", "😀!"),
            (r"\ud83d x", "\u{fffd} x"),
            ("  two   words\u{a0}", "two   words"),
            ("sand nor knot", "sand nor knot"),
        ] {
            assert_eq!(literal(query).0, expected, "{query}");
        }
    }

    #[test]
    fn unescapes_quoted_text() {
        for (query, expected) in [
            (r#""a and (b)""#, "a and (b)"),
            (r#""\"\\\t""#, "\"\\\t"),
            (r#""C:\Windows\*""#, r"C:\Windows\*"),
            (r#""\u0041\uD83D\uDE00""#, "A😀"),
            (r#""""#, ""),
        ] {
            assert_eq!(literal(query), (expected.to_owned(), Vec::new()), "{query}");
        }
    }

    #[test]
    fn tells_wildcards_from_stars() {
        assert_eq!(literal(r"a*\*ö*"), ("a**ö*".to_owned(), vec![1, 5]));
    }

    #[test]
    fn cuts_at_signs_and_operators() {
        let query = "a:(b OR c)and NOT d>=1{}<\"x\"";
        let kinds: Vec<_> = tokens(query)
            .unwrap()
            .into_iter()
            .map(|spanned| query[spanned.span].to_owned())
            .collect();
        assert_eq!(
            kinds,
            [
                "a", ":", "(", "b", "OR", "c", ")", "and", "NOT", "d", ">=", "1", "{", "}", "<",
                "\"x\"", ""
            ]
        );
    }
}
