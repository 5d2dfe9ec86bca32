//! How a file gets into a snapshot: cut into lines, of which only those are stored that are not there yet.

use std::collections::BTreeMap;
use std::io::{self, Write};

use xxhash_rust::xxh3::xxh3_64;

use super::digest::{Digest, Sum};
use super::known::Known;
use super::manifest::{Form, Object, StoredFile};
use super::object::{Draft, Told};
use super::store::Store;
use crate::error::Result;

/// No object of records becomes larger, but for one line that is.
const RECORDS_BYTES: u64 = 8 << 20;
/// No object of text is cut before this.
const TEXT_LEAST: u64 = 64 << 10;
/// How large objects of text become on average.
const TEXT_USUAL: u64 = 512 << 10;
/// No object of text becomes larger, but for one line that is.
const TEXT_MOST: u64 = 4 << 20;

/// A file that is being written into a snapshot. Dropped before it is finished, it is not in it.
pub struct NewFile<'s> {
    store: &'s Store,
    known: Known,
    /// Where the known objects stand among those of the file, once they are used.
    used: Vec<Option<u32>>,
    stored: StoredFile,
    /// The objects of the file; none for the one that is being written.
    objects: Vec<Option<Object>>,
    current: Option<(u32, Draft)>,
    content: Sum,
    records: Sum,
    /// The beginning of a line whose end has not come yet.
    carry: Vec<u8>,
}

impl<'s> NewFile<'s> {
    pub(super) fn begin(store: &'s Store, name: &str, form: Form, known: Known) -> Self {
        let stored = StoredFile {
            name: name.into(),
            form,
            bytes: 0,
            lines: 0,
            sha256: Digest::of(b""),
            records_sha256: None,
            counts: BTreeMap::new(),
            objects: Vec::new(),
            parts: Vec::new(),
        };
        Self {
            store,
            used: vec![None; known.objects.len()],
            known,
            stored,
            objects: Vec::new(),
            current: None,
            content: Sum::default(),
            records: Sum::default(),
            carry: Vec::new(),
        }
    }

    /// Completes the file: all its lines are stored then, and what it consists of is told.
    pub fn finish(mut self) -> Result<StoredFile> {
        let last = std::mem::take(&mut self.carry);
        if !last.is_empty() {
            self.line(&last)
                .map_err(|error| self.store.writing(error))?;
        }
        self.close().map_err(|error| self.store.writing(error))?;
        let mut stored = self.stored;
        stored.objects = self.objects.into_iter().flatten().collect();
        (stored.sha256, stored.bytes) = self.content.finish();
        if stored.form.is_by_line() {
            stored.records_sha256 = Some(self.records.finish().0);
        }
        Ok(stored)
    }

    fn line(&mut self, line: &[u8]) -> io::Result<()> {
        self.content.add(line);
        self.stored.lines += 1;
        match self.stored.form {
            Form::Records | Form::Lines => self.record(line),
            Form::Text => self.text(line),
        }
    }

    fn record(&mut self, line: &[u8]) -> io::Result<()> {
        let told = Told::of(Digest::of(line), line, self.stored.form);
        self.records.add_line(told.sha256);
        if let Some(kind) = &told.kind {
            *self.stored.counts.entry(kind.clone()).or_default() += 1;
        }
        if let Some((known, number)) = self.known.line(told.sha256) {
            let object = self.known_object(known);
            self.stored.push(object, number);
            return Ok(());
        }
        if self.push(line, Some(&told))? >= RECORDS_BYTES {
            self.close()?;
        }
        Ok(())
    }

    fn text(&mut self, line: &[u8]) -> io::Result<()> {
        let bytes = self.push(line, None)?;
        // Whether an object ends with a line depends on that line alone, so that a change moves the cuts near it and no others.
        let chance = u64::MAX / TEXT_USUAL * (line.len() as u64).min(TEXT_USUAL);
        if (bytes >= TEXT_LEAST && xxh3_64(line) < chance) || bytes >= TEXT_MOST {
            self.close()?;
        }
        Ok(())
    }

    /// Adds a line to the object that is being written; says how large that is.
    fn push(&mut self, line: &[u8], told: Option<&Told>) -> io::Result<u64> {
        let (index, draft) = match &mut self.current {
            Some(current) => current,
            None => {
                let draft = Draft::begin(self.store.folder(), self.stored.form)?;
                self.objects.push(None);
                self.current.insert((last(&self.objects), draft))
            }
        };
        draft.push(line, told)?;
        self.stored.push(*index, draft.lines());
        Ok(draft.bytes())
    }

    /// Where a known object stands among those of the file.
    fn known_object(&mut self, known: u32) -> u32 {
        let Self { used, objects, .. } = self;
        *used[known as usize].get_or_insert_with(|| {
            objects.push(Some(self.known.objects[known as usize].clone()));
            last(objects)
        })
    }

    /// Puts the object that is being written in its place.
    fn close(&mut self) -> io::Result<()> {
        let Some((index, draft)) = self.current.take() else {
            return Ok(());
        };
        let known = self.known.content(draft.digest());
        self.objects[index as usize] = Some(match known {
            Some(known) => self.known.objects[known as usize].clone(),
            None => draft.finish(self.store)?,
        });
        Ok(())
    }
}

/// The place of the last object.
fn last(objects: &[Option<Object>]) -> u32 {
    u32::try_from(objects.len() - 1).unwrap_or(u32::MAX)
}

impl Write for NewFile<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut rest = bytes;
        while let Some(end) = memchr::memchr(b'\n', rest) {
            let (line, after) = rest.split_at(end + 1);
            if self.carry.is_empty() {
                self.line(line)?;
            } else {
                let mut whole = std::mem::take(&mut self.carry);
                whole.extend_from_slice(line);
                self.line(&whole)?;
                whole.clear();
                self.carry = whole;
            }
            rest = after;
        }
        self.carry.extend_from_slice(rest);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
