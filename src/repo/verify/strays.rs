//! What lies in a repository that nothing tells of?

use std::collections::HashSet;
use std::path::Path;

use super::super::digest::Digest;
use super::super::folder::{
    FORMAT, LISTING, MARKER, OBJECTS, READ_LOCK, SNAPSHOTS, UNFINISHED, WRITE_LOCK, damaged, names,
};
use super::super::listing::Listing;
use super::super::lock::Lock;
use super::{Fault, Finding, Run, Use, lines};
use crate::error::Result;

impl Run<'_> {
    /// Looks for what nothing tells of. `uses` are the objects that are needed; `is_known` says whether they are all.
    pub(super) fn strays(&mut self, listing: &Listing, uses: &[Use], is_known: bool) -> Result<()> {
        let ours = [
            OBJECTS, SNAPSHOTS, UNFINISHED, FORMAT, LISTING, WRITE_LOCK, READ_LOCK,
        ];
        for name in self.names(self.folder.path())? {
            if !ours.contains(&&*name) {
                self.extra(&name)?;
            }
        }
        for name in [WRITE_LOCK, READ_LOCK] {
            let path = self.folder.at(name);
            if std::fs::metadata(&path).is_ok_and(|file| file.len() > 0) {
                self.tell(Finding::of(
                    self.folder,
                    &damaged(&path, "is not empty, as a file to lock is"),
                ))?;
            }
        }
        for name in self.names(&self.folder.at(UNFINISHED))? {
            if name != MARKER && !is_part(&name) {
                self.extra(&format!("{UNFINISHED}/{name}"))?;
            }
        }
        // A run may have begun since this one did.
        if self.is_unfinished || self.looks_unfinished()? {
            return Ok(());
        }
        let listed: HashSet<String> = listing.entries().map(|entry| entry.file_name()).collect();
        for name in self.names(&self.folder.at(SNAPSHOTS))? {
            if !listed.contains(&name) {
                self.extra(&format!("{SNAPSHOTS}/{name}"))?;
            }
        }
        self.objects_beside(uses, is_known)
    }

    /// Whether things may lie there that a run has not brought to an end: it goes on now, or it was cut off. Notes which.
    pub(super) fn looks_unfinished(&mut self) -> Result<bool> {
        let listed = Listing::read(self.folder).ok().flatten();
        if listed != self.listed || Lock::is_being_written(self.folder) {
            let note =
                "another run changes the repository; what it has not listed yet is not looked at";
            self.done.notes.push(note.into());
            return Ok(true);
        }
        let left = self.names(&self.folder.at(UNFINISHED))?;
        self.done.notes.clear();
        let is_marked = left.iter().any(|name| name == MARKER);
        if is_marked || left.iter().any(|name| is_part(name)) {
            let note =
                "a run was cut off; the next one that writes clears away what it left behind";
            self.done.notes.push(note.into());
        }
        Ok(is_marked)
    }

    /// Looks at the objects that no snapshot was found to need.
    fn objects_beside(&mut self, uses: &[Use], is_known: bool) -> Result<()> {
        let objects = uses
            .iter()
            .flat_map(|it| [Some(it.object.object), it.object.records]);
        let needed: HashSet<Digest> = objects.flatten().collect();
        for parent in self.names(&self.folder.at(OBJECTS))? {
            let folder = self.folder.at(OBJECTS).join(&parent);
            if !folder.is_dir() {
                self.extra(&format!("{OBJECTS}/{parent}"))?;
                continue;
            }
            for name in self.names(&folder)? {
                let digits = name.strip_suffix(".zst");
                let object: Option<Digest> = digits.and_then(|digits| digits.parse().ok());
                let object =
                    object.filter(|object| self.folder.object(*object) == folder.join(&name));
                match object {
                    Some(object) if needed.contains(&object) => {}
                    // A snapshot that cannot be read may need it; whether it is what its name says shows all the same.
                    Some(object) if !is_known => {
                        if let Err(error) = lines::is_sound(self.folder, object, None, &needed) {
                            self.tell(Finding::of(self.folder, &error))?;
                        }
                    }
                    _ => self.extra(&format!("{OBJECTS}/{parent}/{name}"))?,
                }
            }
        }
        Ok(())
    }

    /// The names in a folder; that it cannot be read is told.
    fn names(&mut self, folder: &Path) -> Result<Vec<String>> {
        names(folder).or_else(|error| {
            let finding = Finding::if_damage(self.folder, error)?;
            self.tell(finding)?;
            Ok(Vec::new())
        })
    }

    fn extra(&mut self, name: &str) -> Result<()> {
        let path = name
            .split('/')
            .fold(self.folder.path().to_path_buf(), |path, part| {
                path.join(part)
            });
        let error = damaged(&path, "is of no use to any snapshot");
        self.tell(Finding {
            fault: Fault::Extra,
            ..Finding::of(self.folder, &error)
        })
    }
}

/// Whether the name is that of a file that was being written.
fn is_part(name: &str) -> bool {
    let middle = name.strip_prefix(".part.");
    middle.is_some_and(|rest| rest.strip_suffix(".tmp").is_some())
}
