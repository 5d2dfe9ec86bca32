//! How does a value list get from one space to another, with its settings and all its values?
//!
//! No export of rules or exceptions has them: an item that refers to one has its id and type alone. Values are lines of text. What a
//! space has is compared first and only what is absent is sent, since importing a value again may store it twice.

mod find;
mod settings;

use std::collections::HashSet;
use std::io::{self, BufRead, BufReader, Write};
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use xxhash_rust::xxh3::xxh3_128;

pub use find::{all, count, hidden};
pub use settings::Settings;

use super::export::again;
use crate::error::{Error, ErrorKind, Result};
use crate::kibana::{Client, Content, Method, Request, Space, Upload};

/// The most bytes of values in one upload; Kibana takes 9 000 000 with all that is around them (import-export.md §5.7).
const PIECE: usize = 8_500_000;
/// How often what is absent is sent when answers are lost.
const ATTEMPTS: u32 = 3;
/// How often a space is read until what was sent is seen in it.
const LOOKS: u32 = 5;
/// The pause between two looks.
const PAUSE: Duration = Duration::from_secs(1);

/// What came of an import.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Imported {
    /// Whether the list was made.
    pub is_created: bool,
    /// How many values the bundle has, each once.
    pub values: u64,
    /// How many values were absent, and sent.
    pub sent: u64,
    /// How many of them are not in the space after all.
    pub missing: u64,
}

/// What came of an export.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Exported {
    /// How many values were written.
    pub values: u64,
    /// How many were blank, which no import takes (import-export.md §5.7), and so were not.
    pub blank: u64,
}

/// Writes the values of a list, one a line; tells how many. An answer that breaks off is not asked for again.
pub fn export(client: &Client, space: &Space, id: &str, out: &mut dyn Write) -> Result<Exported> {
    let mut values = 0;
    let blank = each(client, space, id, &mut |value| {
        values += 1;
        out.write_all(value)
            .and_then(|()| out.write_all(b"\n"))
            .map_err(|source| Error::io("writing the values of a list", source))
    })?;
    Ok(Exported { values, blank })
}

/// Brings a list into a space with values that are lines of text: makes it if it is not there, and sends what it lacks.
///
/// `values` is opened anew for each pass. Values that the list has beside these stay.
pub fn import<R: BufRead>(
    client: &Client,
    space: &Space,
    settings: &Settings,
    mut values: impl FnMut() -> Result<R>,
) -> Result<Imported> {
    let mut told = Imported::default();
    let mut attempt = 1;
    loop {
        match bring(client, space, settings, &mut values, &mut told) {
            Ok(()) if told.missing == 0 || attempt == ATTEMPTS => return Ok(told),
            Ok(()) => {}
            Err(error) if may_pass(&error) && attempt < ATTEMPTS => {
                pause(client)?;
                // What arrived all the same is there when the space is read again. It says itself if it still cannot be read.
                _ = stand_still(client, space, settings.id());
            }
            Err(error) => return Err(error),
        }
        attempt += 1;
    }
}

/// Makes the list if it is not there, sends what it lacks, and looks whether all is there.
fn bring<R: BufRead>(
    client: &Client,
    space: &Space,
    settings: &Settings,
    values: &mut impl FnMut() -> Result<R>,
    told: &mut Imported,
) -> Result<()> {
    let id = settings.id();
    create(client, space, settings, &mut told.is_created)?;
    let there = hashes(client, space, id)?;
    let absent = absent(&there, values()?)?.len() as u64;
    // What was absent at first is what was sent, in however many attempts.
    told.sent = told.sent.max(absent);
    told.values = send(client, space, id, values()?, there)?;
    told.missing = match absent {
        0 => 0,
        _ => missing(client, space, id, values)?,
    };
    Ok(())
}

/// Whether the same may go well a little later, as it may where an answer was lost or is a proxy's.
fn may_pass(error: &Error) -> bool {
    match error.kind() {
        ErrorKind::Lost { .. } | ErrorKind::Answer { .. } | ErrorKind::Io { .. } => true,
        ErrorKind::Status { status, .. } => [408, 500, 502, 503, 504].contains(status),
        _ => false,
    }
}

