//! Is a timeline the same as another? By what users put into it, wherever it lies and whoever imported it.

use std::collections::HashMap;
use std::io::BufRead;

use serde_json::{Map, Value};
use xxhash_rust::xxh3::xxh3_128;

use super::lines;
use crate::error::{Error, Result};

/// What each space gives a timeline of its own.
const OF_THE_SPACE: [&str; 8] = [
    "savedObjectId",
    "version",
    "created",
    "createdBy",
    "updated",
    "updatedBy",
    "status",
    "excludedRowRendererIds",
];

/// What a timeline is known by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mark {
    /// The id of its saved object.
    pub(super) id: Box<str>,
    /// What rules call it, if it is a template.
    pub(super) template: Option<Box<str>>,
    pub(super) title: Box<str>,
    /// The fingerprint of what users put into it.
    pub(super) content: u128,
}

impl Mark {
    /// Reads a line of an export.
    pub(super) fn of(line: &[u8]) -> Result<Self> {
        let mut timeline: Map<String, Value> = serde_json::from_slice(line)
            .map_err(|error| Error::refused(format!("a line is no timeline: {error}")))?;
        let text = |key: &str| -> Box<str> {
            let text = timeline.get(key).and_then(Value::as_str);
            text.unwrap_or_default().into()
        };
        let (id, title, ty) = (text("savedObjectId"), text("title"), text("timelineType"));
        let template = Some(text("templateTimelineId")).filter(|_| &*ty == "template");
        for key in OF_THE_SPACE {
            timeline.remove(key);
        }
        for key in ["globalNotes", "eventNotes"] {
            if let Some(notes) = timeline.get_mut(key).and_then(Value::as_array_mut) {
                notes.iter_mut().for_each(bare);
                notes.sort_by_cached_key(Value::to_string);
            }
        }
        let events = timeline.get_mut("pinnedEventIds");
        if let Some(events) = events.and_then(Value::as_array_mut) {
            events.sort_by_cached_key(Value::to_string);
        }
        // Templates come without what belongs to events.
        if template.is_some() {
            timeline.remove("eventNotes");
            timeline.remove("pinnedEventIds");
        }
        let mut content = Value::Object(timeline);
        without_nulls(&mut content);
        Ok(Self {
            id,
            template,
            title,
            content: xxh3_128(content.to_string().as_bytes()),
        })
    }

    /// The marks of all lines.
    pub(super) fn all(reader: impl BufRead) -> Result<Vec<Self>> {
        let mut marks = Vec::new();
        lines(reader, &mut |line| {
            marks.push(Self::of(line)?);
            Ok(())
        })?;
        Ok(marks)
    }

    /// What rules call a template, and what spaces call other timelines.
    pub(super) fn key(&self) -> &str {
        self.template.as_deref().unwrap_or(&self.id)
    }
}

/// Leaves of a note what it says, and of which event.
fn bare(note: &mut Value) {
    if let Some(note) = note.as_object_mut() {
        note.retain(|key, _| matches!(key.as_str(), "note" | "eventId"));
    }
}

