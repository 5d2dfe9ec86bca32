//! Differences for a terminal.

use anstyle::{AnsiColor, Style};
use ruleferry::bundle::{Difference, Version};
use ruleferry::record::Kind;

use super::blocks::{Block, Fate, Told, blocks};
use super::lines::{self, Line, Sign};
use super::sign;
use super::value::visible;
use crate::cli::table;

/// The colours, or none.
#[derive(Debug, Default)]
pub(super) struct Palette {
    old: Style,
    new: Style,
    changed: Style,
    note: Style,
    has_colours: bool,
}

impl Palette {
    pub(super) fn new() -> Self {
        if !table::has_colours() {
            return Self::default();
        }
        Self {
            old: AnsiColor::Red.on_default(),
            new: AnsiColor::Green.on_default(),
            changed: Style::new().bold(),
            note: AnsiColor::Cyan.on_default(),
            has_colours: true,
        }
    }

    fn of(&self, sign: char) -> Style {
        match sign {
            '+' => self.new,
            '-' => self.old,
            _ => self.changed,
        }
    }

    fn of_line(&self, sign: Sign) -> Style {
        match sign {
            Sign::Old => self.old,
            Sign::New => self.new,
            Sign::Both => Style::new(),
            Sign::Note => self.note,
        }
    }
}

/// What is told of a record.
pub(super) fn record(difference: &Difference<'_, '_>, palette: &Palette) -> String {
    let sign = sign(difference.outcome);
    let style = palette.of(sign);
    let name = difference.new.or(difference.old).map(title);
    let mut out = format!("{style}{sign} {}{style:#}\n", name.unwrap_or_default());
    for block in blocks(&difference.changes) {
        write(&block, palette, &mut out);
    }
    out
}

/// The record as a heading names it.
fn title(version: &Version<'_>) -> String {
    let record = &version.record;
    let id = match record.id() {
        Some(id) => id.into_owned(),
        None => format!("{}:{}", version.location.file, version.location.line),
    };
    let mut title = format!("{} {}", super::kind(record), visible(&id));
    if let Some(name) = super::title_of(record) {
        title += &format!(" \"{}\"", visible(&name));
    }
    if record.kind() == Kind::ExceptionItem
        && let Some(list) = record.str("list_id")
    {
        title += &format!(" in {}", visible(&list));
    }
    // A heading is one line, whatever stands in a name.
    title.replace('\t', " ")
}

fn write(block: &Block, palette: &Palette, out: &mut String) {
    let path = &block.path;
    let (old, new) = (palette.old, palette.new);
    match &block.told {
        Told::Values(Some(before), Some(after)) => {
            *out += &format!("  ~ {path}: {old}{before}{old:#} → {new}{after}{new:#}\n");
        }
        Told::Values(Some(before), None) => {
            *out += &format!("  {old}-{old:#} {path}: {old}{before}{old:#}\n");
        }
        Told::Values(None, after) => {
            let after = after.as_deref().unwrap_or_default();
            *out += &format!("  {new}+{new:#} {path}: {new}{after}{new:#}\n");
        }
        Told::Order => *out += &format!("  ~ {path}: order changed\n"),
        Told::Lines(fate, lines) => {
            let (style, sign) = match fate {
                Fate::Came => (new, '+'),
                Fate::Went => (old, '-'),
                Fate::Changed => (Style::new(), '~'),
            };
            *out += &format!("  {style}{sign}{style:#} {path}\n");
            write_lines(lines, palette, out);
        }
    }
}

fn write_lines(lines: &[Line], palette: &Palette, out: &mut String) {
    for run in lines.chunk_by(|a, b| a.sign == b.sign || a.sign == Sign::Old && b.sign == Sign::New)
    {
        let old = run.iter().take_while(|line| line.sign == Sign::Old).count();
        // As many lines came as went: each is perhaps the other, with some words changed.
        let is_paired = palette.has_colours && old * 2 == run.len();
        for (index, line) in run.iter().enumerate() {
            let parts = is_paired.then(|| {
                let [one, other] = [&run[index % old], &run[index % old + old]];
                let parts = lines::words(&one.text, &other.text)?;
                parts.into_iter().nth(index / old)
            });
            let style = palette.of_line(line.sign);
            let text = emphasised(&line.text, parts.flatten().unwrap_or_default(), style);
            *out += &format!("    {style}{}{text}{style:#}\n", line.sign.mark());
        }
    }
}

/// The line with these parts set off, where it is written in `style`.
fn emphasised(text: &str, parts: Vec<std::ops::Range<usize>>, style: Style) -> String {
    let strong = style.invert();
    let mut out = String::new();
    let mut at = 0;
    for part in parts {
        let before = &text[at..part.start];
        out += &format!(
            "{before}{style:#}{strong}{}{strong:#}{style}",
            &text[part.clone()]
        );
        at = part.end;
    }
    out + &text[at..]
}
