//! What holds for reading as a whole: sources, codecs and batches together.

use std::io::{self, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use proptest::prelude::*;

use super::{Batch, Codec, Encoder, ReadOptions, Reader, Source};
use crate::error::{Error, Location};

fn options(batch_bytes: usize) -> ReadOptions {
    ReadOptions {
        batch_bytes,
        ..ReadOptions::default()
    }
}

/// Everything a reader gives out, and its error.
fn drain(sources: Vec<Source<'_>>, options: ReadOptions) -> (Vec<Batch>, Option<Error>) {
    let mut reader = Reader::new(sources, options);
    let mut batches = Vec::new();
    loop {
        match reader.next(Vec::new()) {
            Ok(Some(batch)) => batches.push(batch),
            Ok(None) => return (batches, None),
            Err(error) => {
                assert!(
                    reader.next(Vec::new()).unwrap().is_none(),
                    "an error ends the reader"
                );
                return (batches, Some(error));
            }
        }
    }
}

fn sources(texts: &[Vec<u8>]) -> Vec<Source<'_>> {
    texts
        .iter()
        .map(|text| Source::reader("a", &text[..]))
        .collect()
}

/// The lines of all batches with their source, number and ordinal.
fn numbered(batches: &[Batch]) -> Vec<(usize, u64, u64, Vec<u8>)> {
    let lines = batches.iter().flat_map(|batch| {
        let numbers = (batch.first_line..).zip(batch.ordinal..);
        batch
            .lines()
            .zip(numbers)
            .map(|(line, (number, ordinal))| (batch.source, number, ordinal, line.to_vec()))
    });
    lines.collect()
}

fn fails(sources: Vec<Source<'_>>, options: ReadOptions) -> (String, Location) {
    let error = drain(sources, options).1.unwrap();
    (error.to_string(), error.location().unwrap().clone())
}

proptest! {
    #[test]
    fn any_bytes_in_any_batches_come_out_as_they_went_in(
        texts in prop::collection::vec(prop::collection::vec(prop_oneof![Just(b'\n'), Just(b'a'), Just(b'\r'), any::<u8>()], 0..40), 0..5),
        size in 1..50usize,
    ) {
        let inputs = texts.iter().map(|text| Source::decoded("a", &text[..])).collect();
        let (batches, error) = drain(inputs, options(size));
        prop_assert!(error.is_none());
        let mut ordinal = 0;
        let mut expected = Vec::new();
        for (source, text) in texts.iter().enumerate() {
            for (line, number) in text.split_inclusive(|&byte| byte == b'\n').zip(1..) {
                expected.push((source, number, ordinal, line.to_vec()));
                ordinal += 1;
            }
            let own: Vec<_> = batches.iter().filter(|batch| batch.source == source).collect();
            prop_assert_eq!(own.iter().filter(|batch| batch.starts).count(), usize::from(!text.is_empty()));
            prop_assert_eq!(own.first().is_none_or(|batch| batch.starts), true);
            prop_assert_eq!(own.iter().filter(|batch| batch.ends).count(), usize::from(!text.is_empty()));
            prop_assert_eq!(own.last().is_none_or(|batch| batch.ends), true);
        }
        prop_assert_eq!(numbered(&batches), expected);
    }

    #[test]
    fn a_limit_cuts_at_the_same_line_whatever_the_batches(
        text in prop::collection::vec(prop_oneof![Just(b'\n'), Just(b'a')], 0..60),
        size in 1..50usize,
        limit in 0..8u64,
    ) {
        let (batches, error) = drain(
            vec![Source::reader("a", &text[..])],
            ReadOptions { max_line_bytes: limit, ..options(size) },
        );
        let long = text.split(|&byte| byte == b'\n').position(|line| line.len() as u64 > limit);
        let found = error.map(|error| error.location().unwrap().line);
        prop_assert_eq!(found, long.map(|line| line as u64 + 1));
        if let Some(long) = long {
            prop_assert_eq!(numbered(&batches).len(), long);
        }
    }
}

#[test]
fn passes_over_an_empty_source() {
    let texts = [b"a".to_vec(), Vec::new(), b"b\n".to_vec(), b"c".to_vec()];
    let (batches, _) = drain(sources(&texts), options(64));
    let seen: Vec<_> = batches
        .iter()
        .map(|batch| (batch.source, batch.ordinal))
        .collect();
    assert_eq!(seen, [(0, 0), (2, 1), (3, 2)]);
}

#[test]
fn keeps_the_buffer_it_is_given() {
    let text = b"0123456\n".repeat(64);
    let mut reader = Reader::new(vec![Source::reader("a", &text[..])], options(50));
    let mut buffer = Vec::with_capacity(50);
    let place = buffer.as_ptr();
    while let Some(batch) = reader.next(buffer).unwrap() {
        buffer = batch.bytes;
        assert_eq!((buffer.as_ptr(), buffer.capacity()), (place, 50));
    }
}

