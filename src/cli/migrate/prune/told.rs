//! What became of the rules that were to go from a space, as people and as scripts read it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use ruleferry::kibana::Space;
use ruleferry::ops::brought::Rule;
use ruleferry::record::ListKey;
use serde_json::{Value, json};

use crate::cli::exit::Exit;
use crate::cli::plan::count;

/// How many rules are named that stay, unless more is asked for.
const NAMED: usize = 10;

/// A rule, and what became of it.
pub(super) struct Line {
    pub(super) rule: Rule,
    pub(super) state: &'static str,
    pub(super) message: Option<String>,
}

/// What became of all that was to go from a space.
pub(in crate::cli::migrate) struct Pruned {
    pub(super) lines: Vec<Line>,
    /// Lists that no rule of the space refers to any more.
    pub(super) orphans: Vec<ListKey>,
    /// Why none of it goes.
    pub(super) bar: Option<String>,
    pub(in crate::cli::migrate) exit: Exit,
}

impl Pruned {
    /// Adds rules that are all of one state.
    pub(super) fn add(&mut self, rules: Vec<Rule>, state: &'static str, message: Option<&str>) {
        let bar = self.bar.clone().filter(|_| state == "withheld");
        let message = message.map(ToOwned::to_owned).or(bar);
        self.lines.extend(rules.into_iter().map(|rule| Line {
            rule,
            state,
            message: message.clone(),
        }));
    }

    /// How many rules there are of each state.
    pub(in crate::cli::migrate) fn counts(&self) -> BTreeMap<&'static str, u64> {
        let mut counts = BTreeMap::new();
        for line in &self.lines {
            *counts.entry(line.state).or_default() += 1;
        }
        counts
    }

    /// As people read it.
    pub(in crate::cli::migrate) fn text(&self, names_all: bool) -> String {
        let mut text = String::new();
        for (state, label, more) in [
            ("planned", "to remove", " that the source no longer has"),
            ("removed", "removed", " that the source no longer has"),
            ("withheld", "not removed", ""),
            ("failed", "could not be removed", ""),
            ("unknown", "perhaps removed", ""),
            (
                "kept",
                "kept",
                " with the tag that the source does not have",
            ),
        ] {
            let lines: Vec<&Line> = self.lines.iter().filter(|it| it.state == state).collect();
            if lines.is_empty() {
                continue;
            }
            let why = match &self.bar {
                Some(bar) if state == "withheld" => format!(": {bar}"),
                _ => String::new(),
            };
            let rules = count(lines.len(), "rule");
            _ = writeln!(text, "  {label}: {rules}{more}{why}");
            // What goes is named whole.
            let is_cut = !names_all && matches!(state, "withheld" | "kept");
            let shown = if is_cut { NAMED } else { lines.len() };
            for line in lines.iter().take(shown) {
                let rule = &line.rule;
                _ = write!(text, "    `{}` {}", rule.rule_id, rule.name);
                _ = match &line.message {
                    Some(message) if state != "withheld" => writeln!(text, ": {message}"),
                    _ => writeln!(text, " (changed {})", rule.changed),
                };
            }
            if lines.len() > shown {
                let more = lines.len() - shown;
                _ = writeln!(text, "    and {more} more; `-v` or `--report` names them");
            }
        }
        for list in &self.orphans {
            let id = list.id.as_str();
            _ = writeln!(
                text,
                "  left: exception list `{id}`, which no rule of the space refers to any more"
            );
        }
        text
    }

    /// As lines of the report.
    pub(in crate::cli::migrate) fn json(&self, space: &Space, target: Option<&str>) -> String {
        let mut text = String::new();
        let mut add = |mut line: Value| {
            line["schema_version"] = 1.into();
            line["space"] = space.as_str().into();
            if let Some(target) = target {
                line["target"] = target.into();
            }
            _ = writeln!(text, "{line}");
        };
        for Line {
            rule,
            state,
            message,
        } in &self.lines
        {
            add(json!({
                "kind": "rule",
                "id": rule.rule_id,
                "object": rule.id,
                "name": rule.name,
                "changed": rule.changed,
                "prune": state,
                "message": message,
            }));
        }
        for list in &self.orphans {
            add(json!({
                "kind": "exception-list",
                "id": list.id.as_str(),
                "namespace_type": list.namespace.name(),
                "prune": "left",
                "message": "no rule of the space refers to it any more",
            }));
        }
        text
    }
}
