//! What does the server hold? Spaces with their rules, lists, items and connectors; every write is seen by the watch.

use std::collections::BTreeMap;
use std::time::SystemTime;

use serde_json::{Value, json};

use super::table::{Made, Object, Row, Table, text};
use super::version::Version;
use super::watch::{Cause, Missing, Violation, Watch};

/// The namespace of what all spaces share, as a key of [`World::shelves`].
pub(super) const AGNOSTIC: &str = "*";

/// Exception lists and items: of one space, or of all.
#[derive(Debug, Default)]
pub(super) struct Shelf {
    /// By `list_id`.
    pub(super) lists: Table,
    /// By `item_id`, in groups by `list_id`.
    pub(super) items: Table,
}

/// A connector.
#[derive(Debug, Clone, Default)]
pub(super) struct Connector {
    pub(super) name: String,
    pub(super) ty: String,
    pub(super) config: Value,
    pub(super) is_missing_secrets: bool,
    pub(super) origin: Option<String>,
    /// Whether it has secrets, which an overwriting import takes away.
    pub(super) has_secrets: bool,
    /// Those that it was given by itself.
    pub(super) secrets: Option<Value>,
}

/// What of a rule imports look at.
const KEPT: [&str; 10] = [
    "id",
    "rule_id",
    "name",
    "type",
    "enabled",
    "version",
    "revision",
    "immutable",
    "exceptions_list",
    "actions",
];

/// One space.
#[derive(Debug, Default)]
pub(super) struct Space {
    pub(super) rules: Table,
    pub(super) connectors: BTreeMap<String, Connector>,
    /// Whether value lists can be made.
    pub(super) has_value_index: bool,
    /// Data views by id.
    pub(super) data_views: BTreeMap<String, Value>,
    /// Value lists: what each is, and its values in the order in which they came.
    pub(super) value_lists: BTreeMap<String, (Value, Vec<String>)>,
    /// Timelines and templates, in the order in which they were made.
    pub(super) timelines: Vec<Object>,
}

/// All of the server's state.
#[derive(Debug)]
pub(super) struct World {
    pub(super) version: Version,
    pub(super) spaces: BTreeMap<String, Space>,
    pub(super) shelves: BTreeMap<String, Shelf>,
    /// Connectors of the server's settings: id, type and name.
    pub(super) preconfigured: BTreeMap<String, Connector>,
    /// Elastic's own rules, with the versions there are assets of.
    pub(super) prebuilt: BTreeMap<String, Vec<u64>>,
    pub(super) watch: Watch,
    /// Whether rules keep only [`KEPT`].
    pub(super) forgets: bool,
    salt: u64,
    made: u64,
}

impl World {
    pub(super) fn new(version: Version, spaces: &[String], salt: u64) -> Self {
        let mut world = Self {
            version,
            spaces: BTreeMap::new(),
            shelves: BTreeMap::new(),
            preconfigured: BTreeMap::new(),
            prebuilt: BTreeMap::new(),
            watch: Watch::default(),
            forgets: false,
            salt,
            made: 0,
        };
        world.shelves.insert(AGNOSTIC.into(), Shelf::default());
        for space in spaces {
            world.spaces.insert(space.clone(), Space::default());
            world.shelves.insert(space.clone(), Shelf::default());
        }
        world
    }

    /// An id that no other object has.
    pub(super) fn new_id(&mut self) -> String {
        self.made += 1;
        format!("{:08x}-0000-4000-8000-{:012x}", self.salt, self.made)
    }

    /// A number that no other version has.
    pub(super) fn new_version(&mut self) -> String {
        self.made += 1;
        format!("W{},1", self.made)
    }

    pub(super) fn space(&self, space: &str) -> &Space {
        &self.spaces[space]
    }

    pub(super) fn space_mut(&mut self, space: &str) -> &mut Space {
        self.spaces.get_mut(space).unwrap()
    }

