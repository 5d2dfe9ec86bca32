//! What does a query ask, as a tree?

use super::fields::Kind;
use super::names::Field;
use super::predicate::Predicate;

/// A query as a tree. Its depth is bounded by the parser.
#[derive(Debug, Clone)]
pub(super) enum Node {
    /// Each rule.
    All,
    /// All of these.
    And(Vec<Node>),
    /// One of these.
    Or(Vec<Node>),
    /// Not this.
    Not(Box<Node>),
    /// A value of the field satisfies the predicate.
    Is(Field, Predicate),
    /// One object at the path satisfies the node, whose own paths begin there.
    Nested(Vec<Box<str>>, Box<Node>),
}

impl Node {
    /// All of the nodes.
    pub(super) fn and(mut nodes: Vec<Self>) -> Self {
        if nodes.len() == 1 {
            nodes.remove(0)
        } else {
            Self::And(nodes)
        }
    }

    /// One of the nodes. Those side by side that ask for the same thing ask once.
    pub(super) fn or(nodes: Vec<Self>) -> Self {
        let mut nodes = below_one_object(&with_values_together(nodes));
        if nodes.len() == 1 {
            nodes.remove(0)
        } else {
            Self::Or(nodes)
        }
    }

    /// The object that the field is a member of, if both are known.
    fn object(&self) -> Option<&str> {
        match self {
            Self::Is(field, _) if field.kind != Kind::Unknown && field.path.len() > 1 => {
                field.path.first().map(|top| &**top)
            }
            Self::Is(..)
            | Self::All
            | Self::And(_)
            | Self::Or(_)
            | Self::Not(_)
            | Self::Nested(..) => None,
        }
    }

    /// A condition as it is seen from the object that its field is a member of.
    fn within(&self) -> Self {
        match self {
            Self::Is(field, predicate) => Self::Is(field.relative(1), predicate.clone()),
            other => other.clone(),
        }
    }
}

/// Makes one condition of several on the same field.
fn with_values_together(nodes: Vec<Node>) -> Vec<Node> {
    let mut merged: Vec<Node> = Vec::with_capacity(nodes.len());
    for node in nodes {
        let rest = match (merged.last_mut(), node) {
            (Some(Node::Is(field, predicate)), Node::Is(same, other)) if *field == same => {
                match predicate.or(other) {
                    Ok(()) => continue,
                    Err(other) => Node::Is(same, other),
                }
            }
            (_, node) => node,
        };
        merged.push(rest);
    }
    for node in &mut merged {
        if let Node::Is(_, predicate) = node {
            predicate.finish();
        }
    }
    merged
}

/// Goes down to each object once for all conditions on its members: that one of them holds for some element is the
/// same as that some element has one that holds.
fn below_one_object(nodes: &[Node]) -> Vec<Node> {
    let mut below = Vec::with_capacity(nodes.len());
    for group in nodes.chunk_by(|a, b| a.object().is_some() && a.object() == b.object()) {
        match group {
            [first, _, ..] => {
                let path = first.object().map(Into::into).into_iter().collect();
                let inner = Node::or(group.iter().map(Node::within).collect());
                below.push(Node::Nested(path, inner.into()));
            }
            _ => below.extend_from_slice(group),
        }
    }
    below
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::json::Object;
    use crate::query::Query;

    const RULE: &str = r#"{"rule_id":"r","risk_score":47,"tags":["a","b"],"note":null,"threat":[
        {"tactic":{"id":"TA1","name":"X"},"technique":[{"id":"T1"},{"id":"T2","subtechnique":[{"id":"T2.1"}]}]},
        {"tactic":{"id":"TA2"},"technique":null}]}"#;

    const CONDITIONS: &[&str] = &[
        "rule_id:r",
        "rule_id:s",
        "rule_id:t*",
        "risk_score:47",
        "risk_score:\"x\"",
        "tags:c",
        "tags:b",
        "note:*",
        "threat.tactic.id:TA2",
        "threat.tactic.id:TA3",
        "threat.tactic.name:Y",
        "threat.technique.id:T2",
        "threat.technique.subtechnique.id:T2.2",
        "threat.technique.subtechnique.id:T2*",
        "threat.framework:*",
        "not threat.tactic.id:TA1",
        "threat:{ tactic.name:X and technique.id:T3 }",
        "meta.a:b",
    ];

    proptest! {
        #[test]
        fn or_holds_if_one_of_its_conditions_does(conditions in prop::collection::vec(prop::sample::select(CONDITIONS), 1..6)) {
            let rule = Object::parse(RULE).unwrap();
            let holds = |text: &str| text.parse::<Query>().unwrap().matches(&rule);
            let one_by_one = conditions.iter().any(|condition| holds(condition));
            prop_assert_eq!(holds(&conditions.join(" or ")), one_by_one);
            prop_assert_eq!(holds(&format!("not ({})", conditions.join(" or "))), !one_by_one);
        }
    }

    #[test]
    fn many_values_of_a_field_are_one_condition() {
        let Node::Is(_, predicate) = "rule_id:(c or a or b or a) or rule_id:d"
            .parse::<Query>()
            .unwrap()
            .root
        else {
            panic!("more than one condition");
        };
        assert_eq!(format!("{predicate:?}").matches("Plain").count(), 4);
    }
}
