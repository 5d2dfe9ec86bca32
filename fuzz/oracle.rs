//! The other way to know: JSON as `serde_json` cuts it, and an edit made step by step along a path.

use std::ops::Range;

use ruleferry::error::PathStep;
use ruleferry::json::{Array, Object};
use serde::de::IgnoredAny;

use super::Choose;

/// A member or an element; elements have no name and an empty key.
#[derive(Debug)]
pub(crate) struct Part {
    /// The key as it reads.
    pub(crate) name: String,
    /// Where the key stands, quotes included.
    pub(crate) key: Range<usize>,
    /// Where the value stands.
    pub(crate) value: Range<usize>,
}

/// The members or elements of what `text` holds, as `serde_json` sees them.
///
/// None where it is no object and no array, no JSON, or where a key is no text (half a surrogate pair).
pub(crate) fn parts(text: &str) -> Option<Vec<Part>> {
    serde_json::from_str::<IgnoredAny>(text).ok()?;
    let open = blank(text, 0);
    let is_object = match text.as_bytes()[open] {
        b'{' => true,
        b'[' => false,
        _ => return None,
    };
    let mut parts = Vec::new();
    let mut at = blank(text, open + 1);
    while !matches!(text.as_bytes().get(at)?, b'}' | b']') {
        let key = at..if is_object { value_end(text, at)? } else { at };
        let name = if is_object {
            serde_json::from_str(&text[key.clone()]).ok()?
        } else {
            String::new()
        };
        let start = if is_object {
            blank(text, blank(text, key.end) + 1)
        } else {
            at
        };
        let value = start..value_end(text, start)?;
        at = blank(text, value.end);
        at = if text[at..].starts_with(',') {
            blank(text, at + 1)
        } else {
            at
        };
        parts.push(Part { name, key, value });
    }
    Some(parts)
}

/// The end of the value at `at`, found by `serde_json`.
fn value_end(text: &str, at: usize) -> Option<usize> {
    let mut values = serde_json::Deserializer::from_str(&text[at..]).into_iter::<IgnoredAny>();
    values.next()?.ok()?;
    Some(at + values.byte_offset())
}

/// The first byte at or after `at` that is not white space.
fn blank(text: &str, at: usize) -> usize {
    text.len() - text[at..].trim_start_matches([' ', '\t', '\r', '\n']).len()
}

/// Some value below the object that `text` holds: the way to it, and where it stands. Of equal keys the last is meant.
pub(crate) fn pick(text: &str, choose: Choose<'_>) -> Option<(Vec<PathStep>, Range<usize>)> {
    let mut path = Vec::new();
    let mut span = 0..text.len();
    while path.is_empty() || choose(3) > 0 {
        let Some(parts) = parts(&text[span.clone()]).filter(|parts| !parts.is_empty()) else {
            break;
        };
        let is_array = parts[0].key.is_empty();
        let mut index = choose(parts.len());
        if is_array {
            path.push(index.into());
        } else {
            let name = &parts[index].name;
            index = parts.iter().rposition(|part| part.name == *name)?;
            path.push(name.as_str().into());
        }
        let value = &parts[index].value;
        span = span.start + value.start..span.start + value.end;
    }
    matches!(path.first(), Some(PathStep::Key(_))).then_some((path, span))
}

/// Sets what `path` leads to, by the crate's own means for each step.
pub(crate) fn set(object: &mut Object<'_>, path: &[PathStep], json: &str) {
    let done = match path {
        [PathStep::Key(key)] => return object.set(key, json),
        [PathStep::Key(key), rest @ ..] if matches!(rest[0], PathStep::Key(_)) => {
            object.edit(key, |within| {
                set(within, rest, json);
                Ok(())
            })
        }
        [PathStep::Key(key), rest @ ..] => object.edit_array(key, |within| {
            set_element(within, rest, json);
            Ok(())
        }),
        _ => Ok(()),
    };
    done.unwrap_or_else(|error| panic!("{path:?}: {error}"));
}

fn set_element(array: &mut Array<'_>, path: &[PathStep], json: &str) {
    let [PathStep::Index(index), rest @ ..] = path else {
        return;
    };
    let element = array
        .iter()
        .nth(*index)
        .map(|(_, value)| value.text().to_owned())
        .unwrap_or_default();
    let new = match rest {
        [] => json.into(),
        [PathStep::Key(_), ..] => {
            let mut object =
                Object::parse(&element).unwrap_or_else(|error| panic!("{element}: {error:?}"));
            set(&mut object, rest, json);
            object.to_json()
        }
        [PathStep::Index(_), ..] => {
            let mut inner =
                Array::parse(&element).unwrap_or_else(|error| panic!("{element}: {error:?}"));
            set_element(&mut inner, rest, json);
            inner.to_json()
        }
    };
    array.set(*index, new);
}
