//! What does a release do otherwise than the next? Each fact once (import-export.md §0.3, §8).

/// A release, as in 9.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Version(pub(crate) u16, pub(crate) u16);

/// How an import works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Generation {
    /// Before 8.7: no connectors.
    G3,
    /// To 8.18, and 9.0: a connector's failure keeps every rule out.
    G4,
    /// 8.19, and 9.1 to 9.4.
    G5,
    /// From 9.5.
    G6,
}

impl Version {
    /// The release of this name, as in `9.1` or `9.1.0`.
    pub(crate) fn named(name: &str) -> Self {
        let mut numbers = name.split('.').map(|number| number.parse().unwrap());
        Self(numbers.next().unwrap(), numbers.next().unwrap_or(0))
    }

    pub(super) fn generation(self) -> Generation {
        match self {
            it if it < Self(8, 7) => Generation::G3,
            it if it < Self(8, 19) || it == Self(9, 0) => Generation::G4,
            it if it < Self(9, 5) => Generation::G5,
            _ => Generation::G6,
        }
    }

    pub(super) fn strips_origin_id(self) -> bool {
        self.generation() >= Generation::G5
    }

    /// Whether exported connectors have keys that are null.
    pub(super) fn exports_api_keys(self) -> bool {
        self.generation() >= Generation::G6
    }

    pub(super) fn takes_connectors(self) -> bool {
        self.generation() >= Generation::G4
    }

    /// Whether an overwritten list loses its items before it gets the new ones (§5.3).
    pub(super) fn deletes_items_first(self) -> bool {
        self.generation() <= Generation::G5
    }

    /// Whether overwriting a rule leaves nothing of it (§2.3).
    pub(super) fn replaces_whole(self) -> bool {
        self >= Self(8, 13)
    }

    pub(super) fn counts_unchanged(self) -> bool {
        self >= Self(9, 6)
    }

    /// Whether `exceptions_success_count` leaves lists out.
    pub(super) fn counts_items_alone(self) -> bool {
        self >= Self(8, 7)
    }

    pub(super) fn imports_prebuilt(self) -> bool {
        self >= Self(8, 18)
    }

    pub(super) fn has_frequency(self) -> bool {
        self >= Self(8, 8)
    }

    pub(super) fn has_rule_source(self) -> bool {
        self >= Self(8, 16)
    }

    /// Whether messages about the schema have the wording of zod 4.
    pub(super) fn is_zod_4(self) -> bool {
        self >= Self(9, 4)
    }

    pub(super) fn conflict(self, rule_id: &str) -> String {
        if self < Self(8, 15) {
            format!("rule_id: \"{rule_id}\" already exists")
        } else {
            "Rule with this rule_id already exists".into()
        }
    }

    /// The status for a body over the limit (§3.2).
    pub(super) fn too_large(self) -> u16 {
        if self.generation() <= Generation::G4 {
            413
        } else {
            400
        }
    }
}
