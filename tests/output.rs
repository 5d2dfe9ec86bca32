//! What comes out where: the same bytes however they go in, files edited in place, compressed, collected, joined.

#![cfg(test)]

#[path = "support/command.rs"]
mod command;

use std::fs;

use command::{Folder, Ran, bundles, gzip, zstd};

const ADD: [&str; 4] = ["edit", "add-tags", "--tag", "x"];

/// The arguments of `edit add-tags` with more of them.
fn add<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&ADD[..], more].concat()
}

fn ran(ran: &Ran) -> (Option<i32>, String) {
    (ran.code, String::from_utf8_lossy(&ran.stdout).into_owned())
}

#[test]
fn bytes_pass_as_they_are_by_every_way_in() {
    let folder = Folder::new();
    folder.write("nothing.toml", "");
    let nothing = ["run", "nothing.toml"];
    let no_rule = add(&[
        "--only",
        "rule_id:\"no rule has this id\"",
        "--on-error",
        "keep",
    ]);
    for (name, bytes) in bundles() {
        folder.write("plain", &bytes);
        folder.write("zstd", zstd(&bytes));
        folder.write("gzip", gzip(&bytes));
        for args in [&nothing[..], &no_rule] {
            for jobs in ["-j1", "-j2"] {
                for file in ["plain", "zstd", "gzip", "-"] {
                    let ran = folder.run(&[args, &[jobs, file]].concat(), &bytes);
                    let readable = name != "broken.ndjson" || args[0] == "run";
                    assert_eq!(
                        ran.code,
                        Some(if readable { 0 } else { 3 }),
                        "{name} {file} {args:?}: {}",
                        ran.stderr
                    );
                    assert!(
                        ran.stdout == bytes,
                        "{name} changes as {file} by {args:?} {jobs}"
                    );
                }
            }
        }
    }
}

#[test]
fn the_number_of_threads_does_not_show() {
    let folder = Folder::new();
    let bundle = include_bytes!("../testdata/bundles/example.ndjson").repeat(20);
    folder.write("in", &bundle);
    let expected = folder.run(&add(&["in", "-j1"]), b"");
    assert_eq!(expected.code, Some(0), "{}", expected.stderr);
    for compress in ["none", "gzip", "zstd", "zstd:9"] {
        let one = folder.run(&add(&["in", "-j1", "--compress", compress]), b"");
        let many = folder.run(&add(&["in", "-j3", "--compress", compress]), b"");
        assert!(one.stdout == many.stdout, "{compress}");
        let read = folder.run(
            &["run", "--step", "add-tags = { tags = [\"x\"] }", "-"],
            &many.stdout,
        );
        assert!(read.stdout == expected.stdout, "{compress}");
    }
}

#[test]
fn the_name_of_the_output_compresses_and_a_flag_overrides_it() {
    let folder = Folder::new();
    folder.write("in", "{\"rule_id\":\"a\"}\n");
    let is = |bytes: &[u8]| match bytes {
        [0x1f, 0x8b, ..] => "gzip",
        [0x28, 0xb5, 0x2f, 0xfd, ..] => "zstd",
        _ => "plain",
    };
    for (name, flag, expected) in [
        ("out.zst", None, "zstd"),
        ("out.gz", None, "gzip"),
        ("out", None, "plain"),
        ("out.zst", Some("none"), "plain"),
        ("out.gz", Some("zstd:1"), "zstd"),
        ("out", Some("gzip:9"), "gzip"),
    ] {
        let flags = flag.map_or(vec![], |how| vec!["--compress", how]);
        let done = folder.run(&add(&[&["in", "-o", name], &flags[..]].concat()), b"");
        assert_eq!(
            (done.code, done.stdout.len()),
            (Some(0), 0),
            "{}",
            done.stderr
        );
        assert_eq!(is(&folder.read(name)), expected, "{name} {flag:?}");
        assert_eq!(
            ran(&folder.run(&["run", "--step", "disable = {}", name], b"")).0,
            Some(0)
        );
    }
}

#[test]
fn files_are_edited_in_place_and_stay_what_they_are() {
    let folder = Folder::new();
    let (rule, tagged) = (
        "{\"rule_id\":\"a\"}\r\n",
        "{\"rule_id\":\"a\",\"tags\":[\"x\"]}\r\n",
    );
    folder.write("a", rule);
    folder.write("b.zst", zstd(rule.as_bytes()));
    folder.write("c", gzip(rule.as_bytes()));
    folder.write("same", tagged);
    let before = fs::metadata(folder.path("same")).unwrap();
    let done = folder.run(&add(&["--in-place", "a", "b.zst", "c", "same"]), b"");
    assert_eq!(
        (done.code, done.stdout.len()),
        (Some(0), 0),
        "{}",
        done.stderr
    );
    assert_eq!(folder.read("a"), tagged.as_bytes());
    assert_eq!(
        zstd::decode_all(&folder.read("b.zst")[..]).unwrap(),
        tagged.as_bytes()
    );
    let mut read = String::new();
    std::io::Read::read_to_string(
        &mut flate2::read::GzDecoder::new(&folder.read("c")[..]),
        &mut read,
    )
    .unwrap();
    assert_eq!(read, tagged);
    let after = fs::metadata(folder.path("same")).unwrap();
    assert_eq!(before.modified().unwrap(), after.modified().unwrap());
    assert_eq!(folder.names().len(), 4);
}

