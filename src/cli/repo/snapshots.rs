//! `snapshots`: what is in a repository, and what changed from one snapshot to the next?

use std::collections::{BTreeMap, HashMap, HashSet};

use anstyle::Style;
use clap::Args;
use ruleferry::error::{Error, ErrorKind, Result};
use ruleferry::record::Kind;
use ruleferry::repo::{Changes, Digest, Entry, Manifest, Origin, Repository, StoredSpace};
use serde_json::{Value, json};

use super::super::exit::Exit;
use super::super::notes::write_text;
use super::super::{Format, Global, render, table, work};
use super::{Repo, size};

const NOTES: &str = "\
In the table, `new` is by how much the repository grew with the snapshot, and the changes are those to the snapshot before that \
holds the same space of the same source: records and timelines added, removed, and changed in any byte; the values of a list \
count as one. A snapshot that \
lacks something is `partial`, and below the table stands what. `-v` has a row for each space, and names below the table what else is \
in no snapshot.

A snapshot whose manifest is damaged is named on stderr; the exit code is 6 then.";

/// The verb.
#[derive(Debug, Args)]
#[command(after_help = NOTES)]
pub(crate) struct Snapshots {
    #[command(flatten)]
    repo: Repo,
    /// How it is written: a table, or JSON lines, one a snapshot.
    #[arg(
        long,
        value_name = "FORMAT",
        default_value = "text",
        hide_default_value = true,
        help_heading = "Output"
    )]
    format: Format,
}

/// What is told of a snapshot.
struct Told {
    entry: Entry,
    manifest: Manifest,
    /// By how much the repository grew with it.
    added: u64,
    /// For each space, what changed; none where it is in no snapshot before.
    changes: Vec<Option<Changes>>,
}

/// What was seen of the snapshots before.
#[derive(Default)]
struct Before {
    objects: HashSet<Digest>,
    /// By source and space.
    spaces: HashMap<(Box<str>, Box<str>), StoredSpace>,
}

