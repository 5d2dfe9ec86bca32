//! What one record says that only the whole bundle can judge, taken on the thread that read it.

use crate::json::Raw;
use crate::record::{
    ConnectorId, Kind, ListKey, Namespace, Record, RecordKey, is_system_connector,
};

/// What one record adds to the picture of the bundle: its key, and whom it refers to.
#[derive(Debug)]
pub struct Facts {
    pub(super) kind: Kind,
    pub(super) key: Option<RecordKey>,
    /// Whether the record is refused for itself, so that no other can stand beside it twice.
    pub(super) is_refused: bool,
    pub(super) marks: Vec<Mark>,
    pub(super) about: About,
}

/// What depends on the kind.
#[derive(Debug)]
pub(super) enum About {
    Rule(Box<Rule>),
    List {
        key: Option<ListKey>,
        ty: Option<Box<str>>,
    },
    Item {
        list: Option<ListKey>,
        value_lists: Vec<Box<str>>,
    },
    Connector,
    /// The text of a details record.
    Details(Box<str>),
    Nothing,
}

/// What a rule refers to.
#[derive(Debug, Default)]
pub(super) struct Rule {
    pub(super) lists: Vec<Reference>,
    /// Connectors of its actions, each once, with the action's place; system connectors are left out.
    pub(super) connectors: Vec<(ConnectorId, usize)>,
    pub(super) needs: Vec<(Need, Box<str>)>,
    /// The Kibana that links in notifications lead to.
    pub(super) app_url: Option<Box<str>>,
}

/// One element of a rule's `exceptions_list`.
#[derive(Debug, PartialEq, Eq, Hash, Clone)]
pub(super) struct Reference {
    pub(super) list: ListKey,
    pub(super) ty: Option<Box<str>>,
    pub(super) index: usize,
}

/// Things that rules and items name and that no export holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Need {
    ValueList,
    DataView,
    SavedQuery,
    Timeline,
    MlJob,
}

/// What is worth one sentence for all records that have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Mark {
    /// A machine learning rule.
    Ml,
    /// Alerts are suppressed.
    Suppression,
    /// Marked as one of Elastic's rules, and without a version.
    PrebuiltWithoutVersion,
    /// A text of an action leads to one Kibana.
    DeepLink,
    /// An item with comments.
    Comments,
    /// An item that ends.
    ExpireTime,
}

impl Facts {
    /// Takes down what the record says.
    pub fn of(record: &Record<'_>) -> Self {
        let about = match record.kind() {
            Kind::Rule => About::Rule(Box::new(rule(record))),
            Kind::ExceptionList => About::List {
                key: record.list_key(),
                ty: record.str("type").map(Into::into),
            },
            Kind::ExceptionItem => About::Item {
                list: record.list_key(),
                value_lists: value_lists(record),
            },
            Kind::Connector => About::Connector,
            Kind::Details => About::Details(record.text().into()),
            Kind::Other => About::Nothing,
        };
        Self {
            kind: record.kind(),
            key: RecordKey::of(record),
            is_refused: false,
            marks: marks(record),
            about,
        }
    }

    /// The same of a record that the import refuses for itself; Kibana looks for duplicates among the others only.
    #[must_use]
    pub fn refused(self) -> Self {
        Self {
            is_refused: true,
            ..self
        }
    }
}

fn rule(record: &Record<'_>) -> Rule {
    let mut rule = Rule {
        lists: references(record),
        app_url: record
            .get("meta")
            .and_then(|meta| meta.get("kibana_siem_app_url"))
            .and_then(Raw::as_str)
            .filter(|url| !url.is_empty())
            .map(Into::into),
        ..Rule::default()
    };
    for (index, action) in record.actions().enumerate() {
        if let Some(id) = action.connector().filter(|id| !is_system_connector(id))
            && !rule
                .connectors
                .iter()
                .any(|(known, _)| known.as_str() == id)
        {
            rule.connectors.push((id.into(), index));
        }
    }
    let ty = record.str("type");
    needs(record, ty.as_deref(), &mut rule.needs);
    rule
}

fn references(record: &Record<'_>) -> Vec<Reference> {
    let text = |reference: Raw<'_>, key: &str| -> Option<Box<str>> {
        Some(reference.get(key)?.as_str()?.into())
    };
    record
        .get("exceptions_list")
        .into_iter()
        .flat_map(Raw::elements)
        .enumerate()
        .filter_map(|(index, reference)| {
            let list = ListKey {
                id: reference.get("list_id")?.as_str()?.into(),
                namespace: Namespace::of(text(reference, "namespace_type").as_deref()),
            };
            let ty = text(reference, "type");
            Some(Reference { list, ty, index })
        })
        .collect()
}

fn needs(record: &Record<'_>, ty: Option<&str>, needs: &mut Vec<(Need, Box<str>)>) {
    let mut add = |need, value: Option<Raw<'_>>| {
        if let Some(id) = value.and_then(Raw::as_str).filter(|id| !id.is_empty()) {
            needs.push((need, id.into()));
        }
    };
    // A key of another rule type is dropped, so nothing comes of what it names.
    match ty {
        Some("machine_learning") => {
            if let Some(jobs) = record.get("machine_learning_job_id") {
                add(Need::MlJob, Some(jobs));
                for job in jobs.elements() {
                    add(Need::MlJob, Some(job));
                }
            }
        }
        Some("esql") => {}
        Some("eql" | "new_terms") => add(Need::DataView, record.get("data_view_id")),
        _ => {
            add(Need::DataView, record.get("data_view_id"));
            add(Need::SavedQuery, record.get("saved_id"));
        }
    }
    add(Need::Timeline, record.get("timeline_id"));
}

fn marks(record: &Record<'_>) -> Vec<Mark> {
    let given = |key: &str| record.get(key).filter(|value| !value.is_null());
    let found: &[(Mark, bool)] = match record.kind() {
        Kind::Rule => &[
            (
                Mark::Ml,
                record.str("type").as_deref() == Some("machine_learning"),
            ),
            (Mark::Suppression, record.has("alert_suppression")),
            (
                Mark::PrebuiltWithoutVersion,
                !record.has("version") && record.is_prebuilt(),
            ),
            (
                Mark::DeepLink,
                given("actions").is_some_and(|actions| actions.text().contains("/app/security")),
            ),
        ],
        Kind::ExceptionItem => &[
            (
                Mark::Comments,
                given("comments").is_some_and(|comments| comments.elements().next().is_some()),
            ),
            (Mark::ExpireTime, given("expire_time").is_some()),
        ],
        Kind::ExceptionList | Kind::Connector | Kind::Details | Kind::Other => &[],
    };
    let marked = found.iter().filter(|(_, is)| *is);
    marked.map(|(mark, _)| *mark).collect()
}

fn value_lists(record: &Record<'_>) -> Vec<Box<str>> {
    let mut lists: Vec<Box<str>> = record
        .get("entries")
        .into_iter()
        .flat_map(Raw::elements)
        .filter_map(|entry| Some(entry.get("list")?.get("id")?.as_str()?.into()))
        .collect();
    lists.sort_unstable();
    lists.dedup();
    lists
}
