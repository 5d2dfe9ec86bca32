//! From a key to the place of its field, quickly: rules have sixty fields, and every key of every record is looked up.

/// The keys of a shape, hashed into a table that is mostly empty.
#[derive(Debug)]
pub(super) struct Keys {
    names: Vec<&'static str>,
    /// The place of a name plus one, or 0; as many as a power of two, at least four times the names.
    slots: Vec<u8>,
}

/// Length, first, middle and last byte: enough to tell nearly all names apart.
fn hash(key: &str) -> usize {
    let bytes = key.as_bytes();
    let at = |place: usize| bytes.get(place).copied().map_or(0, usize::from);
    let len = bytes.len();
    at(0) + at(len / 2) * 7 + at(len.wrapping_sub(1)) * 31 + len * 101
}

impl Keys {
    /// A table of these names, at most 255.
    pub(super) fn of(names: Vec<&'static str>) -> Self {
        let size = (names.len() * 4).next_power_of_two();
        let mut slots = vec![0; size];
        for (place, name) in (1_u8..).zip(&names) {
            let mut slot = hash(name) & (size - 1);
            while slots[slot] != 0 {
                slot = (slot + 1) & (size - 1);
            }
            slots[slot] = place;
        }
        Self { names, slots }
    }

    /// The place of this name.
    pub(super) fn find(&self, key: &str) -> Option<usize> {
        let mask = self.slots.len() - 1;
        let mut slot = hash(key) & mask;
        while let Some(place) = usize::from(self.slots[slot]).checked_sub(1) {
            if self.names[place] == key {
                return Some(place);
            }
            slot = (slot + 1) & mask;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_each_name_and_no_other() {
        let names = vec![
            "a",
            "b",
            "ab",
            "ba",
            "aab",
            "bab",
            "",
            "same_length_x",
            "same_length_y",
        ];
        let keys = Keys::of(names.clone());
        for (place, name) in names.iter().enumerate() {
            assert_eq!(keys.find(name), Some(place), "{name}");
        }
        for other in ["c", "aa", "same_length_z", "names", "é"] {
            assert_eq!(keys.find(other), None, "{other}");
        }
        assert_eq!(Keys::of(Vec::new()).find("a"), None);
    }
}
