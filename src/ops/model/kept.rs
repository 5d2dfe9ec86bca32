//! Is a line in the space as it says? Lines and stored records compared by what an import writes.
//!
//! What the server makes by itself does not count: object ids, dates, the `uuid` of an action, the connector ids that it points
//! actions at, comments that were there before.

use std::num::{NonZeroU32, NonZeroU64};

use super::content::{action_text, references};
use super::content::{
    comments, is_in_item, is_in_list, is_in_rule, member, plain, push_member, whole,
};
use crate::bundle::{Fields, alike, fingerprint};
use crate::json::{Raw, quoted};
use crate::record::{Kind, Record, is_system_connector};
use crate::schema::{Field, Schema, Shape, Target};

/// What a line leaves in the space, as far as two lines can be compared by it, in 16 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Kept {
    /// All that it says but the members below; none if that cannot be told.
    print: Option<NonZeroU64>,
    /// A rule's `enabled`, which stays as it is where a line has none.
    enabled: Option<bool>,
    /// A rule's `version`, likewise.
    version: Option<NonZeroU32>,
    /// Whether an item has comments, which are added to those that are there.
    has_comments: bool,
}

impl Kept {
    /// What a rule, a list or an item leaves in the space; nothing is told of other records.
    pub fn of(record: &Record<'_>, target: Target) -> Self {
        let is_rule = record.kind() == Kind::Rule;
        let version = record.get("version").and_then(whole).filter(|_| is_rule);
        let small = version.map(|it| u32::try_from(it).ok().and_then(NonZeroU32::new));
        let print = told(record, target).and_then(|members| {
            let mut text = String::from("{");
            for (name, value) in members {
                push_member(&mut text, name, &value);
            }
            text.push('}');
            let members = Record::parse(&text, 0).ok()?;
            // A version that no rule has is looked at in the line itself.
            let is_known = small.is_none_or(|it| it.is_some());
            NonZeroU64::new(fingerprint(&members, Fields::All).half()).filter(|_| is_known)
        });
        Self {
            print,
            enabled: record
                .get("enabled")
                .and_then(Raw::as_bool)
                .filter(|_| is_rule),
            version: small.flatten(),
            has_comments: record.kind() == Kind::ExceptionItem && comments(record).next().is_some(),
        }
    }

    /// Whether a stored record of this kind surely says what the line does; where it does not, [`differing`] tells.
    pub fn is_met_by(&self, stored: &Self) -> bool {
        self.print.is_some()
            && self.print == stored.print
            && (self.enabled.is_none() || self.enabled == stored.enabled)
            && (self.version.is_none() || self.version == stored.version)
            && !self.has_comments
    }
}

/// The members in which a stored record is not as a line of the same kind says.
pub fn differing(stored: &Record<'_>, line: &Record<'_>, target: Target) -> Vec<Box<str>> {
    let (Some(there), Some(wanted)) = (told(stored, target), told(line, target)) else {
        return vec!["type".into()];
    };
    let is_patch = line.kind() == Kind::Rule && target < Target::version(8, 13);
    let mut names: Vec<Box<str>> = Vec::new();
    let value = |members: &[(&'static str, String)], name: &str| {
        let found = members.iter().find(|(key, _)| *key == name);
        found.map_or_else(|| "null".to_owned(), |(_, text)| text.clone())
    };
    let mut all: Vec<&str> = wanted.iter().chain(&there).map(|(name, _)| *name).collect();
    all.dedup();
    for name in all {
        // Before 8.13, what a line lacks stays as it was (import-export.md §2.3).
        let is_left = is_patch && !line.has(name);
        if !is_left && !is_same(&value(&there, name), &value(&wanted, name)) {
            push(&mut names, name);
        }
    }
    if line.kind() == Kind::Rule {
        for name in ["enabled", "version"] {
            let (ours, theirs) = (line.get(name), stored.get(name));
            if ours.is_some_and(|ours| !ours.is_null() && theirs.is_none_or(|it| !alike(ours, it)))
            {
                push(&mut names, name);
            }
        }
    }
    if line.kind() == Kind::ExceptionItem && !has_comments_of(stored, line) {
        push(&mut names, "comments");
    }
    names
}

fn push(names: &mut Vec<Box<str>>, name: &str) {
    if !names.iter().any(|known| **known == *name) {
        names.push(name.into());
    }
}

fn is_same(a: &str, b: &str) -> bool {
    a == b || matches!((Raw::parse(a), Raw::parse(b)), (Ok(a), Ok(b)) if alike(a, b))
}

/// Whether each comment of the line is among those of the stored item, as often as the line has it.
fn has_comments_of(stored: &Record<'_>, line: &Record<'_>) -> bool {
    let texts = |item: &Record<'_>| -> Vec<String> {
        comments(item)
            .filter_map(|comment| comment.get("comment").and_then(Raw::as_str).map(Into::into))
            .collect()
    };
    let mut there = texts(stored);
    texts(line).iter().all(|text| {
        let found = there.iter().position(|it| it == text);
        found.map(|at| there.swap_remove(at)).is_some()
    })
}

