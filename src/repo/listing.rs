//! Which snapshots are there? A list with the checksum of each, so that one that is lost is missed.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write as _};
use std::path::PathBuf;

use super::digest::Digest;
use super::folder::{Folder, LISTING, SNAPSHOTS, damaged, names, reading, writing};
use super::moment::Moment;
use crate::error::Result;
use crate::stream::sync_folder;

/// A snapshot in the list: when it was begun, and the checksum of its file, which begins with its id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Entry {
    /// When it was begun. No two snapshots of a repository were begun in the same second.
    pub began: Moment,
    /// The checksum of its file.
    pub digest: Digest,
}

const ENDING: &str = ".json.zst";

impl Entry {
    /// The short id: how the checksum begins.
    pub fn id(&self) -> String {
        self.digest.short()
    }

    /// The name: the time and the short id.
    pub fn name(&self) -> String {
        format!("{}-{}", self.began.file_text(), self.id())
    }

    pub(super) fn file_name(&self) -> String {
        self.name() + ENDING
    }

    /// Its file in this repository.
    pub(super) fn path(&self, folder: &Folder) -> PathBuf {
        folder.snapshot(&self.file_name())
    }

    fn line(&self) -> String {
        format!("{}  {SNAPSHOTS}/{}\n", self.digest, self.file_name())
    }
}

/// The time and the short id in the name of a snapshot's file.
pub(super) fn parse_file_name(name: &str) -> Option<(Moment, &str)> {
    let (time, id) = name.strip_suffix(ENDING)?.rsplit_once('-')?;
    let is_id = id.len() == 12
        && id
            .bytes()
            .all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
    Some((Moment::of_file_text(time)?, id)).filter(|_| is_id)
}

/// The snapshots of a repository, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Listing(BTreeSet<Entry>);

impl Listing {
    /// The list as it was written; none where its file is not there.
    ///
    /// Fails if the file is not, to the last byte, what it would be written as.
    pub(super) fn read(folder: &Folder) -> Result<Option<Self>> {
        let path = folder.at(LISTING);
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(reading(&path, error)),
        };
        let wrong = |line: usize, fault: &str| {
            damaged(&path, format!("is damaged in line {line}: {fault}"))
        };
        let mut listing = Self::default();
        for (number, line) in (1..).zip(text.split_inclusive(|&byte| byte == b'\n')) {
            let entry = parse_line(line).ok_or_else(|| {
                wrong(
                    number,
                    "expected a checksum and the name of a snapshot that begins with it",
                )
            })?;
            if listing
                .0
                .last()
                .is_some_and(|last| last.began >= entry.began)
            {
                return Err(wrong(number, "the snapshots are not in the order of time"));
            }
            listing.0.insert(entry);
        }
        Ok(Some(listing))
    }

    /// The list, or what lies in the folder of snapshots where there is no list.
    pub(super) fn read_or_make(folder: &Folder) -> Result<Self> {
        if let Some(listing) = Self::read(folder)? {
            return Ok(listing);
        }
        let mut listing = Self::default();
        listing.adopt(folder, |_| false)?;
        Ok(listing)
    }

    /// Adds the snapshots that lie in the folder and are not in the list, but for those of the names that `unwanted` says yes to.
    /// Says whether there were any.
    ///
    /// A snapshot gets its name when it is whole, so one that was not listed yet lacks nothing else. What is not what its name says
    /// is passed over.
    pub(super) fn adopt(
        &mut self,
        folder: &Folder,
        unwanted: impl Fn(&str) -> bool,
    ) -> Result<bool> {
        let before = self.0.len();
        let listed: BTreeSet<String> = self.0.iter().map(Entry::file_name).collect();
        for name in names(&folder.at(SNAPSHOTS))? {
            let Some((began, id)) = parse_file_name(&name) else {
                continue;
            };
            if listed.contains(&name) || unwanted(&name) {
                continue;
            }
            let path = folder.snapshot(&name);
            let (digest, _) = Digest::of_file(&path).map_err(|error| reading(&path, error))?;
            if digest.short() == id {
                self.0.insert(Entry { began, digest });
            }
        }
        Ok(self.0.len() > before)
    }

    /// Puts the list in the place of the old one, for good.
    pub(super) fn write(&self, folder: &Folder) -> Result<()> {
        let path = folder.at(LISTING);
        let mut file = folder.begin_file()?;
        file.write_all(self.text().as_bytes())
            .map_err(|error| writing(&path, error))?;
        file.place(&path)?;
        sync_folder(folder.path())
    }

    fn text(&self) -> String {
        self.0.iter().fold(String::new(), |mut text, entry| {
            // Writing to a string does not fail.
            _ = text.write_str(&entry.line());
            text
        })
    }

    pub(super) fn entries(&self) -> impl DoubleEndedIterator<Item = Entry> {
        self.0.iter().copied()
    }

    pub(super) fn has(&self, entry: &Entry) -> bool {
        self.0.contains(entry)
    }

    pub(super) fn insert(&mut self, entry: Entry) {
        self.0.insert(entry);
    }

    pub(super) fn remove(&mut self, entry: &Entry) {
        self.0.remove(entry);
    }

    /// The moment of a new snapshot, in which no other was begun: this one, or the first one that makes the newest the last.
    ///
    /// What is of the day after tomorrow or later is of a clock that was wrong, and moves nothing.
    pub(super) fn free(&self, mut moment: Moment) -> Moment {
        let is_near = |entry: &&Entry| entry.began.day() <= moment.day() + 1;
        if let Some(last) = self.0.iter().rfind(is_near) {
            moment = moment.max(last.began.next());
        }
        while self.0.iter().any(|entry| entry.began == moment) {
            moment = moment.next();
        }
        moment
    }
}

