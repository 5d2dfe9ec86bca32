//! What `stats` takes from one record, on the thread that read it.

use ruleferry::json::Raw;
use ruleferry::record::{ConnectorId, Kind, ListKey, Record, RecordKey};

/// What is counted by value. Each rule counts once for a value, however often it names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Tally {
    Type,
    Severity,
    Enabled,
    Source,
    Tag,
    Tactic,
    Technique,
    Subtechnique,
    IndexPattern,
    DataView,
}

impl Tally {
    /// How many there are.
    pub(super) const COUNT: usize = Self::DataView as usize + 1;
}

/// What one record adds.
#[derive(Debug)]
pub(super) struct Facts {
    pub(super) kind: Kind,
    pub(super) bytes: usize,
    pub(super) key: Option<RecordKey>,
    pub(super) about: About,
}

/// What depends on the kind.
#[derive(Debug)]
pub(super) enum About {
    Rule {
        values: Vec<Value>,
        lists: Vec<ListKey>,
        actions: Vec<Action>,
    },
    List {
        key: Option<ListKey>,
        name: Box<str>,
    },
    Item {
        list: Option<ListKey>,
        value_lists: Vec<(Box<str>, Box<str>)>,
    },
    SavedObject {
        /// None if it is no connector.
        id: Option<ConnectorId>,
        name: Box<str>,
        ty: Box<str>,
    },
    /// The text of a details record.
    Details(Box<str>),
    Nothing,
}

/// A value that is counted, with the name that goes with an id.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Value {
    pub(super) tally: Tally,
    pub(super) text: Box<str>,
    pub(super) name: Option<Box<str>>,
}

/// The connector and the type of an action.
#[derive(Debug)]
pub(super) struct Action {
    pub(super) connector: Option<ConnectorId>,
    pub(super) ty: Box<str>,
}

/// Stands where a record should say something and does not.
pub(super) const NONE: &str = "(none)";

impl Facts {
    pub(super) fn of(record: &Record<'_>) -> Self {
        let about = match record.kind() {
            Kind::Rule => rule(record),
            Kind::ExceptionList => About::List {
                key: record.list_key(),
                name: text(record.get("name")),
            },
            Kind::ExceptionItem => About::Item {
                list: record.list_key(),
                value_lists: value_lists(record),
            },
            Kind::Connector => saved_object(record),
            Kind::Details => About::Details(record.text().into()),
            Kind::Other => About::Nothing,
        };
        Self {
            kind: record.kind(),
            bytes: record.text().len(),
            key: RecordKey::of(record),
            about,
        }
    }
}

fn text(value: Option<Raw<'_>>) -> Box<str> {
    value
        .and_then(Raw::as_str)
        .map(Into::into)
        .unwrap_or_default()
}

fn elements<'r>(record: &'r Record<'_>, key: &str) -> impl Iterator<Item = Raw<'r>> {
    record.get(key).into_iter().flat_map(Raw::elements)
}

fn rule(record: &Record<'_>) -> About {
    let mut values = Vec::new();
    let mut add = |tally, value: Option<Raw<'_>>, name: Option<Raw<'_>>| {
        if let Some(value) = value.and_then(Raw::as_str) {
            let name = name.and_then(Raw::as_str).map(Into::into);
            values.push(Value {
                tally,
                text: value.into(),
                name,
            });
        }
    };
    add(Tally::Type, record.get("type"), None);
    add(Tally::Severity, record.get("severity"), None);
    add(Tally::DataView, record.get("data_view_id"), None);
    for tag in elements(record, "tags") {
        add(Tally::Tag, Some(tag), None);
    }
    for pattern in elements(record, "index") {
        add(Tally::IndexPattern, Some(pattern), None);
    }
    for threat in elements(record, "threat") {
        if let Some(tactic) = threat.get("tactic") {
            add(Tally::Tactic, tactic.get("id"), tactic.get("name"));
        }
        for technique in threat.get("technique").into_iter().flat_map(Raw::elements) {
            add(Tally::Technique, technique.get("id"), technique.get("name"));
            for sub in technique
                .get("subtechnique")
                .into_iter()
                .flat_map(Raw::elements)
            {
                add(Tally::Subtechnique, sub.get("id"), sub.get("name"));
            }
        }
    }
    let state = match record.get("enabled").and_then(Raw::as_bool) {
        Some(true) => "on",
        Some(false) => "off",
        None => NONE,
    };
    let source = if record.is_prebuilt() {
        "prebuilt"
    } else {
        "custom"
    };
    for (tally, value) in [(Tally::Enabled, state), (Tally::Source, source)] {
        values.push(Value {
            tally,
            text: value.into(),
            name: None,
        });
    }
    values.sort_unstable();
    values.dedup_by(|a, b| a.tally == b.tally && a.text == b.text);
    let mut lists: Vec<ListKey> = record.list_references().collect();
    lists.sort_unstable();
    lists.dedup();
    let actions = record.actions().map(|action| Action {
        connector: action.connector().map(ConnectorId::from),
        ty: action.type_id().map_or_else(|| NONE.into(), Into::into),
    });
    About::Rule {
        values,
        lists,
        actions: actions.collect(),
    }
}

fn value_lists(record: &Record<'_>) -> Vec<(Box<str>, Box<str>)> {
    let mut lists: Vec<_> = elements(record, "entries")
        .filter_map(|entry| {
            let list = entry.get("list")?;
            Some((list.get("id")?.as_str()?.into(), text(list.get("type"))))
        })
        .collect();
    lists.sort_unstable();
    lists.dedup();
    lists
}

fn saved_object(record: &Record<'_>) -> About {
    let attribute = |key: &str| {
        record
            .get("attributes")
            .and_then(|attributes| attributes.get(key))
    };
    let is_connector = record.is_connector();
    let ty = if is_connector {
        attribute("actionTypeId")
    } else {
        record.get("type")
    };
    About::SavedObject {
        id: record
            .str("id")
            .filter(|_| is_connector)
            .map(ConnectorId::from),
        name: text(attribute("name").or_else(|| attribute("title"))),
        ty: ty
            .and_then(Raw::as_str)
            .map_or_else(|| NONE.into(), Into::into),
    }
}
