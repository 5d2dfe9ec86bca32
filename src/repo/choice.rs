//! Which snapshot is meant: the latest, the last before a time, or one by its id.

use std::fmt;
use std::str::FromStr;

use super::Repository;
use super::listing::Entry;
use super::manifest::StoredSpace;
use super::moment::Moment;
use crate::error::{Error, Result};

/// A way to name a snapshot: `latest`, `before:2026-01-31`, the beginning of an id, or that of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// The newest one.
    Latest,
    /// The newest one that was begun before this moment.
    Before(Moment),
    /// The one whose id, or whose name, begins so.
    Id(Box<str>),
}

impl Choice {
    /// Whether a snapshot may be the one that is meant.
    pub(super) fn may_be(&self, entry: &Entry) -> bool {
        match self {
            Self::Latest => true,
            Self::Before(moment) => entry.began < *moment,
            Self::Id(id) => {
                entry.digest.to_string().starts_with(&**id) || entry.name().starts_with(&**id)
            }
        }
    }

    /// Whether it must be the only one that may be meant.
    pub(super) fn is_one(&self) -> bool {
        matches!(self, Self::Id(_))
    }
}

impl FromStr for Choice {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        if text == "latest" {
            return Ok(Self::Latest);
        }
        if let Some(moment) = text.strip_prefix("before:") {
            return Ok(Self::Before(moment.parse()?));
        }
        let is_id = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        let is_name = |byte: u8| is_id(byte) || b"TZ-".contains(&byte);
        // Fewer digits would be a slip more often than an id.
        if text.len() >= 4 && text.bytes().all(is_name) {
            return Ok(Self::Id(text.into()));
        }
        Err(Error::usage(format!(
            "a snapshot must be `latest`, `before:DATE`, or at least 4 digits of an id, found `{text}`"
        )))
    }
}

impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Latest => f.write_str("latest"),
            Self::Before(moment) => write!(f, "before:{moment}"),
            Self::Id(id) => f.write_str(id),
        }
    }
}

/// A space of a snapshot as an input: `DIR@latest/soc`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// The folder of the repository.
    pub repository: Box<str>,
    /// The snapshot.
    pub choice: Choice,
    /// The space; none where it goes without saying, as in a snapshot of one space.
    pub space: Option<Box<str>>,
}

impl Address {
    /// Reads `DIR@SNAPSHOT` or `DIR@SNAPSHOT/SPACE`; none if the text is no such thing.
    ///
    /// A text that names a file is a file; that is for the caller to see first.
    pub fn parse(text: &str) -> Option<Result<Self>> {
        let (repository, rest) = text.rsplit_once('@')?;
        if repository.is_empty() || rest.is_empty() {
            return None;
        }
        let (choice, space) = match rest.split_once('/') {
            Some((choice, space)) => (choice, Some(space)),
            None => (rest, None),
        };
        Some(choice.parse().map(|choice| Self {
            repository: repository.into(),
            choice,
            space: space.map(Into::into),
        }))
    }

    /// The repository, and the space in it. Fails where no space is named and the snapshot holds several.
    pub fn open(&self) -> Result<(Repository, StoredSpace)> {
        let repository = Repository::open(&*self.repository)?;
        let (_, manifest) = repository.choose(&self.choice, self.space.as_deref(), None)?;
        let mut spaces = manifest.spaces;
        if let Some(space) = &self.space {
            spaces.retain(|it| it.space == *space);
        }
        match (spaces.pop(), &*spaces) {
            (Some(space), []) => Ok((repository, space)),
            (None, _) => Err(Error::usage(format!("`{self}` holds no space"))),
            (Some(last), others) => {
                let names: Vec<String> = others
                    .iter()
                    .chain([&last])
                    .map(|it| format!("`{}`", it.space))
                    .collect();
                Err(Error::usage(format!(
                    "`{self}` holds several spaces; say which, as in `{self}/{}`: {}",
                    last.space,
                    names.join(", ")
                )))
            }
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.repository, self.choice)?;
        match &self.space {
            Some(space) => write!(f, "/{space}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::digest::Digest;
    use super::*;

    fn choice(text: &str) -> Choice {
        text.parse().unwrap()
    }

    #[test]
    fn shows_what_it_reads() {
        for text in [
            "latest",
            "before:2026-01-31T00:00:00Z",
            "ba78",
            "2026-01-31T03",
        ] {
            assert_eq!(choice(text).to_string(), text);
        }
        for wrong in ["", "newest", "ba7", "before:yesterday", "BA7816"] {
            assert!(wrong.parse::<Choice>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn goes_by_time_id_and_name() {
        let entry = Entry {
            began: "2026-01-31T03:00:00Z".parse().unwrap(),
            digest: Digest::of(b"abc"),
        };
        for text in [
            "latest",
            "before:2026-02-01",
            "ba78",
            "ba7816bf8f01cfea",
            "2026-01-31",
        ] {
            assert!(choice(text).may_be(&entry), "{text}");
        }
        for text in [
            "before:2026-01-31",
            "before:2026-01-31T03:00:00Z",
            "ba79",
            "2026-02",
        ] {
            assert!(!choice(text).may_be(&entry), "{text}");
        }
    }

    #[test]
    fn an_address_is_a_folder_a_snapshot_and_perhaps_a_space() {
        let parse = |text: &str| Address::parse(text).unwrap().unwrap();
        let address = parse("/backups/me@example.com@latest/soc");
        assert_eq!(&*address.repository, "/backups/me@example.com");
        assert_eq!(
            (address.choice, address.space.as_deref()),
            (Choice::Latest, Some("soc"))
        );
        assert_eq!(parse("d@before:2026-01-31").space, None);
        assert!(Address::parse("export.ndjson").is_none());
        assert!(Address::parse("d@").is_none() && Address::parse("@latest").is_none());
        assert!(Address::parse("me@example.com").unwrap().is_err());
    }
}
