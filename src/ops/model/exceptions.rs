//! What does the import make of exception lists and items? (import-export.md §5.2, §5.3)

use std::collections::{HashMap, HashSet};

use super::answer::{Exceptions, Message, Refusal};
use super::ledger::{Ledger, Note, Outcome, Place};
use super::read::{ItemLine, ListLine, Slot};
use super::{Item, List, Model, Overwrite};
use crate::bundle::Fingerprint;
use crate::record::{ItemId, ListId, ListKey, Namespace};

/// So many lists or items are looked up at once; also the most items that one look-up finds.
const CHUNK: usize = 1000;

/// Errors as they come; the answer has those of lists first, and of each first what the space is in the way of.
#[derive(Debug, Default)]
struct Run {
    list_errors: Vec<Refusal>,
    list_doubles: Vec<Refusal>,
    item_errors: Vec<Refusal>,
    item_doubles: Vec<Refusal>,
    lists_done: u64,
    items_done: u64,
    /// Lists that are overwritten, and the items they had.
    overwritten: HashMap<ListKey, Overwritten>,
}

#[derive(Debug)]
struct Overwritten {
    place: Place,
    items: HashMap<ItemId, Item>,
}

/// Imports lists, then items.
pub(super) fn import(
    model: &mut Model,
    lists: Vec<Slot<ListLine>>,
    items: Vec<Slot<ItemLine>>,
    overwrite: Overwrite,
    ledger: &mut Ledger,
) -> Exceptions {
    let mut run = Run::default();
    let lists = run.distinct_lists(lists, ledger);
    let items = run.distinct_items(items, ledger);
    for list in lists {
        run.list(model, list, overwrite.exceptions, ledger);
    }
    for chunk in items.chunks(CHUNK) {
        let known_lists = model.lists_of(chunk);
        let known_items = model.items_near(chunk);
        for item in chunk {
            let existing = known_items.get(&item.id);
            let has_list = known_lists.contains(&item.list.id);
            run.item(
                model,
                item,
                has_list,
                existing,
                overwrite.exceptions,
                ledger,
            );
        }
    }
    run.leftovers(model, &items, ledger);
    run.finish(model)
}

impl Run {
    fn finish(self, model: &Model) -> Exceptions {
        let errors = [
            self.list_errors,
            self.list_doubles,
            self.item_errors,
            self.item_doubles,
        ]
        .concat();
        let lists = if model.server.counts_items_alone() {
            0
        } else {
            self.lists_done
        };
        Exceptions {
            success: errors.is_empty(),
            success_count: lists + self.items_done,
            errors,
        }
    }

    fn distinct_lists(&mut self, lists: Vec<Slot<ListLine>>, ledger: &mut Ledger) -> Vec<ListLine> {
        let mut places: HashMap<ListId, usize> = HashMap::new();
        let mut kept: Vec<ListLine> = Vec::new();
        for list in lists {
            let list = match list {
                Ok(list) => list,
                Err(unfit) => {
                    ledger.refuse(unfit.place, 400, &unfit.message);
                    self.list_doubles.push(Refusal {
                        list_id: Some("(unknown list_id)".into()),
                        ..Refusal::nameless(400, unfit.message)
                    });
                    continue;
                }
            };
            // The namespace does not count here.
            let id = list.key.id.as_str();
            let Some(&at) = places.get(id) else {
                places.insert(list.key.id.clone(), kept.len());
                kept.push(list);
                continue;
            };
            let message = Message::Exact(format!(
                "More than one exception list with list_id: \"{id}\" found in imports. The last list will be used."
            ));
            supersede(kept[at].place, &message, ledger);
            self.list_doubles.push(Refusal {
                list_id: Some(id.into()),
                ..Refusal::nameless(400, message)
            });
            kept[at] = list;
        }
        kept
    }

