//! What is one line to an import?

use super::super::model::Kept;
use crate::bundle::{Fields, Fingerprint, fingerprint};
use crate::check;
use crate::json::Raw;
use crate::record::{ConnectorId, Kind, ListKey, Record};
use crate::schema::Target;

/// What is read of a line before lists and connectors have numbers.
pub(super) struct Found {
    pub(super) kind: Kind,
    pub(super) id: Option<Box<str>>,
    pub(super) about: About,
    pub(super) kept: Kept,
}

pub(super) enum About {
    Rule(Vec<(ListKey, Box<str>)>, Vec<ConnectorId>, Option<bool>),
    List(ListKey, Box<str>),
    Item(ListKey),
    Connector(Fingerprint),
    Details,
    /// With the list that it belongs to, where that can be told.
    Unfit(Box<str>, Option<ListKey>),
}

impl Found {
    pub(super) fn of(record: &Record<'_>, target: Target) -> Self {
        Self {
            kind: record.kind(),
            id: record.id().map(Into::into),
            about: About::of(record, target),
            kept: Kept::of(record, target),
        }
    }

    /// What cannot be read, and why.
    pub(super) fn unfit(why: String) -> Self {
        let kept = Record::parse("{}", 0).map(|none| Kept::of(&none, Target::NEWEST));
        Self {
            kind: Kind::Other,
            id: None,
            about: About::Unfit(why.into(), None),
            kept: kept.unwrap_or_default(),
        }
    }
}

impl About {
    fn of(record: &Record<'_>, target: Target) -> Self {
        let unfit = |why: &str| Self::Unfit(why.into(), None);
        let has_id = record.id().is_some_and(|id| !id.is_empty());
        match record.kind() {
            Kind::Details => Self::Details,
            Kind::Other => unfit("the record is no rule, list, item or connector"),
            Kind::Connector if !record.is_connector() => unfit(
                "the record is a saved object but no connector, which an import of rules must not carry",
            ),
            Kind::Connector if target < Target::version(8, 7) => {
                unfit("Kibana below 8.7 imports no connectors")
            }
            Kind::Rule | Kind::Connector if !has_id => {
                unfit("the record has no id that it could be known by in the space")
            }
            Kind::Connector => {
                Self::Connector(connector_print(record.get("attributes"), "actionTypeId"))
            }
            Kind::Rule => Self::Rule(
                record
                    .get("exceptions_list")
                    .into_iter()
                    .flat_map(Raw::elements)
                    .filter_map(reference)
                    .collect(),
                record
                    .actions()
                    .filter_map(|action| action.connector().map(ConnectorId::from))
                    .collect(),
                record.is_prebuilt().then(|| record.has("version")),
            ),
            Kind::ExceptionList | Kind::ExceptionItem => Self::exception(record, target),
        }
    }

    fn exception(record: &Record<'_>, target: Target) -> Self {
        let Some(key) = record.list_key().filter(|key| !key.id.as_str().is_empty()) else {
            return Self::Unfit("the record has no `list_id`".into(), None);
        };
        let unfit = |why: &str| Self::Unfit(why.into(), Some(key.clone()));
        let options = check::Options { target };
        let breaks = |problem: &check::Problem| problem.code == "comments-break-import";
        if record.has("comments") && check::problems(record, options).iter().any(breaks) {
            return unfit("its comments make Kibana fail the whole request");
        }
        if record.kind() == Kind::ExceptionList {
            return Self::List(key, record.str("type").unwrap_or_default().into());
        }
        if record.id().is_some_and(|id| !id.is_empty()) {
            Self::Item(key)
        } else {
            unfit("the item has no `item_id`")
        }
    }
}

fn reference(reference: Raw<'_>) -> Option<(ListKey, Box<str>)> {
    let text = |key: &str| reference.get(key).and_then(Raw::as_str);
    let key = ListKey {
        id: text("list_id")?.into(),
        namespace: crate::record::Namespace::of(text("namespace_type").as_deref()),
    };
    Some((key, text("type").unwrap_or_default().into()))
}

/// What a connector says beside its secrets: its name, type and configuration, in which null is as good as nothing.
pub(super) fn connector_print(attributes: Option<Raw<'_>>, type_key: &str) -> Fingerprint {
    let mut text = String::from("{\"attributes\":{},\"config\":{");
    let attribute = |key: &str| attributes.and_then(|it| it.get(key));
    let members = attribute("config").into_iter().flat_map(Raw::members);
    let mut comma = "";
    for (key, value) in members.filter(|(_, value)| !value.is_null()) {
        text.push_str(&format!(
            "{comma}{}:{}",
            crate::json::quoted(&key),
            value.text()
        ));
        comma = ",";
    }
    let plain = |key: &str| attribute(key).map_or("null", Raw::text);
    text.push_str(&format!(
        "}},\"name\":{},\"ty\":{}}}",
        plain("name"),
        plain(type_key)
    ));
    match Record::parse(&text, 0) {
        Ok(record) => fingerprint(&record, Fields::All),
        Err(_) => Fingerprint::default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connectors_are_told_apart_without_their_secrets() {
        let print = |text: &str, ty: &str| connector_print(Raw::parse(text).ok(), ty);
        let line = r#"{"name":"n","actionTypeId":".slack","config":{"a":1,"b":null},"secrets":{}}"#;
        let stored = r#"{"id":"c","connector_type_id":".slack","name":"n","config":{"a":1.0}}"#;
        let (a, b) = (
            print(line, "actionTypeId"),
            print(stored, "connector_type_id"),
        );
        assert_eq!(a, b);
        assert_ne!(a, print(&line.replace("\"n\"", "\"m\""), "actionTypeId"));
    }
}
