//! Where secrets of connectors come from: a file, or what a command prints, that names for each the environment, a file, a command, or
//! has it itself.
//!
//! What is read here is shown nowhere: messages name connectors, members and places. Nothing is kept beyond the run.

mod read;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;
use ruleferry::error::{Error, Location, Result};
use ruleferry::kibana::Space;
use ruleferry::ops::secrets::Secrets;
use toml::{Table, Value};

use super::connection::{Connected, Target, Words, printed};
use super::notes::write_text;
use read::Asked;

/// The flags of verbs that give connectors their secrets.
#[derive(Debug, Clone, Args)]
pub(crate) struct From {
    /// Gives connectors the secrets that this file names.
    #[arg(long, value_name = "FILE", help_heading = "Connectors")]
    secrets: Option<PathBuf>,
    /// The same, with what a command prints in place of a file; no shell runs it.
    #[arg(
        long,
        value_name = "COMMAND",
        help_heading = "Connectors",
        conflicts_with = "secrets"
    )]
    secrets_command: Option<Words>,
}

/// Secrets that are to be had, by connector; none is read yet.
#[derive(Default)]
pub(crate) struct Supply {
    sections: Vec<Section<Asked>>,
}

/// Secrets that were read.
#[derive(Default)]
pub(crate) struct Supplied {
    sections: Vec<Section<Secrets>>,
}

/// What is for all targets, or for some.
struct Section<T> {
    /// None where it is for all.
    to: Vec<Target>,
    /// By id or name.
    connectors: BTreeMap<Box<str>, T>,
}

impl From {
    /// Whether there are any.
    pub(crate) fn is_given(&self) -> bool {
        self.secrets.is_some() || self.secrets_command.is_some()
    }

    /// Reads which secrets there are, and from where.
    pub(crate) fn supply(&self) -> Result<Supply> {
        let (text, name) = match (&self.secrets, &self.secrets_command) {
            (Some(path), _) => {
                let shown = format!("`{}`", path.display());
                let text = std::fs::read_to_string(path)
                    .map_err(|source| Error::io(format!("reading {shown}"), source))?;
                (text, path.display().to_string())
            }
            (None, Some(command)) => {
                let text = printed(&command.0, "`--secrets-command`")?;
                (text, "--secrets-command".into())
            }
            (None, None) => return Ok(Supply::default()),
        };
        let supply = Supply::parse(&text, &name)?;
        if let Some(path) = &self.secrets {
            supply.warn_of(path);
        }
        Ok(supply)
    }
}

impl Supply {
    fn parse(text: &str, file: &str) -> Result<Self> {
        let at = |error: Error, line: u64| {
            error.at(Location {
                file: file.into(),
                line,
                ..Location::default()
            })
        };
        let table: Table = text.parse().map_err(|error: toml::de::Error| {
            // What stands there may be a secret, so neither it nor the parser's words are shown.
            let start = error.span().map_or(0, |span| span.start.min(text.len()));
            let before = text.get(..start).unwrap_or_default();
            let line = 1 + before.matches('\n').count() as u64;
            at(Error::usage("the secrets must be TOML"), line)
        })?;
        Self::of(table).map_err(|error| at(error, 0))
    }

    fn of(mut file: Table) -> Result<Self> {
        let mut sections = vec![Section {
            to: Vec::new(),
            connectors: connectors(file.remove("connector"))?,
        }];
        for section in tables(file.remove("target"), "target")? {
            let Value::Table(mut section) = section else {
                return Err(Error::usage("`target` must be tables, as in `[[target]]`"));
            };
            let to = match section.remove("to") {
                Some(Value::Array(to)) if !to.is_empty() => to
                    .iter()
                    .map(|it| it.as_str().unwrap_or_default().parse())
                    .collect::<Result<_>>()?,
                _ => {
                    return Err(Error::usage(
                        "a `[[target]]` must say in `to` which spaces it is for, as in `to = [\"dr/soc-*\"]`",
                    ));
                }
            };
            sections.push(Section {
                to,
                connectors: connectors(section.remove("connector"))?,
            });
            no_more(&section, "`connector` and `to` in a `[[target]]`")?;
        }
        no_more(&file, "`connector` and `target`")?;
        Ok(Self { sections })
    }

