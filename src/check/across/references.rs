//! Who refers to whom, and what of it neither the bundle nor the target has.

use std::collections::{BTreeMap, HashSet};

use super::facts::{Need, Reference};
use super::places::{Entries, Entry};
use super::{Found, Present, problem, some};
use crate::check::{Level, Problem};
use crate::error::PathStep;
use crate::record::{ConnectorId, ListId, ListKey};
use crate::schema::Target;

/// The records that refer to one thing, each once, in order.
#[derive(Debug, Default)]
struct Users {
    all: Vec<Entry>,
    /// Where the first one says it.
    pointer: Vec<PathStep>,
}

impl Users {
    fn add(&mut self, entry: Entry, pointer: impl FnOnce() -> Vec<PathStep>) {
        if self.all.is_empty() {
            self.pointer = pointer();
        }
        if self.all.last() != Some(&entry) {
            self.all.push(entry);
        }
    }

    /// A finding about the first, which speaks for all.
    fn found(&self, mut problem: Problem) -> Option<Found> {
        problem.pointer.clone_from(&self.pointer);
        Some((*self.all.first()?, problem))
    }
}

/// A list as a rule refers to it: with its type.
type Asked = (ListKey, Option<Box<str>>);

/// What was referred to so far. Takes 4 bytes for a reference, 8 for one to a list, and about 150 for each thing referred to.
#[derive(Debug, Default)]
pub(super) struct References {
    lists: BTreeMap<Asked, Vec<(Entry, u32)>>,
    connectors: BTreeMap<ConnectorId, Users>,
    needs: BTreeMap<(Need, Box<str>), Users>,
    items: BTreeMap<ListKey, Users>,
}

impl References {
    pub(super) fn list(&mut self, entry: Entry, reference: Reference) {
        let index = u32::try_from(reference.index).unwrap_or(u32::MAX);
        let key = (reference.list, reference.ty);
        self.lists.entry(key).or_default().push((entry, index));
    }

    pub(super) fn connector(&mut self, entry: Entry, id: ConnectorId, index: usize) {
        let pointer = || vec!["actions".into(), index.into(), "id".into()];
        self.connectors.entry(id).or_default().add(entry, pointer);
    }

    pub(super) fn need(&mut self, entry: Entry, need: Need, id: Box<str>) {
        let users = self.needs.entry((need, id)).or_default();
        users.add(entry, || vec![need.key().into()]);
    }

    pub(super) fn item(&mut self, entry: Entry, list: ListKey) {
        let users = self.items.entry(list).or_default();
        users.add(entry, || vec!["list_id".into()]);
    }

    /// The lists that some rule refers to, whatever namespace and type it says.
    pub(super) fn used_lists(&self) -> HashSet<&ListId> {
        self.lists.keys().map(|(list, _)| &list.id).collect()
    }

    /// Whether some rule has an action that goes through the connector.
    pub(super) fn uses_connector(&self, id: &ConnectorId) -> bool {
        self.connectors.contains_key(id)
    }

    /// What neither the bundle (`here`) nor the target (`there`) has.
    pub(super) fn judge(
        &self,
        entries: &Entries,
        here: &Present,
        there: &Present,
        target: Target,
    ) -> Vec<Found> {
        let mut findings = Vec::new();
        for ((list, ty), uses) in &self.lists {
            if !here.takes(list, ty.as_deref()) && !there.takes(list, ty.as_deref()) {
                findings.extend(missed(list, ty.as_deref(), uses, entries, (here, there)));
            }
        }
        for (list, users) in &self.items {
            if !here.has_list(list) && !there.has_list(list) {
                let other = ListKey {
                    namespace: list.namespace.other(),
                    ..list.clone()
                };
                let elsewhere = here.has_list(&other);
                findings.extend(users.found(stray(list, users.all.len(), elsewhere)));
            }
        }
        for (id, refer) in &self.connectors {
            if !here.connectors.contains(id) && !there.has_connector(id) {
                findings.extend(refer.found(no_connector(id, &refer.all, entries, target)));
            }
        }
        for ((need, id), refer) in &self.needs {
            if !there.anything.contains(id) {
                findings.extend(refer.found(need.problem(id, &refer.all, entries)));
            }
        }
        findings
    }
}

