//! TOML to steps and back.

use std::fmt;

use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer, ser::SerializeMap};

use crate::error::{Error, ErrorKind, Excerpt, Location, Result, nearest};
use crate::query::Query;
use crate::transform::AnyTransform;

/// A transform, and the rules it is for.
#[derive(Debug, Clone)]
pub struct Step {
    /// Limits the step to rules that match; other records then pass untouched.
    pub only: Option<Query>,
    /// What is done.
    pub transform: AnyTransform,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    step: Vec<Step>,
}

pub(super) fn parse(text: &str) -> Result<Vec<Step>> {
    toml::from_str::<File>(text)
        .map(|file| file.step)
        .map_err(|error| refused(text, &error))
}

pub(super) fn parse_step(text: &str) -> Result<Step> {
    toml::from_str(text).map_err(|error| refused(text, &error))
}

/// The step as a `[[step]]` table, settings on one line.
pub(super) fn print(step: &Step) -> Result<String> {
    let mut table = toml::Table::try_from(step).map_err(|error| {
        Error::from(ErrorKind::Bug {
            message: error.to_string().into(),
        })
    })?;
    let mut text = "[[step]]\n".to_owned();
    if let Some(only) = table.remove("only") {
        text += &format!("only = {only}\n");
    }
    for (name, settings) in table {
        text += &format!("{name} = {settings}\n");
    }
    Ok(text)
}

/// The error for TOML that is none or makes no sense, with its place in the text.
fn refused(text: &str, error: &toml::de::Error) -> Error {
    let refused = Error::usage(error.message().trim_end_matches('\n').replace('\n', ", "));
    let Some(span) = error.span() else {
        return refused;
    };
    let start = span.start.min(text.len());
    let line_start = text[..start].rfind('\n').map_or(0, |newline| newline + 1);
    let line_end = text[start..]
        .find('\n')
        .map_or(text.len(), |newline| start + newline);
    let location = Location {
        file: "".into(),
        line: 1 + text[..start].matches('\n').count() as u64,
        column: 1 + text[line_start..start].chars().count() as u64,
        record: None,
    };
    let excerpt = Excerpt::of(
        &text[line_start..line_end],
        start - line_start,
        span.end.min(line_end).max(start) - line_start,
    );
    refused.at(location).showing(excerpt)
}

impl<'de> Deserialize<'de> for Step {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(StepVisitor)
    }
}

struct StepVisitor;

impl<'de> Visitor<'de> for StepVisitor {
    type Value = Step;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a step: `NAME = { settings }` and perhaps `only = 'KQL'`")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Step, M::Error> {
        let mut only = None;
        let mut transform: Option<AnyTransform> = None;
        while let Some(Name(name)) = map.next_key()? {
            if name == "only" {
                only = Some(map.next_value()?);
                continue;
            }
            if let Some(first) = &transform {
                return Err(de::Error::custom(format!(
                    "a step has one transform, found `{}` and `{name}`; write `[[step]]` before each",
                    first.name()
                )));
            }
            transform = AnyTransform::settings(&name, &mut map).transpose()?;
        }
        let transform = transform.ok_or_else(|| {
            de::Error::custom("a step needs a transform, as in `add-tags = { tags = [\"x\"] }`")
        })?;
        Ok(Step { only, transform })
    }
}

/// `only` or the name of a transform, refused at its own place in the text when it is neither.
struct Name(String);

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        if name == "only" || AnyTransform::NAMES.contains(&name.as_str()) {
            return Ok(Self(name));
        }
        let nearest = nearest(&name, AnyTransform::NAMES.iter().copied()).map(Into::into);
        Err(de::Error::custom(ErrorKind::Unknown {
            what: "transform",
            name: name.into(),
            nearest,
        }))
    }
}

impl Serialize for Step {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if let Some(only) = &self.only {
            map.serialize_entry("only", only.text())?;
        }
        // The enum serializes as a map of one: its name and its settings.
        let settings = toml::Table::try_from(&self.transform).map_err(serde::ser::Error::custom)?;
        for (name, settings) in settings {
            map.serialize_entry(&name, &settings)?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_prints() {
        let text = "[[step]]\nonly = 'severity:high'\nadd-tags = { tags = [\"a b\", \"c\"] }\n";
        let steps = parse(text).unwrap();
        let printed: String = steps.iter().map(|step| print(step).unwrap()).collect();
        let again = parse(&printed).unwrap();
        assert_eq!(format!("{steps:?}"), format!("{again:?}"));
        assert!(
            printed.contains("add-tags = { tags = [\"a b\", \"c\"] }"),
            "{printed}"
        );
    }

    #[test]
    fn offers_the_nearest_name_where_it_stands() {
        let error = parse("[[step]]\nadd-tag = { tags = [\"a\"] }").unwrap_err();
        assert_eq!(
            error.to_string(),
            "unknown transform `add-tag`; did you mean `add-tags`?"
        );
        let location = error.location().unwrap();
        assert_eq!((location.line, location.column), (2, 1));
    }

    #[test]
    fn refuses_steps_that_say_nothing_or_too_much() {
        assert!(
            parse("[[step]]\nonly = 'severity:high'")
                .unwrap_err()
                .to_string()
                .starts_with("a step needs a transform")
        );
        let two = parse("[[step]]\nadd-tags = { tags = [] }\nadd-tags2 = {}").unwrap_err();
        assert!(
            two.to_string().starts_with("unknown transform `add-tags2`"),
            "{two}"
        );
        assert!(
            parse("[[steps]]")
                .unwrap_err()
                .to_string()
                .contains("unknown field `steps`")
        );
        assert!(
            parse("[[step]]\nadd-tags = { tagz = [] }")
                .unwrap_err()
                .to_string()
                .contains("unknown field `tagz`")
        );
    }
}
