//! What `backup` tells of each space, and of the snapshot.

use std::fmt::Write as _;

use ruleferry::error::{Error, Result};
use ruleferry::record::{Counts, Kind};
use ruleferry::repo::{Published, StoredSpace};
use serde_json::json;

use super::Taken;
use crate::cli::exit::Exit;
use crate::cli::notes::{counts, write_text};
use crate::cli::out::Out;
use crate::cli::repo::size;
use crate::cli::told::count;
use crate::cli::{Format, Global, render, table};

/// How many of what a space lacks are named unless more is asked for.
const NAMED: usize = 10;

/// Warns of the spaces that failed. Where all did, the error of the first is left: it ends the run.
pub(super) fn failed(taken: &mut [Taken], global: &Global) {
    let all = taken.iter().all(|(_, error)| error.is_some());
    for (space, error) in taken.iter_mut().skip(usize::from(all)) {
        if let Some(error) = error.take() {
            let place = format!("space `{space}`");
            render::warning(&error.in_file(&place), global.errors);
        }
    }
}

/// Tells of a snapshot that is there, and says how the run ends.
pub(super) fn done(
    published: &Published,
    taken: &mut [Taken],
    format: Format,
    global: &Global,
) -> Result<Exit> {
    failed(taken, global);
    for damage in &published.damage {
        render::warning(damage, global.errors);
    }
    if !published.damage.is_empty() {
        write_text(
            "what is damaged there is not built upon: this snapshot is not affected; `ruleferry verify` tells which earlier ones are",
        );
    }
    let exit = if published.manifest.partial {
        Exit::Part
    } else {
        Exit::Done
    };
    let spaces = &published.manifest.spaces;
    let mut out = Out::create(None)?;
    match format {
        Format::Json => out.print(&lines(published, exit)),
        Format::Text => {
            for space in spaces {
                warn(space, global);
            }
            if !global.quiet {
                out.print(&text(published));
            }
        }
    }
    Ok(out.close(exit, global.errors))
}

/// Names what a space lacks that was read, and where more is asked for, what else is not in the snapshot.
fn warn(space: &StoredSpace, global: &Global) {
    if space.files.is_empty() {
        return;
    }
    let lacks = space.lacks().count();
    let named = if global.verbose {
        usize::MAX
    } else {
        NAMED.min(lacks)
    };
    let place = format!("space `{}`", space.space);
    for left in space.lacks_first().take(named) {
        let message = format!("not in the snapshot: {}: {}", left.what, left.why);
        if left.is_lack {
            render::warning(&Error::refused(message).in_file(&place), global.errors);
        } else {
            write_text(&format!("note: {place}: {message}"));
        }
    }
    if lacks > named {
        let more = lacks - named;
        write_text(&format!(
            "{place}: {more} more are not in the snapshot; `-v` names each"
        ));
    }
}

fn outcome(space: &StoredSpace) -> &'static str {
    match (space.partial, space.files.is_empty()) {
        (true, true) => "failed",
        (true, false) => "partial",
        (false, _) => "complete",
    }
}

fn counted(space: &StoredSpace) -> Counts {
    let mut counts = Counts::default();
    for kind in Kind::ALL {
        counts[kind] = space.count(kind);
    }
    counts
}

fn text(published: &Published) -> String {
    const COLUMNS: [&str; 8] = [
        "rules",
        "lists",
        "items",
        "connectors",
        "value lists",
        "timelines",
        "size",
        "outcome",
    ];
    // Narrow columns are as wide as sizes are.
    let widths = COLUMNS.map(|name| name.len().max(8));
    let spaces = &published.manifest.spaces;
    let longest = spaces.iter().map(|space| space.space.len()).max();
    let width = longest.unwrap_or(0).clamp(5, 40);
    let line = |name: &str, cells: [String; 8]| {
        let cells = cells.iter().zip(widths);
        let cells = cells.map(|(cell, width)| format!("  {cell:>width$}"));
        format!("{}{}\n", table::fit(name, width), cells.collect::<String>())
    };
    let mut text = line("space", COLUMNS.map(String::from));
    for space in spaces {
        let number = |kind| space.count(kind).to_string();
        let cells = [
            number(Kind::Rule),
            number(Kind::ExceptionList),
            number(Kind::ExceptionItem),
            number(Kind::Connector),
            space.count_of("value-list").to_string(),
            space.count_of("timeline").to_string(),
            size(space.bytes()),
            outcome(space).into(),
        ];
        text += &line(&space.space, cells);
    }
    let manifest = &published.manifest;
    _ = writeln!(
        text,
        "snapshot {} of {}: {}, {}, of which {} are new in the repository{}",
        published.entry.id(),
        manifest.source.url,
        count(spaces.len() as u64, "space"),
        size(spaces.iter().map(StoredSpace::bytes).sum()),
        size(published.added),
        if manifest.partial { "; partial" } else { "" }
    );
    text
}

/// One JSON line a space, then one for the snapshot.
fn lines(published: &Published, exit: Exit) -> String {
    let manifest = &published.manifest;
    let mut text = String::new();
    for space in &manifest.spaces {
        let line = json!({
            "schema_version": 1,
            "url": manifest.source.url,
            "space": space.space,
            "outcome": outcome(space),
            "records": counts(counted(space)),
            "value_lists": space.count_of("value-list"),
            "timelines": space.count_of("timeline"),
            "bytes": space.bytes(),
            "left_out": space.left_out,
        });
        _ = writeln!(text, "{line}");
    }
    let many = |sort: &str| {
        let spaces = manifest.spaces.iter();
        spaces.filter(|space| outcome(space) == sort).count()
    };
    let line = json!({
        "schema_version": 1,
        "summary": {
            "complete": many("complete"),
            "partial": many("partial"),
            "failed": many("failed"),
        },
        "snapshot": published.entry.id(),
        "began": manifest.began.to_string(),
        "ended": manifest.ended.to_string(),
        "source": manifest.source,
        "bytes": manifest.spaces.iter().map(StoredSpace::bytes).sum::<u64>(),
        "added": published.added,
        "exit": exit.code(),
    });
    _ = writeln!(text, "{line}");
    text
}
