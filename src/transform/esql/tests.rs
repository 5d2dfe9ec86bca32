//! Whole queries, by example.

use super::{Quotes, replace, sources};

/// The patterns of a query as they are written, without quotes.
fn names(query: &str) -> Vec<&str> {
    sources(query)
        .unwrap()
        .into_iter()
        .map(|source| &query[source.range])
        .collect()
}

fn refusal(query: &str) -> String {
    sources(query).unwrap_err().to_string()
}

/// Replaces `a` by `b`, and `many` by two.
fn renamed(query: &str) -> Option<String> {
    replace(query, |index| match index {
        "a" => Some(vec!["b".to_owned()]),
        "many" => Some(vec!["x-*".to_owned(), "y z".to_owned()]),
        "same" => Some(vec!["same".to_owned()]),
        _ => None,
    })
    .unwrap()
}

fn turns(before: &str, after: &str) {
    assert_eq!(renamed(before).as_deref(), Some(after));
}

#[test]
fn reads_lists_of_any_writing() {
    assert_eq!(
        names("FROM a, b-*,\"c d\" , \"\"\"e\"\"\""),
        ["a", "b-*", "c d", "e"]
    );
    assert_eq!(names("from\n  a,\r\n\tb\n| where x"), ["a", "b"]);
    assert_eq!(names("  tS metrics-*|limit 1"), ["metrics-*"]);
    assert_eq!(names("FROM/* c */a"), ["a"]);
    assert_eq!(names("FROM \"a, eu:b ,-c\""), ["a", "eu:b", "-c"]);
    assert_eq!(
        names("FROM from, ts, metadata-*"),
        ["from", "ts", "metadata-*"]
    );
}

#[test]
fn tells_how_a_source_is_written() {
    let query = "FROM \"eu:a\", \"\"\"b::failures\"\"\", -c";
    let found = sources(query).unwrap();
    assert_eq!(
        found.iter().map(|source| source.quotes).collect::<Vec<_>>(),
        [Quotes::Single, Quotes::Triple, Quotes::None]
    );
    assert_eq!(found[0].range, 6..10);
    assert_eq!(
        (found[0].pattern.cluster, found[0].pattern.index),
        (Some("eu"), "a")
    );
    assert_eq!(
        (found[1].pattern.selector, found[1].pattern.index),
        (Some("failures"), "b")
    );
    assert!(found[2].pattern.excluded);
}

#[test]
fn stops_at_metadata() {
    assert_eq!(names("FROM a METADATA _id, _index | WHERE x"), ["a"]);
    assert_eq!(names("FROM a // b, c\n metadata /* d */ _id"), ["a"]);
    assert_eq!(names("FROM a [METADATA _id , _index ]| LIMIT 1"), ["a"]);
}

#[test]
fn skips_comments() {
    assert_eq!(
        names("// FROM x\n/* FROM /* y */ */ FROM a//, z\n,b/*,*/"),
        ["a", "b"]
    );
}

#[test]
fn reads_subqueries() {
    assert_eq!(
        names("FROM a, (FROM b, c METADATA _id | WHERE x == \")\"), d METADATA _id"),
        ["a", "b", "c", "d"]
    );
    assert_eq!(
        names("FROM (FROM (TS a | LIMIT 1) | LIMIT 2), (ROW x = 1)"),
        ["a"]
    );
    assert_eq!(
        names("FROM a | WHERE x NOT IN (FROM b | KEEP x) AND y in(from c)"),
        ["a", "b", "c"]
    );
}

