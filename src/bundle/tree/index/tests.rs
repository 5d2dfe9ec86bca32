use super::*;

fn text(lines: &str) -> String {
    format!("{HEADER}\n{lines}")
}

#[test]
fn reads_what_it_writes() {
    let lines = "byte-order-mark\nrule acme-1 +crlf\nrule acme-1 ~2 +spaced +crlf\nrule \"two words\\n\"\nrule \"é\" +spaced\n\
                 rule @no-id\nrule \"@x\"\nrule \"\"\nrule \"+crlf\"\nrule \"~2\"\nlist l\nagnostic-list l\nitem l i\nitem i\nitem @a\n\
                 connector c\nsaved-object dashboard d\nsaved-object \"\" d\nsaved-object @x\ndetails @details\nother @record-2\n\
                 unreadable @line-1\nblank\nblank \" \\t\\r\"\nno-final-newline\n";
    let entries = read(&text(lines), "x").unwrap();
    assert_eq!(entries.len(), lines.lines().count());
    assert_eq!(write(&entries), text(lines));
    assert_eq!(
        entries[2],
        Entry::Record(
            Key::Id(RecordKey::Rule("acme-1".into()), 2),
            Spelling {
                spaced: true,
                crlf: true
            }
        )
    );
    assert_eq!(
        entries[9],
        Entry::Record(
            Key::Id(RecordKey::Rule("~2".into()), 1),
            Spelling::default()
        )
    );
}

#[test]
fn takes_what_editors_and_merges_leave() {
    let entries = read(
        &format!(
            "\u{feff}{}",
            text("rule a\r\n\r\n# note\r\nrule b\nrule a +crlf\n")
        ),
        "x",
    )
    .unwrap();
    assert_eq!(write(&entries), text("rule a\nrule b\n"));
    assert_eq!(read(HEADER, "x").unwrap(), []);
}

#[test]
fn names_the_line_that_makes_no_sense() {
    for (lines, message) in [
        (
            "rule a\n<<<<<<< ours\n",
            "a merge conflict must be settled: keep the lines of both sides",
        ),
        ("\nrules a\n", "; did you mean `rule`?"),
        ("\nrule\n", "`rule` must be followed by"),
        ("\nrule a b\n", "`rule` must be followed by"),
        (
            "\nrule \"a\n",
            "a string in quotes must end, found the end of the line",
        ),
        (
            "\nrule a +crfl\n",
            "a mark must be `+spaced` or `+crlf`, found `+crfl`",
        ),
        ("\nrule a ~1\n", "a number must be as in `~2`, found `~1`"),
        ("\n\"rule\" a\n", "a line must begin with what it is"),
        ("\nconnector @x\n", "`connector` must be followed by"),
    ] {
        let error = read(&text(lines), "DIR/bundle.index").unwrap_err();
        assert!(error.to_string().contains(message), "{error}");
        assert_eq!(error.location().unwrap().line, 3, "{lines}");
    }
    assert!(
        read("", "x")
            .unwrap_err()
            .to_string()
            .ends_with("found `nothing`")
    );
    assert!(
        read("rule a\n", "x")
            .unwrap_err()
            .to_string()
            .ends_with("found `rule a`")
    );
}
