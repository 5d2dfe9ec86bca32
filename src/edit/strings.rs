//! Members that hold a string or an array of strings: read, add, delete, set; shared by tags, index patterns and fields.
//!
//! Elements that stay keep their spelling. The results are those of Kibana's bulk edit: comparison is exact, `add` keeps the
//! first of equal strings, `delete` keeps order and duplicates of what is left.

use std::borrow::Cow;
use std::collections::HashSet;

use crate::error::{Error, Result};
use crate::json::{Object, quoted};
use crate::record::strings;

/// The string that the member holds; none if it is absent or null. Fails if it is anything else.
pub(crate) fn one<'o>(object: &'o Object<'_>, key: &str) -> Result<Option<Cow<'o, str>>> {
    let Some(value) = object.get(key).filter(|value| !value.is_null()) else {
        return Ok(None);
    };
    let wrong_type = || Error::wrong_type(key, "a string", value.kind().article()).within(key);
    value.as_str().map(Some).ok_or_else(wrong_type)
}

/// Makes the member this string. An equal member keeps its spelling. Fails if it is neither string nor null.
pub(crate) fn set_one(object: &mut Object<'_>, key: &str, text: &str) -> Result<()> {
    let same = one(object, key)?.is_some_and(|present| present == text);
    if !same {
        object.set(key, quoted(text));
    }
    Ok(())
}

/// Makes the member the union of what it holds and `values`; says whether it then holds anything else than before.
///
/// An absent or null member counts as empty.
pub(crate) fn add(object: &mut Object<'_>, key: &str, values: &[String]) -> Result<bool> {
    let Some(present) = strings(object, key)? else {
        return if values.is_empty() {
            Ok(false)
        } else {
            set(object, key, &union(&[], values))
        };
    };
    let mut seen = Seen::default();
    let repeated: Vec<usize> = present
        .iter()
        .enumerate()
        .filter(|(_, text)| !seen.insert(text))
        .map(|(index, _)| index)
        .collect();
    let new: Vec<Box<str>> = values
        .iter()
        .filter(|value| seen.insert(value.as_str()))
        .map(|value| quoted(value))
        .collect();
    if repeated.is_empty() && new.is_empty() {
        return Ok(false);
    }
    object.edit_array(key, |array| {
        for index in repeated {
            array.remove(index);
        }
        for text in new {
            array.push(text);
        }
        Ok(())
    })?;
    Ok(true)
}

/// Removes every element equal to one of `values`; says whether there was one.
pub(crate) fn delete(object: &mut Object<'_>, key: &str, values: &[String]) -> Result<bool> {
    let Some(present) = strings(object, key)? else {
        return Ok(false);
    };
    let gone = |text: &str| values.iter().any(|value| value == text);
    let gone: Vec<usize> = present
        .iter()
        .enumerate()
        .filter(|(_, text)| gone(text))
        .map(|(index, _)| index)
        .collect();
    if gone.is_empty() {
        return Ok(false);
    }
    object.edit_array(key, |array| {
        for index in gone {
            array.remove(index);
        }
        Ok(())
    })?;
    Ok(true)
}

/// Makes the member exactly `values`, order and duplicates kept; says whether it held anything else.
///
/// An equal member keeps its spelling; an absent or null one counts as empty, and is set all the same.
pub(crate) fn set(object: &mut Object<'_>, key: &str, values: &[String]) -> Result<bool> {
    let present = strings(object, key)?;
    let counts = present.as_deref().unwrap_or_default() != values;
    if counts || present.is_none() {
        object.set(key, array(values));
    }
    Ok(counts)
}

/// The texts as a JSON array.
pub(crate) fn array(values: &[String]) -> String {
    let texts: Vec<Box<str>> = values.iter().map(|value| quoted(value)).collect();
    format!("[{}]", texts.join(","))
}

/// Replaces elements: `f` gives what takes the place of one, or none to leave it. Of equal results the first is kept.
pub(crate) fn replace(
    object: &mut Object<'_>,
    key: &str,
    mut f: impl FnMut(&str) -> Option<String>,
) -> Result<()> {
    let Some(present) = strings(object, key)? else {
        return Ok(());
    };
    let new: Vec<Option<String>> = present
        .iter()
        .map(|text| f(text).filter(|new| new != text))
        .collect();
    if new.iter().all(Option::is_none) {
        return Ok(());
    }
    let present: Vec<String> = present.into_iter().map(Into::into).collect();
    object.edit_array(key, |array| {
        // What was there twice before stays twice; what becomes equal to another element goes.
        let mut seen: HashSet<&str> = HashSet::new();
        let kept = present.iter().zip(&new).filter(|(_, new)| new.is_none());
        seen.extend(kept.map(|(old, _)| old.as_str()));
        for (index, new) in new.iter().enumerate() {
            match new {
                Some(new) if seen.insert(new) => array.set(index, quoted(new)),
                Some(_) => array.remove(index),
                None => {}
            }
        }
        Ok(())
    })
}

/// Texts that were met. Most arrays are short, and comparing a few strings is faster than hashing them.
#[derive(Default)]
struct Seen<'t> {
    few: Vec<&'t str>,
    many: HashSet<&'t str>,
}

impl<'t> Seen<'t> {
    /// Takes a text down; false if it was met before.
    fn insert(&mut self, text: &'t str) -> bool {
        if self.few.len() < 16 {
            let new = !self.few.contains(&text);
            if new {
                self.few.push(text);
            }
            return new;
        }
        !self.few.contains(&text) && self.many.insert(text)
    }
}

/// `a` then `b`, of equal strings the first.
pub(crate) fn union(a: &[String], b: &[String]) -> Vec<String> {
    let mut seen = HashSet::new();
    a.iter()
        .chain(b)
        .filter(|text| seen.insert(text.as_str()))
        .cloned()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_string_or_none_but_nothing_else() {
        let object = Object::parse(r#"{"a":"\u0061","b":null,"c":[]}"#).unwrap();
        assert_eq!(one(&object, "a").unwrap().as_deref(), Some("a"));
        assert_eq!(
            (one(&object, "b").unwrap(), one(&object, "z").unwrap()),
            (None, None)
        );
        let failure = one(&object, "c").unwrap_err();
        assert_eq!(failure.to_string(), "`c` must be a string, found an array");
        assert_eq!(failure.pointer(), ["c".into()]);
    }

    fn edited(text: &str, edit: impl FnOnce(&mut Object<'_>)) -> String {
        let mut object = Object::parse(text).unwrap();
        edit(&mut object);
        object.to_json().into()
    }

    #[test]
    fn elements_that_stay_keep_their_spelling() {
        let text = r#"{"t": ["\u0061", "b" , "c","b"]}"#;
        let values = |texts: &[&str]| {
            texts
                .iter()
                .map(|&text| text.to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(
            edited(text, |o| assert!(
                add(o, "t", &values(&["a", "d"])).unwrap()
            )),
            r#"{"t": ["\u0061", "b" , "c", "d"]}"#
        );
        assert_eq!(
            edited(text, |o| assert!(delete(o, "t", &values(&["b"])).unwrap())),
            r#"{"t": ["\u0061" , "c"]}"#
        );
        assert_eq!(
            edited(text, |o| assert!(
                !set(o, "t", &values(&["a", "b", "c", "b"])).unwrap()
            )),
            text
        );
        let twice = |text: &str| (text == "c").then(|| "a".to_owned());
        assert_eq!(
            edited(text, |o| replace(o, "t", twice).unwrap()),
            r#"{"t": ["\u0061", "b","b"]}"#
        );
    }
}
