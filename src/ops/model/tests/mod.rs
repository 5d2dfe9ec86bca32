//! The model against the contract, case by case; each test names the section that it is of.

mod connectors;
mod exceptions;
mod lines;
mod older;
mod rules;

use super::{
    Answer, Connector, Message, Model, Outcome, Overwrite, Predicted, Refusal, Reply, Server,
};
use crate::record::Record;
use crate::schema::Target;

/// Nothing may be replaced.
const KEEP: Overwrite = Overwrite {
    rules: false,
    exceptions: false,
    connectors: false,
};
/// Everything may.
const REPLACE: Overwrite = Overwrite {
    rules: true,
    exceptions: true,
    connectors: true,
};

const LIST: &str = r#"{"list_id":"l","id":"L","name":"n","description":"d","type":"detection"}"#;
const ITEM: &str = r#"{"item_id":"i","list_id":"l","name":"n","description":"d","type":"simple","entries":[{"field":"f","operator":"included","type":"exists"}]}"#;
const CONNECTOR: &str =
    r#"{"id":"c","type":"action","attributes":{"name":"Mail","actionTypeId":".email"}}"#;
/// A connector as a file has it: without secrets.
const SECRETLESS: &str = r#"{"id":"c","type":"action","attributes":{"name":"Chat","actionTypeId":".slack","isMissingSecrets":true}}"#;

/// A model of a space of this version that holds these records.
fn space(version: &str, stored: &[&str]) -> Model {
    let target: Target = version.parse().unwrap();
    let mut model = Model::new(Server::new(target));
    for line in stored {
        let record = Record::parse(line, 0).unwrap();
        model.add_rule(&record);
        if record.has("item_id") {
            model.add_item(&record);
        } else if record.has("list_id") {
            model.add_list(&record);
        }
    }
    model
}

/// A rule line with these members beside those that every rule needs.
fn rule(rule_id: &str, more: &str) -> String {
    let comma = if more.is_empty() { "" } else { "," };
    format!(
        r#"{{"rule_id":"{rule_id}","name":"n","description":"d","risk_score":1,"severity":"low","type":"query"{comma}{more}}}"#
    )
}

/// The rule as the server has it.
fn stored(rule_id: &str, more: &str) -> String {
    let comma = if more.is_empty() { "" } else { "," };
    rule(
        rule_id,
        &format!(
            r#""id":"object-{rule_id}","enabled":false,"version":1,"immutable":false{comma}{more}"#
        ),
    )
}

fn action(connector: &str) -> String {
    format!(
        r#""actions":[{{"id":"{connector}","group":"default","action_type_id":".email","params":{{}},"uuid":"u"}}]"#
    )
}

fn connector(origin: Option<&str>, name: &str, is_missing_secrets: bool) -> Connector {
    Connector {
        origin: origin.map(Into::into),
        name: name.into(),
        is_missing_secrets,
    }
}

/// What an import of these lines leads to.
fn import(model: &mut Model, overwrite: Overwrite, lines: &[&str]) -> Predicted {
    model.import(lines.iter().map(|line| line.as_bytes()), overwrite)
}

fn answer(predicted: &Predicted) -> &Answer {
    match &predicted.reply {
        Reply::Answered(answer) => answer,
        Reply::Failed { .. } => panic!("{:?}", predicted.reply),
    }
}

/// An import that is answered.
fn answered(model: &mut Model, overwrite: Overwrite, lines: &[&str]) -> Answer {
    answer(&import(model, overwrite, lines)).clone()
}

/// Refusals as `status id: message`.
fn told(refusals: &[Refusal]) -> Vec<String> {
    refusals.iter().map(one).collect()
}

fn one(refusal: &Refusal) -> String {
    let ids = [
        &refusal.id,
        &refusal.rule_id,
        &refusal.list_id,
        &refusal.item_id,
    ];
    let ids: Vec<&str> = ids.into_iter().flatten().map(|id| &**id).collect();
    let sign = match refusal.message {
        Message::Exact(_) => ':',
        Message::Holds(_) => '~',
        Message::Unknown(_) => return format!("{} {}?", refusal.status, ids.join(" ")),
    };
    let text = refusal.message.text();
    format!("{} {}{sign} {text}", refusal.status, ids.join(" "))
}

fn outcomes(predicted: &Predicted) -> Vec<(usize, Outcome)> {
    predicted
        .records
        .iter()
        .map(|record| (record.line, record.outcome))
        .collect()
}

/// The status of a request that fails as a whole, and its message.
fn failure(model: &mut Model, lines: &[&str]) -> (u16, String) {
    match import(model, KEEP, lines).reply {
        Reply::Failed { status, message } => (status, message.text()),
        Reply::Answered(answer) => panic!("{answer:?}"),
    }
}
