//! Is the answer to an export whole? Reads it line by line, and asks again where it breaks off.

use std::borrow::Cow;
use std::io::{BufRead, BufReader};
use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::error::{Error, ErrorKind, Result};
use crate::json::compact;
use crate::kibana::{Client, Request};
use crate::record::{Counts, Kind, Record};

/// How often an answer is asked for that is not whole.
const ATTEMPTS: u32 = 3;
/// The pause before it is asked for again; each further one is that much longer.
const PAUSE: Duration = Duration::from_millis(500);

/// What the details line of an export says.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Closing {
    exported_rules_count: Option<u64>,
    exported_exception_list_count: Option<u64>,
    exported_exception_list_item_count: Option<u64>,
    exported_action_connector_count: Option<u64>,
    /// Connectors that the server did not find.
    #[serde(default, rename = "missing_action_connections")]
    pub(super) missing: Vec<Connection>,
    /// Connectors that it will not give.
    #[serde(default, rename = "excluded_action_connections")]
    pub(super) excluded: Vec<Connection>,
}

/// A connector that an export names.
#[derive(Debug, Deserialize)]
pub(super) struct Connection {
    pub(super) id: Box<str>,
    pub(super) reason: Option<Box<str>>,
}

/// Does what reads an answer, and again where the answer is not what it should be.
pub(in crate::ops) fn again<T>(client: &Client, mut work: impl FnMut() -> Result<T>) -> Result<T> {
    let mut attempt = 1;
    loop {
        match work() {
            Err(error)
                if attempt < ATTEMPTS && matches!(error.kind(), ErrorKind::Answer { .. }) =>
            {
                if !client.pause(PAUSE * attempt) {
                    return Err(ErrorKind::Interrupted.into());
                }
                attempt += 1;
            }
            done => return done,
        }
    }
}

/// What a request that only reads is answered, read as JSON; asked for again where the answer breaks off.
pub(in crate::ops) fn read<T: DeserializeOwned>(client: &Client, request: &Request) -> Result<T> {
    again(client, || {
        let read = client.send(request)?.json();
        read.map_err(|error| match error.kind() {
            ErrorKind::Lost { .. } => strange(request, &error.to_string()),
            _ => error,
        })
    })
}

/// Whether the error means that the server will not do this request, while it may do others.
pub(in crate::ops) fn is_refusal(error: &Error) -> bool {
    match error.kind() {
        ErrorKind::Status { status, .. } => *status != 401,
        ErrorKind::Answer { .. } => true,
        _ => false,
    }
}

/// Whether the server has more of something than it can be asked for.
pub(super) fn is_out_of_reach(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::OutOfReach { .. })
}

/// The status of an answer that is an error.
pub(super) fn status(error: &Error) -> Option<u16> {
    match error.kind() {
        ErrorKind::Status { status, .. } => Some(*status),
        _ => None,
    }
}

/// Sends a request for an export and hands on its records; where the answer breaks off, it is asked for again, so that records may
/// come twice.
///
/// Fails where no answer is closed by a details line that counts as many records as came.
pub(super) fn exported(
    client: &Client,
    request: &Request,
    sink: &mut dyn FnMut(&Record<'_>) -> Result<()>,
) -> Result<Closing> {
    again(client, || {
        let mut counts = Counts::default();
        let mut closing = None;
        lines(client, request, &mut |record| {
            counts[record.kind()] += 1;
            if record.kind() == Kind::Details {
                closing = serde_json::from_str(record.text()).ok();
            }
            sink(record)
        })?;
        let closing: Closing =
            closing.ok_or_else(|| strange(request, "it ends without a details line"))?;
        closing.check(counts, request)?;
        Ok(closing)
    })
}

/// Sends a request and hands on each line of its answer as a record.
pub(super) fn lines(
    client: &Client,
    request: &Request,
    sink: &mut dyn FnMut(&Record<'_>) -> Result<()>,
) -> Result<()> {
    let mut reply = BufReader::with_capacity(1 << 16, client.send(request)?);
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = reply
            .read_until(b'\n', &mut line)
            .map_err(|error| strange(request, &format!("it breaks off ({error})")))?;
        if read == 0 {
            return Ok(());
        }
        let text = std::str::from_utf8(&line)
            .map_err(|_| strange(request, "a line is not valid UTF-8"))?
            .trim_end_matches(['\r', '\n']);
        if text.is_empty() {
            continue;
        }
        let record = Record::parse(text, 0).map_err(|error| {
            strange(
                request,
                &format!("a line is no record: {}", Error::from(error)),
            )
        })?;
        sink(&record)?;
    }
}

/// The record that is the whole answer, on one line.
pub(super) fn record(client: &Client, request: &Request) -> Result<String> {
    again(client, || {
        let text = client.send(request)?.text()?;
        let line = on_one_line(&text);
        Record::parse(&line, 0).map_err(|_| strange(request, "it is no record"))?;
        Ok(line.into_owned())
    })
}

/// The JSON on one line; as it is if it is on one.
pub(super) fn on_one_line(text: &str) -> Cow<'_, str> {
    let text = text.trim_end();
    if text.contains(['\n', '\r']) {
        compact(text).into()
    } else {
        text.into()
    }
}

/// The error for an answer that is not what it should be.
pub(super) fn strange(request: &Request, problem: &str) -> Error {
    ErrorKind::Answer {
        method: request.method().as_str(),
        path: request.full_path().into(),
        problem: problem.into(),
    }
    .into()
}

impl Closing {
    /// Fails where fewer records came than are counted.
    fn check(&self, came: Counts, request: &Request) -> Result<()> {
        for (counted, kind) in [
            (self.exported_rules_count, Kind::Rule),
            (self.exported_exception_list_count, Kind::ExceptionList),
            (self.exported_exception_list_item_count, Kind::ExceptionItem),
            (self.exported_action_connector_count, Kind::Connector),
        ] {
            if counted.is_some_and(|counted| counted > came[kind]) {
                let counted = counted.unwrap_or_default();
                let problem = format!(
                    "its details line counts {counted} {kind}s, and {} came",
                    came[kind]
                );
                return Err(strange(request, &problem));
            }
        }
        Ok(())
    }
}
