//! White space between tokens: taken out or put in, with every token as it is spelt.

use super::scan;
use super::value::Raw;

/// What stands between the tokens of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spacing {
    /// Nothing, as `JSON.stringify` writes.
    Compact,
    /// A blank after each comma and colon, as Python's `json.dumps` writes.
    Spaced,
    /// Each member and element on a line of its own, two blanks deeper than what holds it.
    Indented,
}

/// Beyond this depth lines are not set in deeper, or the blanks before them would outgrow all else.
const DEEPEST: usize = 40;

/// The value with this spacing. Its tokens (names, numbers, strings with their escapes) stay as they are, and so do members of
/// one name.
pub fn respaced(value: Raw<'_>, spacing: Spacing) -> String {
    let text = value.text();
    let bytes = text.as_bytes();
    let room = if spacing == Spacing::Indented {
        text.len() / 2
    } else {
        0
    };
    let mut out = String::with_capacity(text.len() + room);
    let mut depth = 0;
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let start = at;
        at += 1;
        match byte {
            b'"' => {
                at = scan::value(bytes, start).unwrap_or(bytes.len());
                out.push_str(&text[start..at]);
            }
            b' ' | b'\t' | b'\n' | b'\r' => {}
            b'{' | b'[' => {
                out.push(char::from(byte));
                let next = scan::space(bytes, at);
                if let Some(close @ (b'}' | b']')) = bytes.get(next) {
                    out.push(char::from(*close));
                    at = next + 1;
                } else {
                    depth += 1;
                    break_line(&mut out, spacing, depth);
                }
            }
            b'}' | b']' => {
                depth = depth.saturating_sub(1);
                break_line(&mut out, spacing, depth);
                out.push(char::from(byte));
            }
            b',' => {
                out.push(',');
                break_line(&mut out, spacing, depth);
                if spacing == Spacing::Spaced {
                    out.push(' ');
                }
            }
            b':' => out.push_str(if spacing == Spacing::Compact {
                ":"
            } else {
                ": "
            }),
            _ => {
                let rest = bytes[at..].iter();
                at += rest
                    .take_while(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(byte))
                    .count();
                out.push_str(&text[start..at]);
            }
        }
    }
    out
}

fn break_line(out: &mut String, spacing: Spacing, depth: usize) {
    if spacing == Spacing::Indented {
        out.push('\n');
        for _ in 0..depth.min(DEEPEST) {
            out.push_str("  ");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spelt(text: &str, spacing: Spacing) -> String {
        respaced(Raw::parse(text).unwrap(), spacing)
    }

    const TEXT: &str = "{\"a\":[1e400,-1.0E+2,{}],\"a\":{\"\\u0062 :, \":[],\"c\":null}}";

    #[test]
    fn keeps_every_token() {
        let spaced = "{\"a\": [1e400, -1.0E+2, {}], \"a\": {\"\\u0062 :, \": [], \"c\": null}}";
        let indented = "{\n  \"a\": [\n    1e400,\n    -1.0E+2,\n    {}\n  ],\n  \"a\": {\n    \"\\u0062 :, \": [],\n    \"c\": null\n  }\n}";
        for text in [TEXT, spaced, indented, &TEXT.replace('{', " {\t ")] {
            assert_eq!(spelt(text, Spacing::Compact), TEXT);
            assert_eq!(spelt(text, Spacing::Spaced), spaced);
            assert_eq!(spelt(text, Spacing::Indented), indented);
        }
    }

    #[test]
    fn takes_scalars_and_deep_values() {
        for text in ["1", "\"a b\"", "true", "[]", "{}"] {
            assert_eq!(spelt(text, Spacing::Indented), text);
        }
        let deep = "[".repeat(5000) + "1" + &"]".repeat(5000);
        let indented = spelt(&deep, Spacing::Indented);
        assert!(indented.len() < 1_000_000, "{}", indented.len());
        assert_eq!(spelt(&indented, Spacing::Compact), deep);
    }
}
