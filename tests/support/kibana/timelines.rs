//! Timelines and their templates: listed, exported and imported as the security solution does it (api.md §6).
//!
//! An import gives each timeline a new id. A template is known by its `templateTimelineId`, and is replaced by one of a higher version;
//! another timeline is known by the id in its line. Ten lines at a time are looked up before any of them is written.

use serde_json::{Value, json};

use super::http::{Answer, Asked, siem};
use super::table::{Object, text};
use super::world::World;

/// The most timelines of one request.
const MOST: usize = 10_000;
/// What is not kept of a line.
const NOT_KEPT: [&str; 6] = [
    "savedObjectId",
    "version",
    "created",
    "createdBy",
    "updated",
    "updatedBy",
];
/// What a line must have.
const NEEDED: [&str; 5] = [
    "savedObjectId",
    "version",
    "pinnedEventIds",
    "eventNotes",
    "globalNotes",
];

/// Puts timelines into a space as they are; what they lack is filled in.
pub(super) fn put(world: &mut World, space: &str, lines: &[u8]) {
    for line in lines.split(|&b| b == b'\n').filter(|it| !it.is_empty()) {
        let mut made = of_line(world, serde_json::from_slice(line).unwrap());
        let line: Object = serde_json::from_slice(line).unwrap();
        for key in NOT_KEPT {
            if let Some(value) = line.get(key) {
                made.insert(key.into(), value.clone());
            }
        }
        world.space_mut(space).timelines.push(made);
    }
}

/// A timeline as it is stored.
fn of_line(world: &mut World, mut line: Object) -> Object {
    for key in NOT_KEPT {
        line.remove(key);
    }
    let is_template = text(&line, "timelineType") == "template";
    let time = world.new_version()[1..].trim_end_matches(",1").to_owned();
    let time: u64 = time.parse().unwrap();
    if line.get("status").is_none_or(Value::is_null) {
        line.insert("status".into(), json!("active"));
    }
    if is_template {
        let id = world.new_id();
        line.entry("templateTimelineId").or_insert(json!(id));
        line.entry("templateTimelineVersion").or_insert(json!(1));
        line.insert("eventNotes".into(), json!([]));
        line.insert("pinnedEventIds".into(), json!([]));
    } else {
        line.insert("templateTimelineId".into(), Value::Null);
        line.insert("templateTimelineVersion".into(), Value::Null);
    }
    line.entry("excludedRowRendererIds").or_insert(json!([]));
    for key in ["globalNotes", "eventNotes", "pinnedEventIds"] {
        line.entry(key).or_insert(json!([]));
    }
    for (key, value) in [
        ("savedObjectId", json!(world.new_id())),
        ("version", json!(world.new_version())),
        ("created", json!(time)),
        ("createdBy", json!("elastic")),
        ("updated", json!(time)),
        ("updatedBy", json!("elastic")),
    ] {
        line.insert(key.into(), value);
    }
    for key in ["globalNotes", "eventNotes"] {
        let timeline = line["savedObjectId"].clone();
        let notes = line.get_mut(key).and_then(Value::as_array_mut);
        for note in notes.into_iter().flatten() {
            note["noteId"] = json!(world.new_id());
            note["version"] = json!(world.new_version());
            note["timelineId"] = timeline.clone();
        }
    }
    line
}

pub(super) fn answer(world: &mut World, asked: &Asked) -> Result<Answer, Answer> {
    match (&*asked.head.method, &*asked.head.path) {
        ("GET", "/api/timelines") => list(world, asked),
        ("POST", "/api/timeline/_export") => export(world, asked),
        ("POST", "/api/timeline/_import") => import(world, asked),
        _ => Err(siem(404, "Not Found")),
    }
}

fn list(world: &World, asked: &Asked) -> Result<Answer, Answer> {
    let head = &asked.head;
    let number = |key: &str| -> Option<usize> { head.param(key)?.parse().ok() };
    let (size, page) = (number("page_size"), number("page_index").unwrap_or(1));
    let all = &world.space(&head.space).timelines;
    let size = size.unwrap_or(all.len().max(1));
    if size * page > MOST {
        return Err(siem(
            500,
            "Result window is too large, from + size must be less than or equal to: [10000]",
        ));
    }
    let (ty, status) = (head.param("timeline_type"), head.param("status"));
    let mut found: Vec<&Object> = all
        .iter()
        .filter(|it| {
            ty.is_none_or(|ty| (text(it, "timelineType") == "template") == (ty == "template"))
        })
        .filter(|it| (text(it, "status") == "draft") == (status == Some("draft")))
        .filter(|it| {
            status
                .is_none_or(|status| (text(it, "status") == "immutable") == (status == "immutable"))
        })
        .collect();
    if head.param("sort_field") == Some("created") {
        found.sort_by_key(|it| it["created"].as_u64());
        if head.param("sort_order") == Some("desc") {
            found.reverse();
        }
    }
    let total = found.len();
    let told: Vec<&Object> = found
        .into_iter()
        .skip(size * (page - 1))
        .take(size)
        .collect();
    Ok(Answer::json(
        200,
        &json!({"timeline": told, "totalCount": total}),
    ))
}

