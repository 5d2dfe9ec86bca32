//! Reads what a space holds, object by object, as its `_find` routes answer.
//!
//! An answer is read as it comes, so memory holds one object, not a page. Rules come in one request, which sees one state of the
//! space; where there are more than a request may ask for, in slices that do not overlap.

mod slices;

use std::cell::RefCell;
use std::fmt;
use std::io::{BufRead, BufReader};

use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::error::{Error, ErrorKind, Result};
use crate::kibana::{Client, Method, Request, Space};
use crate::record::{Kind, ListKey, Namespace, Record};
use slices::slices;

/// The most objects that a `_find` gives, however it is paged: Elasticsearch's window (measured.md).
pub const WINDOW: u64 = 10_000;

/// Takes one object as the server spelt it.
pub type Sink<'s> = &'s mut dyn FnMut(&str) -> Result<()>;

/// Every rule of a space that the filter lets through, and how many they are; the filter is KQL as `_find` takes it.
///
/// Fails where the answer lacks rules that its total counts: they came or went meanwhile, or no slice has them.
pub fn rules(client: &Client, space: &Space, filter: Option<&str>, sink: Sink<'_>) -> Result<u64> {
    let total = count(client, space, filter)?;
    let mut seen = 0;
    let mut counting = |rule: &str| {
        seen += 1;
        sink(rule)
    };
    let slices = slices(WINDOW, filter, total, &mut |slice| {
        count(client, space, Some(slice))
    })?;
    for slice in slices {
        let request = rules_request(space, slice.as_deref(), WINDOW);
        each(client, &request, &mut counting)?;
    }
    if seen < total {
        return Err(Error::out_of_reach(format!(
            "space `{space}` has {total} rules by its own count and gave {seen}: it changed meanwhile, or they are too much alike to be asked for in parts of {WINDOW}"
        )));
    }
    Ok(seen)
}

/// How many rules of a space the filter lets through.
pub fn count(client: &Client, space: &Space, filter: Option<&str>) -> Result<u64> {
    Ok(each(client, &rules_request(space, filter, 1), &mut |_| Ok(()))?.total)
}

/// Every exception list of a space, those of all spaces too.
pub fn lists(client: &Client, space: &Space, sink: Sink<'_>) -> Result<u64> {
    let request = Request::new(Method::Get, "/api/exception_lists/_find")
        .in_space(space)
        .with("namespace_type", "single")
        .with("namespace_type", "agnostic")
        .with("per_page", WINDOW.to_string());
    let found = each(client, &request, sink)?;
    if found.total > WINDOW {
        return Err(Error::out_of_reach(format!(
            "space `{space}` has {} exception lists, more than the {WINDOW} that can be read",
            found.total
        )));
    }
    Ok(found.total)
}

/// The rules of these `rule_id`s that are there; of two with one `rule_id` both.
pub fn rules_of(client: &Client, space: &Space, rule_ids: &[&str], sink: Sink<'_>) -> Result<()> {
    let mut rest = rule_ids;
    while !rest.is_empty() {
        let (chunk, others) = rest.split_at(fitting(rest));
        rest = others;
        let quoted: Vec<String> = chunk.iter().map(|id| kql_quoted(id)).collect();
        let filter = format!("alert.attributes.params.ruleId: ({})", quoted.join(" or "));
        let found = each(client, &rules_request(space, Some(&filter), WINDOW), sink)?;
        if found.total > WINDOW {
            return Err(Error::out_of_reach(format!(
                "space `{space}` has {} rules of {} ids, more than the {WINDOW} that can be read at once",
                found.total,
                chunk.len()
            )));
        }
    }
    Ok(())
}

/// How many of the ids a query in an address can hold; at least one.
fn fitting(ids: &[&str]) -> usize {
    let mut bytes = 0;
    let fits = ids.iter().take_while(|id| {
        // A byte is three in an address, and quotes and a word stand between.
        bytes += 3 * id.len() + 16;
        bytes <= LONGEST_QUERY
    });
    fits.count().max(1)
}

/// The most bytes of ids in one address. Node takes headers of 16 KiB in all, proxies often half of that.
const LONGEST_QUERY: usize = 4000;

/// The text as a quoted string of KQL.
pub(super) fn kql_quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// Every item of these lists, those that are there.
///
/// Lists go together into one request as far as its answer can hold their items.
pub fn items_of(
    client: &Client,
    space: &Space,
    lists: &[(&ListKey, &str)],
    sink: Sink<'_>,
) -> Result<()> {
    let mut wait: Vec<&[(&ListKey, &str)]> = Vec::new();
    let mut rest = lists;
    while !rest.is_empty() {
        let ids: Vec<&str> = rest.iter().map(|(key, _)| key.id.as_str()).collect();
        // A comma would be read as the end of an id.
        let alone = ids.iter().position(|id| id.contains(','));
        let len = match alone {
            Some(0) => 1,
            Some(at) => fitting(&ids[..at]).min(LISTS),
            None => fitting(&ids).min(LISTS),
        };
        let (chunk, others) = rest.split_at(len);
        wait.push(chunk);
        rest = others;
    }
    wait.reverse();
    while let Some(chunk) = wait.pop() {
        match (chunk, items_at_once(client, space, chunk, sink)?) {
            (_, true) => {}
            ([(key, id)], false) => exported_items(client, space, key, id, sink)?,
            (_, false) => {
                let (first, second) = chunk.split_at(chunk.len() / 2);
                wait.extend([second, first]);
            }
        }
    }
    Ok(())
}

