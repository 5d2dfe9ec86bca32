//! Takes spaces into a snapshot: of each all that an export gives, value lists and timelines, and in words what Kibana does not give.
//!
//! A space that fails is in the snapshot all the same, without files and with the reason, so that nobody takes the snapshot for
//! whole. Nothing is changed on the server.

mod beside;
mod compare;

use std::io::{self, BufWriter, Write};

pub use compare::Beside;

use super::export::{Exported, Lack, Lacking, Selection, export};
use crate::error::{Error, ErrorKind, Result};
use crate::kibana::{Client, Space};
use crate::record::{Kind, ListId};
use crate::repo::{Form, LeftOut, NewFile, NewSnapshot, StoredFile, StoredSpace};
use crate::schema::Target;

/// The file of a space with its rules, lists, items and connectors.
pub const EXPORT: &str = "export.ndjson";
/// The file of a space with the endpoint exception list, which no export of rules has.
pub const ENDPOINT_LIST: &str = "endpoint-list.ndjson";
/// The `list_id` of that list.
const ENDPOINT_LIST_ID: &str = "endpoint_list";

/// The file of a space with the settings of its value lists, one a line.
pub const VALUE_LISTS: &str = "value-lists.ndjson";
/// What the files with the values of a list are called, the id behind it: one value a line.
pub const VALUES: &str = "value-lists/";
/// The file of a space with the timelines and templates that its users own.
pub const TIMELINES: &str = "timelines.ndjson";

/// Takes a space into the snapshot; `target` is the version of the server. Several may be taken at once.
///
/// Gives the error that kept the space out, if there was one. Fails where the snapshot cannot be written, or the run is to end.
pub fn take(
    client: &Client,
    space: &Space,
    target: Target,
    snapshot: &NewSnapshot<'_>,
) -> Result<Option<Error>> {
    let mut taking = Taking {
        client,
        space,
        target,
        snapshot,
        stored: StoredSpace {
            space: space.as_str().into(),
            partial: false,
            left_out: Vec::new(),
            files: Vec::new(),
        },
    };
    let error = match taking.all() {
        Ok(()) => None,
        Err(Failure::OfSpace(error)) => Some(error),
        Err(Failure::OfRun(error)) => return Err(error),
    };
    let mut stored = taking.stored;
    if let Some(error) = &error {
        stored.files.clear();
        stored.left_out.clear();
        stored.partial = true;
        stored.left_out.push(LeftOut {
            is_lack: true,
            ..left_out("all of the space", error.to_string())
        });
    }
    snapshot.add(stored);
    Ok(error)
}

/// Writes to `out` what a snapshot would have of a space; says whether that is all of it.
pub fn read(client: &Client, space: &Space, target: Target, out: &mut dyn Write) -> Result<bool> {
    Ok(export_all(client, space, target, out)?.is_complete())
}

/// Writes to `out` what a snapshot would have of a space, and says what that lacks.
pub fn export_all(
    client: &Client,
    space: &Space,
    target: Target,
    out: &mut dyn Write,
) -> Result<Exported> {
    let mut all = export(client, space, target, &Selection::All, out)?;
    let endpoint = export(client, space, target, &endpoint_list(), out)?;
    let lacking = endpoint.lacking.into_iter();
    all.lacking.extend(lacking.filter(|lack| !is_absent(lack)));
    Ok(all)
}

fn endpoint_list() -> Selection {
    Selection::Lists(vec![ListId::from(ENDPOINT_LIST_ID)])
}

/// Whether the space does not have what was asked for, and so lacks nothing.
fn is_absent(lack: &Lack) -> bool {
    matches!(lack.what, Lacking::List(_))
}

/// A space that is being taken.
struct Taking<'t> {
    client: &'t Client,
    space: &'t Space,
    target: Target,
    snapshot: &'t NewSnapshot<'t>,
    stored: StoredSpace,
}

/// Whose failure it is.
enum Failure {
    OfSpace(Error),
    OfRun(Error),
}

impl Failure {
    fn of(error: Error) -> Self {
        match error.kind() {
            ErrorKind::Interrupted => Self::OfRun(error),
            _ => Self::OfSpace(error),
        }
    }
}

