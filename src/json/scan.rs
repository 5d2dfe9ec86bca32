//! Where do a JSON value's parts begin and end? The only JSON parser of the crate.
//!
//! Accepts exactly RFC 8259 (so what `JSON.parse` accepts), at any depth, without recursion. The text is UTF-8 already;
//! all structure is ASCII, so every offset returned is a character boundary.

use wide::u8x16;

/// Text that is not JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonError {
    /// The byte at which it stops being JSON, from 0.
    pub offset: usize,
    /// What was expected there, and what was found.
    pub problem: Box<str>,
}

impl From<JsonError> for crate::error::Error {
    fn from(error: JsonError) -> Self {
        crate::error::ErrorKind::Json {
            problem: error.problem,
        }
        .into()
    }
}

type Result<T> = std::result::Result<T, JsonError>;

/// The first byte at or after `at` that is not JSON white space.
#[inline]
pub(super) fn space(bytes: &[u8], mut at: usize) -> usize {
    while let Some(b' ' | b'\t' | b'\n' | b'\r') = bytes.get(at) {
        at += 1;
    }
    at
}

/// The end of the value that begins at `at`, which must not be white space.
pub(super) fn value(bytes: &[u8], at: usize) -> Result<usize> {
    match bytes.get(at) {
        Some(b'"') => Ok(string(bytes, at)?.end),
        Some(b'{' | b'[') => container(bytes, at),
        _ => scalar(bytes, at),
    }
}

/// The end of a string and whether an escape occurs in it.
#[derive(Clone, Copy)]
pub(super) struct StringEnd {
    /// The byte after the closing quote.
    pub(super) end: usize,
    /// Whether the text between the quotes has a backslash.
    pub(super) escaped: bool,
}

/// The end of the string whose opening quote is at `at`.
#[inline]
pub(super) fn string(bytes: &[u8], at: usize) -> Result<StringEnd> {
    let mut at = at + 1;
    let mut escaped = false;
    loop {
        at = plain(bytes, at);
        match bytes.get(at) {
            Some(b'"') => {
                return Ok(StringEnd {
                    end: at + 1,
                    escaped,
                });
            }
            Some(b'\\') => {
                escaped = true;
                at = escape(bytes, at)?;
            }
            found => return Err(in_string(bytes, at, found.copied())),
        }
    }
}

/// The places of quotes, backslashes and control characters, lowest bit first.
#[inline]
fn special(chunk: [u8; 16]) -> u32 {
    let bytes = u8x16::new(chunk);
    let control = bytes.min(u8x16::splat(0x1f)).simd_eq(bytes);
    let hit = bytes.simd_eq(u8x16::splat(b'"')) | bytes.simd_eq(u8x16::splat(b'\\')) | control;
    hit.to_bitmask()
}

/// The first byte at or after `at` that ends a run of plain text within a string.
#[inline]
fn plain(bytes: &[u8], mut at: usize) -> usize {
    while let Some(chunk) = bytes.get(at..).and_then(<[u8]>::first_chunk) {
        let hit = special(*chunk);
        if hit != 0 {
            return at + hit.trailing_zeros() as usize;
        }
        at += 16;
    }
    let rest = bytes.get(at..).unwrap_or_default();
    at + rest
        .iter()
        .take_while(|&&b| b != b'"' && b != b'\\' && b >= 0x20)
        .count()
}

/// The end of the escape whose backslash is at `at`.
fn escape(bytes: &[u8], at: usize) -> Result<usize> {
    match bytes.get(at + 1) {
        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(at + 2),
        Some(b'u') => {
            let digits = bytes
                .iter()
                .skip(at + 2)
                .take(4)
                .take_while(|b| b.is_ascii_hexdigit())
                .count();
            if digits == 4 {
                Ok(at + 6)
            } else {
                Err(error(at, "expected four hexadecimal digits after `\\u`"))
            }
        }
        None => Err(error(bytes.len(), "the line ends inside a string")),
        Some(_) => Err(error(
            at,
            "expected one of `\"\\/bfnrtu` after the backslash",
        )),
    }
}

fn in_string(bytes: &[u8], at: usize, found: Option<u8>) -> JsonError {
    match found {
        Some(0) => error(
            at,
            "a NUL byte in a string; expected it escaped as `\\u0000`",
        ),
        Some(b) => JsonError {
            offset: at,
            problem: format!(
                "a control character in a string; expected it escaped as `\\u{b:04x}`"
            )
            .into(),
        },
        None => error(bytes.len(), "the line ends inside a string"),
    }
}

/// Which containers are open, innermost last, one bit each: set for an object.
struct Open {
    word: u64,
    depth: u32,
    full: Vec<u64>,
}

impl Open {
    fn push(&mut self, object: bool) {
        if self.depth == 64 {
            self.full.push(self.word);
            self.depth = 0;
        }
        self.word = self.word << 1 | u64::from(object);
        self.depth += 1;
    }