    fn distinct_items(&mut self, items: Vec<Slot<ItemLine>>, ledger: &mut Ledger) -> Vec<ItemLine> {
        let mut places: HashMap<(ItemId, ListId), usize> = HashMap::new();
        let mut kept: Vec<ItemLine> = Vec::new();
        for item in items {
            let item = match item {
                Ok(item) => item,
                Err(unfit) => {
                    ledger.refuse(unfit.place, 400, &unfit.message);
                    // The server says so in `list_id`.
                    self.item_doubles.push(Refusal {
                        list_id: Some("(unknown item_id)".into()),
                        ..Refusal::nameless(400, unfit.message)
                    });
                    continue;
                }
            };
            let key = (item.id.clone(), item.list.id.clone());
            let Some(&at) = places.get(&key) else {
                places.insert(key, kept.len());
                kept.push(item);
                continue;
            };
            let id = item.id.as_str();
            let message = Message::Exact(format!(
                "More than one exception list item with item_id: \"{id}\" found in imports. The last item will be used."
            ));
            supersede(kept[at].place, &message, ledger);
            self.item_doubles.push(Refusal {
                item_id: Some(id.into()),
                ..Refusal::nameless(400, message)
            });
            kept[at] = item;
        }
        kept
    }

    fn list(&mut self, model: &mut Model, list: ListLine, overwrite: bool, ledger: &mut Ledger) {
        let id = list.key.id.as_str();
        let content = list.content;
        match model.lists.get_mut(&list.key) {
            None => {
                let made = List {
                    id: model.new_id(),
                    ty: list.ty,
                    content,
                };
                ledger.done(list.place, Outcome::Created);
                model.lists.insert(list.key, made);
                self.lists_done += 1;
            }
            Some(existing) if overwrite => {
                ledger.done(list.place, outcome(existing.content, content));
                (existing.ty, existing.content) = (list.ty, content);
                let items = if model.server.deletes_items_first() {
                    model.items.remove(&list.key).unwrap_or_default()
                } else {
                    model.items.get(&list.key).cloned().unwrap_or_default()
                };
                if model.server.deletes_items_first() && !items.is_empty() {
                    ledger.note(list.place, Note::LacksItemsForAMoment);
                }
                let place = list.place;
                self.overwritten
                    .insert(list.key, Overwritten { place, items });
                self.lists_done += 1;
            }
            Some(_) => {
                let message = Message::Exact(format!(
                    "Found that list_id: \"{id}\" already exists. Import of list_id: \"{id}\" skipped."
                ));
                ledger.refuse(list.place, 409, &message);
                self.list_errors.push(Refusal {
                    list_id: Some(id.into()),
                    ..Refusal::nameless(409, message)
                });
            }
        }
    }

    fn item(
        &mut self,
        model: &mut Model,
        item: &ItemLine,
        has_list: bool,
        existing: Option<&ListKey>,
        overwrite: bool,
        ledger: &mut Ledger,
    ) {
        let (id, list) = (item.id.as_str(), item.list.id.as_str());
        let conflict = |text: String| Refusal {
            list_id: Some(list.into()),
            item_id: Some(id.into()),
            ..Refusal::nameless(409, Message::Exact(text))
        };
        let refusal = match existing {
            _ if !has_list => conflict(format!(
                "Exception list with list_id: \"{list}\", not found for exception list item with item_id: \"{id}\""
            )),
            None => {
                let before = self.overwritten.get(&item.list);
                let before = before.and_then(|list| list.items.get(&item.id));
                let made = before.map_or(Outcome::Created, |before| {
                    outcome(before.content, item.content)
                });
                ledger.done(item.place, made);
                model.put_item(&item.list, &item.id, item.content);
                self.items_done += 1;
                return;
            }
            Some(home) if overwrite && home.id != item.list.id => {
                let why = format!(
                    "the item is in list `{}` already, and the server neither moves nor changes it",
                    home.id.as_str()
                );
                return ledger.pass_over(item.place, &why);
            }
            Some(home) if overwrite => {
                let before = model.item(home, id).and_then(|it| it.content);
                // Comments are added to those that are there.
                let content = item.content.filter(|_| !item.has_comments);
                ledger.done(item.place, outcome(before, content));
                model.put_item(home, &item.id, content);
                self.items_done += 1;
                return;
            }
            Some(_) => conflict(format!(
                "Found that item_id: \"{id}\" already exists. Import of item_id: \"{id}\" skipped."
            )),
        };
        ledger.refuse(item.place, 409, &refusal.message);
        self.item_errors.push(refusal);
    }

