//! What a record refers to in its space by an id, which a file-level edit can map or only list.

use super::settings::SpaceId;
use crate::edit::index_patterns;
use crate::error::{Error, Result};
use crate::json::{Object, Raw, Verdict, quoted};
use crate::record::{Kind, Namespace, Note, Record};
use crate::transform::pair::Pair;
use crate::transform::strings;

/// Kibana's own data views of a space: all events and alerts, alerts, attacks (`security-solution-SPACE` in 8.x, all in 9.x).
const OWN_DATA_VIEWS: [&str; 3] = [
    "security-solution-",
    "security-solution-alert-",
    "security-solution-attack-",
];

/// Elastic's own timeline templates, which Kibana installs under these ids in every space.
const OWN_TIMELINES: [&str; 10] = [
    "300afc76-072d-4261-864d-4149714bf3f1",
    "3e47ef71-ebfc-4520-975c-cb27fc090799",
    "3e827bab-838a-469f-bd1e-5e19a2bff2fd",
    "4434b91a-94ca-4a89-83cb-a37cdc0532b7",
    "495ad7a7-316e-4544-8a0f-9c098daee76e",
    "4d4c0b59-ea83-483f-b8c1-8c360ee53c5c",
    "76e52245-7519-4251-91ab-262fb1a1728c",
    "91832785-286d-4ebe-b884-1a208d111a70",
    "db366523-f1c6-4c1f-8731-6ce5ed9e5717",
    "e70679c2-6cde-4510-9764-4823df18f7db",
];

/// Whether a timeline template is one of Elastic's own, which is in every space.
pub fn is_own_timeline(id: &str) -> bool {
    OWN_TIMELINES.contains(&id)
}

const DATA_VIEW: &str = "data views belong to a space; map it with `--data-view OLD=NEW`";
const JOB: &str =
    "machine learning jobs are assigned to spaces; see that the job is in the new one";
const LIST: &str = "a list of all spaces is the same list everywhere in a cluster; import it once";
const OSQUERY: &str = "Osquery's saved queries and packs have ids of their own in a space; see that it is in the new one";
const POLICY: &str =
    "Fleet policies have ids of their own in a cluster; see that the policy is in the new one";
const SAVED_QUERY: &str = "saved queries belong to a space; make one with this id in the new one, or put the query into the rule";
const TIMELINE: &str =
    "timeline templates belong to a space; move it first, or take it away with `--timelines drop`";
const VALUE_LIST: &str = "value lists belong to a space; move the list first";

/// What could not be mapped in one record, each fact once.
#[derive(Debug, Default)]
pub(super) struct Notes(Vec<Note>);

impl Notes {
    pub(super) fn add(&mut self, field: &str, value: &str, why: &'static str) {
        let note = Note::Unmapped {
            field: field.into(),
            value: value.into(),
            why,
        };
        if !value.is_empty() && !self.0.contains(&note) {
            self.0.push(note);
        }
    }

    pub(super) fn tell(self, record: &mut Record<'_>) {
        for note in self.0 {
            record.note(note);
        }
    }
}

/// Which data view takes the place of another.
#[derive(Debug)]
pub(super) struct DataViews<'s> {
    pub(super) mapped: &'s [Pair],
    pub(super) from: &'s SpaceId,
    pub(super) to: &'s SpaceId,
}