    /// What is for the targets that are meant; warns of what is for others alone.
    pub(crate) fn only(mut self, is_meant: &dyn Fn(&Target) -> bool) -> Self {
        self.sections.retain(|section| {
            let fits = section.to.is_empty() || section.to.iter().any(is_meant);
            if !fits {
                warn_elsewhere("the secrets", &section.to);
            }
            fits
        });
        self
    }

    /// The connectors that have secrets here, by id or name, each once.
    pub(crate) fn names(&self) -> Vec<&str> {
        let keys = self.sections.iter().flat_map(|it| it.connectors.keys());
        let mut names: Vec<&str> = keys.map(|name| &**name).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Whether a connector that goes by one of these names in this place has secrets here.
    pub(crate) fn has(&self, connected: &Connected, space: &Space, names: &[&str]) -> bool {
        find(&self.sections, connected, space, names).is_some()
    }

    /// Reads the secrets of the connectors that `is_wanted` says, each once.
    pub(crate) fn read(&self, is_wanted: impl Fn(&str) -> bool) -> Result<Supplied> {
        let mut sections = Vec::new();
        for Section { to, connectors } in &self.sections {
            let mut read = BTreeMap::new();
            for (name, asked) in connectors.iter().filter(|(name, _)| is_wanted(name)) {
                read.insert(name.clone(), asked.read(name)?);
            }
            sections.push(Section {
                to: to.clone(),
                connectors: read,
            });
        }
        Ok(Supplied { sections })
    }

    /// Says that others can read what is for nobody else.
    fn warn_of(&self, path: &Path) {
        let mut asked = self.sections.iter().flat_map(|it| it.connectors.values());
        if asked.any(Asked::has_literals) {
            read::warn_if_open(path);
        }
    }
}

impl Supplied {
    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.sections.iter().all(|it| it.connectors.is_empty())
    }

    /// The secrets of a connector that goes by these names in this place, the first name first.
    pub(crate) fn of(
        &self,
        connected: &Connected,
        space: &Space,
        names: &[&str],
    ) -> Option<(&str, &Secrets)> {
        find(&self.sections, connected, space, names)
    }
}

/// What is said of the first of the names; of several sections, the last one that says anything counts, the one for all last.
fn find<'s, T>(
    sections: &'s [Section<T>],
    connected: &Connected,
    space: &Space,
    names: &[&str],
) -> Option<(&'s str, &'s T)> {
    let fits = |section: &&Section<T>| {
        section.to.is_empty() || section.to.iter().any(|it| it.is_at(&connected.name, space))
    };
    let mut fitting = sections.iter().rev().filter(fits);
    fitting.find_map(|section| {
        names.iter().find_map(|name| {
            let (key, value) = section.connectors.get_key_value(*name)?;
            Some((&**key, value))
        })
    })
}

fn connectors(value: Option<Value>) -> Result<BTreeMap<Box<str>, Asked>> {
    let table = match value {
        None => return Ok(BTreeMap::new()),
        Some(Value::Table(table)) => table,
        Some(_) => {
            return Err(Error::usage(
                "`connector` must be a table, as in `[connector.\"SOC mail\"]`",
            ));
        }
    };
    table
        .into_iter()
        .map(|(name, members)| {
            let asked = Asked::of(&name, members)?;
            Ok((name.into(), asked))
        })
        .collect()
}

fn tables(value: Option<Value>, name: &str) -> Result<Vec<Value>> {
    match value {
        None => Ok(Vec::new()),
        Some(Value::Array(tables)) => Ok(tables),
        Some(_) => Err(Error::usage(format!(
            "`{name}` must be tables, as in `[[{name}]]`"
        ))),
    }
}