/// The references to a list that nothing there answers to: each where the list is there but other, else one for all.
fn missed(
    list: &ListKey,
    ty: Option<&str>,
    uses: &[(Entry, u32)],
    entries: &Entries,
    (here, there): (&Present, &Present),
) -> Vec<Found> {
    let other = ListKey {
        namespace: list.namespace.other(),
        ..list.clone()
    };
    let held = here.type_of(list).or_else(|| there.type_of(list));
    let (id, namespace) = (list.id.as_str(), list.namespace.name());
    let removed = |rule: &str| {
        format!(
            "Rule with rule_id: \"{rule}\" references a non existent exception list of list_id: \"{id}\". Reference has been removed."
        )
    };
    let (key, code, wrong, right) = if let Some(held) = held {
        let wrong = ty.unwrap_or("none");
        ("type", "list-type-mismatch", wrong, held)
    } else if here.has_list(&other) || there.has_list(&other) {
        let code = "list-namespace-mismatch";
        ("namespace_type", code, namespace, other.namespace.name())
    } else {
        let refer: Vec<Entry> = distinct(uses.iter().map(|(entry, _)| *entry));
        let Some(&(first, index)) = uses.first() else {
            return Vec::new();
        };
        let mut missing = no_list(list, &refer, entries);
        missing.kibana = Some(removed(entries.name(first).trim_matches('`')));
        missing.pointer = way(index, "list_id");
        return vec![(first, missing)];
    };
    let each = uses.iter().map(|&(entry, index)| {
        let message = format!(
            "the reference to exception list `{id}` must have the list's own `{key}`, which is `{right}`, found `{wrong}`"
        );
        let mut problem = problem(code, Level::Error, message);
        problem.pointer = way(index, key);
        problem.hint = Some(format!(
            "make it `{right}`; as it is, Kibana imports the rule without the list"
        ));
        problem.kibana = Some(removed(entries.name(entry).trim_matches('`')));
        (entry, problem)
    });
    each.collect()
}

fn way(index: u32, key: &str) -> Vec<PathStep> {
    vec![
        "exceptions_list".into(),
        (index as usize).into(),
        key.into(),
    ]
}

fn distinct(entries: impl Iterator<Item = Entry>) -> Vec<Entry> {
    let mut all: Vec<Entry> = entries.collect();
    all.dedup();
    all
}

fn no_list(list: &ListKey, refer: &[Entry], entries: &Entries) -> Problem {
    let (id, namespace) = (list.id.as_str(), list.namespace.name());
    let rules = some(refer.len(), "rule refers", "rules refer");
    let names = named(refer, entries);
    let mut found = if list.id.is_reserved() {
        let text = format!(
            "{rules} to `{id}`, a list that Kibana makes itself and never exports: {names}"
        );
        problem("reserved-list-reference", Level::Note, text)
    } else {
        let text = format!(
            "{rules} to exception list `{id}` ({namespace}), which is not in the bundle: {names}"
        );
        problem("missing-list", Level::Warning, text)
    };
    found.hint = Some(if list.id.is_reserved() {
        "where the target has no such list yet, Kibana removes the reference; make it first (`POST /api/endpoint_list` for `endpoint_list`)".into()
    } else {
        format!(
            "without the list Kibana imports the rule and removes the reference; add the list, or say with `--have {id}` or `--with FILE` that the target has it"
        )
    });
    found
}

