//! Data views: listed, read and made. An id is taken in all spaces at once, since the objects can be shared.

use serde_json::{Value, json};

use super::http::{Answer, Asked, platform};
use super::world::World;

const VIEW: &str = "/api/data_views/data_view";
/// What a view may be told.
const KNOWN: [&str; 15] = [
    "title",
    "version",
    "id",
    "type",
    "timeFieldName",
    "sourceFilters",
    "fields",
    "typeMeta",
    "fieldFormats",
    "fieldAttrs",
    "allowNoIndex",
    "runtimeFieldMap",
    "name",
    "namespaces",
    "allowHidden",
];

pub(super) fn put(world: &mut World, space: &str, view: &Value) {
    let id = view["id"].as_str().unwrap().to_owned();
    let mut view = view.clone();
    view["version"] = "WzEsMV0=".into();
    view["namespaces"] = json!([space]);
    world.space_mut(space).data_views.insert(id, view);
}

pub(super) fn answer(
    world: &mut World,
    asked: &Asked,
    method: &str,
    path: &str,
) -> Result<Answer, Answer> {
    let space = &asked.head.space;
    match (method, path) {
        ("GET", "/api/data_views") => {
            let views: Vec<Value> = world
                .space(space)
                .data_views
                .values()
                .map(|it| json!({"id": it["id"], "title": it["title"], "namespaces": it["namespaces"]}))
                .collect();
            Ok(Answer::json(200, &json!({"data_view": views})))
        }
        ("POST", VIEW) => {
            let body: Value = asked.json()?;
            let refuse = |message: &str| Err(platform(400, message));
            assert!(
                body.get("override").is_none(),
                "override deletes another view"
            );
            let Some(told) = body["data_view"].as_object() else {
                return refuse("[request body.data_view]: expected a plain object value");
            };
            if let Some(key) = told.keys().find(|key| !KNOWN.contains(&key.as_str())) {
                return refuse(&format!(
                    "[request body.data_view.{key}]: definition for this key is missing"
                ));
            }
            let name = |view: &Value| view.get("name").or(view.get("title")).cloned();
            let view = &body["data_view"];
            let views = &world.space(space).data_views;
            if views.values().any(|it| name(it) == name(view)) {
                let name = name(view).unwrap();
                return refuse(&format!("Duplicate data view: {}", name.as_str().unwrap()));
            }
            let id = view["id"].as_str().unwrap();
            if world
                .spaces
                .values()
                .any(|it| it.data_views.contains_key(id))
            {
                return refuse(&format!("Saved object [index-pattern/{id}] conflict"));
            }
            put(world, space, view);
            Ok(Answer::json(200, &json!({"data_view": view})))
        }
        ("GET", path) => {
            let id = path.strip_prefix(VIEW).and_then(|it| it.strip_prefix('/'));
            let id = id.unwrap_or_default().replace("%2A", "*");
            let found = world.space(space).data_views.get(&id);
            found
                .map(|view| Answer::json(200, &json!({"data_view": view})))
                .ok_or_else(|| {
                    platform(404, &format!("Could not locate that data view (id: {id})"))
                })
        }
        _ => Err(platform(404, "Not Found")),
    }
}
