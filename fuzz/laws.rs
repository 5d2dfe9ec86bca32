//! What holds for any input: the laws that `tests/laws.rs` and the fuzz targets share.
//!
//! A law is a function that panics where it is broken. Where JSON has to be read to know what is right, `serde_json` reads it,
//! never this crate. What a law cannot judge (text that is no JSON, a key that is no text) it lets pass.

#![allow(dead_code, reason = "each fuzz target uses the laws that are for it")]

mod oracle;
pub(crate) mod runs;

pub(crate) use oracle::{Part, parts};
use oracle::{pick, set};
use ruleferry::error::Error;
use ruleferry::json::{Array, Object, Raw, ValueKind, quoted};
use ruleferry::pipeline::Pipeline;
use ruleferry::query::Query;
use ruleferry::transform::esql;
use serde::de::IgnoredAny;
use serde_json::{Map, Value};

/// Chooses a number below the given one, which is not 0: where to go next, from a generator or a fuzzer's bytes.
pub(crate) type Choose<'c> = &'c mut dyn FnMut(usize) -> usize;

/// The scanner takes exactly what `serde_json` takes, and points into the text where it does not.
pub(crate) fn scans_as_serde_json(text: &str) {
    let oracle = serde_json::from_str::<IgnoredAny>(text).is_ok();
    let first = text
        .trim_start_matches([' ', '\t', '\r', '\n'])
        .chars()
        .next();
    match Raw::parse(text) {
        Ok(value) => {
            assert!(oracle, "taken, but no JSON: {text:?}");
            assert_eq!(
                value.kind() == ValueKind::Object,
                first == Some('{'),
                "{text:?}"
            );
        }
        Err(error) => {
            assert!(!oracle, "JSON, but refused as {error:?}: {text:?}");
            assert!(text.is_char_boundary(error.offset), "{error:?}: {text:?}");
        }
    }
    assert_eq!(
        Object::parse(text).is_ok(),
        oracle && first == Some('{'),
        "{text:?}"
    );
    assert_eq!(
        Array::parse(text).is_ok(),
        oracle && first == Some('['),
        "{text:?}"
    );
}

/// What is only read is written as it was.
pub(crate) fn copies_what_it_reads(text: &str) {
    let Ok(object) = Object::parse(text) else {
        return;
    };
    let mut out = Vec::new();
    object.write(&mut out);
    assert_eq!(out, text.as_bytes());
    assert!(!object.is_changed());
    let Some(parts) = parts(text) else { return };
    let read: Vec<_> = object
        .members()
        .map(|(key, value)| (key.into_owned(), value.text()))
        .collect();
    let there: Vec<_> = parts
        .into_iter()
        .map(|part| (part.name, &text[part.value]))
        .collect();
    assert_eq!(read, there);
}

/// A value that is set, at whatever depth, leaves every byte around it.
pub(crate) fn set_leaves_the_rest(text: &str, json: &str, choose: Choose<'_>) {
    let Some((path, span)) = pick(text, choose) else {
        return;
    };
    let Ok(mut object) = Object::parse(text) else {
        return;
    };
    set(&mut object, &path, json);
    let expected = [&text[..span.start], json, &text[span.end..]].concat();
    assert_eq!(
        &*object.to_json(),
        expected,
        "{path:?} set to {json} in {text}"
    );
    assert_eq!(
        object.is_changed(),
        expected != text,
        "{path:?} set to {json} in {text}"
    );
}

