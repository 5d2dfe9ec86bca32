//! Which rules an edit is for: `--only` and `--ids`.

use std::collections::HashSet;
use std::path::PathBuf;

use clap::Args;
use ruleferry::error::{Error, Location};
use ruleferry::query::Query;

/// The flags that choose rules.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Which rules")]
pub(crate) struct Selection {
    /// Edits only rules that match; all else passes. See `ruleferry help query`.
    #[arg(long, value_name = "KQL")]
    only: Option<String>,
    /// Edits only rules whose `rule_id` is a line of this file; all else passes.
    #[arg(long, value_name = "FILE")]
    pub(crate) ids: Option<PathBuf>,
}

impl Selection {
    /// Whether it chooses at all.
    pub(crate) fn is_given(&self) -> bool {
        self.only.is_some() || self.ids.is_some()
    }

    /// The query, as it was given.
    pub(crate) fn only(&self) -> Option<&str> {
        self.only.as_deref()
    }

    /// The query, read.
    pub(crate) fn query(&self) -> Result<Option<Query>, Error> {
        let in_flag = |error: Error| {
            error.at(Location {
                file: "--only".into(),
                ..Location::default()
            })
        };
        self.only
            .as_deref()
            .map(str::parse)
            .transpose()
            .map_err(in_flag)
    }

    /// The `rule_id`s of the file, blank lines left out.
    pub(crate) fn rule_ids(&self) -> Result<Option<HashSet<String>>, Error> {
        let Some(path) = &self.ids else {
            return Ok(None);
        };
        let text = std::fs::read_to_string(path).map_err(|source| {
            Error::io(format!("reading `{}` (`--ids`)", path.display()), source)
        })?;
        let ids: HashSet<String> = text
            .trim_start_matches('\u{feff}')
            .lines()
            .map(|line| line.trim().to_owned())
            .filter(|line| !line.is_empty())
            .collect();
        if ids.is_empty() {
            return Err(Error::usage(format!(
                "`{}` must hold one `rule_id` a line, found none",
                path.display()
            )));
        }
        Ok(Some(ids))
    }
}
