//! The flags that say which snapshots stay.

use clap::Args;
use ruleferry::error::{Error, Result};
use ruleferry::repo::Keep;

/// Which snapshots stay.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Which snapshots stay")]
pub(crate) struct Keeping {
    /// Keeps the N newest.
    #[arg(long = "keep-last", value_name = "N")]
    last: Option<usize>,
    /// Keeps the newest of each of the last N days that have one.
    #[arg(long = "keep-daily", value_name = "N")]
    daily: Option<usize>,
    /// Keeps the newest of each of the last N weeks that have one; weeks begin on Monday.
    #[arg(long = "keep-weekly", value_name = "N")]
    weekly: Option<usize>,
    /// Keeps the newest of each of the last N months that have one.
    #[arg(long = "keep-monthly", value_name = "N")]
    monthly: Option<usize>,
}

impl Keeping {
    /// What is to stay; none where no flag says so.
    pub(crate) fn policy(&self) -> Option<Keep> {
        let flags = [self.last, self.daily, self.weekly, self.monthly];
        let [last, daily, weekly, monthly] = flags.map(Option::unwrap_or_default);
        flags.iter().any(Option::is_some).then_some(Keep {
            last,
            daily,
            weekly,
            monthly,
        })
    }

    /// What is to stay. Fails where no flag says so: that nothing is to stay is not for us to guess.
    pub(crate) fn required(&self) -> Result<Keep> {
        self.policy().filter(|keep| !keep.is_empty()).ok_or_else(|| {
            Error::usage("what is to stay must be said with `--keep-last`, `--keep-daily`, `--keep-weekly` or `--keep-monthly`, more than 0 with at least one of them")
        })
    }
}