    /// Takes away items of overwritten lists that the lines do not have; later servers do so only if nothing was wrong.
    fn leftovers(&mut self, model: &mut Model, items: &[ItemLine], ledger: &mut Ledger) {
        let wanted: HashSet<(&ListKey, &ItemId)> =
            items.iter().map(|item| (&item.list, &item.id)).collect();
        let has_errors = [
            &self.list_errors,
            &self.list_doubles,
            &self.item_errors,
            &self.item_doubles,
        ]
        .iter()
        .any(|errors| !errors.is_empty());
        let deleted_first = model.server.deletes_items_first();
        if has_errors && !deleted_first {
            return;
        }
        for (key, list) in &self.overwritten {
            let is_gone = |id: &&ItemId| !wanted.contains(&(key, *id));
            let gone: Vec<&ItemId> = list.items.keys().filter(is_gone).collect();
            if gone.is_empty() {
                continue;
            }
            ledger.note(list.place, Note::RemovesItems(gone.len() as u64));
            if !deleted_first && let Some(stored) = model.items.get_mut(key) {
                stored.retain(|id, _| !gone.contains(&id));
            }
        }
    }
}

fn supersede(place: Place, message: &Message, ledger: &mut Ledger) {
    ledger.refuse(place, 400, message);
    ledger.note(place, Note::Superseded);
}

fn outcome(before: Option<Fingerprint>, after: Option<Fingerprint>) -> Outcome {
    if before.is_some() && before == after {
        Outcome::Unchanged
    } else {
        Outcome::Overwritten
    }
}

impl Model {
    /// The `list_id`s that the items name and that are there, in the namespace that some item says.
    fn lists_of(&self, items: &[ItemLine]) -> HashSet<ListId> {
        items
            .iter()
            .filter(|item| self.lists.contains_key(&item.list))
            .map(|item| item.list.id.clone())
            .collect()
    }

    /// The items that one look-up finds, by `item_id` alone, and the list of each.
    ///
    /// The server searches the lists that the items name, and looks for the items by id in the first list only, if that is
    /// named once. It sees no more than a thousand (import-export.md §5.3).
    fn items_near(&self, items: &[ItemLine]) -> HashMap<ItemId, ListKey> {
        let mut found: Vec<(ItemId, ListKey)> = Vec::new();
        for namespace in [Namespace::Single, Namespace::Agnostic] {
            let of = items.iter().filter(|item| item.list.namespace == namespace);
            let mut named = of.clone().map(|item| &item.list);
            let Some(first) = named.next() else { continue };
            let ids: HashSet<&ItemId> = of.clone().map(|item| &item.id).collect();
            let is_named_once = named.clone().all(|list| list != first);
            let mut seen = HashSet::new();
            for list in std::iter::once(first).chain(named) {
                if !seen.insert(list) {
                    continue;
                }
                let mut stored: Vec<(&ItemId, &Item)> =
                    self.items.get(list).into_iter().flatten().collect();
                if list == first && is_named_once {
                    stored.retain(|(id, _)| ids.contains(id));
                }
                stored.sort_by_key(|(_, item)| item.order);
                found.extend(stored.into_iter().map(|(id, _)| (id.clone(), list.clone())));
            }
        }
        found.truncate(CHUNK);
        found.into_iter().collect()
    }
}
