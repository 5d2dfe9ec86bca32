//! Differences for a pull request.
//!
//! Whatever a record says stands in code, where it can neither end a table or a fence, nor make a link, a mention or HTML.

use ruleferry::bundle::{Difference, Outcome, Version};

use super::blocks::{Block, Told, blocks};
use super::lines::{Line, Sign};
use super::value::visible;

/// Longer comparisons are folded.
const FOLDED: usize = 15;

/// The heading over the records that came to this outcome.
pub(super) fn heading(outcome: Outcome) -> String {
    let name = super::name(outcome);
    let (first, rest) = name.split_at(1);
    let gap = if outcome == Outcome::Changed {
        ""
    } else {
        "\n"
    };
    format!("\n### {}{rest}\n{gap}", first.to_uppercase())
}

/// What is told of a record: a line of a list, or a heading with its changes below.
pub(super) fn record(difference: &Difference<'_, '_>) -> String {
    let title = difference
        .new
        .or(difference.old)
        .map(title)
        .unwrap_or_default();
    if difference.outcome != Outcome::Changed {
        return format!("- {title}\n");
    }
    let blocks = blocks(&difference.changes);
    let rows: String = blocks.iter().filter_map(row).collect();
    let mut out = format!("\n#### {title}\n");
    if !rows.is_empty() {
        out += &format!("\n| field | old | new |\n|---|---|---|\n{rows}");
    }
    for block in &blocks {
        if let Told::Lines(_, lines) = &block.told {
            out += &fenced(&block.path, lines);
        }
    }
    out
}

fn title(version: &Version<'_>) -> String {
    let record = &version.record;
    let mut title = super::kind(record);
    if let Some(id) = record.id() {
        title += &format!(" {}", code(&visible(&id)));
    } else {
        let place = format!("{}:{}", version.location.file, version.location.line);
        title += &format!(" at {}", code(&visible(&place)));
    }
    if let Some(name) = super::title_of(record) {
        title += &format!(": {}", code(&visible(&name)));
    }
    if record.kind() == ruleferry::record::Kind::ExceptionItem
        && let Some(list) = record.str("list_id")
    {
        title += &format!(" in {}", code(&visible(&list)));
    }
    title
}

fn row(block: &Block) -> Option<String> {
    let (old, new) = match &block.told {
        Told::Values(old, new) => {
            let cell = |value: &Option<String>| value.as_deref().map(cell).unwrap_or_default();
            (cell(old), cell(new))
        }
        Told::Order => (String::new(), "order changed".to_owned()),
        Told::Lines(..) => return None,
    };
    Some(format!("| {} | {old} | {new} |\n", cell(&block.path)))
}

/// The text as code in a table.
pub(super) fn cell(text: &str) -> String {
    code(text).replace('|', "\\|")
}

/// The lines in a fence that none of them can end, folded if they are many.
fn fenced(path: &str, lines: &[Line]) -> String {
    let text: String = lines.iter().map(Line::signed).collect();
    let fence = "`".repeat(longest_run(&text).max(2) + 1);
    let fenced = format!("{fence}diff\n{text}{fence}\n");
    let count = |sign| lines.iter().filter(|line| line.sign == sign).count();
    let counts = format!("+{} −{}", count(Sign::New), count(Sign::Old));
    if lines.len() <= FOLDED {
        return format!("\n{}\n\n{fenced}", code(path));
    }
    format!(
        "\n<details><summary><code>{}</code> {counts}</summary>\n\n{fenced}\n</details>\n",
        html(path)
    )
}

/// The text, which is one line, as code in a line of Markdown.
fn code(text: &str) -> String {
    let text = text.replace('\t', " ");
    if text.trim().is_empty() {
        // Code of nothing but blanks is no code, or cannot be seen.
        return format!("`\"{text}\"`");
    }
    let ticks = "`".repeat(longest_run(&text) + 1);
    let is_edge = |c: char| c == '`' || c == ' ';
    let gap = if text.starts_with(is_edge) || text.ends_with(is_edge) {
        " "
    } else {
        ""
    };
    format!("{ticks}{gap}{text}{gap}{ticks}")
}

/// How many backticks stand together at most.
fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

fn html(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_breaks_out_of_code() {
        assert_eq!(code("a"), "`a`");
        assert_eq!(code("a``b`"), "``` a``b` ```");
        assert_eq!(code("<b>@all #1 \\"), "`<b>@all #1 \\`");
        assert_eq!(code(" "), "`\" \"`");
        let value = Some("\"a|b`\"".to_owned());
        let block = Block {
            path: "a|b".into(),
            told: Told::Values(value, None),
        };
        assert_eq!(row(&block).unwrap(), "| `a\\|b` | ``\"a\\|b`\"`` |  |\n");
    }

    #[test]
    fn nothing_breaks_out_of_a_fence() {
        let line = |text: &str| Line::new(Sign::New, text);
        assert_eq!(
            fenced("note", &[line("```"), line("~~~~")]),
            "\n`note`\n\n````diff\n+ ```\n+ ~~~~\n````\n"
        );
        let many = vec![line("</details>"); 16];
        let folded = fenced("a<b", &many);
        assert!(folded.starts_with(
            "\n<details><summary><code>a&lt;b</code> +16 −0</summary>\n\n```diff\n+ </details>\n"
        ));
        assert!(folded.ends_with("```\n\n</details>\n"));
    }
}