fn parse_line(line: &[u8]) -> Option<Entry> {
    let text = std::str::from_utf8(line).ok()?;
    let (digest, _) = text.split_once("  ")?;
    let digest: Digest = digest.parse().ok()?;
    let name = text.strip_suffix('\n')?.rsplit('/').next()?;
    let (began, _) = parse_file_name(name)?;
    let entry = Entry { began, digest };
    (entry.line() == text).then_some(entry)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> (tempfile::TempDir, Folder) {
        let parent = tempfile::tempdir().unwrap();
        let folder = Folder::new(parent.path());
        folder.init().unwrap();
        (parent, folder)
    }

    fn entry(began: &str, bytes: &[u8]) -> Entry {
        Entry {
            began: began.parse().unwrap(),
            digest: Digest::of(bytes),
        }
    }

    #[test]
    fn each_flipped_bit_is_seen() {
        let (_parent, folder) = folder();
        let mut listing = Listing::default();
        listing.insert(entry("2026-01-02", b"b"));
        listing.insert(entry("2026-01-01", b"a"));
        listing.write(&folder).unwrap();
        assert_eq!(Listing::read(&folder).unwrap(), Some(listing.clone()));
        let path = folder.at(LISTING);
        let text = fs::read(&path).unwrap();
        for bit in 0..8 * text.len() {
            let mut other = text.clone();
            other[bit / 8] ^= 1 << (bit % 8);
            fs::write(&path, other).unwrap();
            // A list that can be read all the same lists something else, which is not there.
            assert_ne!(
                Listing::read(&folder).ok(),
                Some(Some(listing.clone())),
                "{bit}"
            );
        }
        fs::write(&path, &text[..text.len() - 1]).unwrap();
        let error = Listing::read(&folder).unwrap_err().to_string();
        assert!(error.contains("is damaged in line 2"), "{error}");
    }

    #[test]
    fn takes_in_what_is_not_listed() {
        let (_parent, folder) = folder();
        let first = entry("2026-01-01", b"a");
        fs::write(first.path(&folder), "a").unwrap();
        assert_eq!(Listing::read(&folder).unwrap(), Some(Listing::default()));
        fs::remove_file(folder.at(LISTING)).unwrap();
        assert_eq!(Listing::read(&folder).unwrap(), None);
        let mut listing = Listing::read_or_make(&folder).unwrap();
        assert_eq!(listing.entries().collect::<Vec<_>>(), [first]);
        assert!(!listing.adopt(&folder, |_| false).unwrap());
        fs::write(entry("2026-01-02", b"b").path(&folder), "c").unwrap();
        fs::write(folder.snapshot("mine.txt"), "c").unwrap();
        assert!(!listing.adopt(&folder, |_| false).unwrap());
        fs::write(entry("2026-01-03", b"c").path(&folder), "c").unwrap();
        assert!(
            !listing
                .adopt(&folder, |name| name.starts_with("2026-01-03"))
                .unwrap()
        );
        assert!(listing.adopt(&folder, |_| false).unwrap());
    }

    #[test]
    fn no_two_snapshots_have_one_time() {
        let mut listing = Listing::default();
        let taken = entry("2026-01-01", b"a");
        listing.insert(taken);
        assert_eq!(listing.free(taken.began), taken.began.next());
    }

    #[test]
    fn a_new_snapshot_is_the_newest_though_the_clock_went_back() {
        let mut listing = Listing::default();
        let (last, of_a_wrong_clock) = (
            entry("2026-01-01T03:00:09Z", b"a"),
            entry("2030-01-01", b"b"),
        );
        listing.insert(last);
        listing.insert(of_a_wrong_clock);
        for (now, began) in [
            ("2026-01-01T03:00:00Z", "2026-01-01T03:00:10Z"),
            ("2025-12-31T23:00:00Z", "2026-01-01T03:00:10Z"),
            ("2026-01-02", "2026-01-02"),
            ("2025-12-29", "2025-12-29"),
        ] {
            assert_eq!(
                listing.free(now.parse().unwrap()),
                began.parse().unwrap(),
                "{now}"
            );
        }
    }

    #[test]
    fn names_say_time_and_id() {
        let entry = entry("2026-01-31T03:00:00Z", b"abc");
        assert_eq!(entry.name(), "2026-01-31T03-00-00Z-ba7816bf8f01");
        let name = entry.file_name();
        assert_eq!(parse_file_name(&name), Some((entry.began, "ba7816bf8f01")));
        for wrong in [
            "",
            "x.json.zst",
            "2026-01-31T03-00-00Z-ba78.json.zst",
            &name[1..],
        ] {
            assert_eq!(parse_file_name(wrong), None, "{wrong}");
        }
    }
}
