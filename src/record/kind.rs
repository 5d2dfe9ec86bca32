//! What is a line to Kibana's importer?

use std::fmt;

use crate::json::Object;

/// What a record is, told by the keys it has, as Kibana's importer tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// A detection rule.
    Rule,
    /// An exception list, without its items.
    ExceptionList,
    /// One item of an exception list.
    ExceptionItem,
    /// A connector, or another saved object: whatever has `attributes`.
    Connector,
    /// The line that closes an export and counts what came before it.
    Details,
    /// Anything else. It passes untouched.
    Other,
}

impl Kind {
    /// All kinds, in the order of an export.
    pub const ALL: [Self; 6] = [
        Self::Rule,
        Self::ExceptionList,
        Self::ExceptionItem,
        Self::Connector,
        Self::Details,
        Self::Other,
    ];

    /// Tells the kind by the presence of keys alone, whatever their values, in the order of Kibana's importer:
    /// `exported_count`; `item_id` or `entries`; `list_id`; `attributes`; else a rule.
    ///
    /// What Kibana would then take for a rule is one only if it has `rule_id` or `type`. Else it may be the closing line of
    /// an exception list export or of a saved objects export, which Kibana's rule import does not know; or it is `Other`.
    pub fn of(object: &Object<'_>) -> Self {
        let mut is = [false; 6];
        let mut names_a_rule = false;
        let mut closes = false;
        for key in object.keys() {
            match &*key {
                "exported_count" => is[Self::Details as usize] = true,
                "item_id" | "entries" => is[Self::ExceptionItem as usize] = true,
                "list_id" => is[Self::ExceptionList as usize] = true,
                "attributes" => is[Self::Connector as usize] = true,
                "rule_id" | "type" => names_a_rule = true,
                "exported_exception_list_count" | "exportedCount" => closes = true,
                _ => {}
            }
        }
        let first = [
            Self::Details,
            Self::ExceptionItem,
            Self::ExceptionList,
            Self::Connector,
        ]
        .into_iter()
        .find(|&kind| is[kind as usize]);
        match first {
            Some(kind) => kind,
            None if names_a_rule => Self::Rule,
            None if closes => Self::Details,
            None => Self::Other,
        }
    }

    /// The name scripts and reports use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rule => "rule",
            Self::ExceptionList => "exception-list",
            Self::ExceptionItem => "exception-item",
            Self::Connector => "connector",
            Self::Details => "details",
            Self::Other => "other",
        }
    }

    /// The key of the id that people know such a record by.
    pub(super) fn id_key(self) -> Option<&'static str> {
        match self {
            Self::Rule => Some("rule_id"),
            Self::ExceptionList => Some("list_id"),
            Self::ExceptionItem => Some("item_id"),
            Self::Connector => Some("id"),
            Self::Details | Self::Other => None,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Rule => "rule",
            Self::ExceptionList => "exception list",
            Self::ExceptionItem => "exception item",
            Self::Connector => "connector",
            Self::Details => "details",
            Self::Other => "other record",
        })
    }
}

/// A set of kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kinds(u8);

impl Kinds {
    /// Rules alone.
    pub const RULES: Self = Self::of(&[Kind::Rule]);
    /// Rules, exception lists, exception items and connectors.
    pub const ALL: Self = Self::of(&[
        Kind::Rule,
        Kind::ExceptionList,
        Kind::ExceptionItem,
        Kind::Connector,
    ]);

    /// The set of these kinds.
    pub const fn of(kinds: &[Kind]) -> Self {
        let mut set = 0;
        let mut at = 0;
        while at < kinds.len() {
            set |= 1 << kinds[at] as u8;
            at += 1;
        }
        Self(set)
    }

    /// Whether the set has this kind.
    pub const fn has(self, kind: Kind) -> bool {
        self.0 & (1 << kind as u8) != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn follows_the_order_of_the_importer() {
        let cases = [
            (r#"{"rule_id":"r","type":"query"}"#, Kind::Rule),
            (r#"{"type":"query","name":"no id"}"#, Kind::Rule),
            (r#"{"name":"neither"}"#, Kind::Other),
            ("{}", Kind::Other),
            (r#"{"list_id":"l","type":"detection"}"#, Kind::ExceptionList),
            (r#"{"list_id":"l","item_id":"i"}"#, Kind::ExceptionItem),
            (r#"{"entries":null}"#, Kind::ExceptionItem),
            (r#"{"rule_id":"r","list_id":null}"#, Kind::ExceptionList),
            (r#"{"list_id":"l","attributes":{}}"#, Kind::ExceptionList),
            (r#"{"type":"dashboard","attributes":{}}"#, Kind::Connector),
            (r#"{"exported_count":1,"list_id":"l"}"#, Kind::Details),
            (r#"{"exported_exception_list_count":1}"#, Kind::Details),
            (r#"{"exportedCount":1,"missingRefCount":0}"#, Kind::Details),
            (r#"{"exportedCount":1,"type":"query"}"#, Kind::Rule),
            (r#"{"\u0065ntries":[]}"#, Kind::ExceptionItem),
        ];
        for (text, kind) in cases {
            assert_eq!(Kind::of(&Object::parse(text).unwrap()), kind, "{text}");
        }
    }
}
