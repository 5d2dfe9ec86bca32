//! Values as people read them, on as many lines as they need.

use ruleferry::json::{Raw, ValueKind, quoted};

/// What fits on one line beside its name.
pub(super) const SHORT: usize = 60;
/// What fits on a line of its own.
const WIDTH: usize = 76;
/// Values below this many levels are shown as they are spelt.
const DEEPEST: usize = 64;

/// The text with what a terminal obeys or nobody can see written as an escape, so that no two texts that differ look alike.
pub(super) fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\t' => out.push(c),
            '\r' => out.push_str("\\r"),
            c if c.is_control() || is_invisible(c) => {
                out.push_str(&format!("\\u{{{:x}}}", u32::from(c)));
            }
            c => out.push(c),
        }
    }
    out
}

/// Whether a character has no look of its own: separators of lines, directions of writing, joiners, tags.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// The value on one line, if it is short.
pub(super) fn short(value: Raw<'_>) -> Option<String> {
    fitting(value, SHORT)
}

/// The value on as many lines as it needs, two blanks deeper a level.
pub(super) fn pretty(value: Raw<'_>) -> Vec<String> {
    let mut lines = Vec::new();
    write(value, "", 0, &mut lines);
    lines
}

fn write(value: Raw<'_>, before: &str, depth: usize, lines: &mut Vec<String>) {
    let indent = "  ".repeat(depth);
    let room = WIDTH.saturating_sub(indent.len() + before.len());
    let is_nested = matches!(value.kind(), ValueKind::Array | ValueKind::Object);
    if let Some(line) = fitting(value, room) {
        lines.push(format!("{indent}{before}{line}"));
        return;
    }
    if !is_nested || depth >= DEEPEST {
        lines.push(format!("{indent}{before}{}", compact(value, depth)));
        return;
    }
    let (open, close) = match value.kind() {
        ValueKind::Array => ('[', ']'),
        _ => ('{', '}'),
    };
    lines.push(format!("{indent}{before}{open}"));
    let inner = lines.len();
    let mut ends = Vec::new();
    let mut child = |value: Raw<'_>, before: &str| {
        write(value, before, depth + 1, lines);
        ends.push(lines.len() - 1);
    };
    value.elements().for_each(|element| child(element, ""));
    value
        .members()
        .for_each(|(key, value)| child(value, &format!("{}: ", string(&key))));
    if ends.is_empty() {
        // Nothing but blanks between the brackets.
        lines.truncate(inner);
    }
    ends.pop();
    for end in ends {
        lines[end].push(',');
    }
    lines.push(format!("{indent}{close}"));
}

fn fitting(value: Raw<'_>, room: usize) -> Option<String> {
    // Escapes make a text longer than it looks, six bytes for a character at most, and blanks do not count.
    if value.kind() == ValueKind::String && value.text().len() > 6 * room + 2 {
        return None;
    }
    if value.text().len() > 16 * room {
        return None;
    }
    Some(compact(value, 0)).filter(|line| line.chars().count() <= room)
}

fn compact(value: Raw<'_>, depth: usize) -> String {
    match value.kind() {
        ValueKind::String => string(&value.as_str().unwrap_or_default()),
        ValueKind::Array if depth < DEEPEST => {
            let elements: Vec<String> = value
                .elements()
                .map(|element| compact(element, depth + 1))
                .collect();
            format!("[{}]", elements.join(", "))
        }
        ValueKind::Object if depth < DEEPEST => {
            let member = |(key, value): (std::borrow::Cow<'_, str>, Raw<'_>)| {
                format!("{}: {}", string(&key), compact(value, depth + 1))
            };
            let members: Vec<String> = value.members().map(member).collect();
            format!("{{{}}}", members.join(", "))
        }
        _ => visible(value.text()),
    }
}

fn string(text: &str) -> String {
    visible(&quoted(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(json: &str) -> Vec<String> {
        pretty(Raw::parse(json).unwrap())
    }

    #[test]
    fn breaks_what_does_not_fit_on_a_line() {
        assert_eq!(
            lines(r#"{ "a":[1.0,"\u0062"],"c":{}}"#),
            [r#"{"a": [1.0, "b"], "c": {}}"#]
        );
        let long = "x".repeat(70);
        assert_eq!(
            lines(&format!(r#"{{"a":["{long}",{{"b":null}}],"c":[]}}"#)),
            [
                "{".to_owned(),
                r#"  "a": ["#.to_owned(),
                format!(r#"    "{long}","#),
                r#"    {"b": null}"#.to_owned(),
                "  ],".to_owned(),
                r#"  "c": []"#.to_owned(),
                "}".to_owned()
            ]
        );
        assert_eq!(lines(&format!("[{}]", " ".repeat(5000))), ["[", "]"]);
    }

    #[test]
    fn nothing_is_too_deep_or_too_long() {
        let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(lines(&deep).concat().contains('1'));
        assert_eq!(short(Raw::parse(&deep).unwrap()), None);
        let long = format!("\"{}\"", "a".repeat(10_000));
        assert_eq!(lines(&long), [long]);
    }

    #[test]
    fn shows_what_cannot_be_seen() {
        assert_eq!(
            visible("a\u{1b}[31m\t\u{202e}b\r"),
            "a\\u{1b}[31m\t\\u{202e}b\\r"
        );
        assert_eq!(lines("\"\u{200b}\u{9b}\\n\""), ["\"\\u{200b}\\u{9b}\\n\""]);
    }
}
