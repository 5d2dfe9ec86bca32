//! What YAML or TOML cannot say is said in JSON: `$json = '…'`, a mapping of this one member, stands for the value its text spells.
//!
//! Such are, in TOML, null and numbers that its readers may not hold; in both, halves of surrogate pairs, values nested deeper
//! than readers go, and objects that look like this mapping.

use std::borrow::Cow;
use std::collections::HashMap;

use crate::json::{Raw, Spacing, ValueKind, respaced};

/// The name of the one member.
pub(super) const JSON: &str = "$json";

/// Values deeper than this are said in JSON. Rules are not ten levels deep; TOML's reader takes eighty.
pub(super) const DEEPEST: usize = 32;

/// The longest name that YAML takes is 1024 characters, escapes included.
const LONGEST_NAME: usize = 170;

/// The members of an object, of one name the last at the place of the first, as `JSON.parse` keeps them; none if the object
/// must be said in JSON.
pub(super) fn members(object: Raw<'_>) -> Option<Members<'_>> {
    let mut members = Members::default();
    let mut places: HashMap<Cow<'_, str>, usize> = HashMap::new();
    for (name, value) in object.members() {
        if name.chars().count() > LONGEST_NAME || name.contains('\u{fffd}') && has_halves(object) {
            return None;
        }
        if let Some(&place) = places.get(&name) {
            members.list[place].1 = value;
            members.had_equal = true;
        } else {
            places.insert(name.clone(), members.list.len());
            members.list.push((name, value));
        }
    }
    let is_ours = matches!(&members.list[..], [(name, _)] if name == JSON);
    (!is_ours).then_some(members)
}

/// The members of an object, each name once.
#[derive(Debug, Default)]
pub(super) struct Members<'a> {
    pub(super) list: Vec<(Cow<'a, str>, Raw<'a>)>,
    /// Whether names stood there more than once.
    pub(super) had_equal: bool,
}

/// The text of a string; none if it must be said in JSON.
pub(super) fn text(string: Raw<'_>) -> Option<Cow<'_, str>> {
    let text = string.as_str()?;
    (!text.contains('\u{fffd}') || !has_halves(string)).then_some(text)
}

/// Whether the spelling may have halves of surrogate pairs.
fn has_halves(value: Raw<'_>) -> bool {
    let spelling = value.text();
    spelling.contains("\\ud") || spelling.contains("\\uD")
}

/// Puts the value that `$json` spells in place of the mapping, if that is what begins at `start` of `out`, compact JSON.
///
/// Fails with what is wrong with the text.
pub(super) fn unescape(out: &mut String, start: usize) -> Result<(), String> {
    // Other names begin otherwise, so few objects are looked at twice.
    if !out[start..].starts_with("{\"$json\":") {
        return Ok(());
    }
    let Ok(mapping) = Raw::parse(&out[start..]) else {
        return Ok(());
    };
    if mapping.members().count() != 1 {
        return Ok(());
    }
    let text = mapping
        .get(JSON)
        .filter(|text| text.kind() == ValueKind::String);
    let text = text
        .and_then(Raw::as_str)
        .ok_or("`$json` must be a string that spells JSON")?;
    let value =
        Raw::parse(&text).map_err(|error| format!("`$json` must spell JSON: {}", error.problem))?;
    let value = respaced(value, Spacing::Compact);
    out.truncate(start);
    out.push_str(&value);
    Ok(())
}

/// A number as JSON spells it: signs, zeros and points that JSON does not take are made good. None for what is no number.
///
/// Takes the decimal integers and floats of YAML 1.2's core schema and of TOML.
pub(super) fn decimal(text: &str) -> Option<String> {
    let (sign, rest) = match text.strip_prefix(['+', '-']) {
        Some(rest) => (if text.starts_with('-') { "-" } else { "" }, rest),
        None => ("", text),
    };
    let (number, exponent) = match rest.find(['e', 'E']) {
        Some(at) => rest.split_at(at),
        None => (rest, ""),
    };
    let (whole, fraction) = match number.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (number, None),
    };
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let power = exponent.get(1..).unwrap_or_default();
    let power = power.strip_prefix(['+', '-']).unwrap_or(power);
    let has_exponent = !exponent.is_empty();
    if !digits(whole)
        || !fraction.is_none_or(digits)
        || whole.is_empty() && fraction.is_none_or(str::is_empty)
        || has_exponent && (power.is_empty() || !digits(power))
    {
        return None;
    }
    let whole = match whole.trim_start_matches('0') {
        "" => "0",
        whole => whole,
    };
    let fraction = match fraction {
        None => String::new(),
        Some("") => ".0".into(),
        Some(fraction) => format!(".{fraction}"),
    };
    Some(format!("{sign}{whole}{fraction}{exponent}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spells_numbers_as_json_does() {
        for (text, json) in [
            ("1", Some("1")),
            ("+007", Some("7")),
            ("-0", Some("-0")),
            ("1.", Some("1.0")),
            (".5e3", Some("0.5e3")),
            ("1e400", Some("1e400")),
            ("1E+2", Some("1E+2")),
            ("12345678901234567890", Some("12345678901234567890")),
            (".", None),
            ("", None),
            ("-", None),
            ("1e", None),
            ("e1", None),
            ("1_0", None),
            ("1.2.3", None),
            ("--1", None),
        ] {
            assert_eq!(decimal(text).as_deref(), json, "{text}");
        }
    }

    #[test]
    fn members_stand_once() {
        let found = members(Raw::parse(r#"{"a":1,"b":2,"\u0061":3}"#).unwrap()).unwrap();
        let list: Vec<_> = found
            .list
            .iter()
            .map(|(name, value)| (&**name, value.text()))
            .collect();
        assert_eq!(list, [("a", "3"), ("b", "2")]);
        assert!(found.had_equal);
        for text in [
            r#"{"\ud800":1}"#,
            r#"{"$json":1}"#,
            &format!("{{\"{}\":1}}", "x".repeat(171)),
        ] {
            assert!(members(Raw::parse(text).unwrap()).is_none(), "{text}");
        }
        assert!(members(Raw::parse("{\"\u{fffd}\":1}").unwrap()).is_some());
    }

    #[test]
    fn json_takes_the_place_of_its_mapping() {
        let read = |text: &str| {
            let mut out = text.to_owned();
            unescape(&mut out, 1).map(|()| out)
        };
        assert_eq!(
            read(r#"[{"$json":"{ \"a\" : 1e400 }"}"#).unwrap(),
            r#"[{"a":1e400}"#
        );
        assert_eq!(
            read(r#"[{"$json":"1","a":1}"#).unwrap(),
            r#"[{"$json":"1","a":1}"#
        );
        assert_eq!(
            read(r#"[{"$json":1}"#).unwrap_err(),
            "`$json` must be a string that spells JSON"
        );
        assert!(
            read(r#"[{"$json":"x"}"#)
                .unwrap_err()
                .starts_with("`$json` must spell JSON: expected")
        );
    }
}