/// The item of this `item_id` in this list, if there is one. Items of other lists may have the same.
pub fn item_in(
    client: &Client,
    space: &Space,
    list: &ListKey,
    item_id: &str,
) -> Result<Option<String>> {
    let prefix = match list.namespace {
        Namespace::Single => "exception-list",
        Namespace::Agnostic => "exception-list-agnostic",
    };
    let request = Request::new(Method::Get, "/api/exception_lists/items/_find")
        .in_space(space)
        .with("list_id", list.id.as_str())
        .with("namespace_type", list.namespace.name())
        .with(
            "filter",
            format!("{prefix}.attributes.item_id: {}", kql_quoted(item_id)),
        );
    let mut found = None;
    each(client, &request, &mut |item| {
        found.get_or_insert_with(|| item.to_owned());
        Ok(())
    })?;
    Ok(found)
}

/// So many lists are asked about at once.
const LISTS: usize = 50;

/// The items of the lists, handed on only if one answer holds all of them; says whether it does.
fn items_at_once(
    client: &Client,
    space: &Space,
    lists: &[(&ListKey, &str)],
    sink: Sink<'_>,
) -> Result<bool> {
    let request = |size: u64| {
        let request = Request::new(Method::Get, "/api/exception_lists/items/_find")
            .in_space(space)
            .with("per_page", size.to_string());
        lists.iter().fold(request, |request, (key, _)| {
            request
                .with("list_id", key.id.as_str())
                .with("namespace_type", key.namespace.name())
        })
    };
    let mut passed = |item: &str| sink(item);
    let total = match each(client, &request(1), &mut |_| Ok(())) {
        Ok(found) => found.total,
        Err(error) if matches!(error.kind(), ErrorKind::Status { status: 404, .. }) => {
            // One of them is gone; the others are asked about by themselves.
            return Ok(lists.len() == 1);
        }
        Err(error) => return Err(error),
    };
    if total > WINDOW {
        return Ok(false);
    }
    if total > 0 {
        each(client, &request(WINDOW), &mut passed)?;
    }
    Ok(true)
}

/// The items of a list by its export, which knows no window; `id` is that of the list's object.
fn exported_items(
    client: &Client,
    space: &Space,
    list: &ListKey,
    id: &str,
    sink: Sink<'_>,
) -> Result<()> {
    let request = Request::new(Method::Post, "/api/exception_lists/_export")
        .in_space(space)
        .with("id", id)
        .with("list_id", list.id.as_str())
        .with("namespace_type", list.namespace.name())
        .with("include_expired_exceptions", "true")
        .replayed();
    let reply = BufReader::with_capacity(1 << 16, client.send(&request)?);
    for line in reply.lines() {
        let line = line.map_err(|source| Error::io("reading an exported list", source))?;
        let is_item = Record::parse(&line, 0).is_ok_and(|it| it.kind() == Kind::ExceptionItem);
        if is_item {
            sink(&line)?;
        }
    }
    Ok(())
}

fn rules_request(space: &Space, filter: Option<&str>, size: u64) -> Request {
    let request = Request::new(Method::Get, "/api/detection_engine/rules/_find")
        .in_space(space)
        .with("per_page", size.to_string());
    // An empty filter is refused (measured.md), so there is none.
    match filter {
        Some(filter) => request.with("filter", filter),
        None => request,
    }
}

/// What an answer says beside its objects.
struct Found {
    total: u64,
}

/// Sends a `_find` and hands its objects on as they come.
fn each(client: &Client, request: &Request, sink: Sink<'_>) -> Result<Found> {
    let reply = client.send(request)?;
    let failed = RefCell::new(None);
    let mut deserializer =
        serde_json::Deserializer::from_reader(BufReader::with_capacity(1 << 16, reply));
    let page = PageSeed {
        sink: RefCell::new(sink),
        failed: &failed,
    };
    let found = page.deserialize(&mut deserializer);
    if let Some(error) = failed.into_inner() {
        return Err(error);
    }
    found.map_err(|error| {
        ErrorKind::Answer {
            method: "GET",
            path: request.full_path().into(),
            problem: format!("expected a page of objects: {error}").into(),
        }
        .into()
    })
}

/// Reads `{…, "total": n, …, "data": […]}`, its keys in any order.
struct PageSeed<'p, 's> {
    sink: RefCell<Sink<'s>>,
    /// Where an error of the sink waits, since serde has errors of its own.
    failed: &'p RefCell<Option<Error>>,
}

impl<'de> DeserializeSeed<'de> for PageSeed<'_, '_> {
    type Value = Found;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Found, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for PageSeed<'_, '_> {
    type Value = Found;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a page of objects")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Found, A::Error> {
        use serde::de::Error as _;
        let (mut total, mut has_data) = (None, false);
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "total" => total = Some(map.next_value()?),
                "data" => {
                    map.next_value_seed(Objects(&self))?;
                    has_data = true;
                }
                _ => _ = map.next_value::<IgnoredAny>()?,
            }
        }
        match total {
            Some(total) if has_data => Ok(Found { total }),
            _ => Err(A::Error::custom("`total` or `data` is missing")),
        }
    }
}

struct Objects<'o, 'p, 's>(&'o PageSeed<'p, 's>);

impl<'de> DeserializeSeed<'de> for Objects<'_, '_, '_> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Objects<'_, '_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of objects")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut objects: A) -> Result<(), A::Error> {
        use serde::de::Error as _;
        while let Some(object) = objects.next_element::<Box<RawValue>>()? {
            if let Err(error) = (self.0.sink.borrow_mut())(object.get()) {
                *self.0.failed.borrow_mut() = Some(error);
                return Err(A::Error::custom("ended"));
            }
        }
        Ok(())
    }
}
