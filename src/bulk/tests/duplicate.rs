use crate::bulk::testing::{named_ids, request};

fn duplicate(include: bool, expired: bool) -> String {
    format!(
        r#"{{"action":"duplicate","query":"","duplicate":{{"include_exceptions":{include},"include_expired_exceptions":{expired}}}}}"#
    )
}

const SHARED: &str =
    r#"{"id":"s","list_id":"shared","type":"detection","namespace_type":"agnostic"}"#;
const OWN: &str = r#"{"id":"o","list_id":"own","type":"rule_default","namespace_type":"single"}"#;
const ENDPOINT: &str = r#"{"id":"endpoint_list","list_id":"endpoint_list","type":"endpoint","namespace_type":"agnostic"}"#;

fn with(lists: &str) -> String {
    format!(
        r#"{{"id":"i","rule_id":"r","name":"N \"x\"","type":"query","immutable":true,"rule_source":{{"type":"external","is_customized":false}},"version":5,"revision":9,"enabled":true,"interval":"5m","tags":["t"],"risk_score":1.0,"exceptions_list":[{lists}],"actions":[{{"id":"c","params":{{}},"uuid":"u"}}],"setup":""}}"#
    )
}

fn copy(name: &str, ids: (&str, &str), lists: &str) -> String {
    format!(
        r#"{{"id":"{}","rule_id":"{}","name":"{name}","type":"query","immutable":false,"rule_source":{{"type":"internal"}},"version":5,"revision":0,"enabled":false,"interval":"5m","tags":["t"],"risk_score":1.0,"exceptions_list":[{lists}],"actions":[{{"id":"c","params":{{}},"uuid":"u"}}],"setup":""}}"#,
        ids.0, ids.1
    )
}

const NAME: &str = r#"N \"x\" [Duplicate]"#;

const LIST: &str = r#"{"_version":"W","id":"o","list_id":"own","name":"Own","description":"d","tags":["x"],"meta":{"a":1},"type":"rule_default","namespace_type":"single","tie_breaker_id":"t","immutable":false,"version":4}"#;

fn item(id: &str, expires: &str) -> String {
    format!(
        r#"{{"_version":"W","id":"i-{id}","item_id":"{id}","list_id":"own","namespace_type":"single","name":"I","comments":[{{"comment":"c"}}],"entries":[]{expires}}}"#
    )
}

