//! Rules one by one, and the finding of many.

use std::thread;

use serde_json::{Value, json};

use super::Inner;
use super::filter::Filter;
use super::http::{Answer, Asked, platform, siem};
use super::rule::{self, Secrets, Writing};
use super::schema;
use super::table::{Made, Object, Row, text};
use super::world::World;

/// The most objects that a search sees, however it is paged.
const WINDOW: usize = 10_000;

/// Which page is asked for: its number from 1, and its size.
pub(super) fn page(asked: &Asked) -> Result<(usize, usize), Answer> {
    let number = |key: &str, usual: usize| asked.head.param(key).map_or(Ok(usual), str::parse);
    let (Ok(page), Ok(size)) = (number("page", 1), number("per_page", 20)) else {
        return Err(platform(
            400,
            "[request query]: page: Expected number, received nan",
        ));
    };
    if page.max(1) * size > WINDOW {
        let message = format!(
            "Result window is too large, from + size must be less than or equal to: [10000] but was [{}]",
            page * size
        );
        return Err(siem(400, &message));
    }
    Ok((page.max(1), size))
}

/// `GET /api/detection_engine/rules/_find`.
pub(super) fn find(world: &World, asked: &Asked) -> Result<Answer, Answer> {
    let (page, size) = page(asked)?;
    let filter = asked.head.param("filter");
    if filter.is_some_and(|it| it.trim().is_empty()) {
        return Err(siem(
            400,
            "KQLSyntaxError: Expected \"(\", NOT, field name, value but end of input found.: Bad Request",
        ));
    }
    let filter = Filter::of_rules(filter)?;
    let found = super::export::chosen(world, &asked.head.space, &filter);
    let data: Vec<&Object> = found
        .iter()
        .skip((page - 1) * size)
        .take(size)
        .map(|row| &row.body)
        .collect();
    Ok(Answer::json(
        200,
        &json!({"page": page, "perPage": size, "total": found.len(), "data": data}),
    ))
}

/// The rule that a request names by `id` or `rule_id`.
fn named<'w>(
    world: &'w World,
    space: &str,
    id: Option<&str>,
    rule_id: Option<&str>,
) -> Result<&'w Row, Answer> {
    let rules = &world.space(space).rules;
    match (id, rule_id) {
        (Some(id), None) => rules
            .row(id)
            .ok_or_else(|| siem(404, &format!("id: \"{id}\" not found"))),
        (None, Some(id)) => rules
            .first(id)
            .ok_or_else(|| siem(404, &format!("rule_id: \"{id}\" not found"))),
        _ => Err(siem(400, "either \"id\" or \"rule_id\" must be set")),
    }
}

/// `GET /api/detection_engine/rules`.
pub(super) fn read(world: &World, asked: &Asked) -> Result<Answer, Answer> {
    let head = &asked.head;
    let row = named(world, &head.space, head.param("id"), head.param("rule_id"))?;
    Ok(Answer::json(200, &json!(row.body)))
}

/// `DELETE /api/detection_engine/rules`.
pub(super) fn delete(world: &mut World, asked: &Asked) -> Result<Answer, Answer> {
    let head = &asked.head;
    let row = named(world, &head.space, head.param("id"), head.param("rule_id"))?;
    let id = row.text("id").to_owned();
    let row = world.space_mut(&head.space).rules.remove(&id);
    Ok(Answer::json(200, &json!(row.map(|row| row.body))))
}

/// `POST /api/detection_engine/rules`.
pub(super) fn create(inner: &Inner, asked: &Asked, made: Made) -> Result<Answer, Answer> {
    let space = &*asked.head.space;
    let mut body = object(asked)?;
    if !body.contains_key("rule_id") {
        let id = inner.world().new_id();
        body.insert("rule_id".into(), json!(id));
    }
    let rule_id = text(&body, "rule_id").to_owned();
    if let Some(message) = schema::refusal(&json!(body), inner.settings.version) {
        return Err(platform(400, &format!("[request body]: {message}")));
    }
    if inner.world().space(space).rules.first(&rule_id).is_some() {
        return Err(siem(409, &format!("rule_id: \"{rule_id}\" already exists")));
    }
    thread::sleep(inner.settings.race);
    let how = writing(space, made, false);
    let mut world = inner.world();
    let id = rule::create(&mut world, &body, &how).map_err(|message| siem(400, &message))?;
    Ok(Answer::json(
        200,
        &json!(world.space(space).rules.row(&id).map(|row| &row.body)),
    ))
}

fn writing(space: &str, made: Made, is_prebuilt: bool) -> Writing<'_> {
    Writing {
        space,
        made,
        is_import: false,
        is_prebuilt,
        secrets: Secrets::Needed,
    }
}

/// `PATCH` and `PUT /api/detection_engine/rules`.
pub(super) fn update(inner: &Inner, asked: &Asked, made: Made) -> Result<Answer, Answer> {
    let space = &*asked.head.space;
    let body = object(asked)?;
    let mut world = inner.world();
    let name = |key: &str| body.get(key).and_then(Value::as_str);
    let row = named(&world, space, name("id"), name("rule_id"))?;
    let before = row.body.clone();
    let line = if asked.head.method == "PATCH" {
        // What is absent stays.
        let mut line = before.clone();
        line.extend(
            body.iter()
                .filter(|(_, value)| !value.is_null())
                .map(|(key, value)| (key.clone(), value.clone())),
        );
        line
    } else {
        let mut line = body.clone();
        line.insert("rule_id".into(), before["rule_id"].clone());
        line
    };
    let mut checked = line.clone();
    checked.remove("rule_source");
    if let Some(message) = schema::refusal(&json!(checked), inner.settings.version) {
        return Err(platform(400, &format!("[request body]: {message}")));
    }
    let how = writing(space, made, before.get("immutable") == Some(&json!(true)));
    rule::replace(&mut world, &before, &line, &how).map_err(|message| siem(400, &message))?;
    Ok(Answer::json(
        200,
        &json!(
            world
                .space(space)
                .rules
                .row(text(&before, "id"))
                .map(|row| &row.body)
        ),
    ))
}

/// The body as an object.
pub(super) fn object(asked: &Asked) -> Result<Object, Answer> {
    match asked.json()? {
        Value::Object(object) => Ok(object),
        _ => Err(platform(
            400,
            "[request body]: Expected object, received null",
        )),
    }
}