    /// Where the lists of a namespace are, seen from a space.
    pub(super) fn shelf_name<'s>(space: &'s str, namespace: &str) -> &'s str {
        if namespace == "agnostic" {
            AGNOSTIC
        } else {
            space
        }
    }

    pub(super) fn shelf(&self, space: &str, namespace: &str) -> &Shelf {
        &self.shelves[Self::shelf_name(space, namespace)]
    }

    pub(super) fn shelf_mut(&mut self, space: &str, namespace: &str) -> &mut Shelf {
        let name = Self::shelf_name(space, namespace);
        self.shelves.get_mut(name).unwrap()
    }

    /// The connector that an action of a rule in this space goes through.
    pub(super) fn connector(&self, space: &str, id: &str) -> Option<&Connector> {
        let own = self.space(space).connectors.get(id);
        own.or_else(|| self.preconfigured.get(id))
    }

    pub(super) fn has_connector(&self, space: &str, id: &str) -> bool {
        is_system(id) || self.connector(space, id).is_some()
    }

    /// Adds a rule.
    pub(super) fn add_rule(
        &mut self,
        space: &str,
        mut body: Object,
        made: Made,
        is_imported: bool,
    ) {
        self.forget(&mut body);
        let key = text(&body, "rule_id").to_owned();
        let row = Row {
            key: key.clone(),
            group: String::new(),
            body,
            made,
            is_imported,
        };
        self.space_mut(space).rules.add(row);
        self.see_rule(space, &key, made.request);
    }

    /// Puts another body under the rule of this id; false where it is gone.
    pub(super) fn set_rule(
        &mut self,
        space: &str,
        mut body: Object,
        request: u64,
        is_imported: bool,
    ) -> bool {
        self.forget(&mut body);
        let id = text(&body, "id").to_owned();
        let Some(row) = self.space_mut(space).rules.row_mut(&id) else {
            return false;
        };
        row.body = body;
        row.is_imported |= is_imported;
        let key = row.key.clone();
        self.see_rule(space, &key, request);
        true
    }

    fn forget(&self, body: &mut Object) {
        if self.forgets {
            body.retain(|key, _| KEPT.contains(&key.as_str()));
        }
    }

    /// Adds a list.
    pub(super) fn add_list(&mut self, space: &str, body: Object, made: Made) {
        let row = Row {
            key: text(&body, "list_id").into(),
            group: String::new(),
            made,
            is_imported: false,
            body,
        };
        let namespace = row.text("namespace_type").to_owned();
        self.shelf_mut(space, &namespace).lists.add(row);
    }

    /// Adds an item.
    pub(super) fn add_item(&mut self, space: &str, body: Object, made: Made) {
        let row = Row {
            key: text(&body, "item_id").into(),
            group: text(&body, "list_id").into(),
            made,
            is_imported: false,
            body,
        };
        let namespace = row.text("namespace_type").to_owned();
        self.shelf_mut(space, &namespace).items.add(row);
    }

    /// Takes away a list with its items.
    pub(super) fn drop_list(&mut self, space: &str, namespace: &str, id: &str, request: u64) {
        let home = self.shelf_mut(space, namespace);
        let Some(list) = home.lists.remove(id) else {
            return;
        };
        if home.lists.first(&list.key).is_none() {
            let items: Vec<String> = home
                .items
                .of_group(&list.key)
                .map(|item| item.text("id").to_owned())
                .collect();
            for item in items {
                home.items.remove(&item);
            }
        }
        self.see_list(space, namespace, &list.key, request);
    }

    /// Takes away items of a list, one write after another as far as anybody can see.
    pub(super) fn drop_items(
        &mut self,
        space: &str,
        namespace: &str,
        list_id: &str,
        ids: &[String],
        request: u64,
    ) {
        let home = self.shelf_mut(space, namespace);
        let mut is_changed = false;
        for id in ids {
            is_changed |= home.items.remove(id).is_some();
        }
        if is_changed {
            self.see_list(space, namespace, list_id, request);
        }
    }

    /// Looks at the rules that need a list after it lost something.
    pub(super) fn see_list(&mut self, space: &str, namespace: &str, list_id: &str, request: u64) {
        let home = Self::shelf_name(space, namespace);
        for (space, rule_id) in self.watch.users(home, list_id) {
            self.see_rule(&space, &rule_id, request);
        }
    }

    /// Looks whether the rules of this `rule_id` are protected as the bundle says.
    fn see_rule(&mut self, space: &str, rule_id: &str, request: u64) {
        let Some(wanted) = self.watch.wanted(space, rule_id) else {
            return;
        };
        let rules = &self.space(space).rules;
        let mut found = Vec::new();
        for rule in rules.of_key(rule_id) {
            if !rule.is_imported || rule.body.get("enabled") != Some(&Value::Bool(true)) {
                continue;
            }
            for (namespace, list_id) in wanted {
                let name = Self::shelf_name(space, namespace);
                let home = &self.shelves[name];
                let references = rule.body.get("exceptions_list").and_then(Value::as_array);
                let has_reference = references
                    .into_iter()
                    .flatten()
                    .any(|it| it["list_id"] == **list_id && it["namespace_type"] == **namespace);
                let missing = if home.lists.first(list_id).is_none() {
                    Missing::List(list_id.clone())
                } else if !has_reference {
                    Missing::Reference(list_id.clone())
                } else {
                    let absent = self.watch.absent(name, list_id, &home.items);
                    if absent.is_empty() {
                        continue;
                    }
                    Missing::Items(list_id.clone(), absent)
                };
                let cause = if self.watch.is_gap(name, list_id) {
                    Cause::DeletedFirst
                } else {
                    Cause::Other
                };
                found.push(Violation {
                    space: space.into(),
                    rule_id: rule_id.into(),
                    missing,
                    cause,
                    request,
                });
            }
        }
        self.watch.violations.append(&mut found);
    }
}

/// Whether Kibana itself has a connector of this id.
pub(super) fn is_system(id: &str) -> bool {
    id.starts_with("system-connector-")
}

/// The time, as objects carry it.
pub(super) fn now() -> Value {
    json!(humantime::format_rfc3339_millis(SystemTime::now()).to_string())
}
