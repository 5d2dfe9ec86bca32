//! How do timelines get into a space? Those that it lacks are sent in pieces, and looked for afterwards.
//!
//! Kibana would replace a template by one of a higher version; one that is there is not sent, so nothing is replaced. A timeline gets a
//! new id each time it is imported; one that says the same is taken for the same, so nothing is made twice.

use std::io::BufRead;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;

use super::mark::{Mark, Match, matches};
use super::{Which, each, lines, list};
use crate::error::{Error, ErrorKind, Result};
use crate::kibana::{Client, Content, Method, Request, Space, Upload};
use crate::ops::model::Outcome;

/// The most bytes of timelines in one upload; Kibana takes 10 485 760 with all that is around them (api.md §6).
const PIECE: usize = 8_000_000;
/// The most timelines in one upload; Kibana takes 10 000.
const MANY: usize = 500;
/// How often what is absent is sent when answers are lost.
const ATTEMPTS: u32 = 3;
/// How often a space is read at least until what was sent is given up.
const LOOKS: u32 = 5;
/// The pause between two looks.
const PAUSE: Duration = Duration::from_secs(1);

/// What became of a timeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// What rules call a template; the id in its line of another timeline.
    pub id: Box<str>,
    /// Its title.
    pub title: Box<str>,
    /// Whether it is a template.
    pub is_template: bool,
    /// By the names of reports: created, unchanged, conflict, refused or failed.
    pub outcome: Outcome,
    /// The server's own words, or why it was not sent.
    pub message: Option<Box<str>>,
}

/// Says what an import of these lines would do.
pub fn survey(client: &Client, space: &Space, timelines: impl BufRead) -> Result<Vec<Told>> {
    let marks = Mark::all(timelines)?;
    let there = there(client, space, &marks)?;
    Ok(told(&marks, &matches(&marks, &there)))
}

/// Says what an import into an empty space would do.
pub fn named(timelines: impl BufRead) -> Result<Vec<Told>> {
    let marks = Mark::all(timelines)?;
    Ok(told(&marks, &vec![Match::Absent; marks.len()]))
}

/// Brings timelines into a space; those that it has stay as they are. `timelines` is opened anew for each pass.
pub fn import<R: BufRead>(
    client: &Client,
    space: &Space,
    mut timelines: impl FnMut() -> Result<R>,
) -> Result<Vec<Told>> {
    let marks = Mark::all(timelines()?)?;
    let mut found = matches(&marks, &there(client, space, &marks)?);
    let mut all = told(&marks, &found);
    let is_wanted = |told: &Told| told.outcome == Outcome::Created;
    let mut attempt = 1;
    loop {
        let absent: Vec<bool> = all
            .iter()
            .zip(&found)
            .map(|(told, found)| is_wanted(told) && *found == Match::Absent)
            .collect();
        if !absent.contains(&true) {
            break;
        }
        let sent = send(client, space, timelines()?, &absent, &mut all);
        let is_lost = match sent {
            Ok(()) => false,
            Err(error) if matches!(error.kind(), ErrorKind::Lost { .. }) && attempt < ATTEMPTS => {
                true
            }
            Err(error) => return Err(error),
        };
        found = looked_for(client, space, &marks, &all)?;
        if !is_lost {
            break;
        }
        attempt += 1;
    }
    for (told, found) in all.iter_mut().zip(&found) {
        match found {
            Match::Absent if is_wanted(told) => {
                told.outcome = Outcome::Failed;
                told.message.get_or_insert("it did not arrive".into());
            }
            Match::Same(_) | Match::Alike if is_wanted(told) => told.message = None,
            Match::Absent | Match::Same(_) | Match::Alike => {}
        }
    }
    Ok(all)
}

/// What an import does, before anything is sent.
fn told(marks: &[Mark], found: &[Match]) -> Vec<Told> {
    let mut all: Vec<Told> = Vec::with_capacity(marks.len());
    let mut templates = std::collections::HashSet::new();
    for (mark, found) in marks.iter().zip(found) {
        let (outcome, message) = match found {
            _ if mark.template.is_some() && !templates.insert(mark.key()) => (
                Outcome::Refused,
                Some("another one has the same `templateTimelineId`"),
            ),
            Match::Same(true) | Match::Alike => (Outcome::Unchanged, None),
            Match::Same(false) => (
                Outcome::Conflict,
                Some("it is there and differs; Kibana's own page of timelines deletes it"),
            ),
            Match::Absent => (Outcome::Created, None),
        };
        all.push(Told {
            id: mark.key().into(),
            title: mark.title.clone(),
            is_template: mark.template.is_some(),
            outcome,
            message: message.map(Into::into),
        });
    }
    all
}

