//! Value lists: made by themselves, their values lines of text (import-export.md §5.7).

use serde_json::{Value, json};

use super::http::{Answer, Asked, siem};
use super::world::{Space, World};

/// The most bytes of an upload.
const MOST: usize = 9_000_000;

pub(super) fn put(world: &mut World, space: &str, id: &str, values: &[&str]) {
    let space = world.spaces.get_mut(space).unwrap();
    let list = json!({"id": id, "name": id, "description": id, "type": "ip"});
    let values = values.iter().map(ToString::to_string).collect();
    space.has_value_index = true;
    space.value_lists.insert(id.into(), (list, values));
}

/// A page of lists; a cursor must be the one of the page before.
fn found(asked: &Asked, space: &Space) -> Answer {
    let number = |key: &str, usual: usize| -> usize {
        let given = asked.head.param(key).and_then(|it| it.parse().ok());
        given.unwrap_or(usual)
    };
    let (page, size) = (number("page", 1), number("per_page", 20));
    if asked
        .head
        .param("cursor")
        .is_some_and(|it| it != format!("c{}", page - 1))
    {
        return siem(400, "Error decoding cursor structure");
    }
    let lists = space.value_lists.values().map(|(list, _)| list);
    let data: Vec<&Value> = lists.skip(size * (page - 1)).take(size).collect();
    Answer::json(
        200,
        &json!({"data": data, "page": page, "per_page": size, "total": space.value_lists.len(), "cursor": format!("c{page}")}),
    )
}

pub(super) fn answer(
    world: &mut World,
    asked: &Asked,
    method: &str,
    path: &str,
) -> Result<Answer, Answer> {
    let name = &asked.head.space;
    let space = world.spaces.get_mut(name).unwrap();
    let id = asked.head.param("id").or(asked.head.param("list_id"));
    let unknown = |status| {
        siem(
            status,
            &format!("list id: \"{}\" does not exist", id.unwrap_or("")),
        )
    };
    match (method, path) {
        ("GET", "/api/lists/index") if space.has_value_index => Ok(Answer::json(
            200,
            &json!({"list_index": true, "list_item_index": true}),
        )),
        ("GET", "/api/lists/index") => Err(siem(404, "data stream does not exist")),
        ("POST", "/api/lists/index") => {
            space.has_value_index = true;
            Ok(Answer::json(200, &json!({"acknowledged": true})))
        }
        ("GET", "/api/lists") => {
            let found = space.value_lists.get(id.unwrap_or_default());
            found
                .map(|(list, _)| Answer::json(200, list))
                .ok_or_else(|| unknown(404))
        }
        ("GET", "/api/lists/_find") => Ok(found(asked, space)),
        ("GET", "/api/lists/items/_find") => {
            let found = space.value_lists.get(id.unwrap_or_default());
            let (_, values) = found.ok_or_else(|| unknown(404))?;
            Ok(Answer::json(
                200,
                &json!({"data": [], "page": 1, "per_page": 1, "total": values.len(), "cursor": "WzBd"}),
            ))
        }
        ("GET", "/api/lists/privileges") => {
            let rights = |index: &str| {
                let index = format!("{index}-{name}");
                json!({"username": "elastic", "has_all_requested": true, "index": {index: {"all": true, "read": true}}})
            };
            Ok(Answer::json(
                200,
                &json!({"lists": rights(".lists"), "listItems": rights(".items"), "is_authenticated": true}),
            ))
        }
        ("POST", "/api/lists") => {
            if !space.has_value_index {
                let words = "To create a list, the data stream must exist first.";
                return Err(siem(400, words));
            }
            let list: Value = asked.json()?;
            let id = list["id"].as_str().unwrap().to_owned();
            if space.value_lists.contains_key(&id) {
                return Err(siem(409, &format!("list id: \"{id}\" already exists")));
            }
            space.value_lists.insert(id, (list.clone(), Vec::new()));
            Ok(Answer::json(200, &list))
        }
        ("POST", "/api/lists/items/_export") => {
            let found = space.value_lists.get(id.unwrap_or_default());
            let (_, values) = found.ok_or_else(|| unknown(400))?;
            let text: String = values.iter().flat_map(|it| [it.as_str(), "\n"]).collect();
            Ok(Answer::file(text.into_bytes(), "values"))
        }
        ("POST", "/api/lists/items/_import") => {
            if asked.body.len() > MOST {
                return Err(siem(413, "Request Entity Too Large"));
            }
            let text = String::from_utf8(asked.file()?.to_vec()).unwrap();
            let found = space.value_lists.get_mut(id.unwrap_or_default());
            let (list, values) = found.ok_or_else(|| unknown(409))?;
            // Nothing keeps a value from being stored twice.
            let lines = text.lines().filter(|line| !line.trim().is_empty());
            values.extend(lines.map(ToOwned::to_owned));
            Ok(Answer::json(200, list))
        }
        _ => Err(siem(404, "Not Found")),
    }
}
