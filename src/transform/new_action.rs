//! One action to give to rules, as a setting: a flag, a TOML string, a TOML table, or an element of a JSON file.

use std::fmt;
use std::str::FromStr;

use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::edit::NewActions;
use crate::error::{Error, Excerpt, Location, Result};
use crate::json::{Raw, ValueKind};

/// An action that Kibana's request schema takes, as JSON on one line.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(into = "String")]
pub(super) struct NewAction(String);

impl NewAction {
    /// The id of its connector.
    pub(super) fn connector(&self) -> String {
        let id = Raw::parse(&self.0).ok().and_then(|action| action.get("id"));
        id.and_then(Raw::as_str).unwrap_or_default().into_owned()
    }
}

impl FromStr for NewAction {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let action = Raw::parse(text).map_err(|error| {
            Error::usage(format!(
                "an action must be a JSON object: {}",
                error.problem
            ))
            .showing(Excerpt::of(text, error.offset, error.offset + 1))
        })?;
        NewActions::action(action).map(Self)
    }
}

impl From<NewAction> for String {
    fn from(action: NewAction) -> Self {
        action.0
    }
}

impl<'de> Deserialize<'de> for NewAction {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ActionVisitor)
    }
}

struct ActionVisitor;

impl<'de> Visitor<'de> for ActionVisitor {
    type Value = NewAction;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an action, as a table or as JSON in a string")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<NewAction, E> {
        text.parse().map_err(E::custom)
    }

    fn visit_map<M: MapAccess<'de>>(self, map: M) -> Result<NewAction, M::Error> {
        let table = toml::Table::deserialize(de::value::MapAccessDeserializer::new(map))?;
        let action = json(toml::Value::Table(table)).map_err(de::Error::custom)?;
        action.to_string().parse().map_err(de::Error::custom)
    }
}

/// The JSON for a TOML value, where there is one. Dates become strings.
fn json(value: toml::Value) -> Result<Value> {
    Ok(match value {
        toml::Value::String(text) => text.into(),
        toml::Value::Integer(number) => number.into(),
        toml::Value::Boolean(boolean) => boolean.into(),
        toml::Value::Float(number) => {
            Number::from_f64(number).map(Value::Number).ok_or_else(|| {
                Error::usage(format!("an action must be JSON, which has no `{number}`"))
            })?
        }
        toml::Value::Datetime(date) => date.to_string().into(),
        toml::Value::Array(array) => array.into_iter().map(json).collect::<Result<_>>()?,
        toml::Value::Table(table) => {
            let members = table
                .into_iter()
                .map(|(key, value)| Ok((key, json(value)?)))
                .collect::<Result<Map<_, _>>>()?;
            members.into()
        }
    })
}

/// Reads a file of actions; `file` is for messages.
pub(super) fn read(file: &str, text: &str) -> Result<Vec<NewAction>> {
    let text = text.trim_start_matches('\u{feff}');
    let blamed = |error: Error, start: usize, end: usize| {
        error
            .at(location(file, text, start))
            .showing(Excerpt::of(text, start, end))
    };
    let value = Raw::parse(text).map_err(|error| {
        let message = format!("the actions must be a JSON array: {}", error.problem);
        blamed(Error::usage(message), error.offset, error.offset + 1)
    })?;
    // All values are slices of one text, so the distance of their beginnings is the offset.
    let start = |part: Raw<'_>| part.text().as_ptr() as usize - text.as_ptr() as usize;
    if value.kind() != ValueKind::Array {
        let found = value.kind().article();
        let wrong = Error::usage(format!("the actions must be a JSON array, found {found}"));
        return Err(blamed(wrong, start(value), start(value) + 1));
    }
    let one = |action: Raw<'_>| {
        let start = start(action);
        let action_text = NewActions::action(action).map(NewAction);
        action_text.map_err(|error| blamed(error, start, start + action.text().len()))
    };
    value.elements().map(one).collect()
}

fn location(file: &str, text: &str, offset: usize) -> Location {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.rsplit('\n').next().unwrap_or_default();
    Location {
        file: file.into(),
        line: 1 + before.matches('\n').count() as u64,
        column: 1 + line.chars().count() as u64,
        record: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_actions_from_a_file() {
        let read = |text: &str| read("a.json", text);
        let actions = read("\u{feff}[\n { \"id\": \"c\", \"params\": {\"n\": 1.0} } ]\n").unwrap();
        assert_eq!(
            actions,
            [NewAction(r#"{"id":"c","params":{"n":1.0}}"#.into())]
        );
        assert_eq!(actions[0].connector(), "c");
        assert_eq!(read("[]").unwrap(), []);
        let refused = |text: &str| {
            let error = read(text).unwrap_err();
            let place = error.location().cloned().unwrap();
            (error.to_string(), place.line, place.column)
        };
        assert_eq!(
            refused("[\n {\"id\":\"c\",\"params\":{}},\n  {\"id\":\"c\"}]"),
            ("`params` must be an object, found nothing".to_owned(), 3, 3)
        );
        assert_eq!(
            refused(" {}"),
            (
                "the actions must be a JSON array, found an object".to_owned(),
                1,
                2
            )
        );
        let (message, line, column) = refused("[\n{]");
        assert!(
            message.starts_with("the actions must be a JSON array: "),
            "{message}"
        );
        assert_eq!((line, column), (2, 2));
    }

    #[test]
    fn a_table_is_the_json_it_spells() {
        let read = |text: &str| {
            let table: toml::Table = text.parse().unwrap();
            NewAction::deserialize(table).map_err(|error| error.to_string())
        };
        assert_eq!(
            read("id = 'c'\ngroup = 'default'\nparams = { to = ['a@example.com'], n = 1, x = 1.5, b = true, t = { u = '' } }")
                .unwrap()
                .0,
            r#"{"group":"default","id":"c","params":{"b":true,"n":1,"t":{"u":""},"to":["a@example.com"],"x":1.5}}"#
        );
        assert_eq!(
            read("id = 'c'\nparams = { on = 2026-01-31 }").unwrap().0,
            r#"{"id":"c","params":{"on":"2026-01-31"}}"#
        );
        assert_eq!(
            read("id = 'c'\nparams = { n = nan }").unwrap_err().trim(),
            "an action must be JSON, which has no `NaN`"
        );
        assert_eq!(
            read("id = 'c'\nparams = {}\nuuid = 'u'")
                .unwrap_err()
                .trim(),
            "`uuid` is none of `id`, `params`, `group`, `frequency`, `alerts_filter`"
        );
    }
}
