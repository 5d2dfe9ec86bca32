//! Which space of a snapshot goes into which space of the target?

use std::collections::BTreeMap;

use ruleferry::error::{Error, Result};
use ruleferry::kibana::Space;
use ruleferry::ops;
use ruleferry::repo::Manifest;

use super::Snapshot;
use crate::cli::connection::Connected;

/// The spaces of a snapshot, each with where it goes.
#[derive(Default)]
pub(super) struct Pairs {
    pub(super) met: Vec<(Box<str>, Vec<Space>)>,
    /// Spaces of the snapshot that are meant, and that the target does not have.
    pub(super) unmet: Vec<Space>,
    /// Spaces that are meant, and that the snapshot does not have.
    pub(super) absent: Vec<Space>,
}

/// Pairs what the snapshot holds with the spaces that are meant of the target; `from` is the space of the snapshot that is asked for.
pub(super) fn pairs(
    snapshot: &Snapshot,
    connected: &Connected,
    from: Option<&str>,
) -> Result<Pairs> {
    let pairs = match (from, connected.spaces.one()) {
        (Some(from), _) => vec![(from.into(), connected.chosen()?)],
        (None, Some(to)) => vec![(source(snapshot, to)?, vec![to.clone()])],
        (None, None) => return by_name(snapshot, connected),
    };
    Ok(Pairs {
        met: pairs,
        ..Pairs::default()
    })
}

/// The space of the snapshot that goes into this one: that of the same name, or the only one where there never was one of that name.
fn source(snapshot: &Snapshot, to: &Space) -> Result<Box<str>> {
    let manifest = &snapshot.manifest;
    if manifest.space(to.as_str()).is_some() {
        return Ok(to.as_str().into());
    }
    let is_new = |known: &BTreeMap<_, _>| !known.contains_key(to.as_str());
    match manifest.spaces.as_slice() {
        [only] if snapshot.known().is_some_and(is_new) => Ok(only.space.clone()),
        _ => Err(Error::usage(format!(
            "the snapshot {} has no space `{to}`, so `--from-space` must say which one is meant; it has {}; {}",
            snapshot.entry.id(),
            names(manifest),
            snapshot.whole(to.as_str())
        ))),
    }
}

/// Each space that is meant with itself.
fn by_name(snapshot: &Snapshot, connected: &Connected) -> Result<Pairs> {
    let manifest = &snapshot.manifest;
    let absent = absent(snapshot, connected)?;
    let there = connected.chosen()?;
    let held = manifest.spaces.iter();
    let held = held.filter_map(|space| space.space.parse().ok());
    let (met, unmet): (Vec<Space>, Vec<Space>) = held
        .filter(|space| connected.spaces.has(space))
        .partition(|space| there.contains(space));
    if met.is_empty() {
        return Err(Error::usage(format!(
            "no space of `{connected}` that `{}` means is in the snapshot, which has {}",
            connected.spaces,
            names(manifest)
        )));
    }
    Ok(Pairs {
        met: met
            .into_iter()
            .map(|space| (space.as_str().into(), vec![space]))
            .collect(),
        unmet,
        absent,
    })
}

/// The spaces that are meant, by name or because a snapshot of the source has them, and that are not in this one.
///
/// Fails where a name is one of which nobody knows anything.
fn absent(snapshot: &Snapshot, connected: &Connected) -> Result<Vec<Space>> {
    let known: Vec<Space> = snapshot
        .known()
        .into_iter()
        .flat_map(|known| known.keys())
        .filter_map(|name| name.parse().ok())
        .collect();
    let is_held = |space: &Space| snapshot.manifest.space(space.as_str()).is_some();
    let named = connected.spaces.named();
    let strange = named.filter(|space| !is_held(space) && !known.contains(space));
    let strange: Vec<Space> = strange.cloned().collect();
    if !strange.is_empty() {
        // Who may not ask which there are goes on with what is known.
        let there = ops::spaces(&connected.client).unwrap_or_else(|_| strange.clone());
        if let Some(space) = strange.iter().find(|space| !there.contains(space)) {
            return Err(Error::usage(format!(
                "neither `{connected}` nor a snapshot of `{}` has a space `{space}`",
                snapshot.manifest.source.url
            )));
        }
    }
    let known = known.into_iter();
    let meant = known.filter(|space| connected.spaces.has(space) && !is_held(space));
    Ok(meant.chain(strange).collect())
}

fn names(manifest: &Manifest) -> String {
    let names: Vec<String> = manifest
        .spaces
        .iter()
        .map(|space| format!("`{}`", space.space))
        .collect();
    names.join(", ")
}
