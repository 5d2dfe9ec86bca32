//! `/api/actions/connector/{id}`: one connector, read and changed.

use serde_json::{Value, json};

use super::connectors;
use super::http::{Answer, Asked, platform};
use super::world::World;

/// Types that refuse to be without secrets, and the secret that each needs.
const NEEDED: [(&str, &str); 3] = [
    (".slack", "webhookUrl"),
    (".pagerduty", "routingKey"),
    (".teams", "webhookUrl"),
];

pub(super) fn answer(
    world: &mut World,
    asked: &Asked,
    method: &str,
    id: &str,
) -> Result<Answer, Answer> {
    let space = asked.head.space.clone();
    match method {
        "GET" => told(world, &space, id),
        "PUT" => update(world, asked, id).and_then(|()| told(world, &space, id)),
        _ => Err(platform(404, "Not Found")),
    }
}

fn told(world: &World, space: &str, id: &str) -> Result<Answer, Answer> {
    let all = connectors::list(world, space);
    let found = all.as_array().unwrap().iter().find(|it| it["id"] == id);
    found
        .map(|it| Answer::json(200, it))
        .ok_or_else(|| absent(id))
}

fn absent(id: &str) -> Answer {
    platform(404, &format!("Saved object [action/{id}] not found"))
}

/// Replaces name, configuration and secrets.
fn update(world: &mut World, asked: &Asked, id: &str) -> Result<(), Answer> {
    if world.preconfigured.contains_key(id) {
        let words = format!("Preconfigured action {id} can not be updated.");
        return Err(platform(400, &words));
    }
    let body: Value = asked.json()?;
    let known = ["name", "config", "secrets"];
    let mut keys = body.as_object().unwrap().keys();
    if let Some(key) = keys.find(|key| !known.contains(&key.as_str())) {
        let words = format!("[request body.{key}]: definition for this key is missing");
        return Err(platform(400, &words));
    }
    let mut space = world.space_mut(&asked.head.space).connectors.iter_mut();
    let (_, stored) = space
        .find(|(own, _)| *own == id)
        .ok_or_else(|| absent(id))?;
    let needed = NEEDED.iter().find(|(ty, _)| *ty == stored.ty);
    if let Some((_, name)) = needed
        && !body["secrets"][name].is_string()
    {
        // So that what is repeated of secrets can be looked for.
        let sent = &body["secrets"];
        let words = format!(
            "error validating connector type secrets: [{name}]: expected value of type [string], found {sent}"
        );
        return Err(platform(400, &words));
    }
    stored.name = body["name"].as_str().unwrap().to_owned();
    stored.config = body.get("config").cloned().unwrap_or_else(|| json!({}));
    stored.secrets = Some(body["secrets"].clone());
    (stored.has_secrets, stored.is_missing_secrets) = (true, false);
    Ok(())
}
