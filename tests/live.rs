//! `--live`: every verb that reads a file reads a live space in its place, and says so where some of it is not to be had.

#![cfg(test)]

#[path = "support/command.rs"]
mod command;
#[path = "support/server.rs"]
mod server;
#[path = "support/space.rs"]
mod space;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use command::{Folder, Ran};
use serde_json::Value;
use server::{Answer, Asked, Server, status};
use space::{Space, joined, listed, parameter, rule};

/// A folder with a profiles file that has this server as `prod`, and its export as `export.ndjson`.
fn folder(server: &Server) -> Folder {
    let folder = Folder::new();
    folder.write(
        "config.toml",
        format!(
            "[profile.prod]\nurl = \"{}\"\nspace = \"soc\"\napi-key-command = [\"printenv\", \"THE_KEY\"]\n",
            server.url
        ),
    );
    let ran = run(
        &folder,
        &["export", "--from", "prod/soc", "-o", "export.ndjson", "-q"],
        "",
    );
    assert!(matches!(ran.code, Some(0 | 3)), "{}", ran.stderr);
    folder.write("enable.toml", "[[step]]\nenable = {}\n");
    folder.write("bulk.json", r#"{"action":"disable","query":""}"#);
    folder.write("patch.json", r#"[{"rule_id":"r-1","enabled":true}]"#);
    folder
}

/// Runs the command with the profiles file, and with variables that lead to another Kibana.
fn run(folder: &Folder, args: &[&str], input: &str) -> Ran {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ruleferry"));
    command.args(args);
    for name in ["KIBANA_API_KEY", "KIBANA_USERNAME", "RULEFERRY_PROFILE"] {
        command.env_remove(name);
    }
    command.env("KIBANA_URL", "http://127.0.0.1:1");
    command.env("KIBANA_SPACE", "elsewhere");
    command.env("THE_KEY", "aWQ6a2V5");
    command.env("NO_PROXY", "127.0.0.1");
    command.env("RULEFERRY_CONFIG", folder.path("config.toml"));
    folder.command(&mut command, input.as_bytes())
}

fn nothing(_: &Asked, _: usize) -> Option<Answer> {
    None
}

/// The files below a folder with their content.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            let below = files(&path).into_iter();
            found.extend(below.map(|(below, bytes)| (format!("{name}/{below}"), bytes)));
        } else {
            found.insert(name, std::fs::read(&path).unwrap());
        }
    }
    found
}

/// Each verb that reads, with what it needs beside its input.
const VERBS: [&[&str]; 14] = [
    &["ls", "--format", "csv"],
    &["ls", "--only", "severity:high"],
    &["stats"],
    &["check"],
    &["check", "--fix"],
    &["select", "--only", "tags:t1"],
    &["select", "--only", "tags:t1", "--invert"],
    &["edit", "add-tags", "--tag", "x", "--only", "severity:high"],
    &["run", "enable.toml"],
    &["run", "--step", "enable = {}"],
    &["bulk-edit", "--request", "bulk.json", "--seed", "s"],
    &["patch", "--request", "patch.json"],
    &["merge"],
    &["diff", "--all-fields", "-"],
];

#[test]
fn every_verb_reads_a_live_space_as_it_reads_an_export_of_it() {
    let server = Space::default().serve(nothing);
    let folder = folder(&server);
    let export = String::from_utf8(folder.read("export.ndjson")).unwrap();
    let edited = export.replace("\"Rule 1\"", "\"Another\"");
    for verb in VERBS {
        let live = run(&folder, &[verb, &["--live", "prod/soc"]].concat(), &edited);
        let is_diff = verb[0] == "diff";
        let mut args = verb.to_vec();
        // The space is A, whatever the order of the arguments.
        args.insert(if is_diff { 1 } else { args.len() }, "export.ndjson");
        let file = run(&folder, &args, &edited);
        let named = |ran: &Ran| {
            let text = String::from_utf8(ran.stdout.clone()).unwrap() + &ran.stderr;
            // A space that is asked for some rules does not say how many others it has.
            let text = text
                .replace(" of 3 rules", " of 1 rules")
                .replace(" of 7 records", " of 4 records");
            text.replace("prod/soc", "export.ndjson")
        };
        assert_eq!(
            (live.code, named(&live)),
            (file.code, named(&file)),
            "{verb:?}"
        );
        assert!(
            matches!(live.code, Some(0 | 4)),
            "{verb:?}: {}",
            live.stderr
        );
        assert!(!live.stdout.is_empty(), "{verb:?}");
    }
    for verb in ["split", "unpack"] {
        run(&folder, &[verb, "--live", "prod", "-o", "live"], "");
        run(&folder, &[verb, "export.ndjson", "-o", "file"], "");
        let made = files(&folder.path("live"));
        assert!(
            !made.is_empty() && made == files(&folder.path("file")),
            "{made:?}"
        );
        for made in ["live", "file"] {
            std::fs::remove_dir_all(folder.path(made)).unwrap();
        }
    }
    let keys: Vec<_> = server
        .asked()
        .iter()
        .map(|asked| asked.header("authorization").map(str::to_owned))
        .collect();
    assert!(
        keys.iter()
            .all(|key| key.as_deref() == Some("ApiKey aWQ6a2V5"))
    );
}

