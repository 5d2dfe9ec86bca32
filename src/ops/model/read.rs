//! What is each line to the import? Lines sorted as the server sorts them, and checked (import-export.md §1.1).

use std::borrow::Cow;

use super::answer::Message;
use super::content::{self, Content};
use super::ledger::{Ledger, Place};
use super::server::Server;
use super::{Halt, actions};
use crate::bundle::Fingerprint;
use crate::check::{self, Level, Options, Problem};
use crate::json::{Raw, ValueKind};
use crate::record::{ItemId, Kind, ListKey, Record};

/// A line that the import refuses as it stands.
#[derive(Debug)]
pub(super) struct Unfit {
    pub(super) place: Place,
    pub(super) message: Message,
}

/// A line of a kind, or why it is none.
pub(super) type Slot<T> = Result<T, Unfit>;

/// A rule that passed the check.
#[derive(Debug)]
pub(super) struct RuleLine {
    pub(super) place: Place,
    pub(super) rule_id: Box<str>,
    /// The line's own `id`, which the server only ever repeats.
    pub(super) id: Option<Box<str>>,
    pub(super) is_marked_prebuilt: bool,
    pub(super) needs_machine_learning: bool,
    pub(super) content: Content,
    /// Whether the line says anything of exception lists, be it none.
    pub(super) has_references: bool,
    /// What the line has that passes, and that fails when the rule is made.
    pub(super) faults: Vec<actions::Fault>,
}

/// An exception list that passed the check.
#[derive(Debug)]
pub(super) struct ListLine {
    pub(super) place: Place,
    pub(super) key: ListKey,
    pub(super) ty: Box<str>,
    pub(super) content: Option<Fingerprint>,
}

/// An item that passed the check.
#[derive(Debug)]
pub(super) struct ItemLine {
    pub(super) place: Place,
    pub(super) id: ItemId,
    pub(super) list: ListKey,
    pub(super) content: Option<Fingerprint>,
    pub(super) has_comments: bool,
}

/// A connector, or another saved object, which nobody checks before it is imported.
#[derive(Debug)]
pub(super) struct ConnectorLine {
    pub(super) place: Place,
    pub(super) id: Option<Box<str>>,
    pub(super) ty: Option<Box<str>>,
    pub(super) origin: Option<Box<str>>,
    pub(super) name: Box<str>,
    pub(super) is_missing_secrets: bool,
    /// The version of Kibana that wrote the line, where it says so.
    pub(super) core: Option<(u64, u64, u64)>,
    /// Objects it refers to that the import looks for: their type and id.
    pub(super) wanted: Vec<(Box<str>, Box<str>)>,
}

/// The lines of a request, sorted.
#[derive(Debug, Default)]
pub(super) struct File {
    pub(super) rules: Vec<Slot<RuleLine>>,
    pub(super) lists: Vec<Slot<ListLine>>,
    pub(super) items: Vec<Slot<ItemLine>>,
    pub(super) connectors: Vec<ConnectorLine>,
}

