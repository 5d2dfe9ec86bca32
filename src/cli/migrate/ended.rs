//! How does a run end of which parts failed?

use ruleferry::error::{Error, ErrorKind};

use super::run::{Run, Whole};
use crate::cli::exit::Exit;
use crate::cli::notes::write_text;
use crate::cli::render;

impl Run<'_> {
    /// Tells why something was not brought.
    pub(super) fn failed(&self, whole: &mut Whole, place: &str, error: Error) {
        whole.is_over = false;
        whole.exits.push(Exit::of(error.kind()));
        if !matches!(error.kind(), ErrorKind::Interrupted) {
            write_text(place.trim_end());
            render::error(&error.into(), self.global.errors);
        }
    }
}

/// How a run ends whose spaces ended so.
pub(super) fn folded(exits: &[Exit]) -> Exit {
    let has = |wanted: Exit| exits.contains(&wanted);
    if has(Exit::Interrupted) {
        return Exit::Interrupted;
    }
    if has(Exit::Denied) {
        return Exit::Denied;
    }
    match exits.iter().find(|exit| **exit != Exit::Done) {
        None => Exit::Done,
        Some(_) if exits.iter().all(|exit| *exit == Exit::Failed) => Exit::Failed,
        Some(_) => Exit::Part,
    }
}