#[test]
fn does_not_read_a_giant_line_to_its_end() {
    let consumed = Arc::new(AtomicU64::new(0));
    let limited = ReadOptions {
        max_line_bytes: 100,
        consumed: Some(consumed.clone()),
        ..options(16)
    };
    let giant = b"a\n".chain(io::repeat(b'x'));
    let (message, location) = fails(vec![Source::reader("g", giant)], limited);
    assert_eq!(message, "the line is longer than 100 bytes");
    assert_eq!((&*location.file, location.line), ("g", 2));
    assert!(consumed.load(Ordering::Relaxed) < 200);
}

#[test]
fn names_what_it_cannot_read() {
    let directory = tempfile::tempdir().unwrap();
    let name = directory.path().to_string_lossy().into_owned();
    let (message, location) = fails(vec![Source::path(directory.path())], options(64));
    assert_eq!(message, format!("reading `{name}`: is a directory"));
    assert_eq!((&*location.file, location.line), (&*name, 0));
    let inputs = vec![
        Source::reader("a", &b"a\n"[..]),
        Source::path("missing.ndjson"),
    ];
    let (batches, error) = drain(inputs, options(64));
    assert_eq!(batches.len(), 1);
    assert!(
        error
            .unwrap()
            .to_string()
            .starts_with("reading `missing.ndjson`: ")
    );
}

#[test]
fn decompresses_and_counts_what_is_stored() {
    for codec in [
        Codec::Plain,
        Codec::Gzip { level: None },
        Codec::Zstd { level: None },
    ] {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        let mut encoder = Encoder::new(&mut file, codec, 1).unwrap();
        encoder.write_all(&b"some line\n".repeat(1000)).unwrap();
        encoder.finish().unwrap();
        let consumed = Arc::new(AtomicU64::new(0));
        let counted = ReadOptions {
            consumed: Some(consumed.clone()),
            ..options(100)
        };
        let mut reader = Reader::new(vec![Source::path(file.path())], counted);
        assert_eq!(reader.codec(0), None);
        let mut lines = 0;
        while let Some(batch) = reader.next(Vec::new()).unwrap() {
            lines += batch.lines().filter(|line| line == b"some line\n").count();
        }
        assert_eq!((lines, reader.codec(0)), (1000, Some(codec)));
        assert_eq!(
            consumed.load(Ordering::Relaxed),
            file.path().metadata().unwrap().len(),
            "{codec}"
        );
    }
}

#[test]
fn gives_out_the_lines_before_damage() {
    for codec in [Codec::Gzip { level: None }, Codec::Zstd { level: None }] {
        let encode = |text: &[u8]| {
            let mut encoder = Encoder::new(Vec::new(), codec, 1).unwrap();
            encoder.write_all(text).unwrap();
            encoder.finish().unwrap()
        };
        let whole = [encode(b"one\ntwo\n"), encode(b"three\n")].concat();
        for (damaged, message) in [
            (
                &whole[..whole.len() - 1],
                format!("the {} data ends too early", codec.name()),
            ),
            (
                &[&whole, &b"no compressed data"[..]].concat(),
                "decompressing `a`: ".into(),
            ),
        ] {
            let (batches, error) = drain(vec![Source::reader("a", damaged)], options(64));
            assert!(numbered(&batches).len() >= 2 && !batches.iter().any(|batch| batch.ends));
            let error = error.unwrap();
            assert!(error.to_string().starts_with(&message), "{error}");
            assert_eq!(&*error.location().unwrap().file, "a");
        }
    }
}

/// Fails every other read, as a signal makes it.
struct Interrupted<R>(R, bool);

impl<R: Read> Read for Interrupted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.1 = !self.1;
        if self.1 {
            Err(io::ErrorKind::Interrupted.into())
        } else {
            self.0.read(buffer)
        }
    }
}

#[test]
fn goes_on_after_an_interruption() {
    for codec in [
        Codec::Plain,
        Codec::Gzip { level: None },
        Codec::Zstd { level: None },
    ] {
        let mut encoder = Encoder::new(Vec::new(), codec, 1).unwrap();
        encoder.write_all(b"one\ntwo").unwrap();
        let stored = encoder.finish().unwrap();
        let (batches, error) = drain(
            vec![Source::reader("a", Interrupted(&stored[..], false))],
            options(5),
        );
        assert!(error.is_none(), "{codec}");
        assert_eq!(numbered(&batches).len(), 2, "{codec}");
    }
}
