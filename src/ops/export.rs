//! Takes content out of a space: all that is asked for, or it says what could not be had.
//!
//! - Rules come as they arrive, then each exception list with its items, then connectors; each once, byte for byte as the server
//!   spelt it; then one details line that counts what is there and says what is not.
//! - `_export` is asked first. What it does not give (more rules than the server's cap, a rule whose connector is gone) is asked for
//!   in slices, which are halved where one is refused; what no export gives is read rule by rule.
//! - An export that lacks a list which a rule refers to says nothing of it, so every reference is looked after.
//! - Nothing is changed there, and every request may be sent again.

mod draft;
mod lists;
mod needs;
mod read;
mod rules;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fmt;
use std::io::Write;

use crate::bundle::Thing;
use crate::error::Result;
use crate::kibana::{Client, Space};
use crate::query::Query;
use crate::record::{ConnectorId, Counts, Kind, ListId, RuleId};
use crate::schema::Target;
use draft::Draft;
pub(super) use read::{again, is_refusal, read};

/// What is taken out of a space.
#[derive(Debug, Clone)]
pub enum Selection {
    /// Rules, with the lists, items and connectors that they need.
    Rules(Choice),
    /// Exception lists with their items, and no rules: those of these ids, in either namespace, or every one but those that Kibana
    /// makes itself where no id is given.
    Lists(Vec<ListId>),
    /// Every rule with what it needs, and every other exception list with its items but those that Kibana makes itself.
    All,
}

/// Which rules.
#[derive(Debug, Clone, Default)]
pub struct Choice {
    /// Those that match.
    pub only: Option<Query>,
    /// Those of these ids; an id that no rule has is told.
    pub ids: Option<BTreeSet<RuleId>>,
    /// No rule of Elastic's own.
    pub custom_only: bool,
}

/// What came of an export.
#[derive(Debug, Default)]
pub struct Exported {
    /// The records of the bundle, its details line too.
    pub counts: Counts,
    /// What was asked for and could not be had.
    pub lacking: Vec<Lack>,
    /// Lists and connectors that rules refer to and the space does not have.
    pub dangling: Vec<Lack>,
    /// Rules that no export would give, and that were read by themselves.
    pub read_singly: Vec<RuleId>,
    /// Lists that an export of rules left out, and that were fetched by themselves.
    pub fetched: Vec<ListId>,
    /// Lists that Kibana makes itself: referred to by rules and in no export of rules, or not asked for by their id.
    pub reserved: Vec<ListId>,
    /// How many rules of Elastic's own were left out, as a Kibana before 8.18 leaves them out.
    pub prebuilt: u64,
    /// How many connectors were left out, as a Kibana before 8.7 leaves them out.
    pub connectors: u64,
    /// Ids that more than one rule of the space has.
    pub repeated: Vec<RuleId>,
}

/// Something that was asked for and could not be had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lack {
    /// What it is.
    pub what: Lacking,
    /// Why, in the server's words where it gave some.
    pub why: Box<str>,
}

/// What can be lacking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lacking {
    /// A rule.
    Rule(RuleId),
    /// A list or a connector that rules need, or a list that was asked for.
    Thing(Thing),
    /// A list that was asked for by its id alone.
    List(ListId),
    /// Some of the rules; nobody knows which.
    Rules,
    /// Connectors that no rule of the bundle acts through; nobody knows which.
    Connectors,
}

impl Lacking {
    /// What kind of record it is.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Rule(_) | Self::Rules => Kind::Rule,
            Self::List(_) | Self::Thing(Thing::List(_)) => Kind::ExceptionList,
            Self::Thing(Thing::Connector(_)) | Self::Connectors => Kind::Connector,
        }
    }

    /// The id that people know it by, if it is one record.
    pub fn id(&self) -> Option<&str> {
        match self {
            Self::Rule(id) => Some(id.as_str()),
            Self::List(id) => Some(id.as_str()),
            Self::Thing(Thing::List(list)) => Some(list.id.as_str()),
            Self::Thing(Thing::Connector(id)) => Some(id.as_str()),
            Self::Rules | Self::Connectors => None,
        }
    }
}

impl fmt::Display for Lacking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rule(id) => write!(f, "rule `{}`", id.as_str()),
            Self::List(id) => write!(f, "exception list `{}`", id.as_str()),
            Self::Thing(thing) => thing.fmt(f),
            Self::Rules => f.write_str("rules"),
            Self::Connectors => f.write_str("connectors that no rule acts through"),
        }
    }
}

impl fmt::Display for Lack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.what, self.why)
    }
}

impl Default for Selection {
    fn default() -> Self {
        Self::Rules(Choice::default())
    }
}

impl Choice {
    /// Whether it is every rule.
    fn is_all(&self) -> bool {
        self.only.is_none() && self.ids.is_none() && !self.custom_only
    }
}

impl Exported {
    /// Whether all that was asked for is there, as far as the space has it: what dangles there does so here.
    pub fn is_complete(&self) -> bool {
        self.lacking.is_empty()
    }
}

/// Writes what is selected of a space to `out` as one bundle; `target` is the version of the server.
///
/// An error means that the bundle is not whole and not closed. What single records lack is no error but told.
pub fn export(
    client: &Client,
    space: &Space,
    target: Target,
    selection: &Selection,
    out: &mut dyn Write,
) -> Result<Exported> {
    let mut run = Run {
        client,
        space,
        target,
        draft: Draft::new(out)?,
        told: Exported::default(),
        connectors: Connectors::Unasked,
        doubtful: HashSet::new(),
    };
    match selection {
        Selection::Rules(choice) => {
            run.rules(choice)?;
            run.needs()?;
        }
        Selection::Lists(ids) => run.lists(ids)?,
        Selection::All => {
            run.rules(&Choice::default())?;
            run.needs()?;
            run.lists(&[])?;
            run.spare_connectors()?;
        }
    }
    run.finish()
}

/// An export under way.
struct Run<'r> {
    client: &'r Client,
    space: &'r Space,
    target: Target,
    draft: Draft<'r>,
    told: Exported,
    connectors: Connectors,
    /// Connectors of rules that came without an export, which would have failed for a connector that is gone.
    doubtful: HashSet<ConnectorId>,
}

/// What is known of the connectors of the space.
enum Connectors {
    Unasked,
    /// They cannot be read, and why.
    Unreadable(Box<str>),
    /// All of them, by id.
    Known(HashMap<Box<str>, Sort>),
}

/// Whether an export has a connector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sort {
    /// It does.
    Stored,
    /// It does not: the connector stands in the server's settings, or Kibana made it.
    BuiltIn,
}

impl Run<'_> {
    fn lack(&mut self, what: Lacking, why: impl Into<Box<str>>) {
        let why = why.into();
        self.told.lacking.push(Lack { what, why });
    }

    fn finish(self) -> Result<Exported> {
        let mut told = self.told;
        let missed = told.lacking.iter().chain(&told.dangling);
        let (counts, repeated) = self.draft.finish(missed)?;
        told.counts = counts;
        told.repeated = repeated;
        Ok(told)
    }
}
