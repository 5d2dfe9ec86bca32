//! What does an import do to a space, and what does the server answer? Its algorithm, on a model of the space.
//!
//! A [`Model`] is what an import looks at and changes: rules, lists, items, connectors. [`Model::import`] says what the server will
//! answer to one request, what becomes of each line, and leaves the model as the request would leave the space, so that the next
//! request can be asked about. It reads no file, no clock and no network. Facts are those of the importer from 8.0 on; where its
//! words cannot be known beforehand, the prediction says so ([`Message`]).

mod actions;
mod answer;
mod blocking;
mod connectors;
mod content;
mod exceptions;
mod kept;
mod ledger;
mod read;
mod repoint;
mod rules;
mod server;

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::json::Raw;
use crate::record::{ConnectorId, ItemId, ListKey, Record, RuleId};
pub use answer::{Answer, Connectors, Exceptions, Message, Predicted, Refusal, Reply};
pub use content::{Action, Content, Reference};
pub use kept::{Kept, differing};
use ledger::Ledger;
pub use ledger::{Note, Outcome, Outlook};
pub use read::is_artifact;
pub(in crate::ops) use server::is_system_id;
pub use server::{Generation, Overwrite, Server};

/// The id of an object in the space.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Id {
    /// One that the server has.
    Known(Box<str>),
    /// One that the server will make; the number tells them apart.
    New(u32),
}

impl From<&str> for Id {
    fn from(id: &str) -> Self {
        Self::Known(id.into())
    }
}

/// A rule in the space.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Its object id.
    pub id: Id,
    /// Whether it is one of Elastic's own.
    pub immutable: bool,
    /// What it says; its `enabled` and `version` are known.
    pub content: Content,
}

/// An exception list in the space, without its items.
#[derive(Debug, Clone)]
pub struct List {
    /// Its object id.
    pub id: Id,
    /// Its type, as in `detection`.
    pub ty: Box<str>,
    /// What an overwriting import would change of it; none if that is not known.
    pub content: Option<crate::bundle::Fingerprint>,
}

/// An item of an exception list in the space.
#[derive(Debug, Clone)]
pub struct Item {
    /// What it says; none if that is not known.
    pub content: Option<crate::bundle::Fingerprint>,
    /// The order in which items were read or made.
    order: u64,
}

/// A connector in the space.
#[derive(Debug, Clone, Default)]
pub struct Connector {
    /// The id of the connector that it was once made from, if it has another id than that.
    pub origin: Option<Box<str>>,
    /// Its name, which messages use.
    pub name: Box<str>,
    /// Whether it cannot be used before somebody gives it its secrets.
    pub is_missing_secrets: bool,
}

/// One space as an import sees it.
#[derive(Debug, Clone, Default)]
pub struct Model {
    /// What the server is and has beside the space.
    pub server: Server,
    rules: HashMap<RuleId, Rule>,
    lists: HashMap<ListKey, List>,
    items: HashMap<ListKey, HashMap<ItemId, Item>>,
    connectors: BTreeMap<Id, Connector>,
    /// Ids of connectors in other spaces, which no connector here can have.
    elsewhere: HashSet<ConnectorId>,
    made: u32,
    order: u64,
}

impl Model {
    /// An empty space of this server.
    pub fn new(server: Server) -> Self {
        Self {
            server,
            ..Self::default()
        }
    }

    /// Adds a rule as the server tells of it; of two with one `rule_id` the first counts. Does nothing for what is no rule.
    pub fn add_rule(&mut self, rule: &Record<'_>) {
        let (Some(rule_id), Some(id)) = (rule.str("rule_id"), rule.str("id")) else {
            return;
        };
        let Some(mut content) = Content::of(rule, self.server.target) else {
            return;
        };
        content.enabled.get_or_insert(false);
        content.version.get_or_insert(1);
        let immutable = rule.get("immutable").and_then(Raw::as_bool) == Some(true);
        self.rules
            .entry(RuleId::from(rule_id))
            .or_insert_with(|| Rule {
                id: Id::from(&*id),
                immutable,
                content,
            });
    }

