//! How do timelines get out of a space? Those that its users own, templates or all, each as the line that Kibana exports.
//!
//! - Rules refer to a template by its `templateTimelineId`, which an import keeps. The id of the saved object, which is all that other
//!   timelines have, is a new one after each import; those are known again by what they say.
//! - An export tells neither who may change a timeline nor which event renderers it leaves out; only the list tells Elastic's own
//!   templates apart. Drafts are in no list.
//! - Timelines are no records of a bundle, and no other import takes them.

mod import;
mod mark;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, Write};

use serde::Deserialize;
use serde_json::json;

pub use import::{Told, import, named, survey};
pub use mark::{Differences, compare};

use super::export::{again, read};
use crate::error::{Error, ErrorKind, Result};
use crate::kibana::{Client, Method, Request, Space};

/// How many timelines a page of the list has. Each comes whole, with its notes.
const PAGE: usize = 100;
/// The last page that Elasticsearch can be asked for: it sees 10 000 objects.
const LAST: usize = 10_000 / PAGE;
/// How many are exported at a time; Kibana takes 10 000 ids, and looks for the notes of all of them at once.
const AT_ONCE: usize = 200;
/// How often a list is read that others change meanwhile.
const PASSES: u32 = 3;

/// Which timelines are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// Those that rules may refer to.
    Templates,
    /// Templates, and what analysts saved of their investigations.
    All,
}

/// A timeline of a space.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Timeline {
    /// The id of the saved object.
    #[serde(rename = "savedObjectId")]
    pub id: Box<str>,
    /// What rules call it, if it is a template.
    #[serde(rename = "templateTimelineId", default)]
    pub template: Option<Box<str>>,
    #[serde(default)]
    title: Option<Box<str>>,
    #[serde(rename = "timelineType", default)]
    ty: Option<Box<str>>,
    #[serde(default)]
    status: Option<Box<str>>,
}

impl Timeline {
    /// Its title; of a template it is what rules show.
    pub fn title(&self) -> &str {
        self.title.as_deref().unwrap_or_default()
    }

    /// Whether it is a template.
    pub fn is_template(&self) -> bool {
        self.ty.as_deref() == Some("template")
    }

    /// Whether it is Elastic's own, which Kibana installs and nobody changes.
    pub fn is_prebuilt(&self) -> bool {
        self.status.as_deref() == Some("immutable")
    }
}

/// The timelines of a space, Elastic's own too, the oldest first. Fails where there are more than Kibana lists.
pub fn list(client: &Client, space: &Space, which: Which) -> Result<Vec<Timeline>> {
    let (found, total) = listed(client, space, which)?;
    if found.len() < total && total > 2 * LAST * PAGE {
        let count = found.len();
        let message =
            format!("space `{space}` has {total} timelines, of which Kibana lists {count}");
        return Err(Error::out_of_reach(message));
    }
    Ok(found)
}

/// The timelines of a space that Kibana lists, and how many there are: it lists 10 000 from either end.
pub fn listed(client: &Client, space: &Space, which: Which) -> Result<(Vec<Timeline>, usize)> {
    let mut found: BTreeMap<Box<str>, (usize, Timeline)> = BTreeMap::new();
    let mut total = 0;
    for pass in 0..PASSES {
        // What is made or deleted meanwhile moves the pages: seen is what any pass saw.
        let mut seen = 0;
        for order in ["asc", "desc"] {
            let told = ends(client, space, which, order, &mut |timeline| {
                let next = found.len();
                let place = found.get(&timeline.id).map_or(next, |(place, _)| *place);
                found.insert(timeline.id.clone(), (place, timeline));
                seen += 1;
            })?;
            total = told;
            if seen >= total {
                break;
            }
        }
        if found.len() >= total || pass + 1 == PASSES {
            break;
        }
    }
    let mut all: Vec<(usize, Timeline)> = found.into_values().collect();
    all.sort_by_key(|(place, _)| *place);
    let all = all.into_iter().map(|(_, timeline)| timeline);
    Ok((all.collect(), total))
}

