//! What does the server answer? The response of an import, and how one compares with what was predicted.

use serde_json::{Value, json};

use super::ledger::Outlook;

/// What a message says, as far as it can be known beforehand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// The server's own words.
    Exact(String),
    /// Words among which these are, the rest not known.
    Holds(Vec<String>),
    /// The server's words are not known; words of this crate that say what is wrong.
    Unknown(String),
}

impl Message {
    /// Whether the server's words are as predicted.
    pub fn fits(&self, words: &str) -> bool {
        match self {
            Self::Exact(text) => text == words,
            Self::Holds(texts) => texts.iter().all(|text| words.contains(&**text)),
            Self::Unknown(_) => true,
        }
    }

    /// What people are told.
    pub fn text(&self) -> String {
        match self {
            Self::Exact(text) | Self::Unknown(text) => text.clone(),
            Self::Holds(texts) => texts.join("; "),
        }
    }

    /// Words of the server; none if they are not known in full.
    pub fn exact(&self) -> Option<&str> {
        match self {
            Self::Exact(text) => Some(text),
            Self::Holds(_) | Self::Unknown(_) => None,
        }
    }
}

/// Stands in ids for one that the server makes, which nobody knows before.
pub(super) const NEW_ID: &str = "(new id)";

/// One entry of an `errors` array.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// `id`: a connector's, or what a rule's line had.
    pub id: Option<Box<str>>,
    /// `rule_id`.
    pub rule_id: Option<Box<str>>,
    /// `list_id`.
    pub list_id: Option<Box<str>>,
    /// `item_id`.
    pub item_id: Option<Box<str>>,
    /// `error.status_code`.
    pub status: u16,
    /// `error.message`.
    pub message: Message,
}

impl Refusal {
    /// An entry about nothing in particular, which the server calls `(unknown id)`.
    pub(super) fn unknown(status: u16, message: Message) -> Self {
        Self {
            rule_id: Some("(unknown id)".into()),
            ..Self::nameless(status, message)
        }
    }

    pub(super) fn nameless(status: u16, message: Message) -> Self {
        Self {
            id: None,
            rule_id: None,
            list_id: None,
            item_id: None,
            status,
            message,
        }
    }

    pub(super) fn of_rule(rule_id: &str, status: u16, message: Message) -> Self {
        Self {
            rule_id: Some(rule_id.into()),
            ..Self::nameless(status, message)
        }
    }

    fn ids(&self) -> [(&'static str, Option<&str>); 4] {
        [
            ("id", self.id.as_deref()),
            ("rule_id", self.rule_id.as_deref()),
            ("list_id", self.list_id.as_deref()),
            ("item_id", self.item_id.as_deref()),
        ]
    }

    fn to_json(&self) -> Value {
        let mut entry = json!({
            "error": {"status_code": self.status, "message": self.message.text()},
        });
        for (key, id) in self.ids() {
            if let Some(id) = id {
                entry[key] = id.into();
            }
        }
        entry
    }

    fn fits(&self, entry: &Value) -> bool {
        let error = &entry["error"];
        self.ids()
            .into_iter()
            .all(|(key, id)| is_alike(id, entry.get(key).and_then(Value::as_str)))
            && error["status_code"] == self.status
            && error["message"]
                .as_str()
                .is_some_and(|words| self.message.fits(words))
    }
}

/// Whether an id is the one predicted, made ones being any.
fn is_alike(predicted: Option<&str>, found: Option<&str>) -> bool {
    let (Some(predicted), Some(mut rest)) = (predicted, found) else {
        return predicted == found;
    };
    if !predicted.contains(NEW_ID) {
        return predicted == rest;
    }
    for (at, part) in predicted.split(NEW_ID).enumerate() {
        let place = rest.find(part).filter(|place| at > 0 || *place == 0);
        let Some(place) = place else { return false };
        rest = &rest[place + part.len()..];
    }
    rest.is_empty() || predicted.ends_with(NEW_ID)
}

/// What the answer says of lists and items.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exceptions {
    /// `exceptions_success`.
    pub success: bool,
    /// `exceptions_success_count`.
    pub success_count: u64,
    /// `exceptions_errors`.
    pub errors: Vec<Refusal>,
}

/// What the answer says of connectors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connectors {
    /// `action_connectors_success`.
    pub success: bool,
    /// `action_connectors_success_count`.
    pub success_count: u64,
    /// `action_connectors_errors`.
    pub errors: Vec<Refusal>,
    /// The messages of `action_connectors_warnings`; their other members are always the same.
    pub warnings: Vec<Message>,
}

/// The answer to a request that did not fail as a whole; its status is 200.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// `success`.
    pub success: bool,
    /// `success_count`.
    pub success_count: u64,
    /// `rules_count`.
    pub rules_count: u64,
    /// `errors`, in the server's order.
    pub errors: Vec<Refusal>,
    /// What it says of lists and items.
    pub exceptions: Exceptions,
    /// What it says of connectors; nothing before 8.7.
    pub connectors: Option<Connectors>,
    /// `unchanged_count`; not there before 9.6.
    pub unchanged_count: Option<u64>,
}

/// What comes back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// Status 200, whatever became of single records.
    Answered(Answer),
    /// The request fails as a whole.
    Failed {
        /// The status of the answer.
        status: u16,
        /// Its message.
        message: Message,
    },
}