fn stray(list: &ListKey, items: usize, elsewhere: bool) -> Problem {
    let (id, namespace) = (list.id.as_str(), list.namespace.name());
    let items = some(items, "exception item belongs", "exception items belong");
    let mut found = if elsewhere {
        let other = list.namespace.other().name();
        let text = format!("{items} to list `{id}` as `{namespace}`, while the list is `{other}`");
        problem("item-namespace-mismatch", Level::Error, text)
    } else {
        let text = format!("{items} to list `{id}` ({namespace}), which is not in the bundle");
        problem("item-without-list", Level::Warning, text)
    };
    found.hint = Some(if elsewhere {
        "give the items the `namespace_type` of their list".into()
    } else {
        format!(
            "Kibana refuses items whose list the target lacks; add the list, or say with `--have {id}` or `--with FILE` that it is there"
        )
    });
    found.kibana = Some(format!(
        "Exception list with list_id: \"{id}\", not found for exception list item with item_id: …"
    ));
    found
}

fn no_connector(id: &ConnectorId, users: &[Entry], entries: &Entries, target: Target) -> Problem {
    let id = id.as_str();
    let rules = some(users.len(), "rule has", "rules have");
    let names = named(users, entries);
    let mut found = problem(
        "missing-connector",
        Level::Warning,
        format!("{rules} actions through connector `{id}`, which is not in the bundle: {names}"),
    );
    let whole = if target.blocks_on_connectors() {
        "where the target lacks a connector, no rule of the file is imported"
    } else {
        "a rule whose connector the target lacks is not imported"
    };
    found.hint = Some(format!(
        "{whole}; say with `--have {id}` that it is preconfigured or there already, or take the actions off with `ruleferry edit strip-actions --connector {id}`"
    ));
    found.kibana = Some(format!(
        "Rule actions reference the following missing action IDs: {id}"
    ));
    found
}

/// The records as messages name them: the first three, and how many more there are.
fn named(users: &[Entry], entries: &Entries) -> String {
    const SHOWN: usize = 3;
    let mut names: Vec<String> = users
        .iter()
        .take(SHOWN)
        .map(|&entry| entries.name(entry))
        .collect();
    let more = users.len().saturating_sub(SHOWN);
    let last = if more > 0 {
        format!("{more} more")
    } else {
        names.pop().unwrap_or_default()
    };
    if names.is_empty() {
        last
    } else {
        format!("{} and {last}", names.join(", "))
    }
}

impl Need {
    fn key(self) -> &'static str {
        match self {
            Self::ValueList => "entries",
            Self::DataView => "data_view_id",
            Self::SavedQuery => "saved_id",
            Self::Timeline => "timeline_id",
            Self::MlJob => "machine_learning_job_id",
        }
    }

    /// No export holds such a thing and no import asks for it, so what is missing shows when a rule runs (8.0 to 9.x).
    fn problem(self, id: &str, users: &[Entry], entries: &Entries) -> Problem {
        let names = named(users, entries);
        let rules = some(users.len(), "rule needs", "rules need");
        let (code, level, message, hint) = match self {
            Self::ValueList => {
                let items = some(users.len(), "exception item needs", "exception items need");
                (
                    "value-list",
                    Level::Warning,
                    format!("{items} value list `{id}`, which no export holds: {names}"),
                    "copy the value list to the target before the import, under the same id; rules fail when they run without it",
                )
            }
            Self::DataView => (
                "data-view",
                Level::Warning,
                format!("{rules} data view `{id}`, which no export of rules holds: {names}"),
                "make a data view of this id in the target's space; rules fail when they run without it. `ruleferry edit convert-space --data-view OLD=NEW` maps it to another",
            ),
            Self::SavedQuery => (
                "saved-query",
                Level::Warning,
                format!("{rules} saved query `{id}`, which no export of rules holds: {names}"),
                "copy the saved query to the target's space; rules fail when they run without it",
            ),
            Self::Timeline => (
                "timeline",
                Level::Note,
                format!(
                    "{rules} timeline template `{id}`, which no export of rules holds: {names}"
                ),
                "where the target lacks it, alerts open without the template",
            ),
            Self::MlJob => (
                "ml-job",
                Level::Note,
                format!("{rules} machine learning job `{id}`, which no export holds: {names}"),
                "set the job up in the target's space, or the rules find nothing",
            ),
        };
        let mut found = problem(code, level, message);
        found.hint = Some(format!("{hint}; `--have {id}` says that it is there"));
        found
    }
}
