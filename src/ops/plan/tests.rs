//! What is held back, and how a plan is put together.

use super::super::import::Inventory;
use super::super::model::Server;
use super::*;
use crate::pipeline::Reading;
use crate::stream::Source;

const RULE: &str = r#"{"rule_id":"a","name":"n","description":"d","risk_score":1,"severity":"low","type":"query","exceptions_list":[{"id":"x","list_id":"l","type":"detection","namespace_type":"single"}]}"#;
const PLAIN: &str = r#"{"rule_id":"b","name":"n","description":"d","risk_score":1,"severity":"low","type":"query"}"#;
const LIST: &str = r#"{"list_id":"l","name":"n","description":"d","type":"detection"}"#;
const ITEM: &str = r#"{"item_id":"i","list_id":"l","name":"n","description":"d","type":"simple","entries":[{"field":"f","operator":"included","type":"exists"}]}"#;

fn plan(lines: &[&str], terms: Terms) -> (Inventory, Plan) {
    let text = lines.join("\n");
    let source = Source::reader("bundle", text.as_bytes());
    let server = Server::default();
    let bundle = Inventory::read(&Reading::default(), vec![source], server.target).unwrap();
    let view = View::empty(&bundle);
    let plan = Plan::of(&bundle, view, Snapshot::empty(server), terms).unwrap();
    (bundle, plan)
}

fn outcomes(plan: &Plan) -> Vec<(usize, Outcome)> {
    let records = plan.records.iter();
    records
        .map(|record| (record.outlook.line + 1, record.outlook.outcome))
        .collect()
}

#[test]
fn a_rule_whose_list_does_not_come_is_held_back_and_not_sent() {
    let (_, made) = plan(&[RULE, PLAIN], Terms::default());
    assert_eq!(
        outcomes(&made),
        [(1, Outcome::HeldBack), (2, Outcome::Created)]
    );
    let body = made.requests[0].reply.to_json();
    assert_eq!(
        (&body["rules_count"], &body["success"]),
        (&1.into(), &true.into())
    );
    let insisting = Terms {
        allow_missing_exceptions: true,
        ..Terms::default()
    };
    let (_, made) = plan(&[RULE, PLAIN], insisting);
    assert_eq!(outcomes(&made)[0], (1, Outcome::Created));
    assert_eq!(made.requests[0].reply.to_json()["success"], false);
}

#[test]
fn a_rule_whose_item_is_refused_is_held_back() {
    let broken = ITEM.replace("\"simple\"", "\"odd\"");
    let (_, made) = plan(&[RULE, LIST, &broken], Terms::default());
    assert_eq!(
        outcomes(&made),
        [
            (1, Outcome::HeldBack),
            (2, Outcome::Created),
            (3, Outcome::Refused)
        ]
    );
}

#[test]
fn a_rule_whose_list_comes_goes() {
    let (_, made) = plan(&[RULE, LIST, ITEM], Terms::default());
    assert!(outcomes(&made).iter().all(|it| it.1 == Outcome::Created));
    assert_eq!(made.counts()[&Outcome::Created], 3);
    assert!(!made.changes_nothing());
    let bytes = |lines: &[&str]| {
        let text: usize = lines.iter().map(|line| line.len() + 1).sum();
        (text + envelope(FILE_NAME.len())) as u64
    };
    assert_eq!(
        [made.requests[0].bytes, made.requests[1].bytes],
        [bytes(&[LIST, ITEM]), bytes(&[RULE])]
    );
}

fn long(rule: &str, bytes: usize) -> String {
    rule.replace("\"d\"", &format!("\"{}\"", "d".repeat(bytes)))
}

#[test]
fn what_is_too_much_for_a_request_goes_in_parts() {
    let lines = [
        &*long(PLAIN, 6_000_000),
        &long(RULE, 6_000_000),
        LIST,
        ITEM,
        r#"{"exported_count":4}"#,
    ];
    let (_, made) = plan(&lines, Terms::default());
    assert_eq!(made.requests.len(), 3);
    let of: Vec<_> = made
        .records
        .iter()
        .map(|record| (record.outlook.outcome, record.part.unwrap()))
        .collect();
    let created = |part| (Outcome::Created, part);
    assert_eq!(
        of,
        [2, 3, 1, 1].map(created),
        "the list comes before its rule"
    );
    for sent in &made.requests {
        assert!(sent.bytes <= 10_485_760, "{}", sent.bytes);
        assert_eq!(sent.reply.to_json()["success"], true);
    }
}

#[test]
fn what_fits_no_request_is_named_and_not_sent() {
    let (bundle, made) = plan(&[PLAIN, &long(RULE, 11_000_000)], Terms::default());
    assert_eq!(
        outcomes(&made),
        [(1, Outcome::Created), (2, Outcome::Refused)]
    );
    let message = made.records[1].outlook.message.as_ref().unwrap().text();
    assert!(
        message.contains("more than a request may hold"),
        "{message}"
    );
    assert_eq!((made.requests.len(), bundle.len()), (1, 2));
}