/// The members that an import writes, in the schema's order, as they are stored.
fn told(record: &Record<'_>, target: Target) -> Option<Vec<(&'static str, String)>> {
    let fields = |shape: &'static Shape, is_told: fn(&Field) -> bool| {
        let known = move |field: &&Field| {
            is_told(field) && !field.since.is_some_and(|since| since.is_after(target))
        };
        shape.fields.iter().filter(known)
    };
    let schema = Schema::get();
    match record.kind() {
        Kind::Rule => {
            let ty = record.str("type")?;
            let told = fields(schema.rule(&ty)?, is_in_rule);
            let mut members: Vec<(&'static str, String)> = told
                .filter_map(|field| Some((field.name, member(record, &ty, field, target)?)))
                .collect();
            members.push(("actions", actions(record, target)));
            members.push(("exceptions_list", lists(record)));
            Some(members)
        }
        kind @ (Kind::ExceptionList | Kind::ExceptionItem) => {
            let is_told = if kind == Kind::ExceptionList {
                is_in_list
            } else {
                is_in_item
            };
            let told = fields(schema.kind(kind)?, is_told);
            let members = told.filter(|field| field.name != "comments");
            Some(
                members
                    .filter_map(|field| Some((field.name, plain(record, field, target)?)))
                    .collect(),
            )
        }
        Kind::Connector | Kind::Details | Kind::Other => None,
    }
}

/// The actions without the ids that the server gives them; those through system connectors come last.
fn actions(rule: &Record<'_>, target: Target) -> String {
    let throttle = rule.str("throttle");
    let all: Vec<Raw<'_>> = rule
        .get("actions")
        .into_iter()
        .flat_map(Raw::elements)
        .collect();
    let is_system = |action: &&Raw<'_>| {
        is_system_connector(&action.get("id").and_then(Raw::as_str).unwrap_or_default())
    };
    let (system, plain): (Vec<&Raw<'_>>, Vec<&Raw<'_>>) = all.iter().partition(is_system);
    let texts: Vec<String> = plain
        .into_iter()
        .chain(system)
        .map(|action| action_text(*action, throttle.as_deref(), target, false))
        .collect();
    format!("[{}]", texts.join(","))
}

fn lists(rule: &Record<'_>) -> String {
    let texts: Vec<String> = references(rule)
        .map(|it| {
            let (id, namespace) = (quoted(it.list.id.as_str()), it.list.namespace.name());
            format!("[{id},\"{namespace}\",{}]", quoted(&it.ty))
        })
        .collect();
    format!("[{}]", texts.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = r#"{"rule_id":"a","name":"n","description":"d","risk_score":1,"severity":"low","type":"query","exceptions_list":[{"id":"x","list_id":"l","type":"detection","namespace_type":"single"}],"actions":[{"group":"default","id":"c","action_type_id":".slack","params":{"message":"m"}}]}"#;
    const STORED: &str = r#"{"id":"1","rule_id":"a","name":"n","description":"d","risk_score":1,"severity":"low","type":"query","enabled":true,"version":3,"interval":"5m","created_at":"x","exceptions_list":[{"id":"y","list_id":"l","type":"detection","namespace_type":"single"}],"actions":[{"group":"default","id":"other","uuid":"u","action_type_id":".slack","params":{"message":"m"},"frequency":{"summary":true,"notifyWhen":"onActiveAlert","throttle":null}}]}"#;

    fn check(stored: &str, line: &str, expected: &[&str]) {
        let (stored, line) = (
            Record::parse(stored, 0).unwrap(),
            Record::parse(line, 0).unwrap(),
        );
        let target = Target::version(9, 1);
        let found = differing(&stored, &line, target);
        assert_eq!(found.iter().map(|it| &**it).collect::<Vec<_>>(), expected);
        let met = Kept::of(&line, target).is_met_by(&Kept::of(&stored, target));
        assert!(!met || expected.is_empty());
        let has_comments = line.has("comments");
        assert!(met || !expected.is_empty() || has_comments);
    }

    #[test]
    fn what_the_server_makes_does_not_count() {
        check(STORED, LINE, &[]);
        check(STORED, STORED, &[]);
        check(STORED, &LINE.replace("\"m\"", "\"n\""), &["actions"]);
        check(
            STORED,
            &LINE.replace("\"n\"", "\"o\"").replace("\"l\"", "\"k\""),
            &["name", "exceptions_list"],
        );
        check(
            STORED,
            &LINE.replace("\"rule_id\"", "\"enabled\":false,\"rule_id\""),
            &["enabled"],
        );
        check(&STORED.replace("5m", "6m"), LINE, &["interval"]);
    }

    #[test]
    fn comments_are_added_to_those_that_are_there() {
        let item = r#"{"item_id":"i","list_id":"l","name":"n","description":"d","type":"simple","entries":[]"#;
        let with = |comments: &str| format!("{item},\"comments\":[{comments}]}}");
        let (a, b) = (r#"{"comment":"a","id":"1"}"#, r#"{"comment":"b"}"#);
        let both = with(&format!("{a},{b}"));
        check(&both, &with(a), &[]);
        check(&with(a), &both, &["comments"]);
        check(&both, &with(""), &[]);
        check(&with(a), &with(&format!("{a},{a}")), &["comments"]);
    }

    #[test]
    fn before_8_13_what_a_line_lacks_stays() {
        let stored = STORED.replace("5m", "6m");
        let (stored, line) = (
            Record::parse(&stored, 0).unwrap(),
            Record::parse(LINE, 0).unwrap(),
        );
        assert!(differing(&stored, &line, Target::version(8, 12)).is_empty());
    }
}
