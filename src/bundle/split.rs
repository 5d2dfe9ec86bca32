//! Which records go together, so that a bundle too large for one import becomes parts that each import by themselves?
//!
//! - Every record but the details lines is in exactly one part, as it was read. Each part ends with a details line of its own.
//! - No part is over its [`Limits`]. What cannot be cut and is over them alone is [`Unfit`], and in no part.
//! - A list and all its items are in one part, and so are records of one key: Kibana deletes the items that an overwriting import
//!   lacks (to 9.x), and of equal records the last wins only within one request.
//! - A rule is in the part that brings its lists and connectors, or in a later one: parts import in order.
//! - A part with rules whose actions go through connectors that lack secrets has a connector line, where there is any left to
//!   give: without one Kibana 8.7 to 9.x refuses such rules. Where there is none, [`Part::secrets`] says so.
//! - Parts, and records in them, keep the order of the input where nothing above forbids it; nothing depends on threads.
//!
//! # Connectors
//!
//! Into a part that creates a rule, Kibana lets a connector without secrets pass if the file has a connector line, whichever it
//! is. But a connector may be brought once only: a second time it is a conflict, which leaves all connectors of that file out, or,
//! with overwriting, loses the secrets that were set meanwhile. So where such rules fill more than one part, each of the parts needs
//! a connector that is new. Rules that share connectors go into one part with them if one can hold them, at the place of the first
//! such rule. Those that no part can hold are spread over the first parts, rules that need no new connector before others, so that
//! each part can begin with a new one as long as there is any: that of a rule that waits, then one that no rule uses, then those of
//! other rules that fit in whole. Where all are used up, the parts that remain come after those, and need the secrets set before them.
//!
//! Rules that are in a later part than their connectors rely on Kibana finding these in the space: by `id`, or from 8.19 and 9.1
//! on by the `originId` that it gives a connector whose id is taken in another space. Where such a space is the target of an
//! older Kibana, new ids from the start (`regenerate-connector-ids`) leave nothing to find.

mod cut;
mod facts;
mod gather;
mod place;
mod plan;
#[cfg(test)]
mod tests;
mod units;

pub use cut::{Cut, Split};
pub use facts::Facts;
pub use units::Planner;

use crate::record::{ConnectorId, Counts, ListKey, details_line};

/// The bytes of a request that are not the file: the multipart envelope at its largest.
///
/// The boundary, twice, is at most 70 bytes (RFC 2046). A file name has at most 255 bytes, 765 where each is percent-encoded.
/// With the names of the headers and a content type that makes 1 017.
pub const ENVELOPE: u64 = 1024;

/// How much a part may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes, the details line and all line ends included.
    pub bytes: u64,
    /// Rules, and what Kibana counts as such: records of no known kind, and lines that are no records.
    pub rules: u64,
    /// Exception lists and items together.
    pub exceptions: u64,
    /// Connectors and other saved objects.
    pub connectors: u64,
}

impl Default for Limits {
    /// What every Kibana takes that is not configured otherwise: a request of 10 485 760 bytes, and below 10 000 of each kind.
    fn default() -> Self {
        Self {
            bytes: 10_485_760 - ENVELOPE,
            rules: 9_999,
            exceptions: 9_999,
            connectors: 9_999,
        }
    }
}

/// By what rules are told apart before they are cut, so that no part has rules of two groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum By {
    /// The first tag.
    Tag,
    /// The rule type.
    Type,
    /// The severity.
    Severity,
}

/// The rules that a part is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Group {
    /// All, because they are not grouped.
    All,
    /// Those of this tag, type or severity.
    Of(Box<str>),
    /// Those that have none.
    Without,
    /// None: what no rule needs.
    Rest,
}

/// How a bundle is cut.
#[derive(Debug)]
pub struct Plan {
    /// The parts, in the order in which they must be imported.
    pub parts: Vec<Part>,
    /// What fits into no part.
    pub unfit: Vec<Unfit>,
    limits: Limits,
    by: Option<By>,
}

/// What one import holds.
#[derive(Debug)]
pub struct Part {
    /// Its records in input order, by the numbers under which the planner got them.
    pub records: Vec<usize>,
    /// Its size, the details line and all line ends included.
    pub bytes: u64,
    /// Its records by kind, its own details line not counted.
    pub counts: Counts,
    /// Lines in it that are no records.
    pub unreadable: u64,
    /// The rules it is for.
    pub group: Group,
    /// What its rules refer to that is not in it but elsewhere in the bundle.
    pub needs: Vec<Need>,
    /// Connectors that lack secrets and must get them before this part is imported, because rules in it act through them and it has
    /// no connector line.
    pub secrets: Vec<ConnectorId>,
    /// Connectors that stand in it twice, as they do in the bundle: Kibana refuses the whole of such a file.
    pub doubled: Vec<ConnectorId>,
}

/// Something that a part's rules refer to and that another part brings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Need {
    /// What it is.
    pub what: Needed,
    /// Where it is.
    pub from: Origin,
}

/// What a rule can refer to.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the kinds of records")]
pub enum Needed {
    List(ListKey),
    Connector(ConnectorId),
}

/// Where something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// In this one of the parts, from 0.
    Part(usize),
    /// In this one of [`Plan::unfit`], from 0.
    Unfit(usize),
}

/// Records that must not be parted and are too much for a part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unfit {
    /// The records in input order.
    pub records: Vec<usize>,
    /// Which limit they break.
    pub limit: Limit,
    /// How much of it they take, the details line included.
    pub found: u64,
    /// How much there is.
    pub most: u64,
}

/// A limit of a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "those of `Limits`")]
pub enum Limit {
    Bytes,
    Rules,
    Exceptions,
    Connectors,
}

impl Limit {
    /// What it counts.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bytes => "bytes",
            Self::Rules => "rules",
            Self::Exceptions => "exceptions",
            Self::Connectors => "connectors",
        }
    }
}

impl Part {
    /// The details line that closes it, without a line end.
    pub fn details(&self) -> String {
        details_line(self.counts)
    }
}

impl Plan {
    /// The limits that it keeps.
    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// The file name of a part, without compression: `part-001.ndjson`, or `001-windows.ndjson` where rules are grouped.
    ///
    /// Names sort in the order of the parts, and are safe on every file system.
    pub fn file_name(&self, part: usize) -> String {
        let width = self.parts.len().to_string().len().max(3);
        let number = part + 1;
        let group = self.parts.get(part).map(|part| &part.group);
        match (self.by, group) {
            (None, _) | (_, None | Some(Group::All)) => format!("part-{number:0width$}.ndjson"),
            (Some(by), Some(group)) => format!("{number:0width$}-{}.ndjson", slug(by, group)),
        }
    }
}

fn slug(by: By, group: &Group) -> String {
    match (group, by) {
        (Group::Of(name), _) => super::tree::slug(name).unwrap_or_else(|| "group".into()),
        (Group::Without, By::Tag) => "untagged".into(),
        (Group::Without, By::Type) => "no-type".into(),
        (Group::Without, By::Severity) => "no-severity".into(),
        (Group::Rest | Group::All, _) => "rest".into(),
    }
}
