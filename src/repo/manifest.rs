//! What does a snapshot hold? The one file that says so, written when all else is there.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::digest::{Digest, Hashing};
use super::folder::{Folder, damaged, reading, writing};
use super::listing::Entry;
use super::moment::Moment;
use super::object;
use crate::error::Result;
use crate::record::Kind;
use crate::stream::{Encoder, Unnamed};

/// What a snapshot holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The version of this form: 1.
    pub schema_version: u32,
    /// When it was begun.
    pub began: Moment,
    /// When it was complete.
    pub ended: Moment,
    /// Where the content comes from.
    pub source: Origin,
    /// Whether something is not in it that should be.
    pub partial: bool,
    /// The spaces, in the order of their ids.
    pub spaces: Vec<StoredSpace>,
}

/// Where content comes from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Origin {
    /// The address of the Kibana, without credentials.
    pub url: Box<str>,
    /// Its version, if it tells it.
    pub version: Option<Box<str>>,
}

/// What a snapshot holds of one space.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredSpace {
    /// The id of the space.
    pub space: Box<str>,
    /// Whether something is not in it that should be.
    pub partial: bool,
    /// What is not in it.
    pub left_out: Vec<LeftOut>,
    /// Its files.
    pub files: Vec<StoredFile>,
}

/// Something that is not in a snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    /// What it is, as in ``value list `hosts` ``.
    pub what: Box<str>,
    /// Why it is not there.
    pub why: Box<str>,
    /// Whether it should be there. A manifest that does not say so may mean it.
    #[serde(rename = "lack", default = "may_be")]
    pub is_lack: bool,
}

fn may_be() -> bool {
    true
}

/// What the lines of a file are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    /// Each is a record, which has a checksum of its own and is stored once, however often it comes again.
    Records,
    /// Each is JSON that no bundle has, as a timeline is; stored as records are.
    Lines,
    /// Each is text, as an entry of a value list is. A run of lines, some hundred KiB, is what is stored once.
    Text,
}

impl Form {
    /// Whether each line has a checksum of its own.
    pub(super) fn is_by_line(self) -> bool {
        match self {
            Self::Records | Self::Lines => true,
            Self::Text => false,
        }
    }
}

/// A file in a snapshot: whole lines out of objects.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredFile {
    /// Its name, as in `rules.ndjson`.
    pub name: Box<str>,
    /// What its lines are.
    pub form: Form,
    /// Its size.
    pub bytes: u64,
    /// How many lines it has.
    pub lines: u64,
    /// The checksum of its bytes.
    pub sha256: Digest,
    /// For records, the checksum of the checksums of its lines, each in hexadecimal and followed by a line feed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub records_sha256: Option<Digest>,
    /// How many records of each kind it has, by name; of other lines how many timelines and settings of value lists.
    pub counts: BTreeMap<Box<str>, u64>,
    /// The objects that its lines lie in.
    pub objects: Vec<Object>,
    /// The lines, in order.
    pub parts: Vec<Part>,
}

/// Lines that are stored together, compressed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Object {
    /// The checksum of its file, which is the file's name.
    pub object: Digest,
    /// The size of its file.
    pub stored: u64,
    /// The checksum of its lines.
    pub sha256: Digest,
    /// The size of its lines.
    pub bytes: u64,
    /// How many lines there are.
    pub lines: u64,
    /// The object with the checksums of its lines, if they are records.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub records: Option<Digest>,
    /// The size of that object's file.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub records_stored: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// A run of lines of one object: which of the file's objects, from 0; its first and its last line, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part(pub u32, pub u64, pub u64);

impl Part {
    /// How many lines it has.
    pub fn lines(self) -> u64 {
        self.2 + 1 - self.1
    }
}

impl StoredFile {
    /// Adds a line of an object to the parts.
    pub(super) fn push(&mut self, object: u32, line: u64) {
        match self.parts.last_mut() {
            Some(part) if part.0 == object && part.2 + 1 == line => part.2 = line,
            _ => self.parts.push(Part(object, line, line)),
        }
    }

    /// How many records of a kind it has.
    pub fn count(&self, kind: Kind) -> u64 {
        self.counts.get(kind.name()).copied().unwrap_or_default()
    }

