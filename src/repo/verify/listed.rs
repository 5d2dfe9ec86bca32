//! What is the repository said to hold? The file of its format, the list of snapshots, and their manifests.

use std::sync::atomic::Ordering;

use super::super::digest::Digest;
use super::super::folder::{FORMAT, Folder, LISTING, OBJECTS, SNAPSHOTS, damaged, names};
use super::super::listing::{Entry, Listing};
use super::super::manifest::Manifest;
use super::{Finding, Run};
use crate::error::{Error, Result};

impl Run<'_> {
    /// The file that says what this is.
    pub(super) fn format(&mut self) -> Result<()> {
        match self.folder.check() {
            Ok(()) => Ok(()),
            // What holds snapshots was a repository.
            Err(_) if is_missing(self.folder) => {
                let path = self.folder.at(FORMAT);
                self.tell(Finding::of(self.folder, &damaged(&path, "is missing")))
            }
            Err(error) if !self.folder.path().is_dir() => Err(error),
            Err(error) => {
                let finding = Finding::if_damage(self.folder, error)?;
                self.tell(finding)
            }
        }
    }

    /// The list of snapshots, and what lies in their folder, is whole and not in the list.
    pub(super) fn listing(&mut self) -> Result<Listing> {
        let path = self.folder.at(LISTING);
        let fault = match Listing::read(self.folder) {
            Ok(Some(mut listing)) => {
                self.is_unfinished = self.looks_unfinished()?;
                let before = listing.clone();
                if !self.is_unfinished && listing.adopt(self.folder, |_| false)? {
                    for entry in listing.entries().filter(|entry| !before.has(entry)) {
                        let fault = format!(
                            "does not list `{SNAPSHOTS}/{}`, which is whole",
                            entry.file_name()
                        );
                        self.tell(Finding::of(self.folder, &damaged(&path, fault)))?;
                    }
                }
                return Ok(listing);
            }
            Ok(None) => damaged(&path, "is missing"),
            Err(error) => error,
        };
        let finding = Finding::if_damage(self.folder, fault)?;
        self.tell(finding)?;
        let mut listing = Listing::default();
        listing.adopt(self.folder, |_| false)?;
        self.is_unfinished = self.looks_unfinished()?;
        Ok(listing)
    }

    pub(super) fn chosen(&self, listing: &Listing) -> Result<Vec<Entry>> {
        let Some(choice) = &self.verify.snapshot else {
            return Ok(listing.entries().collect());
        };
        let candidates = super::super::chosen::candidates(self.folder, listing, choice)?;
        Ok(candidates.into_iter().take(1).collect())
    }

    pub(super) fn manifest(
        &mut self,
        listing: &Listing,
        entry: &Entry,
    ) -> Result<Option<Manifest>> {
        let path = entry.path(self.folder);
        let size = std::fs::metadata(&path).map_or(0, |file| file.len());
        self.verify.looked_at.fetch_add(size, Ordering::Relaxed);
        match Manifest::read(self.folder, entry) {
            Ok(manifest) => {
                self.done.snapshots += 1;
                self.done.bytes += size;
                Ok(Some(manifest))
            }
            Err(error) => {
                let finding = self.manifest_fault(listing, entry, &error)?;
                self.tell(finding)?;
                Ok(None)
            }
        }
    }

    /// Why the manifest of a snapshot cannot be read: it is damaged, or lost, or the list has a wrong line.
    fn manifest_fault(&self, listing: &Listing, entry: &Entry, error: &Error) -> Result<Finding> {
        let path = entry.path(self.folder);
        let found = Digest::of_file(&path).ok().map(|(digest, _)| digest);
        let list = self.folder.at(LISTING);
        let in_list = |fault: String| Finding::of(self.folder, &damaged(&list, fault));
        let file = format!("{SNAPSHOTS}/{}", entry.file_name());
        let mut finding = if found.is_none()
            && let Some(name) = self.lies_as(entry)?
        {
            in_list(format!(
                "lists `{file}`, which lies there as `{SNAPSHOTS}/{name}`"
            ))
        } else if found.is_some_and(|found| found.short() == entry.id()) {
            // The file is what its name says.
            in_list(format!(
                "has another checksum for `{file}` than the file has"
            ))
        } else {
            let mut finding = Finding::of(self.folder, error);
            if let Some(other) = listing.entries().find(|other| Some(other.digest) == found) {
                finding.holds(&format!("{SNAPSHOTS}/{}", other.file_name()));
            }
            finding
        };
        finding.snapshots = vec![entry.id().into()];
        Ok(finding)
    }

    /// The name under which the file of a snapshot lies among the snapshots.
    fn lies_as(&self, entry: &Entry) -> Result<Option<String>> {
        let is_it = |name: &String| {
            let found = Digest::of_file(&self.folder.snapshot(name));
            found.is_ok_and(|(digest, _)| digest == entry.digest)
        };
        Ok(names(&self.folder.at(SNAPSHOTS))?.into_iter().find(is_it))
    }
}

fn is_missing(folder: &Folder) -> bool {
    let has = |name: &str| names(&folder.at(name)).is_ok_and(|names| !names.is_empty());
    !folder.at(FORMAT).exists() && (has(SNAPSHOTS) || has(OBJECTS))
}
