//! The one sentence that tells the user what to do next.

use crate::error::ErrorKind;

/// What the user can do about this kind of error, if anything.
pub fn hint(kind: &ErrorKind) -> Option<String> {
    match kind {
        ErrorKind::WrongType { .. } | ErrorKind::Refused { .. } => {
            Some("mend the record, or pass it through unchanged with `--on-error keep`".into())
        }
        ErrorKind::Pretty | ErrorKind::NotAnObject { found: "an array" } => {
            Some("make NDJSON of it with `ruleferry check --fix FILE -o FIXED`, which keeps every token".into())
        }
        ErrorKind::Json { .. } | ErrorKind::Utf8 | ErrorKind::NotAnObject { .. } => {
            Some("mend the line, or pass it through with `--on-error keep` (`--rejects FILE` collects such lines)".into())
        }
        ErrorKind::LineTooLong { .. } => Some("raise the limit with `--max-line-bytes`".into()),
        ErrorKind::Truncated { .. } => Some("the file was cut off; fetch it again".into()),
        ErrorKind::Query { help, .. } | ErrorKind::Request { help, .. } => help.as_deref().map(str::to_owned),
        ErrorKind::Tree { .. } => {
            Some("mend it and run again; files and folders whose names begin with `.` or `_` are not read".into())
        }
        ErrorKind::Conflicts { .. } => Some(
            "`--prefer first` or `--prefer last` settles each, `--prefer newer` those of which one is newer; `ruleferry diff` shows what differs".into(),
        ),
        ErrorKind::Unfit { help, .. } => Some((*help).into()),
        ErrorKind::Bug { .. } => Some("this is a fault in ruleferry; report it with the command that led here".into()),
        ErrorKind::Io { .. } | ErrorKind::Unknown { .. } | ErrorKind::Usage { .. } | ErrorKind::Interrupted => None,
    }
}
