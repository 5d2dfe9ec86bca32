//! Exception lists and items one by one, and the finding of many.

use std::thread;

use serde_json::{Value, json};

use super::Inner;
use super::filter::Filter;
use super::http::{Answer, Asked, platform, siem};
use super::rules::{object, page};
use super::stored;
use super::table::{Made, Object, Row, Table, text};
use super::watch::namespace;
use super::world::World;

/// Lists or items.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    List,
    Item,
}

impl What {
    fn key(self) -> &'static str {
        match self {
            Self::List => "list_id",
            Self::Item => "item_id",
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::List => "exception list",
            Self::Item => "exception list item",
        }
    }

    fn table<'w>(self, world: &'w World, space: &str, namespace: &str) -> &'w Table {
        let home = world.shelf(space, namespace);
        match self {
            Self::List => &home.lists,
            Self::Item => &home.items,
        }
    }

    fn table_mut<'w>(self, world: &'w mut World, space: &str, namespace: &str) -> &'w mut Table {
        let home = world.shelf_mut(space, namespace);
        match self {
            Self::List => &mut home.lists,
            Self::Item => &mut home.items,
        }
    }
}

/// Which object a request names: namespace, and one of `id` and the key of users.
struct Named {
    namespace: &'static str,
    id: Option<String>,
    key: Option<String>,
}

impl Named {
    fn in_query(asked: &Asked, what: What) -> Self {
        let param = |key: &str| asked.head.param(key).map(str::to_owned);
        let name = param("namespace_type").map(Value::String);
        Self {
            namespace: namespace(name.as_ref()),
            id: param("id"),
            key: param(what.key()),
        }
    }

    fn in_body(body: &Object, what: What) -> Self {
        let member = |key: &str| body.get(key).and_then(Value::as_str).map(str::to_owned);
        Self {
            namespace: namespace(body.get("namespace_type")),
            id: member("id"),
            key: member(what.key()),
        }
    }

    fn find<'w>(&self, world: &'w World, space: &str, what: What) -> Result<&'w Row, Answer> {
        let table = what.table(world, space, self.namespace);
        let (way, name, row) = match (&self.id, &self.key) {
            (Some(id), _) => ("id", id, table.row(id)),
            (None, Some(key)) => (what.key(), key, table.first(key)),
            (None, None) => return Err(siem(400, &format!("id or {} required", what.key()))),
        };
        row.ok_or_else(|| {
            siem(
                404,
                &format!("{} {way}: \"{name}\" does not exist", what.name()),
            )
        })
    }
}

/// `GET`.
pub(super) fn read(world: &World, asked: &Asked, what: What) -> Result<Answer, Answer> {
    let row = Named::in_query(asked, what).find(world, &asked.head.space, what)?;
    Ok(Answer::json(200, &json!(row.body)))
}

/// `DELETE`; a list goes with its items.
pub(super) fn delete(
    world: &mut World,
    asked: &Asked,
    what: What,
    request: u64,
) -> Result<Answer, Answer> {
    let named = Named::in_query(asked, what);
    let row = named.find(world, &asked.head.space, what)?.clone();
    let (space, id) = (&*asked.head.space, row.text("id").to_owned());
    match what {
        What::List => world.drop_list(space, named.namespace, &id, request),
        What::Item => world.drop_items(space, named.namespace, &row.group, &[id], request),
    }
    Ok(Answer::json(200, &json!(row.body)))
}

/// `POST`.
pub(super) fn create(
    inner: &Inner,
    asked: &Asked,
    what: What,
    made: Made,
) -> Result<Answer, Answer> {
    let space = &*asked.head.space;
    let mut body = object(asked)?;
    let name = namespace(body.get("namespace_type"));
    body.insert("namespace_type".into(), json!(name));
    if !body.contains_key(what.key()) {
        let id = inner.world().new_id();
        body.insert(what.key().into(), json!(id));
    }
    for (key, usual) in [
        ("os_types", json!([])),
        ("tags", json!([])),
        ("version", json!(1)),
        ("comments", json!([])),
    ] {
        body.entry(key).or_insert(usual);
    }
    let needed: &[&str] = match what {
        What::List => &["name", "description", "type"],
        What::Item => &["name", "description", "type", "list_id", "entries"],
    };
    if let Some(key) = needed.iter().find(|key| !body.contains_key(**key)) {
        return Err(platform(400, &format!("[request body]: {key}: Required")));
    }
    let key = text(&body, what.key()).to_owned();
    {
        let world = inner.world();
        let list_id = text(&body, "list_id");
        if what == What::Item && world.shelf(space, name).lists.first(list_id).is_none() {
            return Err(siem(
                404,
                &format!("exception list id: \"{list_id}\" does not exist"),
            ));
        }
        if what.table(&world, space, name).first(&key).is_some() {
            return Err(siem(
                409,
                &format!("{} id: \"{key}\" already exists", what.name()),
            ));
        }
    }
    thread::sleep(inner.settings.race);
    let mut world = inner.world();
    let stored = match what {
        What::List => {
            let stored = stored::new_list(&mut world, &body);
            world.add_list(space, stored.clone(), made);
            stored
        }
        What::Item => {
            let stored = stored::new_item(&mut world, &body);
            world.add_item(space, stored.clone(), made);
            stored
        }
    };
    Ok(Answer::json(200, &json!(stored)))
}

