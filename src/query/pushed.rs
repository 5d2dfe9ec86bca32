//! What of a query can a `_find` be asked?
//!
//! A filter lets every rule through that the query selects, and perhaps more: where it lets more through, the query itself must be
//! asked of what comes. Only fields are in it that filters were measured to work on (Kibana 9.6), and only where the server
//! surely compares as is done here.

use super::Query;
use super::fields::Kind;
use super::names::Field;
use super::predicate::{Plain, Predicate};
use super::tree::Node;

/// The longest filter that is made, in bytes: it goes into an address, of which proxies take 8 KiB, and may be cut in slices.
const LONGEST: usize = 2000;

/// What a field's values are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Values {
    Texts,
    Booleans,
    /// Text in which other text is looked for.
    Words,
}

use Values::{Booleans, Texts, Words};

/// The fields that may be in a filter: path, Kibana's name, and what they hold.
const PUSHED: [(&str, &str, Values); 8] = [
    ("enabled", "alert.attributes.enabled", Booleans),
    ("immutable", "alert.attributes.params.immutable", Booleans),
    ("name", "alert.attributes.name", Words),
    ("rule_id", "alert.attributes.params.ruleId", Texts),
    (
        "rule_source.is_customized",
        "alert.attributes.params.ruleSource.isCustomized",
        Booleans,
    ),
    ("severity", "alert.attributes.params.severity", Texts),
    ("tags", "alert.attributes.tags", Texts),
    ("type", "alert.attributes.params.type", Texts),
];

/// What a part of a query is as a filter.
enum Said {
    /// Both select the same rules.
    Same(String),
    /// The filter lets more rules through.
    More(String),
    /// It lets all through, so there is none.
    All,
}

impl Query {
    /// A filter for `_find` that lets every rule through that the query selects, and perhaps more; none where no filter says any of
    /// it.
    pub fn filter(&self) -> Option<String> {
        match said(&self.root) {
            Said::Same(filter) | Said::More(filter) if filter.len() <= LONGEST => Some(filter),
            Said::Same(_) | Said::More(_) | Said::All => None,
        }
    }
}

fn said(node: &Node) -> Said {
    match node {
        Node::All | Node::Nested(..) => Said::All,
        Node::And(nodes) => all_of(nodes),
        Node::Or(nodes) => any_of(nodes),
        Node::Not(node) => match said(node) {
            Said::Same(filter) if filter.starts_with('(') => Said::Same(format!("not {filter}")),
            Said::Same(filter) => Said::Same(format!("not ({filter})")),
            // What more is let through would be missing from its opposite.
            Said::More(_) | Said::All => Said::All,
        },
        Node::Is(field, predicate) => condition(field, predicate).map_or(Said::All, Said::Same),
    }
}

/// What cannot be said is left out, so that more rules come through.
fn all_of(nodes: &[Node]) -> Said {
    joined(&nodes.iter().map(said).collect::<Vec<_>>(), " and ")
}

fn any_of(nodes: &[Node]) -> Said {
    let parts: Vec<Said> = nodes.iter().map(said).collect();
    if parts.iter().any(|part| matches!(part, Said::All)) {
        return Said::All;
    }
    joined(&parts, " or ")
}

fn joined(parts: &[Said], operator: &str) -> Said {
    let filters: Vec<&str> = parts
        .iter()
        .filter_map(|part| match part {
            Said::Same(filter) | Said::More(filter) => Some(filter.as_str()),
            Said::All => None,
        })
        .collect();
    let filter = match filters.as_slice() {
        [] => return Said::All,
        [one] => (*one).to_owned(),
        several => format!("({})", several.join(operator)),
    };
    if parts.iter().all(|part| matches!(part, Said::Same(_))) {
        Said::Same(filter)
    } else {
        Said::More(filter)
    }
}

