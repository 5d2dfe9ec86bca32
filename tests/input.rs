//! Bad input and bad luck: each has its exit code and a message that says where; no file is left behind or changed.

#![cfg(test)]

#[path = "support/command.rs"]
mod command;

use command::{Folder, gzip, zstd};

const RULE: &str = "{\"rule_id\":\"a\"}\n";

/// A folder with this input and an output from before.
fn folder(input: &[u8]) -> Folder {
    let folder = Folder::new();
    folder.write("in.ndjson", input);
    folder.write("out.ndjson", "old");
    folder
}

/// The edit fails with exactly this message, from a file and from standard input, and nothing comes of it.
#[track_caller]
fn fails(input: impl AsRef<[u8]>, message: &str) {
    let input = input.as_ref();
    for jobs in ["-j1", "-j2"] {
        let folder = folder(input);
        let ran = folder.run(
            &[
                "edit",
                "add-tags",
                "--tag",
                "x",
                "in.ndjson",
                "-o",
                "out.ndjson",
                jobs,
            ],
            b"",
        );
        assert_eq!((ran.code, ran.stderr.trim_end()), (Some(1), message));
        let ran = folder.run(
            &["edit", "add-tags", "--tag", "x", "-o", "out.ndjson", jobs],
            input,
        );
        assert_eq!(
            (ran.code, ran.stderr.trim_end()),
            (Some(1), &*message.replace("--> in.ndjson", "--> -"))
        );
        unchanged(&folder);
    }
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

/// The edit of this input gives this output.
#[track_caller]
fn gives(input: &str, output: &str) {
    let folder = folder(input.as_bytes());
    let ran = folder.run(
        &[
            "edit",
            "add-tags",
            "--tag",
            "x",
            "in.ndjson",
            "-o",
            "out.ndjson",
        ],
        b"",
    );
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(
        folder.read("out.ndjson") == output.as_bytes(),
        "other output than expected"
    );
}

const MEND: &str = "help: mend the line, or pass it through with `--on-error keep` (`--rejects FILE` collects such lines)";

#[test]
fn a_line_that_is_cut_off() {
    let message = "error: the line ends inside a string\n  --> in.ndjson:2:19\n   | {\"rule_id\":\"b\",\"na\n   |                   ^\n";
    fails(
        format!("{RULE}{{\"rule_id\":\"b\",\"na"),
        &format!("{message}{MEND}"),
    );
}

#[test]
fn a_line_that_is_no_json() {
    let message = "error: expected a key in double quotes, found `,`\n  --> in.ndjson:2:16\n   | {\"rule_id\":\"b\",,}\n   |                ^\n";
    fails(
        format!("{RULE}{{\"rule_id\":\"b\",,}}\n{RULE}"),
        &format!("{message}{MEND}"),
    );
}

#[test]
fn the_first_of_two_faults_is_told_however_far_they_are_apart() {
    let input = [
        &RULE.repeat(20_000),
        "{\"é\":x}\n",
        &RULE.repeat(20_000),
        "{\n",
    ]
    .concat();
    let message = "error: expected a JSON value, found `x`\n  --> in.ndjson:20001:6\n   | {\"é\":x}\n   |      ^\n";
    fails(input, &format!("{message}{MEND}"));
}

#[test]
fn bytes_that_are_no_text() {
    let message =
        "error: the line is not valid UTF-8\n  --> in.ndjson:2:7\n   | {\"é\":\"\n   |       ^\n";
    fails(
        [RULE.as_bytes(), "{\"é\":\"".as_bytes(), b"\xff\"}\n"].concat(),
        &format!("{message}{MEND}"),
    );
}

#[test]
fn bytes_that_are_zero() {
    let message = "error: a NUL byte in a string; expected it escaped as `\\u0000`\n  --> in.ndjson:1:13\n   | {\"rule_id\":\" \"}\n   |             ^\n";
    fails("{\"rule_id\":\"\0\"}\n", &format!("{message}{MEND}"));
    fails(
        "\0\0",
        &format!(
            "error: expected an object, found a NUL byte\n  --> in.ndjson:1:1\n   |   \n   | ^\n{MEND}"
        ),
    );
}

#[test]
fn a_byte_order_mark_stays_where_a_file_begins_and_is_a_fault_elsewhere() {
    let output = "\u{feff}{\"rule_id\":\"a\",\"tags\":[\"x\"]}\n";
    gives(&format!("\u{feff}{RULE}"), output);
    let message = "error: expected an object, found a character that is not ASCII\n  --> in.ndjson:2:1\n   | \u{feff}{\"rule_id\":\"a\"}\n   | ^\n";
    fails(format!("{RULE}\u{feff}{RULE}"), &format!("{message}{MEND}"));
}

#[test]
fn a_line_of_100_megabytes() {
    let long = "0123456789".repeat(10_000_000);
    let line =
        |tags: &str| format!("{RULE}{{\"rule_id\":\"b\",\"note\":\"{long}\"{tags}}}\n{RULE}");
    let tagged = line(",\"tags\":[\"x\"]").replace(RULE, "{\"rule_id\":\"a\",\"tags\":[\"x\"]}\n");
    gives(&line(""), &tagged);
    let folder = folder(line("").as_bytes());
    let args = [
        "edit",
        "add-tags",
        "--tag",
        "x",
        "--max-line-bytes",
        "64M",
        "in.ndjson",
        "-o",
        "out.ndjson",
    ];
    let ran = folder.run(&args, b"");
    let message = "error: the line is longer than 67108864 bytes\n  --> in.ndjson:2\nhelp: raise the limit with `--max-line-bytes`\n";
    assert_eq!((ran.code, &*ran.stderr), (Some(1), message));
    unchanged(&folder);
}

#[test]
fn ten_thousand_levels() {
    let deep = format!("{}{}", "{\"a\":[".repeat(5000), "]}".repeat(5000));
    gives(
        &format!("{{\"rule_id\":\"a\",\"deep\":{deep}}}\n"),
        &format!("{{\"rule_id\":\"a\",\"deep\":{deep},\"tags\":[\"x\"]}}\n"),
    );
    let open = "[".repeat(10_000);
    let excerpt = format!("…{}", "[".repeat(32));
    let caret = format!("{}^", " ".repeat(33));
    let message = "error: expected a JSON value, found the end of the line";
    fails(
        format!("{{\"a\":{open}"),
        &format!("{message}\n  --> in.ndjson:1:10006\n   | {excerpt}\n   | {caret}\n{MEND}"),
    );
}

#[test]
fn lines_that_are_json_but_no_record() {
    for (line, found) in [
        ("7", "a number"),
        ("null", "null"),
        ("true", "a boolean"),
        ("\"text\"", "a string"),
    ] {
        let carets = "^".repeat(line.len());
        let message = format!(
            "error: a record must be a JSON object, found {found}\n  --> in.ndjson:2:1\n   | {line}\n   | {carets}\n{MEND}"
        );
        fails(format!("{RULE}{line}\n{RULE}"), &message);
    }
}

#[test]
fn arrays_and_json_over_many_lines_come_with_a_way_out() {
    let help = "help: make NDJSON of it with `ruleferry check --fix FILE -o FIXED`, which keeps every token";
    let array = "[{\"rule_id\":\"a\"}]";
    let message = format!(
        "error: a record must be a JSON object, found an array\n  --> in.ndjson:1:1\n   | {array}\n   | {}\n",
        "^".repeat(17)
    );
    fails(array, &format!("{message}{help}"));
    for (first, rest) in [
        ("{", "  \"rule_id\": \"a\"\n}\n"),
        ("[", "  {\n"),
        ("[{\"rule_id\":\"a\"},", " {\"rule_id\":\"b\"}]\n"),
    ] {
        let message =
            "error: the file is JSON over many lines, expected one record a line (NDJSON)";
        let carets = "^".repeat(first.len());
        fails(
            format!("{first}\n{rest}"),
            &format!("{message}\n  --> in.ndjson:1:1\n   | {first}\n   | {carets}\n{help}"),
        );
    }
}

#[test]
fn compressed_data_that_is_cut_off() {
    let bundle = include_bytes!("../testdata/bundles/example.ndjson");
    for (codec, whole) in [("zstd", zstd(bundle)), ("gzip", gzip(bundle))] {
        for length in [4, 100, whole.len() / 2, whole.len() - 1] {
            let message = format!(
                "error: the {codec} data ends too early\n  --> in.ndjson\nhelp: the file was cut off; fetch it again"
            );
            fails(&whole[..length], &message);
        }
    }
}

#[test]
fn an_empty_file_gives_an_empty_file() {
    gives("", "");
    gives("\n \r\n\n", "\n \r\n\n");
}

#[test]
fn what_is_no_file() {
    let folder = folder(b"");
    for (input, message) in [
        (".", "error: reading `.`: is a directory\n  --> .\n"),
        (
            "missing",
            "error: reading `missing`: No such file or directory (os error 2)\n  --> missing\n",
        ),
        (
            "in.ndjson/x",
            "error: reading `in.ndjson/x`: Not a directory (os error 20)\n  --> in.ndjson/x\n",
        ),
    ] {
        let ran = folder.run(
            &["edit", "add-tags", "--tag", "x", input, "-o", "out.ndjson"],
            b"",
        );
        assert_eq!((ran.code, &*ran.stderr), (Some(1), message));
    }
    for (output, message) in [
        (".", "error: creating `.`: is a directory\n  --> .\n"),
        (
            "missing/out",
            "error: creating `missing/out`: No such file or directory (os error 2)\n  --> missing/out\n",
        ),
    ] {
        let ran = folder.run(
            &["edit", "add-tags", "--tag", "x", "in.ndjson", "-o", output],
            b"",
        );
        assert_eq!((ran.code, &*ran.stderr), (Some(1), message));
    }
    unchanged(&folder);
}