/// How many values there are, each counted once, and how many of them a list of the space does not have.
pub fn lacking(
    client: &Client,
    space: &Space,
    id: &str,
    values: impl BufRead,
) -> Result<(u64, u64)> {
    let all = absent(&HashSet::new(), values)?;
    let there = hashes(client, space, id)?;
    let lacking = all.iter().filter(|hash| !there.contains(hash)).count();
    Ok((all.len() as u64, lacking as u64))
}

/// How many values there are, each counted once.
pub fn distinct(values: impl BufRead) -> Result<u64> {
    Ok(absent(&HashSet::new(), values)?.len() as u64)
}

fn absent(there: &HashSet<u128>, values: impl BufRead) -> Result<HashSet<u128>> {
    let mut absent = HashSet::new();
    lines(values, unread, &mut |value| {
        let hash = xxh3_128(value);
        if !there.contains(&hash) {
            absent.insert(hash);
        }
        Ok(())
    })?;
    Ok(absent)
}

/// Waits until a list no longer grows, since the server may still be at work on what was sent.
fn stand_still(client: &Client, space: &Space, id: &str) -> Result<()> {
    let mut before = None;
    for _ in 0..LOOKS {
        pause(client)?;
        let now = hashes(client, space, id)?.len();
        if before == Some(now) {
            break;
        }
        before = Some(now);
    }
    Ok(())
}

fn pause(client: &Client) -> Result<()> {
    if client.pause(PAUSE) {
        Ok(())
    } else {
        Err(ErrorKind::Interrupted.into())
    }
}

/// Makes the list if it is not there, which then is told.
fn create(
    client: &Client,
    space: &Space,
    settings: &Settings,
    is_created: &mut bool,
) -> Result<()> {
    if let Some(there) = Settings::of(client, space, settings.id())? {
        return settings.must_be_of(&there, space);
    }
    *is_created = true;
    let index = Request::new(Method::Get, "/api/lists/index").in_space(space);
    let has_index = match client
        .send(&index)
        .and_then(|mut reply| reply.json::<Value>())
    {
        Ok(index) => index["list_index"] == true && index["list_item_index"] == true,
        Err(error) if matches!(error.kind(), ErrorKind::Status { status: 404, .. }) => false,
        Err(error) => return Err(error),
    };
    if !has_index {
        let index = Request::new(Method::Post, "/api/lists/index").in_space(space);
        let done = client.send(&index).map(|_| ());
        passing(done, 409)?;
    }
    let make = Request::new(Method::Post, "/api/lists")
        .in_space(space)
        .json(settings.body().to_string());
    // An answer that was lost may have been for a list that is there now; then there is a conflict.
    passing(client.send(&make).map(|_| ()), 409)
}

/// What came, where this status is as good as success.
fn passing(result: Result<()>, good: u16) -> Result<()> {
    match result {
        Err(error) if matches!(error.kind(), ErrorKind::Status { status, .. } if *status == good) => {
            Ok(())
        }
        result => result,
    }
}

/// Hands each value of a list that is not blank to `take`; tells how many are.
fn each(
    client: &Client,
    space: &Space,
    id: &str,
    take: &mut dyn FnMut(&[u8]) -> Result<()>,
) -> Result<u64> {
    let request = Request::new(Method::Post, "/api/lists/items/_export")
        .in_space(space)
        .with("list_id", id)
        .replayed();
    let broken = |error: io::Error| -> Error {
        ErrorKind::Answer {
            method: request.method().as_str(),
            path: request.full_path().into(),
            problem: format!("it breaks off ({error})").into(),
        }
        .into()
    };
    let reply = client.send(&request)?;
    // A proxy's page is no list of values, whatever its status.
    if reply.is_html() {
        return Err(reply.strange("expected values, found an HTML page"));
    }
    lines(BufReader::new(reply), broken, take)
}

