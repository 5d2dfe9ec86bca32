//! Of which type is a connector that no line of the bundle tells of?

use std::collections::HashMap;
use std::str::FromStr;

use crate::error::{Error, Result};

/// A connector's id and its type, written `my-id=.slack`.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct ConnectorType {
    /// The id, which is not empty.
    pub id: String,
    /// The type, which begins with a dot.
    pub type_id: String,
}

impl ConnectorType {
    /// The types by id.
    ///
    /// Fails if one id is given two types.
    pub fn by_id(told: &[Self]) -> Result<HashMap<String, String>> {
        let mut types = HashMap::new();
        for Self { id, type_id } in told {
            if let Some(other) = types.insert(id.clone(), type_id.clone())
                && other != *type_id
            {
                return Err(Error::usage(format!(
                    "`connector` must give an id one type, found `{other}` and `{type_id}` for `{id}`"
                )));
            }
        }
        Ok(types)
    }
}

impl FromStr for ConnectorType {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text.rsplit_once('=') {
            Some((id, type_id))
                if !id.is_empty() && type_id.starts_with('.') && type_id.len() > 1 =>
            {
                Ok(Self {
                    id: id.into(),
                    type_id: type_id.into(),
                })
            }
            _ => Err(Error::usage(format!(
                "expected a connector's id and its type, as in `my-id=.slack`, found `{text}`"
            ))),
        }
    }
}

impl TryFrom<String> for ConnectorType {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl From<ConnectorType> for String {
    fn from(told: ConnectorType) -> Self {
        format!("{}={}", told.id, told.type_id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_at_the_last_equals_sign() {
        let told: ConnectorType = "a=b=.slack".parse().unwrap();
        assert_eq!((&*told.id, &*told.type_id), ("a=b", ".slack"));
        assert_eq!(String::from(told), "a=b=.slack");
        for text in ["", "a", "a=", "a=.", "a=slack", "=.slack"] {
            assert_eq!(
                text.parse::<ConnectorType>().unwrap_err().to_string(),
                format!(
                    "expected a connector's id and its type, as in `my-id=.slack`, found `{text}`"
                )
            );
        }
    }

    #[test]
    fn an_id_has_one_type() {
        let told = |texts: &[&str]| -> Vec<ConnectorType> {
            texts.iter().map(|text| text.parse().unwrap()).collect()
        };
        let types = ConnectorType::by_id(&told(&["a=.slack", "b=.email", "a=.slack"])).unwrap();
        assert_eq!(
            (types["a"].as_str(), types["b"].as_str()),
            (".slack", ".email")
        );
        let failure = ConnectorType::by_id(&told(&["a=.slack", "a=.email"])).unwrap_err();
        assert_eq!(
            failure.to_string(),
            "`connector` must give an id one type, found `.slack` and `.email` for `a`"
        );
    }
}