    /// Adds an exception list as the server tells of it.
    pub fn add_list(&mut self, list: &Record<'_>) {
        let (Some(key), Some(id)) = (list.list_key(), list.str("id")) else {
            return;
        };
        let content = content::of_list(list, self.server.target);
        self.lists.entry(key).or_insert_with(|| List {
            id: Id::from(&*id),
            ty: list.str("type").unwrap_or_default().into(),
            content,
        });
    }

    /// Adds an item as the server tells of it.
    pub fn add_item(&mut self, item: &Record<'_>) {
        let (Some(key), Some(id)) = (item.list_key(), item.str("item_id")) else {
            return;
        };
        let content = content::of_item(item, self.server.target);
        self.put_item(&key, &ItemId::from(id), content);
    }

    /// Adds a connector of the space; preconfigured and system ones belong to the [`Server`].
    pub fn add_connector(&mut self, id: &str, connector: Connector) {
        self.connectors.insert(Id::from(id), connector);
    }

    /// Takes down that another space has a connector of this id.
    pub fn add_connector_elsewhere(&mut self, id: &str) {
        self.elsewhere.insert(ConnectorId::from(id));
    }

    /// The rule of this `rule_id`.
    pub fn rule(&self, rule_id: &str) -> Option<&Rule> {
        self.rules.get(rule_id)
    }

    /// The list of this key.
    pub fn list(&self, key: &ListKey) -> Option<&List> {
        self.lists.get(key)
    }

    /// The item of this `item_id` in a list.
    pub fn item(&self, list: &ListKey, item_id: &str) -> Option<&Item> {
        self.items.get(list)?.get(item_id)
    }

    /// How many items a list has.
    pub fn item_count(&self, list: &ListKey) -> usize {
        self.items.get(list).map_or(0, HashMap::len)
    }

    /// The connectors of the space, by id.
    pub fn connectors(&self) -> impl Iterator<Item = (&Id, &Connector)> {
        self.connectors.iter()
    }

    /// What the server answers to an import of these lines, and what becomes of each; the model is then as the space would be.
    ///
    /// Lines come without their line ends. A request that is too large is refused before it is read:
    /// [`Server::refuses_size`] tells.
    pub fn import<'l>(
        &mut self,
        lines: impl IntoIterator<Item = &'l [u8]>,
        overwrite: Overwrite,
    ) -> Predicted {
        let mut ledger = Ledger::default();
        let reply = match self.run(lines, overwrite, &mut ledger) {
            Ok(answer) => Reply::Answered(answer),
            Err(Halt { status, message }) => Reply::Failed { status, message },
        };
        Predicted {
            records: ledger.finish(&reply),
            reply,
        }
    }

    fn run<'l>(
        &mut self,
        lines: impl IntoIterator<Item = &'l [u8]>,
        overwrite: Overwrite,
        ledger: &mut Ledger,
    ) -> Result<Answer, Halt> {
        let file = read::File::read(lines, &self.server, ledger)?;
        let rules_count = file.rules.len() as u64;
        let exceptions = exceptions::import(self, file.lists, file.items, overwrite, ledger);
        let run = rules::Run::new(overwrite, !file.connectors.is_empty(), rules_count);
        let done = run.import(self, file.rules, &file.connectors, ledger)?;
        Ok(done.answer(exceptions))
    }

    /// An id that the server makes.
    fn new_id(&mut self) -> Id {
        self.made += 1;
        Id::New(self.made)
    }

    fn put_item(
        &mut self,
        list: &ListKey,
        item_id: &ItemId,
        content: Option<crate::bundle::Fingerprint>,
    ) {
        self.order += 1;
        let order = self.order;
        let items = self.items.entry(list.clone()).or_default();
        let item = items
            .entry(item_id.clone())
            .or_insert(Item { content, order });
        item.content = content;
    }
}

/// What ends a request as a whole; what was done before stays done.
#[derive(Debug)]
struct Halt {
    status: u16,
    message: Message,
}

impl Halt {
    fn new(status: u16, message: Message) -> Self {
        Self { status, message }
    }
}

#[cfg(test)]
mod tests;