fn export(world: &World, asked: &Asked) -> Result<Answer, Answer> {
    let all = &world.space(&asked.head.space).timelines;
    if asked.head.param("file_name").is_none() {
        return Err(siem(400, "[request query]: file_name: Required"));
    }
    let body: Value = asked.json()?;
    let ids: Vec<&str> = match body["ids"].as_array() {
        Some(ids) => ids.iter().filter_map(Value::as_str).collect(),
        None => all.iter().map(|it| text(it, "savedObjectId")).collect(),
    };
    if ids.len() > MOST {
        return Err(siem(
            400,
            &format!("Can't export more than {MOST} timelines"),
        ));
    }
    let (mut lines, mut lost) = (String::new(), String::new());
    for id in ids {
        if let Some(found) = all.iter().find(|it| text(it, "savedObjectId") == id) {
            let mut line = found.clone();
            line.remove("status");
            line.remove("excludedRowRendererIds");
            lines += &format!("{}\n", json!(line));
        } else {
            let words = format!("Saved object [siem-ui-timeline/{id}] not found");
            lost += &format!(
                "{}\n",
                json!({"statusCode": 404, "error": "Not Found", "message": words})
            );
        }
    }
    Ok(Answer::file(
        (lines + &lost).into_bytes(),
        "timelines.ndjson",
    ))
}

fn error(id: &str, status: u16, words: &str) -> Value {
    json!({"id": id, "error": {"status_code": status, "message": words}})
}

/// The lines of a file, each as it is understood; of those with one id the last.
fn unique(file: &[u8], errors: &mut Vec<Value>) -> Vec<Result<Object, String>> {
    let mut unique: Vec<Result<Object, String>> = Vec::new();
    for line in file
        .split(|&b| b == b'\n')
        .filter(|it| !it.trim_ascii().is_empty())
    {
        let line: Object = match serde_json::from_slice(line) {
            Ok(line) => line,
            Err(problem) => {
                unique.push(Err(problem.to_string()));
                continue;
            }
        };
        if let Some(lacking) = NEEDED.iter().find(|key| !line.contains_key(**key)) {
            unique.push(Err(format!("{lacking}: Required")));
            continue;
        }
        let id = text(&line, "savedObjectId").to_owned();
        let is_same = |other: &&mut Result<Object, String>| {
            let other = other.as_ref();
            !id.is_empty() && other.is_ok_and(|other| text(other, "savedObjectId") == id)
        };
        match unique.iter_mut().find(is_same) {
            Some(other) => {
                let words = format!("More than one timeline with savedObjectId: \"{id}\" found");
                errors.push(error(&id, 400, &words));
                *other = Ok(line);
            }
            None => unique.push(Ok(line)),
        }
    }
    unique
}

fn import(world: &mut World, asked: &Asked) -> Result<Answer, Answer> {
    let name = asked.head.space.clone();
    let mut errors: Vec<Value> = Vec::new();
    let unique = unique(asked.file()?, &mut errors);
    if unique.len() > MOST {
        return Err(siem(500, &format!("Can't import more than {MOST} rules")));
    }
    let (mut made, mut replaced) = (0, 0);
    for chunk in unique.chunks(10) {
        let before = world.space(&name).timelines.clone();
        for line in chunk {
            let line = match line {
                Ok(line) => line.clone(),
                Err(words) => {
                    errors.push(error("(unknown id)", 400, words));
                    continue;
                }
            };
            let (id, template) = (
                text(&line, "savedObjectId"),
                text(&line, "templateTimelineId"),
            );
            let is_template = text(&line, "timelineType") == "template";
            let key = if is_template {
                "templateTimelineId"
            } else {
                "savedObjectId"
            };
            let wanted = if is_template { template } else { id };
            let there = before
                .iter()
                .find(|it| !wanted.is_empty() && text(it, key) == wanted);
            if text(&line, "title").is_empty() {
                errors.push(error(id, 409, "The title field cannot be empty."));
                continue;
            }
            let Some(there) = there else {
                let timeline = of_line(world, line);
                world.space_mut(&name).timelines.push(timeline);
                made += 1;
                continue;
            };
            let version = |it: &Object| it["templateTimelineVersion"].as_u64();
            let found = text(there, "savedObjectId").to_owned();
            if !is_template {
                errors.push(error(
                    id,
                    409,
                    &format!("savedObjectId: \"{found}\" already exists"),
                ));
            } else if text(there, "status") == "immutable" {
                errors.push(error(
                    id,
                    409,
                    "You are not allowed to set the status field.",
                ));
            } else if version(&line) <= version(there) {
                let words = "To update existing Timeline templates, you must increment the templateTimelineVersion value.";
                errors.push(error(id, 409, words));
            } else {
                let mut timeline = of_line(world, line);
                timeline.insert("savedObjectId".into(), json!(found));
                let all = &mut world.space_mut(&name).timelines;
                let place = all.iter_mut().find(|it| text(it, "savedObjectId") == found);
                *place.unwrap() = timeline;
                replaced += 1;
            }
        }
    }
    Ok(Answer::json(
        200,
        &json!({
            "success": errors.is_empty(), "success_count": made + replaced,
            "timelines_installed": made, "timelines_updated": replaced, "errors": errors,
        }),
    ))
}