fn condition(field: &Field, predicate: &Predicate) -> Option<String> {
    let path = field.path.join(".");
    let (_, name, values) = PUSHED.iter().find(|(pushed, ..)| *pushed == path)?;
    match (values, field.kind, predicate) {
        (Texts, Kind::Value, Predicate::OneOf(plain)) => {
            one_of(name, plain.iter().map(Plain::text))
        }
        (Booleans, Kind::Value, Predicate::OneOf(plain)) => {
            let is_boolean = |text: &str| matches!(text, "true" | "false");
            match plain.as_slice() {
                [one] if is_boolean(one.text()) => Some(format!("{name}: {}", one.text())),
                _ => None,
            }
        }
        // The server folds the case of ASCII alone.
        (Words, Kind::Text, Predicate::Contains(text)) if text.is_ascii() && is_plain(text) => {
            Some(format!("{name}: \"*{}*\"", escaped(text)))
        }
        _ => None,
    }
}

fn one_of<'v>(name: &str, values: impl Iterator<Item = &'v str>) -> Option<String> {
    let quoted: Option<Vec<String>> = values
        .map(|value| is_plain(value).then(|| format!("\"{}\"", escaped(value))))
        .collect();
    match quoted?.as_slice() {
        [] => None,
        [one] => Some(format!("{name}: {one}")),
        several => Some(format!("{name}: ({})", several.join(" or "))),
    }
}

/// Whether the server surely reads a quoted text as that text.
fn is_plain(text: &str) -> bool {
    !text.trim().is_empty() && !text.contains(|c: char| c == '*' || c.is_control())
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(text: &str) -> Option<String> {
        text.parse::<Query>().unwrap().filter()
    }

    #[test]
    fn names_and_values_become_the_servers() {
        for (query, expected) in [
            (
                "severity:high",
                r#"alert.attributes.params.severity: "high""#,
            ),
            (
                "tags:(b or a) or tags:\"c \\\" d\"",
                r#"alert.attributes.tags: ("a" or "b" or "c \" d")"#,
            ),
            ("not enabled:true", "not (alert.attributes.enabled: true)"),
            (
                "alert.attributes.params.ruleSource.isCustomized: false",
                "alert.attributes.params.ruleSource.isCustomized: false",
            ),
            (
                "name:\"*Power Shell*\"",
                "alert.attributes.name: \"*power shell*\"",
            ),
            (
                "rule_id:a or type:eql",
                r#"(alert.attributes.params.ruleId: "a" or alert.attributes.params.type: "eql")"#,
            ),
            (
                "not (immutable:true and severity:low)",
                r#"not (alert.attributes.params.immutable: true and alert.attributes.params.severity: "low")"#,
            ),
        ] {
            assert_eq!(filter(query).as_deref(), Some(expected), "{query}");
        }
    }

    #[test]
    fn what_cannot_be_said_lets_more_through() {
        for (query, expected) in [
            (
                "risk_score > 50 and severity:high",
                Some(r#"alert.attributes.params.severity: "high""#),
            ),
            ("risk_score > 50 or severity:high", None),
            ("not (risk_score > 50 and severity:high)", None),
            (
                "(note:* and tags:a) or tags:b",
                Some(r#"(alert.attributes.tags: "a" or alert.attributes.tags: "b")"#),
            ),
            ("not ((note:* and tags:a) or tags:b)", None),
            ("name:powershell", None),
            ("name:\"*übung*\"", None),
            ("tags:Lin*", None),
            ("tags:\"a*b\"", None),
            ("tags:\"\"", None),
            ("enabled:yes", None),
            ("alert.attributes.alertTypeId: siem.queryRule", None),
            ("description:x", None),
            ("*", None),
            (
                "threat:{ framework:x } and tags:a",
                Some(r#"alert.attributes.tags: "a""#),
            ),
        ] {
            assert_eq!(filter(query).as_deref(), expected, "{query}");
        }
    }

    #[test]
    fn a_filter_has_an_end() {
        let many = |count: usize| {
            let ids: Vec<String> = (0..count).map(|id| format!("acme-{id}")).collect();
            filter(&format!("rule_id:({})", ids.join(" or ")))
        };
        assert!(many(100).is_some() && many(200).is_none());
    }
}