/// `PUT`: what is sent takes the place of what is there.
pub(super) fn update(world: &mut World, asked: &Asked, what: What) -> Result<Answer, Answer> {
    let space = &*asked.head.space;
    let body = object(asked)?;
    let named = Named::in_body(&body, what);
    let row = named.find(world, space, what)?;
    let mut stored = row.body.clone();
    let id = row.text("id").to_owned();
    if let Some(wanted) = body.get("_version")
        && *wanted != stored["_version"]
    {
        let message = format!("[exception-list:{id}]: version conflict, required seqNo [{wanted}]");
        return Err(siem(409, &message));
    }
    let taken: &[&str] = match what {
        What::List => &[
            "description",
            "meta",
            "name",
            "os_types",
            "tags",
            "type",
            "version",
        ],
        What::Item => &[
            "description",
            "entries",
            "expire_time",
            "meta",
            "name",
            "os_types",
            "tags",
            "type",
        ],
    };
    for key in taken {
        match body.get(*key) {
            Some(value) => _ = stored.insert((*key).into(), value.clone()),
            None if matches!(*key, "os_types" | "tags") => {
                _ = stored.insert((*key).into(), json!([]));
            }
            None if *key == "expire_time" => _ = stored.remove(*key),
            None => {}
        }
    }
    if what == What::Item {
        comments(world, &body, &mut stored)?;
    }
    stored.insert("updated_at".into(), super::world::now());
    let version = world.new_version();
    stored.insert("_version".into(), json!(version));
    if let Some(row) = what.table_mut(world, space, named.namespace).row_mut(&id) {
        row.body = stored.clone();
    }
    Ok(Answer::json(200, &json!(stored)))
}

/// Comments that are there stay; new ones come behind them.
fn comments(world: &mut World, body: &Object, stored: &mut Object) -> Result<(), Answer> {
    let sent = body.get("comments").and_then(Value::as_array);
    let kept = sent
        .into_iter()
        .flatten()
        .filter(|it| it.get("id").is_some())
        .count();
    let new = stored::new_comments(world, body);
    if let Some(Value::Array(all)) = stored.get_mut("comments") {
        if kept < all.len() {
            return Err(siem(
                403,
                "Comments cannot be deleted, only new comments may be added",
            ));
        }
        all.extend(new);
    }
    Ok(())
}

/// `GET /api/exception_lists/_find`.
pub(super) fn find(world: &World, asked: &Asked) -> Result<Answer, Answer> {
    let (page, size) = page(asked)?;
    let mut names = asked.head.params("namespace_type");
    if names.is_empty() {
        names.push("single");
    }
    let mut found = Vec::new();
    for name in names {
        let filter = Filter::of_exceptions(asked.head.param("filter"), name == "agnostic")?;
        found.extend(
            world
                .shelf(&asked.head.space, name)
                .lists
                .rows()
                .filter(|row| filter.lets(&row.body)),
        );
    }
    Ok(answer(&found, page, size))
}

/// `GET /api/exception_lists/items/_find`, of several lists at once, each with a namespace.
pub(super) fn find_items(world: &World, asked: &Asked) -> Result<Answer, Answer> {
    let (page, size) = page(asked)?;
    let lists = asked.head.params("list_id");
    let mut names = asked.head.params("namespace_type");
    if names.is_empty() {
        names.push("single");
    }
    if names.len() != lists.len() {
        let message = format!(
            "list_id and namespace_id need to have the same comma separated number of values. Expected list_id length: {} to equal namespace_type length: {}",
            lists.len(),
            names.len()
        );
        return Err(siem(400, &message));
    }
    let mut found = Vec::new();
    let mut has_list = false;
    for (list_id, name) in lists.iter().zip(&names) {
        let home = world.shelf(&asked.head.space, name);
        let filter = Filter::of_exceptions(asked.head.param("filter"), *name == "agnostic")?;
        if home.lists.first(list_id).is_some() {
            has_list = true;
            found.extend(
                home.items
                    .of_group(list_id)
                    .filter(|row| filter.lets(&row.body)),
            );
        }
    }
    if !has_list {
        return Err(siem(
            404,
            &format!("exception list id: \"{}\" does not exist", lists.join(",")),
        ));
    }
    Ok(answer(&found, page, size))
}

fn answer(found: &[&Row], page: usize, size: usize) -> Answer {
    let data: Vec<&Object> = found
        .iter()
        .skip((page - 1) * size)
        .take(size)
        .map(|row| &row.body)
        .collect();
    Answer::json(
        200,
        &json!({"data": data, "page": page, "per_page": size, "total": found.len()}),
    )
}

/// `POST /api/endpoint_list`: makes the list of endpoint exceptions; nothing where it is there.
pub(super) fn endpoint_list(world: &mut World, made: Made) -> Answer {
    if world
        .shelf("", "agnostic")
        .lists
        .first("endpoint_list")
        .is_some()
    {
        return Answer::json(200, &json!({}));
    }
    let Value::Object(list) = json!({
        "list_id": "endpoint_list", "name": "Endpoint Security Exception List", "description": "Endpoint Security Exception List",
        "type": "endpoint", "namespace_type": "agnostic", "tags": [], "version": 1,
    }) else {
        unreachable!()
    };
    let stored = stored::new_list(world, &list);
    world.add_list("", stored.clone(), made);
    Answer::json(200, &json!(stored))
}
