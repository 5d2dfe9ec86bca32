//! What is a value list beside its values?

use serde_json::{Value, json};

use crate::error::{Error, ErrorKind, Result};
use crate::kibana::{Client, Method, Request, Space};

/// What a value list is, beside its values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings(pub(super) Value);

impl Settings {
    /// The settings of a list of a space; none if it has no such list.
    pub fn of(client: &Client, space: &Space, id: &str) -> Result<Option<Self>> {
        let request = Request::new(Method::Get, "/api/lists")
            .in_space(space)
            .with("id", id);
        match client.send(&request).and_then(|mut reply| reply.json()) {
            Ok(settings) => Ok(Some(Self(settings))),
            Err(error) if is_no_list(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Reads what [`text`](Self::text) wrote.
    pub fn parse(text: &str) -> Option<Self> {
        let value: Value = serde_json::from_str(text).ok()?;
        value["id"].is_string().then_some(Self(value))
    }

    /// As JSON, all that the server told.
    pub fn text(&self) -> String {
        self.0.to_string()
    }

    /// Its id, by which exceptions refer to it.
    pub fn id(&self) -> &str {
        self.0["id"].as_str().unwrap_or_default()
    }

    /// The type of its values, as in `ip`.
    pub fn ty(&self) -> &str {
        self.0["type"].as_str().unwrap_or_default()
    }

    /// Whether another list is the same in all that a user chooses of it, beside its values.
    pub fn is_like(&self, other: &Self) -> bool {
        self.body() == other.body()
    }

    /// What a user chooses of it that another list has otherwise, beside its type and values.
    pub fn differs(&self, other: &Self) -> Option<&'static str> {
        let (own, others) = (self.body(), other.body());
        let keys = ["name", "description", "serializer", "deserializer"];
        keys.into_iter().find(|key| own.get(key) != others.get(key))
    }

    /// Fails where the list that a space has of this id is of another type.
    pub fn must_be_of(&self, there: &Self, space: &Space) -> Result<()> {
        if there.ty() == self.ty() {
            return Ok(());
        }
        Err(Error::refused(format!(
            "value list `{}` must be of type `{}`, found one of type `{}` in space `{space}`",
            self.id(),
            self.ty(),
            there.ty()
        )))
    }

    /// What makes such a list in another space.
    pub(super) fn body(&self) -> Value {
        let name = self.0["name"].as_str().filter(|name| !name.is_empty());
        let description = self.0["description"]
            .as_str()
            .filter(|text| !text.is_empty());
        let name = name.unwrap_or(self.id());
        let mut body = json!({
            "id": self.id(),
            "name": name,
            "description": description.unwrap_or(name),
            "type": self.ty(),
        });
        for key in ["meta", "serializer", "deserializer"] {
            if let Some(value) = self.0.get(key).filter(|value| !value.is_null()) {
                body[key] = value.clone();
            }
        }
        body
    }
}

/// Whether the server says that it has no such list, and not that it knows nothing of lists.
fn is_no_list(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Status { status: 404, message, .. } if &**message != "Not Found")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_made_of_what_it_says_of_itself() {
        let text = r#"{"id":"ips","name":"ips","type":"ip","description":"","_version":"x","created_by":"a"}"#;
        let settings = Settings::parse(text).unwrap();
        assert_eq!((settings.id(), settings.ty()), ("ips", "ip"));
        assert_eq!(
            settings.body(),
            json!({"id": "ips", "name": "ips", "type": "ip", "description": "ips"})
        );
        assert_eq!(Settings::parse(&settings.text()), Some(settings));
        assert_eq!(Settings::parse("{}"), None);
        let of = |text: &str| Settings::parse(text).unwrap();
        let plain = of(r#"{"id":"ips","type":"ip"}"#);
        let other = of(r#"{"id":"ips","type":"ip","deserializer":"{{value}}"}"#);
        assert_eq!(plain.differs(&other), Some("deserializer"));
        assert_eq!(plain.differs(&of(text)), None);
    }
}
