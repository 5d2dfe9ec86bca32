//! Which request is for whom? Checks that all routes share, then one line a route.

use std::thread;

use serde_json::{Value, json};

use super::http::{Answer, Asked, platform};
use super::lists::{self, What};
use super::table::Made;
use super::{
    API_KEY, Inner, bulk, connector, connectors, data_views, export, import, rules, timelines,
    values,
};

/// The answer to a request.
pub(super) fn answer(inner: &Inner, asked: &Asked, made: Made) -> Answer {
    refused(inner, asked).unwrap_or_else(|| route(inner, asked, made).unwrap_or_else(|error| error))
}

fn refused(inner: &Inner, asked: &Asked) -> Option<Answer> {
    let head = &asked.head;
    if head.header("authorization") != Some(&format!("ApiKey {API_KEY}")) {
        return Some(platform(
            401,
            "[security_exception]: unable to authenticate with provided credentials",
        ));
    }
    if head.method != "GET" && head.header("kbn-xsrf").is_none() {
        return Some(platform(400, "Request must contain a kbn-xsrf header."));
    }
    if head.path.ends_with("/_import")
        && let Some(answer) = import::too_large(inner, asked.body.len())
    {
        return Some(answer);
    }
    let is_known = inner.world().spaces.contains_key(&head.space);
    (!is_known).then(|| platform(404, "Not Found"))
}

fn route(inner: &Inner, asked: &Asked, made: Made) -> Result<Answer, Answer> {
    const RULES: &str = "/api/detection_engine/rules";
    const LISTS: &str = "/api/exception_lists";
    const ITEMS: &str = "/api/exception_lists/items";
    let head = &asked.head;
    let world = || inner.world();
    match (&*head.method, &*head.path) {
        ("GET", "/api/status") => Ok(status(inner)),
        ("GET", "/api/spaces/space") => Ok(spaces(inner)),
        ("GET", "/api/detection_engine/privileges") => Ok(Answer::json(
            200,
            &json!({
                "username": "elastic", "has_all_requested": true, "is_authenticated": true, "has_encryption_key": true,
                "cluster": {}, "index": {}, "application": {},
            }),
        )),
        ("GET", "/api/detection_engine/rules/_find") => rules::find(&world(), asked),
        ("GET", RULES) => rules::read(&world(), asked),
        ("POST", RULES) => rules::create(inner, asked, made),
        ("PATCH" | "PUT", RULES) => rules::update(inner, asked, made),
        ("DELETE", RULES) => rules::delete(&mut world(), asked),
        ("POST", "/api/detection_engine/rules/_import") => {
            slowly(inner, import::rules(inner, asked, made))
        }
        ("POST", "/api/detection_engine/rules/_export") => export::rules(&world(), asked),
        ("POST", "/api/detection_engine/rules/_bulk_action") => bulk::action(inner, asked, made),
        ("POST", "/api/exception_lists/_import") => {
            slowly(inner, import::lists(inner, asked, made))
        }
        ("POST", "/api/exception_lists/_export") => export::list(&world(), asked),
        ("GET", "/api/exception_lists/_find") => lists::find(&world(), asked),
        ("GET", "/api/exception_lists/items/_find") => lists::find_items(&world(), asked),
        ("POST", "/api/endpoint_list") => Ok(lists::endpoint_list(&mut world(), made)),
        (method, LISTS) => records(inner, asked, method, What::List, made),
        (method, ITEMS) => records(inner, asked, method, What::Item, made),
        (method, path) if path.starts_with("/api/endpoint_list/items") => {
            let mut asked = asked.clone();
            let name = ("list_id".to_owned(), "endpoint_list".to_owned());
            asked
                .head
                .query
                .extend([name, ("namespace_type".into(), "agnostic".into())]);
            if path.ends_with("/_find") {
                return lists::find_items(&world(), &asked);
            }
            if method != "GET" && method != "DELETE" {
                let mut body = rules::object(&asked)?;
                body.insert("list_id".into(), json!("endpoint_list"));
                body.insert("namespace_type".into(), json!("agnostic"));
                asked.body = json!(body).to_string().into_bytes();
            }
            records(inner, &asked, method, What::Item, made)
        }
        ("GET", "/api/actions/connectors") if !inner.settings.may_use_connectors => {
            Err(platform(403, "Unauthorized to get actions"))
        }
        ("GET", "/api/actions/connectors") => {
            Ok(Answer::json(200, &connectors::list(&world(), &head.space)))
        }
        (method, path) if path.starts_with("/api/actions/connector/") => {
            let id = path.trim_start_matches("/api/actions/connector/");
            connector::answer(&mut world(), asked, method, id)
        }
        (method, path) if path == "/api/data_views" || path.starts_with("/api/data_views/") => {
            data_views::answer(&mut world(), asked, method, path)
        }
        (method, path) if path == "/api/lists" || path.starts_with("/api/lists/") => {
            values::answer(&mut world(), asked, method, path)
        }
        (_, path) if path.starts_with("/api/timeline") => timelines::answer(&mut world(), asked),
        ("POST", "/api/saved_objects/_export") => export::saved_objects(&world(), asked),
        _ => Err(platform(404, "Not Found")),
    }
}

fn records(
    inner: &Inner,
    asked: &Asked,
    method: &str,
    what: What,
    made: Made,
) -> Result<Answer, Answer> {
    match method {
        "GET" => lists::read(&inner.world(), asked, what),
        "POST" => lists::create(inner, asked, what, made),
        "PUT" => lists::update(&mut inner.world(), asked, what),
        "DELETE" => lists::delete(&mut inner.world(), asked, what, made.request),
        _ => Err(platform(404, "Not Found")),
    }
}

/// The answer of an import, after the time that one takes at least.
fn slowly(inner: &Inner, answer: Result<Answer, Answer>) -> Result<Answer, Answer> {
    thread::sleep(inner.settings.part_delay);
    answer
}

fn status(inner: &Inner) -> Answer {
    let version = inner.settings.version;
    Answer::json(
        200,
        &json!({
            "name": "kibana", "uuid": "00000000-0000-4000-8000-000000000000",
            "version": {"number": format!("{}.{}.0", version.0, version.1), "build_hash": "", "build_number": 1,
                "build_snapshot": false, "build_flavor": "traditional"},
            "status": {"overall": {"level": "available", "summary": "All services and plugins are available"}},
        }),
    )
}

fn spaces(inner: &Inner) -> Answer {
    let world = inner.world();
    let spaces: Vec<Value> = world
        .spaces
        .keys()
        .map(|id| json!({"id": id, "name": id, "disabledFeatures": []}))
        .collect();
    Answer::json(200, &json!(spaces))
}
