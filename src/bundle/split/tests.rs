use super::*;
use crate::record::{Namespace, Record};

/// Limits that nothing small breaks.
const WIDE: Limits = Limits {
    bytes: 1 << 20,
    rules: 100,
    exceptions: 100,
    connectors: 100,
};

fn plan(lines: &[String], limits: Limits, by: Option<By>) -> Plan {
    let mut planner = Planner::new(limits, by);
    for line in lines {
        let facts = match Record::parse(line, 0) {
            Ok(record) => Facts::of(&record, by),
            Err(_) => Facts::unreadable(),
        };
        planner.add(line.len(), facts).unwrap();
    }
    planner.plan()
}

fn parts(plan: &Plan) -> Vec<Vec<usize>> {
    plan.parts.iter().map(|part| part.records.clone()).collect()
}

/// A rule with these lists and connectors.
fn rule(id: &str, lists: &[&str], connectors: &[&str]) -> String {
    let lists: Vec<String> = lists
        .iter()
        .map(|list| format!(r#"{{"list_id":"{list}"}}"#))
        .collect();
    let actions: Vec<String> = connectors
        .iter()
        .map(|connector| format!(r#"{{"id":"{connector}"}}"#))
        .collect();
    format!(
        r#"{{"rule_id":"{id}","exceptions_list":[{}],"actions":[{}]}}"#,
        lists.join(","),
        actions.join(",")
    )
}

fn list(id: &str) -> String {
    format!(r#"{{"list_id":"{id}"}}"#)
}

fn item(list: &str, id: &str) -> String {
    format!(r#"{{"list_id":"{list}","item_id":"{id}"}}"#)
}

fn connector(id: &str) -> String {
    format!(r#"{{"id":"{id}","type":"action","attributes":{{"isMissingSecrets":true}}}}"#)
}

fn rules(most: u64) -> Limits {
    Limits {
        rules: most,
        ..WIDE
    }
}

#[test]
fn a_bundle_that_fits_is_one_part_in_its_order() {
    let lines = [
        list("l"),
        rule("a", &["l"], &["c"]),
        r#"{"exported_count":7}"#.into(),
        connector("c"),
        "nonsense".into(),
        r#"{"x":1}"#.into(),
        item("l", "i"),
    ];
    let plan = plan(&lines, WIDE, None);
    assert_eq!(parts(&plan), [[0, 1, 3, 4, 5, 6]]);
    let part = &plan.parts[0];
    let lengths: usize = part
        .records
        .iter()
        .map(|&index| lines[index].len() + 1)
        .sum();
    assert_eq!(part.bytes, (lengths + part.details().len() + 1) as u64);
    assert!(
        part.details()
            .starts_with(r#"{"exported_count":4,"exported_rules_count":1,"#)
    );
    assert_eq!((part.unreadable, part.needs.len()), (1, 0));
    assert_eq!(plan.file_name(0), "part-001.ndjson");
}

#[test]
fn nothing_makes_no_part() {
    assert!(plan(&[], WIDE, None).parts.is_empty());
    let details = [r#"{"exported_count":0}"#.to_owned()];
    assert!(plan(&details, WIDE, None).parts.is_empty());
}

#[test]
fn a_list_goes_with_the_first_rule_that_needs_it() {
    let lines = [
        rule("a", &[], &[]),
        rule("b", &["shared", "absent"], &[]),
        rule("c", &["shared"], &[]),
        list("shared"),
        item("shared", "i"),
        list("orphan"),
    ];
    let plan = plan(&lines, rules(1), None);
    assert_eq!(parts(&plan), [vec![0], vec![1, 3, 4], vec![2, 5]]);
    let need = Need {
        what: Needed::List(ListKey {
            id: "shared".into(),
            namespace: Namespace::Single,
        }),
        from: Origin::Part(1),
    };
    assert_eq!(plan.parts[2].needs, [need]);
    assert!(plan.parts[1].needs.is_empty());
}

#[test]
fn namespaces_tell_lists_apart_and_equal_items_join_them() {
    let agnostic = |line: String| line.replacen('{', r#"{"namespace_type":"agnostic","#, 1);
    let tight = Limits {
        exceptions: 2,
        ..WIDE
    };
    let mut lines = vec![
        list("l"),
        item("l", "i"),
        agnostic(list("l")),
        agnostic(item("l", "k")),
    ];
    assert_eq!(parts(&plan(&lines, tight, None)), [[0, 1], [2, 3]]);
    lines[3] = agnostic(item("l", "i"));
    let joined = plan(&lines, tight, None);
    assert_eq!(joined.unfit[0].records, [0, 1, 2, 3]);
    assert_eq!((joined.unfit[0].found, joined.unfit[0].most), (4, 2));
}

#[test]
fn records_of_one_id_stay_together_in_order() {
    let lines = ["a", "b", "a"].map(|id| rule(id, &[], &[]));
    assert_eq!(parts(&plan(&lines, rules(2), None)), [vec![0, 2], vec![1]]);
    let twice = [connector("c"), rule("a", &[], &["c"]), connector("c")];
    let twice = plan(&twice, WIDE, None);
    assert_eq!(twice.parts[0].doubled, [ConnectorId::from("c")]);
}

#[test]
fn what_fits_no_part_is_data() {
    let lines = [
        rule("a", &["big"], &[]),
        list("big"),
        item("big", "i"),
        item("big", "k"),
        rule(&"x".repeat(900), &["other"], &[]),
        list("other"),
    ];
    let limits = Limits {
        bytes: 900,
        exceptions: 2,
        ..WIDE
    };
    let plan = plan(&lines, limits, None);
    assert_eq!(parts(&plan), [[0, 5]]);
    let unfit = |records: &[usize], limit, found, most| Unfit {
        records: records.to_vec(),
        limit,
        found,
        most,
    };
    let details = plan.parts[0].details().len() as u64;
    let long = lines[4].len() as u64 + 1 + details + 1;
    assert_eq!(
        plan.unfit,
        [
            unfit(&[1, 2, 3], Limit::Exceptions, 3, 2),
            unfit(&[4], Limit::Bytes, long, 900)
        ]
    );
    assert_eq!(plan.parts[0].needs[0].from, Origin::Unfit(0));
}

#[test]
fn what_a_rule_needs_goes_before_it_where_all_is_too_much() {
    let limits = Limits {
        exceptions: 1,
        ..WIDE
    };
    let lines = [rule("a", &["l", "k"], &[]), list("k"), list("l")];
    assert_eq!(parts(&plan(&lines, limits, None)), [vec![2], vec![0, 1]]);
}

#[test]
fn rules_that_share_connectors_share_a_part_if_one_holds_them() {
    let lines = [
        rule("a", &[], &["c"]),
        rule("b", &[], &[]),
        rule("c", &[], &["c", "d"]),
        rule("d", &[], &[]),
        rule("e", &[], &["d"]),
        connector("c"),
        connector("d"),
    ];
    assert_eq!(
        parts(&plan(&lines, rules(3), None)),
        [vec![0, 2, 4, 5, 6], vec![1, 3]]
    );
}

#[test]
fn each_part_gets_a_connector_as_long_as_there_are_any() {
    let mut lines: Vec<String> = (0..8)
        .map(|at| rule(&format!("r{at}"), &[], &["all"]))
        .collect();
    lines.push(rule("rare", &[], &["all", "rare"]));
    lines.push(rule("alone", &[], &["alone"]));
    lines.extend(["all", "rare", "alone", "unused"].map(connector));
    let plan = plan(&lines, rules(2), None);
    // That of a rule that waits first, then the spare connector, then rules that go together.
    assert_eq!(
        parts(&plan),
        [
            vec![0, 1, 10],
            vec![2, 8, 11],
            vec![3, 4, 13],
            vec![5, 9, 12],
            vec![6, 7]
        ]
    );
    let secrets: Vec<usize> = plan.parts.iter().map(|part| part.secrets.len()).collect();
    assert_eq!(secrets, [0, 0, 0, 0, 1]);
    assert_eq!(plan.parts[4].secrets, [ConnectorId::from("all")]);
}

#[test]
fn rules_for_which_no_connector_is_left_come_last_where_room_is() {
    let mut lines: Vec<String> = (0..5)
        .map(|at| rule(&format!("r{at}"), &[], &["all"]))
        .collect();
    lines.extend([rule("x", &[], &["x"]), rule("y", &[], &["x"])]);
    lines.extend(["all", "x"].map(connector));
    let tight = plan(&lines, rules(2), None);
    assert_eq!(
        parts(&tight),
        [vec![0, 1, 7], vec![5, 6, 8], vec![2, 3], vec![4]]
    );
    let bare = tight.parts.iter().map(|part| part.secrets.len());
    assert_eq!(bare.collect::<Vec<_>>(), [0, 0, 1, 1]);
    let wide = plan(&lines, rules(3), None);
    assert_eq!(parts(&wide), [vec![0, 1, 2, 7], vec![3, 5, 6, 8], vec![4]]);
}

#[test]
fn connectors_that_need_no_secrets_bind_no_rules() {
    let has_all = connector("log").replace("true", "false");
    let lines = [
        rule("a", &[], &["log"]),
        rule("b", &[], &[]),
        rule("c", &[], &["log", "absent"]),
        has_all,
    ];
    let plan = plan(&lines, rules(2), None);
    assert_eq!(parts(&plan), [vec![0, 1, 3], vec![2]]);
    assert!(plan.parts[1].secrets.is_empty());
    assert_eq!(plan.parts[1].needs.len(), 1);
}

#[test]
fn groups_have_parts_of_their_own_in_order_of_import() {
    let tagged = |id: &str, tag: &str, list: &str| {
        rule(id, &[list], &[]).replacen('{', &format!(r#"{{"tags":["{tag}","x"],"#), 1)
    };
    let lines = [
        tagged("a", "Windows & more", "l"),
        rule("b", &[], &[]),
        tagged("c", "Linux", "l"),
        tagged("d", "Windows & more", "k"),
        list("orphan"),
        list("l"),
        list("k"),
    ];
    let plan = plan(&lines, WIDE, Some(By::Tag));
    assert_eq!(parts(&plan), [vec![0, 3, 5, 6], vec![1], vec![2], vec![4]]);
    let names: Vec<String> = (0..4).map(|part| plan.file_name(part)).collect();
    assert_eq!(
        names,
        [
            "001-windows-more.ndjson",
            "002-untagged.ndjson",
            "003-linux.ndjson",
            "004-rest.ndjson"
        ]
    );
    assert_eq!(plan.parts[2].needs[0].from, Origin::Part(0));
    assert_eq!(plan.parts[2].group, Group::Of("Linux".into()));
}

#[test]
fn groups_that_share_a_connector_borrow_another() {
    let of = |severity: &str, id: &str, connector: &str| {
        let rule = rule(id, &[], &[connector]);
        rule.replacen('{', &format!(r#"{{"severity":"{severity}","#), 1)
    };
    let lines = [
        of("low", "a", "c"),
        of("high", "b", "c"),
        of("medium", "d", "c"),
        of("high", "e", "own"),
        connector("c"),
        connector("unused"),
        connector("own"),
    ];
    let plan = plan(&lines, rules(1), Some(By::Severity));
    assert_eq!(parts(&plan), [vec![0, 4], vec![1, 5], vec![3, 6], vec![2]]);
    let secrets = plan.parts.iter().map(|part| part.secrets.len());
    assert_eq!(secrets.collect::<Vec<_>>(), [0, 0, 0, 1]);
}

#[test]
fn the_envelope_is_as_long_as_said() {
    let boundary = "-".repeat(70);
    let name = "%41".repeat(255);
    let before = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\
         Content-Type: application/octet-stream\r\n\r\n"
    );
    let after = format!("\r\n--{boundary}--\r\n");
    let envelope = (before.len() + after.len()) as u64;
    assert!(envelope == 1017 && envelope <= ENVELOPE);
}
