//! One Kibana: its address, who we are there, and how requests get to it.

use std::fmt;
use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use reqwest::header::CONTENT_TYPE;
use reqwest::{Url, blocking};

use super::auth::Credentials;
use super::failure::{self, Failure};
use super::options::{Exchange, Options, base, builder};
use super::reply::Reply;
use super::request::{Body, Method, Request};
use super::retry::{Outcome, Retry, jittered};
use crate::error::{Error, ErrorKind, Result};

/// A Kibana to send requests to. Connections are kept and shared between threads.
pub struct Client {
    http: blocking::Client,
    base: Url,
    options: Options,
    /// What no message may show.
    secrets: Arc<[Box<str>]>,
}

impl Client {
    /// A client for these options. Sends nothing yet.
    ///
    /// Fails where the address is none, or holds a user's name or a password: secrets do not belong on a command line.
    pub fn new(options: Options) -> Result<Self> {
        let base = base(&options.url)?;
        let http = builder(&options)?.build().map_err(|error| {
            Error::usage(format!(
                "the connection cannot be set up: {}",
                failure::problem(&error)
            ))
        })?;
        Ok(Self {
            http,
            base,
            secrets: options.credentials.texts().into(),
            options,
        })
    }

    /// The address, without a `/` at its end.
    pub fn url(&self) -> &str {
        self.base.as_str().trim_end_matches('/')
    }

    /// Who we say we are.
    pub fn credentials(&self) -> &Credentials {
        &self.options.credentials
    }

    /// How requests are sent again.
    pub fn retry(&self) -> Retry {
        self.options.retry
    }

    /// Sends a request, and again as far as that is safe; an answer that is no success is an error.
    pub fn send(&self, request: &Request) -> Result<Reply> {
        let reply = self.answer(request).map_err(Failure::into_error)?;
        if (200..300).contains(&reply.status()) {
            Ok(reply)
        } else {
            Err(reply.into_error())
        }
    }

    /// Sends a request, and again as far as that is safe; gives the last answer, whatever its status.
    pub fn answer(&self, request: &Request) -> Result<Reply, Failure> {
        let mut attempt = 1;
        loop {
            let result = self.attempt(request);
            let (outcome, asked) = match &result {
                Ok(reply) => (Outcome::Status(reply.status()), reply.retry_after()),
                Err(failure) => (failure.outcome(), None),
            };
            let Some(pause) = self
                .options
                .retry
                .next(attempt, outcome, request.replay, asked)
            else {
                return result;
            };
            // The connection is free again before the pause.
            drop(result);
            if !self.pause(pause) {
                return Err(Failure::Unsent(ErrorKind::Interrupted.into()));
            }
            attempt += 1;
        }
    }

    /// Waits a little longer than asked for; says no where the run is to end.
    pub fn pause(&self, pause: Duration) -> bool {
        (self.options.pause)(jittered(pause, (self.options.chance)()))
    }

    /// Sends a request once.
    pub fn attempt(&self, request: &Request) -> Result<Reply, Failure> {
        let method = request.method.as_str();
        let path = request.full_path();
        let begun = Instant::now();
        let sent = Arc::new(AtomicU64::new(0));
        let result = self.prepared(request, &path, &sent).and_then(|builder| {
            builder
                .send()
                .map_err(|error| Failure::of(&error, self.url(), method, &path))
        });
        match result {
            Ok(response) => {
                let shown = (self.options.observer.clone(), Arc::clone(&self.secrets));
                Ok(Reply::new(response, (method, path), &sent, begun, shown))
            }
            Err(failure) => {
                if let (Some(observer), Failure::Unsent(error) | Failure::Lost(error)) =
                    (&self.options.observer, &failure)
                {
                    observer(&Exchange {
                        method,
                        path: &path,
                        status: None,
                        problem: Some(&error.to_string()),
                        sent: sent.load(Ordering::Relaxed),
                        received: 0,
                        elapsed: begun.elapsed(),
                    });
                }
                Err(failure)
            }
        }
    }

    fn prepared(
        &self,
        request: &Request,
        path: &str,
        sent: &Arc<AtomicU64>,
    ) -> Result<blocking::RequestBuilder, Failure> {
        let mut url = self.base.clone();
        url.set_path(&format!("{}{path}", self.base.path().trim_end_matches('/')));
        if !request.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&request.query);
        }
        let method = match request.method {
            Method::Get => reqwest::Method::GET,
            Method::Post => reqwest::Method::POST,
            Method::Put => reqwest::Method::PUT,
            Method::Patch => reqwest::Method::PATCH,
            Method::Delete => reqwest::Method::DELETE,
        };
        let builder = self.http.request(method, url);
        match &request.body {
            Body::Empty => Ok(builder),
            Body::Json(json) => {
                sent.store(json.len() as u64, Ordering::Relaxed);
                // Whole, since of a body that is still being read when the connection fails nobody can tell whether any of it was
                // sent.
                Ok(builder
                    .header(CONTENT_TYPE, "application/json")
                    .body(json.to_vec()))
            }
            Body::File(upload) => {
                let reading =
                    |source| Failure::Unsent(Error::io("reading what is to be sent", source));
                let counted = Counted {
                    reader: upload.open().map_err(reading)?,
                    read: Arc::clone(sent),
                };
                Ok(builder
                    .header(CONTENT_TYPE, upload.content_type())
                    .body(blocking::Body::sized(counted, upload.body_len())))
            }
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

/// A body that counts what was taken of it.
struct Counted {
    reader: Box<dyn Read + Send>,
    read: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(buffer)?;
        self.read.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kibana::Secret;

    #[test]
    fn addresses_are_checked_before_anything_is_sent() {
        for (url, part) in [
            ("kibana.example.com", "must be as"),
            ("ftp://kibana.example.com", "must be as"),
            ("https://", "must be as"),
            (
                "https://elastic:canary@kibana.example.com",
                "without a user's name",
            ),
            ("elastic:canary@kibana", "must be as"),
            ("https://kibana.example.com/?a=b", "must end with a path"),
        ] {
            let error = Client::new(Options::new(url)).unwrap_err().to_string();
            assert!(
                error.contains(part) && !error.contains("canary"),
                "{url}: {error}"
            );
        }
        let client = Client::new(Options::new("https://kibana.example.com/kbn/")).unwrap();
        assert_eq!(client.url(), "https://kibana.example.com/kbn");
    }

    #[test]
    fn nothing_that_is_shown_has_a_secret() {
        let mut options = Options::new("https://kibana.example.com");
        options.credentials = Credentials::ApiKey(Secret::new("canary", "the test").unwrap());
        let shown = format!("{options:?}");
        let client = Client::new(options).unwrap();
        assert!(!format!("{shown}{client:?}").contains("canary"));
        let mut options = Options::new("https://kibana.example.com");
        options.proxy = Some("http://user:canary@proxy.example.com".into());
        assert!(
            !Client::new(options)
                .unwrap_err()
                .to_string()
                .contains("canary")
        );
    }
}
