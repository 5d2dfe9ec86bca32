mod layout;
use std::collections::BTreeSet;

use super::*;
use crate::check::{Across, Facts, Present};
use crate::error::{ErrorKind, Location};
use crate::pipeline::{Reading, scan};
use crate::schema::Target;
use crate::stream::Source;

/// What came of a bundle of these files.
#[derive(Debug, Default, PartialEq)]
struct Came {
    out: String,
    /// Line, code and what was done.
    fixed: Vec<(u64, &'static str, String)>,
    /// Line and code of what is wrong still.
    left: Vec<(u64, &'static str)>,
    /// Line, column and message of what cannot be read.
    unreadable: Vec<(u64, u64, String)>,
}

fn fixed_with(reading: &Reading, bundle: &[&str], options: Options) -> Came {
    let named = |(name, text): (usize, &&str)| {
        Source::reader(
            name.to_string(),
            std::io::Cursor::new(text.as_bytes().to_vec()),
        )
    };
    let sources = bundle.iter().enumerate().map(named).collect();
    let (mut came, mut out) = (Came::default(), Vec::new());
    let fixing = Fixing { reading, options };
    let fixes = fixing.run(
        sources,
        &mut out,
        |treated| {
            let codes = treated.mended.left.iter().map(|one| one.code);
            (treated.mended.fixes.clone(), codes.collect::<Vec<_>>())
        },
        |location, told| {
            match told {
                Told::Text(fix) => came.fixed.push((location.line, fix.problem.code, fix.done)),
                Told::Record((fixes, left)) => {
                    let fixes = fixes.into_iter();
                    came.fixed
                        .extend(fixes.map(|fix| (location.line, fix.problem.code, fix.done)));
                    came.left
                        .extend(left.into_iter().map(|code| (location.line, code)));
                }
                Told::Unreadable(why) => {
                    let at = why.location().unwrap();
                    came.unreadable.push((at.line, at.column, why.to_string()));
                }
            }
            Ok(())
        },
    );
    assert_eq!(fixes.unwrap(), came.fixed.len() as u64);
    came.out = String::from_utf8(out).unwrap();
    came
}

fn fixed(text: &str) -> Came {
    fixed_with(&Reading::default(), &[text], Options::default())
}

/// All codes that a check finds in a bundle.
fn codes(text: &str) -> BTreeSet<&'static str> {
    let mut across = Across::new(Target::default(), Present::default());
    let mut found = BTreeSet::new();
    let source = Source::reader("0", text.as_bytes());
    scan(
        &Reading::default(),
        vec![source],
        |record| (problems(record, Options::default()), Facts::of(record)),
        |location, result| {
            match result {
                Ok((problems, facts)) => {
                    found.extend(problems.iter().map(|one| one.code));
                    let twice = across.observe(&location, facts);
                    found.extend(twice.map(|finding| finding.problem.code));
                }
                Err(error) => _ = found.insert(unreadable(error.kind())),
            }
            Ok(())
        },
    )
    .unwrap();
    found.extend(across.finish().iter().map(|finding| finding.problem.code));
    let marked = text.lines().any(|line| line.starts_with('\u{feff}'));
    found.extend(marked.then_some("byte-order-mark"));
    let unended = !text.is_empty() && !text.ends_with('\n');
    found.extend(unended.then_some("missing-newline"));
    found
}

/// The code of a line that cannot be read.
fn unreadable(kind: &ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Pretty | ErrorKind::NotAnObject { found: "an array" } => "many-lines",
        ErrorKind::NotAnObject { .. } => "not-an-object",
        _ => "not-json",
    }
}

const RULE: &str = r#"{"rule_id":"r","type":"query","name":"n","description":"d","risk_score":1,"severity":"low","enabled":true}"#;
const LIST: &str = r#"{"list_id":"l","type":"detection","name":"n","description":"d"}"#;
const ITEM: &str = r#"{"item_id":"i","list_id":"l","type":"simple","name":"n","description":"d","entries":[{"field":"f","operator":"included","type":"exists"}]}"#;
const CONNECTOR: &str = r#"{"id":"c","type":"action","attributes":{"actionTypeId":".index","name":"n","isMissingSecrets":false,"config":{},"secrets":{}},"references":[]}"#;

