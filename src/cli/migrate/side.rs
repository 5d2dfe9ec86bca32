//! A Kibana that content goes to, and what was taken down of it.

use std::path::{Path, PathBuf};

use ruleferry::error::{Error, Result};
use ruleferry::kibana::{Retry, Space};
use ruleferry::ops::import::Gates;
use ruleferry::schema::Target as Version;

use super::stock::Origin;
use crate::cli::Global;
use crate::cli::connection::{Connected, Connection, Target};
use crate::cli::plan;

/// A Kibana with the spaces that are meant.
pub(super) struct Side {
    pub(super) connected: Connected,
    pub(super) spaces: Vec<Space>,
    pub(super) version: Version,
    pub(super) gates: Gates,
}

impl Side {
    /// The Kibanas that the targets name, each once.
    pub(super) fn all(targets: &[Target], origin: &Origin, global: &Global) -> Result<Vec<Self>> {
        let mut sides: Vec<Self> = Vec::new();
        for target in targets {
            let connected = Connection::default().connect_to(target, Retry::default(), global)?;
            let mut spaces = connected.chosen()?;
            let url = connected.client.url();
            if url == origin.connected.client.url() {
                spaces.retain(|space| *space != origin.space);
            }
            if spaces.is_empty() {
                return Err(Error::usage(format!(
                    "`--to {target}` is the space that `--from` names"
                )));
            }
            let known = sides
                .iter_mut()
                .find(|side| side.connected.client.url() == url);
            if let Some(side) = known {
                if side.connected.name != connected.name {
                    return Err(Error::usage(format!(
                        "`--to` must name each Kibana by one profile, found `{}` and `{}` for {url}",
                        side.connected.name, connected.name
                    )));
                }
                for space in spaces {
                    if !side.spaces.contains(&space) {
                        side.spaces.push(space);
                    }
                }
                continue;
            }
            let version = connected.version()?;
            plan::check_version(version)?;
            sides.push(Self {
                connected,
                spaces,
                version,
                gates: Gates::default(),
            });
        }
        Ok(sides)
    }

    /// Whether a target means one of its spaces.
    pub(super) fn is_meant_by(&self, target: &Target) -> bool {
        let name = &self.connected.name;
        self.spaces.iter().any(|space| target.is_at(name, space))
    }

    /// Whether it is the Kibana that everything comes from.
    pub(super) fn is_of(&self, origin: &Origin) -> bool {
        self.connected.client.url() == origin.connected.client.url()
    }

    /// As in `dr/soc`.
    pub(super) fn name(&self, space: &Space) -> String {
        format!("{}/{space}", self.connected)
    }

    /// The path of its journal, where the run has that of another as well.
    pub(super) fn journal(&self, base: &Path, is_first: bool) -> PathBuf {
        if is_first {
            return base.into();
        }
        // No name of a profile has a `+`, so that this is no other's, nor what stands beside it.
        let name = self.connected.name.replace('.', "+");
        with_suffix(base, &format!("to-{name}"))
    }
}

/// A space of a Kibana by what does not depend on whose profiles name it, as in `https://kibana.example.com/s/soc`. The client takes
/// no address with a user in it.
pub(super) fn address(connected: &Connected, space: &Space) -> String {
    format!("{}/s/{space}", connected.client.url())
}

/// The path with more at the end of its name.
pub(super) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".");
    name.push(suffix);
    path.with_file_name(name)
}
