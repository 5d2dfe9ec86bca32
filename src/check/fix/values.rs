//! Which records does a piece of text hold, however it is laid out?

use std::borrow::Cow;

use crate::json::{JsonError, Raw, Spacing, ValueKind, respaced};

/// Why a text is not records alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Unfit {
    /// It is not JSON, or not yet.
    Json(JsonError),
    /// A value is no record: where it begins, and what it is.
    NotARecord(usize, &'static str),
}

/// The objects that the text holds: one value after another, or the elements of arrays. Nulls are passed over, as Kibana does.
pub(super) fn records(text: &str) -> Result<Vec<Raw<'_>>, Unfit> {
    let mut records = Vec::new();
    let take = |value: Raw<'_>| match value.kind() {
        ValueKind::Null => Ok(None),
        ValueKind::Object => Ok(Some(())),
        kind => Err(Unfit::NotARecord(
            offset(text, value.text()),
            kind.article(),
        )),
    };
    for value in values(text).map_err(Unfit::Json)? {
        if value.kind() == ValueKind::Array {
            for element in value.elements() {
                records.extend(take(element)?.map(|()| element));
            }
        } else {
            records.extend(take(value)?.map(|()| value));
        }
    }
    Ok(records)
}

/// The values that stand one after another in the text.
fn values(text: &str) -> Result<Vec<Raw<'_>>, JsonError> {
    let mut values = Vec::new();
    let mut at = 0;
    while !is_blank(&text[at..]) {
        let rest = &text[at..];
        match Raw::parse(rest) {
            Ok(value) => {
                values.push(value);
                break;
            }
            // Either the value ends where another begins, or it is none.
            Err(error) => match rest.get(..error.offset).map(Raw::parse) {
                Some(Ok(value)) => {
                    values.push(value);
                    at += error.offset;
                }
                _ => {
                    return Err(JsonError {
                        offset: at + error.offset,
                        problem: error.problem,
                    });
                }
            },
        }
    }
    Ok(values)
}

/// The record on one line, its tokens as they are spelt; a record that is on one line stays as it is.
pub(super) fn on_one_line(record: Raw<'_>) -> Cow<'_, str> {
    if record.text().contains('\n') {
        respaced(record, Spacing::Compact).into()
    } else {
        record.text().into()
    }
}

/// Where `part`, a slice of `text`, begins in it.
pub(super) fn offset(text: &str, part: &str) -> usize {
    part.as_ptr() as usize - text.as_ptr() as usize
}

/// Whether a text is white space alone, as JSON knows it.
pub(super) fn is_blank(text: &str) -> bool {
    text.bytes()
        .all(|b| matches!(b, b' ' | b'\t' | b'\n' | b'\r'))
}

/// How many objects and arrays a line leaves open that was begun outside of a string; less than none if it closes more.
///
/// A string does not go on over a line's end, so lines can be added up.
pub(super) fn depth(line: &[u8]) -> i64 {
    let (mut depth, mut within, mut escaped) = (0, false, false);
    for byte in line {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if within => escaped = true,
            b'"' => within = !within,
            b'{' | b'[' if !within => depth += 1,
            b'}' | b']' if !within => depth -= 1,
            _ => {}
        }
    }
    depth
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Result<Vec<String>, Unfit> {
        let records = records(text)?.into_iter();
        Ok(records.map(|one| on_one_line(one).into()).collect())
    }

    #[test]
    fn finds_records_in_any_layout() {
        for text in [
            r#"{"a": 1.0}{"b":[]}"#,
            " {\"a\": 1.0} \t{\"b\":[]} ",
            "{\"a\": 1.0}\r\n{\"b\":[]}\n",
            "[{\"a\": 1.0},\n  {\"b\":[]}]\n",
            "[{\"a\": 1.0}, null]\nnull [] [{\n\"b\" :\n[\n]\n}]",
        ] {
            assert_eq!(
                found(text).unwrap(),
                [r#"{"a": 1.0}"#, r#"{"b":[]}"#],
                "{text}"
            );
        }
        for text in ["", " \n", "null", "[]", "[null]\n"] {
            assert!(found(text).unwrap().is_empty(), "{text}");
        }
    }

    #[test]
    fn says_what_is_no_record() {
        assert_eq!(found("{} 7"), Err(Unfit::NotARecord(3, "a number")));
        assert_eq!(found("[[{}]]"), Err(Unfit::NotARecord(1, "an array")));
        assert_eq!(found(r#"["ü", {}]"#), Err(Unfit::NotARecord(1, "a string")));
    }

    #[test]
    fn an_unfinished_text_fails_at_its_end() {
        for text in ["{\n", "[{\"a\":1},\n", "{\"a\":\n", "{}[\n", "{\"a\":{}\n"] {
            let Err(Unfit::Json(error)) = records(text) else {
                panic!("{text}")
            };
            assert_eq!(error.offset, text.len(), "{text}");
        }
        for text in [
            "{\"a\n",
            "{\"a\":tru\n",
            "{]\n",
            "{}x\n",
            "{,\n",
            "{\"a\":1}}\n",
        ] {
            let Err(Unfit::Json(error)) = records(text) else {
                panic!("{text}")
            };
            assert!(error.offset < text.len(), "{text}");
        }
    }

    #[test]
    fn adds_up_what_is_open() {
        assert_eq!(depth(br#"{"a[\"[":[{"#), 3);
        assert_eq!(depth(br#"}, "\\", {"#), 0);
        assert_eq!(depth(b"}]"), -2);
    }
}