/// A member that is removed takes all of its name and one comma each along; the others keep their text.
pub(crate) fn remove_leaves_the_rest(text: &str, choose: Choose<'_>) {
    let (Some(parts), Ok(mut object)) = (parts(text), Object::parse(text)) else {
        return;
    };
    if parts.is_empty() {
        return;
    }
    let name = &parts[choose(parts.len())].name;
    object.remove(name);
    let out = object.to_json();
    let spelt = |text: &str, parts: &[Part]| -> Vec<String> {
        let kept = parts.iter().filter(|part| part.name != *name);
        kept.map(|part| [&text[part.key.clone()], ":", &text[part.value.clone()]].concat())
            .collect()
    };
    let (first, last) = (parts[0].key.start, parts[parts.len() - 1].value.end);
    let after =
        oracle::parts(&out).unwrap_or_else(|| panic!("{name:?} removed from {text} gives {out}"));
    assert!(
        after.iter().all(|part| part.name != *name),
        "{name:?} removed from {text} gives {out}"
    );
    assert!(
        out.starts_with(&text[..first]) && out.ends_with(&text[last..]),
        "{name:?} removed from {text} gives {out}"
    );
    assert_eq!(
        spelt(&out, &after),
        spelt(text, &parts),
        "{name:?} removed from {text} gives {out}"
    );
}

/// A member that is added goes behind all others and moves none of their bytes.
pub(crate) fn add_leaves_the_rest(text: &str, name: &str, json: &str) {
    let (Some(parts), Ok(mut object)) = (parts(text), Object::parse(text)) else {
        return;
    };
    if parts.iter().any(|part| part.name == name) {
        return;
    }
    object.set(name, json);
    let out = object.to_json();
    let end = parts
        .last()
        .map_or(text.find('{').map_or(0, |open| open + 1), |part| {
            part.value.end
        });
    let added = out
        .strip_prefix(&text[..end])
        .and_then(|out| out.strip_suffix(&text[end..]));
    let added = added.unwrap_or_else(|| panic!("{name:?} added to {text} gives {out}"));
    let blank = [' ', '\t', '\r', '\n'];
    let added = added.trim_start_matches(blank);
    let added = if parts.is_empty() {
        Some(added)
    } else {
        added.strip_prefix(',')
    };
    let value =
        added.and_then(|added| added.trim_start_matches(blank).strip_prefix(&*quoted(name)));
    let value = value.and_then(|value| value.trim_start_matches(blank).strip_prefix(':'));
    assert_eq!(
        value.map(|value| value.trim_start_matches(blank)),
        Some(json),
        "{name:?} added to {text} gives {out}"
    );
}

/// One edit of [`agrees_with_a_map`].
#[derive(Debug, Clone)]
pub(crate) enum Edit {
    /// Sets a member.
    Set(String, String),
    /// Removes a member.
    Remove(String),
    /// Sets a member of the object that a member holds.
    SetWithin(String, String, String),
}

/// After any edits an object holds what a map holds after the same edits.
pub(crate) fn agrees_with_a_map(text: &str, edits: &[Edit]) {
    let Ok(mut map) = serde_json::from_str::<Map<String, Value>>(text) else {
        return;
    };
    let Ok(mut object) = Object::parse(text) else {
        return;
    };
    let value = |json: &str| {
        serde_json::from_str::<Value>(json).unwrap_or_else(|error| panic!("{json}: {error}"))
    };
    for edit in edits {
        match edit {
            Edit::Set(name, json) => {
                object.set(name, json.as_str());
                map.insert(name.clone(), value(json));
            }
            Edit::Remove(name) => {
                object.remove(name);
                map.remove(name);
            }
            Edit::SetWithin(name, inner, json) => {
                let done = object.edit(name, |within| {
                    within.set(inner, json.as_str());
                    Ok(())
                });
                match map.get_mut(name) {
                    Some(Value::Object(within)) => _ = within.insert(inner.clone(), value(json)),
                    Some(Value::Null) | None => {}
                    Some(_) => assert!(done.is_err(), "{edit:?} in {text}"),
                }
            }
        }
        for (name, value) in &map {
            let read = object.get(name).map(|raw| raw.text().to_owned());
            let read = read.and_then(|text| serde_json::from_str::<Value>(&text).ok());
            assert_eq!(
                read.as_ref(),
                Some(value),
                "`{name}` after {edits:?} in {text}"
            );
        }
    }
    let out = object.to_json();
    let read = serde_json::from_str::<Map<String, Value>>(&out).ok();
    assert_eq!(read, Some(map), "after {edits:?} in {text}: {out}");
}