impl File {
    /// Sorts and checks lines; fails where one of them, or their number, fails the whole request.
    pub(super) fn read<'l>(
        lines: impl IntoIterator<Item = &'l [u8]>,
        server: &Server,
        ledger: &mut Ledger,
    ) -> Result<Self, Halt> {
        let mut file = Self::default();
        let mut halt = None;
        let mut lines = lines
            .into_iter()
            .map(String::from_utf8_lossy)
            .enumerate()
            .filter(|(_, text)| !is_blank(text))
            .peekable();
        while let Some((index, text)) = lines.next() {
            let is_last = lines.peek().is_none();
            // The rest is read all the same: each line is to be named in the report.
            if let Err(found) = file.line(index, &text, is_last, server, ledger) {
                halt.get_or_insert(found);
            }
        }
        if let Some(halt) = halt {
            return Err(halt);
        }
        server.too_many(file.rules.len(), "rules")?;
        server.too_many(file.lists.len() + file.items.len(), "exceptions")?;
        file.artifacts(server)?;
        Ok(file)
    }

    fn line(
        &mut self,
        index: usize,
        text: &str,
        is_last: bool,
        server: &Server,
        ledger: &mut Ledger,
    ) -> Result<(), Halt> {
        let mut unfit = |rules: &mut Vec<Slot<RuleLine>>, words: String| {
            let place = ledger.open(index, Kind::Other, None);
            let message = Message::Unknown(words);
            rules.push(Err(Unfit { place, message }));
        };
        let value = match Raw::parse(text) {
            Ok(value) => value,
            Err(error) => {
                unfit(
                    &mut self.rules,
                    format!("the line is not JSON: {}", error.problem),
                );
                return Ok(());
            }
        };
        match value.kind() {
            ValueKind::Null if is_last => return Ok(()),
            ValueKind::Null => {
                ledger.open(index, Kind::Other, None);
                let text = "stream.push() after EOF".into();
                return Err(Halt::new(500, Message::Exact(text)));
            }
            ValueKind::Array => {
                let words = "the line is an array, and a record must be an object";
                unfit(&mut self.rules, words.into());
                return Ok(());
            }
            ValueKind::Boolean | ValueKind::Number | ValueKind::String => {
                ledger.open(index, Kind::Other, None);
                let words = vec!["Cannot use 'in' operator to search for".into()];
                return Err(Halt::new(500, Message::Holds(words)));
            }
            ValueKind::Object => {}
        }
        let Ok(record) = Record::parse(text, index as u64) else {
            unfit(&mut self.rules, "the line cannot be read".into());
            return Ok(());
        };
        self.record(index, &record, server, ledger)
    }

    fn record(
        &mut self,
        index: usize,
        record: &Record<'_>,
        server: &Server,
        ledger: &mut Ledger,
    ) -> Result<(), Halt> {
        let kind = record.kind();
        if record.has("exported_count") {
            return Ok(());
        }
        let place = ledger.open(index, kind, record.id().map(Cow::into));
        if kind == Kind::Connector && server.takes_connectors() {
            self.connectors.push(connector(place, record, server));
            return Ok(());
        }
        let target = server.target;
        let problems = check::problems(record, Options { target });
        if problems.iter().any(|it| it.code == "comments-break-import") {
            let words = "the comments of an item are text, or one of them is null";
            return Err(Halt::new(500, Message::Unknown(words.into())));
        }
        let refused = refusal(&problems, kind);
        let fit = |message: Option<Message>| match message {
            Some(message) => Err(Unfit { place, message }),
            None => Ok(()),
        };
        match kind {
            Kind::ExceptionList => self.lists.push(fit(refused).map(|()| ListLine {
                place,
                key: record.list_key().unwrap_or_else(no_list),
                ty: text(record, "type"),
                content: content::of_list(record, target),
            })),
            Kind::ExceptionItem => self.items.push(fit(refused).map(|()| ItemLine {
                place,
                id: ItemId::from(record.str("item_id").unwrap_or_default()),
                list: record.list_key().unwrap_or_else(no_list),
                content: content::of_item(record, target),
                has_comments: content::comments(record).next().is_some(),
            })),
            Kind::Rule | Kind::Connector | Kind::Details | Kind::Other => {
                let line = fit(refused).and_then(|()| {
                    let content = Content::of(record, target).ok_or_else(|| Unfit {
                        place,
                        message: Message::Unknown("the rule's type is not known".into()),
                    })?;
                    Ok(rule(place, record, content, &problems))
                });
                self.rules.push(line);
            }
        }
        Ok(())
    }

    /// Fails where the file has lists of endpoint artifacts, which the import of rules never takes (import-export.md §5.6).
    fn artifacts(&self, server: &Server) -> Result<(), Halt> {
        let lists = self.lists.iter().flatten().map(|list| &list.key.id);
        let items = self.items.iter().flatten().map(|item| &item.list.id);
        if !lists.chain(items).any(|id| is_artifact(id.as_str())) {
            return Ok(());
        }
        let text = "Import is not supported for Endpoint artifact exceptions".to_owned();
        let message = if server.target < crate::schema::Target::IMPORTS_ARTIFACTS {
            Message::Holds(vec![text])
        } else {
            Message::Unknown(
                "lists of endpoint artifacts go through the import of exceptions".into(),
            )
        };
        Err(Halt::new(400, message))
    }
}

/// Whether a list of this `list_id` is one of endpoint artifacts, which no import of rules takes (import-export.md §5.6).
pub fn is_artifact(list_id: &str) -> bool {
    ARTIFACTS.contains(&list_id)
}

