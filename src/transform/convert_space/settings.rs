//! What the settings of `convert-space` can hold.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, Result};

/// Makes a type that has `FromStr` and `Display` the same text in pipeline files.
macro_rules! as_text {
    ($name:ident) => {
        impl TryFrom<String> for $name {
            type Error = Error;

            fn try_from(text: String) -> Result<Self> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.to_string()
            }
        }
    };
}

as_text!(SpaceId);
as_text!(BaseUrl);

/// The id of a Kibana space, as it stands in URLs and index names.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct SpaceId(Box<str>);

impl FromStr for SpaceId {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_');
        if text.is_empty() || !text.bytes().all(fits) {
            let expected = "a space id has lower-case letters, digits, `-` and `_` alone";
            return Err(Error::usage(format!("{expected}, found `{text}`")));
        }
        Ok(Self(text.into()))
    }
}

impl fmt::Display for SpaceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl SpaceId {
    /// What stands for the space in a URL's path: nothing for the default space.
    pub(super) fn segment(&self) -> String {
        if &*self.0 == "default" {
            String::new()
        } else {
            format!("/s/{self}")
        }
    }

    /// The id as text.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Where a Kibana is: scheme, host, port and base path, without a space.
#[derive(Debug, Clone, serde::Deserialize, serde::Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct BaseUrl {
    /// Scheme, host and port.
    origin: Box<str>,
    /// The base path with its `/` in front; empty if there is none.
    path: Box<str>,
}

impl FromStr for BaseUrl {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let expected =
            "expected a URL as in `https://kibana.example.com/base`, without space and app";
        Self::read(text).ok_or_else(|| Error::usage(format!("{expected}, found `{text}`")))
    }
}

impl BaseUrl {
    /// Reads a URL; none if it is no place where a Kibana could be.
    pub(super) fn read(text: &str) -> Option<Self> {
        let text = text.strip_suffix('/').unwrap_or(text);
        let host = ["https://", "http://"].into_iter().find_map(|scheme| {
            let start = text.get(..scheme.len())?;
            start.eq_ignore_ascii_case(scheme).then_some(scheme.len())
        })?;
        let path = text[host..]
            .find('/')
            .map_or(text.len(), |slash| host + slash);
        let strange =
            |c: char| matches!(c, '?' | '#' | '@' | '\\' | '{' | '}' | '"') || c.is_whitespace();
        let spaced = text[path..]
            .split('/')
            .any(|segment| matches!(segment, "s" | "app"));
        if host == path || spaced || text.contains(strange) {
            return None;
        }
        Some(Self {
            origin: text[..path].into(),
            path: text[path..].into(),
        })
    }

    /// Whether there is a base path.
    pub(super) fn has_path(&self) -> bool {
        !self.path.is_empty()
    }
}

// Scheme and host have no case.
impl PartialEq for BaseUrl {
    fn eq(&self, other: &Self) -> bool {
        self.origin.eq_ignore_ascii_case(&other.origin) && self.path == other.path
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.origin, self.path)
    }
}

/// What becomes of the timeline template that a rule names.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Default,
    clap::ValueEnum,
    serde::Deserialize,
    serde::Serialize,
)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Timelines {
    /// The rule keeps it, and it is listed unless it is one of Elastic's own.
    #[default]
    Keep,
    /// The rule loses its id and its title.
    Drop,
}

impl Timelines {
    /// Whether nothing was said.
    #[expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "serde hands it a reference"
    )]
    pub(super) fn is_keep(&self) -> bool {
        *self == Self::Keep
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_space_ids_as_kibana_does() {
        assert_eq!("a-b_1".parse::<SpaceId>().unwrap().segment(), "/s/a-b_1");
        assert_eq!("default".parse::<SpaceId>().unwrap().segment(), "");
        for text in ["", "A", "a b", "a/b", "ä"] {
            let problem = text.parse::<SpaceId>().unwrap_err().to_string();
            assert!(problem.ends_with(&format!("found `{text}`")), "{problem}");
        }
    }

    #[test]
    fn reads_urls_without_space_and_app() {
        let url = |text: &str| text.parse::<BaseUrl>().unwrap();
        assert_eq!(
            url("HTTPS://Kibana.example.com:5601/Base/"),
            url("https://kibana.EXAMPLE.com:5601/Base")
        );
        assert_ne!(
            url("https://a.example.com/x"),
            url("https://a.example.com/X")
        );
        assert_eq!(url("http://192.0.2.1/").to_string(), "http://192.0.2.1");
        for text in [
            "",
            "kibana.example.com",
            "https://",
            "ftp://a",
            "https://a/s/b",
            "https://a/app/x",
            "https://a?b",
        ] {
            assert_eq!(BaseUrl::read(text), None, "{text}");
        }
        assert_eq!(BaseUrl::read("https://user@a.example.com"), None);
    }
}
