//! `bulk-edit` through the command: how a run ends, whether the answer is true of what is written, and what is refused.

#![cfg(test)]

#[path = "support/bulk.rs"]
mod bulk;
#[path = "support/command.rs"]
mod command;

use std::collections::BTreeSet;

use bulk::{ADD_NEW, BUNDLE, bulk_edit, edits, errors, folder, lines, names, parsed, text};
use serde_json::{Value, json};

#[test]
fn done_completely_is_0_in_part_is_3_and_a_bad_request_is_2() {
    let all = edits(ADD_NEW);
    for (request, flags, code) in [
        (all.as_str(), &["--prebuilt-customization", "on"][..], 0),
        (&all, &[], 3),
        (&all, &["--dry-run"], 3),
        (r#"{"action":"delete","ids":["1","nobody"]}"#, &[], 3),
        (r#"{"action":"delete","ids":["1"]}"#, &[], 0),
        (r#"{"action":"delete"}"#, &[], 2),
        (r#"{"action":"delete"}"#, &["--all"], 0),
        (r#"{"action":"delete","query":"nmae:x"}"#, &[], 2),
        (r#"{"action":"delete","query":"name:("}"#, &[], 2),
        (r#"{"action":"delete","query":""}"#, &["--license", "x"], 2),
    ] {
        let ran = bulk_edit(&folder(request), flags);
        assert_eq!(ran.code, Some(code), "{request} {flags:?}: {}", ran.stderr);
    }
}

#[test]
fn the_answer_is_true_of_what_is_written() {
    let request = edits(&[ADD_NEW, r#"{"type":"add_index_patterns","value":["x-*"]}"#].join(","));
    let tags = edits(ADD_NEW);
    let copy = r#"{"action":"duplicate","query":""}"#;
    let off = r#"{"action":"disable","ids":["4","nobody","1"]}"#;
    let gone = r#"{"action":"delete","query":"alert.attributes.enabled: true"}"#;
    for (request, flags, place, counts) in [
        (request.as_str(), &[][..], "updated", [3, 0, 1, 4]),
        (
            &tags,
            &["--prebuilt-customization", "on"],
            "updated",
            [0, 1, 3, 4],
        ),
        (&tags, &[], "updated", [1, 1, 2, 4]),
        (copy, &[], "created", [0, 0, 4, 4]),
        (copy, &["--license", "basic"], "created", [1, 0, 3, 4]),
        (off, &[], "updated", [1, 0, 2, 3]),
        (gone, &[], "deleted", [0, 0, 2, 2]),
    ] {
        let folder = folder(request);
        let args = [
            "-o",
            "out.ndjson",
            "--response",
            "answer.json",
            "--rejects",
            "rejects",
        ];
        let ran = bulk_edit(&folder, &[&args, flags].concat());
        let answer = parsed(&folder.read("answer.json"));
        let summary = ["failed", "skipped", "succeeded", "total"]
            .map(|name| answer["attributes"]["summary"][name].as_u64().unwrap());
        assert_eq!(summary, counts, "{request}: {answer:#}");
        let [failed, skipped, succeeded, total] = summary;
        assert_eq!(failed + skipped + succeeded, total, "{request}");
        let in_errors: usize = errors(&answer).iter().map(|error| error.3.len()).sum();
        assert_eq!(in_errors as u64, failed, "{request}");
        assert_eq!(
            ran.code,
            Some(if failed > 0 { 3 } else { 0 }),
            "{}",
            ran.stderr
        );
        assert_eq!(
            answer["success"],
            if failed > 0 { Value::Null } else { json!(true) }
        );
        let status = if failed > 0 { json!(500) } else { Value::Null };
        assert_eq!(answer["status_code"], status);

        let (before, after) = (lines(BUNDLE.as_bytes()), lines(&folder.read("out.ndjson")));
        // What is in neither is a rule that the request touched, a copy, or the details.
        let is_rule = |line: &&String| line.contains("rule_id");
        let new = after.iter().filter(|line| !before.contains(line));
        let new: Vec<Value> = new
            .filter(is_rule)
            .map(|line| parsed(line.as_bytes()))
            .collect();
        let old = before.iter().filter(|line| !after.contains(line));
        let old: Vec<Value> = old
            .filter(is_rule)
            .map(|line| parsed(line.as_bytes()))
            .collect();
        let results = &answer["attributes"]["results"];
        for name in ["updated", "created", "deleted"] {
            let expected = match name {
                _ if name != place => &[][..],
                "deleted" => &old,
                _ => &new,
            };
            assert_eq!(
                results[name].as_array().unwrap(),
                expected,
                "{request} {name}"
            );
        }
        assert_eq!(results["skipped"].as_array().unwrap().len() as u64, skipped);
        // The rules with an error, and no others, are rejected as they were read. An id that no rule has is no line.
        let rejected: BTreeSet<String> = lines(&folder.read("rejects")).into_iter().collect();
        assert!(
            rejected.iter().all(|line| before.contains(line)),
            "{rejected:?}"
        );
        let missing = errors(&answer)
            .iter()
            .filter(|error| error.0 == "Rule not found")
            .count();
        assert_eq!((rejected.len() + missing) as u64, failed, "{request}");
    }
}

#[test]
fn an_edit_changes_the_members_it_is_about_and_no_other_byte() {
    let folder = folder(&edits(ADD_NEW));
    let ran = bulk_edit(&folder, &["--prebuilt-customization", "on"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let lines: Vec<&str> = BUNDLE.lines().collect();
    let expected = [
        lines[0]
            .replace(r#""version":2,"revision":4"#, r#""version":3,"revision":5"#)
            .replace(r#""tags":["a"]"#, r#""tags":["a","new"]"#),
        lines[1]
            .replace(r#""revision":1"#, r#""revision":2"#)
            .replace(r#""is_customized":false"#, r#""is_customized":true"#)
            .replace(r#""tags":[]"#, r#""tags":["new"]"#),
        lines[2].to_owned(),
        lines[3]
            .replace(r#""version":1,"revision":0"#, r#""version":2,"revision":1"#)
            .replace(r#""tags":[]"#, r#""tags":["new"]"#),
    ];
    let rest = lines[4..].join("\n") + "\n";
    assert_eq!(
        text(&ran.stdout),
        format!("{}\n{rest}", expected.join("\n"))
    );
    let flags = ["--prebuilt-customization", "on", "--keep-versions"];
    let kept = text(&bulk_edit(&folder, &flags).stdout);
    let tags = |text: &str| text.matches(r#""new""#).count();
    assert_eq!(tags(&kept), 4);
    assert_eq!(
        kept.replace(r#","new""#, "").replace(r#"["new"]"#, "[]"),
        BUNDLE.replace(r#"["new"]"#, "[]")
    );
}

/// Bad requests: a part of the message, the pointer, and the column of the one line.
const BAD: &[(&str, &str, Option<&str>, u64)] = &[
    ("{", "the request is not JSON: ", None, 2),
    ("", "the request is not JSON: ", None, 1),
    (
        "[]",
        "the request must be an object, found an array",
        None,
        1,
    ),
    (
        r#"{"action":"renew","query":""}"#,
        "`/action` must be one of `enable`",
        Some("/action"),
        11,
    ),
    (
        r#"{"action":"edit","query":"","edit":[{"type":"add_tag","value":[]}]}"#,
        "found `\"add_tag\"`; did you mean `add_tags`?",
        Some("/edit/0/type"),
        45,
    ),
    (
        r#"{"action":"edit","query":"","edit":[]}"#,
        "`/edit` must be an array of at least one edit, found an empty one",
        Some("/edit"),
        36,
    ),
    (
        r#"{"action":"edit","query":"","edit":[{"type":"add_tags","value":null}]}"#,
        "`/edit/0/value` must be an array of strings, found null",
        Some("/edit/0/value"),
        64,
    ),
    (
        r#"{"action":"edit","query":"","edit":[{"type":"set_schedule","value":{"interval":"1d","lookback":"1m"}}]}"#,
        "`interval` must be a number from 1 and `s`, `m` or `h`, as in `5m`, found `1d`",
        Some("/edit/0/value/interval"),
        80,
    ),
    (
        r#"{"action":"edit","query":"","edit":[{"type":"set_rule_actions","value":{"actions":[{"id":"mail","params":{},"uuid":"u"}]}}]}"#,
        "`uuid` is none of `id`, `params`, `group`, `frequency`, `alerts_filter`",
        Some("/edit/0/value/actions/0/uuid"),
        116,
    ),
    (
        r#"{"action":"edit","query":"","edit":[{"type":"set_rule_actions","value":{"actions":[{"id":"chat","params":{},"group":"default"}]}}]}"#,
        "the type of connector `chat` is not known: no connector line of the bundle has this id",
        Some("/edit/0/value/actions/0/id"),
        90,
    ),
    (
        r#"{"action":"enable","ids":["1"],"query":"name:x"}"#,
        "Both query and ids are sent. Define either ids or query in request payload.",
        Some("/query"),
        40,
    ),
    (
        r#"{"action":"enable","ids":[]}"#,
        "`/ids` must be an array of at least one string, found an empty one",
        Some("/ids"),
        26,
    ),
    (
        r#"{"action":"enable","query":"","gaps_range_end":"x"}"#,
        "gaps_range_start, gaps_range_end and gap_fill_statuses must be provided together.",
        Some("/gaps_range_end"),
        48,
    ),
    (
        r#"{"action":"run","query":""}"#,
        "`run` starts rules on a server",
        Some("/action"),
        11,
    ),
    (
        r#"{"action":"fill_gaps","query":""}"#,
        "`fill_gaps` starts rules on a server",
        Some("/action"),
        11,
    ),
    (
        r#"{"action":"duplicate","query":"","duplicate":{"include_exceptions":1,"include_expired_exceptions":true}}"#,
        "`/duplicate/include_exceptions` must be `true` or `false`, found `1`",
        Some("/duplicate/include_exceptions"),
        68,
    ),
];

#[test]
fn nothing_is_written_for_a_bad_request() {
    let args = ["-o", "out", "--response", "answer", "--rejects", "rejects"];
    for &(request, message, pointer, column) in BAD {
        let folder = folder(request);
        let ran = bulk_edit(&folder, &[&args[..], &["--errors", "json"]].concat());
        assert_eq!(
            (ran.code, ran.stdout.len()),
            (Some(2), 0),
            "{request}: {}",
            ran.stderr
        );
        let error = &parsed(ran.stderr.as_bytes())["error"];
        assert!(
            error["message"].as_str().unwrap().contains(message),
            "{request}: {error}"
        );
        assert_eq!(error["pointer"].as_str(), pointer, "{request}");
        assert_eq!(error["file"], "request.json", "{request}");
        assert_eq!(
            (&error["line"], &error["column"]),
            (&json!(1), &json!(column)),
            "{request}"
        );
        let told = bulk_edit(&folder, &args).stderr;
        assert!(
            told.contains(&format!("--> request.json:1:{column}")),
            "{told}"
        );
        assert!(told.contains(pointer.unwrap_or_default()), "{told}");
        let left = bulk_edit(&folder, &["--in-place", "--response", "answer"]);
        assert_eq!(left.code, Some(2), "{}", left.stderr);
        assert_eq!(names(&folder), ["in.ndjson", "request.json"], "{request}");
        assert_eq!(text(&folder.read("in.ndjson")), BUNDLE);
    }
}

#[test]
fn what_the_server_would_refuse_is_refused_with_its_text() {
    let suppression = r#"{"type":"delete_alert_suppression"}"#;
    let ids: Vec<String> = (0..101).map(|id| format!("\"{id}\"")).collect();
    let many = format!(r#"{{"action":"enable","ids":[{}]}}"#, ids.join(","));
    for (request, flags, message) in [
        (
            edits(suppression),
            &["--license", "basic"][..],
            "Alert suppression is enabled with platinum license or above.",
        ),
        (
            edits(suppression),
            &["--license", "gold", "--dry-run"],
            "Alert suppression is enabled with platinum license or above.",
        ),
        (
            r#"{"action":"export","query":""}"#.to_owned(),
            &["--dry-run"],
            "Export action doesn't support dry_run mode",
        ),
        (
            many.clone(),
            &["--server-limits"],
            "More than 100 ids sent for bulk edit action.",
        ),
    ] {
        let folder = folder(&request);
        let ran = bulk_edit(
            &folder,
            &[&["-o", "out", "--rejects", "rejects"], flags].concat(),
        );
        assert_eq!(ran.code, Some(2), "{}", ran.stderr);
        assert!(
            ran.stderr.starts_with(&format!("error: {message}\n")),
            "{}",
            ran.stderr
        );
        assert_eq!(names(&folder), ["in.ndjson", "request.json"]);
    }
    let without_limits = bulk_edit(&folder(&many), &["-o", "out"]);
    assert_eq!(without_limits.code, Some(3));
    let note = "note: the server would refuse this request: More than 100 ids sent for bulk edit action.\n";
    assert!(
        without_limits.stderr.contains(note),
        "{}",
        without_limits.stderr
    );
}
