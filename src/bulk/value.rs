//! A value in a request body, which knows its way and its place: a fault names both.

use crate::error::{Error, Excerpt, Location, PathStep, Result, nearest};
use crate::json::{Raw, ValueKind};

/// A value in a request body.
#[derive(Debug, Clone)]
pub(super) struct Value<'t> {
    /// The whole body.
    body: &'t str,
    raw: Raw<'t>,
    path: Vec<PathStep>,
}

/// A key that the endpoint drops without a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dropped {
    /// The way to it, as in `/edit/0/vlaue`.
    pub pointer: Box<str>,
    /// A key that was perhaps meant.
    pub nearest: Option<&'static str>,
}

/// The way and the place of a value, to be told when the body is gone.
#[derive(Debug, Clone)]
pub(super) struct Spot {
    path: Vec<PathStep>,
    location: Location,
    excerpt: Excerpt,
}

/// The way as a JSON pointer; nothing for the body itself.
pub(super) fn pointer(path: &[PathStep]) -> String {
    path.iter()
        .map(|step| match step {
            PathStep::Key(key) => format!("/{}", key.replace('~', "~0").replace('/', "~1")),
            PathStep::Index(index) => format!("/{index}"),
        })
        .collect()
}

impl<'t> Value<'t> {
    /// Reads a body.
    pub(super) fn body(body: &'t str) -> Result<Self> {
        let raw = Raw::parse(body).map_err(|error| {
            let message = format!("the request is not JSON: {}", error.problem);
            Error::request(message, None)
                .at(location(body, error.offset))
                .showing(excerpt(body, error.offset, error.offset + 1))
        })?;
        Ok(Self {
            body,
            raw,
            path: Vec::new(),
        })
    }

    /// The value at the end of a way down from here; what is missing stands where the last value on the way does.
    pub(super) fn below(&self, way: &[PathStep]) -> Self {
        let mut here = self.clone();
        let mut is_there = true;
        for step in way {
            let next = match step {
                _ if !is_there => None,
                PathStep::Key(key) => here.raw.get(key),
                PathStep::Index(index) => here.raw.elements().nth(*index),
            };
            is_there = next.is_some();
            here.raw = next.unwrap_or(here.raw);
            here.path.push(step.clone());
        }
        here
    }

