//! How output is compressed: an encoder for each codec, all alike to the one who writes.

use std::io::{self, Write};

use flate2::Compression;
use flate2::write::GzEncoder;
use zstd::stream::raw::{self, CParameter};
use zstd::stream::zio;

use super::codec::{CHUNK, Codec};

/// The bytes one zstd worker compresses at a time. Smaller jobs need less memory and compress a little worse.
const JOB: u32 = 2 << 20;

/// Compresses what is written to it and passes it on.
///
/// Only [`finish`](Self::finish) completes the data. An encoder that is dropped leaves it visibly cut off, so that
/// whoever reads it does not take a part for the whole.
pub struct Encoder<W: Write>(Inner<W>);

enum Inner<W: Write> {
    Plain(W),
    Gzip(Gzip<W>),
    Zstd(zstd::Encoder<'static, W>),
}

impl<W: Write> Encoder<W> {
    /// An encoder that writes to `sink`; zstd compresses on `threads` threads of its own.
    ///
    /// The compressed bytes do not depend on `threads`.
    pub fn new(sink: W, codec: Codec, threads: usize) -> io::Result<Self> {
        Ok(Self(match codec {
            Codec::Plain => Inner::Plain(sink),
            Codec::Gzip { level } => Inner::Gzip(Gzip::new(
                sink,
                level.map_or_else(Compression::default, Compression::new),
            )),
            Codec::Zstd { level } => {
                let mut encoder =
                    raw::Encoder::new(level.unwrap_or(zstd::DEFAULT_COMPRESSION_LEVEL))?;
                // Without a worker of its own zstd cuts the data differently, and one thread would give other bytes than two.
                encoder.set_parameter(CParameter::NbWorkers(
                    u32::try_from(threads).unwrap_or(u32::MAX).clamp(1, 64),
                ))?;
                encoder.set_parameter(CParameter::JobSize(JOB))?;
                encoder.set_parameter(CParameter::ChecksumFlag(true))?;
                Inner::Zstd(zstd::Encoder::with_writer(zio::Writer::new_with_capacity(
                    sink, encoder, CHUNK,
                )))
            }
        }))
    }

    /// Writes what is left and the end of the compressed data.
    pub fn finish(self) -> io::Result<W> {
        match self.0 {
            Inner::Plain(sink) => Ok(sink),
            Inner::Gzip(encoder) => encoder.finish(),
            Inner::Zstd(encoder) => encoder.finish(),
        }
    }
}

impl<W: Write> Write for Encoder<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.0 {
            Inner::Plain(sink) => sink.write(bytes),
            Inner::Gzip(encoder) => encoder.0.write(bytes),
            Inner::Zstd(encoder) => encoder.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.0 {
            Inner::Plain(sink) => sink.flush(),
            Inner::Gzip(encoder) => encoder.0.flush(),
            Inner::Zstd(encoder) => encoder.flush(),
        }
    }
}

/// A gzip encoder that does not write its trailer when dropped, as the one it holds would.
struct Gzip<W: Write>(GzEncoder<Valve<W>>);

/// A sink that can be shut.
struct Valve<W>(Option<W>);

impl<W: Write> Gzip<W> {
    fn new(sink: W, level: Compression) -> Self {
        Self(GzEncoder::new(Valve(Some(sink)), level))
    }

    fn finish(mut self) -> io::Result<W> {
        self.0.try_finish()?;
        self.0.get_mut().0.take().ok_or_else(shut)
    }
}

impl<W: Write> Drop for Gzip<W> {
    fn drop(&mut self) {
        self.0.get_mut().0 = None;
    }
}

impl<W: Write> Write for Valve<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.as_mut().ok_or_else(shut)?.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.as_mut().ok_or_else(shut)?.flush()
    }
}

fn shut() -> io::Error {
    io::Error::other("the encoder is finished")
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::super::codec::decoder;
    use super::*;

    const ALL: [Codec; 4] = [
        Codec::Plain,
        Codec::Gzip { level: Some(1) },
        Codec::Zstd { level: None },
        Codec::Zstd { level: Some(-3) },
    ];

    fn encode(bytes: &[u8], codec: Codec, threads: usize) -> Vec<u8> {
        let mut encoder = Encoder::new(Vec::new(), codec, threads).unwrap();
        for piece in bytes.chunks(100_000) {
            encoder.write_all(piece).unwrap();
        }
        encoder.finish().unwrap()
    }

    fn decode(stored: &[u8]) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        decoder(Codec::detect(stored), stored)?.read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// Several jobs for zstd, compressible but not trivially.
    fn sample() -> Vec<u8> {
        (0..300_000u64)
            .flat_map(|n| {
                (n * n)
                    .wrapping_mul(0x9e37_79b9_7f4a_7c15)
                    .to_string()
                    .into_bytes()
            })
            .collect()
    }

    #[test]
    fn gives_back_what_was_encoded() {
        for codec in ALL {
            for bytes in [&sample()[..], b"one\n", b""] {
                assert_eq!(decode(&encode(bytes, codec, 2)).unwrap(), bytes, "{codec}");
            }
        }
    }

    #[test]
    fn compresses_alike_on_any_number_of_threads() {
        let codec = Codec::Zstd { level: None };
        let one = encode(&sample(), codec, 1);
        assert_eq!(encode(&sample(), codec, 0), one);
        assert_eq!(encode(&sample(), codec, 3), one);
    }

    #[test]
    fn reads_all_members_and_frames() {
        let skippable = b"\x50\x2a\x4d\x18\x03\0\0\0abc";
        let zstd = |text: &[u8]| encode(text, Codec::Zstd { level: None }, 1);
        let gzip = |text: &[u8]| encode(text, Codec::Gzip { level: None }, 1);
        let frames = [
            &skippable[..],
            &zstd(b"one\n"),
            &zstd(b""),
            skippable,
            &zstd(b"two"),
            skippable,
        ]
        .concat();
        assert_eq!(decode(&frames).unwrap(), b"one\ntwo");
        let members = [gzip(b"one\n"), gzip(b""), gzip(b"two")].concat();
        assert_eq!(decode(&members).unwrap(), b"one\ntwo");
    }

    #[test]
    fn finds_data_that_ends_too_early() {
        for codec in [Codec::Gzip { level: None }, Codec::Zstd { level: None }] {
            let first = encode(b"one\ntwo\n", codec, 1);
            let both = first.repeat(2);
            for end in (2..both.len()).filter(|&end| end != first.len()) {
                let error = decode(&both[..end]).unwrap_err();
                assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof, "{codec} {end}");
            }
        }
    }

    #[test]
    fn is_visibly_cut_off_when_dropped() {
        for codec in [Codec::Gzip { level: None }, Codec::Zstd { level: None }] {
            let mut sink = Vec::new();
            let mut encoder = Encoder::new(&mut sink, codec, 2).unwrap();
            encoder.write_all(b"one\n").unwrap();
            encoder.flush().unwrap();
            drop(encoder);
            assert_eq!(
                decode(&sink).unwrap_err().kind(),
                io::ErrorKind::UnexpectedEof,
                "{codec}"
            );
        }
    }
}