#[cfg(unix)]
#[test]
fn an_edit_in_place_keeps_permissions_links_and_files_that_stay_the_same() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
    let folder = Folder::new();
    folder.write("real", "{\"rule_id\":\"a\"}\n");
    folder.write("same", "{\"rule_id\":\"a\",\"tags\":[\"x\"]}\n");
    fs::set_permissions(folder.path("real"), fs::Permissions::from_mode(0o604)).unwrap();
    symlink("real", folder.path("link")).unwrap();
    let inode = |name| fs::metadata(folder.path(name)).unwrap().ino();
    let same = inode("same");
    let done = folder.run(&add(&["--in-place", "link", "same"]), b"");
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert!(folder.path("link").is_symlink());
    assert_eq!(
        folder.read("real"),
        b"{\"rule_id\":\"a\",\"tags\":[\"x\"]}\n"
    );
    assert_eq!(
        fs::metadata(folder.path("real"))
            .unwrap()
            .permissions()
            .mode()
            & 0o777,
        0o604
    );
    assert_eq!(inode("same"), same);
    assert_eq!(folder.names().len(), 3);
}

#[test]
fn a_fault_leaves_the_file_that_has_it() {
    let folder = Folder::new();
    folder.write("good", "{\"rule_id\":\"a\"}\n");
    folder.write("bad", "{\"rule_id\":\"b\"}\n{\n");
    let done = folder.run(&add(&["--in-place", "good", "bad"]), b"");
    assert_eq!(done.code, Some(1));
    assert!(done.stderr.contains("--> bad:2:1"), "{}", done.stderr);
    assert_eq!(folder.read("bad"), b"{\"rule_id\":\"b\"}\n{\n");
    assert_eq!(folder.names().len(), 2);
}

#[test]
fn the_output_may_be_the_input() {
    let folder = Folder::new();
    folder.write("file", "{\"rule_id\":\"a\"}\n".repeat(50_000));
    let done = folder.run(&add(&["file", "-o", "file"]), b"");
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert!(
        folder.read("file")
            == "{\"rule_id\":\"a\",\"tags\":[\"x\"]}\n"
                .repeat(50_000)
                .into_bytes()
    );
}

#[test]
fn lines_that_cannot_be_edited_are_kept_or_dropped_and_collected() {
    let lines = [
        "{\"rule_id\":\"a\"}",
        "{\"x",
        "{\"rule_id\":\"b\",\"tags\":3}\r",
        "{\"exported_count\":2,\"exported_rules_count\":2}",
    ];
    let tagged = "{\"rule_id\":\"a\",\"tags\":[\"x\"]}";
    let folder = Folder::new();
    folder.write("in", lines.join("\n"));
    let rejected = format!("{}\n{}\n", lines[1], lines[2]);
    let kept = [tagged, lines[1], lines[2], lines[3]].join("\n");
    let dropped = [tagged, "{\"exported_count\":1,\"exported_rules_count\":1}"].join("\n");
    for (what, output) in [("keep", kept), ("drop", dropped)] {
        let done = folder.run(
            &add(&["in", "--on-error", what, "--rejects", "rejects"]),
            b"",
        );
        assert_eq!(ran(&done), (Some(3), output), "{}", done.stderr);
        assert_eq!(String::from_utf8(folder.read("rejects")).unwrap(), rejected);
        assert!(
            done.stderr.contains("--> in:2:4\n") && done.stderr.contains("--> in:3:23, rule `b`\n"),
            "{}",
            done.stderr
        );
    }
    fs::remove_file(folder.path("rejects")).unwrap();
    let done = folder.run(&add(&["in", "--rejects", "rejects"]), b"");
    assert_eq!(done.code, Some(2), "{}", done.stderr);
    let done = folder.run(
        &add(&[
            "in",
            "nothing",
            "--on-error",
            "keep",
            "--rejects",
            "rejects",
        ]),
        b"",
    );
    assert_eq!(done.code, Some(1), "{}", done.stderr);
    assert_eq!(folder.names().into_iter().collect::<Vec<_>>(), ["in"]);
}