/// What one request leads to.
#[derive(Debug, Clone)]
pub struct Predicted {
    /// What comes back.
    pub reply: Reply,
    /// What becomes of each line that is a record, in input order.
    pub records: Vec<Outlook>,
}

const BUTTON: [(&str, &str); 3] = [
    ("type", "action_required"),
    (
        "actionPath",
        "/app/management/insightsAndAlerting/triggersActionsConnectors",
    ),
    ("buttonLabel", "Go to connectors"),
];

fn warning(message: &Message) -> Value {
    let mut warning = json!({"message": message.text()});
    for (key, text) in BUTTON {
        warning[key] = text.into();
    }
    warning
}

impl Reply {
    /// The status of the answer.
    pub fn status(&self) -> u16 {
        match self {
            Self::Answered(_) => 200,
            Self::Failed { status, .. } => *status,
        }
    }

    /// The answer as the server would write it, with words of this crate where its own are not known.
    pub fn to_json(&self) -> Value {
        match self {
            Self::Answered(answer) => answer.to_json(),
            Self::Failed { status, message } => {
                json!({"message": message.text(), "status_code": status})
            }
        }
    }

    /// In which members an answer is not as predicted; empty if in none.
    pub fn differences(&self, status: u16, body: &Value) -> Vec<String> {
        if status != self.status() {
            return vec![format!(
                "status: {} predicted, found {status}",
                self.status()
            )];
        }
        match self {
            Self::Failed { message, .. } => {
                let words = body["message"].as_str().unwrap_or_default();
                let fits = message.fits(words);
                let told = format!("message: {} predicted, found {words}", message.text());
                Some(told).filter(|_| !fits).into_iter().collect()
            }
            Self::Answered(answer) => answer.differences(body),
        }
    }
}

impl Answer {
    fn to_json(&self) -> Value {
        let refusals =
            |refusals: &[Refusal]| -> Value { refusals.iter().map(Refusal::to_json).collect() };
        let mut body = json!({
            "success": self.success,
            "success_count": self.success_count,
            "rules_count": self.rules_count,
            "errors": refusals(&self.errors),
            "exceptions_success": self.exceptions.success,
            "exceptions_success_count": self.exceptions.success_count,
            "exceptions_errors": refusals(&self.exceptions.errors),
        });
        if let Some(connectors) = &self.connectors {
            body["action_connectors_success"] = connectors.success.into();
            body["action_connectors_success_count"] = connectors.success_count.into();
            body["action_connectors_errors"] = refusals(&connectors.errors);
            body["action_connectors_warnings"] = connectors.warnings.iter().map(warning).collect();
        }
        if let Some(count) = self.unchanged_count {
            body["unchanged_count"] = count.into();
        }
        body
    }

    fn differences(&self, body: &Value) -> Vec<String> {
        let mut found = Vec::new();
        let predicted = self.to_json();
        let keys = |value: &Value| -> Vec<String> {
            value
                .as_object()
                .map(|members| members.keys().cloned().collect())
                .unwrap_or_default()
        };
        let mut all = keys(&predicted);
        all.extend(keys(body));
        all.sort();
        all.dedup();
        for key in all {
            let (ours, theirs) = (predicted.get(&key), body.get(&key));
            let errors = match (key.as_str(), &self.connectors) {
                ("errors", _) => Some(&self.errors),
                ("exceptions_errors", _) => Some(&self.exceptions.errors),
                ("action_connectors_errors", Some(ours)) => Some(&ours.errors),
                _ => None,
            };
            if let Some(errors) = errors {
                found.extend(misfit(&key, errors, theirs));
                continue;
            }
            let fits = match (key.as_str(), &self.connectors) {
                ("action_connectors_warnings", Some(ours)) => warn_alike(&ours.warnings, theirs),
                _ => ours == theirs,
            };
            if !fits {
                let (ours, theirs) = (shown(ours), shown(theirs));
                found.push(format!("{key}: {ours} predicted, found {theirs}"));
            }
        }
        found
    }
}

fn entries(found: Option<&Value>) -> &[Value] {
    found
        .and_then(Value::as_array)
        .map_or(&[][..], Vec::as_slice)
}

/// The first entry that is not as predicted, both sides shown.
fn misfit(key: &str, predicted: &[Refusal], found: Option<&Value>) -> Option<String> {
    let found = entries(found);
    let place = (0..predicted.len().max(found.len())).find(|&at| {
        let pair = predicted.get(at).zip(found.get(at));
        !pair.is_some_and(|(refusal, entry)| refusal.fits(entry))
    })?;
    let ours = predicted.get(place).map(Refusal::to_json);
    let (ours, theirs) = (shown(ours.as_ref()), shown(found.get(place)));
    Some(format!("{key}.{place}: {ours} predicted, found {theirs}"))
}

fn shown(value: Option<&Value>) -> String {
    value.map_or("nothing".into(), Value::to_string)
}

fn warn_alike(predicted: &[Message], found: Option<&Value>) -> bool {
    let found = entries(found);
    let alike = |(message, warning): (&Message, &Value)| {
        let words = warning["message"].as_str();
        words.is_some_and(|words| message.fits(words))
            && BUTTON.iter().all(|(key, text)| warning[*key] == *text)
    };
    predicted.len() == found.len() && predicted.iter().zip(found).all(alike)
}
