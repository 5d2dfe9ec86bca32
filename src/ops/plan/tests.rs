//! What is held back, and how a plan is put together.

use super::super::model::Server;
use super::*;

const RULE: &str = r#"{"rule_id":"a","name":"n","description":"d","risk_score":1,"severity":"low","type":"query","exceptions_list":[{"id":"x","list_id":"l","type":"detection","namespace_type":"single"}]}"#;
const PLAIN: &str = r#"{"rule_id":"b","name":"n","description":"d","risk_score":1,"severity":"low","type":"query"}"#;
const LIST: &str = r#"{"list_id":"l","name":"n","description":"d","type":"detection"}"#;
const ITEM: &str = r#"{"item_id":"i","list_id":"l","name":"n","description":"d","type":"simple","entries":[{"field":"f","operator":"included","type":"exists"}]}"#;

fn plan(lines: &[&str], terms: Terms) -> Plan {
    let bundle = lines.join("\n");
    let source = Source::reader("bundle", bundle.as_bytes());
    let reading = Reading::default();
    let mut shelf = Shelf::fill(&reading, vec![source], |_| (), |_, _, _| Ok(())).unwrap();
    let snapshot = Snapshot {
        model: Model::new(Server::default()),
        touched: BTreeMap::new(),
        changes: HashMap::new(),
        gaps: Vec::new(),
    };
    Plan::of(&mut shelf, snapshot, terms).unwrap()
}

fn outcomes(plan: &Plan) -> Vec<(u64, Outcome)> {
    plan.records
        .iter()
        .map(|record| (record.location.line, record.outlook.outcome))
        .collect()
}

#[test]
fn a_rule_whose_list_does_not_come_is_held_back_and_not_sent() {
    let made = plan(&[RULE, PLAIN], Terms::default());
    assert_eq!(
        outcomes(&made),
        [(1, Outcome::HeldBack), (2, Outcome::Created)]
    );
    let body = made.reply.to_json();
    assert_eq!(
        (&body["rules_count"], &body["success"]),
        (&1.into(), &true.into())
    );
    let insisting = Terms {
        allow_missing_exceptions: true,
        ..Terms::default()
    };
    let made = plan(&[RULE, PLAIN], insisting);
    assert_eq!(outcomes(&made)[0], (1, Outcome::Created));
    assert_eq!(made.reply.to_json()["success"], false);
}

#[test]
fn a_rule_whose_item_is_refused_is_held_back() {
    let broken = ITEM.replace("\"simple\"", "\"odd\"");
    let made = plan(&[RULE, LIST, &broken], Terms::default());
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
    let made = plan(&[RULE, LIST, ITEM], Terms::default());
    assert!(outcomes(&made).iter().all(|it| it.1 == Outcome::Created));
    assert_eq!(made.counts()[&Outcome::Created], 3);
    assert!(!made.changes_nothing());
    let text = [RULE, LIST, ITEM].map(|line| line.len() + 1);
    let body = text.iter().sum::<usize>() + envelope(FILE_NAME.len());
    assert_eq!(made.bytes, body as u64);
}

#[test]
fn a_bundle_that_does_not_fit_is_refused() {
    let long = PLAIN.replace("\"d\"", &format!("\"{}\"", "d".repeat(11_000_000)));
    let bundle = long.as_bytes();
    let reading = Reading::default();
    let source = Source::reader("bundle", bundle);
    let mut shelf = Shelf::fill(&reading, vec![source], |_| (), |_, _, _| Ok(())).unwrap();
    let failure = lines(&mut shelf, &Model::default()).unwrap_err();
    assert!(
        failure.to_string().contains("plan it in parts"),
        "{failure}"
    );
}
