//! Where credentials come from, and reading them when they are needed.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use ruleferry::error::{Error, Result};
use ruleferry::kibana::{Credentials, Secret};

use super::profile::{Profile, Words};
use super::{Connection, Sourced, sourced, variable};

/// Credentials that are to be had, not read yet.
#[derive(Debug, Clone)]
pub(crate) enum Asked {
    KeyVariable,
    KeyFile(PathBuf),
    KeyCommand(Words),
    Password { user: String, from: Password },
}

/// Where a password is.
#[derive(Debug, Clone)]
pub(crate) enum Password {
    Variable,
    File(PathBuf),
}

impl Asked {
    /// The credentials to use: all of one place, never a name of one and a password of another that has its own.
    pub(super) fn of(
        flags: &Connection,
        profile: &Profile,
        from_profile: &str,
        profile_first: bool,
    ) -> Result<Option<Sourced<Self>>> {
        let of_flags = sourced(
            flags.api_key_file.clone().map(Self::KeyFile),
            "`--api-key-file`",
        );
        if of_flags.is_some() && flags.password_file.is_some() {
            return Err(Error::usage(
                "`--api-key-file` and `--password-file` are two ways to say who you are; give one",
            ));
        }
        let of_flags = match (&of_flags, &flags.password_file) {
            (None, Some(file)) => {
                let user = variable("KIBANA_USERNAME")
                    .map(|user| user.value)
                    .or_else(|| profile.username.clone())
                    .ok_or_else(|| {
                        Error::usage("`--password-file` needs a user's name; set KIBANA_USERNAME")
                    })?;
                sourced(
                    Some(Self::Password {
                        user,
                        from: Password::File(file.clone()),
                    }),
                    "`--password-file`",
                )
            }
            _ => of_flags,
        };
        let of_variables = || -> Result<Option<Sourced<Self>>> {
            if variable("KIBANA_API_KEY").is_some() {
                return Ok(sourced(Some(Self::KeyVariable), "KIBANA_API_KEY"));
            }
            let Some(user) = variable("KIBANA_USERNAME") else {
                return Ok(None);
            };
            if variable("KIBANA_PASSWORD").is_none() {
                return Err(Error::usage(
                    "KIBANA_USERNAME needs KIBANA_PASSWORD or `--password-file`",
                ));
            }
            let asked = Self::Password {
                user: user.value,
                from: Password::Variable,
            };
            Ok(sourced(Some(asked), "KIBANA_USERNAME and KIBANA_PASSWORD"))
        };
        if of_flags.is_some() {
            return Ok(of_flags);
        }
        let of_profile = sourced(Self::of_profile(profile)?, from_profile);
        if profile_first && of_profile.is_some() {
            return Ok(of_profile);
        }
        Ok(of_variables()?.or(of_profile))
    }

    fn of_profile(profile: &Profile) -> Result<Option<Self>> {
        let command = profile.api_key_command.clone().map(Self::KeyCommand);
        let file = profile.api_key_file.clone().map(Self::KeyFile);
        let password = profile
            .password_file
            .clone()
            .map(|file| (profile.username.clone(), file));
        match (command, file, password) {
            (Some(one), None, None) | (None, Some(one), None) => Ok(Some(one)),
            (None, None, Some((Some(user), file))) => Ok(Some(Self::Password {
                user,
                from: Password::File(file),
            })),
            (None, None, Some((None, _))) => Err(Error::usage(format!(
                "profile `{}` has a `password-file` and needs a `username`",
                profile.name
            ))),
            (None, None, None) => Ok(None),
            _ => Err(Error::usage(format!(
                "profile `{}` must say in one way who you are, found several",
                profile.name
            ))),
        }
    }

    /// Reads the secret and makes credentials of it.
    pub(super) fn credentials(&self) -> Result<Credentials> {
        match self {
            Self::KeyVariable => secret_of("KIBANA_API_KEY").map(Credentials::ApiKey),
            Self::KeyFile(path) => secret_in(path).map(Credentials::ApiKey),
            Self::KeyCommand(Words(words)) => said(words).map(Credentials::ApiKey),
            Self::Password { user, from } => Ok(Credentials::Basic {
                user: user.as_str().into(),
                password: match from {
                    Password::Variable => secret_of("KIBANA_PASSWORD")?,
                    Password::File(path) => secret_in(path)?,
                },
            }),
        }
    }
}

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::KeyVariable => f.write_str("API key …"),
            Self::KeyFile(path) => write!(f, "API key in `{}`", path.display()),
            // Its arguments may hold what nobody else should see.
            Self::KeyCommand(Words(words)) => write!(
                f,
                "API key that `{} …` prints",
                words.first().map_or("", |word| word)
            ),
            Self::Password {
                user,
                from: Password::Variable,
            } => write!(f, "user `{user}`, password …"),
            Self::Password {
                user,
                from: Password::File(path),
            } => write!(f, "user `{user}`, password in `{}`", path.display()),
        }
    }
}

fn secret_of(name: &str) -> Result<Secret> {
    Secret::new(
        &variable(name).map(|found| found.value).unwrap_or_default(),
        name,
    )
}

fn secret_in(path: &Path) -> Result<Secret> {
    let text = std::fs::read_to_string(path).map_err(|source| {
        Error::io(
            format!("reading the secret in `{}`", path.display()),
            source,
        )
    })?;
    Secret::new(&text, &format!("`{}`", path.display()))
}

fn said(words: &[String]) -> Result<Secret> {
    const WHAT: &str = "`api-key-command`";
    Secret::new(&printed(words, WHAT)?, WHAT)
}

/// What a command prints on its standard output. No shell runs it.
pub(crate) fn printed(words: &[String], what: &str) -> Result<String> {
    let Some((program, arguments)) = words.split_first() else {
        return Err(Error::usage(format!("{what} must name a command")));
    };
    // Its arguments may hold what nobody else should see.
    let name = format!("`{program}`, for {what}");
    let output = Command::new(program)
        .args(arguments)
        .stdin(Stdio::inherit())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|source| Error::io(format!("running {name}"), source))?;
    if !output.status.success() {
        return Err(Error::usage(format!(
            "{name}, must print what is asked for, and failed with {}",
            output.status
        )));
    }
    String::from_utf8(output.stdout)
        .map_err(|_| Error::usage(format!("{name}, must print UTF-8, found other bytes")))
}
