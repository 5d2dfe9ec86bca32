//! Which rules of a space did a migration bring, which of them does its source no longer have, and are they gone once removed?
//!
//! - A rule that is brought has a tag, which people see and can take off, and a mark in `meta`, which names the tag, the source, the
//!   target and the `rule_id`. Kibana copies tags and `meta` to a duplicate, which has another `rule_id` (bulk-actions.md §8), and
//!   replaces `meta` where a rule is saved in its editor; an export takes both to wherever it is imported. So the mark fits no copy,
//!   here or in another space, and no rule that is somebody's own by now.
//! - Only rules whose tag and mark both fit are ever removed, each by its object id, and each is looked at again before.
//! - What became of a removal is read from the space, whatever was answered.

mod mark;
mod remove;

use std::collections::HashSet;
use std::fmt;

use super::find;
use crate::error::Result;
use crate::json::Object;
use crate::kibana::{Client, Space};
use crate::record::ListKey;
pub use mark::Mark;
pub use remove::{Fate, Removal, remove};

/// A rule of the target that has the tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Its object id in the space.
    pub id: Box<str>,
    /// Its `rule_id`.
    pub rule_id: Box<str>,
    /// Its name.
    pub name: Box<str>,
    /// When it was changed last, and by whom, as the server tells it.
    pub changed: Box<str>,
    /// The lists that it refers to.
    pub lists: Vec<ListKey>,
}

/// Why a rule stays that has the tag, though the source may not have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kept {
    /// It is one of Elastic's own.
    Prebuilt,
    /// It has the tag and no mark.
    Unmarked,
    /// Its mark is that of another rule, which it was copied from.
    Copy(Box<str>),
    /// It was brought from somewhere else, or under another tag.
    Foreign(Box<str>),
    /// It was brought to somewhere else, and came here from there.
    Elsewhere(Box<str>),
    /// The source has it, though it is not among what is brought.
    InSource,
    /// It is not as it was when it was planned to go.
    Changed,
}

/// The rules that a migration brought to a space.
#[derive(Debug, Default)]
pub struct Brought {
    /// How many rules are its own.
    pub count: usize,
    /// Those of them that the source no longer has.
    pub gone: Vec<Rule>,
    /// Rules with the tag that the source does not have either, and that stay.
    pub kept: Vec<(Rule, Kept)>,
}

impl fmt::Display for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Prebuilt => f.write_str("it is one of Elastic's own"),
            Self::Unmarked => f.write_str(
                "it has the tag without a mark: it was saved in Kibana, or somebody gave it the tag",
            ),
            Self::Copy(rule_id) => write!(f, "it is a copy of rule `{rule_id}`"),
            Self::Foreign(from) => write!(f, "it was brought from `{from}`"),
            Self::Elsewhere(to) if to.is_empty() => {
                f.write_str("its mark does not say where it was brought to")
            }
            Self::Elsewhere(to) => write!(f, "it was brought to `{to}`, and copied from there"),
            Self::InSource => f.write_str("the source has it, and it is left out on the way"),
            Self::Changed => f.write_str("it changed or went after the plan was made"),
        }
    }
}

impl Brought {
    /// Reads which rules of the space the mark is on, and which of them have a `rule_id` that `is_there` does not know.
    pub fn read(
        client: &Client,
        space: &Space,
        mark: &Mark,
        is_there: &dyn Fn(&str) -> bool,
    ) -> Result<Self> {
        let filter = format!("alert.attributes.tags: {}", find::kql_quoted(mark.tag()));
        let mut brought = Self::default();
        find::rules(client, space, Some(&filter), &mut |text| {
            let Some((rule, kept)) = mark.read(text)? else {
                return Ok(());
            };
            brought.count += usize::from(kept.is_none());
            match kept {
                _ if is_there(&rule.rule_id) => {}
                None => brought.gone.push(rule),
                Some(kept) => brought.kept.push((rule, kept)),
            }
            Ok(())
        })?;
        brought.gone.sort_by(|a, b| a.rule_id.cmp(&b.rule_id));
        Ok(brought)
    }

    /// Looks for the rules in the source once more, by their ids; what it has after all is kept.
    pub fn look_again(&mut self, client: &Client, space: &Space) -> Result<()> {
        let there = there(client, space, &self.gone)?;
        let (kept, gone) = std::mem::take(&mut self.gone)
            .into_iter()
            .partition(|rule| there.contains(&*rule.rule_id));
        self.gone = gone;
        let kept: Vec<Rule> = kept;
        self.kept
            .extend(kept.into_iter().map(|rule| (rule, Kept::InSource)));
        Ok(())
    }
}

/// Which of these `rule_id`s a space has.
fn there(client: &Client, space: &Space, rules: &[Rule]) -> Result<HashSet<Box<str>>> {
    let mut there = HashSet::new();
    let ids: Vec<&str> = rules.iter().map(|rule| &*rule.rule_id).collect();
    find::rules_of(client, space, &ids, &mut |text| {
        if let Ok(rule) = Object::parse(text) {
            there.insert(rule.str("rule_id").unwrap_or_default().into());
        }
        Ok(())
    })?;
    Ok(there)
}
