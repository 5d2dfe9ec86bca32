//! Where in a tree does a record belong, and what does it go by there?

use std::fmt;

use super::names::{component, slug};
use crate::json::Raw;
use crate::record::{Kind, Namespace, Record, RecordKey};

/// What a file of a tree is told by.
///
/// A record is told by its own id. Several records of one id are numbered; the first is 1.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Key {
    /// A record with an id, and its number among those of one id.
    Id(RecordKey, u32),
    /// A record without one, which goes by the name of its file.
    Name(Kind, Box<str>),
    /// A line that is no record, which goes by the name of its file.
    Unreadable(Box<str>),
}

impl Key {
    /// The kind of the record; none for a line that is none.
    pub fn kind(&self) -> Option<Kind> {
        match self {
            Self::Id(RecordKey::Rule(_), _) => Some(Kind::Rule),
            Self::Id(RecordKey::List(_), _) => Some(Kind::ExceptionList),
            Self::Id(RecordKey::Item(..), _) => Some(Kind::ExceptionItem),
            Self::Id(RecordKey::SavedObject(..), _) => Some(Kind::Connector),
            Self::Name(kind, _) => Some(*kind),
            Self::Unreadable(_) => None,
        }
    }

    /// The id that people know the record by; none for one without an id.
    pub fn id(&self) -> Option<&str> {
        match self {
            Self::Id(RecordKey::Rule(id), _) => Some(id.as_str()),
            Self::Id(RecordKey::List(list), _) => Some(list.id.as_str()),
            Self::Id(RecordKey::Item(id, _), _) => Some(id.as_str()),
            Self::Id(RecordKey::SavedObject(_, id), _) => Some(id.as_str()),
            Self::Name(..) | Self::Unreadable(_) => None,
        }
    }

    /// The key of a record in the file of this name.
    pub(super) fn in_file(record: &Record<'_>, stem: &str) -> Self {
        match RecordKey::of(record) {
            Some(key) => Self::Id(key, number(stem)),
            None => Self::Name(record.kind(), stem.into()),
        }
    }
}

/// The number that ends a name, as in `acme-1~2`.
fn number(stem: &str) -> u32 {
    let digits = stem.rsplit_once('~').map_or("", |(_, digits)| digits);
    let is_plain = digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0');
    digits.parse().ok().filter(|_| is_plain).unwrap_or(1)
}

impl fmt::Display for Key {
    /// As messages name it, as in ``rule `acme-1` ``.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(key, number) => {
                match key {
                    RecordKey::Rule(id) => write!(f, "rule `{}`", id.as_str())?,
                    RecordKey::List(list) => write!(f, "exception list `{}`", list.id.as_str())?,
                    RecordKey::Item(id, _) => write!(f, "exception item `{}`", id.as_str())?,
                    RecordKey::SavedObject(kind, id) if &**kind == "action" => {
                        write!(f, "connector `{}`", id.as_str())?;
                    }
                    RecordKey::SavedObject(kind, id) => {
                        let kind = if kind.is_empty() {
                            "saved object"
                        } else {
                            kind
                        };
                        write!(f, "{kind} `{}`", id.as_str())?;
                    }
                }
                if *number > 1 {
                    write!(f, " (number {number} of this id)")?;
                }
                Ok(())
            }
            Self::Name(kind, name) => write!(f, "{kind} without an id, named `{name}`"),
            Self::Unreadable(name) => write!(f, "unreadable line `{name}`"),
        }
    }
}

/// What a record's path is made of, before it is known which paths are free.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    /// Folders with `/`, and a `/` at the end, or nothing.
    pub(super) folder: String,
    /// The name without extension and number.
    pub(super) stem: String,
    /// What the record is told by; none for one without an id.
    pub(super) id: Option<RecordKey>,
}

