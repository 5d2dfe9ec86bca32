//! What of a connector's secrets comes from where, and reading it when it is needed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ruleferry::error::{Error, Result, nearest};
use ruleferry::ops::secrets::Secrets;
use serde_json::Map;
use toml::{Table, Value};

use crate::cli::connection::{Words, printed, variable};
use crate::cli::notes::write_text;

/// The secrets of a connector, by the names that its type has for them.
///
/// Has no `Debug`: it may hold secrets.
pub(super) struct Asked(BTreeMap<Box<str>, Place>);

/// Where a secret is.
enum Place {
    Here(Box<str>),
    Variable(Box<str>),
    File(PathBuf),
    Command(Words),
    /// Several, by name, as the headers of a webhook.
    Members(BTreeMap<Box<str>, Place>),
}

/// The ways to say where a secret is that does not stand in the file.
const WAYS: [&str; 3] = ["env", "file", "command"];

impl Asked {
    pub(super) fn of(connector: &str, members: Value) -> Result<Self> {
        let Value::Table(members) = members else {
            return Err(Error::usage(format!(
                "the secrets of connector `{connector}` must be a table, found {}",
                members.type_str()
            )));
        };
        if members.is_empty() {
            return Err(Error::usage(format!(
                "the secrets of connector `{connector}` must have a member, found none"
            )));
        }
        places(members, &format!(" of connector `{connector}`")).map(Self)
    }

    /// Whether secrets stand in the file itself.
    pub(super) fn has_literals(&self) -> bool {
        self.0.values().any(Place::has_literals)
    }

    /// Reads them.
    pub(super) fn read(&self, connector: &str) -> Result<Secrets> {
        read(&self.0, &format!(" of connector `{connector}`")).map(Secrets::new)
    }
}

impl Place {
    fn of(name: &str, value: Value) -> Result<Self> {
        let wrong = |what: &str| Err(Error::usage(format!("{name} must {what}")));
        match value {
            Value::String(text) if text.is_empty() => wrong("hold a secret, found nothing"),
            Value::String(text) => Ok(Self::Here(text.into())),
            Value::Table(table) if table.is_empty() => wrong("hold a secret, found nothing"),
            Value::Table(table) if WAYS.iter().any(|way| table.contains_key(*way)) => {
                let mut found = table.into_iter();
                match (found.next(), found.next()) {
                    (Some((way, value)), None) => Self::elsewhere(name, &way, value),
                    _ => wrong("say in one way where it is: `env`, `file` or `command`"),
                }
            }
            Value::Table(table) => {
                if let Some((key, way)) = misspelt(&table) {
                    return wrong(&format!(
                        "say where it is in `env`, `file` or `command`, found `{key}`; did you mean `{way}`?"
                    ));
                }
                places(table, &format!(" in {name}")).map(Self::Members)
            }
            other => wrong(&format!("be a text or a table, found {}", other.type_str())),
        }
    }

    fn elsewhere(name: &str, way: &str, value: Value) -> Result<Self> {
        let wrong = |what: &str| Err(Error::usage(format!("{name} must say in {what}")));
        let text = value.as_str().filter(|text| !text.is_empty());
        match (way, text) {
            ("env", Some(variable)) => Ok(Self::Variable(variable.into())),
            ("env", None) => wrong("`env` the name of a variable"),
            ("file", Some(path)) => Ok(Self::File(path.into())),
            ("file", None) => wrong("`file` the path of a file"),
            _ => match value.try_into() {
                Ok(words) => Ok(Self::Command(words)),
                Err(_) => wrong(
                    "`command` a command, as in `\"pass show slack\"` or an array of its words",
                ),
            },
        }
    }

    fn has_literals(&self) -> bool {
        match self {
            Self::Here(_) => true,
            Self::Variable(_) | Self::File(_) | Self::Command(_) => false,
            Self::Members(members) => members.values().any(Self::has_literals),
        }
    }

    fn read(&self, name: &str) -> Result<serde_json::Value> {
        let text = match self {
            Self::Here(text) => text.to_string(),
            Self::Variable(from) => variable(from).map(|it| it.value).ok_or_else(|| {
                Error::usage(format!(
                    "{name} is to come from the variable {from}, which is not set"
                ))
            })?,
            Self::File(path) => {
                let text = std::fs::read_to_string(path).map_err(|source| {
                    Error::io(format!("reading {name} in `{}`", path.display()), source)
                })?;
                warn_if_open(path);
                text
            }
            Self::Command(words) => printed(&words.0, name)?,
            Self::Members(members) => {
                return read(members, &format!(" in {name}")).map(serde_json::Value::Object);
            }
        };
        let text = match self {
            Self::File(_) | Self::Command(_) => without_line_end(&text),
            _ => &text,
        };
        if text.is_empty() {
            return Err(Error::usage(format!(
                "{name} must hold a secret, found nothing"
            )));
        }
        Ok(text.into())
    }
}

