//! The output of a run: batches in order, details records counted anew where what they count changed.

use std::io::Write;

use super::work::{DetailsMark, Tally};
use crate::error::{Error, Result};
use crate::record::{Record, recount};

/// Writes what batches became, one after another.
pub(super) struct Recounting<W> {
    output: W,
    /// Records since the last details record.
    segment: Tally,
    /// The last byte written.
    last: u8,
}

impl<W: Write> Recounting<W> {
    pub(super) fn new(output: W) -> Self {
        Self {
            output,
            segment: Tally::default(),
            last: b'\n',
        }
    }

    /// Writes the next batch: its lines, where details records stand in them, and the records after the last of those.
    ///
    /// Gives how many details records were counted anew.
    pub(super) fn take(&mut self, out: &[u8], details: &[DetailsMark], rest: Tally) -> Result<u64> {
        let mut from = 0;
        let mut changed = 0;
        for details in details {
            self.count(details.before);
            if let Some(new) = self.recounted(&out[details.at.clone()]) {
                changed += 1;
                write_lines(
                    &mut self.output,
                    &out[from..details.at.start],
                    &mut self.last,
                )
                .map_err(writing)?;
                self.output.write_all(&new).map_err(writing)?;
                self.last = b'}';
                from = details.at.end;
                // The line end belongs to the record just written.
                if out.get(from) == Some(&b'\n') {
                    self.output.write_all(b"\n").map_err(writing)?;
                    self.last = b'\n';
                    from += 1;
                }
            }
            self.segment = Tally::default();
        }
        self.count(rest);
        write_lines(&mut self.output, &out[from..], &mut self.last).map_err(writing)?;
        Ok(changed)
    }

    /// Writes one more line at the end.
    pub(super) fn close(&mut self, line: &str) -> Result<()> {
        write_lines(
            &mut self.output,
            format!("{line}\n").as_bytes(),
            &mut self.last,
        )
        .map_err(writing)
    }

    pub(super) fn flush(&mut self) -> Result<()> {
        self.output.flush().map_err(writing)
    }

    fn count(&mut self, tally: Tally) {
        self.segment.read += tally.read;
        self.segment.kept += tally.kept;
        self.segment.lost += tally.lost;
    }

    /// The details record counted anew, if what it counts changed.
    fn recounted(&self, text: &[u8]) -> Option<Vec<u8>> {
        if self.segment.read == self.segment.kept && self.segment.lost == 0 {
            return None;
        }
        let mut details = Record::parse(std::str::from_utf8(text).ok()?, 0).ok()?;
        recount(&mut details, self.segment.kept);
        let mut new = Vec::new();
        details.write(&mut new);
        details.is_changed().then_some(new)
    }
}

/// Writes whole lines; after a file that lacks its last newline, one goes before the next file's first line.
pub(super) fn write_lines(
    out: &mut impl Write,
    bytes: &[u8],
    last: &mut u8,
) -> std::io::Result<()> {
    let Some(end) = bytes.last() else {
        return Ok(());
    };
    if *last != b'\n' {
        out.write_all(b"\n")?;
    }
    *last = *end;
    out.write_all(bytes)
}

fn writing(source: std::io::Error) -> Error {
    Error::io("writing the output", source)
}
