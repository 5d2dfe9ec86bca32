//! How lines are stored: compressed, under the checksum of what then lies there, with a second object that knows each line.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::digest::{Digest, Hashing, Sum};
use super::folder::{Folder, damaged, reading};
use super::manifest::{Form, Object};
use super::store::Store;
use crate::error::{Error, Result};
use crate::record::{Kind, Namespace, Record};
use crate::stream::{Codec, Encoder, Unnamed};

/// How all is compressed. The same lines give the same bytes, so that what is equal is stored once.
pub(super) const CODEC: Codec = Codec::Zstd { level: Some(9) };

/// A line of an object, as the object beside it tells of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// The checksum of the line, its line end included.
    pub sha256: Digest,
    /// The kind of record, by name; none for a blank line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<Box<str>>,
    /// The id that people know the record by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<Box<str>>,
    /// What more tells it from others of its id: for a list its namespace if that is not the usual one, for an item its list, for a
    /// saved object that is no connector its type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<Box<str>>,
}

impl Told {
    /// What is to be told of a line of a file of this form, which is given with its line end.
    pub(super) fn of(sha256: Digest, line: &[u8], form: Form) -> Self {
        let mut told = Self {
            sha256,
            kind: None,
            id: None,
            of: None,
        };
        if line.iter().all(u8::is_ascii_whitespace) {
            return told;
        }
        let text = std::str::from_utf8(line).unwrap_or_default();
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let Ok(record) = Record::parse(text.trim_end_matches(['\n', '\r']), 0) else {
            told.kind = Some(Kind::Other.name().into());
            return told;
        };
        if form == Form::Lines {
            let ids = [
                ("timeline", "templateTimelineId"),
                ("timeline", "savedObjectId"),
                ("value-list", "id"),
            ];
            let id = ids
                .iter()
                .find_map(|(kind, key)| Some((*kind, record.str(key)?)));
            let (kind, id) = id.unzip();
            told.kind = Some(kind.unwrap_or(Kind::Other.name()).into());
            told.id = id.map(Into::into);
            return told;
        }
        let agnostic = || {
            record
                .str("namespace_type")
                .filter(|it| *it == Namespace::Agnostic.name())
        };
        told.kind = Some(record.kind().name().into());
        told.id = record.id().map(Into::into);
        told.of = match record.kind() {
            Kind::ExceptionList => agnostic().map(Into::into),
            Kind::ExceptionItem => record.str("list_id").map(Into::into),
            Kind::Connector => record
                .str("type")
                .filter(|it| it != "action")
                .map(Into::into),
            Kind::Rule | Kind::Details | Kind::Other => None,
        };
        told
    }

    /// The record as messages name it.
    pub fn label(&self) -> String {
        let kind = self.kind.as_deref().map(|kind| match kind {
            "other" => Kind::Other.to_string(),
            kind => kind.replace('-', " "),
        });
        match (kind, &self.id) {
            (None, _) => "blank line".into(),
            (Some(kind), None) => kind,
            (Some(kind), Some(id)) => format!("{kind} `{id}`"),
        }
    }
}

/// An object that is being written.
pub(super) struct Draft {
    content: Sum,
    lines: u64,
    to: Encoder<Hashing<Unnamed>>,
    records: Option<Encoder<Hashing<Unnamed>>>,
}

impl Draft {
    pub(super) fn begin(folder: &Folder, form: Form) -> Result<Self> {
        let encoder = || {
            let to = Hashing::new(folder.begin_file()?);
            Encoder::new(to, CODEC, 1).map_err(|error| Error::io("starting the compression", error))
        };
        Ok(Self {
            content: Sum::default(),
            lines: 0,
            to: encoder()?,
            records: match form {
                Form::Records | Form::Lines => Some(encoder()?),
                Form::Text => None,
            },
        })
    }

    pub(super) fn bytes(&self) -> u64 {
        self.content.bytes()
    }

    /// The checksum of the lines so far.
    pub(super) fn digest(&self) -> Digest {
        self.content.clone().finish().0
    }

    pub(super) fn lines(&self) -> u64 {
        self.lines
    }

    /// Adds a line, which is given with its line end, and with what is to be told of it if it is a record.
    pub(super) fn push(&mut self, line: &[u8], told: Option<&Told>) -> io::Result<()> {
        self.content.add(line);
        self.lines += 1;
        self.to.write_all(line)?;
        if let (Some(records), Some(told)) = (&mut self.records, told) {
            let mut told = serde_json::to_vec(told)?;
            told.push(b'\n');
            records.write_all(&told)?;
        }
        Ok(())
    }

