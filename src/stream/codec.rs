//! How bytes are compressed: which codec it is, and how to take it off.

use std::fmt;
use std::io::{self, BufReader, Read};
use std::ops::RangeInclusive;
use std::path::Path;
use std::str::FromStr;

use flate2::bufread::MultiGzDecoder;
use zstd::zstd_safe::zstd_sys::ZSTD_ErrorCode::ZSTD_error_frameParameter_windowTooLarge as WINDOW_TOO_LARGE;

use crate::error::{Error, Result};

/// How many bytes are enough to tell a codec.
pub(super) const MAGIC: u64 = 4;
/// How much compressed data is read or written at once.
pub(super) const CHUNK: usize = 128 << 10;

/// A way to compress, with the level where one was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Codec {
    /// Not compressed.
    Plain,
    /// gzip.
    Gzip {
        /// 0 (stored) to 9 (smallest).
        level: Option<u32>,
    },
    /// Zstandard.
    Zstd {
        /// 1 to 22, or a negative number for more speed.
        level: Option<i32>,
    },
}

impl Codec {
    /// The codec that an output of this name asks for: `.zst` and `.gz` compress.
    pub fn of_name(path: impl AsRef<Path>) -> Self {
        let extension = path.as_ref().extension().unwrap_or_default();
        if extension.eq_ignore_ascii_case("zst") {
            Self::Zstd { level: None }
        } else if extension.eq_ignore_ascii_case("gz") {
            Self::Gzip { level: None }
        } else {
            Self::Plain
        }
    }

    /// The codec of data that begins with `head`, told by content; 4 bytes are enough.
    ///
    /// A zstd stream may begin with a skippable frame. A zstd or gzip file cut off after 2 bytes is still recognised,
    /// since no line of text begins with those.
    pub fn detect(head: &[u8]) -> Self {
        const GZIP: [u8; 2] = [0x1f, 0x8b];
        const ZSTD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
        const SKIPPABLE: [u8; 3] = [0x2a, 0x4d, 0x18];
        let head = &head[..head.len().min(ZSTD.len())];
        match head {
            _ if head.starts_with(&GZIP) => Self::Gzip { level: None },
            _ if head.len() >= 2 && ZSTD.starts_with(head) => Self::Zstd { level: None },
            [0x50..=0x5f, rest @ ..] if rest == SKIPPABLE => Self::Zstd { level: None },
            _ => Self::Plain,
        }
    }

    /// The name as messages show it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Gzip { .. } => "gzip",
            Self::Zstd { .. } => "zstd",
        }
    }
}

/// The spelling that [`FromStr`] takes.
impl fmt::Display for Codec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain => f.write_str("none"),
            Self::Gzip { level: Some(level) } => write!(f, "gzip:{level}"),
            Self::Zstd { level: Some(level) } => write!(f, "zstd:{level}"),
            Self::Gzip { level: None } | Self::Zstd { level: None } => f.write_str(self.name()),
        }
    }
}

/// `none`, `gzip`, `gzip:9`, `zstd` or `zstd:19`.
impl FromStr for Codec {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let (name, level) = match text.split_once(':') {
            Some((name, level)) => (name, Some(level)),
            None => (text, None),
        };
        match (name, level) {
            ("none", None) => Ok(Self::Plain),
            ("none", Some(_)) => Err(Error::usage("`none` takes no level")),
            ("gzip", level) => Ok(Self::Gzip {
                level: parse_level(level, &(0..=9))?,
            }),
            ("zstd", level) => Ok(Self::Zstd {
                level: parse_level(level, &(-50..=22))?,
            }),
            _ => Err(Error::usage(format!(
                "the compression must be `zstd[:LEVEL]`, `gzip[:LEVEL]` or `none`, found `{text}`"
            ))),
        }
    }
}