impl Taking<'_> {
    fn all(&mut self) -> Result<(), Failure> {
        let (file, exported) = self.file(EXPORT, &Selection::All)?;
        self.stored.files.extend(file);
        self.note(&exported);
        self.endpoint_list()?;
        self.value_lists()?;
        self.timelines()
    }

    fn endpoint_list(&mut self) -> Result<(), Failure> {
        let (file, exported) = self.file(ENDPOINT_LIST, &endpoint_list())?;
        for lack in exported.lacking.iter().filter(|lack| !is_absent(lack)) {
            self.lack(lack);
        }
        self.stored.files.extend(file);
        Ok(())
    }

    /// Writes a selection as a file of the snapshot; none of lists where there are none.
    fn file(
        &self,
        name: &str,
        selection: &Selection,
    ) -> Result<(Option<StoredFile>, Exported), Failure> {
        let (file, exported) = self.filled(name, Form::Records, |out| {
            export(self.client, self.space, self.target, selection, out)
        })?;
        let has_lists = exported.counts[Kind::ExceptionList] > 0;
        if !has_lists && matches!(selection, Selection::Lists(_)) {
            return Ok((None, exported));
        }
        let file = file.finish().map_err(Failure::OfRun)?;
        Ok((Some(file), exported))
    }

    /// A file of the snapshot with what `fill` writes to it; it is not in the snapshot before it is finished.
    fn filled<T>(
        &self,
        name: &str,
        form: Form,
        fill: impl FnOnce(&mut dyn Write) -> Result<T>,
    ) -> Result<(NewFile<'_>, T), Failure> {
        let kept = Kept {
            file: self.snapshot.file(self.space.as_str(), name, form),
            error: None,
        };
        let mut out = BufWriter::with_capacity(1 << 18, kept);
        let told = fill(&mut out).and_then(|told| out.flush().map(|()| told).map_err(storing));
        let (kept, _) = out.into_parts();
        match (kept.error, told) {
            (Some(error), _) => Err(Failure::OfRun(storing(error))),
            (None, Ok(told)) => Ok((kept.file, told)),
            (None, Err(error)) => Err(Failure::of(error)),
        }
    }

    /// Takes down what the export of rules does not have.
    fn note(&mut self, exported: &Exported) {
        for lack in &exported.lacking {
            self.lack(lack);
        }
        // What is gone in the space is not missing from the snapshot.
        for Lack { what, why } in &exported.dangling {
            self.stored
                .left_out
                .push(left_out(what.to_string(), &**why));
        }
        let reserved = exported.reserved.iter();
        for id in reserved.filter(|id| id.as_str() != ENDPOINT_LIST_ID) {
            let what = format!("exception list `{}`", id.as_str());
            let why = "it is Elastic Defend's own, and no import of exceptions takes it";
            self.stored.left_out.push(left_out(what, why));
        }
        if exported.counts[Kind::Connector] > 0 {
            let what = "secrets of connectors";
            let left_out = left_out(what, "Kibana gives them to nobody");
            self.stored.left_out.push(left_out);
        }
        for (count, what, why) in [
            (
                exported.prebuilt,
                "rules of Elastic's own",
                "Kibana before 8.18 neither exports nor imports them",
            ),
            (
                exported.connectors,
                "connectors",
                "Kibana before 8.7 exports none",
            ),
        ] {
            if count > 0 {
                let left_out = left_out(format!("{count} {what}"), why);
                self.stored.left_out.push(left_out);
            }
        }
    }

    fn lack(&mut self, lack: &Lack) {
        self.lacks(lack.what.to_string(), &*lack.why);
    }

    /// Takes down what should be in the snapshot, and is not.
    fn lacks(&mut self, what: impl Into<Box<str>>, why: impl Into<Box<str>>) {
        self.stored.partial = true;
        self.stored.left_out.push(LeftOut {
            is_lack: true,
            ..left_out(what, why)
        });
    }
}

/// What is not in the snapshot, and no lack of it.
fn left_out(what: impl Into<Box<str>>, why: impl Into<Box<str>>) -> LeftOut {
    LeftOut {
        what: what.into(),
        why: why.into(),
        is_lack: false,
    }
}

fn storing(error: io::Error) -> Error {
    Error::io("writing the snapshot", error)
}

/// A file of the snapshot that keeps the error of a write, which ends the run and not the space alone.
struct Kept<'s> {
    file: NewFile<'s>,
    error: Option<io::Error>,
}

impl Write for Kept<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes).map_err(|error| {
            let told = io::Error::from(error.kind());
            self.error = Some(error);
            told
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
