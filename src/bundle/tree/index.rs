//! The file that keeps what the others do not say: the order of records, and how their lines were spelt.
//!
//! It has one line a record, in the order of the bundle, so that two people who add rules change different lines.

use std::fmt::Write;

use super::Key;
use crate::error::{Error, Location, Result, nearest};
use crate::json::{Raw, quoted};
use crate::record::{Kind, ListKey, Namespace, RecordKey};

/// The first line.
const HEADER: &str = "# ruleferry bundle index, version 1: one record a line, in the order that `ruleferry pack` writes";

/// What of a line its file does not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Spelling {
    /// A blank after each comma and colon.
    pub(super) spaced: bool,
    /// It ends in a carriage return.
    pub(super) crlf: bool,
}

/// One line of the index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Entry {
    /// A record or a line that is none.
    Record(Key, Spelling),
    /// A blank line, with the white space on it.
    Blank(Box<str>),
    /// The bundle begins with a byte order mark.
    ByteOrderMark,
    /// The last line has no line end.
    NoFinalNewline,
}

const BLANK: &str = "blank";
const MARK: &str = "byte-order-mark";
const UNENDED: &str = "no-final-newline";
const UNREADABLE: &str = "unreadable";
const AGNOSTIC: &str = "agnostic-list";
const SPACED: &str = "+spaced";
const CRLF: &str = "+crlf";
/// Every word that a line may begin with.
const WORDS: [&str; 12] = [
    "rule",
    "list",
    AGNOSTIC,
    "item",
    "connector",
    "saved-object",
    "details",
    "other",
    UNREADABLE,
    BLANK,
    MARK,
    UNENDED,
];

/// The index of these lines.
pub(super) fn write(entries: &[Entry]) -> String {
    let mut out = format!("{HEADER}\n");
    for entry in entries {
        match entry {
            Entry::Record(key, spelling) => {
                write_key(&mut out, key);
                if spelling.spaced {
                    out = out + " " + SPACED;
                }
                if spelling.crlf {
                    out = out + " " + CRLF;
                }
            }
            Entry::Blank(space) => {
                out.push_str(BLANK);
                if !space.is_empty() {
                    out.push(' ');
                    out.push_str(&quoted(space));
                }
            }
            Entry::ByteOrderMark => out.push_str(MARK),
            Entry::NoFinalNewline => out.push_str(UNENDED),
        }
        out.push('\n');
    }
    out
}

fn write_key(out: &mut String, key: &Key) {
    match key {
        Key::Id(key, number) => {
            match key {
                RecordKey::Rule(id) => words(out, "rule", &[id.as_str()]),
                RecordKey::List(list) => {
                    let word = match list.namespace {
                        Namespace::Single => "list",
                        Namespace::Agnostic => AGNOSTIC,
                    };
                    words(out, word, &[list.id.as_str()]);
                }
                RecordKey::Item(id, None) => words(out, "item", &[id.as_str()]),
                RecordKey::Item(id, Some(list)) => {
                    words(out, "item", &[list.as_str(), id.as_str()]);
                }
                RecordKey::SavedObject(kind, id) if &**kind == "action" => {
                    words(out, "connector", &[id.as_str()]);
                }
                RecordKey::SavedObject(kind, id) => {
                    words(out, "saved-object", &[kind, id.as_str()]);
                }
            }
            if *number > 1 {
                // A String takes all that is written to it.
                _ = write!(out, " ~{number}");
            }
        }
        Key::Name(kind, name) => {
            let word = match kind {
                Kind::Rule => "rule",
                Kind::ExceptionList => "list",
                Kind::ExceptionItem => "item",
                Kind::Connector => "saved-object",
                Kind::Details => "details",
                Kind::Other => "other",
            };
            out.push_str(word);
            named(out, name);
        }
        Key::Unreadable(name) => {
            out.push_str(UNREADABLE);
            named(out, name);
        }
    }
}

fn named(out: &mut String, name: &str) {
    out.push_str(" @");
    word(out, name);
}

fn words(out: &mut String, first: &str, rest: &[&str]) {
    out.push_str(first);
    for text in rest {
        out.push(' ');
        word(out, text);
    }
}

/// A text as one word: in quotes if it could be taken for something else.
fn word(out: &mut String, text: &str) {
    let is_plain = !text.is_empty()
        && !text.starts_with(['+', '@', '~', '#'])
        && text
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b'"');
    if is_plain {
        out.push_str(text);
    } else {
        out.push_str(&quoted(text));
    }
}

/// Reads an index; `file` is its name in messages. A record that is named twice counts where it is named first.
pub(super) fn read(text: &str, file: &str) -> Result<Vec<Entry>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut lines = (1..).zip(text.split('\n'));
    let begins = lines.next().map_or("", |(_, line)| line.trim_end());
    let fault = |number: u64, message: String| {
        Error::tree(message).at(Location {
            file: file.into(),
            line: number,
            ..Location::default()
        })
    };
    if !begins.starts_with("# ruleferry bundle index, version 1:") {
        let found = if begins.is_empty() { "nothing" } else { begins };
        return Err(fault(
            1,
            format!(
                "the index must begin with `# ruleferry bundle index, version 1:`, found `{found}`"
            ),
        ));
    }
    let mut seen = std::collections::HashSet::new();
    let mut entries = Vec::new();
    for (number, line) in lines {
        let line = line.trim_end();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let entry = entry(line).map_err(|message| fault(number, message))?;
        match &entry {
            Entry::Record(key, _) if !seen.insert(key.clone()) => {}
            _ => entries.push(entry),
        }
    }
    Ok(entries)
}

