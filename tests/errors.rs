//! How a run ends: every exit code, and errors as JSON for scripts.

#![cfg(test)]

#[path = "support/command.rs"]
mod command;

use command::Folder;
use serde_json::Value;

/// The arguments of `edit add-tags` with more of them.
fn add<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&["edit", "add-tags", "--tag", "x"][..], more].concat()
}

#[test]
fn errors_are_json_where_asked_for() {
    let folder = Folder::new();
    folder.write(
        "in",
        "{\"rule_id\":\"a\"}\n{\"rule_id\":\"é\",\"actions\":[],\"tags\":[1]}\n",
    );
    let json = |more: &[&str]| -> (Option<i32>, Vec<Value>) {
        let done = folder.run(&add(&[&["--errors", "json", "-q"], more].concat()), b"");
        let lines = done.stderr.lines().map(|line| {
            serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))
        });
        (done.code, lines.collect())
    };
    let (code, errors) = json(&["in"]);
    let error = &errors[0]["error"];
    assert_eq!((code, errors.len()), (Some(1), 1));
    assert_eq!(
        (&error["file"], &error["line"], &error["column"]),
        (&"in".into(), &2.into(), &37.into()),
        "{error}"
    );
    assert_eq!(
        (&error["pointer"], &error["record"]),
        (&"/tags/0".into(), &"rule `é`".into()),
        "{error}"
    );
    assert!(
        error["help"].is_string() && error["message"].is_string(),
        "{error}"
    );
    let (code, warnings) = json(&["in", "--on-error", "keep"]);
    assert_eq!((code, warnings.len()), (Some(3), 1));
    assert_eq!(warnings[0]["warning"]["message"], error["message"]);
    for (more, code) in [
        (&["--only", "zeverity:high"][..], 2),
        (&["missing"], 1),
        (&["--no-such-flag"], 2),
        (&["--jobs", "x"], 2),
    ] {
        let (found, errors) = json(more);
        assert_eq!((found, errors.len()), (Some(code), 1), "{more:?}");
        assert!(errors[0]["error"]["message"].is_string(), "{errors:?}");
    }
}

#[test]
fn each_exit_code_is_reached() {
    let folder = Folder::new();
    folder.write("good", "{\"rule_id\":\"a\"}\n");
    folder.write("bad", "{\n");
    folder.write("wrong.toml", "[[step]]\nadd-tag = { tags = [] }\n");
    for (args, code) in [
        (add(&["good"]), 0),
        (vec!["--help"], 0),
        (vec!["--version"], 0),
        (vec!["help", "exit-codes"], 0),
        (vec!["edit", "add-tags", "--tag", "x", "--as-toml"], 0),
        (add(&["bad"]), 1),
        (add(&["missing"]), 1),
        (vec!["run", "missing.toml"], 1),
        (vec![], 2),
        (vec!["no-such-verb"], 2),
        (vec!["edit", "add-tags"], 2),
        (vec!["run"], 2),
        (vec!["run", "wrong.toml"], 2),
        (vec!["run", "--step", "add-tags = {}"], 2),
        (vec!["help", "no-such-topic"], 2),
        (add(&["--only", "(", "good"]), 2),
        (add(&["--in-place"]), 2),
        (add(&["--in-place", "-"]), 2),
        (add(&["--in-place", "good", "-o", "out"]), 2),
        (add(&["--compress", "xz", "good"]), 2),
        (add(&["--max-line-bytes", "0", "good"]), 2),
        (add(&["--on-error", "keep", "bad"]), 3),
        (add(&["--on-error", "drop", "bad"]), 3),
    ] {
        let done = folder.run(&args, b"");
        assert_eq!(done.code, Some(code), "{args:?}: {}", done.stderr);
        assert_eq!(
            done.stderr.contains("error: "),
            code == 1 || code == 2 && !args.is_empty(),
            "{args:?}: {}",
            done.stderr
        );
    }
    // 130 is reached in `trouble.rs`.
    assert_eq!(folder.names().len(), 3);
}
