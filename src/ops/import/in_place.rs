//! How is a list changed without its items missing for a moment? One request an item: what is new and what differs first, what is
//! to go last.
//!
//! An overwriting import deletes a list's items before it makes them anew (to 9.4), drops what a request lacks, and leaves
//! `expire_time` as it was (import-export.md §5.3). None of that happens here.

use std::time::Duration;

use super::super::find;
use super::super::model::{Outcome, differing};
use super::aims::{Aim, is_replaced};
use super::crossing::Crossing;
use super::inventory::What;
use super::patience::LOOKS;
use super::told::Told;
use crate::error::{Error, ErrorKind, Result};
use crate::json::{Raw, quoted};
use crate::kibana::{Method, Request};
use crate::record::{ListKey, Record};

/// The members that the routes of lists take.
const OF_LIST: [&str; 7] = [
    "list_id",
    "namespace_type",
    "name",
    "description",
    "type",
    "tags",
    "meta",
];
/// The members that the routes of items take, comments apart.
const OF_ITEM: [&str; 10] = [
    "item_id",
    "namespace_type",
    "name",
    "description",
    "type",
    "entries",
    "os_types",
    "tags",
    "meta",
    "expire_time",
];

impl Crossing<'_> {
    /// Brings a list and its items to what the lines say, one by one.
    pub(super) fn in_place(&mut self, number: u32) -> Result<()> {
        let bundle = self.bundle;
        let listed = bundle.list(number);
        let is_replaced = is_replaced(bundle, &self.view, number, self.manner.terms);
        self.parts += 1;
        let lines: Vec<u32> = listed.line.iter().chain(&listed.items).copied().collect();
        let pending: Vec<u32> = lines
            .into_iter()
            .filter(|&line| self.aims[line as usize].is_sent() && !self.settled[line as usize])
            .collect();
        self.log.sending(self.space, self.parts, &pending)?;
        let mut all_there = true;
        for &index in &pending {
            self.pause(Duration::ZERO)?;
            self.doubtful = vec![index];
            self.change(index, &listed.key)?;
            let told = self.told[index as usize].as_ref();
            all_there &= told.is_some_and(|told| told.outcome.is_there());
        }
        self.doubtful.clear();
        let extra = self.view.list(number).map(|list| list.extra.clone());
        if is_replaced && all_there {
            for object in extra.unwrap_or_default() {
                self.patiently(|crossing| crossing.remove(&listed.key, &object))?;
            }
        }
        self.log
            .settled(self.space, self.parts, &pending, &self.told)
    }

    /// Makes the list or item be as the line says: looks, sends, and looks again where the answer was lost.
    fn change(&mut self, index: u32, list: &ListKey) -> Result<()> {
        let mut line = Vec::new();
        self.bundle.lines(&[index], |_, bytes| {
            line.extend_from_slice(bytes);
            Ok(())
        })?;
        let text = String::from_utf8_lossy(&line);
        let Ok(line) = Record::parse(&text, 0) else {
            return Ok(());
        };
        let is_list = matches!(self.bundle.entry(index).what, What::List(..));
        let id = self.bundle.entry(index).id.unwrap_or_default();
        let route = Route {
            path: if is_list {
                "/api/exception_lists"
            } else {
                "/api/exception_lists/items"
            },
            key: if is_list { "list_id" } else { "item_id" },
            id,
            list,
        };
        let is_met = |stored: &str| {
            let stored = Record::parse(stored, 0);
            stored.is_ok_and(|it| differing(&it, &line, self.bundle.target).is_empty())
        };
        for attempt in 0.. {
            let there = self.patiently(|crossing| crossing.stored(&route))?;
            if there.as_deref().is_some_and(is_met) {
                break;
            }
            let stored = there.as_deref().map(|text| Record::parse(text, 0));
            let stored = stored.and_then(Result::ok);
            let method = if stored.is_some() {
                Method::Put
            } else {
                Method::Post
            };
            let body = body(&line, stored.as_ref(), is_list);
            let request = Request::new(method, route.path)
                .in_space(self.space)
                .json(body);
            let answer = self.client.send(&request);
            match answer.and_then(|mut reply| reply.text()) {
                Ok(text) if is_met(&text) => break,
                Ok(_) => {}
                Err(error) if is_final(&error) || attempt >= LOOKS => {
                    return self.not_changed(index, error);
                }
                // What is new may still be made by the request whose answer was lost.
                Err(_) if stored.is_none() => self.pause(self.manner.still)?,
                Err(_) => self.pause(self.manner.still / 4)?,
            }
            if attempt > LOOKS {
                let why = "the server takes it, and keeps it otherwise than the line says";
                let told = Told::new(Outcome::Failed, Some(200), Some(self.parts));
                self.tell(index, told.saying(why));
                return Ok(());
            }
        }
        let outcome = if self.aims[index as usize] == Aim::Create {
            Outcome::Created
        } else {
            Outcome::Overwritten
        };
        self.tell(index, Told::new(outcome, Some(200), Some(self.parts)));
        Ok(())
    }

    /// Settles a line that the server does not take; an error that is no answer ends the run.
    fn not_changed(&mut self, index: u32, error: Error) -> Result<()> {
        match error.kind() {
            ErrorKind::Status {
                status, message, ..
            } if !matches!(status, 401 | 403 | 429 | 503) => {
                let told = Told::new(Outcome::Refused, Some(*status), Some(self.parts));
                let told = told.saying(message.clone());
                self.tell(index, told);
                Ok(())
            }
            _ => Err(error),
        }
    }

    /// The object as it is stored, as text; none if it is not there.
    fn stored(&self, route: &Route<'_>) -> Result<Option<String>> {
        let found = self.client.send(&route.request(Method::Get, self.space));
        match found.and_then(|mut reply| reply.text()) {
            Ok(text) if route.leads_elsewhere(&text) => {
                find::item_in(self.client, self.space, route.list, route.id)
            }
            Ok(text) => Ok(Some(text)),
            Err(error) if is_absent(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Removes the item of this object id.
    fn remove(&self, list: &ListKey, object: &str) -> Result<()> {
        let request = Request::new(Method::Delete, "/api/exception_lists/items")
            .in_space(self.space)
            .with("id", object)
            .with("namespace_type", list.namespace.name())
            // Deleting twice is as good as once.
            .replayed();
        match self.client.send(&request) {
            Ok(_) => Ok(()),
            Err(error) if is_absent(&error) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

/// Where an object is.
struct Route<'r> {
    path: &'static str,
    key: &'static str,
    id: &'r str,
    list: &'r ListKey,
}

impl Route<'_> {
    /// Whether the stored object is an item of another list: an `item_id` may be in several.
    fn leads_elsewhere(&self, stored: &str) -> bool {
        let stored = Record::parse(stored, 0);
        let list = stored.as_ref().ok().and_then(|it| it.str("list_id"));
        list.is_none_or(|list| *list != *self.list.id.as_str())
    }

    fn request(&self, method: Method, space: &crate::kibana::Space) -> Request {
        Request::new(method, self.path)
            .in_space(space)
            .with(self.key, self.id)
            .with("namespace_type", self.list.namespace.name())
    }
}

fn is_absent(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Status { status: 404, .. })
}

/// Whether sending the same again would come to the same.
fn is_final(error: &Error) -> bool {
    match error.kind() {
        // Another request made it meanwhile; the next look shows it.
        ErrorKind::Status {
            status: 408 | 409 | 429,
            ..
        } => false,
        ErrorKind::Status { status, .. } => *status < 500,
        ErrorKind::Interrupted => true,
        _ => false,
    }
}

/// What is sent: the members that the route takes, and the comments that are there with those that are new.
fn body(line: &Record<'_>, stored: Option<&Record<'_>>, is_list: bool) -> String {
    let mut text = String::from("{");
    let mut push = |key: &str, value: &str| {
        if text.len() > 1 {
            text.push(',');
        }
        text.push_str(&format!("{}:{value}", quoted(key)));
    };
    if let Some(id) = stored.and_then(|stored| stored.get("id")) {
        push("id", id.text());
    }
    let told: &[&str] = if is_list { &OF_LIST } else { &OF_ITEM };
    for key in told {
        if let Some(value) = line.get(key).filter(|value| !value.is_null()) {
            push(key, value.text());
        }
    }
    if !is_list {
        if let Some(list_id) = line.get("list_id").filter(|_| stored.is_none()) {
            push("list_id", list_id.text());
        }
        push("comments", &comments(line, stored));
    }
    text.push('}');
    text
}

/// The comments of the stored item, which may not be taken away, and those that only the line has.
fn comments(line: &Record<'_>, stored: Option<&Record<'_>>) -> String {
    let of = |record: &Record<'_>| -> Vec<(String, Option<String>)> {
        let comments = record.get("comments").into_iter().flat_map(Raw::elements);
        comments
            .filter_map(|comment| {
                let id = comment.get("id").map(|id| id.text().to_owned());
                Some((comment.get("comment")?.text().to_owned(), id))
            })
            .collect()
    };
    let there = stored.map(of).unwrap_or_default();
    let mut rest: Vec<&str> = there.iter().map(|(text, _)| text.as_str()).collect();
    let mut texts: Vec<String> = there
        .iter()
        .map(|(text, id)| match id {
            Some(id) => format!("{{\"comment\":{text},\"id\":{id}}}"),
            None => format!("{{\"comment\":{text}}}"),
        })
        .collect();
    for (text, _) in of(line) {
        match rest.iter().position(|it| *it == text) {
            Some(at) => _ = rest.swap_remove(at),
            None => texts.push(format!("{{\"comment\":{text}}}")),
        }
    }
    format!("[{}]", texts.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_that_are_there_stay_and_none_comes_twice() {
        let record = |comments: &str| {
            format!(
                "{{\"item_id\":\"i\",\"list_id\":\"l\",\"id\":\"x\",\"created_at\":\"y\",\"entries\":[],\"comments\":{comments}}}"
            )
        };
        let (line, stored) = (
            record(r#"[{"comment":"a","created_at":"z"},{"comment":"b"}]"#),
            record(r#"[{"comment":"c","id":"1"},{"comment":"a","id":"2"}]"#),
        );
        let (line, stored) = (
            Record::parse(&line, 0).unwrap(),
            Record::parse(&stored, 0).unwrap(),
        );
        assert_eq!(
            body(&line, Some(&stored), false),
            r#"{"id":"x","item_id":"i","entries":[],"comments":[{"comment":"c","id":"1"},{"comment":"a","id":"2"},{"comment":"b"}]}"#
        );
        assert_eq!(
            body(&line, None, false),
            r#"{"item_id":"i","entries":[],"list_id":"l","comments":[{"comment":"a"},{"comment":"b"}]}"#
        );
        assert_eq!(body(&line, None, true), r#"{"list_id":"l"}"#);
    }
}