impl Place {
    /// The place of a record.
    pub(super) fn of(record: &Record<'_>) -> Self {
        let id = RecordKey::of(record);
        let named = |name: Option<Raw<'_>>, id: Option<&str>, otherwise: &str| {
            let name = name.and_then(Raw::as_str).and_then(|name| slug(&name));
            let name = name.unwrap_or_else(|| otherwise.to_owned());
            id.map_or_else(|| name.clone(), |id| format!("{name}--{}", component(id)))
        };
        let name = record.get("name");
        let (folder, stem) = match (record.kind(), &id) {
            (Kind::Rule, Some(RecordKey::Rule(id))) => {
                ("rules/".into(), named(name, Some(id.as_str()), "rule"))
            }
            (Kind::Rule, _) => ("rules/".into(), named(name, None, "rule")),
            (Kind::ExceptionList, Some(_)) => (list_folder(record), "list".into()),
            (Kind::ExceptionList, None) => (list_folder(record), named(name, None, "list")),
            (Kind::ExceptionItem, Some(RecordKey::Item(id, _))) => {
                (list_folder(record), named(name, Some(id.as_str()), "item"))
            }
            (Kind::ExceptionItem, _) => (list_folder(record), named(name, None, "item")),
            (Kind::Connector, key) => {
                let id = match key {
                    Some(RecordKey::SavedObject(_, id)) => Some(id.as_str()),
                    _ => None,
                };
                let attributes = record.get("attributes");
                let name = attributes.and_then(|object| object.get("name").or(object.get("title")));
                if record.is_connector() {
                    ("connectors/".into(), named(name, id, "connector"))
                } else {
                    let kind = record.str("type").unwrap_or_default();
                    let kind = if kind.is_empty() { "untyped" } else { &*kind };
                    let folder = format!("saved-objects/{}/", component(kind));
                    (folder, named(name, id, "object"))
                }
            }
            (Kind::Details, _) => (String::new(), "details".into()),
            (Kind::Other, _) => ("other/".into(), named(name, None, "record")),
        };
        Self { folder, stem, id }
    }

    /// The place of a line that is no record, told by the name that it is given.
    pub(super) fn unreadable() -> Self {
        Self {
            folder: "unreadable/".into(),
            stem: "line".into(),
            id: None,
        }
    }
}

/// Lists of all spaces and lists of one may share a `list_id`, not a folder.
fn list_folder(record: &Record<'_>) -> String {
    match record.list_key() {
        Some(list) => {
            let agnostic = if list.namespace == Namespace::Agnostic {
                "--agnostic"
            } else {
                ""
            };
            format!("exceptions/{}{agnostic}/", component(list.id.as_str()))
        }
        None => "exceptions/no-list/".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> String {
        let place = Place::of(&Record::parse(text, 0).unwrap());
        place.folder + &place.stem
    }

    #[test]
    fn puts_each_kind_into_its_folder() {
        for (text, expected) in [
            (
                r#"{"rule_id":"acme-1","name":"A rule!"}"#,
                "rules/a-rule--acme-1",
            ),
            (r#"{"rule_id":"../x"}"#, "rules/rule--x-"),
            (r#"{"type":"query","name":"No id"}"#, "rules/no-id"),
            (r#"{"list_id":"l"}"#, "exceptions/l/list"),
            (
                r#"{"list_id":"l","namespace_type":"agnostic"}"#,
                "exceptions/l--agnostic/list",
            ),
            (
                r#"{"list_id":"l","item_id":"i","name":"N"}"#,
                "exceptions/l/n--i",
            ),
            (r#"{"item_id":"i"}"#, "exceptions/no-list/item--i"),
            (r#"{"list_id":"nul","entries":[]}"#, "exceptions/nul-"),
            (
                r#"{"id":"c","type":"action","attributes":{"name":"Chat"}}"#,
                "connectors/chat--c",
            ),
            (
                r#"{"id":"d","type":"dashboard","attributes":{"title":"T"}}"#,
                "saved-objects/dashboard/t--d",
            ),
            (r#"{"attributes":1,"type":"..\\x"}"#, "saved-objects/x-"),
            (r#"{"exported_count":1}"#, "details"),
            (r#"{"x":1}"#, "other/record"),
        ] {
            let path = path(text);
            assert!(path.starts_with(expected), "{path} {expected}");
            assert!(!path.contains("..") && !path.starts_with('/'), "{path}");
        }
    }

    #[test]
    fn numbers_tell_records_of_one_id_apart() {
        for (stem, expected) in [
            ("a--b", 1),
            ("a--b~2", 2),
            ("a~b", 1),
            ("a~02", 1),
            ("a~", 1),
            ("a~12", 12),
            ("a~99999999999", 1),
        ] {
            assert_eq!(number(stem), expected, "{stem}");
        }
    }
}
