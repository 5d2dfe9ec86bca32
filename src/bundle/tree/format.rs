//! How a record is written in a file: JSON, YAML or TOML.

use std::borrow::Cow;
use std::fmt;

use super::{toml, yaml};
use crate::error::{Error, Excerpt, Location};
use crate::json::{Raw, Spacing, ValueKind, respaced};

/// How a record is written in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, clap::ValueEnum)]
pub enum Format {
    /// Indented, every token as it was read.
    #[default]
    Json,
    /// Texts of several lines as blocks.
    Yaml,
    /// Nested members with dotted names.
    Toml,
}

impl Format {
    /// The format of a file of this name; none for files of other kinds.
    pub(super) fn of_name(name: &str) -> Option<Self> {
        let (_, extension) = name.rsplit_once('.')?;
        match &*extension.to_ascii_lowercase() {
            "json" => Some(Self::Json),
            "yaml" | "yml" => Some(Self::Yaml),
            "toml" => Some(Self::Toml),
            _ => None,
        }
    }

    /// The extension of new files, with its dot.
    pub(super) fn extension(self) -> &'static str {
        match self {
            Self::Json => ".json",
            Self::Yaml => ".yaml",
            Self::Toml => ".toml",
        }
    }

    /// The text of a file that holds the record, and whether of members of one name all but the last were left out.
    pub fn write(self, record: Raw<'_>) -> (String, bool) {
        match self {
            Self::Json => (respaced(record, Spacing::Indented) + "\n", false),
            Self::Yaml => yaml::yaml(record),
            Self::Toml => toml::toml(record),
        }
    }

    /// What a file says, as compact JSON: tokens as they are spelt where the file is JSON. `file` is its name in messages.
    pub fn read(self, bytes: &[u8], file: &str) -> Result<String, Error> {
        let text = std::str::from_utf8(bytes).map_err(|_| {
            Error::tree(format!("a {self} file must be UTF-8")).at(Location {
                file: file.into(),
                ..Location::default()
            })
        })?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let read = match self {
            Self::Json => Raw::parse(text)
                .map(|value| respaced(value, Spacing::Compact))
                .map_err(|error| Fault::at_byte(text, error.offset, &error.problem)),
            Self::Yaml => yaml::json(&newlines(text)),
            Self::Toml => toml::json(&newlines(text)),
        };
        read.map_err(|fault| fault.into_error(self, text, file))
    }
}

/// The text with the line ends that version control on Windows may have made, taken back.
fn newlines(text: &str) -> Cow<'_, str> {
    if text.contains("\r\n") {
        text.replace("\r\n", "\n").into()
    } else {
        text.into()
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Json => "JSON",
            Self::Yaml => "YAML",
            Self::Toml => "TOML",
        })
    }
}

/// What is wrong with a file, and where.
#[derive(Debug)]
pub(super) struct Fault {
    /// From 1; 0 if it is not known.
    pub(super) line: u64,
    /// In characters from 0.
    column: usize,
    pub(super) problem: Box<str>,
}

impl Fault {
    /// At a line, from 1, and a character in it, from 0.
    pub(super) fn at_line(line: u64, column: usize, problem: &str) -> Self {
        Self {
            line,
            column,
            problem: problem.into(),
        }
    }

    /// At a byte of the text.
    pub(super) fn at_byte(text: &str, byte: usize, problem: &str) -> Self {
        let before = text.get(..byte).unwrap_or(text);
        let begins = before.rfind('\n').map_or(0, |at| at + 1);
        let line = before.bytes().filter(|&byte| byte == b'\n').count() + 1;
        Self::at_line(line as u64, before[begins..].chars().count(), problem)
    }

    fn into_error(self, format: Format, text: &str, file: &str) -> Error {
        let place = usize::try_from(self.line).unwrap_or(0).checked_sub(1);
        let line = place.and_then(|place| text.split('\n').nth(place));
        let error = Error::tree(format!("not {format}: {}", self.problem)).at(Location {
            file: file.into(),
            line: self.line,
            column: if self.line == 0 {
                0
            } else {
                self.column as u64 + 1
            },
            record: None,
        });
        match line {
            Some(line) => {
                let start = line
                    .char_indices()
                    .nth(self.column)
                    .map_or(line.len(), |(at, _)| at);
                error.showing(Excerpt::of(line.trim_end_matches('\r'), start, start + 1))
            }
            None => error,
        }
    }
}

/// Whether compact JSON is an object.
pub(super) fn is_object(json: &str) -> bool {
    Raw::parse(json).is_ok_and(|value| value.kind() == ValueKind::Object)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_files_by_their_extension() {
        assert_eq!(Format::of_name("a/b.JSON"), Some(Format::Json));
        assert_eq!(Format::of_name("b.yml"), Some(Format::Yaml));
        assert_eq!(Format::of_name("b.toml"), Some(Format::Toml));
        assert_eq!(Format::of_name("b.ndjson"), None);
        assert_eq!(Format::of_name("json"), None);
    }

    #[test]
    fn shows_the_place_of_a_fault() {
        for (format, text, place) in [
            (Format::Json, "{\n  \"a\": 1,\n  \"é\": x\n}\n", (3, 8)),
            (Format::Yaml, "a: 1\nb: [1, }\n", (2, 8)),
            (Format::Toml, "a = 1\nb = x\n", (2, 5)),
        ] {
            let error = format.read(text.as_bytes(), "dir/file").unwrap_err();
            let location = error.location().unwrap();
            assert_eq!((location.line, location.column), place, "{error}");
            assert!(
                error.to_string().starts_with(&format!("not {format}: ")),
                "{error}"
            );
            assert!(error.excerpt().is_some());
        }
        let error = Format::Json.read(b"\xff", "f").unwrap_err();
        assert_eq!(error.to_string(), "a JSON file must be UTF-8");
    }

    #[test]
    fn takes_marks_and_line_ends_of_windows() {
        for (format, text) in [
            (Format::Json, "\u{feff}{\r\n \"a\": \"b\\nc\"\r\n}\r\n"),
            (Format::Yaml, "\u{feff}a: |-\r\n  b\r\n  c\r\n"),
            (Format::Toml, "\u{feff}a = '''\r\nb\r\nc'''\r\n"),
        ] {
            assert_eq!(
                format.read(text.as_bytes(), "f").unwrap(),
                "{\"a\":\"b\\nc\"}"
            );
        }
    }
}