/// The record with more members at its end.
fn with(record: &str, members: &str) -> String {
    format!("{}, {members}}}", record.strip_suffix('}').unwrap())
}

/// Bundles in which one thing is wrong, with its code, and what comes of them.
fn text_cases() -> Vec<(&'static str, String, String)> {
    let line = |record: &str| format!("{record}\n");
    vec![
        ("byte-order-mark", format!("\u{feff}{RULE}\n"), line(RULE)),
        (
            "byte-order-mark",
            format!("{RULE}\r\n\u{feff}{ITEM}\r\n"),
            format!("{RULE}\r\n{ITEM}\r\n"),
        ),
        ("missing-newline", RULE.into(), line(RULE)),
        (
            "missing-newline",
            format!("{RULE}\r\n{ITEM}"),
            format!("{RULE}\r\n{ITEM}\r\n"),
        ),
        (
            "many-lines",
            format!("[{RULE},{ITEM}]\n"),
            format!("{RULE}\n{ITEM}\n"),
        ),
        (
            "many-lines",
            format!("[\n  {RULE},\r\n  {ITEM}\r\n]\r\n"),
            format!("{RULE}\r\n{ITEM}\r\n"),
        ),
        ("many-lines", "[]\n".into(), String::new()),
        (
            "many-lines",
            format!("{}\n", RULE.replace('{', "{\n").replace(',', ",\n  ")),
            line(RULE),
        ),
        (
            "not-json",
            format!("{RULE}{ITEM} {LIST}\n"),
            format!("{RULE}\n{ITEM}\n{LIST}\n"),
        ),
        ("not-json", format!("{RULE} null\n"), line(RULE)),
        (
            "not-an-object",
            format!("{RULE}\nnull\n{ITEM}\n"),
            format!("{RULE}\n{ITEM}\n"),
        ),
        (
            "foreign-details",
            format!("{RULE}\n{{\"exported_exception_list_count\":1}}\n"),
            line(RULE),
        ),
        (
            "foreign-details",
            format!("{CONNECTOR}\n{{\"exportedCount\":1}}\n"),
            line(CONNECTOR),
        ),
        (
            "details-miscount",
            format!("{RULE}\n{{\"exported_count\": 0, \"exported_rules_count\": 0}}\n"),
            format!("{RULE}\n{{\"exported_count\": 1, \"exported_rules_count\": 1}}\n"),
        ),
    ]
}

