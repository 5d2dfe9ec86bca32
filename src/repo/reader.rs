//! How a file comes out of a snapshot: its lines in order, and an error instead of its end if they are not what was recorded.

use std::collections::VecDeque;
use std::io::{self, Read};

use super::digest::{Digest, Sum};
use super::folder::{Folder, damaged};
use super::lock::Lock;
use super::manifest::{Part, StoredFile};
use super::object;
use crate::error::Result;

/// So much of objects is kept in memory while a file jumps between them.
const KEPT: usize = 64 << 20;

/// Reads a file of a snapshot. While there is one, nothing is removed from the repository.
#[derive(Debug)]
pub struct FileReader {
    folder: Folder,
    file: StoredFile,
    parts: std::vec::IntoIter<Part>,
    /// The objects used last, the last one at the end.
    kept: VecDeque<Lines>,
    /// The object of the current part is the last of those kept; what of it is to be given out, in bytes.
    current: std::ops::Range<usize>,
    content: Option<Sum>,
    _lock: Option<Lock>,
}

/// The lines of an object.
#[derive(Debug)]
struct Lines {
    index: u32,
    bytes: Vec<u8>,
    /// Where each line ends.
    ends: Vec<usize>,
}

impl FileReader {
    pub(super) fn new(folder: Folder, file: StoredFile, lock: Option<Lock>) -> Self {
        Self {
            folder,
            parts: file.parts.clone().into_iter(),
            file,
            kept: VecDeque::new(),
            current: 0..0,
            content: Some(Sum::default()),
            _lock: lock,
        }
    }

    /// Goes to the next part; says whether there is one.
    fn advance(&mut self) -> Result<bool> {
        let Some(Part(index, first, last)) = self.parts.next() else {
            return Ok(false);
        };
        let lines = match self.kept.iter().position(|lines| lines.index == index) {
            Some(place) => self.kept.remove(place),
            None => None,
        };
        let lines = match lines {
            Some(lines) => lines,
            None => Lines::read(
                &self.folder,
                index,
                self.file.objects[index as usize].object,
            )?,
        };
        let end = |line: u64| match usize::try_from(line) {
            Ok(0) => Some(0),
            Ok(line) => lines.ends.get(line - 1).copied(),
            Err(_) => None,
        };
        let (Some(start), Some(end)) = (end(first - 1), end(last)) else {
            let path = self.folder.object(self.file.objects[index as usize].object);
            return Err(damaged(
                &path,
                format!("has no line {last}, which `{}` consists of", self.file.name),
            ));
        };
        self.current = start..end;
        self.kept.push_back(lines);
        let mut size: usize = self.kept.iter().map(|lines| lines.bytes.len()).sum();
        while size > KEPT && self.kept.len() > 1 {
            size -= self.kept.pop_front().map_or(0, |lines| lines.bytes.len());
        }
        Ok(true)
    }

    /// Says at the end whether it was what was recorded.
    fn check(&mut self) -> Result<()> {
        let Some(content) = self.content.take() else {
            return Ok(());
        };
        if content.finish() == (self.file.sha256, self.file.bytes) {
            return Ok(());
        }
        let name = format!(
            "is not what was recorded: the lines of `{}` give another checksum",
            self.file.name
        );
        Err(damaged(self.folder.path(), name))
    }
}

impl Lines {
    fn read(folder: &Folder, index: u32, object: Digest) -> Result<Self> {
        let bytes = object::read(folder, object)?;
        let mut ends: Vec<usize> = memchr::memchr_iter(b'\n', &bytes)
            .map(|at| at + 1)
            .collect();
        if bytes.last().is_some_and(|&last| last != b'\n') {
            ends.push(bytes.len());
        }
        Ok(Self { index, bytes, ends })
    }
}

impl Read for FileReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.current.is_empty() && !buffer.is_empty() {
            if !self.advance()? {
                self.check()?;
                return Ok(0);
            }
        }
        let lines = self.kept.back().map_or(&[][..], |lines| &lines.bytes);
        let rest = &lines[self.current.clone()];
        let many = rest.len().min(buffer.len());
        buffer[..many].copy_from_slice(&rest[..many]);
        if let Some(content) = &mut self.content {
            content.add(&rest[..many]);
        }
        self.current.start += many;
        Ok(many)
    }
}

/// Reads files of records one after the other, and ends each with a line end if it does not.
#[derive(Debug)]
pub struct SpaceReader {
    files: VecDeque<FileReader>,
    /// Whether the next byte is the first of a line.
    begins: bool,
}

impl SpaceReader {
    pub(super) fn new(files: VecDeque<FileReader>) -> Self {
        Self {
            files,
            begins: true,
        }
    }
}

impl Read for SpaceReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        while let Some(file) = self.files.front_mut() {
            let read = file.read(buffer)?;
            if read > 0 {
                self.begins = buffer[read - 1] == b'\n';
                return Ok(read);
            }
            self.files.pop_front();
            if !self.begins && !self.files.is_empty() {
                self.begins = true;
                buffer[0] = b'\n';
                return Ok(1);
            }
        }
        Ok(0)
    }
}