#[test]
fn a_copy_is_a_custom_rule_that_is_off() {
    let line = with("");
    for text in [
        duplicate(true, true),
        duplicate(false, true),
        r#"{"action":"duplicate","query":""}"#.into(),
    ] {
        let ran = request(text).run(&line);
        let expected = format!("{line}\n{}\n", copy(NAME, ("U1", "U2"), ""));
        assert_eq!(named_ids(&ran.output), expected);
        let created = ran.output.lines().nth(1).unwrap();
        assert!(ran.answer.contains(&format!(r#""created":[{created}]"#)));
        assert_eq!(ran.counts(), [0, 1, 0, 1]);
    }
}

#[test]
fn a_copy_of_a_copy_says_so_twice() {
    let line = copy(NAME, ("a", "b"), "");
    let ran = request(duplicate(true, true)).run(&line);
    assert!(
        ran.output.contains(r#""N \"x\" [Duplicate] [Duplicate]""#),
        "{}",
        ran.output
    );
}

#[test]
fn shared_lists_are_referred_to_and_own_ones_copied() {
    let details = r#"{"exported_count":4,"exported_rules_count":1,"exported_exception_list_count":1,"exported_exception_list_item_count":2}"#;
    let line = with(&format!("{OWN},{SHARED},{ENDPOINT}"));
    let expires = r#","expire_time":"2030-01-01T00:00:00.000Z""#;
    let other = r#"{"item_id":"z","list_id":"own","namespace_type":"agnostic","entries":[]}"#;
    let bundle = format!(
        "{line}\n{LIST}\n{}\n{}\n{other}\n{details}\n",
        item("a", ""),
        item("b", expires)
    );
    let ran = request(duplicate(true, false)).run(&bundle);
    let reference = r#"{"id":"U3","list_id":"U4","type":"rule_default","namespace_type":"single"}"#;
    let list_copy = r#"{"id":"U3","list_id":"U4","name":"Own [Duplicate]","description":"d","tags":["x"],"meta":{"a":1},"type":"rule_default","namespace_type":"single","tie_breaker_id":"U5","immutable":false,"version":1}"#;
    let item_copy = |id: &str, item_id: &str, expires: &str| {
        format!(
            r#"{{"id":"{id}","item_id":"{item_id}","list_id":"U4","namespace_type":"single","name":"I","comments":[],"entries":[]{expires}}}"#
        )
    };
    let expected = [
        line.clone(),
        copy(NAME, ("U1", "U2"), &format!("{SHARED},{ENDPOINT},{reference}")),
        LIST.into(),
        list_copy.into(),
        item("a", ""),
        item_copy("U6", "U7", ""),
        item("b", expires),
        item_copy("U8", "U9", expires),
        other.into(),
        r#"{"exported_count":9,"exported_rules_count":2,"exported_exception_list_count":2,"exported_exception_list_item_count":5}"#.into(),
        String::new(),
    ];
    assert_eq!(named_ids(&ran.output), expected.join("\n"));
}

#[test]
fn expired_items_are_copied_only_on_request() {
    let times = [
        ("2025-12-31T23:59:59.999Z", false),
        ("2026-01-01T00:00:00.000Z", false),
        ("2026-01-01T00:00:00.001Z", true),
    ];
    for (time, is_current) in times {
        let item = item("a", &format!(r#","expire_time":"{time}""#));
        let bundle = format!("{}\n{LIST}\n{item}\n", with(OWN));
        let items = |expired| {
            let ran = request(duplicate(true, expired)).run(&bundle);
            ran.output.matches(r#""item_id""#).count()
        };
        assert_eq!(
            (items(true), items(false)),
            (2, 1 + usize::from(is_current)),
            "{time}"
        );
    }
}

#[test]
fn a_copy_without_exceptions_refers_to_none() {
    let bundle = format!(
        "{}\n{LIST}\n{}\n",
        with(&format!("{OWN},{SHARED}")),
        item("a", "")
    );
    let ran = request(duplicate(false, true)).run(&bundle);
    let lines: Vec<&str> = ran.output.lines().collect();
    assert_eq!(lines.len(), 4);
    assert!(lines[1].contains(r#""exceptions_list":[]"#), "{}", lines[1]);
}

#[test]
fn each_copied_rule_gets_its_own_copy_of_a_list() {
    let one = with(OWN);
    let two = one.replace(r#""rule_id":"r""#, r#""rule_id":"s""#);
    // A list may stand before its rules.
    let bundle = format!("{}\n{LIST}\n{one}\n{two}\n", item("a", ""));
    let ran = request(duplicate(true, true)).run(&bundle);
    let records: Vec<serde_json::Value> = ran
        .output
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let copies: Vec<&str> = records
        .iter()
        .filter_map(|record| record["exceptions_list"][0]["list_id"].as_str())
        .filter(|list| *list != "own")
        .collect();
    assert_eq!(copies.len(), 2);
    assert_ne!(copies[0], copies[1]);
    for list in copies {
        let of = |key: &str| {
            records
                .iter()
                .filter(|record| record["list_id"] == *list && !record[key].is_null())
                .count()
        };
        assert_eq!((of("item_id"), of("description")), (1, 1));
    }
}

#[test]
fn a_rule_whose_own_list_is_not_there_is_not_copied() {
    let bundle = format!("{}\n{}\n", with(OWN), with(SHARED));
    let ran = request(duplicate(true, true)).run(&bundle);
    assert_eq!(
        ran.errors(),
        [(
            "Unable to duplicate rule default exceptions - unable to find their container with list_id: \"own\"".to_owned(),
            500,
            None
        )]
    );
    assert_eq!(ran.output.lines().count(), 3);
    // Another namespace has another list.
    let elsewhere = LIST.replace("\"single\"", "\"agnostic\"");
    let ran = request(duplicate(true, true)).run(&format!("{}\n{elsewhere}\n", with(OWN)));
    assert_eq!(ran.counts(), [1, 0, 0, 1]);
    assert_eq!(ran.output.lines().count(), 2);
}

#[test]
fn a_seed_makes_the_same_ids_and_another_makes_others() {
    let run = |seed: &str| {
        request(duplicate(true, true))
            .with(|settings| settings.seed = seed.into())
            .run(&with(""))
            .output
    };
    assert_eq!(run("a"), run("a"));
    assert_ne!(run("a"), run("b"));
}

#[test]
fn a_rule_without_a_name_is_not_copied() {
    let ran = request(duplicate(true, true)).run(r#"{"id":"i","rule_id":"r","type":"eql"}"#);
    assert_eq!(ran.errors()[0].0, "`name` must be a string, found nothing");
}