/// What the space has, as far as the marks may be among it.
fn there(client: &Client, space: &Space, marks: &[Mark]) -> Result<Vec<Mark>> {
    if marks.is_empty() {
        return Ok(Vec::new());
    }
    let which = if marks.iter().all(|mark| mark.template.is_some()) {
        Which::Templates
    } else {
        Which::All
    };
    let listed = list(client, space, which)?;
    let ids: Vec<&str> = listed.iter().map(|timeline| &*timeline.id).collect();
    let mut there = Vec::with_capacity(ids.len());
    each(client, space, &ids, &mut |line| {
        there.push(Mark::of(line)?);
        Ok(())
    })?;
    Ok(there)
}

/// Reads the space until what was sent is there, or nothing more of it comes: the server may still be at work on what was sent.
fn looked_for(client: &Client, space: &Space, marks: &[Mark], all: &[Told]) -> Result<Vec<Match>> {
    let mut before = usize::MAX;
    let mut look = 1;
    loop {
        let found = matches(marks, &there(client, space, marks)?);
        let lacking = all
            .iter()
            .zip(&found)
            .filter(|(told, found)| told.outcome == Outcome::Created && **found == Match::Absent)
            .count();
        if lacking == 0 || (look >= LOOKS && lacking == before) {
            return Ok(found);
        }
        (before, look) = (lacking, look + 1);
        if !client.pause(PAUSE) {
            return Err(ErrorKind::Interrupted.into());
        }
    }
}

/// Sends the lines that are absent, in pieces; what the server refuses is taken down.
fn send(
    client: &Client,
    space: &Space,
    timelines: impl BufRead,
    absent: &[bool],
    all: &mut [Told],
) -> Result<()> {
    let mut piece: Vec<u8> = Vec::new();
    let mut members: Vec<usize> = Vec::new();
    let mut at = 0;
    lines(timelines, &mut |line| {
        let number = at;
        at += 1;
        if !absent.get(number).copied().unwrap_or_default() {
            return Ok(());
        }
        if line.len() >= PIECE {
            all[number].outcome = Outcome::Refused;
            let size = line.len();
            let message = format!("it has {size} bytes, and an import takes {PIECE}");
            all[number].message = Some(message.into());
            return Ok(());
        }
        if piece.len() + line.len() >= PIECE || members.len() == MANY {
            upload(client, space, std::mem::take(&mut piece), &members, all)?;
            members.clear();
        }
        piece.extend_from_slice(line);
        piece.push(b'\n');
        members.push(number);
        Ok(())
    })?;
    if members.is_empty() {
        return Ok(());
    }
    upload(client, space, piece, &members, all)
}

/// Sends a piece, and takes down what is said of its members.
fn upload(
    client: &Client,
    space: &Space,
    piece: Vec<u8>,
    members: &[usize],
    all: &mut [Told],
) -> Result<()> {
    #[derive(Deserialize)]
    struct Problem {
        message: Option<Box<str>>,
        status_code: Option<u16>,
    }
    #[derive(Deserialize)]
    struct Refused {
        id: Option<Box<str>>,
        error: Problem,
    }
    #[derive(Deserialize)]
    struct Answer {
        #[serde(default)]
        errors: Vec<Refused>,
    }
    let ids = saved_ids(&piece)?;
    let content: Arc<dyn Content> = Arc::new(Arc::<[u8]>::from(piece));
    let boundary = || uuid::Uuid::new_v4().as_u128();
    let upload = Upload::new("timelines.ndjson", content, boundary)
        .map_err(|source| Error::io("reading timelines", source))?;
    let request = Request::new(Method::Post, "/api/timeline/_import")
        .in_space(space)
        .file(upload);
    let answer: Answer = client.send(&request)?.json()?;
    for refused in answer.errors {
        let wanted = refused.id.unwrap_or_default();
        let is_meant =
            |at: &usize| *ids[*at] == *wanted || wanted.ends_with(&*all[members[*at]].id);
        let Some(at) = (0..members.len()).find(is_meant) else {
            // It may be meant for any of them; it stays with those that are not found afterwards.
            for at in members {
                let message = &mut all[*at].message;
                *message = message.take().or_else(|| refused.error.message.clone());
            }
            continue;
        };
        let told = &mut all[members[at]];
        told.outcome = match refused.error.status_code {
            Some(409) => Outcome::Conflict,
            _ => Outcome::Refused,
        };
        told.message = refused.error.message;
    }
    Ok(())
}

/// The ids by which the server calls the lines.
fn saved_ids(piece: &[u8]) -> Result<Vec<Box<str>>> {
    let mut ids = Vec::new();
    lines(piece, &mut |line| {
        ids.push(Mark::of(line)?.id);
        Ok(())
    })?;
    Ok(ids)
}
