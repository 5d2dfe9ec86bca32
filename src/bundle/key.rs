//! What tells a record from others of its kind, as a number of one size.

use std::hash::{Hash, Hasher};

use xxhash_rust::xxh3::Xxh3;

use crate::record::{Namespace, Record, RecordKey};

/// The record's key as a number: its [`RecordKey`], for an item with the namespace of its list; none where it has none.
pub(crate) fn of(record: &Record<'_>) -> Option<u128> {
    Some(match RecordKey::of(record)? {
        key @ RecordKey::Item(..) => {
            let namespace = Namespace::of(record.str("namespace_type").as_deref());
            hash(&(key, namespace))
        }
        key @ (RecordKey::Rule(_) | RecordKey::List(_) | RecordKey::SavedObject(..)) => hash(&key),
    })
}

/// 128 bits, so that two things are told apart but for a chance that never comes.
pub(crate) fn hash(what: &(impl Hash + ?Sized)) -> u128 {
    struct Wide(Xxh3);
    impl Hasher for Wide {
        fn write(&mut self, bytes: &[u8]) {
            self.0.update(bytes);
        }

        fn finish(&self) -> u64 {
            self.0.digest()
        }
    }
    let mut wide = Wide(Xxh3::new());
    what.hash(&mut wide);
    wide.0.digest128()
}