    /// The value as JSON.
    pub(super) fn raw(&self) -> Raw<'t> {
        self.raw
    }

    /// The way to it from the body.
    pub(super) fn pointer(&self) -> String {
        pointer(&self.path)
    }

    /// Where the value stands.
    pub(super) fn spot(&self) -> Spot {
        // Both are slices of one text, so the distance of their beginnings is the offset.
        let offset = self.raw.text().as_ptr() as usize - self.body.as_ptr() as usize;
        Spot {
            path: self.path.clone(),
            location: location(self.body, offset),
            excerpt: excerpt(self.body, offset, offset + self.raw.text().len()),
        }
    }

    /// Adds to an error where the value stands.
    pub(super) fn blamed(&self, error: Error) -> Error {
        self.spot().blamed(error)
    }

    /// Adds to an error about what is in this value, which names the way on from it, where that stands.
    pub(super) fn blamed_within(&self, error: &Error) -> Error {
        let mut inner = self.clone();
        for step in error.pointer() {
            let next = match step {
                PathStep::Key(key) => inner.raw.get(key),
                PathStep::Index(index) => inner.raw.elements().nth(*index),
            };
            // What is missing stands nowhere: its place is that of what lacks it.
            let Some(raw) = next else { break };
            inner.raw = raw;
        }
        let place = inner.spot();
        let refused = Error::request(error.to_string(), None)
            .at(place.location)
            .showing(place.excerpt);
        let way = self.path.iter().chain(error.pointer());
        way.rev()
            .fold(refused, |error, step| error.within(step.clone()))
    }

    /// A refusal of the request because of this value.
    pub(super) fn refused(&self, message: impl Into<Box<str>>, help: Option<&str>) -> Error {
        self.blamed(Error::request(message, help))
    }

    /// The refusal of a value that is not what it must be.
    pub(super) fn wrong(&self, expected: &str) -> Error {
        let found = match self.raw.kind() {
            ValueKind::String | ValueKind::Number | ValueKind::Boolean
                if self.raw.text().len() <= 60 =>
            {
                format!("`{}`", self.raw.text())
            }
            kind => kind.article().to_owned(),
        };
        self.unlike(expected, &found)
    }

    fn unlike(&self, expected: &str, found: &str) -> Error {
        let name = match self.pointer() {
            pointer if pointer.is_empty() => "the request".to_owned(),
            pointer => format!("`{pointer}`"),
        };
        self.refused(format!("{name} must be {expected}, found {found}"), None)
    }

    /// The value, which must be an object.
    pub(super) fn object(self) -> Result<Self> {
        match self.raw.kind() {
            ValueKind::Object => Ok(self),
            _ => Err(self.wrong("an object")),
        }
    }

    /// The member of this name, `null` included.
    pub(super) fn member(&self, key: &str) -> Option<Self> {
        let raw = self.raw.get(key)?;
        let mut path = self.path.clone();
        path.push(key.into());
        Some(Self {
            body: self.body,
            raw,
            path,
        })
    }

    /// The member of this name, which must be there; `expected` says what it is.
    pub(super) fn required(&self, key: &str, expected: &str) -> Result<Self> {
        self.member(key).ok_or_else(|| {
            let mut missing = self.clone();
            missing.path.push(key.into());
            missing.unlike(expected, "nothing")
        })
    }

    /// Takes down the keys that are none of `known`, which is what the endpoint drops.
    pub(super) fn drops(&self, known: &[&'static str], dropped: &mut Vec<Dropped>) {
        for (key, _) in self.raw.members() {
            if !known.contains(&&*key) {
                let mut path = self.path.clone();
                path.push((&*key).into());
                let nearest = nearest(&key, known.iter().copied())
                    .and_then(|near| known.iter().copied().find(|name| *name == near));
                let pointer = pointer(&path).into();
                dropped.push(Dropped { pointer, nearest });
            }
        }
    }

    /// The string it is.
    pub(super) fn string(&self) -> Result<String> {
        self.raw
            .as_str()
            .map(Into::into)
            .ok_or_else(|| self.wrong("a string"))
    }

    /// The boolean it is.
    pub(super) fn boolean(&self) -> Result<bool> {
        self.raw
            .as_bool()
            .ok_or_else(|| self.wrong("`true` or `false`"))
    }

    /// The one of these strings that it is.
    pub(super) fn choice<'c>(&self, choices: &[&'c str]) -> Result<&'c str> {
        let text = self.raw.as_str();
        choices
            .iter()
            .copied()
            .find(|choice| text.as_deref() == Some(*choice))
            .ok_or_else(|| {
                let names: Vec<String> =
                    choices.iter().map(|choice| format!("`{choice}`")).collect();
                let near = text
                    .as_deref()
                    .and_then(|text| nearest(text, choices.iter().copied()))
                    .map(|near| format!("; did you mean `{near}`?"));
                match near {
                    Some(near) => {
                        let found = format!("`{}`{near}", self.raw.text());
                        self.unlike(&format!("one of {}", names.join(", ")), &found)
                    }
                    None => self.wrong(&format!("one of {}", names.join(", "))),
                }
            })
    }

    /// The whole number from 1 that it is, however it is spelt.
    pub(super) fn positive(&self) -> Result<u64> {
        const EXPECTED: &str = "a whole number from 1";
        // The largest number that JavaScript counts to without a gap.
        const LARGEST: f64 = 9_007_199_254_740_991.0;
        let number = self.raw.as_f64().ok_or_else(|| self.wrong(EXPECTED))?;
        if !(1.0..=LARGEST).contains(&number) || number.fract() != 0.0 {
            return Err(self.wrong(EXPECTED));
        }
        format!("{number:.0}")
            .parse()
            .map_err(|_| self.wrong(EXPECTED))
    }

    /// The elements of the array it is; `expected` says what it must be.
    pub(super) fn elements(&self, expected: &str) -> Result<Vec<Self>> {
        if self.raw.kind() != ValueKind::Array {
            return Err(self.wrong(expected));
        }
        let element = |(index, raw): (usize, Raw<'t>)| {
            let mut path = self.path.clone();
            path.push(index.into());
            Self {
                body: self.body,
                raw,
                path,
            }
        };
        Ok(self.raw.elements().enumerate().map(element).collect())
    }

    /// The strings of the array it is, at least `least` of them.
    pub(super) fn strings(&self, least: usize) -> Result<Vec<String>> {
        let expected = match least {
            0 => "an array of strings",
            _ => "an array of at least one string",
        };
        let elements = self.elements(expected)?;
        if elements.len() < least {
            return Err(self.unlike(expected, "an empty one"));
        }
        elements.iter().map(Self::string).collect()
    }
}

impl Spot {
    /// The place in the body, without a file.
    pub(super) fn location(&self) -> &Location {
        &self.location
    }

    /// Adds the place to an error; an excerpt that it has already stays.
    pub(super) fn blamed(&self, error: Error) -> Error {
        let error = error
            .at(self.location.clone())
            .showing(self.excerpt.clone());
        self.path
            .iter()
            .rev()
            .fold(error, |error, step| error.within(step.clone()))
    }
}

fn location(body: &str, offset: usize) -> Location {
    let before = body.get(..offset).unwrap_or(body);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    Location {
        file: "".into(),
        line: 1 + before.matches('\n').count() as u64,
        column: 1 + before[line_start..].chars().count() as u64,
        record: None,
    }
}

/// The text at fault with what stands around it on its first line.
fn excerpt(body: &str, start: usize, end: usize) -> Excerpt {
    let start = start.min(body.len());
    let line_start = body
        .get(..start)
        .and_then(|before| before.rfind('\n'))
        .map_or(0, |newline| newline + 1);
    let line_end = body
        .get(start..)
        .and_then(|after| after.find('\n'))
        .map_or(body.len(), |newline| start + newline);
    let line = body.get(line_start..line_end).unwrap_or_default();
    Excerpt::of(line, start - line_start, end.min(line_end) - line_start)
}