    /// Whether each part is in an object, and the parts have as many lines as the file.
    fn is_sound(&self) -> bool {
        let within = |part: &Part| {
            let object = self.objects.get(part.0 as usize);
            object.is_some_and(|object| 1 <= part.1 && part.1 <= part.2 && part.2 <= object.lines)
        };
        self.parts.iter().all(within)
            && self.parts.iter().map(|part| part.lines()).sum::<u64>() == self.lines
            && (!self.form.is_by_line() || self.records_sha256.is_some())
            && self
                .objects
                .iter()
                .all(|object| self.form.is_by_line() == object.records.is_some())
    }
}

impl StoredSpace {
    /// The file of this name.
    pub fn file(&self, name: &str) -> Option<&StoredFile> {
        self.files.iter().find(|file| &*file.name == name)
    }

    /// What is not in it, first what should be.
    pub fn lacks_first(&self) -> impl Iterator<Item = &LeftOut> {
        let harmless = self.left_out.iter().filter(|it| !it.is_lack);
        self.lacks().chain(harmless)
    }

    /// What is not in it that should be.
    pub fn lacks(&self) -> impl Iterator<Item = &LeftOut> {
        self.left_out.iter().filter(|it| it.is_lack)
    }

    /// How many records of a kind its files have.
    pub fn count(&self, kind: Kind) -> u64 {
        self.count_of(kind.name())
    }

    /// How many lines its files have of what manifests call so, as in `timeline`.
    pub fn count_of(&self, name: &str) -> u64 {
        let counts = self.files.iter().map(|file| file.counts.get(name));
        counts.flatten().sum()
    }

    /// The size of its files.
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }
}

impl Manifest {
    /// What it holds of this space.
    pub fn space(&self, id: &str) -> Option<&StoredSpace> {
        self.spaces.iter().find(|space| &*space.space == id)
    }

    /// Each object with those of the checksums of its lines: what its files are made of, with the sizes as they lie there.
    pub fn objects(&self) -> impl Iterator<Item = (Digest, u64)> {
        let files = self.spaces.iter().flat_map(|space| &space.files);
        files.flat_map(|file| &file.objects).flat_map(|object| {
            let records = object
                .records
                .map(|records| (records, object.records_stored));
            std::iter::once((object.object, object.stored)).chain(records)
        })
    }

    /// Reads the manifest of a snapshot. Fails if it is not what was recorded.
    pub(super) fn read(folder: &Folder, entry: &Entry) -> Result<Self> {
        let path = entry.path(folder);
        let stored = match std::fs::read(&path) {
            Ok(stored) => stored,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(damaged(&path, "is missing"));
            }
            Err(error) => return Err(reading(&path, error)),
        };
        if Digest::of(&stored) != entry.digest {
            return Err(damaged(
                &path,
                "is not what was recorded: its checksum differs",
            ));
        }
        Self::parse(&path, &stored, entry)
    }

    fn parse(path: &Path, stored: &[u8], entry: &Entry) -> Result<Self> {
        let unread = |problem: String| damaged(path, format!("cannot be read: {problem}"));
        let text = object::decode(stored).map_err(|error| unread(error.to_string()))?;
        let mut manifest: Self =
            serde_json::from_slice(&text).map_err(|error| unread(error.to_string()))?;
        for space in manifest.spaces.iter_mut().filter(|space| !space.partial) {
            // A space that lacks nothing may come from a time when this was not said of each.
            space.left_out.iter_mut().for_each(|it| it.is_lack = false);
        }
        let files = manifest.spaces.iter().flat_map(|space| &space.files);
        if manifest.schema_version != 1 || manifest.began != entry.began {
            return Err(unread(
                "it is of another form, or of another time than its name".into(),
            ));
        }
        match files.into_iter().find(|file| !file.is_sound()) {
            Some(file) => Err(unread(format!(
                "the parts of `{}` make no sense",
                file.name
            ))),
            None => Ok(manifest),
        }
    }

    /// Writes it as a file that waits for its name, with its checksum.
    pub(super) fn write(&self, folder: &Folder) -> Result<(Unnamed, Digest)> {
        let path = folder.path();
        let failed = |error| writing(path, error);
        let to = Hashing::new(folder.begin_file()?);
        let mut encoder = Encoder::new(to, object::CODEC, 1).map_err(failed)?;
        serde_json::to_writer(&mut encoder, self).map_err(|error| failed(error.into()))?;
        encoder.write_all(b"\n").map_err(failed)?;
        let (file, digest, _) = encoder.finish().map_err(failed)?.finish();
        Ok((file, digest))
    }
}
