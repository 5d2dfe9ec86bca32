//! What did the server answer to an upload, and which lines does it speak of?

use std::collections::HashMap;

use serde::Deserialize;

use super::inventory::{Inventory, What};
use crate::record::Kind;

/// The answer to an import, as far as it is read; what is not there is as good as empty.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Answer {
    /// Without this member it is no answer of the import route.
    pub(super) success: bool,
    #[serde(default)]
    pub(super) success_count: u64,
    #[serde(default)]
    errors: Vec<Entry>,
    #[serde(default)]
    exceptions_errors: Vec<Entry>,
    #[serde(default)]
    action_connectors_errors: Vec<Entry>,
}

#[derive(Debug, Deserialize)]
struct Entry {
    id: Option<Box<str>>,
    rule_id: Option<Box<str>>,
    list_id: Option<Box<str>>,
    item_id: Option<Box<str>>,
    error: Problem,
}

/// What the server says is wrong.
#[derive(Debug, Clone, Deserialize, PartialEq, Eq)]
pub(super) struct Problem {
    #[serde(rename = "status_code")]
    pub(super) status: u16,
    pub(super) message: Box<str>,
}

impl Problem {
    /// Whether the rule arrived all the same, without a reference or an action.
    pub(super) fn is_loss(&self) -> bool {
        self.message.contains("Reference has been removed")
            || self.message.contains("Found two action connectors")
    }
}

/// The errors of an answer, by line, and those that name no line.
#[derive(Debug, Default)]
pub(super) struct Problems {
    pub(super) of: HashMap<u32, Vec<Problem>>,
    pub(super) nameless: Vec<Problem>,
}

impl Answer {
    /// Whether nothing went wrong, but that the connector which was carried along is there already.
    pub(super) fn is_clean(&self, carried: Option<&str>) -> bool {
        let is_carried = |entry: &Entry| carried.is_some() && entry.id.as_deref() == carried;
        self.success
            && self.errors.is_empty()
            && self.exceptions_errors.is_empty()
            && self.action_connectors_errors.iter().all(is_carried)
    }

    /// The errors by the lines of a batch that they name; errors about the carrier are expected, and left out.
    pub(super) fn problems(
        self,
        bundle: &Inventory,
        records: &[u32],
        carrier: Option<u32>,
    ) -> Problems {
        let mut names: HashMap<(Kind, &str), Vec<u32>> = HashMap::new();
        for &index in records {
            let entry = bundle.entry(index);
            let id = entry.id.unwrap_or_default();
            names.entry((entry.kind, id)).or_default().push(index);
        }
        let at = |kind, id: Option<&str>| names.get(&(kind, id?)).cloned();
        let known = |kind: Kind| {
            let entry = bundle.entry(carrier?);
            (entry.kind == kind).then_some(entry.id)?
        };
        let (known_rule, known_connector) = (known(Kind::Rule), known(Kind::Connector));
        let mut problems = Problems::default();
        let exceptions = |entry: &Entry| match &entry.item_id {
            Some(item) => {
                let mut lines = at(Kind::ExceptionItem, Some(item)).unwrap_or_default();
                if let Some(list) = entry.list_id.as_deref().filter(|_| lines.len() > 1) {
                    lines.retain(|&line| {
                        matches!(bundle.entry(line).what,
                        What::Item(number) if bundle.list(number).key.id.as_str() == list)
                    });
                }
                lines
            }
            None => at(Kind::ExceptionList, entry.list_id.as_deref()).unwrap_or_default(),
        };
        for entry in self.errors {
            if entry.rule_id.is_some() && entry.rule_id.as_deref() == known_rule {
                continue;
            }
            // Before 8.19 and 9.1, one entry names all rules whose connectors are missing.
            let lines = match entry.rule_id.as_deref() {
                Some(ids) => at(Kind::Rule, Some(ids)).unwrap_or_else(|| {
                    let each = ids.split(',').filter_map(|id| at(Kind::Rule, Some(id)));
                    each.flatten().collect()
                }),
                // So the import of exceptions tells.
                None => exceptions(&entry),
            };
            problems.add(lines, entry.error);
        }
        for entry in self.exceptions_errors {
            problems.add(exceptions(&entry), entry.error);
        }
        for entry in self.action_connectors_errors {
            if entry.id.is_none() || entry.id.as_deref() != known_connector {
                let lines = at(Kind::Connector, entry.id.as_deref()).unwrap_or_default();
                problems.add(lines, entry.error);
            }
        }
        problems
    }
}

impl Problems {
    fn add(&mut self, lines: Vec<u32>, problem: Problem) {
        if lines.is_empty() {
            self.nameless.push(problem);
            return;
        }
        for line in lines {
            self.of.entry(line).or_default().push(problem.clone());
        }
    }

    /// What is said of a line that did not arrive: its own errors, else those that name no line.
    pub(super) fn told(&self, line: u32) -> Option<Problem> {
        let own = self.of.get(&line).map(Vec::as_slice);
        let all = own.unwrap_or(&self.nameless);
        let first = all.first()?;
        let mut texts: Vec<&str> = Vec::new();
        for problem in all {
            if !texts.contains(&&*problem.message) {
                texts.push(&problem.message);
            }
        }
        Some(Problem {
            status: first.status,
            message: texts.join("; ").into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::Reading;
    use crate::schema::Target;
    use crate::stream::Source;

    #[test]
    fn errors_find_their_lines() {
        let bundle = "{\"rule_id\":\"a,b\"}\n{\"rule_id\":\"c\"}\n{\"rule_id\":\"d\"}\n{\"item_id\":\"i\",\"list_id\":\"l\"}\n{\"item_id\":\"i\",\"list_id\":\"m\"}\n{\"list_id\":\"l\"}\n{\"id\":\"k\",\"type\":\"action\",\"attributes\":{}}";
        let source = Source::reader("bundle", bundle.as_bytes());
        let bundle =
            Inventory::read(&Reading::default(), vec![source], Target::version(9, 1)).unwrap();
        let error = |status: u16| {
            format!("\"error\":{{\"status_code\":{status},\"message\":\"m{status}\"}}")
        };
        let body = format!(
            r#"{{"success":false,"errors":[{{"rule_id":"c,d",{}}},{{"rule_id":"a,b",{}}},{{"rule_id":"(unknown id)",{}}}],"exceptions_errors":[{{"list_id":"m","item_id":"i",{}}},{{"list_id":"l",{}}}],"action_connectors_errors":[{{"id":"k",{}}}]}}"#,
            error(404),
            error(409),
            error(400),
            error(401),
            error(402),
            error(403)
        );
        let answer: Answer = serde_json::from_str(&body).unwrap();
        let found = answer.problems(&bundle, &[0, 1, 2, 3, 4, 5, 6], None);
        let status = |line| found.told(line).map(|it| it.status);
        assert_eq!(
            [0, 1, 2, 4, 5, 6].map(status),
            [409, 404, 404, 401, 402, 403].map(Some)
        );
        assert!(!found.of.contains_key(&3));
        assert_eq!(found.nameless.len(), 1);
        assert_eq!(status(3), Some(400));
        let answer: Answer = serde_json::from_str(&body).unwrap();
        assert!(!answer.problems(&bundle, &[0], Some(6)).of.contains_key(&6));
        assert!(serde_json::from_str::<Answer>("{}").is_err());
    }
}
