//! `rename-rules`: adds to the names of rules, or replaces text in them.

use super::pair::{Pair, refuse_contradictions};
use super::{Census, Setup, Transform, Verdict};
use crate::error::{Error, Result};
use crate::json::quoted;
use crate::record::Record;

/// Adds a prefix or a suffix to the names of rules, or replaces text in them.
///
/// Text is replaced first, all of it at once, upper and lower case told apart; where two OLD begin at one place the longer
/// one wins. Then prefix and suffix are added, also when the name has them already: doing it twice adds them twice. A rule
/// without a name stays as it is, and one whose name would become empty is refused, as Kibana's import would.
///
/// Names are no identity in Kibana: an import still meets the rule of the same `rule_id`.
///
/// Example: ruleferry edit rename-rules --prefix '[tenant1] ' --replace 'Windows=Win' export.ndjson -o out.ndjson
#[derive(Debug, Clone, clap::Args, serde::Deserialize, serde::Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RenameRules {
    /// The text to put before each name.
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    prefix: Option<String>,

    /// The text to put after each name.
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    suffix: Option<String>,

    /// A text within names and the one to write instead, a `=` within OLD written `\=`; may be given again.
    #[serde(alias = "replace")]
    #[arg(long = "replace", value_name = "OLD=NEW")]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    replaces: Vec<Pair>,
}

impl RenameRules {
    fn replaced(&self, name: &str) -> String {
        let mut new = String::new();
        let mut rest = name;
        while let Some(next) = rest.chars().next() {
            let found = self
                .replaces
                .iter()
                .filter(|replace| rest.starts_with(&replace.old));
            if let Some(replace) = found.max_by_key(|replace| replace.old.len()) {
                new.push_str(&replace.new);
                rest = &rest[replace.old.len()..];
            } else {
                new.push(next);
                rest = &rest[next.len_utf8()..];
            }
        }
        new
    }
}

impl Transform for RenameRules {
    fn is_idempotent(&self) -> bool {
        false
    }

    fn prepare(&mut self, _: &mut dyn Setup) -> Result<()> {
        let is_empty = |text: &Option<String>| text.as_deref().unwrap_or_default().is_empty();
        if is_empty(&self.prefix) && is_empty(&self.suffix) && self.replaces.is_empty() {
            return Err(Error::usage(
                "`rename-rules` needs `prefix`, `suffix` or `replace`, found none",
            ));
        }
        refuse_contradictions(&self.replaces)
    }

    fn apply(&self, rule: &mut Record<'_>, _: &Census) -> Result<Verdict> {
        let Some(value) = rule.get("name").filter(|value| !value.is_null()) else {
            return Ok(Verdict::Keep);
        };
        let name = value.as_str().ok_or_else(|| {
            Error::wrong_type("name", "a string", value.kind().article()).within("name")
        })?;
        let replaced = self.replaced(&name);
        // What is only added to keeps its spelling.
        let middle: Box<str> = if replaced == name {
            value.text().into()
        } else {
            quoted(&replaced)
        };
        let [prefix, suffix] =
            [&self.prefix, &self.suffix].map(|text| quoted(text.as_deref().unwrap_or_default()));
        let json = format!("\"{}{}{}\"", inner(&prefix), inner(&middle), inner(&suffix));
        if json == "\"\"" && !name.is_empty() {
            return Err(
                Error::refused(format!("`name` must not become empty, found `{name}`"))
                    .within("name"),
            );
        }
        rule.set("name", json);
        Ok(Verdict::Keep)
    }
}

/// What stands between the quotes of a JSON string.
fn inner(json: &str) -> &str {
    &json[1..json.len() - 1]
}

#[cfg(test)]
mod tests {
    use crate::transform::testing::{check, refused_settings};

    #[test]
    fn adds_without_spelling_the_name_anew() {
        check(r#"rename-rules = { prefix = "[\"t1\"] ", suffix = " -" }"#)
            .turns(
                r#"{"rule_id":"r", "name" : "N\u0061me \ud800\/"}"#,
                r#"{"rule_id":"r", "name" : "[\"t1\"] N\u0061me \ud800\/ -"}"#,
            )
            .turns(
                r#"{"rule_id":"r","name":""}"#,
                r#"{"rule_id":"r","name":"[\"t1\"]  -"}"#,
            )
            .keeps(r#"{"rule_id":"r","name":null}"#)
            .keeps(r#"{"rule_id":"r"}"#)
            .keeps(r#"{"list_id":"l","name":"n"}"#);
    }

    #[test]
    fn replaces_all_at_once_the_longest_first() {
        check(r#"rename-rules = { replaces = ["a=b", "b=a", "ab=X", "ü="] }"#)
            .turns(
                r#"{"rule_id":"r","name":"a b abü A"}"#,
                r#"{"rule_id":"r","name":"b a X A"}"#,
            )
            .keeps(r#"{"rule_id":"r","name":"\u0041B"}"#);
    }

    #[test]
    fn refuses_names_that_would_be_none() {
        check(r#"rename-rules = { replaces = ["a="] }"#)
            .refuses(
                r#"{"rule_id":"r","name":"aa"}"#,
                "`name` must not become empty, found `aa`",
            )
            .refuses(
                r#"{"rule_id":"r","name":["a"]}"#,
                "`name` must be a string, found an array",
            );
    }

    #[test]
    fn refuses_settings_that_do_nothing_or_two_things() {
        let nothing = "`rename-rules` needs `prefix`, `suffix` or `replace`, found none";
        assert_eq!(refused_settings("rename-rules = {}"), nothing);
        assert_eq!(
            refused_settings(r#"rename-rules = { prefix = "" }"#),
            nothing
        );
        assert_eq!(
            refused_settings(r#"rename-rules = { replaces = ["a=b", "a=c"] }"#),
            "`a` must become one text, found `b` and `c`"
        );
    }
}
