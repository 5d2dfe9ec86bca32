//! Data views, by which rules choose their indices: reads one, and brings it into a space under its id.
//!
//! - `POST /api/data_views/data_view` keeps the id that it is given, and asks for no more than the right to manage data views. An
//!   import of saved objects would give it another id where one space of the Kibana has that already, and takes nothing of a newer
//!   Kibana.
//! - It is never sent with `override`, which deletes another data view of the same name.

use serde_json::{Map, Value, json};

use super::settle::{Settled, settle};
use crate::error::{Error, ErrorKind, Result};
use crate::kibana::{Client, Method, Replay, Request, Space, piece};

const PATH: &str = "/api/data_views/data_view";

/// What a space is told of a data view. The rest is the server's own, or read from the indices.
const TOLD: [&str; 11] = [
    "id",
    "title",
    "name",
    "type",
    "typeMeta",
    "timeFieldName",
    "sourceFilters",
    "fieldFormats",
    "fieldAttrs",
    "runtimeFieldMap",
    "allowNoIndex",
];
/// What rules go by.
const MATTERS: [&str; 2] = ["title", "runtimeFieldMap"];

/// A data view as its space tells of it.
#[derive(Debug, Clone, PartialEq)]
pub struct View(Map<String, Value>);

impl View {
    /// Reads one; none if the space does not have it.
    pub fn of(client: &Client, space: &Space, id: &str) -> Result<Option<Self>> {
        #[derive(serde::Deserialize)]
        struct Answer {
            data_view: Map<String, Value>,
        }
        let request = Request::new(Method::Get, format!("{PATH}/{}", piece(id))).in_space(space);
        match client.send(&request).and_then(|mut reply| reply.json()) {
            Ok(Answer { data_view }) => Ok(Some(Self(data_view))),
            Err(error) if is_none(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn id(&self) -> &str {
        self.0.get("id").and_then(Value::as_str).unwrap_or_default()
    }

    /// The first member that rules go by and another view says otherwise.
    pub fn differs(&self, other: &Self) -> Option<&'static str> {
        let value = |view: &Self, key: &str| {
            let value = view.0.get(key).cloned();
            value.filter(|it| it.as_object().is_none_or(|it| !it.is_empty()))
        };
        MATTERS
            .into_iter()
            .find(|key| value(self, key) != value(other, key))
    }

    /// What makes such a view in another space.
    fn body(&self) -> Value {
        let members = TOLD.iter().filter_map(|key| {
            let value = self.0.get(*key).filter(|value| !value.is_null())?;
            Some(((*key).to_owned(), value.clone()))
        });
        let mut view: Map<String, Value> = members.collect();
        // Scripted fields are part of the view; the others are read from the indices.
        let fields = self.0.get("fields").and_then(Value::as_object);
        let scripted: Map<String, Value> = fields
            .into_iter()
            .flatten()
            .filter(|(_, field)| field["scripted"] == true)
            .map(|(name, field)| (name.clone(), field.clone()))
            .collect();
        if !scripted.is_empty() {
            view.insert("fields".into(), scripted.into());
        }
        if self.0.get("allowHidden") == Some(&Value::Bool(true)) {
            view.insert("allowHidden".into(), true.into());
        }
        json!({ "data_view": view })
    }
}

/// Makes the view in a space that does not have it. What came of it is read from the space, whatever was answered.
pub fn bring(client: &Client, space: &Space, view: &View) -> Result<()> {
    let request = Request::new(Method::Post, PATH)
        .in_space(space)
        .json(view.body().to_string());
    let sent = settle(client, &request, Replay::Unsafe, |mut reply| {
        if reply.status() == 200 {
            reply.json::<Value>().map(|_| ())
        } else {
            Err(reply.into_error())
        }
    });
    let refusal = match sent.settled {
        Settled::Answered(()) => None,
        Settled::Refused(error) => return Err(explained(error)),
        Settled::Unknown(error) => Some(error),
    };
    match (View::of(client, space, view.id())?, refusal) {
        (Some(_), _) => Ok(()),
        (None, Some(error)) => Err(explained(error)),
        (None, None) => Err(Error::refused(
            "the server made it, and the space does not have it under its id",
        )),
    }
}

/// Says what a refusal means that the server's words leave open.
fn explained(error: Error) -> Error {
    let ErrorKind::Status { message, .. } = error.kind() else {
        return error;
    };
    if message.contains("conflict") {
        return Error::refused(
            "another space of that Kibana has a data view of its id; share that one with the space, in Kibana's page of saved objects",
        );
    }
    if message.starts_with("Duplicate data view") {
        return Error::refused(format!(
            "the space has a data view of its name under another id, which `convert-space` can put in its place ({message})"
        ));
    }
    error
}

/// Whether the server says that there is no such view, and not that it has no such route.
fn is_none(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Status { status: 404, message, .. } if &**message != "Not Found")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(value: Value) -> View {
        serde_json::from_value(value).map(View).unwrap()
    }

    #[test]
    fn another_space_is_told_what_users_said_of_a_view() {
        let view = view(json!({
            "id": "v", "version": "WzEsMV0=", "title": "logs-*", "name": "Logs", "timeFieldName": "@timestamp",
            "namespaces": ["default"], "allowNoIndex": false, "allowHidden": false, "typeMeta": null,
            "fields": {"a": {"name": "a", "scripted": false}, "s": {"name": "s", "scripted": true}},
            "runtimeFieldMap": {"r": {"type": "long"}},
        }));
        let expected = json!({"data_view": {
            "id": "v", "title": "logs-*", "name": "Logs", "timeFieldName": "@timestamp", "allowNoIndex": false,
            "fields": {"s": {"name": "s", "scripted": true}}, "runtimeFieldMap": {"r": {"type": "long"}},
        }});
        assert_eq!(view.body(), expected);
    }

    #[test]
    fn views_differ_by_what_rules_go_by() {
        let first = view(json!({"id": "v", "title": "a", "name": "A", "runtimeFieldMap": {}}));
        let same = view(json!({"id": "v", "title": "a", "name": "B"}));
        let other = view(json!({"id": "v", "title": "b", "name": "A"}));
        assert_eq!(first.differs(&same), None);
        assert_eq!(first.differs(&other), Some("title"));
    }
}
