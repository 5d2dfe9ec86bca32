//! A fault: what is wrong with which file, and whom it concerns.

use std::path::Path;

use super::super::folder::Folder;
use crate::error::{Error, ErrorKind, Result};

/// What is wrong with a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fault {
    /// It is not there.
    Missing,
    /// It is not what was recorded.
    Changed,
    /// Nothing tells of it.
    Extra,
    /// The system does not let it be read.
    Unreadable,
}

impl Fault {
    /// The name scripts and reports use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Changed => "changed",
            Self::Extra => "extra",
            Self::Unreadable => "unreadable",
        }
    }
}

/// Something that is not as it was recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The file in the repository, with slashes.
    pub path: Box<str>,
    /// What is wrong with it.
    pub fault: Fault,
    /// That in a sentence that begins with the file.
    pub message: Box<str>,
    /// The ids of the snapshots that need it.
    pub snapshots: Vec<Box<str>>,
    /// The space and the name of a file of a snapshot that it is a part of.
    pub file: Option<(Box<str>, Box<str>)>,
    /// The first and the last of the lines in it that are not what was recorded, counted from 1.
    pub lines: Option<(u64, u64)>,
    /// What those lines were, as in ``rule `acme-1` ``.
    pub records: Vec<Box<str>>,
}

impl Finding {
    /// The fault that an error tells of.
    pub(super) fn of(folder: &Folder, error: &Error) -> Self {
        let path = error.location().map_or("", |location| &location.file);
        let is_missing = matches!(Path::new(path).try_exists(), Ok(false));
        let fault = match error.kind() {
            _ if is_missing => Fault::Missing,
            ErrorKind::Damaged { .. } => Fault::Changed,
            _ => Fault::Unreadable,
        };
        Self {
            path: within(folder, path),
            fault,
            message: error.to_string().into(),
            snapshots: Vec::new(),
            file: None,
            lines: None,
            records: Vec::new(),
        }
    }

    /// The fault that an error tells of, if it tells of a file that is damaged or cannot be read; else the error.
    pub(super) fn if_damage(folder: &Folder, error: Error) -> Result<Self> {
        match error.kind() {
            ErrorKind::Damaged { .. } | ErrorKind::Io { .. } => Ok(Self::of(folder, &error)),
            _ => Err(error),
        }
    }

    /// Adds of which file of a space it is a part.
    pub(super) fn is_part_of(&mut self, file: (Box<str>, Box<str>)) {
        let (space, name) = &file;
        self.message = format!(
            "{}; it is a part of `{name}` of space `{space}`",
            self.message
        )
        .into();
        self.file = Some(file);
    }

    /// Adds that the file holds what another should.
    pub(super) fn holds(&mut self, other: &str) {
        self.message = format!("{}; it holds what belongs in `{other}`", self.message).into();
    }
}

/// The path of a file below the folder, with slashes.
fn within(folder: &Folder, path: &str) -> Box<str> {
    let path = Path::new(path);
    let below = path.strip_prefix(folder.path()).unwrap_or(path);
    let parts: Vec<_> = below.iter().map(|part| part.to_string_lossy()).collect();
    parts.join("/").into()
}
