//! The tag and the mark of rules that are brought: put on them, and read from them.

use serde_json::json;

use super::{Kept, Rule};
use crate::error::{Error, Result};
use crate::json::{Object, Raw, quoted};
use crate::record::Record;

/// The member of `meta` that holds the mark.
const MEMBER: &str = "ruleferry";

/// What tells the rules of one migration from all others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    tag: Box<str>,
    from: Box<str>,
    to: Box<str>,
}

impl Mark {
    /// The mark of rules that come from there under this tag, bound for nowhere yet. Fails where the tag is none that people could see.
    pub fn new(tag: &str, from: &str) -> Result<Self> {
        if tag.is_empty() || tag.trim() != tag || tag.chars().any(char::is_control) {
            return Err(Error::usage(format!(
                "a tag must be text without blanks around it, found `{}`",
                tag.escape_debug()
            )));
        }
        Ok(Self {
            tag: tag.into(),
            from: from.into(),
            to: "".into(),
        })
    }

    /// The mark of those that go to this place.
    #[must_use]
    pub fn to(&self, to: &str) -> Self {
        Self {
            to: to.into(),
            ..self.clone()
        }
    }

    /// The tag.
    pub fn tag(&self) -> &str {
        &self.tag
    }

    /// Gives a rule the tag and the mark. One of Elastic's own stays as it is, since it is never removed.
    pub fn put(&self, rule: &mut Record<'_>) -> Result<()> {
        if rule.is_prebuilt() {
            return Ok(());
        }
        let Some(rule_id) = rule.str("rule_id").map(String::from) else {
            return Ok(());
        };
        match rule.strings("tags")? {
            None => rule.set("tags", format!("[{}]", quoted(&self.tag))),
            Some(tags) if tags.iter().any(|tag| **tag == *self.tag) => {}
            Some(_) => rule.edit_array("tags", |tags| {
                tags.push(quoted(&self.tag));
                Ok(())
            })?,
        }
        let mark = json!({"from": self.from, "rule_id": rule_id, "tag": self.tag, "to": self.to});
        let mark = mark.to_string();
        if rule.get("meta").is_none_or(Raw::is_null) {
            rule.set("meta", format!("{{{}:{mark}}}", quoted(MEMBER)));
            return Ok(());
        }
        rule.edit("meta", |meta| {
            let same = meta.get(MEMBER).is_some_and(|it| self.is(it, &rule_id));
            if !same {
                meta.set(MEMBER, mark);
            }
            Ok(())
        })
    }

    fn is(&self, mark: Raw<'_>, rule_id: &str) -> bool {
        let text = |key| mark.get(key).and_then(Raw::as_str);
        text("from").as_deref() == Some(&*self.from)
            && text("to").as_deref() == Some(&*self.to)
            && text("tag").as_deref() == Some(&*self.tag)
            && text("rule_id").as_deref() == Some(rule_id)
    }

    /// Why a rule with the tag is none of ours; none if it is.
    fn stranger(&self, rule: &Record<'_>, rule_id: &str) -> Option<Kept> {
        if rule.is_prebuilt() {
            return Some(Kept::Prebuilt);
        }
        let mark = rule.get("meta").and_then(|meta| meta.get(MEMBER));
        let Some(mark) = mark else {
            return Some(Kept::Unmarked);
        };
        if self.is(mark, rule_id) {
            return None;
        }
        let text = |key| mark.get(key).and_then(Raw::as_str).unwrap_or_default();
        if text("rule_id") != rule_id {
            return Some(Kept::Copy(text("rule_id").into()));
        }
        let (from, tag, to) = (text("from"), text("tag"), text("to"));
        Some(if from != *self.from {
            Kept::Foreign(from.into())
        } else if to != *self.to {
            Kept::Elsewhere(to.into())
        } else {
            Kept::Foreign(format!("{from}, under the tag {tag}").into())
        })
    }