    /// Puts the object in its place.
    pub(super) fn finish(self, store: &Store) -> Result<Object> {
        let put = |encoder: Encoder<Hashing<Unnamed>>| {
            let finished = encoder.finish().map_err(|error| store.writing(error))?;
            let (file, digest, bytes) = finished.finish();
            store.put(file, digest, bytes)?;
            Ok::<_, Error>((digest, bytes))
        };
        let (object, stored) = put(self.to)?;
        let records = self.records.map(put).transpose()?;
        let (sha256, bytes) = self.content.finish();
        Ok(Object {
            object,
            stored,
            sha256,
            bytes,
            lines: self.lines,
            records: records.map(|(digest, _)| digest),
            records_stored: records.map_or(0, |(_, bytes)| bytes),
        })
    }
}

/// Takes the compression off.
pub(super) fn decode(stored: &[u8]) -> io::Result<Vec<u8>> {
    zstd::decode_all(stored)
}

/// What an object holds, decompressed as it is read. Whether it is what was recorded is for the reader to check.
pub(super) fn open(folder: &Folder, object: Digest) -> Result<impl Read + Send + use<>> {
    let path = folder.object(object);
    let file = File::open(&path).map_err(|error| unopened(&path, error))?;
    zstd::Decoder::new(file).map_err(|error| reading(&path, error))
}

/// What an object holds, which must be what was recorded.
pub(super) fn read(folder: &Folder, object: Digest) -> Result<Vec<u8>> {
    let path = folder.object(object);
    let stored = std::fs::read(&path).map_err(|error| unopened(&path, error))?;
    if Digest::of(&stored) != object {
        return Err(damaged(
            &path,
            "is not what was recorded: its checksum is not its name",
        ));
    }
    decode(&stored).map_err(|error| damaged(&path, format!("cannot be decompressed: {error}")))
}

/// What is told of each line of an object.
pub(super) fn read_records(folder: &Folder, records: Digest) -> Result<Vec<Told>> {
    let text = read(folder, records)?;
    let told: Result<Vec<Told>, _> = serde_json::Deserializer::from_slice(&text)
        .into_iter()
        .collect();
    told.map_err(|error| damaged(&folder.object(records), format!("cannot be read: {error}")))
}

fn unopened(path: &Path, error: io::Error) -> Error {
    if error.kind() == io::ErrorKind::NotFound {
        damaged(path, "is missing")
    } else {
        reading(path, error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(line: &str, form: Form) -> (Option<String>, Option<String>, Option<String>) {
        let told = Told::of(Digest::of(line.as_bytes()), line.as_bytes(), form);
        assert_eq!(told.sha256, Digest::of(line.as_bytes()));
        let text = |text: Option<Box<str>>| text.map(String::from);
        (text(told.kind), text(told.id), text(told.of))
    }

    #[test]
    fn tells_what_people_know_a_record_by() {
        let some = |text: &str| Some(text.to_owned());
        let cases = [
            ("{\"rule_id\":\"r\"}\r\n", (some("rule"), some("r"), None)),
            (
                "\u{feff}{\"rule_id\":\"r\"}",
                (some("rule"), some("r"), None),
            ),
            (
                "{\"list_id\":\"l\"}\n",
                (some("exception-list"), some("l"), None),
            ),
            (
                "{\"list_id\":\"l\",\"namespace_type\":\"agnostic\"}\n",
                (some("exception-list"), some("l"), some("agnostic")),
            ),
            (
                "{\"list_id\":\"l\",\"item_id\":\"i\"}",
                (some("exception-item"), some("i"), some("l")),
            ),
            (
                "{\"attributes\":{},\"type\":\"action\",\"id\":\"c\"}",
                (some("connector"), some("c"), None),
            ),
            (
                "{\"attributes\":{},\"type\":\"tag\",\"id\":\"c\"}",
                (some("connector"), some("c"), some("tag")),
            ),
            ("{\"exported_count\":1}", (some("details"), None, None)),
            ("no JSON\n", (some("other"), None, None)),
            (" \r\n", (None, None, None)),
        ];
        for (line, expected) in cases {
            assert_eq!(told(line, Form::Records), expected, "{line}");
        }
        let cases = [
            (
                r#"{"savedObjectId":"a","templateTimelineId":null}"#,
                "timeline",
                "a",
            ),
            (
                r#"{"savedObjectId":"a","templateTimelineId":"t"}"#,
                "timeline",
                "t",
            ),
            (r#"{"id":"hosts","type":"ip"}"#, "value-list", "hosts"),
        ];
        for (line, kind, id) in cases {
            assert_eq!(
                told(line, Form::Lines),
                (some(kind), some(id), None),
                "{line}"
            );
        }
    }
}