#[test]
fn leaves_all_else_alone() {
    let query = "FROM a | WHERE x IN (\"FROM b\", `from c`, from, ts) AND (from == \"d\") AND (ts IS NULL) AND (ts > 5)
        | LOOKUP JOIN b ON x | ENRICH c ON y WITH `z``|` | EVAL w = [1, 2], v = {\"k\": ?p}
        | FORK (WHERE a > 1 | LIMIT 2) (STATS COUNT(ts WHERE u)) | GROK m \"\"\"%{WORD:w} \" | FROM d\"\"\"";
    assert_eq!(names(query), ["a"]);
}

#[test]
fn reads_sources_without_an_index() {
    assert_eq!(names("ROW a = 1, b = \"FROM x\" | WHERE a > 0"), [""; 0]);
    assert_eq!(names("SHOW INFO"), [""; 0]);
    assert_eq!(names("ROW x = 1 | WHERE x IN (FROM a)"), ["a"]);
}

#[test]
fn reads_settings_first() {
    assert_eq!(
        names("SET a = \"FROM x; y\"; set b={\"c\": 1};FROM a"),
        ["a"]
    );
    assert_eq!(
        refusal("SET a = 1"),
        "expected `;` after `SET`, found the end at character 10 of the ES|QL query"
    );
}

#[test]
fn says_what_is_wrong_and_where() {
    for (query, message) in [
        (
            "",
            "expected `FROM`, `TS`, `ROW` or `SHOW`, found the end at character 1",
        ),
        (
            "PROMQL index=a sum(b)",
            "expected `FROM`, `TS`, `ROW` or `SHOW`, found `PROMQL` at character 1",
        ),
        (
            "é a",
            "expected `FROM`, `TS`, `ROW` or `SHOW`, found `é` at character 1",
        ),
        (
            "FROM",
            "expected an index pattern, found the end at character 5",
        ),
        (
            "FROM a, | LIMIT 1",
            "expected an index pattern, found `|` at character 9",
        ),
        (
            "FROM ?idx",
            "expected an index pattern, found `?` at character 6",
        ),
        (
            "FROM a??idx",
            "expected `,` or `|` after the source list, found `?` at character 7",
        ),
        (
            "FROM `a`",
            "expected an index pattern, found ``` at character 6",
        ),
        (
            "FROM a b",
            "expected `,` or `|` after the source list, found `b` at character 8",
        ),
        (
            "FROM é; FROM b",
            "expected `,` or `|` after the source list, found `;` at character 7",
        ),
        (
            "FROM metadata _id",
            "expected an index pattern, found `METADATA` at character 6",
        ),
        (
            "FROM a METADATA",
            "expected a metadata field, found the end at character 16",
        ),
        (
            "FROM a [x]",
            "expected `,` or `|` after an index pattern, found `[` at character 8",
        ),
        (
            "FROM a [METADATA x",
            "expected `]` after `METADATA`, found the end at character 19",
        ),
        ("FROM a /* b", "a comment without an end at character 8"),
        ("FROM \"a", "a string without an end at character 6"),
        (
            "FROM \"a,,b\"",
            "an index pattern that has a part that is no name at character 9",
        ),
        (
            "FROM eu:\"a\"",
            "an index pattern that has a part that is no name at character 6",
        ),
        (
            "FROM eu : a",
            "expected `,` or `|` after the source list, found `:` at character 9",
        ),
        (
            "FROM \"a\\\"b\"",
            "an index pattern that holds a character that no index may have at character 7",
        ),
        (
            "FROM a | WHERE x == \"",
            "a string without an end at character 21",
        ),
        (
            "FROM a | WHERE x == 'b|c'",
            "a `'` outside of strings at character 21",
        ),
        ("FROM a | WHERE (x", "a `(` without a `)` at character 16"),
        (
            "FROM a | WHERE (x]",
            "a `]` that closes nothing at character 18",
        ),
        (
            "FROM a | WHERE x)",
            "expected the end of the query, found `)` at character 17",
        ),
        (
            "FROM a | LIMIT 1; FROM b",
            "expected the end of the query, found `;` at character 17",
        ),
        (
            "FROM a, (FROM b",
            "expected `)` after the subquery, found the end at character 16",
        ),
        (
            "FROM a | FORK (FROM b | LIMIT 1)",
            "a subquery that is not after `IN` at character 16",
        ),
        (
            "FROM a | WHERE x IN (PROMQL sum(b))",
            "expected `FROM`, `TS`, `ROW` or `SHOW`, found `PROMQL` at character 22",
        ),
    ] {
        assert_eq!(
            refusal(query),
            format!("{message} of the ES|QL query"),
            "{query}"
        );
    }
}

#[test]
fn refuses_subqueries_without_bottom() {
    let query = "FROM (".repeat(100_000);
    assert!(refusal(&query).starts_with("too many subqueries in each other"));
}

#[test]
fn replaces_only_the_index() {
    turns(
        "FROM a, c // a\n| WHERE a == \"a\"",
        "FROM b, c // a\n| WHERE a == \"a\"",
    );
    turns(
        "FROM eu:a,\"us:a\",a::failures,c-*,-a",
        "FROM eu:b,\"us:b\",b::failures,c-*,-b",
    );
    turns(
        "FROM (FROM a | WHERE x IN (FROM a )), \"\"\"c, a\"\"\"",
        "FROM (FROM b | WHERE x IN (FROM b )), \"\"\"c, b\"\"\"",
    );
    turns(
        "FROM a METADATA a | LOOKUP JOIN a ON x",
        "FROM b METADATA a | LOOKUP JOIN a ON x",
    );
}

#[test]
fn writes_several_names_in_the_place_of_one() {
    turns("FROM c,many|LIMIT 1", "FROM c,x-*, \"y z\"|LIMIT 1");
    turns("FROM eu:many", "FROM eu:x-*, \"eu:y z\"");
    turns("FROM \"c, many\"", "FROM \"c, x-*,y z\"");
    turns("FROM c, -many", "FROM c, -x-*, \"-y z\"");
}

#[test]
fn says_when_nothing_changes() {
    assert_eq!(renamed("FROM c, same, \"same\""), None);
    assert_eq!(renamed("FROM -a:*"), None);
}

#[test]
fn refuses_names_that_cannot_stand_there() {
    let put = |query: &str, names: &[&str]| {
        let names: Vec<_> = names.iter().map(|&name| name.to_owned()).collect();
        replace(query, |_| Some(names.clone())).map_err(|error| error.to_string())
    };
    assert_eq!(put("FROM a", &["eu:b"]), Ok(Some("FROM eu:b".to_owned())));
    let cannot = "cannot take the place of";
    for (query, names, message) in [
        (
            "FROM a",
            &[][..],
            "nothing takes the place of `a` in the ES|QL query".to_owned(),
        ),
        (
            "FROM a",
            &["b,c"],
            format!(
                "`b,c` {cannot} `a` in the ES|QL query: holds a character that no index may have"
            ),
        ),
        (
            "FROM a",
            &["c", ""],
            format!("`` {cannot} `a` in the ES|QL query: has a part that is no name"),
        ),
        (
            "FROM eu:a",
            &["us:b"],
            format!("`us:b` {cannot} `eu:a` in the ES|QL query: both name a cluster"),
        ),
        (
            "FROM -a",
            &["-b"],
            format!("`-b` {cannot} `-a` in the ES|QL query: both exclude"),
        ),
        (
            "FROM a::data",
            &["eu:b"],
            format!("`eu:b` {cannot} `a::data` in the ES|QL query: a remote index has no selector"),
        ),
    ] {
        assert_eq!(put(query, names), Err(message));
    }
}
