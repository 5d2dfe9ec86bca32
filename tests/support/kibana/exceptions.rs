//! What does an import make of lists and items? Lists first, then items (import-export.md §5.3).

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::thread;

use serde_json::{Value, json};

use super::Inner;
use super::lines::{File, Line};
use super::stored::{new_item, new_list, overwrite_item};
use super::table::{Made, Object, text};
use super::world::{World, now};

/// So many are looked up at once, and so many items at most does one look-up see.
const CHUNK: usize = 1000;

/// What was done, and what not.
#[derive(Debug, Default)]
pub(super) struct Told {
    list_errors: Vec<Value>,
    list_doubles: Vec<Value>,
    item_errors: Vec<Value>,
    item_doubles: Vec<Value>,
    pub(super) lists: u64,
    pub(super) items: u64,
}

impl Told {
    pub(super) fn errors(&self) -> Vec<Value> {
        let all = [
            &self.list_errors,
            &self.list_doubles,
            &self.item_errors,
            &self.item_doubles,
        ];
        all.into_iter().flatten().cloned().collect()
    }

    pub(super) fn is_lists_good(&self) -> bool {
        self.list_errors.is_empty() && self.list_doubles.is_empty()
    }

    pub(super) fn is_items_good(&self) -> bool {
        self.item_errors.is_empty() && self.item_doubles.is_empty()
    }
}

/// A list that is overwritten: namespace, `list_id`, and its items as ids with `item_id`s.
type Overwritten = (String, String, Vec<(String, String)>);

/// One import of exceptions.
struct Run<'i> {
    inner: &'i Inner,
    space: &'i str,
    overwrite: bool,
    made: Made,
    told: Told,
    overwritten: Vec<Overwritten>,
}

/// Imports the lists and items of a file.
pub(super) fn import(
    inner: &Inner,
    space: &str,
    file: &mut File,
    overwrite: bool,
    made: Made,
) -> Told {
    let mut told = Told::default();
    let lists = distinct_lists(std::mem::take(&mut file.lists), &mut told);
    let items = distinct_items(std::mem::take(&mut file.items), &mut told);
    let mut run = Run {
        inner,
        space,
        overwrite,
        made,
        told,
        overwritten: Vec::new(),
    };
    for chunk in lists.chunks(CHUNK) {
        run.lists(chunk);
    }
    for chunk in items.chunks(CHUNK) {
        run.items(chunk);
    }
    run.finish(&items);
    run.told
}

fn refusal(status: u16, message: &str, ids: &[(&str, &str)]) -> Value {
    let mut entry = json!({"error": {"status_code": status, "message": message}});
    for (key, id) in ids {
        entry[*key] = json!(id);
    }
    entry
}

fn distinct_lists(lists: Vec<Line>, told: &mut Told) -> Vec<Object> {
    let mut kept: Vec<Object> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    for line in lists {
        match line {
            Err(message) => {
                told.list_doubles
                    .push(refusal(400, &message, &[("list_id", "(unknown list_id)")]));
            }
            Ok(list) => {
                let id = text(&list, "list_id").to_owned();
                if let Some(&at) = places.get(&id) {
                    let message = format!(
                        "More than one exception list with list_id: \"{id}\" found in imports. The last list will be used."
                    );
                    told.list_doubles
                        .push(refusal(400, &message, &[("list_id", &id)]));
                    kept[at] = list;
                } else {
                    places.insert(id, kept.len());
                    kept.push(list);
                }
            }
        }
    }
    kept
}

fn distinct_items(items: Vec<Line>, told: &mut Told) -> Vec<Object> {
    let mut kept: Vec<Object> = Vec::new();
    let mut places: HashMap<(String, String), usize> = HashMap::new();
    for line in items {
        match line {
            Err(message) => {
                told.item_doubles
                    .push(refusal(400, &message, &[("list_id", "(unknown item_id)")]));
            }
            Ok(item) => {
                let id = text(&item, "item_id").to_owned();
                let key = (id.clone(), text(&item, "list_id").to_owned());
                if let Some(&at) = places.get(&key) {
                    let message = format!(
                        "More than one exception list item with item_id: \"{id}\" found in imports. The last item will be used."
                    );
                    told.item_doubles
                        .push(refusal(400, &message, &[("item_id", &id)]));
                    kept[at] = item;
                } else {
                    places.insert(key, kept.len());
                    kept.push(item);
                }
            }
        }
    }
    kept
}

/// The lists that records name, by `list_id` alone: its namespace and object id.
fn known_lists(
    world: &World,
    space: &str,
    records: &[Object],
) -> HashMap<String, (String, String)> {
    let mut known = HashMap::new();
    for namespace in ["single", "agnostic"] {
        for record in records
            .iter()
            .filter(|it| text(it, "namespace_type") == namespace)
        {
            let list_id = text(record, "list_id");
            if let Some(list) = world.shelf(space, namespace).lists.first(list_id) {
                known.insert(
                    list_id.to_owned(),
                    (namespace.to_owned(), list.text("id").to_owned()),
                );
            }
        }
    }
    known
}

