//! Which rules does a query select? KQL over one rule, as Kibana's `_find` and `_bulk_action` take it.
//!
//! What Kibana selects is selected here; where a query could mean something else than it seems to, it is refused:
//!
//! - Fields have the export's names (`risk_score`) or those of Kibana's saved objects (`alert.attributes.params.riskScore`);
//!   `*` in a name stands for any known names. A name that no rule has is an error.
//! - A value is compared whole and in its case, `*` in it stands for any text. Numbers compare as numbers. A time
//!   that is given in part (`2026-01`) equals each time in it.
//! - `name` alone is compared by words, in any case: one of several words is enough, words with `*` are all needed,
//!   quotes make a phrase, and `"*…*"` finds text anywhere. `name.keyword` is the name as a whole.
//! - An array matches if an element does. `threat:{ … }` holds if all in it is true of one element.
//! - What is absent or null matches nothing, and `field:*` asks for what is there.
//! - A value without a field is looked for in the name, the tags, the index patterns and the ATT&CK ids and names.
//! - `and`, `or` and `not` are always operators; as words they are quoted or escaped.

mod eval;
mod fields;
mod glob;
mod kql;
mod lexer;
mod names;
mod predicate;
mod pushed;
mod refusals;
mod tree;
mod words;

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use crate::error::{Error, ErrorKind, Excerpt, Result};
use crate::json::Object;
use eval::Scope;
use tree::Node;

/// A query over rules that was read and found to make sense.
///
/// ```
/// # fn main() -> ruleferry::error::Result<()> {
/// let query: ruleferry::query::Query = "severity:(high or critical) and threat.technique.id:T1059*".parse()?;
/// let rule = r#"{"severity":"high","threat":[{"technique":[{"id":"T1059.001"}]}]}"#;
/// assert!(query.matches(&ruleferry::json::Object::parse(rule)?));
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Query {
    text: Box<str>,
    root: Node,
}

impl Query {
    /// The query as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it selects the rule, earlier changes to which are seen.
    pub fn matches(&self, rule: &Object<'_>) -> bool {
        self.root.matches(Scope::Rule(rule))
    }
}

impl FromStr for Query {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let root = kql::parse(text)?;
        Ok(Self {
            text: text.into(),
            root,
        })
    }
}

impl TryFrom<String> for Query {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl From<Query> for String {
    fn from(query: Query) -> Self {
        query.text.into()
    }
}

impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// An error about the bytes `span` of the query, and the sentence that mends it.
fn wrong(
    text: &str,
    span: Range<usize>,
    message: impl Into<Box<str>>,
    help: impl Into<Box<str>>,
) -> Error {
    let kind = ErrorKind::Query {
        message: message.into(),
        help: Some(help.into()),
    };
    Error::from(kind).showing(Excerpt::of(text, span.start, span.end))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const RULE: &str = r#"{"name":"Übung \u0041","tags":["a",null,[1]],"risk_score":1e400,"enabled":true,
        "threat":[{"technique":{"id":"T1"}},3,"x"],"meta":{"a":{"b":[{}]}},"created_at":"é2025","type":"eql"}"#;

    /// Reads a query and, if it is one, asks it. Nothing else is expected than that it comes to an end.
    fn survives(text: &str) {
        match text.parse::<Query>() {
            Ok(query) => _ = query.matches(&Object::parse(RULE).unwrap()),
            Err(error) => {
                assert!(
                    matches!(error.kind(), ErrorKind::Query { help: Some(_), .. }),
                    "{text}: {error}"
                );
                let excerpt = error.excerpt().unwrap();
                assert!(excerpt.start <= excerpt.text.chars().count(), "{text}");
            }
        }
    }

    proptest! {
        #[test]
        fn survives_any_text(text in "\\PC{0,40}") {
            survives(&text);
        }

        #[test]
        fn survives_pieces_in_any_order(pieces in prop::collection::vec(prop::sample::select(&[
            "tags", "name", "threat", "created_at", "risk_score", "meta.a", "*", ":", "(", ")", "{", "}", ">", "<=", "and",
            "OR", "not ", " ", "\"", "\\", "\\u", "\\*", "x", "T1*", "2025-01", "technique.id", "null", "é", "=", "!", ",",
            "alert.attributes.", "params.", "t*.id", "1", "\u{a0}",
        ][..]), 0..24)) {
            survives(&pieces.concat());
            survives(&pieces.join(" "));
        }

        #[test]
        fn quoting_finds_any_text(value in "\\PC{0,20}") {
            let quoted = value.replace('\\', "\\\\").replace('"', "\\\"");
            let query: Query = format!("tags:\"{quoted}\"").parse().unwrap();
            let rule = format!("{{\"tags\":[{}]}}", crate::json::quoted(&value));
            prop_assert!(query.matches(&Object::parse(&rule).unwrap()));
        }
    }

    #[test]
    fn bounds_the_depth() {
        for (open, close) in [("(", ")"), ("not ", ""), ("threat:{", "}")] {
            let nested = |levels| {
                format!(
                    "{}enabled:true{}",
                    open.repeat(levels),
                    close.repeat(levels)
                )
            };
            if open != "threat:{" {
                nested(200).parse::<Query>().unwrap();
            }
            nested(100_000).parse::<Query>().unwrap_err();
        }
        let lists = format!("tags:{}a{}", "(".repeat(201), ")".repeat(201));
        let error = lists.parse::<Query>().unwrap_err();
        assert_eq!(error.to_string(), "the query nests deeper than 200 levels");
    }

    #[test]
    fn survives_deep_rules() {
        let rule = format!(
            "{{\"tags\":{}\"a\"{}}}",
            "[".repeat(100_000),
            "]".repeat(100_000)
        );
        let rule = Object::parse(&rule).unwrap();
        for query in ["tags:a", "tags:*", "threat:*", "meta:{a:b}"] {
            assert!(!query.parse::<Query>().unwrap().matches(&rule), "{query}");
        }
    }

    #[test]
    fn is_a_string_in_files() {
        let step = "only = 'tags:\"Linux\"'";
        let map: std::collections::BTreeMap<String, Query> = toml::from_str(step).unwrap();
        assert_eq!(map["only"].to_string(), "tags:\"Linux\"");
        assert_eq!(toml::to_string(&map).unwrap().trim(), step);
        let failure = toml::from_str::<std::collections::BTreeMap<String, Query>>("only = 'tag:x'")
            .unwrap_err();
        assert!(
            failure.message().contains("did you mean `tags`?"),
            "{failure}"
        );
    }
}
