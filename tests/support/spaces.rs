//! Is a space as the model of it says?

use ruleferry::ops::import::Inventory;
use ruleferry::ops::model::{Model, Rule};
use ruleferry::pipeline::Reading;
use ruleferry::record::{ListKey, Namespace};
use ruleferry::stream::Source;
use serde_json::Value;

use super::kibana::State;

/// A model and the space that it is of.
pub(crate) struct Comparison<'m> {
    model: &'m Model,
    /// The lines that were sent, of which alone a model knows all.
    lines: &'m [String],
    state: State,
    found: Vec<String>,
}

impl<'m> Comparison<'m> {
    pub(crate) fn of(model: &'m Model, lines: &'m [String], state: State) -> Self {
        Self {
            model,
            lines,
            state,
            found: Vec::new(),
        }
    }

    /// In what they differ.
    pub(crate) fn differences(mut self) -> Vec<String> {
        for number in 0..80 {
            self.rule(&format!("r{number}"));
        }
        // They are read only where the bundle names one.
        let lists = if self.bundle().lists().is_empty() {
            0
        } else {
            4
        };
        for number in 0..lists {
            for namespace in [Namespace::Single, Namespace::Agnostic] {
                let id = format!("l{number}");
                self.list(&ListKey {
                    id: id.as_str().into(),
                    namespace,
                });
            }
        }
        self.connectors();
        self.found
    }

    fn bundle(&self) -> Inventory {
        let text = self.lines.join("\n");
        let sources = vec![Source::reader("bundle", text.as_bytes())];
        Inventory::read(&Reading::default(), sources, self.model.server.target).unwrap()
    }

    fn differs<T: PartialEq + std::fmt::Debug>(&mut self, what: &str, predicted: &T, there: &T) {
        if predicted != there {
            self.found
                .push(format!("{what}: {predicted:?} predicted, found {there:?}"));
        }
    }

    fn rule(&mut self, id: &str) {
        let quoted = format!("\"{id}\"");
        if !self.lines.iter().any(|line| line.contains(&quoted)) {
            return;
        }
        let there = self.state.rules.iter().find(|rule| rule["rule_id"] == *id);
        let (there, predicted) = (there.map(stored), self.model.rule(id).map(modelled));
        self.differs(id, &predicted, &there);
    }

    fn list(&mut self, key: &ListKey) {
        let is_of = |value: &&Value| {
            value["list_id"] == *key.id.as_str() && value["namespace_type"] == key.namespace.name()
        };
        let there = self.state.lists.iter().find(is_of);
        let there = there.map(|list| text(list, "type"));
        let items = self.state.items.iter().filter(is_of).count();
        let is_named = self.lines.iter().any(|line| {
            let line: Value = serde_json::from_str(line).unwrap_or_default();
            line.get("list_id").is_some() && is_of(&&line)
        });
        let predicted = self.model.list(key).map(|list| list.ty.to_string());
        self.differs(&format!("{key:?}"), &predicted, &there);
        if is_named {
            let predicted = self.model.item_count(key);
            self.differs(&format!("items of {key:?}"), &predicted, &items);
        }
    }

    fn connectors(&mut self) {
        // They are read only where the bundle names one.
        let are_read = !self.bundle().connectors().is_empty();
        if !are_read {
            return;
        }
        let named = |name: &str, origin: Option<&str>| format!("{name} {origin:?}");
        let predicted = self.model.connectors();
        let mut predicted: Vec<String> = predicted
            .map(|(_, it)| named(&it.name, it.origin.as_deref()))
            .collect();
        let there = self.state.connectors.iter();
        let mut there: Vec<String> = there
            .map(|it| {
                let origin = it.get("originId").and_then(Value::as_str);
                named(&text(&it["attributes"], "name"), origin)
            })
            .collect();
        predicted.sort();
        there.sort();
        self.differs("connectors", &predicted, &there);
    }
}

fn text(value: &Value, key: &str) -> String {
    value[key].as_str().unwrap_or_default().to_owned()
}

/// Enabled, version, immutable, the lists, and how many actions.
type Told = (bool, u64, bool, Vec<String>, usize);

fn stored(rule: &Value) -> Told {
    let array = |key: &str| rule[key].as_array().unwrap();
    (
        rule["enabled"].as_bool().unwrap(),
        rule["version"].as_u64().unwrap(),
        rule["immutable"].as_bool().unwrap(),
        array("exceptions_list")
            .iter()
            .map(|it| text(it, "list_id"))
            .collect(),
        array("actions").len(),
    )
}

fn modelled(rule: &Rule) -> Told {
    let content = &rule.content;
    let lists = content.references.iter();
    (
        content.enabled.unwrap(),
        content.version.unwrap(),
        rule.immutable,
        lists.map(|it| it.list.id.as_str().to_owned()).collect(),
        content.actions.len(),
    )
}
