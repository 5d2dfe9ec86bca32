//! Strings between JSON's spelling and Rust's.

use std::borrow::Cow;

/// `text` as a JSON string, quotes included, spelt as `JSON.stringify` does: only what must be escaped is.
pub fn quoted(text: &str) -> Box<str> {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            c if c < ' ' => {
                out.push_str("\\u00");
                out.push(if c < '\u{10}' { '0' } else { '1' });
                out.push(char::from_digit(c as u32 & 0xf, 16).unwrap_or('0'));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out.into()
}

/// The JSON text without the white space between its tokens, so that it fits on a line; tokens keep their spelling.
pub fn compact(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    let (mut within, mut escaped) = (false, false);
    for c in json.chars() {
        if within {
            within = escaped || c != '"';
            escaped = !escaped && c == '\\';
        } else if matches!(c, ' ' | '\t' | '\r' | '\n') {
            continue;
        } else {
            within = c == '"';
        }
        out.push(c);
    }
    out
}

/// The string that `inner`, valid JSON text between two quotes, spells. Half a surrogate pair becomes U+FFFD.
pub(super) fn decoded(inner: &str) -> Cow<'_, str> {
    let Some(first) = memchr::memchr(b'\\', inner.as_bytes()) else {
        return Cow::Borrowed(inner);
    };
    let mut out = String::with_capacity(inner.len());
    out.push_str(&inner[..first]);
    let mut rest = &inner[first..];
    while let Some(escape) = rest.as_bytes().get(1) {
        let mut used = 2;
        match escape {
            b'b' => out.push('\u{8}'),
            b'f' => out.push('\u{c}'),
            b'n' => out.push('\n'),
            b'r' => out.push('\r'),
            b't' => out.push('\t'),
            b'u' => {
                let (c, len) = unicode(rest);
                out.push(c);
                used = len;
            }
            same => out.push(char::from(*same)),
        }
        rest = &rest[used..];
        let plain = memchr::memchr(b'\\', rest.as_bytes()).unwrap_or(rest.len());
        out.push_str(&rest[..plain]);
        rest = &rest[plain..];
    }
    Cow::Owned(out)
}

/// The character of the `\uXXXX` that `text` begins with, and how many bytes spell it: 6, or 12 for a surrogate pair.
fn unicode(text: &str) -> (char, usize) {
    let unit = |text: &str| {
        let digits = text.strip_prefix("\\u")?.get(..4)?;
        u32::from_str_radix(digits, 16).ok()
    };
    let first = unit(text).unwrap_or(0xfffd);
    if let Some(c) = char::from_u32(first) {
        return (c, 6);
    }
    match text.get(6..).and_then(unit) {
        Some(second @ 0xdc00..=0xdfff) if first < 0xdc00 => {
            let code = 0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00);
            (char::from_u32(code).unwrap_or('\u{fffd}'), 12)
        }
        _ => ('\u{fffd}', 6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_as_serde_json_does() {
        for text in [
            r"plain",
            r"\u0061b",
            r#"\"\\\/\b\f\n\r\t"#,
            r"\ud83d\ude00!",
            r"x\\u0041",
            "é\\n\u{2028}",
        ] {
            let oracle: String = serde_json::from_str(&format!("\"{text}\"")).unwrap();
            assert_eq!(decoded(text), oracle);
        }
    }

    #[test]
    fn replaces_half_a_pair() {
        assert_eq!(decoded(r"a\ud83d"), "a\u{fffd}");
        assert_eq!(decoded(r"\ude00b"), "\u{fffd}b");
        assert_eq!(decoded(r"\ud83d\u0041"), "\u{fffd}A");
    }

    #[test]
    fn compacts_what_is_between_tokens_alone() {
        assert_eq!(
            compact("{ \"a b\" :\t[ 1.0,\r\n \"\\\" \\\\\" , \" \" ] }\n"),
            "{\"a b\":[1.0,\"\\\" \\\\\",\" \"]}"
        );
    }

    #[test]
    fn quotes_as_json_stringify_does() {
        assert_eq!(
            &*quoted("a\"\\\n\u{1}\u{1f}é\u{2028}\u{7f}"),
            "\"a\\\"\\\\\\n\\u0001\\u001fé\u{2028}\u{7f}\""
        );
    }
}
