//! Why did a request get no answer, and can it have arrived?

use std::error::Error as _;

use super::retry::Outcome;
use crate::error::{Error, ErrorKind};

/// A request without a whole answer.
#[derive(Debug)]
pub enum Failure {
    /// There was no connection, so nothing arrived.
    Unsent(Error),
    /// It may have arrived, and may have been done.
    Lost(Error),
}

impl Failure {
    /// What this means for sending it again.
    pub fn outcome(&self) -> Outcome {
        match self {
            Self::Unsent(_) => Outcome::Unsent,
            Self::Lost(_) => Outcome::Lost,
        }
    }

    /// The error that people see.
    pub fn into_error(self) -> Error {
        match self {
            Self::Unsent(error) | Self::Lost(error) => error,
        }
    }

    /// What the HTTP library says of a request to this URL. Whatever is not surely a missing connection counts as lost.
    pub(super) fn of(error: &reqwest::Error, base: &str, method: &'static str, path: &str) -> Self {
        if error.is_connect() || error.is_builder() {
            Self::Unsent(
                ErrorKind::Unreachable {
                    url: base.into(),
                    problem: problem(error).into(),
                }
                .into(),
            )
        } else {
            Self::Lost(lost(method, path, &problem(error)))
        }
    }
}

/// A request whose answer did not come, or broke off.
pub(super) fn lost(method: &'static str, path: &str, problem: &str) -> Error {
    ErrorKind::Lost {
        method,
        path: path.into(),
        problem: problem.into(),
    }
    .into()
}

/// The innermost causes in words, without the URL, which may be long and says nothing new.
pub(super) fn problem(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "the time for it ran out (`--timeout`)".into();
    }
    let mut words: Vec<String> = Vec::new();
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        // Outer errors often repeat the inner one's words.
        if !words.iter().any(|said| said.contains(&text)) {
            words.push(text);
        }
        cause = error.source();
    }
    match words.len() {
        0 => error.to_string(),
        _ => words.join(": "),
    }
}
