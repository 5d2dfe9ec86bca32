//! `config show`: which connection applies, secrets masked.

use clap::{Args, Subcommand};
use serde_json::json;

use super::connection::{Connection, Profiles, Settings, Sourced, Target};
use super::exit::Exit;
use super::{Format, work};

/// The verb.
#[derive(Debug, Args)]
pub(crate) struct Config {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Shows the settings that apply and where each came from; secrets are not read.
    Show(Show),
}

#[derive(Debug, Args)]
struct Show {
    /// A target, as in `prod/soc`; without it, what flags, variables and `--profile` say.
    #[arg(value_name = "TARGET")]
    target: Option<Target>,
    #[command(flatten)]
    connection: Connection,
    /// How it is written.
    #[arg(
        long,
        value_name = "FORMAT",
        default_value = "text",
        hide_default_value = true,
        help_heading = "Output"
    )]
    format: Format,
}

/// A setting as it is shown: its name, its value, where it came from.
type Row = (&'static str, String, String);

impl Config {
    /// Runs the verb.
    pub(crate) fn run(&self) -> anyhow::Result<Exit> {
        let Verb::Show(show) = &self.verb;
        let settings = match &show.target {
            Some(target) => show.connection.of_target(target),
            None => show.connection.settings(),
        }?;
        let rows = rows(&settings);
        let file = Profiles::path()
            .map(|path| path.display().to_string())
            .unwrap_or_default();
        let text = match show.format {
            Format::Text => text(&rows, &file),
            Format::Json => {
                let settings: serde_json::Map<_, _> = rows
                    .iter()
                    .map(|(name, value, from)| {
                        (
                            (*name).to_owned(),
                            json!({"value": value, "from": from.replace('`', "")}),
                        )
                    })
                    .collect();
                format!(
                    "{}\n",
                    json!({"schema_version": 1, "profiles_file": file, "settings": settings})
                )
            }
        };
        work::print(&text)?;
        Ok(Exit::Done)
    }
}

fn rows(settings: &Settings) -> Vec<Row> {
    fn row<T>(name: &'static str, sourced: &Sourced<T>, value: impl Fn(&T) -> String) -> Row {
        (name, value(&sourced.value), sourced.from.clone())
    }
    let path = |path: &std::path::PathBuf| path.display().to_string();
    let mut rows = vec![
        row("url", &settings.url, String::clone),
        row("space", &settings.spaces, ToString::to_string),
    ];
    rows.push(match &settings.asked {
        Some(asked) => row("credentials", asked, ToString::to_string),
        None => ("credentials", "none".into(), "the default".into()),
    });
    rows.extend(
        settings
            .ca_file
            .as_ref()
            .map(|file| row("ca-file", file, path)),
    );
    rows.extend(
        settings
            .client_cert
            .as_ref()
            .map(|file| row("client-cert", file, path)),
    );
    rows.extend(
        settings
            .proxy
            .as_ref()
            .map(|proxy| row("proxy", proxy, String::clone)),
    );
    rows.extend(
        settings
            .insecure
            .as_ref()
            .map(|insecure| row("insecure", insecure, ToString::to_string)),
    );
    rows.extend(settings.timeout.as_ref().map(|timeout| {
        row("timeout", timeout, |timeout| {
            humantime::format_duration(*timeout).to_string()
        })
    }));
    rows
}

fn text(rows: &[Row], file: &str) -> String {
    let width = |of: fn(&Row) -> usize| rows.iter().map(of).max().unwrap_or_default();
    let (names, values) = (width(|row| row.0.len()), width(|row| row.1.chars().count()));
    let mut text = String::new();
    for (name, value, from) in rows {
        text += &format!("{name:names$}  {value:values$}  from {from}\n");
    }
    text + &format!("\nThe profiles file is `{file}`.\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_line_up() {
        let rows = [
            ("url", "https://a".to_owned(), "KIBANA_URL".to_owned()),
            ("space", "soc".to_owned(), "`--space`".to_owned()),
        ];
        assert_eq!(
            text(&rows, "f"),
            "url    https://a  from KIBANA_URL\nspace  soc        from `--space`\n\nThe profiles file is `f`.\n"
        );
    }
}
