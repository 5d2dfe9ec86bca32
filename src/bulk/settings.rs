//! What a `_bulk_action` depends on that no file says.

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;

use crate::error::{Error, Result};

/// What is known of the server whose answer is wanted, and how the request is done.
#[derive(Debug, Clone, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each says a thing of its own, and any combination makes sense"
)]
pub struct Settings {
    /// Whether a request with neither `ids` nor `query` may choose all rules.
    pub all: bool,
    /// Whether only the answer of a dry run is wanted. Nothing is changed then.
    pub dry_run: bool,
    /// The licence; unless it is known, it is taken to be good enough.
    pub license: Option<License>,
    /// Whether the server lets Elastic's own rules be edited.
    pub customization: Customization,
    /// The types of connectors by id, as in `.slack`; beside those that the bundle has.
    pub connectors: HashMap<String, String>,
    /// The least interval of a rule, if the server enforces one.
    pub min_interval: Option<Interval>,
    /// Whether `version`, `revision` and `rule_source` stay as they are.
    pub keep_versions: bool,
    /// Whether a request over the server's limits is refused.
    pub server_limits: bool,
    /// What ids are made from.
    pub seed: String,
    /// The time as in `2026-01-31T00:00:00.000Z`, to tell which exception items have expired.
    pub now: String,
}

/// Whether Elastic's own rules may be edited; `add_rule_actions` and `set_rule_actions` always may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Customization {
    /// They may.
    On,
    /// They may not, as on a server whose licence does not allow it.
    #[default]
    Off,
}

/// Elastic's licence levels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
#[expect(missing_docs, reason = "Elastic's own names")]
pub enum License {
    Basic,
    Standard,
    Gold,
    Platinum,
    Enterprise,
    Trial,
}

impl License {
    /// Whether it has machine learning and alert suppression.
    pub fn is_platinum(self) -> bool {
        self >= Self::Platinum
    }
}

/// How often a rule runs, as in `5m`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interval {
    text: Box<str>,
    seconds: u64,
}

impl Interval {
    pub(super) fn seconds(&self) -> u64 {
        self.seconds
    }
}

impl FromStr for Interval {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let seconds = crate::edit::seconds(text).ok_or_else(|| {
            Error::usage(format!(
                "an interval must be a number from 1 and `s`, `m`, `h` or `d`, as in `1m`, found `{text}`"
            ))
        })?;
        Ok(Self {
            text: text.into(),
            seconds,
        })
    }
}

impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
