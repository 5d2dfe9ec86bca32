//! What is wrong that has one right answer, and how is it put right?
//!
//! A thing is mended only where Kibana's import of what is left gives what was meant, whoever looks at it: what the import ignores
//! or drops anyway, and what stands in the way of reading at all. What a person has to decide stays as it is. Every change is a
//! [`Fix`] that says what was wrong and what was done; a line without one leaves byte for byte as it came.
//!
//! - [`mend`] is for one record, as its [`problems`] say.
//! - [`Fixing`] is for whole files: line ends, byte order marks, JSON over many lines, records that say the same twice, details.

mod duplicates;
mod kept;
mod recounted;
mod run;
mod unfolding;
mod values;

#[cfg(test)]
mod tests;

pub use run::{Fixing, Told, Treated};

use super::{Level, Options, Problem, code, problems};
use crate::error::PathStep;
use crate::json::{Raw, ValueKind};
use crate::record::server_fields::{EXCEPTION, RULE};
use crate::record::{Kind, Record};

/// Something that was wrong and is no more.
#[derive(Debug, Clone, PartialEq)]
pub struct Fix {
    /// What was wrong.
    pub problem: Problem,
    /// What was changed, as in "removed `originId`".
    pub done: String,
}

/// What became of one record.
#[derive(Debug, Default)]
pub struct Mended {
    /// What was put right, in the order in which it was done.
    pub fixes: Vec<Fix>,
    /// What is wrong still.
    pub left: Vec<Problem>,
}

/// Puts right in a record what has one right answer, for the target of these options.
///
/// ```
/// use ruleferry::check::{Options, fix::mend};
/// use ruleferry::record::Record;
///
/// let line = r#"{"id":"c","type":"action","originId":"b", "attributes":{}}"#;
/// let mut connector = Record::parse(line, 0)?;
/// let mended = mend(&mut connector, Options::default());
/// assert_eq!(mended.fixes[0].done, "removed `originId`");
/// assert_eq!(&*connector.to_json(), r#"{"id":"c","type":"action", "attributes":{}}"#);
/// # Ok::<(), ruleferry::error::Error>(())
/// ```
pub fn mend(record: &mut Record<'_>, options: Options) -> Mended {
    let mut fixes = Vec::new();
    loop {
        let before = fixes.len();
        let mut left = Vec::new();
        for problem in problems(record, options) {
            match remedy(record, &problem).and_then(|remedy| remedy.apply(record)) {
                Some(done) => fixes.push(Fix { problem, done }),
                None => left.push(problem),
            }
        }
        // Each fix takes something away, so this ends.
        if fixes.len() == before {
            return Mended { fixes, left };
        }
    }
}

/// How one thing is put right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Remedy {
    /// These members go, as far as they are there.
    Remove(&'static [&'static str]),
    /// The member becomes `false`.
    False(&'static str),
}

impl Remedy {
    /// Changes the record and says how; nothing if there is nothing to change.
    fn apply(self, record: &mut Record<'_>) -> Option<String> {
        match self {
            Self::Remove(keys) => {
                let there: Vec<_> = keys.iter().filter(|key| record.has(key)).collect();
                for key in &there {
                    record.remove(key);
                }
                let names: Vec<_> = there.iter().map(|key| format!("`{key}`")).collect();
                (!names.is_empty()).then(|| format!("removed {}", names.join(" and ")))
            }
            Self::False(key) => {
                if record.get(key)?.as_bool() == Some(false) {
                    return None;
                }
                record.set(key, "false");
                Some(format!("set `{key}` to `false`"))
            }
        }
    }
}

/// The one right answer to a problem, if it has one.
fn remedy(record: &Record<'_>, problem: &Problem) -> Option<Remedy> {
    let [PathStep::Key(key), below @ ..] = &problem.pointer[..] else {
        return None;
    };
    match (problem.code, record.kind(), &**key, below) {
        // Of another saved object's origin the importer of saved objects makes something.
        ("origin-id", kind, _, []) if kind != Kind::Connector || record.is_connector() => {
            Some(Remedy::Remove(&["originId"]))
        }
        (_, Kind::Rule, "investigation_fields", _) if names_nothing(record) => {
            Some(Remedy::Remove(&["investigation_fields"]))
        }
        // Of a timeline's id and title Kibana looks up neither: one cannot be had from the other.
        ("timeline-pair" | "timeline-empty", ..) => {
            Some(Remedy::Remove(&["timeline_id", "timeline_title"]))
        }
        ("unknown-value", Kind::ExceptionList, "immutable", []) => Some(Remedy::False("immutable")),
        // Lists have them, items never had.
        ("unknown-key", Kind::ExceptionItem, "version", []) => Some(Remedy::Remove(&["version"])),
        ("unknown-key", Kind::ExceptionItem, "immutable", []) => {
            Some(Remedy::Remove(&["immutable"]))
        }
        // What a newer Kibana made is for the conversion to an older version, which itemises it.
        ("newer-than-target", ..) => None,
        (_, Kind::Rule, key, _) if problem.level == Level::Error => ignored(RULE, key),
        (_, Kind::ExceptionList | Kind::ExceptionItem, key, _) if problem.level == Level::Error => {
            ignored(EXCEPTION, key)
        }
        _ => None,
    }
}

/// A member that Kibana made: an import checks its shape, then makes its own.
fn ignored(fields: &'static [&'static str], key: &str) -> Option<Remedy> {
    let place = fields.iter().position(|field| *field == key)?;
    Some(Remedy::Remove(&fields[place..=place]))
}

/// Whether `investigation_fields` is there and names no field.
fn names_nothing(rule: &Record<'_>) -> bool {
    let is_empty =
        |value: Raw<'_>| value.kind() == ValueKind::Array && value.elements().next().is_none();
    rule.get("investigation_fields").is_some_and(|fields| {
        let is_bare = || {
            fields
                .members()
                .all(|(key, value)| key == "field_names" && is_empty(value))
        };
        is_empty(fields) || fields.kind() == ValueKind::Object && is_bare()
    })
}

/// A problem of this code with the whole of something, and nothing to do about it.
fn problem(name: &'static str, message: impl Into<String>) -> Problem {
    Problem {
        pointer: Vec::new(),
        code: name,
        level: code(name).map_or(Level::Error, |code| code.level),
        message: message.into(),
        hint: None,
        kibana: None,
    }
}

/// As in "1 line" and "3 lines".
fn count(count: u64, what: &str) -> String {
    if count == 1 {
        format!("1 {what}")
    } else {
        format!("{count} {what}s")
    }
}
