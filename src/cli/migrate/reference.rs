//! How a map file names a connector: by its id, or by its name and perhaps its type.

use ruleferry::error::{Error, Result};
use toml::{Table, Value};

/// What a map file calls a connector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reference {
    Id(Box<str>),
    Named {
        name: Box<str>,
        /// None where it is that of the connector whose place it takes.
        ty: Option<Box<str>>,
    },
}

/// A connector of the source and the one of the target that takes its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Replacement {
    pub(super) old: Reference,
    pub(super) new: Reference,
}

/// What stands before a name where an id could stand.
const BY_NAME: &str = "name:";

impl Reference {
    fn parse(text: &str) -> Result<Self> {
        let (name, is_name) = match text.strip_prefix(BY_NAME) {
            Some(name) => (name, true),
            None => (text, false),
        };
        let name = name.trim();
        if name.is_empty() {
            return Err(Error::usage(format!(
                "`connectors` must have ids, or names as in `name:SOC mail`, found `{text}`"
            )));
        }
        Ok(if is_name {
            Self::Named {
                name: name.into(),
                ty: None,
            }
        } else {
            Self::Id(name.into())
        })
    }

    fn of(old: &str, value: &Value) -> Result<Self> {
        let wrong = || {
            Error::usage(format!(
                "`connectors` must have for `{old}` an id, `name:NAME`, or `{{ name = \"NAME\", type = \"TYPE\" }}`, found {}",
                value.type_str()
            ))
        };
        match value {
            Value::String(text) => Self::parse(text),
            Value::Table(table) => {
                let is_known = |key: &String| matches!(key.as_str(), "name" | "type");
                let text = |key: &str| match table.get(key) {
                    Some(Value::String(text)) if !text.is_empty() => Ok(Some(&**text)),
                    None => Ok(None),
                    Some(_) => Err(wrong()),
                };
                let (Some(name), ty) = (text("name")?, text("type")?) else {
                    return Err(wrong());
                };
                if !table.keys().all(is_known) {
                    return Err(wrong());
                }
                Ok(Self::Named {
                    name: name.into(),
                    ty: ty.map(Into::into),
                })
            }
            _ => Err(wrong()),
        }
    }
}

/// The replacements that a table says.
pub(super) fn replacements(table: &Table) -> Result<Vec<Replacement>> {
    table
        .iter()
        .map(|(old, new)| {
            Ok(Replacement {
                old: Reference::parse(old)?,
                new: Reference::of(old, new)?,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<Replacement>> {
        replacements(&text.parse().unwrap())
    }

    #[test]
    fn connectors_go_by_id_or_name() {
        let named = |name: &str, ty: Option<&str>| Reference::Named {
            name: name.into(),
            ty: ty.map(Into::into),
        };
        let text = "a = \"b\"\n\"name:SOC mail\" = \"name:DR mail\"\nc = { name = \"S\", type = \".slack\" }\nd = { name = \"T\" }\n";
        let mut read = read(text).unwrap();
        read.sort_by_key(|it| format!("{:?}", it.new));
        let id = |id: &str| Reference::Id(id.into());
        let expected = [
            (id("a"), id("b")),
            (named("SOC mail", None), named("DR mail", None)),
            (id("c"), named("S", Some(".slack"))),
            (id("d"), named("T", None)),
        ];
        let expected = expected.map(|(old, new)| Replacement { old, new });
        assert_eq!(read, expected);
    }

    #[test]
    fn what_names_no_connector_is_refused() {
        for text in [
            "a = 1",
            "a = \"\"",
            "\"name:\" = \"b\"",
            "a = { type = \".slack\" }",
            "a = { name = \"\" }",
            "a = { name = \"n\", kind = \".slack\" }",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
