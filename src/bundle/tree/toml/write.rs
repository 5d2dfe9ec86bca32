//! From JSON to TOML that says the same to every reader of TOML 1.0.

use std::borrow::Cow;
use std::fmt::Write;

use super::super::escape::{DEEPEST, JSON, Members, members, text};
use crate::json::{Raw, ValueKind, quoted as quoted_json};

/// Arrays that fit stay on one line.
const LINE: usize = 80;

/// The value, an object, as a TOML document, and whether names that stood there more than once stand once now.
pub(in super::super) fn toml(value: Raw<'_>) -> (String, bool) {
    let mut writer = Writer {
        out: String::with_capacity(value.text().len() * 5 / 4),
        had_equal: false,
    };
    match members(value) {
        Some(members) => writer.members("", members, 0),
        None => writer.line(&named(JSON), |writer| {
            writer.out.push_str(&quoted(value.text()));
        }),
    }
    (writer.out, writer.had_equal)
}

struct Writer {
    out: String,
    had_equal: bool,
}

impl Writer {
    /// Writes members on lines of their own; those of an object below begin with its name and a dot.
    fn members(&mut self, prefix: &str, members: Members<'_>, depth: usize) {
        self.had_equal |= members.had_equal;
        for (name, value) in members.list {
            let name = format!("{prefix}{}", named(&name));
            let below = if value.kind() == ValueKind::Object && depth < DEEPEST {
                self::members(value).filter(|members| !members.list.is_empty())
            } else {
                None
            };
            match below {
                Some(members) => self.members(&format!("{name}."), members, depth + 1),
                None => self.line(&name, |writer| writer.value(value, 0, depth + 1)),
            }
        }
    }

    fn line(&mut self, name: &str, value: impl FnOnce(&mut Self)) {
        self.out.push_str(name);
        self.out.push_str(" = ");
        value(self);
        self.out.push('\n');
    }

    /// Writes a value that goes on at most two blanks deeper than `indent` on the lines after its first.
    fn value(&mut self, value: Raw<'_>, indent: usize, depth: usize) {
        let plain = match value.kind() {
            _ if depth > DEEPEST => None,
            ValueKind::Null => None,
            ValueKind::Boolean => Some(Cow::Borrowed(value.text())),
            ValueKind::Number => number(value),
            ValueKind::String => text(value).map(|text| quoted(&text).into_owned().into()),
            ValueKind::Array => return self.array(value, indent, depth),
            ValueKind::Object => match members(value) {
                Some(members) => return self.inline(members, indent, depth),
                None => None,
            },
        };
        match plain {
            Some(text) => self.out.push_str(&text),
            None => {
                let json = quoted(value.text()).into_owned();
                // A String takes all that is written to it.
                _ = write!(self.out, "{{ {} = {json} }}", named(JSON));
            }
        }
    }

    fn inline(&mut self, members: Members<'_>, indent: usize, depth: usize) {
        self.had_equal |= members.had_equal;
        self.out.push('{');
        for (index, (name, value)) in members.list.into_iter().enumerate() {
            self.out.push_str(if index == 0 { " " } else { ", " });
            self.out.push_str(&named(&name));
            self.out.push_str(" = ");
            self.value(value, indent, depth + 1);
        }
        self.out
            .push_str(if self.out.ends_with('{') { "}" } else { " }" });
    }

    fn array(&mut self, array: Raw<'_>, indent: usize, depth: usize) {
        let is_short = array.text().len() < LINE
            && !array.text().contains(['{', '\\'])
            && array.elements().count() < 2;
        self.out.push('[');
        let start = self.out.len();
        for (index, element) in array.elements().enumerate() {
            if is_short {
                self.out.push_str(if index == 0 { "" } else { ", " });
            } else {
                self.break_line(indent + 2);
            }
            self.value(element, indent + 2, depth + 1);
            if !is_short {
                self.out.push(',');
            }
        }
        if !is_short && self.out.len() > start {
            self.break_line(indent);
        }
        self.out.push(']');
    }

    fn break_line(&mut self, indent: usize) {
        self.out.push('\n');
        self.out.extend(std::iter::repeat_n(' ', indent));
    }
}

/// A name, in quotes if need be.
fn named(name: &str) -> Cow<'_, str> {
    let is_bare = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
    if !name.is_empty() && name.bytes().all(is_bare) {
        name.into()
    } else {
        basic(name).into()
    }
}

/// A number that every reader takes for the same: an integer of 64 bits, or what 64 bits of floating point hold.
fn number(value: Raw<'_>) -> Option<Cow<'_, str>> {
    let text = value.text();
    if text == "-0" {
        // TOML's integers have one zero.
        return Some("-0.0".into());
    }
    let fits = if text.contains(['.', 'e', 'E']) {
        value.as_f64().is_some_and(f64::is_finite)
    } else {
        text.parse::<i64>().is_ok()
    };
    fits.then_some(text.into())
}

fn must_be_escaped(c: char) -> bool {
    matches!(c, '\0'..='\u{8}' | '\u{b}'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{feff}')
        // Marks that reorder what a reviewer sees.
        || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A text in the quotes that leave most of it as it is.
fn quoted(text: &str) -> Cow<'_, str> {
    let escapes = text.chars().any(must_be_escaped);
    let lines = text.contains('\n');
    let quotes = text.contains(['\\', '"']);
    if lines && !escapes && !text.contains("'''") && !text.ends_with('\'') {
        return format!("'''\n{text}'''").into();
    }
    if lines && !escapes {
        let text = text.replace('\\', "\\\\").replace("\"\"\"", "\"\"\\\"");
        let text = match text.strip_suffix('"') {
            Some(body) => format!("{body}\\\""),
            None => text,
        };
        return format!("\"\"\"\n{text}\"\"\"").into();
    }
    if quotes && !escapes && !text.contains(['\'', '\t']) {
        return format!("'{text}'").into();
    }
    basic(text).into()
}

/// A text in double quotes on one line.
fn basic(text: &str) -> String {
    if !text.chars().any(must_be_escaped) {
        // What JSON escapes of the rest, TOML spells alike.
        return quoted_json(text).into();
    }
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            // A String takes all that is written to it.
            c if must_be_escaped(c) => _ = write!(out, "\\u{:04x}", u32::from(c)),
            c => out.push(c),
        }
    }
    out + "\""
}
