//! How an import is done: the flags that all verbs share which import.

use std::time::Duration;

use clap::{Args, ValueEnum};
use ruleferry::ops::import::{Manner, Terms};
use ruleferry::ops::model::Overwrite;

/// How it is done.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Import")]
#[expect(clippy::struct_excessive_bools, reason = "flags of a command line")]
pub(crate) struct How {
    /// What may be replaced where it is there already: `rules`, `exceptions`, `connectors`.
    #[arg(long, value_name = "WHAT", value_delimiter = ',')]
    overwrite: Vec<Replaced>,
    /// Sends rules though a list or item that they need does not arrive.
    #[arg(long)]
    allow_missing_exceptions: bool,
    /// Changes the items of lists that are overwritten one by one, so that none is missing for a moment.
    #[arg(long)]
    items_in_place: bool,
    /// About how long one request may take; parts follow what the server does in that time.
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=3600))]
    max_seconds: u64,
    /// How long a space must stand still after a lost answer before what is absent is sent again.
    #[arg(long, value_name = "TIME", default_value = "20s", value_parser = humantime::parse_duration)]
    still: Duration,
    /// Does not read the space at the end, so nobody sees what a late answer changed, or that a rule is there twice.
    #[arg(long)]
    no_verify: bool,
    /// Deletes the younger of two rules or items of one id, which a proxy can make.
    #[arg(long)]
    pub(crate) remove_duplicates: bool,
}

impl How {
    /// The same for the library.
    pub(crate) fn manner(&self) -> Manner {
        Manner {
            terms: Terms {
                overwrite: Replaced::overwrite(&self.overwrite),
                allow_missing_exceptions: self.allow_missing_exceptions,
                items_in_place: self.items_in_place,
            },
            part_time: Duration::from_secs(self.max_seconds),
            still: self.still,
            verify: !self.no_verify,
        }
    }
}

/// What an import may replace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Replaced {
    Rules,
    Exceptions,
    Connectors,
}

impl Replaced {
    /// The flags of the import route.
    pub(crate) fn overwrite(list: &[Self]) -> Overwrite {
        Overwrite {
            rules: list.contains(&Self::Rules),
            exceptions: list.contains(&Self::Exceptions),
            connectors: list.contains(&Self::Connectors),
        }
    }
}
