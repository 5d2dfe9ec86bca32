//! Gives connectors the secrets that no export has, and tells which connectors lack theirs.
//!
//! Secrets are shown nowhere: not by `Debug`, and not in an error, whatever a server repeats of what it was sent.

use std::fmt;

use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::import::{Inventory, What, indices};
use super::pages::{Connector, connectors, origins};
use crate::error::{Error, ErrorKind, Result};
use crate::kibana::{Client, Method, Request, Space, piece};

/// The secrets of a connector, by the names that its type has for them.
#[derive(Clone, PartialEq)]
pub struct Secrets(Map<String, Value>);

impl Secrets {
    /// Takes members as Kibana's API has them.
    pub fn new(members: Map<String, Value>) -> Self {
        Self(members)
    }

    /// All texts among them.
    fn texts(&self) -> Vec<&str> {
        fn add<'v>(value: &'v Value, texts: &mut Vec<&'v str>) {
            match value {
                Value::String(text) => texts.push(text),
                Value::Array(values) => values.iter().for_each(|it| add(it, texts)),
                Value::Object(members) => members.values().for_each(|it| add(it, texts)),
                Value::Null | Value::Bool(_) | Value::Number(_) => {}
            }
        }
        let mut texts = Vec::new();
        self.0.values().for_each(|it| add(it, &mut texts));
        texts.sort_by_key(|text| std::cmp::Reverse(text.len()));
        texts
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map()
            .entries(self.0.keys().map(|name| (name, format_args!("…"))))
            .finish()
    }
}

/// A connector of a space that a bundle names.
#[derive(Debug, Clone)]
pub struct Held {
    /// The connector.
    pub connector: Connector,
    /// The id that the bundle has for it: its own, or the one that it was once imported by.
    pub named: Box<str>,
    /// The first rule of the bundle that acts through it, and how many do.
    pub users: Option<(Box<str>, usize)>,
}

/// The connectors of a space that lines and rules of a bundle name, but those of the server's settings, which have their secrets
/// there.
pub fn held(client: &Client, space: &Space, bundle: &Inventory) -> Result<Vec<Held>> {
    let ids = bundle.connectors();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let there = connectors(client, space)?;
    let is_there = |id: &str| there.iter().any(|it| *it.id == *id);
    let made = if ids.iter().all(|id| is_there(id.as_str())) {
        Vec::new()
    } else {
        origins(client, space)?
    };
    let mut users: Vec<Option<(Box<str>, usize)>> = vec![None; ids.len()];
    for index in indices(bundle) {
        let entry = bundle.entry(index);
        let What::Rule { connectors, .. } = &entry.what else {
            continue;
        };
        let mut numbers = connectors.to_vec();
        numbers.sort_unstable();
        numbers.dedup();
        for number in numbers {
            let first = || (entry.id.unwrap_or_default().into(), 0);
            let user = users[number as usize].get_or_insert_with(first);
            user.1 += 1;
        }
    }
    let mut held = Vec::new();
    for (id, users) in ids.iter().zip(users) {
        let id = id.as_str();
        let mut of_origin = made.iter().filter(|(_, origin)| **origin == *id);
        let own = match (is_there(id), of_origin.next(), of_origin.next()) {
            (true, ..) => id,
            (false, Some((own, _)), None) => own,
            // An action through it goes nowhere, or nobody knows where.
            (false, ..) => continue,
        };
        let found = there.iter().find(|it| *it.id == *own);
        let found = found.filter(|it| !it.is_preconfigured && !it.is_system_action);
        held.extend(found.map(|connector| Held {
            connector: connector.clone(),
            named: id.into(),
            users,
        }));
    }
    Ok(held)
}

#[derive(Serialize)]
struct Update<'u> {
    name: &'u str,
    config: Option<&'u RawValue>,
    secrets: &'u Map<String, Value>,
}

/// Gives a connector its secrets; its name and its configuration stay as they are there. The same may be given again.
pub fn give(
    client: &Client,
    space: &Space,
    connector: &Connector,
    secrets: &Secrets,
) -> Result<()> {
    let empty = RawValue::from_string("{}".into()).ok();
    let config = connector.config.as_deref().filter(|it| it.get() != "null");
    let update = Update {
        name: &connector.name,
        config: config.or(empty.as_deref()),
        secrets: &secrets.0,
    };
    let json = serde_json::to_vec(&update).map_err(|_| {
        Error::usage(format!(
            "the secrets of connector `{}` cannot be written as JSON",
            connector.name
        ))
    })?;
    let request = Request::new(
        Method::Put,
        format!("/api/actions/connector/{}", piece(&connector.id)),
    )
    .in_space(space)
    .json(json)
    .replayed();
    match client.send(&request) {
        Ok(_) => Ok(()),
        Err(error) => Err(without(error, &secrets.texts())),
    }
}

/// The error without what the server repeats of secrets.
fn without(error: Error, texts: &[&str]) -> Error {
    match error.kind() {
        ErrorKind::Status {
            method,
            path,
            status,
            message,
        } => ErrorKind::Status {
            method,
            path: path.clone(),
            status: *status,
            message: hidden(message, texts).into(),
        }
        .into(),
        ErrorKind::Answer {
            method,
            path,
            problem,
        } => ErrorKind::Answer {
            method,
            path: path.clone(),
            problem: hidden(problem, texts).into(),
        }
        .into(),
        _ => error,
    }
}

