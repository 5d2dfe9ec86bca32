//! One row of `ls`: what it shows of a record, and how it is written.

use std::io::{BufWriter, StdoutLock, Write};

use clap::ValueEnum;
use ruleferry::error::{Error, Location};
use ruleferry::json::Raw;
use ruleferry::record::{Kind, Record};
use serde::Serialize;

use crate::cli::table;

/// How rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Rows {
    Text,
    Json,
    Csv,
}

/// What is shown of a record.
#[derive(Debug)]
pub(super) struct Row {
    kind: Kind,
    id: Option<String>,
    name: Option<String>,
    ty: Option<String>,
    list: Option<String>,
    severity: Option<String>,
    enabled: Option<bool>,
    tags: Vec<String>,
    bytes: usize,
}

impl Row {
    pub(super) fn of(record: &Record<'_>) -> Self {
        let kind = record.kind();
        let text = |key: &str| record.str(key).map(String::from);
        let attribute = |key: &str| {
            record
                .get("attributes")?
                .get(key)?
                .as_str()
                .map(String::from)
        };
        let is_connector = kind == Kind::Connector;
        Self {
            kind,
            id: record.id().map(String::from),
            name: if is_connector {
                attribute("name").or_else(|| attribute("title"))
            } else {
                text("name")
            },
            ty: record
                .connector_type()
                .filter(|_| is_connector)
                .map(String::from)
                .or_else(|| text("type")),
            list: text("list_id").filter(|_| kind == Kind::ExceptionItem),
            severity: text("severity").filter(|_| kind == Kind::Rule),
            enabled: record
                .get("enabled")
                .and_then(Raw::as_bool)
                .filter(|_| kind == Kind::Rule),
            tags: record
                .get("tags")
                .into_iter()
                .flat_map(Raw::elements)
                .filter_map(|tag| tag.as_str().map(String::from))
                .collect(),
            bytes: record.text().len(),
        }
    }
}

/// A row for programs.
#[derive(Serialize)]
struct JsonRow<'r> {
    schema_version: u8,
    file: &'r str,
    line: u64,
    kind: &'static str,
    id: Option<&'r str>,
    name: Option<&'r str>,
    #[serde(rename = "type")]
    ty: Option<&'r str>,
    list_id: Option<&'r str>,
    severity: Option<&'r str>,
    enabled: Option<bool>,
    tags: &'r [String],
    bytes: usize,
}

const CSV_HEADER: [&str; 11] = [
    "file", "line", "kind", "id", "name", "type", "list_id", "severity", "enabled", "tags", "bytes",
];

