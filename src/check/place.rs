//! Where in its line is a finding? At the key that is too much, or at the value that is wrong.

use std::borrow::Cow;
use std::ops::Range;

use super::Problem;
use crate::error::PathStep;
use crate::json::Raw;

/// Codes that are about a key, whatever its value.
const ABOUT_KEYS: [&str; 8] = [
    "unknown-key",
    "other-type-key",
    "duplicate-key",
    "misrouted-rule",
    "taken-for-details",
    "foreign-details",
    "newer-than-target",
    "origin-id",
];

/// The bytes of `line`, the text of the record, that the finding is about: a key, a value, or what is nearest to one that is
/// missing. None if it is the whole record.
pub fn place(line: &str, problem: &Problem) -> Option<Range<usize>> {
    let mut value = Raw::parse(line).ok()?;
    let (last, way) = problem.pointer.split_last()?;
    for step in way {
        value = below(value, step)?;
    }
    if let PathStep::Key(key) = last
        && ABOUT_KEYS.contains(&problem.code)
    {
        let mut keys = value.members().filter(|(name, _)| name == &**key);
        // Of a key that is there twice, the first is the one that nobody reads.
        let found = if problem.code == "duplicate-key" {
            keys.next()
        } else {
            keys.last()
        };
        if let Some((Cow::Borrowed(name), _)) = found {
            return Some(range(line, name));
        }
    }
    Some(match below(value, last) {
        Some(found) => range(line, found.text()),
        // What is missing lies in the object that opens here.
        None if way.is_empty() => return None,
        None => {
            let open = range(line, value.text()).start;
            open..open + 1
        }
    })
}

fn below<'l>(value: Raw<'l>, step: &PathStep) -> Option<Raw<'l>> {
    match step {
        PathStep::Key(key) => value.get(key),
        PathStep::Index(index) => value.elements().nth(*index),
    }
}

/// Where `part`, a slice of `line`, stands in it.
fn range(line: &str, part: &str) -> Range<usize> {
    let start = part.as_ptr() as usize - line.as_ptr() as usize;
    start..start + part.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{Options, problems};
    use crate::record::Record;

    #[test]
    fn points_at_the_key_the_value_or_the_object() {
        let line = r#"{"rule_id":"r","type":"query","name":"n","description":"d","severity":"low","risk_score":1,"x":1,"from":"nix","from":"now","enabled":true,"threat":[{"framework":"f"}], "tags":[1]}"#;
        let record = Record::parse(line, 0).unwrap();
        let found: Vec<_> = problems(&record, Options::default())
            .iter()
            .map(|problem| {
                (
                    problem.code,
                    place(line, problem).map(|range| (range.start, &line[range])),
                )
            })
            .collect();
        let at = |text: &str, shown: &'static str| Some((line.find(text).unwrap(), shown));
        assert_eq!(
            found,
            [
                ("unknown-key", at("x\":1", "x")),
                ("duplicate-key", at("from\":\"nix", "from")),
                ("missing-field", at("{\"framework", "{")),
                ("wrong-type", at("1]}", "1")),
            ]
        );
    }
}
