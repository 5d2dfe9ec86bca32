//! How many records differ, and in which fields.

use std::collections::{BTreeMap, BTreeSet};

use ruleferry::bundle::{Change, Difference, Outcome, Tally};
use ruleferry::error::PathStep;
use ruleferry::record::Kind;
use serde_json::json;

use super::value::visible;
use crate::cli::exit::Exit;

/// The counts of a comparison.
#[derive(Debug)]
pub(super) struct Counts {
    pub(super) tally: Tally,
    /// In how many records of a kind a field changed.
    fields: BTreeMap<Kind, BTreeMap<String, u64>>,
    unreadable: u64,
}

/// The fields that changed in a record, as they are counted.
pub(super) fn fields(difference: &Difference<'_, '_>) -> Option<(Kind, BTreeSet<String>)> {
    let kind = difference.new?.record.kind();
    let fields = difference.changes.iter().map(|change| field(kind, change));
    Some((kind, fields.collect()))
}

/// The top field; of a saved object the attribute, since all of it is in there.
fn field(kind: Kind, change: &Change<'_>) -> String {
    match &change.path[..] {
        [PathStep::Key(first), PathStep::Key(second), ..]
            if kind == Kind::Connector && &**first == "attributes" =>
        {
            format!("{first}.{second}")
        }
        [PathStep::Key(first), ..] => first.to_string(),
        _ => String::new(),
    }
}

impl Counts {
    pub(super) fn new(tally: Tally, unreadable: u64) -> Self {
        Self {
            tally,
            fields: BTreeMap::new(),
            unreadable,
        }
    }

    /// Adds the fields of a record.
    pub(super) fn add(&mut self, fields: Option<(Kind, BTreeSet<String>)>) {
        if let Some((kind, fields)) = fields.filter(|(_, fields)| !fields.is_empty()) {
            let counts = self.fields.entry(kind).or_default();
            for field in fields {
                *counts.entry(field).or_default() += 1;
            }
        }
    }

    /// The counts in a sentence.
    pub(super) fn sentence(&self) -> String {
        let counts = Outcome::ALL
            .map(|outcome| format!("{} {}", self.tally.total(outcome), super::name(outcome)));
        counts.join(", ")
    }

    fn of(&self, kind: Kind) -> [u64; 4] {
        Outcome::ALL.map(|outcome| self.tally.of(kind, outcome))
    }

    /// The kinds that there are.
    fn kinds(&self) -> impl Iterator<Item = Kind> {
        let has_any = |kind: &Kind| self.of(*kind).iter().any(|&count| count > 0);
        Kind::ALL.into_iter().filter(has_any)
    }

    /// The fields of each kind, most frequent first.
    fn ranked(&self) -> Vec<(Kind, &str, u64)> {
        let mut all = Vec::new();
        for (kind, fields) in &self.fields {
            let mut fields: Vec<_> = fields
                .iter()
                .map(|(field, &count)| (field.as_str(), count))
                .collect();
            fields.sort_by_key(|&(_, count)| std::cmp::Reverse(count));
            all.extend(
                fields
                    .into_iter()
                    .map(|(field, count)| (*kind, field, count)),
            );
        }
        all
    }

    /// The counts as tables for people.
    pub(super) fn as_text(&self) -> String {
        let mut out = format!(
            "{:<16}{:>9}{:>9}{:>9}{:>11}\n",
            "", "added", "removed", "changed", "unchanged"
        );
        for kind in self.kinds() {
            let [added, removed, changed, unchanged] = self.of(kind);
            out += &format!(
                "{:<16}{added:>9}{removed:>9}{changed:>9}{unchanged:>11}\n",
                kind.to_string()
            );
        }
        let ranked = self.ranked();
        if !ranked.is_empty() {
            out += "\nchanged in  field\n";
        }
        for (kind, field, count) in ranked {
            out += &format!("{count:>10}  {kind} {}\n", visible(field));
        }
        out
    }

    /// The counts as a line for programs, without its end.
    pub(super) fn as_json(&self, exit: Exit) -> String {
        let named = |counts: [u64; 4]| -> String {
            let counts = Outcome::ALL.into_iter().zip(counts);
            let counts: Vec<String> = counts
                .map(|(outcome, count)| format!("\"{}\":{count}", super::name(outcome)))
                .collect();
            counts.join(",")
        };
        let total = named(Outcome::ALL.map(|outcome| self.tally.total(outcome)));
        let kinds: Vec<String> = self
            .kinds()
            .map(|kind| format!("\"{}\":{{{}}}", kind.name(), named(self.of(kind))))
            .collect();
        let fields: Vec<String> = self
            .fields
            .iter()
            .map(|(kind, fields)| format!("\"{}\":{}", kind.name(), json!(fields)))
            .collect();
        format!(
            "{{\"schema_version\":1,\"summary\":{{{total},\"unreadable\":{},\"kinds\":{{{}}},\"fields\":{{{}}}}},\"exit\":{}}}",
            self.unreadable,
            kinds.join(","),
            fields.join(","),
            exit.code()
        )
    }

    /// The counts as tables of Markdown, under the sentence as heading.
    pub(super) fn as_markdown(&self) -> String {
        let mut out = format!("## {}\n", self.sentence());
        if self.unreadable > 0 {
            out += &format!(
                "\n{} lines could not be read and are not compared.\n",
                self.unreadable
            );
        }
        if self.kinds().next().is_some() {
            out += "\n| | added | removed | changed | unchanged |\n|---|--:|--:|--:|--:|\n";
        }
        for kind in self.kinds() {
            let counts = self.of(kind).map(|count| count.to_string());
            out += &format!("| {kind} | {} |\n", counts.join(" | "));
        }
        let ranked = self.ranked();
        if !ranked.is_empty() {
            out += "\n| field | changed in |\n|---|--:|\n";
        }
        for (kind, field, count) in ranked {
            let field = super::markdown::cell(&visible(field));
            out += &format!("| {kind} {field} | {count} |\n");
        }
        out
    }
}
