//! What `split` tells of its parts.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ruleferry::bundle::split::{Cut, Group, Need, Needed, Origin, Part, Plan};
use ruleferry::error::Error;
use ruleferry::record::{ConnectorId, Counts, Kind};
use serde_json::{Value, json};

use crate::cli::notes::{by_kind, counts, records, write_text};
use crate::cli::told::Told;

/// Tells each part as JSON, and takes down what people must know.
pub(super) fn parts(plan: &Plan, names: &[PathBuf], told: &mut Told) -> Result<(), Error> {
    let file = |part: usize| file_name(&names[part]);
    for (number, part) in plan.parts.iter().enumerate() {
        told.json(|| as_json(part, number, &names[number]))?;
        if !part.needs.is_empty() {
            told.note(
                "parts whose rules refer to lists or connectors of earlier parts: {n} (import them in the order of their numbers)",
                || format!("{} needs {}", file(number), origins(part, names)),
            );
        }
        if !part.secrets.is_empty() {
            told.note(
                "parts without a connector line for their rules with actions: {n} (Kibana refuses these with `Invalid connectors` until the secrets are set)",
                || format!("before {}, set the secrets of {}", file(number), connectors(&part.secrets)),
            );
        }
        if !part.doubled.is_empty() {
            told.note(
                "parts that have a connector twice, as the bundle has it: {n} (Kibana refuses them; `edit dedupe` the bundle first)",
                || format!("{} has {} twice", file(number), connectors(&part.doubled)),
            );
        }
    }
    Ok(())
}

fn connectors(ids: &[ConnectorId]) -> String {
    let names: Vec<String> = ids.iter().map(|id| format!("`{}`", id.as_str())).collect();
    let what = if ids.len() == 1 {
        "connector"
    } else {
        "connectors"
    };
    format!("{what} {}", names.join(", "))
}

/// As in "part-001.ndjson (2 exception lists, 1 connector), part-003.ndjson (1 connector)".
fn origins(part: &Part, names: &[PathBuf]) -> String {
    /// How many parts are named in one line.
    const NAMED: usize = 5;
    let mut origins: BTreeMap<usize, Counts> = BTreeMap::new();
    for need in &part.needs {
        if let Origin::Part(from) = need.from {
            let kind = match need.what {
                Needed::List(_) => Kind::ExceptionList,
                Needed::Connector(_) => Kind::Connector,
            };
            origins.entry(from).or_default()[kind] += 1;
        }
    }
    let more = match origins.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let origins = origins.into_iter().take(NAMED);
    let origins = origins.map(|(from, counts)| file_name(&names[from]) + &by_kind(counts));
    origins.collect::<Vec<_>>().join(", ") + &more
}

fn file_name(path: &Path) -> String {
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into()
}

fn as_json(part: &Part, number: usize, name: &Path) -> Value {
    let mut kinds = part.counts;
    kinds[Kind::Details] = 1;
    let needs: Vec<Value> = part.needs.iter().map(need_json).collect();
    let ids = |ids: &[ConnectorId]| -> Vec<String> {
        ids.iter().map(|id| id.as_str().to_owned()).collect()
    };
    json!({
        "schema_version": 1,
        "part": number + 1,
        "file": name.to_string_lossy(),
        "group": match &part.group {
            Group::Of(name) => Some(name),
            Group::All | Group::Without | Group::Rest => None,
        },
        "bytes": part.bytes,
        "records": counts(kinds),
        "unreadable": part.unreadable,
        "needs": needs,
        "set_secrets_before": ids(&part.secrets),
        "doubled_connectors": ids(&part.doubled),
    })
}

fn need_json(need: &Need) -> Value {
    let part = match need.from {
        Origin::Part(part) => Some(part + 1),
        Origin::Unfit(_) => None,
    };
    match &need.what {
        Needed::List(list) => json!({
            "kind": Kind::ExceptionList.name(),
            "id": list.id.as_str(),
            "namespace_type": list.namespace.name(),
            "part": part,
        }),
        Needed::Connector(id) => json!({
            "kind": Kind::Connector.name(),
            "id": id.as_str(),
            "part": part,
        }),
    }
}

/// Writes one row a part for people.
pub(super) fn table(plan: &Plan, names: &[PathBuf]) {
    let columns = ["bytes", "rules", "lists", "items", "connectors", "others"];
    let rows: Vec<(String, [u64; 6])> = plan
        .parts
        .iter()
        .zip(names)
        .map(|(part, name)| (file_name(name), numbers(part)))
        .collect();
    // Most bundles have no others.
    let shown = 5 + usize::from(rows.iter().any(|(_, numbers)| numbers[5] > 0));
    let first = rows.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    let width = |column: usize| {
        let widest = rows
            .iter()
            .map(|(_, numbers)| numbers[column].to_string().len());
        widest.max().unwrap_or(0).max(columns[column].len())
    };
    let widths: Vec<usize> = (0..shown).map(width).collect();
    let line = |name: &str, cells: &[String]| {
        let cells = cells.iter().zip(&widths);
        let cells = cells.map(|(cell, width)| format!("  {cell:>width$}"));
        write_text(&format!("{name:first$}{}", cells.collect::<String>()));
    };
    if !rows.is_empty() {
        line("", &columns.map(String::from));
    }
    for (name, numbers) in &rows {
        line(name, &numbers.map(|number| number.to_string()));
    }
}

fn numbers(part: &Part) -> [u64; 6] {
    let [rules, lists, items, connectors, others] = [
        Kind::Rule,
        Kind::ExceptionList,
        Kind::ExceptionItem,
        Kind::Connector,
        Kind::Other,
    ]
    .map(|kind| part.counts[kind]);
    let others = others + part.unreadable;
    [part.bytes, rules, lists, items, connectors, others]
}

/// As in "61 records read (36 rules, …); 3 parts in `parts`".
pub(super) fn summary(cut: &Cut, refused: u64, directory: &Path) -> String {
    let refused = match refused {
        0 => String::new(),
        count => format!(", {count} refused"),
    };
    let parts = match cut.plan.parts.len() {
        0 => "no parts, because nothing is to be imported".to_owned(),
        1 => format!("1 part in `{}`", directory.display()),
        count => format!("{count} parts in `{}`", directory.display()),
    };
    format!(
        "{} read{}{refused}; {parts}",
        records(cut.read.total()),
        by_kind(cut.read)
    )
}
