//! What is remembered of a record until it is known where it goes.

use std::num::{NonZeroU32, NonZeroU64};
use std::time::UNIX_EPOCH;

use crate::bundle::{Fingerprint, Lens, key};
use crate::json::{Raw, ValueKind};
use crate::record::{Kind, Record};

/// The parts of a merged bundle, in Kibana's order; and what is not in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Block {
    Rule,
    Exception,
    Connector,
    SavedObject,
    Other,
    /// Made anew.
    Details,
    /// It cannot be read, and is dropped.
    Gone,
}

/// A record, by numbers of one size.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    /// Its id.
    pub(super) key: Option<Key>,
    /// Its content.
    pub(super) print: Fingerprint,
    /// The list that it is or is in.
    pub(super) list: Option<NonZeroU64>,
    pub(super) age: Age,
    pub(super) block: Block,
    pub(super) is_item: bool,
}

/// An id, as a number; never zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key(std::num::NonZeroU128);

/// What tells the newer of two records; each number one higher than the record says, and none where it says none.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Age {
    /// Nanoseconds since 1970.
    pub(super) updated_at: Option<NonZeroU64>,
    pub(super) version: Option<NonZeroU32>,
    pub(super) revision: Option<NonZeroU32>,
}

/// What a details line says that a new one does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Closing {
    /// What it closes, if that is no export of rules.
    pub(super) foreign: Option<&'static str>,
    /// How many records it says that the export missed.
    pub(super) missed: u64,
}

/// Where a details line names what an export missed.
const MISSED: [&str; 6] = [
    "missing_rules",
    "missing_exception_lists",
    "missing_exception_list_items",
    "missing_action_connections",
    "excluded_action_connections",
    "missingReferences",
];

impl Entry {
    pub(super) fn of(record: &Record<'_>, lens: &Lens) -> Self {
        let kind = record.kind();
        let list = record
            .list_key()
            .filter(|_| matches!(kind, Kind::ExceptionList | Kind::ExceptionItem));
        // Half of the bits will do: where two lists are taken for one, only their order suffers.
        let half = |hash: u128| u64::try_from(hash >> 64).ok().and_then(NonZeroU64::new);
        Self {
            key: key::of(record).map(Key::of),
            print: lens.fingerprint(record),
            list: list.and_then(|list| half(key::hash(&list))),
            age: Age::of(record),
            block: match kind {
                Kind::Rule => Block::Rule,
                Kind::ExceptionList | Kind::ExceptionItem => Block::Exception,
                Kind::Connector if record.is_connector() => Block::Connector,
                Kind::Connector => Block::SavedObject,
                Kind::Details => Block::Details,
                Kind::Other => Block::Other,
            },
            is_item: kind == Kind::ExceptionItem,
        }
    }

    /// A line that cannot be read; it is like no other.
    pub(super) fn unreadable(stays: bool) -> Self {
        Self {
            key: None,
            print: Fingerprint(0),
            list: None,
            age: Age::default(),
            block: if stays { Block::Other } else { Block::Gone },
            is_item: false,
        }
    }
}

impl Block {
    pub(super) fn is_written(self) -> bool {
        !matches!(self, Self::Details | Self::Gone)
    }
}

impl Key {
    fn of(hash: u128) -> Self {
        Self(std::num::NonZeroU128::new(hash).unwrap_or(std::num::NonZeroU128::MIN))
    }
}

impl Age {
    fn of(record: &Record<'_>) -> Self {
        let updated_at = record
            .str("updated_at")
            .and_then(|text| humantime::parse_rfc3339(text.trim()).ok())
            .and_then(|time| time.duration_since(UNIX_EPOCH).ok())
            .and_then(|since| u64::try_from(since.as_nanos()).ok());
        Self {
            updated_at: updated_at.and_then(|nanos| NonZeroU64::MIN.checked_add(nanos)),
            version: number(record.get("version")),
            revision: number(record.get("revision")),
        }
    }
}

/// A whole number, and one more; none for anything else.
fn number(value: Option<Raw<'_>>) -> Option<NonZeroU32> {
    let value = value.filter(|value| value.kind() == ValueKind::Number)?;
    let number: u32 = value.text().parse().ok()?;
    NonZeroU32::MIN.checked_add(number)
}

impl Closing {
    pub(super) fn of(record: &Record<'_>) -> Option<Self> {
        if record.kind() != Kind::Details {
            return None;
        }
        let foreign = if record.has("exported_count") {
            None
        } else if record.has("exportedCount") {
            Some("an export of saved objects")
        } else {
            Some("an export of an exception list")
        };
        let elements = |key: &&str| record.get(key).map_or(0, |value| value.elements().count());
        let missed: usize = MISSED.iter().map(elements).sum();
        Some(Self {
            foreign,
            missed: missed as u64,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_stays_small() {
        assert_eq!(size_of::<Entry>(), 64);
    }
}
