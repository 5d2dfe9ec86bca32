//! What the server said: status, and a body that is read as it comes.

use std::fmt;
use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use reqwest::blocking::Response;
use reqwest::header::{CONTENT_TYPE, LOCATION, RETRY_AFTER};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::failure::{self, lost};
use super::options::{Exchange, Observer};
use crate::error::{Error, ErrorKind, Result};

/// The most of an error's body that is read, in bytes.
const LONGEST_ERROR: u64 = 64 << 10;
/// The most of a message that is shown, in characters.
const LONGEST_MESSAGE: usize = 400;

/// An answer: its status, and its body as a stream.
///
/// Reading the body fails with an error where the connection breaks off.
pub struct Reply {
    response: Response,
    method: &'static str,
    path: Box<str>,
    sent: u64,
    received: u64,
    begun: Instant,
    observer: Option<Observer>,
    secrets: Arc<[Box<str>]>,
}

impl Reply {
    pub(super) fn new(
        response: Response,
        (method, path): (&'static str, String),
        sent: &Arc<AtomicU64>,
        begun: Instant,
        (observer, secrets): (Option<Observer>, Arc<[Box<str>]>),
    ) -> Self {
        Self {
            response,
            method,
            path: path.into(),
            sent: sent.load(Ordering::Relaxed),
            received: 0,
            begun,
            observer,
            secrets,
        }
    }

    /// The status.
    pub fn status(&self) -> u16 {
        self.response.status().as_u16()
    }

    /// How long the server asks to wait, if it does so in seconds, as Kibana does.
    pub fn retry_after(&self) -> Option<Duration> {
        let text = self.response.headers().get(RETRY_AFTER)?.to_str().ok()?;
        text.trim().parse().ok().map(Duration::from_secs)
    }

    /// The body as text.
    pub fn text(&mut self) -> Result<String> {
        let mut bytes = Vec::new();
        self.read_to_end(&mut bytes)
            .map_err(|error| lost(self.method, &self.path, &error.to_string()))?;
        String::from_utf8(bytes).map_err(|_| self.strange("expected UTF-8, found other bytes"))
    }

    /// The body, read as JSON.
    pub fn json<T: DeserializeOwned>(&mut self) -> Result<T> {
        let text = self.text()?;
        serde_json::from_str(&text).map_err(|error| {
            let found = if looks_like_html(&text) {
                "expected JSON, found an HTML page".to_owned()
            } else {
                format!("expected JSON of another form: {error}")
            };
            self.strange(&found)
        })
    }

    /// The answer as an error: what the server gave as its reason, in any of the forms that it has.
    pub fn into_error(mut self) -> Error {
        let mut bytes = Vec::new();
        // A body that breaks off still has a status.
        _ = Read::by_ref(&mut self)
            .take(LONGEST_ERROR)
            .read_to_end(&mut bytes);
        self.error(&String::from_utf8_lossy(&bytes))
    }

    /// The answer as an error, its body being read already.
    pub fn error(&self, body: &str) -> Error {
        let mut message = message(body, &self.secrets);
        if let Some(to) = self
            .response
            .headers()
            .get(LOCATION)
            .and_then(|to| to.to_str().ok())
        {
            let to = to.split('?').next().unwrap_or_default();
            message = format!("a redirect to {to}");
        }
        ErrorKind::Status {
            method: self.method,
            path: self.path.clone(),
            status: self.status(),
            message: message.into(),
        }
        .into()
    }

    /// Whether the body is JSON by its header, so that it is Kibana and no proxy that speaks.
    pub fn is_json(&self) -> bool {
        self.is_of("json")
    }

    /// Whether the body is an HTML page by its header, so that it is a proxy and not Kibana that speaks.
    pub fn is_html(&self) -> bool {
        self.is_of("html")
    }

    fn is_of(&self, ty: &str) -> bool {
        let kind = self.response.headers().get(CONTENT_TYPE);
        kind.and_then(|kind| kind.to_str().ok())
            .is_some_and(|kind| kind.contains(ty))
    }

    /// The answer as an error, because it is not what the route answers.
    pub fn strange(&self, problem: &str) -> Error {
        ErrorKind::Answer {
            method: self.method,
            path: self.path.clone(),
            problem: problem.into(),
        }
        .into()
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply")
            .field("method", &self.method)
            .field("path", &self.path)
            .field("status", &self.status())
            .finish_non_exhaustive()
    }
}

impl Read for Reply {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.response.read(buffer).map_err(|error| {
            let cause = error
                .get_ref()
                .and_then(|error| error.downcast_ref::<reqwest::Error>());
            match cause.map(failure::problem) {
                Some(problem) => io::Error::new(error.kind(), problem),
                None => error,
            }
        })?;
        self.received += read as u64;
        Ok(read)
    }
}

