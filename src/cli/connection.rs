//! Which Kibana a verb talks to: flags, variables and the profiles file, and where each value came from.
//!
//! A flag beats a variable, a variable beats the profile. Where a verb names its target (`prod/soc`), the target's profile beats
//! the variables, and `KIBANA_URL` does not count: what is set in the shell for one Kibana does not leak into another.

mod credentials;
mod profile;
mod target;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use ruleferry::error::{Error, ErrorKind, Result};
use ruleferry::kibana::{Client, Credentials, Options, Retry, Space};
use ruleferry::ops;
use ruleferry::schema;

pub(crate) use credentials::printed;
pub(crate) use profile::{Profile, Profiles, Words};
pub(crate) use target::{Spaces, Target};

use super::Global;
use super::notes::write_text;
use credentials::Asked;

/// The flags of verbs that talk to a Kibana.
#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
#[command(next_help_heading = "Connection")]
pub(crate) struct Connection {
    /// The address of Kibana, with its base path if it has one; else `KIBANA_URL`.
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// A space, or spaces by glob as in `cust-*`; may be given again; else `KIBANA_SPACE`, else `default`.
    #[arg(long = "space", value_name = "SPACE")]
    spaces: Vec<String>,
    /// A profile of the profiles file (`ruleferry help connection`); else `RULEFERRY_PROFILE`.
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
    /// Holds the API key, else `KIBANA_API_KEY`; or set `KIBANA_USERNAME` with `KIBANA_PASSWORD`.
    #[arg(long, value_name = "FILE")]
    api_key_file: Option<PathBuf>,
    /// Holds the password of `KIBANA_USERNAME`.
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// Certificates of authorities to trust beside the system's, in PEM.
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,
    /// A client certificate and its key, in one PEM file.
    #[arg(long, value_name = "FILE")]
    client_cert: Option<PathBuf>,
    /// A proxy for all requests; else what `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` say.
    #[arg(long, value_name = "URL")]
    proxy: Option<String>,
    /// Takes whatever certificate the server shows; warns each time.
    #[arg(long)]
    insecure: bool,
    /// How long one request may take, as in `90s` or `1h`; an hour by default, as Kibana gives its own routes.
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    timeout: Option<Duration>,
}

/// A value, and where it came from.
#[derive(Debug, Clone)]
pub(crate) struct Sourced<T> {
    pub(crate) value: T,
    pub(crate) from: String,
}

/// All that is known of a connection before it is made.
#[derive(Debug)]
pub(crate) struct Settings {
    /// What messages call it: the profile's name or the address.
    pub(crate) name: String,
    pub(crate) url: Sourced<String>,
    pub(crate) spaces: Sourced<Spaces>,
    pub(crate) asked: Option<Sourced<Asked>>,
    pub(crate) ca_file: Option<Sourced<PathBuf>>,
    pub(crate) client_cert: Option<Sourced<PathBuf>>,
    pub(crate) proxy: Option<Sourced<String>>,
    pub(crate) insecure: Option<Sourced<bool>>,
    pub(crate) timeout: Option<Sourced<Duration>>,
}

/// A Kibana that can be talked to.
pub(crate) struct Connected {
    pub(crate) client: Client,
    pub(crate) spaces: Spaces,
    pub(crate) name: String,
}

fn sourced<T>(value: Option<T>, from: impl Into<String>) -> Option<Sourced<T>> {
    value.map(|value| Sourced {
        value,
        from: from.into(),
    })
}

/// A variable that is set to something.
pub(crate) fn variable(name: &str) -> Option<Sourced<String>> {
    let value = std::env::var(name).ok().filter(|value| !value.is_empty());
    sourced(value, name)
}

impl Connection {
    /// Whether a flag says which Kibana is meant.
    pub(crate) fn names_one(&self) -> bool {
        self.url.is_some() || self.profile.is_some()
    }