impl DataViews<'_> {
    /// Maps the data views of a rule and of its filters.
    pub(super) fn convert(&self, rule: &mut Record<'_>, notes: &mut Notes) -> Result<()> {
        if let Some(new) = index_patterns::data_view(rule)?
            .and_then(|view| self.mapped(&view, "data_view_id", notes))
        {
            rule.set("data_view_id", quoted(&new));
        }
        for (key, field) in [
            ("filters", "filters.meta.index"),
            ("threat_filters", "threat_filters.meta.index"),
        ] {
            rule.edit_each(key, |filter| {
                filter.edit("meta", |meta| {
                    if let Some(new) = strings::one(meta, "index")?
                        .and_then(|view| self.mapped(&view, field, notes))
                    {
                        meta.set("index", quoted(&new));
                    }
                    Ok(())
                })?;
                Ok(Verdict::Keep)
            })?;
        }
        Ok(())
    }

    /// The data view that takes this one's place; none, and perhaps a note, if it stays.
    fn mapped(&self, view: &str, field: &str, notes: &mut Notes) -> Option<String> {
        if let Some(pair) = self.mapped.iter().find(|pair| pair.old == view) {
            return Some(pair.new.clone());
        }
        let own = |space: &SpaceId| {
            OWN_DATA_VIEWS
                .iter()
                .find(|own| view.strip_prefix(**own) == Some(space.as_str()))
        };
        if let Some(own) = own(self.from) {
            return Some(format!("{own}{}", self.to));
        }
        if own(self.to).is_none() && self.mapped.iter().all(|pair| pair.new != view) {
            notes.add(field, view, DATA_VIEW);
        }
        None
    }
}

/// Takes the timeline template away from a rule, or lists it.
pub(super) fn timeline(rule: &mut Record<'_>, keep: bool, notes: &mut Notes) -> Result<()> {
    if !keep {
        // Kibana refuses a rule that has one of the two.
        rule.remove("timeline_id");
        rule.remove("timeline_title");
    } else if let Some(id) = strings::one(rule, "timeline_id")?
        && !is_own_timeline(&id)
    {
        notes.add("timeline_id", &id, TIMELINE);
    }
    Ok(())
}

/// Lists what a rule refers to and a file-level edit cannot map.
pub(super) fn list_rule(rule: &Record<'_>, notes: &mut Notes) -> Result<()> {
    if let Some(id) = strings::one(rule, "saved_id")? {
        notes.add("saved_id", &id, SAVED_QUERY);
    }
    for id in jobs(rule)? {
        notes.add("machine_learning_job_id", &id, JOB);
    }
    for params in rule
        .get("response_actions")
        .into_iter()
        .flat_map(Raw::elements)
        .filter_map(|it| it.get("params"))
    {
        for (key, field) in [
            ("saved_query_id", "response_actions.params.saved_query_id"),
            ("pack_id", "response_actions.params.pack_id"),
        ] {
            notes.add(
                field,
                &params.get(key).and_then(Raw::as_str).unwrap_or_default(),
                OSQUERY,
            );
        }
    }
    Ok(())
}

/// The jobs of a machine learning rule: one as a string, or an array of them.
fn jobs(rule: &Object<'_>) -> Result<Vec<String>> {
    const KEY: &str = "machine_learning_job_id";
    let Some(value) = rule.get(KEY).filter(|value| !value.is_null()) else {
        return Ok(Vec::new());
    };
    let one = |value: Raw<'_>| value.as_str().map(String::from);
    let jobs = match one(value) {
        Some(job) => Some(vec![job]),
        None if value.text().starts_with('[') => value.elements().map(one).collect(),
        None => None,
    };
    let expected = "a string or an array of strings";
    jobs.ok_or_else(|| Error::wrong_type(KEY, expected, value.kind().article()).within(KEY))
}

/// Lists what an exception list or item is bound to.
pub(super) fn list_exception(record: &Record<'_>, notes: &mut Notes) {
    let agnostic = record
        .list_key()
        .filter(|list| list.namespace == Namespace::Agnostic);
    if let Some(list) = agnostic.filter(|_| record.kind() == Kind::ExceptionList) {
        notes.add("list_id", list.id.as_str(), LIST);
    }
    for list in record
        .get("entries")
        .into_iter()
        .flat_map(Raw::elements)
        .filter_map(|entry| entry.get("list"))
    {
        notes.add(
            "entries.list.id",
            &list.get("id").and_then(Raw::as_str).unwrap_or_default(),
            VALUE_LIST,
        );
    }
    let tags = record
        .get("tags")
        .filter(|_| record.kind() == Kind::ExceptionItem);
    for tag in tags
        .into_iter()
        .flat_map(Raw::elements)
        .filter_map(Raw::as_str)
    {
        if let Some(policy) = tag
            .strip_prefix("policy:")
            .filter(|policy| *policy != "all")
        {
            notes.add("tags", policy, POLICY);
        }
    }
}
