//! Tables for a terminal: cells cut and padded by display width, blocks side by side.

use std::io::IsTerminal;

use anstyle::Style;
use unicode_width::UnicodeWidthStr;

/// How headings are set off where colours are on.
pub(crate) const HEADING: Style = Style::new().bold();

/// What stands between two columns.
const GAP: &str = "  ";

/// The columns there are: `COLUMNS`, else the terminal's, else 80; at least 60.
pub(crate) fn width() -> usize {
    let asked = std::env::var("COLUMNS")
        .ok()
        .and_then(|columns| columns.parse().ok())
        .filter(|&columns: &usize| columns > 0);
    let terminal = || terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
    asked.or_else(terminal).unwrap_or(80).clamp(60, 1000)
}

/// How wide the last column is where `taken` columns are before it: what is left of a terminal, at least `least`; elsewhere as wide as
/// its text, since nobody can widen what a pipe cuts.
pub(crate) fn last(text: &str, taken: usize, least: usize) -> usize {
    if std::io::stdout().is_terminal() {
        width().saturating_sub(taken).max(least)
    } else {
        text.len()
    }
}

/// Whether standard output wants colours.
pub(crate) fn has_colours() -> bool {
    anstream::AutoStream::choice(&std::io::stdout()) != anstream::ColorChoice::Never
}

/// The text in exactly `width` columns: cut with `…`, or padded with blanks.
///
/// Control characters become blanks and overrides of the writing direction become U+FFFD, so that a name in a file cannot
/// drive the terminal.
pub(crate) fn fit(text: &str, width: usize) -> String {
    let mut cell = String::with_capacity(width + 2);
    // Marks of no width are part of a character; beyond a few of them they are a flood.
    let most = 4 * width;
    for (index, c) in text.chars().map(printable).enumerate() {
        let before = cell.len();
        cell.push(c);
        if index >= most || too_wide(&cell, width) {
            cell.truncate(before);
            while !cell.is_empty() && too_wide(&cell, width.saturating_sub(1)) {
                cell.pop();
            }
            if width > 0 {
                cell.push('…');
            }
            break;
        }
    }
    cell.extend(std::iter::repeat_n(' ', width.saturating_sub(cell.width())));
    cell
}

fn too_wide(text: &str, width: usize) -> bool {
    // No character is wider than its bytes are many, so short text needs no look.
    text.len() > width && text.width() > width
}

fn printable(c: char) -> char {
    match c {
        '\u{2028}' | '\u{2029}' => ' ',
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => char::REPLACEMENT_CHARACTER,
        c if c.is_control() => ' ',
        c => c,
    }
}

/// One line of cells, each in its width; no blanks at the end.
pub(crate) fn row(cells: &[(&str, usize)]) -> String {
    let line: Vec<String> = cells
        .iter()
        .map(|(text, width)| fit(text, *width))
        .collect();
    line.join(GAP).trim_end().to_owned()
}

/// A heading and what stands below it.
#[derive(Debug)]
pub(crate) struct Block {
    pub(crate) title: String,
    pub(crate) lines: Vec<String>,
}

/// The blocks from left to right, as many side by side as `least` columns for each allow; one text for each row of them.
pub(crate) fn beside(blocks: &[Block], least: usize, width: usize, heading: Style) -> Vec<String> {
    let (many, each) = grid(least, width);
    let one_row = |blocks: &[Block]| {
        let across = |text: &dyn Fn(&Block) -> String| {
            let cells: Vec<String> = blocks.iter().map(text).collect();
            let cells: Vec<(&str, usize)> =
                cells.iter().map(|cell| (cell.as_str(), each)).collect();
            row(&cells)
        };
        let titles = across(&|block| block.title.clone());
        let height = blocks.iter().map(|block| block.lines.len()).max();
        let lines = (0..height.unwrap_or(0))
            .map(|index| across(&|block| block.lines.get(index).cloned().unwrap_or_default()));
        headed(&titles, lines, heading)
    };
    blocks.chunks(many).map(one_row).collect()
}

/// The block with its lines in as many columns as `least` for each allows, read from top to bottom.
pub(crate) fn folded(block: &Block, least: usize, width: usize, heading: Style) -> String {
    let (many, each) = grid(least, width);
    let height = block.lines.len().div_ceil(many);
    let lines = (0..height).map(|index| {
        let cells = block.lines[index..].iter().step_by(height);
        let cells: Vec<(&str, usize)> = cells.map(|line| (line.as_str(), each)).collect();
        row(&cells)
    });
    headed(&row(&[(&block.title, width)]), lines, heading)
}

fn headed(title: &str, lines: impl Iterator<Item = String>, heading: Style) -> String {
    let lines: String = lines.map(|line| line + "\n").collect();
    format!("{heading}{title}{heading:#}\n{lines}")
}

/// How many columns of at least `least` fit, and how wide each then is.
fn grid(least: usize, width: usize) -> (usize, usize) {
    let many = ((width + GAP.len()) / (least + GAP.len())).max(1);
    (many, (width + GAP.len()) / many - GAP.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_and_pads_by_display_width() {
        assert_eq!(fit("abc", 5), "abc  ");
        assert_eq!(fit("abcdef", 5), "abcd…");
        assert_eq!(fit("管理者", 6), "管理者");
        assert_eq!(fit("管理者", 5), "管理…");
        assert_eq!(fit("管理者", 4), "管… ");
        assert_eq!(fit("e\u{301}x", 3), "e\u{301}x ");
        assert_eq!(fit("abc", 0), "");
    }

    #[test]
    fn lets_no_name_drive_the_terminal() {
        assert_eq!(fit("a\u{1b}[31m\nb\u{9b}c", 12), "a [31m b c  ");
        assert_eq!(fit("x\u{202e}y\u{2028}z", 5), "x\u{fffd}y z");
        let flood = format!("a{}", "\u{301}".repeat(10_000));
        assert!(fit(&flood, 5).len() < 60);
    }

    #[test]
    fn fills_columns_from_top_to_bottom() {
        let lines = ["1", "2", "3"].map(String::from).to_vec();
        let block = Block {
            title: "t".into(),
            lines,
        };
        assert_eq!(folded(&block, 4, 10, Style::new()), "t\n1     3\n2\n");
        assert_eq!(folded(&block, 9, 10, Style::new()), "t\n1\n2\n3\n");
    }

    #[test]
    fn sets_blocks_side_by_side() {
        let block = |title: &str, lines: &[&str]| Block {
            title: title.into(),
            lines: lines.iter().map(|line| (*line).to_owned()).collect(),
        };
        let blocks = [block("a", &["1"]), block("b", &["2", "3"]), block("c", &[])];
        assert_eq!(
            beside(&blocks, 4, 10, Style::new()),
            ["a     b\n1     2\n      3\n", "c\n"]
        );
    }
}
