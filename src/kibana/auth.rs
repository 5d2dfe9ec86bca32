//! What a request proves itself with, and how secrets are kept from being shown.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::error::{Error, Result};

/// A text that is never shown: `Debug` prints `…`, and there is no `Display`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Box<str>);

impl Secret {
    /// The secret that a file, a variable or a command gave, without the line end that they add.
    ///
    /// Fails where it is empty, or holds what no HTTP header can; `source` names where it came from.
    pub fn new(text: &str, source: &str) -> Result<Self> {
        let text = text.trim_start_matches('\u{feff}').trim();
        if text.is_empty() {
            return Err(Error::usage(format!(
                "{source} must hold a secret, found nothing"
            )));
        }
        if text.chars().any(char::is_control) {
            return Err(Error::usage(format!(
                "{source} must hold a secret on one line, found several lines or control characters"
            )));
        }
        Ok(Self(text.into()))
    }

    /// The text itself, for the one place that sends it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

/// Who a client says it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Credentials {
    /// Nobody: for a Kibana without security, or behind a proxy that knows its clients.
    #[default]
    None,
    /// An API key in its encoded form, as Kibana shows it: the Base64 of `id:key`.
    ApiKey(Secret),
    /// A user and a password.
    Basic {
        /// The user's name.
        user: Box<str>,
        /// The password.
        password: Secret,
    },
}

impl Credentials {
    /// The value of the `Authorization` header, if there is to be one.
    pub(super) fn header(&self) -> Option<String> {
        match self {
            Self::None => None,
            Self::ApiKey(key) => Some(format!("ApiKey {}", encoded(key))),
            Self::Basic { user, password } => {
                let pair = format!("{user}:{}", password.reveal());
                Some(format!("Basic {}", STANDARD.encode(pair)))
            }
        }
    }

    /// The texts that must not be shown, should a server or a proxy repeat them: the longest first.
    pub(super) fn texts(&self) -> Vec<Box<str>> {
        let sent = self.header();
        let sent = sent.as_deref().and_then(|header| header.split_once(' '));
        let given = match self {
            Self::None => None,
            Self::ApiKey(secret)
            | Self::Basic {
                password: secret, ..
            } => Some(secret.reveal()),
        };
        let decoded = sent.and_then(|(_, text)| STANDARD.decode(text).ok());
        let decoded = decoded.and_then(|bytes| String::from_utf8(bytes).ok());
        let key = decoded.as_deref().and_then(|pair| pair.split_once(':'));
        let mut texts: Vec<Box<str>> = [
            sent.map(|(_, text)| text),
            given,
            decoded.as_deref(),
            key.map(|(_, key)| key),
        ]
        .into_iter()
        .flatten()
        // What is shorter is in every other word.
        .filter(|text| text.len() >= 4)
        .map(Into::into)
        .collect();
        texts.sort_by_key(|text| std::cmp::Reverse(text.len()));
        texts.dedup();
        texts
    }

    /// The kind, as people know it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::None => "none",
            Self::ApiKey(_) => "API key",
            Self::Basic { .. } => "user and password",
        }
    }
}

/// The encoded form of a key. Elasticsearch hands out `id` and `api_key` too; `id:api_key` is encoded here.
fn encoded(key: &Secret) -> String {
    // Base64 has no colon.
    if key.reveal().contains(':') {
        STANDARD.encode(key.reveal())
    } else {
        key.reveal().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> Secret {
        Secret::new(text, "the test").unwrap()
    }

    #[test]
    fn secrets_are_never_shown() {
        let credentials = [
            Credentials::ApiKey(secret("canary-one")),
            Credentials::Basic {
                user: "elastic".into(),
                password: secret("canary-two"),
            },
        ];
        for credentials in credentials {
            let shown = format!("{credentials:?} {credentials:#?} {}", credentials.name());
            assert!(!shown.contains("canary"), "{shown}");
        }
    }

    #[test]
    fn headers_are_those_that_kibana_takes() {
        let header = |credentials: Credentials| credentials.header();
        assert_eq!(header(Credentials::None), None);
        assert_eq!(
            header(Credentials::ApiKey(secret("aWQ6a2V5\n"))).as_deref(),
            Some("ApiKey aWQ6a2V5")
        );
        assert_eq!(
            header(Credentials::ApiKey(secret("id:key"))).as_deref(),
            Some("ApiKey aWQ6a2V5")
        );
        let basic = Credentials::Basic {
            user: "elastic".into(),
            password: secret("pässword: 1"),
        };
        assert_eq!(
            header(basic).as_deref(),
            Some("Basic ZWxhc3RpYzpww6Rzc3dvcmQ6IDE=")
        );
    }

    #[test]
    fn what_must_not_be_shown_is_known_in_every_form() {
        let texts = |credentials: Credentials| credentials.texts();
        assert!(texts(Credentials::None).is_empty());
        let key = [
            &*STANDARD.encode("an-id:the-key"),
            "an-id:the-key",
            "the-key",
        ];
        assert_eq!(
            texts(Credentials::ApiKey(secret(key[0]))),
            key.map(Into::into)
        );
        assert_eq!(
            texts(Credentials::ApiKey(secret(key[1]))),
            key.map(Into::into)
        );
        let basic = Credentials::Basic {
            user: "elastic".into(),
            password: secret("pass"),
        };
        let expected = [&*STANDARD.encode("elastic:pass"), "elastic:pass", "pass"];
        assert_eq!(texts(basic), expected.map(Into::into));
    }

    #[test]
    fn a_secret_is_one_line_that_is_not_empty() {
        for text in ["", " \n", "a\nb", "a\u{0}b"] {
            let error = Secret::new(text, "`--api-key-file`")
                .unwrap_err()
                .to_string();
            assert!(
                error.starts_with("`--api-key-file` must hold a secret") && !error.contains("a\nb"),
                "{error}"
            );
        }
        assert_eq!(secret("\u{feff}key\r\n").reveal(), "key");
    }
}
