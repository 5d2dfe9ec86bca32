//! Which of several records of one id is taken?

use super::entry::{Age, Entry};

/// Which of several records of one id is taken where their contents differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Prefer {
    /// The one that comes first.
    First,
    /// The one that comes last.
    Last,
    /// The one updated last, by `updated_at`; where that does not tell, the one of the highest `version`, then `revision`.
    Newer,
}

impl Prefer {
    /// The one of `members`, in input order, that is taken; none where they cannot be told apart.
    pub(super) fn settle(self, members: &[u32], entries: &[Entry]) -> Option<u32> {
        match self {
            Self::First => members.first().copied(),
            Self::Last => members.last().copied(),
            Self::Newer => newest(members, entries),
        }
    }
}

/// The newest: of those that are equal in what came before, each measure keeps the highest, but counts only if all have it.
///
/// `updated_at` comes first: it says when somebody last changed the record. `version` and `revision` come after it, since two
/// Kibanas count each for itself, and tell a copy that was edited in a file from its original.
fn newest(members: &[u32], entries: &[Entry]) -> Option<u32> {
    let measures: [fn(&Age) -> Option<u64>; 3] = [
        |age| age.updated_at.map(Into::into),
        |age| age.version.map(|version| u32::from(version).into()),
        |age| age.revision.map(|revision| u32::from(revision).into()),
    ];
    let mut left = members.to_vec();
    for measure in measures {
        let of = |index: u32| measure(&entries[index as usize].age);
        let all: Option<Vec<u64>> = left.iter().map(|&index| of(index)).collect();
        if let Some(highest) = all.and_then(|all| all.into_iter().max()) {
            left.retain(|&index| of(index) == Some(highest));
        }
    }
    let (first, rest) = left.split_first()?;
    let print = |index: u32| entries[index as usize].print;
    rest.iter()
        .all(|&other| print(other) == print(*first))
        .then_some(*first)
}