/// The items that one look-up sees, by `item_id` alone: object id, namespace and `list_id`.
///
/// The look-up names the lists of all items, but the items by id for the first list alone, if that comes once; and it sees a
/// thousand at most (§5.3).
fn known_items(
    world: &World,
    space: &str,
    records: &[Object],
) -> HashMap<String, (String, String, String)> {
    let mut known = Vec::new();
    for namespace in ["single", "agnostic"] {
        let of: Vec<&Object> = records
            .iter()
            .filter(|it| text(it, "namespace_type") == namespace)
            .collect();
        let lists: Vec<&str> = of.iter().map(|it| text(it, "list_id")).collect();
        let ids: BTreeSet<&str> = of.iter().map(|it| text(it, "item_id")).collect();
        let mut seen = BTreeSet::new();
        for list in &lists {
            if !seen.insert(*list) {
                continue;
            }
            let is_filtered = *list == lists[0] && !lists[1..].contains(list);
            let items = world.shelf(space, namespace).items.of_group(list);
            for item in items.filter(|item| !is_filtered || ids.contains(&*item.key)) {
                let place = (
                    item.text("id").to_owned(),
                    namespace.to_owned(),
                    (*list).to_owned(),
                );
                known.push((item.key.clone(), place));
            }
        }
    }
    known.truncate(CHUNK);
    known.into_iter().collect()
}

impl Run<'_> {
    fn lists(&mut self, chunk: &[Object]) {
        let known = known_lists(&self.inner.world(), self.space, chunk);
        thread::sleep(self.inner.settings.race);
        let mut world = self.inner.world();
        for list in chunk {
            let list_id = text(list, "list_id");
            match known.get(list_id) {
                None => {
                    let body = new_list(&mut world, list);
                    world.add_list(self.space, body, self.made);
                    self.told.lists += 1;
                }
                Some((namespace, id)) if self.overwrite => {
                    self.overwrite_list(&mut world, list, namespace, id);
                    self.told.lists += 1;
                }
                Some(_) => {
                    let message = format!(
                        "Found that list_id: \"{list_id}\" already exists. Import of list_id: \"{list_id}\" skipped."
                    );
                    self.told
                        .list_errors
                        .push(refusal(409, &message, &[("list_id", list_id)]));
                }
            }
        }
    }

    fn overwrite_list(&mut self, world: &mut World, list: &Object, namespace: &str, id: &str) {
        let list_id = text(list, "list_id");
        let version = world.new_version();
        let home = world.shelf_mut(self.space, namespace);
        let Some(row) = home.lists.row_mut(id) else {
            return;
        };
        for key in ["description", "meta", "name", "tags", "type"] {
            if let Some(value) = list.get(key) {
                row.body.insert(key.into(), value.clone());
            }
        }
        row.body.insert("updated_at".into(), now());
        row.body.insert("_version".into(), json!(version));
        let items: Vec<(String, String)> = home
            .items
            .of_group(list_id)
            .map(|item| (item.text("id").to_owned(), item.key.clone()))
            .collect();
        if world.version.deletes_items_first() {
            let ids: Vec<String> = items.iter().map(|(id, _)| id.clone()).collect();
            world
                .watch
                .open_gap(World::shelf_name(self.space, namespace), list_id);
            world.drop_items(self.space, namespace, list_id, &ids, self.made.request);
        }
        self.overwritten
            .push((namespace.into(), list_id.into(), items));
    }

    fn items(&mut self, chunk: &[Object]) {
        let (lists, known) = {
            let world = self.inner.world();
            (
                known_lists(&world, self.space, chunk),
                known_items(&world, self.space, chunk),
            )
        };
        thread::sleep(self.inner.settings.race);
        let mut world = self.inner.world();
        for item in chunk {
            let (list_id, item_id) = (text(item, "list_id"), text(item, "item_id"));
            let ids = [("list_id", list_id), ("item_id", item_id)];
            if !lists.contains_key(list_id) {
                let message = format!(
                    "Exception list with list_id: \"{list_id}\", not found for exception list item with item_id: \"{item_id}\""
                );
                self.told.item_errors.push(refusal(409, &message, &ids));
                continue;
            }
            match known.get(item_id) {
                None => {
                    let body = new_item(&mut world, item);
                    world.add_item(self.space, body, self.made);
                    self.told.items += 1;
                }
                // Neither moved nor changed, and nobody is told.
                Some((_, _, home)) if self.overwrite && home != list_id => {}
                Some((id, namespace, _)) if self.overwrite => {
                    if overwrite_item(&mut world, self.space, namespace, id, item) {
                        self.told.items += 1;
                    } else {
                        let message = format!("Saved object [exception-list/{id}] not found");
                        self.told.item_errors.push(refusal(404, &message, &ids));
                    }
                }
                Some(_) => {
                    let message = format!(
                        "Found that item_id: \"{item_id}\" already exists. Import of item_id: \"{item_id}\" skipped."
                    );
                    self.told.item_errors.push(refusal(409, &message, &ids));
                }
            }
        }
    }

    /// Takes away what overwritten lists have and the file has not, and looks at what is left.
    fn finish(&mut self, items: &[Object]) {
        let mut wanted: BTreeMap<(&str, &str), BTreeSet<&str>> = BTreeMap::new();
        for item in items {
            let list = (text(item, "namespace_type"), text(item, "list_id"));
            wanted
                .entry(list)
                .or_default()
                .insert(text(item, "item_id"));
        }
        let is_good = self.told.is_lists_good() && self.told.is_items_good();
        let mut world = self.inner.world();
        let deletes_first = world.version.deletes_items_first();
        for (namespace, list_id, before) in &self.overwritten {
            let request = self.made.request;
            if deletes_first {
                world
                    .watch
                    .close_gap(World::shelf_name(self.space, namespace), list_id);
                world.see_list(self.space, namespace, list_id, request);
            } else if is_good {
                let kept = wanted.get(&(&**namespace, &**list_id));
                let gone: Vec<String> = before
                    .iter()
                    .filter(|(_, item_id)| !kept.is_some_and(|kept| kept.contains(&**item_id)))
                    .map(|(id, _)| id.clone())
                    .collect();
                world.drop_items(self.space, namespace, list_id, &gone, request);
            }
        }
    }
}