    /// The settings of the one Kibana that flags, variables and profile describe.
    pub(crate) fn settings(&self) -> Result<Settings> {
        let named =
            sourced(self.profile.clone(), "`--profile`").or_else(|| variable("RULEFERRY_PROFILE"));
        let profile = named
            .map(|named| Profiles::load()?.get(&named.value))
            .transpose()?;
        self.layered(profile, None)
    }

    /// The settings of a target that is named.
    pub(crate) fn of_target(&self, target: &Target) -> Result<Settings> {
        if self.url.is_some() || self.profile.is_some() {
            return Err(Error::usage(format!(
                "the target `{target}` names its profile, so `--url` and `--profile` have no place beside it"
            )));
        }
        let profile = Profiles::load()?.get(&target.profile)?;
        self.layered(Some(profile), Some(target))
    }

    fn layered(&self, profile: Option<Profile>, target: Option<&Target>) -> Result<Settings> {
        let from_profile = profile
            .as_ref()
            .map(|profile| format!("profile `{}`", profile.name))
            .unwrap_or_default();
        let name = profile.as_ref().map(|profile| profile.name.clone());
        let profile = profile.unwrap_or_default();
        let in_profile = || from_profile.clone();
        let url_variable = if target.is_some() {
            None
        } else {
            variable("KIBANA_URL")
        };
        let url = sourced(self.url.clone(), "`--url`")
            .or(url_variable)
            .or_else(|| sourced(profile.url.clone(), in_profile()))
            .ok_or_else(|| {
                Error::usage("which Kibana? give `--url`, set KIBANA_URL, or name a profile with `--profile`")
            })?;
        let asked = Asked::of(self, &profile, &from_profile, target.is_some())?;
        let spaces = self.spaces(&profile, &from_profile, target)?;
        Ok(Settings {
            name: name.unwrap_or_else(|| url.value.clone()),
            url,
            spaces,
            asked,
            ca_file: sourced(self.ca_file.clone(), "`--ca-file`")
                .or_else(|| sourced(profile.ca_file.clone(), in_profile())),
            client_cert: sourced(self.client_cert.clone(), "`--client-cert`")
                .or_else(|| sourced(profile.client_cert.clone(), in_profile())),
            proxy: sourced(self.proxy.clone(), "`--proxy`")
                .or_else(|| sourced(profile.proxy.clone(), in_profile())),
            insecure: sourced(self.insecure.then_some(true), "`--insecure`")
                .or_else(|| sourced(profile.insecure, in_profile())),
            timeout: sourced(self.timeout, "`--timeout`")
                .or_else(|| sourced(profile.timeout, in_profile())),
        })
    }

    fn spaces(
        &self,
        profile: &Profile,
        from_profile: &str,
        target: Option<&Target>,
    ) -> Result<Sourced<Spaces>> {
        if let Some(spaces) = target.and_then(|target| target.spaces.clone()) {
            if !self.spaces.is_empty() {
                return Err(Error::usage(
                    "the target names its spaces, so `--space` has no place beside it",
                ));
            }
            return Ok(Sourced {
                value: spaces,
                from: "the target".into(),
            });
        }
        let of_variable = if target.is_some() {
            None
        } else {
            variable("KIBANA_SPACE")
        };
        let texts = sourced(
            Some(self.spaces.clone()).filter(|spaces| !spaces.is_empty()),
            "`--space`",
        )
        .or_else(|| {
            of_variable.map(|found| Sourced {
                value: found
                    .value
                    .split(',')
                    .map(|space| space.trim().to_owned())
                    .collect(),
                from: found.from,
            })
        })
        .or_else(|| sourced(profile.space.clone().map(|space| vec![space]), from_profile));
        match texts {
            Some(texts) => Ok(Sourced {
                value: Spaces::parse(&texts.value)?,
                from: texts.from,
            }),
            None => Ok(Sourced {
                value: Spaces::default(),
                from: "the default".into(),
            }),
        }
    }

