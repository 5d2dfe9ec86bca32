//! Two texts, line by line and word by word.

use std::ops::Range;

use similar::{Algorithm, DiffTag, capture_diff_slices, group_diff_ops};

use super::value::visible;

/// Equal lines shown before and after lines that differ.
const CONTEXT: usize = 3;
/// Lines longer than this are not compared word by word.
const LONGEST: usize = 20_000;

/// A line of a comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) sign: Sign,
    pub(super) text: String,
}

/// Where a line is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sign {
    Old,
    New,
    Both,
    /// Of neither: it says where the lines stand, or that a text has no line end.
    Note,
}

impl Sign {
    /// What stands before the line.
    pub(super) fn mark(self) -> &'static str {
        match self {
            Self::Old => "- ",
            Self::New => "+ ",
            Self::Both => "  ",
            Self::Note => "",
        }
    }
}

impl Line {
    pub(super) fn new(sign: Sign, text: impl Into<String>) -> Self {
        let text = text.into();
        Self { sign, text }
    }

    /// The line after its sign, with its end.
    pub(super) fn signed(&self) -> String {
        format!("{}{}\n", self.sign.mark(), self.text)
    }
}

/// The lines of a text, all of one sign.
pub(super) fn of(sign: Sign, text: &str) -> Vec<Line> {
    let line = |line: &str| Line::new(sign, visible(line.strip_suffix('\n').unwrap_or(line)));
    text.split_inclusive('\n').map(line).collect()
}

/// The lines that differ, with some around them.
pub(super) fn compared(old: &str, new: &str) -> Vec<Line> {
    let [old_lines, new_lines] =
        [old, new].map(|text| text.split_inclusive('\n').collect::<Vec<_>>());
    let operations = capture_diff_slices(Algorithm::Myers, &old_lines, &new_lines);
    let is_one_line = old_lines.len() < 2 && new_lines.len() < 2;
    let ends_differ = old.ends_with('\n') != new.ends_with('\n');
    let mut out = Vec::new();
    let push = |out: &mut Vec<Line>, sign, lines: &[&str]| {
        for line in lines {
            out.extend(of(sign, line));
            if ends_differ && !is_one_line && !line.ends_with('\n') {
                out.push(Line::new(Sign::Note, "\\ no line end"));
            }
        }
    };
    for group in group_diff_ops(operations, CONTEXT) {
        if let (Some(first), Some(last), false) = (group.first(), group.last(), is_one_line) {
            let from = first.old_range().start..last.old_range().end;
            let to = first.new_range().start..last.new_range().end;
            let header = format!("@@ -{} +{} @@", span(&from), span(&to));
            out.push(Line::new(Sign::Note, header));
        }
        for operation in group {
            if operation.tag() == DiffTag::Equal {
                push(&mut out, Sign::Both, &old_lines[operation.old_range()]);
            } else {
                push(&mut out, Sign::Old, &old_lines[operation.old_range()]);
                push(&mut out, Sign::New, &new_lines[operation.new_range()]);
            }
        }
    }
    out
}

fn span(lines: &Range<usize>) -> String {
    match lines.len() {
        0 => format!("{},0", lines.start),
        1 => (lines.start + 1).to_string(),
        len => format!("{},{len}", lines.start + 1),
    }
}

/// The parts of two lines that differ, in bytes; none where the lines have too little in common for that to help.
pub(super) fn words(old: &str, new: &str) -> Option<[Vec<Range<usize>>; 2]> {
    if old.len().max(new.len()) > LONGEST {
        return None;
    }
    let [old_words, new_words] = [old, new].map(split);
    let operations = capture_diff_slices(Algorithm::Myers, &old_words, &new_words);
    let mut parts = [Vec::new(), Vec::new()];
    let mut common = 0;
    let mut at = [0, 0];
    for operation in operations {
        let lens = [
            old_words[operation.old_range()].concat().len(),
            new_words[operation.new_range()].concat().len(),
        ];
        if operation.tag() == DiffTag::Equal {
            common += lens[0];
        } else {
            for (side, len) in lens.into_iter().enumerate().filter(|(_, len)| *len > 0) {
                parts[side].push(at[side]..at[side] + len);
            }
        }
        at = [at[0] + lens[0], at[1] + lens[1]];
    }
    (common * 2 >= old.len().min(new.len())).then_some(parts)
}

/// Words, and what stands between them character by character.
fn split(line: &str) -> Vec<&str> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut words = Vec::new();
    let mut rest = line;
    while let Some(first) = rest.chars().next() {
        let end = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
        let (word, after) =
            rest.split_at(end.max(if is_word(first) { 0 } else { first.len_utf8() }));
        words.push(word);
        rest = after;
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(old: &str, new: &str) -> String {
        compared(old, new).iter().map(Line::signed).collect()
    }

    #[test]
    fn shows_lines_that_differ_with_some_around_them() {
        let old: String = (1..=20).map(|n| n.to_string() + "\n").collect();
        let new = old.replace("9\n10\n", "9\nten\n").replace("20\n", "");
        assert_eq!(
            shown(&old, &new),
            "@@ -7,7 +7,7 @@\n  7\n  8\n  9\n- 10\n+ ten\n  11\n  12\n  13\n@@ -17,4 +17,3 @@\n  17\n  18\n  19\n- 20\n"
        );
        assert_eq!(shown("a", "b"), "- a\n+ b\n");
        assert_eq!(shown("", "a\nb"), "@@ -0,0 +1,2 @@\n+ a\n+ b\n");
    }

    #[test]
    fn shows_line_ends_that_differ() {
        assert_eq!(
            shown("a\nb", "a\nb\n"),
            "@@ -1,2 +1,2 @@\n  a\n- b\n\\ no line end\n+ b\n"
        );
        assert_eq!(
            shown("a\r\nb", "a\nb"),
            "@@ -1,2 +1,2 @@\n- a\\r\n+ a\n  b\n"
        );
    }

    #[test]
    fn finds_the_words_that_differ() {
        let (old, new) = ("process.name:(cmd or é_1)", "process.name:(pwsh or é_1 )");
        let [gone, come] = words(old, new).unwrap();
        let text = |line: &str, parts: Vec<Range<usize>>| {
            parts
                .into_iter()
                .map(|part| line[part].to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(
            (text(old, gone), text(new, come)),
            (
                vec!["cmd".to_owned()],
                vec!["pwsh".to_owned(), " ".to_owned()]
            )
        );
        assert_eq!(words("abc", "xyz"), None);
    }

    #[test]
    fn long_texts_without_a_line_in_common_take_no_long() {
        let text = |step: usize| -> String {
            (0..60_013)
                .map(|n| (n * step % 60_013).to_string() + "\n")
                .collect()
        };
        let begun = std::time::Instant::now();
        assert!(compared(&text(7), &text(31)).len() > 60_000);
        assert!(begun.elapsed().as_secs() < 20, "{:?}", begun.elapsed());
    }
}