#[test]
fn an_edit_is_for_the_rules_that_are_chosen() {
    let rules = ["a", "b", "c"].map(|id| {
        format!(
            "{{\"rule_id\":\"{id}\",\"severity\":\"{}\"}}",
            if id == "c" { "low" } else { "high" }
        )
    });
    let tagged = rules
        .clone()
        .map(|rule| rule.replace('}', ",\"tags\":[\"x\"]}"));
    let folder = Folder::new();
    folder.write("ids", "b\r\n\n  c\n");
    folder.write("none", "\n");
    let input = rules.join("\n");
    let expect = |flags: &[&str], edited: [bool; 3]| {
        let expected = [0, 1, 2].map(|index| {
            if edited[index] {
                &*tagged[index]
            } else {
                &*rules[index]
            }
        });
        let done = folder.run(&add(flags), input.as_bytes());
        assert_eq!(
            ran(&done),
            (Some(0), expected.join("\n")),
            "{flags:?}: {}",
            done.stderr
        );
    };
    expect(&["--ids", "ids"], [false, true, true]);
    expect(&["--only", "severity:high"], [true, true, false]);
    expect(
        &["--only", "severity:high", "--ids", "ids"],
        [false, true, false],
    );
    assert_eq!(folder.run(&add(&["--ids", "none"]), b"").code, Some(2));
}

#[test]
fn joined_files_make_one_bundle() {
    let folder = Folder::new();
    let details = "{\"exported_count\":1,\"exported_rules_count\":1}";
    folder.write("a", format!("{{\"rule_id\":\"a\"}}\n{details}"));
    folder.write("empty", "");
    folder.write(
        "b",
        format!(
            "{{\"rule_id\":\"b\",\"tags\":0}}\n{{\"rule_id\":\"c\"}}\n{}",
            details.replace('1', "2")
        ),
    );
    let done = folder.run(&add(&["a", "empty", "b", "--on-error", "drop"]), b"");
    let expected = [
        "{\"rule_id\":\"a\",\"tags\":[\"x\"]}",
        details,
        "{\"rule_id\":\"c\",\"tags\":[\"x\"]}",
        details,
    ];
    assert_eq!(
        ran(&done),
        (Some(3), expected.join("\n")),
        "{}",
        done.stderr
    );
    assert!(
        done.stderr.contains("--> b:1:23, rule `b`"),
        "{}",
        done.stderr
    );
    folder.write("nothing.toml", "");
    let glued = folder.run(&["run", "nothing.toml", "a", "empty", "b"], b"");
    assert_eq!(
        glued.stdout,
        [folder.read("a"), folder.read("b")].join(&b'\n')
    );
}

#[test]
fn no_file_is_written_twice() {
    let folder = Folder::new();
    folder.write("in", "{\"rule_id\":\"a\"}\n");
    for (map, output) in [("same", "same"), ("in", "out"), ("./in", "out")] {
        let args = [
            "edit",
            "regenerate-rule-ids",
            "--seed",
            "s",
            "--map",
            map,
            "in",
            "-o",
            output,
        ];
        let done = folder.run(&args, b"");
        assert_eq!(done.code, Some(2), "{}", done.stderr);
        assert!(
            done.stderr.contains("`--map` must be a file of its own"),
            "{}",
            done.stderr
        );
    }
    assert_eq!(folder.names().into_iter().collect::<Vec<_>>(), ["in"]);
    assert_eq!(folder.read("in"), b"{\"rule_id\":\"a\"}\n");
}

#[test]
fn a_run_in_place_that_stops_tells_what_it_did() {
    let folder = Folder::new();
    folder.write("one", "{\"rule_id\":\"a\"}\n");
    folder.write("two", "{broken\n");
    let args = [
        "edit",
        "regenerate-rule-ids",
        "--map",
        "map",
        "--in-place",
        "one",
        "two",
    ];
    let done = folder.run(&args, b"");
    assert_eq!(done.code, Some(1), "{}", done.stderr);
    assert!(
        done.stderr
            .contains("note: edited before that, and not again undone: `one`"),
        "{}",
        done.stderr
    );
    assert!(done.stderr.contains("seed: "), "{}", done.stderr);
    let map = String::from_utf8(folder.read("map")).unwrap();
    assert!(map.starts_with("old,new\na,"), "{map}");
}

#[test]
fn stripping_actions_that_no_rule_has_changes_nothing() {
    let folder = Folder::new();
    let bundle = concat!(
        "{\"rule_id\":\"a\",\"actions\":[{\"id\":\"c\",\"action_type_id\":\".slack\"}]}\n",
        "{\"id\":\"c\",\"type\":\"action\",\"attributes\":{\"actionTypeId\":\".slack\"}}\n",
        "{\"id\":\"unused\",\"type\":\"action\",\"attributes\":{\"actionTypeId\":\".slack\"}}\n",
        "{\"exported_count\":9,\"exported_rules_count\":9}\n"
    );
    folder.write("in", bundle);
    let done = folder.run(
        &["edit", "strip-actions", "--only", "rule_id:none", "in"],
        b"",
    );
    assert_eq!((done.code, &*done.stdout), (Some(0), bundle.as_bytes()));
}
