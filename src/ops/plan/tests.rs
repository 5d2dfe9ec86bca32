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
    let body = made.requests[0].reply.to_json();
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
    assert_eq!(made.requests[0].reply.to_json()["success"], false);
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
    assert_eq!(made.requests[0].bytes, body as u64);
}

fn cut(bundle: &str) -> Result<(Shelf, Vec<Slice>)> {
    let reading = Reading::default();
    let source = Source::reader("bundle", bundle.as_bytes());
    let (mut facts, mut counts) = (Vec::new(), Counts::default());
    let work = |record: &Record<'_>| (record.kind(), Facts::of(record, None));
    let shelf = Shelf::fill(&reading, vec![source], work, |_, _, found| {
        let (kind, about) = found?;
        counts[kind] += 1;
        facts.push(about);
        Ok(())
    })?;
    let parts = parts(&shelf, &Model::default(), counts, facts)?;
    Ok((shelf, parts))
}

fn long(rule: &str, bytes: usize) -> String {
    rule.replace("\"d\"", &format!("\"{}\"", "d".repeat(bytes)))
}

#[test]
fn what_is_too_much_for_a_request_goes_in_parts() {
    let bundle = [
        &long(PLAIN, 6_000_000),
        &long(RULE, 6_000_000),
        LIST,
        ITEM,
        r#"{"exported_count":4}"#,
    ]
    .join("\n");
    let (mut shelf, parts) = cut(&bundle).unwrap();
    let snapshot = Snapshot {
        model: Model::new(Server::default()),
        touched: BTreeMap::new(),
        changes: HashMap::new(),
        gaps: Vec::new(),
    };
    let made = Plan::of_parts(&mut shelf, snapshot, &parts, Terms::default()).unwrap();
    assert_eq!(made.requests.len(), 2);
    let of: Vec<_> = made
        .records
        .iter()
        .map(|record| {
            (
                record.location.line,
                record.outlook.outcome,
                record.part.is_some(),
            )
        })
        .collect();
    let created = |line| (line, Outcome::Created, true);
    assert_eq!(of, [1, 2, 3, 4].map(created));
    let part = |line: usize| made.records[line].part.unwrap();
    assert!(
        part(2) <= part(1) && part(2) == part(3),
        "the list comes with its item, no later than its rule"
    );
    for sent in &made.requests {
        assert!(sent.bytes <= 10_485_760, "{}", sent.bytes);
        assert_eq!(sent.reply.to_json()["success"], true);
    }
}

#[test]
fn what_fits_no_request_is_named() {
    let error = cut(&format!("{PLAIN}\n{}", long(RULE, 11_000_000)))
        .map(|_| ())
        .unwrap_err();
    assert!(error.to_string().contains("more than the"), "{error}");
    assert_eq!(error.location().unwrap().line, 2);
}
