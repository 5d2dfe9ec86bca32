//! The way down to the value that is being judged, kept on the stack: a clean record costs no allocation.

use crate::error::PathStep;

/// A place in a record: the record, or a step below another place.
#[derive(Debug, Clone, Copy)]
pub(super) enum At<'p> {
    /// The record itself.
    Record,
    /// The member of this key.
    Key(&'p At<'p>, &'p str),
    /// The element at this place.
    Index(&'p At<'p>, usize),
}

impl<'p> At<'p> {
    /// The member of this key.
    pub(super) fn key(&'p self, key: &'p str) -> Self {
        Self::Key(self, key)
    }

    /// The element at this place.
    pub(super) fn index(&'p self, index: usize) -> Self {
        Self::Index(self, index)
    }

    /// Whether it is the record.
    pub(super) fn is_record(self) -> bool {
        matches!(self, Self::Record)
    }

    /// The steps from the record down.
    pub(super) fn pointer(self) -> Vec<PathStep> {
        let (up, step) = match self {
            Self::Record => return Vec::new(),
            Self::Key(up, key) => (up, PathStep::from(key)),
            Self::Index(up, index) => (up, PathStep::from(index)),
        };
        let mut steps = up.pointer();
        steps.push(step);
        steps
    }
}

/// A way as Kibana's messages spell it for rules: keys and positions with dots between them.
pub(super) fn dotted(pointer: &[PathStep]) -> String {
    let steps: Vec<String> = pointer.iter().map(step).collect();
    steps.join(".")
}

/// A way as Kibana's messages spell it for exceptions: keys alone, with commas between them.
pub(super) fn keys(pointer: &[PathStep]) -> String {
    let keys = pointer
        .iter()
        .filter(|step| matches!(step, PathStep::Key(_)));
    keys.map(step).collect::<Vec<_>>().join(",")
}

fn step(step: &PathStep) -> String {
    match step {
        PathStep::Key(key) => key.to_string(),
        PathStep::Index(index) => index.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spells_the_way_as_kibana_does() {
        let actions = At::Record.key("actions");
        let (first, record) = (actions.index(0), At::Record);
        let pointer = first.key("uuid").pointer();
        assert_eq!(dotted(&pointer), "actions.0.uuid");
        assert_eq!(keys(&pointer), "actions,uuid");
        assert!(record.is_record() && record.pointer().is_empty() && !first.is_record());
    }
}
