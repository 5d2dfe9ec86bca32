//! What is the server, and what does it have beside the space? Facts that an import depends on.

use std::collections::{BTreeSet, HashMap};

use super::{Halt, Message};
use crate::record::RuleId;
use crate::schema::Target;

/// How an import works, which changed shape several times (import-export.md §0.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Generation {
    /// 8.0 to 8.6: rules and exceptions.
    G3,
    /// 8.7 to 8.18, and 9.0: a connector that fails keeps every rule out.
    G4,
    /// 8.19, and 9.1 to 9.4: connectors and rules fail by themselves.
    G5,
    /// From 9.5 on.
    G6,
}

impl Generation {
    /// The generation of a version.
    pub fn of(target: Target) -> Self {
        if target >= Target::version(9, 5) {
            Self::G6
        } else if target.strips_origin_id() {
            Self::G5
        } else if target >= Target::version(8, 7) {
            Self::G4
        } else {
            Self::G3
        }
    }
}

/// What an import may replace.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Overwrite {
    /// Rules that are there already (`overwrite`).
    pub rules: bool,
    /// Lists and items (`overwrite_exceptions`).
    pub exceptions: bool,
    /// Connectors, whose secrets are then gone (`overwrite_action_connectors`).
    pub connectors: bool,
}

/// A server, as far as an import depends on it.
#[derive(Debug, Clone)]
pub struct Server {
    /// Its version.
    pub target: Target,
    /// The number of rules, and of exceptions, at which a request fails (`maxRuleImportExportSize`).
    pub max_rules: usize,
    /// The most bytes of a request's body (`maxRuleImportPayloadBytes`).
    pub max_bytes: u64,
    /// Whether the credentials may read and create connectors.
    pub may_use_connectors: bool,
    /// Whether the license has machine learning.
    pub has_machine_learning: bool,
    /// The `rule_id`s of Elastic's own rules, with the versions that the server has assets of; none if that is not known, and
    /// then `immutable` tells: that of the rule in the space, else that of the line.
    pub prebuilt: Option<HashMap<RuleId, BTreeSet<u64>>>,
    /// Ids of connectors in the server's settings, the same in all spaces.
    pub preconfigured: BTreeSet<Box<str>>,
    /// Ids of connectors that Kibana makes itself; empty if they are not known, and then whatever is spelt as one is there.
    pub system: BTreeSet<Box<str>>,
}

impl Default for Server {
    fn default() -> Self {
        Self::new(Target::NEWEST)
    }
}

/// The most saved objects that an import takes (`savedObjects.maxImportExportSize`).
pub(super) const MAX_SAVED_OBJECTS: usize = 10_000;

/// Whether a connector of this id is spelt as one that Kibana makes itself.
pub(in crate::ops) fn is_system_id(id: &str) -> bool {
    id.starts_with("system-connector-")
}

impl Server {
    /// A server of this version with the limits that it comes with.
    pub fn new(target: Target) -> Self {
        Self {
            target,
            max_rules: 10_000,
            max_bytes: 10_485_760,
            may_use_connectors: true,
            has_machine_learning: true,
            prebuilt: None,
            preconfigured: BTreeSet::new(),
            system: BTreeSet::new(),
        }
    }

    /// How the server answers a request whose whole body has this many bytes, if it is too large.
    ///
    /// The status is 413 or, in later versions, 400 (import-export.md §3.2).
    pub fn refuses_size(&self, bytes: u64) -> Option<(u16, Message)> {
        let status = if self.generation() <= Generation::G4 {
            413
        } else {
            400
        };
        let words = format!(
            "the request has {bytes} bytes, more than {}",
            self.max_bytes
        );
        (bytes > self.max_bytes).then_some((status, Message::Unknown(words)))
    }

    /// How its import works.
    pub fn generation(&self) -> Generation {
        Generation::of(self.target)
    }

    /// Whether Kibana itself has a connector of this id.
    pub(super) fn is_system(&self, id: &str) -> bool {
        if self.system.is_empty() {
            // Their list is internal (import-export.md §6.1).
            return is_system_id(id);
        }
        self.system.contains(id)
    }

    /// Whether an import takes connectors at all (8.7).
    pub(super) fn takes_connectors(&self) -> bool {
        self.generation() >= Generation::G4
    }

    /// Whether items of a list are deleted and made anew when it is overwritten, so that there are none for a moment; later
    /// servers change them one by one (import-export.md §5.3).
    pub fn deletes_items_first(&self) -> bool {
        self.generation() <= Generation::G5
    }

    /// Whether an overwriting import replaces a rule whole; before 8.13, what a line lacks stays as it is.
    pub(super) fn replaces_whole(&self) -> bool {
        self.target >= Target::version(8, 13)
    }

    /// Whether the answer counts rules that were the same already (9.6).
    pub(super) fn counts_unchanged(&self) -> bool {
        self.target >= Target::version(9, 6)
    }

    /// Whether the count of exceptions in the answer is of items alone (about 8.7).
    pub(super) fn counts_items_alone(&self) -> bool {
        self.target >= Target::version(8, 7)
    }

    /// Whether a conflict is told without the rule's id (about 8.15).
    pub(super) fn conflict_text(&self, rule_id: &str) -> String {
        if self.target >= Target::version(8, 15) {
            "Rule with this rule_id already exists".into()
        } else {
            format!("rule_id: \"{rule_id}\" already exists")
        }
    }

    /// Whether so many rules or exceptions are too many for one request.
    pub(super) fn too_many(&self, count: usize, what: &str) -> Result<(), Halt> {
        if count < self.max_rules {
            return Ok(());
        }
        let text = format!("Can't import more than {} {what}", self.max_rules);
        Err(Halt::new(500, Message::Exact(text)))
    }
}
