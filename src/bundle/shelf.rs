//! Where the lines of a bundle wait until it is known which of them go where.

use std::io::{self, Read, Seek, SeekFrom, Write};

use crate::error::{Error, Location, Result};
use crate::pipeline::{Line, Reading, scan_lines};
use crate::record::Record;
use crate::stream::{Source, Spool};

/// The lines of a bundle in a temporary file, blank ones left out, each to be had again as it was read.
///
/// Takes 8 bytes of memory a line, and some more where blank lines stand between.
#[derive(Debug)]
pub struct Shelf {
    spool: Spool,
    files: Vec<Box<str>>,
    /// Where each line begins in the spool, and where the next one would.
    starts: Vec<u64>,
    runs: Vec<Run>,
}

/// Lines that follow each other in one file.
#[derive(Debug, Clone, Copy)]
struct Run {
    /// The index of the first of them.
    index: usize,
    file: u32,
    /// The number of the first of them in the file.
    line: u64,
}

impl Run {
    /// The number in its file of the line at this index, if that is of this run.
    fn line_of(&self, index: usize) -> u64 {
        self.line + (index - self.index) as u64
    }
}

impl Shelf {
    /// Reads the sources and keeps every line that is not blank.
    ///
    /// `sink` gets, in input order, each line's index on the shelf, its place in the input, and what `work` made of it or why it
    /// cannot be read; an error that it returns ends the reading. Line ends and byte order marks are not kept.
    pub fn fill<T: Send>(
        reading: &Reading,
        sources: Vec<Source<'_>>,
        work: impl Fn(&Record<'_>) -> T + Sync,
        mut sink: impl FnMut(usize, &Location, Result<T>) -> Result<()>,
    ) -> Result<Self> {
        Self::fill_lines(reading, sources, work, |line, kept| match kept {
            Some((index, result)) => sink(index, &line.location, result),
            None => Ok(()),
        })
    }

    /// As [`fill`](Self::fill), but `sink` gets every line as it was read: blank ones too, without index and result.
    pub fn fill_lines<T: Send>(
        reading: &Reading,
        sources: Vec<Source<'_>>,
        work: impl Fn(&Record<'_>) -> T + Sync,
        mut sink: impl FnMut(&Line<'_>, Option<(usize, Result<T>)>) -> Result<()>,
    ) -> Result<Self> {
        let mut files: Vec<Box<str>> = Vec::new();
        let mut starts: Vec<u64> = vec![0];
        let mut runs: Vec<Run> = Vec::new();
        let mut spool = io::BufWriter::with_capacity(1 << 18, Spool::new()?);
        let mut offset = 0;
        scan_lines(reading, sources, work, |line, result| {
            let Some(result) = result else {
                return sink(&line, None);
            };
            if files.last() != Some(&line.location.file) {
                files.push(line.location.file.clone());
            }
            let bytes = trimmed(&line);
            if u32::try_from(bytes.len()).is_err() {
                return Err(Error::refused("a line of 4 GiB"));
            }
            let run = Run {
                index: starts.len() - 1,
                file: u32::try_from(files.len() - 1)
                    .map_err(|_| Error::refused("too many files"))?,
                line: line.location.line,
            };
            let goes_on = |last: &Run| last.file == run.file && last.line_of(run.index) == run.line;
            if !runs.last().is_some_and(goes_on) {
                runs.push(run);
            }
            spool
                .write_all(bytes)
                .and_then(|()| spool.write_all(b"\n"))
                .map_err(keeping)?;
            offset += bytes.len() as u64 + 1;
            starts.push(offset);
            sink(&line, Some((run.index, result)))
        })?;
        let spool = spool
            .into_inner()
            .map_err(|error| keeping(error.into_error()))?;
        Ok(Self {
            spool,
            files,
            starts,
            runs,
        })
    }

    /// The lines again as an input: a line's ordinal there is its index here.
    pub(crate) fn source(&mut self) -> Result<Source<'static>> {
        let spool = self.spool.reader()?;
        Ok(Source::decoded("the temporary copy of the input", spool))
    }

    /// How many lines there are.
    pub fn len(&self) -> usize {
        self.starts.len() - 1
    }

    /// Whether there is no line.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The length in bytes of the line at this index, without its line end.
    pub fn line_len(&self, index: usize) -> usize {
        self.place(index).1
    }

    /// Where a line begins in the spool, and how long it is without its line end.
    fn place(&self, index: usize) -> (u64, usize) {
        let (start, next) = (self.starts[index], self.starts[index + 1]);
        // Less than 4 GiB, as was seen to when it was kept.
        (start, usize::try_from(next - start - 1).unwrap_or_default())
    }

    /// Where in the input the line stood.
    pub fn location(&self, index: usize) -> Location {
        // The first run begins with the first line, so there is one.
        let run = self.runs[self.runs.partition_point(|run| run.index <= index) - 1];
        Location {
            file: self.files[run.file as usize].clone(),
            line: run.line_of(index),
            column: 0,
            record: None,
        }
    }

    /// The lines at these indices, one after another, each handed to `take` without its line end.
    ///
    /// Indices in rising order are read fastest; any order works.
    pub fn lines(
        &mut self,
        indices: impl IntoIterator<Item = usize>,
        mut take: impl FnMut(usize, &[u8]) -> Result<()>,
    ) -> Result<()> {
        let mut file = io::BufReader::with_capacity(1 << 18, self.spool.reader()?);
        let mut at = 0_u64;
        let mut line = Vec::new();
        for index in indices {
            let (start, len) = self.place(index);
            let read = |file: &mut io::BufReader<std::fs::File>, line: &mut Vec<u8>| {
                match i64::try_from(start).ok().zip(i64::try_from(at).ok()) {
                    Some((to, from)) => file.seek_relative(to - from)?,
                    None => _ = file.seek(SeekFrom::Start(start))?,
                }
                line.resize(len, 0);
                file.read_exact(line)
            };
            read(&mut file, &mut line)
                .map_err(|source| Error::io("reading a temporary file", source))?;
            at = start + len as u64;
            take(index, &line)?;
        }
        Ok(())
    }
}

fn keeping(source: io::Error) -> Error {
    Error::io("writing the temporary copy of the input", source)
}

/// The line without its end and, where it begins a file, without a byte order mark.
pub(super) fn trimmed<'l>(line: &Line<'l>) -> &'l [u8] {
    let bytes = line.bytes;
    let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
    let mark = "\u{feff}".as_bytes();
    match bytes.strip_prefix(mark) {
        Some(rest) if line.location.line == 1 => rest,
        _ => bytes,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gives_back_lines_in_any_order() {
        let bundle = "{\"rule_id\":\"a\"}\r\n\n{ \"rule_id\":\"b\" }\n{\"rule_id\":1}";
        let mut seen = Vec::new();
        let sources = vec![
            Source::reader("x", bundle.as_bytes()),
            Source::reader("y", &b"[]\n"[..]),
        ];
        let id = |record: &Record<'_>| record.str("rule_id").map(String::from);
        let mut shelf = Shelf::fill(&Reading::default(), sources, id, |index, location, id| {
            seen.push((
                index,
                location.file.to_string(),
                location.line,
                id.ok().flatten(),
            ));
            Ok(())
        })
        .unwrap();
        let line = |index, file: &str, line, id: Option<&str>| {
            (index, file.to_owned(), line, id.map(String::from))
        };
        assert_eq!(
            seen,
            [
                line(0, "x", 1, Some("a")),
                line(1, "x", 3, Some("b")),
                line(2, "x", 4, None),
                line(3, "y", 1, None)
            ]
        );
        assert_eq!(
            (shelf.len(), shelf.line_len(1), shelf.location(3).line),
            (4, 17, 1)
        );
        let mut lines = Vec::new();
        shelf
            .lines([2, 0, 1, 1, 3], |_, line| {
                lines.push(String::from_utf8(line.to_vec()).unwrap());
                Ok(())
            })
            .unwrap();
        assert_eq!(
            lines,
            [
                "{\"rule_id\":1}",
                "{\"rule_id\":\"a\"}",
                "{ \"rule_id\":\"b\" }",
                "{ \"rule_id\":\"b\" }",
                "[]"
            ]
        );
    }
}
