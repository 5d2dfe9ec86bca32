//! Which connector takes the place of which: the `OLD=NEW` of `remap-connectors`, as a flag, in TOML and in CSV.

use std::fmt;
use std::str::FromStr;

use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::error::{Error, Location, Result};
use crate::record::is_system_connector;

/// An id and the one that takes its place, neither empty, neither of a system connector.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(super) struct Pair {
    pub(super) old: String,
    pub(super) new: String,
}

impl Pair {
    fn new(old: &str, new: &str) -> Result<Self> {
        let (old, new) = (old.trim(), new.trim());
        if old.is_empty() || new.is_empty() {
            return Err(Error::usage(format!(
                "a map must be `OLD=NEW`, found `{old}={new}`"
            )));
        }
        // Their actions have another form: no `group`, no `frequency`.
        if let Some(id) = [old, new].into_iter().find(|id| is_system_connector(id)) {
            return Err(Error::usage(format!(
                "`{id}` is a system connector, whose actions cannot go through another kind of connector"
            )));
        }
        Ok(Self {
            old: old.into(),
            new: new.into(),
        })
    }
}

impl FromStr for Pair {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let split = text.split_once('=');
        let (old, new) = split
            .ok_or_else(|| Error::usage(format!("a map must be `OLD=NEW`, found `{text}`")))?;
        Self::new(old, new)
    }
}

impl TryFrom<String> for Pair {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl From<Pair> for String {
    fn from(pair: Pair) -> Self {
        format!("{}={}", pair.old, pair.new)
    }
}

/// Reads an array of `OLD=NEW`, or a table.
pub(super) fn pairs<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Pair>, D::Error> {
    struct Pairs;

    impl<'de> Visitor<'de> for Pairs {
        type Value = Vec<Pair>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an array of `OLD=NEW`, or a table of `OLD = \"NEW\"`")
        }

        fn visit_seq<S: SeqAccess<'de>>(self, seq: S) -> Result<Vec<Pair>, S::Error> {
            Vec::deserialize(de::value::SeqAccessDeserializer::new(seq))
        }

        fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Vec<Pair>, M::Error> {
            let mut pairs = Vec::new();
            while let Some((old, new)) = map.next_entry::<String, String>()? {
                if old.contains('=') {
                    return Err(de::Error::custom(format!(
                        "an id must have no `=`, found `{old}`; use `map-file`"
                    )));
                }
                pairs.push(Pair::new(&old, &new).map_err(de::Error::custom)?);
            }
            Ok(pairs)
        }
    }

    deserializer.deserialize_any(Pairs)
}

/// Reads `old,new` lines; `file` is for messages.
pub(super) fn read_csv(file: &str, text: &str) -> Result<Vec<Pair>> {
    let text = text.trim_start_matches('\u{feff}');
    let mut pairs = Vec::new();
    for (index, row) in csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes())
        .records()
        .enumerate()
    {
        let row = row.map_err(|error| Error::usage(error.to_string()))?;
        let line = row.position().map_or(0, csv::Position::line);
        let at = |error: Error| {
            error.at(Location {
                file: file.into(),
                line,
                ..Location::default()
            })
        };
        let (Some(old), Some(new), 2) = (row.get(0), row.get(1), row.len()) else {
            let found = format!(
                "a line must have two columns, `old,new`, found {}",
                row.len()
            );
            return Err(at(Error::usage(found)));
        };
        let is_header = |text: &str, word: &str| text.trim().eq_ignore_ascii_case(word);
        if index > 0 || !is_header(old, "old") || !is_header(new, "new") {
            pairs.push(Pair::new(old, new).map_err(at)?);
        }
    }
    Ok(pairs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_pairs_from_csv() {
        let pair = |old: &str, new: &str| Pair {
            old: old.into(),
            new: new.into(),
        };
        assert_eq!(
            read_csv("m", "\u{feff}Old,new\r\na,b\n\n\"c,1\" , d=e\n").unwrap(),
            [pair("a", "b"), pair("c,1", "d=e")]
        );
        assert_eq!(
            read_csv("m", "a,b\nold,new").unwrap(),
            [pair("a", "b"), pair("old", "new")]
        );
        let error = read_csv("m", "a,b\nc,d,e\n").unwrap_err();
        assert_eq!(
            error.to_string(),
            "a line must have two columns, `old,new`, found 3"
        );
        assert_eq!(
            error.location().unwrap(),
            &Location {
                file: "m".into(),
                line: 2,
                ..Location::default()
            }
        );
        assert!(
            read_csv("m", "a,\n")
                .unwrap_err()
                .to_string()
                .starts_with("a map must be")
        );
    }
}
