//! Ids as types, so that a list's never meets a rule's in one comparison.

use std::borrow::Cow;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Box<str>);

        impl $name {
            /// The id as Kibana spells it.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(id: &str) -> Self {
                Self(id.into())
            }
        }

        impl From<Cow<'_, str>> for $name {
            fn from(id: Cow<'_, str>) -> Self {
                Self(id.into())
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
    };
}

id!(
    /// A rule's `rule_id`, chosen by a user, unique in a space.
    RuleId
);
id!(
    /// An exception list's `list_id`, unique together with its namespace.
    ListId
);
id!(
    /// An exception item's `item_id`.
    ItemId
);
id!(
    /// A connector's saved object `id`, to which a rule's `actions[].id` refers.
    ConnectorId
);

/// Where an exception list lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum Namespace {
    /// In one space; what Kibana takes when `namespace_type` is absent.
    #[default]
    Single,
    /// In all spaces of the cluster.
    Agnostic,
}

impl Namespace {
    /// Reads a `namespace_type`.
    pub fn of(text: Option<&str>) -> Self {
        if text == Some("agnostic") {
            Self::Agnostic
        } else {
            Self::Single
        }
    }

    /// The name that Kibana writes.
    pub fn name(self) -> &'static str {
        match self {
            Self::Single => "single",
            Self::Agnostic => "agnostic",
        }
    }

    /// The one that this is not.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Single => Self::Agnostic,
            Self::Agnostic => Self::Single,
        }
    }
}

/// What tells one exception list from another: `list_id` and namespace.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ListKey {
    /// The list's `list_id`.
    pub id: ListId,
    /// Its `namespace_type`.
    pub namespace: Namespace,
}