impl Drop for Reply {
    fn drop(&mut self) {
        if let Some(observer) = &self.observer {
            observer(&Exchange {
                method: self.method,
                path: &self.path,
                status: Some(self.status()),
                problem: None,
                sent: self.sent,
                received: self.received,
                elapsed: self.begun.elapsed(),
            });
        }
    }
}

/// The reason in an error's body: `{message, status_code}` of the security routes, `{statusCode, error, message}` of the
/// platform, `{ok, message}` of Elastic Cloud's edge, or the title of a proxy's page. Secrets that it repeats are not shown.
fn message(body: &str, secrets: &[Box<str>]) -> String {
    let json: Option<Value> = serde_json::from_str(body).ok();
    let mut text = match &json {
        Some(json) => ["message", "error"]
            .iter()
            .find_map(|key| words(json.get(key)?))
            .unwrap_or_default(),
        None if looks_like_html(body) => format!("an HTML page{}", title(body)),
        None => body.trim().to_owned(),
    };
    for secret in secrets {
        text = text.replace(&**secret, "…");
    }
    let one_line: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(LONGEST_MESSAGE + 1)
        .collect();
    if one_line.chars().count() > LONGEST_MESSAGE {
        let cut: String = one_line.chars().take(LONGEST_MESSAGE).collect();
        return cut + "…";
    }
    one_line
}

/// A reason, or several, as some of the security routes give them.
fn words(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Array(texts) => {
            let texts: Vec<&str> = texts.iter().filter_map(Value::as_str).collect();
            Some(texts.join(", "))
        }
        _ => None,
    }
}

fn looks_like_html(text: &str) -> bool {
    text.trim_start().starts_with('<')
}

fn title(html: &str) -> String {
    let lower = html.to_ascii_lowercase();
    let inner = lower.find("<title>").and_then(|start| {
        let start = start + "<title>".len();
        let end = start + lower[start..].find("</title>")?;
        html.get(start..end)
    });
    inner
        .map(|title| format!(" titled “{}”", title.trim()))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reason_is_found_in_every_form() {
        for (body, expected) in [
            (
                r#"{"message":"Can't import more than 10000 rules","status_code":500}"#,
                "Can't import more than 10000 rules",
            ),
            (
                r#"{"statusCode":401,"error":"Unauthorized","message":"[security_exception]"}"#,
                "[security_exception]",
            ),
            (r#"{"statusCode":404,"error":"Not Found"}"#, "Not Found"),
            (
                r#"{"message":["either \"id\" or \"rule_id\" must be set","b"],"status_code":400}"#,
                "either \"id\" or \"rule_id\" must be set, b",
            ),
            (
                r#"{"ok":false,"message":"Unknown resource."}"#,
                "Unknown resource.",
            ),
            (
                "<html><head><TITLE> 502 Bad Gateway </TITLE></head></html>",
                "an HTML page titled “502 Bad Gateway”",
            ),
            ("<p>no</p>", "an HTML page"),
            ("upstream\r\ntimed out", "upstream  timed out"),
            ("", ""),
            ("7", ""),
        ] {
            assert_eq!(message(body, &[]), expected, "{body}");
        }
        assert_eq!(
            message(&"x".repeat(1000), &[]).chars().count(),
            LONGEST_MESSAGE + 1
        );
        let secrets = ["canary".into()];
        assert_eq!(
            message(r#"{"message":"no c\u0061nary here"}"#, &secrets),
            "no … here"
        );
        assert_eq!(
            message("<title>canary</title>", &secrets),
            "an HTML page titled “…”"
        );
    }
}
