//! The exit codes, those of `ruleferry help exit-codes`.

use std::process::ExitCode;

use ruleferry::error::ErrorKind;

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    Done,
    Failed,
    Usage,
    Part,
    Findings,
    Denied,
    Damaged,
    Interrupted,
}

impl Exit {
    /// The number that the shell sees.
    pub(crate) fn code(self) -> i32 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Part => 3,
            Self::Findings => 4,
            Self::Denied => 5,
            Self::Damaged => 6,
            Self::Interrupted => 130,
        }
    }

    /// How a run ends that failed for this reason.
    pub(crate) fn of(kind: &ErrorKind) -> Self {
        match kind {
            ErrorKind::Usage { .. }
            | ErrorKind::Query { .. }
            | ErrorKind::Request { .. }
            | ErrorKind::Unknown { .. } => Self::Usage,
            ErrorKind::Status {
                status: 401 | 403, ..
            } => Self::Denied,
            ErrorKind::Damaged { .. } => Self::Damaged,
            ErrorKind::Interrupted => Self::Interrupted,
            _ => Self::Failed,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(u8::try_from(exit.code()).unwrap_or(1))
    }
}
