//! Which value is meant by `actions[].params.message`? Shared by `set-field` and `remove-field`.

use std::str::FromStr;

use crate::error::{Error, Excerpt, Result};
use crate::json::{Array, Object, Raw, ValueKind, quoted};
use crate::record::{Kind, Kinds, Record};

/// The way from a record down to values: names with `.` between them, `[]` for all elements of an array, `[0]` for one.
/// A name with `.`, `[`, `]` or `"` is written as a JSON string.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
#[serde(try_from = "String", into = "String")]
pub(super) struct FieldPath {
    text: String,
    first: String,
    rest: Vec<Step>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Member(String),
    Element(Pick),
}

/// Which elements of an array.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pick {
    All,
    One(usize),
}

/// What is done with the values that a path leads to.
#[derive(Debug, Clone, Copy)]
pub(super) enum Change<'v> {
    Set(Raw<'v>),
    Remove,
}

/// A kind of record as a setting.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum, serde::Deserialize, serde::Serialize,
)]
#[serde(rename_all = "kebab-case")]
pub(super) enum RecordKind {
    Rule,
    ExceptionList,
    ExceptionItem,
    Connector,
}

/// The kinds a setting names: rules, if it names none.
pub(super) fn kinds(named: &[RecordKind]) -> Kinds {
    if named.is_empty() {
        return Kinds::RULES;
    }
    let kinds: Vec<Kind> = named
        .iter()
        .map(|kind| match kind {
            RecordKind::Rule => Kind::Rule,
            RecordKind::ExceptionList => Kind::ExceptionList,
            RecordKind::ExceptionItem => Kind::ExceptionItem,
            RecordKind::Connector => Kind::Connector,
        })
        .collect();
    Kinds::of(&kinds)
}

impl FieldPath {
    /// Whether the path leads to one element of an array, found by its place.
    pub(super) fn ends_in_a_place(&self) -> bool {
        matches!(self.rest.last(), Some(Step::Element(Pick::One(_))))
    }

    /// Changes the values that the path leads to. What is not there is made only if the rest of the way is names alone.
    ///
    /// Fails where the way meets a value of another type, or if the record would become one of another kind.
    pub(super) fn change(&self, record: &mut Record<'_>, change: Change<'_>) -> Result<()> {
        member(record, &self.first, &self.rest, change)?;
        let (old, new) = (record.kind(), Kind::of(record));
        if old != new {
            return Err(Error::refused(format!(
                "`{}` tells a record's kind: this {old} would become another kind of record ({new})",
                self.text
            ))
            .within(&*self.first));
        }
        Ok(())
    }
}

/// Goes on from the member `key` of an object.
fn member(object: &mut Object<'_>, key: &str, rest: &[Step], change: Change<'_>) -> Result<()> {
    match (rest, change) {
        ([], Change::Remove) => object.remove(key),
        ([], Change::Set(new)) => {
            if !object.get(key).is_some_and(|old| same(old, new)) {
                object.set(key, new.text());
            }
        }
        (_, Change::Set(new)) if object.get(key).is_none_or(Raw::is_null) => {
            if let Some(json) = nested(rest, new) {
                object.set(key, json);
            }
        }
        ([Step::Member(next), rest @ ..], _) => {
            return object.edit(key, |object| member(object, next, rest, change));
        }
        ([Step::Element(pick), rest @ ..], _) => {
            return object.edit_array(key, |array| elements(array, *pick, rest, change));
        }
    }
    Ok(())
}

/// Goes on from elements of an array.
fn elements(array: &mut Array<'_>, pick: Pick, rest: &[Step], change: Change<'_>) -> Result<()> {
    let mut edits = Vec::new();
    for (index, value) in array.iter() {
        if matches!(pick, Pick::One(one) if one != index) {
            continue;
        }
        let edit = element(value, rest, change).map_err(|error| error.within(index))?;
        edits.push((index, edit));
    }
    for (index, edit) in edits {
        match edit {
            Edit::None => {}
            Edit::Set(json) => array.set(index, json),
            Edit::Remove => array.remove(index),
        }
    }
    Ok(())
}

/// What becomes of an element.
enum Edit {
    None,
    Set(Box<str>),
    Remove,
}

fn element(value: Raw<'_>, rest: &[Step], change: Change<'_>) -> Result<Edit> {
    let other = |expected| Error::wrong_type("element", expected, value.kind().article());
    let json = match (rest, change) {
        ([], Change::Remove) => return Ok(Edit::Remove),
        ([], Change::Set(new)) => (!same(value, new)).then(|| new.text().into()),
        ([Step::Member(next), rest @ ..], _) => {
            let mut object = Object::parse(value.text()).map_err(|_| other("an object"))?;
            member(&mut object, next, rest, change)?;
            object.is_changed().then(|| object.to_json())
        }
        ([Step::Element(pick), rest @ ..], _) => {
            let mut array = Array::parse(value.text()).map_err(|_| other("an array"))?;
            elements(&mut array, *pick, rest, change)?;
            array.is_changed().then(|| array.to_json())
        }
    };
    Ok(json.map_or(Edit::None, Edit::Set))
}

/// Objects around a value for the rest of a way; none if that leads into an array.
fn nested(rest: &[Step], value: Raw<'_>) -> Option<String> {
    rest.iter()
        .rev()
        .try_fold(value.text().to_owned(), |json, step| match step {
            Step::Member(key) => Some(format!("{{{}:{json}}}", quoted(key))),
            Step::Element(_) => None,
        })
}

