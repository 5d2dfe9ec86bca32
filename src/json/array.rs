//! An array over the text it was read from: read and edit elements, copy the rest.

use super::Verdict;
use super::object::{Object, wrong_type};
use super::scan::JsonError;
use super::sequence::Sequence;
use super::value::Raw;
use crate::error::Result;

/// A JSON array whose elements can be read and edited; what no edit touched is written as it was read.
#[derive(Debug)]
pub struct Array<'a> {
    elements: Sequence<'a>,
}

impl<'a> Array<'a> {
    /// Reads the array that `text` holds, white space around it allowed.
    pub fn parse(text: &'a str) -> Result<Self, JsonError> {
        Sequence::array(text).map(|elements| Self { elements })
    }

    /// The elements with their places, earlier changes seen. A place stays the same when others are removed.
    pub fn iter(&self) -> impl Iterator<Item = (usize, Raw<'_>)> {
        (0..self.elements.len())
            .filter_map(|index| Some((index, Raw::trusted(self.elements.value(index)?))))
    }

    /// Replaces the element at this place. Equal text is no change; `json` must be one valid JSON value.
    pub fn set(&mut self, index: usize, json: impl Into<Box<str>>) {
        let json = json.into();
        debug_assert!(Raw::parse(&json).is_ok(), "not JSON: {json}");
        if index < self.elements.len() {
            self.elements.set(index, json);
        }
    }

    /// Removes the element at this place.
    pub fn remove(&mut self, index: usize) {
        if index < self.elements.len() {
            self.elements.remove(index);
        }
    }

    /// Adds an element at the end; `json` must be one valid JSON value.
    pub fn push(&mut self, json: impl Into<Box<str>>) {
        let json = json.into();
        debug_assert!(Raw::parse(&json).is_ok(), "not JSON: {json}");
        self.elements.push("".into(), json);
    }

    /// Edits each element as an object, and drops those for which `f` says so.
    ///
    /// Fails if an element is no object, or as `f` does; the error then says at which element.
    pub fn edit_each(
        &mut self,
        mut f: impl FnMut(&mut Object<'_>) -> Result<Verdict>,
    ) -> Result<()> {
        for index in 0..self.elements.len() {
            let Some(text) = self.elements.value(index) else {
                continue;
            };
            let mut object = Object::parse(text)
                .map_err(|_| wrong_type("element", "an object", text).within(index))?;
            match f(&mut object).map_err(|error| error.within(index))? {
                Verdict::Drop => self.elements.remove(index),
                Verdict::Keep if object.is_changed() => {
                    let new = object.to_json();
                    self.elements.set(index, new);
                }
                Verdict::Keep => {}
            }
        }
        Ok(())
    }

    /// Whether writing it would give anything but the text it was read from.
    pub fn is_changed(&self) -> bool {
        self.elements.is_changed()
    }

    /// The array as JSON.
    pub fn to_json(&self) -> Box<str> {
        self.elements.to_json()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_spelling_of_what_stays() {
        let mut array = Array::parse(r#"[ "\u0061", 1.0 ,"c"]"#).unwrap();
        array.remove(1);
        array.push("\"d\"");
        assert_eq!(&*array.to_json(), r#"[ "\u0061" ,"c", "d"]"#);
        let left: Vec<_> = array
            .iter()
            .map(|(index, value)| (index, value.text()))
            .collect();
        assert_eq!(left, [(0, r#""\u0061""#), (2, "\"c\""), (3, "\"d\"")]);
    }

    #[test]
    fn says_which_element_is_no_object() {
        let failure = Array::parse("[{},7]")
            .unwrap()
            .edit_each(|_| Ok(Verdict::Keep))
            .unwrap_err();
        assert_eq!(
            failure.to_string(),
            "`element` must be an object, found a number"
        );
        assert_eq!(failure.pointer(), [1.into()]);
    }
}
