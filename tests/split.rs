//! Runs `split` as a user does.

#![cfg(test)]

#[path = "support/command.rs"]
mod command;

use std::collections::BTreeSet;
use std::fs;

use command::{Folder, Ran};
use serde_json::Value;

/// Two rules that share a list, one with an action, a connector, and a line that is of no kind.
const BUNDLE: &str = r#"{"rule_id":"a","name":"A","tags":["Windows"],"exceptions_list":[{"list_id":"l","namespace_type":"single"}]}
{"rule_id":"b","name":"B","exceptions_list":[{"list_id":"l","namespace_type":"single"}],"actions":[{"id":"c"}]}
{"rule_id":"d","name":"D","tags":["Windows"],"actions":[{"id":"c"}]}
{"list_id":"l","namespace_type":"single"}
{"list_id":"l","namespace_type":"single","item_id":"i","entries":[]}
{"id":"c","type":"action","attributes":{"isMissingSecrets":true}}
{"neither":1}
{"exported_count":6}
"#;

fn folder() -> Folder {
    let folder = Folder::new();
    folder.write("export.ndjson", BUNDLE);
    folder
}

fn names(folder: &Folder, directory: &str) -> BTreeSet<String> {
    let entries = fs::read_dir(folder.path(directory)).unwrap();
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

fn split(folder: &Folder, args: &[&str]) -> Ran {
    folder.run(&[&["split", "export.ndjson"], args].concat(), b"")
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// The lines of all parts without the details line of each, sorted.
fn lines(folder: &Folder, directory: &str) -> Vec<String> {
    let mut lines = Vec::new();
    for name in names(folder, directory) {
        let text = String::from_utf8(folder.read(&format!("{directory}/{name}"))).unwrap();
        let mut of_part: Vec<String> = text.lines().map(String::from).collect();
        let details = of_part.pop().unwrap();
        assert!(details.starts_with(r#"{"exported_count":"#), "{details}");
        lines.extend(of_part);
    }
    lines.sort();
    lines
}

fn input_lines() -> Vec<String> {
    let mut lines: Vec<String> = BUNDLE
        .lines()
        .filter(|line| !line.contains("exported_count"))
        .map(String::from)
        .collect();
    lines.sort();
    lines
}

#[test]
fn writes_parts_and_says_what_is_in_them() {
    let folder = folder();
    let ran = split(&folder, &["-o", "new/parts", "--max-rules", "1"]);
    assert_eq!((ran.code, &*ran.stdout), (Some(0), &b""[..]));
    let expected = set(&[
        "part-001.ndjson",
        "part-002.ndjson",
        "part-003.ndjson",
        "part-004.ndjson",
    ]);
    assert_eq!(names(&folder, "new/parts"), expected);
    assert_eq!(lines(&folder, "new/parts"), input_lines());
    let said = "                 bytes  rules  lists  items  connectors  others
part-001.ndjson    760      1      1      1           1       0
part-002.ndjson    540      1      0      0           0       0
part-003.ndjson    579      1      0      0           0       0
part-004.ndjson    485      0      0      0           0       1
note: parts whose rules refer to lists or connectors of earlier parts: 2 (import them in the order of their numbers)
  part-002.ndjson needs part-001.ndjson (1 connector)
  part-003.ndjson needs part-001.ndjson (1 exception list)
note: parts without a connector line for their rules with actions: 1 (Kibana refuses these with `Invalid connectors` until the secrets are set)
  before part-002.ndjson, set the secrets of connector `c`
8 records read (3 rules, 1 exception list, 1 exception item, 1 connector, 1 details line, 1 other record); 4 parts in `new/parts`
";
    assert_eq!(ran.stderr, said);
}

#[test]
fn reports_each_part_as_a_line_of_json() {
    let folder = folder();
    let args = ["-o", "p", "--by", "tag", "--format", "json"];
    let ran = split(&folder, &args);
    assert_eq!((ran.code, &*ran.stderr), (Some(0), ""));
    let stdout = String::from_utf8(ran.stdout).unwrap();
    let report: Vec<Value> = stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(report.len(), 4);
    assert!(report.iter().all(|line| line["schema_version"] == 1));
    let second = serde_json::json!({
        "schema_version": 1,
        "part": 2,
        "file": "p/002-untagged.ndjson",
        "group": null,
        "bytes": folder.read("p/002-untagged.ndjson").len(),
        "records": {
            "rule": 1, "exception-list": 0, "exception-item": 0, "connector": 0, "details": 1, "other": 0,
        },
        "unreadable": 0,
        "needs": [
            {"kind": "exception-list", "id": "l", "namespace_type": "single", "part": 1},
            {"kind": "connector", "id": "c", "part": 1},
        ],
        "set_secrets_before": ["c"],
        "doubled_connectors": [],
    });
    assert_eq!(report[1], second);
    assert_eq!(report[0]["group"], "Windows");
    let summary = &report[3];
    assert_eq!(summary["summary"]["parts"], 3);
    assert_eq!(
        (&summary["exit"], &summary["summary"]["refused"]),
        (&Value::from(0), &Value::from(0))
    );
    let files = set(&[
        "001-windows.ndjson",
        "002-untagged.ndjson",
        "003-rest.ndjson",
    ]);
    assert_eq!(names(&folder, "p"), files);
}

#[test]
fn compresses_what_is_small_enough_before() {
    let folder = folder();
    for (how, extension) in [("zstd", "zst"), ("gzip:9", "gz")] {
        let directory = format!("d{extension}");
        let ran = split(&folder, &["-o", &directory, "--compress", how]);
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        let part = format!("{directory}/part-001.ndjson.{extension}");
        assert_eq!(names(&folder, &directory).len(), 1);
        let again = folder.run(&["run", "--step", "enable = {}", &part], b"");
        assert_eq!(again.code, Some(0), "{}", again.stderr);
        assert!(again.stdout.starts_with(br#"{"rule_id":"a""#));
    }
}

#[test]
fn never_mixes_the_parts_of_two_runs() {
    let folder = folder();
    fs::create_dir(folder.path("p")).unwrap();
    folder.write("p/README.md", "mine");
    assert_eq!(split(&folder, &["-o", "p"]).code, Some(0));
    let before = names(&folder, "p");
    assert_eq!(before, set(&["README.md", "part-001.ndjson"]));
    let again = split(&folder, &["-o", "p", "--max-rules", "1"]);
    assert_eq!(again.code, Some(2));
    assert!(
        again
            .stderr
            .contains("do not mix, found `part-001.ndjson` in `p`"),
        "{}",
        again.stderr
    );
    assert_eq!(names(&folder, "p"), before);
    let file = split(&folder, &["-o", "export.ndjson"]);
    assert_eq!(file.code, Some(2));
    assert!(
        file.stderr.contains("`-o` must be a directory"),
        "{}",
        file.stderr
    );
}

#[test]
fn names_what_fits_no_part_and_writes_nothing() {
    let folder = folder();
    let ran = split(&folder, &["-o", "p", "--max-exceptions", "1"]);
    assert_eq!((ran.code, &*ran.stdout), (Some(1), &b""[..]));
    let said = "error: exception list `l` with all its items (2 records) must fit one part of at most 1 exceptions, found 2 exceptions
  --> export.ndjson:4, exception list `l`
help: a list cut in two loses items when the parts overwrite it; raise the limit here and in Kibana, or make two lists of it
";
    assert_eq!(ran.stderr, said);
    let many = split(&folder, &["-o", "p", "--max-bytes", "535"]);
    assert_eq!(many.code, Some(1));
    let warnings = many.stderr.matches("warning: rule `").count();
    assert_eq!(warnings, 3, "{}", many.stderr);
    assert!(
        many.stderr.contains("--> export.ndjson:1, rule `a`"),
        "{}",
        many.stderr
    );
    assert!(
        many.stderr
            .contains("error: 5 records or lists fit into no part"),
        "{}",
        many.stderr
    );
    assert_eq!(folder.names(), set(&["export.ndjson"]));
}

#[test]
fn lines_that_are_no_records_stop_stay_or_go() {
    let folder = Folder::new();
    folder.write(
        "export.ndjson",
        "{\"rule_id\":\"a\"}\r\nnonsense\r\n\n{\"rule_id\":\"b\"}",
    );
    let stopped = split(&folder, &["-o", "p"]);
    assert_eq!(stopped.code, Some(1), "{}", stopped.stderr);
    assert!(!folder.path("p").exists());
    for (what, second) in [("keep", "nonsense"), ("drop", r#"{"rule_id":"b"}"#)] {
        let directory = format!("p-{what}");
        let rejects = format!("{what}.txt");
        let args = ["--on-error", what, "-o", &directory, "--rejects", &rejects];
        let ran = split(&folder, &args);
        assert_eq!(ran.code, Some(3), "{}", ran.stderr);
        let part = String::from_utf8(folder.read(&format!("{directory}/part-001.ndjson"))).unwrap();
        assert_eq!(part.lines().nth(1), Some(second));
        assert!(part.contains(r#""exported_rules_count":2,"#), "{part}");
        assert_eq!(folder.read(&rejects), b"nonsense\r\n");
    }
    let usage = split(&folder, &["-o", "q", "--rejects", "r.txt"]);
    assert_eq!(usage.code, Some(2));
    let own = [
        "-o",
        "q",
        "--on-error",
        "drop",
        "--rejects",
        "export.ndjson",
    ];
    assert_eq!(split(&folder, &own).code, Some(2));
}

#[test]
fn nothing_to_import_makes_no_directory() {
    let folder = Folder::new();
    let ran = folder.run(&["split", "-o", "p"], b"{\"exported_count\":0}\n");
    assert_eq!(ran.code, Some(0));
    assert_eq!(
        ran.stderr,
        "1 record read (1 details line); no parts, because nothing is to be imported\n"
    );
    assert!(folder.names().is_empty());
}

#[test]
fn parts_do_not_depend_on_threads() {
    let folder = Folder::new();
    for (name, bundle) in command::bundles() {
        folder.write("export.ndjson", &bundle);
        for jobs in ["1", "3"] {
            let directory = format!("{name}-{jobs}");
            let limits = [
                "--max-rules",
                "4",
                "--max-exceptions",
                "20",
                "--on-error",
                "keep",
            ];
            let ran = split(
                &folder,
                &[&["-j", jobs, "-q", "-o", &directory], &limits[..]].concat(),
            );
            // Some of these bundles are there to be refused.
            if ran.code == Some(1) {
                continue;
            }
            assert!(matches!(ran.code, Some(0 | 3)), "{name}: {}", ran.stderr);
        }
        let parts = |jobs: &str| -> Option<Vec<Vec<u8>>> {
            let directory = format!("{name}-{jobs}");
            folder.path(&directory).exists().then(|| {
                let names = names(&folder, &directory);
                names
                    .iter()
                    .map(|name| folder.read(&format!("{directory}/{name}")))
                    .collect()
            })
        };
        assert_eq!(parts("1"), parts("3"), "{name}");
    }
    assert!(folder.path("example.ndjson-1/part-002.ndjson").exists());
}

#[cfg(unix)]
#[test]
fn a_run_that_cannot_write_leaves_no_parts() {
    // The temporary copy of the input just keeps to the limit, a part with its details line does not.
    const LIMIT: usize = 8192;
    let folder = Folder::new();
    let rule = r#"{"rule_id":"a","note":""}"#;
    let padded = |len: usize| rule.replacen(r#""""#, &format!("\"{}\"", "x".repeat(len)), 1);
    let small = format!("{}\n", rule.replace("\"a\"", "\"first\""));
    let large = padded(LIMIT - small.len() - rule.len() - 1);
    folder.write("export.ndjson", format!("{small}{large}\n"));
    let mut shell = std::process::Command::new("sh");
    let script = format!(
        "ulimit -f {}; exec \"$0\" split export.ndjson -o p --max-rules 1",
        LIMIT / 512
    );
    let args = ["-c", &script, env!("CARGO_BIN_EXE_ruleferry")];
    let ran = folder.command(shell.args(args), b"");
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    assert!(ran.stderr.contains("p/part-002.ndjson"), "{}", ran.stderr);
    assert_eq!(folder.names(), set(&["export.ndjson"]));
}