    pub(super) fn read(&self, text: &str) -> Result<Option<(Rule, Option<Kept>)>> {
        let record = Record::parse(text, 0)?;
        let tags = record.strings("tags")?.unwrap_or_default();
        if !tags.iter().any(|tag| **tag == *self.tag) {
            return Ok(None);
        }
        let text = |key: &str| -> Box<str> { record.str(key).unwrap_or_default().into() };
        let rule_id = text("rule_id");
        let kept = self.stranger(&record, &rule_id);
        let rule = Rule {
            id: text("id"),
            name: text("name"),
            changed: changed(&record),
            lists: record.list_references().collect(),
            rule_id,
        };
        if rule.id.is_empty() || rule.rule_id.is_empty() {
            return Err(Error::refused(
                "a rule of the server has no `id` or no `rule_id`",
            ));
        }
        Ok(Some((rule, kept)))
    }
}

/// As in `2026-11-02T08:00:00.000Z by alice`.
fn changed(rule: &Object<'_>) -> Box<str> {
    let at = rule.str("updated_at").unwrap_or_default();
    match rule.str("updated_by") {
        Some(by) if !by.is_empty() => format!("{at} by {by}").into(),
        _ => at.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark() -> Mark {
        Mark::new("ferry", "prod/soc").unwrap().to("dr/soc")
    }

    fn put(line: &str) -> String {
        let mut rule = Record::parse(line, 0).unwrap();
        mark().put(&mut rule).unwrap();
        rule.to_json().into()
    }

    #[test]
    fn a_rule_gets_tag_and_mark_once() {
        let marked = r#"{"from":"prod/soc","rule_id":"r","tag":"ferry","to":"dr/soc"}"#;
        let bare = put(r#"{"rule_id":"r","tags":["a"]}"#);
        assert_eq!(
            bare,
            format!(r#"{{"rule_id":"r","tags":["a","ferry"],"meta":{{"ruleferry":{marked}}}}}"#)
        );
        assert_eq!(put(&bare), bare);
        let there = put(r#"{"rule_id":"r","meta":{"from":"1m","ruleferry":{"rule_id":"x"}}}"#);
        let expected = format!(
            r#"{{"rule_id":"r","meta":{{"from":"1m","ruleferry":{marked}}},"tags":["ferry"]}}"#
        );
        assert_eq!(there, expected);
    }

    #[test]
    fn rules_of_elastic_stay_as_they_are() {
        let rule = r#"{"rule_id":"r","immutable":true,"tags":[]}"#;
        assert_eq!(put(rule), rule);
    }

    #[test]
    fn only_a_rule_whose_tag_and_mark_fit_is_ours() {
        let read = |text: &str| mark().read(text).unwrap().map(|(_, kept)| kept);
        let rule = |id: &str, more: &str, meta: &str| {
            format!(r#"{{"id":"1","rule_id":"{id}","tags":["ferry"]{more},"meta":{meta}}}"#)
        };
        let ours = r#"{"ruleferry":{"from":"prod/soc","rule_id":"r","tag":"ferry","to":"dr/soc"}}"#;
        assert_eq!(read(&rule("r", "", ours)), Some(None));
        assert_eq!(
            read(&rule("copy", "", ours)),
            Some(Some(Kept::Copy("r".into())))
        );
        assert_eq!(
            read(&rule("r", r#","immutable":true"#, ours)),
            Some(Some(Kept::Prebuilt))
        );
        assert_eq!(
            read(&rule("r", "", r#"{"from":"1m"}"#)),
            Some(Some(Kept::Unmarked))
        );
        for (other, from) in [
            (ours.replace("prod/soc", "b/soc"), "b/soc"),
            (
                ours.replace("\"ferry\"", "\"x\""),
                "prod/soc, under the tag x",
            ),
        ] {
            assert_eq!(
                read(&rule("r", "", &other)),
                Some(Some(Kept::Foreign(from.into())))
            );
        }
        for (other, to) in [
            (ours.replace("dr/soc", "dr/emea"), "dr/emea"),
            (ours.replace(r#","to":"dr/soc""#, ""), ""),
        ] {
            assert_eq!(
                read(&rule("r", "", &other)),
                Some(Some(Kept::Elsewhere(to.into())))
            );
        }
        // A search takes more for the tag than the tag.
        assert_eq!(
            read(r#"{"id":"1","rule_id":"r","tags":["Ferry"],"meta":{}}"#),
            None
        );
    }

    #[test]
    fn a_tag_that_nobody_sees_is_refused() {
        for tag in ["", " ", "a ", "a\nb"] {
            assert!(Mark::new(tag, "a/b").is_err(), "{tag:?}");
        }
    }
}
