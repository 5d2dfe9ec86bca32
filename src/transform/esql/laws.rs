//! Whole queries, by law.

use proptest::prelude::*;

use super::{replace, sources};

/// Pieces that queries are made of, whole and broken.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "FROM ",
        "from",
        "TS ",
        " METADATA ",
        "_id",
        "ROW ",
        "SET ",
        " IN (",
        "FORK (",
        " a",
        "logs-*",
        "eu:",
        "::data",
        "<x-{now/d}>",
        "-",
        ",",
        "|",
        ";",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        "\"",
        "\"\"\"",
        "\\",
        "`",
        "'",
        "/",
        "*",
        "/*",
        "*/",
        "//",
        "\n",
        " ",
        "?",
        "=",
        "é",
    ]);
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

fn pattern() -> impl Strategy<Value = String> {
    "([a-z]{1,3}\\*?:)?-?([.a-z][-a-z0-9.*_]{0,6}|<[a-z]{1,3}-\\{now/d\\}>)"
        .prop_filter("a keyword", |text| !text.eq_ignore_ascii_case("metadata"))
}

/// An item of a source list, and the patterns it holds.
fn item() -> impl Strategy<Value = (String, Vec<String>)> {
    let quoted = |quote: &'static str| {
        prop::collection::vec(pattern(), 1..3)
            .prop_map(move |names| (format!("{quote}{}{quote}", names.join(", ")), names))
    };
    prop_oneof![
        pattern().prop_map(|name| (name.clone(), vec![name])),
        quoted("\""),
        quoted("\"\"\"")
    ]
}

proptest! {
    #[test]
    fn never_panics(text in prop_oneof![any::<String>(), pieces()]) {
        if let Ok(found) = sources(&text) {
            for source in found {
                prop_assert_eq!(&text[source.range], source.pattern.to_string());
            }
        }
        if let Ok(replaced) = replace(&text, |_| None) {
            prop_assert_eq!(replaced, None);
        }
    }

    #[test]
    fn keeps_the_query_when_names_are_put_back(text in pieces()) {
        if let Ok(replaced) = replace(&text, |index| Some(vec![index.to_owned()])) {
            prop_assert_eq!(replaced, None);
        }
    }

    #[test]
    fn reads_what_was_listed(
        items in prop::collection::vec(item(), 1..5),
        comma in prop::sample::select(vec![",", ", ", "\n,", "/*,*/,//,\n"]),
        tail in prop::sample::select(vec!["", " METADATA _id", "\n| WHERE x IN (1)", "// c"]),
    ) {
        let (texts, listed): (Vec<_>, Vec<_>) = items.into_iter().unzip();
        let query = format!("FROM {}{tail}", texts.join(comma));
        let read: Vec<_> = sources(&query).unwrap().into_iter().map(|source| &query[source.range]).collect();
        prop_assert_eq!(read, listed.concat());
    }

    #[test]
    fn reads_back_what_it_wrote(
        items in prop::collection::vec(item(), 1..4),
        new in prop::collection::vec("[a-z*][-a-z *;='(`\\[{]{0,5}[a-z*]", 1..3),
    ) {
        let query = format!("FROM {} | LIMIT 1", items.iter().map(|item| item.0.as_str()).collect::<Vec<_>>().join(", "));
        let mut seen = 0;
        let replaced = replace(&query, |_| { seen += 1; Some(new.clone()) }).unwrap();
        let after = replaced.as_deref().unwrap_or(&query);
        prop_assert!(after.ends_with(" | LIMIT 1"));
        let indices: Vec<_> = sources(after).unwrap().into_iter().map(|source| source.pattern.index).collect();
        prop_assert_eq!(indices, new.iter().map(String::as_str).cycle().take(seen * new.len()).collect::<Vec<_>>());
    }
}
