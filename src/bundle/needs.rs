//! What do rules refer to, and does the bundle have it?

use std::collections::{HashMap, HashSet};
use std::fmt;

use crate::record::{ConnectorId, Counts, Kind, ListKey, Namespace, Record, is_system_connector};

/// What one rule refers to, each thing once: exception lists, and the connectors of its actions.
///
/// System connectors are left out, since they exist everywhere and are never in a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct References {
    /// The lists, in order.
    pub lists: Vec<ListKey>,
    /// The connectors, in order.
    pub connectors: Vec<ConnectorId>,
}

/// What rules need, and what of it a bundle has.
///
/// Takes memory for each list and connector, none for a rule.
#[derive(Debug, Default)]
pub struct Needs {
    lists: HashMap<ListKey, Users>,
    connectors: HashMap<ConnectorId, Users>,
    held_lists: HashSet<ListKey>,
    held_connectors: HashSet<ConnectorId>,
}

/// The rules that refer to one thing.
#[derive(Debug)]
struct Users {
    count: u64,
    /// The first of them: its place in the bundle, and its name.
    first: (u64, Box<str>),
}

/// What a rule can need.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Thing {
    /// An exception list, with its items.
    List(ListKey),
    /// A connector.
    Connector(ConnectorId),
}

/// Something that rules need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Need {
    /// What it is.
    pub thing: Thing,
    /// How many rules refer to it.
    pub rules: u64,
    /// The first of them: its place in the bundle, and its name as in ``rule `acme-1` ``.
    pub first: (u64, Box<str>),
    /// Whether the bundle has it.
    pub is_there: bool,
    /// Whether the bundle has a list of that `list_id` in the other namespace.
    pub is_elsewhere: bool,
}

impl References {
    /// What a rule refers to.
    pub fn of(rule: &Record<'_>) -> Self {
        let mut references = Self::default();
        for list in rule.list_references() {
            if !references.lists.contains(&list) {
                references.lists.push(list);
            }
        }
        for action in rule.actions() {
            let id = action.connector().filter(|id| !is_system_connector(id));
            let Some(id) = id.map(ConnectorId::from) else {
                continue;
            };
            if !references.connectors.contains(&id) {
                references.connectors.push(id);
            }
        }
        references
    }
}

impl Needs {
    /// Takes down what a rule needs; `ordinal` is its place in the bundle, `name` as in ``rule `acme-1` ``.
    pub fn add(&mut self, references: References, ordinal: u64, name: &str) {
        let users = || Users {
            count: 0,
            first: (ordinal, name.into()),
        };
        for list in references.lists {
            self.lists.entry(list).or_insert_with(users).count += 1;
        }
        for id in references.connectors {
            self.connectors.entry(id).or_insert_with(users).count += 1;
        }
    }

    /// Takes down what the bundle has.
    pub fn hold(&mut self, thing: Thing) {
        match thing {
            Thing::List(list) => _ = self.held_lists.insert(list),
            Thing::Connector(id) => _ = self.held_connectors.insert(id),
        }
    }

    /// Whether some rule needs this.
    pub fn need(&self, thing: &Thing) -> bool {
        match thing {
            Thing::List(list) => self.lists.contains_key(list),
            Thing::Connector(id) => self.connectors.contains_key(id),
        }
    }

    /// Whether the bundle has this.
    pub fn holds(&self, thing: &Thing) -> bool {
        match thing {
            Thing::List(list) => self.held_lists.contains(list),
            Thing::Connector(id) => self.held_connectors.contains(id),
        }
    }

    /// How many exception lists and connectors rules need.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        counts[Kind::ExceptionList] = self.lists.len() as u64;
        counts[Kind::Connector] = self.connectors.len() as u64;
        counts
    }

    /// All that rules need, in the order in which they first need it.
    pub fn all(&self) -> Vec<Need> {
        let lists = self.lists.iter().map(|(list, users)| {
            let other = ListKey {
                namespace: list.namespace.other(),
                ..list.clone()
            };
            let is_there = self.held_lists.contains(list);
            let is_elsewhere = self.held_lists.contains(&other);
            users.need(Thing::List(list.clone()), is_there, is_elsewhere)
        });
        let connectors = self.connectors.iter().map(|(id, users)| {
            let is_there = self.held_connectors.contains(id);
            users.need(Thing::Connector(id.clone()), is_there, false)
        });
        let mut all: Vec<Need> = lists.chain(connectors).collect();
        all.sort_by(|a, b| (a.first.0, &a.thing).cmp(&(b.first.0, &b.thing)));
        all
    }
}

impl Users {
    fn need(&self, thing: Thing, is_there: bool, is_elsewhere: bool) -> Need {
        Need {
            thing,
            rules: self.count,
            first: self.first.clone(),
            is_there,
            is_elsewhere,
        }
    }
}