fn no_more(table: &Table, known: &str) -> Result<()> {
    match table.keys().next() {
        None => Ok(()),
        Some(key) => Err(Error::usage(format!(
            "the secrets must have {known}, found `{key}`"
        ))),
    }
}

/// Warns of names that no connector has.
pub(crate) fn warn_unknown(name: &str, nearest: Option<&str>) {
    let near = nearest.map_or_else(String::new, |it| format!("; did you mean `{it}`?"));
    write_text(&format!(
        "warning: the secrets are for a connector `{name}`, and nothing that is brought acts through one{near}"
    ));
}

/// Warns of what is for targets that the run does not have.
pub(crate) fn warn_elsewhere(what: &str, to: &[Target]) {
    let to: Vec<String> = to.iter().map(|it| format!("`{it}`")).collect();
    write_text(&format!(
        "warning: {what} for {} are for no target of this run, and left aside",
        to.join(", ")
    ));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_makes_no_sense_is_refused_and_not_shown() {
        for (text, said) in [
            ("canary", "the secrets must be TOML"),
            ("[connector.a]\nb = \"canary", "the secrets must be TOML"),
            (
                "connector = \"canary\"",
                "`connector` must be a table, as in `[connector.\"SOC mail\"]`",
            ),
            (
                "[connector]\na = \"canary\"",
                "the secrets of connector `a` must be a table, found string",
            ),
            (
                "[connector.a]\nb = [\"canary\"]",
                "`b` of connector `a` must be a text or a table, found array",
            ),
            (
                "[connector.a]\nb = { env = 7 }",
                "`b` of connector `a` must say in `env` the name of a variable",
            ),
            (
                "[connector.a]\nb = { env = \"A\", file = \"canary\" }",
                "`b` of connector `a` must say in one way where it is: `env`, `file` or `command`",
            ),
            (
                "[connector.a]\nb = { enviroment = \"canary\" }",
                "`b` of connector `a` must say where it is in `env`, `file` or `command`, found `enviroment`; did you mean `env`?",
            ),
            (
                "[connector.a]\nb = { comand = [\"canary\"] }",
                "`b` of connector `a` must say where it is in `env`, `file` or `command`, found `comand`; did you mean `command`?",
            ),
            (
                "[connector.a]\nb = { command = [] }",
                "`b` of connector `a` must say in `command` a command, as in `\"pass show slack\"` or an array of its words",
            ),
            (
                "[connector.a]\nb = \"\"",
                "`b` of connector `a` must hold a secret, found nothing",
            ),
            (
                "[connector.a]\n",
                "the secrets of connector `a` must have a member, found none",
            ),
            (
                "[other.a]\nb = \"canary\"",
                "the secrets must have `connector` and `target`, found `other`",
            ),
            (
                "[[target]]\n[target.connector.a]\nb = \"canary\"",
                "a `[[target]]` must say in `to` which spaces it is for, as in `to = [\"dr/soc-*\"]`",
            ),
        ] {
            let error = Supply::parse(text, "s.toml").err().unwrap();
            assert_eq!(error.to_string(), said);
            assert!(!format!("{error:?}").contains("canary"), "{text}");
        }
    }

    #[test]
    fn what_is_for_a_target_beats_what_is_for_all() {
        let text = "[connector.a]\nb = \"1\"\n[[target]]\nto = [\"dr/x-*\"]\n[target.connector.a]\nb = \"2\"\n[target.connector.n]\nb = \"3\"\n";
        let supply = Supply::parse(text, "s.toml").unwrap();
        assert_eq!(supply.names(), ["a", "n"]);
        let read = supply.read(|_| true).unwrap();
        let fits = |section: &Section<Secrets>, space: &str| {
            let space: Space = space.parse().unwrap();
            section.to.iter().any(|it| it.is_at("dr", &space))
        };
        assert!(fits(&read.sections[1], "x-1") && !fits(&read.sections[1], "y"));
        assert!(supply.read(|_| false).unwrap().is_empty());
    }
}
