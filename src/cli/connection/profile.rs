//! The profiles file: the Kibanas that a user works with, without their secrets.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ruleferry::error::{Error, ErrorKind, Location, Result, nearest};
use serde::Deserialize;

/// A Kibana in the profiles file.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Profile {
    #[serde(skip)]
    pub(crate) name: String,
    pub(crate) url: Option<String>,
    pub(crate) space: Option<String>,
    #[serde(alias = "api_key_command")]
    pub(crate) api_key_command: Option<Words>,
    #[serde(alias = "api_key_file")]
    pub(crate) api_key_file: Option<PathBuf>,
    pub(crate) username: Option<String>,
    #[serde(alias = "password_file")]
    pub(crate) password_file: Option<PathBuf>,
    #[serde(alias = "ca_file")]
    pub(crate) ca_file: Option<PathBuf>,
    #[serde(alias = "client_cert")]
    pub(crate) client_cert: Option<PathBuf>,
    pub(crate) proxy: Option<String>,
    pub(crate) insecure: Option<bool>,
    #[serde(default, with = "humantime_serde")]
    pub(crate) timeout: Option<Duration>,
}

/// A command: its words, or one text that a shell's rules cut into words. No shell runs it.
#[derive(Debug, Clone)]
pub(crate) struct Words(pub(crate) Vec<String>);

impl<'de> Deserialize<'de> for Words {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error as _;
        let words = match toml::Value::deserialize(deserializer)? {
            toml::Value::String(text) => shlex::split(&text),
            toml::Value::Array(words) => words
                .into_iter()
                .map(|word| word.as_str().map(str::to_owned))
                .collect(),
            _ => None,
        };
        words
            .filter(|words| !words.is_empty())
            .map(Words)
            .ok_or_else(|| D::Error::custom("expected a command, as in `\"pass show kibana/prod\"` or an array of its words"))
    }
}

impl std::str::FromStr for Words {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let words = shlex::split(text).filter(|words| !words.is_empty());
        words
            .map(Self)
            .ok_or_else(|| Error::usage("a command must have words, as in `pass show kibana/prod`"))
    }
}

/// The profiles file, read.
#[derive(Debug)]
pub(crate) struct Profiles {
    path: PathBuf,
    profiles: BTreeMap<String, Profile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    profile: BTreeMap<String, Profile>,
}

impl Profiles {
    /// Where the file is: `RULEFERRY_CONFIG`, else `ruleferry/config.toml` in the user's configuration folder.
    pub(crate) fn path() -> Option<PathBuf> {
        match std::env::var_os("RULEFERRY_CONFIG").filter(|path| !path.is_empty()) {
            Some(path) => Some(path.into()),
            None => Some(dirs::config_dir()?.join("ruleferry").join("config.toml")),
        }
    }

    /// Reads the file.
    pub(crate) fn load() -> Result<Self> {
        let path = Self::path().ok_or_else(|| {
            Error::usage("there is no configuration folder to look for profiles in; set RULEFERRY_CONFIG to the file")
        })?;
        let text = std::fs::read_to_string(&path).map_err(|source| {
            if source.kind() == std::io::ErrorKind::NotFound {
                return Error::usage(format!(
                    "a profile is named and there is no profiles file `{}`; `ruleferry help connection` shows one",
                    path.display()
                ));
            }
            Error::io(
                format!("reading the profiles in `{}`", path.display()),
                source,
            )
        })?;
        Self::parse(&text, &path)
    }

    fn parse(text: &str, path: &Path) -> Result<Self> {
        let file: File = toml::from_str(text).map_err(|error| {
            // The text at fault is not shown: it may be a secret that has no place there.
            let line = error.span().map_or(0, |span| {
                1 + text[..span.start.min(text.len())].matches('\n').count()
            });
            let message = error
                .message()
                .lines()
                .next()
                .unwrap_or_default()
                .to_owned();
            Error::usage(format!(
                "the profiles make no sense: {message}{}",
                secret_hint(&message)
            ))
            .at(Location {
                file: path.display().to_string().into(),
                line: line as u64,
                ..Location::default()
            })
        })?;
        let profiles = file.profile.into_iter().map(|(name, profile)| {
            let named = Profile {
                name: name.clone(),
                ..profile
            };
            (name, named)
        });
        Ok(Self {
            path: path.to_owned(),
            profiles: profiles.collect(),
        })
    }

    /// The names, in order.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.profiles.keys().map(String::as_str)
    }

    /// The profile of this name.
    pub(crate) fn get(&self, name: &str) -> Result<Profile> {
        self.profiles.get(name).cloned().ok_or_else(|| {
            Error::from(ErrorKind::Unknown {
                what: "profile",
                name: name.into(),
                nearest: nearest(name, self.names()).map(Into::into),
            })
            .at(Location {
                file: self.path.display().to_string().into(),
                ..Location::default()
            })
        })
    }
}

/// Secrets have no key of their own, on purpose.
fn secret_hint(message: &str) -> &'static str {
    if message.contains("`api-key`")
        || message.contains("`api_key`")
        || message.contains("`password`")
    {
        "; secrets stay out of this file: use `api-key-command`, `api-key-file` or `password-file`"
    } else {
        ""
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Profiles> {
        Profiles::parse(text, Path::new("config.toml"))
    }

    #[test]
    fn reads_profiles() {
        let profiles = parse(
            "[profile.prod]\nurl = \"https://kibana.example.com\"\nspace = \"cust-*\"\napi-key-command = \"pass show 'kibana prod'\"\ntimeout = \"90s\"\n[profile.dr]\nurl = \"http://127.0.0.1\"\napi_key_command = [\"printenv\", \"KEY\"]\n",
        )
        .unwrap();
        let prod = profiles.get("prod").unwrap();
        assert_eq!(
            prod.api_key_command.unwrap().0,
            ["pass", "show", "kibana prod"]
        );
        assert_eq!(
            (prod.name.as_str(), prod.timeout),
            ("prod", Some(Duration::from_secs(90)))
        );
        assert_eq!(
            profiles.get("dr").unwrap().api_key_command.unwrap().0,
            ["printenv", "KEY"]
        );
        let error = profiles.get("prd").unwrap_err();
        assert_eq!(
            error.to_string(),
            "unknown profile `prd`; did you mean `prod`?"
        );
    }

    #[test]
    fn secrets_have_no_place_in_it_and_are_not_shown() {
        let error = parse("[profile.prod]\nurl = \"x\"\napi-key = \"canary\"\n").unwrap_err();
        let text = format!("{error} {error:?}");
        assert!(
            text.contains("secrets stay out of this file") && !text.contains("canary"),
            "{text}"
        );
        assert_eq!(error.location().unwrap().line, 3);
        for wrong in [
            "[profile.a]\napi-key-command = []",
            "[profile.a]\napi-key-command = \"\"",
            "[profil.a]\n",
            "[profile.a]\ntimeout = \"x\"",
            "[",
        ] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