impl Thing {
    /// The list or connector that the record is.
    pub fn is(record: &Record<'_>) -> Option<Self> {
        match record.kind() {
            Kind::ExceptionItem => None,
            _ => Self::holding(record),
        }
    }

    /// The list or connector that the record is or, if it is an item, that it is in; none where no rule can refer to it.
    pub fn holding(record: &Record<'_>) -> Option<Self> {
        match record.kind() {
            Kind::ExceptionList | Kind::ExceptionItem => record.list_key().map(Self::List),
            Kind::Connector if record.is_connector() => {
                record.str("id").map(ConnectorId::from).map(Self::Connector)
            }
            Kind::Rule | Kind::Connector | Kind::Details | Kind::Other => None,
        }
    }
}

impl fmt::Display for Thing {
    /// As messages name it; of the two namespaces only the unusual one is said.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::List(list) => {
                write!(f, "exception list `{}`", list.id.as_str())?;
                match list.namespace {
                    Namespace::Single => Ok(()),
                    Namespace::Agnostic => f.write_str(" (agnostic)"),
                }
            }
            Self::Connector(id) => write!(f, "connector `{}`", id.as_str()),
        }
    }
}

impl Need {
    /// Whether the bundle should have it and does not. The lists that Kibana makes itself are in no export of rules.
    pub fn is_lacking(&self) -> bool {
        let is_reserved = match &self.thing {
            Thing::List(list) => list.id.is_reserved(),
            Thing::Connector(_) => false,
        };
        !self.is_there && !is_reserved
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(id: &str, namespace: Namespace) -> ListKey {
        ListKey {
            id: id.into(),
            namespace,
        }
    }

    #[test]
    fn takes_each_reference_once_and_no_system_connector() {
        let rule = r#"{"rule_id":"r","exceptions_list":[{"list_id":"l"},{"list_id":"l","namespace_type":"agnostic"},{"list_id":"l","namespace_type":"single"},{}],
            "actions":[{"id":"c"},{"id":"system-connector-.cases"},{"id":"d"},{"id":"c"},{"id":1}]}"#.replace('\n', "");
        let references = References::of(&Record::parse(&rule, 0).unwrap());
        let lists = [Namespace::Single, Namespace::Agnostic].map(|namespace| list("l", namespace));
        assert_eq!(references.lists, lists);
        assert_eq!(references.connectors, ["c".into(), "d".into()]);
    }

    #[test]
    fn says_what_is_lacking_and_who_needs_it_first() {
        let mut needs = Needs::default();
        let refer = |ids: &[&str]| References {
            lists: ids.iter().map(|id| list(id, Namespace::Single)).collect(),
            connectors: vec!["c".into()],
        };
        needs.hold(Thing::List(list("there", Namespace::Single)));
        needs.hold(Thing::List(list("other", Namespace::Agnostic)));
        needs.hold(Thing::List(list("unneeded", Namespace::Single)));
        needs.add(refer(&["there", "endpoint_list"]), 3, "rule `a`");
        needs.add(refer(&["other", "there"]), 4, "rule `b`");
        let lacking: Vec<_> = needs
            .all()
            .into_iter()
            .filter(Need::is_lacking)
            .map(|need| {
                (
                    need.thing.to_string(),
                    need.rules,
                    need.first.0,
                    need.is_elsewhere,
                )
            })
            .collect();
        assert_eq!(
            lacking,
            [
                ("connector `c`".to_owned(), 2, 3, false),
                ("exception list `other`".to_owned(), 1, 4, true)
            ]
        );
        assert_eq!(needs.counts().total(), 4);
        assert!(!needs.need(&Thing::List(list("unneeded", Namespace::Single))));
        assert!(!needs.need(&Thing::List(list("there", Namespace::Agnostic))));
    }

    #[test]
    fn an_item_is_held_by_its_list() {
        let of = |text: &str| {
            let record = Record::parse(text, 0).unwrap();
            (
                Thing::is(&record).is_some(),
                Thing::holding(&record).map(|thing| thing.to_string()),
            )
        };
        let l = Some("exception list `l` (agnostic)".to_owned());
        assert_eq!(
            of(r#"{"list_id":"l","namespace_type":"agnostic"}"#),
            (true, l.clone())
        );
        assert_eq!(
            of(r#"{"list_id":"l","item_id":"i","namespace_type":"agnostic"}"#),
            (false, l)
        );
        assert_eq!(of(r#"{"item_id":"i"}"#), (false, None));
        assert_eq!(
            of(r#"{"id":"d","type":"dashboard","attributes":{}}"#),
            (false, None)
        );
        assert_eq!(
            of(r#"{"id":"l","type":"action","attributes":{}}"#),
            (true, Some("connector `l`".into()))
        );
    }
}