/// A lone name that is nearly a way, and that way.
fn misspelt(table: &Table) -> Option<(&str, &'static str)> {
    let (key, value) = table.iter().next().filter(|_| table.len() == 1)?;
    // What says where it is may have any name.
    if value.is_table() {
        return None;
    }
    let lower = key.to_lowercase();
    let begun = WAYS.into_iter().find(|way| lower.starts_with(way));
    Some((key, begun.or_else(|| nearest(&lower, WAYS))?))
}

fn places(members: Table, of: &str) -> Result<BTreeMap<Box<str>, Place>> {
    members
        .into_iter()
        .map(|(name, value)| {
            let place = Place::of(&format!("`{name}`{of}"), value)?;
            Ok((name.into(), place))
        })
        .collect()
}

fn read(members: &BTreeMap<Box<str>, Place>, of: &str) -> Result<Map<String, serde_json::Value>> {
    members
        .iter()
        .map(|(name, place)| {
            let value = place.read(&format!("`{name}`{of}"))?;
            Ok((name.to_string(), value))
        })
        .collect()
}

/// The text without the mark at its beginning and the line end at its end that files and commands add. It may have more lines, as
/// keys and certificates do.
fn without_line_end(text: &str) -> &str {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let text = text.strip_suffix('\n').unwrap_or(text);
    text.strip_suffix('\r').unwrap_or(text)
}

/// Warns of a file with secrets that others can read or write.
#[cfg(unix)]
pub(super) fn warn_if_open(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    let Ok(about) = std::fs::metadata(path) else {
        return;
    };
    let mode = about.permissions().mode() & 0o777;
    if about.is_file() && mode & 0o077 != 0 {
        write_text(&format!(
            "warning: `{}` holds secrets and is open to others (mode {mode:o}); `chmod 600` closes it",
            path.display()
        ));
    }
}

/// Elsewhere who may read a file is not told by its mode.
#[cfg(not(unix))]
pub(super) fn warn_if_open(_: &Path) {}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(text: &str) -> Asked {
        let table: Table = text.parse().unwrap();
        Asked::of("c", Value::Table(table)).unwrap()
    }

    #[test]
    fn each_place_gives_its_secret() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s");
        std::fs::write(&path, "one\ntwo\r\n").unwrap();
        let file = Value::from(path.to_str().unwrap()).to_string();
        let text = format!(
            "a = \"here\"\nb = {{ file = {file} }}\n[h]\nx = \"1\"\np = {{ env = \"PATH\" }}\n"
        );
        let read = asked(&text).read("c").unwrap();
        let path = std::env::var("PATH").unwrap();
        let expected =
            serde_json::json!({"a": "here", "b": "one\ntwo", "h": {"x": "1", "p": path}});
        let expected = expected.as_object().unwrap().clone();
        assert!(read == Secrets::new(expected));
    }

    #[test]
    fn what_is_not_to_be_had_is_named() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("s"), "\n").unwrap();
        let path = Value::from(folder.path().join("s").to_str().unwrap()).to_string();
        for (text, said) in [
            (
                "a = { env = \"RULEFERRY_NO_SUCH_VARIABLE\" }".to_owned(),
                "`a` of connector `c` is to come from the variable RULEFERRY_NO_SUCH_VARIABLE, which is not set",
            ),
            (
                format!("a = {{ file = {path} }}"),
                "`a` of connector `c` must hold a secret, found nothing",
            ),
            (
                "h = { x = { env = \"RULEFERRY_NO_SUCH_VARIABLE\" }, y = \"z\" }".to_owned(),
                "`x` in `h` of connector `c` is to come from the variable RULEFERRY_NO_SUCH_VARIABLE, which is not set",
            ),
        ] {
            let error = asked(&text).read("c").unwrap_err();
            assert_eq!(error.to_string(), said);
        }
        let error = asked("a = { file = \"no/such/file\" }").read("c");
        let message = error.unwrap_err().to_string();
        assert!(message.starts_with("reading `a` of connector `c` in `no/such/file`"));
    }
}