/// Shorter texts are in every other word.
const SHORTEST: usize = 3;
/// Shorter words say nothing of a secret that they are a piece of.
const PIECE: usize = 6;

/// The message with `…` in place of secrets, and of words that are a piece of one.
fn hidden(message: &str, texts: &[&str]) -> String {
    let message = without_whole(message, texts);
    let is_piece =
        |word: &str| word.len() >= PIECE && texts.iter().any(|text| is_piece_of(word, text));
    let is_between = |c: char| c.is_whitespace() || "\"'`[](){}<>,;=…".contains(c);
    let mut out = String::new();
    for word in message.split_inclusive(is_between) {
        let end = word.chars().next_back().filter(|c| is_between(*c));
        let bare = end.map_or(word, |c| &word[..word.len() - c.len_utf8()]);
        out += if is_piece(bare.trim_end_matches([':', '.'])) {
            "…"
        } else {
            bare
        };
        out.extend(end);
    }
    out
}

/// The message with `…` in place of secrets.
fn without_whole(message: &str, texts: &[&str]) -> String {
    let mut out = String::new();
    let mut rest = message;
    while let Some(c) = rest.chars().next() {
        let mut texts = texts.iter().filter(|text| text.len() >= SHORTEST);
        // The longest comes first.
        let after =
            texts.find_map(|text| rest.strip_prefix(text).or_else(|| after_all(rest, text)));
        if let Some(after) = after {
            out.push('…');
            rest = after;
        } else {
            out.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    out
}

/// Whether the word is in the text, or is how a piece of it is escaped.
fn is_piece_of(word: &str, text: &str) -> bool {
    let is_here = |from: &str| {
        let mut rest = word;
        for c in from.chars() {
            match after_one(rest, c) {
                Some(after) => rest = after,
                None => break,
            }
        }
        rest.is_empty()
    };
    text.contains(word) || text.char_indices().any(|(at, _)| is_here(&text[at..]))
}

/// What comes after a text that is escaped in part or whole.
fn after_all<'m>(message: &'m str, text: &str) -> Option<&'m str> {
    text.chars().try_fold(message, after_one)
}

/// What comes after a character: as it is, or as addresses and JSON spell it.
fn after_one(message: &str, c: char) -> Option<&str> {
    if !message.starts_with(['%', '\\', '+']) {
        return message.strip_prefix(c);
    }
    let bytes = c.to_string().into_bytes().into_iter();
    let percent: Vec<String> = bytes.map(|byte| format!("%{byte:02x}")).collect();
    let units = c.encode_utf16(&mut [0; 2]).to_vec().into_iter();
    let unicode: Vec<String> = units.map(|unit| format!("\\u{unit:04x}")).collect();
    let short = match c {
        '"' | '\\' | '/' => format!("\\{c}"),
        '\n' => "\\n".into(),
        '\r' => "\\r".into(),
        '\t' => "\\t".into(),
        ' ' => "+".into(),
        _ => c.to_string(),
    };
    let mut forms = [percent.concat(), unicode.concat(), short].into_iter();
    let escaped = forms.find_map(|form| {
        let (begin, rest) = message.split_at_checked(form.len())?;
        begin.eq_ignore_ascii_case(&form).then_some(rest)
    });
    escaped.or_else(|| message.strip_prefix(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets() -> Secrets {
        let members = serde_json::json!({
            "webhookUrl": "https://hooks.example.com/services/canary-one",
            "secretHeaders": {"Authorization": "canary two\nlines"},
        });
        Secrets::new(members.as_object().unwrap().clone())
    }

    #[test]
    fn secrets_are_never_shown() {
        let shown = format!("{:?} {:#?}", secrets(), Some(secrets()));
        assert!(
            shown.contains("webhookUrl") && !shown.contains("canary"),
            "{shown}"
        );
    }

    #[test]
    fn what_a_server_repeats_of_them_is_hidden() {
        let secrets = secrets();
        let texts = secrets.texts();
        for (message, shown) in [
            (
                "error validating secrets: [https://hooks.example.com/services/canary-one] is no URL",
                "error validating secrets: […] is no URL",
            ),
            (
                "target hostname \"hooks.example.com\" is not allowed",
                "target hostname \"…\" is not allowed",
            ),
            ("said 'canary two\nlines'.", "said '…'."),
            ("cut off: https://hooks.example.com/serv", "cut off: …"),
            (
                "no route to /x?u=https%3A%2F%2Fhooks.example.com%2fservices%2Fcanary-one&v",
                "no route to /x?u=…&v",
            ),
            (
                r#"sent {"url":"https:\/\/hooks.example.com\/services\/canary-one","a":"canary two\nlines"}"#,
                r#"sent {"url":"…","a":"…"}"#,
            ),
            ("canary+two%0Alines canary\\u0020two\\u000alines", "… …"),
            ("cut off: hooks.example.com%2Fserv", "cut off: …"),
            ("[webhookUrl]: is missing", "[webhookUrl]: is missing"),
        ] {
            assert_eq!(hidden(message, &texts), shown);
        }
    }
}
