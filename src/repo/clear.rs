//! What did a run that was cut off leave behind? It is cleared away before the next one begins.

use std::collections::HashSet;
use std::io::Write;

use super::digest::Digest;
use super::folder::{
    Folder, MARKER, OBJECTS, SNAPSHOTS, UNFINISHED, names, reading, remove, writing,
};
use super::listing::Listing;
use super::manifest::Manifest;
use super::store;
use crate::error::{Error, Result};
use crate::stream::sync_folder;

/// Says in the repository that it is being changed, and which snapshots are being removed, by the names of their files.
pub(super) fn mark(folder: &Folder, removed: &[String]) -> Result<()> {
    let path = folder.unfinished(MARKER);
    let mut file = folder.begin_file()?;
    removed
        .iter()
        .try_for_each(|name| writeln!(file, "{name}"))
        .map_err(|error| writing(&path, error))?;
    file.place(&path)?;
    sync_folder(&folder.at(UNFINISHED))
}

/// Says that the change is complete.
pub(super) fn unmark(folder: &Folder) -> Result<()> {
    remove(&folder.unfinished(MARKER))
}

/// Brings the repository into the state that its list of snapshots tells of. Only who may write does this.
///
/// A snapshot that has its name is whole and is listed, unless the run that was cut off was about to remove it. All else that no
/// listed snapshot needs goes. Where a listed snapshot is damaged nobody knows what it needs, so objects stay; the error is handed
/// back.
pub(super) fn clear(folder: &Folder, listing: &mut Listing) -> Result<Option<Error>> {
    let left = names(&folder.at(UNFINISHED))?;
    let removed = match std::fs::read_to_string(folder.unfinished(MARKER)) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        text => text.map_err(|error| reading(&folder.unfinished(MARKER), error))?,
    };
    let removed: Vec<&str> = removed.lines().collect();
    if listing.adopt(folder, |name| removed.contains(&name))? {
        listing.write(folder)?;
    }
    if left.is_empty() {
        return Ok(None);
    }
    let listed: HashSet<String> = listing.entries().map(|entry| entry.file_name()).collect();
    for name in removed.iter().filter(|name| !listed.contains(**name)) {
        // The marker is ours, but a path in it would lead elsewhere.
        if super::listing::parse_file_name(name).is_some() {
            remove(&folder.snapshot(name))?;
        }
    }
    sync_folder(&folder.at(SNAPSHOTS))?;
    let damage = remove_unused(folder, listing).err();
    if damage.is_none() {
        for name in left.iter().filter(|name| *name != MARKER) {
            remove(&folder.unfinished(name))?;
        }
        unmark(folder)?;
    }
    Ok(damage)
}

/// Removes the objects that no listed snapshot needs; how many, and how large they were.
pub(super) fn remove_unused(folder: &Folder, listing: &Listing) -> Result<(u64, u64)> {
    let used = used(folder, listing.entries())?;
    let mut removed = (0, 0);
    for object in objects(folder)? {
        if !used.contains(&object) {
            let size = std::fs::metadata(folder.object(object)).map_or(0, |file| file.len());
            store::remove(folder, object)?;
            removed = (removed.0 + 1, removed.1 + size);
        }
    }
    Ok(removed)
}

/// The objects that these snapshots need. Fails if one of them cannot be read.
pub(super) fn used(
    folder: &Folder,
    entries: impl Iterator<Item = super::Entry>,
) -> Result<HashSet<Digest>> {
    let mut used = HashSet::new();
    for entry in entries {
        let manifest = Manifest::read(folder, &entry)?;
        used.extend(manifest.objects().map(|(object, _)| object));
    }
    Ok(used)
}

/// The objects that lie in their place; what else lies there is not among them.
pub(super) fn objects(folder: &Folder) -> Result<Vec<Digest>> {
    let mut objects = Vec::new();
    for parent in names(&folder.at(OBJECTS))? {
        let path = folder.at(OBJECTS).join(&parent);
        if !path.is_dir() {
            continue;
        }
        for name in names(&path)? {
            let object: Option<Digest> = name
                .strip_suffix(".zst")
                .and_then(|digits| digits.parse().ok());
            objects.extend(object.filter(|object| folder.object(*object) == path.join(&name)));
        }
    }
    Ok(objects)
}
