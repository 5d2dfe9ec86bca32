//! What of a file is stored already? The lines of the version of it before.

use std::collections::HashMap;

use super::digest::Digest;
use super::folder::{Folder, damaged};
use super::manifest::{Form, Object, StoredFile};
use super::object;
use crate::error::{Error, Result};

/// A file that lies in more small objects than this is gathered again.
const SCATTERED: usize = 16;
/// So many of them, those with most of its lines, then stay.
const GATHERED: usize = 8;
/// What is smaller than this is small.
const SMALL: u64 = 4 << 20;

/// The lines of an earlier version of a file that need not be stored again.
#[derive(Debug, Default)]
pub(super) struct Known {
    pub(super) objects: Vec<Object>,
    /// Which object, and which line of it.
    lines: HashMap<Digest, (u32, u64)>,
    /// Which object has this content.
    contents: HashMap<Digest, u32>,
}

impl Known {
    /// What is known from the version before. What is damaged is not used again, and told to `warn`.
    ///
    /// Neither is an object of which less than half was in use, nor, where the file lies in many objects, the smaller ones: so a
    /// file is never spread thinner than that, and what nobody uses any more can go.
    pub(super) fn of(folder: &Folder, before: &StoredFile, mut warn: impl FnMut(Error)) -> Self {
        let mut known = Self::default();
        for object in worth_keeping(before) {
            if let Err(error) = known.take(folder, before.form, object) {
                warn(error);
            }
        }
        known
    }

    fn take(&mut self, folder: &Folder, form: Form, object: &Object) -> Result<()> {
        let path = folder.object(object.object);
        let found =
            Digest::of_file(&path).map_err(|_| damaged(&path, "is missing or cannot be read"))?;
        if found != (object.object, object.stored) {
            return Err(damaged(
                &path,
                "is not what was recorded: its checksum is not its name",
            ));
        }
        // There are fewer objects than lines, and lines are counted in memory.
        let index = u32::try_from(self.objects.len()).unwrap_or(u32::MAX);
        match (form, object.records) {
            (Form::Records | Form::Lines, Some(records)) => {
                let told = object::read_records(folder, records)?;
                let lines = (1..)
                    .zip(told)
                    .map(|(line, told)| (told.sha256, (index, line)));
                self.lines.extend(lines);
            }
            (Form::Records | Form::Lines, None) => {}
            (Form::Text, _) => _ = self.contents.insert(object.sha256, index),
        }
        self.objects.push(object.clone());
        Ok(())
    }

    /// Where this line is stored: which object, and which line of it.
    pub(super) fn line(&self, line: Digest) -> Option<(u32, u64)> {
        self.lines.get(&line).copied()
    }

    /// Which object has this content.
    pub(super) fn content(&self, content: Digest) -> Option<u32> {
        self.contents.get(&content).copied()
    }
}

/// The objects of a file whose lines are to stay where they are.
fn worth_keeping(file: &StoredFile) -> Vec<&Object> {
    let mut used = vec![0; file.objects.len()];
    for part in &file.parts {
        used[part.0 as usize] += part.lines();
    }
    let worth = used.into_iter().zip(&file.objects);
    let worth = worth.filter(|(used, object)| 2 * used >= object.lines);
    let is_small = |object: &Object| file.form.is_by_line() && object.bytes < SMALL;
    let (mut small, mut worth): (Vec<_>, Vec<_>) = worth.partition(|(_, object)| is_small(object));
    if small.len() > SCATTERED {
        small.sort_by_key(|(used, _)| std::cmp::Reverse(*used));
        small.truncate(GATHERED);
    }
    worth.append(&mut small);
    worth.into_iter().map(|(_, object)| object).collect()
}

#[cfg(test)]
mod tests {
    use super::super::manifest::Part;
    use super::*;

    /// A file of objects of so many lines and bytes, of which so many lines are in use.
    fn file(objects: &[(u64, u64, u64)]) -> StoredFile {
        let mut number = 0_u8;
        let mut digest = || {
            number += 1;
            Digest::of(&[number])
        };
        let object = |&(lines, bytes, _): &(u64, u64, u64)| Object {
            object: digest(),
            stored: 1,
            sha256: Digest::of(b""),
            bytes,
            lines,
            records: None,
            records_stored: 0,
        };
        StoredFile {
            name: "f".into(),
            form: Form::Records,
            bytes: 0,
            lines: 0,
            sha256: Digest::of(b""),
            records_sha256: None,
            counts: std::collections::BTreeMap::new(),
            objects: objects.iter().map(object).collect(),
            parts: (0..)
                .zip(objects)
                .map(|(index, it)| Part(index, 1, it.2))
                .collect(),
        }
    }

    fn kept(objects: &[(u64, u64, u64)]) -> Vec<u64> {
        worth_keeping(&file(objects))
            .iter()
            .map(|object| object.lines)
            .collect()
    }

    #[test]
    fn what_is_half_used_stays() {
        assert_eq!(kept(&[(10, 1, 5), (11, 1, 5), (12, 1, 12)]), [10, 12]);
    }

    #[test]
    fn many_small_objects_are_gathered() {
        let mut objects: Vec<(u64, u64, u64)> = (1..=16).map(|lines| (lines, 100, lines)).collect();
        objects.push((99, SMALL, 99));
        assert_eq!(kept(&objects).len(), 17);
        objects.push((17, 100, 17));
        assert_eq!(kept(&objects), [99, 17, 16, 15, 14, 13, 12, 11, 10]);
    }
}