/// The same for records, where one or more members are too much.
fn record_cases() -> Vec<(&'static str, String, String)> {
    let line = |record: &str| format!("{record}\n");
    let without =
        |code, record: &str, members: &str| (code, line(&with(record, members)), line(record));
    vec![
        without("origin-id", RULE, r#""originId":"o""#),
        without("origin-id", ITEM, r#""originId":"o""#),
        without("origin-id", CONNECTOR, r#""originId":"o""#),
        without(
            "investigation-fields-rewritten",
            RULE,
            r#""investigation_fields":[ ]"#,
        ),
        without(
            "too-few-items",
            RULE,
            r#""investigation_fields":{"field_names":[]}"#,
        ),
        without("missing-field", RULE, r#""investigation_fields":{}"#),
        without("timeline-pair", RULE, r#""timeline_id":"t""#),
        without("timeline-pair", RULE, r#""timeline_title":"t""#),
        without(
            "timeline-empty",
            RULE,
            r#""timeline_title":"","timeline_id":"t""#,
        ),
        without(
            "timeline-empty",
            RULE,
            r#""timeline_title":"","timeline_id":"""#,
        ),
        without("wrong-format", RULE, r#""id":"no-uuid""#),
        without(
            "wrong-type",
            RULE,
            r#""id":7,"created_at":null,"revision":"1""#,
        ),
        without("wrong-type", LIST, r#""_version":7"#),
        without("wrong-type", ITEM, r#""tie_breaker_id":null"#),
        without("unknown-key", ITEM, r#""version":1,"immutable":false"#),
        (
            "unknown-value",
            line(&with(LIST, r#""immutable": true"#)),
            line(&with(LIST, r#""immutable": false"#)),
        ),
        (
            "duplicate-rule",
            format!(
                "{RULE}\n{LIST}\n{}\n",
                with(RULE, r#""updated_by":"elastic""#)
            ),
            format!("{LIST}\n{}\n", with(RULE, r#""updated_by":"elastic""#)),
        ),
        ("duplicate-list", format!("{LIST}\n{LIST}\n"), line(LIST)),
        (
            "duplicate-item",
            format!("{ITEM}\n{ITEM}\n{ITEM}\n"),
            line(ITEM),
        ),
        (
            "duplicate-connector",
            format!("{CONNECTOR}\n{CONNECTOR}\n"),
            line(CONNECTOR),
        ),
    ]
}

fn cases() -> impl Iterator<Item = (&'static str, String, String)> {
    text_cases().into_iter().chain(record_cases())
}

#[test]
fn what_was_put_right_is_found_no_more() {
    for (code, before, after) in cases() {
        assert!(
            codes(&before).contains(code),
            "{code}: {before} {:?}",
            codes(&before)
        );
        let came = fixed(&before);
        assert_eq!(came.out, after, "{code}");
        assert!(
            came.fixed.iter().any(|(_, fixed, _)| *fixed == code),
            "{code}: {came:?}"
        );
        let left = codes(&came.out);
        for (_, fixed, _) in &came.fixed {
            assert!(!left.contains(fixed), "{fixed} is left in {}", came.out);
        }
        let again = fixed(&came.out);
        assert_eq!((again.out, again.fixed), (came.out, Vec::new()), "{code}");
    }
}

#[test]
fn leaves_what_a_person_must_decide() {
    let other = ITEM.replace("\"f\"", "\"g\"");
    for text in [
        // Which of them was meant?
        format!("{ITEM}\n{other}\n"),
        format!("{RULE}\n{}\n", with(RULE, r#""tags":["t"]"#)),
        // The only trace of what got lost.
        format!("{RULE}\n{{\"exported_count\":2,\"exported_rules_count\":2}}\n"),
        "{\"rule_id\":\"r\",\n{\"exported_count\":0}\n".into(),
        // A setting that may have been meant.
        format!("{}\n", with(RULE, r#""tag":["t"],"list_id":"l""#)),
        format!("{}\n", with(RULE, r#""investigation_fields":["a"]"#)),
        format!(
            "{}\n",
            with(
                RULE,
                r#""investigation_fields":{"field_names":[],"more":1}"#
            )
        ),
        format!("{}\n", with(LIST, r#""comments":[],"entries2":[]"#)),
        format!("{}\n", with(RULE, r#""exported_count":3"#)),
        "{\"id\":\"d\",\"type\":\"dashboard\",\"originId\":\"o\",\"attributes\":{}}\n".into(),
        // Scalars and arrays of others.
        "7\n\"a\"\n[1]\n{} 5\n[[{}]]\n".into(),
        // Line ends, blanks and spelling that Kibana does not mind.
        format!(
            "\r\n \t\n{RULE} \r\n\n {}\n",
            CONNECTOR.replace("\":", "\" : ")
        ),
    ] {
        let came = fixed(&text);
        assert_eq!((came.out.as_str(), came.fixed), (text.as_str(), Vec::new()));
    }
}

#[test]
fn keeps_the_last_and_says_where_it_is() {
    let text =
        format!("{ITEM}\n{LIST}\n{ITEM}\n{{\"exported_count\":3,\"exported_rules_count\":0}}\n");
    let came = fixed_with(
        &Reading::default(),
        &[&text, &format!("{LIST}\n")],
        Options::default(),
    );
    assert_eq!(
        came.out,
        format!("{ITEM}\n{{\"exported_count\":1,\"exported_rules_count\":0}}\n{LIST}\n")
    );
    let done = |(line, code, done): &(u64, &'static str, String)| (*line, *code, done.clone());
    assert_eq!(
        came.fixed.iter().map(done).collect::<Vec<_>>(),
        [
            (1, "duplicate-item", "dropped the record".to_owned()),
            (2, "duplicate-list", "dropped the record".to_owned()),
            (
                4,
                "details-miscount",
                "set `exported_count` from 3 to 1".to_owned()
            ),
        ]
    );
}