impl Snapshots {
    /// Runs the verb.
    pub(crate) fn run(&self, global: &Global) -> anyhow::Result<Exit> {
        let repository = self.repo.open()?;
        let entries = repository.snapshots()?;
        let mut before = Before::default();
        let mut exit = Exit::Done;
        let mut lacking = Vec::new();
        // A table for each source.
        let mut tables: BTreeMap<Box<str>, (Origin, String)> = BTreeMap::new();
        for entry in entries {
            let told = match before.tell(&repository, entry) {
                Ok(told) => told,
                Err(error) if matches!(error.kind(), ErrorKind::Damaged { .. }) => {
                    render::warning(&error, global.errors);
                    exit = Exit::Damaged;
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            if self.format == Format::Json {
                work::print(&format!("{}\n", told.json()))?;
                continue;
            }
            let source = &told.manifest.source;
            let table = tables
                .entry(source.url.clone())
                .or_insert_with(|| (source.clone(), String::new()));
            table.0 = source.clone();
            table.1 += &told.text(global.verbose);
            lacking.extend(told.lacking(global.verbose));
        }
        for (index, (source, rows)) in tables.into_values().enumerate() {
            let gap = if index > 0 { "\n" } else { "" };
            work::print(&format!("{gap}{}{rows}", heading(&source)))?;
        }
        if !global.quiet {
            for line in &lacking {
                write_text(line);
            }
        }
        Ok(exit)
    }
}

impl Before {
    fn tell(&mut self, repository: &Repository, entry: Entry) -> Result<Told, Error> {
        let manifest = repository.manifest(&entry)?;
        let objects = manifest.objects();
        let added = objects.filter(|(object, _)| self.objects.insert(*object));
        let added = added.map(|(_, bytes)| bytes).sum();
        let mut changes = Vec::new();
        for space in &manifest.spaces {
            let key = (manifest.source.url.clone(), space.space.clone());
            let old = self.spaces.insert(key, space.clone());
            let since = old.map(|old| repository.changes(&old, space));
            changes.push(since.transpose()?);
        }
        Ok(Told {
            entry,
            manifest,
            added,
            changes,
        })
    }
}

/// How wide a table is before the column of changes.
const FIXED: usize = 65;

/// A line of the table: what it is about in one or two cells, and how much.
fn row(about: &[(&str, usize)], much: [&str; 4]) -> String {
    let rest = table::last(much[3], FIXED, 12);
    let widths = [7, 10, 10, rest];
    let cells: Vec<(&str, usize)> = about
        .iter()
        .copied()
        .chain(much.into_iter().zip(widths))
        .collect();
    format!("{}\n", table::row(&cells))
}

/// The widths of the id and the time.
const ABOUT: [usize; 2] = [12, 16];

fn heading(source: &Origin) -> String {
    let style = if table::has_colours() {
        table::HEADING
    } else {
        Style::new()
    };
    let version = source
        .version
        .as_deref()
        .map(|version| format!(", Kibana {version}"));
    let names = row(
        &[("snapshot", ABOUT[0]), ("begun", ABOUT[1])],
        ["rules", "size", "new", "changes"],
    );
    format!(
        "{}{}\n{style}{}{style:#}\n",
        source.url,
        version.unwrap_or_default(),
        names.trim_end()
    )
}

fn changes(changes: Option<Changes>, is_partial: bool) -> String {
    let text = match changes {
        None => "first".into(),
        Some(changes) if changes.is_empty() => "none".into(),
        Some(Changes {
            added,
            removed,
            changed,
        }) => format!("+{added} -{removed} ~{changed}"),
    };
    if is_partial {
        format!("partial, {text}")
    } else {
        text
    }
}

impl Told {
    fn text(&self, names_spaces: bool) -> String {
        let spaces = &self.manifest.spaces;
        let rules: u64 = spaces.iter().map(|space| space.count(Kind::Rule)).sum();
        let bytes: u64 = spaces.iter().map(StoredSpace::bytes).sum();
        let all = self
            .changes
            .iter()
            .flatten()
            .copied()
            .reduce(|mut all, one| {
                all += one;
                all
            });
        let began = self.entry.began.to_string().replace('T', " ");
        let mut text = row(
            &[(&self.entry.id(), ABOUT[0]), (&began[..ABOUT[1]], ABOUT[1])],
            [
                &rules.to_string(),
                &size(bytes),
                &size(self.added),
                &changes(all, self.manifest.partial),
            ],
        );
        let named = spaces.iter().zip(&self.changes).filter(|_| names_spaces);
        for (space, since) in named {
            text += &row(
                &[(&format!("  {}", space.space), ABOUT[0] + 2 + ABOUT[1])],
                [
                    &space.count(Kind::Rule).to_string(),
                    &size(space.bytes()),
                    "",
                    &changes(*since, space.partial),
                ],
            );
        }
        text
    }

    /// What it lacks, a line each; where all is to be named, also what else is not in it.
    fn lacking(&self, names_all: bool) -> Vec<String> {
        let lines = self.manifest.spaces.iter().flat_map(|space| {
            let named = space.lacks_first().filter(|it| it.is_lack || names_all);
            named.map(|it| {
                let lacks = if it.is_lack { "lacks" } else { "is without" };
                let (id, name) = (self.entry.id(), &space.space);
                format!("{id} {lacks}, of space `{name}`: {} ({})", it.what, it.why)
            })
        });
        lines.collect()
    }

    fn json(&self) -> Value {
        let space = |(space, changes): (&StoredSpace, &Option<Changes>)| {
            let names = Kind::ALL.iter().map(|kind| kind.name());
            let counts: serde_json::Map<String, Value> = names
                .chain(["value-list", "timeline"])
                .map(|name| (name.to_owned(), space.count_of(name).into()))
                .collect();
            json!({
                "space": space.space,
                "partial": space.partial,
                "left_out": space.left_out,
                "bytes": space.bytes(),
                "counts": counts,
                "files": space.files.iter().map(|file| json!({"name": file.name, "bytes": file.bytes, "lines": file.lines, "sha256": file.sha256})).collect::<Vec<_>>(),
                "changes": changes.map(|it| json!({"added": it.added, "removed": it.removed, "changed": it.changed})),
            })
        };
        let spaces = self.manifest.spaces.iter().zip(&self.changes).map(space);
        json!({
            "schema_version": 1,
            "snapshot": self.entry.id(),
            "name": self.entry.name(),
            "began": self.manifest.began,
            "ended": self.manifest.ended,
            "source": self.manifest.source,
            "partial": self.manifest.partial,
            "added": self.added,
            "spaces": spaces.collect::<Vec<_>>(),
        })
    }
}
