//! Which snapshot of a repository is meant, and in which is a space whole?

use std::collections::BTreeMap;

use super::Repository;
use super::choice::Choice;
use super::folder::Folder;
use super::listing::{Entry, Listing};
use super::manifest::Manifest;
use crate::error::{Error, Result};

impl Repository {
    /// The snapshot that is meant; where a space is given, among those that hold it.
    ///
    /// Where a source is given, the newest is the newest of that source. One of another is taken if there is no other choice than
    /// that, so if all that may be meant are of one source; else it fails. An id means its snapshot, whatever the source.
    pub fn choose(
        &self,
        choice: &Choice,
        space: Option<&str>,
        source: Option<&str>,
    ) -> Result<(Entry, Manifest)> {
        let listing = Listing::read_or_make(&self.folder)?;
        // The newest of each source that is not the one.
        let mut others: Vec<(Entry, Manifest)> = Vec::new();
        let mut damage = None;
        for entry in candidates(&self.folder, &listing, choice)? {
            let manifest = match self.manifest(&entry) {
                Ok(manifest) => manifest,
                Err(error) if others.is_empty() => return Err(error),
                Err(error) => {
                    damage.get_or_insert(error);
                    continue;
                }
            };
            if space.is_some_and(|space| manifest.space(space).is_none()) {
                continue;
            }
            let url = &manifest.source.url;
            if choice.is_one() || source.is_none_or(|source| source == &**url) {
                // The damaged one, which is newer, may be of this source.
                return damage.map_or(Ok((entry, manifest)), Err);
            }
            if others.iter().all(|(_, other)| other.source.url != *url) {
                others.push((entry, manifest));
            }
        }
        match (others.pop(), &*others) {
            (Some(only), []) => Ok(only),
            (None, _) => Err(none_such(&self.folder, choice, space)),
            (Some(last), _) => {
                others.push(last);
                Err(several(&self.folder, &others, source.unwrap_or_default()))
            }
        }
    }

    /// Each space that a snapshot of this source names, with the newest one in which it is whole. What cannot be read is passed over.
    pub fn whole(&self, url: &str) -> Result<BTreeMap<Box<str>, Option<Entry>>> {
        let listing = Listing::read_or_make(&self.folder)?;
        let mut spaces: BTreeMap<Box<str>, Option<Entry>> = BTreeMap::new();
        for entry in listing.entries() {
            let manifest = self.manifest(&entry).ok();
            let manifest = manifest.filter(|it| &*it.source.url == url);
            for space in manifest.into_iter().flat_map(|it| it.spaces) {
                let whole = spaces.entry(space.space).or_default();
                if !space.partial {
                    *whole = Some(entry);
                }
            }
        }
        Ok(spaces)
    }
}

/// The snapshots that may be meant, newest first: at least one.
pub(super) fn candidates(
    folder: &Folder,
    listing: &Listing,
    choice: &Choice,
) -> Result<Vec<Entry>> {
    let candidates: Vec<Entry> = listing
        .entries()
        .rev()
        .filter(|entry| choice.may_be(entry))
        .collect();
    match &*candidates {
        [] => Err(none_such(folder, choice, None)),
        [first, second, ..] if choice.is_one() => Err(Error::usage(format!(
            "`{choice}` is the beginning of several snapshots, of `{}` and `{}` among them",
            first.name(),
            second.name()
        ))),
        _ => Ok(candidates),
    }
}

fn none_such(folder: &Folder, choice: &Choice, space: Option<&str>) -> Error {
    let holds = space.map(|space| format!(" that holds the space `{space}`"));
    Error::usage(format!(
        "`{}` has no snapshot `{choice}`{}; `ruleferry snapshots --repo DIR` lists them",
        folder.path().display(),
        holds.unwrap_or_default()
    ))
}

fn several(folder: &Folder, newest: &[(Entry, Manifest)], source: &str) -> Error {
    let newest: Vec<String> = newest
        .iter()
        .map(|(entry, it)| {
            format!(
                "`--snapshot {}` is the newest of `{}`",
                entry.id(),
                it.source.url
            )
        })
        .collect();
    Error::usage(format!(
        "`{}` has snapshots of several Kibanas and none of `{source}`, so `--snapshot` must say by its id which is meant; {}",
        folder.path().display(),
        newest.join(", ")
    ))
}
