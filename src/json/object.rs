//! An object over the text it was read from: read and edit members, copy the rest.

use std::borrow::Cow;
use std::ops::Range;

use super::array::Array;
use super::scan::JsonError;
use super::sequence::Sequence;
use super::value::Raw;
use super::{Verdict, quoted, text};
use crate::error::{Error, Result};

/// A JSON object whose members can be read and edited; what no edit touched is written as it was read.
///
/// Of several members of one name the last is read and edited, as `JSON.parse` keeps it.
///
/// ```
/// # fn main() -> ruleferry::error::Result<()> {
/// let mut rule = ruleferry::json::Object::parse(r#"{"risk":1.0, "tags":["a"]}"#)?;
/// rule.set("risk", "1e400");
/// let mut out = Vec::new();
/// rule.write(&mut out);
/// assert_eq!(out, br#"{"risk":1e400, "tags":["a"]}"#);
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct Object<'a> {
    members: Sequence<'a>,
}

impl<'a> Object<'a> {
    /// Reads the object that `text` holds, white space around it allowed.
    pub fn parse(text: &'a str) -> Result<Self, JsonError> {
        Sequence::object(text).map(|members| Self { members })
    }

    /// The text it was read from, whatever was changed since.
    pub fn text(&self) -> &'a str {
        self.members.text()
    }

    /// The member of this name, earlier changes seen.
    pub fn get(&self, key: &str) -> Option<Raw<'_>> {
        self.members
            .value(self.members.find(key)?)
            .map(Raw::trusted)
    }

    /// Whether there is a member of this name, whatever its value.
    pub fn has(&self, key: &str) -> bool {
        self.members.find(key).is_some()
    }

    /// The keys in order, duplicates included.
    pub fn keys(&self) -> impl Iterator<Item = Cow<'_, str>> {
        self.members().map(|(key, _)| key)
    }

    /// The string that the member spells; none if it is absent or no string.
    pub fn str(&self, key: &str) -> Option<Cow<'_, str>> {
        self.get(key)?.as_str()
    }

    /// The members in order with their current values, duplicates included.
    pub fn members(&self) -> impl Iterator<Item = (Cow<'_, str>, Raw<'_>)> {
        (0..self.members.len()).filter_map(|index| {
            let value = self.members.value(index)?;
            let (key, escaped) = self.members.key(index);
            let key = if escaped {
                text::decoded(key)
            } else {
                Cow::Borrowed(key)
            };
            Some((key, Raw::trusted(value)))
        })
    }

    /// Gives the member the value that `json` spells; a new member goes to the end. Equal text is no change.
    ///
    /// `json` must be one valid JSON value; [`quoted`](super::quoted) makes one of a string.
    pub fn set(&mut self, key: &str, json: impl Into<Box<str>>) {
        let json = json.into();
        debug_assert!(Raw::parse(&json).is_ok(), "not JSON: {json}");
        match self.members.find(key) {
            Some(index) => self.members.set(index, json),
            None => self.members.push(quoted(key), json),
        }
    }

    /// Removes the member, all of this name.
    pub fn remove(&mut self, key: &str) {
        self.members.remove_all(key);
    }

    /// Edits the member as an object of its own. Nothing happens if it is absent or null.
    ///
    /// Fails if it is something else, or as `f` does; the error then says that it lies within this member.
    pub fn edit(&mut self, key: &str, f: impl FnOnce(&mut Object<'_>) -> Result<()>) -> Result<()> {
        self.rewrite(key, |text| {
            if Raw::trusted(text).is_null() {
                return Ok(None);
            }
            let mut object = Object::parse(text).map_err(|_| wrong_type(key, "an object", text))?;
            f(&mut object)?;
            Ok(object.is_changed().then(|| object.to_json()))
        })
    }

    /// Edits the member as an array. Nothing happens if it is absent or null.
    ///
    /// Fails if it is something else, or as `f` does; the error then says that it lies within this member.
    pub fn edit_array(
        &mut self,
        key: &str,
        f: impl FnOnce(&mut Array<'_>) -> Result<()>,
    ) -> Result<()> {
        self.rewrite(key, |text| {
            if Raw::trusted(text).is_null() {
                return Ok(None);
            }
            let mut array = Array::parse(text).map_err(|_| wrong_type(key, "an array", text))?;
            f(&mut array)?;
            Ok(array.is_changed().then(|| array.to_json()))
        })
    }

    /// Edits each object of the array that the member holds, and drops those for which `f` says so.
    ///
    /// Nothing happens if the member is absent or null. Fails if it is no array of objects, or as `f` does.
    pub fn edit_each(
        &mut self,
        key: &str,
        f: impl FnMut(&mut Object<'_>) -> Result<Verdict>,
    ) -> Result<()> {
        self.edit_array(key, |array| array.edit_each(f))
    }

    fn rewrite(
        &mut self,
        key: &str,
        f: impl FnOnce(&str) -> Result<Option<Box<str>>>,
    ) -> Result<()> {
        let Some(index) = self.members.find(key) else {
            return Ok(());
        };
        let Some(text) = self.members.value(index) else {
            return Ok(());
        };
        if let Some(new) = f(text).map_err(|error| error.within(key))? {
            self.members.set(index, new);
        }
        Ok(())
    }

    /// Whether writing it would give anything but the text it was read from.
    pub fn is_changed(&self) -> bool {
        self.members.is_changed()
    }

    /// Appends the object as JSON. Unchanged, that is one copy of the text.
    pub fn write(&self, out: &mut Vec<u8>) {
        self.members.write(out);
    }

    /// The object as JSON.
    pub fn to_json(&self) -> Box<str> {
        self.members.to_json()
    }

    /// Where the member's value stands in the text that was read, in bytes.
    pub fn span(&self, key: &str) -> Option<Range<usize>> {
        self.members.span(self.members.find(key)?)
    }
}

/// An error about the value `text` of member `key`.
pub(super) fn wrong_type(key: &str, expected: &'static str, text: &str) -> Error {
    Error::wrong_type(key, expected, Raw::trusted(text).kind().article())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edited(text: &str, edit: impl FnOnce(&mut Object<'_>)) -> String {
        let mut object = Object::parse(text).unwrap();
        edit(&mut object);
        object.to_json().into()
    }

    #[test]
    fn copies_what_it_does_not_touch() {
        let text = " {\"a\" : 1.0,\t\"\\u0062\":1e400 , \"c\":12345678901234567890}\r";
        assert_eq!(edited(text, |_| ()), text);
        assert_eq!(
            edited(text, |o| o.set("b", "2")),
            " {\"a\" : 1.0,\t\"\\u0062\":2 , \"c\":12345678901234567890}\r"
        );
    }

    #[test]
    fn equal_text_is_no_change() {
        let mut object = Object::parse(r#"{"a":1}"#).unwrap();
        object.set("a", "1");
        assert!(!object.is_changed());
        object.set("a", "2");
        object.set("a", "1");
        assert!(!object.is_changed());
    }

    #[test]
    fn removes_members_with_their_commas() {
        let text = r#"{"a":1, "b":2,  "c":3}"#;
        assert_eq!(edited(text, |o| o.remove("a")), r#"{"b":2,  "c":3}"#);
        assert_eq!(edited(text, |o| o.remove("b")), r#"{"a":1,  "c":3}"#);
        assert_eq!(edited(text, |o| o.remove("c")), r#"{"a":1, "b":2}"#);
        assert_eq!(
            edited(text, |o| ["a", "b"].iter().for_each(|k| o.remove(k))),
            r#"{"c":3}"#
        );
        assert_eq!(
            edited(text, |o| ["c", "b"].iter().for_each(|k| o.remove(k))),
            r#"{"a":1}"#
        );
        assert_eq!(
            edited(text, |o| ["c", "a", "b"].iter().for_each(|k| o.remove(k))),
            "{}"
        );
        let removed_and_set = edited(text, |o| {
            o.remove("a");
            o.set("b", "9");
        });
        assert_eq!(removed_and_set, r#"{"b":9,  "c":3}"#);
    }

    #[test]
    fn adds_members_in_the_style_of_the_text() {
        assert_eq!(edited("{}", |o| o.set("x", "1")), r#"{"x":1}"#);
        assert_eq!(edited("{ }", |o| o.set("x", "1")), r#"{"x":1 }"#);
        assert_eq!(
            edited(r#"{"a": 1, "b": 2}"#, |o| o.set("x", "1")),
            r#"{"a": 1, "b": 2, "x": 1}"#
        );
        assert_eq!(
            edited(r#"{"a":1}"#, |o| {
                o.remove("a");
                o.set("a", "2");
            }),
            r#"{"a":2}"#
        );
        assert_eq!(
            edited(r#"{"a":1}"#, |o| {
                o.set("x", "1");
                o.remove("x");
            }),
            r#"{"a":1}"#
        );
    }

    #[test]
    fn reads_and_edits_the_last_of_equal_keys() {
        let text = r#"{"a":1,"\u0061":2}"#;
        assert_eq!(Object::parse(text).unwrap().get("a").unwrap().text(), "2");
        assert_eq!(edited(text, |o| o.set("a", "3")), r#"{"a":1,"\u0061":3}"#);
        assert_eq!(edited(text, |o| o.remove("a")), "{}");
    }

    #[test]
    fn splices_nested_edits() {
        let text = r#"{"actions":[ {"id":"x", "params":{"n":1.0,"to" :["a"]}} ,{"id":"y"}]}"#;
        let after = edited(text, |o| {
            o.edit_each("actions", |action| {
                if action.str("id").as_deref() == Some("y") {
                    return Ok(Verdict::Drop);
                }
                action.edit("params", |params| {
                    params.set("to", "[]");
                    Ok(())
                })?;
                Ok(Verdict::Keep)
            })
            .unwrap();
        });
        assert_eq!(
            after,
            r#"{"actions":[ {"id":"x", "params":{"n":1.0,"to" :[]}}]}"#
        );
    }

    #[test]
    fn names_the_way_to_a_fault() {
        let mut object = Object::parse(r#"{"actions":[{},{"params":3}]}"#).unwrap();
        let failure = object
            .edit_each("actions", |action| {
                action.edit("params", |_| Ok(())).map(|()| Verdict::Keep)
            })
            .unwrap_err();
        assert_eq!(
            failure.to_string(),
            "`params` must be an object, found a number"
        );
        assert_eq!(
            failure.pointer(),
            ["actions".into(), 1.into(), "params".into()]
        );
    }
}