/// Whether two values differ in spelling alone. Numbers are the same only as text: which digits count is not known here.
fn same(a: Raw<'_>, b: Raw<'_>) -> bool {
    if a.text() == b.text() {
        return true;
    }
    if a.kind() != b.kind() {
        return false;
    }
    match a.kind() {
        ValueKind::String => a.as_str() == b.as_str(),
        ValueKind::Array => {
            a.elements().count() == b.elements().count()
                && a.elements().zip(b.elements()).all(|(a, b)| same(a, b))
        }
        ValueKind::Object => {
            a.members().count() == b.members().count()
                && a.members()
                    .zip(b.members())
                    .all(|(a, b)| a.0 == b.0 && same(a.1, b.1))
        }
        ValueKind::Null | ValueKind::Boolean | ValueKind::Number => false,
    }
}

impl FromStr for FieldPath {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let mut reader = PathReader { text, at: 0 };
        let first = reader.key()?;
        let mut rest = Vec::new();
        loop {
            if reader.takes('[') {
                rest.push(Step::Element(reader.pick()?));
            } else if reader.takes('.') {
                rest.push(Step::Member(reader.key()?));
            } else if reader.left().is_empty() {
                return Ok(Self {
                    text: text.into(),
                    first,
                    rest,
                });
            } else {
                return Err(reader.expected("`.` or `[`"));
            }
        }
    }
}

struct PathReader<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> PathReader<'t> {
    fn left(&self) -> &'t str {
        &self.text[self.at..]
    }

    fn takes(&mut self, c: char) -> bool {
        let taken = self.left().starts_with(c);
        self.at += if taken { c.len_utf8() } else { 0 };
        taken
    }

    /// A bare name, or a JSON string.
    fn key(&mut self) -> Result<String> {
        let left = self.left();
        if left.starts_with('"') {
            let ends = left.match_indices('"').skip(1).map(|(at, _)| at + 1);
            let string = |end| Some((end, Raw::parse(&left[..end]).ok()?.as_str()?));
            let (end, key) = ends
                .into_iter()
                .find_map(string)
                .ok_or_else(|| self.expected("a string in quotes"))?;
            self.at += end;
            return Ok(key.into());
        }
        let end = left.find(['.', '[', ']', '"']).unwrap_or(left.len());
        if end == 0 {
            return Err(self.expected("a name"));
        }
        self.at += end;
        Ok(left[..end].into())
    }

    /// What stands in brackets, and the closing one.
    fn pick(&mut self) -> Result<Pick> {
        let left = self.left();
        let digits = left
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(left.len());
        let pick = match &left[..digits] {
            "" => Pick::All,
            digits => Pick::One(
                digits
                    .parse()
                    .map_err(|_| self.expected("a smaller number"))?,
            ),
        };
        self.at += digits;
        if self.takes(']') {
            Ok(pick)
        } else {
            Err(self.expected("a whole number or `]`"))
        }
    }

    fn expected(&self, expected: &str) -> Error {
        let found = match self.left().chars().next() {
            Some(found) => format!("`{found}`"),
            None => "the end".into(),
        };
        let character = self.text[..self.at].chars().count() + 1;
        Error::usage(format!(
            "the path `{}` must have {expected} at character {character}, found {found}",
            self.text
        ))
        .showing(Excerpt::of(self.text, self.at, self.at + 1))
    }
}

impl TryFrom<String> for FieldPath {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl From<FieldPath> for String {
    fn from(path: FieldPath) -> Self {
        path.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        text.parse::<FieldPath>().unwrap_err().to_string()
    }

    #[test]
    fn reads_names_elements_and_quoted_names() {
        let path: FieldPath = r#"a[].b[12][]."c.\"d"[]"#.parse().unwrap();
        let (all, one) = (Step::Element(Pick::All), Step::Element(Pick::One(12)));
        let member = |key: &str| Step::Member(key.into());
        assert_eq!(path.first, "a");
        assert_eq!(
            path.rest,
            [
                all.clone(),
                member("b"),
                one,
                all.clone(),
                member("c.\"d"),
                all
            ]
        );
    }

    #[test]
    fn says_where_a_path_is_wrong() {
        assert_eq!(
            refused(""),
            "the path `` must have a name at character 1, found the end"
        );
        assert_eq!(
            refused("ä..b"),
            "the path `ä..b` must have a name at character 3, found `.`"
        );
        assert_eq!(
            refused("a[x]"),
            "the path `a[x]` must have a whole number or `]` at character 3, found `x`"
        );
        assert_eq!(
            refused("a]"),
            "the path `a]` must have `.` or `[` at character 2, found `]`"
        );
        assert_eq!(
            refused("\"a"),
            "the path `\"a` must have a string in quotes at character 1, found `\"`"
        );
        assert!(refused("a[99999999999999999999999]").contains("a smaller number at character 3"));
    }

    #[test]
    fn compares_values_not_spelling() {
        let same = |a, b| same(Raw::parse(a).unwrap(), Raw::parse(b).unwrap());
        assert!(same(r#"[ "\u0061",{"b" :[]}]"#, r#"["a",{"\u0062":[ ]}]"#));
        assert!(!same("[1]", "[1,2]") && !same("[1,2]", "[1]"));
        assert!(!same("1", "1.0") && !same("true", "false"));
        assert!(!same(r#"{"a":1}"#, r#"{"b":1}"#) && !same(r#"{"a":1}"#, "{}"));
    }
}