    /// The Kibana that flags, variables and profile describe, ready to talk to.
    pub(crate) fn connect(&self, retry: Retry, global: &Global) -> Result<Connected> {
        self.settings()?.connect(retry, global)
    }

    /// The Kibana that a target names, ready to talk to.
    pub(crate) fn connect_to(
        &self,
        target: &Target,
        retry: Retry,
        global: &Global,
    ) -> Result<Connected> {
        self.of_target(target)?.connect(retry, global)
    }

    /// The Kibana that a target names, or where there is none the one that flags, variables and profile describe.
    pub(crate) fn connect_at(&self, target: Option<&Target>, global: &Global) -> Result<Connected> {
        match target {
            Some(target) => self.connect_to(target, Retry::default(), global),
            None => self.connect(Retry::default(), global),
        }
    }
}

impl Settings {
    /// Reads what secrets and certificates are to be had, and makes a client of it. Sends nothing yet.
    pub(crate) fn connect(&self, retry: Retry, global: &Global) -> Result<Connected> {
        let mut options = Options::new(&self.url.value);
        options.retry = retry;
        options.credentials = self
            .asked
            .as_ref()
            .map_or(Ok(Credentials::None), |asked| asked.value.credentials())?;
        if let Some(file) = &self.ca_file {
            options.authorities = bytes(&file.value, &file.from)?;
        }
        if let Some(file) = &self.client_cert {
            options.identity = Some(bytes(&file.value, &file.from)?);
        }
        options.proxy = self.proxy.as_ref().map(|proxy| proxy.value.as_str().into());
        options.insecure = self
            .insecure
            .as_ref()
            .is_some_and(|insecure| insecure.value);
        if let Some(timeout) = &self.timeout {
            options.timeout = timeout.value;
        }
        options.chance =
            Arc::new(|| f64::from(uuid::Uuid::new_v4().as_fields().0) / f64::from(u32::MAX));
        let interrupt = global.interrupt.clone();
        options.pause = Arc::new(move |time| interrupt.sleep(time));
        if global.verbose {
            options.observer = Some(Arc::new(|exchange| write_text(&exchange.to_string())));
        }
        if options.insecure {
            write_text(&format!(
                "warning: certificates of `{}` are not checked ({}): anybody on the way can read and change what is sent",
                self.url.value,
                self.insecure.as_ref().map_or("", |insecure| &insecure.from)
            ));
        }
        Ok(Connected {
            client: Client::new(options)?,
            spaces: self.spaces.value.clone(),
            name: self.name.clone(),
        })
    }
}

impl fmt::Display for Connected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl Connected {
    /// The spaces that are meant, in the server's order where there are globs.
    pub(crate) fn chosen(&self) -> Result<Vec<Space>> {
        let known = if self.spaces.has_globs() {
            Some(ops::spaces(&self.client)?)
        } else {
            None
        };
        self.spaces.among(known.as_deref())
    }

    /// The one space that is meant; an error where it is several.
    pub(crate) fn space(&self) -> Result<Space> {
        match self.spaces.one() {
            Some(space) => Ok(space.clone()),
            None => Err(Error::usage(format!(
                "one space is needed here, found `{}`",
                self.spaces
            ))),
        }
    }

    /// The version whose facts hold for the server.
    pub(crate) fn version(&self) -> Result<schema::Target> {
        let status = ops::Status::of(&self.client)?;
        status.target().ok_or_else(|| match &status.version {
            Some(version) => Error::out_of_reach(format!(
                "`{self}` is Kibana {version}, of whose exports and imports nothing is known here"
            )),
            None => Error::from(ErrorKind::Status {
                method: "GET",
                path: "/api/status".into(),
                status: 401,
                message: "the version is told only to those who are logged in".into(),
            }),
        })
    }
}

fn bytes(path: &Path, from: &str) -> Result<Vec<u8>> {
    std::fs::read(path)
        .map_err(|source| Error::io(format!("reading `{}` ({from})", path.display()), source))
}