fn parse_level<T>(text: Option<&str>, range: &RangeInclusive<T>) -> Result<Option<T>>
where
    T: FromStr + PartialOrd + fmt::Display,
{
    let Some(text) = text else { return Ok(None) };
    match text.parse() {
        Ok(level) if range.contains(&level) => Ok(Some(level)),
        _ => {
            let (least, most) = (range.start(), range.end());
            Err(Error::usage(format!(
                "the level must be a number from {least} to {most}, found `{text}`"
            )))
        }
    }
}

/// Reads what `raw` holds without its compression: all members of a gzip file, all frames of a zstd file.
///
/// Data that ends too early is an error of the kind [`io::ErrorKind::UnexpectedEof`].
pub(super) fn decoder<'a>(
    codec: Codec,
    raw: impl Read + Send + 'a,
) -> io::Result<Box<dyn Read + Send + 'a>> {
    Ok(match codec {
        Codec::Plain => Box::new(raw),
        Codec::Gzip { .. } => Box::new(MultiGzDecoder::new(BufReader::with_capacity(CHUNK, raw))),
        Codec::Zstd { .. } => Box::new(zstd::Decoder::with_buffer(BufReader::with_capacity(
            CHUNK, raw,
        ))?),
    })
}

/// Says what to do where the message of a codec does not.
pub(super) fn explain(error: io::Error) -> io::Error {
    let cause = error
        .get_ref()
        .and_then(|cause| cause.downcast_ref::<zstd::Error>());
    if cause.is_some_and(|cause| cause.is(WINDOW_TOO_LARGE)) {
        return io::Error::other(
            "the zstd window is larger than 128 MiB; decompress the file with `zstd -d --long=31` first",
        );
    }
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_the_spellings() {
        for codec in [
            Codec::Plain,
            Codec::Gzip { level: None },
            Codec::Gzip { level: Some(9) },
            Codec::Zstd { level: Some(-3) },
            Codec::Zstd { level: None },
        ] {
            assert_eq!(codec.to_string().parse::<Codec>().unwrap(), codec);
        }
        for (text, message) in [
            (
                "xz",
                "the compression must be `zstd[:LEVEL]`, `gzip[:LEVEL]` or `none`, found `xz`",
            ),
            (
                "gzip:10",
                "the level must be a number from 0 to 9, found `10`",
            ),
            (
                "zstd:",
                "the level must be a number from -50 to 22, found ``",
            ),
            ("none:1", "`none` takes no level"),
        ] {
            assert_eq!(text.parse::<Codec>().unwrap_err().to_string(), message);
        }
    }

    #[test]
    fn takes_the_output_codec_from_the_name() {
        assert_eq!(
            Codec::of_name("a/b.ndjson.zst"),
            Codec::Zstd { level: None }
        );
        assert_eq!(Codec::of_name("B.GZ"), Codec::Gzip { level: None });
        assert_eq!(Codec::of_name(".gz"), Codec::Plain);
        assert_eq!(Codec::of_name("zst"), Codec::Plain);
    }

    #[test]
    fn tells_a_codec_by_content() {
        for (head, name) in [
            (&b"\x1f\x8b"[..], "gzip"),
            (b"\x28\xb5", "zstd"),
            (b"\x28\xb5\x2f\xfd\x00", "zstd"),
            (b"\x28\xb5\x2f\x00", "plain"),
            (b"\x5f\x2a\x4d\x18", "zstd"),
            (b"(", "plain"),
            (b"", "plain"),
            (b"{\"a\":1}", "plain"),
        ] {
            assert_eq!(Codec::detect(head).name(), name, "{head:x?}");
        }
    }

    #[test]
    fn explains_a_window_that_is_too_large() {
        // A frame with one empty block and a window of 256 MiB, then one with 128 MiB.
        let read = |frame: &'static [u8]| {
            io::read_to_string(decoder(Codec::detect(frame), frame).unwrap())
        };
        let error = read(b"\x28\xb5\x2f\xfd\x00\x90\x01\0\0").unwrap_err();
        assert!(explain(error).to_string().contains("larger than 128 MiB"));
        assert_eq!(read(b"\x28\xb5\x2f\xfd\x00\x88\x01\0\0").unwrap(), "");
    }
}