/// The lists of endpoint artifacts, by `list_id`.
const ARTIFACTS: [&str; 5] = [
    "endpoint_trusted_apps",
    "endpoint_trusted_devices",
    "endpoint_event_filters",
    "endpoint_host_isolation_exceptions",
    "endpoint_blocklists",
];

/// Whether the server skips the line as blank: all of it is white space to JavaScript's `trim`.
fn is_blank(text: &str) -> bool {
    text.chars()
        .all(|c| c != '\u{85}' && (c.is_whitespace() || c == '\u{feff}'))
}

fn no_list() -> ListKey {
    ListKey {
        id: "".into(),
        namespace: crate::record::Namespace::Single,
    }
}

fn text(record: &Record<'_>, key: &str) -> Box<str> {
    record.str(key).unwrap_or_default().into()
}

/// What of a rule is checked after its schema.
const AFTER_SCHEMA: [&str; 4] = [
    "timeline-pair",
    "timeline-empty",
    "cardinality-field",
    "threshold-fields",
];

/// What the server says of a line that it refuses; none if it takes it.
///
/// Its words are known where one thing is wrong, or where all that is wrong is found after the schema.
fn refusal(problems: &[Problem], kind: Kind) -> Option<Message> {
    let errors: Vec<&Problem> = problems
        .iter()
        // That is the rule's own error, told when it is made.
        .filter(|it| it.level == Level::Error && it.code != "prebuilt-not-importable")
        .collect();
    let (after, schema): (Vec<&Problem>, Vec<&Problem>) = errors
        .iter()
        .partition(|it| AFTER_SCHEMA.contains(&it.code));
    let own: Vec<&str> = errors.iter().map(|it| &*it.message).collect();
    let words = match (schema.as_slice(), after.as_slice()) {
        ([], []) => return None,
        ([one], _) => one.kibana.clone(),
        ([], after) => after
            .iter()
            .map(|it| it.kibana.as_deref())
            .collect::<Option<Vec<&str>>>()
            .map(|texts| texts.join(",")),
        _ => None,
    };
    let prefix = match kind {
        Kind::ExceptionList => "Error found importing exception list: ",
        Kind::ExceptionItem => "Error found importing exception list item: ",
        Kind::Rule | Kind::Connector | Kind::Details | Kind::Other => {
            return Some(match words {
                Some(words) => Message::Exact(words),
                None => Message::Unknown(own.join("; ")),
            });
        }
    };
    Some(match words {
        Some(words) => Message::Exact(format!("{prefix}{words}")),
        None => Message::Holds(vec![prefix.into()]),
    })
}

fn rule(place: Place, record: &Record<'_>, content: Content, problems: &[Problem]) -> RuleLine {
    RuleLine {
        place,
        rule_id: text(record, "rule_id"),
        id: record.str("id").map(Cow::into),
        is_marked_prebuilt: record.get("immutable").and_then(Raw::as_bool) == Some(true),
        needs_machine_learning: record.str("type").as_deref() == Some("machine_learning"),
        content,
        has_references: record.has("exceptions_list"),
        faults: actions::faults(problems),
    }
}

fn connector(place: Place, record: &Record<'_>, server: &Server) -> ConnectorLine {
    let attributes = record.get("attributes");
    let attribute = |key: &str| attributes.and_then(|it| it.get(key));
    let origin = record
        .str("originId")
        .filter(|_| !server.target.strips_origin_id());
    let references = record.get("references").into_iter().flat_map(Raw::elements);
    let wanted = references.filter_map(|reference| {
        let ty = reference.get("type")?.as_str()?;
        let id = reference.get("id")?.as_str()?;
        matches!(&*ty, "index-pattern" | "search").then(|| (ty.into(), id.into()))
    });
    ConnectorLine {
        place,
        id: record.str("id").map(Cow::into),
        ty: record.str("type").map(Cow::into),
        origin: origin.map(Cow::into),
        name: attribute("name")
            .and_then(Raw::as_str)
            .unwrap_or_default()
            .into(),
        is_missing_secrets: attribute("isMissingSecrets").and_then(Raw::as_bool) == Some(true),
        core: record
            .str("coreMigrationVersion")
            .and_then(|it| version(&it)),
        wanted: wanted.collect(),
    }
}

fn version(text: &str) -> Option<(u64, u64, u64)> {
    let mut numbers = text.split(['.', '-', '+']).map(str::parse);
    let mut next = || numbers.next().and_then(Result::ok);
    Some((next()?, next()?, next()?))
}