/// Standard output, in one of the formats.
pub(super) enum Out {
    Text {
        out: BufWriter<StdoutLock<'static>>,
        columns: Columns,
        begun: bool,
    },
    Json(BufWriter<StdoutLock<'static>>),
    Csv(Box<csv::Writer<StdoutLock<'static>>>),
}

impl Out {
    pub(super) fn new(format: Rows) -> Result<Self, Error> {
        let stdout = std::io::stdout().lock();
        Ok(match format {
            Rows::Text => Self::Text {
                out: BufWriter::new(stdout),
                columns: Columns::of(table::width()),
                begun: false,
            },
            Rows::Json => Self::Json(BufWriter::new(stdout)),
            Rows::Csv => {
                let mut csv = csv::Writer::from_writer(stdout);
                csv.write_record(CSV_HEADER).map_err(as_error)?;
                Self::Csv(Box::new(csv))
            }
        })
    }

    pub(super) fn write(&mut self, location: &Location, row: &Row) -> Result<(), Error> {
        match self {
            Self::Text {
                out,
                columns,
                begun,
            } => {
                let heading = if *begun {
                    Ok(())
                } else {
                    writeln!(out, "{}", columns.heading())
                };
                *begun = true;
                heading
                    .and_then(|()| writeln!(out, "{}", columns.row(row)))
                    .map_err(writing)
            }
            Self::Json(out) => {
                let row = JsonRow {
                    schema_version: 1,
                    file: &location.file,
                    line: location.line,
                    kind: row.kind.name(),
                    id: row.id.as_deref(),
                    name: row.name.as_deref(),
                    ty: row.ty.as_deref(),
                    list_id: row.list.as_deref(),
                    severity: row.severity.as_deref(),
                    enabled: row.enabled,
                    tags: &row.tags,
                    bytes: row.bytes,
                };
                serde_json::to_writer(&mut *out, &row)
                    .map_err(std::io::Error::from)
                    .map_err(writing)?;
                out.write_all(b"\n").map_err(writing)
            }
            Self::Csv(out) => {
                let text = |text: &Option<String>| text.clone().unwrap_or_default();
                out.write_record([
                    location.file.to_string(),
                    location.line.to_string(),
                    row.kind.name().to_owned(),
                    text(&row.id),
                    text(&row.name),
                    text(&row.ty),
                    text(&row.list),
                    text(&row.severity),
                    row.enabled
                        .map(|enabled| enabled.to_string())
                        .unwrap_or_default(),
                    row.tags.join(";"),
                    row.bytes.to_string(),
                ])
                .map_err(as_error)
            }
        }
    }

    pub(super) fn finish(self) -> Result<(), Error> {
        match self {
            Self::Text { mut out, .. } | Self::Json(mut out) => out.flush(),
            Self::Csv(mut out) => out.flush(),
        }
        .map_err(writing)
    }
}

fn writing(source: std::io::Error) -> Error {
    Error::io("writing the output", source)
}

fn as_error(error: csv::Error) -> Error {
    writing(match error.into_kind() {
        csv::ErrorKind::Io(source) => source,
        other => std::io::Error::other(format!("{other:?}")),
    })
}

/// The width of each column of the table, kind to tags.
#[derive(Debug)]
pub(super) struct Columns([usize; 7]);

impl Columns {
    /// Shares `width` out: beyond 80 the name gets most of it, then tags, id and type.
    fn of(width: usize) -> Self {
        let more = width.saturating_sub(80);
        let (kind, severity, enabled) = (7, 4, 3);
        let id = 11 + (more / 4).min(25);
        let ty = 12 + (more / 8).min(4);
        let tags = 9_usize.saturating_sub(80_usize.saturating_sub(width) / 2) + (more / 4);
        let gaps = 12;
        let name = width.saturating_sub(kind + severity + enabled + id + ty + tags + gaps);
        Self([kind, id, name, ty, severity, enabled, tags])
    }

    fn line(&self, cells: [&str; 7]) -> String {
        let cells: Vec<(&str, usize)> = cells.into_iter().zip(self.0).collect();
        table::row(&cells)
    }

    fn heading(&self) -> String {
        let heading = if table::has_colours() {
            table::HEADING
        } else {
            anstyle::Style::new()
        };
        format!(
            "{heading}{}{heading:#}",
            self.line(["kind", "id", "name", "type", "sev", "on", "tags"])
        )
    }

    fn row(&self, row: &Row) -> String {
        fn or_dash(text: Option<&String>) -> &str {
            text.map_or("-", String::as_str)
        }
        let enabled = row
            .enabled
            .map_or("-", |enabled| if enabled { "on" } else { "off" });
        let tags = if row.tags.is_empty() {
            "-".to_owned()
        } else {
            row.tags.join(";")
        };
        let ty = row.list.as_ref().or(row.ty.as_ref());
        let severity = row.severity.as_deref().map_or("-", short_severity);
        self.line([
            short_kind(row.kind),
            or_dash(row.id.as_ref()),
            or_dash(row.name.as_ref()),
            or_dash(ty),
            severity,
            enabled,
            &tags,
        ])
    }
}

/// The kind in a word that fits its column.
fn short_kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Rule => "rule",
        Kind::ExceptionList => "list",
        Kind::ExceptionItem => "item",
        Kind::Connector => "conn",
        Kind::Details => "details",
        Kind::Other => "other",
    }
}

fn short_severity(severity: &str) -> &str {
    match severity {
        "medium" => "med",
        "critical" => "crit",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(width: usize, line: &str) -> String {
        Columns::of(width).row(&Row::of(&Record::parse(line, 0).unwrap()))
    }

    #[test]
    fn shares_out_the_width_it_is_given() {
        for width in 60..400 {
            let Columns(widths) = Columns::of(width);
            assert_eq!(widths.iter().sum::<usize>() + 12, width, "{widths:?}");
            assert!(widths[2] >= 10 || width < 66, "{width}: {widths:?}");
        }
    }

    #[test]
    fn shows_each_kind_in_its_columns() {
        let rule = r#"{"rule_id":"acme-1","name":"管理者アカウントの新規作成とその他","type":"machine_learning",
            "severity":"critical","enabled":false,"tags":["a","b"]}"#;
        assert_eq!(
            table(80, rule),
            "rule     acme-1       管理者アカウントの新…   machine_lea…  crit  off  a;b"
        );
        let item = r#"{"item_id":"i","list_id":"shared","name":"n","type":"simple","entries":[]}"#;
        assert_eq!(
            table(80, item),
            "item     i            n                       shared        -     -    -"
        );
        let connector =
            r#"{"id":"c","type":"action","attributes":{"actionTypeId":".slack","name":"soc"}}"#;
        assert_eq!(
            table(80, connector),
            "conn     c            soc                     .slack        -     -    -"
        );
        let board = r#"{"id":"d","type":"dashboard","attributes":{"title":"All"}}"#;
        assert_eq!(
            table(80, board),
            "conn     d            All                     dashboard     -     -    -"
        );
    }

    #[test]
    fn passes_over_values_of_the_wrong_type() {
        let rule = r#"{"rule_id":7,"type":[],"name":null,"severity":{},"enabled":"yes","tags":[1,"a",null]}"#;
        assert_eq!(
            table(80, rule),
            "rule     -            -                       -             -     -    a"
        );
        assert_eq!(
            table(80, r#"{"rule_id":"r","tags":"a"}"#),
            "rule     r            -                       -             -     -    -"
        );
    }
}
