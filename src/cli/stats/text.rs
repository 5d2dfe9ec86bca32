//! `stats` for people: blocks of counts, side by side as the terminal allows.

use anstyle::Style;

use super::report::{Details, Entry, Records, Report};
use crate::cli::table::{self, Block};

/// The least width of a block of short words, and of one with names.
const NARROW: usize = 24;
const BROAD: usize = 38;

/// The whole text; `top` limits each list, 0 is all.
pub(super) fn text(report: &Report, top: usize, width: usize, heading: Style) -> String {
    let rules = &report.rules;
    let block = |title: &str, entries: &[Entry]| block(title, entries, top);
    let narrow = [
        Block {
            title: "records".into(),
            lines: counts(&kinds(&report.records)),
        },
        block("rules by type", &rules.types),
        block("rules by severity", &rules.severities),
        block("rules by enabled", &rules.enabled),
        block("rules by source", &rules.sources),
        block("actions by type", &report.actions),
        block("connectors by type", &report.connectors),
    ];
    let broad = [
        block("rules by tactic", &rules.tactics),
        block("rules by technique", &rules.techniques),
        block("rules by subtechnique", &rules.subtechniques),
        block("rules by tag", &rules.tags),
        block("rules by index pattern", &rules.index_patterns),
        block("rules by data view", &rules.data_views),
    ];
    let filled = |block: &Block| !block.lines.is_empty();
    let narrow: Vec<Block> = narrow.into_iter().filter(filled).collect();
    let mut parts = vec![summary(report)];
    parts.extend(table::beside(&narrow, NARROW, width, heading));
    let broad = broad.into_iter().filter(filled);
    parts.extend(broad.map(|block| table::folded(&block, BROAD, width, heading)));
    parts.extend(references(report, top, width, heading));
    parts.push(details(&report.details, width, heading));
    parts.join("\n")
}

fn summary(report: &Report) -> String {
    let records = plural(report.records.total, "record");
    let files = plural(report.files.len() as u64, "file");
    let sizes = &report.line_bytes;
    format!(
        "{records} in {files}\nline bytes: {} min, {} median, {} p99, {} max, {} in all\n",
        sizes.min, sizes.median, sizes.p99, sizes.max, sizes.total
    )
}

fn kinds(records: &Records) -> Vec<(u64, String)> {
    let kinds = [
        (records.rule, "rules"),
        (records.exception_list, "exception lists"),
        (records.exception_item, "exception items"),
        (records.connector, "connectors"),
        (records.details, "details"),
        (records.other, "other"),
        (records.unreadable, "unreadable lines"),
    ];
    kinds
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, kind)| (count, kind.to_owned()))
        .collect()
}

fn block(title: &str, entries: &[Entry], top: usize) -> Block {
    let (shown, more) = cut(entries, top);
    let rows: Vec<(u64, String)> = shown
        .iter()
        .map(|entry| {
            (
                entry.count,
                [Some(entry.value.as_str()), entry.name.as_deref()]
                    .map(Option::unwrap_or_default)
                    .join(" "),
            )
        })
        .collect();
    let title = if more > 0 {
        format!("{title} (top {} of {})", shown.len(), entries.len())
    } else {
        title.to_owned()
    };
    Block {
        title,
        lines: counts(&rows),
    }
}

/// The first `top` entries, or all if it is 0, and how many more there are.
fn cut(entries: &[Entry], top: usize) -> (&[Entry], usize) {
    let shown = if top == 0 {
        entries.len()
    } else {
        top.min(entries.len())
    };
    (&entries[..shown], entries.len() - shown)
}

/// Lines of a count, to the right, and what it counts.
fn counts(rows: &[(u64, String)]) -> Vec<String> {
    let digits = rows
        .iter()
        .map(|(count, _)| count.to_string().len())
        .max()
        .unwrap_or(0)
        .max(4);
    rows.iter()
        .map(|(count, what)| format!("{count:>digits$}  {what}").trim_end().to_owned())
        .collect()
}

/// What is referred to under a title, who refers to it, and the ids.
type Gap<'r> = (&'static str, &'static str, &'r [Entry]);