/// Takes out what is nothing: some releases spell it, others leave it out.
fn without_nulls(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|_, value| !value.is_null());
            members.values_mut().for_each(without_nulls);
        }
        Value::Array(elements) => {
            elements.retain(|element| !element.is_null());
            elements.iter_mut().for_each(without_nulls);
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Which of two is a timeline found in?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Match {
    /// There is one of this key, which is the same in all that users put into it, or is not.
    Same(bool),
    /// There is none of this key, but another one that says the same.
    Alike,
    Absent,
}

/// What becomes of each of the marks among those that are there: a timeline that is there matches one of them at most.
pub(super) fn matches(marks: &[Mark], there: &[Mark]) -> Vec<Match> {
    let mut by_key: HashMap<&str, usize> = HashMap::new();
    for (at, mark) in there.iter().enumerate() {
        by_key.entry(mark.key()).or_insert(at);
    }
    let mut taken = vec![false; there.len()];
    let mut found: Vec<Match> = marks
        .iter()
        .map(|mark| match by_key.get(mark.key()) {
            Some(&at) if there[at].template.is_some() == mark.template.is_some() => {
                taken[at] = true;
                Match::Same(there[at].content == mark.content)
            }
            _ => Match::Absent,
        })
        .collect();
    let mut alike: HashMap<u128, Vec<usize>> = HashMap::new();
    for (at, mark) in there.iter().enumerate() {
        if !taken[at] && mark.template.is_none() {
            alike.entry(mark.content).or_default().push(at);
        }
    }
    for (mark, found) in marks.iter().zip(&mut found) {
        let others = alike.get_mut(&mark.content);
        if *found == Match::Absent && others.and_then(Vec::pop).is_some() {
            *found = Match::Alike;
        }
    }
    found
}

/// How many timelines differ between two exports.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the words of every comparison")]
pub struct Differences {
    pub added: u64,
    pub removed: u64,
    pub changed: u64,
}

/// Compares two exports; one that was imported anew is the same if it says the same.
pub fn compare(old: impl BufRead, new: impl BufRead) -> Result<Differences> {
    let (old, new) = (Mark::all(old)?, Mark::all(new)?);
    let mut found = Differences::default();
    let mut kept = 0;
    for it in matches(&old, &new) {
        match it {
            Match::Same(is_same) => {
                found.changed += u64::from(!is_same);
                kept += 1;
            }
            Match::Alike => kept += 1,
            Match::Absent => found.removed += 1,
        }
    }
    found.added = (new.len() as u64).saturating_sub(kept);
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template(id: &str, template: &str, title: &str) -> String {
        format!(
            r#"{{"savedObjectId":"{id}","version":"{id}","title":"{title}","timelineType":"template","templateTimelineId":"{template}","globalNotes":[],"eventNotes":[],"pinnedEventIds":[]}}"#
        )
    }

    fn timeline(id: &str, title: &str) -> String {
        format!(
            r#"{{"savedObjectId":"{id}","updated":1,"title":"{title}","timelineType":"default","globalNotes":[{{"noteId":"{id}","note":"n"}}]}}"#
        )
    }

    #[test]
    fn an_import_changes_nothing_that_users_own() {
        let mark = |line: &str| Mark::of(line.as_bytes()).unwrap();
        let before = mark(
            r#"{"savedObjectId":"a","version":"W","title":"t","timelineType":"default","createdBy":"x","sort":[{"columnId":"c","columnType":null}],"globalNotes":[{"noteId":"1","note":"b","version":"v"},{"noteId":"2","note":"a"}],"pinnedEventIds":["2","1"]}"#,
        );
        let after = mark(
            r#"{"savedObjectId":"b","title":"t","timelineType":"default","status":"active","templateTimelineId":null,"sort":[{"columnId":"c"}],"pinnedEventIds":["1","2"],"globalNotes":[{"noteId":"3","note":"a"},{"noteId":"4","note":"b"}]}"#,
        );
        assert_eq!(before.content, after.content);
        assert_ne!(
            before.content,
            mark(r#"{"savedObjectId":"a","title":"u"}"#).content
        );
        assert!(Mark::of(b"[]").is_err());
    }

    #[test]
    fn a_timeline_is_found_by_its_id_or_by_what_it_says() {
        let old = [
            template("1", "t1", "a"),
            template("2", "t2", "b"),
            timeline("3", "c"),
            timeline("4", "d"),
            timeline("5", "d"),
            timeline("6", "e"),
        ]
        .join("\n");
        let new = [
            template("x", "t1", "a"),
            template("y", "t2", "B"),
            template("z", "t3", "new"),
            timeline("3", "changed"),
            timeline("v", "d"),
        ]
        .join("\n");
        let marks = |text: &str| Mark::all(text.as_bytes()).unwrap();
        assert_eq!(
            matches(&marks(&old), &marks(&new)),
            [
                Match::Same(true),
                Match::Same(false),
                Match::Same(false),
                Match::Alike,
                Match::Absent,
                Match::Absent,
            ]
        );
        let found = compare(old.as_bytes(), new.as_bytes()).unwrap();
        assert_eq!(
            found,
            Differences {
                added: 1,
                removed: 2,
                changed: 2
            }
        );
        assert_eq!(
            compare(old.as_bytes(), old.as_bytes()).unwrap(),
            Differences::default()
        );
    }
}
