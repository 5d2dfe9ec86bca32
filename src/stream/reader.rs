//! How bytes become batches: cuts sources after line ends, counts lines, bounds their length.

use std::collections::VecDeque;
use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::batch::{self, Batch};
use super::codec::{self, Codec};
use super::source::{Data, Origin, Source};
use crate::error::{Error, ErrorKind, Location, Result};

/// How to read.
#[derive(Debug, Clone)]
pub struct ReadOptions {
    /// How large a batch becomes; one line longer than that makes a longer batch.
    pub batch_bytes: usize,
    /// How long a line may be, without its line end.
    pub max_line_bytes: u64,
    /// Counts the bytes taken from the inputs so far, as they are stored, for a progress bar.
    pub consumed: Option<Arc<AtomicU64>>,
}

impl Default for ReadOptions {
    fn default() -> Self {
        Self {
            batch_bytes: 256 << 10,
            max_line_bytes: 256 << 20,
            consumed: None,
        }
    }
}

/// Cuts sources, one after another, into batches of whole lines.
///
/// The lines before a fault are given out before its error is, so that which error comes first does not depend on the
/// size of a batch. After an error the reader has ended.
pub struct Reader<'a> {
    /// The name of each source, and its codec once it was opened.
    sources: Vec<(Box<str>, Option<Codec>)>,
    waiting: VecDeque<Origin<'a>>,
    options: ReadOptions,
    current: Option<Current<'a>>,
    /// What was read beyond the last batch.
    carry: Vec<u8>,
    /// How many lines were given out, over all sources.
    ordinal: u64,
    /// The error to report when the lines before it are given out.
    fault: Option<Error>,
}

/// The source that is being read.
struct Current<'a> {
    index: usize,
    codec: Codec,
    data: Data<'a>,
    /// The number of the next line.
    line: u64,
    starts: bool,
    ends: bool,
}

impl<'a> Reader<'a> {
    /// A reader of these sources, in this order.
    pub fn new(sources: Vec<Source<'a>>, options: ReadOptions) -> Self {
        let options = ReadOptions {
            batch_bytes: options.batch_bytes.max(1),
            ..options
        };
        let (sources, waiting) = sources
            .into_iter()
            .map(|source| ((source.name, None), source.origin))
            .unzip();
        Self {
            sources,
            waiting,
            options,
            current: None,
            carry: Vec::new(),
            ordinal: 0,
            fault: None,
        }
    }

    /// The next batch, or none at the end; `buffer` is cleared and becomes its bytes.
    ///
    /// Hand back the bytes of a batch that is done with, and reading allocates nothing.
    pub fn next(&mut self, mut buffer: Vec<u8>) -> Result<Option<Batch>> {
        buffer.clear();
        // One giant line must not make every recycled buffer a giant.
        if buffer.capacity() / 4 > self.options.batch_bytes {
            buffer.shrink_to(self.options.batch_bytes);
        }
        while self.fault.is_none() {
            let Some(mut current) = self.current.take().or_else(|| self.open()) else {
                break;
            };
            self.fill(&mut current, &mut buffer);
            if !buffer.is_empty() {
                return Ok(Some(self.batch(current, buffer)));
            }
        }
        self.current = None;
        self.waiting.clear();
        self.fault.take().map_or(Ok(None), Err)
    }

    /// The name of a source, `-` for standard input, and nothing if there is no such source.
    pub fn name(&self, source: usize) -> &str {
        self.sources.get(source).map_or("", |(name, _)| name)
    }

    /// The codec of a source, once it was opened.
    pub fn codec(&self, source: usize) -> Option<Codec> {
        self.sources.get(source)?.1
    }