/// A word of a line: as it stands, or a string in quotes, which `@` may come before.
#[derive(Debug, PartialEq, Eq)]
enum Word<'l> {
    Plain(&'l str),
    Id(String),
    Name(String),
}

fn split(line: &str) -> Result<Vec<Word<'_>>, String> {
    let mut words = Vec::new();
    let mut rest = line.trim_start();
    while !rest.is_empty() {
        let (is_name, body) = match rest.strip_prefix('@') {
            Some(body) => (true, body),
            None => (false, rest),
        };
        let end = if body.starts_with('"') {
            quote_end(body).ok_or("a string in quotes must end, found the end of the line")?
        } else {
            body.find([' ', '\t']).unwrap_or(body.len())
        };
        let (text, after) = body.split_at(end);
        let is_quoted = text.starts_with('"');
        let decoded = if is_quoted {
            let value = Raw::parse(text).map_err(|error| error.problem.to_string())?;
            value.as_str().unwrap_or_default().into_owned()
        } else {
            text.to_owned()
        };
        words.push(match (is_name, is_quoted) {
            (true, _) => Word::Name(decoded),
            (false, true) => Word::Id(decoded),
            (false, false) => Word::Plain(text),
        });
        rest = after.trim_start();
    }
    Ok(words)
}

/// The byte after the string that `text` begins with.
fn quote_end(text: &str) -> Option<usize> {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            b'\\' if !escaped => escaped = true,
            b'"' if !escaped => return Some(at + 1),
            _ => escaped = false,
        }
    }
    None
}

fn entry(line: &str) -> Result<Entry, String> {
    if ["<<<<<<<", "=======", ">>>>>>>", "|||||||"]
        .iter()
        .any(|mark| line.starts_with(mark))
    {
        return Err("a merge conflict must be settled: keep the lines of both sides".into());
    }
    let mut words = split(line)?;
    let Some(Word::Plain(first)) = words.first() else {
        return Err(format!(
            "a line must begin with what it is, as in `rule acme-1`, found `{line}`"
        ));
    };
    let first = *first;
    let mut spelling = Spelling::default();
    let mut number = 1;
    while words.len() > 1 {
        match words.last() {
            Some(Word::Plain(SPACED)) => spelling.spaced = true,
            Some(Word::Plain(CRLF)) => spelling.crlf = true,
            Some(Word::Plain(word)) if word.starts_with('~') => {
                let digits = word[1..].parse().ok().filter(|&digits| digits > 1);
                number =
                    digits.ok_or_else(|| format!("a number must be as in `~2`, found `{word}`"))?;
            }
            Some(Word::Plain(word)) if word.starts_with('+') => {
                return Err(format!(
                    "a mark must be `{SPACED}` or `{CRLF}`, found `{word}`"
                ));
            }
            _ => break,
        }
        words.pop();
    }
    let ids: Vec<&str> = words[1..]
        .iter()
        .filter_map(|word| match word {
            Word::Plain(id) => Some(*id),
            Word::Id(id) => Some(id.as_str()),
            Word::Name(_) => None,
        })
        .collect();
    let key = match (first, &ids[..], words.get(1)) {
        (BLANK, _, None) => return Ok(Entry::Blank("".into())),
        (BLANK, [space], _) => return Ok(Entry::Blank((*space).into())),
        (MARK, _, None) => return Ok(Entry::ByteOrderMark),
        (UNENDED, _, None) => return Ok(Entry::NoFinalNewline),
        (UNREADABLE, [], Some(Word::Name(name))) => Key::Unreadable(name.as_str().into()),
        (word, [], Some(Word::Name(name))) if words.len() == 2 => Key::Name(
            kind(word).ok_or_else(|| misfit(word, line))?,
            name.as_str().into(),
        ),
        (word, ids, _) if ids.len() + 1 == words.len() => {
            Key::Id(id(word, ids).ok_or_else(|| misfit(word, line))?, number)
        }
        (word, ..) => return Err(misfit(word, line)),
    };
    Ok(Entry::Record(key, spelling))
}

fn kind(word: &str) -> Option<Kind> {
    Some(match word {
        "rule" => Kind::Rule,
        "list" => Kind::ExceptionList,
        "item" => Kind::ExceptionItem,
        "saved-object" => Kind::Connector,
        "details" => Kind::Details,
        "other" => Kind::Other,
        _ => return None,
    })
}

fn id(word: &str, ids: &[&str]) -> Option<RecordKey> {
    let list = |id: &str, namespace| {
        RecordKey::List(ListKey {
            id: id.into(),
            namespace,
        })
    };
    Some(match (word, ids) {
        ("rule", [id]) => RecordKey::Rule((*id).into()),
        ("list", [id]) => list(id, Namespace::Single),
        (AGNOSTIC, [id]) => list(id, Namespace::Agnostic),
        ("item", [id]) => RecordKey::Item((*id).into(), None),
        ("item", [list, id]) => RecordKey::Item((*id).into(), Some((*list).into())),
        ("connector", [id]) => RecordKey::SavedObject("action".into(), (*id).into()),
        ("saved-object", [kind, id]) => RecordKey::SavedObject((*kind).into(), (*id).into()),
        _ => return None,
    })
}

fn misfit(word: &str, line: &str) -> String {
    if WORDS.contains(&word) {
        return format!(
            "`{word}` must be followed by what tells the record, as in `rule acme-1` or `item LIST ITEM`, found `{line}`"
        );
    }
    let near =
        nearest(word, WORDS).map_or(String::new(), |near| format!("; did you mean `{near}`?"));
    format!(
        "a line must begin with one of `{}`, found `{word}`{near}",
        WORDS.join("`, `")
    )
}

#[cfg(test)]
mod tests;
