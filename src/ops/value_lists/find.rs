//! Which value lists does a space have, and may these credentials see them?

use std::collections::{BTreeMap, HashSet};

use serde::Deserialize;
use serde_json::Value;

use super::Settings;
use crate::error::Result;
use crate::kibana::{Client, Method, Request, Space};
use crate::ops::export::read;

/// How many lists a page has.
const PAGE: usize = 100;

/// The settings of all value lists of a space.
pub fn all(client: &Client, space: &Space) -> Result<Vec<Settings>> {
    #[derive(Deserialize)]
    struct Page {
        data: Vec<Value>,
        total: usize,
        #[serde(default)]
        cursor: Option<Box<str>>,
    }
    let mut found = Vec::new();
    let mut seen = HashSet::new();
    let (mut number, mut cursor) = (1, None);
    loop {
        // A cursor leads on from where the page before ended, beyond the 10 000 that page numbers reach.
        let mut request = Request::new(Method::Get, "/api/lists/_find")
            .in_space(space)
            .with("page", number.to_string())
            .with("per_page", PAGE.to_string());
        if let Some(cursor) = cursor.take() {
            request = request.with("cursor", cursor);
        }
        let page: Page = read(client, &request)?;
        let is_last = page.data.len() < PAGE || number * PAGE >= page.total;
        let settings = page.data.into_iter().map(Settings);
        found.extend(settings.filter(|it| seen.insert(it.id().to_owned())));
        if is_last {
            return Ok(found);
        }
        (number, cursor) = (number + 1, page.cursor);
    }
}

/// How many values a list has, those that it has twice counted twice.
pub fn count(client: &Client, space: &Space, id: &str) -> Result<u64> {
    #[derive(Deserialize)]
    struct Page {
        total: u64,
    }
    let request = Request::new(Method::Get, "/api/lists/items/_find")
        .in_space(space)
        .with("list_id", id)
        .with("per_page", "1");
    let page: Page = read(client, &request)?;
    Ok(page.total)
}

/// An index of value lists that the credentials may not read: the server then says that there are no lists.
pub fn hidden(client: &Client, space: &Space) -> Result<Option<Box<str>>> {
    #[derive(Deserialize)]
    struct Rights {
        #[serde(default)]
        index: BTreeMap<Box<str>, BTreeMap<Box<str>, bool>>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Answer {
        lists: Rights,
        list_items: Rights,
    }
    let request = Request::new(Method::Get, "/api/lists/privileges").in_space(space);
    let answer: Answer = read(client, &request)?;
    let mut indices = answer
        .lists
        .index
        .into_iter()
        .chain(answer.list_items.index);
    let is_hidden = |rights: &BTreeMap<Box<str>, bool>| {
        ["read", "all"]
            .iter()
            .all(|it| rights.get(*it) != Some(&true))
    };
    Ok(indices.find_map(|(index, rights)| is_hidden(&rights).then_some(index)))
}