    /// Closes the innermost; false when that was the last.
    fn pop(&mut self) -> bool {
        self.word >>= 1;
        self.depth -= 1;
        if self.depth == 0
            && let Some(word) = self.full.pop()
        {
            self.word = word;
            self.depth = 64;
        }
        self.depth > 0
    }

    fn in_object(&self) -> bool {
        self.word & 1 == 1
    }
}

/// The end of the object or array that begins at `at`.
fn container(bytes: &[u8], at: usize) -> Result<usize> {
    let mut open = Open {
        word: 0,
        depth: 0,
        full: Vec::new(),
    };
    let mut at = at;
    loop {
        match bytes.get(at) {
            Some(b'"') => at = string(bytes, at)?.end,
            Some(b'{') => {
                open.push(true);
                at = space(bytes, at + 1);
                if bytes.get(at) != Some(&b'}') {
                    at = key(bytes, at)?.value;
                    continue;
                }
            }
            Some(b'[') => {
                open.push(false);
                at = space(bytes, at + 1);
                if bytes.get(at) != Some(&b']') {
                    continue;
                }
            }
            _ => at = scalar(bytes, at)?,
        }
        loop {
            at = space(bytes, at);
            match (bytes.get(at), open.in_object()) {
                (Some(b','), object) => {
                    at = space(bytes, at + 1);
                    if object {
                        at = key(bytes, at)?.value;
                    }
                    break;
                }
                (Some(b'}'), true) | (Some(b']'), false) => {
                    at += 1;
                    if !open.pop() {
                        return Ok(at);
                    }
                }
                (_, true) => return Err(expected(bytes, at, "`,` or `}` after a member")),
                (_, false) => return Err(expected(bytes, at, "`,` or `]` after an element")),
            }
        }
    }
}

/// A key and the place where its value begins.
pub(super) struct Key {
    /// The byte after the opening quote.
    pub(super) start: usize,
    /// The closing quote and whether the key has escapes.
    pub(super) text: StringEnd,
    /// Where the value begins.
    pub(super) value: usize,
}

/// Reads the key at `at`, the colon, and the space around it.
#[inline]
pub(super) fn key(bytes: &[u8], at: usize) -> Result<Key> {
    if bytes.get(at) != Some(&b'"') {
        return Err(expected(bytes, at, "a key in double quotes"));
    }
    let text = string(bytes, at)?;
    let colon = space(bytes, text.end);
    if bytes.get(colon) != Some(&b':') {
        return Err(expected(bytes, colon, "`:` after a key"));
    }
    Ok(Key {
        start: at + 1,
        text,
        value: space(bytes, colon + 1),
    })
}

/// The end of the number or literal at `at`.
fn scalar(bytes: &[u8], at: usize) -> Result<usize> {
    let end = match bytes.get(at) {
        Some(b't') => literal(bytes, at, b"true"),
        Some(b'f') => literal(bytes, at, b"false"),
        Some(b'n') => literal(bytes, at, b"null"),
        Some(b'-' | b'0'..=b'9') => number(bytes, at),
        _ => None,
    };
    end.ok_or_else(|| expected(bytes, at, "a JSON value"))
}

fn literal(bytes: &[u8], at: usize, word: &[u8]) -> Option<usize> {
    bytes
        .get(at..)?
        .starts_with(word)
        .then_some(at + word.len())
}

fn number(bytes: &[u8], at: usize) -> Option<usize> {
    let at = if bytes.get(at) == Some(&b'-') {
        at + 1
    } else {
        at
    };
    let mut at = match bytes.get(at)? {
        b'0' => at + 1,
        _ => digits(bytes, at)?,
    };
    if bytes.get(at) == Some(&b'.') {
        at = digits(bytes, at + 1)?;
    }
    if let Some(b'e' | b'E') = bytes.get(at) {
        let sign = usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
        at = digits(bytes, at + 1 + sign)?;
    }
    // A digit that follows here follows a leading zero.
    (!bytes.get(at).is_some_and(u8::is_ascii_alphanumeric)).then_some(at)
}

/// The end of a run of at least one digit.
fn digits(bytes: &[u8], at: usize) -> Option<usize> {
    let count = bytes
        .get(at..)?
        .iter()
        .take_while(|b| b.is_ascii_digit())
        .count();
    (count > 0).then_some(at + count)
}

pub(super) fn error(offset: usize, problem: &str) -> JsonError {
    JsonError {
        offset,
        problem: problem.into(),
    }
}

/// Expected something at `at`, found what is there.
pub(super) fn expected(bytes: &[u8], at: usize, what: &str) -> JsonError {
    let found = match bytes.get(at) {
        None => "the end of the line".to_owned(),
        Some(0) => "a NUL byte".to_owned(),
        Some(b) if b.is_ascii_graphic() => format!("`{}`", char::from(*b)),
        Some(b) if b.is_ascii() => format!("the control character U+{b:04X}"),
        Some(_) => "a character that is not ASCII".to_owned(),
    };
    JsonError {
        offset: at.min(bytes.len()),
        problem: format!("expected {what}, found {found}").into(),
    }
}

#[cfg(test)]
mod tests;
