//! The strings in a value, at any depth.

use super::scan;
use super::text::quoted;
use super::value::Raw;

/// The value with some of its strings replaced, at any depth; none if all stay. Keys of members are no strings here.
///
/// `f` gives what takes the place of a string, or none to leave it as it is spelt.
pub fn replace_strings(
    value: Raw<'_>,
    mut f: impl FnMut(&str) -> Option<String>,
) -> Option<Box<str>> {
    let text = value.text();
    let bytes = text.as_bytes();
    let mut new = String::new();
    let mut copied = 0;
    let mut at = 0;
    // Outside strings JSON has no quotes, so every quote met here begins one.
    while let Some(found) = memchr::memchr(b'"', &bytes[at..]) {
        let start = at + found;
        at = scan::value(bytes, start).ok()?;
        if bytes.get(scan::space(bytes, at)) == Some(&b':') {
            continue;
        }
        let old = Raw::trusted(&text[start..at]).as_str()?;
        if let Some(replaced) = f(&old).filter(|replaced| *replaced != old) {
            new.push_str(&text[copied..start]);
            new.push_str(&quoted(&replaced));
            copied = at;
        }
    }
    (copied > 0).then(|| (new + &text[copied..]).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replaced(text: &str) -> Option<Box<str>> {
        replace_strings(Raw::parse(text).unwrap(), |old| {
            old.contains('a').then(|| old.replace('a', "\"b\""))
        })
    }

    #[test]
    fn replaces_at_any_depth_and_copies_the_rest() {
        assert_eq!(
            replaced(r#"{"a" : [1.0, "a",{"a":"x\u0061\\" , "\\":"\u0062"}], "a": null}"#)
                .unwrap()
                .as_ref(),
            r#"{"a" : [1.0, "\"b\"",{"a":"x\"b\"\\" , "\\":"\u0062"}], "a": null}"#
        );
        assert_eq!(replaced("\"a\"").unwrap().as_ref(), r#""\"b\"""#);
    }

    #[test]
    fn leaves_values_without_a_change_alone() {
        for text in [
            "null",
            "1e400",
            "[]",
            "{}",
            r#"{"a":["b" ,"\u0062"]}"#,
            r#""b""#,
        ] {
            assert_eq!(replaced(text), None, "{text}");
        }
        let same = |old: &str| Some(old.to_owned());
        assert_eq!(
            replace_strings(Raw::parse(r#"["\u0061"]"#).unwrap(), same),
            None
        );
    }
}