/// No text makes the query language panic; a query that is read is read again from its own text.
pub(crate) fn reads_a_query(text: &str, rule: &str) {
    match text.parse::<Query>() {
        Ok(query) => {
            let again = query
                .text()
                .parse::<Query>()
                .unwrap_or_else(|error| panic!("{text:?}: {error}"));
            if let Ok(rule) = Object::parse(rule) {
                assert_eq!(query.matches(&rule), again.matches(&rule), "{text:?}");
            }
        }
        Err(error) => is_shown(&error),
    }
}

/// No text makes the ES|QL reader panic; what it finds stands where it says, and only that is replaced.
pub(crate) fn reads_esql(text: &str) {
    let sources = match esql::sources(text) {
        Ok(sources) => sources,
        Err(error) => return is_shown(&error),
    };
    let mut at = 0;
    for source in &sources {
        assert!(at <= source.range.start, "{text:?}: {sources:?}");
        assert_eq!(
            text[source.range.clone()],
            source.pattern.to_string(),
            "{text:?}"
        );
        at = source.range.end;
    }
    let replaced = |f: &mut dyn FnMut(&str) -> Option<Vec<String>>| {
        esql::replace(text, f).unwrap_or_else(|error| panic!("{text:?}: {error}"))
    };
    assert_eq!(replaced(&mut |_| None), None, "{text:?}");
    assert_eq!(
        replaced(&mut |index| Some(vec![index.to_owned()])),
        None,
        "{text:?}"
    );
}

/// No text makes the pipeline reader panic; the steps it reads are the steps it prints.
pub(crate) fn reads_a_pipeline(text: &str) {
    for read in [Pipeline::from_toml, Pipeline::from_step] {
        match read(text) {
            Ok(pipeline) => {
                let printed = pipeline
                    .to_toml()
                    .unwrap_or_else(|error| panic!("{text:?}: {error}"));
                let again = Pipeline::from_toml(&printed)
                    .unwrap_or_else(|error| panic!("{printed:?}: {error}"));
                assert_eq!(
                    format!("{:?}", again.steps()),
                    format!("{:?}", pipeline.steps()),
                    "{printed:?}"
                );
            }
            Err(error) => is_shown(&error),
        }
    }
}

/// A value that an edit did not change keeps its spelling: what is equal before and after at one place is the same text.
pub(crate) fn equal_values_keep_their_spelling(before: &str, after: &str) {
    if before == after {
        return;
    }
    let read = |text: &str| serde_json::from_str::<Value>(text).ok();
    if let (Some(was), Some(is)) = (read(before), read(after)) {
        assert_ne!(was, is, "spelt anew: {before} as {after}");
    }
    let (Some(old), Some(new)) = (parts(before), parts(after)) else {
        return;
    };
    if before.trim_start().starts_with('[') != after.trim_start().starts_with('[') {
        return;
    }
    if before.trim_start().starts_with('{') {
        let mut rest = &new[..];
        for part in old {
            let Some(at) = rest.iter().position(|other| other.name == part.name) else {
                continue;
            };
            assert_eq!(
                before[part.key],
                after[rest[at].key.clone()],
                "{before} as {after}"
            );
            equal_values_keep_their_spelling(&before[part.value], &after[rest[at].value.clone()]);
            rest = &rest[at + 1..];
        }
    } else if old.len() == new.len() {
        for (part, other) in old.into_iter().zip(new) {
            equal_values_keep_their_spelling(&before[part.value], &after[other.value]);
        }
    }
}

/// An error has something to say, and its excerpt marks something that is there.
fn is_shown(error: &Error) {
    assert!(!error.to_string().is_empty());
    if let Some(excerpt) = error.excerpt() {
        assert!(
            excerpt.len > 0 && excerpt.start <= excerpt.text.chars().count(),
            "{error}: {excerpt:?}"
        );
        assert!(!excerpt.text.contains(['\n', '\r']), "{error}: {excerpt:?}");
    }
}
