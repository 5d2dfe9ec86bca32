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
        ErrorKind::Status { status, message, .. } => status_hint(*status, message),
        ErrorKind::Unreachable { .. } => {
            Some("check `--url` (KIBANA_URL), the network, and `--proxy` or `--ca-file` where they are needed".into())
        }
        ErrorKind::Lost { method: "GET", .. } => {
            Some("nothing was changed; check the network, and `--client-cert` or `--proxy` where they are needed".into())
        }
        ErrorKind::Lost { .. } => Some("the server may have done what was asked; look before you ask again".into()),
        ErrorKind::Answer { .. } => Some("check that `--url` leads to Kibana itself, not to a login page or a proxy".into()),
        ErrorKind::Conflicts { .. } => Some(
            "`--prefer first` or `--prefer last` settles each, `--prefer newer` those of which one is newer; `ruleferry diff` shows what differs".into(),
        ),
        ErrorKind::Damaged { .. } => {
            Some("`ruleferry verify --repo DIR` names everything that is not what was recorded".into())
        }
        ErrorKind::Busy { .. } => {
            Some("try again when that run is over; its lock is gone when it ends, however it ends".into())
        }
        ErrorKind::Unfit { help, .. } => Some(help.to_string()),
        ErrorKind::Bug { .. } => Some("this is a fault in ruleferry; report it with the command that led here".into()),
        ErrorKind::OutOfReach { .. } | ErrorKind::Io { .. } | ErrorKind::Unknown { .. } | ErrorKind::Usage { .. } | ErrorKind::Interrupted => None,
    }
}

/// What to do about an answer of this status.
fn status_hint(status: u16, message: &str) -> Option<String> {
    let hint = match status {
        300..=399 => {
            "give the address it redirects to as `--url`; redirects are not followed, so that credentials go nowhere else"
        }
        400 if message.contains("rules matched the filter query") => {
            "narrow the query down, or name the rules by `rule_ids`, which go in hundreds"
        }
        400 if message.contains("saved object") && message.contains("This key") => {
            "a query that the server reads names fields its own way, as in `alert.attributes.params.severity: high` or `alert.attributes.tags: x`"
        }
        401 => {
            "check the credentials: KIBANA_API_KEY, `--api-key-file`, or KIBANA_USERNAME with KIBANA_PASSWORD"
        }
        403 => "the credentials lack a privilege; `ruleferry status` tells which",
        404 if message.contains("Unknown resource") => {
            "the host name leads to no deployment; check `--url`"
        }
        404 => {
            "the space or the route may not be there; check `--space`, and `--url` for a missing base path"
        }
        408 | 429 | 502..=504 => "the server or a proxy before it is busy; try again later",
        413 => "the server takes less in one request; see `--max-bytes`",
        _ => return None,
    };
    Some(hint.into())
}
