//! Ids that change, and the references that follow; shared by the `regenerate-…` transforms and `remap-connectors`.
//!
//! A new id depends on nothing but the seed, what the id names and the old id. So a record and the references to it agree
//! wherever they stand: in one line, in two batches, in two files, in two runs with one seed.

use std::borrow::Cow;

use uuid::Uuid;

use super::{Setup, Verdict};
use crate::error::{Error, ErrorKind, Result};
use crate::json::{Object, quoted};
use crate::record::{Kind, Record};

/// The namespace of all ids made here. Another one would give other ids for seeds already in use.
const NAMESPACE: Uuid = Uuid::from_u128(0x7d0d_cee1_288c_4de5_85a8_6701_7e1c_ee91);

/// Completes a seed that was not set with the one of the run. An empty one is refused: most likely it is a variable
/// that was not set.
pub(super) fn prepare(seed: &mut Option<String>, setup: &mut dyn Setup) -> Result<()> {
    if seed.as_deref() == Some("") {
        return Err(Error::usage("`seed` must be a text, found an empty one"));
    }
    seed.get_or_insert_with(|| setup.seed());
    Ok(())
}

/// The seed that [`prepare`] completed.
pub(super) fn prepared(seed: Option<&str>) -> Result<&str> {
    seed.ok_or_else(|| {
        ErrorKind::Bug {
            message: "a step that makes ids ran without a seed".into(),
        }
        .into()
    })
}

/// The new id in place of `old`, which names a record of this kind: a `UUIDv5`.
pub(super) fn derived(kind: Kind, seed: &str, old: &str) -> String {
    // No name of a kind has a colon, so no two pairs of kind and id give one text.
    let text = format!("{kind}:{old}", kind = kind.name());
    Uuid::new_v5(&Uuid::new_v5(&NAMESPACE, seed.as_bytes()), text.as_bytes()).to_string()
}

/// Changes the record's own id at `key` to what `new` makes of it, if anything; says whether it did.
///
/// An id that is absent, null or empty stays. Fails if it is no string.
pub(super) fn rename(
    record: &mut Record<'_>,
    kind: Kind,
    key: &str,
    new: impl Fn(&str) -> Option<String>,
) -> Result<bool> {
    let renamed = member(record, key, &new)?;
    let is_changed = renamed.is_some();
    tell(record, kind, renamed);
    Ok(is_changed)
}

/// The same for the ids at `key` in each object of the array at `array`, which refer to records of this kind.
pub(super) fn rename_each(
    record: &mut Record<'_>,
    kind: Kind,
    (array, key): (&str, &str),
    new: impl Fn(&str) -> Option<String>,
) -> Result<()> {
    let mut renamed = Vec::new();
    record.edit_each(array, |element| {
        renamed.extend(member(element, key, &new)?);
        Ok(Verdict::Keep)
    })?;
    tell(record, kind, renamed);
    Ok(())
}

/// The text of the member; none if it is absent or null. Fails if it is no string.
pub(super) fn text<'o>(object: &'o Object<'_>, key: &str) -> Result<Option<Cow<'o, str>>> {
    let Some(value) = object.get(key).filter(|value| !value.is_null()) else {
        return Ok(None);
    };
    let wrong = || Error::wrong_type(key, "a string", value.kind().article()).within(key);
    value.as_str().map(Some).ok_or_else(wrong)
}

/// An id as it was read and as it is written.
type Renamed = (String, String);

fn member(
    object: &mut Object<'_>,
    key: &str,
    new: impl Fn(&str) -> Option<String>,
) -> Result<Option<Renamed>> {
    let Some(old) = text(object, key)?.filter(|old| !old.is_empty()) else {
        return Ok(None);
    };
    let Some(new) = new(&old).filter(|new| *new != old) else {
        return Ok(None);
    };
    let old = old.into_owned();
    object.set(key, quoted(&new));
    Ok(Some((old, new)))
}

fn tell(record: &mut Record<'_>, kind: Kind, renamed: impl IntoIterator<Item = Renamed>) {
    for (old, new) in renamed {
        record.renamed(kind.name(), &old, &new);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_the_same_for_ever() {
        assert_eq!(
            derived(Kind::ExceptionList, "test", "acme-list"),
            "f33e1cf9-85c9-54f6-afbb-e3cb282f2b61"
        );
    }

    #[test]
    fn each_kind_seed_and_id_gives_its_own() {
        let ids = [
            derived(Kind::ExceptionList, "test", "a"),
            derived(Kind::ExceptionItem, "test", "a"),
            derived(Kind::ExceptionList, "test2", "a"),
            derived(Kind::ExceptionList, "test", "2a"),
        ];
        let distinct: std::collections::HashSet<_> = ids.iter().collect();
        assert_eq!(distinct.len(), ids.len());
    }
}
