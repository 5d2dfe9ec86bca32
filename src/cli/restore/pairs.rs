//! Which space of a snapshot goes into which space of the target?

use ruleferry::error::{Error, Result};
use ruleferry::kibana::Space;
use ruleferry::repo::Manifest;

use super::Snapshot;
use crate::cli::connection::Connected;

/// The spaces of a snapshot, each with where it goes.
pub(super) struct Pairs {
    pub(super) pairs: Vec<(Box<str>, Vec<Space>)>,
    /// Spaces of the snapshot that are meant, and that the target does not have.
    pub(super) unmet: Vec<Space>,
}

/// Pairs what the snapshot holds with the spaces that are meant of the target; `from` is the space of the snapshot that is asked for.
pub(super) fn pairs(
    snapshot: &Snapshot,
    connected: &Connected,
    from: Option<&str>,
) -> Result<Pairs> {
    let manifest = &snapshot.manifest;
    let whole = |pairs| Pairs {
        pairs,
        unmet: Vec::new(),
    };
    if let Some(from) = from {
        return Ok(whole(vec![(from.into(), connected.chosen()?)]));
    }
    if let Some(to) = connected.spaces.one() {
        let only = match manifest.spaces.as_slice() {
            [only] => Some(only),
            _ => None,
        };
        let Some(from) = manifest.space(to.as_str()).or(only) else {
            return Err(Error::usage(format!(
                "the snapshot has no space `{to}`, so `--from-space` must say which one is meant; it has {}; {}",
                names(manifest),
                snapshot.whole(to.as_str())
            )));
        };
        return Ok(whole(vec![(from.space.clone(), vec![to.clone()])]));
    }
    let there = connected.chosen()?;
    let held: Vec<Space> = manifest
        .spaces
        .iter()
        .filter_map(|space| space.space.parse().ok())
        .collect();
    let meant = connected.spaces.among(Some(&held)).unwrap_or_default();
    let (met, unmet): (Vec<Space>, Vec<Space>) = held
        .into_iter()
        .filter(|space| there.contains(space) || meant.contains(space))
        .partition(|space| there.contains(space));
    if met.is_empty() {
        return Err(Error::usage(format!(
            "no space of `{connected}` that `{}` means is in the snapshot, which has {}",
            connected.spaces,
            names(manifest)
        )));
    }
    Ok(Pairs {
        pairs: met
            .into_iter()
            .map(|space| (space.as_str().into(), vec![space]))
            .collect(),
        unmet,
    })
}

fn names(manifest: &Manifest) -> String {
    let names: Vec<String> = manifest
        .spaces
        .iter()
        .map(|space| format!("`{}`", space.space))
        .collect();
    names.join(", ")
}