#[test]
fn a_query_is_asked_of_the_space_where_nothing_else_is_shown() {
    let space = Space {
        rules: (0..20).map(rule).collect(),
        ..Space::default()
    };
    let server = space.serve(nothing);
    let folder = folder(&server);
    let only = ["--only", "tags:t1 and risk_score > 5", "--live", "prod/soc"];
    for (verb, is_pushed) in [
        (&["ls", "--format", "csv"][..], true),
        (&["select"], true),
        (&["select", "--rules-only"], true),
        (&["select", "--invert"], false),
        (&["select", "--keep-unused"], false),
        (&["edit", "enable"], false),
        (&["run", "enable.toml"], false),
    ] {
        let before = server.asked().len();
        let ran = run(&folder, &[verb, &only].concat(), "");
        assert_eq!(ran.code, Some(0), "{verb:?}: {}", ran.stderr);
        let asked = &server.asked()[before..];
        let filters = asked
            .iter()
            .filter_map(|asked| parameter(&asked.path, "filter"));
        let pushed: Vec<String> = filters.collect();
        let expected = [r#"alert.attributes.tags: "t1""#];
        assert_eq!(
            pushed.iter().any(|filter| filter == expected[0]),
            is_pushed,
            "{verb:?}: {pushed:?}"
        );
        let rules = String::from_utf8(ran.stdout)
            .unwrap()
            .matches("r-7")
            .count();
        assert_eq!(rules, usize::from(!verb.contains(&"--invert")), "{verb:?}");
    }
}

#[test]
fn a_space_is_compared_with_a_file_or_another_space() {
    let server = Space::default().serve(nothing);
    let folder = folder(&server);
    let diff = |args: &[&str]| {
        let ran = run(&folder, &[&["diff"], args].concat(), "");
        (
            ran.code,
            String::from_utf8(ran.stdout).unwrap() + &ran.stderr,
        )
    };
    let (code, text) = diff(&["--live", "prod/soc", "export.ndjson"]);
    assert_eq!(code, Some(0), "{text}");
    folder.write("less.ndjson", joined(Space::default().rules[1..].iter()));
    let (code, text) = diff(&["less.ndjson", "--live", "prod", "--kind", "rule"]);
    assert_eq!(code, Some(4));
    assert!(text.starts_with("- rule r-0"), "{text}");
    let (code, text) = diff(&["--live", "prod/soc", "--live", "prod/soc"]);
    assert_eq!(code, Some(0), "{text}");
    for wrong in [
        &["--live", "prod/soc"][..],
        &["--live", "prod/soc", "a", "b"],
        &["--live", "prod/soc", "--live", "prod/soc", "a"],
        &["a"],
    ] {
        assert_eq!(diff(wrong).0, Some(2), "{wrong:?}");
    }
}

#[test]
fn several_inputs_make_one_bundle() {
    let server = Space::default().serve(nothing);
    let folder = folder(&server);
    folder.write("more.ndjson", joined([rule(8)].iter()));
    let ran = run(
        &folder,
        &["edit", "enable", "--live", "prod/soc", "more.ndjson"],
        "",
    );
    let text = String::from_utf8(ran.stdout).unwrap();
    let ids: Vec<&str> = ["r-0", "r-1", "r-8"]
        .into_iter()
        .filter(|id| text.contains(*id))
        .collect();
    assert_eq!((ran.code, ids), (Some(0), vec!["r-0", "r-1", "r-8"]));
    // Only what is asked for is read: no standard input where a space stands in for it.
    let ran = run(
        &folder,
        &["bulk-edit", "--request", "-", "--live", "prod/soc"],
        r#"{"action":"disable","query":""}"#,
    );
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
}

#[test]
fn what_is_not_all_there_never_seems_so() {
    let space = Space {
        cap: 1,
        ..Space::default()
    };
    let server = space.serve(|asked, _| {
        let refused = r#"{"message":"broken","status_code":500}"#;
        let is_one = parameter(&asked.path, "id").as_deref() == Some("o-1");
        (is_one || asked.path.ends_with("_bulk_action")).then(|| status(500, refused))
    });
    let folder = folder(&server);
    for verb in VERBS
        .into_iter()
        .chain([&["split", "-o", "parts"][..], &["unpack", "-o", "tree"]])
    {
        let export = String::from_utf8(folder.read("export.ndjson")).unwrap();
        let ran = run(&folder, &[verb, &["--live", "prod/soc"]].concat(), &export);
        // What is not chosen does not lack.
        let is_asked =
            !(verb[0] == "ls" && verb.contains(&"--only")) || verb.contains(&"severity:high");
        assert!(is_asked);
        assert_eq!(ran.code, Some(3), "{verb:?}: {}", ran.stderr);
        assert!(
            ran.stderr.contains("warning: rule `r-1` could not be had: GET /s/soc/api/detection_engine/rules answered 500: broken\n  --> prod/soc\n"),
            "{verb:?}: {}",
            ran.stderr
        );
    }
    let report = run(
        &folder,
        &[
            "merge",
            "--live",
            "prod/soc",
            "-o",
            "out.ndjson",
            "--format",
            "json",
        ],
        "",
    );
    let last: Value = serde_json::from_slice(
        report
            .stdout
            .split(|byte| *byte == b'\n')
            .rfind(|line| !line.is_empty())
            .unwrap(),
    )
    .unwrap();
    assert_eq!(last["exit"], 3);
}

#[test]
fn what_the_space_itself_lacks_is_no_gap() {
    let space = Space {
        rules: vec![listed(&rule(0), "x", "nowhere")],
        ..Space::default()
    };
    let server = space.serve(nothing);
    let folder = folder(&server);
    let ran = run(
        &folder,
        &["diff", "--live", "prod/soc", "export.ndjson"],
        "",
    );
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
}

#[test]
fn a_live_space_is_no_file_and_is_one() {
    let server = Space::default().serve(nothing);
    let folder = folder(&server);
    let before = server.asked().len();
    for (args, message) in [
        (
            &["edit", "enable", "--in-place"][..],
            "`--in-place` edits files, and a space that is read with `--live` is none",
        ),
        (
            &["select", "--only", "tags:x", "--in-place"],
            "`--in-place` edits files",
        ),
        (
            &["check", "--fix", "--in-place"],
            "`--in-place` edits files",
        ),
        (
            &["bulk-edit", "--request", "bulk.json", "--in-place"],
            "`--in-place` edits files",
        ),
        (&["run"], "`run` needs a pipeline file"),
        (
            &["edit", "enable", "--only", "severty:high"],
            "did you mean `severity`?",
        ),
    ] {
        let ran = run(&folder, &[args, &["--live", "prod/soc"]].concat(), "");
        assert_eq!(ran.code, Some(2), "{args:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(message), "{args:?}: {}", ran.stderr);
    }
    for (target, message) in [
        ("prod/s*", "one space is needed here, found `s*`"),
        ("prd/soc", "unknown profile `prd`; did you mean `prod`?"),
        ("http://127.0.0.1:1", "a target must be as"),
    ] {
        let ran = run(&folder, &["ls", "--live", target], "");
        assert_eq!(ran.code, Some(2), "{target}: {}", ran.stderr);
        assert!(ran.stderr.contains(message), "{target}: {}", ran.stderr);
    }
    assert_eq!(server.asked().len(), before, "nothing was asked in vain");
}
