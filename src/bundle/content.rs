//! Do two records say the same, however they are spelt?

use std::borrow::Cow;
use std::fmt;

use xxhash_rust::xxh3::Xxh3;

use crate::json::{Raw, ValueKind};
use crate::record::server_fields::{COMMENT, EXCEPTION, RULE, SAVED_OBJECT};
use crate::record::{Kind, Record};

/// Which fields of a record count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Fields {
    /// Those that a user owns: what one Kibana makes by itself is set aside.
    #[default]
    Owned,
    /// All of them.
    All,
}

/// What a record says, as a number: equal for records that differ in spelling alone.
///
/// The order of keys, white space, escapes and the spelling of numbers do not count; of equal keys the last one does. The order
/// of arrays counts. What lies below 64 levels counts as it is spelt. 128 bits, so two records that differ are told apart but
/// for a chance that never comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Fingerprint(pub(super) u128);

impl Fingerprint {
    /// Its lower 64 bits: enough to tell one record from one other.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "half of it is what is wanted"
    )]
    pub fn half(self) -> u64 {
        self.0 as u64
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// Values below this many levels count by their text, so that no line is too deep for the stack. Kibana's rules have less than
/// ten levels.
pub(super) const DEEPEST: u32 = 64;

/// The fingerprint of a record, of these fields.
pub fn fingerprint(record: &Record<'_>, fields: Fields) -> Fingerprint {
    let mut hash = Xxh3::new();
    let kind = record.kind();
    hash.update(&[kind as u8]);
    let members = record
        .members()
        .filter(|(key, _)| fields == Fields::All || !is_server_owned(kind, key));
    object(&mut hash, members, &mut |hash, key, value| {
        if fields == Fields::Owned {
            let inner = below(kind, key);
            if !inner.is_empty() {
                return trimmed(hash, value, inner);
            }
        }
        self::value(hash, value, 1);
    });
    Fingerprint(hash.digest128())
}

/// Whether two values say the same, however they are spelt; see [`Fingerprint`].
pub fn alike(a: Raw<'_>, b: Raw<'_>) -> bool {
    let hashed = |raw: Raw<'_>| {
        let mut hash = Xxh3::new();
        value(&mut hash, raw, 1);
        hash.digest128()
    };
    a.text() == b.text() || hashed(a) == hashed(b)
}

/// Whether a Kibana makes this member of such a record by itself.
pub fn is_server_owned(kind: Kind, key: &str) -> bool {
    match kind {
        Kind::Rule => RULE.contains(&key) || matches!(key, "immutable" | "rule_source"),
        Kind::ExceptionList | Kind::ExceptionItem => EXCEPTION.contains(&key),
        Kind::Connector => {
            SAVED_OBJECT.contains(&key)
                || matches!(
                    key,
                    "originId"
                        | "managed"
                        | "coreMigrationVersion"
                        | "typeMigrationVersion"
                        | "migrationVersion"
                )
        }
        Kind::Details | Kind::Other => false,
    }
}

/// The fields that a Kibana makes in this member, or in each element of it.
///
/// Kibana 9.5 and later export connectors with an `apiKey` and a `uiamApiKey` that are `null`.
pub fn below(kind: Kind, key: &str) -> &'static [&'static str] {
    match (kind, key) {
        (Kind::Rule, "required_fields") => &["ecs"],
        (Kind::Rule, "exceptions_list") => &["id"],
        (Kind::ExceptionItem, "comments") => COMMENT,
        (Kind::Connector, "attributes") => &["apiKey", "uiamApiKey"],
        _ => &[],
    }
}

/// Hashes a member without these fields, which are its own or those of its elements.
fn trimmed(hash: &mut Xxh3, value: Raw<'_>, without: &[&str]) {
    let trimmed_object = |hash: &mut Xxh3, value: Raw<'_>, depth: u32| {
        let members = value
            .members()
            .filter(|(key, _)| !without.contains(&&**key));
        object(hash, members, &mut |hash, _, value| {
            self::value(hash, value, depth + 1);
        });
    };
    match value.kind() {
        ValueKind::Object => trimmed_object(hash, value, 1),
        ValueKind::Array => {
            hash.update(b"[");
            for element in value.elements() {
                if element.kind() == ValueKind::Object {
                    trimmed_object(hash, element, 2);
                } else {
                    self::value(hash, element, 2);
                }
            }
            hash.update(b"]");
        }
        _ => self::value(hash, value, 1),
    }
}

/// Hashes a value that lies `depth` levels down in its record.
pub(super) fn value(hash: &mut Xxh3, value: Raw<'_>, depth: u32) {
    match value.kind() {
        ValueKind::Array | ValueKind::Object if depth >= DEEPEST => {
            hash.update(b"~");
            text(hash, value.text());
        }
        ValueKind::Null => hash.update(b"n"),
        ValueKind::Boolean => hash.update(&value.text().as_bytes()[..1]),
        ValueKind::Number => {
            // JavaScript has one zero to compare, and one number for `1`, `1.0` and `1e0`.
            let number = value.as_f64().unwrap_or(f64::NAN) + 0.0;
            hash.update(b"#");
            hash.update(&number.to_bits().to_le_bytes());
        }
        ValueKind::String => text(hash, &value.as_str().unwrap_or_default()),
        ValueKind::Array => {
            hash.update(b"[");
            for element in value.elements() {
                self::value(hash, element, depth + 1);
            }
            hash.update(b"]");
        }
        ValueKind::Object => object(hash, value.members(), &mut |hash, _, value| {
            self::value(hash, value, depth + 1);
        }),
    }
}

