//! A borrowed value that decodes only when asked.

use std::borrow::Cow;

use super::scan::{self, JsonError};
use super::text;

/// One JSON value as it is spelt, without white space around it. Always valid JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Raw<'a> {
    text: &'a str,
}

/// The six kinds of JSON values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "JSON's own names")]
pub enum ValueKind {
    Null,
    Boolean,
    Number,
    String,
    Array,
    Object,
}

impl ValueKind {
    /// The kind with its article, as messages say it.
    pub fn article(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Boolean => "a boolean",
            Self::Number => "a number",
            Self::String => "a string",
            Self::Array => "an array",
            Self::Object => "an object",
        }
    }
}

impl<'a> Raw<'a> {
    /// Reads `text`, which must hold one JSON value and perhaps white space around it.
    pub fn parse(text: &'a str) -> Result<Self, JsonError> {
        let bytes = text.as_bytes();
        let start = scan::space(bytes, 0);
        let end = scan::value(bytes, start)?;
        match scan::space(bytes, end) {
            rest if rest == bytes.len() => Ok(Self {
                text: &text[start..end],
            }),
            rest => Err(scan::expected(bytes, rest, "the end after the value")),
        }
    }

    /// Wraps text that is known to be one value.
    pub(super) fn trusted(text: &'a str) -> Self {
        Self { text }
    }

    /// The value as it is spelt.
    pub fn text(self) -> &'a str {
        self.text
    }

    /// What kind of value it is.
    pub fn kind(self) -> ValueKind {
        match self.text.as_bytes().first() {
            Some(b'n') | None => ValueKind::Null,
            Some(b't' | b'f') => ValueKind::Boolean,
            Some(b'"') => ValueKind::String,
            Some(b'[') => ValueKind::Array,
            Some(b'{') => ValueKind::Object,
            Some(_) => ValueKind::Number,
        }
    }

    /// Whether it is `null`.
    pub fn is_null(self) -> bool {
        self.kind() == ValueKind::Null
    }

    /// The string it spells, or none if it is no string. Half a surrogate pair becomes U+FFFD.
    pub fn as_str(self) -> Option<Cow<'a, str>> {
        let inner = self.text.strip_prefix('"')?.strip_suffix('"')?;
        Some(text::decoded(inner))
    }

    /// The boolean it is, or none.
    pub fn as_bool(self) -> Option<bool> {
        match self.text {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        }
    }

    /// The number it is, as JavaScript reads it (`1e400` is infinite), or none.
    pub fn as_f64(self) -> Option<f64> {
        (self.kind() == ValueKind::Number)
            .then(|| self.text.parse().ok())
            .flatten()
    }

    /// Its elements; none if it is no array.
    pub fn elements(self) -> Elements<'a> {
        Elements {
            text: self.text,
            at: if self.kind() == ValueKind::Array {
                1
            } else {
                self.text.len()
            },
        }
    }

    /// Its members in the order of the text, duplicates included; none if it is no object.
    pub fn members(self) -> Members<'a> {
        Members {
            text: self.text,
            at: if self.kind() == ValueKind::Object {
                1
            } else {
                self.text.len()
            },
        }
    }

    /// The member of this name; of several the last, as `JSON.parse` keeps it.
    pub fn get(self, key: &str) -> Option<Raw<'a>> {
        self.members()
            .filter(|(name, _)| name == key)
            .last()
            .map(|(_, value)| value)
    }
}

/// The elements of an array, from [`Raw::elements`].
#[derive(Debug, Clone)]
pub struct Elements<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Iterator for Elements<'a> {
    type Item = Raw<'a>;

    fn next(&mut self) -> Option<Raw<'a>> {
        let bytes = self.text.as_bytes();
        let start = scan::space(bytes, self.at);
        if let None | Some(b']') = bytes.get(start) {
            return None;
        }
        let end = scan::value(bytes, start).ok()?;
        self.at = after_comma(bytes, end);
        Some(Raw {
            text: &self.text[start..end],
        })
    }
}

/// The members of an object, from [`Raw::members`].
#[derive(Debug, Clone)]
pub struct Members<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Iterator for Members<'a> {
    type Item = (Cow<'a, str>, Raw<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        let bytes = self.text.as_bytes();
        let start = scan::space(bytes, self.at);
        if let None | Some(b'}') = bytes.get(start) {
            return None;
        }
        let key = scan::key(bytes, start).ok()?;
        let end = scan::value(bytes, key.value).ok()?;
        self.at = after_comma(bytes, end);
        let name = &self.text[key.start..key.text.end - 1];
        let name = if key.text.escaped {
            text::decoded(name)
        } else {
            Cow::Borrowed(name)
        };
        Some((
            name,
            Raw {
                text: &self.text[key.value..end],
            },
        ))
    }
}

fn after_comma(bytes: &[u8], end: usize) -> usize {
    let next = scan::space(bytes, end);
    if bytes.get(next) == Some(&b',') {
        next + 1
    } else {
        next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn walks_elements_and_members_without_copies() {
        let value = Raw::parse(r#" {"a" : [1, "x" ,{}], "b":null,"a":[ ]} "#).unwrap();
        let names: Vec<_> = value
            .members()
            .map(|(name, value)| (name, value.text()))
            .collect();
        assert_eq!(
            names,
            [
                ("a".into(), r#"[1, "x" ,{}]"#),
                ("b".into(), "null"),
                ("a".into(), "[ ]")
            ]
        );
        assert_eq!(value.get("a").unwrap().text(), "[ ]");
        let elements: Vec<_> = value
            .members()
            .next()
            .unwrap()
            .1
            .elements()
            .map(Raw::text)
            .collect();
        assert_eq!(elements, ["1", "\"x\"", "{}"]);
        assert_eq!(value.get("b").unwrap().elements().count(), 0);
    }

    #[test]
    fn decodes_only_what_it_is() {
        assert_eq!(Raw::parse("1e400").unwrap().as_f64(), Some(f64::INFINITY));
        assert_eq!(Raw::parse("\"1\"").unwrap().as_f64(), None);
        assert_eq!(Raw::parse(r#""\u0061""#).unwrap().as_str().unwrap(), "a");
        assert_eq!(Raw::parse("true").unwrap().as_bool(), Some(true));
        assert_eq!(Raw::parse("true").unwrap().as_str(), None);
    }

    #[test]
    fn refuses_a_second_value() {
        let failure = Raw::parse("{} {}").unwrap_err();
        assert_eq!(
            (failure.offset, &*failure.problem),
            (3, "expected the end after the value, found `{`")
        );
    }
}
