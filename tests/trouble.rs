//! Bad luck: full disks, readers that go away, signals. Each has its exit code, and no file is left behind or changed.

#![cfg(test)]
#![cfg(unix)]

#[path = "support/command.rs"]
mod command;

use std::fs::{self, Permissions};
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use command::Folder;

const RULE: &str = "{\"rule_id\":\"a\"}\n";

/// A folder with this input and an output from before.
fn folder(input: &[u8]) -> Folder {
    let folder = Folder::new();
    folder.write("in.ndjson", input);
    folder.write("out.ndjson", "old");
    folder
}

/// The old output is as it was, and nothing stands beside it.
#[track_caller]
fn unchanged(folder: &Folder) {
    assert_eq!(folder.read("out.ndjson"), b"old");
    assert_eq!(
        folder.names().into_iter().collect::<Vec<_>>(),
        ["in.ndjson", "out.ndjson"]
    );
}

const PROGRAM: &str = env!("CARGO_BIN_EXE_ruleferry");

/// More than any pipe or buffer holds.
fn large() -> Vec<u8> {
    RULE.repeat(200_000).into_bytes()
}

#[test]
fn no_permission() {
    let folder = folder(RULE.as_bytes());
    let mode = |name: &str, mode| {
        fs::set_permissions(folder.path(name), Permissions::from_mode(mode)).unwrap();
    };
    mode("in.ndjson", 0o000);
    mode("out.ndjson", 0o444);
    // The superuser may read and write whatever the mode; then there is nothing to see here.
    if fs::read(folder.path("in.ndjson")).is_err() {
        let ran = folder.run(&["edit", "add-tags", "--tag", "x", "in.ndjson"], b"");
        let message =
            "error: reading `in.ndjson`: Permission denied (os error 13)\n  --> in.ndjson\n";
        assert_eq!((ran.code, &*ran.stderr), (Some(1), message));
        let ran = folder.run(
            &["edit", "add-tags", "--tag", "x", "-o", "out.ndjson"],
            RULE.as_bytes(),
        );
        let message =
            "error: creating `out.ndjson`: Permission denied (os error 13)\n  --> out.ndjson\n";
        assert_eq!((ran.code, &*ran.stderr), (Some(1), message));
    }
    unchanged(&folder);
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_that_nobody_may_write() {
    let folder = folder(RULE.as_bytes());
    let ran = folder.run(
        &[
            "edit",
            "add-tags",
            "--tag",
            "x",
            "in.ndjson",
            "-o",
            "/proc/version",
        ],
        b"",
    );
    assert_eq!(ran.code, Some(1));
    assert!(
        ran.stderr.starts_with("error: creating `/proc/version`: "),
        "{}",
        ran.stderr
    );
    unchanged(&folder);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk() {
    for input in [RULE.as_bytes(), &large()] {
        let folder = folder(input);
        let edit = [
            "edit",
            "add-tags",
            "--tag",
            "x",
            "in.ndjson",
            "-o",
            "/dev/full",
        ];
        for compress in ["none", "gzip", "zstd"] {
            let ran = folder.run(&[&edit[..], &["--compress", compress]].concat(), b"");
            let message = "error: writing the output: No space left on device (os error 28)\n  --> /dev/full\n";
            assert_eq!((ran.code, &*ran.stderr), (Some(1), message));
        }
        let script = r#""$0" edit add-tags --tag x in.ndjson > /dev/full"#;
        let ran = folder.command(Command::new("sh").args(["-c", script, PROGRAM]), b"");
        let message = "error: writing the output: No space left on device (os error 28)\n";
        assert_eq!((ran.code, &*ran.stderr), (Some(1), message));
        unchanged(&folder);
    }
}

#[test]
fn a_file_that_may_not_grow() {
    let folder = folder(&large());
    for flags in ["-o out.ndjson in.ndjson", "--in-place in.ndjson"] {
        let script = format!(r#"ulimit -f 8; exec "$0" edit add-tags --tag x {flags}"#);
        let ran = folder.command(Command::new("sh").args(["-c", &script, PROGRAM]), b"");
        assert_eq!(ran.code, Some(1), "{}", ran.stderr);
        let name = flags
            .split(' ')
            .find(|word| word.ends_with("ndjson"))
            .unwrap();
        assert!(
            ran.stderr
                .starts_with("error: writing the output: File too large"),
            "{}",
            ran.stderr
        );
        assert!(
            ran.stderr.ends_with(&format!("  --> {name}\n")),
            "{}",
            ran.stderr
        );
        unchanged(&folder);
        assert!(folder.read("in.ndjson") == large());
    }
}

#[test]
fn a_reader_that_goes_away() {
    let folder = folder(&large());
    // Not compressed: what fits into the pipe would be written before anybody goes.
    for flags in [&[][..], &["--format", "json"]] {
        let args = [&["edit", "add-tags", "--tag", "x", "in.ndjson"][..], flags].concat();
        let mut child = command::spawn(
            Command::new(PROGRAM)
                .args(args)
                .current_dir(folder.path("")),
        );
        let mut first = [0];
        child.stdout.take().unwrap().read_exact(&mut first).unwrap();
        let ran = command::finish(child);
        assert_eq!((ran.code, &*ran.stderr), (Some(0), ""));
    }
    unchanged(&folder);
}

#[test]
fn an_interruption() {
    let folder = folder(b"");
    for (signal, code) in [("INT", 130), ("TERM", 130)] {
        let args = ["edit", "add-tags", "--tag", "x", "-o", "out.ndjson"];
        let mut child = command::spawn(
            Command::new(PROGRAM)
                .args(args)
                .current_dir(folder.path("")),
        );
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(&large()).unwrap();
        // So much was taken that some was written; the rest never comes.
        assert!(
            folder
                .names()
                .iter()
                .any(|name| name.starts_with(".out.ndjson.")),
            "{:?}",
            folder.names()
        );
        let killed = Command::new("kill")
            .args(["-s", signal, &child.id().to_string()])
            .status()
            .unwrap();
        assert!(killed.success());
        let ran = command::finish(child);
        assert_eq!((ran.code, &*ran.stderr), (Some(code), ""));
        unchanged(&folder);
    }
}