/// Hashes members by rising key, the last of equal ones alone.
pub(super) fn object<'a>(
    hash: &mut Xxh3,
    members: impl Iterator<Item = (Cow<'a, str>, Raw<'a>)>,
    each: &mut dyn FnMut(&mut Xxh3, &str, Raw<'_>),
) {
    let mut members: Vec<(Cow<'a, str>, Raw<'a>)> = members.collect();
    members.sort_by(|(a, _), (b, _)| a.cmp(b));
    hash.update(b"{");
    for (index, (key, value)) in members.iter().enumerate() {
        let is_last = members.get(index + 1).is_none_or(|(next, _)| next != key);
        if is_last {
            text(hash, key);
            each(hash, key, *value);
        }
    }
    hash.update(b"}");
}

fn text(hash: &mut Xxh3, text: &str) {
    hash.update(b"\"");
    hash.update(&(text.len() as u64).to_le_bytes());
    hash.update(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same(a: &str, b: &str, fields: Fields) -> bool {
        let of = |text| fingerprint(&Record::parse(text, 0).unwrap(), fields);
        of(a) == of(b)
    }

    #[test]
    fn spelling_does_not_count() {
        for (a, b) in [
            (
                r#"{"rule_id":"r","a":{"x":1,"y":[]}}"#,
                r#"{ "a": {"y":[ ],"x":1.0}, "rule_id":"\u0072" }"#,
            ),
            (r#"{"rule_id":"r","n":-0}"#, r#"{"rule_id":"r","n":0.0e3}"#),
            (r#"{"rule_id":"r","n":1,"n":2}"#, r#"{"rule_id":"r","n":2}"#),
        ] {
            assert!(same(a, b, Fields::All), "{a} {b}");
        }
    }

    #[test]
    fn no_line_is_too_deep() {
        let deep = |inner: &str| {
            let (open, close) = ("[".repeat(100_000), "]".repeat(100_000));
            format!(r#"{{"rule_id":"r","meta":{open}{inner}{close}}}"#)
        };
        assert!(same(&deep("1"), &deep("1"), Fields::Owned));
        assert!(!same(&deep("1"), &deep("2"), Fields::Owned));
    }

    #[test]
    fn content_counts() {
        for (a, b) in [
            (
                r#"{"rule_id":"r","tags":["a","b"]}"#,
                r#"{"rule_id":"r","tags":["b","a"]}"#,
            ),
            (
                r#"{"rule_id":"r","tags":["a","b"]}"#,
                r#"{"rule_id":"r","tags":["ab"]}"#,
            ),
            (r#"{"rule_id":"r","n":1}"#, r#"{"rule_id":"r","n":"1"}"#),
            (
                r#"{"rule_id":"r","n":[[],[]]}"#,
                r#"{"rule_id":"r","n":[[[]]]}"#,
            ),
            (r#"{"rule_id":"r","n":null}"#, r#"{"rule_id":"r"}"#),
            (
                r#"{"rule_id":"r","n":true}"#,
                r#"{"rule_id":"r","n":false}"#,
            ),
        ] {
            assert!(!same(a, b, Fields::Owned), "{a} {b}");
        }
    }

    #[test]
    fn what_a_kibana_makes_is_set_aside_unless_all_is_asked_for() {
        for (a, b) in [
            (
                r#"{"rule_id":"r","id":"1","revision":2,"immutable":false}"#,
                r#"{"rule_id":"r"}"#,
            ),
            (
                r#"{"rule_id":"r","exceptions_list":[{"id":"1","list_id":"l"}],"required_fields":[{"name":"n","ecs":true}]}"#,
                r#"{"rule_id":"r","exceptions_list":[{"list_id":"l"}],"required_fields":[{"name":"n"}]}"#,
            ),
            (
                r#"{"item_id":"i","_version":"W","comments":[{"comment":"c","id":"1"}]}"#,
                r#"{"item_id":"i","comments":[{"comment":"c"}]}"#,
            ),
            (
                r#"{"id":"c","type":"action","attributes":{"name":"n","apiKey":null,"uiamApiKey":null}}"#,
                r#"{"id":"c","type":"action","attributes":{"name":"n"}}"#,
            ),
            (
                r#"{"id":"c","type":"action","attributes":{},"version":"W"}"#,
                r#"{"id":"c","type":"action","attributes":{}}"#,
            ),
        ] {
            assert!(
                same(a, b, Fields::Owned) && !same(a, b, Fields::All),
                "{a} {b}"
            );
        }
        assert!(!same(
            r#"{"id":"c","type":"action","attributes":{}}"#,
            r#"{"id":"d","type":"action","attributes":{}}"#,
            Fields::Owned
        ));
    }
}