/// Reads the list from one end as far as it can be read; tells how many there are.
fn ends(
    client: &Client,
    space: &Space,
    which: Which,
    order: &str,
    take: &mut dyn FnMut(Timeline),
) -> Result<usize> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Page {
        timeline: Vec<Timeline>,
        total_count: usize,
    }
    let mut number = 1;
    loop {
        let mut request = Request::new(Method::Get, "/api/timelines")
            .in_space(space)
            .with("page_size", PAGE.to_string())
            .with("page_index", number.to_string())
            .with("sort_field", "created")
            .with("sort_order", order);
        if which == Which::Templates {
            request = request.with("timeline_type", "template");
        }
        let page: Page = read(client, &request)?;
        let is_last = page.timeline.len() < PAGE || number * PAGE >= page.total_count;
        page.timeline.into_iter().for_each(&mut *take);
        if is_last || number == LAST {
            return Ok(page.total_count);
        }
        number += 1;
    }
}

/// Writes timelines of these saved-object ids, one a line; tells how many. One that is gone meanwhile is left out.
pub fn export(client: &Client, space: &Space, ids: &[&str], out: &mut dyn Write) -> Result<u64> {
    let mut count = 0;
    each(client, space, ids, &mut |line| {
        count += 1;
        out.write_all(line)
            .and_then(|()| out.write_all(b"\n"))
            .map_err(|source| Error::io("writing timelines", source))
    })?;
    Ok(count)
}

/// Writes of these lines those of templates with one of these ids.
pub fn choose(
    timelines: impl BufRead,
    templates: &BTreeSet<Box<str>>,
    out: &mut Vec<u8>,
) -> Result<()> {
    lines(timelines, &mut |line| {
        let template = mark::Mark::of(line)?.template;
        if template.is_some_and(|id| templates.contains(&id)) {
            out.extend_from_slice(line);
            out.push(b'\n');
        }
        Ok(())
    })
}

/// Hands the line of each timeline to `take`.
fn each(
    client: &Client,
    space: &Space,
    ids: &[&str],
    take: &mut dyn FnMut(&[u8]) -> Result<()>,
) -> Result<()> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Line {
        saved_object_id: Option<Box<str>>,
        status_code: Option<u16>,
        message: Option<Box<str>>,
    }
    for ids in ids.chunks(AT_ONCE) {
        let request = Request::new(Method::Post, "/api/timeline/_export")
            .in_space(space)
            .with("file_name", "timelines.ndjson")
            .json(json!({ "ids": ids }).to_string())
            .replayed();
        // The answer is read whole before any of it is handed on, so that it can be asked for again.
        let text = again(client, || {
            let mut reply = client.send(&request)?;
            let text = reply.text();
            let text = text.map_err(|error| strange(&request, &error.to_string()))?;
            let lines = || text.lines().filter(|line| !line.trim().is_empty());
            for line in lines() {
                let told: Line = serde_json::from_str(line)
                    .map_err(|error| strange(&request, &format!("expected timelines: {error}")))?;
                let is_gone = told.status_code == Some(404);
                if told.saved_object_id.is_none() && !is_gone {
                    let message = told.message.unwrap_or_default();
                    return Err(strange(
                        &request,
                        &format!("one is not exported: {message}"),
                    ));
                }
            }
            match lines().count() {
                found if found == ids.len() => Ok(text),
                found => {
                    let expected = ids.len();
                    let problem = format!("expected {expected} timelines, found {found}");
                    Err(strange(&request, &problem))
                }
            }
        })?;
        for line in text.lines().filter(|line| line.contains("savedObjectId")) {
            take(line.trim_end().as_bytes())?;
        }
    }
    Ok(())
}

fn strange(request: &Request, problem: &str) -> Error {
    ErrorKind::Answer {
        method: request.method().as_str(),
        path: request.full_path().into(),
        problem: problem.into(),
    }
    .into()
}

/// Hands each line that is not blank to `take`, without its end.
fn lines(mut reader: impl BufRead, take: &mut dyn FnMut(&[u8]) -> Result<()>) -> Result<()> {
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = reader
            .read_until(b'\n', &mut line)
            .map_err(|source| Error::io("reading timelines", source))?;
        if read == 0 {
            return Ok(());
        }
        let text = line.trim_ascii_end();
        if !text.is_empty() {
            take(text)?;
        }
    }
}