/// Hands each line that is not blank to `take`, without its end; tells how many are blank.
fn lines(
    mut reader: impl BufRead,
    broken: impl Fn(io::Error) -> Error,
    take: &mut dyn FnMut(&[u8]) -> Result<()>,
) -> Result<u64> {
    let mut blank = 0;
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = reader.read_until(b'\n', &mut line).map_err(&broken)?;
        if read == 0 {
            return Ok(blank);
        }
        let value = line.strip_suffix(b"\n").unwrap_or(&line);
        let value = value.strip_suffix(b"\r").unwrap_or(value);
        if value.trim_ascii().is_empty() {
            blank += 1;
        } else {
            take(value)?;
        }
    }
}

fn hashes(client: &Client, space: &Space, id: &str) -> Result<HashSet<u128>> {
    again(client, || {
        let mut found = HashSet::new();
        each(client, space, id, &mut |value| {
            found.insert(xxh3_128(value));
            Ok(())
        })?;
        Ok(found)
    })
}

fn unread(source: io::Error) -> Error {
    Error::io("reading the values of a list", source)
}

/// Whether a list of the space has other values than these. In which order they are, and how often, is nothing.
pub fn differs(client: &Client, space: &Space, id: &str, values: impl BufRead) -> Result<bool> {
    let mut expected = HashSet::new();
    lines(values, unread, &mut |value| {
        expected.insert(xxh3_128(value));
        Ok(())
    })?;
    Ok(hashes(client, space, id)? != expected)
}

/// Sends the values that are not there, in pieces; tells how many there are in all.
fn send(
    client: &Client,
    space: &Space,
    id: &str,
    values: impl BufRead,
    mut there: HashSet<u128>,
) -> Result<u64> {
    let mut piece: Vec<u8> = Vec::new();
    let mut all = 0;
    let mut seen = HashSet::new();
    lines(values, unread, &mut |value| {
        let hash = xxh3_128(value);
        all += u64::from(seen.insert(hash));
        if there.insert(hash) {
            if piece.len() + value.len() >= PIECE {
                upload(client, space, id, std::mem::take(&mut piece))?;
            }
            piece.extend_from_slice(value);
            piece.push(b'\n');
        }
        Ok(())
    })?;
    if !piece.is_empty() {
        upload(client, space, id, piece)?;
    }
    Ok(all)
}

fn upload(client: &Client, space: &Space, id: &str, piece: Vec<u8>) -> Result<()> {
    let content: Arc<dyn Content> = Arc::new(Arc::<[u8]>::from(piece));
    let boundary = || uuid::Uuid::new_v4().as_u128();
    let upload = Upload::new("values.txt", content, boundary)
        .map_err(|source| Error::io("reading the values of a list", source))?;
    let request = Request::new(Method::Post, "/api/lists/items/_import")
        .in_space(space)
        .with("list_id", id)
        .file(upload);
    // The answer is the list. One that is not is a proxy's, and nobody knows what became of the values.
    client.send(&request)?.json::<Value>().map(|_| ())
}

/// How many of the values the space does not have, once it had time to show them.
fn missing<R: BufRead>(
    client: &Client,
    space: &Space,
    id: &str,
    values: &mut impl FnMut() -> Result<R>,
) -> Result<u64> {
    let mut look = 1;
    loop {
        let there = hashes(client, space, id)?;
        let absent = absent(&there, values()?)?;
        if absent.is_empty() || look == LOOKS {
            return Ok(absent.len() as u64);
        }
        look += 1;
        pause(client)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_values_whatever_ends_them() {
        let mut found = Vec::new();
        let blank = lines(&b"a\r\n\n  \nb c\nd"[..], unread, &mut |value| {
            found.push(String::from_utf8(value.to_vec()).unwrap());
            Ok(())
        })
        .unwrap();
        assert_eq!(found, ["a", "b c", "d"]);
        assert_eq!(blank, 2);
    }
}