fn references(report: &Report, top: usize, width: usize, heading: Style) -> [String; 2] {
    let found = &report.references;
    let dangling: [Gap<'_>; 4] = [
        (
            "lists that rules refer to, not in the bundle",
            "rule",
            &found.missing_lists,
        ),
        (
            "lists that items belong to, not in the bundle",
            "item",
            &found.items_without_list,
        ),
        (
            "connectors not in the bundle (preconfigured, or missing)",
            "action",
            &found.missing_connectors,
        ),
        ("ids that several records have", "record", &found.duplicates),
    ];
    let other: [Gap<'_>; 5] = [
        (
            "lists of Elastic Defend, never exported with rules",
            "rule",
            &found.endpoint_lists,
        ),
        (
            "system connectors, never exported",
            "action",
            &found.system_connectors,
        ),
        (
            "value lists that items refer to, never exported with rules",
            "item",
            &found.value_lists,
        ),
        ("lists that no rule refers to", "", &found.unused_lists),
        (
            "connectors that no action goes through",
            "",
            &found.unused_connectors,
        ),
    ];
    [
        gaps("dangling references", &dangling, top, width, heading),
        gaps("other references", &other, top, width, heading),
    ]
}

fn gaps(title: &str, gaps: &[Gap<'_>], top: usize, width: usize, heading: Style) -> String {
    let mut lines = Vec::new();
    for (what, unit, entries) in gaps {
        if entries.is_empty() {
            continue;
        }
        lines.push(format!("{:>4}  {what}", entries.len()));
        let (shown, more) = cut(entries, top);
        lines.extend(
            shown
                .iter()
                .map(|entry| format!("      {}", reference(entry, unit))),
        );
        if more > 0 {
            lines.push(format!("      and {more} more (`--top 0` shows all)"));
        }
    }
    let verdict = if lines.is_empty() { ": none" } else { "" };
    section(title, verdict, &lines, width, heading)
}

/// A heading with what it all comes to, and lines below it.
fn section(title: &str, verdict: &str, lines: &[String], width: usize, heading: Style) -> String {
    let lines = lines
        .iter()
        .map(|line| format!("{}\n", table::fit(line, width).trim_end()));
    format!(
        "{heading}{title}{heading:#}{verdict}\n{}",
        lines.collect::<String>()
    )
}

/// As in "acme-shared, single (3 rules)".
fn reference(entry: &Entry, unit: &str) -> String {
    let about = [
        entry.kind,
        entry.namespace.filter(|namespace| *namespace != "single"),
        entry.ty.as_deref(),
        entry.name.as_deref(),
    ];
    let about: Vec<&str> = about
        .into_iter()
        .flatten()
        .filter(|text| !text.is_empty())
        .collect();
    let about = if about.is_empty() {
        String::new()
    } else {
        format!("  {}", about.join(", "))
    };
    let list = entry
        .list_id
        .as_ref()
        .map(|list| format!(" of {list}"))
        .unwrap_or_default();
    let count = if unit.is_empty() {
        String::new()
    } else {
        format!("  ({})", plural(entry.count, unit))
    };
    format!("{}{about}{list}{count}", entry.value)
}

fn details(details: &[Details], width: usize, heading: Style) -> String {
    let mut lines = Vec::new();
    for one in details {
        let place = format!("{}:{}", one.file, one.line);
        for difference in &one.differences {
            lines.push(format!(
                "  {place}: `{}` is {}, counted {}",
                difference.key, difference.stated, difference.counted
            ));
        }
        for (key, count) in &one.left_out {
            lines.push(format!(
                "  {place}: `{key}` is {count}: the export left something out"
            ));
        }
    }
    let verdict = match (details.len(), lines.len()) {
        (0, _) => ": there are none",
        (_, 0) => ": they agree with the records",
        _ => "",
    };
    section("details", verdict, &lines, width, heading)
}

fn plural(count: u64, what: &str) -> String {
    if count == 1 {
        format!("1 {what}")
    } else {
        format!("{count} {what}s")
    }
}
