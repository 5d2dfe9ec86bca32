//! From JSON to YAML that says the same to readers of YAML 1.1 and 1.2.

use std::borrow::Cow;
use std::fmt::Write;

use super::super::escape::{DEEPEST, JSON, members, text};
use crate::json::{Raw, ValueKind};

/// The value as a YAML document, and whether names that stood there more than once stand once now.
pub(in super::super) fn yaml(value: Raw<'_>) -> (String, bool) {
    let mut writer = Writer {
        out: String::with_capacity(value.text().len() * 5 / 4),
        had_equal: false,
    };
    writer.node(value, 0, 0, Before::Nothing);
    (writer.out, writer.had_equal)
}

struct Writer {
    out: String,
    had_equal: bool,
}

/// What stands on the line before a node.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    Nothing,
    /// The colon after a name.
    Name,
    /// The hyphen of an element.
    Hyphen,
}

impl Writer {
    /// Writes a node and its line end; the lines of a collection stand `indent` blanks in.
    fn node(&mut self, value: Raw<'_>, indent: usize, depth: usize, before: Before) {
        if depth > DEEPEST {
            return self.in_json(value, indent, before);
        }
        match value.kind() {
            ValueKind::Null | ValueKind::Boolean | ValueKind::Number => {
                self.on_line(before, value.text());
            }
            ValueKind::String => match text(value) {
                Some(text) => self.text(&text, indent, before),
                None => self.in_json(value, indent, before),
            },
            ValueKind::Array => self.array(value, indent, depth, before),
            ValueKind::Object => match members(value) {
                Some(members) if members.list.is_empty() => self.on_line(before, "{}"),
                Some(members) => {
                    self.had_equal |= members.had_equal;
                    for (index, (name, value)) in members.list.into_iter().enumerate() {
                        self.begin(index, indent, before);
                        self.name(&name);
                        self.node(value, indent + 2, depth + 1, Before::Name);
                    }
                }
                None => self.in_json(value, indent, before),
            },
        }
    }

    fn array(&mut self, array: Raw<'_>, indent: usize, depth: usize, before: Before) {
        let mut elements = array.elements().peekable();
        if elements.peek().is_none() {
            return self.on_line(before, "[]");
        }
        for (index, element) in elements.enumerate() {
            self.begin(index, indent, before);
            self.out.push('-');
            self.node(element, indent + 2, depth + 1, Before::Hyphen);
        }
    }

    /// Begins a line of a collection; its first one goes on after a hyphen.
    fn begin(&mut self, index: usize, indent: usize, before: Before) {
        match before {
            Before::Hyphen if index == 0 => return self.out.push(' '),
            Before::Name if index == 0 => self.out.push('\n'),
            Before::Nothing | Before::Name | Before::Hyphen => {}
        }
        self.out.extend(std::iter::repeat_n(' ', indent));
    }

    fn on_line(&mut self, before: Before, text: &str) {
        if before != Before::Nothing {
            self.out.push(' ');
        }
        self.out.push_str(text);
        self.out.push('\n');
    }

    fn name(&mut self, name: &str) {
        let name = if is_plain(name) {
            Cow::Borrowed(name)
        } else {
            quoted(name)
        };
        self.out.push_str(&name);
        self.out.push(':');
    }

    /// Says a value in JSON.
    fn in_json(&mut self, value: Raw<'_>, indent: usize, before: Before) {
        self.begin(0, indent, before);
        self.out.push_str(JSON);
        self.out.push(':');
        self.text(value.text(), indent + 2, Before::Name);
    }

    fn text(&mut self, text: &str, indent: usize, before: Before) {
        if is_plain(text) {
            self.on_line(before, text);
        } else if is_block(text) {
            // A block's lines stand two blanks deeper than what holds it.
            self.block(text, indent.max(2));
        } else {
            self.on_line(before, &quoted(text));
        }
    }

    /// Writes a text line by line; what follows its last line says how it ends.
    fn block(&mut self, text: &str, indent: usize) {
        self.out.push_str(" |");
        if text.starts_with([' ', '\n']) {
            // Else the first line would say how far in the lines stand.
            self.out.push('2');
        }
        let body = text.trim_end_matches('\n');
        match text.len() - body.len() {
            0 => self.out.push('-'),
            1 => {}
            _ => self.out.push('+'),
        }
        self.out.push('\n');
        for line in text.strip_suffix('\n').unwrap_or(text).split('\n') {
            if !line.is_empty() {
                self.out.extend(std::iter::repeat_n(' ', indent));
                self.out.push_str(line);
            }
            self.out.push('\n');
        }
    }
}

/// Whether the text is as good on lines of its own: it has several, of which one is not blank, and none that a reader would
/// change.
fn is_block(text: &str) -> bool {
    text.contains('\n')
        && text.chars().all(|c| c == '\n' || c == '\t' || !must_be_escaped(c))
        && text.split('\n').any(|line| !line.trim_matches([' ', '\t']).is_empty())
        // Some readers take tabs and blank lines of blanks before the text for indentation.
        && !text.trim_start_matches('\n').starts_with('\t')
        && !text.split('\n').take_while(|line| line.trim().is_empty()).any(|line| !line.is_empty())
}

/// Whether the text is a string without quotes to every reader.
fn is_plain(text: &str) -> bool {
    let Some(first) = text.chars().next() else {
        return false;
    };
    let begins = first.is_alphanumeric() || matches!(first, '_' | '/' | '(' | '\\' | '$' | '^');
    begins
        && !text.ends_with([' ', ':'])
        && !text.contains(": ")
        && !text.contains(" #")
        && !text
            .chars()
            .any(|c| c == '\n' || c == '\t' || must_be_escaped(c))
        && !means_something_else(text)
}

/// Whether a reader of YAML 1.1 or 1.2 takes the text for a number, a date, a boolean or null.
fn means_something_else(text: &str) -> bool {
    const WORDS: [&str; 9] = ["null", "true", "false", "yes", "no", "on", "off", "y", "n"];
    let like_a_number = |c: char| c.is_ascii_hexdigit() || "xXoO_:.+-TtZz ".contains(c);
    WORDS.iter().any(|word| word.eq_ignore_ascii_case(text))
        || text.starts_with(|c: char| c.is_ascii_digit()) && text.chars().all(like_a_number)
}

/// Whether the character is none that YAML takes as it is, ends a line to some reader, or cannot be seen.
fn must_be_escaped(c: char) -> bool {
    matches!(c, '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
        // Marks that reorder what a reviewer sees.
        || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The text in single quotes, or in double ones with escapes where it needs them.
fn quoted(text: &str) -> Cow<'_, str> {
    let escapes = text.chars().any(must_be_escaped);
    if !escapes && (text.contains('\\') || text.contains('"')) {
        return format!("'{}'", text.replace('\'', "''")).into();
    }
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            // A String takes all that is written to it.
            c if must_be_escaped(c) => _ = write!(out, "\\u{:04x}", u32::from(c)),
            c => out.push(c),
        }
    }
    out.push('"');
    out.into()
}