    /// Opens the next source; a failure is noted as the fault.
    fn open(&mut self) -> Option<Current<'a>> {
        let index = self.sources.len() - self.waiting.len();
        match self
            .waiting
            .pop_front()?
            .open(self.options.consumed.as_ref())
        {
            Ok((codec, data)) => {
                self.sources[index].1 = Some(codec);
                Some(Current {
                    index,
                    codec,
                    data,
                    line: 1,
                    starts: true,
                    ends: false,
                })
            }
            Err(error) => {
                self.fault = Some(self.failure(index, Codec::Plain, error));
                None
            }
        }
    }

    /// Reads whole lines into `buffer`, which stays empty if there are none.
    fn fill(&mut self, current: &mut Current<'a>, buffer: &mut Vec<u8>) {
        let longest = usize::try_from(self.options.max_line_bytes)
            .unwrap_or(usize::MAX)
            .saturating_add(2);
        let mut target = self.options.batch_bytes.max(self.carry.len());
        buffer.append(&mut self.carry);
        loop {
            // The last byte was not searched before.
            let searched = buffer.len().saturating_sub(1);
            if let Err(error) = self.read(current, buffer, target) {
                buffer.truncate(memchr::memrchr(b'\n', buffer).map_or(0, |at| at + 1));
                self.fault = Some(self.failure(current.index, current.codec, error));
                break;
            }
            if current.ends {
                break;
            }
            // At least one byte is held back, so the next batch of this source is never empty and the last is known as such.
            if let Some(at) = memchr::memrchr(b'\n', &buffer[searched..buffer.len() - 1]) {
                let end = searched + at + 1;
                self.carry.extend_from_slice(&buffer[end..]);
                buffer.truncate(end);
                break;
            }
            if buffer.len() >= longest {
                break;
            }
            target = target.saturating_mul(2).min(longest);
        }
        self.limit(current, buffer);
    }

    /// Reads until `buffer` holds `target` bytes or the source ends.
    fn read(
        &self,
        current: &mut Current<'a>,
        buffer: &mut Vec<u8>,
        target: usize,
    ) -> io::Result<()> {
        let wanted = target.saturating_sub(buffer.len());
        buffer.reserve_exact(wanted);
        let before = buffer.len();
        let outcome = (&mut current.data).take(wanted as u64).read_to_end(buffer);
        let read = buffer.len() - before;
        if let (Codec::Plain, Some(consumed)) = (current.codec, &self.options.consumed) {
            consumed.fetch_add(read as u64, Ordering::Relaxed);
        }
        current.ends = outcome? < wanted;
        Ok(())
    }

    /// Cuts `buffer` off before the first line that is too long.
    fn limit(&mut self, current: &mut Current<'a>, buffer: &mut Vec<u8>) {
        let limit = self.options.max_line_bytes;
        if buffer.len() as u64 <= limit {
            return;
        }
        let mut start = 0;
        let too_long = batch::lines(buffer).zip(current.line..).find(|(line, _)| {
            let length = line.len() - usize::from(line.ends_with(b"\n"));
            let is_long = length as u64 > limit;
            start += if is_long { 0 } else { line.len() };
            is_long
        });
        if let Some((_, number)) = too_long {
            let location = Location {
                line: number,
                ..self.location(current.index)
            };
            self.fault = Some(Error::from(ErrorKind::LineTooLong { limit }).at(location));
            current.ends = false;
            buffer.truncate(start);
        }
    }

    fn batch(&mut self, mut current: Current<'a>, bytes: Vec<u8>) -> Batch {
        let lines = batch::count(&bytes);
        let Current {
            index: source,
            line: first_line,
            starts,
            ends,
            ..
        } = current;
        let ordinal = self.ordinal;
        self.ordinal += lines;
        if !ends {
            current.line += lines;
            current.starts = false;
            self.current = Some(current);
        }
        Batch {
            bytes,
            source,
            first_line,
            ordinal,
            starts,
            ends,
        }
    }

    fn location(&self, source: usize) -> Location {
        Location {
            file: self.name(source).into(),
            ..Location::default()
        }
    }

    fn failure(&self, source: usize, codec: Codec, error: io::Error) -> Error {
        let is_compressed = codec != Codec::Plain;
        let name = match self.name(source) {
            "-" => "standard input".to_owned(),
            name => format!("`{name}`"),
        };
        let error = if is_compressed && error.kind() == io::ErrorKind::UnexpectedEof {
            Error::from(ErrorKind::Truncated {
                codec: codec.name(),
            })
        } else if is_compressed && error.raw_os_error().is_none() {
            Error::io(format!("decompressing {name}"), codec::explain(error))
        } else {
            Error::io(format!("reading {name}"), error)
        };
        error.at(self.location(source))
    }
}
